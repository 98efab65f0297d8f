package entity_test

import (
	"testing"
	"time"

	"facet/internal/access"
	"facet/internal/directory"
	"facet/internal/facetest"
)

func number(a facetest.Answer, path string) string {
	v, _ := a.At(path)
	n, ok := v.(interface{ String() string })
	if !ok {
		return ""
	}
	return n.String()
}

func TestAnUpdateChangesWhatItNames(t *testing.T) {
	s := start(t)
	uuid := s.create(t, `{"givenName":"Ann","email":"ann@example.com","primaryAddress":{"city":"Bonn","zip":"53111"},"statuses":[{"status":"new"}]}`)
	s.Clock.Advance(1500 * time.Millisecond)
	a := s.ok(t, "entity.update", "type_name", "user", "uuid", uuid, "include_record", "true",
		"attributes", `{"familyName":"Lee","givenName":null,"primaryAddress":{"zip":null,"country":"DE"}}`)
	a.Is(map[string]any{
		"result.familyName": "Lee", "result.givenName": nil, "result.email": "ann@example.com",
		"result.primaryAddress.city": "Bonn", "result.primaryAddress.zip": nil, "result.primaryAddress.country": "DE",
		"result.statuses.0.status": "new",
		"result.created":           "2026-01-31 12:00:00 +0000", "result.lastUpdated": "2026-01-31 12:00:01.500000 +0000",
	})
	record, _ := s.user(t, uuid).At("result")
	a.Is(map[string]any{"result": record})
}

func TestAnUpdateBelowAPath(t *testing.T) {
	s := start(t)
	uuid := s.create(t, `{"givenName":"Ann"}`)
	for _, c := range []struct{ path, argument, value, result string }{
		{"primaryAddress", "attributes", `{"city":"Bonn"}`, ""},
		{"/primaryAddress/zip", "value", `"53111"`, `{"result":"53111","stat":"ok"}`},
		{"birthday", "value", `"2 Jan 03"`, `{"result":"2003-01-02","stat":"ok"}`},
		{"display", "attributes", `[1.10]`, `{"result":[1.10],"stat":"ok"}`},
		{"/", "value", `{"gender":"female"}`, ""},
	} {
		a := s.ok(t, "entity.update", "type_name", "user", "uuid", uuid, "attribute_name", c.path, c.argument, c.value, "include_record", "true")
		if c.result != "" && string(a.Body) != c.result {
			t.Errorf("%s: got %s, want %s", c.path, a.Body, c.result)
		}
	}
	s.user(t, uuid).Is(map[string]any{
		"result.primaryAddress.city": "Bonn", "result.primaryAddress.zip": "53111", "result.birthday": "2003-01-02",
		"result.gender": "female", "result.givenName": "Ann",
	})
}

func TestElementsOfPlurals(t *testing.T) {
	s := start(t)
	uuid := s.create(t, `{"statuses":[{"status":"one"},{"status":"two"}]}`)
	on := func(op string, args ...string) facetest.Answer {
		return s.ok(t, op, append([]string{"type_name", "user", "uuid", uuid}, args...)...)
	}
	a := s.user(t, uuid)
	one, two := number(a, "result.statuses.0.id"), number(a, "result.statuses.1.id")

	a = on("entity.update", "attributes", `{"statuses":[{"status":"three"}]}`, "include_record", "true")
	a.Is(map[string]any{"result.statuses.0.status": "one", "result.statuses.1.status": "two", "result.statuses.2.status": "three"})
	three := number(a, "result.statuses.2.id")
	if three == one || three == two {
		t.Errorf("ids %s %s %s", one, two, three)
	}
	on("entity.update", "attributes", `{"statuses":[{"id":`+two+`,"status":"zwei"}]}`)
	a = on("entity.update", "attribute_name", "/statuses#"+one, "attributes", `{"statusCreated":"2020-01-01"}`, "include_record", "true")
	a.Is(map[string]any{"result.status": "one", "result.statusCreated": "2020-01-01 00:00:00 +0000"})
	on("entity.delete", "attribute_name", "statuses#"+three)
	s.user(t, uuid).Is(map[string]any{
		"result.statuses.0.status": "one", "result.statuses.0.statusCreated": "2020-01-01 00:00:00 +0000",
		"result.statuses.1.status": "zwei",
	})
	if more, ok := s.user(t, uuid).At("result.statuses.2"); ok {
		t.Errorf("left: %v", more)
	}
	wantError(t, s.call(t, "entity.delete", "type_name", "user", "uuid", uuid, "attribute_name", "statuses#"+three), 310, "record_not_found")
	on("entity.delete", "attribute_name", "/statuses#"+one)
	on("entity.delete", "attribute_name", "/statuses#"+two)
	s.user(t, uuid).Is(map[string]any{"result.statuses": []any{}})
}

func TestGuards(t *testing.T) {
	s := start(t)
	uuid := s.create(t, `{"givenName":"Ann"}`)
	s.Clock.Advance(time.Hour + 250*time.Microsecond)
	s.ok(t, "entity.update", "type_name", "user", "uuid", uuid, "attributes", `{"gender":"female"}`,
		"created", "2026-01-31 12:00pm", "lastUpdated", "2026-01-31 12:00:00.000000 +0000")
	for _, op := range []string{"entity", "entity.update", "entity.delete"} {
		wantError(t, s.call(t, op, "type_name", "user", "uuid", uuid, "attributes", map[bool]string{true: `["id"]`, false: `{}`}[op == "entity"],
			"lastUpdated", "2026-01-31 12:00pm"), 330, "timestamp_mismatch",
			"attribute_name", "/lastUpdated", "actual_value", "2026-01-31 13:00:00.000250 +0000", "supplied_value", "2026-01-31 12:00pm")
		wantError(t, s.call(t, op, "type_name", "user", "uuid", uuid, "attributes", map[bool]string{true: `["id"]`, false: `{}`}[op == "entity"],
			"created", "yesterday"), 330, "timestamp_mismatch",
			"attribute_name", "/created", "actual_value", "2026-01-31 12:00:00 +0000", "supplied_value", "yesterday")
	}
	wantError(t, s.call(t, "entity", "type_name", "user", "uuid", uuid, "last_updated", "today"), 330, "timestamp_mismatch",
		"attribute_name", "/lastUpdated", "actual_value", "2026-01-31 13:00:00.000250 +0000", "supplied_value", "today")
	s.ok(t, "entity", "type_name", "user", "uuid", uuid, "lastUpdated", "2026-01-31T13:00:00.00025Z")
	s.ok(t, "entity.delete", "type_name", "user", "uuid", uuid, "created", "2026-01-31 12:00:00 +0000", "lastUpdated", "2026-01-31 14:00:00.00025 +0100")
}

func TestAClientWithMetadataLeavesLastUpdatedAlone(t *testing.T) {
	s := start(t)
	uuid := s.create(t, `{"givenName":"Ann"}`)
	auth := s.client(t, directory.NewClient{Features: []access.Feature{access.DirectAccess, access.Metadata}})
	s.Clock.Advance(time.Hour)
	a := s.as(t, auth, "entity.update", "type_name", "user", "uuid", uuid, "attributes", `{"gender":"female"}`, "include_record", "true")
	a.Is(map[string]any{"result.gender": "female", "result.lastUpdated": "2026-01-31 12:00:00 +0000"})
}

func TestOrganizationsAndCommunitiesAreEntityTypes(t *testing.T) {
	s := start(t)
	for _, typ := range []string{"organization", "community"} {
		a := s.ok(t, "entity.create", "type_name", typ, "attributes", `{"displayName":"Chess Club","email":"xia@localhost.localdomain"}`)
		s.ok(t, "entity.update", "type_name", typ, "uuid", a.Text("uuid"), "attributes", `{"aboutMe":"black and white"}`)
		s.ok(t, "entity.find", "type_name", typ, "filter", "displayName='chess club'").Is(map[string]any{
			"result_count": 1, "results.0.uuid": a.Text("uuid"), "results.0.aboutMe": "black and white",
		})
		wantError(t, s.call(t, "entity", "type_name", "user", "uuid", a.Text("uuid")), 310, "record_not_found")
		s.ok(t, "entity.delete", "type_name", typ, "uuid", a.Text("uuid"))
	}
}
