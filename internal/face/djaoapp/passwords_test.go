package djaoapp_test

import (
	"testing"

	"facet/internal/directory"
	"facet/internal/facetest"
)

func TestWhoClearedThePasswordSignsInByCodeAndSetsAnother(t *testing.T) {
	s := serve(t)
	const address = "xia@localhost.localdomain"
	xia := s.Login(t, "xia")
	s.Delete(t, xia, "/api/users/xia/password").Want(204)
	s.Get(t, xia, "/api/users/xia").WantJSON(403, denied) // its sessions are over
	s.Mails(t)

	// neither the old password nor an empty one is right
	for _, password := range []string{"yoyo", "", "!"} {
		s.Post(t, "", "/api/auth", map[string]string{"username": "xia", "password": password}).Want(401)
	}
	s.Mails(t)
	s.Post(t, "", "/api/auth/recover", `{"username":"xia"}`).Want(200)
	code := codeIn(t, s, address)
	xia = s.Post(t, "", "/api/auth", map[string]string{"username": "xia", "email_code": code}).Want(201).Text("token")
	s.Get(t, xia, "/api/users/xia").Want(200).Is(map[string]any{"credentials": false})

	s.Put(t, xia, "/api/users/xia/password", `{"new_password":"another one"}`).Want(401)
	s.Put(t, xia, "/api/users/xia/password", `{"new_password":"another one","password":"yoyo"}`).Want(401)
	s.Put(t, xia, "/api/users/xia/password", map[string]string{"new_password": "another one", "email_code": code}).Want(200)
	s.Post(t, "", "/api/auth", `{"username":"xia","password":"yoyo"}`).Want(401)
	xia = s.Post(t, "", "/api/auth", `{"username":"xia","password":"another one"}`).Want(201).Text("token")
	s.Get(t, xia, "/api/users/xia").Want(200).Is(map[string]any{"credentials": true})
}

func TestW5ARealSiteRefusesCommonPasswords(t *testing.T) {
	s := serve(t)
	policy := directory.DefaultPolicy()
	policy.Registration, policy.UnverifiedEmail = directory.RegistrationOpen, true
	if _, err := s.Directory.CreateSite(t.Context(), directory.NewSite{Name: "strict", Domain: "strict.example", Policy: policy}); err != nil {
		t.Fatal(err)
	}
	at := func(path, body string) facetest.Answer {
		return s.Do(t, facetest.Call{Method: "POST", Path: path, Body: body, Header: map[string]string{"Host": "strict.example"}})
	}
	for _, password := range []string{"Password123!", "qwertyuiop", "1234567890", "aaaaaaaaaaaa"} {
		at("/api/auth/register", `{"username":"joe1","new_password":"`+password+`","full_name":"Joe","email":"joe@example.com"}`).
			WantJSON(400, `{"new_password":["This password is too common."]}`)
	}
	at("/api/auth/register", `{"username":"joe1","new_password":"blue tomato lake","full_name":"Joe","email":"joe@example.com"}`).Want(201)
}
