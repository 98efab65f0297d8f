package cloudillo

import (
	"net/http"

	"facet/internal/access"
	"facet/internal/credential"
	"facet/internal/face"
	"facet/internal/profile"
)

// name is the face's name, in the log, in api/ and among a record's extras.
const name = "cloudillo"

type cloudillo struct{ routes []face.Route }

// New makes the face.
func New() face.Face { return cloudillo{routes()} }

func (cloudillo) Name() string           { return name }
func (f cloudillo) Routes() []face.Route { return f.routes }

// Identify reads a Bearer token. One that does not work is nobody's: where a
// caller is needed the answer is that for no token, and signing in anew must
// not fail for it. Only GET /api/me and /api/me/full, which would answer with
// somebody else, tell of it.
func (cloudillo) Identify(r *http.Request, c *face.Call) error {
	header := r.Header["Authorization"]
	if len(header) == 0 {
		return nil
	}
	if scheme, _ := credential.ParseScheme(header[0]); scheme != "bearer" {
		return nil
	}
	var err error = profile.E(profile.Unauthenticated, profile.CodeBadToken, "", "not a bearer token")
	if token, ok := credential.ParseBearer(header[0]); ok && len(header) == 1 {
		c.Who, err = c.Site.Authenticate(r.Context(), token)
	}
	if !profile.IsKind(err, profile.Unauthenticated) && !profile.IsKind(err, profile.Expired) {
		return err
	}
	c.Who = access.Principal{}
	if r.Pattern == "GET "+me || r.Pattern == "GET "+me+"/full" {
		return err
	}
	return nil
}
