package postgres

import (
	"encoding/json"
	"strings"

	"facet/internal/profile"
	"facet/internal/store"
	"facet/internal/store/row"
)

// Log writes an event at the next position of this transaction.
func (t *tx) Log(e store.Event) error {
	return t.unit(func() error {
		if e.At.IsZero() {
			e.At = t.s.clock()
		}
		t.seq++
		event, body := insertEvent, insertBody
		if t.s.spread { // table meta does not lie beside theirs
			event, body = insertEventApart, insertBodyApart
		}
		if err := t.write(nil, event, t.site, t.s.epoch.Load(), t.seq, e.Subject.Bucket(),
			e.At, e.Actor, e.Subject, e.Kind, text(row.AppendPaths(nil, e.Paths)), e.Version); err != nil {
			return err
		}
		if len(e.Replaced) == 0 {
			return nil
		}
		return t.write(nil, body, t.site, e.Subject.Bucket(), e.Subject, t.s.epoch.Load(),
			t.seq, e.Version, e.At, e.Actor, e.Kind, text(e.Replaced))
	})
}

// Amend changes what is kept of a record's past.
func (t *tx) Amend(id profile.ID, fn func(*store.Replaced) bool) error {
	type body struct {
		epoch, tx, seq int64
		replaced       []byte
	}
	return t.unit(func() error {
		var changed []body
		var bad error
		err := t.query(selectReplaced, func(v rowOf) {
			var r store.Replaced
			if bad != nil {
				return
			}
			if bad = json.Unmarshal(v.raw(3), &r); bad != nil || !fn(&r) {
				return
			}
			var raw []byte
			raw, bad = json.Marshal(r)
			changed = append(changed, body{v.int(0), v.int(1), v.int(2), raw})
		}, t.site, id.Bucket(), id)
		if err == nil {
			err = bad
		}
		for _, b := range changed {
			if err != nil {
				break
			}
			err = t.write(nil, updateReplaced, text(b.replaced), t.site, id.Bucket(), id, b.epoch, b.tx, b.seq)
		}
		return err
	})
}

// Events lists the events of the site in commit order, up to those that a
// transaction which still runs may come before.
func (r *reader) Events(after store.Position, n int) ([]store.Event, error) {
	var list []store.Event
	var bad error
	scan := func(v rowOf) {
		e := store.Event{
			Position: store.Position{Epoch: v.int(0), Tx: v.int(1), Seq: v.int(2)},
			At:       v.time(3), Actor: v.id(4), Subject: v.id(5),
			Kind: v.text(6), Version: v.int(8),
		}
		if p := v.raw(7); len(p) > len("[]") && bad == nil {
			bad = json.Unmarshal(p, &e.Paths)
		}
		list = append(list, e)
	}
	var err error
	if r.s.spread {
		err = r.eventsApart(after, n, scan)
	} else {
		err = r.query(selectEvents, scan, r.site, after.Epoch, after.Tx, after.Seq, r.s.epoch.Load(), limit(n))
	}
	if err == nil {
		err = bad
	}
	return list, err
}

// Versions lists the newest states of a record.
func (r *reader) Versions(id profile.ID, n int) (list []store.Version, err error) {
	err = r.EachVersion(id, func(v store.Version) bool {
		if len(list) != n {
			list = append(list, v)
		}
		return len(list) != n
	})
	return list, err
}

// EachVersion begins at the present state and undoes one change after the
// other. The creation left no body: version 1 has the record's own time and
// creator, and its kind is the type's name with ".created".
func (r *reader) EachVersion(id profile.ID, fn func(store.Version) bool) error {
	rec, err := r.Record(id)
	if err != nil {
		return err
	}
	v := store.Version{Attrs: rec.Attrs, Extras: rec.Extras, Password: rec.Password, Updated: rec.Updated}
	more := true
	var bad error
	err = r.stream(selectBodies, func(s rowOf) bool {
		v.Version, v.At, v.Actor, v.Kind = s.int(0), s.time(1), s.id(2), s.text(3)
		if more = fn(v); !more {
			return false
		}
		if len(s.raw(4)) == 0 { // what came before was pruned
			more = false
			return false
		}
		var body store.Replaced
		if bad = json.Unmarshal(s.raw(4), &body); bad != nil {
			return false
		}
		if body.Attrs != nil {
			v.Attrs = []byte(*body.Attrs)
		}
		if body.Extras != nil {
			v.Extras = []byte(*body.Extras)
		}
		if body.Password != nil {
			v.Password = *body.Password
		}
		v.Updated = row.FromMicros(body.Updated)
		return true
	}, r.site, id.Bucket(), id)
	if err == nil {
		err = bad
	}
	if err == nil && more {
		v.Version, v.At, v.Actor = 1, rec.Created, rec.Creator
		v.Kind = strings.TrimPrefix(string(rec.Type), "$") + ".created"
		fn(v)
	}
	return err
}
