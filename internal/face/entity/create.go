package entity

import (
	"cmp"
	"net/http"
	"strconv"

	"facet/internal/face"
)

// create is entity.create: {"id":11649,"uuid":"…","stat":"ok"}, with the whole
// record as result when include_record is true.
func create(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	f := c.Form.(*form)
	attributes, err := f.need("attributes")
	if err != nil {
		return err
	}
	whole, err := f.flag("include_record")
	if err != nil {
		return err
	}
	typeName := f.text("type_name")
	if typeName == "" {
		typeName = cmp.Or(c.Who.Restriction.Makes, defaultType)
	}
	e, err := c.Site.CreateEntity(r.Context(), c.Who, typeName, []byte(attributes))
	if err != nil {
		return documentError(err, "attributes")
	}
	p := takeBuffer()
	defer giveBuffer(p)
	b := strconv.AppendInt(append(*p, `{"id":`...), e.Number, 10)
	b = append(append(append(b, `,"uuid":"`...), e.ID.String()...), '"')
	if whole {
		b = e.Render(append(b, `,"result":`...))
	}
	*p = append(b, `,"stat":"ok"}`...)
	send(w, *p)
	return nil
}
