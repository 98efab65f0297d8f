package directory

import (
	"context"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/store"
)

// An idtag names a person, community or organization across sites (Cloudillo).
// Under the site's domain it is the slug: alice@the.domain. One of another
// domain is an explicit name of the record, and nobody else's on any site. The
// host form has a dot for the @.

// IDTag gives the idtag of a profile.
func (s *Site) IDTag(p *Subject) string {
	if p.idtag != "" {
		return p.idtag
	}
	tag := p.Slug + "@" + s.Domain()
	if strings.Contains(tag, "xn--") {
		return toUnicode(tag)
	}
	return tag
}

var idtagForm = regexp.MustCompile(`^[a-z0-9]([-a-z0-9_]*[a-z0-9])?@([a-z0-9]([-a-z0-9]*[a-z0-9])?\.)*[a-z0-9]([-a-z0-9]*[a-z0-9])?$`)

// foldIDTag brings an idtag to the form in which it is compared: with an @,
// lower case, in ASCII (RFC 5891). A host form is read too. ok is false for
// what cannot be one.
func (s *Site) foldIDTag(tag string) (folded string, ok bool) {
	local, domain, ok := strings.Cut(strings.TrimSpace(tag), "@")
	if !ok {
		if local, domain, ok = strings.Cut(local, "."); !ok {
			return "", false
		}
	}
	l, err := toASCII(local)
	d, err2 := toASCII(domain)
	folded = l + "@" + d
	if err != nil || err2 != nil || len(folded) < 5 || len(folded) > maxHost || !idtagForm.MatchString(folded) {
		return "", false
	}
	if d == s.Domain() {
		return folded, true // a slug
	}
	return folded, isHostName(identityHost + store.HostForm(folded))
}

// byIDTag reads the record that an idtag names: NotFound when there is none.
func (s *Site) byIDTag(r store.Reader, tag string) (*store.Record, error) {
	folded, ok := s.foldIDTag(tag)
	if !ok {
		return nil, store.ErrNotFound
	}
	if local, domain, _ := strings.Cut(folded, "@"); domain == s.Domain() {
		rec, err := r.ByName(profile.ID{}, profile.Slug, local)
		if err == nil && rec.Name(profile.IDTag) != "" {
			return nil, store.ErrNotFound // known by another idtag
		}
		return rec, err
	}
	return r.ByName(profile.ID{}, profile.IDTag, folded)
}

// The fewest and the most octets of an idtag that is given out, in its host form
// and in ASCII (Cloudillo): "cl-o." before it still fits a certificate's name.
const (
	minHosted = 5
	maxHosted = 62
)

// isHostable reports whether a folded idtag can be given out: its host form is a
// host name (RFC 952, RFC 1123) of a fair length, and not one of ours for the
// API of another.
func isHostable(folded string) bool {
	host := store.HostForm(folded)
	return len(host) >= minHosted && len(host) <= maxHosted && isHostName(host) && !strings.Contains(host, "_") && !strings.HasPrefix(host, identityHost)
}

// CheckIdentity says whether an idtag is free here.
func (s *Site) CheckIdentity(ctx context.Context, tag string) (fault IdentityFault, err error) {
	folded, ok := s.foldIDTag(tag)
	local, domain, _ := strings.Cut(folded, "@")
	if !ok || !isHostable(folded) || domain == s.Domain() && ReservedSlug(local) {
		return IdentityInvalid, nil
	}
	space, value := profile.IDTag, folded
	if domain == s.Domain() {
		space, value = profile.Slug, local
	}
	if used, err := s.d.hostUsed(ctx, s, store.HostForm(folded)); err != nil || used {
		return IdentityUsed, err
	}
	err = s.data.View(ctx, func(r store.Reader) error {
		fault = ""
		_, err := r.ByName(profile.ID{}, space, value)
		if err == nil {
			fault = IdentityUsed
			return nil
		}
		if profile.IsKind(err, profile.NotFound) {
			return nil
		}
		return err
	})
	return fault, err
}

// claim gives a draft the idtag that was asked for: as its slug under the
// site's domain, else as an explicit name beside a slug made up from it. The
// slug is "" when it is to be made up from base.
func (s *Site) claim(rec *store.Record, tag string) (slug, base string, err error) {
	folded, ok := s.foldIDTag(tag)
	if !ok || !isHostable(folded) {
		return "", "", profile.E(profile.Invalid, profile.CodeInvalid, "idTag", "invalid id_tag")
	}
	local, domain, _ := strings.Cut(folded, "@")
	if domain == s.Domain() {
		return local, "", checkSlug(local)
	}
	setIDTag(rec, folded)
	return "", slugFrom(localPart(rec.Name(profile.IDTag))), nil
}

// setIDTag gives a draft an explicit idtag, shown in Unicode.
func setIDTag(rec *store.Record, folded string) {
	setName(rec, profile.IDTag, folded)
	if n := len(rec.Names) - 1; folded != "" {
		if typed := toUnicode(folded); typed != folded {
			rec.Names[n].Typed = typed
		}
	}
}

// idtagTaken names the idtag, where the store names a name space of it.
func idtagTaken(err error) error {
	if isTaken(err, profile.Slug) || isTaken(err, profile.IDTag) {
		return profile.E(profile.Taken, profile.CodeTaken, "idTag", "used")
	}
	return err
}

// nameFromTag is how somebody is called of whom only the idtag is known.
func nameFromTag(tag string) string {
	tag = strings.TrimSpace(tag)
	if !strings.Contains(tag, "@") {
		tag = strings.Replace(tag, ".", "@", 1)
	}
	if strings.Contains(tag, "xn--") {
		tag = toUnicode(tag)
	}
	local := localPart(profile.Fold(tag))
	first, size := utf8.DecodeRuneInString(local)
	return string(unicode.ToUpper(first)) + local[size:]
}

// Me reads the caller's own profile.
func (s *Site) Me(ctx context.Context, who access.Principal) (Subject, error) {
	if err := access.Allow(access.SelfRead, who, access.Self); err != nil {
		return Subject{}, err
	}
	rec, err := s.data.GetID(ctx, who.Subject)
	if err != nil {
		return Subject{}, err
	}
	return subjectOf(rec), nil
}

// SiteIdentity is what a site shows of itself to everybody: its broker.
func (s *Site) SiteIdentity(ctx context.Context) (Subject, error) {
	rec, err := s.data.GetID(ctx, s.Policy().Broker)
	if err != nil {
		return Subject{}, err
	}
	return subjectOf(rec), nil
}

// PublicIdentity is what everybody sees of a profile by its slug. Who is
// disabled is not shown.
func (s *Site) PublicIdentity(ctx context.Context, slug string) (Subject, error) {
	rec, err := s.data.Get(ctx, profile.Slug, profile.Fold(slug))
	if err == nil && (!rec.Type.IsSubject() || rec.State != profile.Active) {
		err = store.ErrNotFound
	}
	if err != nil {
		return Subject{}, err
	}
	return subjectOf(rec), nil
}

// ownProfile is a profile that the caller may change as an own one.
type ownProfile struct {
	id      profile.ID
	managed bool // not the caller's self: the right is asked for again with the change
}

// own finds the profile that the caller changes as an own one: the caller's
// self, or with a slug that profile, where the caller manages it. Errors:
// NotFound, Forbidden.
func (s *Site) own(ctx context.Context, who access.Principal, slug string) (ownProfile, error) {
	if err := access.Admit(access.SelfWrite, who); err != nil {
		return ownProfile{}, err
	}
	if slug == "" {
		return ownProfile{id: who.Subject}, access.Allow(access.SelfWrite, who, access.Self)
	}
	var out ownProfile
	err := s.data.View(ctx, func(r store.Reader) error {
		rec, err := bySlug(r, profile.Slug, slug)
		if err != nil {
			return err
		}
		if out.id = rec.ID; rec.ID == who.Subject {
			return access.Allow(access.SelfWrite, who, access.Self)
		}
		out.managed = true
		return s.mayActFor(r, who, rec)
	})
	return out, err
}

// check is what change asks in its transaction.
func (o ownProfile) check(s *Site, who access.Principal) func(store.Tx, *store.Record) error {
	return func(tx store.Tx, old *store.Record) error {
		if !o.managed {
			return nil
		}
		return s.mayActFor(tx, who, old)
	}
}

// maxExtra bounds what one face keeps of a profile beside the attributes, in
// bytes: single changes are small, but there may be many.
const maxExtra = 128 << 10

// EditMe changes the caller's own profile, or that with the slug, which is one
// the caller manages. Errors: Forbidden, NotFound, TooLarge with Field "x",
// and those of the fields.
func (s *Site) EditMe(ctx context.Context, who access.Principal, slug string, in Edit) (Subject, error) {
	own, err := s.own(ctx, who, slug)
	if err != nil {
		return Subject{}, err
	}
	rec, err := s.change(ctx, own.id, s.event(who.Subject, "profile.updated", own.id), own.check(s, who),
		func(old *store.Record) (step, error) {
			if in.Inner[settingsExtra] != nil && old.Type != profile.Community {
				return step{}, profile.E(profile.Invalid, profile.CodeInvalid, settingsExtra, "only communities have settings")
			}
			st, err := s.edit(ctx, old, in)
			if err == nil && len(st.rec.Extras) > max(len(old.Extras), maxExtra) {
				err = profile.E(profile.TooLarge, profile.CodeTooLarge, "x", "the fields of x take more than %d bytes", maxExtra)
			}
			return st, err
		})
	if err != nil {
		return Subject{}, err
	}
	return subjectOf(rec), nil
}
