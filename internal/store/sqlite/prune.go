package sqlite

import (
	"time"

	"facet/internal/profile"
	"facet/internal/store"
	"facet/internal/store/row"
)

// Newest is the position of the latest event.
func (r *reader) Newest() (p store.Position, err error) {
	s, err := r.c.query(selectNewest, r.site)
	if err != nil {
		return p, err
	}
	err = each(s, func() bool {
		p = store.Position{Epoch: s.int(0), Tx: s.int(1), Seq: s.int(2)}
		return false
	})
	return p, err
}

// Mark reads a place among the events.
func (r *reader) Mark(subject profile.ID, name string) (p store.Position, err error) {
	s, err := r.c.query(selectMark, r.site, subject.Bucket(), subject, name)
	if err != nil {
		return p, err
	}
	var bad error
	err = each(s, func() bool {
		p, bad = store.ParsePosition(s.text(0))
		return false
	})
	if err == nil {
		err = bad
	}
	return p, err
}

// PutMark keeps a place among the events.
func (t *tx) PutMark(subject profile.ID, name string, at store.Position) error {
	_, err := t.write(upsertMark, t.site, subject.Bucket(), subject, name, at.String())
	return err
}

// Prune removes the oldest events, from the last that was pruned on.
func (t *tx) Prune(before time.Time, last store.Position, limit int) (int, error) {
	from, err := t.Mark(profile.ID{}, store.PrunedMark)
	if err != nil {
		return 0, err
	}
	events, err := t.Events(from, limit)
	if err != nil {
		return 0, err
	}
	events = row.Prunable(events, before, last)
	if len(events) == 0 {
		return 0, nil
	}
	for _, p := range row.PrunedOf(events) {
		bucket := p.Subject.Bucket()
		if _, err := t.write(deleteOldBodies, t.site, bucket, p.Subject, p.Last.Epoch, p.Last.Tx, p.Last.Seq, p.Kept.Epoch, p.Kept.Tx, p.Kept.Seq); err != nil {
			return 0, err
		}
		if _, err := t.write(emptyBody, t.site, bucket, p.Subject, p.Kept.Epoch, p.Kept.Tx, p.Kept.Seq); err != nil {
			return 0, err
		}
	}
	to := events[len(events)-1].Position
	if _, err := t.write(deleteEvents, t.site, to.Epoch, to.Tx, to.Seq); err != nil {
		return 0, err
	}
	return len(events), t.PutMark(profile.ID{}, store.PrunedMark, to)
}
