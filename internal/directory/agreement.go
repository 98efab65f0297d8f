package directory

import (
	"context"
	"encoding/json"
	"math"
	"time"

	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/store"
)

// TermsOfUse is the slug of the agreement that holds up who has not signed it
// (DjaoApp, "Legal agreements").
const TermsOfUse = "terms-of-use"

// maxAgreements is how many agreements a site may have.
const maxAgreements = 100

// Agreement is something that a site's users may have to sign.
type Agreement struct {
	Slug    string
	Title   string
	Text    string
	Updated time.Time // from then on, what was signed before has to be signed again
}

type agreementAttrs struct {
	Title   string    `json:"title"`
	Text    string    `json:"text,omitempty"`
	Updated time.Time `json:"updated_at"`
}

// signature is what a link from a user to an agreement carries.
type signature struct {
	Signed  time.Time       `json:"signed,omitzero"`
	Choices map[string]bool `json:"choices,omitempty"` // what the user allows, where the agreement lets them choose
}

func agreementOf(rec *store.Record) (Agreement, error) {
	var a agreementAttrs
	err := json.Unmarshal(rec.Attrs, &a)
	return Agreement{Slug: rec.Name(profile.Terms), Title: a.Title, Text: a.Text, Updated: a.Updated}, err
}

// Agreements lists the site's agreements, in the order of their making.
// Everybody may read them.
func (s *Site) Agreements(ctx context.Context) ([]Agreement, error) {
	var out []Agreement
	err := s.data.View(ctx, func(r store.Reader) error {
		out = nil
		var failed error
		err := r.ByNumber(profile.Agreement, 0, math.MaxInt64, false, func(rec *store.Record) bool {
			var a Agreement
			a, failed = agreementOf(rec)
			out = append(out, a)
			return failed == nil
		})
		return joinErr(err, failed)
	})
	return out, err
}

// Agreement reads one: NotFound when there is none.
func (s *Site) Agreement(ctx context.Context, slug string) (out Agreement, err error) {
	err = s.data.View(ctx, func(r store.Reader) error {
		rec, err := bySlug(r, profile.Terms, slug)
		if err != nil {
			return err
		}
		out, err = agreementOf(rec)
		return err
	})
	return out, err
}

// MayAgreements says whether the caller may do perm with the site's
// agreements, for faces that have to refuse before they read what is asked.
func (s *Site) MayAgreements(ctx context.Context, perm access.Permission, who access.Principal) error {
	return s.data.View(ctx, func(r store.Reader) error { return s.allow(r, perm, who, nil) })
}

// AddAgreement makes an agreement; its slug is made of its title. Errors:
// Forbidden; Taken with Field "title" when another has the slug.
func (s *Site) AddAgreement(ctx context.Context, who access.Principal, in Agreement) (Agreement, error) {
	if err := s.MayAgreements(ctx, access.AgreementWrite, who); err != nil {
		return Agreement{}, err
	}
	return s.addAgreement(ctx, who.Subject, in)
}

func (s *Site) addAgreement(ctx context.Context, actor profile.ID, in Agreement) (Agreement, error) {
	if in.Slug = profile.Slugify(in.Title, maxAgreementSlug); in.Slug == "" {
		return Agreement{}, profile.E(profile.Invalid, profile.CodeInvalid, "title", "The title must contain some alphabetical characters.")
	}
	rec, err := s.draft(ctx, profile.Agreement, profile.ID{}, actor)
	if err != nil {
		return Agreement{}, err
	}
	if in.Updated.IsZero() {
		in.Updated = rec.Created
	}
	rec.Attrs = marshal(agreementAttrs{in.Title, in.Text, in.Updated})
	setName(rec, profile.Terms, in.Slug)
	names := rec.Names
	full := profile.E(profile.Conflict, profile.CodeTooLarge, "", "There are %d agreements already: delete one first.", maxAgreements)
	err = untilPlaced(func() error {
		return s.data.Update(ctx, func(tx store.Tx) error {
			n, err := tx.Count(profile.Agreement)
			if err != nil {
				return err
			}
			return createWithin(tx, rec, names, n, maxAgreements, full, s.event(actor, "agreement.created", rec.ID))
		})
	})
	if isTaken(err, profile.Terms) {
		err = profile.E(profile.Taken, profile.CodeTaken, "title", "already in use")
	}
	return in, err
}

const maxAgreementSlug = 50

// AgreementEdit is a change of an agreement; nil leaves a thing as it is.
type AgreementEdit struct {
	Title   *string
	Text    *string
	Updated *time.Time
}

// EditAgreement changes an agreement; its slug stays. What was signed before
// Updated has to be signed again. Errors: Forbidden, NotFound.
func (s *Site) EditAgreement(ctx context.Context, who access.Principal, slug string, in AgreementEdit) (Agreement, error) {
	var out Agreement
	id, err := s.agreementFor(ctx, who, slug)
	if err != nil {
		return out, err
	}
	check := func(tx store.Tx, _ *store.Record) error { return s.allow(tx, access.AgreementWrite, who, nil) }
	_, err = s.change(ctx, id, s.event(who.Subject, "agreement.updated", id), check, func(old *store.Record) (step, error) {
		if out, err = agreementOf(old); err != nil {
			return step{}, err
		}
		var paths []string
		if in.Title != nil && *in.Title != out.Title {
			out.Title, paths = *in.Title, append(paths, "title")
		}
		if in.Text != nil && *in.Text != out.Text {
			out.Text, paths = *in.Text, append(paths, "text")
		}
		if in.Updated != nil && !in.Updated.Equal(out.Updated) {
			out.Updated, paths = *in.Updated, append(paths, "updated_at")
		}
		rec := *old
		rec.Attrs, rec.Updated = marshal(agreementAttrs{out.Title, out.Text, out.Updated}), s.d.now()
		return step{rec: &rec, paths: paths}, nil
	})
	return out, err
}

// DropAgreement deletes an agreement. Errors: Forbidden, NotFound.
func (s *Site) DropAgreement(ctx context.Context, who access.Principal, slug string) error {
	if _, err := s.agreementFor(ctx, who, slug); err != nil {
		return err
	}
	return s.data.Update(ctx, func(tx store.Tx) error {
		rec, err := bySlug(tx, profile.Terms, slug)
		if err != nil {
			return err
		}
		s.undress(rec)
		return tx.Remove(rec, s.event(who.Subject, "agreement.deleted", rec.ID))
	})
}

func (s *Site) agreementFor(ctx context.Context, who access.Principal, slug string) (id profile.ID, err error) {
	err = s.data.View(ctx, func(r store.Reader) error {
		if err := s.allow(r, access.AgreementWrite, who, nil); err != nil {
			return err
		}
		rec, err := bySlug(r, profile.Terms, slug)
		if err == nil {
			id = rec.ID
		}
		return err
	})
	return id, err
}

// Sign notes that the caller agrees, now. Errors: NotFound.
func (s *Site) Sign(ctx context.Context, who access.Principal, slug string) (time.Time, error) {
	if err := access.Admit(access.AgreementSign, who); err != nil {
		return time.Time{}, err
	}
	return s.d.now(), s.data.Update(ctx, func(tx store.Tx) error {
		return s.sign(tx, who.Subject, []string{slug})
	})
}

// sign notes that a user agrees to what is named.
func (s *Site) sign(tx store.Tx, user profile.ID, slugs []string) error {
	for _, slug := range slugs {
		err := s.changeSignature(tx, user, slug, func(sig *signature) { sig.Signed = s.d.now() })
		if err != nil {
			return err
		}
	}
	return nil
}

// maxChoices is how many things an agreement lets people choose.
const maxChoices = 20

// Choose keeps what the caller allows, where an agreement lets them choose:
// DjaoApp's "analytics" of the privacy policy. Errors: NotFound, TooLarge.
func (s *Site) Choose(ctx context.Context, who access.Principal, slug string, choices map[string]bool) error {
	if err := access.Admit(access.AgreementSign, who); err != nil {
		return err
	}
	return s.data.Update(ctx, func(tx store.Tx) error {
		kept := 0
		err := s.changeSignature(tx, who.Subject, slug, func(sig *signature) {
			if sig.Choices == nil {
				sig.Choices = map[string]bool{}
			}
			for name, yes := range choices {
				sig.Choices[name] = yes
			}
			kept = len(sig.Choices)
		})
		if err == nil && kept > maxChoices {
			return profile.E(profile.TooLarge, profile.CodeTooLarge, "", "more than %d choices", maxChoices)
		}
		return err
	})
}

func (s *Site) changeSignature(tx store.Tx, user profile.ID, slug string, change func(*signature)) error {
	rec, err := bySlug(tx, profile.Terms, slug)
	if err != nil {
		return err
	}
	if err := tx.Lock(user); err != nil {
		return err
	}
	link, sig, err := readSignature(tx, user, rec.ID)
	if err != nil {
		return err
	}
	change(&sig)
	if link == nil {
		err = tx.AddLink(&store.Link{Src: user, Kind: store.SignatureLink, Dst: rec.ID, State: store.LinkActive, Attrs: marshal(sig), Created: s.d.now()})
	} else {
		link.Attrs = marshal(sig)
		err = tx.SetLink(link)
	}
	if err != nil {
		return err
	}
	return tx.Log(s.event(user, "agreement.signed", user))
}

func readSignature(r store.Reader, user, agreement profile.ID) (link *store.Link, sig signature, err error) {
	link, err = r.Link(user, store.SignatureLink, agreement, "")
	if profile.IsKind(err, profile.NotFound) {
		return nil, sig, nil
	}
	if err != nil {
		return nil, sig, err
	}
	return link, sig, json.Unmarshal(link.Attrs, &sig)
}

// Signed tells when the caller signed an agreement last: zero for never, or
// before it changed. NotFound when there is no such agreement.
func (s *Site) Signed(ctx context.Context, who access.Principal, slug string) (at time.Time, err error) {
	err = s.data.View(ctx, func(r store.Reader) error {
		rec, err := bySlug(r, profile.Terms, slug)
		if err != nil {
			return err
		}
		a, err := agreementOf(rec)
		if err != nil {
			return err
		}
		_, sig, err := readSignature(r, who.Subject, rec.ID)
		if at = sig.Signed; at.Before(a.Updated) && !a.Updated.After(s.d.now()) {
			at = time.Time{}
		}
		return err
	})
	return at, err
}

// Ready says whether the caller has a password, and has signed the terms of
// use where the site has any: DjaoApp's gates "active" and "agreement", which
// a frictionless site leaves open. Forbidden/CodeUnready.
func (s *Site) Ready(ctx context.Context, who access.Principal) error {
	if s.Policy().Frictionless || who.IsNobody() || who.Client {
		return nil
	}
	rec, err := s.data.GetID(ctx, who.Subject)
	if err != nil {
		return err
	}
	if rec.Password == "" {
		return profile.E(profile.Forbidden, profile.CodeUnready, "", "the account has no password yet")
	}
	at, err := s.Signed(ctx, who, TermsOfUse)
	switch {
	case profile.IsKind(err, profile.NotFound): // there are no terms
		return nil
	case err == nil && at.IsZero():
		return profile.E(profile.Forbidden, profile.CodeUnready, "", "the terms of use are not signed")
	}
	return err
}
