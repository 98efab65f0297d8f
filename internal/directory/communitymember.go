package directory

import (
	"context"
	"slices"

	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/store"
)

// CommunityEdit is what those who run a community change of somebody in it; the
// zero value of a field leaves a thing as it is.
type CommunityEdit struct {
	Roles  []string // of AdminRoles, the highest counts; empty, but not nil: belongs to it, and is no more
	Status string   // active, muted, blocked: how the community holds the person; "" leaves it
	Owner  bool     // the community is this leader's from now on
}

// EditCommunityMember changes what a person is in the community with the slug, by who
// leads or moderates it. To who does not belong to it and has not asked to, a role is offered
// (Cloudillo, PATCH /api/admin/profiles). Errors: NotFound; Forbidden; Invalid
// with Field "roles", "status", "owner" or "idTag"; Conflict/CodeLastManager
// for what the owner is.
func (s *Site) EditCommunityMember(ctx context.Context, who access.Principal, slug, tag string, in CommunityEdit) (out Identity, err error) {
	if err := checkRoles(in.Roles); err != nil {
		return out, err
	}
	moves, ok := statusMoves[in.Status]
	if !ok {
		return out, profile.E(profile.Invalid, profile.CodeChoice, "status", "the status of a member is active, muted or blocked")
	}
	err = s.data.Update(ctx, func(tx store.Tx) error {
		on, user, err := s.communityMemberFor(tx, who, slug, tag)
		if err != nil {
			return err
		}
		if user.ID == who.Subject && in.Roles != nil {
			return profile.E(profile.Forbidden, profile.CodeForbidden, "roles", "not allowed")
		}
		if err := lockRole(tx, user, on); err != nil {
			return err
		}
		if in.Roles != nil {
			if err := s.setRank(tx, who, user, on, in.Roles); err != nil {
				return err
			}
		}
		if in.Owner {
			if err := s.handOver(tx, who, on, user); err != nil {
				return err
			}
		}
		for _, move := range moves {
			if err := s.holdMember(tx, who, on, user, move); err != nil {
				return err
			}
		}
		out, err = s.identity(tx, viewer{on.ID, true, true}, user)
		return err
	})
	return out, err
}

// communityMemberFor reads a community, and a person in it or to be in it, for a caller
// who has a say in who belongs to it. Who blocked the community is not there.
func (s *Site) communityMemberFor(r store.Reader, who access.Principal, slug, tag string) (on, user *store.Record, err error) {
	if on, err = bySlug(r, profile.Slug, slug); err != nil {
		return nil, nil, err
	}
	if err := s.allow(r, access.CommunityMember, who, on); err != nil {
		return nil, nil, err
	}
	if user, err = s.subjectByIDTag(r, tag); err != nil {
		return nil, nil, err
	}
	if err := notBlocked(r, user.ID, on.ID); err != nil {
		return nil, nil, err
	}
	if !isCommunity(on) || user.Type != profile.User {
		return nil, nil, profile.E(profile.Invalid, profile.CodeInvalid, "idTag", "only people belong to a community")
	}
	return on, user, nil
}

// statusMoves bring a person to a status; the empty one leaves it.
var statusMoves = map[string][]Move{
	"": nil, "active": {Unmute, Unblock}, "muted": {Unblock, Mute}, "blocked": {Block},
}

// rankAmong is the highest rank among role words.
func rankAmong(words []string) (top Rank) {
	for i, r := range ranks {
		if slices.Contains(words, r.word) {
			top = Rank(i)
		}
	}
	return top
}

// setRank gives a person the highest of some roles. Everybody in a community
// belongs to it at least, as long as nobody removes them; no roles at all make
// nobody belong to it who did not before.
func (s *Site) setRank(tx store.Tx, who access.Principal, user, on *store.Record, roles []string) error {
	held, err := linkAt(tx, user.ID, on.ID, roleHeld)
	if err != nil {
		return err
	}
	if len(roles) == 0 && held == nil {
		return nil
	}
	return s.addMember(tx, who, user, on, ranks[max(rankAmong(roles), RankFollower)].role)
}

// holdMember makes a community's move towards a person, with its event.
func (s *Site) holdMember(tx store.Tx, who access.Principal, on, user *store.Record, move Move) error {
	if err := s.allow(tx, access.CommunityLead, who, on); err != nil {
		return err
	}
	changed, err := s.move(tx, who, on, user, move)
	if err != nil || !changed {
		return err
	}
	return tx.Log(s.event(who.Subject, "relationship."+string(move), on.ID))
}

// showMember tells what a person is in a community.
func (s *Site) showMember(r store.Reader, community profile.ID, p *Identity) (err error) {
	if p.Rank, err = memberRank(r, community, p.ID); err != nil {
		return err
	}
	owner, err := ownerOf(r, community)
	p.Owner = owner != nil && owner.ID == p.ID
	return err
}

// memberRank is the rank of the role that somebody has, or is offered, on a
// community.
func memberRank(r store.Reader, on, user profile.ID) (Rank, error) {
	l, err := linkAt(r, user, on, roleHeld)
	if err != nil || l == nil {
		return RankPublic, err
	}
	return rankOf(l.Tag), nil
}
