package cloudillo_test

import (
	"testing"
	"time"
)

// Whoever has an API key, or a link to a picture, begins sessions of its owner's.
// They are bounded, and end none that is the owner's own.
func TestTokensOfAKeyEndNoOtherSession(t *testing.T) {
	s := start(t)
	alice := login(t, s, under("alice"))
	key, _ := keyOf(t, s, alice, "localhost", `{}`)
	of := func() string {
		t.Helper()
		return s.Get(t, "", "/api/auth/access-token?apiKey="+key).Want(200).Text("data.token")
	}
	first := of()
	for range 49 {
		s.Clock.Advance(time.Second)
		of()
	}
	login(t, s, under("alice"))
	s.Get(t, alice, "/api/profiles").Want(200)
	s.Get(t, first, "/api/profiles").Want(200)
	narrow := s.Get(t, alice, "/api/auth/access-token?scope=caldav:read").Want(200).Text("data.token")
	of()
	failed(t, s.Get(t, first, "/api/profiles"), 401, "E-AUTH-UNAUTH") // the oldest makes room
	s.Get(t, narrow, "/api/profiles/batch?idTags="+under("xia")).Want(200)
	s.Get(t, alice, "/api/profiles").Want(200)
}
