// Package access says who may do what: the principal that calls, the
// restriction its session carries, and the one permission table. Every route
// of every face names a permission of the table; the server admits a caller by
// it before the handler runs, and package directory asks it again with what
// the caller is to the thing asked for.
package access

import (
	"slices"

	"facet/internal/profile"
)

// Permission names one thing that callers may be allowed to do.
type Permission string

// Relation is what a caller is to the thing asked for. Package directory finds
// out the relations; the table says which suffice.
type Relation uint16

// The relations, as bits of a set.
const (
	Self            Relation = 1 << iota // the record is the caller's own
	Manager                              // holds an active manager role on the profile; of a community: owns it
	Contributor                          // holds an active contributor role on it
	Provider                             // manages the provider of a plan the profile has an active subscription to
	ProviderStaff                        // is contributor there
	Broker                               // manages the organization that owns the site: an operator
	BrokerStaff                          // is contributor there
	ShadowProvider                       // Provider, nobody has a role on the profile, and nobody signs in as it
	ShadowBroker                         // Broker, and nobody has a role on the profile
	SharedPrincipal                      // manages a profile the asked-for user has a role on, or a provider of it
	SharedStaff                          // is contributor there
	Leader                               // leads the community, and does not own it
	Moderator                            // moderates the community
)

// Has reports whether any relation of want is in r.
func (r Relation) Has(want Relation) bool { return r&want != 0 }

// Feature is what an API client of the entity face may do (Identity Cloud,
// "API client features").
type Feature string

// The features of API clients.
const (
	Owner            Feature = "owner"
	AccessIssuer     Feature = "access_issuer"
	DirectAccess     Feature = "direct_access"
	DirectReadAccess Feature = "direct_read_access"
	LoginClient      Feature = "login_client"
	Metadata         Feature = "metadata"     // writes leave lastUpdated alone
	ImageCreate      Feature = "image_create" // accepted, grants nothing
)

// RestrictionKind is a way in which a session may do less than its subject.
type RestrictionKind string

// The kinds of restriction.
const (
	ChildProfile RestrictionKind = "child"  // signed in as a child profile of a household
	ClientSchema RestrictionKind = "client" // a token issued for an API client: its access schema holds
	Scoped       RestrictionKind = "scopes" // a token with a list of scopes
	Creation     RestrictionKind = "create" // a token by which somebody makes records for an API client
	Group        RestrictionKind = "group"  // an API key of a community, or a token that came of it: the subject is no user
)

// RestrictionKinds lists all of them, for tests that try each on every route.
var RestrictionKinds = []RestrictionKind{ChildProfile, ClientSchema, Scoped, Creation, Group}

// Restriction is kept with the session and survives every refresh and
// exchange. The zero value restricts nothing.
type Restriction struct {
	Kind    RestrictionKind `json:"kind,omitempty"`
	Profile profile.ID      `json:"profile,omitzero"` // the child profile
	Client  profile.ID      `json:"client,omitzero"`  // the API client whose token it is
	By      profile.ID      `json:"by,omitzero"`      // the API client that had it issued
	Scopes  []string        `json:"scopes,omitempty"`
	Makes   string          `json:"makes,omitempty"` // the entity type of the records that a creation token makes
	Key     int64           `json:"key,omitempty"`   // the number of the API key of an identity that it came of
	Ref     string          `json:"ref,omitempty"`   // the ref that it came of
	From    profile.ID      `json:"from,omitzero"`   // the session that it came of, and ends with
}

// IsZero reports whether it restricts nothing and knows of nothing.
func (r Restriction) IsZero() bool {
	return r.Kind == "" && r.Profile.IsZero() && r.Client.IsZero() && len(r.Scopes) == 0 && r.Makes == "" && r.Key == 0 && r.Ref == "" && r.From.IsZero()
}

// Origin is what a session came of: an API key, a ref, or another session. The
// zero value is that of one that began by itself.
type Origin struct {
	Key  int64
	Ref  string
	From profile.ID
}

// Origin tells what the session came of: what came of a key's or a ref's came of
// that.
func (r Restriction) Origin() Origin {
	switch {
	case r.Key != 0:
		return Origin{Key: r.Key}
	case r.Ref != "":
		return Origin{Ref: r.Ref}
	}
	return Origin{From: r.From}
}

// Principal is who calls. The zero value is nobody.
type Principal struct {
	Subject     profile.ID // a user, or an API client
	Client      bool       // Subject is an API client
	Features    []Feature  // of the client
	Session     profile.ID // zero for clients, and for a user who is known by an API key
	Issuer      profile.ID // of a user's token: the API client that issued it, zero for one of a sign-in
	Foreign     bool       // another issuer signed the token
	Restriction Restriction
}

// IsNobody reports whether the call came without proof of a caller.
func (p Principal) IsNobody() bool { return p.Subject.IsZero() }

// HasFeature reports whether the principal is an API client with the feature.
func (p Principal) HasFeature(f Feature) bool { return p.Client && slices.Contains(p.Features, f) }

// ByKey reports whether the principal is known by an API key, without a session
// or with one that came of a key.
func (p Principal) ByKey() bool {
	return !p.IsNobody() && !p.Client && (p.Session.IsZero() || p.Restriction.Key != 0)
}

// Rule is one row of the table.
type Rule struct {
	Anyone       bool              // no caller needed
	SignedIn     bool              // any user, whatever the relation
	Relations    Relation          // a user with one of these
	Features     []Feature         // API clients with one of these
	Session      bool              // a user needs a session: an API key is not enough
	Ours         bool              // a token that another issuer signed is not enough
	Token        bool              // entity face: a user's own token, for the user's own record
	Restrictions []RestrictionKind // restricted principals that keep the permission
	Scopes       []ScopeKind       // scoped principals that keep it, where Restrictions do not list all of them
	PerAddress   bool              // the server bounds how often an address may try, whoever calls
}

// RuleOf gives the row of a permission; ok is false for a name that is not in
// the table.
func RuleOf(p Permission) (rule Rule, ok bool) {
	rule, ok = table[p]
	return rule, ok
}

// Permissions lists the names in the table.
func Permissions() []Permission {
	out := make([]Permission, 0, len(table))
	for p := range table {
		out = append(out, p)
	}
	slices.Sort(out)
	return out
}

// Admit decides, before anything is read, whether the principal may try: a
// proof of some caller is there, an API client has a feature, a restriction is
// listed. Errors: Unauthenticated/CodeNoAuth, Forbidden.
func Admit(perm Permission, who Principal) error {
	rule, ok := table[perm]
	switch {
	case !ok:
		return forbidden()
	case who.Restriction.Kind != "" && !slices.Contains(rule.Restrictions, who.Restriction.Kind) && !rule.scoped(who.Restriction):
		return forbidden()
	case rule.Anyone:
		return nil
	case who.IsNobody():
		return profile.E(profile.Unauthenticated, profile.CodeNoAuth, "", "authentication required")
	case who.Client:
		for _, f := range who.Features {
			if slices.Contains(rule.Features, f) {
				return nil
			}
		}
		return forbidden()
	case rule.Session && who.ByKey() || rule.Ours && who.Foreign:
		return forbidden()
	case rule.SignedIn || rule.Relations != 0 || rule.Token:
		return nil
	default:
		return forbidden()
	}
}

// Allow decides with what the caller is to the thing asked for. It includes
// Admit.
func Allow(perm Permission, who Principal, is Relation) error {
	if err := Admit(perm, who); err != nil {
		return err
	}
	rule := table[perm]
	if rule.Anyone || rule.SignedIn || who.Client || is.Has(rule.Relations) || rule.Token && is.Has(Self) {
		return nil
	}
	return forbidden()
}

func forbidden() error {
	return profile.E(profile.Forbidden, profile.CodeForbidden, "", "not allowed")
}
