package djaoapp

import (
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
	busy := e(profile.Busy, profile.CodeBusy, "", "secret detail")
	busy.Retry = 2
	for _, c := range []struct {
		pattern string
		err     error
		status  int
		body    string
	}{
		{"GET /api/users/{user}", errors.New("disk on fire at /dev/sda"), 500, `{"detail":"Internal error."}`},
		{"GET /api/users/{user}", e(profile.Internal, profile.CodeInternal, "", "secret"), 500, `{"detail":"Internal error."}`},
		{"GET /api/users/{user}", e(profile.Unauthenticated, profile.CodeNoAuth, "", "x"), 403, `{"detail":"Permission denied"}`},
		{"GET /api/users/{user}", e(profile.Expired, profile.CodeExpiredToken, "", "x"), 403, `{"detail":"Permission denied"}`},
		{"POST /api/auth", e(profile.Expired, profile.CodeExpiredToken, "", "x"), 401, `{"detail":"Invalid token"}`},
		{"POST /api/auth", e(profile.Forbidden, profile.CodeDisabled, "", "x"), 403, `{"detail":"User inactive or deleted."}`},
		{"POST /api/auth/register", e(profile.Forbidden, profile.CodeRegistrationClosed, "", "registration is disabled."), 403, `{"detail":"registration is disabled."}`},
		{"POST /api/auth", busy, 503, `{"detail":"Service temporarily unavailable, try again later."}`},
		{"PUT /api/profile/{profile}", e(profile.Taken, profile.CodeTaken, "email", "x"), 400, `{"email":"This e-mail address is already taken."}`},
		{"PUT /api/profile/{profile}", e(profile.Invalid, profile.CodeLength, "primaryAddress.zip", "/primaryAddress#zip is long"), 400, `{"postal_code":["Enter a valid value."]}`},
		{"PUT /api/profile/{profile}", e(profile.Invalid, profile.CodeType, "givenName", "x"), 400, `{"full_name":["Not a valid string."]}`},
		{"PUT /api/profile/{profile}", e(profile.Conflict, profile.CodeVersionMismatch, "", "the record has changed meanwhile"), 400, `{"detail":"the record has changed meanwhile"}`},
		{"PUT /api/profile/{profile}", e(profile.TooLarge, profile.CodeTooLarge, "password", "x"), 400, `{"password":["This value is too long."]}`},
		{"PUT /api/profile/{profile}", e(profile.TooLarge, profile.CodeTooLarge, "", "x"), 413, `{"detail":"Request entity too large."}`},
		{"GET /api/profile/{profile}", e(profile.NotFound, profile.CodeNotFound, "", "x"), 404, `{"detail":"Not found."}`},
	} {
		method, path, _ := strings.Cut(c.pattern, " ")
		r := httptest.NewRequest(method, path, http.NoBody)
		r.Pattern = c.pattern
		w := httptest.NewRecorder()
		f.Fail(w, r, &face.Call{}, c.err)
		if w.Code != c.status || w.Body.String() != c.body {
			t.Errorf("%v: %d %s, want %d %s", c.err, w.Code, w.Body, c.status, c.body)
		}
		if c.err == error(busy) && w.Header().Get("Retry-After") != "2" {
			t.Errorf("Retry-After %q", w.Header().Get("Retry-After"))
		}
	}
}
