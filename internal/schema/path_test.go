package schema_test

import (
	"slices"
	"testing"

	"facet/internal/profile"
	"facet/internal/schema"
)

func TestParsePathReadsEveryPublishedForm(t *testing.T) {
	for in, want := range map[string]string{
		"":                     "/",
		"/":                    "/",
		"primaryAddress.city":  "/primaryAddress/city",
		"/primaryAddress/city": "/primaryAddress/city",
		"/primaryAddress.city": "/primaryAddress/city",
		"photos#3":             "/photos#3",
		"/photos#3":            "/photos#3",
		"/pinapL1Plural#5149/pinapL2Plural#5150/x": "/pinapL1Plural#5149/pinapL2Plural#5150/x",
		"profiles#8.profile/name":                  "/profiles#8/profile/name",
	} {
		p, err := schema.ParsePath(in)
		if err != nil || p.String() != want {
			t.Errorf("%q gives %s, %v", in, p, err)
		}
	}
}

func TestParsePathRefusesWhatNamesNothing(t *testing.T) {
	for in, field := range map[string]string{"#42": "#42", "/#42": "#42", "a..b": "a..b", "a//b": "a..b", "a/": "a.", "a#": "a#", "a#0": "a#0", "a#x": "a#x", "a#-1": "a#-1",
		"a#99999999999999999999": "a#99999999999999999999", "//a": ".a", "a#1#2": "a#1#2", "a\x00": "a", "a\xff": "a\uFFFD"} {
		_, err := schema.ParsePath(in)
		wantError(t, err, profile.Unknown, profile.CodeUnknownAttribute, field)
	}
}

func TestAttrAllowsElementsOnPluralsOnly(t *testing.T) {
	u := schema.DefaultUser()
	a, err := u.Attr(paths(t, "/profiles#8/profile/name/givenName")[0])
	if err != nil || a.Path != "profiles.profile.name.givenName" {
		t.Errorf("%v, %v", a, err)
	}
	_, err = u.Attr(paths(t, "primaryAddress#3/city")[0])
	wantError(t, err, profile.Unknown, profile.CodeUnknownAttribute, "primaryAddress.city")
	_, err = u.Attr(paths(t, "/emailer")[0])
	wantError(t, err, profile.Unknown, profile.CodeUnknownAttribute, "emailer")
	if e := profile.AsError(err); e.Message != "attribute does not exist: /emailer" {
		t.Errorf("message %q", e.Message)
	}
}

func FuzzParsePath(f *testing.F) {
	for _, s := range []string{"", "/", "a.b", "/a/b#3", "profiles#8/profile.name", "#42", "a##", "/a\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := schema.ParsePath(s)
		if err != nil {
			if !profile.IsCode(err, profile.CodeUnknownAttribute) {
				t.Fatalf("%q: %v", s, err)
			}
			return
		}
		again, err := schema.ParsePath(p.String())
		if err != nil || !slices.Equal(p, again) {
			t.Fatalf("%q: %v is read back as %v, %v", s, p, again, err)
		}
	})
}
