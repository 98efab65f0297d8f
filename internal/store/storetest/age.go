package storetest

import (
	"errors"

	"facet/internal/profile"
	"facet/internal/store"
)

func testAge(f *fixture) {
	age := func(f *fixture) int64 { return read(f, func(r store.Reader) (int64, error) { return r.Age() }) }

	f.run("a site is told its age", func(f *fixture) {
		f.equal(age(f), 0)
		f.update(func(tx store.Tx) error { return tx.RaiseAge() })
		f.update(func(tx store.Tx) error { return errors.Join(tx.RaiseAge(), tx.RaiseAge()) })
		f.equal(age(f), 3)
	})
	f.run("a raise that fails is none", func(f *fixture) {
		boom := errors.New("boom")
		f.wantErr(f.site.Update(f.ctx, func(tx store.Tx) error { return errors.Join(tx.RaiseAge(), boom) }), boom)
		f.equal(age(f), 3)
	})
	f.run("who holds the present age commits", func(f *fixture) {
		rec := f.user()
		f.update(func(tx store.Tx) error {
			if err := tx.HoldAge(3); err != nil {
				return err
			}
			return tx.Create(rec, f.event("x"))
		})
		f.get(rec.ID)
	})
	f.run("who holds another writes nothing", func(f *fixture) {
		for _, other := range []int64{2, 4, 0, -1} {
			rec := f.user(name(profile.Slug, "aged"))
			f.wantErr(f.site.Update(f.ctx, func(tx store.Tx) error {
				if err := tx.HoldAge(other); err != nil {
					return err
				}
				return tx.Create(rec, f.event("x"))
			}), store.ErrAge)
			f.wantErr(f.site.Update(f.ctx, func(tx store.Tx) error { return tx.HoldAge(other) }), store.ErrAge)
			_, err := f.site.Get(f.ctx, profile.Slug, "aged")
			f.wantErr(err, store.ErrNotFound)
		}
	})
	f.run("of many that raise it and of many that hold it none is wrong", func(f *fixture) {
		together(16, func(g int) {
			for range count(16) {
				var err error
				if g%4 == 0 {
					err = f.site.Update(f.ctx, func(tx store.Tx) error { return tx.RaiseAge() })
				} else {
					known := age(f)
					err = f.site.Update(f.ctx, func(tx store.Tx) error {
						if err := tx.HoldAge(known); err != nil {
							return err
						}
						now, err := tx.Age()
						if err == nil && now != known {
							f.Errorf("age is %d while %d is held", now, known)
						}
						return err
					})
				}
				if err != nil && !errors.Is(err, store.ErrAge) {
					f.Error(err)
				}
			}
		})
		f.equal(age(f), int64(3+4*count(16)))
	})
}
