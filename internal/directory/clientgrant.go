package directory

import (
	"context"

	"facet/internal/access"
	"facet/internal/profile"
)

// What a token of an API client can do follows from what its client may do now,
// and from what the client that had it issued may: a feature that is taken from
// either is taken from the token at once.

// carried refuses a token, with the error gone, whose client may not carry such
// any more, or that was issued by a client that may not issue such.
func (s *Site) carried(ctx context.Context, client profile.ID, carry access.Permission, by profile.ID, issue access.Permission, gone error) error {
	if err := s.clientMay(ctx, client, carry, gone); err != nil || by.IsZero() {
		return err
	}
	return s.clientMay(ctx, by, issue, gone)
}

// clientMay gives the error gone where a client is deleted or may not do a
// thing.
func (s *Site) clientMay(ctx context.Context, client profile.ID, perm access.Permission, gone error) error {
	e, err := s.clientRecord(ctx, client)
	switch {
	case profile.IsCode(err, profile.CodeBadClient):
		return gone
	case err != nil:
		return err
	case access.Admit(perm, e.who) != nil:
		return gone
	}
	return nil
}
