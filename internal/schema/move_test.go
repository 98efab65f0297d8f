package schema_test

import (
	"strings"
	"testing"

	"facet/internal/schema"

	"pgregory.net/rapid"
)

func TestMovedTakesAttributesOutAndPutsThemElsewhere(t *testing.T) {
	const stored = `{"a":{"b":1,"c":{"d":"x"}},"p":[{"id":1,"k":"v"},{"id":2,"q":[{"id":3,"z":null}]}],"s":"t"}`
	for _, c := range []struct{ from, to, want string }{
		{"s", "", `{"a":{"b":1,"c":{"d":"x"}},"p":[{"id":1,"k":"v"},{"id":2,"q":[{"id":3,"z":null}]}]}`},
		{"s", "b", `{"a":{"b":1,"c":{"d":"x"}},"b":"t","p":[{"id":1,"k":"v"},{"id":2,"q":[{"id":3,"z":null}]}]}`},
		{"a.c.d", "", `{"a":{"b":1},"p":[{"id":1,"k":"v"},{"id":2,"q":[{"id":3,"z":null}]}],"s":"t"}`},
		{"a.b", "a.e", `{"a":{"c":{"d":"x"},"e":1},"p":[{"id":1,"k":"v"},{"id":2,"q":[{"id":3,"z":null}]}],"s":"t"}`},
		{"p.k", "p.a", `{"a":{"b":1,"c":{"d":"x"}},"p":[{"a":"v","id":1},{"id":2,"q":[{"id":3,"z":null}]}],"s":"t"}`},
		{"p", "", `{"a":{"b":1,"c":{"d":"x"}},"s":"t"}`},
		{"p", "z", `{"a":{"b":1,"c":{"d":"x"}},"s":"t","z":[{"id":1,"k":"v"},{"id":2,"q":[{"id":3,"z":null}]}]}`},
		{"s", "a", `{"a":"t","p":[{"id":1,"k":"v"},{"id":2,"q":[{"id":3,"z":null}]}]}`},
		{"nothing", "x", stored},
		{"s.t", "s.u", stored},
	} {
		if got := string(schema.Moved([]byte(stored), []schema.Move{{From: c.from, To: c.to}})); got != c.want {
			t.Errorf("%s to %q:\n%s\nwant\n%s", c.from, c.to, got, c.want)
		}
	}
	if got := string(schema.Moved([]byte(`{"a":{"b":1}}`), []schema.Move{{From: "a.b"}})); got != "{}" {
		t.Errorf("without its last attribute a record is %s", got)
	}
}

// TestAMoveThereAndBackChangesNothing moves any attribute of any record to a
// name that sorts before or after it, and takes it out.
func TestAMoveThereAndBackChangesNothing(t *testing.T) {
	typ := compile(t, propertyDefs)
	paths := []string{"s", "i", "j", "o", "o.s", "o.in", "o.in.i", "o.in.p", "o.in.p.s", "p", "p.s", "p.o", "p.o.z", "p.sub", "p.sub.i"}
	rapid.Check(t, func(t *rapid.T) {
		w, err := typ.Create(encode(t, drawObject(t, typ.Root())), env())
		if err != nil {
			t.Fatal(err)
		}
		stored := w.Attrs
		from := rapid.SampledFrom(paths).Draw(t, "from")
		to := from[:strings.LastIndexByte(from, '.')+1] + rapid.SampledFrom([]string{"A", "m-1", "zz"}).Draw(t, "to")
		there := []schema.Move{{From: from, To: to}}
		moved := schema.Moved(stored, there)
		if err := schema.CheckJSON(moved, schema.MaxDocumentDepth); err != nil {
			t.Fatalf("%s: %v", moved, err)
		}
		if !none(moved, from) || none(moved, to) != none(stored, from) {
			t.Fatalf("%s to %s: %s\nbecomes %s", from, to, stored, moved)
		}
		if again := schema.Moved(moved, there); string(again) != string(moved) {
			t.Fatalf("moved twice: %s\nonce: %s", again, moved)
		}
		if back := schema.Moved(moved, []schema.Move{there[0].Back()}); string(back) != string(stored) {
			t.Fatalf("%s to %s and back:\n%s\nwas\n%s", from, to, back, stored)
		}
		if out := schema.Moved(stored, []schema.Move{{From: from}}); !none(out, from) || schema.CheckJSON(out, schema.MaxDocumentDepth) != nil {
			t.Fatalf("without %s: %s", from, out)
		}
	})
}

// none reports whether nothing is stored at a path.
func none(stored []byte, path string) bool {
	return schema.Values(stored, strings.Split(path, "."), func([]byte) bool { return false })
}
