package sqlite

import (
	"bytes"
	"encoding/hex"
	"slices"
	"strings"

	"facet/internal/profile"
	"facet/internal/store"
)

// A search walks the names in order first: what many texts contain fills a page
// at once. What few contain is looked for in the packs, all of them.

// walked is how many names are looked into before the packs are.
const walked = 2000

// Search finds the records whose texts contain a term.
func (r *reader) Search(q store.SearchQuery) ([]store.Found, error) {
	top := topFound{backwards: q.Backwards, limit: q.Limit}
	complete := true
	for _, t := range q.Types {
		all, err := r.walk(t, q, &top)
		if err != nil {
			return nil, err
		}
		complete = complete && all
	}
	if complete {
		return top.take(), nil
	}
	top = topFound{backwards: q.Backwards, limit: q.Limit}
	from := q.After != store.Found{}
	err := r.eachMatch(q.Types, q.Term, func(f *store.Found) bool {
		if !from || top.before(&q.After, f) {
			top.add(f)
		}
		return true
	})
	return top.take(), err
}

// walk adds what a type's names in order give, and reports whether nothing is
// left out that belongs on the page.
func (r *reader) walk(t profile.Type, q store.SearchQuery, top *topFound) (complete bool, err error) {
	limit := q.Limit
	if q.Term != "" {
		limit = walked
	}
	var s *stmt
	switch {
	case q.Backwards && q.After == store.Found{}:
		s, err = r.c.query(selectSearchEnd, r.site, t, limit)
	case q.Backwards:
		s, err = r.c.query(selectSearchDown, r.site, t, q.After.Sort, q.After.ID, limit)
	default:
		s, err = r.c.query(selectSearch, r.site, t, q.After.Sort, q.After.ID, limit)
	}
	if err != nil {
		return false, err
	}
	term, seen, hits := []byte(q.Term), 0, 0
	err = r.stream(s, func() bool {
		seen++
		if bytes.Contains(s.raw(2), term) {
			top.add(&store.Found{ID: s.profileID(1), Sort: s.text(0)})
			hits++
		}
		return hits != q.Limit
	})
	return q.Term == "" || hits == q.Limit || seen < walked, err
}

// CountSearch counts the records whose texts contain a term.
func (r *reader) CountSearch(types []profile.Type, term string, max int64) (n int64, err error) {
	if term != "" {
		if max == 0 {
			return 0, nil
		}
		err = r.eachMatch(types, term, func(*store.Found) bool {
			n++
			return n != max
		})
		return n, err
	}
	for _, t := range types {
		left := int64(-1)
		if max >= 0 {
			left = max - n
		}
		s, err := r.c.query(countSearch, r.site, t, left)
		if err != nil {
			return 0, err
		}
		err = each(s, func() bool {
			n += s.int(0)
			return false
		})
		if err != nil {
			return 0, err
		}
	}
	return n, nil
}

// eachMatch goes through the site's packs, calling fn for each entry that has
// the term until it returns false. The entry's sort name is valid only during
// the call.
func (r *reader) eachMatch(types []profile.Type, term string, fn func(*store.Found) bool) error {
	low, high := packsOf(r.site)
	s, err := r.c.query(selectPacks, low, high)
	if err != nil {
		return err
	}
	needle := []byte(term)
	return r.stream(s, func() bool {
		pack := s.raw(0)
		if !bytes.Contains(pack, needle) {
			return true
		}
		for len(pack) > 0 {
			var e entry
			e, pack = nextEntry(pack)
			if !bytes.Contains(e.text, needle) || !slices.Contains(types, knownType(e.typ)) {
				continue
			}
			f := store.Found{Sort: string(e.sort)}
			if _, err := hex.Decode(f.ID[:], e.id); err != nil {
				continue // not written by us
			}
			if !fn(&f) {
				return false
			}
		}
		return true
	})
}

// topFound keeps the first ones of a list, in either direction.
type topFound struct {
	backwards bool
	limit     int
	found     []store.Found
}

// before reports whether a comes before b in the direction of the list.
func (t *topFound) before(a, b *store.Found) bool { return t.compare(*a, *b) < 0 }

func (t *topFound) compare(a, b store.Found) int {
	if t.backwards {
		a, b = b, a
	}
	if c := strings.Compare(a.Sort, b.Sort); c != 0 {
		return c
	}
	return bytes.Compare(a.ID[:], b.ID[:])
}

// add takes a hit. Those over the limit are let go when twice as many are there.
func (t *topFound) add(f *store.Found) {
	t.found = append(t.found, *f)
	if t.limit >= 0 && len(t.found) >= 2*t.limit+1000 {
		t.cut()
	}
}

func (t *topFound) cut() {
	slices.SortFunc(t.found, t.compare)
	t.found = slices.Compact(t.found)
	if t.limit >= 0 && len(t.found) > t.limit {
		t.found = t.found[:t.limit]
	}
}

func (t *topFound) take() []store.Found {
	t.cut()
	return t.found
}

// packSize is how many bytes a pack grows to: what a page of the database
// holds beside its header. A larger entry has a pack of its own.
const packSize = 4000

// packsOf gives the bounds of a site's pack numbers.
func packsOf(site store.SiteID) (low, high int64) {
	return int64(site) << 32, int64(site)<<32 | 0xffffffff
}

// entry is a search row as a pack holds it.
type entry struct{ typ, id, sort, text []byte }

// nextEntry reads the first entry, and gives what follows it.
func nextEntry(pack []byte) (e entry, rest []byte) {
	rest = pack
	for _, field := range []*[]byte{&e.typ, &e.id, &e.sort, &e.text} {
		if len(rest) == 0 {
			return e, nil
		}
		rest = rest[1:]
		end := bytes.IndexByte(rest, 0)
		if end < 0 {
			end = len(rest)
		}
		*field, rest = rest[:end], rest[end:]
	}
	return e, rest
}

func appendEntry(b []byte, rec *store.Record) []byte {
	b = append(append(b, 0), rec.Type...)
	b = hex.AppendEncode(append(b, 0), rec.ID[:])
	b = append(append(b, 0), rec.Sort...)
	return append(append(b, 0), rec.Search...)
}

// putSearch writes the search row of a record that has none, and its entry at
// the end of the last pack.
func (t *tx) putSearch(rec *store.Record) error {
	if strings.IndexByte(rec.Sort, 0) >= 0 || strings.IndexByte(rec.Search, 0) >= 0 || strings.IndexByte(string(rec.Type), 0) >= 0 {
		return errNUL
	}
	low, high := packsOf(t.site)
	s, err := t.c.query(selectLastPack, low, high)
	if err != nil {
		return err
	}
	pack := low
	t.pack = t.pack[:0]
	err = each(s, func() bool {
		pack, t.pack = s.int(0), append(t.pack, s.raw(1)...)
		return false
	})
	if err != nil {
		return err
	}
	had := len(t.pack)
	t.pack = appendEntry(t.pack, rec)
	if had > 0 && len(t.pack) <= packSize {
		_, err = t.write(updatePack, t.pack, pack)
	} else {
		pack++
		_, err = t.write(insertPack, pack, t.pack[had:])
	}
	if err != nil {
		return err
	}
	_, err = t.write(insertSearch, t.site, rec.Type, rec.Sort, rec.ID, rec.Bucket, rec.Search, pack)
	return err
}

// dropSearch deletes a record's search row, if it has one under its sort name,
// and its entry.
func (t *tx) dropSearch(rec *store.Record) error {
	s, err := t.c.query(selectSearchPack, t.site, rec.Type, rec.Sort, rec.ID, rec.Bucket)
	if err != nil {
		return err
	}
	pack := int64(0)
	err = each(s, func() bool {
		pack = s.int(0)
		return false
	})
	if err != nil || pack == 0 {
		return err
	}
	if err := t.dropEntry(pack, rec); err != nil {
		return err
	}
	_, err = t.write(deleteSearch, t.site, rec.Type, rec.Sort, rec.ID, rec.Bucket)
	return err
}

// dropEntry takes a record's entry out of a pack.
func (t *tx) dropEntry(pack int64, rec *store.Record) error {
	s, err := t.c.query(selectPack, pack)
	if err != nil {
		return err
	}
	var entries []byte
	err = each(s, func() bool {
		entries = s.bytes(0)
		return false
	})
	if err != nil {
		return err
	}
	id := hex.AppendEncode(nil, rec.ID[:])
	t.pack = t.pack[:0]
	for rest := entries; len(rest) > 0; {
		at := rest
		var e entry
		e, rest = nextEntry(rest)
		if string(e.typ) != string(rec.Type) || !bytes.Equal(e.id, id) {
			t.pack = append(t.pack, at[:len(at)-len(rest)]...)
		}
	}
	if len(t.pack) == 0 {
		_, err = t.write(deletePack, pack)
	} else {
		_, err = t.write(updatePack, t.pack, pack)
	}
	return err
}
