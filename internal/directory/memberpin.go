package directory

import (
	"context"
	"crypto/subtle"
	"strings"
	"time"

	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/store"
)

// An account has a PIN, and each profile of its household may have one. A PIN
// has ten thousand values, so that a hash alone would tell it to who has the
// database: the hashes are sealed with the data key. All PINs of an account
// share one count of wrong tries, on whichever device; a right one takes back
// no wrong one, or who knows one PIN could guess another for ever.
const (
	pinSecret   = "pin" // key: "" of the account, else the profile's id
	pinDigits   = 4
	pinAttempts = 5 // wrong ones within attemptWindow
)

// MemberProof is what a caller adds to do what a child may not: the account's
// password, or a PIN. Both empty: nothing.
type MemberProof struct{ Password, PIN string }

// provenBy says how much a MemberProof proved.
type provenBy uint8

const (
	provenNot     provenBy = iota
	provenMember           // that one profile's own PIN
	provenAccount          // the account's password or PIN
)

func proofRequired(field string) error {
	return profile.E(profile.Forbidden, profile.CodeProofRequired, field, "This takes the account's password or PIN.")
}

// proveMember checks a proof for an account, or for one of its profiles: all
// that is there has to be right. An operator on somebody else's account needs
// none. Errors: Forbidden/CodePassword or CodePIN, Limited, Busy,
// Conflict/CodePINUnset.
func (s *Site) proveMember(ctx context.Context, who access.Principal, user *store.Record, member profile.ID, p MemberProof) (provenBy, error) {
	out := provenNot
	if who.Subject != user.ID {
		out = provenAccount
	}
	if p.Password != "" {
		_, err := s.checkPassword(ctx, user, p.Password)
		if profile.IsCode(err, profile.CodeCredentials) {
			err = profile.E(profile.Forbidden, profile.CodePassword, "password", "The password is wrong.")
		}
		if err != nil {
			return provenNot, err
		}
		out = provenAccount
	}
	if p.PIN != "" {
		by, err := s.checkPIN(ctx, user, member, p.PIN)
		if err != nil {
			return provenNot, err
		}
		out = max(out, by)
	}
	return out, nil
}

// checkPIN compares a PIN with the account's and, if member is one of its
// profiles, with that one's.
func (s *Site) checkPIN(ctx context.Context, user *store.Record, member profile.ID, typed string) (provenBy, error) {
	if err := s.notePIN(ctx, user.ID); err != nil {
		return provenNot, err
	}
	by, err := s.matchPIN(ctx, user.ID, member, typed)
	if err == nil && by == provenNot {
		return by, s.wrongPIN(ctx, user.ID)
	}
	undo := s.data.Update(context.WithoutCancel(ctx), func(tx store.Tx) error {
		if by == provenAccount { // who knows it may do all that a PIN is asked for
			return tx.PutAttempts(store.Attempts{Subject: user.ID, Kind: pinSecret})
		}
		return s.takeBackTry(tx, user.ID, pinSecret)
	})
	return by, joinErr(err, undo)
}

// matchPIN says which PIN a typed one is: of the two there may be.
func (s *Site) matchPIN(ctx context.Context, user, member profile.ID, typed string) (provenBy, error) {
	any := false
	for _, one := range []struct {
		key string
		by  provenBy
	}{{"", provenAccount}, {member.String(), provenMember}} {
		hash, err := s.openPIN(ctx, user, one.key)
		if err != nil {
			return provenNot, err
		}
		if hash == "" {
			continue
		}
		any = true
		if len(typed) != pinDigits { // none has that length: no hash is worked out for it
			continue
		}
		ok, _, err := s.d.hasher.Verify(ctx, hash, typed)
		if err != nil {
			return provenNot, err
		}
		if ok {
			return one.by, nil
		}
	}
	if !any {
		return provenNot, profile.E(profile.Conflict, profile.CodePINUnset, "pin", "The account has no PIN.")
	}
	return provenNot, nil
}

// openPIN gives the hash of a PIN, "" when there is none.
func (s *Site) openPIN(ctx context.Context, user profile.ID, key string) (string, error) {
	var row *store.Secret
	err := s.data.View(ctx, func(r store.Reader) (err error) {
		row, err = r.Secret(user, pinSecret, key)
		return err
	})
	if profile.IsKind(err, profile.NotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	hash, err := s.d.dataKey.Open(row.Data, pinContext(user))
	return string(hash), err
}

func pinContext(user profile.ID) []byte { return []byte(pinSecret + " " + user.String()) }

// sealPIN checks and hashes a new PIN. field names it in errors.
func (s *Site) sealPIN(ctx context.Context, user profile.ID, field, pin string) ([]byte, error) {
	if len(pin) != pinDigits || strings.Trim(pin, "0123456789") != "" {
		return nil, profile.E(profile.Invalid, profile.CodeConstraint, field, "A PIN has %d digits.", pinDigits)
	}
	hash, err := s.d.hasher.Hash(ctx, pin)
	if err != nil {
		return nil, err
	}
	return s.d.dataKey.Seal([]byte(hash), pinContext(user)), nil
}

// sealMemberPIN is sealPIN for a profile's; nil for none.
func (s *Site) sealMemberPIN(ctx context.Context, user profile.ID, pin *string) ([]byte, error) {
	if pin == nil {
		return nil, nil
	}
	return s.sealPIN(ctx, user, "profile_pin", *pin)
}

// putMemberPIN keeps a profile's new PIN, if there is one.
func putMemberPIN(tx store.Tx, user, member profile.ID, sealed []byte) error {
	if sealed == nil {
		return nil
	}
	return tx.PutSecret(&store.Secret{Subject: user, Kind: pinSecret, Key: member.String(), Data: sealed})
}

// notePIN counts a try that is about to be made, in a transaction of its own:
// Limited when the PINs are locked, or as many tries as allowed are under way.
func (s *Site) notePIN(ctx context.Context, user profile.ID) error {
	return s.data.Update(ctx, func(tx store.Tx) error {
		a, err := tx.Attempts(user, pinSecret)
		if err != nil {
			return err
		}
		now := s.d.now()
		if a.Until.After(now) {
			return tooManyPINs(a.Until.Sub(now))
		}
		if !a.Until.IsZero() || now.Sub(a.Since) > attemptWindow {
			a = store.Attempts{Subject: user, Kind: pinSecret, Since: now}
		}
		if a.Count >= pinAttempts {
			return tooManyPINs(time.Second)
		}
		a.Count++
		return tx.PutAttempts(a)
	})
}

// wrongPIN says that a PIN was wrong, and how many more tries there are; after
// the last one the PINs are locked.
func (s *Site) wrongPIN(ctx context.Context, user profile.ID) error {
	var left int64
	err := s.data.Update(context.WithoutCancel(ctx), func(tx store.Tx) error {
		a, err := tx.Attempts(user, pinSecret)
		left = max(pinAttempts-a.Count, 0)
		if err != nil || left > 0 {
			return err
		}
		a.Until = s.d.now().Add(lockTime)
		return tx.PutAttempts(a)
	})
	if err != nil {
		return err
	}
	e := profile.E(profile.Forbidden, profile.CodePIN, "pin", "The PIN is wrong.")
	e.Detail = map[string]any{"attempts_left": left}
	return e
}

func tooManyPINs(wait time.Duration) *profile.Error {
	e := *profile.AsError(tooManyTries(wait))
	e.Field, e.Message = "pin", "Too many wrong PINs. Please try again later."
	return &e
}

// isDefaultPIN compares with the PIN that every client knows.
func (s *Site) isDefaultPIN(typed string) bool {
	known := s.Policy().Household.DefaultPIN
	return known != "" && subtle.ConstantTimeCompare([]byte(known), []byte(typed)) == 1
}
