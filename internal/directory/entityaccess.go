package directory

import (
	"context"

	"facet/internal/access"
	"facet/internal/store"
)

// RevokeEntityAccess ends every session of a record: its access and refresh
// tokens, of whichever face, are worth nothing at once.
func (s *Site) RevokeEntityAccess(ctx context.Context, who access.Principal, typeName string, sel Selector, g Guards) error {
	rec, err := s.selected(ctx, access.EntityDeleteAccess, who, typeName, sel)
	if err != nil {
		return err
	}
	return s.data.Update(ctx, func(tx store.Tx) error {
		rec, err := tx.Record(rec.ID)
		if err != nil {
			return err
		}
		if err := s.guard(rec, g); err != nil {
			return err
		}
		if err := s.revokeTokens(tx, rec.ID); err != nil {
			return err
		}
		return tx.Log(s.event(who.Subject, "user.access.revoked", rec.ID))
	})
}
