package console

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/profile"
)

// documentRow is a document in a list.
type documentRow struct {
	directory.Document
	App  string // its name
	Path string
}

// documentForm is a document in an editor: as text, so that every number stays
// as it is written.
type documentForm struct {
	App     string
	Version int64
	Text    string
	Theirs  string // what it is by now, where somebody else changed it
	Faults  []string
	Saved   bool
	Action  string
	Back    crumb
	Owner   string // whose it is; "" one's own
}

// rows lists documents with the names of their apps.
func (c *Console) rows(r *http.Request, call *face.Call, of directory.DocumentCall, at string) ([]documentRow, error) {
	list, err := call.Site.DocumentsOf(r.Context(), call.Who, of)
	if err != nil {
		return nil, err
	}
	apps, err := call.Site.Apps(r.Context())
	if err != nil {
		return nil, err
	}
	names := map[int64]string{}
	for _, a := range apps {
		names[a.ID] = a.Name
	}
	out := make([]documentRow, len(list))
	for i, d := range list {
		out[i] = documentRow{d, names[d.App], at + "/" + strconv.FormatInt(d.App, 10)}
	}
	return out, nil
}

func (c *Console) documents(w http.ResponseWriter, r *http.Request, call *face.Call) error {
	rec, err := recordAt(r, call)
	if err != nil {
		return err
	}
	if rec.Type != profile.User {
		return profile.E(profile.NotFound, profile.CodeNotFound, "", "only people have documents")
	}
	rows, err := c.rows(r, call, directory.DocumentCall{DocumentPlace: directory.DocumentPlace{User: rec.ID}, Any: true}, "/console/profiles/"+rec.ID.String()+"/documents")
	if err != nil {
		return err
	}
	return c.showTab(w, r, call, http.StatusOK, rec, "documents", rows)
}

func (c *Console) myDocuments(w http.ResponseWriter, r *http.Request, call *face.Call) error {
	rows, err := c.rows(r, call, directory.DocumentCall{}, "/console/me/documents")
	if err != nil {
		return err
	}
	return c.show(w, r, call, http.StatusOK, page{Name: "mydocuments", Title: "App documents", Section: "documents", Data: rows})
}

// theirs and mine say whose document the path names.
func theirs(r *http.Request, call *face.Call) (of directory.DocumentCall, owner string, back string, err error) {
	rec, err := recordAt(r, call)
	if err != nil {
		return of, "", "", err
	}
	of = directory.DocumentCall{DocumentPlace: directory.DocumentPlace{User: rec.ID}, Any: true}
	of.App, err = appAt(r)
	return of, rec.FullName(), "/console/profiles/" + rec.ID.String() + "/documents", err
}

func mine(r *http.Request) (of directory.DocumentCall, err error) {
	of.App, err = appAt(r)
	return of, err
}

func appAt(r *http.Request) (int64, error) {
	id, err := strconv.ParseInt(r.PathValue("app"), 10, 64)
	if err != nil {
		return 0, profile.E(profile.NotFound, profile.CodeNotFound, "app_id", "no such app")
	}
	return id, nil
}

func (c *Console) document(w http.ResponseWriter, r *http.Request, call *face.Call) error {
	of, owner, back, err := theirs(r, call)
	if err != nil {
		return err
	}
	return c.showDocument(w, r, call, of, documentForm{Owner: owner, Back: crumb{owner, back}})
}

func (c *Console) myDocument(w http.ResponseWriter, r *http.Request, call *face.Call) error {
	of, err := mine(r)
	if err != nil {
		return err
	}
	return c.showDocument(w, r, call, of, documentForm{Back: crumb{"App documents", "/console/me/documents"}})
}

func (c *Console) showDocument(w http.ResponseWriter, r *http.Request, call *face.Call, of directory.DocumentCall, form documentForm) error {
	d, err := call.Site.Document(r.Context(), call.Who, of)
	if err != nil {
		return err
	}
	form.Version, form.Text, form.Saved = d.Version, pretty(d.Data), r.URL.Query().Has("saved")
	return c.showEditor(w, r, call, http.StatusOK, of, form)
}

func (c *Console) showEditor(w http.ResponseWriter, r *http.Request, call *face.Call, status int, of directory.DocumentCall, form documentForm) error {
	apps, err := call.Site.Apps(r.Context())
	if err != nil {
		return err
	}
	form.App, form.Action = "App "+strconv.FormatInt(of.App, 10), form.Back.Path+"/"+strconv.FormatInt(of.App, 10)
	for _, a := range apps {
		if a.ID == of.App {
			form.App = a.Name
		}
	}
	section := "documents"
	crumbs := []crumb{form.Back}
	if form.Owner != "" {
		section, crumbs = "profiles", []crumb{{"Profiles", "/console/profiles"}, form.Back}
	}
	return c.show(w, r, call, status, page{Name: "document", Title: form.App, Section: section, Crumbs: crumbs, Data: form})
}

func (c *Console) saveDocument(w http.ResponseWriter, r *http.Request, call *face.Call) error {
	of, owner, back, err := theirs(r, call)
	if err != nil {
		return err
	}
	return c.putDocument(w, r, call, of, documentForm{Owner: owner, Back: crumb{owner, back}})
}

func (c *Console) saveMyDocument(w http.ResponseWriter, r *http.Request, call *face.Call) error {
	of, err := mine(r)
	if err != nil {
		return err
	}
	return c.putDocument(w, r, call, of, documentForm{Back: crumb{"App documents", "/console/me/documents"}})
}

// putDocument keeps what was typed, if the document is still the one it was
// typed over; else both are shown.
func (c *Console) putDocument(w http.ResponseWriter, r *http.Request, call *face.Call, of directory.DocumentCall, form documentForm) error {
	if err := parseForm(r); err != nil {
		return err
	}
	form.Text = strings.ReplaceAll(r.PostFormValue("text"), "\r\n", "\n")
	version, err := strconv.ParseInt(r.PostFormValue("version"), 10, 64)
	if err != nil {
		return profile.E(profile.Invalid, profile.CodeInvalid, "version", "the form is not complete")
	}
	form.Version = version
	now, err := call.Site.Document(r.Context(), call.Who, of) // somebody's who is there
	if err != nil {
		return err
	}
	of.Match = directory.Match{If: []int64{version}}
	text, err := directory.ReadDocument([]byte(form.Text))
	if err == nil {
		_, _, err = call.Site.PutDocument(r.Context(), call.Who, of, text)
	}
	if err == nil {
		return redirect(w, r, form.Back.Path+"/"+strconv.FormatInt(of.App, 10)+"?saved=1")
	}
	e := profile.AsError(err)
	switch {
	case e.Kind == profile.Internal || e.Kind == profile.NotFound || e.Kind == profile.Unauthenticated:
		return err
	case e.Code == profile.CodeVersionMismatch:
		form.Version, form.Theirs = now.Version, pretty(now.Data)
	case e.Code == profile.CodeSchema:
		form.Faults = violations(e)
	default:
		form.Faults = []string{saying(e)}
	}
	return c.showEditor(w, r, call, statusOf(e), of, form)
}

// violations says what breaks the schema of an app, and where.
func violations(e *profile.Error) []string {
	list, _ := e.Detail["violations"].([]directory.Violation)
	var out []string
	for _, v := range list {
		at := v.Pointer
		if at == "" {
			at = "the whole document"
		}
		out = append(out, fmt.Sprintf("%s: %s", at, v.Message))
	}
	if out == nil {
		out = []string{saying(e)}
	}
	return out
}
