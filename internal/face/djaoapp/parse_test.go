package djaoapp

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"facet/internal/directory"
	"facet/internal/profile"
)

func read(media, body string) (*fields, error) {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("Content-Type", media)
	return readFields(httptest.NewRecorder(), r)
}

// FuzzReadFields looks for bodies that are taken and are not what may be kept,
// or refused as our own fault.
func FuzzReadFields(f *testing.F) {
	const form, multi = "application/x-www-form-urlencoded", "multipart/form-data; boundary=b"
	f.Add("application/json", `{"full_name":"Joe","profile":{"slug":"xia"},"extra":[1.10,null]}`)
	f.Add("application/json; charset=utf-8", `{"a":"\ud83d\ude00","a":1}`)
	f.Add(form, "full_name=Joe+Card1&profile.slug=xia&a=%zz")
	f.Add(multi, "--b\r\nContent-Disposition: form-data; name=\"full_name\"\r\n\r\nJoe\r\n--b--\r\n")
	f.Add(multi, "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x\"\r\nContent-Transfer-Encoding: base64\r\n\r\n!\r\n--b--")
	f.Add("multipart/form-data; boundary=\"\"", "x")
	f.Add("", "x")
	f.Fuzz(func(t *testing.T, media, body string) {
		in, err := read(media, body)
		if err != nil {
			if profile.IsKind(err, profile.Internal) {
				t.Fatalf("internal error: %v", err)
			}
			return
		}
		for name := range in.values {
			for _, text := range []func() (string, bool){
				func() (string, bool) { return in.secret(name) },
				func() (string, bool) { return in.text(name, 10) },
			} {
				if got, ok := text(); ok && (!utf8.ValidString(got) || strings.ContainsRune(got, 0)) {
					t.Fatalf("%q is %q", name, got)
				}
			}
			in.truth(name)
			if nested, ok := in.nested(name); ok {
				nested.required("slug", 10)
			}
		}
		in.newProfile()
		in.account()
		_, _, _ = in.grantee()
	})
}

func FuzzE164(f *testing.F) {
	for _, s := range []string{"+1 (415) 555-1234", "415.555.1234", "1-415-555-1234", "+33123456789", "+", "", "++1", "415/555/1234"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		number, ok := directory.E164(typed)
		if !ok {
			return
		}
		if again, ok := directory.E164(number); !ok || again != number {
			t.Errorf("%q is %q, which is %q (%t)", typed, number, again, ok)
		}
	})
}

func TestE164(t *testing.T) {
	for typed, want := range map[string]string{
		"(415) 555-1234": "+14155551234", "1 415 555 1234": "+14155551234", "+33 1 23 45 67 89": "+33123456789",
		"555-1234": "", "+0123456789": "", "+1234567": "", "+1234567890123456": "", "415 555 1234 x2": "", "4155551234+": "",
	} {
		got, ok := directory.E164(typed)
		if ok != (want != "") || ok && got != want {
			t.Errorf("E164(%q) = %q, %t, want %q", typed, got, ok, want)
		}
	}
}

func TestFormsAndJSONSayTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringMatching(`[ -~äß€😀]{0,12}`)
		values := rapid.MapOfN(rapid.StringMatching(`[a-z_]{1,8}`), word, 0, 5).Draw(t, "values")
		var form, object []string
		for name, value := range values {
			form = append(form, name+"="+percent(value))
			object = append(object, `"`+name+`":`+quote(value))
		}
		fromForm, err := read("application/x-www-form-urlencoded", strings.Join(form, "&"))
		if err != nil {
			t.Fatal(err)
		}
		fromJSON, err := read("application/json", "{"+strings.Join(object, ",")+"}")
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range values {
			a, _ := fromForm.secret(name)
			b, _ := fromJSON.secret(name)
			if a != value || b != value {
				t.Fatalf("%s: form %q, JSON %q, want %q", name, a, b, value)
			}
		}
	})
}

func percent(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		b.WriteString("%" + string("0123456789ABCDEF"[c>>4]) + string("0123456789ABCDEF"[c&15]))
	}
	return b.String()
}

func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

func TestSplitTerms(t *testing.T) {
	for q, want := range map[string][]string{
		"": nil, ",,": nil, "Xia": {"xia"}, "a, B ,": {"a", "b"}, `"a,b",c`: {"a,b", "c"}, `"a`: {"a"}, `a"b,c"`: {"ab,c"},
	} {
		if got := splitTerms(q); !slices.Equal(got, want) {
			t.Errorf("splitTerms(%q) = %q, want %q", q, got, want)
		}
	}
}

func TestMappingIsReadBackwards(t *testing.T) {
	for _, a := range attributes {
		if got := fieldOf(a.path); got != a.field {
			t.Errorf("fieldOf(%s) = %s, want %s", a.path, got, a.field)
		}
		if got := pathOf(a.field); got != a.path {
			t.Errorf("pathOf(%s) = %s, want %s", a.field, got, a.path)
		}
	}
	if got := fieldOf("familyName"); got != "full_name" {
		t.Errorf("familyName came in by %s", got)
	}
}
