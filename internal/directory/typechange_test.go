package directory_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"facet/internal/directory"
	"facet/internal/profile"
	"facet/internal/schema"
	"facet/internal/store"
	"facet/internal/store/storetest"
)

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

func TestAChangeLosesNothingOfARecordThatWasReadBeforeAnAttributeMoved(t *testing.T) {
	l := newLibrary(t)
	ids := l.fill(3)
	l.store.after(func() { // the record is looked for first, and then read to be changed
		l.store.after(func() { l.must(l.rename("isbn", "ean")) })
	})
	l.must(l.update(ids[0], `{"title":"new"}`))
	if got := l.render(ids[0]); !strings.Contains(got, `"ean":"i0"`) || !strings.Contains(got, `"title":"new"`) {
		t.Errorf("changed meanwhile: %s", got)
	}
	l.store.after(func() { l.must(l.rename("ean", "isbn")) })
	if got := l.render(ids[1]); !strings.Contains(got, `"isbn":"i1"`) && !strings.Contains(got, `"ean":"i1"`) {
		t.Errorf("read meanwhile: %s", got)
	}
}

func TestABulkDeleteDeletesNothingElseWhenAnAttributeIsRenamed(t *testing.T) {
	l := newLibrary(t)
	for range 2 {
		if _, err := l.add(`{"title":"no isbn"}`); err != nil {
			t.Fatal(err)
		}
	}
	l.fill(5)
	l.store.before(func() { // it has chosen, and begins to delete
		l.store.before(nil)
		l.must(l.rename("isbn", "ean"))
	})
	_, err := l.site.DeleteSelected(t.Context(), l.who, "book", "isbn is null")
	wantCode(t, err, profile.CodeUnknownAttribute)
	if n := l.found("ean is not null"); n != 5 {
		t.Errorf("%d of 5 records with an isbn are left", n)
	}
	if n, err := l.site.DeleteSelected(t.Context(), l.who, "book", "ean is null"); err != nil || n != 2 {
		t.Errorf("%d deleted: %v", n, err)
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

func printedDefs(typ *schema.Type) string { return string(schema.AppendDefs(nil, typ.AllDefs())) }

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

func TestThePastShowsNothingOfWhatIsBeingRemoved(t *testing.T) {
	l := newLibrary(t)
	id := l.fill(1)[0]
	begun := l.clock.Now()
	l.clock.add(time.Minute)
	l.must(l.update(id, `{"title":"new","isbn":"other"}`))
	middle := l.clock.Now()
	l.clock.add(time.Minute)
	l.must(l.update(id, `{"title":"newer"}`))
	l.clock.add(time.Minute)
	looked := 0
	l.store.before(func() {
		if _, err := l.byKey("isbn", `"none"`); !profile.IsCode(err, profile.CodeUnknownAttribute) {
			return // the removal has not begun
		}
		for at, title := range map[time.Time]string{begun: "t0", middle: "new", l.clock.Now(): "newer"} {
			e, err := l.site.EntityAt(t.Context(), l.who, "book", directory.Selector{ID: id}, at)
			l.must(err)
			if got := string(e.Render(nil)); strings.Contains(got, "i0") || strings.Contains(got, "other") || !strings.Contains(got, `"title":"`+title+`"`) {
				t.Errorf("%s: %s", title, got)
			}
		}
		looked++
	})
	_, err := l.site.RemoveAttribute(t.Context(), l.who, "book", "isbn")
	l.must(err)
	if looked == 0 {
		t.Error("nobody looked while the attribute was being removed")
	}
}

func TestThePastHasItsValuesUnderTheNewNameOfAnAttribute(t *testing.T) {
	l := newLibrary(t)
	id := l.fill(1)[0]
	begun := l.clock.Now()
	l.clock.add(time.Minute)
	l.must(l.update(id, `{"isbn":"other"}`))
	l.clock.add(time.Minute)
	looked := 0
	look := func() {
		if _, err := l.byKey("isbn", `"none"`); !profile.IsCode(err, profile.CodeUnknownAttribute) {
			return // the renaming has not begun
		}
		for at, isbn := range map[time.Time]string{begun: "i0", l.clock.Now(): "other"} {
			e, err := l.site.EntityAt(t.Context(), l.who, "book", directory.Selector{ID: id}, at)
			l.must(err)
			if got := string(e.Render(nil)); !strings.Contains(got, `"ean":"`+isbn+`"`) || strings.Contains(got, "isbn") {
				t.Errorf("%s: %s", isbn, got)
			}
		}
		looked++
	}
	l.store.before(look)
	l.must(l.rename("isbn", "ean"))
	l.store.before(nil)
	look()
	if looked < 2 {
		t.Error("nobody looked while the attribute was being renamed")
	}
}

// every calls fn with each book as it is stored, and its past.
func (l *library) every(fn func(*store.Record, []store.Version)) {
	l.t.Helper()
	err := l.store.Store.Site(1).View(context.Background(), func(r store.Reader) error {
		var failed error
		err := l.eachIn(r, func(rec *store.Record) {
			past, err := r.Versions(rec.ID, -1)
			failed = errors.Join(failed, err)
			fn(rec, past)
		})
		return errors.Join(err, failed)
	})
	if err != nil {
		l.t.Fatal(err)
	}
}

// eachIn calls fn with each book of a snapshot.
func (l *library) eachIn(r store.Reader, fn func(*store.Record)) error {
	var ids []profile.ID
	err := r.ByNumber("book", math.MinInt64, math.MaxInt64, false, func(rec *store.Record) bool {
		ids = append(ids, rec.ID)
		return true
	})
	for _, id := range ids {
		if err != nil {
			return err
		}
		var rec *store.Record
		if rec, err = r.Record(id); err == nil {
			fn(rec)
		}
	}
	return err
}

// textIn gives the value of a top-level attribute as text, "" for none.
func textIn(attrs []byte, name string) string {
	var all map[string]any
	if err := json.Unmarshal(attrs, &all); err != nil || all[name] == nil {
		return ""
	}
	return fmt.Sprint(all[name])
}

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

// TestAChangeGoesOnWhereAProcessStopped ends the process at each transaction of
// a change, and has the next one's jobs do the rest.
func TestAChangeGoesOnWhereAProcessStopped(t *testing.T) {
	const records = 700
	apart := 2 // the places where it stops
	if storetest.Reduced() {
		apart = 7
	}
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

func TestSitesHaveTheirOwnTypes(t *testing.T) {
	l := newLibrary(t)
	l.fill(10)
	other, err := l.d.CreateSite(t.Context(), directory.NewSite{Name: "other", Domain: "other.example"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = other.EntityType(t.Context(), l.who, "book")
	wantCode(t, err, profile.CodeUnknownType)
	if _, err := other.CreateEntityType(t.Context(), l.who, "book", []schema.AttrDef{{Name: "isbn", Type: "integer"}}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := other.CreateEntity(t.Context(), l.who, "book", []byte(`{"isbn":1}`)); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.constrain(t.Context(), "isbn", "unique"); err != nil {
		t.Errorf("another site's records forbid it: %v", err)
	}
	if _, err := l.site.RemoveAttribute(t.Context(), l.who, "user", "gender"); err != nil {
		t.Fatal(err)
	}
	if _, err := other.CreateEntity(t.Context(), l.who, "user", []byte(`{"gender":"f"}`)); err != nil {
		t.Error(err)
	}
	if err := other.DeleteEntityType(t.Context(), l.who, "book", true); err != nil {
		t.Fatal(err)
	}
	if n := l.found(""); n != 10 {
		t.Errorf("%d books are left", n)
	}
}

func TestATypeIsReadAsItWas(t *testing.T) {
	l := newLibrary(t)
	at := func(when time.Time) string {
		t.Helper()
		typ, err := l.site.EntityTypeAt(t.Context(), l.who, "book", when)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, d := range typ.Defs() {
			names = append(names, d.Name)
		}
		return strings.Join(names, " ")
	}
	made := l.clock.Now()
	l.fill(3)
	l.clock.add(time.Hour)
	l.must(l.rename("isbn", "ean"))
	renamed := l.clock.Now()
	l.clock.add(time.Hour)
	if _, err := l.site.RemoveAttribute(t.Context(), l.who, "book", "pages"); err != nil {
		t.Fatal(err)
	}
	for when, want := range map[time.Time]string{
		made: "copies isbn pages print title", renamed.Add(-time.Minute): "copies isbn pages print title",
		renamed: "copies ean pages print title", l.clock.Now(): "copies ean print title",
	} {
		if got := at(when); got != want {
			t.Errorf("at %s it has %s, want %s", when, got, want)
		}
	}
	_, err := l.site.EntityTypeAt(t.Context(), l.who, "book", made.Add(-time.Hour))
	wantCode(t, err, profile.CodeNotFound)
	typ, err := l.site.EntityTypeAt(t.Context(), l.who, "user", made.Add(-time.Hour))
	if err != nil || typ.Name != "user" {
		t.Error(typ, err)
	}
}

func TestADeletionByFilterStopsWhereItsAttributeIsRenamed(t *testing.T) {
	l := newLibrary(t)
	for range 3 {
		if _, err := l.add(`{"isbn":"untitled"}`); err != nil {
			t.Fatal(err)
		}
	}
	l.fill(100)
	l.store.before(func() {
		l.store.before(nil)
		if _, err := l.site.RenameAttribute(t.Context(), l.who, "book", "title", "name"); err != nil {
			t.Error(err)
		}
	})
	n, err := l.site.DeleteSelected(t.Context(), l.who, "book", "title is null")
	wantCode(t, err, profile.CodeUnknownAttribute)
	if n != 0 || l.found("") != 103 {
		t.Errorf("%d deleted, %d left", n, l.found(""))
	}
	l.store.before(func() {
		l.store.before(nil)
		if _, err := l.site.RenameAttribute(t.Context(), l.who, "book", "isbn", "ean"); err != nil {
			t.Error(err)
		}
	})
	n, err = l.site.DeleteSelected(t.Context(), l.who, "book", "name is null")
	if err != nil || n != 3 || l.found("") != 100 {
		t.Errorf("%d deleted, %d left: %v", n, l.found(""), err)
	}
}
