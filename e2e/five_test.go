package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"facet/internal/facetest"
)

// person is joe1, who registered in DjaoApp, and where the five faces have him.
type person struct {
	in           *instance
	data         string // folder
	c            client
	donny        string
	uuid, number string
	password     string
	profile      string            // /api/profile/…
	idTag        string            // /api/profiles/…
	household    string            // /api/users/v1/users/…
	tokens       map[string]string // that work, by where they are from
	refresh      map[string]string // refresh tokens
}

// newPerson registers joe1 by the printed command.
func newPerson(t *testing.T, in *instance) *person {
	t.Helper()
	token := sendPrinted(t, in, printedCalls[0]).Text("token")
	p := &person{in: in, c: in.client(), donny: in.Login(t, "donny"), password: "yoyo", profile: "/api/profile/joe1", idTag: "joe1@localhost.localdomain"}
	found := p.c.ok(t, "entity.find", "type_name", "user", "filter", "email = 'joe+1@example.com'").Is(map[string]any{"result_count": 1})
	p.uuid, p.number = found.Text("results.0.uuid"), number(t, found, "results.0.id")
	p.household = "/api/users/v1/users/" + p.number + "/user_profiles"
	p.signIn(t)
	p.tokens["registering"] = token
	return p
}

// signIns are how somebody signs in through each face, and where the token is.
var signIns = []struct {
	face, path, body, token, refresh string // %s: idTag or user name, password
	header                           map[string]string
	idTag                            bool
}{
	{face: "djaoapp", path: "/api/auth", body: `{"username":%q,"password":%q}`, token: "token"},
	{face: "cloudillo", path: "/api/auth/login", body: `{"idTag":%q,"password":%q}`, token: "data.token", idTag: true},
	{face: "household", path: "/api/users/v1/login", body: `{"username":%q,"password":%q}`, token: "accessToken", refresh: "refreshToken"},
	{face: "appdata", path: "/auth/login", body: `{"username":%q,"password":%q}`, token: "access_token", refresh: "refresh_token", header: withAppKey},
}

// tryAll signs in through each face.
func (p *person) tryAll(t *testing.T, each func(face string, a facetest.Answer)) {
	t.Helper()
	slug, _, _ := strings.Cut(p.idTag, "@")
	for _, s := range signIns {
		name := slug
		if s.idTag {
			name = p.idTag
		}
		each(s.face, p.in.Do(t, facetest.Call{Method: "POST", Path: s.path, Body: fmt.Sprintf(s.body, name, p.password), Header: s.header}))
	}
}

func (p *person) signIn(t *testing.T) {
	t.Helper()
	p.tokens, p.refresh = map[string]string{}, map[string]string{}
	p.tryAll(t, func(face string, a facetest.Answer) {
		if a.Status >= 300 {
			t.Fatalf("%s: %d %s", face, a.Status, a.Body)
		}
		for _, s := range signIns {
			if s.face != face {
				continue
			}
			p.tokens[face] = a.Text(s.token)
			if s.refresh != "" {
				p.refresh[face] = a.Text(s.refresh)
			}
		}
	})
	// The Entity API's token is whichever session's: it has no way to sign in.
	p.checkEntityPassword(t, "ok")
}

// checkEntityPassword asks the Entity API whether the password is his.
func (p *person) checkEntityPassword(t *testing.T, stat string) {
	t.Helper()
	p.c.call(t, "entity", "type_name", "user", "uuid", p.uuid, "password_attribute", "password", "password_value", p.password).Is(map[string]any{"stat": stat})
}

// called checks that every face shows his name on the next request.
func (p *person) called(t *testing.T, name, given, family string) {
	t.Helper()
	token := p.tokens["djaoapp"]
	for _, path := range []string{p.profile, strings.Replace(p.profile, "/profile/", "/users/", 1)} {
		p.in.Get(t, token, path).Want(http.StatusOK).Is(map[string]any{"full_name": name, "printable_name": name})
	}
	p.c.ok(t, "entity", "type_name", "user", "uuid", p.uuid).Is(map[string]any{"result.displayName": name, "result.givenName": given, "result.familyName": family})
	p.in.Get(t, p.tokens["cloudillo"], "/api/me").Want(http.StatusOK).Is(map[string]any{"data.name": name})
	p.in.Get(t, p.donny, "/api/profiles/"+p.idTag).Want(http.StatusOK).Is(map[string]any{"data.name": name})
	p.in.Get(t, p.donny, "/api/profiles?idTag="+p.idTag).Want(http.StatusOK).Is(map[string]any{"data.0.name": name})
	p.tryAll(t, func(face string, a facetest.Answer) {
		switch face {
		case "appdata":
			a.Want(http.StatusOK).Is(map[string]any{"user.first_name": given, "user.last_name": family})
		case "household": // whose profiles have names of their own; the person's stands in the token
			claimsOf(t, a.Want(http.StatusOK), "accessToken").Is(map[string]any{"full_name": name})
		}
	})
}

func TestOnePersonIsTheSameInAllFiveFaces(t *testing.T) {
	t.Parallel()
	in := demo(t)
	p := newPerson(t, in)
	app, home := p.tokens["appdata"], p.tokens["household"]

	p.called(t, "Joe Card1", "Joe", "Card1")
	in.Get(t, p.donny, "/api/profiles/"+p.idTag).Want(http.StatusOK).Is(map[string]any{"data.idTag": p.idTag, "data.type": "person", "data.status": "A"})

	// his documents, by himself and by an operator
	document := map[string]any{"theme": "dark", "level": 3}
	in.Get(t, app, "/user/profiles/1").Want(http.StatusOK).Is(map[string]any{"profiles": []any{}})
	in.Post(t, app, "/user/profiles/create", map[string]any{"app_id": 1, "profile_data": document}).Want(http.StatusCreated).Is(map[string]any{"user_id": p.uuid})
	in.Get(t, p.donny, "/operator/users/profile/"+p.uuid+"/1").Want(http.StatusOK).Is(map[string]any{"profile_data": document, "app_id": 1})
	in.Post(t, p.donny, "/operator/profile/create-bulk", map[string]any{"profiles": []any{map[string]any{"app_id": 2, "user_id": p.uuid, "profile_data": document}}}).Want(http.StatusCreated)
	in.Get(t, app, "/user/profiles/2").Want(http.StatusOK).Is(map[string]any{"profiles.0.profile_data": document, "profiles.0.user_id": p.uuid})
	in.Get(t, p.tokens["djaoapp"], "/operator/users/profile/"+p.uuid+"/1").Want(http.StatusForbidden)

	// his household, by number and by uuid, with any face's token
	for _, path := range []string{p.household, "/api/users/v1/users/" + p.uuid + "/user_profiles", "/api/users/v1/" + p.uuid + "/user_profiles"} {
		for _, token := range []string{home, p.tokens["djaoapp"], p.donny} {
			in.Get(t, token, path).Want(http.StatusOK).Is(map[string]any{"meta.count": 1, "data.0.attributes.name": "Joe", "data.0.attributes.is_default": true})
		}
	}

	// His name, by each face that has a way to write it: the documents of
	// Sentinel and Amino print none for the person, only for what is theirs.
	in.Put(t, p.tokens["djaoapp"], p.profile, map[string]any{"full_name": "Joseph van Cardinal"}).Want(http.StatusOK)
	p.called(t, "Joseph van Cardinal", "Joseph", "van Cardinal")
	p.c.ok(t, "entity.update", "type_name", "user", "uuid", p.uuid, "attributes", attributes("displayName", "Jo Cardinal", "givenName", "Jo", "familyName", "Cardinal"))
	p.called(t, "Jo Cardinal", "Jo", "Cardinal")
	in.Patch(t, p.tokens["cloudillo"], "/api/me", map[string]any{"name": "Yossi Kardinal"}).Want(http.StatusOK)
	p.called(t, "Yossi Kardinal", "Yossi", "Kardinal")
	in.Patch(t, p.donny, "/api/admin/profiles/"+p.idTag, map[string]any{"name": "Giuseppe Cardinale"}).Want(http.StatusOK)
	p.called(t, "Giuseppe Cardinale", "Giuseppe", "Cardinale")
	in.Get(t, home, p.household).Want(http.StatusOK).Is(map[string]any{"data.0.attributes.name": "Joe"})

	// his picture: the profile's among several photos, or one that he sends
	p.c.ok(t, "entity.update", "type_name", "user", "uuid", p.uuid, "attributes",
		`{"photos":[{"type":"banner","value":"https://photos.example/1"},{"type":"profile","value":"https://photos.example/2"}]}`)
	for _, path := range []string{p.profile, "/api/users/joe1"} {
		in.Get(t, p.tokens["djaoapp"], path).Want(http.StatusOK).Is(map[string]any{"picture": "https://photos.example/2"})
	}
	in.Get(t, p.tokens["cloudillo"], "/api/me").Want(http.StatusOK).Is(map[string]any{"data.profilePic": "https://photos.example/2"})
	png := asPNG(t, 9)
	address := in.Do(t, facetest.Call{Method: "PUT", Path: "/api/me/image", Token: p.tokens["cloudillo"], Type: "image/png", Body: png}).Want(http.StatusOK).Text("data.profilePic")
	for _, path := range []string{p.profile, "/api/users/joe1"} {
		shown := in.Get(t, p.tokens["djaoapp"], path).Want(http.StatusOK).Text("picture")
		if !strings.HasSuffix(shown, address) {
			t.Errorf("%s: picture %s, want %s", path, shown, address)
		}
	}
	p.c.ok(t, "entity", "type_name", "user", "uuid", p.uuid).Is(map[string]any{"result.photos.1.value": address, "result.photos.1.type": "profile"})
	showsPictureOf(t, in.Get(t, "", address).Want(http.StatusOK), png)

	p.isDisabledAndEnabled(t)
}

// stopped checks that no token works, whatever it is sent to.
func (p *person) stopped(t *testing.T) {
	t.Helper()
	for from, token := range p.tokens {
		for _, c := range []struct {
			path   string
			status int
		}{
			{p.profile, http.StatusForbidden}, {"/api/me", http.StatusUnauthorized}, {"/api/profiles", http.StatusUnauthorized},
			{p.household, http.StatusUnauthorized}, {"/user/profiles/1", http.StatusUnauthorized},
		} {
			if a := p.in.Get(t, token, c.path); a.Status != c.status {
				t.Errorf("the token of %s at %s: %d %s", from, c.path, a.Status, a.Body)
			}
		}
		p.in.Do(t, facetest.Call{Method: "POST", Path: "/entity", Type: formType, Body: "type_name=user", Header: map[string]string{"Authorization": "OAuth " + token}}).
			Want(http.StatusOK).Is(map[string]any{"stat": "error", "code": 414})
		p.in.Post(t, token, "/api/auth/tokens", map[string]any{"token": token}).Want(http.StatusForbidden)
	}
	for _, token := range p.refresh {
		p.in.Post(t, "", "/api/users/v1/refresh", map[string]any{"refresh_token": token}).Want(http.StatusUnauthorized)
	}
	p.tryAll(t, func(face string, a facetest.Answer) {
		if a.Status != http.StatusUnauthorized && a.Status != http.StatusForbidden {
			t.Errorf("%s signs in: %d %s", face, a.Status, a.Body)
		}
	})
}

func (p *person) isDisabledAndEnabled(t *testing.T) {
	t.Helper()
	p.signIn(t)
	suspend := func(status string) {
		p.in.Patch(t, p.donny, "/api/admin/profiles/"+p.idTag, map[string]any{"status": status}).Want(http.StatusOK).Is(map[string]any{"data.status": status})
	}
	suspend("suspended")
	p.stopped(t)
	p.checkEntityPassword(t, "error")
	p.in.Get(t, p.donny, "/api/profiles?status=suspended").Want(http.StatusOK).Is(map[string]any{"data.0.idTag": p.idTag, "data.0.status": "S"})
	p.in.Get(t, p.donny, "/api/profiles?idTag="+p.idTag).Want(http.StatusOK).Is(map[string]any{"data": []any{}})

	suspend("active")
	before := p.tokens
	p.signIn(t)
	for _, token := range before { // what ended stays so
		p.in.Get(t, token, p.profile).Want(http.StatusForbidden)
	}
	p.in.Get(t, p.tokens["appdata"], "/user/profiles/1").Want(http.StatusOK).Is(map[string]any{"profiles.0.user_id": p.uuid})
	p.called(t, "Giuseppe Cardinale", "Giuseppe", "Cardinale")
}
