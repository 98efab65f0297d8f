package transfer

import (
	"strings"

	jsonv2 "github.com/go-json-experiment/json"

	"facet/internal/directory"
	"facet/internal/profile"
)

// aminoColumns are the attributes of a User ("User management"), whose number
// is its id.
var aminoColumns = Columns{
	"id": toNumber, "type": nowhere, "links": nowhere, "relationships": nowhere, "meta": nowhere,
	"attributes.name": toName, "attributes.first_name": "givenName", "attributes.last_name": "familyName",
	"attributes.username": toSlug, "attributes.email": "email", "attributes.contact_details.email": "email",
	"attributes.contact_details.telephone_number_E123":       "mobileNumber",
	"attributes.registration_information.registration_time":  toCreated,
	"attributes.registration_information.registration_state": nowhere,
	"attributes.created_at":                                  toCreated, "attributes.updated_at": toUpdated, "attributes.user_flags": nowhere,
	"attributes.external_id": toExtra + "household.external_id", "attributes.password_hash": toDigest, "attributes.hash_algorithm": toDigestOf,
}

// aminoProfile is a UserProfile ("User profiles").
type aminoProfile struct {
	Type       string     `json:"type"`
	ID         profile.ID `json:"id"`
	Attributes struct {
		UserID    int64  `json:"user_id"`
		Name      string `json:"name"`
		Child     bool   `json:"is_child_profile"`
		AgeLimit  *int   `json:"age_limit"`
		Default   bool   `json:"is_default"`
		Avatar    string `json:"avatar_id"`
		Language  string `json:"language"`
		Subtitles string `json:"subtitle_language"`
		Autoplay  *bool  `json:"autoplay"`
		HasPIN    bool   `json:"has_pin"` // the PIN itself does not come with it
		Created   *Time  `json:"created_at"`
		Updated   *Time  `json:"updated_at"`
	} `json:"attributes"`
	Relationships struct {
		User struct {
			Data struct {
				ID string `json:"id"`
			} `json:"data"`
		} `json:"user"`
	} `json:"relationships"`
}

// readAmino reads a User or UserProfile: the resource itself, or alone in
// "data", as calls answer it.
func readAmino(row *Row, in *Input) (directory.ImportRecord, error) {
	if data := valueOf(row.Fields, "data"); len(data) > 0 {
		one := strings.TrimSpace(string(data))
		if one[0] == '[' {
			one = strings.TrimSpace(one[1 : len(one)-1])
		}
		fields, err := members(nil, []byte(one+" "))
		if err != nil {
			return directory.ImportRecord{}, err
		}
		row.Fields, row.Raw = fields, []byte(one)
	}
	switch kind := textIn(row, in, "type"); kind {
	case "User":
		return byColumns(row, in.as(userType))
	case "UserProfile":
		return aminoMember(row, in)
	default:
		return directory.ImportRecord{}, profile.E(profile.Invalid, profile.CodeChoice, "type", "neither User nor UserProfile")
	}
}

// aminoMember reads a household profile: its account is there already, or comes
// before it.
func aminoMember(row *Row, in *Input) (out directory.ImportRecord, err error) {
	var p aminoProfile
	if err := jsonv2.Unmarshal(row.Raw, &p); err != nil {
		return out, wrongShape(err)
	}
	a := &p.Attributes
	if in.ownerNumber = a.UserID; in.ownerNumber == 0 {
		if in.ownerNumber, err = number(p.Relationships.User.Data.ID); err != nil {
			return out, profile.E(profile.Missing, profile.CodeRequired, "attributes.user_id", "it does not say whose profile it is")
		}
	}
	out = directory.ImportRecord{Type: string(profile.Household), ID: p.ID, Created: a.Created.at(), Updated: a.Updated.at()}
	held := map[string]any{"name": a.Name, "is_child_profile": a.Child, "age_limit": a.AgeLimit, "is_default": a.Default}
	for name, value := range map[string]string{"avatar_id": a.Avatar, "language": a.Language, "subtitle_language": a.Subtitles} {
		if value != "" {
			held[name] = value
		}
	}
	if a.Autoplay != nil {
		held["autoplay"] = *a.Autoplay
	}
	out.Attrs = encode(held)
	return out, nil
}
