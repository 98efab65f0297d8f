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
	p, err := c.Site.Identity(r.Context(), c.Who, r.PathValue("idTag"))
	if profile.IsKind(err, profile.NotFound) {
		return answer(w, c, http.StatusOK, nil)
	}
	if err != nil {
		return err
	}
	return answer(w, c, http.StatusOK, listedOf(c.Site, &p))
}

// maxPage is how many profiles a page has, and how many it has at most.
const maxPage = 100

// listProfiles lists profiles by name (GET /api/profiles).
func listProfiles(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return invalid("", "the query cannot be read")
	}
	q, none, err := queryOf(query)
	if err != nil {
		return err
	}
	var found []directory.Identity
	var next directory.Cursor
	more := false
	if !none {
		if found, next, more, err = c.Site.Identities(r.Context(), c.Who, q); err != nil {
			return err
		}
	}
	out := make([]listed, len(found))
	for i := range found {
		out[i] = listedOf(c.Site, &found[i])
	}
	page := &cursor{More: more}
	if more {
		page.Next = cursorText(next)
	}
	return write(w, c, http.StatusOK, envelope{Data: out, Cursor: page})
}

// queryOf reads what a list is narrowed by. none tells that nothing can match.
func queryOf(query url.Values) (q directory.IdentityQuery, none bool, err error) {
	q = directory.IdentityQuery{Term: query.Get("q"), IDTag: query.Get("idTag"), Limit: maxPage}
	if q.Term == "" {
		q.Term = query.Get("search")
	}
	switch query.Get("type") {
	case "":
	case "person":
		q.Types = []profile.Type{profile.User}
	case "community":
		q.Types = []profile.Type{profile.Community, profile.Organization}
	default:
		return q, false, invalid("type", "type is person or community")
	}
	if q.Status, err = statusesOf(query.Get("status")); err != nil {
		return q, false, err
	}
	switch v := query.Get("connected"); v {
	case "":
	case "true", "connected":
		q.Connected = []string{"connected"}
	case "R", "pending":
		q.Connected = []string{"pending"}
	case "disconnected":
		q.Connected = []string{"disconnected"}
	case "false":
		q.Connected = []string{"disconnected", "pending"}
	default:
		return q, false, invalid("connected", "connected is disconnected, pending or connected")
	}
	if q.Following, err = truth(query, "following"); err != nil {
		return q, false, err
	}
	if q.Follower, err = truth(query, "follower"); err != nil {
		return q, false, err
	}
	trusted, err := truth(query, "trustSet")
	if err != nil {
		return q, false, err
	}
	if v := query.Get("limit"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 {
			return q, false, invalid("limit", "limit is a number from 1 to %d", maxPage)
		}
		q.Limit = min(n, maxPage)
	}
	if v := query.Get("cursor"); v != "" {
		var ok bool
		if q.After, ok = parseCursor(v); !ok {
			return q, false, invalid("cursor", "not a cursor of this list")
		}
	}
	return q, trusted != nil && *trusted, nil // nobody's trust is kept yet
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
	b, err := json.Marshal(position{"name", at.Sort, at.ID.String()})
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
	if err := json.Unmarshal(raw, &p); err != nil || p.Sort != "name" {
		return at, false
	}
	id, err := profile.ParseID(p.ID)
	return directory.Cursor{Sort: p.Value, ID: id}, err == nil
}

// relate changes what a profile is to the caller (PATCH /api/profiles/{idTag}):
// by the page's word, or by the live system's status.
func relate(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	var in struct {
		Relationship string `json:"relationship"`
		Status       string `json:"status"`
		Trust        string `json:"trust"`
		HiddenInHome *bool  `json:"hiddenInHome"`
	}
	if err := read(w, r, &in); err != nil {
		return err
	}
	var moves []directory.Move
	switch {
	case in.Trust != "":
		return invalid("trust", "trust is not supported yet")
	case in.HiddenInHome != nil:
		return invalid("hiddenInHome", "hiddenInHome is not supported yet")
	case in.Relationship != "" && in.Status != "":
		return invalid("status", "status and relationship are two ways to say one thing: send one")
	case in.Relationship != "":
		moves = []directory.Move{directory.Move(in.Relationship)}
	case in.Status != "":
		if moves = movesTo(in.Status); moves == nil {
			return invalid("status", "status is active, blocked or muted")
		}
	default:
		return required("relationship")
	}
	p, err := c.Site.Relate(r.Context(), c.Who, r.PathValue("idTag"), moves...)
	if err != nil {
		return err
	}
	return answer(w, c, http.StatusOK, related{
		IDTag: c.Site.IDTag(&p.Subject), Relationship: moves[len(moves)-1], UpdatedAt: iso(c.Site.Now()),
		Status: letterOf(p.Status()), Connected: connectedOf(&p), Connection: p.Connection(), Following: p.Following, Follower: p.Follower,
	})
}

// movesTo are the moves that bring a profile to a status; the last one is what
// the answer calls it. nil for what is not the caller's to set.
func movesTo(status string) []directory.Move {
	switch word, _ := wordOf(status); word {
	case "active":
		return []directory.Move{directory.Unmute, directory.Unblock}
	case "blocked":
		return []directory.Move{directory.Block}
	case "muted":
		return []directory.Move{directory.Unblock, directory.Mute}
	}
	return nil
}
