package sqlite

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
			info.Created = t.w.clock()
		}
		if err := t.siteTaken(info, 0); err != nil {
			return err
		}
		switch taken, err := t.has(selectHostUnder, info.Domain, info.Domain, info.Domain); {
		case err != nil:
			return err
		case taken:
			return store.TakenError("domain")
		}
		s, err := t.c.query(insertSite, info.Name, info.Domain, text(info.Policy), info.Default, info.Created)
		if err != nil {
			return err
		}
		t.writes++
		err = each(s, func() bool { info.ID = store.SiteID(s.int(0)); return true })
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
		s, err := t.c.query(selectSite, id)
		if err != nil {
			return err
		}
		list, err := t.sites(s)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return store.ErrNotFound
		}
		info = list[0]
		was := slices.Clone(info.Hosts)
		if err := fn(&info); err != nil {
			return err
		}
		if err := t.siteTaken(store.SiteInfo{Default: info.Default}, id); err != nil {
			return err
		}
		if _, err := t.write(updateSite, text(info.Policy), info.Default, id); err != nil {
			return err
		}
		if slices.Equal(info.Hosts, was) {
			return nil
		}
		if _, err := t.write(deleteHosts, id); err != nil {
			return err
		}
		return t.putHosts(info)
	})
	return info, err
}

// siteTaken tells which unique value of info another site than id has.
func (t *tx) siteTaken(info store.SiteInfo, id store.SiteID) error {
	s, err := t.c.query(selectSiteTaken, info.Name, info.Domain, info.Default,
		info.Name, info.Domain, info.Default, id)
	if err != nil {
		return err
	}
	var field profile.Space
	err = each(s, func() bool {
		for i, f := range []profile.Space{"name", "domain", "default"} {
			if s.int(i) == 1 {
				field = f
				return false
			}
		}
		return true
	})
	if err == nil && field != "" {
		err = store.TakenError(field)
	}
	return err
}

func (t *tx) putHosts(info store.SiteInfo) error {
	for _, h := range info.Hosts {
		n, err := t.write(insertHost, h, info.ID)
		if err != nil {
			return err
		}
		if n == 0 {
			return store.TakenError("host")
		}
	}
	return nil
}

// Sites lists every site with its hosts.
func (y system) Sites(ctx context.Context) ([]store.SiteInfo, error) {
	var list []store.SiteInfo
	err := y.s.view(ctx, 0, func(r *reader) error {
		s, err := r.c.query(selectSites)
		if err == nil {
			list, err = r.sites(s)
		}
		return err
	})
	return list, err
}

// sites reads the sites that a query gives, with their hosts.
func (r *reader) sites(s *stmt) ([]store.SiteInfo, error) {
	var list []store.SiteInfo
	err := each(s, func() bool {
		list = append(list, store.SiteInfo{ID: store.SiteID(s.int(0)), Name: s.text(1),
			Domain: s.text(2), Policy: s.bytes(3), Default: s.int(4) == 1, Created: s.time(5)})
		return true
	})
	for i := range list {
		if err != nil {
			return nil, err
		}
		var h *stmt
		if h, err = r.c.query(selectHosts, list[i].ID); err != nil {
			return nil, err
		}
		err = each(h, func() bool {
			list[i].Hosts = append(list[i].Hosts, h.text(0))
			return true
		})
	}
	return list, err
}

// DueJobs leases jobs of the lane Work.
func (y system) DueJobs(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]store.Job, error) {
	return y.DueIn(ctx, store.Work, now, lease, limit)
}

// DueIn moves the due time of the jobs it gives to the end of the lease.
func (y system) DueIn(ctx context.Context, lane store.Lane, now time.Time, lease time.Duration, limit int) ([]store.Job, error) {
	var list []store.Job
	err := y.s.update(ctx, 0, func(t *tx) (err error) {
		if list, err = t.jobs(selectDueJobs, int64(lane), now, limit); err != nil {
			return err
		}
		for _, j := range list {
			if _, err := t.write(leaseJob, now.Add(lease), j.Site, j.Subject.Bucket(), j.ID); err != nil {
				return err
			}
		}
		return nil
	})
	return list, err
}

// FinishJob removes a job; no error when it went with its subject.
func (y system) FinishJob(ctx context.Context, j store.Job) error {
	return y.s.update(ctx, 0, func(t *tx) error {
		_, err := t.write(deleteJob, j.Site, j.Subject.Bucket(), j.ID)
		return err
	})
}

// RetryJob puts a job back; no error when it went with its subject.
func (y system) RetryJob(ctx context.Context, j store.Job, due time.Time) error {
	return y.s.update(ctx, 0, func(t *tx) error {
		_, err := t.write(retryJob, due, j.Site, j.Subject.Bucket(), j.ID)
		return err
	})
}

// Enqueue adds a job in its subject's bucket. An id, and times, are given where
// they are zero.
func (t *tx) Enqueue(j store.Job) error {
	now := t.w.clock()
	if j.ID.IsZero() {
		j.ID = profile.NewIDIn(now, j.Subject.Bucket())
	}
	if j.Created.IsZero() {
		j.Created = now
	}
	if j.Due.IsZero() {
		j.Due = now
	}
	_, err := t.write(insertJob, t.site, j.Subject.Bucket(), j.ID, j.Subject, j.Kind,
		text(j.Body), j.Due, j.Tries, j.Created, int64(j.Lane))
	return err
}

// JobsWaiting counts jobs that wait.
func (r *reader) JobsWaiting(failed bool, max int64) (int64, error) {
	tries := 0
	if failed {
		tries = 1
	}
	s, err := r.c.query(countTried, r.site, tries, max)
	return count(s, err)
}
