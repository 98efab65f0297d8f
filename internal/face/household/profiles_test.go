package household_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"facet/internal/access"
	"facet/internal/facetest"
	"facet/internal/profile"
	"facet/internal/store"
)

func TestTheDefaultProfileStays(t *testing.T) {
	h := serve(t)
	list := h.Get(t, h.token, profiles)
	casey, robin := profiles+"/"+list.Text("data.0.id"), profiles+"/"+list.Text("data.1.id")
	wantError(t, h.Delete(t, h.token, casey), 409, "default_profile_protected", "")
	wantError(t, h.Patch(t, h.token, casey, `{"is_default":false}`), 409, "default_required", "/is_default")
	wantError(t, h.Patch(t, h.token, casey, `{"is_child_profile":true}`), 409, "default_cannot_be_child", "/is_child_profile")
	h.Patch(t, h.token, robin, `{"is_default":false}`).Want(http.StatusOK)
	h.Patch(t, h.token, casey, `{"is_default":true}`).Want(http.StatusOK)
	if got := h.names(); got != "Casey*, Robin" {
		t.Errorf("the household is %s", got)
	}
	h.Post(t, h.token, profiles, `{"name":"Mum","is_default":true}`).Want(http.StatusCreated)
	h.Delete(t, h.token, casey).Want(http.StatusNoContent)
	if got := h.names(); got != "Mum*, Robin" {
		t.Errorf("the household is %s", got)
	}
}

func TestAnAccountHasTenProfilesAtMost(t *testing.T) {
	h := serve(t)
	for n := range 8 {
		h.make(fmt.Sprintf(`{"name":"Kid %d"}`, n))
	}
	full := h.Post(t, h.token, profiles, `{"name":"One too many"}`)
	wantError(t, full, 409, "profile_limit_reached", "")
	full.Is(map[string]any{"errors.0.meta.limit": 10})
	h.Get(t, h.token, profiles).Is(map[string]any{"meta": map[string]any{"limit": 10, "count": 10}})
}

func TestNamesKeepTheirSpelling(t *testing.T) {
	h := serve(t)
	id := h.make(`{"name":"  Zoë  Ann "}`)
	h.Get(t, h.token, profiles+"/"+id).Is(map[string]any{"data.attributes.name": "Zoë  Ann"})
	wantError(t, h.Post(t, h.token, profiles, `{"name":"ZOË ann"}`), 409, "profile_name_taken", "/name")
	h.Patch(t, h.token, profiles+"/"+id, `{"name":"ZOË ANN"}`).Want(http.StatusOK)
}

func TestAnEmptyPatchChangesNothing(t *testing.T) {
	h := serve(t)
	path := profiles + "/" + h.make(printedProfile)
	for _, c := range []facetest.Call{{Body: `{}`}, {Body: ``}, {}, {Body: `{"name":"Dad","age_limit":16}`}} {
		c.Method, c.Path, c.Token = "PATCH", path, h.token
		a := h.Do(t, c).Want(http.StatusOK)
		a.Is(map[string]any{"data.0.attributes": printedAttributes})
		if got := a.Header.Get("ETag"); got != `"1"` {
			t.Errorf("the version is %s", got)
		}
	}
	h.Patch(t, h.token, path, `{"age_limit":null}`).Want(http.StatusOK).Is(map[string]any{"data.0.attributes.age_limit": nil, "data.0.attributes.name": "Dad"})
}

func TestIfMatchHoldsAWriteToTheVersionThatWasRead(t *testing.T) {
	h := serve(t)
	path := profiles + "/" + h.make(printedProfile)
	try := func(method, tag string) facetest.Answer {
		t.Helper()
		c := facetest.Call{Method: method, Path: path, Token: h.token, Header: map[string]string{"If-Match": tag}}
		if method == "PATCH" {
			c.Body = map[string]string{"name": "Dad " + strings.Trim(tag, `"*`)}
		}
		return h.Do(t, c)
	}
	if got := try("PATCH", `"1"`).Want(http.StatusOK).Header.Get("ETag"); got != `"2"` {
		t.Errorf("the new version is %s", got)
	}
	for _, tag := range []string{`"1"`, `W/"2"`, `2`, `"02"`, `"+2"`, `"x"`, ``, `"3", "4"`, `"2`} {
		stale := try("PATCH", tag)
		wantError(t, stale, 412, "version_mismatch", "If-Match")
		stale.Is(map[string]any{"errors.0.meta.version": 2})
		wantError(t, try("DELETE", tag), 412, "version_mismatch", "If-Match")
	}
	h.Get(t, h.token, path).Is(map[string]any{"data.attributes.name": "Dad 1"})
	try("PATCH", "*").Want(http.StatusOK)
	try("PATCH", `"9", "3"`).Want(http.StatusOK)
	if got := h.Get(t, h.token, path).Header.Get("ETag"); got != `"4"` {
		t.Errorf("the version is %s", got)
	}
	try("DELETE", `"4"`).Want(http.StatusNoContent)
	wantError(t, try("DELETE", `"4"`), 404, "not_found", "")
	wantError(t, try("PATCH", "*"), 404, "not_found", "")
}

func TestAChildProfileBecomesMoreOnlyWithThePassword(t *testing.T) {
	h := serve(t)
	path := profiles + "/" + h.make(`{"name":"Kim","is_child_profile":true,"age_limit":7}`)
	for _, body := range []string{`"is_child_profile":false`, `"age_limit":8`, `"age_limit":null`} {
		wantError(t, h.Patch(t, h.token, path, `{`+body+`}`), 403, "proof_required", "/is_child_profile")
		wantError(t, h.Patch(t, h.token, path, `{`+body+`,"password":"wrong"}`), 403, "password", "/password")
	}
	h.Patch(t, h.token, path, `{"age_limit":6,"name":"Kimmy"}`).Want(http.StatusOK)
	wantError(t, h.Patch(t, h.token, path, `{"is_default":true}`), 409, "default_cannot_be_child", "/is_default")
	h.Patch(t, h.token, path, `{"age_limit":12,"password":"yoyo"}`).Want(http.StatusOK).Is(map[string]any{"data.0.attributes.age_limit": 12})
	h.Patch(t, h.token, path, `{"data":{"attributes":{"is_child_profile":false,"is_default":true,"password":"yoyo"}}}`).Want(http.StatusOK).
		Is(map[string]any{"data.attributes.is_child_profile": false, "data.attributes.is_default": true})
}

func TestWrongProofsLockTheAccountForAWhile(t *testing.T) {
	h := serve(t)
	path := profiles + "/" + h.make(`{"name":"Kim","is_child_profile":true}`)
	for range 10 {
		wantError(t, h.Patch(t, h.token, path, `{"is_child_profile":false,"password":"wrong"}`), 403, "password", "/password")
	}
	locked := h.Patch(t, h.token, path, `{"is_child_profile":false,"password":"yoyo"}`)
	wantError(t, locked, 429, "attempts", "")
	if got := locked.Header.Get("Retry-After"); got != "900" {
		t.Errorf("Retry-After is %q", got)
	}
	wantError(t, h.Post(t, "", "/api/users/v1/login", `{"username":"casey","password":"yoyo"}`), 429, "attempts", "")
}

func TestAnAccountIsItsOwnersAndTheOperators(t *testing.T) {
	h := serve(t)
	xia, donny := signIn(t, h.Service, "xia").Text("token"), h.Login(t, "donny")
	own := h.Get(t, h.token, profiles).Text("data.1.id")
	other := "/api/users/v1/users/" + claimsOf(t, xia)["sub"].(string) + "/user_profiles"
	for _, c := range []struct{ method, path, body string }{
		{"GET", profiles, ""}, {"POST", profiles, `{"name":"x"}`}, {"GET", profiles + "/" + own, ""},
		{"PATCH", profiles + "/" + own, `{"name":"x"}`}, {"DELETE", profiles + "/" + own, ""},
	} {
		call := facetest.Call{Method: c.method, Path: c.path}
		if c.body != "" {
			call.Body = c.body
		}
		nobody := h.Do(t, call)
		wantError(t, nobody, 401, "no_auth", "")
		if got := nobody.Header.Get("WWW-Authenticate"); got != "Bearer" {
			t.Errorf("WWW-Authenticate is %q", got)
		}
		call.Token = "x.y.z"
		wantError(t, h.Do(t, call), 401, "bad_token", "")
		call.Token = xia
		wantError(t, h.Do(t, call), 404, "not_found", "")
		call.Path = strings.Replace(c.path, profiles, other, 1) // a profile of another account under one's own
		if a := h.Do(t, call); strings.Contains(c.path, own) {
			wantError(t, a, 404, "not_found", "")
		} else if a.Status >= 300 {
			t.Errorf("one's own household: %d %s", a.Status, a.Body)
		}
	}
	for _, user := range []string{"41", "042", "+42", "-42", "casey", "4294967338", "84eb61a9-75d4-42c7-8c15-84c3d7776227"} {
		wantError(t, h.Get(t, donny, "/api/users/v1/users/"+user+"/user_profiles"), 404, "not_found", "")
	}
	for _, id := range []string{"x", "84eb61a9-75d4-42c7-8c15-84c3d7776227", claimsOf(t, h.token)["sub"].(string)} {
		wantError(t, h.Get(t, h.token, profiles+"/"+id), 404, "not_found", "")
	}
	h.Get(t, donny, profiles).Want(http.StatusOK)
	kim := h.Post(t, donny, profiles, `{"name":"Kim","is_child_profile":true}`).Want(http.StatusCreated).Text("data.0.id")
	h.Patch(t, donny, profiles+"/"+kim, `{"is_child_profile":false}`).Want(http.StatusOK) // knows no password of others
	h.Delete(t, donny, profiles+"/"+kim).Want(http.StatusNoContent)
	h.Clock.Advance(61 * 60e9)
	wantError(t, h.Get(t, h.token, profiles), 401, "expired_token", "")
}

func TestOneOfManyCreationsWithANameIsMade(t *testing.T) {
	h := serve(t)
	var wg sync.WaitGroup
	statuses := make([]int, 100)
	for i := range statuses {
		wg.Go(func() {
			name := []string{"Dad", "DAD", " dad", "dad "}[i%4]
			statuses[i] = h.Do(t, facetest.Call{Method: "POST", Path: profiles, Token: h.token, Body: map[string]string{"name": name}}).Status
		})
	}
	wg.Wait()
	count := map[int]int{}
	for _, s := range statuses {
		count[s]++
	}
	if count[201] != 1 || count[409] != 99 {
		t.Errorf("statuses %v", count)
	}
}

func TestUsersOfTheEntityAPIHaveAHouseholdToo(t *testing.T) {
	h := serve(t)
	clients, err := h.Site.Clients(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	owner := access.Principal{Subject: profile.ID{1}, Client: true, Features: clients[0].Features}
	e, err := h.Site.CreateEntity(t.Context(), owner, "user", []byte(`{"givenName":" Ann  Lee "}`))
	if err != nil {
		t.Fatal(err)
	}
	path := "/api/users/v1/users/" + e.ID.String() + "/user_profiles"
	donny := h.Login(t, "donny")
	h.Get(t, donny, path).Want(http.StatusOK).Is(map[string]any{"meta.count": 1, "data.0.attributes.name": "Ann Lee", "data.0.attributes.is_default": true})
	h.Get(t, donny, path).Want(http.StatusOK).Is(map[string]any{"meta.count": 1, "meta.limit": 10})
	wantError(t, h.Get(t, h.token, path), 404, "not_found", "")
}

func TestWrongMethodsAreAnsweredAsErrorsOfTheFace(t *testing.T) {
	h := serve(t)
	a := h.Put(t, h.token, profiles, `{}`)
	wantError(t, a, 405, "method", "")
	if got := a.Header.Get("Allow"); got != "GET, HEAD, POST, OPTIONS" {
		t.Errorf("Allow is %q", got)
	}
	wantError(t, h.Get(t, h.token, "/api/users/v1/nothing"), 404, "no_route", "")
	wantError(t, h.Do(t, facetest.Call{Method: "GET", Path: profiles, Header: map[string]string{"Host": "cl-o.nobody.example"}}), 404, "not_found", "")
}

func TestOneProfileIsTheDefaultAfterManyMovesAtTheSameMoment(t *testing.T) {
	h := serve(t)
	for n := range 8 {
		h.make(fmt.Sprintf(`{"name":"Kid %d"}`, n))
	}
	list := h.Get(t, h.token, profiles)
	var wg sync.WaitGroup
	for n := range 64 {
		wg.Go(func() {
			path := profiles + "/" + list.Text(fmt.Sprintf("data.%d.id", n%10))
			if a := h.Do(t, facetest.Call{Method: "PATCH", Path: path, Token: h.token, Body: `{"is_default":true}`}); a.Status != 200 {
				t.Errorf("%d %s", a.Status, a.Body)
			}
			if got := h.names(); strings.Count(got, "*") != 1 || strings.Index(got, "*") != strings.Index(got+",", ",")-1 {
				t.Errorf("the household is %s", got)
			}
		})
	}
	wg.Wait()
}

func TestAnAccountWithoutAFirstNameHasAProfileNamedDefault(t *testing.T) {
	h := serve(t)
	clients, err := h.Site.Clients(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	owner := access.Principal{Subject: profile.ID{1}, Client: true, Features: clients[0].Features}
	e, err := h.Site.CreateEntity(t.Context(), owner, "user", []byte(`{"givenName":"","email":"noname@example.com","password":"yoyo"}`))
	if err != nil {
		t.Fatal(err)
	}
	in := h.Post(t, "", loginPath, `{"email":"noname@example.com","password":"yoyo"}`).Want(http.StatusOK)
	path := "/api/users/v1/users/" + e.ID.String() + "/user_profiles"
	list := h.Get(t, in.Text("token"), path).Want(http.StatusOK)
	list.Is(map[string]any{"meta.count": 1, "data.0.attributes.name": "Default", "data.0.attributes.is_default": true})
	for _, token := range []string{in.Text("userStat.accessToken.0"), in.Text("userStat.refreshToken.0")} {
		if p, _ := claimsOf(t, token)["profile"].(map[string]any); p["id"] != list.Text("data.0.id") || p["name"] != "Default" {
			t.Errorf("the token is for %v", p)
		}
	}
	// a first name that comes later does not rename it
	h.Put(t, h.Login(t, "donny"), "/api/users/"+claimsOf(t, in.Text("token"))["slug"].(string), `{"full_name":"Ann Lee"}`).Want(http.StatusOK)
	h.Get(t, in.Text("token"), path).Is(map[string]any{"data.0.attributes.name": "Default"})
}

func TestASitesLinksMayBeAsThePagePrintsThem(t *testing.T) {
	h := serve(t)
	sites, err := h.Store.System().Sites(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	policy := h.Site.Policy()
	policy.Household.PrintedLinks = true
	if sites[0].Policy, err = json.Marshal(policy); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Store.System().SaveSite(t.Context(), sites[0].ID, func(is *store.SiteInfo) error { *is = sites[0]; return nil }); err != nil {
		t.Fatal(err)
	}
	h.Clock.Advance(2e9)
	made := h.Post(t, h.token, profiles, printedProfile).Want(http.StatusCreated)
	self := facetest.BaseURL + "/api/users/v1/" + claimsOf(t, h.token)["sub"].(string) + "/user_profiles/" + made.Text("data.0.id")
	made.Is(map[string]any{"data.0.links.self": self})
	if got := made.Header.Get("Location"); got != self {
		t.Errorf("Location is %s", got)
	}
	h.Get(t, h.token, strings.TrimPrefix(self, facetest.BaseURL)).Want(http.StatusOK).Is(map[string]any{"data.links.self": self})
	page := h.Get(t, h.token, profiles+"?page[size]=2").Want(http.StatusOK)
	h.Get(t, h.token, strings.TrimPrefix(page.Text("links.next"), facetest.BaseURL)).Want(http.StatusOK).Is(map[string]any{"data.0.attributes.name": "Dad"})
}
