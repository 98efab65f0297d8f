package postgres

import (
	"context"
	"math"
	"time"

	"facet/internal/profile"
	"facet/internal/store"
	"facet/internal/store/row"
)

// reader reads one site on one connection; it is a store.Reader.
type reader struct {
	q    *session
	site store.SiteID
	ctx  context.Context
	s    *Store
	t    *tx // whose reader it is; nil in a view
}

// query runs a statement whose rows are read whole; fn must not read.
func (r *reader) query(id statement, fn func(rowOf), args ...any) error {
	return translate(r.ctx, r.q.query(r.ctx, id, args, fn))
}

// stream runs a query of many rows, calling fn until it returns false.
func (r *reader) stream(id statement, fn func(rowOf) bool, args ...any) error {
	return translate(r.ctx, r.q.stream(r.ctx, id, args, fn))
}

// one runs a statement and reports whether it gave a row.
func (r *reader) one(id statement, fn func(rowOf), args ...any) (found bool, err error) {
	err = r.query(id, func(v rowOf) {
		if !found && fn != nil {
			fn(v)
		}
		found = true
	}, args...)
	return found, err
}

// must is one whose row must be there: ErrNotFound.
func (r *reader) must(id statement, fn func(rowOf), args ...any) error {
	found, err := r.one(id, fn, args...)
	if err == nil && !found {
		err = store.ErrNotFound
	}
	return err
}

// of gives the form of a query for this reader.
func (r *reader) of(id read) statement {
	if r.t != nil {
		return id.locked
	}
	return id.plain
}

// count reads the one number of a query.
func (r *reader) count(id statement, args ...any) (n int64, err error) {
	_, err = r.one(id, func(v rowOf) { n = v.int(0) }, args...)
	return n, err
}

// recordNumber is where recordColumns have the number, briefNumber where
// briefColumns do.
const recordNumber, briefNumber = 3, 1

// scanRecord reads recordColumns into rec, whose slices are used again.
func scanRecord(v rowOf, rec *store.Record) (err error) {
	rec.ID = v.id(0)
	rec.Bucket = profile.Bucket(v.int(1))
	rec.Type = row.KnownType(v.raw(2))
	rec.Number = v.int(3)
	rec.Owner = v.id(4)
	rec.Creator = v.id(5)
	rec.Attrs = append(rec.Attrs[:0], v.raw(6)...)
	rec.Extras = append(rec.Extras[:0], v.raw(7)...)
	rec.Sort = v.text(9)
	rec.State = row.KnownState(v.raw(10))
	rec.Password = v.text(11)
	rec.Version = v.int(12)
	rec.Created = v.time(13)
	rec.Updated = v.time(14)
	rec.LastLogin = v.time(15)
	rec.Names, err = row.ParseNames(rec.Names, v.text(8))
	return err
}

// list reads all records of a query.
func (r *reader) list(id statement, args ...any) ([]*store.Record, error) {
	var list []*store.Record
	var bad error
	err := r.query(id, func(v rowOf) {
		rec := &store.Record{}
		if e := scanRecord(v, rec); e != nil {
			bad = e
		}
		list = append(list, rec)
	}, args...)
	if err == nil {
		err = bad
	}
	if err == nil && r.t != nil {
		for _, rec := range list {
			r.t.note(rec)
		}
	}
	return list, err
}

// record reads the one record of a query: ErrNotFound when there is none.
func (r *reader) record(id statement, args ...any) (*store.Record, error) {
	list, err := r.list(id, args...)
	if err == nil && len(list) == 0 {
		return nil, store.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return list[0], nil
}

// Record reads by id; an id that does not tell its bucket is found through the
// uuid space.
func (r *reader) Record(id profile.ID) (*store.Record, error) {
	rec, err := r.record(selectRecord, r.site, id.Bucket(), id)
	if err == store.ErrNotFound {
		return r.ByName(profile.ID{}, profile.UUID, id.String())
	}
	return rec, err
}

// ByName reads name and record in one query, or in two where they lie apart.
func (r *reader) ByName(owner profile.ID, space profile.Space, value string) (*store.Record, error) {
	k := row.KeyOf(owner, space, value)
	if r.s.spread {
		return r.byNameApart(k)
	}
	return r.record(selectByName, r.site, k.Bucket, k.Owner, k.Space, k.Value)
}

// bucketOf gives the bucket of a record's row; of an unknown id, the id's.
func (r *reader) bucketOf(id profile.ID) (profile.Bucket, error) {
	if r.t != nil {
		if seen, ok := r.t.seen[id]; ok {
			return seen.bucket, nil
		}
	}
	found, err := r.one(selectVersion, nil, r.site, id.Bucket(), id)
	if err != nil || found {
		return id.Bucket(), err
	}
	bucket := id.Bucket()
	k := row.KeyOf(profile.ID{}, profile.UUID, id.String())
	_, err = r.one(selectName.plain, func(v rowOf) { bucket = profile.Bucket(v.int(0)) },
		r.site, k.Bucket, k.Owner, k.Space, k.Value)
	return bucket, err
}

// ByNumber streams records through one Record.
func (r *reader) ByNumber(t profile.Type, low, high int64, desc bool, fn func(*store.Record) bool) error {
	id := selectByNumber
	if desc {
		id = selectByNumberDown
	}
	var rec store.Record
	var bad error
	err := r.byNumber(id, recordNumber, low, high, desc, func(v rowOf) bool {
		if bad = scanRecord(v, &rec); bad != nil {
			return false
		}
		return fn(&rec)
	}, r.site, t)
	if err == nil {
		err = bad
	}
	return err
}

// Owned lists what an owner has.
func (r *reader) Owned(owner profile.ID, t profile.Type, after int64, n int) ([]*store.Record, error) {
	return r.list(selectOwned, r.site, owner.Bucket(), owner, t, after, limit(n))
}

// OwnedDown lists what an owner has, backwards.
func (r *reader) OwnedDown(owner profile.ID, t profile.Type, below int64, n int) ([]*store.Record, error) {
	if below == 0 {
		below = math.MaxInt64
	}
	return r.list(selectOwnedDown, r.site, owner.Bucket(), owner, t, below, limit(n))
}

// Count counts by index.
func (r *reader) Count(t profile.Type) (int64, error) { return r.count(countRecords, r.site, t) }

// Tombstone reads what an erased record left.
func (r *reader) Tombstone(id profile.ID) (store.Tombstone, error) {
	out := store.Tombstone{ID: id}
	err := r.must(selectTombstone, func(v rowOf) {
		out.Type, out.Number, out.At = row.KnownType(v.raw(0)), v.int(1), v.time(2)
	}, r.site, id.Bucket(), id)
	if err != nil {
		return store.Tombstone{}, err
	}
	return out, nil
}

// Tombstones reads a page of those of a type.
func (r *reader) Tombstones(t profile.Type, after store.Tombstone, n int) ([]store.Tombstone, error) {
	at := after.At
	if at.IsZero() {
		at = time.UnixMicro(math.MaxInt64)
	}
	var out []store.Tombstone
	err := r.query(selectTombstones, func(v rowOf) {
		out = append(out, store.Tombstone{ID: v.id(0), Type: t, Number: v.int(1), At: v.time(2)})
	}, r.site, t, at, after.ID, limit(n))
	return out, err
}

// Age reads how often the site's writers have had to think anew.
func (r *reader) Age() (int64, error) { return r.count(selectAge, r.site) }
