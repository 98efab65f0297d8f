package djaoapp

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/profile"
)

// listAll lists every profile of the site (GET /api/profile).
func listAll(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	return writeSubjects(w, r, c, directory.AllProfiles, listedProfileOf)
}

// listPeople lists every person of the site (GET /api/users, GET
// /api/contacts).
func listPeople(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	return writeSubjects(w, r, c, directory.AllUsers, userOf)
}

// listRegistered lists the users without a role on a profile that is
// subscribed to anything (GET /api/metrics/registered).
func listRegistered(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	return writeSubjects(w, r, c, directory.RegisteredUsers, registeredUserOf)
}

// writeSubjects answers with a page of a list of the whole site.
func writeSubjects[T any](w http.ResponseWriter, r *http.Request, c *face.Call, list directory.SubjectList, wire func(*directory.Subject) T) error {
	a, err := readWindow(r)
	if err != nil {
		return err
	}
	query := r.URL.Query()
	span, err := period(r)
	if err != nil {
		return err
	}
	q := directory.SubjectQuery{From: span.Start, Until: span.End}
	if terms := splitTerms(query.Get("q")); len(terms) > 0 {
		q.Match, q.ByName = matchOf(terms, query), true
		if len(terms) == 1 {
			q.Term = terms[0]
		}
	}
	for _, name := range splitNames(query["o"]) {
		field, down := strings.CutPrefix(name, "-")
		if field == "full_name" || field == "created_at" {
			q.ByName, q.Down = field == "full_name", down
			break
		}
	}
	part, total, err := c.Site.Subjects(r.Context(), c.Who, list, q, a.Window)
	if err != nil {
		return place(err)
	}
	out, err := windowPage(r, c, a, part, total, wire)
	if err != nil {
		return err
	}
	return write(w, http.StatusOK, out)
}

// place answers a place that is none as a page that is none.
func place(err error) error {
	if profile.IsKind(err, profile.Malformed) && profile.AsError(err).Field == "page" {
		return invalidPage()
	}
	return err
}

// matchOf makes the test that q is, in the fields that q_f names, or in all.
func matchOf(terms []string, query url.Values) func(*directory.Subject) bool {
	names := splitNames(query["q_f"])
	if slices.Contains(names, "username") { // a person's slug
		names = append(names, "slug")
	}
	columns := searched(profileColumns, names)
	return func(p *directory.Subject) bool {
		d := organizationDetailOf(p)
		return contains(&d, columns, terms)
	}
}
