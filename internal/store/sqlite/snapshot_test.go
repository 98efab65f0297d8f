package sqlite

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"facet/internal/profile"
	"facet/internal/store"
)

// kept counts the idle readers that have kept a snapshot.
func kept(t *testing.T, s *Store) (n int) {
	t.Helper()
	for range s.count {
		c := <-s.readers
		if c.inTransaction() != (c.since != noSnapshot) {
			t.Errorf("in a transaction: %t, snapshot of commit %d", c.inTransaction(), c.since)
		}
		if c.since != noSnapshot {
			n++
		}
		s.readers <- c
	}
	return n
}

func TestReadersKeepTheirSnapshotUntilTheNextCommit(t *testing.T) {
	s, st := open(t)
	for range s.count {
		has(t, st, "nobody")
	}
	if n := kept(t, s); n != s.count {
		t.Errorf("%d of %d readers have kept their snapshot", n, s.count)
	}
	rec := record("r1")
	if err := st.Update(t.Context(), func(tx store.Tx) error { return tx.Create(rec, store.Event{}) }); err != nil {
		t.Fatal(err)
	}
	if n := kept(t, s); n != 0 {
		t.Errorf("%d readers keep a snapshot from before a commit", n)
	}
	for range 2 * s.count {
		if !has(t, st, "r1") {
			t.Fatal("a reader does not see what was committed")
		}
	}
}

func TestASnapshotDoesNotOutliveACommitDuringItsRead(t *testing.T) {
	s, st := open(t)
	rec := record("r1")
	err := st.View(t.Context(), func(r store.Reader) error {
		if _, err := r.Record(rec.ID); !errors.Is(err, store.ErrNotFound) {
			t.Error(err)
		}
		if err := st.Update(t.Context(), func(tx store.Tx) error { return tx.Create(rec, store.Event{}) }); err != nil {
			return err
		}
		if _, err := r.Record(rec.ID); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("the snapshot has changed: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := kept(t, s); n != 0 {
		t.Errorf("%d readers keep a snapshot from before a commit", n)
	}
}

func TestAFailedStatementEndsTheSnapshot(t *testing.T) {
	s, st := open(t)
	err := s.view(t.Context(), 1, func(r *reader) error {
		_, err := r.c.exec(insertHost, "example.com", 1) // readers cannot write
		return err
	})
	if err == nil {
		t.Fatal("no error")
	}
	if n := kept(t, s); n != 0 {
		t.Error("the snapshot is kept")
	}
	if has(t, st, "nobody") {
		t.Error("found")
	}
}

func TestKeptSnapshotsLetTheLogBeCheckpointed(t *testing.T) {
	s, st := open(t)
	rec := record("r1")
	rec.Attrs = []byte(`{"text":"` + strings.Repeat("x", 200<<10) + `"}`)
	if err := st.Update(t.Context(), func(tx store.Tx) error { return tx.Create(rec, store.Event{}) }); err != nil {
		t.Fatal(err)
	}
	wal := filepath.Join(filepath.Dir(s.lock.Name()), databaseName+"-wal")
	for range 250 { // some 50 MB of changes
		next := *rec
		if err := st.Update(t.Context(), func(tx store.Tx) error { return tx.Save(rec, &next, store.Event{}) }); err != nil {
			t.Fatal(err)
		}
		rec = &next
		for range s.count {
			has(t, st, "r1")
		}
	}
	info, err := os.Stat(wal)
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() > 24<<20 { // a checkpoint begins at 4000 pages
		t.Errorf("the log has grown to %d bytes", info.Size())
	}
}

func TestWhatOneReaderSawTheNextOneSees(t *testing.T) {
	_, st := open(t)
	rec := record("r1")
	if err := st.Update(t.Context(), func(tx store.Tx) error { return tx.Create(rec, store.Event{}) }); err != nil {
		t.Fatal(err)
	}
	id := rec.ID
	var seen atomic.Int64
	var ended atomic.Bool
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for !ended.Load() {
				before := seen.Load()
				var got *store.Record
				var err error
				if i%2 == 0 {
					got, err = st.GetID(t.Context(), id)
				} else {
					err = st.View(t.Context(), func(r store.Reader) (err error) {
						got, err = r.ByName(profile.ID{}, profile.Slug, "r1")
						return err
					})
				}
				if err != nil {
					t.Error(err)
					return
				}
				if got.Version < before {
					t.Errorf("version %d after version %d had been seen", got.Version, before)
					return
				}
				for v := before; v < got.Version && !seen.CompareAndSwap(v, got.Version); v = seen.Load() {
				}
			}
		})
	}
	until := time.Now().Add(time.Second)
	for n := 0; n < 500 && time.Now().Before(until) && !t.Failed(); n++ {
		next := *rec
		if err := st.Update(t.Context(), func(tx store.Tx) error { return tx.Save(rec, &next, store.Event{}) }); err != nil {
			t.Error(err)
			break
		}
		rec = &next
		if v := seen.Load(); v < rec.Version {
			seen.CompareAndSwap(v, rec.Version) // acknowledged: everybody must see it
		}
	}
	ended.Store(true)
	wg.Wait()
}
