package appdata_test

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"facet/internal/directory"
	"facet/internal/facetest"
	"facet/internal/profile"
)

func TestSigningInNeedsTheKeyOfAnApp(t *testing.T) {
	s := serve(t)
	xia, _ := signIn(t, s, "xia")
	for _, path := range []string{"/auth/login", "/auth/register"} {
		for _, body := range []string{`{`, `{"username":"xia","password":"yoyo"}`} {
			a := s.Post(t, xia, path, body)
			wantProblem(t, path, a, 401, "no_auth")
			if got := a.Header.Get("WWW-Authenticate"); !strings.HasPrefix(got, "ApiKey") {
				t.Errorf("WWW-Authenticate %q", got)
			}
			for _, key := range []string{"", "wrong", "oneclub", "1"} {
				a := s.Do(t, facetest.Call{Method: "POST", Path: path, Body: body, Header: map[string]string{"X-API-KEY": key}})
				wantProblem(t, path+" key "+key, a, 401, "bad_client")
			}
		}
	}
	// A token whose time is over does not stop its owner from signing in.
	s.Do(t, facetest.Call{Method: "POST", Path: "/auth/login", Token: "over", Body: `{"username":"xia","password":"yoyo"}`, Header: map[string]string{"X-API-KEY": appKey}}).Want(200)
	s.Do(t, facetest.Call{Method: "GET", Path: "/app/all", Token: "over"}).Want(200)
}

func TestWrongCredentialsAreToldApartFromWrongBodies(t *testing.T) {
	s := serve(t)
	for _, body := range []string{`{"username":"xia","password":"wrong"}`, `{"username":"nobody","password":"yoyo"}`, `{"email":"xia","password":"yoyo"}`,
		`{"username":"cowork","password":"yoyo"}`, `{"email":"nobody@example.com","password":"yoyo"}`, `{"username":"a b\n","password":"yoyo"}`} {
		wantProblem(t, body, keyed(t, s, "/auth/login", body), 401, "credentials")
	}
	for body, items := range map[string]string{
		`{}`: "/username required, /password required", `[]`: " wrong_type", `{"username":"xia"}`: "/password required",
		`{"username":"","email":"","password":"yoyo"}`: "/username required", `{"username":7,"password":["yoyo"]}`: "/username wrong_type, /password wrong_type",
		`{"username":"xia","password":"a\u0000"}`: "/password syntax", `{"username":"xia","password":"yoyo","remember":true}`: "/remember unknown_member",
		`{"username":"xia","email":"xia@localhost.localdomain","password":"yoyo"}`: "/email invalid",
		`{"username":"xia","password":"` + strings.Repeat("x", 1025) + `"}`:        "/password too_large",
		`{"username":"xia","username":"alice","password":"yoyo"}`:                  "/username duplicate",
	} {
		first := strings.Split(strings.Split(items, ", ")[0], " ")
		wantProblem(t, body[:min(len(body), 60)], keyed(t, s, "/auth/login", body), 422, first[1], strings.Split(items, ", ")...)
	}
	wantProblem(t, "no JSON", keyed(t, s, "/auth/login", `{"username":"xia"`), 400, "syntax")
	for n := range 11 {
		a := keyed(t, s, "/auth/login", `{"username":"alice","password":"wrong"}`)
		if n < 10 {
			wantProblem(t, "try", a, 401, "credentials")
			continue
		}
		wantProblem(t, "one try too many", a, 429, "attempts")
		if a.Header.Get("Retry-After") != "900" {
			t.Errorf("headers %v", a.Header)
		}
	}
}

func TestRegistrationsThatCannotBeAreRefused(t *testing.T) {
	s := serve(t)
	hash, err := bcrypt.GenerateFromPassword([]byte("old password"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	const joe = `{"user_info":{"username":"joe1","email":"joe@example.com"},`
	for body, want := range map[string]struct {
		status int
		items  string
	}{
		`{}`:                                 {422, "/user_info required, /password required"},
		`{"user_info":7,"password":"yoyo"}`:  {422, "/user_info wrong_type"},
		`{"user_info":{},"password":"yoyo"}`: {422, "/user_info/email required"},
		`{"user_info":{"email":"nobody"},"password":"yoyo"}`:                                                         {422, "/user_info/email constraint"},
		`{"user_info":{"email":1,"username":2},"password":"y"}`:                                                      {422, "/user_info/email wrong_type, /user_info/username wrong_type"},
		`{"user_info":{"email":"j@example.com","role":"admin"},"password":"yoyo","operator":true}`:                   {422, "/user_info/role unknown_member, /operator unknown_member"},
		`{"user_info":{"email":"j@example.com","username":"a b"},"password":"yoyo"}`:                                 {422, "/user_info/username constraint"},
		`{"user_info":{"email":"j@example.com","username":"create"},"password":"yoyo"}`:                              {409, "/user_info/username taken"},
		`{"user_info":{"email":"j@example.com","username":"XIA"},"password":"yoyo"}`:                                 {409, "/user_info/username taken"},
		`{"user_info":{"email":"Xia@localhost.localdomain","username":"joe1"},"password":"yoyo"}`:                    {409, "/user_info/email taken"},
		`{"user_info":{"email":"j@example.com","first_name":"` + strings.Repeat("x", 1001) + `"},"password":"yoyo"}`: {422, "/user_info/first_name length"},
		joe + `"password":null}`:                                                             {422, "/password required"},
		joe + `"password":"` + strings.Repeat("x", 1025) + `"}`:                              {422, "/password too_large"},
		joe + `"password_hash":"` + string(hash) + `"}`:                                      {422, "/hash_algorithm required"},
		joe + `"hash_algorithm":"bcrypt"}`:                                                   {422, "/password_hash required"},
		joe + `"password":"yoyo","password_hash":"x","hash_algorithm":"bcrypt"}`:             {422, "/password_hash invalid"},
		joe + `"password_hash":"5f4dcc3b5aa765d61d8327deb882cf99","hash_algorithm":"md4"}`:   {422, "/hash_algorithm hash_algorithm_unsupported"},
		joe + `"password_hash":"x","hash_algorithm":"BCRYPT"}`:                               {422, "/hash_algorithm hash_algorithm_unsupported"},
		joe + `"password_hash":"x","hash_algorithm":"bcrypt"}`:                               {422, "/password_hash invalid"},
		joe + `"password_hash":"$2b$99$` + string(hash[7:]) + `","hash_algorithm":"bcrypt"}`: {422, "/password_hash invalid"},
		joe + `"password_hash":"$argon2id$v=19$x","hash_algorithm":"bcrypt"}`:                {422, "/password_hash invalid"},
	} {
		items := strings.Split(want.items, ", ")
		_, code, _ := strings.Cut(items[0], " ")
		wantProblem(t, body[:min(len(body), 80)], keyed(t, s, "/auth/register", body), want.status, code, items...)
	}
	keyed(t, s, "/auth/register", joe+`"password":"yoyo"}`).Want(201)

	closed, err := s.Directory.CreateSite(t.Context(), directory.NewSite{Name: "closed", Domain: "closed.example", Policy: directory.DefaultPolicy()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := closed.AddApp(t.Context(), directory.NewApp{App: directory.App{Name: "closed"}, Key: "closed-key"}); err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{`"password":"long enough"}`, `"password_hash":"` + string(hash) + `","hash_algorithm":"bcrypt"}`} {
		a := s.Do(t, facetest.Call{Method: "POST", Path: "/auth/register", Body: joe + secret, Header: map[string]string{"Host": "closed.example", "X-API-KEY": "closed-key"}})
		wantProblem(t, "closed", a, 403, "registration_closed")
	}
}

func TestImportedHashSignsItsOwnerIn(t *testing.T) {
	s := serve(t)
	hash, err := bcrypt.GenerateFromPassword([]byte("old password"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	made := keyed(t, s, "/auth/register", fmt.Sprintf(
		`{"user_info":{"username":"joe1","email":"joe@example.com","first_name":"Joe","last_name":""},"password":"","password_hash":%q,"hash_algorithm":"bcrypt"}`, hash)).Want(201)
	if keys := made.Keys(""); len(keys) != 1 {
		t.Errorf("members %v", keys)
	}
	made.Is(map[string]any{"user.username": "joe1", "user.first_name": "Joe", "user.last_name": "", "user.operator": false})
	keyed(t, s, "/auth/login", `{"username":"joe1","password":"yoyo"}`).Want(401)
	keyed(t, s, "/auth/login", `{"email":"joe@example.com","password":"old password"}`).Want(200)
}

func TestUserWithoutNamesHasThoseMadeUp(t *testing.T) {
	s := serve(t)
	keyed(t, s, "/auth/register", `{"user_info":{"email":"jane.doe@example.com"},"password":"yoyo"}`).Want(201).
		Is(map[string]any{"user.username": "jane-doe", "user.first_name": "", "user.last_name": ""})
	rec, err := s.Store.Site(1).Get(t.Context(), profile.Slug, "jane-doe")
	if err != nil || rec.Type != profile.User {
		t.Errorf("%+v, %v", rec, err)
	}
}

func TestSitesKnowNothingOfEachOther(t *testing.T) {
	s := serve(t)
	policy := directory.DefaultPolicy()
	policy.Registration, policy.UnverifiedEmail = directory.RegistrationOpen, true
	other, err := s.Directory.CreateSite(t.Context(), directory.NewSite{Name: "other", Domain: "other.example", Policy: policy})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.AddApp(t.Context(), directory.NewApp{App: directory.App{ID: 1, Name: "theirs"}, Key: "their-key"}); err != nil {
		t.Fatal(err)
	}
	if _, err := other.AddOperator(t.Context(), directory.NewOperator{Username: "boss", Email: "boss@other.example", Password: "long enough"}); err != nil {
		t.Fatal(err)
	}
	there := func(c facetest.Call, key string) facetest.Answer {
		c.Header = map[string]string{"Host": "other.example", "X-API-KEY": key}
		return s.Do(t, c)
	}
	xia, xiaID := signIn(t, s, "xia")
	s.Post(t, xia, "/user/profiles/create", `{"app_id":1,"profile_data":{}}`).Want(201)

	in := facetest.Call{Method: "POST", Path: "/auth/login", Body: `{"username":"boss","password":"long enough"}`}
	wantProblem(t, "our key", there(in, appKey), 401, "bad_client")
	wantProblem(t, "their user", keyed(t, s, "/auth/login", in.Body), 401, "credentials")
	boss := there(in, "their-key").Want(200).Is(map[string]any{"user.operator": true}).Text("token")
	there(facetest.Call{Method: "GET", Path: "/app/all"}, "").WantJSON(200, `[{"appid":1,"app":"theirs","domains":[],"description":""}]`)
	wantProblem(t, "our token", there(facetest.Call{Method: "GET", Path: "/user/profiles/1", Token: xia}, ""), 401, "bad_token")
	wantProblem(t, "our user", there(facetest.Call{Method: "GET", Path: "/operator/users/profile/" + xiaID + "/1", Token: boss}, ""), 404, "user_not_found")
	wantProblem(t, "our user", there(facetest.Call{Method: "POST", Path: "/operator/profile/create-bulk", Token: boss,
		Body: `{"profiles":[{"app_id":1,"user_id":"` + xiaID + `","profile_data":{}}]}`}, ""), 422, "user_not_found", "/profiles/0/user_id user_not_found")
}
