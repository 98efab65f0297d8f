package household_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"facet/internal/face/djaoapp"
	"facet/internal/face/household"
	"facet/internal/facetest"
)

// casey's household is the demo's account 42.
const profiles = "/api/users/v1/users/42/user_profiles"

// home is the demo, with casey signed in.
type home struct {
	*facetest.Service
	t     *testing.T
	token string
}

// serve starts the demo; every answer is held against api/household.yaml.
func serve(t *testing.T) home {
	t.Helper()
	s := facetest.New(t, household.New(), djaoapp.New())
	s.Watch = facetest.NewContract(t, "household").Check
	return home{s, t, signIn(t, s, "casey").Text("token")}
}

func signIn(t *testing.T, s *facetest.Service, user string) facetest.Answer {
	t.Helper()
	return s.Post(t, "", "/api/users/v1/login", map[string]string{"username": user, "password": facetest.Password}).Want(http.StatusOK)
}

// make adds a profile and gives its id.
func (h home) make(body string) string {
	h.t.Helper()
	return h.Post(h.t, h.token, profiles, body).Want(http.StatusCreated).Text("data.0.id")
}

// names lists the names of casey's household in order.
func (h home) names() string {
	h.t.Helper()
	a := h.Get(h.t, h.token, profiles).Want(http.StatusOK)
	list, _ := a.At("data")
	var out []string
	for _, v := range list.([]any) {
		attributes := v.(map[string]any)["attributes"].(map[string]any)
		name := attributes["name"].(string)
		if attributes["is_default"] == true {
			name += "*"
		}
		out = append(out, name)
	}
	return strings.Join(out, ", ")
}

// claimsOf decodes a token, as its holder may.
func claimsOf(t *testing.T, token string) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("%q is no JWT", token)
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func wantKeys(t *testing.T, a facetest.Answer, path string, want ...string) {
	t.Helper()
	if got := a.Keys(path); !slices.Equal(got, want) {
		t.Errorf("members of %q:\n got %v\nwant %v", path, got, want)
	}
}

// wantError holds an answer against one error: status, code, and the pointer,
// parameter or header it names ("" for none).
func wantError(t *testing.T, a facetest.Answer, status int, code, source string) {
	t.Helper()
	var got struct {
		Errors []struct {
			Status, Code, Title, Detail string
			Source                      *struct{ Pointer, Parameter, Header string }
		}
	}
	if err := json.Unmarshal(a.Body, &got); err != nil || len(got.Errors) == 0 {
		t.Errorf("want %d %s: %d %s", status, code, a.Status, a.Body)
		return
	}
	e, at := got.Errors[0], ""
	if e.Source != nil {
		at = e.Source.Pointer + e.Source.Parameter + e.Source.Header
	}
	if a.Status != status || e.Status != strconv.Itoa(status) || e.Code != code || at != source {
		t.Errorf("want %d %s at %q: %d %s", status, code, source, a.Status, a.Body)
	}
}
