package server_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"facet/internal/access"
	"facet/internal/facetest"
	"facet/internal/server"
)

// from sends a request to a handler as if it came from an address.
func from(h http.Handler, address, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Host, r.RemoteAddr = "shop.example", address
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestW3EveryRouteThatStartsASessionIsBoundedForEachAddress(t *testing.T) {
	clock := facetest.NewClock()
	registry := prometheus.NewRegistry()
	s := newServer(t, server.Config{Faces: faces(), Now: clock.Now, Metrics: registry, Starts: server.Rate{PerMinute: 60, Burst: 2}})
	n := 0
	for _, r := range s.Routes() {
		rule, _ := access.RuleOf(r.Permission)
		if rule.Anyone != rule.PerAddress && r.Permission == access.SessionStart {
			t.Errorf("%s %s: not bounded", r.Method, r.Pattern)
		}
		path := wildcard.ReplaceAllString(r.Pattern, "x")
		n++
		address := fmt.Sprintf("192.0.2.%d:1234", n%250)
		clock.Advance(time.Minute) // everybody has all tries again
		for try := range 3 {
			got := from(s, address, r.Method, path, "{}")
			want := rule.PerAddress && try == 2
			if limited := got.Code == http.StatusTooManyRequests; limited != want {
				t.Errorf("%s %s, try %d: %d %s", r.Method, r.Pattern, try+1, got.Code, got.Body)
			}
			if want && got.Header().Get("Retry-After") != "1" {
				t.Errorf("%s %s: Retry-After %q", r.Method, r.Pattern, got.Header().Get("Retry-After"))
			}
		}
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	counted := 0.0
	for _, f := range families {
		if f.GetName() == "facet_address_limited_total" {
			for _, m := range f.GetMetric() {
				counted += m.GetCounter().GetValue()
			}
		}
	}
	if counted < 10 {
		t.Errorf("%v refusals are counted", counted)
	}
}

func TestW3AnAddressGetsItsTriesBackWithTime(t *testing.T) {
	clock := facetest.NewClock()
	s := newServer(t, server.Config{Faces: faces(), Now: clock.Now, Starts: server.Rate{PerMinute: 6}})
	try := func(address string) *httptest.ResponseRecorder {
		return from(s, address, "POST", "/api/auth", `{"username":"nobody","password":"x"}`)
	}
	for i := range 3 {
		if got := try("192.0.2.1:1"); got.Code != http.StatusUnauthorized {
			t.Fatalf("try %d: %d %s", i+1, got.Code, got.Body)
		}
	}
	got := try("192.0.2.1:2")
	if wait, _ := strconv.Atoi(got.Header().Get("Retry-After")); got.Code != http.StatusTooManyRequests || wait != 10 {
		t.Fatalf("over the bound: %d, wait %d", got.Code, wait)
	}
	if body := got.Body.String(); body != `{"detail":"Too many attempts. Please try again later."}`+"\n" && body != `{"detail":"Too many attempts. Please try again later."}` {
		t.Errorf("not in the face's own form: %s", body)
	}
	if got := try("192.0.2.2:1"); got.Code != http.StatusUnauthorized {
		t.Errorf("another address: %d", got.Code)
	}
	for range 20 { // refused tries do not put it off
		try("192.0.2.1:3")
	}
	clock.Advance(10 * time.Second)
	if got := try("192.0.2.1:4"); got.Code != http.StatusUnauthorized {
		t.Errorf("after the wait: %d", got.Code)
	}
	if got := try("192.0.2.1:5"); got.Code != http.StatusTooManyRequests {
		t.Errorf("after the one that came back: %d", got.Code)
	}
}

func TestW3StrangersCannotHaveCodesSentWithoutBound(t *testing.T) {
	clock := facetest.NewClock()
	s := newServer(t, server.Config{Faces: faces(), Now: clock.Now, Starts: server.Rate{PerMinute: 60, Burst: 5}})
	sent := 0
	for i := range 100 {
		body := fmt.Sprintf(`{"username":"stranger%d@example.com"}`, i)
		if got := from(s, "[2001:db8::1]:1", "POST", "/api/auth/recover", body); got.Code == http.StatusOK {
			sent++
		}
	}
	if sent != 5 {
		t.Errorf("%d of 100 were taken, want 5", sent)
	}
}

func TestClientsAreToldApartByNetwork(t *testing.T) {
	local := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	behind := append(local, netip.MustParsePrefix("10.0.0.0/8"))
	for _, c := range []struct {
		peer, forwarded string
		proxies         []netip.Prefix
		want            string
	}{
		{"192.0.2.1:80", "", local, "192.0.2.1/32"},
		{"[::ffff:192.0.2.1]:80", "", local, "192.0.2.1/32"},
		{"[2001:db8:1:2:3:4:5:6]:80", "", local, "2001:db8:1:2::/64"},
		{"192.0.2.1:80", "198.51.100.7", local, "192.0.2.1/32"}, // no proxy of ours
		{"127.0.0.1:80", "", local, "127.0.0.1/32"},
		{"127.0.0.1:80", "198.51.100.7", local, "198.51.100.7/32"},
		{"127.0.0.1:80", "198.51.100.7", nil, "127.0.0.1/32"},
		{"127.0.0.1:80", "203.0.113.9, 198.51.100.7", local, "198.51.100.7/32"}, // what the client sent itself counts for nothing
		{"127.0.0.1:80", "203.0.113.9, 198.51.100.7 , 10.1.2.3", behind, "198.51.100.7/32"},
		{"127.0.0.1:80", "10.1.2.3", behind, "10.1.2.3/32"},
		{"127.0.0.1:80", "nonsense, 10.1.2.3", behind, "10.1.2.3/32"},
		{"127.0.0.1:80", "nonsense", local, "127.0.0.1/32"},
		{"[::1]:80", "2001:db8::9", local, "2001:db8::/64"},
		{"@", "", local, "invalid Prefix"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.peer
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		if got := server.ClientOf(r, c.proxies).String(); got != c.want {
			t.Errorf("%s with %q: %s, want %s", c.peer, c.forwarded, got, c.want)
		}
	}
}

func TestRememberedAddressesAreBounded(t *testing.T) {
	clock := facetest.NewClock()
	a := server.NewAddresses(server.Rate{PerMinute: 60, Burst: 1})
	at := netip.MustParseAddr("10.0.0.0")
	for range 3 * server.MaxAddresses {
		at = at.Next()
		if err := a.Take(netip.PrefixFrom(at, 32), clock.Now()); err != nil {
			t.Fatal(err)
		}
	}
	if n := a.Len(); n > 2*server.MaxAddresses {
		t.Errorf("%d addresses are remembered", n)
	}
	if err := a.Take(netip.PrefixFrom(at, 32), clock.Now()); err == nil {
		t.Error("the newest is forgotten")
	}
	clock.Advance(time.Hour)
	for range 2 {
		clock.Advance(time.Minute)
		_ = a.Take(netip.PrefixFrom(at, 32), clock.Now())
	}
	if n := a.Len(); n > 2 {
		t.Errorf("%d addresses are remembered long after", n)
	}
}

func BenchmarkTakeOfAnAddress(b *testing.B) {
	a := server.NewAddresses(server.Rate{PerMinute: 60})
	now, at := time.Now(), netip.MustParseAddr("10.0.0.0")
	b.ReportAllocs()
	for b.Loop() {
		at = at.Next()
		_ = a.Take(netip.PrefixFrom(at, 32), now)
	}
}
