// Package face is what the faces share: the shape of a route and of a call,
// and the strict reading of bodies. A face is one published API over the same
// records; its own package holds routes.go (pattern, permission, handler),
// wire.go (the published JSON), errors.go (its errors and statuses), then one
// file per concept.
package face

import (
	"errors"
	"io"
	"net/http"
	"net/netip"
	"strconv"

	"github.com/go-json-experiment/json"

	"facet/internal/access"
	"facet/internal/directory"
	"facet/internal/profile"
	"facet/internal/schema"
)

// Call is one request on its way: which site, who calls, under which id.
type Call struct {
	Site     *directory.Site
	Identity string // slug of the identity that a cl-o. host selected, else ""
	Who      access.Principal
	From     netip.Addr // where the call comes from; the zero Addr is unknown
	ID       string     // the request id, also in the log
	Form     Form       // set by faces that take their arguments as a form

	// Ending is closed when the server is told to end: an answer that goes on for
	// long ends then. A nil one is never closed.
	Ending <-chan struct{}
}

// Form is the decoded arguments of a form request.
type Form interface {
	Get(name string) (value string, ok bool)
}

// Handler serves one route. An error it returns is rendered by the face.
type Handler func(w http.ResponseWriter, r *http.Request, c *Call) error

// Route is one row of a face's table.
type Route struct {
	Method     string // never empty
	Pattern    string // of net/http.ServeMux, without method
	Permission access.Permission
	Handle     Handler
	MaxBody    int64 // the most bytes of a body, where that is not the server's limit for all
}

// Face is one published API.
type Face interface {
	// Name is the face's short name, as in the log and in api/NAME.yaml.
	Name() string
	Routes() []Route
	// Identify finds out who calls and sets c.Who; nobody is not an error.
	// A proof that is wrong may be: then Fail renders it.
	Identify(r *http.Request, c *Call) error
	// Fail answers with an error in the face's own form. Errors that are not
	// *profile.Error are answered as internal, without their text.
	Fail(w http.ResponseWriter, r *http.Request, c *Call, err error)
}

// MaxBody is the most bytes of a request body that is read whole.
const MaxBody = 1 << 20

// ReadBody reads the whole body: TooLarge over limit bytes, Malformed when the
// client breaks off.
func ReadBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	if r.ContentLength > limit {
		return nil, tooLarge(limit)
	}
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if err != nil {
		var over *http.MaxBytesError
		if errors.As(err, &over) {
			return nil, tooLarge(limit)
		}
		return nil, &profile.Error{Kind: profile.Malformed, Code: profile.CodeSyntax, Message: "the body could not be read", Err: err}
	}
	return b, nil
}

func tooLarge(limit int64) error {
	return profile.E(profile.TooLarge, profile.CodeTooLarge, "", "the body is larger than %d bytes", limit)
}

// MaxDepth bounds the nesting of JSON bodies.
const MaxDepth = 64

// DecodeJSON reads a body into dst: strict syntax (RFC 8259; duplicate keys,
// bad UTF-8 and NUL refused), names case-sensitive, unknown names ignored.
// Errors: Malformed/CodeSyntax; Invalid/CodeType when a value is of another
// JSON type than dst's.
func DecodeJSON(body []byte, dst any) error {
	if err := schema.CheckJSON(body, MaxDepth); err != nil {
		return err
	}
	if err := json.Unmarshal(body, dst); err != nil {
		var sem *json.SemanticError
		if errors.As(err, &sem) {
			return &profile.Error{Kind: profile.Invalid, Code: profile.CodeType, Field: fieldOf(string(sem.JSONPointer)), Message: "wrong type", Err: err}
		}
		return &profile.Error{Kind: profile.Malformed, Code: profile.CodeSyntax, Message: "the JSON is not syntactically valid", Err: err}
	}
	return nil
}

// fieldOf turns a JSON pointer into a dotted path.
func fieldOf(pointer string) string {
	out := make([]byte, 0, len(pointer))
	for i := 0; i < len(pointer); i++ {
		if pointer[i] == '/' {
			if len(out) > 0 {
				out = append(out, '.')
			}
			continue
		}
		out = append(out, pointer[i])
	}
	return string(out)
}

// WriteJSON answers with a body that is JSON already.
func WriteJSON(w http.ResponseWriter, status int, body []byte) {
	h := w.Header()
	h["Content-Type"] = jsonType
	h["Cache-Control"] = noStore
	h["X-Content-Type-Options"] = noSniff
	h["Content-Length"] = []string{strconv.Itoa(len(body))} // or long ones are sent in chunks
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

var (
	jsonType = []string{"application/json"}
	noStore  = []string{"no-store"}
	noSniff  = []string{"nosniff"}
)
