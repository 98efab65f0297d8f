package sqlite

import (
	"bytes"
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
	top := topFound{Backwards: q.Backwards, Limit: q.Limit}
	complete := true
	for _, t := range q.Types {
		all, err := r.walk(t, q, &top)
		if err != nil {
			return nil, err
		}
		complete = complete && all
	}
	if complete {
		return top.Take(), nil
	}
	top = topFound{Backwards: q.Backwards, Limit: q.Limit}
	from := q.After != store.Found{}
	err := r.eachMatch(q.Types, q.Term, func(f *store.Found) bool {
		if !from || top.Compare(q.After, *f) < 0 {
			top.Add(*f)
		}
		return true
	})
	return top.Take(), err
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
			top.Add(store.Found{ID: s.profileID(1), Sort: s.text(0)})
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
// the term until it returns false.
func (r *reader) eachMatch(types []profile.Type, term string, fn func(*store.Found) bool) error {
	low, high := packsOf(r.site)
	s, err := r.c.query(selectPacks, low, high)
	if err != nil {
		return err
	}
	needle := []byte(term)
	return r.stream(s, func() bool {
		p := pack{texts: s.raw(1)}
		if !bytes.Contains(p.texts, needle) {
			return true
		}
		for p.heads = s.raw(2); len(p.heads) > 0; {
			e := p.next()
			if !bytes.Contains(e.text, needle) || !slices.Contains(types, knownType(e.typ)) {
				continue
			}
			if !fn(&store.Found{ID: e.id, Sort: string(e.sort)}) {
				return false
			}
		}
		return true
	})
}

// packSize is how many bytes a pack grows to: what a page of the database holds
// beside its header. A larger entry has a pack of its own.
const packSize = 4000

// packsOf gives the bounds of a site's pack numbers.
func packsOf(site store.SiteID) (low, high int64) {
	return int64(site) << 32, int64(site)<<32 | 0xffffffff
}

// pack is the entries of a pack: what a search looks into lies apart.
type pack struct{ texts, heads []byte }

// entry is a search row as a pack holds it.
type entry struct {
	typ, sort, text []byte
	id              profile.ID
}

// next takes the first entry out.
func (p *pack) next() (e entry) {
	e.text, p.texts = upToNUL(p.texts[min(1, len(p.texts)):])
	e.typ, p.heads = upToNUL(p.heads)
	p.heads = p.heads[min(1, len(p.heads)):]
	p.heads = p.heads[copy(e.id[:], p.heads):]
	e.sort, p.heads = upToNUL(p.heads)
	p.heads = p.heads[min(1, len(p.heads)):]
	return e
}

// upToNUL parts a text from what follows it, the NUL included.
func upToNUL(b []byte) (text, rest []byte) {
	if end := bytes.IndexByte(b, 0); end >= 0 {
		return b[:end], b[end:]
	}
	return b, nil
}

// add puts an entry at the end.
func (p *pack) add(typ, sort, text string, id profile.ID) {
	p.texts = append(append(p.texts, 0), text...)
	p.heads = append(append(append(append(append(p.heads, typ...), 0), id[:]...), sort...), 0)
}

func (p *pack) size() int { return len(p.texts) + len(p.heads) }

// entrySize is how much a record's entry adds to a pack's size.
func entrySize(rec *store.Record) int {
	return 1 + len(rec.Search) + len(rec.Type) + 1 + len(rec.ID) + len(rec.Sort) + 1
}

// take copies what a query gives into the pack, and says which it is; number
// stays when it gives none.
func (p *pack) take(s *stmt, number int64) (int64, error) {
	p.texts, p.heads = p.texts[:0], p.heads[:0]
	err := each(s, func() bool {
		number, p.texts, p.heads = s.int(0), append(p.texts, s.raw(1)...), append(p.heads, s.raw(2)...)
		return false
	})
	return number, err
}

// putSearch writes the search row of a record that has none, and its entry at
// the end of the last pack.
func (t *tx) putSearch(rec *store.Record) error {
	if strings.IndexByte(rec.Sort, 0) >= 0 || strings.IndexByte(rec.Search, 0) >= 0 || strings.IndexByte(string(rec.Type), 0) >= 0 {
		return errNUL
	}
	number, err := t.w.gathered.addEntry(t.site, rec)
	if err != nil {
		return err
	}
	t.writes++
	_, err = t.write(insertSearch, t.site, rec.Type, rec.Sort, rec.ID, rec.Bucket, rec.Search, number)
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
func (t *tx) dropEntry(number int64, rec *store.Record) error {
	s, err := t.c.query(selectPack, number)
	if err != nil {
		return err
	}
	var all pack
	if _, err = all.take(s, number); err != nil {
		return err
	}
	t.pack.texts, t.pack.heads = t.pack.texts[:0], t.pack.heads[:0]
	for len(all.heads) > 0 {
		e := all.next()
		if string(e.typ) != string(rec.Type) || e.id != rec.ID {
			t.pack.add(string(e.typ), string(e.sort), string(e.text), e.id)
		}
	}
	if len(t.pack.heads) == 0 {
		_, err = t.write(deletePack, number)
	} else {
		_, err = t.write(updatePack, t.pack.texts, t.pack.heads, number)
	}
	return err
}
