package directory

import (
	"context"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"facet/internal/profile"
	"facet/internal/store"
)

// Resolver asks the DNS. A name is asked for as it is, never completed by a
// search list.
type Resolver interface {
	// Resolve gives every address of a name, of both families, and the name at
	// the end of its aliases, lower case and without the last dot. Errors:
	// NotFound when there is no address; Busy when that cannot be told now.
	Resolve(ctx context.Context, name string) (canonical string, addresses []netip.Addr, err error)
}

// IdentityFault says why an idtag, or the domain of its app, cannot be had: ""
// when it can.
type IdentityFault string

// The faults (Cloudillo, idTagError).
const (
	IdentityInvalid IdentityFault = "invalid"
	IdentityUsed    IdentityFault = "used"
	IdentityNoDNS   IdentityFault = "nodns"   // no address in the DNS, or a domain that nobody here provides
	IdentityAddress IdentityFault = "address" // it leads to other servers, too or only
)

// WantedIdentity is what somebody would like to have.
type WantedIdentity struct {
	IDTag     string
	Hosted    bool   // under a domain that this server provides; else one's own
	AppDomain string // "": the idtag's host form
}

// IdentityCheck tells whether an identity can be had.
type IdentityCheck struct {
	IDTagError, AppDomainError IdentityFault
	APIAddress, AppAddress     netip.Addr // what the names lead to, where they were asked for; only ours and public ones
}

// Refusal is the error of who registers what cannot be had, nil otherwise.
func (c IdentityCheck) Refusal() error {
	switch {
	case c.IDTagError == IdentityUsed:
		return profile.E(profile.Taken, profile.CodeTaken, "idTag", "used")
	case c.IDTagError == IdentityInvalid:
		return profile.E(profile.Invalid, profile.CodeInvalid, "idTag", "invalid id_tag")
	case c.IDTagError != "":
		return profile.E(profile.Invalid, profile.CodeInvalid, "idTag", "invalid id_tag or app_domain: %s", c.IDTagError)
	case c.AppDomainError == IdentityInvalid:
		return profile.E(profile.Invalid, profile.CodeInvalid, "appDomain", "invalid app_domain")
	case c.AppDomainError != "":
		return profile.E(profile.Invalid, profile.CodeInvalid, "appDomain", "invalid id_tag or app_domain: %s", c.AppDomainError)
	}
	return nil
}

var domainForm = regexp.MustCompile(`^([a-z0-9]([-a-z0-9]*[a-z0-9])?\.)+[a-z0-9]([-a-z0-9]*[a-z0-9])?$`)

// IsAppDomain reports whether a text can be the domain of an app, in ASCII. A
// number at its end makes it an address, or one to be (RFC 3696, section 2).
func IsAppDomain(s string) bool {
	s = strings.ToLower(s)
	top := s[strings.LastIndexByte(s, '.')+1:]
	return domainForm.MatchString(s) && isHostName(s) && !strings.HasPrefix(s, identityHost) && strings.Trim(top, "0123456789") != ""
}

// VerifyIdentity says whether an idtag is free, and, where this server asks the
// DNS, whether the domains lead here: those of a domain of one's own. Under the
// site's domain that is its operator's business; a domain that somebody else
// provides cannot be asked for. Nothing but the DNS is asked. Errors: Busy when
// the DNS cannot tell now.
func (s *Site) VerifyIdentity(ctx context.Context, q WantedIdentity) (out IdentityCheck, err error) {
	if q.AppDomain != "" && !IsAppDomain(q.AppDomain) {
		out.AppDomainError = IdentityInvalid
	}
	out.IDTagError, err = s.CheckIdentity(ctx, q.IDTag)
	if err != nil || s.d.dns == nil || out.IDTagError != "" || out.AppDomainError != "" {
		return out, err
	}
	folded, _ := s.foldIDTag(q.IDTag) // CheckIdentity read it
	host := store.HostForm(folded)
	ours := strings.HasSuffix(folded, "@"+s.Domain())
	switch {
	case !IsAppDomain(host):
		out.IDTagError = IdentityInvalid
		return out, nil
	case q.Hosted && !ours:
		out.IDTagError = IdentityNoDNS
		return out, nil
	case !ours:
		if out.IDTagError, out.APIAddress, err = s.d.leadsHere(ctx, identityHost+host); err != nil {
			return IdentityCheck{}, err
		}
	case q.AppDomain == "":
		return out, nil
	}
	app := strings.ToLower(q.AppDomain)
	if app == "" {
		app = host
	}
	if out.AppDomainError, out.AppAddress, err = s.d.leadsHere(ctx, app); err != nil {
		return IdentityCheck{}, err
	}
	return out, nil
}

// leadsHere says whether a name leads to this server: by an alias of one of its
// host names, or because every address of the name is one of ours. One that is
// not would send some who ask elsewhere. The address is the first that is not
// ours, else the first.
func (d *Directory) leadsHere(ctx context.Context, name string) (IdentityFault, netip.Addr, error) {
	canonical, addresses, err := d.dns.Resolve(ctx, name)
	if profile.IsKind(err, profile.NotFound) || err == nil && len(addresses) == 0 {
		return IdentityNoDNS, netip.Addr{}, nil
	}
	if err != nil {
		return "", netip.Addr{}, err
	}
	var ours []netip.Addr
	var failed error
	for _, local := range d.here {
		if ip, err := netip.ParseAddr(local); err == nil {
			ours = append(ours, ip.Unmap())
			continue
		}
		also, at, err := d.dns.Resolve(ctx, local)
		if err == nil && also == canonical || strings.EqualFold(local, canonical) {
			return "", shown(addresses[0], addresses), nil
		}
		if err != nil && !profile.IsKind(err, profile.NotFound) {
			failed = err
		}
		for _, ip := range at {
			ours = append(ours, ip.Unmap())
		}
	}
	for _, ip := range addresses {
		if !slices.Contains(ours, ip.Unmap()) {
			if failed != nil {
				return "", netip.Addr{}, failed
			}
			return IdentityAddress, shown(ip, ours), nil
		}
	}
	return "", shown(addresses[0], ours), nil
}

// shown is an address that may be told: one of ours, or a public one. What else
// a name leads to within the operator's own network is nobody's business.
func shown(ip netip.Addr, ours []netip.Addr) netip.Addr {
	ip = ip.Unmap()
	if slices.Contains(ours, ip) || ip.IsGlobalUnicast() && !ip.IsPrivate() {
		return ip
	}
	return netip.Addr{}
}

// LocalAddresses are the addresses and host names at which this server is
// reached, as its operator says; nil when none are known.
func (s *Site) LocalAddresses() []string { return s.d.here }
