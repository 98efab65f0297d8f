package storetest

import (
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"

	"facet/internal/profile"
	"facet/internal/store"
)

// prune removes events before a time, a few at a step.
func prune(f *fixture, before time.Time, step int) (pruned int) {
	f.Helper()
	for {
		var n int
		f.update(func(tx store.Tx) error {
			last, err := tx.Newest()
			if err == nil {
				n, err = tx.Prune(before, last, step)
			}
			return err
		})
		if n > step {
			f.Fatalf("a step of %d pruned %d", step, n)
		}
		pruned += n
		if n == 0 {
			return pruned
		}
	}
}

func testPrune(f *fixture) {
	f.run("the oldest events go, and a mark tells up to where", func(f *fixture) {
		var at time.Time
		for i := range 10 {
			if i == 6 {
				at = f.now()
			}
			f.update(func(tx store.Tx) error {
				return tx.Log(store.Event{At: f.now(), Subject: f.id(), Kind: fmt.Sprintf("e%d", i)})
			})
		}
		all := events(f)
		var n int
		f.update(func(tx store.Tx) (err error) {
			n, err = tx.Prune(at, all[3].Position, 100)
			return err
		})
		f.equal(n, 4) // up to the position that was told
		f.equal(prune(f, at, 1), 2)
		f.equal(prune(f, at, 1), 0)
		f.equal(events(f), all[6:])
		f.equal(read(f, func(r store.Reader) (store.Position, error) { return r.Mark(none, store.PrunedMark) }), all[5].Position)
		f.equal(read(f, store.Reader.Newest), all[9].Position)
	})

	f.run("of each record the states since a time stay, and the one that it was in by then", func(f *fixture) {
		rapid.Check(f, func(t *rapid.T) {
			recs := make([]*store.Record, rapid.IntRange(1, 3).Draw(t, "records"))
			for i := range recs {
				recs[i] = f.user()
				f.create(recs[i])
			}
			for i := range rapid.IntRange(0, 12).Draw(t, "changes") {
				which := rapid.IntRange(0, len(recs)-1).Draw(t, "which")
				next := copyOf(recs[which])
				next.Attrs = fmt.Appendf(nil, `{"n":%d}`, i)
				aside := f.now()
				next.Updated = f.now()
				f.update(func(tx store.Tx) error {
					if err := tx.Log(store.Event{At: aside, Subject: next.ID, Kind: "aside"}); err != nil {
						return err
					}
					return tx.Save(recs[which], next, store.Event{At: next.Updated, Actor: f.id(), Kind: "changed"})
				})
				recs[which] = next
			}
			before := map[profile.ID][]store.Version{}
			var times []time.Time
			for _, rec := range recs {
				before[rec.ID] = versions(f, rec.ID)
				for _, v := range before[rec.ID] {
					times = append(times, v.At, v.At.Add(time.Microsecond))
				}
			}
			slices.SortFunc(times, time.Time.Compare)
			for range rapid.IntRange(1, 3).Draw(t, "prunings") {
				at := times[rapid.IntRange(0, len(times)-1).Draw(t, "time")]
				prune(f, at, rapid.IntRange(1, 5).Draw(t, "step"))
				for _, rec := range recs {
					want := before[rec.ID]
					for i, v := range want {
						// What a record was when it was made needs no event.
						if v.At.Before(at) && v.Version > 1 {
							want = want[:i+1]
							break
						}
					}
					before[rec.ID] = want
					f.equal(versions(f, rec.ID), want)
				}
			}
		})
	})

	f.run("what was pruned is amended no more, and goes with its subject", func(f *fixture) {
		rec := f.user()
		f.create(rec)
		for range 3 {
			next := copyOf(rec)
			next.Attrs = fmt.Appendf(nil, `{"n":%d}`, rec.Version)
			f.update(func(tx store.Tx) error { return tx.Save(rec, next, store.Event{At: f.now(), Kind: "changed"}) })
			rec = next
		}
		list := versions(f, rec.ID)
		prune(f, list[1].At.Add(time.Microsecond), 10)
		seen := 0
		f.update(func(tx store.Tx) error {
			seen = 0
			return tx.Amend(rec.ID, func(*store.Replaced) bool { seen++; return true })
		})
		f.equal(seen, 1)
		f.equal(len(versions(f, rec.ID)), 2)
		f.update(func(tx store.Tx) error { return tx.Erase(rec, store.Event{At: f.now(), Kind: "user.erased"}, nil) })
		err := f.site.View(f.ctx, func(r store.Reader) error {
			_, err := r.Versions(rec.ID, -1)
			return err
		})
		f.wantErr(err, store.ErrNotFound)
	})
}

func testMarks(f *fixture) {
	at := store.Position{Epoch: 1, Tx: 1 << 40, Seq: 3}
	f.run("a mark is what was put last, and goes with its subject", func(f *fixture) {
		rec := f.user()
		f.create(rec)
		mark := func() store.Position {
			return read(f, func(r store.Reader) (store.Position, error) { return r.Mark(rec.ID, "read") })
		}
		f.equal(mark(), store.Position{})
		for seq := range int64(3) {
			at.Seq = seq
			f.update(func(tx store.Tx) error { return tx.PutMark(rec.ID, "read", at) })
			f.equal(mark(), at)
		}
		f.equal(read(f, func(r store.Reader) (store.Position, error) { return r.Mark(rec.ID, "other") }), store.Position{})
		f.update(func(tx store.Tx) error { return tx.Remove(rec, store.Event{At: f.now(), Kind: "gone"}) })
		f.equal(mark(), store.Position{})
	})
	f.run("of transactions that move a mark at once none is lost", func(f *fixture) {
		const workers, each = 4, 8
		done := make(chan error)
		for range workers {
			go func() {
				var err error
				for range each {
					if err == nil {
						err = f.site.Update(f.ctx, func(tx store.Tx) error {
							at, err := tx.Mark(none, "count")
							if err != nil {
								return err
							}
							at.Epoch, at.Seq = 1, at.Seq+1
							return tx.PutMark(none, "count", at)
						})
					}
				}
				done <- err
			}()
		}
		for range workers {
			f.wantErr(<-done, nil)
		}
		f.equal(read(f, func(r store.Reader) (store.Position, error) { return r.Mark(none, "count") }).Seq, int64(workers*each))
	})
}

func events(f *fixture) []store.Event {
	f.Helper()
	return read(f, func(r store.Reader) ([]store.Event, error) { return r.Events(store.Position{}, -1) })
}

func versions(f *fixture, id profile.ID) []store.Version {
	f.Helper()
	return read(f, func(r store.Reader) ([]store.Version, error) { return r.Versions(id, -1) })
}
