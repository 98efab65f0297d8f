package sqlite

import (
	"context"
	"math"
	"time"

	"facet/internal/profile"
	"facet/internal/store"
)

// reader reads one site on one connection; it is a store.Reader.
type reader struct {
	c    *conn
	site store.SiteID
	ctx  context.Context
	s    *Store // lends a sweep more readers; nil within a transaction
}

// each steps through a query, calling fn until it returns false, and closes it.
func each(s *stmt, fn func() bool) error {
	defer s.close()
	for {
		more, err := s.step()
		if err != nil || !more {
			return err
		}
		if !fn() {
			return nil
		}
	}
}

// one goes to the only row of a query: ErrNotFound when there is none. It
// closes the query, so it is for statements whose columns are not read.
func one(s *stmt) error {
	defer s.close()
	found, err := s.step()
	if err == nil && !found {
		err = store.ErrNotFound
	}
	return err
}

// scanRecord reads recordColumns into rec, whose slices are used again.
func scanRecord(s *stmt, rec *store.Record) (err error) {
	rec.ID = s.profileID(0)
	rec.Bucket = profile.Bucket(s.int(1))
	rec.Type = knownType(s.raw(2))
	rec.Number = s.int(3)
	rec.Owner = s.profileID(4)
	rec.Creator = s.profileID(5)
	rec.Attrs = append(rec.Attrs[:0], s.raw(6)...)
	rec.Extras = append(rec.Extras[:0], s.raw(7)...)
	rec.Sort = s.text(9)
	rec.State = knownState(s.raw(10))
	rec.Password = s.text(11)
	rec.Version = s.int(12)
	rec.Created = s.time(13)
	rec.Updated = s.time(14)
	rec.LastLogin = s.time(15)
	rec.Names, err = parseNames(rec.Names, s.text(8))
	return err
}

// record reads the one record of a query: nil when there is none.
func (r *reader) record(id statement, args ...any) (*store.Record, error) {
	s, err := r.c.query(id, args...)
	if err != nil {
		return nil, err
	}
	defer s.close()
	if found, err := s.step(); err != nil || !found {
		return nil, err
	}
	rec := &store.Record{}
	if err := scanRecord(s, rec); err != nil {
		return nil, err
	}
	return rec, nil
}

// list reads all records of a query.
func (r *reader) list(id statement, args ...any) ([]*store.Record, error) {
	s, err := r.c.query(id, args...)
	if err != nil {
		return nil, err
	}
	var list []*store.Record
	var bad error
	err = each(s, func() bool {
		rec := &store.Record{}
		bad = scanRecord(s, rec)
		list = append(list, rec)
		return bad == nil
	})
	if err == nil {
		err = bad
	}
	return list, err
}

// Record reads by id; an id that does not tell its bucket is found through the
// uuid space.
func (r *reader) Record(id profile.ID) (*store.Record, error) {
	rec, err := r.record(selectRecord, r.site, id.Bucket(), id)
	if rec == nil && err == nil {
		return r.ByName(profile.ID{}, profile.UUID, id.String())
	}
	return rec, err
}

// ByName reads name and record in one query.
func (r *reader) ByName(owner profile.ID, space profile.Space, value string) (*store.Record, error) {
	k := keyOf(owner, space, value)
	rec, err := r.record(selectByName, r.site, k.Bucket, k.Owner, k.Space, k.Value)
	if rec == nil && err == nil {
		return nil, store.ErrNotFound
	}
	return rec, err
}

// bucketOf gives the bucket of a record's row; of an unknown id, the id's.
func (r *reader) bucketOf(id profile.ID) (profile.Bucket, error) {
	s, err := r.c.query(selectVersion, r.site, id.Bucket(), id)
	if err != nil {
		return 0, err
	}
	if err := one(s); err == nil || err != store.ErrNotFound {
		return id.Bucket(), err
	}
	k := keyOf(profile.ID{}, profile.UUID, id.String())
	if s, err = r.c.query(selectName, r.site, k.Bucket, k.Owner, k.Space, k.Value); err != nil {
		return 0, err
	}
	bucket := id.Bucket()
	err = each(s, func() bool {
		bucket = profile.Bucket(s.int(0))
		return false
	})
	return bucket, err
}

// ByNumber streams records through one Record.
func (r *reader) ByNumber(t profile.Type, low, high int64, desc bool, fn func(*store.Record) bool) error {
	id := selectByNumber
	if desc {
		id = selectByNumberDown
	}
	s, err := r.c.query(id, r.site, t, low, high)
	if err != nil {
		return err
	}
	var rec store.Record
	var bad error
	err = r.stream(s, func() bool {
		if bad = scanRecord(s, &rec); bad != nil {
			return false
		}
		return fn(&rec)
	})
	if err == nil {
		err = bad
	}
	return err
}

// stream is each for long lists: it ends when the context does.
func (r *reader) stream(s *stmt, fn func() bool) error {
	done, n := r.ctx.Done(), 0
	err := each(s, func() bool {
		if n++; done != nil && n&63 == 0 {
			select {
			case <-done:
				return false
			default:
			}
		}
		return fn()
	})
	if err == nil && n >= 64 {
		err = r.ctx.Err()
	}
	return err
}

// Owned lists what an owner has.
func (r *reader) Owned(owner profile.ID, t profile.Type, after int64, limit int) ([]*store.Record, error) {
	return r.list(selectOwned, r.site, owner, t, after, limit)
}

// OwnedDown lists what an owner has, backwards.
func (r *reader) OwnedDown(owner profile.ID, t profile.Type, below int64, limit int) ([]*store.Record, error) {
	if below == 0 {
		below = math.MaxInt64
	}
	return r.list(selectOwnedDown, r.site, owner, t, below, limit)
}

// Lookup walks the index rows of one path.
func (r *reader) Lookup(t profile.Type, rng store.Range, fn func(id profile.ID, value string) bool) error {
	var s *stmt
	var err error
	if rng.High == "" {
		s, err = r.c.query(selectFrom, r.site, t, rng.Path, rng.Low)
	} else {
		s, err = r.c.query(selectRange, r.site, t, rng.Path, rng.Low, rng.High)
	}
	if err != nil {
		return err
	}
	last := ""
	return r.stream(s, func() bool {
		if v := s.raw(0); string(v) != last {
			last = string(v)
		}
		return fn(s.profileID(1), last)
	})
}

// Count counts by index.
func (r *reader) Count(t profile.Type) (n int64, err error) {
	s, err := r.c.query(countRecords, r.site, t)
	if err != nil {
		return 0, err
	}
	err = each(s, func() bool {
		n = s.int(0)
		return false
	})
	return n, err
}

// Tombstone reads what an erased record left.
func (r *reader) Tombstone(id profile.ID) (store.Tombstone, error) {
	s, err := r.c.query(selectTombstone, r.site, id.Bucket(), id)
	if err != nil {
		return store.Tombstone{}, err
	}
	defer s.close()
	if found, err := s.step(); err != nil || !found {
		return store.Tombstone{}, orNotFound(err)
	}
	return store.Tombstone{ID: id, Type: knownType(s.raw(0)), Number: s.int(1), At: s.time(2)}, nil
}

// Tombstones reads a page of those of a type.
func (r *reader) Tombstones(t profile.Type, after store.Tombstone, limit int) ([]store.Tombstone, error) {
	at := after.At
	if at.IsZero() {
		at = time.UnixMicro(math.MaxInt64)
	}
	s, err := r.c.query(selectTombstones, r.site, t, at, after.ID, limit)
	if err != nil {
		return nil, err
	}
	var out []store.Tombstone
	err = each(s, func() bool {
		out = append(out, store.Tombstone{ID: s.profileID(0), Type: t, Number: s.int(1), At: s.time(2)})
		return true
	})
	return out, err
}

func orNotFound(err error) error {
	if err == nil {
		return store.ErrNotFound
	}
	return err
}
