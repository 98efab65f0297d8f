package djaoapp_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"facet/internal/facetest"
)

func TestW6ShadowProfilesAreUnderQuota(t *testing.T) {
	s := serve(t)
	xia, donny := s.Login(t, "xia"), s.Login(t, "donny")
	post := func(token, name string) facetest.Answer {
		return s.Post(t, token, "/api/accounts/profiles", map[string]string{"full_name": name})
	}
	for i := range 30 {
		post(xia, fmt.Sprintf("Shadow %d", i)).Want(201)
	}
	a := post(xia, "One more")
	a.WantJSON(429, `{"detail":"You may create 30 profiles a minute. Please try again later."}`)
	if wait := a.Header.Get("Retry-After"); wait != "60" {
		t.Errorf("Retry-After %q", wait)
	}
	s.Post(t, xia, "/api/users/xia/profiles", `{"full_name":"Mine"}`).Want(429)
	s.Get(t, donny, "/api/accounts/profiles/one-more").Want(404)
	for i := range 35 { // operators have no quota
		post(donny, fmt.Sprintf("Theirs %d", i)).Want(201)
	}
	s.Clock.Advance(time.Minute)
	for made := 30; made < 100; made++ {
		s.Clock.Advance(3 * time.Second)
		post(xia, fmt.Sprintf("Later %d", made)).Want(201)
	}
	s.Clock.Advance(time.Minute)
	a = post(xia, "The 101st")
	a.WantJSON(429, `{"detail":"You may create 100 profiles a day. Please try again later."}`)
	s.Clock.Advance(24 * time.Hour)
	post(s.Login(t, "xia"), "The next day").Want(201)
}

func TestW7ProfileNeedsNoEmail(t *testing.T) {
	s := serve(t)
	xia := s.Login(t, "xia")
	s.Post(t, xia, "/api/accounts/profiles", `{"full_name":"Joey Black"}`).Want(201).Is(map[string]any{"email": "", "slug": "joey-black"})
	s.Post(t, xia, "/api/accounts/profiles", `{"full_name":"Joe Person","type":"personal"}`).Want(201).Is(map[string]any{"email": "", "type": "personal"})
	phoned := s.Post(t, "", "/api/auth/register", `{"password":"yoyo","phone":"+33 1 23 45 67 89","full_name":"No Mail","username":"nomail"}`).Want(201).Text("token")
	s.Post(t, phoned, "/api/users/nomail/profiles", `{"full_name":"No Mail's"}`).Want(201).Is(map[string]any{"email": ""})
}

func TestW23RepeatWithAKeyMakesNoSecondProfile(t *testing.T) {
	s := serve(t)
	xia, alice, donny := s.Login(t, "xia"), s.Login(t, "alice"), s.Login(t, "donny")
	send := func(token, path, key, body string) facetest.Answer {
		return s.Do(t, facetest.Call{Method: "POST", Path: path, Token: token, Body: body, Header: map[string]string{"Idempotency-Key": key}})
	}
	for _, c := range []struct{ token, path, body, slug string }{
		{xia, "/api/accounts/profiles", `{"full_name":"Joey Black"}`, "slug"},
		{xia, "/api/profile", `{"full_name":"Joey Brown"}`, "slug"},
		{xia, "/api/users/xia/profiles", `{"full_name":"Project"}`, "slug"},
		{donny, "/api/users", `{"full_name":"Some Body"}`, "slug"},
		{donny, "/api/contacts", `{"full_name":"Any Body"}`, "slug"},
		{donny, "/api/activities/xia", `{"text":"called"}`, "text"},
		{donny, "/api/contacts/xia/activities", `{"text":"called again"}`, "text"},
	} {
		first := send(c.token, c.path, "key "+c.path, c.body).Want(201)
		again := send(c.token, c.path, "key "+c.path, c.body).Want(201)
		if again.Text(c.slug) != first.Text(c.slug) || again.Text("created_at") != first.Text("created_at") {
			t.Errorf("%s made another: %s", c.path, again.Body)
		}
		send(c.token, c.path, "key "+c.path, strings.Replace(c.body, `":"`, `":"Not `, 1)).
			WantJSON(422, `{"detail":"This Idempotency-Key was used for another request."}`)
	}
	s.Get(t, donny, "/api/activities/xia").Want(200).Is(map[string]any{"count": 1})
	s.Get(t, donny, "/api/profile?q=joey").Want(200).Is(map[string]any{"count": 2})
	// a form says the same as JSON; another caller's key is another key; a day later it is nobody's
	s.Do(t, facetest.Call{Method: "POST", Path: "/api/profile", Token: xia, Type: "application/x-www-form-urlencoded", Body: "full_name=Joey+Brown",
		Header: map[string]string{"Idempotency-Key": "key /api/profile"}}).Want(201).Is(map[string]any{"slug": "joey-brown"})
	send(alice, "/api/profile", "key /api/profile", `{"full_name":"Alice's"}`).Want(201).Is(map[string]any{"slug": "alices"})
	s.Clock.Advance(25 * time.Hour)
	send(s.Login(t, "xia"), "/api/profile", "key /api/profile", `{"full_name":"New"}`).Want(201).Is(map[string]any{"slug": "new"})
	for _, key := range []string{strings.Repeat("k", 256), "ä"} {
		send(s.Login(t, "xia"), "/api/profile", key, `{"full_name":"New"}`).Want(400)
	}
	// what was erased is not told again
	donny = s.Login(t, "donny")
	send(donny, "/api/profile", "gone", `{"full_name":"Gone Soon"}`).Want(201)
	s.Delete(t, donny, "/api/profile/gone-soon").Want(204)
	send(donny, "/api/profile", "gone", `{"full_name":"Gone Soon"}`).Want(201)
}

func TestRepeatsAtTheSameTimeMakeOneProfile(t *testing.T) {
	s := serve(t)
	donny := s.Login(t, "donny")
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			a := s.Do(t, facetest.Call{Method: "POST", Path: "/api/accounts/profiles", Token: donny, Body: `{"full_name":"Only Once"}`,
				Header: map[string]string{"Idempotency-Key": "once"}})
			if a.Status != 201 {
				t.Errorf("%d %s", a.Status, a.Body)
			}
		})
	}
	all.Wait()
	s.Get(t, donny, "/api/profile?q=only+once").Want(200).Is(map[string]any{"count": 1, "results.0.slug": "only-once"})
}

func TestPersonalShadowProfileIsNobodysSignIn(t *testing.T) {
	s := serve(t)
	xia := s.Login(t, "xia")
	const path = "/api/accounts/profiles"
	s.Post(t, xia, path, `{"full_name":"Joey Black","type":"personal","slug":"joey"}`).Want(201).Is(map[string]any{"type": "personal", "credentials": false})
	s.Get(t, xia, "/api/profile/joey").WantJSON(403, denied)
	s.Post(t, xia, path, `{"full_name":"Alice","type":"personal","slug":"alice"}`).WantJSON(400, `{"slug":"This slug is already taken."}`)
	s.Post(t, xia, path, `{"full_name":"X","type":"provider"}`).WantJSON(400, `{"type":["type must be one of 'personal' or 'organization'."]}`)
	// who has no profile yet becomes one by the own name: the token is the proof
	eve := register(t, s, "eve", "type", "user")
	s.Get(t, eve, "/api/profile/eve").WantJSON(403, denied)
	s.Post(t, eve, path, `{"full_name":"Eve Stone","type":"personal","slug":"eve"}`).Want(201).Is(map[string]any{"slug": "eve", "credentials": true})
	s.Get(t, eve, "/api/profile/eve").Want(200)
}
