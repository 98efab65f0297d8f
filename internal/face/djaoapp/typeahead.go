package djaoapp

import (
	"net/http"

	"facet/internal/directory"
	"facet/internal/face"
)

// typeahead is a list to choose from while somebody types. It shows the first
// few that match; more tells that there are others, and count is then at least
// how many there are.
type typeahead[T any] struct {
	Count   int  `json:"count"`
	More    bool `json:"more"`
	Results []T  `json:"results"`
}

// typeaheadSize is how many are shown, or as many as q has terms.
const typeaheadSize = 5

// maxTerms bounds the terms of a typeahead.
const maxTerms = 50

// searchAccounts looks for profiles and users by name (GET /api/accounts).
func searchAccounts(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	return writeTypeahead(w, r, c, directory.AnyChoice, accountOf)
}

// searchProfiles looks for profiles by name, else by the domain of their
// e-mail (GET /api/accounts/profiles).
func searchProfiles(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	return writeTypeahead(w, r, c, directory.ProfileChoice, accountOf)
}

// searchUsers looks for users by name (GET /api/accounts/users).
func searchUsers(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	return writeTypeahead(w, r, c, directory.UserChoice, func(a *directory.Choice) user { return userOf(&a.Subject) })
}

func writeTypeahead[T any](w http.ResponseWriter, r *http.Request, c *face.Call, kind directory.ChoiceKind, wire func(*directory.Choice) T) error {
	terms := splitTerms(r.URL.Query().Get("q"))
	terms = terms[:min(len(terms), maxTerms)]
	found, count, more, err := c.Site.Choices(r.Context(), c.Who, kind, terms, max(len(terms), typeaheadSize))
	if err != nil {
		return err
	}
	out := typeahead[T]{Count: count, More: more, Results: make([]T, len(found))}
	for i := range found {
		out.Results[i] = wire(&found[i])
	}
	return write(w, http.StatusOK, out)
}

// accountOf is the summary of an account; a user that is no profile is a user.
func accountOf(a *directory.Choice) organization {
	out := organizationOf(&a.Subject)
	if !a.Profile {
		out.Type = "user"
	}
	return out
}

// readAccount answers with the summary of a profile, which any signed-in user
// may see (GET /api/accounts/profiles/{profile}).
func readAccount(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	p, err := c.Site.AccountProfile(r.Context(), c.Who, r.PathValue("profile"))
	if err != nil {
		return unknown(err, "Organization")
	}
	return write(w, http.StatusOK, organizationOf(&p))
}
