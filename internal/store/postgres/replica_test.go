package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"facet/internal/facetest"
	"facet/internal/profile"
	"facet/internal/store"
	"facet/internal/store/postgres"
	"facet/internal/store/postgres/pgtest"
)

// standbys are a primary, its streaming standby, and a store on both.
type standbys struct {
	t       testing.TB
	url     string // of the database on the primary
	standby *pgtest.Cluster
	store   *postgres.Store
	log     *facetest.Buffer
}

// standby is the one that the tests of this file share: each has its own
// database on it, and its turn.
var standby = sync.OnceValues(func() (*pgtest.Cluster, error) { return cluster.Standby() })

// replicated opens a store on a fresh database that the standby has, too.
func replicated(t testing.TB) *standbys {
	t.Helper()
	turn <- struct{}{}
	t.Cleanup(func() { <-turn })
	on, err := standby()
	if err != nil {
		t.Fatal(err)
	}
	s := &standbys{t: t, standby: on, url: cluster.Database(t), log: buffer()}
	s.must(on.CatchUp())
	s.store = s.open(s.replica())
	s.write("first")
	s.must(on.CatchUp())
	return s
}

func (s *standbys) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *standbys) database() string {
	rest := strings.TrimPrefix(s.url, "postgres:///")
	name, _, _ := strings.Cut(rest, "?")
	return name
}

func (s *standbys) replica() string { return s.standby.URL(s.database()) }

func (s *standbys) open(replicas ...string) *postgres.Store {
	s.t.Helper()
	db, err := postgres.Open(s.t.Context(), postgres.Options{URL: s.url, Replicas: replicas, Logger: slog.New(slog.NewTextHandler(s.log, nil))})
	s.must(err)
	s.t.Cleanup(func() { _ = db.Close() })
	return db
}

// pause stops replay until the test ends or goes on.
func (s *standbys) pause() {
	s.t.Helper()
	s.must(s.standby.CatchUp())
	s.must(s.standby.Pause())
	s.t.Cleanup(func() { s.must(s.standby.Resume()) })
}

// write makes a record with a slug, and gives the mark of what was written.
func (s *standbys) write(slug string) store.Mark {
	s.t.Helper()
	return s.writeOn(s.store, slug)
}

func (s *standbys) writeOn(db *postgres.Store, slug string) store.Mark {
	s.t.Helper()
	now := time.Now()
	recency := store.NewRecency(store.Mark{}, false)
	err := db.Site(1).Update(store.WithRecency(s.t.Context(), recency), func(tx store.Tx) error {
		return tx.Create(&store.Record{ID: profile.NewID(now), Type: profile.User, Attrs: []byte(`{}`), Extras: []byte(`{}`), State: profile.Active,
			Number: now.UnixNano(), Names: []profile.Name{{Space: profile.Slug, Value: slug}}, Created: now, Updated: now}, store.Event{Kind: "x"})
	})
	s.must(err)
	mark, ok := recency.Mark()
	if !ok {
		s.t.Fatal("the write told no mark")
	}
	return mark
}

// sees reports whether who has seen up to a mark is shown a slug, and how many
// reads came from replicas meanwhile.
func (s *standbys) sees(db *postgres.Store, least store.Mark, slug string) (found bool, copies uint64, mark store.Mark) {
	s.t.Helper()
	before := served(db)
	recency := store.NewRecency(least, true)
	err := db.Site(1).Glance(store.WithRecency(s.t.Context(), recency), 0, nil, func(r store.Reader) error {
		found = false
		err := r.ByNumber(profile.User, 0, 1<<62, false, func(rec *store.Record) bool {
			found = found || rec.Name(profile.Slug) == slug
			return true
		})
		return err
	})
	s.must(err)
	mark, _ = recency.Mark()
	return found, served(db) - before, mark
}

func served(db *postgres.Store) (n uint64) {
	for _, r := range db.ReplicaStatus() {
		n += r.Served
	}
	return n
}

func TestAReplicaIsReadFromOnlyWhereItHasWhatTheCallerHasSeen(t *testing.T) {
	s := replicated(t)
	other := s.open(s.replica()) // as another process
	s.pause()
	mark := s.write("late")
	for _, db := range []*postgres.Store{s.store, other} {
		if found, copies, _ := s.sees(db, store.Mark{}, "late"); found || copies != 1 {
			t.Errorf("whoever has seen nothing: found %t, from %d replicas; the replica lacks it and serves", found, copies)
		}
		if found, copies, _ := s.sees(db, mark, "late"); !found || copies != 0 {
			t.Errorf("who has written it: found %t, from %d replicas", found, copies)
		}
	}
	s.must(s.standby.Resume())
	s.must(s.standby.CatchUp())
	for _, db := range []*postgres.Store{s.store, other} {
		if found, _, _ := s.sees(db, mark, "late"); !found {
			t.Error("who has written it does not find it")
		}
		s.until("the replica serves who wrote", func() bool {
			found, copies, _ := s.sees(db, mark, "late")
			return found && copies == 1
		})
	}
}

// until waits for what comes by itself.
func (s *standbys) until(what string, fn func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !fn(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.t.Fatalf("not so: %s\n%s", what, s.log.String())
		}
	}
}

func TestWhatAReadShowsIsNotTakenBackByTheNext(t *testing.T) {
	s := replicated(t)
	s.pause()
	s.write("seen")
	// Seen on the primary, by a place that no replica has.
	found, copies, mark := s.sees(s.store, store.Mark{Epoch: mark0(s).Epoch, At: 1 << 62}, "seen")
	if !found || copies != 0 {
		t.Fatalf("a place beyond all: found %t, from %d replicas", found, copies)
	}
	again := store.NewRecency(mark, true)
	if least, _ := again.Copies(); least.At < 1<<62 {
		t.Errorf("the mark went back to %v", least)
	}
	// A mark of another epoch compares with nothing: it is read on the primary.
	found, copies, mark = s.sees(s.store, store.Mark{Epoch: 99, At: 1}, "seen")
	if !found || copies != 0 || mark.Epoch == 99 {
		t.Errorf("another epoch: found %t, from %d replicas, then %v", found, copies, mark)
	}
	if found, copies, _ = s.sees(s.store, mark, "seen"); !found || copies != 0 {
		t.Errorf("what the primary showed: found %t, from %d replicas", found, copies)
	}
	// And what a replica showed has a mark that the replica has.
	_, copies, mark = s.sees(s.store, store.Mark{}, "seen")
	if copies != 1 || mark.At == 0 {
		t.Fatalf("from %d replicas, %v", copies, mark)
	}
	if _, copies, _ = s.sees(s.store, mark, "seen"); copies != 1 {
		t.Errorf("what the replica showed last it does not show again")
	}
}

func mark0(s *standbys) store.Mark { return s.write("epoch") }

func TestNothingButAGlanceReadsFromAReplica(t *testing.T) {
	s := replicated(t)
	s.pause()
	s.write("only here")
	recency := store.NewRecency(store.Mark{}, true) // any age will do
	ctx := store.WithRecency(t.Context(), recency)
	site := s.store.Site(1)
	if _, err := site.Get(ctx, profile.Slug, "only here"); err != nil {
		t.Error("Get:", err)
	}
	look := func(r store.Reader) error {
		_, err := r.ByName(profile.ID{}, profile.Slug, "only here")
		return err
	}
	if err := site.View(ctx, look); err != nil {
		t.Error("View:", err)
	}
	if err := site.Update(ctx, func(tx store.Tx) error { return look(tx) }); err != nil {
		t.Error("Update:", err)
	}
	ctx = store.WithRecency(t.Context(), store.NewRecency(store.Mark{}, true)) // as the update has told its mark
	decided, shown := false, 0
	err := site.Glance(ctx, 0, func(r store.Reader) error {
		decided = look(r) == nil
		return nil
	}, func(r store.Reader) error {
		shown++
		n, err := r.Count(profile.User)
		if err == nil && shown == 1 && n != 1 {
			err = fmt.Errorf("%d records", n)
		}
		return err
	})
	if err != nil || !decided || shown != 1 {
		t.Errorf("the decision saw the primary: %t; shown %d times: %v", decided, shown, err)
	}
	refusal := errors.New("no")
	err = site.Glance(ctx, 0, func(store.Reader) error { return refusal }, func(store.Reader) error {
		t.Error("shown though refused")
		return nil
	})
	if err != refusal {
		t.Error(err)
	}
	// What a replica does not have is asked of the primary.
	if err := site.Glance(ctx, 0, nil, look); err != nil {
		t.Error("not found by a replica:", err)
	}
	// A replica at another age is not asked.
	before := served(s.store)
	err = site.Glance(ctx, 1, nil, func(r store.Reader) error {
		_, err := r.Count(profile.User)
		return err
	})
	if err != nil || served(s.store) != before {
		t.Errorf("another age: %v, %d reads from replicas", err, served(s.store)-before)
	}
}

func TestATransactionWithSavepointsIsSeenWholeOrNotAtAll(t *testing.T) {
	s := replicated(t)
	now := time.Now()
	for round := range 20 {
		recency := store.NewRecency(store.Mark{}, false)
		err := s.store.Site(1).Update(store.WithRecency(t.Context(), recency), func(tx store.Tx) error {
			for i := range 3 { // the second takes a name that is taken, so that each call goes in a savepoint
				slug := fmt.Sprint("s", round, "-", i)
				if i == 1 {
					slug = "first"
				}
				err := tx.Create(&store.Record{ID: profile.NewID(now), Type: profile.User, Attrs: []byte(`{}`), Extras: []byte(`{}`),
					Names: []profile.Name{{Space: profile.Slug, Value: slug}}, Created: now, Updated: now}, store.Event{Kind: "x"})
				if err != nil && !profile.IsKind(err, profile.Taken) {
					return err
				}
			}
			return nil
		})
		s.must(err)
		mark, _ := recency.Mark()
		n := 0
		err = s.store.Site(1).Glance(store.WithRecency(t.Context(), store.NewRecency(mark, true)), 0, nil, func(r store.Reader) error {
			n = 0
			for i := range 3 {
				if _, err := r.ByName(profile.ID{}, profile.Slug, fmt.Sprint("s", round, "-", i)); err == nil {
					n++
				}
			}
			return nil
		})
		if err != nil || n != 2 {
			t.Fatalf("round %d: %d of 2 records: %v", round, n, err)
		}
	}
}

func TestWritersAndReadersOnTwoProcessesAlwaysSeeTheirOwnWrites(t *testing.T) {
	s := replicated(t)
	other := s.open(s.replica(), s.replica())
	var wait sync.WaitGroup
	for g := range 4 {
		wait.Go(func() {
			for i := range 25 {
				slug := fmt.Sprint("own-", g, "-", i)
				mark := s.writeOn([]*postgres.Store{s.store, other}[i%2], slug)
				for _, db := range []*postgres.Store{s.store, other} {
					var err error
					_ = db.Site(1).Glance(store.WithRecency(context.Background(), store.NewRecency(mark, true)), 0, nil, func(r store.Reader) error {
						_, err = r.ByName(profile.ID{}, profile.Slug, slug)
						return nil
					})
					if err != nil {
						t.Errorf("%s: %v", slug, err)
					}
				}
			}
		})
	}
	wait.Wait()
	if n := served(other); n == 0 {
		t.Error("no read came from a replica")
	}
	status := other.ReplicaStatus()
	if len(status) != 2 || status[0].Served == 0 || status[1].Served == 0 {
		t.Errorf("two replicas are not both read from: %+v", status)
	}
}

func TestAReplicaSweepsAndStreamsInOneSnapshot(t *testing.T) {
	s := replicated(t)
	err := s.store.Site(1).Update(t.Context(), func(tx store.Tx) error {
		now := time.Now()
		for i := range 5000 {
			err := tx.Create(&store.Record{ID: profile.NewID(now), Type: profile.User, Number: int64(i + 1), Attrs: []byte(`{}`), Extras: []byte(`{}`),
				Created: now, Updated: now}, store.Event{Kind: "x"})
			if err != nil {
				return err
			}
		}
		return nil
	})
	s.must(err)
	s.must(s.standby.CatchUp())
	s.until("it serves", func() bool { return s.store.ReplicaStatus()[0].Serves })
	var mu sync.Mutex
	swept, streamed := 0, 0
	before := served(s.store)
	err = s.store.Site(1).Glance(store.WithRecency(t.Context(), store.NewRecency(store.Mark{}, true)), 0, nil, func(r store.Reader) error {
		swept, streamed = 0, 0
		err := r.Sweep(profile.User, 1, 5000, false, func() func(*store.Record) bool {
			return func(*store.Record) bool {
				mu.Lock()
				defer mu.Unlock()
				swept++
				return true
			}
		})
		if err != nil {
			return err
		}
		return r.ByNumber(profile.User, 1, 5000, false, func(*store.Record) bool {
			streamed++
			return true
		})
	})
	if err != nil || swept != 5000 || streamed != 5000 || served(s.store) != before+1 {
		t.Errorf("swept %d, streamed %d, %d from replicas: %v", swept, streamed, served(s.store)-before, err)
	}
}

func buffer() *facetest.Buffer { return &facetest.Buffer{} }
