package storetest

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"pgregory.net/rapid"

	"facet/internal/profile"
	"facet/internal/store"
)

func testHistory(f *fixture) {
	f.run("an event comes back as it was given", func(f *fixture) {
		rec := f.user()
		actor := f.id()
		made := store.Event{At: f.now(), Actor: actor, Kind: "user.created", Paths: []string{"a", `b"ü`}}
		other := store.Event{At: f.now(), Subject: f.id(), Kind: "subscription.granted", Version: 3, Replaced: []byte(`{}`)}
		last := position(f)
		f.update(func(tx store.Tx) error {
			if err := tx.Create(rec, made); err != nil {
				return err
			}
			return tx.Log(other)
		})
		got := read(f, func(r store.Reader) ([]store.Event, error) { return r.Events(last, -1) })
		f.equal(len(got), 2)
		made.Subject, made.Version, made.Position = rec.ID, 1, got[0].Position
		other.Replaced, other.Position = nil, got[1].Position
		f.equal(got[0], made)
		f.equal(got[1], other)
	})

	f.run("versions are read back through any sequence of saves", func(f *fixture) {
		rapid.Check(f, func(t *rapid.T) {
			text := rapid.SampledFrom([]string{`{}`, `{"a":1}`, `{"a":1.10}`, `{"é":"<&>😀\u0000"}`})
			rec := f.user()
			rec.Creator = f.id()
			rec.Attrs, rec.Extras = []byte(text.Draw(t, "attrs")), []byte(text.Draw(t, "extras"))
			f.create(rec)
			want := []store.Version{{Version: 1, At: rec.Created, Actor: rec.Creator, Kind: "user.created", Attrs: rec.Attrs, Extras: rec.Extras, Updated: rec.Updated}}
			old := rec
			for i := range rapid.IntRange(0, 6).Draw(t, "saves") {
				next := copyOf(old)
				next.Attrs, next.Extras = []byte(text.Draw(t, "attrs")), []byte(text.Draw(t, "extras"))
				next.Password = rapid.SampledFrom([]string{"", "p"}).Draw(t, "password")
				next.Updated = f.now()
				e := store.Event{At: f.now(), Actor: f.id(), Kind: fmt.Sprintf("change-%d", i)}
				f.update(func(tx store.Tx) error {
					if err := tx.Log(store.Event{At: e.At, Subject: rec.ID, Kind: "aside"}); err != nil {
						return err
					}
					return tx.Save(old, next, e)
				})
				old = next
				want = append(want, store.Version{Version: next.Version, At: e.At, Actor: e.Actor, Kind: e.Kind, Attrs: next.Attrs, Extras: next.Extras, Password: next.Password, Updated: next.Updated})
			}
			slices.Reverse(want)
			got := read(f, func(r store.Reader) ([]store.Version, error) { return r.Versions(rec.ID, -1) })
			if g, w := printed(got), printed(want); g != w {
				t.Fatalf("got\n%s\nwant\n%s", g, w)
			}
			limit := rapid.IntRange(0, 4).Draw(t, "limit")
			seen := 0
			f.view(func(r store.Reader) error {
				return r.EachVersion(rec.ID, func(v store.Version) bool {
					if g, w := printed([]store.Version{v}), printed(want[seen:seen+1]); g != w {
						t.Fatalf("version %d back: got\n%s\nwant\n%s", seen, g, w)
					}
					seen++
					return seen <= limit
				})
			})
			if seen != min(limit+1, len(want)) {
				t.Fatalf("%d versions seen of %d, to stop after %d", seen, len(want), limit+1)
			}
			part := read(f, func(r store.Reader) ([]store.Version, error) { return r.Versions(rec.ID, limit) })
			if g, w := printed(part), printed(want[:min(limit, len(want))]); g != w {
				t.Fatalf("first %d: got\n%s\nwant\n%s", limit, g, w)
			}
		})
	})

	f.run("a follower sees every event once, in order, while writers run", testFeed)

	f.run("positions go on after reopening", func(f *fixture) {
		before := position(f)
		f.s = f.reopen()
		f.site = f.s.Site(1)
		f.create(f.user())
		events := read(f, func(r store.Reader) ([]store.Event, error) { return r.Events(before, -1) })
		f.equal(len(events), 1)
	})
}

// printed shows versions with their texts.
func printed(list []store.Version) string {
	var b strings.Builder
	for _, v := range list {
		fmt.Fprintf(&b, "%d %s %s %s %s %s %q %s\n", v.Version, v.At, v.Actor, v.Kind, v.Attrs, v.Extras, v.Password, v.Updated)
	}
	return b.String()
}

// position is that of the last event.
func position(f *fixture) store.Position {
	f.Helper()
	events := read(f, func(r store.Reader) ([]store.Event, error) { return r.Events(store.Position{}, -1) })
	if len(events) == 0 {
		return store.Position{}
	}
	return events[len(events)-1].Position
}

func after(a, b store.Position) bool {
	return slices.Compare([]int64{a.Epoch, a.Tx, a.Seq}, []int64{b.Epoch, b.Tx, b.Seq}) > 0
}

func testFeed(f *fixture) {
	writers, each := 8, count(80)
	last := position(f)
	seen := map[string]int{}
	follow := func() error {
		for {
			var page []store.Event
			err := f.site.View(f.ctx, func(r store.Reader) (err error) {
				page, err = r.Events(last, 7)
				return err
			})
			if err != nil || len(page) == 0 {
				return err
			}
			for _, e := range page {
				if !after(e.Position, last) {
					f.Errorf("%v comes after %v", e.Position, last)
				}
				last = e.Position
				seen[e.Kind]++
			}
		}
	}
	stop := make(chan struct{})
	var follower sync.WaitGroup
	follower.Add(1)
	go func() {
		defer follower.Done()
		for {
			select {
			case <-stop:
				return
			default:
				if err := follow(); err != nil {
					f.Error(err)
					return
				}
			}
		}
	}()
	together(writers, func(g int) {
		for i := range each {
			fails := i%7 == 3
			err := f.site.Update(f.ctx, func(tx store.Tx) error {
				for part := range 2 {
					if err := tx.Log(store.Event{Kind: fmt.Sprintf("%d-%d-%d", g, i, part), Subject: profile.NewID(f.now())}); err != nil {
						return err
					}
				}
				if fails {
					return store.ErrVersion
				}
				return nil
			})
			if fails != (err != nil) {
				f.Error(err)
			}
		}
	})
	close(stop)
	follower.Wait()
	if err := follow(); err != nil {
		f.Error(err)
	}
	want := 0
	for g := range writers {
		for i := range each {
			if i%7 == 3 {
				continue
			}
			for part := range 2 {
				want++
				if n := seen[fmt.Sprintf("%d-%d-%d", g, i, part)]; n != 1 {
					f.Errorf("event %d-%d-%d is seen %d times", g, i, part, n)
				}
			}
		}
	}
	f.equal(len(seen), want)
}
