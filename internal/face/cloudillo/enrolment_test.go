package cloudillo_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"facet/internal/facetest"
	"facet/internal/mail"
)

// enrol registers somebody and gives the token.
func enrol(t *testing.T, s *facetest.Service, kind, idTag, email string) facetest.Answer {
	t.Helper()
	return s.Post(t, "", "/api/profiles/register", map[string]string{"type": kind, "idTag": idTag, "email": email, "token": "registration-token", "lang": "de"}).Want(201)
}

// mailed gives the one message that waits, and the key after a path in it.
func mailed(t *testing.T, s *facetest.Service, to, path string) (mail.Message, string) {
	t.Helper()
	all := s.Mails(t)
	if len(all) != 1 || all[0].To != to {
		t.Fatalf("mails: %+v", all)
	}
	_, rest, ok := strings.Cut(all[0].Text, facetest.BaseURL+path)
	if path != "" && !ok {
		t.Fatalf("no link to %s:\n%s", path, all[0].Text)
	}
	key, _, _ := strings.Cut(rest, "\n")
	return all[0], key
}

func TestWhoIsHostedActivatesAndIsWelcomed(t *testing.T) {
	s := start(t)
	token := enrol(t, s, "idp", "alice@example.com", "alice@gmail.example").Is(map[string]any{"data.idTag": "alice@example.com", "data.name": "Alice"}).Text("data.token")
	s.Get(t, token, "/api/profiles/me/idp-status").Want(200).Is(map[string]any{
		"data.status": "pending", "data.onboarding": "verify-idp", "data.email": "alice@gmail.example", "data.expiresAt": "2026-02-07T12:00:00Z", "data.providerName": "Coworking Space",
	})
	_, key := mailed(t, s, "alice@gmail.example", "/idp/activate/")
	if a := s.Get(t, "", "/api/refs/"+key+"/idp-status").Want(200).Is(map[string]any{"data.status": "pending"}); strings.Contains(string(a.Body), "gmail") {
		t.Errorf("the e-mail is told to who has the key: %s", a.Body)
	}
	s.Get(t, "", "/api/refs/"+key).Want(200).Is(map[string]any{"data": map[string]string{"refId": key, "type": "idp.activation"}})
	s.Post(t, "", "/api/idp/activate", `{"refId":"`+key+`"}`).Want(200).Is(map[string]any{
		"data.idTag": "alice@example.com", "data.email": "alice@gmail.example", "data.status": "active", "data.registrarIdTag": "localhost.localdomain",
	})
	s.Get(t, token, "/api/profiles/me/idp-status").Want(200).Is(map[string]any{"data.status": "active", "data.expiresAt": "1970-01-01T00:00:00Z"})
	welcome, ref := mailed(t, s, "alice@gmail.example", "/onboarding/")
	if !strings.Contains(welcome.Text, "alice@example.com is yours at Coworking Space") {
		t.Errorf("%s", welcome.Text)
	}
	s.Get(t, "", "/api/refs/"+ref).Want(200).Is(map[string]any{"data.type": "welcome"})
	s.Get(t, "", "/api/refs/"+ref+"/idp-status").Want(200).Is(map[string]any{"data.status": "active"})
	failed(t, s.Post(t, "", "/api/idp/activate", `{"refId":"`+key+`"}`), 400, "E-VAL-INVALID")
	failed(t, s.Post(t, "", "/api/idp/activate", `{"refId":"`+ref+`"}`), 400, "E-VAL-INVALID")
	failed(t, s.Get(t, "", "/api/refs/registration-token/idp-status"), 400, "E-VAL-INVALID")
	failed(t, s.Post(t, token, "/api/profiles/me/resend-activation", nil), 409, "E-CORE-CONFLICT")
	operator := s.Login(t, "donny")
	slug := s.Get(t, operator, "/api/users?q=alice@gmail.example").Want(200).Text("results.0.slug")
	s.Get(t, operator, "/api/users/"+slug).Want(200).Is(map[string]any{"email": "alice@gmail.example"})
}

func TestWhoBringsADomainIsWelcomedAtOnce(t *testing.T) {
	s := start(t)
	token := enrol(t, s, "domain", "erin.example.com", "erin@mail.example").Is(map[string]any{"data.name": "Erin", "data.idTag": "erin@example.com"}).Text("data.token")
	_, ref := mailed(t, s, "erin@mail.example", "/onboarding/")
	s.Get(t, "", "/api/refs/"+ref).Want(200).Is(map[string]any{"data.type": "welcome"})
	s.Get(t, token, "/api/profiles/me/idp-status").Want(200).Is(map[string]any{"data.status": "active", "data.email": "erin@mail.example"})
	s.Get(t, login(t, s, "bob@example.com"), "/api/profiles/me/idp-status").Want(200).Is(map[string]any{"data.status": "active", "data.email": under("bob")})
}

func TestTheMailIsSentAgainWithANewKey(t *testing.T) {
	s := start(t)
	token := enrol(t, s, "idp", "alice@example.com", "alice@gmail.example").Text("data.token")
	_, first := mailed(t, s, "alice@gmail.example", "/idp/activate/")
	s.Clock.Advance(time.Minute)
	s.Post(t, token, "/api/profiles/me/resend-activation", nil).Want(200).Is(map[string]any{"data.expiresAt": "2026-02-07T12:01:00Z"})
	_, second := mailed(t, s, "alice@gmail.example", "/idp/activate/")
	failed(t, s.Post(t, "", "/api/idp/activate", `{"refId":"`+first+`"}`), 404, "E-CORE-NOTFOUND")
	s.Post(t, token, "/api/profiles/me/resend-activation", nil).Want(200)
	failed(t, s.Post(t, token, "/api/profiles/me/resend-activation", nil), 429, "E-RATE-LIMITED")
	failed(t, s.Post(t, "", "/api/idp/activate", `{"refId":"`+second+`"}`), 404, "E-CORE-NOTFOUND")
	_, third := mailed(t, s, "alice@gmail.example", "/idp/activate/")
	s.Clock.Advance(8 * 24 * time.Hour)
	failed(t, s.Post(t, "", "/api/idp/activate", `{"refId":"`+third+`"}`), 400, "E-VAL-INVALID")
	failed(t, s.Post(t, "", "/api/profiles/me/resend-activation", nil), 401, "E-AUTH-UNAUTH")
}

func TestAnAddressInUseAnswersAsAFreeOne(t *testing.T) {
	s := start(t)
	walk := func(idTag, email string) (answers []string, token string) {
		a := enrol(t, s, "idp", idTag, email)
		token = a.Text("data.token")
		number, _ := a.At("data.tnId")
		mask := strings.NewReplacer(token, "TOKEN", strings.Split(idTag, "@")[0], "TAG", email, "EMAIL", a.Text("data.name"), "NAME", fmt.Sprint(number), "NUMBER")
		for _, a := range []facetest.Answer{
			a, s.Get(t, token, "/api/me"), s.Get(t, token, "/api/profiles/me/idp-status"), s.Post(t, token, "/api/profiles/me/resend-activation", nil),
			s.Get(t, token, "/api/refs"), s.Get(t, token, "/api/refs?type=idp.activation"), s.Get(t, token, "/api/users/"+strings.Split(idTag, "@")[0]),
		} {
			answers = append(answers, fmt.Sprint(a.Status)+mask.Replace(strings.ReplaceAll(string(a.Body), a.Header.Get("X-Request-Id"), "REQ")))
		}
		return answers, token
	}
	free, _ := walk("freeone@example.com", "nobody@mail.example")
	s.Mails(t)
	used, token := walk("usedone@example.com", under("xia"))
	for i := range free {
		if free[i] != used[i] {
			t.Errorf("answer %d tells of it:\n%s\n%s", i, free[i], used[i])
		}
	}
	mails := s.Mails(t)
	if len(mails) != 2 || mails[0].To != under("xia") || !strings.Contains(mails[0].Text, "somebody registered usedone@example.com") || strings.Contains(mails[0].Text, "/idp/activate/") {
		t.Errorf("its owner is told: %+v", mails)
	}
	s.Get(t, s.Login(t, "donny"), "/api/users/xia").Want(200).Is(map[string]any{"email": under("xia")})
	if me := s.Get(t, token, "/api/me").Want(200); strings.Contains(string(me.Body), "xia") {
		t.Errorf("%s", me.Body)
	}
}

func TestAnAddressGetsFiveMailsADayHoweverManyRegisterWithIt(t *testing.T) {
	s := start(t)
	for _, name := range strings.Fields("anton berta caesar dora emil friedrich gustav") {
		enrol(t, s, "domain", name+"@example.com", "victim@mail.example")
	}
	if mails := s.Mails(t); len(mails) != 5 {
		t.Errorf("%d mails", len(mails))
	}
	s.Clock.Advance(25 * time.Hour)
	enrol(t, s, "domain", "hans@example.com", "victim@mail.example")
	if mails := s.Mails(t); len(mails) != 1 {
		t.Errorf("a day later: %d mails", len(mails))
	}
}

func TestAMailToAStrangerSaysNothingTheSenderWrote(t *testing.T) {
	for _, kind := range []string{"idp", "domain"} {
		s := start(t)
		token := enrol(t, s, kind, "sender@example.com", "victim@mail.example").Text("data.token")
		s.Mails(t)
		s.Patch(t, token, "/api/me", `{"name":"you won, see http://evil.example/now"}`).Want(200)
		s.Clock.Advance(time.Minute)
		s.Post(t, token, "/api/profiles/me/resend-activation", nil).Want(200)
		if m, _ := mailed(t, s, "victim@mail.example", ""); strings.Contains(m.Text+m.Subject, "evil") || !strings.Contains(m.Text, "Hello sender@example.com,") {
			t.Errorf("%s", m.Text)
		}
	}
}

func TestTheWelcomeIsMailedHoweverManyMailsTheAddressGot(t *testing.T) {
	s := start(t)
	enrol(t, s, "idp", "alice@example.com", "alice@gmail.example")
	_, key := mailed(t, s, "alice@gmail.example", "/idp/activate/")
	for _, name := range strings.Fields("anton berta caesar dora emil friedrich") {
		enrol(t, s, "domain", name+"@example.com", "alice@gmail.example")
	}
	s.Mails(t)
	s.Post(t, "", "/api/idp/activate", `{"refId":"`+key+`"}`).Want(200)
	mailed(t, s, "alice@gmail.example", "/onboarding/")
}

func TestAWelcomeOfBeforeBringsNoAddressBack(t *testing.T) {
	s := start(t)
	enrol(t, s, "domain", "nora@example.com", "nora@old.example")
	_, ref := mailed(t, s, "nora@old.example", "/onboarding/")
	s.Post(t, "", "/api/auth/set-password", map[string]string{"refId": ref, "newPassword": "correct horse battery"}).Want(200)
	s.Watch = nil
	cleared := s.Do(t, facetest.Call{Method: "POST", Path: "/entity.update", Type: "application/x-www-form-urlencoded",
		Body: url.Values{"type_name": {"user"}, "key_attribute": {"email"}, "key_value": {`"nora@old.example"`}, "attribute_name": {"email"}, "value": {"null"},
			"client_id": {"sgnyvus6pc4jm7khr2neq5gs89gbr2eq"}, "client_secret": {"wt4c3un9wkkcfvyknqx44ync476afs68"}}.Encode()})
	cleared.Want(200).Is(map[string]any{"stat": "ok"})
	complete := func() {
		t.Helper()
		s.Post(t, "", "/api/onboarding/complete", map[string]string{"refId": ref}).Want(200)
		s.Get(t, s.Login(t, "donny"), "/api/users/nora").Want(200).Is(map[string]any{"email": ""})
	}
	complete()
	s.Clock.Advance(31 * 24 * time.Hour)
	complete()
}

func TestOfTwoWithTheSameAddressTheFirstToProveItHasIt(t *testing.T) {
	s := start(t)
	enrol(t, s, "idp", "first@example.com", "both@mail.example")
	_, first := mailed(t, s, "both@mail.example", "/idp/activate/")
	enrol(t, s, "idp", "second@example.com", "both@mail.example")
	_, second := mailed(t, s, "both@mail.example", "/idp/activate/")
	s.Post(t, "", "/api/idp/activate", `{"refId":"`+second+`"}`).Want(200)
	failed(t, s.Post(t, "", "/api/idp/activate", `{"refId":"`+first+`"}`), 409, "E-CORE-CONFLICT")
}

func TestGap5WhatSomebodyRegistersWithIsChecked(t *testing.T) {
	s := start(t)
	good := map[string]string{"type": "idp", "idTag": "new@example.com", "email": "new@mail.example", "token": "registration-token"}
	for name, change := range map[string]map[string]string{
		"gap 5: an e-mail that is none":           {"email": "nobody"},
		"gap 5: an e-mail with a name":            {"email": "New <new@mail.example>"},
		"gap 5: an e-mail too long":               {"email": strings.Repeat("e", 250) + "@mail.example"},
		"gap 5: no e-mail":                        {"email": ""},
		"gap 5: an unknown type is not a domain":  {"type": "boss"},
		"gap 5: ref is nothing to register with":  {"type": "ref"},
		"gap 5: the type of old pages, community": {"type": "community"},
		"gap 5: no type":                          {"type": ""},
		"an app's domain that is none":            {"appDomain": "cl-o.example.com"},
		"a language too long":                     {"lang": strings.Repeat("l", 36)},
	} {
		t.Run(name, func(t *testing.T) {
			body := map[string]string{}
			for k, v := range good {
				body[k] = v
			}
			for k, v := range change {
				body[k] = v
			}
			failed(t, s.Post(t, "", "/api/profiles/register", body), 400, "E-VAL-INVALID")
			s.Post(t, "", "/api/profiles/verify", map[string]string{"type": "idp", "idTag": "new@example.com"}).Want(200).Is(map[string]any{"data.available": true})
		})
	}
	t.Run("gap 5: nothing is half-written", func(t *testing.T) {
		if mails := s.Mails(t); len(mails) != 0 {
			t.Errorf("%+v", mails)
		}
		s.Post(t, "", "/api/profiles/register", good).Want(201)
	})
}

func TestIDTagsThatAreGivenOutAreHostNames(t *testing.T) {
	s := start(t)
	for idTag, want := range map[string]string{
		"new@example.com": "", "new.example.com": "", "NEW@Example.COM": "", " new.example.com ": "", under("new"): "", "new.localhost.localdomain": "",
		"élan.example.com": "", "xn--lan-9la.example.com": "", "élan@localhost.localdomain": "", "new@bücher.example": "",
		"a.io": "invalid", "ab.io": "", "a_b@example.com": "invalid", "a_b@localhost.localdomain": "invalid", "cl-o@example.com": "invalid", "cl-o.example.com": "invalid",
		strings.Repeat("a", 50) + ".example.com": "", strings.Repeat("a", 51) + ".example.com": "invalid", strings.Repeat("a", 41) + "@localhost.localdomain": "invalid",
		"a/b.example.com": "invalid", "a:b.example.com": "invalid", "a?b.example.com": "invalid", "a#b.example.com": "invalid", "a b.example.com": "invalid",
		".example.com": "invalid", "new.example.com.": "invalid", "-a.example.com": "invalid", "a-.example.com": "invalid", "new": "invalid", "@example.com": "invalid",
		"bob@example.com": "used", "bob.example.com": "used", "BOB.example.com": "used", under("xia"): "used", under("me"): "invalid",
	} {
		s.Post(t, "", "/api/profiles/verify", map[string]string{"type": "idp", "idTag": idTag}).Want(200).Is(map[string]any{
			"data.idTagError": want, "data.available": want == "", "data.idTag": idTag,
		})
	}
	enrol(t, s, "idp", "xn--lan-9la.localhost.localdomain", "elan@mail.example").Is(map[string]any{"data.idTag": "élan@localhost.localdomain", "data.name": "Élan"})
	bob := login(t, s, "bob@example.com")
	for _, idTag := range []string{"%C3%A9lan@localhost.localdomain", "xn--lan-9la.localhost.localdomain", "%C3%89LAN@localhost.localdomain"} {
		s.Get(t, bob, "/api/profiles/"+idTag).Want(200).Is(map[string]any{"data.idTag": "élan@localhost.localdomain"})
	}
	s.Do(t, facetest.Call{Method: "GET", Path: "/api/me", Header: map[string]string{"Host": "cl-o.xn--lan-9la.localhost.localdomain"}}).Want(200).Is(map[string]any{"data.idTag": "élan@localhost.localdomain"})
}

func TestAvailabilityUnderTheProvidersDomain(t *testing.T) {
	s := start(t)
	ask := func(idTag string) facetest.Answer { return s.Get(t, "", "/api/idp/check-availability?idTag="+idTag) }
	for idTag, want := range map[string]bool{under("free"): true, "free.localhost.localdomain": true, under("xia"): false, "xia.localhost.localdomain": false, under("me"): false, under("a_b"): false} {
		ask(idTag).Want(200).Is(map[string]any{"data.available": want})
	}
	s.Get(t, "", "/api/idp/check-availability?id_tag="+under("free")).Want(200)
	failed(t, ask("free@example.com"), 403, "E-AUTH-NOPERM")
	for _, idTag := range []string{"", "free", "@localhost.localdomain", "cl-o.localhost.localdomain"} {
		failed(t, ask(idTag), 400, "E-VAL-INVALID")
	}
	s.Get(t, "", "/api/idp/info").Want(200).Is(map[string]any{"data.domain": "localhost.localdomain", "data.name": "Coworking Space", "data.url": facetest.BaseURL})
}

// The published client asks a provider at cl-o. and the domain that verify
// answers with, and a node that it registers at.
func TestAProviderIsAskedAtTheAPIHostOfItsDomain(t *testing.T) {
	s := start(t)
	here := map[string]string{"Host": "cl-o." + s.Post(t, "", "/api/profiles/verify", `{"type":"ref","token":"registration-token"}`).Text("data.identityProviders.0")}
	s.Do(t, facetest.Call{Method: "GET", Path: "/api/idp/info", Header: here}).Want(200).Is(map[string]any{"data.domain": "localhost.localdomain"})
	s.Do(t, facetest.Call{Method: "GET", Path: "/api/idp/check-availability?idTag=free.localhost.localdomain", Header: here}).Want(200).Is(map[string]any{"data.available": true})
	s.Do(t, facetest.Call{Method: "GET", Path: "/api/me", Header: here}).Want(200).Is(map[string]any{"data.idTag": under("cowork")})
	made := s.Do(t, facetest.Call{Method: "POST", Path: "/api/profiles/register", Header: here, Body: map[string]string{"type": "idp", "idTag": "free.localhost.localdomain", "email": "free@mail.example", "token": "registration-token"}}).Want(201)
	s.Do(t, facetest.Call{Method: "GET", Path: "/api/me", Token: made.Text("data.token"), Header: here}).Want(200).Is(map[string]any{"data.idTag": under("free")})
}

func TestAHostTellsItsIDTagAndApp(t *testing.T) {
	s := start(t)
	s.Post(t, "", "/api/profiles/register", map[string]string{"type": "domain", "idTag": "erin.example.com", "email": "erin@mail.example", "token": "registration-token", "appDomain": "App.erin.example"}).Want(201)
	for host, want := range map[string][2]string{
		"localhost":                    {under("cowork"), "cowork.localhost.localdomain"},
		"other.example":                {under("cowork"), "cowork.localhost.localdomain"},
		"cl-o.localhost.localdomain":   {under("cowork"), "cowork.localhost.localdomain"},
		"cl-o.bob.example.com":         {"bob@example.com", "bob.example.com"},
		"bob.example.com":              {"bob@example.com", "bob.example.com"},
		"xia.localhost.localdomain":    {under("xia"), "xia.localhost.localdomain"},
		"cl-o.erin.example.com":        {"erin@example.com", "app.erin.example"},
		"cl-o.erin.example.com:8443":   {"erin@example.com", "app.erin.example"},
		"nobody.localhost.localdomain": {under("cowork"), "cowork.localhost.localdomain"},
	} {
		get := func(path string) facetest.Answer {
			return s.Do(t, facetest.Call{Method: "GET", Path: path, Header: map[string]string{"Host": host, "Origin": "https://shell.example"}})
		}
		a := get("/.well-known/cloudillo/id-tag").Want(200)
		a.WantJSON(200, `{"idTag":"`+want[0]+`"}`)
		if a.Header.Get("Access-Control-Allow-Origin") == "" {
			t.Error("no CORS")
		}
		get("/api/me/app-domain").Want(200).Is(map[string]any{"data.appDomain": want[1]})
	}
	failed(t, s.Do(t, facetest.Call{Method: "GET", Path: "/.well-known/cloudillo/nothing"}), 404, "E-CORE-NOTFOUND")
}

func TestTheOpenCallsAreBoundedForEachAddress(t *testing.T) {
	s := bounded(t)
	for _, c := range []facetest.Call{
		{Method: "POST", Path: "/api/profiles/verify", Body: `{"type":"idp","idTag":"a@example.com"}`}, {Method: "POST", Path: "/api/profiles/register", Body: `{}`},
		{Method: "GET", Path: "/api/refs/nothing"}, {Method: "POST", Path: "/api/idp/activate", Body: `{}`}, {Method: "GET", Path: "/api/idp/check-availability?idTag=" + under("a")},
	} {
		a := s.Do(t, c)
		for range 20 {
			if a = s.Do(t, c); a.Status == 429 {
				break
			}
		}
		failed(t, a, 429, "E-RATE-LIMITED")
		a.Is(map[string]any{"error.details.level": "individual", "error.message": "Too many requests. Please slow down."})
		if wait, _ := a.At("error.details.retryAfter"); a.Header.Get("Retry-After") == "" || wait == nil || a.Header.Get("X-RateLimit-Level") != "individual" {
			t.Errorf("%s: %v %s", c.Path, a.Header, a.Body)
		}
	}
}

func TestFromRegisteringToSigningInWithAPassword(t *testing.T) {
	for _, kind := range []string{"idp", "domain"} {
		t.Run(kind, func(t *testing.T) {
			s := start(t)
			token := enrol(t, s, kind, "alice@example.com", "alice@gmail.example").Text("data.token")
			path := "/onboarding/"
			if kind == "idp" {
				_, key := mailed(t, s, "alice@gmail.example", "/idp/activate/")
				s.Post(t, "", "/api/idp/activate", `{"refId":"`+key+`"}`).Want(200)
			}
			_, ref := mailed(t, s, "alice@gmail.example", path)
			s.Post(t, "", "/api/auth/set-password", map[string]string{"refId": ref, "newPassword": "correct horse battery"}).Want(200).Is(map[string]any{"data.idTag": "alice@example.com"})
			s.Post(t, "", "/api/onboarding/complete", map[string]string{"refId": ref}).Want(200)
			s.Post(t, "", "/api/auth/login", map[string]string{"idTag": "alice.example.com", "password": "correct horse battery"}).Want(200)
			s.Post(t, "", "/api/auth/forgot-password", map[string]string{"email": "alice@gmail.example"}).Want(200)
			if mails := s.Mails(t); len(mails) != 1 || mails[0].To != "alice@gmail.example" {
				t.Errorf("the e-mail is not the account's: %+v", mails)
			}
			failed(t, s.Post(t, token, "/api/profiles/me/resend-activation", nil), 401, "E-AUTH-UNAUTH")
		})
	}
}
