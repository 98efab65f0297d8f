package server

import (
	"net/http"
	"strings"
)

var (
	varyOrigin     = []string{"Origin"}
	exposedHeaders = []string{"Location, X-Request-ID, ETag"}
)

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

// preflight completes the answer to OPTIONS for a path that has the methods.
func preflight(h http.Header, r *http.Request, methods []string) {
	list := strings.Join(methods, ", ")
	h.Set("Allow", list)
	if r.Header.Get("Access-Control-Request-Method") == "" {
		return
	}
	h.Set("Access-Control-Allow-Methods", list)
	if asked := r.Header.Get("Access-Control-Request-Headers"); asked != "" {
		h.Set("Access-Control-Allow-Headers", asked)
	}
	h.Set("Access-Control-Max-Age", "600")
}
