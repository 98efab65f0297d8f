package directory_test

import (
	"context"
	"net/netip"
	"testing"

	"facet/internal/access"
	"facet/internal/directory"
	"facet/internal/profile"
)

// tokenOf gives the caller that a token of a book is, and a client.
func (l *library) tokenOf(t *testing.T, book profile.ID) (holder, client access.Principal) {
	t.Helper()
	c, err := l.site.AddClient(t.Context(), directory.NewClient{Features: []access.Feature{access.Owner}})
	l.must(err)
	client, err = l.site.ClientBySecret(t.Context(), c.ID, c.Secret, netip.MustParseAddr("127.0.0.1"))
	l.must(err)
	token, err := l.site.IssueToken(t.Context(), client, "book", directory.Selector{ID: book}, "")
	l.must(err)
	holder, err = l.site.Authenticate(t.Context(), token)
	l.must(err)
	return holder, client
}

func TestAWriteThatBeganBeforeItsSessionWasRevokedDoesNotLand(t *testing.T) {
	own := directory.Selector{Own: true}
	for name, write := range map[string]func(context.Context, *library, access.Principal) error{
		"update": func(ctx context.Context, l *library, who access.Principal) error {
			_, err := l.site.UpdateEntity(ctx, who, "", own, directory.Guards{}, directory.EntityChange{Value: []byte(`{"title":"late"}`)})
			return err
		},
		"replace": func(ctx context.Context, l *library, who access.Principal) error {
			_, err := l.site.ReplaceEntity(ctx, who, "", own, directory.Guards{}, directory.EntityChange{Value: []byte(`{"title":"late"}`)})
			return err
		},
		"delete": func(ctx context.Context, l *library, who access.Principal) error {
			return l.site.DeleteEntity(ctx, who, "", own, directory.Guards{}, "")
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLibrary(t)
			id := l.fill(1)[0]
			who, client := l.tokenOf(t, id)
			l.store.before(func() { // the caller was let in, and what it writes is worked out
				l.store.before(nil)
				l.must(l.site.RevokeEntityAccess(t.Context(), client, "book", directory.Selector{ID: id}, directory.Guards{}))
			})
			wantCode(t, write(l.site.Acting(t.Context(), who), l, who), profile.CodeBadToken)
			if got := l.render(id); got == "" || l.found("title = 't0'") != 1 {
				t.Errorf("written after the session was revoked: %s", got)
			}
		})
	}
}

func TestSigningOutIsNoErrorWhereTheSessionHasJustEnded(t *testing.T) {
	l := newLibrary(t)
	id := l.fill(1)[0]
	who, client := l.tokenOf(t, id)
	l.must(l.site.RevokeEntityAccess(t.Context(), client, "book", directory.Selector{ID: id}, directory.Guards{}))
	l.must(l.site.Logout(l.site.Acting(t.Context(), who), who))
}

func TestACallThatEndsItsOwnSessionFinishesWhatItBegan(t *testing.T) {
	l := newLibrary(t)
	ids := l.fill(2)
	who, _ := l.tokenOf(t, ids[0])
	ctx := l.site.Acting(t.Context(), who)
	l.must(l.site.DeleteEntity(ctx, who, "", directory.Selector{Own: true}, directory.Guards{}, ""))
	if _, err := l.site.UpdateEntity(ctx, l.who, "book", directory.Selector{ID: ids[1]}, directory.Guards{}, directory.EntityChange{Value: []byte(`{"title":"y"}`)}); err != nil {
		t.Error(err)
	}
}
