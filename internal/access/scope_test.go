package access_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"facet/internal/access"
	"facet/internal/profile"
)

func TestScopesAreReadStrictly(t *testing.T) {
	for text, want := range map[string]access.Scope{
		"file:b1~abc:R":         {Kind: access.FileScope, File: "b1~abc", Level: "R"},
		"file:f1~a-B_9:W":       {Kind: access.FileScope, File: "f1~a-B_9", Level: "W"},
		"apkg:publish":          {Kind: access.PackageScope, Level: "publish"},
		"carddav:read":          {Kind: access.ContactsScope, Level: "read"},
		"caldav:write":          {Kind: access.CalendarScope, Level: "write"},
		"":                      {},
		"file":                  {},
		"file::R":               {},
		"file:x":                {},
		"file:x:X":              {},
		"file:x:RW":             {},
		"file:a:b:R":            {},
		"file:../x:R":           {},
		"FILE:x:R":              {},
		"apkg:delete":           {},
		"carddav:R":             {},
		"admin":                 {},
		"*":                     {},
		"file:x:R\n":            {},
		strings.Repeat("x", 99): {},
	} {
		got, err := access.ParseScope(text)
		if got != want || (err == nil) != (want != access.Scope{}) {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
		if err == nil && got.String() != text {
			t.Errorf("%q is written %q", text, got)
		}
	}
	if _, err := access.ParseScopes(strings.Repeat("apkg:publish,", 21)); !profile.IsCode(err, profile.CodeTooLarge) {
		t.Errorf("22 scopes: %v", err)
	}
	if got, err := access.ParseScopes(" carddav:read , carddav:read,apkg:publish"); err != nil || !slices.Equal(got, []string{"carddav:read", "apkg:publish"}) {
		t.Errorf("%v, %v", got, err)
	}
}

func TestANarrowerScopeCoversNoWiderOne(t *testing.T) {
	scope := func(t *rapid.T, name string) access.Scope {
		kind := rapid.SampledFrom(access.ScopeKinds).Draw(t, name+" kind")
		out := access.Scope{Kind: kind, Level: rapid.SampledFrom([]string{"read", "write"}).Draw(t, name+" level")}
		switch kind {
		case access.FileScope:
			out.File, out.Level = rapid.SampledFrom([]string{"a", "b"}).Draw(t, name+" file"), rapid.SampledFrom([]string{"R", "C", "W"}).Draw(t, name+" file level")
		case access.PackageScope:
			out.Level = "publish"
		}
		return out
	}
	order := "RCWread write"
	rapid.Check(t, func(t *rapid.T) {
		have, want := scope(t, "have"), scope(t, "want")
		r := access.Restriction{Kind: access.Scoped, Scopes: []string{"nonsense", have.String()}}
		same := have.Kind == want.Kind && have.File == want.File
		if covers := same && strings.Index(order, have.Level) >= strings.Index(order, want.Level); r.Covers(want) != covers {
			t.Fatalf("%s covers %s: %v", have, want, !covers)
		}
		if (access.Restriction{Kind: access.Scoped}).Covers(want) {
			t.Fatalf("no scope covers %s", want)
		}
		if !(access.Restriction{}).Covers(want) {
			t.Fatalf("who has no restriction may not do %s", want)
		}
	})
}

func FuzzParseScope(f *testing.F) {
	for _, seed := range []string{"file:b1~abc:R", "apkg:publish", "caldav:write", "file::R", ","} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		scope, err := access.ParseScope(text)
		if err == nil && (scope.String() != text || !slices.Contains(access.ScopeKinds, scope.Kind)) {
			t.Fatalf("%q is read as %+v", text, scope)
		}
		if err != nil && !profile.IsKind(err, profile.Invalid) {
			t.Fatalf("%q: %v", text, err)
		}
	})
}
