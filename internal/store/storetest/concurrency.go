package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"

	"facet/internal/profile"
	"facet/internal/store"
)

// together runs fn n times at once and waits.
func together(n int, fn func(i int)) {
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wg.Add(1)
		go func() {
			defer wg.Done()
			<-start
			fn(i)
		}()
	}
	close(start)
	wg.Wait()
}

func testConcurrency(f *fixture) {
	f.run("of 64 that create the same name one wins", func(f *fixture) {
		for round := range count(16) {
			var won atomic.Int64
			email := name(profile.Email, fmt.Sprintf("race-%d@example.com", round))
			together(64, func(i int) {
				rec := f.user(name(profile.Slug, fmt.Sprintf("race-%d-%d", round, i)), email)
				err := f.site.Update(f.ctx, func(tx store.Tx) error { return tx.Create(rec, f.event("x")) })
				var e *profile.Error
				switch {
				case err == nil:
					won.Add(1)
				case !errors.As(err, &e) || e.Kind != profile.Taken || e.Field != "email":
					f.Error(err)
				}
			})
			f.equal(won.Load(), 1)
		}
	})

	f.run("of many that take a row, link or claim one wins", func(f *fixture) {
		owner := f.user()
		f.create(owner)
		other := f.id()
		for what, fn := range map[string]func(store.Tx) error{
			"owned name": func(tx store.Tx) error {
				return tx.Create(f.owned(owner, profile.Document, ownedName(profile.DocumentApp, "1")), f.event("x"))
			},
			"link": func(tx store.Tx) error {
				return tx.AddLink(&store.Link{Src: owner.ID, Kind: store.RoleLink, Dst: other, Attrs: []byte(`{}`), Created: f.now()})
			},
			"claim":       func(tx store.Tx) error { return tx.Claim(none, "key", "k", owner.ID) },
			"owned claim": func(tx store.Tx) error { return tx.Claim(owner.ID, profile.Subscribed, "k", other) },
		} {
			var won atomic.Int64
			together(16, func(int) {
				if err := f.site.Update(f.ctx, fn); err == nil {
					won.Add(1)
				} else if !profile.IsKind(err, profile.Taken) {
					f.Errorf("%s: %v", what, err)
				}
			})
			if won.Load() != 1 {
				f.Errorf("%s: %d won", what, won.Load())
			}
		}
	})

	f.run("no update is lost when stale saves are tried again", func(f *fixture) {
		rec := f.user()
		rec.Attrs = []byte("0")
		f.create(rec)
		rounds := count(16)
		together(64, func(int) {
			for range rounds {
				for {
					old, err := f.site.GetID(f.ctx, rec.ID)
					if err != nil {
						f.Error(err)
						return
					}
					next := copyOf(old)
					var n int
					_, _ = fmt.Sscan(string(old.Attrs), &n)
					next.Attrs = fmt.Append(nil, n+1)
					err = f.site.Update(f.ctx, func(tx store.Tx) error { return tx.Save(old, next, f.event("x")) })
					if err == nil {
						break
					}
					if !errors.Is(err, store.ErrVersion) {
						f.Error(err)
						return
					}
				}
			}
		})
		got := f.get(rec.ID)
		f.equal(string(got.Attrs), fmt.Sprint(64*rounds))
		f.equal(got.Version, int64(64*rounds+1))
	})

	f.run("no update is lost when read and written in one transaction", func(f *fixture) {
		rec := f.user()
		rec.Attrs = []byte("0")
		f.create(rec)
		rounds := count(16)
		together(64, func(int) {
			for range rounds {
				err := f.site.Update(f.ctx, func(tx store.Tx) error {
					if err := tx.Lock(rec.ID); err != nil {
						return err
					}
					return add(tx, rec.ID, 1)
				})
				if err != nil {
					f.Error(err)
				}
			}
		})
		f.equal(string(f.get(rec.ID).Attrs), fmt.Sprint(64*rounds))
	})

	f.run("a view is one moment", func(f *fixture) {
		// Money moves between accounts: in every view the sum is the same.
		const accounts, each = 8, 100
		var ids []profile.ID
		for i := range accounts {
			rec := f.user()
			rec.ID, rec.Type, rec.Number, rec.Attrs = f.near(i), "account", int64(i+1), fmt.Append(nil, each)
			f.create(rec)
			ids = append(ids, rec.ID)
		}
		stop := make(chan struct{})
		var readers sync.WaitGroup
		for range 4 {
			readers.Add(1)
			go func() {
				defer readers.Done()
				for {
					select {
					case <-stop:
						return
					default:
					}
					err := f.site.View(f.ctx, func(r store.Reader) error {
						sum, again := 0, 0
						err := r.ByNumber("account", 0, 100, false, func(rec *store.Record) bool {
							var n int
							_, _ = fmt.Sscan(string(rec.Attrs), &n)
							sum += n
							return true
						})
						for _, id := range ids {
							rec, err := r.Record(id)
							if err != nil {
								return err
							}
							var n int
							_, _ = fmt.Sscan(string(rec.Attrs), &n)
							again += n
						}
						if sum != accounts*each || again != sum {
							return fmt.Errorf("sums are %d and %d", sum, again)
						}
						return err
					})
					if err != nil {
						f.Error(err)
						return
					}
				}
			}()
		}
		together(8, func(int) {
			for range count(40) {
				from, to, n := ids[rand.IntN(accounts)], ids[rand.IntN(accounts)], rand.IntN(10)
				if f.apart(from, to) {
					continue
				}
				err := f.site.Update(f.ctx, func(tx store.Tx) error {
					for _, id := range ids { // one order of locks for all
						if err := tx.Lock(id); err != nil {
							return err
						}
					}
					return errors.Join(add(tx, from, -n), add(tx, to, n))
				})
				if err != nil {
					f.Error(err)
				}
			}
		})
		close(stop)
		readers.Wait()
	})

	f.run("nothing is written for a session once its end was answered", func(f *fixture) {
		for range count(10) {
			rec, session := f.user(), &store.Session{ID: f.id(), Created: f.now(), Expires: f.now()}
			rec.Attrs = []byte("0")
			f.create(rec)
			session.Subject = rec.ID
			f.update(func(tx store.Tx) error { return tx.PutSession(session) })
			var ended atomic.Bool
			together(8, func(g int) {
				if g == 0 {
					if err := f.site.Update(f.ctx, func(tx store.Tx) error { return tx.DropSession(rec.ID, session.ID) }); err != nil {
						f.Error(err)
					}
					ended.Store(true)
					return
				}
				for err := error(nil); err == nil; {
					late := ended.Load()
					err = f.site.Update(f.ctx, func(tx store.Tx) error {
						if _, err := tx.HoldSession(rec.ID, session.ID); err != nil {
							return err
						}
						return tx.Log(f.event("x"))
					})
					if err == nil && late {
						f.Error("written after the session's end was answered")
					}
					if err != nil && !errors.Is(err, store.ErrNotFound) {
						f.Error(err)
					}
				}
			})
		}
	})

	f.run("who finds no ticket or secret is the only one to write it", func(f *fixture) {
		rec := f.user()
		f.create(rec)
		for i := range count(10) {
			digest := fmt.Sprint("counted", i)
			var tickets, secrets atomic.Int64
			together(8, func(int) {
				var first bool
				err := f.site.Update(f.ctx, func(tx store.Tx) error {
					_, err := tx.Ticket(digest)
					if first = errors.Is(err, store.ErrNotFound); !first {
						return err
					}
					return tx.PutTicket(&store.TicketRow{Digest: digest, Subject: rec.ID, Kind: "counted", Data: []byte(`{}`), Created: f.now()})
				})
				if err == nil && first {
					tickets.Add(1)
				}
				err = errors.Join(err, f.site.Update(f.ctx, func(tx store.Tx) error {
					_, err := tx.Secret(rec.ID, "counted", digest)
					if first = errors.Is(err, store.ErrNotFound); !first {
						return err
					}
					return tx.PutSecret(&store.Secret{Subject: rec.ID, Kind: "counted", Key: digest, Data: []byte("x"), Created: f.now()})
				}))
				if first {
					secrets.Add(1)
				}
				if err != nil {
					f.Error(err)
				}
			})
			f.equal(tickets.Load(), int64(1))
			f.equal(secrets.Load(), int64(1))
		}
	})

	f.run("what is committed is seen by the next read", func(f *fixture) {
		together(16, func(g int) {
			for i := range count(40) {
				slug := fmt.Sprintf("seen-%d-%d", g, i)
				rec := f.user(name(profile.Slug, slug))
				if err := f.site.Update(f.ctx, func(tx store.Tx) error { return tx.Create(rec, f.event("x")) }); err != nil {
					f.Error(err)
				}
				if got, err := f.site.Get(f.ctx, profile.Slug, slug); err != nil || got.ID != rec.ID {
					f.Errorf("created, but found is %v", err)
				}
			}
		})
	})
}
