package cloudillo_test

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"facet/internal/facetest"
)

const hostOfClub = "cl-o.club.localhost.localdomain"

// keyOf makes an API key and gives its text and path.
func keyOf(t *testing.T, s *facetest.Service, token, host, body string) (key, path string) {
	t.Helper()
	a := at(t, s, host, token, "POST", "/api/auth/api-keys", body).Want(201)
	id, _ := a.At("data.keyId")
	return a.Text("data.plaintextKey"), fmt.Sprint("/api/auth/api-keys/", id)
}

func TestAPIKeysAreToldOnceAndChanged(t *testing.T) {
	s := start(t)
	alice := login(t, s, under("alice"))
	s.Get(t, alice, "/api/auth/api-keys").Want(200).Is(map[string]any{"data": []any{}})
	made := s.Post(t, alice, "/api/auth/api-keys", `{"name":" my phone ","expiresAt":"2026-03-01T00:00:00Z"}`).Want(201)
	key := made.Text("data.plaintextKey")
	if !regexp.MustCompile(`^cl_[A-Za-z0-9_-]{43}$`).MatchString(key) || made.Text("data.keyPrefix") != key[:8] {
		t.Errorf("%s", made.Body)
	}
	made.Is(map[string]any{"data.name": "my phone", "data.expiresAt": time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC).Unix(), "data.createdAt": facetest.Start.Unix()})
	id, _ := made.At("data.keyId")
	path := fmt.Sprint("/api/auth/api-keys/", id)
	if a := s.Get(t, alice, path).Want(200); strings.Contains(string(a.Body), key) {
		t.Errorf("the key is told again: %s", a.Body)
	}
	s.Get(t, key, "/api/me").Want(200).Is(map[string]any{"data.idTag": under("alice")})
	s.Get(t, key, "/api/profiles").Want(200)
	s.Patch(t, key, "/api/me", `{"name":"Alice by Key"}`).Want(200)
	s.Get(t, key, "/api/users/alice").Want(403) // a Bearer of this face alone

	edited := s.Patch(t, alice, path, `{"name":null,"expiresAt":1772323200,"scopes":"carddav:read, apkg:publish"}`).Want(200)
	edited.Is(map[string]any{"data.scopes": "carddav:read,apkg:publish", "data.expiresAt": 1772323200})
	if _, there := edited.At("data.name"); there {
		t.Errorf("the name is still there: %s", edited.Body)
	}
	s.Patch(t, alice, path, `{}`).Want(200).Is(map[string]any{"data.scopes": "carddav:read,apkg:publish"})
	s.Patch(t, alice, path, `{"scopes":null,"expiresAt":null}`).Want(200)
	if a := s.Get(t, alice, path).Want(200); strings.Contains(string(a.Body), "scopes") || strings.Contains(string(a.Body), "expiresAt") {
		t.Errorf("null clears: %s", a.Body)
	}
	s.Get(t, alice, "/api/auth/api-keys").Want(200).Is(map[string]any{"data.0.keyId": id})
	s.Delete(t, alice, path).Want(200).Is(map[string]any{"data": nil})
	failed(t, s.Get(t, key, "/api/profiles"), 401, "E-AUTH-UNAUTH")
	failed(t, s.Delete(t, alice, path), 404, "E-CORE-NOTFOUND")
	for _, body := range []string{`{"scopes":"everything"}`, `{"name":"` + strings.Repeat("n", 101) + `"}`, `{"name":"a\nb"}`, `{"name":7}`, `{"expiresAt":1}`, `{"expiresAt":"yesterday"}`,
		`{"expiresAt":1.5}`, `{"expiresAt":99999999999999}`, `{"expiresAt":true}`, `{"scopes":["carddav:read"]}`, `[]`, ``} {
		failed(t, s.Post(t, alice, "/api/auth/api-keys", body), 400, "E-VAL-INVALID")
	}
	if s.Log.Has(key) {
		t.Error("the log holds a key")
	}
}

func TestAPIKeysBecomeTokensThatEndWithThem(t *testing.T) {
	s := start(t)
	alice := login(t, s, under("alice"))
	token := func(key string) facetest.Answer {
		t.Helper()
		return s.Get(t, "", "/api/auth/access-token?apiKey="+key)
	}
	t.Run("a key acts in every face, but not as a session does", func(t *testing.T) {
		key, _ := keyOf(t, s, alice, "localhost", `{}`)
		jwt := token(key).Want(200).Text("data.token")
		s.Get(t, jwt, "/api/profile/alice").Want(200)
		for _, proof := range []string{key, jwt} {
			failed(t, s.Get(t, proof, "/api/auth/api-keys"), 403, "E-AUTH-NOPERM")
			failed(t, s.Post(t, proof, "/api/auth/api-keys", `{}`), 403, "E-AUTH-NOPERM")
			failed(t, s.Post(t, proof, "/api/auth/password", `{"currentPassword":"yoyo","newPassword":"hacked"}`), 403, "E-AUTH-NOPERM")
		}
		s.Put(t, jwt, "/api/users/alice/password", `{"password":"yoyo","new_password":"hacked"}`).Want(403)
		s.Put(t, jwt, "/api/users/alice", `{"full_name":"Alice","email":"thief@example.com"}`).Want(403)
		failed(t, token(strings.Replace(key, "cl_", "cl_x", 1)[:46]), 401, "E-AUTH-UNAUTH")
		failed(t, token("x"), 401, "E-AUTH-UNAUTH")
		failed(t, token(key+"&scope=caldav:read"), 400, "E-VAL-INVALID")
	})
	t.Run("the client's way: a key, a token, the log-in object, a token again", func(t *testing.T) {
		key, _ := keyOf(t, s, alice, hostOfAlice, `{"name":"this browser"}`)
		for range 3 {
			jwt := at(t, s, hostOfAlice, "", "GET", "/api/auth/access-token?apiKey="+key, nil).Want(200).Text("data.token")
			in := at(t, s, hostOfAlice, jwt, "POST", "/api/auth/login-init", `{}`).Want(200).Is(map[string]any{"data.status": "authenticated", "data.login.idTag": under("alice")})
			s.Clock.Advance(50 * time.Minute)
			jwt = at(t, s, hostOfAlice, in.Text("data.login.token"), "GET", "/api/auth/login-token", nil).Want(200).Text("data.token")
			s.Clock.Advance(50 * time.Minute) // a key's tokens are renewed as long as it is there
			at(t, s, hostOfAlice, jwt, "GET", "/api/profiles", nil).Want(200)
		}
		failed(t, at(t, s, hostOfClub, key, "GET", "/api/profiles", nil), 404, "E-CORE-NOTFOUND")
		failed(t, at(t, s, "cl-o.xia.localhost.localdomain", key, "GET", "/api/profiles", nil), 401, "E-AUTH-UNAUTH") // another's host
		jwt := token(key).Want(200).Text("data.token")
		s.Post(t, jwt, "/api/auth/logout", map[string]string{"apiKey": key}).Want(200)
		failed(t, s.Get(t, jwt, "/api/profiles"), 401, "E-AUTH-UNAUTH")
		failed(t, token(key), 401, "E-AUTH-UNAUTH")
		s.Post(t, "", "/api/auth/logout", map[string]string{"apiKey": key}).Want(200)
		s.Post(t, "", "/api/auth/logout", `{"apiKey":7}`).Want(400)
		alice = login(t, s, under("alice"))
	})
	t.Run("what ends a key ends its tokens", func(t *testing.T) {
		for name, end := range map[string]func(path string){
			"deleting":  func(path string) { s.Delete(t, alice, path).Want(200) },
			"narrowing": func(path string) { s.Patch(t, alice, path, `{"scopes":"caldav:read"}`).Want(200) },
			"time":      func(string) { s.Clock.Advance(11 * time.Minute) },
		} {
			key, path := keyOf(t, s, alice, "localhost", fmt.Sprintf(`{"expiresAt":%d}`, s.Clock.Now().Add(10*time.Minute).Unix()))
			jwt := token(key).Want(200).Text("data.token")
			narrow := s.Get(t, jwt, "/api/auth/access-token?scope=file:b1~abc123:R").Want(200).Text("data.token")
			s.Get(t, jwt, "/api/profiles").Want(200)
			end(path)
			for _, proof := range []string{jwt, narrow} {
				if a := s.Get(t, proof, "/api/profiles"); a.Status != 401 {
					t.Errorf("after %s: %d %s", name, a.Status, a.Body)
				}
			}
			if a := s.Get(t, key, "/api/profiles"); a.Status != 401 && name != "narrowing" || a.Status == 200 {
				t.Errorf("the key after %s: %d %s", name, a.Status, a.Body)
			}
		}
	})
	t.Run("scopes are kept", func(t *testing.T) {
		key, _ := keyOf(t, s, alice, "localhost", `{"scopes":"caldav:read,file:b1~abc123:R"}`)
		jwt := token(key).Want(200).Text("data.token")
		for _, proof := range []string{key, jwt} {
			failed(t, s.Get(t, proof, "/api/profiles"), 403, "E-AUTH-NOPERM")
			failed(t, s.Get(t, proof, "/api/auth/access-token?scope=carddav:read"), 403, "E-AUTH-NOPERM")
			s.Get(t, proof, "/api/auth/access-token?scope=file:b1~abc123:R").Want(200)
		}
		s.Get(t, jwt, "/api/profile/alice").Want(403)
	})
	t.Run("a disabled person's keys are dead at once, and so are an erased one's", func(t *testing.T) {
		xia := login(t, s, under("xia"))
		key, _ := keyOf(t, s, xia, "localhost", `{}`)
		jwt := token(key).Want(200).Text("data.token")
		donny := login(t, s, under("donny"))
		s.Patch(t, donny, "/api/admin/profiles/"+under("xia"), `{"status":"suspended"}`).Want(200)
		for _, proof := range []string{key, jwt} {
			failed(t, s.Get(t, proof, "/api/profiles"), 401, "E-AUTH-UNAUTH")
		}
		failed(t, token(key), 401, "E-AUTH-UNAUTH")
		s.Patch(t, donny, "/api/admin/profiles/"+under("xia"), `{"status":"active"}`).Want(200)
		s.Get(t, key, "/api/profiles").Want(200)
		s.Delete(t, s.Login(t, "donny"), "/api/users/xia").Want(204)
		failed(t, s.Get(t, key, "/api/profiles"), 401, "E-AUTH-UNAUTH")
		failed(t, token(key), 401, "E-AUTH-UNAUTH")
	})
}

func TestAPIKeysOfACommunityAreItsLeaders(t *testing.T) {
	s := start(t)
	alice, xia := login(t, s, under("alice")), login(t, s, under("xia"))
	s.Put(t, alice, "/api/profiles/"+under("club"), `{"type":"idp","name":"Club"}`).Want(201)
	key, path := keyOf(t, s, alice, hostOfClub, `{"name":"calendar of the club"}`)
	for _, call := range []struct{ method, path string }{{"GET", "/api/auth/api-keys"}, {"POST", "/api/auth/api-keys"}, {"GET", path}, {"PATCH", path}, {"DELETE", path}} {
		var body any
		if call.method == "POST" || call.method == "PATCH" {
			body = `{}`
		}
		failed(t, at(t, s, hostOfClub, xia, call.method, call.path, body), 403, "E-AUTH-NOPERM")
		failed(t, at(t, s, hostOfClub, login(t, s, under("donny")), call.method, call.path, body), 403, "E-AUTH-NOPERM")
		failed(t, at(t, s, hostOfClub, "", call.method, call.path, body), 401, "E-AUTH-UNAUTH")
	}
	failed(t, at(t, s, hostOfAlice, xia, "GET", "/api/auth/api-keys", nil), 403, "E-AUTH-NOPERM")
	s.Get(t, alice, "/api/auth/api-keys").Want(200).Is(map[string]any{"data": []any{}}) // alice's own are others
	failed(t, s.Get(t, alice, path), 404, "E-CORE-NOTFOUND")

	jwt := at(t, s, hostOfClub, "", "GET", "/api/auth/access-token?apiKey="+key, nil).Want(200).Text("data.token")
	for _, proof := range []string{key, jwt} {
		at(t, s, hostOfClub, proof, "GET", "/api/me", nil).Want(200).Is(map[string]any{"data.idTag": under("club"), "data.name": "Club"})
		s.Get(t, proof, "/api/me").Want(200).Is(map[string]any{"data.idTag": under("club")})
		at(t, s, hostOfClub, proof, "POST", "/api/auth/login-init", `{}`).Want(200).Is(map[string]any{"data.login.idTag": under("club")})
		failed(t, at(t, s, hostOfClub, proof, "GET", "/api/auth/api-keys", nil), 403, "E-AUTH-NOPERM")
		failed(t, s.Put(t, proof, "/api/profiles/"+under("other"), `{"type":"idp"}`), 403, "E-AUTH-NOPERM")
	}
	s.Get(t, jwt, "/api/profile/alice").Want(403)
	s.Get(t, jwt, "/api/users/alice").Want(403)
	s.Get(t, jwt, "/api/accounts").Want(403)
}

func TestAPIKeysOfACommunityEndWithTheRoleOfWhoMadeThem(t *testing.T) {
	for name, end := range map[string]func(t *testing.T, s *facetest.Service, alice string){
		"a lower role": func(t *testing.T, s *facetest.Service, alice string) {
			at(t, s, hostOfClub, alice, "PATCH", "/api/admin/profiles/"+under("xia"), `{"roles":["moderator"]}`).Want(200)
		},
		"blocking": func(t *testing.T, s *facetest.Service, alice string) {
			at(t, s, hostOfClub, alice, "PATCH", "/api/profiles/"+under("xia"), `{"relationship":"block"}`).Want(200)
		},
		"leaving": func(t *testing.T, s *facetest.Service, _ string) {
			s.Patch(t, login(t, s, under("xia")), "/api/profiles/"+under("club"), `{"relationship":"disconnect"}`).Want(200)
		},
		"suspending": func(t *testing.T, s *facetest.Service, _ string) {
			s.Patch(t, login(t, s, under("donny")), "/api/admin/profiles/"+under("xia"), `{"status":"suspended"}`).Want(200)
		},
		"erasing": func(t *testing.T, s *facetest.Service, _ string) {
			s.Delete(t, s.Login(t, "donny"), "/api/users/xia").Want(204)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t)
			alice, xia := login(t, s, under("alice")), login(t, s, under("xia"))
			s.Put(t, alice, "/api/profiles/"+under("club"), `{"type":"idp","name":"Club"}`).Want(201)
			at(t, s, hostOfClub, alice, "PATCH", "/api/profiles/"+under("xia"), `{"relationship":"connect"}`).Want(200)
			s.Patch(t, xia, "/api/profiles/"+under("club"), `{"relationship":"accept"}`).Want(200)
			at(t, s, hostOfClub, alice, "PATCH", "/api/admin/profiles/"+under("xia"), `{"roles":["leader"]}`).Want(200)
			proofs := map[string]string{}
			for kind, body := range map[string]string{"key": `{}`, "scoped key": `{"scopes":"file:b1~abc123:R"}`} {
				key, _ := keyOf(t, s, xia, hostOfClub, body)
				proofs[kind] = key
				proofs["token of a "+kind] = at(t, s, hostOfClub, "", "GET", "/api/auth/access-token?apiKey="+key, nil).Want(200).Text("data.token")
			}
			others, _ := keyOf(t, s, alice, hostOfClub, `{}`)
			call := func(proof string) facetest.Answer {
				return at(t, s, hostOfClub, proof, "GET", "/api/auth/access-token?scope=file:b1~abc123:R", nil)
			}
			for kind, proof := range proofs {
				if a := call(proof); a.Status != 200 {
					t.Errorf("%s: %d %s", kind, a.Status, a.Body)
				}
			}
			end(t, s, alice)
			for kind, proof := range proofs {
				if a := call(proof); a.Status != 401 {
					t.Errorf("%s: %d %s", kind, a.Status, a.Body)
				}
			}
			call(others).Want(200)
		})
	}
}

func TestNobodyHasMoreAPIKeysThanAllowed(t *testing.T) {
	s := start(t)
	alice := login(t, s, under("alice"))
	for range 45 {
		keyOf(t, s, alice, "localhost", `{}`)
	}
	var wait sync.WaitGroup
	statuses := make(chan int, 10)
	for range 10 {
		wait.Go(func() { statuses <- s.Post(t, alice, "/api/auth/api-keys", `{}`).Status })
	}
	wait.Wait()
	close(statuses)
	got := map[int]int{}
	for status := range statuses {
		got[status]++
	}
	if got[201] != 5 || got[409] != 5 {
		t.Errorf("ten more at once: %v", got)
	}
}
