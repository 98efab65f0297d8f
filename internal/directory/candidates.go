package directory

import (
	"cmp"
	"math"
	"slices"

	"facet/internal/filter"
	"facet/internal/profile"
	"facet/internal/store"
)

// limits bound what a search does in one way before it takes another.
type limits struct {
	few      int64 // index rows of a range that are gathered: where it has more, they narrow the search too little
	everyRow int64 // the same for a range without ends, which seldom narrows anything
	rows     int   // index rows that a first look may read
	equals   int   // records of one value that are turned round in memory
	window   int   // places in an order that are kept in memory
}

var usual = limits{few: 20_000, everyRow: 2000, rows: 20_000 * recordRow, equals: 64, window: 100_000}

// recordRow is what reading a record costs in index rows; worth is how many of
// them are looked at to save it when they come in a row.
const (
	recordRow = 16
	worth     = 20
)

// candidates are the numbers of the records that may match, in order. A place
// is a number, or for a descending order its complement, so that places always
// ascend.
type candidates struct {
	streams []stream
	ranges  []filter.NumberRange // of places
	at      int64                // the least place not yet given
	over    bool
	exact   bool // all of them match
	few     bool // there are few of them
}

// stream gives the least place at or after one; false when there is none.
type stream interface {
	seek(place int64) (int64, bool, error)
}

func placeOf(number int64, desc bool) int64 {
	if desc {
		return ^number
	}
	return number
}

// next gives the next place that all streams and a range have.
func (c *candidates) next() (place int64, ok bool, err error) {
again:
	for !c.over && len(c.ranges) > 0 {
		if c.at > c.ranges[0].High {
			c.ranges = c.ranges[1:]
			continue
		}
		c.at = max(c.at, c.ranges[0].Low)
		for _, s := range c.streams {
			place, ok, err := s.seek(c.at)
			if err != nil || !ok {
				c.over = true
				return 0, false, err
			}
			if place > c.at {
				c.at = place
				continue again
			}
		}
		place = c.at
		c.over = place == math.MaxInt64
		c.at++
		return place, true, nil
	}
	return 0, false, nil
}

// source is a part of the plan, and how many index rows it has.
type source struct {
	*filter.Source
	values []string // what it stands for, when that is single values
	rows   int64    // few+1 for any greater number
	many   bool
}

// candidates chooses among what the plan knows: the most selective source
// leads, others are intersected where that costs less than reading records.
// Single values are listed by number as far as they are needed; a range is
// gathered when it has few rows. nil when all records of the plan's numbers
// must be read. Where there is but one way, and it goes by single values, its
// rows are counted only when few must be known.
func (l *look) candidates(desc, counted bool) (*candidates, error) {
	c := &candidates{at: math.MinInt64, exact: l.plan.Exact}
	for _, r := range l.plan.Numbers {
		if desc {
			r.Low, r.High = ^r.High, ^r.Low
		}
		c.ranges = append(c.ranges, r)
	}
	if desc {
		slices.Reverse(c.ranges)
	}
	if l.plan.UUIDs != nil {
		places, err := l.placesOf(l.plan.UUIDs, desc)
		c.streams, c.exact, c.few = []stream{&places}, false, true
		return c, err
	}
	sources, err := l.sources(counted)
	if err != nil || len(sources) == 0 {
		return nil, err
	}
	first := sources[0]
	if first.many && first.values == nil {
		return nil, nil
	}
	c.few = !first.many
	for _, s := range sources {
		switch {
		case s.many && (!first.many || s.values == nil), !first.many && s.rows > worth*max(first.rows, 1):
			c.exact = false
			continue
		}
		next, err := l.open(s, desc)
		if err != nil {
			return nil, err
		}
		c.streams = append(c.streams, next)
	}
	return c, nil
}

// sources counts the plan's sources, the most selective first.
func (l *look) sources(counted bool) ([]source, error) {
	list := make([]source, len(l.plan.Sources))
	for i := range list {
		s := source{Source: &l.plan.Sources[i]}
		if values, ok := s.Values(); ok {
			s.values = values
			if len(list) == 1 && !counted {
				s.rows, s.many = l.limits.few+1, true
				list[i] = s
				break
			}
		}
		for _, r := range s.Ranges {
			most := l.limits.few
			if r.Low == "" && r.High == "" {
				most = l.limits.everyRow
			}
			n, err := l.r.CountValues(l.t, store.Range{Path: s.Path, Low: r.Low, High: r.High}, most+1-min(s.rows, most))
			if err != nil {
				return nil, err
			}
			if s.rows += n; s.rows > most {
				s.rows, s.many = l.limits.few+1, true
				break
			}
		}
		list[i] = s
	}
	slices.SortStableFunc(list, func(a, b source) int {
		switch {
		case a.rows != b.rows:
			return cmp.Compare(a.rows, b.rows)
		case (a.values == nil) != (b.values == nil):
			if a.values != nil {
				return -1
			}
			return 1
		}
		return 0
	})
	return list, nil
}

func (l *look) open(s source, desc bool) (stream, error) {
	if s.values == nil {
		return l.gather(s, desc)
	}
	all := make(unionStream, len(s.values))
	for i, v := range s.values {
		all[i] = &holders{l: l, path: s.Path, value: v, desc: desc, more: true}
	}
	if len(all) == 1 {
		return all[0], nil
	}
	return all, nil
}

// gather reads a source whole.
func (l *look) gather(s source, desc bool) (*gathered, error) {
	out := &gathered{}
	for _, r := range s.Ranges {
		err := l.r.Values(l.t, store.Range{Path: s.Path, Low: r.Low, High: r.High}, false, func(_ []byte, number int64) bool {
			out.places = append(out.places, placeOf(number, desc))
			return true
		})
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(out.places)
	return out, nil
}

func (l *look) placesOf(ids []profile.ID, desc bool) (out gathered, err error) {
	for _, id := range ids {
		rec, err := l.r.Record(id)
		switch {
		case profile.IsKind(err, profile.NotFound):
		case err != nil:
			return out, err
		case rec.Type == l.t:
			out.places = append(out.places, placeOf(rec.Number, desc))
		}
	}
	slices.Sort(out.places)
	return out, nil
}

// gathered is a stream of sorted places.
type gathered struct{ places []int64 }

func (g *gathered) seek(place int64) (int64, bool, error) {
	if len(g.places) > 0 && g.places[0] < place {
		i, _ := slices.BinarySearch(g.places, place)
		g.places = g.places[i:]
	}
	if len(g.places) == 0 {
		return 0, false, nil
	}
	return g.places[0], true, nil
}

// holders is the stream of those that hold one value, read in growing batches.
type holders struct {
	l           *look
	path, value string
	desc        bool
	batch       []int64
	left        []int64 // of the batch
	size        int
	more        bool
}

func (h *holders) seek(place int64) (int64, bool, error) {
	rest := gathered{h.left}
	at, ok, _ := rest.seek(place)
	if h.left = rest.places; ok || !h.more {
		return at, ok, nil
	}
	h.size = min(max(2*h.size, 32), 1024)
	h.batch = h.batch[:0]
	low, high := place, int64(math.MaxInt64)
	if h.desc {
		low, high = math.MinInt64, ^place
	}
	err := h.l.r.Holders(h.l.t, h.path, h.value, low, high, h.desc, func(number int64) bool {
		h.batch = append(h.batch, placeOf(number, h.desc))
		return len(h.batch) < h.size
	})
	h.left, h.more = h.batch, len(h.batch) == h.size
	if err != nil || len(h.left) == 0 {
		return 0, false, err
	}
	return h.left[0], true, nil
}

// unionStream is what any of several streams has.
type unionStream []stream

func (u unionStream) seek(place int64) (least int64, ok bool, err error) {
	for _, s := range u {
		p, some, err := s.seek(place)
		if err != nil {
			return 0, false, err
		}
		if some && (!ok || p < least) {
			least, ok = p, true
		}
	}
	return least, ok, nil
}
