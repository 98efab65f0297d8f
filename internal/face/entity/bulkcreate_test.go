package entity_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"facet/internal/directory"
	"facet/internal/facetest"
	"facet/internal/store/storetest"
)

func (s service) bulk(t testing.TB, rows string, args ...string) facetest.Answer {
	t.Helper()
	return s.call(t, "entity.bulkCreate", append([]string{"type_name", "user", "all_attributes", rows}, args...)...)
}

// rowsOf gives what a bulk creation answered for each row: "ok", or the code.
func rowsOf(t testing.TB, a facetest.Answer) (out []string) {
	t.Helper()
	var body struct {
		Stat  string            `json:"stat"`
		UUIDs []json.RawMessage `json:"uuid_results"`
		IDs   []json.RawMessage `json:"results"`
	}
	if err := json.Unmarshal(a.Body, &body); err != nil || body.Stat != "ok" || len(body.UUIDs) != len(body.IDs) {
		t.Fatalf("%s", a.Body)
	}
	for i, id := range body.IDs {
		if id[0] != '{' {
			if body.UUIDs[i][0] != '"' {
				t.Errorf("row %d: %s and %s", i, id, body.UUIDs[i])
			}
			out = append(out, "ok")
			continue
		}
		if string(id) != string(body.UUIDs[i]) {
			t.Errorf("row %d: two errors, %s and %s", i, id, body.UUIDs[i])
		}
		var e struct{ Code int }
		if err := json.Unmarshal(id, &e); err != nil {
			t.Fatal(err)
		}
		out = append(out, fmt.Sprint(e.Code))
	}
	return out
}

const mixedRows = `[{"givenName":"Ann","email":"ann@example.com"},{"email":"xia@localhost.localdomain"},{"planet":"Mars"},{"gender":7},
	{"email":"ANN@example.com"},[],{"profiles":[{"domain":"d"}]},{"givenName":"Bob","password":"open sesame","statuses":[{"status":"a"},{"status":"b"}]}]`

func TestABulkCreateAnswersRowByRow(t *testing.T) {
	for _, commit := range []string{"", "true", "smart", `"smart"`} {
		t.Run(commit, func(t *testing.T) {
			s := start(t)
			before := s.count(t, "id > 0")
			a := s.bulk(t, mixedRows, "commit_each", commit)
			if got := strings.Join(rowsOf(t, a), " "); got != "ok 361 223 341 361 341 362 ok" {
				t.Fatalf("%s: %s", got, a.Body)
			}
			const taken = `{"code":361,"error":"unique_violation","error_description":"Attempted to update a duplicate value","stat":"error"}`
			if n := strings.Count(string(a.Body), taken); n != 4 {
				t.Errorf("%d times %s in %s", n, taken, a.Body)
			}
			if want := `{"code":223,"error":"unknown_attribute","error_description":"attribute does not exist: /planet","attribute_name":"/planet","stat":"error"}`; strings.Count(string(a.Body), want) != 2 {
				t.Errorf("no %s in %s", want, a.Body)
			}
			s.user(t, a.Text("uuid_results.0")).Is(map[string]any{"result.givenName": "Ann", "result.id": json.Number(number(a, "results.0"))})
			s.user(t, a.Text("uuid_results.7")).Is(map[string]any{"result.givenName": "Bob", "result.statuses.1.status": "b"})
			s.ok(t, "entity", "type_name", "user", "uuid", a.Text("uuid_results.7"), "password_attribute", "password", "password_value", "open sesame")
			if after := s.count(t, "id > 0"); after != plus(before, 2) {
				t.Errorf("%s users, then %s", before, after)
			}
		})
	}
}

func plus(number string, n int64) string {
	i, _ := json.Number(number).Int64()
	return fmt.Sprint(i + n)
}

func TestCommitEachFalseMakesAllRowsOrNone(t *testing.T) {
	s := start(t)
	before, events := s.count(t, "id > 0"), len(s.kinds(t))
	a := s.bulk(t, `[{"givenName":"Ann"},{"givenName":"Bob"},{"email":"xia@localhost.localdomain"}]`, "commit_each", "false")
	wantError(t, a, 361, "unique_violation", "attribute_name", "/email", "argument_name", "all_attributes[2]")
	a = s.bulk(t, `[{"email":"ann@example.com"},{"email":"Ann@example.com"}]`, "commit_each", "false")
	wantError(t, a, 361, "unique_violation", "attribute_name", "/email", "argument_name", "all_attributes[1]")
	a = s.bulk(t, `[{"givenName":"Ann"},{"planet":"Mars"},{"gender":7}]`, "commit_each", "false")
	wantError(t, a, 223, "unknown_attribute", "attribute_name", "/planet", "argument_name", "all_attributes[1]")
	a = s.bulk(t, `[{},7]`, "commit_each", "false")
	wantError(t, a, 341, "invalid_json_type", "argument_name", "all_attributes[1]")
	if s.count(t, "id > 0") != before || len(s.kinds(t)) != events {
		t.Error("a call that failed left records")
	}
	a = s.bulk(t, `[{"email":"ann@example.com"},{"email":"bob@example.com"}]`, "commit_each", "false")
	if got := strings.Join(rowsOf(t, a), " "); got != "ok ok" || s.count(t, "id > 0") != plus(before, 2) {
		t.Errorf("%s", a.Body)
	}
}

func TestArgumentsOfBulkCreate(t *testing.T) {
	s := start(t)
	before := s.count(t, "id > 0")
	for _, c := range []struct {
		name string
		args []string
		code int
		err  string
		arg  string
	}{
		{"no type", []string{"all_attributes", "[]"}, 100, "missing_argument", "type_name"},
		{"no rows", []string{"type_name", "user"}, 100, "missing_argument", "all_attributes"},
		{"malformed", []string{"type_name", "user", "all_attributes", `[{"givenName":"Ann"},{]`}, 200, "invalid_argument", "all_attributes"},
		{"a name twice", []string{"type_name", "user", "all_attributes", `[{"gender":"a","gender":"b"}]`}, 200, "invalid_argument", "all_attributes"},
		{"no list", []string{"type_name", "user", "all_attributes", `{"givenName":"Ann"}`}, 200, "invalid_argument", "all_attributes"},
		{"too many", []string{"type_name", "user", "all_attributes", "[" + strings.Repeat("{},", directory.MaxBulk) + "{}]"}, 200, "invalid_argument", "all_attributes"},
		{"unknown way", []string{"type_name", "user", "all_attributes", "[{}]", "commit_each", "maybe"}, 200, "invalid_argument", "commit_each"},
		{"no time", []string{"type_name", "user", "all_attributes", "[{}]", "timeout", "0"}, 200, "invalid_argument", "timeout"},
	} {
		t.Run(c.name, func(t *testing.T) {
			wantError(t, s.call(t, "entity.bulkCreate", c.args...), c.code, c.err, "argument_name", c.arg)
		})
	}
	wantError(t, s.call(t, "entity.bulkCreate", "type_name", "robot", "all_attributes", "[{}]"), 222, "unknown_entity_type", "type_name", "robot")
	wantError(t, s.Do(t, facetest.Call{Method: "POST", Path: "/entity.bulkCreate", Type: formType, Body: strings.Repeat("x", 16<<20) + "=1",
		Header: map[string]string{"Authorization": printedAuth}}), 200, "invalid_argument")
	if a := s.bulk(t, "[]"); string(a.Body) != `{"uuid_results":[],"results":[],"stat":"ok"}` {
		t.Errorf("%s", a.Body)
	}
	if s.count(t, "id > 0") != before {
		t.Error("a call that failed left records")
	}
}

// TestBulkCreatesBesideEachOther sends the same thousand rows several times at
// once: each e-mail address is given to exactly one record, and every answer
// tells the truth about its rows.
func TestBulkCreatesBesideEachOther(t *testing.T) {
	s := start(t)
	before := s.count(t, "id > 0")
	rows, callers := 1000, 4
	if storetest.Reduced() {
		rows = 100
	}
	var b strings.Builder
	for i := range rows {
		fmt.Fprintf(&b, `,{"givenName":"Row","email":"row%d@example.com"}`, i)
	}
	body := "[" + b.String()[1:] + "]"
	answers := make([]facetest.Answer, callers)
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() {
			answers[i] = s.bulk(t, body, "commit_each", []string{"true", "smart", "false", ""}[i], "timeout", "60")
		})
	}
	wg.Wait()
	made := make([]int, rows)
	for _, a := range answers {
		if a.Text("stat") == "error" {
			a.Is(map[string]any{"code": 361})
			continue
		}
		for i, row := range rowsOf(t, a) {
			switch row {
			case "ok":
				made[i]++
			case "361":
			default:
				t.Fatalf("row %d: %s", i, row)
			}
		}
	}
	for i, n := range made {
		if n != 1 {
			t.Fatalf("row %d was made %d times", i, n)
		}
	}
	if after := s.count(t, "id > 0"); after != plus(before, int64(rows)) {
		t.Errorf("%s users, then %s", before, after)
	}
	if n := s.count(t, "email = 'ROW7@example.com'"); n != "1" {
		t.Errorf("%s have the same e-mail", n)
	}
}
