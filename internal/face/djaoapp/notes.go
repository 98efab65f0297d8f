package djaoapp

import (
	"net/http"

	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/profile"
)

// activity is what was noted about a profile or a person (API reference,
// "Activities").
type activity struct {
	CreatedAt string  `json:"created_at"`
	CreatedBy *string `json:"created_by"` // user name; null: erased
	Text      string  `json:"text"`
	Account   *string `json:"account"` // slug of the profile it is about
	Contact   *string `json:"contact"` // user name of the person it is about
}

var activityColumns = []column[activity]{
	{"text", func(a *activity) string { return a.Text }, true, false},
	{"created_at", func(a *activity) string { return sortable(a.CreatedAt) }, false, true},
}

func activityOf(n *directory.Note) activity {
	return activity{iso(n.Created), orNull(n.Author), n.Text, orNull(n.Account), orNull(n.Contact)}
}

// about is a route's part of what notes are about: who the path names.
func about(kind directory.NoteAbout) (param, what, other string) {
	if kind == directory.AboutContact {
		return "user", "User", "account"
	}
	return "profile", "Organization", "contact"
}

// shownActivities gives the newest notes about a profile or a person, nil for a
// caller who may not read them.
func shownActivities(r *http.Request, c *face.Call, kind directory.NoteAbout, slug string) ([]activity, error) {
	notes, err := c.Site.Notes(r.Context(), kind, c.Who, slug, directory.ListQuery{Window: directory.Window{Max: defaultPageSize}})
	if profile.IsKind(err, profile.Forbidden) || profile.IsKind(err, profile.NotFound) {
		return nil, nil
	}
	out := make([]activity, len(notes.Items))
	for i := range notes.Items {
		out[i] = activityOf(&notes.Items[i])
	}
	return out, err
}

// listActivities lists what was noted about a profile or a person (GET
// /api/activities/{profile}, GET /api/contacts/{user}/activities).
func listActivities(kind directory.NoteAbout) face.Handler {
	param, what, _ := about(kind)
	return func(w http.ResponseWriter, r *http.Request, c *face.Call) error {
		a, q, err := readListQuery(r, "-created_at", "created_at")
		if err != nil {
			return err
		}
		notes, err := c.Site.Notes(r.Context(), kind, c.Who, r.PathValue(param), q)
		if err != nil {
			return hide(r, c, err, what)
		}
		return writeList(w, r, c, a, &notes, activityColumns, activityOf)
	}
}

// createActivity notes something about a profile or a person (POST
// /api/activities/{profile}, POST /api/contacts/{user}/activities).
func createActivity(kind directory.NoteAbout) face.Handler {
	param, what, other := about(kind)
	return func(w http.ResponseWriter, r *http.Request, c *face.Call) error {
		slug := r.PathValue(param)
		if err := c.Site.MayNote(r.Context(), kind, c.Who, slug); err != nil {
			return hide(r, c, err, what)
		}
		in, err := readFields(w, r)
		if err != nil {
			return err
		}
		draft := directory.NewNote{Text: in.required("text", directory.MaxNote), Account: slug}
		named, _ := in.note(other, directory.MaxSlug)
		if draft.Contact = named; kind == directory.AboutContact {
			draft.Account, draft.Contact = named, slug
		}
		if err := in.err(); err != nil {
			return err
		}
		if draft.Repeat, err = in.repeat(r); err != nil {
			return err
		}
		made, err := c.Site.AddNote(r.Context(), kind, c.Who, draft)
		if err != nil {
			return hide(r, c, err, what)
		}
		return write(w, http.StatusCreated, activityOf(&made))
	}
}

// unknown is the error for a thing that is not there, where anybody may know.
// what is DjaoApp's word for it.
func unknown(err error, what string) error {
	if !profile.IsKind(err, profile.NotFound) {
		return err
	}
	return refuse(profile.NotFound, profile.CodeNotFound, http.StatusNotFound, detail("No "+what+" matches the given query."))
}
