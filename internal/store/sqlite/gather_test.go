package sqlite

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	sqlite3 "modernc.org/sqlite/lib"
	"pgregory.net/rapid"

	"facet/internal/profile"
	"facet/internal/store"
)

// people are a site's records by slug, as a model has them.
type people map[string]*store.Record

// indexed makes a record with index rows and a search text, some twelve of
// which fill a pack.
func indexed(number int64, values []string) *store.Record {
	rec := record(fmt.Sprint("s", number))
	rec.Number, rec.Version, rec.Bucket = number, 1, rec.ID.Bucket()
	rec.Sort = fmt.Sprint("s", number)
	rec.Search = rec.Sort + " " + strings.Repeat("x", 300)
	for i, v := range values {
		rec.Index = append(rec.Index, store.Indexed{Path: fmt.Sprint("p", i%3), Value: v})
	}
	return rec
}

// match compares a site's index rows and packs with the model.
func match(r *reader, want people) error {
	var got, model []string
	for _, path := range []string{"p0", "p1", "p2"} {
		err := r.Values(profile.User, store.Range{Path: path}, false, func(v []byte, n int64) bool {
			got = append(got, fmt.Sprintf("%s=%s of %d", path, v, n))
			return true
		})
		if err != nil {
			return err
		}
	}
	err := r.eachMatch([]profile.Type{profile.User}, " x", func(f *store.Found) bool {
		got = append(got, fmt.Sprintf("pack %s %s", f.Sort, f.ID))
		return true
	})
	for _, rec := range want {
		model = append(model, fmt.Sprintf("pack %s %s", rec.Sort, rec.ID))
		for _, x := range rec.Index {
			model = append(model, fmt.Sprintf("%s=%s of %d", x.Path, x.Value, rec.Number))
		}
	}
	slices.Sort(got)
	slices.Sort(model)
	if model = slices.Compact(model); !slices.Equal(got, model) {
		err = errors.Join(err, fmt.Errorf("site %d has\n%q, want\n%q", r.site, got, model))
	}
	return err
}

// TestWhatIsGatheredIsSeenAtOnceAndGoesWithItsCaller runs callers of two sites
// in one transaction: what they find within it and after it is as if every row
// had been written at once, also where some fail after they have written.
func TestWhatIsGatheredIsSeenAtOnceAndGoesWithItsCaller(t *testing.T) {
	s, _ := open(t)
	next, number := store.SiteID(1), int64(0)
	boom := errors.New("boom")
	rapid.Check(t, func(rt *rapid.T) {
		now := map[store.SiteID]people{next: {}, next + 1: {}}
		first := next
		next += 2
		for range rapid.IntRange(1, 3).Draw(rt, "batches") {
			var callers []*caller
			for range rapid.IntRange(1, 4).Draw(rt, "callers") {
				at := first + store.SiteID(rapid.IntRange(0, 1).Draw(rt, "site"))
				state := maps.Clone(now[at])
				var steps []func(*tx) error
				for range rapid.IntRange(0, 30).Draw(rt, "steps") {
					what := rapid.SampledFrom([]string{"create", "create", "create", "create", "look", "remove", "save"}).Draw(rt, "what")
					switch {
					case what == "look":
						want := maps.Clone(state)
						steps = append(steps, func(tx *tx) error { return match(&tx.reader, want) })
					case what == "create":
						number++
						rec := indexed(number, rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", "dd"}), 0, 5).Draw(rt, "values"))
						state[rec.Sort] = rec
						steps = append(steps, func(tx *tx) error { made := *rec; return tx.Create(&made, store.Event{}) })
					case len(state) > 0:
						slug := rapid.SampledFrom(slices.Sorted(maps.Keys(state))).Draw(rt, "slug")
						old := state[slug]
						delete(state, slug)
						if what == "remove" {
							steps = append(steps, func(tx *tx) error { gone := *old; return tx.Remove(&gone, store.Event{}) })
							break
						}
						saved := *old
						saved.Version++
						saved.Sort += "'"
						saved.Index = append(slices.Clone(old.Index[:len(old.Index)/2]), store.Indexed{Path: "p1", Value: "new"})
						state[saved.Sort] = &saved
						steps = append(steps, func(tx *tx) error { to := saved; return tx.Save(old, &to, store.Event{}) })
					}
				}
				c, end := &caller{on: at}, error(nil)
				if rapid.IntRange(0, 3).Draw(rt, "fails") == 0 {
					end = boom
				} else {
					now[at] = state
				}
				c.fn = func(t store.Tx) error {
					for _, step := range steps {
						if err := step(t.(*tx)); err != nil {
							return err
						}
					}
					return end
				}
				callers = append(callers, c)
			}
			batch(t, site{s, first}, callers...)
			for i, c := range callers {
				if c.err != nil && c.err != boom {
					rt.Fatalf("caller %d: %v", i, c.err)
				}
			}
			for at, want := range now {
				err := (site{s, at}).View(t.Context(), func(r store.Reader) error { return match(r.(*reader), want) })
				if err != nil {
					rt.Fatal(err)
				}
			}
		}
	})
	if s.w.redone == 0 {
		t.Error("no batch ran again")
	}
}

// TestRowsThatCannotBeInsertedFailEveryCaller breaks what is written late: in a
// read of another caller, and before the commit.
func TestRowsThatCannotBeInsertedFailEveryCaller(t *testing.T) {
	look := func(tx store.Tx) error {
		// The caller that meets the error may not heed it: the rows are not its.
		_ = tx.Values(profile.User, store.Range{Path: "p0"}, false, func([]byte, int64) bool { return true })
		return nil
	}
	for name, which := range map[string]statement{"row": insertIndexed, "rows": insertIndexedMany, "pack": insertPack, "event": insertEvent, "events": insertEventMany} {
		for when, fn := range map[string]func(store.Tx) error{"read": look, "commit": func(store.Tx) error { return nil }} {
			t.Run(name+" at "+when, func(t *testing.T) {
				s, st := open(t)
				a := &caller{fn: func(tx store.Tx) error {
					failing(s, which, 1, sqlite3.SQLITE_FULL)
					for i := range int64(9) {
						rec := indexed(i, []string{"a"})
						if err := tx.Create(rec, store.Event{}); err != nil {
							return err
						}
					}
					return nil
				}}
				b := &caller{fn: fn}
				batch(t, st, a, b)
				if !hasCode(a.err, sqlite3.SQLITE_FULL) || !hasCode(b.err, sqlite3.SQLITE_FULL) {
					t.Errorf("callers got %v and %v", a.err, b.err)
				}
				again := indexed(1, []string{"a"})
				if err := st.Update(t.Context(), func(tx store.Tx) error { return tx.Create(again, store.Event{}) }); err != nil {
					t.Error(err)
				}
				err := st.View(t.Context(), func(r store.Reader) error { return match(r.(*reader), people{"s1": again}) })
				if err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// TestMoreIndexRowsThanAreGatheredAtMost writes them in one transaction.
func TestMoreIndexRowsThanAreGatheredAtMost(t *testing.T) {
	_, st := open(t)
	rec := indexed(1, nil)
	for i := range gatheredMost + 10 {
		rec.Index = append(rec.Index, store.Indexed{Path: "p0", Value: fmt.Sprintf("%06d", (i*7919)%(gatheredMost+10))})
	}
	if err := st.Update(t.Context(), func(tx store.Tx) error { return tx.Create(rec, store.Event{}) }); err != nil {
		t.Fatal(err)
	}
	err := st.View(t.Context(), func(r store.Reader) error {
		n, err := r.CountValues(profile.User, store.Range{Path: "p0"}, -1)
		if n != gatheredMost+10 {
			t.Errorf("%d rows", n)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// TestAnIndexValueWithANULIsItsOwnCallersError: it is found when the row is
// gathered, not when it is written.
func TestAnIndexValueWithANULIsItsOwnCallersError(t *testing.T) {
	_, st := open(t)
	rec := indexed(1, []string{"a\x00"})
	bad := &caller{fn: func(tx store.Tx) error { return tx.Create(rec, store.Event{}) }}
	good := creates("good", nil)
	batch(t, st, good, bad)
	if !profile.IsKind(bad.err, profile.Malformed) || good.err != nil {
		t.Errorf("errors are %v and %v", bad.err, good.err)
	}
	expect(t, st, map[string]bool{"good": true, "s1": false})
}
