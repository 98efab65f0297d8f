package directory

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"facet/internal/filter"
	"facet/internal/profile"
	"facet/internal/schema"
	"facet/internal/store"
	"facet/internal/store/sqlite"
	"facet/internal/store/storetest"
)

// backends are the stores that searches are compared on.
var backends = map[string]storetest.Open{
	"sqlite": func(t *testing.T) (store.Store, func() store.Store) {
		s, err := sqlite.Open(t.Context(), sqlite.Options{Dir: t.TempDir(), Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
		return s, func() store.Store { return s }
	},
}

const searched = profile.Type("thing")

var searchTime = time.Date(2020, 5, 17, 12, 0, 0, 0, time.UTC)

// searchedType has attributes of each kind, indexed or not.
func searchedType(t testing.TB, indexed bool) *schema.Type {
	t.Helper()
	query := []string{"query"}
	if !indexed {
		query = nil
	}
	defs := []schema.AttrDef{
		{Name: "key", Type: "string", CaseSensitive: new(false), Features: query},
		{Name: "exact", Type: "string", Features: query},
		{Name: "group", Type: "string", CaseSensitive: new(false), Features: query},
		{Name: "n", Type: "decimal", Features: query},
		{Name: "day", Type: "date", Features: query},
		{Name: "at", Type: "dateTime"},
		{Name: "plain", Type: "integer"},
		{Name: "home", Type: "object", AttrDefs: []schema.AttrDef{{Name: "city", Type: "string", Features: query}}},
		{Name: "tags", Type: "plural", AttrDefs: []schema.AttrDef{{Name: "tag", Type: "string", Features: query}, {Name: "rank", Type: "integer"}}},
	}
	typ, err := schema.Compile("thing", defs)
	if err != nil {
		t.Fatal(err)
	}
	return typ
}

var (
	long    = strings.Repeat("y", 195)
	words   = []string{"", "a", "A", "aa", "ab", "B", "é", "É", "Ꭰ", "ꭰ", "ß", "SS", "日本", "z", "\U0010FFFF", "\u0001", long, long + "é", long + "éa", long + "日本", long + "yyyyyyyy"}
	figures = []string{"1.10", "1.1", "-1.1", "-20", "0", "-0", "1e3", "1000", "12345678901234567890.1", "7", "-7"}
	moments = []string{"2012-06-13", "2012-06-14", "1999-12-31", "2012-06-13 18:02:56.012122 +0000", "2012-06-13 18:02:56 +0000", "2012-06-14 00:00:00 +0000"}
)

// searchedRecords draws records that share many values.
func searchedRecords(rt *rapid.T, typ *schema.Type, n int) []*store.Record {
	var out []*store.Record
	word := rapid.SampledFrom(words)
	figure := rapid.SampledFrom(figures)
	for i := range n {
		attrs := map[string]any{}
		set := func(name string, v any) {
			if rapid.IntRange(0, 5).Draw(rt, "has") > 0 {
				attrs[name] = v
			}
		}
		set("key", word.Draw(rt, "key"))
		set("exact", word.Draw(rt, "exact"))
		set("group", []string{"red", "RED", "green"}[rapid.IntRange(0, 2).Draw(rt, "group")])
		set("n", json.Number(figure.Draw(rt, "n")))
		set("plain", i%7-3)
		set("day", moments[i%3])
		set("at", moments[3+i%3])
		set("home", map[string]any{"city": word.Draw(rt, "city")})
		var tags []any
		for j := range rapid.IntRange(0, 3).Draw(rt, "tags") {
			tags = append(tags, map[string]any{"id": 100*i + j, "tag": word.Draw(rt, "tag"), "rank": j})
		}
		set("tags", tags)
		text, err := json.Marshal(attrs)
		if err != nil {
			rt.Fatal(err)
		}
		at := searchTime.Add(time.Duration(i*7919%n) * time.Second)
		rec := &store.Record{ID: profile.NewID(at), Type: searched, Number: int64(i*i) - 50, Attrs: text, Extras: []byte(`{}`), State: profile.Active, Created: at, Updated: at.Add(time.Hour)}
		for _, x := range typ.Index(text) {
			rec.Index = append(rec.Index, store.Indexed(x))
		}
		out = append(out, rec)
	}
	return out
}

// searchedFilter draws a filter of the type.
func searchedFilter(rt *rapid.T, depth int) string {
	sub := func() string { return "(" + searchedFilter(rt, depth-1) + ")" }
	kind := rapid.IntRange(0, 9).Draw(rt, "kind")
	if depth == 0 {
		kind = min(kind, 5)
	}
	op := rapid.SampledFrom([]string{"=", "=", "!=", "<", "<=", ">", ">="}).Draw(rt, "op")
	switch kind {
	case 0:
		return rapid.SampledFrom([]string{"key", "n", "tags", "tags.tag", "home", "home.city", "plain", "at"}).Draw(rt, "path") + rapid.SampledFrom([]string{" is null", " is not null"}).Draw(rt, "null")
	case 1, 2:
		path := rapid.SampledFrom([]string{"key", "exact", "group", "home.city", "tags.tag"}).Draw(rt, "path")
		return path + op + filter.Text(rapid.SampledFrom(append([]string{"red", "nobody"}, words...)).Draw(rt, "word")).String()
	case 3:
		return rapid.SampledFrom([]string{"n", "plain", "tags.rank", "id"}).Draw(rt, "path") + op + rapid.SampledFrom(figures).Draw(rt, "figure")
	case 4:
		return rapid.SampledFrom([]string{"day", "at", "created", "lastUpdated"}).Draw(rt, "path") + op + "'" + rapid.SampledFrom(append([]string{"2020-05-17 12:00:05", "2020-05-17T08:00:07.123456789-04:00"}, moments...)).Draw(rt, "moment") + "'"
	case 5:
		return rapid.SampledFrom([]string{"key = exact", "day < at", "n > plain", "tags.tag = key", "created < lastUpdated"}).Draw(rt, "pair")
	case 6, 7:
		return sub() + "and" + sub()
	case 8:
		return sub() + "or" + sub()
	}
	return "not" + sub()
}

// TestASearchAnswersWhatTheOracleSays compares pages and counts on each backend
// with a list that the evaluator has filtered and a sort has ordered: with the
// indexes and without, and with limits so small that every way is taken.
func TestASearchAnswersWhatTheOracleSays(t *testing.T) {
	for name, open := range backends {
		t.Run(name, func(t *testing.T) {
			with, without := searchedType(t, true), searchedType(t, false)
			st, _ := open(t)
			sites := 0
			rapid.Check(t, func(rt *rapid.T) {
				sites++
				site := siteOver(st.Site(store.SiteID(sites)))
				records := searchedRecords(rt, with, rapid.IntRange(0, 60).Draw(rt, "records"))
				err := site.data.raw.Update(t.Context(), func(tx store.Tx) error {
					for _, rec := range records {
						if err := tx.Create(rec, store.Event{At: searchTime, Kind: "x"}); err != nil {
							return err
						}
					}
					return nil
				})
				if err != nil {
					rt.Fatal(err)
				}
				for range 12 {
					compareSearch(rt, site, with, without, records)
				}
			})
		})
	}
}

// siteOver is a site with no more than searches need.
func siteOver(data store.Site) *Site {
	s := &Site{d: &Directory{sweeping: make(chan struct{}, 1)}}
	s.types.Store(&typeTable{})
	s.data = siteData{raw: data, s: s}
	return s
}

func compareSearch(rt *rapid.T, site *Site, with, without *schema.Type, records []*store.Record) {
	typ := with
	if rapid.IntRange(0, 3).Draw(rt, "index") == 0 {
		typ = without
	}
	f := &search{t: searched, typ: typ, indexed: indexedBy(typ), limits: rapid.SampledFrom([]limits{usual,
		{few: 3, everyRow: 1, rows: 5 * recordRow, equals: 2, window: 7}, {few: 10, everyRow: 5, rows: 10, equals: 0, window: 1}, {}}).Draw(rt, "limits"),
		plan: filter.Plan{Exact: true, Numbers: []filter.NumberRange{{Low: math.MinInt64, High: math.MaxInt64}}}}
	expr := ""
	if rapid.IntRange(0, 9).Draw(rt, "filtered") > 0 {
		expr = searchedFilter(rt, 2)
		tree, err := filter.ParseEntity(expr)
		if err != nil {
			rt.Fatal(expr, err)
		}
		if f.program, err = filter.Compile(tree, typ, searchTime); err != nil {
			rt.Fatal(expr, err)
		}
		f.plan = f.program.Plan(f.indexed)
	}
	on := rapid.SampledFrom([][]string{nil, {"id"}, {"-id"}, {"key"}, {"-key"}, {"group", "id"}, {"-group"}, {"-n"}, {"home.city"}, {"-day", "-id"}, {"tags.tag"}, {"plain", "key"}, {"-created"}}).Draw(rt, "sort")
	sorter, err := filter.ParseSort(on, typ)
	if err != nil {
		rt.Fatal(err)
	}
	q := Query{First: rapid.IntRange(0, 20).Draw(rt, "first"), Max: rapid.IntRange(1, 20).Draw(rt, "max"), Total: rapid.Bool().Draw(rt, "total")}
	type ranked struct {
		key    []byte
		number int64
	}
	var want []ranked
	for _, rec := range records {
		if seen := filtered(rec); f.program == nil || f.program.Match(&seen) {
			want = append(want, ranked{sorter.AppendKey(nil, &seen), rec.Number})
		}
	}
	slices.SortFunc(want, func(a, b ranked) int { return bytes.Compare(a.key, b.key) })
	count := int64(len(want))
	if desc, ok := sorter.ByNumber(); ok && desc && len(want) > 1 && want[0].number < want[1].number {
		rt.Fatal("the list is not in order")
	}
	want = want[min(q.First, len(want)):]
	want = want[:min(q.Max, len(want))]
	got, total, err := site.pageOf(rt.Context(), f, sorter, q)
	if err != nil {
		rt.Fatalf("%s by %v: %v", expr, on, err)
	}
	if !slices.EqualFunc(got, want, func(a *store.Record, b ranked) bool { return a.Number == b.number }) {
		var numbers []int64
		for _, rec := range got {
			numbers = append(numbers, rec.Number)
		}
		rt.Fatalf("%s by %v %+v\n got %v\nwant %v", expr, on, q, numbers, want)
	}
	n, err := site.countOf(rt.Context(), f)
	if err != nil || n != count || q.Total && total != count {
		rt.Fatalf("%s: counted %d, total %d, of %d: %v", expr, n, total, count, err)
	}
}

// countingSite counts what searches read.
type countingSite struct {
	store.Site
	records, rows, sweeps atomic.Int64
}

type countingReader struct {
	store.Reader
	s *countingSite
}

func (s *countingSite) View(ctx context.Context, fn func(store.Reader) error) error {
	return s.Site.View(ctx, func(r store.Reader) error { return fn(countingReader{r, s}) })
}

func (r countingReader) Brief(t profile.Type, low, high int64, desc bool, fn func(*store.Record) bool) error {
	return r.Reader.Brief(t, low, high, desc, func(rec *store.Record) bool {
		r.s.records.Add(1)
		return fn(rec)
	})
}

func (r countingReader) Sweep(t profile.Type, low, high int64, desc bool, worker func() func(*store.Record) bool) error {
	r.s.sweeps.Add(1)
	return r.Reader.Sweep(t, low, high, desc, func() func(*store.Record) bool {
		fn := worker()
		return func(rec *store.Record) bool {
			r.s.records.Add(1)
			return fn(rec)
		}
	})
}

func (r countingReader) Values(t profile.Type, in store.Range, desc bool, fn func([]byte, int64) bool) error {
	return r.Reader.Values(t, in, desc, func(v []byte, n int64) bool {
		r.s.rows.Add(1)
		return fn(v, n)
	})
}

func (r countingReader) Holders(t profile.Type, path, value string, low, high int64, desc bool, fn func(int64) bool) error {
	return r.Reader.Holders(t, path, value, low, high, desc, func(n int64) bool {
		r.s.rows.Add(1)
		return fn(n)
	})
}

// TestASearchReadsNoMoreThanItsWayNeeds tells of each way how many records and
// index rows it reads at most, of 30,000 records.
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

// fill makes records of the type, numbered from 0.
func fill(t testing.TB, site *Site, typ *schema.Type, many int) {
	t.Helper()
	for from := 0; from < many; from += 5000 {
		err := site.data.raw.Update(t.Context(), func(tx store.Tx) error {
			for i := from; i < min(from+5000, many); i++ {
				at := searchTime.Add(time.Duration(i) * time.Microsecond)
				rec := &store.Record{ID: profile.NewID(at), Type: searched, Number: int64(i), Extras: []byte(`{}`), State: profile.Active, Created: at, Updated: at,
					Attrs: fmt.Appendf(nil, `{"group":"%s","home":{"city":"city %d"},"key":"key %05d","plain":%d}`, []string{"even", "odd"}[i%2], i%6, i, i%2)}
				for _, x := range typ.Index(rec.Attrs) {
					rec.Index = append(rec.Index, store.Indexed(x))
				}
				if err := tx.Create(rec, store.Event{At: at, Kind: "x"}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func indexedBy(typ *schema.Type) func(string) bool {
	return func(path string) bool {
		return slices.ContainsFunc(typ.Indexed(), func(a *schema.Attribute) bool { return a.Path == path })
	}
}

func searchFor(t testing.TB, typ *schema.Type, expr string) *search {
	t.Helper()
	f := &search{t: searched, typ: typ, indexed: indexedBy(typ), limits: usual, plan: filter.Plan{Exact: true, Numbers: []filter.NumberRange{{Low: math.MinInt64, High: math.MaxInt64}}}}
	if expr == "" {
		return f
	}
	tree, err := filter.ParseEntity(expr)
	if err != nil {
		t.Fatal(err)
	}
	if f.program, err = filter.Compile(tree, typ, searchTime); err != nil {
		t.Fatal(err)
	}
	f.plan = f.program.Plan(f.indexed)
	return f
}
