package directory_test

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"time"

	"facet/internal/access"
	"facet/internal/directory"
	"facet/internal/facetest"
	"facet/internal/profile"
	"facet/internal/store"
)

func (w *world) shadow(who access.Principal, fullName string) directory.Subject {
	w.t.Helper()
	p, err := w.demo.ShadowProfile(w.t.Context(), who, directory.NewProfile{FullName: fullName})
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// providerOf makes a user's organization that offers a plan, and subscribes a
// profile to it.
func (w *world) providerOf(who access.Principal, user, subscriber string) directory.Subject {
	w.t.Helper()
	org, err := w.demo.ConnectProfile(w.t.Context(), who, user, directory.NewProfile{FullName: "Provider of " + subscriber})
	if err != nil {
		w.t.Fatal(err)
	}
	terms := directory.PlanTerms{Title: "Plan", Active: true, PeriodType: "monthly", PeriodLength: 1, SkipOptin: true}
	if err := w.demo.AddPlan(w.t.Context(), org.ID, "plan-"+org.Slug, terms); err != nil {
		w.t.Fatal(err)
	}
	if _, made, err := w.demo.GrantSubscription(w.t.Context(), who, org.Slug, "plan-"+org.Slug, directory.Grantee{Slug: subscriber}); err != nil || !made {
		w.t.Fatal(made, err)
	}
	return org
}

func TestAShadowProfileBelongsToBrokerAndActiveProviders(t *testing.T) {
	w := newWorld(t)
	creator, broker, provider := w.as("xia"), w.as("donny"), w.as("alice")
	p := w.shadow(creator, "Joey Black")
	name := "Joey White"
	edit := func(who access.Principal) error {
		_, err := w.demo.EditProfile(t.Context(), who, p.Slug, directory.Edit{FullName: &name})
		return err
	}
	read := func(who access.Principal) error {
		_, err := w.demo.Profile(t.Context(), who, p.Slug)
		return err
	}
	wantCode(t, read(creator), profile.CodeForbidden)
	wantCode(t, edit(creator), profile.CodeForbidden)
	wantCode(t, read(provider), profile.CodeForbidden)
	if err := edit(broker); err != nil {
		t.Errorf("broker: %v", err)
	}
	w.providerOf(provider, "alice", p.Slug)
	if err := edit(provider); err != nil {
		t.Errorf("provider with an active subscription: %v", err)
	}
	w.clock.add(40 * 24 * time.Hour)
	provider = w.as("alice")
	wantCode(t, read(provider), profile.CodeForbidden)
	wantCode(t, edit(provider), profile.CodeForbidden)
}

func TestAProviderErasesShadowProfilesOnly(t *testing.T) {
	w := newWorld(t)
	alice := w.as("alice")
	shadow := w.shadow(alice, "Nobody There")
	w.providerOf(alice, "alice", shadow.Slug)
	w.providerOf(alice, "alice", "xia")
	if _, err := w.demo.Profile(t.Context(), alice, "xia"); err != nil {
		t.Errorf("a provider reads its subscriber: %v", err)
	}
	wantCode(t, w.demo.EraseProfile(t.Context(), alice, "xia"), profile.CodeForbidden)
	if err := w.demo.EraseProfile(t.Context(), alice, shadow.Slug); err != nil {
		t.Error(err)
	}
}

func TestErasingFreesNamesAndLeavesATombstone(t *testing.T) {
	w := newWorld(t)
	xia := w.as("xia")
	before, err := w.demo.User(t.Context(), xia, "xia")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.demo.EraseProfile(t.Context(), xia, "xia"); err != nil {
		t.Fatal(err)
	}
	_, err = w.demo.Login(t.Context(), credentials("xia", "yoyo"), directory.Exchanged)
	wantCode(t, err, profile.CodeCredentials)
	err = w.store.Site(1).View(t.Context(), func(r store.Reader) error {
		stone, err := r.Tombstone(before.ID)
		if stone.Number != before.Number || stone.Type != profile.User {
			t.Errorf("tombstone %+v", stone)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	in, err := w.demo.Register(t.Context(), directory.NewAccount{
		Kind: directory.AccountPersonal, Username: "xia", Email: "xia@localhost.localdomain", Password: "yoyo", FullName: "Another Xia",
	}, directory.Exchanged)
	if err != nil {
		t.Fatalf("the name is free again: %v", err)
	}
	if in.Subject.ID == before.ID || in.Subject.Number == before.Number {
		t.Error("an id or a number was given again")
	}
}

func TestTheLastManagerOfTheBrokerStays(t *testing.T) {
	w := newWorld(t)
	donny := w.as("donny")
	wantCode(t, w.demo.EraseProfile(t.Context(), donny, "donny"), profile.CodeLastManager)
	wantCode(t, w.demo.EraseProfile(t.Context(), donny, "cowork"), profile.CodeLastManager)
	if _, err := w.demo.AddOperator(t.Context(), directory.NewOperator{Username: "op", Email: "op@example.com", Password: "yoyo"}); err != nil {
		t.Fatal(err)
	}
	// of two who go at the same moment, one stays
	op := w.as("op")
	var wg sync.WaitGroup
	errs := make([]error, 2)
	for i, c := range []struct {
		who  access.Principal
		slug string
	}{{donny, "donny"}, {op, "op"}} {
		wg.Go(func() { errs[i] = w.demo.EraseProfile(t.Context(), c.who, c.slug) })
	}
	wg.Wait()
	if (errs[0] == nil) == (errs[1] == nil) {
		t.Errorf("%v, %v", errs[0], errs[1])
	}
}

func TestGrantsAreOneAtATime(t *testing.T) {
	w := newWorld(t)
	donny := w.as("donny")
	grant := func(plan string, to directory.Grantee) (directory.Subscription, bool, error) {
		return w.demo.GrantSubscription(t.Context(), donny, "cowork", plan, to)
	}
	sub, made, err := grant("premium", directory.Grantee{Slug: "xia"})
	if err != nil || !made || sub.Grant == "" || sub.Profile.Slug != "xia" || sub.Plan.Slug != "premium" {
		t.Fatal(sub, made, err)
	}
	// a month from facetest.Start, the 31st of January, ends with February
	if want := time.Date(2026, time.February, 28, 12, 0, 0, 0, time.UTC); !sub.Ends.Equal(want) {
		t.Errorf("ends %v, want %v", sub.Ends, want)
	}
	again, made, err := grant("premium", directory.Grantee{Email: "XIA@localhost.localdomain"})
	if err != nil || made || again.Grant != sub.Grant {
		t.Error("a second grant makes another", made, err)
	}
	if sub, made, err := grant("basic", directory.Grantee{Slug: "xia"}); err != nil || !made || sub.Grant != "" {
		t.Error("basic skips the opt-in", sub, err)
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	count := 0
	for range 16 {
		wg.Go(func() {
			if _, made, err := grant("premium", directory.Grantee{Slug: "alice"}); err != nil {
				t.Error(err)
			} else if made {
				mu.Lock()
				count++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if count != 1 {
		t.Errorf("%d subscriptions made at once", count)
	}
	w.clock.add(32 * 24 * time.Hour)
	donny = w.as("donny")
	if _, made, err := grant("premium", directory.Grantee{Slug: "xia"}); err != nil || !made {
		t.Error("a new one when the old one is over", made, err)
	}
	list, err := w.demo.Subscriptions(t.Context(), donny, "xia", directory.ProvidedQuery{Window: directory.Window{Max: 10}})
	if err != nil || len(list.Items) != 1 {
		t.Errorf("current: %v %v", list, err)
	}
	detail, err := w.demo.Profile(t.Context(), donny, "xia")
	if err != nil || len(detail.Subscriptions) != 3 {
		t.Errorf("all: %d %v", len(detail.Subscriptions), err)
	}
	for _, c := range []struct {
		to    directory.Grantee
		plan  string
		code  profile.Code
		field string
	}{
		{directory.Grantee{Slug: "nobody"}, "premium", profile.CodeNotFound, "slug"},
		{directory.Grantee{Slug: "nobody", Force: true}, "premium", profile.CodeRequired, "email"},
		{directory.Grantee{Email: "new@example.com"}, "premium", profile.CodeNotFound, "email"},
		{directory.Grantee{Email: "no address", Force: true}, "premium", profile.CodeConstraint, "email"},
		{directory.Grantee{Slug: "xia"}, "no-plan", profile.CodeNotFound, "plan"},
		{directory.Grantee{}, "premium", profile.CodeRequired, "profile"},
	} {
		_, _, err := grant(c.plan, c.to)
		if e := profile.AsError(err); e.Code != c.code || e.Field != c.field {
			t.Errorf("%+v: %v", c.to, err)
		}
	}
	_, _, err = w.demo.GrantSubscription(t.Context(), w.as("xia"), "cowork", "premium", directory.Grantee{Slug: "xia"})
	wantCode(t, err, profile.CodeForbidden)
}

func TestAForcedGrantInvitesByMail(t *testing.T) {
	w := newWorld(t)
	donny := w.as("donny")
	sub, made, err := w.demo.GrantSubscription(t.Context(), donny, "cowork", "basic", directory.Grantee{Email: "new@example.com", FullName: "New Org", Force: true})
	if err != nil || !made || sub.Profile.Slug != "new-org" || sub.Profile.Type != profile.Organization {
		t.Fatal(sub, made, err)
	}
	jobs, err := w.store.System().DueJobs(t.Context(), w.clock.Now(), time.Minute, 10)
	if err != nil || len(jobs) != 1 || jobs[0].Kind != directory.MailJob {
		t.Fatal(jobs, err)
	}
	_, link, ok := strings.Cut(string(jobs[0].Body), facetest.BaseURL+"/api/auth/")
	if !ok {
		t.Fatalf("no link in %s", jobs[0].Body)
	}
	key := link[:40]
	inv, err := w.demo.Invitation(t.Context(), key)
	if err != nil || inv.Email != "new@example.com" || inv.Profile.Slug != "new-org" {
		t.Fatal(inv, err)
	}
	_, err = w.demo.Redeem(t.Context(), key, directory.NewAccount{Email: "other@example.com", Password: "yoyo"}, directory.Exchanged)
	wantCode(t, err, profile.CodeProofRequired)
	_, err = w.demo.Redeem(t.Context(), key, directory.NewAccount{Username: "xia", Password: "yoyo"}, directory.Exchanged)
	wantCode(t, err, profile.CodeTaken)
	// of many who redeem at once, one does
	var wg sync.WaitGroup
	var mu sync.Mutex
	var won []directory.SignIn
	for range 8 {
		wg.Go(func() {
			if in, err := w.demo.Redeem(t.Context(), key, directory.NewAccount{Password: "yoyo", FullName: "Ann New"}, directory.Exchanged); err == nil {
				mu.Lock()
				won = append(won, in)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if len(won) != 1 {
		t.Fatalf("%d redeemed it", len(won))
	}
	if _, err := w.demo.EditProfile(t.Context(), w.who(won[0]), "new-org", directory.Edit{Sets: []directory.Set{}}); err != nil {
		t.Errorf("the invited person manages the organization: %v", err)
	}
	_, err = w.demo.Invitation(t.Context(), key)
	wantCode(t, err, profile.CodeNotFound)
}

func TestBothFacesSeeOneName(t *testing.T) {
	w := newWorld(t)
	xia, owner := w.as("xia"), w.owner()
	me, err := w.demo.User(t.Context(), xia, "xia")
	if err != nil {
		t.Fatal(err)
	}
	whole := "Xia van der Berg"
	if _, err := w.demo.EditProfile(t.Context(), xia, "xia", directory.Edit{FullName: &whole}); err != nil {
		t.Fatal(err)
	}
	e, err := w.demo.Entity(t.Context(), owner, "user", directory.Selector{ID: me.ID}, directory.Guards{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if body := e.Render(nil); !bytes.Contains(body, []byte(`"familyName":"van der Berg"`)) || !bytes.Contains(body, []byte(`"givenName":"Xia"`)) {
		t.Errorf("%s", body)
	}
	page, err := w.demo.FindEntities(t.Context(), owner, "user", directory.Query{Filter: "familyName = 'VAN DER BERG'", Max: 10})
	if err != nil || len(page.Entities) != 1 || page.Entities[0].ID != me.ID {
		t.Errorf("%v %v", page, err)
	}
	if _, err := w.demo.UpdateEntity(t.Context(), owner, "user", directory.Selector{ID: me.ID}, directory.Guards{}, directory.EntityChange{Value: []byte(`{"displayName":"Xia B."}`)}); err != nil {
		t.Fatal(err)
	}
	if me, err = w.demo.User(t.Context(), xia, "xia"); err != nil || me.FullName() != "Xia B." || me.Name.Family != "van der Berg" {
		t.Errorf("%+v %v", me.Name, err)
	}
}

func TestLostUpdatesAreImpossible(t *testing.T) {
	w := newWorld(t)
	owner := w.owner()
	e, err := w.demo.CreateEntity(t.Context(), owner, "user", []byte(`{"email":"n@example.com"}`))
	if err != nil {
		t.Fatal(err)
	}
	const n = 32
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			_, err := w.demo.UpdateEntity(t.Context(), owner, "user", directory.Selector{ID: e.ID}, directory.Guards{},
				directory.EntityChange{Path: "statuses", Value: []byte(`[{"status":"x"}]`)})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	e, err = w.demo.Entity(t.Context(), owner, "user", directory.Selector{ID: e.ID}, directory.Guards{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := bytes.Count(e.Render(nil), []byte(`"status":"x"`)); got != n {
		t.Errorf("%d of %d elements", got, n)
	}
}
