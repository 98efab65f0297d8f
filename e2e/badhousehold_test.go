package e2e_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"

	"facet/internal/facetest"
	"facet/internal/server"
)

// householdRoutes are the rows of the face of household profiles; xia is the
// account.
func householdRoutes(ids goodIDs) map[string]badRoute {
	const users = "/api/users/v1/users/"
	all := users + ids.uuid + "/user_profiles"
	one := all + "/" + ids.member
	wrong := map[string][]any{
		"name":             {"", "  ", "a\tb", strings.Repeat("n", 65), "XIA", " xia ", 7, true, []any{}, nil},
		"user_id":          {1, 1.5, "1", "nobody", true, nil, []any{}, ids.organization, strings.Repeat("9", 40)},
		"is_child_profile": {"maybe", 2, nil, []any{}},
		"age_limit":        {-1, 22, 1.5, "16", true, 1e20, []any{}},
		"is_default":       {"maybe", 2, nil, []any{}},
		"type":             {"Device", "", 7, nil}, "id": {"x", 7, nil, ids.uuid},
		"colour": {"red"}, "Name": {"x"}, strings.Repeat("n", 1000): {1}, "attributes": {map[string]any{}}, "data": {map[string]any{}, nil, 7},
	}
	maps.Copy(wrong, map[string][]any{
		"avatar_id": {"nobody", 7, true, []any{}}, "language": {"english", "_", strings.Repeat("x-", 50) + "x", 7}, "subtitle_language": {"??", true},
		"autoplay": {"yes", 1, []any{}}, "profile_pin": {"", "123", "12345", "abcd", "12 4", 1234, true, []any{}}, "has_pin": {true},
	})
	secrets := map[string][]any{"password": {7, true, nil, []any{}, ""}, "pin": {7, true, nil, []any{}, ""}, "meta": {7, nil, []any{}}}
	changed := maps.Clone(wrong)
	maps.Copy(changed, secrets)
	proved := with(maps.Clone(secrets), "colour", "red")
	proved["data"] = wrong["data"]
	proved["type"] = wrong["type"]
	locked := with(maps.Clone(proved), "account_channel_lock_status", "maybe", 2, nil, []any{})
	pinned := with(with(maps.Clone(proved), "pin_code", "", "123", "12345", "12a4", 1234, true, []any{}), "current_pin_code", 7, nil, "", []any{})
	checked := with(with(maps.Clone(proved), "pin_code", "", "12345", 1234, true, nil, []any{}), "user_profile_id", "x", 7, nil, "", []any{})
	delete(pinned, "pin") // says the same as current_pin_code, whatever it is
	delete(checked, "password")
	delete(checked, "pin")
	made := with(with(maps.Clone(wrong), "password", "yoyo", nil), "pin", "1234", nil)
	unknown := []string{users + "99999999/user_profiles", users + "nobody/user_profiles", users + ids.organization + "/user_profiles", users + "042/user_profiles",
		"/api/users/v1/01930000-0000-7000-8000-000000000000/user_profiles"}
	member := make([]string, 0, 2*len(unknown))
	for _, path := range unknown {
		member = append(member, path+"/"+ids.member)
	}
	member = append(member, all+"/nothing", all+"/"+ids.uuid, all+"/01930000-0000-7000-8000-000000000000")
	below := func(paths []string, more string) []string {
		out := make([]string, len(paths))
		for i, path := range paths {
			out[i] = path + more
		}
		return out
	}
	accounts := []string{users + "99999999", users + "nobody", users + ids.organization, users + "042"}
	tokens := badRoute{body: `{"pin":"0000"}`, empty: 403, wrong: proved}
	rows := map[string]badRoute{
		"GET /api/users/v1/users/{user_id}":                  {path: users + ids.uuid, ignores: true, unknown: accounts},
		"GET /api/users/v1/users/{user_id}/channel_lock":     {path: users + ids.uuid + "/channel_lock", ignores: true, unknown: below(accounts, "/channel_lock")},
		"PUT /api/users/v1/users/{user_id}/channel_lock":     {path: users + ids.uuid + "/channel_lock", body: `{"account_channel_lock_status":true}`, empty: 422, wrong: locked, unknown: below(accounts, "/channel_lock")},
		"PUT /api/users/v1/users/{user_id}/pin_code":         {path: users + ids.uuid + "/pin_code", body: `{"pin_code":"4711","current_pin_code":"0000"}`, empty: 422, wrong: pinned, unknown: below(accounts, "/pin_code")},
		"POST /api/users/v1/users/{user_id}/pin_code/verify": {path: users + ids.uuid + "/pin_code/verify", body: `{"pin_code":"4711"}`, empty: 422, wrong: checked, unknown: below(accounts, "/pin_code/verify")},
	}
	for _, last := range []string{"/authentication_tokens", "/token"} {
		tokens.path, tokens.unknown = one+last, below(member, last)
		rows["POST /api/users/v1/users/{user_id}/user_profiles/{id}"+last] = tokens
		rows["GET /api/users/v1/users/{user_id}/user_profiles/{id}"+last] = badRoute{path: one + last, ignores: true, unknown: tokens.unknown}
	}
	maps.Copy(rows, map[string]badRoute{
		"POST /api/users/v1/login": {path: "/api/users/v1/login", body: `{"username":"badinput","password":"wrong"}`, empty: 422, wrong: map[string][]any{
			"username": {"", strings.Repeat("u", 300), 7, true, nil, []any{}}, "password": {"", 7, true, nil, []any{}}, "email": {"x"}, "otp": {1},
		}},
		"POST /api/users/v1/refresh": {path: "/api/users/v1/refresh", body: `{"refresh_token":"x"}`, empty: 422, wrong: map[string][]any{
			"refresh_token": {"", "x", "a.b.c", ids.token, 7, true, nil, []any{}}, "refreshToken": {"x"}, "token": {"x"},
		}},
		"GET /api/users/v1/users/{user_id}/user_profiles":         {path: all, ignores: true, unknown: unknown},
		"POST /api/users/v1/users/{user_id}/user_profiles":        {path: all, body: `{"name":"Bad Input"}`, empty: 422, wrong: made, unknown: unknown},
		"GET /api/users/v1/users/{user_id}/user_profiles/{id}":    {path: one, ignores: true, unknown: member},
		"PATCH /api/users/v1/users/{user_id}/user_profiles/{id}":  {path: one, body: `{"age_limit":7}`, empty: 200, wrong: changed, unknown: member},
		"DELETE /api/users/v1/users/{user_id}/user_profiles/{id}": {path: one, ignores: true, unknown: member},
	})
	return rows
}

// householdRoute does everything wrong with one route of the face.
func (w *badWalk) householdRoute(t *testing.T, route server.JoinedRoute, row badRoute) {
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
		refused(t, "household", what, a, statuses...)
		if (a.Status == http.StatusUnauthorized) != (a.Header.Get("WWW-Authenticate") == "Bearer") {
			t.Errorf("%s: %d with WWW-Authenticate %q", what, a.Status, a.Header.Get("WWW-Authenticate"))
		}
	}
	var good any
	if row.body != "" {
		good = row.body
	}
	// Proofs. Where no caller is needed, they are not looked at, and the body is what is refused.
	want("no token", call(facetest.Call{Body: good}), http.StatusUnauthorized)
	for name, token := range w.noTokens {
		want("token "+name, call(facetest.Call{Token: token, Body: good}), http.StatusUnauthorized)
	}
	for _, header := range []string{basic(clientID, clientSecret), basic("xia", "yoyo"), "Token " + w.xia, w.xia, "Bearer", "Bearer  ", "Digest x"} {
		want(header, call(facetest.Call{Body: good, Header: map[string]string{"Authorization": header}}), http.StatusUnauthorized)
	}
	want("on another site", call(facetest.Call{Token: w.xia, Body: good, Header: map[string]string{"Host": w.other}}), http.StatusUnauthorized)

	token := w.xia
	if open(route.Route) {
		token = ""
	}
	for _, query := range []string{"%zz", "a;b", "page=1", "page[size]=0", "page[number]=x", "sort=nothing", "sort=name&sort=name", "filter[is_child_profile]=7", "filter[name]=x", "fields[UserProfile]=x", "fields=name", "fields[User]=name", "include=user", "q=%00", "%ff=1", strings.Repeat("x=1&", 2000), "a=1&b=2"} {
		want("query "+query[:min(20, len(query))], call(facetest.Call{Path: row.path + "?" + query, Token: token, Body: good}), http.StatusBadRequest)
	}
	for _, accept := range []string{"application/vnd.api+json; foo=1", `application/vnd.api+json;ext="x", text/html`} {
		call(facetest.Call{Token: token, Body: good, Header: map[string]string{"Accept": accept}}).Want(http.StatusNotAcceptable)
	}
	want("too large", call(facetest.Call{Token: token, Body: `{"name":"` + strings.Repeat("x", big) + `"}`}), http.StatusRequestEntityTooLarge)
	w.householdPaths(t, route, row, token, good)
	if row.ignores {
		return
	}
	want("too large, in pieces", w.chunked(t, route.Method, row.path, token, `{"name":"`+strings.Repeat("x", big)+`"}`), http.StatusRequestEntityTooLarge)
	for name, body := range badJSON {
		want(name, call(facetest.Call{Token: token, Body: body}), http.StatusBadRequest)
	}
	for name, body := range deepJSON {
		want(name, call(facetest.Call{Token: token, Body: body}), http.StatusRequestEntityTooLarge)
	}
	for name, contentType := range badTypes {
		want("as "+name, call(facetest.Call{Token: token, Body: good, Type: contentType}), http.StatusUnsupportedMediaType)
	}
	for _, body := range []any{nil, "{}", ""} {
		if a := call(facetest.Call{Token: token, Body: body}); row.empty == http.StatusOK {
			a.Want(row.empty)
		} else {
			want(fmt.Sprintf("body %v", body), a, row.empty)
		}
	}
	for field, values := range row.wrong {
		for _, value := range values {
			var body map[string]any
			if err := json.Unmarshal([]byte(row.body), &body); err != nil {
				t.Fatal(err)
			}
			body[field] = value
			statuses := []int{http.StatusUnprocessableEntity, http.StatusConflict}
			switch {
			case field == "refresh_token":
				statuses = append(statuses, http.StatusUnauthorized)
			case field == "id" && route.Method == http.MethodPost:
				statuses = []int{http.StatusForbidden}
			case field == "data", field == "meta":
				statuses = []int{http.StatusBadRequest}
			case strings.HasSuffix(route.Pattern, "/verify"):
				statuses = append(statuses, http.StatusConflict)
			}
			want(fmt.Sprintf("%s = %.60v", field, value), call(facetest.Call{Token: token, Body: body}), statuses...)
		}
	}
}

// householdPaths asks for things that nobody has, and for paths that are none.
func (w *badWalk) householdPaths(t *testing.T, route server.JoinedRoute, row badRoute, token string, good any) {
	t.Helper()
	send := func(token, path string) facetest.Answer {
		t.Helper()
		return w.Do(t, facetest.Call{Method: route.Method, Path: path, Token: token, Body: good})
	}
	for _, path := range row.unknown {
		for _, token := range []string{w.xia, w.donny} {
			refused(t, "household", path, send(token, path), http.StatusNotFound)
		}
	}
	refused(t, "household", "another's", w.another(t, route, row, good), http.StatusNotFound, http.StatusUnauthorized)
	if !strings.Contains(route.Pattern, "{user_id}") {
		return
	}
	for _, segment := range []string{"%ff", "%00", "%2F", "a%2Fb", "%2e%2e", "..%2f..", "%25", "42%00", "%E2%82", "%20", "-1", "+42", "99999999999999999999", strings.Repeat("x", 10_000), "{user_id}", "*", "'", "%22"} {
		refused(t, "household", "account "+segment[:min(20, len(segment))], send(token, strings.Replace(row.path, w.ids.uuid, segment, 1)), http.StatusNotFound)
		if strings.Contains(route.Pattern, "{id}") {
			refused(t, "household", "profile "+segment[:min(20, len(segment))], send(token, strings.Replace(row.path, w.ids.member, segment, 1)), http.StatusNotFound)
		}
	}
}

// another sends alice what is xia's.
func (w *badWalk) another(t *testing.T, route server.JoinedRoute, row badRoute, good any) facetest.Answer {
	t.Helper()
	return w.Do(t, facetest.Call{Method: route.Method, Path: row.path, Token: w.alice, Body: good})
}

// householdForm says what is wrong with the form of an error of JSON:API.
func householdForm(body any) string {
	b, _ := body.(map[string]any)
	list, _ := b["errors"].([]any)
	if len(b) != 1 || len(list) == 0 {
		return "not the form of JSON:API's errors"
	}
	for _, v := range list {
		e, _ := v.(map[string]any)
		if !isText(e["status"]) || !isText(e["code"]) || !isText(e["title"]) || !isText(e["detail"]) {
			return fmt.Sprintf("an error lacks something: %v", e)
		}
	}
	return ""
}
