package schema_test

import (
	"testing"
	"time"

	"facet/internal/profile"
	"facet/internal/schema"
)

var head = schema.Head{
	Number:   42,
	UUID:     profile.ID{0x02, 0xb0, 0xc6, 0x8d, 0x7d, 0x7a, 0x49, 0xd8, 0xa8, 0x8d, 0x02, 0x25, 0x85, 0xb0, 0xf8, 0x77},
	Created:  time.Date(2011, 11, 5, 19, 0, 8, 339082000, time.UTC),
	Updated:  time.Date(2011, 11, 5, 19, 0, 10, 0, time.UTC),
	Password: "password-bcrypt",
}

const renderDefs = `[{"name":"zip","type":"string"},{"name":"Name","type":"string"},{"name":"n","type":"integer"},{"name":"empty","type":"object"},
 {"name":"password","type":"password-bcrypt"},
 {"name":"o","type":"object","attr_defs":[{"name":"pin","type":"password"},{"name":"a","type":"date"},{"name":"in","type":"object","attr_defs":[{"name":"x","type":"json"}]}]},
 {"name":"p","type":"plural","attr_defs":[{"name":"v","type":"string"},{"name":"a","type":"string"},{"name":"sub","type":"plural","attr_defs":[{"name":"k","type":"integer"}]}]}]`

const stored = `{"Name":"Zoë","gone":{"x":[1]},"o":{"in":{"x":{"b":1,"a":null}}},"p":[{"id":7,"v":"w"},{"a":"b","id":8,"later":1,"sub":[{"id":9,"k":12345678901234567890}]}]}`

func TestRenderShowsEveryAttribute(t *testing.T) {
	typ := compile(t, renderDefs)
	const top = `"created":"2011-11-05 19:00:08.339082 +0000","empty":{},"id":42,"lastUpdated":"2011-11-05 19:00:10 +0000","n":null,`
	const id = `"uuid":"02b0c68d-7d7a-49d8-a88d-022585b0f877"`
	for _, tc := range []struct{ name, stored, want string }{
		{"unset", `{}`, `{"Name":null,` + top + `"o":{"a":null,"in":{"x":null},"pin":null},"p":[],"password":{"type":"password-bcrypt"},` + id + `,"zip":null}`},
		{"nothing", ``, `{"Name":null,` + top + `"o":{"a":null,"in":{"x":null},"pin":null},"p":[],"password":{"type":"password-bcrypt"},` + id + `,"zip":null}`},
		{"some", stored, `{"Name":"Zoë",` + top + `"o":{"a":null,"in":{"x":{"b":1,"a":null}},"pin":null},` +
			`"p":[{"a":null,"id":7,"sub":[],"v":"w"},{"a":"b","id":8,"sub":[{"id":9,"k":12345678901234567890}],"v":null}],"password":{"type":"password-bcrypt"},` + id + `,"zip":null}`},
		{"other types than now", `{"o":5,"p":"x","password":"secret","zip":"1"}`, `{"Name":null,` + top + `"o":{"a":null,"in":{"x":null},"pin":null},"p":[],"password":null,` + id + `,"zip":"1"}`},
	} {
		if got := string(typ.Render(nil, []byte(tc.stored), head)); got != tc.want {
			t.Errorf("%s:\n got %s\nwant %s", tc.name, got, tc.want)
		}
	}
	if got := string(compile(t, `[]`).Render([]byte("x"), []byte(`{}`), schema.Head{Number: 1})); got !=
		`x{"created":"0001-01-01 00:00:00 +0000","id":1,"lastUpdated":"0001-01-01 00:00:00 +0000","uuid":"00000000-0000-0000-0000-000000000000"}` {
		t.Error(got)
	}
}

func TestRenderAtGivesTheValueAtAPath(t *testing.T) {
	typ := compile(t, renderDefs)
	h := head
	h.Passwords = map[string]string{"o.pin": "password-md5"}
	for path, want := range map[string]string{
		"/lastUpdated": `"2011-11-05 19:00:10 +0000"`, // E-10
		"id":           `42`,
		"uuid":         `"02b0c68d-7d7a-49d8-a88d-022585b0f877"`,
		"Name":         `"Zoë"`,
		"zip":          `null`,
		"password":     `{"type":"password-bcrypt"}`,
		"o.pin":        `{"type":"password-md5"}`,
		"o":            `{"a":null,"in":{"x":{"b":1,"a":null}},"pin":{"type":"password-md5"}}`,
		"o/in/x":       `{"b":1,"a":null}`,
		"empty":        `{}`,
		"/p#7":         `{"a":null,"id":7,"sub":[],"v":"w"}`,
		"/p#7/sub":     `[]`,
		"/p#7/id":      `7`,
		"/p#8/sub#9/k": `12345678901234567890`,
		"/p#8/sub#9":   `{"id":9,"k":12345678901234567890}`,
		"p":            `[{"a":null,"id":7,"sub":[],"v":"w"},{"a":"b","id":8,"sub":[{"id":9,"k":12345678901234567890}],"v":null}]`,
		"/":            string(typ.Render(nil, []byte(stored), h)),
	} {
		got, err := typ.RenderAt(nil, []byte(stored), h, paths(t, path)[0])
		if err != nil || string(got) != want {
			t.Errorf("%s gives %s, %v; want %s", path, got, err, want)
		}
	}
	for path, want := range map[string]string{"o": `{"a":null,"in":{"x":null},"pin":{"type":"password-md5"}}`, "o.in": `{"x":null}`, "p": `[]`} {
		if got, err := typ.RenderAt(nil, []byte(`{}`), h, paths(t, path)[0]); err != nil || string(got) != want {
			t.Errorf("unset %s gives %s, %v; want %s", path, got, err, want)
		}
	}
	_, err := typ.RenderAt(nil, []byte(stored), h, paths(t, "/p#99/v")[0])
	wantError(t, err, profile.NotFound, profile.CodeNotFound, "p")
	_, err = typ.RenderAt(nil, []byte(stored), h, paths(t, "/p/v")[0])
	wantError(t, err, profile.Unknown, profile.CodeUnknownAttribute, "p.v")
	_, err = typ.RenderAt(nil, []byte(stored), h, paths(t, "nope")[0])
	wantError(t, err, profile.Unknown, profile.CodeUnknownAttribute, "nope")
}

func TestRenderAttributesNestsDottedPaths(t *testing.T) {
	typ := compile(t, renderDefs)
	for _, tc := range []struct {
		paths []string
		want  string
	}{
		{[]string{"Name", "id"}, `{"Name":"Zoë","id":42}`},
		{[]string{"o.in.x", "p.v"}, `{"o":{"in":{"x":{"b":1,"a":null}}},"p":[{"v":"w"},{"v":null}]}`},
		{[]string{"p.sub.k", "p.id"}, `{"p":[{"id":7,"sub":[]},{"id":8,"sub":[{"k":12345678901234567890}]}]}`},
		{[]string{"o", "o.a"}, `{"o":{"a":null,"in":{"x":{"b":1,"a":null}},"pin":null}}`},
		{[]string{"password"}, `{"password":{"type":"password-bcrypt"}}`},
		{nil, `{}`},
	} {
		got, err := typ.RenderAttributes(nil, []byte(stored), head, paths(t, tc.paths...))
		if err != nil || string(got) != tc.want {
			t.Errorf("%q gives %s, %v; want %s", tc.paths, got, err, tc.want)
		}
	}
	_, err := typ.Only(paths(t, "p#7.v"))
	wantError(t, err, profile.Unknown, profile.CodeUnknownAttribute, "p.v")
}

func TestARestrictedTypeRendersReservedAttributes(t *testing.T) {
	sub, err := compile(t, renderDefs).Restrict(paths(t, "p.v"))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"created":"2011-11-05 19:00:08.339082 +0000","id":42,"lastUpdated":"2011-11-05 19:00:10 +0000","p":[{"id":7,"v":"w"},{"id":8,"v":null}],"uuid":"02b0c68d-7d7a-49d8-a88d-022585b0f877"}`
	if got := string(sub.Render(nil, []byte(stored), head)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
