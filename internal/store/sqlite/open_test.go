package sqlite

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	sqlite3 "modernc.org/sqlite/lib"

	"facet/internal/profile"
	"facet/internal/store"
	"facet/internal/store/storetest"
)

var quiet = slog.New(slog.DiscardHandler)

func openDir(t *testing.T, dir string) (*Store, error) {
	s, err := Open(t.Context(), Options{Dir: dir, Logger: quiet})
	if err == nil {
		t.Cleanup(func() { s.Close() })
	}
	return s, err
}

// oneLine checks an error of Open: what it is, and that people can read it.
func oneLine(t *testing.T, err, want error, dir string) {
	t.Helper()
	if err == nil || want != nil && !errors.Is(err, want) {
		t.Fatalf("error is %v, want %v", err, want)
	}
	if strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), dir) {
		t.Errorf("error is %q", err)
	}
}

func TestOpenMakesAFolderAndKeepsItsData(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "folder")
	s, err := openDir(t, dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := (site{s, 1}).Update(t.Context(), func(tx store.Tx) error { return tx.Create(record("kept"), store.Event{}) }); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "facet.db-wal")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the log is left: %v", err)
	}
	if s, err = openDir(t, dir); err != nil {
		t.Fatal(err)
	}
	if !has(t, site{s, 1}, "kept") {
		t.Error("it is lost")
	}
}

func TestAFolderIsHeldByOneStoreAtATime(t *testing.T) {
	dir := t.TempDir()
	s, err := openDir(t, dir)
	if err != nil {
		t.Fatal(err)
	}
	_, err = openDir(t, dir)
	oneLine(t, err, ErrHeld, dir)
	s.Close()
	if _, err = openDir(t, dir); err != nil {
		t.Error(err)
	}
}

func TestForeignFoldersAreRefusedAndUntouched(t *testing.T) {
	foreignDatabase := func(name, pragma string) func(dir string) error {
		return func(dir string) error {
			c, err := openConn(filepath.Join(dir, name), sqlite3.SQLITE_OPEN_READWRITE|sqlite3.SQLITE_OPEN_CREATE)
			if err != nil {
				return err
			}
			return errors.Join(c.script(pragma+"; CREATE TABLE t (a)"), c.close())
		}
	}
	for what, make := range map[string]func(dir string) error{
		"a file":                 func(dir string) error { return os.WriteFile(filepath.Join(dir, "notes.txt"), nil, 0o600) },
		"a folder":               func(dir string) error { return os.Mkdir(filepath.Join(dir, "sub"), 0o700) },
		"another database":       foreignDatabase("other.db", "PRAGMA user_version = 1"),
		"its name, not marked":   foreignDatabase(databaseName, "PRAGMA user_version = 1"),
		"its name, marked other": foreignDatabase(databaseName, "PRAGMA application_id = 77"),
		"its name, no database": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, databaseName), []byte(strings.Repeat("text ", 1000)), 0o600)
		},
	} {
		t.Run(what, func(t *testing.T) {
			dir := t.TempDir()
			if err := make(dir); err != nil {
				t.Fatal(err)
			}
			_, err := openDir(t, dir)
			oneLine(t, err, ErrForeign, dir)
			if _, err = OpenReadOnly(t.Context(), Options{Dir: dir}); err == nil {
				t.Error("opened for reading")
			}
			files, _ := os.ReadDir(dir)
			for _, f := range files {
				if f.Name() == lockName {
					t.Error("a lock was left")
				}
				if f.Name() == databaseName && !strings.HasPrefix(what, "its name") {
					t.Error("a database was made")
				}
			}
		})
	}
}

func TestAnEmptyDatabaseFileIsTakenForNew(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, databaseName), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openDir(t, dir); err != nil {
		t.Error(err)
	}
}

func TestAFolderThatCannotBeWrittenIsAnError(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := openDir(t, filepath.Join(file, "sub"))
	oneLine(t, err, nil, file)
	_, err = openDir(t, file)
	oneLine(t, err, nil, file)
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, lockName), 0o700); err != nil {
		t.Fatal(err)
	}
	_, err = openDir(t, dir)
	oneLine(t, err, nil, dir)
}

func TestReadingBesideTheServer(t *testing.T) {
	dir := t.TempDir()
	_, err := OpenReadOnly(t.Context(), Options{Dir: dir})
	oneLine(t, err, os.ErrNotExist, dir)
	s, err := openDir(t, dir)
	if err != nil {
		t.Fatal(err)
	}
	create := func(slug string) {
		if err := (site{s, 1}).Update(t.Context(), func(tx store.Tx) error { return tx.Create(record(slug), store.Event{}) }); err != nil {
			t.Fatal(err)
		}
	}
	create("early")
	r, err := OpenReadOnly(t.Context(), Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	create("late")
	if st := (site{r, 1}); !has(t, st, "early") || !has(t, st, "late") {
		t.Error("a record is not seen")
	}
	if err := r.Site(1).Update(t.Context(), func(store.Tx) error { return nil }); !errors.Is(err, ErrReadOnly) {
		t.Error(err)
	}
	if err := errors.Join(r.Ready(t.Context()), r.Check(t.Context()), r.Close()); err != nil {
		t.Error(err)
	}
	s.Close()
	if r, err = OpenReadOnly(t.Context(), Options{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	if !has(t, site{r, 1}, "late") {
		t.Error("a record is not seen without the server")
	}
	r.Close()
}

func TestMigrationsOnlyGoForward(t *testing.T) {
	now := time.Now()
	list := []migration{{"0001_a.sql", "CREATE TABLE a (x);", "s1"}, {"0002_b.sql", "CREATE TABLE b (x); INSERT INTO a VALUES (1);", "s2"}}
	c, err := openConn(filepath.Join(t.TempDir(), "m.db"), sqlite3.SQLITE_OPEN_READWRITE|sqlite3.SQLITE_OPEN_CREATE)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	step := func(list []migration) error { return migrate(c, list, now) }
	for _, part := range [][]migration{list[:1], list, list} {
		if err := step(part); err != nil {
			t.Fatal(err)
		}
	}
	if err := step(list[:1]); !errors.Is(err, ErrNewer) {
		t.Errorf("a newer database: %v", err)
	}
	changed := []migration{list[0], {"0002_b.sql", "", "other"}}
	if err := step(changed); err == nil || errors.Is(err, ErrNewer) {
		t.Errorf("a changed migration: %v", err)
	}
	broken := append(list[:2:2], migration{"0003_c.sql", "CREATE TABLE c (x); CREATE TABLE a (x);", "s3"})
	if err := step(broken); err == nil {
		t.Error("a broken migration passes")
	}
	if n, err := c.pragma("SELECT count(*) FROM sqlite_master WHERE name IN ('a', 'b', 'c')"); n != "2" || err != nil {
		t.Errorf("after a broken migration there are %s tables, %v", n, err)
	}
	if c.inTransaction() {
		t.Error("a transaction is left open")
	}
}

func TestANewerOrOlderFolderIsRefused(t *testing.T) {
	dir := t.TempDir()
	s, err := openDir(t, dir)
	if err != nil {
		t.Fatal(err)
	}
	change := func(sql string) {
		t.Helper()
		if err := s.w.c.script(sql); err != nil {
			t.Fatal(err)
		}
	}
	change("INSERT INTO migration (name, checksum, applied) VALUES ('9999_later.sql', '', 0)")
	_, err = OpenReadOnly(t.Context(), Options{Dir: dir})
	oneLine(t, err, ErrNewer, dir)
	s.Close()
	_, err = openDir(t, dir)
	oneLine(t, err, ErrNewer, dir)
	c, err := openConn(filepath.Join(dir, databaseName), sqlite3.SQLITE_OPEN_READWRITE)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(c.script("DELETE FROM migration"), c.close()); err != nil {
		t.Fatal(err)
	}
	_, err = OpenReadOnly(t.Context(), Options{Dir: dir})
	oneLine(t, err, ErrOlder, dir)
}

func TestTheWriterIsDurableAndTheLibraryIsTheOneChosen(t *testing.T) {
	s, err := openDir(t, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "temp_store": "2", "foreign_keys": "0",
		"busy_timeout": "5000", "secure_delete": "1", "application_id": fmt.Sprint(applicationID)} {
		if got, err := s.w.c.pragma("PRAGMA " + pragma); err != nil || got != want {
			t.Errorf("%s is %s, %v", pragma, got, err)
		}
	}
	if supported(3051002) == nil || supported(3051003) != nil || supported(libraryVersion()) != nil {
		t.Error("the wrong versions of SQLite are refused")
	}
	p, err := s.w.c.pragma("SELECT sqlite_version()")
	if err != nil || p != sqlite3.SQLITE_VERSION {
		t.Errorf("SQLite is %s, %v", p, err)
	}
	goMod, err := os.ReadFile(filepath.Join("..", "..", "..", "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	for _, module := range []string{"modernc.org/libc v1.74.1", "modernc.org/sqlite v1.55.0"} {
		if !strings.Contains(string(goMod), module+"\n") && !strings.Contains(string(goMod), module+" //") {
			t.Errorf("go.mod does not ask for %s exactly", module)
		}
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			if m.Path == "modernc.org/libc" && m.Version != "v1.74.1" {
				t.Errorf("built with libc %s", m.Version)
			}
		}
	}
}

// rows shows every row of every table.
func rows(t *testing.T, c *conn) map[string][]string {
	t.Helper()
	tables := map[string][]string{}
	var names []string
	if _, err := c.scriptRows("SELECT name FROM sqlite_master WHERE type = 'table'", func(s *stmt) bool {
		names = append(names, s.text(0))
		return true
	}); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		_, err := c.scriptRows(`SELECT * FROM "`+name+`"`, func(s *stmt) bool {
			var b strings.Builder
			for col := range int(sqlite3.Xsqlite3_column_count(c.tls, s.p)) {
				fmt.Fprintf(&b, "%q ", s.raw(col))
			}
			tables[name] = append(tables[name], b.String())
			return true
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return tables
}

func TestEraseLeavesNoTraceInAnyTable(t *testing.T) {
	var s *Store
	open := func(t *testing.T) (store.Store, func() store.Store) {
		var err error
		if s, err = openDir(t, t.TempDir()); err != nil {
			t.Fatal(err)
		}
		return s, nil
	}
	before := map[string][]string{}
	storetest.EraseSubject(t, open, func(erased bool) {
		all := rows(t, s.w.c)
		if !erased {
			before = all
			return
		}
		traced := 0
		for _, list := range before {
			for _, row := range list {
				if strings.Contains(row, storetest.Trace) {
					traced++
					break
				}
			}
		}
		if traced < 10 {
			t.Errorf("only %d tables held the subject's texts", traced)
		}
		for table, list := range all {
			for _, row := range list {
				if strings.Contains(row, storetest.Trace) {
					t.Errorf("%s still has %s", table, row)
				}
			}
			switch table {
			case "meta", "migration", "site", "sequence", "tombstone", "event", "host", "job": // jobs: to delete the files
			default:
				if len(list) > 0 {
					t.Errorf("%s still has %d rows: %s", table, len(list), list[0])
				}
			}
		}
		if len(all["tombstone"]) != 1 {
			t.Errorf("%d tombstones", len(all["tombstone"]))
		}
	})
}

func TestAReaderIsFreeAgainAfterItsContextEnded(t *testing.T) {
	s, st := open(t)
	err := st.Update(t.Context(), func(tx store.Tx) error {
		for i := range 2000 {
			rec := record(fmt.Sprint("r", i))
			rec.Search = strings.Repeat("text ", 50)
			if err := tx.Create(rec, store.Event{}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 200 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i*5)*time.Microsecond)
		err := st.View(ctx, func(r store.Reader) error {
			_, err := r.Search(store.SearchQuery{Types: []profile.Type{profile.User}, Term: "nobody", Limit: 10})
			return err
		})
		if err != nil && !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		cancel()
	}
	for range 2 * s.count {
		if !has(t, st, "r7") {
			t.Fatal("a record is not found")
		}
	}
	for range s.count {
		c, err := s.reader(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if c.inTransaction() {
			t.Error("a reader was left in its transaction")
		}
		defer s.giveBack(c)
	}
}

func TestAReaderThatIsAwaitedHonoursTheContext(t *testing.T) {
	s, st := open(t)
	for range s.count {
		c, err := s.reader(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer s.giveBack(c)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := st.GetID(ctx, profile.ID{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}
