package entity

import (
	"net/http"

	"facet/internal/face"
)

// deleteAccess is entity.deleteAccess: every access and refresh token of the
// record is worth nothing from now on. Like entity.delete it takes its
// arguments from the body alone.
func deleteAccess(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	t, err := readTarget(c.Form.(*form).withoutQuery(), c.Who)
	if err != nil {
		return err
	}
	if err := c.Site.RevokeEntityAccess(r.Context(), c.Who, t.typeName, t.sel, t.guards); err != nil {
		return selectorError(err)
	}
	send(w, okBody)
	return nil
}
