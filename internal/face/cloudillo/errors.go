package cloudillo

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"facet/internal/face"
	"facet/internal/profile"
)

// failure is the form of every error ("Error handling").
type failure struct {
	Error problem `json:"error"`
	Time  string  `json:"time"`
	ReqID string  `json:"reqId"`
}

type problem struct {
	Code    string   `json:"code"`
	Message string   `json:"message"`
	Details *details `json:"details,omitzero"`
}

// details name the field at fault, or how many seconds to wait, and whose tries
// are used up.
type details struct {
	Field      string `json:"field,omitempty"`
	Level      string `json:"level,omitempty"` // individual
	RetryAfter int    `json:"retryAfter,omitzero"`
}

// Fail answers with an error.
func (cloudillo) Fail(w http.ResponseWriter, r *http.Request, c *face.Call, err error) {
	e := profile.AsError(err)
	status, p := problemOf(e, r)
	p.Message = strings.ToValidUTF8(p.Message, "\ufffd")
	now := time.Now()
	if c.Site != nil {
		now = c.Site.Now()
	}
	h := w.Header()
	h.Set("Pragma", "no-cache")
	if status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", "Bearer")
	}
	if e.Retry > 0 {
		h.Set("Retry-After", strconv.Itoa(e.Retry))
		p.Details = &details{RetryAfter: e.Retry}
	}
	if e.Kind == profile.Limited {
		h.Set("X-RateLimit-Level", individual)
		p.Details = &details{Level: individual, RetryAfter: e.Retry}
	}
	body, err := json.Marshal(failure{p, iso(now), c.ID})
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"error":{"code":"E-CORE-INTERNAL","message":"Internal server error"}}`)
	}
	face.WriteJSON(w, status, body)
}

// problemOf chooses status, code and text. The texts begin as those of the live
// system do.
func problemOf(e *profile.Error, r *http.Request) (status int, p problem) {
	switch e.Kind {
	case profile.Unauthenticated, profile.Expired:
		if e.Code == profile.CodeCredentials || e.Code == profile.CodePassword {
			return http.StatusForbidden, denied
		}
		return http.StatusUnauthorized, problem{"E-AUTH-UNAUTH", "Authentication required or invalid token", inField(e)}
	case profile.Forbidden:
		return http.StatusForbidden, denied
	case profile.NotFound:
		return http.StatusNotFound, problem{Code: "E-CORE-NOTFOUND", Message: "Resource not found"}
	case profile.Taken:
		return http.StatusConflict, problem{"E-CORE-CONFLICT", "Resource conflict: used", inField(e)}
	case profile.Conflict:
		return http.StatusConflict, problem{"E-CORE-CONFLICT", "Resource conflict: " + e.Message, inField(e)}
	case profile.MethodNotAllowed:
		return http.StatusMethodNotAllowed, problem{Code: "E-CORE-BADREQ", Message: "Method not allowed"}
	case profile.TooLarge:
		p := problem{Code: "E-VAL-INVALID", Message: "Request validation failed: " + e.Message, Details: inField(e)}
		if strings.HasPrefix(r.URL.Path, me+"/") || strings.HasPrefix(r.URL.Path, "/api/files/") {
			p.Code = "E-FILE-TOOLARGE"
		}
		return http.StatusRequestEntityTooLarge, p
	case profile.Limited:
		return http.StatusTooManyRequests, problem{Code: "E-RATE-LIMITED", Message: "Too many requests. Please slow down."}
	case profile.Busy:
		return http.StatusServiceUnavailable, problem{Code: "E-SYS-UNAVAIL", Message: "Service temporarily unavailable: " + e.Message}
	case profile.Internal:
		return http.StatusInternalServerError, problem{Code: "E-CORE-INTERNAL", Message: "Internal server error"}
	}
	return http.StatusBadRequest, problem{"E-VAL-INVALID", "Request validation failed: " + text(e), inField(e)}
}

// individual says that the bound is one of the caller or its address, not of a
// larger network.
const individual = "individual"

var denied = problem{Code: "E-AUTH-NOPERM", Message: "You do not have permission to access this resource"}

func inField(e *profile.Error) *details {
	if e.Field == "" {
		return nil
	}
	return &details{Field: fieldOf(e.Field)}
}

// text says what is wrong. The schema's messages name attributes that are not
// the caller's.
func text(e *profile.Error) string {
	if field := fieldOf(e.Field); field != e.Field && e.Field != "slug" {
		return field + " is not valid"
	}
	return e.Message
}

// invalid refuses a field for what it says.
func invalid(field, format string, args ...any) error {
	return profile.E(profile.Invalid, profile.CodeInvalid, field, format, args...)
}

// required tells of a field that is missing or empty.
func required(field string) error {
	return profile.E(profile.Missing, profile.CodeRequired, field, "%s is required", field)
}
