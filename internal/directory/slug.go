package directory

import (
	"regexp"
	"strconv"
	"strings"

	"facet/internal/profile"
	"facet/internal/schema"
	"facet/internal/store"
)

// MaxSlug is the most characters of a user name or profile slug.
const MaxSlug = 150

var slugForm = regexp.MustCompile(`^[-a-zA-Z0-9_]+$`)

// reserved are slugs that would hide a route's own word. A test of the server
// holds the list against the route tables.
var reserved = map[string]bool{
	"accept": true, "accessibles": true, "account": true, "accounts": true, "activate": true, "admin": true, "all": true,
	"api-keys": true, "auth": true, "batch": true, "churned": true, "contacts": true, "convert": true, "cover": true, "create": true,
	"describe": true, "engaged": true, "expired": true, "files": true, "full": true, "image": true, "login": true, "logout": true,
	"me": true, "notifications": true, "operator": true, "otp": true, "password": true, "picture": true, "plans": true,
	"profile": true, "profiles": true, "recover": true, "refresh": true, "register": true, "reset": true, "roles": true,
	"subscribers": true, "subscriptions": true, "tokens": true, "unengaged": true, "user_profiles": true, "users": true,
	"v1": true, "verify": true,
}

// ReservedSlug reports whether nobody may have the slug.
func ReservedSlug(slug string) bool { return reserved[profile.Fold(slug)] }

// checkSlug says whether a slug that somebody typed can be one. Errors: Invalid
// with Field "slug"; Taken for a reserved one.
func checkSlug(slug string) error {
	switch {
	case len(slug) > MaxSlug:
		return profile.E(profile.Invalid, profile.CodeLength, "slug", "Ensure this field has no more than %d characters.", MaxSlug)
	case !slugForm.MatchString(slug):
		return profile.E(profile.Invalid, profile.CodeConstraint, "slug", `Enter a valid "slug" consisting of letters, numbers, underscores or hyphens.`)
	case ReservedSlug(slug):
		return store.TakenError(profile.Slug)
	}
	return nil
}

// IsSlug reports whether a text has the form of a user name or profile slug.
func IsSlug(s string) bool { return len(s) <= MaxSlug && slugForm.MatchString(s) }

// bySlug reads the record with a slug, of profiles or of plans: NotFound for
// what cannot be one.
func bySlug(r store.Reader, space profile.Space, slug string) (*store.Record, error) {
	if !IsSlug(slug) {
		return nil, store.ErrNotFound
	}
	return r.ByName(profile.ID{}, space, profile.Fold(slug))
}

// emailName is an e-mail address as a name: unique, and what one signs in with.
func emailName(email string) string { return schema.UniqueKey(profile.FoldEmail(email)) }

// slugFrom makes a slug of free text, "" when nothing is left of it.
func slugFrom(text string) string {
	slug := profile.Slugify(text, 42)
	if ReservedSlug(slug) {
		return ""
	}
	return slug
}

// localPart is what stands before the @ of an e-mail address.
func localPart(email string) string {
	local, _, _ := strings.Cut(email, "@")
	return local
}

// numbered is the slug of a record nobody named.
func numbered(rec *store.Record) string { return "u-" + strconv.FormatInt(rec.Number, 10) }

// createNamed creates a record whose slug was made up: base when it is free,
// else base with the record's number, else u-number.
func (s *Site) createNamed(tx store.Tx, rec *store.Record, base string, e store.Event) error {
	tries := []string{numbered(rec)}
	if base != "" {
		tries = []string{base, base + "-" + strconv.FormatInt(rec.Number, 10), numbered(rec)}
	}
	var err error
	for _, slug := range tries {
		setName(rec, profile.Slug, slug)
		s.dress(rec)
		if err = tx.Create(rec, e); !isTaken(err, profile.Slug) {
			return err
		}
	}
	return err
}

func isTaken(err error, space profile.Space) bool {
	e := profile.AsError(err)
	return err != nil && e.Kind == profile.Taken && e.Field == string(space)
}
