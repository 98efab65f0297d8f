package directory

import (
	"context"
	"encoding/json"
	"time"

	"facet/internal/credential"
	"facet/internal/profile"
	"facet/internal/store"
)

// Tries of passwords at a name that finds nobody are counted like those at
// somebody's, so that a lock does not tell who is there. The count is a ticket
// found by the digest of the name, gone once no lock can be on it any more.
const ticketTries = "tries"

// triesData is what the ticket of a count knows.
type triesData struct {
	Count int64     `json:"count"`
	Since time.Time `json:"since"`
	Until time.Time `json:"until,omitzero"`
}

// triesDigest is of the name as find reads it.
func triesDigest(login string) string {
	name := profile.Fold(login)
	if number, ok := E164(login); ok {
		name = number
	} else if IsEmail(login) {
		name = profile.FoldEmail(login)
	}
	return credential.Digest(ticketTries + " " + name)
}

// checkNothing is checkPassword for a name that finds nobody: the work, the
// errors and what is counted are the same.
func (s *Site) checkNothing(ctx context.Context, login, password string) error {
	if err := s.d.hasher.Room(); err != nil {
		return err
	}
	digest := triesDigest(login)
	if err := s.countTry(ctx, digest, func(a store.Attempts) (store.Attempts, error) { return another(a, s.d.now()) }); err != nil {
		return err
	}
	err := s.d.hasher.VerifyNothing(ctx, password)
	learned := err == nil && ctx.Err() == nil
	return joinErr(err, joinErr(s.countTry(context.WithoutCancel(ctx), digest, func(a store.Attempts) (store.Attempts, error) {
		switch {
		case !learned && a.Count > 0:
			a.Count--
		case learned && a.Count >= maxAttempts:
			a.Until = s.d.now().Add(lockTime)
		}
		return a, nil
	}), wrongPassword()))
}

// countTry changes the count of a name that finds nobody.
func (s *Site) countTry(ctx context.Context, digest string, change func(store.Attempts) (store.Attempts, error)) error {
	return s.data.Update(ctx, func(tx store.Tx) error {
		var data triesData
		row, err := tx.Ticket(digest)
		if profile.IsKind(err, profile.NotFound) {
			row = &store.TicketRow{Digest: digest, Kind: ticketTries, Uses: 1}
		} else if err != nil {
			return err
		} else if err := json.Unmarshal(row.Data, &data); err != nil {
			return err
		}
		a, err := change(store.Attempts{Count: data.Count, Since: data.Since, Until: data.Until})
		if err != nil {
			return err
		}
		if a.Since.IsZero() { // the count is gone meanwhile
			return nil
		}
		if !a.Since.Equal(data.Since) { // a new window
			row.Created, row.Expires = a.Since, a.Since.Add(attemptWindow+lockTime+time.Minute)
			if err := tx.Enqueue(s.expiryJob(row)); err != nil {
				return err
			}
		}
		row.Data = marshal(triesData{a.Count, a.Since, a.Until})
		return tx.PutTicket(row)
	})
}
