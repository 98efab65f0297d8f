package schema_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"facet/internal/schema"

	"pgregory.net/rapid"
)

const propertyDefs = `[{"name":"s","type":"string"},{"name":"t","type":"string"},{"name":"i","type":"integer"},{"name":"d","type":"decimal"},{"name":"b","type":"boolean"},{"name":"j","type":"json"},
 {"name":"date","type":"date"},
 {"name":"o","type":"object","attr_defs":[{"name":"s","type":"string"},{"name":"in","type":"object","attr_defs":[{"name":"i","type":"integer"},{"name":"p","type":"plural","attr_defs":[{"name":"s","type":"string"}]}]}]},
 {"name":"p","type":"plural","attr_defs":[{"name":"s","type":"string"},{"name":"o","type":"object","attr_defs":[{"name":"b","type":"boolean"},{"name":"z","type":"string"}]},
   {"name":"sub","type":"plural","attr_defs":[{"name":"i","type":"integer"}]}]}]`

// drawValue draws a value of an attribute as encoding/json with UseNumber would read it.
func drawValue(t *rapid.T, a *schema.Attribute) any {
	switch a.Type {
	case schema.String:
		return strings.ReplaceAll(rapid.String().Draw(t, a.Name), "\x00", "")
	case schema.Integer:
		return json.Number(rapid.StringMatching(`-?(0|[1-9][0-9]{0,30})`).Draw(t, a.Name))
	case schema.Decimal:
		return json.Number(rapid.StringMatching(`-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?`).Draw(t, a.Name))
	case schema.Boolean:
		return rapid.Bool().Draw(t, a.Name)
	case schema.Date:
		return fmt.Sprintf("%04d-%02d-%02d", rapid.IntRange(1, 9999).Draw(t, "y"), rapid.IntRange(1, 12).Draw(t, "m"), rapid.IntRange(1, 28).Draw(t, "d"))
	case schema.JSON:
		return rapid.SampledFrom([]any{"x", json.Number("1.10"), true, map[string]any{"a": []any{json.Number("12345678901234567890"), nil}}, []any{}, map[string]any{}}).Draw(t, a.Name)
	case schema.Plural:
		list := []any{}
		for range rapid.IntRange(0, 3).Draw(t, a.Name) {
			list = append(list, drawObject(t, a))
		}
		return list
	}
	return drawObject(t, a)
}

func drawObject(t *rapid.T, a *schema.Attribute) map[string]any {
	m := map[string]any{}
	for _, c := range a.Children {
		if !c.Reserved && rapid.Bool().Draw(t, "has "+c.Name) {
			m[c.Name] = drawValue(t, c)
		}
	}
	return m
}

// prune drops what a sparse record does not hold, and the ids.
func prune(a *schema.Attribute, v any) any {
	switch x := v.(type) {
	case map[string]any:
		if a.Type == schema.JSON {
			return v
		}
		m := map[string]any{}
		for k, v := range x {
			if c := a.Child(k); !c.Reserved {
				if p := prune(c, v); p != nil {
					m[k] = p
				}
			}
		}
		if len(m) == 0 && a.Type == schema.Object {
			return nil
		}
		return m
	case []any:
		if a.Type == schema.JSON {
			return v
		}
		var list []any
		for _, el := range x {
			list = append(list, prune(a, el))
		}
		if list == nil {
			return nil
		}
		return list
	}
	return v
}

// parse reads JSON with exact numbers.
func parse(t fataler, b []byte) any {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		t.Fatal(string(b), err)
	}
	return v
}

// encode writes a value with blanks between the tokens.
func encode(t *rapid.T, v any) []byte {
	b, err := json.MarshalIndent(v, " ", "\t")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestWhatIsCreatedIsReadBack(t *testing.T) {
	typ := compile(t, propertyDefs)
	rapid.Check(t, func(t *rapid.T) {
		in := drawObject(t, typ.Root())
		w, err := typ.Create(encode(t, in), env())
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.CheckJSON(w.Attrs, 64); err != nil {
			t.Fatal(err)
		}
		full := typ.Render(nil, w.Attrs, head)
		got, want := prune(typ.Root(), dropNulls(parse(t, full))), prune(typ.Root(), map[string]any(in))
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("in   %v\nread %v", want, got)
		}
		for _, c := range typ.Root().Children {
			if _, ok := parse(t, full).(map[string]any)[c.Name]; !ok {
				t.Fatalf("%s is missing in %s", c.Name, full)
			}
		}
		at, err := typ.RenderAt(nil, w.Attrs, head, nil)
		if err != nil || !bytes.Equal(at, full) {
			t.Fatalf("%s differs from %s", at, full)
		}
	})
}

// dropNulls drops null members outside of json attributes ("j").
func dropNulls(v any) any {
	switch x := v.(type) {
	case map[string]any:
		for k, v := range x {
			switch {
			case v == nil:
				delete(x, k)
			case k != "j":
				x[k] = dropNulls(v)
			}
		}
	case []any:
		for i := range x {
			x[i] = dropNulls(x[i])
		}
	}
	return v
}

// topLevel gives the stored text of each top-level attribute.
func topLevel(t fataler, stored []byte) map[string]string {
	var m map[string]json.RawMessage
	if err := json.Unmarshal(stored, &m); err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for k, v := range m {
		out[k] = string(v)
	}
	return out
}

func TestUpdatesKeepWhatTheyDoNotNameAndAreIdempotent(t *testing.T) {
	typ := compile(t, propertyDefs)
	rapid.Check(t, func(t *rapid.T) {
		first, err := typ.Create(encode(t, drawObject(t, typ.Root())), env())
		if err != nil {
			t.Fatal(err)
		}
		change := drawObject(t, typ.Root())
		for _, name := range []string{"s", "o"} {
			if rapid.Bool().Draw(t, "null "+name) {
				change[name] = nil
			}
		}
		delete(change, "p") // appending is not idempotent
		if o, ok := change["o"].(map[string]any); ok {
			if in, ok := o["in"].(map[string]any); ok {
				delete(in, "p")
			}
		}
		text := encode(t, change)
		second, err := typ.Update(first.Attrs, nil, text, env())
		if err != nil {
			t.Fatal(err)
		}
		before, after := topLevel(t, first.Attrs), topLevel(t, second.Attrs)
		var differ []string
		for _, c := range typ.Root().Children {
			if before[c.Name] != after[c.Name] {
				differ = append(differ, c.Name)
			}
			if _, named := change[c.Name]; !named && before[c.Name] != after[c.Name] {
				t.Fatalf("%s was not named and is now %s", c.Name, after[c.Name])
			}
		}
		if !slices.Equal(differ, second.Changed) {
			t.Fatalf("changed %v, said %v", differ, second.Changed)
		}
		third, err := typ.Update(second.Attrs, nil, text, env())
		if err != nil || !bytes.Equal(third.Attrs, second.Attrs) || len(third.Changed) > 0 {
			t.Fatalf("again:\n%s\n%s (%v, %v)", second.Attrs, third.Attrs, third.Changed, err)
		}
	})
}

func TestReplaceEqualsCreate(t *testing.T) {
	typ := compile(t, propertyDefs)
	rapid.Check(t, func(t *rapid.T) {
		old, err := typ.Create(encode(t, drawObject(t, typ.Root())), env())
		if err != nil {
			t.Fatal(err)
		}
		text := encode(t, drawObject(t, typ.Root()))
		created, err := typ.Create(text, env())
		if err != nil {
			t.Fatal(err)
		}
		replaced, err := typ.Replace(old.Attrs, nil, text, env())
		if err != nil || !bytes.Equal(replaced.Attrs, created.Attrs) {
			t.Fatalf("%s, %v; want %s", replaced.Attrs, err, created.Attrs)
		}
	})
}

func TestAWriteBelowAPathEqualsTheNestedWrite(t *testing.T) {
	typ := compile(t, propertyDefs)
	rapid.Check(t, func(t *rapid.T) {
		old, err := typ.Create(encode(t, drawObject(t, typ.Root())), env())
		if err != nil {
			t.Fatal(err)
		}
		p := paths(t, rapid.SampledFrom([]string{"s", "o.s", "o.in", "o.in.i", "o.in.p", "p"}).Draw(t, "path"))[0]
		a, _ := typ.Attr(p)
		value := drawValue(t, a)
		nested := value
		for _, s := range slices.Backward(p) {
			nested = map[string]any{s.Name: nested}
		}
		x, errX := typ.Update(old.Attrs, p, encode(t, value), env())
		y, errY := typ.Update(old.Attrs, nil, encode(t, nested), env())
		if errX != nil || errY != nil || !bytes.Equal(x.Attrs, y.Attrs) || !slices.Equal(x.Changed, y.Changed) {
			t.Fatalf("%s %v: %s %v\nnested: %s %v", p, value, x.Attrs, errX, y.Attrs, errY)
		}
	})
}

// slowValues is the oracle of Values: it decodes everything.
func slowValues(v any, path []string) []any {
	switch x := v.(type) {
	case nil:
		return nil
	case map[string]any:
		if len(path) > 0 {
			return slowValues(x[path[0]], path[1:])
		}
	case []any:
		if len(path) > 0 {
			var out []any
			for _, el := range x {
				if _, ok := el.(map[string]any); ok {
					out = append(out, slowValues(el, path)...)
				}
			}
			return out
		}
	}
	if len(path) > 0 {
		return nil
	}
	return []any{v}
}

func TestValuesAgreesWithASlowOracle(t *testing.T) {
	typ := compile(t, propertyDefs)
	var all [][]string
	var walk func(a *schema.Attribute)
	walk = func(a *schema.Attribute) {
		for _, c := range a.Children {
			all = append(all, c.Steps)
			walk(c)
		}
	}
	walk(typ.Root())
	rapid.Check(t, func(t *rapid.T) {
		in := encode(t, drawObject(t, typ.Root()))
		w, err := typ.Create(in, env())
		if err != nil {
			t.Fatal(err)
		}
		path := rapid.SampledFrom(all).Draw(t, "path")
		for _, text := range [][]byte{w.Attrs, in} {
			var got []any
			if !schema.Values(text, path, func(raw []byte) bool { got = append(got, parse(t, raw)); return true }) {
				t.Fatal("stopped")
			}
			if want := slowValues(parse(t, text), path); !reflect.DeepEqual(got, want) {
				t.Fatalf("%v of %s: %v, want %v", path, text, got, want)
			}
			if len(got) > 0 && schema.Values(text, path, func([]byte) bool { return false }) {
				t.Fatal("did not stop")
			}
		}
	})
}

func TestAViewShowsThePartOfTheFullRecord(t *testing.T) {
	typ := compile(t, propertyDefs)
	rapid.Check(t, func(t *rapid.T) {
		w, err := typ.Create(encode(t, drawObject(t, typ.Root())), env())
		if err != nil {
			t.Fatal(err)
		}
		names := rapid.SliceOfDistinct(rapid.SampledFrom([]string{"s", "i", "o", "p", "j", "id", "created"}), rapid.ID[string]).Draw(t, "names")
		got, err := typ.RenderAttributes(nil, w.Attrs, head, paths(t, names...))
		if err != nil {
			t.Fatal(err)
		}
		want := parse(t, typ.Render(nil, w.Attrs, head)).(map[string]any)
		maps.DeleteFunc(want, func(k string, _ any) bool { return !slices.Contains(names, k) })
		if !reflect.DeepEqual(parse(t, got), any(want)) {
			t.Fatalf("%s, want %v", got, want)
		}
	})
}

// FuzzWrites feeds foreign text to every write: it must be refused or stored as
// valid JSON that is written back unchanged.
func FuzzWrites(f *testing.F) {
	typ := schema.DefaultUser()
	for _, s := range []string{
		`{"givenName":"Matt","familyName":"Parker","email":"parkerm@example.com","statuses":[{"status":"active","statusCreated":"2019-10-15T07:36:25Z"}]}`,
		`{"photos":[{"id":3,"type":"x"}],"primaryAddress":null}`, `{"display":{"a":[1.10]},"birthday":"2 Jan 03"}`, `[{"status":"x"}]`, `"x"`, `{"created":"now","password":"x"}`} {
		f.Add([]byte(s), "statuses#3")
		f.Add([]byte(s), "")
	}
	current := []byte(`{"givenName":"Zoë","statuses":[{"id":3,"status":"x"}]}`)
	f.Fuzz(func(t *testing.T, b []byte, at string) {
		path, err := schema.ParsePath(at)
		if err != nil {
			return
		}
		created, err1 := typ.Create(b, env())
		updated, err2 := typ.Update(current, path, b, env())
		replaced, err3 := typ.Replace(current, path, b, env())
		for i, w := range []schema.Written{created, updated, replaced} {
			if []error{err1, err2, err3}[i] != nil {
				continue
			}
			if err := schema.CheckJSON(w.Attrs, schema.MaxDocumentDepth+1); err != nil {
				t.Fatalf("%q is stored as %q: %v", b, w.Attrs, err)
			}
			if err := schema.CheckJSON(typ.Render(nil, w.Attrs, head), 0); err != nil {
				t.Fatalf("%q is read as nonsense: %v", w.Attrs, err)
			}
			again, err := typ.Update(w.Attrs, nil, []byte(`{}`), env())
			if err != nil || !bytes.Equal(again.Attrs, w.Attrs) {
				t.Fatalf("%q becomes %q: %v", w.Attrs, again.Attrs, err)
			}
		}
	})
}
