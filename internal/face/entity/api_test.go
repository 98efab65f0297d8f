package entity_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"facet/api"
	"facet/internal/face"
	"facet/internal/face/entity"
	"facet/internal/facetest"
	"facet/internal/profile"
	"facet/internal/server"
)

func document(t *testing.T) *openapi3.T {
	t.Helper()
	raw, err := api.Files.ReadFile("entity.yaml")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(raw)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestTheDocumentHasExactlyTheRoutes(t *testing.T) {
	var routes, documented []string
	for _, r := range entity.New().Routes() {
		routes = append(routes, r.Method+" "+r.Pattern)
	}
	for path, item := range document(t).Paths.Map() {
		for method := range item.Operations() {
			documented = append(documented, method+" "+path)
		}
	}
	slices.Sort(routes)
	slices.Sort(documented)
	if !slices.Equal(routes, documented) {
		t.Errorf("routes %v\ndocumented %v", routes, documented)
	}
}

func TestTheDocumentHasExactlyTheErrorCodes(t *testing.T) {
	var documented []int
	for _, v := range document(t).Components.Schemas["Error"].Value.Properties["code"].Value.Enum {
		documented = append(documented, int(v.(float64)))
	}
	if codes := entity.Codes(); !slices.Equal(codes, documented) {
		t.Errorf("codes %v\ndocumented %v", codes, documented)
	}
}

func TestAnswersAreAsDocumented(t *testing.T) {
	doc := document(t)
	s := start(t)
	uuid := s.create(t, printedAttributes)
	for _, c := range []struct {
		path string
		a    facetest.Answer
	}{
		{"/entity", s.user(t, uuid)},
		{"/entity", s.call(t, "entity", "type_name", "user", "uuid", "x")},
		{"/entity.find", s.ok(t, "entity.find", "type_name", "user", "show_total_count", "true")},
		{"/entity.count", s.ok(t, "entity.count", "type_name", "user")},
		{"/entity.create", s.ok(t, "entity.create", "attributes", `{}`, "include_record", "true")},
		{"/entity.create", s.call(t, "entity.create", "type_name", "robot", "attributes", `{}`)},
		{"/entity.update", s.call(t, "entity.update", "type_name", "user", "uuid", uuid, "attributes", `{}`, "created", "today")},
		{"/entity.update", s.ok(t, "entity.update", "type_name", "user", "uuid", uuid, "attributes", `{}`)},
		{"/entity.delete", s.ok(t, "entity.delete", "type_name", "user", "uuid", uuid)},
	} {
		var v any
		if err := json.Unmarshal(c.a.Body, &v); err != nil {
			t.Fatal(err)
		}
		schema := doc.Paths.Find(c.path).Post.Responses.Value("200").Value.Content.Get("application/json").Schema.Value
		if err := schema.VisitJSON(v); err != nil {
			t.Errorf("%s %s: %v", c.path, c.a.Body, err)
		}
	}
}

func TestACallThatRunsOutOfTimeIs504(t *testing.T) {
	s := start(t)
	s.ok(t, "entity.count", "type_name", "user") // the site and the client are known now
	handler, err := server.New(server.Config{Directory: s.Directory, Faces: []face.Face{entity.New()}})
	if err != nil {
		t.Fatal(err)
	}
	over, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	for _, op := range []string{"entity.find", "entity.count"} {
		r := httptest.NewRequestWithContext(over, http.MethodPost, "/"+op, strings.NewReader("type_name=user&filter=gender+is+null"))
		r.Header.Set("Authorization", printedAuth)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if body := w.Body.String(); w.Code != 200 || !strings.Contains(body, `"code":504,`) || !strings.Contains(body, `"error":"timeout"`) {
			t.Errorf("%s: %d %s", op, w.Code, body)
		}
	}
}

func TestErrorsOfOursDoNotTellTheirText(t *testing.T) {
	for _, c := range []struct {
		err  error
		code string
	}{
		{errors.New("disk /dev/sda is full"), `"code":500,`},
		{&profile.Error{Kind: profile.Internal, Code: profile.CodeConstraint, Message: "disk /dev/sda is full"}, `"code":500,`},
		{profile.E(profile.Busy, profile.CodeBusy, "", "disk /dev/sda is full"), `"code":510,`},
		{profile.E(profile.Forbidden, "a code of tomorrow", "", "disk /dev/sda is full"), `"code":403,`},
		{profile.E(200, "a code of tomorrow", "", "disk /dev/sda is full"), `"code":500,`},
	} {
		w := httptest.NewRecorder()
		entity.New().Fail(w, nil, &face.Call{}, c.err)
		if body := w.Body.String(); w.Code != 200 || !strings.Contains(body, c.code) || strings.Contains(body, "disk") || !requestID.MatchString(body) {
			t.Errorf("%v: %d %s", c.err, w.Code, body)
		}
	}
}
