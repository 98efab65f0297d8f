package directory

import (
	"bytes"
	"context"
	"math"
	"slices"
	"strings"
	"time"

	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/schema"
	"facet/internal/store"
)

// TypeWait is how long a change of an entity type is worked on by who asked for
// it, unless the context says otherwise; a job does the rest.
const TypeWait = 10 * time.Second

// changeType changes the definition of an entity type for a caller who may, and
// gives the type as clients are told of it then. change works on a copy, and may
// run again. What the new definition asks of records that exist (a unique
// attribute, several that are unique together) is checked and back-filled
// before changeType returns: Taken/CodeTaken where they forbid it, and the type
// is as it was. When ctx ends first its error is returned and the work goes on.
// Errors: Unknown/CodeUnknownType, those of change and of schema.CompileDef.
func (s *Site) changeType(ctx context.Context, who access.Principal, typeName string, change func(*schema.TypeDef) error) (*schema.Type, error) {
	return s.moveType(ctx, who, typeName, func(def *schema.TypeDef) ([]schema.Move, error) { return nil, change(def) })
}

// moveType is changeType for changes that move attributes.
func (s *Site) moveType(ctx context.Context, who access.Principal, typeName string, change func(*schema.TypeDef) ([]schema.Move, error)) (*schema.Type, error) {
	for {
		of, err := s.table().named(typeName)
		if err != nil {
			return nil, err
		}
		if of.change != nil { // one after the other
			if _ = s.workOn(ctx, of.kind, of.change.ID); ctx.Err() != nil {
				return nil, ctx.Err()
			}
			continue
		}
		next, err := of.edited(change)
		if err != nil {
			return nil, err
		}
		if next == nil {
			return of.shown, nil
		}
		done, err := s.beginChange(ctx, who, of, next)
		switch {
		case profile.IsCode(err, profile.CodeVersionMismatch) || isTaken(err, profile.TypeName):
			if err := s.loadTypes(ctx); err != nil { // somebody was faster
				return nil, err
			}
			continue
		case err != nil:
			return nil, err
		case !done:
			if err := s.workOn(ctx, of.kind, next.change.ID); err != nil {
				return nil, err
			}
		}
		if of, err = s.table().named(typeName); err != nil {
			return nil, err
		}
		return of.shown, nil
	}
}

// editedType is what is to be made of a type.
type editedType struct {
	def    []byte
	change *typeChange // nil: nothing is asked of records that exist
}

// edited works out a change; nil when it changes nothing.
func (e *entityType) edited(change func(*schema.TypeDef) ([]schema.Move, error)) (*editedType, error) {
	def := e.typ.Definition().Clone()
	before := def.Append(nil)
	moves, err := change(&def)
	if err != nil {
		return nil, err
	}
	typ, err := schema.CompileDef(def)
	if err != nil {
		return nil, err
	}
	after := def.Append(nil)
	if bytes.Equal(before, after) {
		return nil, nil
	}
	if err := keepMapped(e, typ); err != nil {
		return nil, err
	}
	if err := onePassword(typ.Root()); err != nil {
		return nil, err
	}
	return &editedType{after, newChange(e.typ, typ, before, moves)}, nil
}

// newChange says what a change asks of the records that exist; nil for nothing.
// An attribute that was not there before asks nothing of them.
func newChange(old, next *schema.Type, before []byte, moves []schema.Move) *typeChange {
	added := func(has, had []string) bool {
		return slices.ContainsFunc(has, func(path string) bool { return !slices.Contains(had, path) && isOld(old, path) })
	}
	c := &typeChange{Before: before, Moves: moves, Done: math.MinInt64}
	switch {
	case len(moves) > 0,
		added(next.UniquePaths(), old.UniquePaths()),
		added(next.IndexPaths(), old.IndexPaths()),
		added(next.LocalPaths(), old.LocalPaths()):
		c.Phase = phaseBuilding
	case len(missing(old.UniquePaths(), next.UniquePaths())) > 0, len(missing(old.IndexPaths(), next.IndexPaths())) > 0:
		c.Phase = phaseCleaning
	default:
		return nil
	}
	return c
}

// missing gives the paths of had that are not in has.
func missing(had, has []string) []string {
	return slices.DeleteFunc(slices.Clone(had), func(path string) bool { return slices.Contains(has, path) })
}

// isOld reports whether a type has every attribute of a path, or of several
// joined by ",".
func isOld(typ *schema.Type, paths string) bool {
	for path := range strings.SplitSeq(paths, ",") {
		p, err := schema.ParsePath(path)
		if err != nil {
			return false
		}
		if _, err := typ.Attr(p); err != nil {
			return false
		}
	}
	return true
}

// beginChange writes the new definition, by which everybody writes from then
// on; done tells that nothing more is to be done. ErrVersion, or TypeName taken,
// when the type has changed meanwhile.
func (s *Site) beginChange(ctx context.Context, who access.Principal, of *entityType, next *editedType) (done bool, err error) {
	now := s.d.now()
	if next.change != nil {
		next.change.ID, next.change.Since = profile.NewID(now), now
	}
	if of.record.IsZero() {
		rec, err := s.draftType(ctx, who, of.kind, typeState{Def: next.def, Change: next.change, Known: knownPaths(of.kind)})
		if err != nil {
			return false, err
		}
		err = s.data.Update(ctx, func(tx store.Tx) error {
			if err := tx.Create(rec, s.event(who.Subject, "entitytype.changed", rec.ID)); err != nil {
				return err
			}
			return s.enqueueChange(ctx, tx, of.kind, next.change)
		})
		return s.began(ctx, next.change, err)
	}
	err = s.data.Update(ctx, func(tx store.Tx) error {
		err := s.saveType(tx, of, who.Subject, func(state *typeState) { state.Def, state.Change = next.def, next.change })
		if err != nil {
			return err
		}
		return s.enqueueChange(ctx, tx, of.kind, next.change)
	})
	return s.began(ctx, next.change, err)
}

// began lets this process follow a change that was written.
func (s *Site) began(ctx context.Context, change *typeChange, err error) (done bool, _ error) {
	if err != nil {
		return false, err
	}
	return change == nil, s.loadTypes(context.WithoutCancel(ctx))
}

// draftType drafts the record of a type.
func (s *Site) draftType(ctx context.Context, who access.Principal, kind profile.Type, state typeState) (*store.Record, error) {
	rec, err := s.draft(ctx, profile.EntityType, profile.ID{}, who.Subject)
	if err != nil {
		return nil, err
	}
	rec.Names = append(rec.Names, profile.Name{Space: profile.TypeName, Value: string(kind)})
	rec.Attrs = marshal(state)
	return rec, nil
}

// saveType changes the state of a type, if it is the one that is known.
func (s *Site) saveType(tx store.Tx, of *entityType, actor profile.ID, change func(*typeState)) error {
	old, err := tx.Record(of.record)
	if err != nil {
		return err
	}
	if old.Version != of.version {
		return store.ErrVersion
	}
	state, err := readState(old)
	if err != nil {
		return err
	}
	change(&state)
	rec := *old
	rec.Attrs, rec.Updated = marshal(state), s.d.now()
	return tx.Save(old, &rec, s.event(actor, "entitytype.changed", rec.ID))
}

// TypeJob is the kind of job that works on a change of an entity type when
// nobody waits for it any more.
const TypeJob = "entitytype"

// typeWork is its body.
type typeWork struct {
	Kind   profile.Type `json:"kind"`
	Change profile.ID   `json:"change"`
}

// enqueueChange leaves a change to a job for when its caller waits no longer.
func (s *Site) enqueueChange(ctx context.Context, tx store.Tx, kind profile.Type, change *typeChange) error {
	if change == nil {
		return nil
	}
	wait := TypeWait
	if end, ok := ctx.Deadline(); ok {
		wait = time.Until(end)
	}
	return s.enqueueWork(tx, typeWork{kind, change.ID}, max(wait, 0))
}

func (s *Site) enqueueWork(tx store.Tx, work typeWork, wait time.Duration) error {
	now := s.d.now()
	return tx.Enqueue(store.Job{ID: profile.NewID(now), Site: s.id, Kind: TypeJob, Due: now.Add(wait), Created: now, Body: marshal(work)})
}
