package directory

import (
	"context"
	"encoding/json"

	"facet/internal/profile"
	"facet/internal/store"
)

// NewIdentity is what somebody registers an idtag with.
type NewIdentity struct {
	IDTag, Email string
	Hosted       bool                       // type idp: under a domain that this server provides
	AppDomain    string                     // of a domain of one's own; "": the idtag's
	Token        string                     // a ref of type register; where anybody may register, "" will do
	Extra        map[string]json.RawMessage // of the face cloudillo
}

// RegisterIdentity makes a person without a password, who is signed in at once.
// The e-mail becomes theirs when they show that they read it: what is mailed
// there lets them, and choose a password. Whether it is somebody's already does
// not show; its owner is told. A ref is spent with what it pays for. Errors:
// Forbidden/CodeRegistrationClosed; Missing, NotFound or Invalid with Field
// "token"; Invalid with Field "idTag" or "email"; Taken with Field "idTag";
// Busy when the DNS cannot be asked.
func (s *Site) RegisterIdentity(ctx context.Context, in NewIdentity, use TokenUse) (SignIn, error) {
	if err := s.mayRegister(ctx, in.Token); err != nil { // nothing is worked out for who may not
		return SignIn{}, err
	}
	if err := checkEmail(in.Email); err != nil {
		return SignIn{}, err
	}
	check, err := s.VerifyIdentity(ctx, WantedIdentity{IDTag: in.IDTag, Hosted: in.Hosted, AppDomain: in.AppDomain})
	if err == nil {
		err = check.Refusal()
	}
	if err != nil {
		return SignIn{}, err
	}
	name := profile.PersonName{}.WithWhole(nameFromTag(in.IDTag))
	rec, err := s.newSubject(ctx, profile.User, profile.ID{}, nameSets(profile.User, name))
	if err != nil {
		return SignIn{}, err
	}
	slug, base, err := s.claim(rec, in.IDTag)
	if err != nil {
		return SignIn{}, idtagTaken(err)
	}
	rec.Creator = rec.ID
	rec.Extras = mergeExtras(rec.Extras, "cloudillo", in.Extra)
	member, err := s.firstMember(ctx, rec)
	if err != nil {
		return SignIn{}, err
	}
	invite, err := s.newEnrolment(rec.ID, in.Email, in.Hosted)
	if err != nil {
		return SignIn{}, err
	}
	err = s.data.Update(ctx, func(tx store.Tx) error {
		if in.Token != "" {
			if _, err := s.spendRef(tx, rec.ID, in.Token, RefRegister); err != nil {
				return err
			}
		}
		if err := s.createSlugged(tx, rec, slug, base, s.event(rec.ID, "user.created", rec.ID)); err != nil {
			return idtagTaken(err)
		}
		if err := tx.Create(member, s.event(rec.ID, memberEventAdd, member.ID)); err != nil {
			return err
		}
		if err := s.addManager(tx, rec.ID, rec.ID, rec.ID); err != nil {
			return err
		}
		return s.enrol(tx, rec, invite)
	})
	if err != nil {
		return SignIn{}, err
	}
	return s.begin(ctx, rec, nil, use)
}

// mayRegister says whether somebody may register with a ref, or without one.
func (s *Site) mayRegister(ctx context.Context, token string) error {
	switch policy := s.Policy(); {
	case policy.Registration == RegistrationClosed:
		return registrationClosed()
	case token != "":
		return s.CheckRegistration(ctx, token)
	case policy.Registration != RegistrationOpen:
		return profile.E(profile.Missing, profile.CodeRequired, "token", "token is required")
	}
	return nil
}
