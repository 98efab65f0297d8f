package entity

import (
	"net/http"
	"strconv"
	"time"

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
	at, err := readTimestamp(f, c.Site.Now())
	if err != nil {
		return err
	}
	e, err := c.Site.EntityAt(r.Context(), c.Who, t.typeName, t.sel, at)
	if err != nil {
		return selectorError(err)
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

// typeVersion is versions/entityType: the entity type as it was at timestamp,
// in the form of entityType.
func typeVersion(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	f := c.Form.(*form)
	typeName := f.text("type_name")
	if typeName == "" {
		return missingArgument("type_name")
	}
	at, err := readTimestamp(f, c.Site.Now())
	if err != nil {
		return err
	}
	typ, err := c.Site.EntityTypeAt(r.Context(), c.Who, typeName, at)
	if err != nil {
		return err
	}
	sendSchema(w, typ.Name, typ.AllDefs())
	return nil
}

// readTimestamp reads the time that a version is asked for, in any form of date
// and time; now when nothing is said.
func readTimestamp(f *form, now time.Time) (time.Time, error) {
	v := f.text("timestamp")
	if v == "" {
		return now, nil
	}
	at, err := schema.ParseDateTime(v, now)
	if err != nil {
		return at, badArgument("timestamp", "it must be a date and time")
	}
	return at, nil
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
