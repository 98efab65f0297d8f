package e2e_test

import (
	"bytes"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"facet/internal/facetest"
	"facet/internal/server"
)

// consoleRoutes lists the pages of the console. Their forms are told by their
// inputs: without any they are refused, unless empty says otherwise.
func consoleRoutes(ids goodIDs) map[string]badRoute {
	const (
		unknown = "00000000-0000-7000-8000-000000000000"
		me      = "/console/me"
	)
	one := "/console/profiles/" + ids.uuid
	at := func(tab string) badRoute {
		return badRoute{path: one + tab, unknown: []string{"/console/profiles/" + unknown + tab, "/console/profiles/nobody" + tab, "/console/profiles/%00" + tab, "/console/profiles/" + ids.member + tab}}
	}
	changed := func(r badRoute, form string) badRoute {
		r.body = form
		return r
	}
	return map[string]badRoute{
		"GET /console/assets/{file}": {path: "/console/assets/console.css", ignores: true, unknown: []string{"/console/assets/nothing.css", "/console/assets/htmx.LICENSE", "/console/assets/%00", "/console/assets/..%2fdoc.go"}},
		"GET /console/sign-in":       {path: "/console/sign-in", ignores: true},
		"POST /console/sign-in":      {path: "/console/sign-in", body: "login=badinput&password=wrong", empty: 422},
		"POST /console/sign-out":     {path: "/console/sign-out", ignores: true},
		"GET /console":               {path: "/console"},
		"GET /console/overview":      {path: "/console/overview"},
		"GET /console/quick":         {path: "/console/quick?q=xia"},
		"GET /console/profiles":      {path: "/console/profiles", unknown: []string{"/console/profiles?after=nothing", "/console/profiles?before=%00"}},

		"GET /console/profiles/{id}":                         at(""),
		"POST /console/profiles/{id}":                        changed(at(""), "version=1&a:email=nobody"),
		"GET /console/profiles/{id}/names":                   at("/names"),
		"GET /console/profiles/{id}/roles":                   at("/roles"),
		"GET /console/profiles/{id}/subscriptions":           at("/subscriptions"),
		"GET /console/profiles/{id}/household":               at("/household"),
		"GET /console/profiles/{id}/connections":             at("/connections"),
		"GET /console/profiles/{id}/documents":               at("/documents"),
		"GET /console/profiles/{id}/documents/{app}":         {path: one + "/documents/1", unknown: []string{one + "/documents/1", one + "/documents/x", one + "/documents/99999999999999999999"}},
		"POST /console/profiles/{id}/documents/{app}":        {path: one + "/documents/1", body: "version=1&text={", unknown: []string{one + "/documents/x"}},
		"GET /console/profiles/{id}/sessions":                at("/sessions"),
		"POST /console/profiles/{id}/sessions/{session}/end": {path: one + "/sessions/x/end", body: "a=b", empty: 404, unknown: []string{one + "/sessions/%00/end", "/console/profiles/nobody/sessions/" + unknown + "/end"}},
		"GET /console/profiles/{id}/history":                 at("/history"),
		"GET /console/profiles/{id}/apis":                    at("/apis"),
		"POST /console/profiles/{id}/state":                  changed(at("/state"), "state=asleep"),
		"GET /console/profiles/{id}/erase":                   at("/erase"),
		"POST /console/profiles/{id}/erase":                  changed(at("/erase"), "confirm=somebody"),

		"GET " + me:                                 {path: me},
		"POST " + me:                                {path: me, body: "full_name=&slug=a+b&email=nobody"},
		"POST " + me + "/picture":                   {path: me + "/picture", body: "picture=none"},
		"GET " + me + "/household":                  {path: me + "/household"},
		"POST " + me + "/household":                 {path: me + "/household", body: "name=&age=x"},
		"GET " + me + "/household/{member}":         {path: me + "/household/" + ids.member, unknown: []string{me + "/household/" + unknown, me + "/household/x", me + "/household/" + ids.uuid}},
		"POST " + me + "/household/{member}":        {path: me + "/household/" + ids.member, body: "version=x&name=A", unknown: []string{me + "/household/" + unknown}},
		"POST " + me + "/household/{member}/remove": {path: me + "/household/" + unknown + "/remove", body: "a=b", empty: 404, unknown: []string{me + "/household/x/remove"}},
		"GET " + me + "/documents":                  {path: me + "/documents"},
		"GET " + me + "/documents/{app}":            {path: me + "/documents/1", unknown: []string{me + "/documents/1", me + "/documents/x"}},
		"POST " + me + "/documents/{app}":           {path: me + "/documents/1", body: "version=1&text={", unknown: []string{me + "/documents/x"}},
		"GET " + me + "/connections":                {path: me + "/connections"},
		"POST " + me + "/connections":               {path: me + "/connections", body: "tag=alice@localhost.localdomain&move=marry", empty: 404},
		"GET " + me + "/roles":                      {path: me + "/roles"},
		"POST " + me + "/roles":                     {path: me + "/roles", body: "do=dance"},
		"GET " + me + "/security":                   {path: me + "/security"},
		"POST " + me + "/password":                  {path: me + "/password", body: "current=x&new=a&again=b", empty: -1},
		"POST " + me + "/otp":                       {path: me + "/otp", body: "do=on"},
		"POST " + me + "/sessions/{session}/end":    {path: me + "/sessions/x/end", body: "a=b", empty: 404},
		"GET " + me + "/erase":                      {path: me + "/erase"},
		"POST " + me + "/erase":                     {path: me + "/erase", body: "confirm=somebody"},
	}
}

// consoleSession is what a browser has of a session in the console.
type consoleSession struct{ cookie, csrf string }

var consoleToken = regexp.MustCompile(`name="_csrf" value="([0-9a-f]{32})"`)

func newConsoleSession(t testing.TB, s *facetest.Service, user string) (out consoleSession) {
	t.Helper()
	a := s.Do(t, facetest.Call{Method: "POST", Path: "/console/sign-in", Type: formType, Body: url.Values{"login": {user}, "password": {facetest.Password}}.Encode()}).Want(http.StatusSeeOther)
	for _, c := range (&http.Response{Header: a.Header}).Cookies() {
		out.cookie = c.Name + "=" + c.Value
	}
	page := s.Do(t, facetest.Call{Method: "GET", Path: "/console/me/security", Header: map[string]string{"Cookie": out.cookie}}).Want(http.StatusOK)
	if found := consoleToken.FindSubmatch(page.Body); found != nil {
		out.csrf = string(found[1])
	}
	return out
}

// refusedPage fails the test unless an answer is a page that tells of an error.
func refusedPage(t *testing.T, what string, a facetest.Answer, statuses ...int) {
	t.Helper()
	switch {
	case !slices.Contains(statuses, a.Status):
		t.Errorf("%s: status %d, want %v", what, a.Status, statuses)
	case a.Header.Get("Content-Type") != "text/html; charset=utf-8" || !strings.Contains(a.Header.Get("Content-Security-Policy"), "default-src 'none'") || a.Header.Get("X-Request-Id") == "":
		t.Errorf("%s: headers %v", what, a.Header)
	case !bytes.Contains(a.Body, []byte("<h1>")) && !bytes.Contains(a.Body, []byte(`role="alert"`)):
		t.Errorf("%s: it tells of no error: %.300s", what, a.Body)
	}
}

// consoleRoute does everything wrong with one page.
func (w *badWalk) consoleRoute(t *testing.T, route server.JoinedRoute, row badRoute) {
	t.Helper()
	name := route.Method + " " + row.path
	session := w.operator
	if strings.HasPrefix(route.Pattern, "/console/me") {
		session = w.person
	}
	send := func(path, cookie, body string) facetest.Answer {
		c := facetest.Call{Method: route.Method, Path: path, Header: map[string]string{}}
		if cookie != "" {
			c.Header["Cookie"] = cookie
		}
		if route.Method == http.MethodPost {
			c.Body, c.Type = body, formType
		}
		return w.Do(t, c)
	}
	if !open(route.Route) {
		for why, cookie := range map[string]string{"no cookie": "", "garbage": "facet_console=garbage", "another's": "sessionid=" + w.xia, "a token": "facet_console=" + w.donny} {
			refusedPage(t, name+", "+why, send(row.path, cookie, row.body), http.StatusUnauthorized)
		}
		refusedPage(t, name+", a bearer", w.Do(t, facetest.Call{Method: route.Method, Path: row.path, Token: w.donny}), http.StatusUnauthorized)
		if strings.HasPrefix(route.Pattern, "/console/profiles") && route.Method == http.MethodGet {
			refusedPage(t, name+", by who is no operator", send(row.path, w.person.cookie, ""), http.StatusForbidden)
		}
	}
	for _, path := range row.unknown {
		body := row.body + "&_csrf=" + session.csrf
		refusedPage(t, route.Method+" "+path, send(path, session.cookie, body), http.StatusNotFound, http.StatusBadRequest)
	}
	if route.Method != http.MethodPost || row.ignores {
		return
	}
	if !open(route.Route) {
		for _, token := range []string{"", "&_csrf=", "&_csrf=0", "&_csrf=" + w.operator.csrf[:31] + "x"} {
			refusedPage(t, name+", without its token", send(row.path, session.cookie, row.body+token), http.StatusForbidden)
		}
	}
	bodies := []string{row.body, "", "=", "%zz", "\xff\x00", strings.Repeat("a=b&", 1000), "version=99999999999999999999&text=&name=&key=&tag=&move=&do=&confirm=&state="}
	for _, body := range bodies {
		if row.empty < 0 && body != row.body { // tries to prove oneself are counted
			continue
		}
		a := w.Do(t, facetest.Call{Method: route.Method, Path: row.path, Type: formType, Body: body, Header: map[string]string{"Cookie": session.cookie, "X-Csrf-Token": session.csrf}})
		refusedPage(t, name+", "+body[:min(40, len(body))], a, http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity)
	}
	a := w.Do(t, facetest.Call{Method: route.Method, Path: row.path, Type: formType, Body: "a=" + strings.Repeat("x", int(max(12<<20, route.MaxBody+1))), Header: map[string]string{"Cookie": session.cookie, "X-Csrf-Token": session.csrf}})
	refusedPage(t, name+", too large", a, http.StatusRequestEntityTooLarge)
}
