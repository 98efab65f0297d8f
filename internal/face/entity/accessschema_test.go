package entity_test

import (
	"math"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"facet/internal/access"
	"facet/internal/directory"
	"facet/internal/facetest"
	"facet/internal/profile"
	"facet/internal/store"
)

// apiClient is an API client of a test, and its Authorization header.
type apiClient struct{ id, auth string }

func (s service) newClient(t testing.TB, features ...access.Feature) apiClient {
	t.Helper()
	c, err := s.Site.AddClient(t.Context(), directory.NewClient{Features: features})
	if err != nil {
		t.Fatal(err)
	}
	r := http.Request{Header: http.Header{}}
	r.SetBasicAuth(c.ID, c.Secret)
	return apiClient{c.ID, r.Header.Get("Authorization")}
}

// issued gives an Authorization header with a token for a user that a client
// issued.
func (s service) issued(t testing.TB, c apiClient, uuid string) string {
	t.Helper()
	owner, err := s.Site.ClientBySecret(t.Context(), printedID, printedSecret, netip.MustParseAddr("127.0.0.1"))
	if err != nil {
		t.Fatal(err)
	}
	id, err := profile.ParseID(uuid)
	if err != nil {
		t.Fatal(err)
	}
	token, err := s.Site.IssueToken(t.Context(), owner, "user", directory.Selector{ID: id}, c.id)
	if err != nil {
		t.Fatal(err)
	}
	return "OAuth " + token
}

// allow sets an access schema of a client.
func (s service) allow(t testing.TB, c apiClient, kind, attributes string) facetest.Answer {
	t.Helper()
	return s.ok(t, "entityType.setAccessSchema", "type_name", "user", "for_client_id", c.id, "access_type", kind, "attributes", attributes)
}

const person = `{"givenName":"Ann","familyName":"Lee","email":"ann@example.com","gender":"female","aboutMe":"secret","password":"long enough to be one",
	"primaryAddress":{"city":"Bern","zip":"CH-77"},"photos":[{"type":"a","value":"b"}]}`

func TestAReadSchemaHidesWhatItDoesNotList(t *testing.T) {
	s := start(t)
	uuid := s.create(t, person)
	c := s.newClient(t, access.DirectAccess)
	s.allow(t, c, "read", `["givenName","primaryAddress.city","/photos/value"]`)
	a := s.as(t, c.auth, "entity", "type_name", "user", "uuid", uuid)
	if got := a.Keys("result"); strings.Join(got, " ") != "created givenName id lastUpdated photos primaryAddress uuid" {
		t.Errorf("%v", got)
	}
	a.Is(map[string]any{"result.givenName": "Ann", "result.primaryAddress.city": "Bern", "result.photos.0.value": "b"})
	if strings.Contains(string(a.Body), "CH-77") || strings.Contains(string(a.Body), `"type":`) {
		t.Errorf("%s", a.Body)
	}
	hidden := func(attribute string, a facetest.Answer) {
		t.Helper()
		wantError(t, a, 223, "unknown_attribute", "attribute_name", attribute)
	}
	find := func(pairs ...string) facetest.Answer {
		t.Helper()
		return s.as(t, c.auth, "entity.find", append([]string{"type_name", "user"}, pairs...)...)
	}
	hidden("/aboutMe", find("filter", "aboutMe = 'secret'"))
	hidden("/aboutMe", find("filter", "not (aboutMe is null)"))
	hidden("/primaryAddress/zip", find("filter", "primaryAddress.zip = 'CH-77'"))
	hidden("/photos/type", find("filter", "photos.type = 'a'"))
	hidden("/familyName", find("filter", "givenName = familyName"))
	hidden("/familyName", find("sort_on", `["familyName"]`))
	hidden("/familyName", find("attributes", `["givenName","familyName"]`))
	one := func(pairs ...string) facetest.Answer {
		t.Helper()
		return s.as(t, c.auth, "entity", append([]string{"type_name", "user"}, pairs...)...)
	}
	hidden("/aboutMe", one("uuid", uuid, "attribute_name", "aboutMe"))
	hidden("/primaryAddress/zip", one("uuid", uuid, "attribute_name", "/primaryAddress/zip"))
	hidden("/aboutMe", one("uuid", uuid, "attributes", `["aboutMe"]`))
	hidden("/email", one("key_attribute", "email", "key_value", `"ann@example.com"`))
	hidden("/password", one("uuid", uuid, "password_attribute", "password", "password_value", "long enough to be one"))
	hidden("/aboutMe", s.as(t, c.auth, "entity.attributeValues", "type_name", "user", "attribute_path", "aboutMe"))
	if a := s.as(t, c.auth, "versions/entity", "type_name", "user", "uuid", uuid); strings.Contains(string(a.Body), "secret") || a.Text("result.givenName") != "Ann" {
		t.Errorf("%s", a.Body)
	}
	find("filter", "givenName = 'Ann' and primaryAddress.city = 'Bern'").Is(map[string]any{"result_count": 1})
	a = s.as(t, c.auth, "entity.update", "type_name", "user", "uuid", uuid, "attributes", `{"aboutMe":"new"}`, "include_record", "true")
	if a.Text("stat") != "ok" || strings.Contains(string(a.Body), "aboutMe") {
		t.Errorf("writing is another matter than reading: %s", a.Body)
	}
	s.user(t, uuid).Is(map[string]any{"result.aboutMe": "new"})
	s.as(t, c.auth, "entity.bulkCreate", "type_name", "user", "all_attributes", `[{"aboutMe":"x"}]`).Is(map[string]any{"stat": "ok"})

	s.allow(t, c, "read", `[]`)
	if got := s.as(t, c.auth, "entity", "type_name", "user", "uuid", uuid).Keys("result"); strings.Join(got, " ") != "created id lastUpdated uuid" {
		t.Errorf("the new list takes the place of the old one: %v", got)
	}
	s.ok(t, "entityType.deleteAccessSchema", "type_name", "user", "for_client_id", c.id, "access_type", "read")
	s.as(t, c.auth, "entity", "type_name", "user", "uuid", uuid).Is(map[string]any{"result.aboutMe": "new"})
}

func TestAWriteSchemaKeepsWhatItDoesNotList(t *testing.T) {
	s := start(t)
	uuid := s.create(t, person)
	c := s.newClient(t, access.DirectAccess)
	s.allow(t, c, "write", `["givenName","primaryAddress.city","photos"]`)
	write := func(op string, pairs ...string) facetest.Answer {
		t.Helper()
		return s.as(t, c.auth, op, append([]string{"type_name", "user", "uuid", uuid}, pairs...)...)
	}
	for _, refused := range [][]string{
		{"/aboutMe", "entity.update", "attributes", `{"givenName":"Eve","aboutMe":"x"}`},
		{"/aboutMe", "entity.update", "attribute_name", "aboutMe", "value", `"x"`},
		{"/primaryAddress/zip", "entity.update", "attributes", `{"primaryAddress":{"zip":"1"}}`},
		{"/password", "entity.update", "attributes", `{"password":"another long one"}`},
		{"/email", "entity.replace", "attributes", `{"email":"eve@example.com"}`},
	} {
		wantError(t, write(refused[1], refused[2:]...), 223, "unknown_attribute", "attribute_name", refused[0])
	}
	wantError(t, s.as(t, c.auth, "entity.create", "type_name", "user", "attributes", `{"givenName":"Eve","aboutMe":"x"}`), 223, "unknown_attribute", "attribute_name", "/aboutMe")
	s.as(t, c.auth, "entity.bulkCreate", "type_name", "user", "all_attributes", `[{"givenName":"Eve"},{"aboutMe":"x"}]`).Is(map[string]any{"results.1.code": 223})
	s.user(t, uuid).Is(map[string]any{"result.givenName": "Ann", "result.aboutMe": "secret"})

	if a := write("entity.replace", "attributes", `{"givenName":"Eve"}`); a.Text("stat") != "ok" {
		t.Fatalf("%s", a.Body)
	}
	s.user(t, uuid).Is(map[string]any{"result.givenName": "Eve", "result.aboutMe": "secret", "result.email": "ann@example.com", "result.primaryAddress.city": nil, "result.primaryAddress.zip": "CH-77", "result.photos": []any{}})
	wantError(t, write("entity.delete"), 403, "client_permission_error")
	s.allow(t, c, "write", `["photos.value"]`)
	write("entity.update", "attributes", `{"photos":[{"value":"c"}]}`).Is(map[string]any{"stat": "ok"})
	wantError(t, write("entity.replace", "attribute_name", "photos", "attributes", `[]`), 223, "unknown_attribute", "attribute_name", "/photos/type")
	s.ok(t, "entityType.deleteAccessSchema", "type_name", "user", "for_client_id", c.id, "access_type", "write")
	if a := write("entity.delete"); a.Text("stat") != "ok" {
		t.Errorf("%s", a.Body)
	}
}

func TestTokensFollowTheSchemasOfTheClientThatIssuedThem(t *testing.T) {
	s := start(t)
	uuid := s.create(t, person)
	direct, login := s.newClient(t, access.DirectAccess), s.newClient(t, access.LoginClient)
	ofDirect, ofLogin := s.issued(t, direct, uuid), s.issued(t, login, uuid)
	update := func(token, attributes string) facetest.Answer {
		t.Helper()
		return s.as(t, token, "entity.update", "attributes", attributes)
	}
	s.as(t, ofLogin, "entity").Is(map[string]any{"result.aboutMe": "secret"})
	wantError(t, update(ofLogin, `{"aboutMe":"x"}`), 223, "unknown_attribute", "attribute_name", "/aboutMe")
	wantError(t, s.as(t, ofLogin, "entity.delete"), 403, "client_permission_error")
	s.allow(t, login, "read", `["givenName"]`)
	s.allow(t, login, "write", `["givenName"]`)
	s.as(t, ofLogin, "entity").Is(map[string]any{"result.aboutMe": "secret"}) // those are for calls with the secret
	wantError(t, update(ofLogin, `{"givenName":"x"}`), 223, "unknown_attribute", "attribute_name", "/givenName")
	s.allow(t, login, "read_with_token", `["givenName"]`)
	s.allow(t, login, "write_with_token", `["gender"]`)
	if a := s.as(t, ofLogin, "entity"); strings.Contains(string(a.Body), "secret") || a.Text("result.givenName") != "Ann" {
		t.Errorf("%s", a.Body)
	}
	wantError(t, s.as(t, ofLogin, "entity", "attribute_name", "gender"), 223, "unknown_attribute", "attribute_name", "/gender")
	wantError(t, update(ofLogin, `{"givenName":"x"}`), 223, "unknown_attribute", "attribute_name", "/givenName")
	update(ofLogin, `{"gender":"none"}`).Is(map[string]any{"stat": "ok"})
	s.as(t, ofLogin, "entity.replace", "attributes", `{}`).Is(map[string]any{"stat": "ok"})
	s.user(t, uuid).Is(map[string]any{"result.gender": nil, "result.aboutMe": "secret"})

	update(ofDirect, `{"aboutMe":"told"}`).Is(map[string]any{"stat": "ok"})
	wantError(t, s.as(t, ofDirect, "entity.find", "type_name", "user"), 403, "client_permission_error")
	s.as(t, ofDirect, "entity.delete").Is(map[string]any{"stat": "ok"})
	wantError(t, s.as(t, ofLogin, "entity"), 414, "access_token_expired")
}

func TestGetAccessSchema(t *testing.T) {
	s := start(t)
	c, login := s.newClient(t, access.DirectAccess), s.newClient(t, access.LoginClient)
	get := func(auth string, pairs ...string) facetest.Answer {
		t.Helper()
		return s.as(t, auth, "entityType.getAccessSchema", append([]string{"type_name", "user"}, pairs...)...)
	}
	want := `{"schema":{"attr_defs":[{"name":"id","description":"simple identifier for this entity","type":"id"},{"name":"uuid","description":"globally unique indentifier for this entity","type":"uuid"},` +
		`{"name":"created","description":"when this entity was created","type":"dateTime"},{"name":"lastUpdated","description":"when this entity was last updated","type":"dateTime"},` +
		`{"name":"gender","type":"string","length":100,"case-sensitive":false},{"name":"primaryAddress","type":"object","attr_defs":[{"name":"city","type":"string","length":1000,"case-sensitive":false,"constraints":["unicode-printable"]}]}]},"stat":"ok"}`
	for _, kind := range []string{"read", "write", "read_with_token", "write_with_token"} {
		if got := string(s.allow(t, c, kind, `["/primaryAddress.city","gender","created"]`).Body); got != want {
			t.Errorf("%s: %s", kind, got)
		}
		for _, auth := range []string{c.auth, printedAuth} {
			if got := string(get(auth, "for_client_id", c.id, "access_type", kind).Body); got != want {
				t.Errorf("%s: %s", kind, got)
			}
		}
	}
	get(c.auth, "access_type", "read").Is(map[string]any{"schema.attr_defs.4.name": "gender"}) // one's own
	wantError(t, get(c.auth, "for_client_id", login.id, "access_type", "read"), 403, "client_permission_error")
	wantError(t, get(c.auth, "for_client_id", "nobody", "access_type", "read"), 403, "client_permission_error")
	wantError(t, get(printedAuth, "for_client_id", "nobody", "access_type", "read"), 200, "invalid_argument", "argument_name", "for_client_id")
	wantError(t, get(printedAuth, "for_client_id", c.id, "access_type", "own"), 200, "invalid_argument", "argument_name", "access_type")
	wantError(t, get(printedAuth, "for_client_id", c.id), 100, "missing_argument", "argument_name", "access_type")
	wantError(t, s.call(t, "entityType.setAccessSchema", "type_name", "user", "access_type", "read", "attributes", `["nothing"]`), 223, "unknown_attribute", "attribute_name", "/nothing")
	wantError(t, s.call(t, "entityType.setAccessSchema", "type_name", "user", "access_type", "read"), 100, "missing_argument", "argument_name", "attributes")
	wantError(t, s.call(t, "entityType.setAccessSchema", "type_name", "robot", "access_type", "read", "attributes", `[]`), 222, "unknown_entity_type", "type_name", "robot")
	count := func(kind string) int {
		list, _ := get(login.auth, "access_type", kind).At("schema.attr_defs")
		defs, _ := list.([]any)
		return len(defs)
	}
	all, none := count("read"), count("write")
	if all < 20 || none != 4 {
		t.Errorf("a login_client reads %d attributes and writes %d by default", all, none)
	}
}

func TestAccessSchemasAreOfOneTypeOneClientAndOneSite(t *testing.T) {
	s := start(t)
	c, other := s.newClient(t, access.DirectAccess), s.newClient(t, access.DirectAccess)
	s.allow(t, c, "read", `["givenName"]`)
	wantError(t, s.as(t, c.auth, "entity.find", "type_name", "user", "filter", "gender is null"), 223, "unknown_attribute", "attribute_name", "/gender")
	s.as(t, other.auth, "entity.find", "type_name", "user", "filter", "gender is null").Is(map[string]any{"stat": "ok"})
	s.as(t, c.auth, "entity.find", "type_name", "organization", "filter", "email is null").Is(map[string]any{"stat": "ok"})
	again := start(t)
	again.ok(t, "entity.find", "type_name", "user", "filter", "gender is null")
}

func TestATokenReadsTheAttributesOfItsOwnRecordsType(t *testing.T) {
	s := startOwn(t)
	c := s.client(t, access.AccessIssuer)
	s.ok(t, "entityType.create", "type_name", "robot", "attr_defs", `[{"name":"email","type":"string"},{"name":"model","type":"string"}]`)
	s.ok(t, "entityType.setAccessSchema", "type_name", "robot", "for_client_id", c.ID, "access_type", "read_with_token", "attributes", `["model"]`)
	uuid := s.ok(t, "entity.create", "type_name", "robot", "attributes", `{"email":"hidden","model":"R2"}`).Text("uuid")
	token := wantOK(t, s.by(t, c, "access/getAccessToken", "type_name", "robot", "uuid", uuid)).Text("accessToken")
	wantOK(t, s.post(t, "OAuth "+token, "entity", "attributes", `["model"]`)).Is(map[string]any{"result": map[string]any{"model": "R2"}})
	wantError(t, s.post(t, "OAuth "+token, "entity", "attributes", `["email"]`), 223, "unknown_attribute", "attribute_name", "/email")
}

func TestWhatIsWrittenAndMayNotBeReadIsNoError(t *testing.T) {
	s := start(t)
	uuid := s.create(t, person)
	c := s.newClient(t, access.DirectAccess)
	s.allow(t, c, "read", `["givenName"]`)
	for _, op := range []string{"entity.update", "entity.replace"} {
		a := s.as(t, c.auth, op, "type_name", "user", "uuid", uuid, "attribute_name", "aboutMe", "value", `"`+op+`"`, "include_record", "true")
		if string(a.Body) != `{"result":null,"stat":"ok"}` {
			t.Errorf("%s", a.Body)
		}
		s.user(t, uuid).Is(map[string]any{"result.aboutMe": op})
	}
}

func TestAccessSchemasOfDeletedClientsMakeRoom(t *testing.T) {
	s := startOwn(t)
	kept := s.client(t, access.DirectAccess)
	set := func(id string) {
		t.Helper()
		s.ok(t, "entityType.setAccessSchema", "type_name", "user", "for_client_id", id, "access_type", "read", "attributes", `["givenName"]`)
	}
	set(kept.ID)
	for range 3 {
		c := s.client(t, access.DirectAccess)
		set(c.ID)
		s.ok(t, "clients/delete", "client_id_for_deletion", c.ID)
	}
	set(s.client(t, access.DirectAccess).ID)
	types := 0
	sites, err := s.Directory.Sites(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, info := range sites {
		if info.Name != "own" {
			continue
		}
		err := s.Store.Site(info.ID).View(t.Context(), func(r store.Reader) error {
			return r.ByNumber(profile.EntityType, 0, math.MaxInt64, false, func(rec *store.Record) bool {
				types++
				if n := strings.Count(string(rec.Attrs), `"access_type"`); n != 2 {
					t.Errorf("%d access schemas are kept: %s", n, rec.Attrs)
				}
				return true
			})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if types != 1 {
		t.Errorf("%d types", types)
	}
}
