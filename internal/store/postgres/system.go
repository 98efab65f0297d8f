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

// SaveSite changes policy, hosts and the default flag.
func (y system) SaveSite(ctx context.Context, id store.SiteID, fn func(*store.SiteInfo) error) (info store.SiteInfo, err error) {
	err = y.s.update(ctx, 0, func(t *tx) error {
		if err := t.write(nil, lockAlone, hostsLock, int32(0)); err != nil {
			return err
		}
		var was store.SiteInfo
		if err := t.must(selectSite, func(v rowOf) { was = siteOf(v) }, id); err != nil {
			return err
		}
		if err := t.query(selectHosts, func(v rowOf) { was.Hosts = append(was.Hosts, v.text(0)) }, id); err != nil {
			return err
		}
		info = was
		info.Hosts = slices.Clone(was.Hosts)
		if err := fn(&info); err != nil {
			return err
		}
		if err := t.siteTaken(store.SiteInfo{Default: info.Default}, id); err != nil {
			return err
		}
		if err := t.write(nil, updateSite, text(info.Policy), info.Default, id); err != nil {
			return err
		}
		if slices.Equal(info.Hosts, was.Hosts) {
			return nil
		}
		if err := t.write(nil, deleteHosts, id); err != nil {
			return err
		}
		return t.putHosts(info)
	})
	return info, err
}

func siteOf(v rowOf) store.SiteInfo {
	return store.SiteInfo{ID: store.SiteID(v.int(0)), Name: v.text(1),
		Domain: v.text(2), Policy: v.bytes(3), Default: v.int(4) == 1, Created: v.time(5)}
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
		err := r.query(selectSites, func(v rowOf) { list = append(list, siteOf(v)) })
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

// DueJobs leases jobs of the lane Work.
func (y system) DueJobs(ctx context.Context, now time.Time, lease time.Duration, n int) ([]store.Job, error) {
	return y.DueIn(ctx, store.Work, now, lease, n)
}

// DueIn moves the due time of the jobs it gives to the end of the lease. Those
// that another worker is just taking are left to it.
func (y system) DueIn(ctx context.Context, lane store.Lane, now time.Time, lease time.Duration, n int) ([]store.Job, error) {
	if y.s.spread {
		return y.leaseApart(ctx, lane, now, lease, n)
	}
	var list []store.Job
	err := y.s.update(ctx, 0, func(t *tx) (err error) {
		list, err = t.jobs(leaseJobs, int64(lane), now, limit(n), now.Add(lease))
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(list, func(a, b store.Job) int { return a.Due.Compare(b.Due) })
	return list, nil
}

// FinishJob removes a job; no error when it went with its subject.
func (y system) FinishJob(ctx context.Context, j store.Job) error {
	return y.s.update(ctx, 0, func(t *tx) error { return t.drop(deleteJob, j.Site, jobBucket(j), j.ID) })
}

// RetryJob puts a job back; no error when it went with its subject.
func (y system) RetryJob(ctx context.Context, j store.Job, due time.Time) error {
	return y.s.update(ctx, 0, func(t *tx) error { return t.drop(retryJob, due, j.Site, jobBucket(j), j.ID) })
}

// jobBucket is that of a job's subject; of what is nobody's, its own.
func jobBucket(j store.Job) profile.Bucket {
	if j.Subject.IsZero() {
		return j.ID.Bucket()
	}
	return j.Subject.Bucket()
}

// Enqueue adds a job in its subject's bucket. An id, and times, are given where
// they are zero.
func (t *tx) Enqueue(j store.Job) error {
	now := t.s.clock()
	if j.ID.IsZero() {
		if j.ID = profile.NewID(now); !j.Subject.IsZero() {
			j.ID = profile.NewIDIn(now, j.Subject.Bucket())
		}
	}
	if j.Created.IsZero() {
		j.Created = now
	}
	if j.Due.IsZero() {
		j.Due = now
	}
	return t.keep(j.Subject, nil, insertJob, t.site, jobBucket(j), j.ID, j.Subject, j.Kind,
		text(j.Body), j.Due, j.Tries, j.Created, int64(j.Lane))
}

// JobsWaiting counts jobs that wait.
func (r *reader) JobsWaiting(failed bool, max int64) (int64, error) {
	tries := 0
	if failed {
		tries = 1
	}
	return r.count(countTried, r.site, tries, max)
}
