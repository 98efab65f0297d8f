package directory

import (
	"context"
	"encoding/json"
	"regexp"
	"strings"
	"time"

	"facet/internal/credential"
	"facet/internal/profile"
	"facet/internal/store"
)

// The kinds of ticket.
const (
	ticketInvitation   = "invitation"   // to manage the subject, by who has the e-mail
	ticketSubscription = "subscription" // to accept a granted subscription
)

const ticketLife = 14 * 24 * time.Hour

// ticketData is what a ticket knows beside its subject.
type ticketData struct {
	Email string     `json:"email,omitempty"`
	Plan  profile.ID `json:"plan,omitzero"`
	Link  string     `json:"link,omitempty"`
}

// newTicket makes a ticket of one use.
func (s *Site) newTicket(subject profile.ID, kind, key string, data ticketData) *store.TicketRow {
	now := s.d.now()
	return &store.TicketRow{
		Digest: credential.Digest(key), Subject: subject, Kind: kind, Data: marshal(data), Uses: 1,
		Created: now, Expires: now.Add(ticketLife),
	}
}

// fingerprint shows that there is a key without giving it away: 40 hexadecimal
// digits, like a key.
func fingerprint(key string) string { return credential.Digest(key)[:40] }

var ticketForm = regexp.MustCompile(`^[0-9a-f]{40}$`)

// IsTicketKey reports whether a text has the form of a ticket's key.
func IsTicketKey(s string) bool { return ticketForm.MatchString(s) }

func noTicket() error {
	return profile.E(profile.NotFound, profile.CodeNotFound, "key", "invalid request")
}

// ticket reads a live invitation with the profile it is for.
func (s *Site) invitation(r store.Reader, key string) (*store.TicketRow, ticketData, *store.Record, error) {
	var data ticketData
	if !IsTicketKey(key) {
		return nil, data, nil, noTicket()
	}
	row, err := r.Ticket(credential.Digest(key))
	if profile.IsKind(err, profile.NotFound) {
		return nil, data, nil, noTicket()
	}
	if err != nil {
		return nil, data, nil, err
	}
	if row.Kind != ticketInvitation || row.Uses == 0 || !row.Expires.IsZero() && !row.Expires.After(s.d.now()) {
		return nil, data, nil, noTicket()
	}
	if err := json.Unmarshal(row.Data, &data); err != nil {
		return nil, data, nil, err
	}
	rec, err := r.Record(row.Subject)
	return row, data, rec, err
}

// Invitation is what a ticket tells about whoever it invites.
type Invitation struct {
	Email   string
	Profile Subject // that the person is to manage
}

// Invitation reads a ticket by its key, without using it: NotFound when there
// is none that lives.
func (s *Site) Invitation(ctx context.Context, key string) (Invitation, error) {
	var out Invitation
	err := s.data.View(ctx, func(r store.Reader) error {
		_, data, rec, err := s.invitation(r, key)
		if err != nil {
			return err
		}
		out = Invitation{Email: data.Email, Profile: subjectOf(rec)}
		return nil
	})
	return out, err
}

// Redeem uses a ticket up: the person who got the mail becomes a user with the
// ticket's e-mail, manages the profile, and is signed in. The key is the proof,
// so it works where registration is by invitation; an e-mail other than the
// ticket's is refused.
func (s *Site) Redeem(ctx context.Context, key string, in NewAccount, use TokenUse) (SignIn, error) {
	if s.Policy().Registration == RegistrationClosed {
		return SignIn{}, profile.E(profile.Forbidden, profile.CodeRegistrationClosed, "", "registration is disabled.")
	}
	inv, err := s.Invitation(ctx, key)
	if err != nil {
		return SignIn{}, err
	}
	switch {
	case in.Email == "":
		in.Email = inv.Email
	case profile.Fold(in.Email) != profile.Fold(inv.Email):
		return SignIn{}, profile.E(profile.Invalid, profile.CodeProofRequired, "email", "This invitation is for another e-mail address.")
	}
	if inv.Profile.Type == profile.User {
		return s.complete(ctx, key, in, use)
	}
	if strings.TrimSpace(in.FullName) == "" {
		in.FullName = inv.Profile.FullName()
	}
	rec, err := s.createAccount(ctx, profile.ID{}, in, func(tx store.Tx, user *store.Record) error {
		row, _, target, err := s.invitation(tx, key)
		if err != nil {
			return err
		}
		row.Uses--
		if err := tx.PutTicket(row); err != nil {
			return err
		}
		return s.addManager(tx, user.ID, user.ID, target.ID)
	})
	if err != nil {
		return SignIn{}, err
	}
	return s.begin(ctx, rec, nil, use)
}

// complete gives a user who has no password yet the one they chose, and what
// else they say of themselves: the mailed key is the proof.
func (s *Site) complete(ctx context.Context, key string, in NewAccount, use TokenUse) (SignIn, error) {
	hash, err := s.hashPassword(ctx, passwordSecret, in.Password)
	if err != nil {
		return SignIn{}, err
	}
	if in.Username != "" {
		if err := checkSlug(in.Username); err != nil {
			return SignIn{}, err
		}
	}
	edit := Edit{Slug: orNil(in.Username), FullName: orNil(strings.TrimSpace(in.FullName)), Sets: in.Sets, Face: in.Face, Extras: in.Extras}
	var id profile.ID
	err = s.data.View(ctx, func(r store.Reader) error {
		_, _, rec, err := s.invitation(r, key)
		if err == nil {
			id = rec.ID
		}
		return err
	})
	if err != nil {
		return SignIn{}, err
	}
	rec, err := s.change(ctx, id, s.event(id, "user.completed", id), nil, func(old *store.Record) (step, error) {
		if old.Password != "" {
			return step{}, noTicket()
		}
		st, err := s.edit(ctx, old, edit)
		if err != nil {
			return step{}, err
		}
		st.rec.Password = credential.Kind(hash)
		st.paths = append(st.paths, passwordSecret)
		st.with = func(tx store.Tx) error {
			row, _, _, err := s.invitation(tx, key)
			if err != nil {
				return err
			}
			row.Uses--
			if err := tx.PutTicket(row); err != nil {
				return err
			}
			return s.putPassword(tx, st.rec, hash)
		}
		return st, nil
	})
	if err != nil {
		return SignIn{}, err
	}
	return s.begin(ctx, rec, nil, use)
}
