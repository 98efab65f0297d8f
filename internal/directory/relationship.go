package directory

import (
	"context"
	"slices"
	"strings"

	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/store"
)

// Relationship is what two profiles are to each other, seen from one of them.
type Relationship struct {
	Following bool // we follow them
	Follower  bool // they follow us
	Connected bool // both agreed
	Pending   bool // we asked and they have not answered
	Asked     bool // they asked and we have not answered
	Blocked   bool // we let nothing of them through
	Muted     bool // we do not show them
}

// Move is a step in a relationship (Cloudillo, "relationship").
type Move string

// The moves.
const (
	Follow     Move = "follow"
	Unfollow   Move = "unfollow"
	Connect    Move = "connect" // asks, or agrees where the other has asked
	Disconnect Move = "disconnect"
	Block      Move = "block" // ends what there is, both ways
	Unblock    Move = "unblock"
	Mute       Move = "mute"
	Unmute     Move = "unmute"
)

// Moves lists them.
var Moves = []Move{Follow, Unfollow, Connect, Disconnect, Block, Unblock, Mute, Unmute}

// The relationship is three kinds of link, each from the one who made it.
// Connected are two who have a connect link each to the other.
var relationKinds = []store.LinkKind{store.FollowLink, store.ConnectLink, store.BlockLink, store.MuteLink}

func (s *Site) relationship(r store.Reader, me, them profile.ID) (Relationship, error) {
	var mine, theirs [4]bool
	for i, kind := range relationKinds {
		var err error
		if mine[i], err = linked(r, me, kind, them); err != nil {
			return Relationship{}, err
		}
		if theirs[i], err = linked(r, them, kind, me); err != nil {
			return Relationship{}, err
		}
	}
	return Relationship{
		Following: mine[0], Follower: theirs[0],
		Connected: mine[1] && theirs[1], Pending: mine[1] && !theirs[1], Asked: theirs[1] && !mine[1],
		Blocked: mine[2], Muted: mine[3],
	}, nil
}

func linked(r store.Reader, src profile.ID, kind store.LinkKind, dst profile.ID) (bool, error) {
	_, err := r.Link(src, kind, dst, "")
	if profile.IsKind(err, profile.NotFound) {
		return false, nil
	}
	return err == nil, err
}

// Relate makes moves, one after the other, from the caller towards a profile. A
// move that is done already is no error. Errors: NotFound (also towards who
// blocked the caller), Invalid with Field "relationship", Conflict for
// following or connecting with whom the caller blocks.
func (s *Site) Relate(ctx context.Context, who access.Principal, tag string, moves ...Move) (Identity, error) {
	if err := access.Allow(access.Relate, who, access.Self); err != nil {
		return Identity{}, err
	}
	for _, move := range moves {
		if !slices.Contains(Moves, move) {
			return Identity{}, profile.E(profile.Invalid, profile.CodeChoice, "relationship", "unknown relationship %q", move)
		}
	}
	var out Identity
	err := s.data.Update(ctx, func(tx store.Tx) error {
		them, err := s.byIDTag(tx, tag)
		if err != nil {
			return err
		}
		me := who.Subject
		if them.ID == me {
			return profile.E(profile.Invalid, profile.CodeInvalid, "relationship", "A profile has no relationship with itself.")
		}
		// both rows, in one order: two moves at once end one after the other
		first, second := me, them.ID
		if strings.Compare(string(second[:]), string(first[:])) < 0 {
			first, second = second, first
		}
		if err := tx.Lock(first); err != nil {
			return err
		}
		if err := tx.Lock(second); err != nil {
			return err
		}
		if them, err = s.visible(tx, who, tag); err != nil { // whom it may have blocked meanwhile
			return err
		}
		for _, move := range moves {
			changed, err := s.move(tx, me, them.ID, move)
			if err != nil {
				return err
			}
			if !changed {
				continue
			}
			if err := tx.Log(s.event(me, "relationship."+string(move), me)); err != nil {
				return err
			}
		}
		out, err = s.identity(tx, me, them)
		return err
	})
	return out, err
}

func (s *Site) move(tx store.Tx, me, them profile.ID, move Move) (changed bool, err error) {
	add := func(kind store.LinkKind) error {
		have, err := linked(tx, me, kind, them)
		if err != nil || have {
			return err
		}
		changed = true
		return tx.AddLink(&store.Link{Src: me, Kind: kind, Dst: them, State: store.LinkActive, Attrs: emptyObject, Created: s.d.now()})
	}
	drop := func(src profile.ID, kind store.LinkKind, dst profile.ID) error {
		have, err := linked(tx, src, kind, dst)
		if err != nil || !have {
			return err
		}
		changed = true
		return tx.DropLink(src, kind, dst, "")
	}
	if move == Follow || move == Connect {
		blocked, err := linked(tx, me, store.BlockLink, them)
		if err != nil {
			return false, err
		}
		if blocked {
			return false, profile.E(profile.Conflict, profile.CodeInvalid, "relationship", "the profile is blocked: unblock it first")
		}
	}
	switch move {
	case Follow:
		err = add(store.FollowLink)
	case Unfollow:
		err = drop(me, store.FollowLink, them)
	case Connect:
		if err = add(store.ConnectLink); err == nil {
			err = add(store.FollowLink)
		}
	case Disconnect:
		if err = drop(me, store.ConnectLink, them); err == nil {
			err = drop(them, store.ConnectLink, me)
		}
	case Block:
		for _, kind := range []store.LinkKind{store.FollowLink, store.ConnectLink} {
			if err = drop(me, kind, them); err != nil {
				return changed, err
			}
			if err = drop(them, kind, me); err != nil {
				return changed, err
			}
		}
		err = add(store.BlockLink)
	case Unblock:
		err = drop(me, store.BlockLink, them)
	case Mute:
		err = add(store.MuteLink)
	case Unmute:
		err = drop(me, store.MuteLink, them)
	}
	return changed, err
}

// Identity is a profile as another one sees it.
type Identity struct {
	Subject
	Relationship
}

func (s *Site) identity(r store.Reader, me profile.ID, rec *store.Record) (Identity, error) {
	p, err := s.subject(r, rec)
	if err != nil {
		return Identity{}, err
	}
	rel, err := s.relationship(r, me, rec.ID)
	return Identity{p, rel}, err
}

// visible reads a profile by idtag, as far as the caller may see it: who
// blocked the caller does not exist.
func (s *Site) visible(r store.Reader, who access.Principal, tag string) (*store.Record, error) {
	rec, err := s.byIDTag(r, tag)
	if err != nil {
		return nil, err
	}
	if !rec.Type.IsSubject() {
		return nil, store.ErrNotFound
	}
	blocked, err := linked(r, rec.ID, store.BlockLink, who.Subject)
	if err != nil {
		return nil, err
	}
	if blocked {
		return nil, store.ErrNotFound
	}
	return rec, nil
}

// Identity reads a profile by idtag.
func (s *Site) Identity(ctx context.Context, who access.Principal, tag string) (Identity, error) {
	if err := access.Allow(access.IdentityRead, who, access.Self); err != nil {
		return Identity{}, err
	}
	var out Identity
	err := s.data.View(ctx, func(r store.Reader) error {
		rec, err := s.visible(r, who, tag)
		if err != nil {
			return err
		}
		out, err = s.identity(r, who.Subject, rec)
		return err
	})
	return out, err
}

// IdentityQuery narrows a list of profiles; the zero value lists all that are
// active, blocked ones left out.
type IdentityQuery struct {
	Types     []profile.Type // none: people, communities and organizations
	Term      string         // in name or idtag
	IDTag     string
	Connected []string // "disconnected", "pending", "connected"
	Following *bool
	Follower  *bool
	Status    []string // "active", "muted", "blocked", "suspended"
	After     Cursor
	Limit     int
}

// Cursor is where the next page of a list begins.
type Cursor struct {
	Sort string
	ID   profile.ID
}

// Identities lists profiles by name. more tells that the list goes on after
// next.
func (s *Site) Identities(ctx context.Context, who access.Principal, q IdentityQuery) (out []Identity, next Cursor, more bool, err error) {
	if err := access.Allow(access.IdentityRead, who, access.Self); err != nil {
		return nil, Cursor{}, false, err
	}
	if strings.ContainsRune(q.Term, 0) {
		return nil, Cursor{}, false, profile.E(profile.Malformed, profile.CodeSyntax, "q", "a text with NUL")
	}
	types := q.Types
	if len(types) == 0 {
		types = []profile.Type{profile.User, profile.Community, profile.Organization}
	}
	// what stands before an @ is in the search text; the rest is looked at after
	term, _, _ := strings.Cut(profile.Fold(q.Term), "@")
	err = s.data.View(ctx, func(r store.Reader) error {
		out, next, more = nil, q.After, false
		if q.IDTag != "" {
			return s.oneIdentity(r, who, q, types, &out)
		}
		for {
			found, err := r.Search(store.SearchQuery{Types: types, Term: term, After: store.Found{ID: next.ID, Sort: next.Sort}, Limit: 200})
			if err != nil {
				return err
			}
			for _, f := range found {
				rec, err := r.Record(f.ID)
				if err != nil {
					return err
				}
				p, ok, err := s.listed(r, who, q, rec)
				if err != nil {
					return err
				}
				if ok && len(out) == q.Limit {
					more = true
					return nil
				}
				next = Cursor{f.Sort, f.ID}
				if ok {
					out = append(out, p)
				}
			}
			if len(found) < 200 {
				return nil
			}
		}
	})
	return out, next, more, err
}

func (s *Site) oneIdentity(r store.Reader, who access.Principal, q IdentityQuery, types []profile.Type, out *[]Identity) error {
	rec, err := s.visible(r, who, q.IDTag)
	if profile.IsKind(err, profile.NotFound) || err == nil && !slices.Contains(types, rec.Type) {
		return nil
	}
	if err != nil {
		return err
	}
	p, ok, err := s.listed(r, who, q, rec)
	if ok {
		*out = append(*out, p)
	}
	return err
}

// listed reports whether a profile belongs on the caller's list.
func (s *Site) listed(r store.Reader, who access.Principal, q IdentityQuery, rec *store.Record) (Identity, bool, error) {
	if blocked, err := linked(r, rec.ID, store.BlockLink, who.Subject); err != nil || blocked {
		return Identity{}, false, err
	}
	p, err := s.identity(r, who.Subject, rec)
	if err != nil {
		return p, false, err
	}
	status := q.Status
	if len(status) == 0 {
		status = []string{"active", "muted"}
	}
	ok := slices.Contains(status, p.Status()) && s.matches(&p.Subject, profile.Fold(q.Term)) &&
		(len(q.Connected) == 0 || slices.Contains(q.Connected, p.Connection())) &&
		(q.Following == nil || *q.Following == p.Following) &&
		(q.Follower == nil || *q.Follower == p.Follower)
	return p, ok, nil
}

// matches reports whether a name or idtag contains a folded term. The search
// looks into e-mails too: nobody's is to be found out by it. What stands after
// the @ of an idtag counts only for a term that has an @, since many share it.
func (s *Site) matches(p *Subject, term string) bool {
	tag := profile.Fold(s.IDTag(p))
	if !strings.Contains(term, "@") {
		tag, _, _ = strings.Cut(tag, "@")
	}
	return strings.Contains(profile.Fold(p.FullName()), term) || strings.Contains(profile.Fold(p.Slug), term) || strings.Contains(tag, term)
}

// Status is how the viewer, or the site, holds a profile: "active", "muted",
// "blocked", "suspended".
func (p *Identity) Status() string {
	switch {
	case p.State != profile.Active:
		return "suspended"
	case p.Blocked:
		return "blocked"
	case p.Muted:
		return "muted"
	default:
		return "active"
	}
}

// Connection is "disconnected", "pending" or "connected".
func (r *Relationship) Connection() string {
	switch {
	case r.Connected:
		return "connected"
	case r.Pending:
		return "pending"
	default:
		return "disconnected"
	}
}
