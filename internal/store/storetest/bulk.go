package storetest

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"facet/internal/profile"
	"facet/internal/store"
)

// creation is a user with all that a creation can have.
func (f *fixture) creation(i int) store.Creation {
	rec := f.user(name(profile.Slug, fmt.Sprintf("many-%d", i)), name(profile.Email, fmt.Sprintf("many-%d@example.com", i)))
	rec.Number, rec.Sort, rec.Password = int64(500_000+i), fmt.Sprintf("sort %04d", i%7), "password-bcrypt"
	rec.Index = []store.Indexed{{Path: "familyName", Value: fmt.Sprint("family", i%3)}, {Path: "familyName", Value: "all of them"}, {Path: "familyName", Value: "all of them"}}
	rec.Search = fmt.Sprintf("%s\nmany-%d", rec.Sort, i)
	return store.Creation{
		Record: rec, Event: store.Event{At: rec.Created, Kind: "user.created", Paths: []string{"a", `b"\`}},
		Secrets: []*store.Secret{{Subject: rec.ID, Kind: "password", Data: []byte{0, 1, 2}, Created: rec.Created}},
		Links:   []*store.Link{{Src: rec.ID, Kind: store.RoleLink, Dst: rec.ID, Tag: "manager", State: store.LinkActive, Attrs: []byte(`{}`), Created: rec.Created}},
	}
}

// createMany makes them in one transaction.
func (f *fixture) createMany(list []store.Creation) (failed []error) {
	f.Helper()
	f.update(func(tx store.Tx) (err error) {
		failed, err = tx.CreateMany(list)
		return err
	})
	return failed
}

func testBulk(f *fixture) {
	f.run("many are as if each was made by itself", func(f *fixture) {
		const n = 200
		var list []store.Creation
		for i := range n {
			list = append(list, f.creation(i))
		}
		before := read(f, func(r store.Reader) (int, error) {
			all, err := r.Events(store.Position{}, -1)
			return len(all), err
		})
		f.equal(f.createMany(list) == nil, true)
		for _, c := range list {
			want := plain(c.Record)
			f.equal(want.Version, int64(1))
			f.equal(*f.get(want.ID), want)
			got, err := f.site.Get(f.ctx, profile.Email, want.Names[1].Value)
			f.wantErr(err, nil)
			f.equal(*got, want)
		}
		f.view(func(r store.Reader) error {
			for i, c := range list {
				s, err := r.Secret(c.Record.ID, "password", "")
				f.wantErr(err, nil)
				f.equal(*s, *c.Secrets[0])
				to, err := r.To(c.Record.ID, store.RoleLink, none, "", -1)
				f.wantErr(err, nil)
				f.equal(len(to), 1)
				l, err := r.Link(c.Record.ID, store.RoleLink, c.Record.ID, "")
				f.wantErr(err, nil)
				f.equal(*l, *c.Links[0])
				if i > 3 {
					continue
				}
				found, err := r.Search(store.SearchQuery{Types: []profile.Type{profile.User}, Term: fmt.Sprintf("many-%d", i), Limit: 1})
				f.wantErr(err, nil)
				f.equal(len(found), 1)
			}
			seen := 0
			f.wantErr(r.Lookup(profile.User, store.Range{Path: "familyName", Low: "all of them", High: "all of them"}, func(profile.ID, string) bool {
				seen++
				return true
			}), nil)
			f.equal(seen, n)
			all, err := r.Events(store.Position{}, -1)
			f.wantErr(err, nil)
			all = all[before:]
			f.equal(len(all), n)
			for i, e := range all {
				f.equal(e.Subject, list[i].Record.ID)
				f.equal(e.Paths, list[i].Event.Paths)
				f.equal(e.Version, int64(1))
			}
			return nil
		})
		var next int64
		f.update(func(tx store.Tx) (err error) {
			next, err = tx.Numbers(1)
			return err
		})
		f.equal(next > 500_000+n-1, true)
		// and each can be changed, and erased, as any other
		rec := f.save(list[7].Record.ID, func(rec *store.Record) { rec.Attrs = []byte(`{"a":2}`) })
		rec.Index, rec.Search = list[7].Record.Index, list[7].Record.Search
		f.update(func(tx store.Tx) error {
			if err := tx.DropLink(rec.ID, store.RoleLink, rec.ID, ""); err != nil {
				return err
			}
			return tx.Erase(rec, f.event("user.erased"), nil)
		})
		again := f.creation(7)
		again.Record.Number = 600_000
		f.equal(f.createMany([]store.Creation{again}) == nil, true)
	})

	f.run("of many those that cannot be made are told, and the others are made", func(f *fixture) {
		holder := f.user(name(profile.Slug, "held"), name(profile.IDTag, "held@example.org"))
		f.create(holder)
		for _, n := range []int{6, 60} {
			var list []store.Creation
			for i := range n {
				list = append(list, f.creation(1000*n+i))
			}
			slug := func(i int, value string) { list[i].Record.Names[0].Value = value }
			slug(0, "held")
			list[0].Record.Names[1].Value = "free@example.com" // is free for the next, as the first is not made
			list[1].Record.Names[1].Value = "free@example.com"
			list[2].Record.Names[1].Value = "free@example.com"
			list[3].Record.ID = holder.ID
			list[3].Secrets, list[3].Links = nil, nil
			list[4].Record.Attrs = []byte("{\"a\":\"\x00\"}")
			last := list[n-1].Record
			last.Names = append(last.Names, name(profile.IDTag, "held@example.org"))
			failed := f.createMany(list)
			f.wantTaken(failed[0], "slug")
			f.wantErr(failed[1], nil)
			f.wantTaken(failed[2], "email")
			f.wantTaken(failed[3], "id")
			f.equal(profile.IsKind(failed[4], profile.Malformed), true)
			f.wantTaken(failed[n-1], "idtag")
			for i, c := range list {
				_, err := f.site.Get(f.ctx, profile.Slug, c.Record.Names[0].Value)
				switch {
				case i == 0:
					f.wantErr(err, nil) // the holder
				case failed[i] == nil:
					f.wantErr(err, nil)
				default:
					f.wantErr(err, store.ErrNotFound)
				}
				if i != 3 {
					_, err = f.site.GetID(f.ctx, c.Record.ID)
					f.equal(err == nil, failed[i] == nil)
				}
			}
			f.equal(*f.get(holder.ID), plain(holder))
			f.erase(list[1].Record)
		}
	})

	f.run("many that are undone leave nothing", func(f *fixture) {
		var list []store.Creation
		for i := range 50 {
			list = append(list, f.creation(9000+i))
		}
		undo := errors.New("undo")
		f.wantErr(f.site.Update(f.ctx, func(tx store.Tx) error {
			if err := tx.Create(f.user(name(profile.Slug, "before")), f.event("x")); err != nil {
				return err
			}
			if failed, err := tx.CreateMany(list); err != nil || failed != nil {
				return fmt.Errorf("%v %w", failed, err)
			}
			if _, err := tx.ByName(none, profile.Slug, "many-9001"); err != nil {
				return err
			}
			return undo
		}), undo)
		for _, slug := range []string{"before", "many-9000", "many-9049"} {
			_, err := f.site.Get(f.ctx, profile.Slug, slug)
			f.wantErr(err, store.ErrNotFound)
		}
	})

	f.run("a text that is too long, or not UTF-8, costs its own record", func(f *fixture) {
		var list []store.Creation
		for i := range 40 {
			list = append(list, f.creation(9100+i))
		}
		list[3].Record.Attrs = []byte("{\"a\":\"\xff\"}")
		list[5].Record.Names[1].Value = strings.Repeat("long", 1<<14)
		failed := f.createMany(list)
		for i := range list {
			switch {
			case i == 3:
				f.equal(profile.IsKind(failed[i], profile.Malformed), true)
			case i != 5: // some backends keep it
				f.wantErr(failed[i], nil)
			}
		}
	})

	f.run("many rows are taken at once, those of foreign ids too", func(f *fixture) {
		owner := f.user()
		f.create(owner)
		foreign := f.owned(owner, profile.Household)
		foreign.ID = f.id()
		f.create(foreign)
		f.update(func(tx store.Tx) error {
			there, err := tx.LockMany([]profile.ID{foreign.ID, f.id(), owner.ID})
			f.equal(there, []bool{true, false, true})
			return err
		})
		var at, most atomic.Int64
		together(4, func(i int) {
			ids := []profile.ID{owner.ID, foreign.ID}
			if i%2 == 0 {
				ids[0], ids[1] = ids[1], ids[0]
			}
			err := f.site.Update(f.ctx, func(tx store.Tx) error {
				if _, err := tx.LockMany(ids); err != nil {
					return err
				}
				most.Store(max(most.Load(), at.Add(1)))
				defer at.Add(-1)
				_, err := tx.Record(owner.ID)
				return err
			})
			if err != nil {
				f.Error(err)
			}
		})
		f.equal(most.Load(), int64(1))
	})

	f.run("of several bulks that want the same names each name goes to one", func(f *fixture) {
		const n = 40
		var made [n]atomic.Int64
		together(4, func(k int) {
			var list []store.Creation
			for i := range n {
				c := f.creation(20_000 + 1000*k + i)
				c.Record.Names[0].Value = fmt.Sprintf("wanted-%d", i)
				list = append(list, c)
			}
			var failed []error
			err := f.site.Update(f.ctx, func(tx store.Tx) (err error) {
				failed, err = tx.CreateMany(list)
				return err
			})
			if err != nil {
				f.Error(err)
				return
			}
			for i := range list {
				if failed == nil || failed[i] == nil {
					made[i].Add(1)
				}
			}
		})
		for i := range made {
			f.equal(made[i].Load(), int64(1))
		}
	})
}

// erase erases a record that nothing else is known of.
func (f *fixture) erase(rec *store.Record) {
	f.Helper()
	f.update(func(tx store.Tx) error { return tx.Erase(rec, f.event("user.erased"), nil) })
}
