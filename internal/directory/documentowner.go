package directory

import (
	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/store"
)

// documentOwner says whose documents a caller means by the own ones: with no
// member the account's, else those of that profile of its household ("each
// profile has its own settings": Amino, "User profiles"). To a child profile's
// session its own profile is all there is: it reaches neither the account's
// documents nor a sibling's. Every function for own documents asks this, within
// the transaction that reads or writes them. Errors: Unauthenticated,
// Forbidden; NotFound with Field "profile_id" for a profile that is not the
// caller's.
func (s *Site) documentOwner(r store.Reader, who access.Principal, member profile.ID) (profile.ID, error) {
	if err := access.Allow(access.DocumentOwn, who, access.Self); err != nil {
		return profile.ID{}, err
	}
	if who.Restriction.Kind == access.ChildProfile {
		if own := who.Restriction.Profile; member.IsZero() {
			member = own
		} else if member != own {
			return profile.ID{}, noMember(member)
		}
	}
	if member.IsZero() {
		return who.Subject, nil
	}
	rec, err := r.Record(member)
	if profile.IsKind(err, profile.NotFound) || err == nil && (rec.Type != profile.Household || rec.Owner != who.Subject) {
		return profile.ID{}, noMember(member)
	}
	return member, err
}

func noMember(id profile.ID) error {
	return profile.E(profile.NotFound, profile.CodeNotFound, "profile_id", "There is no profile %s.", id)
}
