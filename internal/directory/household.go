package directory

import (
	"context"
	"encoding/json"

	"facet/internal/profile"
	"facet/internal/store"
)

// member is what a household profile holds (Amino, "UserProfile").
type member struct {
	Name     string `json:"name"`
	Child    bool   `json:"is_child_profile"`
	AgeLimit *int   `json:"age_limit"`
	Default  bool   `json:"is_default"`
}

// newMember drafts a household profile of a user.
func (s *Site) newMember(ctx context.Context, user profile.ID, m member) (*store.Record, error) {
	rec, err := s.draft(ctx, profile.Household, user, user)
	if err != nil {
		return nil, err
	}
	rec.Attrs = marshal(m)
	rec.Sort = profile.Fold(m.Name)
	rec.Names = append(rec.Names, profile.Name{Space: profile.HouseholdName, Value: rec.Sort, Typed: m.Name, Owned: true})
	if m.Default {
		rec.Names = append(rec.Names, profile.Name{Space: profile.HouseholdMain, Owned: true})
	}
	return rec, nil
}

// firstMember drafts the default profile that every account has: it is named
// the person's given name, or "Default".
func (s *Site) firstMember(ctx context.Context, user *store.Record) (*store.Record, error) {
	name := personName(user.Attrs).Given
	if name == "" {
		name = "Default"
	}
	return s.newMember(ctx, user.ID, member{Name: name, Default: true})
}

// ensureMember writes the default household profile of an account that was
// made without one (by an API client, in bulk, by import) at its first sign-in.
func (s *Site) ensureMember(ctx context.Context, user *store.Record) error {
	have := func(r store.Reader) (bool, error) {
		_, err := r.ByName(user.ID, profile.HouseholdMain, "")
		if profile.IsKind(err, profile.NotFound) {
			return false, nil
		}
		return err == nil, err
	}
	var found bool
	err := s.data.View(ctx, func(r store.Reader) (err error) {
		found, err = have(r)
		return err
	})
	if err != nil || found {
		return err
	}
	rec, err := s.firstMember(ctx, user)
	if err != nil {
		return err
	}
	return s.data.Update(ctx, func(tx store.Tx) error {
		if err := tx.Lock(user.ID); err != nil {
			return err
		}
		if found, err := have(tx); err != nil || found {
			return err
		}
		return tx.Create(rec, s.event(user.ID, "household.created", rec.ID))
	})
}

// memberClaim is what a token tells of the household profile it acts as.
func memberClaim(rec *store.Record) map[string]any {
	var m member
	_ = json.Unmarshal(rec.Attrs, &m) // ours; a hint only
	return map[string]any{
		"id": rec.ID.String(), "name": m.Name, "is_child_profile": m.Child, "age_limit": m.AgeLimit, "is_default": m.Default,
	}
}
