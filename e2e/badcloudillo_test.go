package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"facet/internal/facetest"
	"facet/internal/server"
)

// cloudilloRoutes are the rows of the face of identities.
func cloudilloRoutes() map[string]badRoute {
	const one, file = "/api/profiles/bob@example.com", "b1~abc123"
	notText := []any{7, true, []any{}, map[string]any{}}
	kinds := append([]any{"", "boss", "IDP", nil}, notText...)
	domains := append([]any{"x", "cl-o.input.example", "a b.example", "-.example", strings.Repeat("a", 300) + ".example"}, notText...)
	long := map[string]any{}
	for i := range 33 {
		long[fmt.Sprint(i)] = "x"
	}
	rows := map[string]badRoute{
		"POST /api/profiles/verify": {path: "/api/profiles/verify", body: `{"type":"idp","idTag":"bad@input.example"}`, wrong: map[string][]any{
			"type": append([]any{"ref"}, kinds...), "idTag": append([]any{"", nil}, notText...), "appDomain": notText, "token": append([]any{"nothing"}, notText...),
		}},
		"POST /api/profiles/register": {path: "/api/profiles/register", body: `{"type":"idp","idTag":"bad@input.example","email":"bad@input.example","token":"wrong"}`, wrong: map[string][]any{
			"type": kinds, "idTag": append([]any{"", "a b", "a@b", nil}, notText...), "email": append([]any{"", "nobody", "a@b@c", nil}, notText...),
			"token": append([]any{"", "nothing", nil}, notText...), "appDomain": domains, "lang": append([]any{strings.Repeat("l", 36)}, notText...),
		}},
		"POST /api/auth/login": {path: "/api/auth/login", body: `{"idTag":"badinput@input.example","password":"wrong"}`, wrong: map[string][]any{
			"idTag": append([]any{"", "xia", "a b", strings.Repeat("u", 300), nil}, notText...), "password": append([]any{"", nil}, notText...),
		}},
		"GET /api/me": {path: "/api/me", ignores: true},
		"PATCH /api/me": {path: "/api/me", body: `{"name":"Bad Input"}`, empty: 200, wrong: map[string][]any{
			"name": append([]any{"", "  ", strings.Repeat("n", 1001), nil}, notText...),
			"x": {"x", 7, true, []any{}, long, map[string]any{"a": 7}, map[string]any{"a": []any{}}, map[string]any{"a": map[string]any{}},
				map[string]any{strings.Repeat("k", 257): "x"}, map[string]any{"k": strings.Repeat("v", 4097)}},
		}},
		"PUT /api/me/image":         {path: "/api/me/image"},
		"PUT /api/me/cover":         {path: "/api/me/cover"},
		"GET /api/profiles":         {path: "/api/profiles", ignores: true},
		"GET /api/profiles/{idTag}": {path: one, ignores: true},
		"PUT /api/profiles/{idTag}": {path: "/api/profiles/bad@input.example", body: `{"type":"idp"}`, wrong: map[string][]any{
			"type": kinds, "name": append([]any{strings.Repeat("n", 1001)}, notText...), "appDomain": domains,
			"profilePic": append([]any{"nothing", "b1~nothing", "../" + file + "/..", "https://input.example/x.png"}, notText...),
		}},
		"PATCH /api/profiles/{idTag}": {path: one, body: `{"relationship":"follow"}`, unknown: []string{"/api/profiles/nobody@input.example", "/api/profiles/bob", "/api/profiles/bob@localhost.localdomain"},
			wrong: map[string][]any{
				"relationship": append([]any{"", "love", "Follow", nil}, notText...), "status": append([]any{"A", "boss"}, notText...),
				"trust": append([]any{"always", "never"}, notText...), "hiddenInHome": {true, false, "true", 7, []any{}},
			}},
		"PATCH /api/admin/profiles/{idTag}": {path: "/api/admin/profiles/bob@example.com", body: `{"status":"active"}`, empty: 200,
			unknown: []string{"/api/admin/profiles/nobody@input.example", "/api/admin/profiles/bob"}, wrong: map[string][]any{
				"name": append([]any{"", " ", strings.Repeat("n", 1001), nil}, notText...), "status": append([]any{"boss", "muted", "B", "X"}, notText...),
				"roles": {"user", 7, true, map[string]any{}, []any{7}, []any{"boss"}, []any{nil}},
			}},
	}
	rows["GET /api/files/{a}/{b}"] = badRoute{path: "/api/files/" + file + "/metadata", ignores: true, unknown: []string{
		"/api/files/" + file + "/descriptor", "/api/files/" + file + "/nothing", "/api/files/variant/b1~nothing", "/api/files/variant/..%2fx", "/api/files/b1~nothing/metadata", "/api/files/%00/descriptor", "/api/files/variant/%ff"}}
	rows["POST /api/files/{a}/{b}"] = badRoute{path: "/api/files/profile-picture/me.png"}
	for _, prefix := range []string{"/api/file/", "/file/", "/api/files/", "/api/files/api/file/"} {
		rows["GET "+prefix+"{id}"] = badRoute{path: prefix + file, ignores: true, unknown: []string{
			prefix + "b1~nothing", prefix + "nothing", prefix + "..%2f..%2ffacet.db", prefix + "b1~%2e%2e", prefix + "%00", prefix + "%ff", prefix + strings.Repeat("x", 10_000), prefix + "b1~ABC123"}}
	}
	return rows
}

// cloudilloRoute does everything wrong with one route of the face.
func (w *badWalk) cloudilloRoute(t *testing.T, route server.JoinedRoute, row badRoute) {
	t.Helper()
	call := func(c facetest.Call) facetest.Answer {
		t.Helper()
		c.Method = route.Method
		if c.Path == "" {
			c.Path = row.path
		}
		return w.Do(t, c)
	}
	want := func(what string, a facetest.Answer, statuses ...int) {
		t.Helper()
		refused(t, "cloudillo", what, a, statuses...)
		if (a.Status == http.StatusUnauthorized) != (a.Header.Get("WWW-Authenticate") == "Bearer") {
			t.Errorf("%s: %d with WWW-Authenticate %q", what, a.Status, a.Header.Get("WWW-Authenticate"))
		}
	}
	var good any
	if row.body != "" {
		good = row.body
	}
	token := w.xia
	if open(route.Route) {
		token = ""
	}
	if strings.HasPrefix(route.Pattern, "/api/admin/") {
		want("for no operator", call(facetest.Call{Token: w.xia, Body: good}), http.StatusForbidden)
		token = w.donny
	}
	if !open(route.Route) {
		want("no token", call(facetest.Call{Body: good}), http.StatusUnauthorized)
		for _, header := range []string{basic(clientID, clientSecret), basic("xia", "yoyo"), "Token " + w.xia, w.xia, "Bearer", "Bearer  ", "Digest x"} {
			want(header, call(facetest.Call{Body: good, Header: map[string]string{"Authorization": header}}), http.StatusUnauthorized)
		}
		want("on another site", call(facetest.Call{Token: token, Body: good, Header: map[string]string{"Host": w.other}}), http.StatusUnauthorized)
	}
	if !open(route.Route) || route.Pattern == "/api/me" {
		for name, token := range w.noTokens {
			want("token "+name, call(facetest.Call{Token: token, Body: good}), http.StatusUnauthorized)
		}
	}
	for _, path := range row.unknown {
		want(path, call(facetest.Call{Path: path, Token: token, Body: good}), http.StatusNotFound)
	}
	w.cloudilloPaths(t, route, token, good)
	switch {
	case route.MaxBody > 0:
		for _, data := range []string{"", "{}", "GIF89a", "<svg/>", "\xff\xd8\xff", "\x89PNG\r\n\x1a\n", "RIFF\x00\x00\x00\x00WEBP", strings.Repeat("\x00", big)} {
			want(fmt.Sprintf("picture %.10q", data), call(facetest.Call{Token: token, Body: data, Type: "image/png"}), http.StatusBadRequest)
		}
		want("too large", call(facetest.Call{Token: token, Body: strings.Repeat("x", 16<<20+1)}), http.StatusRequestEntityTooLarge)
		want("too large, in pieces", w.chunked(t, route.Method, row.path, token, strings.Repeat("x", 16<<20+1)), http.StatusRequestEntityTooLarge)
		return
	case row.ignores:
		want("too large", call(facetest.Call{Token: token, Body: strings.Repeat("x", big)}), http.StatusRequestEntityTooLarge)
		return
	}
	want("too large", call(facetest.Call{Token: token, Body: `{"name":"` + strings.Repeat("x", big) + `"}`}), http.StatusRequestEntityTooLarge)
	want("too large, in pieces", w.chunked(t, route.Method, row.path, token, `{"name":"`+strings.Repeat("x", big)+`"}`), http.StatusRequestEntityTooLarge)
	for name, body := range badJSON {
		want(name, call(facetest.Call{Token: token, Body: body}), http.StatusBadRequest)
	}
	for name, body := range deepJSON {
		want(name, call(facetest.Call{Token: token, Body: body}), http.StatusRequestEntityTooLarge)
	}
	want("no body", call(facetest.Call{Token: token}), http.StatusBadRequest)
	want("an empty body", call(facetest.Call{Token: token, Body: ""}), http.StatusBadRequest)
	if a := call(facetest.Call{Token: token, Body: "{}"}); row.empty != 0 {
		a.Want(row.empty)
	} else {
		want("an empty object", a, http.StatusBadRequest)
	}
	for field, values := range row.wrong {
		for _, value := range values {
			var body map[string]any
			if err := json.Unmarshal([]byte(row.body), &body); err != nil {
				t.Fatal(err)
			}
			body[field] = value
			statuses := []int{http.StatusBadRequest}
			if route.Pattern == "/api/auth/login" {
				statuses = append(statuses, http.StatusForbidden)
			}
			want(fmt.Sprintf("%s = %.60v", field, value), call(facetest.Call{Token: token, Body: body}), statuses...)
		}
	}
}

// cloudilloPaths asks for idtags that are none, and with queries that make no
// sense.
func (w *badWalk) cloudilloPaths(t *testing.T, route server.JoinedRoute, token string, good any) {
	t.Helper()
	if before, ok := strings.CutSuffix(route.Pattern, "{idTag}"); ok {
		for _, segment := range []string{"%ff", "%00", "%2F", "a%2Fb", "%2e%2e", "..%2f..", "%25", "bob@example.com%00", "%E2%82", "%20", "@", "a@b@c.example", "-a@b.example", "bob@example..com",
			strings.Repeat("x", 10_000), "{idTag}", "*", "'", "%22", "bob@", "@example.com"} {
			what := "idTag " + segment[:min(20, len(segment))]
			a := w.Do(t, facetest.Call{Method: route.Method, Path: before + segment, Token: token, Body: good})
			switch {
			case route.Method == http.MethodGet && a.Status == http.StatusOK: // a profile that is not there
				if v, ok := a.At("data"); v != nil || !ok {
					t.Errorf("%s: %s", what, a.Body)
				}
			case route.Method == http.MethodPut:
				refused(t, "cloudillo", what, a, http.StatusBadRequest, http.StatusNotFound)
			default:
				refused(t, "cloudillo", what, a, http.StatusNotFound)
			}
		}
	}
	if route.Pattern != "/api/profiles" {
		return
	}
	for _, query := range []string{"%zz", "q=%zz", "a;b", "q=%00", "type=dog", "type=Person", "status=Z", "status=what,ever", "connected=maybe", "connected=1", "following=1", "follower=yes", "trustSet=2",
		"limit=0", "limit=-1", "limit=abc", "limit=1.5", "limit=99999999999999999999", "cursor=x", "cursor=%00", "cursor=e30", "cursor=" + strings.Repeat("A", 10_000)} {
		refused(t, "cloudillo", "query "+query[:min(20, len(query))], w.Do(t, facetest.Call{Method: route.Method, Path: "/api/profiles?" + query, Token: token}), http.StatusBadRequest)
	}
	for _, query := range []string{"q=%ff", "idTag=%ff", "idTag=a%20b", "nothing=1", "q=" + strings.Repeat("x,", 10_000), "limit=1000"} {
		w.Do(t, facetest.Call{Method: route.Method, Path: "/api/profiles?" + query, Token: token}).Want(http.StatusOK)
	}
}

var (
	cloudilloCode = regexp.MustCompile(`^E-[A-Z]+-[A-Z]+$`)
	cloudilloTime = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$`)
)

// cloudilloForm says what is wrong with the form of an error of Cloudillo's.
func cloudilloForm(body any) string {
	b, _ := body.(map[string]any)
	inner, _ := b["error"].(map[string]any)
	code, _ := inner["code"].(string)
	at, _ := b["time"].(string)
	if len(b) != 3 || !cloudilloCode.MatchString(code) || !isText(inner["message"]) || !cloudilloTime.MatchString(at) || !isText(b["reqId"]) {
		return "not the form of Cloudillo's errors"
	}
	return ""
}
