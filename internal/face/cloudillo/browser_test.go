package cloudillo_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"slices"
	"strings"
	"testing"
)

// browser is fetch() in a page of an origin, as far as the CORS protocol goes
// (Fetch standard, sections 3.3 and 4.8): a preflight before what is not
// simple, kept for as long as it says; an answer that does not allow the origin,
// or the credentials, is none; of others only exposed headers are seen.
type browser struct {
	origin     string
	client     *http.Client
	preflights int
	kept       map[string]http.Header // by method and URL
}

func newBrowser(t *testing.T, origin string) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{origin: origin, client: &http.Client{Jar: jar}, kept: map[string]http.Header{}}
}

var errCORS = errors.New("blocked by CORS")

var (
	simpleMethods = []string{"GET", "HEAD", "POST"}
	simpleAnswers = []string{"Cache-Control", "Content-Language", "Content-Length", "Content-Type", "Expires", "Last-Modified", "Pragma"}
)

// fetch calls with credentials: "include".
func (b *browser) fetch(t *testing.T, method, url, host string, headers map[string]string, body string) (*http.Response, string, error) {
	t.Helper()
	var unsafe []string
	for name, value := range headers {
		if name = strings.ToLower(name); name != "accept" && (name != "content-type" || !slices.Contains([]string{"text/plain", "multipart/form-data", "application/x-www-form-urlencoded"}, value)) {
			unsafe = append(unsafe, name)
		}
	}
	slices.Sort(unsafe)
	if len(unsafe) > 0 || !slices.Contains(simpleMethods, method) {
		if err := b.preflight(t, method, url, host, unsafe); err != nil {
			return nil, "", err
		}
	}
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Host = host
	req.Header.Set("Origin", b.origin)
	for name, value := range headers {
		req.Header.Set(name, value)
	}
	resp, err := b.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if !b.allowed(resp.Header) {
		return nil, "", errCORS
	}
	exposed := listOf(resp.Header.Get("Access-Control-Expose-Headers"))
	for name := range resp.Header {
		if !slices.Contains(simpleAnswers, name) && !slices.Contains(exposed, strings.ToLower(name)) {
			resp.Header.Del(name)
		}
	}
	return resp, string(bytes.TrimSpace(raw)), nil
}

func (b *browser) allowed(h http.Header) bool {
	return h.Get("Access-Control-Allow-Origin") == b.origin && h.Get("Access-Control-Allow-Credentials") == "true"
}

func (b *browser) preflight(t *testing.T, method, url, host string, headers []string) error {
	t.Helper()
	key := method + " " + host + " " + url + " " + strings.Join(headers, ",")
	h, ok := b.kept[key]
	if !ok {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodOptions, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = host
		req.Header.Set("Origin", b.origin)
		req.Header.Set("Access-Control-Request-Method", method)
		if len(headers) > 0 {
			req.Header.Set("Access-Control-Request-Headers", strings.Join(headers, ","))
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		b.preflights++
		if h = resp.Header; resp.StatusCode/100 != 2 {
			return errCORS
		}
		if h.Get("Access-Control-Max-Age") != "" {
			b.kept[key] = h
		}
	}
	methods, may := listOf(h.Get("Access-Control-Allow-Methods")), listOf(h.Get("Access-Control-Allow-Headers")) // with credentials, * is no wildcard
	if !b.allowed(h) || !slices.Contains(methods, strings.ToLower(method)) && !slices.Contains(simpleMethods, method) {
		return errCORS
	}
	for _, name := range headers {
		if !slices.Contains(may, name) {
			return errCORS
		}
	}
	return nil
}

func listOf(header string) (out []string) {
	for one := range strings.SplitSeq(header, ",") {
		out = append(out, strings.ToLower(strings.TrimSpace(one)))
	}
	return out
}

func TestAPageOfAnotherOriginUsesTheAPIAsTheClientDoes(t *testing.T) {
	s := start(t)
	page := newBrowser(t, "https://alice.localhost.localdomain")
	const host = "cl-o.alice.localhost.localdomain"
	headers := map[string]string{"Content-Type": "application/json", "X-Request-ID": "from-the-page"}
	call := func(method, path, body string, status int) *http.Response {
		t.Helper()
		resp, text, err := page.fetch(t, method, s.URL+path, host, headers, body)
		if err != nil || resp.StatusCode != status {
			t.Fatalf("%s %s: %v %v %s", method, path, err, resp, text)
		}
		return resp
	}
	call("POST", "/api/auth/login", `{"idTag":"alice@localhost.localdomain","password":"wrong"}`, 403)
	headers["Authorization"] = "Bearer " + login(t, s, under("alice"))
	for range 3 {
		resp := call("GET", "/api/me", "", 200)
		if resp.Header.Get("ETag") == "" || resp.Header.Get("X-Request-Id") != "from-the-page" {
			t.Errorf("the page sees %v", resp.Header)
		}
	}
	if page.preflights != 2 {
		t.Errorf("%d preflights: the answer to one is not kept", page.preflights)
	}
	call("PATCH", "/api/me", `{"x":{"a":"b"}}`, 200)
	call("PUT", "/api/profiles/devs@localhost.localdomain", `{"type":"idp"}`, 201)
	call("PATCH", "/api/profiles/bob@example.com", `{"relationship":"follow"}`, 200)
	if resp := call("GET", "/api/files/b1~abc123", "", 200); resp.Header.Get("X-Cloudillo-Variant") == "" {
		t.Errorf("the page sees %v", resp.Header)
	}
	for range 10 {
		call("POST", "/api/auth/login", `{"idTag":"xia@localhost.localdomain","password":"wrong"}`, 403)
	}
	if resp := call("POST", "/api/auth/login", `{"idTag":"xia@localhost.localdomain","password":"yoyo"}`, 429); resp.Header.Get("Retry-After") == "" {
		t.Errorf("the page sees %v", resp.Header)
	}
	call("POST", "/api/auth/logout", `{}`, 200)
	call("GET", "/api/me", "", 401)
}

func TestAPageOfAnotherOriginSendsNoCookiesWhereTheyAreRead(t *testing.T) {
	s := start(t)
	page := newBrowser(t, "https://evil.example")
	for _, c := range []struct{ method, path, host string }{
		{"GET", "/api/auth", ""}, {"GET", "/api/profile/alice", ""}, {"GET", "/api/users/alice", ""}, {"PUT", "/api/profile/alice", ""},
		{"POST", "/api/auth/logout", ""}, {"POST", "/api/auth", ""}, {"POST", "/api/auth", "cl-o.alice.localhost.localdomain"}, {"DELETE", "/api/users/alice", ""},
	} {
		if _, _, err := page.fetch(t, c.method, s.URL+c.path, c.host, map[string]string{"Content-Type": "application/json"}, `{}`); !errors.Is(err, errCORS) {
			t.Errorf("%s %s: %v", c.method, c.path, err)
		}
	}
}
