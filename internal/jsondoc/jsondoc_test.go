package jsondoc_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"facet/internal/jsondoc"
	"facet/internal/profile"
	"facet/internal/schema"
)

func TestMergePatchDoesWhatRFC7396AppendixAShows(t *testing.T) {
	for _, c := range [][3]string{
		{`{"a":"b"}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"b"}`, `{"b":"c"}`, `{"a":"b","b":"c"}`},
		{`{"a":"b"}`, `{"a":null}`, `{}`},
		{`{"a":"b","b":"c"}`, `{"a":null}`, `{"b":"c"}`},
		{`{"a":["b"]}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"c"}`, `{"a":["b"]}`, `{"a":["b"]}`},
		{`{"a":{"b":"c"}}`, `{"a":{"b":"d","c":null}}`, `{"a":{"b":"d"}}`},
		{`{"a":[{"b":"c"}]}`, `{"a":[1]}`, `{"a":[1]}`},
		{`["a","b"]`, `["c","d"]`, `["c","d"]`},
		{`{"a":"b"}`, `["c"]`, `["c"]`},
		{`{"a":"foo"}`, `null`, `null`},
		{`{"a":"foo"}`, `"bar"`, `"bar"`},
		{`{"e":null}`, `{"a":1}`, `{"e":null,"a":1}`},
		{`[1,2]`, `{"a":"b","c":null}`, `{"a":"b"}`},
		{`{}`, `{"a":{"bb":{"ccc":null}}}`, `{"a":{"bb":{}}}`},
	} {
		if got := jsondoc.Merge([]byte(c[0]), []byte(c[1])); string(got) != c[2] {
			t.Errorf("%s merged with %s is %s, want %s", c[0], c[1], got, c[2])
		}
	}
}

func TestJSONPatchPassesThePublicVectors(t *testing.T) {
	text, err := os.ReadFile("testdata/patches.txt")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		n++
		part := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		patch, err := jsondoc.ParsePatch([]byte(part[1]))
		var got []byte
		if err == nil {
			got, err = patch.Apply([]byte(part[0]), 1<<20)
		}
		switch {
		case part[2] == "error":
			if err == nil {
				t.Errorf("%s: made %s", line, got)
			}
		case err != nil:
			t.Errorf("%s: %v", line, err)
		case !jsondoc.Equal(got, []byte(part[2])):
			t.Errorf("%s: made %s", line, got)
		}
	}
	if n < 100 {
		t.Errorf("%d vectors", n)
	}
}

func TestWhatAPatchDoesNotTouchStaysToTheLetter(t *testing.T) {
	const doc = `{"z":12345678901234567890,"a":1.10,"e":1e400,"s":"\u00e9\/ <&>","k\u00e9":[1.0],"n":{"b":-0,"a":2}}`
	if got := jsondoc.Merge([]byte(doc), []byte(`{"n":{"a":null,"x":1.10},"new":"<\u00e9"}`)); string(got) !=
		`{"z":12345678901234567890,"a":1.10,"e":1e400,"s":"\u00e9\/ <&>","k\u00e9":[1.0],"n":{"b":-0,"x":1.10},"new":"<\u00e9"}` {
		t.Errorf("merged: %s", got)
	}
	patch, err := jsondoc.ParsePatch([]byte(`[{"op":"test","path":"/a","value":11e-1},{"op":"test","path":"/e","value":10e399},{"op":"test","path":"/s","value":"é/ <&>"},
		{"op":"add","path":"/ké/-","value":1e2},{"op":"remove","path":"/z"},{"op":"move","from":"/n/b","path":"/q"}]`))
	if err != nil {
		t.Fatal(err)
	}
	got, err := patch.Apply([]byte(doc), 1000)
	if err != nil || string(got) != `{"a":1.10,"e":1e400,"s":"\u00e9\/ <&>","k\u00e9":[1.0,1e2],"n":{"a":2},"q":-0}` {
		t.Errorf("patched: %s, %v", got, err)
	}
}

func TestPatchIsBoundedAndItsFaultsAreNamed(t *testing.T) {
	double := `[{"op":"add","path":"/l","value":[]}` + strings.Repeat(`,{"op":"copy","from":"","path":"/l/-"}`, 40) + `]`
	for text, want := range map[string]struct {
		code  profile.Code
		field string
	}{
		`{}`:                               {profile.CodeType, ""},
		`[7]`:                              {profile.CodeType, "/0"},
		`[{}]`:                             {profile.CodeRequired, "/0/op"},
		`[{"op":7}]`:                       {profile.CodeType, "/0/op"},
		`[{"op":"spam","path":""}]`:        {profile.CodeChoice, "/0/op"},
		`[{"op":"add","path":"a"}]`:        {profile.CodeInvalid, "/0/path"},
		`[{"op":"add","path":"/~2"}]`:      {profile.CodeInvalid, "/0/path"},
		`[{"op":"add","path":"/a"}]`:       {profile.CodeRequired, "/0/value"},
		`[{"op":"copy","path":"/a"}]`:      {profile.CodeRequired, "/0/from"},
		`[{"op":"remove","path":"/none"}]`: {profile.CodePatchPath, "/0/path"},
		`[{"op":"test","path":"/a","value":1},{"op":"test","path":"/a","value":2}]`: {profile.CodePatchTest, "/1"},
		`[{"op":"move","from":"/a","path":"/a/b"}]`:                                 {profile.CodeInvalid, "/0/path"},
		`[` + strings.Repeat(`{"op":"remove","path":"/a"},`, 1000) + `{}]`:          {profile.CodeTooLarge, ""},
		double: {profile.CodeTooLarge, ""},
	} {
		patch, err := jsondoc.ParsePatch([]byte(text))
		if err == nil {
			_, err = patch.Apply([]byte(`{"a":1.0}`), 10_000)
		}
		if e := profile.AsError(err); err == nil || e.Code != want.code || e.Field != want.field {
			t.Errorf("%.60s: %v", text, err)
		}
	}
}

func TestPickKeepsWhatItsPointersName(t *testing.T) {
	const doc = `{"a":{"b":1.10,"c":2},"d":[{"e":1}],"f/g":3,"h":{"i":1}}`
	for list, want := range map[string]string{
		`/a/b`: `{"a":{"b":1.10}}`, `/d/0/e`: `{"d":[{"e":1}]}`, `/f~1g /a`: `{"a":{"b":1.10,"c":2},"f/g":3}`, `/none`: `{}`, `/h/none`: `{}`, `/a/b /a/c`: `{"a":{"b":1.10,"c":2}}`, ``: doc,
	} {
		var pointers []jsondoc.Pointer
		for _, p := range strings.Split(list, " ") {
			pointer, err := jsondoc.ParsePointer(p)
			if err != nil {
				t.Fatal(err)
			}
			pointers = append(pointers, pointer)
		}
		if got := jsondoc.Pick([]byte(doc), pointers); string(got) != want {
			t.Errorf("%q: %s, want %s", list, got, want)
		}
	}
}

func TestContainsFindsPatterns(t *testing.T) {
	const doc = `{"plan":"pro","n":1.0,"tags":["a","b",{"x":1,"y":2}],"o":{"p":null,"q":true}}`
	for pattern, want := range map[string]bool{
		`{}`: true, `{"plan":"pro"}`: true, `{"plan":"free"}`: false, `{"n":1}`: true, `{"n":10e-1}`: true, `{"tags":["b"]}`: true, `{"tags":[{"y":2}]}`: true,
		`{"tags":["c"]}`: false, `{"tags":"a"}`: false, `{"o":{"p":null}}`: true, `{"o":{"p":false}}`: false, `{"o":{}}`: true, `{"none":null}`: false, `[]`: false, `{"plan":"\u0070ro"}`: true,
	} {
		if got := jsondoc.Contains([]byte(doc), []byte(pattern)); got != want {
			t.Errorf("%s: %t", pattern, got)
		}
	}
}

// drawJSON draws a value with few names, so that patches meet.
func drawJSON(depth int) *rapid.Generator[any] {
	return rapid.Custom(func(t *rapid.T) any {
		kind := rapid.IntRange(0, 5).Draw(t, "kind")
		if depth == 0 {
			kind %= 4
		}
		switch kind {
		case 0:
			return nil
		case 1:
			return rapid.Bool().Draw(t, "bool")
		case 2:
			return json.Number(rapid.SampledFrom([]string{"0", "1", "1.10", "12345678901234567890", "-0", "1e400"}).Draw(t, "number"))
		case 3:
			return rapid.SampledFrom([]string{"", "a", "é\"\\", "/~"}).Draw(t, "string")
		case 4:
			return rapid.SliceOfN(drawJSON(depth-1), 0, 4).Draw(t, "array")
		}
		return rapid.MapOfN(rapid.SampledFrom([]string{"", "a", "b", "é", "a/b", "m~n"}), drawJSON(depth-1), 0, 20).Draw(t, "object")
	})
}

func text(t interface{ Fatal(...any) }, v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// mergeOracle is the function of RFC 7396, section 2.
func mergeOracle(target, patch any) any {
	p, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	out := map[string]any{}
	if o, ok := target.(map[string]any); ok {
		for k, v := range o {
			out[k] = v
		}
	}
	for k, v := range p {
		if v == nil {
			delete(out, k)
		} else {
			out[k] = mergeOracle(out[k], v)
		}
	}
	return out
}

func TestMergeIsThatOfTheRFC(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		doc, patch := drawJSON(3).Draw(rt, "doc"), drawJSON(3).Draw(rt, "patch")
		got := jsondoc.Merge(text(rt, doc), text(rt, patch))
		if want := text(rt, mergeOracle(doc, patch)); !jsondoc.Equal(got, want) {
			rt.Fatalf("%s, want %s", got, want)
		}
		if err := schema.CheckJSON(got, 0); err != nil {
			rt.Fatalf("%s: %v", got, err)
		}
	})
}

func TestWithoutAndWithSplitAnObject(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		doc := text(rt, rapid.MapOfN(rapid.SampledFrom([]string{"", "a", "b", "é", "c", "d"}), drawJSON(2), 0, 6).Draw(rt, "doc"))
		some := rapid.SliceOf(rapid.SampledFrom([]string{"", "a", "é"})).Draw(rt, "some")
		is := func(name string) bool { return slices.Contains(some, name) }
		rest := jsondoc.Without(doc, is)
		jsondoc.Members(rest, func(name string, _ []byte) bool {
			if is(name) {
				rt.Fatalf("%q is in %s", name, rest)
			}
			return true
		})
		if back := jsondoc.With(rest, doc, is); !jsondoc.Equal(back, doc) {
			rt.Fatalf("%s, want %s", back, doc)
		}
	})
}

func FuzzPatch(f *testing.F) {
	f.Add(`{"a":[1,{"b":2}]}`, `[{"op":"add","path":"/a/-","value":{}}]`)
	f.Add(`{"a":1}`, `[{"op":"move","from":"/a","path":""},{"op":"copy","from":"","path":"/x"}]`)
	f.Fuzz(func(t *testing.T, doc, patch string) {
		if schema.CheckJSON([]byte(doc), 64) != nil || schema.CheckJSON([]byte(patch), 64) != nil {
			_ = jsondoc.Merge([]byte(doc), []byte(patch)) // nonsense, but it ends
			_ = jsondoc.Equal([]byte(doc), []byte(patch))
			return
		}
		merged := jsondoc.Merge([]byte(doc), []byte(patch))
		if err := schema.CheckJSON(merged, 0); err != nil {
			t.Fatalf("merged: %s: %v", merged, err)
		}
		p, err := jsondoc.ParsePatch([]byte(patch))
		if err != nil {
			return
		}
		out, err := p.Apply([]byte(doc), 1<<16)
		if err == nil && schema.CheckJSON(out, 0) != nil {
			t.Fatalf("patched: %s", out)
		}
	})
}
