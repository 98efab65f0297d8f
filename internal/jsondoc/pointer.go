package jsondoc

import (
	"strconv"
	"strings"

	"facet/internal/profile"
)

// Pointer is a place in a document (RFC 6901), step by step.
type Pointer []string

// maxPointer bounds a pointer: a document is not nested deeper.
const maxPointer = 128

// ParsePointer reads a pointer: "" is the whole document. Errors:
// Invalid/CodeInvalid.
func ParsePointer(text string) (Pointer, error) {
	if text == "" {
		return nil, nil
	}
	if text[0] != '/' || strings.Count(text, "/") > maxPointer {
		return nil, badPointer(text)
	}
	steps := strings.Split(text[1:], "/")
	for i, step := range steps {
		for j := 0; j < len(step); j++ {
			if step[j] == '~' && (j+1 == len(step) || step[j+1] != '0' && step[j+1] != '1') {
				return nil, badPointer(text)
			}
		}
		steps[i] = unescape.Replace(step)
	}
	return steps, nil
}

func badPointer(text string) error {
	return profile.E(profile.Invalid, profile.CodeInvalid, "", "%.100q is no JSON Pointer.", text)
}

var unescape = strings.NewReplacer("~1", "/", "~0", "~")

// place is the number of an element; ok is false for what is no number (RFC
// 6901, section 4).
func place(step string) (i int, ok bool) {
	i, err := strconv.Atoi(step)
	return i, err == nil && step[0] >= '0' && step[0] <= '9' && (len(step) == 1 || step[0] != '0')
}

// at gives the value at a pointer, nil when there is none.
func (n *node) at(p Pointer) *node {
	for _, step := range p {
		switch n.kind {
		case '{':
			n = n.member(step)
		case '[':
			n.open()
			i, ok := place(step)
			if !ok || i >= len(n.elements) {
				return nil
			}
			n = n.elements[i]
		default:
			return nil
		}
		if n == nil {
			return nil
		}
	}
	return n
}

// Pick gives a document with no more than the values at some pointers, each
// with the objects round it; of an array that a pointer leads into, the whole.
// What is not there is left out.
func Pick(doc []byte, pointers []Pointer) []byte {
	n := parse(doc)
	if n.kind != '{' {
		return doc
	}
	return pick(n, pointers).text()
}

func pick(n *node, pointers []Pointer) *node {
	for _, p := range pointers {
		if len(p) == 0 || n.kind != '{' {
			return n
		}
	}
	out := &node{kind: '{', read: true}
	n.open()
	below := map[string][]Pointer{}
	for _, p := range pointers {
		below[p[0]] = append(below[p[0]], p[1:])
	}
	for _, m := range n.members {
		inner, ok := below[m.name]
		if !ok {
			continue
		}
		v := pick(m.value, inner)
		if v != m.value && len(v.members) == 0 && m.value.size() > 0 {
			continue // nothing of it was asked for
		}
		out.members = append(out.members, member{m.text, m.name, v})
	}
	return out
}
