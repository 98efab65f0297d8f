package directory

import (
	"context"

	"facet/internal/access"
	"facet/internal/credential"
	"facet/internal/profile"
	"facet/internal/store"
)

// UserEdit is a change of a user's account.
type UserEdit struct {
	Edit             // a new e-mail is a Set of "email", a new phone one of "mobileNumber"
	EmailCode string // that was sent to the e-mail there will be
	PhoneCode string // that was sent to the phone
}

// EditUser changes the account of a user whom an id or a user name names. An e-mail or phone that changes is not
// proven any more, unless the code that was sent there comes with it; a phone
// that is proven is a name to sign in with. The e-mail there was is told. See
// maySignInBy for who may change e-mail, phone and user name. Errors: NotFound, Forbidden, Invalid/CodeOneTime with Field "email_code" or
// "phone_code", Limited, those of the fields.
func (s *Site) EditUser(ctx context.Context, who access.Principal, user UserKey, in UserEdit) (Subject, error) {
	var rec *store.Record
	err := s.data.View(ctx, func(r store.Reader) (err error) {
		rec, err = s.userKeyed(r, access.UserWrite, who, user)
		return err
	})
	if err != nil {
		return Subject{}, err
	}
	if in.Slug != nil {
		if err := checkSlug(*in.Slug); err != nil {
			return Subject{}, err
		}
	}
	email, phone := textAt(rec.Attrs, "email"), textAt(rec.Attrs, "mobileNumber")
	for _, set := range in.Sets {
		switch {
		case set.Value == nil:
		case set.Path == "email":
			if err := checkEmail(*set.Value); err != nil {
				return Subject{}, err
			}
			email = *set.Value
		case set.Path == "mobileNumber":
			phone = *set.Value
		}
	}
	account := NewAccount{Email: email, Phone: phone, EmailCode: in.EmailCode, PhoneCode: in.PhoneCode}
	if account.codes, err = s.tryNewCodes(ctx, account); err != nil {
		return Subject{}, err
	}
	check := func(tx store.Tx, old *store.Record) error { return s.allowUser(tx, access.UserWrite, who, old) }
	rec, err = s.change(ctx, rec.ID, s.event(who.Subject, "profile.updated", rec.ID), check, func(old *store.Record) (step, error) {
		st, err := s.edit(ctx, old, in.Edit)
		if err != nil {
			return step{}, err
		}
		account.setPhone(st.rec)
		if account.EmailCode != "" {
			proveEmail(st.rec)
		}
		if len(account.codes) > 0 {
			st.paths = append(st.paths, extraProved)
		}
		st.with = func(tx store.Tx) error { return s.useCodes(tx, old.ID, account.codes) }
		return s.guarded(who, old, st), nil
	})
	if err != nil {
		return Subject{}, err
	}
	out := subjectOf(rec)
	err = s.data.View(ctx, func(r store.Reader) (err error) {
		out.Personal, err = isPersonal(r, rec.ID)
		return err
	})
	return out, err
}

// EraseUser erases a user, by id or user name, and the personal profile with it: they are one.
// Errors: NotFound, Forbidden, Conflict/CodeLastManager.
func (s *Site) EraseUser(ctx context.Context, who access.Principal, user UserKey) error {
	return s.data.Update(ctx, func(tx store.Tx) error {
		rec, err := s.userKeyed(tx, access.UserErase, who, user)
		if err != nil {
			return err
		}
		return s.erase(tx, who.Subject, rec)
	})
}

// SetPassword gives a user, by id or user name, a new password; the caller proves who they are with
// secrets of their own. All sessions of the user end. Errors: NotFound,
// Forbidden, those of the proof, those of the password with Field "password".
func (s *Site) SetPassword(ctx context.Context, who access.Principal, user UserKey, password string, p Proof) error {
	rec, use, err := s.toProve(ctx, who, user, p)
	if err != nil {
		return err
	}
	if err := s.refuseOldPassword(ctx, rec, "new_password", password); err != nil {
		return err
	}
	hash, err := s.hashPassword(ctx, "new_password", password)
	if err != nil {
		return err
	}
	return s.changePassword(ctx, who, rec.ID, hash, "has a new password", profile.ID{}, use)
}

// ClearPassword takes a user's password away: until another is set, the user
// signs in with codes. All sessions of the user end.
func (s *Site) ClearPassword(ctx context.Context, who access.Principal, user string) error {
	rec, err := s.userNamed(ctx, access.UserSecret, who, user)
	if err != nil {
		return err
	}
	return s.changePassword(ctx, who, rec.ID, "", "has no password any more", profile.ID{}, noCodes)
}

// changePassword writes a hash, "" for none, and tells the user. All sessions of
// the user end, but keep, which must still live where it is one.
func (s *Site) changePassword(ctx context.Context, who access.Principal, user profile.ID, hash, what string, keep profile.ID, use func(store.Tx) error) error {
	check := func(tx store.Tx, old *store.Record) error { return s.allowUser(tx, access.UserSecret, who, old) }
	_, err := s.change(ctx, user, s.event(who.Subject, "user.password", user), check, func(old *store.Record) (step, error) {
		rec := *old
		rec.Password, rec.Updated = "", s.d.now()
		if hash != "" {
			rec.Password = credential.Kind(hash)
		}
		return step{rec: &rec, paths: []string{passwordSecret}, with: func(tx store.Tx) error {
			if err := use(tx); err != nil {
				return err
			}
			if err := s.putPasswordKeeping(tx, &rec, hash, keep); err != nil {
				return err
			}
			return s.tellPassword(tx, old, what)
		}}, nil
	})
	return err
}

// putPasswordKeeping is putPassword for a change after which a session of the
// user goes on. Errors: Unauthenticated when it has ended.
func (s *Site) putPasswordKeeping(tx store.Tx, rec *store.Record, hash string, keep profile.ID) error {
	if keep.IsZero() {
		return s.putPassword(tx, rec, hash)
	}
	row, err := s.liveSession(tx, rec.ID, keep)
	if err != nil {
		return err
	}
	if err := s.putPassword(tx, rec, hash); err != nil {
		return err
	}
	return tx.PutSession(row)
}

// tellPassword mails a user that the password is another.
func (s *Site) tellPassword(tx store.Tx, rec *store.Record, what string) error {
	email := textAt(rec.Attrs, "email")
	if email == "" {
		return nil
	}
	p := subjectOf(rec)
	return tx.Enqueue(s.mailJob(rec.ID, "notice", email, MailData{Recipient: p.FullName(), Subject: "your password was changed",
		Text: "your account " + p.Slug + " " + what + ". If it was not you who changed it, please tell us."}))
}

const activationTries = "activation"

// Activate mails a user who has no password yet the key to choose one. Errors:
// NotFound, Forbidden; Conflict for a user who has one, or no e-mail; Limited
// when it was asked for many times.
func (s *Site) Activate(ctx context.Context, who access.Principal, user string) (Subject, error) {
	rec, err := s.userNamed(ctx, access.UserActivate, who, user)
	if err != nil {
		return Subject{}, err
	}
	p := subjectOf(rec)
	email := p.Text("email")
	switch {
	case rec.Password != "":
		return Subject{}, profile.E(profile.Conflict, profile.CodeInvalid, "", "User is already active")
	case email == "":
		return Subject{}, profile.E(profile.Conflict, profile.CodeInvalid, "", "User has no e-mail address")
	}
	if err := s.noteTry(ctx, rec.ID, activationTries); err != nil {
		return Subject{}, err
	}
	key := credential.NewHexKey()
	err = s.data.Update(ctx, func(tx store.Tx) error {
		ticket := s.newTicket(rec.ID, ticketInvitation, key, ticketData{Email: email})
		if err := tx.PutTicket(ticket); err != nil {
			return err
		}
		if err := tx.Enqueue(s.mailJob(rec.ID, "verify", email, MailData{
			Recipient: p.FullName(), Link: s.link("/api/auth/" + key), Expires: ticket.Expires,
		})); err != nil {
			return err
		}
		return tx.Log(s.event(who.Subject, "user.invited", rec.ID))
	})
	return p, err
}
