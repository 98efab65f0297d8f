package resolve_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"facet/internal/profile"
	"facet/internal/resolve"
)

// zone is a DNS server over UDP. A name leads to addresses, or to another name;
// "servfail" fails, "silent" is not answered.
type zone struct {
	leads map[string][]string
	mu    sync.Mutex
	asked []string
}

// serve answers until the test ends, and gives the address.
func (z *zone) serve(t *testing.T) string {
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
			if answer := z.answer(buffer[:n]); answer != nil {
				_, _ = conn.WriteTo(answer, from)
			}
		}
	}()
	return conn.LocalAddr().String()
}

func (z *zone) answer(raw []byte) []byte {
	var m dnsmessage.Message
	if m.Unpack(raw) != nil || len(m.Questions) != 1 {
		return nil
	}
	q := m.Questions[0]
	name := strings.TrimSuffix(q.Name.String(), ".")
	z.mu.Lock()
	z.asked = append(z.asked, name)
	z.mu.Unlock()
	m.Response, m.Authoritative, m.RecursionAvailable, m.Additionals = true, true, true, nil
	leads, known := z.leads[name]
	switch {
	case !known:
		m.RCode = dnsmessage.RCodeNameError
	case leads[0] == "servfail":
		m.RCode = dnsmessage.RCodeServerFailure
	case leads[0] == "silent":
		return nil
	default:
		z.fill(&m, q, leads)
	}
	out, err := m.Pack()
	if err != nil {
		return nil
	}
	return out
}

func (z *zone) fill(m *dnsmessage.Message, q dnsmessage.Question, leads []string) {
	at := q.Name
	for strings.HasSuffix(leads[0], ".example") {
		next := dnsmessage.MustNewName(leads[0] + ".")
		m.Answers = append(m.Answers, dnsmessage.Resource{Header: header(at, dnsmessage.TypeCNAME), Body: &dnsmessage.CNAMEResource{CNAME: next}})
		at, leads = next, z.leads[leads[0]]
	}
	for _, text := range leads {
		switch ip := netip.MustParseAddr(text); {
		case ip.Is4() && q.Type == dnsmessage.TypeA:
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: header(at, dnsmessage.TypeA), Body: &dnsmessage.AResource{A: ip.As4()}})
		case ip.Is6() && q.Type == dnsmessage.TypeAAAA:
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: header(at, dnsmessage.TypeAAAA), Body: &dnsmessage.AAAAResource{AAAA: ip.As16()}})
		}
	}
}

func header(name dnsmessage.Name, kind dnsmessage.Type) dnsmessage.ResourceHeader {
	return dnsmessage.ResourceHeader{Name: name, Type: kind, Class: dnsmessage.ClassINET, TTL: 1}
}

func TestNamesAreResolvedWhole(t *testing.T) {
	z := &zone{leads: map[string][]string{
		"four.example": {"203.0.113.5", "203.0.113.6"}, "six.example": {"2001:db8::5"}, "both.example": {"203.0.113.5", "2001:db8::5"},
		"alias.example": {"other.example"}, "other.example": {"Both.example"}, "Both.example": {"203.0.113.5", "2001:db8::5"}, "broken.example": {"servfail"},
	}}
	r, err := resolve.New(z.serve(t))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]struct {
		canonical string
		addresses []string
		kind      profile.Kind
	}{
		"four.example":   {"four.example", []string{"203.0.113.5", "203.0.113.6"}, 0},
		"four.example.":  {"four.example", []string{"203.0.113.5", "203.0.113.6"}, 0},
		"six.example":    {"six.example", []string{"2001:db8::5"}, 0},
		"both.example":   {"both.example", []string{"2001:db8::5", "203.0.113.5"}, 0},
		"alias.example":  {"both.example", []string{"2001:db8::5", "203.0.113.5"}, 0},
		"nobody.example": {"", nil, profile.NotFound},
		"nobody":         {"", nil, profile.NotFound},
		"broken.example": {"", nil, profile.Busy},
	} {
		canonical, found, err := r.Resolve(t.Context(), name)
		var got []string
		for _, ip := range found {
			got = append(got, ip.Unmap().String())
		}
		slices.Sort(got)
		slices.Sort(want.addresses)
		if want.kind != 0 {
			if e := (*profile.Error)(nil); !errors.As(err, &e) || e.Kind != want.kind {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil || canonical != want.canonical || !slices.Equal(got, want.addresses) {
			t.Errorf("%s: %s %v %v", name, canonical, got, err)
		}
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	for _, name := range z.asked {
		if name != "nobody" && !strings.HasSuffix(strings.ToLower(name), ".example") {
			t.Errorf("a search list was tried: %s", name)
		}
	}
}

func TestASilentServerIsWaitedForBriefly(t *testing.T) {
	z := &zone{leads: map[string][]string{"silent.example": {"silent"}}}
	r, err := resolve.New(z.serve(t))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, _, err := r.Resolve(ctx, "silent.example"); !profile.IsKind(err, profile.Busy) || profile.AsError(err).Retry == 0 {
		t.Errorf("%v", err)
	}
}

func TestOnlySoManyNamesAreAskedForAtOnce(t *testing.T) {
	z := &zone{leads: map[string][]string{"silent.example": {"silent"}}}
	r, err := resolve.New(z.serve(t))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range resolve.AtOnce {
		wg.Go(func() { _, _, _ = r.Resolve(ctx, "silent.example") })
	}
	for r.Busy() < resolve.AtOnce { // all of them are under way
		if ctx.Err() != nil {
			t.Fatal(ctx.Err())
		}
		runtime.Gosched()
	}
	short, end := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer end()
	if _, _, err := r.Resolve(short, "other.example"); !profile.IsKind(err, profile.Busy) {
		t.Errorf("%v", err)
	}
	z.mu.Lock()
	if slices.Contains(z.asked, "other.example") {
		t.Error("one more was asked for")
	}
	z.mu.Unlock()
	cancel()
	wg.Wait()
}

func TestServersAreNamedByAddress(t *testing.T) {
	for _, server := range []string{"system", "192.0.2.53:53", "[2001:db8::53]:53"} {
		if _, err := resolve.New(server); err != nil {
			t.Errorf("%s: %v", server, err)
		}
	}
	for _, server := range []string{"", "192.0.2.53", "dns.example:53", "192.0.2.53:0", "192.0.2.53:99999", "System"} {
		if _, err := resolve.New(server); err == nil {
			t.Errorf("%q is taken", server)
		}
	}
}
