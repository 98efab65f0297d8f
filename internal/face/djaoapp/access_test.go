package djaoapp_test

import (
	"fmt"
	"testing"
	"time"

	"facet/internal/facetest"
)

const denied = `{"detail":"Permission denied"}`

// register makes a user and gives the token.
func register(t *testing.T, s *facetest.Service, name string, more ...string) string {
	t.Helper()
	body := map[string]string{"username": name, "full_name": name, "email": name + "@example.com", "password": facetest.Password}
	for i := 0; i < len(more); i += 2 {
		body[more[i]] = more[i+1]
	}
	return s.Post(t, "", "/api/auth/register", body).Want(201).Text("token")
}

func TestShadowProfileIsTheBrokersAndNotItsCreators(t *testing.T) {
	s := serve(t)
	xia, donny := s.Login(t, "xia"), s.Login(t, "donny")
	s.Post(t, xia, "/api/accounts/profiles", `{"email": "joey@example.com", "full_name": "Joey Black"}`).Want(201)

	for _, c := range []facetest.Call{
		{Method: "GET", Path: "/api/profile/joey-black"},
		{Method: "GET", Path: "/api/profile/joey-black/subscriptions"},
		{Method: "PUT", Path: "/api/profile/joey-black", Body: `{"full_name":"Mine"}`},
		{Method: "PATCH", Path: "/api/profile/joey-black", Body: `{"full_name":"Mine"}`},
		{Method: "DELETE", Path: "/api/profile/joey-black"},
	} {
		c.Token = xia
		s.Do(t, c).WantJSON(403, denied)
		c.Token = ""
		s.Do(t, c).WantJSON(403, denied)
	}
	s.Get(t, donny, "/api/profile/joey-black").Want(200).Is(map[string]any{"full_name": "Joey Black"})
	s.Put(t, donny, "/api/profile/joey-black", `{"full_name":"Joey R. Black"}`).Want(200).Is(map[string]any{"full_name": "Joey R. Black", "email": "joey@example.com"})
	s.Delete(t, donny, "/api/profile/joey-black").Want(204)
	s.Get(t, donny, "/api/profile/joey-black").WantJSON(404, `{"detail":"No Organization matches the given query."}`)
}

// A provider that is not the broker reaches a shadow profile while the
// subscription is active: not while it waits for acceptance, not after its end.
func TestShadowProfileIsTheProvidersWhileASubscriptionIsActive(t *testing.T) {
	s := serve(t)
	xia := s.Login(t, "xia")
	s.Post(t, xia, "/api/accounts/profiles", `{"email": "joey@example.com", "full_name": "Joey Black"}`).Want(201)
	s.Post(t, xia, "/api/users/xia/profiles", `{"slug": "gym", "full_name": "The Gym"}`).Want(201)
	addPlan(t, s, "gym", "daypass", true)
	addPlan(t, s, "gym", "asked", false)

	s.Post(t, xia, "/api/profile/gym/plans/asked/subscriptions", `{"profile": {"slug": "joey-black"}}`).Want(201)
	s.Get(t, xia, "/api/profile/joey-black").WantJSON(403, denied)

	s.Post(t, xia, "/api/profile/gym/plans/daypass/subscriptions", `{"profile": {"slug": "joey-black"}}`).Want(201).Is(map[string]any{"grant_key": nil})
	s.Get(t, xia, "/api/profile/joey-black").Want(200)
	s.Put(t, xia, "/api/profile/joey-black", `{"full_name":"Joey B."}`).Want(200)
	s.Get(t, xia, "/api/profile/joey-black/subscriptions").Want(200).Is(map[string]any{"count": 2})
	s.Get(t, xia, "/api/profile/gym").Want(200).Is(map[string]any{"is_provider": true})

	s.Clock.Advance(24*time.Hour + time.Second)
	xia = s.Login(t, "xia")
	s.Get(t, xia, "/api/profile/joey-black").WantJSON(403, denied)
	s.Put(t, xia, "/api/profile/joey-black", `{"full_name":"Still"}`).WantJSON(403, denied)
	s.Delete(t, xia, "/api/profile/joey-black").WantJSON(403, denied)

	s.Post(t, xia, "/api/profile/gym/plans/daypass/subscriptions", `{"profile": {"slug": "joey-black"}}`).Want(201)
	s.Delete(t, xia, "/api/profile/joey-black").Want(204)
}

func TestOtherPeoplesThingsLookLikeUnknownOnes(t *testing.T) {
	s := serve(t)
	register(t, s, "eve")
	eve, donny := s.Login(t, "eve"), s.Login(t, "donny")
	for _, c := range []facetest.Call{
		{Method: "GET", Path: "/api/users/%s"},
		{Method: "GET", Path: "/api/users/%s/profiles"},
		{Method: "POST", Path: "/api/users/%s/profiles", Body: `{"full_name":"X"}`},
		{Method: "GET", Path: "/api/profile/%s"},
		{Method: "PUT", Path: "/api/profile/%s", Body: `{"full_name":"X"}`},
		{Method: "PATCH", Path: "/api/profile/%s", Body: `{}`},
		{Method: "DELETE", Path: "/api/profile/%s"},
		{Method: "GET", Path: "/api/profile/%s/subscriptions"},
		{Method: "POST", Path: "/api/profile/%s/plans/premium/subscriptions", Body: `{"profile":{"slug":"eve"}}`},
	} {
		pattern := c.Path
		c.Token = eve
		for _, slug := range []string{"xia", "no-such-thing", "%00", "a%2Fb"} {
			c.Path = fmt.Sprintf(pattern, slug)
			s.Do(t, c).WantJSON(403, denied)
			if bad := c; c.Body != nil { // who may not learns nothing of what is wrong
				bad.Body = `{"full_name":`
				s.Do(t, bad).WantJSON(403, denied)
			}
		}
		c.Token, c.Path = donny, fmt.Sprintf(pattern, "no-such-thing")
		s.Do(t, c).Want(404)
	}
	s.Get(t, donny, "/api/users/no-such-thing").WantJSON(404, `{"detail":"No User matches the given query."}`)
}

func TestUserWithoutAPersonalProfileIsNoProfile(t *testing.T) {
	s := serve(t)
	eve := register(t, s, "eve", "type", "user")
	s.Get(t, eve, "/api/users/eve").Want(200)
	s.Get(t, eve, "/api/users/eve/profiles").WantJSON(200, `{"count":0,"next":null,"previous":null,"results":[]}`)
	s.Get(t, eve, "/api/profile/eve").WantJSON(403, denied)
	s.Get(t, s.Login(t, "donny"), "/api/profile/eve").Want(404)

	s.Post(t, eve, "/api/users/eve/profiles", `{"type":"personal","slug":"adam","full_name":"Eve"}`).
		WantJSON(400, `{"slug":["A personal profile has the user's own name, \"eve\"."]}`)
	s.Post(t, eve, "/api/users/eve/profiles", `{"type":"personal","full_name":"Eve Stone","nick_name":"E","country":"de"}`).Want(201).
		Is(map[string]any{"slug": "eve", "type": "personal", "full_name": "Eve Stone", "printable_name": "E", "country": "DE"})
	s.Get(t, eve, "/api/profile/eve").Want(200).Is(map[string]any{"nick_name": "E", "full_name": "Eve Stone"})
	s.Post(t, eve, "/api/users/eve/profiles", `{"type":"personal","full_name":"Eve"}`).WantJSON(400, `{"slug":"This slug is already taken."}`)
}

func TestErasedProfileFreesItsNamesAndStopsItsSessions(t *testing.T) {
	s := serve(t)
	donny := s.Login(t, "donny")
	joe := register(t, s, "joe1", "type", "personal")
	s.Post(t, joe, "/api/users/joe1/profiles", `{"slug":"joes","full_name":"Joe's"}`).Want(201)

	s.Delete(t, joe, "/api/profile/joes").Want(204)
	s.Get(t, joe, "/api/profile/joes").WantJSON(403, denied)
	s.Post(t, joe, "/api/users/joe1/profiles", `{"slug":"joes","full_name":"Joe's again"}`).Want(201)

	s.Delete(t, joe, "/api/profile/joe1").Want(204)
	s.Get(t, joe, "/api/users/joe1").WantJSON(403, denied)
	s.Post(t, "", "/api/auth", `{"username":"joe1","password":"yoyo"}`).Want(401)
	s.Get(t, donny, "/api/users/joe1").Want(404)
	s.Get(t, donny, "/api/profile/joes").Want(200) // nobody manages it now
	register(t, s, "joe1")
}

func TestLastManagerOfTheBrokerIsKept(t *testing.T) {
	s := serve(t)
	donny := s.Login(t, "donny")
	s.Delete(t, donny, "/api/profile/donny").WantJSON(403, `{"detail":"The last manager of the organization that owns the site cannot be erased."}`)
	s.Delete(t, donny, "/api/profile/cowork").WantJSON(403, `{"detail":"The organization that owns the site cannot be erased."}`)
	s.Get(t, donny, "/api/profile/donny").Want(200)
	s.Get(t, donny, "/api/profile/cowork").Want(200).Is(map[string]any{"is_provider": true})
}

func TestManagerOfAProfileMayChangeIt(t *testing.T) {
	s := serve(t)
	xia := s.Login(t, "xia")
	s.Post(t, xia, "/api/users/xia/profiles", `{"slug":"gym","full_name":"The Gym","extra":{"n":1.10},"is_provider":true,"picture":"https://x"}`).Want(201).
		Is(map[string]any{"is_provider": false, "picture": nil})
	changed := s.Put(t, xia, "/api/profile/gym", `{"full_name":"Gym & Co","slug":"gym2","phone":"555-555-5555","street_address":"185 Berry St #550",
		"locality":"San Francisco","region":"CA","postal_code":94107,"country":"us","default_timezone":"Europe/Kiev","is_bulk_buyer":true,"unknown":1}`).Want(200)
	changed.Is(map[string]any{
		"slug": "gym2", "full_name": "Gym & Co", "phone": "555-555-5555", "street_address": "185 Berry St #550", "locality": "San Francisco",
		"region": "CA", "postal_code": "94107", "country": "US", "default_timezone": "Europe/Kiev", "is_bulk_buyer": true, "detail": "Profile was updated.",
	})
	s.Get(t, xia, "/api/profile/gym").WantJSON(403, denied)
	s.Patch(t, xia, "/api/profile/gym2", `{"phone":"","default_timezone":"","is_bulk_buyer":false,"extra":null}`).Want(200).
		Is(map[string]any{"phone": "", "default_timezone": "UTC", "is_bulk_buyer": false, "extra": nil, "locality": "San Francisco"})
	s.Put(t, xia, "/api/profile/gym2", `{"slug":"donny","full_name":"X"}`).WantJSON(400, `{"slug":"This slug is already taken."}`)
	s.Put(t, xia, "/api/profile/gym2", `{"slug":"register","full_name":"X"}`).WantJSON(400, `{"slug":"This slug is already taken."}`)
	s.Put(t, xia, "/api/profile/gym2", `{}`).WantJSON(400, `{"full_name":["This field is required."]}`)
}
