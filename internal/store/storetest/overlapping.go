package storetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"facet/internal/profile"
	"facet/internal/store"
)

// RunOverlapping runs what is asked of a backend whose transactions overlap: of
// one with a single writer none of it can happen.
func RunOverlapping(t *testing.T, open Open) {
	f := newFixture(t, open)
	f.run("events", testLateEvents)
	f.run("locks", testOverlaps)
}

// paused runs an update that stops where fn calls pause, and gives what lets it
// go on and commit, which returns its error. fn runs once.
func (f *fixture) paused(fn func(tx store.Tx, pause func()) error) (goOn func() error) {
	f.Helper()
	reached, release, end := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	var once sync.Once
	go func() {
		end <- f.site.Update(f.ctx, func(tx store.Tx) error {
			return fn(tx, func() { once.Do(func() { close(reached); <-release }) })
		})
	}()
	select {
	case <-reached:
	case err := <-end:
		f.Fatalf("the update has ended before it was to pause: %v", err)
	}
	return func() error {
		close(release)
		return <-end
	}
}

// events follows the feed from a position to where it ends now.
func (f *fixture) events(after store.Position) (kinds []string, last store.Position) {
	f.Helper()
	for {
		page := read(f, func(r store.Reader) ([]store.Event, error) { return r.Events(after, 3) })
		if len(page) == 0 {
			return kinds, after
		}
		for _, e := range page {
			if compare(after, e.Position) >= 0 {
				f.Errorf("%v comes after %v", e.Position, after)
			}
			kinds, after = append(kinds, e.Kind), e.Position
		}
	}
}

func compare(a, b store.Position) int {
	for _, d := range []int64{a.Epoch - b.Epoch, a.Tx - b.Tx, a.Seq - b.Seq} {
		if d != 0 {
			return int(max(-1, min(d, 1)))
		}
	}
	return 0
}

func testLateEvents(f *fixture) {
	log := func(kind string) { f.update(func(tx store.Tx) error { return tx.Log(f.event(kind)) }) }

	f.run("a transaction that commits late is not skipped", func(f *fixture) {
		_, at := f.events(store.Position{})
		log("before")
		commit := f.paused(func(tx store.Tx, pause func()) error {
			if err := tx.Log(f.event("late")); err != nil {
				return err
			}
			if _, err := tx.Count(profile.User); err != nil { // sends it
				return err
			}
			pause()
			return nil
		})
		log("early")
		early, at := f.events(at)
		f.wantErr(commit(), nil)
		log("after")
		late, _ := f.events(at)
		seen := map[string]int{}
		for _, kind := range append(early, late...) {
			seen[kind]++
		}
		f.equal(seen, map[string]int{"before": 1, "late": 1, "early": 1, "after": 1})
	})

	f.run("a reader that follows many writers sees each event once", func(f *fixture) {
		_, at := f.events(store.Position{})
		const writers = 8
		rounds := count(40)
		done := make(chan struct{})
		go func() {
			defer close(done)
			together(writers, func(g int) {
				for i := range rounds {
					err := f.site.Update(f.ctx, func(tx store.Tx) error {
						if err := tx.Log(f.event(fmt.Sprintf("%d-%d", g, i))); err != nil {
							return err
						}
						for range (g + i) % 5 { // some take longer
							if _, err := tx.Count(profile.User); err != nil {
								return err
							}
						}
						return nil
					})
					if err != nil {
						f.Error(err)
					}
				}
			})
		}()
		seen := map[string]int{}
		for ended := false; ; {
			var kinds []string
			kinds, at = f.events(at)
			for _, kind := range kinds {
				seen[kind]++
			}
			if ended {
				break
			}
			select {
			case <-done:
				ended = true
			default:
			}
		}
		f.equal(len(seen), writers*rounds)
		for kind, n := range seen {
			if n != 1 {
				f.Errorf("%s is seen %d times", kind, n)
			}
		}
	})
}

// testOverlaps has what could go wrong between a read and the write that rests
// on it.
func testOverlaps(f *fixture) {
	f.run("counting wrong tries loses none, from the first on", func(f *fixture) {
		for range count(16) {
			who := f.id()
			together(8, func(int) {
				err := f.site.Update(f.ctx, func(tx store.Tx) error {
					a, err := tx.Attempts(who, "password")
					if err != nil {
						return err
					}
					a.Count++
					return tx.PutAttempts(a)
				})
				if err != nil {
					f.Error(err)
				}
			})
			f.equal(read(f, func(r store.Reader) (store.Attempts, error) { return r.Attempts(who, "password") }).Count, 8)
		}
	})

	f.run("of those that use up a ticket one does", func(f *fixture) {
		for i := range count(16) {
			who, digest := f.id(), fmt.Sprint("ticket", i)
			f.update(func(tx store.Tx) error {
				return tx.PutTicket(&store.TicketRow{Digest: digest, Subject: who, Kind: "k", Data: []byte(`{}`), Uses: 1})
			})
			var mu sync.Mutex
			used := 0
			together(8, func(int) {
				err := f.site.Update(f.ctx, func(tx store.Tx) error {
					t, err := tx.Ticket(digest)
					if err != nil {
						return err
					}
					if t.Uses == 0 {
						return store.ErrVersion
					}
					t.Uses--
					return tx.PutTicket(t)
				})
				if err == nil {
					mu.Lock()
					used++
					mu.Unlock()
				} else if !errors.Is(err, store.ErrVersion) {
					f.Error(err)
				}
			})
			f.equal(used, 1)
		}
	})

	f.run("what is kept for a subject goes with it, though it is just being written", func(f *fixture) {
		rec := f.user(name(profile.Slug, "leaving"))
		f.create(rec)
		session := &store.Session{ID: f.id(), Subject: rec.ID, Created: f.now(), Expires: f.now().Add(time.Hour)}
		goOn := f.paused(func(tx store.Tx, pause func()) error {
			if _, err := tx.Record(rec.ID); err != nil {
				return err
			}
			pause()
			return errors.Join(tx.PutSession(session), tx.AddLink(&store.Link{Src: rec.ID, Kind: store.RoleLink, Dst: f.id(), Attrs: []byte(`{}`)}))
		})
		f.update(func(tx store.Tx) error {
			now, err := tx.Record(rec.ID)
			if err != nil {
				return err
			}
			return tx.Erase(now, f.event("user.erased"), nil)
		})
		f.wantErr(goOn(), store.ErrNotFound) // it ran again
		f.equal(len(read(f, func(r store.Reader) ([]*store.Session, error) { return r.Sessions(rec.ID) })), 0)
		f.equal(read(f, func(r store.Reader) (int64, error) { return r.CountFrom(rec.ID, store.RoleLink, "", "", -1) }), 0)
	})

	f.run("an age that is held is not raised", func(f *fixture) {
		goOn := f.paused(func(tx store.Tx, pause func()) error {
			if err := tx.HoldAge(0); err != nil {
				return err
			}
			if _, err := tx.Age(); err != nil { // sends it
				return err
			}
			pause()
			return tx.Log(f.event("held"))
		})
		raised := make(chan error, 1)
		go func() { raised <- f.site.Update(f.ctx, func(tx store.Tx) error { return tx.RaiseAge() }) }()
		select {
		case err := <-raised:
			f.Errorf("raised while held: %v", err)
		case <-time.After(50 * time.Millisecond):
		}
		f.wantErr(goOn(), nil)
		f.wantErr(<-raised, nil)
		f.equal(read(f, func(r store.Reader) (int64, error) { return r.Age() }), 1)
	})

	f.run("a save of what the transaction read is not refused, but made again", func(f *fixture) {
		rec := f.user()
		rec.Attrs = []byte("0")
		f.create(rec)
		goOn := f.paused(func(tx store.Tx, pause func()) error {
			old, err := tx.Record(rec.ID)
			if err != nil {
				return err
			}
			pause()
			next := copyOf(old)
			next.Attrs = append(next.Attrs, '!')
			return tx.Save(old, next, f.event("x"))
		})
		f.save(rec.ID, func(r *store.Record) { r.Attrs = []byte("1") })
		f.wantErr(goOn(), nil)
		f.equal(string(f.get(rec.ID).Attrs), "1!")
	})

	f.run("two that want each other's names both end", func(f *fixture) {
		for i := range count(16) {
			a, b := name(profile.Slug, fmt.Sprintf("cross-a-%d", i)), name(profile.Slug, fmt.Sprintf("cross-b-%d", i))
			together(2, func(g int) {
				first, second := a, b
				if g == 1 {
					first, second = b, a
				}
				err := f.site.Update(f.ctx, func(tx store.Tx) error {
					if err := tx.Create(f.user(first), f.event("x")); err != nil {
						return err
					}
					if _, err := tx.Count(profile.User); err != nil { // sends it
						return err
					}
					return tx.Create(f.user(second), f.event("x"))
				})
				if err != nil && !profile.IsKind(err, profile.Taken) {
					f.Error(err)
				}
			})
		}
	})
}
