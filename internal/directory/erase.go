package directory

import (
	"context"

	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/store"
)

// EraseProfile erases the subject of a profile, through one path for all
// faces. A person who can sign in is erased by who may erase the user, not by
// others who manage the personal profile. Errors: NotFound, Forbidden, Conflict/CodeLastManager.
func (s *Site) EraseProfile(ctx context.Context, who access.Principal, slug string) error {
	return s.data.Update(ctx, func(tx store.Tx) error {
		rec, err := s.profileFor(tx, access.ProfileErase, who, slug)
		if err != nil {
			return err
		}
		owned, err := hasAccount(tx, rec)
		if err != nil {
			return err
		}
		if owned {
			if err := s.allowUser(tx, access.UserErase, who, rec); err != nil {
				return err
			}
		}
		return s.erase(tx, who.Subject, rec)
	})
}

// erase removes a person or group and all that is kept for it. What stays is a
// tombstone, and its links as history under ids that lead nowhere: roles go,
// subscriptions end. Of many links the rest is left to a job; until it is done,
// who reads links passes over those to nobody. A record of a site's own
// type is removed, and leaves no more than its event.
func (s *Site) erase(tx store.Tx, actor profile.ID, rec *store.Record) error {
	if !rec.Type.IsSubject() {
		s.undress(rec)
		return tx.Remove(rec, s.event(actor, s.shape(rec).nameOf(rec.Type)+".deleted", rec.ID))
	}
	if err := s.keepBroker(tx, rec, "erased"); err != nil {
		return err
	}
	if err := tx.Lock(rec.ID); err != nil { // nobody is linked to it meanwhile
		return err
	}
	if err := s.bequeath(tx, actor, rec); err != nil {
		return err
	}
	plans, err := tx.Owned(rec.ID, profile.Plan, 0, -1)
	if err != nil {
		return err
	}
	at := eraseSweep{ID: rec.ID, At: s.d.now(), Actor: actor}
	for _, plan := range plans {
		at.Plans = append(at.Plans, plan.ID)
	}
	if err := s.sweepErased(tx, at); err != nil {
		return err
	}
	if err := tx.Enqueue(s.forgetMailJob(rec.ID)); err != nil {
		return err
	}
	s.undress(rec)
	kind := "user.erased"
	if rec.Type != profile.User {
		kind = "profile.erased"
	}
	return tx.Erase(rec, s.event(actor, kind, rec.ID), s.index)
}

// keepBroker refuses to leave the site without somebody who manages it; done is
// what was to be done to the record.
func (s *Site) keepBroker(tx store.Tx, rec *store.Record, done string) error {
	broker := s.Policy().Broker
	if broker.IsZero() {
		return nil
	}
	if rec.ID == broker {
		return profile.E(profile.Conflict, profile.CodeLastManager, "", "The organization that owns the site cannot be %s.", done)
	}
	if err := tx.Lock(broker); err != nil {
		return err
	}
	now := s.d.now()
	mine, err := rolesOf(tx, rec.ID, now)
	if err != nil || mine[broker] != RoleManager {
		return err
	}
	q := store.LinkQuery{Kind: store.RoleLink, Tag: RoleManager, State: store.LinkActive, Limit: linkPage}
	for {
		links, err := tx.ToByTime(broker, q)
		if err != nil {
			return err
		}
		for _, l := range links {
			q.After = store.LinkMark{Created: l.Created, Other: l.Src, Key: l.Key}
			if l.Src == rec.ID || !isCurrent(l, now) {
				continue
			}
			user, err := tx.Record(l.Src)
			if profile.IsKind(err, profile.NotFound) { // erased, and not swept yet
				continue
			}
			if err != nil || user.State == profile.Active { // who cannot sign in manages nothing
				return err
			}
		}
		if len(links) < q.Limit {
			return profile.E(profile.Conflict, profile.CodeLastManager, "", "The last manager of the organization that owns the site cannot be %s.", done)
		}
	}
}
