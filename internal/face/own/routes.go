package own

import (
	"slices"

	"facet/internal/face"
)

// routes is the table of the face: api/facet.yaml describes exactly these.
func routes() []face.Route {
	return slices.Concat(importRoutes(), feedRoutes())
}
