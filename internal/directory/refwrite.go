package directory

import (
	"context"
	"slices"
	"strings"
	"time"

	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/store"
)

// refQuota bounds the refs that one person makes for files.
var refQuota = quota{"refs", 60, 1000}

// CreateRef makes a ref: for a file that is the caller's by whoever owns it,
// for registering and for communities by operators. The other types are made
// by what mails them. Errors: Forbidden; NotFound with Field "resourceId" for
// what is not the caller's file; Invalid as newRef has it; Limited.
func (s *Site) CreateRef(ctx context.Context, who access.Principal, ref Ref) (Ref, error) {
	if err := access.Admit(access.RefWrite, who); err != nil {
		return Ref{}, err
	}
	ref.ID, ref.Subject, ref.By, ref.Email = "", profile.ID{}, who.Subject, ""
	if ref.Type == RefFile {
		ref.Subject = who.Subject
	} else if err := s.operator(ctx, access.RefAdmin, who); err != nil {
		return Ref{}, err
	}
	switch {
	case !IsRefType(ref.Type):
	case ref.Type == RefFile && ref.ResourceID == "":
		return Ref{}, profile.E(profile.Missing, profile.CodeRequired, "resourceId", "resourceId is required")
	case ref.Type.mailed():
		return Ref{}, profile.E(profile.Invalid, profile.CodeInvalid, "type", "refs of type %s are made by the server", ref.Type)
	}
	row, err := s.newRef(&ref)
	if err != nil {
		return Ref{}, err
	}
	err = s.data.Update(ctx, func(tx store.Tx) error {
		if ref.Type == RefFile {
			rec, err := tx.Record(who.Subject)
			if err == nil && !showsFile(rec, ref.ResourceID) {
				err = profile.E(profile.NotFound, profile.CodeNotFound, "resourceId", "there is no such file")
			}
			if err == nil {
				err = s.spend(tx, who, refQuota)
			}
			if err != nil {
				return err
			}
		}
		return s.addRef(tx, who.Subject, row)
	})
	return ref, err
}

// showsFile reports whether a file is one of a profile's own: its picture or
// its cover.
func showsFile(rec *store.Record, id string) bool {
	key, ok := fileKey(id)
	if !ok {
		return false
	}
	p := subjectOf(rec)
	return slices.ContainsFunc([]string{p.Picture(), p.Cover()}, func(at string) bool {
		return at != "" && at[strings.LastIndexByte(at, '/')+1:] == key
	})
}

// Ref reads a ref by its key. Whose it is, and for the site's an operator, sees
// all of it; everybody else its type. Errors: NotFound.
func (s *Site) Ref(ctx context.Context, who access.Principal, id string) (out Ref, whole bool, err error) {
	err = s.data.View(ctx, func(r store.Reader) error {
		ref, _, err := s.findRef(r, id)
		if err != nil {
			return err
		}
		if whole, err = s.holdsRef(r, who, &ref); err != nil {
			return err
		}
		if out = (Ref{ID: ref.ID, Type: ref.Type}); whole {
			out = ref
			return s.nameFor(r, &out)
		}
		return nil
	})
	return out, whole, err
}

// holdsRef reports whether a ref is the caller's to see and change.
func (s *Site) holdsRef(r store.Reader, who access.Principal, ref *Ref) (bool, error) {
	switch {
	case who.IsNobody() || access.Admit(access.RefWrite, who) != nil:
		return false, nil
	case !ref.Subject.IsZero():
		return ref.Subject == who.Subject, nil
	}
	is, err := s.relationTo(r, who, nil)
	return err == nil && access.Allow(access.RefAdmin, who, is) == nil, err
}

// RefEdit is what is changed of a ref; nil leaves a thing as it is.
type RefEdit struct {
	Description *string
	Expires     *time.Time // the zero time: never
	Uses        *int64     // that are left; below zero: any number
	AccessLevel *string    // "" is read
}

// EditRef changes a ref for a file or for registering. One that is used up
// stays so. Tokens of before another time or level stop. Errors: NotFound, also for what is somebody else's; Missing when
// nothing is changed; Invalid with Field "type", and as newRef has it.
func (s *Site) EditRef(ctx context.Context, who access.Principal, id string, in RefEdit) (out Ref, err error) {
	if err := access.Admit(access.RefWrite, who); err != nil {
		return out, err
	}
	err = s.data.Update(ctx, func(tx store.Tx) error {
		ref, err := s.lockRef(tx, who, id)
		switch {
		case err != nil:
			return err
		case ref.Type != RefFile && ref.Type != RefRegister:
			return profile.E(profile.Invalid, profile.CodeInvalid, "type", "refs of type %s are not changed", ref.Type)
		case in == (RefEdit{}):
			return profile.E(profile.Missing, profile.CodeRequired, "", "there is nothing to change")
		case ref.Uses == 0:
			return profile.E(profile.Invalid, profile.CodeInvalid, "count", "Ref has already been used")
		case in.Expires != nil && !in.Expires.IsZero() && !in.Expires.After(s.d.now()):
			return overAlready()
		}
		for _, set := range []struct {
			to   *string
			from *string
		}{{&ref.Description, in.Description}, {&ref.AccessLevel, in.AccessLevel}} {
			if set.from != nil {
				*set.to = *set.from
			}
		}
		if in.Uses != nil {
			ref.Uses = *in.Uses
		}
		if in.Expires != nil {
			ref.Expires = *in.Expires
		}
		if ref.ResourceID != "" && ref.AccessLevel == "" {
			ref.AccessLevel = AccessLevels[0]
		}
		row, err := s.refRow(&ref)
		if err != nil {
			return err
		}
		if in.Expires != nil {
			if err := s.endRef(tx, row); err != nil {
				return err
			}
		}
		if err := tx.PutTicket(row); err != nil {
			return err
		}
		if in.Expires != nil || in.AccessLevel != nil {
			if err := endRefTokens(tx, ref); err != nil {
				return err
			}
		}
		out = ref
		return tx.Log(s.event(who.Subject, "ref.updated", ref.Subject))
	})
	return out, err
}

// DropRef deletes a ref: it, and the tokens that came of it, work no longer. Errors: NotFound, also for what is
// somebody else's.
func (s *Site) DropRef(ctx context.Context, who access.Principal, id string) error {
	if err := access.Admit(access.RefWrite, who); err != nil {
		return err
	}
	return s.data.Update(ctx, func(tx store.Tx) error {
		ref, err := s.lockRef(tx, who, id)
		if err != nil {
			return err
		}
		_, row, err := s.findRef(tx, id)
		if err != nil {
			return err
		}
		if err := tx.DropTicket(row.Digest); err != nil {
			return err
		}
		if err := endRefTokens(tx, ref); err != nil {
			return err
		}
		return tx.Log(s.event(who.Subject, "ref.deleted", ref.Subject))
	})
}

// lockRef reads a ref that is the caller's to change, and keeps it from being
// spent meanwhile.
func (s *Site) lockRef(tx store.Tx, who access.Principal, id string) (Ref, error) {
	ref, _, err := s.findRef(tx, id)
	if err != nil {
		return ref, err
	}
	if ok, err := s.holdsRef(tx, who, &ref); err != nil || !ok {
		return ref, joinErr(err, profile.E(profile.NotFound, profile.CodeNotFound, "token", "unknown ref"))
	}
	if err := s.lockHolder(tx, &ref); err != nil {
		return ref, err
	}
	ref, _, err = s.findRef(tx, id)
	return ref, err
}

// CommunityInvite is a ref by which one person may make a community.
type CommunityInvite struct {
	Ref    Ref
	Target string // idtag
	Link   string // where the person uses it
}

// MayAdministerRefs says whether the caller may make the site's refs, for faces
// that have to refuse before they read what is asked: nil or Forbidden.
func (s *Site) MayAdministerRefs(ctx context.Context, who access.Principal) error {
	return s.operator(ctx, access.RefAdmin, who)
}

// InviteCommunity lets a person make a community, and mails it to them. Errors:
// Forbidden for who is no operator; NotFound with Field "targetIdTag" for whom
// there is not, and for what is no person; Invalid with Field "message".
func (s *Site) InviteCommunity(ctx context.Context, who access.Principal, target, message string, life time.Duration) (out CommunityInvite, err error) {
	if err := s.operator(ctx, access.RefAdmin, who); err != nil {
		return out, err
	}
	if len(message) > maxRefText {
		return out, profile.E(profile.Invalid, profile.CodeInvalid, "message", "message is too long (max %d)", maxRefText)
	}
	var rec, from *store.Record
	err = s.data.View(ctx, func(r store.Reader) (err error) {
		if from, err = r.Record(who.Subject); err != nil {
			return err
		}
		rec, err = s.byIDTag(r, target)
		if err == nil && (rec.Type != profile.User || rec.State != profile.Active) || profile.IsKind(err, profile.NotFound) {
			err = profile.E(profile.NotFound, profile.CodeNotFound, "targetIdTag", "there is no such person")
		}
		return err
	})
	if err != nil {
		return out, err
	}
	ref := Ref{Type: RefInvite, By: who.Subject, For: rec.ID, Description: message, Uses: 1, Expires: s.d.now().Add(life)}
	row, err := s.newRef(&ref)
	if err != nil {
		return out, err
	}
	p, by := subjectOf(rec), subjectOf(from)
	out = CommunityInvite{Ref: ref, Target: s.IDTag(&p), Link: s.link("/~/communities/create?invite=" + ref.ID)}
	return out, s.data.Update(ctx, func(tx store.Tx) error {
		if err := s.addRef(tx, who.Subject, row); err != nil {
			return err
		}
		email := textAt(rec.Attrs, "email")
		if email == "" {
			return nil
		}
		return tx.Enqueue(s.mailJob(rec.ID, "invitation", email, MailData{
			Recipient: p.FullName(), Inviter: by.FullName(), What: "a community of your own", Text: message, Link: out.Link, Expires: ref.Expires,
		}))
	})
}
