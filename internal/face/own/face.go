package own

import (
	"net/http"

	"facet/internal/credential"
	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/profile"
)

const name = "facet"

type own struct {
	routes []face.Route
}

// New makes the face.
func New() face.Face { return own{routes()} }

func (own) Name() string           { return name }
func (f own) Routes() []face.Route { return f.routes }

// Identify finds out who calls: by a Bearer token, whichever face gave it; by
// Basic, with an API key as the user name, or with the id and secret of an API
// client. Other schemes identify nobody, and X-API-KEY nobody either: it says
// which app calls, and proves no caller.
func (f own) Identify(r *http.Request, c *face.Call) (err error) {
	header := r.Header["Authorization"]
	if len(header) == 0 {
		return nil
	}
	if len(header) > 1 {
		return profile.E(profile.Unauthenticated, profile.CodeBadToken, "", "there is more than one Authorization header")
	}
	ctx := r.Context()
	switch scheme, _ := credential.ParseScheme(header[0]); scheme {
	case "bearer":
		token, ok := credential.ParseBearer(header[0])
		switch {
		case !ok:
			return profile.E(profile.Unauthenticated, profile.CodeBadToken, "", "not a bearer token")
		case directory.IsForeignToken(token):
			c.Who, err = c.Site.AuthenticateForeign(ctx, token)
		default:
			c.Who, err = c.Site.Authenticate(ctx, token)
		}
	case "basic":
		id, secret, ok := credential.ParseBasic(header[0])
		switch {
		case !ok:
			return profile.E(profile.Unauthenticated, profile.CodeBadClient, "", "the credentials are malformed")
		case directory.IsAPIKey(id):
			c.Who, err = c.Site.AuthenticateKey(ctx, id)
		default:
			c.Who, err = c.Site.ClientBySecret(ctx, id, secret, c.From)
		}
	}
	return err
}
