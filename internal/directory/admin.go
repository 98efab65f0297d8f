package directory

import (
	"context"
	"encoding/json"
	"slices"

	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/store"
)

// AdminEdit is what an operator changes of anybody; nil leaves a thing as it is.
type AdminEdit struct {
	Name  *string
	State *profile.State
	Roles []string // labels of the account, which give no rights; nil leaves them
}

// AdminRoles are the words that AdminEdit.Roles may hold: those of ranks, and
// one that is none.
var AdminRoles = append([]string{"user"}, RankLeader.Roles()...)

// checkRoles refuses words that are no roles: Invalid with Field "roles".
func checkRoles(roles []string) error {
	for _, role := range roles {
		if !slices.Contains(AdminRoles, role) {
			return profile.E(profile.Invalid, profile.CodeChoice, "roles", "unknown role %q", role)
		}
	}
	return nil
}

// MayAdminister says whether the caller may change other people's profiles, for
// faces that have to refuse before they read what is asked. Where the slug is a
// community's, which community tells, that is who is what there, and for those
// who lead or moderate it; else anything of anybody, for operators. Errors:
// NotFound, Forbidden.
func (s *Site) MayAdminister(ctx context.Context, who access.Principal, slug string) (community bool, err error) {
	err = s.data.View(ctx, func(r store.Reader) error {
		if slug != "" {
			on, err := bySlug(r, profile.Slug, slug)
			if err != nil {
				return err
			}
			if community = isCommunity(on); community {
				return s.allow(r, access.CommunityMember, who, on)
			}
		}
		return s.allow(r, access.IdentityAdmin, who, nil)
	})
	return community, err
}

// EditIdentity changes anybody's profile by its idtag, for an operator. Who is
// disabled or banned is signed out at once. Errors: NotFound; Forbidden, also for the
// own roles; Invalid with Field "roles"; Conflict/CodeLastManager.
func (s *Site) EditIdentity(ctx context.Context, who access.Principal, tag string, in AdminEdit) (Subject, error) {
	if err := s.operator(ctx, access.IdentityAdmin, who); err != nil {
		return Subject{}, err
	}
	if err := checkRoles(in.Roles); err != nil {
		return Subject{}, err
	}
	edit := Edit{FullName: in.Name, Face: "cloudillo"}
	if in.Roles != nil {
		edit.Extras = map[string]json.RawMessage{"roles": marshal(in.Roles)}
	}
	var id profile.ID
	err := s.data.View(ctx, func(r store.Reader) error {
		rec, err := s.byIDTag(r, tag)
		if err != nil {
			return err
		}
		if id = rec.ID; id == who.Subject && in.Roles != nil {
			return profile.E(profile.Forbidden, profile.CodeForbidden, "roles", "not allowed")
		}
		return nil
	})
	if err != nil {
		return Subject{}, err
	}
	rec, err := s.change(ctx, id, s.event(who.Subject, "profile.updated", id),
		func(tx store.Tx, old *store.Record) error {
			if in.State != nil && *in.State != profile.Active {
				return s.keepBroker(tx, old, "disabled")
			}
			return nil
		},
		func(old *store.Record) (step, error) {
			st, err := s.edit(ctx, old, edit)
			if err != nil || in.State == nil || *in.State == old.State {
				return st, err
			}
			st.rec.State = *in.State
			st.paths = append(st.paths, "state")
			if *in.State != profile.Active {
				st.with = func(tx store.Tx) error { return s.revokeTokens(tx, id) }
			}
			return st, nil
		})
	if err != nil {
		return Subject{}, err
	}
	return subjectOf(rec), nil
}
