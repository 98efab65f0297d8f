package e2e_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"facet/internal/facetest"
)

// attributes is a JSON document for the Entity API.
func attributes(pairs ...any) string {
	m := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i].(string)] = pairs[i+1]
	}
	b, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// total is entity.count.
func (c client) total(t testing.TB, typeName, filter string) string {
	t.Helper()
	pairs := []string{"type_name", typeName}
	if filter != "" {
		pairs = append(pairs, "filter", filter)
	}
	n, _ := c.ok(t, "entity.count", pairs...).At("total_count")
	return n.(json.Number).String()
}

// missing fails the test unless the record is gone, however it is asked for.
func (c client) missing(t testing.TB, typeName, uuid, id, email string) {
	t.Helper()
	c.fails(t, 310, "entity", "type_name", typeName, "uuid", uuid)
	c.fails(t, 310, "entity", "type_name", typeName, "id", id)
	c.fails(t, 310, "entity.update", "type_name", typeName, "uuid", uuid, "attributes", "{}")
	c.fails(t, 310, "entity.delete", "type_name", typeName, "uuid", uuid)
	if typeName == "user" {
		c.fails(t, 310, "entity", "type_name", "user", "key_attribute", "email", "key_value", quoted(email))
	}
	c.ok(t, "entity.find", "type_name", typeName, "filter", "email = '"+email+"'").Is(map[string]any{"result_count": 0, "results": []any{}})
}

func quoted(s string) string {
	b, _ := json.Marshal(s) // a string: it cannot fail
	return string(b)
}

// number is the JSON number at a path, as text.
func number(t testing.TB, a facetest.Answer, path string) string {
	t.Helper()
	v, _ := a.At(path)
	n, ok := v.(json.Number)
	if !ok {
		t.Fatalf("%s is %v, not a number: %s", path, v, a.Body)
	}
	return n.String()
}

func register(username, email, fullName, kind string) map[string]any {
	return map[string]any{"username": username, "password": "yoyo", "email": email, "full_name": fullName, "type": kind}
}

func TestARegisteredUserIsAnEntityAtOnce(t *testing.T) {
	t.Parallel()
	in := demo(t)
	c := in.client()
	before := c.total(t, "user", "")
	token := in.Post(t, "", "/api/auth/register", register("joe1", "joe+1@example.com", "Joe Card1", "personal")).Want(http.StatusCreated).Text("token")

	found := c.ok(t, "entity.find", "type_name", "user", "filter", "email = 'joe+1@example.com'")
	found.Is(map[string]any{
		"result_count": 1, "results.0.email": "joe+1@example.com", "results.0.displayName": "Joe Card1",
		"results.0.givenName": "Joe", "results.0.familyName": "Card1",
	})
	uuid, id := found.Text("results.0.uuid"), number(t, found, "results.0.id")
	for name, filter := range map[string]string{
		"by family name":     "familyName = 'Card1'",
		"without case":       "email = 'JOE+1@EXAMPLE.COM'",
		"by two conditions":  "givenName = 'Joe' and familyName = 'Card1'",
		"by one of two":      "familyName = 'Nobody' or familyName = 'Card1'",
		"by a comparison":    "familyName >= 'Card1' and familyName < 'Card2'",
		"by what is not set": "birthday is null and email = 'joe+1@example.com'",
		"by id":              "id = " + id,
	} {
		c.ok(t, "entity.find", "type_name", "user", "filter", filter).Is(map[string]any{"result_count": 1, "results.0.uuid": uuid})
		if n := c.total(t, "user", filter); n != "1" {
			t.Errorf("%s: counted %s", name, n)
		}
	}
	for _, by := range [][]string{{"uuid", uuid}, {"id", id}, {"key_attribute", "email", "key_value", `"joe+1@example.com"`}} {
		c.ok(t, "entity", append([]string{"type_name", "user"}, by...)...).Is(map[string]any{
			"result.uuid": uuid, "result.email": "joe+1@example.com", "result.password": map[string]any{"type": "password-argon2id"},
		})
	}
	if after := c.total(t, "user", ""); after != plus(t, before, 1) {
		t.Errorf("%s users before, %s after", before, after)
	}

	// the name, written by either, shows in both
	in.Put(t, token, "/api/profile/joe1", map[string]any{"full_name": "Joseph van Cardinal"}).Want(http.StatusOK).Is(map[string]any{"full_name": "Joseph van Cardinal"})
	c.ok(t, "entity", "type_name", "user", "uuid", uuid).Is(map[string]any{
		"result.displayName": "Joseph van Cardinal", "result.givenName": "Joseph", "result.familyName": "van Cardinal",
	})
	c.ok(t, "entity.update", "type_name", "user", "uuid", uuid, "attributes", attributes("displayName", "Jo C.", "email", "jo@example.com", "aboutMe", "kept"))
	for _, path := range []string{"/api/profile/joe1", "/api/users/joe1"} {
		in.Get(t, token, path).Want(http.StatusOK).Is(map[string]any{"full_name": "Jo C.", "printable_name": "Jo C.", "email": "jo@example.com"})
	}
	in.Post(t, "", "/api/auth", map[string]any{"username": "jo@example.com", "password": "yoyo"}).Want(http.StatusCreated)
	in.Post(t, "", "/api/auth", map[string]any{"username": "joe+1@example.com", "password": "yoyo"}).Want(http.StatusUnauthorized)
	// another slug is the same record
	in.Patch(t, token, "/api/profile/joe1", map[string]any{"slug": "joseph"}).Want(http.StatusOK)
	c.ok(t, "entity", "type_name", "user", "id", id).Is(map[string]any{"result.uuid": uuid, "result.aboutMe": "kept"})
	in.Get(t, token, "/api/profile/joseph").Want(http.StatusOK)

	// erased through the Entity API it is gone everywhere, and its names are free
	c.ok(t, "entity.delete", "type_name", "user", "uuid", uuid)
	c.missing(t, "user", uuid, id, "jo@example.com")
	in.Get(t, token, "/api/profile/joseph").Want(http.StatusForbidden)
	donny := in.Login(t, "donny")
	in.Get(t, donny, "/api/profile/joseph").Want(http.StatusNotFound)
	in.Get(t, donny, "/api/users/joseph").Want(http.StatusNotFound)
	in.Post(t, "", "/api/auth", map[string]any{"username": "joseph", "password": "yoyo"}).Want(http.StatusUnauthorized)
	if n := c.total(t, "user", ""); n != before {
		t.Errorf("%s users, want %s", n, before)
	}
	in.Post(t, "", "/api/auth/register", register("joseph", "jo@example.com", "Another Joe", "user")).Want(http.StatusCreated)
	again := c.ok(t, "entity", "type_name", "user", "key_attribute", "email", "key_value", `"jo@example.com"`)
	if again.Text("result.uuid") == uuid || number(t, again, "result.id") == id {
		t.Errorf("the number or uuid of an erased record came back: %s", again.Body)
	}
}

func TestACreatedEntityIsAProfileAtOnce(t *testing.T) {
	t.Parallel()
	in := demo(t)
	c := in.client()
	made := c.ok(t, "entity.create", "type_name", "user", "attributes", attributes(
		"givenName", "Matt", "familyName", "Parker", "email", "parkerm@example.com"))
	uuid, id := made.Text("uuid"), number(t, made, "id")
	slug := "u-" + id
	donny, xia := in.Login(t, "donny"), in.Login(t, "xia")

	in.Get(t, donny, "/api/profile/"+slug).Want(http.StatusOK).Is(map[string]any{
		"slug": slug, "full_name": "Matt Parker", "printable_name": "Matt Parker", "email": "parkerm@example.com", "type": "personal", "credentials": false,
	})
	in.Get(t, donny, "/api/users/"+slug).Want(http.StatusOK).Is(map[string]any{"username": slug, "full_name": "Matt Parker"})
	in.Get(t, xia, "/api/profile/"+slug).Want(http.StatusForbidden)
	// its e-mail is taken, for both
	in.Post(t, "", "/api/auth/register", register("parkerm", "parkerm@example.com", "Mallory", "user")).Want(http.StatusBadRequest)
	c.fails(t, 361, "entity.create", "attributes", attributes("email", "PARKERM@example.com"))

	c.ok(t, "entity.update", "type_name", "user", "uuid", uuid, "attributes", attributes("familyName", "Baker"))
	in.Get(t, donny, "/api/profile/"+slug).Is(map[string]any{"full_name": "Matt Baker"})
	in.Put(t, donny, "/api/profile/"+slug, map[string]any{"full_name": "Mathilda Baker", "email": "mb@example.com", "phone": "555-1234", "locality": "Bern"}).Want(http.StatusOK)
	c.ok(t, "entity", "type_name", "user", "uuid", uuid).Is(map[string]any{
		"result.displayName": "Mathilda Baker", "result.givenName": "Mathilda", "result.email": "mb@example.com",
		"result.mobileNumber": "555-1234", "result.primaryAddress.city": "Bern",
	})
	in.Patch(t, donny, "/api/profile/"+slug, map[string]any{"slug": "mathilda"}).Want(http.StatusOK)
	in.Get(t, donny, "/api/profile/mathilda").Want(http.StatusOK)
	in.Get(t, donny, "/api/profile/"+slug).Want(http.StatusNotFound)

	// a password given by the client signs in to the other face
	c.ok(t, "entity.update", "type_name", "user", "uuid", uuid, "attributes", attributes("password", "correct horse"))
	in.Post(t, "", "/api/auth", map[string]any{"username": "mb@example.com", "password": "correct horse"}).Want(http.StatusCreated)

	in.Delete(t, donny, "/api/profile/mathilda").Want(http.StatusNotFound) // who can sign in is a user, and a profile only if made one
	c.ok(t, "entity.delete", "type_name", "user", "uuid", uuid)
	c.missing(t, "user", uuid, id, "mb@example.com")
	in.Get(t, donny, "/api/profile/mathilda").Want(http.StatusNotFound)
	c.ok(t, "entity.create", "attributes", attributes("email", "mb@example.com"))
}

func TestAShadowProfileIsAnOrganizationEntity(t *testing.T) {
	t.Parallel()
	in := demo(t)
	c := in.client()
	donny, xia := in.Login(t, "donny"), in.Login(t, "xia")
	before := c.total(t, "organization", "")
	made := in.Post(t, xia, "/api/accounts/profiles", map[string]any{"email": "xia@locahost.localdomain", "full_name": "Joey Black"}).Want(http.StatusCreated)
	slug := made.Text("slug")
	found := c.ok(t, "entity.find", "type_name", "organization", "filter", "email = 'xia@locahost.localdomain'").Is(map[string]any{
		"result_count": 1, "results.0.displayName": "Joey Black",
	})
	uuid, id := found.Text("results.0.uuid"), number(t, found, "results.0.id")
	c.ok(t, "entity.count", "type_name", "organization").Is(map[string]any{"total_count": json.Number(plus(t, before, 1))})
	c.ok(t, "entity.find", "type_name", "user", "filter", "email = 'xia@locahost.localdomain'").Is(map[string]any{"result_count": 0})

	// its creator is nothing to it; the broker is
	in.Get(t, xia, "/api/profile/"+slug).Want(http.StatusForbidden)
	in.Put(t, xia, "/api/profile/"+slug, map[string]any{"full_name": "Mine"}).Want(http.StatusForbidden)
	in.Delete(t, xia, "/api/profile/"+slug).Want(http.StatusForbidden)
	in.Get(t, donny, "/api/profile/"+slug).Want(http.StatusOK).Is(map[string]any{"full_name": "Joey Black", "email": "xia@locahost.localdomain"})

	in.Put(t, donny, "/api/profile/"+slug, map[string]any{"full_name": "Joey Grey"}).Want(http.StatusOK)
	c.ok(t, "entity", "type_name", "organization", "uuid", uuid).Is(map[string]any{"result.displayName": "Joey Grey"})
	c.ok(t, "entity.update", "type_name", "organization", "id", id, "attributes", attributes("displayName", "Joey White"))
	in.Get(t, donny, "/api/profile/"+slug).Is(map[string]any{"full_name": "Joey White"})
	c.fails(t, 310, "entity", "type_name", "user", "uuid", uuid) // not of that type

	in.Delete(t, donny, "/api/profile/"+slug).Want(http.StatusNoContent)
	c.missing(t, "organization", uuid, id, "xia@locahost.localdomain")
	in.Get(t, donny, "/api/profile/"+slug).Want(http.StatusNotFound)
	in.Post(t, xia, "/api/accounts/profiles", map[string]any{"slug": slug, "email": "xia@locahost.localdomain", "full_name": "Joey Black"}).Want(http.StatusCreated)
	if n := c.total(t, "organization", ""); n != plus(t, before, 1) {
		t.Errorf("%s organizations, want one more than %s", n, before)
	}
}

func TestAPersonalProfileErasedByItsOwnerIsGoneForTheEntityAPI(t *testing.T) {
	t.Parallel()
	in := demo(t)
	c := in.client()
	alice := in.Login(t, "alice")
	was := c.ok(t, "entity", "type_name", "user", "key_attribute", "email", "key_value", `"alice@localhost.localdomain"`)
	in.Delete(t, alice, "/api/profile/alice").Want(http.StatusNoContent)
	c.missing(t, "user", was.Text("result.uuid"), number(t, was, "result.id"), "alice@localhost.localdomain")
	in.Get(t, alice, "/api/profile/alice").Want(http.StatusForbidden)
	in.Post(t, "", "/api/auth", map[string]any{"username": "alice", "password": "yoyo"}).Want(http.StatusUnauthorized)
	c.ok(t, "entity.create", "attributes", attributes("email", "alice@localhost.localdomain"))
	in.Post(t, "", "/api/auth/register", register("alice", "alice@example.com", "Alice Again", "personal")).Want(http.StatusCreated)
}
