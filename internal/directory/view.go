package directory

import (
	"context"

	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/schema"
	"facet/internal/store"
)

// What an API client sees and changes of a type is narrowed by its access
// schemas, here and nowhere else: read and write for the client itself,
// read_with_token and write_with_token for the tokens it issued (Identity
// Cloud, entityType.setAccessSchema).

// readable gives a type as the caller may read it: what is left out cannot be
// shown, filtered, sorted by or selected with.
func readable(who access.Principal, typ *schema.Type) *schema.Type {
	switch {
	case !who.Issuer.IsZero():
		return typ.For(who.Issuer, schema.AccessReadWithToken)
	case who.Client:
		return typ.For(who.Subject, schema.AccessRead)
	}
	return typ
}

// writable gives a type as the caller may write to it. Without a schema a token
// writes what its record has where its client may issue tokens; the session of
// somebody who signed in elsewhere writes nothing. Errors: Forbidden;
// Unauthenticated/CodeBadToken when the issuing client is gone.
func (s *Site) writable(ctx context.Context, who access.Principal, typ *schema.Type) (*schema.Type, error) {
	switch {
	case !who.Issuer.IsZero():
		client, err := s.clientRecord(ctx, who.Issuer)
		if profile.IsCode(err, profile.CodeBadClient) {
			err = badToken()
		}
		if err != nil {
			return nil, err
		}
		free := who.Restriction.Kind == access.Creation || access.Admit(access.TokenWrite, client.who) == nil
		if !free && !typ.HasAccess(who.Issuer, schema.AccessWriteWithToken) {
			return typ.Nothing(), nil
		}
		return typ.For(who.Issuer, schema.AccessWriteWithToken), nil
	case who.Client:
		return typ.For(who.Subject, schema.AccessWrite), nil
	}
	return nil, profile.E(profile.Forbidden, profile.CodeForbidden, "", "not allowed")
}

// writesSome refuses to make records for a caller who may write no attribute.
func writesSome(typ *schema.Type) error {
	if typ.WritesNothing() {
		return profile.E(profile.Forbidden, profile.CodeForbidden, "", "the access schema leaves nothing to write")
	}
	return nil
}

// mayErase refuses to take whole records away for a caller who may not write
// all that they hold.
func (s *Site) mayErase(ctx context.Context, who access.Principal, typ *schema.Type) error {
	w, err := s.writable(ctx, who, typ)
	if err == nil && !w.WritesAll() {
		err = profile.E(profile.Forbidden, profile.CodeForbidden, "", "the access schema leaves out a part of the record")
	}
	return err
}

// typeFor gives the entity type of a record: ErrNotFound where the type is being
// deleted, or went with the last of its records.
func (s *Site) typeFor(rec *store.Record) (*schema.Type, error) {
	e := s.shape(rec).byKind[rec.Type]
	if e == nil || e.isGone() {
		return nil, store.ErrNotFound
	}
	return e.typ, nil
}

// entityFor is a record as the caller may read it.
func (s *Site) entityFor(who access.Principal, rec *store.Record) Entity {
	e := s.entityOf(rec)
	e.typ = readable(who, e.typ)
	return e
}
