package directory

import (
	"context"
	"encoding/json"
	"slices"

	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/store"
)

// NewCommunity is what a community is made from.
type NewCommunity struct {
	IDTag   string
	Name    string                     // "" is made from the idtag
	Picture string                     // a stored file; "": none
	Extra   map[string]json.RawMessage // of the face cloudillo
}

// CreateCommunity makes a community that the caller owns and leads. Errors:
// Forbidden by policy, Invalid with Field "idTag" or "profilePic", Taken.
func (s *Site) CreateCommunity(ctx context.Context, who access.Principal, in NewCommunity) (Subject, error) {
	if err := access.Admit(access.CommunityCreate, who); err != nil {
		return Subject{}, err
	}
	if !s.Policy().Communities {
		if ok, err := s.IsOperator(ctx, who); err != nil || !ok {
			return Subject{}, joinErr(err, profile.E(profile.Forbidden, profile.CodeForbidden, "", "not allowed"))
		}
	}
	if in.Name == "" {
		in.Name = nameFromTag(in.IDTag)
	}
	rec, err := s.newSubject(ctx, profile.Community, who.Subject, []Set{{"displayName", &in.Name}})
	if err != nil {
		return Subject{}, err
	}
	slug, base, err := s.claim(rec, in.IDTag)
	if err != nil {
		return Subject{}, idtagTaken(err)
	}
	rec.Extras = mergeExtras(rec.Extras, "cloudillo", in.Extra)
	picture := ""
	if in.Picture != "" {
		var ok bool
		if picture, ok = fileKey(in.Picture); !ok {
			return Subject{}, noSuchPicture()
		}
		if rec.Attrs, _, err = s.withPhoto(ctx, rec.Type, rec.Attrs, picture); err != nil {
			return Subject{}, err
		}
	}
	err = s.data.Update(ctx, func(tx store.Tx) error {
		if err := tx.Lock(who.Subject); err != nil {
			return err
		}
		if err := s.createSlugged(tx, rec, slug, base, s.event(who.Subject, "community.created", rec.ID)); err != nil {
			return idtagTaken(err)
		}
		if err := tx.Claim(rec.ID, profile.CommunityOwner, "", who.Subject); err != nil {
			return err
		}
		if err := useFile(tx, rec.ID, string(ProfilePicture), picture); profile.IsKind(err, profile.NotFound) {
			return noSuchPicture()
		} else if err != nil {
			return err
		}
		return s.addManager(tx, who.Subject, who.Subject, rec.ID)
	})
	if err != nil {
		return Subject{}, err
	}
	return subjectOf(rec), nil
}

func noSuchPicture() error {
	return profile.E(profile.Invalid, profile.CodeInvalid, "profilePic", "there is no such file")
}

// AdminEdit is what an operator changes of anybody; nil leaves a thing as it is.
type AdminEdit struct {
	Name     *string
	Disabled *bool
	Roles    []string // shown, gives no rights; nil leaves them
}

// AdminRoles are the words that AdminEdit.Roles may hold.
var AdminRoles = []string{"user", "public", "follower", "supporter", "contributor", "moderator", "leader"}

// MayAdminister says whether the caller may change anybody's profile, for faces
// that have to refuse before they read what is asked: nil or Forbidden.
func (s *Site) MayAdminister(ctx context.Context, who access.Principal) error {
	return s.operator(ctx, access.IdentityAdmin, who)
}

// EditIdentity changes anybody's profile by its idtag, for an operator. A
// disabled person's sessions end at once. Errors: NotFound, Forbidden,
// Invalid with Field "roles", Conflict/CodeLastManager.
func (s *Site) EditIdentity(ctx context.Context, who access.Principal, tag string, in AdminEdit) (Subject, error) {
	if err := s.MayAdminister(ctx, who); err != nil {
		return Subject{}, err
	}
	for _, role := range in.Roles {
		if !slices.Contains(AdminRoles, role) {
			return Subject{}, profile.E(profile.Invalid, profile.CodeChoice, "roles", "unknown role %q", role)
		}
	}
	edit := Edit{FullName: in.Name, Face: "cloudillo"}
	if in.Roles != nil {
		edit.Extras = map[string]json.RawMessage{"roles": marshal(in.Roles)}
	}
	var id profile.ID
	err := s.data.View(ctx, func(r store.Reader) error {
		rec, err := s.byIDTag(r, tag)
		if err == nil {
			id = rec.ID
		}
		return err
	})
	if err != nil {
		return Subject{}, err
	}
	rec, err := s.change(ctx, id, s.event(who.Subject, "profile.updated", id),
		func(tx store.Tx, old *store.Record) error {
			if in.Disabled != nil && *in.Disabled {
				return s.keepBroker(tx, old, "disabled")
			}
			return nil
		},
		func(old *store.Record) (step, error) {
			st, err := s.edit(ctx, old, edit)
			if err != nil || in.Disabled == nil {
				return st, err
			}
			state := profile.Active
			if *in.Disabled {
				state = profile.Disabled
				st.with = func(tx store.Tx) error { return s.revokeTokens(tx, id) }
			}
			if state != old.State {
				st.rec.State = state
				st.paths = append(st.paths, "state")
			}
			return st, nil
		})
	if err != nil {
		return Subject{}, err
	}
	return subjectOf(rec), nil
}
