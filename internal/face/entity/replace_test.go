package entity_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"facet/internal/access"
	"facet/internal/directory"
	"facet/internal/facetest"
)

func TestAReplaceClearsWhatItDoesNotName(t *testing.T) {
	s := start(t)
	uuid := s.create(t, `{"givenName":"Ann","email":"ann@example.com","password":"open sesame","primaryAddress":{"city":"Bonn","zip":"53111"},
		"statuses":[{"status":"one"},{"status":"two"}],"display":{"a":1}}`)
	before := s.user(t, uuid)
	s.Clock.Advance(2 * time.Second)
	a := s.ok(t, "entity.replace", "type_name", "user", "uuid", uuid, "include_record", "true",
		"attributes", `{"familyName":"Lee","primaryAddress":{"country":"DE"},"statuses":[{"status":"three"}]}`)
	id, _ := before.At("result.id")
	a.Is(map[string]any{
		"result.familyName": "Lee", "result.givenName": nil, "result.email": nil, "result.display": nil,
		"result.primaryAddress.country": "DE", "result.primaryAddress.city": nil, "result.primaryAddress.zip": nil,
		"result.statuses.0.status": "three", "result.photos": []any{},
		"result.id": id, "result.uuid": uuid, "result.created": "2026-01-31 12:00:00 +0000", "result.lastUpdated": "2026-01-31 12:00:02 +0000",
	})
	for _, old := range []string{number(before, "result.statuses.0.id"), number(before, "result.statuses.1.id")} {
		if number(a, "result.statuses.0.id") == old {
			t.Errorf("the new element has the old id %s", old)
		}
	}
	record, _ := s.user(t, uuid).At("result")
	a.Is(map[string]any{"result": record})
	// The password is not an attribute that a replace clears by not naming it.
	s.ok(t, "entity", "type_name", "user", "uuid", uuid, "password_attribute", "password", "password_value", "open sesame")
	read := s.ok(t, "entity", "type_name", "user", "uuid", uuid, "attribute_name", "password")
	s.ok(t, "entity.replace", "type_name", "user", "uuid", uuid, "attributes", `{"password":{"type":"`+read.Text("result.type")+`"}}`)
	s.ok(t, "entity", "type_name", "user", "uuid", uuid, "password_attribute", "password", "password_value", "open sesame")
	s.ok(t, "entity.replace", "type_name", "user", "uuid", uuid, "attributes", `{"password":null}`)
	s.user(t, uuid).Is(map[string]any{"result.password": nil})
	// A name that was cleared is free, and a person without one is still found.
	s.create(t, `{"email":"ann@example.com"}`)
	s.ok(t, "entity.find", "type_name", "user", "filter", "uuid='"+uuid+"'").Is(map[string]any{"result_count": 1})
}

func TestAReplaceBelowAPath(t *testing.T) {
	s := start(t)
	uuid := s.create(t, `{"givenName":"Ann","primaryAddress":{"city":"Bonn","zip":"53111"},"statuses":[{"status":"one"}],
		"profiles":[{"domain":"d","identifier":"i","profile":{"displayName":"A","emails":[{"value":"a@example.com"}]}}]}`)
	a := s.user(t, uuid)
	status, prof, mail := number(a, "result.statuses.0.id"), number(a, "result.profiles.0.id"), number(a, "result.profiles.0.profile.emails.0.id")
	for _, c := range []struct{ path, argument, value, result string }{
		{"primaryAddress", "attributes", `{"country":"DE"}`, ""},
		{"/primaryAddress/city", "value", `"Köln"`, `{"result":"Köln","stat":"ok"}`},
		{"primaryAddress.zip", "value", `null`, `{"result":null,"stat":"ok"}`},
		{"givenName", "attributes", `"Anna"`, `{"result":"Anna","stat":"ok"}`},
		{"/profiles#" + prof + ".profile/displayName", "value", `"B"`, `{"result":"B","stat":"ok"}`},
		{"clients", "attributes", `[]`, `{"result":[],"stat":"ok"}`},
	} {
		got := s.ok(t, "entity.replace", "type_name", "user", "uuid", uuid, "attribute_name", c.path, c.argument, c.value, "include_record", "true")
		if c.result != "" && string(got.Body) != c.result {
			t.Errorf("%s: got %s, want %s", c.path, got.Body, c.result)
		}
	}
	// The element in a path keeps its id, the elements that are put in have new ones.
	el := s.ok(t, "entity.replace", "type_name", "user", "uuid", uuid, "attribute_name", "/statuses#"+status, "value", `{"statusCreated":"2020-01-01"}`, "include_record", "true")
	el.Is(map[string]any{"result.status": nil, "result.statusCreated": "2020-01-01 00:00:00 +0000"})
	if number(el, "result.id") != status {
		t.Errorf("element %s is now %s", status, el.Body)
	}
	list := s.ok(t, "entity.replace", "type_name", "user", "uuid", uuid, "attribute_name", "profiles#"+prof+"/profile/emails", "attributes",
		`[{"value":"b@example.com"},{"value":"c@example.com"}]`, "include_record", "true")
	list.Is(map[string]any{"result.0.value": "b@example.com", "result.1.value": "c@example.com"})
	if number(list, "result.0.id") == mail || number(list, "result.0.id") == number(list, "result.1.id") {
		t.Errorf("ids: %s, the old one %s", list.Body, mail)
	}
	got := s.user(t, uuid)
	got.Is(map[string]any{
		"result.givenName": "Anna", "result.primaryAddress.country": "DE", "result.primaryAddress.city": "Köln", "result.primaryAddress.zip": nil,
		"result.profiles.0.domain": "d", "result.profiles.0.profile.displayName": "B", "result.profiles.0.profile.emails.0.value": "b@example.com",
	})
	s.ok(t, "entity.replace", "type_name", "user", "uuid", uuid, "attribute_name", "/", "value", `{"gender":"female"}`)
	s.user(t, uuid).Is(map[string]any{"result.gender": "female", "result.givenName": nil, "result.profiles": []any{}, "result.statuses": []any{}})
}

func TestElementIDsComeFromTheOneSequenceAndAreNeverReused(t *testing.T) {
	s := start(t)
	uuid := s.create(t, `{"statuses":[{"status":"a"},{"status":"b"}]}`)
	seen := map[string]bool{number(s.user(t, uuid), "result.id"): true}
	note := func(a facetest.Answer, path string) {
		t.Helper()
		for _, i := range []string{"0", "1"} {
			id := number(a, path+i+".id")
			if id == "" || seen[id] {
				t.Errorf("the id %q of %s%s is not new", id, path, i)
			}
			seen[id] = true
		}
	}
	note(s.user(t, uuid), "result.statuses.")
	for range 3 {
		note(s.ok(t, "entity.replace", "type_name", "user", "uuid", uuid, "attribute_name", "statuses", "attributes", `[{"status":"a"},{"status":"b"}]`, "include_record", "true"), "result.")
	}
	next := s.ok(t, "entity.create", "attributes", `{}`)
	if id := number(next, "id"); seen[id] {
		t.Errorf("a record has the id %s of an element", id)
	}
}

func TestErrorsOfReplace(t *testing.T) {
	s := start(t)
	uuid := s.create(t, `{"givenName":"Ann","email":"ann@example.com","photos":[{"type":"a"}]}`)
	s.Clock.Advance(time.Hour)
	on := func(args ...string) []string { return append([]string{"type_name", "user", "uuid", uuid}, args...) }
	photo := number(s.user(t, uuid), "result.photos.0.id")
	for _, c := range []struct {
		name  string
		args  []string
		code  int
		error string
		extra []string
	}{
		{"nothing to replace with", on(), 100, "missing_argument", []string{"argument_name", "attributes"}},
		{"no type", []string{"uuid", uuid, "attributes", "{}"}, 100, "missing_argument", []string{"argument_name", "type_name"}},
		{"no selector", []string{"type_name", "user", "attributes", "{}"}, 100, "missing_argument", []string{"argument_name", "uuid"}},
		{"malformed", on("value", "{"), 200, "invalid_argument", []string{"argument_name", "value"}},
		{"both arguments", on("value", "{}", "attributes", "{}"), 201, "duplicate_argument", nil},
		{"two selectors", on("id", "7", "attributes", "{}"), 201, "duplicate_argument", nil},
		{"unknown attribute", on("attributes", `{"planet":"Mars"}`), 223, "unknown_attribute", []string{"attribute_name", "/planet"}},
		{"unknown path", on("attribute_name", "primaryAddress.planet", "value", `"Mars"`), 223, "unknown_attribute", []string{"attribute_name", "/primaryAddress/planet"}},
		{"reserved attribute", on("attributes", `{"created":"2000-01-01"}`), 234, "reserved_attribute", []string{"attribute_name", "/created"}},
		{"reserved path", on("attribute_name", "uuid", "value", `"x"`), 234, "reserved_attribute", []string{"attribute_name", "/uuid"}},
		{"no such record", []string{"type_name", "user", "id", "999999999", "attributes", "{}"}, 310, "record_not_found", nil},
		{"no such element", on("attribute_name", "photos#3", "value", "{}"), 310, "record_not_found", nil},
		{"id in a new element", on("attribute_name", "photos", "value", `[{"id":`+photo+`,"type":"b"}]`), 320, "id_in_new_record", []string{"attribute_name", "/photos/id"}},
		{"guard", on("attributes", "{}", "created", "2000-01-01"), 330, "timestamp_mismatch",
			[]string{"attribute_name", "/created", "actual_value", "2026-01-31 12:00:00 +0000", "supplied_value", "2000-01-01"}},
		{"wrong type", on("attribute_name", "photos", "value", `{}`), 341, "invalid_json_type", []string{"attribute_name", "/photos"}},
		{"bad date", on("attribute_name", "birthday", "value", `"the ides"`), 342, "invalid_date_time", []string{"attribute_name", "/birthday"}},
		{"constraint", on("attributes", `{"email":"anemone"}`), 360, "constraint_violation", []string{"attribute_name", "/email"}},
		{"taken", on("attributes", `{"email":"xia@localhost.localdomain"}`), 361, "unique_violation", []string{"attribute_name", "/email"}},
		{"required child", on("attributes", `{"profiles":[{"domain":"amazon"}]}`), 362, "missing_required_attribute", []string{"attribute_name", "/profiles/identifier"}},
		{"too long", on("attribute_name", "gender", "value", `"`+strings.Repeat("x", 101)+`"`), 363, "length_violation", []string{"attribute_name", "/gender"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			wantError(t, s.call(t, "entity.replace", c.args...), c.code, c.error, c.extra...)
		})
	}
	s.user(t, uuid).Is(map[string]any{"result.givenName": "Ann", "result.email": "ann@example.com", "result.lastUpdated": "2026-01-31 12:00:00 +0000"})
}

func TestAReplaceOfAClientWithMetadataLeavesLastUpdatedAlone(t *testing.T) {
	s := start(t)
	uuid := s.create(t, `{"givenName":"Ann"}`)
	auth := s.client(t, directory.NewClient{Features: []access.Feature{access.DirectAccess, access.Metadata}})
	s.Clock.Advance(time.Hour)
	a := s.as(t, auth, "entity.replace", "type_name", "user", "uuid", uuid, "attributes", `{"gender":"female"}`, "include_record", "true")
	a.Is(map[string]any{"result.gender": "female", "result.givenName": nil, "result.lastUpdated": "2026-01-31 12:00:00 +0000"})
}

func TestDeleteAccessEndsEverySession(t *testing.T) {
	s := start(t)
	token := s.xia(t)
	xia := s.as(t, "OAuth "+token, "entity")
	uuid := xia.Text("result.uuid")
	wantError(t, s.call(t, "entity.deleteAccess", "type_name", "user"), 100, "missing_argument", "argument_name", "uuid")
	wantError(t, s.call(t, "entity.deleteAccess", "type_name", "user", "uuid", uuid, "lastUpdated", "2000-01-01"), 330, "timestamp_mismatch",
		"attribute_name", "/lastUpdated", "actual_value", xia.Text("result.lastUpdated"), "supplied_value", "2000-01-01")
	byQuery := s.Do(t, facetest.Call{Method: "POST", Path: "/entity.deleteAccess?type_name=user&uuid=" + uuid, Header: map[string]string{"Authorization": printedAuth}})
	wantError(t, byQuery, 100, "missing_argument", "argument_name", "type_name")
	if a := s.as(t, "OAuth "+token, "entity"); a.Text("stat") != "ok" {
		t.Fatalf("%s", a.Body)
	}
	other := s.xia(t)
	s.ok(t, "entity.deleteAccess", "type_name", "user", "key_attribute", "email", "key_value", `"xia@localhost.localdomain"`)
	for _, old := range []string{token, other} {
		wantError(t, s.as(t, "OAuth "+old, "entity"), 414, "access_token_expired")
	}
	if a := s.as(t, "OAuth "+s.xia(t), "entity"); a.Text("stat") != "ok" {
		t.Errorf("a new token: %s", a.Body)
	}
	if kinds := s.kinds(t); !slices.Contains(kinds, "user.access.revoked") {
		t.Errorf("events %v", kinds)
	}
}

func TestAPasswordThatCannotBeKeptIsRefused(t *testing.T) {
	s := startOwn(t)
	s.ok(t, "entityType.create", "type_name", "robot", "attr_defs", `[{"name":"model","type":"string"},{"name":"key","type":"password"},{"name":"password","type":"password"}]`)
	const secret = `"a long enough secret"`
	wantError(t, s.call(t, "entity.create", "type_name", "robot", "attributes", `{"key":`+secret+`}`), 360, "constraint_violation", "attribute_name", "/key")
	uuid := s.ok(t, "entity.create", "type_name", "robot", "attributes", `{"password":`+secret+`,"key":null}`).Text("uuid")
	for _, op := range []string{"entity.update", "entity.replace"} {
		wantError(t, s.call(t, op, "type_name", "robot", "uuid", uuid, "attributes", `{"key":`+secret+`}`), 360, "constraint_violation", "attribute_name", "/key")
	}
	s.ok(t, "entity.update", "type_name", "robot", "uuid", uuid, "attributes", `{"model":"R2","key":null}`)
	s.ok(t, "entity", "type_name", "robot", "uuid", uuid, "password_attribute", "password", "password_value", "a long enough secret")
}
