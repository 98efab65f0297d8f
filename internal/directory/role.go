package directory

import (
	"context"
	"encoding/json"
	"time"

	"facet/internal/access"
	"facet/internal/credential"
	"facet/internal/profile"
	"facet/internal/store"
)

// A user has at most one role on a profile, or an invitation to one, and may
// beside it have asked for one: two links of one kind, told apart by their
// keys. So a request never touches the role that is held (DjaoApp API
// reference, Roles).
const (
	roleHeld  = ""        // active or invited
	roleAsked = "request" // requested
)

// Role is what a user is, is offered to be, or wants to be on a profile.
type Role struct {
	User    Subject
	Profile Subject
	Type    *RoleType // nil: a request for whatever role
	State   RoleState // active, invited, requested
	Created time.Time
	Grant   string // while the user has to accept: a fingerprint of the key, not the key
	Request string // while the profile has to accept
	Extra   []byte // any JSON that the profile's people keep with a role; nil: none
	Private bool   // the user did not agree to be here, or it is a community: e-mail and phone are not for the profile's people
}

// roleAttrs is what a role link carries beside its tag, the slug of its type.
type roleAttrs struct {
	Unasked  bool            `json:"unasked,omitempty"`  // active without the user's consent
	Implicit bool            `json:"implicit,omitempty"` // offered by the site, for the user's e-mail
	Grant    string          `json:"grant,omitempty"`    // digest of the invitation's key
	Request  string          `json:"request,omitempty"`
	Extra    json.RawMessage `json:"extra,omitempty"`
}

func attrsOf(l *store.Link) (a roleAttrs, err error) {
	if len(l.Attrs) > 0 {
		err = json.Unmarshal(l.Attrs, &a)
	}
	return a, err
}

// roles makes Roles of links.
type roles struct {
	s     *Site
	r     store.Reader
	types *roleTypes
}

func (s *Site) rolesIn(r store.Reader, who access.Principal) *roles {
	return &roles{s, r, s.roleTypesIn(r, who)}
}

// of reads a link, whose attributes are there, as the role of a user on a
// profile.
func (rs *roles) of(l *store.Link, user, on *store.Record) (Role, error) {
	a, err := attrsOf(l)
	if err != nil {
		return Role{}, err
	}
	out := Role{State: l.State, Created: l.Created, Request: a.Request, Extra: a.Extra}
	if a.Grant != "" {
		out.Grant = a.Grant[:len(fingerprint(""))]
	}
	if out.User, err = rs.s.subject(rs.r, user); err != nil {
		return out, err
	}
	if out.Profile, err = rs.s.subject(rs.r, on); err != nil {
		return out, err
	}
	if l.Tag != "" {
		if out.Type, err = rs.types.of(on, l.Tag); err != nil {
			return out, err
		}
	}
	agreed := l.State == store.LinkRequested || l.State == store.LinkActive && !a.Unasked
	out.Private = (!agreed || isCommunity(on)) && user.Password != ""
	return out, nil
}

// linkAt reads one of the two links of a user on a profile, nil when it is not
// there.
func linkAt(r store.Reader, user, on profile.ID, key string) (*store.Link, error) {
	l, err := r.Link(user, store.RoleLink, on, key)
	if profile.IsKind(err, profile.NotFound) || err == nil && l.State == store.LinkEnded {
		return nil, nil
	}
	return l, err
}

// putRole writes the role that a user holds in place of old, which is nil when
// there is none but perhaps the trace of one that was turned down.
func putRole(tx store.Tx, old, l *store.Link) error {
	if old != nil {
		return tx.SetLink(l)
	}
	if err := tx.DropLink(l.Src, l.Kind, l.Dst, l.Key); err != nil {
		return err
	}
	return tx.AddLink(l)
}

func noRole() error {
	return profile.E(profile.NotFound, profile.CodeNotFound, "role", "No Role matches the given query.")
}

// pickRole finds the role of a user on a profile that a path names by its type:
// the one held, else the request, which may be for any type.
func (rs *roles) pickRole(user, on *store.Record, word string) (*store.Link, error) {
	t, err := rs.types.asked(on, word)
	if err != nil {
		return nil, err
	}
	for _, key := range []string{roleHeld, roleAsked} {
		l, err := linkAt(rs.r, user.ID, on.ID, key)
		if err != nil {
			return nil, err
		}
		if l != nil && (l.Tag == t.Slug || l.Tag == "") {
			return l, nil
		}
	}
	return nil, noRole()
}

// roleFor reads the role that a path of the profile's side names, for a caller
// who may do perm.
func (s *Site) roleFor(r store.Reader, perm access.Permission, who access.Principal, slug, role, username string) (l *store.Link, user, on *store.Record, err error) {
	if on, err = s.profileFor(r, perm, who, slug); err != nil {
		return nil, nil, nil, err
	}
	if user, err = userNamed(r, username); err != nil {
		return nil, nil, nil, err
	}
	l, err = s.rolesIn(r, who).pickRole(user, on, role)
	return l, user, on, err
}

// roleToChange is roleFor for a change: what the role lies between is locked
// before it is read.
func (s *Site) roleToChange(tx store.Tx, who access.Principal, slug, role, username string) (l *store.Link, user, on *store.Record, err error) {
	if on, err = s.profileFor(tx, access.RoleWrite, who, slug); err != nil {
		return nil, nil, nil, err
	}
	if user, err = userNamed(tx, username); err != nil {
		return nil, nil, nil, err
	}
	if err = lockRole(tx, user, on); err != nil {
		return nil, nil, nil, err
	}
	return s.roleFor(tx, access.RoleWrite, who, slug, role, username)
}

// userNamed finds the user that a role is of: NotFound with Field "role".
func userNamed(r store.Reader, username string) (*store.Record, error) {
	user, err := bySlug(r, profile.Slug, username)
	if profile.IsKind(err, profile.NotFound) || err == nil && user.Type != profile.User {
		return nil, noRole()
	}
	return user, err
}

// accessibleFor is roleFor from the user's side.
func (s *Site) accessibleFor(r store.Reader, perm access.Permission, who access.Principal, username, role, slug string) (l *store.Link, user, on *store.Record, err error) {
	if user, err = s.userFor(r, perm, who, username); err != nil {
		return nil, nil, nil, err
	}
	if on, err = bySlug(r, profile.Slug, slug); profile.IsKind(err, profile.NotFound) || err == nil && !on.Type.IsSubject() {
		return nil, nil, nil, noRole()
	}
	if err != nil {
		return nil, nil, nil, err
	}
	l, err = s.rolesIn(r, who).pickRole(user, on, role)
	return l, user, on, err
}

// Role reads the role of a user on a profile. Errors: NotFound, with Field
// "role" for the role or its type; Forbidden.
func (s *Site) Role(ctx context.Context, who access.Principal, slug, role, username string) (out Role, err error) {
	err = s.data.View(ctx, func(r store.Reader) error {
		l, user, on, err := s.roleFor(r, access.RoleRead, who, slug, role, username)
		if err != nil {
			return err
		}
		out, err = s.rolesIn(r, who).of(l, user, on)
		return err
	})
	return out, err
}

// Accessible is Role from the user's side.
func (s *Site) Accessible(ctx context.Context, who access.Principal, username, role, slug string) (out Role, err error) {
	err = s.data.View(ctx, func(r store.Reader) error {
		l, user, on, err := s.accessibleFor(r, access.AccessibleRead, who, username, role, slug)
		if err != nil {
			return err
		}
		out, err = s.rolesIn(r, who).of(l, user, on)
		return err
	})
	return out, err
}

// EditRole keeps any JSON with a role; null clears, nil leaves it. Errors are
// those of Role.
func (s *Site) EditRole(ctx context.Context, who access.Principal, slug, role, username string, extra json.RawMessage) (out Role, err error) {
	err = s.data.Update(ctx, func(tx store.Tx) error {
		l, user, on, err := s.roleToChange(tx, who, slug, role, username)
		if err != nil {
			return err
		}
		if extra != nil {
			if err := s.mayRank(tx, who, on, user, l, l.Tag); err != nil {
				return err
			}
			if l.Attrs, err = withExtra(l, extra); err != nil {
				return err
			}
			if err := tx.SetLink(l); err != nil {
				return err
			}
			if err := tx.Log(s.event(who.Subject, "role.updated", on.ID, "extra")); err != nil {
				return err
			}
		}
		out, err = s.rolesIn(tx, who).of(l, user, on)
		return err
	})
	return out, err
}

// withExtra gives a link's attributes with another extra; null clears it.
func withExtra(l *store.Link, extra json.RawMessage) ([]byte, error) {
	a, err := attrsOf(l)
	if err != nil {
		return nil, err
	}
	if a.Extra = extra; string(extra) == "null" {
		a.Extra = nil
	}
	return marshal(a), nil
}

// RemoveRole ends what a user is on a profile, whatever the type: it takes the
// role, denies the request, takes back the invitation. Where there is a request
// beside the role that is held, the type of the request names it alone. Errors:
// NotFound, with Field "role" where there is nothing; Forbidden;
// Conflict/CodeLastManager.
func (s *Site) RemoveRole(ctx context.Context, who access.Principal, slug, role, username string) error {
	return s.data.Update(ctx, func(tx store.Tx) error {
		on, err := s.profileFor(tx, access.RoleWrite, who, slug)
		if err != nil {
			return err
		}
		user, err := userNamed(tx, username)
		if err != nil {
			return err
		}
		return s.dropRole(tx, who, user, on, role)
	})
}

// LeaveProfile is RemoveRole from the user's side: the user leaves, takes the
// request back, or declines the invitation.
func (s *Site) LeaveProfile(ctx context.Context, who access.Principal, username, role, slug string) error {
	return s.data.Update(ctx, func(tx store.Tx) error {
		user, err := s.userFor(tx, access.AccessibleWrite, who, username)
		if err != nil {
			return err
		}
		on, err := bySlug(tx, profile.Slug, slug)
		if profile.IsKind(err, profile.NotFound) {
			return noRole()
		}
		if err != nil {
			return err
		}
		return s.dropRole(tx, who, user, on, role)
	})
}

func (s *Site) dropRole(tx store.Tx, who access.Principal, user, on *store.Record, word string) error {
	if err := lockRole(tx, user, on); err != nil {
		return err
	}
	held, err := linkAt(tx, user.ID, on.ID, roleHeld)
	if err != nil {
		return err
	}
	if err := s.mayRank(tx, who, on, user, held, ""); err != nil {
		return err
	}
	asked, err := linkAt(tx, user.ID, on.ID, roleAsked)
	if err != nil {
		return err
	}
	if held == nil && asked == nil {
		return noRole()
	}
	if held != nil && asked != nil {
		named, err := s.rolesIn(tx, who).pickRole(user, on, word)
		if err != nil && !profile.IsKind(err, profile.NotFound) {
			return err
		}
		if err == nil && named.Key == roleAsked {
			held = nil
		}
	}
	if held != nil {
		if err := s.keepManager(tx, who, held, user, on); err != nil {
			return err
		}
		if err := endRole(tx, held); err != nil {
			return err
		}
	}
	if asked != nil {
		if err := tx.DropLink(user.ID, store.RoleLink, on.ID, roleAsked); err != nil {
			return err
		}
	}
	return tx.Log(s.event(who.Subject, "role.removed", on.ID))
}

// endRole deletes the role that is held, or offered. Of one that the site
// offered by itself a trace stays: it is not offered again.
func endRole(tx store.Tx, held *store.Link) error {
	a, err := attrsOf(held)
	if err != nil {
		return err
	}
	if err := dropKey(tx, a); err != nil {
		return err
	}
	if !a.Implicit {
		return tx.DropLink(held.Src, held.Kind, held.Dst, held.Key)
	}
	held.State, held.Tag, held.Attrs = store.LinkEnded, "", emptyObject
	return tx.SetLink(held)
}

// dropKey makes the key of an invitation worthless.
func dropKey(tx store.Tx, a roleAttrs) error {
	if a.Grant == "" {
		return nil
	}
	return tx.DropTicket(a.Grant)
}

// keepManager refuses to end, or lower, the role of the last manager of the
// broker, of the one owner of a community, and, for others who manage it, of a
// person on the own personal profile.
func (s *Site) keepManager(tx store.Tx, who access.Principal, held *store.Link, user, on *store.Record) error {
	if held.State != store.LinkActive || held.Tag != RoleManager {
		return nil
	}
	if user.ID == on.ID {
		return s.allowUser(tx, access.UserWrite, who, user)
	}
	if on.ID == s.Policy().Broker {
		err := s.keepBroker(tx, user, "removed")
		if profile.IsCode(err, profile.CodeLastManager) {
			return profile.E(profile.Conflict, profile.CodeLastManager, "", "The last manager of the organization that owns the site keeps the role.")
		}
		return err
	}
	owner, err := ownerOf(tx, on.ID)
	if owner != nil && owner.ID == user.ID {
		return profile.E(profile.Conflict, profile.CodeLastManager, "", "The owner of a community keeps the role.")
	}
	return err
}

// invite gives a link that waits for its user a key of its own, in place of an
// older one, and keeps what the key proves: whose it is, and to which e-mail it
// was sent.
func (s *Site) invite(tx store.Tx, l *store.Link, user *store.Record, a roleAttrs, key string) error {
	if err := dropKey(tx, a); err != nil {
		return err
	}
	kind := ticketRole
	if user.Password == "" { // the same key makes the account
		kind = ticketInvitation
	}
	a.Grant = credential.Digest(key)
	l.State, l.Attrs = store.LinkInvited, marshal(a)
	return tx.PutTicket(s.newTicket(user.ID, kind, key, ticketData{Email: textAt(user.Attrs, "email"), On: l.Dst}))
}
