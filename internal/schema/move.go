package schema

import (
	"slices"
	"strings"
)

// Move tells where the values of an attribute went when its type changed, for
// records that are still stored as they were before.
type Move struct {
	From string `json:"from"`         // dotted path
	To   string `json:"to,omitempty"` // of the same parent; "" where the attribute was removed
}

// Back is the move the other way round; that of a removal removes nothing.
func (m Move) Back() Move { return Move{m.To, m.From} }

// Moved gives the attributes of a record after some moves, in turn: stored
// itself where none of them concerns it. What is moved takes the place of what
// is there.
func Moved(stored []byte, moves []Move) []byte {
	for _, m := range moves {
		if m.From == "" {
			continue
		}
		steps := strings.Split(m.From, ".")
		if Values(stored, steps, func([]byte) bool { return false }) {
			continue // nothing there
		}
		out, some := m.apply(nil, stored, steps)
		if !some {
			out = []byte("{}")
		}
		stored = out
	}
	return stored
}

// apply appends the object or array at the head of steps as the move leaves it;
// false when nothing is left.
func (m Move) apply(dst, text []byte, steps []string) ([]byte, bool) {
	begin := len(dst)
	if text[0] == '[' {
		for c := enter(text, 0); ; {
			el, ok := c.element()
			if !ok {
				return closeArray(dst, begin)
			}
			mark := len(dst)
			if dst, ok = m.apply(append(dst, ','), el, steps); !ok {
				dst = dst[:mark]
			}
		}
	}
	if text[0] != '{' {
		return append(dst, text...), true
	}
	for _, member := range m.members(text, steps) {
		dst = member.append(dst)
	}
	return closeObject(dst, begin)
}

// members gives the members of an object as the move leaves them, by name.
func (m Move) members(text []byte, steps []string) []hiddenMember {
	var out []hiddenMember
	to := m.To[strings.LastIndexByte(m.To, '.')+1:]
	var moved []byte
	for c := enter(text, 0); ; {
		name, val, ok := c.member()
		if !ok {
			break
		}
		switch {
		case string(name) != steps[0]:
			out = append(out, hiddenMember{string(name), val})
		case len(steps) == 1:
			moved = val
		default:
			if val, ok = m.apply(nil, val, steps[1:]); ok {
				out = append(out, hiddenMember{string(name), val})
			}
		}
	}
	if moved == nil || to == "" {
		return out
	}
	out = slices.DeleteFunc(out, func(o hiddenMember) bool { return o.name == to })
	at, _ := slices.BinarySearchFunc(out, to, func(o hiddenMember, name string) int { return strings.Compare(o.name, name) })
	return slices.Insert(out, at, hiddenMember{to, moved})
}

// CheckDistinct refuses a record that holds a unique value twice, or a
// locally-unique one twice in the same plural: Taken/CodeTaken.
func (t *Type) CheckDistinct(stored []byte) error { return t.checkDistinct(stored) }

// LocalPaths lists the paths of the locally-unique attributes.
func (t *Type) LocalPaths() []string {
	paths := make([]string, len(t.local))
	for i, l := range t.local {
		paths[i] = l.attr.Path
	}
	return paths
}

// IndexPaths lists the paths that Index gives rows of.
func (t *Type) IndexPaths() []string {
	paths := make([]string, len(t.indexed))
	for i, a := range t.indexed {
		paths[i] = a.Path
	}
	return paths
}
