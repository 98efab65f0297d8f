package directory

import (
	"context"
	"slices"

	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/schema"
)

// schemaClient finds the client that an access schema is about: "" is the
// caller, another is for who may set access schemas. Errors: Forbidden; Invalid
// with Field "for_client_id".
func (s *Site) schemaClient(ctx context.Context, who access.Principal, id string) (*clientEntry, error) {
	if id == "" {
		return s.clientRecord(ctx, who.Subject)
	}
	e, err := s.client(ctx, id)
	if err == nil && e.who.Subject == who.Subject {
		return e, nil
	}
	if denied := access.Admit(access.AccessWrite, who); denied != nil {
		return nil, denied
	}
	if profile.IsCode(err, profile.CodeBadClient) {
		err = profile.E(profile.Invalid, profile.CodeInvalid, "for_client_id", "for_client_id is not a valid id")
	}
	return e, err
}

// AccessSchema gives the attributes of an entity type that a client may read or
// write, reserved ones among them: those of its access schema; without one all,
// or none for what a client writes that only reads or signs people in. Errors: as SetAccessSchema.
func (s *Site) AccessSchema(ctx context.Context, who access.Principal, typeName, client string, kind schema.AccessType) (*schema.Type, error) {
	if err := access.Admit(access.AccessRead, who); err != nil {
		return nil, err
	}
	of, err := s.table().named(typeName)
	if err != nil {
		return nil, err
	}
	e, err := s.schemaClient(ctx, who, client)
	if err != nil {
		return nil, err
	}
	writes := kind == schema.AccessWrite || kind == schema.AccessWriteWithToken
	if writes && access.Admit(access.TokenWrite, e.who) != nil && !of.typ.HasAccess(e.who.Subject, kind) {
		return of.typ.Restrict(nil)
	}
	return of.typ.Listed(e.who.Subject, kind), nil
}

// SetAccessSchema says which attributes of an entity type a client may read or
// write, in the place of what was said before, and gives them. Errors:
// Forbidden, Unknown for the type and for attributes, Invalid with Field
// "for_client_id" or "access_type".
func (s *Site) SetAccessSchema(ctx context.Context, who access.Principal, typeName, client string, kind schema.AccessType, attributes []string) (*schema.Type, error) {
	subject, err := s.setAccess(ctx, who, typeName, client, kind, &attributes)
	if err != nil {
		return nil, err
	}
	of, err := s.table().named(typeName)
	if err != nil {
		return nil, err
	}
	return of.typ.Listed(subject, kind), nil
}

// DeleteAccessSchema makes a client read or write what it may without an access
// schema; no error when it has none. Errors: as SetAccessSchema.
func (s *Site) DeleteAccessSchema(ctx context.Context, who access.Principal, typeName, client string, kind schema.AccessType) error {
	_, err := s.setAccess(ctx, who, typeName, client, kind, nil)
	return err
}

func (s *Site) setAccess(ctx context.Context, who access.Principal, typeName, client string, kind schema.AccessType, attributes *[]string) (profile.ID, error) {
	if err := access.Admit(access.AccessWrite, who); err != nil {
		return profile.ID{}, err
	}
	if !slices.Contains(schema.AccessTypes, kind) {
		return profile.ID{}, profile.E(profile.Invalid, profile.CodeChoice, "access_type", "it must be read, write, read_with_token or write_with_token")
	}
	e, err := s.schemaClient(ctx, who, client)
	if err != nil {
		return profile.ID{}, err
	}
	subject := e.who.Subject
	_, err = s.changeType(ctx, who, typeName, func(d *schema.TypeDef) error {
		d.Access = slices.DeleteFunc(d.Access, func(a schema.AccessSchema) bool {
			if a.Client == subject {
				return a.Type == kind
			}
			_, err := s.clientRecord(ctx, a.Client)
			return profile.IsCode(err, profile.CodeBadClient) // it was deleted; ids do not come again
		})
		if attributes != nil {
			d.Access = append(d.Access, schema.AccessSchema{Client: subject, Type: kind, Attributes: *attributes})
		}
		return nil
	})
	return subject, err
}
