package household

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"facet/internal/face"
	"facet/internal/profile"
)

func request(media, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPatch, "/", strings.NewReader(body))
	r.Header.Set("Content-Type", media)
	return r
}

// readEdit does what the handlers do before they ask the directory.
func readEdit(r *http.Request) (*input, error) {
	in, err := readProfile(httptest.NewRecorder(), r)
	if err != nil {
		return nil, err
	}
	for _, check := range []func() error{in.checkType, in.refuseID, func() error { return in.checkID("x") }} {
		if err := check(); err != nil {
			return in, err
		}
	}
	edit := in.edit(r, true)
	if err := in.problems.err(); err != nil {
		return in, err
	}
	for _, field := range profileKind.attributes {
		if err := in.locate(profile.E(profile.Invalid, profile.CodeConstraint, field, "x")); profile.IsKind(err, profile.Internal) {
			return in, err
		}
	}
	if edit.Name != nil && (!utf8.ValidString(*edit.Name) || strings.ContainsRune(*edit.Name, 0)) {
		return in, profile.E(profile.Internal, profile.CodeInternal, "name", "%q", *edit.Name)
	}
	return in, nil
}

// FuzzReadProfile looks for bodies that are our own fault, or refused in a way
// that a client cannot read: no JSON, or a pointer that leads nowhere.
func FuzzReadProfile(f *testing.F) {
	for _, body := range []string{
		`{"name":"Dad","user_id":42,"is_child_profile":false,"age_limit":16,"is_default":false}`,
		`{"data":{"type":"UserProfile","id":"x","attributes":{"name":"Dad","age_limit":null},"relationships":{"user":{"data":{"type":"User","id":"42"}}}}}`,
		`{"data":[{"attributes":{"name":7,"o/w~":1}}]}`, `{"data":null,"name":"x"}`, `{"data":[]}`, `{"data":{"attributes":7}}`, `{"type":"Device"}`, `[`, ``, `{"name":"\u0000"}`,
	} {
		f.Add(plainType, body)
		f.Add(jsonAPIType, body)
	}
	f.Add(jsonAPIType+`; ext="x"`, `{}`)
	f.Add("text/plain; charset", "x")
	f.Fuzz(func(t *testing.T, media, body string) {
		in, err := readEdit(request(media, body))
		if err == nil {
			return
		}
		if profile.IsKind(err, profile.Internal) {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		household{}.Fail(w, request(media, ""), &face.Call{}, err)
		var answer failed
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || len(answer.Errors) == 0 || w.Code < 400 || w.Code >= 500 {
			t.Fatalf("%d %s: %v", w.Code, w.Body, err)
		}
		for _, e := range answer.Errors {
			if e.Source == nil || in == nil || in.form == plain || e.Code == string(profile.CodeUnknownAttribute) {
				continue
			}
			if !leads(body, e.Source.Pointer) {
				t.Fatalf("%s of %s leads nowhere", e.Source.Pointer, body)
			}
		}
	})
}

// leads reports whether a JSON pointer leads to something.
func leads(body, pointer string) bool {
	var v any
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		return false
	}
	for _, step := range strings.Split(pointer, "/")[1:] {
		switch in := v.(type) {
		case map[string]any:
			next, ok := in[strings.NewReplacer("~1", "/", "~0", "~").Replace(step)]
			if !ok {
				return false
			}
			v = next
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(in) {
				return false
			}
			v = in[i]
		default:
			return false
		}
	}
	return true
}

// FuzzVersions looks for tags that are taken for a version and are not its
// spelling.
func FuzzVersions(f *testing.F) {
	for _, tag := range []string{`"1"`, `*`, `W/"1"`, `"1", "2"`, `"01"`, `""`, `"`, `1`, ``, `"-1"`} {
		f.Add(tag)
	}
	f.Fuzz(func(t *testing.T, tag string) {
		got := versions(&http.Request{Header: http.Header{"If-Match": {tag}}})
		if got == nil && !strings.Contains(tag, "*") {
			t.Fatalf("%q matches anything", tag)
		}
		for _, n := range got {
			if !strings.Contains(tag, `"`+strconv.FormatInt(n, 10)+`"`) {
				t.Fatalf("%q is read as %d", tag, n)
			}
		}
	})
}

func TestErrorsHaveTheStatusOfTheirKind(t *testing.T) {
	for kind, want := range map[profile.Kind]int{
		profile.Internal: 500, profile.Malformed: 400, profile.Invalid: 422, profile.Missing: 422, profile.Unknown: 422, profile.Taken: 409,
		profile.NotFound: 404, profile.Unauthenticated: 401, profile.Expired: 401, profile.Forbidden: 403, profile.Conflict: 409,
		profile.TooLarge: 413, profile.Limited: 429, profile.Busy: 503, profile.MethodNotAllowed: 405,
	} {
		w := httptest.NewRecorder()
		e := profile.E(kind, "some_code", "name", "the text")
		e.Retry, e.Detail = 7, map[string]any{"limit": 10}
		household{}.Fail(w, httptest.NewRequest(http.MethodGet, "/", nil), &face.Call{}, e)
		var got failed
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		if w.Code != want || len(got.Errors) != 1 || got.Errors[0].Status != strconv.Itoa(want) || got.Errors[0].Code != "some_code" || w.Header().Get("Retry-After") != "7" {
			t.Errorf("kind %d: %d %s", kind, w.Code, w.Body)
		}
		if told := strings.Contains(w.Body.String(), "the text"); told != (want < 500) {
			t.Errorf("kind %d tells its text: %t", kind, told)
		}
	}
	w := httptest.NewRecorder()
	household{}.Fail(w, httptest.NewRequest(http.MethodGet, "/", nil), &face.Call{}, http.ErrBodyNotAllowed)
	if w.Code != 500 || strings.Contains(w.Body.String(), "http") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
