package directory_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"facet/internal/access"
	"facet/internal/directory"
	"facet/internal/profile"
	"facet/internal/store"
)

func tag(slug string) string { return slug + "@localhost.localdomain" }

func (w *world) loginTag(idTag string) (directory.SignIn, error) {
	return w.demo.Login(w.t.Context(), directory.Credentials{Login: idTag, Password: "yoyo", Spaces: []profile.Space{profile.IDTag}}, directory.Exchanged)
}

func TestLoginByIDTagFindsIDTagsAndNothingElse(t *testing.T) {
	w := newWorld(t)
	for idTag, slug := range map[string]string{
		tag("xia"): "xia", "XIA@LOCALHOST.localdomain": "xia", "xia.localhost.localdomain": "xia", "bob@example.com": "bob", "bob.example.com": "bob",
	} {
		in, err := w.loginTag(idTag)
		if err != nil || in.Subject.Slug != slug {
			t.Errorf("%s: %v %v", idTag, in.Subject.Slug, err)
		}
	}
	for _, idTag := range []string{"xia", "bob", tag("bob"), tag("nobody"), tag("cowork"), "", "@", "bob@example.org"} {
		_, err := w.loginTag(idTag)
		if !profile.IsCode(err, profile.CodeCredentials) {
			t.Errorf("%q: %v", idTag, err)
		}
	}
}

func TestCheckIdentityTellsWhatCannotBeHad(t *testing.T) {
	w := newWorld(t)
	for idTag, want := range map[string]directory.IdentityFault{
		"alice@example.com": "", "devs.example.com": "", tag("free"): "", "free.localhost.localdomain": "",
		tag("alice"): directory.IdentityUsed, "ALICE@localhost.localdomain": directory.IdentityUsed, "bob@example.com": directory.IdentityUsed,
		"bob.example.com": directory.IdentityUsed, tag("cowork"): directory.IdentityUsed, tag("bob"): directory.IdentityUsed,
		tag("me"): directory.IdentityInvalid, "": directory.IdentityInvalid, "a": directory.IdentityInvalid, "a@b": directory.IdentityInvalid,
		"a b@example.com": directory.IdentityInvalid, "a@b@example.com": directory.IdentityInvalid, "-a@example.com": directory.IdentityInvalid,
		"a@example..com": directory.IdentityInvalid, "a@exa_mple.com": directory.IdentityInvalid, "a/b@example.com": directory.IdentityInvalid,
		strings.Repeat("a", 250) + "@example.com": directory.IdentityInvalid, "\x00@example.com": directory.IdentityInvalid,
	} {
		got, err := w.demo.CheckIdentity(t.Context(), idTag)
		if err != nil || got != want {
			t.Errorf("%q: %q, %v, want %q", idTag, got, err, want)
		}
	}
}

func TestAnyTextIsCheckedWithoutAnError(t *testing.T) {
	w := newWorld(t)
	rapid.Check(t, func(t *rapid.T) {
		idTag := rapid.OneOf(rapid.String(), rapid.StringMatching(`[a-zÄ@. _-]{0,12}@?[a-z.-]{0,12}`)).Draw(t, "idTag")
		if _, err := w.demo.CheckIdentity(context.Background(), idTag); err != nil {
			t.Fatal(err)
		}
	})
}

func newIdentity(n int, token string) directory.NewIdentity {
	return directory.NewIdentity{IDTag: fmt.Sprintf("new%d@example.com", n), Email: fmt.Sprintf("new%d@mail.example", n), Token: token}
}

func TestARegistrationTokenOfOneUseIsSpentOnce(t *testing.T) {
	w := newWorld(t)
	if _, err := w.demo.AddRegistrationToken(t.Context(), directory.NewRegistrationToken{Token: "once", Uses: 1}); err != nil {
		t.Fatal(err)
	}
	var made atomic.Int64
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			_, err := w.demo.RegisterIdentity(t.Context(), newIdentity(i, "once"), directory.Exchanged)
			switch {
			case err == nil:
				made.Add(1)
			case profile.AsError(err).Field != "token":
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if made.Load() != 1 {
		t.Errorf("%d were made", made.Load())
	}
	wantCode(t, w.demo.CheckRegistration(t.Context(), "once"), profile.CodeInvalid)
}

func TestRegistrationTokensEnd(t *testing.T) {
	w := newWorld(t)
	before, err := w.demo.RegistrationTokens(t.Context())
	if err != nil || len(before) != 2 || before[0].Uses != -1 || !before[0].Expires.IsZero() {
		t.Fatalf("the demo's tokens: %+v %v", before, err)
	}
	w.clock.add(time.Minute)
	day, err := w.demo.AddRegistrationToken(t.Context(), directory.NewRegistrationToken{Uses: 2, Life: 24 * time.Hour})
	if err != nil || len(day.Token) != 24 || strings.Contains(day.Token, day.ID) || !day.Expires.Equal(day.Created.Add(24*time.Hour)) {
		t.Fatalf("%+v %v", day, err)
	}
	if _, err := w.demo.RegisterIdentity(t.Context(), newIdentity(1, day.Token), directory.Exchanged); err != nil {
		t.Fatal(err)
	}
	list, err := w.demo.RegistrationTokens(t.Context())
	want := day
	if want.Token, want.Uses = "", 1; err != nil || len(list) != 3 || list[2] != want {
		t.Errorf("%+v %v, want %+v", list, err, want)
	}
	w.clock.add(25 * time.Hour)
	wantCode(t, w.demo.CheckRegistration(t.Context(), day.Token), profile.CodeInvalid)
	for _, in := range []directory.NewRegistrationToken{{}, {Uses: 1, Life: -1}} {
		_, err := w.demo.AddRegistrationToken(t.Context(), in)
		wantCode(t, err, profile.CodeInvalid)
	}
	for _, used := range []string{"registration-token", "demo-api-key"} {
		_, err := w.demo.AddRegistrationToken(t.Context(), directory.NewRegistrationToken{Token: used, Uses: 1})
		wantCode(t, err, profile.CodeTaken)
	}
}

func TestARefusedRegistrationSpendsNothing(t *testing.T) {
	w := newWorld(t)
	if _, err := w.demo.AddRegistrationToken(t.Context(), directory.NewRegistrationToken{Token: "once", Uses: 1}); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		in   directory.NewIdentity
		code profile.Code
	}{
		"used idtag":    {directory.NewIdentity{IDTag: "bob@example.com", Email: "a@mail.example", Token: "once"}, profile.CodeTaken},
		"used slug":     {directory.NewIdentity{IDTag: tag("alice"), Email: "a@mail.example", Token: "once"}, profile.CodeTaken},
		"no idtag":      {directory.NewIdentity{IDTag: "a b", Email: "a@mail.example", Token: "once"}, profile.CodeInvalid},
		"no e-mail":     {directory.NewIdentity{IDTag: "a@example.com", Email: "nobody", Token: "once"}, profile.CodeConstraint},
		"unknown token": {directory.NewIdentity{IDTag: "a@example.com", Email: "a@mail.example", Token: "other"}, profile.CodeNotFound},
		"another's key": {directory.NewIdentity{IDTag: "a@example.com", Email: "a@mail.example", Token: "demo-api-key"}, profile.CodeNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.demo.RegisterIdentity(t.Context(), c.in, directory.Exchanged)
			wantCode(t, err, c.code)
		})
	}
	if _, err := w.demo.RegisterIdentity(t.Context(), newIdentity(1, "once"), directory.Exchanged); err != nil {
		t.Error(err)
	}
}

func TestARegisteredIdentityIsAPersonWithAHousehold(t *testing.T) {
	w := newWorld(t)
	in, err := w.demo.RegisterIdentity(t.Context(), directory.NewIdentity{
		IDTag: "Erin@Example.COM", Email: "erin@mail.example", Token: "registration-token", Extra: map[string]json.RawMessage{"lang": json.RawMessage(`"en"`)},
	}, directory.Exchanged)
	if err != nil {
		t.Fatal(err)
	}
	p := in.Subject
	if w.demo.IDTag(&p) != "erin@example.com" || p.FullName() != "Erin" || !p.Personal || p.ExtraText("cloudillo.lang") != "en" || p.Slug != "erin" {
		t.Errorf("%+v", p)
	}
	if claims := decodeClaims(t, in.Token); claims["idTag"] != "erin@example.com" || claims["user_profile_id"] == "" {
		t.Errorf("%v", claims)
	}
	if me, err := w.demo.Me(t.Context(), w.who(in)); err != nil || me.ID != p.ID {
		t.Errorf("%+v, %v", me, err)
	}
}

func TestACommunityHasOneOwner(t *testing.T) {
	w := newWorld(t)
	callers := []access.Principal{w.as("alice"), w.as("xia"), w.as("bob")}
	var wg sync.WaitGroup
	made := make([]error, len(callers))
	for i, who := range callers {
		wg.Go(func() {
			_, made[i] = w.demo.CreateCommunity(t.Context(), who, directory.NewCommunity{IDTag: "devs@example.com", Name: "Devs"})
		})
	}
	wg.Wait()
	owners := 0
	for i, err := range made {
		if err == nil {
			owners++
			if _, err := w.demo.Profile(t.Context(), callers[i], "devs"); err != nil {
				t.Errorf("the owner does not manage it: %v", err)
			}
			continue
		}
		wantCode(t, err, profile.CodeTaken)
		if profile.AsError(err).Field != "idTag" {
			t.Error(err)
		}
	}
	if owners != 1 {
		t.Fatalf("%d owners", owners)
	}
	rec := w.record("devs")
	err := w.store.Site(1).Update(t.Context(), func(tx store.Tx) error {
		return tx.Claim(rec.ID, profile.CommunityOwner, "", w.record("donny").ID)
	})
	wantCode(t, err, profile.CodeTaken)
}

func (w *world) record(slug string) *store.Record {
	w.t.Helper()
	rec, err := w.store.Site(1).Get(w.t.Context(), profile.Slug, slug)
	if err != nil {
		w.t.Fatal(slug, err)
	}
	return rec
}

func TestWhoMakesCommunitiesIsPolicy(t *testing.T) {
	w := newWorld(t)
	other, err := w.dir.CreateSite(t.Context(), directory.NewSite{Name: "strict", Domain: "strict.example", Policy: directory.DefaultPolicy()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.AddOperator(t.Context(), directory.NewOperator{Username: "op", Email: "op@strict.example", Password: "a long password"}); err != nil {
		t.Fatal(err)
	}
	in, err := other.Login(t.Context(), credentials("op", "a long password"), directory.Exchanged)
	if err != nil {
		t.Fatal(err)
	}
	op, err := other.Authenticate(t.Context(), in.Token)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.CreateCommunity(t.Context(), op, directory.NewCommunity{IDTag: "team@strict.example"}); err != nil {
		t.Errorf("an operator: %v", err)
	}
	_, err = other.CreateCommunity(t.Context(), access.Principal{Subject: profile.ID{7}, Session: profile.ID{8}}, directory.NewCommunity{IDTag: "club@strict.example"})
	wantCode(t, err, profile.CodeRequired)
}

func TestDisablingStopsEveryTokenAndSignIn(t *testing.T) {
	w := newWorld(t)
	donny := w.as("donny")
	tokens := []directory.SignIn{w.login("xia", "yoyo", directory.Exchanged), w.login("xia", "yoyo", directory.Refreshed)}
	set := func(disabled bool) {
		t.Helper()
		state := profile.Active
		if disabled {
			state = profile.Disabled
		}
		if _, err := w.demo.EditIdentity(t.Context(), donny, tag("xia"), directory.AdminEdit{State: &state}); err != nil {
			t.Fatal(err)
		}
	}
	set(true)
	set(true)
	for _, in := range tokens {
		if _, err := w.demo.Authenticate(t.Context(), in.Token); !profile.IsKind(err, profile.Unauthenticated) {
			t.Errorf("a token still works: %v", err)
		}
	}
	if _, err := w.demo.Refresh(t.Context(), tokens[1].Refresh); err == nil {
		t.Error("a refresh token still works")
	}
	_, err := w.loginTag(tag("xia"))
	wantCode(t, err, profile.CodeDisabled)
	if _, err := w.demo.PublicIdentity(t.Context(), "xia"); !profile.IsKind(err, profile.NotFound) {
		t.Errorf("still shown: %v", err)
	}
	p, err := w.demo.Identity(t.Context(), donny, "", tag("xia"))
	if err != nil || p.Status() != "suspended" {
		t.Errorf("%s, %v", p.Status(), err)
	}
	set(false)
	if _, err := w.loginTag(tag("xia")); err != nil {
		t.Error(err)
	}
}

func TestTheLastActiveManagerOfTheBrokerIsNeitherDisabledNorErased(t *testing.T) {
	w := newWorld(t)
	donny := w.as("donny")
	disable := func(who access.Principal, slug string) error {
		_, err := w.demo.EditIdentity(t.Context(), who, tag(slug), directory.AdminEdit{State: new(profile.Disabled)})
		return err
	}
	wantCode(t, disable(donny, "donny"), profile.CodeLastManager)
	wantCode(t, disable(donny, "cowork"), profile.CodeLastManager)
	if _, err := w.demo.AddOperator(t.Context(), directory.NewOperator{Username: "op", Email: "op@example.com", Password: "yoyo"}); err != nil {
		t.Fatal(err)
	}
	op := w.as("op")
	var wg sync.WaitGroup
	errs := make([]error, 2)
	wg.Go(func() { errs[0] = disable(donny, "op") })
	wg.Go(func() { errs[1] = disable(op, "donny") })
	wg.Wait()
	if (errs[0] == nil) == (errs[1] == nil) {
		t.Fatalf("of two who disable each other one stays: %v, %v", errs[0], errs[1])
	}
	left, who := "donny", donny
	if errs[1] == nil {
		left, who = "op", op
	}
	wantCode(t, disable(who, left), profile.CodeLastManager)
	wantCode(t, w.demo.EraseProfile(t.Context(), who, left), profile.CodeLastManager)
}

func TestOnlyAnOperatorEditsOthers(t *testing.T) {
	w := newWorld(t)
	name := "Renamed"
	for _, who := range []string{"alice", "bob"} {
		_, err := w.demo.EditIdentity(t.Context(), w.as(who), "bob@example.com", directory.AdminEdit{Name: &name})
		wantCode(t, err, profile.CodeForbidden)
	}
	donny := w.as("donny")
	_, err := w.demo.EditIdentity(t.Context(), donny, "bob@example.com", directory.AdminEdit{Roles: []string{"boss"}})
	wantCode(t, err, profile.CodeChoice)
	_, err = w.demo.EditIdentity(t.Context(), donny, tag("nobody"), directory.AdminEdit{Name: &name})
	wantCode(t, err, profile.CodeNotFound)
	p, err := w.demo.EditIdentity(t.Context(), donny, "bob@example.com", directory.AdminEdit{Name: &name, Roles: []string{"moderator"}})
	if err != nil || p.FullName() != name || string(p.Extra("cloudillo.roles")) != `["moderator"]` {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestMeIsEditedByItselfAndByWhoManagesIt(t *testing.T) {
	w := newWorld(t)
	alice, xia, donny := w.as("alice"), w.as("xia"), w.as("donny")
	if _, err := w.demo.CreateCommunity(t.Context(), alice, directory.NewCommunity{IDTag: tag("club")}); err != nil {
		t.Fatal(err)
	}
	name := "New Name"
	edit := directory.Edit{FullName: &name, Face: "cloudillo"}
	for _, c := range []struct {
		who  access.Principal
		slug string
		want profile.Code
	}{{alice, "", ""}, {alice, "alice", ""}, {alice, "club", ""}, {xia, "club", profile.CodeForbidden}, {donny, "club", profile.CodeForbidden},
		{xia, "alice", profile.CodeForbidden}, {alice, "nobody", profile.CodeNotFound}, {access.Principal{}, "", profile.CodeNoAuth}} {
		p, err := w.demo.EditMe(t.Context(), c.who, c.slug, edit)
		if c.want != "" {
			wantCode(t, err, c.want)
		} else if err != nil || p.FullName() != name {
			t.Errorf("%s: %+v, %v", c.slug, p, err)
		}
	}
}

func TestWhatOneFaceKeepsIsBounded(t *testing.T) {
	w := newWorld(t)
	alice := w.as("alice")
	value, _ := json.Marshal(strings.Repeat("v", 4000))
	for i := range 100 {
		patch := map[string]json.RawMessage{fmt.Sprint("key", i): value}
		_, err := w.demo.EditMe(t.Context(), alice, "", directory.Edit{Face: "cloudillo", Inner: map[string]map[string]json.RawMessage{"x": patch}})
		if err != nil {
			if !profile.IsKind(err, profile.TooLarge) || i < 20 {
				t.Fatalf("%d: %v", i, err)
			}
			return
		}
	}
	t.Error("x grows without bound")
}
