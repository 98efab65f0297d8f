package directory

import (
	"context"

	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/store"
)

// Relationship is what two profiles are to each other, seen from one of them.
type Relationship struct {
	Following bool  // we follow them
	Follower  bool  // they follow us
	Connected bool  // both agreed
	Pending   bool  // we asked and they have not answered
	Asked     bool  // they asked and we have not answered
	Blocked   bool  // we let nothing of them through
	Muted     bool  // we do not show them
	Hidden    bool  // we do not show them at home
	Trust     Trust // what we let their things do
}

// Trust is what one profile lets the things of another do unasked.
type Trust string

// The kinds of trust; "" is to ask each time.
const (
	TrustAlways Trust = "always"
	TrustNever  Trust = "never"
)

// Move is a step in a relationship (Cloudillo, "relationship").
type Move string

// The moves.
const (
	Follow     Move = "follow"
	Unfollow   Move = "unfollow"
	Connect    Move = "connect" // asks, or agrees where the other has asked
	Accept     Move = "accept"  // agrees to what the other asked
	Reject     Move = "reject"  // refuses what the other asked
	Disconnect Move = "disconnect"
	Block      Move = "block" // ends what there is, both ways
	Unblock    Move = "unblock"
	Mute       Move = "mute"
	Unmute     Move = "unmute"
	Confide    Move = "trust"    // always
	Distrust   Move = "distrust" // never
	Untrust    Move = "untrust"  // asks each time
	Hide       Move = "hide"     // not at home
	Unhide     Move = "unhide"
)

// Moves lists them.
var Moves = []Move{Follow, Unfollow, Connect, Accept, Reject, Disconnect, Block, Unblock, Mute, Unmute, Confide, Distrust, Untrust, Hide, Unhide}

// bond is the state of two profiles, seen from one of them, as a set of what
// each has said of the other. Connected are two who both asked.
type bond uint16

const (
	follows bond = 1 << iota
	isFollowed
	asks
	isAsked
	blocks
	isBlocked
	mutes
	hides
	trusts
	distrusts
)

// transition is what a move does to a state: it takes all of needs and none of
// refuses, else the answer is no, for the reason why.
type transition struct {
	needs, refuses bond
	why            string
	clear, set     bond
}

const (
	isBlockedNow = "the profile is blocked: unblock it first"
	noRequest    = "there is no request to answer"
)

// transitions is the state machine of relationships. What a state means is in
// its flags alone, so a row holds for every state; a move that is done already
// changes nothing.
var transitions = map[Move]transition{
	Follow:     {refuses: blocks, why: isBlockedNow, set: follows},
	Unfollow:   {clear: follows},
	Connect:    {refuses: blocks, why: isBlockedNow, set: asks | follows},
	Accept:     {needs: isAsked, why: noRequest, set: asks | follows},
	Reject:     {refuses: asks, why: noRequest, clear: isAsked},
	Disconnect: {clear: asks | isAsked},
	Block:      {clear: follows | isFollowed | asks | isAsked | mutes | trusts, set: blocks},
	Unblock:    {clear: blocks},
	Mute:       {refuses: blocks, why: isBlockedNow, set: mutes},
	Unmute:     {clear: mutes},
	Confide:    {refuses: blocks, why: isBlockedNow, clear: distrusts, set: trusts},
	Distrust:   {clear: trusts, set: distrusts},
	Untrust:    {clear: trusts | distrusts},
	Hide:       {set: hides},
	Unhide:     {clear: hides},
}

// after gives the state that a move leads to. Errors: Conflict with Field
// "relationship" where the state does not allow it.
func (b bond) after(move Move) (bond, error) {
	t := transitions[move]
	if b&t.needs != t.needs || b&t.refuses != 0 {
		return b, profile.E(profile.Conflict, profile.CodeInvalid, "relationship", "%s", t.why)
	}
	return b&^t.clear | t.set, nil
}

// relationship reads a state.
func (b bond) relationship() Relationship {
	has := func(all bond) bool { return b&all == all }
	out := Relationship{
		Following: has(follows), Follower: has(isFollowed),
		Connected: has(asks | isAsked), Pending: has(asks) && !has(isAsked), Asked: has(isAsked) && !has(asks),
		Blocked: has(blocks), Muted: has(mutes), Hidden: has(hides),
	}
	switch {
	case has(trusts):
		out.Trust = TrustAlways
	case has(distrusts):
		out.Trust = TrustNever
	}
	return out
}

// bondLinks are the links that keep a state: each is from the one who made it,
// and is there while its flag is set.
var bondLinks = []struct {
	flag   bond
	kind   store.LinkKind
	tag    string
	theirs bool // from them to us
}{
	{follows, store.FollowLink, "", false}, {isFollowed, store.FollowLink, "", true},
	{asks, store.ConnectLink, "", false}, {isAsked, store.ConnectLink, "", true},
	{blocks, store.BlockLink, "", false}, {isBlocked, store.BlockLink, "", true},
	{mutes, store.MuteLink, "", false}, {hides, store.HideLink, "", false},
	{trusts, store.TrustLink, string(TrustAlways), false}, {distrusts, store.TrustLink, string(TrustNever), false},
}

// relationKinds are the kinds of those links.
var relationKinds = []store.LinkKind{store.FollowLink, store.ConnectLink, store.BlockLink, store.MuteLink, store.HideLink, store.TrustLink}

// readBond reads what two profiles are to each other.
func readBond(r store.Reader, me, them profile.ID) (b bond, err error) {
	for i, l := range bondLinks {
		if i > 0 && l.kind == bondLinks[i-1].kind && l.theirs == bondLinks[i-1].theirs { // another tag of the link that was read
			continue
		}
		src, dst := me, them
		if l.theirs {
			src, dst = them, me
		}
		link, err := r.Link(src, l.kind, dst, "")
		if profile.IsKind(err, profile.NotFound) {
			continue
		}
		if err != nil {
			return 0, err
		}
		for _, of := range bondLinks[i:] {
			if of.kind == l.kind && of.theirs == l.theirs && of.tag == link.Tag {
				b |= of.flag
			}
		}
	}
	return b, nil
}

// writeBond changes the links from those of one state to those of another. The
// links of a request wait; when it is agreed to, they are made anew, so that
// both lists have the connection by the time it began.
func (s *Site) writeBond(tx store.Tx, me, them profile.ID, was, next bond) error {
	const agreed = asks | isAsked
	renewed := bond(0)
	if was&agreed != next&agreed && (next&agreed == agreed || was&agreed == agreed) {
		renewed = agreed
	}
	for _, add := range []bool{false, true} { // what goes first: trust is one link of two tags
		for _, l := range bondLinks {
			had, has := was&l.flag != 0, next&l.flag != 0
			if had == has && renewed&l.flag == 0 {
				continue
			}
			src, dst := me, them
			if l.theirs {
				src, dst = them, me
			}
			state := store.LinkActive
			if l.flag&agreed != 0 && next&agreed != agreed {
				state = store.LinkRequested
			}
			var err error
			switch {
			case !add && had:
				err = tx.DropLink(src, l.kind, dst, "")
			case add && has:
				err = tx.AddLink(&store.Link{Src: src, Kind: l.kind, Dst: dst, Tag: l.tag, State: state, Attrs: emptyObject, Created: s.d.now()})
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// bind makes one move between two profiles whose rows are locked.
func (s *Site) bind(tx store.Tx, me, them profile.ID, move Move) (changed bool, err error) {
	was, err := readBond(tx, me, them)
	if err != nil {
		return false, err
	}
	next, err := was.after(move)
	if err != nil || next == was {
		return false, err
	}
	return true, s.writeBond(tx, me, them, was, next)
}

// Relate makes moves, one after the other, towards a profile: from the caller,
// or from the one with the slug, for which the caller has to be allowed to act.
// A move that is done already is no error. Errors: NotFound (also towards who
// blocked the one that moves), Forbidden, Invalid with Field "relationship",
// Conflict where the state does not allow a move.
func (s *Site) Relate(ctx context.Context, who access.Principal, slug, tag string, moves ...Move) (Identity, error) {
	if err := access.Allow(access.Relate, who, access.Self); err != nil {
		return Identity{}, err
	}
	for _, move := range moves {
		if _, ok := transitions[move]; !ok {
			return Identity{}, profile.E(profile.Invalid, profile.CodeChoice, "relationship", "unknown relationship %q", move)
		}
	}
	var out Identity
	err := s.data.Update(ctx, func(tx store.Tx) error {
		v, err := s.viewer(tx, who, slug)
		if err != nil {
			return err
		}
		if !v.related {
			return profile.E(profile.Forbidden, profile.CodeForbidden, "", "not allowed")
		}
		them, err := s.subjectByIDTag(tx, tag)
		if err != nil {
			return err
		}
		if them.ID == v.id {
			return profile.E(profile.Invalid, profile.CodeInvalid, "relationship", "A profile has no relationship with itself.")
		}
		if err := lockAll(tx, v.id, them.ID); err != nil {
			return err
		}
		me, err := tx.Record(v.id)
		if err != nil {
			return err
		}
		if them, err = tx.Record(them.ID); err != nil { // as it is now
			return err
		}
		if err := notBlocked(tx, them.ID, v.id); err != nil {
			return err
		}
		for _, move := range moves {
			changed, err := s.move(tx, who, me, them, move)
			if err != nil {
				return err
			}
			if !changed {
				continue
			}
			if err := tx.Log(s.event(who.Subject, "relationship."+string(move), v.id)); err != nil {
				return err
			}
		}
		out, err = s.identity(tx, v, them)
		return err
	})
	return out, err
}

// move makes one move. What a connection with a community is, its membership
// says.
func (s *Site) move(tx store.Tx, who access.Principal, me, them *store.Record, move Move) (changed bool, err error) {
	if isCommunity(me) || isCommunity(them) {
		return s.joinCommunity(tx, who, me, them, move)
	}
	return s.bind(tx, me.ID, them.ID, move)
}

// viewer is as whom somebody reads: related, where the relationships of that
// profile are the caller's to see.
type viewer struct {
	id        profile.ID
	related   bool
	community bool // it is one, or the caller looks on at one
}

// viewer finds as whom a call is made: the caller, or with a slug that profile,
// where the caller may act for it. To anybody else its relationships are not
// shown (they are nobody's but its own): related is false, and the id is the
// caller's. Errors: NotFound.
func (s *Site) viewer(r store.Reader, who access.Principal, slug string) (viewer, error) {
	me := viewer{id: who.Subject, related: !who.IsNobody()}
	if slug == "" {
		return me, nil
	}
	rec, err := bySlug(r, profile.Slug, slug)
	if err != nil || rec.ID == who.Subject {
		return me, err
	}
	if err := s.mayRelateFor(r, who, rec); err != nil {
		if profile.IsKind(err, profile.Forbidden) || profile.IsKind(err, profile.Unauthenticated) {
			return viewer{id: who.Subject, community: isCommunity(rec)}, nil
		}
		return me, err
	}
	return viewer{id: rec.ID, related: true, community: isCommunity(rec)}, nil
}

// subjectByIDTag reads the profile that an idtag names: NotFound when there is
// none.
func (s *Site) subjectByIDTag(r store.Reader, tag string) (*store.Record, error) {
	rec, err := s.byIDTag(r, tag)
	if err == nil && (!rec.Type.IsSubject() || rec.State == profile.Banned) {
		err = store.ErrNotFound
	}
	return rec, err
}

// notBlocked is NotFound where a profile blocked somebody, to whom it does not
// exist.
func notBlocked(r store.Reader, by, whom profile.ID) error {
	_, err := r.Link(by, store.BlockLink, whom, "")
	if profile.IsKind(err, profile.NotFound) {
		return nil
	}
	if err == nil {
		err = store.ErrNotFound
	}
	return err
}

// reaches is NotFound where a caller turns, by whichever face, to a profile that
// blocked the caller: nothing is offered to it, asked of it, or mailed. What
// they were to each other before, and whom operators turn to, a block does not
// change.
func (s *Site) reaches(r store.Reader, who access.Principal, to profile.ID, field string) error {
	err := notBlocked(r, to, who.Subject)
	if !profile.IsKind(err, profile.NotFound) {
		return err
	}
	is, err := s.relationTo(r, who, nil)
	if err != nil || is.Has(access.Broker) {
		return err
	}
	return profile.E(profile.NotFound, profile.CodeNotFound, field, "Not found.")
}

// RelationCounts is how many links of each kind a profile has, each counted by
// index up to a bound.
type RelationCounts struct {
	Followers, Following, Connected, Pending, Asked, Blocked, Muted Total
}

// relationCounts counts the links of a profile.
func relationCounts(r store.Reader, id profile.ID) (out RelationCounts, err error) {
	for _, c := range []struct {
		into  *Total
		kind  store.LinkKind
		state store.LinkState
		count func(profile.ID, store.LinkKind, string, store.LinkState, int64) (int64, error)
	}{
		{&out.Followers, store.FollowLink, "", r.CountTo}, {&out.Following, store.FollowLink, "", r.CountFrom},
		{&out.Connected, store.ConnectLink, store.LinkActive, r.CountFrom},
		{&out.Pending, store.ConnectLink, store.LinkRequested, r.CountFrom}, {&out.Asked, store.ConnectLink, store.LinkRequested, r.CountTo},
		{&out.Blocked, store.BlockLink, "", r.CountFrom}, {&out.Muted, store.MuteLink, "", r.CountFrom},
	} {
		n, err := c.count(id, c.kind, "", c.state, countLimit+1)
		if err != nil {
			return out, err
		}
		*c.into = totalOf(n)
	}
	return out, nil
}
