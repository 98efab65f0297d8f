package directory

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"

	"facet/internal/access"
	"facet/internal/credential"
	"facet/internal/profile"
	"facet/internal/store"
)

// An API key stands for a user where no session is: 64 characters, the first
// half of which is shown, the second half of which proves. It is kept as its
// SHA-256 and found by it (DjaoApp, "API keys").
const (
	apiKeySecret = "apikey" // key: the public half
	apiKeyHalf   = 32
	apiKeyLife   = 365 * 24 * time.Hour
	maxAPIKeys   = 50 // of a user
)

// DjaoApp's letters, without those that are taken for one another.
const apiKeyLetters = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"

var apiKeyForm = regexp.MustCompile(`^[a-zA-Z0-9]{64}$`)

// IsAPIKey reports whether a text has the form of an API key.
func IsAPIKey(s string) bool { return apiKeyForm.MatchString(s) }

// newAPIKey makes a key of letters that are each equally likely.
func newAPIKey() string {
	const fair = 256 / len(apiKeyLetters) * len(apiKeyLetters)
	out := make([]byte, 0, 2*apiKeyHalf)
	var b [64]byte
	for len(out) < cap(out) {
		_, _ = rand.Read(b[:]) // never fails, by its documentation
		for _, c := range b {
			if int(c) < fair && len(out) < cap(out) {
				out = append(out, apiKeyLetters[int(c)%len(apiKeyLetters)])
			}
		}
	}
	return string(out)
}

// apiKeyData is what is kept of a key.
type apiKeyData struct {
	Title  string `json:"title"`
	Digest string `json:"digest"`
}

// APIKey is a key as its owner sees it.
type APIKey struct {
	Title   string
	Public  string // half
	Created time.Time
	Ends    time.Time
}

// APIKeys lists a user's keys, those that are over too, by title and public
// half.
func (s *Site) APIKeys(ctx context.Context, who access.Principal, user string) ([]APIKey, error) {
	var out []APIKey
	err := s.data.View(ctx, func(r store.Reader) error {
		out = nil
		rec, err := s.userFor(r, access.UserSecret, who, user)
		if err != nil {
			return err
		}
		rows, err := r.Secrets(rec.ID, apiKeySecret)
		if err != nil {
			return err
		}
		for _, row := range rows {
			var data apiKeyData
			if err := json.Unmarshal(row.Data, &data); err != nil {
				return err
			}
			out = append(out, APIKey{data.Title, row.Key, row.Created, row.Expires})
		}
		return nil
	})
	slices.SortFunc(out, func(a, b APIKey) int {
		if c := strings.Compare(a.Title, b.Title); c != 0 {
			return c
		}
		return strings.Compare(a.Public, b.Public)
	})
	return out, err
}

// AddAPIKey makes a key, which is told once. Errors: NotFound, Forbidden,
// those of the proof, Conflict when the user has as many as allowed.
func (s *Site) AddAPIKey(ctx context.Context, who access.Principal, user, title string, p Proof) (key string, err error) {
	rec, use, err := s.toProve(ctx, who, UserKey{Username: user}, p)
	if err != nil {
		return "", err
	}
	key = newAPIKey()
	now := s.d.now()
	row := &store.Secret{
		Subject: rec.ID, Kind: apiKeySecret, Key: key[:apiKeyHalf], Created: now, Expires: now.Add(apiKeyLife),
		Data: marshal(apiKeyData{title, credential.Digest(key)}),
	}
	err = s.data.Update(ctx, func(tx store.Tx) error {
		if err := tx.Lock(rec.ID); err != nil {
			return err
		}
		rows, err := tx.Secrets(rec.ID, apiKeySecret)
		if err != nil {
			return err
		}
		if len(rows) >= maxAPIKeys {
			return profile.E(profile.Conflict, profile.CodeTooLarge, "", "There are %d API keys already: delete one first.", maxAPIKeys)
		}
		if err := tx.Claim(profile.ID{}, profile.APIKey, credential.Digest(key), rec.ID); err != nil {
			return err
		}
		if err := tx.PutSecret(row); err != nil {
			return err
		}
		if err := use(tx); err != nil {
			return err
		}
		return tx.Log(s.event(who.Subject, "user.apikey.created", rec.ID))
	})
	return key, err
}

// DropAPIKey deletes a key by its public half: it stops at once. Errors:
// NotFound with Field "key", those of AddAPIKey.
func (s *Site) DropAPIKey(ctx context.Context, who access.Principal, user, public string, p Proof) error {
	rec, use, err := s.toProve(ctx, who, UserKey{Username: user}, p)
	if err != nil {
		return err
	}
	return s.data.Update(ctx, func(tx store.Tx) error {
		row, err := tx.Secret(rec.ID, apiKeySecret, public)
		if profile.IsKind(err, profile.NotFound) {
			return profile.E(profile.NotFound, profile.CodeNotFound, "key", "No APIKeys matches the given query.")
		}
		if err != nil {
			return err
		}
		if err := use(tx); err != nil {
			return err
		}
		return s.dropAPIKey(tx, who.Subject, row)
	})
}

func (s *Site) dropAPIKey(tx store.Tx, actor profile.ID, row *store.Secret) error {
	var data apiKeyData
	if err := json.Unmarshal(row.Data, &data); err != nil {
		return err
	}
	if err := tx.Release(profile.ID{}, profile.APIKey, data.Digest); err != nil {
		return err
	}
	if err := tx.DropSecret(row.Subject, apiKeySecret, row.Key); err != nil {
		return err
	}
	return tx.Log(s.event(actor, "user.apikey.deleted", row.Subject))
}

// AuthenticateKey reads an API key. The caller is its user, without a session.
// Errors: Unauthenticated/CodeBadToken, also for a user who is disabled;
// Expired/CodeExpiredToken.
func (s *Site) AuthenticateKey(ctx context.Context, key string) (access.Principal, error) {
	var who access.Principal
	err := s.data.View(ctx, func(r store.Reader) error {
		rec, err := r.ByName(profile.ID{}, profile.APIKey, credential.Digest(key))
		if err != nil {
			return err
		}
		row, err := r.Secret(rec.ID, apiKeySecret, key[:apiKeyHalf])
		if err != nil {
			return err
		}
		if !row.Expires.After(s.d.now()) {
			return profile.E(profile.Expired, profile.CodeExpiredToken, "", "the API key is over")
		}
		if rec.State != profile.Active {
			return badToken()
		}
		who = access.Principal{Subject: rec.ID}
		return nil
	})
	if profile.IsKind(err, profile.NotFound) {
		return who, badToken()
	}
	return who, err
}
