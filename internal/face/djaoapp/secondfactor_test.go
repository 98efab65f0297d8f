package djaoapp_test

import (
	"testing"

	"facet/internal/directory"
	"facet/internal/facetest"
)

const needsOTP = `{"otp_code":"OTP code is required."}`

func TestCompletingAnAccountAsksForTheOneTimePassword(t *testing.T) {
	const xia = "xia@localhost.localdomain"
	for name, begin := range map[string]func(*testing.T, *facetest.Service) (path string, body map[string]string){
		"by code": func(t *testing.T, s *facetest.Service) (string, map[string]string) {
			return "/api/auth/register", map[string]string{"email": xia, "full_name": "Xia", "email_code": mailedCode(t, s, "xia", xia)}
		},
		"by key": func(t *testing.T, s *facetest.Service) (string, map[string]string) {
			return activation(t, s, "/api/auth/"), map[string]string{}
		},
		"by the older path": func(t *testing.T, s *facetest.Service) (string, map[string]string) {
			return activation(t, s, "/api/auth/activate/"), map[string]string{}
		},
		"by resetting": func(t *testing.T, s *facetest.Service) (string, map[string]string) {
			return activation(t, s, "/api/auth/reset/"), map[string]string{}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t)
			token := s.Login(t, "xia")
			next := enableOTP(t, s, token, "xia")
			s.Delete(t, token, "/api/users/xia/password").Want(204)
			s.Mails(t)
			path, body := begin(t, s)
			body["new_password"] = "yeye"
			s.Post(t, "", path, body).WantJSON(401, needsOTP)
			code := next()
			body["otp_code"] = another(code)
			s.Post(t, "", path, body).WantJSON(400, wrongOTP)
			s.Post(t, "", "/api/auth", map[string]string{"username": "xia", "password": "yeye", "otp_code": next()}).WantJSON(401, wrongPassword) // nothing is set
			body["otp_code"] = next()
			s.Post(t, "", path, body).Want(201)
			s.Post(t, "", "/api/auth", map[string]string{"username": "xia", "password": "yeye"}).WantJSON(401, needsOTP) // they stay on
			s.Post(t, "", "/api/auth", map[string]string{"username": "xia", "password": "yeye", "otp_code": next()}).Want(201)
		})
	}
}

// activation mails xia the key to choose a password, and gives the path of it
// under a prefix.
func activation(t *testing.T, s *facetest.Service, prefix string) string {
	t.Helper()
	s.Post(t, s.Login(t, "donny"), "/api/users/xia/activate", nil).Want(200)
	return prefix + mailedKey(t, s)[len("/api/auth/"):]
}

func TestWrongOneTimePasswordsOfWhoCompletesAnAccountAreCounted(t *testing.T) {
	s := serve(t)
	token := s.Login(t, "xia")
	next := enableOTP(t, s, token, "xia")
	s.Delete(t, token, "/api/users/xia/password").Want(204)
	path := activation(t, s, "/api/auth/")
	for range 3 {
		s.Post(t, "", path, map[string]string{"new_password": "yeye", "otp_code": another(next())}).WantJSON(400, wrongOTP)
	}
	s.Post(t, "", path, map[string]string{"new_password": "yeye", "otp_code": next()}).Want(403)
}

func TestAnOperatorWhoRegistersOthersGetsNoTokenOfTheirs(t *testing.T) {
	s := serve(t)
	do, root := siteOf(t, s, directory.Policy{Registration: directory.RegistrationOpen, Frictionless: true})
	invite(do, root, "ann@example.com")
	for body, name := range map[string]string{
		`{"username":"ann","new_password":"yoyo","full_name":"Ann","email":"ann@example.com"}`: "ann", // completes
		`{"username":"bea","new_password":"yoyo","full_name":"Bea","email":"bea@example.com"}`: "bea",
	} {
		a := do(facetest.Call{Method: "POST", Path: "/api/auth/register?cookie=1", Token: root, Body: body})
		a.WantJSON(201, `{"token":""}`)
		if got := a.Header.Values("Set-Cookie"); len(got) > 0 {
			t.Errorf("cookies %v", got)
		}
		do(facetest.Call{Method: "POST", Path: "/api/auth", Body: map[string]string{"username": name, "password": "yoyo"}}).Want(201)
	}
}

func TestAnOperatorWhoCompletesAnAccountLeavesOneTimePasswordsOn(t *testing.T) {
	s := serve(t)
	token := s.Login(t, "xia")
	next := enableOTP(t, s, token, "xia")
	s.Delete(t, token, "/api/users/xia/password").Want(204)
	const body = `{"new_password":"yeye","full_name":"Xia","email":"xia@localhost.localdomain"}`
	s.Post(t, s.Login(t, "donny"), "/api/auth/register", body).WantJSON(201, `{"token":""}`)
	s.Post(t, "", "/api/auth", `{"username":"xia","password":"yeye"}`).WantJSON(401, needsOTP)
	s.Post(t, "", "/api/auth", map[string]string{"username": "xia", "password": "yeye", "otp_code": next()}).Want(201)
}
