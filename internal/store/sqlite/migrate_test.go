package sqlite

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	sqlite3 "modernc.org/sqlite/lib"

	"facet/internal/profile"
)

// TestRolesWrittenBeforeTagsGetTheirs migrates a database of the first schema.
func TestRolesWrittenBeforeTagsGetTheirs(t *testing.T) {
	c, err := openConn(filepath.Join(t.TempDir(), "x.db"), sqlite3.SQLITE_OPEN_READWRITE|sqlite3.SQLITE_OPEN_CREATE)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	list, err := migrations()
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	if err := migrate(c, list[:1], now); err != nil {
		t.Fatal(err)
	}
	src, dst := profile.NewIDIn(now, 0xfe07), profile.NewIDIn(now, 0x0a91)
	add := func(kind, key, attrs string) {
		rows := fmt.Sprintf(`
			INSERT INTO link VALUES (1, %d, x'%x', '%s', x'%x', '%s', 'active', '%s', 5, 0);
			INSERT INTO link_reverse VALUES (1, %d, x'%x', '%s', x'%x', '%s', 'active', 5, 0)`,
			src.Bucket(), src[:], kind, dst[:], key, attrs, dst.Bucket(), dst[:], kind, src[:], key)
		if err := c.script(rows); err != nil {
			t.Fatal(err)
		}
	}
	add("role", "", `{"role":"manager"}`)
	add("role", "2", `{}`)
	add("subscription", "", `{"role":"no"}`)
	if err := migrate(c, list, now); err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"link", "link_reverse"} {
		got, err := c.pragma(`SELECT group_concat(kind || key || '=' || tag, ' ') FROM (SELECT * FROM ` + table + ` ORDER BY kind, key)`)
		if want := "role=manager role2= subscription="; got != want || err != nil {
			t.Errorf("%s: %q, %v, want %q", table, got, err, want)
		}
	}
}
