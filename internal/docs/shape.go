package docs

import (
	"fmt"
	"slices"
	"strings"
)

// shape is what a page says of a schema (JSON Schema 2020-12, as OpenAPI 3.1
// has it).
type shape struct {
	Type       []span // "array of Token", "string or null"
	Text       []block
	Facts      []fact
	Examples   []string
	Fields     []field
	Variants   []shape // of which the value is one, when that is more than Type says
	Closed     bool    // no other fields
	Deprecated bool
}

// Says reports whether there is more to say than the type.
func (s shape) Says() bool {
	return len(s.Text)+len(s.Facts)+len(s.Examples)+len(s.Fields)+len(s.Variants) > 0
}

type field struct {
	Name     string // "" for fields of any other name
	Required bool
	Shape    shape
}

// fact is a rule about a value: "at most", ["254"], "characters".
type fact struct {
	Label  string
	Values []string
	After  string
}

// maxNesting ends shapes that go around in a circle.
const maxNesting = 24

// shape reads a schema. What a reference names is told where it stands itself,
// not again here, unless open.
func (r *reader) shape(schema any, open bool) shape { return r.nested(schema, open, 0) }

func (r *reader) nested(schema any, open bool, depth int) shape {
	s := shape{Type: r.typeOf(schema, depth)}
	o, _ := schema.(*object)
	if o == nil {
		return s
	}
	if depth > maxNesting {
		r.fail("a schema is nested deeper than %d", maxNesting)
		return s
	}
	s.Text, s.Deprecated = blocks(o.text("description")), o.truth("deprecated")
	s.Facts, s.Examples = factsOf(o), r.valuesOf(o)
	if o.has("$ref") {
		if open {
			s.take(r.nested(r.resolve(o), false, depth+1))
		}
		return s
	}
	s.Closed = o.has("additionalProperties") && o.get("additionalProperties") == false
	required := o.list("required")
	o.object("properties").each(func(name string, p *object) {
		s.add(field{name, slices.Contains(required, any(name)), r.nested(p, false, depth+1)})
	})
	o.object("patternProperties").each(func(pattern string, p *object) {
		f := field{Shape: r.nested(p, false, depth+1)}
		f.Shape.Facts = append([]fact{{"name matches", []string{pattern}, ""}}, f.Shape.Facts...)
		s.Fields = append(s.Fields, f)
	})
	if more := o.object("additionalProperties"); more != nil {
		if f := (field{Shape: r.nested(more, false, depth+1)}); len(s.Fields) > 0 || f.Shape.Says() {
			s.Fields = append(s.Fields, f)
		}
	}
	for _, part := range o.list("allOf") {
		s.join(r.nested(part, true, depth+1))
	}
	for i := range s.Fields { // required beside allOf says something of its fields
		s.Fields[i].Required = s.Fields[i].Required || slices.Contains(required, any(s.Fields[i].Name))
	}
	for i, e := range o.list("prefixItems") {
		if one := r.nested(e, false, depth+1); one.Says() {
			s.Fields = append(s.Fields, field{Name: fmt.Sprintf("[%d]", i), Shape: one})
		}
	}
	if o.has("items") {
		s.take(r.nested(o.get("items"), open, depth+1).each())
	}
	r.variants(&s, slices.Concat(o.list("oneOf"), o.list("anyOf")), open, depth)
	return s
}

// variants tells those that say more than their type; a single one is told as
// the shape itself.
func (r *reader) variants(s *shape, list []any, open bool, depth int) {
	var telling []shape
	for _, v := range list {
		if one := r.nested(v, open, depth+1); one.Says() {
			telling = append(telling, one)
		}
	}
	if len(telling) == 1 {
		s.take(telling[0])
		return
	}
	s.Variants = append(s.Variants, telling...)
}

// take adds what is said of a part that makes up the whole; the whole's own
// words come first.
func (s *shape) take(part shape) {
	if len(s.Text) == 0 {
		s.Text = part.Text
	}
	s.Facts = append(s.Facts, part.Facts...)
	s.Examples = append(s.Examples, part.Examples...)
	s.Variants = append(s.Variants, part.Variants...)
	s.Closed = s.Closed || part.Closed
	for _, f := range part.Fields {
		s.add(f)
	}
}

// join adds a part of an allOf.
func (s *shape) join(part shape) {
	part.Text, part.Closed = nil, false
	s.take(part)
}

// add puts a field in, over one of its name.
func (s *shape) add(f field) {
	if i := slices.IndexFunc(s.Fields, func(other field) bool { return f.Name != "" && other.Name == f.Name }); i >= 0 {
		f.Required = f.Required || s.Fields[i].Required
		s.Fields[i] = f
		return
	}
	s.Fields = append(s.Fields, f)
}

// each words the facts of an array's elements.
func (s shape) each() shape {
	for i := range s.Facts {
		s.Facts[i].Label = strings.TrimSuffix("each "+s.Facts[i].Label, " ")
	}
	return s
}

// typeOf words a type in one line.
func (r *reader) typeOf(schema any, depth int) []span {
	o, _ := schema.(*object)
	if ref := o.text("$ref"); ref != "" {
		name := ref[strings.LastIndexByte(ref, '/')+1:]
		if r.resolve(o) == nil || !strings.HasPrefix(ref, "#/components/schemas/") {
			return []span{{Text: name}}
		}
		return []span{{Text: name, Href: "#" + anchorOf("schema-", name)}}
	}
	if depth > maxNesting {
		return []span{{Text: "…"}}
	}
	if list := slices.Concat(o.list("oneOf"), o.list("anyOf")); len(list) > 0 {
		return r.typesOf(list, " or ", depth)
	}
	if list := o.list("allOf"); len(list) > 0 {
		var named []any
		for _, part := range list {
			if p, ok := part.(*object); ok && p.has("$ref") {
				named = append(named, part)
			}
		}
		switch {
		case len(named) == 0:
			return []span{{Text: "object"}}
		case len(named) < len(list) || o.has("properties"):
			return append(r.typesOf(named, " and ", depth), span{Text: " and more"})
		}
		return r.typesOf(named, " and ", depth)
	}
	types := o.list("type")
	if t := o.text("type"); t != "" {
		types = []any{t}
	}
	if len(types) == 0 {
		types = impliedTypes(o)
	}
	if len(types) == 0 || len(types) >= 6 {
		return []span{{Text: "any JSON"}}
	}
	var out []span
	for i, t := range types {
		if i > 0 {
			out = append(out, span{Text: " or "})
		}
		out = append(out, r.plainType(fmt.Sprint(t), o, depth)...)
	}
	return out
}

func (r *reader) typesOf(list []any, between string, depth int) []span {
	var out []span
	var seen []string
	for _, v := range list {
		t := r.typeOf(v, depth+1)
		if slices.Contains(seen, plain(t)) {
			continue
		}
		seen = append(seen, plain(t))
		if len(out) > 0 {
			out = append(out, span{Text: between})
		}
		out = append(out, t...)
	}
	return out
}

func (r *reader) typesInOrder(list []any, depth int) []span {
	var out []span
	for i, v := range list {
		if i > 0 {
			out = append(out, span{Text: ", "})
		}
		out = append(out, r.typeOf(v, depth+1)...)
	}
	return out
}

// plainType words one of the seven types.
func (r *reader) plainType(t string, o *object, depth int) []span {
	of := func(inner []span) []span {
		if strings.Contains(plain(inner), " or ") {
			inner = slices.Concat([]span{{Text: "("}}, inner, []span{{Text: ")"}})
		}
		return append([]span{{Text: t + " of "}}, inner...)
	}
	switch {
	case t == "array" && o.has("prefixItems"):
		return slices.Concat([]span{{Text: "array of ("}}, r.typesInOrder(o.list("prefixItems"), depth), []span{{Text: ")"}})
	case t == "array" && o.has("items"):
		return of(r.typeOf(o.get("items"), depth+1))
	case t == "object" && !o.has("properties") && o.object("additionalProperties") != nil:
		return of(r.typeOf(o.get("additionalProperties"), depth+1))
	case t == "string" || t == "integer" || t == "number":
		var notes []string
		for _, name := range []string{"format", "contentMediaType"} {
			if v := o.text(name); v != "" {
				notes = append(notes, v)
			}
		}
		if len(notes) > 0 {
			t += " (" + strings.Join(notes, ", ") + ")"
		}
	}
	return []span{{Text: t}}
}

// impliedTypes guesses the types of a schema that names none.
func impliedTypes(o *object) []any {
	switch {
	case o.has("properties"):
		return []any{"object"}
	case o.has("items"):
		return []any{"array"}
	case o.has("pattern") || o.has("format") || o.has("maxLength") || o.has("contentMediaType"):
		return []any{"string"}
	}
	values := o.list("enum")
	if o.has("const") {
		values = []any{o.get("const")}
	}
	for _, v := range values {
		if _, ok := v.(string); !ok {
			return nil
		}
	}
	if len(values) > 0 {
		return []any{"string"}
	}
	return nil
}

// factsOf words the rules of a schema.
func factsOf(o *object) []fact {
	var out []fact
	say := func(label, name, after string) {
		if o.has(name) {
			out = append(out, fact{label, []string{inline(o.get(name))}, after})
		}
	}
	say("always", "const", "")
	if list := o.list("enum"); len(list) > 0 {
		f := fact{Label: "one of"}
		for _, v := range list {
			f.Values = append(f.Values, inline(v))
		}
		out = append(out, f)
	}
	say("default", "default", "")
	say("at least", "minimum", "")
	say("more than", "exclusiveMinimum", "")
	say("at most", "maximum", "")
	say("less than", "exclusiveMaximum", "")
	say("multiple of", "multipleOf", "")
	say("matches", "pattern", "")
	out = append(out, amount(o, "minLength", "maxLength", "character")...)
	out = append(out, amount(o, "minItems", "maxItems", "element")...)
	out = append(out, amount(o, "minProperties", "maxProperties", "field")...)
	for _, flag := range []struct{ name, label string }{
		{"uniqueItems", "no element twice"}, {"readOnly", "only in answers"}, {"writeOnly", "only in requests"},
	} {
		if o.truth(flag.name) {
			out = append(out, fact{Label: flag.label})
		}
	}
	return out
}

// amount words how many of something there are: "1–254 characters".
func amount(o *object, least, most, of string) []fact {
	low, high := inline(o.get(least)), inline(o.get(most))
	f := fact{Values: []string{low + "–" + high}, After: of + "s"}
	switch {
	case !o.has(least) && !o.has(most):
		return nil
	case !o.has(least):
		f.Label, f.Values = "at most", []string{high}
	case !o.has(most):
		f.Label, f.Values = "at least", []string{low}
	case low == high:
		f.Label, f.Values = "exactly", []string{low}
	}
	if f.Values[0] == "1" {
		f.After = of
	}
	return []fact{f}
}

// valuesOf are the examples of a schema.
func (r *reader) valuesOf(o *object) []string {
	var out []string
	if o.has("example") {
		out = append(out, r.show(o.get("example")))
	}
	for _, v := range o.list("examples") {
		out = append(out, r.show(v))
	}
	return out
}

// inline writes a value on one line; a text is bare unless it is empty.
func inline(v any) string {
	if s, ok := v.(string); ok && s != "" {
		return s
	}
	text, err := compact(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(text)
}
