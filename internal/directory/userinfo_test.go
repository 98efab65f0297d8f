package directory_test

import (
	"context"
	"testing"

	"facet/internal/access"
	"facet/internal/directory"
	"facet/internal/profile"
	"facet/internal/store"
)

// between is a store in which something happens after a record was found by a
// name or an id.
type between struct {
	store.Store
	found *func(id profile.ID)
}

type betweenSite struct {
	store.Site
	found *func(id profile.ID)
}

func (s between) Site(id store.SiteID) store.Site { return betweenSite{s.Store.Site(id), s.found} }

func (s betweenSite) Get(ctx context.Context, space profile.Space, value string) (*store.Record, error) {
	rec, err := s.Site.Get(ctx, space, value)
	s.tell(rec, err)
	return rec, err
}

func (s betweenSite) GetID(ctx context.Context, id profile.ID) (*store.Record, error) {
	rec, err := s.Site.GetID(ctx, id)
	s.tell(rec, err)
	return rec, err
}

func (s betweenSite) tell(rec *store.Record, err error) {
	if do := *s.found; err == nil && do != nil {
		do(rec.ID)
	}
}

func TestAUserWhoWasFoundIsTheOneWhoIsChangedThoughTheNameMovesOn(t *testing.T) {
	for what, do := range map[string]func(*world, access.Principal, access.Principal) error{
		"edit": func(w *world, donny, _ access.Principal) error {
			given := "Changed"
			_, err := w.demo.EditUserByKey(w.t.Context(), donny, directory.UserKey{Email: w.email("xia")}, directory.UserEditByParts{Given: &given})
			return err
		},
		"erase": func(w *world, donny, _ access.Principal) error {
			return w.demo.EraseUserByKey(w.t.Context(), donny, directory.UserKey{Email: w.email("xia")})
		},
		"edit oneself": func(w *world, _, xia access.Principal) error {
			given := "Changed"
			_, err := w.demo.EditSelf(w.t.Context(), xia, directory.UserEditByParts{Given: &given})
			return err
		},
		"erase oneself": func(w *world, _, xia access.Principal) error { return w.demo.EraseSelf(w.t.Context(), xia) },
	} {
		t.Run(what, func(t *testing.T) {
			var found func(profile.ID)
			w := newWorldOver(t, func(st store.Store) store.Store { return between{st, &found} })
			donny, xia, alice := w.as("donny"), w.as("xia"), w.as("alice")
			found = func(id profile.ID) {
				if id != xia.Subject {
					return
				}
				found = nil
				for _, move := range [][2]string{{"xia", "xia-before"}, {"alice", "xia"}} {
					if _, err := w.demo.EditUser(t.Context(), donny, directory.UserKey{Username: move[0]}, directory.UserEdit{Edit: directory.Edit{Slug: &move[1]}}); err != nil {
						t.Fatal(err)
					}
				}
			}
			before, err := w.demo.Self(t.Context(), alice)
			if err != nil {
				t.Fatal(err)
			}
			if err := do(w, donny, xia); err != nil || found != nil {
				t.Errorf("%v; the names moved: %t", err, found == nil)
			}
			after, err := w.demo.Self(t.Context(), alice)
			if err != nil || after.Name.Given != before.Name.Given {
				t.Errorf("the other one is %q now, was %q; %v", after.Name.Given, before.Name.Given, err)
			}
			self, err := w.demo.Self(t.Context(), xia)
			if gone := profile.IsCode(err, profile.CodeBadToken); !gone && self.Name.Given != "Changed" {
				t.Errorf("the one who was meant is %q, %v", self.Name.Given, err)
			}
		})
	}
}

// email gives a demo user's e-mail address.
func (w *world) email(slug string) string {
	w.t.Helper()
	rec, err := w.store.Site(1).Get(w.t.Context(), profile.Slug, slug)
	if err != nil {
		w.t.Fatal(err)
	}
	return rec.Name(profile.Email)
}
