package djaoapp_test

import (
	"strings"
	"testing"

	"facet/internal/facetest"
)

// nameChanges are bodies that change by what xia signs in, or where codes go.
var nameChanges = []string{`{"full_name":"Xia","email":"eve@example.com"}`, `{"full_name":"Xia","phone":"+14155550000"}`, `{"full_name":"Xia","slug":"eve"}`}

func TestAnAPIKeyDoesNotTakeItsUserOver(t *testing.T) {
	s := serve(t)
	xia := s.Login(t, "xia")
	key := s.Post(t, xia, "/api/users/xia/api-keys", `{"password":"yoyo"}`).Want(201).Text("secret")
	by := func(method, path, body string) facetest.Answer {
		c := withKey(method, path, key)
		if body != "" {
			c.Body = body
		}
		return s.Do(t, c)
	}
	for _, path := range []string{"/api/users/xia", "/api/profile/xia"} {
		for _, body := range nameChanges {
			by("PATCH", path, body).WantJSON(403, denied)
			by("PUT", path, body).WantJSON(403, denied)
		}
		by("PATCH", path, `{"full_name":"Xia T. Lee"}`).Want(200) // what is no way in is as before
		by("PUT", path, `{"full_name":"Xia Lee","email":"xia@localhost.localdomain"}`).Want(200)
	}
	by("DELETE", "/api/users/xia/password", "").WantJSON(403, denied)
	by("PUT", "/api/users/xia/password", `{"password":"yoyo","new_password":"yeye"}`).WantJSON(403, denied)
	by("PUT", "/api/users/xia/otp", `{"password":"yoyo","otp_enabled":true,"email_verification_enabled":false,"phone_verification_enabled":false}`).WantJSON(403, denied)
	by("POST", "/api/users/xia/api-keys", `{"password":"yoyo"}`).WantJSON(403, denied)
	by("DELETE", "/api/users/xia/api-keys/"+key[:32], "").WantJSON(403, denied)
	if mails := s.Mails(t); len(mails) > 0 {
		t.Errorf("mails %v", mails)
	}
	s.Delete(t, xia, "/api/users/xia/password").Want(204)
	by("PATCH", "/api/users/xia", nameChanges[0]).WantJSON(403, denied) // nor without a password
}

func TestAnOperatorsAPIKeyTakesNobodyOver(t *testing.T) {
	s := serve(t)
	donny := s.Login(t, "donny")
	key := s.Post(t, donny, "/api/users/donny/api-keys", `{"password":"yoyo"}`).Want(201).Text("secret")
	for _, body := range nameChanges {
		c := withKey("PATCH", "/api/users/xia", key)
		c.Body = body
		s.Do(t, c).WantJSON(403, denied)
	}
	c := withKey("DELETE", "/api/users/xia/password", key)
	s.Do(t, c).WantJSON(403, denied)
	s.Patch(t, donny, "/api/users/xia", nameChanges[0]).Want(200)
}

func TestManagersOfAPersonalProfileDoNotTakeThePersonOver(t *testing.T) {
	s := serve(t)
	xia, alice := s.Login(t, "xia"), s.Login(t, "alice")
	s.Post(t, xia, "/api/profile/xia/roles/manager", `{"slug":"alice"}`).Want(201)
	list := s.Get(t, alice, "/api/users/alice/accessibles?role_status=pending").Want(200)
	s.Put(t, alice, strings.TrimPrefix(list.Text("results.0.accept_grant_api_url"), facetest.BaseURL), nil).Want(200)
	s.Mails(t)
	for _, body := range nameChanges {
		s.Patch(t, alice, "/api/profile/xia", body).WantJSON(403, denied)
	}
	s.Patch(t, alice, "/api/profile/xia", `{"locality":"San Francisco"}`).Want(200)
	if mails := s.Mails(t); len(mails) > 0 {
		t.Errorf("mails %v", mails)
	}
}

func TestTheOldEMailIsToldOfANewOneInTheProfileToo(t *testing.T) {
	s := serve(t)
	xia := s.Login(t, "xia")
	s.Patch(t, xia, "/api/profile/xia", nameChanges[0]).Want(200)
	mails := s.Mails(t)
	if len(mails) != 1 || mails[0].To != "xia@localhost.localdomain" || !strings.Contains(mails[0].Subject, "e-mail address was changed") {
		t.Errorf("mails %v", mails)
	}
	s.Patch(t, xia, "/api/profile/xia", `{"email":"Eve@Example.com"}`).Want(200)
	if mails := s.Mails(t); len(mails) > 0 {
		t.Errorf("the same e-mail, told: %v", mails)
	}
}
