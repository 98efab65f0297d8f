package storetest

import (
	"errors"
	"fmt"
	"slices"

	"facet/internal/profile"
	"facet/internal/store"
)

func testLinks(f *fixture) {
	add := func(l *store.Link) error {
		return f.site.Update(f.ctx, func(tx store.Tx) error { return tx.AddLink(l) })
	}
	link := func(src, dst profile.ID, key string) *store.Link {
		return &store.Link{Src: src, Kind: store.SubscriptionLink, Dst: dst, Key: key, Tag: "t", State: store.LinkRequested,
			Attrs: []byte(`{"role":"manager"}`), Created: f.now(), EndsAt: f.now()}
	}

	f.run("an edge is seen from both sides", func(f *fixture) {
		l := link(f.id(), f.id(), "7")
		f.wantErr(add(l), nil)
		reverse := *l
		reverse.Attrs = nil
		f.view(func(r store.Reader) error {
			got, err := r.Link(l.Src, l.Kind, l.Dst, "7")
			f.wantErr(err, nil)
			f.equal(*got, *l)
			from, err := r.From(l.Src, l.Kind, none, "", -1)
			f.wantErr(err, nil)
			f.equal(len(from), 1)
			f.equal(*from[0], *l)
			to, err := r.To(l.Dst, l.Kind, none, "", -1)
			f.wantErr(err, nil)
			f.equal(len(to), 1)
			f.equal(*to[0], reverse)
			// An edge has a direction, a kind and a key.
			_, err = r.Link(l.Dst, l.Kind, l.Src, "7")
			f.wantErr(err, store.ErrNotFound)
			_, err = r.Link(l.Src, store.RoleLink, l.Dst, "7")
			f.wantErr(err, store.ErrNotFound)
			_, err = r.Link(l.Src, l.Kind, l.Dst, "")
			f.wantErr(err, store.ErrNotFound)
			from, _ = r.From(l.Dst, l.Kind, none, "", -1)
			f.equal(len(from), 0)
			return nil
		})
	})

	f.run("the same edge twice is taken, another key is another edge", func(f *fixture) {
		src, dst := f.id(), f.id()
		f.wantErr(add(link(src, dst, "")), nil)
		f.wantTaken(add(link(src, dst, "")), "link")
		f.wantErr(errors.Join(add(link(src, dst, "1")), add(link(dst, src, "")), add(link(src, src, ""))), nil)
	})

	f.run("a link without kind is refused", func(f *fixture) {
		l := link(f.id(), f.id(), "")
		l.Kind = ""
		if add(l) == nil {
			f.Error("accepted")
		}
	})

	f.run("set replaces tag, state, attrs and end on both sides", func(f *fixture) {
		l := link(f.id(), f.id(), "")
		set := func(l *store.Link) error {
			return f.site.Update(f.ctx, func(tx store.Tx) error { return tx.SetLink(l) })
		}
		f.wantErr(set(l), store.ErrNotFound)
		f.wantErr(add(l), nil)
		next := *l
		next.Tag, next.State, next.Attrs, next.EndsAt, next.Created = "other", store.LinkEnded, []byte(`{}`), f.now(), f.now()
		f.wantErr(set(&next), nil)
		next.Created = l.Created // is not replaced
		f.view(func(r store.Reader) error {
			got, err := r.Link(l.Src, l.Kind, l.Dst, "")
			f.wantErr(err, nil)
			f.equal(*got, next)
			to, err := r.To(l.Dst, l.Kind, none, "", -1)
			f.wantErr(err, nil)
			f.equal(to[0].Tag, "other")
			f.equal(to[0].State, store.LinkEnded)
			f.equal(to[0].EndsAt, next.EndsAt)
			return nil
		})
	})

	f.run("drop deletes both sides, and what is not there is dropped already", func(f *fixture) {
		l := link(f.id(), f.id(), "")
		f.wantErr(add(l), nil)
		for range 2 {
			f.update(func(tx store.Tx) error { return tx.DropLink(l.Src, l.Kind, l.Dst, l.Key) })
		}
		f.view(func(r store.Reader) error {
			from, _ := r.From(l.Src, l.Kind, none, "", -1)
			to, _ := r.To(l.Dst, l.Kind, none, "", -1)
			f.equal(len(from)+len(to), 0)
			return nil
		})
		f.wantErr(add(l), nil)
	})

	f.run("pages follow one another in both directions", func(f *fixture) {
		hub := f.id()
		keys := []string{"", "1", "10", "2", "a", "é"}
		var want []string
		for range 5 {
			other := f.id()
			for _, k := range keys {
				f.wantErr(errors.Join(add(link(hub, other, k)), add(link(other, hub, k))), nil)
				want = append(want, string(other[:])+k)
			}
		}
		slices.Sort(want)
		for name, list := range map[string]func(r store.Reader, after profile.ID, key string) ([]*store.Link, error){
			"from": func(r store.Reader, after profile.ID, key string) ([]*store.Link, error) {
				return r.From(hub, store.SubscriptionLink, after, key, 4)
			},
			"to": func(r store.Reader, after profile.ID, key string) ([]*store.Link, error) {
				return r.To(hub, store.SubscriptionLink, after, key, 4)
			},
		} {
			var got []string
			after, key := none, ""
			for {
				page := read(f, func(r store.Reader) ([]*store.Link, error) { return list(r, after, key) })
				for _, l := range page {
					if after, key = l.Dst, l.Key; name == "to" {
						after = l.Src
					}
					got = append(got, string(after[:])+key)
				}
				if len(page) < 4 {
					break
				}
			}
			if !slices.Equal(got, want) {
				f.Errorf("%s: %s", name, fmt.Sprintf("%q, want %q", got, want))
			}
		}
	})
}
