package directory_test

import (
	"net/netip"
	"testing"

	"facet/internal/access"
	"facet/internal/directory"
	"facet/internal/profile"
)

func TestATokenIsWorthNothingOnceTheTypeOfItsRecordIsBeingDeleted(t *testing.T) {
	l := newLibrary(t)
	ids := l.fill(600)
	client, err := l.site.AddClient(t.Context(), directory.NewClient{Features: []access.Feature{access.Owner}})
	l.must(err)
	issuer, err := l.site.ClientBySecret(t.Context(), client.ID, client.Secret, netip.MustParseAddr("127.0.0.1"))
	l.must(err)
	book := directory.Selector{ID: ids[599]}
	token, err := l.site.IssueToken(t.Context(), issuer, "book", book, "")
	l.must(err)
	own := directory.Selector{Own: true}
	looked := 0
	look := func() {
		l.store.before(nil)
		defer l.store.before(nil)
		if err := l.site.DeleteEntityType(t.Context(), l.who, "book", false); err == nil {
			return // it is not being deleted yet
		}
		looked++
		who, err := l.site.Authenticate(t.Context(), token)
		l.must(err)
		_, err = l.site.Entity(t.Context(), who, "", own, directory.Guards{}, nil)
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
