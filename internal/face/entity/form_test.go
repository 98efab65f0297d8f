package entity_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"facet/internal/face/entity"
	"facet/internal/profile"
)

// FuzzForm holds the form parser against net/url's: what both read is the
// same, but for what this API forbids.
func FuzzForm(f *testing.F) {
	for _, seed := range [][2]string{
		{"type_name=user&uuid=1", ""},
		{"&a=1&&b=%7B%22x%22%3A1%7D&", "c=2+3&a=9"},
		{"a=%", "b=%zz"}, {"a=1&a=2", ""}, {"", "a=1&a=1"}, {"=x&=&a", "%ff=1"}, {"a=%00", "a;b=1"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, body, query string) {
		names, values, err := entity.ReadForm(body, query)
		if err != nil {
			var e *profile.Error
			if !errors.As(err, &e) || e.Kind == profile.Internal || !utf8.ValidString(e.Field) || !utf8.ValidString(e.Message) {
				t.Fatalf("%#v", err)
			}
			return
		}
		if strings.Contains(body+query, ";") { // net/url refuses it
			return
		}
		inBody, err1 := url.ParseQuery(body)
		inQuery, err2 := url.ParseQuery(query)
		if err1 != nil || err2 != nil {
			t.Fatalf("net/url does not read it: %v %v", err1, err2)
		}
		for name, v := range inQuery {
			if _, ok := inBody[name]; !ok {
				inBody[name] = v
			}
		}
		if len(inBody) != len(names) {
			t.Fatalf("%q, want %q", names, inBody)
		}
		for i, name := range names {
			if v, ok := inBody[name]; !ok || v[0] != values[i] {
				t.Fatalf("%s is %q, want %q", name, values[i], v)
			}
		}
	})
}
