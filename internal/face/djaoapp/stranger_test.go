package djaoapp_test

import (
	"testing"
	"time"

	"facet/internal/facetest"
)

// names are those of somebody, of who has no password yet,
// of a profile, and of nobody.
func names(t *testing.T, s *facetest.Service) []string {
	t.Helper()
	s.Post(t, s.Login(t, "donny"), "/api/profile/cowork/roles/contributor?force=1", `{"email":"invited@example.com"}`).Want(201)
	s.Mails(t)
	return []string{"xia", "invited", "cowork", "nobody-at-all", "nobody@example.com", "xia@localhost.localdomain", "+14155550199"}
}

func TestW3ALockDoesNotTellWhoIsThere(t *testing.T) {
	s := serve(t)
	for _, name := range names(t, s) {
		in := func() facetest.Answer {
			return s.Post(t, "", "/api/auth", map[string]string{"username": name, "password": "nono"})
		}
		if name == "xia@localhost.localdomain" { // the same lock as xia's
			in().WantJSON(429, tooMany)
			continue
		}
		for range 10 {
			in().WantJSON(401, wrongPassword)
		}
		a := in()
		a.WantJSON(429, tooMany)
		if got := a.Header.Get("Retry-After"); got != "900" {
			t.Errorf("%s: Retry-After %q", name, got)
		}
	}
	s.Post(t, "", "/api/auth", `{"username":"NOBODY-at-all","password":"nono"}`).WantJSON(429, tooMany)
	s.Clock.Advance(15*time.Minute + time.Second)
	for range 10 {
		s.Post(t, "", "/api/auth", `{"username":"nobody-at-all","password":"nono"}`).WantJSON(401, wrongPassword)
	}
	s.Mails(t)
	s.Clock.Advance(20 * time.Minute) // the first count is over, the second not forgotten
	s.Mails(t)
	s.Post(t, "", "/api/auth", `{"username":"nobody-at-all","password":"nono"}`).WantJSON(401, wrongPassword)
	s.Clock.Advance(time.Hour)
	s.Mails(t) // jobs have dropped the counts
	s.Post(t, "", "/api/auth", `{"username":"nobody-at-all","password":"nono"}`).WantJSON(401, wrongPassword)
}

func TestW3TriesOfCodesDoNotTellWhoIsThere(t *testing.T) {
	s := serve(t)
	for _, name := range names(t, s) {
		if name == "xia@localhost.localdomain" {
			continue
		}
		in := func() facetest.Answer {
			field := "email_code"
			if name[0] == '+' {
				field = "phone_code"
			}
			return s.Post(t, "", "/api/auth", map[string]string{"username": name, field: "0"})
		}
		before := in() // there is no code yet
		s.Post(t, "", "/api/auth/recover", map[string]string{"username": name}).Want(200)
		for range 5 {
			if a := in(); a.Status != 400 || string(a.Body) != string(before.Body) {
				t.Errorf("%s: %d %s, before %s", name, a.Status, a.Body, before.Body)
			}
		}
		in().WantJSON(429, tooMany)
		s.Post(t, "", "/api/auth/recover", map[string]string{"username": name}).Want(200)
		a := in()
		a.WantJSON(429, tooMany)
		if got := a.Header.Get("Retry-After"); got != "3600" {
			t.Errorf("%s: Retry-After %q", name, got)
		}
	}
	for _, m := range s.Mails(t) {
		if m.To == "nobody-at-all" || m.To == "cowork" || m.To == "" {
			t.Errorf("a mail to %q", m.To)
		}
	}
	s.Clock.Advance(time.Hour + time.Second)
	s.Mails(t)
	s.Post(t, "", "/api/auth", `{"username":"nobody-at-all","email_code":"0"}`).WantJSON(400, wrongEmailCode)
}
