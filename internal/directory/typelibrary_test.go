package directory_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"facet/internal/access"
	"facet/internal/credential"
	"facet/internal/directory"
	"facet/internal/profile"
	"facet/internal/schema"
	"facet/internal/store"
	"facet/internal/store/postgres"
	"facet/internal/store/postgres/pgtest"
	"facet/internal/store/sqlite"
)

// watched is a store that counts what the work on types does, and calls hook
// before every Update, read after a record is read.
type watched struct {
	store.Store
	mu        sync.Mutex
	hook      func()
	read      func() // called once, after a record is read by its id
	brief     func() // called once, before records are read in their order
	refreshes []int  // of each Update that had some
	lookups   int
	made      []int // records of each Update that made some
}

type watchedSite struct {
	store.Site
	w *watched
}

type watchedReader struct {
	store.Reader
	w *watched
}

type watchedTx struct {
	store.Tx
	n, made int
}

func (w *watched) Site(id store.SiteID) store.Site { return watchedSite{w.Store.Site(id), w} }

func (s watchedSite) View(ctx context.Context, fn func(store.Reader) error) error {
	return s.Site.View(ctx, func(r store.Reader) error { return fn(watchedReader{r, s.w}) })
}

func (s watchedSite) GetID(ctx context.Context, id profile.ID) (*store.Record, error) {
	rec, err := s.Site.GetID(ctx, id)
	s.w.mu.Lock()
	read := s.w.read
	s.w.read = nil
	s.w.mu.Unlock()
	if read != nil {
		read()
	}
	return rec, err
}

func (s watchedSite) Update(ctx context.Context, fn func(store.Tx) error) error {
	s.w.mu.Lock()
	hook := s.w.hook
	s.w.mu.Unlock()
	if hook != nil {
		hook()
	}
	n, made := 0, 0
	err := s.Site.Update(ctx, func(tx store.Tx) error {
		x := &watchedTx{Tx: tx}
		err := fn(x)
		n, made = x.n, x.made
		return err
	})
	if made > 0 {
		s.w.mu.Lock()
		s.w.made = append(s.w.made, made)
		s.w.mu.Unlock()
	}
	if n > 0 {
		s.w.mu.Lock()
		s.w.refreshes = append(s.w.refreshes, n)
		s.w.mu.Unlock()
	}
	return err
}

func (r watchedReader) Brief(t profile.Type, low, high int64, desc bool, fn func(*store.Record) bool) error {
	r.w.mu.Lock()
	brief := r.w.brief
	r.w.brief = nil
	r.w.mu.Unlock()
	if brief != nil {
		brief()
	}
	return r.Reader.Brief(t, low, high, desc, fn)
}

func (r watchedReader) Lookup(t profile.Type, rng store.Range, fn func(profile.ID, string) bool) error {
	r.w.mu.Lock()
	r.w.lookups++
	r.w.mu.Unlock()
	return r.Reader.Lookup(t, rng, fn)
}

func (r watchedReader) Values(t profile.Type, rng store.Range, desc bool, fn func([]byte, int64) bool) error {
	r.w.mu.Lock()
	r.w.lookups++
	r.w.mu.Unlock()
	return r.Reader.Values(t, rng, desc, fn)
}

func (r watchedReader) CountValues(t profile.Type, rng store.Range, limit int64) (int64, error) {
	r.w.mu.Lock()
	r.w.lookups++
	r.w.mu.Unlock()
	return r.Reader.CountValues(t, rng, limit)
}

func (t *watchedTx) Create(rec *store.Record, e store.Event) error {
	t.made++
	return t.Tx.Create(rec, e)
}

func (t *watchedTx) CreateMany(list []store.Creation) ([]error, error) {
	t.made += len(list)
	return t.Tx.CreateMany(list)
}

func (t *watchedTx) Refresh(old, rec *store.Record) error {
	t.n++
	return t.Tx.Refresh(old, rec)
}

// before sets what happens before every Update; nil is nothing.
func (w *watched) before(hook func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.hook = hook
}

// after sets what happens once, after the next record was read by its id.
func (w *watched) after(read func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.read = read
}

// during sets what happens once, while a search reads.
func (w *watched) during(brief func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.brief = brief
}

// library is a site with a type of its own, on a data folder that can be
// opened again.
type library struct {
	t     *testing.T
	dir   string
	url   string // of the database; "" where it is in dir
	key   credential.DataKey
	clock *clock
	store *watched
	d     *directory.Directory
	site  *directory.Site
	who   access.Principal
}

func newLibrary(t *testing.T) *library {
	t.Helper()
	l := &library{t: t, dir: t.TempDir(), key: credential.NewDataKey(), clock: &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)},
		who: access.Principal{Subject: profile.ID{1}, Client: true, Features: []access.Feature{access.Owner}}}
	c, err := pgtest.Shared()
	if err != nil {
		t.Fatal(err)
	}
	if c != nil {
		l.url = c.Database(t)
	}
	l.open()
	if _, err := l.d.CreateSite(t.Context(), directory.NewSite{Name: "library", Domain: "library.example"}); err != nil {
		t.Fatal(err)
	}
	l.reopen()
	t.Cleanup(func() {
		if err := l.store.Close(); err != nil {
			t.Error(err)
		}
	})
	l.create("book", `[{"name":"title","type":"string"},{"name":"isbn","type":"string"},{"name":"pages","type":"integer","features":["query"]},
		{"name":"print","type":"object","attr_defs":[{"name":"city","type":"string"}]},
		{"name":"copies","type":"plural","attr_defs":[{"name":"shelf","type":"string"},{"name":"code","type":"string"}]}]`)
	return l
}

func (l *library) open() {
	l.t.Helper()
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	var st store.Store
	var err error
	if l.url != "" {
		st, err = postgres.Open(context.Background(), postgres.Options{URL: l.url, Logger: log, Clock: l.clock.Now})
	} else {
		st, err = sqlite.Open(context.Background(), sqlite.Options{Dir: l.dir, Logger: log, Clock: l.clock.Now})
	}
	if err != nil {
		l.t.Fatal(err)
	}
	l.store = &watched{Store: st}
	l.d = directory.New(directory.Config{Store: l.store, DataKey: l.key, Hasher: credential.NewHasher(credential.HasherConfig{}), Now: l.clock.Now, Log: log})
}

// reopen is a restart.
func (l *library) reopen() {
	l.t.Helper()
	if err := l.store.Close(); err != nil {
		l.t.Fatal(err)
	}
	l.open()
	var err error
	if l.site, err = l.d.SiteNamed(context.Background(), "library"); err != nil {
		l.t.Fatal(err)
	}
}

func (l *library) create(name, defs string) {
	l.t.Helper()
	parsed, err := schema.ParseDefs([]byte(defs))
	if err != nil {
		l.t.Fatal(err)
	}
	if _, err := l.site.CreateEntityType(context.Background(), l.who, name, parsed); err != nil {
		l.t.Fatal(err)
	}
}

// fill makes n books: title "t<i>", isbn "i<i>", i pages, two copies.
func (l *library) fill(n int) []profile.ID {
	l.t.Helper()
	rows := make([][]byte, n)
	for i := range rows {
		rows[i] = fmt.Appendf(nil, `{"title":"t%d","isbn":"i%d","pages":%d,"print":{"city":"c%d"},"copies":[{"shelf":"a","code":"c%d"},{"shelf":"b","code":"d%d"}]}`, i, i, i, i, i, i)
	}
	var ids []profile.ID
	for chunk := range slices.Chunk(rows, directory.MaxAtOnce) {
		made, err := l.site.CreateEntities(context.Background(), l.who, "book", chunk, directory.CommitAll)
		if err != nil {
			l.t.Fatal(err)
		}
		for _, m := range made {
			ids = append(ids, m.ID)
		}
	}
	return ids
}

func (l *library) update(id profile.ID, attrs string) error {
	_, err := l.site.UpdateEntity(context.Background(), l.who, "book", directory.Selector{ID: id}, directory.Guards{}, directory.EntityChange{Value: []byte(attrs)})
	return err
}

func (l *library) add(attrs string) (profile.ID, error) {
	e, err := l.site.CreateEntity(context.Background(), l.who, "book", []byte(attrs))
	return e.ID, err
}

// constrain sets constraints as the API does.
func (l *library) constrain(ctx context.Context, path string, constraints ...string) error {
	_, err := l.site.SetAttributeConstraints(ctx, l.who, "book", path, constraints)
	return err
}

// found counts what a filter selects.
func (l *library) found(filter string) int64 {
	l.t.Helper()
	n, err := l.site.CountEntities(context.Background(), l.who, "book", filter)
	if err != nil {
		l.t.Fatalf("%s: %v", filter, err)
	}
	return n
}

func (l *library) byKey(path, value string) (profile.ID, error) {
	e, err := l.site.Entity(context.Background(), l.who, "book", directory.Selector{Key: path, Value: []byte(value)}, directory.Guards{}, nil)
	return e.ID, err
}

func (l *library) render(id profile.ID) string {
	l.t.Helper()
	e, err := l.site.Entity(context.Background(), l.who, "book", directory.Selector{ID: id}, directory.Guards{}, nil)
	if err != nil {
		l.t.Fatal(err)
	}
	return string(e.Render(nil))
}

// rows counts the index rows that are stored under a path of books.
func (l *library) rows(path string) (n int) {
	l.t.Helper()
	err := l.store.Store.Site(1).View(context.Background(), func(r store.Reader) error {
		n = 0
		return r.Lookup("book", store.Range{Path: path}, func(profile.ID, string) bool { n++; return true })
	})
	if err != nil {
		l.t.Fatal(err)
	}
	return n
}

// names counts the stored names in the space of a unique attribute of books,
// and checks that each finds its record.
func (l *library) names(path string) (n int) {
	l.t.Helper()
	space := profile.UniqueAttribute("book", path)
	err := l.store.Store.Site(1).View(context.Background(), func(r store.Reader) error {
		n = 0
		return r.ByNumber("book", math.MinInt64, math.MaxInt64, false, func(rec *store.Record) bool {
			for _, name := range rec.Names {
				if name.Space != space {
					continue
				}
				n++
				if at, err := r.ByName(profile.ID{}, space, name.Value); err != nil || at.ID != rec.ID {
					l.t.Errorf("%s %q does not find its record: %v", path, name.Value, err)
				}
			}
			return true
		})
	})
	if err != nil {
		l.t.Fatal(err)
	}
	return n
}

// work does the jobs that are due, as a worker does.
func (l *library) work() {
	l.t.Helper()
	l.clock.add(time.Minute)
	for {
		due, err := l.store.System().DueJobs(context.Background(), l.clock.Now(), time.Minute, 100)
		if err != nil {
			l.t.Fatal(err)
		}
		if len(due) == 0 {
			return
		}
		for _, job := range due {
			if err := l.d.ContinueType(context.Background(), job.Site, job.Body); err != nil {
				l.t.Fatal(err)
			}
			if err := l.store.System().FinishJob(context.Background(), job); err != nil {
				l.t.Fatal(err)
			}
		}
	}
}
