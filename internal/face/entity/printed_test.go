package entity_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"facet/internal/facetest"
)

// printedAttributes are those of the curl that the entity.create page prints.
const printedAttributes = `{"givenName":"Matt","familyName":"Parker","email":"parkerm@example.com","statuses":[{"status":"active","statusCreated":"2019-10-15T07:36:25Z"}]}`

func TestPrintedCreateAnswersIDAndUUID(t *testing.T) {
	s := start(t)
	a := s.Do(t, facetest.Call{
		Method: http.MethodPost, Path: "/entity.create", Type: formType,
		Header: map[string]string{"Authorization": printedAuth},
		Body:   "type_name=user&attributes=%7B%22givenName%22%3A%22Matt%22%2C%22familyName%22%3A%22Parker%22%2C%22email%22%3A%22parkerm%40example.com%22%2C%22statuses%22%3A%5B%7B%22status%22%3A%22active%22%2C%22statusCreated%22%3A%222019-10-15T07%3A36%3A25Z%22%7D%5D%7D",
	}).Want(200)
	if !regexp.MustCompile(`^\{"id":\d+,"uuid":"[0-9a-f-]{36}","stat":"ok"\}$`).Match(a.Body) {
		t.Fatalf("got %s", a.Body)
	}
	for name, want := range map[string]string{
		"Content-Type": "application/json", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
	} {
		if got := a.Header.Get(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	id, _ := a.At("id")
	got := s.ok(t, "entity", "type_name", "user", "key_attribute", "email", "key_value", `"parkerm@example.com"`)
	got.Is(map[string]any{
		"result.id": id, "result.uuid": a.Text("uuid"),
		"result.givenName": "Matt", "result.familyName": "Parker", "result.email": "parkerm@example.com",
		"result.statuses.0.status": "active", "result.statuses.0.statusCreated": "2019-10-15 07:36:25 +0000",
		"result.middleName": nil, "result.photos": []any{}, "result.primaryAddress.city": nil, "result.password": nil,
		"result.created": "2026-01-31 12:00:00 +0000", "result.lastUpdated": "2026-01-31 12:00:00 +0000",
	})
	if got.Header.Get("Content-Length") == "" {
		t.Error("no Content-Length")
	}
}

func TestPrintedErrorForMalformedJSON(t *testing.T) {
	s := start(t)
	a := s.call(t, "entity.create", "type_name", "user", "attributes", strings.Replace(printedAttributes, "}", "", 1))
	want := `{"argument_name":"attributes","request_id":"…","code":200,` +
		`"error_description":"attributes was not valid for the following reason: the JSON is not syntactically valid",` +
		`"error":"invalid_argument","stat":"error"}`
	if got := masked(a); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}

func TestIncludeRecordAnswersTheWholeRecord(t *testing.T) {
	s := start(t)
	a := s.ok(t, "entity.create", "type_name", "user", "attributes", printedAttributes, "include_record", "true")
	record, _ := s.user(t, a.Text("uuid")).At("result")
	a.Is(map[string]any{"result": record})
	b := s.ok(t, "entity.create", "attributes", `{"givenName":"Ann"}`, "include_record", "false")
	if _, ok := b.At("result"); ok {
		t.Errorf("result in %s", b.Body)
	}
}

// TestRecordedAnswers are cases recorded from the published servers and pages.
func TestRecordedAnswers(t *testing.T) {
	s := start(t)
	uuid := s.create(t, `{"givenName":"Matt","email":"parkerm@example.com","password":"secret pass"}`)
	for _, c := range []struct {
		name, op string
		args     []string
		want     string
	}{
		{"unknown attribute", "entity.create", []string{"attributes", `{"emailer":"x"}`},
			`{"attribute_name":"/emailer","request_id":"…","code":223,"error_description":"attribute does not exist: /emailer","error":"unknown_attribute","stat":"error"}`},
		{"uuid that is none", "entity.delete", []string{"type_name", "user", "uuid", "notauuid"},
			`{"argument_name":"uuid","request_id":"…","code":200,"error_description":"uuid was not valid for the following reason: invalid uuid","error":"invalid_argument","stat":"error"}`},
		{"no such operation", "nosuch", nil,
			`{"request_id":"…","code":404,"error_description":"This API endpoint does not exist","error":"invalid_api_method","stat":"error"}`},
		{"no match", "entity.find", []string{"type_name", "user", "filter", "email='nobody@example.com'"},
			`{"result_count":0,"results":[],"stat":"ok"}`},
		{"update", "entity.update", []string{"type_name", "user", "uuid", uuid, "attributes", `{"gender":""}`},
			`{"stat":"ok"}`},
		{"one attribute", "entity", []string{"type_name", "user", "uuid", uuid, "attribute_name", "/lastUpdated"},
			`{"result":"2026-01-31 12:00:00 +0000","stat":"ok"}`},
		{"no selector", "entity", []string{"type_name", "user"},
			`{"argument_name":"uuid","request_id":"…","code":100,"error_description":"missing required argument: uuid","error":"missing_argument","stat":"error"}`},
		{"wrong password", "entity", []string{"type_name", "user", "uuid", uuid, "password_attribute", "password", "password_value", "wrong"},
			`{"request_id":"…","code":350,"error_description":"incorrect password.","error":"invalid_password_value","stat":"error"}`},
		{"duplicate", "entity.create", []string{"attributes", `{"email":"PARKERM@example.com"}`},
			`{"attribute_name":"/email","request_id":"…","code":361,"error_description":"Attempted to update a duplicate value","error":"unique_violation","stat":"error"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := masked(s.call(t, c.op, c.args...)); got != c.want {
				t.Errorf("\n got %s\nwant %s", got, c.want)
			}
		})
	}
	if got, want := masked(s.as(t, "", "entity", "type_name", "user", "uuid", uuid)),
		`{"request_id":"…","code":205,"error_description":"no authentication provided, for example client_id and client_secret","error":"invalid_auth_method","stat":"error"}`; got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	if got, want := masked(s.as(t, "OAuth deadtoken", "entity")),
		`{"request_id":"…","code":414,"error_description":"access_token expired","error":"access_token_expired","stat":"error"}`; got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	s.ok(t, "entity", "type_name", "user", "uuid", uuid, "password_attribute", "password", "password_value", "secret pass")
}

func TestValuesComeBackAsWritten(t *testing.T) {
	s := start(t)
	for _, c := range []struct{ attribute, in, out string }{
		{"emailVerified", `"2012-03-12 01:23:45.123000 +0000"`, `"2012-03-12 01:23:45.123000 +0000"`},
		{"emailVerified", `"2012-03-12"`, `"2012-03-12 00:00:00 +0000"`},
		{"birthday", `"2012-03-12 18:00:00 +0000"`, `"2012-03-12"`},
		{"gender", `""`, `""`},
		{"display", `"text"`, `"text"`},
		{"display", `12345678901234567890`, `12345678901234567890`},
		{"display", `1.10`, `1.10`},
		{"display", `-1.5e300`, `-1.5e300`},
		{"display", `true`, `true`},
		{"display", `null`, `null`},
		{"display", `[1,{"b":2,"a":[]}]`, `[1,{"b":2,"a":[]}]`},
		{"display", `{"z":0.10,"a":{}}`, `{"z":0.10,"a":{}}`},
		{"givenName", `"Zoë 日本 😀"`, `"Zoë 日本 😀"`},
	} {
		t.Run(c.attribute+"="+c.in, func(t *testing.T) {
			uuid := s.create(t, `{"`+c.attribute+`":`+c.in+`}`)
			got := s.ok(t, "entity", "type_name", "user", "uuid", uuid, "attribute_name", c.attribute)
			if want := `{"result":` + c.out + `,"stat":"ok"}`; string(got.Body) != want {
				t.Errorf("got %s, want %s", got.Body, want)
			}
		})
	}
}

func TestCreatedCanBeImported(t *testing.T) {
	s := start(t)
	uuid := s.create(t, `{"created":"1875-08-02 15:28:31"}`)
	s.user(t, uuid).Is(map[string]any{"result.created": "1875-08-02 15:28:31 +0000", "result.lastUpdated": "2026-01-31 12:00:00 +0000"})
	wantError(t, s.call(t, "entity.create", "attributes", `{"created":"soon"}`), 342, "invalid_date_time", "attribute_name", "/created")
	wantError(t, s.call(t, "entity.update", "type_name", "user", "uuid", uuid, "attributes", `{"created":"2000-01-01"}`),
		234, "reserved_attribute", "attribute_name", "/created")
}
