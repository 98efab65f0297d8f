package directory_test

import (
	"testing"

	"facet/internal/directory"
	"facet/internal/profile"
)

func TestATokenIsWorthNothingOnceTheTypeOfItsRecordIsBeingDeleted(t *testing.T) {
	l := newLibrary(t)
	ids := l.fill(600)
	who, _ := l.tokenOf(t, ids[599])
	own := directory.Selector{Own: true}
	looked := 0
	look := func() {
		l.store.before(nil)
		defer l.store.before(nil)
		if err := l.site.DeleteEntityType(t.Context(), l.who, "book", false); err == nil {
			return // it is not being deleted yet
		}
		looked++
		_, err := l.site.Entity(t.Context(), who, "", own, directory.Guards{}, nil)
		wantCode(t, err, profile.CodeNotFound)
		_, err = l.site.UpdateEntity(t.Context(), who, "", own, directory.Guards{}, directory.EntityChange{Value: []byte(`{"title":"x"}`)})
		wantCode(t, err, profile.CodeNotFound)
		wantCode(t, l.site.DeleteEntity(t.Context(), who, "", own, directory.Guards{}, ""), profile.CodeNotFound)
	}
	updates := 0
	l.store.before(func() {
		if updates++; updates == 2 { // the first begins to delete, the second deletes
			look()
		}
	})
	l.must(l.site.DeleteEntityType(t.Context(), l.who, "book", true))
	if looked == 0 {
		t.Error("nobody looked while the type was being deleted")
	}
}
