package directory_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"facet/internal/directory"
	"facet/internal/profile"
	"facet/internal/store"
	"facet/internal/store/storetest"
)

// TestWritersAndReadersGoOnWhileATypeChanges has records made, changed and
// deleted all the time, by clients that know only that attributes may be called
// one thing or another, while constraints and names of attributes come and go.
// After each change every record is as the type says.
func TestWritersAndReadersGoOnWhileATypeChanges(t *testing.T) {
	l := newLibrary(t)
	ids := l.fill(800)
	rounds := 2
	if storetest.Reduced() {
		rounds = 1
	}
	stop := make(chan struct{})
	var running sync.WaitGroup
	for w := range 4 {
		running.Go(func() { l.writes(uint64(w), ids, stop) })
	}
	defer running.Wait()
	defer close(stop)
	for range rounds {
		l.must(l.constrain(t.Context(), "isbn", "unique"))
		l.agrees("isbn", true)
		l.must(l.rename("isbn", "ean"))
		l.agrees("ean", true)
		l.must(l.rename("pages", "length"))
		l.agrees("length", false)
		l.must(l.rename("length", "pages"))
		l.must(l.rename("ean", "isbn"))
		l.agrees("isbn", true)
		l.must(l.constrain(t.Context(), "isbn"))
		if n, r := l.names("isbn"), l.rows("isbn"); n != 0 || r != 0 {
			t.Errorf("%d names and %d rows are left", n, r)
		}
	}
}

func (l *library) must(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

func (l *library) rename(from, to string) error {
	_, err := l.site.RenameAttribute(context.Background(), l.who, "book", from, to)
	return err
}

// writes makes, changes, deletes and reads books until stop; every isbn is
// written by one writer only, so that none is there twice.
func (l *library) writes(writer uint64, ids []profile.ID, stop <-chan struct{}) {
	rng := rand.New(rand.NewPCG(1, writer))
	var own []profile.ID
	for i := 0; ; i++ {
		select {
		case <-stop:
			return
		default:
		}
		key, count := []string{"isbn", "ean"}[rng.IntN(2)], []string{"pages", "length"}[rng.IntN(2)]
		value := fmt.Sprintf("w%d-%d", writer, i)
		var err error
		switch rng.IntN(5) {
		case 0, 1:
			var id profile.ID
			if id, err = l.add(fmt.Sprintf(`{%q:%q,%q:%d}`, key, value, count, i)); err == nil {
				own = append(own, id)
			}
		case 2:
			err = l.update(ids[rng.IntN(len(ids)/4)*4+int(writer)], fmt.Sprintf(`{%q:%q,%q:%d}`, key, value, count, i))
		case 3:
			if len(own) > 0 {
				err = l.site.DeleteEntity(context.Background(), l.who, "book", directory.Selector{ID: own[0]}, directory.Guards{}, "")
				own = own[1:]
			}
		case 4:
			n := rng.IntN(len(ids))
			var found int64
			found, err = l.site.CountEntities(context.Background(), l.who, "book", fmt.Sprintf("title = 't%d'", n))
			if err == nil && found != 1 {
				l.t.Errorf("%d records have the title t%d", found, n)
			}
		}
		if err != nil && !profile.IsCode(err, profile.CodeUnknownAttribute) {
			l.t.Errorf("writer %d: %v", writer, err)
			return
		}
	}
}

// agrees compares what an index or a unique attribute finds with the records,
// while they are written: what both views of one snapshot have must be equal.
func (l *library) agrees(path string, unique bool) {
	l.t.Helper()
	space := profile.UniqueAttribute("book", path)
	err := l.store.Store.Site(1).View(context.Background(), func(r store.Reader) error {
		indexed := map[profile.ID]string{}
		err := r.Lookup("book", store.Range{Path: path}, func(id profile.ID, value string) bool { indexed[id] = value; return true })
		if err != nil {
			return err
		}
		with := 0
		err = l.eachIn(r, func(rec *store.Record) {
			value := textIn(rec.Attrs, path)
			if value == "" {
				return
			}
			with++
			if _, ok := indexed[rec.ID]; !ok {
				l.t.Errorf("no index row for %s", rec.Attrs)
			}
			if !unique {
				return
			}
			at, err := r.ByName(profile.ID{}, space, value)
			if err != nil || at.ID != rec.ID {
				l.t.Errorf("%s %q does not find its record: %v", path, value, err)
			}
		})
		if with != len(indexed) {
			l.t.Errorf("%s: %d records have a value, the index has %d", path, with, len(indexed))
		}
		return err
	})
	if err != nil {
		l.t.Fatal(err)
	}
}
