package postgres

import (
	"context"
	"strings"

	"facet/internal/profile"
	"facet/internal/store"
)

// A host form has its row in table host beside the hosts of sites, whose
// primary key makes one of all sites' hosts and idtags. The rows of idtags are
// written with the names they belong to, see takeName and dropName. That no
// idtag lies under another site's domain is no key: those who make idtags share
// a lock that who makes a site has alone.

// takeHost inserts the host form of an idtag; it is taken when it is in use or
// belongs to another site's domain.
func (t *tx) takeHost(host string, home profile.Bucket, id profile.ID) error {
	taken := store.TakenError(profile.IDTag)
	var domains []string
	for domain, more := host, true; more; _, domain, more = strings.Cut(domain, ".") {
		domains = append(domains, domain)
	}
	if err := t.write(nil, lockShared, hostsLock, int32(0)); err != nil {
		return err
	}
	if err := t.write(taken, mustNotBeDomain, strings.Join(domains, " "), t.site); err != nil {
		return err
	}
	return t.write(taken, insertHostOf, host, t.site, home, id)
}

// dropHost gives a host form back; no error when the site has no such idtag.
func (t *tx) dropHost(host string) error { return t.write(nil, deleteHostOf, host, t.site) }

// IdentityAt finds whose explicit idtag has a host form.
func (y system) IdentityAt(ctx context.Context, host string) (site store.SiteID, id profile.ID, err error) {
	err = y.s.view(ctx, 0, func(r *reader) error {
		return r.must(selectIdentityAt, func(v rowOf) { site, id = store.SiteID(v.int(0)), v.id(1) }, host)
	})
	return site, id, err
}
