package schema

import (
	"slices"
	"sort"
)

// change writes the value at the end of a path.
type change func(dst []byte, a *Attribute, cur []byte) ([]byte, bool, error)

// descend writes the object a (or element) with one thing below it changed:
// what path leads to. Objects on the way come to be; elements must exist.
func (w *writer) descend(dst []byte, a *Attribute, cur []byte, path Path, do change) ([]byte, bool, error) {
	step := path[0]
	child := a.byName[step.Name]
	switch {
	case child == nil && isReserved(step.Name, a == w.t.root), child != nil && child.Reserved:
		return nil, false, reservedAttribute(join(a.Path, step.Name))
	case child == nil, child.locked,
		step.ID != 0 && child.Type != Plural,
		step.ID == 0 && len(path) > 1 && child.Type != Object:
		return nil, false, unknownAttribute(join(a.Path, path.Dotted()))
	}
	next := func(dst, cur []byte) ([]byte, bool, error) {
		if len(path) == 1 {
			return do(dst, child, cur)
		}
		return w.descend(dst, child, cur, path[1:], do)
	}
	if step.ID != 0 {
		inner := next
		next = func(dst, cur []byte) ([]byte, bool, error) { return withElement(dst, child, cur, step.ID, inner) }
	}
	if cur == nil && w.env.Required {
		for _, r := range a.required {
			if r != child && r.Type != Password && !r.stays(nil) {
				return nil, false, missing(r)
			}
		}
	}
	return withMember(dst, cur, child, next)
}

// withMember copies an object and has one of its members written anew.
func withMember(dst, obj []byte, a *Attribute, write func(dst, cur []byte) ([]byte, bool, error)) ([]byte, bool, error) {
	begin := len(dst)
	done := false
	emit := func(cur []byte) error {
		done = true
		mark := len(dst)
		grown, ok, err := write(append(dst, a.key...), cur)
		if err != nil {
			return err
		}
		if dst = grown; !ok {
			dst = dst[:mark]
		}
		return nil
	}
	for c := enter(obj, 0); ; {
		name, val, ok := c.member()
		if !ok {
			break
		}
		if !done && string(name) >= a.Name {
			same := string(name) == a.Name
			cur := val
			if !same {
				cur = nil
			}
			if err := emit(cur); err != nil {
				return nil, false, err
			}
			if same {
				continue
			}
		}
		dst = hiddenMember{string(name), val}.append(dst)
	}
	if !done {
		if err := emit(nil); err != nil {
			return nil, false, err
		}
	}
	dst, some := closeObject(dst, begin)
	return dst, some, nil
}

// withElement copies a plural and has one of its elements written anew; when
// nothing is written, the element is gone.
func withElement(dst []byte, a *Attribute, cur []byte, id int64, write func(dst, cur []byte) ([]byte, bool, error)) ([]byte, bool, error) {
	begin := len(dst)
	found := false
	for c := enter(cur, 0); ; {
		el, ok := c.element()
		if !ok {
			break
		}
		if found || elementID(el) != id {
			dst = append(append(dst, ','), el...)
			continue
		}
		found = true
		mark := len(dst)
		grown, ok, err := write(append(dst, ','), el)
		if err != nil {
			return nil, false, err
		}
		if dst = grown; !ok {
			dst = dst[:mark]
		}
	}
	if !found {
		return nil, false, notFound(a.Path, id)
	}
	dst, some := closeArray(dst, begin)
	return dst, some, nil
}

// changed lists the top-level attributes whose text differs, and those whose
// password was written.
func (w *writer) changed(before, after []byte) []string {
	var names []string
	old, now := enter(before, 0), enter(after, 0)
	on, ov, ook := old.member()
	nn, nv, nok := now.member()
	for ook || nok {
		switch {
		case ook && (!nok || string(on) < string(nn)):
			names = append(names, string(on))
			on, ov, ook = old.member()
		case nok && (!ook || string(nn) < string(on)):
			names = append(names, string(nn))
			nn, nv, nok = now.member()
		default:
			if string(ov) != string(nv) {
				names = append(names, string(on))
			}
			on, ov, ook = old.member()
			nn, nv, nok = now.member()
		}
	}
	for path := range w.out.Passwords {
		p, _ := ParsePath(path)
		names = append(names, p[0].Name)
	}
	sort.Strings(names)
	return slices.Compact(names)
}

// checkDistinct refuses a record that holds a unique value twice, or a
// locally-unique one twice in the same plural (Identity Cloud, "Constraints").
func (t *Type) checkDistinct(stored []byte) error {
	for _, a := range t.repeatable {
		if !distinct(stored, a, a.Steps) {
			return taken(a)
		}
	}
	for _, l := range t.local {
		ok := true
		Values(stored, l.plural.Steps, func(plural []byte) bool {
			ok = distinct(plural, l.attr, l.rel)
			return ok
		})
		if !ok {
			return taken(l.attr)
		}
	}
	return nil
}

func distinct(text []byte, a *Attribute, path []string) bool {
	var keys []string
	Values(text, path, func(raw []byte) bool {
		key, ok := a.AppendKey(nil, raw)
		if ok {
			keys = append(keys, string(key))
		}
		return true
	})
	sort.Strings(keys)
	return len(slices.Compact(keys)) == len(keys)
}
