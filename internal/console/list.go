package console

import (
	"net/http"
	"net/url"
	"strings"

	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/profile"
)

const (
	quickHits = 8
	pageSize  = 50
)

// quick answers the search box while somebody types.
func (c *Console) quick(w http.ResponseWriter, r *http.Request, call *face.Call) error {
	text := strings.TrimSpace(r.URL.Query().Get("q"))
	found, err := call.Site.Quick(r.Context(), call.Who, text, quickHits)
	if err != nil {
		return err
	}
	return c.part(w, r, call, http.StatusOK, "quick", map[string]any{"Query": text, "Hits": found, "Tags": tags(call, found)})
}

// tags gives the idtag of each, by id.
func tags(call *face.Call, list []directory.Subject) map[profile.ID]string {
	out := make(map[profile.ID]string, len(list))
	for i := range list {
		out[list[i].ID] = call.Site.IDTag(&list[i])
	}
	return out
}

// listData is the search page. Its address has everything that is asked for:
// it is the search, saved.
type listData struct {
	Text, Type, State, By, Related, Filter string
	Items                                  []directory.Subject
	Tags                                   map[profile.ID]string
	Previous, Next                         string // addresses; "" for none
	Narrowed                               bool
	More                                   bool // the further filters are in use
	Fault, FaultField                      string
}

var listTypes = map[string]profile.Type{"person": profile.User, "organization": profile.Organization, "community": profile.Community}

// list finds people and groups.
func (c *Console) list(w http.ResponseWriter, r *http.Request, call *face.Call) error {
	q := r.URL.Query()
	get := func(name string) string { return strings.TrimSpace(q.Get(name)) }
	d := listData{Text: get("q"), Type: get("type"), State: get("state"), By: get("by"), Related: strings.TrimPrefix(get("related"), "@"), Filter: get("filter")}
	d.More = d.Related != "" || d.Filter != ""
	d.Narrowed = d.Text+d.Type+d.State+d.Related+d.Filter != ""
	query := directory.RecordQuery{Text: d.Text, State: profile.State(d.State), Related: d.Related, By: directory.LookupRelation(d.By), Filter: d.Filter}
	if d.Type != "" {
		query.Types = []profile.Type{listTypes[d.Type]}
	}
	window := directory.Window{After: q.Get("after"), Before: q.Get("before"), Max: pageSize}
	if window.Before != "" {
		window.After = ""
	}
	found, err := call.Site.Records(r.Context(), call.Who, query, window)
	status := http.StatusOK
	if err != nil {
		e := profile.AsError(err)
		switch {
		case e.Kind == profile.Internal || e.Kind == profile.Forbidden || e.Kind == profile.Unauthenticated:
			return err
		case e.Kind == profile.NotFound && e.Field == "page":
			return err
		}
		status, d.Fault, d.FaultField = statusOf(e), sentence(e.Message), e.Field
		if status == http.StatusNotFound { // of what is asked for, not of the page
			status = http.StatusUnprocessableEntity
		}
	}
	d.Items, d.Tags = found.Items, tags(call, found.Items)
	d.Previous, d.Next = listAddress(q, "before", found.Previous), listAddress(q, "after", found.Next)
	if isPart(r) && r.Header.Get("Hx-Target") == "results" {
		return c.part(w, r, call, status, "results", d)
	}
	return c.show(w, r, call, status, page{Name: "list", Title: "Profiles", Section: "profiles", Wide: true, Data: d})
}

// listAddress is the address of a page of a list.
func listAddress(q url.Values, way, place string) string {
	if place == "" {
		return ""
	}
	out := url.Values{}
	for _, name := range []string{"q", "type", "state", "by", "related", "filter"} {
		if v := q.Get(name); v != "" {
			out.Set(name, v)
		}
	}
	out.Set(way, place)
	return "/console/profiles?" + out.Encode()
}
