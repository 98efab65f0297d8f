package postgres

import (
	"facet/internal/profile"
	"facet/internal/store"
	"facet/internal/store/row"
)

// A search walks the rows of each type in their order, and looks for the term
// in each: what many texts contain fills a page at once, what few contain costs
// a walk over all. No extension is needed.

// Search finds the records whose texts contain a term.
func (r *reader) Search(q store.SearchQuery) ([]store.Found, error) {
	top := row.TopFound{Backwards: q.Backwards, Limit: q.Limit}
	for _, t := range q.Types {
		var err error
		add := func(v rowOf) { top.Add(store.Found{Sort: v.text(0), ID: v.id(1)}) }
		n, end, after := limit(q.Limit), q.After == store.Found{}, sortKey(q.After.Sort)
		switch {
		case q.Term == "" && q.Backwards && end:
			err = r.query(selectSearchEnd, add, r.site, t, n)
		case q.Term == "" && q.Backwards:
			err = r.query(selectSearchDown, add, r.site, t, after, q.After.ID, n)
		case q.Term == "":
			err = r.query(selectSearch, add, r.site, t, after, q.After.ID, n)
		case q.Backwards && end:
			err = r.query(selectMatchEnd, add, r.site, t, q.Term, n)
		case q.Backwards:
			err = r.query(selectMatchDown, add, r.site, t, after, q.After.ID, q.Term, n)
		default:
			err = r.query(selectMatch, add, r.site, t, after, q.After.ID, q.Term, n)
		}
		if err != nil {
			return nil, err
		}
	}
	return top.Take(), nil
}

// CountSearch counts the records whose texts contain a term.
func (r *reader) CountSearch(types []profile.Type, term string, max int64) (n int64, err error) {
	for _, t := range types {
		left := int64(-1)
		if max >= 0 {
			left = max - n
		}
		some := int64(0)
		if term == "" {
			some, err = r.count(countSearch, r.site, t, limit(left))
		} else {
			some, err = r.count(countMatch, r.site, t, term, limit(left))
		}
		if err != nil {
			return 0, err
		}
		n += some
	}
	return n, nil
}

// putSearch writes the search row of a record.
func (t *tx) putSearch(rec *store.Record) error {
	return t.write(nil, upsertSearch, t.site, rec.Type, sortKey(rec.Sort), rec.ID, rec.Bucket, rec.Search)
}

// dropSearch deletes a record's search row, if it has one under its sort name.
func (t *tx) dropSearch(rec *store.Record) error {
	return t.write(nil, deleteSearch, t.site, rec.Type, sortKey(rec.Sort), rec.ID, rec.Bucket)
}
