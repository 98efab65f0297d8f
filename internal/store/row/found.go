package row

import (
	"bytes"
	"slices"
	"strings"

	"facet/internal/store"
)

// TopFound keeps the first ones of a list of search hits, in either direction.
type TopFound struct {
	Backwards bool
	Limit     int // negative: all
	found     []store.Found
}

// Compare orders two hits in the direction of the list.
func (t *TopFound) Compare(a, b store.Found) int {
	if t.Backwards {
		a, b = b, a
	}
	if c := strings.Compare(a.Sort, b.Sort); c != 0 {
		return c
	}
	return bytes.Compare(a.ID[:], b.ID[:])
}

// Add takes a hit. Those over the limit are let go when twice as many are there.
func (t *TopFound) Add(f store.Found) {
	t.found = append(t.found, f)
	if t.Limit >= 0 && len(t.found) >= 2*t.Limit+1000 {
		t.cut()
	}
}

func (t *TopFound) cut() {
	slices.SortFunc(t.found, t.Compare)
	t.found = slices.Compact(t.found)
	if t.Limit >= 0 && len(t.found) > t.Limit {
		t.found = t.found[:t.Limit]
	}
}

// Take gives the hits in order.
func (t *TopFound) Take() []store.Found {
	t.cut()
	return t.found
}
