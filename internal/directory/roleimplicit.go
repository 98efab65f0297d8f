package directory

import (
	"context"
	"slices"
	"strings"

	"facet/internal/access"
	"facet/internal/credential"
	"facet/internal/profile"
	"facet/internal/schema"
	"facet/internal/store"
)

// Roles that the site offers by itself (DjaoApp, "Implicit grants"): to who
// proved to have an e-mail address, on the organizations that have the same
// address, or another one of its domain, where that domain is no public mail
// provider's. It happens when users look at their own accessibles, never when
// somebody else does.

// indexMailDomain is where organizations are found by the domain of their
// e-mail. It is no path of an attribute.
const indexMailDomain = "@email"

// noImplicitRole is where among its extras a profile says that it wants nobody
// to be offered a role.
const noImplicitRole = "djaoapp.no_implicit_role"

// maxCandidates is how many organizations fit at most, in all, for any to be
// meant.
const maxCandidates = 4

// domainOf is the folded domain of an e-mail address, "" of none.
func domainOf(email string) string {
	email = profile.FoldEmail(email)
	if at := strings.LastIndexByte(email, '@'); at >= 0 {
		return email[at+1:]
	}
	return ""
}

// OfferRoles gives the caller, when the user is the caller, the roles that the
// site offers by itself, and those invitations that by now need no acceptance.
func (s *Site) OfferRoles(ctx context.Context, who access.Principal, username string) error {
	if err := access.Admit(access.AccessibleWrite, who); err != nil {
		return nil // whoever may look may not change anything
	}
	var some bool
	err := s.data.View(ctx, func(r store.Reader) (err error) {
		user, err := bySlug(r, profile.Slug, username)
		if err != nil || user.ID != who.Subject {
			return nil // it is not about the caller; whoever reads the list is told
		}
		offers, waiting, err := s.offersTo(r, who.Subject)
		some = len(offers)+len(waiting) > 0
		return err
	})
	if err != nil || !some {
		return err
	}
	keys := make([]string, maxCandidates)
	for i := range keys {
		keys[i] = credential.NewHexKey()
	}
	return s.data.Update(ctx, func(tx store.Tx) error {
		if err := lockWaiting(tx, who.Subject); err != nil {
			return err
		}
		user, err := tx.Record(who.Subject)
		if err != nil {
			return err
		}
		offers, waiting, err := s.offersTo(tx, user.ID)
		if err != nil {
			return err
		}
		for i, o := range offers {
			l := roleLink(user.ID, o.on.ID, o.role.Slug, s.d.now())
			a := roleAttrs{Implicit: true, Unasked: o.role.SkipOptin}
			l.Attrs = marshal(a)
			if !o.role.SkipOptin {
				if err := s.invite(tx, l, user, a, keys[i]); err != nil {
					return err
				}
			}
			if err := tx.AddLink(l); err != nil {
				return err
			}
			if err := tx.Log(s.event(user.ID, "role.offered", o.on.ID)); err != nil {
				return err
			}
		}
		for _, l := range waiting {
			if err := s.acceptRole(tx, who, l, true); err != nil {
				return err
			}
		}
		return nil
	})
}

// lockWaiting locks a user, and the communities that it is invited to.
func lockWaiting(tx store.Tx, user profile.ID) error {
	ids := []profile.ID{user}
	invited, err := tx.FromByTime(user, store.LinkQuery{Kind: store.RoleLink, State: store.LinkInvited, Limit: linkPage})
	if err != nil {
		return err
	}
	for _, l := range invited {
		on, err := tx.Record(l.Dst)
		switch {
		case profile.IsKind(err, profile.NotFound): // erased, and not swept yet
		case err != nil:
			return err
		case on.Type == profile.Community:
			ids = append(ids, on.ID)
		}
	}
	return lockAll(tx, ids...)
}

type offer struct {
	on   *store.Record
	role *RoleType
}

// offersTo finds what is to be offered to a user, and which invitations need no
// acceptance.
func (s *Site) offersTo(r store.Reader, id profile.ID) (offers []offer, waiting []*store.Link, err error) {
	user, err := r.Record(id)
	if err != nil {
		return nil, nil, err
	}
	types := s.roleTypesIn(r, access.Principal{})
	candidates, err := s.candidates(r, user)
	if err != nil {
		return nil, nil, err
	}
	for _, on := range candidates {
		t, err := types.implicit(on)
		if err != nil {
			return nil, nil, err
		}
		known, err := isKnown(r, id, on.ID)
		if err != nil {
			return nil, nil, err
		}
		if t != nil && !known {
			offers = append(offers, offer{on, t})
		}
	}
	invited, err := r.FromByTime(id, store.LinkQuery{Kind: store.RoleLink, State: store.LinkInvited, Limit: linkPage})
	if err != nil {
		return nil, nil, err
	}
	for _, l := range invited {
		on, err := r.Record(l.Dst)
		if profile.IsKind(err, profile.NotFound) { // erased, and not swept yet
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		t, err := types.of(on, l.Tag)
		if err != nil {
			return nil, nil, err
		}
		if t != nil && t.SkipOptin {
			waiting = append(waiting, l)
		}
	}
	return offers, waiting, nil
}

// isKnown reports whether a user has, or had and turned down, anything on a
// profile.
func isKnown(r store.Reader, user, on profile.ID) (bool, error) {
	for _, key := range []string{roleHeld, roleAsked} {
		if _, err := r.Link(user, store.RoleLink, on, key); err == nil || !profile.IsKind(err, profile.NotFound) {
			return true, err
		}
	}
	return false, nil
}

// candidates finds the organizations that a user's proved e-mail stands for: none
// when there are more than maxCandidates, for then nobody knows which is meant.
func (s *Site) candidates(r store.Reader, user *store.Record) ([]*store.Record, error) {
	email := provedEmail(user)
	if email == "" {
		return nil, nil
	}
	indexed := schema.Cut(profile.Fold(textAt(user.Attrs, "email"))) // how the index has attributes
	domain := mailDomain(email)
	if slices.ContainsFunc(s.Policy().MailProviders, func(public string) bool { return domainOf("@"+public) == domain }) {
		domain = ""
	}
	var ids []profile.ID
	for _, at := range []store.Range{
		{Path: "email", Low: indexed, High: indexed},
		{Path: indexMailDomain, Low: domain, High: domain},
	} {
		if at.Low == "" {
			continue
		}
		err := r.Lookup(profile.Organization, at, func(id profile.ID, _ string) bool {
			if !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
			return len(ids) <= maxCandidates
		})
		if err != nil {
			return nil, err
		}
	}
	if len(ids) > maxCandidates {
		return nil, nil
	}
	var out []*store.Record
	for _, id := range ids {
		rec, err := r.Record(id)
		if err != nil {
			return nil, err
		}
		theirs := profile.FoldEmail(textAt(rec.Attrs, "email")) // the index tells fewer apart
		if theirs == email || domain != "" && domainOf(theirs) == domain {
			out = append(out, rec)
		}
	}
	return out, nil
}

// implicit gives the role type that a profile offers by itself: the one of its
// own that does, else the one global; nil where there is none, where it could
// be more than one, and where the profile does not want it.
func (ts *roleTypes) implicit(on *store.Record) (*RoleType, error) {
	if string(rawAt(on.Extras, noImplicitRole)) == "true" {
		return nil, nil
	}
	all, err := ts.all(on)
	if err != nil {
		return nil, err
	}
	for _, global := range []bool{false, true} {
		var found []*RoleType
		for _, t := range all {
			if t.Implicit && t.Global == global {
				found = append(found, t)
			}
		}
		if len(found) == 1 {
			return found[0], nil
		}
		if len(found) > 1 {
			return nil, nil
		}
	}
	return nil, nil
}
