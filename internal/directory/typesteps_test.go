//go:build !race

package directory_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"facet/internal/profile"
	"facet/internal/schema"
	"facet/internal/store"
)

// Changes of a type that go over hundreds of records, one after the other.
// Under the race detector each would take a minute; those that share a type
// with others at work are in typewriters_test.go.

func TestARenamedAttributeKeepsItsValues(t *testing.T) {
	l := newLibrary(t)
	ids := l.fill(600)
	if err := l.constrain(t.Context(), "isbn", "unique"); err != nil {
		t.Fatal(err)
	}
	before := l.render(ids[9])
	for from, to := range map[string]string{"isbn": "ean", "pages": "length", "copies.code": "barcode", "print": "edition"} {
		if _, err := l.site.RenameAttribute(t.Context(), l.who, "book", from, to); err != nil {
			t.Fatal(from, err)
		}
	}
	if id, err := l.byKey("ean", `"i70"`); err != nil || id != ids[70] {
		t.Errorf("by key: %v", err)
	}
	_, err := l.add(`{"ean":"i70"}`)
	wantCode(t, err, profile.CodeTaken)
	for filter, want := range map[string]int64{"length = 70": 1, "length < 100": 100, "copies.barcode = 'd7'": 1, "edition.city = 'c7'": 1, "ean = 'i7'": 1} {
		if n := l.found(filter); n != want {
			t.Errorf("%s: %d, want %d", filter, n, want)
		}
	}
	if n := l.names("isbn") + l.rows("isbn") + l.rows("pages"); n != 0 {
		t.Errorf("%d names and rows are left of the old ones", n)
	}
	if l.names("ean") != 600 || l.rows("length") != 600 {
		t.Errorf("%d names, %d rows", l.names("ean"), l.rows("length"))
	}
	for from, to := range map[string]string{"ean": "isbn", "length": "pages", "copies.barcode": "copies.code", "edition": "print"} {
		if _, err := l.site.RenameAttribute(t.Context(), l.who, "book", from, to); err != nil {
			t.Fatal(from, err)
		}
	}
	if after := l.render(ids[9]); after != before {
		t.Errorf("renamed there and back it is\n%s\nand was\n%s", after, before)
	}
}

func TestAConstraintThatARecordBreaksLeavesNothing(t *testing.T) {
	for name, c := range map[string]struct {
		path, field string
		constraints []string
		spoil       string
	}{
		"two records":             {"isbn", "isbn", []string{"unique"}, `{"isbn":"i3"}`},
		"within one record":       {"copies.code", "copies.code", []string{"unique"}, `{"copies":[{"code":"x"},{"code":"x"}]}`},
		"locally":                 {"copies.shelf", "copies.shelf", []string{"locally-unique"}, `{"copies":[{"shelf":"x"},{"shelf":"x"}]}`},
		"and one constraint goes": {"isbn", "isbn", []string{"unique", "required"}, `{"isbn":"i3"}`},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLibrary(t)
			l.fill(700)
			bad, err := l.add(c.spoil)
			if err != nil {
				t.Fatal(err)
			}
			before, err := l.site.EntityType(t.Context(), l.who, "book")
			if err != nil {
				t.Fatal(err)
			}
			err = l.constrain(t.Context(), c.path, c.constraints...)
			wantCode(t, err, profile.CodeTaken)
			if e := profile.AsError(err); e.Field != c.field {
				t.Errorf("field %q", e.Field)
			}
			after, err := l.site.EntityType(t.Context(), l.who, "book")
			if err != nil {
				t.Fatal(err)
			}
			if a, b := printedDefs(before), printedDefs(after); a != b {
				t.Errorf("the type is\n%s\nand was\n%s", b, a)
			}
			if l.names(c.path) != 0 || l.rows(c.path) != 0 {
				t.Errorf("%d names, %d rows are left", l.names(c.path), l.rows(c.path))
			}
			if _, err := l.add(c.spoil); err != nil {
				t.Errorf("a record as before: %v", err)
			}
			for _, filter := range []string{"isbn = 'i3'", "copies.shelf = 'x'", "copies.code = 'x'"} {
				_ = l.found(filter)
			}
			if err := l.update(bad, `{"title":"still there"}`); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestWhatAnAttributeHeldIsNowhereOnceItIsRemoved(t *testing.T) {
	l := newLibrary(t)
	ids := l.fill(600)
	if err := l.constrain(t.Context(), "isbn", "unique"); err != nil {
		t.Fatal(err)
	}
	if err := l.update(ids[5], `{"isbn":"changed","pages":1}`); err != nil {
		t.Fatal(err)
	}
	if err := l.update(ids[6], `{"isbn":null,"pages":null}`); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"isbn", "pages", "copies.code", "print.city"} {
		if _, err := l.site.RemoveAttribute(t.Context(), l.who, "book", path); err != nil {
			t.Fatal(path, err)
		}
	}
	if n := l.names("isbn") + l.rows("isbn") + l.rows("pages"); n != 0 {
		t.Errorf("%d names and rows are left", n)
	}
	if err := l.update(ids[0], `{"title":"written after"}`); err != nil {
		t.Fatal(err)
	}
	l.every(func(rec *store.Record, past []store.Version) {
		for _, v := range past {
			for _, word := range []string{"isbn", "pages", "code", "city", "print", "changed"} {
				if strings.Contains(string(v.Attrs), word) {
					t.Fatalf("%s is in version %d: %s", word, v.Version, v.Attrs)
				}
			}
		}
	})
	for _, def := range []string{`{"name":"isbn","type":"string","constraints":["unique"]}`, `{"name":"pages","type":"integer","features":["query"]}`,
		`{"name":"copies.code","type":"string"}`, `{"name":"print.city","type":"string"}`} {
		var attr schema.AttrDef
		if err := json.Unmarshal([]byte(def), &attr); err != nil {
			t.Fatal(err)
		}
		if _, err := l.site.AddAttribute(t.Context(), l.who, "book", attr); err != nil {
			t.Fatal(def, err)
		}
	}
	if n := l.found("isbn is not null or pages is not null or copies.code is not null or print.city is not null"); n != 0 {
		t.Errorf("%d records have values again", n)
	}
	if _, err := l.add(`{"isbn":"i3","pages":3}`); err != nil {
		t.Error(err)
	}
	if n := l.found("pages = 3"); n != 1 {
		t.Errorf("%d found", n)
	}
}

func TestStepsAreBoundedAndABuildingIndexIsNotSearched(t *testing.T) {
	l := newLibrary(t)
	ids := l.fill(2600)
	tries := 0
	var look func()
	look = func() {
		tries++
		l.store.before(nil)
		l.store.mu.Lock()
		l.store.lookups = 0
		l.store.mu.Unlock()
		if n := l.found("isbn = 'i2599'"); n != 1 {
			t.Errorf("while it is built: %d found", n)
		}
		if l.store.lookups > 0 && l.rows("isbn") < len(ids) {
			t.Errorf("an index was searched that has %d rows of %d", l.rows("isbn"), len(ids))
		}
		l.store.before(look)
	}
	l.store.before(look)
	if err := l.constrain(t.Context(), "isbn", "unique"); err != nil {
		t.Fatal(err)
	}
	l.store.before(nil)
	if tries < 8 {
		t.Errorf("only %d transactions", tries)
	}
	total := 0
	for _, n := range l.store.refreshes {
		if n > 501 { // and the type's own record
			t.Errorf("a step of %d records", n)
		}
		total += n
	}
	if total < len(ids) {
		t.Errorf("%d records refreshed of %d", total, len(ids))
	}
	l.store.lookups = 0
	if n := l.found("isbn = 'i2599'"); n != 1 || l.store.lookups == 0 {
		t.Errorf("enforced: %d found with %d lookups", n, l.store.lookups)
	}
}

func TestAUniqueConstraintHoldsForOldAndNewRecords(t *testing.T) {
	l := newLibrary(t)
	ids := l.fill(1200)
	if err := l.constrain(t.Context(), "isbn", "unique"); err != nil {
		t.Fatal(err)
	}
	if l.names("isbn") != 1200 || l.rows("isbn") != 1200 {
		t.Errorf("%d names, %d rows", l.names("isbn"), l.rows("isbn"))
	}
	if id, err := l.byKey("isbn", `"i700"`); err != nil || id != ids[700] {
		t.Errorf("by key: %v %v", id, err)
	}
	_, err := l.add(`{"isbn":"i1199"}`)
	wantCode(t, err, profile.CodeTaken)
	wantCode(t, l.update(ids[0], `{"isbn":"i1"}`), profile.CodeTaken)
	if err := l.constrain(t.Context(), "isbn"); err != nil {
		t.Fatal(err)
	}
	if l.names("isbn") != 0 || l.rows("isbn") != 0 {
		t.Errorf("%d names, %d rows are left", l.names("isbn"), l.rows("isbn"))
	}
	if _, err := l.add(`{"isbn":"i1199"}`); err != nil {
		t.Error(err)
	}
	_, err = l.byKey("isbn", `"i1"`)
	wantCode(t, err, profile.CodeInvalid)
}

// TestAChangeGoesOnWhereAProcessStopped ends the process at each transaction of
// a change, and has the next one's jobs do the rest.
func TestAChangeGoesOnWhereAProcessStopped(t *testing.T) {
	const records = 700
	const apart = 2 // the places where it stops
	type kind struct {
		change func(l *library, ctx context.Context) error
		check  func(l *library)
	}
	for name, k := range map[string]kind{
		"unique": {func(l *library, ctx context.Context) error { return l.constrain(ctx, "isbn", "unique") }, func(l *library) {
			if n, r := l.names("isbn"), l.rows("isbn"); n != records || r != records {
				l.t.Errorf("%d names, %d rows", n, r)
			}
			if _, err := l.byKey("isbn", `"i600"`); err != nil {
				l.t.Error(err)
			}
		}},
		"rename": {func(l *library, ctx context.Context) error {
			_, err := l.site.RenameAttribute(ctx, l.who, "book", "pages", "length")
			return err
		}, func(l *library) {
			if n, r, old := l.found("length >= 0"), l.rows("length"), l.rows("pages"); n != records || r != records || old != 0 {
				l.t.Errorf("%d found, %d rows, %d old ones", n, r, old)
			}
		}},
		"remove": {func(l *library, ctx context.Context) error {
			_, err := l.site.RemoveAttribute(ctx, l.who, "book", "pages")
			return err
		}, func(l *library) {
			l.every(func(rec *store.Record, _ []store.Version) {
				if strings.Contains(string(rec.Attrs), "pages") {
					l.t.Fatalf("%s", rec.Attrs)
				}
			})
			if n := l.rows("pages"); n != 0 {
				l.t.Errorf("%d rows", n)
			}
		}},
		"undone": {func(l *library, ctx context.Context) error { return l.constrain(ctx, "copies.shelf", "unique") }, func(l *library) {
			if n, r := l.names("copies.shelf"), l.rows("copies.shelf"); n != 0 || r != 0 {
				l.t.Errorf("%d names, %d rows", n, r)
			}
			if _, err := l.add(`{"copies":[{"shelf":"a"}]}`); err != nil {
				l.t.Error(err)
			}
		}},
		"delete": {func(l *library, ctx context.Context) error { return l.site.DeleteEntityType(ctx, l.who, "book", true) }, func(l *library) {
			l.every(func(rec *store.Record, _ []store.Version) { l.t.Fatalf("%s is left", rec.ID) })
			l.create("book", `[{"name":"pages","type":"integer","features":["query"]}]`)
			if n := l.found("pages >= 0"); n != 0 {
				l.t.Errorf("%d found", n)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stops := 0
			for at, done := 1, false; !done; at += apart {
				l := newLibrary(t)
				l.fill(records)
				ctx, cancel := context.WithCancel(t.Context())
				updates := 0
				l.store.before(func() {
					if updates++; updates > at {
						cancel()
					}
				})
				err := k.change(l, ctx)
				if done = !errors.Is(err, context.Canceled); done && err != nil && !profile.IsCode(err, profile.CodeTaken) {
					t.Fatalf("stopped at %d: %v", at, err)
				}
				cancel()
				l.reopen()
				l.work()
				k.check(l)
				if t.Failed() {
					t.Fatalf("stopped at %d", at)
				}
				stops = at
			}
			if stops < 5 {
				t.Errorf("stopped in %d places only", stops)
			}
		})
	}
}
