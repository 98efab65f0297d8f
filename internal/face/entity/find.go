package entity

import (
	"net/http"
	"strconv"

	"facet/internal/directory"
	"facet/internal/face"
)

// What entity.find answers with when it is not told otherwise, and at most.
const (
	defaultResults = 100
	maxResults     = 10000
)

// find is entity.find: {"result_count":1,"results":[{…}],"stat":"ok"}, with
// total_count when show_total_count is true.
func find(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	f := c.Form.(*form)
	typeName, q, err := readQuery(f)
	if err != nil {
		return err
	}
	page, err := c.Site.FindEntities(r.Context(), c.Who, typeName, q)
	if err != nil {
		return answerError(err, "filter", "sort_on")
	}
	sendPage(w, page, q.Total)
	return nil
}

func readQuery(f *form) (typeName string, q directory.Query, err error) {
	if typeName = f.text("type_name"); typeName == "" {
		return "", q, missingArgument("type_name")
	}
	q.Filter = f.text("filter")
	if q.First, err = f.number("first_result", 0, 0, maxInt); err != nil {
		return "", q, err
	}
	if q.Max, err = f.number("max_results", defaultResults, 1, maxResults); err != nil {
		return "", q, err
	}
	if q.Total, err = f.flag("show_total_count"); err != nil {
		return "", q, err
	}
	if q.Sort, _, err = f.list("sort_on"); err != nil {
		return "", q, err
	}
	only, some, err := f.list("attributes")
	if some {
		q.Only = append([]string{}, only...)
	}
	return typeName, q, err
}

// sendPage writes a page; a large one leaves in pieces, so that an answer of
// thousands of records is never held whole.
func sendPage(w http.ResponseWriter, page directory.Page, total bool) {
	p := takeBuffer()
	defer giveBuffer(p)
	b := strconv.AppendInt(append(*p, `{"result_count":`...), int64(len(page.Entities)), 10)
	if total {
		b = strconv.AppendInt(append(b, `,"total_count":`...), page.Total, 10)
	}
	b = append(b, `,"results":[`...)
	begun := false
	for i := range page.Entities {
		if i > 0 {
			b = append(b, ',')
		}
		b = page.Render(b, i)
		if len(b) >= chunk {
			if !begun {
				setHeaders(w.Header())
				begun = true
			}
			if _, err := w.Write(b); err != nil {
				return // the client is gone
			}
			b = b[:0]
		}
	}
	*p = append(b, `],"stat":"ok"}`...)
	if begun {
		_, _ = w.Write(*p)
		return
	}
	send(w, *p)
}

// count is entity.count: {"total_count":7,"stat":"ok"}.
func count(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	f := c.Form.(*form)
	typeName := f.text("type_name")
	if typeName == "" {
		return missingArgument("type_name")
	}
	n, err := c.Site.CountEntities(r.Context(), c.Who, typeName, f.text("filter"))
	if err != nil {
		return argumentError(err, "filter")
	}
	send(w, append(strconv.AppendInt([]byte(`{"total_count":`), n, 10), `,"stat":"ok"}`...))
	return nil
}

var _ face.Form = (*form)(nil)
