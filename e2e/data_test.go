package e2e_test

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "modernc.org/sqlite"
)

// database is a data folder, or what it has instead of a file of SQLite, read
// from outside.
type database struct {
	*sql.DB
	dir      string
	postgres bool
}

// openData opens the database of a data folder for reading.
func openData(t testing.TB, dir string) database {
	t.Helper()
	if url := databaseOf(t, dir); url != "" {
		db, err := sql.Open("pgx", url)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		return database{db, dir, true}
	}
	location := url.URL{Scheme: "file", Path: filepath.Join(dir, "facet.db"), RawQuery: "mode=ro&_pragma=busy_timeout(5000)&_pragma=query_only(1)"}
	db, err := sql.Open("sqlite", location.String())
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { _ = db.Close() })
	return database{db, dir, false}
}

// text gives the one column of a query, a row a line.
func (db database) text(t testing.TB, query string) string {
	t.Helper()
	rows, err := db.Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var b strings.Builder
	for rows.Next() {
		var s sql.NullString
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		b.WriteString(s.String + "\n")
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// holds reports whether a text stands in the files of the database, in what
// was deleted too.
func (db database) holds(t testing.TB, text string) bool {
	t.Helper()
	if db.postgres { // its files are the server's, which keeps deleted rows until it vacuums
		return false
	}
	files, err := filepath.Glob(filepath.Join(db.dir, "facet.db*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no database in %s: %v", db.dir, err)
	}
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(raw, []byte(text)) {
			return true
		}
	}
	return false
}

// passing are the rows that a refused request may write, by their table: what
// counts tries, at somebody's name and at nobody's, and numbers drawn in
// advance.
var passing = map[string]string{
	"attempt":  "true",
	"spent":    "true",
	"sequence": "true",
	"ticket":   "kind = 'tries'",
	"job":      "kind = 'expiry'",
	"name":     "space = 'ticket' AND value IN (SELECT digest FROM ticket WHERE kind = 'tries')",
}

// state gives, for every table, its rows but the passing ones and a digest of
// what they hold.
func (db database) state(t testing.TB) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, table := range db.tables(t) {
		out[table] = db.tableState(t, table)
	}
	return out
}

// tables lists the tables.
func (db database) tables(t testing.TB) []string {
	t.Helper()
	query := `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`
	if db.postgres {
		query = `SELECT tablename FROM pg_tables WHERE schemaname = 'public'`
	}
	return strings.Fields(db.text(t, query))
}

// all is a query for the rows of a table.
func (db database) all(table string) string {
	if db.postgres {
		return `SELECT * FROM "` + table + `" AS t WHERE NOT (` + cmp.Or(passing[table], "false") + `) ORDER BY t::text`
	}
	return `SELECT * FROM "` + table + `" WHERE NOT (` + cmp.Or(passing[table], "false") + `)`
}

func (db database) tableState(t testing.TB, table string) string {
	t.Helper()
	rows, err := db.Query(db.all(table))
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	values, into := make([]sql.RawBytes, len(columns)), make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	n, digest := 0, sha256.New()
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		for _, v := range values {
			fmt.Fprintf(digest, "%d:%s,", len(v), v)
		}
		n++
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%d rows, %s", n, hex.EncodeToString(digest.Sum(nil)[:8]))
}
