package directory

import (
	"context"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"facet/internal/access"
	"facet/internal/credential"
	"facet/internal/profile"
	"facet/internal/store"
)

// An API key of an identity is "cl_" and 43 characters of base64url (Cloudillo,
// "Authentication API", API keys). It stands for a person, without a session
// and without what only a session may do, or for a community, which is a
// restriction of its own. It is kept as its SHA-256 and found by it; scopes
// narrow it.
const (
	identityKeySecret = "identitykey" // key: the digest
	identityKeyPrefix = "cl_"
	identityKeyShown  = 8 // characters of a key that are shown
	maxIdentityKeys   = 50
	maxKeyName        = 100 // characters
)

var identityKeyForm = regexp.MustCompile(`^cl_[A-Za-z0-9_-]{43}$`)

// IsIdentityKey reports whether a text has the form of an identity's API key.
func IsIdentityKey(s string) bool { return identityKeyForm.MatchString(s) }

// identityKeyData is what is kept of a key.
type identityKeyData struct {
	Number int64      `json:"number"`
	Prefix string     `json:"prefix"`
	Name   string     `json:"name,omitempty"`
	Scopes []string   `json:"scopes,omitempty"`
	By     profile.ID `json:"by,omitzero"` // who made it
}

// IdentityKey is an API key as who holds it sees it.
type IdentityKey struct {
	Number  int64  // of the site's sequence
	Prefix  string // the first characters of the key
	Name    string // "" for none
	Scopes  []string
	Created time.Time
	Ends    time.Time // zero: it does not end
}

// IdentityKeyEdit is what is said of a key; nil leaves a thing as it is, "" and
// the zero time clear it.
type IdentityKeyEdit struct {
	Name   *string
	Scopes *string    // a list with commas
	Ends   *time.Time //
}

// identityKey is a key as it is stored.
type identityKey struct {
	row  *store.Secret
	data identityKeyData
}

func readIdentityKey(row *store.Secret) (identityKey, error) {
	k := identityKey{row: row}
	return k, json.Unmarshal(row.Data, &k.data)
}

func (k identityKey) shown() IdentityKey {
	return IdentityKey{k.data.Number, k.data.Prefix, k.data.Name, k.data.Scopes, k.row.Created, k.row.Expires}
}

// apply changes a key, and says whether what it may do is other than before.
func (k *identityKey) apply(in IdentityKeyEdit, now time.Time) (matters bool, err error) {
	if in.Name != nil {
		name := strings.TrimSpace(*in.Name)
		if utf8.RuneCountInString(name) > maxKeyName || strings.ContainsFunc(name, unicode.IsControl) {
			return false, profile.E(profile.Invalid, profile.CodeLength, "name", "name is one line of %d characters at most", maxKeyName)
		}
		k.data.Name = name
	}
	if in.Scopes != nil {
		scopes, err := access.ParseScopes(*in.Scopes)
		if err != nil {
			e := *profile.AsError(err)
			e.Field = "scopes"
			return false, &e
		}
		matters = !slices.Equal(scopes, k.data.Scopes)
		k.data.Scopes = scopes
	}
	if in.Ends != nil {
		if !in.Ends.IsZero() && !in.Ends.After(now) {
			return false, profile.E(profile.Invalid, profile.CodeInvalid, "expiresAt", "expiresAt is in the past")
		}
		matters = matters || !in.Ends.Equal(k.row.Expires)
		k.row.Expires = *in.Ends
	}
	k.row.Data = marshal(k.data)
	return matters, nil
}

// keyHolder finds the identity whose API keys a caller asks about: the caller's
// own, or with a slug that one. A person's are the person's alone; those of a
// group are for who manages or leads it. Errors: NotFound, Forbidden.
func (s *Site) keyHolder(r store.Reader, who access.Principal, slug string) (*store.Record, error) {
	if err := access.Admit(access.IdentityKeys, who); err != nil {
		return nil, err
	}
	if slug == "" {
		rec, err := r.Record(who.Subject)
		return rec, joinErr(err, access.Allow(access.IdentityKeys, who, access.Self))
	}
	rec, err := bySlug(r, profile.Slug, slug)
	if err != nil {
		return nil, err
	}
	is, err := s.relationTo(r, who, rec)
	if err != nil {
		return nil, err
	}
	if rec.Type == profile.User {
		is &= access.Self
	}
	return rec, access.Allow(access.IdentityKeys, who, is)
}

// identityKeys reads the keys of an identity by number.
func identityKeys(r store.Reader, of profile.ID) ([]identityKey, error) {
	rows, err := r.Secrets(of, identityKeySecret)
	if err != nil {
		return nil, err
	}
	out := make([]identityKey, 0, len(rows))
	for _, row := range rows {
		k, err := readIdentityKey(row)
		if err != nil {
			return nil, err
		}
		out = append(out, k)
	}
	slices.SortFunc(out, func(a, b identityKey) int { return int(a.data.Number - b.data.Number) })
	return out, nil
}

// IdentityKeys lists the API keys of the caller, or of the identity with the
// slug, those that are over too, by number. Errors: NotFound, Forbidden.
func (s *Site) IdentityKeys(ctx context.Context, who access.Principal, slug string) ([]IdentityKey, error) {
	var out []IdentityKey
	err := s.data.View(ctx, func(r store.Reader) error {
		rec, err := s.keyHolder(r, who, slug)
		if err != nil {
			return err
		}
		keys, err := identityKeys(r, rec.ID)
		out = make([]IdentityKey, 0, len(keys))
		for _, k := range keys {
			out = append(out, k.shown())
		}
		return err
	})
	return out, err
}

// IdentityKeyNumbered reads one. Errors: those of IdentityKeys.
func (s *Site) IdentityKeyNumbered(ctx context.Context, who access.Principal, slug string, number int64) (IdentityKey, error) {
	keys, err := s.IdentityKeys(ctx, who, slug)
	if err != nil {
		return IdentityKey{}, err
	}
	i := slices.IndexFunc(keys, func(k IdentityKey) bool { return k.Number == number })
	if i < 0 {
		return IdentityKey{}, store.ErrNotFound
	}
	return keys[i], nil
}

// AddIdentityKey makes a key, which is told once. Errors: those of
// IdentityKeys; Invalid with Field "name", "scopes" or "expiresAt"; Conflict
// when there are as many as allowed.
func (s *Site) AddIdentityKey(ctx context.Context, who access.Principal, slug string, in IdentityKeyEdit) (key string, out IdentityKey, err error) {
	if err := access.Admit(access.IdentityKeys, who); err != nil {
		return "", out, err
	}
	number, err := s.number(ctx)
	if err != nil {
		return "", out, err
	}
	key = identityKeyPrefix + credential.NewOpaque()
	digest := credential.Digest(key)
	now := s.d.now()
	k := identityKey{row: &store.Secret{Kind: identityKeySecret, Key: digest, Created: now}}
	k.data.Number, k.data.Prefix, k.data.By = number, key[:identityKeyShown], who.Subject
	if _, err := k.apply(in, now); err != nil {
		return "", out, err
	}
	err = s.data.Update(ctx, func(tx store.Tx) error {
		rec, err := s.keyHolder(tx, who, slug)
		if err != nil {
			return err
		}
		if err := tx.Lock(rec.ID); err != nil {
			return err
		}
		if _, err := s.liveSession(tx, who.Subject, who.Session); err != nil { // ended meanwhile, with a new password
			return err
		}
		keys, err := identityKeys(tx, rec.ID)
		if err != nil {
			return err
		}
		if len(keys) >= maxIdentityKeys {
			return profile.E(profile.Conflict, profile.CodeTooLarge, "", "There are %d API keys already: delete one first.", maxIdentityKeys)
		}
		if err := tx.Claim(profile.ID{}, profile.APIKey, digest, rec.ID); err != nil {
			return err
		}
		k.row.Subject = rec.ID
		if err := tx.PutSecret(k.row); err != nil {
			return err
		}
		return tx.Log(s.event(who.Subject, "identity.key.created", rec.ID))
	})
	return key, k.shown(), err
}

// EditIdentityKey changes a key. Where it may do another thing, or for another
// time, the tokens that came of it stop at once. Errors: those of
// AddIdentityKey.
func (s *Site) EditIdentityKey(ctx context.Context, who access.Principal, slug string, number int64, in IdentityKeyEdit) (out IdentityKey, err error) {
	err = s.data.Update(ctx, func(tx store.Tx) error {
		k, err := s.ownIdentityKey(tx, who, slug, number)
		if err != nil {
			return err
		}
		matters, err := k.apply(in, s.d.now())
		if out = k.shown(); err != nil || in == (IdentityKeyEdit{}) {
			return err
		}
		if err := tx.PutSecret(k.row); err != nil {
			return err
		}
		if matters {
			if err := endIdentityKey(tx, k); err != nil {
				return err
			}
		}
		return tx.Log(s.event(who.Subject, "identity.key.changed", k.row.Subject))
	})
	return out, err
}

// DropIdentityKey deletes a key: it, and the tokens that came of it, stop at
// once. Errors: NotFound, Forbidden.
func (s *Site) DropIdentityKey(ctx context.Context, who access.Principal, slug string, number int64) error {
	return s.data.Update(ctx, func(tx store.Tx) error {
		k, err := s.ownIdentityKey(tx, who, slug, number)
		if err != nil {
			return err
		}
		return s.dropIdentityKey(tx, who.Subject, k)
	})
}

// EndIdentityKey deletes a key that is shown: to have it is to be allowed. One
// that is none is no error, as for who signs out twice.
func (s *Site) EndIdentityKey(ctx context.Context, key string) error {
	if !IsIdentityKey(key) {
		return nil
	}
	return s.data.Update(ctx, func(tx store.Tx) error {
		rec, k, err := identityKeyOf(tx, key)
		if profile.IsKind(err, profile.NotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		return s.dropIdentityKey(tx, rec.ID, k)
	})
}

// ownIdentityKey reads a key that the caller may change, and locks whose it is.
func (s *Site) ownIdentityKey(tx store.Tx, who access.Principal, slug string, number int64) (identityKey, error) {
	rec, err := s.keyHolder(tx, who, slug)
	if err != nil {
		return identityKey{}, err
	}
	if err := tx.Lock(rec.ID); err != nil {
		return identityKey{}, err
	}
	keys, err := identityKeys(tx, rec.ID)
	if err != nil {
		return identityKey{}, err
	}
	i := slices.IndexFunc(keys, func(k identityKey) bool { return k.data.Number == number })
	if i < 0 {
		return identityKey{}, store.ErrNotFound
	}
	return keys[i], nil
}

func (s *Site) dropIdentityKey(tx store.Tx, actor profile.ID, k identityKey) error {
	if err := tx.Release(profile.ID{}, profile.APIKey, k.row.Key); err != nil {
		return err
	}
	if err := tx.DropSecret(k.row.Subject, identityKeySecret, k.row.Key); err != nil {
		return err
	}
	if err := endIdentityKey(tx, k); err != nil {
		return err
	}
	return tx.Log(s.event(actor, "identity.key.deleted", k.row.Subject))
}

// dropKeysMadeBy deletes the API keys of a group that somebody made who does not
// manage or lead it any more.
func (s *Site) dropKeysMadeBy(tx store.Tx, maker, group profile.ID) error {
	keys, err := identityKeys(tx, group)
	if err != nil || len(keys) == 0 {
		return err
	}
	held, err := linkAt(tx, maker, group, roleHeld)
	if err != nil || held != nil && held.Tag == RoleManager && isCurrent(held, s.d.now()) {
		return err
	}
	for _, k := range keys {
		if k.data.By != maker {
			continue
		}
		if err := s.dropIdentityKey(tx, maker, k); err != nil {
			return err
		}
	}
	return nil
}

// dropKeys deletes all API keys of a person, of every face.
func (s *Site) dropKeys(tx store.Tx, of profile.ID) error {
	keys, err := identityKeys(tx, of)
	if err != nil {
		return err
	}
	for _, k := range keys {
		if err := s.dropIdentityKey(tx, of, k); err != nil {
			return err
		}
	}
	rows, err := tx.Secrets(of, apiKeySecret)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if err := s.dropAPIKey(tx, of, row); err != nil {
			return err
		}
	}
	return nil
}

// endIdentityKey ends the sessions that came of a key.
func endIdentityKey(tx store.Tx, k identityKey) error {
	return dropSessionsOf(tx, k.row.Subject, func(r access.Restriction) bool { return r.Key == k.data.Number })
}

// identityKeyOf reads a key by its text, with whose it is: NotFound when there
// is none.
func identityKeyOf(r store.Reader, key string) (*store.Record, identityKey, error) {
	digest := credential.Digest(key)
	rec, err := r.ByName(profile.ID{}, profile.APIKey, digest)
	if err != nil {
		return nil, identityKey{}, err
	}
	row, err := r.Secret(rec.ID, identityKeySecret, digest)
	if err != nil {
		return nil, identityKey{}, err
	}
	k, err := readIdentityKey(row)
	return rec, k, err
}

// AuthenticateIdentityKey reads a key. On the host of an identity, by its slug,
// only that one's own keys work. The caller has no session, and does what the
// scopes let it. Errors: Unauthenticated/CodeBadToken, also for an identity
// that is disabled, and for a group that who made the key does not lead any
// more; Expired/CodeExpiredToken.
func (s *Site) AuthenticateIdentityKey(ctx context.Context, key, slug string) (who access.Principal, err error) {
	if !IsIdentityKey(key) {
		return who, badToken()
	}
	err = s.data.View(ctx, func(r store.Reader) error {
		rec, k, err := identityKeyOf(r, key)
		if err != nil {
			return err
		}
		if slug != "" && profile.Fold(slug) != profile.Fold(rec.Name(profile.Slug)) {
			return badToken()
		}
		who, err = s.identityKeyHolder(r, rec, k)
		return err
	})
	if profile.IsKind(err, profile.NotFound) {
		return who, badToken()
	}
	return who, err
}

// identityKeyHolder is who calls by a key. That of a group works as long as who
// made it could make it now.
func (s *Site) identityKeyHolder(r store.Reader, rec *store.Record, k identityKey) (access.Principal, error) {
	if rec.State != profile.Active {
		return access.Principal{}, badToken()
	}
	if rec.Type != profile.User {
		by, err := r.Record(k.data.By)
		if err != nil {
			return access.Principal{}, orGone(err, badToken())
		}
		if by.State != profile.Active {
			return access.Principal{}, badToken()
		}
		is, err := s.relationTo(r, access.Principal{Subject: by.ID}, rec)
		if err != nil || !is.Has(access.Manager|access.Leader) {
			return access.Principal{}, joinErr(err, badToken())
		}
	}
	if ends := k.row.Expires; !ends.IsZero() && !ends.After(s.d.now()) {
		return access.Principal{}, profile.E(profile.Expired, profile.CodeExpiredToken, "", "the API key is over")
	}
	who := access.Principal{Subject: rec.ID, Restriction: access.Restriction{Key: k.data.Number}}
	switch {
	case len(k.data.Scopes) > 0:
		who.Restriction.Kind, who.Restriction.Scopes = access.Scoped, k.data.Scopes
	case rec.Type != profile.User:
		who.Restriction.Kind = access.Group
	}
	return who, nil
}
