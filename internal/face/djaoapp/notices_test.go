package djaoapp_test

import (
	"strings"
	"testing"

	"facet/internal/facetest"
)

// mailsTo gives the subjects of the mails that wait for an address.
func mailsTo(t *testing.T, s *facetest.Service, to string) (out []string) {
	t.Helper()
	for _, m := range s.Mails(t) {
		if m.To == to {
			out = append(out, m.Subject)
		}
	}
	return out
}

func TestWhoWantsNoNoticeOfAKindGetsNone(t *testing.T) {
	const alice = "alice@localhost.localdomain"
	type step func(t *testing.T, s *facetest.Service)
	as := func(user, method, path, body string, status int) step {
		return func(t *testing.T, s *facetest.Service) {
			t.Helper()
			s.Do(t, facetest.Call{Method: method, Path: path, Body: body, Token: s.Login(t, user)}).Want(status)
		}
	}
	plan := as("donny", "POST", "/api/profile/cowork/plans", `{"title":"Desk","is_active":true,"optin_on_request":true}`, 201)
	own := as("alice", "POST", "/api/profile/alice/plans", `{"title":"Lesson","is_active":true,"optin_on_request":true}`, 201)
	accept := func(user, list string) step {
		return func(t *testing.T, s *facetest.Service) {
			t.Helper()
			token := s.Login(t, user)
			a := s.Get(t, token, list).Want(200)
			url, ok := a.At("results.0.accept_grant_api_url")
			if !ok || url == nil {
				url, _ = a.At("results.0.accept_request_api_url")
			}
			s.Post(t, token, strings.TrimPrefix(url.(string), facetest.BaseURL), `{}`).Want(200)
		}
	}
	for kind, c := range map[string]struct {
		before []step
		act    step
	}{
		"role_grant_created_notice":           {nil, as("donny", "POST", "/api/profile/cowork/roles/contributor", `{"slug":"alice"}`, 201)},
		"role_request_created_notice":         {nil, as("xia", "POST", "/api/users/xia/accessibles/contributor", `{"slug":"alice"}`, 201)},
		"subscription_grant_created_notice":   {[]step{plan}, as("donny", "POST", "/api/profile/cowork/plans/desk/subscriptions", `{"profile":{"slug":"alice"}}`, 201)},
		"subscription_request_created_notice": {[]step{own}, as("xia", "POST", "/api/profile/xia/subscriptions", `{"plan":"lesson"}`, 201)},
		"subscription_grant_accepted_notice": {
			[]step{own, as("alice", "POST", "/api/profile/alice/plans/lesson/subscriptions", `{"profile":{"slug":"xia"}}`, 201)},
			accept("xia", "/api/profile/xia/subscriptions"),
		},
		"subscription_request_accepted_notice": {
			[]step{plan, as("alice", "POST", "/api/profile/alice/subscriptions", `{"plan":"desk"}`, 201)},
			accept("donny", "/api/profile/cowork/plans/desk/subscriptions/all"),
		},
	} {
		for _, unwanted := range []string{"", "user_registered_notice", kind} {
			s := serve(t)
			for _, do := range c.before {
				do(t, s)
			}
			if unwanted != "" {
				as("alice", "PUT", "/api/users/alice/notifications", `{"notifications":["`+unwanted+`"]}`, 200)(t, s)
			}
			s.Mails(t)
			c.act(t, s)
			want := 1
			if unwanted == kind {
				want = 0
			}
			if got := mailsTo(t, s, alice); len(got) != want {
				t.Errorf("%s, without %q: %d mails, want %d: %q", kind, unwanted, len(got), want, got)
			}
		}
	}
}

func TestWhatConcernsSigningInIsMailedAlways(t *testing.T) {
	s := serve(t)
	alice := s.Login(t, "alice")
	s.Put(t, alice, "/api/users/alice/notifications", map[string]any{"notifications": []string{
		"role_grant_created_notice", "notice", "recover", "verify", "user_registered_notice",
	}}).Want(200)
	const to = "alice@localhost.localdomain"
	s.Post(t, "", "/api/auth/recover", `{"username":"alice"}`).Want(200)
	if got := mailsTo(t, s, to); len(got) != 1 {
		t.Errorf("the code: %q", got)
	}
	s.Put(t, alice, "/api/users/alice/password", `{"password":"yoyo","new_password":"another one"}`).Want(200)
	if got := mailsTo(t, s, to); len(got) != 1 {
		t.Errorf("the password changed: %q", got)
	}
	alice = s.Post(t, "", "/api/auth", `{"username":"alice","password":"another one"}`).Want(201).Text("token")
	s.Patch(t, alice, "/api/users/alice", `{"email":"alice@elsewhere.example"}`).Want(200)
	if got := mailsTo(t, s, to); len(got) != 1 {
		t.Errorf("the e-mail changed: %q", got)
	}
	donny := s.Login(t, "donny")
	s.Delete(t, donny, "/api/users/alice/password").Want(204)
	s.Mails(t)
	s.Post(t, donny, "/api/users/alice/activate", nil).Want(200)
	if got := mailsTo(t, s, "alice@elsewhere.example"); len(got) != 1 {
		t.Errorf("the key: %q", got)
	}
}
