package e2e_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"facet/internal/facetest"
)

// Where the database is away, every route of every face says in its own form
// that it cannot be used now and when to come back, and once the database is
// there again all goes on by itself.
func TestWithoutItsDatabaseEveryFaceSaysToComeBack(t *testing.T) {
	t.Parallel()
	p := nobodys(t)
	w := badWalkOn(t, facetest.With(t, facetest.Settings{Database: p.cluster.URL(p.name), Patience: 100 * time.Millisecond}, allFaces()...))
	rows := badRoutes(w.ids)
	if err := p.cluster.Shut(p.name); err != nil {
		t.Fatal(err)
	}
	asked, busy := map[string]int{}, map[string]int{}
	for _, route := range w.Server.Routes() {
		name := route.Method + " " + route.Pattern
		row, ok := rows[name]
		if !ok {
			t.Errorf("%s has no row in badRoutes", name)
			continue
		}
		call := facetest.Call{Method: route.Method, Path: row.path, Token: w.donny, Header: map[string]string{"X-API-KEY": "demo-api-key"}}
		switch {
		case route.Face == "entity":
			call.Token, call.Header = "", map[string]string{"Authorization": basic(clientID, clientSecret)}
			if call.Type = formType; route.Method == http.MethodGet {
				call.Path += "?" + strings.ReplaceAll(row.body, `"`, "%22")
			} else {
				call.Body = row.body
			}
		case route.Face == "console":
			call.Token, call.Header = "", map[string]string{"Cookie": w.operator.cookie, "X-Csrf-Token": w.operator.csrf}
			if route.Method == http.MethodPost {
				call.Body, call.Type = row.body, formType
			}
		case row.body != "":
			call.Body = row.body
		}
		a := w.Do(t, call)
		asked[route.Face]++
		var body any
		isJSON := json.Unmarshal(a.Body, &body) == nil
		code := 0.0 // of the Entity API, which answers 200
		if members, ok := body.(map[string]any); ok && route.Face == "entity" {
			code, _ = members["code"].(float64)
		}
		switch {
		case a.Status == http.StatusServiceUnavailable && route.Face != "facet", code == 510:
			busy[route.Face]++
			if a.Header.Get("Retry-After") == "" {
				t.Errorf("%s does not say when to come back: %s", name, a.Body)
			}
			if check := formOf[route.Face]; check != nil && isJSON {
				if why := check(body); why != "" {
					t.Errorf("%s: %s: %s", name, why, a.Body)
				}
			} else if check != nil {
				t.Errorf("%s: no JSON: %s", name, a.Body)
			}
		case a.Status >= http.StatusInternalServerError && name != "GET /readyz", code == 500:
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		case a.Status < http.StatusBadRequest && !slices.Contains(withoutDatabase, name) && code == 0:
			t.Errorf("%s is answered without a database: %d %.100s", name, a.Status, a.Body)
		}
	}
	t.Logf("of %v routes %v need the database first of all", asked, busy)
	for face, n := range asked {
		if face != "facet" && 2*busy[face] < n {
			t.Errorf("%s: only %d of %d say so", face, busy[face], n)
		}
	}
	if err := p.cluster.Reopen(p.name); err != nil {
		t.Fatal(err)
	}
	w.Get(t, w.xia, "/api/users/xia").Want(http.StatusOK)
	w.Login(t, "xia")
	w.Get(t, w.xia, "/api/me").Want(http.StatusOK)
	w.Get(t, w.xia, "/api/users/v1/users/"+w.ids.uuid+"/user_profiles").Want(http.StatusOK)
	w.Get(t, w.xia, "/user/userinfo").Want(http.StatusOK)
	w.entityCall(t, "POST", "/entity", "type_name=user&uuid="+w.ids.uuid, basic(clientID, clientSecret)).Is(map[string]any{"stat": "ok"})
}

// withoutDatabase are the routes that tell nothing of what is stored, or what
// each process has in mind anyhow.
var withoutDatabase = []string{
	"GET /healthz", "GET /docs", "GET /docs/{page}", "GET /.well-known/jwks.json", "GET /limits",
	"POST /entityType", "GET /entityType", "POST /entityType.list", "GET /entityType.list", "POST /entityType.rules", "GET /entityType.rules",
	"POST /entityType.properties", "GET /entityType.properties", "POST /versions/entityType", "GET /versions/entityType",
	"POST /entity.bulkCreate", // whose rows each tell
	"GET /console/assets/{file}", "GET /console/sign-in",
}
