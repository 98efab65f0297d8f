package storetest

import (
	"fmt"

	"facet/internal/profile"
	"facet/internal/store"
)

// indexed lists the index rows of a path, "value …".
func (f *fixture) indexed(t profile.Type, path string) []string {
	f.Helper()
	values := []string{}
	f.view(func(r store.Reader) error {
		return r.Lookup(t, store.Range{Path: path}, func(_ profile.ID, v string) bool {
			values = append(values, v)
			return true
		})
	})
	return values
}

func testRefresh(f *fixture) {
	space := profile.UniqueAttribute("customer", "code")
	f.run("a refresh changes what follows from the type, and nothing that tells of a change", func(f *fixture) {
		rec := f.user(name(profile.Slug, "refreshed"), name(space, "old"))
		rec.Type, rec.Index, rec.Search, rec.Password = "refreshed", []store.Indexed{{Path: "p", Value: "1"}, {Path: "q", Value: "1"}}, "before", "password-bcrypt"
		f.create(rec)
		before := read(f, func(r store.Reader) ([]store.Event, error) { return r.Events(store.Position{}, -1) })
		next := copyOf(rec)
		next.Attrs, next.Sort, next.Search, next.Password = []byte(`{"b":2}`), "other", "after", ""
		next.Names = []profile.Name{name(profile.Slug, "refreshed"), name(space, "new")}
		next.Index = []store.Indexed{{Path: "q", Value: "1"}, {Path: "r", Value: "1"}}
		next.Extras, next.State, next.Updated, next.Version = []byte(`{"e":1}`), profile.Disabled, f.now(), 9
		f.update(func(tx store.Tx) error { return tx.Refresh(rec, next) })

		want := plain(rec)
		want.Attrs, want.Extras, want.Names, want.Sort, want.Password = next.Attrs, next.Extras, next.Names, next.Sort, ""
		f.equal(*f.get(rec.ID), want)
		f.equal(fmt.Sprint(f.indexed("refreshed", "p"), f.indexed("refreshed", "q"), f.indexed("refreshed", "r")), "[] [1] [1]")
		f.equal(read(f, func(r store.Reader) ([]store.Event, error) { return r.Events(store.Position{}, -1) }), before)
		f.equal(len(read(f, func(r store.Reader) ([]store.Version, error) { return r.Versions(rec.ID, -1) })), 1)
		found := read(f, func(r store.Reader) ([]store.Found, error) {
			return r.Search(store.SearchQuery{Types: []profile.Type{"refreshed"}, Term: "after", Limit: -1})
		})
		f.equal(len(found), 1)
		_, err := f.site.Get(f.ctx, space, "old")
		f.wantErr(err, store.ErrNotFound)
		got, err := f.site.Get(f.ctx, space, "new")
		f.wantErr(err, nil)
		f.equal(got.ID, rec.ID)
	})

	f.run("a refresh that another's name forbids leaves nothing", func(f *fixture) {
		first, second := f.user(name(space, "held")), f.user(name(profile.Slug, "wants"))
		f.create(first, second)
		next := copyOf(second)
		next.Attrs = []byte(`{"b":2}`)
		next.Names = append(next.Names, name(space, "free"), name(space, "held"))
		f.wantTaken(f.site.Update(f.ctx, func(tx store.Tx) error { return tx.Refresh(second, next) }), string(space))
		f.equal(*f.get(second.ID), plain(second))
		f.create(f.user(name(space, "free")))
	})

	f.run("who read before a refresh or a change is stale, and leaves no name behind", func(f *fixture) {
		rec := f.user(name(profile.Slug, "stale"))
		f.create(rec)
		stale := copyOf(rec)
		next := copyOf(rec)
		next.Names = append(next.Names, name(space, "stale"))
		f.update(func(tx store.Tx) error { return tx.Refresh(rec, next) })
		again := copyOf(stale)
		again.Names = append(again.Names, name(space, "stale"))
		other := copyOf(stale)
		other.Names = append(other.Names, name(space, "stale too"))
		for _, fn := range []func(store.Tx) error{
			func(tx store.Tx) error { return tx.Save(stale, copyOf(again), f.event("x")) },
			func(tx store.Tx) error { return tx.Save(stale, copyOf(other), f.event("x")) },
			func(tx store.Tx) error { return tx.Refresh(stale, copyOf(again)) },
			func(tx store.Tx) error { return tx.Remove(stale, f.event("x")) },
			func(tx store.Tx) error { return tx.Erase(stale, f.event("x"), nil) },
		} {
			f.wantErr(f.site.Update(f.ctx, fn), store.ErrVersion)
		}
		f.equal(f.get(rec.ID).Version, int64(1))
		old := f.get(rec.ID)
		f.save(rec.ID, func(r *store.Record) { r.Names = r.Names[:1] })
		f.wantErr(f.site.Update(f.ctx, func(tx store.Tx) error { return tx.Refresh(old, copyOf(old)) }), store.ErrVersion)
		f.create(f.user(name(space, "stale")))
	})

	f.run("a record that is not there cannot be refreshed", func(f *fixture) {
		rec := f.user()
		f.wantErr(f.site.Update(f.ctx, func(tx store.Tx) error { return tx.Refresh(rec, copyOf(rec)) }), store.ErrNotFound)
	})

	f.run("index rows of a path are dropped so many at a time", func(f *fixture) {
		for i := range 5 {
			rec := f.user()
			rec.Type = "dropped"
			rec.Index = []store.Indexed{{Path: "p", Value: fmt.Sprint(i % 2)}, {Path: "pp", Value: "stays"}}
			f.create(rec)
		}
		for _, want := range []int{2, 2, 1, 0} {
			f.update(func(tx store.Tx) error {
				n, err := tx.DropIndex("dropped", "p", 2)
				f.equal(n, want)
				return err
			})
		}
		f.equal(len(f.indexed("dropped", "p")), 0)
		f.equal(len(f.indexed("dropped", "pp")), 5)
	})

	f.run("the past is amended where it is told to be, and nothing else", func(f *fixture) {
		rec, other := f.user(), f.user()
		f.create(rec, other)
		for i := range 3 {
			f.save(rec.ID, func(r *store.Record) { r.Attrs = fmt.Appendf(nil, `{"n":%d}`, i) })
			f.save(other.ID, func(r *store.Record) { r.Attrs = fmt.Appendf(nil, `{"n":%d}`, i) })
		}
		versions := func(id profile.ID) (out []string) {
			for _, v := range read(f, func(r store.Reader) ([]store.Version, error) { return r.Versions(id, -1) }) {
				out = append(out, fmt.Sprint(v.Version, string(v.Attrs), v.Kind))
			}
			return out
		}
		before := versions(other.ID)
		f.update(func(tx store.Tx) error {
			return tx.Amend(rec.ID, func(r *store.Replaced) bool {
				if r.Attrs == nil || *r.Attrs != `{"n":0}` {
					return false
				}
				r.Attrs = new(`{}`)
				return true
			})
		})
		f.equal(versions(rec.ID), `[4{"n":2}user.changed 3{"n":1}user.changed 2{}user.changed 1{"a":1}user.created]`)
		f.equal(versions(other.ID), before)
		f.update(func(tx store.Tx) error { return tx.Amend(f.id(), func(*store.Replaced) bool { return true }) })
	})
}
