package directory

import (
	"slices"

	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/store"
)

// The roles that people have on communities beside those that every profile
// knows: there a manager is called leader (Cloudillo, "Communities").
const (
	RoleModerator = "moderator" // accepts, invites and removes those below
	RoleSupporter = "supporter"
	RoleMember    = "member" // belongs to it, and is no more
)

// Rank is how much somebody is to a community. The higher one includes the
// lower.
type Rank int

// The ranks (Cloudillo, "Roles"): anybody, who follows or belongs to it, and
// those with a role.
const (
	RankPublic Rank = iota
	RankFollower
	RankSupporter
	RankContributor
	RankModerator
	RankLeader
)

type rankWord struct{ word, role string }

// ranks are the words of ranks, and the roles that have them; public has none.
var ranks = []rankWord{
	{"public", ""}, {"follower", RoleMember}, {"supporter", RoleSupporter}, {"contributor", RoleContributor},
	{"moderator", RoleModerator}, {"leader", RoleManager},
}

// String is the word of a rank.
func (k Rank) String() string { return ranks[k].word }

// Roles lists the words of a rank and of all below it.
func (k Rank) Roles() []string {
	out := make([]string, 0, len(ranks))
	for _, r := range ranks[:k+1] {
		out = append(out, r.word)
	}
	return out
}

// rankOf is the rank that a role gives. A role of an application's own is that
// of who contributes.
func rankOf(role string) Rank {
	if role == "" {
		return RankPublic
	}
	for i, r := range ranks {
		if r.role == role {
			return Rank(i)
		}
	}
	return RankContributor
}

// isRankRole reports whether a role is one that ranks have, not an
// application's own.
func isRankRole(role string) bool {
	return role != "" && slices.ContainsFunc(ranks, func(r rankWord) bool { return r.role == role })
}

// communityRoles are the role types that every community has beside the
// built-in ones.
var communityRoles = []RoleType{
	{Slug: RoleModerator, RoleTerms: RoleTerms{Title: "Moderator"}},
	{Slug: RoleSupporter, RoleTerms: RoleTerms{Title: "Supporter"}},
	{Slug: RoleMember, RoleTerms: RoleTerms{Title: "Member"}},
}

// isCommunityRole reports whether communities give a meaning to a role.
func isCommunityRole(slug string) bool {
	return slices.ContainsFunc(communityRoles, func(t RoleType) bool { return t.Slug == slug })
}

// communityRole gives one of communityRoles as a community's own, which nobody
// has changed yet; nil for others.
func (s *Site) communityRole(r store.Reader, on *store.Record, slug string) (*RoleType, error) {
	i := slices.IndexFunc(communityRoles, func(t RoleType) bool { return t.Slug == slug })
	if i < 0 || on.Type != profile.Community {
		return nil, nil
	}
	owner, err := s.subject(r, on)
	out := communityRoles[i]
	out.Owner, out.Created = owner, on.Created
	return &out, err
}

// communityRelation is what somebody is to a community by the role there: its
// settings are its owner's alone, its members are its leaders' and moderators'
// too, by their ranks. While it has no owner, as one that an application made,
// whoever leads it counts as that. One that operators suspended is run by them.
func (s *Site) communityRelation(r store.Reader, who access.Principal, on *store.Record, role string) (access.Relation, error) {
	if on.State != profile.Active {
		return 0, nil
	}
	switch role {
	case RoleManager:
		owner, err := ownerOf(r, on.ID)
		if owner == nil || owner.ID == who.Subject {
			return access.Manager, err
		}
		return access.Leader | access.Contributor, err
	case RoleModerator:
		strict, err := s.wantsOTP(r, on, role)
		if err != nil || !strict {
			return access.Moderator | access.Contributor, err
		}
		uses, err := needsOTP(r, who.Subject)
		if !uses {
			return 0, err
		}
		return access.Moderator | access.Contributor, err
	case RoleContributor:
		return access.Contributor, nil
	}
	return 0, nil
}

// wantsOTP reports whether a role of a community gives nothing to who signs in
// without one-time passwords.
func (s *Site) wantsOTP(r store.Reader, on *store.Record, role string) (bool, error) {
	t, err := s.roleTypesIn(r, access.Principal{}).find(on, role)
	return t != nil && t.OTPRequired, err
}

// mayRank holds a change of who is what on a community to its ranks. The owner
// and operators give and take any role; leaders any but the owner's; moderators
// what is below them, from whom is below them; nobody changes the own role, but
// everybody may leave. On other profiles there are no ranks. held is the role
// there is, nil for none, next the one there will be, "" for none (Cloudillo,
// PATCH /api/admin/profiles). Who the community blocked gets nothing, and who
// blocked it is not there. Errors: Forbidden; NotFound with Field "user";
// Conflict.
func (s *Site) mayRank(r store.Reader, who access.Principal, on, user *store.Record, held *store.Link, next string) error {
	if on.Type != profile.Community {
		return nil
	}
	self := who.Subject == user.ID
	if self && next == "" {
		return nil
	}
	if next != "" {
		err := notBlocked(r, user.ID, on.ID)
		if profile.IsKind(err, profile.NotFound) {
			err = profile.E(profile.NotFound, profile.CodeNotFound, "user", "Cannot find username %s", user.Name(profile.Slug))
		}
		if err != nil {
			return err
		}
	}
	is, err := s.relationTo(r, who, on)
	if err != nil {
		return err
	}
	top := rankOf(next)
	if held != nil {
		top = max(top, rankOf(held.Tag))
	}
	switch {
	case is.Has(access.Manager | access.Broker | access.ShadowProvider):
	case !self && (is.Has(access.Leader) || is.Has(access.Moderator) && top < RankModerator):
	default:
		return profile.E(profile.Forbidden, profile.CodeForbidden, "", "not allowed")
	}
	if next == "" {
		return nil
	}
	err = notBlocked(r, on.ID, user.ID)
	if profile.IsKind(err, profile.NotFound) {
		err = profile.E(profile.Conflict, profile.CodeInvalid, "roles", isBlockedNow)
	}
	return err
}
