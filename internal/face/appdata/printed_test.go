package appdata_test

import (
	"slices"
	"strings"
	"testing"

	"facet/internal/facetest"
)

// The calls that "Using user Profiles" and "Importing users" print. The ids of
// the printed bulk body are placeholders: real ones take their place.

const printedBulk = `{
"profiles": [
{
"app_id": 0,
"profile_data": {
"additionalProp1": {}
},
"user_id": "string"
},
{
"app_id": 0,
"profile_data": {
"additionalProp1": {}
},
"user_id": "string"
}
]
}`

func TestPrintedCallCreatesProfilesInBulk(t *testing.T) {
	s := serve(t)
	donny, _ := signIn(t, s, "donny")
	xia, xiaID := signIn(t, s, "xia")
	alice, aliceID := signIn(t, s, "alice")
	wantProblem(t, "as printed", s.Post(t, donny, "/operator/profile/create-bulk", printedBulk), 422, "wrong_type",
		"/profiles/0/app_id wrong_type", "/profiles/0/user_id invalid_id", "/profiles/1/app_id wrong_type", "/profiles/1/user_id invalid_id")

	body := printedBulk
	for _, id := range []string{xiaID, aliceID} {
		body = strings.Replace(strings.Replace(body, `"app_id": 0`, `"app_id": 1`, 1), `"string"`, `"`+id+`"`, 1)
	}
	s.Post(t, donny, "/operator/profile/create-bulk", body).WantJSON(201,
		`{"created":2,"profiles":[{"user_id":"`+xiaID+`","app_id":1,"version":1},{"user_id":"`+aliceID+`","app_id":1,"version":1}]}`)
	for token, id := range map[string]string{xia: xiaID, alice: aliceID} {
		want := `{"user_id":"` + id + `","app_id":1,"profile_data":{"additionalProp1":{}},"version":1,
			"created_at":"2026-01-31T12:00:00.000000Z","updated_at":"2026-01-31T12:00:00.000000Z"}`
		s.Get(t, token, "/user/profiles/1").WantJSON(200, `{"profiles":[`+want+`]}`)
		one := s.Get(t, donny, "/operator/users/profile/"+id+"/1")
		one.WantJSON(200, want)
		if tag := one.Header.Get("ETag"); tag != `"1"` {
			t.Errorf("ETag %s", tag)
		}
	}
	s.Get(t, donny, "/operator/users/profile/"+strings.ToUpper(xiaID)+"/1").Want(200)
}

func TestPrintedCallCreatesOnesOwnProfile(t *testing.T) {
	s := serve(t)
	xia, id := signIn(t, s, "xia")
	s.Get(t, xia, "/user/profiles/2").WantJSON(200, `{"profiles":[]}`)
	made := s.Post(t, xia, "/user/profiles/create", `{"app_id":2,"profile_data":{"theme":"dark","level":3}}`)
	want := `{"user_id":"` + id + `","app_id":2,"profile_data":{"theme":"dark","level":3},"version":1,
		"created_at":"2026-01-31T12:00:00.000000Z","updated_at":"2026-01-31T12:00:00.000000Z"}`
	made.WantJSON(201, want)
	if made.Header.Get("Location") != "/user/profiles/2" || made.Header.Get("ETag") != `"1"` {
		t.Errorf("headers %v", made.Header)
	}
	s.Get(t, xia, made.Header.Get("Location")).WantJSON(200, `{"profiles":[`+want+`]}`)
	s.Post(t, xia, "/user/profiles/create", `{"app_id":1,"profile_data":{},"user_id":"`+strings.ToUpper(id)+`"}`).Want(201)
}

func TestPrintedCallListsTheApps(t *testing.T) {
	s := serve(t)
	a := s.Get(t, "", "/app/all")
	a.WantJSON(200, `[
		{"appid":1,"app":"oneclub","domains":["oneclub.localhost.localdomain"],"description":"The members' club."},
		{"appid":2,"app":"neuraljam","domains":["neuraljam.localhost.localdomain"],"description":"Music made together."}]`)
	if strings.Contains(string(a.Body), "key") {
		t.Errorf("a secret: %s", a.Body)
	}
}

func TestPrintedCallsRegisterAndSignIn(t *testing.T) {
	s := serve(t)
	made := keyed(t, s, "/auth/register",
		`{"user_info":{"username":"johneDoe","email":"johndo@example.com","first_name":"Johne Peter","last_name":"van Doe"},"password":"yoyo","password_hash":"","hash_algorithm":""}`).Want(201)
	in := keyed(t, s, "/auth/login", `{"username":"johneDoe","password":"yoyo"}`).Want(200)
	for _, a := range []facetest.Answer{made, in} {
		if got := a.Keys(""); !slices.Equal(got, []string{"token", "access_token", "refresh_token", "expires_in", "token_type", "user"}) {
			t.Errorf("members %v", got)
		}
		a.Is(map[string]any{
			"access_token": a.Text("token"), "expires_in": 3600, "token_type": "Bearer", "user.username": "johneDoe", "user.email": "johndo@example.com",
			"user.first_name": "Johne Peter", "user.last_name": "van Doe", "user.operator": false, "user.user_id": made.Text("user.user_id"),
		})
		s.Get(t, a.Text("access_token"), "/user/profiles/1").WantJSON(200, `{"profiles":[]}`)
	}
	keyed(t, s, "/auth/login", `{"username":"donny","password":"yoyo"}`).Want(200).Is(map[string]any{"user.operator": true})
	for _, body := range []string{`{"username":"JOHNEDOE","password":"yoyo"}`, `{"username":"Johndo@example.com","password":"yoyo"}`,
		`{"email":"johndo@example.com","username":null,"password":"yoyo"}`} {
		keyed(t, s, "/auth/login", body).Want(200)
	}
}
