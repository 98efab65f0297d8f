package entity_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"facet/internal/access"
	"facet/internal/directory"
	"facet/internal/facetest"
)

// The definitions of a type for tests: a book has a title, an ISBN and copies.
const bookDefs = `[{"name":"title","type":"string","length":200,"case-sensitive":false},{"name":"isbn","type":"string","length":20,"constraints":["unique"]},
 {"name":"pages","type":"integer","features":["query"]},{"name":"print","type":"object","attr_defs":[{"name":"city","type":"string"},{"name":"year","type":"integer"}]},
 {"name":"copies","type":"plural","attr_defs":[{"name":"shelf","type":"string"},{"name":"code","type":"string"}]}]`

func (s service) books(t testing.TB) {
	t.Helper()
	s.ok(t, "entityType.create", "type_name", "book", "attr_defs", bookDefs)
}

// book makes a book and gives its uuid.
func (s service) book(t testing.TB, attributes string) string {
	t.Helper()
	return s.ok(t, "entity.create", "type_name", "book", "attributes", attributes).Text("uuid")
}

// find gives the uuids of the books that a filter selects.
func (s service) find(t testing.TB, filter string) []string {
	t.Helper()
	a := s.ok(t, "entity.find", "type_name", "book", "filter", filter, "max_results", "10000")
	var page struct{ Results []struct{ UUID string } }
	decodeAnswer(t, a, &page)
	var out []string
	for _, r := range page.Results {
		out = append(out, r.UUID)
	}
	return out
}

// attributeNames lists the attributes of a schema that was answered, in order.
func attributeNames(t testing.TB, a facetest.Answer) (names []string) {
	t.Helper()
	var answer struct {
		Schema struct {
			Defs []struct{ Name string } `json:"attr_defs"`
		}
	}
	decodeAnswer(t, a, &answer)
	for _, d := range answer.Schema.Defs {
		names = append(names, d.Name)
	}
	return names
}

func decodeAnswer(t testing.TB, a facetest.Answer, into any) {
	t.Helper()
	if err := json.Unmarshal(a.Body, into); err != nil {
		t.Fatal(err)
	}
}

// counted counts the records of a type.
func (s service) counted(t testing.TB, typeName string) string {
	t.Helper()
	n, _ := s.ok(t, "entity.count", "type_name", typeName).At("total_count")
	return fmt.Sprint(n)
}

func TestATypeOfASitesOwnLivesFromCreateToDelete(t *testing.T) {
	s := start(t)
	made := s.ok(t, "entityType.create", "type_name", "book", "attr_defs", bookDefs)
	want := []string{"id", "uuid", "created", "lastUpdated", "copies", "isbn", "pages", "print", "title"}
	if got := attributeNames(t, made); !slices.Equal(got, want) || made.Text("schema.name") != "book" {
		t.Errorf("the new type has %v: %s", got, made.Body)
	}
	if got := attributeNames(t, s.ok(t, "entityType", "type_name", "book", "remove_reserved", "true")); !slices.Equal(got, want[4:]) {
		t.Errorf("without reserved attributes it has %v", got)
	}
	if a := s.ok(t, "entityType.list"); !strings.Contains(string(a.Body), `["book","community","organization","user"]`) {
		t.Errorf("types: %s", a.Body)
	}
	uuid := s.book(t, `{"title":"Emma","isbn":"1","pages":474,"copies":[{"shelf":"A"},{"shelf":"B"}]}`)
	other := s.book(t, `{"title":"Persuasion","isbn":"2","pages":279}`)
	wantError(t, s.call(t, "entity.create", "type_name", "book", "attributes", `{"isbn":"1"}`), 361, "unique_violation", "attribute_name", "/isbn")
	if got := s.find(t, "pages > 300"); !slices.Equal(got, []string{uuid}) {
		t.Errorf("found %v", got)
	}
	s.ok(t, "entity", "type_name", "book", "key_attribute", "isbn", "key_value", `"2"`).Is(map[string]any{"result.uuid": other})
	s.ok(t, "entity.update", "type_name", "book", "uuid", uuid, "attributes", `{"pages":500}`)
	if got := s.find(t, "pages = 500"); !slices.Equal(got, []string{uuid}) {
		t.Errorf("found %v after the update", got)
	}
	s.ok(t, "entity.delete", "type_name", "book", "uuid", uuid)
	wantError(t, s.call(t, "entity", "type_name", "book", "uuid", uuid), 310, "record_not_found")
	s.book(t, `{"isbn":"1"}`)
	wantError(t, s.call(t, "entity", "type_name", "user", "uuid", other), 310, "record_not_found")

	s.ok(t, "entityType.delete", "type_name", "book")
	if n := s.counted(t, "book"); n != "2" {
		t.Errorf("%s records", n)
	}
	s.ok(t, "entityType.delete", "type_name", "book", "commit", "true")
	for _, op := range []string{"entityType", "entity.count", "entityType.delete"} {
		wantError(t, s.call(t, op, "type_name", "book", "commit", "true"), 222, "unknown_entity_type", "type_name", "book")
	}
	s.books(t)
	if n := s.counted(t, "book"); n != "0" {
		t.Errorf("%s records", n)
	}
	s.book(t, `{"isbn":"2"}`)
	if got := s.find(t, "pages > 0"); len(got) != 0 {
		t.Errorf("a new type finds records of the one before: %v", got)
	}
}

func TestATypeNamedOrganizationHidesOurs(t *testing.T) {
	s := start(t)
	before := s.counted(t, "organization")
	if before == "0" {
		t.Fatal("the demo has no organization")
	}
	s.ok(t, "entityType.create", "type_name", "organization", "attr_defs", `[{"name":"code","type":"string"}]`)
	s.ok(t, "entity.create", "type_name", "organization", "attributes", `{"code":"x"}`)
	if n := s.counted(t, "organization"); n != "1" {
		t.Errorf("%s records", n)
	}
	wantError(t, s.call(t, "entityType.create", "type_name", "organization", "attr_defs", `[]`), 232, "entity_type_exists", "type_name", "organization")
	s.ok(t, "entityType.removeAttribute", "type_name", "organization", "attribute_name", "code")
	s.ok(t, "entityType.delete", "type_name", "organization", "commit", "true")
	if n := s.counted(t, "organization"); n != before {
		t.Errorf("%s records", n)
	}
	wantError(t, s.call(t, "entityType.delete", "type_name", "organization", "commit", "true"), 234, "reserved_entity_type", "type_name", "organization")
}

func TestTypesAreRefusedThatCannotBe(t *testing.T) {
	s := start(t)
	s.books(t)
	deep := `{"name":"a","type":"object","attr_defs":[{"name":"a","type":"object","attr_defs":[{"name":"a","type":"object","attr_defs":[{"name":"a","type":"object","attr_defs":[{"name":"a","type":"object","attr_defs":[{"name":"a","type":"string"}]}]}]}]}]}`
	many := "[" + strings.Repeat(`{"name":"a","type":"string"},`, 2001) + `{"name":"b","type":"string"}]`
	for i := range 2001 {
		many = strings.Replace(many, `"a"`, fmt.Sprintf(`"a%d"`, i), 1)
	}
	for _, c := range []struct {
		op    string
		args  []string
		code  int
		name  string
		extra []string
	}{
		{"entityType.create", []string{"type_name", "user", "attr_defs", "[]"}, 232, "entity_type_exists", []string{"type_name", "user"}},
		{"entityType.create", []string{"type_name", "book", "attr_defs", "[]"}, 232, "entity_type_exists", []string{"type_name", "book"}},
		{"entityType.create", []string{"type_name", "no name", "attr_defs", "[]"}, 200, "invalid_argument", []string{"argument_name", "type_name"}},
		{"entityType.create", []string{"type_name", "$user", "attr_defs", "[]"}, 200, "invalid_argument", []string{"argument_name", "type_name"}},
		{"entityType.create", []string{"type_name", "x", "attr_defs", "{"}, 200, "invalid_argument", []string{"argument_name", "attr_defs"}},
		{"entityType.create", []string{"type_name", "x", "attr_defs", `{"name":"a"}`}, 200, "invalid_argument", []string{"argument_name", "attr_defs"}},
		{"entityType.create", []string{"type_name", "x", "attr_defs", `[{"name":"a","type":"string"},{"name":"a","type":"date"}]`}, 233, "attribute_exists", []string{"attribute_name", "/a"}},
		{"entityType.create", []string{"type_name", "x", "attr_defs", `[{"name":"pin","type":"password"}]`}, 200, "invalid_argument", []string{"argument_name", "/pin"}},
		{"entityType.addAttribute", []string{"type_name", "book", "attr_def", `{"name":"print.secret","type":"password-bcrypt"}`}, 200, "invalid_argument", []string{"argument_name", "/print/secret"}},
		{"entity.find", []string{"type_name", "book", "sort_on", `[""]`}, 200, "invalid_argument", []string{"argument_name", "sort_on"}},
		{"entityType.create", []string{"type_name", "x", "attr_defs", `[{"name":"uuid","type":"uuid"}]`}, 234, "reserved_attribute", []string{"attribute_name", "/uuid"}},
		{"entityType.create", []string{"type_name", "x", "attr_defs", `[{"name":"a","type":"colour"}]`}, 200, "invalid_argument", []string{"argument_name", "/a"}},
		{"entityType.create", []string{"type_name", "x", "attr_defs", "[" + deep + "]"}, 200, "invalid_argument", []string{"argument_name", "/a/a/a/a/a/a"}},
		{"entityType.create", []string{"type_name", "x", "attr_defs", many}, 200, "invalid_argument", []string{"argument_name", "/a2000"}},
		{"entityType.create", []string{"type_name", "x"}, 100, "missing_argument", []string{"argument_name", "attr_defs"}},
		{"entityType.delete", []string{"type_name", "user", "commit", "true"}, 234, "reserved_entity_type", []string{"type_name", "user"}},
		{"entityType.delete", []string{"type_name", "user"}, 234, "reserved_entity_type", []string{"type_name", "user"}},
		{"entityType.addAttribute", []string{"type_name", "book", "attr_def", `{"name":"title","type":"string"}`}, 233, "attribute_exists", []string{"attribute_name", "/title"}},
		{"entityType.addAttribute", []string{"type_name", "book", "attr_def", `{"name":"print.year","type":"string"}`}, 233, "attribute_exists", []string{"attribute_name", "/print/year"}},
		{"entityType.addAttribute", []string{"type_name", "book", "attr_def", `{"name":"copies.id","type":"id"}`}, 234, "reserved_attribute", []string{"attribute_name", "/copies/id"}},
		{"entityType.addAttribute", []string{"type_name", "book", "attr_def", `{"name":"title.long","type":"string"}`}, 223, "unknown_attribute", []string{"attribute_name", "/title/long"}},
		{"entityType.addAttribute", []string{"type_name", "book", "attr_def", `{"name":"created","type":"date"}`}, 234, "reserved_attribute", []string{"attribute_name", "/created"}},
		{"entityType.addAttribute", []string{"type_name", "book", "attr_def", `{"type":"date"}`}, 200, "invalid_argument", []string{"argument_name", "attr_def"}},
		{"entityType.addAttribute", []string{"type_name", "book", "attr_def", `[]`}, 200, "invalid_argument", []string{"argument_name", "attr_def"}},
		{"entityType.addAttribute", []string{"type_name", "film", "attr_def", `{"name":"a","type":"date"}`}, 222, "unknown_entity_type", []string{"type_name", "film"}},
		{"entityType.removeAttribute", []string{"type_name", "book", "attribute_name", "pagina"}, 223, "unknown_attribute", []string{"attribute_name", "/pagina"}},
		{"entityType.removeAttribute", []string{"type_name", "book", "attribute_name", "id"}, 234, "reserved_attribute", []string{"attribute_name", "/id"}},
		{"entityType.removeAttribute", []string{"type_name", "book", "attribute_name", "copies#3"}, 223, "unknown_attribute", []string{"attribute_name", "/copies"}},
		{"entityType.renameAttribute", []string{"type_name", "book", "source_name", "title", "target_name", "isbn"}, 233, "attribute_exists", []string{"attribute_name", "/isbn"}},
		{"entityType.renameAttribute", []string{"type_name", "book", "source_name", "title", "target_name", "uuid"}, 234, "reserved_attribute", []string{"attribute_name", "/uuid"}},
		{"entityType.renameAttribute", []string{"type_name", "book", "source_name", "title", "target_name", "print.title"}, 200, "invalid_argument", []string{"argument_name", "target_name"}},
		{"entityType.renameAttribute", []string{"type_name", "book", "source_name", "title", "target_name", "ti tle"}, 200, "invalid_argument", []string{"argument_name", "/ti tle"}},
		{"entityType.setAttributeConstraints", []string{"type_name", "book", "attribute_name", "title", "constraints", `["shiny"]`}, 200, "invalid_argument", []string{"argument_name", "/title"}},
		{"entityType.setAttributeConstraints", []string{"type_name", "book", "attribute_name", "copies", "constraints", `["unique"]`}, 200, "invalid_argument", []string{"argument_name", "/copies"}},
		{"entityType.setAttributeConstraints", []string{"type_name", "book", "attribute_name", "title", "constraints", `{}`}, 200, "invalid_argument", []string{"argument_name", "constraints"}},
		{"entityType.setAttributeConstraints", []string{"type_name", "book", "attribute_name", "title"}, 100, "missing_argument", []string{"argument_name", "constraints"}},
		{"entityType.setAttributeDescription", []string{"type_name", "book", "attribute_name", "title", "description", `"a`}, 200, "invalid_argument", []string{"argument_name", "description"}},
	} {
		t.Run(c.op+" "+c.args[len(c.args)-1][:min(40, len(c.args[len(c.args)-1]))], func(t *testing.T) {
			wantError(t, s.call(t, c.op, c.args...), c.code, c.name, c.extra...)
		})
	}
	if got := attributeNames(t, s.ok(t, "entityType", "type_name", "book", "remove_reserved", "true")); len(got) != 5 {
		t.Errorf("something stayed: %v", got)
	}
}

func TestOnlyOwnersChangeAndReadTypes(t *testing.T) {
	s := start(t)
	for _, feature := range features {
		auth := s.client(t, directory.NewClient{Description: "c", Features: []access.Feature{feature}})
		for op, args := range map[string][]string{
			"entityType": {"type_name", "user"}, "entityType.list": nil, "entityType.create": {"type_name", "x" + string(feature), "attr_defs", "[]"},
			"entityType.delete": {"type_name", "y", "commit", "true"}, "entityType.addAttribute": {"type_name", "user", "attr_def", `{"name":"n` + string(feature) + `","type":"date"}`},
			"entityType.removeAttribute":         {"type_name", "user", "attribute_name", "nothing"},
			"entityType.renameAttribute":         {"type_name", "user", "source_name", "nothing", "target_name", "else"},
			"entityType.setAttributeConstraints": {"type_name", "user", "attribute_name", "gender", "constraints", "[]"},
			"entityType.setAttributeDescription": {"type_name", "user", "attribute_name", "gender", "description", `"x"`},
		} {
			a := s.as(t, auth, op, args...)
			code, _ := a.At("code")
			if refused := fmt.Sprint(code) == "403"; refused != (feature != access.Owner) {
				t.Errorf("%s as %s: %s", op, feature, a.Body)
			}
		}
	}
}

func TestAttributesThatProfilesAreReadByStay(t *testing.T) {
	s := start(t)
	for _, path := range []string{"email", "displayName", "photos", "photos.value", "primaryAddress", "primaryAddress.city", "mobileNumber", "password", "givenName"} {
		field := "/" + strings.ReplaceAll(path, ".", "/")
		if path == "primaryAddress" {
			field = "/primaryAddress/address1"
		}
		wantError(t, s.call(t, "entityType.removeAttribute", "type_name", "user", "attribute_name", path), 234, "reserved_attribute", "attribute_name", field)
	}
	wantError(t, s.call(t, "entityType.renameAttribute", "type_name", "user", "source_name", "email", "target_name", "mail"), 234, "reserved_attribute", "attribute_name", "/email")
	wantError(t, s.call(t, "entityType.renameAttribute", "type_name", "community", "source_name", "displayName", "target_name", "name"), 234, "reserved_attribute", "attribute_name", "/displayName")
	wantError(t, s.call(t, "entityType.setAttributeConstraints", "type_name", "user", "attribute_name", "email", "constraints", "[]"), 234, "reserved_attribute", "attribute_name", "/email")
	s.ok(t, "entityType.setAttributeConstraints", "type_name", "user", "attribute_name", "email", "constraints", `["unique","required","email-address"]`)
	wantError(t, s.call(t, "entity.create", "attributes", `{"givenName":"Nobody"}`), 362, "missing_required_attribute", "attribute_name", "/email")
	s.ok(t, "entityType.removeAttribute", "type_name", "user", "attribute_name", "gender")
	wantError(t, s.call(t, "entity.create", "attributes", `{"gender":"f","email":"x@example.com"}`), 223, "unknown_attribute", "attribute_name", "/gender")
}

func TestNoRuleMakesAnotherAddressOfOne(t *testing.T) {
	s := start(t)
	add := func(typeName, attributes, definition string) facetest.Answer {
		t.Helper()
		return s.call(t, "entityType.addRule", "type_name", typeName, "attributes", attributes, "definition", definition)
	}
	for _, definition := range []string{`{"truncate":17}`, `{"default":"all@example.com"}`, `"ignore-update"`, `"to-upper"`,
		`{"and":["to-lower",{"truncate":17}]}`, `{"and":[{"and":[{"default":"all@example.com"}]}]}`} {
		wantError(t, add("user", `["givenName","email"]`, definition), 234, "reserved_attribute", "attribute_name", "/email")
		wantError(t, add("organization", `["email"]`, definition), 234, "reserved_attribute", "attribute_name", "/email")
		wantError(t, add("user", `["mobileNumber"]`, definition), 234, "reserved_attribute", "attribute_name", "/mobileNumber")
	}
	for _, constraints := range []string{`["unique"]`, `["email-address"]`, `["required"]`} {
		wantError(t, s.call(t, "entityType.setAttributeConstraints", "type_name", "user", "attribute_name", "email", "constraints", constraints), 234, "reserved_attribute", "attribute_name", "/email")
	}
	wantError(t, s.call(t, "entityType.setAttributeConstraints", "type_name", "organization", "attribute_name", "email", "constraints", "[]"), 234, "reserved_attribute", "attribute_name", "/email")
	for _, definition := range []string{`"to-lower"`, `{"and":["to-lower",{"max-length":100}]}`} {
		if a := add("user", `["email"]`, definition); a.Text("stat") != "ok" {
			t.Errorf("%s: %s", definition, a.Body)
		}
	}
	uuid := s.create(t, `{"email":"Somebody@Example.COM.au"}`)
	s.user(t, uuid).Is(map[string]any{"result.email": "somebody@example.com.au"})
}

// The cases E-36 to E-38 of the published collections.
func TestTheCollectionsCallsOnTypes(t *testing.T) {
	s := start(t)
	made := s.ok(t, "entityType.create", "type_name", "product", "attr_defs",
		`[{"name":"Name","type":"string","case-sensitive":false},{"name":"Description","type":"string","length":1000,"case-sensitive":false}]`)
	if got := attributeNames(t, made); !slices.Equal(got, []string{"id", "uuid", "created", "lastUpdated", "Description", "Name"}) {
		t.Errorf("attributes %v", got)
	}
	with := s.ok(t, "entityType.addAttribute", "type_name", "user", "attr_def", `{"name":"fullName","type":"string","length":50}`)
	if !slices.Contains(attributeNames(t, with), "fullName") {
		t.Errorf("no fullName: %v", attributeNames(t, with))
	}
	without := s.ok(t, "entityType.removeAttribute", "type_name", "user", "attribute_name", "fullName")
	if slices.Contains(attributeNames(t, without), "fullName") {
		t.Errorf("fullName stayed: %v", attributeNames(t, without))
	}
	s.ok(t, "entityType.setAttributeConstraints", "type_name", "user", "attribute_name", "givenName", "constraints", `["required"]`)
	wantError(t, s.call(t, "entity.create", "attributes", `{"familyName":"Smith"}`), 362, "missing_required_attribute", "attribute_name", "/givenName")
	a := s.ok(t, "entityType.setAttributeDescription", "type_name", "user", "attribute_name", "givenName", "description", `"what \"they\" are called"`)
	if !strings.Contains(string(a.Body), `"description":"what \"they\" are called"`) {
		t.Errorf("no description: %s", a.Body)
	}
}

func TestReadsOfTypesAreAlsoMadeByGet(t *testing.T) {
	s := start(t)
	for _, path := range []string{"/entityType?type_name=user", "/entityType.list"} {
		s.Do(t, facetest.Call{Method: http.MethodGet, Path: path, Header: map[string]string{"Authorization": printedAuth}}).Want(http.StatusOK).Is(map[string]any{"stat": "ok"})
	}
	a := s.Do(t, facetest.Call{Method: http.MethodGet, Path: "/entityType.addAttribute?type_name=user&attr_def=" + url.QueryEscape(`{"name":"a","type":"date"}`),
		Header: map[string]string{"Authorization": printedAuth}}).Want(http.StatusOK)
	wantError(t, a, 404, "invalid_api_method")
}
