package sqlite

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	sqlite3 "modernc.org/sqlite/lib"

	"facet/internal/profile"
	"facet/internal/store"
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

// TestSearchRowsWrittenBeforePacksGetTheirs migrates more than one pack of two
// sites.
func TestSearchRowsWrittenBeforePacksGetTheirs(t *testing.T) {
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
	if err := migrate(c, list[:3], now); err != nil {
		t.Fatal(err)
	}
	var ids []profile.ID
	for i := range 70 {
		ids = append(ids, profile.NewID(now))
		if err := c.script(fmt.Sprintf(`
			INSERT INTO search (site, type, sort, bucket, id, text)
			SELECT value, '$user', 'é %d', %d, x'%x', 'é %d' || char(10) || 'text of ' || value FROM json_each('[1, 2]')`,
			i, ids[i].Bucket(), ids[i][:], i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := migrate(c, list, now); err != nil {
		t.Fatal(err)
	}
	for site := range store.SiteID(4) {
		r := &reader{c: c, site: site, ctx: t.Context()}
		n := 0
		err := r.eachMatch([]profile.Type{profile.User}, fmt.Sprintf("\ntext of %d", site), func(f *store.Found) bool {
			var i int
			if _, err := fmt.Sscanf(f.Sort, "é %d", &i); err != nil || ids[i] != f.ID {
				t.Errorf("site %d: %v, %v", site, f, err)
			}
			n++
			return true
		})
		if want := map[store.SiteID]int{1: 70, 2: 70}[site]; n != want || err != nil {
			t.Errorf("site %d: %d entries, %v, want %d", site, n, err, want)
		}
	}
	lost, err := c.pragma(`SELECT count(*) FROM search WHERE NOT EXISTS (
		SELECT 1 FROM search_pack p WHERE p.pack = search.pack AND instr(p.texts, CAST(search.text AS BLOB)) > 0)`)
	if lost != "0" || err != nil {
		t.Errorf("%s rows do not know their pack, %v", lost, err)
	}
}

// TestIndexRowsWrittenBeforeNumbersGetTheirs migrates rows of one value of two
// records.
func TestIndexRowsWrittenBeforeNumbersGetTheirs(t *testing.T) {
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
	if err := migrate(c, list[:4], now); err != nil {
		t.Fatal(err)
	}
	for i, number := range []int{9, 4} {
		id := profile.NewIDIn(now, profile.Bucket(i))
		rows := fmt.Sprintf(`
			INSERT INTO record (site, bucket, id, type, number, owner, creator, attrs, extras, names, sort, state, password, version, created, updated)
			VALUES (1, %[1]d, x'%[2]x', '$user', %[3]d, x'', x'', '{}', '{}', '[]', '', 'active', '', 1, 5, 5);
			INSERT INTO attribute VALUES (1, '$user', 'p', 'v', %[1]d, x'%[2]x'), (1, '$user', 'q', 'w%[3]d', %[1]d, x'%[2]x')`, i, id[:], number)
		if err := c.script(rows); err != nil {
			t.Fatal(err)
		}
	}
	if err := migrate(c, list, now); err != nil {
		t.Fatal(err)
	}
	r := &reader{c: c, site: 1, ctx: t.Context()}
	var got []int64
	err = r.Holders(profile.User, "p", "v", 0, 100, false, func(n int64) bool { got = append(got, n); return true })
	if n, err2 := r.CountValues(profile.User, store.Range{Path: "q"}, -1); err != nil || err2 != nil || n != 2 || fmt.Sprint(got) != "[4 9]" {
		t.Errorf("%v, %d rows, %v, %v", got, n, err, err2)
	}
}
