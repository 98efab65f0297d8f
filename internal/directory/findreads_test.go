//go:build !race

package directory

import (
	"context"
	"errors"
	"testing"

	"facet/internal/filter"
)

// TestASearchReadsNoMoreThanItsWayNeeds tells of each way how many records and
// index rows it reads at most, of 30,000 records. It does one thing after the
// other, and under the race detector would take minutes to make the records.
func TestASearchReadsNoMoreThanItsWayNeeds(t *testing.T) {
	st, _ := backends["sqlite"](t)
	typ := searchedType(t, true)
	counting := &countingSite{Site: st.Site(1)}
	site := siteOver(counting)
	const many = 30_000
	fill(t, site, typ, many)
	for _, c := range []struct {
		name          string
		filter        string
		q             Query
		found, total  int
		records, rows int64
		sweeps        int64
	}{
		{"all, a page", "", Query{Max: 100}, 100, 0, 100, 0, 0},
		{"all, deep", "", Query{First: 29_950, Max: 100}, 50, 0, 50, 0, 0},
		{"after an id", "id > 20000", Query{Max: 1000}, 1000, 0, 1000, 0, 0},
		{"after an id, deep and backwards", "id > 20000", Query{First: 9000, Max: 10, Sort: []string{"-id"}}, 10, 0, 10, 0, 0},
		{"one value", "key = 'KEY 00017'", Query{Max: 100}, 1, 0, 1, 1, 0},
		{"a value of half of all", "group = 'even'", Query{Max: 100}, 100, 0, 100, 300, 0},
		{"the same after an id", "group = 'even' and id > 29000", Query{Max: 100}, 100, 0, 100, 300, 0},
		{"the same, deep", "group = 'even'", Query{First: 14_000, Max: 100}, 100, 0, 100, 16_000, 0},
		{"two values of many each", "group = 'even' and home.city = 'city 3'", Query{Max: 100}, 0, 0, 0, 25_000, 0},
		{"two values that meet", "group = 'even' and home.city = 'city 4'", Query{Max: 100}, 100, 0, 100, 3000, 0},
		{"a range and a value", "key >= 'key 00100' and key < 'key 00200' and group = 'even'", Query{Max: 100}, 50, 0, 100, 200, 0},
		{"either of two values", "key = 'key 00007' or key = 'key 00005'", Query{Max: 100}, 2, 0, 2, 2, 0},
		{"a range, counted", "key >= 'key 00100' and key < 'key 00200'", Query{Max: 10, Total: true}, 10, 100, 10, 100, 0},
		{"a value, counted", "group = 'even'", Query{Max: 10, Total: true}, 10, 15_000, 10, 32, 0},
		{"sorted by an index", "", Query{Max: 100, Sort: []string{"key"}}, 100, 0, 100, 100, 0},
		{"sorted by an index, backwards", "", Query{Max: 100, Sort: []string{"-key"}}, 100, 0, 100, 101, 0},
		{"sorted by an index, deep", "", Query{First: 9000, Max: 100, Sort: []string{"key"}}, 100, 0, 100, 9100, 0},
		{"sorted by an index of few values, backwards", "", Query{Max: 100, Sort: []string{"-group"}}, 100, 0, 100, 200, 0},
		{"sorted and narrowed by the same index", "key > 'key 15000'", Query{Max: 100, Sort: []string{"key"}}, 100, 0, 100, 120, 0},
		{"a page of what half of all have", "plain = 1", Query{Max: 100}, 100, 0, 200, 0, 0},
		{"nothing that an index knows", "plain = 17", Query{Max: 100}, 0, 0, many + 20_001, 0, 1},
		{"sorted by what no index knows", "", Query{Max: 10, Sort: []string{"plain"}}, 10, 0, many + 20_001 + 10, 0, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := searchFor(t, typ, c.filter)
			sorter, err := filter.ParseSort(c.q.Sort, typ)
			if err != nil {
				t.Fatal(err)
			}
			counting.records.Store(0)
			counting.rows.Store(0)
			counting.sweeps.Store(0)
			got, total, err := site.pageOf(t.Context(), f, sorter, c.q)
			if err != nil || len(got) != c.found || total != int64(c.total) {
				t.Fatalf("%d records, total %d, %v", len(got), total, err)
			}
			if r, x, s := counting.records.Load(), counting.rows.Load(), counting.sweeps.Load(); r > c.records || x > c.rows || s != c.sweeps {
				t.Errorf("read %d records, %d index rows, %d sweeps; want %d, %d, %d at most", r, x, s, c.records, c.rows, c.sweeps)
			}
		})
	}
	t.Run("it ends soon after its context, and others go on", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		f := searchFor(t, typ, "plain = 17")
		counting.records.Store(0)
		err := site.look(ctx, f, func(l *look) error {
			if l.sweeps {
				cancel()
			}
			_, err := l.count()
			return err
		})
		if !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if n := counting.records.Load(); n > 20_001+1000 {
			t.Errorf("%d records", n)
		}
		site.d.sweeping <- struct{}{} // another one sweeps
		ctx, cancel = context.WithCancel(t.Context())
		go cancel()
		if _, err := site.countOf(ctx, f); !errors.Is(err, context.Canceled) {
			t.Errorf("waiting for a sweep: %v", err)
		}
		if n, err := site.countOf(t.Context(), searchFor(t, typ, "group = 'even' and id < 100")); n != 50 || err != nil {
			t.Errorf("beside a sweep: %d, %v", n, err)
		}
		<-site.d.sweeping
	})
}
