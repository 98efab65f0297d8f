package schema_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"facet/internal/profile"
	"facet/internal/schema"
)

const client = "0196f0a0-0000-7000-8000-00000000abcd"

const wholeDef = `{"name":"thing","attr_defs":[{"name":"n","type":"integer"},{"name":"o","type":"object","attr_defs":[{"name":"a","type":"string","length":null,"case-sensitive":false},{"name":"b","type":"string","length":5,"case-sensitive":true}]},` +
	`{"name":"p","type":"plural","attr_defs":[{"name":"v","type":"string","length":null,"case-sensitive":true},{"name":"w","type":"string","length":null,"case-sensitive":true}]},{"name":"s","description":"<&>","type":"string","length":null,"case-sensitive":true,"constraints":["required"]}],` +
	`"properties":[{"uuid":"0196f0a0-0000-7000-8000-000000000001","property":"rule","attributes":["/s","/o/a"],"definition":{"and":[{"match-all":"[<>&a-z]*"},{"max-length":25}]},"description":"a \u2028 word"},` +
	`{"uuid":"0196f0a0-0000-7000-8000-000000000002","property":"unique","attributes":["o.a","n"]}],` +
	`"access":[{"client":"` + client + `","access_type":"write","attributes":["s","o.a","p.v"]},{"client":"` + client + `","access_type":"read","attributes":[]}],"password":{"historySize":7}}`

func parseDef(t testing.TB, text string) schema.TypeDef {
	t.Helper()
	d, err := schema.ParseTypeDef([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func compileDef(t testing.TB, d schema.TypeDef) *schema.Type {
	t.Helper()
	typ, err := schema.CompileDef(d)
	if err != nil {
		t.Fatal(err)
	}
	return typ
}

func TestADefinitionSurvivesItsStoredForm(t *testing.T) {
	d := parseDef(t, wholeDef)
	typ := compileDef(t, d)
	if got := string(typ.Definition().Append(nil)); got != wholeDef {
		t.Errorf("stored\n%s\nwant\n%s", got, wholeDef)
	}
	later := strings.Replace(wholeDef, `{"name"`, `{"of tomorrow":{"x":1},"name"`, 1)
	if again := parseDef(t, later); string(again.Append(nil)) != wholeDef {
		t.Error("what a later release adds cannot be read past")
	}
	for _, bad := range []string{``, `{`, `[]`, `7`, `{"attr_defs":{}}`, `{"attr_defs":[7]}`, `{"properties":{}}`, `{"access":[{"client":"x"}]}`, `{"name":7}`} {
		_, err := schema.ParseTypeDef([]byte(bad))
		if e := profile.AsError(err); err == nil || e.Kind == profile.Internal {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestAChangedCloneLeavesTheTypeAlone(t *testing.T) {
	typ := compileDef(t, parseDef(t, wholeDef))
	c := typ.Definition().Clone()
	c.AttrDefs[1].AttrDefs[0].Name = "z"
	c.AttrDefs[3].Constraints[0] = "unique"
	c.Rename("s", "t")
	c.Forget("o")
	if got := string(typ.Definition().Append(nil)); got != wholeDef {
		t.Errorf("%s", got)
	}
}

func TestPropertiesAndAccessFollowRemovedAndRenamedAttributes(t *testing.T) {
	d := parseDef(t, wholeDef)
	d.Rename("o", "obj")
	if got := d.Properties[0].Attributes; !slices.Equal(got, []string{"/s", "obj.a"}) {
		t.Errorf("%v", got)
	}
	if got := d.Access[0].Attributes; !slices.Equal(got, []string{"s", "obj.a", "p.v"}) {
		t.Errorf("%v", got)
	}
	d.Forget("obj")
	if len(d.Properties) != 1 || !slices.Equal(d.Properties[0].Attributes, []string{"/s"}) || !slices.Equal(d.Access[0].Attributes, []string{"s", "p.v"}) {
		t.Errorf("%+v %+v", d.Properties, d.Access)
	}
	d.Forget("s")
	if len(d.Properties) != 0 {
		t.Errorf("%+v", d.Properties)
	}
}

func TestAttributesThatAreUniqueTogether(t *testing.T) {
	typ := compileDef(t, parseDef(t, wholeDef))
	key := func(stored string) string {
		for _, u := range typ.Uniques([]byte(stored)) {
			if u.Path == "o.a,n" {
				return u.Value
			}
		}
		return ""
	}
	if a, b := key(`{"n":1,"o":{"a":"Ab"}}`), key(`{"n":1,"o":{"a":"aB"}}`); a == "" || a != b {
		t.Errorf("%q and %q: case does not matter", a, b)
	}
	if a, b := key(`{"n":1,"o":{"a":"x"}}`), key(`{"n":2,"o":{"a":"x"}}`); a == b {
		t.Errorf("%q for both", a)
	}
	for _, stored := range []string{`{}`, `{"n":1}`, `{"o":{"a":"x"}}`} {
		if k := key(stored); k != "" {
			t.Errorf("%s has the key %q: null conflicts with nothing", stored, k)
		}
	}
	if got := typ.UniquePaths(); !slices.Equal(got, []string{"o.a,n"}) {
		t.Errorf("%v", got)
	}
	d := parseDef(t, wholeDef)
	for _, bad := range [][]string{{}, {"n"}, {"n", "n"}, {"n", "o"}, {"n", "p.v"}, {"o.a", "n"}, {"n", "p#1.v"}} {
		c := d.Clone()
		c.Properties = append(c.Properties, schema.Property{Kind: schema.UniqueProperty, Attributes: bad})
		_, err := schema.CompileDef(c)
		wantError(t, err, profile.Invalid, profile.CodeInvalid, "attributes")
	}
	c := d.Clone()
	c.Properties[1].Definition = json.RawMessage(`"required"`)
	_, err := schema.CompileDef(c)
	wantError(t, err, profile.Invalid, profile.CodeInvalid, "definition")
	c = d.Clone()
	c.Properties[1].Kind = "odd"
	_, err = schema.CompileDef(c)
	wantError(t, err, profile.Invalid, profile.CodeInvalid, "property")
	c = d.Clone()
	c.Password.HistorySize = 11
	_, err = schema.CompileDef(c)
	wantError(t, err, profile.Invalid, profile.CodeInvalid, "settings")
}

func TestAWritableTypeKeepsWhatMayNotBeNamed(t *testing.T) {
	d := parseDef(t, wholeDef)
	d.Properties = nil
	typ := compileDef(t, d)
	id, _ := profile.ParseID(client)
	w := typ.For(id, schema.AccessWrite)
	if typ.For(id, schema.AccessWriteWithToken) != typ || typ.For(profile.ID{}, schema.AccessWrite) != typ || typ.For(id, schema.AccessWrite) != w {
		t.Fatal("another type than asked for")
	}
	const cur = `{"n":1,"o":{"a":"a","b":"b"},"p":[{"id":9,"v":"v","w":"w"}],"s":"s"}`
	type try struct{ op, path, value, want string }
	for _, tc := range []try{
		{"update", "", `{"s":"t"}`, strings.Replace(cur, `"s":"s"`, `"s":"t"`, 1)},
		{"update", "", `{"o":null}`, strings.Replace(cur, `"a":"a",`, ``, 1)},
		{"update", "o", `{"a":"c"}`, strings.Replace(cur, `"a":"a"`, `"a":"c"`, 1)},
		{"update", "p#9", `{"v":"x"}`, strings.Replace(cur, `"v":"v"`, `"v":"x"`, 1)},
		{"update", "p", `[{"v":"x"}]`, strings.Replace(cur, `}]`, `},{"id":101,"v":"x"}]`, 1)},
		{"replace", "", `{"s":"t"}`, `{"n":1,"o":{"b":"b"},"p":[{"id":9,"v":"v","w":"w"}],"s":"t"}`},
		{"replace", "o", `{"a":"c"}`, strings.Replace(cur, `"a":"a"`, `"a":"c"`, 1)},
		{"replace", "p#9", `{}`, strings.Replace(cur, `"v":"v",`, ``, 1)},
		{"update", "", `{"n":2}`, "/n"}, {"update", "n", `2`, "/n"}, {"update", "", `{"o":{"b":"x"}}`, "/o/b"}, {"update", "o.b", `"x"`, "/o/b"}, {"update", "", `{"p":[{"w":"x"}]}`, "/p/w"},
		{"replace", "p", `[]`, "/p/w"}, {"update", "", `{"p":null}`, "/p/w"}, {"replace", "", `{"s":"t","p":[{"v":"x"}]}`, "/p/w"}, {"delete", "p#9", ``, "/p/w"},
	} {
		path, err := schema.ParsePath(tc.path)
		if err != nil {
			t.Fatal(err)
		}
		var got schema.Written
		switch tc.op {
		case "update":
			got, err = w.Update([]byte(cur), path, []byte(tc.value), entityEnv())
		case "replace":
			got, err = w.Replace([]byte(cur), path, []byte(tc.value), entityEnv())
		default:
			got, err = w.DeleteElement([]byte(cur), path)
		}
		if field, refused := strings.CutPrefix(tc.want, "/"); refused {
			wantError(t, err, profile.Unknown, profile.CodeUnknownAttribute, strings.ReplaceAll(field, "/", "."))
		} else if err != nil || string(got.Attrs) != tc.want {
			t.Errorf("%s %s %s\n got %s, %v\nwant %s", tc.op, tc.path, tc.value, got.Attrs, err, tc.want)
		}
	}
	_, err := typ.Nothing().Create([]byte(`{}`), entityEnv())
	wantError(t, err, profile.Missing, profile.CodeRequired, "s")
	if got, err := w.Create([]byte(`{"s":"x","o":{"a":"y"}}`), entityEnv()); err != nil || string(got.Attrs) != `{"o":{"a":"y"},"s":"x"}` {
		t.Errorf("%s, %v", got.Attrs, err)
	}
	r := typ.For(id, schema.AccessRead)
	if got := string(r.Render(nil, []byte(cur), schema.Head{})); strings.Contains(got, `"s"`) || !strings.Contains(got, `"uuid"`) {
		t.Errorf("%s", got)
	}
}
