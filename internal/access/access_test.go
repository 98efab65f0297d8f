package access_test

import (
	"testing"

	"facet/internal/access"
	"facet/internal/profile"
)

var (
	nobody = access.Principal{}
	user   = access.Principal{Subject: profile.ID{1}, Session: profile.ID{9}}
	byKey  = access.Principal{Subject: profile.ID{1}}
	owner  = access.Principal{Subject: profile.ID{2}, Client: true, Features: []access.Feature{access.Owner}}
	reader = access.Principal{Subject: profile.ID{3}, Client: true, Features: []access.Feature{access.DirectReadAccess}}
	issued = access.Principal{Subject: profile.ID{1}, Session: profile.ID{9}, Issuer: profile.ID{2}, Restriction: access.Restriction{Kind: access.ClientSchema}}
	child  = access.Principal{Subject: profile.ID{1}, Session: profile.ID{9}, Restriction: access.Restriction{Kind: access.ChildProfile}}
)

func TestAllow(t *testing.T) {
	for _, c := range []struct {
		name string
		perm access.Permission
		who  access.Principal
		is   access.Relation
		want profile.Kind // Internal: allowed
	}{
		{"anyone signs in", access.SessionStart, nobody, 0, profile.Internal},
		{"nobody reads no profile", access.ProfileRead, nobody, access.Manager, profile.Unauthenticated},
		{"a manager reads", access.ProfileRead, user, access.Manager, profile.Internal},
		{"a contributor reads", access.ProfileRead, user, access.Contributor, profile.Internal},
		{"a contributor does not write", access.ProfileWrite, user, access.Contributor, profile.Forbidden},
		{"a provider writes", access.ProfileWrite, user, access.Provider, profile.Internal},
		{"a provider reads roles", access.RoleRead, user, access.Provider, profile.Internal},
		{"a provider gives nobody a role on a profile that has people", access.RoleWrite, user, access.Provider, profile.Forbidden},
		{"a provider gives roles on a shadow profile", access.RoleWrite, user, access.Provider | access.ShadowProvider, profile.Internal},
		{"a provider does not erase a profile that has people", access.ProfileErase, user, access.Provider, profile.Forbidden},
		{"a provider erases a shadow profile", access.ProfileErase, user, access.Provider | access.ShadowProvider, profile.Internal},
		{"a stranger reads nothing", access.ProfileRead, user, 0, profile.Forbidden},
		{"an owner creates entities", access.EntityCreate, owner, 0, profile.Internal},
		{"a reader creates none", access.EntityCreate, reader, 0, profile.Forbidden},
		{"a reader finds", access.EntityFind, reader, 0, profile.Internal},
		{"counting is for owners", access.EntityCount, reader, 0, profile.Forbidden},
		{"a client's token is no session of another face", access.SessionRead, issued, 0, profile.Forbidden},
		{"and ends none there by its own means", access.SessionRevoke, issued, 0, profile.Forbidden},
		{"and may sign out", access.SessionEnd, issued, 0, profile.Internal},
		{"an API client has no profile", access.ProfileRead, owner, access.Manager, profile.Forbidden},
		{"a user's token reads its own entity", access.EntityRead, user, access.Self, profile.Internal},
		{"and no other", access.EntityRead, user, 0, profile.Forbidden},
		{"a user's token does not list", access.EntityFind, user, access.Self, profile.Forbidden},
		{"a child profile keeps its session", access.SessionRead, child, 0, profile.Internal},
		{"and renews it", access.SessionRenew, child, 0, profile.Internal},
		{"and acts as another profile", access.HouseholdEnter, child, access.Self, profile.Internal},
		{"and cannot write", access.ProfileWrite, child, access.Manager, profile.Forbidden},
		{"a session changes the own secrets", access.UserSecret, user, access.Self, profile.Internal},
		{"an API key does not", access.UserSecret, byKey, access.Self, profile.Forbidden},
		{"and reads the own account", access.UserRead, byKey, access.Self, profile.Internal},
		{"an unknown permission is refused", "no.such", owner, access.Broker, profile.Forbidden},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := access.Allow(c.perm, c.who, c.is)
			if c.want == profile.Internal && err != nil || c.want != profile.Internal && !profile.IsKind(err, c.want) {
				t.Fatalf("got %v, want kind %v", err, c.want)
			}
		})
	}
}

func TestEveryRuleLetsSomebodyIn(t *testing.T) {
	for _, p := range access.Permissions() {
		r, ok := access.RuleOf(p)
		if !ok || !r.Anyone && !r.SignedIn && r.Relations == 0 && len(r.Features) == 0 && !r.Token {
			t.Errorf("%s: nobody is allowed", p)
		}
	}
}
