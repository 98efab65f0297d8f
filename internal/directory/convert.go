package directory

import (
	"context"
	"encoding/json"

	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/store"
)

// ConvertPersonal makes an organization of what a user's personal profile does
// for others: the organization takes the roles on it, its plans, role types and
// subscriptions, and a copy of what is said of it. Sign-in, secrets, household
// and documents stay with the user, who manages the organization and is a user
// only from then on. It counts as making a profile; the same request again gives
// what it made. Errors: Forbidden, NotFound; Invalid/CodeNotPersonal where the
// user is no personal profile; Limited/CodeQuota, Conflict/CodeRepeat; those of
// the fields.
func (s *Site) ConvertPersonal(ctx context.Context, who access.Principal, user string, in NewProfile) (Subject, error) {
	owner, err := s.userNamed(ctx, access.ProfileConnect, who, user)
	if err != nil {
		return Subject{}, err
	}
	if in.Slug != "" {
		if err := checkSlug(in.Slug); err != nil {
			return Subject{}, err
		}
	}
	if in.Email != "" {
		if err := checkEmail(in.Email); err != nil {
			return Subject{}, err
		}
	}
	if in.FullName == "" {
		in.FullName = personName(owner.Attrs).Whole(owner.Name(profile.Slug))
	}
	org, picture, err := s.draftConverted(ctx, who, owner, in)
	if err != nil {
		return Subject{}, err
	}
	out := org
	err = s.data.Update(ctx, func(tx store.Tx) error {
		if err := tx.Lock(owner.ID); err != nil {
			return err
		}
		before, err := s.repeated(tx, who, in.Repeat)
		if err != nil || before != nil {
			out = before
			return err
		}
		out = org
		if _, err := s.userFor(tx, access.ProfileConnect, who, user); err != nil {
			return err
		}
		if personal, err := isPersonal(tx, owner.ID); err != nil || !personal {
			return joinErr(err, profile.E(profile.Invalid, profile.CodeNotPersonal, "", "The user is no personal profile."))
		}
		if err := s.spend(tx, who, s.Policy().profileQuota()); err != nil {
			return err
		}
		if err := s.keep(tx, who, in.Repeat, org.ID); err != nil {
			return err
		}
		if err := s.createSlugged(tx, org, in.Slug, slugFrom(in.FullName), s.event(who.Subject, "organization.created", org.ID)); err != nil {
			return err
		}
		if err := useFile(tx, org.ID, string(ProfilePicture), picture); err != nil && !profile.IsKind(err, profile.NotFound) {
			return err
		}
		if err := moveRoles(tx, owner.ID, org.ID); err != nil {
			return err
		}
		if err := s.moveOwned(tx, who.Subject, owner.ID, org.ID); err != nil {
			return err
		}
		if err := s.moveSubscriptions(tx, owner.ID, org); err != nil {
			return err
		}
		return tx.Log(s.event(who.Subject, "user.converted", owner.ID))
	})
	if err != nil {
		return Subject{}, err
	}
	return subjectOf(out), nil
}

// shared are the attributes that a person and an organization both have.
var shared = []string{"email", "mobileNumber", "aboutMe", "primaryAddress"}

// draftConverted drafts the organization with what is said of the user, and
// over it what the caller says. picture is the file it uses, "" for none.
func (s *Site) draftConverted(ctx context.Context, who access.Principal, owner *store.Record, in NewProfile) (org *store.Record, picture string, err error) {
	if org, err = s.newSubject(ctx, profile.Organization, who.Subject, nil); err != nil {
		return nil, "", err
	}
	said := map[string]json.RawMessage{}
	for _, path := range shared {
		if raw := rawAt(owner.Attrs, path); raw != nil {
			said[path] = raw
		}
	}
	w, err := s.typeOf(org.Type).Update(org.Attrs, nil, marshal(said), s.env(ctx))
	if err != nil {
		return nil, "", err
	}
	sets := append([]Set{{"displayName", &in.FullName}}, in.Sets...)
	if in.Email != "" {
		sets = append(sets, Set{"email", &in.Email})
	}
	if w, err = s.typeOf(org.Type).Update(w.Attrs, nil, merge(sets), s.env(ctx)); err != nil {
		return nil, "", err
	}
	org.Attrs = w.Attrs
	if key, ok := fileKey(new(subjectOf(owner)).Picture()); ok {
		picture = key
		if org.Attrs, _, err = s.withPhoto(ctx, org.Type, org.Attrs, key); err != nil {
			return nil, "", err
		}
	}
	kept := map[string]json.RawMessage{}
	if raw := rawAt(owner.Extras, in.Face); raw != nil {
		if err := json.Unmarshal(raw, &kept); err != nil {
			return nil, "", err
		}
	}
	org.Extras = mergeExtras(mergeExtras(org.Extras, in.Face, kept), in.Face, in.Extras)
	return org, picture, nil
}

// moveRoles gives the roles on one profile to another, those that wait too.
func moveRoles(tx store.Tx, from, to profile.ID) error {
	links, err := tx.To(from, store.RoleLink, profile.ID{}, "", -1)
	if err != nil {
		return err
	}
	for _, l := range links {
		whole, err := tx.Link(l.Src, l.Kind, l.Dst, l.Key) // lists from this end have no attrs
		if err != nil {
			return err
		}
		moved := *whole
		moved.Dst = to
		if err := tx.DropLink(l.Src, l.Kind, l.Dst, l.Key); err != nil {
			return err
		}
		if err := tx.AddLink(&moved); err != nil {
			return err
		}
		if err := moveInvitation(tx, &moved); err != nil {
			return err
		}
	}
	return nil
}

// moveInvitation lets the key of an invitation lead to the profile where the
// role is now.
func moveInvitation(tx store.Tx, l *store.Link) error {
	a, err := attrsOf(l)
	if err != nil || l.State != store.LinkInvited || a.Grant == "" {
		return err
	}
	row, err := tx.Ticket(a.Grant)
	if profile.IsKind(err, profile.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	var data ticketData
	if err := json.Unmarshal(row.Data, &data); err != nil {
		return err
	}
	data.On = l.Dst
	row.Data = marshal(data)
	return tx.PutTicket(row)
}

// moveOwned gives the plans and role types of one profile to another.
func (s *Site) moveOwned(tx store.Tx, actor, from, to profile.ID) error {
	for _, t := range []profile.Type{profile.Plan, profile.RoleType} {
		owned, err := tx.Owned(from, t, 0, -1)
		if err != nil {
			return err
		}
		for _, old := range owned {
			rec := *old
			rec.Owner, rec.Updated = to, s.d.now()
			s.undress(old)
			s.dress(&rec)
			if err := tx.Save(old, &rec, s.event(actor, "profile.converted", old.ID, "owner")); err != nil {
				return err
			}
		}
	}
	return nil
}

// moveSubscriptions gives the subscriptions of one profile to another, those
// that ended too.
func (s *Site) moveSubscriptions(tx store.Tx, from profile.ID, to *store.Record) error {
	links, err := tx.From(from, store.SubscriptionLink, profile.ID{}, "", -1)
	if err != nil {
		return err
	}
	for _, l := range links {
		moved := *l
		moved.Src = to.ID
		if err := tx.DropLink(l.Src, l.Kind, l.Dst, l.Key); err != nil {
			return err
		}
		if l.State != store.LinkEnded {
			if err := tx.Release(from, profile.Subscribed, l.Dst.String()); err != nil {
				return err
			}
			if err := tx.Claim(to.ID, profile.Subscribed, l.Dst.String(), l.Dst); err != nil {
				return err
			}
		}
		if err := moveRequest(tx, l, to.ID); err != nil {
			return err
		}
		if err := tx.AddLink(&moved); err != nil {
			return err
		}
	}
	return nil
}
