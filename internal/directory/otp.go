package directory

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"

	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/store"
)

// One-time passwords by time (RFC 6238): six digits, of thirty seconds, one
// step of tolerance to either side; each is good once. The shared secret is
// sealed with the data key.
const (
	otpSecret   = "otp"
	otpPeriod   = 30 // seconds
	otpAttempts = 3  // wrong ones in a row, as DjaoApp counts
)

// otpData is what is sealed.
type otpData struct {
	Secret string `json:"secret"` // base32
	Last   uint64 `json:"last"`   // the step of the last one used
}

func (s *Site) sealOTP(subject profile.ID, data otpData) *store.Secret {
	return &store.Secret{
		Subject: subject, Kind: otpSecret, Created: s.d.now(),
		Data: s.d.dataKey.Seal(marshal(data), []byte(otpSecret+" "+subject.String())),
	}
}

func (s *Site) openOTP(row *store.Secret) (data otpData, err error) {
	plain, err := s.d.dataKey.Open(row.Data, []byte(otpSecret+" "+row.Subject.String()))
	if err != nil {
		return data, err
	}
	return data, json.Unmarshal(plain, &data)
}

// otpStep finds the step that a one-time password is of, later than the last
// one used; 0 when it is of none.
func otpStep(data otpData, typed string, now time.Time) uint64 {
	at := uint64(now.Unix()) / otpPeriod
	for step := at - 1; step <= at+1; step++ {
		ok, err := hotp.ValidateCustom(typed, step, data.Secret, hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		if err == nil && ok && step > data.Last {
			return step
		}
	}
	return 0
}

// needsOTP reports whether a user has to give a one-time password to sign in.
func needsOTP(r store.Reader, user profile.ID) (bool, error) {
	_, err := r.Secret(user, otpSecret, "")
	if profile.IsKind(err, profile.NotFound) {
		return false, nil
	}
	return err == nil, err
}

// checkOTP proves that somebody has the generator of one-time passwords of a
// user who has turned them on. What was tried is counted in a transaction of
// its own, whatever becomes of the sign-in. Errors:
// Unauthenticated/CodeOneTimeRequired or CodeOneTime,
// Limited/CodeAttempts, each with Field "otp_code".
func (s *Site) checkOTP(ctx context.Context, user profile.ID, typed string) error {
	if typed == "" {
		return profile.E(profile.Unauthenticated, profile.CodeOneTimeRequired, "otp_code", "OTP code is required.")
	}
	var verdict error
	err := s.data.Update(ctx, func(tx store.Tx) error {
		verdict = profile.E(profile.Unauthenticated, profile.CodeOneTime, "otp_code", "OTP code does not match.")
		row, err := tx.Secret(user, otpSecret, "")
		if profile.IsKind(err, profile.NotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		now := s.d.now()
		a, err := tx.Attempts(user, otpSecret)
		if err != nil {
			return err
		}
		if a.Until.After(now) {
			verdict = tooManyOTP(a.Until.Sub(now))
			return nil
		}
		if !a.Until.IsZero() || now.Sub(a.Since) > attemptWindow {
			a = store.Attempts{Subject: user, Kind: otpSecret, Since: now}
		}
		data, err := s.openOTP(row)
		if err != nil {
			return err
		}
		if step := otpStep(data, typed, now); step != 0 {
			verdict, data.Last = nil, step
			if err := tx.PutSecret(s.sealOTP(user, data)); err != nil {
				return err
			}
			return tx.PutAttempts(store.Attempts{Subject: user, Kind: otpSecret})
		}
		if a.Count++; a.Count >= otpAttempts {
			a.Until = now.Add(lockTime)
		}
		return tx.PutAttempts(a)
	})
	return joinErr(err, verdict)
}

func tooManyOTP(wait time.Duration) error {
	e := *profile.AsError(tooManyTries(wait))
	e.Field, e.Message = "otp_code", "You have exceeded the number of attempts to enter the OTP code. Please start again."
	return &e
}

// OTPKey is the shared secret of a generator of one-time passwords, shown once.
type OTPKey struct {
	Secret string // base32
	URI    string // otpauth://totp/…, for authenticators
	Again  bool   // it replaces one
}

// EnableOTP makes a user, by id or user name, give a one-time password at each sign-in, from a new
// shared secret. Errors: NotFound, Forbidden, those of the proof.
func (s *Site) EnableOTP(ctx context.Context, who access.Principal, user UserKey, p Proof) (OTPKey, error) {
	rec, use, err := s.toProve(ctx, who, user, p)
	if err != nil {
		return OTPKey{}, err
	}
	key, err := totp.Generate(totp.GenerateOpts{
		Issuer: strings.ReplaceAll(s.Policy().Title, ":", " "), AccountName: rec.Name(profile.Slug), Period: otpPeriod,
	})
	if err != nil {
		return OTPKey{}, err
	}
	out := OTPKey{Secret: key.Secret(), URI: key.URL()}
	err = s.changeOTP(ctx, who, rec.ID, "true", func(tx store.Tx) (err error) {
		if out.Again, err = needsOTP(tx, rec.ID); err != nil {
			return err
		}
		if err := tx.PutSecret(s.sealOTP(rec.ID, otpData{Secret: key.Secret()})); err != nil {
			return err
		}
		return use(tx)
	})
	return out, err
}

// DisableOTP turns one-time passwords off for a user, by id or user name: an operator does it for
// who lost the generator.
func (s *Site) DisableOTP(ctx context.Context, who access.Principal, user UserKey, p Proof) error {
	rec, use, err := s.toProve(ctx, who, user, p)
	if err != nil {
		return err
	}
	return s.changeOTP(ctx, who, rec.ID, "null", func(tx store.Tx) error {
		if err := tx.DropSecret(rec.ID, otpSecret, ""); err != nil {
			return err
		}
		return use(tx)
	})
}

// changeOTP writes the flag that shows beside the account, and with it what
// with writes.
func (s *Site) changeOTP(ctx context.Context, who access.Principal, user profile.ID, flag string, with func(store.Tx) error) error {
	check := func(tx store.Tx, old *store.Record) error { return s.allowUser(tx, access.UserSecret, who, old) }
	_, err := s.change(ctx, user, s.event(who.Subject, "user.otp", user), check, func(old *store.Record) (step, error) {
		rec := *old
		rec.Extras = mergeExtras(old.Extras, ownExtras, map[string]json.RawMessage{otpSecret: json.RawMessage(flag)})
		rec.Updated = s.d.now()
		return step{rec: &rec, paths: []string{otpSecret}, with: func(tx store.Tx) error {
			if err := tx.PutAttempts(store.Attempts{Subject: user, Kind: otpSecret}); err != nil {
				return err
			}
			return with(tx)
		}}, nil
	})
	return err
}
