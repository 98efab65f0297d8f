package cloudillo

import (
	"net/http"
	"strings"

	"facet/internal/access"
	"facet/internal/credential"
	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/profile"
)

// name is the face's name, in the log, in api/ and among a record's extras.
const name = "cloudillo"

type cloudillo struct {
	routes []face.Route
	open   map[string]access.Permission // by the pattern that ServeMux reports: the routes that need no caller
}

// New makes the face.
func New() face.Face {
	f := cloudillo{routes: routes(), open: map[string]access.Permission{}}
	for _, r := range f.routes {
		if rule, _ := access.RuleOf(r.Permission); rule.Anyone {
			f.open[r.Method+" "+r.Pattern] = r.Permission
		}
	}
	return f
}

func (cloudillo) Name() string           { return name }
func (f cloudillo) Routes() []face.Route { return f.routes }

// Identify reads a Bearer token: a session's, or an API key of an identity. One
// that does not work is nobody's: where a
// caller is needed the answer is that for no token, and signing in anew must
// not fail for it. Only GET /api/me, which would answer with somebody else,
// tells of it. Where no caller is needed, who has a scope alone is nobody: they
// are not whose token it is.
func (f cloudillo) Identify(r *http.Request, c *face.Call) error {
	perm, open := f.open[r.Pattern]
	token, there, err := f.bearer(r, open)
	if !there {
		return nil
	}
	if err == nil {
		if directory.IsIdentityKey(token) {
			c.Who, err = c.Site.AuthenticateIdentityKey(r.Context(), token, c.Identity)
		} else {
			c.Who, err = c.Site.Authenticate(r.Context(), token)
		}
	}
	switch {
	case err == nil && open && perm != access.SessionScope && c.Who.Restriction.Kind == access.Scoped:
		c.Who = access.Principal{}
		return nil
	case !profile.IsKind(err, profile.Unauthenticated) && !profile.IsKind(err, profile.Expired):
		return err
	}
	c.Who = access.Principal{}
	if r.Pattern == "GET "+me {
		return err
	}
	return nil
}

// bearer finds the token of a request; there is false where it has none of this
// face's. Without Authorization it may be in the query: where a caller is
// needed, for files, and where one token is had for another (Cloudillo,
// "Authentication API").
func (f cloudillo) bearer(r *http.Request, open bool) (token string, there bool, err error) {
	bad := profile.E(profile.Unauthenticated, profile.CodeBadToken, "", "not a bearer token")
	header := r.Header["Authorization"]
	if len(header) == 0 {
		if open && r.Pattern != "GET "+accessTokens && !strings.HasPrefix(r.URL.Path, "/api/files/") {
			return "", false, nil
		}
		values := r.URL.Query()["token"]
		if len(values) > 1 {
			return "", true, bad
		}
		if len(values) == 0 || values[0] == "" {
			return "", false, nil
		}
		return values[0], true, nil
	}
	if scheme, _ := credential.ParseScheme(header[0]); scheme != "bearer" {
		return "", false, nil
	}
	token, ok := credential.ParseBearer(header[0])
	if !ok || len(header) != 1 {
		return "", true, bad
	}
	return token, true, nil
}
