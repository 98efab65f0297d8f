package directory

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"facet/internal/access"
	"facet/internal/credential"
	"facet/internal/profile"
	"facet/internal/store"
)

// RoleRequest is which profile a user wants to be somebody on: one by slug,
// else by e-mail.
type RoleRequest struct {
	Slug, Email string
	Message     string
	Force       bool // make an organization for an e-mail that nobody has, and invite it
}

// RequestRole asks for a role on a profile for a user; role "" leaves its type
// to who accepts. A role that is held stays; an invitation that fits is
// accepted. made is false where the user was somebody there before. Errors:
// NotFound, with Field "slug" or "email" for the profile, "role" for the type;
// Forbidden; Missing with Field "email".
func (s *Site) RequestRole(ctx context.Context, who access.Principal, username, role string, to RoleRequest) (out Role, made bool, err error) {
	if to.Slug == "" && to.Email == "" {
		if to.Force {
			return out, false, noAddress()
		}
		return out, false, profile.E(profile.Missing, profile.CodeRequired, "slug", "This field is required.")
	}
	if to.Email != "" {
		if err := checkEmail(to.Email); err != nil {
			return out, false, err
		}
	}
	var newcomer *store.Record
	if to.Force && to.Email != "" {
		name := to.Slug
		if name == "" {
			name = localPart(to.Email)
		}
		if newcomer, err = s.newSubject(ctx, profile.Organization, who.Subject, []Set{{"displayName", &name}, {"email", &to.Email}}); err != nil {
			return out, false, err
		}
	}
	key, request := credential.NewHexKey(), credential.NewHexKey()
	err = s.data.Update(ctx, func(tx store.Tx) error {
		user, err := s.userFor(tx, access.AccessibleWrite, who, username)
		if err != nil {
			return err
		}
		on, err := s.wanted(tx, to)
		if profile.IsKind(err, profile.NotFound) && to.Force {
			if on, err = newcomer, noAddress(); on != nil {
				err = s.createAsked(tx, who, on, to, user, key)
			}
		}
		if err != nil {
			return err
		}
		rs := s.rolesIn(tx, who)
		var t *RoleType
		if role != "" {
			if t, err = rs.types.asked(on, role); err != nil {
				return err
			}
		}
		var l *store.Link
		if l, made, err = s.requestRole(tx, who, user, on, t, to.Message, request); err != nil {
			return err
		}
		out, err = rs.of(l, user, on)
		return err
	})
	return out, made, err
}

// wanted finds the profile that a request is for, by slug, else by e-mail.
func (s *Site) wanted(r store.Reader, to RoleRequest) (*store.Record, error) {
	if to.Slug == "" {
		return s.grantee(r, Grantee{Email: to.Email})
	}
	on, err := s.grantee(r, Grantee{Slug: to.Slug})
	if profile.IsKind(err, profile.NotFound) && to.Email != "" {
		if other, otherErr := s.grantee(r, Grantee{Email: to.Email}); !profile.IsKind(otherErr, profile.NotFound) {
			return other, otherErr
		}
	}
	return on, err
}

// requestRole changes what a user is on a profile by the user's will.
func (s *Site) requestRole(tx store.Tx, who access.Principal, user, on *store.Record, t *RoleType, message, request string) (l *store.Link, made bool, err error) {
	if err := lockRole(tx, user, on); err != nil {
		return nil, false, err
	}
	err = notBlocked(tx, on.ID, user.ID)
	if profile.IsKind(err, profile.NotFound) {
		err = profile.E(profile.NotFound, profile.CodeNotFound, "slug", "Profile %q does not exist.", on.Name(profile.Slug))
	}
	if err != nil {
		return nil, false, err
	}
	held, err := linkAt(tx, user.ID, on.ID, roleHeld)
	if err != nil {
		return nil, false, err
	}
	if held != nil && (t == nil || t.Slug == held.Tag) {
		if held.State == store.LinkInvited && who.Subject == user.ID {
			err = s.acceptRole(tx, who, held, false)
		}
		return held, false, err
	}
	if held == nil && isCommunity(on) && runBy(on.Extras).ConnectionMode == ConnectNever {
		return nil, false, invitedOnly()
	}
	asked, err := linkAt(tx, user.ID, on.ID, roleAsked)
	if err != nil {
		return nil, false, err
	}
	if held == nil && asked == nil {
		if err := s.reaches(tx, who, on.ID, "slug"); err != nil {
			return nil, false, err
		}
	}
	l = &store.Link{
		Src: user.ID, Kind: store.RoleLink, Dst: on.ID, Key: roleAsked, State: store.LinkRequested, Created: s.d.now(),
		Attrs: marshal(roleAttrs{Request: request}),
	}
	if t != nil {
		l.Tag = t.Slug
	}
	if asked != nil && asked.Tag == l.Tag {
		return asked, false, nil
	}
	if err := tx.DropLink(l.Src, l.Kind, l.Dst, l.Key); err != nil {
		return nil, false, err
	}
	if err := tx.AddLink(l); err != nil {
		return nil, false, err
	}
	if err := tx.Log(s.event(who.Subject, "role.requested", on.ID)); err != nil {
		return nil, false, err
	}
	return l, held == nil && asked == nil, s.tellOfRequest(tx, who, user, on, t, message)
}

// tellOfRequest mails a profile that somebody wants a role on it.
func (s *Site) tellOfRequest(tx store.Tx, who access.Principal, user, on *store.Record, t *RoleType, message string) error {
	if err := s.spend(tx, who, inviteQuota); err != nil {
		return err
	}
	what := "a role"
	if t != nil {
		what = "the role " + t.Title
	}
	asks := fullName(user) + " (" + user.Name(profile.Slug) + ") asks for " + what + " on " + fullName(on) + "."
	subject := fullName(user) + " asks for " + what + " on " + fullName(on)
	return s.notice(tx, NoticeRoleRequested, on, user.ID, subject, strings.TrimSpace(message+"\n\n"+asks))
}

// createAsked makes the organization of a forced request. Who has its e-mail
// manages it; where nobody has, whoever gets the mail may.
func (s *Site) createAsked(tx store.Tx, who access.Principal, rec *store.Record, to RoleRequest, user *store.Record, key string) error {
	if to.Slug != "" {
		if err := checkSlug(to.Slug); err != nil {
			return err
		}
	}
	if err := s.spend(tx, who, s.Policy().profileQuota()); err != nil {
		return err
	}
	base := slugFrom(textAt(rec.Attrs, "displayName"))
	if err := s.createSlugged(tx, rec, to.Slug, base, s.event(who.Subject, "organization.created", rec.ID)); err != nil {
		return err
	}
	manager, err := tx.ByName(profile.ID{}, profile.Email, emailName(to.Email))
	if err == nil && manager.ID != user.ID {
		l := roleLink(manager.ID, rec.ID, RoleManager, s.d.now())
		l.Attrs = marshal(roleAttrs{Unasked: true})
		return tx.AddLink(l)
	}
	if err == nil || !profile.IsKind(err, profile.NotFound) {
		return err
	}
	ticket := s.newTicket(rec.ID, ticketInvitation, key, ticketData{Email: to.Email})
	if err := tx.PutTicket(ticket); err != nil {
		return err
	}
	return tx.Enqueue(s.mailJob(rec.ID, "invitation", to.Email, MailData{
		Recipient: textAt(rec.Attrs, "displayName"), Inviter: fullName(user), What: "to manage " + fullName(rec),
		Text: to.Message, Link: s.link("/api/auth/" + key), Expires: ticket.Expires,
	}))
}

// ResendRequest mails a request once more. sent is false for a role that does
// not wait for its profile. Errors are those of Accessible.
func (s *Site) ResendRequest(ctx context.Context, who access.Principal, username, role, slug string) (out Role, sent bool, err error) {
	err = s.data.Update(ctx, func(tx store.Tx) error {
		l, user, on, err := s.accessibleFor(tx, access.AccessibleWrite, who, username, role, slug)
		if err != nil {
			return err
		}
		rs := s.rolesIn(tx, who)
		if sent = l.State == store.LinkRequested; sent {
			t, err := rs.types.of(on, l.Tag)
			if err != nil {
				return err
			}
			if err := tx.Log(s.event(who.Subject, "role.resent", on.ID)); err != nil {
				return err
			}
			if err := s.tellOfRequest(tx, who, user, on, t, ""); err != nil {
				return err
			}
		}
		out, err = rs.of(l, user, on)
		return err
	})
	return out, sent, err
}

// AcceptRole accepts an invitation by its key, for the user who calls. It works
// for the person it names, who may also show the fingerprint that lists give,
// and, where it was mailed to an address, for who proved to have that address.
// Errors: Forbidden for anybody else's account; NotFound with Field "role";
// Conflict with Field "role" when the user is somebody on the profile already.
func (s *Site) AcceptRole(ctx context.Context, who access.Principal, username, key string) (out Role, err error) {
	// What is to be locked is found before the transaction: there, reading the
	// key would lock it too early.
	var to profile.ID
	err = s.data.View(ctx, func(r store.Reader) error {
		user, err := s.userFor(r, access.AccessibleAccept, who, username)
		if err != nil {
			return err
		}
		if !IsTicketKey(key) {
			return noRole()
		}
		to, err = invitedTo(r, user.ID, key)
		return err
	})
	if err != nil {
		return out, err
	}
	err = s.data.Update(ctx, func(tx store.Tx) error {
		user, err := s.userFor(tx, access.AccessibleAccept, who, username)
		if err != nil {
			return err
		}
		if err := lockInvited(tx, user, to); err != nil {
			return err
		}
		l, err := invitationOf(tx, user.ID, key)
		if err != nil {
			return err
		}
		var on *store.Record
		if l == nil {
			l, on, err = s.mailedRole(tx, user, key)
		} else {
			on, err = tx.Record(l.Dst)
		}
		if profile.IsKind(err, profile.NotFound) { // erased, and not swept yet
			err = noRole()
		}
		if err != nil {
			return err
		}
		if err := s.acceptRole(tx, who, l, false); err != nil {
			return err
		}
		out, err = s.rolesIn(tx, who).of(l, user, on)
		return err
	})
	return out, err
}

// lockInvited locks a user and, where it is a community, the profile that it is
// invited to; zero: none.
func lockInvited(tx store.Tx, user *store.Record, to profile.ID) error {
	if to.IsZero() {
		return tx.Lock(user.ID)
	}
	on, err := tx.Record(to)
	if profile.IsKind(err, profile.NotFound) {
		return tx.Lock(user.ID)
	}
	if err != nil {
		return err
	}
	return lockRole(tx, user, on)
}

// invitedTo tells which profile an invitation by a key is to; zero: none.
func invitedTo(r store.Reader, user profile.ID, key string) (profile.ID, error) {
	l, err := invitationOf(r, user, key)
	if err != nil {
		return profile.ID{}, err
	}
	if l != nil {
		return l.Dst, nil
	}
	row, err := r.Ticket(credential.Digest(key))
	if profile.IsKind(err, profile.NotFound) {
		return profile.ID{}, nil
	}
	if err != nil {
		return profile.ID{}, err
	}
	var data ticketData
	err = json.Unmarshal(row.Data, &data)
	return data.On, err
}

// invitationOf finds the invitation of a user that a key, or its fingerprint,
// is for; nil when there is none.
func invitationOf(r store.Reader, user profile.ID, key string) (found *store.Link, err error) {
	prints := []string{key, fingerprint(key)}
	err = eachRole(r, user, func(l *store.Link) error {
		if l.State != store.LinkInvited {
			return nil
		}
		a, err := attrsOf(l)
		if err == nil && a.Grant != "" && slices.Contains(prints, a.Grant[:len(key)]) {
			found = l
		}
		return err
	})
	return found, err
}

// mailedRole makes the role that somebody else was invited to, at an e-mail
// address that the user proved to have, the user's.
func (s *Site) mailedRole(tx store.Tx, user *store.Record, key string) (*store.Link, *store.Record, error) {
	digest := credential.Digest(key)
	row, err := tx.Ticket(digest)
	if profile.IsKind(err, profile.NotFound) {
		return nil, nil, noRole()
	}
	if err != nil {
		return nil, nil, err
	}
	var data ticketData
	if err := json.Unmarshal(row.Data, &data); err != nil {
		return nil, nil, err
	}
	proved := provedEmail(user)
	if data.On.IsZero() || !row.Expires.After(s.d.now()) || proved == "" || profile.FoldEmail(data.Email) != proved {
		return nil, nil, noRole()
	}
	theirs, err := linkAt(tx, row.Subject, data.On, roleHeld)
	if err != nil {
		return nil, nil, err
	}
	if theirs == nil || theirs.State != store.LinkInvited {
		return nil, nil, noRole()
	}
	a, err := attrsOf(theirs)
	if err != nil {
		return nil, nil, err
	}
	if a.Grant != digest {
		return nil, nil, noRole()
	}
	on, err := tx.Record(data.On)
	if err != nil {
		return nil, nil, err
	}
	mine, err := linkAt(tx, user.ID, on.ID, roleHeld)
	if err != nil {
		return nil, nil, err
	}
	if mine != nil && mine.State == store.LinkActive {
		return nil, nil, s.heldAlready(tx, on, mine.Tag, theirs.Tag)
	}
	if mine != nil { // an invitation of one's own gives way
		if err := endRole(tx, mine); err != nil {
			return nil, nil, err
		}
	}
	if err := tx.DropLink(theirs.Src, theirs.Kind, theirs.Dst, theirs.Key); err != nil {
		return nil, nil, err
	}
	own := *theirs
	own.Src = user.ID
	return &own, on, putRole(tx, nil, &own)
}

// heldAlready refuses a second role on a profile.
func (s *Site) heldAlready(r store.Reader, on *store.Record, have, want string) error {
	titles := []string{have, want}
	for i, slug := range titles {
		t, err := s.roleTypesIn(r, access.Principal{}).of(on, slug)
		if err != nil {
			return err
		}
		if t != nil {
			titles[i] = t.Title
		}
	}
	return profile.E(profile.Conflict, profile.CodeInvalid, "role",
		"You already have a %s role on %s. Please drop this role first if you want to accept a role of %s instead.", titles[0], fullName(on), titles[1])
}

// acceptRole makes an invitation an active role, unasked where the user did not say
// so; its key is worthless then.
func (s *Site) acceptRole(tx store.Tx, who access.Principal, l *store.Link, unasked bool) error {
	a, err := attrsOf(l)
	if err != nil {
		return err
	}
	if err := dropKey(tx, a); err != nil {
		return err
	}
	a.Grant, a.Unasked = "", unasked
	l.State, l.Attrs = store.LinkActive, marshal(a)
	if err := tx.SetLink(l); err != nil {
		return err
	}
	if err := settleOwner(tx, l); err != nil {
		return err
	}
	return tx.Log(s.event(who.Subject, "role.accepted", l.Dst))
}
