package entity

import (
	"net/http"

	"facet/internal/directory"
	"facet/internal/face"
)

// read is entity: one record, or the part of it that attribute_name or
// attributes name.
func read(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	f := c.Form.(*form)
	t, err := readTarget(f, c.Who)
	if err != nil {
		return err
	}
	pw, err := readPassword(f)
	if err != nil {
		return err
	}
	path := f.text("attribute_name")
	only, some, err := f.list("attributes")
	if err != nil {
		return err
	}
	if path != "" && some {
		return duplicate("only one of attribute_name and attributes may be given")
	}
	e, err := c.Site.Entity(r.Context(), c.Who, t.typeName, t.sel, t.guards, pw)
	if err != nil {
		return selectorError(err)
	}
	return sendResult(w, func(dst []byte) ([]byte, error) {
		switch {
		case path != "":
			return e.RenderAt(dst, path)
		case some:
			view, err := e.View(only)
			if err != nil {
				return dst, err
			}
			return e.RenderOnly(dst, view), nil
		}
		return e.Render(dst), nil
	})
}

// readPassword reads the password that a call wants compared, nil for none.
func readPassword(f *form) (*directory.Password, error) {
	attribute := f.text("password_attribute")
	value, ok := f.Get("password_value")
	switch {
	case attribute == "" && !ok:
		return nil, nil
	case attribute == "":
		return nil, missingArgument("password_attribute")
	case !ok:
		return nil, missingArgument("password_value")
	}
	return &directory.Password{Attribute: attribute, Value: value}, nil
}
