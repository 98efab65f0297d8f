package sqlite

import (
	"encoding/json"
	"strings"

	"facet/internal/profile"
	"facet/internal/store"
)

// noPaths is what appendPaths makes of none.
const noPaths = "[]"

// Log writes an event at the next position of this commit.
func (t *tx) Log(e store.Event) error {
	if e.At.IsZero() {
		e.At = t.w.clock()
	}
	t.w.seq++
	paths := noPaths
	if len(e.Paths) > 0 {
		t.json = appendPaths(t.json[:0], e.Paths)
		paths = string(t.json)
	}
	err := t.w.gathered.addEvent(eventRow{t.site, t.w.seq, micros(e.At), e.Actor, e.Subject, e.Kind, paths, e.Version})
	if err != nil {
		return err
	}
	t.writes++
	if len(e.Replaced) == 0 {
		return nil
	}
	_, err = t.write(insertBody, t.site, e.Subject.Bucket(), e.Subject, t.w.epoch, t.w.tx+1,
		t.w.seq, e.Version, e.At, e.Actor, e.Kind, text(e.Replaced))
	return err
}

// Amend changes what is kept of a record's past.
func (t *tx) Amend(id profile.ID, fn func(*store.Replaced) bool) error {
	type body struct {
		epoch, tx, seq int64
		replaced       []byte
	}
	s, err := t.c.query(selectReplaced, t.site, id.Bucket(), id)
	if err != nil {
		return err
	}
	var changed []body
	var bad error
	err = each(s, func() bool {
		var r store.Replaced
		if bad = json.Unmarshal(s.raw(3), &r); bad != nil || !fn(&r) {
			return bad == nil
		}
		var raw []byte
		raw, bad = json.Marshal(r)
		changed = append(changed, body{s.int(0), s.int(1), s.int(2), raw})
		return bad == nil
	})
	if err == nil {
		err = bad
	}
	for _, b := range changed {
		if err != nil {
			break
		}
		_, err = t.write(updateReplaced, text(b.replaced), t.site, id.Bucket(), id, b.epoch, b.tx, b.seq)
	}
	return err
}

// Events lists the events of the site in commit order.
func (r *reader) Events(after store.Position, limit int) ([]store.Event, error) {
	s, err := r.c.query(selectEvents, r.site, after.Epoch, after.Tx, after.Seq, limit)
	if err != nil {
		return nil, err
	}
	var list []store.Event
	var bad error
	err = each(s, func() bool {
		e := store.Event{
			Position: store.Position{Epoch: s.int(0), Tx: s.int(1), Seq: s.int(2)},
			At:       s.time(3), Actor: s.profileID(4), Subject: s.profileID(5),
			Kind: s.text(6), Version: s.int(8),
		}
		if p := s.raw(7); len(p) > len("[]") {
			bad = json.Unmarshal(p, &e.Paths)
		}
		list = append(list, e)
		return bad == nil
	})
	if err == nil {
		err = bad
	}
	return list, err
}

// Versions lists the newest states of a record.
func (r *reader) Versions(id profile.ID, limit int) (list []store.Version, err error) {
	err = r.EachVersion(id, func(v store.Version) bool {
		if len(list) != limit {
			list = append(list, v)
		}
		return len(list) != limit
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
	s, err := r.c.query(selectBodies, r.site, id.Bucket(), id)
	if err != nil {
		return err
	}
	v := store.Version{Attrs: rec.Attrs, Extras: rec.Extras, Password: rec.Password, Updated: rec.Updated}
	more := true
	var bad error
	err = r.stream(s, func() bool {
		v.Version, v.At, v.Actor, v.Kind = s.int(0), s.time(1), s.profileID(2), s.text(3)
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
		v.Updated = fromMicros(body.Updated)
		return true
	})
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
