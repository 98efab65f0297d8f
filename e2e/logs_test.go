package e2e_test

import (
	"bufio"
	"encoding/json"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"facet/internal/facetest"
	"facet/internal/mail/mailtest"
)

// What only the caller, or only the caller and the server, may know. Each is a
// text that stands nowhere else.
const (
	secretPassword  = "Pa55-hippogriff"
	secretNew       = "Pa55-basilisk"
	secretWrong     = "Pa55-chimera"
	secretInQuery   = "query-manticore"
	secretEmail     = "wyvern@secret.example"
	secretEmailNew  = "gryphon@secret.example"
	secretInvited   = "kraken@secret.example"
	secretName      = "Cockatrice Quetzal"
	secretInPath    = "path-lindworm"
	secretInBody    = "body-phoenix"
	secretClient    = "client-secret-leviathan"
	secretHeader    = "header-salamander"
	secretMessage   = "message-amphisbaena"
	secretSMTP      = "smtp-cerberus"
	secretAttribute = "attribute-hydra"
)

func TestNoSecretReachesTheLogOrTheEvents(t *testing.T) {
	t.Parallel()
	data := folder(t)
	smtp := mailtest.New(t, mailtest.Auth("facet", secretSMTP))
	in := demo(t, "--data", data, "--log-level", "debug", "--mail", smtp.URL())
	secrets, ids := runSecretScenario(t, in, smtp)
	in.stop(t)

	log := in.Log.String()
	lines := readLog(t, log)
	for name, secret := range secrets {
		if len(secret) < 8 {
			t.Errorf("%s is %q: too short to look for", name, secret)
		}
		for _, found := range occurrences(log, secret) {
			t.Errorf("%s (%s) is in the log: …%s…", name, secret, found)
		}
	}
	for id := range ids {
		if !lines[id] {
			t.Errorf("no log line has the request id %q of an answer", id)
		}
	}
	if len(ids) < 20 {
		t.Errorf("only %d answers had a request id", len(ids))
	}

	db := openData(t, data)
	events := db.text(t, `SELECT kind || ' ' || paths FROM event`) + db.text(t, `SELECT kind FROM event_body`)
	if !strings.Contains(events, "user.created") || !strings.Contains(events, "displayName") {
		t.Errorf("the events are not those of the scenario:\n%s", events)
	}
	for name, secret := range secrets {
		if strings.Contains(events, secret) {
			t.Errorf("%s is in the skeleton of an event", name)
		}
	}
	// What a change replaced is kept: names, addresses; never what proves somebody.
	replaced := db.text(t, `SELECT replaced FROM event_body`)
	if !strings.Contains(replaced, secretEmail) {
		t.Errorf("the replaced e-mail is not in the history:\n%s", replaced)
	}
	for name, secret := range secrets {
		if proves(name) && strings.Contains(replaced, secret) {
			t.Errorf("%s is in the body of an event", name)
		}
	}
	if strings.Contains(replaced, "argon2") {
		t.Errorf("a hash is in the body of an event:\n%s", replaced)
	}
	// Nothing readable anywhere else in the file either.
	for name, secret := range secrets {
		if proves(name) && !strings.HasPrefix(name, "key") && db.holds(t, secret) {
			t.Errorf("%s lies in the database as it is", name)
		}
	}
}

// proves reports whether a secret is one that proves somebody.
func proves(name string) bool {
	for _, kind := range []string{"password", "token", "key", "client secret"} {
		if strings.HasPrefix(name, kind) {
			return true
		}
	}
	return false
}

// runSecretScenario does what people do, with and without success, and gives
// all that must not be told, by name, and the request ids of the answers.
func runSecretScenario(t *testing.T, in *instance, smtp *mailtest.Server) (secrets map[string]string, ids map[string]bool) {
	t.Helper()
	ids = map[string]bool{}
	secrets = map[string]string{
		"password": secretPassword, "password new": secretNew, "password wrong": secretWrong, "query value": secretInQuery,
		"e-mail": secretEmail, "e-mail new": secretEmailNew, "e-mail invited": secretInvited, "name": secretName,
		"path": secretInPath, "body": secretInBody, "client secret": clientSecret, "client secret wrong": secretClient,
		"header": secretHeader, "message": secretMessage, "password of the mail server": secretSMTP, "attribute": secretAttribute,
	}
	do := func(c facetest.Call) facetest.Answer {
		t.Helper()
		a := in.Do(t, c)
		id := a.Header.Get("X-Request-Id")
		if id == "" || ids[id] {
			t.Errorf("the request id %q is none, or came twice: %s", id, a.Body)
		}
		ids[id] = true
		return a
	}
	post := func(token, path string, body any) facetest.Answer {
		t.Helper()
		return do(facetest.Call{Method: http.MethodPost, Path: path, Token: token, Body: body})
	}
	get := func(token, path string) facetest.Answer {
		t.Helper()
		return do(facetest.Call{Method: http.MethodGet, Path: path, Token: token})
	}
	call := func(auth, operation string, pairs ...string) facetest.Answer {
		t.Helper()
		return do(facetest.Call{Method: http.MethodPost, Path: "/" + operation, Type: formType, Body: form(pairs...), Header: map[string]string{"Authorization": auth}})
	}
	owner := basic(clientID, clientSecret)

	// an account, its tokens, and wrong tries
	body := register("logged", secretEmail, secretName, "personal")
	body["password"] = secretPassword
	token := post("", "/api/auth/register?next="+secretInQuery, body).Want(http.StatusCreated).Text("token")
	secrets["token"] = token
	secrets["token signature"] = token[strings.LastIndexByte(token, '.')+1:]
	login := map[string]any{"username": secretEmail, "password": secretPassword}
	second := post("", "/api/auth", login).Want(http.StatusCreated).Text("token")
	secrets["token second"] = second
	login["password"] = secretWrong
	post("", "/api/auth", login).Want(http.StatusUnauthorized)
	post("", "/api/auth", map[string]any{"username": secretInvited, "password": secretWrong}).Want(http.StatusUnauthorized)
	secrets["token exchanged"] = post(second, "/api/auth/tokens", map[string]any{"token": second}).Want(http.StatusCreated).Text("token")
	post(second, "/api/auth/tokens/verify", map[string]any{"token": second}).Want(http.StatusOK)
	post(token, "/api/auth/tokens/verify?token="+second, map[string]any{"token": secretInBody}).Want(http.StatusBadRequest)

	// reading, and what is refused: in paths, queries, bodies, headers
	get(token, "/api/users/logged?q="+secretInQuery+"&"+secretInQuery).Want(http.StatusOK)
	get(token, "/api/users/logged/profiles?q="+secretEmail).Want(http.StatusOK)
	get(token, "/api/users/"+secretInPath).Want(http.StatusForbidden)
	get("", "/api/nothing/"+secretInPath+"?access_token="+token).Want(http.StatusNotFound)
	get("", "/"+secretInPath).Want(http.StatusNotFound)
	get(token+secretInQuery, "/api/users/logged").Want(http.StatusForbidden)
	post(token, "/api/users/logged/profiles", `{"full_name":"`+secretInBody).Want(http.StatusBadRequest)
	post(token, "/api/users/logged/profiles", map[string]any{"full_name": []string{secretInBody}}).Want(http.StatusBadRequest)
	post("", "/api/auth/register", map[string]any{"username": secretInBody + "!", "password": secretWrong, "email": secretEmail, "full_name": secretName}).Want(http.StatusBadRequest)
	do(facetest.Call{Method: http.MethodGet, Path: "/api/users/logged", Token: token, Header: map[string]string{
		"Cookie": "sessionid=" + secretHeader, "X-Api-Key": secretHeader, "User-Agent": secretHeader, "X-Request-Id": "a " + secretHeader, "Referer": "http://" + secretHeader,
	}}).Want(http.StatusOK)
	do(facetest.Call{Method: "BREW-" + secretHeader, Path: "/api/users/logged", Token: token})

	// changes: a name, an e-mail, a password, through both faces
	do(facetest.Call{Method: http.MethodPut, Path: "/api/profile/logged", Token: token, Body: map[string]any{"full_name": secretName + " II", "email": secretEmailNew}}).Want(http.StatusOK)
	ok := func(a facetest.Answer) facetest.Answer {
		t.Helper()
		return a.Is(map[string]any{"stat": "ok"})
	}
	ok(call(owner, "entity.update", "type_name", "user", "key_attribute", "email", "key_value", quoted(secretEmailNew),
		"attributes", attributes("password", secretNew, "aboutMe", secretAttribute, "displayName", secretName)))
	get(token, "/api/users/logged").Want(http.StatusForbidden) // a new password ends sessions
	ok(call(owner, "entity", "type_name", "user", "key_attribute", "email", "key_value", quoted(secretEmailNew), "password_attribute", "password", "password_value", secretNew))
	call(owner, "entity", "type_name", "user", "key_attribute", "email", "key_value", quoted(secretEmailNew), "password_attribute", "password", "password_value", secretWrong).
		Is(map[string]any{"code": 350})
	ok(call(owner, "entity.find", "type_name", "user", "filter", "email = '"+secretEmailNew+"' or aboutMe = '"+secretAttribute+"'"))
	call(owner, "entity.find", "type_name", "user", "filter", "email = '"+secretEmailNew+"' and "+secretInQuery+" or").Is(map[string]any{"stat": "error"})
	call(owner, "entity.create", "attributes", attributes("email", secretEmailNew, "password", secretWrong)).Is(map[string]any{"code": 361})
	call(owner, "entity.create", "attributes", `{"email":"`+secretInBody).Is(map[string]any{"code": 200})
	call(owner, "entity.create", "attributes", attributes(secretInBody, 1)).Is(map[string]any{"code": 223})
	call(basic(clientID, secretClient), "entity.count", "type_name", "user").Is(map[string]any{"code": 402})
	call("", "entity.count", "type_name", "user", "client_id", clientID, "client_secret", secretClient).Is(map[string]any{"code": 402})
	get("", "/entity.count?type_name=user&client_id="+clientID+"&client_secret="+clientSecret+"&filter="+form("", "aboutMe = '"+secretInQuery+"'")[1:]).Is(map[string]any{"stat": "ok"})
	get("", "/entity?access_token="+second+"&x="+secretInQuery).Is(map[string]any{"code": 414})
	call("", "entity.nothing", "access_token", second, "value", secretInBody).Is(map[string]any{"code": 404})
	issueAndExchange(owner, secrets, call, get)

	// an invitation, with its key
	donny := post("", "/api/auth", map[string]any{"username": "donny", "password": facetest.Password}).Want(http.StatusCreated).Text("token")
	secrets["token of the operator"] = donny
	post(donny, "/api/profile/cowork/plans/premium/subscriptions?force=1", map[string]any{
		"organization": map[string]any{"email": secretInvited, "full_name": "Invited"}, "message": secretMessage}).Want(http.StatusCreated)
	messages := smtp.Wait(t, 3) // of another e-mail, the offer, and its key
	key := strings.TrimPrefix(linkIn(t, invitationFor(t, messages, secretInvited), in.URL).Path, "/api/auth/")
	secrets["key of the invitation"] = key
	for _, m := range messages {
		for _, k := range anyKey.FindAllString(m.Text, -1) {
			secrets["key "+k] = k
		}
	}
	get("", "/api/auth/"+key).Want(http.StatusOK)
	post("", "/api/auth/"+key, map[string]any{"username": "guest", "new_password": secretNew, "full_name": secretName}).Want(http.StatusCreated)
	get("", "/api/auth/"+key).Want(http.StatusBadRequest)

	post(second, "/api/auth/logout", nil).Want(http.StatusOK)
	do(facetest.Call{Method: http.MethodDelete, Path: "/api/profile/invited", Token: donny}).Want(http.StatusNoContent)
	ok(call(owner, "entity.delete", "type_name", "user", "key_attribute", "email", "key_value", quoted(secretInvited)))
	return secrets, ids
}

var anyKey = regexp.MustCompile(`\b[0-9a-f]{40}\b`)

// readLog fails the test unless every line is JSON, and gives the request ids.
func readLog(t *testing.T, log string) map[string]bool {
	t.Helper()
	ids := map[string]bool{}
	scan := bufio.NewScanner(strings.NewReader(log))
	scan.Buffer(nil, 1<<20)
	for scan.Scan() {
		var line struct {
			Time, Level, Msg, ID string
		}
		if err := json.Unmarshal(scan.Bytes(), &line); err != nil || line.Time == "" || line.Level == "" || line.Msg == "" {
			t.Errorf("not a line of the log: %s (%v)", scan.Text(), err)
		}
		if line.Msg == "request" {
			if line.ID == "" {
				t.Errorf("a request without an id: %s", scan.Text())
			}
			ids[line.ID] = true
		}
	}
	return ids
}

// occurrences gives what stands around each place of a text.
func occurrences(log, secret string) (out []string) {
	const around = 100
	for at := 0; ; {
		i := strings.Index(log[at:], secret)
		if i < 0 {
			return out
		}
		at += i
		out = append(out, log[max(0, at-around):min(len(log), at+len(secret)+around)])
		at += len(secret)
	}
}

func TestACallersRequestIDIsTheLogs(t *testing.T) {
	t.Parallel()
	in := demo(t)
	a := in.Do(t, facetest.Call{Method: http.MethodGet, Path: "/api/users/xia", Header: map[string]string{"X-Request-Id": "caller-7"}})
	if got := a.Header.Get("X-Request-Id"); got != "caller-7" {
		t.Errorf("answered with %q", got)
	}
	in.stop(t)
	if !readLog(t, in.Log.String())["caller-7"] {
		t.Errorf("not in the log:\n%s", in.Log)
	}
}

func TestTheDemoSaysWhereItIsAndWhoMaySignIn(t *testing.T) {
	t.Parallel()
	in := demo(t)
	folders := 1
	if databaseOf(t, in.Dir) != "" { // which outlives the demo, and so does what its key has sealed
		folders = 0
	}
	if left, err := filepath.Glob(filepath.Join(in.Dir, "facet-demo-*")); err != nil || len(left) != folders {
		t.Errorf("a demo has a folder of its own: %v %v", left, err)
	}
	in.stop(t)
	if left, _ := filepath.Glob(filepath.Join(in.Dir, "facet-demo-*")); len(left) != 0 {
		t.Errorf("the demo left %v", left)
	}
	out := in.out.String()
	for _, want := range []string{in.URL, "demo only: user donny", "demo only: user casey", clientID} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not printed:\n%s", want, out)
		}
	}
}

// issueAndExchange makes clients, tokens and codes of the entity face, and uses
// them in bodies, queries and headers.
func issueAndExchange(owner string, secrets map[string]string, call func(auth, operation string, pairs ...string) facetest.Answer, get func(token, path string) facetest.Answer) {
	ok := func(a facetest.Answer) facetest.Answer { return a.Is(map[string]any{"stat": "ok"}) }
	record := []string{"type_name", "user", "key_attribute", "email", "key_value", quoted(secretEmailNew)}
	c := ok(call(owner, "clients/add", "description", secretInBody, "features", `["access_issuer"]`))
	secrets["client secret"] = c.Text("client_secret")
	credentials := "client_id=" + c.Text("client_id") + "&client_secret=" + c.Text("client_secret")
	ok(get("", "/settings/items?"+credentials))
	secrets["client secret after"] = ok(call(owner, "clients/reset_secret", "for_client_id", c.Text("client_id"), "hours_to_live", "1")).Text("new_secret")
	ok(call(owner, "settings/set", "key", "smtp_password", "value", secretAttribute))
	token := ok(call(owner, "access/getAccessToken", record...)).Text("accessToken")
	secrets["issued token"] = token
	ok(get("", "/entity?access_token="+token))
	code := ok(call(owner, "access/getAuthorizationCode", append(record, "redirect_uri", "http://"+secretInQuery, "transaction_state", quoted(secretInBody))...)).Text("authorizationCode")
	secrets["authorization code"] = code
	get("", "/oauth/token?"+credentials+"&grant_type=authorization_code&code="+code+"&redirect_uri=http://"+secretInQuery).Is(map[string]any{"code": 200})
	tokens := ok(call(owner, "oauth/token", "grant_type", "authorization_code", "code", code, "redirect_uri", "http://"+secretInQuery))
	secrets["exchanged token"], secrets["refresh token"] = tokens.Text("access_token"), tokens.Text("refresh_token")
	ok(call(owner, "oauth/token", "grant_type", "refresh_token", "refresh_token", tokens.Text("refresh_token")))
	creation := ok(call(owner, "access/getCreationToken", "type_name", "user")).Text("creation_token")
	secrets["creation token"] = creation
	call("", "entity.create", "creation_token", creation, "attributes", "{").Is(map[string]any{"code": 200})
	verification := ok(call(owner, "access/getVerificationCode", append(record, "attribute_name", "emailVerified")...)).Text("verification_code")
	secrets["verification code"] = verification
	ok(get("", "/access/useVerificationCode?verification_code="+verification))
}
