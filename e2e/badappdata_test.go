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

// appKey identifies the demo's app oneclub.
const appKey = "demo-api-key"

// appdataRoutes are the rows of the face of app documents; xia is the user.
func appdataRoutes(ids goodIDs) map[string]badRoute {
	const nobody = "01930000-0000-7000-8000-000000000000"
	document := map[string][]any{
		"app_id": {0, -1, 1.5, "1", nil, true, []any{}, 77, 1e20},
		"profile_data": {nil, 7, true, "{}", []any{}, json.RawMessage(`{"a":1,"a":2}`), json.RawMessage(`{"a":"\u0000"}`), json.RawMessage(`{"a":"\ud800"}`),
			map[string]any{"a": strings.Repeat("x", 256<<10)}, json.RawMessage(strings.Repeat(`{"a":`, 65) + "1" + strings.Repeat("}", 65))},
		"user_id": {7, true, nil, "", "string", "42", []any{}, ids.uuid + "0"},
		"App_id":  {1}, "version": {1}, "": {1}, strings.Repeat("n", 1000): {1},
	}
	item := func(what map[string]any) []any {
		good := map[string]any{"app_id": 1, "profile_data": map[string]any{}, "user_id": ids.uuid}
		for name, value := range what {
			good[name] = value
		}
		return []any{good}
	}
	bulk := []any{nil, 7, true, "x", map[string]any{}, []any{7}, []any{nil}, []any{[]any{}}, []any{map[string]any{}},
		append(item(nil), item(nil)...), item(map[string]any{"user_id": nobody}), item(map[string]any{"user_id": ids.organization})}
	for name, values := range document {
		for _, value := range values {
			bulk = append(bulk, item(map[string]any{name: value}))
		}
	}
	noString := []any{7, true, []any{}, map[string]any{}}
	const (
		own = "/user/profiles/1"
		app = "/operator/app/1"
	)
	operated := "/operator/users/profile/" + ids.uuid + "/1"
	unknownOwn := []string{"/user/profiles/77", "/user/profiles/9223372036854775807"}
	unknownAny := []string{"/operator/users/profile/" + nobody + "/1", "/operator/users/profile/" + ids.uuid + "/77", "/operator/users/profile/" + ids.organization + "/1"}
	none := []string{own}[:0]
	placesOf := []any{nil, 7, true, "x", map[string]any{}, []any{7}, []any{nil}, []any{[]any{}}, []any{map[string]any{}}, item(map[string]any{"profile_data": map[string]any{}})}
	settings := map[string][]any{
		"app": append([]any{"", nil, " ", strings.Repeat("a", 1001)}, noString...), "description": append([]any{nil, strings.Repeat("a", 1001)}, noString...),
		"domains": {7, nil, "x", []any{7}, []any{""}, map[string]any{}}, "write_class": append([]any{nil, "nobody"}, noString...),
		"sections":    {7, nil, "x", []any{}, map[string]any{"a": "nobody"}, map[string]any{"a": 7}, map[string]any{strings.Repeat("n", 201): "app"}},
		"on_conflict": append([]any{nil, "overwrite"}, noString...), "require_if_match": {7, nil, "true", []any{}}, "any_json": {7, nil, "true"}, "key_bound": {7, nil, "true"},
		"schema_mode": append([]any{nil, "strict"}, noString...), "schema": {7, "x", []any{}, map[string]any{"type": "thing"}, map[string]any{"$ref": "https://example.com/x"}, map[string]any{"x": strings.Repeat("x", 64<<10)}},
		"appid": {1}, "version": {1}, "api_key": {"x"},
	}
	proof := map[string][]any{"password": append([]any{"", nil}, noString...), "otp_code": noString, "email": {"x"}}
	newPassword := with(maps.Clone(proof), "new_password", append([]any{"", nil}, noString...)...)
	userInfo := []any{nil, 7, "x", []any{}, map[string]any{"email": "nobody"}, map[string]any{"email": ""}, map[string]any{"email": nil}, map[string]any{"email": 7}, map[string]any{"username": "a b"},
		map[string]any{"username": ""}, map[string]any{"username": 7}, map[string]any{"first_name": 7}, map[string]any{"last_name": strings.Repeat("n", 1001)}, map[string]any{"operator": true}}
	keys := map[string][]any{"user_id": {7, true, "x", "42", []any{}, ids.uuid + "0", nil, ""}, "email": append([]any{"xia@localhost.localdomain"}, noString...), "username": append([]any{"xia"}, noString...), "id": {1}}
	return map[string]badRoute{
		"POST /auth/verify-otp": {path: "/auth/verify-otp", body: `{"username":"badinput","password":"wrong","otp_code":"000000"}`, wrong: map[string][]any{
			"username": append([]any{"", nil}, noString...), "password": append([]any{"", nil}, noString...), "otp_code": append([]any{"", nil}, noString...), "token": {"x"},
		}},
		"POST /auth/refresh": {path: "/auth/refresh", body: `{"refresh_token":"x"}`, empty: http.StatusUnauthorized, wrong: map[string][]any{
			"refresh_token": append([]any{"", nil}, noString...), "token": {"x"},
		}},
		"GET /auth/verify":                                {path: "/auth/verify", ignores: true},
		"POST /auth/enable-otp":                           {path: "/auth/enable-otp", body: `{"password":"wrong"}`, wrong: proof},
		"POST /auth/disable-otp":                          {path: "/auth/disable-otp", body: `{"password":"wrong"}`, wrong: proof},
		"POST /auth/reset-password":                       {path: "/auth/reset-password", body: `{"password":"wrong","new_password":"x"}`, wrong: newPassword},
		"POST /auth/refresh-disable":                      {path: "/auth/refresh-disable", ignores: true},
		"GET /auth/refresh-disable":                       {path: "/auth/refresh-disable", ignores: true},
		"POST /auth/logout":                               {path: "/auth/logout", ignores: true},
		"GET /auth/logout":                                {path: "/auth/logout", ignores: true},
		"GET /limits":                                     {path: "/limits", ignores: true},
		"GET /user/userinfo":                              {path: "/user/userinfo", ignores: true},
		"POST /user/userinfo/update":                      {path: "/user/userinfo/update", body: `{"user_info":{}}`, wrong: map[string][]any{"user_info": userInfo, "user_id": {ids.uuid}}},
		"POST /user/delete":                               {path: "/user/delete", ignores: true},
		"GET /user/delete":                                {path: "/user/delete", ignores: true},
		"PUT /user/profiles/{appid}":                      {path: own, ignores: true},
		"PATCH /user/profiles/{appid}":                    {path: own, ignores: true, unknown: none},
		"DELETE /user/profiles/{appid}":                   {path: own, ignores: true, unknown: append(unknownOwn, own)},
		"POST /operator/profile/get-bulk":                 {path: "/operator/profile/get-bulk", body: `{"profiles":[]}`, wrong: map[string][]any{"profiles": placesOf, "mode": {"partial"}}},
		"POST /operator/profile/delete-bulk":              {path: "/operator/profile/delete-bulk", body: `{"profiles":[]}`, wrong: map[string][]any{"profiles": placesOf, "mode": {"partial"}}},
		"DELETE /operator/profile/delete-bulk":            {path: "/operator/profile/delete-bulk", body: `{"profiles":[]}`, wrong: map[string][]any{"profiles": placesOf, "mode": {"partial"}}},
		"PUT /operator/users/profile/{userid}/{appid}":    {path: operated, ignores: true},
		"PATCH /operator/users/profile/{userid}/{appid}":  {path: operated, ignores: true},
		"DELETE /operator/users/profile/{userid}/{appid}": {path: operated, ignores: true, unknown: append(unknownAny, operated)},
		"POST /operator/app/register":                     {path: "/operator/app/register", body: `{"app":"bad input"}`, wrong: settings},
		"POST /operator/profile/register":                 {path: "/operator/profile/register", body: `{"app":"bad input"}`, wrong: settings},
		"GET /operator/app/{appid}":                       {path: app, ignores: true, unknown: []string{"/operator/app/77"}},
		"PATCH /operator/app/{appid}":                     {path: app, body: `{}`, empty: http.StatusOK, wrong: settings},
		"DELETE /operator/app/{appid}":                    {path: "/operator/app/77", ignores: true, unknown: []string{"/operator/app/77"}},
		"POST /operator/app/{appid}/key":                  {path: app + "/key", ignores: true, unknown: []string{"/operator/app/77/key"}},
		"POST /operator/app/{appid}/schema/check":         {path: app + "/schema/check", body: `{}`, wrong: map[string][]any{"schema": settings["schema"], "cursor": append([]any{"x", "AAAA"}, noString...), "limit": {1}}},
		"GET /operator/app/{appid}/profiles":              {path: app + "/profiles", ignores: true, unknown: []string{"/operator/app/77/profiles"}},
		"POST /operator/userinfo":                         {path: "/operator/userinfo", body: `{"user_id":"` + ids.uuid + `"}`, wrong: keys},
		"POST /operator/userinfo/update":                  {path: "/operator/userinfo/update", body: `{"user_id":"` + ids.uuid + `","user_info":{}}`, wrong: with(maps.Clone(keys), "user_info", userInfo...)},
		"POST /operator/profile/reset-user-password":      {path: "/operator/profile/reset-user-password", body: `{"user_id":"` + ids.uuid + `","password":"wrong","new_password":"x"}`, wrong: with(maps.Clone(keys), "new_password", append([]any{"", nil}, noString...)...)},
		"GET /operator/users/deleted":                     {path: "/operator/users/deleted", ignores: true},
		"POST /operator/users/delete/{email}":             {path: "/operator/users/delete/nobody@input.example", ignores: true, unknown: []string{"/operator/users/delete/nobody@input.example"}},
		"DELETE /operator/users/delete/{email}":           {path: "/operator/users/delete/nobody@input.example", ignores: true, unknown: []string{"/operator/users/delete/nobody@input.example"}},
		"GET /operator/users/delete/{email}":              {path: "/operator/users/delete/nobody@input.example", ignores: true},
		"POST /auth/login": {path: "/auth/login", body: `{"username":"badinput","password":"wrong"}`, wrong: map[string][]any{
			"username": append([]any{"", nil}, noString...), "password": append([]any{"", nil, strings.Repeat("p", 1025)}, noString...),
			"email": {"xia@localhost.localdomain", 7}, "otp": {1}, "user": {"xia"},
		}},
		"POST /auth/register": {path: "/auth/register", body: `{"user_info":{"username":"badinput","email":"bad@input.example"},"password":"yoyo"}`, wrong: map[string][]any{
			"user_info": {nil, 7, "x", []any{}, map[string]any{}, map[string]any{"email": "nobody"}, map[string]any{"email": 7}, map[string]any{"email": nil},
				map[string]any{"email": "a@input.example", "username": "a b"}, map[string]any{"email": "a@input.example", "username": "XIA"},
				map[string]any{"email": "XIA@localhost.localdomain"}, map[string]any{"email": "a@input.example", "first_name": 7},
				map[string]any{"email": "a@input.example", "last_name": strings.Repeat("n", 1001)}, map[string]any{"email": "a@input.example", "operator": true}},
			"password":       append([]any{"", nil, strings.Repeat("p", 1025)}, noString...),
			"password_hash":  append([]any{"x", "$2b$99$nothing"}, noString...), // beside a password
			"hash_algorithm": append([]any{"bcrypt", "md5"}, noString...),       // without a hash
			"username":       {"x"}, "operator": {true},
		}},
		"GET /app/all":                       {path: "/app/all", ignores: true},
		"GET /user/profiles/{appid}":         {path: "/user/profiles/1", ignores: true, unknown: []string{"/user/profiles/77", "/user/profiles/9223372036854775807"}},
		"POST /user/profiles/create":         {path: "/user/profiles/create", body: `{"app_id":1,"profile_data":{}}`, wrong: document},
		"POST /operator/profile/create-bulk": {path: "/operator/profile/create-bulk", body: `{"profiles":[]}`, wrong: map[string][]any{"profiles": bulk, "mode": {"partial"}}},
		"GET /operator/users/profile/{userid}/{appid}": {path: "/operator/users/profile/" + ids.uuid + "/1", ignores: true, unknown: []string{
			"/operator/users/profile/" + nobody + "/1", "/operator/users/profile/" + ids.uuid + "/77", "/operator/users/profile/" + ids.uuid + "/1",
			"/operator/users/profile/" + ids.organization + "/1",
		}},
	}
}

// appdataRoute does everything wrong with one route of the face.
func (w *badWalk) appdataRoute(t *testing.T, route server.JoinedRoute, row badRoute) {
	t.Helper()
	keyed := strings.HasPrefix(route.Pattern, "/auth/") && open(route.Route) && route.Pattern != "/auth/refresh"
	call := func(c facetest.Call) facetest.Answer {
		t.Helper()
		c.Method = route.Method
		if c.Path == "" {
			c.Path = row.path
		}
		if c.Header == nil && keyed {
			c.Header = map[string]string{"X-API-KEY": appKey}
		}
		return w.Do(t, c)
	}
	want := func(what string, a facetest.Answer, statuses ...int) {
		t.Helper()
		refused(t, "appdata", what, a, statuses...)
		if (a.Status == http.StatusUnauthorized) != (a.Header.Get("WWW-Authenticate") != "") {
			t.Errorf("%s: %d with WWW-Authenticate %q", what, a.Status, a.Header.Get("WWW-Authenticate"))
		}
	}
	var good any
	if row.body != "" {
		good = row.body
	}
	token := w.xia
	switch {
	case strings.HasPrefix(route.Pattern, "/operator/"):
		token = w.donny
		want("no operator", call(facetest.Call{Token: w.xia, Body: good}), http.StatusForbidden)
		want("no operator, no body", call(facetest.Call{Token: w.xia, Body: `{`}), http.StatusForbidden)
	case open(route.Route):
		token = ""
	}
	if !open(route.Route) {
		want("no token", call(facetest.Call{Body: good}), http.StatusUnauthorized)
		for name, bad := range w.noTokens {
			want("token "+name, call(facetest.Call{Token: bad, Body: good}), http.StatusUnauthorized)
		}
		for _, header := range []string{basic(clientID, clientSecret), basic("xia", "yoyo"), "Token " + w.xia, w.xia, "Bearer", "Bearer  ", "Digest x"} {
			want(header, call(facetest.Call{Body: good, Header: map[string]string{"Authorization": header}}), http.StatusUnauthorized)
		}
		want("an API key", call(facetest.Call{Body: good, Header: map[string]string{"X-API-KEY": appKey}}), http.StatusUnauthorized)
		want("on another site", call(facetest.Call{Token: w.xia, Body: good, Header: map[string]string{"Host": w.other}}), http.StatusUnauthorized)
	}
	if keyed {
		for _, key := range []string{"", "nothing", appKey + "x", "DEMO-API-KEY", strings.Repeat("k", 20_000), "registration-token"} {
			want("key "+key[:min(20, len(key))], call(facetest.Call{Token: w.donny, Body: good, Header: map[string]string{"X-API-KEY": key}}), http.StatusUnauthorized)
		}
		want("the key on another site", call(facetest.Call{Body: good, Header: map[string]string{"X-API-KEY": appKey, "Host": w.other}}), http.StatusUnauthorized)
	}
	w.appdataPaths(t, route, row, token)
	if row.ignores {
		return
	}
	if route.MaxBody == 0 {
		want("too large", call(facetest.Call{Token: token, Body: `{"name":"` + strings.Repeat("x", big) + `"}`}), http.StatusRequestEntityTooLarge)
	}
	for name, body := range badJSON { // what is JSON, and cannot be kept, is 422
		want(name, call(facetest.Call{Token: token, Body: body}), http.StatusBadRequest, http.StatusUnprocessableEntity)
	}
	for name, body := range deepJSON {
		want(name, call(facetest.Call{Token: token, Body: body}), http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity)
	}
	for name, contentType := range badTypes {
		want("as "+name, call(facetest.Call{Token: token, Body: good, Type: contentType}), http.StatusUnsupportedMediaType)
	}
	noBody := http.StatusBadRequest
	if row.empty == http.StatusUnauthorized {
		noBody = row.empty
	}
	want("no body", call(facetest.Call{Token: token}), noBody)
	want("an empty body", call(facetest.Call{Token: token, Body: ""}), noBody)
	if row.empty != http.StatusOK {
		want("an empty object", call(facetest.Call{Token: token, Body: "{}"}), http.StatusUnprocessableEntity)
	}
	for field, values := range row.wrong {
		for _, value := range values {
			var body map[string]any
			if err := json.Unmarshal([]byte(row.body), &body); err != nil {
				t.Fatal(err)
			}
			body[field] = value
			a := call(facetest.Call{Token: token, Body: body})
			statuses := []int{http.StatusUnprocessableEntity}
			switch {
			case field == "profile_data" || field == "profiles":
				statuses = append(statuses, http.StatusRequestEntityTooLarge)
			case field == "user_info" || field == "email" || field == "user_id" || field == "username":
				statuses = append(statuses, http.StatusConflict, http.StatusNotFound)
			case field == "schema":
				statuses = append(statuses, http.StatusRequestEntityTooLarge)
			}
			want(fmt.Sprintf("%.20s = %.60v", field, value), a, statuses...)
		}
	}
}

// appdataPaths asks for things that nobody has, and for paths that are none.
func (w *badWalk) appdataPaths(t *testing.T, route server.JoinedRoute, row badRoute, token string) {
	t.Helper()
	for _, path := range row.unknown {
		refused(t, "appdata", path, w.Do(t, facetest.Call{Method: route.Method, Path: path, Token: token}), http.StatusNotFound)
	}
	if !strings.HasSuffix(route.Pattern, "{appid}") {
		return
	}
	last := row.path[:strings.LastIndexByte(row.path, '/')+1]
	for _, segment := range []string{"%ff", "%00", "a%2Fb", "%25", "1%00", "%E2%82", "%20", "-1", "+1", "01", "0", "1.0", "99999999999999999999", strings.Repeat("1", 10_000), "{appid}", "*", "'", "%22", "١"} {
		refused(t, "appdata", "app "+segment[:min(20, len(segment))], w.Do(t, facetest.Call{Method: route.Method, Path: last + segment, Token: token}), http.StatusBadRequest)
		if strings.Contains(route.Pattern, "{userid}") {
			path := "/operator/users/profile/" + segment + "/1"
			refused(t, "appdata", "user "+segment[:min(20, len(segment))], w.Do(t, facetest.Call{Method: route.Method, Path: path, Token: token}), http.StatusBadRequest)
		}
	}
}

// appdataForm says what is wrong with the form of a problem.
func appdataForm(body any) string {
	b, _ := body.(map[string]any)
	if b["type"] != "about:blank" || !isText(b["title"]) || !isText(b["detail"]) || !isText(b["code"]) {
		return "not the form of a problem"
	}
	list, _ := b["errors"].([]any)
	for _, v := range list {
		e, _ := v.(map[string]any)
		if _, ok := e["pointer"].(string); !ok || !isText(e["code"]) || !isText(e["detail"]) {
			return fmt.Sprintf("an error lacks something: %v", e)
		}
	}
	return ""
}
