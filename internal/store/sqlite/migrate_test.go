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

// TestDocumentsWrittenBeforeTheyHadRowsOfTheirAppGetThem migrates documents of
// the fourth schema, whose rows have no numbers, and of the fifth. One is of an
// import, which was a row of it already.
func TestDocumentsWrittenBeforeTheyHadRowsOfTheirAppGetThem(t *testing.T) {
	list, err := migrations()
	if err != nil {
		t.Fatal(err)
	}
	for _, before := range []int{4, 5} {
		t.Run(fmt.Sprint("from ", before), func(t *testing.T) {
			c, err := openConn(filepath.Join(t.TempDir(), "x.db"), sqlite3.SQLITE_OPEN_READWRITE|sqlite3.SQLITE_OPEN_CREATE)
			if err != nil {
				t.Fatal(err)
			}
			defer c.close()
			now := time.Now()
			if err := migrate(c, list[:before], now); err != nil {
				t.Fatal(err)
			}
			for _, row := range []struct {
				site, number int
				kind, space  string
				value        string
			}{
				{1, 12, "$document", "document", "7"},
				{1, 5, "$document", "document", "7"},
				{1, 9, "$document", "document", "42"},
				{2, 3, "$document", "document", "7"}, // of another site
				{1, 6, "$user", "number", "7"},       // no document
			} {
				id, owner := profile.NewIDIn(now, profile.Bucket(row.number)), profile.NewID(now)
				if err := c.script(fmt.Sprintf(`
					INSERT INTO record (site, bucket, id, type, number, owner, creator, attrs, extras, names, sort, state, password, version, created, updated)
					VALUES (%[1]d, %[2]d, x'%[3]x', '%[4]s', %[5]d, x'%[6]x', x'', '{}', '{}', '[]', '', 'active', '', 1, 5, 5);
					INSERT INTO name (site, bucket, owner, space, value, home, id) VALUES (%[1]d, %[7]d, x'%[6]x', '%[8]s', '%[9]s', %[2]d, x'%[3]x')`,
					row.site, id.Bucket(), id[:], row.kind, row.number, owner[:], owner.Bucket(), row.space, row.value)); err != nil {
					t.Fatal(err)
				}
			}
			columns, values := "site, type, path, value, bucket, id", "site, type, 'import', 'i', bucket, id"
			if before > 4 {
				columns, values = columns+", number", values+", number"
			}
			if err := c.script("INSERT INTO attribute (" + columns + ") SELECT " + values + " FROM record WHERE number = 12"); err != nil {
				t.Fatal(err)
			}
			if err := migrate(c, list, now); err != nil {
				t.Fatal(err)
			}
			for at, want := range map[string]string{
				"1 app 7": "[5 12]", "1 app 42": "[9]", "1 import i": "[12]", "2 app 7": "[3]", "2 app 42": "[]", "3 app 7": "[]",
			} {
				var site store.SiteID
				var path, value string
				if _, err := fmt.Sscan(at, &site, &path, &value); err != nil {
					t.Fatal(err)
				}
				r := &reader{c: c, site: site, ctx: t.Context()}
				got := []int64{}
				err := r.Holders(profile.Document, path, value, 0, 100, false, func(n int64) bool { got = append(got, n); return true })
				if err != nil || fmt.Sprint(got) != want {
					t.Errorf("site, path and value %s: the documents %v, %v, want %s", at, got, err, want)
				}
			}
			lost, err := c.pragma(`SELECT count(*) FROM attribute a WHERE type <> '$document' OR NOT EXISTS (
				SELECT 1 FROM record r WHERE r.site = a.site AND r.bucket = a.bucket AND r.id = a.id AND r.number = a.number AND r.type = a.type)`)
			if lost != "0" || err != nil {
				t.Errorf("%s rows are of no document, or have another number, %v", lost, err)
			}
		})
	}
}

// TestRecordsAndNamesStayWhenTheirKeysChangeOrder migrates records of two
// sites, one of which is owned and has a name among its owner's.
func TestRecordsAndNamesStayWhenTheirKeysChangeOrder(t *testing.T) {
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
	if err := migrate(c, list[:6], now); err != nil {
		t.Fatal(err)
	}
	type key struct {
		site   store.SiteID
		owner  profile.ID
		space  profile.Space
		value  string
		id     profile.ID
		number int64
	}
	var keys []key
	owner := profile.NewID(now)
	for i := range 60 {
		k := key{site: store.SiteID(1 + i%2), space: profile.Slug, value: fmt.Sprint("u-", i/2), id: profile.NewID(now), number: int64(100 - i)}
		if i%3 == 0 {
			k.owner, k.space = owner, "household"
		}
		keys = append(keys, k)
		at, who := keyOf(k.owner, k.space, k.value), []byte{}
		if !k.owner.IsZero() {
			who = k.owner[:]
		}
		if err := c.script(fmt.Sprintf(`
			INSERT INTO record (site, bucket, id, type, number, owner, creator, attrs, extras, names, sort, state, password, version, created, updated, login)
			VALUES (%[1]d, %[2]d, x'%[3]x', '$user', %[4]d, x'%[5]x', x'', '{"a":%[4]d}', '{}', '[]', 's', 'active', 'p', 7, 5, 6, 8);
			INSERT INTO name (site, bucket, owner, space, value, home, id) VALUES (%[1]d, %[6]d, x'%[5]x', '%[7]s', '%[8]s', %[2]d, x'%[3]x')`,
			k.site, k.id.Bucket(), k.id[:], k.number, who, at.Bucket, k.space, k.value)); err != nil {
			t.Fatal(err)
		}
	}
	if err := migrate(c, list, now); err != nil {
		t.Fatal(err)
	}
	for _, k := range keys {
		r := &reader{c: c, site: k.site, ctx: t.Context()}
		for _, read := range []func() (*store.Record, error){
			func() (*store.Record, error) { return r.Record(k.id) },
			func() (*store.Record, error) { return r.ByName(k.owner, k.space, k.value) },
		} {
			rec, err := read()
			if err != nil || rec.ID != k.id || rec.Number != k.number || rec.Owner != k.owner || string(rec.Attrs) != fmt.Sprintf(`{"a":%d}`, k.number) ||
				rec.Version != 7 || rec.Password != "p" || rec.State != "active" || micros(rec.Created) != 5 || micros(rec.Updated) != 6 || micros(rec.LastLogin) != 8 {
				t.Errorf("%+v is now %+v, %v", k, rec, err)
			}
		}
		other := &reader{c: c, site: 3 - k.site, ctx: t.Context()}
		if _, err := other.Record(k.id); err != store.ErrNotFound {
			t.Errorf("another site has %v, %v", k.id, err)
		}
	}
	for _, table := range []string{"record", "name"} {
		if n, err := c.pragma("SELECT count(*) FROM " + table); n != fmt.Sprint(len(keys)) || err != nil {
			t.Errorf("%s rows in %s, %v", n, table, err)
		}
	}
}
