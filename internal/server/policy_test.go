package server_test

import (
	"net/http"
	"regexp"
	"slices"
	"testing"

	"facet/internal/access"
	"facet/internal/face"
	"facet/internal/face/appdata"
	"facet/internal/face/cloudillo"
	"facet/internal/face/djaoapp"
	"facet/internal/face/entity"
	"facet/internal/face/household"
	"facet/internal/face/own"
	"facet/internal/profile"
	"facet/internal/server"
)

// faces are all that this build has.
func faces() []face.Face {
	return []face.Face{djaoapp.New(), entity.New(), cloudillo.New(), household.New(), appdata.New(), own.New()}
}

// posing is a face whose callers are who the test says, and whose handlers
// only tell that they were reached.
type posing struct {
	face.Face
	who     access.Principal
	reached bool
}

func (p *posing) Identify(_ *http.Request, c *face.Call) error {
	c.Who = p.who
	return nil
}

func (p *posing) Routes() []face.Route {
	routes := slices.Clone(p.Face.Routes())
	for i := range routes {
		routes[i].Handle = func(http.ResponseWriter, *http.Request, *face.Call) error {
			p.reached = true
			return nil
		}
	}
	return routes
}

var wildcard = regexp.MustCompile(`\{[^}]*\}`)

// scopesOf are scopes of each kind.
var scopesOf = map[access.ScopeKind][]string{
	access.FileScope: {"file:b1~x:R", "file:b1~x:W"}, access.PackageScope: {"apkg:publish"},
	access.ContactsScope: {"carddav:read", "carddav:write"}, access.CalendarScope: {"caldav:read", "caldav:write"},
}

func TestEveryRouteRefusesEveryRestrictionThatItsRuleDoesNotList(t *testing.T) {
	all := faces()
	posers := make([]*posing, len(all))
	for i, f := range all {
		posers[i] = &posing{Face: f}
		all[i] = posers[i]
	}
	s := newServer(t, server.Config{Directory: newDirectory(t), Faces: all})
	for _, p := range posers {
		for _, r := range p.Face.Routes() {
			rule, ok := access.RuleOf(r.Permission)
			if !ok {
				t.Errorf("%s: %s %s: no permission", p.Name(), r.Method, r.Pattern)
			}
			try := func(restriction access.Restriction, want bool) {
				t.Helper()
				p.who = access.Principal{Subject: profile.ID{1}, Session: profile.ID{2}, Restriction: restriction}
				if restriction.Kind == access.Creation && len(rule.Features) > 0 {
					p.who.Client, p.who.Features = true, []access.Feature{access.DirectAccess}
				}
				p.reached = false
				path := wildcard.ReplaceAllString(r.Pattern, "x")
				do(t, s, r.Method, path, "")
				if p.reached != want {
					t.Errorf("%s: %s %s as %+v: reached %v, want %v", p.Name(), r.Method, r.Pattern, restriction, p.reached, want)
				}
			}
			for _, kind := range access.RestrictionKinds {
				try(access.Restriction{Kind: kind}, slices.Contains(rule.Restrictions, kind))
			}
			all := slices.Contains(rule.Restrictions, access.Scoped)
			try(access.Restriction{Kind: access.Scoped, Scopes: []string{"everything", "*", "", "file:", "FILE:x:R"}}, all)
			for kind, scopes := range scopesOf {
				for _, scope := range scopes {
					try(access.Restriction{Kind: access.Scoped, Scopes: []string{"nonsense", scope}}, all || slices.Contains(rule.Scopes, kind))
				}
			}
		}
	}
}

func TestEveryRouteIsOwnedByItsFace(t *testing.T) {
	s := newServer(t, server.Config{Faces: faces()})
	shared := map[string]bool{"POST /api/auth/logout": true}
	siteless := map[string]bool{"/healthz": true, "/readyz": true, "/docs": true, "/docs/{page}": true, "/.well-known/jwks.json": true}
	for _, r := range s.Routes() {
		if siteless[r.Pattern] || shared[r.Method+" "+r.Pattern] {
			continue
		}
		if owner := server.OwnerOf(r.Pattern); owner != r.Face {
			t.Errorf("%s has %s %s, but %q answers where it does not match", r.Face, r.Method, r.Pattern, owner)
		}
	}
}

func TestWrongMethodsAndPathsAreAnsweredByEveryFace(t *testing.T) {
	s := newServer(t, server.Config{Faces: faces()})
	for _, c := range []struct{ method, path, status, contentType string }{
		{"GET", "/api/no/such", "404", "application/json"},
		{"PATCH", "/api/auth", "405", "application/json"},
		{"GET", "/api/users/v1/nothing", "404", "application/json"},
		{"PUT", "/api/users/v1/users/42/user_profiles", "405", "application/json"},
		{"POST", "/entity.nothing", "200", "application/json"},
		{"DELETE", "/entity.create", "200", "application/json"},
		{"GET", "/api/profiles/a/b", "404", "application/json"},
		{"PATCH", "/api/auth/login", "405", "application/json"},
		{"GET", "/user/nothing", "404", "application/problem+json"},
		{"GET", "/auth/login", "405", "application/problem+json"},
	} {
		got := do(t, s, c.method, c.path, "")
		if got.Status[:3] != c.status || got.Header.Get("Content-Type") != c.contentType {
			t.Errorf("%s %s: %s %q %s", c.method, c.path, got.Status, got.Header.Get("Content-Type"), got.body)
		}
	}
}
