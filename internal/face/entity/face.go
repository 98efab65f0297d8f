package entity

import (
	"net/http"

	"facet/internal/face"
)

// New makes the entity face.
func New() face.Face { return entityFace{} }

type entityFace struct{}

// Name is "entity".
func (entityFace) Name() string { return "entity" }

// Routes lists the operations.
func (entityFace) Routes() []face.Route { return routes }

// Identify reads the arguments, which may hold the caller's proof, and finds
// out who calls.
func (entityFace) Identify(r *http.Request, c *face.Call) error {
	f, err := readForm(r)
	if err != nil {
		return err
	}
	c.Form = f
	c.Who, err = identify(r, c.Site, f)
	return err
}

// Fail answers with an error of the API, in HTTP 200.
func (entityFace) Fail(w http.ResponseWriter, _ *http.Request, c *face.Call, err error) {
	fail(w, c, err)
}
