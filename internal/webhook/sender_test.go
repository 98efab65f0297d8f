package webhook_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"facet/internal/profile"
	"facet/internal/webhook"
)

var loopback = webhook.Filter{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}

// names is a resolver that answers each question by what answer says.
func names(t *testing.T, answer func(name string) []netip.Addr) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	go func() {
		buffer := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buffer)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(buffer[:n]) != nil || len(m.Questions) != 1 {
				continue
			}
			q := m.Questions[0]
			m.Response, m.Additionals = true, nil
			head := dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class, Type: q.Type}
			leads := answer(strings.TrimSuffix(q.Name.String(), "."))
			if leads == nil {
				m.RCode = dnsmessage.RCodeNameError
			}
			for _, addr := range leads {
				switch {
				case q.Type == dnsmessage.TypeA && addr.Is4():
					m.Answers = append(m.Answers, dnsmessage.Resource{Header: head, Body: &dnsmessage.AResource{A: addr.As4()}})
				case q.Type == dnsmessage.TypeAAAA && addr.Is6():
					m.Answers = append(m.Answers, dnsmessage.Resource{Header: head, Body: &dnsmessage.AAAAResource{AAAA: addr.As16()}})
				}
			}
			if out, err := m.Pack(); err == nil {
				_, _ = conn.WriteTo(out, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

// failure sends a message and gives why it failed: nil when it did not.
func failure(t *testing.T, s *webhook.Sender, url string) *webhook.Failure {
	t.Helper()
	err := s.Send(t.Context(), webhook.Message{ID: "evt_1", URL: url, Secrets: []webhook.Secret{webhook.NewSecret()}, Body: []byte(`{}`)})
	if err == nil {
		return nil
	}
	var f *webhook.Failure
	if !errors.As(err, &f) {
		t.Fatal(err)
	}
	return f
}

func TestWhatAnEndpointAnswersSaysWhatBecomesOfTheMessage(t *testing.T) {
	var status atomic.Int64
	var after atomic.Value
	after.Store("")
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Retry-After", after.Load().(string))
		w.WriteHeader(int(status.Load()))
	}))
	defer web.Close()
	now := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	s := webhook.NewSender(webhook.Config{Filter: loopback, Now: func() time.Time { return now }})
	for _, c := range []struct {
		status int64
		after  string
		want   *webhook.Failure
	}{
		{200, "", nil},
		{204, "", nil},
		{301, "", &webhook.Failure{Status: 301, Why: "the endpoint answered 301: redirects are not followed"}},
		{400, "", &webhook.Failure{Status: 400, Why: "the endpoint answered 400"}},
		{410, "", &webhook.Failure{Status: 410, Why: "the endpoint answered 410", Gone: true}},
		{429, "120", &webhook.Failure{Status: 429, Why: "the endpoint answered 429", Down: true, After: 2 * time.Minute}},
		{503, "99999999999", &webhook.Failure{Status: 503, Why: "the endpoint answered 503", Down: true, After: 24 * time.Hour}},
		{503, "Sat, 31 Jan 2026 12:02:00 GMT", &webhook.Failure{Status: 503, Why: "the endpoint answered 503", Down: true, After: 2 * time.Minute}},
		{503, "Sat, 31 Jan 2026 11:00:00 GMT", &webhook.Failure{Status: 503, Why: "the endpoint answered 503", Down: true}},
		{503, "Sat, 31 Jan 2099 11:00:00 GMT", &webhook.Failure{Status: 503, Why: "the endpoint answered 503", Down: true, After: 24 * time.Hour}},
		{500, "soon", &webhook.Failure{Status: 500, Why: "the endpoint answered 500", Down: true}},
	} {
		status.Store(c.status)
		after.Store(c.after)
		got := failure(t, s, web.URL)
		if (got == nil) != (c.want == nil) || got != nil && *got != *c.want {
			t.Errorf("%d: %+v, want %+v", c.status, got, c.want)
		}
	}
	web.Close()
	if got := failure(t, s, web.URL); got == nil || !got.Down || got.Status != 0 {
		t.Errorf("nobody listens: %+v", got)
	}
}

func TestARedirectIsNotFollowed(t *testing.T) {
	var inner atomic.Int64
	target := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { inner.Add(1) }))
	defer target.Close()
	web := httptest.NewServer(http.RedirectHandler(target.URL, http.StatusTemporaryRedirect))
	defer web.Close()
	got := failure(t, webhook.NewSender(webhook.Config{Filter: loopback}), web.URL)
	if got == nil || got.Status != http.StatusTemporaryRedirect || inner.Load() != 0 {
		t.Errorf("%+v, the target was asked %d times", got, inner.Load())
	}
}

func TestANameThatLeadsInwardsIsNotReached(t *testing.T) {
	var asked atomic.Int64
	web := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer web.Close()
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(web.URL, "http://"))
	var turn atomic.Int64
	resolver := names(t, func(name string) []netip.Addr {
		switch name {
		case "inside.example":
			return []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("::1")}
		case "mapped.example":
			return []netip.Addr{netip.MustParseAddr("::ffff:127.0.0.1")}
		case "metadata.example":
			return []netip.Addr{netip.MustParseAddr("169.254.169.254")}
		case "rebinding.example": // public when it is looked at, inside when it is used
			if turn.Add(1) == 1 {
				return []netip.Addr{netip.MustParseAddr("93.184.216.34")}
			}
			return []netip.Addr{netip.MustParseAddr("127.0.0.1")}
		}
		return nil
	})
	strict := webhook.NewSender(webhook.Config{Resolver: resolver})
	if _, err := resolver.LookupHost(t.Context(), "rebinding.example"); err != nil { // as a check before would
		t.Fatal(err)
	}
	for _, url := range []string{
		"https://inside.example:" + port, "https://mapped.example:" + port, "https://metadata.example", "https://rebinding.example:" + port,
		"http://inside.example:" + port, "https://127.0.0.1:" + port, "https://[::1]:" + port, "https://[::ffff:7f00:1]:" + port, "https://[::]:" + port,
	} {
		got := failure(t, strict, url)
		if got == nil || got.Why != "the endpoint's name leads to an address that may not be reached" {
			t.Errorf("%s: %+v", url, got)
		}
	}
	if asked.Load() != 0 {
		t.Errorf("the server inside was asked %d times", asked.Load())
	}
	if got := failure(t, webhook.NewSender(webhook.Config{Resolver: resolver, Filter: loopback}), "http://inside.example:"+port); got != nil {
		t.Errorf("where it is allowed: %+v", got)
	}
	if got := failure(t, strict, "https://nowhere.example"); got == nil || got.Why != "the endpoint's name leads nowhere" {
		t.Errorf("a name that is not there: %+v", got)
	}
}

func TestProxiesOfTheEnvironmentAreIgnored(t *testing.T) {
	proxy := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the proxy was asked") }))
	defer proxy.Close()
	t.Setenv("HTTP_PROXY", proxy.URL)
	t.Setenv("HTTPS_PROXY", proxy.URL)
	resolver := names(t, func(string) []netip.Addr { return []netip.Addr{netip.MustParseAddr("10.1.2.3")} })
	if failure(t, webhook.NewSender(webhook.Config{Filter: loopback, Resolver: resolver}), "http://receiver.example") == nil {
		t.Error("it was sent")
	}
}

func TestAnEndlessAnswerIsNotReadToItsEnd(t *testing.T) {
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		block := make([]byte, 64<<10)
		for r.Context().Err() == nil {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	}))
	defer web.Close()
	if got := failure(t, webhook.NewSender(webhook.Config{Filter: loopback}), web.URL); got != nil {
		t.Errorf("%+v", got)
	}
}

func TestAddressesOfEndpointsAreChecked(t *testing.T) {
	for _, c := range []struct {
		url           string
		strict, loose bool // whether it is taken
	}{
		{"https://receiver.example/hooks?x=1", true, true},
		{"http://receiver.example/hooks", false, true},
		{"http://127.0.0.1:8080/", false, true},
		{"https://127.0.0.1/", false, true},
		{"https://10.0.0.1/", false, false},
		{"https://[fd00::1]/", false, false},
		{"https://[fe80::1%25eth0]/", false, false},
		{"https://8.8.8.8/", true, true},
		{"https://[2606:4700::1111]/", true, true},
		{"https://[64:ff9b::7f00:1]/", false, false},
		{"https://[2002:7f00:1::]/", false, false},
		{"https://user:secret@receiver.example/", false, false},
		{"https://receiver.example/#part", false, false},
		{"ftp://receiver.example/", false, false},
		{"file:///etc/passwd", false, false},
		{"https:receiver.example", false, false},
		{"//receiver.example", false, false},
		{"https://", false, false},
		{"https://a b/", false, false},
		{"", false, false},
		{"https://receiver.example/" + strings.Repeat("x", webhook.MaxURL), false, false},
	} {
		for _, f := range []struct {
			webhook.Filter
			want bool
		}{{webhook.Filter{}, c.strict}, {loopback, c.loose}} {
			err := f.CheckURL(c.url)
			if (err == nil) != f.want || err != nil && !profile.IsKind(err, profile.Invalid) {
				t.Errorf("%.60s with %v: %v", c.url, f.Allow, err)
			}
		}
	}
}
