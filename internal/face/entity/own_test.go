package entity_test

import (
	"net/http"
	"testing"

	"facet/internal/access"
	"facet/internal/directory"
	"facet/internal/face/entity"
	"facet/internal/facetest"
)

// own is a site with nothing on it but one API client, its owner; every answer
// is held against the contract.
type own struct {
	*facetest.Service
	site  *directory.Site
	owner directory.Client
}

const ownHost = "own.example"

func startOwn(t testing.TB) own {
	t.Helper()
	s := own{Service: facetest.New(t, entity.New())}
	s.Watch = facetest.NewContract(t, "entity").Check
	var err error
	if s.site, err = s.Directory.CreateSite(t.Context(), directory.NewSite{Name: "own", Domain: ownHost, Policy: directory.DefaultPolicy()}); err != nil {
		t.Fatal(err)
	}
	if s.owner, err = s.site.AddClient(t.Context(), directory.NewClient{Description: "application owner", Features: []access.Feature{access.Owner}}); err != nil {
		t.Fatal(err)
	}
	return s
}

// client makes another API client.
func (s own) client(t testing.TB, features ...access.Feature) directory.Client {
	t.Helper()
	c, err := s.site.AddClient(t.Context(), directory.NewClient{Description: "client", Features: features})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// by posts a form with a client's credentials.
func (s own) by(t testing.TB, c directory.Client, op string, pairs ...string) facetest.Answer {
	t.Helper()
	r := http.Request{Header: http.Header{}}
	r.SetBasicAuth(c.ID, c.Secret)
	return s.post(t, r.Header.Get("Authorization"), op, pairs...)
}

// post posts a form; auth is the Authorization header, "" for none.
func (s own) post(t testing.TB, auth, op string, pairs ...string) facetest.Answer {
	t.Helper()
	c := facetest.Call{Method: http.MethodPost, Path: "/" + op, Body: form(pairs...), Type: formType, Header: map[string]string{"Host": ownHost}}
	if auth != "" {
		c.Header["Authorization"] = auth
	}
	return s.Do(t, c)
}

// call posts as the owner.
func (s own) call(t testing.TB, op string, pairs ...string) facetest.Answer {
	t.Helper()
	return s.by(t, s.owner, op, pairs...)
}

// ok posts as the owner and wants no error.
func (s own) ok(t testing.TB, op string, pairs ...string) facetest.Answer {
	t.Helper()
	return wantOK(t, s.call(t, op, pairs...))
}

func wantOK(t testing.TB, a facetest.Answer) facetest.Answer {
	t.Helper()
	if a.Status != http.StatusOK || a.Text("stat") != "ok" {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	return a
}

// user makes a user and gives its uuid.
func (s own) user(t testing.TB, attributes string) string {
	t.Helper()
	return s.ok(t, "entity.create", "type_name", "user", "attributes", attributes).Text("uuid")
}
