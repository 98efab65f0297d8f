package cloudillo_test

import (
	"encoding/base64"
	"strings"
	"testing"
)

// The gaps of the live system that have no test beside what they are of.

func TestGap11KeysOfOneMomentHaveNumbersOfTheirOwn(t *testing.T) {
	s := start(t)
	alice := login(t, s, under("alice"))
	seen := map[string]bool{}
	for range 3 {
		key, path := keyOf(t, s, alice, "localhost", `{}`)
		if seen[path] || seen[key] {
			t.Errorf("%s is there twice", path)
		}
		seen[path], seen[key] = true, true
		s.Get(t, key, "/api/profiles").Want(200)
	}
}

func TestGap13NoAnswerHasAStatusThatTheClientDoesNotKnow(t *testing.T) {
	s := start(t)
	donny, alice := login(t, s, under("donny")), login(t, s, under("alice"))
	s.Patch(t, alice, "/api/profiles/bob@example.com", `{"relationship":"follow","trust":"always"}`).Want(200)
	for _, status := range []string{"X", "S"} {
		a := s.Patch(t, donny, "/api/admin/profiles/bob@example.com", map[string]string{"status": status}).Want(200) // readByClient looks at each
		all := string(a.Body)
		for _, token := range []string{donny, alice} {
			for _, path := range []string{"", "?following=true", "?status=X", "?status=A,B,M,S,X", "?idTag=bob@example.com", "?trustSet=true", "/bob@example.com", "/batch?idTags=bob@example.com"} {
				all += string(s.Get(t, token, "/api/profiles"+path).Want(200).Body)
			}
		}
		if strings.Contains(all, `"status":"X"`) {
			t.Errorf("%s: %s", status, all)
		}
	}
}

func TestGap14WhatTheGenerationsOfThePagesCallDifferentlyIsRead(t *testing.T) {
	s := start(t)
	for _, idTag := range []string{"bob@example.com", "bob.example.com", "BOB@Example.COM"} {
		token := login(t, s, idTag)
		s.Get(t, token, "/api/profiles/"+idTag).Want(200).Is(map[string]any{"data.idTag": "bob@example.com"})
		head, err := base64.RawURLEncoding.DecodeString(token[:strings.IndexByte(token, '.')])
		if err != nil || !strings.Contains(string(head), `"alg":"EdDSA"`) { // neither a secret that all hosts share nor a key that nobody publishes
			t.Errorf("%s %v", head, err)
		}
	}
	for _, body := range []string{`{"email":"` + under("xia") + `"}`, `{"idTag":"` + under("xia") + `"}`} {
		forgot(t, s, body).Want(200).Is(map[string]any{"data.sent": true})
		ref := refMailed(t, s, under("xia"))
		for _, members := range [][2]string{{"refId", "password"}, {"token", "newPassword"}} {
			a := s.Post(t, "", "/api/auth/set-password", map[string]string{members[0]: ref, members[1]: "long enough " + body})
			if first := members[0] == "refId"; (a.Status == 200) != first {
				t.Errorf("%v: %d %s", members, a.Status, a.Body)
			}
		}
	}
	alice := login(t, s, under("alice"))
	s.Patch(t, alice, "/api/me", `{"name":"A"}`).Want(200).Is(map[string]any{"data.name": "A", "data.profile.name": "A"})
	s.Patch(t, alice, "/api/profiles/bob@example.com", `{"status":"M"}`).Want(200).Is(map[string]any{"data.relationship": "mute", "data.status": "M"})
	pic := upload(t, s, alice, "/api/me/image", "", pngOf(t, 9)).Want(200)
	pic.Is(map[string]any{"data.fileId": pic.Text("fileId")})
}
