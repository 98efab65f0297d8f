package household_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"facet/internal/facetest"
)

// enter swaps the caller's token for one of a profile of casey's.
func (h home) enter(token, id string) facetest.Answer {
	h.t.Helper()
	return h.Post(h.t, token, profiles+"/"+id+"/authentication_tokens", nil)
}

func TestATokenIsSwappedForAProfiles(t *testing.T) {
	h := serve(t)
	dad := h.make(`{"name":"Dad","age_limit":16}`)
	a := h.enter(h.token, dad).Want(http.StatusCreated)
	wantKeys(t, a, "", "data")
	wantKeys(t, a, "data.0", "type", "id", "attributes")
	wantKeys(t, a, "data.0.attributes", "login_timestamp", "user_id", "user_profile_id", "access_token", "expires_at_timestamp", "refresh_token")
	a.Is(map[string]any{"data.0.type": "AuthenticationTokens", "data.0.attributes.user_id": 42, "data.0.attributes.user_profile_id": dad,
		"data.0.attributes.login_timestamp": "2026-01-31T12:00:00Z", "data.0.attributes.expires_at_timestamp": "2026-01-31T13:00:00Z"})
	token := a.Text("data.0.attributes.access_token")
	for _, jwt := range []string{token, a.Text("data.0.attributes.refresh_token")} {
		claims := claimsOf(t, jwt)
		p, _ := claims["profile"].(map[string]any)
		if p["id"] != dad || p["name"] != "Dad" || p["age_limit"] != 16.0 || claims["user_profile_id"] != dad || claims["profile_id"] != dad {
			t.Errorf("claims %v", claims)
		}
	}
	h.Get(t, token, profiles).Want(http.StatusOK)
	h.Get(t, token, "/api/users/casey").Want(http.StatusOK) // an adult's works in the other faces
	h.Get(t, h.token, profiles).Want(http.StatusOK)         // and the account's goes on
	h.Post(t, token, profiles, `{"name":"Mum"}`).Want(http.StatusCreated)

	for _, path := range []string{"/authentication_tokens", "/token"} {
		h.Post(t, h.token, profiles+"/"+dad+path, `{}`).Want(http.StatusCreated).Is(map[string]any{"data.0.attributes.user_profile_id": dad})
		h.Get(t, h.token, profiles+"/"+dad+path).Want(http.StatusOK).Is(map[string]any{"data.0.attributes.user_profile_id": dad})
		h.Get(t, h.token, "/api/users/v1/"+dad+"/user_profiles/"+dad+path).Want(http.StatusOK) // as printed links begin
		strict := h.Do(t, facetest.Call{Method: "POST", Path: profiles + "/" + dad + path, Token: h.token, Header: map[string]string{"Accept": jsonAPI}}).Want(http.StatusCreated)
		strict.Is(map[string]any{"data.type": "AuthenticationTokens"})
		h.send("POST", profiles+"/"+dad+path, jsonAPI, `{"data":{"type":"AuthenticationTokens"}}`).Want(http.StatusCreated).Is(map[string]any{"data.attributes.user_profile_id": dad})
	}
	for _, c := range []struct {
		body         string
		status       int
		code, source string
	}{
		{`{"pin":7}`, 422, "wrong_type", "/pin"}, {`{"pni":"1"}`, 422, "unknown_attribute", "/pni"}, {`{"pin":""}`, 422, "blank", "/pin"},
		{`{"pin":"1234","meta":{"pin":"1234"}}`, 422, "duplicate", "/meta/pin"}, {`{"meta":7}`, 400, "syntax", "/meta"},
		{`{"data":{"type":"UserProfile"}}`, 409, "type_mismatch", "/data/type"}, {`{"id":"x"}`, 403, "id_in_new_record", "/id"}, {`[]`, 400, "syntax", ""},
	} {
		wantError(t, h.Post(t, h.token, profiles+"/"+dad+"/token", c.body), c.status, c.code, c.source)
	}
	xia := signIn(t, h.Service, "xia").Text("token")
	wantError(t, h.enter(xia, dad), 404, "not_found", "")
	wantError(t, h.enter(h.Login(t, "donny"), dad), 404, "not_found", "") // an operator is nobody's family
	wantError(t, h.enter("", dad), 401, "no_auth", "")
	wantError(t, h.enter(h.token, "84eb61a9-75d4-42c7-8c15-84c3d7776227"), 404, "not_found", "")
}

func TestRefreshingKeepsTheProfile(t *testing.T) {
	h := serve(t)
	kim := h.make(`{"name":"Kim","is_child_profile":true}`)
	in := h.enter(h.token, kim).Want(http.StatusCreated)
	refresh, token := in.Text("data.0.attributes.refresh_token"), ""
	for range 3 {
		next := h.Post(t, "", refreshPath, map[string]string{"refresh_token": refresh}).Want(http.StatusOK)
		refresh, token = next.Text("refreshToken"), next.Text("token")
		if claimsOf(t, token)["profile_id"] != kim {
			t.Fatalf("claims %v", claimsOf(t, token))
		}
		wantError(t, h.Post(t, token, profiles, `{"name":"x"}`), 403, "child_profile_forbidden", "")
	}
	// DjaoApp's exchange is no way out, and no way in
	other := h.Post(t, token, "/api/auth/tokens", map[string]string{"token": token})
	if other.Status >= 300 || claimsOf(t, other.Text("token"))["profile_id"] != kim {
		t.Fatalf("%d %s", other.Status, other.Body)
	}
	wantError(t, h.Patch(t, other.Text("token"), profiles+"/"+kim, `{"name":"x"}`), 403, "child_profile_forbidden", "")
	if a := h.Post(t, token, "/api/auth/tokens", map[string]string{"token": h.token}); a.Status < 300 && claimsOf(t, a.Text("token"))["profile_id"] != claimsOf(t, h.token)["profile_id"] {
		t.Errorf("%d %s", a.Status, a.Body)
	}
}

func TestTheTokensOfADeletedProfileStopAtOnce(t *testing.T) {
	h := serve(t)
	mum, kim := h.make(`{"name":"Mum"}`), h.make(`{"name":"Kim","is_child_profile":true}`)
	adult, child := h.enter(h.token, mum).Want(http.StatusCreated), h.enter(h.token, kim).Want(http.StatusCreated)
	adults, childs := adult.Text("data.0.attributes.access_token"), child.Text("data.0.attributes.access_token")
	h.Delete(t, adults, profiles+"/"+mum).Want(http.StatusNoContent) // the one in use
	h.Delete(t, h.token, profiles+"/"+kim).Want(http.StatusNoContent)
	wantError(t, h.Get(t, adults, profiles), 401, "profile_gone", "")
	wantError(t, h.Get(t, childs, profiles), 401, "bad_token", "")
	for _, token := range []string{adults, childs} {
		for _, path := range []string{"/api/users/casey", "/api/me", "/api/auth/tokens"} {
			if a := h.Get(t, token, path); a.Status != 401 && a.Status != 403 && a.Status != 404 {
				t.Errorf("%s: %d %s", path, a.Status, a.Body)
			}
		}
	}
	casey := h.Get(t, h.token, profiles).Text("data.0.id")
	renewed := h.Post(t, "", refreshPath, map[string]string{"refresh_token": adult.Text("data.0.attributes.refresh_token")}).Want(http.StatusOK)
	if got := claimsOf(t, renewed.Text("token"))["profile_id"]; got != casey {
		t.Errorf("it acts as %v", got)
	}
	h.Get(t, renewed.Text("token"), profiles).Want(http.StatusOK)
	h.Get(t, adults, profiles).Want(http.StatusOK) // of the same session
	wantError(t, h.Post(t, "", refreshPath, map[string]string{"refresh_token": child.Text("data.0.attributes.refresh_token")}), 401, "bad_token", "")
}

func TestAProfileThatBecomesAChildsIsRestrictedAtOnce(t *testing.T) {
	h := serve(t)
	kim := h.make(`{"name":"Kim"}`)
	in := h.enter(h.token, kim).Want(http.StatusCreated)
	token := in.Text("data.0.attributes.access_token")
	h.Post(t, token, profiles, `{"name":"Mum"}`).Want(http.StatusCreated)
	h.Patch(t, token, profiles+"/"+kim, `{"is_child_profile":true}`).Want(http.StatusOK)
	wantError(t, h.Post(t, token, profiles, `{"name":"Dad"}`), 403, "child_profile_forbidden", "")
	wantError(t, h.Patch(t, token, profiles+"/"+kim, `{"is_child_profile":false,"password":"yoyo"}`), 403, "child_profile_forbidden", "")
	// nor does its end lead to the default profile
	h.Delete(t, h.token, profiles+"/"+kim).Want(http.StatusNoContent)
	wantError(t, h.Get(t, token, profiles), 401, "bad_token", "")
	wantError(t, h.Post(t, "", refreshPath, map[string]string{"refresh_token": in.Text("data.0.attributes.refresh_token")}), 401, "bad_token", "")
}

func TestAChildProfilesSessionMayOnlyLook(t *testing.T) {
	h := serve(t)
	kim := h.make(`{"name":"Kim","is_child_profile":true}`)
	token := h.enter(h.token, kim).Want(http.StatusCreated).Text("data.0.attributes.access_token")
	h.Get(t, token, profiles).Want(http.StatusOK).Is(map[string]any{"meta.count": 3})
	h.Get(t, token, profiles+"/"+kim).Want(http.StatusOK)
	for _, c := range []struct{ method, path, body string }{
		{"POST", profiles, `{"name":"x"}`}, {"PATCH", profiles + "/" + kim, `{"is_child_profile":false}`},
		{"PATCH", profiles + "/" + kim, `{"is_child_profile":false,"password":"yoyo"}`}, {"DELETE", profiles + "/" + kim, ""},
		{"PUT", caseys + "/channel_lock", `{"account_channel_lock_status":false,"password":"yoyo"}`},
		{"PUT", caseys + "/pin_code", `{"pin_code":"1234","password":"yoyo"}`},
	} {
		wantError(t, h.Do(t, facetest.Call{Method: c.method, Path: c.path, Token: token, Body: c.body}), 403, "child_profile_forbidden", "")
	}
}

func TestFromAChildProfileTheWayOutTakesAProof(t *testing.T) {
	h := serve(t)
	kim, bo, jo := h.make(`{"name":"Kim","is_child_profile":true,"age_limit":7}`), h.make(`{"name":"Bo","is_child_profile":true,"age_limit":6}`), h.make(`{"name":"Jo","is_child_profile":true,"age_limit":12}`)
	casey := h.Get(t, h.token, profiles).Text("data.0.id")
	child := h.enter(h.token, kim).Want(http.StatusCreated).Text("data.0.attributes.access_token")
	h.enter(child, kim).Want(http.StatusCreated)
	if small := h.enter(child, bo).Want(http.StatusCreated).Text("data.0.attributes.access_token"); claimsOf(t, small)["Operator"] != false {
		t.Error("a child is an operator")
	} else {
		wantError(t, h.enter(small, kim), 403, "proof_required", "")
	}
	for _, id := range []string{casey, jo} {
		path := profiles + "/" + id + "/authentication_tokens"
		wantError(t, h.enter(child, id), 403, "proof_required", "")
		wantError(t, h.Post(t, child, path, `{"password":"wrong"}`), 403, "password", "/password")
		wantError(t, h.Post(t, child, path, `{"pin":"1234"}`), 409, "pin_not_set", "/pin")
		token := h.Post(t, child, path, `{"password":"yoyo"}`).Want(http.StatusCreated).Text("data.0.attributes.access_token")
		h.Get(t, token, profiles).Want(http.StatusOK)
	}
	h.Put(t, h.token, caseys+"/pin_code", `{"pin_code":"4711","password":"yoyo"}`).Want(http.StatusNoContent)
	path := profiles + "/" + casey + "/token"
	wantError(t, h.Get(t, child, path), 403, "proof_required", "")
	for _, call := range []facetest.Call{
		{Method: "POST", Body: `{"pin":"4711"}`}, {Method: "POST", Body: `{"meta":{"pin":"4711"}}`},
		{Method: "POST", Body: `{"data":{"type":"AuthenticationTokens","attributes":{"pin":"4711"}}}`},
		{Method: "POST", Body: `{"data":{"type":"AuthenticationTokens"},"meta":{"pin":"4711"}}`},
		{Method: "POST", Header: map[string]string{"X-Account-Pin": "4711"}}, {Method: "GET", Header: map[string]string{"X-Account-Pin": "4711"}},
	} {
		call.Path, call.Token = path, child
		if a := h.Do(t, call); a.Status != 200 && a.Status != 201 {
			t.Errorf("%v: %d %s", call, a.Status, a.Body)
		}
	}
	wrong := h.Do(t, facetest.Call{Method: "GET", Path: path, Token: child, Header: map[string]string{"X-Account-Pin": "0815"}})
	wantError(t, wrong, 403, "wrong_pin", "X-Account-Pin")
	wrong.Is(map[string]any{"errors.0.meta.attempts_left": 4})
}

func TestAProfilesOwnPINLocksIt(t *testing.T) {
	h := serve(t)
	h.Put(t, h.token, caseys+"/pin_code", `{"pin_code":"4711","password":"yoyo"}`).Want(http.StatusNoContent)
	mum := h.make(`{"name":"Mum","profile_pin":"1111"}`)
	one := profiles + "/" + mum
	a := h.Get(t, h.token, one).Want(http.StatusOK).Is(map[string]any{"data.attributes.has_pin": true})
	wantKeys(t, a, "data.attributes", "name", "user_id", "is_child_profile", "age_limit", "is_default", "has_pin")
	wantError(t, h.enter(h.token, mum), 403, "proof_required", "")
	token := h.Post(t, h.token, one+"/token", `{"pin":"1111"}`).Want(http.StatusCreated).Text("data.0.attributes.access_token")
	h.enter(token, mum).Want(http.StatusCreated) // it is in already
	h.Post(t, h.token, one+"/token", `{"pin":"4711"}`).Want(http.StatusCreated)
	h.Post(t, h.token, one+"/token", `{"password":"yoyo"}`).Want(http.StatusCreated)

	for _, body := range []string{`"profile_pin":"2222"`, `"profile_pin":null`} {
		wantError(t, h.Patch(t, h.token, one, `{`+body+`}`), 403, "proof_required", "/profile_pin")
		wantError(t, h.Patch(t, h.token, one, `{`+body+`,"pin":"9999"}`), 403, "wrong_pin", "/pin")
	}
	h.Patch(t, h.token, one, `{"profile_pin":"2222","pin":"1111"}`).Want(http.StatusOK).Is(map[string]any{"data.0.attributes.has_pin": true})
	wantError(t, h.Post(t, h.token, one+"/token", `{"pin":"1111"}`), 403, "wrong_pin", "/pin")
	h.Post(t, h.token, one+"/token", `{"pin":"2222"}`).Want(http.StatusCreated)
	for _, pin := range []string{`""`, `"123"`, `"12345"`, `"12a4"`, `"１２３４"`, `" 123"`} {
		wantError(t, h.Patch(t, h.token, one, `{"profile_pin":`+pin+`,"pin":"4711"}`), 422, "constraint", "/profile_pin")
	}
	wantError(t, h.Patch(t, h.token, one, `{"profile_pin":1234,"pin":"4711"}`), 422, "wrong_type", "/profile_pin")
	h.Patch(t, h.token, one, `{"profile_pin":null,"pin":"4711"}`).Want(http.StatusOK)
	h.enter(h.token, mum).Want(http.StatusCreated)
	wantKeys(t, h.Get(t, h.token, one), "data.attributes", "name", "user_id", "is_child_profile", "age_limit", "is_default")
	h.Patch(t, h.token, one, `{"profile_pin":null}`).Want(http.StatusOK) // there is none
	// the own PIN is no adult's proof
	kim := profiles + "/" + h.make(`{"name":"Kim","is_child_profile":true,"profile_pin":"3333"}`)
	wantError(t, h.Patch(t, h.token, kim, `{"is_child_profile":false,"pin":"3333"}`), 403, "proof_required", "/is_child_profile")
	h.Patch(t, h.token, kim, `{"is_child_profile":false,"meta":{"pin":"4711"}}`).Want(http.StatusOK)
	if strings.Contains(h.Log.String(), "4711") {
		t.Error("a PIN is in the log")
	}
}

func TestFiveWrongPINsLockTheAccountsPINsForAWhile(t *testing.T) {
	h := serve(t)
	h.Put(t, h.token, caseys+"/pin_code", `{"pin_code":"4711","password":"yoyo"}`).Want(http.StatusNoContent)
	mum := profiles + "/" + h.make(`{"name":"Mum","profile_pin":"1111"}`) + "/token"
	verify := caseys + "/pin_code/verify"
	for left := 4; left >= 0; left-- {
		if left == 2 { // a right one of one's own takes back no wrong one
			h.Post(t, h.token, mum, `{"pin":"1111"}`).Want(http.StatusCreated)
		}
		a := h.Post(t, h.token, verify, `{"pin_code":"0000"}`)
		wantError(t, a, 403, "wrong_pin", "/pin_code")
		a.Is(map[string]any{"errors.0.meta.attempts_left": left})
	}
	for _, c := range []struct{ path, body, source string }{{verify, `{"pin_code":"4711"}`, "/pin_code"}, {mum, `{"pin":"1111"}`, "/pin"}} {
		a := h.Post(t, h.token, c.path, c.body)
		wantError(t, a, 429, "attempts", c.source)
		if a.Header.Get("Retry-After") != "900" {
			t.Errorf("Retry-After is %q", a.Header.Get("Retry-After"))
		}
	}
	h.Get(t, h.token, caseys+"/channel_lock").Is(map[string]any{"data.attributes.pin_attempts_left": 0, "data.attributes.pin_locked_seconds": 900})
	h.Post(t, h.token, mum, `{"password":"yoyo"}`).Want(http.StatusCreated) // the password still does
	h.Clock.Advance(15 * 60e9)
	h.Post(t, h.token, verify, `{"pin_code":"4711"}`).Want(http.StatusNoContent)
	h.Get(t, h.token, caseys+"/channel_lock").Is(map[string]any{"data.attributes.pin_attempts_left": 5, "data.attributes.pin_locked_seconds": 0})
}

func TestTriesAtPINsAtTheSameMomentDoNotGetPastTheCount(t *testing.T) {
	h := serve(t)
	h.Put(t, h.token, caseys+"/pin_code", `{"pin_code":"4711","password":"yoyo"}`).Want(http.StatusNoContent)
	count := map[int]int{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range 24 {
		wg.Go(func() {
			a := h.Do(t, facetest.Call{Method: "POST", Path: caseys + "/pin_code/verify", Token: h.token, Body: `{"pin_code":"0000"}`})
			mu.Lock()
			defer mu.Unlock()
			count[a.Status]++
		})
	}
	wg.Wait()
	if count[403] > 5 || count[403]+count[429]+count[503] != 24 {
		t.Errorf("statuses %v", count)
	}
}

func TestHEADBeginsNoSession(t *testing.T) {
	h := serve(t)
	h.Watch = nil
	at := profiles + "/" + h.make(`{"name":"Robin2"}`) + "/authentication_tokens"
	h.Do(t, facetest.Call{Method: "HEAD", Path: at, Token: h.token}).Want(405)
	h.Get(t, h.token, at).Want(200)
}
