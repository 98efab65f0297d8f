package djaoapp_test

import (
	"fmt"
	"testing"
	"time"

	"facet/internal/directory"
	"facet/internal/profile"
	"facet/internal/store"
)

// A club has thousands of links: it is gone at once for whoever looks, its
// links end in steps of 500.
func TestAProfileOfManyLinksIsGoneAtOnceAndSweptInSteps(t *testing.T) {
	s := serve(t)
	donny, xia, alice := s.Login(t, "donny"), s.Login(t, "xia"), s.Login(t, "alice")
	s.Post(t, donny, "/api/users/xia/profiles", `{"slug":"club","full_name":"Club"}`).Want(201)
	s.Post(t, xia, "/api/profile/club/roles/contributor", `{"slug":"alice"}`).Want(201)
	s.Post(t, xia, "/api/profile/club/plans", `{"title":"Season","is_active":true}`).Want(201)
	s.Post(t, donny, "/api/users/alice/profiles", `{"slug":"shop","full_name":"Shop"}`).Want(201)
	s.Post(t, alice, "/api/profile/shop/subscriptions", `{"plan":"season"}`).Want(201)

	site := s.Store.Site(1)
	club, err := site.Get(t.Context(), profile.Slug, "club")
	if err != nil {
		t.Fatal(err)
	}
	plan, err := site.Get(t.Context(), profile.PlanSlug, "season")
	if err != nil {
		t.Fatal(err)
	}
	aliceRec, err := site.Get(t.Context(), profile.Slug, "alice")
	if err != nil {
		t.Fatal(err)
	}
	const many = 1234
	err = site.Update(t.Context(), func(tx store.Tx) error {
		grant, err := tx.Link(aliceRec.ID, store.RoleLink, club.ID, "")
		if err != nil {
			return err
		}
		grant.State = store.LinkActive
		if err := tx.SetLink(grant); err != nil {
			return err
		}
		for i := 1; i <= many; i++ { // before the people in the order that they are swept in
			l := store.Link{Src: profile.ID{0, byte(i >> 8), byte(i)}, State: store.LinkActive, Attrs: []byte("{}"), Created: s.Clock.Now()}
			role, sub, follow := l, l, l
			role.Kind, role.Dst, role.Tag = store.RoleLink, club.ID, "contributor"
			sub.Kind, sub.Dst, sub.EndsAt = store.SubscriptionLink, plan.ID, s.Clock.Now().Add(time.Hour)
			follow.Kind, follow.Dst = store.FollowLink, club.ID
			for _, l := range []*store.Link{&role, &sub, &follow} {
				if err := tx.AddLink(l); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Get(t, xia, "/api/users/alice").Want(200)
	s.Get(t, xia, "/api/profile/club").Want(200)
	s.Get(t, alice, "/api/users/alice/accessibles?q=club").Want(200).Is(map[string]any{"count": 1})
	s.Get(t, alice, "/api/profile/shop").Want(200).Is(map[string]any{"subscriptions.0.plan.slug": "season"})

	// how many links are left that lead to it
	left := func() (n int64) {
		t.Helper()
		err := site.View(t.Context(), func(r store.Reader) error {
			for _, c := range []struct {
				to    profile.ID
				kind  store.LinkKind
				state store.LinkState
			}{{club.ID, store.RoleLink, ""}, {club.ID, store.FollowLink, ""}, {plan.ID, store.SubscriptionLink, store.LinkActive}, {plan.ID, store.SubscriptionLink, store.LinkRequested}, {plan.ID, store.SubscriptionLink, store.LinkInvited}} {
				some, err := r.CountTo(c.to, c.kind, "", c.state, -1)
				if err != nil {
					return err
				}
				n += some
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := left()
	s.Delete(t, donny, "/api/profile/club").Want(204)
	if n := before - left(); n < 1 || n > 500 {
		t.Fatalf("the erasure itself ended %d links", n)
	}
	s.Get(t, donny, "/api/profile/club").Want(404)
	s.Get(t, xia, "/api/profile/club").Want(403)
	s.Get(t, xia, "/api/users/alice").Want(403) // what they had in common is gone
	for _, path := range []string{"", "/manager", "/contributor"} {
		s.Get(t, alice, "/api/users/alice/accessibles"+path+"?page_size=1&q=club").Want(200).Is(map[string]any{"count": 0})
	}
	s.Get(t, xia, "/api/users/xia/accessibles").Want(200).Is(map[string]any{"count": 0, "results": []any{}})
	s.Get(t, xia, "/api/users/xia/profiles").Want(200).Is(map[string]any{"count": 1, "results.0.slug": "xia"})
	s.Get(t, donny, "/api/accounts?q=club").Want(200).Is(map[string]any{"count": 0})
	s.Get(t, donny, "/api/profile?q=club").Want(200).Is(map[string]any{"count": 0})
	s.Get(t, alice, "/api/profile/shop").Want(200).Is(map[string]any{"subscriptions": []any{}})
	s.Get(t, alice, "/api/profile/shop/subscriptions").Want(200).Is(map[string]any{"count": 0})
	s.Get(t, donny, "/api/metrics/registered").Want(200)
	s.Get(t, xia, "/api/auth/tokens").Want(200)
	s.Post(t, donny, "/api/users/xia/profiles", `{"slug":"club","full_name":"Another Club"}`).Want(201)
	s.Get(t, xia, "/api/profile/club/roles").Want(200).Is(map[string]any{"count": 1})

	system, steps := s.Store.System(), 0
	for n := left(); ; steps++ {
		due, err := system.DueJobs(t.Context(), s.Clock.Now(), time.Minute, 1000)
		if err != nil {
			t.Fatal(err)
		}
		swept := false
		for _, job := range due {
			if job.Kind != directory.EraseSweepJob {
				continue
			}
			swept = true
			if err := s.Directory.SweepErased(t.Context(), job.Site, job.Body); err != nil {
				t.Fatal(err)
			}
			if now := left(); n-now > 500 {
				t.Errorf("a step ended %d links", n-now)
			} else {
				n = now
			}
			if err := system.FinishJob(t.Context(), job); err != nil {
				t.Fatal(err)
			}
		}
		if !swept {
			break
		}
	}
	if n := left(); n != 0 || steps < 3*many/500 {
		t.Errorf("%d links are left after %d steps", n, steps)
	}
	s.Get(t, xia, "/api/profile/club/roles").Want(200).Is(map[string]any{"count": 1})
}

// The people of a profile and the subscribers of a provider are listed without
// somebody whose links wait to be swept.
func TestWhoIsErasedIsOnNoListWhileLinksWait(t *testing.T) {
	s := serve(t)
	donny := s.Login(t, "donny")
	s.Post(t, donny, "/api/profile/cowork/plans/basic/subscriptions", `{"profile":{"slug":"xia"}}`).Want(201)
	s.Post(t, donny, "/api/profile/cowork/roles/contributor?force=1", `{"slug":"xia"}`).Want(201)
	site := s.Store.Site(1)
	xia, err := site.Get(t.Context(), profile.Slug, "xia")
	if err != nil {
		t.Fatal(err)
	}
	err = site.Update(t.Context(), func(tx store.Tx) error { // more than one step takes, before what is looked at
		for i := 1; i <= 1100; i++ {
			l := store.Link{Src: xia.ID, Kind: store.SubscriptionLink, Dst: profile.ID{0, byte(i >> 8), byte(i)}, State: store.LinkActive, Attrs: []byte("{}"), Created: s.Clock.Now()}
			if err := tx.AddLink(&l); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Get(t, donny, "/api/profile/cowork/roles").Want(200).Is(map[string]any{"count": 2})
	s.Delete(t, donny, "/api/users/xia").Want(204)
	for _, path := range []string{"/roles", "/roles/contributor", "/roles/contributor?q=xia", "/subscribers", "/subscribers?q=xia", "/subscribers/engaged", "/subscribers/unengaged", "/subscribers/subscriptions", "/plans/basic/subscriptions"} {
		a := s.Get(t, donny, "/api/profile/cowork"+path).Want(200)
		for i := range 3 {
			for _, at := range []string{"user.slug", "slug", "profile.slug"} {
				if v, ok := a.At(fmt.Sprintf("results.%d.%s", i, at)); ok && v == "xia" {
					t.Errorf("%s shows xia: %s", path, a.Body)
				}
			}
		}
	}
	s.Get(t, donny, "/api/profile/cowork/roles").Want(200).Is(map[string]any{"count": 1})
	s.Delete(t, donny, "/api/users/donny").Want(403) // xia was no other manager
	s.Mails(t)
	s.Mails(t)
	s.Mails(t)
	s.Get(t, donny, "/api/profile/cowork/roles").Want(200).Is(map[string]any{"count": 1, "invited_count": 0})
}
