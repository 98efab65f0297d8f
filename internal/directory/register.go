package directory

import (
	"context"
	"encoding/json"
	"net/mail"
	"strings"

	"facet/internal/access"
	"facet/internal/credential"
	"facet/internal/profile"
	"facet/internal/store"
)

// Account says what registering makes beside the user.
type Account uint8

// The kinds of account (DjaoApp, "type").
const (
	AccountUser         Account = iota // a user only
	AccountPersonal                    // a user who is a profile too
	AccountOrganization                // a user who manages a new organization
)

// NewAccount is what somebody registers with.
type NewAccount struct {
	Kind         Account
	Username     string // "" to have one made up
	Email        string // "" when Phone is given
	Phone        string // plain data: not a sign-in until it is verified
	Password     string
	FullName     string
	Name         *profile.PersonName // kept as it is, also without any name, instead of FullName
	Organization string              // full name, for AccountOrganization
	Sets         []Set               // further attributes; of the organization for AccountOrganization, else the user's
	Face         string              // whose extras Extras are
	Extras       map[string]json.RawMessage
	By           access.Principal // who asks, nobody for who registers
	EmailCode    string           // that was sent to Email: the proof that it is theirs
	PhoneCode    string           // that was sent to Phone
	OTP          string           // one-time password, for who turned them on before they had to register again
	Signs        []string         // slugs of agreements

	hash   string // encoded, instead of Password
	proved bool   // the e-mail is shown to be the person's
	number int64  // 0: the next one
	idtag  string // explicit, outside the site's domain
	codes  []proven
}

// Register makes an account for whoever asks, as the site's policy allows, and
// signs it in; an operator may whatever the policy, and without a code of the
// person begins no session: the SignIn has a Subject and no Token. Where the
// e-mail is that of a user who has no password yet, an invitation, the account
// is completed: by who proves the e-mail with a code, and the one-time password
// where the user turned them on, or by an operator. Errors name the kernel's
// fields: "slug" (user name), "email", "password", "displayName",
// "organization", and "email_code", "phone_code", "otp_code"
// (Unauthenticated/CodeOneTime, CodeOneTimeRequired; Limited/CodeAttempts).
// Forbidden/CodeRegistrationClosed; Missing/CodeProofRequired where the site
// wants the e-mail proven.
func (s *Site) Register(ctx context.Context, in NewAccount, use TokenUse) (SignIn, error) {
	operator, err := s.IsOperator(ctx, in.By)
	if err != nil {
		return SignIn{}, err
	}
	policy := s.Policy()
	closed := policy.Registration == RegistrationClosed || policy.Registration != RegistrationOpen && in.EmailCode == ""
	if closed && !operator {
		return SignIn{}, registrationClosed()
	}
	if in.codes, err = s.tryNewCodes(ctx, in); err != nil {
		return SignIn{}, err
	}
	in.proved = in.EmailCode != ""
	if operator || in.EmailCode != "" {
		switch rec, err := s.invited(ctx, in.Email); {
		case err != nil:
			return SignIn{}, err
		case rec != nil:
			return s.complete(ctx, rec.ID, in, use, func(tx store.Tx) error { return s.useCodes(tx, rec.ID, in.codes) })
		}
	}
	switch {
	case policy.Registration != RegistrationOpen && !operator:
		return SignIn{}, registrationClosed()
	case operator || policy.UnverifiedEmail:
	case in.Email != "" && in.EmailCode == "":
		return SignIn{}, unproven("email")
	case in.Email == "" && in.PhoneCode == "":
		return SignIn{}, unproven("phone")
	}
	rec, err := s.createAccount(ctx, profile.ID{}, in, func(tx store.Tx, user *store.Record) error { return s.useCodes(tx, user.ID, in.codes) })
	if err != nil {
		return SignIn{}, err
	}
	if operator && len(in.codes) == 0 {
		return SignIn{Subject: subjectOf(rec)}, nil
	}
	return s.begin(ctx, rec, nil, use)
}

// tryNewCodes checks the codes that somebody registers with.
func (s *Site) tryNewCodes(ctx context.Context, in NewAccount) (out []proven, err error) {
	if in.EmailCode != "" {
		out = append(out, proven{profile.Email, in.Email})
		err = s.tryCode(ctx, out[0], in.EmailCode, false)
	}
	if in.PhoneCode != "" && err == nil {
		out = append(out, proven{profile.Phone, in.Phone})
		err = s.tryCode(ctx, out[len(out)-1], in.PhoneCode, false)
	}
	return out, err
}

func (s *Site) useCodes(tx store.Tx, subject profile.ID, codes []proven) error {
	for _, p := range codes {
		if err := s.useCode(tx, subject, p, false); err != nil {
			return err
		}
	}
	return nil
}

// setPhone makes a phone that was proven a name to sign in with.
func (in *NewAccount) setPhone(rec *store.Record) {
	for _, p := range in.codes {
		if p.space == profile.Phone {
			setName(rec, profile.Phone, p.address)
		}
	}
}

// invited reads the user of an e-mail who has no password yet: nil when there
// is none.
func (s *Site) invited(ctx context.Context, email string) (*store.Record, error) {
	if email == "" {
		return nil, nil
	}
	rec, err := s.data.Get(ctx, profile.Email, emailName(email))
	if profile.IsKind(err, profile.NotFound) || err == nil && (rec.Type != profile.User || rec.Password != "" || rec.State != profile.Active) {
		return nil, nil
	}
	return rec, err
}

// RegisterHashed is Register for somebody whose password is known only by its
// hash, in place of in.Password: nobody is signed in. Errors are those of
// Register; Invalid with Field "password" for a hash that credential.Check
// refuses.
func (s *Site) RegisterHashed(ctx context.Context, in NewAccount, hash string) (Subject, error) {
	if policy := s.Policy(); policy.Registration != RegistrationOpen {
		return Subject{}, registrationClosed()
	} else if !policy.UnverifiedEmail {
		return Subject{}, unproven("email")
	}
	if err := credential.Check(hash); err != nil {
		return Subject{}, err
	}
	in.hash = hash
	rec, err := s.createAccount(ctx, profile.ID{}, in, nil)
	if err != nil {
		return Subject{}, err
	}
	return subjectOf(rec), nil
}

func registrationClosed() error {
	return profile.E(profile.Forbidden, profile.CodeRegistrationClosed, "", "registration is disabled.")
}

// unproven refuses an address that somebody wants to register with, and has not
// shown to read.
func unproven(field string) error {
	what := "e-mail address"
	if field == "phone" {
		what = "phone number"
	}
	return profile.E(profile.Missing, profile.CodeProofRequired, field,
		"This %s must be verified before going any further. (Click the button below to send a verification code.)", what)
}

// createAccount makes a user who can sign in: with the default household
// profile, and whatever the kind of account asks for. with may add to the
// transaction.
func (s *Site) createAccount(ctx context.Context, actor profile.ID, in NewAccount, with func(store.Tx, *store.Record) error) (*store.Record, error) {
	if err := checkAccount(in); err != nil {
		return nil, err
	}
	hash, err := in.hash, error(nil)
	if hash == "" {
		if hash, err = s.hashPassword(ctx, passwordSecret, in.Password); err != nil {
			return nil, err
		}
	}
	name := profile.PersonName{}.WithWhole(in.FullName)
	if in.Name != nil {
		name = *in.Name
	}
	sets := append(nameSets(profile.User, name), Set{"email", orNil(in.Email)}, Set{"mobileNumber", orNil(in.Phone)})
	if in.Kind != AccountOrganization {
		sets = append(sets, in.Sets...)
	}
	user, err := s.newSubject(ctx, profile.User, actor, sets)
	if err != nil {
		return nil, err
	}
	if actor.IsZero() {
		actor, user.Creator = user.ID, user.ID
	}
	if in.number != 0 {
		renumber(user, in.number)
	}
	setIDTag(user, in.idtag)
	in.setPhone(user)
	user.Extras = mergeExtras(user.Extras, in.Face, in.Extras)
	if in.proved {
		proveEmail(user)
	}
	user.Password = credential.Kind(hash)
	member, err := s.firstMember(ctx, user)
	if err != nil {
		return nil, err
	}
	org, err := s.newOrganization(ctx, actor, in)
	if err != nil {
		return nil, err
	}
	err = s.data.Update(ctx, func(tx store.Tx) error {
		if err := s.createSlugged(tx, user, in.Username, slugFrom(localPart(in.Email)), s.event(actor, "user.created", user.ID)); err != nil {
			return err
		}
		if err := tx.PutSecret(&store.Secret{Subject: user.ID, Kind: passwordSecret, Data: []byte(hash), Created: user.Created}); err != nil {
			return err
		}
		if err := tx.Create(member, s.event(actor, "household.created", member.ID)); err != nil {
			return err
		}
		if err := s.addKind(tx, actor, user, in, org); err != nil {
			return err
		}
		if err := s.sign(tx, user.ID, in.Signs); err != nil || with == nil {
			return err
		}
		return with(tx, user)
	})
	return user, err
}

// newOrganization drafts the organization that an account is made with, nil
// where it is made without one.
func (s *Site) newOrganization(ctx context.Context, actor profile.ID, in NewAccount) (*store.Record, error) {
	if in.Kind != AccountOrganization {
		return nil, nil
	}
	org, err := s.newSubject(ctx, profile.Organization, actor, append(in.Sets, Set{"displayName", &in.Organization}, Set{"email", orNil(in.Email)}))
	if err != nil {
		return nil, inOrganization(err)
	}
	return org, nil
}

// addKind writes what the kind of account asks for beside the user.
func (s *Site) addKind(tx store.Tx, actor profile.ID, user *store.Record, in NewAccount, org *store.Record) error {
	switch in.Kind {
	case AccountPersonal:
		if is, err := isPersonal(tx, user.ID); err != nil || is {
			return err
		}
		return s.addManager(tx, actor, user.ID, user.ID)
	case AccountOrganization:
		if err := s.createNamed(tx, org, slugFrom(in.Organization), s.event(actor, "organization.created", org.ID)); err != nil {
			return inOrganization(err)
		}
		return s.addManager(tx, actor, user.ID, org.ID)
	}
	return nil
}

func checkAccount(in NewAccount) error {
	if in.Name == nil && strings.TrimSpace(in.FullName) == "" {
		return profile.E(profile.Missing, profile.CodeRequired, "displayName", "This field is required.")
	}
	if in.Email != "" || in.Phone == "" {
		if err := checkEmail(in.Email); err != nil {
			return err
		}
	}
	if in.Kind == AccountOrganization && strings.TrimSpace(in.Organization) == "" {
		return profile.E(profile.Missing, profile.CodeRequired, "organization", "This field is required.")
	}
	if in.Username != "" {
		return checkSlug(in.Username)
	}
	return nil
}

// checkEmail says whether an address is one that mail can be sent to.
func checkEmail(email string) error {
	if email == "" {
		return profile.E(profile.Missing, profile.CodeRequired, "email", "This field is required.")
	}
	a, err := mail.ParseAddress(email)
	if err != nil || a.Address != email || len(email) > 254 {
		return profile.E(profile.Invalid, profile.CodeConstraint, "email", "Enter a valid email address.")
	}
	return nil
}

// IsEmail reports whether a text is an address that mail can be sent to.
func IsEmail(s string) bool { return s != "" && checkEmail(s) == nil }

// inOrganization moves an error of a new organization's own fields to the
// field it came from.
func inOrganization(err error) error {
	e := *profile.AsError(err)
	if e.Field == "displayName" || e.Field == "slug" {
		e.Field = "organization"
	}
	return &e
}

// newSubject drafts a person or group from attributes that are not an entity
// client's: types, formats, lengths and uniqueness hold, "required" does not.
// It is dressed but for its slug.
func (s *Site) newSubject(ctx context.Context, t profile.Type, creator profile.ID, sets []Set) (*store.Record, error) {
	rec, err := s.draft(ctx, t, profile.ID{}, creator)
	if err != nil {
		return nil, err
	}
	w, err := s.typeOf(t).Create(merge(drop(sets)), s.env(ctx))
	if err != nil {
		return nil, err
	}
	rec.Attrs = w.Attrs
	return rec, nil
}

// drop leaves out the sets that clear: nothing is there to be cleared.
func drop(sets []Set) []Set {
	out := make([]Set, 0, len(sets))
	for _, set := range sets {
		if set.Value != nil {
			out = append(out, set)
		}
	}
	return out
}

// createSlugged creates a subject under the slug it was given, or under one
// made up from base.
func (s *Site) createSlugged(tx store.Tx, rec *store.Record, slug, base string, e store.Event) error {
	if slug == "" {
		return s.createNamed(tx, rec, base, e)
	}
	setName(rec, profile.Slug, slug)
	s.dress(rec)
	return tx.Create(rec, e)
}

// addManager gives a user the manager role on a profile, at once.
func (s *Site) addManager(tx store.Tx, actor, user, on profile.ID) error {
	if err := tx.AddLink(roleLink(user, on, RoleManager, s.d.now())); err != nil {
		return err
	}
	return tx.Log(s.event(actor, "role.granted", on))
}

// NewOperator is a person who is to manage the broker.
type NewOperator struct {
	Username, Email, FullName, Password string
}

// AddOperator makes a user who manages the broker, and the broker itself when
// the site has none yet.
func (s *Site) AddOperator(ctx context.Context, in NewOperator) (Subject, error) {
	if in.FullName == "" {
		in.FullName = in.Username
	}
	broker := s.Policy().Broker
	if broker.IsZero() {
		org, err := s.CreateBroker(ctx, s.Name(), s.Policy().Title)
		if err != nil {
			return Subject{}, err
		}
		broker = org.ID
	}
	rec, err := s.createAccount(ctx, profile.ID{}, NewAccount{
		Kind: AccountPersonal, Username: in.Username, Email: in.Email, FullName: in.FullName, Password: in.Password,
	}, func(tx store.Tx, user *store.Record) error {
		return s.addManager(tx, user.ID, user.ID, broker)
	})
	if err != nil {
		return Subject{}, err
	}
	return subjectOf(rec), nil
}

// CreateBroker makes the organization that owns the site.
func (s *Site) CreateBroker(ctx context.Context, slug, fullName string) (Subject, error) {
	org, err := s.newSubject(ctx, profile.Organization, profile.ID{}, []Set{{"displayName", &fullName}})
	if err != nil {
		return Subject{}, err
	}
	err = s.data.Update(ctx, func(tx store.Tx) error {
		return s.createSlugged(tx, org, "", slugFrom(slug), s.event(profile.ID{}, "organization.created", org.ID))
	})
	if err != nil {
		return Subject{}, err
	}
	if err := s.setPolicy(ctx, func(p *Policy) { p.Broker = org.ID }); err != nil {
		return Subject{}, err
	}
	return subjectOf(org), nil
}
