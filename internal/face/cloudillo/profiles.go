package cloudillo

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"

	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/profile"
)

// readProfile answers with a profile by its idtag (GET /api/profiles/{idTag}).
// One that is not there, or not for the caller, is null: what the published
// client takes for "not known here".
func readProfile(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	p, err := c.Site.Identity(r.Context(), c.Who, c.Identity, r.PathValue("idTag"))
	if profile.IsKind(err, profile.NotFound) {
		return answer(w, c, http.StatusOK, nil)
	}
	if err != nil {
		return err
	}
	return answer(w, c, http.StatusOK, listedOf(c.Site, &p))
}

// refreshProfile answers with a profile as it is now (POST
// /api/profiles/{idTag}/refresh). All live here: there is nothing to fetch.
func refreshProfile(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	p, err := c.Site.Identity(r.Context(), c.Who, c.Identity, r.PathValue("idTag"))
	if err != nil {
		return err
	}
	return answer(w, c, http.StatusOK, refreshed{identityOf(c.Site, &p.Subject), letterOf(p.Status()), iso(p.Created)})
}

// maxBatch is how many idtags one call may name.
const maxBatch = 64

// readProfiles answers with several profiles, in the order they are asked for
// (GET /api/profiles/batch). Those that are not there, or not for the caller,
// are left out.
func readProfiles(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	query, err := parseQuery(r, "idTags")
	if err != nil {
		return err
	}
	var tags []string
	if list := query.Get("idTags"); list != "" {
		tags = strings.Split(list, ",")
	}
	if len(tags) > maxBatch {
		return invalid("idTags", "idTags: at most %d entries per request", maxBatch)
	}
	found, err := c.Site.IdentityBatch(r.Context(), c.Who, tags)
	if err != nil {
		return err
	}
	out := make([]identity, len(found))
	for i := range found {
		out[i] = identityOf(c.Site, &found[i])
	}
	return answer(w, c, http.StatusOK, out)
}

// maxPage is how many profiles a page has, and how many it has at most.
const maxPage = 100

// listProfiles lists profiles (GET /api/profiles): by name, or where a relation
// narrows the list by its time.
func listProfiles(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	query, err := parseQuery(r, listParameters...)
	if err != nil {
		return err
	}
	q, err := queryOf(query)
	if err != nil {
		return err
	}
	found, next, more, err := c.Site.Identities(r.Context(), c.Who, c.Identity, q)
	if err != nil {
		return err
	}
	out := make([]listed, len(found))
	for i := range found {
		out[i] = listedOf(c.Site, &found[i])
	}
	page := &cursor{More: more}
	if more {
		page.Next = new(cursorText(next))
	}
	return write(w, c, http.StatusOK, envelope{Data: out, Cursor: page})
}

// listParameters are what a list is asked by.
var listParameters = []string{"type", "status", "connected", "following", "follower", "trustSet", "q", "search", "idTag", "limit", "cursor", "sort", "sortDir"}

// parseQuery reads a query in which each of these parameters stands once.
func parseQuery(r *http.Request, parameters ...string) (url.Values, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, invalid("", "the query cannot be read")
	}
	for _, name := range parameters {
		if len(query[name]) > 1 {
			return nil, invalid(name, "%s is given more than once", name)
		}
	}
	return query, nil
}

// queryOf reads what a list is narrowed by.
func queryOf(query url.Values) (q directory.IdentityQuery, err error) {
	q = directory.IdentityQuery{Term: query.Get("q"), IDTag: query.Get("idTag"), Limit: maxPage}
	switch search := query.Get("search"); {
	case q.Term == "":
		q.Term = search
	case search != "" && search != q.Term:
		return q, invalid("search", "q and search are two names of one thing: send one")
	}
	switch query.Get("type") {
	case "":
	case "person":
		q.Types = []profile.Type{profile.User}
	case "community":
		q.Types = []profile.Type{profile.Community, profile.Organization}
	default:
		return q, invalid("type", "type is person or community")
	}
	if q.Status, err = statusesOf(query.Get("status")); err != nil {
		return q, err
	}
	switch v := query.Get("connected"); v {
	case "":
	case "true", "connected":
		q.Connected = []string{"connected"}
	case "R", "pending":
		q.Connected = []string{"pending"}
	case "asked":
		q.Connected = []string{"asked"}
	case "disconnected":
		q.Connected = []string{"disconnected"}
	case "false":
		q.Connected = []string{"disconnected", "pending"}
	default:
		return q, invalid("connected", "connected is disconnected, pending, asked or connected")
	}
	for _, flag := range []struct {
		name string
		into **bool
	}{{"following", &q.Following}, {"follower", &q.Follower}, {"trustSet", &q.Trusted}} {
		if *flag.into, err = truth(query, flag.name); err != nil {
			return q, err
		}
	}
	if v := query.Get("limit"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 {
			return q, invalid("limit", "limit is a number from 1 to %d", maxPage)
		}
		q.Limit = min(n, maxPage)
	}
	if err := orderOf(query, &q); err != nil {
		return q, err
	}
	if v := query.Get("cursor"); v != "" {
		var ok bool
		if q.After, ok = parseCursor(v); !ok {
			return q, invalid("cursor", "not a cursor of this list")
		}
	}
	return q, nil
}

// orderOf reads how a list is ordered: by name, or where a relation narrows it
// by the time of that (created), which comes the newest first.
func orderOf(query url.Values, q *directory.IdentityQuery) error {
	switch query.Get("sort") {
	case "":
	case "name":
		q.ByName = true
	case "created":
		if !q.ByTime() {
			return invalid("sort", "sort=created orders a list that a relation narrows: connected, following=true, follower=true, trustSet=true or status")
		}
	default:
		return invalid("sort", "sort is name or created")
	}
	switch query.Get("sortDir") {
	case "":
	case "asc":
		q.Backwards = q.ByTime()
	case "desc":
		q.Backwards = !q.ByTime()
	default:
		return invalid("sortDir", "sortDir is asc or desc")
	}
	return nil
}

// statusesOf reads a comma list of words or letters. Unknown ones are dropped,
// but not all of them.
func statusesOf(list string) (words []string, err error) {
	given := false
	for one := range strings.SplitSeq(list, ",") {
		if one = strings.TrimSpace(one); one == "" {
			continue
		}
		given = true
		if word, ok := wordOf(one); ok && !slices.Contains(words, word) {
			words = append(words, word)
		}
	}
	if given && len(words) == 0 {
		return nil, invalid("status", "unknown status codes")
	}
	return words, nil
}

func truth(query url.Values, field string) (*bool, error) {
	switch query.Get(field) {
	case "":
		return nil, nil
	case "true":
		return new(true), nil
	case "false":
		return new(false), nil
	}
	return nil, invalid(field, "%s is true or false", field)
}

// position is what a cursor says; clients take it for a text.
type position struct {
	Sort  string `json:"s"`
	Value string `json:"v"`
	ID    string `json:"id"`
}

func cursorText(at directory.Cursor) string {
	b, err := json.Marshal(position{at.List, at.Sort, at.ID.String()})
	if err != nil { // a sort name is UTF-8
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

func parseCursor(text string) (at directory.Cursor, ok bool) {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return at, false
	}
	var p position
	if err := json.Unmarshal(raw, &p); err != nil || p.Sort == "" {
		return at, false
	}
	id, err := profile.ParseID(p.ID)
	return directory.Cursor{List: p.Sort, Sort: p.Value, ID: id}, err == nil
}
