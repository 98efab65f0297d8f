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
)

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

func printedDefs(typ *schema.Type) string { return string(schema.AppendDefs(nil, typ.AllDefs())) }

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
