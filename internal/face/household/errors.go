package household

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/go-json-experiment/json"

	"facet/internal/access"
	"facet/internal/face"
	"facet/internal/profile"
)

// failed is the answer to every error (JSON:API 1.1, "Errors").
type failed struct {
	Errors []problem `json:"errors"`
}

// problem is one thing that is wrong.
type problem struct {
	Status string         `json:"status"` // HTTP status
	Code   string         `json:"code"`   // fine and stable
	Title  string         `json:"title"`  // the same for every problem of the status
	Detail string         `json:"detail"`
	Source *source        `json:"source,omitzero"`
	Meta   map[string]any `json:"meta,omitempty"`
}

// source is where in the request a problem lies.
type source struct {
	Pointer   string `json:"pointer,omitempty"` // RFC 6901
	Parameter string `json:"parameter,omitempty"`
	Header    string `json:"header,omitempty"`
}

// located is an error that knows its source, and its status where its kind
// does not tell it.
type located struct {
	*profile.Error
	source source
	status int // 0: by the kind
}

// problems are what is wrong with one request. They travel as the cause of
// the first.
type problems []located

func (problems) Error() string { return "answered in a form of its own" }

func (p problems) err() error {
	if len(p) == 0 {
		return nil
	}
	first := *p[0].Error
	first.Err = p
	return &first
}

// refuse makes an error with a source.
func refuse(e *profile.Error, from source, status int) error {
	return problems{{e, from, status}}.err()
}

// malformed is a body that is not what is asked for.
func malformed(pointer, format string, args ...any) error {
	return refuse(profile.E(profile.Malformed, profile.CodeSyntax, "", format, args...), source{Pointer: pointer}, 0)
}

// What is unknown is told of up to so many, and names up to so many bytes.
const (
	maxUnknown = 20
	maxNamed   = 200
)

// Fail answers with an error.
func (household) Fail(w http.ResponseWriter, r *http.Request, c *face.Call, err error) {
	e := profile.AsError(err)
	many := problems{{Error: e}}
	_ = errors.As(e.Err, &many)
	status := 0
	var out failed
	for _, p := range many {
		own := p.status
		if own == 0 {
			own = statusOf(p.Error)
		}
		if status == 0 {
			status = own
		}
		out.Errors = append(out.Errors, problemOf(p, own, c))
	}
	h := w.Header()
	if status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", "Bearer")
	}
	if e.Retry > 0 {
		h.Set("Retry-After", strconv.Itoa(e.Retry))
	}
	b, err := json.Marshal(out, json.Deterministic(true))
	if err != nil {
		status, b = http.StatusInternalServerError, []byte(`{"errors":[{"status":"500","code":"internal","title":"Internal Server Error","detail":"Internal error."}]}`)
	}
	send(w, r, status, b)
}

func problemOf(p located, status int, c *face.Call) problem {
	out := problem{Status: strconv.Itoa(status), Code: string(p.Code), Title: http.StatusText(status), Detail: p.Message, Meta: p.Detail}
	switch {
	case p.Kind == profile.Internal:
		out.Detail, out.Meta = "Internal error.", nil
	case p.Kind == profile.Busy:
		out.Detail = "Service temporarily unavailable, try again later."
	case p.Code == profile.CodeVersionMismatch:
		p.source.Header = "If-Match"
	case p.Code == profile.CodeForbidden && c.Who.Restriction.Kind == access.ChildProfile:
		out.Code, out.Detail = "child_profile_forbidden", "A child profile may only look."
	}
	if p.source != (source{}) {
		out.Source = &p.source
	}
	if out.Detail == "" {
		out.Detail = out.Title
	}
	return out
}

func statusOf(e *profile.Error) int {
	switch e.Kind {
	case profile.Malformed:
		return http.StatusBadRequest
	case profile.Invalid, profile.Missing, profile.Unknown:
		return http.StatusUnprocessableEntity
	case profile.Unauthenticated, profile.Expired:
		return http.StatusUnauthorized
	case profile.Forbidden:
		return http.StatusForbidden
	case profile.NotFound:
		return http.StatusNotFound
	case profile.MethodNotAllowed:
		return http.StatusMethodNotAllowed
	case profile.Taken:
		return http.StatusConflict
	case profile.Conflict:
		switch e.Code {
		case profile.CodeVersionMismatch:
			return http.StatusPreconditionFailed
		case profile.CodeRepeat: // draft-ietf-httpapi-idempotency-key-header
			return http.StatusUnprocessableEntity
		}
		return http.StatusConflict
	case profile.TooLarge:
		return http.StatusRequestEntityTooLarge
	case profile.Limited:
		return http.StatusTooManyRequests
	case profile.Busy:
		return http.StatusServiceUnavailable
	default:
		return http.StatusInternalServerError
	}
}

// unsupported is a body of a type that is not read here.
func unsupported(format string, args ...any) error {
	return refuse(profile.E(profile.Malformed, "unsupported_media_type", "", "%s", fmt.Sprintf(format, args...)),
		source{Header: "Content-Type"}, http.StatusUnsupportedMediaType)
}
