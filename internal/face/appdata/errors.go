package appdata

import (
	"errors"
	"net/http"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json"

	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/profile"
)

// Errors are problems (RFC 9457) of the type about:blank, with two members
// more: a code, and what is wrong with which part of the body. The checks
// come in this order: who calls (401), whether they may (403), whether the body
// can be read (400) and is not too large (413), what it says (422), and then
// what is there (404, 409). Of several things wrong with a body, all are told,
// and the first in this order makes the status.

// problem is the body of an error.
type problem struct {
	Type   string `json:"type"`   // about:blank
	Title  string `json:"title"`  // of the status
	Status int    `json:"status"` // of HTTP
	Detail string `json:"detail"` // for people
	Code   string `json:"code"`   // for programs
	Errors []item `json:"errors,omitempty"`
}

// item is one thing wrong with the body.
type item struct {
	Index   *int   `json:"index,omitempty"` // in "profiles", from 0
	Pointer string `json:"pointer"`         // RFC 6901, from the body's root
	Code    string `json:"code"`
	Detail  string `json:"detail"`
	kind    profile.Kind
}

// refusal is the cause of an error that is more than one thing, or that has a
// status of its own.
type refusal struct {
	status int // 0: that of the error's kind
	items  []item
}

func (*refusal) Error() string { return "told in its items" }

// The order in which kinds of what is wrong with a body make the status.
var precedence = []profile.Kind{profile.Malformed, profile.TooLarge, profile.Invalid, profile.Missing, profile.Unknown, profile.Forbidden, profile.NotFound, profile.Taken, profile.Conflict}

// refuse makes one error of all that is wrong with a body; nil when nothing is.
func refuse(items []item) error {
	if len(items) == 0 {
		return nil
	}
	first := slices.MinFunc(items, func(a, b item) int {
		return slices.Index(precedence, a.kind) - slices.Index(precedence, b.kind)
	})
	e := profile.E(first.kind, profile.Code(first.Code), "", "%s", first.Detail)
	if len(items) > 1 {
		e.Message = strconv.Itoa(len(items)) + " things are wrong with the request; the errors name each. Nothing was done."
	}
	e.Err = &refusal{items: items}
	return e
}

// itemOf tells an error of package directory about the body: pointer is the
// part of it that the error's field came from. What the body names and nobody
// has is a wrong value there, not a path that leads nowhere.
func itemOf(e *profile.Error, pointer string) item {
	i := item{Pointer: pointer, Code: codeOf(e), Detail: e.Message, kind: e.Kind}
	if i.kind == profile.NotFound {
		i.kind = profile.Invalid
	}
	return i
}

// inBody gives an error of package directory its place in the body, where its
// field came from there; pointers are by field.
func inBody(err error, pointers map[string]string) error {
	if err == nil {
		return nil
	}
	e := profile.AsError(err)
	if _, ok := pointers[e.Field]; !ok || e.Field == "" {
		return err
	}
	items := itemsOf(e, pointers)
	for n := range items {
		if items[n].kind == profile.TooLarge && e.Field != "profile_data" { // a password: the body is not
			items[n].kind = profile.Invalid
		}
	}
	out := *e
	out.Kind, out.Err = items[0].kind, &refusal{items: items}
	return &out
}

// itemsOf tells an error of package directory about the body, where it may be
// about several parts: pointers are by field.
func itemsOf(e *profile.Error, pointers map[string]string) (out []item) {
	base := pointers[e.Field]
	if found, ok := e.Detail["violations"].([]directory.Violation); ok {
		for _, v := range found {
			out = append(out, item{Pointer: base + v.Pointer, Code: codeOf(e), Detail: v.Message, kind: e.Kind})
		}
		return out
	}
	pointer, _ := e.Detail["pointer"].(string)
	return []item{itemOf(e, base+pointer)}
}

// codeOf names an error to clients.
func codeOf(e *profile.Error) string {
	switch {
	case e.Code == profile.CodeNotFound && e.Field == "app_id":
		return "app_not_found"
	case e.Code == profile.CodeNotFound && e.Field == "user_id":
		return "user_not_found"
	case e.Code == profile.CodeNotFound && e.Field == "user_profile_id":
		return "user_profile_not_found"
	case e.Code == profile.CodeNotFound && e.Field != "":
		return "not_found"
	case e.Code == profile.CodeNotFound:
		return "profile_not_found"
	case e.Code == profile.CodeTaken && e.Field == "app_id":
		return "profile_exists"
	case e.Code == profile.CodeDuplicate && e.Field == "user_id":
		return "duplicate_in_request"
	case e.Code == profile.CodeType && e.Field == "profile_data":
		return "profile_data_not_object"
	}
	return string(e.Code)
}

// statuses are those of the kinds of refusal.
var statuses = map[profile.Kind]int{
	profile.Internal:         http.StatusInternalServerError,
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
// section 15.5.13; RFC 6585, section 3).
var special = map[profile.Code]int{
	profile.CodeVersionMismatch: http.StatusPreconditionFailed,
	profile.CodeMatchNeeded:     http.StatusPreconditionRequired,
	profile.CodeRepeat:          http.StatusUnprocessableEntity,
}

func methodNotAllowed() error {
	return profile.E(profile.MethodNotAllowed, profile.CodeMethod, "", "This changes something: send POST.")
}

// Fail answers with an error.
func (f appdata) Fail(w http.ResponseWriter, r *http.Request, _ *face.Call, err error) {
	e := profile.AsError(err)
	p := problem{Type: "about:blank", Status: statuses[e.Kind], Detail: e.Message, Code: codeOf(e)}
	var own *refusal
	if errors.As(e.Err, &own) {
		p.Errors = own.items
		if own.status != 0 {
			p.Status = own.status
		}
	}
	if status, ok := special[e.Code]; ok {
		p.Status = status
	}
	if e.Kind == profile.Internal || p.Status == 0 {
		p.Status, p.Detail, p.Code = http.StatusInternalServerError, "Internal error.", string(profile.CodeInternal)
	}
	p.Title = http.StatusText(p.Status)
	h := w.Header()
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", f.challenge(e, r))
	}
	if e.Retry > 0 {
		h.Set("Retry-After", strconv.Itoa(e.Retry))
	}
	if version, ok := e.Detail["version"].(int64); ok { // of the document that is there
		h.Set("ETag", etag(version))
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

// challenge says what would prove the caller (RFC 9110, section 11.6.1; RFC
// 6750, section 3).
func (f appdata) challenge(e *profile.Error, r *http.Request) string {
	switch {
	case f.open[r.Pattern]:
		return `ApiKey realm="app"`
	case e.Code == profile.CodeNoAuth:
		return "Bearer"
	}
	return `Bearer error="invalid_token"`
}

var (
	problemType = []string{"application/problem+json"}
	noStore     = []string{"no-store"}
	noSniff     = []string{"nosniff"}
)
