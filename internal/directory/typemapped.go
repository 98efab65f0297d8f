package directory

import (
	"slices"
	"strings"

	"facet/internal/profile"
	"facet/internal/schema"
)

// mapped are the attributes of the default types that faces other than the
// entity face read and write: their own tables and this package name them.
// Tests of the faces and of this package hold the list against both.
var mapped = []string{
	"aboutMe", "displayName", "email", "familyName", "givenName", "middleName", "mobileNumber", "password",
	"photos", "photos.type", "photos.value",
	"primaryAddress.address1", "primaryAddress.city", "primaryAddress.country", "primaryAddress.stateAbbreviation", "primaryAddress.zip",
}

// IsMapped reports whether faces other than the entity face rely on an
// attribute of the default types, or on one below it.
func IsMapped(path string) bool {
	return slices.ContainsFunc(mapped, func(m string) bool { return m == path || strings.HasPrefix(m, path+".") })
}

// keepMapped refuses to take away, rename or retype an attribute that other
// faces rely on, and to let people no longer be reached by one: CodeReservedAttribute.
func keepMapped(of *entityType, next *schema.Type) error {
	if of.kind[0] != '$' {
		return nil
	}
	for _, name := range mapped {
		path, _ := schema.ParsePath(name)
		old, err := of.typ.Attr(path)
		if err != nil {
			continue // this type never had it
		}
		attr, err := next.Attr(path)
		if err == nil && attr.TypeName == old.TypeName && reaches(of.kind, name, old, attr) {
			continue
		}
		return profile.E(profile.Invalid, profile.CodeReservedAttribute, name,
			"/%s is kept as it is: profiles are read and written by it elsewhere too", strings.ReplaceAll(name, ".", "/"))
	}
	return nil
}

// reaches reports whether an e-mail address or a phone stays one that signing in
// and messages can rest on: no rule makes another of it, which would be somebody
// else's, and an e-mail is an address that no two users have.
func reaches(kind profile.Type, name string, old, next *schema.Attribute) bool {
	switch name {
	case "email":
		if kind == profile.User && !next.Has(schema.Unique) || old.Has(schema.EmailAddress) && !next.Has(schema.EmailAddress) {
			return false
		}
	case "mobileNumber":
	default:
		return true
	}
	return next.KeepsGiven() || !old.KeepsGiven()
}
