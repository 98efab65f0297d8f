package directory

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/schema"
	"facet/internal/store"
)

// MaxTypes is how many entity types a site may have, the default ones included.
const MaxTypes = 200

// EntityTypes lists the names of a site's entity types, sorted.
func (s *Site) EntityTypes(_ context.Context, who access.Principal) ([]string, error) {
	if err := access.Admit(access.EntityTypeRead, who); err != nil {
		return nil, err
	}
	return slices.Sorted(maps.Keys(s.table().byName)), nil
}

// EntityType gives an entity type as clients are told of it: a constraint that
// existing records are still checked for is not in it yet. Errors:
// Unknown/CodeUnknownType.
func (s *Site) EntityType(_ context.Context, who access.Principal, name string) (*schema.Type, error) {
	if err := access.Admit(access.EntityTypeRead, who); err != nil {
		return nil, err
	}
	of, err := s.table().named(name)
	if err != nil {
		return nil, err
	}
	return of.shown, nil
}

// EntityTypeAt gives an entity type as clients were told of it at a time.
// Errors: Unknown/CodeUnknownType; NotFound when it was not there yet.
func (s *Site) EntityTypeAt(ctx context.Context, who access.Principal, name string, at time.Time) (*schema.Type, error) {
	if err := access.Admit(access.EntityTypeRead, who); err != nil {
		return nil, err
	}
	of, err := s.table().named(name)
	if err != nil {
		return nil, err
	}
	return s.typeAt(ctx, of, at)
}

// typeAt is EntityTypeAt for who may look.
func (s *Site) typeAt(ctx context.Context, of *entityType, at time.Time) (*schema.Type, error) {
	if of.record.IsZero() {
		return of.shown, nil
	}
	var def []byte
	err := s.data.View(ctx, func(r store.Reader) (err error) {
		def = nil
		var bad error
		err = r.EachVersion(of.record, func(v store.Version) bool {
			if v.At.After(at) {
				return true
			}
			var state typeState
			if state, bad = readState(&store.Record{Attrs: v.Attrs}); bad == nil {
				def = state.shown()
			}
			return false
		})
		return joinErr(err, bad)
	})
	switch {
	case err != nil:
		return nil, err
	case def != nil:
		return compileStored(def)
	case of.kind[0] == '$':
		return defaultTypes()[of.kind], nil
	}
	return nil, store.ErrNotFound
}

// shown is the definition that clients are told of.
func (state *typeState) shown() []byte {
	if c := state.Change; c != nil && c.Phase == phaseBuilding && len(c.Moves) == 0 {
		return c.Before
	}
	return state.Def
}

// CreateEntityType makes an entity type of definitions, a JSON array. One that
// is called like organization or community hides ours. Errors:
// Taken/CodeTypeExists, TooLarge, those of schema.CompileDef.
func (s *Site) CreateEntityType(ctx context.Context, who access.Principal, name string, defs []schema.AttrDef) (*schema.Type, error) {
	if err := access.Admit(access.EntityTypeWrite, who); err != nil {
		return nil, err
	}
	def := schema.TypeDef{Name: name, AttrDefs: defs}
	typ, err := schema.CompileDef(def)
	if err == nil {
		err = onePassword(typ.Root())
	}
	if err != nil {
		return nil, err
	}
	kind := profile.Type(name)
	for {
		types := s.table()
		if of := types.byKind[kind]; of != nil && of.isGone() { // its records go first
			if err := s.workOn(ctx, kind, of.change.ID); err != nil {
				return nil, err
			}
			continue
		}
		if of := types.byName[name]; of != nil && (of.kind == kind || of.kind == profile.User) {
			return nil, typeExists(name)
		}
		break
	}
	rec, err := s.draftType(ctx, who, kind, typeState{Def: def.Append(nil)})
	if err != nil {
		return nil, err
	}
	full := profile.E(profile.TooLarge, profile.CodeTooLarge, "", "a site has at most %d entity types", MaxTypes)
	names := rec.Names
	err = untilPlaced(func() error {
		return s.data.Update(ctx, func(tx store.Tx) error {
			n, err := tx.Count(profile.EntityType)
			if err != nil {
				return err
			}
			return createWithin(tx, rec, names, n, MaxTypes-len(defaultTypes()), full, s.event(who.Subject, "entitytype.created", rec.ID))
		})
	})
	if isTaken(err, profile.TypeName) {
		return nil, typeExists(name)
	}
	if _, err := s.began(ctx, nil, err); err != nil {
		return nil, err
	}
	return s.EntityType(ctx, who, name)
}

// onePassword refuses a password that would not be kept: a record has one, the
// attribute password. Invalid with the attribute's path as Field.
func onePassword(a *schema.Attribute) error {
	for _, c := range a.Children {
		if c.Type == schema.Password && c.Path != passwordSecret {
			return profile.E(profile.Invalid, profile.CodeInvalid, c.Path, "/%s cannot be a password: a record has one, /%s", strings.ReplaceAll(c.Path, ".", "/"), passwordSecret)
		}
		if err := onePassword(c); err != nil {
			return err
		}
	}
	return nil
}

func typeExists(name string) error {
	e := profile.E(profile.Taken, profile.CodeTypeExists, "", "entity type already exists: %s", name)
	e.Detail = map[string]any{"type_name": name}
	return e
}

// DeleteEntityType deletes a type of the site's own with all its records; it is
// unknown at once, and its name free when the last record is gone. Without
// commit it only says whether that could be done. Errors:
// Unknown/CodeUnknownType, Invalid/CodeTypeReserved for a default type, that of
// ctx when it ends first; the work goes on then.
func (s *Site) DeleteEntityType(ctx context.Context, who access.Principal, name string, commit bool) error {
	if err := access.Admit(access.EntityTypeWrite, who); err != nil {
		return err
	}
	for {
		of, err := s.table().named(name)
		if err != nil {
			return err
		}
		if of.kind[0] == '$' {
			e := profile.E(profile.Invalid, profile.CodeTypeReserved, "", "the entity type %s cannot be deleted", name)
			e.Detail = map[string]any{"type_name": name}
			return e
		}
		if !commit {
			return nil
		}
		if of.change != nil {
			if _ = s.workOn(ctx, of.kind, of.change.ID); ctx.Err() != nil {
				return ctx.Err()
			}
			continue
		}
		now := s.d.now()
		change := &typeChange{ID: profile.NewID(now), Phase: phaseDeleting, Since: now}
		err = s.data.Update(ctx, func(tx store.Tx) error {
			if err := s.saveType(tx, of, who.Subject, func(state *typeState) { state.Change = change }); err != nil {
				return err
			}
			return s.enqueueChange(ctx, tx, of.kind, change)
		})
		if profile.IsCode(err, profile.CodeVersionMismatch) {
			if err := s.loadTypes(ctx); err != nil {
				return err
			}
			continue
		}
		if _, err := s.began(ctx, change, err); err != nil {
			return err
		}
		return s.workOn(ctx, of.kind, change.ID)
	}
}

// AddAttribute adds an attribute to a type; its name may be a path into an
// object or plural. Errors: Taken/CodeAttributeExists, those of
// schema.CompileDef.
func (s *Site) AddAttribute(ctx context.Context, who access.Principal, typeName string, attr schema.AttrDef) (*schema.Type, error) {
	if err := access.Admit(access.EntityTypeWrite, who); err != nil {
		return nil, err
	}
	return s.changeType(ctx, who, typeName, func(def *schema.TypeDef) error { return def.Add(attr) })
}

// RemoveAttribute takes an attribute out of a type, and its values out of all
// records and their history: nothing brings them back. Errors:
// Unknown/CodeUnknownAttribute, Invalid/CodeReservedAttribute.
func (s *Site) RemoveAttribute(ctx context.Context, who access.Principal, typeName, path string) (*schema.Type, error) {
	if err := access.Admit(access.EntityTypeWrite, who); err != nil {
		return nil, err
	}
	return s.moveType(ctx, who, typeName, func(def *schema.TypeDef) ([]schema.Move, error) {
		move, err := def.Remove(path)
		return []schema.Move{move}, err
	})
}

// RenameAttribute gives an attribute another name in its own place, with all
// its values. Errors: those of RemoveAttribute, Taken/CodeAttributeExists,
// Invalid with Field "source_name" or "target_name".
func (s *Site) RenameAttribute(ctx context.Context, who access.Principal, typeName, path, to string) (*schema.Type, error) {
	if err := access.Admit(access.EntityTypeWrite, who); err != nil {
		return nil, err
	}
	return s.moveType(ctx, who, typeName, func(def *schema.TypeDef) ([]schema.Move, error) {
		attr, err := def.Find(path)
		if err != nil {
			return nil, err
		}
		if typ, ok := schema.ParseType(attr.Type); ok && typ == schema.Password { // its hash is kept by its name
			return nil, profile.E(profile.Invalid, profile.CodeInvalid, "source_name", "a password cannot be renamed")
		}
		move, err := def.RenameAttr(path, to)
		return []schema.Move{move}, err
	})
}

// SetAttributeConstraints replaces all constraints of an attribute. That values
// be unique or locally-unique holds for the records that exist too. Errors:
// those of RemoveAttribute, Taken/CodeTaken where existing values are not
// unique.
func (s *Site) SetAttributeConstraints(ctx context.Context, who access.Principal, typeName, path string, constraints []string) (*schema.Type, error) {
	return s.changeAttribute(ctx, who, typeName, path, func(attr *schema.AttrDef) { attr.Constraints = constraints })
}

// SetAttributeDescription replaces the description of an attribute.
func (s *Site) SetAttributeDescription(ctx context.Context, who access.Principal, typeName, path, description string) (*schema.Type, error) {
	return s.changeAttribute(ctx, who, typeName, path, func(attr *schema.AttrDef) { attr.Description = description })
}

func (s *Site) changeAttribute(ctx context.Context, who access.Principal, typeName, path string, change func(*schema.AttrDef)) (*schema.Type, error) {
	if err := access.Admit(access.EntityTypeWrite, who); err != nil {
		return nil, err
	}
	return s.changeType(ctx, who, typeName, func(def *schema.TypeDef) error {
		attr, err := def.Find(path)
		if err == nil {
			change(attr)
		}
		return err
	})
}
