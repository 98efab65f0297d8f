package e2e_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"facet/internal/facetest"
)

// Amino, "User profiles". The account of the examples is number 42: casey, who
// has the default profile and another one.

const (
	ofCasey    = "/api/users/v1/users/42/user_profiles"
	printedDad = `{ "name": "Dad", "user_id": 42, "is_child_profile": false, "age_limit": 16, "is_default": false }`
)

// printedProfiles is an answer, which the document prints for listing and for
// creating.
const printedProfiles = `{ "data": [ { "type": "UserProfile", "id": "84eb61a9-75d4-42c7-8c15-84c3d7776227",
	"attributes": { "name": "Dad", "user_id": 42, "is_child_profile": false, "age_limit": 16, "is_default": false },
	"links": { "self": "https://demo.aminocom.com/api/users/v1/5b56765e-fa7b-45d2-8dee-2869ec736cc9/user_profiles/84eb61a9-75d4-42c7-8c15-84c3d7776227" } } ] }`

func TestAminosCallsAnswerAsPrinted(t *testing.T) {
	sendAll(t, []printedRequest{
		{
			name: "List of profiles", user: "casey", method: "GET", path: ofCasey, status: http.StatusOK, answer: printedProfiles,
			same: map[string]any{
				"data.0.type": "UserProfile", "data.0.attributes.user_id": 42, "data.0.attributes.name": "Casey", "data.0.attributes.is_default": true,
				"data.1.attributes.user_id": 42, "data.1.attributes.is_default": false, "meta.count": 2,
			},
			after: selfLinkLeadsTo("Casey"),
		},
		{
			name: "Create a profile", user: "casey", method: "POST", path: ofCasey, body: printedDad, status: http.StatusCreated, answer: printedProfiles,
			same: map[string]any{
				"data.0.type": "UserProfile", "data.0.attributes": map[string]any{"name": "Dad", "user_id": 42, "is_child_profile": false, "age_limit": 16, "is_default": false},
			},
			after: func(t *testing.T, in *instance, a facetest.Answer) {
				selfLinkLeadsTo("Dad")(t, in, a)
				casey := in.Login(t, "casey")
				in.Post(t, casey, ofCasey, printedDad).Want(http.StatusConflict) // "they should have different profile names"
				in.Get(t, casey, ofCasey).Want(http.StatusOK).Is(map[string]any{"meta.count": 3, "data.2.id": a.Text("data.0.id")})
			},
		},
		{
			name: "Create a child profile", user: "casey", method: "POST", path: ofCasey, status: http.StatusCreated, answer: printedProfiles,
			body: strings.Replace(printedDad, `"is_child_profile": false`, `"is_child_profile": true`, 1),
			same: map[string]any{"data.0.attributes.is_child_profile": true, "data.0.attributes.age_limit": 16},
		},
		{
			name: "Update a profile", user: "casey", status: http.StatusOK,
			call: onProfile(http.MethodPatch, "Robin"),
			body: `{ "name": "Dad", "is_child_profile": false, "age_limit": 16, "is_default": true }`,
			same: map[string]any{"data.0.attributes": map[string]any{"name": "Dad", "user_id": 42, "is_child_profile": false, "age_limit": 16, "is_default": true}},
			after: func(t *testing.T, in *instance, a facetest.Answer) { // the one that was the default is it no more
				in.Get(t, in.Login(t, "casey"), ofCasey).Want(http.StatusOK).Is(map[string]any{
					"data.0.attributes.name": "Dad", "data.0.attributes.is_default": true, "data.1.attributes.name": "Casey", "data.1.attributes.is_default": false,
				})
			},
		},
		{
			name: "Update the name only", user: "casey", status: http.StatusOK, // "Not all fields are required"
			call: onProfile(http.MethodPatch, "Robin"), body: `{"name": "Dad"}`,
			same: map[string]any{"data.0.attributes": map[string]any{"name": "Dad", "user_id": 42, "is_child_profile": false, "age_limit": 16, "is_default": false}},
		},
		{
			name: "Remove a profile", user: "casey", status: http.StatusNoContent, call: onProfile(http.MethodDelete, "Robin"),
			after: func(t *testing.T, in *instance, _ facetest.Answer) {
				in.Get(t, in.Login(t, "casey"), ofCasey).Want(http.StatusOK).Is(map[string]any{"meta.count": 1, "data.0.attributes.is_default": true})
			},
		},
		{
			// the path of signing in is printed nowhere; that the tokens "can be
			// decoded" and that "profile" is the default one is
			name: "Sign in", method: "POST", path: "/api/users/v1/login", body: `{"username":"casey","password":"yoyo"}`, status: http.StatusOK,
			after: func(t *testing.T, in *instance, a facetest.Answer) {
				def := in.Get(t, a.Text("accessToken"), ofCasey).Want(http.StatusOK)
				for _, name := range []string{"accessToken", "refreshToken"} {
					claimsOf(t, a, name).Is(map[string]any{"profile.id": def.Text("data.0.id"), "profile.name": "Casey", "profile.is_default": true})
				}
			},
		},
	})
}

func TestEveryNewAccountHasOneDefaultProfileInTheNameOfItsOwner(t *testing.T) {
	t.Parallel()
	in := demo(t)
	c := in.client()
	in.Post(t, "", "/api/auth/register", register("joe1", "joe+1@example.com", "Joe Card1", "personal")).Want(http.StatusCreated)
	alice := in.Post(t, "", "/api/profiles/register", printedRegistration).Want(http.StatusCreated)
	in.Do(t, facetest.Call{Method: "POST", Path: "/auth/register", Header: withAppKey, Body: `{"user_info":{"username":"sam","email":"sam@example.com"},"password":"yoyo"}`}).Want(http.StatusCreated)
	c.ok(t, "entity.create", "attributes", attributes("email", "made@example.com", "givenName", "Matt", "familyName", "Parker"))
	with := func(email string) []string { return []string{"key_attribute", "email", "key_value", quoted(email)} }
	for name, key := range map[string][]string{
		"Joe": with("joe+1@example.com"), "Default": with("sam@example.com"), "Matt": with("made@example.com"), "Alice": {"id", number(t, alice, "data.tnId")},
	} {
		user := c.ok(t, "entity", append([]string{"type_name", "user"}, key...)...)
		for _, account := range []string{number(t, user, "result.id"), user.Text("result.uuid")} {
			in.Get(t, in.Login(t, "donny"), "/api/users/v1/users/"+account+"/user_profiles").Want(http.StatusOK).Is(map[string]any{
				"meta.count": 1, "data.0.attributes.name": name, "data.0.attributes.is_default": true, "data.0.attributes.is_child_profile": false,
			})
		}
	}
}

// onProfile is a call on one of casey's profiles.
func onProfile(method, name string) func(*testing.T, *instance) facetest.Call {
	return func(t *testing.T, in *instance) facetest.Call {
		t.Helper()
		return facetest.Call{Method: method, Path: ofCasey + "/" + profileNamed(t, in, in.Login(t, "casey"), "42", name)}
	}
}

// profileNamed finds the id of a profile of an account.
func profileNamed(t testing.TB, in *instance, token, account, name string) string {
	t.Helper()
	var list struct {
		Data []struct {
			ID         string
			Attributes struct{ Name string }
		}
	}
	a := in.Get(t, token, "/api/users/v1/users/"+account+"/user_profiles").Want(http.StatusOK)
	if err := json.Unmarshal(a.Body, &list); err != nil {
		t.Fatal(err)
	}
	for _, p := range list.Data {
		if p.Attributes.Name == name {
			return p.ID
		}
	}
	t.Fatalf("no profile %q: %s", name, a.Body)
	return ""
}

// selfLinkLeadsTo follows the link of the first profile, and the one of the
// printed form, which lacks "users" and has a uuid for the account.
func selfLinkLeadsTo(name string) func(*testing.T, *instance, facetest.Answer) {
	return func(t *testing.T, in *instance, a facetest.Answer) {
		t.Helper()
		link, err := url.Parse(a.Text("data.0.links.self"))
		if err != nil || link.Scheme+"://"+link.Host != in.URL {
			t.Fatalf("%v: the link is %s", err, link)
		}
		casey := in.Login(t, "casey")
		account := in.client().ok(t, "entity", "type_name", "user", "id", "42").Text("result.uuid")
		for _, path := range []string{link.Path, "/api/users/v1/" + account + "/user_profiles/" + a.Text("data.0.id")} {
			in.Get(t, casey, path).Want(http.StatusOK).Is(map[string]any{"data.id": a.Text("data.0.id"), "data.attributes.name": name})
		}
	}
}

// claimsOf decodes a JWT without checking it, as clients do.
func claimsOf(t *testing.T, a facetest.Answer, path string) facetest.Answer {
	t.Helper()
	part := strings.Split(a.Text(path), ".")
	if len(part) != 3 {
		t.Fatalf("%s is no JWT: %s", path, a.Text(path))
	}
	payload, err := base64.RawURLEncoding.DecodeString(part[1])
	if err != nil {
		t.Fatal(err)
	}
	return facetest.AnswerOf(t, path, http.StatusOK, payload)
}
