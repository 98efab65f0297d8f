package server

import (
	"encoding/json"
	"net/http"
	"strconv"

	"facet/internal/face"
	"facet/internal/profile"
)

// plainFace answers for paths that no face of this build owns. Its errors
// carry what Cloudillo's clients read (error.code) and what DjaoApp's read
// (detail).
type plainFace struct{}

func (plainFace) Name() string                             { return "facet" }
func (plainFace) Routes() []face.Route                     { return nil }
func (plainFace) Identify(*http.Request, *face.Call) error { return nil }

// plainBody is an error: {"error":{"code":"E-CORE-NOTFOUND","message":"Resource
// not found"},"detail":"Not found."}.
type plainBody struct {
	Error struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
	Detail string `json:"detail"`
}

type plainForm struct {
	status       int
	code         string
	text, detail string
}

var (
	plainNotFound = plainForm{http.StatusNotFound, "E-CORE-NOTFOUND", "Resource not found", "Not found."}
	plainInternal = plainForm{http.StatusInternalServerError, "E-CORE-INTERNAL", "Internal error", "Internal error."}
	plainForms    = map[profile.Kind]plainForm{
		profile.NotFound:         plainNotFound,
		profile.MethodNotAllowed: {http.StatusMethodNotAllowed, "E-CORE-METHOD", "Method not allowed", "Method not allowed."},
		profile.TooLarge:         {http.StatusRequestEntityTooLarge, "E-CORE-TOOLARGE", "Request too large", "Request too large."},
		profile.Unauthenticated:  {http.StatusUnauthorized, "E-AUTH-UNAUTH", "Authentication required", "Authentication required."},
		profile.Forbidden:        {http.StatusForbidden, "E-AUTH-NOPERM", "Not allowed", "Not allowed."},
		profile.Limited:          {http.StatusTooManyRequests, "E-CORE-LIMIT", "Too many requests", "Too many requests."},
		profile.Busy:             {http.StatusServiceUnavailable, "E-CORE-BUSY", "Try again later", "Try again later."},
	}
)

func (plainFace) Fail(w http.ResponseWriter, _ *http.Request, _ *face.Call, err error) {
	e := profile.AsError(err)
	form, ok := plainForms[e.Kind]
	if !ok {
		form = plainInternal
	}
	if e.Retry > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(e.Retry))
	}
	var body plainBody
	body.Error.Code, body.Error.Message, body.Detail = form.code, form.text, form.detail
	b, _ := json.Marshal(body) // three strings: it cannot fail
	face.WriteJSON(w, form.status, append(b, '\n'))
}
