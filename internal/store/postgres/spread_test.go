package postgres_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"facet/internal/profile"
	"facet/internal/store"
	"facet/internal/store/postgres"
)

// A database that is in use is spread, or says what it lacks, and goes on. Where
// the tests run on Citus (FACET_TEST_CITUS) its rows move.
func TestADatabaseWithProfilesIsSpreadWhereTheExtensionIs(t *testing.T) {
	url := cluster.Empty(t)
	o := postgres.Options{URL: url, Logger: quiet}
	m, err := postgres.Migrate(t.Context(), o, 0)
	if err != nil || len(m.Applied) == 0 || m.Shards != 0 || len(m.Moved) != 0 {
		t.Fatalf("%+v, %v", m, err)
	}
	s, err := postgres.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	var ids []profile.ID
	for i := range 40 {
		rec := &store.Record{ID: profile.NewID(now), Type: profile.User, Attrs: []byte(`{}`), Extras: []byte(`{}`), State: profile.Active,
			Names: []profile.Name{{Space: profile.Slug, Value: fmt.Sprint("n", i)}}, Created: now, Updated: now}
		err := s.Site(1).Update(t.Context(), func(tx store.Tx) error {
			return errors.Join(tx.Create(rec, store.Event{Kind: "x"}), tx.Enqueue(store.Job{Kind: "k", Subject: rec.ID, Body: []byte(`{}`)}))
		})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, rec.ID)
	}
	want := postgres.ErrNoCitus
	if onCitus() {
		want = postgres.ErrInUse // by s
	}
	if _, err := postgres.Migrate(t.Context(), o, 4); !errors.Is(err, want) {
		t.Errorf("%v, want %v", err, want)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if onCitus() {
		spreadHalf(t, o)
	}
	if s, err = postgres.Open(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for i, id := range ids {
		if rec, err := s.Site(1).Get(t.Context(), profile.Slug, fmt.Sprint("n", i)); err != nil || rec.ID != id {
			t.Errorf("n%d is lost: %v", i, err)
		}
	}
	if jobs, err := s.System().DueJobs(t.Context(), now.Add(time.Hour), time.Minute, 100); err != nil || len(jobs) != len(ids) {
		t.Errorf("%d jobs are left, %v", len(jobs), err)
	}
	err = s.Site(1).View(t.Context(), func(r store.Reader) error {
		events, err := r.Events(store.Position{}, -1)
		if len(events) != len(ids) {
			t.Errorf("%d events are left", len(events))
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// spreadHalf spreads a database, brings some of it back as if that had been ended
// halfway, and leaves the rest to whoever opens it.
func spreadHalf(t *testing.T, o postgres.Options) {
	t.Helper()
	m, err := postgres.Migrate(t.Context(), o, 4)
	if err != nil || m.Shards != 4 || len(m.Moved) < 19 {
		t.Fatalf("%+v, %v", m, err)
	}
	if m, err = postgres.Migrate(t.Context(), o, 4); err != nil || len(m.Moved) != 0 {
		t.Errorf("once more: %+v, %v", m, err)
	}
	if _, err := postgres.Migrate(t.Context(), o, 5); !errors.Is(err, postgres.ErrSpread) {
		t.Errorf("over 5 instead: %v", err)
	}
	conn := connect(t, o.URL)
	for _, table := range []string{"name", "event"} {
		if _, err := conn.Exec(t.Context(), "SELECT undistribute_table('"+table+"')"); err != nil {
			t.Fatal(err)
		}
	}
	if left, err := postgres.Unspread(t.Context(), conn); err != nil || len(left) != 2 {
		t.Fatalf("%v are back, %v", left, err)
	}
}
