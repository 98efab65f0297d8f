package storetest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"facet/internal/profile"
	"facet/internal/store"
)

// timeline is the links of one hub, as a list by time should give them.
type timeline struct {
	hub  profile.ID
	all  []*store.Link
	name string
	far  func(*store.Link) profile.ID

	list  func(store.Reader, store.LinkQuery) ([]*store.Link, error)
	count func(r store.Reader, tag string, state store.LinkState, max int64) (int64, error)
}

// expect is the oracle: what a query without limit gives.
func (l *timeline) expect(tag string, state store.LinkState) (want []string) {
	all := slices.Clone(l.all)
	slices.SortFunc(all, func(a, b *store.Link) int {
		x, y := l.far(a), l.far(b)
		return -cmp.Or(a.Created.Compare(b.Created), slices.Compare(x[:], y[:]), strings.Compare(a.Key, b.Key))
	})
	for _, e := range all {
		if (tag == "" || e.Tag == tag) && (state == "" || e.State == state) {
			want = append(want, l.print(e))
		}
	}
	return want
}

func (l *timeline) print(e *store.Link) string {
	return fmt.Sprint(l.far(e), " ", e.Key, " ", e.Tag, " ", e.State, " ", e.Created.UnixMicro())
}

// pages reads a list by pages.
func (l *timeline) pages(f *fixture, q store.LinkQuery, size int) (got []string) {
	f.Helper()
	q.Kind, q.Limit = store.RoleLink, size
	for {
		page := read(f, func(r store.Reader) ([]*store.Link, error) { return l.list(r, q) })
		for _, e := range page {
			got = append(got, l.print(e))
			q.After = store.LinkMark{Created: e.Created, Other: l.far(e), Key: e.Key}
		}
		if size < 0 || len(page) < size {
			return got
		}
	}
}

func testLinksByTime(f *fixture) {
	hub, times := f.id(), []time.Time{f.now(), f.now(), f.now()}
	from := &timeline{hub: hub, name: "from", far: func(l *store.Link) profile.ID { return l.Dst },
		list: func(r store.Reader, q store.LinkQuery) ([]*store.Link, error) { return r.FromByTime(hub, q) },
		count: func(r store.Reader, tag string, state store.LinkState, max int64) (int64, error) {
			return r.CountFrom(hub, store.RoleLink, tag, state, max)
		}}
	to := &timeline{hub: hub, name: "to", far: func(l *store.Link) profile.ID { return l.Src },
		list: func(r store.Reader, q store.LinkQuery) ([]*store.Link, error) { return r.ToByTime(hub, q) },
		count: func(r store.Reader, tag string, state store.LinkState, max int64) (int64, error) {
			return r.CountTo(hub, store.RoleLink, tag, state, max)
		}}
	tags := []string{"", "manager", "contributor", "é"}
	states := []store.LinkState{store.LinkActive, store.LinkInvited, store.LinkRequested, store.LinkEnded}
	f.update(func(tx store.Tx) error {
		for i := range 60 {
			other, key := f.id(), []string{"", "7", "10"}[i%3]
			if i%3 != 0 { // the same edge with another key
				other = from.all[len(from.all)-1].Dst
			}
			link := func(src, dst profile.ID) *store.Link {
				return &store.Link{Src: src, Kind: store.RoleLink, Dst: dst, Key: key, Tag: tags[i%len(tags)], State: states[i/2%len(states)],
					Attrs: []byte(`{"n":1}`), Created: times[i/7%len(times)]}
			}
			out, in := link(hub, other), link(other, hub)
			from.all, to.all = append(from.all, out), append(to.all, in)
			for _, l := range []*store.Link{out, in, {Src: hub, Kind: store.FollowLink, Dst: other, Key: key, State: store.LinkActive,
				Attrs: []byte(`{}`), Created: times[0]}} {
				if err := tx.AddLink(l); err != nil {
					return err
				}
			}
		}
		return nil
	})

	check := func(f *fixture, l *timeline) {
		f.Helper()
		for _, tag := range append(tags, "nothing") {
			for _, state := range append(states, "") {
				want := l.expect(tag, state)
				for _, size := range []int{-1, 1, 4, 100} {
					q := store.LinkQuery{Tag: tag, State: state}
					if got := l.pages(f, q, size); !slices.Equal(got, want) {
						f.Errorf("%s %q %q by %d:\n%q, want\n%q", l.name, tag, state, size, got, want)
					}
					q.Oldest = true
					got := l.pages(f, q, size)
					if slices.Reverse(got); !slices.Equal(got, want) {
						f.Errorf("%s %q %q by %d upwards:\n%q, want\n%q", l.name, tag, state, size, got, want)
					}
				}
				for _, max := range []int64{-1, 0, 1, 5, 1000} {
					n := read(f, func(r store.Reader) (int64, error) { return l.count(r, tag, state, max) })
					if cut := int64(len(want)); max >= 0 && n != min(cut, max) || max < 0 && n != cut {
						f.Errorf("%s %q %q up to %d: %d, want %d", l.name, tag, state, max, n, cut)
					}
				}
			}
		}
	}

	f.run("newest first, ties by the far end and key, pages at any depth, counts up to a bound", func(f *fixture) {
		check(f, from)
		check(f, to)
	})
	f.run("attrs are in the lists of what leaves only", func(f *fixture) {
		f.view(func(r store.Reader) error {
			a, err := r.FromByTime(hub, store.LinkQuery{Kind: store.RoleLink, Limit: 1})
			f.wantErr(err, nil)
			b, err := r.ToByTime(hub, store.LinkQuery{Kind: store.RoleLink, Limit: 1})
			f.equal(string(a[0].Attrs)+string(b[0].Attrs), `{"n":1}`)
			return err
		})
	})
	f.run("a link moves with its tag and state, and goes", func(f *fixture) {
		f.update(func(tx store.Tx) error {
			for _, l := range []*timeline{from, to} {
				l.all[3].Tag, l.all[3].State = "new", store.LinkEnded
				l.all[4].State = store.LinkActive
				l.all[5].Tag = ""
				for _, e := range l.all[3:6] {
					if err := tx.SetLink(e); err != nil {
						return err
					}
				}
				gone := l.all[6]
				l.all = slices.Delete(l.all, 6, 7)
				if err := tx.DropLink(gone.Src, gone.Kind, gone.Dst, gone.Key); err != nil {
					return err
				}
			}
			return nil
		})
		tags = append(tags, "new")
		check(f, from)
		check(f, to)
	})
	f.run("a page follows a link that is gone", func(f *fixture) {
		first := from.all[0]
		q := store.LinkQuery{Kind: store.RoleLink, Limit: -1, After: store.LinkMark{Created: first.Created, Other: first.Dst, Key: first.Key}}
		before := read(f, func(r store.Reader) ([]*store.Link, error) { return r.FromByTime(hub, q) })
		f.update(func(tx store.Tx) error { return tx.DropLink(first.Src, first.Kind, first.Dst, first.Key) })
		after := read(f, func(r store.Reader) ([]*store.Link, error) { return r.FromByTime(hub, q) })
		f.equal(len(after), len(before))
	})
}
