package appdata

import (
	"net/http"

	"facet/internal/access"
	"facet/internal/credential"
	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/profile"
)

const name = "appdata"

type appdata struct {
	routes []face.Route
	open   map[string]bool // by the pattern that ServeMux reports: the routes that need no caller
}

// New makes the face.
func New() face.Face {
	f := appdata{routes: routes(), open: map[string]bool{}}
	for _, r := range f.routes {
		rule, _ := access.RuleOf(r.Permission)
		f.open[r.Method+" "+r.Pattern] = rule.Anyone
	}
	return f
}

func (appdata) Name() string           { return name }
func (f appdata) Routes() []face.Route { return f.routes }

// Identify reads the Bearer token of the routes that need a caller. The others
// do not look at it: a client that still sends a token whose time is over must
// be able to sign in. Other schemes identify nobody.
func (f appdata) Identify(r *http.Request, c *face.Call) (err error) {
	header := r.Header["Authorization"]
	if len(header) == 0 || f.open[r.Pattern] {
		return nil
	}
	if scheme, _ := credential.ParseScheme(header[0]); scheme != "bearer" {
		return nil
	}
	token, ok := credential.ParseBearer(header[0])
	if !ok || len(header) > 1 {
		return profile.E(profile.Unauthenticated, profile.CodeBadToken, "", "not a bearer token")
	}
	if directory.IsForeignToken(token) {
		c.Who, err = c.Site.AuthenticateForeign(r.Context(), token)
		return err
	}
	c.Who, err = c.Site.Authenticate(r.Context(), token)
	return err
}
