package entity_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"facet/internal/facetest"
)

func TestARecordIsReadAsItWas(t *testing.T) {
	s := start(t)
	at := func() string { return s.Clock.Now().Format("2006-01-02T15:04:05.000000Z") }
	uuid := s.create(t, `{"givenName":"Ann","statuses":[{"status":"one"}]}`)
	first := s.user(t, uuid)
	id := number(first, "result.id")
	times := []string{at()}
	states := []facetest.Answer{first}
	for _, change := range []string{`{"givenName":"Anna"}`, `{"statuses":[{"status":"two"}]}`, `{"password":"open sesame"}`, `{"givenName":null,"email":"ann@example.com"}`} {
		s.Clock.Advance(1500 * time.Millisecond)
		s.ok(t, "entity.update", "type_name", "user", "uuid", uuid, "attributes", change)
		times, states = append(times, at()), append(states, s.user(t, uuid))
	}
	s.Clock.Advance(time.Second)
	for i, when := range times {
		for _, sel := range [][]string{{"uuid", uuid}, {"id", id}, {"key_attribute", "email", "key_value", `"ann@example.com"`}} {
			want, _ := states[i].At("result")
			s.ok(t, "versions/entity", append([]string{"type_name", "user", "timestamp", when}, sel...)...).Is(map[string]any{"result": want})
		}
	}
	last, _ := states[4].At("result")
	for _, when := range []string{"", "now", "2026-02-01", "2026-01-31 12:00:06.500000 +0000"} {
		s.ok(t, "versions/entity", "type_name", "user", "uuid", uuid, "timestamp", when).Is(map[string]any{"result": last})
	}
	s.Do(t, facetest.Call{Method: "GET", Path: "/versions/entity?type_name=user&uuid=" + uuid, Header: map[string]string{"Authorization": printedAuth}}).Is(map[string]any{"result": last})
	a := s.ok(t, "versions/entity", "type_name", "user", "uuid", uuid, "include_schema", "true")
	a.Is(map[string]any{"result": last, "schema.name": "user", "schema.attr_defs.0.name": "id", "schema.attr_defs.0.type": "id"})

	wantError(t, s.call(t, "versions/entity", "type_name", "user", "uuid", uuid, "timestamp", "2026-01-31 11:59:59"), 310, "record_not_found")
	wantError(t, s.call(t, "versions/entity", "type_name", "user", "uuid", uuid, "timestamp", "the ides"), 200, "invalid_argument", "argument_name", "timestamp")
	wantError(t, s.call(t, "versions/entity", "type_name", "user", "uuid", uuid, "include_schema", "maybe"), 200, "invalid_argument", "argument_name", "include_schema")
	wantError(t, s.call(t, "versions/entity", "type_name", "user"), 100, "missing_argument", "argument_name", "uuid")
	wantError(t, s.call(t, "versions/entity", "type_name", "organization", "uuid", uuid), 310, "record_not_found")

	s.ok(t, "entity.delete", "type_name", "user", "uuid", uuid)
	for _, op := range []string{"versions/entity", "versions/entity.list"} {
		wantError(t, s.call(t, op, "type_name", "user", "uuid", uuid), 310, "record_not_found")
	}
}

func TestVersionsAreListedNewestFirst(t *testing.T) {
	s := start(t)
	uuid := s.create(t, `{"givenName":"Ann"}`)
	for i := range 11 {
		s.Clock.Advance(time.Second)
		s.ok(t, "entity.update", "type_name", "user", "uuid", uuid, "attributes", fmt.Sprintf(`{"givenName":"Ann %d"}`, i))
	}
	s.Clock.Advance(time.Second)
	a := s.ok(t, "versions/entity.list", "type_name", "user", "uuid", uuid)
	a.Is(map[string]any{
		"result_count": 10, "results.0.version": 12, "results.9.version": 3, "results.0.change": "user.updated",
		"results.0.timestamp": "2026-01-31 12:00:11 +0000", "results.0.lastUpdated": "2026-01-31 12:00:11 +0000",
	})
	for i := range 10 {
		at := a.Text(fmt.Sprintf("results.%d.timestamp", i))
		s.ok(t, "versions/entity", "type_name", "user", "uuid", uuid, "timestamp", at).Is(map[string]any{"result.givenName": fmt.Sprintf("Ann %d", 10-i), "result.lastUpdated": at})
	}
	a = s.Do(t, facetest.Call{Method: "GET", Path: "/versions/entity.list?type_name=user&max_results=100&uuid=" + uuid, Header: map[string]string{"Authorization": printedAuth}})
	a.Is(map[string]any{"result_count": 12, "results.11.version": 1, "results.11.change": "user.created", "results.11.timestamp": "2026-01-31 12:00:00 +0000"})
	for _, n := range []string{"0", "1001", "x"} {
		wantError(t, s.call(t, "versions/entity.list", "type_name", "user", "uuid", uuid, "max_results", n), 200, "invalid_argument", "argument_name", "max_results")
	}
}

func TestAnElementThatWasTakenAwayIsAdopted(t *testing.T) {
	s := start(t)
	uuid := s.create(t, `{"profiles":[{"domain":"d","identifier":"i","profile":{"emails":[{"value":"a@example.com"},{"value":"b@example.com"}]}}],"statuses":[{"status":"one"}]}`)
	before := s.user(t, uuid)
	prof, mail, status := number(before, "result.profiles.0.id"), number(before, "result.profiles.0.profile.emails.0.id"), number(before, "result.statuses.0.id")
	on := func(args ...string) []string { return append([]string{"type_name", "user", "uuid", uuid}, args...) }
	s.ok(t, "entity.delete", on("attribute_name", "profiles#"+prof+"/profile/emails#"+mail)...)
	s.ok(t, "entity.replace", on("attribute_name", "statuses", "value", `[{"status":"two"}]`)...)
	s.ok(t, "entity.adopt", on("attribute_name", "/profiles#"+prof+"/profile.emails", "child_id", mail)...)
	s.ok(t, "entity.adopt", on("attribute_name", "statuses", "child_id", status)...)
	a := s.user(t, uuid)
	a.Is(map[string]any{
		"result.profiles.0.profile.emails.0.value": "b@example.com", "result.profiles.0.profile.emails.1.value": "a@example.com",
		"result.statuses.0.status": "two", "result.statuses.1.status": "one",
	})
	if number(a, "result.profiles.0.profile.emails.1.id") != mail || number(a, "result.statuses.1.id") != status {
		t.Errorf("other ids: %s", a.Body)
	}
	// With what it holds, and under the ids that all of it had.
	s.ok(t, "entity.delete", on("attribute_name", "profiles#"+prof)...)
	s.ok(t, "entity.adopt", on("attribute_name", "profiles", "child_id", prof)...)
	want, _ := a.At("result.profiles")
	s.user(t, uuid).Is(map[string]any{"result.profiles": want})
	s.ok(t, "entity.adopt", on("attribute_name", "profiles", "child_id", prof)...) // it is there
	s.user(t, uuid).Is(map[string]any{"result.profiles": want})

	s.ok(t, "entity.delete", on("attribute_name", "profiles#"+prof)...)
	other := s.create(t, `{"profiles":[{"domain":"d","identifier":"i"}]}`)
	for _, c := range []struct {
		name  string
		args  []string
		code  int
		error string
		extra []string
	}{
		{"no path", on("child_id", prof), 100, "missing_argument", []string{"argument_name", "attribute_name"}},
		{"no element", on("attribute_name", "profiles"), 100, "missing_argument", []string{"argument_name", "child_id"}},
		{"no number", on("attribute_name", "profiles", "child_id", "x"), 200, "invalid_argument", []string{"argument_name", "child_id"}},
		{"no plural", on("attribute_name", "email", "child_id", prof), 200, "invalid_argument", []string{"argument_name", "attribute_name"}},
		{"an element", on("attribute_name", "profiles#"+prof, "child_id", prof), 200, "invalid_argument", []string{"argument_name", "attribute_name"}},
		{"the record", on("attribute_name", "/", "child_id", prof), 200, "invalid_argument", []string{"argument_name", "attribute_name"}},
		{"unknown plural", on("attribute_name", "planets", "child_id", prof), 223, "unknown_attribute", []string{"attribute_name", "/planets"}},
		{"never there", on("attribute_name", "profiles", "child_id", "7"), 310, "record_not_found", nil},
		{"in another plural", on("attribute_name", "photos", "child_id", prof), 310, "record_not_found", nil},
		{"of another record", []string{"type_name", "user", "uuid", other, "attribute_name", "profiles", "child_id", prof}, 310, "record_not_found", nil},
		{"no such record", []string{"type_name", "user", "id", "999999999", "attribute_name", "profiles", "child_id", prof}, 310, "record_not_found", nil},
		{"taken meanwhile", on("attribute_name", "profiles", "child_id", prof), 361, "unique_violation", []string{"attribute_name", "/profiles/identifier"}},
		{"guard", on("attribute_name", "profiles", "child_id", prof, "created", "2000-01-01"), 330, "timestamp_mismatch",
			[]string{"attribute_name", "/created", "actual_value", "2026-01-31 12:00:00 +0000", "supplied_value", "2000-01-01"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			wantError(t, s.call(t, "entity.adopt", c.args...), c.code, c.error, c.extra...)
		})
	}
}

func TestDistinctValues(t *testing.T) {
	s := start(t)
	var rows strings.Builder
	for i := range 300 {
		fmt.Fprintf(&rows, `,{"familyName":"Name %02d","gender":"%s","birthday":"2000-01-%02d","display":%d.50,"middleName":"%s","statuses":[{"status":"s%d"},{"status":"S%d"}]}`,
			i%30, []string{"male", "Male", "female"}[i%3], 1+i%5, i%4, strings.Repeat("long", 60)+fmt.Sprint(i%3), i%2, i%2)
	}
	s.ok(t, "entity.purge", "type_name", "user", "commit", "true")
	rowsOf(t, s.bulk(t, "["+rows.String()[1:]+"]"))
	for _, c := range []struct{ path, first, most, want string }{
		{"familyName", "0", "3", `"Name 00","Name 01","Name 02"`}, // by index
		{"/familyName", "28", "", `"Name 28","Name 29"`},
		{"familyName", "30", "", ``},
		{"gender", "", "", `"female","male"`},
		{"gender", "1", "1", `"male"`},
		{"birthday", "", "", `"2000-01-01","2000-01-02","2000-01-03","2000-01-04","2000-01-05"`},
		{"display", "", "", `0.50,1.50,2.50,3.50`},
		{"statuses.status", "", "", `"s0","s1"`},
		{"statuses/status", "1", "", `"s1"`},
		{"currentLocation", "", "", ``},
		{"primaryAddress.city", "", "", ``},
	} {
		a := s.ok(t, "entity.attributeValues", "type_name", "user", "attribute_path", c.path, "first_result", c.first, "max_results", c.most)
		n := 0
		if c.want != "" {
			n = strings.Count(c.want, ",") + 1
		}
		if want := fmt.Sprintf(`{"result_count":%d,"results":[%s],"stat":"ok"}`, n, c.want); string(a.Body) != want {
			t.Errorf("%s from %q: got %s, want %s", c.path, c.first, a.Body, want)
		}
	}
	for _, c := range []struct {
		path, first string
		code        int
		error       string
		extra       []string
	}{
		{"", "", 100, "missing_argument", []string{"argument_name", "attribute_path"}},
		{"password", "", 200, "invalid_argument", []string{"argument_name", "attribute_path"}},
		{"uuid", "", 200, "invalid_argument", []string{"argument_name", "attribute_path"}},
		{"photos", "", 200, "invalid_argument", []string{"argument_name", "attribute_path"}},
		{"statuses#7/status", "", 200, "invalid_argument", []string{"argument_name", "attribute_path"}},
		{"/", "", 200, "invalid_argument", []string{"argument_name", "attribute_path"}},
		{"gender", "9999", 200, "invalid_argument", []string{"argument_name", "first_result"}},
		{"planet", "", 223, "unknown_attribute", []string{"attribute_name", "/planet"}},
	} {
		wantError(t, s.call(t, "entity.attributeValues", "type_name", "user", "attribute_path", c.path, "first_result", c.first), c.code, c.error, c.extra...)
	}
}

// TestDistinctValuesOfLongTexts has values that differ where index rows are cut.
func TestDistinctValuesOfLongTexts(t *testing.T) {
	s := start(t)
	long := strings.Repeat("long", 60)
	rowsOf(t, s.bulk(t, `[{"familyName":"`+long+`b"},{"familyName":"`+long+`a"},{"familyName":"`+long+`B"},{"familyName":"Zed"}]`))
	a := s.ok(t, "entity.attributeValues", "type_name", "user", "attribute_path", "familyName", "max_results", "1000")
	for _, want := range []string{long + "a", long + "b", "Zed"} {
		if strings.Count(string(a.Body), `"`+want+`"`) != 1 {
			t.Errorf("%s in %s", want, a.Body)
		}
	}
	if strings.Contains(string(a.Body), long+"B") {
		t.Errorf("equal values twice: %s", a.Body)
	}
}

// TestAStateIsReadByTheTypeOfItsTime changes the type between the states.
func TestAStateIsReadByTheTypeOfItsTime(t *testing.T) {
	s := start(t)
	at := func() string { return s.Clock.Now().Format("2006-01-02T15:04:05.000000Z") }
	tick := func() { s.Clock.Advance(time.Second) }
	s.ok(t, "entityType.create", "type_name", "robot", "attr_defs", `[{"name":"name","type":"string"},{"name":"weight","type":"integer"}]`)
	tick()
	a := s.ok(t, "entity.create", "type_name", "robot", "attributes", `{"name":"R2","weight":32}`)
	on := []string{"type_name", "robot", "uuid", a.Text("uuid")}
	first := at()
	tick()
	s.ok(t, "entity.update", append(on[:4:4], "attributes", `{"weight":33}`)...)
	second := at()
	tick()
	s.ok(t, "entityType.removeAttribute", "type_name", "robot", "attribute_name", "weight")
	s.ok(t, "entityType.addAttribute", "type_name", "robot", "attr_def", `{"name":"colour","type":"string"}`)
	third := at()
	tick()
	s.ok(t, "entity.update", append(on[:4:4], "attributes", `{"colour":"blue"}`)...)
	fourth := at()
	tick()

	was := s.ok(t, "versions/entity", append(on[:4:4], "timestamp", first, "include_schema", "true")...)
	was.Is(map[string]any{"result.name": "R2", "result.weight": nil, "schema.name": "robot", "schema.attr_defs.5.name": "weight"})
	if _, ok := was.At("result.colour"); ok {
		t.Errorf("%s", was.Body)
	}
	s.ok(t, "versions/entity", append(on[:4:4], "timestamp", fourth)...).Is(map[string]any{"result.name": "R2", "result.colour": "blue"})
	for _, when := range []string{second, third} { // what a removed attribute held is gone from the state that was present then
		was := s.ok(t, "versions/entity", append(on[:4:4], "timestamp", when)...)
		was.Is(map[string]any{"result.name": "R2", "result.colour": nil})
	}

	for when, names := range map[string]string{first: "name weight", second: "name weight", third: "colour name", "": "colour name", "now": "colour name"} {
		for _, answer := range []facetest.Answer{
			s.ok(t, "versions/entityType", "type_name", "robot", "timestamp", when),
			s.Do(t, facetest.Call{Method: "GET", Path: "/versions/entityType?" + form("type_name", "robot", "timestamp", when), Header: map[string]string{"Authorization": printedAuth}}),
		} {
			var got []string
			for i := 4; ; i++ {
				if _, ok := answer.At(fmt.Sprintf("schema.attr_defs.%d", i)); !ok {
					break
				}
				got = append(got, answer.Text(fmt.Sprintf("schema.attr_defs.%d.name", i)))
			}
			if strings.Join(got, " ") != names {
				t.Errorf("at %q: %v, want %s", when, got, names)
			}
		}
	}
	wantError(t, s.call(t, "versions/entityType", "type_name", "robot", "timestamp", "2026-01-31 11:00"), 310, "record_not_found")
	wantError(t, s.call(t, "versions/entityType", "type_name", "robot", "timestamp", "the ides"), 200, "invalid_argument", "argument_name", "timestamp")
	wantError(t, s.call(t, "versions/entityType"), 100, "missing_argument", "argument_name", "type_name")
	wantError(t, s.call(t, "versions/entityType", "type_name", "android"), 222, "unknown_entity_type", "type_name", "android")
	s.ok(t, "versions/entityType", "type_name", "user", "timestamp", "2000-01-01").Is(map[string]any{"schema.name": "user"})
}
