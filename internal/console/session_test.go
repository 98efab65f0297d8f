package console_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"facet/internal/facetest"
)

// tab is a browser without scripts: a cookie, and the token of the page before.
type tab struct {
	t      testing.TB
	s      *facetest.Service
	cookie string
	csrf   string
}

var csrfField = regexp.MustCompile(`name="_csrf" value="([0-9a-f]{32})"`)

// signedIn gives a tab of a demo user.
func signedIn(t testing.TB, s *facetest.Service, user string) *tab {
	t.Helper()
	b := &tab{t: t, s: s}
	b.post("/console/sign-in", "login", user, "password", facetest.Password, "next", "/console/me").Want(303)
	b.get("/console/me").Want(200)
	return b
}

func (b *tab) do(c facetest.Call) facetest.Answer {
	b.t.Helper()
	if c.Header == nil {
		c.Header = map[string]string{}
	}
	if b.cookie != "" {
		c.Header["Cookie"] = "facet_console=" + b.cookie
	}
	a := b.s.Do(b.t, c)
	for _, set := range (&http.Response{Header: a.Header}).Cookies() {
		if set.Name == "facet_console" {
			b.cookie = set.Value
		}
	}
	if found := csrfField.FindSubmatch(a.Body); found != nil {
		b.csrf = string(found[1])
	}
	if a.Status >= 500 {
		b.t.Errorf("%s %s: %d\n%s", c.Method, c.Path, a.Status, b.s.Log)
	}
	return a
}

func (b *tab) get(path string) facetest.Answer {
	b.t.Helper()
	return b.do(facetest.Call{Method: "GET", Path: path})
}

// post sends a form, with the token.
func (b *tab) post(path string, pairs ...string) facetest.Answer {
	b.t.Helper()
	form := url.Values{"_csrf": {b.csrf}}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return b.do(facetest.Call{Method: "POST", Path: path, Body: form.Encode(), Type: "application/x-www-form-urlencoded"})
}

// has fails the test unless a page has a text.
func has(t testing.TB, a facetest.Answer, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(string(a.Body), text) {
			t.Errorf("%q is not on the page:\n%s", text, a.Body)
		}
	}
}

func TestSigningInLeadsOperatorsToTheOverviewAndPeopleToTheirProfile(t *testing.T) {
	s := service(t)
	b := &tab{t: t, s: s}
	has(t, b.get("/console/profiles?q=xia").Want(401), `value="/console/profiles?q=xia"`, "Sign in")
	a := b.post("/console/sign-in", "login", "donny@localhost.localdomain", "password", "yoyo", "next", "/console/profiles?q=xia").Want(303)
	if to := a.Header.Get("Location"); to != "/console/profiles?q=xia" {
		t.Errorf("it leads to %s", to)
	}
	has(t, b.get("/console").Want(200), "Overview", "Created per day")
	x := signedIn(t, s, "xia")
	if to := x.get("/console").Want(303).Header.Get("Location"); to != "/console/me" {
		t.Errorf("people are led to %s", to)
	}
	if page := x.get("/console/me").Want(200); strings.Contains(string(page.Body), "/console/profiles") {
		t.Error("people are shown a way to what is not for them")
	}
	for _, path := range []string{"/console/overview", "/console/profiles", "/console/quick?q=a", "/console/profiles/" + idOf(t, s, "xia").String(), "/console/profiles/" + idOf(t, s, "alice").String() + "/sessions"} {
		x.get(path).Want(403)
	}
}

func TestACookieIsForTheConsoleAloneAndEndsWithSigningOut(t *testing.T) {
	s := service(t)
	b := &tab{t: t, s: s}
	set := b.post("/console/sign-in", "login", "xia", "password", "yoyo").Want(303).Header.Get("Set-Cookie")
	for _, word := range []string{"Path=/console;", "HttpOnly", "Secure", "SameSite=Strict"} {
		if !strings.Contains(set+";", word) {
			t.Errorf("Set-Cookie has no %s: %s", word, set)
		}
	}
	kept := b.cookie
	b.get("/console/me").Want(200)
	for _, path := range []string{"/api/users/xia", "/api/profile/xia", "/user/userinfo"} {
		if a := s.Do(t, facetest.Call{Method: "GET", Path: path, Header: map[string]string{"Cookie": "facet_console=" + kept, "X-API-KEY": "demo-api-key"}}); a.Status < 400 {
			t.Errorf("%s: the console's cookie is taken: %d", path, a.Status)
		}
	}
	b.post("/console/sign-out").Want(303)
	b.cookie = kept
	b.get("/console/me").Want(401)
}

func TestAChangeNeedsItsTokenAndAPageOfThisSite(t *testing.T) {
	s := service(t)
	b := signedIn(t, s, "xia")
	right := b.csrf
	for _, wrong := range []string{"", "0", strings.Repeat("0", 32), signedIn(t, s, "alice").csrf} {
		b.csrf = wrong
		b.post("/console/me", "full_name", "Somebody Else").Want(403)
	}
	b.csrf = right
	for _, from := range []map[string]string{{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}} {
		b.do(facetest.Call{Method: "POST", Path: "/console/me", Body: "full_name=Else&_csrf=" + right, Type: "application/x-www-form-urlencoded", Header: from}).Want(403)
		b.do(facetest.Call{Method: "POST", Path: "/console/sign-in", Body: "login=alice&password=yoyo", Type: "application/x-www-form-urlencoded", Header: from}).Want(403)
	}
	s.Get(t, s.Login(t, "xia"), "/api/users/xia").Is(map[string]any{"full_name": "Xia Lee"})
}

func TestOneTimeCodesAreAskedForInASecondStep(t *testing.T) {
	s := service(t)
	b := signedIn(t, s, "xia")
	a := b.post("/console/me/otp", "do", "on", "password", "yoyo").Want(200)
	key := regexp.MustCompile(`class="mono key">([A-Z2-7]+)<`).FindSubmatch(a.Body)
	if key == nil || !strings.Contains(string(a.Body), `<svg class="qr"`) {
		t.Fatalf("no key is shown:\n%s", a.Body)
	}
	again := &tab{t: t, s: s}
	has(t, again.post("/console/sign-in", "login", "xia", "password", "yoyo").Want(401), `name="otp_code"`)
	has(t, again.post("/console/sign-in", "login", "xia", "password", "yoyo", "otp_code", "000000").Want(401), "That code is not right")
	s.Clock.Advance(30 * time.Second)
	code, err := totp.GenerateCode(string(key[1]), s.Clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	again.post("/console/sign-in", "login", "xia", "password", "yoyo", "otp_code", code[:3]+" "+code[3:]).Want(303)
	again.get("/console/me").Want(200)
}

func TestWrongPasswordsAreRefusedAlikeAndCounted(t *testing.T) {
	s := service(t)
	b := &tab{t: t, s: s}
	for _, login := range []string{"xia", "nobody", "cowork", "<script>"} {
		has(t, b.post("/console/sign-in", "login", login, "password", "wrong").Want(401), "The name or the password is not right.")
	}
	for range 9 {
		b.post("/console/sign-in", "login", "xia", "password", "wrong")
	}
	a := b.post("/console/sign-in", "login", "xia", "password", "yoyo").Want(429)
	has(t, a, "Too many tries")
	if a.Header.Get("Retry-After") == "" {
		t.Error("it does not say for how long")
	}
}

func TestNextLeadsNowhereButToTheConsole(t *testing.T) {
	s := service(t)
	for _, next := range []string{"https://evil.example/console", "//evil.example/console", "/api/auth/logout", "/consolex", "javascript:alert(1)", "\\\\evil.example", "/console/sign-in?next=/console", "%zz"} {
		b := &tab{t: t, s: s}
		if to := b.post("/console/sign-in", "login", "xia", "password", "yoyo", "next", next).Want(303).Header.Get("Location"); to != "/console" {
			t.Errorf("%s leads to %s", next, to)
		}
	}
}

func TestEveryAnswerSaysWhatBrowsersMayNotDo(t *testing.T) {
	s := service(t)
	b := signedIn(t, s, "donny")
	for _, path := range []string{"/console", "/console/me", "/console/profiles/nobody", "/console/assets/console.js", "/console/assets/nothing.js", "/console/quick?q=x"} {
		h := b.get(path).Header
		for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "X-Frame-Options": "DENY", "Strict-Transport-Security": "max-age=31536000"} {
			if h.Get(name) != want {
				t.Errorf("%s: %s is %q", path, name, h.Get(name))
			}
		}
		policy := h.Get("Content-Security-Policy")
		if !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "frame-ancestors 'none'") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: %s", path, policy)
		}
	}
}
