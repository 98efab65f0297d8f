package sqlite

import (
	"facet/internal/profile"
	"facet/internal/store"
)

// scanBrief reads briefColumns into rec, whose Attrs lie in the statement's
// memory until its next step.
func scanBrief(s *stmt, rec *store.Record) {
	rec.ID = s.profileID(0)
	rec.Number = s.int(1)
	rec.Attrs = s.raw(2)
	if kind := s.raw(3); string(kind) != rec.Password {
		rec.Password = string(kind)
	}
	rec.Created = s.time(4)
	rec.Updated = s.time(5)
}

// Brief streams records through one Record.
func (r *reader) Brief(t profile.Type, low, high int64, desc bool, fn func(*store.Record) bool) error {
	id := selectBrief
	if desc {
		id = selectBriefDown
	}
	s, err := r.c.query(id, r.site, t, low, high)
	if err != nil {
		return err
	}
	rec := store.Record{Type: t}
	return r.stream(s, func() bool {
		scanBrief(s, &rec)
		return fn(&rec)
	})
}

// NumberAt walks the index of numbers.
func (r *reader) NumberAt(t profile.Type, low, high, skip int64, desc bool) (number int64, err error) {
	id := selectNumberAt
	if desc {
		id = selectNumberAtDown
	}
	s, err := r.c.query(id, r.site, t, low, high, skip)
	if err != nil {
		return 0, err
	}
	defer s.close()
	found, err := s.step()
	if err != nil || !found {
		return 0, orNotFound(err)
	}
	return s.int(0), nil
}

// CountNumbers counts by index.
func (r *reader) CountNumbers(t profile.Type, low, high int64) (int64, error) {
	s, err := r.c.query(countNumbers, r.site, t, low, high)
	return count(s, err)
}

// count reads the one number of a query.
func count(s *stmt, err error) (n int64, _ error) {
	if err != nil {
		return 0, err
	}
	err = each(s, func() bool {
		n = s.int(0)
		return false
	})
	return n, err
}

// upper binds the high end of a range: every text lies below a blob.
func upper(high string) (bound any) {
	if high == "" {
		return []byte{}
	}
	return high
}

// Values walks the index rows of one path.
func (r *reader) Values(t profile.Type, rng store.Range, desc bool, fn func(value []byte, number int64) bool) error {
	id := selectValues
	if desc {
		id = selectValuesDown
	}
	s, err := r.c.query(id, r.site, t, rng.Path, rng.Low, upper(rng.High))
	if err != nil {
		return err
	}
	return r.stream(s, func() bool { return fn(s.raw(0), s.int(1)) })
}

// Holders walks the index rows of one value.
func (r *reader) Holders(t profile.Type, path, value string, low, high int64, desc bool, fn func(number int64) bool) error {
	id := selectHolders
	if desc {
		id = selectHoldersDown
	}
	s, err := r.c.query(id, r.site, t, path, value, low, high)
	if err != nil {
		return err
	}
	return r.stream(s, func() bool { return fn(s.int(0)) })
}

// CountValues counts index rows.
func (r *reader) CountValues(t profile.Type, rng store.Range, max int64) (int64, error) {
	s, err := r.c.query(countValues, r.site, t, rng.Path, rng.Low, upper(rng.High), max)
	return count(s, err)
}
