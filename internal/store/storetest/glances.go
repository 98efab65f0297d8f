package storetest

import (
	"context"
	"errors"

	"facet/internal/profile"
	"facet/internal/store"
)

func testGlances(f *fixture) {
	rec := f.user(name(profile.Slug, "glanced"))
	f.update(func(tx store.Tx) error { return tx.Create(rec, f.event("x")) })
	asking := func(least store.Mark) context.Context {
		return store.WithRecency(f.ctx, store.NewRecency(least, true))
	}
	find := func(r store.Reader) error {
		_, err := r.ByName(profile.ID{}, profile.Slug, "glanced")
		return err
	}

	f.run("a glance decides and shows in one snapshot, whatever the caller has seen", func(f *fixture) {
		for _, ctx := range []context.Context{f.ctx, asking(store.Mark{}), asking(store.Mark{Epoch: 1, At: 1}), asking(store.Mark{Epoch: 9, At: store.Unknown})} {
			before, after := -1, -1
			f.wantErr(f.site.Glance(ctx, 0, func(r store.Reader) error {
				n, err := r.Count(profile.User)
				before = int(n)
				f.update(func(tx store.Tx) error { return tx.Create(f.user(), f.event("x")) })
				return errors.Join(err, find(r))
			}, func(r store.Reader) error {
				n, err := r.Count(profile.User)
				after = int(n)
				return errors.Join(err, find(r))
			}), nil)
			f.equal(after, before)
		}
	})
	f.run("what is refused is not shown", func(f *fixture) {
		refusal, shown := errors.New("no"), false
		f.wantErr(f.site.Glance(asking(store.Mark{}), 0, func(store.Reader) error { return refusal }, func(store.Reader) error {
			shown = true
			return nil
		}), refusal)
		f.equal(shown, false)
	})
	f.run("a glance gives the error of what is shown", func(f *fixture) {
		for _, ctx := range []context.Context{f.ctx, asking(store.Mark{})} {
			f.wantErr(f.site.Glance(ctx, 0, nil, func(r store.Reader) error {
				_, err := r.ByName(profile.ID{}, profile.Slug, "nobody")
				return err
			}), store.ErrNotFound)
		}
	})
	f.run("who has written sees it by the mark that it was told", func(f *fixture) {
		recency := store.NewRecency(store.Mark{}, true)
		ctx := store.WithRecency(f.ctx, recency)
		for range count(8) {
			slug := f.user().ID.String()
			f.wantErr(f.site.Update(ctx, func(tx store.Tx) error {
				return tx.Create(f.user(name(profile.Slug, slug)), f.event("x"))
			}), nil)
			mark, _ := recency.Mark()
			f.wantErr(f.site.Glance(asking(mark), 0, nil, func(r store.Reader) error {
				_, err := r.ByName(profile.ID{}, profile.Slug, slug)
				return err
			}), nil)
		}
	})
}
