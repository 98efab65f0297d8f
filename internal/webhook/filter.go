package webhook

import (
	"errors"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"facet/internal/profile"
)

// Filter says which addresses may be reached: public ones, and those in Allow.
// The zero Filter is the strict one.
type Filter struct {
	Allow []netip.Prefix
}

// MaxURL is the most bytes of an endpoint's address.
const MaxURL = 2000

// notPublic are the blocks that lead to nobody, to the installation's own
// network, or into another address (IANA IPv4 and IPv6 Special-Purpose Address
// Registries). Of IPv6 only 2000::/3 is public at all.
var notPublic = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
	"192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24",
	"203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
	"2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20",
)

var publicIPv6 = netip.MustParsePrefix("2000::/3")

func prefixes(list ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(list))
	for i, text := range list {
		out[i] = netip.MustParsePrefix(text)
	}
	return out
}

// errAddress is an address that may not be reached.
var errAddress = errors.New("webhook: the address is not public, and not allowed")

// check refuses an address that may not be reached.
func (f Filter) check(addr netip.Addr) error {
	if f.allows(addr) || isPublic(addr.Unmap()) {
		return nil
	}
	return errAddress
}

// allows reports whether an address is among those that were allowed.
func (f Filter) allows(addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("")
	return slices.ContainsFunc(f.Allow, func(p netip.Prefix) bool { return p.Contains(addr) })
}

func isPublic(addr netip.Addr) bool {
	if !addr.IsValid() || addr.Zone() != "" || addr.Is6() && !publicIPv6.Contains(addr) {
		return false
	}
	return !slices.ContainsFunc(notPublic, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// CheckURL refuses what cannot be the address of an endpoint, as far as it
// shows before its name is asked for: https, or http where addresses are
// allowed; no user, no fragment; no address that may not be reached. Errors:
// Invalid with Field "url".
func (f Filter) CheckURL(text string) error {
	bad := func(why string) error { return profile.E(profile.Invalid, profile.CodeInvalid, "url", "%s", why) }
	u, err := url.Parse(text)
	switch {
	case len(text) > MaxURL:
		return bad("the address is too long")
	case err != nil || u.Hostname() == "" || u.Opaque != "" || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f }):
		return bad("it is not an absolute address")
	case u.User != nil || strings.Contains(text, "#"):
		return bad("the address has a user or a fragment")
	case u.Scheme != "https" && (u.Scheme != "http" || len(f.Allow) == 0):
		return bad("the address does not begin with https://")
	}
	if addr, err := netip.ParseAddr(u.Hostname()); err == nil && f.check(addr) != nil {
		return bad("the address is not one that may be reached")
	}
	return nil
}
