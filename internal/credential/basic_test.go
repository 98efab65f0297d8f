package credential

import (
	"encoding/base64"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestParseBasic(t *testing.T) {
	for _, c := range []struct {
		header, user, password string
		ok                     bool
	}{
		{"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Aladdin", "open sesame", true}, // RFC 7617, section 2
		{"Basic dGVzdDoxMjPCow==", "test", "123£", true},                       // RFC 7617, section 2.1
		{"bAsIc   QWxhZGRpbjpvcGVuIHNlc2FtZQ  ", "Aladdin", "open sesame", true},
		{"Basic YTpiOmM=", "a", "b:c", true},
		{"Basic Og==", "", "", true},
		{"Basic YQ==", "", "", false},         // no colon
		{"Basic YTr/", "", "", false},         // not UTF-8
		{"Basic YToA", "", "", false},         // a NUL
		{"Basic YTpiCg==", "", "", false},     // a line end inside
		{"Basic YTpi\r\nOmM=", "", "", false}, // a line end outside
		{"Basic YTpi OmM=", "", "", false},    // a blank
		{"Basic", "", "", false},
		{"", "", "", false},
		{"Bearer YTpiOmM=", "", "", false},
	} {
		if user, password, ok := ParseBasic(c.header); user != c.user || password != c.password || ok != c.ok {
			t.Errorf("ParseBasic(%q) = %q, %q, %v", c.header, user, password, ok)
		}
	}
}

func TestParseBasicReadsWhatClientsWrite(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		user := rapid.StringMatching(`[^:\pC]*`).Draw(t, "user")
		password := rapid.StringMatching(`[^\pC]*`).Draw(t, "password")
		u, p, ok := ParseBasic("Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password)))
		if !ok || u != user || p != password {
			t.Fatalf("%q, %q, %v", u, p, ok)
		}
	})
}

func TestParseBearer(t *testing.T) {
	for header, want := range map[string]string{
		"Bearer abc.def-_~+/=": "abc.def-_~+/=", "bearer  x ": "x", "BEARER x": "x",
		"Bearer": "", "Bearer ": "", "": "", "Basic x": "", "Bearer a b": "", "Bearer é": "", "Bearer a\x00": "", "Bearerx": "",
	} {
		if got, ok := ParseBearer(header); got != want || ok != (want != "") {
			t.Errorf("ParseBearer(%q) = %q, %v", header, got, ok)
		}
	}
}

func TestParseScheme(t *testing.T) {
	for header, want := range map[string][2]string{
		"Signature id:sig=": {"signature", "id:sig="}, " OAuth  x ": {"oauth", "x"}, "OAuth": {"oauth", ""}, "": {"", ""},
	} {
		if scheme, rest := ParseScheme(header); scheme != want[0] || rest != want[1] {
			t.Errorf("ParseScheme(%q) = %q, %q", header, scheme, rest)
		}
	}
}

func FuzzAuthorization(f *testing.F) {
	for _, s := range []string{"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Bearer abc", "OAuth x", "", " ", "Basic", "basic \t="} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, header string) {
		scheme, rest := ParseScheme(header)
		if strings.Contains(scheme, " ") || scheme != strings.ToLower(scheme) || rest != strings.Trim(rest, " \t") {
			t.Errorf("scheme %q, rest %q", scheme, rest)
		}
		user, password, basic := ParseBasic(header)
		if strings.Contains(user, ":") || (!basic && user+password != "") {
			t.Errorf("user %q, password %q", user, password)
		}
		token, bearer := ParseBearer(header)
		if bearer != (token != "") || (basic && bearer) {
			t.Errorf("token %q, %v", token, bearer)
		}
	})
}
