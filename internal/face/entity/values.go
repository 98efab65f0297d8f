package entity

import (
	"net/http"
	"strconv"

	"facet/internal/directory"
	"facet/internal/face"
)

// attributeValues is entity.attributeValues: the distinct values of an
// attribute, {"result_count":2,"results":["female","male"],"stat":"ok"}.
func attributeValues(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	f := c.Form.(*form)
	typeName := f.text("type_name")
	q := directory.ValueQuery{Path: f.text("attribute_path")}
	switch {
	case typeName == "":
		return missingArgument("type_name")
	case q.Path == "":
		return missingArgument("attribute_path")
	}
	var err error
	if q.First, err = f.number("first_result", 0, 0, directory.MaxValues); err != nil {
		return err
	}
	if q.Max, err = f.number("max_results", defaultResults, 1, directory.MaxValues); err != nil {
		return err
	}
	if q.First+q.Max > directory.MaxValues {
		return badArgument("first_result", "at most the first %d values can be listed", directory.MaxValues)
	}
	values, err := c.Site.AttributeValues(r.Context(), c.Who, typeName, q)
	if err != nil {
		return answerError(err, "attribute_path")
	}
	p := takeBuffer()
	defer giveBuffer(p)
	b := append(strconv.AppendInt(append(*p, `{"result_count":`...), int64(len(values)), 10), `,"results":[`...)
	for _, v := range values {
		b = append(append(b, v...), ',')
	}
	*p = append(closeList(b), `,"stat":"ok"}`...)
	send(w, *p)
	return nil
}
