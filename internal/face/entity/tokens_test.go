package entity_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"facet/internal/access"
	"facet/internal/directory"
	"facet/internal/facetest"
	"facet/internal/profile"
	"facet/internal/store"
)

// here is where the tests call from.
func (s own) here() netip.Addr { return netip.MustParseAddr("127.0.0.1") }

// reads reports whether a token reads its record.
func (s own) reads(t testing.TB, token string) bool {
	t.Helper()
	a := s.post(t, "OAuth "+token, "entity")
	if a.Text("stat") == "ok" {
		return true
	}
	wantError(t, a, 414, "access_token_expired")
	return false
}

func TestAnIssuedTokenReadsItsRecordForAnHour(t *testing.T) {
	s := startOwn(t)
	uuid := s.user(t, `{"displayName":"Ann","email":"ann@own.example"}`)
	login := s.client(t, access.LoginClient)
	a := s.ok(t, "access/getAccessToken", "type_name", "user", "key_attribute", "email", "key_value", `"ann@own.example"`, "for_client_id", login.ID)
	token := a.Text("accessToken")
	s.post(t, "OAuth "+token, "entity").Is(map[string]any{"result.uuid": uuid, "result.displayName": "Ann"})
	s.post(t, "", "entity", "access_token", token, "type_name", "user", "id", "1").Is(map[string]any{"result.uuid": uuid})
	if who, err := s.site.Authenticate(t.Context(), token); err != nil || who.Issuer.IsZero() || who.Restriction.Kind != access.ClientSchema {
		t.Errorf("%+v %v", who, err)
	}
	for _, op := range []string{"entity.find", "entity.count", "entity.create", "clients/list", "settings/items", "access/getAccessToken", "access/getVerificationCode"} {
		wantError(t, s.post(t, "OAuth "+token, op, "type_name", "user", "attributes", "{}"), 403, "client_permission_error")
	}
	// A token of another site is none.
	b := s.Do(t, facetest.Call{Method: "POST", Path: "/entity", Header: map[string]string{"Authorization": "OAuth " + token}})
	wantError(t, b, 414, "access_token_expired")
	s.Clock.Advance(time.Hour - time.Second)
	if !s.reads(t, token) {
		t.Error("over before its hour")
	}
	s.Clock.Advance(time.Second)
	if s.reads(t, token) {
		t.Error("works after its hour")
	}
	s.Mails(t) // does the jobs that wait
	if s.reads(t, token) {
		t.Error("works after it was swept")
	}
	if rows := sessions(t, s, uuid); rows != 0 {
		t.Errorf("%d sessions are left", rows)
	}
}

func TestTokensStopWithTheirRecordTheirClientAndDeleteAccess(t *testing.T) {
	s := startOwn(t)
	issuer := s.client(t, access.AccessIssuer)
	uuid := s.user(t, `{"email":"ann@own.example","password":"a long password"}`)
	get := func() string {
		t.Helper()
		return wantOK(t, s.by(t, issuer, "access/getAccessToken", "type_name", "user", "uuid", uuid)).Text("accessToken")
	}
	getCode := func() string {
		t.Helper()
		return s.ok(t, "access/getAuthorizationCode", "type_name", "user", "uuid", uuid, "redirect_uri", "http://x", "lifetime", "600").Text("authorizationCode")
	}
	wantUnknown := func(code string) {
		t.Helper()
		wantOAuth(t, s.call(t, "oauth/token", "grant_type", "authorization_code", "code", code, "redirect_uri", "http://x"), 400, "invalid_grant", 200, "invalid_argument")
	}
	token, code := get(), getCode()
	s.ok(t, "entity.update", "type_name", "user", "uuid", uuid, "attributes", `{"password":"another password"}`)
	if s.reads(t, token) {
		t.Error("works after a new password")
	}
	wantUnknown(code)
	token, code = get(), getCode()
	s.ok(t, "entity.deleteAccess", "type_name", "user", "uuid", uuid)
	if s.reads(t, token) {
		t.Error("works after entity.deleteAccess")
	}
	wantUnknown(code)
	token = get()
	s.ok(t, "entity.delete", "type_name", "user", "uuid", uuid)
	if s.reads(t, token) {
		t.Error("works after its record is gone")
	}
	uuid = s.user(t, `{}`)
	token = get()
	s.ok(t, "clients/delete", "client_id_for_deletion", issuer.ID)
	if s.reads(t, token) {
		t.Error("works after its client is gone")
	}
}

func TestWhoMayIssueForWhom(t *testing.T) {
	s := startOwn(t)
	uuid := s.user(t, `{}`)
	other := s.client(t, access.LoginClient)
	may := map[string][]access.Feature{
		"access/getAccessToken":       {access.Owner, access.AccessIssuer, access.DirectAccess},
		"access/getAuthorizationCode": {access.Owner, access.AccessIssuer, access.DirectAccess},
		"access/getCreationToken":     {access.Owner, access.AccessIssuer},
		"access/getVerificationCode":  {access.Owner, access.AccessIssuer, access.DirectAccess},
	}
	args := []string{"type_name", "user", "uuid", uuid, "redirect_uri", "http://x", "attribute_name", "emailVerified"}
	for op, allowed := range may {
		for _, f := range features {
			c := s.client(t, f)
			refused := !strings.Contains(fmt.Sprint(allowed), string(f)+"]") && !strings.Contains(fmt.Sprint(allowed), string(f)+" ")
			a := s.by(t, c, op, args...)
			if refused {
				wantError(t, a, 403, "client_permission_error")
				continue
			}
			wantOK(t, a)
			wantOK(t, s.by(t, c, op, append(args, "for_client_id", c.ID)...))
			if a = s.by(t, c, op, append(args, "for_client_id", other.ID)...); f == access.DirectAccess && op != "access/getVerificationCode" {
				wantError(t, a, 403, "client_permission_error")
			} else {
				wantOK(t, a)
			}
		}
		if op != "access/getVerificationCode" {
			wantError(t, s.call(t, op, append(args, "for_client_id", "nobody")...), 200, "invalid_argument", "argument_name", "for_client_id")
		}
	}
}

func TestIssuingRefusesWhatIsWrong(t *testing.T) {
	s := startOwn(t)
	uuid := s.user(t, `{"photos":[{"type":"x"}]}`)
	record := []string{"type_name", "user", "uuid", uuid}
	for _, c := range []struct {
		op    string
		args  []string
		code  int
		name  string
		extra []string
	}{
		{"getAccessToken", []string{"uuid", uuid}, 100, "missing_argument", []string{"argument_name", "type_name"}},
		{"getAccessToken", []string{"type_name", "user"}, 100, "missing_argument", []string{"argument_name", "uuid"}},
		{"getAccessToken", []string{"type_name", "user", "uuid", uuid, "id", "1"}, 201, "duplicate_argument", nil},
		{"getAccessToken", []string{"type_name", "user", "id", "99999999"}, 310, "record_not_found", nil},
		{"getAccessToken", []string{"type_name", "organization", "uuid", uuid}, 310, "record_not_found", nil},
		{"getAuthorizationCode", record, 100, "missing_argument", []string{"argument_name", "redirect_uri"}},
		{"getAuthorizationCode", append(record, "redirect_uri", "no uri"), 200, "invalid_argument", []string{"argument_name", "redirect_uri"}},
		{"getAuthorizationCode", append(record, "redirect_uri", "http://x", "lifetime", "0"), 200, "invalid_argument", []string{"argument_name", "lifetime"}},
		{"getAuthorizationCode", append(record, "redirect_uri", "http://x", "transaction_state", "{"), 200, "invalid_argument", []string{"argument_name", "transaction_state"}},
		{"getAuthorizationCode", append(record, "redirect_uri", "http://x", "transaction_state", `"`+strings.Repeat("s", 5000)+`"`), 200, "invalid_argument", []string{"argument_name", "transaction_state"}},
		{"getCreationToken", nil, 100, "missing_argument", []string{"argument_name", "type_name"}},
		{"getCreationToken", []string{"type_name", "robot"}, 222, "unknown_entity_type", []string{"type_name", "robot"}},
		{"getCreationToken", []string{"type_name", "user", "lifetime", "2592001"}, 200, "invalid_argument", []string{"argument_name", "lifetime"}},
		{"getVerificationCode", record, 100, "missing_argument", []string{"argument_name", "attribute_name"}},
		{"getVerificationCode", append(record, "attribute_name", "nothing"), 223, "unknown_attribute", []string{"attribute_name", "/nothing"}},
		{"getVerificationCode", append(record, "attribute_name", "email"), 200, "invalid_argument", []string{"argument_name", "attribute_name"}},
		{"getVerificationCode", append(record, "attribute_name", "created"), 234, "reserved_attribute", []string{"attribute_name", "/created"}},
		{"getVerificationCode", append(record, "attribute_name", "statuses#9/statusCreated"), 310, "record_not_found", nil},
		{"useVerificationCode", nil, 100, "missing_argument", []string{"argument_name", "verification_code"}},
		{"useVerificationCode", []string{"verification_code", "x"}, 200, "invalid_argument", []string{"argument_name", "verification_code"}},
	} {
		t.Run(c.op+" "+strings.Join(c.args[min(len(c.args), 4):], " "), func(t *testing.T) {
			wantError(t, s.call(t, "access/"+c.op, c.args...), c.code, c.name, c.extra...)
		})
	}
}

func TestACreationTokenMakesRecordsOfItsTypeUntilItIsOver(t *testing.T) {
	s := startOwn(t)
	login := s.client(t, access.LoginClient)
	token := s.ok(t, "access/getCreationToken", "type_name", "user", "lifetime", "60", "for_client_id", login.ID).Text("creation_token")
	for _, pairs := range [][]string{{"type_name", "user"}, {}, {"client_id", login.ID, "type_name", "user"}} {
		wantOK(t, s.post(t, "", "entity.create", append(pairs, "creation_token", token, "attributes", `{"givenName":"Ann"}`, "include_record", "true")...)).
			Is(map[string]any{"result.givenName": "Ann"})
	}
	wantError(t, s.post(t, "", "entity.create", "creation_token", token, "type_name", "organization", "attributes", `{}`), 403, "client_permission_error")
	for _, op := range []string{"entity", "entity.find", "entity.update", "entity.bulkCreate", "settings/items"} {
		wantError(t, s.post(t, "", op, "creation_token", token, "type_name", "user", "attributes", "{}"), 205, "invalid_auth_method")
	}
	wantError(t, s.post(t, "", "entity.create", "creation_token", "abcdefghijklmnop", "attributes", `{}`), 417, "creation_token_expired")
	s.Clock.Advance(time.Minute)
	wantError(t, s.post(t, "", "entity.create", "creation_token", token, "attributes", `{}`), 417, "creation_token_expired")
	s.Clock.Advance(time.Hour)
	s.Mails(t)
	token = s.ok(t, "access/getCreationToken", "type_name", "organization", "for_client_id", login.ID).Text("creation_token")
	wantOK(t, s.post(t, "", "entity.create", "creation_token", token, "attributes", `{"displayName":"Org"}`))
	s.ok(t, "clients/delete", "client_id_for_deletion", login.ID)
	wantError(t, s.post(t, "", "entity.create", "creation_token", token, "attributes", `{}`), 417, "creation_token_expired")
}

func TestAVerificationCodeSetsATimeOnce(t *testing.T) {
	s := startOwn(t)
	uuid := s.user(t, `{"statuses":[{"status":"active"}]}`)
	get := func(path, lifetime string) string {
		t.Helper()
		code := s.ok(t, "access/getVerificationCode", "type_name", "user", "uuid", uuid, "attribute_name", path, "lifetime", lifetime).Text("verification_code")
		if !key32.MatchString(code) {
			t.Errorf("code %q", code)
		}
		return code
	}
	code := get("/emailVerified", "3600")
	s.Clock.Advance(time.Minute)
	a := wantOK(t, s.post(t, "", "access/useVerificationCode", "verification_code", code))
	if want := `{"uuid":"` + uuid + `","stat":"ok"}`; string(a.Body) != want {
		t.Errorf("%s", a.Body)
	}
	s.ok(t, "entity", "type_name", "user", "uuid", uuid).Is(map[string]any{"result.emailVerified": "2026-01-31 12:01:00 +0000"})
	wantError(t, s.post(t, "", "access/useVerificationCode", "verification_code", code), 200, "invalid_argument", "argument_name", "verification_code")

	element, _ := s.ok(t, "entity", "type_name", "user", "uuid", uuid).At("result.statuses.0.id")
	code = get("statuses#"+element.(json.Number).String()+".statusCreated", "")
	wantOK(t, s.post(t, "", "access/useVerificationCode", "verification_code", code))
	s.ok(t, "entity", "type_name", "user", "uuid", uuid).Is(map[string]any{"result.statuses.0.statusCreated": "2026-01-31 12:01:00 +0000"})

	// Where the record has the very time already, the code is used up all the same.
	first, second := get("emailVerified", ""), get("emailVerified", "")
	wantOK(t, s.post(t, "", "access/useVerificationCode", "verification_code", first))
	wantOK(t, s.post(t, "", "access/useVerificationCode", "verification_code", second))
	for _, used := range []string{first, second} {
		wantError(t, s.post(t, "", "access/useVerificationCode", "verification_code", used), 200, "invalid_argument", "argument_name", "verification_code")
	}

	code = get("emailVerified", "")
	s.Clock.Advance(30 * time.Second)
	wantError(t, s.post(t, "", "access/useVerificationCode", "verification_code", code), 416, "verification_code_expired")

	code = get("emailVerified", "100")
	oks := together(10, func() bool {
		return s.post(t, "", "access/useVerificationCode", "verification_code", code).Text("stat") == "ok"
	})
	if oks != 1 {
		t.Errorf("of ten that use a code at once, %d did", oks)
	}
	code = get("emailVerified", "100")
	s.ok(t, "entity.delete", "type_name", "user", "uuid", uuid)
	wantError(t, s.post(t, "", "access/useVerificationCode", "verification_code", code), 200, "invalid_argument", "argument_name", "verification_code")
}

// sessions counts those of a record that are kept.
func sessions(t testing.TB, s own, uuid string) (n int) {
	t.Helper()
	s.stored(t, uuid, func(r store.Reader, rec *store.Record) error {
		rows, err := r.Sessions(rec.ID)
		n = len(rows)
		return err
	})
	return n
}

func parseID(t testing.TB, uuid string) profile.ID {
	t.Helper()
	id, err := profile.ParseID(uuid)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// together does a thing so many times at once and counts how often it worked.
func together(times int, do func() bool) (worked int) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	for range times {
		wg.Go(func() {
			if do() {
				mu.Lock()
				worked++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return worked
}

// wantOAuth fails the test unless the answer is this error of oauth/token.
func wantOAuth(t testing.TB, a facetest.Answer, status int, name string, code int, sub string) {
	t.Helper()
	if a.Status != status {
		t.Errorf("status %d, want %d: %s", a.Status, status, a.Body)
	}
	a.Is(map[string]any{"error": name, "code": code, "sub_error": sub, "stat": "error"})
	if a.Header.Get("Cache-Control") != "no-store" || (a.Header.Get("WWW-Authenticate") != "") != (status == http.StatusUnauthorized) {
		t.Errorf("headers %v", a.Header)
	}
}

// TestAnAuthorizationCodeIsExchangedOnce are the cases E-45 and E-46.
func TestAnAuthorizationCodeIsExchangedOnce(t *testing.T) {
	s := startOwn(t)
	uuid := s.user(t, `{"displayName":"Ann"}`)
	login, other := s.client(t, access.LoginClient), s.client(t, access.LoginClient)
	get := func(pairs ...string) string {
		t.Helper()
		return s.ok(t, "access/getAuthorizationCode", append(pairs, "type_name", "user", "uuid", uuid, "redirect_uri", "http://app.example/cb", "for_client_id", login.ID)...).Text("authorizationCode")
	}
	exchange := func(c directory.Client, code, redirect string) facetest.Answer {
		t.Helper()
		return s.by(t, c, "oauth/token", "grant_type", "authorization_code", "code", code, "redirect_uri", redirect)
	}
	const redirect = "http://app.example/cb"
	bad := exchange(login, "bad", redirect)
	wantOAuth(t, bad, 400, "invalid_grant", 200, "invalid_argument")
	bad.Is(map[string]any{"argument_name": "authorization_code", "error_description": "authorization_code is not valid"})

	code := get("transaction_state", `{"b": 1,"a":"x"}`)
	wantOAuth(t, exchange(other, code, redirect), 400, "invalid_grant", 200, "invalid_argument")
	mismatch := exchange(login, code, "http://evil.example")
	wantOAuth(t, mismatch, 400, "invalid_grant", 420, "redirect_uri_mismatch")
	mismatch.Is(map[string]any{"expected_value": redirect, "supplied_value": "http://evil.example"})
	good := exchange(login, code, redirect).Want(200)
	good.Is(map[string]any{"expires_in": 3600, "stat": "ok", "transaction_state": map[string]any{"b": 1, "a": "x"}})
	token := good.Text("access_token")
	s.post(t, "OAuth "+token, "entity").Is(map[string]any{"result.displayName": "Ann"})
	if plain := exchange(login, get(), redirect).Want(200); plain.Text("refresh_token") == "" || strings.Contains(string(plain.Body), "transaction_state") {
		t.Errorf("%s", plain.Body)
	}

	// A code used again ends what came of it (RFC 6749, section 4.1.2).
	wantOAuth(t, exchange(login, code, redirect), 400, "invalid_grant", 200, "invalid_argument")
	if s.reads(t, token) {
		t.Error("the token of a code that was used twice works")
	}
	wantOAuth(t, s.by(t, login, "oauth/token", "grant_type", "refresh_token", "refresh_token", good.Text("refresh_token")), 400, "invalid_grant", 413, "no_access_grant")

	code = get()
	s.Clock.Advance(30 * time.Second)
	wantOAuth(t, exchange(login, code, redirect), 400, "invalid_grant", 415, "authorization_code_expired")
	code = get("lifetime", "60")
	if n := together(8, func() bool { return exchange(login, code, redirect).Status == 200 }); n != 1 {
		t.Errorf("of eight that exchange a code at once, %d did", n)
	}
	code = get()
	s.ok(t, "entity.delete", "type_name", "user", "uuid", uuid)
	wantOAuth(t, exchange(login, code, redirect), 400, "invalid_grant", 200, "invalid_argument")
}

func TestErrorsOfTheTokenEndpointAreOAuths(t *testing.T) {
	s := startOwn(t)
	login := s.client(t, access.LoginClient)
	for _, c := range []struct {
		name   string
		answer facetest.Answer
		status int
		oauth  string
		code   int
		sub    string
		arg    string
	}{
		{"nobody", s.post(t, "", "oauth/token", "grant_type", "refresh_token"), 401, "invalid_client", 205, "invalid_auth_method", ""},
		{"a wrong secret", s.by(t, directory.Client{ID: login.ID, Secret: "x"}, "oauth/token"), 401, "invalid_client", 402, "invalid_client_credentials", ""},
		{"a dead token", s.post(t, "OAuth x", "oauth/token"), 401, "invalid_client", 414, "access_token_expired", ""},
		{"no grant_type", s.by(t, login, "oauth/token"), 400, "invalid_request", 100, "missing_argument", "grant_type"},
		{"another grant_type", s.by(t, login, "oauth/token", "grant_type", "X"), 400, "invalid_request", 200, "invalid_argument", "grant_type"},
		{"no code", s.by(t, login, "oauth/token", "grant_type", "authorization_code"), 400, "invalid_request", 100, "missing_argument", "code"},
		{"no redirect_uri", s.by(t, login, "oauth/token", "grant_type", "authorization_code", "code", "x"), 400, "invalid_request", 100, "missing_argument", "redirect_uri"},
		{"no refresh_token", s.by(t, login, "oauth/token", "grant_type", "refresh_token"), 400, "invalid_request", 100, "missing_argument", "refresh_token"},
		{"a refresh_token that is none", s.by(t, login, "oauth/token", "grant_type", "refresh_token", "refresh_token", "x"), 400, "invalid_grant", 200, "invalid_argument", "refresh_token"},
		{"twice", s.by(t, login, "oauth/token", "grant_type", "a", "grant_type", "b"), 400, "invalid_request", 201, "duplicate_argument", ""},
		{"a client without a feature", s.by(t, s.client(t), "oauth/token", "grant_type", "x"), 400, "unauthorized_client", 403, "client_permission_error", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			wantOAuth(t, c.answer, c.status, c.oauth, c.code, c.sub)
			if arg, _ := c.answer.At("argument_name"); c.arg != "" && arg != c.arg {
				t.Errorf("%s", c.answer.Body)
			}
		})
	}
	printed := s.by(t, login, "oauth/token", "grant_type", "X")
	printed.Is(map[string]any{"error_description": "invalid grant_type: X"})
	a := s.Do(t, facetest.Call{Method: "PUT", Path: "/oauth/token", Header: map[string]string{"Host": ownHost}})
	wantError(t, a, 404, "invalid_api_method")
}

func TestARefreshTokenRotatesForItsClientAlone(t *testing.T) {
	s := startOwn(t)
	uuid := s.user(t, `{"displayName":"Ann"}`)
	login, other := s.client(t, access.LoginClient), s.client(t, access.LoginClient)
	refresh := func(c directory.Client, token string) facetest.Answer {
		t.Helper()
		return s.by(t, c, "oauth/token", "grant_type", "refresh_token", "refresh_token", token)
	}
	begin := func() facetest.Answer {
		t.Helper()
		code := s.ok(t, "access/getAuthorizationCode", "type_name", "user", "uuid", uuid, "redirect_uri", "http://x", "for_client_id", login.ID).Text("authorizationCode")
		return s.by(t, login, "oauth/token", "grant_type", "authorization_code", "code", code, "redirect_uri", "http://x").Want(200)
	}
	first := begin().Text("refresh_token")
	wantOAuth(t, refresh(other, first), 400, "invalid_grant", 200, "invalid_argument")
	for i := range len(first) {
		if c := first[i : i+1]; i%7 == 0 {
			forged := first[:i] + strings.Map(func(r rune) rune { return r ^ 1 }, c) + first[i+1:]
			wantOAuth(t, refresh(login, forged), 400, "invalid_grant", 200, "invalid_argument")
		}
	}
	s.Clock.Advance(29 * 24 * time.Hour)
	second := refresh(login, first).Want(200)
	if again := refresh(login, first).Want(200); again.Text("refresh_token") == first || !s.reads(t, again.Text("access_token")) {
		t.Errorf("a lost answer is not repeated: %s", again.Body)
	}
	s.post(t, "OAuth "+second.Text("access_token"), "entity").Is(map[string]any{"result.displayName": "Ann"})
	who, err := s.site.Authenticate(t.Context(), second.Text("access_token"))
	if err != nil || who.Issuer.IsZero() || who.Restriction.Client != who.Issuer {
		t.Errorf("%+v %v", who, err)
	}
	s.Clock.Advance(time.Hour)
	s.Mails(t) // the tokens that are over are swept; the session is not
	third := refresh(login, second.Text("refresh_token")).Want(200)
	wantOAuth(t, refresh(login, first), 400, "invalid_grant", 200, "invalid_argument") // a stolen copy
	if s.reads(t, third.Text("access_token")) {
		t.Error("the session goes on after a stolen copy was used")
	}
	wantOAuth(t, refresh(login, third.Text("refresh_token")), 400, "invalid_grant", 413, "no_access_grant")

	last := begin().Text("refresh_token")
	s.Clock.Advance(30 * 24 * time.Hour)
	wantOAuth(t, refresh(login, last), 400, "invalid_grant", 413, "no_access_grant")
	s.Mails(t)
	if rows := sessions(t, s, uuid); rows != 0 {
		t.Errorf("%d sessions are left", rows)
	}
	last = begin().Text("refresh_token")
	s.ok(t, "entity.deleteAccess", "type_name", "user", "uuid", uuid)
	wantOAuth(t, refresh(login, last), 400, "invalid_grant", 413, "no_access_grant")
}

func TestAVerificationCodeWritesWhatItsClientMay(t *testing.T) {
	s := startOwn(t)
	uuid := s.user(t, `{"email":"ann@own.example"}`)
	c := s.client(t, access.DirectAccess)
	get := func(attribute string) facetest.Answer {
		t.Helper()
		return s.by(t, c, "access/getVerificationCode", "type_name", "user", "uuid", uuid, "attribute_name", attribute, "lifetime", "600")
	}
	old := wantOK(t, get("emailVerified")).Text("verification_code")
	s.ok(t, "entityType.setAccessSchema", "type_name", "user", "for_client_id", c.ID, "access_type", "write", "attributes", `["lastLogin"]`)
	wantError(t, get("emailVerified"), 223, "unknown_attribute", "attribute_name", "/emailVerified")
	code := wantOK(t, get("lastLogin")).Text("verification_code")
	wantOK(t, s.post(t, "", "access/useVerificationCode", "verification_code", code))
	s.ok(t, "clients/delete", "client_id_for_deletion", c.ID)
	wantError(t, s.post(t, "", "access/useVerificationCode", "verification_code", old), 200, "invalid_argument", "argument_name", "verification_code")
}
