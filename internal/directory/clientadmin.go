package directory

import (
	"context"
	"encoding/json"
	"math"
	"net/netip"
	"slices"
	"time"

	"facet/internal/access"
	"facet/internal/credential"
	"facet/internal/profile"
	"facet/internal/store"
)

// What the owners of a site do with its API clients (Identity Cloud, Legacy
// Clients and Settings API, clients). A client is named by its published id;
// "" is the caller's own.

// CreateClient makes an API client. Errors: Forbidden; Invalid with Field
// "features", "whitelist" or "description".
func (s *Site) CreateClient(ctx context.Context, who access.Principal, in NewClient) (Client, error) {
	if err := access.Admit(access.ClientWrite, who); err != nil {
		return Client{}, err
	}
	in.ID, in.Secret = "", ""
	return s.addClient(ctx, who.Subject, in)
}

// ListClients lists the API clients in the order of their making, secrets
// included: those with at least one of the features, all when some is false.
// Errors: Forbidden; Invalid with Field "has_features".
func (s *Site) ListClients(ctx context.Context, who access.Principal, features []access.Feature, some bool) ([]Client, error) {
	if err := access.Admit(access.ClientRead, who); err != nil {
		return nil, err
	}
	for _, f := range features {
		if !slices.Contains(knownFeatures, f) {
			return nil, profile.E(profile.Invalid, profile.CodeChoice, "has_features", "there is no feature %.50q", string(f))
		}
	}
	out := []Client{}
	err := s.data.View(ctx, func(r store.Reader) error {
		all, records, err := clientsOf(r)
		if err != nil {
			return err
		}
		for i, c := range all {
			if some && !slices.ContainsFunc(features, func(f access.Feature) bool { return slices.Contains(c.Features, f) }) {
				continue
			}
			row, err := r.Secret(records[i], clientSecret, "")
			if err != nil {
				return err
			}
			if c.Secret, err = s.openSecret(row); err != nil {
				return err
			}
			out = append(out, c)
		}
		return nil
	})
	return out, err
}

// clientsOf reads all API clients without their secrets, and the ids of their
// records.
func clientsOf(r store.Reader) (out []Client, records []profile.ID, err error) {
	var failed error
	err = r.ByNumber(profile.Client, 0, math.MaxInt64, false, func(rec *store.Record) bool {
		var a clientAttrs
		if failed = json.Unmarshal(rec.Attrs, &a); failed != nil {
			return false
		}
		out = append(out, Client{ID: rec.Name(profile.ClientID), Description: a.Description, Features: a.Features, Whitelist: a.Whitelist, Created: rec.Created})
		records = append(records, rec.ID)
		return true
	})
	return out, records, joinErr(failed, err)
}

// DeleteClient removes an API client with its settings and all that is kept
// for it; tokens that it issued stop. Errors: Forbidden; Invalid with Field
// "client_id_for_deletion" for an unknown client; Conflict for the last owner.
func (s *Site) DeleteClient(ctx context.Context, who access.Principal, id string) error {
	if err := access.Admit(access.ClientWrite, who); err != nil {
		return err
	}
	var gone *store.Record
	err := s.data.Update(ctx, func(tx store.Tx) error {
		rec, err := tx.ByName(profile.ID{}, profile.ClientID, id)
		if err != nil {
			return noClient(err, "client_id_for_deletion")
		}
		if err := keepOwner(tx, rec.ID); err != nil {
			return err
		}
		gone = rec
		return tx.Erase(rec, s.event(who.Subject, "client.deleted", rec.ID), s.index)
	})
	if err == nil {
		s.forgetClient(gone)
	}
	return err
}

// noClient says that an argument names no API client.
func noClient(err error, argument string) error {
	if !profile.IsKind(err, profile.NotFound) {
		return err
	}
	return profile.E(profile.Invalid, profile.CodeInvalid, argument, "%s is not a valid id", argument)
}

// keepOwner refuses to leave the site without a client that owns it, when the
// one named is to be one no more. All owners are locked, so that of two that
// end each other one is refused.
func keepOwner(tx store.Tx, except profile.ID) error {
	all, records, err := clientsOf(tx)
	if err != nil {
		return err
	}
	var owners []profile.ID
	for i, c := range all {
		if slices.Contains(c.Features, access.Owner) {
			owners = append(owners, records[i])
		}
	}
	if !slices.Contains(owners, except) {
		return nil
	}
	for _, id := range owners { // in the order of their making, everywhere
		if err := tx.Lock(id); err != nil && !profile.IsKind(err, profile.NotFound) {
			return err
		}
	}
	for _, id := range owners {
		rec, err := tx.Record(id)
		if profile.IsKind(err, profile.NotFound) || err == nil && id == except {
			continue
		}
		if err != nil {
			return err
		}
		var a clientAttrs
		if err := json.Unmarshal(rec.Attrs, &a); err != nil {
			return err
		}
		if slices.Contains(a.Features, access.Owner) {
			return nil
		}
	}
	return profile.E(profile.Conflict, profile.CodeConstraint, "", "the last client with the feature owner has to stay")
}

// oldSecrets is how many secrets before the present one may still work.
const oldSecrets = 5

// MaxSecretHours is how long a secret that was reset may go on working.
const MaxSecretHours = 168

// ResetClientSecret makes a new secret for a client; the one before works for
// so many hours more. With none, those before it end too: a secret that leaked
// must not live on. Errors: Forbidden; Invalid with Field "for_client_id".
func (s *Site) ResetClientSecret(ctx context.Context, who access.Principal, id string, hours int) (string, error) {
	if err := access.Admit(access.ClientWrite, who); err != nil {
		return "", err
	}
	rec, err := s.clientNamed(ctx, who, id)
	if err != nil {
		return "", err
	}
	secret := credential.NewAlnum(32)
	sealed := s.d.dataKey.Seal([]byte(secret), []byte(clientSecret))
	err = s.data.Update(ctx, func(tx store.Tx) error {
		if err := tx.Lock(rec.ID); err != nil {
			return noClient(err, "for_client_id")
		}
		now := s.d.now()
		old, err := tx.Secret(rec.ID, clientSecret, "")
		if err != nil {
			return err
		}
		if hours > 0 {
			old.Key, old.Expires = profile.NewID(now).String(), now.Add(time.Duration(hours)*time.Hour)
			if err := tx.PutSecret(old); err != nil {
				return err
			}
		}
		if err := tx.PutSecret(&store.Secret{Subject: rec.ID, Kind: clientSecret, Data: sealed, Created: now}); err != nil {
			return err
		}
		keep := oldSecrets
		if hours == 0 {
			keep = 0
		}
		if err := dropOldSecrets(tx, rec.ID, now, keep); err != nil {
			return err
		}
		return tx.Log(s.event(who.Subject, "client.secret.reset", rec.ID))
	})
	s.forgetClient(rec)
	return secret, err
}

// dropOldSecrets removes the secrets that work no more, and of those that do
// the oldest beyond the few that are to be kept.
func dropOldSecrets(tx store.Tx, id profile.ID, now time.Time, keep int) error {
	rows, err := tx.Secrets(id, clientSecret)
	if err != nil {
		return err
	}
	slices.SortFunc(rows, func(a, b *store.Secret) int { return b.Created.Compare(a.Created) }) // the newest first
	kept := 0
	for _, row := range rows {
		if row.Key == "" { // the present one
			continue
		}
		if kept++; kept > keep || !row.Expires.After(now) {
			if err := tx.DropSecret(id, clientSecret, row.Key); err != nil {
				return err
			}
		}
	}
	return nil
}

// clientNamed reads a client's record by its published id, "" is the caller's.
func (s *Site) clientNamed(ctx context.Context, who access.Principal, id string) (rec *store.Record, err error) {
	if id == "" {
		rec, err = s.data.GetID(ctx, who.Subject)
	} else {
		rec, err = s.data.Get(ctx, profile.ClientID, id)
	}
	return rec, noClient(err, "for_client_id")
}

// changeClient changes what a client's record says by fn. check runs in the
// transaction that saves; it may be nil.
func (s *Site) changeClient(ctx context.Context, who access.Principal, id, what string, check func(store.Tx, *store.Record) error, fn func(*clientAttrs)) error {
	rec, err := s.clientNamed(ctx, who, id)
	if err != nil {
		return err
	}
	_, err = s.change(ctx, rec.ID, s.event(who.Subject, "client.updated", rec.ID), check, func(old *store.Record) (step, error) {
		var a clientAttrs
		if err := json.Unmarshal(old.Attrs, &a); err != nil {
			return step{}, err
		}
		fn(&a)
		next := *old
		next.Attrs, next.Updated = marshal(a), s.d.now()
		if string(next.Attrs) == string(old.Attrs) {
			return step{rec: &next}, nil
		}
		return step{rec: &next, paths: []string{what}}, nil
	})
	s.forgetClient(rec)
	return noClient(err, "for_client_id")
}

// SetClientDescription names a client anew. Errors: Forbidden; Invalid with
// Field "for_client_id" or "description".
func (s *Site) SetClientDescription(ctx context.Context, who access.Principal, id, text string) error {
	if err := access.Admit(access.ClientWrite, who); err != nil {
		return err
	}
	if err := checkDescription(text); err != nil {
		return err
	}
	return s.changeClient(ctx, who, id, "description", nil, func(a *clientAttrs) { a.Description = text })
}

// SetClientFeatures replaces the features of a client. Errors: Forbidden;
// Invalid with Field "for_client_id" or "features", also for an owner that
// would end to be one itself; Conflict for the last owner.
func (s *Site) SetClientFeatures(ctx context.Context, who access.Principal, id string, features []access.Feature) error {
	if err := access.Admit(access.ClientWrite, who); err != nil {
		return err
	}
	features, err := checkFeatures(features)
	if err != nil {
		return err
	}
	var check func(store.Tx, *store.Record) error
	if !slices.Contains(features, access.Owner) {
		check = func(tx store.Tx, rec *store.Record) error {
			if rec.ID == who.Subject {
				return profile.E(profile.Invalid, profile.CodeInvalid, "features", "an owner may not take the feature owner from itself")
			}
			return keepOwner(tx, rec.ID)
		}
	}
	return s.changeClient(ctx, who, id, "features", check, func(a *clientAttrs) { a.Features = features })
}

// SetClientWhitelist replaces the addresses that may use a client, nil lets
// everybody. Errors: Forbidden; Invalid with Field "for_client_id" or
// "whitelist", also for a list that would shut out who calls by that client.
func (s *Site) SetClientWhitelist(ctx context.Context, who access.Principal, id string, whitelist []string, from netip.Addr) error {
	if err := access.Admit(access.ClientWrite, who); err != nil {
		return err
	}
	if whitelist == nil {
		whitelist = []string{anyAddress}
	}
	allow, err := prefixes(whitelist)
	if err != nil {
		return err
	}
	check := func(_ store.Tx, rec *store.Record) error {
		if rec.ID == who.Subject && !admits(allow, from) {
			return profile.E(profile.Invalid, profile.CodeInvalid, "whitelist", "it has to have the address that this call comes from")
		}
		return nil
	}
	return s.changeClient(ctx, who, id, "whitelist", check, func(a *clientAttrs) { a.Whitelist = whitelist })
}
