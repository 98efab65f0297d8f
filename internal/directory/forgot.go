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

// A forgotten password is replaced by who gets the mail with a ref (Cloudillo,
// "Authentication API", forgot-password and set-password).
const (
	ticketForgot  = "forgot" // how often somebody asked
	forgotLife    = 24 * time.Hour
	forgotPerHour = 3
	forgotPerDay  = 5
)

// forgotData is what the ticket of the count knows: when the last mails went.
type forgotData struct {
	At []time.Time `json:"at"`
}

// another notes one more mail; ok is false where there were too many lately.
func (d *forgotData) another(now time.Time) (ok bool) {
	lately, hour := d.At[:0:0], 0
	for _, at := range d.At {
		if now.Sub(at) < forgotLife {
			lately = append(lately, at)
		}
		if now.Sub(at) < time.Hour {
			hour++
		}
	}
	if ok = len(lately) < forgotPerDay && hour < forgotPerHour; ok {
		lately = append(lately, now)
	}
	d.At = lately
	return ok
}

// ForgotPassword mails a person a link by which they choose a new password:
// three an hour, five a day at most, and quietly none beyond. login is an
// e-mail or an idtag, as space says; on the host of an identity, by its slug,
// it is that person's or nobody's. Whether there is such a person does not
// show: what is done for nobody is the same but for the mail.
func (s *Site) ForgotPassword(ctx context.Context, login string, space profile.Space, slug string) error {
	rec, err := s.find(ctx, login, []profile.Space{space})
	if err != nil && !profile.IsKind(err, profile.NotFound) {
		return err
	}
	count := profile.Fold(login)
	var ref Ref
	var p Subject
	if err == nil && rec.Type == profile.User && rec.State == profile.Active && (slug == "" || profile.Fold(slug) == profile.Fold(rec.Name(profile.Slug))) {
		p = subjectOf(rec)
		count = rec.ID.String()
		ref.Subject, ref.Email = rec.ID, p.Text("email")
	}
	now := s.d.now()
	digest := credential.Digest(ticketForgot + " " + count)
	ref.Type, ref.Uses, ref.Expires = RefPassword, 1, now.Add(forgotLife)
	row, err := s.newRef(&ref)
	if err != nil {
		return err
	}
	return s.data.Update(ctx, func(tx store.Tx) error {
		var data forgotData
		asked, err := tx.Ticket(digest)
		if profile.IsKind(err, profile.NotFound) {
			asked = &store.TicketRow{Digest: digest, Subject: ref.Subject, Kind: ticketForgot, Uses: 1}
		} else if err != nil {
			return err
		} else if err := json.Unmarshal(asked.Data, &data); err != nil {
			return err
		}
		if !data.another(now) {
			return nil
		}
		asked.Data, asked.Created, asked.Expires = marshal(data), now, now.Add(forgotLife)
		if err := s.putGrant(tx, asked); err != nil || ref.Email == "" {
			return err
		}
		if err := s.addRef(tx, ref.Subject, row); err != nil {
			return err
		}
		return tx.Enqueue(s.mailJob(ref.Subject, "reset", ref.Email, MailData{
			Recipient: p.FullName(), Link: s.link("/reset-password/" + ref.ID), Expires: ref.Expires,
		}))
	})
}

// badRef is a ref that sets no password, whatever is wrong with it.
func badRef() error {
	return profile.E(profile.Invalid, profile.CodeInvalid, "refId", "Invalid or expired reference")
}

// passwordRef reads a ref by which a person may choose a password now: one that
// was mailed to the address they still have; a welcome only while there is no
// password. Errors: Invalid with Field "refId".
func (s *Site) passwordRef(r store.Reader, id string) (Ref, error) {
	ref, _, err := s.liveRef(r, id, RefPassword, RefWelcome)
	if profile.IsKind(err, profile.NotFound) || profile.IsKind(err, profile.Invalid) {
		return ref, badRef()
	}
	if err != nil {
		return ref, err
	}
	rec, err := r.Record(ref.Subject)
	if profile.IsKind(err, profile.NotFound) {
		return ref, badRef()
	}
	if err == nil && !mayChoose(ref, rec) {
		err = badRef()
	}
	return ref, err
}

func mayChoose(ref Ref, rec *store.Record) bool {
	have := textAt(rec.Attrs, "email")
	switch {
	case rec.Type != profile.User || rec.State != profile.Active:
		return false
	case have != "" && ref.Email != "" && profile.FoldEmail(ref.Email) != profile.FoldEmail(have):
		return false
	case ref.Type == RefPassword:
		return have != "" || ref.Email == ""
	}
	return rec.Password == ""
}

// SetPasswordByRef gives a person the password they chose, and signs them in.
// All their sessions end, and so do other links to choose one. Who had no
// password begins anew: somebody else may have registered with their address,
// so API keys and a phone to sign in by go too. A welcome is not
// used up: CompleteOnboarding does that. Who uses one-time passwords gives one.
// Errors: Invalid with Field "refId"; those of the password with Field
// "newPassword"; Unauthenticated with Field "otp_code"; Limited.
func (s *Site) SetPasswordByRef(ctx context.Context, id, password, otp string, use TokenUse) (SignIn, error) {
	var ref Ref
	err := s.data.View(ctx, func(r store.Reader) (err error) {
		ref, err = s.passwordRef(r, id)
		return err
	})
	if err != nil {
		return SignIn{}, err
	}
	rec, err := s.data.GetID(ctx, ref.Subject)
	if err != nil {
		return SignIn{}, err
	}
	if err := s.refuseOldPassword(ctx, rec, "newPassword", password); err != nil {
		return SignIn{}, err
	}
	if err := s.secondFactor(ctx, rec.ID, otp); err != nil {
		return SignIn{}, err
	}
	hash, err := s.hashPassword(ctx, "newPassword", password)
	if err != nil {
		return SignIn{}, err
	}
	rec, err = s.change(ctx, rec.ID, s.event(rec.ID, "user.password", rec.ID), nil, func(old *store.Record) (step, error) {
		if !mayChoose(ref, old) {
			return step{}, badRef()
		}
		st, err := s.adoptEmail(ctx, old, &ref)
		if err != nil {
			return step{}, err
		}
		st.rec.Password, st.rec.Updated = credential.Kind(hash), s.d.now()
		st.paths = append(st.paths, passwordSecret)
		first := old.Password == ""
		if first {
			setName(st.rec, profile.Phone, "")
		}
		st.with = func(tx store.Tx) error {
			if err := s.usePasswordRef(tx, id, old); err != nil {
				return err
			}
			if first {
				if err := s.dropKeys(tx, old.ID); err != nil {
					return err
				}
			}
			if err := s.endEnrolment(tx, old.ID); err != nil {
				return err
			}
			if err := s.putPassword(tx, st.rec, hash); err != nil || old.Password == "" {
				return err
			}
			return s.tellPassword(tx, old, "has a new password")
		}
		return st, nil
	})
	if err != nil {
		return SignIn{}, err
	}
	if err := s.ensureMember(ctx, rec); err != nil {
		return SignIn{}, err
	}
	return s.begin(ctx, rec, []byte(hash), use)
}

// usePasswordRef uses a ref to choose a password up, where one use is all.
func (s *Site) usePasswordRef(tx store.Tx, id string, old *store.Record) error {
	ref, _, err := s.liveRef(tx, id, RefPassword, RefWelcome)
	if err == nil && ref.Type == RefPassword {
		_, err = s.spendRef(tx, old.ID, id, RefPassword)
	}
	if profile.IsKind(err, profile.NotFound) || profile.IsKind(err, profile.Invalid) {
		err = badRef()
	}
	return err
}

// CompleteOnboarding uses a welcome up, once the person has chosen a password
// and seen what there is to see. Where the e-mail is not theirs yet, it is then;
// a welcome of before never brings it back. Doing it again is no error. Errors: NotFound;
// Invalid with Field "refId" for another ref, and for one whose time is over.
func (s *Site) CompleteOnboarding(ctx context.Context, id string) error {
	var ref Ref
	waits := false
	err := s.data.Update(ctx, func(tx store.Tx) (err error) {
		ref, _, err = s.findRef(tx, id)
		if err == nil && (ref.Type != RefWelcome || ref.Uses != 0) {
			if ref, err = s.spendRef(tx, profile.ID{}, id, RefWelcome); err == nil {
				err = tx.Log(s.event(ref.Subject, "user.onboarded", ref.Subject))
			}
		}
		if err != nil {
			return err
		}
		in, found, err := s.enrolment(tx, ref.Subject)
		waits = found && in.Ref == credential.Digest(id)
		return err
	})
	if err != nil || !waits {
		return err
	}
	return s.confirmEmail(ctx, ref)
}

// ReplacePassword gives the caller a new password for the present one. All
// their other sessions end. Errors: Forbidden for an API key;
// Unauthenticated/CodePassword with Field "password"; Invalid with Field
// "newPassword", also for the same password; Limited.
func (s *Site) ReplacePassword(ctx context.Context, who access.Principal, current, password string) error {
	rec, use, err := s.toProve(ctx, who, UserKey{ID: who.Subject}, Proof{Password: current})
	if err != nil {
		return err
	}
	if password == current {
		return profile.E(profile.Invalid, profile.CodeConstraint, "newPassword", "New password must differ from the current one")
	}
	if err := s.refuseOldPassword(ctx, rec, "newPassword", password); err != nil {
		return err
	}
	hash, err := s.hashPassword(ctx, "newPassword", password)
	if err != nil {
		return err
	}
	return s.changePassword(ctx, who, rec.ID, hash, "has a new password", who.Session, use)
}
