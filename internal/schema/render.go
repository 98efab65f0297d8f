package schema

import (
	"encoding/hex"
	"strconv"
	"time"

	"facet/internal/profile"
)

// Head is what a record's full form shows besides its attributes.
type Head struct {
	Number    int64             // the reserved attribute id
	UUID      profile.ID        // uuid
	Created   time.Time         // created
	Updated   time.Time         // lastUpdated
	Password  string            // type of the password at the path "password", e.g. "password-bcrypt"; "" when there is none
	Passwords map[string]string // the same for other attributes, by dotted path
}

// Render appends the full record as the entity face shows it: every attribute
// of the type, unset ones as null, [] or an object of nulls, names in byte
// order, compact. Stored members that the type does not know are left out.
func (t *Type) Render(dst, stored []byte, head Head) []byte {
	dst, _ = renderObject(dst, t.root, stored, 0, &head)
	return dst
}

// renderObject appends the object (or element) at b[i] and gives the position
// after it. One walk over the stored members goes along with one over the
// attributes, both being sorted; runs of unset attributes are copied at once.
func renderObject(dst []byte, a *Attribute, b []byte, i int, head *Head) ([]byte, int) {
	begin, next := len(dst), 0
	children := a.Children
	c := enter(b, i)
	for {
		name, ok := c.key()
		if !ok {
			break
		}
		at := next
		for at < len(children) && children[at].Name < string(name) {
			at++
		}
		if at == len(children) || children[at].Name != string(name) {
			c.i = SkipValue(b, c.i)
			continue
		}
		dst = renderUnset(dst, a, next, at, head)
		next = at + 1
		child := children[at]
		dst = append(dst, child.key...)
		dst, c.i = renderValue(dst, child, b, c.i, head)
	}
	dst = renderUnset(dst, a, next, len(children), head)
	if len(dst) == begin {
		dst = append(dst, '{')
	}
	dst[begin] = '{'
	return append(dst, '}'), min(SkipSpace(b, c.i)+1, len(b))
}

func renderValue(dst []byte, a *Attribute, b []byte, i int, head *Head) ([]byte, int) {
	switch {
	case a.Type == Object && b[i] == '{':
		return renderObject(dst, a, b, i, head)
	case a.Type == Plural && b[i] == '[':
		begin := len(dst)
		c := enter(b, i)
		for c.start() {
			dst = append(dst, ',')
			if b[c.i] == '{' {
				dst, c.i = renderObject(dst, a, b, c.i, head)
			} else { // not ours: no element is anything else
				dst = dst[:len(dst)-1]
				c.skip()
			}
		}
		if len(dst) == begin {
			dst = append(dst, '[')
		}
		dst[begin] = '['
		return append(dst, ']'), min(SkipSpace(b, c.i)+1, len(b))
	}
	end := SkipValue(b, i)
	if a.Type == Object || a.Type == Plural || a.Type == Password {
		return append(dst, a.unset...), end
	}
	return append(dst, b[i:end]...), end
}

// renderUnset appends the children from..to, none of which is stored.
func renderUnset(dst []byte, a *Attribute, from, to int, head *Head) []byte {
	for _, s := range a.special {
		if s < from {
			continue
		}
		if s >= to {
			break
		}
		dst = append(dst, a.blank[a.offsets[from]:a.offsets[s]]...)
		c := a.Children[s]
		dst = renderSpecial(append(dst, c.key...), c, head)
		from = s + 1
	}
	if from < to {
		dst = append(dst, a.blank[a.offsets[from]:a.offsets[to]]...)
	}
	return dst
}

// renderSpecial appends an attribute that lives in the head.
func renderSpecial(dst []byte, a *Attribute, head *Head) []byte {
	switch {
	case a.Type == Object:
		dst, _ = renderObject(dst, a, []byte("{}"), 0, head)
		return dst
	case a.Type == Password:
		typ := head.Password
		if a.Path != "password" {
			typ = head.Passwords[a.Path]
		}
		if typ == "" {
			return append(dst, "null"...)
		}
		return append(AppendString(append(dst, `{"type":`...), typ), '}')
	case a.Name == "id":
		return strconv.AppendInt(dst, head.Number, 10)
	case a.Name == "uuid":
		return append(appendUUID(append(dst, '"'), head.UUID), '"')
	case a.Name == "created":
		return append(AppendDateTime(append(dst, '"'), head.Created), '"')
	case a.Name == "lastUpdated":
		return append(AppendDateTime(append(dst, '"'), head.Updated), '"')
	}
	return append(dst, a.unset...)
}

// appendUUID appends the form of RFC 9562, section 4, without making a string.
func appendUUID(dst []byte, id profile.ID) []byte {
	from := 0
	for _, to := range [...]int{4, 6, 8, 10, 16} {
		if from > 0 {
			dst = append(dst, '-')
		}
		dst = hex.AppendEncode(dst, id[from:to])
		from = to
	}
	return dst
}

// View renders some attributes of a type, nested as in the full record.
type View struct{ t *Type }

// Only prepares a view of just these attributes, for many records of one
// answer (the parameter attributes of entity and entity.find). An unknown path
// is Unknown/CodeUnknownAttribute.
func (t *Type) Only(paths []Path) (*View, error) {
	sub, err := t.subset(paths, false)
	if err != nil {
		return nil, err
	}
	return &View{sub}, nil
}

// Render appends the part of a record that the view shows.
func (v *View) Render(dst, stored []byte, head Head) []byte { return v.t.Render(dst, stored, head) }

// RenderAttributes appends just these attributes of one record; see Only.
func (t *Type) RenderAttributes(dst, stored []byte, head Head, paths []Path) ([]byte, error) {
	v, err := t.Only(paths)
	if err != nil {
		return dst, err
	}
	return v.Render(dst, stored, head), nil
}

// RenderAt appends the value at one path: an object, array or scalar (the
// parameter attribute_name of entity). Below a plural the path must name the
// element; one that is not there is NotFound/CodeNotFound.
func (t *Type) RenderAt(dst, stored []byte, head Head, path Path) ([]byte, error) {
	if _, err := t.Attr(path); err != nil {
		return dst, err
	}
	a, text := t.root, stored
	for i, s := range path {
		a = a.byName[s.Name]
		if text = member(text, s.Name); s.ID != 0 {
			if text = elementByID(text, s.ID); text == nil {
				return dst, notFound(a.Path, s.ID)
			}
		} else if a.Type == Plural && i < len(path)-1 {
			return dst, unknownAttribute(path.Dotted())
		}
	}
	element := len(path) > 0 && path[len(path)-1].ID != 0
	switch {
	case len(path) == 0 || element:
		dst, _ = renderObject(dst, a, text, 0, &head)
	case text == nil:
		dst = renderUnsetValue(dst, a, &head)
	default:
		dst, _ = renderValue(dst, a, text, 0, &head)
	}
	return dst, nil
}

func renderUnsetValue(dst []byte, a *Attribute, head *Head) []byte {
	if a.Type == Password || a.Reserved && !a.InPlural || len(a.special) > 0 {
		return renderSpecial(dst, a, head)
	}
	return append(dst, a.unset...)
}
