package directory

import (
	"context"
	"slices"
	"time"

	"facet/internal/profile"
	"facet/internal/store"
)

// NewRegistrationToken is what a registration token is made from.
type NewRegistrationToken struct {
	Token string        // "" is made up: 24 letters and digits
	Uses  int64         // below zero: any number
	Life  time.Duration // 0: it does not end
}

// RegistrationToken lets people register an identity (Cloudillo, POST
// /api/profiles/register): a ref of the type register.
type RegistrationToken struct {
	ID      string // tells tokens apart, and does not give them away: 12 hexadecimal digits
	Token   string // only right after it was made
	Uses    int64  // left; below zero: any number
	Created time.Time
	Expires time.Time // zero: it does not end
}

// AddRegistrationToken makes a registration token, from the command line.
// Errors: Invalid with Field "uses" or "life"; Taken with Field "token" when it
// is in use, for whatever.
func (s *Site) AddRegistrationToken(ctx context.Context, in NewRegistrationToken) (RegistrationToken, error) {
	switch {
	case in.Uses == 0:
		return RegistrationToken{}, profile.E(profile.Invalid, profile.CodeInvalid, "uses", "A token of no use lets nobody register.")
	case in.Life < 0:
		return RegistrationToken{}, profile.E(profile.Invalid, profile.CodeInvalid, "life", "A token does not end before it is made.")
	}
	ref := Ref{ID: in.Token, Type: RefRegister, Uses: in.Uses}
	if in.Life > 0 {
		ref.Expires = s.d.now().Add(in.Life)
	}
	row, err := s.newRef(&ref)
	if err != nil {
		return RegistrationToken{}, err
	}
	err = s.data.Update(ctx, func(tx store.Tx) error { return s.addRef(tx, profile.ID{}, row) })
	out := registrationTokenOf(row)
	out.Token = ref.ID
	return out, err
}

func registrationTokenOf(row *store.TicketRow) RegistrationToken {
	return RegistrationToken{ID: row.Digest[:12], Uses: row.Uses, Created: row.Created, Expires: row.Expires}
}

// RegistrationTokens lists the registration tokens in the order of their
// making, those that are used up or over too.
func (s *Site) RegistrationTokens(ctx context.Context) ([]RegistrationToken, error) {
	var out []RegistrationToken
	err := s.data.View(ctx, func(r store.Reader) error {
		rows, err := r.Tickets(profile.ID{}, string(RefRegister))
		out = make([]RegistrationToken, 0, len(rows))
		for _, row := range rows {
			out = append(out, registrationTokenOf(row))
		}
		return err
	})
	slices.SortStableFunc(out, func(a, b RegistrationToken) int { return a.Created.Compare(b.Created) })
	return out, err
}

// CheckRegistration says whether a registration token works, without using it.
// Errors: NotFound, Invalid with Field "token".
func (s *Site) CheckRegistration(ctx context.Context, token string) error {
	return s.data.View(ctx, func(r store.Reader) error {
		_, _, err := s.liveRef(r, token, RefRegister)
		return err
	})
}
