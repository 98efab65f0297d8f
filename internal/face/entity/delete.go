package entity

import (
	"net/http"

	"facet/internal/face"
)

// remove is entity.delete: the whole record for good, or the one element of a
// plural that attribute_name names. Its arguments stand in the body alone, so
// that no link can delete.
func remove(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	f := c.Form.(*form).withoutQuery()
	t, err := readTarget(f, c.Who)
	if err != nil {
		return err
	}
	if err := c.Site.DeleteEntity(r.Context(), c.Who, t.typeName, t.sel, t.guards, f.text("attribute_name")); err != nil {
		return selectorError(err)
	}
	send(w, okBody)
	return nil
}
