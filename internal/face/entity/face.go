package entity

import (
	"net/http"
	"slices"

	"facet/internal/face"
	"facet/internal/profile"
)

// New makes the entity face.
func New() face.Face { return entityFace{} }

type entityFace struct{}

// Name is "entity".
func (entityFace) Name() string { return "entity" }

// Routes lists the operations.
func (entityFace) Routes() []face.Route { return bounded }

// bounded are the routes with the time that each call may take.
var bounded = func() []face.Route {
	out := slices.Clone(routes)
	for i := range out {
		out[i].Handle = inTime(out[i].Handle)
	}
	return out
}()

// Identify reads the arguments, which may hold the caller's proof, and finds
// out who calls.
func (entityFace) Identify(r *http.Request, c *face.Call) error {
	f, err := readForm(r)
	if err != nil {
		return err
	}
	c.Form = f
	c.Who, err = identify(r, c, f)
	return err
}

// Fail answers with an error of the API, in HTTP 200.
// Those of oauth/token have OAuth's statuses.
func (entityFace) Fail(w http.ResponseWriter, r *http.Request, c *face.Call, err error) {
	if r != nil && r.URL.Path == tokenPath && !profile.IsKind(err, profile.MethodNotAllowed) {
		failToken(w, c, err)
		return
	}
	fail(w, c, err)
}
