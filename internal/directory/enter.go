package directory

import (
	"context"
	"encoding/json"
	"time"

	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/store"
)

// A session acts as one profile of the household: as the default one, whichever
// that is, or as the one it was begun for. To what it acts as, the live record
// is asked on every call: no claim and no earlier state decides.

// entryQuota is that of sessions begun for a profile.
var entryQuota = quota{"profile tokens", 60, 500}

// Entry is a session that has begun for a household profile.
type Entry struct {
	SignIn
	Member Member
	Began  time.Time // the session
}

// EnterMember begins a session that acts as a profile of the caller's account
// (Amino, "User profiles": the client swaps the account's token for a
// profile's). The caller's own session goes on. It takes a proof to enter a
// profile that has a PIN, and to get from a child profile to one that may see
// more: the profile's PIN, the account's, or the account's password. Errors:
// NotFound, Forbidden (an API key; CodeProofRequired; CodePassword, CodePIN),
// Unauthenticated (the session ended meanwhile), Limited.
func (s *Site) EnterMember(ctx context.Context, who access.Principal, account, id string, p MemberProof) (Entry, error) {
	var target Member
	var locked bool
	user, err := s.inHousehold(ctx, access.HouseholdEnter, who, account, func(r store.Reader, user *store.Record) (err error) {
		target, locked, err = s.toEnter(r, who, user, id)
		return err
	})
	if err != nil {
		return Entry{}, err
	}
	proven := provenNot
	if locked {
		if proven, err = s.proveMember(ctx, who, user, target.ID, p); err != nil {
			return Entry{}, err
		}
	}
	var row *store.Session
	err = s.data.Update(ctx, func(tx store.Tx) error {
		if err := tx.Lock(user.ID); err != nil {
			return err
		}
		old, err := s.liveSession(tx, who.Subject, who.Session)
		if err != nil {
			return err
		}
		now, err := actingAs(tx, old)
		if err != nil {
			return err
		}
		if target, locked, err = s.toEnter(tx, now, user, id); err != nil {
			return err
		}
		if locked && proven == provenNot {
			return proofRequired("")
		}
		if err := s.spend(tx, who, entryQuota); err != nil {
			return err
		}
		restriction := access.Restriction{Profile: target.ID}
		if target.Child {
			restriction.Kind = access.ChildProfile
		}
		row = s.newSession(user.ID, restriction, Refreshed)
		if old.Generation == refreshOff { // no others follow
			row.Generation, row.Expires = refreshOff, old.Expires
		}
		if err := tx.PutSession(row); err != nil {
			return err
		}
		return tx.Log(s.event(who.Subject, "household.entered", target.ID))
	})
	if err != nil {
		return Entry{}, err
	}
	out := Entry{Member: target, Began: row.Created}
	out.SignIn, err = s.issue(ctx, row)
	return out, err
}

// toEnter reads a profile that a caller wants to act as, and says whether that
// takes a proof.
func (s *Site) toEnter(r store.Reader, who access.Principal, user *store.Record, id string) (target Member, locked bool, err error) {
	rec, err := memberRecord(r, user, id)
	if err != nil {
		return Member{}, false, err
	}
	if target, err = memberOf(user, rec); err != nil || who.Restriction.Profile == rec.ID {
		return target, false, err
	}
	if target.HasPIN || who.Restriction.Kind != access.ChildProfile {
		return target, target.HasPIN, nil
	}
	from, err := r.Record(who.Restriction.Profile)
	if err != nil {
		return Member{}, false, err
	}
	was, err := memberIn(from)
	if err != nil {
		return Member{}, false, err
	}
	next, err := memberIn(rec)
	return target, growsUp(was, next), err
}

// actingAs is whom a session row lets act: a session begun for a profile is a
// child's as long as the profile is one. Errors: Unauthenticated/CodeBadToken
// when the profile is gone and the session began as a child's, CodeMemberGone
// when it did not: then who may renew it is given too.
func actingAs(r store.Reader, row *store.Session) (access.Principal, error) {
	who := access.Principal{Subject: row.Subject, Session: row.ID}
	if len(row.Restriction) > 0 {
		if err := json.Unmarshal(row.Restriction, &who.Restriction); err != nil {
			return access.Principal{}, err
		}
		who.Issuer = who.Restriction.Client
	}
	if who.Restriction.Profile.IsZero() {
		return who, nil
	}
	rec, err := r.Record(who.Restriction.Profile)
	switch {
	case profile.IsKind(err, profile.NotFound) && who.Restriction.Kind == access.ChildProfile:
		return access.Principal{}, badToken()
	case profile.IsKind(err, profile.NotFound):
		return access.Principal{Subject: row.Subject, Session: row.ID},
			profile.E(profile.Unauthenticated, profile.CodeMemberGone, "", "the profile that the token is for was deleted")
	case err != nil:
		return access.Principal{}, err
	}
	m, err := memberIn(rec)
	if err != nil {
		return access.Principal{}, err
	}
	who.Restriction.Kind = ""
	if m.Child {
		who.Restriction.Kind = access.ChildProfile
	}
	return who, nil
}

// memberActing reads the profile that a caller acts as.
func memberActing(r store.Reader, who access.Principal) (*store.Record, error) {
	if id := who.Restriction.Profile; !id.IsZero() {
		return r.Record(id)
	}
	return r.ByName(who.Subject, profile.HouseholdMain, "")
}

// endMember ends the sessions of a child profile that is deleted; those of
// another's stop at once, too, and renew as the default profile's.
func endMember(tx store.Tx, user, id profile.ID, child bool) error {
	return dropSessionsOf(tx, user, func(r access.Restriction) bool {
		return r.Profile == id && (child || r.Kind == access.ChildProfile)
	})
}

// dropSessionsOf ends the sessions of a subject whose restriction fits.
func dropSessionsOf(tx store.Tx, subject profile.ID, fits func(access.Restriction) bool) error {
	rows, err := tx.Sessions(subject)
	if err != nil {
		return err
	}
	for _, row := range rows {
		var restriction access.Restriction
		if len(row.Restriction) == 0 {
			continue
		}
		if err := json.Unmarshal(row.Restriction, &restriction); err != nil {
			return err
		}
		if !fits(restriction) {
			continue
		}
		if err := tx.DropSession(subject, row.ID); err != nil {
			return err
		}
	}
	return nil
}

// HouseholdOwner is what is told of an account beside its profiles.
type HouseholdOwner struct {
	Number  int64
	Name    string     // of the person whose account it is
	Default profile.ID // the default profile
}

// HouseholdAccount reads an account. Errors: Unauthenticated, NotFound.
func (s *Site) HouseholdAccount(ctx context.Context, who access.Principal, account string) (HouseholdOwner, error) {
	var out HouseholdOwner
	_, err := s.inHousehold(ctx, access.HouseholdRead, who, account, func(r store.Reader, user *store.Record) error {
		m, err := r.ByName(user.ID, profile.HouseholdMain, "")
		if err != nil {
			return err
		}
		p := subjectOf(user)
		out = HouseholdOwner{Number: user.Number, Name: p.FullName(), Default: m.ID}
		return nil
	})
	return out, err
}
