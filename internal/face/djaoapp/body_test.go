package djaoapp_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"facet/internal/access"
	"facet/internal/face/djaoapp"
	"facet/internal/facetest"
	"facet/internal/store/storetest"
)

func TestBodiesMayBeJSONFormOrMultipart(t *testing.T) {
	s := serve(t)
	xia := s.Login(t, "xia")
	const multi = "--b\r\nContent-Disposition: form-data; name=\"full_name\"\r\n\r\nMül & Co\r\n" +
		"--b\r\nContent-Disposition: form-data; name=\"slug\"\r\n\r\n%s\r\n" +
		"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\n\r\n\x00\xff\r\n--b--\r\n"
	for i, c := range []struct{ typ, body string }{
		{"application/json", `{"full_name":"Mül & Co","slug":"%s"}`},
		{"APPLICATION/JSON;charset=utf-8", "\n {\"full_name\":\"M\\u00fcl & Co\",\"slug\":\"%s\"} "},
		{"application/x-www-form-urlencoded", "full_name=M%%C3%%BCl+%%26+Co&&slug=%s"},
		{"multipart/form-data; boundary=b", multi},
	} {
		slug := fmt.Sprintf("co-%d", i)
		s.Do(t, facetest.Call{Method: "POST", Path: "/api/users/xia/profiles", Token: xia, Type: c.typ, Body: fmt.Sprintf(c.body, slug)}).Want(201).
			Is(map[string]any{"full_name": "Mül & Co", "slug": slug})
	}
	s.Do(t, facetest.Call{Method: "PATCH", Path: "/api/profile/co-1", Token: xia, Type: "application/x-www-form-urlencoded", Body: "is_bulk_buyer=on&phone=1"}).
		Want(200).Is(map[string]any{"is_bulk_buyer": true, "phone": "1"})
	donny := s.Login(t, "donny")
	s.Do(t, facetest.Call{Method: "POST", Path: "/api/profile/cowork/plans/basic/subscriptions", Token: donny,
		Type: "application/x-www-form-urlencoded", Body: "organization.slug=xia"}).Want(201).Is(map[string]any{"profile.slug": "xia"})
}

// badBodies are what every route that takes a body refuses, with the status.
var badBodies = []struct {
	what, typ, body string
	status          int
}{
	{"not JSON", "", `{"full_name":`, 400},
	{"a name twice", "", `{"full_name":"A","full_name":"B"}`, 400},
	{"a name twice, nested", "", `{"full_name":"A","profile":{"slug":"a","slug":"b"}}`, 400},
	{"NUL", "", `{"full_name":"\u0000"}`, 400},
	{"bad UTF-8", "", "{\"full_name\":\"\xff\"}", 400},
	{"a lone surrogate", "", `{"full_name":"\ud800"}`, 400},
	{"a list", "", `[1]`, 400},
	{"a string", "", `"x"`, 400},
	{"null", "", `null`, 400},
	{"deep nesting", "", strings.Repeat(`{"a":`, 100) + "1" + strings.Repeat("}", 100), 413},
	{"too large", "", `{"full_name":"` + strings.Repeat("x", 1<<20) + `"}`, 413},
	{"another media type", "text/plain", `{"full_name":"A"}`, 415},
	{"no media type", "nonsense", `{"full_name":"A"}`, 415},
	{"another charset", "application/json; charset=latin1", `{"full_name":"A"}`, 415},
	{"a form with a bad escape", "application/x-www-form-urlencoded", "full_name=%zz", 400},
	{"a form with NUL", "application/x-www-form-urlencoded", "full_name=%00", 400},
	{"a form with a name twice", "application/x-www-form-urlencoded", "full_name=a&full_name=b", 400},
	{"a form with too many fields", "application/x-www-form-urlencoded", manyFields(), 400},
	{"a multipart form that does not end", "multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx", 400},
	{"a multipart form without boundary", "multipart/form-data", "x", 400},
}

func manyFields() string {
	var b strings.Builder
	for i := range 1100 {
		fmt.Fprintf(&b, "f%d=1&", i)
	}
	return b.String()
}

// readsNothing are the routes that take no body.
var readsNothing = regexp.MustCompile(`/activate$|/accept/\{key\}$|^POST .*/roles/\{role\}/\{user\}$|/accessibles/\{role\}/\{profile\}$`)

// call makes a request that fits a route's pattern.
func call(method, pattern, token string) facetest.Call {
	path := strings.NewReplacer("{user}", "xia", "{profile}", "cowork", "{plan}", "premium", "{role}", "manager", "{subscriber}", "xia", "{key}", strings.Repeat("a", 40), "{agreement}", "terms-of-use").Replace(pattern)
	return facetest.Call{Method: method, Path: path, Token: token}
}

func TestBadBodiesAreRefusedOnEveryRoute(t *testing.T) {
	s := serve(t)
	donny := s.Login(t, "donny")
	n := 0
	for _, r := range djaoapp.New().Routes() {
		if r.Method == http.MethodGet || r.Method == http.MethodDelete || r.Pattern == "/api/auth/logout" || readsNothing.MatchString(r.Method+" "+r.Pattern) {
			continue
		}
		token := donny
		for _, bad := range badBodies {
			if n++; storetest.Reduced() && n%5 > 0 {
				continue
			}
			c := call(r.Method, r.Pattern, token)
			c.Type, c.Body = bad.typ, bad.body
			want := bad.status
			if strings.HasPrefix(r.Pattern, "/api/auth/") && strings.HasSuffix(r.Pattern, "{key}") {
				want = 400 // the key is looked at first
				if bad.what == "too large" {
					want = 413
				}
			}
			if a := s.Do(t, c); a.Status != want {
				t.Errorf("%s %s, %s: %d %s", r.Method, r.Pattern, bad.what, a.Status, a.Body)
			}
		}
	}
	s.Get(t, donny, "/api/users/xia/profiles").Want(200).Is(map[string]any{"count": 1})
	s.Get(t, donny, "/api/profile/cowork").Want(200).Is(map[string]any{"full_name": "Coworking Space"})
}

func TestRoutesThatNeedACallerRefuseNobody(t *testing.T) {
	s := serve(t)
	for _, r := range djaoapp.New().Routes() {
		rule, ok := access.RuleOf(r.Permission)
		if !ok {
			t.Errorf("%s %s: no permission %q", r.Method, r.Pattern, r.Permission)
		}
		if rule.Anyone {
			continue
		}
		for _, token := range []string{"", "garbage"} {
			s.Do(t, call(r.Method, r.Pattern, token)).WantJSON(403, denied)
		}
	}
}

func TestErrorsOfTheEdgeHaveTheFacesForm(t *testing.T) {
	s := serve(t)
	s.Get(t, "", "/api/no/such/thing").WantJSON(404, `{"detail":"Not found."}`)
	s.Delete(t, "", "/api/auth").WantJSON(405, `{"detail":"Method \"DELETE\" not allowed."}`)
	s.Do(t, facetest.Call{Method: "POST", Path: "/api/auth", Type: "text/plain", Body: "x"}).
		WantJSON(415, `{"detail":"Unsupported media type \"text/plain\" in request."}`)
	s.Post(t, "", "/api/auth", `[]`).WantJSON(400, `{"detail":["Invalid data. Expected a dictionary, but got list."]}`)
	s.Post(t, "", "/api/auth", `{`).WantJSON(400, `{"detail":"JSON parse error - the JSON is not syntactically valid: a name is missing at byte 1"}`)
}

func TestProfileFieldErrors(t *testing.T) {
	s := serve(t)
	xia := s.Login(t, "xia")
	long := func(n int) string { return strings.Repeat("é", n) }
	for _, c := range []struct{ body, want string }{
		{`{}`, `{"full_name":["This field is required."]}`},
		{`{"full_name":null}`, `{"full_name":["This field may not be null."]}`},
		{`{"full_name":{}}`, `{"full_name":["Not a valid string."]}`},
		{`{"full_name":true,"email":[],"is_bulk_buyer":"maybe","no_implicit_role":null}`,
			`{"full_name":["Not a valid string."],"email":["Not a valid string."],"is_bulk_buyer":["Must be a valid boolean."],"no_implicit_role":["This field may not be null."]}`},
		{`{"full_name":"` + long(101) + `"}`, `{"full_name":["Ensure this field has no more than 100 characters."]}`},
		{`{"full_name":"A","email":""}`, `{"email":["This field may not be blank."]}`},
		{`{"full_name":"A","email":"a@"}`, `{"email":["Enter a valid email address."]}`},
		{`{"full_name":"A","type":"user"}`, `{"type":["type must be one of 'personal' or 'organization'."]}`},
		{`{"full_name":"A","slug":""}`, `{"slug":["This field may not be blank."]}`},
		{`{"full_name":"A","slug":"a.b"}`, `{"slug":["Enter a valid \"slug\" consisting of letters, numbers, underscores or hyphens."]}`},
		{`{"full_name":"A","slug":"` + strings.Repeat("a", 51) + `"}`, `{"slug":["Ensure this field has no more than 50 characters."]}`},
		{`{"full_name":"A","slug":"xia"}`, `{"slug":"This slug is already taken."}`},
		{`{"full_name":"A","phone":"` + long(51) + `"}`, `{"phone":["Ensure this field has no more than 50 characters."]}`},
		{`{"full_name":"A","street_address":"` + long(151) + `"}`, `{"street_address":["Ensure this field has no more than 150 characters."]}`},
		{`{"full_name":"A","country":"USA"}`, `{"country":["Ensure this field has no more than 2 characters."]}`},
		{`{"full_name":"A","country":"UK"}`, `{"country":["\"UK\" is not a valid choice."]}`},
		{`{"full_name":"A","country":"EU"}`, `{"country":["\"EU\" is not a valid choice."]}`},
	} {
		s.Post(t, xia, "/api/users/xia/profiles", c.body).WantJSON(400, c.want)
		s.Post(t, xia, "/api/accounts/profiles", c.body).WantJSON(400, c.want)
	}
	s.Get(t, xia, "/api/users/xia/profiles").Want(200).Is(map[string]any{"count": 1})
	s.Post(t, xia, "/api/users/xia/profiles", `{"full_name":"`+long(100)+`","extra":"text","default_timezone":"America/Los_Angeles"}`).Want(201).
		Is(map[string]any{"full_name": long(100), "extra": "text", "default_timezone": "America/Los_Angeles"})
}

func TestGrantErrors(t *testing.T) {
	s := serve(t)
	donny := s.Login(t, "donny")
	const plan = "/api/profile/cowork/plans/premium/subscriptions"
	for _, c := range []struct {
		path, body string
		status     int
		want       string
	}{
		{plan, `{}`, 400, `{"profile":["This field is required."]}`},
		{plan, `{"profile":"xia"}`, 400, `{"profile":{"detail":["Invalid data. Expected a dictionary, but got str."]}}`},
		{plan, `{"organization":null}`, 400, `{"organization":{"detail":["Invalid data. Expected a dictionary, but got NoneType."]}}`},
		{plan, `{"profile":{}}`, 400, `{"profile":{"detail":["One of slug or (full_name, email, type) should be present"]}}`},
		{plan, `{"organization":{"full_name":"X"}}`, 400, `{"organization":{"detail":["One of slug or (full_name, email, type) should be present"]}}`},
		{plan, `{"profile":{"slug":7.5e3,"email":"x"}}`, 400, `{"profile":{"email":["Enter a valid email address."]}}`},
		{plan, `{"profile":{"slug":["xia"]}}`, 400, `{"profile":{"slug":["Not a valid string."]}}`},
		{plan, `{"profile":{"slug":"xia"},"message":1}`, 201, ``},
		{plan, `{"profile":{"slug":"xia"},"message":"` + strings.Repeat("m", 256) + `"}`, 400, `{"message":["Ensure this field has no more than 255 characters."]}`},
		{plan, `{"organization":{"slug":"nobody"}}`, 404, `{"detail":"Profile nobody does not exist."}`},
		{plan + "?force=1", `{"organization":{"slug":"nobody"}}`, 400, `{"email":"We cannot invite an organization without an e-mail address."}`},
		{plan + "?force=1", `{"profile":{"slug":"a b","email":"a@example.com"}}`, 400, `{"profile":{"slug":["Enter a valid \"slug\" consisting of letters, numbers, underscores or hyphens."]}}`},
		{"/api/profile/cowork/plans/none/subscriptions", `{"profile":{"slug":"xia"}}`, 404, `{"detail":"No Plan matches the given query."}`},
		{"/api/profile/cowork/plans/%00/subscriptions", `{"profile":{"slug":"xia"}}`, 404, `{"detail":"No Plan matches the given query."}`},
		{"/api/profile/xia/plans/premium/subscriptions", `{"profile":{"slug":"xia"}}`, 404, `{"detail":"No Plan matches the given query."}`},
		{"/api/profile/nobody/plans/premium/subscriptions", `{"profile":{"slug":"xia"}}`, 404, `{"detail":"No Organization matches the given query."}`},
	} {
		a := s.Post(t, donny, c.path, c.body)
		if c.want == "" {
			a.Want(c.status)
		} else {
			a.WantJSON(c.status, c.want)
		}
	}
	s.Post(t, s.Login(t, "xia"), plan, `{"profile":{"slug":"xia"}}`).WantJSON(403, denied)
}

func TestForcedGrantToAKnownUsersEmailIsManagedByThem(t *testing.T) {
	s := serve(t)
	donny, eve := s.Login(t, "donny"), register(t, s, "eve", "type", "user")
	s.Post(t, donny, "/api/profile/cowork/plans/basic/subscriptions?force=1", `{"profile":{"slug":"eves","email":"eve@example.com","full_name":"Eve's"}}`).Want(201)
	s.Get(t, eve, "/api/users/eve/profiles").Want(200).Is(map[string]any{"count": 1, "results.0.slug": "eves"})
	for _, m := range s.Mails(t) {
		if strings.Contains(m.Text, "/api/auth/") {
			t.Errorf("a user who has an account is mailed a key: %s", m.Text)
		}
	}
}
