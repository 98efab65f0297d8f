package schema_test

import (
	"encoding/json"
	"strings"
	"testing"

	"facet/internal/profile"
	"facet/internal/schema"
)

// compile makes a type of attr_defs in their JSON form.
func compile(t testing.TB, defs string) *schema.Type {
	t.Helper()
	d, err := schema.ParseDefs([]byte(defs))
	if err != nil {
		t.Fatal(err)
	}
	typ, err := schema.Compile("thing", d)
	if err != nil {
		t.Fatal(err)
	}
	return typ
}

// wantError fails unless err has the code (and kind, field) named as "kind code field".
func wantError(t testing.TB, err error, kind profile.Kind, code profile.Code, field string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %s %s", code, field)
	}
	e := profile.AsError(err)
	if e.Kind != kind || e.Code != code || e.Field != field {
		t.Errorf("error kind %d %v, want kind %d %s %q", e.Kind, e, kind, code, field)
	}
}

func TestDefaultTypesCompileAndSurviveTheirOwnDefinitions(t *testing.T) {
	for _, typ := range []*schema.Type{schema.DefaultUser(), schema.DefaultOrganization(), schema.DefaultCommunity()} {
		text, err := json.Marshal(typ.Defs())
		if err != nil {
			t.Fatal(err)
		}
		var defs []schema.AttrDef
		if err := json.Unmarshal(text, &defs); err != nil {
			t.Fatal(err)
		}
		again, err := schema.Compile(typ.Name, defs)
		if err != nil {
			t.Fatal(err)
		}
		second, _ := json.Marshal(again.Defs())
		if string(text) != string(second) {
			t.Errorf("%s: definitions changed on the way through JSON", typ.Name)
		}
	}
}

func TestDefaultUserHasThePublishedAttributes(t *testing.T) {
	u := schema.DefaultUser()
	for _, tc := range []struct {
		path, def string
	}{
		{"email", `{"name":"email","type":"string","length":256,"case-sensitive":false,"constraints":["unique","email-address"]}`},
		{"familyName", `{"name":"familyName","type":"string","length":1000,"case-sensitive":false,"constraints":["unicode-printable"],"features":["query"]}`},
		{"password", `{"name":"password","type":"password-bcrypt"}`},
		{"photos", `{"name":"photos","type":"plural","attr_defs":[{"name":"id","description":"simple identifier for this sub-entity","type":"id"},` +
			`{"name":"type","type":"string","length":null,"case-sensitive":true},{"name":"value","type":"string","length":null,"case-sensitive":true}]}`},
		{"profiles.identifier", `{"name":"identifier","type":"string","length":1000,"case-sensitive":false,"constraints":["required","unique"]}`},
		{"profiles.profile.organizations.location.latitude", `{"name":"latitude","type":"decimal"}`},
		{"uuid", `{"name":"uuid","description":"globally unique indentifier for this entity","type":"uuid"}`},
		{"roles.display", `{"name":"display","type":"string","length":1000,"case-sensitive":false,"constraints":["required","locally-unique"],"features":["primary-key"]}`},
	} {
		p, err := schema.ParsePath(tc.path)
		if err != nil {
			t.Fatal(err)
		}
		a, err := u.Attr(p)
		if err != nil {
			t.Fatal(err)
		}
		got, _ := json.Marshal(a.Def())
		if string(got) != tc.def {
			t.Errorf("%s:\n got %s\nwant %s", tc.path, got, tc.def)
		}
		if a.Path != tc.path || strings.Join(a.Steps, ".") != tc.path {
			t.Errorf("%s: path %q, steps %q", tc.path, a.Path, a.Steps)
		}
	}
	count := 0
	var walk func(a *schema.Attribute)
	walk = func(a *schema.Attribute) {
		for _, c := range a.Children {
			if !c.Reserved {
				count++
			}
			walk(c)
		}
	}
	walk(u.Root())
	if count != 240 {
		t.Errorf("the default user has %d attributes", count)
	}
}

func TestAllDefsListsReservedAttributesFirst(t *testing.T) {
	typ := compile(t, `[{"name":"Name","type":"string","case-sensitive":false},{"name":"Description","type":"string","length":1000,"case-sensitive":false}]`)
	got, _ := json.Marshal(typ.AllDefs())
	want := `[{"name":"id","description":"simple identifier for this entity","type":"id"},` +
		`{"name":"uuid","description":"globally unique indentifier for this entity","type":"uuid"},` +
		`{"name":"created","description":"when this entity was created","type":"dateTime"},` +
		`{"name":"lastUpdated","description":"when this entity was last updated","type":"dateTime"},` +
		`{"name":"Description","type":"string","length":1000,"case-sensitive":false},` +
		`{"name":"Name","type":"string","length":null,"case-sensitive":false}]`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestCompileRefusesDefinitionsThatBreakARule(t *testing.T) {
	const invalid, reserved = profile.CodeInvalid, profile.CodeReservedAttribute
	for _, tc := range []struct {
		defs  string
		kind  profile.Kind
		code  profile.Code
		field string
	}{
		{`[{"name":"id","type":"integer"}]`, profile.Invalid, reserved, "id"},
		{`[{"name":"parent_id","type":"integer"}]`, profile.Invalid, reserved, "parent_id"},
		{`[{"name":"lastUpdated","type":"dateTime"}]`, profile.Invalid, reserved, "lastUpdated"},
		{`[{"name":"p","type":"plural","attr_defs":[{"name":"id","type":"integer"}]}]`, profile.Invalid, reserved, "p.id"},
		{`[{"name":"a","type":"string"},{"name":"a","type":"integer"}]`, profile.Taken, profile.CodeAttributeExists, "a"},
		{`[{"name":"a b","type":"string"}]`, profile.Invalid, invalid, "a b"},
		{`[{"name":"","type":"string"}]`, profile.Invalid, invalid, ""},
		{`[{"name":"a.b","type":"string"}]`, profile.Invalid, invalid, "a.b"},
		{`[{"name":"a","type":"text"}]`, profile.Invalid, invalid, "a"},
		{`[{"name":"a","type":"uuid"}]`, profile.Invalid, invalid, "a"},
		{`[{"name":"a","type":"integer","length":5}]`, profile.Invalid, invalid, "a"},
		{`[{"name":"a","type":"string","length":0}]`, profile.Invalid, invalid, "a"},
		{`[{"name":"a","type":"string","constraints":["shiny"]}]`, profile.Invalid, invalid, "a"},
		{`[{"name":"a","type":"string","features":["shiny"]}]`, profile.Invalid, invalid, "a"},
		{`[{"name":"a","type":"integer","constraints":["alphabetic"]}]`, profile.Invalid, invalid, "a"},
		{`[{"name":"a","type":"string","constraints":["locally-unique"]}]`, profile.Invalid, invalid, "a"},
		{`[{"name":"a","type":"object","constraints":["unique"]}]`, profile.Invalid, invalid, "a"},
		{`[{"name":"a","type":"plural","features":["query"]}]`, profile.Invalid, invalid, "a"},
		{`[{"name":"a","type":"string","attr_defs":[{"name":"b","type":"string"}]}]`, profile.Invalid, invalid, "a"},
		{`[{"name":"p","type":"plural","attr_defs":[{"name":"b","type":"password"}]}]`, profile.Invalid, invalid, "p.b"},
		{nested(6), profile.Invalid, invalid, "o.o.o.o.o.x"},
	} {
		defs, err := schema.ParseDefs([]byte(tc.defs))
		if err != nil {
			t.Fatal(err)
		}
		_, err = schema.Compile("thing", defs)
		if err == nil {
			t.Errorf("%s: no error", tc.defs)
			continue
		}
		wantError(t, err, tc.kind, tc.code, tc.field)
	}
	if _, err := schema.Compile("no name", nil); !profile.IsCode(err, invalid) {
		t.Errorf("a bad type name gives %v", err)
	}
	compile(t, nested(5))
}

// nested defines a string at the end of a path of that many steps.
func nested(depth int) string {
	s := `[{"name":"x","type":"string"}]`
	for range depth - 1 {
		s = `[{"name":"o","type":"object","attr_defs":` + s + `}]`
	}
	return s
}

func TestAttrDefRefusesWrongJSONTypes(t *testing.T) {
	for _, bad := range []string{`[]`, `{"name":5}`, `{"type":[]}`, `{"length":"9"}`, `{"length":1.5}`, `{"case-sensitive":"yes"}`, `{"constraints":"unique"}`,
		`{"features":[1]}`, `{"attr_defs":{}}`, `{"attr_defs":[3]}`, `{"name":"a","name":"b"}`} {
		var d schema.AttrDef
		if err := json.Unmarshal([]byte(bad), &d); err == nil {
			t.Errorf("%s is accepted", bad)
		}
	}
	var d schema.AttrDef
	if err := json.Unmarshal([]byte(`{"name":"a","type":"string","length":null,"later":[1]}`), &d); err != nil || d.Length != nil {
		t.Errorf("an unknown member or a null gives %v %v", d, err)
	}
}

func TestRestrictShowsOnlyListedAttributes(t *testing.T) {
	sub, err := schema.DefaultUser().Restrict(paths(t, "aboutMe", "/primaryAddress.city", "photos.value"))
	if err != nil {
		t.Fatal(err)
	}
	got, _ := json.Marshal(sub.Defs())
	want := `[{"name":"aboutMe","type":"string","length":null,"case-sensitive":false},` +
		`{"name":"photos","type":"plural","attr_defs":[{"name":"value","type":"string","length":null,"case-sensitive":true}]},` +
		`{"name":"primaryAddress","type":"object","attr_defs":[{"name":"city","type":"string","length":1000,"case-sensitive":false,"constraints":["unicode-printable"]}]}]`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	_, err = sub.Attr(paths(t, "email")[0])
	wantError(t, err, profile.Unknown, profile.CodeUnknownAttribute, "email")
	_, err = schema.DefaultUser().Restrict(paths(t, "primaryAddress.planet"))
	wantError(t, err, profile.Unknown, profile.CodeUnknownAttribute, "primaryAddress.planet")
}

// fataler is what testing.TB and rapid.T share.
type fataler interface {
	Helper()
	Fatal(args ...any)
}

func paths(t fataler, texts ...string) []schema.Path {
	t.Helper()
	out := make([]schema.Path, len(texts))
	for i, s := range texts {
		var err error
		if out[i], err = schema.ParsePath(s); err != nil {
			t.Fatal(err)
		}
	}
	return out
}
