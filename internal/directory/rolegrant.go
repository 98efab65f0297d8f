package directory

import (
	"context"
	"encoding/json"
	"strings"

	"facet/internal/access"
	"facet/internal/credential"
	"facet/internal/profile"
	"facet/internal/store"
)

// RoleGrantee is whom a role is granted to: a user by user name, else by
// e-mail.
type RoleGrantee struct {
	Slug, Email, FullName string
	Message               string
	Extra                 json.RawMessage
	Force                 bool // make a user for an e-mail that nobody has, and invite it
}

// GrantRole offers a user a role on a profile, accepts the user's request, or
// changes the role there is (made is false then). The user has to accept, but
// where the type says otherwise, the user asked, or the user is the caller.
// Errors: NotFound, with Field "role" for the type and "user" for the user;
// Forbidden; Missing with Field "email"; Conflict/CodeLastManager.
func (s *Site) GrantRole(ctx context.Context, who access.Principal, slug, role string, to RoleGrantee) (out Role, made bool, err error) {
	if to.Slug == "" && to.Email == "" {
		if to.Force {
			return out, false, noUserAddress()
		}
		return out, false, profile.E(profile.Missing, profile.CodeRequired, "slug", "This field is required.")
	}
	if to.Email != "" {
		if err := checkEmail(to.Email); err != nil {
			return out, false, err
		}
	}
	// What a forced grant may need is drawn up before the transaction.
	var newcomer *store.Record
	if to.Force && to.Email != "" {
		if newcomer, err = s.draftPerson(ctx, who, to.FullName, to.Email); err != nil {
			return out, false, err
		}
	}
	key := credential.NewHexKey()
	err = s.data.Update(ctx, func(tx store.Tx) error {
		on, err := s.profileFor(tx, access.RoleWrite, who, slug)
		if err != nil {
			return err
		}
		rs := s.rolesIn(tx, who)
		t, err := rs.types.asked(on, role)
		if err != nil {
			return err
		}
		user, err := s.roleGrantee(tx, to)
		if profile.IsKind(err, profile.NotFound) && to.Force {
			if user, err = newcomer, noUserAddress(); user != nil {
				err = s.createSlugged(tx, user, "", slugFrom(localPart(to.Email)), s.event(who.Subject, "user.created", user.ID))
			}
		}
		if err != nil {
			return err
		}
		var l *store.Link
		if l, made, err = s.grantRole(tx, who, user, on, t, to, key); err != nil {
			return err
		}
		out, err = rs.of(l, user, on)
		return err
	})
	return out, made, err
}

// draftPerson drafts a user whom nobody can sign in as yet.
func (s *Site) draftPerson(ctx context.Context, who access.Principal, fullName, email string) (*store.Record, error) {
	name := strings.TrimSpace(fullName)
	if name == "" {
		name = localPart(email)
	}
	return s.newSubject(ctx, profile.User, who.Subject, append(nameSets(profile.User, profile.PersonName{}.WithWhole(name)), Set{"email", &email}))
}

func noUserAddress() error {
	return profile.E(profile.Missing, profile.CodeRequired, "email", "We cannot invite a user without an e-mail address.")
}

// roleGrantee finds a user by user name, else by e-mail: NotFound with Field
// "user".
func (s *Site) roleGrantee(r store.Reader, to RoleGrantee) (*store.Record, error) {
	var missed []string
	if to.Slug != "" {
		rec, err := bySlug(r, profile.Slug, to.Slug)
		if err == nil && rec.Type == profile.User {
			return rec, nil
		}
		if err != nil && !profile.IsKind(err, profile.NotFound) {
			return nil, err
		}
		missed = append(missed, "username "+to.Slug)
	}
	if to.Email != "" {
		rec, err := r.ByName(profile.ID{}, profile.Email, emailName(to.Email))
		if err == nil && rec.Type == profile.User {
			return rec, nil
		}
		if err != nil && !profile.IsKind(err, profile.NotFound) {
			return nil, err
		}
		missed = append(missed, "email "+to.Email)
	}
	return nil, profile.E(profile.NotFound, profile.CodeNotFound, "user", "Cannot find %s", strings.Join(missed, " or "))
}

// grantRole changes what a user is on a profile by the profile's will. made is
// false where there was a role, an invitation or a request before.
func (s *Site) grantRole(tx store.Tx, who access.Principal, user, on *store.Record, t *RoleType, to RoleGrantee, key string) (l *store.Link, made bool, err error) {
	if err := lockRole(tx, user, on); err != nil {
		return nil, false, err
	}
	held, err := linkAt(tx, user.ID, on.ID, roleHeld)
	if err != nil {
		return nil, false, err
	}
	if err := s.mayRank(tx, who, on, user, held, t.Slug); err != nil {
		return nil, false, err
	}
	asked, err := linkAt(tx, user.ID, on.ID, roleAsked)
	if err != nil {
		return nil, false, err
	}
	if held == nil && asked == nil {
		if err := s.reaches(tx, who, user.ID, "user"); err != nil {
			return nil, false, err
		}
	}
	l = &store.Link{Src: user.ID, Kind: store.RoleLink, Dst: on.ID, Key: roleHeld, Created: s.d.now()}
	var a roleAttrs
	if held != nil {
		own := *held
		l = &own
		if a, err = attrsOf(held); err != nil {
			return nil, false, err
		}
	}
	if to.Extra != nil {
		if a.Extra = to.Extra; string(to.Extra) == "null" {
			a.Extra = nil
		}
	}
	if held != nil && t.Slug != held.Tag {
		if err := s.keepManager(tx, who, held, user, on); err != nil {
			return nil, false, err
		}
	}
	l.Tag, a.Implicit = t.Slug, false
	wasActive := held != nil && held.State == store.LinkActive
	agreed := asked != nil || who.Subject == user.ID
	atOnce := user.ID == on.ID && t.Slug == RoleManager || t.SkipOptin && user.Password != ""
	if wasActive || agreed || atOnce {
		if err := dropKey(tx, a); err != nil {
			return nil, false, err
		}
		a.Grant, a.Unasked = "", !agreed && (a.Unasked || !wasActive)
		l.State, l.Attrs = store.LinkActive, marshal(a)
	} else if err := s.invite(tx, l, user, a, key); err != nil {
		return nil, false, err
	}
	if wasActive && asked == nil && l.Tag == held.Tag && string(l.Attrs) == string(held.Attrs) {
		return l, false, nil
	}
	if asked != nil {
		if err := tx.DropLink(user.ID, store.RoleLink, on.ID, roleAsked); err != nil {
			return nil, false, err
		}
	}
	if err := putRole(tx, held, l); err != nil {
		return nil, false, err
	}
	if err := settleOwner(tx, l); err != nil {
		return nil, false, err
	}
	if err := s.spend(tx, who, inviteQuota); err != nil {
		return nil, false, err
	}
	if err := tx.Log(s.event(who.Subject, "role.granted", on.ID)); err != nil {
		return nil, false, err
	}
	return l, held == nil && asked == nil, s.tellOfRole(tx, who, l, user, on, t, to.Message, key)
}

// inviteQuota is that of invitations, requests and grants: each may be a mail
// to somebody else.
var inviteQuota = quota{"invitations", 60, 2000}

// tellOfRole mails a user what became of a grant: the key to accept it with,
// or that the role is there (DjaoApp, "Inviting users").
func (s *Site) tellOfRole(tx store.Tx, who access.Principal, l *store.Link, user, on *store.Record, t *RoleType, message, key string) error {
	email := textAt(user.Attrs, "email")
	if email == "" || who.Subject == user.ID {
		return nil
	}
	what := "the role " + t.Title + " of " + fullName(on)
	if l.State == store.LinkInvited && user.Password == "" {
		return tx.Enqueue(s.mailJob(user.ID, "invitation", email, MailData{
			Recipient: textAt(user.Attrs, "displayName"), Inviter: fullName(on), What: what, Text: message,
			Link: s.link("/api/auth/" + key), Expires: s.d.now().Add(ticketLife),
		}))
	}
	subject, note := "you have "+what, "You have "+what+"."
	if l.State == store.LinkInvited {
		subject = fullName(on) + " offers you " + what
		note = "The role is yours when you accept it with this key: " + key
	}
	return s.notice(tx, NoticeRoleGranted, user, user.ID, subject, strings.TrimSpace(message+"\n\n"+note))
}

// fullName is what people call a subject.
func fullName(rec *store.Record) string {
	return personName(rec.Attrs).Whole(rec.Name(profile.Slug))
}

// ResendGrant mails an invitation once more, with a new key in place of the old
// one: keys are not kept. sent is false for a role that waits for nobody.
// Errors are those of Role.
func (s *Site) ResendGrant(ctx context.Context, who access.Principal, slug, role, username string) (out Role, sent bool, err error) {
	key := credential.NewHexKey()
	err = s.data.Update(ctx, func(tx store.Tx) error {
		l, user, on, err := s.roleToChange(tx, who, slug, role, username)
		if err != nil {
			return err
		}
		if sent = l.State == store.LinkInvited; sent {
			if err := s.resend(tx, who, l, user, on, key); err != nil {
				return err
			}
		}
		out, err = s.rolesIn(tx, who).of(l, user, on)
		return err
	})
	return out, sent, err
}

func (s *Site) resend(tx store.Tx, who access.Principal, l *store.Link, user, on *store.Record, key string) error {
	if err := s.mayRank(tx, who, on, user, l, l.Tag); err != nil {
		return err
	}
	t, err := s.roleTypesIn(tx, access.Principal{}).of(on, l.Tag)
	if err != nil {
		return err
	}
	if t == nil { // the type is gone, its roles are about to be
		return noRole()
	}
	a, err := attrsOf(l)
	if err != nil {
		return err
	}
	if err := s.invite(tx, l, user, a, key); err != nil {
		return err
	}
	if err := tx.SetLink(l); err != nil {
		return err
	}
	if err := s.spend(tx, who, inviteQuota); err != nil {
		return err
	}
	if err := tx.Log(s.event(who.Subject, "role.resent", on.ID)); err != nil {
		return err
	}
	return s.tellOfRole(tx, who, l, user, on, t, "", key)
}
