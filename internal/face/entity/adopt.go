package entity

import (
	"net/http"
	"strconv"

	"facet/internal/face"
)

// adopt is entity.adopt: the element child_id, which the plural attribute_name
// of the record had before, is put back into it.
func adopt(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	f := c.Form.(*form)
	t, err := readTarget(f, c.Who)
	if err != nil {
		return err
	}
	path, id := f.text("attribute_name"), f.text("child_id")
	switch {
	case path == "":
		return missingArgument("attribute_name")
	case id == "":
		return missingArgument("child_id")
	}
	child, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return badArgument("child_id", "invalid id")
	}
	if err := c.Site.AdoptElement(r.Context(), c.Who, t.typeName, t.sel, t.guards, path, child); err != nil {
		return argumentError(selectorError(err), "attribute_name")
	}
	send(w, okBody)
	return nil
}
