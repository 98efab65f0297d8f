package entity

import (
	"net/http"

	"facet/internal/face"
)

// replace is entity.replace: attributes (or value) take the place of what is at
// attribute_name, or of the whole record. What they do not name is cleared.
func replace(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	return change(w, r, c, c.Site.ReplaceEntity)
}
