package directory

import (
	"bytes"
	"context"
	"time"

	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/store"
)

// Credentials is what somebody signs in with.
type Credentials struct {
	Login     string          // what was typed as user name
	Spaces    []profile.Space // where to look it up, in order; no other is tried
	Password  string
	EmailCode string // that was sent, instead of the password or beside it
	PhoneCode string
	OTP       string // one-time password, for who turned them on
}

// Login signs a person in. One function serves all faces, with one ledger of
// attempts per subject. All that is given has to be right: a password, a code
// that was sent, or both; and a one-time password, where the person turned
// them on. Errors: Unauthenticated/CodeCredentials for a wrong name or
// password alike, Unauthenticated/CodeOneTime or CodeOneTimeRequired with the
// Field "email_code", "phone_code" or "otp_code", Missing/CodePasswordMissing,
// Limited/CodeAttempts, Forbidden/CodeDisabled (only to who has the proof),
// Busy; Unauthenticated/CodeRequired for who proves an e-mail that nobody has.
func (s *Site) Login(ctx context.Context, c Credentials, use TokenUse) (SignIn, error) {
	if c.Password == "" && c.EmailCode == "" && c.PhoneCode == "" {
		return SignIn{}, profile.E(profile.Missing, profile.CodePasswordMissing, "password", "Password is required.")
	}
	rec, err := s.find(ctx, c.Login, c.Spaces)
	if profile.IsKind(err, profile.NotFound) || err == nil && rec.Type != profile.User {
		rec, err = nil, nil
	}
	if err != nil {
		return SignIn{}, err
	}
	var hash []byte
	if c.Password != "" {
		if rec == nil {
			err = s.checkNothing(ctx, c.Login, c.Password)
		} else {
			hash, err = s.checkPassword(ctx, rec, c.Password)
		}
		if err != nil {
			return SignIn{}, err
		}
	}
	codes, err := s.tryCodes(ctx, rec, c)
	switch {
	case err != nil:
		return SignIn{}, err
	case rec == nil:
		return SignIn{}, profile.E(profile.Unauthenticated, profile.CodeRequired, "", "Please enter a few information about yourself.")
	case rec.State != profile.Active:
		return SignIn{}, profile.E(profile.Forbidden, profile.CodeDisabled, "", "the account is disabled")
	}
	if err := s.secondFactor(ctx, rec.ID, c.OTP); err != nil {
		return SignIn{}, err
	}
	if err := s.ensureMember(ctx, rec); err != nil {
		return SignIn{}, err
	}
	if rec, err = s.noteProved(ctx, rec, codes); err != nil {
		return SignIn{}, err
	}
	return s.begin(ctx, rec, hash, use, codes...)
}

// tryCodes checks the codes that somebody typed, each against the address of
// rec, or without one against what was typed as the name: Recover made a code
// for it too.
func (s *Site) tryCodes(ctx context.Context, rec *store.Record, c Credentials) (out []proven, err error) {
	email, phone := "", ""
	if rec != nil {
		email, phone = textAt(rec.Attrs, "email"), rec.Name(profile.Phone)
	} else if isPhone(c.Login) {
		phone = c.Login
	}
	if email == "" {
		email = c.Login
	}
	if c.EmailCode != "" {
		out = append(out, proven{profile.Email, email})
		err = s.tryCode(ctx, out[0], c.EmailCode, true)
	}
	if c.PhoneCode != "" && err == nil {
		out = append(out, proven{profile.Phone, phone})
		err = s.tryCode(ctx, out[len(out)-1], c.PhoneCode, true)
	}
	return out, err
}

// secondFactor asks for a one-time password where the user turned them on.
func (s *Site) secondFactor(ctx context.Context, user profile.ID, typed string) error {
	var needed bool
	err := s.data.View(ctx, func(r store.Reader) (err error) {
		needed, err = needsOTP(r, user)
		return err
	})
	if err != nil || !needed {
		return err
	}
	return s.checkOTP(ctx, user, typed)
}

// begin opens a session for somebody whose proof was good: the hash that a
// password was checked against, which must still be theirs, or nil for another
// proof; codes, which are used up.
func (s *Site) begin(ctx context.Context, rec *store.Record, hash []byte, use TokenUse, codes ...proven) (SignIn, error) {
	row := s.newSession(rec.ID, access.Restriction{}, use)
	err := s.data.Update(ctx, func(tx store.Tx) error {
		now, err := tx.Record(rec.ID) // disabled or erased meanwhile?
		if err != nil {
			return err
		}
		if now.State != profile.Active {
			return profile.E(profile.Forbidden, profile.CodeDisabled, "", "the account is disabled")
		}
		if hash != nil {
			switch secret, err := tx.Secret(rec.ID, passwordSecret, ""); {
			case profile.IsKind(err, profile.NotFound) || err == nil && !bytes.Equal(secret.Data, hash):
				return wrongPassword() // a new password ended the sessions of the old one
			case err != nil:
				return err
			}
		}
		for _, p := range codes {
			if err := s.useCode(tx, rec.ID, p, true); err != nil {
				return err
			}
		}
		if err := tx.Touch(rec.ID, row.Created); err != nil {
			return err
		}
		return s.addSession(tx, row)
	})
	if err != nil {
		return SignIn{}, err
	}
	return s.issue(ctx, row)
}

// find looks a typed name up in spaces, in order. An idtag may be the slug
// under the site's domain.
func (s *Site) find(ctx context.Context, typed string, spaces []profile.Space) (rec *store.Record, err error) {
	for _, space := range spaces {
		value := profile.Fold(typed)
		if space == profile.Email {
			value = emailName(typed)
		} else if space == profile.Phone {
			var ok bool
			if value, ok = E164(typed); !ok {
				continue
			}
		}
		if space == profile.IDTag {
			err = s.data.View(ctx, func(r store.Reader) (err error) {
				rec, err = s.byIDTag(r, typed)
				return err
			})
		} else {
			rec, err = s.data.Get(ctx, space, value)
		}
		if err == nil || !profile.IsKind(err, profile.NotFound) {
			return rec, err
		}
	}
	return nil, store.ErrNotFound
}

const passwordSecret = "password"

// The ledger: so many wrong passwords in a row lock the account for a while. A
// try is noted before the password is looked at, so that tries at the same
// moment cannot get past the count.
const (
	maxAttempts   = 10
	attemptWindow = 15 * time.Minute
	lockTime      = 15 * time.Minute
)

// checkPassword proves that somebody knows the password of rec. It gives the
// hash that is kept of it: one of an old kind is replaced by one of today's.
func (s *Site) checkPassword(ctx context.Context, rec *store.Record, password string) (hash []byte, err error) {
	var secret *store.Secret
	if err := s.d.hasher.Room(); err != nil {
		return nil, err
	}
	if err := s.noteTry(ctx, rec.ID, passwordSecret); err != nil {
		return nil, err
	}
	if rec.Password != "" {
		err := s.data.View(ctx, func(r store.Reader) (err error) {
			secret, err = r.Secret(rec.ID, passwordSecret, "")
			return err
		})
		if err != nil && !profile.IsKind(err, profile.NotFound) {
			return nil, err
		}
	}
	ok, stale, err := false, false, error(nil)
	if secret == nil {
		err = s.d.hasher.VerifyNothing(ctx, password)
	} else {
		ok, stale, err = s.d.hasher.Verify(ctx, string(secret.Data), password)
	}
	if profile.IsKind(err, profile.Busy) || ctx.Err() != nil { // nothing was learned: not a try
		undo := s.data.Update(context.WithoutCancel(ctx), func(tx store.Tx) error { return s.takeBackTry(tx, rec.ID, passwordSecret) })
		return nil, joinErr(err, joinErr(undo, ctx.Err()))
	}
	if err != nil {
		return nil, err
	}
	if !ok {
		if err := s.countFailure(ctx, rec.ID, passwordSecret); err != nil {
			return nil, err
		}
		return nil, wrongPassword()
	}
	fresh := ""
	if stale {
		if fresh, err = s.d.hasher.Hash(ctx, password); err != nil {
			fresh = "" // the old one still serves
		}
	}
	hash = secret.Data
	err = s.data.Update(ctx, func(tx store.Tx) error {
		if err := tx.PutAttempts(store.Attempts{Subject: rec.ID, Kind: passwordSecret}); err != nil {
			return err
		}
		if fresh == "" {
			return nil
		}
		now, err := tx.Secret(rec.ID, passwordSecret, "")
		if err != nil || !bytes.Equal(now.Data, secret.Data) { // changed meanwhile
			return err
		}
		now.Data = []byte(fresh)
		hash = now.Data
		return tx.PutSecret(now)
	})
	return hash, err
}

func joinErr(first, second error) error {
	if first != nil {
		return first
	}
	return second
}

func wrongPassword() error {
	return profile.E(profile.Unauthenticated, profile.CodeCredentials, "", "Incorrect authentication credentials")
}

// noteTry counts a try that is about to be made, in a transaction of its own.
// Limited when the subject is locked, or as many tries as allowed are under way.
func (s *Site) noteTry(ctx context.Context, subject profile.ID, kind string) error {
	return s.data.Update(ctx, func(tx store.Tx) error {
		a, err := tx.Attempts(subject, kind)
		if err != nil {
			return err
		}
		if a, err = another(a, s.d.now()); err != nil {
			return err
		}
		return tx.PutAttempts(a)
	})
}

// another counts one more try, the first of a new window where the old one is
// over.
func another(a store.Attempts, now time.Time) (store.Attempts, error) {
	if a.Until.After(now) {
		return a, tooManyTries(a.Until.Sub(now))
	}
	if !a.Until.IsZero() || now.Sub(a.Since) > attemptWindow {
		a = store.Attempts{Subject: a.Subject, Kind: a.Kind, Since: now}
	}
	if a.Count >= maxAttempts {
		return a, tooManyTries(time.Second)
	}
	a.Count++
	return a, nil
}

// countFailure locks the subject when the tries are used up.
func (s *Site) countFailure(ctx context.Context, subject profile.ID, kind string) error {
	return s.data.Update(context.WithoutCancel(ctx), func(tx store.Tx) error {
		a, err := tx.Attempts(subject, kind)
		if err != nil || a.Count < maxAttempts {
			return err
		}
		a.Until = s.d.now().Add(lockTime)
		return tx.PutAttempts(a)
	})
}

func (s *Site) takeBackTry(tx store.Tx, subject profile.ID, kind string) error {
	a, err := tx.Attempts(subject, kind)
	if err != nil || a.Count == 0 {
		return err
	}
	a.Count--
	return tx.PutAttempts(a)
}

func tooManyTries(wait time.Duration) error {
	e := profile.E(profile.Limited, profile.CodeAttempts, "", "Too many attempts. Please try again later.")
	e.Retry = int((wait + time.Second - 1) / time.Second)
	return e
}

// hashPassword checks a new password against the site's policy and the rules
// that the type of users has for it, and hashes it.
// field names it in errors.
func (s *Site) hashPassword(ctx context.Context, field, password string) (string, error) {
	if n := s.Policy().passwordMin(); len([]rune(password)) < n {
		if password == "" {
			return "", profile.E(profile.Missing, profile.CodeBlank, field, "This field may not be blank.")
		}
		return "", profile.E(profile.Invalid, profile.CodeConstraint, field, "This password is too short. It must contain at least %d characters.", n)
	}
	if !s.Policy().DemoPasswords && isCommon(password) {
		return "", profile.E(profile.Invalid, profile.CodeConstraint, field, "This password is too common.")
	}
	if err := s.typeOf(profile.User).CheckPassword(passwordSecret, password); err != nil {
		named := *profile.AsError(err)
		named.Field = field
		return "", &named
	}
	hash, err := s.d.hasher.Hash(ctx, password)
	if e := profile.AsError(err); err != nil && e.Field == "" && e.Kind != profile.Internal {
		named := *e
		named.Field = field
		return "", &named
	}
	return hash, err
}
