package postgres

import (
	"facet/internal/profile"
	"facet/internal/store"
)

// scanBrief reads briefColumns into rec, whose Attrs lie in the row.
func scanBrief(v rowOf, rec *store.Record) {
	rec.ID = v.id(0)
	rec.Number = v.int(1)
	rec.Attrs = v.raw(2)
	if kind := v.raw(3); string(kind) != rec.Password {
		rec.Password = string(kind)
	}
	rec.Created = v.time(4)
	rec.Updated = v.time(5)
}

// Brief streams records through one Record.
func (r *reader) Brief(t profile.Type, low, high int64, desc bool, fn func(*store.Record) bool) error {
	id := selectBrief
	if desc {
		id = selectBriefDown
	}
	rec := store.Record{Type: t}
	return r.byNumber(id, briefNumber, low, high, desc, func(v rowOf) bool {
		scanBrief(v, &rec)
		return fn(&rec)
	}, r.site, t)
}

// NumberAt walks the index of numbers.
func (r *reader) NumberAt(t profile.Type, low, high, skip int64, desc bool) (number int64, err error) {
	id := selectNumberAt
	if desc {
		id = selectNumberAtDown
	}
	err = r.must(id, func(v rowOf) { number = v.int(0) }, r.site, t, low, high, skip)
	return number, err
}

// CountNumbers counts by index.
func (r *reader) CountNumbers(t profile.Type, low, high int64) (int64, error) {
	return r.count(countNumbers, r.site, t, low, high)
}

// Lookup walks the index rows of one path.
func (r *reader) Lookup(t profile.Type, rng store.Range, fn func(id profile.ID, value string) bool) error {
	last := ""
	return r.values(t, rng, false, func(v rowOf) bool {
		if b := v.raw(0); string(b) != last {
			last = string(b)
		}
		return fn(v.id(2), last)
	})
}

// valuesOf are the statements of one direction: without and with an upper bound.
type valuesOf struct{ from, rng statement }

// Values walks the index rows of one path.
func (r *reader) Values(t profile.Type, rng store.Range, desc bool, fn func(value []byte, number int64) bool) error {
	return r.values(t, rng, desc, func(v rowOf) bool { return fn(v.raw(0), v.int(1)) })
}

// Holders walks the index rows of one value.
func (r *reader) Holders(t profile.Type, path, value string, low, high int64, desc bool, fn func(number int64) bool) error {
	id := selectHolders
	if desc {
		id = selectHoldersDown
	}
	return r.byNumber(id, 0, low, high, desc, func(v rowOf) bool { return fn(v.int(0)) }, r.site, t, path, value)
}

// CountValues counts index rows.
func (r *reader) CountValues(t profile.Type, rng store.Range, max int64) (int64, error) {
	if rng.High == "" {
		return r.count(countValuesFrom, r.site, t, rng.Path, rng.Low, limit(max))
	}
	return r.count(countValues, r.site, t, rng.Path, rng.Low, rng.High, limit(max))
}
