package storetest

import (
	"errors"
	"strings"

	"facet/internal/profile"
	"facet/internal/store"
)

func testNames(f *fixture) {
	f.run("a taken name keeps nothing of the call", func(f *fixture) {
		f.create(f.user(name(profile.Email, "taken@example.com")))
		rec := f.user(name(profile.Slug, "free"), name(profile.Email, "taken@example.com"), name(profile.Phone, "+331"))
		f.wantTaken(f.site.Update(f.ctx, func(tx store.Tx) error { return tx.Create(rec, f.event("x")) }), "email")
		_, err := f.site.GetID(f.ctx, rec.ID)
		f.wantErr(err, store.ErrNotFound)
		f.create(f.user(name(profile.Slug, "free"), name(profile.Phone, "+331")))
	})

	f.run("the transaction goes on after a taken name", func(f *fixture) {
		f.create(f.user(name(profile.Slug, "ann")))
		rec := f.user(name(profile.Slug, "ann"), name(profile.Email, "ann@example.com"))
		var taken error
		f.update(func(tx store.Tx) error {
			rec.Names[0].Value = "ann"
			if taken = tx.Create(rec, f.event("x")); taken == nil {
				return nil // it runs again
			}
			rec.Names[0].Value = "ann-2"
			return tx.Create(rec, f.event("user.created"))
		})
		f.wantTaken(taken, "slug")
		f.equal(f.get(rec.ID).Name(profile.Slug), "ann-2")
	})

	f.run("the same name twice in one record is taken", func(f *fixture) {
		rec := f.user(name(profile.Slug, "twice"), name(profile.Slug, "twice"))
		f.wantTaken(f.site.Update(f.ctx, func(tx store.Tx) error { return tx.Create(rec, f.event("x")) }), "slug")
	})

	f.run("a save takes new names and frees old ones", func(f *fixture) {
		a, b := f.user(name(profile.Slug, "aa"), name(profile.Email, "aa@example.com")), f.user(name(profile.Slug, "bb"))
		f.create(a, b)
		err := f.site.Update(f.ctx, func(tx store.Tx) error {
			next := copyOf(b)
			next.Names = []profile.Name{name(profile.Phone, "+441"), name(profile.Slug, "aa")}
			return tx.Save(b, next, f.event("x"))
		})
		f.wantTaken(err, "slug")
		_, err = f.site.Get(f.ctx, profile.Phone, "+441")
		f.wantErr(err, store.ErrNotFound)
		f.save(a.ID, func(r *store.Record) {
			r.Names = []profile.Name{name(profile.Slug, "cc"), name(profile.Email, "aa@example.com")}
		})
		f.save(b.ID, func(r *store.Record) { r.Names = []profile.Name{name(profile.Slug, "aa")} })
		got, err := f.site.Get(f.ctx, profile.Slug, "aa")
		f.wantErr(err, nil)
		f.equal(got.ID, b.ID)
		_, err = f.site.Get(f.ctx, profile.Slug, "bb")
		f.wantErr(err, store.ErrNotFound)
	})

	f.run("how a name is typed can change alone", func(f *fixture) {
		rec := f.user(profile.Name{Space: profile.Slug, Value: "dd", Typed: "DD"})
		f.create(rec)
		f.save(rec.ID, func(r *store.Record) { r.Names[0].Typed = "Dd" })
		got, err := f.site.Get(f.ctx, profile.Slug, "dd")
		f.wantErr(err, nil)
		f.equal(got.Name(profile.Slug), "Dd")
	})

	f.run("two records can exchange names within one transaction by steps", func(f *fixture) {
		a, b := f.user(name(profile.Slug, "left")), f.user(name(profile.Slug, "right"))
		f.create(a, b)
		f.update(func(tx store.Tx) error {
			for _, step := range []struct {
				id   profile.ID
				slug string
			}{{a.ID, "between"}, {b.ID, "left"}, {a.ID, "right"}} {
				old, err := tx.Record(step.id)
				if err != nil {
					return err
				}
				next := copyOf(old)
				next.Names = []profile.Name{name(profile.Slug, step.slug)}
				if err := tx.Save(old, next, f.event("x")); err != nil {
					return err
				}
			}
			return nil
		})
		got, err := f.site.Get(f.ctx, profile.Slug, "left")
		f.wantErr(err, nil)
		f.equal(got.ID, b.ID)
	})

	f.run("owned names are unique among one owner's records only", func(f *fixture) {
		a, b := f.user(), f.user()
		f.create(a, b)
		f.create(f.owned(a, profile.Household, ownedName(profile.HouseholdName, "tom"), ownedName(profile.HouseholdMain, "")),
			f.owned(b, profile.Household, ownedName(profile.HouseholdName, "tom"), ownedName(profile.HouseholdMain, "")))
		for space, value := range map[profile.Space]string{profile.HouseholdName: "tom", profile.HouseholdMain: ""} {
			rec := f.owned(a, profile.Household, ownedName(space, value))
			f.wantTaken(f.site.Update(f.ctx, func(tx store.Tx) error { return tx.Create(rec, f.event("x")) }), string(space))
		}
		f.view(func(r store.Reader) error {
			for _, owner := range []*store.Record{a, b} {
				rec, err := r.ByName(owner.ID, profile.HouseholdMain, "")
				f.wantErr(err, nil)
				f.equal(rec.Owner, owner.ID)
			}
			_, err := r.ByName(none, profile.HouseholdName, "tom")
			f.wantErr(err, store.ErrNotFound)
			return nil
		})
	})

	f.run("values are compared byte by byte", func(f *fixture) {
		same := [][2]string{{"straße", "strasse"}, {"é", "e\u0301"}, {"case", "CASE"}, {"i", "ı"}, {"trim", "trim "},
			{"1", "01"}, {"a", "ａ"}, {"x\u00adx", "xx"}, {"", " "}, {"emoji😀", "emoji😁"}}
		for _, pair := range same {
			f.create(f.user(name("compared", pair[0])))
			f.create(f.user(name("compared", pair[1])))
		}
		long := strings.Repeat("é", 500)
		f.create(f.user(name("compared", long)), f.user(name("compared", long+"x")))
		_, err := f.site.Get(f.ctx, "Compared", "case")
		f.wantErr(err, store.ErrNotFound)
	})

	f.run("a claim is a name beside the record's own", testClaims)
}

func testClaims(f *fixture) {
	a, b := f.user(), f.user()
	f.create(a, b)
	claim := func(owner profile.ID, value string, id profile.ID) error {
		return f.site.Update(f.ctx, func(tx store.Tx) error { return tx.Claim(owner, "key", value, id) })
	}
	f.wantErr(errors.Join(claim(none, "k", a.ID), claim(a.ID, "k", b.ID), claim(b.ID, "k", a.ID)), nil)
	f.wantTaken(claim(none, "k", b.ID), "key")
	f.wantTaken(claim(none, "k", a.ID), "key")
	f.wantTaken(claim(a.ID, "k", a.ID), "key")
	got, err := f.site.Get(f.ctx, "key", "k")
	f.wantErr(err, nil)
	f.equal(got.ID, a.ID)
	f.view(func(r store.Reader) error {
		got, err := r.ByName(a.ID, "key", "k")
		f.wantErr(err, nil)
		f.equal(got.ID, b.ID)
		return nil
	})
	f.update(func(tx store.Tx) error {
		return errors.Join(tx.Release(none, "key", "k"), tx.Release(none, "key", "k"), tx.Release(none, "key", "never"))
	})
	f.wantErr(claim(none, "k", b.ID), nil)

	f.update(func(tx store.Tx) error { return tx.Remove(b, f.event("x")) })
	_, err = f.site.Get(f.ctx, "key", "k")
	f.wantErr(err, store.ErrNotFound)
	f.wantErr(claim(none, "k", a.ID), nil)  // the claim of b went with it
	f.wantErr(claim(a.ID, "k", a.ID), nil)  // also the owned one
	f.wantErr(claim(b.ID, "k2", a.ID), nil) // an owner need not be a record
}
