package directory

import (
	"bytes"
	"math"
	"slices"
	"unicode/utf8"

	"facet/internal/filter"
	"facet/internal/profile"
	"facet/internal/schema"
	"facet/internal/store"
)

// page gives the records of a page, in order, and how many match in all when
// that is asked.
func (l *look) page(sorter *filter.Sorter, q Query) (records []*store.Record, total int64, err error) {
	p := &pager{look: l, first: q.First, max: q.Max}
	if !l.plan.IsEmpty() {
		if desc, ok := sorter.ByNumber(); ok {
			err = p.byNumber(desc)
		} else {
			err = p.sorted(sorter)
		}
	}
	if err == nil && p.held > MaxAnswer {
		err = answerTooLarge()
	}
	if err != nil || !q.Total {
		return p.records, 0, err
	}
	total, err = l.count()
	return p.records, total, err
}

// pager takes a page out of what comes in its order.
type pager struct {
	*look
	first, max int
	skipped    int
	records    []*store.Record
	held       int // bytes of their attributes
}

// MaxAnswer is how many bytes of attributes one answer holds at most.
const MaxAnswer = 64 << 20

func answerTooLarge() error {
	return profile.E(profile.TooLarge, profile.CodeTooLarge, "max_results", "the answer is larger than %d MiB: ask for fewer results", MaxAnswer>>20)
}

// add takes a record that matches, and tells whether more are wanted.
func (p *pager) add(rec *store.Record) bool {
	if p.skipped < p.first {
		p.skipped++
	} else if len(p.records) < p.max {
		own := *rec
		own.Attrs = bytes.Clone(rec.Attrs)
		p.records = append(p.records, &own)
		p.held += len(own.Attrs)
	}
	return !p.full()
}

// addAll reads the records of numbers that match.
func (p *pager) addAll(numbers []int64) error {
	for _, n := range numbers {
		if p.full() {
			return nil
		}
		if err := p.read(n, func(rec *store.Record) { p.add(rec) }); err != nil {
			return err
		}
	}
	return nil
}

// byNumber looks for a page in the order of numbers. What need not be read to
// know that it matches is passed over in the index.
func (p *pager) byNumber(desc bool) error {
	if p.plan.Exact && p.plan.UUIDs == nil && len(p.plan.Sources) == 0 && len(p.plan.Numbers) == 1 {
		return p.fromPlace(p.plan.Numbers[0], desc)
	}
	c, err := p.candidates(desc, false)
	switch {
	case err != nil:
		return err
	case c != nil && c.exact:
		for ; p.skipped < p.first; p.skipped++ {
			_, ok, err := c.next()
			if err == nil && p.skipped%1024 == 1023 {
				err = p.spend(1024)
			}
			if err != nil || !ok {
				return err
			}
		}
		return p.walkThrough(c, desc, p.add)
	case c != nil && (c.few || !p.sweeps):
		return p.walkThrough(c, desc, p.add)
	case !p.sweeps:
		return p.walk(desc, p.add)
	}
	return p.sweepByNumber(desc)
}

// fromPlace reads a page of one range of numbers.
func (p *pager) fromPlace(in filter.NumberRange, desc bool) error {
	if p.first > 0 {
		n, err := p.r.NumberAt(p.t, in.Low, in.High, int64(p.first), desc)
		if profile.IsKind(err, profile.NotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		p.skipped = p.first
		if desc {
			in.High = n
		} else {
			in.Low = n
		}
	}
	return p.r.Brief(p.t, in.Low, in.High, desc, p.add)
}

// upTo is how many records come until the end of the page.
func (p *pager) upTo() int {
	if p.first > math.MaxInt-p.max {
		return math.MaxInt
	}
	return p.first + p.max
}

// sweepByNumber keeps the first numbers of each worker.
func (p *pager) sweepByNumber(desc bool) error {
	var kept []*[]int64
	err := p.sweep(desc, func() func(*store.Record) bool {
		mine := new([]int64)
		kept = append(kept, mine)
		return func(rec *store.Record) bool {
			*mine = append(*mine, placeOf(rec.Number, desc))
			return len(*mine) < p.upTo()
		}
	})
	if err != nil {
		return err
	}
	var places []int64
	for _, k := range kept {
		places = append(places, *k...)
	}
	slices.Sort(places)
	places = places[min(p.first, len(places)):min(p.upTo(), len(places))]
	for i, at := range places {
		places[i] = placeOf(at, desc)
	}
	p.first = 0
	return p.addAll(places)
}

// sorted looks for a page in the order of attributes.
func (p *pager) sorted(sorter *filter.Sorter) error {
	path, desc, ok := sorter.ByValue()
	ok = ok && p.indexed(path)
	if ok && p.known(path) {
		err := p.alongIndex(sorter, path, desc, true)
		if err != errSweep || !p.sweeps {
			return err
		}
		p.skipped, p.records, p.held = 0, nil, 0
	}
	c, err := p.candidates(false, true)
	if err != nil {
		return err
	}
	if ok && !p.sweeps && (c == nil || !c.few) {
		return p.alongIndex(sorter, path, desc, false)
	}
	return p.ranked(sorter, func(worker func() func(*store.Record) bool) error {
		if p.sweeps && (c == nil || !c.few) {
			return p.sweep(false, worker)
		}
		return p.walk(false, worker())
	})
}

// ranked keeps the first ones, in order, of all records that match, which feed
// gives to workers. A page that lies deeper than the window takes one more
// reading of the records for each window before it.
func (p *pager) ranked(sorter *filter.Sorter, feed func(worker func() func(*store.Record) bool) error) error {
	window := max(p.limits.window, p.max)
	var before []byte // the place after which the window begins
	for skip := p.first; ; {
		deep := skip > window-p.max
		size := min(skip, window)
		if !deep {
			size = skip + p.max
		}
		var tops []*filter.Top[int64]
		err := feed(func() func(*store.Record) bool {
			top, key, seen := filter.NewTop[int64](size), []byte(nil), filter.Record{}
			tops = append(tops, top)
			return func(rec *store.Record) bool {
				seen = filtered(rec)
				if key = sorter.AppendKey(key[:0], &seen); before == nil || bytes.Compare(key, before) > 0 {
					top.Offer(key, func() int64 { return rec.Number })
				}
				return true
			}
		})
		if err != nil || len(tops) == 0 {
			return err
		}
		for _, other := range tops[1:] {
			tops[0].Merge(other)
		}
		if !deep {
			numbers := tops[0].Sorted()
			p.first = 0
			return p.addAll(numbers[min(skip, len(numbers)):])
		}
		if before = bytes.Clone(tops[0].Last()); before == nil {
			return nil
		}
		skip -= size
	}
}

// alongIndex walks the values of the attribute that records are sorted by, in
// order, and the records of each by number. Those without a value come last.
func (p *pager) alongIndex(sorter *filter.Sorter, path string, desc, known bool) error {
	ranges := []filter.Range{{}}
	narrowed := slices.IndexFunc(p.plan.Sources, func(s filter.Source) bool { return s.Path == path })
	if narrowed >= 0 {
		ranges = slices.Clone(p.plan.Sources[narrowed].Ranges)
	}
	if desc {
		slices.Reverse(ranges)
	}
	for _, r := range ranges {
		in := store.Range{Path: path, Low: r.Low, High: r.High}
		if desc {
			if err := p.downIndex(in, known); err != nil || p.full() {
				return err
			}
			continue
		}
		var failed error
		err := p.r.Values(p.t, in, false, func(value []byte, number int64) bool {
			if failed = uncut(value); failed == nil {
				failed = p.offer(number, known)
			}
			return failed == nil && !p.full()
		})
		if err == nil {
			err = failed
		}
		if err != nil || p.full() {
			return err
		}
	}
	if narrowed >= 0 {
		return nil
	}
	return p.walk(false, func(rec *store.Record) bool {
		seen := filtered(rec)
		return !sorter.Lacks(&seen) || p.add(rec)
	})
}

// known reports whether all that an index has in the ranges of the plan match.
func (p *pager) known(path string) bool {
	return p.plan.Exact && p.plan.UUIDs == nil && !slices.ContainsFunc(p.plan.Sources, func(s filter.Source) bool { return s.Path != path })
}

// full reports whether no more records are wanted, or can be held.
func (p *pager) full() bool { return len(p.records) >= p.max || p.held > MaxAnswer }

// uncut refuses to go by index rows that do not hold their whole value: they
// stand in its order only roughly.
func uncut(value []byte) error {
	if len(value) > schema.MaxIndexValue-utf8.UTFMax {
		return errSweep
	}
	return nil
}

// offer takes a record out of the index; known tells that all there match but
// for their numbers.
func (p *pager) offer(number int64, known bool) error {
	if !slices.ContainsFunc(p.plan.Numbers, func(r filter.NumberRange) bool { return r.Low <= number && number <= r.High }) {
		return p.spend(1)
	}
	if known && p.skipped < p.first {
		p.skipped++
		return p.spend(1)
	}
	if err := p.spend(recordRow); err != nil {
		return err
	}
	return p.read(number, func(rec *store.Record) {
		if known || p.match(rec) {
			p.add(rec)
		}
	})
}

// downIndex is for a range whose values descend, while the numbers of each
// value ascend: a few are turned round, of more the range is left for a list of
// their own.
func (p *pager) downIndex(in store.Range, known bool) error {
	for {
		var value string
		var group []int64
		many := false
		var failed error
		flush := func() error {
			for i := len(group) - 1; i >= 0 && !p.full(); i-- {
				if err := p.offer(group[i], known); err != nil {
					return err
				}
			}
			group = group[:0]
			return nil
		}
		err := p.r.Values(p.t, in, true, func(v []byte, number int64) bool {
			if failed = uncut(v); failed != nil {
				return false
			}
			if string(v) != value {
				if failed = flush(); failed != nil || p.full() {
					return false
				}
				value = string(v)
			}
			group = append(group, number)
			many = len(group) > p.limits.equals
			return !many
		})
		if err == nil {
			err = failed
		}
		if err == nil && !many {
			err = flush()
		}
		if err != nil || p.full() || !many {
			return err
		}
		err = p.offerHolders(in.Path, value, known)
		if err != nil || p.full() || value == "" {
			return err
		}
		below, exact := filter.Before(value)
		switch {
		case !exact && in.Low == "": // only the empty text is left
			return p.offerHolders(in.Path, "", known)
		case !exact, below.High < in.Low:
			return nil
		}
		in.High = below.High
	}
}

// offerHolders takes the records of one value out of the index.
func (p *pager) offerHolders(path, value string, known bool) (failed error) {
	err := p.r.Holders(p.t, path, value, math.MinInt64, math.MaxInt64, false, func(number int64) bool {
		failed = p.offer(number, known)
		return failed == nil && !p.full()
	})
	if err == nil {
		err = failed
	}
	return err
}
