package directory_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"facet/internal/access"
	"facet/internal/directory"
	"facet/internal/profile"
	"facet/internal/store"
)

func TestTokensStopAtOnce(t *testing.T) {
	for _, c := range []struct {
		name string
		stop func(w *world, in directory.SignIn) error
	}{
		{"by signing out", func(w *world, in directory.SignIn) error { return w.demo.Logout(w.t.Context(), w.who(in)) }},
		{"by erasing the person", func(w *world, in directory.SignIn) error {
			return w.demo.EraseProfile(w.t.Context(), w.who(in), "xia")
		}},
		{"by a new password", func(w *world, in directory.SignIn) error {
			_, err := w.demo.UpdateEntity(w.t.Context(), w.owner(), "user", directory.Selector{ID: in.Subject.ID}, directory.Guards{},
				directory.EntityChange{Path: "password", Value: []byte(`"another"`)})
			return err
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			in := w.login("xia", "yoyo", directory.Refreshed)
			if err := c.stop(w, in); err != nil {
				t.Fatal(err)
			}
			_, err := w.demo.Authenticate(t.Context(), in.Token)
			wantCode(t, err, profile.CodeBadToken)
			_, err = w.demo.Refresh(t.Context(), in.Refresh)
			wantCode(t, err, profile.CodeBadToken)
		})
	}
}

func TestTokensEndAfterAnHour(t *testing.T) {
	w := newWorld(t)
	in := w.login("xia", "yoyo", directory.Exchanged)
	who := w.who(in)
	w.clock.add(59 * time.Minute)
	next, err := w.demo.Exchange(t.Context(), who, in.Token)
	if err != nil {
		t.Fatal(err)
	}
	w.clock.add(2 * time.Minute)
	_, err = w.demo.Authenticate(t.Context(), in.Token)
	wantCode(t, err, profile.CodeExpiredToken)
	if got := w.who(next); got.Session != who.Session {
		t.Error("an exchanged token is of another session")
	}
}

func TestExchangeIsForOnesOwnToken(t *testing.T) {
	w := newWorld(t)
	xia, alice := w.login("xia", "yoyo", directory.Exchanged), w.as("alice")
	_, err := w.demo.Exchange(t.Context(), alice, xia.Token)
	wantCode(t, err, profile.CodeForbidden)
}

func TestARefreshTokenWorksUntilTheNextOneIsUsed(t *testing.T) {
	w := newWorld(t)
	first := w.login("xia", "yoyo", directory.Refreshed)
	if first.RefreshExpires.Sub(w.clock.Now()) != 30*24*time.Hour {
		t.Errorf("lives %v", first.RefreshExpires.Sub(w.clock.Now()))
	}
	refresh := func(token string) directory.SignIn {
		t.Helper()
		in, err := w.demo.Refresh(t.Context(), token)
		if err != nil {
			t.Fatal(err)
		}
		return in
	}
	second := refresh(first.Refresh)
	again := refresh(first.Refresh) // the answer got lost
	if again.Refresh != second.Refresh || second.Refresh == first.Refresh {
		t.Error("a repeat gives another refresh token")
	}
	third := refresh(second.Refresh)
	w.who(third)
	// the first is a stolen copy now: the family ends
	_, err := w.demo.Refresh(t.Context(), first.Refresh)
	wantCode(t, err, profile.CodeBadToken)
	_, err = w.demo.Refresh(t.Context(), third.Refresh)
	wantCode(t, err, profile.CodeBadToken)
	_, err = w.demo.Authenticate(t.Context(), third.Token)
	wantCode(t, err, profile.CodeBadToken)
}

func TestAForgedRefreshTokenTouchesNoSession(t *testing.T) {
	w := newWorld(t)
	in := w.login("xia", "yoyo", directory.Refreshed)
	forged := []byte(in.Refresh)
	for i := range forged {
		was := forged[i]
		forged[i] = 'A'
		if was == 'A' {
			forged[i] = 'B'
		}
		if i%9 == 0 {
			_, err := w.demo.Refresh(t.Context(), string(forged))
			wantCode(t, err, profile.CodeBadToken)
		}
		forged[i] = was
	}
	for _, token := range []string{"", "x", strings.Repeat("A", 4000), in.Token} {
		_, err := w.demo.Refresh(t.Context(), token)
		wantCode(t, err, profile.CodeBadToken)
	}
	if _, err := w.demo.Refresh(t.Context(), in.Refresh); err != nil {
		t.Fatal(err)
	}
}

func TestARestrictionStaysWithTheSession(t *testing.T) {
	w := newWorld(t)
	in := w.login("xia", "yoyo", directory.Refreshed)
	who := w.who(in)
	for _, kind := range []access.RestrictionKind{access.ClientSchema, access.Scoped} {
		err := w.store.Site(1).Update(t.Context(), func(tx store.Tx) error {
			row, err := tx.Session(who.Subject, who.Session)
			if err != nil {
				return err
			}
			row.Restriction = []byte(`{"kind":"` + string(kind) + `"}`)
			return tx.PutSession(row)
		})
		if err != nil {
			t.Fatal(err)
		}
		who = w.who(in)
		_, err = w.demo.Exchange(t.Context(), who, in.Token)
		wantCode(t, err, profile.CodeForbidden)
		_, err = w.demo.Refresh(t.Context(), in.Refresh)
		wantCode(t, err, profile.CodeForbidden)
		_, err = w.demo.Profile(t.Context(), who, "xia")
		wantCode(t, err, profile.CodeForbidden)
	}
	if err := w.demo.Logout(t.Context(), who); err != nil {
		t.Error("a restricted session can still be ended:", err)
	}
}

func TestTheDefaultHouseholdProfileIsInTheToken(t *testing.T) {
	w := newWorld(t)
	for name, want := range map[string]string{"casey": "Casey", "donny": "Donny"} {
		in := w.login(name, "yoyo", directory.Refreshed)
		claims := decodeClaims(t, in.Token)
		p, _ := claims["profile"].(map[string]any)
		if p["name"] != want || p["is_default"] != true || claims["user_profile_id"] != p["id"] {
			t.Errorf("%s: %v", name, claims)
		}
	}
	if claims := decodeClaims(t, w.login("donny", "yoyo", directory.Exchanged).Token); claims["Operator"] != true || claims["idTag"] != "donny@localhost.localdomain" {
		t.Errorf("donny: %v", claims)
	}
}

func TestAnEntityGetsItsHouseholdAtTheFirstSignIn(t *testing.T) {
	w := newWorld(t)
	e, err := w.demo.CreateEntity(t.Context(), w.owner(), "user", []byte(`{"email":"new@example.com","givenName":"New","password":"yoyo"}`))
	if err != nil {
		t.Fatal(err)
	}
	households := func() (n int) {
		err := w.store.Site(1).View(t.Context(), func(r store.Reader) error {
			list, err := r.Owned(e.ID, profile.Household, 0, -1)
			n = len(list)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := households(); n != 0 {
		t.Errorf("%d household profiles before the first sign-in", n)
	}
	for range 2 {
		w.login("new@example.com", "yoyo", directory.Exchanged)
	}
	if n := households(); n != 1 {
		t.Errorf("%d household profiles", n)
	}
}

func TestBothTokensTellOfTheDefaultProfileAndNoneStandsForTheOther(t *testing.T) {
	w := newWorld(t)
	in := w.login("casey", "yoyo", directory.Refreshed)
	act, renew := decodeClaims(t, in.Token), decodeClaims(t, in.Refresh)
	if act["type"] != "access" || act["gen"] != nil || renew["type"] != "refresh" || renew["gen"] != 1.0 {
		t.Errorf("types %v and %v, generations %v and %v", act["type"], renew["type"], act["gen"], renew["gen"])
	}
	for _, name := range []string{"profile", "user_profile_id", "profile_id", "sub", "sid"} {
		if renew[name] == nil || !reflect.DeepEqual(act[name], renew[name]) {
			t.Errorf("%s is %v and %v", name, act[name], renew[name])
		}
	}
	if life := renew["exp"].(float64) - renew["iat"].(float64); life != 30*24*3600 {
		t.Errorf("the refresh token lives %v s", life)
	}
	_, err := w.demo.Authenticate(t.Context(), in.Refresh)
	wantCode(t, err, profile.CodeBadToken)
	_, err = w.demo.Refresh(t.Context(), in.Token)
	wantCode(t, err, profile.CodeBadToken)

	w.clock.add(31 * 24 * time.Hour)
	_, err = w.demo.Refresh(t.Context(), in.Refresh)
	wantCode(t, err, profile.CodeExpiredToken)
	_, err = w.demo.Authenticate(t.Context(), in.Refresh)
	wantCode(t, err, profile.CodeBadToken)
}

func TestARefreshTokenOfAnotherSiteIsNone(t *testing.T) {
	w := newWorld(t)
	other, err := w.dir.CreateSite(t.Context(), directory.NewSite{Name: "other", Domain: "other.example"})
	if err != nil {
		t.Fatal(err)
	}
	in := w.login("casey", "yoyo", directory.Refreshed)
	_, err = other.Refresh(t.Context(), in.Refresh)
	wantCode(t, err, profile.CodeBadToken)
}
