package appdata

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"facet/internal/face"
	"facet/internal/profile"
	"facet/internal/schema"
)

// body reads a JSON body member by member, as it arrives, and collects what is
// wrong with it. A text that is no JSON (RFC 8259) ends the reading; what can
// be read and not taken (a name that stands twice or is not known, NUL, a value
// of another type) is an item, and reading goes on.
type body struct {
	dec    *jsontext.Decoder
	index  int // in "profiles" of what is read now; -1: none
	items  []item
	listed bool // there is an array "profiles", or something in its place
}

// openBody begins to read the body of a request. The server bounds its size.
func openBody(r *http.Request) (*body, error) {
	if header := r.Header.Get("Content-Type"); header != "" {
		media, params, err := mime.ParseMediaType(header)
		charset := strings.ToLower(params["charset"])
		if err != nil || media != "application/json" && !strings.HasSuffix(media, "+json") || charset != "" && charset != "utf-8" {
			return nil, unsupported("The body must be application/json, in UTF-8.")
		}
	}
	return newBody(r.Body), nil
}

func unsupported(what string) error {
	return &profile.Error{Kind: profile.Malformed, Code: "unsupported_media_type", Message: what, Err: &refusal{status: http.StatusUnsupportedMediaType}}
}

func newBody(r io.Reader) *body { return &body{dec: newDecoder(r), index: -1} }

// newDecoder leaves to the reader of a value what the decoder would refuse
// with the whole body.
func newDecoder(r io.Reader) *jsontext.Decoder {
	return jsontext.NewDecoder(r, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
}

// object reads the body as one object, and nothing after it. See members.
func (in *body) object(member func(name string) (known bool, err error)) error {
	if err := in.members(in.dec, "", member); err != nil {
		return err
	}
	if _, err := in.dec.ReadToken(); err == nil {
		return syntaxError("there is something after the value")
	} else if err != io.EOF {
		return in.broken(err)
	}
	return nil
}

// whole reads a body that is one value, whatever it is. The value is valid
// until the body is read on.
func (in *body) whole() (jsontext.Value, error) {
	raw, err := in.value(in.dec)
	if err != nil {
		return nil, err
	}
	raw = raw.Clone()
	if _, err := in.dec.ReadToken(); err == nil {
		return nil, syntaxError("there is something after the value")
	} else if err != io.EOF {
		return nil, in.broken(err)
	}
	return raw, nil
}

// members reads an object from dec. member reads the value of a name that it
// knows; the others are items. at is the pointer of the object.
func (in *body) members(dec *jsontext.Decoder, at string, member func(name string) (known bool, err error)) error {
	switch kind := dec.PeekKind(); kind {
	case '{', 0: // 0: ReadToken tells what is wrong
	default:
		if err := dec.SkipValue(); err != nil {
			return in.broken(err)
		}
		in.wrong(profile.Invalid, profile.CodeType, at, "This must be a JSON object.")
		return nil
	}
	if _, err := dec.ReadToken(); err != nil {
		return in.broken(err)
	}
	var room [8]string
	seen := room[:0]
	for dec.PeekKind() == '"' {
		raw, err := dec.ReadValue()
		if err != nil {
			return in.broken(err)
		}
		if !utf8.Valid(raw) {
			return syntaxError("it is not UTF-8")
		}
		name, _ := schema.Text(raw)
		known := false
		if slices.Contains(seen, name) {
			in.wrong(profile.Invalid, profile.CodeDuplicate, at+"/"+name, "The name stands twice in the object.")
		} else if known, err = member(name); err != nil {
			return err
		}
		if known {
			seen = append(seen, name)
			continue
		}
		if err := dec.SkipValue(); err != nil {
			return in.broken(err)
		}
		if !slices.Contains(seen, name) {
			in.unknown(at, name)
		}
	}
	if _, err := dec.ReadToken(); err != nil {
		return in.broken(err)
	}
	return nil
}

// unknown notes a name that is not known: the first of an object is enough.
func (in *body) unknown(at, name string) {
	if n := len(in.items); n > 0 && in.items[n-1].kind == profile.Unknown && in.items[n-1].parent() == in.pointer(at) {
		return
	}
	if len(name) > 100 {
		name = strings.ToValidUTF8(name[:100], "")
	}
	in.wrong(profile.Unknown, "unknown_member", at+"/"+escapeStep.Replace(name), "There is no such member.")
}

func (i item) parent() string { return i.Pointer[:strings.LastIndexByte(i.Pointer, '/')] }

// escapeStep writes a name as a step of a pointer (RFC 6901, section 3).
var escapeStep = strings.NewReplacer("~", "~0", "/", "~1")

// value reads the value that comes next. It is valid until the next call.
func (in *body) value(dec *jsontext.Decoder) (jsontext.Value, error) {
	raw, err := dec.ReadValue()
	if err != nil {
		return nil, in.broken(err)
	}
	return raw, nil
}

// text reads a string; ok is false, and what is wrong noted, for anything
// else. A null is "" and ok, as if the member were not there.
func (in *body) text(dec *jsontext.Decoder, at string) (text string, ok bool, err error) {
	raw, err := in.value(dec)
	if err != nil {
		return "", false, err
	}
	if raw.Kind() == 'n' {
		return "", true, nil
	}
	if raw.Kind() != '"' {
		in.wrong(profile.Invalid, profile.CodeType, at, "This must be a string.")
		return "", false, nil
	}
	if err := schema.CheckJSON(raw, face.MaxDepth); err != nil {
		return "", false, in.unkept(raw, at, err)
	}
	text, ok = schema.Text(raw)
	return text, ok, nil
}

// unkept notes a value that schema.CheckJSON does not accept, though it is
// JSON. Text that is not UTF-8 is none.
func (in *body) unkept(raw []byte, at string, err error) error {
	e := profile.AsError(err)
	switch {
	case e.Kind == profile.TooLarge:
		in.wrong(e.Kind, e.Code, at, "%s", e.Message)
	case !utf8.Valid(raw):
		return syntaxError("it is not UTF-8")
	default:
		_, what, _ := strings.Cut(e.Message, ": ")
		in.wrong(profile.Invalid, e.Code, at, "This cannot be kept: %s.", what)
	}
	return nil
}

// wrong notes what is wrong with the part of the body at a pointer, counted
// from the profile that is read now.
func (in *body) wrong(kind profile.Kind, code profile.Code, at, format string, args ...any) {
	e := profile.E(kind, code, strings.TrimPrefix(at, "/"), format, args...)
	in.note(itemOf(e, at))
}

// What is wrong is told up to so many things: each answers a few bytes with a
// hundred.
const (
	maxWrong     = 1000    // of a body that is no list
	maxWrongItem = 100     // of one profile of a list
	maxWrongBulk = 100_000 // of create-bulk, which is read no further then
)

// note takes an item whose pointer counts from the profile that is read now.
func (in *body) note(i item) {
	n := len(in.items)
	if in.index < 0 && n >= maxWrong || in.index >= 0 && n >= maxWrongItem && in.items[n-maxWrongItem].at() == in.index {
		return
	}
	i.Pointer = in.pointer(i.Pointer)
	if index := in.index; index >= 0 {
		i.Index = &index
	}
	in.items = append(in.items, i)
}

func (in *body) pointer(at string) string {
	if in.index < 0 {
		return at
	}
	return "/profiles/" + strconv.Itoa(in.index) + at
}

// err tells all that was wrong; nil when nothing was.
func (in *body) err() error { return refuse(in.items) }

// broken is the error for a body that ended, was too large, or is no JSON.
func (in *body) broken(err error) error {
	var over *http.MaxBytesError
	var syntax *jsontext.SyntacticError
	switch {
	case errors.As(err, &over):
		return profile.E(profile.TooLarge, profile.CodeTooLarge, "", "The body is larger than %d bytes.", over.Limit)
	case errors.As(err, &syntax) && syntax.Err != nil && strings.Contains(syntax.Err.Error(), "max depth"): // 10,000
		return profile.E(profile.TooLarge, profile.CodeTooLarge, "", "The JSON is nested too deep.")
	case errors.As(err, &syntax):
		return syntaxError("byte " + strconv.FormatInt(syntax.ByteOffset, 10) + " cannot stand there")
	case err == io.EOF:
		return syntaxError("it is empty")
	}
	return &profile.Error{Kind: profile.Malformed, Code: profile.CodeSyntax, Message: "The body could not be read.", Err: err}
}

func syntaxError(what string) error {
	return profile.E(profile.Malformed, profile.CodeSyntax, "", "The body is no JSON: %s.", what)
}
