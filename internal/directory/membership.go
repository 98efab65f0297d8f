package directory

import (
	"facet/internal/access"
	"facet/internal/credential"
	"facet/internal/profile"
	"facet/internal/store"
)

// Who belongs to a community has a role on it, which every face sees. That is a
// connection with it, too: an active role one that both agreed to, an
// invitation, and a role that was given unasked, one that the community asked
// for, a request one that the person did. The connection is written with the role, and never without.

// isCommunity reports whether a profile has members.
func isCommunity(rec *store.Record) bool { return rec.Type == profile.Community }

// AddLink is store.Tx's.
func (t typedTx) AddLink(l *store.Link) error {
	if err := t.Tx.AddLink(l); err != nil || l.Kind != store.RoleLink {
		return err
	}
	return t.s.roleChanged(t, l.Src, l.Dst)
}

// SetLink is store.Tx's.
func (t typedTx) SetLink(l *store.Link) error {
	if err := t.Tx.SetLink(l); err != nil || l.Kind != store.RoleLink {
		return err
	}
	return t.s.roleChanged(t, l.Src, l.Dst)
}

// DropLink is store.Tx's.
func (t typedTx) DropLink(src profile.ID, kind store.LinkKind, dst profile.ID, key string) error {
	if err := t.Tx.DropLink(src, kind, dst, key); err != nil || kind != store.RoleLink {
		return err
	}
	return t.s.roleChanged(t, src, dst)
}

// roleChanged does what follows of a change of what a user is on a profile.
func (s *Site) roleChanged(tx store.Tx, user, on profile.ID) error {
	rec, err := tx.Record(on)
	if profile.IsKind(err, profile.NotFound) || err == nil && rec.Type == profile.User {
		return nil
	}
	if err != nil {
		return err
	}
	if err := s.dropKeysMadeBy(tx, user, on); err != nil || !isCommunity(rec) {
		return err
	}
	return s.connectMember(tx, user, on)
}

// connectMember makes the connection of a user with a community what the roles
// there say.
func (s *Site) connectMember(tx store.Tx, user, on profile.ID) error {
	held, err := linkAt(tx, user, on, roleHeld)
	if err != nil {
		return err
	}
	asked, err := linkAt(tx, user, on, roleAsked)
	if err != nil {
		return err
	}
	was, err := readBond(tx, user, on)
	if err != nil {
		return err
	}
	agreed, err := isAgreed(held)
	if err != nil {
		return err
	}
	next := was &^ (asks | isAsked)
	switch {
	case agreed:
		next |= asks | isAsked
	case held != nil:
		next |= isAsked
	case asked != nil:
		next |= asks
	}
	if next == was {
		return nil
	}
	return s.writeBond(tx, user, on, was, next)
}

// isAgreed reports whether a role is active, and was not given unasked.
func isAgreed(held *store.Link) (bool, error) {
	if held == nil || held.State != store.LinkActive {
		return false, nil
	}
	a, err := attrsOf(held)
	return !a.Unasked, err
}

// mayRelateFor says whether the caller may see and change the relationships of
// a profile that is not the own one: who may act for it, and of a community
// those who lead or moderate it, as far as their ranks go. Errors: Forbidden.
func (s *Site) mayRelateFor(r store.Reader, who access.Principal, rec *store.Record) error {
	if !isCommunity(rec) {
		return s.mayActFor(r, who, rec)
	}
	return s.allow(r, access.CommunityMember, who, rec)
}

// joinCommunity makes a move between two profiles of which one, or both, are
// communities. The rows of both are locked. Errors: Forbidden; Conflict with
// Field "relationship", and CodeLastManager where the owner would leave.
func (s *Site) joinCommunity(tx store.Tx, who access.Principal, me, them *store.Record, move Move) (changed bool, err error) {
	switch {
	case me.Type == profile.User:
		return s.moveMember(tx, who, me, them, move)
	case them.Type == profile.User && isCommunity(me):
		return s.moveCommunity(tx, who, me, them, move)
	}
	if isCommunity(me) {
		if err := s.allow(tx, access.CommunityLead, who, me); err != nil {
			return false, err
		}
	}
	return s.bindGroup(tx, me, them, move)
}

// bindGroup makes the move of a group towards another: a community takes groups
// as it says it takes people.
func (s *Site) bindGroup(tx store.Tx, me, them *store.Record, move Move) (changed bool, err error) {
	run := runBy(them.Extras)
	was, err := readBond(tx, me.ID, them.ID)
	switch {
	case err != nil:
		return false, err
	case !isCommunity(them):
	case move == Follow && !run.AllowFollowers:
		return false, followersRefused()
	case move == Connect && run.ConnectionMode == ConnectNever && was&(asks|isAsked) == 0:
		return false, invitedOnly()
	}
	if changed, err = s.bind(tx, me.ID, them.ID, move); err != nil || !changed {
		return false, err
	}
	if isCommunity(them) && !run.AllowFollowers && (move == Connect || move == Accept) {
		_, err = s.bind(tx, me.ID, them.ID, Unfollow)
	}
	return true, err
}

func followersRefused() error {
	return profile.E(profile.Forbidden, profile.CodeForbidden, "relationship", "nobody may follow it")
}

func invitedOnly() error {
	return profile.E(profile.Forbidden, profile.CodeForbidden, "relationship", "members are invited only")
}

// moveMember makes a person's move towards a community.
func (s *Site) moveMember(tx store.Tx, who access.Principal, user, on *store.Record, move Move) (changed bool, err error) {
	was, err := readBond(tx, user.ID, on.ID)
	if err != nil {
		return false, err
	}
	next, err := was.after(move)
	if err != nil || next == was {
		return false, err
	}
	held, err := linkAt(tx, user.ID, on.ID, roleHeld)
	if err != nil {
		return false, err
	}
	switch move {
	case Follow:
		if !runBy(on.Extras).AllowFollowers {
			return false, followersRefused()
		}
		return s.bind(tx, user.ID, on.ID, move)
	case Connect, Accept:
		if err := s.join(tx, who, user, on, held); err != nil {
			return false, err
		}
		return true, s.followCommunity(tx, user, on)
	case Reject, Disconnect:
		return true, s.dropRole(tx, who, user, on, "")
	case Block:
		if was&(asks|isAsked) != 0 {
			if err := s.dropRole(tx, who, user, on, ""); err != nil {
				return false, err
			}
		}
	}
	_, err = s.bind(tx, user.ID, on.ID, move)
	return true, err
}

// join accepts an invitation; else how a community takes members decides.
func (s *Site) join(tx store.Tx, who access.Principal, user, on *store.Record, held *store.Link) error {
	agreed, err := isAgreed(held)
	switch {
	case err != nil || agreed:
		return err
	case held != nil:
		return s.acceptRole(tx, who, held, false)
	}
	if runBy(on.Extras).ConnectionMode == ConnectAlways {
		if err := putRole(tx, nil, roleLink(user.ID, on.ID, RoleMember, s.d.now())); err != nil {
			return err
		}
		return tx.Log(s.event(who.Subject, "role.granted", on.ID))
	}
	_, _, err = s.requestRole(tx, who, user, on, nil, "", credential.NewHexKey())
	return err
}

// followCommunity makes who joins, or asks to, follow, where that is allowed.
func (s *Site) followCommunity(tx store.Tx, user, on *store.Record) error {
	if !runBy(on.Extras).AllowFollowers {
		return nil
	}
	_, err := s.bind(tx, user.ID, on.ID, Follow)
	return err
}

// moveCommunity makes a community's move towards a person: it invites, or
// accepts who asked; it removes, or takes back; it blocks.
func (s *Site) moveCommunity(tx store.Tx, who access.Principal, on, user *store.Record, move Move) (changed bool, err error) {
	was, err := readBond(tx, on.ID, user.ID)
	if err != nil {
		return false, err
	}
	next, err := was.after(move)
	if err != nil || next == was {
		return false, err
	}
	switch move {
	case Connect, Accept:
		return s.admitMember(tx, who, user, on)
	case Reject, Disconnect:
		return true, s.dropRole(tx, who, user, on, "")
	}
	if err := s.allow(tx, access.CommunityLead, who, on); err != nil {
		return false, err
	}
	if move == Block {
		if err := s.expel(tx, who, user, on, was); err != nil {
			return false, err
		}
	}
	_, err = s.bind(tx, on.ID, user.ID, move)
	return true, err
}

// admitMember accepts who asked, as what they are invited to or else as a
// member, or invites. Who belongs to the community, or is invited, stays what
// they are.
func (s *Site) admitMember(tx store.Tx, who access.Principal, user, on *store.Record) (changed bool, err error) {
	held, err := linkAt(tx, user.ID, on.ID, roleHeld)
	if err != nil {
		return false, err
	}
	asked, err := linkAt(tx, user.ID, on.ID, roleAsked)
	if err != nil {
		return false, err
	}
	role := RoleContributor
	switch {
	case held != nil && (held.State == store.LinkActive || asked == nil):
		return false, nil
	case held != nil:
		role = held.Tag
	case asked != nil:
		role = RoleMember
	}
	return true, s.addMember(tx, who, user, on, role)
}

// addMember grants a role on a community: at once to who asked or belongs to
// it, else as an invitation.
func (s *Site) addMember(tx store.Tx, who access.Principal, user, on *store.Record, role string) error {
	t, err := s.roleTypesIn(tx, access.Principal{}).asked(on, role)
	if err != nil {
		return err
	}
	asked, err := linkAt(tx, user.ID, on.ID, roleAsked)
	if err != nil {
		return err
	}
	if _, _, err = s.grantRole(tx, who, user, on, t, RoleGrantee{}, credential.NewHexKey()); err != nil || asked == nil {
		return err
	}
	return s.followCommunity(tx, user, on)
}

// expel ends what a person is on a community that is to block them.
func (s *Site) expel(tx store.Tx, who access.Principal, user, on *store.Record, was bond) error {
	if who.Subject == user.ID {
		return profile.E(profile.Forbidden, profile.CodeForbidden, "", "not allowed")
	}
	if was&(asks|isAsked) == 0 {
		return nil
	}
	return s.dropRole(tx, who, user, on, "")
}
