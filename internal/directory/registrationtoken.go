package directory

import (
	"context"
	"slices"
	"time"

	"facet/internal/credential"
	"facet/internal/profile"
	"facet/internal/store"
)

const ticketRegistration = "register" // to register an identity

// NewRegistrationToken is what a registration token is made from.
type NewRegistrationToken struct {
	Token string        // "" is made up: 24 lower-case letters and digits
	Uses  int64         // below zero: any number
	Life  time.Duration // 0: it does not end
}

// RegistrationToken lets people register an identity (Cloudillo, POST
// /api/profiles/register).
type RegistrationToken struct {
	ID      string // tells tokens apart, and does not give them away: 12 hexadecimal digits
	Token   string // only right after it was made
	Uses    int64  // left; below zero: any number
	Created time.Time
	Expires time.Time // zero: it does not end
}

func registrationTokenOf(row *store.TicketRow) RegistrationToken {
	return RegistrationToken{ID: row.Digest[:12], Uses: row.Uses, Created: row.Created, Expires: row.Expires}
}

// AddRegistrationToken makes a registration token, of which only the digest is
// kept. Errors: Invalid with Field "uses" or "life"; Taken with Field "token"
// when it is in use, for whatever.
func (s *Site) AddRegistrationToken(ctx context.Context, in NewRegistrationToken) (RegistrationToken, error) {
	switch {
	case in.Uses == 0:
		return RegistrationToken{}, profile.E(profile.Invalid, profile.CodeInvalid, "uses", "A token of no use lets nobody register.")
	case in.Life < 0:
		return RegistrationToken{}, profile.E(profile.Invalid, profile.CodeInvalid, "life", "A token does not end before it is made.")
	}
	if in.Token == "" {
		in.Token = credential.NewAlnum(24)
	}
	row := s.newTicket(profile.ID{}, ticketRegistration, in.Token, ticketData{})
	if row.Uses, row.Expires = in.Uses, (time.Time{}); in.Life > 0 {
		row.Expires = row.Created.Add(in.Life)
	}
	err := s.data.Update(ctx, func(tx store.Tx) error {
		if _, err := tx.Ticket(row.Digest); err == nil {
			return profile.E(profile.Taken, profile.CodeTaken, "token", "The token is in use.")
		} else if !profile.IsKind(err, profile.NotFound) {
			return err
		}
		return tx.PutTicket(row)
	})
	out := registrationTokenOf(row)
	out.Token = in.Token
	return out, err
}

// RegistrationTokens lists the registration tokens in the order of their
// making, those that are used up or over too.
func (s *Site) RegistrationTokens(ctx context.Context) ([]RegistrationToken, error) {
	var out []RegistrationToken
	err := s.data.View(ctx, func(r store.Reader) error {
		rows, err := r.Tickets(profile.ID{}, ticketRegistration)
		out = make([]RegistrationToken, 0, len(rows))
		for _, row := range rows {
			out = append(out, registrationTokenOf(row))
		}
		return err
	})
	slices.SortStableFunc(out, func(a, b RegistrationToken) int { return a.Created.Compare(b.Created) })
	return out, err
}

// registration reads a registration token that works: Invalid with Field
// "token" otherwise.
func (s *Site) registration(r store.Reader, token string) (*store.TicketRow, error) {
	row, err := r.Ticket(credential.Digest(token))
	if err != nil && !profile.IsKind(err, profile.NotFound) {
		return nil, err
	}
	switch {
	case err != nil || row.Kind != ticketRegistration:
		return nil, profile.E(profile.Invalid, profile.CodeInvalid, "token", "unknown registration token")
	case !row.Expires.IsZero() && !row.Expires.After(s.d.now()):
		return nil, profile.E(profile.Invalid, profile.CodeInvalid, "token", "Ref has expired")
	case row.Uses == 0:
		return nil, profile.E(profile.Invalid, profile.CodeInvalid, "token", "Ref has already been used")
	}
	return row, nil
}

// CheckRegistration says whether a registration token works, without using it.
func (s *Site) CheckRegistration(ctx context.Context, token string) error {
	return s.data.View(ctx, func(r store.Reader) error {
		_, err := s.registration(r, token)
		return err
	})
}

// spendRegistration takes one use of a registration token.
func (s *Site) spendRegistration(tx store.Tx, token string) error {
	row, err := s.registration(tx, token)
	if err != nil || row.Uses < 0 {
		return err
	}
	row.Uses--
	return tx.PutTicket(row)
}
