package directory

import (
	"time"

	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/store"
)

// quota bounds how often one person may make things of a sort.
type quota struct {
	things      string // what they are called, in errors and in the counts kept for the person
	minute, day int64
}

// noteQuota is that of notes about people and profiles.
var noteQuota = quota{"notes", 60, 2000}

// planQuota is that of plans, grantQuota that of subscriptions granted or asked
// for: each sends a mail.
var (
	planQuota  = quota{"plans", 30, 200}
	grantQuota = quota{"subscriptions", 120, 5000}
)

// profileQuota is that of profiles, with a manager or without.
func (p Policy) profileQuota() quota {
	q := quota{"profiles", 30, 100}
	if p.ProfilesPerDay > 0 {
		q.day = int64(p.ProfilesPerDay)
	}
	return q
}

// spend counts one thing that a person makes, in the transaction that makes
// it. Limited, with the seconds to wait, when the quota is used up; operators
// have none.
func (s *Site) spend(tx store.Tx, who access.Principal, q quota) error {
	is, err := s.relationTo(tx, who, nil)
	if err != nil || is.Has(access.Broker) {
		return err
	}
	if err := tx.Lock(who.Subject); err != nil {
		return err
	}
	now := s.d.now()
	for _, w := range []struct {
		name   string
		limit  int64
		length time.Duration
	}{{"minute", q.minute, time.Minute}, {"day", q.day, 24 * time.Hour}} {
		kind := q.things + " a " + w.name
		a, err := tx.Attempts(who.Subject, kind)
		if err != nil {
			return err
		}
		if now.Sub(a.Since) >= w.length {
			a = store.Attempts{Subject: who.Subject, Kind: kind, Since: now}
		}
		if a.Count >= w.limit {
			e := profile.E(profile.Limited, profile.CodeQuota, "", "You may create %d %s. Please try again later.", w.limit, kind)
			e.Retry = int((w.length - now.Sub(a.Since) + time.Second - 1) / time.Second)
			return e
		}
		a.Count++
		if err := tx.PutAttempts(a); err != nil {
			return err
		}
	}
	return nil
}
