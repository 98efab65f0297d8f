package postgres_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"facet/internal/profile"
	"facet/internal/store"
	"facet/internal/store/postgres"
)

func TestTwoProcessesShareNumbersNamesAndJobs(t *testing.T) {
	url := cluster.Database(t)
	var both [2]*postgres.Store
	for i := range both {
		s, err := postgres.Open(t.Context(), postgres.Options{URL: url, Logger: quiet})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		both[i] = s
	}
	const rounds = 40
	var mu sync.Mutex
	numbers, jobs, won := map[int64]int{}, map[profile.ID]int{}, 0
	var wait sync.WaitGroup
	for g := range 8 {
		wait.Go(func() {
			site := both[g%2].Site(1)
			for i := range rounds {
				var first int64
				now := time.Now()
				err := site.Update(context.Background(), func(tx store.Tx) (err error) {
					if first, err = tx.Numbers(30); err != nil {
						return err
					}
					return tx.Enqueue(store.Job{Kind: "x", Body: []byte(`{}`)})
				})
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				for n := range int64(30) {
					numbers[first+n]++
				}
				mu.Unlock()
				rec := &store.Record{ID: profile.NewID(now), Type: profile.User, Attrs: []byte(`{}`), Extras: []byte(`{}`), State: profile.Active,
					Names: []profile.Name{{Space: profile.Slug, Value: fmt.Sprint("same-", i)}}, Created: now, Updated: now}
				err = site.Update(context.Background(), func(tx store.Tx) error { return tx.Create(rec, store.Event{Kind: "x"}) })
				if err != nil && !profile.IsKind(err, profile.Taken) {
					t.Error(err)
				} else if err == nil {
					mu.Lock()
					won++
					mu.Unlock()
				}
			}
		})
	}
	wait.Wait()
	for n, times := range numbers {
		if times != 1 {
			t.Errorf("%d was given %d times", n, times)
		}
	}
	if won != rounds {
		t.Errorf("%d names were taken, there are %d", won, rounds)
	}
	for g := range 8 {
		wait.Go(func() {
			for {
				list, err := both[g%2].System().DueJobs(context.Background(), time.Now().Add(time.Minute), time.Hour, 5)
				if err != nil {
					t.Error(err)
				}
				if len(list) == 0 {
					return
				}
				mu.Lock()
				for _, j := range list {
					jobs[j.ID]++
				}
				mu.Unlock()
			}
		})
	}
	wait.Wait()
	if len(jobs) != 8*rounds {
		t.Errorf("%d jobs were taken, there are %d", len(jobs), 8*rounds)
	}
	for id, times := range jobs {
		if times != 1 {
			t.Errorf("job %s was taken %d times", id, times)
		}
	}
}

func TestWhatNetworksSpendIsCountedByOneClock(t *testing.T) {
	url := cluster.Database(t)
	var both [2]*postgres.Store
	for i := range both {
		s, err := postgres.Open(t.Context(), postgres.Options{URL: url, Logger: quiet})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		both[i] = s
	}
	now := time.Now()
	for i, its := range []time.Time{now.Add(time.Hour), now, now.Add(-time.Hour), now} {
		all, err := both[i%2].Spend(t.Context(), its, []store.Spent{{Network: "192.0.2.1/32", Cost: 20 * time.Second}})
		if err != nil || len(all) != 1 {
			t.Fatal(all, err)
		}
		most := time.Duration(i+1) * 20 * time.Second
		if left := all[0].Until.Sub(its); left > most || left < most-15*time.Second {
			t.Errorf("try %d: %v are spent, of %v", i, left, most)
		}
	}
}
