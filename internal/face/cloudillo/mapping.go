package cloudillo

import (
	"encoding/json"
	"strings"

	"facet/internal/directory"
)

// What this face keeps beside the attributes, in the extras under its name;
// cover and roles are written by package directory.
const (
	extraX         = "x"
	extraLang      = "lang"
	extraAppDomain = "appDomain"
	extraRoles     = "roles"
	extraSettings  = "settings" // of a community
)

// fields is the one table of what this face and the kernel share, read
// backwards to name the field of an error.
var fields = []struct{ field, path string }{
	{"name", "displayName"},
	{"name", "givenName"},
	{"name", "middleName"},
	{"name", "familyName"},
	{"email", "email"},
	{"idTag", "slug"},
	{"profilePic", "photos"},
}

// fieldOf names the field that an error's attribute came in by.
func fieldOf(path string) string {
	for _, f := range fields {
		if f.path == path || strings.HasPrefix(path, f.path+".") {
			return f.field
		}
	}
	return path
}

// statuses are the words and letters for how a profile is held.
var statuses = []struct{ word, letter string }{
	{"active", "A"}, {"blocked", "B"}, {"muted", "M"}, {"suspended", "S"}, {"banned", "X"},
}

// wordOf reads a status from its word or letter; ok is false for any other.
func wordOf(status string) (word string, ok bool) {
	for _, s := range statuses {
		if status == s.letter || strings.EqualFold(status, s.word) {
			return s.word, true
		}
	}
	return "", false
}

// clientLetterOf is the letter that the published client knows a status by: it
// has none for banned.
func clientLetterOf(word string) string {
	if word == "banned" {
		word = "suspended"
	}
	return letterOf(word)
}

func letterOf(word string) string {
	for _, s := range statuses {
		if s.word == word {
			return s.letter
		}
	}
	return ""
}

func extraMap(p *directory.Subject) map[string]string {
	var x map[string]string
	if raw := p.Extra(name + "." + extraX); raw != nil && json.Unmarshal(raw, &x) != nil {
		return nil
	}
	return x
}

func rolesOf(p *directory.Subject) []string {
	var roles []string
	if raw := p.Extra(name + "." + extraRoles); raw != nil && json.Unmarshal(raw, &roles) != nil {
		return nil
	}
	return roles
}
