package server_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"facet/internal/face"
	"facet/internal/server"
)

// FuzzPath sends any path: it is answered without a redirect, and a path made
// regular stays as it is.
func FuzzPath(f *testing.F) {
	for _, p := range []string{"/", "//", "/api/x/", "/api//x", "/api/../x", "/api/x%2f/", "/tree", "/api/tree/", "/api/users/v1/0190a6c1-1111-7222-8333-444455556666/user_profiles//", "*", ""} {
		f.Add(p)
	}
	s := newServer(f, server.Config{Faces: []face.Face{&fake{name: "djaoapp", routes: []face.Route{
		open("POST", "/api/{x}", ok), open("POST", "/api/tree/{x...}", ok)}}}})
	f.Fuzz(func(t *testing.T, path string) {
		once := server.TidyPath(path)
		if again := server.TidyPath(once); again != once {
			t.Errorf("%q became %q, then %q", path, once, again)
		}
		u, err := url.ParseRequestURI(path)
		if err != nil {
			return
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, &http.Request{Method: "POST", URL: u, Host: "shop.example", Header: http.Header{}, Body: http.NoBody, RequestURI: path})
		if w.Code >= 300 && w.Code < 400 {
			t.Errorf("%q: %d to %s", path, w.Code, w.Header().Get("Location"))
		}
	})
}

// FuzzParameterNames holds what is logged of a query to names that were
// followed by "=", and to plain characters.
func FuzzParameterNames(f *testing.F) {
	for _, q := range []string{"a=1&b=2", "secret", "a%3Db=1", "=", "&&", "%zz=1", "a\n=1"} {
		f.Add(q)
	}
	f.Fuzz(func(t *testing.T, query string) {
		got := server.ParameterNames(query)
		for name := range strings.SplitSeq(got, ",") {
			if strings.ContainsAny(name, "\n\r\t \"'<>&=%") || len(name) > 40 {
				t.Errorf("%q: %q", query, got)
			}
		}
		if !strings.Contains(query, "=") && strings.Trim(got, "?,…") != "" {
			t.Errorf("%q: %q shows a value", query, got)
		}
	})
}
