package own

import (
	"net/http"
	"strconv"

	"github.com/go-json-experiment/json"

	"facet/internal/face"
	"facet/internal/profile"
)

// problem is the body of an error: RFC 9457, of the type about:blank, with two
// members more.
type problem struct {
	Type   string `json:"type"`             // about:blank
	Title  string `json:"title"`            // of the status
	Status int    `json:"status"`           // of HTTP
	Detail string `json:"detail"`           // for people
	Code   string `json:"code"`             // for programs
	Field  string `json:"field,omitempty"`  // the parameter, or the dotted path in the body, that it is about
	Oldest string `json:"oldest,omitempty"` // where the feed can be read from, when events after a cursor are not kept any more
}

// statuses are those of the kinds of refusal.
var statuses = map[profile.Kind]int{
	profile.Malformed:        http.StatusBadRequest,
	profile.Invalid:          http.StatusUnprocessableEntity,
	profile.Missing:          http.StatusUnprocessableEntity,
	profile.Unknown:          http.StatusUnprocessableEntity,
	profile.Taken:            http.StatusConflict,
	profile.NotFound:         http.StatusNotFound,
	profile.Unauthenticated:  http.StatusUnauthorized,
	profile.Expired:          http.StatusUnauthorized,
	profile.Forbidden:        http.StatusForbidden,
	profile.Conflict:         http.StatusConflict,
	profile.TooLarge:         http.StatusRequestEntityTooLarge,
	profile.Limited:          http.StatusTooManyRequests,
	profile.Busy:             http.StatusServiceUnavailable,
	profile.MethodNotAllowed: http.StatusMethodNotAllowed,
}

// special are the statuses of codes that have one of their own (RFC 9110,
// sections 15.5.11 and 15.5.13).
var special = map[profile.Code]int{
	profile.CodeVersionMismatch: http.StatusPreconditionFailed,
	profile.CodePruned:          http.StatusGone,
}

// problemOf makes the body of an error.
func problemOf(e *profile.Error) problem {
	p := problem{Type: "about:blank", Status: statuses[e.Kind], Detail: e.Message, Code: string(e.Code), Field: e.Field}
	if status, ok := special[e.Code]; ok {
		p.Status = status
	}
	if e.Kind == profile.Internal || p.Status == 0 {
		p = problem{Type: "about:blank", Status: http.StatusInternalServerError, Detail: "Internal error.", Code: string(profile.CodeInternal)}
	}
	p.Title = http.StatusText(p.Status)
	p.Oldest, _ = e.Detail["oldest"].(string)
	return p
}

// Fail answers with an error.
func (own) Fail(w http.ResponseWriter, _ *http.Request, _ *face.Call, err error) {
	e := profile.AsError(err)
	p := problemOf(e)
	h := w.Header()
	if p.Status == http.StatusUnauthorized {
		h["Www-Authenticate"] = []string{challenge(e), `Basic realm="facet"`}
	}
	if e.Retry > 0 {
		h.Set("Retry-After", strconv.Itoa(e.Retry))
	}
	b, err := json.Marshal(p)
	if err != nil { // nothing in it can fail
		b = []byte(`{"type":"about:blank","title":"Internal Server Error","status":500,"detail":"Internal error.","code":"internal"}`)
	}
	h["Content-Type"] = problemType
	h["Cache-Control"] = noStore
	h["X-Content-Type-Options"] = noSniff
	w.WriteHeader(p.Status)
	_, _ = w.Write(b)
}

// challenge says what would prove the caller (RFC 6750, section 3).
func challenge(e *profile.Error) string {
	if e.Code == profile.CodeNoAuth {
		return "Bearer"
	}
	return `Bearer error="invalid_token"`
}

var (
	problemType = []string{"application/problem+json"}
	noStore     = []string{"no-store"}
	noSniff     = []string{"nosniff"}
)
