package djaoapp

import (
	"net/http"

	"facet/internal/access"
	"facet/internal/credential"
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
	for _, r := range f.routes {
		if rule, _ := access.RuleOf(r.Permission); rule.Anyone {
			f.open[r.Method+" "+r.Pattern] = r.Permission
		}
	}
	return f
}

func (djaoapp) Name() string           { return name }
func (f djaoapp) Routes() []face.Route { return f.routes }

// Identify reads a Bearer token. A token that does not work is nobody's where a
// caller is needed, so that the answer is the one for no token, and an error
// where none is: there a client should learn of it. Signing out with a token
// that is over is no error either. Other schemes identify nobody.
func (f djaoapp) Identify(r *http.Request, c *face.Call) error {
	header := r.Header["Authorization"]
	if len(header) == 0 {
		return nil
	}
	if scheme, _ := credential.ParseScheme(header[0]); scheme != "bearer" {
		return nil
	}
	var err error = errBearer
	if token, ok := credential.ParseBearer(header[0]); ok && len(header) == 1 {
		c.Who, err = c.Site.Authenticate(r.Context(), token)
	}
	if err == nil || !isBadToken(err) {
		return err
	}
	c.Who = access.Principal{}
	if perm, open := f.open[r.Pattern]; open && perm != access.SessionEnd {
		return err
	}
	return nil
}

var errBearer = profile.E(profile.Unauthenticated, profile.CodeBadToken, "", "not a bearer token")

func isBadToken(err error) bool {
	return profile.IsKind(err, profile.Unauthenticated) || profile.IsKind(err, profile.Expired)
}
