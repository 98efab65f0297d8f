package storetest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"facet/internal/profile"
	"facet/internal/store"
)

// ordered is a list of texts in byte order, where a collation would differ.
var ordered = []string{"", " ", "!", "0", "1", "10", "2", "A", "Z", "Zz", "_", "a", "a b", "a!", "ab", "b", "z", "{", "é", "ß", "中", "\uffee", "😀"}

func init() { slices.Sort(ordered) }

func testLookup(f *fixture) {
	byValue := map[string]profile.ID{}
	for i := range ordered {
		v := ordered[(i*7)%len(ordered)]
		rec := f.user()
		rec.Type, rec.Index = "indexed", []store.Indexed{{Path: "p", Value: v}, {Path: "q", Value: "same"}, {Path: "q", Value: "same"}}
		f.create(rec)
		byValue[v] = rec.ID
	}
	find := func(t profile.Type, r store.Range, most int) (values []string) {
		f.view(func(rd store.Reader) error {
			return rd.Lookup(t, r, func(id profile.ID, v string) bool {
				if r.Path == "p" && byValue[v] != id {
					f.Errorf("%q gives the wrong id", v)
				}
				values = append(values, v)
				return len(values) < most
			})
		})
		return values
	}
	f.run("values come in byte order", func(f *fixture) {
		f.equal(find("indexed", store.Range{Path: "p"}, 100), ordered)
		f.equal(find("indexed", store.Range{Path: "p"}, 3), ordered[:3])
	})
	f.run("any range is what byte comparison says", func(f *fixture) {
		rapid.Check(f, func(t *rapid.T) {
			low, high := rapid.SampledFrom(ordered).Draw(t, "low"), rapid.SampledFrom(ordered).Draw(t, "high")
			var want []string
			for _, v := range ordered {
				if v >= low && (high == "" || v <= high) {
					want = append(want, v)
				}
			}
			if got := find("indexed", store.Range{Path: "p", Low: low, High: high}, 100); !slices.Equal(got, want) {
				t.Fatalf("%q to %q gives %q, want %q", low, high, got, want)
			}
		})
	})
	f.run("the ids of one value are read page by page", func(f *fixture) {
		want := map[profile.ID]bool{}
		for _, id := range byValue {
			want[id] = true
		}
		var last profile.ID
		for len(want) > 0 {
			page := read(f, func(r store.Reader) ([]profile.ID, error) { return r.LookupAfter("indexed", "q", "same", last, 4) })
			if len(page) == 0 || len(page) > 4 {
				f.Fatalf("a page of %d, %d are missing", len(page), len(want))
			}
			for _, id := range page {
				if !want[id] || last.Bucket() > id.Bucket() {
					f.Errorf("%s after %s", id, last)
				}
				delete(want, id)
				last = id
			}
		}
		f.equal(len(read(f, func(r store.Reader) ([]profile.ID, error) { return r.LookupAfter("indexed", "q", "same", last, 4) })), 0)
		f.equal(len(read(f, func(r store.Reader) ([]profile.ID, error) {
			return r.LookupAfter("indexed", "q", "sam", profile.ID{}, 4)
		})), 0)
	})
	f.run("type and path are exact", func(f *fixture) {
		f.equal(len(find("Indexed", store.Range{Path: "p"}, 100)), 0)
		f.equal(len(find("indexed", store.Range{Path: "P"}, 100)), 0)
		f.equal(len(find("indexed", store.Range{Path: "q", Low: "same", High: "same"}, 100)), len(ordered))
	})
	f.run("a save changes index rows by difference", func(f *fixture) {
		rec := f.user()
		rec.Type, rec.Index = "moved", []store.Indexed{{Path: "p", Value: "1"}, {Path: "p", Value: "2"}, {Path: "p", Value: "2"}}
		f.create(rec)
		next := copyOf(rec)
		next.Index = []store.Indexed{{Path: "p", Value: "2"}, {Path: "p", Value: "3"}, {Path: "p", Value: "3"}}
		f.update(func(tx store.Tx) error { return tx.Save(rec, next, f.event("x")) })
		var got []string
		f.view(func(r store.Reader) error {
			return r.Lookup("moved", store.Range{Path: "p"}, func(_ profile.ID, v string) bool { got = append(got, v); return true })
		})
		f.equal(strings.Join(got, " "), "2 3")
	})
}

func testSearch(f *fixture) {
	type person struct {
		id   profile.ID
		sort string
		text string
	}
	var all []person
	add := func(t profile.Type, sort, text string) *store.Record {
		rec := f.user()
		rec.Type, rec.Sort, rec.Search = t, sort, text
		f.create(rec)
		if t == profile.User && text != "" {
			all = append(all, person{rec.ID, sort, text})
		}
		return rec
	}
	for i, s := range ordered {
		add(profile.User, s, "text "+s+" end")
		if i%3 == 0 {
			add(profile.User, s, "twin 100%_ "+s)
		}
	}
	add(profile.User, "hidden", "")
	add(profile.Organization, "m", "text of an organization")
	slices.SortFunc(all, func(a, b person) int {
		if c := strings.Compare(a.sort, b.sort); c != 0 {
			return c
		}
		return slices.Compare(a.id[:], b.id[:])
	})
	expect := func(term string) (want []store.Found) {
		for _, p := range all {
			if strings.Contains(p.text, term) {
				want = append(want, store.Found{ID: p.id, Sort: p.sort})
			}
		}
		return want
	}
	users := []profile.Type{profile.User}

	f.run("contains is exact, and any text is a plain text", func(f *fixture) {
		for _, term := range []string{"", "text", "TEXT", "twin", "é", "%", "_", "100%", "%_", "'", "\\", "*", "nothing", "ext A", "😀 end"} {
			got := read(f, func(r store.Reader) ([]store.Found, error) {
				return r.Search(store.SearchQuery{Types: users, Term: term, Limit: -1})
			})
			f.equal(got, expect(term))
			f.equal(read(f, func(r store.Reader) (int64, error) { return r.CountSearch(users, term, -1) }), len(got))
		}
	})
	f.run("pages follow one another", func(f *fixture) {
		for _, term := range []string{"", "text", "twin"} {
			var got []store.Found
			last := store.Found{}
			for {
				page := read(f, func(r store.Reader) ([]store.Found, error) {
					return r.Search(store.SearchQuery{Types: users, Term: term, After: last, Limit: 4})
				})
				if len(page) == 0 {
					break
				}
				got, last = append(got, page...), page[len(page)-1]
			}
			f.equal(got, expect(term))
		}
	})
	f.run("what few of many have is found in order, forwards, backwards and counted", func(f *fixture) {
		many, n := []profile.Type{"many"}, count(5000)
		want := map[string][]store.Found{}
		change := map[int]string{n / 2: "moved needle", n - 2: "", n - 3: "needle again"}
		f.update(func(tx store.Tx) error {
			for i := range n {
				rec := f.user()
				rec.Type, rec.Sort, rec.Search = "many", fmt.Sprintf("name %04d", i*7919%n/2), fmt.Sprintf("hay %d stack", i)
				switch {
				case i%700 == 699:
					rec.Search += " needle"
				case i > n-20:
					rec.Search = strings.Repeat("tail ", 900) // larger than a page of any backend
				}
				if err := tx.Create(rec, f.event("x")); err != nil {
					return err
				}
				if text, ok := change[i]; ok {
					next := copyOf(rec)
					next.Search = text
					if err := tx.Save(rec, next, f.event("x")); err != nil {
						return err
					}
					rec = next
				}
				if i == n-5 {
					if err := tx.Remove(rec, f.event("x")); err != nil {
						return err
					}
					continue
				}
				for _, term := range []string{"needle", "hay", "tail tail", "0 stack"} {
					if strings.Contains(rec.Search, term) {
						want[term] = append(want[term], store.Found{ID: rec.ID, Sort: rec.Sort})
					}
				}
			}
			return nil
		})
		for term, list := range want {
			slices.SortFunc(list, func(a, b store.Found) int {
				return cmp.Or(strings.Compare(a.Sort, b.Sort), slices.Compare(a.ID[:], b.ID[:]))
			})
			for _, size := range []int{-1, 3, 500} {
				for _, back := range []bool{false, true} {
					var got []store.Found
					for q := (store.SearchQuery{Types: many, Term: term, Backwards: back, Limit: size}); len(got) < 40 || size != 3; {
						page := read(f, func(r store.Reader) ([]store.Found, error) { return r.Search(q) })
						got = append(got, page...)
						if size < 0 || len(page) < size {
							break
						}
						q.After = page[size-1]
					}
					if back {
						slices.Reverse(got)
						f.equal(got, list[len(list)-len(got):])
					} else {
						f.equal(got, list[:len(got)])
					}
					if len(got) < min(len(list), 39) {
						f.Errorf("%q by %d: %d, want %d", term, size, len(got), len(list))
					}
				}
			}
			for _, max := range []int64{-1, 0, 1, 10, 100_000} {
				got := read(f, func(r store.Reader) (int64, error) { return r.CountSearch(many, term, max) })
				if all := int64(len(list)); max < 0 && got != all || max >= 0 && got != min(all, max) {
					f.Errorf("%q up to %d: %d of %d", term, max, got, all)
				}
			}
		}
		all := read(f, func(r store.Reader) ([]store.Found, error) {
			return r.Search(store.SearchQuery{Types: many, Limit: -1})
		})
		f.equal(len(all), n-2)
		f.equal(read(f, func(r store.Reader) (int64, error) { return r.CountSearch(many, "", 3) }), 3)
		f.equal(read(f, func(r store.Reader) (int64, error) { return r.CountSearch(many, "", -1) }), n-2)
	})
	f.run("several types are one list", func(f *fixture) {
		both := []profile.Type{profile.Organization, profile.User}
		got := read(f, func(r store.Reader) ([]store.Found, error) {
			return r.Search(store.SearchQuery{Types: both, Term: "text", Limit: -1})
		})
		f.equal(len(got), len(expect("text"))+1)
		if !slices.IsSortedFunc(got, func(a, b store.Found) int { return strings.Compare(a.Sort, b.Sort) }) {
			f.Error("not in order")
		}
		f.equal(read(f, func(r store.Reader) (int64, error) { return r.CountSearch(both, "text", -1) }), len(got))
		part := read(f, func(r store.Reader) ([]store.Found, error) {
			return r.Search(store.SearchQuery{Types: both, Term: "text", Limit: 3})
		})
		f.equal(part, got[:3])
		f.equal(len(read(f, func(r store.Reader) ([]store.Found, error) { return r.Search(store.SearchQuery{Limit: 3}) })), 0)
	})
	f.run("a save moves, changes and hides", func(f *fixture) {
		rec := add("moving", "first", "before")
		for _, step := range []struct{ sort, text, want string }{
			{"first", "after", "after"}, {"second", "after", "after"}, {"second", "", ""}, {"third", "", ""}, {"third", "again", "again"},
		} {
			next := copyOf(rec)
			next.Sort, next.Search = step.sort, step.text
			f.update(func(tx store.Tx) error { return tx.Save(rec, next, f.event("x")) })
			rec = next
			got := read(f, func(r store.Reader) ([]store.Found, error) {
				return r.Search(store.SearchQuery{Types: []profile.Type{"moving"}, Term: step.want, Limit: -1})
			})
			if step.want == "" {
				f.equal(len(got), 0)
			} else {
				f.equal(got, []store.Found{{ID: rec.ID, Sort: step.sort}})
			}
		}
	})
}
