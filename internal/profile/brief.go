package profile

import (
	"fmt"
	"maps"
	"reflect"
	"strings"
)

// Errors tell a caller what was wrong, not all of it: a value of a megabyte must
// not come back, nor go into a log.
const (
	maxEcho    = 200  // bytes of one value within a message
	maxField   = 500  // bytes of a field, or of a text among the details
	maxMessage = 2000 // bytes
)

// Brief gives a text, or where it is longer than so many bytes its beginning and
// "…".
func Brief(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	return strings.ToValidUTF8(text[:limit], "") + "…"
}

// briefly gives arguments of a message of which none is long.
func briefly(args []any) []any {
	var out []any
	for i, arg := range args {
		text, ok := textOf(arg)
		if !ok || len(text) <= maxEcho {
			continue
		}
		if out == nil {
			out = append(out, args...)
		}
		out[i] = Brief(text, maxEcho)
	}
	if out == nil {
		return args
	}
	return out
}

func textOf(arg any) (text string, ok bool) {
	switch v := arg.(type) {
	case string:
		return v, true
	case []byte:
		return string(v), true
	case error:
		return v.Error(), true
	case fmt.Stringer:
		return v.String(), true
	}
	if v := reflect.ValueOf(arg); v.Kind() == reflect.String {
		return v.String(), true
	}
	return "", false
}

// brief is e, or where it says too much a copy that says less.
func (e *Error) brief() *Error {
	long := len(e.Field) > maxField || len(e.Message) > maxMessage
	for _, v := range e.Detail {
		text, ok := v.(string)
		long = long || ok && len(text) > maxField
	}
	if !long {
		return e
	}
	out := *e
	out.Field, out.Message, out.Detail = Brief(e.Field, maxField), Brief(e.Message, maxMessage), maps.Clone(e.Detail)
	for name, v := range out.Detail {
		if text, ok := v.(string); ok {
			out.Detail[name] = Brief(text, maxField)
		}
	}
	return &out
}
