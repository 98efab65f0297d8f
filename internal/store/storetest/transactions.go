package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"facet/internal/profile"
	"facet/internal/store"
)

func testTransactions(f *fixture) {
	boom := errors.New("boom")

	f.run("a transaction sees its own writes", func(f *fixture) {
		rec := f.user(name(profile.Slug, "own-writes"))
		rec.Number, rec.Type, rec.Search = 9, "own", "own"
		rec.Index = []store.Indexed{{Path: "p", Value: "v"}}
		f.update(func(tx store.Tx) error {
			if err := tx.Create(rec, f.event("x")); err != nil {
				return err
			}
			got, err := tx.ByName(none, profile.Slug, "own-writes")
			f.wantErr(err, nil)
			f.equal(got.ID, rec.ID)
			n, err := tx.Count("own")
			f.equal(n, 1)
			found, _ := tx.Search(store.SearchQuery{Types: []profile.Type{"own"}, Term: "ow", Limit: 10})
			f.equal(len(found), 1)
			hits := 0
			_ = tx.Lookup("own", store.Range{Path: "p"}, func(profile.ID, string) bool { hits++; return true })
			f.equal(hits, 1)
			return err
		})
	})

	f.run("an error after writing leaves nothing", func(f *fixture) {
		rec := f.user(name(profile.Slug, "failed"))
		before := dump(f, f.site)
		err := f.site.Update(f.ctx, func(tx store.Tx) error {
			if err := tx.Create(rec, f.event("x")); err != nil {
				return err
			}
			l := &store.Link{Src: rec.ID, Kind: store.RoleLink, Dst: rec.ID, Attrs: []byte(`{}`), Created: f.now()}
			return errors.Join(tx.AddLink(l), tx.Log(f.event("y")), tx.PutSecret(&store.Secret{Subject: rec.ID, Kind: "k"}), boom)
		})
		f.wantErr(err, boom)
		f.equal(dump(f, f.site), before)
		f.create(f.user(name(profile.Slug, "failed")))
	})

	f.run("a panic leaves nothing and becomes an error", func(f *fixture) {
		rec := f.user(name(profile.Slug, "panicked"))
		for _, write := range []bool{true, false} {
			err := f.site.Update(f.ctx, func(tx store.Tx) error {
				if write {
					if err := tx.Create(rec, f.event("x")); err != nil {
						return err
					}
				}
				panic("at the disco")
			})
			if err == nil {
				f.Fatal("no error")
			}
		}
		_, err := f.site.GetID(f.ctx, rec.ID)
		f.wantErr(err, store.ErrNotFound)
		f.create(rec)
	})

	f.run("a panic in a list leaves the store usable", func(f *fixture) {
		for i := range 3 {
			rec := f.user()
			rec.Type, rec.Number = "panicky", int64(i+1)
			f.create(rec)
		}
		walk := func(r store.Reader) error {
			return r.ByNumber("panicky", 0, 9, false, func(*store.Record) bool { panic("in the list") })
		}
		if err := f.site.Update(f.ctx, func(tx store.Tx) error { return walk(tx) }); err == nil {
			f.Error("no error")
		}
		func() {
			defer func() {
				if recover() == nil {
					f.Error("a view kept the panic")
				}
			}()
			_ = f.site.View(f.ctx, walk)
		}()
		for range 20 { // whichever connection serves
			f.equal(read(f, func(r store.Reader) (int64, error) { return r.Count("panicky") }), 3)
		}
		f.create(f.user())
	})

	f.run("a view's error comes back", func(f *fixture) {
		f.wantErr(f.site.View(f.ctx, func(store.Reader) error { return boom }), boom)
	})

	f.run("a context that has ended runs nothing", func(f *fixture) {
		ctx, cancel := context.WithCancel(f.ctx)
		cancel()
		ran := false
		f.wantErr(f.site.Update(ctx, func(store.Tx) error { ran = true; return nil }), context.Canceled)
		f.wantErr(f.site.View(ctx, func(store.Reader) error { ran = true; return nil }), context.Canceled)
		_, err := f.site.GetID(ctx, f.id())
		f.wantErr(err, context.Canceled)
		f.equal(ran, false)
	})

	f.run("a context that ends while waiting is not run", func(f *fixture) {
		begun, goOn := make(chan struct{}), make(chan struct{})
		held := make(chan error, 1)
		row := f.user()
		f.create(row)
		go func() {
			var once sync.Once
			held <- f.site.Update(f.ctx, func(tx store.Tx) error {
				if err := tx.Lock(row.ID); err != nil {
					return err
				}
				once.Do(func() { close(begun); <-goOn })
				return nil
			})
		}()
		<-begun
		ctx, cancel := context.WithCancel(f.ctx)
		waits := make(chan error, 1)
		wrote := false
		go func() {
			waits <- f.site.Update(ctx, func(tx store.Tx) error {
				if err := tx.Lock(row.ID); err != nil {
					return err
				}
				wrote = true
				return nil
			})
		}()
		cancel()
		f.wantErr(<-waits, context.Canceled)
		close(goOn)
		f.wantErr(<-held, nil)
		f.create(f.user()) // the writer has passed the cancelled one
		f.equal(wrote, false)
	})

	f.run("a context that ends once it has begun does not undo the commit", func(f *fixture) {
		ctx, cancel := context.WithCancel(f.ctx)
		rec := f.user()
		err := f.site.Update(ctx, func(tx store.Tx) error {
			cancel()
			return tx.Create(rec, f.event("x"))
		})
		if _, get := f.site.GetID(f.ctx, rec.ID); (err == nil) != (get == nil) {
			f.Errorf("update says %v, the record %v", err, get)
		}
	})

	f.run("callers that fail beside others cost these nothing", testMixed)
}

// testMixed runs callers that succeed, fail before writing, fail after it, and
// panic, all at once: each sees the effect of its own outcome, once.
func testMixed(f *fixture) {
	boom := errors.New("boom")
	f.create(f.user(name("mixed", "held")))
	ledger := f.user()
	ledger.Attrs = []byte("0")
	f.create(ledger)
	var wg sync.WaitGroup
	var mu sync.Mutex
	want := 0
	for g := range 16 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range count(60) {
				rec := f.user(name("mixed", fmt.Sprintf("%d-%d", g, i)))
				kind := (g + i) % 5
				if kind == 1 {
					rec.Names = append(rec.Names, name("mixed", "held"))
				}
				err := f.site.Update(f.ctx, func(tx store.Tx) error {
					if err := tx.Create(copyOf(rec), f.event("x")); err != nil {
						return err
					}
					if err := add(tx, ledger.ID, 1); err != nil {
						return err
					}
					switch kind {
					case 2:
						return boom
					case 3:
						panic(boom)
					}
					return nil
				})
				fails := kind == 1 || kind == 2 || kind == 3
				if fails != (err != nil) {
					f.Errorf("caller of kind %d: %v", kind, err)
				}
				_, err = f.site.GetID(f.ctx, rec.ID)
				if fails != errors.Is(err, store.ErrNotFound) {
					f.Errorf("caller of kind %d: its record: %v", kind, err)
				}
				if !fails {
					mu.Lock()
					want++
					mu.Unlock()
				}
			}
		}()
	}
	wg.Wait()
	f.equal(string(f.get(ledger.ID).Attrs), fmt.Sprint(want))
}

// add adds to the number that is a record's attrs.
func add(tx store.Tx, id profile.ID, n int) error {
	old, err := tx.Record(id)
	if err != nil {
		return err
	}
	next := copyOf(old)
	var have int
	if _, err := fmt.Sscan(string(old.Attrs), &have); err != nil {
		return err
	}
	next.Attrs = fmt.Append(nil, have+n)
	return tx.Save(old, next, store.Event{Kind: "added"})
}
