package filter

import (
	"bytes"
	"container/heap"
	"encoding/binary"
	"slices"
	"strings"

	"facet/internal/profile"
	"facet/internal/schema"
)

// Sorter orders records by attributes. It is immutable and safe for concurrent
// use.
//
// Values stand in the attribute's order (strings bytewise, folded unless the
// attribute is case-sensitive); records without the value come last, whether
// the order ascends or descends. Of a path through a plural the value that
// comes first counts. Records that are equal so far stand by ascending number.
type Sorter struct{ by []sortKey }

type sortKey struct {
	attr *schema.Attribute
	at   place
	desc bool
}

// ParseSort reads attribute paths, dotted or with slashes, "-" before one that
// descends (Identity Cloud, entity.find, sort_on). An unknown attribute is
// Unknown (CodeUnknownAttribute, Field = its path), one that has no order
// Invalid (CodeInvalid, Field "sort_on"). No path at all sorts by number.
func ParseSort(on []string, t *schema.Type) (*Sorter, error) {
	s := &Sorter{}
	for _, text := range on {
		path, desc := strings.CutPrefix(strings.TrimSpace(text), "-")
		p, err := schema.ParsePath(path)
		if err != nil {
			return nil, err
		}
		a, err := t.Attr(p)
		if err != nil {
			return nil, err
		}
		selects := slices.ContainsFunc(p, func(s schema.Step) bool { return s.ID != 0 })
		if selects || classOf(a) == classNone {
			return nil, profile.E(profile.Invalid, profile.CodeInvalid, "sort_on", "records cannot be sorted by %s", p)
		}
		s.by = append(s.by, sortKey{a, placeOf(a), desc})
	}
	return s, nil
}

// ByNumber reports whether the order is that of the records' numbers, so that a
// store can list them in it, and whether it descends.
func (s *Sorter) ByNumber() (desc, ok bool) {
	if len(s.by) == 0 {
		return false, true
	}
	return s.by[0].desc, s.by[0].at == inID
}

// ByValue reports whether the order is that of one attribute's values, of which
// a record has one at most, then of numbers: an index of the attribute lists
// the records that have it in this order, value by value.
func (s *Sorter) ByValue() (path string, desc, ok bool) {
	if len(s.by) == 0 || len(s.by) > 1 && (s.by[1].at != inID || s.by[1].desc) {
		return "", false, false
	}
	k := &s.by[0]
	return k.attr.Path, k.desc, k.at == inAttrs && !k.attr.InPlural
}

// Lacks reports whether a record has no value of the first attribute of the
// order, and so stands at its end.
func (s *Sorter) Lacks(r *Record) bool {
	var room [64]byte
	return s.by[0].append(room[:0], r)[0] == 2
}

// AppendKey appends the record's place in the order: bytes.Compare of two such
// keys is the order of their records, and no two records have the same.
func (s *Sorter) AppendKey(dst []byte, r *Record) []byte {
	for i := range s.by {
		dst = s.by[i].append(dst, r)
	}
	return binary.BigEndian.AppendUint64(dst, uint64(r.ID)^1<<63)
}

// append writes the value that comes first in order: 1, its key (which has no
// NUL), 0, and for descending order all but the 1 complemented. No value is 2.
func (k *sortKey) append(dst []byte, r *Record) []byte {
	start := len(dst)
	if k.at != inAttrs {
		var raw [48]byte
		dst = k.add(dst, start, k.at.raw(raw[:0], r))
	} else {
		schema.Values(r.Attrs, k.attr.Steps, func(raw []byte) bool {
			dst = k.add(dst, start, raw)
			return true
		})
	}
	if len(dst) == start {
		dst = append(dst, 2)
	}
	return dst
}

func (k *sortKey) add(dst []byte, start int, raw []byte) []byte {
	from := len(dst)
	dst = append(dst, 1)
	key, ok := k.attr.AppendKey(dst[from+1:], raw)
	if !ok {
		return dst[:from]
	}
	dst = append(append(dst, key...), 0) // a copy onto itself, if there was room
	if k.desc {
		for i := from + 1; i < len(dst); i++ {
			dst[i] = ^dst[i]
		}
	}
	switch {
	case from == start:
		return dst
	case bytes.Compare(dst[from:], dst[start:from]) < 0:
		return append(dst[:start], dst[from:]...)
	}
	return dst[:from]
}

// Top keeps the first k of a stream of records in a Sorter's order, in memory
// for k of them.
type Top[T any] struct {
	k    int
	kept worstFirst[T]
}

// NewTop makes a Top; k below 1 keeps nothing.
func NewTop[T any](k int) *Top[T] { return &Top[T]{k: k} }

// Offer calls value and keeps what it gives, if the key is among the first k so
// far. The key is copied.
func (t *Top[T]) Offer(key []byte, value func() T) {
	switch {
	case len(t.kept) < t.k:
		heap.Push(&t.kept, ranked[T]{bytes.Clone(key), value()})
	case t.k > 0 && bytes.Compare(key, t.kept[0].key) < 0:
		worst := &t.kept[0]
		worst.key, worst.value = append(worst.key[:0], key...), value()
		heap.Fix(&t.kept, 0)
	}
}

// Merge offers what another Top has kept.
func (t *Top[T]) Merge(o *Top[T]) {
	for i := range o.kept {
		t.Offer(o.kept[i].key, func() T { return o.kept[i].value })
	}
}

// Last gives the key of the last one kept, when as many are kept as may be;
// else nil. It is valid until the next Offer.
func (t *Top[T]) Last() []byte {
	if t.k < 1 || len(t.kept) < t.k {
		return nil
	}
	return t.kept[0].key
}

// Sorted gives what was kept, in order. Nothing may be offered afterwards.
func (t *Top[T]) Sorted() []T {
	slices.SortFunc(t.kept, func(a, b ranked[T]) int { return bytes.Compare(a.key, b.key) })
	out := make([]T, len(t.kept))
	for i := range t.kept {
		out[i] = t.kept[i].value
	}
	return out
}

type ranked[T any] struct {
	key   []byte
	value T
}

// worstFirst is a heap whose root is the last in order.
type worstFirst[T any] []ranked[T]

func (h worstFirst[T]) Len() int           { return len(h) }
func (h worstFirst[T]) Less(i, j int) bool { return bytes.Compare(h[i].key, h[j].key) > 0 }
func (h worstFirst[T]) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *worstFirst[T]) Push(x any)        { *h = append(*h, x.(ranked[T])) }

func (h *worstFirst[T]) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}
