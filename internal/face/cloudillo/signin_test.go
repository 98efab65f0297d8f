package cloudillo_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"facet/internal/facetest"
)

// at sends a call to the host of an identity.
func at(t *testing.T, s *facetest.Service, host, token, method, path string, body any) facetest.Answer {
	t.Helper()
	return s.Do(t, facetest.Call{Method: method, Path: path, Token: token, Body: body, Header: map[string]string{"Host": host}})
}

const aliceHost = "cl-o.alice.localhost.localdomain"

func TestLogInAsksForAOneTimePasswordWhereItIsOn(t *testing.T) {
	s := start(t)
	const on = `{"password":"yoyo","otp_enabled":true,"email_verification_enabled":false,"phone_verification_enabled":false}`
	key := s.Put(t, s.Login(t, "xia"), "/api/users/xia/otp", on).Want(201).Text("priv_key")
	body := map[string]string{"idTag": under("xia"), "password": facetest.Password}
	a := s.Post(t, "", "/api/auth/login", body)
	failed(t, a, 401, "E-AUTH-UNAUTH")
	a.Is(map[string]any{"error.details.field": "otp_code"})
	body["otp_code"] = "000000"
	failed(t, s.Post(t, "", "/api/auth/login", body), 401, "E-AUTH-UNAUTH")
	s.Clock.Advance(30 * time.Second)
	code, err := totp.GenerateCode(key, s.Clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	body["otp_code"] = code
	s.Post(t, "", "/api/auth/login", body).Want(200).Is(map[string]any{"data.idTag": under("xia")})
}

func TestGap6SignedOutIsSignedOut(t *testing.T) {
	s := start(t)
	t.Run("gap 6: logout ends the session in every face, and what came of it", func(t *testing.T) {
		alice := login(t, s, under("alice"))
		other := login(t, s, under("alice"))
		short := s.Get(t, alice, "/api/auth/access-token?lifetime=60").Want(200).Text("data.token")
		scoped := s.Get(t, alice, "/api/auth/access-token?scope=file:b1~abc123:R").Want(200).Text("data.token")
		again := s.Get(t, alice, "/api/auth/login-token").Want(200).Text("data.token")
		s.Get(t, short, "/api/me").Want(200)
		s.Post(t, again, "/api/auth/logout", `{}`).Want(200)
		for _, token := range []string{alice, short, scoped, again} {
			failed(t, s.Get(t, token, "/api/auth/access-token"), 401, "E-AUTH-UNAUTH")
			failed(t, s.Get(t, token, "/api/profiles"), 401, "E-AUTH-UNAUTH")
			s.Get(t, token, "/api/profile/alice").Want(403)
		}
		s.Get(t, other, "/api/me").Want(200)
	})
	t.Run("gap 6: a new password ends the other sessions", func(t *testing.T) {
		here, other, djaoapp := login(t, s, under("xia")), login(t, s, under("xia")), s.Login(t, "xia")
		derived := s.Get(t, here, "/api/auth/access-token?lifetime=60").Want(200).Text("data.token")
		s.Post(t, here, "/api/auth/password", `{"currentPassword":"yoyo","newPassword":"another one"}`).Want(200).Is(map[string]any{"data": nil})
		s.Get(t, here, "/api/me").Want(200)
		for _, token := range []string{other, djaoapp, derived} {
			failed(t, s.Get(t, token, "/api/me"), 401, "E-AUTH-UNAUTH")
		}
		failed(t, s.Post(t, "", "/api/auth/login", map[string]string{"idTag": under("xia"), "password": "yoyo"}), 403, "E-AUTH-NOPERM")
		s.Post(t, "", "/api/auth/login", map[string]string{"idTag": under("xia"), "password": "another one"}).Want(200)
	})
}

func TestLogInTokensAreRenewed(t *testing.T) {
	s := start(t)
	s.Get(t, "", "/api/auth/login-token").Want(200).Is(map[string]any{"data": nil})
	s.Get(t, "garbage", "/api/auth/login-token").Want(200).Is(map[string]any{"data": nil})
	nobody := s.Post(t, "", "/api/auth/login-init", `{}`).Want(200)
	nobody.Is(map[string]any{"data": map[string]any{"status": "unauthenticated", "qrLogin": map[string]string{"sessionId": "", "secret": ""}, "webAuthn": nil}})
	s.Post(t, "garbage", "/api/auth/login-init", `{}`).Want(200).Is(map[string]any{"data.status": "unauthenticated"})

	alice := login(t, s, under("alice"))
	s.Clock.Advance(50 * time.Minute)
	a := s.Get(t, alice, "/api/auth/login-token").Want(200).Is(map[string]any{
		"data.idTag": under("alice"), "data.name": "Alice Cooper", "data.profilePic": "", "data.expiresAt": "2026-01-31T13:50:00Z",
		"data.roles": []string{"public", "follower", "supporter", "contributor", "moderator", "leader"},
	})
	s.Post(t, alice, "/api/auth/login-init", nil).Want(200).Is(map[string]any{"data.status": "authenticated", "data.login.idTag": under("alice")})
	s.Clock.Advance(20 * time.Minute)
	failed(t, s.Get(t, alice, "/api/profiles"), 401, "E-AUTH-UNAUTH")
	s.Get(t, a.Text("data.token"), "/api/profiles").Want(200)
	s.Post(t, login(t, s, under("donny")), "/api/auth/login-init", `{}`).Want(200).Is(map[string]any{"data.login.roles.6": "SADM"})
}

func TestAccessTokensFailClosed(t *testing.T) {
	s := start(t)
	alice := login(t, s, under("alice"))
	failed(t, s.Get(t, "", "/api/auth/access-token"), 401, "E-AUTH-UNAUTH")
	failed(t, s.Get(t, "", "/api/auth/access-token?scope=apkg:publish"), 401, "E-AUTH-UNAUTH")
	failed(t, s.Get(t, "garbage", "/api/auth/access-token"), 401, "E-AUTH-UNAUTH")
	for _, query := range []string{"scope=everything", "scope=file:x", "scope=apkg:publish,", "lifetime=0", "lifetime=x", "apiKey=a&refId=b", "via=x", "via=b1~abc123&scope=apkg:publish",
		"scope=apkg:publish&scope=apkg:publish", "scope=%zz", "refId=x&scope=file:x:R", "refId=x&lifetime=5", "refId=x&refresh=maybe"} {
		failed(t, s.Get(t, alice, "/api/auth/access-token?"+query), 400, "E-VAL-INVALID")
	}
	whole := s.Get(t, alice, "/api/auth/access-token").Want(200).Text("data.token")
	s.Get(t, whole, "/api/me").Want(200).Is(map[string]any{"data.idTag": under("alice")})
	short := s.Get(t, alice, "/api/auth/access-token?lifetime=60").Want(200).Is(map[string]any{"data.expiresAt": facetest.Start.Add(time.Minute).Unix()}).Text("data.token")
	read := s.Get(t, alice, "/api/auth/access-token?scope=file:b1~abc123:R").Want(200).Is(map[string]any{"data.scope": "file:b1~abc123:R"}).Text("data.token")
	write := s.Get(t, alice, "/api/auth/access-token?scope=file:b1~abc123:W,caldav:read").Want(200).Text("data.token")
	calendar := s.Get(t, alice, "/api/auth/access-token?scope=caldav:read").Want(200).Text("data.token")

	for name, token := range map[string]string{"file": read, "file and calendar": write, "calendar": calendar} {
		for _, path := range []string{"/api/profiles", "/api/profiles/bob@example.com", "/api/auth/api-keys", "/api/auth/proxy-token", "/api/users/alice", "/api/profile/alice", "/api/accounts"} {
			if a := s.Get(t, token, path); a.Status != 403 {
				t.Errorf("a token for %s: GET %s: %d %s", name, path, a.Status, a.Body)
			}
		}
		failed(t, s.Patch(t, token, "/api/me", `{"name":"Hacked"}`), 403, "E-AUTH-NOPERM")
		failed(t, s.Post(t, token, "/api/auth/password", `{"currentPassword":"yoyo","newPassword":"hacked"}`), 403, "E-AUTH-NOPERM")
		failed(t, s.Get(t, token, "/api/auth/access-token"), 403, "E-AUTH-NOPERM")
		failed(t, s.Get(t, token, "/api/auth/access-token?lifetime=60"), 403, "E-AUTH-NOPERM")
		failed(t, s.Get(t, token, "/api/auth/access-token?scope=apkg:publish"), 403, "E-AUTH-NOPERM")
		failed(t, s.Get(t, token, "/api/auth/access-token?scope=file:other:R"), 403, "E-AUTH-NOPERM")
		failed(t, s.Get(t, token, "/api/auth/access-token?via=b1~abc123&scope=file:other:R"), 403+map[bool]int{true: 1}[name != "calendar"], map[bool]string{true: "E-CORE-NOTFOUND", false: "E-AUTH-NOPERM"}[name != "calendar"])
		s.Get(t, token, "/api/auth/login-token").Want(200).Is(map[string]any{"data": nil})
		s.Get(t, token, "/api/me").Want(200).Is(map[string]any{"data.idTag": under("cowork")}) // nobody's in particular
		at(t, s, aliceHost, token, "GET", "/api/me", nil).Want(200).Is(map[string]any{"data": map[string]any{
			"idTag": under("alice"), "name": "Alice Cooper", "type": "person", "keys": []string{}}})
		if claims := claimsOf(t, token); claims["email"] != nil || claims["full_name"] != nil || claims["scope"] == nil {
			t.Errorf("a token for %s says %v", name, claims)
		}
	}
	s.Get(t, write, "/api/auth/access-token?scope=file:b1~abc123:R").Want(200)
	failed(t, s.Get(t, read, "/api/auth/access-token?scope=file:b1~abc123:W"), 403, "E-AUTH-NOPERM")
	failed(t, s.Get(t, read, "/api/auth/access-token?scope=file:b1~abc123:R,caldav:read"), 403, "E-AUTH-NOPERM")
	failed(t, s.Get(t, calendar, "/api/auth/access-token?scope=caldav:read"), 403, "E-AUTH-NOPERM") // not for a calendar's client

	via := s.Get(t, alice, "/api/auth/access-token?via=b1~abc123&scope=file:b1~abc123:C").Want(200).Is(map[string]any{
		"data.resourceId": "b1~abc123", "data.accessLevel": "comment", "data.scope": "file:b1~abc123:C"})
	failed(t, s.Get(t, via.Text("data.token"), "/api/profiles"), 403, "E-AUTH-NOPERM")
	failed(t, s.Get(t, alice, "/api/auth/access-token?via=b1~abc123&scope=file:b1~nothing:R"), 404, "E-CORE-NOTFOUND")
	s.Clock.Advance(2 * time.Minute)
	failed(t, s.Get(t, short, "/api/profiles"), 401, "E-AUTH-UNAUTH")
	s.Get(t, alice, "/api/profiles").Want(200)
}

func TestATokenInTheQueryIsReadWhereTheDocumentSaysSo(t *testing.T) {
	s := start(t)
	alice := login(t, s, under("alice"))
	s.Get(t, "", "/api/profiles?token="+alice).Want(200)
	s.Get(t, "", "/api/auth/access-token?token="+alice).Want(200)
	s.Get(t, "", "/api/files/b1~abc123?token="+alice).Want(200)
	s.Get(t, "", "/api/me?token="+alice).Want(200).Is(map[string]any{"data.idTag": under("cowork")})
	s.Get(t, "", "/api/auth/login-token?token="+alice).Want(200).Is(map[string]any{"data": nil})
	failed(t, s.Get(t, "", "/api/profiles?token=garbage"), 401, "E-AUTH-UNAUTH")
	failed(t, s.Get(t, "", "/api/profiles?token="+alice+"&token="+alice), 401, "E-AUTH-UNAUTH")
	failed(t, s.Get(t, "garbage", "/api/profiles?token="+alice), 401, "E-AUTH-UNAUTH") // the header goes first
	s.Get(t, "", "/api/profile/alice?token="+alice).Want(403)                          // no other face reads it
	if s.Log.Has(alice) || !s.Log.Has(`"query":"token"`) {
		t.Error("the log holds a token, or does not say that there was one")
	}
}

func TestProxyTokensAreForOwnHostsAlone(t *testing.T) {
	s := start(t)
	alice := login(t, s, under("alice"))
	failed(t, s.Get(t, "", "/api/auth/proxy-token"), 401, "E-AUTH-UNAUTH")
	s.Put(t, alice, "/api/profiles/"+under("club"), `{"type":"idp","name":"Club"}`).Want(201)
	for _, idTag := range []string{"", under("alice"), "alice.localhost.localdomain", under("club")} {
		a := s.Get(t, alice, "/api/auth/proxy-token?idTag="+idTag).Want(200).Is(map[string]any{"data.roles.5": "leader"})
		at(t, s, "cl-o.club.localhost.localdomain", a.Text("data.token"), "PATCH", "/api/me", `{"name":"The Club"}`).Want(200)
	}
	for _, idTag := range []string{under("xia"), "bob@example.com", under("cowork")} {
		failed(t, s.Get(t, alice, "/api/auth/proxy-token?idTag="+idTag), 403, "E-AUTH-NOPERM")
	}
	for _, idTag := range []string{"nobody@example.com", "x", "a%20b"} {
		failed(t, s.Get(t, alice, "/api/auth/proxy-token?idTag="+idTag), 404, "E-CORE-NOTFOUND")
	}
	failed(t, s.Get(t, login(t, s, under("xia")), "/api/auth/proxy-token?idTag="+under("club")), 403, "E-AUTH-NOPERM")
}

func TestMethodsAndPathsOfSigningInAreAnsweredByThisFace(t *testing.T) {
	s := start(t)
	for _, path := range []string{"/api/auth/password", "/api/auth/set-password", "/api/auth/forgot-password", "/api/auth/login-init", "/api/onboarding/complete"} {
		if a := s.Do(t, facetest.Call{Method: http.MethodPatch, Path: path}); a.Status != 405 || !strings.Contains(string(a.Body), `"reqId"`) {
			t.Errorf("%s: %d %s", path, a.Status, a.Body)
		}
	}
}
