package schema

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Step is one step of a Path: an attribute, and for a plural perhaps one of
// its elements.
type Step struct {
	Name string
	ID   int64 // number of a plural's element; 0 = none named
}

// Path leads from a record to an attribute or an element. The empty path is
// the record itself.
type Path []Step

// ParsePath reads "a.b", "/a/b", "a#3/b" and mixtures of them; a leading slash
// may be left out, "" and "/" are the record (Identity Cloud, "Attribute
// paths"). What cannot be a path names no attribute: the error is
// Unknown/CodeUnknownAttribute.
func ParsePath(s string) (Path, error) {
	rest := strings.TrimPrefix(s, "/")
	if rest == "" {
		return nil, nil
	}
	if !utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0 {
		return nil, unknownAttribute(strings.ToValidUTF8(strings.ReplaceAll(rest, "\x00", ""), "\uFFFD"))
	}
	var p Path
	for more := true; more; {
		step := rest
		if i := strings.IndexAny(rest, "./"); i >= 0 {
			step, rest = rest[:i], rest[i+1:]
		} else {
			more = false
		}
		name, id, hasID := strings.Cut(step, "#")
		st := Step{Name: name}
		if hasID {
			n, err := strconv.ParseUint(id, 10, 63)
			if err != nil || n == 0 {
				return nil, badPath(s)
			}
			st.ID = int64(n)
		}
		if name == "" {
			return nil, badPath(s)
		}
		p = append(p, st)
	}
	return p, nil
}

func badPath(s string) error {
	return unknownAttribute(strings.ReplaceAll(strings.TrimPrefix(s, "/"), "/", "."))
}

// String gives the path the way the wire writes it: "/profiles#8/profile".
func (p Path) String() string {
	if len(p) == 0 {
		return "/"
	}
	var b strings.Builder
	for _, s := range p {
		b.WriteByte('/')
		b.WriteString(s.Name)
		if s.ID != 0 {
			b.WriteByte('#')
			b.WriteString(strconv.FormatInt(s.ID, 10))
		}
	}
	return b.String()
}

// Dotted gives the attribute's path without elements: "profiles.profile".
func (p Path) Dotted() string {
	var b strings.Builder
	for i, s := range p {
		if i > 0 {
			b.WriteByte('.')
		}
		b.WriteString(s.Name)
	}
	return b.String()
}
