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
	ticketInvitation = "invitation" // to manage the subject, by who has the e-mail
	ticketRole       = "role"       // to accept a granted role; of a user without a password it is an invitation
)

const ticketLife = 14 * 24 * time.Hour

// ticketData is what a ticket knows beside its subject.
type ticketData struct {
	Email string     `json:"email,omitempty"`
	On    profile.ID `json:"on,omitzero"` // the profile that a role is on
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

// invitation reads a live invitation with the profile it is for. That of a user
// who has another e-mail by now lives no more: who reads the mail of the address
// before may be a stranger.
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
	if err == nil && rec.Type == profile.User && profile.FoldEmail(textAt(rec.Attrs, "email")) != profile.FoldEmail(data.Email) {
		err = noTicket()
	}
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
		return SignIn{}, registrationClosed()
	}
	inv, err := s.Invitation(ctx, key)
	if err != nil {
		return SignIn{}, err
	}
	switch {
	case in.Email == "":
		in.Email = inv.Email
	case profile.FoldEmail(in.Email) != profile.FoldEmail(inv.Email):
		return SignIn{}, profile.E(profile.Invalid, profile.CodeProofRequired, "email", "This invitation is for another e-mail address.")
	}
	in.proved = true
	spend := func(tx store.Tx) (on profile.ID, err error) {
		row, _, target, err := s.invitation(tx, key)
		if err != nil {
			return on, err
		}
		row.Uses--
		return target.ID, tx.PutTicket(row)
	}
	if id := inv.Profile.ID; inv.Profile.Type == profile.User {
		return s.complete(ctx, id, in, use, func(tx store.Tx) error {
			_, err := spend(tx)
			return err
		})
	}
	if strings.TrimSpace(in.FullName) == "" {
		in.FullName = inv.Profile.FullName()
	}
	rec, err := s.createAccount(ctx, profile.ID{}, in, func(tx store.Tx, user *store.Record) error {
		on, err := spend(tx)
		if err != nil {
			return err
		}
		return s.addManager(tx, user.ID, user.ID, on)
	})
	if err != nil {
		return SignIn{}, err
	}
	return s.begin(ctx, rec, nil, use)
}

// complete gives a user who has no password yet the one they chose, and what
// else they say of themselves; what let in whoever came before ends, as
// SetPasswordByRef has it. with uses the proof up. Who proved the e-mail
// gives the one-time password too, where the user turned them on, and is signed
// in; an operator who completes the account of another is not.
func (s *Site) complete(ctx context.Context, id profile.ID, in NewAccount, use TokenUse, with func(store.Tx) error) (SignIn, error) {
	hash, err := s.hashPassword(ctx, passwordSecret, in.Password)
	if err != nil {
		return SignIn{}, err
	}
	if in.Username != "" {
		if err := checkSlug(in.Username); err != nil {
			return SignIn{}, err
		}
	}
	edit := Edit{Slug: orNil(in.Username), FullName: orNil(strings.TrimSpace(in.FullName)), Face: in.Face, Extras: in.Extras}
	if in.Kind != AccountOrganization {
		edit.Sets = in.Sets
	}
	if in.Phone != "" {
		edit.Sets = append([]Set{{"mobileNumber", &in.Phone}}, edit.Sets...)
	}
	org, err := s.newOrganization(ctx, id, in)
	if err != nil {
		return SignIn{}, err
	}
	if in.proved {
		if err := s.secondFactor(ctx, id, in.OTP); err != nil {
			return SignIn{}, err
		}
	}
	rec, err := s.change(ctx, id, s.event(id, "user.completed", id), nil, func(old *store.Record) (step, error) {
		if old.Password != "" {
			return step{}, noTicket()
		}
		st, err := s.edit(ctx, old, edit)
		if err != nil {
			return step{}, err
		}
		if in.proved && profile.FoldEmail(textAt(st.rec.Attrs, "email")) == profile.FoldEmail(in.Email) {
			proveEmail(st.rec)
		}
		setName(st.rec, profile.Phone, "")
		in.setPhone(st.rec)
		st.rec.Password = credential.Kind(hash)
		st.paths = append(st.paths, passwordSecret)
		st.with = func(tx store.Tx) error {
			if err := with(tx); err != nil {
				return err
			}
			if err := s.dropKeys(tx, id); err != nil {
				return err
			}
			if err := s.sign(tx, id, in.Signs); err != nil {
				return err
			}
			if err := s.addKind(tx, id, st.rec, in, org); err != nil {
				return err
			}
			return s.putPassword(tx, st.rec, hash)
		}
		return st, nil
	})
	if err != nil {
		return SignIn{}, err
	}
	if err := s.ensureMember(ctx, rec); err != nil {
		return SignIn{}, err
	}
	if !in.proved {
		return SignIn{Subject: subjectOf(rec)}, nil
	}
	return s.begin(ctx, rec, nil, use)
}
