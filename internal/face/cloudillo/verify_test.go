package cloudillo_test

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"

	"facet/internal/face/cloudillo"
	"facet/internal/face/djaoapp"
	"facet/internal/facetest"
	"facet/internal/profile"
	"facet/internal/server"
)

// zone is a DNS: names lead to addresses or to other names. "?" is a name that
// cannot be told of now.
type zone struct {
	names map[string][]string
	mu    sync.Mutex
	asked []string
}

func (z *zone) Resolve(_ context.Context, name string) (string, []netip.Addr, error) {
	z.mu.Lock()
	z.asked = append(z.asked, name)
	z.mu.Unlock()
	for range 8 {
		leads := z.names[name]
		switch {
		case len(leads) == 0:
			return "", nil, profile.E(profile.NotFound, profile.CodeNotFound, "", "no such host")
		case leads[0] == "?":
			return "", nil, &profile.Error{Kind: profile.Busy, Code: profile.CodeBusy, Message: "the DNS cannot be asked now", Retry: 5}
		}
		if _, err := netip.ParseAddr(leads[0]); err != nil {
			name = leads[0]
			continue
		}
		var out []netip.Addr
		for _, at := range leads {
			out = append(out, netip.MustParseAddr(at))
		}
		return name, out, nil
	}
	return "", nil, profile.E(profile.NotFound, profile.CodeNotFound, "", "too many aliases")
}

// verifying runs the demo site with a DNS.
func verifying(t *testing.T, z *zone, local ...string) *facetest.Service {
	t.Helper()
	s := facetest.With(t, facetest.Settings{Resolver: z, LocalAddresses: local}, cloudillo.New(), djaoapp.New())
	watch(t, s)
	return s
}

// bounded runs the demo site where an address has three tries, and then one a
// minute.
func bounded(t *testing.T) *facetest.Service {
	t.Helper()
	s := facetest.With(t, facetest.Settings{Starts: server.Rate{PerMinute: 1, Burst: 3}}, cloudillo.New())
	watch(t, s)
	return s
}

// both makes the two names of an identity lead somewhere.
func both(host string, leads ...string) map[string][]string {
	return map[string][]string{host: leads, "cl-o." + host: leads}
}

func TestGap12DomainsAreVerifiedByTheDNS(t *testing.T) {
	const v4, v6, far = "203.0.113.5", "2001:db8::5", "198.51.100.9"
	for name, c := range map[string]struct {
		local     []string
		names     map[string][]string
		appDomain string
		want      [2]string
		addresses [2]string
	}{
		"gap 12: an A record":                             {[]string{v4}, both("me.example", v4), "", [2]string{}, [2]string{v4, v4}},
		"gap 12: an AAAA record of an IPv6-only host":     {[]string{v6}, both("me.example", v6), "", [2]string{}, [2]string{v6, v6}},
		"gap 12: both":                                    {[]string{v4, v6}, both("me.example", v4, v6), "", [2]string{}, [2]string{v4, v4}},
		"gap 12: every address has to be ours":            {[]string{v4}, both("me.example", v4, far), "", [2]string{"address", "address"}, [2]string{far, far}},
		"gap 12: also the first":                          {[]string{v4}, both("me.example", far, v4), "", [2]string{"address", "address"}, [2]string{far, far}},
		"gap 12: an AAAA that leads elsewhere":            {[]string{v4}, both("me.example", v4, "2001:db8::9"), "", [2]string{"address", "address"}, [2]string{"2001:db8::9", "2001:db8::9"}},
		"an IPv4 address in IPv6":                         {[]string{v4}, both("me.example", "::ffff:"+v4), "", [2]string{}, [2]string{v4, v4}},
		"gap 12: a CNAME to our host":                     {[]string{"facet.example"}, join(both("me.example", "facet.example"), map[string][]string{"facet.example": {v4, v6}}), "", [2]string{}, [2]string{v4, v4}},
		"gap 12: a CNAME to what our host is an alias of": {[]string{"facet.example"}, join(both("me.example", "lb.example"), map[string][]string{"facet.example": {"lb.example"}, "lb.example": {v4}}), "", [2]string{}, [2]string{v4, v4}},
		"an address of our host":                          {[]string{"facet.example"}, join(both("me.example", v4), map[string][]string{"facet.example": {v4, v6}}), "", [2]string{}, [2]string{v4, v4}},
		"no record":                                       {[]string{v4}, nil, "", [2]string{"nodns", "nodns"}, [2]string{}},
		"only the API":                                    {[]string{v4}, map[string][]string{"cl-o.me.example": {v4}}, "", [2]string{"", "nodns"}, [2]string{v4, ""}},
		"only the app":                                    {[]string{v4}, map[string][]string{"me.example": {v4}}, "", [2]string{"nodns", ""}, [2]string{"", v4}},
		"another domain of the app":                       {[]string{v4}, map[string][]string{"cl-o.me.example": {v4}, "app.example": {v4}}, "App.Example", [2]string{}, [2]string{v4, v4}},
		"the app elsewhere":                               {[]string{v4}, map[string][]string{"cl-o.me.example": {v4}, "app.example": {far}}, "app.example", [2]string{"", "address"}, [2]string{v4, far}},
		"a private address elsewhere is not told":         {[]string{v4}, both("me.example", "10.0.0.7"), "", [2]string{"address", "address"}, [2]string{}},
		"nor is the machine itself":                       {[]string{v4}, both("me.example", "127.0.0.1"), "", [2]string{"address", "address"}, [2]string{}},
		"a private one of ours is":                        {[]string{"10.0.0.7"}, both("me.example", "10.0.0.7"), "", [2]string{}, [2]string{"10.0.0.7", "10.0.0.7"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := verifying(t, &zone{names: c.names}, c.local...)
			a := s.Post(t, "", "/api/profiles/verify", map[string]string{"type": "domain", "idTag": "me.example", "appDomain": c.appDomain}).Want(200).Is(map[string]any{
				"data.idTagError": c.want[0], "data.appDomainError": c.want[1], "data.available": c.want == [2]string{}, "data.address": c.local,
			})
			for i, field := range []string{"data.apiAddress", "data.appAddress"} {
				if v, ok := a.At(field); ok != (c.addresses[i] != "") || ok && v != c.addresses[i] {
					t.Errorf("%s: %v, want %q", field, v, c.addresses[i])
				}
			}
			b := s.Post(t, "", "/api/profiles/register", map[string]string{"type": "domain", "idTag": "me.example", "email": "me@mail.example", "token": "registration-token", "appDomain": c.appDomain})
			if c.want == [2]string{} {
				b.Want(201)
			} else {
				failed(t, b, 400, "E-VAL-INVALID")
			}
		})
	}
}

func join(maps ...map[string][]string) map[string][]string {
	out := map[string][]string{}
	for _, m := range maps {
		for k, v := range m {
			out[k] = v
		}
	}
	return out
}

func TestGap12AFailureOfTheDNSIsToldApart(t *testing.T) {
	for name, names := range map[string]map[string][]string{
		"gap 12: of the API's name":   {"cl-o.me.example": {"?"}, "me.example": {"203.0.113.5"}},
		"gap 12: of the app's name":   {"cl-o.me.example": {"203.0.113.5"}, "me.example": {"?"}},
		"gap 12: of our own":          join(both("me.example", "203.0.113.5"), map[string][]string{"facet.example": {"?"}}),
		"gap 12: behind an alias":     join(both("me.example", "x.example"), map[string][]string{"x.example": {"?"}}),
		"gap 12: of the API and ours": {"cl-o.me.example": {"?"}, "facet.example": {"?"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := verifying(t, &zone{names: names}, "facet.example")
			if names["facet.example"] == nil {
				s = verifying(t, &zone{names: names}, "203.0.113.5")
			}
			a := s.Post(t, "", "/api/profiles/verify", `{"type":"domain","idTag":"me.example"}`)
			failed(t, a, 503, "E-SYS-UNAVAIL")
			if a.Header.Get("Retry-After") == "" {
				t.Error("no Retry-After")
			}
			ref := map[string]string{"type": "domain", "idTag": "me.example", "email": "me@mail.example", "token": "registration-token"}
			failed(t, s.Post(t, "", "/api/profiles/register", ref), 503, "E-SYS-UNAVAIL")
		})
	}
}

func TestGap12WithoutAnAddressOfOursNothingLeaks(t *testing.T) {
	for name, s := range map[string]*facetest.Service{
		"gap 12: no local address":    verifying(t, &zone{names: both("me.example", "198.51.100.9")}),
		"gap 12: the DNS is not used": facetest.With(t, facetest.Settings{LocalAddresses: []string{"2001:db8::5", "facet.example"}}, cloudillo.New()),
	} {
		t.Run(name, func(t *testing.T) {
			a := s.Post(t, "", "/api/profiles/verify", `{"type":"domain","idTag":"me.example"}`).Want(200).Is(map[string]any{"data.idTagError": "", "data.appDomainError": "", "data.available": true})
			if kind, ok := a.At("data.addressType"); ok && kind != "ipv6" {
				t.Errorf("%v", kind)
			}
			if strings.Contains(string(a.Body), "apiAddress") {
				t.Errorf("%s", a.Body)
			}
		})
	}
}

func TestTheDNSIsAskedForNothingButWhatIsVerified(t *testing.T) {
	z := &zone{names: map[string][]string{}}
	s := verifying(t, z, "203.0.113.5", "facet.example")
	for _, c := range []struct{ kind, idTag, appDomain, want, app string }{
		{"domain", "a b.example", "", "invalid", ""}, {"domain", "bob@example.com", "", "used", ""}, {"domain", "10.0.0.1", "", "invalid", ""}, {"domain", "new.127.0.0.1", "", "invalid", ""},
		{"domain", "new.example", "10.0.0.1", "", "invalid"}, {"domain", "new.example", "cl-o.new.example", "", "invalid"}, {"domain", "new.example", "localhost", "", "invalid"},
		{"idp", "new@example.com", "", "nodns", ""}, {"idp", under("new"), "", "", ""}, {"domain", under("new"), "", "", ""}, {"idp", under("xia"), "", "used", ""},
	} {
		s.Post(t, "", "/api/profiles/verify", map[string]string{"type": c.kind, "idTag": c.idTag, "appDomain": c.appDomain}).Want(200).Is(map[string]any{
			"data.idTagError": c.want, "data.appDomainError": c.app,
		})
	}
	s.Post(t, "", "/api/profiles/verify", `{"type":"ref","idTag":"","token":"registration-token"}`).Want(200).Is(map[string]any{
		"data.address": []string{"203.0.113.5", "facet.example"}, "data.addressType": "ipv4", "data.identityProviders": []string{"localhost.localdomain"},
	})
	if len(z.asked) != 0 {
		t.Errorf("asked for %q", z.asked)
	}
	s.Post(t, "", "/api/profiles/verify", `{"type":"domain","idTag":"bücher.example"}`).Want(200).Is(map[string]any{"data.idTagError": "nodns"})
	if want := []string{"cl-o.xn--bcher-kva.example", "xn--bcher-kva.example"}; !slices.Equal(z.asked, want) {
		t.Errorf("asked for %q, want %q", z.asked, want)
	}
	failed(t, s.Post(t, "", "/api/profiles/register", `{"type":"idp","idTag":"new@example.com","email":"n@mail.example","token":"registration-token"}`), 400, "E-VAL-INVALID")
	s.Post(t, "", "/api/profiles/register", map[string]string{"type": "idp", "idTag": under("new"), "email": "n@mail.example"}).Want(201)
}
