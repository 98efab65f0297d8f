package directory

import (
	"context"
	"encoding/json"

	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/store"
)

// NewCommunity is what a community is made from.
type NewCommunity struct {
	IDTag   string
	Hosted  bool                       // under a domain that this server provides; else one's own
	App     string                     // the domain of its app; "": the idtag's host form
	Name    string                     // "" is made from the idtag
	Picture string                     // a stored file; "": none
	Invite  string                     // a ref of type profile.invite; "": none
	Extra   map[string]json.RawMessage // of the face cloudillo
}

// CreateCommunity makes a community that the caller owns and leads, and that
// takes whoever wants to join. Where the site's policy lets only operators make
// them, others need an invitation; one that is given is spent in any case.
// Errors: Missing with Field "inviteRef", those of a ref, Invalid with Field
// "idTag" or "profilePic", Taken; Limited.
func (s *Site) CreateCommunity(ctx context.Context, who access.Principal, in NewCommunity) (Subject, error) {
	if err := access.Admit(access.CommunityCreate, who); err != nil {
		return Subject{}, err
	}
	if in.Invite == "" && !s.Policy().Communities {
		if ok, err := s.IsOperator(ctx, who); err != nil || !ok {
			return Subject{}, joinErr(err, profile.E(profile.Missing, profile.CodeRequired, "inviteRef", "Community creation requires an invite"))
		}
	}
	if in.Invite != "" {
		err := s.data.View(ctx, func(r store.Reader) error {
			_, _, err := s.liveRef(r, in.Invite, RefInvite)
			return err
		})
		if err != nil { // nothing is worked out for who has none
			return Subject{}, inviteFault(err)
		}
	}
	check, err := s.VerifyIdentity(ctx, WantedIdentity{IDTag: in.IDTag, Hosted: in.Hosted, AppDomain: in.App})
	if err == nil {
		err = check.Refusal()
	}
	if err != nil {
		return Subject{}, err
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
	rec.Extras = mergeExtras(mergeExtras(rec.Extras, "cloudillo", openCommunity), "cloudillo", in.Extra)
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
		if err := s.spend(tx, who, s.Policy().profileQuota()); err != nil {
			return err
		}
		if in.Invite != "" {
			if _, err := s.spendRef(tx, who.Subject, in.Invite, RefInvite); err != nil {
				return inviteFault(err)
			}
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
		if err := s.addManager(tx, who.Subject, who.Subject, rec.ID); err != nil {
			return err
		}
		_, err := s.bind(tx, who.Subject, rec.ID, Follow)
		return err
	})
	if err != nil {
		return Subject{}, err
	}
	return subjectOf(rec), nil
}

// inviteFault names the invitation, where a ref is called a token.
func inviteFault(err error) error {
	if e := profile.AsError(err); e.Field == "token" {
		named := *e
		named.Field = "inviteRef"
		return &named
	}
	return err
}

func noSuchPicture() error {
	return profile.E(profile.Invalid, profile.CodeInvalid, "profilePic", "there is no such file")
}
