package postgres_test

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"facet/internal/profile"
	"facet/internal/store"
	"facet/internal/store/postgres"
	"facet/internal/store/postgres/pgtest"
	"facet/internal/store/storetest"
)

// load is some callers who create records one after the other, and note which
// of them they were told are there.
type load struct {
	site  store.Site
	acked chan profile.ID
	busy  atomic.Int64
	stop  atomic.Bool
	wait  sync.WaitGroup
}

func (l *load) run(t *testing.T, callers int) {
	for n := range callers {
		l.wait.Go(func() {
			for i := 0; !l.stop.Load(); i++ {
				now := time.Now()
				rec := &store.Record{ID: profile.NewID(now), Type: profile.User, Attrs: []byte(`{}`), Extras: []byte(`{}`),
					Names: []profile.Name{{Space: profile.Slug, Value: fmt.Sprintf("c%d-%d", n, i)}}, State: profile.Active, Created: now, Updated: now}
				err := l.site.Update(context.Background(), func(tx store.Tx) error {
					if i%2 == 0 { // a transaction of several round trips
						if _, err := tx.Count("none"); err != nil {
							return err
						}
					}
					return tx.Create(rec, store.Event{Kind: "user.created"})
				})
				switch {
				case err == nil:
					l.acked <- rec.ID
				case profile.IsKind(err, profile.Busy):
					if profile.AsError(err).Retry < 1 {
						t.Errorf("busy, but not until when: %v", err)
					}
					l.busy.Add(1)
				default:
					t.Errorf("a caller is told: %v", err)
					return
				}
			}
		})
	}
	go func() {
		l.wait.Wait()
		close(l.acked)
	}()
}

func TestKillOfTheServerUnderLoadLosesNothingAcknowledged(t *testing.T) {
	c, err := pgtest.Start(pgtest.Options{Fsync: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	})
	name, err := c.Create("")
	if err != nil {
		t.Fatal(err)
	}
	s, err := postgres.Open(t.Context(), postgres.Options{URL: c.URL(name), Logger: quiet, Patience: 300 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	enough := 200
	if storetest.Reduced() {
		enough = 30
	}
	l := &load{site: s.Site(1), acked: make(chan profile.ID, 64)}
	l.run(t, 8)
	var all []profile.ID
	more := func() {
		for range enough {
			id, ok := <-l.acked
			if !ok {
				t.Fatal("no caller is left")
			}
			all = append(all, id)
		}
	}
	more()
	if err := c.Kill(); err != nil { // the machine fails
		t.Fatal(err)
	}
	for l.busy.Load() == 0 { // and somebody notices
		select {
		case id := <-l.acked:
			all = append(all, id)
		case <-time.After(10 * time.Millisecond):
		}
	}
	if err := s.Ready(t.Context()); !profile.IsKind(err, profile.Busy) {
		t.Errorf("ready without a server: %v", err)
	}
	if err := c.Restart(); err != nil {
		t.Fatal(err)
	}
	more()
	if err := s.Ready(t.Context()); err != nil {
		t.Errorf("after the restart: %v", err)
	}
	for range 3 {
		if err := c.KillBackend(name); err != nil { // one process fails, the server recovers by itself
			t.Fatal(err)
		}
		more()
	}
	l.stop.Store(true)
	for id := range l.acked {
		all = append(all, id)
	}
	for _, id := range all {
		rec, err := l.site.GetID(t.Context(), id)
		if err != nil {
			t.Fatalf("of %d acknowledged, %s: %v", len(all), id, err)
		}
		if named, err := l.site.Get(t.Context(), profile.Slug, rec.Name(profile.Slug)); err != nil || named.ID != id {
			t.Fatalf("%s is not found by its name: %v", id, err)
		}
	}
	t.Logf("%d acknowledged, all there; %d told to come back", len(all), l.busy.Load())
}

func TestAnErrorNeverShowsThePassword(t *testing.T) {
	for _, bad := range []string{"postgres://u:hush@127.0.0.1:1/db", "postgres://u:hush@host:x/db", "postgres://u:hush@127.0.0.1:1/db?sslmode=no"} {
		_, err := postgres.Open(t.Context(), postgres.Options{URL: bad, Logger: quiet})
		if err == nil || strings.Contains(err.Error(), "hush") {
			t.Errorf("%v", err)
		}
	}
}

func TestADatabaseOfSomethingElseIsRefused(t *testing.T) {
	name := "other" + strings.ToLower(time.Now().UTC().Format("150405"))
	if err := cluster.Exec("postgres", "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	if err := cluster.Exec(name, "CREATE TABLE theirs (x int)"); err != nil {
		t.Fatal(err)
	}
	_, err := postgres.Open(t.Context(), postgres.Options{URL: cluster.URL(name), Logger: quiet})
	if err == nil || !strings.Contains(err.Error(), "theirs") {
		t.Errorf("%v", err)
	}
	if _, err := postgres.OpenReadOnly(t.Context(), postgres.Options{URL: cluster.URL(name), Logger: quiet}); err == nil {
		t.Error("opened for reading")
	}
}

func TestProcessesThatStartTogetherMigrateOnce(t *testing.T) {
	name := "together" + strings.ToLower(time.Now().UTC().Format("150405"))
	if err := cluster.Exec("postgres", "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			s, err := postgres.Open(context.Background(), postgres.Options{URL: cluster.URL(name), Logger: quiet})
			if err != nil {
				t.Error(err)
				return
			}
			if err := s.Ready(context.Background()); err != nil {
				t.Error(err)
			}
			_ = s.Close()
		})
	}
	wait.Wait()
}

func TestANewerDatabaseIsRefused(t *testing.T) {
	at := cluster.Database(t)
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	if err := cluster.Exec(strings.TrimPrefix(u.Path, "/"), "INSERT INTO migration VALUES ('9999_later.sql', '', 0)"); err != nil {
		t.Fatal(err)
	}
	if _, err := postgres.Open(t.Context(), postgres.Options{URL: at, Logger: quiet}); err == nil || !strings.Contains(err.Error(), "newer") {
		t.Errorf("%v", err)
	}
}
