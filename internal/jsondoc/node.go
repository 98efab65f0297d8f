// Package jsondoc works on JSON text without reading it into Go values: it
// patches a document (RFC 7396, RFC 6902), picks parts of it by pointer (RFC
// 6901) and compares. What a patch does not touch stays as it was, to the
// letter: numbers, the order of names, the escapes in strings.
//
// Texts are such as schema.CheckJSON accepts. On others the functions give
// nonsense, but they end and do not panic.
package jsondoc

import "facet/internal/schema"

// node is a value of a document. Its text is read only as far as somebody asks
// for what is in it.
type node struct {
	raw   []byte // the text; nil once something within has changed
	kind  byte   // its first byte: { [ " t f n, or 0 for a number
	read  bool   // members or elements are filled
	names map[string]int
	// members of an object, in order; one that was removed has no value
	members []member
	// elements of an array
	elements []*node
}

type member struct {
	text  []byte // of the name, with its quotes
	name  string
	value *node
}

// parse makes the node of a whole text.
func parse(text []byte) *node {
	i := schema.SkipSpace(text, 0)
	return newNode(text[i:schema.SkipValue(text, i)])
}

func newNode(raw []byte) *node {
	n := &node{raw: raw}
	if len(raw) > 0 {
		switch raw[0] {
		case '{', '[', '"', 't', 'f', 'n':
			n.kind = raw[0]
		}
	}
	return n
}

// many is from how many members an object has an index of their names.
const many = 16

// open reads the members or elements.
func (n *node) open() {
	if n.read || n.kind != '{' && n.kind != '[' {
		return
	}
	n.read = true
	b := n.raw
	for i := schema.SkipSpace(b, 1); i < len(b) && b[i] != '}' && b[i] != ']'; {
		var name []byte
		if n.kind == '{' {
			end := schema.SkipString(b, i)
			name = b[i:end]
			if i = schema.SkipSpace(b, end); i < len(b) && b[i] == ':' {
				i = schema.SkipSpace(b, i+1)
			}
		}
		end := schema.SkipValue(b, i)
		if end == i { // no value: the text is none
			return
		}
		if value := newNode(b[i:end]); n.kind == '{' {
			text, _ := schema.Text(name)
			n.members = append(n.members, member{name, text, value})
		} else {
			n.elements = append(n.elements, value)
		}
		if i = schema.SkipSpace(b, end); i < len(b) && b[i] == ',' {
			i = schema.SkipSpace(b, i+1)
		}
	}
}

// find gives the place of a member, or -1.
func (n *node) find(name string) int {
	n.open()
	if len(n.members) > many {
		if n.names == nil {
			n.names = make(map[string]int, len(n.members))
			for i, m := range n.members {
				n.names[m.name] = i
			}
		}
		if i, ok := n.names[name]; ok && n.members[i].value != nil {
			return i
		}
		return -1
	}
	for i, m := range n.members {
		if m.name == name && m.value != nil {
			return i
		}
	}
	return -1
}

// member gives a member's value, nil when there is none.
func (n *node) member(name string) *node {
	if n.kind != '{' {
		return nil
	}
	if i := n.find(name); i >= 0 {
		return n.members[i].value
	}
	return nil
}

// set gives a member a value: in its place, or at the end. text is the name as
// it is to be written, when it is new.
func (n *node) set(text []byte, name string, value *node) {
	if i := n.find(name); i >= 0 {
		n.members[i].value = value
	} else {
		if n.names != nil {
			n.names[name] = len(n.members)
		}
		n.members = append(n.members, member{text, name, value})
	}
	n.raw = nil
}

// drop removes a member; false when there is none.
func (n *node) drop(name string) bool {
	i := n.find(name)
	if i < 0 {
		return false
	}
	n.members[i].value = nil
	n.raw = nil
	return true
}

// append writes the text.
func (n *node) append(b []byte) []byte {
	if n.raw != nil {
		return append(b, n.raw...)
	}
	from := len(b) + 1
	if n.kind == '[' {
		b = append(b, '[')
		for _, e := range n.elements {
			if len(b) > from {
				b = append(b, ',')
			}
			b = e.append(b)
		}
		return append(b, ']')
	}
	b = append(b, '{')
	for _, m := range n.members {
		if m.value == nil {
			continue
		}
		if len(b) > from {
			b = append(b, ',')
		}
		b = m.value.append(append(append(b, m.text...), ':'))
	}
	return append(b, '}')
}

func (n *node) text() []byte { return n.append(nil) }

// Members calls fn with the name and the text of each member of an object, in
// order, until it returns false; on anything else it does nothing.
func Members(doc []byte, fn func(name string, value []byte) bool) {
	n := parse(doc)
	if n.kind != '{' {
		return
	}
	n.open()
	for _, m := range n.members {
		if !fn(m.name, m.value.raw) {
			return
		}
	}
}

// Without gives an object without the members whose names fn selects.
func Without(doc []byte, fn func(name string) bool) []byte {
	n := parse(doc)
	if n.kind != '{' {
		return doc
	}
	n.open()
	for i := range n.members {
		if fn(n.members[i].name) {
			n.members[i].value = nil
			n.raw = nil
		}
	}
	return n.text()
}

// With gives an object with the members of another that fn selects: each in its
// place where the object has it, else at the end.
func With(doc, other []byte, fn func(name string) bool) []byte {
	n := parse(doc)
	if n.kind != '{' {
		return doc
	}
	from := parse(other)
	if from.kind != '{' {
		return doc
	}
	from.open()
	for _, m := range from.members {
		if fn(m.name) {
			n.set(m.text, m.name, m.value)
		}
	}
	return n.text()
}
