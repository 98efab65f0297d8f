package cloudillo

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/profile"
	"facet/internal/schema"
)

// createRef makes a ref (POST /api/refs).
func createRef(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	var in struct {
		Type        string         `json:"type"`
		Description string         `json:"description"`
		ExpiresAt   jsontext.Value `json:"expiresAt"`
		ExpiresOld  jsontext.Value `json:"expires_at"`
		Count       jsontext.Value `json:"count"`
		ResourceID  string         `json:"resourceId"`
		AccessLevel string         `json:"accessLevel"`
		Params      string         `json:"params"`
	}
	if err := read(w, r, &in); err != nil {
		return err
	}
	if in.Type == "" {
		return required("type")
	}
	made := directory.Ref{
		Type: directory.RefType(in.Type), Description: in.Description, ResourceID: in.ResourceID, AccessLevel: levelOf(in.AccessLevel), Params: in.Params, Uses: 1,
	}
	expires, err := expiryOf(in.ExpiresAt, in.ExpiresOld)
	if err != nil {
		return err
	}
	if expires != nil {
		made.Expires = *expires
	}
	if in.Count != nil {
		if made.Uses, err = countOf(in.Count); err != nil {
			return err
		}
	}
	if made, err = c.Site.CreateRef(r.Context(), c.Who, made); err != nil {
		return err
	}
	return answer(w, c, http.StatusCreated, refOf(&made))
}

// levelOf reads an access level, also by its letter.
func levelOf(level string) string {
	switch level {
	case "R":
		return "read"
	case "C":
		return "comment"
	case "W":
		return "write"
	}
	return level
}

// countOf reads how often a ref may be used: null is any number of times.
func countOf(raw jsontext.Value) (int64, error) {
	if raw.Kind() == 'n' {
		return -1, nil
	}
	n, err := strconv.ParseInt(string(raw), 10, 32)
	if err != nil || n < 1 {
		return 0, invalid("count", "count is 1 or more, or null for any number")
	}
	return n, nil
}

// expiryOf reads when a ref ends, by the page's name of the member or by the
// live system's: seconds since 1970, or RFC 3339; null is never. nil when it is
// not there.
func expiryOf(members ...jsontext.Value) (*time.Time, error) {
	var out *time.Time
	for _, raw := range members {
		if raw == nil {
			continue
		}
		at, ok := timeOf(raw)
		if !ok {
			return nil, invalid("expiresAt", "expiresAt is a time: RFC 3339, or seconds since 1970")
		}
		if out != nil && !out.Equal(at) {
			return nil, invalid("expiresAt", "expiresAt and expires_at differ: send one")
		}
		out = &at
	}
	return out, nil
}

// lastSecond is the last second of the year 9999, which RFC 3339 can still
// write.
const lastSecond = 253402300799

func timeOf(raw jsontext.Value) (time.Time, bool) {
	switch raw.Kind() {
	case 'n':
		return time.Time{}, true
	case '0':
		n, err := strconv.ParseInt(string(raw), 10, 64)
		return time.Unix(n, 0).UTC(), err == nil && n > 0 && n <= lastSecond
	case '"':
		text, _ := schema.Text(stdJSON(raw))
		at, err := time.Parse(time.RFC3339, text)
		return at.UTC(), err == nil && at.Unix() > 0 && at.Unix() <= lastSecond
	}
	return time.Time{}, false
}

func stdJSON(raw jsontext.Value) jsonValue { return jsonValue(raw) }

// maxRefs is how many refs a page has, where nothing else is asked for, and at
// most.
const maxRefs = 100

// listRefs lists refs, the newest first (GET /api/refs).
func listRefs(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return invalid("", "the query cannot be read")
	}
	for name, values := range query {
		if len(values) > 1 {
			return invalid(name, "%s is there twice", name)
		}
	}
	q := directory.RefQuery{
		Type: directory.RefType(query.Get("type")), Filter: directory.RefFilter(query.Get("filter")), ResourceID: query.Get("resourceId"),
		Window: directory.Window{After: query.Get("cursor"), Max: maxRefs},
	}
	if v := query.Get("limit"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 {
			return invalid("limit", "limit is a number from 1 to %d", maxRefs)
		}
		q.Window.Max = min(n, maxRefs)
	}
	part, err := c.Site.Refs(r.Context(), c.Who, q)
	if e := profile.AsError(err); err != nil && e.Field == "page" {
		return invalid("cursor", "the cursor is none of ours")
	}
	if err != nil {
		return err
	}
	out := make([]ref, len(part.Items))
	for i := range part.Items {
		out[i] = refOf(&part.Items[i])
	}
	body := envelope{Data: out, Cursor: &cursor{}}
	if part.Next != "" {
		body.Cursor = &cursor{&part.Next, true}
	}
	if part.Next == "" && q.Window.After == "" {
		body.Pages = &pages{Limit: len(out), Total: len(out)}
	}
	return write(w, c, http.StatusOK, body)
}

// readRef answers with a ref (GET /api/refs/{id}): all of it to whom it belongs.
func readRef(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	found, whole, err := c.Site.Ref(r.Context(), c.Who, r.PathValue("id"))
	if err != nil {
		return err
	}
	if !whole {
		return answer(w, c, http.StatusOK, ref{RefID: found.ID, Type: found.Type})
	}
	return answer(w, c, http.StatusOK, refOf(&found))
}

// updateRef changes a ref (PATCH /api/refs/{id}). null clears: of the count, the
// bound.
func updateRef(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	var in struct {
		Description jsontext.Value `json:"description"`
		ExpiresAt   jsontext.Value `json:"expiresAt"`
		ExpiresOld  jsontext.Value `json:"expires_at"`
		Count       jsontext.Value `json:"count"`
		AccessLevel jsontext.Value `json:"accessLevel"`
	}
	if err := read(w, r, &in); err != nil {
		return err
	}
	var edit directory.RefEdit
	var err error
	if edit.Description, err = textOrNull("description", in.Description); err != nil {
		return err
	}
	if edit.AccessLevel, err = textOrNull("accessLevel", in.AccessLevel); err != nil {
		return err
	}
	if edit.AccessLevel != nil {
		edit.AccessLevel = new(levelOf(*edit.AccessLevel))
	}
	if edit.Expires, err = expiryOf(in.ExpiresAt, in.ExpiresOld); err != nil {
		return err
	}
	if in.Count != nil {
		n, err := countOf(in.Count)
		if err != nil {
			return err
		}
		edit.Uses = &n
	}
	changed, err := c.Site.EditRef(r.Context(), c.Who, r.PathValue("id"), edit)
	if err != nil {
		return err
	}
	return answer(w, c, http.StatusOK, refOf(&changed))
}

// textOrNull reads a text, null as the empty one; nil when it is not there.
func textOrNull(field string, raw jsontext.Value) (*string, error) {
	switch raw.Kind() {
	case 0:
		return nil, nil
	case 'n':
		return new(""), nil
	}
	text, ok := schema.Text(stdJSON(raw))
	if !ok {
		return nil, profile.E(profile.Invalid, profile.CodeType, field, "%s is not a text", field)
	}
	return &text, nil
}

// deleteRef deletes a ref (DELETE /api/refs/{id}).
func deleteRef(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	if err := c.Site.DropRef(r.Context(), c.Who, r.PathValue("id")); err != nil {
		return err
	}
	return answer(w, c, http.StatusOK, nil)
}

// How many days an invitation to make a community lives.
const (
	inviteDays    = 30
	maxInviteDays = 3650
)

// inviteCommunity lets a person make a community (POST
// /api/admin/invite-community).
func inviteCommunity(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	var in struct {
		TargetIDTag string `json:"targetIdTag"`
		Days        *int64 `json:"expiresInDays"`
		Message     string `json:"message"`
	}
	if err := c.Site.MayAdministerRefs(r.Context(), c.Who); err != nil { // before what is asked for is read
		return err
	}
	if err := read(w, r, &in); err != nil {
		return err
	}
	days := int64(inviteDays)
	if in.Days != nil {
		days = *in.Days
	}
	switch {
	case in.TargetIDTag == "":
		return required("targetIdTag")
	case days < 1 || days > maxInviteDays:
		return invalid("expiresInDays", "expiresInDays is a number from 1 to %d", maxInviteDays)
	}
	made, err := c.Site.InviteCommunity(r.Context(), c.Who, in.TargetIDTag, in.Message, time.Duration(days)*24*time.Hour)
	if err != nil {
		return err
	}
	return answer(w, c, http.StatusCreated, communityInvite{made.Ref.ID, made.Link, made.Target, made.Ref.Expires.Unix()})
}
