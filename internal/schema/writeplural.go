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
		if w.env.KeepIDs && w.mode == creating {
			if err := w.keepID(a, raw, fresh); err != nil {
				return nil, false, err
			}
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

// keepID judges the id that a new element brings beside those of the elements
// before it.
func (w *writer) keepID(a *Attribute, raw []byte, before [][]byte) error {
	id, err := strconv.ParseInt(string(raw), 10, 64)
	if err != nil || id < 1 || id > maxElementID {
		return wrongType(a.byName["id"])
	}
	for _, el := range before {
		if elementID(el) == id {
			return profile.E(profile.Invalid, profile.CodeInvalid, a.Path, "%s names the element %d twice", slash(a.Path), id)
		}
	}
	w.out.Highest = max(w.out.Highest, id)
	return nil
}

// maxElementID is the highest id that an element may bring: every JSON number up
// to it is an integer everywhere (RFC 8259, section 6).
const maxElementID = 1<<53 - 1

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
