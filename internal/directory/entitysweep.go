package directory

import (
	"context"
	"math"
	"time"

	"facet/internal/access"
	"facet/internal/filter"
	"facet/internal/profile"
	"facet/internal/store"
)

// A sweep erases many records in bounded steps: sweepStep are chosen at once,
// and a transaction ends after sweepHold, so that other writers are not held
// up.
const (
	sweepStep = 1000
	sweepHold = 100 * time.Millisecond
)

// CountSelected counts what DeleteSelected would delete.
func (s *Site) CountSelected(ctx context.Context, who access.Principal, typeName, expr string) (int64, error) {
	return steady(s, func() (int64, error) {
		f, err := s.search(access.EntityBulkDelete, who, typeName, expr)
		if err != nil {
			return 0, err
		}
		return s.countOf(ctx, f)
	})
}

// DeleteSelected erases the records of a type that a filter selects, each as
// the one way of erasing does, and tells how many. Those that must stay (the
// organization that owns the site, its last manager) stay. When the context
// ends, what is erased by then stays erased. Errors: those of the filter and
// of the context.
func (s *Site) DeleteSelected(ctx context.Context, who access.Principal, typeName, expr string) (int64, error) {
	return s.sweep(ctx, who, func() (*search, error) { return s.search(access.EntityBulkDelete, who, typeName, expr) })
}

// PurgeEntities is DeleteSelected for every record of a type.
func (s *Site) PurgeEntities(ctx context.Context, who access.Principal, typeName string) error {
	_, err := s.sweep(ctx, who, func() (*search, error) { return s.search(access.EntityPurge, who, typeName, "") })
	return err
}

// sweep erases what a search selects. The filter is read again whenever a type
// has changed: by the types before, an attribute that was renamed is null in
// every record.
func (s *Site) sweep(ctx context.Context, who access.Principal, search func() (*search, error)) (erased int64, err error) {
	f, err := search()
	if err != nil {
		return 0, err
	}
	for after, kind := int64(math.MinInt64), f.t; ; {
		if err := s.mayErase(ctx, who, s.typeOf(f.t)); err != nil {
			return erased, err
		}
		ids, last, err := s.selectedAfter(ctx, f, after)
		if err != nil {
			return erased, err
		}
		stale := s.table().number != f.table
		for rest := ids; !stale && len(rest) > 0; {
			seen, n, changed, err := s.sweepSome(ctx, who, f, rest)
			erased += n
			if err != nil {
				return erased, err
			}
			rest, stale = rest[seen:], changed
		}
		switch {
		case stale: // what was chosen may be what is not meant
			if f, err = search(); err != nil {
				return erased, err
			}
			if f.t != kind { // the name is another type's now
				return erased, unknownType(string(kind))
			}
		case len(ids) == 0:
			return erased, nil
		default:
			after = last
		}
	}
}

// selectedAfter chooses the next records, by number, and gives the last one's.
func (s *Site) selectedAfter(ctx context.Context, f *search, after int64) (ids []profile.ID, last int64, err error) {
	rest := *f
	if after != math.MinInt64 {
		rest.plan.Numbers = above(f.plan.Numbers, after)
	}
	err = s.data.View(ctx, func(r store.Reader) error {
		ids = ids[:0]
		return rest.each(r, false, func(rec *store.Record) bool {
			if rec.Number > after {
				ids, last = append(ids, rec.ID), rec.Number
			}
			return len(ids) < sweepStep
		})
	})
	return ids, last, err
}

// above gives what of ranges of numbers lies above one.
func above(ranges []filter.NumberRange, number int64) (out []filter.NumberRange) {
	for _, r := range ranges {
		if r.High > number {
			out = append(out, filter.NumberRange{Low: max(r.Low, number+1), High: r.High})
		}
	}
	return out
}

// sweepSome erases the first of the records that are still selected, and tells
// how many it looked at and how many it erased. When a type has changed since
// the filter was read it says so, and erases nothing.
func (s *Site) sweepSome(ctx context.Context, who access.Principal, f *search, ids []profile.ID) (seen int, erased int64, stale bool, err error) {
	err = s.data.Update(ctx, func(tx store.Tx) error {
		seen, erased, stale = 0, 0, false
		for begin := time.Now(); seen < len(ids) && (seen == 0 || time.Since(begin) < sweepHold); seen++ {
			rec, err := tx.Record(ids[seen])
			switch {
			case profile.IsKind(err, profile.NotFound):
				continue
			case err != nil:
				return err
			}
			if types := shapeOf(rec); types == nil || types.number != f.table { // one for all of the transaction
				stale = true
				return nil
			}
			if rec.Type != f.t || !f.match(rec) {
				continue
			}
			err = s.eraseEntity(tx, who, rec)
			switch {
			case profile.IsCode(err, profile.CodeLastManager): // asked before anything is written
			case err != nil:
				return err
			default:
				erased++
			}
		}
		return nil
	})
	if err != nil {
		erased = 0
	}
	return seen, erased, stale, err
}
