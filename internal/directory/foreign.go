package directory

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/store"
)

// A foreign issuer signs tokens of Sentinel's form (HS256; UserID, Email,
// Username, Operator, exp) with a key that the site shares with it: a front end
// goes on with the tokens that it has. Only the app-data face takes them. They
// say who calls and nothing more: what the caller may is what the live record
// may, and what takes a session of ours, or changes an account, is refused: such
// a token cannot be ended here. A new password ends those from before it, and so
// does taking the password away.

// ForeignIssuer is an issuer whose tokens the site takes.
type ForeignIssuer struct {
	Name   string // ours for it
	Issuer string // the claim iss that its tokens have; "": they have none
}

const (
	foreignSecret = "foreign"
	minForeignKey = 32  // bytes (RFC 7518, section 3.2)
	maxForeignKey = 512 // bytes
	maxForeign    = 10  // issuers of a site
)

// foreignData is what is sealed.
type foreignData struct {
	Issuer string `json:"iss"`
	Key    []byte `json:"key"`
}

// AddForeignIssuer makes the site take the tokens of an issuer. Errors: Invalid
// with Field "name", "issuer" or "key"; Taken with Field "name"; Conflict when
// there are many.
func (s *Site) AddForeignIssuer(ctx context.Context, in ForeignIssuer, key []byte) error {
	switch {
	case profile.Slugify(in.Name, 50) != in.Name || in.Name == "":
		return profile.E(profile.Invalid, profile.CodeInvalid, "name", "An issuer's name is made of lower-case letters, digits and '-', 50 at most.")
	case len(in.Issuer) > 500:
		return profile.E(profile.Invalid, profile.CodeLength, "issuer", "The claim iss may have at most 500 bytes.")
	case len(key) < minForeignKey || len(key) > maxForeignKey:
		return profile.E(profile.Invalid, profile.CodeInvalid, "key", "The key has %d to %d bytes.", minForeignKey, maxForeignKey)
	}
	sealed := s.d.dataKey.Seal(marshal(foreignData{in.Issuer, key}), []byte(foreignSecret+" "+in.Name))
	return s.data.Update(ctx, func(tx store.Tx) error {
		// Nobody has this name: its place is what others who add one wait for.
		if _, err := tx.Secret(profile.ID{}, foreignSecret, ""); !profile.IsKind(err, profile.NotFound) {
			return err
		}
		have, err := tx.Secrets(profile.ID{}, foreignSecret)
		if err != nil {
			return err
		}
		for _, row := range have {
			if row.Key == in.Name {
				return profile.E(profile.Taken, profile.CodeTaken, "name", "There is an issuer of this name.")
			}
		}
		if len(have) >= maxForeign {
			return profile.E(profile.Conflict, profile.CodeInvalid, "", "A site has at most %d foreign issuers.", maxForeign)
		}
		if err := tx.PutSecret(&store.Secret{Kind: foreignSecret, Key: in.Name, Data: sealed, Created: s.d.now()}); err != nil {
			return err
		}
		return tx.Log(s.event(profile.ID{}, "issuer.added", profile.ID{}))
	})
}

// ForeignIssuers lists them, without their keys.
func (s *Site) ForeignIssuers(ctx context.Context) ([]ForeignIssuer, error) {
	all, err := s.foreign(ctx)
	out := make([]ForeignIssuer, len(all))
	for i, f := range all {
		out[i] = f.ForeignIssuer
	}
	return out, err
}

// DropForeignIssuer ends the taking of an issuer's tokens: NotFound.
func (s *Site) DropForeignIssuer(ctx context.Context, name string) error {
	return s.data.Update(ctx, func(tx store.Tx) error {
		if _, err := tx.Secret(profile.ID{}, foreignSecret, name); err != nil {
			return err
		}
		if err := tx.DropSecret(profile.ID{}, foreignSecret, name); err != nil {
			return err
		}
		return tx.Log(s.event(profile.ID{}, "issuer.dropped", profile.ID{}))
	})
}

type foreignKey struct {
	ForeignIssuer
	key []byte
}

func (s *Site) foreign(ctx context.Context) (out []foreignKey, err error) {
	var rows []*store.Secret
	err = s.data.View(ctx, func(r store.Reader) (err error) {
		rows, err = r.Secrets(profile.ID{}, foreignSecret)
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		plain, err := s.d.dataKey.Open(row.Data, []byte(foreignSecret+" "+row.Key))
		if err != nil {
			return nil, err
		}
		var data foreignData
		if err := json.Unmarshal(plain, &data); err != nil {
			return nil, err
		}
		out = append(out, foreignKey{ForeignIssuer{row.Key, data.Issuer}, data.Key})
	}
	return out, nil
}

// foreignClaims are those that are read; the others are somebody's opinion.
type foreignClaims struct {
	UserID string `json:"UserID"`
	jwt.RegisteredClaims
}

// IsForeignToken reports whether a token says that it is one of HS256: ours are
// not.
func IsForeignToken(token string) bool {
	header, _, _ := strings.Cut(token, ".")
	if len(header) > 1000 {
		return false
	}
	raw, err := jwt.NewParser().DecodeSegment(header)
	var h struct {
		Alg string `json:"alg"`
	}
	return err == nil && json.Unmarshal(raw, &h) == nil && h.Alg == jwt.SigningMethodHS256.Alg()
}

// AuthenticateForeign reads a token of an issuer that the site takes. Errors:
// Unauthenticated/CodeBadToken, Expired/CodeExpiredToken.
func (s *Site) AuthenticateForeign(ctx context.Context, token string) (access.Principal, error) {
	issuers, err := s.foreign(ctx)
	if err != nil {
		return access.Principal{}, err
	}
	expired := false
	for _, f := range issuers {
		options := []jwt.ParserOption{jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}), jwt.WithExpirationRequired(), jwt.WithStrictDecoding(), jwt.WithTimeFunc(func() time.Time { return s.d.now() })}
		if f.Issuer != "" {
			options = append(options, jwt.WithIssuer(f.Issuer))
		}
		var claims foreignClaims
		_, err := jwt.NewParser(options...).ParseWithClaims(token, &claims, func(*jwt.Token) (any, error) { return f.key, nil })
		if errors.Is(err, jwt.ErrTokenExpired) && !errors.Is(err, jwt.ErrTokenSignatureInvalid) {
			expired = true
		}
		if err != nil || f.Issuer == "" && claims.Issuer != "" {
			continue
		}
		return s.foreignPrincipal(ctx, &claims)
	}
	if expired {
		return access.Principal{}, profile.E(profile.Expired, profile.CodeExpiredToken, "", "token expired")
	}
	return access.Principal{}, badToken()
}

// foreignPrincipal is the live user that a foreign token names, unless the user
// has had a new password, or lost the one there was, since the token was issued. One that does not tell when
// that was is as old as can be.
func (s *Site) foreignPrincipal(ctx context.Context, claims *foreignClaims) (access.Principal, error) {
	id, err := profile.ParseID(claims.UserID)
	if err != nil || id.IsZero() {
		return access.Principal{}, badToken()
	}
	var issued time.Time
	if claims.IssuedAt != nil {
		issued = claims.IssuedAt.Time
	}
	err = s.data.View(ctx, func(r store.Reader) error {
		rec, err := r.Record(id)
		if err != nil {
			return err
		}
		if rec.Type != profile.User || rec.State != profile.Active {
			return store.ErrNotFound
		}
		since, err := passwordSince(r, rec)
		if err == nil && issued.Before(since) {
			err = store.ErrNotFound
		}
		return err
	})
	if profile.IsKind(err, profile.NotFound) {
		return access.Principal{}, badToken()
	}
	return access.Principal{Subject: id, Foreign: true}, err
}

// SetDestructiveGets says whether GET changes something where Sentinel's pages
// print it so.
func (s *Site) SetDestructiveGets(ctx context.Context, on bool) error {
	return s.setPolicy(ctx, func(p *Policy) { p.DestructiveGets = on })
}
