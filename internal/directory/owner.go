package directory

import (
	"bytes"
	"slices"

	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/store"
)

// A community has one owner, who leads it: the name CommunityOwner among the
// community's own is the owner's, so there are never two. Who owns one that an
// application made is the first to lead it.

// ownerOf reads the owner of a community, nil when it has none.
func ownerOf(r store.Reader, community profile.ID) (*store.Record, error) {
	rec, err := r.ByName(community, profile.CommunityOwner, "")
	if profile.IsKind(err, profile.NotFound) {
		return nil, nil
	}
	return rec, err
}

// mayActFor says whether the caller may act as a profile that is not the own
// one, to change what it shows of itself and how it is run: who manages it, of
// a community its owner alone, and the operators of one that fell to the site.
// Providers and operators have other ways to the profiles of others. Errors:
// Forbidden.
func (s *Site) mayActFor(r store.Reader, who access.Principal, rec *store.Record) error {
	is, err := s.relationTo(r, who, rec)
	if err != nil {
		return err
	}
	if rec.Type == profile.Community && is.Has(access.Broker) {
		owner, err := ownerOf(r, rec.ID)
		if err != nil {
			return err
		}
		if owner != nil && owner.ID == s.Policy().Broker {
			is |= access.Manager
		}
	}
	return access.Allow(access.ProfileWrite, who, is&access.Manager)
}

// lockRole locks what a role lies between: the user, and with it a community,
// whose owner is to stay one of those who lead it.
func lockRole(tx store.Tx, user, on *store.Record) error {
	if on.Type == profile.Community {
		return lockAll(tx, user.ID, on.ID)
	}
	return tx.Lock(user.ID)
}

// lockAll locks rows in one order, that of their ids, whoever asks for them: two
// transactions that need the same ones wait for each other, one after the other,
// and never both. Errors: NotFound.
func lockAll(tx store.Tx, ids ...profile.ID) error {
	slices.SortFunc(ids, func(a, b profile.ID) int { return bytes.Compare(a[:], b[:]) })
	for _, id := range slices.Compact(ids) {
		if err := tx.Lock(id); err != nil {
			return err
		}
	}
	return nil
}

// settleOwner makes who leads a community without an owner that.
func settleOwner(tx store.Tx, l *store.Link) error {
	if l.Tag != RoleManager || l.State != store.LinkActive {
		return nil
	}
	on, err := tx.Record(l.Dst)
	if err != nil || on.Type != profile.Community {
		return err
	}
	owner, err := ownerOf(tx, on.ID)
	if err != nil || owner != nil {
		return err
	}
	return tx.Claim(on.ID, profile.CommunityOwner, "", l.Src)
}

// setOwner gives a community, whose row is locked, to another owner.
func (s *Site) setOwner(tx store.Tx, actor, community, to profile.ID) error {
	if err := tx.Release(community, profile.CommunityOwner, ""); err != nil {
		return err
	}
	if err := tx.Claim(community, profile.CommunityOwner, "", to); err != nil {
		return err
	}
	return tx.Log(s.event(actor, "community.owner", community))
}

// handOver gives a community to one of those who lead it, by its owner or an
// operator; the owner before stays a leader. The row of the community is
// locked. Errors: Forbidden; Invalid with Field "owner".
func (s *Site) handOver(tx store.Tx, who access.Principal, community, to *store.Record) error {
	if err := s.mayHandOver(tx, who, community); err != nil {
		return err
	}
	if err := tx.Lock(to.ID); err != nil {
		return err
	}
	to, err := tx.Record(to.ID)
	if err != nil {
		return err
	}
	l, err := linkAt(tx, to.ID, community.ID, roleHeld)
	if err != nil {
		return err
	}
	if l == nil || l.Tag != RoleManager || !isCurrent(l, s.d.now()) || to.State != profile.Active {
		return profile.E(profile.Invalid, profile.CodeInvalid, "owner", "the owner of a community is one of its leaders")
	}
	owner, err := ownerOf(tx, community.ID)
	if err != nil || owner != nil && owner.ID == to.ID {
		return err
	}
	return s.setOwner(tx, who.Subject, community.ID, to.ID)
}

func (s *Site) mayHandOver(r store.Reader, who access.Principal, community *store.Record) error {
	is, err := s.relationTo(r, who, community)
	if err != nil {
		return err
	}
	return access.Allow(access.CommunityHand, who, is)
}

// bequeath finds new owners for the communities of a person who is erased: the
// leader who is that for the longest time, else the organization that owns the
// site, whose operators run it then; where there is neither, nobody could ever
// run the community again, and it goes too. Who is disabled inherits nothing.
func (s *Site) bequeath(tx store.Tx, actor profile.ID, rec *store.Record) error {
	if rec.Type != profile.User {
		return nil
	}
	q := store.LinkQuery{Kind: store.RoleLink, Tag: RoleManager, State: store.LinkActive, Limit: linkPage}
	for {
		links, err := tx.FromByTime(rec.ID, q)
		if err != nil {
			return err
		}
		for _, l := range links {
			q.After = store.LinkMark{Created: l.Created, Other: l.Dst, Key: l.Key}
			if err := s.bequeathOne(tx, actor, rec.ID, l.Dst); err != nil {
				return err
			}
		}
		if len(links) < q.Limit {
			return nil
		}
	}
}

func (s *Site) bequeathOne(tx store.Tx, actor, from, id profile.ID) error {
	community, err := tx.Record(id)
	if profile.IsKind(err, profile.NotFound) || err == nil && community.Type != profile.Community {
		return nil
	}
	if err != nil {
		return err
	}
	if err := tx.Lock(id); err != nil {
		return err
	}
	if community, err = tx.Record(id); err != nil {
		return err
	}
	owner, err := ownerOf(tx, id)
	if err != nil || owner == nil || owner.ID != from {
		return err
	}
	heir, err := s.heir(tx, id, from)
	if err != nil {
		return err
	}
	if heir.IsZero() {
		return s.erase(tx, actor, community)
	}
	return s.setOwner(tx, actor, id, heir)
}

// heir is who gets a community after its owner; zero: nobody.
func (s *Site) heir(tx store.Tx, community, owner profile.ID) (profile.ID, error) {
	q := store.LinkQuery{Kind: store.RoleLink, Tag: RoleManager, State: store.LinkActive, Oldest: true, Limit: linkPage}
	for {
		links, err := tx.ToByTime(community, q)
		if err != nil {
			return profile.ID{}, err
		}
		for _, l := range links {
			q.After = store.LinkMark{Created: l.Created, Other: l.Src, Key: l.Key}
			if l.Src == owner || !isCurrent(l, s.d.now()) {
				continue
			}
			user, err := tx.Record(l.Src)
			if profile.IsKind(err, profile.NotFound) || err == nil && user.State != profile.Active {
				continue // erased, and not swept yet, or unable to act
			}
			if err != nil {
				return profile.ID{}, err
			}
			if err := tx.Lock(l.Src); err != nil {
				return profile.ID{}, err
			}
			return l.Src, nil
		}
		if len(links) < q.Limit {
			return s.Policy().Broker, nil
		}
	}
}
