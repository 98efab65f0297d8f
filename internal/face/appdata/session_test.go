package appdata_test

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/pquerna/otp/totp"

	"facet/internal/directory"
	"facet/internal/face/appdata"
	"facet/internal/face/djaoapp"
	"facet/internal/face/household"
	"facet/internal/facetest"
)

func TestSessionIsVerifiedRenewedAndEnded(t *testing.T) {
	s := serve(t)
	in := keyed(t, s, "/auth/login", `{"username":"xia","password":"yoyo"}`).Want(200)
	token, renew := in.Text("token"), in.Text("refresh_token")
	s.Get(t, token, "/auth/verify").Want(200).Is(map[string]any{"valid": true, "user_id": in.Text("user.user_id"), "operator": false})
	next := s.Post(t, "", "/auth/refresh", map[string]string{"refresh_token": renew}).Want(200)
	again := s.Post(t, next.Text("token"), "/auth/refresh", nil).Want(200)
	if _, ok := again.At("refresh_token"); ok {
		t.Errorf("a token was exchanged for a refresh token: %s", again.Body)
	}
	s.Post(t, next.Text("token"), "/auth/refresh-disable", nil).Want(204)
	s.Get(t, next.Text("token"), "/auth/verify").Want(200)
	wantProblem(t, "refresh", s.Post(t, "", "/auth/refresh", map[string]string{"refresh_token": next.Text("refresh_token")}), 403, "refresh_disabled")
	wantProblem(t, "exchange", s.Post(t, next.Text("token"), "/auth/refresh", nil), 403, "refresh_disabled")
	s.Clock.Advance(61 * time.Minute)
	wantProblem(t, "an hour later", s.Get(t, next.Text("token"), "/auth/verify"), 401, "expired_token")
	xia, _ := signIn(t, s, "xia")
	s.Post(t, xia, "/auth/logout", nil).Want(204)
	wantProblem(t, "ended", s.Get(t, xia, "/auth/verify"), 401, "bad_token")
}

func TestDestructiveGetsAreTheSitesChoice(t *testing.T) {
	s := serve(t)
	alice, _ := signIn(t, s, "alice")
	for _, path := range []string{"/auth/logout", "/auth/refresh-disable", "/user/delete"} {
		for _, method := range []string{"GET", "HEAD"} {
			a := s.Do(t, facetest.Call{Method: method, Path: path, Token: alice})
			if a.Status != 405 || !strings.Contains(a.Header.Get("Allow"), "POST") {
				t.Errorf("%s %s: %d, Allow %q", method, path, a.Status, a.Header.Get("Allow"))
			}
		}
	}
	donny, _ := signIn(t, s, "donny")
	s.Get(t, donny, "/operator/users/delete/alice@localhost.localdomain").Want(405)
	s.Get(t, alice, "/auth/verify").Want(200)
	if err := s.Site.SetDestructiveGets(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	s.Do(t, facetest.Call{Method: "HEAD", Path: "/user/delete", Token: alice}).Want(405)
	s.Get(t, alice, "/auth/logout").Want(204)
	alice, id := signIn(t, s, "alice")
	s.Get(t, alice, "/user/delete").Want(204)
	wantProblem(t, "erased", s.Get(t, alice, "/auth/verify"), 401, "bad_token")
	s.Get(t, donny, "/operator/users/delete/bob@localhost.localdomain").Want(204)
	s.Get(t, donny, "/operator/users/deleted?limit=1").Want(200).Is(map[string]any{"users.0.deleted_at": "2026-01-31T12:00:00.000000Z"})
	if a := s.Get(t, donny, "/operator/users/deleted"); !strings.Contains(string(a.Body), id) {
		t.Errorf("alice is not listed: %s", a.Body)
	}
	wantProblem(t, "the last operator", s.Post(t, donny, "/user/delete", nil), 409, "last_manager")
}

func TestOneTimePasswordsAndPasswordsAreChangedWithProof(t *testing.T) {
	s := serve(t)
	xia, id := signIn(t, s, "xia")
	wantProblem(t, "no proof", s.Post(t, xia, "/auth/enable-otp", `{}`), 422, "proof_required", "/password proof_required")
	wantProblem(t, "wrong proof", s.Post(t, xia, "/auth/enable-otp", `{"password":"wrong"}`), 403, "password", "/password password")
	key := s.Post(t, xia, "/auth/enable-otp", `{"password":"yoyo"}`).Want(200)
	code := func() string {
		c, err := totp.GenerateCode(key.Text("secret"), s.Clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	keyed(t, s, "/auth/login", `{"username":"xia","password":"yoyo"}`).Want(401).Is(map[string]any{"code": "one_time_required"})
	keyed(t, s, "/auth/verify-otp", `{"username":"xia","password":"yoyo","otp_code":"000000"}`).Want(401)
	in := keyed(t, s, "/auth/verify-otp", map[string]string{"username": "xia", "password": "yoyo", "otp_code": code()}).Want(200)
	s.Get(t, in.Text("token"), "/user/userinfo").Want(200).Is(map[string]any{"otp_enabled": true, "user_id": id})
	s.Clock.Advance(time.Minute)
	s.Post(t, in.Text("token"), "/auth/disable-otp", map[string]string{"otp_code": code()}).Want(204)
	xia, _ = signIn(t, s, "xia")
	s.Post(t, xia, "/auth/reset-password", `{"password":"yoyo","new_password":"another"}`).Want(204)
	wantProblem(t, "the old session", s.Get(t, xia, "/auth/verify"), 401, "bad_token")
	keyed(t, s, "/auth/login", `{"username":"xia","password":"another"}`).Want(200)
	donny, _ := signIn(t, s, "donny")
	wantProblem(t, "wrong proof", s.Post(t, donny, "/operator/profile/reset-user-password", `{"user_id":"`+id+`","password":"wrong","new_password":"third"}`), 403, "password", "/password password")
	s.Post(t, donny, "/operator/profile/reset-user-password", `{"email":"xia@localhost.localdomain","password":"yoyo","new_password":"third"}`).Want(204)
	keyed(t, s, "/auth/login", `{"username":"xia","password":"third"}`).Want(200)
}

func TestUserInfoIsReadAndChanged(t *testing.T) {
	s := serve(t)
	xia, id := signIn(t, s, "xia")
	donny, _ := signIn(t, s, "donny")
	s.Post(t, xia, "/user/userinfo/update", `{"user_info":{"first_name":"Xiaoli"}}`).Want(200).Is(map[string]any{"first_name": "Xiaoli", "last_name": "Lee", "username": "xia"})
	for _, key := range []string{`"user_id":"` + id + `"`, `"email":"XIA@localhost.localdomain"`, `"username":"Xia"`} {
		s.Post(t, donny, "/operator/userinfo", `{`+key+`}`).Want(200).Is(map[string]any{"user_id": id, "first_name": "Xiaoli"})
	}
	s.Post(t, donny, "/operator/userinfo/update", `{"user_id":"`+id+`","user_info":{"username":"xiaoli","last_name":""}}`).Want(200).Is(map[string]any{"username": "xiaoli", "last_name": ""})
	wantProblem(t, "taken", s.Post(t, xia, "/user/userinfo/update", `{"user_info":{"username":"donny"}}`), 409, "taken", "/user_info/username taken")
	wantProblem(t, "two keys", s.Post(t, donny, "/operator/userinfo", `{"username":"xia","email":"a@b.example"}`), 422, "required", "/user_id required")
	wantProblem(t, "nobody", s.Post(t, donny, "/operator/userinfo", `{"username":"nobody"}`), 404, "user_not_found")
	wantProblem(t, "no operator", s.Post(t, xia, "/operator/userinfo", `{`), 403, "forbidden")
}

func TestImportedHashSignsInAndIsRenewed(t *testing.T) { // §1.4
	s := serve(t)
	for algorithm, hash := range map[string]string{
		"md5": "5f4dcc3b5aa765d61d8327deb882cf99", "sha1": "5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8",
		"sha256": "5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8", "md5-crypt": "$1$12345678$o2n/JiO/h5VviOInWJ4OQ/",
	} {
		name := strings.ReplaceAll(algorithm, "-", "")
		keyed(t, s, "/auth/register", `{"user_info":{"username":"`+name+`","email":"`+name+`@example.com"},"password_hash":"`+hash+`","hash_algorithm":"`+algorithm+`"}`).Want(201)
		kind := func() string {
			rec, err := s.Store.Site(1).Get(t.Context(), "slug", name)
			if err != nil {
				t.Fatal(err)
			}
			return rec.Password
		}
		if got := kind(); got != "password-"+algorithm {
			t.Errorf("%s is kept as %s", algorithm, got)
		}
		keyed(t, s, "/auth/login", `{"username":"`+name+`","password":"wrong"}`).Want(401)
		keyed(t, s, "/auth/login", `{"username":"`+name+`","password":"password"}`).Want(200)
		keyed(t, s, "/auth/login", `{"username":"`+name+`","password":"password"}`).Want(200) // by the new hash
	}
}

func TestForeignTokensAreTakenFromConfiguredIssuersOnly(t *testing.T) { // S13
	s := facetest.New(t, appdata.New(), djaoapp.New(), household.New())
	key, other := []byte(strings.Repeat("k", 32)), []byte(strings.Repeat("o", 32))
	_, xia := signIn(t, s, "xia")
	_, donny := signIn(t, s, "donny")
	make := func(key []byte, method jwt.SigningMethod, change jwt.MapClaims) string {
		claims := jwt.MapClaims{"UserID": xia, "Email": "somebody@else.example", "Username": "donny", "Operator": true, "exp": s.Clock.Now().Add(time.Hour).Unix()}
		for name, v := range change {
			if claims[name] = v; v == nil {
				delete(claims, name)
			}
		}
		var with any = key
		if method == jwt.SigningMethodNone {
			with = jwt.UnsafeAllowNoneSignatureType
		}
		token, err := jwt.NewWithClaims(method, claims).SignedString(with)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	good := make(key, jwt.SigningMethodHS256, nil)
	wantProblem(t, "before it is configured", s.Get(t, good, "/user/profiles/1"), 401, "bad_token")
	if err := s.Site.AddForeignIssuer(t.Context(), directory.ForeignIssuer{Name: "sentinel"}, key); err != nil {
		t.Fatal(err)
	}
	s.Get(t, good, "/user/profiles/1").WantJSON(200, `{"profiles":[]}`)
	s.Get(t, good, "/auth/verify").Want(200).Is(map[string]any{"user_id": xia, "operator": false})
	wantProblem(t, "the claim Operator", s.Get(t, good, "/operator/users/profile/"+donny+"/1"), 403, "forbidden")
	s.Post(t, make(key, jwt.SigningMethodHS256, jwt.MapClaims{"UserID": donny, "Operator": false}), "/operator/profile/get-bulk", `{"profiles":[]}`).Want(200) // the live role
	for _, path := range []string{"/auth/logout", "/auth/refresh-disable"} {
		wantProblem(t, path, s.Post(t, good, path, nil), 403, "forbidden")
	}
	wantProblem(t, "secrets take a session", s.Post(t, good, "/auth/reset-password", `{"password":"yoyo","new_password":"x"}`), 403, "forbidden")
	for what, token := range map[string]string{
		"another key": make(other, jwt.SigningMethodHS256, nil), "HS512": make(key, jwt.SigningMethodHS512, nil), "none": make(key, jwt.SigningMethodNone, nil),
		"no exp": make(key, jwt.SigningMethodHS256, jwt.MapClaims{"exp": nil}), "nobody": make(key, jwt.SigningMethodHS256, jwt.MapClaims{"UserID": unknownID}),
		"no id": make(key, jwt.SigningMethodHS256, jwt.MapClaims{"UserID": nil}), "another issuer": make(key, jwt.SigningMethodHS256, jwt.MapClaims{"iss": "x"}),
	} {
		wantProblem(t, what, s.Get(t, token, "/user/profiles/1"), 401, "bad_token")
	}
	wantProblem(t, "over", s.Get(t, make(key, jwt.SigningMethodHS256, jwt.MapClaims{"exp": s.Clock.Now().Add(-time.Hour).Unix()}), "/user/profiles/1"), 401, "expired_token")
	s.Get(t, good, "/api/users/xia").Want(403) // another face
	s.Get(t, good, "/api/users/v1/users/"+xia+"/user_profiles").Want(401)
	if err := s.Site.DropForeignIssuer(t.Context(), "sentinel"); err != nil {
		t.Fatal(err)
	}
	wantProblem(t, "dropped", s.Get(t, good, "/user/profiles/1"), 401, "bad_token")
}

func TestForeignTokensChangeNoAccountAndEndWithAPassword(t *testing.T) {
	s := facetest.New(t, appdata.New())
	key := []byte(strings.Repeat("k", 32))
	if err := s.Site.AddForeignIssuer(t.Context(), directory.ForeignIssuer{Name: "sentinel"}, key); err != nil {
		t.Fatal(err)
	}
	xia, xiaID := signIn(t, s, "xia")
	_, donnyID := signIn(t, s, "donny")
	sign := func(user string, change jwt.MapClaims) string {
		claims := jwt.MapClaims{"UserID": user, "exp": s.Clock.Now().Add(24 * time.Hour).Unix()}
		maps.Copy(claims, change)
		token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	early, undated := sign(xiaID, jwt.MapClaims{"iat": s.Clock.Now().Unix()}), sign(xiaID, nil)
	operator := sign(donnyID, nil)
	for _, c := range []struct{ what, token, path, body string }{
		{"delete", early, "/user/delete", ``},
		{"e-mail", early, "/user/userinfo/update", `{"user_info":{"email":"new@x.example"}}`},
		{"name", early, "/user/userinfo/update", `{"user_info":{"first_name":"X"}}`},
		{"password", early, "/auth/reset-password", `{"password":"yoyo","new_password":"another one"}`},
		{"one-time passwords", early, "/auth/enable-otp", `{"password":"yoyo"}`},
		{"no more of them", early, "/auth/disable-otp", `{"password":"yoyo"}`},
		{"another's e-mail", operator, "/operator/userinfo/update", `{"username":"xia","user_info":{"email":"new@x.example"}}`},
		{"another's password", operator, "/operator/profile/reset-user-password", `{"username":"xia","password":"yoyo","new_password":"another one"}`},
	} {
		wantProblem(t, c.what, s.Post(t, c.token, c.path, c.body), 403, "forbidden")
	}
	email := s.Get(t, xia, "/user/userinfo").Want(200).Text("email")
	wantProblem(t, "erase another", s.Post(t, operator, "/operator/users/delete/"+email, nil), 403, "forbidden")
	s.Get(t, early, "/user/userinfo").Want(200)

	s.Clock.Advance(time.Minute)
	s.Post(t, xia, "/auth/reset-password", `{"password":"yoyo","new_password":"another one"}`).Want(204)
	for what, token := range map[string]string{"issued before": early, "undated": undated} {
		wantProblem(t, what, s.Get(t, token, "/user/profiles/1"), 401, "bad_token")
	}
	s.Clock.Advance(time.Minute)
	s.Get(t, sign(xiaID, jwt.MapClaims{"iat": s.Clock.Now().Unix()}), "/user/profiles/1").Want(200)
}

func TestForeignTokensEndWhereAPasswordIsTakenAway(t *testing.T) {
	s := facetest.New(t, appdata.New(), djaoapp.New())
	key := []byte(strings.Repeat("k", 32))
	if err := s.Site.AddForeignIssuer(t.Context(), directory.ForeignIssuer{Name: "sentinel"}, key); err != nil {
		t.Fatal(err)
	}
	_, xia := signIn(t, s, "xia")
	sign := func() string {
		claims := jwt.MapClaims{"UserID": xia, "iat": s.Clock.Now().Unix(), "exp": s.Clock.Now().Add(24 * time.Hour).Unix()}
		token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	early := sign()
	s.Get(t, early, "/user/profiles/1").Want(200)
	s.Clock.Advance(time.Minute)
	s.Delete(t, s.Login(t, "donny"), "/api/users/xia/password").Want(204)
	wantProblem(t, "issued before", s.Get(t, early, "/user/profiles/1"), 401, "bad_token")
	s.Clock.Advance(time.Minute)
	s.Get(t, sign(), "/user/profiles/1").Want(200)
}
