package e2e_test

import (
	"encoding/base64"
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
func cloudilloRoutes(ids goodIDs) map[string]badRoute {
	const one, file = "/api/profiles/bob@example.com", "b1~abc123"
	notText := []any{7, true, []any{}, map[string]any{}}
	kinds := append([]any{"", "boss", "IDP", nil}, notText...)
	domains := append([]any{"x", "cl-o.input.example", "a b.example", "-.example", strings.Repeat("a", 300) + ".example"}, notText...)
	wrongTimes := []any{"tomorrow", "2001-01-01T00:00:00Z", "2099-13-01T00:00:00Z", 1, 0, -1, 1.5, 1e300, true, []any{}, map[string]any{}}
	wrongCounts := []any{0, -1, 1.5, 1e300, "1", true, []any{}, map[string]any{}}
	wrongKey := map[string][]any{
		"name": append([]any{strings.Repeat("n", 101), "a\nb"}, notText...), "scopes": append([]any{"everything", "file:x", ",", strings.Repeat("caldav:read,", 30)}, notText...), "expiresAt": wrongTimes,
	}
	key := fmt.Sprint("/api/auth/api-keys/", ids.apiKey)
	var badKeys []string
	for _, id := range []string{"0", "-1", "x", "%00", "%ff", "1.5", "99999999999999999999", strings.Repeat("9", 5000)} {
		badKeys = append(badKeys, "/api/auth/api-keys/"+id)
	}
	long := map[string]any{}
	for i := range 33 {
		long[fmt.Sprint(i)] = "x"
	}
	rows := map[string]badRoute{
		"POST /api/profiles/verify": {path: "/api/profiles/verify", body: `{"type":"idp","idTag":"bad@input.example"}`, wrong: map[string][]any{
			"type": append([]any{"ref"}, kinds...), "idTag": append([]any{"", nil}, notText...), "appDomain": notText, "token": append([]any{"nothing"}, notText...),
		}},
		"POST /api/profiles/register": {path: "/api/profiles/register", body: `{"type":"idp","idTag":"bad@input.example","email":"bad@input.example","token":"registration-token"}`, wrong: map[string][]any{
			"type": kinds, "idTag": append([]any{"", "a b", "a@b", nil}, notText...), "email": append([]any{"", "nobody", "a@b@c", nil}, notText...),
			"token": append([]any{"nothing"}, notText...), "appDomain": domains, "lang": append([]any{strings.Repeat("l", 36)}, notText...),
		}},
		"POST /api/auth/login": {path: "/api/auth/login", body: `{"idTag":"badinput@input.example","password":"wrong"}`, wrong: map[string][]any{
			"idTag": append([]any{"", "xia", "a b", strings.Repeat("u", 300), nil}, notText...), "password": append([]any{"", nil}, notText...),
		}},
		"POST /api/auth/login-init":  {path: "/api/auth/login-init", ignores: true},
		"GET /api/auth/login-token":  {path: "/api/auth/login-token", ignores: true},
		"GET /api/auth/access-token": {path: "/api/auth/access-token", ignores: true},
		"GET /api/auth/proxy-token":  {path: "/api/auth/proxy-token", ignores: true, unknown: []string{"/api/auth/proxy-token?idTag=nobody@input.example", "/api/auth/proxy-token?idTag=%00", "/api/auth/proxy-token?idTag=" + strings.Repeat("x", 5000)}},
		"POST /api/auth/password": {path: "/api/auth/password", body: `{"currentPassword":"yoyo","newPassword":"bad input"}`, wrong: map[string][]any{
			"currentPassword": append([]any{"", nil}, notText...), "newPassword": append([]any{"", "yoyo", nil}, notText...),
		}},
		"POST /api/auth/set-password": {path: "/api/auth/set-password", body: `{"refId":"registration-token","newPassword":"bad input"}`, wrong: map[string][]any{
			"refId": append([]any{"", "nothing", strings.Repeat("r", 300), nil}, notText...), "newPassword": append([]any{"", nil}, notText...),
			"token": append([]any{"other"}, notText...), "password": append([]any{"other"}, notText...), "otp_code": notText,
		}},
		"POST /api/auth/forgot-password": {path: "/api/auth/forgot-password", body: `{"email":"bad@input.example"}`, wrong: map[string][]any{
			"email": append([]any{"", "nobody", "a@b@c", strings.Repeat("e", 300) + "@input.example", nil}, notText...), "idTag": append([]any{"bad@input.example"}, notText...),
		}},
		"POST /api/onboarding/complete": {path: "/api/onboarding/complete", body: `{"refId":"registration-token"}`, wrong: map[string][]any{
			"refId": append([]any{"", "registration-token", nil}, notText...),
		}},
		"GET /api/auth/api-keys":            {path: "/api/auth/api-keys", ignores: true},
		"POST /api/auth/api-keys":           {path: "/api/auth/api-keys", body: `{}`, empty: -1, wrong: wrongKey},
		"GET /api/auth/api-keys/{keyId}":    {path: key, ignores: true, unknown: badKeys},
		"PATCH /api/auth/api-keys/{keyId}":  {path: key, body: `{}`, empty: 200, unknown: badKeys, wrong: wrongKey},
		"DELETE /api/auth/api-keys/{keyId}": {path: key, ignores: true, unknown: badKeys},

		"GET /api/profiles/me/idp-status":         {path: "/api/profiles/me/idp-status", ignores: true},
		"POST /api/profiles/me/resend-activation": {path: "/api/profiles/me/resend-activation", ignores: true},
		"GET /api/idp/info":                       {path: "/api/idp/info", ignores: true},
		"GET /api/idp/check-availability":         {path: "/api/idp/check-availability?idTag=free.localhost.localdomain", ignores: true},
		"POST /api/idp/activate": {path: "/api/idp/activate", body: `{"refId":"nothing"}`, wrong: map[string][]any{
			"refId": append([]any{"", "registration-token", strings.Repeat("r", 300), nil}, notText...),
		}},
		"GET /.well-known/cloudillo/id-tag": {path: "/.well-known/cloudillo/id-tag", ignores: true},
		"GET /api/me/app-domain":            {path: "/api/me/app-domain", ignores: true},
		"POST /api/refs": {path: "/api/refs", body: `{"type":"register"}`, wrong: map[string][]any{
			"type": append([]any{"share.file", "password", "welcome", "idp.activation"}, kinds...), "description": append([]any{strings.Repeat("d", 1025)}, notText...),
			"expiresAt": wrongTimes, "expires_at": wrongTimes, "count": wrongCounts, "resourceId": append([]any{strings.Repeat("r", 257)}, notText...),
			"accessLevel": append([]any{"all", "r"}, notText...), "params": append([]any{strings.Repeat("p", 2049)}, notText...),
		}},
		"GET /api/refs":      {path: "/api/refs", ignores: true},
		"GET /api/refs/{id}": {path: "/api/refs/registration-token", ignores: true, unknown: badRefs("")},
		"PATCH /api/refs/{id}": {path: "/api/refs/registration-token", body: `{"description":"d"}`, unknown: badRefs(""), wrong: map[string][]any{
			"description": append([]any{strings.Repeat("d", 1025)}, notText...), "expiresAt": wrongTimes, "expires_at": wrongTimes, "count": wrongCounts,
			"accessLevel": append([]any{"all", "r"}, notText...),
		}},
		"DELETE /api/refs/{id}":         {path: "/api/refs/registration-token", ignores: true, unknown: badRefs("")},
		"GET /api/refs/{id}/idp-status": {path: "/api/refs/registration-token/idp-status", ignores: true, unknown: badRefs("/idp-status")},
		"POST /api/admin/invite-community": {path: "/api/admin/invite-community", body: `{"targetIdTag":"bob@example.com"}`, wrong: map[string][]any{
			"targetIdTag":   append([]any{"", "nobody@input.example", "a b", "cowork@localhost.localdomain", nil}, notText...),
			"expiresInDays": {0, -1, 3651, 1.5, "x", true, []any{}}, "message": append([]any{strings.Repeat("m", 1025)}, notText...),
		}},
		"GET /api/me": {path: "/api/me", ignores: true},
		"PATCH /api/me": {path: "/api/me", body: `{"name":"Bad Input"}`, empty: 200, wrong: map[string][]any{
			"name":     append([]any{"", "  ", strings.Repeat("n", 1001), nil}, notText...),
			"settings": {"x", 7, true, nil, []any{}, map[string]any{}, map[string]any{"connectionMode": "A"}, map[string]any{"allowFollowers": 7}},
			"x": {"x", 7, true, []any{}, long, map[string]any{"a": 7}, map[string]any{"a": []any{}}, map[string]any{"a": map[string]any{}},
				map[string]any{strings.Repeat("k", 257): "x"}, map[string]any{"k": strings.Repeat("v", 4097)}},
		}},
		"PUT /api/me/image":         {path: "/api/me/image"},
		"PUT /api/me/cover":         {path: "/api/me/cover"},
		"GET /api/profiles":         {path: "/api/profiles", ignores: true},
		"GET /api/profiles/{idTag}": {path: one, ignores: true},
		"PUT /api/profiles/{idTag}": {path: "/api/profiles/bad@input.example", body: `{"type":"idp"}`, wrong: map[string][]any{
			"type": kinds, "name": append([]any{strings.Repeat("n", 1001)}, notText...), "appDomain": domains,
			"inviteRef":  notText,
			"profilePic": append([]any{"nothing", "b1~nothing", "../" + file + "/..", "https://input.example/x.png"}, notText...),
		}},
		"PATCH /api/profiles/{idTag}": {path: one, body: `{"relationship":"follow"}`, unknown: []string{"/api/profiles/nobody@input.example", "/api/profiles/bob", "/api/profiles/bob@localhost.localdomain"},
			wrong: map[string][]any{
				"relationship": append([]any{"", "love", "Follow", nil}, notText...), "status": append([]any{"A", "boss"}, notText...), // beside the relationship
				"trust": append([]any{"", "often", "Always"}, notText...), "hiddenInHome": {"true", "", 7, []any{}, map[string]any{}},
			}},
		"GET /api/me/full":                   {path: "/api/me/full", ignores: true},
		"GET /api/profiles/batch":            {path: "/api/profiles/batch", ignores: true},
		"POST /api/profiles/{idTag}/refresh": {path: one + "/refresh", ignores: true, unknown: []string{"/api/profiles/nobody@input.example/refresh", "/api/profiles/bob/refresh"}},
		"PATCH /api/admin/profiles/{idTag}": {path: "/api/admin/profiles/bob@example.com", body: `{"status":"active"}`, empty: 200,
			unknown: []string{"/api/admin/profiles/nobody@input.example", "/api/admin/profiles/bob"}, wrong: map[string][]any{
				"name": append([]any{"", " ", strings.Repeat("n", 1001), nil}, notText...), "status": append([]any{"boss", "muted", "B"}, notText...), "owner": {true, false, nil, 7, "true", []any{}},
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

// badRefs are paths of refs that there are not; rest follows the ref.
func badRefs(rest string) []string {
	var out []string
	for _, id := range []string{"nothing", "demo-api-key", "%00", "%ff", "..%2f..", "%20", strings.Repeat("x", 10_000)} {
		out = append(out, "/api/refs/"+id+rest)
	}
	return out
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
	if strings.HasPrefix(route.Pattern, "/api/refs") && !open(route.Route) {
		token = w.donny
	}
	if !open(route.Route) {
		want("no token", call(facetest.Call{Body: good}), http.StatusUnauthorized)
		for _, header := range []string{basic(clientID, clientSecret), basic("xia", "yoyo"), "Token " + w.xia, w.xia, "Bearer", "Bearer  ", "Digest x"} {
			want(header, call(facetest.Call{Body: good, Header: map[string]string{"Authorization": header}}), http.StatusUnauthorized)
		}
		want("on another site", call(facetest.Call{Token: token, Body: good, Header: map[string]string{"Host": w.other}}), http.StatusUnauthorized)
	}
	if !open(route.Route) || route.Method == http.MethodGet && (route.Pattern == "/api/me" || route.Pattern == "/api/me/full") {
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
	switch {
	case row.empty > 0:
		call(facetest.Call{Token: token, Body: "{}"}).Want(row.empty)
	case row.empty == 0:
		want("an empty object", call(facetest.Call{Token: token, Body: "{}"}), http.StatusBadRequest)
	}
	for field, values := range row.wrong {
		for _, value := range values {
			var body map[string]any
			if err := json.Unmarshal([]byte(row.body), &body); err != nil {
				t.Fatal(err)
			}
			body[field] = value
			statuses := []int{http.StatusBadRequest}
			switch route.Pattern {
			case "/api/auth/login":
				statuses = append(statuses, http.StatusForbidden)
			case "/api/profiles/verify", "/api/profiles/register", "/api/idp/activate", "/api/admin/invite-community": // a ref, or a person, that there is not
				statuses = append(statuses, http.StatusNotFound)
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
	if route.Pattern == "/api/profiles/batch" {
		for _, query := range []string{"%zz", "a;b", "idTags=%zz", "idTags=a&idTags=b", "idTags=" + strings.Repeat(",", 64), "idTags=" + strings.Repeat("bob@example.com,", 64)} {
			refused(t, "cloudillo", "query "+query[:min(20, len(query))], w.Do(t, facetest.Call{Method: route.Method, Path: route.Pattern + "?" + query, Token: token}), http.StatusBadRequest)
		}
		for _, query := range []string{"", "idTags=", "idTags=%ff", "idTags=%00,@,a@b@c", "nothing=1", "idTags=" + strings.Repeat("x", 10_000)} {
			w.Do(t, facetest.Call{Method: route.Method, Path: route.Pattern + "?" + query, Token: token}).Want(http.StatusOK).Is(map[string]any{"data": []any{}})
		}
	}
	if route.Pattern != "/api/profiles" {
		return
	}
	for _, query := range []string{"%zz", "q=%zz", "a;b", "q=%00", "type=dog", "type=Person", "status=Z", "status=what,ever", "connected=maybe", "connected=1", "following=1", "follower=yes", "trustSet=2",
		"limit=0", "limit=-1", "limit=abc", "limit=1.5", "limit=99999999999999999999", "cursor=x", "cursor=%00", "cursor=e30", "sort=age", "sort=created", "sortDir=up", "q=a&q=b", "q=a&search=b", "following=true&following=true", "connected=asked&connected=",
		"following=true&cursor=" + base64.RawURLEncoding.EncodeToString([]byte(`{"s":"following","v":"x","id":"00000000-0000-7000-8000-000000000000"}`)),
		"cursor=" + base64.RawURLEncoding.EncodeToString([]byte(`{"s":"following","v":"1","id":"00000000-0000-7000-8000-000000000000"}`)), "cursor=" + strings.Repeat("A", 10_000)} {
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
