package djaoapp_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"facet/internal/facetest"
	"facet/internal/profile"
	"facet/internal/store"
)

// The shops subscribe at one instant to two plans each, four of them again
// later.
func TestPagesOfSubscribersHaveEachOnceAndAreFollowedBothWays(t *testing.T) {
	s := serve(t)
	donny := s.Login(t, "donny")
	s.Post(t, donny, "/api/profile/cowork/plans", `{"title":"Other","skip_optin_on_grant":true}`).Want(201)
	for i := range 12 {
		s.Post(t, donny, "/api/accounts/profiles", fmt.Sprintf(`{"slug":"shop-%d","full_name":"Shop"}`, i)).Want(201)
		for _, plan := range []string{"basic", "other"} {
			s.Post(t, donny, "/api/profile/cowork/plans/"+plan+"/subscriptions", fmt.Sprintf(`{"profile":{"slug":"shop-%d"}}`, i)).Want(201)
		}
	}
	for i := range 4 {
		one := fmt.Sprintf("/api/profile/cowork/plans/basic/subscriptions/shop-%d", i)
		s.Delete(t, donny, one).Want(204)
		s.Clock.Advance(time.Minute)
		s.Post(t, donny, "/api/profile/cowork/plans/basic/subscriptions", fmt.Sprintf(`{"profile":{"slug":"shop-%d"}}`, i)).Want(201)
	}
	for _, list := range []string{"", "/all"} {
		seen := map[string]bool{}
		path, last := "/api/profile/cowork/subscribers"+list+"?page_size=5", ""
		for range 3 {
			a := s.Get(t, donny, path).Want(200).Is(map[string]any{"count": 12})
			results, _ := a.At("results")
			for i := range results.([]any) {
				slug := a.Text(fmt.Sprintf("results.%d.slug", i))
				if want := fmt.Sprintf("shop-%d", 3-len(seen)); len(seen) < 4 && slug != want {
					t.Errorf("%s is %s, want %s", list, slug, want)
				}
				seen[slug] = true
			}
			last = path
			if next, _ := a.At("next"); next != nil {
				path = strings.TrimPrefix(a.Text("next"), facetest.BaseURL)
			}
		}
		if len(seen) != 12 || !strings.Contains(last, "after=") {
			t.Fatalf("%s: %d subscribers, the last page is %q", list, len(seen), last)
		}
		for range 2 {
			last = strings.TrimPrefix(s.Get(t, donny, last).Want(200).Text("previous"), facetest.BaseURL)
		}
		s.Get(t, donny, last).Want(200).Is(map[string]any{"previous": nil, "results.0.slug": "shop-3"})
		s.Get(t, donny, "/api/profile/cowork/subscribers"+list+"?q=shop-1&o=nothing").Want(200).Is(map[string]any{"count": 3})
	}
	s.Get(t, donny, "/api/profile/cowork/subscribers?after=nothing").WantJSON(404, `{"detail":"Invalid page."}`)
}

func TestOfASubscriberSoManyRolesAreLookedAt(t *testing.T) {
	s := serve(t)
	donny := s.Login(t, "donny")
	for _, slug := range []string{"many", "few"} {
		s.Post(t, donny, "/api/accounts/profiles", fmt.Sprintf(`{"slug":%q,"full_name":"Shop"}`, slug)).Want(201)
		s.Post(t, donny, "/api/profile/cowork/plans/basic/subscriptions", fmt.Sprintf(`{"profile":{"slug":%q}}`, slug)).Want(201)
	}
	const engaged, unengaged = "/api/profile/cowork/subscribers/engaged", "/api/profile/cowork/subscribers/unengaged"
	s.Get(t, donny, unengaged).Want(200).Is(map[string]any{"count": 2})
	many, err := s.Store.Site(1).Get(t.Context(), profile.Slug, "many")
	if err != nil {
		t.Fatal(err)
	}
	bob, err := s.Store.Site(1).Get(t.Context(), profile.Slug, "bob")
	if err != nil {
		t.Fatal(err)
	}
	at := s.Clock.Now()
	err = s.Store.Site(1).Update(t.Context(), func(tx store.Tx) error {
		for i := range 1001 { // bob never signed in
			l := &store.Link{Src: bob.ID, Kind: store.RoleLink, Dst: many.ID, Key: fmt.Sprint("test-", i), Tag: "contributor", State: store.LinkActive, Attrs: []byte("{}"), Created: at}
			if err := tx.AddLink(l); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Get(t, donny, engaged).Want(200).Is(map[string]any{"count": 0, "count_capped": true})
	s.Get(t, donny, unengaged).Want(200).Is(map[string]any{"count": 1, "count_capped": true, "results.0.slug": "few"})
}
