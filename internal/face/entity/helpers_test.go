package entity_test

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"facet/internal/access"
	"facet/internal/directory"
	"facet/internal/face/entity"
	"facet/internal/facetest"
	"facet/internal/store"
)

// The credentials that the entity.create page prints.
const (
	printedAuth   = "Basic c2dueXZ1czZwYzRqbTdraHIybmVxNWdzODlnYnIyZXE6d3Q0YzN1bjl3a2tjZnZ5a25xeDQ0eW5jNDc2YWZzNjg="
	printedID     = "sgnyvus6pc4jm7khr2neq5gs89gbr2eq"
	printedSecret = "wt4c3un9wkkcfvyknqx44ync476afs68"
)

const formType = "application/x-www-form-urlencoded"

type service struct{ *facetest.Service }

func start(t testing.TB) service {
	t.Helper()
	s := service{facetest.New(t, entity.New())}
	s.Watch = facetest.NewContract(t, "entity").Check
	return s
}

// form encodes name, value, name, value …
func form(pairs ...string) string {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v.Encode()
}

// call posts a form with the printed credentials.
func (s service) call(t testing.TB, op string, pairs ...string) facetest.Answer {
	t.Helper()
	return s.as(t, printedAuth, op, pairs...)
}

func (s service) as(t testing.TB, auth, op string, pairs ...string) facetest.Answer {
	t.Helper()
	c := facetest.Call{Method: http.MethodPost, Path: "/" + op, Body: form(pairs...), Type: formType}
	if auth != "" {
		c.Header = map[string]string{"Authorization": auth}
	}
	return s.Do(t, c).Want(http.StatusOK)
}

// ok posts like call and wants no error.
func (s service) ok(t testing.TB, op string, pairs ...string) facetest.Answer {
	t.Helper()
	a := s.call(t, op, pairs...)
	if a.Text("stat") != "ok" {
		t.Fatalf("%s %v: %s", op, pairs, a.Body)
	}
	return a
}

// create makes a user and gives its uuid.
func (s service) create(t testing.TB, attributes string) string {
	t.Helper()
	return s.ok(t, "entity.create", "type_name", "user", "attributes", attributes).Text("uuid")
}

// user reads a user.
func (s service) user(t testing.TB, uuid string) facetest.Answer {
	t.Helper()
	return s.ok(t, "entity", "type_name", "user", "uuid", uuid)
}

// client makes an API client with features and gives its Authorization header.
func (s service) client(t testing.TB, in directory.NewClient) string {
	t.Helper()
	c, err := s.Site.AddClient(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	r := http.Request{Header: http.Header{}}
	r.SetBasicAuth(c.ID, c.Secret)
	return r.Header.Get("Authorization")
}

var features = []access.Feature{access.Owner, access.AccessIssuer, access.DirectAccess, access.DirectReadAccess, access.LoginClient}

var requestID = regexp.MustCompile(`"request_id":"[a-z0-9]{16}"`)

// masked is a body with its request id replaced.
func masked(a facetest.Answer) string {
	return requestID.ReplaceAllString(string(a.Body), `"request_id":"…"`)
}

// wantError fails the test unless the answer is this error, with these extra
// members (name, value …) and no others.
func wantError(t testing.TB, a facetest.Answer, code int, name string, extra ...string) {
	t.Helper()
	want := map[string]any{"code": code, "error": name, "stat": "error"}
	members := []string{"code", "error", "error_description", "request_id", "stat"}
	for i := 0; i < len(extra); i += 2 {
		want[extra[i]] = extra[i+1]
		members = append(members, extra[i])
	}
	a.Want(http.StatusOK).Is(want)
	got := a.Keys("")
	slices.Sort(got)
	slices.Sort(members)
	if !slices.Equal(got, members) {
		t.Errorf("members %v, want %v: %s", got, members, a.Body)
	}
	if !requestID.Match(a.Body) {
		t.Errorf("no request id: %s", a.Body)
	}
	if d := a.Text("error_description"); strings.TrimSpace(d) == "" {
		t.Errorf("no description: %s", a.Body)
	}
}

// kinds lists the kinds of the site's events, in order.
func (s service) kinds(t testing.TB) (kinds []string) {
	t.Helper()
	err := s.Store.Site(1).View(t.Context(), func(r store.Reader) error {
		list, err := r.Events(store.Position{}, -1)
		for _, e := range list {
			kinds = append(kinds, e.Kind)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return kinds
}

// count counts users that a filter selects.
func (s service) count(t testing.TB, filter string) string {
	t.Helper()
	return number(s.ok(t, "entity.count", "type_name", "user", "filter", filter), "total_count")
}
