package server_test

import (
	"strings"
	"testing"

	"facet/internal/server"
)

func TestDocumentsAreShownOnAnyHostToAnyone(t *testing.T) {
	s := newServer(t, server.Config{Faces: faces()})
	if home := do(t, s, "GET", "/", ""); !strings.Contains(home.body, `"/docs"`) {
		t.Errorf("/ does not lead to the documents: %s", home.body)
	}
	for _, c := range []struct{ path, contentType string }{
		{"/docs", "text/html; charset=utf-8"}, {"/docs/djaoapp", "text/html; charset=utf-8"},
		{"/docs/djaoapp.yaml", "application/yaml"}, {"/docs/djaoapp.json", "application/json"}, {"/docs/style.css", "text/css; charset=utf-8"},
	} {
		got := do(t, s, "GET", c.path, "", "Host", "nobody.example", "Authorization", "Bearer garbage")
		if got.StatusCode != 200 || got.Header.Get("Content-Type") != c.contentType || !strings.HasPrefix(got.Header.Get("Content-Security-Policy"), "default-src 'none';") {
			t.Errorf("%s: %s %v", c.path, got.Status, got.Header)
		}
		if again := do(t, s, "GET", c.path, "", "If-None-Match", got.Header.Get("ETag")); again.StatusCode != 304 || again.body != "" {
			t.Errorf("%s again: %s", c.path, again.Status)
		}
	}
}

func TestUnknownDocumentsAreNotFoundInThePlainForm(t *testing.T) {
	s := newServer(t, server.Config{Faces: faces()})
	for _, path := range []string{"/docs/nothing", "/docs/djaoapp.xml", "/docs/djaoapp/more", "/docs/.yaml", "/docs/..%2fapi.go"} {
		got := do(t, s, "GET", path, "")
		if got.StatusCode != 404 || !strings.Contains(got.body, `"detail":"Not found."`) || !strings.Contains(got.body, "E-CORE-NOTFOUND") {
			t.Errorf("%s: %s %s", path, got.Status, got.body)
		}
	}
}
