package server_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"facet/internal/access"
	"facet/internal/credential"
	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/profile"
	"facet/internal/server"
	"facet/internal/store/sqlite"
)

// fake is a face whose errors are one line of text: its name and the code.
type fake struct {
	name   string
	routes []face.Route
	who    access.Principal
	idErr  error
}

func (f *fake) Name() string         { return f.name }
func (f *fake) Routes() []face.Route { return f.routes }
func (f *fake) Identify(_ *http.Request, c *face.Call) error {
	c.Who = f.who
	return f.idErr
}

func (f *fake) Fail(w http.ResponseWriter, _ *http.Request, _ *face.Call, err error) {
	e := profile.AsError(err)
	status := map[profile.Kind]int{
		profile.Internal: 500, profile.NotFound: 404, profile.MethodNotAllowed: 405, profile.Forbidden: 403,
		profile.Unauthenticated: 401, profile.TooLarge: 413, profile.Malformed: 400, profile.Invalid: 422,
	}[e.Kind]
	w.WriteHeader(status)
	fmt.Fprintf(w, "%s %s", f.name, e.Code)
}

func ok(w http.ResponseWriter, _ *http.Request, c *face.Call) error {
	_, err := io.WriteString(w, "ok")
	return err
}

func open(method, pattern string, h face.Handler) face.Route {
	return face.Route{Method: method, Pattern: pattern, Permission: access.Open, Handle: h}
}

// newDirectory makes a directory with one site, "shop", at the host shop.example.
func newDirectory(t testing.TB) *directory.Directory {
	t.Helper()
	ctx := context.Background()
	st, err := sqlite.Open(ctx, sqlite.Options{Dir: t.TempDir(), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	d := directory.New(directory.Config{
		Store: st, DataKey: credential.NewDataKey(), Log: slog.New(slog.DiscardHandler),
		Hasher: credential.NewHasher(credential.HasherConfig{}),
	})
	if _, err := d.CreateSite(ctx, directory.NewSite{Name: "shop", Domain: "shop.example", Policy: directory.DefaultPolicy()}); err != nil {
		t.Fatal(err)
	}
	return d
}

func newServer(t testing.TB, c server.Config) *server.Server {
	t.Helper()
	if c.Directory == nil {
		c.Directory = newDirectory(t)
	}
	s, err := server.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

type answer struct {
	*http.Response
	body string
}

// do sends a request over a real connection, as written: no redirect is
// followed. headers are pairs.
func do(t testing.TB, h http.Handler, method, target, body string, headers ...string) answer {
	t.Helper()
	srv := httptest.NewServer(h)
	defer srv.Close()
	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	host := "shop.example"
	var head strings.Builder
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			host = headers[i+1]
			continue
		}
		fmt.Fprintf(&head, "%s: %s\r\n", headers[i], headers[i+1])
	}
	if body != "" && !strings.Contains(head.String(), "chunked") {
		fmt.Fprintf(&head, "Content-Length: %d\r\n", len(body))
	}
	if _, err := fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n%s\r\n%s", method, target, host, head.String(), body); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{res, string(b)}
}

func TestPathsReachTheirRouteWithoutARedirect(t *testing.T) {
	echo := func(w http.ResponseWriter, r *http.Request, c *face.Call) error {
		b, err := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s|%s|%s", c.Site.Name(), r.PathValue("x"), b)
		return err
	}
	s := newServer(t, server.Config{Faces: []face.Face{
		&fake{name: "djaoapp", routes: []face.Route{
			open("POST", "/api/things/{x}", echo),
			open("POST", "/api/tree/{x...}", echo),
		}},
		&fake{name: "entity", routes: []face.Route{open("POST", "/entity.create", echo)}},
		&fake{name: "household", routes: []face.Route{open("POST", "/api/users/v1/users/{x}/user_profiles", echo)}},
	}})
	const id = "0190a6c1-1111-7222-8333-444455556666"
	for _, c := range []struct{ path, want string }{
		{"/api/things/a", "shop|a|body"},
		{"/api/things/a/", "shop|a|body"},
		{"//api///things/a", "shop|a|body"},
		{"/api/things/a//", "shop|a|body"},
		{"/api/things/a%2Fb", "shop|a/b|body"},
		{"/api/things/a%2fb/", "shop|a/b|body"},
		{"/api/things/%2e%2e", "shop|..|body"},
		{"/api/things/..", "djaoapp no_route"},
		{"/api/./things/a", "djaoapp no_route"},
		{"/api/things", "djaoapp no_route"},
		{"/api/tree/a/b", "shop|a/b|body"},
		{"/api/tree", "djaoapp no_route"},
		{"/api/tree/", "djaoapp no_route"},
		{"/entity.create", "shop||body"},
		{"/entity.create/?x=1", "shop||body"},
		{"/api/users/v1/" + id + "/user_profiles", "shop|" + id + "|body"},
		{"/api/users/v1/" + id + "/user_profiles/", "shop|" + id + "|body"},
		{"/api/users/v1/" + id + "/other", "household no_route"},
		{"/api/users/v1/no-uuid/user_profiles", "household no_route"},
	} {
		if got := do(t, s, "POST", c.path, "body"); got.body != c.want {
			t.Errorf("POST %s: got %d %q, want %q", c.path, got.StatusCode, got.body, c.want)
		}
	}
}

func TestUnmatchedPathsAreAnsweredByTheirOwner(t *testing.T) {
	s := newServer(t, server.Config{Faces: []face.Face{
		&fake{name: "djaoapp", routes: []face.Route{open("GET", "/api/things/{x}", ok), open("DELETE", "/api/things/{x}", ok)}},
		&fake{name: "entity", routes: []face.Route{open("POST", "/entity", ok)}},
		&fake{name: "appdata"},
	}})
	const plain = `{"error":{"code":"E-CORE-NOTFOUND","message":"Resource not found"},"detail":"Not found."}` + "\n"
	form := []string{"Content-Type", "application/x-www-form-urlencoded"}
	for _, c := range []struct {
		method, path string
		headers      []string
		status       int
		body         string
	}{
		{"GET", "/api/nothing", nil, 404, "djaoapp no_route"},
		{"POST", "/api/things/a", nil, 405, "djaoapp method"},
		{"BREW", "/api/things/a", nil, 405, "djaoapp method"},
		{"GET", "/api/profile/x", nil, 404, "djaoapp no_route"},
		{"GET", "/api/profiles/x", nil, 404, plain}, // cloudillo, which is not there
		{"GET", "/entityType.nothing", nil, 404, "entity no_route"},
		{"GET", "/entity", nil, 405, "entity method"},
		{"GET", "/clients/x", nil, 404, "entity no_route"},
		{"GET", "/clientship", nil, 404, plain},
		{"GET", "/operator/x", nil, 404, "appdata no_route"},
		{"GET", "/nothing", nil, 404, plain},
		{"POST", "/nothing", nil, 404, plain},
		{"POST", "/nothing", form, 404, "entity no_route"},
		{"POST", "/nothing?client_id=x", nil, 404, "entity no_route"},
		{"POST", "/nothing", []string{"Authorization", "Basic eDp5"}, 404, "entity no_route"},
		{"POST", "/nothing", []string{"Authorization", "Signature a:b"}, 404, "entity no_route"},
		{"POST", "/nothing", []string{"Authorization", "Bearer x"}, 404, plain},
		{"POST", "/nothing/more", form, 404, plain},
		{"GET", "/nothing/../healthz", nil, 404, plain},
		{"GET", "/healthz/", nil, 404, plain},
	} {
		got := do(t, s, c.method, c.path, "", c.headers...)
		if got.StatusCode != c.status || got.body != c.body {
			t.Errorf("%s %s %v: got %d %q, want %d %q", c.method, c.path, c.headers, got.StatusCode, got.body, c.status, c.body)
		}
		if c.status == 405 && got.Header.Get("Allow") == "" {
			t.Errorf("%s %s: no Allow", c.method, c.path)
		}
	}
	if got := do(t, s, "POST", "/api/things/a", ""); got.Header.Get("Allow") != "GET, HEAD, DELETE, OPTIONS" {
		t.Errorf("Allow: %q", got.Header.Get("Allow"))
	}
}

func TestUnknownHostsAreNotFoundInTheOwnersForm(t *testing.T) {
	s := newServer(t, server.Config{Faces: []face.Face{&fake{name: "djaoapp", routes: []face.Route{open("GET", "/api/x", ok)}}}})
	for host, want := range map[string]string{
		"shop.example": "ok", "SHOP.example:8080": "ok", "other.example": "djaoapp not_found", "cl-o.nobody.shop.example": "djaoapp not_found",
	} {
		if got := do(t, s, "GET", "/api/x", "", "Host", host); got.body != want {
			t.Errorf("%s: got %d %q, want %q", host, got.StatusCode, got.body, want)
		}
	}
}

func TestTheCallerIsAdmittedByTheRoutesPermission(t *testing.T) {
	user := access.Principal{Subject: profile.ID{1}}
	child := access.Principal{Subject: profile.ID{1}, Restriction: access.Restriction{Kind: access.ChildProfile}}
	for _, c := range []struct {
		name  string
		who   access.Principal
		idErr error
		want  string
	}{
		{"nobody", access.Principal{}, nil, "djaoapp no_auth"},
		{"a user", user, nil, "ok"},
		{"a restricted user", child, nil, "djaoapp forbidden"},
		{"a wrong proof", user, profile.E(profile.Unauthenticated, profile.CodeBadToken, "", "no"), "djaoapp bad_token"},
	} {
		f := &fake{name: "djaoapp", who: c.who, idErr: c.idErr,
			routes: []face.Route{{Method: "GET", Pattern: "/api/x", Permission: access.ProfileRead, Handle: ok}}}
		if got := do(t, newServer(t, server.Config{Faces: []face.Face{f}}), "GET", "/api/x", ""); got.body != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got.body, c.want)
		}
	}
}

func TestBodiesOverTheLimitAreRefused(t *testing.T) {
	read := func(w http.ResponseWriter, r *http.Request, _ *face.Call) error {
		_, err := face.ReadBody(w, r, face.MaxBody)
		return err
	}
	s := newServer(t, server.Config{Limits: server.Limits{Body: 4}, Faces: []face.Face{
		&fake{name: "djaoapp", routes: []face.Route{open("POST", "/api/x", read)}}}})
	if got := do(t, s, "POST", "/api/x", "1234"); got.StatusCode != 200 {
		t.Errorf("at the limit: %d %q", got.StatusCode, got.body)
	}
	if got := do(t, s, "POST", "/api/x", "12345"); got.body != "djaoapp too_large" {
		t.Errorf("over the limit: %q", got.body)
	}
	if got := do(t, s, "POST", "/api/x", "no length\r\n", "Transfer-Encoding", "chunked"); got.StatusCode != 400 {
		t.Errorf("a chunked body that is none: %d %q", got.StatusCode, got.body)
	}
}

func TestRequestIDsAreTakenOrMinted(t *testing.T) {
	s := newServer(t, server.Config{})
	for _, id := range []string{"a", "A-b_c.9", strings.Repeat("x", 64)} {
		if got := do(t, s, "GET", "/healthz", "", "X-Request-ID", id).Header.Get("X-Request-ID"); got != id {
			t.Errorf("sent %q, got %q", id, got)
		}
	}
	for _, id := range []string{"", "a b", "é", strings.Repeat("x", 65), `"`} {
		if got := do(t, s, "GET", "/healthz", "", "X-Request-ID", id).Header.Get("X-Request-ID"); len(got) != 16 || got != strings.ToLower(got) {
			t.Errorf("sent %q, got %q", id, got)
		}
	}
}

func TestBrowsersOfAnyOriginAreAnswered(t *testing.T) {
	s := newServer(t, server.Config{Faces: []face.Face{&fake{name: "djaoapp", routes: []face.Route{open("PUT", "/api/x/{y}", ok)}}}})
	got := do(t, s, "OPTIONS", "/api/x/1", "", "Origin", "https://app.example",
		"Access-Control-Request-Method", "PUT", "Access-Control-Request-Headers", "authorization")
	for name, want := range map[string]string{
		"Access-Control-Allow-Origin": "https://app.example", "Access-Control-Allow-Methods": "PUT, OPTIONS",
		"Access-Control-Allow-Headers": "authorization", "Access-Control-Allow-Credentials": "", "Vary": "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
		"Access-Control-Max-Age": "7200",
	} {
		if got.Header.Get(name) != want {
			t.Errorf("preflight: %s: %q, want %q", name, got.Header.Get(name), want)
		}
	}
	if got.StatusCode != 204 {
		t.Errorf("preflight: %d", got.StatusCode)
	}
	if got := do(t, s, "OPTIONS", "/api/none", "", "Origin", "https://app.example", "Access-Control-Request-Method", "PUT"); got.StatusCode != 404 {
		t.Errorf("preflight of an unknown path: %d", got.StatusCode)
	}
	got = do(t, s, "PUT", "/api/x/1", "", "Origin", "https://app.example")
	if got.Header.Get("Access-Control-Allow-Origin") != "https://app.example" || !strings.HasPrefix(got.Header.Get("Access-Control-Expose-Headers"), "Location, X-Request-ID, ETag, Retry-After") {
		t.Errorf("answer: %v", got.Header)
	}
}

func TestPanicsAreAnsweredInTheFacesForm(t *testing.T) {
	var log bytes.Buffer
	s := newServer(t, server.Config{Log: slog.New(slog.NewJSONHandler(&log, nil)), Faces: []face.Face{
		&fake{name: "djaoapp", routes: []face.Route{
			open("GET", "/api/early", func(http.ResponseWriter, *http.Request, *face.Call) error { panic("SECRET") }),
			open("GET", "/api/late", func(w http.ResponseWriter, _ *http.Request, _ *face.Call) error {
				_, _ = io.WriteString(w, "half")
				panic("SECRET")
			}),
		}}}})
	if got := do(t, s, "GET", "/api/early", ""); got.StatusCode != 500 || got.body != "djaoapp internal" {
		t.Errorf("got %d %q", got.StatusCode, got.body)
	}
	if !strings.Contains(log.String(), "server_test.go") || strings.Contains(log.String(), "SECRET") {
		t.Errorf("the log has no stack, or the panic's text: %s", log.String())
	}
	srv := httptest.NewServer(s)
	defer srv.Close()
	req, _ := http.NewRequest("GET", srv.URL+"/api/late", nil)
	req.Host = "shop.example"
	res, err := http.DefaultClient.Do(req)
	if err == nil {
		_, err = io.ReadAll(res.Body)
		_ = res.Body.Close()
	}
	if err == nil {
		t.Error("half an answer was passed off as a whole one")
	}
}

func TestOurOwnAnswers(t *testing.T) {
	var down error
	s := newServer(t, server.Config{Version: "v9", Ready: func(context.Context) error { return down }})
	if got := do(t, s, "GET", "/healthz", "", "Host", "any.where"); got.StatusCode != 200 {
		t.Errorf("healthz: %d", got.StatusCode)
	}
	if got := do(t, s, "GET", "/readyz", "", "Host", "any.where"); got.StatusCode != 200 {
		t.Errorf("readyz: %d", got.StatusCode)
	}
	down = directory.ErrNoSite
	if got := do(t, s, "GET", "/readyz", ""); got.StatusCode != 503 || got.body != `{"status":"no site"}`+"\n" {
		t.Errorf("readyz without a site: %d %q", got.StatusCode, got.body)
	}
	down = io.ErrUnexpectedEOF
	if got := do(t, s, "GET", "/readyz", ""); got.StatusCode != 503 || strings.Contains(got.body, "EOF") {
		t.Errorf("readyz without a store: %d %q", got.StatusCode, got.body)
	}
	got := do(t, s, "GET", "/.well-known/jwks.json", "")
	var set struct{ Keys []map[string]any }
	if err := json.Unmarshal([]byte(got.body), &set); err != nil || len(set.Keys) != 1 || got.Header.Get("Cache-Control") != "public, max-age=60" {
		t.Errorf("jwks: %v %q %v", err, got.body, got.Header)
	}
	if got := do(t, s, "GET", "/.well-known/jwks.json", "", "Host", "other.example"); got.StatusCode != 404 {
		t.Errorf("jwks of no site: %d", got.StatusCode)
	}
	if got := do(t, s, "GET", "/", ""); !strings.Contains(got.body, `"version":"v9"`) {
		t.Errorf("/: %q", got.body)
	}
	if got := do(t, s, "GET", "/", "", "Accept", "text/html,*/*"); !strings.HasPrefix(got.body, "<!doctype html>") {
		t.Errorf("/ to a browser: %q", got.body)
	}
	if got := do(t, s, "POST", "/", ""); got.StatusCode != 405 {
		t.Errorf("POST /: %d", got.StatusCode)
	}
	if got := do(t, s, "GET", "/metrics", ""); got.StatusCode != 404 {
		t.Errorf("metrics on the public listener: %d", got.StatusCode)
	}
}

func TestTheLogSaysNothingPersonal(t *testing.T) {
	var log bytes.Buffer
	f := &fake{name: "djaoapp", who: access.Principal{Subject: profile.ID{7}}, routes: []face.Route{
		open("POST", "/api/users/{user}", func(http.ResponseWriter, *http.Request, *face.Call) error {
			return &profile.Error{Kind: profile.Invalid, Code: profile.CodeInvalid, Field: "email", Message: "hush-message"}
		}),
		open("GET", "/api/broken", func(http.ResponseWriter, *http.Request, *face.Call) error { return io.ErrUnexpectedEOF }),
	}}
	s := newServer(t, server.Config{Log: slog.New(slog.NewJSONHandler(&log, nil)), Faces: []face.Face{f}})
	do(t, s, "POST", "/api/users/hush-name?q=hush-value&tok%65n=x&hush-bare&a%20b=1", "hush-body",
		"Authorization", "Bearer hush-token", "Cookie", "s=hush-cookie", "X-Request-ID", "rid-1")
	do(t, s, "GET", "/hush-path", "")
	if strings.Contains(log.String(), "hush") {
		t.Errorf("the log has what was sent: %s", log.String())
	}
	var line map[string]any
	if err := json.Unmarshal([]byte(strings.SplitN(log.String(), "\n", 2)[0]), &line); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]any{
		"msg": "request", "id": "rid-1", "site": "shop", "method": "POST", "route": "POST /api/users/{user}", "face": "djaoapp",
		"query": "q,token,?,?", "code": "invalid", "who": profile.ID{7}.String(), "level": "INFO",
	} {
		if line[name] != want {
			t.Errorf("%s: %v, want %v", name, line[name], want)
		}
	}
	log.Reset()
	do(t, s, "GET", "/api/broken", "")
	if !strings.Contains(log.String(), "unexpected EOF") || !strings.Contains(log.String(), `"ERROR"`) {
		t.Errorf("an internal error is not explained: %s", log.String())
	}
}

func TestRoutesThatCannotBeJoined(t *testing.T) {
	d := newDirectory(t)
	for name, routes := range map[string][]face.Route{
		"no permission": {{Method: "GET", Pattern: "/api/x", Permission: "no.such", Handle: ok}},
		"no method":     {open("", "/api/x", ok)},
		"a slash ends":  {open("GET", "/api/x/", ok)},
		"no handler":    {open("GET", "/api/x", nil)},
		"a clash":       {open("GET", "/api/{x}/a", ok), open("GET", "/api/a/{x}", ok)},
		"a double":      {open("GET", "/api/x", ok), open("GET", "/api/x", ok)},
		"ours":          {open("GET", "/healthz", ok)},
	} {
		if _, err := server.New(server.Config{Directory: d, Faces: []face.Face{&fake{name: "djaoapp", routes: routes}}}); err == nil {
			t.Errorf("%s: joined", name)
		}
	}
	if _, err := server.New(server.Config{Directory: d, Faces: []face.Face{&fake{name: "a"}, &fake{name: "a"}}}); err == nil {
		t.Error("two faces of one name: joined")
	}
}

func TestRequestsInFlightFinishWhenTheServerEnds(t *testing.T) {
	entered, finish := make(chan struct{}), make(chan struct{})
	s := newServer(t, server.Config{Metrics: prometheus.NewRegistry(), Faces: []face.Face{
		&fake{name: "djaoapp", routes: []face.Route{open("GET", "/api/slow", func(w http.ResponseWriter, r *http.Request, c *face.Call) error {
			close(entered)
			<-finish
			return ok(w, r, c)
		})}}}})
	api, metrics := loopback(t), loopback(t)
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	var ended sync.WaitGroup
	var runErr error
	ended.Go(func() { runErr = s.Run(ctx, server.Listeners{API: api, Metrics: metrics}) })

	type result struct {
		body string
		err  error
	}
	got := make(chan result, 1)
	go func() {
		body, _, err := fetch("http://"+api.Addr().String()+"/api/slow", "shop.example")
		got <- result{body, err}
	}()
	<-entered
	if _, status, err := fetch("http://"+metrics.Addr().String()+"/readyz", "any"); err != nil || status != 200 {
		t.Errorf("readyz before: %d %v", status, err)
	}
	stop()
	deadline := time.Now().Add(10 * time.Second)
	for status := 200; status != 503; { // until the signal is taken up
		var err error
		if _, status, err = fetch("http://"+metrics.Addr().String()+"/readyz", "any"); err != nil || time.Now().After(deadline) {
			t.Fatalf("readyz while draining: %d %v", status, err)
		}
	}
	body, _, err := fetch("http://"+metrics.Addr().String()+"/metrics", "any")
	if err != nil || !strings.Contains(body, "facet_requests_in_flight") || !strings.Contains(body, `facet_requests_total{class="2xx",face="djaoapp",route="GET /api/slow"} 0`) {
		t.Errorf("metrics: %v %.300s", err, body)
	}
	close(finish)
	if r := <-got; r.err != nil || r.body != "ok" {
		t.Errorf("the request in flight: %q %v", r.body, r.err)
	}
	ended.Wait()
	if runErr != nil {
		t.Error(runErr)
	}
}

func TestTheDrainIsBounded(t *testing.T) {
	entered, finish := make(chan struct{}), make(chan struct{})
	defer close(finish)
	s := newServer(t, server.Config{Limits: server.Limits{Drain: time.Millisecond}, Faces: []face.Face{
		&fake{name: "djaoapp", routes: []face.Route{open("GET", "/api/stuck", func(http.ResponseWriter, *http.Request, *face.Call) error {
			close(entered)
			<-finish
			return nil
		})}}}})
	api := loopback(t)
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		_, _, _ = fetch("http://"+api.Addr().String()+"/api/stuck", "shop.example")
	}()
	go func() {
		<-entered
		stop()
	}()
	if err := s.Run(ctx, server.Listeners{API: api}); err == nil {
		t.Error("nothing tells that a request was cut off")
	}
}

func loopback(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func fetch(url, host string) (body string, status int, err error) {
	req, err := http.NewRequest("GET", url, nil)
	if err != nil {
		return "", 0, err
	}
	req.Host = host
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", 0, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return string(b), res.StatusCode, err
}

func TestLogLinesAreWrittenTogetherAndErrorsAtOnce(t *testing.T) {
	var out bytes.Buffer
	log, flush := server.NewLog(&out, slog.LevelInfo)
	log.Debug("unwanted")
	log.Error("now")
	if !strings.Contains(out.String(), "now") {
		t.Error("an error waits")
	}
	log.Info("later")
	flush()
	if !strings.Contains(out.String(), "later") || strings.Contains(out.String(), "unwanted") {
		t.Errorf("got %s", out.String())
	}
}

type nowhere struct{ h http.Header }

func (w nowhere) Header() http.Header         { return w.h }
func (w nowhere) Write(b []byte) (int, error) { return len(b), nil }
func (w nowhere) WriteHeader(int)             {}

// BenchmarkOverhead measures all that the server adds to a handler.
func BenchmarkOverhead(b *testing.B) {
	log, flush := server.NewLog(io.Discard, slog.LevelInfo)
	defer flush()
	s := newServer(b, server.Config{Log: log, Metrics: prometheus.NewRegistry(), Faces: []face.Face{
		&fake{name: "entity", routes: []face.Route{open("POST", "/entity", func(http.ResponseWriter, *http.Request, *face.Call) error { return nil })}}}})
	b.ReportAllocs()
	for b.Loop() {
		r, _ := http.NewRequest("POST", "/entity?uuid=x", nil)
		r.Host = "shop.example"
		s.ServeHTTP(nowhere{http.Header{}}, r)
	}
}
