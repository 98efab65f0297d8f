package household_test

import (
	"net/http"
	"testing"

	"facet/internal/facetest"
)

const loginPath, refreshPath = "/api/users/v1/login", "/api/users/v1/refresh"

func TestSigningInTakesAnyNameOfTheAccount(t *testing.T) {
	h := serve(t)
	for _, body := range []string{
		`{"username":"casey","password":"yoyo"}`, `{"username":"CASEY@localhost.localdomain","password":"yoyo"}`,
		`{"email":"casey@localhost.localdomain","password":"yoyo"}`, `{"login":"casey","password":"yoyo"}`,
	} {
		token := h.Post(t, "", loginPath, body).Want(http.StatusOK).Text("userStat.accessToken.0")
		h.Get(t, token, profiles).Want(http.StatusOK)
		h.Get(t, token, "/api/users/casey").Want(http.StatusOK) // in the other faces too
	}
	// a token that is over does not hinder
	h.Post(t, "x.y.z", loginPath, `{"username":"casey","password":"yoyo"}`).Want(http.StatusOK)
	a := h.Do(t, facetest.Call{Method: "POST", Path: loginPath, Type: jsonAPI, Body: `{"username":"casey","password":"yoyo"}`}).Want(http.StatusOK)
	if got := a.Header.Get("Content-Type"); got != jsonAPI {
		t.Errorf("answered as %s", got)
	}
}

func TestSigningInIsRefused(t *testing.T) {
	h := serve(t)
	for _, c := range []struct {
		body         string
		status       int
		code, source string
	}{
		{`{"username":"casey","password":"wrong"}`, 401, "credentials", ""},
		{`{"username":"nobody","password":"yoyo"}`, 401, "credentials", ""},
		{`{"username":"cowork","password":"yoyo"}`, 401, "credentials", ""},
		{`{"email":"casey","password":"yoyo"}`, 401, "credentials", ""},
		{`{"username":"casey"}`, 422, "required", "/password"},
		{`{"username":"casey","password":""}`, 422, "blank", "/password"},
		{`{"username":"casey","password":null}`, 422, "required", "/password"},
		{`{"username":"casey","password":7}`, 422, "wrong_type", "/password"},
		{`{"password":"yoyo"}`, 422, "required", "/username"},
		{`{"login":"","password":"yoyo"}`, 422, "blank", "/login"},
		{`{"username":"casey","login":"casey","password":"yoyo"}`, 422, "duplicate", "/login"},
		{`{"username":"casey","password":"yoyo","remember":true}`, 422, "unknown_attribute", "/remember"},
		{`[]`, 400, "syntax", ""},
		{`{`, 400, "syntax", ""},
		{``, 422, "required", "/password"},
	} {
		a := h.Post(t, "", loginPath, c.body)
		wantError(t, a, c.status, c.code, c.source)
		if got := a.Header.Get("WWW-Authenticate"); (got == "Bearer") != (c.status == 401) {
			t.Errorf("%s: WWW-Authenticate is %q", c.body, got)
		}
	}
	wantError(t, h.Do(t, facetest.Call{Method: "POST", Path: loginPath, Type: "text/plain", Body: "casey"}), 415, "unsupported_media_type", "Content-Type")
}

func TestRefreshTokensRotate(t *testing.T) {
	h := serve(t)
	first := signIn(t, h.Service, "casey")
	renew := func(body map[string]string) facetest.Answer {
		t.Helper()
		return h.Post(t, "", refreshPath, body)
	}
	old := map[string]string{"refresh_token": first.Text("refresh_token")}
	second := renew(old).Want(http.StatusOK)
	wantKeys(t, second, "", "userStat", "accessToken", "refreshToken", "token", "access_token", "refresh_token", "expires_in")
	h.Get(t, second.Text("token"), profiles).Want(http.StatusOK)
	if again := renew(old).Want(http.StatusOK); again.Text("refreshToken") != second.Text("refreshToken") {
		t.Error("a repeat whose answer got lost gives another refresh token")
	}
	third := renew(map[string]string{"refreshToken": second.Text("refreshToken")}).Want(http.StatusOK)
	h.Get(t, third.Text("token"), profiles).Want(http.StatusOK)

	wantError(t, renew(old), 401, "bad_token", "") // a stolen copy: the family ends
	wantError(t, renew(map[string]string{"refreshToken": third.Text("refreshToken")}), 401, "bad_token", "")
	wantError(t, h.Get(t, third.Text("token"), profiles), 401, "bad_token", "")
}

func TestNoOtherTokenStandsForARefreshToken(t *testing.T) {
	h := serve(t)
	in := signIn(t, h.Service, "casey")
	for _, token := range []string{in.Text("token"), "x.y.z", "x"} {
		wantError(t, h.Post(t, "", refreshPath, map[string]string{"refresh_token": token}), 401, "bad_token", "")
	}
	wantError(t, h.Get(t, in.Text("refresh_token"), profiles), 401, "bad_token", "")
	wantError(t, h.Post(t, "", refreshPath, `{}`), 422, "required", "/refresh_token")
	wantError(t, h.Post(t, "", refreshPath, `{"refresh_token":"x","token":"y"}`), 422, "unknown_attribute", "/token")
	wantError(t, h.Post(t, "", refreshPath, `{"refresh_token":"x","refreshToken":"y"}`), 422, "duplicate", "/refreshToken")
	h.Clock.Advance(31 * 24 * 3600e9)
	wantError(t, h.Post(t, "", refreshPath, map[string]string{"refresh_token": in.Text("refresh_token")}), 401, "expired_token", "")
}
