package directory

import (
	"strings"
	"time"

	"facet/internal/profile"
	"facet/internal/schema"
	"facet/internal/store"
)

// Subject is a person, organization or community as the faces read it.
type Subject struct {
	ID        profile.ID
	Type      profile.Type
	Number    int64
	Version   int64
	Slug      string // as typed
	Name      profile.PersonName
	Personal  bool   // a user that is a profile too: it has a manager role on itself
	Provider  bool   // it owns plans, or the site
	Password  string // kind of its password hash, "" when it has none
	OTP       bool   // it gives a one-time password to sign in
	State     profile.State
	Created   time.Time
	Updated   time.Time
	LastLogin time.Time // zero: never

	idtag         string // explicit, outside the site's domain
	attrs, extras []byte
}

func subjectOf(rec *store.Record) Subject {
	return Subject{
		ID: rec.ID, Type: rec.Type, Number: rec.Number, Version: rec.Version,
		Slug: rec.Name(profile.Slug), Name: personName(rec.Attrs), Password: rec.Password, State: rec.State,
		OTP: string(rawAt(rec.Extras, ownExtras+"."+otpSecret)) == "true", Created: rec.Created, Updated: rec.Updated, LastLogin: rec.LastLogin,
		idtag: rec.Name(profile.IDTag), attrs: rec.Attrs, extras: rec.Extras,
	}
}

// FullName reads the name whole (see profile.PersonName).
func (s *Subject) FullName() string { return s.Name.Whole(s.Slug) }

// Text gives a string attribute by its dotted path, "" when it is not set.
func (s *Subject) Text(path string) string { return textAt(s.attrs, path) }

// Extra gives what a face keeps beside the attributes: a JSON value by its
// path, whose first step is the face's name; nil when it is not set.
func (s *Subject) Extra(path string) []byte { return rawAt(s.extras, path) }

// ExtraText is Extra for strings.
func (s *Subject) ExtraText(path string) string { return textAt(s.extras, path) }

func rawAt(doc []byte, path string) (out []byte) {
	schema.Values(doc, strings.Split(path, "."), func(raw []byte) bool {
		out = raw
		return false
	})
	if string(out) == "null" {
		return nil
	}
	return out
}

func textAt(doc []byte, path string) string {
	t, _ := schema.Text(rawAt(doc, path))
	return t
}

func personName(attrs []byte) profile.PersonName {
	return profile.PersonName{
		Display: textAt(attrs, "displayName"), Given: textAt(attrs, "givenName"),
		Middle: textAt(attrs, "middleName"), Family: textAt(attrs, "familyName"),
	}
}
