package entity_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"facet/internal/access"
	"facet/internal/directory"
	"facet/internal/facetest"
	"facet/internal/profile"
)

// publishedTypes is a site whose types are made for the published cases.
func publishedTypes(t *testing.T) service {
	t.Helper()
	s := start(t)
	s.ok(t, "entityType.create", "type_name", "case", "attr_defs", `[
		{"name":"basicDecimal","type":"decimal"},{"name":"basicIpAddress","type":"ipAddress"},
		{"name":"alphanumeric","type":"string","constraints":["alphanumeric"]},{"name":"alphabetic","type":"string","constraints":["alphabetic"]},
		{"name":"letters","type":"string","constraints":["unicode-letters"]},{"name":"printable","type":"string","constraints":["unicode-printable"]},
		{"name":"email","type":"string","constraints":["email-address"]},
		{"name":"object","type":"object","attr_defs":[{"name":"string","type":"string","constraints":["required"]},{"name":"other","type":"string"}]},
		{"name":"plural","type":"plural","attr_defs":[{"name":"string","type":"string","constraints":["unique"]}]}]`)
	return s
}

func TestPublishedCasesOfConstraints(t *testing.T) { // E-17 to E-26
	s := publishedTypes(t)
	uuid := s.ok(t, "entity.create", "type_name", "case", "attributes", `{}`).Text("uuid")
	write := func(op, attributes string, more ...string) facetest.Answer {
		t.Helper()
		return s.call(t, op, append([]string{"type_name", "case", "uuid", uuid, "attributes", attributes}, more...)...)
	}
	wantError(t, write("entity.replace", `[{"string":"centipede"},{"string":"centipede"}]`, "attribute_name", "plural"), 361, "unique_violation", "attribute_name", "/plural/string")
	first := write("entity.replace", `[{"string":"centipede"},{"string":"millipede"}]`, "attribute_name", "plural", "include_record", "true")
	second := write("entity.replace", `[{"string":"centipede"},{"string":"millipede"}]`, "attribute_name", "plural", "include_record", "true")
	a, _ := first.At("result.0.id")
	b, _ := second.At("result.0.id")
	if first.Text("stat") != "ok" || second.Text("result.1.string") != "millipede" || a == nil || a == b {
		t.Errorf("%s then %s", first.Body, second.Body)
	}
	another := s.ok(t, "entity.create", "type_name", "case", "attributes", `{}`).Text("uuid")
	wantError(t, s.call(t, "entity.update", "type_name", "case", "uuid", another, "attributes", `{"plural":[{"string":"millipede"}]}`), 361, "unique_violation", "attribute_name", "/plural/string")
	if got := masked(write("entity.update", `{"basicIpAddress":"nowhere"}`)); !strings.Contains(got, `"argument_name":"/basicIpAddress"`) || !strings.Contains(got, `"error_description":"/basicIpAddress was not a valid ip address."`) || !strings.Contains(got, `"code":200`) {
		t.Errorf("%s", got)
	}
	for _, tc := range []struct {
		attribute, value string
		code             int
		name             string
	}{
		{"basicDecimal", `false`, 341, "invalid_json_type"},
		{"object", `{"string":null}`, 362, "missing_required_attribute"},
		{"object", `{"other":"x"}`, 362, "missing_required_attribute"},
		{"alphanumeric", `"!@#$%^&*()"`, 360, "constraint_violation"},
		{"alphabetic", `"abc123"`, 360, "constraint_violation"},
		{"letters", `"\u2615"`, 360, "constraint_violation"},
		{"printable", `"\u0011"`, 360, "constraint_violation"},
		{"email", `"anemone"`, 360, "constraint_violation"},
	} {
		path := "/" + tc.attribute
		if tc.attribute == "object" {
			path += "/string"
		}
		wantError(t, write("entity.update", `{"`+tc.attribute+`":`+tc.value+`}`), tc.code, tc.name, "attribute_name", path)
	}
	for _, good := range []string{`{"object":{"string":"amazon"}}`, `{"alphanumeric":"abc123"}`, `{"alphabetic":"abc"}`, `{"letters":"\u0393"}`, `{"printable":"\u2615"}`, `{"printable":"\u202a"}`,
		`{"email":"Rδοκιμή123abc.def+ghi@a.abπαράδειγμα.δοκιμή"}`, `{"basicIpAddress":"127.0.0.1"}`} {
		if a := write("entity.update", good); a.Text("stat") != "ok" {
			t.Errorf("%s: %s", good, a.Body)
		}
	}
}

func TestPublishedCasesOfTypes(t *testing.T) { // E-36 to E-40
	s := start(t)
	a := s.ok(t, "entityType.create", "type_name", "thing", "attr_defs", `[{"name":"Name","type":"string","case-sensitive":false},{"name":"Description","type":"string","length":1000,"case-sensitive":false}]`)
	for i, name := range []string{"id", "uuid", "created", "lastUpdated", "Description", "Name"} {
		a.Is(map[string]any{fmt.Sprintf("schema.attr_defs.%d.name", i): name})
	}
	a = s.ok(t, "entityType.addAttribute", "type_name", "user", "attr_def", `{"name":"fullName","type":"string","length":50}`)
	if !strings.Contains(string(a.Body), `"name":"fullName"`) {
		t.Errorf("%s", a.Body)
	}
	a = s.ok(t, "entityType.removeAttribute", "type_name", "user", "attribute_name", "fullName")
	if strings.Contains(string(a.Body), `"name":"fullName"`) {
		t.Errorf("%s", a.Body)
	}

	rule := s.ok(t, "entityType.addRule", "type_name", "user", "attributes", `["givenName"]`, "definition", `{"and": [{"match-all":"[a-zA-Z]*"}, {"max-length":25}]}`, "description", "letters only")
	id := rule.Text("result.uuid")
	want := `{"attributes":["givenName"],"definition":{"and":[{"match-all":"[a-zA-Z]*"},{"max-length":25}]},"description":"letters only","property":"rule","uuid":"` + id + `"}`
	if got := string(rule.Body); got != `{"result":`+want+`,"stat":"ok"}` {
		t.Errorf("%s", got)
	}
	for _, op := range []string{"entityType.rules", "entityType.properties"} {
		if got := string(s.ok(t, op, "type_name", "user").Body); got != `{"results":[`+want+`],"stat":"ok"}` {
			t.Errorf("%s: %s", op, got)
		}
	}
	wantError(t, s.call(t, "entity.create", "attributes", `{"givenName":"Bob1"}`), 360, "constraint_violation", "attribute_name", "/givenName")
	wantError(t, s.call(t, "entity.create", "attributes", `{"givenName":"`+strings.Repeat("b", 26)+`"}`), 360, "constraint_violation", "attribute_name", "/givenName")
	s.create(t, `{"givenName":"Bob"}`)
	wantError(t, s.call(t, "entityType.removeRule", "type_name", "user", "uuid", profile.NewID(time.Now()).String()), 310, "record_not_found")
	s.ok(t, "entityType.removeRule", "type_name", "user", "uuid", id)
	s.create(t, `{"givenName":"Bob1"}`)

	c := s.newClient(t, access.DirectAccess)
	s.allow(t, c, "write", `[]`)
	wantError(t, s.as(t, c.auth, "entity.update", "type_name", "user", "uuid", s.create(t, `{}`), "attributes", `{"gender":"x"}`), 223, "unknown_attribute", "attribute_name", "/gender")
	wantError(t, s.as(t, c.auth, "entity.create", "attributes", `{}`), 403, "client_permission_error")

	s.ok(t, "entityType.setAttributeConstraints", "type_name", "user", "attribute_name", "givenName", "constraints", `["required"]`)
	wantError(t, s.call(t, "entity.create", "attributes", `{}`), 362, "missing_required_attribute", "attribute_name", "/givenName")
}

func TestRulesHoldForWhateverWrites(t *testing.T) {
	s := start(t)
	s.ok(t, "entityType.addRule", "type_name", "user", "attributes", `["/displayName"]`, "definition", `{"and":[{"not":{"match":"(?i)admin"}},{"default":"Nobody"}]}`)
	s.ok(t, "entityType.addRule", "type_name", "user", "attributes", `["photos.type"]`, "definition", `"to-lower"`)
	s.ok(t, "entityType.addRule", "type_name", "user", "attributes", `["birthday"]`, "definition", `{"min-age":18}`)
	s.ok(t, "entityType.addRule", "type_name", "user", "attributes", `["gender"]`, "definition", `"ignore-update"`)
	uuid := s.create(t, `{"photos":[{"type":"BIG"}],"gender":"first","birthday":"2008-01-31"}`)
	s.user(t, uuid).Is(map[string]any{"result.displayName": "Nobody", "result.photos.0.type": "big"})
	wantError(t, s.call(t, "entity.create", "attributes", `{"birthday":"2008-02-01"}`), 360, "constraint_violation", "attribute_name", "/birthday") // the site's clock says 2026-01-31
	s.ok(t, "entity.update", "type_name", "user", "uuid", uuid, "attributes", `{"gender":"second"}`)
	s.ok(t, "entity.replace", "type_name", "user", "uuid", uuid, "attributes", `{}`)
	s.user(t, uuid).Is(map[string]any{"result.gender": "first", "result.displayName": "Nobody", "result.birthday": nil})
	s.call(t, "entity.bulkCreate", "type_name", "user", "all_attributes", `[{"displayName":"the ADMIN"},{"displayName":"Ann"}]`).Is(map[string]any{"results.0.code": 360})
	name := "Administrator"
	_, err := s.Site.EditProfile(t.Context(), s.xiaHerself(t), "xia", directory.Edit{FullName: &name})
	if e := profile.AsError(err); e.Code != profile.CodeConstraint || e.Field != "displayName" {
		t.Errorf("another face wrote what a rule forbids: %v", err)
	}
}

// xiaHerself is xia, signed in.
func (s service) xiaHerself(t testing.TB) access.Principal {
	t.Helper()
	in, err := s.Site.Login(t.Context(), directory.Credentials{Login: "xia", Spaces: []profile.Space{profile.Slug}, Password: facetest.Password}, directory.Exchanged)
	if err != nil {
		t.Fatal(err)
	}
	who, err := s.Site.Authenticate(t.Context(), in.Token)
	if err != nil {
		t.Fatal(err)
	}
	return who
}

func TestAttributesThatAreUniqueTogetherOverHTTP(t *testing.T) {
	s := start(t)
	both := `{"type":"unique","attributes":["/givenName","/familyName"],"description":"full name must be unique"}`
	add := func() facetest.Answer {
		t.Helper()
		return s.call(t, "entityType.addProperty", "type_name", "user", "property", both)
	}
	ann := s.create(t, `{"givenName":"Ann","familyName":"Lee"}`)
	twin := s.create(t, `{"givenName":"ANN","familyName":"lee"}`)
	wantError(t, add(), 361, "unique_violation", "attribute_name", "/givenName")
	if got := string(s.ok(t, "entityType.properties", "type_name", "user").Body); got != `{"results":[],"stat":"ok"}` {
		t.Errorf("what existing records forbid is there: %s", got)
	}
	s.ok(t, "entity.update", "type_name", "user", "uuid", twin, "attributes", `{"givenName":"Bea"}`)
	a := add()
	a.Is(map[string]any{"stat": "ok", "result.property": "unique", "result.attributes.1": "/familyName", "result.description": "full name must be unique"})
	wantError(t, s.call(t, "entity.create", "attributes", `{"givenName":"ann","familyName":"LEE"}`), 361, "unique_violation", "attribute_name", "/givenName")
	wantError(t, s.call(t, "entity.update", "type_name", "user", "uuid", twin, "attributes", `{"givenName":"Ann"}`), 361, "unique_violation", "attribute_name", "/givenName")
	s.create(t, `{"givenName":"Ann"}`)
	s.create(t, `{"givenName":"Ann"}`) // null conflicts with nothing
	s.ok(t, "entity.delete", "type_name", "user", "uuid", ann)
	s.ok(t, "entity.update", "type_name", "user", "uuid", twin, "attributes", `{"givenName":"Ann"}`)
	s.ok(t, "entityType.removeProperty", "type_name", "user", "uuid", a.Text("result.uuid"))
	s.create(t, `{"givenName":"Ann","familyName":"Lee"}`)
}

func TestOfManyWhoCreateWhatIsUniqueTogetherOneWins(t *testing.T) {
	s := start(t)
	s.ok(t, "entityType.addProperty", "type_name", "user", "property", `{"type":"unique","attributes":["givenName","familyName"]}`)
	var wg sync.WaitGroup
	made := make(chan string, 20)
	for range cap(made) {
		wg.Go(func() {
			made <- s.call(t, "entity.create", "attributes", `{"givenName":"One","familyName":"Only"}`).Text("stat")
		})
	}
	wg.Wait()
	close(made)
	ok := 0
	for stat := range made {
		if stat == "ok" {
			ok++
		}
	}
	if ok != 1 {
		t.Errorf("%d were made", ok)
	}
}

func TestATypeRemembersPasswords(t *testing.T) {
	s := start(t)
	set := func(size string) facetest.Answer {
		t.Helper()
		return s.call(t, "entityType.setPasswordSettings", "type_name", "user", "settings", `{"historySize": `+size+`}`)
	}
	if got := string(set("3").Body); got != `{"settings":{"historySize":3},"stat":"ok"}` {
		t.Fatalf("%s", got)
	}
	uuid := s.create(t, `{"password":"the first one"}`)
	change := func(password string) facetest.Answer {
		t.Helper()
		s.Clock.Advance(time.Minute)
		return s.call(t, "entity.update", "type_name", "user", "uuid", uuid, "attributes", `{"password":`+password+`}`)
	}
	for _, step := range []struct {
		password string
		ok       bool
	}{
		{`"the first one"`, false}, {`"the second one"`, true}, {`"the first one"`, false}, {`"the third one"`, true}, {`"the first one"`, false},
		{`"the fourth one"`, true}, {`"the first one"`, true}, {`null`, true}, {`"the first one"`, false}, {`"the third one"`, false}, {`"the second one"`, true},
	} {
		if a := change(step.password); step.ok != (a.Text("stat") == "ok") {
			t.Errorf("%s: %s", step.password, a.Body)
		} else if !step.ok {
			wantError(t, a, 360, "constraint_violation", "attribute_name", "/password")
		}
	}
	set("0").Is(map[string]any{"stat": "ok"})
	change(`"the second one"`).Is(map[string]any{"stat": "ok"})
	for _, bad := range []string{"11", "-1", "1.5", `"7"`} {
		wantError(t, set(bad), 200, "invalid_argument", "argument_name", "settings")
	}
	wantError(t, s.call(t, "entityType.setPasswordSettings", "type_name", "organization", "settings", `{"historySize":1}`), 200, "invalid_argument", "argument_name", "settings")
}
