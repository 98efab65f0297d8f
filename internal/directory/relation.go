package directory

import (
	"context"
	"maps"
	"slices"
	"time"

	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/store"
)

// The roles that Facet itself gives meaning to.
const (
	RoleManager     = "manager"     // may do everything with the profile
	RoleContributor = "contributor" // may read
)

const linkPage = 500

// eachRole walks what a user is, is offered, or asks to be on profiles.
func eachRole(r store.Reader, user profile.ID, fn func(*store.Link) error) error {
	var after profile.ID
	var afterKey string
	for {
		links, err := r.From(user, store.RoleLink, after, afterKey, linkPage)
		if err != nil {
			return err
		}
		for _, l := range links {
			if err := fn(l); err != nil {
				return err
			}
		}
		if len(links) < linkPage {
			return nil
		}
		after, afterKey = links[len(links)-1].Dst, links[len(links)-1].Key
	}
}

// rolesOf maps the profiles a user has an active role on to the slug of its
// type.
func rolesOf(r store.Reader, user profile.ID, now time.Time) (map[profile.ID]string, error) {
	out := map[profile.ID]string{}
	err := eachRole(r, user, func(l *store.Link) error {
		if isCurrent(l, now) {
			out[l.Dst] = l.Tag
		}
		return nil
	})
	return out, err
}

// actingRoles is rolesOf for a caller: a role whose type requires one-time
// passwords gives nothing to who does not use them, but on the own personal
// profile.
func (s *Site) actingRoles(r store.Reader, user profile.ID, now time.Time) (map[profile.ID]string, error) {
	mine, err := rolesOf(r, user, now)
	if err != nil || len(mine) == 0 {
		return mine, err
	}
	var strict []string
	for _, slug := range []string{RoleManager, RoleContributor} {
		t, err := s.globalRole(r, slug)
		if err != nil {
			return nil, err
		}
		if t.OTPRequired {
			strict = append(strict, slug)
		}
	}
	if len(strict) == 0 {
		return mine, nil
	}
	if uses, err := needsOTP(r, user); uses || err != nil {
		return mine, err
	}
	maps.DeleteFunc(mine, func(on profile.ID, slug string) bool { return on != user && slices.Contains(strict, slug) })
	return mine, nil
}

// agreedRolesOf is rolesOf without the roles that the user was given unasked:
// they give nobody a way to the user's account.
func agreedRolesOf(r store.Reader, user profile.ID, now time.Time) (map[profile.ID]string, error) {
	out := map[profile.ID]string{}
	err := eachRole(r, user, func(l *store.Link) error {
		a, err := attrsOf(l)
		if err == nil && isCurrent(l, now) && !a.Unasked {
			out[l.Dst] = l.Tag
		}
		return err
	})
	return out, err
}

func isCurrent(l *store.Link, now time.Time) bool {
	return l.State == store.LinkActive && (l.EndsAt.IsZero() || l.EndsAt.After(now))
}

// hasRoles reports whether anybody has an active role on a profile.
func hasRoles(r store.Reader, id profile.ID) (bool, error) {
	n, err := r.CountTo(id, store.RoleLink, "", store.LinkActive, 1)
	return n > 0, err
}

// relationTo finds what the caller is to a profile: DjaoApp's "provider" rule,
// where a provider counts only while the subscription is active in time.
func (s *Site) relationTo(r store.Reader, who access.Principal, target *store.Record) (access.Relation, error) {
	if who.IsNobody() || who.Client {
		return 0, nil
	}
	if kind := who.Restriction.Kind; kind == access.ChildProfile || kind == access.Scoped { // of the account's roles it has none
		if target != nil && target.ID == who.Subject {
			return access.Self, nil
		}
		return 0, nil
	}
	now := s.d.now()
	mine, err := s.actingRoles(r, who.Subject, now)
	if err != nil {
		return 0, err
	}
	is := s.brokerRelation(mine)
	if target == nil {
		return is, nil
	}
	if who.Subject == target.ID {
		is |= access.Self
	}
	if target.Type == profile.Community {
		has, err := s.communityRelation(r, who, target, mine[target.ID])
		if err != nil {
			return 0, err
		}
		is |= has
	} else {
		is |= relationByRole(mine, target.ID, access.Manager, access.Contributor)
	}
	provides, err := s.relationOfProviders(r, who, mine, target.ID, now, access.Provider, access.ProviderStaff)
	if err != nil {
		return 0, err
	}
	is |= provides
	if is.Has(access.Provider | access.Broker) {
		peopled, err := hasRoles(r, target.ID)
		if err != nil || peopled {
			return is, err
		}
		if is.Has(access.Broker) {
			is |= access.ShadowBroker
		}
		if is.Has(access.Provider) {
			owned, err := hasAccount(r, target)
			if err != nil {
				return 0, err
			}
			if !owned {
				is |= access.ShadowProvider
			}
		}
	}
	return is, nil
}

// relationOfProviders finds what the caller is to a profile by those whose
// plans it has. The broker's providers are nobody to it: who owns the site is
// nobody's customer with respect to it. Where a community provides, that is its
// owner; who else leads it reads.
func (s *Site) relationOfProviders(r store.Reader, who access.Principal, mine map[profile.ID]string, id profile.ID, now time.Time, manager, other access.Relation) (is access.Relation, err error) {
	if id == s.Policy().Broker {
		return 0, nil
	}
	providers, err := s.providersOf(r, id, now)
	if err != nil {
		return 0, err
	}
	for _, p := range providers {
		has := relationByRole(mine, p, manager, other)
		if has == manager {
			owner, err := ownerOf(r, p)
			if err != nil {
				return 0, err
			}
			if owner != nil && owner.ID != who.Subject { // who leads a community is not who owns it
				has = other
			}
		}
		is |= has
	}
	return is, nil
}

// hasAccount reports whether a person is somebody's account: it has a password,
// was signed in to, or is, is offered or asks to be something on a profile.
// What a person signs in by, and whether there is one, is then the person's own.
func hasAccount(r store.Reader, rec *store.Record) (bool, error) {
	if rec.Type != profile.User {
		return false, nil
	}
	if rec.Password != "" || !rec.LastLogin.IsZero() {
		return true, nil
	}
	links, err := r.From(rec.ID, store.RoleLink, profile.ID{}, "", 1)
	return len(links) > 0, err
}

// relationToUser adds, for a user's own account, the profiles that the caller
// and the user share: DjaoApp's "self_provider" rule. Communities, which anybody
// may make and join, are none of those.
func (s *Site) relationToUser(r store.Reader, who access.Principal, user *store.Record) (access.Relation, error) {
	is, err := s.relationTo(r, who, user)
	if err != nil || user == nil || is.Has(access.Self|access.Broker) || who.Client || who.Restriction.Kind == access.ChildProfile {
		return is, err
	}
	now := s.d.now()
	mine, err := s.actingRoles(r, who.Subject, now)
	if err != nil {
		return 0, err
	}
	theirs, err := agreedRolesOf(r, user.ID, now)
	if err != nil {
		return 0, err
	}
	for id := range theirs {
		switch on, err := r.Record(id); {
		case profile.IsKind(err, profile.NotFound): // erased, and not swept yet
			continue
		case err != nil:
			return 0, err
		case isCommunity(on): // who joins one opens no account to those who run it
			continue
		}
		is |= relationByRole(mine, id, access.SharedPrincipal, access.SharedStaff)
		provides, err := s.relationOfProviders(r, who, mine, id, now, access.SharedPrincipal, access.SharedStaff)
		if err != nil {
			return 0, err
		}
		is |= provides
		if is.Has(access.SharedPrincipal) {
			break
		}
	}
	return is, nil
}

func (s *Site) brokerRelation(mine map[profile.ID]string) access.Relation {
	broker := s.Policy().Broker
	if broker.IsZero() {
		return 0
	}
	return relationByRole(mine, broker, access.Broker, access.BrokerStaff)
}

func relationByRole(mine map[profile.ID]string, id profile.ID, manager, other access.Relation) access.Relation {
	switch mine[id] {
	case RoleManager:
		return manager
	case RoleContributor:
		return other
	default: // what other types mean, applications decide
		return 0
	}
}

// providersOf lists the owners of the plans a profile is subscribed to now.
func (s *Site) providersOf(r store.Reader, id profile.ID, now time.Time) ([]profile.ID, error) {
	var out []profile.ID
	var after profile.ID
	var afterKey string
	for {
		links, err := r.From(id, store.SubscriptionLink, after, afterKey, linkPage)
		if err != nil {
			return nil, err
		}
		for _, l := range links {
			if !isCurrent(l, now) {
				continue
			}
			plan, err := r.Record(l.Dst)
			if profile.IsKind(err, profile.NotFound) {
				continue // the plan is gone, the link is history
			}
			if err != nil {
				return nil, err
			}
			out = append(out, plan.Owner)
		}
		if len(links) < linkPage {
			return out, nil
		}
		after, afterKey = links[len(links)-1].Dst, links[len(links)-1].Key
	}
}

// IsOperator reports whether the caller manages the broker.
func (s *Site) IsOperator(ctx context.Context, who access.Principal) (bool, error) {
	var is access.Relation
	err := s.data.View(ctx, func(r store.Reader) (err error) {
		is, err = s.relationTo(r, who, nil)
		return err
	})
	return is.Has(access.Broker), err
}

// roleLink is an active role of a user on a profile.
func roleLink(user, on profile.ID, role string, now time.Time) *store.Link {
	return &store.Link{Src: user, Kind: store.RoleLink, Dst: on, Tag: role, State: store.LinkActive, Attrs: emptyObject, Created: now}
}

// isPersonal reports whether a user is a profile too.
func isPersonal(r store.Reader, user profile.ID) (bool, error) {
	l, err := r.Link(user, store.RoleLink, user, roleHeld)
	if profile.IsKind(err, profile.NotFound) {
		return false, nil
	}
	return err == nil && l.State == store.LinkActive, err
}
