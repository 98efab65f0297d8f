package entity

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"facet/internal/profile"
	"facet/internal/schema"
)

// maxParams is the most parameters of a request; the API has far fewer, but
// unknown ones are allowed and signed.
const maxParams = 100

// param is one decoded parameter.
type param struct {
	name, value string
	inQuery     bool
}

// form is the arguments of a call: the body's parameters, and those of the
// query that the body does not name.
type form struct {
	params []param
	kept   [6]param // room for the usual few
}

// readForm reads the arguments. A body of a type that is not a form is
// ignored, as clients send JSON beside their query; a body without a type is a
// form. Errors: TooLarge; Malformed for what cannot be decoded; a parameter
// given twice with different values.
func readForm(r *http.Request) (*form, error) {
	f := &form{}
	f.params = f.kept[:0]
	if r.Body != nil && r.Body != http.NoBody && isForm(r.Header["Content-Type"]) {
		body, err := readBody(r.Body, bodyLimit(r.URL.Path))
		if err != nil {
			return nil, err
		}
		if err := f.parse(body, false); err != nil {
			return nil, err
		}
	}
	return f, f.parse(r.URL.RawQuery, true)
}

const formType = "application/x-www-form-urlencoded"

func isForm(contentType []string) bool {
	if len(contentType) == 0 || contentType[0] == "" || contentType[0] == formType {
		return true
	}
	media, _, _ := mime.ParseMediaType(contentType[0])
	return media == formType
}

func readBody(from io.Reader, limit int) (string, error) {
	p := takeBuffer()
	defer giveBuffer(p)
	b := *p
	for {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		n, err := from.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		switch {
		case len(b) > limit:
			return "", tooLarge()
		case err == io.EOF:
			*p = b
			return string(b), nil
		case err != nil:
			return "", bodyError(err)
		}
	}
}

func bodyError(err error) error {
	var over *http.MaxBytesError
	if errors.As(err, &over) {
		return tooLarge()
	}
	return &profile.Error{Kind: profile.Malformed, Code: profile.CodeSyntax, Message: "the body could not be read", Err: err}
}

func tooLarge() error {
	return profile.E(profile.TooLarge, profile.CodeTooLarge, "", "the request is too large")
}

// parse adds the parameters of a form-encoded text; empty pieces, as of a
// leading "&", are skipped.
func (f *form) parse(s string, inQuery bool) error {
	for s != "" {
		var pair string
		pair, s, _ = strings.Cut(s, "&")
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		p := param{inQuery: inQuery}
		var err error
		if p.name, err = decode(name, name); err != nil {
			return err
		}
		if p.value, err = decode(p.name, value); err != nil {
			return err
		}
		if err := f.add(p); err != nil {
			return err
		}
	}
	return nil
}

// decode undoes the form encoding (WHATWG URL, application/x-www-form-urlencoded)
// of a part of the named parameter.
func decode(name, raw string) (string, error) {
	s, err := url.QueryUnescape(raw)
	switch {
	case err != nil:
		return "", badArgument(printable(name), "the percent-encoding is not valid")
	case !utf8.ValidString(s):
		return "", badArgument(printable(name), "the text is not valid UTF-8")
	case strings.IndexByte(s, 0) >= 0:
		return "", badArgument(printable(name), "the text has a NUL character")
	}
	return s, nil
}

func printable(name string) string {
	const most = 100
	if len(name) > most {
		name = name[:most]
	}
	return strings.ToValidUTF8(strings.ReplaceAll(name, "\x00", ""), "\uFFFD")
}

func (f *form) add(p param) error {
	for i := range f.params {
		old := &f.params[i]
		if old.name != p.name {
			continue
		}
		if old.inQuery == p.inQuery && old.value != p.value {
			return duplicate("%s was given twice with different values", printable(p.name))
		}
		return nil
	}
	if len(f.params) == maxParams {
		return profile.E(profile.TooLarge, profile.CodeTooLarge, "", "the request has too many parameters")
	}
	f.params = append(f.params, p)
	return nil
}

// Get gives a parameter; ok tells whether it is there.
func (f *form) Get(name string) (value string, ok bool) {
	for i := range f.params {
		if f.params[i].name == name {
			return f.params[i].value, true
		}
	}
	return "", false
}

// text gives a parameter for which empty means not given.
func (f *form) text(name string) string {
	v, _ := f.Get(name)
	return v
}

// withoutQuery is the form as the body alone has it.
func (f *form) withoutQuery() *form {
	body := &form{}
	for _, p := range f.params {
		if !p.inQuery {
			body.params = append(body.params, p)
		}
	}
	return body
}

// need gives a parameter that must be there.
func (f *form) need(name string) (string, error) {
	v, ok := f.Get(name)
	if !ok {
		return "", missingArgument(name)
	}
	return v, nil
}

// needText gives a parameter that must be there, and not be empty.
func (f *form) needText(name string) (string, error) {
	v := f.text(name)
	if v == "" {
		return "", missingArgument(name)
	}
	return v, nil
}

func (f *form) flag(name string) (bool, error) {
	switch v := f.text(name); {
	case v == "" || strings.EqualFold(v, "false"):
		return false, nil
	case strings.EqualFold(v, "true"):
		return true, nil
	}
	return false, badArgument(name, "it must be true or false")
}

// number gives an integer parameter within bounds, def when it is not given.
func (f *form) number(name string, def, low, high int) (int, error) {
	v := f.text(name)
	if v == "" {
		return def, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < low || n > high {
		if high == maxInt {
			return 0, badArgument(name, "it must be an integer from %d", low)
		}
		return 0, badArgument(name, "it must be an integer from %d to %d", low, high)
	}
	return n, nil
}

const maxInt = int(^uint(0) >> 1)

// list gives a parameter that is a JSON array of strings; ok tells whether it
// is there.
func (f *form) list(name string) (words []string, ok bool, err error) {
	v := f.text(name)
	if v == "" {
		return nil, false, nil
	}
	raw := []byte(v)
	if err := schema.CheckJSON(raw, 2); err != nil {
		return nil, false, badArgument(name, syntaxText)
	}
	if words, ok = schema.ParseStrings(raw); !ok {
		return nil, false, badArgument(name, "it must be a JSON array of strings")
	}
	return words, true, nil
}
