package postgres

import (
	"facet/internal/profile"
	"facet/internal/store"
)

// jobs reads all jobs of a query.
func (r *reader) jobs(id statement, args ...any) (list []store.Job, err error) {
	err = r.query(id, func(v rowOf) {
		list = append(list, store.Job{Site: store.SiteID(v.int(0)), ID: v.id(1),
			Subject: v.id(2), Kind: v.text(3), Body: v.bytes(4), Due: v.time(5),
			Tries: v.int(6), Created: v.time(7), Lane: store.Lane(v.int(8))})
	}, args...)
	return list, err
}

// Job reads one job.
func (r *reader) Job(subject, id profile.ID) (*store.Job, error) {
	list, err := r.jobs(r.of(selectJob), r.site, jobBucket(store.Job{Subject: subject, ID: id}), id, subject)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, store.ErrNotFound
	}
	return &list[0], nil
}

// JobsOf lists the jobs of a subject: its bucket holds few of others'.
func (r *reader) JobsOf(subject profile.ID, lane store.Lane, after profile.ID, n int) ([]store.Job, error) {
	return r.jobs(selectJobsOf, r.site, subject.Bucket(), subject, int64(lane), after, limit(n))
}

// CountJobs counts them.
func (r *reader) CountJobs(subject profile.ID, lane store.Lane) (int64, error) {
	return r.count(countJobs, r.site, subject.Bucket(), subject, int64(lane))
}

// PutJob changes a job that is there.
func (t *tx) PutJob(j store.Job) (found bool, err error) {
	err = t.unit(func() (err error) {
		found, err = t.one(updateJob, nil, int64(j.Lane), j.Kind, text(j.Body), j.Due, j.Tries, t.site, jobBucket(j), j.ID)
		return err
	})
	return found, err
}

// DropJob removes a job.
func (t *tx) DropJob(j store.Job) error {
	return t.unit(func() error { return t.write(nil, deleteJob, t.site, jobBucket(j), j.ID) })
}
