package directory_test

import (
	"testing"

	"facet/internal/directory"
	"facet/internal/profile"
)

// process is another process on the same store, as it sees the site.
func (l *library) process() *directory.Site {
	l.t.Helper()
	d := directory.New(directory.Config{Store: l.store, DataKey: l.key, Now: l.clock.Now, Settle: 1})
	site, err := d.SiteNamed(l.t.Context(), "library")
	if err != nil {
		l.t.Fatal(err)
	}
	return site
}

func TestAnotherProcessWritesByTheTypesAsTheyAre(t *testing.T) {
	l := newLibrary(t)
	ids := l.fill(3)
	other := l.process() // it knows the types now, and the clock stands still

	l.must(l.constrain(t.Context(), "isbn", "unique"))
	if _, err := other.CreateEntity(t.Context(), l.who, "book", []byte(`{"isbn":"i1"}`)); !profile.IsKind(err, profile.Taken) {
		t.Errorf("a value that is unique by now was taken again: %v", err)
	}
	other = l.process()
	l.must(l.rename("pages", "length"))
	if _, err := other.UpdateEntity(t.Context(), l.who, "book", directory.Selector{ID: ids[0]}, directory.Guards{}, directory.EntityChange{Value: []byte(`{"title":"kept"}`)}); err != nil {
		t.Fatal(err)
	}
	if n := l.found("title = 'kept' and length = 0"); n != 1 {
		t.Errorf("%d have kept what they had", n)
	}
}
