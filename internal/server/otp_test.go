package server_test

import (
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"facet/internal/facetest"
)

// The entity face has nothing to sign in at: its check of a password starts no
// session.
func TestOneTimePasswordsHoldInEveryFace(t *testing.T) {
	s := facetest.New(t, faces()...)
	const on = `{"password":"yoyo","otp_enabled":true,"email_verification_enabled":false,"phone_verification_enabled":false}`
	key := s.Put(t, s.Login(t, "xia"), "/api/users/xia/otp", on).Want(201).Text("priv_key")
	for path, c := range map[string]struct {
		field, name    string
		refused, right int
	}{
		"/api/auth":           {"username", "xia", 401, 201},
		"/api/auth/login":     {"idTag", "xia@localhost.localdomain", 401, 200},
		"/api/users/v1/login": {"email", "xia@localhost.localdomain", 401, 200},
		"/auth/login":         {"username", "xia", 401, 200},
	} {
		t.Run(path, func(t *testing.T) {
			call := facetest.Call{Method: "POST", Path: path, Header: map[string]string{"X-API-KEY": "demo-api-key"}}
			body := map[string]string{c.field: c.name, "password": facetest.Password}
			call.Body = body
			s.Do(t, call).Want(c.refused)
			s.Clock.Advance(30 * time.Second) // each is good once
			code, err := totp.GenerateCode(key, s.Clock.Now())
			if err != nil {
				t.Fatal(err)
			}
			body["otp_code"] = code
			s.Do(t, call).Want(c.right)
			if a := s.Do(t, call); a.Status < 400 {
				t.Errorf("one is good twice: %s", a.Body)
			}
		})
	}
}
