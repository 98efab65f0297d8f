package directory

import (
	"slices"

	"facet/internal/filter"
	"facet/internal/store"
)

// ordering keeps the records of one page out of a stream that comes by number.
type ordering interface {
	begin()
	descending() bool           // the stream must come from the highest number down
	add(rec *store.Record) bool // false: the page is complete, whatever follows
	take() []*store.Record
}

func newOrdering(f *search, q Query) (ordering, error) {
	sorter, err := filter.ParseSort(q.Sort, f.typ)
	if err != nil {
		return nil, err
	}
	if desc, ok := sorter.ByNumber(); ok {
		return &byNumber{first: q.First, max: q.Max, desc: desc}, nil
	}
	return &bySort{sorter: sorter, first: q.First, max: q.Max}, nil
}

// byNumber takes a page as the stream goes by.
type byNumber struct {
	first, max int
	desc       bool

	skipped int
	page    []*store.Record
}

func (o *byNumber) begin()           { o.skipped, o.page = 0, nil }
func (o *byNumber) descending() bool { return o.desc }

func (o *byNumber) add(rec *store.Record) bool {
	switch {
	case len(o.page) >= o.max: // only counting goes on
	case o.skipped < o.first:
		o.skipped++
	default:
		o.page = append(o.page, keep(rec))
	}
	return len(o.page) < o.max
}

func (o *byNumber) take() []*store.Record { return o.page }

// bySort keeps the first ones, in its order, of the whole stream.
type bySort struct {
	sorter     *filter.Sorter
	first, max int

	top *filter.Top[*store.Record]
	key []byte
}

func (o *bySort) begin()           { o.top = filter.NewTop[*store.Record](o.first + o.max) }
func (o *bySort) descending() bool { return false }

func (o *bySort) add(rec *store.Record) bool {
	seen := filtered(rec)
	o.key = o.sorter.AppendKey(o.key[:0], &seen)
	o.top.Offer(o.key, func() *store.Record { return keep(rec) })
	return true
}

func (o *bySort) take() []*store.Record {
	all := o.top.Sorted()
	return all[min(o.first, len(all)):]
}

// keep copies what an answer needs of a record that is valid only now.
func keep(rec *store.Record) *store.Record {
	own := *rec
	own.Attrs, own.Extras = slices.Clone(rec.Attrs), nil
	return &own
}

// filtered is a record as filters and sorters see it.
func filtered(rec *store.Record) filter.Record {
	return filter.Record{
		ID: rec.Number, UUID: rec.ID, Created: rec.Created, Updated: rec.Updated, Password: rec.Password != "", Attrs: rec.Attrs,
	}
}
