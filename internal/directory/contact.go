package directory

import (
	"context"

	"facet/internal/access"
)

// CreateContact makes a person whom nobody can sign in as yet, for who
// operates the site. Errors: Forbidden; Taken with Field "slug" or "email";
// those of the fields.
func (s *Site) CreateContact(ctx context.Context, who access.Principal, in NewProfile) (Subject, error) {
	if err := s.operator(ctx, access.ContactWrite, who); err != nil {
		return Subject{}, err
	}
	in.Personal = true
	rec, err := s.createProfile(ctx, who, in, nil)
	if err != nil {
		return Subject{}, err
	}
	return subjectOf(rec), nil
}
