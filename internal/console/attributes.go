package console

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/profile"
)

// attributesForm is the form of what an entity type governs.
type attributesForm struct {
	Version  int64 // that it is made from
	Fields   []*field
	Fault    string   // what has no field of its own
	Saved    bool     //
	Conflict string   // who changed it meanwhile; "": nobody
	Drop     []string // elements that are to go
	Clashes  int      // fields that both changed
}

// attributes shows a profile's attributes.
func (c *Console) attributes(w http.ResponseWriter, r *http.Request, call *face.Call) error {
	rec, err := recordAt(r, call)
	if err != nil {
		return err
	}
	form := attributesForm{Version: rec.Version, Fields: fieldsOf(rec.Schema, rec.Attrs), Saved: r.URL.Query().Has("saved")}
	return c.showTab(w, r, call, http.StatusOK, rec, "attributes", form)
}

// saveAttributes changes what differs from what the form showed. Where somebody
// was faster, the form is shown again with their changes, and beside what both
// changed what they wrote.
func (c *Console) saveAttributes(w http.ResponseWriter, r *http.Request, call *face.Call) error {
	rec, err := recordAt(r, call)
	if err != nil {
		return err
	}
	if err := parseForm(r); err != nil {
		return err
	}
	version, err := strconv.ParseInt(r.PostFormValue("version"), 10, 64)
	if err != nil {
		return profile.E(profile.Invalid, profile.CodeInvalid, "version", "the form is not complete")
	}
	base, by, err := c.baseOf(r, call, rec, version)
	if err != nil {
		return err
	}
	changes := changesOf(base, r.PostForm)
	drop := r.PostForm["drop"]
	for _, at := range drop { // what goes need not be changed first
		eachField(base, func(f *field) {
			for _, e := range f.Elements {
				if e.At == at {
					for name := range values(e.Fields) {
						delete(changes, name)
					}
				}
			}
		})
	}
	if by != "" {
		return c.showConflict(w, r, call, rec, base, changes, drop, by)
	}
	patch, err := patchOf(base, changes)
	if err == nil {
		_, err = call.Site.EditRecord(r.Context(), call.Who, rec.ID, directory.RecordEdit{Version: version, Attrs: patch, Drop: drop})
	}
	if err == nil {
		return redirect(w, r, "/console/profiles/"+rec.ID.String()+"?saved=1")
	}
	e := profile.AsError(err)
	if e.Code == profile.CodeVersionMismatch { // just now
		if rec, err = recordAt(r, call); err != nil {
			return err
		}
		return c.showConflict(w, r, call, rec, base, changes, drop, "Somebody")
	}
	if !slices.Contains([]profile.Kind{profile.Invalid, profile.Missing, profile.Taken, profile.Malformed, profile.Unknown, profile.TooLarge}, e.Kind) {
		return err
	}
	form := attributesForm{Version: version, Fields: base, Drop: drop}
	typed(form.Fields, r.PostForm)
	if !fault(form.Fields, e, changes) {
		form.Fault = saying(e)
	}
	return c.showTab(w, r, call, http.StatusUnprocessableEntity, rec, "attributes", form)
}

// baseOf makes the form as it was shown, of the version that it was made from,
// and says who has changed the record since.
func (c *Console) baseOf(r *http.Request, call *face.Call, rec directory.Record, version int64) (fields []*field, by string, err error) {
	if version == rec.Version {
		return fieldsOf(rec.Schema, rec.Attrs), "", nil
	}
	list, err := call.Site.RecordVersions(r.Context(), call.Who, rec.ID, 0, int(max(0, min(rec.Version-version, 200))))
	if err != nil {
		return nil, "", err
	}
	for _, v := range list {
		if v.Version.Version == rec.Version {
			if by = v.ActorName; by == "" {
				by = "Somebody"
			}
		}
		if v.Version.Version == version {
			return fieldsOf(rec.Schema, v.Attrs), by, nil
		}
	}
	return nil, "", errStale
}

// typed puts what was sent into a form.
func typed(fields []*field, sent url.Values) {
	eachField(fields, func(f *field) {
		if list, ok := sent["a:"+f.Name]; ok {
			f.Value = list[len(list)-1]
			f.Filled = f.Filled || f.Value != ""
		}
	})
}

// showConflict shows the record as it is now with one's own changes in it.
func (c *Console) showConflict(w http.ResponseWriter, r *http.Request, call *face.Call, rec directory.Record, base []*field, mine map[string]string, drop []string, by string) error {
	form := attributesForm{Version: rec.Version, Fields: fieldsOf(rec.Schema, rec.Attrs), Conflict: by, Drop: drop}
	was := values(base)
	eachField(form.Fields, func(f *field) {
		text, changed := mine[f.Name]
		if !changed || f.Input == "object" || f.Input == "plural" {
			return
		}
		theirs := f.Value
		f.Value, f.Filled = text, true
		if theirs != text && theirs != was[f.Name] {
			f.Theirs = &theirs
			form.Clashes++
		}
	})
	open(form.Fields)
	return c.showTab(w, r, call, http.StatusConflict, rec, "attributes", form)
}
