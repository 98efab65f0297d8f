package server_test

import (
	"strings"
	"testing"

	"facet/internal/facetest"
)

// Who has a key of a community, or a ref to a file, is no user: every route of
// every face has to live with that.
func TestNoRouteFailsForWhoIsNoUser(t *testing.T) {
	s := facetest.New(t, faces()...)
	alice := s.Post(t, "", "/api/auth/login", `{"idTag":"alice@localhost.localdomain","password":"yoyo"}`).Want(200).Text("data.token")
	s.Put(t, alice, "/api/profiles/club@localhost.localdomain", `{"type":"idp","name":"Club"}`).Want(201)
	host := map[string]string{"Host": "cl-o.club.localhost.localdomain"}
	key := s.Do(t, facetest.Call{Method: "POST", Path: "/api/auth/api-keys", Token: alice, Body: `{}`, Header: host}).Want(201).Text("data.plaintextKey")
	club := s.Get(t, "", "/api/auth/access-token?apiKey="+key).Want(200).Text("data.token")
	scoped := s.Get(t, alice, "/api/auth/access-token?scope=file:b1~abc123:R").Want(200).Text("data.token")
	for _, route := range s.Server.Routes() {
		if strings.HasSuffix(route.Pattern, "/logout") || strings.HasSuffix(route.Pattern, "/refresh-disable") || route.Pattern == "/api/auth/tokens" && route.Method == "DELETE" {
			continue // they end the session that the others need
		}
		for name, token := range map[string]string{"a community": club, "a scope": scoped} {
			path := wildcard.ReplaceAllString(route.Pattern, "club")
			call := facetest.Call{Method: route.Method, Path: path, Token: token, Header: map[string]string{"X-API-KEY": "demo-api-key"}}
			if route.Method != "GET" && route.Method != "DELETE" {
				call.Body = `{}`
			}
			if a := s.Do(t, call); a.Status >= 500 {
				t.Errorf("%s: %s %s for %s: %d %s", route.Face, route.Method, route.Pattern, name, a.Status, a.Body)
			}
		}
	}
	s.Get(t, club, "/api/me").Want(200).Is(map[string]any{"data.idTag": "club@localhost.localdomain"})
	s.Get(t, scoped, "/api/auth/access-token?scope=file:b1~abc123:R").Want(200)
	for _, token := range []string{club, scoped} {
		for _, path := range []string{"/api/users/alice", "/api/profile/club", "/api/accounts", "/user/userinfo", "/api/users/v1/users/1/user_profiles", "/api/auth/tokens", "/auth/verify"} {
			if a := s.Do(t, facetest.Call{Method: "GET", Path: path, Token: token, Header: map[string]string{"X-API-KEY": "demo-api-key"}}); a.Status != 403 {
				t.Errorf("GET %s: %d %s", path, a.Status, a.Body)
			}
		}
	}
}
