package entity

import (
	"net/http"
	"strconv"

	"facet/internal/face"
)

// bulkDelete is entity.bulkDelete: {"stat":"ok","delete_count":10}. Only with
// commit=true the records are deleted; else they are counted.
func bulkDelete(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	f := c.Form.(*form).withoutQuery()
	typeName, filter := f.text("type_name"), f.text("filter")
	switch {
	case typeName == "":
		return missingArgument("type_name")
	case filter == "":
		return missingArgument("filter")
	}
	commit, err := f.flag("commit")
	if err != nil {
		return err
	}
	do := c.Site.CountSelected
	if commit {
		do = c.Site.DeleteSelected
	}
	n, err := do(r.Context(), c.Who, typeName, filter)
	if err != nil {
		return argumentError(err, "filter")
	}
	send(w, append(strconv.AppendInt([]byte(`{"stat":"ok","delete_count":`), n, 10), '}'))
	return nil
}

// purge is entity.purge: every record of a type is deleted. Without commit=true
// it is refused.
func purge(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	f := c.Form.(*form).withoutQuery()
	typeName := f.text("type_name")
	switch {
	case typeName == "":
		return missingArgument("type_name")
	case f.text("commit") == "":
		return missingArgument("commit")
	}
	commit, err := f.flag("commit")
	if err != nil {
		return err
	}
	if !commit {
		return badArgument("commit", "it must be true")
	}
	if err := c.Site.PurgeEntities(r.Context(), c.Who, typeName); err != nil {
		return err
	}
	send(w, okBody)
	return nil
}
