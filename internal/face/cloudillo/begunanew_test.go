package cloudillo_test

import (
	"encoding/base64"
	"regexp"
	"testing"

	"facet/internal/facetest"
)

var sixDigits = regexp.MustCompile(`\b\d{6}\b`)

// textedCode has a code sent to a phone.
func textedCode(t *testing.T, s *facetest.Service, token, phone string) string {
	t.Helper()
	s.Post(t, token, "/api/auth/recover", `{"username":"`+phone+`"}`).Want(200)
	texts := s.Texts(t)
	if len(texts) != 1 || texts[0].To != phone {
		t.Fatalf("texts: %v", texts)
	}
	return sixDigits.FindString(texts[0].Text)
}

// Somebody registers with the address of another, and waits for them to take the
// account over: nothing that was put there before lets anybody in after.
func TestAFirstPasswordEndsWhatLetInWhoCameBefore(t *testing.T) {
	s := start(t)
	s.Watch = nil // DjaoApp's paths too
	const phone = "+14155555556"
	token := enrol(t, s, "domain", "victim.example.com", "victim@mail.example").Text("data.token")
	ref := refMailed(t, s, "victim@mail.example")
	key, _ := keyOf(t, s, token, "localhost", `{}`)
	s.Patch(t, token, "/api/users/victim", map[string]string{"phone": phone}).Want(200)
	s.Patch(t, token, "/api/users/victim", map[string]string{"phone_code": textedCode(t, s, token, phone)}).Want(200)
	api := s.Post(t, token, "/api/users/victim/api-keys", map[string]string{"title": "x", "phone_code": textedCode(t, s, token, phone)}).Want(201).Text("secret")
	byAPIKey := func() facetest.Answer {
		return s.Do(t, facetest.Call{Method: "GET", Path: "/api/users/victim", Header: map[string]string{"Authorization": "Basic " + base64.StdEncoding.EncodeToString([]byte(api+":"))}})
	}
	byAPIKey().Want(200)

	owner := s.Post(t, "", "/api/auth/set-password", map[string]string{"refId": ref, "newPassword": "next"}).Want(200).Text("data.token")
	for name, proof := range map[string]string{"session": token, "key": key} {
		if a := s.Get(t, proof, "/api/profiles"); a.Status != 401 {
			t.Errorf("the %s of before: %d %s", name, a.Status, a.Body)
		}
	}
	byAPIKey().Want(403)
	s.Get(t, owner, "/api/auth/api-keys").Want(200).Is(map[string]any{"data": []any{}})
	s.Post(t, "", "/api/auth", map[string]string{"username": phone, "phone_code": textedCode(t, s, "", phone)}).Want(401)
}

func TestANewPasswordLeavesAPIKeys(t *testing.T) {
	s := start(t)
	key, _ := keyOf(t, s, login(t, s, under("alice")), "localhost", `{}`)
	forgot(t, s, `{"email":"`+under("alice")+`"}`).Want(200)
	s.Post(t, "", "/api/auth/set-password", map[string]string{"refId": refMailed(t, s, under("alice")), "newPassword": "next"}).Want(200)
	s.Get(t, key, "/api/profiles").Want(200)
}
