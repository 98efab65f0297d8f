package directory

import (
	"context"
	"slices"

	"facet/internal/profile"
	"facet/internal/store"
)

// oldPassword is the kind of secret that holds the hashes of a record's former
// passwords, by the time they were given up, where the type remembers them
// (Identity Cloud, "Unique password enforcement").
const oldPassword = "password.old"

// passwordHistory is how many of a record's last passwords a new one must
// differ from, the present one among them.
func (s *Site) passwordHistory(t profile.Type) int {
	typ := s.typeOf(t)
	if typ == nil {
		return 0
	}
	return typ.Definition().Password.HistorySize
}

// refuseOldPassword refuses a password that the record has or had lately. field
// names it in errors: Invalid/CodeConstraint, those of the hasher.
func (s *Site) refuseOldPassword(ctx context.Context, rec *store.Record, field, password string) error {
	size := s.passwordHistory(rec.Type)
	if size == 0 || password == "" {
		return nil
	}
	var had []*store.Secret
	err := s.data.View(ctx, func(r store.Reader) error {
		var err error
		if had, err = r.Secrets(rec.ID, oldPassword); err != nil {
			return err
		}
		now, err := r.Secret(rec.ID, passwordSecret, "")
		if profile.IsKind(err, profile.NotFound) {
			return nil
		}
		had = append(had, now)
		return err
	})
	if err != nil {
		return err
	}
	slices.Reverse(had)
	for _, h := range had[:min(size, len(had))] {
		same, _, err := s.d.hasher.Verify(ctx, string(h.Data), password)
		if err != nil {
			return err
		}
		if same {
			return profile.E(profile.Invalid, profile.CodeConstraint, field, "This password was used before. It must differ from the last %d.", size)
		}
	}
	return nil
}

// rememberPassword keeps the hash that is about to be replaced, or cleared,
// where the type remembers passwords, and forgets those that are too old.
func (s *Site) rememberPassword(tx store.Tx, rec *store.Record, cleared bool) error {
	had, err := tx.Secrets(rec.ID, oldPassword)
	if err != nil {
		return err
	}
	now, err := tx.Secret(rec.ID, passwordSecret, "")
	if err != nil && !profile.IsKind(err, profile.NotFound) {
		return err
	}
	keep := s.passwordHistory(rec.Type)
	if !cleared && keep > 0 {
		keep-- // the new one counts
	}
	if err == nil && keep > 0 {
		old := &store.Secret{Subject: rec.ID, Kind: oldPassword, Key: s.d.now().Format("20060102150405.000000"), Data: now.Data, Created: now.Created}
		if err := tx.PutSecret(old); err != nil {
			return err
		}
		had = append(had, old)
	}
	for _, h := range had[:max(len(had)-keep, 0)] {
		if err := tx.DropSecret(rec.ID, oldPassword, h.Key); err != nil {
			return err
		}
	}
	return nil
}
