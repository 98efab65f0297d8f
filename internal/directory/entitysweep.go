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
// ends, or the type loses an attribute that the filter asks for, what is erased
// by then stays erased. Errors: those of the filter and of the context.
func (s *Site) DeleteSelected(ctx context.Context, who access.Principal, typeName, expr string) (int64, error) {
	return s.sweep(ctx, access.EntityBulkDelete, who, typeName, expr)
}

// PurgeEntities is DeleteSelected for every record of a type.
func (s *Site) PurgeEntities(ctx context.Context, who access.Principal, typeName string) error {
	_, err := s.sweep(ctx, access.EntityPurge, who, typeName, "")
	return err
}

// sweep reads the filter again whenever a type has changed: what it asked of an
// attribute that has another name now would be asked of nothing.
func (s *Site) sweep(ctx context.Context, perm access.Permission, who access.Principal, typeName, expr string) (erased int64, err error) {
	var f *search
	for after := int64(math.MinInt64); ; {
		if f == nil || f.table != s.table().number {
			if f, err = s.search(perm, who, typeName, expr); err != nil {
				return erased, err
			}
			if err := s.mayErase(ctx, who, s.typeOf(f.t)); err != nil {
				return erased, err
			}
		}
		ids, last, err := s.selectedAfter(ctx, f, after)
		if err != nil {
			return erased, err
		}
		for len(ids) > 0 && f.table == s.table().number {
			seen, n, err := s.sweepSome(ctx, who, f, ids)
			erased += n
			if err != nil {
				return erased, err
			}
			ids = ids[seen:]
		}
		switch {
		case f.table != s.table().number || len(ids) > 0: // the same again
		case last == after:
			return erased, nil
		default:
			after = last
		}
	}
}

// selectedAfter chooses the next records, by number, and gives the last one's:
// after itself when there are none.
func (s *Site) selectedAfter(ctx context.Context, f *search, after int64) (ids []profile.ID, last int64, err error) {
	rest := *f
	if after != math.MinInt64 {
		rest.plan.Numbers = above(f.plan.Numbers, after)
	}
	err = s.data.View(ctx, func(r store.Reader) error {
		ids, last = ids[:0], after
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
// how many it looked at and how many it erased. It ends before a record that
// goes by other types than the filter.
func (s *Site) sweepSome(ctx context.Context, who access.Principal, f *search, ids []profile.ID) (seen int, erased int64, err error) {
	err = s.data.Update(ctx, func(tx store.Tx) error {
		seen, erased = 0, 0
		for begin := time.Now(); seen < len(ids) && (seen == 0 || time.Since(begin) < sweepHold); seen++ {
			rec, err := tx.Record(ids[seen])
			switch {
			case profile.IsKind(err, profile.NotFound):
				continue
			case err != nil:
				return err
			case rec.Type != f.t:
				continue
			case shapeOf(rec).number != f.table:
				return nil
			case !f.match(rec):
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
	return seen, erased, err
}
