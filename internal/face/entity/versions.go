package entity

import (
	"net/http"
	"strconv"

	"facet/internal/face"
	"facet/internal/schema"
)

// versionAt is versions/entity: the record as it was at timestamp, now when
// nothing is said; with include_schema its entity type too.
func versionAt(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	f := c.Form.(*form)
	t, err := readTarget(f, c.Who)
	if err != nil {
		return err
	}
	withSchema, err := f.flag("include_schema")
	if err != nil {
		return err
	}
	e, err := c.Site.EntityAt(r.Context(), c.Who, t.typeName, t.sel, f.text("timestamp"))
	if err != nil {
		return argumentError(selectorError(err), "timestamp")
	}
	p := takeBuffer()
	defer giveBuffer(p)
	b := e.Render(append(*p, `{"result":`...))
	if withSchema {
		b = e.RenderSchema(append(b, `,"schema":`...))
	}
	*p = append(b, `,"stat":"ok"}`...)
	send(w, *p)
	return nil
}

// What versions/entity.list answers with when it is not told otherwise, and at
// most.
const (
	defaultVersions = 10
	maxVersions     = 1000
)

// versionList is versions/entity.list: the record's states, the newest first,
// each with the timestamp that versions/entity finds it by.
func versionList(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	f := c.Form.(*form)
	t, err := readTarget(f, c.Who)
	if err != nil {
		return err
	}
	limit, err := f.number("max_results", defaultVersions, 1, maxVersions)
	if err != nil {
		return err
	}
	list, err := c.Site.EntityVersions(r.Context(), c.Who, t.typeName, t.sel, limit)
	if err != nil {
		return selectorError(err)
	}
	p := takeBuffer()
	defer giveBuffer(p)
	b := append(strconv.AppendInt(append(*p, `{"result_count":`...), int64(len(list)), 10), `,"results":[`...)
	for _, v := range list {
		b = strconv.AppendInt(append(b, `{"version":`...), v.Version, 10)
		b = schema.AppendString(append(b, `,"timestamp":`...), schema.FormatDateTime(v.At))
		b = schema.AppendString(append(b, `,"lastUpdated":`...), schema.FormatDateTime(v.Updated))
		b = append(schema.AppendString(append(b, `,"change":`...), v.Kind), '}', ',')
	}
	*p = append(closeList(b), `,"stat":"ok"}`...)
	send(w, *p)
	return nil
}
