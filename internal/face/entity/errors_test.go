package entity_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"facet/internal/directory"
	"facet/internal/facetest"
)

// TestErrors has a call for each code of the API that these operations answer.
func TestErrors(t *testing.T) {
	s := start(t)
	uuid := s.create(t, `{"givenName":"Matt","email":"matt@example.com"}`)
	on := func(args ...string) []string { return append([]string{"type_name", "user", "uuid", uuid}, args...) }
	attributes := func(json string) []string { return []string{"type_name", "user", "attributes", json} }
	find := func(args ...string) []string { return append([]string{"type_name", "user"}, args...) }
	for _, c := range []struct {
		name  string
		op    string
		args  []string
		code  int
		error string
		extra []string
	}{
		{"no attributes", "entity.create", find(), 100, "missing_argument", []string{"argument_name", "attributes"}},
		{"no type", "entity", []string{"uuid", uuid}, 100, "missing_argument", []string{"argument_name", "type_name"}},
		{"no type to find", "entity.find", nil, 100, "missing_argument", []string{"argument_name", "type_name"}},
		{"no type to count", "entity.count", nil, 100, "missing_argument", []string{"argument_name", "type_name"}},
		{"no selector to update", "entity.update", attributes(`{}`), 100, "missing_argument", []string{"argument_name", "uuid"}},
		{"nothing to update", "entity.update", on(), 100, "missing_argument", []string{"argument_name", "attributes"}},
		{"no selector to delete", "entity.delete", find(), 100, "missing_argument", []string{"argument_name", "uuid"}},
		{"no key_value", "entity", find("key_attribute", "email"), 100, "missing_argument", []string{"argument_name", "key_value"}},
		{"no key_attribute", "entity", find("key_value", `"x"`), 100, "missing_argument", []string{"argument_name", "key_attribute"}},
		{"no password_value", "entity", on("password_attribute", "password"), 100, "missing_argument", []string{"argument_name", "password_value"}},
		{"no password_attribute", "entity", on("password_value", "x"), 100, "missing_argument", []string{"argument_name", "password_attribute"}},

		{"empty attributes", "entity.create", attributes(""), 200, "invalid_argument", []string{"argument_name", "attributes"}},
		{"name twice in attributes", "entity.create", attributes(`{"gender":"a","gender":"b"}`), 200, "invalid_argument", []string{"argument_name", "attributes"}},
		{"NUL in attributes", "entity.create", attributes(`{"gender":"\u0000"}`), 200, "invalid_argument", []string{"argument_name", "attributes"}},
		{"deep attributes", "entity.create", attributes(`{"display":` + strings.Repeat("[", 80) + strings.Repeat("]", 80) + `}`), 200, "invalid_argument", []string{"argument_name", "attributes"}},
		{"attributes of another type", "entity.create", attributes(`["x"]`), 200, "invalid_argument", []string{"argument_name", "attributes"}},
		{"malformed value", "entity.update", on("attribute_name", "gender", "value", "male"), 200, "invalid_argument", []string{"argument_name", "value"}},
		{"malformed id", "entity", find("id", "7x"), 200, "invalid_argument", []string{"argument_name", "id"}},
		{"malformed key_value", "entity", find("key_attribute", "email", "key_value", "matt@example.com"), 200, "invalid_argument", []string{"argument_name", "key_value"}},
		{"key_value of another type", "entity", find("key_attribute", "email", "key_value", "7"), 200, "invalid_argument", []string{"argument_name", "key_value"}},
		{"key_value that is no uuid", "entity", find("key_attribute", "uuid", "key_value", `"7"`), 200, "invalid_argument", []string{"argument_name", "key_value"}},
		{"key_value that is no id", "entity", find("key_attribute", "id", "key_value", `"x"`), 200, "invalid_argument", []string{"argument_name", "key_value"}},
		{"key that is not unique", "entity", find("key_attribute", "gender", "key_value", `"male"`), 200, "invalid_argument", []string{"argument_name", "key_attribute"}},
		{"password that is none", "entity", on("password_attribute", "gender", "password_value", "x"), 200, "invalid_argument", []string{"argument_name", "password_attribute"}},
		{"malformed filter", "entity.find", find("filter", "gender = "), 200, "invalid_argument", []string{"argument_name", "filter"}},
		{"malformed filter to count", "entity.count", find("filter", "gender = 'x"), 200, "invalid_argument", []string{"argument_name", "filter"}},
		{"filter nested too deep", "entity.find", find("filter", strings.Repeat("(", 101)+"gender = 'x'"+strings.Repeat(")", 101)), 200, "invalid_argument", []string{"argument_name", "filter"}},
		{"filter of unlike types", "entity.find", find("filter", "birthday > 'x'"), 200, "invalid_argument", []string{"argument_name", "filter"}},
		{"long filter", "entity.find", find("filter", strings.Repeat(" ", 65<<10)+"x"), 200, "invalid_argument", []string{"argument_name", "filter"}},
		{"too many results", "entity.find", find("max_results", "10001"), 200, "invalid_argument", []string{"argument_name", "max_results"}},
		{"no results", "entity.find", find("max_results", "0"), 200, "invalid_argument", []string{"argument_name", "max_results"}},
		{"negative first_result", "entity.find", find("first_result", "-1"), 200, "invalid_argument", []string{"argument_name", "first_result"}},
		{"timeout that is no number", "entity.find", find("timeout", "soon"), 200, "invalid_argument", []string{"argument_name", "timeout"}},
		{"no time", "entity", on("timeout", "0"), 200, "invalid_argument", []string{"argument_name", "timeout"}},
		{"flag that is none", "entity.find", find("show_total_count", "maybe"), 200, "invalid_argument", []string{"argument_name", "show_total_count"}},
		{"malformed sort_on", "entity.find", find("sort_on", "id"), 200, "invalid_argument", []string{"argument_name", "sort_on"}},
		{"sort_on that is no list", "entity.find", find("sort_on", `{"id":1}`), 200, "invalid_argument", []string{"argument_name", "sort_on"}},
		{"malformed list of attributes", "entity.find", find("attributes", "gender"), 200, "invalid_argument", []string{"argument_name", "attributes"}},
		{"path that is no element", "entity.delete", on("attribute_name", "photos"), 200, "invalid_argument", []string{"argument_name", "/photos"}},

		{"two selectors", "entity", on("id", "7"), 201, "duplicate_argument", nil},
		{"two ways to say what", "entity.update", on("attributes", `{}`, "value", `{}`), 201, "duplicate_argument", nil},
		{"two ways to say which part", "entity", on("attributes", `["id"]`, "attribute_name", "id"), 201, "duplicate_argument", nil},
		{"an argument twice", "entity", on("uuid", strings.Repeat("0", 8)), 201, "duplicate_argument", nil},

		{"unknown type", "entity", []string{"type_name", "robot", "uuid", uuid}, 222, "unknown_entity_type", []string{"type_name", "robot"}},
		{"unknown type to create", "entity.create", []string{"type_name", "robot", "attributes", `{}`}, 222, "unknown_entity_type", []string{"type_name", "robot"}},
		{"unknown type to find", "entity.find", []string{"type_name", "$user"}, 222, "unknown_entity_type", []string{"type_name", "$user"}},
		{"unknown attribute to update", "entity.update", on("attributes", `{"primaryAddress":{"planet":"Mars"}}`), 223, "unknown_attribute", []string{"attribute_name", "/primaryAddress/planet"}},
		{"unknown attribute to read", "entity", on("attribute_name", "/primaryAddress/planet"), 223, "unknown_attribute", []string{"attribute_name", "/primaryAddress/planet"}},
		{"unknown attribute in attributes", "entity", on("attributes", `["planet"]`), 223, "unknown_attribute", []string{"attribute_name", "/planet"}},
		{"unknown attribute to filter", "entity.find", find("filter", "planet = 'Mars'"), 223, "unknown_attribute", []string{"attribute_name", "/planet"}},
		{"unknown attribute to count", "entity.count", find("filter", "planet is null"), 223, "unknown_attribute", []string{"attribute_name", "/planet"}},
		{"unknown attribute to sort on", "entity.find", find("sort_on", `["-planet"]`), 223, "unknown_attribute", []string{"attribute_name", "/planet"}},
		{"unknown key", "entity", find("key_attribute", "planet", "key_value", `"Mars"`), 223, "unknown_attribute", []string{"attribute_name", "/planet"}},
		{"element without its plural", "entity.delete", on("attribute_name", "/#42"), 223, "unknown_attribute", []string{"attribute_name", "/#42"}},
		{"reserved attribute", "entity.create", attributes(`{"uuid":"x"}`), 234, "reserved_attribute", []string{"attribute_name", "/uuid"}},
		{"reserved attribute to update", "entity.update", on("attributes", `{"lastUpdated":"2000-01-01"}`), 234, "reserved_attribute", []string{"attribute_name", "/lastUpdated"}},
		{"reserved path", "entity.update", on("attribute_name", "id", "value", "7"), 234, "reserved_attribute", []string{"attribute_name", "/id"}},

		{"no such uuid", "entity", find("uuid", "02b0c68d-7d7a-49d8-a88d-022585b0f877"), 310, "record_not_found", nil},
		{"zero uuid", "entity", find("uuid", "00000000-0000-0000-0000-000000000000"), 310, "record_not_found", nil},
		{"no such id", "entity", find("id", "999999999"), 310, "record_not_found", nil},
		{"negative id", "entity", find("id", "-1"), 310, "record_not_found", nil},
		{"no such key", "entity", find("key_attribute", "email", "key_value", `"nobody@example.com"`), 310, "record_not_found", nil},
		{"of another type", "entity", []string{"type_name", "organization", "uuid", uuid}, 310, "record_not_found", nil},
		{"nothing to update there", "entity.update", find("id", "999999999", "attributes", `{}`), 310, "record_not_found", nil},
		{"nothing to delete there", "entity.delete", find("id", "999999999"), 310, "record_not_found", nil},
		{"no such element", "entity", on("attribute_name", "/photos#3"), 310, "record_not_found", nil},
		{"no such element to update", "entity.update", on("attributes", `{"photos":[{"id":3,"type":"x"}]}`), 310, "record_not_found", nil},
		{"no such element to delete", "entity.delete", on("attribute_name", "photos#3"), 310, "record_not_found", nil},
		{"id in a new record", "entity.create", attributes(`{"id":7}`), 320, "id_in_new_record", []string{"attribute_name", "/id"}},
		{"id in a new element", "entity.create", attributes(`{"photos":[{"id":7}]}`), 320, "id_in_new_record", []string{"attribute_name", "/photos/id"}},
		{"guard", "entity.update", on("attributes", `{}`, "lastUpdated", "2000-01-01"), 330, "timestamp_mismatch",
			[]string{"attribute_name", "/lastUpdated", "actual_value", "2026-01-31 12:00:00 +0000", "supplied_value", "2000-01-01"}},
		{"wrong JSON type", "entity.create", attributes(`{"gender":7}`), 341, "invalid_json_type", []string{"attribute_name", "/gender"}},
		{"boolean for a decimal", "entity.create", attributes(`{"profiles":[{"domain":"d","identifier":"i","profile":{"addresses":[{"latitude":false}]}}]}`),
			341, "invalid_json_type", []string{"attribute_name", "/profiles/profile/addresses/latitude"}},
		{"object for a plural", "entity.create", attributes(`{"photos":{}}`), 341, "invalid_json_type", []string{"attribute_name", "/photos"}},
		{"bad date", "entity.create", attributes(`{"birthday":"the ides"}`), 342, "invalid_date_time", []string{"attribute_name", "/birthday"}},
		{"bad guard", "entity", on("created", "the ides"), 342, "invalid_date_time", []string{"attribute_name", "/created"}},
		{"constraint", "entity.create", attributes(`{"email":"anemone"}`), 360, "constraint_violation", []string{"attribute_name", "/email"}},
		{"unprintable", "entity.create", attributes(`{"givenName":"a\u0011"}`), 360, "constraint_violation", []string{"attribute_name", "/givenName"}},
		{"taken by an update", "entity.update", on("attributes", `{"email":"xia@localhost.localdomain"}`), 361, "unique_violation", []string{"attribute_name", "/email"}},
		{"twice in one record", "entity.update", on("attributes", `{"profiles":[{"domain":"d","identifier":"centipede"},{"domain":"d","identifier":"centipede"}]}`),
			361, "unique_violation", []string{"attribute_name", "/profiles/identifier"}},
		{"required child", "entity.create", attributes(`{"profiles":[{"domain":"amazon"}]}`), 362, "missing_required_attribute", []string{"attribute_name", "/profiles/identifier"}},
		{"too long", "entity.create", attributes(`{"gender":"` + strings.Repeat("x", 101) + `"}`), 363, "length_violation", []string{"attribute_name", "/gender"}},

		{"contains", "entity.find", find("filter", "email contains 'example'"), 485, "unsupported_operator", nil},
		{"no such operation", "entity.frobnicate", nil, 404, "invalid_api_method", nil},
		{"no such path", "entity/7", nil, 404, "invalid_api_method", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.name == "an argument twice" {
				a := s.Do(t, facetest.Call{Method: http.MethodPost, Path: "/" + c.op, Type: formType, Header: map[string]string{"Authorization": printedAuth},
					Body: form(on()...) + "&" + form("uuid", "x")})
				wantError(t, a, c.code, c.error, c.extra...)
				return
			}
			wantError(t, s.call(t, c.op, c.args...), c.code, c.error, c.extra...)
		})
	}
	s.user(t, uuid).Is(map[string]any{"result.givenName": "Matt", "result.photos": []any{}, "result.gender": nil, "result.lastUpdated": "2026-01-31 12:00:00 +0000"})
	if n, _ := s.ok(t, "entity.count", "type_name", "user", "filter", "email is null").At("total_count"); n.(interface{ String() string }).String() != "0" {
		t.Errorf("%v records were made by calls that failed", n)
	}
}

func TestTheLastManagerOfTheBrokerStays(t *testing.T) {
	s := start(t)
	wantError(t, s.call(t, "entity.delete", "type_name", "user", "key_attribute", "email", "key_value", `"donny@localhost.localdomain"`), 360, "constraint_violation")
}

func TestAWriteNeedsPost(t *testing.T) {
	s := start(t)
	for _, op := range []string{"entity.create", "entity.update", "entity.delete", "entity.replace", "entity.bulkCreate", "entity.deleteAccess",
		"entity.bulkDelete", "entity.purge", "entity.adopt"} {
		a := s.Do(t, facetest.Call{Method: http.MethodGet, Path: "/" + op + "?type_name=user&id=7", Header: map[string]string{"Authorization": printedAuth}})
		wantError(t, a, 404, "invalid_api_method")
	}
}

func TestTenWrongPasswordsLockTheRecord(t *testing.T) {
	s := start(t)
	check := func(password string) facetest.Answer {
		return s.call(t, "entity", "type_name", "user", "key_attribute", "email", "key_value", `"xia@localhost.localdomain"`,
			"password_attribute", "password", "password_value", password)
	}
	for range 10 {
		wantError(t, check("wrong"), 350, "invalid_password_value")
	}
	a := check(facetest.Password)
	wantError(t, a, 510, "api_limit_error")
	if a.Header.Get("Retry-After") != "900" {
		t.Errorf("Retry-After: %q", a.Header.Get("Retry-After"))
	}
	s.ok(t, "entity", "type_name", "user", "key_attribute", "email", "key_value", `"xia@localhost.localdomain"`)
	s.Clock.Advance(15*time.Minute + time.Second)
	if check(facetest.Password).Text("stat") != "ok" {
		t.Error("the lock does not end")
	}
}

func TestAPasswordIsAPasswordHoweverItWasSet(t *testing.T) {
	s := start(t)
	uuid := s.create(t, `{"givenName":"Ann"}`)
	check := func(password string) facetest.Answer {
		return s.call(t, "entity", "type_name", "user", "uuid", uuid, "password_attribute", "/password", "password_value", password)
	}
	wantError(t, check(""), 350, "invalid_password_value") // it has none
	wantError(t, check("null"), 350, "invalid_password_value")
	s.ok(t, "entity.update", "type_name", "user", "uuid", uuid, "attribute_name", "password", "value", `"open sesame"`)
	if check("open sesame").Text("stat") != "ok" {
		t.Error("the password set is not the password")
	}
	a := s.user(t, uuid)
	if strings.Contains(string(a.Body), "sesame") || strings.Contains(string(a.Body), "$argon2") {
		t.Errorf("the record shows its password: %s", a.Body)
	}
	if keys := a.Keys("result.password"); !slices.Equal(keys, []string{"type"}) {
		t.Errorf("password shows %v", keys)
	}
	hash := `{"type":"password-bcrypt","value":"$2a$04$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy"}`
	s.ok(t, "entity.update", "type_name", "user", "uuid", uuid, "attributes", `{"password":`+hash+`}`)
	wantError(t, check("open sesame"), 350, "invalid_password_value")
	s.ok(t, "entity.update", "type_name", "user", "uuid", uuid, "attributes", `{"password":null}`)
	s.user(t, uuid).Is(map[string]any{"result.password": nil})
}

func TestRequestIDIsTheOneInTheLog(t *testing.T) {
	s := start(t)
	for _, id := range []string{"geup8cd3gvcvjjnc", "Some-Other-Form"} {
		a := s.Do(t, facetest.Call{Method: http.MethodPost, Path: "/entity", Header: map[string]string{"X-Request-ID": id}})
		if got := a.Text("request_id"); len(id) == 16 && got != id || len(got) != 16 {
			t.Errorf("request_id %s for %s", got, id)
		}
	}
}

func TestAddressesNotOnTheAllowListAreRefused(t *testing.T) {
	s := start(t)
	here := s.client(t, directory.NewClient{Features: features[:1], Whitelist: []string{"127.0.0.0/8", "::1/128"}})
	elsewhere := s.client(t, directory.NewClient{Features: features[:1], Whitelist: []string{"192.0.2.0/24"}})
	if a := s.as(t, here, "entity.count", "type_name", "user"); a.Text("stat") != "ok" {
		t.Errorf("%s", a.Body)
	}
	wantError(t, s.as(t, elsewhere, "entity.count", "type_name", "user"), 403, "client_permission_error")
}
