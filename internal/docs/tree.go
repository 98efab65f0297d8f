package docs

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/oasdiff/yaml3"
)

// A tree is a YAML document as JSON has it: *object, []any, string, bool, nil,
// or the number of its text. Unlike a map, an object keeps the order in which
// its author wrote it, which is the order in which people want to read it.
type object struct {
	names  []string
	values map[string]any
}

// maxDepth bounds a document's nesting, aliases followed.
const maxDepth = 64

// readTree reads a document whose top is an object.
func readTree(text []byte) (*object, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, err
	}
	if len(doc.Content) != 1 {
		return nil, errors.New("there is no document")
	}
	v, err := treeOf(doc.Content[0], 0)
	if err != nil {
		return nil, err
	}
	o, ok := v.(*object)
	if !ok {
		return nil, errors.New("the document is no object")
	}
	return o, nil
}

func treeOf(n *yaml.Node, depth int) (any, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("line %d: nested deeper than %d", n.Line, maxDepth)
	}
	switch n.Kind {
	case yaml.AliasNode:
		return treeOf(n.Alias, depth+1)
	case yaml.SequenceNode:
		list := make([]any, 0, len(n.Content))
		for _, c := range n.Content {
			v, err := treeOf(c, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, nil
	case yaml.MappingNode:
		return objectOf(n, depth)
	}
	return scalarOf(n)
}

func objectOf(n *yaml.Node, depth int) (any, error) {
	o := &object{values: map[string]any{}}
	var merged []*object
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		v, err := treeOf(n.Content[i+1], depth+1)
		if err != nil {
			return nil, err
		}
		if key.ShortTag() == "!!merge" {
			from, ok := v.(*object)
			if !ok {
				return nil, fmt.Errorf("line %d: only an object can be merged", key.Line)
			}
			merged = append(merged, from)
			continue
		}
		o.set(key.Value, v)
	}
	for _, from := range merged {
		for _, name := range from.names {
			if _, ok := o.values[name]; !ok {
				o.set(name, from.values[name])
			}
		}
	}
	return o, nil
}

// scalarOf reads a leaf. What is no number, truth or null in JSON is a text,
// dates too.
func scalarOf(n *yaml.Node) (any, error) {
	switch n.ShortTag() {
	case "!!null":
		return nil, nil
	case "!!bool":
		var b bool
		err := n.Decode(&b)
		return b, err
	case "!!int", "!!float":
		var v any
		if err := n.Decode(&v); err != nil {
			return nil, err
		}
		text, err := json.Marshal(v)
		return json.Number(text), err
	}
	return n.Value, nil
}

func (o *object) set(name string, v any) {
	if _, ok := o.values[name]; !ok {
		o.names = append(o.names, name)
	}
	o.values[name] = v
}

// The readers below answer nothing where a name is absent or of another kind,
// of a nil object too.

func (o *object) get(name string) any {
	if o == nil {
		return nil
	}
	return o.values[name]
}

func (o *object) has(name string) bool {
	if o == nil {
		return false
	}
	_, ok := o.values[name]
	return ok
}

func (o *object) object(name string) *object {
	v, _ := o.get(name).(*object)
	return v
}

func (o *object) list(name string) []any {
	v, _ := o.get(name).([]any)
	return v
}

func (o *object) text(name string) string {
	v, _ := o.get(name).(string)
	return v
}

func (o *object) truth(name string) bool {
	v, _ := o.get(name).(bool)
	return v
}

// each calls f for every member that is an object, in order.
func (o *object) each(f func(name string, v *object)) {
	if o == nil {
		return
	}
	for _, name := range o.names {
		if v, ok := o.values[name].(*object); ok {
			f(name, v)
		}
	}
}

// unescaped reads a segment of a JSON pointer (RFC 6901).
var unescaped = strings.NewReplacer("~1", "/", "~0", "~")

// find follows a reference of the same document, "#/components/schemas/Token".
func (o *object) find(ref string) *object {
	path, ok := strings.CutPrefix(ref, "#/")
	if !ok {
		return nil
	}
	for name := range strings.SplitSeq(path, "/") {
		o = o.object(unescaped.Replace(name))
	}
	return o
}

// compact writes a tree as JSON on one line, in its order.
func compact(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := writeJSON(&b, e, v)
	return b.Bytes(), err
}

func writeJSON(b *bytes.Buffer, leaf *json.Encoder, v any) (err error) {
	switch v := v.(type) {
	case *object:
		b.WriteByte('{')
		for i, name := range v.names {
			if i > 0 {
				b.WriteByte(',')
			}
			err = errors.Join(err, writeJSON(b, leaf, name))
			b.WriteByte(':')
			err = errors.Join(err, writeJSON(b, leaf, v.values[name]))
		}
		b.WriteByte('}')
	case []any:
		b.WriteByte('[')
		for i, e := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			err = errors.Join(err, writeJSON(b, leaf, e))
		}
		b.WriteByte(']')
	default:
		err = leaf.Encode(v)
		b.Truncate(len(bytes.TrimSuffix(b.Bytes(), []byte("\n")))) // which Encode adds
	}
	return err
}

// indented writes a tree as JSON for people.
func indented(v any) ([]byte, error) {
	text, err := compact(v)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = json.Indent(&b, text, "", "  ")
	return b.Bytes(), err
}
