package appdata

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"facet/internal/face"
	"facet/internal/profile"
)

func TestFailGivesEachKindItsAnswer(t *testing.T) {
	f := New()
	e := profile.E
	busy := e(profile.Busy, profile.CodeBusy, "", "Come back.")
	busy.Retry = 2
	there := e(profile.Taken, profile.CodeTaken, "app_id", "It is there.")
	there.Detail = map[string]any{"version": int64(7)}
	for _, c := range []struct {
		pattern string
		err     error
		status  int
		code    string
		header  string // "Name: value"
	}{
		{"GET /app/all", errors.New("disk on fire at /dev/sda"), 500, "internal", ""},
		{"GET /app/all", e(profile.Internal, profile.CodeInternal, "", "secret"), 500, "internal", ""},
		{"GET /app/all", e(profile.Kind(200), "new", "", "secret"), 500, "internal", ""},
		{"GET /user/profiles/{appid}", e(profile.Unauthenticated, profile.CodeNoAuth, "", "x"), 401, "no_auth", "WWW-Authenticate: Bearer"},
		{"GET /user/profiles/{appid}", e(profile.Expired, profile.CodeExpiredToken, "", "x"), 401, "expired_token", `WWW-Authenticate: Bearer error="invalid_token"`},
		{"POST /auth/login", e(profile.Unauthenticated, profile.CodeCredentials, "", "x"), 401, "credentials", `WWW-Authenticate: ApiKey realm="app"`},
		{"POST /auth/login", e(profile.Forbidden, profile.CodeDisabled, "", "x"), 403, "disabled", ""},
		{"POST /auth/login", e(profile.Limited, profile.CodeAttempts, "", "x"), 429, "attempts", ""},
		{"POST /auth/login", busy, 503, "busy", "Retry-After: 2"},
		{"GET /auth/login", e(profile.MethodNotAllowed, profile.CodeMethod, "", "x"), 405, "method", ""},
		{"GET /user/nothing", e(profile.NotFound, profile.CodeNoRoute, "", "x"), 404, "no_route", ""},
		{"POST /user/profiles/create", e(profile.TooLarge, profile.CodeTooLarge, "", "x"), 413, "too_large", ""},
		{"POST /user/profiles/create", there, 409, "profile_exists", `ETag: "7"`},
		{"POST /user/profiles/create", e(profile.Conflict, profile.CodeVersionMismatch, "", "x"), 412, "version_mismatch", ""},
	} {
		method, path, _ := strings.Cut(c.pattern, " ")
		r := httptest.NewRequest(method, path, http.NoBody)
		r.Pattern = c.pattern
		w := httptest.NewRecorder()
		f.Fail(w, r, &face.Call{}, c.err)
		var p problem
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
			t.Fatal(err)
		}
		if w.Code != c.status || p.Status != c.status || p.Code != c.code || p.Title != http.StatusText(c.status) || p.Type != "about:blank" || p.Detail == "" {
			t.Errorf("%v: %d %s", c.err, w.Code, w.Body)
		}
		if c.status == 500 && p.Detail != "Internal error." {
			t.Errorf("our own error left the process: %s", w.Body)
		}
		if name, value, _ := strings.Cut(c.header, ": "); name != "" && w.Header().Get(name) != value {
			t.Errorf("%v: %s is %q, want %q", c.err, name, w.Header().Get(name), value)
		}
		if w.Header().Get("Content-Type") != "application/problem+json" || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("headers %v", w.Header())
		}
	}
}

// The order of the checks: 400, 413, 422, 409.
func TestFirstCheckThatFailsMakesTheStatus(t *testing.T) {
	taken := item{kind: profile.Taken, Code: "taken", Detail: "taken"}
	unknown := item{kind: profile.Unknown, Code: "unknown", Detail: "unknown"}
	large := item{kind: profile.TooLarge, Code: "large", Detail: "large"}
	malformed := item{kind: profile.Malformed, Code: "malformed", Detail: "malformed"}
	for _, c := range []struct {
		items []item
		kind  profile.Kind
	}{
		{[]item{taken}, profile.Taken},
		{[]item{taken, unknown}, profile.Unknown},
		{[]item{taken, unknown, large}, profile.TooLarge},
		{[]item{large, malformed, taken}, profile.Malformed},
	} {
		if e := profile.AsError(refuse(c.items)); e.Kind != c.kind {
			t.Errorf("%v: kind %v, want %v", c.items, e.Kind, c.kind)
		}
	}
	if err := refuse(nil); err != nil {
		t.Errorf("nothing is wrong: %v", err)
	}
}
