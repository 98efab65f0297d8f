package docs

import (
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
)

// view is what the page of a document says.
type view struct {
	Face    string
	Title   string
	Version string
	Text    []block
	Servers []server
	Schemes []scheme
	Default []access // what operations ask for that do not say themselves
	Groups  []group
	Schemas []component
}

// Operations counts them.
func (v *view) Operations() (n int) {
	for _, g := range v.Groups {
		n += len(g.Operations)
	}
	return n
}

type server struct {
	URL  string
	Text []block
}

// scheme is one way to prove who calls.
type scheme struct {
	Name, ID string
	How      []span
	Text     []block
}

// access is one set of proofs that suffices together; empty when none is needed.
type access []span

type group struct {
	Title, ID  string
	Text       []block
	Operations []*operation
}

type operation struct {
	ID         string // the anchor
	Method     string
	Path       []span // parameters are Code
	Summary    string
	Text       []block
	Deprecated bool
	Access     []access
	Extensions []fact // x- members
	Parameters []parameters
	Body       *body
	Responses  []response
}

// parameters are those of one place: path, query, header or cookie.
type parameters struct {
	In     string
	Fields []field
}

type body struct {
	Required bool
	Text     []block
	Media    []media
}

type response struct {
	Status  string // "200", "4XX", "default"
	Phrase  string // "OK"; "" for ranges
	Class   string // first digit of the status, "x" for default
	Text    []block
	Headers []field
	Media   []media
}

// media are the content types that share one schema.
type media struct {
	Types    []string
	Shape    shape
	Examples []example
}

type example struct{ Name, Value string }

type component struct {
	Name, ID string
	Shape    shape
}

// reader makes a view of a document and keeps the first thing that is wrong.
type reader struct {
	doc *object
	ids map[string]bool
	err error
}

// viewOf reads a document: an error when a reference leads nowhere or two
// things of a page would have the same anchor.
func viewOf(faceName string, doc *object) (*view, error) {
	r := &reader{doc: doc, ids: map[string]bool{}}
	info := doc.object("info")
	v := &view{Face: faceName, Title: info.text("title"), Version: fmt.Sprint(info.get("version")), Text: blocks(info.text("description"))}
	if v.Title == "" {
		v.Title = faceName
	}
	for _, s := range doc.list("servers") {
		if s, ok := s.(*object); ok {
			v.Servers = append(v.Servers, server{s.text("url"), blocks(s.text("description"))})
		}
	}
	components := doc.object("components")
	components.object("securitySchemes").each(func(name string, o *object) {
		v.Schemes = append(v.Schemes, scheme{name, r.anchor("auth-", name), howOf(o), blocks(o.text("description"))})
	})
	v.Default = accesses(doc.list("security"))
	v.Groups = r.groups()
	components.object("schemas").each(func(name string, o *object) {
		v.Schemas = append(v.Schemas, component{name, r.anchor("schema-", name), r.shape(o, false)})
	})
	return v, r.err
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf(format, args...)
	}
}

// anchor claims an id of the page.
func (r *reader) anchor(prefix, name string) string {
	id := anchorOf(prefix, name)
	if r.ids[id] {
		r.fail("two things have the anchor %s", id)
	}
	r.ids[id] = true
	return id
}

// anchorOf keeps letters, digits, '.' and '_'; what lies between becomes one '-'.
func anchorOf(prefix, name string) string {
	words := strings.FieldsFunc(name, func(c rune) bool {
		return !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '.' || c == '_')
	})
	return prefix + strings.Join(words, "-")
}

// resolve follows references, which an error ends.
func (r *reader) resolve(o *object) *object {
	for range maxDepth {
		ref := o.text("$ref")
		if ref == "" {
			return o
		}
		if o = r.doc.find(ref); o == nil {
			r.fail("%s leads nowhere", ref)
			return nil
		}
	}
	r.fail("%s leads in a circle", o.text("$ref"))
	return nil
}

var methods = []string{"get", "put", "post", "delete", "options", "head", "patch", "trace"}

// groups lists the operations in the document's order, by their first tag;
// those without a tag by the beginning of their path.
func (r *reader) groups() []group {
	about := map[string]string{}
	for _, t := range r.doc.list("tags") {
		if t, ok := t.(*object); ok {
			about[t.text("name")] = t.text("description")
		}
	}
	var out []group
	r.doc.object("paths").each(func(path string, item *object) {
		item = r.resolve(item)
		item.each(func(method string, o *object) {
			if !slices.Contains(methods, method) {
				return
			}
			title := beginning(path)
			if tags := o.list("tags"); len(tags) > 0 {
				title = fmt.Sprint(tags[0])
			}
			i := slices.IndexFunc(out, func(g group) bool { return g.Title == title })
			if i < 0 {
				i = len(out)
				out = append(out, group{Title: title, ID: r.anchor("group-", title), Text: blocks(about[title])})
			}
			out[i].Operations = append(out[i].Operations, r.operation(strings.ToUpper(method), path, item, o))
		})
	})
	return out
}

// beginning is the part of a path that tells what it is about: its first
// segment, after "api" the second too, up to a dot.
func beginning(path string) string {
	segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
	n := 1
	if segments[0] == "api" && len(segments) > 1 {
		n = 2
	}
	name, _, _ := strings.Cut(segments[n-1], ".")
	return "/" + strings.Join(append(segments[:n-1:n-1], name), "/")
}

func (r *reader) operation(method, path string, item, o *object) *operation {
	name := o.text("operationId")
	if name == "" {
		name = strings.ToLower(method) + path
	}
	op := &operation{
		ID: r.anchor("op-", name), Method: method, Path: pathSpans(path),
		Summary: o.text("summary"), Text: blocks(o.text("description")), Deprecated: o.truth("deprecated"),
		Extensions: extensions(o), Parameters: r.parameters(slices.Concat(item.list("parameters"), o.list("parameters"))),
	}
	if op.Summary == "" {
		op.Summary = method + " " + path
	}
	op.Access = accesses(r.doc.list("security"))
	if o.has("security") {
		op.Access = accesses(o.list("security"))
	}
	if b := r.resolve(o.object("requestBody")); b != nil {
		op.Body = &body{b.truth("required"), blocks(b.text("description")), r.media(b.object("content"))}
	}
	o.object("responses").each(func(status string, o *object) {
		op.Responses = append(op.Responses, r.response(status, r.resolve(o)))
	})
	return op
}

// parameters groups them by place; an operation's wins over its path's.
func (r *reader) parameters(list []any) []parameters {
	var out []parameters
	for _, p := range list {
		o, _ := p.(*object)
		if o = r.resolve(o); o == nil {
			continue
		}
		i := slices.IndexFunc(out, func(p parameters) bool { return p.In == o.text("in") })
		if i < 0 {
			i = len(out)
			out = append(out, parameters{In: o.text("in")})
		}
		f := r.header(o.text("name"), o)
		if j := slices.IndexFunc(out[i].Fields, func(other field) bool { return other.Name == f.Name }); j >= 0 {
			out[i].Fields[j] = f
		} else {
			out[i].Fields = append(out[i].Fields, f)
		}
	}
	return out
}

// header reads what parameters and headers share.
func (r *reader) header(name string, o *object) field {
	f := field{Name: name, Required: o.truth("required"), Shape: r.shape(o.get("schema"), true)}
	f.Shape.Text = append(blocks(o.text("description")), f.Shape.Text...)
	f.Shape.Deprecated = f.Shape.Deprecated || o.truth("deprecated")
	for _, e := range r.examples(o) {
		f.Shape.Examples = append(f.Shape.Examples, e.Value)
	}
	return f
}

func (r *reader) response(status string, o *object) response {
	out := response{Status: status, Class: status[:1], Text: blocks(o.text("description")), Media: r.media(o.object("content"))}
	var code int
	if _, err := fmt.Sscanf(status, "%d", &code); err == nil {
		out.Phrase = http.StatusText(code)
	}
	if status == "default" {
		out.Class, out.Phrase = "x", "any other status"
	}
	o.object("headers").each(func(name string, o *object) {
		out.Headers = append(out.Headers, r.header(name, r.resolve(o)))
	})
	return out
}

// media joins the content types that have the same schema and examples.
func (r *reader) media(content *object) []media {
	var out []media
	var told []*object
	content.each(func(name string, o *object) {
		if i := slices.IndexFunc(told, func(other *object) bool { return reflect.DeepEqual(o, other) }); i >= 0 {
			out[i].Types = append(out[i].Types, name)
			return
		}
		told = append(told, o)
		out = append(out, media{[]string{name}, r.shape(o.get("schema"), true), r.examples(o)})
	})
	return out
}

// examples reads `example` and `examples` of a media type, parameter or header.
func (r *reader) examples(o *object) []example {
	var out []example
	if o.has("example") {
		out = append(out, example{"", r.show(o.get("example"))})
	}
	o.object("examples").each(func(name string, e *object) {
		if e = r.resolve(e); e == nil || !e.has("value") {
			return
		}
		if s := e.text("summary"); s != "" {
			name = s
		}
		out = append(out, example{name, r.show(e.get("value"))})
	})
	return out
}

// show writes a value for people: texts bare, the rest as JSON.
func (r *reader) show(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	text, err := indented(v)
	if err != nil {
		r.fail("a value cannot be shown: %w", err)
	}
	return string(text)
}

// accesses reads a list of security requirements; none at all is nil.
func accesses(list []any) []access {
	var out []access
	for _, v := range list {
		o, _ := v.(*object)
		a := access{}
		if o != nil {
			for _, name := range o.names {
				a = append(a, span{Text: name, Href: "#" + anchorOf("auth-", name)})
			}
		}
		out = append(out, a)
	}
	return out
}

func howOf(o *object) []span {
	code := func(s string) span { return span{Text: s, Code: true} }
	switch o.text("type") {
	case "http":
		switch strings.ToLower(o.text("scheme")) {
		case "bearer":
			if f := o.text("bearerFormat"); f != "" {
				return []span{{Text: "header "}, code("Authorization: Bearer …"), {Text: ", a " + f}}
			}
			return []span{{Text: "header "}, code("Authorization: Bearer …")}
		case "basic":
			return []span{{Text: "header "}, code("Authorization: Basic …")}
		}
		return []span{{Text: "HTTP authentication "}, code(o.text("scheme"))}
	case "apiKey":
		what := map[string]string{"query": "parameter ", "header": "header ", "cookie": "cookie "}[o.text("in")]
		return []span{{Text: what}, code(o.text("name"))}
	}
	return []span{{Text: o.text("type")}}
}

// extensions are the x- members of an operation, "x-permission" as "Permission".
func extensions(o *object) []fact {
	var out []fact
	for _, name := range o.names {
		label, ok := strings.CutPrefix(name, "x-")
		if !ok || label == "" {
			continue
		}
		label = strings.ToUpper(label[:1]) + strings.ReplaceAll(label[1:], "-", " ")
		list, ok := o.get(name).([]any)
		if !ok {
			list = []any{o.get(name)}
		}
		f := fact{Label: label}
		for _, v := range list {
			f.Values = append(f.Values, inline(v))
		}
		out = append(out, f)
	}
	return out
}
