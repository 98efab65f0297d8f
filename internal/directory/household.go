package directory

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/store"
)

const (
	maxMembers     = 10 // household profiles of an account, where the site's policy says nothing
	maxMemberName  = 64 // characters
	maxAgeLimit    = 21 // years
	childAgeLimit  = 12 // of a child profile that names none
	adultFrom      = 18 // an age limit that no child profile may have
	defaultMember  = "Default"
	memberEventAdd = "household.created"
)

// member is what a household profile holds (Amino, "UserProfile").
type member struct {
	Name     string `json:"name"`
	Child    bool   `json:"is_child_profile"`
	AgeLimit *int   `json:"age_limit"` // years; content for older people is not shown; nil: no limit
	Default  bool   `json:"is_default"`
	HasPIN   bool   `json:"has_pin,omitempty"`

	Avatar    string `json:"avatar_id,omitempty"`
	Language  string `json:"language,omitempty"`          // BCP 47
	Subtitles string `json:"subtitle_language,omitempty"` // BCP 47
	Autoplay  *bool  `json:"autoplay,omitempty"`
}

// Member is a household profile: one of the people who share an account.
type Member struct {
	ID        profile.ID
	User      profile.ID // whose account it belongs to
	Account   int64      // that user's number
	Name      string
	Child     bool
	AgeLimit  *int
	Default   bool   // the one that a sign-in acts as; every account has exactly one
	HasPIN    bool   // acting as it takes a PIN
	Avatar    string // one of Avatars; "": none is chosen, as for the next two
	Language  string // BCP 47
	Subtitles string // BCP 47
	Autoplay  *bool  // nil: not chosen
	Version   int64
	Created   time.Time
	Updated   time.Time
}

// memberIn reads what a household profile's record holds.
func memberIn(rec *store.Record) (m member, err error) {
	return m, json.Unmarshal(rec.Attrs, &m)
}

func memberOf(account, rec *store.Record) (Member, error) {
	m, err := memberIn(rec)
	return Member{
		ID: rec.ID, Account: account.Number, User: account.ID, Name: m.Name, Child: m.Child, AgeLimit: m.AgeLimit, Default: m.Default, HasPIN: m.HasPIN,
		Avatar: m.Avatar, Language: m.Language, Subtitles: m.Subtitles, Autoplay: m.Autoplay,
		Version: rec.Version, Created: rec.Created, Updated: rec.Updated,
	}, err
}

// MemberEdit is what a household profile is made from, or a change of one: nil
// leaves a thing as it is.
type MemberEdit struct {
	Name     *string
	Child    *bool
	AgeLimit *int
	NoLimit  bool // clears the age limit
	Default  *bool

	// What people see and hear by; "" chooses none.
	Avatar, Language, Subtitles *string
	Autoplay                    *bool
	NoAutoplay                  bool // chooses none

	PIN   *string // digits; acting as the profile takes it from then on
	NoPIN bool    // removes it
	Proof MemberProof

	// Repeat, where it names a request, makes a profile once (AddMember).
	Repeat Repeat
	// Accounts is what else the caller says the account is called: each must
	// name it, since no profile moves to another one.
	Accounts []string
	// Versions are those the profile may have for the edit to be made; nil: any.
	Versions []int64
}

// Household lists the profiles of an account, the default one first, then by
// their making. The account is named by number, by its uuid, or by that of one
// of its profiles; somebody else's is NotFound.
func (s *Site) Household(ctx context.Context, who access.Principal, account string) ([]Member, error) {
	var out []Member
	_, err := s.household(ctx, access.HouseholdRead, who, account, s.data.Glance, func(r store.Reader, user *store.Record) error {
		recs, err := r.Owned(user.ID, profile.Household, 0, -1)
		if err != nil {
			return err
		}
		out = make([]Member, len(recs))
		for i, rec := range recs {
			if out[i], err = memberOf(user, rec); err != nil {
				return err
			}
		}
		first := slices.IndexFunc(out, func(m Member) bool { return m.Default })
		for i := first; i > 0; i-- {
			out[i], out[i-1] = out[i-1], out[i]
		}
		return nil
	})
	return out, err
}

// HouseholdMember reads one profile of an account.
func (s *Site) HouseholdMember(ctx context.Context, who access.Principal, account, id string) (Member, error) {
	var out Member
	_, err := s.inHousehold(ctx, access.HouseholdRead, who, account, func(r store.Reader, user *store.Record) error {
		rec, err := memberRecord(r, user, id)
		if err != nil {
			return err
		}
		out, err = memberOf(user, rec)
		return err
	})
	return out, err
}

// AddMember makes a household profile. Errors: Taken/CodeMemberName,
// Conflict/CodeMemberLimit, Conflict/CodeDefaultChild, those of the values.
func (s *Site) AddMember(ctx context.Context, who access.Principal, account string, in MemberEdit) (Member, error) {
	user, err := s.inHousehold(ctx, access.HouseholdWrite, who, account, func(r store.Reader, user *store.Record) error {
		return isAccount(r, user, in.Accounts)
	})
	if err != nil {
		return Member{}, err
	}
	if in.Name == nil {
		return Member{}, profile.E(profile.Missing, profile.CodeRequired, "name", "A profile needs a name.")
	}
	m, err := in.apply(member{}, s.Policy())
	if err != nil {
		return Member{}, err
	}
	pin, err := s.sealMemberPIN(ctx, user.ID, in.PIN)
	if err != nil {
		return Member{}, err
	}
	rec, err := s.newMember(ctx, user.ID, m)
	if err != nil {
		return Member{}, err
	}
	limit := s.MaxMembers()
	err = s.data.Update(ctx, func(tx store.Tx) error {
		if err := tx.Lock(user.ID); err != nil {
			return err
		}
		if made, err := s.repeated(tx, who, in.Repeat); made != nil || err != nil {
			rec = cmp.Or(made, rec)
			return err
		}
		have, err := tx.Owned(user.ID, profile.Household, 0, -1)
		if err != nil {
			return err
		}
		if len(have) >= limit {
			e := profile.E(profile.Conflict, profile.CodeMemberLimit, "", "An account has %d profiles at most.", limit)
			e.Detail = map[string]any{"limit": limit}
			return e
		}
		if m.Default {
			if err := s.clearDefault(tx, who, user); err != nil {
				return err
			}
		}
		if err := nameTaken(tx.Create(rec, s.event(who.Subject, memberEventAdd, rec.ID))); err != nil {
			return err
		}
		if err := putMemberPIN(tx, user.ID, rec.ID, pin); err != nil {
			return err
		}
		return s.keep(tx, who, in.Repeat, rec.ID)
	})
	if err != nil {
		return Member{}, err
	}
	return memberOf(user, rec)
}

// EditMember changes a household profile. The default one stays the default
// until another becomes it, and is never a child's. Errors: NotFound,
// Conflict/CodeVersionMismatch, Taken/CodeMemberName,
// Conflict/CodeDefaultRequired or CodeDefaultChild, Forbidden/CodeProofRequired,
// CodePassword and CodePIN, Limited, those of the values.
func (s *Site) EditMember(ctx context.Context, who access.Principal, account, id string, in MemberEdit) (Member, error) {
	user, err := s.inHousehold(ctx, access.HouseholdWrite, who, account, func(r store.Reader, user *store.Record) error {
		return isAccount(r, user, in.Accounts)
	})
	if err != nil {
		return Member{}, err
	}
	memberID, _ := profile.ParseID(id) // one that is none is nobody's, below
	proven, err := s.proveMember(ctx, who, user, memberID, in.Proof)
	if err != nil {
		return Member{}, err
	}
	pin, err := s.sealMemberPIN(ctx, user.ID, in.PIN)
	if err != nil {
		return Member{}, err
	}
	var rec *store.Record
	err = s.data.Update(ctx, func(tx store.Tx) error {
		if err := tx.Lock(user.ID); err != nil {
			return err
		}
		old, err := memberRecord(tx, user, id)
		if err != nil {
			return err
		}
		if err := isVersion(old, in.Versions); err != nil {
			return err
		}
		was, err := memberIn(old)
		if err != nil {
			return err
		}
		m, err := in.apply(was, s.Policy())
		if err != nil {
			return err
		}
		switch {
		case was.Child && growsUp(was, m) && proven < provenAccount:
			return proofRequired("is_child_profile")
		case (in.PIN != nil || in.NoPIN && was.HasPIN) && proven < provenMember:
			return proofRequired("profile_pin")
		}
		if was.Default && !m.Default {
			return profile.E(profile.Conflict, profile.CodeDefaultRequired, "is_default", "One profile is the default: make another one the default instead.")
		}
		if m.Default && !was.Default {
			if err := s.clearDefault(tx, who, user); err != nil {
				return err
			}
		}
		rec = withMember(old, m)
		if string(rec.Attrs) == string(old.Attrs) && in.PIN == nil {
			return nil
		}
		rec.Updated = s.d.now()
		if err := nameTaken(tx.Save(old, rec, s.event(who.Subject, "household.updated", rec.ID))); err != nil {
			return err
		}
		if in.NoPIN {
			return tx.DropSecret(user.ID, pinSecret, rec.ID.String())
		}
		return putMemberPIN(tx, user.ID, rec.ID, pin)
	})
	if err != nil {
		return Member{}, err
	}
	return memberOf(user, rec)
}

// RemoveMember removes a household profile, in one of some versions (nil: any),
// with all that is its own. The default one stays:
// Conflict/CodeDefaultProtected.
func (s *Site) RemoveMember(ctx context.Context, who access.Principal, account, id string, versions []int64) error {
	user, err := s.inHousehold(ctx, access.HouseholdWrite, who, account, nil)
	if err != nil {
		return err
	}
	return s.data.Update(ctx, func(tx store.Tx) error {
		if err := tx.Lock(user.ID); err != nil {
			return err
		}
		rec, err := memberRecord(tx, user, id)
		if err != nil {
			return err
		}
		if err := isVersion(rec, versions); err != nil {
			return err
		}
		if isDefault(rec) {
			return profile.E(profile.Conflict, profile.CodeDefaultProtected, "", "The default profile cannot be deleted.")
		}
		m, err := memberIn(rec)
		if err != nil {
			return err
		}
		if err := endMember(tx, user.ID, rec.ID, m.Child); err != nil {
			return err
		}
		if err := s.removeDocuments(tx, who, rec.ID); err != nil {
			return err
		}
		if err := tx.DropSecret(user.ID, pinSecret, rec.ID.String()); err != nil {
			return err
		}
		return tx.Remove(rec, s.event(who.Subject, "household.deleted", rec.ID))
	})
}

// removeDocuments removes what apps keep for a household profile, some at a
// time: each may be long.
func (s *Site) removeDocuments(tx store.Tx, who access.Principal, member profile.ID) error {
	for {
		own, err := tx.Owned(member, profile.Document, 0, 16)
		if err != nil || len(own) == 0 {
			return err
		}
		for _, doc := range own {
			if err := s.removeDocument(tx, who.Subject, doc); err != nil {
				return err
			}
		}
	}
}

// isAccount says whether names that the caller gives for an account are its.
func isAccount(r store.Reader, user *store.Record, names []string) error {
	for _, name := range names {
		rec, err := accountOf(r, name)
		if err != nil && !profile.IsKind(err, profile.NotFound) {
			return err
		}
		if err != nil || rec.ID != user.ID {
			return profile.E(profile.Conflict, profile.CodeMemberMoved, "user_id", "A profile stays with its account.")
		}
	}
	return nil
}

// errNoDefault says that an account has no household yet.
var errNoDefault = errors.New("the account has no default profile")

// inHousehold runs read within one snapshot of the household that is asked
// for, for a caller who may do perm with it, and gives its account. Whatever
// the reason, an account that the caller may not see is NotFound. An account
// that was made without a default profile gets it now.
func (s *Site) inHousehold(ctx context.Context, perm access.Permission, who access.Principal, account string, read func(store.Reader, *store.Record) error) (*store.Record, error) {
	return s.household(ctx, perm, who, account, func(ctx context.Context, may, read func(store.Reader) error) error {
		return s.data.View(ctx, func(r store.Reader) error {
			if err := may(r); err != nil {
				return err
			}
			return read(r)
		})
	}, read)
}

// household is inHousehold by what looks at the store: a View, or a Glance.
func (s *Site) household(ctx context.Context, perm access.Permission, who access.Principal, account string,
	look func(ctx context.Context, may, read func(store.Reader) error) error, read func(store.Reader, *store.Record) error) (*store.Record, error) {
	if err := access.Admit(perm, who); err != nil {
		return nil, err
	}
	var user *store.Record
	may := func(r store.Reader) (err error) {
		if user, err = accountOf(r, account); err != nil {
			return err
		}
		if err := s.allow(r, perm, who, user); profile.IsKind(err, profile.Forbidden) {
			return store.ErrNotFound
		} else if err != nil {
			return err
		}
		if _, err = r.ByName(user.ID, profile.HouseholdMain, ""); profile.IsKind(err, profile.NotFound) {
			err = errNoDefault
		}
		return err
	}
	reads := func(r store.Reader) error {
		if read == nil {
			return nil
		}
		return read(r, user)
	}
	err := look(ctx, may, reads)
	if errors.Is(err, errNoDefault) {
		if err = s.ensureMember(ctx, user); err == nil {
			err = look(ctx, may, reads)
		}
	}
	return user, err
}

// accountOf reads the user that a number, a uuid, or the uuid of a household
// profile names: Amino's addresses have a profile in the user's place too.
func accountOf(r store.Reader, text string) (*store.Record, error) {
	var rec *store.Record
	n, err := strconv.ParseInt(text, 10, 64)
	if err == nil && strconv.FormatInt(n, 10) == text {
		rec, err = r.ByName(profile.ID{}, profile.Number, text)
	} else if id, bad := profile.ParseID(text); bad != nil {
		err = store.ErrNotFound
	} else if rec, err = r.Record(id); err == nil && rec.Type == profile.Household {
		rec, err = r.Record(rec.Owner)
	}
	if err == nil && rec.Type != profile.User {
		err = store.ErrNotFound
	}
	return rec, err
}

// isVersion says whether a record is in one of some versions; nil: any.
func isVersion(rec *store.Record, versions []int64) error {
	if versions == nil || slices.Contains(versions, rec.Version) {
		return nil
	}
	e := profile.E(profile.Conflict, profile.CodeVersionMismatch, "", "The profile has changed meanwhile.")
	e.Detail = map[string]any{"version": rec.Version}
	return e
}

func memberRecord(r store.Reader, user *store.Record, text string) (*store.Record, error) {
	id, err := profile.ParseID(text)
	if err != nil {
		return nil, store.ErrNotFound
	}
	rec, err := r.Record(id)
	if err != nil {
		return nil, err
	}
	if rec.Type != profile.Household || rec.Owner != user.ID {
		return nil, store.ErrNotFound
	}
	return rec, nil
}

// apply lays a change over what a profile holds, and checks the whole.
func (in MemberEdit) apply(m member, site Policy) (member, error) {
	if in.Name != nil {
		m.Name = strings.TrimSpace(*in.Name)
	}
	switch {
	case utf8.RuneCountInString(m.Name) > maxMemberName:
		return m, profile.E(profile.Invalid, profile.CodeLength, "name", "A name has %d characters at most.", maxMemberName)
	case strings.ContainsFunc(m.Name, unicode.IsControl):
		return m, profile.E(profile.Invalid, profile.CodeConstraint, "name", "A name has no control characters.")
	case !strings.ContainsFunc(m.Name, isVisible):
		return m, profile.E(profile.Missing, profile.CodeBlank, "name", "A profile needs a name.")
	}
	if in.Child != nil {
		if *in.Child && !m.Child && m.AgeLimit != nil && *m.AgeLimit >= adultFrom {
			m.AgeLimit = nil // an adult's: a child's own takes its place
		}
		m.Child = *in.Child
	}
	if in.NoLimit {
		m.AgeLimit = nil
	}
	if in.AgeLimit != nil {
		m.AgeLimit = in.AgeLimit
	}
	if in.Default != nil {
		m.Default = *in.Default
	}
	if m.Child && m.AgeLimit == nil {
		m.AgeLimit = new(site.childAgeLimit())
	}
	m.HasPIN = (m.HasPIN || in.PIN != nil) && !in.NoPIN
	if err := in.taste(&m); err != nil {
		return m, err
	}
	switch {
	case m.AgeLimit != nil && (*m.AgeLimit < 0 || *m.AgeLimit > maxAgeLimit):
		return m, profile.E(profile.Invalid, profile.CodeConstraint, "age_limit", "An age limit is 0 to %d years, or null.", maxAgeLimit)
	case m.Child && *m.AgeLimit >= adultFrom:
		return m, profile.E(profile.Invalid, profile.CodeConstraint, "age_limit", "A child profile has an age limit below %d.", adultFrom)
	case m.Child && m.Default:
		field := "is_child_profile"
		if in.Default != nil && *in.Default {
			field = "is_default"
		}
		return m, profile.E(profile.Conflict, profile.CodeDefaultChild, field, "The default profile cannot be a child profile.")
	}
	return m, nil
}

func isVisible(r rune) bool { return unicode.IsGraphic(r) && !unicode.IsSpace(r) }

// growsUp reports whether a child profile would be allowed more.
func growsUp(was, m member) bool {
	return !m.Child || m.AgeLimit == nil || was.AgeLimit != nil && *m.AgeLimit > *was.AgeLimit
}

// newMember drafts a household profile of a user.
func (s *Site) newMember(ctx context.Context, user profile.ID, m member) (*store.Record, error) {
	rec, err := s.draft(ctx, profile.Household, user, user)
	if err != nil {
		return nil, err
	}
	return withMember(rec, m), nil
}

// withMember is a household profile's record with what it holds now.
func withMember(rec *store.Record, m member) *store.Record {
	out := *rec
	out.Attrs = marshal(m)
	out.Sort = strings.Join(strings.Fields(profile.Fold(m.Name)), " ")
	out.Names = slices.DeleteFunc(slices.Clone(rec.Names), func(n profile.Name) bool { return n.Owned })
	name := profile.Name{Space: profile.HouseholdName, Value: out.Sort, Owned: true}
	if m.Name != out.Sort {
		name.Typed = m.Name
	}
	out.Names = append(out.Names, name)
	if m.Default {
		out.Names = append(out.Names, profile.Name{Space: profile.HouseholdMain, Owned: true})
	}
	return &out
}

func isDefault(rec *store.Record) bool {
	return slices.ContainsFunc(rec.Names, func(n profile.Name) bool { return n.Space == profile.HouseholdMain })
}

// clearDefault makes the present default profile an ordinary one; the caller
// makes another the default in the same transaction.
func (s *Site) clearDefault(tx store.Tx, who access.Principal, user *store.Record) error {
	old, err := tx.ByName(user.ID, profile.HouseholdMain, "")
	if err != nil {
		return err
	}
	m, err := memberIn(old)
	if err != nil {
		return err
	}
	m.Default = false
	rec := withMember(old, m)
	rec.Updated = s.d.now()
	return tx.Save(old, rec, s.event(who.Subject, "household.updated", rec.ID))
}

// nameTaken names the member's field, where the store names the name space.
func nameTaken(err error) error {
	if !isTaken(err, profile.HouseholdName) {
		return err
	}
	return profile.E(profile.Taken, profile.CodeMemberName, "name", "Another profile of the account has this name.")
}

// firstMember drafts the default profile that every account has: it is named
// the person's given name, else the first of their names, or "Default".
func (s *Site) firstMember(ctx context.Context, user *store.Record) (*store.Record, error) {
	person := personName(user.Attrs)
	words := func(s string) []string {
		return strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) })
	}
	given := words(person.Given)
	if display := words(person.Display); len(given) == 0 && len(display) > 0 {
		given = display[:1]
	}
	name := []rune(strings.Join(given, " "))
	if !slices.ContainsFunc(name, isVisible) {
		name = []rune(defaultMember)
	}
	return s.newMember(ctx, user.ID, member{Name: strings.TrimSpace(string(name[:min(len(name), maxMemberName)])), Default: true})
}

// ensureMember writes the default household profile of an account that was
// made without one (by an API client, in bulk, by import), under the user's row
// lock, at its first sign-in or household access.
func (s *Site) ensureMember(ctx context.Context, user *store.Record) error {
	have := func(r store.Reader) (bool, error) {
		_, err := r.ByName(user.ID, profile.HouseholdMain, "")
		if profile.IsKind(err, profile.NotFound) {
			return false, nil
		}
		return err == nil, err
	}
	var found bool
	err := s.data.View(ctx, func(r store.Reader) (err error) {
		found, err = have(r)
		return err
	})
	if err != nil || found {
		return err
	}
	rec, err := s.firstMember(ctx, user)
	if err != nil {
		return err
	}
	return s.data.Update(ctx, func(tx store.Tx) error {
		if err := tx.Lock(user.ID); err != nil {
			return err
		}
		if found, err := have(tx); err != nil || found {
			return err
		}
		return tx.Create(rec, s.event(user.ID, memberEventAdd, rec.ID))
	})
}

// memberClaim is what a token tells of the household profile it acts as.
func memberClaim(rec *store.Record) map[string]any {
	m, _ := memberIn(rec) // ours; a hint only
	return map[string]any{
		"id": rec.ID.String(), "name": m.Name, "is_child_profile": m.Child, "age_limit": m.AgeLimit, "is_default": m.Default,
	}
}
