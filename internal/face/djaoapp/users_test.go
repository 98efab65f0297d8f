package djaoapp_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"facet/internal/access"
	"facet/internal/directory"
	"facet/internal/facetest"
	"facet/internal/profile"
)

func withKey(method, path, key string) facetest.Call {
	return facetest.Call{Method: method, Path: path, Header: map[string]string{
		"Authorization": "Basic " + base64.StdEncoding.EncodeToString([]byte(key+":")),
	}}
}

func principal(t *testing.T, s *facetest.Service, token string) access.Principal {
	t.Helper()
	who, err := s.Site.Authenticate(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	return who
}

// disable stops a user, as an operator does through another face.
func disable(t *testing.T, s *facetest.Service, operator string, user directory.Subject) error {
	t.Helper()
	_, err := s.Site.EditIdentity(t.Context(), principal(t, s, operator), s.Site.IDTag(&user), directory.AdminEdit{State: new(profile.Disabled)})
	return err
}

func TestUserChangesTheAccount(t *testing.T) {
	s := serve(t)
	xia := s.Login(t, "xia")
	a := s.Put(t, xia, "/api/users/xia", `{"slug":"xia-lee","full_name":"Xia T. Lee","nick_name":"Xia","lang":"fr","phone":"(415) 555-5556",
		"email":"xia@example.com","country":"DE","extra":{"a":1}}`).Want(200)
	wantKeys(t, a, "", append(userKeys, "detail")...)
	a.Is(map[string]any{"slug": "xia-lee", "username": "xia-lee", "full_name": "Xia T. Lee", "printable_name": "Xia", "nick_name": "Xia", "lang": "fr",
		"phone": "+14155555556", "email": "xia@example.com", "detail": "Profile updated."})
	told := false
	for _, m := range s.Mails(t) {
		told = told || m.To == "xia@localhost.localdomain" && strings.Contains(m.Subject, "e-mail address was changed")
	}
	if !told {
		t.Error("the address that was is not told")
	}
	s.Get(t, xia, "/api/users/xia").WantJSON(403, denied)
	s.Get(t, xia, "/api/profile/xia-lee").Want(200).Is(map[string]any{"type": "personal", "full_name": "Xia T. Lee", "country": "", "extra": nil})
	s.Patch(t, xia, "/api/users/xia-lee", `{"username":"xia","phone":""}`).Want(200).Is(map[string]any{"slug": "xia", "phone": "", "full_name": "Xia T. Lee"})
	for body, want := range map[string]string{
		`{}`:                                `{"full_name":["This field is required."]}`,
		`{"full_name":""}`:                  `{"full_name":["This field may not be blank."]}`,
		`{"full_name":"X","slug":"donny"}`:  `{"slug":"This slug is already taken."}`,
		`{"full_name":"X","username":"me"}`: `{"username":"This username is already taken."}`,
		`{"full_name":"X","email":"alice@localhost.localdomain"}`:        `{"email":"This e-mail address is already taken."}`,
		`{"full_name":"X","email":"nobody"}`:                             `{"email":["Enter a valid email address."]}`,
		`{"full_name":"X","phone":"1"}`:                                  `{"phone":["Enter a valid phone number."]}`,
		`{"full_name":"X","email_code":"abc"}`:                           `{"email_code":["A valid integer is required."]}`,
		`{"full_name":"X","email":"x@example.org","email_code":"12345"}`: `{"detail":"E-mail verification code does not match."}`,
	} {
		s.Put(t, xia, "/api/users/xia", body).WantJSON(400, want)
	}
	s.Get(t, xia, "/api/users/xia").Want(200).Is(map[string]any{"email": "xia@example.com"})
}

func TestPhoneIsANameOnlyOnceItIsProven(t *testing.T) {
	s := serve(t)
	xia, alice := s.Login(t, "xia"), s.Login(t, "alice")
	const phone = "+14155555556"
	byPhone := func() facetest.Answer {
		return s.Post(t, "", "/api/auth", `{"username":"415-555-5556","password":"yoyo"}`)
	}
	s.Patch(t, xia, "/api/users/xia", `{"phone":"`+phone+`"}`).Want(200)
	byPhone().WantJSON(401, wrongPassword)

	code := func() string {
		t.Helper()
		s.Post(t, xia, "/api/auth/recover", `{"username":"`+phone+`"}`).WantJSON(200, `{"username":"`+phone+`"}`)
		texts := s.Texts(t)
		if len(texts) != 1 || texts[0].To != phone {
			t.Fatalf("texts %v", texts)
		}
		return codeForm.FindString(texts[0].Text)
	}
	right := code()
	s.Patch(t, xia, "/api/users/xia", map[string]string{"phone_code": another(right)}).WantJSON(400, `{"detail":"Phone verification code does not match."}`)
	s.Patch(t, xia, "/api/users/xia", map[string]string{"phone_code": right}).Want(200)
	byPhone().Want(201)
	s.Post(t, "", "/api/auth", map[string]string{"username": phone, "phone_code": code()}).Want(201)

	// Somebody else may have the number as data, but not as a name.
	s.Patch(t, alice, "/api/users/alice", map[string]string{"phone": phone}).Want(200)
	s.Clock.Advance(2 * time.Hour)
	alice, xia = s.Login(t, "alice"), s.Login(t, "xia")
	s.Patch(t, alice, "/api/users/alice", map[string]string{"phone": phone, "phone_code": code()}).WantJSON(400, `{"phone":"This phone is already taken."}`)

	// Another number, through whichever form, is not proven.
	s.Patch(t, xia, "/api/profile/xia", `{"phone":"415-555-0000"}`).Want(200)
	byPhone().WantJSON(401, wrongPassword)
}

func TestPasswordIsChangedWithASecretOfTheCaller(t *testing.T) {
	s := serve(t)
	xia, donny := s.Login(t, "xia"), s.Login(t, "donny")
	for body, want := range map[string]string{
		`{"new_password":"yeye"}`:                   `{"detail":"At least one of password, otp_code, email_code or phone_code must be present."}`,
		`{"new_password":"yeye","password":"nono"}`: `{"password":"Incorrect password"}`,
		`{"new_password":"yeye","otp_code":123456}`: wrongOTP,
		`{"new_password":"yeye","email_code":1}`:    wrongEmailCode,
		`{"new_password":"yeye","phone_code":"1"}`:  `{"phone_code":"Phone verification code does not match."}`,
	} {
		s.Put(t, xia, "/api/users/xia/password", body).WantJSON(401, want)
	}
	s.Put(t, xia, "/api/users/xia/password", `{"password":"yoyo"}`).WantJSON(400, `{"new_password":["This field is required."]}`)
	s.Put(t, xia, "/api/users/xia/password", `{"password":"yoyo","new_password":""}`).WantJSON(400, `{"new_password":["This field may not be blank."]}`)
	s.Put(t, xia, "/api/users/xia/password", `{"password":"yoyo","new_password":"yeye"}`).Want(200)
	s.Get(t, xia, "/api/users/xia").WantJSON(403, denied)
	if mails := s.Mails(t); len(mails) != 1 || !strings.Contains(mails[0].Subject, "password was changed") {
		t.Errorf("mails %v", mails)
	}
	s.Put(t, donny, "/api/users/xia/password", `{"password":"yoyo","new_password":"yoyo"}`).Want(200) // an operator's own secret
	s.Login(t, "xia")
}

func TestUserWithoutAPasswordIsActivatedByMail(t *testing.T) {
	s := serve(t)
	xia, donny := s.Login(t, "xia"), s.Login(t, "donny")
	s.Post(t, xia, "/api/users/xia/activate", nil).WantJSON(400, `{"detail":"User is already active"}`)
	s.Delete(t, xia, "/api/users/xia/password").Want(204)
	s.Get(t, xia, "/api/users/xia").WantJSON(403, denied)
	s.Post(t, "", "/api/auth", `{"username":"xia","password":"yoyo"}`).WantJSON(401, wrongPassword)
	s.Post(t, donny, "/api/users/xia/activate", nil).Want(200).Is(map[string]any{"slug": "xia", "credentials": false,
		"detail": "Activation e-mail successfuly sent to xia@localhost.localdomain"})
	path := mailedKey(t, s)
	s.Post(t, "", path, `{"new_password":"yoyo"}`).Want(201)
	s.Post(t, "", path, `{"new_password":"yoyo"}`).WantJSON(400, `{"detail":"invalid request"}`)
	s.Login(t, "xia")
	for range 9 {
		s.Delete(t, donny, "/api/users/alice/password").Want(204)
		s.Post(t, donny, "/api/users/alice/activate", nil).Want(200)
	}
	s.Post(t, donny, "/api/users/alice/activate", nil).Want(200)
	s.Post(t, donny, "/api/users/alice/activate", nil).Want(429)
}

// mailedKey gives the path with the key of the last mail that has one.
func mailedKey(t *testing.T, s *facetest.Service) (path string) {
	t.Helper()
	for _, m := range s.Mails(t) {
		if found := keyInMail.FindStringSubmatch(m.Text); found != nil {
			path = found[1]
		}
	}
	if path == "" {
		t.Fatal("no mail has a key")
	}
	return path
}

func TestAPIKeyActsAsItsUserUntilItEnds(t *testing.T) {
	s := serve(t)
	xia := s.Login(t, "xia")
	key := s.Post(t, xia, "/api/users/xia/api-keys", `{"password":"yoyo","title":"production"}`).Want(201).Text("secret")
	if len(key) != 64 || strings.ContainsAny(key, "0O1Iil") {
		t.Errorf("key %q", key)
	}
	list := s.Get(t, xia, "/api/users/xia/api-keys?q=prod").Want(200).Is(map[string]any{"count": 1, "results.0.title": "production",
		"results.0.api_pub_key": key[:32], "results.0.ends_at": "2027-01-31T12:00:00Z"})
	if strings.Contains(string(list.Body), key[32:]) {
		t.Error("the list shows the secret half")
	}
	s.Do(t, withKey("GET", "/api/users/xia", key)).Want(200).Is(map[string]any{"slug": "xia"})
	s.Do(t, withKey("GET", "/api/users/xia", key[:63]+another(key[63:]))).WantJSON(403, denied)
	bad := withKey("POST", "/api/auth", another(key))
	bad.Body = `{"username":"xia","password":"yoyo"}`
	s.Do(t, bad).WantJSON(401, `{"detail":"Invalid token"}`)
	s.Post(t, xia, "/api/users/xia/api-keys", `{}`).Want(401)
	s.Post(t, xia, "/api/users/xia/api-keys/"+key[:32], `{"password":"nono"}`).WantJSON(401, `{"password":"Incorrect password"}`)
	s.Post(t, xia, "/api/users/xia/api-keys/nothing", `{"password":"yoyo"}`).Want(404)
	s.Post(t, xia, "/api/users/xia/api-keys/"+key[:32], `{"password":"yoyo"}`).WantJSON(200, `{"detail":"API key deleted successfully."}`)
	s.Do(t, withKey("GET", "/api/users/xia", key)).WantJSON(403, denied)

	key = s.Post(t, xia, "/api/users/xia/api-keys", `{"password":"yoyo"}`).Want(201).Text("secret")
	s.Clock.Advance(365*24*time.Hour + time.Second)
	s.Do(t, withKey("GET", "/api/users/xia", key)).WantJSON(403, denied)
}

func TestBrowserKeepsItsSessionInACookie(t *testing.T) {
	s := serve(t)
	resp := s.Post(t, "", "/api/auth?cookie=1", `{"username":"xia","password":"yoyo"}`).Want(201)
	cookies := map[string]*http.Cookie{}
	for _, c := range (&http.Response{Header: resp.Header}).Cookies() {
		cookies[c.Name] = c
	}
	session, csrf := cookies["sessionid"], cookies["csrftoken"]
	if session == nil || csrf == nil || !session.HttpOnly || csrf.HttpOnly || !session.Secure || session.SameSite != http.SameSiteLaxMode || session.Path != "/" {
		t.Fatalf("cookies %v", cookies)
	}
	call := func(method, path, token string) facetest.Call {
		c := facetest.Call{Method: method, Path: path, Header: map[string]string{"Cookie": "sessionid=" + session.Value + "; csrftoken=" + csrf.Value}}
		if token != "" {
			c.Header["X-CSRFToken"] = token
		}
		if method != "GET" {
			c.Body = `{}`
		}
		return c
	}
	s.Do(t, call("GET", "/api/users/xia", "")).Want(200)
	s.Do(t, call("PATCH", "/api/users/xia", "")).WantJSON(403, `{"detail":"CSRF Failed: CSRF token missing."}`)
	s.Do(t, call("PATCH", "/api/users/xia", "guessed")).WantJSON(403, `{"detail":"CSRF Failed: CSRF token from the 'X-Csrftoken' HTTP header incorrect."}`)
	s.Do(t, call("PATCH", "/api/users/xia", csrf.Value)).Want(200)
	bearer := call("PATCH", "/api/users/xia", "")
	bearer.Token = resp.Text("token")
	s.Do(t, bearer).Want(200) // a request with Authorization needs no token
	s.Clock.Advance(2 * time.Hour)
	s.Do(t, call("GET", "/api/users/xia", "")).Want(200)                     // it lives as long as the session
	s.Get(t, session.Value, "/api/users/xia").WantJSON(403, denied)          // and is no token
	s.Do(t, call("POST", "/api/auth/recover", "")).Want(400)                 // who signs in needs no token
	s.Do(t, call("POST", "/api/auth/logout", "")).Want(403)                  // who signs out does
	out := s.Do(t, call("DELETE", "/api/auth/tokens", csrf.Value)).Want(204) //
	if got := out.Header.Values("Set-Cookie"); len(got) != 2 || !strings.Contains(got[0], "Max-Age=0") {
		t.Errorf("cookies %v", got)
	}
	s.Do(t, call("GET", "/api/users/xia", "")).WantJSON(403, denied)
	s.Post(t, "", "/api/auth", `{"username":"xia","password":"yoyo"}`).Want(201)
}

func TestErasedUserLeavesNothing(t *testing.T) {
	s := serve(t)
	xia := s.Login(t, "xia")
	key := s.Post(t, xia, "/api/users/xia/api-keys", `{"password":"yoyo"}`).Want(201).Text("secret")
	code := mailedCode(t, s, "xia", "xia@localhost.localdomain")
	s.Post(t, xia, "/api/legal/terms-of-use/sign", `{"read_terms":true}`).Want(200)
	s.Delete(t, xia, "/api/users/xia").Want(204)
	s.Do(t, withKey("GET", "/api/users/xia", key)).WantJSON(403, denied)
	s.Post(t, "", "/api/auth", map[string]string{"username": "xia@localhost.localdomain", "email_code": code}).WantJSON(400, wrongEmailCode)
	register(t, s, "xia", "email", "xia@localhost.localdomain")
	s.Delete(t, s.Login(t, "donny"), "/api/users/donny").WantJSON(403, `{"detail":"The last manager of the organization that owns the site cannot be erased."}`)
}

func TestNotifications(t *testing.T) {
	s := serve(t)
	xia := s.Login(t, "xia")
	const path = "/api/users/xia/notifications"
	s.Get(t, xia, path).WantJSON(200, `{"notifications":[]}`)
	s.Put(t, xia, path, `{"notifications":["user_registered_notice","a","a"]}`).WantJSON(200, `{"notifications":["user_registered_notice","a"]}`)
	s.Do(t, facetest.Call{Method: "POST", Path: path, Token: xia, Type: "application/x-www-form-urlencoded", Body: "notifications=b,c"}).Want(200)
	s.Get(t, xia, path).WantJSON(200, `{"notifications":["b","c"]}`)
	for _, bad := range []string{`{}`, `{"notifications":1}`, `{"notifications":[1]}`, `{"notifications":["a b"]}`, `{"notifications":null}`, `{"notifications":[` + strings.Repeat(`"a",`, 100) + `"a"]}`} {
		s.Put(t, xia, path, bad).Want(400)
	}
	s.Put(t, xia, path, `{"notifications":[]}`).WantJSON(200, `{"notifications":[]}`)
}
