package sqlite

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	sqlite3 "modernc.org/sqlite/lib"

	"facet/internal/store"
)

// olderDump is the dump of a database that has had only some migrations.
type olderDump struct {
	info store.DumpInfo
	file []byte
}

func (d *olderDump) Info() store.DumpInfo { return d.info }

func (d *olderDump) Next() (string, io.Reader, error) {
	if d.file == nil {
		return "", nil, io.EOF
	}
	r := bytes.NewReader(d.file)
	d.file = nil
	return databaseName, r, nil
}

func TestADumpOfAnOlderVersionIsBroughtUpToDate(t *testing.T) {
	list, err := migrations()
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; n < len(list); n++ {
		path := filepath.Join(t.TempDir(), "older.db")
		c, err := openConn(path, sqlite3.SQLITE_OPEN_READWRITE|sqlite3.SQLITE_OPEN_CREATE)
		if err != nil {
			t.Fatal(err)
		}
		err = c.script(fmt.Sprintf("PRAGMA application_id = %d", applicationID))
		if err == nil {
			err = migrate(c, list[:n], time.Now())
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := c.close(); err != nil {
			t.Fatal(err)
		}
		d := &olderDump{info: store.DumpInfo{Backend: Backend}}
		for _, m := range list[:n] {
			d.info.Migrations = append(d.info.Migrations, store.DumpMigration{Name: m.name, Checksum: m.checksum})
		}
		if d.file, err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
		dir := filepath.Join(t.TempDir(), "data")
		none := func(string) func(string, io.Reader) error {
			return func(name string, _ io.Reader) error { return fmt.Errorf("there is %s", name) }
		}
		if err := Restore(t.Context(), dir, d, none); err != nil {
			t.Fatalf("after %s: %v", list[n-1].name, err)
		}
		s, err := openDir(t, dir)
		if err != nil {
			t.Fatalf("after %s: %v", list[n-1].name, err)
		}
		info, err := s.DumpInfo(t.Context())
		if err != nil || len(info.Migrations) != len(list) || !slices.Equal(info.Migrations[:n], d.info.Migrations) {
			t.Errorf("after %s: %v %v", list[n-1].name, info, err)
		}
	}
}
