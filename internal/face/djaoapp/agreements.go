package djaoapp

import (
	"net/http"
	"strings"
	"time"

	"facet/internal/access"
	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/profile"
)

var agreementColumns = []column[agreement]{
	{"slug", func(a *agreement) string { return a.Slug }, true, true},
	{"title", func(a *agreement) string { return a.Title }, true, true},
	{"updated_at", func(a *agreement) string { return sortable(a.UpdatedAt) }, false, true},
}

const (
	maxTitle = 150
	maxText  = 100_000 // characters
)

// listLegal lists the site's agreements for everybody (GET /api/legal).
func listLegal(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	found, err := c.Site.Agreements(r.Context())
	if err != nil {
		return err
	}
	all := make([]agreement, len(found))
	for i := range found {
		all[i] = agreementOf(&found[i])
	}
	return writePage(w, r, c, all, agreementColumns)
}

// readLegal shows an agreement to everybody (GET /api/legal/{agreement}).
func readLegal(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	a, err := c.Site.Agreement(r.Context(), r.PathValue("agreement"))
	if err != nil {
		return noAgreement(err)
	}
	return write(w, http.StatusOK, agreementDetailOf(&a))
}

// noAgreement is the answer for an agreement that is not there: they are no
// secret, so everybody learns it.
func noAgreement(err error) error {
	if profile.IsKind(err, profile.NotFound) {
		return refuse(profile.NotFound, profile.CodeNotFound, http.StatusNotFound, detail("No Agreement matches the given query."))
	}
	return err
}

// chooseLegal keeps what the caller allows, where an agreement lets people
// choose: fields are true or false (POST /api/legal/{agreement}).
func chooseLegal(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	a, err := c.Site.Agreement(r.Context(), r.PathValue("agreement"))
	if err != nil {
		return noAgreement(err)
	}
	in, err := readFields(w, r)
	if err != nil {
		return err
	}
	choices := map[string]bool{}
	for field := range in.values {
		if !directory.IsSlug(field) || len(field) > maxSlug {
			continue
		}
		choices[field], _ = in.truth(field)
	}
	if err := in.err(); err != nil {
		return err
	}
	if len(choices) == 0 {
		return write(w, http.StatusOK, agreementDetailOf(&a))
	}
	if err := c.Site.Choose(r.Context(), c.Who, a.Slug, choices); err != nil {
		return noAgreement(err)
	}
	return write(w, http.StatusOK, agreementDetailOf(&a))
}

// signLegal signs an agreement (POST /api/legal/{agreement}/sign).
func signLegal(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	slug := r.PathValue("agreement")
	if _, err := c.Site.Agreement(r.Context(), slug); err != nil {
		return noAgreement(err)
	}
	in, err := readFields(w, r)
	if err != nil {
		return err
	}
	yes, ok := in.truth("read_terms")
	if !in.has("read_terms") {
		in.wrong("read_terms", textRequired)
	}
	if err := in.err(); err != nil {
		return err
	}
	if !ok || !yes {
		return refuse(profile.Invalid, profile.CodeInvalid, http.StatusBadRequest, []string{"You have to agree with the terms"})
	}
	at, err := c.Site.Sign(r.Context(), c.Who, slug)
	if err != nil {
		return noAgreement(err)
	}
	return write(w, http.StatusOK, signedAgreement{true, iso(at)})
}

// signs reads which agreements somebody signs by registering: a field is named
// for each. One that says no is refused.
func (in *fields) signs(r *http.Request, c *face.Call) (slugs []string, err error) {
	all, err := c.Site.Agreements(r.Context())
	if err != nil {
		return nil, err
	}
	for _, a := range all {
		raw, there := in.values[a.Slug]
		if !there || raw.Kind() == 'n' {
			continue
		}
		text := strings.ToLower(strings.Trim(string(raw), `" `))
		switch {
		case raw.Kind() == '{' || raw.Kind() == '[':
			in.wrong(a.Slug, textString)
		case text == "false" || text == "f" || text == "0" || text == "":
			in.problem(a.Slug, "You must read and agree to the "+a.Title+".")
		default:
			slugs = append(slugs, a.Slug)
		}
	}
	return slugs, nil
}

// listAgreements lists the site's agreements for who keeps them (GET
// /api/agreements).
func listAgreements(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	if err := c.Site.MayAgreements(r.Context(), access.AgreementRead, c.Who); err != nil {
		return err
	}
	return listLegal(w, r, c)
}

// readAgreement is readLegal for who keeps the agreements (GET
// /api/agreements/{agreement}).
func readAgreement(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	if err := c.Site.MayAgreements(r.Context(), access.AgreementRead, c.Who); err != nil {
		return err
	}
	return readLegal(w, r, c)
}

// createAgreement makes an agreement (POST /api/agreements).
func createAgreement(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	edit, err := readAgreementEdit(w, r, c)
	if err != nil {
		return err
	}
	var in directory.Agreement
	in.Title = *edit.Title
	if edit.Text != nil {
		in.Text = *edit.Text
	}
	if edit.Updated != nil {
		in.Updated = *edit.Updated
	}
	made, err := c.Site.AddAgreement(r.Context(), c.Who, in)
	if err != nil {
		return err
	}
	return write(w, http.StatusCreated, agreementDetailOf(&made))
}

// replaceAgreement changes an agreement; what is not named stays as it is (PUT
// /api/agreements/{agreement}).
func replaceAgreement(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	edit, err := readAgreementEdit(w, r, c)
	if err != nil {
		return err
	}
	a, err := c.Site.EditAgreement(r.Context(), c.Who, r.PathValue("agreement"), edit)
	if err != nil {
		return noAgreement(err)
	}
	return write(w, http.StatusOK, agreementDetailOf(&a))
}

// deleteAgreement deletes an agreement (DELETE /api/agreements/{agreement}).
func deleteAgreement(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	if err := c.Site.DropAgreement(r.Context(), c.Who, r.PathValue("agreement")); err != nil {
		return noAgreement(err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// readAgreementEdit reads what an agreement is to be; its title has to be
// there.
func readAgreementEdit(w http.ResponseWriter, r *http.Request, c *face.Call) (edit directory.AgreementEdit, err error) {
	if err := c.Site.MayAgreements(r.Context(), access.AgreementWrite, c.Who); err != nil {
		return edit, err
	}
	in, err := readFields(w, r)
	if err != nil {
		return edit, err
	}
	title := in.required("title", maxTitle)
	edit.Title = &title
	if text, ok := in.text("text", maxText); ok {
		edit.Text = &text
	}
	if text, ok := in.filled("updated_at", 40); ok {
		at, err := time.Parse(time.RFC3339, text)
		if err != nil || at.Year() < 1 {
			in.wrong("updated_at", "Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].")
		}
		at = at.UTC().Truncate(time.Microsecond)
		edit.Updated = &at
	}
	return edit, in.err()
}
