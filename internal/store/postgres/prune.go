package postgres

import (
	"time"

	"facet/internal/profile"
	"facet/internal/store"
	"facet/internal/store/row"
)

// Newest is the position of the latest event that is shown.
func (r *reader) Newest() (p store.Position, err error) {
	scan := func(v rowOf) { p = store.Position{Epoch: v.int(0), Tx: v.int(1), Seq: v.int(2)} }
	if !r.s.spread {
		err = r.query(selectNewest, scan, r.site, r.s.epoch.Load())
		return p, err
	}
	err = r.below(func(in *reader, horizon int64) error {
		return in.query(selectNewestBelow, scan, r.site, r.s.epoch.Load(), horizon)
	})
	return p, err
}

// Mark reads a place among the events. Whoever reads it in order to write it
// has it alone, also where it is not there yet.
func (r *reader) Mark(subject profile.ID, name string) (store.Position, error) {
	place, err := proof(r, markLock, subject, name, func() (*string, error) {
		var place string
		return &place, r.must(r.of(selectMark), func(v rowOf) { place = v.text(0) }, r.site, subject.Bucket(), subject, name)
	})
	switch {
	case profile.IsKind(err, profile.NotFound):
		return store.Position{}, nil
	case err != nil:
		return store.Position{}, err
	}
	return store.ParsePosition(*place)
}

// PutMark keeps a place among the events.
func (t *tx) PutMark(subject profile.ID, name string, at store.Position) error {
	return t.unit(func() error {
		return t.keep(subject, nil, upsertMark, t.site, subject.Bucket(), subject, name, at.String())
	})
}

// Prune removes the oldest events, from the last that was pruned on.
func (t *tx) Prune(before time.Time, last store.Position, n int) (pruned int, err error) {
	err = t.unit(func() error {
		pruned, err = t.prune(before, last, n)
		return err
	})
	return pruned, err
}

func (t *tx) prune(before time.Time, last store.Position, n int) (int, error) {
	from, err := t.Mark(profile.ID{}, store.PrunedMark)
	if err != nil {
		return 0, err
	}
	events, err := t.Events(from, n)
	if err != nil {
		return 0, err
	}
	events = row.Prunable(events, before, last)
	if len(events) == 0 {
		return 0, nil
	}
	for _, p := range row.PrunedOf(events) {
		bucket := p.Subject.Bucket()
		if err := t.write(nil, deleteOldBodies, t.site, bucket, p.Subject, p.Last.Epoch, p.Last.Tx, p.Last.Seq, p.Kept.Epoch, p.Kept.Tx, p.Kept.Seq); err != nil {
			return 0, err
		}
		if err := t.write(nil, emptyBody, t.site, bucket, p.Subject, p.Kept.Epoch, p.Kept.Tx, p.Kept.Seq); err != nil {
			return 0, err
		}
	}
	to := events[len(events)-1].Position
	if err := t.write(nil, deleteEvents, t.site, to.Epoch, to.Tx, to.Seq); err != nil {
		return 0, err
	}
	return len(events), t.PutMark(profile.ID{}, store.PrunedMark, to)
}
