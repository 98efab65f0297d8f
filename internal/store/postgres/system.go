package postgres

import (
	"context"
	"slices"
	"time"

	"facet/internal/profile"
	"facet/internal/store"
)

// system is what lies outside the tenants; it is a store.System.
type system struct{ s *Store }

// CreateSite adds a site under the next id.
func (y system) CreateSite(ctx context.Context, info store.SiteInfo) (store.SiteInfo, error) {
	err := y.s.update(ctx, 0, func(t *tx) error {
		if info.Created.IsZero() {
			info.Created = t.s.clock()
		}
		if err := t.siteTaken(info, 0); err != nil {
			return err
		}
		switch taken, err := t.one(selectHostUnder, nil, info.Domain, info.Domain, info.Domain); {
		case err != nil:
			return err
		case taken:
			return store.TakenError("domain")
		}
		err := t.must(insertSite, func(v rowOf) { info.ID = store.SiteID(v.int(0)) },
			info.Name, info.Domain, text(info.Policy), info.Default, info.Created)
		if err != nil {
			return err
		}
		return t.putHosts(info)
	})
	return info, err
}

// SaveSite replaces policy, hosts and the default flag.
func (y system) SaveSite(ctx context.Context, info store.SiteInfo) error {
	return y.s.update(ctx, 0, func(t *tx) error {
		if err := t.siteTaken(store.SiteInfo{Default: info.Default}, info.ID); err != nil {
			return err
		}
		if err := t.must(selectSite, nil, info.ID); err != nil {
			return err
		}
		if err := t.write(nil, updateSite, text(info.Policy), info.Default, info.ID); err != nil {
			return err
		}
		if err := t.write(nil, deleteHosts, info.ID); err != nil {
			return err
		}
		return t.putHosts(info)
	})
}

// siteTaken tells which unique value of info another site than id has. Sites
// and their hosts are changed by one transaction at a time.
func (t *tx) siteTaken(info store.SiteInfo, id store.SiteID) error {
	if err := t.write(nil, lockAlone, hostsLock, int32(0)); err != nil {
		return err
	}
	var field profile.Space
	err := t.query(selectSiteTaken, func(v rowOf) {
		for i, f := range []profile.Space{"name", "domain", "default"} {
			if field == "" && v.int(i) == 1 {
				field = f
			}
		}
	}, info.Name, info.Domain, info.Default, info.Name, info.Domain, info.Default, id)
	if err == nil && field != "" {
		err = store.TakenError(field)
	}
	return err
}

func (t *tx) putHosts(info store.SiteInfo) error {
	for _, h := range info.Hosts {
		if found, err := t.one(insertHost, nil, h, info.ID); err != nil {
			return err
		} else if !found {
			return store.TakenError("host")
		}
	}
	return nil
}

// Sites lists every site with its hosts.
func (y system) Sites(ctx context.Context) ([]store.SiteInfo, error) {
	var list []store.SiteInfo
	err := y.s.view(ctx, 0, func(r *reader) error {
		err := r.query(selectSites, func(v rowOf) {
			list = append(list, store.SiteInfo{ID: store.SiteID(v.int(0)), Name: v.text(1),
				Domain: v.text(2), Policy: v.bytes(3), Default: v.int(4) == 1, Created: v.time(5)})
		})
		for i := range list {
			if err != nil {
				return err
			}
			err = r.query(selectHosts, func(v rowOf) { list[i].Hosts = append(list[i].Hosts, v.text(0)) }, list[i].ID)
		}
		return err
	})
	return list, err
}

// DueJobs moves the due time of the jobs it gives to the end of the lease.
// Those that another worker is just taking are left to it.
func (y system) DueJobs(ctx context.Context, now time.Time, lease time.Duration, n int) ([]store.Job, error) {
	var list []store.Job
	err := y.s.update(ctx, 0, func(t *tx) error {
		list = nil
		return t.query(leaseJobs, func(v rowOf) {
			list = append(list, store.Job{Site: store.SiteID(v.int(0)), ID: v.id(1),
				Subject: v.id(2), Kind: v.text(3), Body: v.bytes(4), Due: v.time(5),
				Tries: v.int(6), Created: v.time(7)})
		}, now, limit(n), now.Add(lease))
	})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(list, func(a, b store.Job) int { return a.Due.Compare(b.Due) })
	return list, nil
}

// FinishJob removes a job; no error when it went with its subject.
func (y system) FinishJob(ctx context.Context, j store.Job) error {
	return y.s.update(ctx, 0, func(t *tx) error { return t.drop(deleteJob, j.Site, j.Subject.Bucket(), j.ID) })
}

// RetryJob puts a job back; no error when it went with its subject.
func (y system) RetryJob(ctx context.Context, j store.Job, due time.Time) error {
	return y.s.update(ctx, 0, func(t *tx) error { return t.drop(retryJob, due, j.Site, j.Subject.Bucket(), j.ID) })
}

// Enqueue adds a job in its subject's bucket. An id, and times, are given where
// they are zero.
func (t *tx) Enqueue(j store.Job) error {
	now := t.s.clock()
	if j.ID.IsZero() {
		j.ID = profile.NewIDIn(now, j.Subject.Bucket())
	}
	if j.Created.IsZero() {
		j.Created = now
	}
	if j.Due.IsZero() {
		j.Due = now
	}
	return t.keep(j.Subject, nil, insertJob, t.site, j.Subject.Bucket(), j.ID, j.Subject, j.Kind,
		text(j.Body), j.Due, j.Tries, j.Created)
}

// CountJobs counts jobs that wait.
func (r *reader) CountJobs(failed bool, max int64) (int64, error) {
	tries := 0
	if failed {
		tries = 1
	}
	return r.count(countJobs, r.site, tries, max)
}
