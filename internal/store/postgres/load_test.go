package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"facet/internal/profile"
	"facet/internal/store"
	"facet/internal/store/postgres"
	"facet/internal/store/sqlite"
	"facet/internal/store/storetest"
)

// sqliteOnly are the tables of SQLite, and the columns, that PostgreSQL has no use
// for, and what each database knows of itself.
var sqliteOnly = []string{"migration", "search_pack"}

// odd is a text of all that COPY gives a meaning to.
const odd = "tab\tline\nreturn\rback\\slash \\N \\. quote\" é 🎈"

func TestEveryRowOfSQLiteIsLoaded(t *testing.T) {
	var s *sqlite.Store
	open := func(t *testing.T) (store.Store, func() store.Store) {
		var err error
		if s, err = sqlite.Open(t.Context(), sqlite.Options{Dir: t.TempDir(), PageCache: 1, Reserve: -1, Logger: quiet}); err != nil {
			t.Fatal(err)
		}
		return s, nil
	}
	url := ""
	storetest.EraseSubject(t, open, func(erased bool) {
		if erased {
			return
		}
		if _, err := s.System().CreateSite(t.Context(), store.SiteInfo{Name: "odd", Domain: "odd.example", Hosts: []string{"odd.example"}, Default: true, Policy: []byte(`{}`)}); err != nil {
			t.Fatal(err)
		}
		now := time.Now()
		rec := &store.Record{ID: profile.NewID(now), Type: "thing", Number: 77, Attrs: []byte(odd), Extras: []byte(`{}`), Sort: strings.Repeat("é", 900),
			Search: odd, State: profile.Active, Created: now, Updated: now}
		if err := s.Site(1).Update(t.Context(), func(tx store.Tx) error {
			return errors.Join(tx.Create(rec, store.Event{At: now, Kind: "thing.created"}),
				tx.AddLink(&store.Link{Src: rec.ID, Kind: "follow", Dst: rec.ID, Attrs: []byte(odd), Created: now}))
		}); err != nil {
			t.Fatal(err)
		}

		name, err := cluster.Create("template1") // empty
		if err != nil {
			t.Fatal(err)
		}
		url = cluster.URL(name)
		told := map[string]int64{}
		if err := postgres.Load(t.Context(), postgres.Options{URL: url, Logger: quiet}, s, func(table string, rows int64) { told[table] = rows }); err != nil {
			t.Fatal(err)
		}
		theirs, err := s.Columns(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		filled := 0
		for _, table := range slices.Sorted(maps.Keys(theirs)) {
			if slices.Contains(sqliteOnly, table) {
				continue
			}
			want, has := cells(t, s, table, theirs[table]), loaded(t, url, table, theirs[table])
			if table == "meta" { // the epoch is another
				want, has = nil, nil
			}
			if !slices.Equal(want, has) {
				t.Errorf("%s has\n%s\nand not\n%s", table, strings.Join(has, "\n"), strings.Join(want, "\n"))
			}
			if len(want) > 0 && told[table] != int64(len(want)) {
				t.Errorf("%s: told of %d rows of %d", table, told[table], len(want))
			}
			if len(want) > 0 {
				filled++
			}
		}
		if filled < 17 {
			t.Errorf("only %d tables had rows", filled)
		}
	})

	moved, err := postgres.Open(t.Context(), postgres.Options{URL: url, Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = moved.Close() })
	events := func() (list []store.Event) {
		if err := moved.Site(1).View(t.Context(), func(r store.Reader) (err error) {
			list, err = r.Events(store.Position{}, -1)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return list
	}
	before := events()
	if err := moved.Site(1).Update(t.Context(), func(tx store.Tx) error { return tx.Log(store.Event{Kind: "after"}) }); err != nil {
		t.Fatal(err)
	}
	if all := events(); len(all) != len(before)+1 || all[len(before)].Kind != "after" {
		t.Errorf("after %d events one more is %v", len(before), all[min(len(before), len(all)):])
	}
	if err := postgres.Load(t.Context(), postgres.Options{URL: url, Logger: quiet}, s, func(string, int64) {}); !errors.Is(err, postgres.ErrForeign) {
		t.Errorf("loading into a database that has tables: %v", err)
	}
}

// cells gives the rows of a table of SQLite, in a form that loaded has, too.
func cells(t *testing.T, s *sqlite.Store, table string, columns []string) (rows []string) {
	t.Helper()
	if table == "search" {
		columns = slices.DeleteFunc(slices.Clone(columns), func(c string) bool { return c == "pack" })
	}
	if err := s.Rows(t.Context(), table, columns, func(cells []store.Cell) error {
		var b strings.Builder
		for i, c := range cells {
			if table == "search" && columns[i] == "sort" && len(c.Bytes) > 1000 {
				c.Bytes = c.Bytes[:1000]
			}
			fmt.Fprintf(&b, "%s=%q/%d ", columns[i], c.Bytes, c.Number)
		}
		rows = append(rows, b.String())
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	slices.Sort(rows)
	return rows
}

func loaded(t *testing.T, url, table string, columns []string) (rows []string) {
	t.Helper()
	if table == "search" {
		columns = slices.DeleteFunc(slices.Clone(columns), func(c string) bool { return c == "pack" })
	}
	c, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.Background())
	found, err := c.Query(t.Context(), `SELECT "`+strings.Join(columns, `", "`)+`" FROM "`+table+`"`)
	if err != nil {
		t.Fatal(err)
	}
	for found.Next() {
		values, err := found.Values()
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		for i, v := range values {
			var c store.Cell
			switch v := v.(type) {
			case string:
				c.Bytes = []byte(v)
			case []byte:
				c.Bytes = v
			case [16]byte:
				if v != ([16]byte{}) {
					c.Bytes = v[:]
				}
			case bool:
				if v {
					c.Number = 1
				}
			case int32:
				c.Number = int64(v)
			case int64:
				c.Number = v
			default:
				t.Fatalf("%s.%s is a %T", table, columns[i], v)
			}
			fmt.Fprintf(&b, "%s=%q/%d ", columns[i], c.Bytes, c.Number)
		}
		rows = append(rows, b.String())
	}
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	slices.Sort(rows)
	return rows
}
