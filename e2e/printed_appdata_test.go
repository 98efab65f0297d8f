package e2e_test

import (
	"net/http"
	"strings"
	"testing"

	"facet/internal/facetest"
)

// Sentinel, "Using user Profiles". It prints one body and no answer; the
// requests without one are sent as their sentences say.

// withAppKey identifies the application that people sign in by.
var withAppKey = map[string]string{"X-API-KEY": appKey}

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

// uuidOf finds a user by e-mail.
func uuidOf(t testing.TB, in *instance, email string) string {
	t.Helper()
	return in.client().ok(t, "entity", "type_name", "user", "key_attribute", "email", "key_value", quoted(email)).Text("result.uuid")
}

// bulkFor is the printed body with ids in the place of its placeholders: one
// document for xia in each app.
func bulkFor(t testing.TB, in *instance) string {
	t.Helper()
	body := strings.ReplaceAll(printedBulk, `"string"`, quoted(uuidOf(t, in, "xia@localhost.localdomain")))
	return strings.Replace(strings.Replace(body, `"app_id": 0`, `"app_id": 1`, 1), `"app_id": 0`, `"app_id": 2`, 1)
}

func makeBulk(t *testing.T, in *instance) {
	t.Helper()
	in.Post(t, in.Login(t, "donny"), "/operator/profile/create-bulk", bulkFor(t, in)).Want(http.StatusCreated)
}

var printedData = map[string]any{"additionalProp1": map[string]any{}}

func TestSentinelsCallsAnswerAsPrinted(t *testing.T) {
	sendAll(t, []printedRequest{
		{
			name: "Bulk create, the placeholders", user: "donny", method: "POST", path: "/operator/profile/create-bulk", body: printedBulk,
			status: http.StatusUnprocessableEntity,
			same: map[string]any{
				"errors.0.pointer": "/profiles/0/app_id", "errors.1.pointer": "/profiles/0/user_id", "errors.2.index": 1, "errors.3.pointer": "/profiles/1/user_id",
			},
		},
		{
			name: "Bulk create", user: "donny", method: "POST", path: "/operator/profile/create-bulk", status: http.StatusCreated,
			call: func(t *testing.T, in *instance) facetest.Call {
				return facetest.Call{Method: "POST", Path: "/operator/profile/create-bulk", Body: bulkFor(t, in)}
			},
			same: map[string]any{"created": 2, "profiles.0.app_id": 1, "profiles.1.app_id": 2},
			after: func(t *testing.T, in *instance, a facetest.Answer) {
				a.Is(map[string]any{"profiles.0.user_id": uuidOf(t, in, "xia@localhost.localdomain")})
				xia := in.Login(t, "xia")
				in.Get(t, xia, "/user/profiles/2").Want(http.StatusOK).Is(map[string]any{"profiles.0.profile_data": printedData})
				in.Post(t, xia, "/operator/profile/create-bulk", bulkFor(t, in)).Want(http.StatusForbidden)
			},
		},
		{
			name: "A user's profile, for an operator", before: makeBulk, user: "donny", status: http.StatusOK,
			call: func(t *testing.T, in *instance) facetest.Call {
				return facetest.Call{Method: "GET", Path: "/operator/users/profile/" + uuidOf(t, in, "xia@localhost.localdomain") + "/1"}
			},
			same: map[string]any{"app_id": 1, "profile_data": printedData, "version": 1},
		},
		{
			name: "One's own profiles", before: makeBulk, user: "xia", method: "GET", path: "/user/profiles/1", status: http.StatusOK,
			same: map[string]any{"profiles.0.app_id": 1, "profiles.0.profile_data": printedData},
		},
		{
			name: "Create one's own profile", user: "xia", method: "POST", path: "/user/profiles/create", status: http.StatusCreated,
			body: `{"app_id":1,"profile_data":{"additionalProp1":{}}}`,
			same: map[string]any{"app_id": 1, "profile_data": printedData},
			after: func(t *testing.T, in *instance, a facetest.Answer) {
				in.Get(t, in.Login(t, "xia"), "/user/profiles/1").Want(http.StatusOK).Is(map[string]any{"profiles.0.user_id": a.Text("user_id"), "profiles.0.profile_data": printedData})
				in.Get(t, in.Login(t, "alice"), "/user/profiles/1").Want(http.StatusOK).Is(map[string]any{"profiles": []any{}})
			},
		},
		{
			name: "Apps", method: "GET", path: "/app/all", status: http.StatusOK, // "the domains, appid and app and description"
			answer: `[{"appid":1,"app":"oneclub","domains":["oneclub.localhost.localdomain"],"description":"The members' club."}]`,
			same:   map[string]any{"0.appid": 1, "0.app": "oneclub", "1.appid": 2, "1.app": "neuraljam"},
		},
		{
			name: "Register", status: http.StatusCreated,
			call: func(*testing.T, *instance) facetest.Call {
				return facetest.Call{Method: "POST", Path: "/auth/register", Header: withAppKey, Body: map[string]any{
					"user_info": map[string]any{"username": "sam", "email": "sam@example.com", "first_name": "Sam", "last_name": "Stone"}, "password": "yoyo",
				}}
			},
			same: map[string]any{"user.username": "sam", "user.email": "sam@example.com", "user.first_name": "Sam", "user.last_name": "Stone", "user.operator": false},
			after: func(t *testing.T, in *instance, a facetest.Answer) {
				in.Get(t, a.Text("token"), "/api/users/sam").Want(http.StatusOK).Is(map[string]any{"full_name": "Sam Stone"})
			},
		},
		{
			name: "Log in", status: http.StatusOK,
			call: func(*testing.T, *instance) facetest.Call {
				return facetest.Call{Method: "POST", Path: "/auth/login", Header: withAppKey, Body: `{"username":"donny","password":"yoyo"}`}
			},
			same: map[string]any{"user.username": "donny", "user.operator": true, "token_type": "Bearer"},
			after: func(t *testing.T, in *instance, a facetest.Answer) {
				claimsOf(t, a, "token").Is(map[string]any{"Username": "donny", "Operator": true, "Email": "donny@localhost.localdomain", "UserID": a.Text("user.user_id")})
				in.Get(t, a.Text("token"), "/user/profiles/1").Want(http.StatusOK)
			},
		},
	})
}
