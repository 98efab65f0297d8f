package household_test

import (
	"net/http"
	"strings"
	"testing"

	"facet/internal/facetest"
)

// caseys is the account itself.
const caseys = "/api/users/v1/users/42"

func TestAdultChannelsAreBlockedUntilSomebodyWithTheProofLiftsThat(t *testing.T) {
	h := serve(t)
	kim := h.make(`{"name":"Kim","is_child_profile":true}`)
	child := h.enter(h.token, kim).Want(http.StatusCreated).Text("data.0.attributes.access_token")
	path := caseys + "/channel_lock"
	first := h.Get(t, h.token, path).Want(http.StatusOK)
	first.Is(map[string]any{"data.type": "ChannelLock", "data.id": "42", "data.links.self": facetest.BaseURL + path,
		"data.attributes": map[string]any{"account_channel_lock_status": true, "session_channel_lock_status": true, "has_pin": false, "pin_attempts_left": 5, "pin_locked_seconds": 0}})
	wantError(t, h.Put(t, h.token, path, `{"account_channel_lock_status":false}`), 403, "proof_required", "/account_channel_lock_status")
	h.Put(t, h.token, caseys+"/pin_code", `{"pin_code":"4711","password":"yoyo"}`).Want(http.StatusNoContent)
	wantError(t, h.Put(t, h.token, path, `{"account_channel_lock_status":false,"pin":"0000"}`), 403, "wrong_pin", "/pin")
	h.Put(t, h.token, path, `{"account_channel_lock_status":false,"pin":"4711"}`).Want(http.StatusOK).
		Is(map[string]any{"data.0.attributes.account_channel_lock_status": false, "data.0.attributes.session_channel_lock_status": false})
	// a child profile's stay blocked: the PIN cannot lift that
	h.Get(t, child, path).Want(http.StatusOK).Is(map[string]any{"data.attributes.account_channel_lock_status": false, "data.attributes.session_channel_lock_status": true})
	h.Post(t, child, caseys+"/pin_code/verify", `{"pin_code":"4711"}`).Want(http.StatusNoContent)
	h.Get(t, child, path).Is(map[string]any{"data.attributes.session_channel_lock_status": true})
	// on all devices, and over sessions
	h.Get(t, signIn(t, h.Service, "casey").Text("token"), path).Is(map[string]any{"data.attributes.account_channel_lock_status": false})
	h.send("PUT", path, jsonAPI, `{"data":{"type":"ChannelLock","id":"42","attributes":{"account_channel_lock_status":true}}}`).Want(http.StatusOK).
		Is(map[string]any{"data.attributes.account_channel_lock_status": true})
	h.Put(t, h.token, path, `{"account_channel_lock_status":true}`).Want(http.StatusOK)
	for _, c := range []struct {
		body         string
		status       int
		code, source string
	}{
		{`{}`, 422, "required", ""}, {`{"account_channel_lock_status":null}`, 422, "required", "/account_channel_lock_status"},
		{`{"account_channel_lock_status":"false"}`, 422, "wrong_type", "/account_channel_lock_status"},
		{`{"account_channel_lock_status":true,"x":1}`, 422, "unknown_attribute", "/x"}, {``, 422, "required", ""},
		{`{"data":{"type":"ChannelLock","attributes":{}}}`, 422, "required", "/data/attributes"}, {`{"data":{"type":"PinCode"}}`, 409, "type_mismatch", "/data/type"},
	} {
		wantError(t, h.Put(t, h.token, path, c.body), c.status, c.code, c.source)
	}
	xia := signIn(t, h.Service, "xia").Text("token")
	for _, c := range []facetest.Call{{Method: "GET", Path: path}, {Method: "PUT", Path: path, Body: `{"account_channel_lock_status":true}`},
		{Method: "PUT", Path: caseys + "/pin_code", Body: `{"pin_code":"1234"}`}, {Method: "POST", Path: caseys + "/pin_code/verify", Body: `{"pin_code":"4711"}`}} {
		wantError(t, h.Do(t, c), 401, "no_auth", "")
		c.Token = xia
		wantError(t, h.Do(t, c), 404, "not_found", "")
	}
}

func TestANewPINTakesTheOldOneOrThePassword(t *testing.T) {
	h := serve(t)
	path := caseys + "/pin_code"
	put := func(body string) facetest.Answer {
		t.Helper()
		return h.Put(t, h.token, path, body)
	}
	works := func(pin string) {
		t.Helper()
		h.Post(t, h.token, path+"/verify", `{"pin_code":"`+pin+`"}`).Want(http.StatusNoContent)
	}
	wantError(t, h.Post(t, h.token, path+"/verify", `{"pin_code":"4711"}`), 409, "pin_not_set", "/pin_code")
	wantError(t, put(`{"pin_code":"4711"}`), 403, "proof_required", "/pin_code")
	wantError(t, put(`{"pin_code":"4711","password":"wrong"}`), 403, "password", "/password")
	wantError(t, put(`{"pin_code":"4711","current_pin_code":"1234"}`), 409, "pin_not_set", "/current_pin_code")
	put(`{"pin_code":"0000","password":"yoyo"}`).Want(http.StatusNoContent) // the demo's clients know 0000: as good as any
	works("0000")
	wantError(t, put(`{"pin_code":"4711","current_pin_code":"1111"}`), 403, "wrong_pin", "/current_pin_code")
	wantError(t, put(`{"pin_code":"4711"}`), 403, "proof_required", "/pin_code")
	put(`{"pin_code":"4711","current_pin_code":"0000"}`).Want(http.StatusNoContent)
	works("4711")
	h.Do(t, facetest.Call{Method: "PUT", Path: path, Token: h.token, Body: `{"pin_code":"4712"}`, Header: map[string]string{"X-Account-Pin": "4711"}}).Want(http.StatusNoContent)
	works("4712")
	h.send("PUT", path, jsonAPI, `{"data":{"type":"PinCode","attributes":{"pin_code":"4713","current_pin_code":"4712"}}}`).Want(http.StatusNoContent)
	works("4713")
	for _, c := range []struct{ body, code, source string }{
		{`{}`, "required", "/pin_code"}, {`{"pin_code":4711,"pin":"4713"}`, "wrong_type", "/pin_code"}, {`{"pin_code":"47111","pin":"4713"}`, "length", "/pin_code"},
		{`{"pin_code":"471","pin":"4713"}`, "constraint", "/pin_code"}, {`{"pin_code":"47 1","pin":"4713"}`, "constraint", "/pin_code"}, {`{"pin_code":"","pin":"4713"}`, "blank", "/pin_code"},
		{`{"pin_code":"4711","pin":"4713","current_pin_code":"4713"}`, "duplicate", "/pin"}, {`{"pin_code":"4711","new":"4713"}`, "unknown_attribute", "/new"},
	} {
		wantError(t, put(c.body), 422, c.code, c.source)
	}
	put(`{"pin_code":null,"pin":"4713"}`).Want(http.StatusNoContent)
	h.Get(t, h.token, caseys+"/channel_lock").Is(map[string]any{"data.attributes.has_pin": false})
	// the PIN that every client knows proves the first choice, and nothing else
	wantError(t, h.Put(t, h.token, caseys+"/channel_lock", `{"account_channel_lock_status":false,"pin":"0000"}`), 409, "pin_not_set", "/pin")
	put(`{"pin_code":"4711","current_pin_code":"0000"}`).Want(http.StatusNoContent)
	works("4711")
}

func TestAnAccountTellsItsDefaultProfile(t *testing.T) {
	h := serve(t)
	casey := h.Get(t, h.token, profiles).Text("data.0.id")
	for _, path := range []string{caseys, "/api/users/v1/users/" + casey, "/api/users/v1/users/" + claimsOf(t, h.token)["sub"].(string)} {
		h.Get(t, h.token, path).Want(http.StatusOK).WantJSON(200, `{"data":{"type":"User","id":"42","attributes":{"name":"Casey Jones"},"links":{"self":"`+facetest.BaseURL+caseys+`"},
			"relationships":{"default_user_profile":{"data":{"type":"UserProfile","id":"`+casey+`"}}}}}`)
	}
	robin := h.Get(t, h.token, profiles).Text("data.1.id")
	h.Patch(t, h.token, profiles+"/"+robin, `{"is_default":true}`).Want(http.StatusOK)
	h.Get(t, h.token, caseys).Is(map[string]any{"data.relationships.default_user_profile.data.id": robin})
	wantError(t, h.Get(t, signIn(t, h.Service, "xia").Text("token"), caseys), 404, "not_found", "")
}

func TestAProfileKeepsWhatItsPeopleSeeAndHearBy(t *testing.T) {
	h := serve(t)
	one := profiles + "/" + h.make(`{"name":"Dad","avatar_id":"fox","language":"pt-br","subtitle_language":"en","autoplay":false}`)
	h.Get(t, h.token, one).Is(map[string]any{"data.attributes": map[string]any{"name": "Dad", "user_id": 42, "is_child_profile": false, "age_limit": nil, "is_default": false,
		"avatar_id": "fox", "language": "pt-BR", "subtitle_language": "en", "autoplay": false}})
	h.Patch(t, h.token, one, `{"avatar_id":null,"subtitle_language":"","autoplay":null}`).Want(http.StatusOK)
	wantKeys(t, h.Get(t, h.token, one), "data.attributes", "name", "user_id", "is_child_profile", "age_limit", "is_default", "language")
	for _, c := range []struct{ body, code, member string }{
		{`"avatar_id":"nobody"`, "choice", "avatar_id"}, {`"avatar_id":7`, "wrong_type", "avatar_id"}, {`"language":"english"`, "constraint", "language"},
		{`"language":"en-` + strings.Repeat("x-", 30) + `x"`, "constraint", "language"}, {`"subtitle_language":"_"`, "constraint", "subtitle_language"},
		{`"autoplay":"yes"`, "wrong_type", "autoplay"}, {`"has_pin":true`, "unknown_attribute", "has_pin"},
	} {
		wantError(t, h.Patch(t, h.token, one, `{`+c.body+`}`), 422, c.code, "/"+c.member)
	}
}
