package djaoapp

import "strings"

// attributes is the one table of what this face and the kernel share: a field
// of the published JSON and the attribute that keeps it. It is read forwards
// to read and write profiles, backwards to name the field of an error.
// Lengths are in characters, those of DjaoApp's own columns.
var attributes = []struct {
	field string
	path  string
	max   int // 0: nobody writes the field through this table
}{
	{"full_name", "displayName", 100},
	{"email", "email", 254},
	{"phone", "mobileNumber", 50},
	{"street_address", "primaryAddress.address1", 150},
	{"locality", "primaryAddress.city", 50},
	{"region", "primaryAddress.stateAbbreviation", 50},
	{"postal_code", "primaryAddress.zip", 50},
	{"country", "primaryAddress.country", 2},
	{"picture", "photos.value", 0},
}

// What this face keeps beside the attributes, in the extras under its name.
const (
	extraNickName  = "nick_name"
	extraLang      = "lang"
	extraTimeZone  = "default_timezone"
	extraExtra     = "extra" // any JSON that the caller keeps with a profile
	extraBulkBuyer = "is_bulk_buyer"
	extraNoRole    = "no_implicit_role"
)

// pathOf gives the attribute that keeps a field of the table.
func pathOf(field string) string {
	for _, a := range attributes {
		if a.field == field {
			return a.path
		}
	}
	panic("djaoapp: no attribute keeps " + field)
}

// fieldOf names the field that an error's attribute came in by. A person's
// name is one field here; what is not in the table keeps its name.
func fieldOf(path string) string {
	switch path {
	case "givenName", "middleName", "familyName":
		return "full_name"
	}
	for _, a := range attributes {
		if a.path == path || strings.HasPrefix(path, a.path+".") {
			return a.field
		}
	}
	return path
}
