package djaoapp

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"facet/internal/face"
	"facet/internal/profile"
)

// DjaoApp's errors have four shapes: {"detail":"…"} for refusals,
// {"field":["…"]} for validation, {"field":"…"} for what was found out by
// hand (a name in use, a wrong password), and a bare ["…"] for tokens. The
// texts are those of Django REST framework.

// The texts that more than one place says.
const (
	textRequired = "This field is required."
	textBlank    = "This field may not be blank."
	textNull     = "This field may not be null."
	textString   = "Not a valid string."
	textEmail    = "Enter a valid email address."
	textDenied   = "Permission denied"
	textAction   = "You do not have permission to perform this action."
	textNotFound = "Not found."
)

// object is a JSON object whose members keep their order.
type object []member

type member struct {
	name  string
	value any
}

// MarshalJSONTo writes the members in order.
func (o object) MarshalJSONTo(enc *jsontext.Encoder) error {
	if err := enc.WriteToken(jsontext.BeginObject); err != nil {
		return err
	}
	for _, m := range o {
		if err := enc.WriteToken(jsontext.String(m.name)); err != nil {
			return err
		}
		if err := json.MarshalEncode(enc, m.value); err != nil {
			return err
		}
	}
	return enc.WriteToken(jsontext.EndObject)
}

func detail(text string) object { return object{{"detail", text}} }

// reply is the answer to an error, where the error alone does not tell it. It
// travels as the cause of a *profile.Error.
type reply struct {
	status int
	body   any
}

func (*reply) Error() string { return "answered in a form of its own" }

// refuse makes an error that is answered so.
func refuse(kind profile.Kind, code profile.Code, status int, body any) error {
	return &profile.Error{Kind: kind, Code: code, Err: &reply{status, body}}
}

// hide gives the error for a thing that the path names. To who operates the
// site an unknown one is unknown; others cannot tell it from one that is none
// of theirs. what is DjaoApp's word for the thing.
func hide(r *http.Request, c *face.Call, err error, what string) error {
	if !profile.IsKind(err, profile.NotFound) || profile.AsError(err).Field != "" {
		return err
	}
	operator, opErr := c.Site.IsOperator(r.Context(), c.Who)
	if opErr != nil {
		return opErr
	}
	if !operator {
		return refuse(profile.Forbidden, profile.CodeForbidden, http.StatusForbidden, detail(textDenied))
	}
	return refuse(profile.NotFound, profile.CodeNotFound, http.StatusNotFound, detail("No "+what+" matches the given query."))
}

// renamed says by what names the fields of an error came in; pairs of kernel
// field and name.
func renamed(err error, pairs ...string) error {
	e := profile.AsError(err)
	for i := 0; i < len(pairs); i += 2 {
		if err != nil && e.Field == pairs[i] {
			out := *e
			out.Field = pairs[i+1]
			return &out
		}
	}
	return err
}

// Fail answers with an error.
func (f djaoapp) Fail(w http.ResponseWriter, r *http.Request, c *face.Call, err error) {
	e := profile.AsError(err)
	status, body := f.answer(e, r, c)
	h := w.Header()
	if status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", "Bearer")
	}
	if e.Retry > 0 {
		h.Set("Retry-After", strconv.Itoa(e.Retry))
	}
	b, err := json.Marshal(body)
	if err != nil {
		status, b = http.StatusInternalServerError, []byte(`{"detail":"Internal error."}`)
	}
	face.WriteJSON(w, status, b)
}

func (f djaoapp) answer(e *profile.Error, r *http.Request, c *face.Call) (status int, body any) {
	var own *reply
	if errors.As(e.Err, &own) {
		return own.status, own.body
	}
	switch e.Code {
	case profile.CodeCredentials:
		return http.StatusUnauthorized, object{{"username", e.Message}, {"password", e.Message}}
	case profile.CodePasswordMissing:
		return http.StatusUnauthorized, object{{"password", e.Message}}
	case profile.CodeOneTimeRequired:
		return http.StatusUnauthorized, object{{e.Field, e.Message}}
	case profile.CodeRequired:
		if e.Kind == profile.Unauthenticated { // the proof is right, and nobody is there
			return http.StatusUnauthorized, detail(e.Message)
		}
	case profile.CodeProofRequired:
		if e.Kind == profile.Missing {
			return http.StatusUnauthorized, object{{e.Field, e.Message}}
		}
	case profile.CodeAttempts:
		if e.Field != "" { // one-time passwords
			return http.StatusForbidden, object{{e.Field, e.Message}}
		}
	case profile.CodeDisabled:
		return http.StatusForbidden, detail("User inactive or deleted.")
	case profile.CodeRegistrationClosed, profile.CodeLastManager:
		return http.StatusForbidden, detail(e.Message)
	case profile.CodeSyntax:
		return http.StatusBadRequest, detail("JSON parse error - " + e.Message)
	case profile.CodeRepeat:
		return http.StatusUnprocessableEntity, detail(e.Message)
	}
	switch e.Kind {
	case profile.Unauthenticated, profile.Expired:
		if _, open := f.open[r.Pattern]; open {
			return http.StatusUnauthorized, detail("Invalid token")
		}
		return http.StatusForbidden, detail(textDenied)
	case profile.Forbidden:
		return http.StatusForbidden, detail(textDenied)
	case profile.NotFound:
		return http.StatusNotFound, notFound(e, r)
	case profile.MethodNotAllowed:
		return http.StatusMethodNotAllowed, detail("Method " + strconv.Quote(r.Method) + " not allowed.")
	case profile.Limited:
		return http.StatusTooManyRequests, detail(e.Message)
	case profile.Busy:
		return http.StatusServiceUnavailable, detail("Service temporarily unavailable, try again later.")
	case profile.TooLarge:
		if e.Field == "" {
			return http.StatusRequestEntityTooLarge, detail("Request entity too large.")
		}
		return http.StatusBadRequest, object{{fieldOf(e.Field), []string{"This value is too long."}}}
	case profile.Internal:
		return http.StatusInternalServerError, detail("Internal error.")
	}
	return http.StatusBadRequest, invalid(e)
}

// notFound is the body for a thing that is not there. Cloudillo's API shares
// the paths under /api/auth: what its clients read is there too.
func notFound(e *profile.Error, r *http.Request) object {
	if e.Code != profile.CodeNoRoute {
		if e.Field == "" {
			return detail(textNotFound)
		}
		return detail(e.Message)
	}
	if r.URL.Path == "/api/auth" || strings.HasPrefix(r.URL.Path, "/api/auth/") {
		return sharedNotFound
	}
	return detail(textNotFound)
}

var sharedNotFound = object{
	{"detail", textNotFound},
	{"error", object{{"code", "E-CORE-NOTFOUND"}, {"message", "Resource not found"}}},
}

// invalid is the body for a value that breaks a rule.
func invalid(e *profile.Error) object {
	field := fieldOf(e.Field)
	if e.Kind == profile.Taken {
		if e.Field == "" || e.Field == "link" {
			return detail("This is already taken.")
		}
		return object{{field, "This " + spoken(field) + " is already taken."}}
	}
	if field == "" {
		return detail(e.Message)
	}
	return object{{field, []string{text(e, field)}}}
}

// spoken is what DjaoApp's texts call a field.
func spoken(field string) string {
	if field == "email" {
		return "e-mail address"
	}
	return field
}

// text gives the text for a field in Django REST framework's words. Messages
// about names and passwords are in them already; those of the schema name
// attributes that are not the caller's.
func text(e *profile.Error, field string) string {
	switch {
	case e.Code == profile.CodeProofRequired || e.Kind == profile.Missing:
		return e.Message
	case field == "email":
		return textEmail
	case e.Field == field:
		return e.Message
	case e.Code == profile.CodeType:
		return textString
	default:
		return "Enter a valid value."
	}
}

// denied refuses like Django REST framework's PermissionDenied.
func denied() error {
	return refuse(profile.Forbidden, profile.CodeForbidden, http.StatusForbidden, detail(textAction))
}
