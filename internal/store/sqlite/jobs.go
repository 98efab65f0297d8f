package sqlite

import (
	"facet/internal/profile"
	"facet/internal/store"
)

// jobs reads all jobs of a query.
func (r *reader) jobs(id statement, args ...any) (list []store.Job, err error) {
	s, err := r.c.query(id, args...)
	if err != nil {
		return nil, err
	}
	err = each(s, func() bool {
		list = append(list, store.Job{Site: store.SiteID(s.int(0)), ID: s.profileID(1),
			Subject: s.profileID(2), Kind: s.text(3), Body: s.bytes(4), Due: s.time(5),
			Tries: s.int(6), Created: s.time(7), Lane: store.Lane(s.int(8))})
		return true
	})
	return list, err
}

// Job reads one job.
func (r *reader) Job(subject, id profile.ID) (*store.Job, error) {
	list, err := r.jobs(selectJob, r.site, subject.Bucket(), id, subject)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, store.ErrNotFound
	}
	return &list[0], nil
}

// JobsOf lists the jobs of a subject: its bucket holds few of others'.
func (r *reader) JobsOf(subject profile.ID, lane store.Lane, after profile.ID, limit int) ([]store.Job, error) {
	return r.jobs(selectJobsOf, r.site, subject.Bucket(), subject, int64(lane), after, limit)
}

// CountJobs counts them.
func (r *reader) CountJobs(subject profile.ID, lane store.Lane) (n int64, err error) {
	s, err := r.c.query(countJobs, r.site, subject.Bucket(), subject, int64(lane))
	if err != nil {
		return 0, err
	}
	err = each(s, func() bool { n = s.int(0); return false })
	return n, err
}

// PutJob changes a job that is there.
func (t *tx) PutJob(j store.Job) (bool, error) {
	n, err := t.write(updateJob, int64(j.Lane), j.Kind, text(j.Body), j.Due, j.Tries, t.site, j.Subject.Bucket(), j.ID)
	return n > 0, err
}

// DropJob removes a job.
func (t *tx) DropJob(j store.Job) error {
	_, err := t.write(deleteJob, t.site, j.Subject.Bucket(), j.ID)
	return err
}
