package directory

import (
	"bytes"
	"context"
	"encoding/json"
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
