package appdata_test

import (
	"fmt"
	"strings"
	"testing"

	"facet/internal/access"
	"facet/internal/face/appdata"
	"facet/internal/facetest"
)

const appKey = "demo-api-key"

// serve starts the demo; every answer is held against api/appdata.yaml.
func serve(t *testing.T) *facetest.Service {
	t.Helper()
	s := facetest.New(t, appdata.New())
	s.Watch = facetest.NewContract(t, "appdata").Check
	return s
}

// keyed sends a call with the X-API-KEY of an app.
func keyed(t *testing.T, s *facetest.Service, path string, body any) facetest.Answer {
	t.Helper()
	return s.Do(t, facetest.Call{Method: "POST", Path: path, Body: body, Header: map[string]string{"X-API-KEY": appKey}})
}

// signIn gives the token and the id of a user.
func signIn(t *testing.T, s *facetest.Service, user string) (token, id string) {
	t.Helper()
	a := keyed(t, s, "/auth/login", map[string]string{"username": user, "password": facetest.Password}).Want(200)
	return a.Text("token"), a.Text("user.user_id")
}

// wantProblem fails the test unless an answer is a problem with this status
// and code, and with these errors, each "pointer code".
func wantProblem(t *testing.T, what string, a facetest.Answer, status int, code string, items ...string) {
	t.Helper()
	a.Is(map[string]any{"type": "about:blank", "status": status, "code": code})
	if a.Status != status || a.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("%s: %d %s %s", what, a.Status, a.Header.Get("Content-Type"), a.Body)
	}
	var got []string
	for n := 0; ; n++ {
		pointer, ok := a.At(fmt.Sprintf("errors.%d.pointer", n))
		if !ok {
			break
		}
		got = append(got, fmt.Sprintf("%s %s", pointer, a.Text(fmt.Sprintf("errors.%d.code", n))))
	}
	if strings.Join(got, ", ") != strings.Join(items, ", ") {
		t.Errorf("%s: errors %q, want %q\n%s", what, got, items, a.Body)
	}
}

// principal is who a token stands for.
func principal(t *testing.T, s *facetest.Service, token string) access.Principal {
	t.Helper()
	who, err := s.Site.Authenticate(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	return who
}
