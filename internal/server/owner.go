package server

import (
	"mime"
	"net/http"
	"strings"

	"facet/internal/console"
	"facet/internal/face"
	"facet/internal/profile"
)

// The names of the faces, whether this build has them or not.
const (
	djaoapp   = "djaoapp"
	entity    = "entity"
	cloudillo = "cloudillo"
	household = "household"
	appdata   = "appdata"
	own       = "facet"
)

// owners says which face answers for the paths under a prefix where no route
// matches: the first row that fits. A prefix ends at a segment's end, unless
// it ends in "*".
var owners = []struct{ prefix, face string }{
	{"/api/users/v1", household},
	{"/api/auth/login*", cloudillo},
	{"/api/auth/access-token", cloudillo},
	{"/api/auth/proxy-token", cloudillo},
	{"/api/auth/password", cloudillo},
	{"/api/auth/set-password", cloudillo},
	{"/api/auth/forgot-password", cloudillo},
	{"/api/auth/api-keys", cloudillo},
	{"/api/profiles", cloudillo},
	{"/api/me", cloudillo},
	{"/api/refs", cloudillo},
	{"/api/files", cloudillo},
	{"/api/file", cloudillo},
	{"/api/idp", cloudillo},
	{"/api/actions", cloudillo},
	{"/api/onboarding", cloudillo},
	{"/api/admin", cloudillo},
	{"/file", cloudillo},
	{"/.well-known/cloudillo", cloudillo},
	{"/api", djaoapp},
	{"/auth", appdata},
	{"/user", appdata},
	{"/operator", appdata},
	{"/app", appdata},
	{"/limits", appdata},
	{"/entity*", entity},
	{"/clients", entity},
	{"/settings", entity},
	{"/versions", entity},
	{"/access", entity},
	{"/oauth", entity},
	{"/imports", own},
	{"/exports", own},
	{"/events", own},
	{"/webhooks", own},
	{"/console", console.Name},
}

// ownerOf names the face that owns a path, "" when none does.
func ownerOf(path string) string {
	for _, o := range owners {
		prefix, open := strings.CutSuffix(o.prefix, "*")
		rest, ok := strings.CutPrefix(path, prefix)
		if ok && (open || rest == "" || rest[0] == '/') {
			return o.face
		}
	}
	return ""
}

// owner finds the face whose form an answer without a route takes.
func (s *Server) owner(r *http.Request) face.Face {
	name := ownerOf(r.URL.Path)
	if name == "" && isEntityCall(r) {
		name = entity
	}
	if f := s.faces[name]; f != nil {
		return f
	}
	return s.plain
}

// isEntityCall reports whether a client of the Entity API sent this: a POST of
// a form, or with that API's credentials, to a single segment. That API
// answers unknown methods with an error inside HTTP 200.
func isEntityCall(r *http.Request) bool {
	if r.Method != http.MethodPost || len(r.URL.Path) < 2 || strings.Contains(r.URL.Path[1:], "/") {
		return false
	}
	switch media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); media {
	case "application/x-www-form-urlencoded", "multipart/form-data":
		return true
	}
	scheme, _, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.EqualFold(scheme, "Basic") || strings.EqualFold(scheme, "Signature") || r.URL.Query().Has("client_id")
}

// rest answers what no route matches.
func (s *Server) rest(w http.ResponseWriter, r *http.Request) {
	x := w.(*exchange)
	x.face = s.owner(r)
	x.meter = s.unmatched[x.face.Name()]
	if x.meter == nil {
		x.meter = s.unmatched[""]
	}
	allowCredentials(w.Header(), r, x.face.Name(), "")
	allowed := s.methods(r)
	switch {
	case r.URL.Path == "/" && (r.Method == http.MethodGet || r.Method == http.MethodHead):
		s.home(x, r)
	case len(allowed) == 0:
		x.fail(r, profile.E(profile.NotFound, profile.CodeNoRoute, "", "there is nothing at this path"))
	case r.Method == http.MethodOptions:
		w.Header().Del("Access-Control-Allow-Credentials") // the route says
		s.preflight(w.Header(), r, allowed)
		w.WriteHeader(http.StatusNoContent)
	default:
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		x.fail(r, profile.E(profile.MethodNotAllowed, profile.CodeMethod, "", "the path does not have this method"))
	}
}

// methods lists the methods that the path has.
func (s *Server) methods(r *http.Request) []string {
	if r.URL.Path == "/" {
		return []string{http.MethodGet, http.MethodHead, http.MethodOptions}
	}
	if hasDots(r.URL.EscapedPath()) {
		return nil
	}
	var out []string
	for _, m := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		if _, ok := s.endpointFor(m, r); ok {
			out = append(out, m)
		}
	}
	if out != nil {
		out = append(out, http.MethodOptions)
	}
	return out
}
