package directory

import (
	"context"
	"slices"

	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/schema"
)

// TypeProperties lists the properties of an entity type, in the order they were
// added: of a kind ("rule", "unique"), of all kinds when that is "" (Identity
// Cloud Entity Type API, entityType.rules and entityType.properties).
func (s *Site) TypeProperties(ctx context.Context, who access.Principal, typeName, kind string) ([]schema.Property, error) {
	if err := access.Admit(access.PropertyRead, who); err != nil {
		return nil, err
	}
	of, err := s.table().named(typeName)
	if err != nil {
		return nil, err
	}
	list := []schema.Property{}
	for _, p := range of.shown.Definition().Properties {
		if kind == "" || p.Kind == kind {
			list = append(list, p)
		}
	}
	return list, nil
}

// AddTypeProperty adds a property to an entity type. A rule holds for what is
// written from now on; attributes are unique together only when they are so in
// all records that exist, else it is Taken and nothing changes. Errors: those
// of schema.CompileDef, of the type's change.
func (s *Site) AddTypeProperty(ctx context.Context, who access.Principal, typeName string, p schema.Property) (schema.Property, error) {
	if err := access.Admit(access.PropertyWrite, who); err != nil {
		return schema.Property{}, err
	}
	if err := p.Tidy(); err != nil {
		return schema.Property{}, err
	}
	p.UUID = profile.NewID(s.d.now())
	typ, err := s.changeType(ctx, who, typeName, func(d *schema.TypeDef) error {
		d.Properties = append(d.Properties, p)
		return nil
	})
	if err != nil {
		return schema.Property{}, err
	}
	all := typ.Definition().Properties
	if i := slices.IndexFunc(all, func(q schema.Property) bool { return q.UUID == p.UUID }); i >= 0 {
		p = all[i]
	}
	return p, nil
}

// RemoveTypeProperty takes a property away: of a kind, of any when that is "".
// NotFound when there is none.
func (s *Site) RemoveTypeProperty(ctx context.Context, who access.Principal, typeName, kind string, id profile.ID) error {
	if err := access.Admit(access.PropertyWrite, who); err != nil {
		return err
	}
	_, err := s.changeType(ctx, who, typeName, func(d *schema.TypeDef) error {
		i := slices.IndexFunc(d.Properties, func(p schema.Property) bool { return p.UUID == id && (kind == "" || p.Kind == kind) })
		if i < 0 {
			return profile.E(profile.NotFound, profile.CodeNotFound, "", "the entity type has no such property: %s", id)
		}
		d.Properties = slices.Delete(d.Properties, i, i+1)
		return nil
	})
	return err
}

// SetPasswordSettings says how many of its last passwords a record of a type
// may not take again. Errors: Invalid with Field "settings", also for a type
// without the attribute password.
func (s *Site) SetPasswordSettings(ctx context.Context, who access.Principal, typeName string, settings schema.PasswordSettings) error {
	if err := access.Admit(access.PropertyWrite, who); err != nil {
		return err
	}
	_, err := s.changeType(ctx, who, typeName, func(d *schema.TypeDef) error {
		if !slices.ContainsFunc(d.AttrDefs, func(a schema.AttrDef) bool { return a.Name == passwordSecret && a.IsPassword() }) {
			return profile.E(profile.Invalid, profile.CodeInvalid, "settings", "the entity type has no attribute %s that is a password", passwordSecret)
		}
		d.Password = settings
		return nil
	})
	return err
}
