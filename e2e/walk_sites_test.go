package e2e_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"facet/internal/facetest"
)

// operatorPassword is that of the second site's operator; real sites are strict.
const operatorPassword = "a long password"

// twoSites starts one server with the demo site and a second one, each with an
// operator and an API client.
func twoSites(t *testing.T) (in *instance, sites [2]*site) {
	t.Helper()
	data := folder(t)
	first := demo(t, "--data", data)
	first.stop(t)
	facet(t, "", "site", "add", "second", "--domain", "second.example", "--registration", "open", "--unverified-email", "--data", data)
	facet(t, operatorPassword+"\n", "operator", "add", "second", "--username", "olga", "--email", "olga@second.example", "--data", data)
	var made struct{ ID, Secret string }
	if err := json.Unmarshal([]byte(facet(t, "", "client", "add", "second", "--description", "test", "--feature", "owner", "--json", "--data", data)), &made); err != nil {
		t.Fatal(err)
	}
	in = serve(t, "--login-rate", "0", "--data", data) // all come from one address
	sites[0] = &site{client: in.client(), password: facetest.Password}
	sites[1] = &site{client: client{in.Service, "second.example", made.ID, made.Secret}, password: operatorPassword}
	sites[0].operator = sites[0].signIn(t, "donny")
	sites[1].operator = sites[1].signIn(t, "olga")
	sites[0].domain, sites[0].apps, sites[0].tokens, sites[0].communities = "localhost.localdomain", 2, true, true
	sites[1].domain = "second.example"
	for i, s := range sites {
		s.other = sites[1-i]
		s.before = s.counted(t)
	}
	return in, sites
}

// site is one site and what the test has made on it.
type site struct {
	client
	other       *site
	domain      string // of its identities
	password    string // long enough here
	operator    string // token
	apps        int    // numbered from 1: only the demo has any
	tokens      bool   // it has registration tokens: likewise
	communities bool   // who is no operator may make one
	before      map[string]int
	things      map[string]*thing // by uuid
	relations   map[relation]bool
}

// do sends a request with a token to this site.
func (s *site) do(t testing.TB, method, token, path string, body any) facetest.Answer {
	t.Helper()
	return s.send(t, facetest.Call{Method: method, Path: path, Token: token, Body: body})
}

// send sends a request to this site.
func (s *site) send(t testing.TB, c facetest.Call) facetest.Answer {
	t.Helper()
	if s.host != "" {
		if c.Header = maps.Clone(c.Header); c.Header == nil {
			c.Header = map[string]string{}
		}
		c.Header["Host"] = s.host
	}
	return s.Do(t, c)
}

func (s *site) signIn(t testing.TB, user string) string {
	t.Helper()
	return s.do(t, http.MethodPost, "", "/api/auth", map[string]any{"username": user, "password": s.password}).Want(http.StatusCreated).Text("token")
}

func TestTheDemoAndASecondSiteShareNothing(t *testing.T) {
	t.Parallel()
	_, sites := twoSites(t)
	one, two := sites[0], sites[1]
	// the same names on both
	for _, s := range sites {
		body := register("joe1", "joe@example.com", "Joe Card1", "personal")
		body["password"] = operatorPassword
		s.do(t, http.MethodPost, "", "/api/auth/register", body).Want(http.StatusCreated)
	}
	joe := one.ok(t, "entity", "type_name", "user", "key_attribute", "email", "key_value", `"joe@example.com"`)
	uuid := joe.Text("result.uuid")
	two.fails(t, 310, "entity", "type_name", "user", "uuid", uuid)
	two.fails(t, 310, "entity.update", "type_name", "user", "uuid", uuid, "attributes", attributes("displayName", "Not Joe"))
	two.fails(t, 310, "entity.delete", "type_name", "user", "uuid", uuid)
	two.ok(t, "entity.find", "type_name", "user", "filter", "uuid = '"+uuid+"'").Is(map[string]any{"result_count": 0})
	two.fails(t, 310, "entity", "type_name", "user", "key_attribute", "email", "key_value", `"xia@localhost.localdomain"`)

	// tokens, passwords and client secrets are nothing elsewhere
	two.do(t, http.MethodGet, one.operator, "/api/users/joe1", nil).Want(http.StatusForbidden)
	one.do(t, http.MethodGet, two.operator, "/api/users/joe1", nil).Want(http.StatusForbidden)
	two.do(t, http.MethodPost, "", "/api/auth", map[string]any{"username": "donny", "password": facetest.Password}).Want(http.StatusUnauthorized)
	foreign := client{one.Service, two.host, one.id, one.secret}
	foreign.fails(t, 402, "entity.count", "type_name", "user")
	foreign = client{two.Service, "", two.id, two.secret}
	foreign.fails(t, 402, "entity.count", "type_name", "user")
	two.do(t, http.MethodGet, two.operator, "/api/profile/cowork", nil).Want(http.StatusNotFound)
}

// knowsNothing looks for somebody who is not on this site, or no more.
func (s *site) knowsNothing(d drawn, x *thing) {
	d.Helper()
	s.fails(d, 310, "entity", "type_name", x.typeName, "uuid", x.uuid)
	s.do(d, http.MethodGet, s.operator, "/api/users/v1/users/"+x.uuid+"/user_profiles", nil).Want(http.StatusNotFound)
	s.do(d, http.MethodGet, s.operator, "/operator/users/profile/"+x.uuid+"/1", nil).Want(http.StatusNotFound)
}

// refuses sends a token that must not work to every face.
func (s *site) refuses(d drawn, x *thing, token string) {
	d.Helper()
	for path, status := range map[string]int{
		"/api/users/" + x.slug: http.StatusForbidden, "/api/me": http.StatusUnauthorized,
		"/api/users/v1/users/" + x.id + "/user_profiles": http.StatusUnauthorized, "/user/profiles/1": http.StatusUnauthorized,
	} {
		s.do(d, http.MethodGet, token, path, nil).Want(status)
	}
	s.send(d, facetest.Call{
		Method: http.MethodPost, Path: "/entity", Type: formType, Body: "type_name=user", Header: map[string]string{"Authorization": "OAuth " + token},
	}).Want(http.StatusOK).Is(map[string]any{"stat": "error", "code": 414})
}

// countsAgree counts what a site has: what is written on the other leaves no
// trace here.
func (s *site) countsAgree(d drawn) {
	d.Helper()
	want := maps.Clone(s.before)
	for _, x := range s.things {
		want[x.typeName]++
		switch {
		case x.disabled:
			want["suspended"]++
		case isUser(x):
			want["person"]++
		default:
			want["group"]++
		}
		if strings.EqualFold(x.email, "a@walk.example") {
			want[x.typeName+" with the e-mail"]++
		}
	}
	if got := s.counted(d); !maps.Equal(got, want) {
		d.Fatalf("site %q has %v, want %v", s.host, got, want)
	}
}

// counted counts in the faces that can.
func (s *site) counted(t testing.TB) map[string]int {
	t.Helper()
	out := map[string]int{}
	for _, typeName := range []string{"user", "organization", "community"} {
		out[typeName] = atoi(t, s.total(t, typeName, ""))
		out[typeName+" with the e-mail"] = atoi(t, s.total(t, typeName, "email = 'a@walk.example'"))
	}
	for what, query := range map[string]string{"person": "type=person", "group": "type=community", "suspended": "status=suspended"} {
		out[what] = s.listed(t, s.operator, query)
	}
	return out
}

func atoi(t testing.TB, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// clear erases what a walk made, whatever became of the walk.
func (s *site) clear(d drawn) {
	for _, x := range s.things {
		s.call(d, "entity.delete", "type_name", x.typeName, "uuid", x.uuid)
	}
}
