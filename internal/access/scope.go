package access

import (
	"regexp"
	"slices"
	"strings"

	"facet/internal/profile"
)

// Scopes say what a token may do and nothing else may (Cloudillo,
// "Authentication API", access tokens): what no rule lists is refused.

// ScopeKind is what a scope is about: its first word.
type ScopeKind string

// The kinds of scope.
const (
	FileScope     ScopeKind = "file"    // file:ID:R|C|W: read, comment on, write one file
	PackageScope  ScopeKind = "apkg"    // apkg:publish
	ContactsScope ScopeKind = "carddav" // carddav:read|write
	CalendarScope ScopeKind = "caldav"  // caldav:read|write
)

// ScopeKinds lists all of them, for tests that try each on every route.
var ScopeKinds = []ScopeKind{FileScope, PackageScope, ContactsScope, CalendarScope}

// MaxScopes is how many scopes one token or API key may have.
const MaxScopes = 20

var scopeForm = regexp.MustCompile(`^(file:[A-Za-z0-9_~@.-]{1,100}:[RCW]|apkg:publish|(carddav|caldav):(read|write))$`)

// Scope is one scope, read.
type Scope struct {
	Kind  ScopeKind
	File  string // of FileScope: the id
	Level string // what it lets do: R, C, W; publish; read, write
}

// String writes the scope as tokens have it.
func (s Scope) String() string {
	if s.Kind == FileScope {
		return string(s.Kind) + ":" + s.File + ":" + s.Level
	}
	return string(s.Kind) + ":" + s.Level
}

// ParseScope reads a scope: Invalid with Field "scope" for one that is none of
// the kinds.
func ParseScope(text string) (Scope, error) {
	if !scopeForm.MatchString(text) {
		return Scope{}, profile.E(profile.Invalid, profile.CodeInvalid, "scope", "unknown scope")
	}
	kind, rest, _ := strings.Cut(text, ":")
	out := Scope{Kind: ScopeKind(kind), Level: rest}
	if out.Kind == FileScope {
		i := strings.LastIndexByte(rest, ':')
		out.File, out.Level = rest[:i], rest[i+1:]
	}
	return out, nil
}

// ParseScopes reads a list with commas; "" is none. Errors: those of
// ParseScope, also for more than MaxScopes.
func ParseScopes(list string) ([]string, error) {
	if strings.TrimSpace(list) == "" {
		return nil, nil
	}
	if strings.Count(list, ",") >= MaxScopes {
		return nil, profile.E(profile.Invalid, profile.CodeTooLarge, "scope", "more than %d scopes", MaxScopes)
	}
	var out []string
	for text := range strings.SplitSeq(list, ",") {
		scope, err := ParseScope(strings.TrimSpace(text))
		if err != nil {
			return nil, err
		}
		if text = scope.String(); !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	return out, nil
}

// levels orders what scopes let do: each lets do what stands before it too.
var levels = map[string]int{"R": 1, "C": 2, "W": 3, "read": 1, "write": 3, "publish": 1}

// Covers reports whether a principal with the restriction may do all that the
// scope lets do: a scope is never got from a narrower one.
func (r Restriction) Covers(want Scope) bool {
	if r.Kind != Scoped {
		return true
	}
	for _, text := range r.Scopes {
		have, err := ParseScope(text)
		if err == nil && have.Kind == want.Kind && have.File == want.File && levels[have.Level] >= levels[want.Level] {
			return true
		}
	}
	return false
}

// scoped reports whether one of the scopes of a principal keeps the permission.
func (r Rule) scoped(who Restriction) bool {
	if who.Kind != Scoped {
		return false
	}
	for _, text := range who.Scopes {
		if scope, err := ParseScope(text); err == nil && slices.Contains(r.Scopes, scope.Kind) {
			return true
		}
	}
	return false
}
