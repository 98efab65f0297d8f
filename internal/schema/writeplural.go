package schema

import (
	"strconv"

	"facet/internal/profile"
)

func (w *writer) plural(dst []byte, a *Attribute, cur, in []byte) ([]byte, bool, error) {
	if in[0] != '[' {
		return nil, false, wrongType(a)
	}
	var fresh [][]byte
	updates := map[int64][]byte{}
	for c := enter(in, 0); ; {
		el, ok := c.element()
		if !ok {
			break
		}
		if el[0] != '{' {
			return nil, false, wrongType(a)
		}
		raw := memberNamed(el, "id")
		if raw == nil || raw[0] == 'n' || w.mode == adopting {
			fresh = append(fresh, el)
			continue
		}
		if w.mode != updating {
			return nil, false, idInNew(join(a.Path, "id"))
		}
		id, err := strconv.ParseInt(string(raw), 10, 64)
		if err != nil {
			return nil, false, wrongType(a.byName["id"])
		}
		if updates[id] != nil {
			return nil, false, profile.E(profile.Invalid, profile.CodeInvalid, a.Path, "%s names the element %d twice", slash(a.Path), id)
		}
		updates[id] = el
	}
	if w.mode == replacing && a.partial && cur != nil {
		return nil, false, notWhole(a)
	}
	begin := len(dst)
	mode := w.mode
	defer func() { w.mode = mode }()
	if mode == updating {
		var err error
		if dst, err = w.updateElements(dst, a, cur, updates); err != nil {
			return nil, false, err
		}
	}
	if mode == updating {
		w.mode = creating // nothing of a new element is there yet
	}
	for _, el := range fresh {
		id, err := w.newID(el)
		if err != nil {
			return nil, false, err
		}
		if dst, _, err = w.object(append(dst, ','), a, nil, el, id); err != nil {
			return nil, false, err
		}
	}
	dst, some := closeArray(dst, begin)
	return dst, some, nil
}

// updateElements appends the present elements of a plural, those changed that
// updates names.
func (w *writer) updateElements(dst []byte, a *Attribute, cur []byte, updates map[int64][]byte) ([]byte, error) {
	for c := enter(cur, 0); ; {
		el, ok := c.element()
		if !ok {
			break
		}
		dst = append(dst, ',')
		if len(updates) == 0 {
			dst = append(dst, el...)
			continue
		}
		id := elementID(el)
		in := updates[id]
		if in == nil {
			dst = append(dst, el...)
			continue
		}
		delete(updates, id)
		var err error
		if dst, _, err = w.object(dst, a, el, in, id); err != nil {
			return nil, err
		}
	}
	for id := range updates {
		return nil, notFound(a.Path, id)
	}
	return dst, nil
}

func closeArray(dst []byte, begin int) ([]byte, bool) {
	if len(dst) == begin {
		return dst, false
	}
	dst[begin] = '['
	return append(dst, ']'), true
}

// notWhole refuses to take elements away for a client that may not write all
// that they hold.
func notWhole(a *Attribute) error {
	for _, c := range a.Children {
		if c.locked {
			return unknownAttribute(c.Path)
		}
		if c.partial {
			return notWhole(c)
		}
	}
	return unknownAttribute(a.Path)
}
