package schema_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"facet/internal/profile"
	"facet/internal/schema"

	"github.com/go-json-experiment/json/jsontext"
	"pgregory.net/rapid"
)

func TestCheckJSONAcceptsWhatMayBeKept(t *testing.T) {
	for _, s := range []string{`{}`, ` [ ] `, `null`, `"a"`, `-0`, `1.10`, `12345678901234567890`, `1e+99999`, `{"a":{"a":[{"a":1},{"a":2}]},"b":true}`, `"\ud83d\ude00"`, `"\u0041\/\b"`,
		strings.Repeat("[", 64) + strings.Repeat("]", 64), strings.Repeat("[[],", 5) + "1" + strings.Repeat("]", 5)} {
		if err := schema.CheckJSON([]byte(s), 64); err != nil {
			t.Errorf("%s: %v", s, err)
		}
	}
}

func TestCheckJSONRefusesTheRest(t *testing.T) {
	many := `{"z":0`
	for i := range 40 {
		many += fmt.Sprintf(`,"k%d":0`, i)
	}
	for _, s := range []string{``, ` `, `{`, `[1,]`, `{"a":1,}`, `{"a"}`, `{a:1}`, `{"a":1 "b":2}`, `[1 2]`, `01`, `1.`, `.5`, `+1`, `1e`, `- 1`, `tru`, `nul`, `truex`, `"a`, `"\x"`, `"\u12"`, `"` + "\n" + `"`,
		`"\u0000"`, `"\ud800"`, `"\ud800\u0041"`, `"\udc00"`, "\"\xff\"", "\"\x00\"", `{} {}`, `{"a":1,"a":2}`, `{"a":1,"\u0061":2}`, `{"b":1,"a":2,"b":3}`, many + `,"k7":1}`, `'a'`, `NaN`, "\xef\xbb\xbf{}"} {
		err := schema.CheckJSON([]byte(s), 64)
		if err == nil {
			t.Errorf("%q is accepted", s)
			continue
		}
		wantError(t, err, profile.Malformed, profile.CodeSyntax, "")
	}
	wantError(t, schema.CheckJSON([]byte(strings.Repeat(`{"a":`, 65)+"1"+strings.Repeat("}", 65)), 64), profile.TooLarge, profile.CodeTooLarge, "")
	wantError(t, schema.CheckJSON([]byte(strings.Repeat("[", 100000)), 0), profile.TooLarge, profile.CodeTooLarge, "")
	if err := schema.CheckJSON([]byte(many+`}`), 64); err != nil {
		t.Error(err)
	}
}

// oracle says whether a strict JSON library accepts b; depth and NUL are judged apart.
func oracle(b []byte) bool {
	dec := jsontext.NewDecoder(bytes.NewReader(b))
	if _, err := dec.ReadValue(); err != nil {
		return false
	}
	_, err := dec.ReadToken()
	return err != nil && err.Error() == "EOF"
}

func FuzzCheckJSON(f *testing.F) {
	for _, s := range []string{`{"a":[1,2.5e-3,"x\n\u00e9"],"b":null}`, `"\ud83d\ude00"`, `{"a":1,"\u0061":2}`, `[[[]]]`, `{"c":1,"b":2,"a":3}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		err := schema.CheckJSON(b, 64)
		if err == nil {
			if !oracle(b) {
				t.Fatalf("%q is accepted", b)
			}
			compact := schema.Compact(nil, b)
			var want bytes.Buffer
			if err := json.Compact(&want, b); err != nil || !bytes.Equal(compact, want.Bytes()) {
				t.Fatalf("%q is compacted to %q, want %q (%v)", b, compact, want.Bytes(), err)
			}
			var s string
			if got, ok := schema.Text(compact); ok && (json.Unmarshal(compact, &s) != nil || s != got) {
				t.Fatalf("%q is read as %q, want %q", compact, got, s)
			}
			return
		}
		if profile.IsCode(err, profile.CodeTooLarge) || bytes.Contains(bytes.ToLower(b), []byte(`\u0000`)) {
			return
		}
		if oracle(b) {
			t.Fatalf("%q is refused: %v", b, err)
		}
	})
}

func TestScannersSurviveTextThatIsNoJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := []byte(rapid.StringOfN(rapid.SampledFrom([]rune(`{}[]",:\anul1 `)), 0, 40, -1).Draw(t, "text"))
		schema.Values(b, []string{"a", "n"}, func([]byte) bool { return true })
		_ = schema.DefaultUser().Render(nil, b, schema.Head{})
		_ = schema.DefaultUser().Index(b)
	})
}

func TestStringsSurviveEncoding(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "s")
		raw := schema.AppendString(nil, s)
		var want string
		if err := json.Unmarshal(raw, &want); err != nil || want != s {
			t.Fatalf("%q is written %s", s, raw)
		}
		std, _ := json.Marshal(s)
		for _, form := range [][]byte{raw, std} {
			if got, ok := schema.Text(form); !ok || got != s || !utf8.ValidString(got) {
				t.Fatalf("%s is read %q", form, got)
			}
		}
	})
}
