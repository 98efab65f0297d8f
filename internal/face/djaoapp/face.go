package djaoapp

import (
	"net/http"

	"facet/internal/access"
	"facet/internal/credential"
	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/profile"
)

// name is the face's name, in the log, in api/ and among a record's extras.
const name = "djaoapp"

type djaoapp struct {
	routes []face.Route
	open   map[string]access.Permission // by the pattern that ServeMux reports: the routes that need no caller
}

// New makes the face.
func New() face.Face {
	f := djaoapp{routes: routes(), open: map[string]access.Permission{}}
	for i, r := range f.routes {
		if !frictionless[r.Pattern] {
			f.routes[i].Handle = whenReady(r.Handle)
		}
		if rule, _ := access.RuleOf(r.Permission); rule.Anyone {
			f.open[r.Method+" "+r.Pattern] = r.Permission
		}
	}
	return f
}

// frictionless are the patterns that serve people who have no password yet, or
// have not signed the site's terms; all others ask for both ("frictionless"
// rules and public paths of DjaoApp's URLs).
var frictionless = map[string]bool{
	"/api/auth": true, "/api/auth/register": true, "/api/auth/recover": true, "/api/auth/logout": true, "/api/auth/{key}": true,
	"/api/auth/activate/{key}": true, "/api/auth/reset/{key}": true, "/api/auth/tokens": true, "/api/auth/tokens/verify": true,
	"/api/legal": true, "/api/legal/{agreement}": true, "/api/legal/{agreement}/sign": true, "/api/pricing": true,
	"/api/users/{user}": true, "/api/users/{user}/password": true, "/api/users/{user}/otp": true,
	"/api/users/{user}/activate": true, "/api/users/{user}/notifications": true,
	"/api/accounts": true, "/api/accounts/users": true, "/api/accounts/profiles/{profile}": true,
	"/api/profile/{profile}": true, "/api/profile/{profile}/picture": true, "/api/profile/{profile}/plans": true,
	"/api/profile/{profile}/plans/{plan}": true, "/api/profile/{profile}/subscriptions": true,
	"/api/profile/{profile}/subscriptions/expired": true, "/api/profile/{profile}/subscriptions/{plan}": true,
	"/api/profile/{profile}/subscriptions/accept/{key}": true,
}

// whenReady asks whether the caller has a password and signed the terms, where
// the site wants it, before anything else.
func whenReady(handle face.Handler) face.Handler {
	return func(w http.ResponseWriter, r *http.Request, c *face.Call) error {
		if err := c.Site.Ready(r.Context(), c.Who); err != nil {
			return err
		}
		return handle(w, r, c)
	}
}

func (djaoapp) Name() string           { return name }
func (f djaoapp) Routes() []face.Route { return f.routes }

// Identify reads a Bearer token, or an API key as the user name of Basic. One
// that does not work is nobody's where a caller is needed, so that the answer
// is the one for no token, and an error where none is: there a client should
// learn of it. Signing out with a token that is over is no error either. Other
// schemes identify nobody. Without Authorization, a browser's cookie does,
// where somebody does not just sign in; who does so to get cookies does it by a
// page of this site.
func (f djaoapp) Identify(r *http.Request, c *face.Call) error {
	perm, open := f.open[r.Pattern]
	if perm == access.SessionStart && wantsCookie(r) {
		if err := checkOrigin(r, c); err != nil {
			return err
		}
	}
	header := r.Header["Authorization"]
	if len(header) == 0 {
		if perm == access.SessionStart {
			return nil
		}
		return identifyCookie(r, c)
	}
	var err error = errBearer
	switch scheme, _ := credential.ParseScheme(header[0]); scheme {
	case "bearer":
		if token, ok := credential.ParseBearer(header[0]); ok && len(header) == 1 {
			c.Who, err = c.Site.Authenticate(r.Context(), token)
		}
	case "basic":
		key, _, ok := credential.ParseBasic(header[0])
		if !ok || !directory.IsAPIKey(key) {
			return nil
		}
		if len(header) == 1 {
			c.Who, err = c.Site.AuthenticateKey(r.Context(), key)
		}
	default:
		return nil
	}
	if err == nil || !isBadToken(err) {
		return err
	}
	c.Who = access.Principal{}
	if open && perm != access.SessionEnd {
		return err
	}
	return nil
}

var errBearer = profile.E(profile.Unauthenticated, profile.CodeBadToken, "", "not a bearer token")

func isBadToken(err error) bool {
	return profile.IsKind(err, profile.Unauthenticated) || profile.IsKind(err, profile.Expired)
}
