package transfer

import (
	"bytes"
	"encoding/json"
	"strconv"
	"time"

	jsonv2 "github.com/go-json-experiment/json"

	"facet/internal/directory"
	"facet/internal/profile"
)

// Record is a record as our own exports have it, one JSON object a line. Times
// are RFC 3339 in UTC, with microseconds. Members that say nothing are absent.
type Record struct {
	Type     string          `json:"type"` // of an entity type, or one of ours, with its $
	ID       profile.ID      `json:"id"`   // uuid
	Number   int64           `json:"number"`
	Owner    profile.ID      `json:"owner,omitzero"`
	Creator  profile.ID      `json:"creator,omitzero"`
	State    profile.State   `json:"state,omitzero"` // absent: active
	Created  *Time           `json:"created,omitzero"`
	Updated  *Time           `json:"updated,omitzero"`
	Login    *Time           `json:"login,omitzero"` // of the last sign-in
	Slug     string          `json:"slug,omitzero"`
	IDTag    string          `json:"idtag,omitzero"`    // one that is not the slug under the site's domain
	Phone    string          `json:"phone,omitzero"`    // verified
	Names    []profile.Name  `json:"names,omitzero"`    // of records of ours that are no subjects
	Password string          `json:"password,omitzero"` // its hash; only where asked for
	Personal bool            `json:"personal,omitzero"` // of a user: is a profile too
	Attrs    json.RawMessage `json:"attrs,omitzero"`
	Extras   json.RawMessage `json:"extras,omitzero"`
}

// Time is a time as exports write it, and as imports read it: also without
// fractions, or with another zone.
type Time struct{ time.Time }

const timeForm = "2006-01-02T15:04:05.000000Z"

// MarshalJSON writes the time.
func (t Time) MarshalJSON() ([]byte, error) {
	return []byte(t.UTC().Format(`"` + timeForm + `"`)), nil
}

// UnmarshalJSON reads a time: RFC 3339, the form of data loads, or seconds
// since 1970. Errors: Invalid/CodeDateTime.
func (t *Time) UnmarshalJSON(b []byte) (err error) {
	text := string(bytes.Trim(b, `"`))
	t.Time, err = parseTime(text)
	return err
}

// timeForms are the forms of times that products write: with a zone, or in UTC.
var timeForms = []string{
	time.RFC3339Nano, "2006-01-02 15:04:05.999999999 -0700", "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02T15:04:05.999999999",
	"2006-01-02 15:04:05.999999999", "2006-01-02",
}

// parseTime reads a time in one of the forms, or as seconds since 1970.
func parseTime(text string) (time.Time, error) {
	for _, form := range timeForms {
		if at, err := time.ParseInLocation(form, text, time.UTC); err == nil {
			return at.UTC(), nil
		}
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && n > 0 && n < 1<<37 {
		return time.Unix(n, 0).UTC(), nil
	}
	return time.Time{}, profile.E(profile.Invalid, profile.CodeDateTime, "", "not a date and time: %.40s", text)
}

// native reads a line of our own exports.
func native(row *Row, in *Input) (out directory.ImportRecord, err error) {
	var r Record
	if err := jsonv2.Unmarshal(row.Raw, &r, jsonv2.RejectUnknownMembers(true)); err != nil {
		return out, wrongShape(err)
	}
	out = directory.ImportRecord{
		Type: r.Type, ID: r.ID, Number: r.Number, Owner: r.Owner, Creator: r.Creator, State: r.State,
		Created: r.Created.at(), Updated: r.Updated.at(), Login: r.Login.at(),
		Slug: r.Slug, IDTag: r.IDTag, Phone: r.Phone, Names: r.Names, Hash: r.Password, Personal: r.Personal,
		Attrs: r.Attrs, Extras: r.Extras,
	}
	if out.Type == "" {
		out.Type = in.Type
	}
	return out, nil
}

func (t *Time) at() time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.Time
}

// wrongShape tells which member of a row is not as it should be.
func wrongShape(err error) error {
	e := &profile.Error{Kind: profile.Invalid, Code: profile.CodeType, Message: "wrong type, or no member that such a row has", Err: err}
	var sem *jsonv2.SemanticError
	if asSemantic(err, &sem) {
		e.Field = dotted(string(sem.JSONPointer))
		if known := profile.AsError(sem.Err); sem.Err != nil && known.Kind != profile.Internal {
			e.Kind, e.Code, e.Message = known.Kind, known.Code, known.Message
		}
	}
	return e
}
