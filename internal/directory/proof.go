package directory

import (
	"context"

	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/store"
)

// Proof is what callers add to a call that changes what proves somebody: one
// or more secrets of their own.
type Proof struct {
	Password, OTP, EmailCode, PhoneCode string
}

// noCodes uses nothing up.
func noCodes(store.Tx) error { return nil }

// confirm checks the proof of a caller: all that is there has to be right, and
// something has to be. use is to run with the change; it uses codes up.
// Errors: Missing/CodeProofRequired; Unauthenticated/CodePassword or
// CodeOneTime; Limited.
func (s *Site) confirm(ctx context.Context, who access.Principal, p Proof) (use func(store.Tx) error, err error) {
	if p == (Proof{}) {
		return nil, profile.E(profile.Missing, profile.CodeProofRequired, "", "At least one of password, otp_code, email_code or phone_code must be present.")
	}
	rec, err := s.data.GetID(ctx, who.Subject)
	if err != nil {
		return nil, err
	}
	if p.Password != "" {
		_, err := s.checkPassword(ctx, rec, p.Password)
		if profile.IsCode(err, profile.CodeCredentials) {
			err = profile.E(profile.Unauthenticated, profile.CodePassword, "password", "Incorrect password")
		}
		if err != nil {
			return nil, err
		}
	}
	if p.OTP != "" {
		if err := s.checkOTP(ctx, rec.ID, p.OTP); err != nil {
			return nil, err
		}
	}
	use = noCodes
	for _, c := range []struct {
		proven
		typed string
	}{
		{proven{profile.Email, textAt(rec.Attrs, "email")}, p.EmailCode},
		{proven{profile.Phone, rec.Name(profile.Phone)}, p.PhoneCode},
	} {
		if c.typed == "" {
			continue
		}
		if err := s.tryCode(ctx, c.proven, c.typed, false); err != nil {
			return nil, err
		}
		if rec, err = s.noteProved(ctx, rec, []proven{c.proven}); err != nil {
			return nil, err
		}
		before := use
		use = func(tx store.Tx) error { return joinErr(before(tx), s.useCode(tx, rec.ID, c.proven, false)) }
	}
	return use, nil
}

// toProve reads the user whose secrets a caller wants to change, and checks
// the caller's proof.
func (s *Site) toProve(ctx context.Context, who access.Principal, user UserKey, p Proof) (*store.Record, func(store.Tx) error, error) {
	var rec *store.Record
	err := s.data.View(ctx, func(r store.Reader) (err error) {
		rec, err = s.userKeyed(r, access.UserSecret, who, user)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	use, err := s.confirm(ctx, who, p)
	return rec, use, err
}

// allowUser asks the permission table with what the caller is to a user.
func (s *Site) allowUser(r store.Reader, perm access.Permission, who access.Principal, rec *store.Record) error {
	is, err := s.relationToUser(r, who, rec)
	if err != nil {
		return err
	}
	return access.Allow(perm, who, is)
}
