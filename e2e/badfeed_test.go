package e2e_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"

	"facet/internal/face/own"
	"facet/internal/facetest"
	"facet/internal/server"
)

// feedRoutes are the rows of the feed and of webhooks; the caller is an operator.
func feedRoutes(ids goodIDs) map[string]badRoute {
	one := "/webhooks/" + ids.webhook
	below := func(more string) []string {
		var out []string
		for _, id := range []string{"nothing", "00000000-0000-0000-0000-000000000000", ids.uuid, ids.webhook + "0", "%00", "%ff"} {
			out = append(out, "/webhooks/"+id+more)
		}
		return out
	}
	delivery := one + "/failed/"
	noDelivery := []string{delivery + "nothing", delivery + ids.uuid, delivery + "00000000-0000-0000-0000-000000000000", delivery + "%00"}
	var noReplay []string
	for _, path := range noDelivery {
		noReplay = append(noReplay, path+"/replay")
	}
	hook := map[string][]any{
		"url": {"", "nowhere", "ftp://receiver.example", "http://", "https://10.0.0.1/", "https://[::1]/", "https://u:p@receiver.example/", "https://a/#b",
			"https://receiver.example/" + strings.Repeat("x", 3000), 7, true, []any{}, map[string]any{}},
		"kinds":       {"user.*", 7, []any{7}, []any{""}, []any{"a b"}, []any{"*"}, []any{strings.Repeat("k", 200)}, map[string]any{}},
		"description": {7, []any{}, strings.Repeat("d", 1001), "\x00"},
		"what":        {1},
	}
	changed := with(with(with(map[string][]any{}, "enabled", "yes", 1, []any{}), "cursor", "no cursor", 7, []any{}), "url", hook["url"]...)
	changed["kinds"], changed["description"], changed["what"] = hook["kinds"], hook["description"], hook["what"]
	return map[string]badRoute{
		"GET /events":         {path: "/events"},
		"GET /events/history": {path: "/events/history"},
		"PUT /events/history": {path: "/events/history", body: `{"days":30}`, wrong: map[string][]any{"days": {-1, 36501, 1.5, "30", true, []any{}}, "what": {1}}, empty: 422},

		"GET /webhooks":                   {path: "/webhooks"},
		"POST /webhooks":                  {path: "/webhooks", body: `{"url":"https://receiver.example/"}`, wrong: hook, empty: 422},
		"GET /webhooks/{webhook}":         {path: one, unknown: below("")},
		"PATCH /webhooks/{webhook}":       {path: one, body: `{"description":"x"}`, wrong: changed, empty: -1, unknown: below("")},
		"DELETE /webhooks/{webhook}":      {path: one, unknown: below("")},
		"POST /webhooks/{webhook}/secret": {path: one + "/secret", body: `{"hours":1}`, wrong: map[string][]any{"hours": {-1, 169, 1.5, "1", []any{}}, "what": {1}}, empty: -1, unknown: below("/secret")},
		"POST /webhooks/{webhook}/test":   {path: one + "/test", unknown: below("/test")},
		"GET /webhooks/{webhook}/failed":  {path: one + "/failed", unknown: below("/failed")},

		"DELETE /webhooks/{webhook}/failed":                 {path: one + "/failed", unknown: below("/failed")},
		"POST /webhooks/{webhook}/failed/replay":            {path: one + "/failed/replay", unknown: below("/failed/replay")},
		"DELETE /webhooks/{webhook}/failed/{delivery}":      {path: delivery + ids.uuid, unknown: noDelivery},
		"POST /webhooks/{webhook}/failed/{delivery}/replay": {path: delivery + ids.uuid + "/replay", unknown: noReplay},
	}
}

// feedQueries are queries that no reading route of the feed takes.
var feedQueries = []string{"what=1", "after=1&after=2", "%zz", "limit=0", "limit=x", "limit=99999999999999999999", "after=%00", "after=!"}

// feedRoute does everything wrong with one route of the feed or of webhooks.
func (w *badWalk) feedRoute(t *testing.T, route server.JoinedRoute, row badRoute) {
	t.Helper()
	do := func(what string, c facetest.Call, statuses ...int) {
		t.Helper()
		c.Method = route.Method
		if c.Path == "" {
			c.Path = row.path
		}
		refused(t, "own", what+" "+c.Path, w.Do(t, c), statuses...)
	}
	if strings.HasPrefix(route.Pattern, "/imports") || strings.HasPrefix(route.Pattern, "/exports") {
		w.moveRoute(t, route, row)
	} else {
		do("somebody else", facetest.Call{Token: w.xia, Body: nilBody(row.body)}, http.StatusForbidden)
	}
	do("nobody", facetest.Call{Body: nilBody(row.body)}, http.StatusUnauthorized)
	do("an app's key", facetest.Call{Body: nilBody(row.body), Header: map[string]string{"X-API-KEY": "demo-api-key"}}, http.StatusUnauthorized)
	for what, token := range w.noTokens {
		do(what, facetest.Call{Token: token, Body: nilBody(row.body)}, http.StatusUnauthorized)
	}
	for what, header := range w.noClients {
		do(what, facetest.Call{Body: nilBody(row.body), Header: map[string]string{"Authorization": header}}, http.StatusUnauthorized)
	}
	for _, path := range row.unknown {
		do("unknown", facetest.Call{Path: path, Token: w.donny, Body: nilBody(row.body)}, http.StatusNotFound)
	}
	if route.Method == http.MethodGet {
		for _, query := range feedQueries {
			do("query", facetest.Call{Path: row.path + "?" + query, Token: w.donny}, http.StatusBadRequest, http.StatusUnprocessableEntity)
		}
	}
	if row.body == "" {
		return
	}
	if row.empty > 0 {
		do("no body", facetest.Call{Token: w.donny, Body: ""}, row.empty)
	}
	for _, body := range []string{"{", "\xff\x00", `{"a":1,"a":2}`, "[" + strings.Repeat("[", 100_000), `{} {}`, `{"url":"\ud800"}`, "nul"} {
		do("body", facetest.Call{Token: w.donny, Body: body}, http.StatusBadRequest, http.StatusRequestEntityTooLarge)
	}
	for _, body := range []string{"[]", `"x"`, "7", "true"} {
		do("body", facetest.Call{Token: w.donny, Body: body}, http.StatusUnprocessableEntity)
	}
	do("large", facetest.Call{Token: w.donny, Body: `{"description":"` + strings.Repeat("x", 1<<20) + `"}`}, http.StatusRequestEntityTooLarge)
	for field, values := range row.wrong {
		for _, value := range values {
			do(field, facetest.Call{Token: w.donny, Body: setMember(t, row.body, field, value)}, http.StatusBadRequest, http.StatusUnprocessableEntity)
		}
	}
}

// setMember is a JSON object with another value of a member.
func setMember(t *testing.T, body, name string, value any) string {
	t.Helper()
	var object map[string]any
	if err := json.Unmarshal([]byte(body), &object); err != nil {
		t.Fatal(err)
	}
	object[name] = value
	raw, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// ownForm says what is wrong with the form of a problem, "" when nothing.
func ownForm(body any) string {
	b, _ := body.(map[string]any)
	if b["type"] != "about:blank" || !isText(b["title"]) || !isText(b["detail"]) || !isText(b["code"]) {
		return "no problem (RFC 9457)"
	}
	return ""
}

// moveRoutes are the rows of imports and exports; the caller is an operator.
func moveRoutes(in, out string) map[string]badRoute {
	below := func(list, id, more string) (paths []string) {
		for _, one := range []string{"nothing", "00000000-0000-0000-0000-000000000000", id, "%00", "%ff", strings.Repeat("1", 5000)} {
			paths = append(paths, list+one+more)
		}
		return paths
	}
	return map[string]badRoute{
		"POST /imports":             {path: "/imports"},
		"GET /imports":              {path: "/imports"},
		"GET /imports/{id}":         {path: "/imports/" + in, unknown: below("/imports/", out, "")},
		"DELETE /imports/{id}":      {path: "/imports/" + in, unknown: below("/imports/", out, "")},
		"GET /imports/{id}/rejects": {path: "/imports/" + in + "/rejects", unknown: below("/imports/", out, "/rejects")},

		"POST /exports":             {path: "/exports"},
		"GET /exports":              {path: "/exports"},
		"GET /exports/{id}":         {path: "/exports/" + out, unknown: below("/exports/", in, "")},
		"DELETE /exports/{id}":      {path: "/exports/" + out, unknown: below("/exports/", in, "")},
		"GET /exports/{id}/archive": {path: "/exports/" + out + "/archive", unknown: below("/exports/", in, "/archive")},
	}
}

// moveRoute does wrong what imports and exports only can be done wrong with.
func (w *badWalk) moveRoute(t *testing.T, route server.JoinedRoute, row badRoute) {
	t.Helper()
	do := func(what string, c facetest.Call, statuses ...int) {
		t.Helper()
		c.Method = route.Method
		refused(t, "own", what+" "+c.Path, w.Do(t, c), statuses...)
	}
	switch {
	case strings.HasPrefix(route.Pattern, "/imports"):
		do("somebody else", facetest.Call{Path: row.path, Token: w.xia}, http.StatusForbidden)
	case strings.Contains(route.Pattern, "{id}"):
		do("somebody else's", facetest.Call{Path: row.path, Token: w.xia}, http.StatusNotFound)
	}
	if strings.HasPrefix(route.Pattern, "/exports") { // an API client is nobody whose archive there is
		do("a client", facetest.Call{Path: row.path, Header: map[string]string{"Authorization": "Basic " + demoClient}}, http.StatusForbidden)
	}
	if route.Method != http.MethodPost {
		return
	}
	queries := []string{"what=1", "%zz", "format=csv&format=csv"}
	if row.path == "/imports" {
		queries = append(queries, "", "format=", "format=xml", "format=%ff", "format=csv&preset=%00", "format=csv&preset=amino", "format=csv&dry_run=1", "format=csv&optional=yes",
			"format=csv&map", "format=csv&map=a", "format=csv&map=a=", "format=csv&map=a=@nothing", "format=csv&map=a=@extra.x", "format=csv&type=nothing", "format=csv&type=$client",
			"format=csv&type=%00", "format=csv&type="+strings.Repeat("t", 10_000), "format=csv&map=%ff=email", "format=csv&map=a=%00", "format=csv&map="+strings.Repeat("a", 10_000)+"=email")
	}
	for _, query := range queries {
		do("query", facetest.Call{Path: row.path + "?" + query, Token: w.donny, Body: "x"}, http.StatusBadRequest, http.StatusUnprocessableEntity)
	}
}

// demoClient is the id and the secret of the demo's API client, for Basic.
const demoClient = "c2dueXZ1czZwYzRqbTdraHIybmVxNWdzODlnYnIyZXE6d3Q0YzN1bjl3a2tjZnZ5a25xeDQ0eW5jNDc2YWZzNjg="

func TestBadInputOnTheRoutesOfOurOwnIsRefused(t *testing.T) {
	t.Parallel()
	w := newBadWalk(t, own.New())
	w.ids.webhook = w.Post(t, w.donny, "/webhooks", `{"url":"https://receiver.example/"}`).Want(http.StatusCreated).Text("id")
	uploaded := w.Do(t, facetest.Call{Method: "POST", Path: "/imports?format=csv", Token: w.donny, Body: "givenName\nA\n"}).Want(http.StatusAccepted).Text("id")
	mine := w.Post(t, w.donny, "/exports", nil).Want(http.StatusAccepted).Text("id")
	rows, others := feedRoutes(w.ids), badRoutes(w.ids)
	maps.Copy(rows, moveRoutes(uploaded, mine))
	for _, route := range w.Server.Routes() {
		name := route.Method + " " + route.Pattern
		if _, other := others[name]; other || route.Face != "facet" {
			continue // in the walk through all faces
		}
		row, ok := rows[name]
		if !ok {
			t.Errorf("%s has no row in feedRoutes or moveRoutes", name)
			continue
		}
		delete(rows, name)
		t.Run(name, func(t *testing.T) {
			before := w.db.state(t)
			w.feedRoute(t, route, row)
			if after := w.db.state(t); !maps.Equal(before, after) {
				t.Errorf("refused requests changed something: %v, was %v", after, before)
			}
		})
	}
	for name := range rows {
		t.Errorf("there is a row for %s, which is no route", name)
	}
	if strings.Contains(w.Log.String(), `"level":"ERROR"`) {
		t.Errorf("the log has errors:\n%s", w.Log)
	}
}

// nilBody is no body for "".
func nilBody(body string) any {
	if body == "" {
		return nil
	}
	return body
}
