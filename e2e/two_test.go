package e2e_test

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"facet/internal/facetest"
	"facet/internal/mail/mailtest"
	"facet/internal/store/postgres/pgtest"
)

// Two processes serve one database: what is done through one holds in the other,
// at once or, where a process keeps what it has read, within a second.

// pair is two processes on one database. The files lie in one folder.
type pair struct {
	a, b    *instance
	cluster *pgtest.Cluster
	name    string   // of the database
	where   []string // --data, --database
}

// nobodys makes the database of a pair that has not begun.
func nobodys(t *testing.T) *pair {
	t.Helper()
	c, err := pgtest.Any()
	if err != nil {
		t.Fatal(err)
	}
	name, err := c.Create("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Drop(name); err != nil {
			t.Error(err)
		}
	})
	return &pair{cluster: c, name: name, where: []string{"--data", folder(t), "--database", c.URL(name)}}
}

// two starts a pair on a new demo site.
func two(t *testing.T, args ...string) *pair {
	t.Helper()
	p := nobodys(t)
	p.a = demo(t, append(p.where, args...)...)
	p.b = demo(t, append(p.where, args...)...)
	return p
}

// soon checks that what has just been done through one process holds for a call
// that is made within a second.
func soon(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for done := time.Now(); ; {
		asked := time.Since(done)
		switch {
		case holds():
			return
		case asked > time.Second:
			t.Errorf("after %v: %s", asked, what)
			return
		}
	}
}

// tryAll signs in through each face of a process.
func tryAll(t *testing.T, in *instance, user, idTag, password string, each func(face string, a facetest.Answer)) {
	t.Helper()
	for _, s := range signIns {
		name := user
		if s.idTag {
			name = idTag
		}
		each(s.face, in.Do(t, facetest.Call{Method: "POST", Path: s.path, Body: fmt.Sprintf(s.body, name, password), Header: s.header}))
	}
}

func TestOfTwoProcessesEachHoldsByWhatTheOtherHasDone(t *testing.T) {
	t.Parallel()
	p := two(t)
	a, b := p.a, p.b
	donny := a.Login(t, "donny")
	join := func(user string) (token string) {
		return a.Post(t, "", "/api/auth/register", register(user, user+"@two.example", "Two "+user, "personal")).Want(http.StatusCreated).Text("token")
	}
	works := func(in *instance, user, token string) bool {
		return in.Get(t, token, "/api/users/"+user).Status == http.StatusOK
	}

	t.Run("a logout", func(t *testing.T) {
		token := a.Login(t, "xia")
		if !works(b, "xia", token) {
			t.Error("a session of the other process is not known")
		}
		a.Do(t, facetest.Call{Method: "POST", Path: "/api/auth/logout", Token: token}).Want(http.StatusOK)
		if works(b, "xia", token) {
			t.Error("it is still signed in")
		}
	})
	t.Run("a new password", func(t *testing.T) {
		token := join("pia")
		a.Put(t, token, "/api/users/pia/password", map[string]any{"password": "yoyo", "new_password": "yeyeye"}).Want(http.StatusOK)
		if works(b, "pia", token) {
			t.Error("the session before is still there")
		}
		tryAll(t, b, "pia", "pia@localhost.localdomain", "yoyo", func(face string, a facetest.Answer) {
			if a.Status < 400 {
				t.Errorf("%s: the old password works: %s", face, a.Body)
			}
		})
		tryAll(t, b, "pia", "pia@localhost.localdomain", "yeyeye", func(face string, a facetest.Answer) {
			if a.Status >= 300 {
				t.Errorf("%s: the new password: %d %s", face, a.Status, a.Body)
			}
		})
	})
	t.Run("wrong passwords, a lock, and a right one", func(t *testing.T) {
		join("lou")
		wrong := func(in *instance, n int) {
			for range n {
				in.Post(t, "", "/api/auth", map[string]any{"username": "lou", "password": "wrong"}).Want(http.StatusUnauthorized)
			}
		}
		wrong(a, 5)
		wrong(b, 4)
		b.Post(t, "", "/api/auth", map[string]any{"username": "lou", "password": "yoyo"}).Want(http.StatusCreated)
		wrong(a, 5)
		wrong(b, 5) // the tenth, counted from the right one
		for _, in := range []*instance{a, b} {
			tryAll(t, in, "lou", "lou@localhost.localdomain", "yoyo", func(face string, a facetest.Answer) {
				if a.Status != http.StatusTooManyRequests || a.Header.Get("Retry-After") == "" {
					t.Errorf("%s lets in who is locked: %d %s", face, a.Status, a.Body)
				}
			})
		}
		b.client().fails(t, 510, "entity", "type_name", "user", "key_attribute", "email", "key_value", `"lou@two.example"`,
			"password_attribute", "password", "password_value", "yoyo")
	})
	t.Run("a suspended account", func(t *testing.T) {
		token := join("sue")
		a.Patch(t, donny, "/api/admin/profiles/sue@localhost.localdomain", `{"status":"suspended"}`).Want(http.StatusOK)
		if works(b, "sue", token) {
			t.Error("who is suspended goes on")
		}
		b.Post(t, "", "/api/auth", map[string]any{"username": "sue", "password": "yoyo"}).Want(http.StatusForbidden)
		b.Patch(t, donny, "/api/admin/profiles/sue@localhost.localdomain", `{"status":"active"}`).Want(http.StatusOK)
		a.Login(t, "sue")
	})
	t.Run("an erased account", func(t *testing.T) {
		token := join("eve")
		a.Delete(t, token, "/api/profile/eve").Want(http.StatusNoContent)
		if works(b, "eve", token) {
			t.Error("who is erased goes on")
		}
		b.Post(t, "", "/api/auth", map[string]any{"username": "eve", "password": "yoyo"}).Want(http.StatusUnauthorized)
		b.Post(t, "", "/api/auth/register", register("eve", "eve@two.example", "Another Eve", "personal")).Want(http.StatusCreated)
	})
	t.Run("an API key", func(t *testing.T) {
		token := join("kay")
		key := a.Post(t, token, "/api/users/kay/api-keys", `{"password":"yoyo"}`).Want(http.StatusCreated).Text("secret")
		by := func() facetest.Answer {
			return b.Do(t, facetest.Call{Method: "GET", Path: "/api/users/kay", Header: map[string]string{"Authorization": basic(key, "")}})
		}
		by().Want(http.StatusOK)
		a.Do(t, facetest.Call{Method: "DELETE", Path: "/api/users/kay/api-keys/" + key[:32], Token: token, Body: `{"password":"yoyo"}`}).Want(http.StatusOK)
		by().Want(http.StatusForbidden)
	})
	t.Run("a role", func(t *testing.T) {
		token := join("rob")
		a.Post(t, donny, "/api/accounts/profiles", map[string]any{"slug": "robs", "email": "robs@two.example", "full_name": "Robs"}).Want(http.StatusCreated)
		a.Post(t, donny, "/api/profile/robs/roles/manager", `{"slug":"rob"}`).Want(http.StatusCreated)
		list := b.Get(t, token, "/api/users/rob/accessibles?role_status=pending").Want(http.StatusOK)
		_, path, _ := strings.Cut(list.Text("results.0.accept_grant_api_url"), "/api/")
		b.Put(t, token, "/api/"+path, nil).Want(http.StatusOK)
		b.Put(t, token, "/api/profile/robs", `{"full_name":"By Rob"}`).Want(http.StatusOK)
		b.Post(t, token, "/api/profile/robs/roles/manager", `{"slug":"donny"}`).Want(http.StatusCreated)
		own := a.Get(t, donny, "/api/users/donny/accessibles?role_status=pending").Want(http.StatusOK)
		_, path, _ = strings.Cut(own.Text("results.0.accept_grant_api_url"), "/api/")
		a.Put(t, donny, "/api/"+path, nil).Want(http.StatusOK)
		a.Delete(t, donny, "/api/profile/robs/roles/manager/rob").Want(http.StatusNoContent)
		b.Put(t, token, "/api/profile/robs", `{"full_name":"Still by Rob"}`).Want(http.StatusForbidden)
	})
	t.Run("API clients and access schemas", func(t *testing.T) {
		owner := a.client()
		made := owner.ok(t, "clients/add", "description", "second", "features", `["direct_read_access"]`)
		second := client{b.Service, "", made.Text("client_id"), made.Text("client_secret")}
		find := func() facetest.Answer {
			return second.call(t, "entity", "type_name", "user", "key_attribute", "email", "key_value", `"casey@localhost.localdomain"`)
		}
		find().Is(map[string]any{"stat": "ok", "result.givenName": "Casey"})
		owner.ok(t, "entityType.setAccessSchema", "type_name", "user", "for_client_id", second.id, "access_type", "read", "attributes", `["email"]`)
		soon(t, "the access schema does not hold", func() bool {
			given, shown := find().At("result.givenName")
			return !shown || given == nil
		})
		owner.ok(t, "clients/set_whitelist", "for_client_id", second.id, "whitelist", `["192.0.2.1/32"]`)
		soon(t, "the whitelist does not hold", func() bool { return find().Text("stat") == "error" })
		owner.ok(t, "clients/clear_whitelist", "for_client_id", second.id)
		soon(t, "the whitelist still holds", func() bool { return find().Text("stat") == "ok" })
		owner.ok(t, "clients/delete", "client_id_for_deletion", second.id)
		soon(t, "a deleted client is let in", func() bool { return find().Text("stat") == "error" })
	})
	t.Run("tokens of an API client", func(t *testing.T) {
		token := join("tom")
		a.client().ok(t, "entity.deleteAccess", "type_name", "user", "key_attribute", "email", "key_value", `"tom@two.example"`)
		if works(b, "tom", token) {
			t.Error("deleted access is still there")
		}
	})
	t.Run("an entity type", func(t *testing.T) {
		a.client().ok(t, "entityType.create", "type_name", "robot", "attr_defs", `[{"name":"model","type":"string","length":20}]`)
		c := b.client()
		soon(t, "the type is not known", func() bool {
			return c.call(t, "entity.create", "type_name", "robot", "attributes", `{"model":"r2"}`).Text("stat") == "ok"
		})
		a.client().ok(t, "entityType.setAttributeConstraints", "type_name", "robot", "attribute_name", "model", "constraints", `["unique"]`)
		c.fails(t, 361, "entity.create", "type_name", "robot", "attributes", `{"model":"r2"}`)
	})
	t.Run("an app and its schema", func(t *testing.T) {
		id := number(t, a.Post(t, donny, "/operator/app/register", `{"app":"two"}`).Want(http.StatusCreated), "appid")
		token := join("ann")
		b.Post(t, token, "/user/profiles/create", `{"app_id":`+id+`,"profile_data":{"n":"text"}}`).Want(http.StatusCreated)
		b.Delete(t, token, "/user/profiles/"+id).Want(http.StatusNoContent)
		a.Patch(t, donny, "/operator/app/"+id, `{"schema_mode":"enforce","schema":{"type":"object","properties":{"n":{"type":"number"}}}}`).Want(http.StatusOK)
		b.Post(t, token, "/user/profiles/create", `{"app_id":`+id+`,"profile_data":{"n":"text"}}`).Want(http.StatusUnprocessableEntity)
		a.Delete(t, donny, "/operator/app/"+id).Want(http.StatusNoContent)
		b.Post(t, token, "/user/profiles/create", `{"app_id":`+id+`,"profile_data":{"n":1}}`).Want(http.StatusUnprocessableEntity)
	})
	t.Run("a site made while both serve", func(t *testing.T) {
		facet(t, "", append([]string{"site", "add", "shop", "--domain", "shop.example", "--registration", "open", "--unverified-email"}, p.where...)...)
		at := func(in *instance, method, path, token string, body any) facetest.Answer {
			return in.Do(t, facetest.Call{Method: method, Path: path, Token: token, Body: body, Header: map[string]string{"Host": "shop.example"}})
		}
		keys := func(in *instance) string {
			return string(at(in, "GET", "/.well-known/jwks.json", "", nil).Body)
		}
		soon(t, "the processes serve different sites, or sign with different keys", func() bool {
			return keys(b) == keys(a) && keys(a) != string(a.Get(t, "", "/.well-known/jwks.json").Body)
		})
		if of := keys(a); !strings.Contains(of, "Ed25519") {
			t.Errorf("keys: %s", of)
		}
		token := at(a, "POST", "/api/auth/register", "", map[string]any{"username": "sam", "email": "sam@shop.example", "full_name": "Sam Shop", "new_password": "correct horse battery"}).Want(http.StatusCreated).Text("token")
		at(b, "GET", "/api/users/sam", token, nil).Want(http.StatusOK)
		b.Get(t, token, "/api/users/sam").Want(http.StatusForbidden)
	})
}

// Together two processes let an address through as often as one would, and what
// it does until they have told each other.
func TestTwoProcessesShareWhatAnAddressMayTry(t *testing.T) {
	t.Parallel()
	p := two(t, "--login-rate", "20") // 10 at once, one in three seconds
	try := func(in *instance, from string) int {
		return in.Do(t, facetest.Call{Method: "POST", Path: "/api/auth/recover", Body: `{"username":"nobody"}`,
			Header: map[string]string{"X-Forwarded-For": from}}).Status
	}
	const from = "192.0.2.7"
	for n := range 10 {
		if code := try(p.a, from); code == http.StatusTooManyRequests {
			t.Fatalf("try %d: %d", n+1, code)
		}
	}
	if code := try(p.a, from); code != http.StatusTooManyRequests {
		t.Errorf("the eleventh try: %d", code)
	}
	// The other one lets in what it knows nothing of, and learns of it long before
	// it would have let ten through.
	passed, last := 0, time.Time{}
	soon(t, "the other process goes on", func() bool {
		if time.Since(last) < 150*time.Millisecond {
			p.b.Get(t, "", "/healthz")
			return false
		}
		last = time.Now()
		if try(p.b, from) == http.StatusTooManyRequests {
			return true
		}
		passed++
		return false
	})
	if passed > 7 {
		t.Errorf("%d more were let through", passed)
	}
	for _, in := range []*instance{p.a, p.b} {
		if code := try(in, "192.0.2.8"); code == http.StatusTooManyRequests {
			t.Error("another address is held up")
		}
	}
}

// rows asks the database of a pair for one number.
func (p *pair) rows(t *testing.T, query string) (n int64) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), p.cluster.URL(p.name))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if err := conn.QueryRow(t.Context(), query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// invite makes so many mails, each to an address of its own.
func invite(t *testing.T, in *instance, donny, prefix string, n int) {
	t.Helper()
	for i := range n {
		in.Post(t, donny, "/api/profile/cowork/roles/contributor?force=1",
			map[string]any{"email": fmt.Sprintf("%s%d@jobs.example", prefix, i), "full_name": "Job"}).Want(http.StatusCreated)
	}
}

func TestTwoProcessesSendEachMailOnce(t *testing.T) {
	t.Parallel()
	smtp := mailtest.New(t)
	p := two(t, "--mail", smtp.URL())
	donny := p.a.Login(t, "donny")
	const each = 15
	var wait sync.WaitGroup
	wait.Go(func() { invite(t, p.a, donny, "a", each) })
	wait.Go(func() { invite(t, p.b, donny, "b", each) })
	wait.Wait()
	smtp.Wait(t, 2*each)
	for deadline := time.Now().Add(patience); p.rows(t, `SELECT count(*) FROM job WHERE kind LIKE 'mail%'`) > 0; {
		if time.Now().After(deadline) {
			t.Fatal("jobs are left")
		}
	}
	sent := map[string]int{}
	for _, m := range smtp.Messages() {
		sent[m.To]++
	}
	if len(sent) != 2*each {
		t.Errorf("mails to %d addresses, want %d", len(sent), 2*each)
	}
	for to, n := range sent {
		if n != 1 {
			t.Errorf("%d mails to %s", n, to)
		}
	}
}

// What a process has begun and not finished when it dies, another does once its
// lease is over, and not before.
func TestTheJobsOfAKilledProcessAreDoneByAnother(t *testing.T) {
	t.Parallel()
	deaf, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and says nothing
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = deaf.Close() })
	p := nobodys(t)
	a := demo(t, append(p.where, "--mail", "smtp://"+deaf.Addr().String())...)
	donny := a.Login(t, "donny")
	invite(t, a, donny, "k", 2)
	const leased = `SELECT count(*) FROM job WHERE kind = 'mail' AND due > 1000000 * (extract(epoch FROM now()) + 60)::bigint`
	for deadline := time.Now().Add(patience); p.rows(t, leased) < 2; {
		if time.Now().After(deadline) {
			t.Fatal("nobody takes the jobs")
		}
	}
	a.kill(t)
	smtp := mailtest.New(t)
	b := demo(t, append(p.where, "--mail", smtp.URL())...)
	invite(t, b, donny, "n", 1) // is sent, while the others are somebody's
	if m := smtp.Wait(t, 1); len(m) != 1 || m[0].To != "n0@jobs.example" {
		t.Errorf("sent: %v", m)
	}
	if err := p.cluster.Exec(p.name, `UPDATE job SET due = 1 WHERE kind = 'mail'`); err != nil { // the lease is over
		t.Fatal(err)
	}
	sent := map[string]int{}
	for _, m := range smtp.Wait(t, 3) {
		sent[m.To]++
	}
	if sent["k0@jobs.example"] != 1 || sent["k1@jobs.example"] != 1 {
		t.Errorf("sent to: %v", sent)
	}
}
