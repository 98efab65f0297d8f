package server

import (
	"net/http"
	"strings"
)

var (
	varyOrigin     = []string{"Origin"}
	exposedHeaders = []string{"Location, X-Request-ID, ETag, Retry-After, X-RateLimit-Level, Content-Range, X-Cloudillo-Variant, X-Cloudillo-Variants, Facet-Consistency"}
)

// preflightAge is how long a browser may keep the answer to a preflight, in
// seconds: none keeps it longer.
const preflightAge = "7200"

// allowOrigin lets browser code of any origin read the answers, without
// cookies: the APIs take their proof in headers, so a foreign page can do no
// more than its own server could (Fetch standard, "CORS protocol").
func allowOrigin(h http.Header, r *http.Request) {
	h["Vary"] = varyOrigin
	if origin := r.Header["Origin"]; len(origin) == 1 {
		h["Access-Control-Allow-Origin"] = origin
		h["Access-Control-Expose-Headers"] = exposedHeaders
	}
}

// allowCredentials lets browser code of any origin send what credentials the
// browser has to a route that looks at none of them: Cloudillo's client always
// does. Where cookies are looked at, which is on the paths of DjaoApp's face, a
// foreign page may not send them; but for the log-out that both share, on the
// host of an identity, where nobody signs in by cookie.
func allowCredentials(h http.Header, r *http.Request, face, route string) {
	if len(r.Header["Origin"]) != 1 {
		return
	}
	if face == cloudillo || route == "POST /api/auth/logout" && strings.HasPrefix(strings.ToLower(r.Host), "cl-o.") {
		h.Set("Access-Control-Allow-Credentials", "true")
	}
}

// preflight completes the answer to OPTIONS for a path that has the methods.
func (s *Server) preflight(h http.Header, r *http.Request, methods []string) {
	list := strings.Join(methods, ", ")
	h.Set("Allow", list)
	method := r.Header.Get("Access-Control-Request-Method")
	if method == "" {
		return
	}
	if e, ok := s.endpointFor(method, r); ok {
		allowCredentials(h, r, e.face.Name(), e.name)
	}
	h["Vary"] = []string{"Origin, Access-Control-Request-Method, Access-Control-Request-Headers"}
	h.Set("Access-Control-Allow-Methods", list)
	if asked := r.Header.Get("Access-Control-Request-Headers"); asked != "" {
		h.Set("Access-Control-Allow-Headers", asked)
	}
	h.Set("Access-Control-Max-Age", preflightAge)
}

// endpointFor finds the route that a method has on a request's path.
func (s *Server) endpointFor(method string, r *http.Request) (*endpoint, bool) {
	h, _ := s.mux.Handler(&http.Request{Method: method, URL: r.URL})
	e, ok := h.(*endpoint)
	return e, ok
}
