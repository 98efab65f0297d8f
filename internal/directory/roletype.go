package directory

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/store"
)

// RoleType is a sort of role that people have on profiles (DjaoApp, "Role
// description"). One that the broker owns is global: every profile has it.
type RoleType struct {
	RoleTerms
	Slug    string
	Created time.Time
	Global  bool
	Owner   Subject // of a local one
	Edit    bool    // the caller may change it

	id profile.ID // zero: nobody has changed a built-in one yet
}

// RoleTerms is what a role type says.
type RoleTerms struct {
	Title       string          `json:"title"`
	SkipOptin   bool            `json:"skip_optin_on_grant"`     // a grant is active at once
	Implicit    bool            `json:"implicit_create_on_none"` // offered to who has a verified e-mail of the profile's domain
	OTPRequired bool            `json:"otp_required"`            // gives nothing to who signs in without one-time codes
	Extra       json.RawMessage `json:"extra,omitempty"`
}

// RoleEdit is a change of a role type; nil leaves a thing as it is.
type RoleEdit struct {
	Title                            *string
	SkipOptin, Implicit, OTPRequired *bool
	Extra                            json.RawMessage // JSON null clears
}

// The two role types that every site has, without a row until the broker
// changes one.
var builtInRoles = []RoleType{
	{Slug: RoleManager, Global: true, RoleTerms: RoleTerms{Title: "Profile Manager"}},
	{Slug: RoleContributor, Global: true, RoleTerms: RoleTerms{Title: "Contributor"}},
}

func builtInRole(slug string) *RoleType {
	for i := range builtInRoles {
		if builtInRoles[i].Slug == slug {
			out := builtInRoles[i]
			return &out
		}
	}
	return nil
}

const maxRoleTypes = 100 // of one owner

func roleTypeOf(rec *store.Record, owner *Subject) (*RoleType, error) {
	t := &RoleType{Slug: rec.Name(profile.RoleSlug), Created: rec.Created, Global: owner == nil, id: rec.ID}
	if owner != nil {
		t.Owner = *owner
	}
	return t, json.Unmarshal(rec.Attrs, &t.RoleTerms)
}

// roleTypes finds the role types of profiles, each of them once, for a caller.
type roleTypes struct {
	s    *Site
	r    store.Reader
	who  access.Principal
	seen map[roleKey]*RoleType
}

type roleKey struct {
	on   profile.ID
	slug string
}

func (s *Site) roleTypesIn(r store.Reader, who access.Principal) *roleTypes {
	return &roleTypes{s: s, r: r, who: who, seen: map[roleKey]*RoleType{}}
}

// of gives the role type with a slug that a profile has: its own, a global or
// a built-in one. nil when there is none.
func (ts *roleTypes) of(on *store.Record, slug string) (*RoleType, error) {
	key := roleKey{on.ID, slug}
	if t, ok := ts.seen[key]; ok {
		return t, nil
	}
	t, err := ts.find(on, slug)
	if err != nil || t == nil {
		return nil, err
	}
	if err := ts.rate(on, t); err != nil {
		return nil, err
	}
	ts.seen[key] = t
	return t, nil
}

// rate notes which types of a profile the caller may change: global ones are
// the broker's, others their owner's.
func (ts *roleTypes) rate(on *store.Record, types ...*RoleType) error {
	if ts.who.IsNobody() {
		return nil
	}
	is, err := ts.s.relationTo(ts.r, ts.who, on)
	if err != nil {
		return err
	}
	for _, t := range types {
		t.Edit = access.Allow(roleTypeWrite(t), ts.who, is) == nil
	}
	return nil
}

func (ts *roleTypes) find(on *store.Record, slug string) (*RoleType, error) {
	broker := ts.s.Policy().Broker
	if on.ID != broker {
		rec, err := ts.r.ByName(on.ID, profile.RoleSlug, slug)
		if err == nil {
			owner, err := ts.s.subject(ts.r, on)
			if err != nil {
				return nil, err
			}
			return roleTypeOf(rec, &owner)
		}
		if !profile.IsKind(err, profile.NotFound) {
			return nil, err
		}
	}
	if t, err := ts.s.globalRole(ts.r, slug); t != nil || err != nil {
		return t, err
	}
	return ts.s.communityRole(ts.r, on, slug)
}

// globalRole gives the role type with a slug that every profile has: as the
// broker keeps it, else a built-in one. nil when there is none.
func (s *Site) globalRole(r store.Reader, slug string) (*RoleType, error) {
	t := builtInRole(slug)
	if t != nil {
		t.Created = s.state.Load().info.Created
	}
	broker := s.Policy().Broker
	if broker.IsZero() {
		return t, nil
	}
	rec, err := r.ByName(broker, profile.RoleSlug, slug)
	if profile.IsKind(err, profile.NotFound) {
		return t, nil
	}
	if err != nil {
		return nil, err
	}
	return roleTypeOf(rec, nil)
}

// asked gives the role type that somebody means by a word in a path: case and
// one plural "s" do not count. Errors: NotFound with Field "role".
func (ts *roleTypes) asked(on *store.Record, word string) (*RoleType, error) {
	slug := profile.Fold(word)
	for _, try := range []string{slug, strings.TrimSuffix(slug, "s")} {
		if !IsSlug(try) {
			break
		}
		t, err := ts.of(on, try)
		if t != nil || err != nil {
			return t, err
		}
	}
	return nil, profile.E(profile.NotFound, profile.CodeNotFound, "role", "RoleDescription '%s' does not exist.", oneLine(word))
}

// all lists the role types that a profile has: the global ones, then its own.
func (ts *roleTypes) all(on *store.Record) ([]*RoleType, error) {
	var out []*RoleType
	broker := ts.s.Policy().Broker
	if !broker.IsZero() {
		recs, err := ts.r.Owned(broker, profile.RoleType, 0, maxRoleTypes)
		if err != nil {
			return nil, err
		}
		for _, rec := range recs {
			t, err := roleTypeOf(rec, nil)
			if err != nil {
				return nil, err
			}
			out = append(out, t)
		}
	}
	for i, b := range builtInRoles {
		if !slices.ContainsFunc(out, func(t *RoleType) bool { return t.Slug == b.Slug }) {
			b.Created = ts.s.state.Load().info.Created
			out = slices.Insert(out, i, &b)
		}
	}
	if on.ID == broker {
		return out, nil
	}
	for _, b := range communityRoles {
		t, err := ts.s.communityRole(ts.r, on, b.Slug)
		if err != nil {
			return nil, err
		}
		if t != nil {
			out = append(out, t)
		}
	}
	own, err := ts.r.Owned(on.ID, profile.RoleType, 0, maxRoleTypes)
	if err != nil || len(own) == 0 {
		return out, err
	}
	owner, err := ts.s.subject(ts.r, on)
	if err != nil {
		return nil, err
	}
	for _, rec := range own {
		t, err := roleTypeOf(rec, &owner)
		if err != nil {
			return nil, err
		}
		out = slices.DeleteFunc(out, func(other *RoleType) bool { return other.Slug == t.Slug }) // it hides a global one
		out = append(out, t)
	}
	return out, nil
}

// RoleTypes lists the role types of a profile: global ones and its own.
// Errors: NotFound, Forbidden.
func (s *Site) RoleTypes(ctx context.Context, who access.Principal, slug string) ([]*RoleType, error) {
	var out []*RoleType
	err := s.data.View(ctx, func(r store.Reader) error {
		on, err := s.profileFor(r, access.RoleTypeRead, who, slug)
		if err != nil {
			return err
		}
		types := s.roleTypesIn(r, who)
		if out, err = types.all(on); err != nil {
			return err
		}
		return types.rate(on, out...)
	})
	return out, err
}

// RoleType reads one role type of a profile. Errors: NotFound, with Field
// "role" for the type; Forbidden.
func (s *Site) RoleType(ctx context.Context, who access.Principal, slug, role string) (*RoleType, error) {
	var out *RoleType
	err := s.data.View(ctx, func(r store.Reader) error {
		on, err := s.profileFor(r, access.RoleTypeRead, who, slug)
		if err != nil {
			return err
		}
		out, err = s.roleTypesIn(r, who).asked(on, role)
		return err
	})
	return out, err
}

func roleTypeWrite(t *RoleType) access.Permission {
	if t.Global {
		return access.RoleTypeGlobal
	}
	return access.RoleTypeWrite
}

// AddRoleType makes a role type of a profile, or a global one where the profile
// is the broker. Its slug comes from the title. Errors: NotFound, Forbidden,
// Missing or Invalid with Field "title", TooLarge.
func (s *Site) AddRoleType(ctx context.Context, who access.Principal, slug string, in RoleEdit) (*RoleType, error) {
	terms := in.apply(RoleTerms{})
	base := profile.Slugify(terms.Title, 40)
	if base == "" {
		return nil, profile.E(profile.Invalid, profile.CodeConstraint, "title", "The title must contain some alphabetical characters.")
	}
	n, err := s.number(ctx)
	if err != nil {
		return nil, err
	}
	var out *RoleType
	err = s.data.Update(ctx, func(tx store.Tx) error {
		on, err := s.profileFor(tx, access.RoleTypeWrite, who, slug)
		if err != nil {
			return err
		}
		if err := tx.Lock(on.ID); err != nil {
			return err
		}
		own, err := tx.Owned(on.ID, profile.RoleType, 0, maxRoleTypes)
		if err != nil {
			return err
		}
		if len(own) == maxRoleTypes {
			return profile.E(profile.TooLarge, profile.CodeTooLarge, "title", "A profile has no more than %d role types.", maxRoleTypes)
		}
		rec := s.numberedRecord(n, profile.RoleType, on.ID, who.Subject)
		rec.Attrs, rec.Sort = marshal(terms), profile.Fold(terms.Title)
		named := base
		if builtInRole(base) != nil || isCommunityRole(base) || ReservedSlug(base) {
			named = base + "-" + strconv.FormatInt(n, 10)
		}
		err = s.createRoleType(tx, who, rec, named)
		if isTaken(err, profile.RoleSlug) {
			err = s.createRoleType(tx, who, rec, base+"-"+strconv.FormatInt(n, 10))
		}
		if err != nil {
			return err
		}
		out, err = s.asRoleType(tx, rec, on)
		return err
	})
	return out, err
}

func (s *Site) createRoleType(tx store.Tx, who access.Principal, rec *store.Record, slug string) error {
	setRoleSlug(rec, slug)
	return tx.Create(rec, s.event(who.Subject, "roletype.created", rec.ID))
}

func setRoleSlug(rec *store.Record, slug string) {
	setName(rec, profile.RoleSlug, slug)
	rec.Names[len(rec.Names)-1].Owned = true
}

// asRoleType reads a record that was just written by who may change it.
func (s *Site) asRoleType(r store.Reader, rec, on *store.Record) (*RoleType, error) {
	var owner *Subject
	if on.ID != s.Policy().Broker {
		is, err := s.subject(r, on)
		if err != nil {
			return nil, err
		}
		owner = &is
	}
	t, err := roleTypeOf(rec, owner)
	if err != nil {
		return nil, err
	}
	t.Edit = true
	return t, nil
}

// EditRoleType changes a role type; a global one only for the broker. Errors:
// NotFound, Forbidden.
func (s *Site) EditRoleType(ctx context.Context, who access.Principal, slug, role string, in RoleEdit) (*RoleType, error) {
	n, err := s.number(ctx)
	if err != nil {
		return nil, err
	}
	var out *RoleType
	err = s.data.Update(ctx, func(tx store.Tx) error {
		on, t, err := s.roleTypeFor(tx, who, slug, role)
		if err != nil {
			return err
		}
		terms := in.apply(t.RoleTerms)
		owner := on
		if t.Global {
			if owner, err = tx.Record(s.Policy().Broker); err != nil {
				return err
			}
		}
		if t.id.IsZero() { // the first change of a built-in one writes it down
			rec := s.numberedRecord(n, profile.RoleType, owner.ID, who.Subject)
			rec.Attrs, rec.Sort, rec.Created = marshal(terms), profile.Fold(terms.Title), t.Created
			if err := s.createRoleType(tx, who, rec, t.Slug); err != nil {
				return err
			}
			out, err = s.asRoleType(tx, rec, owner)
			return err
		}
		old, err := tx.Record(t.id)
		if err != nil {
			return err
		}
		rec := *old
		rec.Attrs, rec.Sort, rec.Updated = marshal(terms), profile.Fold(terms.Title), s.d.now()
		if string(rec.Attrs) != string(old.Attrs) {
			if err := tx.Save(old, &rec, s.event(who.Subject, "roletype.updated", rec.ID, "terms")); err != nil {
				return err
			}
		}
		out, err = s.asRoleType(tx, &rec, owner)
		return err
	})
	return out, err
}

func (in RoleEdit) apply(t RoleTerms) RoleTerms {
	if in.Title != nil {
		t.Title = *in.Title
	}
	for _, f := range []struct {
		to   *bool
		from *bool
	}{{&t.SkipOptin, in.SkipOptin}, {&t.Implicit, in.Implicit}, {&t.OTPRequired, in.OTPRequired}} {
		if f.from != nil {
			*f.to = *f.from
		}
	}
	if in.Extra != nil {
		t.Extra = in.Extra
	}
	if string(t.Extra) == "null" {
		t.Extra = nil
	}
	return t
}

// roleTypeFor reads a role type of a profile for a caller who may change it.
func (s *Site) roleTypeFor(r store.Reader, who access.Principal, slug, role string) (*store.Record, *RoleType, error) {
	on, err := s.profileFor(r, access.RoleTypeWrite, who, slug)
	if err != nil {
		return nil, nil, err
	}
	t, err := s.roleTypesIn(r, who).asked(on, role)
	if err != nil {
		return nil, nil, err
	}
	return on, t, s.allow(r, roleTypeWrite(t), who, on)
}

// MayRoleType says whether the caller may change a role type, for faces that
// have to refuse before they read what is asked: nil, NotFound or Forbidden.
func (s *Site) MayRoleType(ctx context.Context, who access.Principal, slug, role string) error {
	return s.data.View(ctx, func(r store.Reader) error {
		_, _, err := s.roleTypeFor(r, who, slug, role)
		return err
	})
}

// DeleteRoleType removes a role type: nobody gets it from then on, and the
// roles of that type end in bounded steps (see RoleSweepJob). Errors: NotFound,
// Forbidden, also for the two that every site has.
func (s *Site) DeleteRoleType(ctx context.Context, who access.Principal, slug, role string) error {
	return s.data.Update(ctx, func(tx store.Tx) error {
		on, t, err := s.roleTypeFor(tx, who, slug, role)
		if err != nil {
			return err
		}
		if builtInRole(t.Slug) != nil || isCommunityRole(t.Slug) {
			return profile.E(profile.Conflict, profile.CodeLastManager, "", "The role types that every site has cannot be deleted.")
		}
		rec, err := tx.Record(t.id)
		if err != nil {
			return err
		}
		if err := tx.Remove(rec, s.event(who.Subject, "roletype.deleted", rec.ID)); err != nil {
			return err
		}
		sweep := roleSweep{Slug: t.Slug, Before: s.d.now()}
		if !t.Global {
			sweep.On = on.ID
		}
		return s.sweepRoles(tx, sweep)
	})
}
