package jsondoc

import (
	"strconv"

	"facet/internal/profile"
	"facet/internal/schema"
)

// MaxOperations is how many operations a patch has at most.
const MaxOperations = 1000

// operation is one of a patch (RFC 6902, section 4).
type operation struct {
	op         string
	path, from Pointer
	value      *node
}

// Patch is a JSON Patch (RFC 6902) that was read.
type Patch []operation

// ParsePatch reads a patch. Errors: Invalid/CodeType when it is no array of
// objects, Missing/CodeRequired, Invalid/CodeChoice, Invalid/CodeInvalid and
// TooLarge, with the pointer into the patch as Field ("/3/path").
func ParsePatch(text []byte) (Patch, error) {
	n := parse(text)
	if n.kind != '[' {
		return nil, profile.E(profile.Invalid, profile.CodeType, "", "A JSON Patch is an array of operations.")
	}
	n.open()
	if len(n.elements) > MaxOperations {
		return nil, profile.E(profile.TooLarge, profile.CodeTooLarge, "", "A JSON Patch may have at most %d operations.", MaxOperations)
	}
	out := make(Patch, len(n.elements))
	for i, e := range n.elements {
		at := "/" + strconv.Itoa(i)
		if e.kind != '{' {
			return nil, profile.E(profile.Invalid, profile.CodeType, at, "An operation is an object.")
		}
		var err error
		if out[i], err = parseOperation(e, at); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// needs says which members an operation has beside op and path.
var needs = map[string]string{"add": "value", "remove": "", "replace": "value", "move": "from", "copy": "from", "test": "value"}

func parseOperation(n *node, at string) (o operation, err error) {
	if o.op, err = textOf(n, "op", at); err != nil {
		return o, err
	}
	need, known := needs[o.op]
	if !known {
		return o, profile.E(profile.Invalid, profile.CodeChoice, at+"/op", "op is one of add, remove, replace, move, copy and test.")
	}
	if o.path, err = pointerOf(n, "path", at); err != nil {
		return o, err
	}
	switch need {
	case "from":
		if o.from, err = pointerOf(n, "from", at); err != nil {
			return o, err
		}
		if o.op == "move" && isInside(o.path, o.from) {
			return o, profile.E(profile.Invalid, profile.CodeInvalid, at+"/path", "A value cannot be moved into itself.")
		}
	case "value":
		if o.value = n.member("value"); o.value == nil {
			return o, profile.E(profile.Missing, profile.CodeRequired, at+"/value", "value is required.")
		}
	}
	return o, nil
}

func isInside(p, q Pointer) bool {
	if len(p) <= len(q) {
		return false
	}
	for i, step := range q {
		if p[i] != step {
			return false
		}
	}
	return true
}

func textOf(n *node, name, at string) (string, error) {
	v := n.member(name)
	if v == nil {
		return "", profile.E(profile.Missing, profile.CodeRequired, at+"/"+name, "%s is required.", name)
	}
	text, ok := schema.Text(v.raw)
	if !ok {
		return "", profile.E(profile.Invalid, profile.CodeType, at+"/"+name, "%s must be a string.", name)
	}
	return text, nil
}

func pointerOf(n *node, name, at string) (Pointer, error) {
	text, err := textOf(n, name, at)
	if err != nil {
		return nil, err
	}
	p, err := ParsePointer(text)
	if err != nil {
		return nil, profile.E(profile.Invalid, profile.CodeInvalid, at+"/"+name, "%s is no JSON Pointer.", name)
	}
	return p, nil
}

// Apply makes all changes of the patch, in order, or none. Errors, with the
// pointer into the patch as Field: Conflict/CodePatchTest when a test fails,
// Conflict/CodePatchPath when a path leads nowhere, TooLarge when the document
// would have more than limit bytes.
func (p Patch) Apply(doc []byte, limit int) ([]byte, error) {
	root := parse(doc)
	room := limit - len(doc)
	for i, o := range p {
		at := "/" + strconv.Itoa(i)
		var err error
		if root, err = o.apply(root, at, &room); err != nil {
			return nil, err
		}
	}
	return root.text(), nil
}

func (o operation) apply(root *node, at string, room *int) (*node, error) {
	switch o.op {
	case "test":
		if v := root.at(o.path); v == nil {
			return nil, nowhere(at + "/path")
		} else if !equal(v, o.value) {
			return nil, profile.E(profile.Conflict, profile.CodePatchTest, at, "The value at path is another.")
		}
		return root, nil
	case "remove":
		_, root, err := take(root, o.path, at+"/path", room)
		return root, err
	case "replace":
		old := root.at(o.path)
		if old == nil {
			return nil, nowhere(at + "/path")
		}
		if len(o.path) == 0 {
			return put(root, o.path, fresh(o.value.text()), at+"/path", room)
		}
		*room += len(old.text())
		return exchange(root, o.path, fresh(o.value.text()), at+"/path", room)
	case "move":
		v, root, err := take(root, o.from, at+"/from", room)
		if err != nil {
			return nil, err
		}
		return put(root, o.path, v, at+"/path", room)
	case "copy":
		v := root.at(o.from)
		if v == nil {
			return nil, nowhere(at + "/from")
		}
		return put(root, o.path, fresh(v.text()), at+"/path", room)
	}
	return put(root, o.path, fresh(o.value.text()), at+"/path", room) // add
}

// fresh is a value of its own.
func fresh(text []byte) *node { return newNode(text) }

func nowhere(at string) error {
	return profile.E(profile.Conflict, profile.CodePatchPath, at, "There is nothing at this path.")
}

// parent finds what holds the value at a pointer, and makes it and all round
// it to be written anew.
func parent(root *node, p Pointer, at string) (*node, error) {
	n := root
	for i := range p {
		if n.kind != '{' && n.kind != '[' {
			return nil, nowhere(at)
		}
		n.open()
		n.raw = nil
		if i == len(p)-1 {
			return n, nil
		}
		if n = n.at(p[i : i+1]); n == nil {
			return nil, nowhere(at)
		}
	}
	return n, nil
}

// put adds a value (RFC 6902, section 4.1).
func put(root *node, p Pointer, v *node, at string, room *int) (*node, error) {
	size := len(v.text())
	if len(p) == 0 {
		*room += len(root.text()) - size
		return v, full(*room)
	}
	if root.at(p[:len(p)-1]) == nil {
		return nil, nowhere(at)
	}
	n, err := parent(root, p, at)
	if err != nil {
		return nil, err
	}
	last := p[len(p)-1]
	if n.kind == '{' {
		if old := n.member(last); old != nil {
			*room += len(old.text())
		} else {
			*room -= len(last) + 4
		}
		n.set(schema.AppendString(nil, last), last, v)
		*room -= size
		return root, full(*room)
	}
	i, ok := place(last)
	if last == "-" {
		i, ok = len(n.elements), true
	}
	if !ok || i > len(n.elements) {
		return nil, nowhere(at)
	}
	n.elements = append(n.elements, nil)
	copy(n.elements[i+1:], n.elements[i:])
	n.elements[i] = v
	*room -= size + 1
	return root, full(*room)
}

// exchange puts a value in the place of one that is there.
func exchange(root *node, p Pointer, v *node, at string, room *int) (*node, error) {
	n, err := parent(root, p, at)
	if err != nil {
		return nil, err
	}
	if last := p[len(p)-1]; n.kind == '{' {
		n.members[n.find(last)].value = v
	} else {
		i, _ := place(last)
		n.elements[i] = v
	}
	*room -= len(v.text())
	return root, full(*room)
}

// take removes a value and gives it.
func take(root *node, p Pointer, at string, room *int) (v, rest *node, err error) {
	if v = root.at(p); v == nil {
		return nil, nil, nowhere(at)
	}
	if len(p) == 0 {
		return v, newNode([]byte("null")), nil
	}
	n, err := parent(root, p, at)
	if err != nil {
		return nil, nil, err
	}
	*room += len(v.text())
	if last := p[len(p)-1]; n.kind == '{' {
		n.drop(last)
	} else {
		i, _ := place(last)
		n.elements = append(n.elements[:i:i], n.elements[i+1:]...)
	}
	return v, root, nil
}

func full(room int) error {
	if room < 0 {
		return profile.E(profile.TooLarge, profile.CodeTooLarge, "", "The document would be too large.")
	}
	return nil
}
