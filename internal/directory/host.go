package directory

import (
	"context"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"facet/internal/profile"
	"facet/internal/store"
)

// identityHost begins the host at which an identity's API answers: what follows
// is the host form of its idtag (Cloudillo).
const identityHost = "cl-o."

// The most of a host name, and of one label of it, in octets (RFC 1035,
// section 2.3.4).
const (
	maxHost  = 253
	maxLabel = 63
)

// hostOnly drops the port and a trailing dot, and folds the case.
func hostOnly(host string) string {
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		host = host[:i]
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// isHostName reports whether a text is no longer, in all and label by label,
// than a host name can be.
func isHostName(host string) bool {
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || len(label) > maxLabel {
			return false
		}
	}
	return len(host) <= maxHost
}

// hostNames maps and checks internationalized names (UTS #46, as for a look-up).
// Hyphens and underscores may stand wherever a slug may have them.
var hostNames = idna.New(idna.MapForLookup(), idna.StrictDomainName(false), idna.CheckHyphens(false), idna.BidiRule())

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// toASCII gives the lower-case ASCII form of a host name or one label.
func toASCII(host string) (string, error) {
	if isASCII(host) {
		if host = strings.ToLower(host); !strings.Contains(host, "xn--") {
			return host, nil
		}
	}
	return hostNames.ToASCII(host)
}

// toUnicode gives an idtag as people read it; one that cannot be so shown
// stays.
func toUnicode(folded string) string {
	local, domain, _ := strings.Cut(folded, "@")
	l, err := hostNames.ToUnicode(local)
	d, err2 := hostNames.ToUnicode(domain)
	if err != nil || err2 != nil {
		return folded
	}
	return l + "@" + d
}

// identityAt finds the identity whose idtag has a host form: under the domain
// of a site the one with the slug, else who has the explicit idtag.
func (d *Directory) identityAt(ctx context.Context, t *siteTable, host string) (*Site, string, error) {
	s, rec, err := d.holderOf(ctx, t, host)
	switch {
	case profile.IsKind(err, profile.NotFound):
		return nil, "", noSite()
	case err != nil:
		return nil, "", err
	}
	return s, rec.Name(profile.Slug), nil
}

func (d *Directory) holderOf(ctx context.Context, t *siteTable, host string) (*Site, *store.Record, error) {
	slug, domain, _ := strings.Cut(host, ".")
	if s := t.domains[domain]; s != nil {
		rec, err := s.data.Get(ctx, profile.Slug, slug)
		if err == nil && rec.Name(profile.IDTag) != "" {
			err = store.ErrNotFound // known by another idtag
		}
		return s, rec, err
	}
	id, subject, err := d.store.System().IdentityAt(ctx, host)
	if err != nil {
		return nil, nil, err
	}
	s := t.byID[id]
	if s == nil { // made a moment ago, by another process
		return nil, nil, store.ErrNotFound
	}
	rec, err := s.data.GetID(ctx, subject)
	return s, rec, err
}

// hostUsed reports whether a site cannot give an idtag the host form: it belongs
// to somebody with an explicit one, to another site, or is a host or the domain
// of this one. The store decides when an explicit idtag is written.
func (d *Directory) hostUsed(ctx context.Context, s *Site, host string) (bool, error) {
	t, err := d.sites(ctx)
	if err != nil || t.byHost[host] != nil || host == s.Domain() {
		return true, err
	}
	for domain, more := host, true; more; _, domain, more = strings.Cut(domain, ".") {
		if other := t.domains[domain]; other != nil && other != s {
			return true, nil
		}
	}
	_, _, err = d.store.System().IdentityAt(ctx, host)
	if profile.IsKind(err, profile.NotFound) {
		return false, nil
	}
	return true, err
}

// HostForm is the host name that an identity has for itself: that of its API
// without "cl-o.", in ASCII.
func (s *Site) HostForm(p *Subject) string {
	if folded, ok := s.foldIDTag(s.IDTag(p)); ok {
		return store.HostForm(folded)
	}
	return p.Slug + "." + s.Domain()
}

// HostIdentity is the identity that a host of the site stands for: that whose
// own host it is, else the site's. Errors: NotFound.
func (s *Site) HostIdentity(ctx context.Context, host string) (Subject, error) {
	t, err := s.d.sites(ctx)
	if err != nil {
		return Subject{}, err
	}
	host = hostOnly(host)
	if t.byHost[host] != nil || t.domains[strings.TrimPrefix(host, identityHost)] != nil {
		return s.SiteIdentity(ctx)
	}
	at, rec, err := s.d.holderOf(ctx, t, host)
	switch {
	case profile.IsKind(err, profile.NotFound) || err == nil && (at != s || !rec.Type.IsSubject() || rec.State != profile.Active):
		return s.SiteIdentity(ctx)
	case err != nil:
		return Subject{}, err
	}
	return subjectOf(rec), nil
}
