package sqlite

import (
	"context"
	"strings"

	"facet/internal/profile"
	"facet/internal/store"
)

// A host form has its row in table host beside the hosts of sites, whose
// primary key makes one of all sites' hosts and idtags. The rows of idtags are
// written with the names they belong to, see takeName and dropName.

// takeHost inserts the host form of an idtag; false, and nothing written, when
// it is in use or belongs to another site's domain.
func (t *tx) takeHost(host string, home profile.Bucket, id profile.ID) (bool, error) {
	for domain, more := host, true; more; _, domain, more = strings.Cut(domain, ".") {
		if taken, err := t.has(selectDomainElsewhere, domain, t.site); err != nil || taken {
			return false, err
		}
	}
	n, err := t.write(insertHostOf, host, t.site, home, id)
	return n == 1, err
}

// dropHost gives a host form back; no error when the site has no such idtag.
func (t *tx) dropHost(host string) error {
	_, err := t.write(deleteHostOf, host, t.site)
	return err
}

// has reports whether a query has a row.
func (t *tx) has(id statement, args ...any) (bool, error) {
	s, err := t.c.query(id, args...)
	if err != nil {
		return false, err
	}
	defer s.close()
	return s.step()
}

// IdentityAt finds whose explicit idtag has a host form.
func (y system) IdentityAt(ctx context.Context, host string) (site store.SiteID, id profile.ID, err error) {
	err = y.s.view(ctx, 0, func(r *reader) error {
		s, err := r.c.query(selectIdentityAt, host)
		if err != nil {
			return err
		}
		defer s.close()
		found, err := s.step()
		if err == nil && !found {
			err = store.ErrNotFound
		}
		if err == nil {
			site, id = store.SiteID(s.int(0)), s.profileID(1)
		}
		return err
	})
	return site, id, err
}
