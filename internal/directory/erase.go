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
// subscriptions end. A record of a site's own type is removed, without a trace
// but its event.
func (s *Site) erase(tx store.Tx, actor profile.ID, rec *store.Record) error {
	if !rec.Type.IsSubject() {
		s.undress(rec)
		return tx.Remove(rec, s.event(actor, s.shape(rec).nameOf(rec.Type)+".deleted", rec.ID))
	}
	if err := s.keepBroker(tx, rec, "erased"); err != nil {
		return err
	}
	if err := s.dropRoles(tx, rec.ID); err != nil {
		return err
	}
	if err := dropRelations(tx, rec.ID); err != nil {
		return err
	}
	if err := s.dropNotes(tx, actor, rec.ID); err != nil {
		return err
	}
	if err := dropSignatures(tx, rec.ID); err != nil {
		return err
	}
	links, err := tx.From(rec.ID, store.SubscriptionLink, profile.ID{}, "", -1)
	if err := s.forgetSubscriptions(tx, links, tagErased, err); err != nil {
		return err
	}
	plans, err := tx.Owned(rec.ID, profile.Plan, 0, -1)
	if err != nil {
		return err
	}
	for _, plan := range plans {
		links, err := tx.To(plan.ID, store.SubscriptionLink, profile.ID{}, "", -1)
		if err := s.forgetSubscriptions(tx, links, "", err); err != nil {
			return err
		}
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
	links, err := tx.To(broker, store.RoleLink, profile.ID{}, "", -1)
	if err != nil {
		return err
	}
	for _, l := range links {
		if l.Src == rec.ID || !isCurrent(l, now) {
			continue
		}
		switch user, err := tx.Record(l.Src); {
		case err != nil:
			return err
		case user.State != profile.Active: // who cannot sign in manages nothing
			continue
		}
		other, err := rolesOf(tx, l.Src, now)
		if err != nil {
			return err
		}
		if other[broker] == RoleManager {
			return nil
		}
	}
	return profile.E(profile.Conflict, profile.CodeLastManager, "", "The last manager of the organization that owns the site cannot be %s.", done)
}

func (s *Site) dropRoles(tx store.Tx, id profile.ID) error {
	out, err := tx.From(id, store.RoleLink, profile.ID{}, "", -1)
	if err != nil {
		return err
	}
	in, err := tx.To(id, store.RoleLink, profile.ID{}, "", -1)
	if err != nil {
		return err
	}
	for _, l := range append(out, in...) {
		if err := tx.DropLink(l.Src, l.Kind, l.Dst, l.Key); err != nil {
			return err
		}
	}
	return nil
}

// forgetSubscriptions ends what a profile is subscribed to, or all
// subscriptions to a plan, and takes out what was said of them.
func (s *Site) forgetSubscriptions(tx store.Tx, links []*store.Link, tag string, err error) error {
	if err != nil {
		return err
	}
	for _, l := range links {
		if err := s.endSubscription(tx, l); err != nil {
			return err
		}
		end, err := tx.Link(l.Src, l.Kind, l.Dst, l.Key)
		if err != nil {
			return err
		}
		end.Attrs = emptyObject
		if tag != "" {
			end.Tag = tag
		}
		if err := tx.SetLink(end); err != nil {
			return err
		}
	}
	return nil
}
