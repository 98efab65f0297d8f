package storetest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"facet/internal/profile"
	"facet/internal/store"
)

// plain is a record without what reads never fill.
func plain(rec *store.Record) store.Record {
	c := *copyOf(rec)
	c.Index, c.Search = nil, ""
	return c
}

func testRecords(f *fixture) {
	f.run("every field comes back as it was given", func(f *fixture) {
		rec := f.user(
			profile.Name{Space: profile.Slug, Value: "xia", Typed: "Xia"},
			name(profile.Email, "xia@example.com"),
			name(profile.UniqueAttribute("customer", "a:b"), `quote " and \ and é`))
		rec.Number, rec.Creator, rec.Sort, rec.Password = 42, f.id(), "lee xia", "password-argon2id"
		rec.Extras = []byte(`{"djaoapp":{"lang":"fr"}}`)
		rec.LastLogin = f.now()
		rec.Index = []store.Indexed{{Path: "familyName", Value: "lee"}}
		rec.Search = "xia lee"
		f.create(rec)
		f.equal(rec.Version, int64(1))
		f.equal(rec.Bucket, rec.ID.Bucket())
		want := plain(rec)
		f.equal(*f.get(rec.ID), want)
		for _, n := range rec.Names {
			got, err := f.site.Get(f.ctx, n.Space, n.Value)
			f.wantErr(err, nil)
			f.equal(*got, want)
		}
		f.equal(f.get(rec.ID).Name(profile.Slug), "Xia")
		f.view(func(r store.Reader) error {
			got, err := r.Record(rec.ID)
			f.wantErr(err, nil)
			f.equal(*got, want)
			got, err = r.ByName(none, profile.Slug, "xia")
			f.wantErr(err, nil)
			f.equal(*got, want)
			return nil
		})
	})

	f.run("what is not there is ErrNotFound", func(f *fixture) {
		_, err := f.site.GetID(f.ctx, f.id())
		f.wantErr(err, store.ErrNotFound)
		_, err = f.site.Get(f.ctx, profile.Slug, "nobody")
		f.wantErr(err, store.ErrNotFound)
		f.view(func(r store.Reader) error {
			_, err := r.Record(f.id())
			f.wantErr(err, store.ErrNotFound)
			_, err = r.ByName(f.id(), profile.DocumentApp, "1")
			f.wantErr(err, store.ErrNotFound)
			_, err = r.Tombstone(f.id())
			f.wantErr(err, store.ErrNotFound)
			return nil
		})
		missing := f.user()
		missing.Version = 1
		for what, fn := range map[string]func(store.Tx) error{
			"lock":   func(tx store.Tx) error { return tx.Lock(missing.ID) },
			"touch":  func(tx store.Tx) error { return tx.Touch(missing.ID, f.now()) },
			"save":   func(tx store.Tx) error { return tx.Save(missing, copyOf(missing), f.event("x")) },
			"remove": func(tx store.Tx) error { return tx.Remove(missing, f.event("x")) },
			"erase":  func(tx store.Tx) error { return tx.Erase(missing, f.event("x"), nil) },
		} {
			if err := f.site.Update(f.ctx, fn); !errors.Is(err, store.ErrNotFound) {
				f.Errorf("%s: %v", what, err)
			}
		}
	})

	f.run("the same id twice is taken", func(f *fixture) {
		rec := f.user(name(profile.Slug, "same-id"))
		f.create(rec)
		again := f.user(name(profile.Slug, "same-id-2"))
		again.ID = rec.ID
		f.wantTaken(f.site.Update(f.ctx, func(tx store.Tx) error { return tx.Create(again, f.event("x")) }), "id")
		_, err := f.site.Get(f.ctx, profile.Slug, "same-id-2")
		f.wantErr(err, store.ErrNotFound)
	})

	f.run("a save replaces and counts the version", func(f *fixture) {
		rec := f.user()
		f.create(rec)
		got := f.save(rec.ID, func(r *store.Record) {
			r.Attrs, r.Extras, r.Sort = []byte(`{"b":2}`), []byte(`{"c":3}`), "other"
			r.State, r.Password, r.Owner, r.Creator = profile.Disabled, "password-bcrypt", none, f.id()
		})
		f.equal(got.Version, int64(2))
		f.equal(*f.get(rec.ID), plain(got))
	})

	f.run("a save of a stale version is ErrVersion and changes nothing", func(f *fixture) {
		rec := f.user(name(profile.Slug, "stale"))
		f.create(rec)
		now := f.save(rec.ID, func(r *store.Record) { r.Names = append(r.Names, name(profile.Email, "stale@example.com")) })
		next := copyOf(rec)
		next.Names = []profile.Name{name(profile.Slug, "staler")}
		err := f.site.Update(f.ctx, func(tx store.Tx) error { return tx.Save(rec, next, f.event("x")) })
		f.wantErr(err, store.ErrVersion)
		// A name that the record itself took meanwhile is no collision.
		next.Names = []profile.Name{name(profile.Slug, "stale"), name(profile.Email, "stale@example.com")}
		err = f.site.Update(f.ctx, func(tx store.Tx) error { return tx.Save(rec, next, f.event("x")) })
		f.wantErr(err, store.ErrVersion)
		f.equal(*f.get(rec.ID), plain(now))
		_, err = f.site.Get(f.ctx, profile.Slug, "staler")
		f.wantErr(err, store.ErrNotFound)
		for _, fn := range []func(store.Tx) error{
			func(tx store.Tx) error { return tx.Remove(rec, f.event("x")) },
			func(tx store.Tx) error { return tx.Erase(rec, f.event("x"), nil) },
		} {
			f.wantErr(f.site.Update(f.ctx, fn), store.ErrVersion)
		}
	})

	f.run("a sign-in is noted without a version", func(f *fixture) {
		rec := f.user()
		f.create(rec)
		at := f.now()
		f.update(func(tx store.Tx) error { return tx.Touch(rec.ID, at) })
		got := f.get(rec.ID)
		f.equal(got.LastLogin, at)
		f.equal(got.Version, int64(1))
		f.update(func(tx store.Tx) error { return tx.Lock(rec.ID) })
	})

	f.run("a removed record leaves names free and nothing to find", func(f *fixture) {
		rec := f.user(name(profile.Slug, "removed"))
		rec.Number, rec.Type, rec.Search, rec.Sort = 77, "removable", "removed", "removed"
		rec.Index = []store.Indexed{{Path: "p", Value: "v"}}
		f.create(rec)
		f.update(func(tx store.Tx) error { return tx.Remove(rec, f.event("x")) })
		f.view(func(r store.Reader) error {
			_, err := r.Record(rec.ID)
			f.wantErr(err, store.ErrNotFound)
			_, err = r.Versions(rec.ID, 10)
			f.wantErr(err, store.ErrNotFound)
			_, err = r.Tombstone(rec.ID)
			f.wantErr(err, store.ErrNotFound)
			n, err := r.Count("removable")
			f.equal(n, 0)
			found, _ := r.Search(store.SearchQuery{Types: []profile.Type{"removable"}, Limit: 10})
			f.equal(len(found), 0)
			return errors.Join(err, r.Lookup("removable", store.Range{Path: "p"}, func(profile.ID, string) bool {
				f.Error("index row left")
				return true
			}))
		})
		f.create(f.user(name(profile.Slug, "removed")))
	})

	f.run("an id outside its bucket is found everywhere", testForeignID)
	f.run("lists are by number", testRecordLists)

	f.run("long streams end with their context", func(f *fixture) {
		for i := range 200 {
			rec := f.user()
			rec.Type, rec.Number = "streamed", int64(i+1)
			f.create(rec)
		}
		ctx, cancel := context.WithCancel(f.ctx)
		defer cancel()
		n := 0
		err := f.site.View(ctx, func(r store.Reader) error {
			return r.ByNumber("streamed", 0, 1000, false, func(*store.Record) bool {
				if n++; n == 10 {
					cancel()
				}
				return true
			})
		})
		f.wantErr(err, context.Canceled)
		if n == 200 {
			f.Error("the stream went on to its end")
		}
		// The connection that was interrupted serves the next reader.
		f.equal(read(f, func(r store.Reader) (int64, error) { return r.Count("streamed") }), 200)
	})

	f.run("a view may read inside a list", func(f *fixture) {
		f.view(func(r store.Reader) error {
			return r.ByNumber("streamed", 1, 3, false, func(outer *store.Record) bool {
				number, inner := outer.Number, 0
				err := r.ByNumber("streamed", 1, 3, true, func(*store.Record) bool { inner++; return true })
				f.wantErr(err, nil)
				err = r.ByNumber("streamed", 1, 2, false, func(*store.Record) bool { inner++; return true })
				f.wantErr(err, nil)
				f.equal(inner, 5)
				f.equal(outer.Number, number)
				return true
			})
		})
	})

	f.run("times keep microseconds and zero", func(f *fixture) {
		rec := f.user()
		rec.Created = time.Date(1969, 7, 20, 20, 17, 40, 123456789, time.FixedZone("", 3600))
		f.create(rec)
		got := f.get(rec.ID)
		f.equal(got.Created, rec.Created.UTC().Truncate(time.Microsecond))
		f.equal(got.LastLogin.IsZero(), true)
		f.equal(got.Created.Location(), time.UTC)
	})
}

func testForeignID(f *fixture) {
	owner := f.user()
	f.create(owner)
	doc := f.owned(owner, profile.Document, ownedName(profile.DocumentApp, "7"))
	doc.ID, _ = profile.ParseID("6ba7b810-9dad-11d1-80b4-00c04fd430c8")
	doc.Number = 5
	f.create(doc)
	f.equal(doc.Bucket, owner.ID.Bucket())
	f.equal(*f.get(doc.ID), plain(doc))
	f.view(func(r store.Reader) error {
		got, err := r.Record(doc.ID)
		f.wantErr(err, nil)
		f.equal(got.ID, doc.ID)
		got, err = r.ByName(owner.ID, profile.DocumentApp, "7")
		f.wantErr(err, nil)
		f.equal(got.ID, doc.ID)
		list, err := r.Owned(owner.ID, profile.Document, 0, 10)
		f.equal(len(list), 1)
		return err
	})
	changed := f.save(doc.ID, func(r *store.Record) { r.Attrs = []byte(`{"z":1}`) })
	f.equal(string(f.get(doc.ID).Attrs), `{"z":1}`)
	f.update(func(tx store.Tx) error { return errors.Join(tx.Touch(doc.ID, f.now()), tx.Lock(doc.ID)) })
	versions := read(f, func(r store.Reader) ([]store.Version, error) { return r.Versions(doc.ID, 10) })
	f.equal(len(versions), 2)
	f.update(func(tx store.Tx) error { return tx.Remove(changed, f.event("x")) })
	_, err := f.site.GetID(f.ctx, doc.ID)
	f.wantErr(err, store.ErrNotFound)
}

func testRecordLists(f *fixture) {
	owner, other := f.user(), f.user()
	f.create(owner, other)
	for _, n := range []int64{30, 10, 20, 40} {
		rec := f.owned(owner, "listed")
		rec.Number = n
		f.create(rec)
	}
	stranger := f.owned(other, "listed")
	stranger.Number = 25
	f.create(stranger)
	numbers := func(low, high int64, desc bool, most int) string {
		var got []int64
		f.view(func(r store.Reader) error {
			return r.ByNumber("listed", low, high, desc, func(rec *store.Record) bool {
				got = append(got, rec.Number)
				return len(got) < most
			})
		})
		return fmt.Sprint(got)
	}
	f.equal(numbers(0, 1000, false, 9), "[10 20 25 30 40]")
	f.equal(numbers(0, 1000, true, 9), "[40 30 25 20 10]")
	f.equal(numbers(20, 30, false, 9), "[20 25 30]")
	f.equal(numbers(20, 30, true, 2), "[30 25]")
	f.equal(numbers(41, 1000, false, 9), "[]")
	owned := func(after int64, limit int) string {
		var got []int64
		list := read(f, func(r store.Reader) ([]*store.Record, error) { return r.Owned(owner.ID, "listed", after, limit) })
		for _, rec := range list {
			got = append(got, rec.Number)
		}
		return fmt.Sprint(got)
	}
	f.equal(owned(0, -1), "[10 20 30 40]")
	f.equal(owned(0, 2), "[10 20]")
	f.equal(owned(20, 2), "[30 40]")
	f.equal(owned(40, 2), "[]")
	down := func(below int64, limit int) string {
		var got []int64
		list := read(f, func(r store.Reader) ([]*store.Record, error) { return r.OwnedDown(owner.ID, "listed", below, limit) })
		for _, rec := range list {
			got = append(got, rec.Number)
		}
		return fmt.Sprint(got)
	}
	f.equal(down(0, -1), "[40 30 20 10]")
	f.equal(down(0, 2), "[40 30]")
	f.equal(down(30, 2), "[20 10]")
	f.equal(down(10, 2), "[]")
	f.equal(len(read(f, func(r store.Reader) ([]*store.Record, error) { return r.OwnedDown(none, "listed", 0, -1) })), 0)
	f.equal(len(read(f, func(r store.Reader) ([]*store.Record, error) { return r.OwnedDown(owner.ID, "unlisted", 0, -1) })), 0)
	f.equal(len(read(f, func(r store.Reader) ([]*store.Record, error) { return r.Owned(none, "listed", 0, -1) })), 0)
	f.equal(read(f, func(r store.Reader) (int64, error) { return r.Count("listed") }), 5)
	f.equal(read(f, func(r store.Reader) (int64, error) { return r.Count("LISTED") }), 0)
}
