package djaoapp_test

import (
	"testing"
	"time"

	"facet/internal/directory"
	"facet/internal/facetest"
)

// siteOf makes a site of a policy, with an operator root, and gives a way to
// call it.
func siteOf(t *testing.T, s *facetest.Service, policy directory.Policy) (do func(facetest.Call) facetest.Answer, root string) {
	t.Helper()
	policy.DemoPasswords = true
	site, err := s.Directory.CreateSite(t.Context(), directory.NewSite{Name: "other", Domain: "other.example", Policy: policy})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := site.AddOperator(t.Context(), directory.NewOperator{Username: "root", Email: "root@other.example", Password: facetest.Password}); err != nil {
		t.Fatal(err)
	}
	do = func(c facetest.Call) facetest.Answer {
		t.Helper()
		if c.Header == nil {
			c.Header = map[string]string{}
		}
		c.Header["Host"] = "other.example"
		return s.Do(t, c)
	}
	root = do(facetest.Call{Method: "POST", Path: "/api/auth", Body: `{"username":"root","password":"yoyo"}`}).Want(201).Text("token")
	return do, root
}

// invite makes a user without a password by a forced grant of a role.
func invite(do func(facetest.Call) facetest.Answer, root, email string) {
	do(facetest.Call{Method: "POST", Path: "/api/users/root/profiles", Token: root, Body: `{"slug":"shop","full_name":"The Shop"}`}).Want(201)
	do(facetest.Call{Method: "POST", Path: "/api/profile/shop/roles/manager?force=1", Token: root, Body: map[string]string{"email": email, "full_name": "Ann"}}).Want(201)
}

func TestRegisteringFollowsTheSitesPolicy(t *testing.T) {
	const ann, disabled = "ann@example.com", `{"detail":"registration is disabled."}`
	account := func(more ...string) map[string]string {
		out := map[string]string{"username": "ann", "new_password": "yoyo", "full_name": "Ann", "email": ann}
		for i := 0; i < len(more); i += 2 {
			out[more[i]] = more[i+1]
		}
		return out
	}
	for _, c := range []struct {
		policy            directory.Registration
		plain, code, root int // by who proves nothing, who has a code, and an operator
	}{
		{directory.RegistrationOpen, 401, 201, 201},
		{directory.RegistrationInvitation, 403, 403, 201},
		{directory.RegistrationClosed, 403, 403, 201},
	} {
		t.Run(string(c.policy), func(t *testing.T) {
			s := serve(t)
			do, root := siteOf(t, s, directory.Policy{Registration: c.policy})
			post := func(token string, body map[string]string) facetest.Answer {
				return do(facetest.Call{Method: "POST", Path: "/api/auth/register", Token: token, Body: body})
			}
			a := post("", account()).Want(c.plain)
			if c.plain == 403 {
				a.WantJSON(403, disabled)
			} else {
				a.WantJSON(401, `{"email":"This e-mail address must be verified before going any further. (Click the button below to send a verification code.)"}`)
			}
			do(facetest.Call{Method: "POST", Path: "/api/auth/recover", Body: map[string]string{"username": ann}}).Want(200)
			mails := s.Mails(t)
			if (len(mails) == 1) != (c.policy == directory.RegistrationOpen) {
				t.Errorf("mails %v", mails)
			}
			if c.policy == directory.RegistrationOpen {
				code := codeForm.FindString(mails[0].Text)
				post("", account("email_code", another(code))).WantJSON(400, wrongEmailCode)
				post("", account("email_code", code, "email", "eve@example.com")).WantJSON(400, wrongEmailCode)
				post("", account("email_code", code)).Want(c.code)
				post("", account("email_code", code, "username", "ann2")).WantJSON(400, wrongEmailCode) // it is used up
			}
			post(root, account("username", "bea", "email", "bea@example.com")).Want(c.root)
		})
	}
}

func TestAnInvitationIsCompletedOnlyByWhoProvesTheEMail(t *testing.T) {
	const ann = "ann@example.com"
	s := serve(t)
	do, root := siteOf(t, s, directory.Policy{Registration: directory.RegistrationInvitation, Frictionless: true})
	invite(do, root, ann)
	s.Mails(t)
	account := map[string]string{"username": "annie", "new_password": "yoyo", "full_name": "Ann Lee", "email": ann, "type": "personal"}
	post := func() facetest.Answer {
		return do(facetest.Call{Method: "POST", Path: "/api/auth/register", Body: account})
	}
	post().WantJSON(403, `{"detail":"registration is disabled."}`)
	do(facetest.Call{Method: "POST", Path: "/api/auth/recover", Body: map[string]string{"username": ann}}).Want(200)
	code := codeIn(t, s, ann)
	account["email_code"] = another(code)
	post().WantJSON(400, wrongEmailCode)
	account["email_code"] = code
	token := post().Want(201).Text("token")
	do(facetest.Call{Method: "GET", Path: "/api/profile/annie", Token: token}).Want(200).Is(map[string]any{"full_name": "Ann Lee", "type": "personal"})
	do(facetest.Call{Method: "POST", Path: "/api/auth", Body: `{"username":"annie","password":"yoyo"}`}).Want(201)
	delete(account, "email_code")
	post().Want(403)

	// Where everybody may register, the address alone is no proof either.
	register(t, s, "ann", "email", ann)
	s.Delete(t, s.Login(t, "donny"), "/api/users/ann/password").Want(204)
	s.Post(t, "", "/api/auth/register", account).WantJSON(400, `{"email":"This e-mail address is already taken."}`)
	account["email_code"] = mailedCode(t, s, ann, ann)
	s.Post(t, "", "/api/auth/register", account).Want(201)
}

func TestAnOperatorCompletesAnInvitation(t *testing.T) {
	s := serve(t)
	do, root := siteOf(t, s, directory.Policy{Registration: directory.RegistrationClosed, Frictionless: true})
	invite(do, root, "ann@example.com")
	do(facetest.Call{Method: "POST", Path: "/api/auth/register", Token: root, Body: `{"username":"annie","new_password":"yoyo","full_name":"Ann","email":"ann@example.com"}`}).Want(201)
	do(facetest.Call{Method: "POST", Path: "/api/auth", Body: `{"username":"annie","password":"yoyo"}`}).Want(201)
}

func TestAgreementsAreSignedByRegistering(t *testing.T) {
	s := serve(t)
	account := func(more string) string {
		return `{"password":"yoyo","email":"joe@example.com","full_name":"Joe","username":"joe"` + more + `}`
	}
	for _, no := range []string{`"false"`, `"f"`, `"0"`, `false`} {
		s.Post(t, "", "/api/auth/register", account(`,"terms-of-use":`+no)).WantJSON(400, `{"terms-of-use":"You must read and agree to the Terms of Use."}`)
	}
	s.Post(t, "", "/api/auth/register", account(`,"terms-of-use":{}`)).WantJSON(400, `{"terms-of-use":["Not a valid string."]}`)
	token := s.Post(t, "", "/api/auth/register", account(`,"terms-of-use":"true","no-such-agreement":"false"`)).Want(201).Text("token")
	at, err := s.Site.Signed(t.Context(), principal(t, s, token), directory.TermsOfUse)
	if err != nil || !at.Equal(facetest.Start) {
		t.Errorf("signed %v, %v", at, err)
	}
}

func TestPeopleActOnceTheyHaveAPasswordAndSignedTheTerms(t *testing.T) {
	s := serve(t)
	do, root := siteOf(t, s, directory.Policy{Registration: directory.RegistrationOpen, UnverifiedEmail: true, ShadowProfiles: true})
	joe := do(facetest.Call{Method: "POST", Path: "/api/auth/register", Body: `{"password":"yoyo","email":"joe@example.com","full_name":"Joe","username":"joe","type":"personal"}`}).Want(201).Text("token")
	act := facetest.Call{Method: "GET", Path: "/api/users/joe/profiles", Token: joe}
	shadow := facetest.Call{Method: "POST", Path: "/api/accounts/profiles", Token: joe, Body: `{"full_name":"X"}`}
	free := []facetest.Call{
		{Method: "GET", Path: "/api/users/joe", Token: joe}, {Method: "GET", Path: "/api/profile/joe", Token: joe},
		{Method: "GET", Path: "/api/legal/terms-of-use", Token: joe}, {Method: "GET", Path: "/api/auth/tokens", Token: joe},
	}
	do(act).Want(200) // there are no terms
	do(facetest.Call{Method: "POST", Path: "/api/agreements", Token: root, Body: `{"title":"Terms of Use","text":"Be kind."}`}).Want(201)
	do(act).WantJSON(403, denied)
	do(shadow).WantJSON(403, denied)
	for _, c := range free {
		do(c).Want(200)
	}
	sign := facetest.Call{Method: "POST", Path: "/api/legal/terms-of-use/sign", Token: joe}
	for body, want := range map[string]string{
		`{}`: `{"read_terms":["This field is required."]}`, `{"read_terms":false}`: `["You have to agree with the terms"]`, `{"read_terms":"maybe"}`: `{"read_terms":["Must be a valid boolean."]}`,
	} {
		sign.Body = body
		do(sign).WantJSON(400, want)
	}
	sign.Body = `{"read_terms":true}`
	do(sign).WantJSON(200, `{"read_terms":true,"last_signed":"2026-01-31T12:00:00Z"}`)
	do(act).Want(200)
	do(shadow).Want(201)

	// Terms that change are signed again, from when they change; operators sign too.
	change := facetest.Call{Method: "PUT", Path: "/api/agreements/terms-of-use", Token: root, Body: `{"title":"Terms of Use","updated_at":"2026-01-31T13:15:00+01:00"}`}
	do(change).WantJSON(403, denied)
	sign.Token = root
	do(sign).Want(200)
	do(change).Want(200).Is(map[string]any{"updated_at": "2026-01-31T12:15:00Z", "text": "Be kind."})
	do(act).Want(200)
	s.Clock.Advance(30 * time.Minute)
	do(act).WantJSON(403, denied)
	do(facetest.Call{Method: "POST", Path: "/api/legal/nothing/sign", Token: joe, Body: sign.Body}).WantJSON(404, `{"detail":"No Agreement matches the given query."}`)
}

func TestAgreementsAreKeptByOperators(t *testing.T) {
	s := serve(t)
	donny := s.Login(t, "donny")
	post := func(body string) facetest.Answer { return s.Post(t, donny, "/api/agreements", body) }
	post(`{"title":"Security","text":"Lock the door."}`).Want(201).Is(map[string]any{"slug": "security", "text": "Lock the door."})
	post(`{"title":"Security"}`).WantJSON(400, `{"title":"This title is already taken."}`)
	post(`{}`).WantJSON(400, `{"title":["This field is required."]}`)
	post(`{"title":"***"}`).WantJSON(400, `{"title":["The title must contain some alphabetical characters."]}`)
	post(`{"title":"X","updated_at":"soon"}`).Want(400)
	s.Get(t, "", "/api/legal?o=-title").Want(200).Is(map[string]any{"count": 3, "results.0.slug": "terms-of-use", "results.2.slug": "privacy"})
	s.Get(t, donny, "/api/agreements/nothing").Want(404)
	s.Put(t, donny, "/api/agreements/nothing", `{"title":"X"}`).Want(404)
	s.Delete(t, donny, "/api/agreements/nothing").Want(404)
	xia := s.Login(t, "xia")
	s.Post(t, xia, "/api/legal/privacy", `{"analytics":"maybe"}`).Want(400)
	s.Post(t, xia, "/api/legal/nothing", `{"analytics":true}`).Want(404)
}
