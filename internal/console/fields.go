package console

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"sort"
	"strconv"
	"strings"

	"facet/internal/profile"
	"facet/internal/schema"
)

// field is an attribute as a form has it. Inputs are called by the path of the
// attribute, with the id of each element of a plural on the way:
// "photos#12.value"; a new element is "photos#new".
type field struct {
	Name     string // of the input
	Path     string // of the attribute, for errors
	Label    string
	Help     string
	Input    string // text, long, integer, decimal, boolean, date, dateTime, json, object, plural
	Value    string
	Length   int // characters; 0: without bound
	Required bool
	Fault    string
	Theirs   *string // what somebody else wrote meanwhile

	Fields   []*field   // of an object
	Elements []*element // of a plural
	Filled   bool       // something below has a value, or a fault
}

// element is one of a plural.
type element struct {
	At     string // "photos#12"; "photos#new"
	ID     int64  // 0 for a new one
	Fields []*field
}

const newElement = "new"

// fieldsOf makes the form of a record's attributes.
func fieldsOf(t *schema.Type, attrs []byte) []*field {
	var doc map[string]any
	if decode(attrs, &doc) != nil {
		doc = nil
	}
	return childFields(t.Root(), "", doc)
}

// decode reads JSON with its numbers as they are written.
func decode(raw []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	return d.Decode(into)
}

func childFields(of *schema.Attribute, at string, doc map[string]any) []*field {
	var out []*field
	for _, a := range of.Children {
		if a.Reserved || a.Type == schema.Password {
			continue
		}
		name := a.Name
		if at != "" {
			name = at + "." + a.Name
		}
		f := &field{Name: name, Path: a.Path, Label: words(a.Name), Help: helpFor(a), Input: inputOf(a), Length: a.Length, Required: a.Has(schema.Required)}
		v := doc[a.Name]
		switch a.Type {
		case schema.Object:
			inner, _ := v.(map[string]any)
			f.Fields = childFields(a, name, inner)
			f.Filled = slices.ContainsFunc(f.Fields, func(c *field) bool { return c.Filled })
		case schema.Plural:
			list, _ := v.([]any)
			for _, item := range list {
				inner, _ := item.(map[string]any)
				id, _ := strconv.ParseInt(fmt.Sprint(inner["id"]), 10, 64)
				at := name + "#" + strconv.FormatInt(id, 10)
				f.Elements = append(f.Elements, &element{At: at, ID: id, Fields: childFields(a, at, inner)})
			}
			f.Filled = len(f.Elements) > 0
			f.Elements = append(f.Elements, &element{At: name + "#" + newElement, Fields: childFields(a, name+"#"+newElement, nil)})
		default:
			f.Value = textOf(v, a.Type)
			f.Filled = f.Value != ""
			if f.Input == "text" && strings.ContainsAny(f.Value, "\r\n") { // one line would lose them
				f.Input = "long"
			}
		}
		out = append(out, f)
	}
	sort.SliceStable(out, func(i, j int) bool { return rankOf(out[i]) < rankOf(out[j]) })
	return out
}

// rankOf puts what people look for first before the rest, values before objects,
// plurals last.
func rankOf(f *field) int {
	if i := slices.Index([]string{"displayName", "givenName", "middleName", "familyName", "email", "mobileNumber", "gender", "birthday", "aboutMe"}, f.Path); i >= 0 {
		return i
	}
	switch f.Input {
	case "json":
		return 150
	case "object":
		return 200
	case "plural":
		return 300
	}
	return 100
}

func inputOf(a *schema.Attribute) string {
	switch a.Type {
	case schema.String:
		if a.Name == "aboutMe" || a.Length > 500 && strings.Contains(strings.ToLower(a.Name), "description") {
			return "long"
		}
		return "text"
	case schema.Integer, schema.Decimal, schema.Boolean, schema.Date, schema.DateTime, schema.JSON, schema.Object, schema.Plural:
		return a.Type.String()
	}
	return "text"
}

// helpFor says what an attribute takes.
func helpFor(a *schema.Attribute) string {
	var says []string
	if a.Description != "" {
		says = append(says, sentence(a.Description))
	}
	for c, text := range map[schema.Constraint]string{
		schema.Unique: "Nobody else may have the same.", schema.EmailAddress: "An e-mail address.", schema.Alphabetic: "Letters only.",
		schema.Alphanumeric: "Letters and digits only.", schema.UnicodeLetters: "Letters only, of any alphabet.", schema.LocallyUnique: "Different in each entry.",
	} {
		if a.Has(c) {
			says = append(says, text)
		}
	}
	sort.Strings(says)
	if a.Type == schema.IPAddress {
		says = append(says, "An IP address.")
	}
	if a.Length > 0 && a.Length < 100 {
		says = append(says, fmt.Sprintf("Up to %d characters.", a.Length))
	}
	return strings.Join(says, " ")
}

// textOf is a value as an input has it, "" for none.
func textOf(v any, t schema.ValueType) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		if t != schema.JSON {
			return v
		}
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if e.Encode(v) != nil {
		return ""
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// eachField calls fn for every input of a form.
func eachField(fields []*field, fn func(*field)) {
	for _, f := range fields {
		fn(f)
		eachField(f.Fields, fn)
		for _, e := range f.Elements {
			eachField(e.Fields, fn)
		}
	}
}

// values are the inputs of a form that have a text, by name.
func values(fields []*field) map[string]string {
	out := map[string]string{}
	eachField(fields, func(f *field) {
		if f.Input != "object" && f.Input != "plural" {
			out[f.Name] = f.Value
		}
	})
	return out
}

// changesOf are the inputs that somebody made another of what they were shown:
// all line ends are those of JSON texts.
func changesOf(shown []*field, sent url.Values) map[string]string {
	out := map[string]string{}
	for name, was := range values(shown) {
		list, ok := sent["a:"+name]
		if !ok {
			continue
		}
		now := lines.Replace(list[len(list)-1])
		if now != lines.Replace(was) {
			out[name] = now
		}
	}
	return out
}

// lines are ended as in JSON texts, not as browsers send them.
var lines = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// patchOf makes of changes what entity.update takes. A text that its input
// cannot mean is Invalid, with the path of the attribute.
func patchOf(shown []*field, changes map[string]string) ([]byte, error) {
	out, err := objectOf(shown, changes)
	if err != nil || out == nil {
		return []byte("{}"), err
	}
	return out, nil
}

// objectOf is patchOf for an object or an element: nil where nothing changes.
func objectOf(fields []*field, changes map[string]string) ([]byte, error) {
	var b []byte
	add := func(name string, value []byte) {
		sep := byte(',')
		if b == nil {
			sep = '{'
		}
		b = append(append(schema.AppendString(append(b, sep), name), ':'), value...)
	}
	for _, f := range fields {
		name := f.Name[strings.LastIndexByte(f.Name, '.')+1:]
		switch f.Input {
		case "object":
			inner, err := objectOf(f.Fields, changes)
			if err != nil {
				return nil, err
			}
			if inner != nil {
				add(name, inner)
			}
		case "plural":
			var list [][]byte
			for _, e := range f.Elements {
				inner, err := objectOf(e.Fields, changes)
				if err != nil {
					return nil, err
				}
				if inner == nil {
					continue
				}
				if e.ID != 0 {
					inner = append([]byte(`{"id":`+strconv.FormatInt(e.ID, 10)+`,`), inner[1:]...)
				}
				list = append(list, inner)
			}
			if list != nil {
				add(name, append(append([]byte{'['}, bytes.Join(list, []byte{','})...), ']'))
			}
		default:
			text, changed := changes[f.Name]
			if !changed {
				continue
			}
			value, err := valueOf(f, text)
			if err != nil {
				return nil, err
			}
			add(name, value)
		}
	}
	if b == nil {
		return nil, nil
	}
	return append(b, '}'), nil
}

// valueOf is a text as the JSON that its input stands for: empty is none.
func valueOf(f *field, text string) ([]byte, error) {
	if text == "" {
		return []byte("null"), nil
	}
	invalid := func(says string) error {
		return profile.E(profile.Invalid, profile.CodeType, f.Path, "%s", says)
	}
	switch f.Input {
	case "integer", "decimal":
		text = strings.TrimSpace(text)
		if schema.CheckJSON([]byte(text), 1) != nil || !strings.ContainsAny(text[:1], "-0123456789") {
			return nil, invalid("This is not a number.")
		}
		return []byte(text), nil
	case "boolean":
		if text != "true" && text != "false" {
			return nil, invalid("This is yes or no.")
		}
		return []byte(text), nil
	case "json":
		if err := schema.CheckJSON([]byte(text), schema.MaxDocumentDepth); err != nil {
			return nil, invalid("This is not JSON: " + profile.AsError(err).Message + ".")
		}
		return []byte(text), nil
	}
	return schema.AppendString(nil, text), nil
}

// fault puts an error beside its field; false where no field has the path.
func fault(fields []*field, e *profile.Error, touched map[string]string) bool {
	var found *field
	eachField(fields, func(f *field) {
		_, mine := touched[f.Name]
		if f.Path == e.Field && (found == nil || mine) {
			found = f
		}
	})
	if found == nil {
		return false
	}
	found.Fault = saying(e)
	open(fields)
	return true
}

// open shows what has a fault or something to compare below it.
func open(fields []*field) (any bool) {
	for _, f := range fields {
		below := open(f.Fields)
		for _, e := range f.Elements {
			below = open(e.Fields) || below
		}
		if below {
			f.Filled = true
		}
		any = any || below || f.Fault != "" || f.Theirs != nil
	}
	return any
}
