package household_test

import (
	"net/http"
	"strings"
	"testing"

	"facet/internal/facetest"
)

// The calls of the "User profiles" page as it prints them, with casey's number
// where it prints {user_id}.

const printedProfile = `{ "name": "Dad", "user_id": 42, "is_child_profile": false, "age_limit": 16, "is_default": false }`

var printedAttributes = map[string]any{"name": "Dad", "user_id": 42, "is_child_profile": false, "age_limit": 16, "is_default": false}

func TestPrintedCallMakesAProfile(t *testing.T) {
	h := serve(t)
	made := h.Post(t, h.token, profiles, printedProfile).Want(http.StatusCreated)
	wantKeys(t, made, "", "data")
	wantKeys(t, made, "data.0", "type", "id", "attributes", "links", "relationships", "meta")
	wantKeys(t, made, "data.0.attributes", "name", "user_id", "is_child_profile", "age_limit", "is_default")
	wantKeys(t, made, "data.0.links", "self")
	self := facetest.BaseURL + profiles + "/" + made.Text("data.0.id")
	made.Is(map[string]any{
		"data.0.type": "UserProfile", "data.0.attributes": printedAttributes, "data.0.links.self": self,
		"data.0.relationships": map[string]any{"user": map[string]any{"data": map[string]any{"type": "User", "id": "42"}}},
	})
	if made.Header.Get("Location") != self || made.Header.Get("ETag") != `"1"` || made.Header.Get("Content-Type") != "application/json" {
		t.Errorf("headers %v", made.Header)
	}
	read := h.Get(t, h.token, strings.TrimPrefix(self, facetest.BaseURL)).Want(http.StatusOK)
	read.Is(map[string]any{"data.attributes": printedAttributes, "data.links.self": self})
}

func TestPrintedCallListsTheProfiles(t *testing.T) {
	h := serve(t)
	h.make(printedProfile)
	list := h.Get(t, h.token, profiles).Want(http.StatusOK)
	wantKeys(t, list, "", "data", "meta")
	list.Is(map[string]any{
		"meta":              map[string]any{"limit": 10, "count": 3},
		"data.0.attributes": map[string]any{"name": "Casey", "user_id": 42, "is_child_profile": false, "age_limit": nil, "is_default": true},
		"data.1.attributes": map[string]any{"name": "Robin", "user_id": 42, "is_child_profile": false, "age_limit": 16, "is_default": false},
		"data.2.attributes": printedAttributes, "data.2.type": "UserProfile",
	})
}

func TestPrintedCallChangesAProfileAndMakesItTheDefault(t *testing.T) {
	h := serve(t)
	id := h.make(`{"name":"Daddy"}`)
	changed := h.Patch(t, h.token, profiles+"/"+id, `{ "name": "Dad", "is_child_profile": false, "age_limit": 16, "is_default": true }`).Want(http.StatusOK)
	changed.Is(map[string]any{
		"data.0.id":         id,
		"data.0.attributes": map[string]any{"name": "Dad", "user_id": 42, "is_child_profile": false, "age_limit": 16, "is_default": true},
	})
	if got := h.names(); got != "Dad*, Casey, Robin" {
		t.Errorf("the household is %s", got)
	}
	// "if user wants to update name of the profile, the request body requires field name"
	h.Patch(t, h.token, profiles+"/"+id, `{"name":"Papa"}`).Want(http.StatusOK).Is(map[string]any{
		"data.0.attributes": map[string]any{"name": "Papa", "user_id": 42, "is_child_profile": false, "age_limit": 16, "is_default": true},
	})
}

func TestPrintedCallMakesAChildProfile(t *testing.T) {
	h := serve(t)
	h.Post(t, h.token, profiles, `{"name":"Kim","is_child_profile":true}`).Want(http.StatusCreated).
		Is(map[string]any{"data.0.attributes.is_child_profile": true, "data.0.attributes.age_limit": 12})
}

func TestPrintedCallDeletesAProfile(t *testing.T) {
	h := serve(t)
	path := profiles + "/" + h.make(printedProfile)
	if gone := h.Delete(t, h.token, path).Want(http.StatusNoContent); len(gone.Body) > 0 {
		t.Errorf("a body: %s", gone.Body)
	}
	wantError(t, h.Delete(t, h.token, path), 404, "not_found", "")
	wantError(t, h.Get(t, h.token, path), 404, "not_found", "")
	if got := h.names(); got != "Casey*, Robin" {
		t.Errorf("the household is %s", got)
	}
}

// The page prints links without "users/", and with a uuid in the user's place.
func TestPrintedLinksLeadToTheProfile(t *testing.T) {
	h := serve(t)
	id := h.make(printedProfile)
	account := claimsOf(t, h.token)["sub"].(string)
	for _, user := range []string{account, strings.ToUpper(account), id} {
		path := "/api/users/v1/" + user + "/user_profiles"
		h.Get(t, h.token, path+"/"+id).Want(http.StatusOK).Is(map[string]any{"data.attributes": printedAttributes})
		h.Get(t, h.token, path).Want(http.StatusOK).Is(map[string]any{"meta.count": 3})
		h.Get(t, h.token, "/api/users/v1/users/"+user+"/user_profiles/").Want(http.StatusOK).Is(map[string]any{"meta.count": 3})
	}
	h.Patch(t, h.token, "/api/users/v1/"+account+"/user_profiles/"+id, `{"name":"Papa"}`).Want(http.StatusOK)
	h.Post(t, h.token, "/api/users/v1/"+account+"/user_profiles", `{"name":"Mum"}`).Want(http.StatusCreated)
	h.Delete(t, h.token, "/api/users/v1/"+account+"/user_profiles/"+id).Want(http.StatusNoContent)
	wantError(t, h.Get(t, h.token, "/api/users/v1/42/user_profiles"), 404, "no_route", "")
}

func TestPrintedTokensDecodeToTheDefaultProfile(t *testing.T) {
	h := serve(t)
	in := signIn(t, h.Service, "casey")
	wantKeys(t, in, "", "userStat", "accessToken", "refreshToken", "token", "access_token", "refresh_token", "expires_in")
	ends := facetest.Start.Unix()
	in.Is(map[string]any{
		"userStat.accessToken": []any{in.Text("token"), ends + 3600}, "userStat.refreshToken": []any{in.Text("refreshToken"), ends + 30*24*3600},
		"accessToken": in.Text("token"), "access_token": in.Text("token"), "refresh_token": in.Text("refreshToken"), "expires_in": 3600,
	})
	first := h.Get(t, h.token, profiles).Text("data.0.id")
	for kind, token := range map[string]string{"access": in.Text("accessToken"), "refresh": in.Text("refreshToken")} {
		claims := claimsOf(t, token)
		p, _ := claims["profile"].(map[string]any)
		if claims["type"] != kind || p["id"] != first || p["name"] != "Casey" || p["is_default"] != true || p["is_child_profile"] != false {
			t.Errorf("%s: %v", kind, claims)
		}
		if claims["user_profile_id"] != first || claims["profile_id"] != first {
			t.Errorf("%s names the profile %v and %v", kind, claims["user_profile_id"], claims["profile_id"])
		}
	}
	// another default is in the next tokens
	id := h.make(`{"name":"Dad","is_default":true}`)
	if p := claimsOf(t, signIn(t, h.Service, "casey").Text("accessToken"))["profile"].(map[string]any); p["id"] != id || p["name"] != "Dad" {
		t.Errorf("the profile is %v", p)
	}
}

func TestTheDefaultProfileIsThereFromTheAccountsCreation(t *testing.T) {
	h := serve(t)
	for fullName, want := range map[string]string{"Joe Card1": "Joe", "Cher": "Cher"} {
		user := strings.ToLower(strings.Fields(fullName)[0]) + "1"
		token := h.Post(t, "", "/api/auth/register", map[string]string{
			"username": user, "password": "yoyo", "email": user + "@example.com", "full_name": fullName, "type": "personal",
		}).Want(http.StatusCreated).Text("token")
		account := claimsOf(t, token)["sub"].(string)
		h.Get(t, token, "/api/users/v1/"+account+"/user_profiles").Want(http.StatusOK).Is(map[string]any{
			"meta.count": 1, "data.0.attributes.name": want, "data.0.attributes.is_default": true,
		})
	}
}
