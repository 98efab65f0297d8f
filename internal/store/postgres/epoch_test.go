package postgres_test

import (
	"fmt"
	"testing"
	"time"

	"facet/internal/profile"
	"facet/internal/store"
	"facet/internal/store/postgres"
)

// After a failover the process that starts first begins a new epoch; those that
// went on write theirs into it, so that nobody who follows the feed misses them.
func TestAProcessThatGoesOnWritesIntoTheEpochThatAnotherHasBegun(t *testing.T) {
	url := cluster.Database(t)
	openOne := func() *postgres.Store {
		s, err := postgres.Open(t.Context(), postgres.Options{URL: url, Logger: quiet})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return s
	}
	goesOn := openOne()
	if _, err := connect(t, url).Exec(t.Context(), `UPDATE meta SET value = value - 1 WHERE key = 'timeline'`); err != nil {
		t.Fatal(err)
	}
	starts := openOne()
	made := 0
	creation := func() store.Creation {
		made++
		now := time.Now()
		return store.Creation{Event: store.Event{Kind: "x"}, Record: &store.Record{ID: profile.NewID(now), Type: profile.User, Number: int64(5000 + made),
			Attrs: []byte(`{}`), Extras: []byte(`{}`), State: profile.Active, Created: now, Updated: now,
			Names: []profile.Name{{Space: profile.Slug, Value: fmt.Sprint("n", made)}}}}
	}
	create := func(s *postgres.Store, n int) {
		t.Helper()
		err := s.Site(1).Update(t.Context(), func(tx store.Tx) error {
			list := make([]store.Creation, n)
			for i := range list {
				list[i] = creation()
			}
			_, err := tx.CreateMany(list)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	create(starts, 1)
	at := store.Position{}
	after := func() (list []store.Event) {
		t.Helper()
		err := starts.Site(1).View(t.Context(), func(r store.Reader) (err error) {
			list, err = r.Events(at, -1)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	at = after()[0].Position
	for _, n := range []int{1, 40} { // by itself, and copied
		create(goesOn, n)
		if list := after(); len(list) != n {
			t.Errorf("of %d events %d follow", n, len(list))
		} else {
			at = list[n-1].Position
		}
	}
}
