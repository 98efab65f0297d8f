package directory

import (
	"context"
	"errors"
	"slices"

	"facet/internal/profile"
	"facet/internal/schema"
	"facet/internal/store"
)

// siteData is a site's data with its entity types in mind. What is read comes
// as the types are now, though attributes that moved may still be stored at
// their old places. And no write that was worked out by another table of types
// than the present one is kept as it is: a change of a record is stale then, and
// begins again; a new record is brought up to date. So every write that commits
// after a table has been replaced follows the new one.
type siteData struct {
	raw store.Site
	s   *Site
}

// Get is store.Site's.
func (d siteData) Get(ctx context.Context, space profile.Space, value string) (*store.Record, error) {
	return d.one(func() (*store.Record, error) { return d.raw.Get(ctx, space, value) })
}

// GetID is store.Site's.
func (d siteData) GetID(ctx context.Context, id profile.ID) (*store.Record, error) {
	return d.one(func() (*store.Record, error) { return d.raw.GetID(ctx, id) })
}

// one gives a record as the types had it that were there while it was read:
// one that was read before its attributes moved is nothing to later ones.
func (d siteData) one(read func() (*store.Record, error)) (*store.Record, error) {
	for {
		types := d.s.table()
		rec, err := read()
		if d.s.table().number == types.number {
			return types.seen(rec), err
		}
	}
}

// View is store.Site's.
func (d siteData) View(ctx context.Context, fn func(store.Reader) error) error {
	for {
		types, again := d.s.table(), false
		err := d.raw.View(ctx, func(r store.Reader) error {
			if again = d.s.table().number != types.number; again {
				return nil
			}
			return fn(typedReader{r, types})
		})
		if !again || err != nil {
			return err
		}
	}
}

// Update is store.Site's. The table that fn goes by is the present one until
// the transaction ends, also where another process changes types.
func (d siteData) Update(ctx context.Context, fn func(store.Tx) error) error {
	by := actingIn(ctx, d.s)
	for {
		var ended bool
		err := d.raw.Update(ctx, func(tx store.Tx) error {
			ended = false
			types := d.s.table()
			if err := tx.HoldAge(types.age); err != nil {
				return err
			}
			if by != nil {
				if err := by.hold(tx); err != nil {
					return err
				}
			}
			return fn(typedTx{tx, d.s, types, by, &ended})
		})
		if err == nil && ended {
			by.ended.Store(true)
		}
		if !errors.Is(err, store.ErrAge) {
			if err == nil {
				d.s.bell.ring()
			}
			return err
		}
		if err := d.s.loadTypes(ctx); err != nil {
			return err
		}
	}
}

// seen notes by which types a record just read is to be understood, and moves
// its attributes to where those have them.
func (t *typeTable) seen(rec *store.Record) *store.Record {
	if rec == nil {
		return nil
	}
	rec.Shape = t
	if e := t.byKind[rec.Type]; e != nil && len(e.moves) > 0 {
		rec.Attrs = schema.Moved(rec.Attrs, e.moves)
	}
	return rec
}

// eachVersion moves the attributes of a record's past as seen does those of the
// present: what is being removed is shown nowhere any more.
func (t *typeTable) eachVersion(r store.Reader, id profile.ID, fn func(store.Version) bool) error {
	rec, err := r.Record(id)
	if err != nil {
		return err
	}
	e := t.byKind[rec.Type]
	if e == nil || len(e.moves) == 0 {
		return r.EachVersion(id, fn)
	}
	return r.EachVersion(id, func(v store.Version) bool {
		v.Attrs = schema.Moved(v.Attrs, e.moves)
		return fn(v)
	})
}

// shapeOf gives the types that a record was worked out by; nil when nobody
// noted them.
func shapeOf(rec *store.Record) *typeTable {
	t, _ := rec.Shape.(*typeTable)
	return t
}

// typedReader is a store.Reader for siteData.
type typedReader struct {
	store.Reader
	table *typeTable // that was there when its snapshot was taken
}

// Record is store.Reader's.
func (r typedReader) Record(id profile.ID) (*store.Record, error) {
	rec, err := r.Reader.Record(id)
	return r.table.seen(rec), err
}

// EachVersion is store.Reader's.
func (r typedReader) EachVersion(id profile.ID, fn func(store.Version) bool) error {
	return r.table.eachVersion(r.Reader, id, fn)
}

// ByName is store.Reader's.
func (r typedReader) ByName(owner profile.ID, space profile.Space, value string) (*store.Record, error) {
	rec, err := r.Reader.ByName(owner, space, value)
	return r.table.seen(rec), err
}

// ByNumber is store.Reader's.
func (r typedReader) ByNumber(t profile.Type, low, high int64, desc bool, fn func(*store.Record) bool) error {
	types := r.table
	if types.byKind[t] == nil {
		return r.Reader.ByNumber(t, low, high, desc, fn)
	}
	return r.Reader.ByNumber(t, low, high, desc, func(rec *store.Record) bool { return fn(types.seen(rec)) })
}

// Brief is store.Reader's.
func (r typedReader) Brief(t profile.Type, low, high int64, desc bool, fn func(*store.Record) bool) error {
	types := r.table
	if types.byKind[t] == nil {
		return r.Reader.Brief(t, low, high, desc, fn)
	}
	return r.Reader.Brief(t, low, high, desc, func(rec *store.Record) bool { return fn(types.seen(rec)) })
}

// Sweep is store.Reader's.
func (r typedReader) Sweep(t profile.Type, low, high int64, desc bool, worker func() func(*store.Record) bool) error {
	types := r.table
	if types.byKind[t] == nil {
		return r.Reader.Sweep(t, low, high, desc, worker)
	}
	return r.Reader.Sweep(t, low, high, desc, func() func(*store.Record) bool {
		fn := worker()
		return func(rec *store.Record) bool { return fn(types.seen(rec)) }
	})
}

// typedTx is a store.Tx for siteData.
type typedTx struct {
	store.Tx
	s     *Site
	table *typeTable // by which all of it goes
	by    *acting    // the session that it is for; nil: none
	ended *bool      // set where it ends that session
}

// ending notes that sessions of a subject end: all, or the one named.
func (t typedTx) ending(subject, id profile.ID) {
	if t.by != nil && t.by.subject == subject && (id.IsZero() || t.by.session == id) {
		*t.ended = true
	}
}

// DropSession is store.Tx's.
func (t typedTx) DropSession(subject, id profile.ID) error {
	t.ending(subject, id)
	return t.Tx.DropSession(subject, id)
}

// DropSessions is store.Tx's.
func (t typedTx) DropSessions(subject profile.ID) error {
	t.ending(subject, profile.ID{})
	return t.Tx.DropSessions(subject)
}

// Erase is store.Tx's.
func (t typedTx) Erase(rec *store.Record, e store.Event, index func(*store.Record) []store.Indexed) error {
	t.ending(rec.ID, profile.ID{})
	return t.Tx.Erase(rec, e, index)
}

// Remove is store.Tx's.
func (t typedTx) Remove(rec *store.Record, e store.Event) error {
	t.ending(rec.ID, profile.ID{})
	return t.Tx.Remove(rec, e)
}

// Record is store.Reader's.
func (t typedTx) Record(id profile.ID) (*store.Record, error) {
	rec, err := t.Tx.Record(id)
	return t.table.seen(rec), err
}

// EachVersion is store.Reader's.
func (t typedTx) EachVersion(id profile.ID, fn func(store.Version) bool) error {
	return t.table.eachVersion(t.Tx, id, fn)
}

// ByName is store.Reader's.
func (t typedTx) ByName(owner profile.ID, space profile.Space, value string) (*store.Record, error) {
	rec, err := t.Tx.ByName(owner, space, value)
	return t.table.seen(rec), err
}

// ByNumber is store.Reader's.
func (t typedTx) ByNumber(kind profile.Type, low, high int64, desc bool, fn func(*store.Record) bool) error {
	return t.Tx.ByNumber(kind, low, high, desc, func(rec *store.Record) bool { return fn(t.table.seen(rec)) })
}

// Brief is store.Reader's.
func (t typedTx) Brief(kind profile.Type, low, high int64, desc bool, fn func(*store.Record) bool) error {
	return t.Tx.Brief(kind, low, high, desc, func(rec *store.Record) bool { return fn(t.table.seen(rec)) })
}

// Sweep is store.Reader's.
func (t typedTx) Sweep(kind profile.Type, low, high int64, desc bool, worker func() func(*store.Record) bool) error {
	return t.Tx.Sweep(kind, low, high, desc, func() func(*store.Record) bool {
		fn := worker()
		return func(rec *store.Record) bool { return fn(t.table.seen(rec)) }
	})
}

// Create is store.Tx's. A record that other types were thought of for is
// dressed again by the present ones: Unknown where its type is no more, Taken
// where a constraint came that it breaks by itself.
func (t typedTx) Create(rec *store.Record, e store.Event) error {
	if rec.Type == profile.EntityType {
		if err := t.Tx.RaiseAge(); err != nil {
			return err
		}
	}
	if err := t.present(rec); err != nil {
		return err
	}
	return t.Tx.Create(rec, e)
}

// present brings a new record to the present types.
func (t typedTx) present(rec *store.Record) error {
	now := t.table
	if rec.Shape == now {
		return nil
	}
	typ := now.byKind[rec.Type]
	switch {
	case typ == nil && rec.Type[0] == '$':
		return nil
	case typ == nil || typ.isGone():
		return unknownType(string(rec.Type))
	}
	if was := shapeOf(rec); was != nil {
		for _, p := range now.past {
			if p.table > was.number && p.kind == rec.Type {
				rec.Attrs = schema.Moved(rec.Attrs, p.moves)
			}
		}
	}
	if err := typ.typ.CheckDistinct(rec.Attrs); err != nil {
		return err
	}
	rec.Shape = now
	t.s.dress(rec)
	return nil
}

// CreateMany is store.Tx's, of records as Create has them.
func (t typedTx) CreateMany(list []store.Creation) ([]error, error) {
	var failed []error
	ready := list
	for i := range list {
		err := t.present(list[i].Record)
		if err == nil {
			if failed != nil {
				ready = append(ready, list[i])
			}
			continue
		}
		if failed == nil {
			failed, ready = make([]error, len(list)), slices.Clone(list[:i])
		}
		failed[i] = err
	}
	some, err := t.Tx.CreateMany(ready)
	if err != nil || failed == nil {
		return some, err
	}
	if some != nil {
		for i, at := 0, 0; i < len(list); i++ {
			if failed[i] == nil {
				failed[i] = some[at]
				at++
			}
		}
	}
	return failed, nil
}

// Save is store.Tx's. A record of an entity type that was read by other types
// is stale.
func (t typedTx) Save(old, rec *store.Record, e store.Event) error {
	if old.Shape != t.table && t.table.byKind[rec.Type] != nil {
		return store.ErrVersion
	}
	if rec.Type == profile.EntityType {
		if err := t.Tx.RaiseAge(); err != nil {
			return err
		}
	}
	return t.Tx.Save(old, rec, e)
}
