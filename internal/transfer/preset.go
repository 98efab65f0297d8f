package transfer

import (
	"bytes"
	"maps"
	"slices"
	"strings"

	"facet/internal/directory"
	"facet/internal/profile"
)

// Preset is how the files of one product are read.
type Preset struct {
	Name    string
	About   string // for people
	Formats []Format
	Columns Columns // where its columns go, beside those that the caller maps
	// read makes a record of a row; nil: by Columns.
	read func(row *Row, in *Input) (directory.ImportRecord, error)
}

// userType is the published name of the entity type of people.
const userType = "user"

// Presets are all of them.
var Presets = []Preset{
	{Name: "facet", About: "what facet export writes", Formats: []Format{JSONL, CSV}, read: readOwn},
	{Name: "fields", About: "columns, or members, named after attributes, or mapped", Formats: []Format{JSONL, CSV}},
	{Name: "entity", About: "the Entity API's data-load files, and the records that entity.find gives", Formats: []Format{JSONL, CSV}, Columns: entityColumns},
	{Name: "sentinel", About: "users with hashes as Sentinel registers them, and app documents", Formats: []Format{JSONL, CSV}, Columns: sentinelColumns, read: readSentinel},
	{Name: "djaoapp", About: "users and organizations as DjaoApp's API lists them, or as dumpdata --format jsonl writes them", Formats: []Format{JSONL, CSV}, Columns: djaoappColumns, read: readDjaoApp},
	{Name: "cloudillo", About: "people and communities as Cloudillo's API shows them", Formats: []Format{JSONL, CSV}, Columns: cloudilloColumns, read: readCloudillo},
	{Name: "amino", About: "User and UserProfile resources of Amino's API", Formats: []Format{JSONL}, Columns: aminoColumns, read: readAmino},
}

// PresetNamed finds a preset; "" is the usual one of a format. Errors: Invalid
// with Field "preset", "format".
func PresetNamed(name string, f Format, mapped bool) (Preset, error) {
	if name == "" {
		name = "fields"
		if f == JSONL && !mapped {
			name = "facet"
		}
	}
	var names []string
	for _, p := range Presets {
		if p.Name == name {
			if !slices.Contains(p.Formats, f) {
				return Preset{}, profile.E(profile.Invalid, profile.CodeChoice, "format", "%s does not come as %s", name, f)
			}
			return p, nil
		}
		names = append(names, p.Name)
	}
	return Preset{}, profile.E(profile.Invalid, profile.CodeChoice, "preset", "there is no preset %q, only %s", name, strings.Join(names, ", "))
}

// with is the preset's columns with the caller's over them.
func (p *Preset) with(mine Columns) Columns {
	out := maps.Clone(p.Columns)
	if out == nil {
		out = Columns{}
	}
	maps.Copy(out, mine)
	return out
}

// readOwn reads our own exports: records of JSON, or columns that say by their
// names where they go.
func readOwn(row *Row, in *Input) (directory.ImportRecord, error) {
	if in.source.IsText() {
		return byColumns(row, in)
	}
	return native(row, in)
}

// entityColumns are the reserved attributes of an entity (Identity Cloud,
// "Entity API"): the data-load file has created; records that were found have
// all.
var entityColumns = Columns{"id": toNumber, "uuid": toID, "created": toCreated, "lastUpdated": toUpdated}

// sentinelColumns are those of a registration ("Importing users"): flat, or as
// the body of the call.
var sentinelColumns = func() Columns {
	out := Columns{
		"password_hash": toDigest, "hash_algorithm": toDigestOf, "user_id": toWho, "id": toWho, "password": "password",
		"created_at": toCreated, "updated_at": toUpdated, "last_login": toLogin, "operator": nowhere, "otp_enabled": nowhere,
	}
	for name, to := range map[string]string{"username": toSlug, "email": "email", "first_name": "givenName", "last_name": "familyName", "phone": "mobileNumber"} {
		out[name], out["user_info."+name] = to, to
	}
	return out
}()

// readSentinel reads a user, or an app document: an object with profile_data.
func readSentinel(row *Row, in *Input) (directory.ImportRecord, error) {
	data := valueOf(row.Fields, "profile_data")
	if data == nil {
		return byColumns(row, in)
	}
	out := directory.ImportRecord{Type: string(profile.Document), Attrs: bytes.Clone(data)}
	for _, f := range row.Fields {
		text, err := textOf(f.Value)
		if in.source.IsText() {
			text, err = string(f.Value), nil
		}
		switch f.Name {
		case "profile_data":
			err = nil
		case "app_id":
			out.Names = []profile.Name{{Space: profile.DocumentApp, Value: text, Owned: true}}
		case "user_id":
			if err == nil && len(text) == 36 {
				out.Owner, err = profile.ParseID(text)
			} else if err == nil {
				in.ownerNumber, err = number(text)
			}
		case "created_at":
			out.Created, err = parseTime(text)
		case "updated_at":
			out.Updated, err = parseTime(text)
		default:
			err = profile.E(profile.Unknown, profile.CodeUnknownAttribute, "", "a document has no such member")
		}
		if err != nil {
			e := *profile.AsError(err)
			e.Field = f.Name
			return out, &e
		}
	}
	return out, nil
}

// valueOf is the value of a field; nil where there is none.
func valueOf(fields []Field, name string) []byte {
	for _, f := range fields {
		if f.Name == name {
			return f.Value
		}
	}
	return nil
}

// textIn is the text of a field; "" where it says nothing.
func textIn(row *Row, in *Input, name string) string {
	value := valueOf(row.Fields, name)
	if in.source.IsText() {
		return strings.TrimSpace(string(value))
	}
	text, _ := textOf(value)
	return text
}

// djaoappColumns are the fields of DjaoApp's users and organizations ("Data
// models"), and of Django's own users.
var djaoappColumns = Columns{
	"slug": toSlug, "username": toSlug, "full_name": toName, "first_name": "givenName", "last_name": "familyName", "email": "email",
	"phone": "mobileNumber", "street_address": "primaryAddress.address1", "locality": "primaryAddress.city",
	"region": "primaryAddress.stateAbbreviation", "postal_code": "primaryAddress.zip", "country": "primaryAddress.country", "picture": toPicture,
	"nick_name": toExtra + "djaoapp.nick_name", "lang": toExtra + "djaoapp.lang", "default_timezone": toExtra + "djaoapp.default_timezone",
	"extra": toExtra + "djaoapp.extra", "is_bulk_buyer": toExtra + "djaoapp.is_bulk_buyer", "no_implicit_role": toExtra + "djaoapp.no_implicit_role",
	"created_at": toCreated, "date_joined": toCreated, "last_login": toLogin, "is_active": toActive, "password": toHash,
	"type": nowhere, "model": nowhere, "printable_name": nowhere, "credentials": nowhere, "otp_enabled": nowhere, "activities": nowhere,
	"subscriptions": nowhere, "detail": nowhere, "is_provider": nowhere, "is_staff": nowhere, "is_superuser": nowhere, "groups": nowhere,
	"user_permissions": nowhere, "funds_balance": nowhere, "processor": nowhere, "processor_card_key": nowhere, "billing_start": nowhere,
	"processor_deposit_key": nowhere, "processor_priv_key": nowhere, "processor_pub_key": nowhere, "processor_refresh_token": nowhere,
}

// readDjaoApp reads a user, a personal profile or an organization. Of rows of
// dumpdata the members of "fields" count, and the number of a row does not: no
// call of the API shows it.
func readDjaoApp(row *Row, in *Input) (directory.ImportRecord, error) {
	if model := textIn(row, in, "model"); model != "" {
		fields, err := members(nil, valueOrObject(valueOf(row.Fields, "fields")))
		if err != nil {
			return directory.ImportRecord{}, err
		}
		row.Fields = fields
		switch model {
		case "auth.user":
			return djaoappUser(row, in, false)
		case "saas.organization":
			return djaoappGroup(row, in)
		}
		return directory.ImportRecord{}, profile.E(profile.Unknown, profile.CodeUnknownType, "model", "rows of %.60s are not imported", model)
	}
	switch kind := textIn(row, in, "type"); kind {
	case "organization":
		return djaoappGroup(row, in)
	case "personal":
		return djaoappUser(row, in, true)
	case "user":
		return djaoappUser(row, in, false)
	case "":
		if in.Type == userType {
			return djaoappUser(row, in, false)
		}
		return djaoappGroup(row, in)
	default:
		return directory.ImportRecord{}, profile.E(profile.Invalid, profile.CodeChoice, "type", "none of user, personal, organization")
	}
}

func valueOrObject(value []byte) []byte {
	if len(value) == 0 {
		return []byte("{}")
	}
	return value
}

// djaoappUser reads a user; a password that begins with "!" is none (Django,
// "set_unusable_password").
func djaoappUser(row *Row, in *Input, personal bool) (directory.ImportRecord, error) {
	if textIn(row, in, "username") != "" { // the same as the slug
		row.Fields = slices.DeleteFunc(row.Fields, func(f Field) bool { return f.Name == "slug" })
	}
	if textIn(row, in, "full_name") != "" { // the parts come of it
		row.Fields = slices.DeleteFunc(row.Fields, func(f Field) bool { return f.Name == "first_name" || f.Name == "last_name" })
	}
	if strings.HasPrefix(textIn(row, in, "password"), "!") {
		row.Fields = slices.DeleteFunc(row.Fields, func(f Field) bool { return f.Name == "password" })
	}
	out, err := byColumns(row, in.as(userType))
	out.Personal = out.Personal || personal
	return out, err
}

func djaoappGroup(row *Row, in *Input) (directory.ImportRecord, error) {
	return byColumns(row, in.as("organization"))
}

// cloudilloColumns are those of a profile ("Profiles API"). Pictures are files
// of the other node, and do not come with the row.
var cloudilloColumns = Columns{
	"idTag": toIDTag, "name": toName, "tnId": toNumber, "email": "email", "createdAt": toCreated, "password": toHash, "passwordHash": toHash,
	"x": toExtra + "cloudillo.x", "lang": toExtra + "cloudillo.lang", "appDomain": toExtra + "cloudillo.appDomain",
	"type": nowhere, "status": nowhere, "profilePic": nowhere, "coverPic": nowhere, "roles": nowhere, "keys": nowhere, "settings": nowhere,
	"connected": nowhere, "following": nowhere, "follower": nowhere, "trust": nowhere, "hiddenInHome": nowhere, "syncedAt": nowhere,
}

// readCloudillo reads a person or community: the object itself, or in "data" or
// "profile", as calls answer it.
func readCloudillo(row *Row, in *Input) (directory.ImportRecord, error) {
	for _, wrapped := range []string{"data", "profile"} {
		if inner := valueOf(row.Fields, wrapped); len(inner) > 0 && inner[0] == '{' && !in.source.IsText() {
			fields, err := members(nil, inner)
			if err != nil {
				return directory.ImportRecord{}, err
			}
			row.Fields = fields
		}
	}
	kind := in.as(userType)
	switch textIn(row, in, "type") {
	case "person", "":
	case "community":
		kind = in.as("community")
	default:
		return directory.ImportRecord{}, profile.E(profile.Invalid, profile.CodeChoice, "type", "neither person nor community")
	}
	out, err := byColumns(row, kind)
	if err != nil {
		return out, err
	}
	switch strings.ToLower(textIn(row, in, "status")) {
	case "", "a", "active", "b", "blocked", "m", "muted": // how others hold it
	case "s", "suspended":
		out.State = profile.Disabled
	case "x", "banned":
		out.State = profile.Banned
	default:
		err = profile.E(profile.Invalid, profile.CodeChoice, "status", "none of A, B, M, S, X")
	}
	return out, err
}
