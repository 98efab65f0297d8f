package server

import (
	"encoding/json"
	"errors"
	"html/template"
	"net/http"
	"strings"
	"sync"

	"facet/api"
	"facet/internal/access"
	"facet/internal/directory"
	"facet/internal/docs"
	"facet/internal/face"
	"facet/internal/profile"
)

// own lists our own routes.
func (s *Server) own() []*endpoint {
	get := func(pattern string, siteless bool, h face.Handler) *endpoint {
		return &endpoint{server: s, face: s.plain, siteless: siteless,
			route: face.Route{Method: http.MethodGet, Pattern: pattern, Permission: access.Open, Handle: h}}
	}
	return []*endpoint{
		get("/healthz", true, s.healthz),
		get("/readyz", true, s.readyz),
		get("/.well-known/jwks.json", false, s.jwks),
		get("/docs", true, s.document),
		get("/docs/{page}", true, s.document),
	}
}

// healthz says that the process is alive.
func (s *Server) healthz(w http.ResponseWriter, _ *http.Request, _ *face.Call) error {
	face.WriteJSON(w, http.StatusOK, []byte(`{"status":"ok"}`+"\n"))
	return nil
}

// readyz says whether requests should be sent here: 503 when the store does
// not answer, while there is no site, and from the moment the server is told to
// end.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request, _ *face.Call) error {
	status, is := http.StatusServiceUnavailable, "unavailable"
	if s.draining.Load() {
		is = "draining"
	} else if err := s.ready(r.Context()); err == nil {
		status, is = http.StatusOK, "ready"
	} else if errors.Is(err, directory.ErrNoSite) {
		is = "no site"
	}
	face.WriteJSON(w, status, []byte(`{"status":"`+is+`"}`+"\n"))
	return nil
}

// jwks publishes the keys that verify the site's tokens (RFC 7517).
func (s *Server) jwks(w http.ResponseWriter, _ *http.Request, c *face.Call) error {
	h := w.Header()
	h.Set("Content-Type", "application/jwk-set+json")
	h.Set("Cache-Control", "public, max-age=60")
	_, _ = w.Write(c.Site.KeySet())
	return nil
}

// documents are the published contracts as pages, the same for every server of
// this build.
var documents = sync.OnceValues(func() (*docs.Pages, error) { return docs.New(api.Files) })

// document shows a page of the documents, or their overview.
func (s *Server) document(w http.ResponseWriter, r *http.Request, _ *face.Call) error {
	page := s.docs.Page(r.PathValue("page"))
	if page == nil {
		return profile.E(profile.NotFound, profile.CodeNoRoute, "", "there is no such page")
	}
	page.ServeHTTP(w, r)
	return nil
}

// homeFacts is GET /.
type homeFacts struct {
	Name    string   `json:"name"`
	Version string   `json:"version,omitempty"`
	About   string   `json:"about"`
	Faces   []string `json:"faces"` // the published APIs that answer here
	Links   []string `json:"links"` // paths
}

var homePage = template.Must(template.New("home").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>{{.Name}}</title>
<h1>{{.Name}}{{with .Version}} {{.}}{{end}}</h1>
<p>{{.About}}</p>
<p>APIs: {{range $i, $f := .Faces}}{{if $i}}, {{end}}{{$f}}{{end}}</p>
<ul>{{range .Links}}<li><a href="{{.}}">{{.}}</a></li>{{end}}</ul>
</html>
`))

// home says what answers here: to browsers as a page, to others as JSON.
func (s *Server) home(x *exchange, r *http.Request) {
	facts := homeFacts{
		Name: "Facet", Version: s.version, About: "A profile server: one store, several published profile APIs.",
		Links: []string{"/console", "/docs", "/healthz", "/readyz", "/.well-known/jwks.json"},
	}
	for _, name := range []string{djaoapp, entity, cloudillo, household, appdata} {
		if s.faces[name] != nil {
			facts.Faces = append(facts.Faces, name)
		}
	}
	x.route = "GET /"
	if !strings.Contains(r.Header.Get("Accept"), "text/html") {
		b, err := json.Marshal(facts)
		if err != nil {
			x.fail(r, err)
			return
		}
		face.WriteJSON(x, http.StatusOK, append(b, '\n'))
		return
	}
	h := x.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	var page strings.Builder
	if err := homePage.Execute(&page, facts); err != nil {
		x.fail(r, &profile.Error{Kind: profile.Internal, Code: profile.CodeInternal, Err: err})
		return
	}
	_, _ = x.Write([]byte(page.String()))
}
