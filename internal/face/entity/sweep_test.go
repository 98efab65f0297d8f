package entity_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"facet/internal/face"
	"facet/internal/face/entity"
	"facet/internal/facetest"
	"facet/internal/server"
)

// users makes n users with a gender.
func (s service) users(t testing.TB, n int, gender string) {
	t.Helper()
	for n > 0 {
		some := min(n, 1000)
		rowsOf(t, s.bulk(t, "["+strings.Repeat(`,{"gender":"`+gender+`","statuses":[{"status":"new"}]}`, some)[1:]+"]", "timeout", "60"))
		n -= some
	}
}

func TestABulkDeleteCountsUnlessItIsToCommit(t *testing.T) {
	s := start(t)
	s.users(t, 1207, "robot")
	s.users(t, 3, "human")
	before := s.count(t, "id > 0")
	for _, commit := range []string{"", "false"} {
		a := s.ok(t, "entity.bulkDelete", "type_name", "user", "filter", "gender='robot'", "commit", commit)
		if string(a.Body) != `{"stat":"ok","delete_count":1207}` {
			t.Errorf("commit %q: %s", commit, a.Body)
		}
	}
	if s.count(t, "id > 0") != before {
		t.Fatal("a count deleted")
	}
	a := s.ok(t, "entity.bulkDelete", "type_name", "user", "filter", "gender='robot'", "commit", "true", "timeout", "60")
	if string(a.Body) != `{"stat":"ok","delete_count":1207}` {
		t.Errorf("%s", a.Body)
	}
	if after := s.count(t, "id > 0"); after != plus(before, -1207) || s.count(t, "gender='robot'") != "0" || s.count(t, "gender='human'") != "3" {
		t.Errorf("%s users, then %s", before, after)
	}
	a = s.ok(t, "entity.bulkDelete", "type_name", "user", "filter", "gender='robot'", "commit", "true", "timeout", "60")
	if string(a.Body) != `{"stat":"ok","delete_count":0}` {
		t.Errorf("%s", a.Body)
	}
	erased := 0
	for _, kind := range s.kinds(t) {
		if kind == "user.erased" {
			erased++
		}
	}
	if erased != 1207 {
		t.Errorf("%d events", erased)
	}
}

func TestABulkDeleteErasesAsADeleteDoes(t *testing.T) {
	s := start(t)
	token := s.xia(t)
	xia := s.as(t, "OAuth "+token, "entity").Text("result.uuid")
	s.ok(t, "entity.bulkDelete", "type_name", "user", "filter", "email = 'xia@localhost.localdomain' or email = 'alice@localhost.localdomain'", "commit", "true").
		Is(map[string]any{"delete_count": 2})
	wantError(t, s.as(t, "OAuth "+token, "entity"), 414, "access_token_expired")
	wantError(t, s.call(t, "entity", "type_name", "user", "uuid", xia), 310, "record_not_found")
	wantError(t, s.call(t, "versions/entity", "type_name", "user", "uuid", xia), 310, "record_not_found")
	s.create(t, `{"email":"xia@localhost.localdomain"}`)
}

func TestWhoKeepsTheSiteIsNotSweptAway(t *testing.T) {
	s := start(t)
	donny := s.ok(t, "entity", "type_name", "user", "key_attribute", "email", "key_value", `"donny@localhost.localdomain"`).Text("result.uuid")
	s.ok(t, "entity.bulkDelete", "type_name", "user", "filter", "uuid='"+donny+"'", "commit", "true").Is(map[string]any{"delete_count": 0})
	s.users(t, 20, "robot")
	for _, typ := range []string{"user", "organization", "community"} {
		if a := s.ok(t, "entity.purge", "type_name", typ, "commit", "true"); string(a.Body) != `{"stat":"ok"}` {
			t.Errorf("%s", a.Body)
		}
		left := s.ok(t, "entity.find", "type_name", typ)
		switch typ {
		case "user":
			left.Is(map[string]any{"result_count": 1, "results.0.uuid": donny})
		case "organization":
			left.Is(map[string]any{"result_count": 1, "results.0.displayName": "Coworking Space"})
		default:
			left.Is(map[string]any{"result_count": 0})
		}
	}
}

func TestArgumentsOfSweeps(t *testing.T) {
	s := start(t)
	before := s.count(t, "id > 0")
	for _, c := range []struct {
		name, op string
		args     []string
		code     int
		err      string
		extra    []string
	}{
		{"delete of no type", "entity.bulkDelete", []string{"filter", "id > 0"}, 100, "missing_argument", []string{"argument_name", "type_name"}},
		{"delete without filter", "entity.bulkDelete", []string{"type_name", "user", "commit", "true"}, 100, "missing_argument", []string{"argument_name", "filter"}},
		{"malformed filter", "entity.bulkDelete", []string{"type_name", "user", "filter", "id >", "commit", "true"}, 200, "invalid_argument", []string{"argument_name", "filter"}},
		{"unknown attribute", "entity.bulkDelete", []string{"type_name", "user", "filter", "planet is null", "commit", "true"}, 223, "unknown_attribute", []string{"attribute_name", "/planet"}},
		{"contains", "entity.bulkDelete", []string{"type_name", "user", "filter", "email contains 'a'", "commit", "true"}, 485, "unsupported_operator", nil},
		{"commit that is none", "entity.bulkDelete", []string{"type_name", "user", "filter", "id > 0", "commit", "yes"}, 200, "invalid_argument", []string{"argument_name", "commit"}},
		{"no time", "entity.bulkDelete", []string{"type_name", "user", "filter", "id > 0", "commit", "true", "timeout", "0"}, 200, "invalid_argument", []string{"argument_name", "timeout"}},
		{"unknown type", "entity.bulkDelete", []string{"type_name", "robot", "filter", "id > 0"}, 222, "unknown_entity_type", []string{"type_name", "robot"}},
		{"purge of no type", "entity.purge", []string{"commit", "true"}, 100, "missing_argument", []string{"argument_name", "type_name"}},
		{"purge without commit", "entity.purge", []string{"type_name", "user"}, 100, "missing_argument", []string{"argument_name", "commit"}},
		{"purge that is not meant", "entity.purge", []string{"type_name", "user", "commit", "false"}, 200, "invalid_argument", []string{"argument_name", "commit"}},
		{"purge of an unknown type", "entity.purge", []string{"type_name", "$user", "commit", "true"}, 222, "unknown_entity_type", []string{"type_name", "$user"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			wantError(t, s.call(t, c.op, c.args...), c.code, c.err, c.extra...)
		})
	}
	for _, path := range []string{"/entity.bulkDelete?type_name=user&filter=id>0&commit=true", "/entity.purge?type_name=user&commit=true"} {
		a := s.Do(t, facetest.Call{Method: "POST", Path: path, Header: map[string]string{"Authorization": printedAuth}})
		wantError(t, a, 100, "missing_argument", "argument_name", "type_name")
	}
	if s.count(t, "id > 0") != before {
		t.Error("a call that failed deleted")
	}
}

// TestASweepEndsWithItsTimeAndGoesOn gives sweeps a context that ends after a
// few steps: what is deleted stays deleted, and the next call does the rest.
func TestASweepEndsWithItsTimeAndGoesOn(t *testing.T) {
	s := start(t)
	s.users(t, 3000, "robot")
	handler, err := server.New(server.Config{Directory: s.Directory, Faces: []face.Face{entity.New()}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() { // ends the call when some are gone
		for s.left(t) > 2900 {
		}
		cancel(context.DeadlineExceeded)
	}()
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/entity.bulkDelete", strings.NewReader(form("type_name", "user", "filter", "gender='robot'", "commit", "true", "timeout", "60")))
	r.Header.Set("Authorization", printedAuth)
	r.Header.Set("Content-Type", formType)
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	left := s.left(t)
	if left == 0 || left >= 3000 || !strings.Contains(w.Body.String(), `"stat":"error"`) {
		t.Fatalf("%d left: %s", left, w.Body)
	}
	s.ok(t, "entity.bulkDelete", "type_name", "user", "filter", "gender='robot'", "commit", "true", "timeout", "60").Is(map[string]any{"delete_count": left})
	if left = s.left(t); left != 0 {
		t.Errorf("%d left", left)
	}
}

// left counts the users whose gender is robot.
func (s service) left(t testing.TB) int64 {
	n, err := json.Number(s.count(t, "gender='robot'")).Int64()
	if err != nil {
		t.Error(err)
	}
	return n
}

// TestSweepsAndBulkCreatesHoldNobodyUp writes beside a sweep and a bulk
// creation, and looks at the longest wait.
func TestSweepsAndBulkCreatesHoldNobodyUp(t *testing.T) {
	s := start(t)
	s.users(t, 2000, "robot")
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.users(t, 2000, "human")
		s.ok(t, "entity.bulkDelete", "type_name", "user", "filter", "gender='robot'", "commit", "true", "timeout", "60")
	}()
	others := 0
	for running := true; running; others++ {
		select {
		case <-done:
			running = false
		default:
		}
		s.create(t, fmt.Sprintf(`{"givenName":"Ann %d"}`, others))
	}
	if others < 10 { // of some dozen transactions, each lets others in
		t.Errorf("only %d creates went in between", others)
	}
}
