package directory

import (
	"context"
	"encoding/json"
	"strings"

	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/store"
)

// NewProfile is what a profile without a sign-in of its own is made from.
type NewProfile struct {
	Personal bool   // of a person, not of an organization
	Slug     string // "" to have one made up
	FullName string
	Email    string
	Sets     []Set
	Face     string // whose extras Extras are
	Extras   map[string]json.RawMessage
	Repeat   Repeat
}

// User reads a user's account by user name. Errors: NotFound, Forbidden.
func (s *Site) User(ctx context.Context, who access.Principal, slug string) (Subject, error) {
	var out Subject
	err := s.data.View(ctx, func(r store.Reader) error {
		rec, err := s.userFor(r, access.UserRead, who, slug)
		if err != nil {
			return err
		}
		out = subjectOf(rec)
		out.Personal, err = isPersonal(r, rec.ID)
		return err
	})
	return out, err
}

// ProfilesOf lists the profiles that a user manages, the own personal one among
// them, in the order in which the user became that. Errors: NotFound, with Field
// "page" for a place that is none; Forbidden.
func (s *Site) ProfilesOf(ctx context.Context, who access.Principal, slug string, q ListQuery) (out List[Subject], err error) {
	err = s.data.View(ctx, func(r store.Reader) error {
		user, err := s.userFor(r, access.UserProfiles, who, slug)
		if err != nil {
			return err
		}
		now, found := s.d.now(), map[profile.ID]*store.Record{}
		read := func(l store.LinkQuery) ([]*store.Link, error) {
			l.Oldest = l.Oldest == q.Reverse
			return r.FromByTime(user.ID, l)
		}
		keep := func(l *store.Link) (bool, error) {
			if !isCurrent(l, now) {
				return false, nil
			}
			rec, err := r.Record(l.Dst)
			if profile.IsKind(err, profile.NotFound) { // erased, and not swept yet
				return false, nil
			}
			found[l.Dst] = rec
			return err == nil && q.within(rec.Created), err
		}
		list := linkSequence(read, store.LinkQuery{Kind: store.RoleLink, Tag: RoleManager, State: store.LinkActive}, keep,
			func(l *store.Link) profile.ID { return l.Dst })
		part, err := cut(list, q)
		if err != nil {
			return err
		}
		out, err = reshape(part, func(l *store.Link) (Subject, error) { return s.subject(r, found[l.Dst]) })
		return err
	})
	return out, err
}

// ConnectProfile makes a profile that the named user manages. For a personal
// profile the user itself becomes one. Errors name the kernel's fields.
func (s *Site) ConnectProfile(ctx context.Context, who access.Principal, user string, in NewProfile) (Subject, error) {
	owner, err := s.userNamed(ctx, access.ProfileConnect, who, user)
	if err != nil {
		return Subject{}, err
	}
	if in.Personal {
		return s.becomePersonal(ctx, who, owner, in)
	}
	if in.Email == "" {
		in.Email = textAt(owner.Attrs, "email")
	}
	rec, err := s.createProfile(ctx, who, in, func(tx store.Tx, rec *store.Record) error {
		return s.addManager(tx, who.Subject, owner.ID, rec.ID)
	})
	if err != nil {
		return Subject{}, err
	}
	return subjectOf(rec), nil
}

// becomePersonal makes a user a profile too, with what is said of it, within the
// caller's quota. The same request again gives the user as it is.
func (s *Site) becomePersonal(ctx context.Context, who access.Principal, user *store.Record, in NewProfile) (Subject, error) {
	if in.Slug != "" && profile.Fold(in.Slug) != profile.Fold(user.Name(profile.Slug)) {
		return Subject{}, profile.E(profile.Invalid, profile.CodeChoice, "slug", "A personal profile has the user's own name, %q.", user.Name(profile.Slug))
	}
	about := Edit{FullName: &in.FullName, Sets: in.Sets, Face: in.Face, Extras: in.Extras}
	if in.Email != "" {
		if err := checkEmail(in.Email); err != nil {
			return Subject{}, err
		}
		about.Sets = append([]Set{{"email", &in.Email}}, in.Sets...)
	}
	var rec *store.Record
	err := s.data.View(ctx, func(r store.Reader) (err error) {
		rec, err = s.repeated(r, who, in.Repeat)
		return err
	})
	if err != nil {
		return Subject{}, err
	}
	if rec != nil {
		out := subjectOf(rec)
		out.Personal = true
		return out, nil
	}
	rec, err = s.change(ctx, user.ID, s.event(who.Subject, "profile.updated", user.ID), nil, func(old *store.Record) (step, error) {
		st, err := s.edit(ctx, old, about)
		st.paths = append(st.paths, "role")
		st.with = func(tx store.Tx) error {
			if err := s.spend(tx, who, s.Policy().profileQuota()); err != nil {
				return err
			}
			if err := s.keep(tx, who, in.Repeat, user.ID); err != nil {
				return err
			}
			err := s.addManager(tx, who.Subject, user.ID, user.ID)
			if isTaken(err, "link") {
				return store.TakenError(profile.Slug)
			}
			return err
		}
		return s.guarded(who, old, st), err
	})
	if err != nil {
		return Subject{}, err
	}
	out := subjectOf(rec)
	out.Personal = true
	return out, nil
}

// ShadowProfile makes a profile that nobody manages: until somebody does, the
// broker and providers with an active subscription look after it. A personal
// one is a user whom nobody can sign in as; with the slug of a user who is the
// caller, that user becomes it. Errors: Limited/CodeQuota, those of the fields.
func (s *Site) ShadowProfile(ctx context.Context, who access.Principal, in NewProfile) (Subject, error) {
	if err := access.Admit(access.ProfileShadow, who); err != nil {
		return Subject{}, err
	}
	if !s.Policy().ShadowProfiles {
		if ok, err := s.IsOperator(ctx, who); err != nil || !ok {
			return Subject{}, joinErr(err, profile.E(profile.Forbidden, profile.CodeForbidden, "", "not allowed"))
		}
	}
	if in.Personal && in.Slug != "" {
		self, err := s.data.GetID(ctx, who.Subject)
		if err != nil {
			return Subject{}, err
		}
		if profile.Fold(self.Name(profile.Slug)) == profile.Fold(in.Slug) {
			return s.becomePersonal(ctx, who, self, in)
		}
	}
	rec, err := s.createProfile(ctx, who, in, nil)
	if err != nil {
		return Subject{}, err
	}
	return subjectOf(rec), nil
}

// createProfile makes an organization, or a person without a sign-in, within
// the caller's quota. The same request again gives what it made.
func (s *Site) createProfile(ctx context.Context, who access.Principal, in NewProfile, with func(store.Tx, *store.Record) error) (*store.Record, error) {
	if strings.TrimSpace(in.FullName) == "" {
		return nil, profile.E(profile.Missing, profile.CodeRequired, "displayName", "This field is required.")
	}
	if in.Slug != "" {
		if err := checkSlug(in.Slug); err != nil {
			return nil, err
		}
	}
	if in.Email != "" {
		if err := checkEmail(in.Email); err != nil {
			return nil, err
		}
	}
	t, kind := profile.Organization, "organization.created"
	name := profile.PersonName{Display: strings.TrimSpace(in.FullName)}
	if in.Personal {
		t, kind = profile.User, "user.created"
		name = profile.PersonName{}.WithWhole(in.FullName)
	}
	sets := append(nameSets(t, name), Set{"email", orNil(in.Email)})
	rec, err := s.newSubject(ctx, t, who.Subject, append(sets, in.Sets...))
	if err != nil {
		return nil, err
	}
	rec.Extras = mergeExtras(rec.Extras, in.Face, in.Extras)
	out := rec
	err = s.data.Update(ctx, func(tx store.Tx) error {
		before, err := s.repeated(tx, who, in.Repeat)
		if err != nil || before != nil {
			out = before
			return err
		}
		out = rec
		if err := s.spend(tx, who, s.Policy().profileQuota()); err != nil {
			return err
		}
		if err := s.createSlugged(tx, rec, in.Slug, slugFrom(in.FullName), s.event(who.Subject, kind, rec.ID)); err != nil {
			return err
		}
		if err := s.keep(tx, who, in.Repeat, rec.ID); err != nil || with == nil {
			return err
		}
		return with(tx, rec)
	})
	return out, err
}

// Detail is a profile with its newest subscriptions, at most 100.
type Detail struct {
	Subject
	Subscriptions []Subscription
}

// Profile reads a profile by slug. Errors: NotFound, Forbidden.
func (s *Site) Profile(ctx context.Context, who access.Principal, slug string) (Detail, error) {
	var out Detail
	err := s.data.View(ctx, func(r store.Reader) error {
		rec, err := s.profileFor(r, access.ProfileRead, who, slug)
		if err != nil {
			return err
		}
		out, err = s.detail(r, rec)
		return err
	})
	return out, err
}

func (s *Site) detail(r store.Reader, rec *store.Record) (Detail, error) {
	p, err := s.subject(r, rec)
	if err != nil {
		return Detail{}, err
	}
	subs, err := s.newestSubscriptions(r, rec)
	return Detail{Subject: p, Subscriptions: subs}, err
}

// subject reads a record as a profile.
func (s *Site) subject(r store.Reader, rec *store.Record) (Subject, error) {
	p := subjectOf(rec)
	plans, err := r.Owned(rec.ID, profile.Plan, 0, 1)
	if err != nil {
		return p, err
	}
	p.Provider = len(plans) > 0 || rec.ID == s.Policy().Broker
	if rec.Type == profile.User {
		p.Personal, err = isPersonal(r, rec.ID)
	}
	return p, err
}

// Edit is a change of a profile; nil leaves a thing as it is.
type Edit struct {
	Slug     *string
	FullName *string // the name, whole
	Sets     []Set
	Face     string
	Extras   map[string]json.RawMessage            // members of the face's object; null removes one
	Inner    map[string]map[string]json.RawMessage // members of objects within it, likewise
}

// EditProfile changes a profile; what makes somebody master of it, only for who
// may give that away (see allowKeys). Errors: NotFound, Forbidden, and those of
// the fields.
func (s *Site) EditProfile(ctx context.Context, who access.Principal, slug string, in Edit) (Detail, error) {
	if in.Slug != nil {
		if err := checkSlug(*in.Slug); err != nil {
			return Detail{}, err
		}
	}
	for _, set := range in.Sets {
		if set.Path == "email" && set.Value != nil {
			if err := checkEmail(*set.Value); err != nil {
				return Detail{}, err
			}
		}
	}
	var id profile.ID
	err := s.data.View(ctx, func(r store.Reader) error {
		rec, err := s.profileFor(r, access.ProfileWrite, who, slug)
		if err == nil {
			id = rec.ID
		}
		return err
	})
	if err != nil {
		return Detail{}, err
	}
	var next *store.Record
	rec, err := s.change(ctx, id, s.event(who.Subject, "profile.updated", id),
		func(tx store.Tx, old *store.Record) error {
			if err := s.allow(tx, access.ProfileWrite, who, old); err != nil {
				return err
			}
			return s.allowKeys(tx, who, old, next)
		},
		func(old *store.Record) (step, error) {
			st, err := s.edit(ctx, old, in)
			next = st.rec
			return s.guarded(who, old, st), err
		})
	if err != nil {
		return Detail{}, err
	}
	var out Detail
	err = s.data.View(ctx, func(r store.Reader) (err error) {
		out, err = s.detail(r, rec)
		return err
	})
	return out, err
}

// allowKeys asks for more than access.ProfileWrite where a change touches what
// opens a profile. By name, e-mail and phone a person signs in and recovers the
// account: they need access.UserWrite. For an e-mail the site offers roles,
// unless the profile wants none, and by its e-mail a person may be claimed:
// that needs access.RoleWrite.
func (s *Site) allowKeys(r store.Reader, who access.Principal, old, next *store.Record) error {
	mail := textAt(old.Attrs, "email") != textAt(next.Attrs, "email")
	owned, err := hasAccount(r, old)
	switch {
	case err != nil:
		return err
	case owned && (mail || old.Name(profile.Slug) != next.Name(profile.Slug) || textAt(old.Attrs, "mobileNumber") != textAt(next.Attrs, "mobileNumber")):
		return s.allowUser(r, access.UserWrite, who, old)
	case mail || string(rawAt(old.Extras, noImplicitRole)) != string(rawAt(next.Extras, noImplicitRole)):
		return s.allow(r, access.RoleWrite, who, old)
	}
	return nil
}

// edit works a change of a profile out.
func (s *Site) edit(ctx context.Context, old *store.Record, in Edit) (step, error) {
	rec := *old
	sets := in.Sets
	if in.FullName != nil {
		name := profile.PersonName{Display: strings.TrimSpace(*in.FullName)}
		if old.Type == profile.User {
			name = name.WithWhole(*in.FullName)
		}
		if name.Display == "" {
			return step{}, profile.E(profile.Missing, profile.CodeBlank, "displayName", "This field may not be blank.")
		}
		sets = append(nameSets(old.Type, name), sets...)
	}
	w, err := s.typeOf(old.Type).Update(old.Attrs, nil, merge(sets), s.env(ctx))
	if err != nil {
		return step{}, err
	}
	rec.Attrs, rec.Updated = w.Attrs, s.d.now()
	paths := w.Changed
	rec.Extras = mergeExtras(old.Extras, in.Face, mergeInner(old.Extras, in))
	if string(rec.Extras) != string(old.Extras) {
		paths = append(paths, in.Face)
	}
	if in.Slug != nil && *in.Slug != old.Name(profile.Slug) {
		setName(&rec, profile.Slug, *in.Slug)
		paths = append(paths, string(profile.Slug))
	}
	return step{rec: &rec, paths: paths}, nil
}

// step is the next state of a record, worked out outside any transaction.
type step struct {
	rec   *store.Record
	paths []string             // what differs; none: nothing is written
	with  func(store.Tx) error // what else the transaction writes
}

// change reads a record, works out the next one, and saves it if nobody was
// faster; else it begins again. check runs in the transaction that saves. A
// change that changes nothing writes nothing.
func (s *Site) change(ctx context.Context, id profile.ID, e store.Event,
	check func(store.Tx, *store.Record) error, next func(old *store.Record) (step, error),
) (*store.Record, error) {
	for {
		old, err := s.data.GetID(ctx, id)
		if err != nil {
			return nil, err
		}
		st, err := next(old)
		if err != nil {
			return nil, err
		}
		if len(st.paths) == 0 {
			return old, nil
		}
		s.undress(old)
		s.dress(st.rec)
		e.Paths = st.paths
		err = s.data.Update(ctx, func(tx store.Tx) error {
			if check != nil {
				if err := check(tx, old); err != nil {
					return err
				}
			}
			if err := tx.Save(old, st.rec, e); err != nil || st.with == nil {
				return err
			}
			return st.with(tx)
		})
		if !profile.IsCode(err, profile.CodeVersionMismatch) {
			return st.rec, err
		}
	}
}

// allow asks the permission table with what the caller is to a profile.
func (s *Site) allow(r store.Reader, perm access.Permission, who access.Principal, rec *store.Record) error {
	is, err := s.relationTo(r, who, rec)
	if err != nil {
		return err
	}
	return access.Allow(perm, who, is)
}

// profileFor reads a profile by slug for a caller who may do perm with it.
func (s *Site) profileFor(r store.Reader, perm access.Permission, who access.Principal, slug string) (*store.Record, error) {
	if err := access.Admit(perm, who); err != nil {
		return nil, err
	}
	rec, err := bySlug(r, profile.Slug, slug)
	if err != nil {
		return nil, err
	}
	if ok, err := isProfile(r, rec); err != nil || !ok {
		return nil, joinErr(err, store.ErrNotFound)
	}
	return rec, s.allow(r, perm, who, rec)
}

// isProfile reports whether a record is shown as a profile: every organization
// and community, users with a personal profile, and users whom nobody can sign
// in as, which are shown like shadow profiles.
func isProfile(r store.Reader, rec *store.Record) (bool, error) {
	switch {
	case rec.Type == profile.Organization || rec.Type == profile.Community:
		return true, nil
	case rec.Type != profile.User:
		return false, nil
	case rec.Password == "":
		return true, nil
	default:
		return isPersonal(r, rec.ID)
	}
}

// userFor reads a user by user name for a caller who may do perm with it.
func (s *Site) userFor(r store.Reader, perm access.Permission, who access.Principal, slug string) (*store.Record, error) {
	if err := access.Admit(perm, who); err != nil {
		return nil, err
	}
	rec, err := bySlug(r, profile.Slug, slug)
	if err != nil {
		return nil, err
	}
	return rec, s.mayUser(r, perm, who, rec)
}

// userKeyed is userFor by an id, where there is one, else by user name.
func (s *Site) userKeyed(r store.Reader, perm access.Permission, who access.Principal, key UserKey) (*store.Record, error) {
	if key.ID.IsZero() {
		return s.userFor(r, perm, who, key.Username)
	}
	if err := access.Admit(perm, who); err != nil {
		return nil, err
	}
	rec, err := r.Record(key.ID)
	if err != nil {
		return nil, err
	}
	return rec, s.mayUser(r, perm, who, rec)
}

func (s *Site) mayUser(r store.Reader, perm access.Permission, who access.Principal, rec *store.Record) error {
	if rec.Type != profile.User {
		return store.ErrNotFound
	}
	return s.allowUser(r, perm, who, rec)
}

// MayProfile says whether the caller may do perm with a profile, for faces that
// have to refuse before they read what is asked: nil, NotFound or Forbidden.
func (s *Site) MayProfile(ctx context.Context, perm access.Permission, who access.Principal, slug string) error {
	return s.data.View(ctx, func(r store.Reader) error {
		_, err := s.profileFor(r, perm, who, slug)
		return err
	})
}

// MayUser is MayProfile for a user's account.
func (s *Site) MayUser(ctx context.Context, perm access.Permission, who access.Principal, slug string) error {
	_, err := s.userNamed(ctx, perm, who, slug)
	return err
}

func (s *Site) userNamed(ctx context.Context, perm access.Permission, who access.Principal, slug string) (rec *store.Record, err error) {
	err = s.data.View(ctx, func(r store.Reader) (err error) {
		rec, err = s.userFor(r, perm, who, slug)
		return err
	})
	return rec, err
}
