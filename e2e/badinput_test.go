package e2e_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"facet/internal/access"
	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/face/appdata"
	"facet/internal/face/cloudillo"
	"facet/internal/face/djaoapp"
	"facet/internal/face/entity"
	"facet/internal/face/household"
	"facet/internal/facetest"
	"facet/internal/server"
)

// badRoute says how one route is spoken to, so that everything can be done
// wrong. A route without a row fails the test.
type badRoute struct {
	path    string           // of a request that is all right
	body    string           // its body: JSON in djaoapp, a form in entity; "" for routes that read none
	wrong   map[string][]any // values of a wrong type or form, by the body's field
	empty   int              // the status without a body; 0 is 400, below 0 it is all right and not sent
	unknown []string         // paths of things that nobody has
	ignores bool             // the body is no concern of the route: it is not sent a bad one
}

// Values that are no text, no truth, no object.
var (
	noText   = []any{true, []any{"a"}, map[string]any{"a": "b"}, nil}
	noTruth  = []any{"maybe", 2, []any{true}, map[string]any{}, nil}
	noObject = []any{"xia", 7, true, []any{}, nil}
)

func alsoTexts(m map[string][]any, names ...string) map[string][]any {
	for _, n := range names {
		m[n] = noText
	}
	return m
}

func wrongProfile() map[string][]any {
	m := alsoTexts(map[string][]any{"is_bulk_buyer": noTruth, "no_implicit_role": noTruth},
		"full_name", "phone", "street_address", "locality", "region", "postal_code", "nick_name", "lang", "default_timezone")
	m["slug"] = append([]any{"", "a b", "ä", "a/b", strings.Repeat("s", 200)}, noText...)
	m["email"] = append([]any{"", "nobody", "a@b@c", "a b@example.com", "<x@example.com>", strings.Repeat("e", 300) + "@example.com"}, noText...)
	m["country"] = append([]any{"ZZ", "Switzerland"}, noText...)
	m["full_name"] = append([]any{"", "   ", strings.Repeat("n", 101)}, noText...)
	return m
}

func wrongAccount() map[string][]any {
	m := alsoTexts(map[string][]any{}, "full_name", "nick_name", "lang", "organization_name")
	m["username"] = append([]any{"a b", "ä", "me", strings.Repeat("s", 200)}, noText...)
	m["email"] = append([]any{"nobody", "a@b@c"}, noText...)
	m["phone"] = append([]any{"twelve", "1"}, noText...)
	m["new_password"] = append([]any{""}, noText...)
	return m
}

func with(m map[string][]any, name string, values ...any) map[string][]any {
	m[name] = append(slices.Clone(m[name]), values...)
	return m
}

func without(m map[string][]any, names ...string) map[string][]any {
	for _, n := range names {
		delete(m, n)
	}
	return m
}

const (
	goodProfile = `{"full_name":"Bad Input","slug":"bad-input","email":"bad@input.example"}`
	goodAccount = `{"username":"badinput","new_password":"yoyo","email":"bad@input.example","full_name":"Bad Input"}`
	unknownKey  = "0123456789abcdef0123456789abcdef01234567"
)

// badRoutes lists every route of every face, by name.
func badRoutes(ids goodIDs) map[string]badRoute {
	credentials := "type_name=user&uuid=" + ids.uuid
	entityIDs := map[string][]any{
		"type_name":     {"", "nothing", "$user", "household"},
		"uuid":          {"notauuid", ids.uuid + "0", "00000000-0000-0000-0000-000000000000", ids.organization},
		"id":            {"1", "abc", "-1", "1.5", "99999999999999999999"}, // beside uuid
		"key_attribute": {"email", "nothing", "#", "a..b"},
		"created":       {"yesterday morning", "2001-01-01", "{}"},
		"lastUpdated":   {"never", "2001-01-01 00:00:00 +0000"},
	}
	paged := map[string][]any{
		"type_name":        {"", "nothing"},
		"filter":           {"(", "email =", "nothing = 1", "email = 'a", "email contains 'a'", "a b c", "1 2", strings.Repeat("(", 100_000), strings.Repeat("not ", 50_000) + "email", "email = 1 = 2 =", "'", "\\", "email = '\\"},
		"max_results":      {"abc", "-1", "10001", "1.5", "99999999999999999999"},
		"first_result":     {"abc", "-1", "99999999999999999999"},
		"show_total_count": {"maybe", "1"},
		"sort_on":          {"id", "{}", `["nothing"]`, `[1]`, `["-"]`, "[" + strings.Repeat(`"id",`, 3) + "]", strings.Repeat("[", 100_000)},
		"attributes":       {"email", "{}", `["nothing"]`, `[null]`, strings.Repeat("[", 100_000)},
		"timeout":          {"abc", "0", "-5", "1.5"},
	}
	counted := map[string][]any{"type_name": paged["type_name"], "filter": paged["filter"], "timeout": paged["timeout"]}
	read := maps.Clone(entityIDs)
	read["attribute_name"] = []any{"nothing", "/email/nothing", "photos#99999", "photos#x", "//", strings.Repeat("a/", 50_000)}
	read["attributes"] = paged["attributes"]
	read["timeout"] = paged["timeout"]
	read["password_attribute"] = []any{"password"} // without a value
	written := maps.Clone(entityIDs)
	written["attributes"] = []any{"", "{", "[]", "1", "null", `"x"`, strings.Repeat("[", 100_000), `{"a":` + strings.Repeat("[", 100_000),
		`{"nothing":1}`, `{"id":1}`, `{"uuid":"x"}`, `{"created":"x"}`, `{"email":"a@b.example","email":"a@b.example"}`,
		`{"aboutMe":"\u0000"}`, `{"aboutMe":"\ud800"}`, "{\"aboutMe\":\"\x01\"}", `{"givenName":"` + strings.Repeat("x", 1001) + `"}`, `{"email":"nobody"}`,
		`{"email":"ALICE@localhost.localdomain"}`, `{"photos":[{"id":99999999,"value":"x"}]}`, `{"roles":[{"value":"no display"}]}`,
		`{"password":{"type":"password-md5","value":"x"}}`, `{"password":""}`, `{} {}`, `{"aboutMe":01}`, `{"aboutMe":NaN}`, `{'aboutMe':'x'}`}
	written["include_record"] = []any{"maybe", "2"}
	written["value"] = []any{"{}"} // beside attributes
	created := map[string][]any{
		"type_name":  {"nothing", "$user", "household"},
		"attributes": append([]any{`{"photos":[{"id":1}]}`}, written["attributes"]...), "include_record": written["include_record"],
	}
	// A plural may be replaced below attribute_name, so its errors differ.
	written["attribute_name"] = []any{"nothing", "photos#99999", "id", "uuid", "lastUpdated", "#1", strings.Repeat("a/", 50_000)}
	deleted := maps.Clone(entityIDs)
	deleted["attribute_name"] = []any{"nothing", "email", "photos", "photos#99999", "photos#x"}

	rows := map[string]badRoute{
		"GET /healthz":               {path: "/healthz", ignores: true},
		"GET /readyz":                {path: "/readyz", ignores: true},
		"GET /.well-known/jwks.json": {path: "/.well-known/jwks.json", ignores: true},
		"GET /docs":                  {path: "/docs", ignores: true},
		"GET /docs/{page}": {path: "/docs/djaoapp", ignores: true,
			unknown: []string{"/docs/nothing", "/docs/djaoapp.xml", "/docs/djaoapp.yaml.yaml", "/docs/.yaml", "/docs/style", "/docs/djaoapp/yaml", "/docs/..%2fapi.go", "/docs/%00", "/docs/%ff"}},

		"POST /api/auth": {path: "/api/auth", body: `{"username":"badinput","password":"wrong"}`, wrong: map[string][]any{
			"username": append([]any{"", "a b", "a@b@c", strings.Repeat("u", 300)}, noText...), "password": noText,
		}},
		"POST /api/auth/register": {path: "/api/auth/register", body: goodAccount, empty: 401, wrong: with(wrongAccount(), "type", "boss", 7, true, nil)},
		"GET /api/auth/{key}":     {path: "/api/auth/" + ids.key, ignores: true, unknown: []string{"/api/auth/" + unknownKey, "/api/auth/nothing", "/api/auth/" + unknownKey + "0"}},
		"POST /api/auth/{key}": {path: "/api/auth/" + ids.key, body: `{"new_password":"yoyo","username":"badinput"}`,
			wrong:   without(with(wrongAccount(), "email", "other@input.example"), "organization_name"),
			unknown: []string{"/api/auth/" + unknownKey, "/api/auth/nothing", "/api/auth/" + strings.ToUpper(unknownKey)}},
		"POST /api/auth/tokens":        {path: "/api/auth/tokens", body: `{"token":"x"}`, empty: 403, wrong: map[string][]any{"token": {"", "x", "a.b.c", true, []any{}, nil}}},
		"DELETE /api/auth/tokens":      {path: "/api/auth/tokens", ignores: true},
		"POST /api/auth/tokens/verify": {path: "/api/auth/tokens/verify", body: `{"token":"x"}`, wrong: map[string][]any{"token": {"", "x", "a.b.c", true, []any{}, nil}}},
		"POST /api/auth/logout":        {path: "/api/auth/logout", ignores: true},

		"GET /api/users/{user}":          {path: "/api/users/xia", ignores: true, unknown: []string{"/api/users/nobody", "/api/users/cowork", "/api/users/u-99999999"}},
		"GET /api/users/{user}/profiles": {path: "/api/users/xia/profiles", ignores: true, unknown: []string{"/api/users/nobody/profiles", "/api/users/cowork/profiles"}},
		"POST /api/users/{user}/profiles": {path: "/api/users/xia/profiles", body: goodProfile,
			wrong:   with(wrongProfile(), "type", "boss", 7, true, nil),
			unknown: []string{"/api/users/nobody/profiles", "/api/users/cowork/profiles"}},
		"POST /api/accounts/profiles": {path: "/api/accounts/profiles", body: goodProfile, wrong: with(wrongProfile(), "type", "boss", 7, true, nil)},

		"GET /api/profile/{profile}": {path: "/api/profile/xia", ignores: true, unknown: []string{"/api/profile/nobody", "/api/profile/" + ids.uuid}},
		"PUT /api/profile/{profile}": {path: "/api/profile/xia", body: goodProfile, wrong: with(wrongProfile(), "slug", "alice", "me"),
			unknown: []string{"/api/profile/nobody"}},
		"PATCH /api/profile/{profile}": {path: "/api/profile/xia", body: goodProfile, wrong: with(wrongProfile(), "email", "alice@localhost.localdomain"),
			empty: 200, unknown: []string{"/api/profile/nobody"}},
		"DELETE /api/profile/{profile}": {path: "/api/profile/xia", ignores: true, unknown: []string{"/api/profile/nobody"}},
		"POST /api/profile/{profile}/plans/{plan}/subscriptions": {
			path: "/api/profile/cowork/plans/premium/subscriptions?force=1", body: `{"organization":{"slug":"xia"}}`,
			wrong: map[string][]any{
				"organization": append([]any{map[string]any{}, map[string]any{"slug": ""}, map[string]any{"slug": 7, "email": true}, map[string]any{"slug": []any{}},
					map[string]any{"slug": "nobody"}, map[string]any{"email": "nobody"}, map[string]any{"email": "new@input.example", "slug": "a b"},
					map[string]any{"email": "new@input.example", "full_name": strings.Repeat("n", 101)}}, noObject...),
				"profile": noObject, "message": {7 > 8, []any{}, strings.Repeat("m", 256)},
			},
			unknown: []string{"/api/profile/cowork/plans/nothing/subscriptions", "/api/profile/nobody/plans/premium/subscriptions"}},

		"POST /entity":        {path: "/entity", body: credentials, wrong: read},
		"GET /entity":         {path: "/entity", body: credentials, wrong: read},
		"POST /entity.find":   {path: "/entity.find", body: "type_name=user", wrong: paged},
		"GET /entity.find":    {path: "/entity.find", body: "type_name=user", wrong: paged},
		"POST /entity.count":  {path: "/entity.count", body: "type_name=user", wrong: counted},
		"GET /entity.count":   {path: "/entity.count", body: "type_name=user", wrong: counted},
		"POST /entity.create": {path: "/entity.create", body: `type_name=user&attributes={"givenName":"Bad"}`, wrong: created},
		"POST /entity.update": {path: "/entity.update", body: credentials + `&attributes={"givenName":"Bad"}`, wrong: written},
		"POST /entity.delete": {path: "/entity.delete", body: credentials, wrong: deleted},
	}
	maps.Copy(rows, accountRoutes(ids))
	maps.Copy(rows, planRoutes())
	maps.Copy(rows, entityRecordRoutes(credentials, entityIDs, written))
	maps.Copy(rows, typeRoutes())
	maps.Copy(rows, schemaRoutes())
	maps.Copy(rows, entityClientRoutes(credentials, entityIDs))
	maps.Copy(rows, roleRoutes())
	maps.Copy(rows, profileRoutes())
	maps.Copy(rows, householdRoutes(ids))
	maps.Copy(rows, appdataRoutes(ids))
	maps.Copy(rows, cloudilloRoutes(ids))
	maps.Copy(rows, consoleRoutes(ids))
	return rows
}

// goodIDs are things that are there: xia, an organization, a mailed key, a
// profile of xia's household, and a token of hers.
type goodIDs struct {
	uuid, organization, key, member, token, webhook string

	apiKey any // number of an API key of Cloudillo's
}

// badWalk is a service, and every proof that is none.
type badWalk struct {
	*facetest.Service
	db         database
	donny, xia string // tokens that work
	alice      string
	noTokens   map[string]string // tokens that do not
	noClients  map[string]string // Authorization headers that do not work in entity
	ids        goodIDs
	other      string // host of another site
	logins     int    // sent

	operator, person consoleSession // donny's and xia's
}

func TestBadInputOnEveryRouteIsRefusedInTheFacesOwnForm(t *testing.T) {
	t.Parallel()
	w := newBadWalk(t)
	rows := badRoutes(w.ids)
	var patterns []string
	methods := map[string][]string{}
	for _, route := range w.Server.Routes() {
		name := route.Method + " " + route.Pattern
		row, ok := rows[name]
		if !ok {
			t.Errorf("%s has no row in badRoutes", name)
			continue
		}
		delete(rows, name)
		if methods[route.Pattern] == nil {
			patterns = append(patterns, route.Pattern)
		}
		methods[route.Pattern] = append(methods[route.Pattern], route.Method)
		t.Run(name, func(t *testing.T) {
			before := w.db.state(t)
			w.route(t, route, row)
			after := w.db.state(t)
			for table := range before {
				if before[table] != after[table] {
					t.Errorf("refused requests changed the table %s: %s, was %s", table, after[table], before[table])
				}
			}
		})
	}
	for name := range rows {
		t.Errorf("badRoutes has a row for %s, which is no route", name)
	}
	t.Run("wrong methods and unknown paths", func(t *testing.T) {
		before := w.db.state(t)
		w.unrouted(t, patterns, methods, badRoutes(w.ids))
		if after := w.db.state(t); !maps.Equal(before, after) {
			t.Errorf("something was written: %v, was %v", after, before)
		}
	})
	if strings.Contains(w.Log.String(), `"level":"ERROR"`) {
		t.Errorf("the log has errors:\n%s", w.Log)
	}
}

func newBadWalk(t *testing.T, more ...face.Face) *badWalk {
	t.Helper()
	return badWalkOn(t, facetest.New(t, append(more, allFaces()...)...))
}

func allFaces() []face.Face {
	return []face.Face{djaoapp.New(), entity.New(), household.New(), appdata.New(), cloudillo.New()}
}

// badWalkOn is a walk on a service that nobody has used.
func badWalkOn(t *testing.T, s *facetest.Service) *badWalk {
	t.Helper()
	w := &badWalk{Service: s, other: "other.example"}
	if w.Database != "" {
		databases.Store(w.Dir, w.Database)
	}
	w.db = openData(t, w.Dir)
	ctx := t.Context()

	expired, overtaken := w.Login(t, "xia"), w.Login(t, "alice")
	w.Clock.Advance(61 * time.Minute)
	w.donny, w.xia = w.Login(t, "donny"), w.Login(t, "xia")
	w.alice = w.Login(t, "alice")
	revoked := w.Login(t, "xia")
	w.Post(t, revoked, "/api/auth/logout", nil).Want(http.StatusOK)
	other, err := w.Directory.CreateSite(ctx, directory.NewSite{Name: "other", Domain: w.other, Policy: directory.Policy{Registration: directory.RegistrationOpen, UnverifiedEmail: true}})
	if err != nil {
		t.Fatal(err)
	}
	signedIn, err := other.Register(ctx, directory.NewAccount{Username: "xia", Email: "xia@other.example", FullName: "Xia", Password: "a long password"}, directory.Exchanged)
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := other.AddClient(ctx, directory.NewClient{Description: "foreign", Features: []access.Feature{access.Owner}})
	if err != nil {
		t.Fatal(err)
	}
	part := strings.Split(w.xia, ".")
	w.noTokens = map[string]string{
		"expired": expired, "expired of another": overtaken, "revoked": revoked, "of another site": signedIn.Token,
		"garbage": "garbage", "no JWT": "a.b.c", "empty parts": "..", "long": strings.Repeat("x", 20_000), "odd": "\xff\xfe",
		"alg=none":             unsigned(`{"alg":"none","typ":"JWT"}`, part[1]),
		"alg=none, signed":     unsigned(`{"alg":"none","typ":"JWT"}`, part[1]) + part[2],
		"alg=HS256":            unsigned(`{"alg":"HS256","typ":"JWT"}`, part[1]) + part[2],
		"another's signature":  part[0] + "." + part[1] + "." + strings.Split(w.donny, ".")[2],
		"another's claims":     part[0] + "." + strings.Split(w.donny, ".")[1] + "." + part[2],
		"its signature only":   part[2],
		"with something after": w.xia + "x",
		"an API key":           strings.Repeat("A", 64),
	}
	w.noClients = map[string]string{
		"unknown client": basic("nobody", clientSecret), "wrong secret": basic(clientID, "wrong"), "of another site": basic(foreign.ID, foreign.Secret),
		"user and password": basic("xia", "yoyo"), "no colon": "Basic YWJj", "no base64": "Basic ***", "empty": "Basic ", "odd": "Basic \xff",
	}
	user := w.entityCall(t, "POST", "/entity", "type_name=user&key_attribute=email&key_value=%22xia@localhost.localdomain%22", basic(clientID, clientSecret))
	organization := w.entityCall(t, "POST", "/entity.find", "type_name=organization", basic(clientID, clientSecret))
	w.ids = goodIDs{uuid: user.Text("result.uuid"), organization: organization.Text("results.0.uuid"), token: w.xia}
	w.ids.member = w.Post(t, w.xia, "/api/users/v1/users/"+w.ids.uuid+"/user_profiles", `{"name":"Member","profile_pin":"4711"}`).Want(http.StatusCreated).Text("data.0.id")

	w.ids.apiKey, _ = w.Post(t, w.xia, "/api/auth/api-keys", `{}`).Want(http.StatusCreated).At("data.keyId")

	addPlan(t, w.Service, w.xia)
	w.Post(t, w.xia, "/api/profile/xia/roles/describe", `{"title":"Walk"}`).Want(http.StatusCreated)
	w.Post(t, w.donny, "/api/profile/cowork/plans/premium/subscriptions?force=1",
		map[string]any{"organization": map[string]any{"email": "invited@input.example", "full_name": "Invited"}}).Want(http.StatusCreated)
	for _, m := range w.Mails(t) {
		if at := strings.Index(m.Text, "/api/auth/"); at >= 0 {
			w.ids.key = m.Text[at+len("/api/auth/"):][:40]
		}
	}
	if w.ids.key == "" {
		t.Fatal("no invitation was mailed")
	}
	w.operator, w.person = newConsoleSession(t, w.Service, "donny"), newConsoleSession(t, w.Service, "xia")
	return w
}

// unsigned is a token of a header and a payload, with an empty signature.
func unsigned(header, payload string) string {
	return b64(header) + "." + payload + "."
}

// Do sends a call. A log-in as nobody is each time as another nobody: tries at
// one name are bounded.
func (w *badWalk) Do(t testing.TB, c facetest.Call) facetest.Answer {
	t.Helper()
	if c.Body != nil && slices.Contains([]string{"/api/auth", "/auth/login", "/api/auth/login", "/api/users/v1/login"}, c.Path) {
		if _, isText := c.Body.(string); !isText {
			raw, err := json.Marshal(c.Body)
			if err != nil {
				t.Fatal(err)
			}
			c.Body = string(raw)
		}
		w.logins++
		c.Body = strings.Replace(c.Body.(string), `"badinput`, fmt.Sprintf(`"badinput%d`, w.logins), 1)
	}
	return w.Service.Do(t, c)
}

// route does everything wrong with one route.
func (w *badWalk) route(t *testing.T, route server.JoinedRoute, row badRoute) {
	t.Helper()
	switch route.Face {
	case "djaoapp":
		w.djaoappProofs(t, route, row)
		w.djaoappBodies(t, route, row)
		w.djaoappPaths(t, route, row)
	case "entity":
		w.entityProofs(t, route, row)
		w.entityForms(t, route, row)
	case "household":
		w.householdRoute(t, route, row)
	case "appdata":
		w.appdataRoute(t, route, row)
	case "cloudillo":
		w.cloudilloRoute(t, route, row)
	case "console":
		w.consoleRoute(t, route, row)
	case "facet":
		for _, c := range []facetest.Call{
			{Path: row.path + "?a=%zz&%ff=%00", Body: "\xff\x00{"},
			{Path: row.path, Token: "garbage"},
			{Path: row.path, Header: map[string]string{"Authorization": "Basic ***"}},
		} {
			c.Method = route.Method
			w.Do(t, c).Want(http.StatusOK)
		}
		for _, path := range row.unknown {
			refused(t, route.Face, path, w.Do(t, facetest.Call{Method: route.Method, Path: path}), http.StatusNotFound)
		}
	default:
		t.Errorf("how does the face %s answer?", route.Face)
	}
}

// refused fails the test unless an answer is an error of the face, with one of
// the statuses.
func refused(t *testing.T, faceName, what string, a facetest.Answer, statuses ...int) {
	t.Helper()
	fail := func(why string) {
		t.Helper()
		body := a.Body
		if len(body) > 300 {
			body = body[:300]
		}
		t.Errorf("%s: %s: %d %s", what, why, a.Status, body)
	}
	if !slices.Contains(statuses, a.Status) {
		fail(fmt.Sprintf("status, want %v", statuses))
		return
	}
	if a.Status >= 500 {
		fail("it is not our fault")
	}
	if faceName == "console" {
		refusedPage(t, what, a, statuses...)
		return
	}
	contentType := "application/json"
	if faceName == "appdata" || faceName == "own" {
		contentType = "application/problem+json"
	}
	if a.Header.Get("Content-Type") != contentType || a.Header.Get("X-Request-Id") == "" {
		fail(fmt.Sprintf("headers %v", a.Header))
	}
	var body any
	if err := json.Unmarshal(a.Body, &body); err != nil {
		fail("not JSON")
		return
	}
	if why := formOf[faceName](body); why != "" {
		fail(why)
	}
}

var entityRequestID = regexp.MustCompile(`^[a-z0-9]{16}$`)

// formOf says what is wrong with the form of a face's error, "" when nothing.
var formOf = map[string]func(body any) string{
	"djaoapp": func(body any) string {
		switch b := body.(type) {
		case []any: // of tokens
			if len(b) == 1 && isText(b[0]) {
				return ""
			}
		case map[string]any:
			if why := fieldErrors(b); why != "" {
				return why
			}
			if len(b) > 0 {
				return ""
			}
		}
		return "not a form of DjaoApp's errors"
	},
	"entity": func(body any) string {
		b, _ := body.(map[string]any)
		code, isCode := b["code"].(float64)
		id, _ := b["request_id"].(string)
		switch {
		case b["stat"] != "error" || !isCode || !isText(b["error"]) || !isText(b["error_description"]) || !entityRequestID.MatchString(id):
			return "not the form of the Entity API's errors"
		case code == 500:
			return "an unexpected error"
		}
		return ""
	},
	"household": householdForm,
	"appdata":   appdataForm,
	"cloudillo": cloudilloForm,
	"own":       ownForm,
	"facet": func(body any) string {
		b, _ := body.(map[string]any)
		inner, _ := b["error"].(map[string]any)
		if !isText(b["detail"]) || !isText(inner["code"]) || !isText(inner["message"]) {
			return "not the form that both clients read"
		}
		return ""
	},
}

func isText(v any) bool {
	s, ok := v.(string)
	return ok && s != ""
}

// fieldErrors wants a text, texts, or a nested object for each field.
func fieldErrors(b map[string]any) string {
	for name, v := range b {
		switch v := v.(type) {
		case string:
			if v == "" {
				return name + " has an empty text"
			}
		case []any:
			if len(v) == 0 || !isText(v[0]) {
				return name + " has no text"
			}
		case map[string]any:
			if why := fieldErrors(v); why != "" {
				return why
			}
		default:
			return fmt.Sprintf("%s is %v", name, v)
		}
	}
	return ""
}

// open reports whether a route needs no caller.
func open(r face.Route) bool {
	rule, _ := access.RuleOf(r.Permission)
	return rule.Anyone
}

// unrouted asks for what is not there.
func (w *badWalk) unrouted(t *testing.T, patterns []string, methods map[string][]string, rows map[string]badRoute) {
	t.Helper()
	owner := map[string]string{}
	for _, r := range w.Server.Routes() {
		owner[r.Pattern] = r.Face
	}
	for _, pattern := range patterns {
		has := methods[pattern]
		row := rows[has[0]+" "+pattern]
		for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"} {
			if slices.Contains(has, method) || method == "GET" && (strings.HasPrefix(pattern, "/api/auth/") || pattern == "/user/profiles/create") { // there a word is no key, or no app
				continue
			}
			if wordIsName(methods, pattern, method) {
				continue
			}
			if slices.Contains([]string{"/api/profiles/verify", "/api/profiles/register"}, pattern) && slices.Contains([]string{"GET", "PUT", "PATCH"}, method) {
				continue // there a word is no idtag
			}
			a := w.Do(t, facetest.Call{Method: method, Path: row.path, Token: w.donny})
			status := http.StatusMethodNotAllowed
			if owner[pattern] == "entity" {
				status = http.StatusOK
			}
			refused(t, owner[pattern], method+" "+pattern, a, status)
			if allow := a.Header.Get("Allow"); !strings.Contains(allow, has[0]) {
				t.Errorf("%s %s: Allow is %q", method, pattern, allow)
			}
		}
	}
	for _, c := range []struct {
		face, method, path string
		status             int
	}{
		{"djaoapp", "GET", "/api", 404}, {"djaoapp", "POST", "/api/nothing", 404}, {"djaoapp", "GET", "/api/metrics", 404},
		{"djaoapp", "GET", "/api/profile/xia/nothing", 404}, {"djaoapp", "GET", "/api/auth/a/b/c", 404}, {"djaoapp", "POST", "/api/auth/nothing", 404},
		{"djaoapp", "GET", "/api/profile/xia/../donny", 404}, {"djaoapp", "GET", "/api/./profile", 404},
		{"entity", "POST", "/entity.nothing", 200}, {"entity", "GET", "/entityType", 200}, {"entity", "POST", "/clients/nothing", 200},
		{"entity", "DELETE", "/oauth/nothing", 200}, {"djaoapp", "GET", "/api/auth/register", 404},
		{"household", "GET", "/api/users/v1/users", 404}, {"household", "POST", "/api/users/v1/users/42/nothing", 404}, {"household", "GET", "/api/users/v1/42/user_profiles", 404},
		{"household", "GET", "/api/users/v1/users/42/user_profiles/../user_profiles", 404},
		{"appdata", "GET", "/user", 404}, {"appdata", "POST", "/user/profiles/1/nothing", 404}, {"appdata", "GET", "/operator/users/profile/x", 404},
		{"appdata", "GET", "/app", 404}, {"appdata", "POST", "/auth/nothing", 404}, {"appdata", "GET", "/limits/nothing", 404}, {"appdata", "GET", "/auth/../app/all", 404},
		{"cloudillo", "GET", "/api/me/nothing", 404}, {"cloudillo", "POST", "/api/profiles/a/b", 404}, {"cloudillo", "GET", "/api/files", 404}, {"cloudillo", "GET", "/api/refs/a/b", 404}, {"cloudillo", "GET", "/api/idp", 404}, {"cloudillo", "GET", "/.well-known/cloudillo", 404},
		{"cloudillo", "GET", "/file", 404}, {"cloudillo", "GET", "/api/files/a/b", 404}, {"cloudillo", "GET", "/api/me/../me", 404}, {"cloudillo", "PATCH", "/api/admin", 404},
		{"facet", "GET", "/nothing", 404}, {"facet", "POST", "/a/b/c", 404}, {"facet", "GET", "/healthz/nothing", 404}, {"facet", "GET", "/..", 404},
		{"facet", "GET", "/%00", 404}, {"facet", "GET", "/%ff%fe", 404}, {"facet", "GET", "/" + strings.Repeat("a", 8000), 404},
	} {
		a := w.Do(t, facetest.Call{Method: c.method, Path: c.path, Token: w.donny})
		refused(t, c.face, c.method+" "+c.path, a, c.status)
	}
	refused(t, "entity", "POST a form to a word", w.entityCall(t, "POST", "/nothing", "type_name=user", basic(clientID, clientSecret)), 200)
	for _, host := range []string{"cl-o.nobody.localhost.localdomain", "cl-o.xia", "cl-o.xia.nowhere.example"} {
		for faceName, path := range map[string]string{"djaoapp": "/api/users/xia", "household": "/api/users/v1/users/42/user_profiles", "appdata": "/app/all", "cloudillo": "/api/me", "facet": "/.well-known/jwks.json"} {
			a := w.Do(t, facetest.Call{Method: "GET", Path: path, Token: w.xia, Header: map[string]string{"Host": host}})
			refused(t, faceName, host, a, http.StatusNotFound)
		}
		a := w.Do(t, facetest.Call{Method: "POST", Path: "/entity", Header: map[string]string{"Host": host}})
		refused(t, "entity", host, a, http.StatusOK)
	}
}

// wordIsName reports whether a word of a pattern is, with a method, the name of
// a thing in another.
func wordIsName(methods map[string][]string, pattern, method string) bool {
	words := strings.Split(pattern, "/")
	for other, has := range methods {
		names := strings.Split(other, "/")
		if other == pattern || len(names) != len(words) || !slices.Contains(has, method) {
			continue
		}
		fits := true
		for i, name := range names {
			fits = fits && (name == words[i] || strings.HasPrefix(name, "{"))
		}
		if fits {
			return true
		}
	}
	return false
}

// entityCall sends a form: in the body, or in the query of a GET.
func (w *badWalk) entityCall(t testing.TB, method, path, form, auth string) facetest.Answer {
	t.Helper()
	c := facetest.Call{Method: method, Path: path, Header: map[string]string{}}
	if auth != "" {
		c.Header["Authorization"] = auth
	}
	if method == http.MethodGet {
		c.Path += "?" + strings.NewReplacer(" ", "%20", `"`, "%22", "\x00", "%00").Replace(form)
	} else {
		c.Body, c.Type = form, formType
	}
	return w.Do(t, c)
}

// replaced is a form in which one parameter has another value.
func replaced(form, name, value string) string {
	values, err := url.ParseQuery(form)
	if err != nil {
		panic(err)
	}
	values.Set(name, value)
	return values.Encode()
}
