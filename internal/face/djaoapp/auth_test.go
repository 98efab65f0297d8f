package djaoapp_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"facet/internal/face/djaoapp"
	"facet/internal/facetest"
)

const wrongPassword = `{"username":"Incorrect authentication credentials","password":"Incorrect authentication credentials"}`

func TestLoginTakesUserNameOrEmail(t *testing.T) {
	s := serve(t)
	for _, name := range []string{"xia", "XIA", "xia@localhost.localdomain", "Xia@LOCALHOST.localdomain"} {
		s.Post(t, "", "/api/auth", map[string]string{"username": name, "password": "yoyo"}).Want(201)
	}
	s.Do(t, facetest.Call{Method: "POST", Path: "/api/auth", Type: "application/x-www-form-urlencoded", Body: "username=xia%40localhost.localdomain&password=yoyo"}).Want(201)
}

func TestLoginErrors(t *testing.T) {
	s := serve(t)
	for _, c := range []struct {
		body   string
		status int
		want   string
	}{
		{`{"username":"xia","password":"nono"}`, 401, wrongPassword},
		{`{"username":"nobody","password":"yoyo"}`, 401, wrongPassword},
		{`{"username":"nobody@example.com","password":"yoyo"}`, 401, wrongPassword},
		{`{"username":"+1 415 555 5556","password":"yoyo"}`, 401, wrongPassword},
		{`{"username":"cowork","password":"yoyo"}`, 401, wrongPassword},
		{`{"username":"xia"}`, 401, `{"password":"Password is required."}`},
		{`{"username":"xia","password":""}`, 401, `{"password":"Password is required."}`},
		{`{"password":"yoyo"}`, 400, `{"username":["This field is required."]}`},
		{`{}`, 400, `{"username":["This field is required."]}`},
		{`{"username":"","password":"yoyo"}`, 400, `{"username":["This field may not be blank."]}`},
		{`{"username":null,"password":null}`, 400, `{"username":["This field may not be null."],"password":["This field may not be null."]}`},
		{`{"username":["xia"],"password":true}`, 400, `{"username":["Not a valid string."],"password":["Not a valid string."]}`},
		{`{"username":"x i a","password":"yoyo"}`, 400, `{"username":["Enter a valid username, email or phone number."]}`},
	} {
		a := s.Post(t, "", "/api/auth", c.body)
		a.WantJSON(c.status, c.want)
		if got := a.Header.Get("WWW-Authenticate"); (got == "Bearer") != (c.status == 401) {
			t.Errorf("%s: WWW-Authenticate %q", c.body, got)
		}
	}
}

func TestLoginIsLockedAfterManyWrongPasswords(t *testing.T) {
	s := serve(t)
	for range 10 {
		s.Post(t, "", "/api/auth", `{"username":"xia","password":"nono"}`).Want(401)
	}
	a := s.Post(t, "", "/api/auth", `{"username":"xia","password":"yoyo"}`)
	a.WantJSON(429, `{"detail":"Too many attempts. Please try again later."}`)
	if got := a.Header.Get("Retry-After"); got != "900" {
		t.Errorf("Retry-After %q", got)
	}
	s.Clock.Advance(15*time.Minute + time.Second)
	s.Login(t, "xia")
}

func TestTokenThatDoesNotWork(t *testing.T) {
	s := serve(t)
	xia, alice := s.Login(t, "xia"), s.Login(t, "alice")
	s.Post(t, alice, "/api/auth/logout", `{}`).Want(200)
	expired := xia
	s.Clock.Advance(time.Hour + time.Second)
	other := facetest.New(t, djaoapp.New())
	foreign := other.Login(t, "xia")
	for what, token := range map[string]string{"garbage": "garbage", "expired": expired, "signed out": alice, "foreign": foreign, "long": strings.Repeat("x", 20000)} {
		s.Get(t, token, "/api/users/xia").WantJSON(403, denied)
		s.Post(t, token, "/api/accounts/profiles", `{"full_name":"X"}`).WantJSON(403, denied)
		s.Delete(t, token, "/api/auth/tokens").WantJSON(403, denied)
		a := s.Post(t, token, "/api/auth", `{"username":"xia","password":"yoyo"}`)
		a.WantJSON(401, `{"detail":"Invalid token"}`)
		if a.Header.Get("WWW-Authenticate") != "Bearer" {
			t.Errorf("%s: no WWW-Authenticate", what)
		}
		s.Post(t, token, "/api/auth/logout", `{}`).Want(200)
	}
	for _, header := range []string{"Bearer", "Bearer ", "Basic eGlhOnlveW8=", "Basic !", "Digest x", "Bearer a b"} {
		s.Do(t, facetest.Call{Method: "GET", Path: "/api/users/xia", Header: map[string]string{"Authorization": header}}).WantJSON(403, denied)
	}
	s.Do(t, facetest.Call{Method: "POST", Path: "/api/auth", Body: `{"username":"xia","password":"yoyo"}`,
		Header: map[string]string{"Authorization": "Basic eGlhOnlveW8="}}).Want(201)
}

func TestTokenIsExchangedWhileItWorks(t *testing.T) {
	s := serve(t)
	xia := s.Login(t, "xia")
	old := xia
	s.Clock.Advance(40 * time.Minute)
	fresh := s.Post(t, xia, "/api/auth/tokens", map[string]string{"token": xia}).Want(201).Text("token")
	if fresh == xia {
		t.Error("the token is the same")
	}
	s.Clock.Advance(30 * time.Minute)
	s.Get(t, old, "/api/users/xia").WantJSON(403, denied)
	s.Get(t, fresh, "/api/users/xia").Want(200)

	const noPermission = `{"detail":"You do not have permission to perform this action."}`
	alice := s.Login(t, "alice")
	exchange := func(token any) facetest.Answer {
		return s.Post(t, fresh, "/api/auth/tokens", map[string]any{"token": token})
	}
	exchange(old).WantJSON(400, `["Signature has expired."]`)
	exchange("garbage").WantJSON(400, `["Error decoding signature."]`)
	exchange(alice).WantJSON(403, noPermission)
	exchange("").WantJSON(403, noPermission)
	exchange(1).Want(400)
	s.Post(t, fresh, "/api/auth/tokens", `{}`).WantJSON(403, noPermission)
	s.Post(t, "", "/api/auth/tokens", map[string]any{"token": fresh}).WantJSON(403, denied)

	verify := func(token any) facetest.Answer {
		return s.Post(t, fresh, "/api/auth/tokens/verify", map[string]any{"token": token})
	}
	verify(fresh).WantJSON(200, fmt.Sprintf(`{"token":%q}`, fresh))
	for _, token := range []any{old, alice, "garbage", ""} {
		verify(token).WantJSON(400, `["token is invalid"]`)
	}
	s.Post(t, "", "/api/auth/tokens/verify", map[string]any{"token": fresh}).WantJSON(403, denied)
}

func TestSigningOutStopsTheSessionAtOnce(t *testing.T) {
	s := serve(t)
	first, second := s.Login(t, "xia"), s.Login(t, "xia")
	out := s.Post(t, first, "/api/auth/logout", nil).Want(200)
	wantKeys(t, out, "", "data", "time")
	out.Is(map[string]any{"data": nil, "time": "2026-01-31T12:00:00Z"})
	s.Get(t, first, "/api/users/xia").WantJSON(403, denied)
	s.Get(t, second, "/api/users/xia").Want(200)
	if a := s.Delete(t, second, "/api/auth/tokens").Want(204); len(a.Body) != 0 {
		t.Errorf("body %q", a.Body)
	}
	s.Get(t, second, "/api/users/xia").WantJSON(403, denied)
	s.Post(t, "", "/api/auth/logout", nil).Want(200)
	s.Delete(t, "", "/api/auth/tokens").WantJSON(403, denied)
}

func TestRegisterKinds(t *testing.T) {
	for _, c := range []struct {
		what, more    string
		profiles      []string
		typ, fullName string
	}{
		{"a user only", `"type":"user"`, nil, "", ""},
		{"a user by default", `"lang":"fr"`, nil, "", ""},
		{"a user for unknown", `"type":"unknown"`, nil, "", ""},
		{"personal", `"type":"personal"`, []string{"joe1"}, "personal", "Joe Card1"},
		{"personal by an address", `"street_address":"1 Main St","country":"us"`, []string{"joe1"}, "personal", "Joe Card1"},
		{"personal by the own name as organization", `"organization_name":"Joe Card1"`, []string{"joe1"}, "personal", "Joe Card1"},
		{"organization", `"type":"organization","organization_name":"Joe & Sons"`, []string{"joe-sons"}, "organization", "Joe & Sons"},
		{"organization by its name", `"organization_name":"Joe & Sons"`, []string{"joe-sons"}, "organization", "Joe & Sons"},
		{"provider", `"type":"provider","organization_name":"Joe & Sons"`, []string{"joe-sons"}, "organization", "Joe & Sons"},
	} {
		t.Run(c.what, func(t *testing.T) {
			s := serve(t)
			token := s.Post(t, "", "/api/auth/register",
				`{"username":"joe1","password":"yoyo","email":"joe+1@example.com","full_name":"Joe Card1",`+c.more+`}`).Want(201).Text("token")
			list := s.Get(t, token, "/api/users/joe1/profiles").Want(200).Is(map[string]any{"count": len(c.profiles)})
			for i, slug := range c.profiles {
				list.Is(map[string]any{fmt.Sprintf("results.%d.slug", i): slug, fmt.Sprintf("results.%d.type", i): c.typ,
					fmt.Sprintf("results.%d.full_name", i): c.fullName, fmt.Sprintf("results.%d.email", i): "joe+1@example.com"})
			}
		})
	}
}

func TestRegisterKeepsWhatItIsTold(t *testing.T) {
	s := serve(t)
	token := s.Post(t, "", "/api/auth/register", `{"slug":"joe1","new_password":"yoyo","email":"Joe@Example.com","full_name":" Joe  Card1 ","type":"personal",
		"phone":"(415) 555-1234","nick_name":"Jo","lang":"en-us","street_address":"1 Main St","locality":"Springfield","region":"OR","postal_code":"97477",
		"country":"US","terms-of-use":"true"}`).Want(201).Text("token")
	s.Get(t, token, "/api/profile/joe1").Want(200).Is(map[string]any{
		"full_name": "Joe Card1", "printable_name": "Jo", "nick_name": "Jo", "lang": "en-us", "email": "Joe@Example.com", "phone": "+14155551234",
		"street_address": "1 Main St", "locality": "Springfield", "region": "OR", "postal_code": "97477", "country": "US",
	})
	made := s.Post(t, "", "/api/auth/register", `{"password":"yoyo","phone":"+33 1 23 45 67 89","full_name":"No Mail"}`).Want(201).Text("token")
	s.Post(t, made, "/api/auth/tokens/verify", map[string]string{"token": made}).Want(200)
	again := s.Post(t, "", "/api/auth/register", `{"password":"yoyo","email":"xia@example.com","full_name":"Other Xia"}`).Want(201).Text("token")
	s.Post(t, again, "/api/accounts/profiles", `{"full_name":"X"}`).Want(201)
}

func TestRegisterErrors(t *testing.T) {
	s := serve(t)
	with := func(more string) string {
		return `{"password":"yoyo","email":"joe+1@example.com","full_name":"Joe Card1"` + more + `}`
	}
	for _, c := range []struct {
		body   string
		status int
		want   string
	}{
		{`{}`, 401, `{"detail":"Please enter a few information about yourself."}`},
		{`{"username":"joe1","email":"joe@example.com","full_name":"Joe"}`, 401, `{"detail":"Please enter a few information about yourself."}`},
		{`{"password":"yoyo","email":"joe@example.com"}`, 400, `{"full_name":["This field is required."]}`},
		{`{"password":"yoyo","email":"joe@example.com","full_name":" "}`, 400, `{"full_name":["This field may not be blank."]}`},
		{`{"password":"","email":"joe@example.com","full_name":"Joe"}`, 400, `{"password":["This field may not be blank."]}`},
		{`{"new_password":null,"email":"joe@example.com","full_name":"Joe"}`, 400, `{"new_password":["This field may not be null."]}`},
		{`{"password":"yoyo","full_name":"Joe"}`, 400, `{"email":["Either email or phone must be valid."],"phone":["Either email or phone must be valid."]}`},
		{`{"password":"yoyo","full_name":"Joe","email":"joe"}`, 400, `{"email":["Enter a valid email address."]}`},
		{`{"password":"yoyo","full_name":"Joe","phone":"12"}`, 400, `{"phone":["Enter a valid phone number."]}`},
		{with(`,"username":"xia"`), 400, `{"username":"This username is already taken."}`},
		{with(`,"username":"XIA"`), 400, `{"username":"This username is already taken."}`},
		{with(`,"slug":"cowork"`), 400, `{"slug":"This slug is already taken."}`},
		{with(`,"username":"me"`), 400, `{"username":"This username is already taken."}`},
		{with(`,"username":"a b"`), 400, `{"username":["Enter a valid \"slug\" consisting of letters, numbers, underscores or hyphens."]}`},
		{with(`,"username":"` + strings.Repeat("a", 151) + `"`), 400, `{"username":["Ensure this field has no more than 150 characters."]}`},
		{`{"password":"yoyo","email":"xia@localhost.localdomain","full_name":"Xia"}`, 400, `{"email":"This e-mail address is already taken."}`},
		{`{"password":"yoyo","email":"XIA@localhost.localdomain","full_name":"Xia"}`, 400, `{"email":"This e-mail address is already taken."}`},
		{with(`,"type":"alien"`), 400, `{"type":["'alien' is not a valid choice. Expected one of ['unknown', 'user', 'personal', 'organization', 'provider']."]}`},
		{with(`,"type":"organization"`), 400, `{"organization_name":["This field is required."]}`},
		{with(`,"type":"organization","organization_name":"&&"`), 400, `{"organization_name":"The organization name must contain some alphabetical characters."}`},
		{with(`,"country":"ZZ"`), 400, `{"country":["\"ZZ\" is not a valid choice."]}`},
		{with(`,"lang":"12"`), 400, `{"lang":["\"12\" is not a valid choice."]}`},
		{with(`,"default_timezone":"Mars/Phobos"`), 400, `{"default_timezone":["\"Mars/Phobos\" is not a valid choice."]}`},
		{with(`,"default_timezone":"../etc"`), 400, `{"default_timezone":["\"../etc\" is not a valid choice."]}`},
		{with(`,"locality":"a\nb"`), 400, `{"locality":["Enter a valid value."]}`},
	} {
		s.Post(t, "", "/api/auth/register", c.body).WantJSON(c.status, c.want)
	}
	s.Post(t, "", "/api/auth/register", with(`,"username":"joe1"`)).Want(201)
}

var keyInMail = regexp.MustCompile(facetest.BaseURL + `(/api/auth/[0-9a-f]{40})\b`)

func TestForcedGrantInvitesByMailAndTheKeyMakesAManager(t *testing.T) {
	s := serve(t)
	donny := s.Login(t, "donny")
	const path = "/api/profile/cowork/plans/premium/subscriptions"
	s.Post(t, donny, path, `{"profile":{"email":"ann@example.com","full_name":"Ann's Shop"}}`).WantJSON(404, `{"detail":"Profile ann@example.com does not exist."}`)
	s.Post(t, donny, path+"?force=1", `{"profile":{"email":"ann@example.com","full_name":"Ann's Shop"},"message":"Welcome to us"}`).Want(201).
		Is(map[string]any{"profile.full_name": "Ann's Shop", "profile.email": "ann@example.com", "profile.type": "organization"})

	var link string
	for _, m := range s.Mails(t) {
		if found := keyInMail.FindStringSubmatch(m.Text); found != nil && m.To == "ann@example.com" && strings.Contains(m.Text, "Welcome to us") {
			link = found[1]
		}
	}
	if link == "" {
		t.Fatal("no mail has a key")
	}
	invited := s.Get(t, "", link).Want(200)
	wantKeys(t, invited, "", userKeys...)
	invited.Is(map[string]any{"slug": "ann", "username": "ann", "email": "ann@example.com", "full_name": "Ann's Shop", "credentials": false, "last_login": nil})

	s.Post(t, "", link, `{"username":"ann"}`).WantJSON(400, `{"new_password":["This field is required."]}`)
	s.Post(t, "", link, `{"new_password":"yoyo","username":"xia"}`).WantJSON(400, `{"username":"This username is already taken."}`)
	s.Post(t, "", link, `{"new_password":"yoyo","email":"other@example.com"}`).WantJSON(400, `{"email":["This invitation is for another e-mail address."]}`)
	ann := s.Post(t, "", link, `{"username":"ann","email":"ann@example.com","new_password":"yoyo","full_name":"Ann Lee"}`).Want(201).Text("token")
	s.Get(t, ann, "/api/users/ann").Want(200).Is(map[string]any{"full_name": "Ann Lee", "email": "ann@example.com"})
	shop := s.Get(t, ann, "/api/users/ann/profiles").Want(200).Is(map[string]any{"count": 1, "results.0.full_name": "Ann's Shop"}).Text("results.0.slug")
	s.Put(t, ann, "/api/profile/"+shop, `{"full_name":"Ann's New Shop"}`).Want(200)

	s.Post(t, "", link, `{"new_password":"yoyo"}`).WantJSON(400, `{"detail":"invalid request"}`)
	s.Get(t, "", link).WantJSON(400, `{"detail":"invalid request"}`)
}

func TestKeyInThePathHasFortyDigits(t *testing.T) {
	s := serve(t)
	const both = `{"detail":"Not found.","error":{"code":"E-CORE-NOTFOUND","message":"Resource not found"}}`
	for _, key := range []string{"login-token", "me", strings.Repeat("a", 39), strings.Repeat("a", 41), strings.Repeat("g", 40), "%00", "register/x"} {
		s.Get(t, "", "/api/auth/"+key).WantJSON(404, both)
		s.Post(t, "", "/api/auth/"+key, `{}`).WantJSON(404, both)
	}
	dead := "/api/auth/" + strings.Repeat("a", 40)
	s.Get(t, "", dead).WantJSON(400, `{"detail":"invalid request"}`)
	s.Post(t, "", dead, `{}`).WantJSON(400, `{"detail":"invalid request"}`)
}

func TestInvitationEndsWithItsTime(t *testing.T) {
	s := serve(t)
	donny := s.Login(t, "donny")
	s.Post(t, donny, "/api/profile/cowork/plans/basic/subscriptions?force=true", `{"organization":{"email":"ann@example.com"}}`).Want(201)
	link := keyInMail.FindStringSubmatch(s.Mails(t)[0].Text)[1]
	s.Get(t, "", link).Want(200)
	s.Clock.Advance(14*24*time.Hour + time.Second)
	s.Get(t, "", link).WantJSON(400, `{"detail":"invalid request"}`)
}
