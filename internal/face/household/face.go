package household

import (
	"net/http"

	"facet/internal/access"
	"facet/internal/credential"
	"facet/internal/face"
	"facet/internal/profile"
)

// name is the face's name, in the log and in api/.
const name = "household"

type household struct {
	routes []face.Route
	open   map[string]bool // by the pattern that ServeMux reports: the routes that need no caller
}

// New makes the face.
func New() face.Face {
	f := household{routes: routes(), open: map[string]bool{}}
	for _, r := range f.routes {
		rule, _ := access.RuleOf(r.Permission)
		f.open[r.Method+" "+r.Pattern] = rule.Anyone
	}
	return f
}

func (household) Name() string           { return name }
func (f household) Routes() []face.Route { return f.routes }

// Identify reads a Bearer token. Where no caller is needed it is not looked
// at: who signs in anew may still send the token that is over. Other schemes
// identify nobody.
func (f household) Identify(r *http.Request, c *face.Call) error {
	header := r.Header["Authorization"]
	if len(header) == 0 || f.open[r.Pattern] {
		return nil
	}
	if scheme, _ := credential.ParseScheme(header[0]); scheme != "bearer" {
		return nil
	}
	token, ok := credential.ParseBearer(header[0])
	if !ok || len(header) != 1 {
		return profile.E(profile.Unauthenticated, profile.CodeBadToken, "", "not a bearer token")
	}
	who, err := c.Site.Authenticate(r.Context(), token)
	if err == nil {
		c.Who = who
	}
	return err
}
