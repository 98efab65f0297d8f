package entity_test

import (
	"regexp"
	"slices"
	"testing"
	"time"

	"facet/internal/schema"
)

// TestPublishedAndRecordedCases goes through what the API's pages print and
// what was recorded of the published servers, in their order, on one site.
func TestPublishedAndRecordedCases(t *testing.T) {
	s := start(t)
	matt := s.ok(t, "entity.create", "type_name", "user", "attributes", printedAttributes)
	if !regexp.MustCompile(`^\{"id":\d+,"uuid":"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}","stat":"ok"\}$`).Match(matt.Body) {
		t.Errorf("create: %s", matt.Body)
	}
	uuid := matt.Text("uuid")
	on := []string{"type_name", "user", "uuid", uuid}
	s.Clock.Advance(14*time.Minute + 43*time.Second + 4941*time.Microsecond)
	for _, c := range []struct {
		name, op string
		args     []string
		want     string // the whole body, request ids as …
	}{
		{"malformed JSON", "entity.create", []string{"type_name", "user", "attributes", `{"givenName":"Matt"`},
			`{"argument_name":"attributes","request_id":"…","code":200,"error_description":"attributes was not valid for the following reason: the JSON is not syntactically valid","error":"invalid_argument","stat":"error"}`},
		{"unknown attribute to create", "entity.create", []string{"type_name", "user", "attributes", `{"emailer":"x"}`},
			`{"attribute_name":"/emailer","request_id":"…","code":223,"error_description":"attribute does not exist: /emailer","error":"unknown_attribute","stat":"error"}`},
		{"unknown attribute to update", "entity.update", append(slices.Clone(on), "attributes", `{"emailer":"x"}`),
			`{"attribute_name":"/emailer","request_id":"…","code":223,"error_description":"attribute does not exist: /emailer","error":"unknown_attribute","stat":"error"}`},
		{"uuid that is none", "entity.delete", []string{"type_name", "user", "uuid", "notauuid"},
			`{"argument_name":"uuid","request_id":"…","code":200,"error_description":"uuid was not valid for the following reason: invalid uuid","error":"invalid_argument","stat":"error"}`},
		{"no match", "entity.find", []string{"type_name", "user", "filter", "email = 'demo@janrain.com' and birthday is null"},
			`{"result_count":0,"results":[],"stat":"ok"}`},
		{"update", "entity.update", append(slices.Clone(on), "attributes", `{"gender":"male"}`),
			`{"stat":"ok"}`},
		{"lastUpdated", "entity", append(slices.Clone(on), "attribute_name", "/lastUpdated"),
			`{"result":"2026-01-31 12:14:43.004941 +0000","stat":"ok"}`},
		{"no selector", "entity", []string{"type_name", "user"},
			`{"argument_name":"uuid","request_id":"…","code":100,"error_description":"missing required argument: uuid","error":"missing_argument","stat":"error"}`},
		{"wrong password", "entity", append(slices.Clone(on), "password_attribute", "password", "password_value", "wrong"),
			`{"request_id":"…","code":350,"error_description":"incorrect password.","error":"invalid_password_value","stat":"error"}`},
	} {
		if got := masked(s.call(t, c.op, c.args...)); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
	a := s.bulk(t, `[{"givenName":"Linus","familyName":"Torvalds"},{"givenName":"Ada","familyName":"Lovelace"}]`)
	if !regexp.MustCompile(`^\{"uuid_results":\["[0-9a-f-]{36}","[0-9a-f-]{36}"\],"results":\[\d+,\d+\],"stat":"ok"\}$`).Match(a.Body) {
		t.Errorf("bulkCreate: %s", a.Body)
	}
	s.user(t, a.Text("uuid_results.1")).Is(map[string]any{"result.familyName": "Lovelace"})
	a = s.bulk(t, `[{"givenName":"Bob"},{"email":"parkerm@example.com"}]`)
	taken := map[string]any{"code": 361, "error": "unique_violation", "error_description": "Attempted to update a duplicate value", "stat": "error"}
	a.Is(map[string]any{"uuid_results.1": taken, "results.1": taken, "stat": "ok"})
	s.ok(t, "entity", "type_name", "user", "key_attribute", "email", "key_value", `"parkerm@example.com"`).Is(map[string]any{"result.uuid": uuid})

	// A plural with the same unique value twice, and with distinct ones.
	wantError(t, s.call(t, "entity.replace", append(slices.Clone(on), "attribute_name", "profiles", "attributes",
		`[{"domain":"d","identifier":"centipede"},{"domain":"d","identifier":"centipede"}]`)...), 361, "unique_violation", "attribute_name", "/profiles/identifier")
	one := s.ok(t, "entity.replace", append(slices.Clone(on), "attribute_name", "profiles", "include_record", "true", "attributes",
		`[{"domain":"d","identifier":"centipede"},{"domain":"d","identifier":"millipede"}]`)...)
	two := s.ok(t, "entity.replace", append(slices.Clone(on), "attribute_name", "/profiles", "include_record", "true", "attributes",
		`[{"domain":"d","identifier":"millipede"},{"domain":"d","identifier":"centipede"}]`)...)
	for _, path := range []string{"result.0.id", "result.1.id"} {
		if id := number(two, path); id == "" || id == number(one, "result.0.id") || id == number(one, "result.1.id") {
			t.Errorf("%s is not new: %s, then %s", path, one.Body, two.Body)
		}
	}
	s.ok(t, "entity.count", "type_name", "user", "filter", "gender is not null").Is(map[string]any{"total_count": 1})
	s.ok(t, "entity.count", "type_name", "user", "filter", "profiles is not null").Is(map[string]any{"total_count": 1})
}

// TestCasesOfATypeOfTheSitesOwn goes on with those that need one.
func TestCasesOfATypeOfTheSitesOwn(t *testing.T) {
	s := start(t)
	s.ok(t, "entityType.create", "type_name", "robot", "attr_defs", `[{"name":"firstName","type":"string"},{"name":"lastName","type":"string"},
		{"name":"description","type":"string","length":1000,"case-sensitive":false},{"name":"basicInteger","type":"integer"},{"name":"basicDecimal","type":"decimal"},
		{"name":"basicBoolean","type":"boolean"},{"name":"basicDate","type":"date"},{"name":"basicDateTime","type":"dateTime"},{"name":"basicIpAddress","type":"ipAddress"},
		{"name":"json","type":"json"}]`)
	made := s.ok(t, "entity.create", "type_name", "robot", "attributes", `{"firstName":"Bob","lastName":"Smith"}`)
	if !regexp.MustCompile(`^\{"id":\d+,"uuid":"[0-9a-f-]{36}","stat":"ok"\}$`).Match(made.Body) {
		t.Errorf("create: %s", made.Body)
	}
	on := []string{"type_name", "robot", "uuid", made.Text("uuid")}
	for _, c := range []struct{ attribute, value, want string }{
		{"basicInteger", "100", "100"}, {"basicInteger", "-100", "-100"}, {"basicInteger", "0", "0"}, {"basicInteger", "null", "null"},
		{"basicDateTime", `"2012-03-12 01:23:45.123000 +0000"`, `"2012-03-12 01:23:45.123000 +0000"`},
		{"basicDateTime", `"2012-03-12"`, `"2012-03-12 00:00:00 +0000"`},
		{"basicDate", `"2012-03-12 18:02:56.012122 +0000"`, `"2012-03-12"`},
		{"firstName", `""`, `""`},
		{"json", `"text"`, `"text"`}, {"json", "1.10", "1.10"}, {"json", "true", "true"}, {"json", "null", "null"}, {"json", "[1,{}]", "[1,{}]"}, {"json", `{"b":1,"a":[]}`, `{"b":1,"a":[]}`},
	} {
		for _, op := range []string{"entity.update", "entity.replace"} {
			a := s.ok(t, op, append(slices.Clone(on), "attribute_name", "/"+c.attribute, "value", c.value, "include_record", "true")...)
			if want := `{"result":` + c.want + `,"stat":"ok"}`; string(a.Body) != want {
				t.Errorf("%s %s = %s: got %s, want %s", op, c.attribute, c.value, a.Body, want)
			}
		}
	}
	wantError(t, s.call(t, "entity.update", append(slices.Clone(on), "attributes", `{"basicDecimal":false}`)...), 341, "invalid_json_type", "attribute_name", "/basicDecimal")
	want := `{"argument_name":"/basicIpAddress","request_id":"…","code":200,"error_description":"/basicIpAddress was not a valid ip address.","error":"invalid_argument","stat":"error"}`
	if got := masked(s.call(t, "entity.update", append(slices.Clone(on), "attributes", `{"basicIpAddress":"1.2.3"}`)...)); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	rowsOf(t, s.call(t, "entity.bulkCreate", "type_name", "robot", "all_attributes", `[{"description":"square"},{"description":"round"},{}]`))
	s.ok(t, "entity.count", "type_name", "robot", "filter", "description is not null").Is(map[string]any{"total_count": 2})
	s.ok(t, "entity.attributeValues", "type_name", "robot", "attribute_path", "description").Is(map[string]any{"results": []string{"round", "square"}})
	s.ok(t, "entity.bulkDelete", "type_name", "robot", "filter", "description = 'ROUND'", "commit", "true").Is(map[string]any{"delete_count": 1})
	if a := s.ok(t, "entity.purge", "type_name", "robot", "commit", "true"); string(a.Body) != `{"stat":"ok"}` {
		t.Errorf("purge: %s", a.Body)
	}
	s.ok(t, "entity.count", "type_name", "robot").Is(map[string]any{"total_count": 0})
}

// TestARecordHasEveryAttributeInItsPublishedForm reads a user as recorded of
// the published servers: every attribute is there, unset ones as null, empty
// plurals as [], objects with all their leaves, in alphabetical order.
func TestARecordHasEveryAttributeInItsPublishedForm(t *testing.T) {
	s := start(t)
	s.Clock.Advance(8*time.Second + 339082*time.Microsecond)
	uuid := s.create(t, `{"emailVerified":"2011-11-05 19:00:10 +0000","gender":"","email":"x@example.com",
		"profiles":[{"domain":"d","identifier":"i","profile":{"emails":[{"type":"other","value":"x@example.com"}]}}]}`)
	a := s.user(t, uuid)
	if keys := a.Keys("result"); !slices.IsSorted(keys) {
		t.Errorf("keys %v", keys)
	}
	for path, want := range map[string]any{
		"aboutMe": nil, "birthday": nil, "created": "2026-01-31 12:00:08.339082 +0000", "currentLocation": nil, "display": nil, "displayName": nil,
		"email": "x@example.com", "emailVerified": "2011-11-05 19:00:10 +0000", "familyName": nil, "gender": "", "givenName": nil, "lastLogin": nil,
		"lastUpdated": "2026-01-31 12:00:08.339082 +0000", "middleName": nil, "password": nil, "photos": []any{}, "statuses": []any{}, "uuid": uuid,
		"profiles.0.domain": "d", "profiles.0.profile.displayName": nil, "profiles.0.profile.urls": []any{}, "profiles.0.profile.emails.0.primary": nil,
		"profiles.0.profile.emails.0.type": "other", "profiles.0.profile.emails.0.value": "x@example.com",
	} {
		a.Is(map[string]any{"result." + path: want})
	}
	for _, leaf := range []string{"address1", "address2", "city", "company", "country", "mobile", "phone", "stateAbbreviation", "zip", "zipPlus4"} {
		a.Is(map[string]any{"result.primaryAddress." + leaf: nil})
	}
	for _, path := range []string{"id", "profiles.0.id", "profiles.0.profile.emails.0.id"} {
		if n := number(a, "result."+path); !regexp.MustCompile(`^\d+$`).MatchString(n) {
			t.Errorf("%s is %q, not an integer", path, n)
		}
	}
	var all func(defs []schema.AttrDef, path string)
	all = func(defs []schema.AttrDef, path string) {
		for _, d := range defs {
			v, ok := a.At(path + d.Name)
			switch {
			case !ok:
				t.Errorf("%s%s is missing", path, d.Name)
			case d.Type == "object":
				all(d.AttrDefs, path+d.Name+".")
			case d.Type == "plural" && v == nil:
				t.Errorf("%s%s is null", path, d.Name)
			}
		}
	}
	all(schema.DefaultUser().AllDefs(), "result.")
}
