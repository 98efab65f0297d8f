package djaoapp

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"facet/internal/face"
	"facet/internal/profile"
	"facet/internal/schema"
)

// maxFields is how many fields a form may have.
const maxFields = 1000

// fields are the fields of a request body by name, whatever way they came:
// JSON, a form, or a multipart form. What a form says is a JSON string here.
// Reading one notes what is wrong with it; err tells of all at once.
type fields struct {
	values   map[string]jsontext.Value
	within   string // where these fields are nested, "" at the top
	problems *object
}

// readFields reads the body of a request. A JSON body is strict (RFC 8259; no
// name twice, no NUL); a name twice in a form is refused too. Files in a
// multipart form are passed over. No body is no fields.
func readFields(w http.ResponseWriter, r *http.Request) (*fields, error) {
	raw, err := face.ReadBody(w, r, face.MaxBody)
	if err != nil {
		return nil, err
	}
	in := &fields{values: map[string]jsontext.Value{}, problems: &object{}}
	header := r.Header.Get("Content-Type")
	if len(raw) == 0 && header == "" {
		return in, nil
	}
	media, params, err := mime.ParseMediaType(header)
	if err != nil || !isUTF8(params["charset"]) {
		return nil, unsupported(header)
	}
	switch media {
	case "application/json":
		err = in.readJSON(raw)
	case "application/x-www-form-urlencoded":
		err = in.readForm(string(raw))
	case "multipart/form-data":
		err = in.readMultipart(raw, params["boundary"])
	default:
		err = unsupported(header)
	}
	return in, err
}

func isUTF8(charset string) bool {
	switch strings.ToLower(charset) {
	case "", "utf-8", "utf8", "us-ascii":
		return true
	}
	return false
}

func unsupported(media string) error {
	if media = strings.ToValidUTF8(media, ""); len(media) > 100 {
		media = media[:100]
	}
	return refuse(profile.Malformed, profile.CodeSyntax, http.StatusUnsupportedMediaType,
		detail(fmt.Sprintf("Unsupported media type \"%s\" in request.", media)))
}

func (in *fields) readJSON(raw []byte) error {
	if len(bytes.TrimSpace(raw)) == 0 {
		return nil
	}
	if err := schema.CheckJSON(raw, face.MaxDepth); err != nil {
		return err
	}
	if kind := jsontext.Value(raw).Kind(); kind != '{' {
		return refuse(profile.Invalid, profile.CodeType, http.StatusBadRequest, object{{"detail", []string{notObject(kind)}}})
	}
	return json.Unmarshal(raw, &in.values)
}

// notObject names a JSON value in the words of Django REST framework.
func notObject(kind jsontext.Kind) string {
	got := map[jsontext.Kind]string{'[': "list", '"': "str", '0': "int", 't': "bool", 'f': "bool", 'n': "NoneType"}[kind]
	return "Invalid data. Expected a dictionary, but got " + got + "."
}

func (in *fields) readForm(raw string) error {
	for n := 0; raw != ""; n++ {
		var pair string
		pair, raw, _ = strings.Cut(raw, "&")
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(name)
		if err == nil {
			value, err = url.QueryUnescape(value)
		}
		if err != nil {
			return malformed("a bad escape in the form")
		}
		if err := in.add(name, value, n); err != nil {
			return err
		}
	}
	return nil
}

func (in *fields) readMultipart(raw []byte, boundary string) error {
	parts := multipart.NewReader(bytes.NewReader(raw), boundary)
	for n := 0; ; n++ {
		part, err := parts.NextRawPart()
		if err == io.EOF { // the last boundary; a wrapped EOF is a form cut off
			return nil
		}
		if err != nil {
			return malformed("the parts of the form cannot be told apart")
		}
		value, err := io.ReadAll(part)
		if err != nil {
			return malformed("a part of the form does not end")
		}
		if part.FormName() == "" || part.FileName() != "" {
			continue
		}
		if err := in.add(part.FormName(), string(value), n); err != nil {
			return err
		}
	}
}

// add takes the n-th field of a form.
func (in *fields) add(name, value string, n int) error {
	switch {
	case n >= maxFields:
		return malformed("the form has too many fields")
	case !utf8.ValidString(name) || !utf8.ValidString(value) || strings.ContainsRune(name, 0) || strings.ContainsRune(value, 0):
		return malformed("the form is not UTF-8 text without NUL")
	}
	if _, twice := in.values[name]; twice {
		return malformed("a name stands twice in the form")
	}
	in.values[name] = schema.AppendString(nil, value)
	return nil
}

func malformed(what string) error {
	return refuse(profile.Malformed, profile.CodeSyntax, http.StatusBadRequest, detail("Parse error - "+what))
}

// nested gives the fields of an object in a field; forms write them
// "field.name". ok is false when the field is not there, or no object.
func (in *fields) nested(field string) (out *fields, ok bool) {
	out = &fields{values: map[string]jsontext.Value{}, within: field, problems: &object{}}
	raw, there := in.values[field]
	if !there {
		for name, v := range in.values {
			if inner, ok := strings.CutPrefix(name, field+"."); ok {
				out.values[inner] = v
			}
		}
		return out, len(out.values) > 0
	}
	if raw.Kind() != '{' {
		in.problem(field, object{{"detail", []string{notObject(raw.Kind())}}})
		return out, false
	}
	if err := json.Unmarshal(raw, &out.values); err != nil { // checked as a whole before
		return out, false
	}
	return out, true
}

// has reports whether a field is there.
func (in *fields) has(name string) bool {
	_, ok := in.values[name]
	return ok
}

// problem notes what is wrong with a field: texts, or a nested object.
func (in *fields) problem(name string, what any) {
	for _, p := range *in.problems {
		if p.name == name {
			return // the first is enough
		}
	}
	*in.problems = append(*in.problems, member{name, what})
}

func (in *fields) wrong(name, format string, args ...any) {
	in.problem(name, []string{fmt.Sprintf(format, args...)})
}

// err tells of what was wrong, if anything was.
func (in *fields) err() error {
	if len(*in.problems) == 0 {
		return nil
	}
	var body any = *in.problems
	if in.within != "" {
		body = object{{in.within, body}}
	}
	return refuse(profile.Invalid, profile.CodeInvalid, http.StatusBadRequest, body)
}

// secret reads a text as it is; ok is false when it is not there or wrong. A
// number is read as its digits.
func (in *fields) secret(name string) (text string, ok bool) {
	raw, ok := in.values[name]
	if !ok {
		return "", false
	}
	switch raw.Kind() {
	case '"':
		text, _ = schema.Text(raw)
		return text, true
	case '0':
		return string(raw), true
	case 'n':
		in.wrong(name, textNull)
	default:
		in.wrong(name, textString)
	}
	return "", false
}

// text reads a text of at most max characters without the blanks around it.
func (in *fields) text(name string, max int) (text string, ok bool) {
	if text, ok = in.secret(name); !ok {
		return "", false
	}
	text = strings.TrimSpace(text)
	if utf8.RuneCountInString(text) > max {
		in.wrong(name, "Ensure this field has no more than %d characters.", max)
		return "", false
	}
	return text, true
}

// filled reads a text that may not be blank when it is there.
func (in *fields) filled(name string, max int) (text string, ok bool) {
	if text, ok = in.text(name, max); ok && text == "" {
		in.wrong(name, textBlank)
		return "", false
	}
	return text, ok
}

// required reads a text that has to be there.
func (in *fields) required(name string, max int) string {
	if !in.has(name) {
		in.wrong(name, textRequired)
		return ""
	}
	text, _ := in.filled(name, max)
	return text
}

// truth reads a boolean, in any of the spellings that forms use.
func (in *fields) truth(name string) (value, ok bool) {
	raw, ok := in.values[name]
	if !ok {
		return false, false
	}
	if raw.Kind() == 'n' {
		in.wrong(name, textNull)
		return false, false
	}
	value, ok = isTrue(strings.Trim(string(raw), `"`))
	if !ok {
		in.wrong(name, "Must be a valid boolean.")
	}
	return value, ok
}

// isTrue reads a truth value of a form or a query.
func isTrue(text string) (value, ok bool) {
	switch strings.ToLower(text) {
	case "1", "true", "t", "yes", "y", "on":
		return true, true
	case "0", "false", "f", "no", "n", "off", "":
		return false, true
	}
	return false, false
}
