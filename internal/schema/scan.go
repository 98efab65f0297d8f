package schema

import (
	"bytes"
	"strconv"
)

// The functions of this file walk JSON text that CheckJSON has accepted, or
// that this package has written. On other text they give nonsense, but they
// end and do not panic.

// SkipSpace gives the position of the first byte from b[i] on that is no white
// space.
func SkipSpace(b []byte, i int) int {
	for i < len(b) && b[i] <= ' ' && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

// SkipString gives the position after the string whose opening quote is b[i].
func SkipString(b []byte, i int) int {
	for j := i + 1; j < len(b); j++ {
		n := bytes.IndexByte(b[j:], '"')
		if n < 0 {
			return len(b)
		}
		j += n
		k := j - 1
		for k > i && b[k] == '\\' {
			k--
		}
		if (j-1-k)%2 == 0 {
			return j + 1
		}
	}
	return len(b)
}

// SkipValue gives the position after the value that begins at b[i].
func SkipValue(b []byte, i int) int {
	if i >= len(b) {
		return len(b)
	}
	switch b[i] {
	case '"':
		return SkipString(b, i)
	case '{', '[':
		depth := 0
		for i < len(b) {
			switch b[i] {
			case '"':
				i = SkipString(b, i)
				continue
			case '{', '[':
				depth++
			case '}', ']':
				if depth--; depth == 0 {
					return i + 1
				}
			}
			i++
		}
		return len(b)
	}
	for i < len(b) {
		switch b[i] {
		case ',', '}', ']', ' ', '\n', '\t', '\r':
			return i
		}
		i++
	}
	return i
}

// cursor walks the members of an object or the elements of an array.
type cursor struct {
	b []byte
	i int
}

// enter begins at the object or array that is b[i]; on anything else the
// cursor finds nothing.
func enter(b []byte, i int) cursor {
	i = SkipSpace(b, i)
	if i >= len(b) || b[i] != '{' && b[i] != '[' {
		return cursor{b, len(b)}
	}
	return cursor{b, i + 1}
}

// key reads the next member up to its value, which then begins at c.i. The
// name is raw: without its quotes, escapes not resolved.
func (c *cursor) key() (name []byte, ok bool) {
	b := c.b
	i := SkipSpace(b, c.i)
	if i < len(b) && b[i] == ',' {
		i = SkipSpace(b, i+1)
	}
	if i >= len(b) || b[i] != '"' {
		return nil, false
	}
	end := SkipString(b, i)
	if end < i+2 || end >= len(b) {
		return nil, false
	}
	name = b[i+1 : end-1]
	if i = SkipSpace(b, end); i >= len(b) || b[i] != ':' {
		return nil, false
	}
	c.i = SkipSpace(b, i+1)
	return name, c.i < len(b)
}

// skip passes the value that begins at c.i and gives its text.
func (c *cursor) skip() []byte {
	start := c.i
	c.i = SkipValue(c.b, start)
	return c.b[start:c.i]
}

func (c *cursor) member() (name, val []byte, ok bool) {
	if name, ok = c.key(); ok {
		val = c.skip()
	}
	return name, val, ok
}

// start moves to the next element of an array, which then begins at c.i.
func (c *cursor) start() bool {
	i := SkipSpace(c.b, c.i)
	if i < len(c.b) && c.b[i] == ',' {
		i = SkipSpace(c.b, i+1)
	}
	if i >= len(c.b) || c.b[i] == ']' || c.b[i] == '}' || c.b[i] == ',' || c.b[i] == ':' {
		return false
	}
	c.i = i
	return true
}

func (c *cursor) element() (val []byte, ok bool) {
	if ok = c.start(); ok {
		val = c.skip()
	}
	return val, ok
}

// Values calls fn with the raw JSON of every value at path: names step into
// objects, and into every element of arrays on the way. Nulls count as absent.
// It stops when fn returns false, and reports whether it came to the end. It
// allocates nothing, and reads no further than it must.
func Values(stored []byte, path []string, fn func(raw []byte) bool) bool {
	return values(stored, SkipSpace(stored, 0), path, fn)
}

func values(b []byte, i int, path []string, fn func(raw []byte) bool) bool {
	if i >= len(b) {
		return true
	}
	if len(path) == 0 {
		if b[i] == 'n' {
			return true
		}
		return fn(b[i:SkipValue(b, i)])
	}
	c := enter(b, i)
	switch b[i] {
	case '{':
		for {
			name, ok := c.key()
			if !ok {
				return true
			}
			if string(name) == path[0] {
				return values(b, c.i, path[1:], fn)
			}
			c.i = SkipValue(b, c.i)
		}
	case '[':
		for c.start() {
			from := c.i
			c.i = SkipValue(b, from)
			if b[from] == '{' && !values(b, from, path, fn) {
				return false
			}
		}
	}
	return true
}

// member finds the value of one member of an object; nil when absent.
func member(obj []byte, name string) []byte {
	c := enter(obj, 0)
	for {
		n, val, ok := c.member()
		if !ok {
			return nil
		}
		if string(n) == name {
			return val
		}
	}
}

// elementByID finds the element of a stored plural by its number; nil when absent.
func elementByID(plural []byte, id int64) []byte {
	c := enter(plural, 0)
	for {
		el, ok := c.element()
		if !ok {
			return nil
		}
		if elementID(el) == id {
			return el
		}
	}
}

func elementID(el []byte) int64 {
	n, _ := strconv.ParseInt(string(member(el, "id")), 10, 64)
	return n
}

// Elements lists the elements of a JSON array that passed CheckJSON; ok is
// false when it is something else.
func Elements(raw []byte) (list [][]byte, ok bool) {
	raw = trim(raw)
	if len(raw) == 0 || raw[0] != '[' {
		return nil, false
	}
	for c := enter(raw, 0); ; {
		el, more := c.element()
		if !more {
			return list, true
		}
		list = append(list, el)
	}
}

// ElementAt gives the element with an id of the plurals at a path of stored
// attributes, nil when none of them has it.
func ElementAt(stored []byte, path Path, id int64) (element []byte) {
	steps := make([]string, len(path))
	for i, s := range path {
		steps[i] = s.Name
	}
	Values(stored, steps, func(plural []byte) bool {
		element = elementByID(plural, id)
		return element == nil
	})
	return element
}
