package e2e_test

import (
	"io"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"facet/internal/facetest"
	"facet/internal/store/postgres/pgtest"
)

// replicated is two processes on one database, both reading from its standby.
type replicated struct {
	t       *testing.T
	standby *pgtest.Cluster
	one     *instance
	other   *instance
	metrics string // of the other
	donny   string
	any     map[string]string // header of who takes what is old
}

func newReplicated(t *testing.T) *replicated {
	t.Helper()
	c, err := pgtest.Start(pgtest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { must(t, c.Stop()) })
	name, err := c.Create("")
	must(t, err)
	p := &replicated{t: t, any: map[string]string{consistency: "any"}}
	p.standby, err = c.Standby()
	must(t, err)
	t.Cleanup(func() { must(t, p.standby.Stop()) })
	dir := folder(t)
	on := []string{"--database", c.URL(name), "--replica", p.standby.URL(name), "--data-key-file", dir + ".key"}
	p.one = demo(t, append(on, "--data", dir)...)
	p.metrics = freePort(t)
	p.other = serve(t, append(on, "--data", folder(t), "--metrics-listen", p.metrics)...)
	p.donny = p.one.Login(t, "donny")
	return p
}

const consistency = "Facet-Consistency"

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func freePort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	return l.Addr().String()
}

// served is how many reads the other process has made on the replica.
func (p *replicated) served() int {
	p.t.Helper()
	found := p.measured(`facet_replica_reads_total\{replica="1",result="served"\} (\d+)`)
	n, err := strconv.Atoi(found)
	must(p.t, err)
	return n
}

func (p *replicated) measured(pattern string) string {
	p.t.Helper()
	resp, err := http.Get("http://" + p.metrics + "/metrics")
	must(p.t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	must(p.t, err)
	found := regexp.MustCompile(pattern).FindSubmatch(text)
	if found == nil {
		p.t.Fatalf("there is no %s in\n%s", pattern, text)
	}
	return string(found[1])
}

// pause lets the replica catch up and then keeps it as it is.
func (p *replicated) pause() {
	p.t.Helper()
	must(p.t, p.standby.CatchUp())
	must(p.t, p.standby.Pause())
}

// entityCall makes a call of the Entity API with the API client.
func entityCall(path string, pairs ...string) facetest.Call {
	return facetest.Call{Method: "POST", Path: path, Type: formType, Body: form(pairs...), Header: map[string]string{"Authorization": basic(clientID, clientSecret)}}
}

// said is what an answer says, without when and to which request.
func said(a facetest.Answer) string { return perRequest.ReplaceAllString(string(a.Body), "") }

var perRequest = regexp.MustCompile(`"(time|reqId)":"[^"]*"`)

// headed adds headers to a call.
func headed(c facetest.Call, more map[string]string) facetest.Call {
	header := map[string]string{}
	for _, of := range []map[string]string{c.Header, more} {
		for name, value := range of {
			header[name] = value
		}
	}
	c.Header = header
	return c
}

func TestTwoProcessesReadFromAReplicaWhatItHasAndDecideByTheDatabase(t *testing.T) {
	t.Parallel()
	p := newReplicated(t)
	t.Run("who wrote reads the own write through the other process though the replica lags", p.ownWrites)
	t.Run("no decision is made from a replica", p.decisions)
}

// Whoever has written, by whichever face, reads it next through another process,
// with the token or without; and who wants no more than any state gets the
// replica's.
func (p *replicated) ownWrites(t *testing.T) {
	casey := p.one.Login(t, "casey")
	const household = "/api/users/v1/users/42/user_profiles"
	call := func(method, path, token string, body any) facetest.Call {
		return facetest.Call{Method: method, Path: path, Token: token, Body: body}
	}
	p.one.Post(t, casey, "/user/profiles/create", `{"app_id":1,"profile_data":{"theme":"plain"}}`).Want(201)
	uuid := p.one.client().ok(t, "entity", "type_name", "user", "id", "42").Text("result.uuid")
	rows := []struct {
		name        string
		write, read facetest.Call
		now         string // that is in the answer, once it is written
	}{
		{"djaoapp: a list of plans", call("POST", "/api/profile/cowork/plans", p.donny, `{"title":"Replicated","is_active":true}`),
			call("GET", "/api/profile/cowork/plans", p.donny, nil), "Replicated"},
		{"djaoapp: a list of people", entityCall("/entity.create", "type_name", "user", "attributes", attributes("email", "lists@replica.example")),
			call("GET", "/api/users?o=created_at&page_size=100", p.donny, nil), "u-10"},
		{"entity: a search", entityCall("/entity.create", "type_name", "user", "attributes", attributes("email", "find@replica.example")),
			entityCall("/entity.find", "type_name", "user", "filter", "email = 'find@replica.example'"), "find@replica.example"},
		{"entity: a record", entityCall("/entity.update", "type_name", "user", "uuid", uuid, "attributes", attributes("aboutMe", "replicated")),
			entityCall("/entity", "type_name", "user", "uuid", uuid), "replicated"},
		{"entity: its history", entityCall("/entity.update", "type_name", "user", "uuid", uuid, "attributes", attributes("mobileNumber", "+36201234567")),
			entityCall("/versions/entity.list", "type_name", "user", "uuid", uuid), ""},
		{"cloudillo: a list of refs", call("POST", "/api/refs", p.donny, `{"type":"register","description":"replicated"}`),
			call("GET", "/api/refs", p.donny, nil), "replicated"},
		{"household: the profiles", call("POST", household, casey, `{"name":"Replica"}`), call("GET", household, casey, nil), "Replica"},
		{"appdata: a document", call("PUT", "/user/profiles/1", casey, `{"theme":"replicated"}`), call("GET", "/user/profiles/1", casey, nil), "replicated"},
	}
	p.pause()
	tokens := make([]string, len(rows))
	for i, row := range rows {
		old := p.other.Do(t, headed(row.read, p.any))
		before := p.served()
		written := p.one.Do(t, headed(row.write, p.any))
		if tokens[i] = written.Header.Get(consistency); written.Status >= 300 || tokens[i] == "" {
			t.Fatalf("%s: %d, token %q: %s", row.name, written.Status, tokens[i], written.Body)
		}
		fresh := p.other.Do(t, headed(row.read, map[string]string{consistency: tokens[i]}))
		if said(fresh) == said(old) || !strings.Contains(string(fresh.Body), row.now) {
			t.Errorf("%s: with the token: %s", row.name, fresh.Body)
		}
		if got := p.other.Do(t, row.read); said(got) != said(fresh) || got.Header.Get(consistency) != "" {
			t.Errorf("%s: without a token: %s", row.name, got.Body)
		}
		if n := p.served(); n != before {
			t.Errorf("%s: %d reads came from the replica, which lacks it", row.name, n-before)
		}
		if got := p.other.Do(t, headed(row.read, p.any)); said(got) != said(old) || p.served() <= before {
			t.Errorf("%s: whatever its age, %d reads from the replica: %s\nwas %s", row.name, p.served()-before, got.Body, old.Body)
		}
	}
	must(t, p.standby.Resume())
	must(t, p.standby.CatchUp())
	for i, row := range rows {
		before := p.served()
		for deadline := time.Now().Add(patience); ; { // it is left alone for a while after it was behind
			fresh := p.other.Do(t, headed(row.read, map[string]string{consistency: tokens[i]}))
			if !strings.Contains(string(fresh.Body), row.now) || fresh.Header.Get(consistency) == "" {
				t.Fatalf("%s: after the replica caught up: %s", row.name, fresh.Body)
			}
			if p.served() > before {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s: the replica does not serve", row.name)
			}
		}
	}
	if serves, lag := p.measured(`facet_replica_serves\{replica="1"\} (\d)`), p.measured(`facet_replica_lag_bytes\{replica="1"\} (\S+)`); serves != "1" {
		t.Errorf("serves %s, lag %s", serves, lag)
	}
}

// What was taken away is refused at once, though the replica knows nothing of
// it, and whoever asks would take any state.
func (p *replicated) decisions(t *testing.T) {
	one := p.one
	session := map[string]string{}
	for _, name := range []string{"xia", "alice", "casey"} {
		session[name] = one.Login(t, name)
	}
	ended := one.Login(t, "xia")
	c := one.client()
	found := c.ok(t, "entity.find", "type_name", "user", "filter", "email = 'casey@localhost.localdomain'")
	casey := found.Text("results.0.uuid")
	one.Post(t, p.donny, "/api/profile/cowork/roles/manager", `{"slug":"alice"}`).Want(201)
	offered := one.Get(t, session["alice"], "/api/users/alice/accessibles").Want(200).Text("results.0.accept_grant_api_url")
	_, accept, _ := strings.Cut(offered, "/api/")
	one.Put(t, session["alice"], "/api/"+accept, `{}`).Want(200)
	read := func(token, path string) facetest.Call { return facetest.Call{Method: "GET", Path: path, Token: token} }
	own := facetest.Call{Method: "POST", Path: "/entity", Type: formType, Body: "type_name=user", Header: map[string]string{"Authorization": "OAuth " + session["casey"]}}
	login := facetest.Call{Method: "POST", Path: "/api/auth", Body: `{"username":"xia","password":"yoyo"}`}
	entityStat := func(a facetest.Answer) int {
		if a.Text("stat") == "ok" {
			return http.StatusOK
		}
		return http.StatusUnauthorized
	}
	type look struct {
		name          string
		call          facetest.Call
		before, after int
		status        func(facetest.Answer) int
	}
	for _, scenario := range []struct {
		name  string
		take  func()
		looks []look
	}{
		{"a role is revoked", func() { one.Delete(t, p.donny, "/api/profile/cowork/roles/manager/alice").Want(204) }, []look{
			{name: "plans", call: read(session["alice"], "/api/profile/cowork/plans"), before: 200, after: 403},
			{name: "people", call: read(session["alice"], "/api/users"), before: 200, after: 403},
			{name: "documents", call: read(session["alice"], "/operator/app/1/profiles"), before: 200, after: 403},
			{name: "refs of the site", call: read(session["alice"], "/api/refs?type=register"), before: 200, after: 403},
			{name: "another's household", call: read(session["alice"], "/api/users/v1/users/"+casey+"/user_profiles"), before: 200, after: 404},
		}},
		{"a session ends", func() { one.Post(t, ended, "/api/auth/logout", nil).Want(200) }, []look{
			{name: "djaoapp", call: read(ended, "/api/users/xia"), before: 200, after: 403},
			{name: "cloudillo", call: read(ended, "/api/refs"), before: 200, after: 401},
		}},
		{"somebody is blocked", func() {
			one.Patch(t, session["alice"], "/api/profiles/xia@localhost.localdomain", `{"relationship":"block"}`).Want(200)
		}, []look{
			{name: "the profile", call: read(session["xia"], "/api/profiles/alice@localhost.localdomain"), before: 200, after: 404, status: func(a facetest.Answer) int {
				if strings.Contains(string(a.Body), "Alice") {
					return 200
				}
				return 404
			}},
		}},
		{"an account is disabled", func() {
			one.Patch(t, p.donny, "/api/admin/profiles/casey@localhost.localdomain", `{"status":"suspended"}`).Want(200)
		}, []look{
			{name: "household", call: read(session["casey"], "/api/users/v1/users/42/user_profiles"), before: 200, after: 401},
			{name: "appdata", call: read(session["casey"], "/user/profiles/1"), before: 200, after: 401},
			{name: "entity", call: own, before: 200, after: 401, status: entityStat},
		}},
		{"a password is changed", func() {
			uuid := c.ok(t, "entity.find", "type_name", "user", "filter", "email = 'xia@localhost.localdomain'").Text("results.0.uuid")
			c.ok(t, "entity.update", "type_name", "user", "uuid", uuid, "attributes", attributes("password", "another1"))
		}, []look{
			{name: "the password before", call: login, before: 201, after: 401},
			{name: "a session from before", call: read(session["xia"], "/api/users/xia"), before: 200, after: 403},
		}},
	} {
		t.Run(scenario.name, func(t *testing.T) {
			status := func(l look) int {
				a := p.other.Do(t, headed(l.call, p.any))
				if l.status != nil {
					return l.status(a)
				}
				return a.Status
			}
			for _, l := range scenario.looks {
				if got := status(l); got != l.before {
					t.Fatalf("%s: before: %d", l.name, got)
				}
			}
			p.pause()
			scenario.take()
			for _, l := range scenario.looks {
				if got := status(l); got != l.after {
					t.Errorf("%s: %d, want %d", l.name, got, l.after)
				}
			}
			must(t, p.standby.Resume())
		})
	}
}

func TestATokenThatIsNoneIsRefusedInTheFacesForm(t *testing.T) {
	t.Parallel()
	in := demo(t)
	donny := in.Login(t, "donny")
	header := map[string]string{consistency: "yesterday"}
	for _, path := range []string{"/api/users", "/api/refs", "/api/users/v1/users/42/user_profiles", "/user/profiles/1"} {
		in.Do(t, facetest.Call{Method: "GET", Path: path, Token: donny, Header: header}).Want(http.StatusBadRequest)
	}
	in.Do(t, headed(entityCall("/entity.find", "type_name", "user"), header)).Want(http.StatusOK).Is(map[string]any{"stat": "error", "code": 200})
	for _, token := range []string{"any", "1-16b3748"} {
		a := in.Do(t, facetest.Call{Method: "GET", Path: "/api/users", Token: donny, Header: map[string]string{consistency: token}}).Want(http.StatusOK)
		if got := a.Header.Get(consistency); databaseOf(t, in.Dir) == "" && got != "" {
			t.Errorf("a store of one file tells the token %q", got)
		}
	}
}
