package directory

import (
	"context"
	"slices"
	"time"

	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/schema"
	"facet/internal/store"
)

// EntityVersion is one state that a record was in.
type EntityVersion struct {
	Version int64     // 1 when the record was created, +1 a change
	At      time.Time // from when on
	Updated time.Time // the record's lastUpdated then
	Kind    string    // of the change: "user.created", "user.updated" …
	Actor   profile.ID
}

// EntityAt reads a record as it was at a time, by the entity type of that
// state's last moment; by the present one when it holds attributes that have been
// renamed since, for all states are kept under the present names. Errors: those of Entity; NotFound when the record was
// not there yet.
func (s *Site) EntityAt(ctx context.Context, who access.Principal, typeName string, sel Selector, at time.Time) (Entity, error) {
	rec, err := s.selected(ctx, access.EntityVersions, who, typeName, sel)
	if err != nil {
		return Entity{}, err
	}
	if !at.Before(s.d.now()) {
		return s.entityFor(who, rec), nil
	}
	found, until, id := false, time.Time{}, rec.ID
	err = s.data.Glance(ctx, nil, func(r store.Reader) (err error) {
		found, until = false, time.Time{}
		if rec, err = r.Record(id); err != nil { // as this snapshot has it
			return err
		}
		return r.EachVersion(id, func(v store.Version) bool {
			if v.At.After(at) {
				until = v.At
				return true
			}
			found = true
			if !until.IsZero() { // the present state is read already, by the present type
				rec.Attrs, rec.Password, rec.Updated = v.Attrs, v.Password, v.Updated
			}
			return false
		})
	})
	if err == nil && !found {
		err = store.ErrNotFound
	}
	if err != nil {
		return Entity{}, err
	}
	e := s.entityFor(who, rec)
	of := s.table().byKind[rec.Type]
	if until.IsZero() || of == nil || e.typ != s.shape(rec).typeOf(rec.Type) {
		return e, nil // what a client's access schema leaves out now was never for it to see
	}
	if then, err := s.typeAt(ctx, of, until.Add(-time.Microsecond)); err == nil {
		if showsAll(then, e.typ, rec.Attrs) {
			e.typ = then
		}
	} else if !profile.IsKind(err, profile.NotFound) {
		return Entity{}, err
	}
	return e, nil
}

// showsAll reports whether a type that a record had before has an attribute for
// each value of a past state: it lacks those that were renamed since.
func showsAll(then, now *schema.Type, attrs []byte) bool {
	var lacks func(a *schema.Attribute) bool
	lacks = func(a *schema.Attribute) bool {
		if !isOld(then, a.Path) && !schema.Values(attrs, a.Steps, func([]byte) bool { return false }) {
			return true
		}
		return slices.ContainsFunc(a.Children, lacks)
	}
	return !slices.ContainsFunc(now.Root().Children, lacks)
}

// EntityVersions lists the newest states of a record, at most as many as asked
// for.
func (s *Site) EntityVersions(ctx context.Context, who access.Principal, typeName string, sel Selector, limit int) ([]EntityVersion, error) {
	rec, err := s.selected(ctx, access.EntityVersions, who, typeName, sel)
	if err != nil {
		return nil, err
	}
	var list []EntityVersion
	err = s.data.Glance(ctx, nil, func(r store.Reader) error {
		list = nil
		return r.EachVersion(rec.ID, func(v store.Version) bool {
			list = append(list, EntityVersion{v.Version, v.At, v.Updated, v.Kind, v.Actor})
			return len(list) < limit
		})
	})
	return list, err
}

// AdoptElement puts an element that a record's plural had before, and has no
// more, back into it under its old id (Identity Cloud Entity API,
// entity.adopt). One that is there stays as it is. Errors: NotFound when the
// plural never had such an element; Invalid when path leads to no plural; those
// of a write.
func (s *Site) AdoptElement(ctx context.Context, who access.Principal, typeName string, sel Selector, g Guards, at string, child int64) error {
	rec, err := s.selected(ctx, access.EntityAdopt, who, typeName, sel)
	if err != nil {
		return err
	}
	path, err := schema.ParsePath(at)
	if err != nil {
		return err
	}
	typ := s.shape(rec).typeOf(rec.Type)
	if typ == nil {
		return store.ErrNotFound
	}
	attr, err := readable(who, typ).Attr(path)
	if err != nil {
		return err
	}
	if attr.Type != schema.Plural || path[len(path)-1].ID != 0 {
		return profile.E(profile.Invalid, profile.CodeInvalid, "attribute_name", "%s is not a plural", path)
	}
	var element []byte
	err = s.data.View(ctx, func(r store.Reader) error {
		element = nil
		return r.EachVersion(rec.ID, func(v store.Version) bool {
			element = schema.ElementAt(v.Attrs, path, child)
			return element == nil
		})
	})
	if err != nil {
		return err
	}
	if element == nil {
		return profile.E(profile.NotFound, profile.CodeNotFound, "", "%s never had an element %d", path, child)
	}
	_, err = s.changeEntity(ctx, access.EntityAdopt, who, typeName, sel, g, at,
		func(typ *schema.Type, current []byte, path schema.Path) (schema.Written, error) {
			if schema.ElementAt(current, path, child) != nil {
				return schema.Written{Attrs: current}, nil
			}
			env := s.env(ctx)
			env.Required = true
			return typ.Adopt(current, path, element, env)
		})
	return err
}
