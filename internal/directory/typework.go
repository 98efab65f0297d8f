package directory

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"time"

	"facet/internal/profile"
	"facet/internal/schema"
	"facet/internal/store"
)

// The work that a change of an entity type asks of the records that exist is
// done in steps: records are looked at by number in a view, which holds nobody
// up, and those that must change are refreshed in transactions that end after
// workHold. How far it has come is written with them, so that whoever goes on,
// in this process or the next, goes on from there.
const (
	workRows = 500                   // records that one step refreshes, at most
	workLook = 20000                 // records that one step looks at
	workHold = 20 * time.Millisecond // of the writer's time
)

// workOn works on a change of the type of a kind until it is done, and returns
// why it failed if it did. Of several callers one works, the others wait.
func (s *Site) workOn(ctx context.Context, kind profile.Type, change profile.ID) error {
	turn, _ := s.typeWork.LoadOrStore(kind, make(chan struct{}, 1))
	busy := turn.(chan struct{})
	select {
	case busy <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-busy }()
	if err := s.loadTypes(ctx); err != nil {
		return err
	}
	for at := phase(""); ; {
		e := s.table().byKind[kind]
		if e == nil || e.change == nil || e.change.ID != change {
			return s.outcome(ctx, e, change)
		}
		if e.change.Phase != at {
			if err := s.settle(ctx, e.change.Since); err != nil {
				return err
			}
			at = e.change.Phase
		}
		err := s.step(ctx, e)
		if profile.IsCode(err, profile.CodeVersionMismatch) { // another process works on it too
			err = s.loadTypes(ctx)
		}
		if err != nil {
			return err
		}
	}
}

// outcome tells why a change that is over was undone.
func (s *Site) outcome(ctx context.Context, e *entityType, change profile.ID) error {
	if e == nil || e.record.IsZero() {
		return nil
	}
	rec, err := s.data.raw.GetID(ctx, e.record)
	if err != nil {
		if profile.IsKind(err, profile.NotFound) {
			return nil
		}
		return err
	}
	state, err := readState(rec)
	if err != nil {
		return err
	}
	for _, f := range state.Failed {
		if f.ID == change {
			return f.err()
		}
	}
	return nil
}

// settle waits until everybody follows a phase that began at a time. Writes do
// from the moment it was committed, as they hold the site's age; other processes
// read by it within fresh, and of this one's writes those that wait for a single
// writer have passed before an empty one has.
func (s *Site) settle(ctx context.Context, since time.Time) error {
	if wait := since.Add(s.d.settle).Sub(s.d.now()); s.d.settle > 0 && wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return s.data.raw.Update(ctx, func(store.Tx) error { return nil })
}

// step does a bounded part of a change. ErrVersion when the type is not as it
// is known here.
func (s *Site) step(ctx context.Context, e *entityType) error {
	if e.change.Phase == phaseDeleting {
		return s.deleteSome(ctx, e)
	}
	c, err := s.progress(ctx, e)
	if err != nil {
		return err
	}
	if c.Done != math.MaxInt64 {
		err := s.refreshSome(ctx, e, c)
		if e.change.Phase == phaseBuilding && len(e.moves) == 0 && profile.IsKind(err, profile.Taken) {
			return s.undo(ctx, e, err)
		}
		return err
	}
	if e.change.Phase == phaseBuilding {
		return s.turn(ctx, e, func(state *typeState) {
			state.Change.Phase, state.Change.Done, state.Change.Upto, state.Change.Since = phaseCleaning, math.MinInt64, 0, s.d.now()
			if len(e.goneNames()) == 0 || e.removes() {
				state.Change.Done = math.MaxInt64
			}
		})
	}
	for _, path := range missing(e.other.IndexPaths(), e.typ.IndexPaths()) {
		if err := s.dropIndex(ctx, e.kind, path); err != nil {
			return err
		}
	}
	return s.turn(ctx, e, func(state *typeState) {
		if f := state.Change.Error; f != nil {
			f.ID = state.Change.ID
			state.Failed = append(state.Failed, *f)
			state.Failed = state.Failed[max(0, len(state.Failed)-maxFailed):]
		}
		state.Change = nil
	})
}

// progress reads how far a phase has come. Its first reader draws a number:
// every record with a higher one is made by the present types.
func (s *Site) progress(ctx context.Context, e *entityType) (typeChange, error) {
	rec, err := s.data.raw.GetID(ctx, e.record)
	if err != nil {
		return typeChange{}, err
	}
	state, err := e.stateIn(rec)
	if err != nil {
		return typeChange{}, err
	}
	if state.Change.Upto > 0 {
		return *state.Change, nil
	}
	err = s.data.raw.Update(ctx, func(tx store.Tx) error {
		if err = tx.Lock(e.record); err != nil {
			return err
		}
		if rec, err = tx.Record(e.record); err != nil {
			return err
		}
		if state, err = e.stateIn(rec); err != nil {
			return err
		}
		last, err := tx.NumberAt(e.kind, math.MinInt64, math.MaxInt64, 0, true)
		if err != nil && !profile.IsKind(err, profile.NotFound) {
			return err
		}
		state.Change.Upto = max(last, 1)
		return saveProgress(tx, rec, state)
	})
	if err != nil {
		return typeChange{}, err
	}
	return *state.Change, nil
}

// stateIn reads the state of a type, if its record is the one that is known:
// ErrVersion otherwise.
func (e *entityType) stateIn(rec *store.Record) (typeState, error) {
	if rec.Version != e.version {
		return typeState{}, store.ErrVersion
	}
	return readState(rec)
}

func saveProgress(tx store.Tx, rec *store.Record, state typeState) error {
	next := *rec
	next.Attrs = marshal(state)
	return tx.Refresh(rec, &next)
}

// turn changes the state of a type, and lets this process follow it.
func (s *Site) turn(ctx context.Context, e *entityType, change func(*typeState)) error {
	err := s.data.Update(ctx, func(tx store.Tx) error { return s.saveType(tx, e, profile.ID{}, change) })
	if err != nil {
		return err
	}
	return s.loadTypes(context.WithoutCancel(ctx))
}

// undo goes back to the type before a change that a record forbids.
func (s *Site) undo(ctx context.Context, e *entityType, cause error) error {
	why := profile.AsError(attributeError(cause))
	return s.turn(ctx, e, func(state *typeState) {
		c := state.Change
		c.Phase, c.Done, c.Upto, c.Since = phaseUndoing, math.MinInt64, 0, s.d.now()
		c.Error = &typeFailure{Kind: why.Kind, Code: why.Code, Field: why.Field, Message: why.Message}
		state.Def, c.Before = c.Before, state.Def
	})
}

// stale is a record that is not stored as its type has it now.
type stale struct{ old, next *store.Record }

// refreshed is a record as a phase leaves it; nil when it is so already.
// Errors: Taken where it breaks a constraint by itself.
func (e *entityType) refreshed(rec *store.Record) (*store.Record, error) {
	next := *rec
	next.Names = slices.Clone(rec.Names)
	if e.change.Phase != phaseBuilding || e.removes() {
		gone := e.goneNames()
		next.Names = slices.DeleteFunc(next.Names, func(n profile.Name) bool { return slices.Contains(gone, n.Space) })
	}
	if e.change.Phase != phaseBuilding {
		if len(next.Names) == len(rec.Names) {
			return nil, nil
		}
		return &next, nil
	}
	next.Attrs = schema.Moved(rec.Attrs, e.moves)
	if len(e.moves) == 0 {
		if err := e.typ.CheckDistinct(next.Attrs); err != nil {
			return nil, err
		}
	}
	had := e.other.UniquePaths()
	for _, u := range e.typ.Uniques(next.Attrs) {
		n := profile.Name{Space: profile.UniqueAttribute(e.kind, u.Path), Value: u.Value}
		if !slices.Contains(had, u.Path) && !slices.Contains(next.Names, n) {
			next.Names = append(next.Names, n)
		}
	}
	for _, row := range e.typ.Index(next.Attrs) {
		if e.building[row.Path] {
			next.Index = append(next.Index, store.Indexed{Path: row.Path, Value: row.Value})
		}
	}
	if e.dropsPassword() && rec.Password != "" {
		next.Password = ""
	}
	changed := len(e.moves) > 0 && rec.Version > 1 // its past may have the attribute
	if !changed && len(next.Names) == len(rec.Names) && len(next.Index) == 0 && next.Password == rec.Password && string(next.Attrs) == string(rec.Attrs) {
		return nil, nil
	}
	return &next, nil
}

// removes tells that the change takes attributes out, which nothing undoes.
func (e *entityType) removes() bool {
	return len(e.moves) > 0 && !slices.ContainsFunc(e.moves, func(m schema.Move) bool { return m.To != "" })
}

// goneNames are the name spaces of what was unique by the other type alone.
func (e *entityType) goneNames() []profile.Space {
	var out []profile.Space
	for _, path := range missing(e.other.UniquePaths(), e.typ.UniquePaths()) {
		out = append(out, profile.UniqueAttribute(e.kind, path))
	}
	return out
}

// refreshSome refreshes the next records.
func (s *Site) refreshSome(ctx context.Context, e *entityType, c typeChange) error {
	behind, last, err := s.staleAfter(ctx, e, c.Done, c.Upto)
	if err != nil {
		return err
	}
	return s.data.raw.Update(ctx, func(tx store.Tx) error {
		if err := tx.Lock(e.record); err != nil {
			return err
		}
		rec, err := tx.Record(e.record)
		if err != nil {
			return err
		}
		state, err := e.stateIn(rec)
		if err != nil {
			return err
		}
		if state.Change.Done != c.Done {
			return store.ErrVersion
		}
		state.Change.Done = last
		begun := time.Now()
		for i, at := range behind {
			if i > 0 && time.Since(begun) > workHold {
				state.Change.Done = behind[i-1].old.Number
				break
			}
			if err := e.refresh(tx, at); err != nil {
				return err
			}
		}
		return saveProgress(tx, rec, state)
	})
}

// staleAfter looks for the next stale records up to a number, and gives that of
// the last one looked at: math.MaxInt64 after the end.
func (s *Site) staleAfter(ctx context.Context, e *entityType, done, upto int64) (behind []stale, last int64, err error) {
	err = s.data.raw.View(ctx, func(r store.Reader) error {
		behind, last = behind[:0], math.MaxInt64
		looked := 0
		var failed error
		err := r.ByNumber(e.kind, done+1, upto, false, func(rec *store.Record) bool {
			var next *store.Record
			if next, failed = e.refreshed(rec); failed != nil {
				return false
			}
			if next != nil {
				behind = append(behind, kept(rec, next))
			}
			if looked++; looked == workLook || len(behind) == workRows {
				last = rec.Number
				return false
			}
			return true
		})
		return errors.Join(failed, err)
	})
	return behind, last, err
}

// kept copies a record of a list, and the next one, so that they can be used
// after the call.
func kept(rec, next *store.Record) stale {
	old, after := *rec, *next
	old.Attrs, old.Extras, old.Names = slices.Clone(rec.Attrs), slices.Clone(rec.Extras), cloneNames(rec.Names)
	after.Attrs, after.Extras, after.Names = slices.Clone(next.Attrs), old.Extras, cloneNames(next.Names)
	old.Sort = strings.Clone(rec.Sort)
	after.Sort = old.Sort
	return stale{&old, &after}
}

func cloneNames(names []profile.Name) []profile.Name {
	out := slices.Clone(names)
	for i := range out {
		out[i].Value, out[i].Typed, out[i].Space = strings.Clone(out[i].Value), strings.Clone(out[i].Typed), profile.Space(strings.Clone(string(out[i].Space)))
	}
	return out
}

// refresh writes a stale record as it should be. One that has changed since it
// was looked at may have been written before its index rows were, so it is
// looked at again.
func (e *entityType) refresh(tx store.Tx, at stale) error {
	err := e.rewrite(tx, at)
	if !profile.IsCode(err, profile.CodeVersionMismatch) {
		if profile.IsKind(err, profile.NotFound) { // erased meanwhile
			return nil
		}
		return err
	}
	rec, err := tx.Record(at.old.ID)
	if err != nil {
		return err
	}
	next, err := e.refreshed(rec)
	if err != nil || next == nil {
		return err
	}
	return e.rewrite(tx, stale{rec, next})
}

func (e *entityType) rewrite(tx store.Tx, at stale) error {
	if err := tx.Refresh(at.old, at.next); err != nil {
		return err
	}
	if len(e.moves) > 0 && at.old.Version > 1 {
		if err := tx.Amend(at.old.ID, e.amend); err != nil {
			return err
		}
	}
	if at.old.Password == at.next.Password {
		return nil
	}
	if err := tx.DropSecret(at.old.ID, passwordSecret, ""); err != nil {
		return err
	}
	old, err := tx.Secrets(at.old.ID, oldPassword)
	for _, h := range old {
		err = errors.Join(err, tx.DropSecret(at.old.ID, oldPassword, h.Key))
	}
	return err
}

// amend moves the attributes of what a change replaced, so that the past has no
// attribute that was taken out, and the others where they are now.
func (e *entityType) amend(r *store.Replaced) bool {
	changed := false
	if r.Attrs != nil {
		attrs := string(schema.Moved([]byte(*r.Attrs), e.moves))
		changed = attrs != *r.Attrs
		r.Attrs = &attrs
	}
	before := len(r.Names)
	gone := e.goneNames()
	r.Names = slices.DeleteFunc(r.Names, func(n profile.Name) bool { return slices.Contains(gone, n.Space) })
	return changed || len(r.Names) != before
}

// dropsPassword tells that the attribute goes which records keep a password by.
func (e *entityType) dropsPassword() bool {
	return slices.ContainsFunc(e.moves, func(m schema.Move) bool { return m.From == passwordSecret && m.To == "" })
}

// dropIndex deletes the index rows of a path in steps.
func (s *Site) dropIndex(ctx context.Context, kind profile.Type, path string) error {
	for {
		n := 0
		err := s.data.raw.Update(ctx, func(tx store.Tx) (err error) {
			n, err = tx.DropIndex(kind, path, workRows)
			return err
		})
		if err != nil || n == 0 {
			return err
		}
	}
}

// deleteSome removes the next records of a type that is deleted, and the type
// after the last.
func (s *Site) deleteSome(ctx context.Context, e *entityType) error {
	more := true
	err := s.data.raw.Update(ctx, func(tx store.Tx) error {
		if err := tx.Lock(e.record); err != nil {
			return err
		}
		of, err := tx.Record(e.record)
		if err != nil {
			return err
		}
		var found []*store.Record
		err = tx.ByNumber(e.kind, math.MinInt64, math.MaxInt64, false, func(rec *store.Record) bool {
			old := kept(rec, rec).old
			old.Index = rowsOf(e.typ.Index(old.Attrs))
			found = append(found, old)
			return len(found) < workRows
		})
		if err != nil {
			return err
		}
		if more = len(found) > 0; !more {
			if err := tx.RaiseAge(); err != nil {
				return err
			}
			return tx.Remove(of, s.event(profile.ID{}, "entitytype.deleted", of.ID))
		}
		begun := time.Now()
		for i, rec := range found {
			if i > 0 && time.Since(begun) > workHold {
				break
			}
			if err := tx.Remove(rec, s.event(profile.ID{}, e.typ.Name+".deleted", rec.ID)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil || more {
		if profile.IsKind(err, profile.NotFound) { // another process was faster
			return s.loadTypes(ctx)
		}
		return err
	}
	return s.loadTypes(context.WithoutCancel(ctx))
}

func rowsOf(found []schema.Indexed) []store.Indexed {
	out := make([]store.Indexed, len(found))
	for i, f := range found {
		out[i] = store.Indexed{Path: f.Path, Value: f.Value}
	}
	return out
}

// typeJobLife is how long one job works on a change before it leaves the rest
// to another.
const typeJobLife = 30 * time.Second

// ContinueType works on a change of an entity type, by the body of a TypeJob;
// what is not done in its time is left to a further job. Errors: Malformed.
func (d *Directory) ContinueType(ctx context.Context, site store.SiteID, body []byte) error {
	var work typeWork
	if err := json.Unmarshal(body, &work); err != nil {
		return profile.E(profile.Malformed, profile.CodeSyntax, "", "the body of the job is unreadable")
	}
	t, err := d.sites(ctx)
	if err != nil {
		return err
	}
	s := t.byID[site]
	if s == nil {
		return nil
	}
	limited, cancel := context.WithTimeout(ctx, typeJobLife)
	defer cancel()
	err = s.workOn(limited, work.Kind, work.Change)
	if limited.Err() != nil && ctx.Err() == nil {
		return s.data.raw.Update(ctx, func(tx store.Tx) error { return s.enqueueWork(tx, work, 0) })
	}
	if e := profile.AsError(err); err != nil && e.Kind == profile.Taken { // who waits is told
		return nil
	}
	return err
}
