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

// An enrolment is what a person who registered an identity has yet to do: show
// that they read the e-mail they gave. Until then it is not theirs, in no face,
// so that nobody holds, or learns of, the address of another. Who registered
// under a domain of the server activates the identity first and is welcomed
// then; who brought a domain is welcomed at once (Cloudillo, IDP API). It is
// kept as a secret, which goes with the person.
const enrolmentSecret = "enrolment"

// How long what is mailed to who registers can be used.
const (
	welcomeLife    = 30 * 24 * time.Hour
	activationLife = 7 * 24 * time.Hour
)

type enrolment struct {
	Email   string    `json:"email"`
	Hosted  bool      `json:"hosted,omitempty"`
	Ref     string    `json:"ref,omitempty"` // digest of the one that works; "": none was mailed
	Expires time.Time `json:"expires"`
}

// newEnrolled is an enrolment with the ref that ends it.
type newEnrolled struct {
	enrolment
	key string
	row *store.TicketRow
}

// newEnrolment works out what is mailed to who registers.
func (s *Site) newEnrolment(subject profile.ID, email string, hosted bool) (newEnrolled, error) {
	ref := Ref{Type: RefWelcome, Subject: subject, Email: email, Uses: 1, Expires: s.d.now().Add(welcomeLife)}
	if hosted {
		ref.Type, ref.Expires = RefActivation, s.d.now().Add(activationLife)
	}
	row, err := s.newRef(&ref)
	return newEnrolled{enrolment{Email: email, Hosted: hosted, Expires: ref.Expires}, ref.ID, row}, err
}

// enrol keeps an enrolment in place of the one before, and mails its key, or,
// where the address is somebody else's, word of it to them.
func (s *Site) enrol(tx store.Tx, rec *store.Record, in newEnrolled) error {
	old, found, err := s.enrolment(tx, rec.ID)
	if err != nil {
		return err
	}
	if found && old.Ref != "" {
		if err := tx.DropTicket(old.Ref); err != nil {
			return err
		}
	}
	owner, err := tx.ByName(profile.ID{}, profile.Email, emailName(in.Email))
	switch {
	case err == nil && owner.ID != rec.ID:
		if err := s.tellOwner(tx, owner, rec); err != nil {
			return err
		}
	case err == nil || profile.IsKind(err, profile.NotFound):
		if err := s.addRef(tx, rec.ID, in.row); err != nil {
			return err
		}
		in.Ref = in.row.Digest
		if err := s.mailStranger(tx, s.enrolMail(rec, in), in.Email); err != nil {
			return err
		}
	default:
		return err
	}
	return tx.PutSecret(&store.Secret{Subject: rec.ID, Kind: enrolmentSecret, Data: marshal(in.enrolment), Created: in.row.Created})
}

// enrolMail is the mail with the key of an enrolment. It goes where somebody
// typed, and so says nothing that they can write at will, such as a name.
func (s *Site) enrolMail(rec *store.Record, in newEnrolled) store.Job {
	p := subjectOf(rec)
	template, data := "welcome", MailData{Recipient: s.IDTag(&p), What: s.IDTag(&p), Link: s.link("/onboarding/" + in.key), Expires: in.Expires}
	if RefType(in.row.Kind) == RefActivation {
		template, data.What, data.Link = "verify", "", s.link("/idp/activate/"+in.key)
	}
	return s.mailJob(rec.ID, template, in.Email, data)
}

// tellOwner mails the owner of an address that somebody else registered with.
func (s *Site) tellOwner(tx store.Tx, owner, rec *store.Record) error {
	if owner.State != profile.Active {
		return nil
	}
	email, p, who := textAt(owner.Attrs, "email"), subjectOf(rec), subjectOf(owner)
	return s.mailStranger(tx, s.mailJob(owner.ID, "notice", email, MailData{Recipient: who.FullName(), Subject: "your e-mail address was used to register",
		Text: "somebody registered " + s.IDTag(&p) + " with this address, which is that of your account " + s.IDTag(&who) +
			". If it was you, sign in to that account; if you forgot its password, have a new one sent. If it was not you, you need not do anything: nobody gets into your account by this, and the address stays yours."}), email)
}

// How often an address gets mail because somebody typed it.
const (
	ticketMailed = "mailed"
	mailedADay   = 5
)

// mailStranger enqueues a mail that goes where somebody typed, unless the
// address has got as many within a day as it gets. Nobody is told.
func (s *Site) mailStranger(tx store.Tx, job store.Job, address string) error {
	digest := credential.Digest(ticketMailed + " " + profile.FoldEmail(address))
	row, err := tx.Ticket(digest)
	if err != nil && !profile.IsKind(err, profile.NotFound) {
		return err
	}
	if now := s.d.now(); err != nil || !row.Expires.After(now) {
		row = &store.TicketRow{Digest: digest, Kind: ticketMailed, Data: emptyObject, Uses: mailedADay, Created: now, Expires: now.Add(24 * time.Hour)}
		if err := tx.Enqueue(s.expiryJob(row)); err != nil {
			return err
		}
	}
	if row.Uses == 0 {
		return nil
	}
	row.Uses--
	if err := tx.PutTicket(row); err != nil {
		return err
	}
	return tx.Enqueue(job)
}

// enrolment reads what a person has yet to do; found is false for nothing.
func (s *Site) enrolment(r store.Reader, subject profile.ID) (out enrolment, found bool, err error) {
	row, err := r.Secret(subject, enrolmentSecret, "")
	if profile.IsKind(err, profile.NotFound) {
		return out, false, nil
	}
	if err != nil {
		return out, false, err
	}
	return out, true, json.Unmarshal(row.Data, &out)
}

// adoptEmail works out the record of who showed, by a ref that was mailed, that
// they read the e-mail they registered with. Who has another by now keeps that.
func (s *Site) adoptEmail(ctx context.Context, old *store.Record, ref *Ref) (step, error) {
	have := textAt(old.Attrs, "email")
	if ref.Email == "" || have != "" && profile.FoldEmail(have) != profile.FoldEmail(ref.Email) {
		rec := *old
		return step{rec: &rec}, nil
	}
	edit := Edit{}
	if have == "" {
		edit.Sets = []Set{{"email", &ref.Email}}
	}
	st, err := s.edit(ctx, old, edit)
	if err == nil && provedEmail(st.rec) == "" {
		proveEmail(st.rec)
		st.paths = append(st.paths, extraProved)
	}
	return st, err
}

// confirmEmail makes the e-mail that a ref was mailed to that of the person
// whose ref it is, and ends the enrolment; a second time it does nothing. It is
// for who uses the key: that shows that they read what is sent there. Errors:
// Taken with Field "email" when another took it meanwhile.
func (s *Site) confirmEmail(ctx context.Context, ref Ref) error {
	if _, err := s.change(ctx, ref.Subject, s.event(ref.Subject, "user.email.proved", ref.Subject), nil, func(old *store.Record) (step, error) {
		return s.adoptEmail(ctx, old, &ref)
	}); err != nil {
		return err
	}
	return s.data.Update(ctx, func(tx store.Tx) error { return s.endEnrolment(tx, ref.Subject) })
}

// endEnrolment forgets an enrolment, and the activation that was mailed.
func (s *Site) endEnrolment(tx store.Tx, subject profile.ID) error {
	in, found, err := s.enrolment(tx, subject)
	if err != nil || !found {
		return err
	}
	if in.Hosted && in.Ref != "" {
		if err := tx.DropTicket(in.Ref); err != nil {
			return err
		}
	}
	return tx.DropSecret(subject, enrolmentSecret, "")
}

// Enrolment is how far somebody is who registered an identity.
type Enrolment struct {
	Pending bool      // the identity is hosted here, and waits to be activated
	Email   string    // that was given
	Expires time.Time // when what was mailed there ends; zero: nothing is waited for
}

// Enrolment reads how far the caller is.
func (s *Site) Enrolment(ctx context.Context, who access.Principal) (out Enrolment, err error) {
	if err := access.Allow(access.SelfRead, who, access.Self); err != nil {
		return out, err
	}
	err = s.data.View(ctx, func(r store.Reader) error {
		rec, err := r.Record(who.Subject)
		if err != nil {
			return err
		}
		out, err = s.enrolmentOf(r, rec)
		return err
	})
	return out, err
}

// EnrolmentByRef reads how far the person is whom a welcome or an activation was
// mailed to, for who has its key; without the e-mail. Errors: NotFound, Invalid
// with Field "token" for other refs.
func (s *Site) EnrolmentByRef(ctx context.Context, id string) (out Enrolment, err error) {
	err = s.data.View(ctx, func(r store.Reader) error {
		ref, _, err := s.findRef(r, id)
		if err != nil {
			return err
		}
		if ref.Type != RefWelcome && ref.Type != RefActivation {
			return profile.E(profile.Invalid, profile.CodeInvalid, "token", "Invalid ref type: %s", ref.Type)
		}
		rec, err := r.Record(ref.Subject)
		if err != nil {
			return err
		}
		out, err = s.enrolmentOf(r, rec)
		out.Email = ""
		return err
	})
	return out, err
}

func (s *Site) enrolmentOf(r store.Reader, rec *store.Record) (Enrolment, error) {
	in, found, err := s.enrolment(r, rec.ID)
	if err != nil || !found {
		return Enrolment{Email: textAt(rec.Attrs, "email")}, err
	}
	return Enrolment{Pending: in.Hosted, Email: in.Email, Expires: in.Expires}, nil
}

// enrolQuota bounds how often a person has the mail sent again.
var enrolQuota = quota{"activation mails", 2, 10}

// EnrolAgain mails who registered once more, with a new key; the old one works
// no longer. It gives when the new one ends. Errors: Conflict for who has
// nothing to wait for, Limited.
func (s *Site) EnrolAgain(ctx context.Context, who access.Principal) (time.Time, error) {
	if err := access.Allow(access.SelfWrite, who, access.Self); err != nil {
		return time.Time{}, err
	}
	var was enrolment
	found := false
	err := s.data.View(ctx, func(r store.Reader) (err error) {
		was, found, err = s.enrolment(r, who.Subject)
		return err
	})
	if err != nil {
		return time.Time{}, err
	}
	active := profile.E(profile.Conflict, profile.CodeInvalid, "", "the identity is active already")
	if !found {
		return time.Time{}, active
	}
	next, err := s.newEnrolment(who.Subject, was.Email, was.Hosted)
	if err != nil {
		return time.Time{}, err
	}
	return next.Expires, s.data.Update(ctx, func(tx store.Tx) error {
		if err := s.spend(tx, who, enrolQuota); err != nil {
			return err
		}
		if _, found, err := s.enrolment(tx, who.Subject); err != nil || !found {
			return joinErr(err, active)
		}
		rec, err := tx.Record(who.Subject)
		if err != nil {
			return err
		}
		return s.enrol(tx, rec, next)
	})
}

// ActivateIdentity ends the enrolment of who registered under a domain of the server,
// by the key that was mailed: the e-mail is theirs, and they are welcomed
// there. Errors: those of liveRef; Taken with Field "email"; Forbidden for a
// disabled person.
func (s *Site) ActivateIdentity(ctx context.Context, id string) (Subject, error) {
	var ref Ref
	err := s.data.View(ctx, func(r store.Reader) (err error) {
		ref, _, err = s.liveRef(r, id, RefActivation)
		return err
	})
	if err != nil {
		return Subject{}, err
	}
	welcome, err := s.newEnrolment(ref.Subject, ref.Email, false)
	if err != nil {
		return Subject{}, err
	}
	rec, err := s.change(ctx, ref.Subject, s.event(ref.Subject, "user.activated", ref.Subject), nil, func(old *store.Record) (step, error) {
		if old.State != profile.Active {
			return step{}, profile.E(profile.Forbidden, profile.CodeDisabled, "", "the account is disabled")
		}
		st, err := s.adoptEmail(ctx, old, &ref)
		if err != nil {
			return step{}, err
		}
		st.rec.Updated = s.d.now()
		st.paths = append(st.paths, enrolmentSecret)
		st.with = func(tx store.Tx) error {
			if _, err := s.spendRef(tx, ref.Subject, id, RefActivation); err != nil {
				return err
			}
			if err := tx.DropSecret(ref.Subject, enrolmentSecret, ""); err != nil {
				return err
			}
			if st.rec.Password != "" { // chosen in another way meanwhile
				return nil
			}
			if err := s.addRef(tx, ref.Subject, welcome.row); err != nil {
				return err
			}
			return tx.Enqueue(s.enrolMail(st.rec, welcome)) // to who reads there: no stranger
		}
		return st, nil
	})
	if err != nil {
		return Subject{}, err
	}
	return subjectOf(rec), nil
}
