package directory

import (
	"context"
	"encoding/json"

	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/store"
)

// ChannelLock is whether an account's adult channels are blocked, and how its
// PIN stands (Amino, "Channel locking").
type ChannelLock struct {
	Account      int64 // number of the user
	Blocked      bool  // for the whole account; true until somebody with a proof lifts it
	Here         bool  // for who asks: a child profile's are blocked whatever the account's are
	HasPIN       bool
	AttemptsLeft int64 // at PINs, until they are locked
	LockedFor    int64 // seconds that PINs are locked for; 0: they are not
}

// Where the lock is kept: in the extras of the account.
const (
	householdExtras = "household"
	channelsOpen    = "channels_open"
)

// ChannelLock reads the lock of an account. Errors: Unauthenticated, NotFound.
func (s *Site) ChannelLock(ctx context.Context, who access.Principal, account string) (ChannelLock, error) {
	var out ChannelLock
	_, err := s.inHousehold(ctx, access.HouseholdRead, who, account, func(r store.Reader, user *store.Record) error {
		out = ChannelLock{Account: user.Number, Blocked: channelsBlocked(user), AttemptsLeft: pinAttempts}
		out.Here = out.Blocked || who.Restriction.Kind == access.ChildProfile
		switch _, err := r.Secret(user.ID, pinSecret, ""); {
		case err == nil:
			out.HasPIN = true
		case !profile.IsKind(err, profile.NotFound):
			return err
		}
		a, err := r.Attempts(user.ID, pinSecret)
		now := s.d.now()
		switch {
		case a.Until.After(now):
			out.AttemptsLeft, out.LockedFor = 0, int64(tooManyPINs(a.Until.Sub(now)).Retry)
		case a.Until.IsZero() && now.Sub(a.Since) <= attemptWindow:
			out.AttemptsLeft = max(pinAttempts-a.Count, 0)
		}
		return err
	})
	return out, err
}

func channelsBlocked(user *store.Record) bool {
	return string(rawAt(user.Extras, householdExtras+"."+channelsOpen)) != "true"
}

// SetChannelLock blocks an account's adult channels, on all its devices, or
// lifts that, which takes the account's password or PIN. Errors: those of
// EditMember, but for the values.
func (s *Site) SetChannelLock(ctx context.Context, who access.Principal, account string, blocked bool, p MemberProof) error {
	user, err := s.inHousehold(ctx, access.HouseholdWrite, who, account, nil)
	if err != nil {
		return err
	}
	by, err := s.proveMember(ctx, who, user, profile.ID{}, p)
	if err != nil {
		return err
	}
	_, err = s.change(ctx, user.ID, s.event(who.Subject, "household.channel_lock", user.ID), nil, func(old *store.Record) (step, error) {
		switch {
		case channelsBlocked(old) == blocked:
			return step{}, nil
		case !blocked && by < provenAccount:
			return step{}, proofRequired("account_channel_lock_status")
		}
		open := json.RawMessage("true")
		if blocked {
			open = json.RawMessage("null")
		}
		rec := *old
		rec.Extras = mergeExtras(old.Extras, householdExtras, map[string]json.RawMessage{channelsOpen: open})
		rec.Updated = s.d.now()
		return step{rec: &rec, paths: []string{channelsOpen}}, nil
	})
	return err
}

// SetPIN gives an account a PIN, or with "" takes it away. It takes the present
// PIN or the account's password; the first one, where the account has neither,
// nothing, and where the site has a PIN that every client knows, that one.
// Errors: those of EditMember; Invalid/CodeConstraint with Field "pin_code".
func (s *Site) SetPIN(ctx context.Context, who access.Principal, account, pin string, p MemberProof) error {
	user, err := s.inHousehold(ctx, access.HouseholdWrite, who, account, nil)
	if err != nil {
		return err
	}
	by, first, err := s.provePIN(ctx, who, user, p)
	if err != nil {
		return err
	}
	if by < provenAccount && !first {
		return proofRequired("pin_code")
	}
	var sealed []byte
	if pin != "" {
		if sealed, err = s.sealPIN(ctx, user.ID, "pin_code", pin); err != nil {
			return err
		}
	}
	return s.data.Update(ctx, func(tx store.Tx) error {
		if err := tx.Lock(user.ID); err != nil {
			return err
		}
		_, err := tx.Secret(user.ID, pinSecret, "")
		if err != nil && !profile.IsKind(err, profile.NotFound) {
			return err
		}
		if err == nil && by < provenAccount { // somebody else was the first
			return proofRequired("pin_code")
		}
		if err := tx.PutAttempts(store.Attempts{Subject: user.ID, Kind: pinSecret}); err != nil {
			return err
		}
		if sealed == nil {
			err = tx.DropSecret(user.ID, pinSecret, "")
		} else {
			err = tx.PutSecret(&store.Secret{Subject: user.ID, Kind: pinSecret, Data: sealed, Created: s.d.now()})
		}
		if err != nil {
			return err
		}
		return tx.Log(s.event(who.Subject, "household.pin", user.ID))
	})
}

// provePIN is proveMember for who chooses a PIN; first says that the proof is
// enough for the account's first one.
func (s *Site) provePIN(ctx context.Context, who access.Principal, user *store.Record, p MemberProof) (by provenBy, first bool, err error) {
	hash, err := s.openPIN(ctx, user.ID, "")
	if err != nil {
		return provenNot, false, err
	}
	known := hash == "" && s.isDefaultPIN(p.PIN)
	if known {
		p.PIN = ""
	}
	by, err = s.proveMember(ctx, who, user, profile.ID{}, p)
	return by, hash == "" && (known || user.Password == ""), err
}

// CheckPIN proves that somebody at a device knows the account's PIN, or that of
// one of its profiles (member, "" for none): what it then shows there is the
// client's to decide. It begins nothing. Errors: NotFound, Forbidden/CodePIN,
// Conflict/CodePINUnset, Limited, Busy.
func (s *Site) CheckPIN(ctx context.Context, who access.Principal, account, member, pin string) error {
	var id profile.ID
	user, err := s.inHousehold(ctx, access.HouseholdEnter, who, account, func(r store.Reader, user *store.Record) error {
		if member == "" {
			return nil
		}
		rec, err := memberRecord(r, user, member)
		if err == nil {
			id = rec.ID
		}
		return err
	})
	if err == nil {
		_, err = s.checkPIN(ctx, user, id, pin)
	}
	return err
}
