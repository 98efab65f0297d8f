package e2e_test

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"facet/internal/facetest"
)

// raw sends bytes as they are and reads one answer; nil when the connection
// was closed without one.
func raw(t *testing.T, in *instance, request string) *facetest.Answer {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(in.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(conn, request); err != nil {
		return nil // refused before all was read
	}
	_ = conn.(*net.TCPConn).CloseWrite()
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return nil
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%.60q: %v", request, err)
	}
	a := facetest.AnswerOf(t, request[:min(40, len(request))], resp.StatusCode, body)
	a.Header = resp.Header
	return &a
}

func TestRequestsThatAreNoHTTPAreRefusedByTheBinary(t *testing.T) {
	t.Parallel()
	data := folder(t)
	in := demo(t, "--data", data)
	db := openData(t, data)
	before := db.state(t)
	const host = "Host: localhost\r\n"
	post := func(path, headers, body string) string {
		return "POST " + path + " HTTP/1.1\r\n" + host + headers + "\r\n" + body
	}
	const asJSON, asForm = "Content-Type: application/json\r\n", "Content-Type: application/x-www-form-urlencoded\r\n"
	owner := "Authorization: " + basic(clientID, clientSecret) + "\r\n"
	for name, c := range map[string]struct {
		request string
		status  int  // 0: closed without an answer
		ours    bool // the answer is a face's, not that of the HTTP library
	}{
		"a bad escape in the path":     {"GET /api/profile/%zz HTTP/1.1\r\n" + host + "\r\n", 400, false},
		"a NUL in the path":            {"GET /api/profile/a\x00b HTTP/1.1\r\n" + host + "\r\n", 400, false},
		"a blank in the path":          {"GET /api/profile/a b HTTP/1.1\r\n" + host + "\r\n", 400, false},
		"no host":                      {"GET /readyz HTTP/1.1\r\n\r\n", 400, false},
		"two hosts":                    {"GET /readyz HTTP/1.1\r\n" + host + host + "\r\n", 400, false},
		"a bad host":                   {"GET /readyz HTTP/1.1\r\nHost: a b\r\n\r\n", 400, false},
		"no HTTP":                      {"hello\r\n\r\n", 400, false},
		"a version to come":            {"GET / HTTP/9.9\r\n" + host + "\r\n", 505, false},
		"a NUL in a header":            {"GET /readyz HTTP/1.1\r\n" + host + "X-A: a\x00b\r\n\r\n", 400, false},
		"a huge header":                {"GET /readyz HTTP/1.1\r\n" + host + "X-A: " + strings.Repeat("a", 100_000) + "\r\n\r\n", 431, false},
		"a huge token":                 {"GET /api/users/xia HTTP/1.1\r\n" + host + "Authorization: Bearer " + strings.Repeat("a", 100_000) + "\r\n\r\n", 431, false},
		"many headers":                 {"GET /readyz HTTP/1.1\r\n" + host + strings.Repeat("X-A: a\r\n", 20_000) + "\r\n", 431, false},
		"a huge path":                  {"GET /" + strings.Repeat("a", 100_000) + " HTTP/1.1\r\n" + host + "\r\n", 431, false},
		"a length that is none":        {post("/api/auth", asJSON+"Content-Length: -1\r\n", ""), 400, false},
		"two lengths":                  {post("/api/auth", asJSON+"Content-Length: 2\r\nContent-Length: 3\r\n", "{}"), 400, false},
		"an unknown coding":            {post("/api/auth", asJSON+"Transfer-Encoding: gzip\r\n", "{}"), 501, false},
		"a body cut off":               {post("/api/auth", asJSON+"Content-Length: 100\r\n", `{"username":`), 400, true},
		"a form cut off":               {post("/entity.create", asForm+owner+"Content-Length: 100\r\n", `type_name=user&attributes=%7B%7D`), 200, true},
		"a chunk that is none":         {post("/api/auth/register", asJSON+"Transfer-Encoding: chunked\r\n", "zz\r\n{}\r\n0\r\n\r\n"), 400, true},
		"a length far too large":       {post("/api/auth/register", asJSON+"Content-Length: 9000000000000000000\r\n", "{}"), 413, true},
		"a form far too large":         {post("/entity.create", asForm+owner+"Content-Length: 9000000000000000000\r\n", "x"), 200, true},
		"a connection to another host": {"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n", 405, true},
		"an address of another host":   {"GET http://[::1/ HTTP/1.1\r\n" + host + "\r\n", 400, false},
		"a star":                       {"GET * HTTP/1.1\r\n" + host + "\r\n", 400, false},
	} {
		a := raw(t, in, c.request)
		if a == nil {
			t.Errorf("%s: no answer", name)
			continue
		}
		if a.Status != c.status {
			t.Errorf("%s: status %d, want %d: %s", name, a.Status, c.status, a.Body)
		}
		if c.ours && (a.Header.Get("X-Request-Id") == "" || a.Header.Get("Content-Type") != "application/json") {
			t.Errorf("%s: not in a form of ours: %v %s", name, a.Header, a.Body)
		}
		if strings.Contains(string(a.Body), "goroutine") || strings.Contains(string(a.Body), ".go:") {
			t.Errorf("%s: the answer tells of the code: %s", name, a.Body)
		}
	}

	// The rest over the same binary, as a smaller walk than that of all routes.
	token := in.Login(t, "xia")
	before["session"], before["record"] = db.tableState(t, "session"), db.tableState(t, "record") // signing in is noted
	before["meta"] = db.tableState(t, "meta")
	for _, path := range []string{"/api/auth/register", "/api/accounts/profiles", "/api/users/xia/profiles", "/api/auth/tokens"} {
		use := token
		if path == "/api/auth/register" {
			use = ""
		}
		for name, body := range badJSON {
			refused(t, "djaoapp", path+" "+name, in.Do(t, facetest.Call{Method: "POST", Path: path, Token: use, Body: body}), 400)
		}
		for name, body := range deepJSON {
			refused(t, "djaoapp", path+" "+name, in.Do(t, facetest.Call{Method: "POST", Path: path, Token: use, Body: body}), 413)
		}
		large := fmt.Sprintf(`{"full_name":%q}`, strings.Repeat("x", big))
		refused(t, "djaoapp", path+" too large", in.Do(t, facetest.Call{Method: "POST", Path: path, Token: use, Body: large}), 413)
	}
	c := in.client()
	for name, document := range badJSON {
		if strings.HasPrefix(name, "bad UTF-8") { // not even a form
			continue
		}
		c.call(t, "entity.create", "attributes", document).Is(map[string]any{"stat": "error"})
	}
	for what, bearer := range map[string]string{"garbage": "x", "alg=none": unsigned(`{"alg":"none","typ":"JWT"}`, strings.Split(token, ".")[1])} {
		a := in.Do(t, facetest.Call{Method: "POST", Path: "/api/users/xia/profiles", Token: bearer, Body: map[string]any{"full_name": "No"}})
		refused(t, "djaoapp", what, a, http.StatusForbidden)
	}
	if after := db.state(t); !maps.Equal(before, after) {
		t.Errorf("something was written:\n%v\nwas\n%v", after, before)
	}
	in.Get(t, "", "/readyz").Want(http.StatusOK)
	in.stop(t)
	if strings.Contains(in.Log.String(), `"level":"ERROR"`) {
		t.Errorf("the log has errors:\n%s", in.Log)
	}
}
