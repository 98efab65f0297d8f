package sqlite

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"facet/internal/profile"
	"facet/internal/store"
)

// The writer does not insert every row at once. Rows that no condition rests on
// and that nobody has asked for yet are gathered, over all callers of a
// transaction, and inserted before anything reads or changes their tables,
// before a savepoint begins or ends, and before the commit: attribute rows by
// path and value, several in a statement, so that neighbours are written one
// after the other; events, several in a statement too; and a search pack once
// when it is full, not once an entry.

// gatheredMost is how many rows are gathered at most.
const gatheredMost = 50_000

// gathered is what a transaction has yet to insert.
type gathered struct {
	c       *conn
	w       *writer
	indexed []indexedRows
	events  []eventRow
	rows    int // of both
	pack    sitePack
	err     error // why some of it was not inserted: the transaction is lost
	writing bool  // it is at work itself
}

var errEnded = errors.New("sqlite: the transaction has ended")

// indexedRows are the attribute rows of one path of a type.
type indexedRows struct {
	site store.SiteID
	typ  profile.Type
	path string
	rows []indexedRow
}

type indexedRow struct {
	value  string
	number int64
	id     profile.ID
	bucket profile.Bucket
}

func compareIndexed(a, b indexedRow) int {
	return cmp.Or(strings.Compare(a.value, b.value), cmp.Compare(a.number, b.number))
}

// sitePack is the last pack of a site: read, and perhaps changed since.
type sitePack struct {
	pack
	site    store.SiteID // 0: none is read
	number  int64
	stored  bool // a row of that number is there
	changed bool
}

// addIndexed gathers an attribute row.
func (g *gathered) addIndexed(site store.SiteID, rec *store.Record, x store.Indexed) error {
	if strings.IndexByte(x.Path, 0) >= 0 || strings.IndexByte(x.Value, 0) >= 0 || strings.IndexByte(string(rec.Type), 0) >= 0 {
		return errNUL
	}
	if err := g.oneMore(); err != nil {
		return err
	}
	row := indexedRow{x.Value, rec.Number, rec.ID, rec.Bucket}
	for i := range g.indexed {
		if p := &g.indexed[i]; p.path == x.Path && p.typ == rec.Type && p.site == site {
			p.rows = append(p.rows, row)
			return nil
		}
	}
	g.indexed = append(g.indexed, indexedRows{site, rec.Type, x.Path, []indexedRow{row}})
	return nil
}

// oneMore counts a row.
func (g *gathered) oneMore() error {
	if g.rows >= gatheredMost {
		if err := g.insert(); err != nil {
			return err
		}
	}
	g.rows++
	return nil
}

// eventRow is an event, and its paths as JSON.
type eventRow struct {
	site    store.SiteID
	seq, at int64
	actor   profile.ID
	subject profile.ID
	kind    string
	paths   string
	version int64
}

// addEvent gathers the skeleton of an event, whose position is known.
func (g *gathered) addEvent(e eventRow) error {
	if strings.IndexByte(e.kind, 0) >= 0 || strings.IndexByte(e.paths, 0) >= 0 {
		return errNUL
	}
	err := g.oneMore()
	if err == nil {
		g.events = append(g.events, e)
	}
	return err
}

// insertEvents writes the events in their order.
func (g *gathered) insertEvents(epoch, tx int64) error {
	for left := g.events; len(left) > 0; {
		id, n := insertEvent, 1
		if len(left) >= eventsAtOnce {
			id, n = insertEventMany, eventsAtOnce
		}
		s, err := g.c.stmt(id)
		if err != nil {
			return err
		}
		if err = s.bindEvents(epoch, tx, left[:n]); err == nil {
			_, err = s.step()
		}
		s.close()
		if err != nil {
			return err
		}
		left = left[n:]
	}
	return nil
}

// bindEvents binds what the rows share, then each row.
func (s *stmt) bindEvents(epoch, tx int64, rows []eventRow) error {
	size := 0
	for i := range rows {
		r := &rows[i]
		size += bytesOf(r.actor) + bytesOf(r.subject) + bytesOf(r.kind) + bytesOf(r.paths)
	}
	s.room(size)
	off, err := s.fill(1, 0, epoch, tx)
	for i := 0; err == nil && i < len(rows); i++ {
		r := &rows[i]
		off, err = s.fill(3+9*i, off, r.site, r.seq, r.subject.Bucket(), r.at, r.actor, r.subject, r.kind, r.paths, r.version)
	}
	return err
}

// addEntry puts an entry at the end of the site's last pack and tells the
// pack's number.
func (g *gathered) addEntry(site store.SiteID, rec *store.Record) (int64, error) {
	p := &g.pack
	if p.site != site {
		g.err = g.lastPack(site)
	}
	if g.err == nil && len(p.texts) > 0 && p.size()+entrySize(rec) > packSize {
		g.err = g.writePack()
		p.texts, p.heads, p.number, p.stored = p.texts[:0], p.heads[:0], p.number+1, false
	}
	if g.err != nil {
		return 0, g.err
	}
	p.add(string(rec.Type), rec.Sort, rec.Search, rec.ID)
	p.changed = true
	return p.number, nil
}

// lastPack reads the last pack of a site, or makes its first.
func (g *gathered) lastPack(site store.SiteID) error {
	p := &g.pack
	if err := g.writePack(); err != nil {
		return err
	}
	low, high := packsOf(site)
	g.writing = true
	s, err := g.c.query(selectLastPack, low, high)
	g.writing = false
	if err != nil {
		return err
	}
	number, err := p.take(s, low)
	p.site, p.number, p.stored = site, max(number, low+1), number > low
	return err
}

// writePack stores the pack, when it has changed.
func (g *gathered) writePack() (err error) {
	p := &g.pack
	if !p.changed {
		return nil
	}
	g.writing = true
	defer func() { g.writing = false }()
	p.changed = false
	if p.stored {
		_, err = g.c.exec(updatePack, p.texts, p.heads, p.number)
	} else {
		_, err = g.c.exec(insertPack, p.number, p.texts, p.heads)
	}
	p.stored = true
	return err
}

// insert writes everything, and forgets the pack: whoever asked for this may
// change it.
func (g *gathered) insert() error {
	if g.writing || g.err != nil || g.rows == 0 && g.pack.site == 0 {
		return g.err
	}
	if !g.c.inTransaction() { // SQLite has ended it, as it may on a full disk
		return errEnded
	}
	err := g.writePack()
	if err == nil {
		err = g.insertEvents(g.w.epoch, g.w.tx+1)
	}
	for i := 0; err == nil && i < len(g.indexed); i++ {
		err = g.insertIndexed(&g.indexed[i])
	}
	g.forget()
	g.err = err
	return err
}

// insertIndexed writes the rows of a path in their order.
func (g *gathered) insertIndexed(p *indexedRows) error {
	if !slices.IsSortedFunc(p.rows, compareIndexed) {
		slices.SortFunc(p.rows, compareIndexed)
	}
	for left := p.rows; len(left) > 0; {
		id, n := insertIndexed, 1
		if len(left) >= indexedAtOnce {
			id, n = insertIndexedMany, indexedAtOnce
		}
		s, err := g.c.stmt(id)
		if err != nil {
			return err
		}
		if err = s.bindIndexed(p, left[:n]); err == nil {
			_, err = s.step()
		}
		s.close()
		if err != nil {
			return err
		}
		left = left[n:]
	}
	return nil
}

// bindIndexed binds what the rows share, then each row.
func (s *stmt) bindIndexed(p *indexedRows, rows []indexedRow) error {
	size := len(p.typ) + len(p.path) + 2
	for i := range rows {
		size += bytesOf(rows[i].value) + bytesOf(rows[i].id)
	}
	s.room(size)
	off, err := s.fill(1, 0, p.site, p.typ, p.path)
	for i := 0; err == nil && i < len(rows); i++ {
		r := &rows[i]
		off, err = s.fill(4+4*i, off, r.value, r.number, r.bucket, r.id)
	}
	return err
}

// forget lets go of everything, as a rollback does.
func (g *gathered) forget() {
	for i := range g.indexed {
		clear(g.indexed[i].rows) // their texts
		g.indexed[i].rows = g.indexed[i].rows[:0]
	}
	if len(g.indexed) > 64 { // not those of every type there ever was
		g.indexed = nil
	}
	clear(g.events)
	g.events = g.events[:0]
	g.rows, g.err = 0, nil
	g.pack.site, g.pack.changed = 0, false
}

// sees tells which statements read or change a table of which rows are gathered.
var sees []bool

func init() {
	for _, text := range statements {
		words := strings.FieldsFunc(text, func(r rune) bool { return r != '_' && (r < 'a' || r > 'z') })
		sees = append(sees, slices.Contains(words, "attribute") || slices.Contains(words, "event") || slices.Contains(words, "search_pack"))
	}
}
