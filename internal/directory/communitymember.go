package directory

import (
	"context"
	"slices"

	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/store"
)

// CommunityMember is a person as a community holds them.
type CommunityMember struct {
	Identity
	Rank  Rank // that was given, or is offered
	Owner bool
}

// CommunityEdit is what those who run a community change of somebody in it; the
// zero value of a field leaves a thing as it is.
type CommunityEdit struct {
	Roles  []string // of AdminRoles, the highest counts; empty, but not nil: belongs to it, and is no more
	Status string   // active, muted, blocked: how the community holds the person
	Owner  bool     // the community is this leader's from now on
}

// EditCommunityMember changes what a person is in the community with the slug, by who
// leads or moderates it. To who does not belong to it and has not asked to, a role is offered
// (Cloudillo, PATCH /api/admin/profiles). Errors: NotFound; Forbidden; Invalid
// with Field "roles", "status", "owner" or "idTag"; Conflict/CodeLastManager
// for what the owner is.
func (s *Site) EditCommunityMember(ctx context.Context, who access.Principal, slug, tag string, in CommunityEdit) (out CommunityMember, err error) {
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
		out, err = s.communityMember(tx, on, user)
		return err
	})
	return out, err
}

// MayEditCommunity says whether the caller has a say in who belongs to the
// community with the slug, for faces that have to refuse before they read what
// is asked: nil, NotFound or Forbidden.
func (s *Site) MayEditCommunity(ctx context.Context, who access.Principal, slug string) error {
	return s.data.View(ctx, func(r store.Reader) error {
		on, err := bySlug(r, profile.Slug, slug)
		if err != nil {
			return err
		}
		return s.allow(r, access.CommunityMember, who, on)
	})
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
	if user, err = s.visible(r, viewer{id: on.ID}, tag); err != nil {
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
	if blocked, err := linked(tx, on.ID, store.BlockLink, user.ID); err != nil || blocked {
		return joinErr(err, profile.E(profile.Conflict, profile.CodeInvalid, "roles", isBlockedNow))
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

// communityMember shows a person as a community holds them.
func (s *Site) communityMember(r store.Reader, on, user *store.Record) (out CommunityMember, err error) {
	if out.Identity, err = s.identity(r, viewer{id: on.ID, related: true}, user); err != nil {
		return out, err
	}
	if out.Rank, err = memberRank(r, on.ID, user.ID); err != nil {
		return out, err
	}
	owner, err := ownerOf(r, on.ID)
	out.Owner = owner != nil && owner.ID == user.ID
	return out, err
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
