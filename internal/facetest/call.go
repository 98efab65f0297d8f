package facetest

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Call is one request.
type Call struct {
	Method string
	Path   string // with the query, as it stands in the request line
	Token  string // sent as Bearer when not ""
	Body   any    // nil: none; string and []byte: as they are; else encoded as JSON
	Type   string // Content-Type; "" is application/json when there is a body
	Header map[string]string
}

// Answer is what came back.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	call   string
	t      testing.TB
}

// AnswerOf makes an answer of a body that another client received.
func AnswerOf(t testing.TB, call string, status int, body []byte) Answer {
	return Answer{Status: status, Header: http.Header{}, Body: body, call: call, t: t}
}

// Do sends a request and reads the whole answer. Redirects are not followed.
func (s *Service) Do(t testing.TB, c Call) Answer {
	t.Helper()
	var body io.Reader = http.NoBody
	switch b := c.Body.(type) {
	case nil:
	case string:
		body = strings.NewReader(b)
	case []byte:
		body = strings.NewReader(string(b))
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		body = strings.NewReader(string(raw))
	}
	req, err := http.NewRequestWithContext(t.Context(), c.Method, s.URL+c.Path, body)
	if err != nil {
		t.Fatal(err)
	}
	if c.Body != nil {
		if c.Type == "" {
			c.Type = "application/json; charset=UTF-8"
		}
		req.Header.Set("Content-Type", c.Type)
	}
	if c.Token != "" {
		req.Header.Set("Authorization", "Bearer "+c.Token)
	}
	for name, value := range c.Header {
		if name == "Host" {
			req.Host = value
		}
		req.Header.Set(name, value)
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", c.Method, c.Path, err)
	}
	a := Answer{Status: resp.StatusCode, Header: resp.Header, Body: raw, call: c.Method + " " + c.Path, t: t}
	if s.Watch != nil {
		s.Watch(t, c, a)
	}
	return a
}

var client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// Get, Post, Put, Patch and Delete are the usual calls.
func (s *Service) Get(t testing.TB, token, path string) Answer {
	t.Helper()
	return s.Do(t, Call{Method: http.MethodGet, Path: path, Token: token})
}

// Post sends a JSON body.
func (s *Service) Post(t testing.TB, token, path string, body any) Answer {
	t.Helper()
	return s.Do(t, Call{Method: http.MethodPost, Path: path, Token: token, Body: body})
}

// Put sends a JSON body.
func (s *Service) Put(t testing.TB, token, path string, body any) Answer {
	t.Helper()
	return s.Do(t, Call{Method: http.MethodPut, Path: path, Token: token, Body: body})
}

// Patch sends a JSON body.
func (s *Service) Patch(t testing.TB, token, path string, body any) Answer {
	t.Helper()
	return s.Do(t, Call{Method: http.MethodPatch, Path: path, Token: token, Body: body})
}

// Delete sends no body.
func (s *Service) Delete(t testing.TB, token, path string) Answer {
	t.Helper()
	return s.Do(t, Call{Method: http.MethodDelete, Path: path, Token: token})
}

// Login signs a demo user in through the DjaoApp face and gives the token.
func (s *Service) Login(t testing.TB, user string) string {
	t.Helper()
	return s.Post(t, "", "/api/auth", map[string]string{"username": user, "password": Password}).Want(http.StatusCreated).Text("token")
}

// Want ends the test unless the status is this one.
func (a Answer) Want(status int) Answer {
	a.t.Helper()
	if a.Status != status {
		a.t.Fatalf("%s: status %d, want %d\n%s", a.call, a.Status, status, a.Body)
	}
	return a
}

// WantJSON fails the test unless the status is this one and the body says the
// same as want, whatever the order of members and the blanks.
func (a Answer) WantJSON(status int, want string) {
	a.t.Helper()
	if a.Status != status || canonical(a.t, a.Body) != canonical(a.t, []byte(want)) {
		a.t.Errorf("%s:\n got %d %s\nwant %d %s", a.call, a.Status, a.Body, status, want)
	}
}

func canonical(t testing.TB, b []byte) string {
	t.Helper()
	var v any
	dec := json.NewDecoder(strings.NewReader(string(b)))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		return "not JSON: " + string(b)
	}
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// At gives the value at a dotted path of the JSON body ("results.0.slug"); ok
// is false when there is none. Numbers are json.Number.
func (a Answer) At(path string) (v any, ok bool) {
	a.t.Helper()
	dec := json.NewDecoder(strings.NewReader(string(a.Body)))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		a.t.Fatalf("%s: the body is not JSON: %s", a.call, a.Body)
	}
	if path == "" {
		return v, true
	}
	for step := range strings.SplitSeq(path, ".") {
		switch in := v.(type) {
		case map[string]any:
			if v, ok = in[step]; !ok {
				return nil, false
			}
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(in) {
				return nil, false
			}
			v = in[i]
		default:
			return nil, false
		}
	}
	return v, true
}

// Text gives the string at a path, or ends the test.
func (a Answer) Text(path string) string {
	a.t.Helper()
	v, _ := a.At(path)
	text, ok := v.(string)
	if !ok {
		a.t.Fatalf("%s: %s is %v, not a string\n%s", a.call, path, v, a.Body)
	}
	return text
}

// Is fails the test for each path whose value is another. Values are compared
// by their JSON; a nil value is null.
func (a Answer) Is(want map[string]any) Answer {
	a.t.Helper()
	for _, path := range slices.Sorted(maps.Keys(want)) {
		got, ok := a.At(path)
		w, err := json.Marshal(want[path])
		if err != nil {
			a.t.Fatal(err)
		}
		g, err := json.Marshal(got)
		if err != nil {
			a.t.Fatal(err)
		}
		if !ok || string(g) != string(w) {
			a.t.Errorf("%s: %s is %s (there: %t), want %s", a.call, path, g, ok, w)
		}
	}
	return a
}

// Keys lists the member names of the object at a path in the order sent.
func (a Answer) Keys(path string) []string {
	a.t.Helper()
	raw := json.RawMessage(a.Body)
	if path != "" {
		for step := range strings.SplitSeq(path, ".") {
			var object map[string]json.RawMessage
			var array []json.RawMessage
			if json.Unmarshal(raw, &object) == nil {
				raw = object[step]
			} else if i, err := strconv.Atoi(step); err == nil && json.Unmarshal(raw, &array) == nil && i < len(array) {
				raw = array[i]
			}
		}
	}
	dec := json.NewDecoder(strings.NewReader(string(raw)))
	if token, err := dec.Token(); err != nil || token != json.Delim('{') {
		a.t.Fatalf("%s: no object at %q: %s", a.call, path, a.Body)
	}
	var keys []string
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			a.t.Fatal(err)
		}
		keys = append(keys, name.(string))
		var skip json.RawMessage
		if err := dec.Decode(&skip); err != nil {
			a.t.Fatal(err)
		}
	}
	return keys
}
