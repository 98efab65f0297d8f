package household

import (
	"net/http"
	"strconv"
	"time"

	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/profile"
)

// tokensKind is what tokens are asked for with: nothing, or a proof.
var tokensKind = &kind{[]string{"AuthenticationTokens", "authentication_tokens", "authenticationTokens"}, []string{"password", "pin"}}

// enter gives tokens that act as a profile (POST
// …/user_profiles/{id}/authentication_tokens, and …/token).
func enter(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	in, err := readResource(w, r, tokensKind, false)
	if err != nil {
		return err
	}
	if err := in.checkType(); err != nil {
		return err
	}
	if err := in.refuseID(); err != nil {
		return err
	}
	proof := in.proof(r, "pin")
	if err := in.only(in.of.attributes...); err != nil {
		return err
	}
	entry, err := c.Site.EnterMember(r.Context(), c.Who, r.PathValue("user_id"), r.PathValue("id"), proof)
	if err != nil {
		return in.locate(err)
	}
	return writeOne(w, r, http.StatusCreated, tokensOf(&entry), in.form)
}

// enterByGet is enter for clients that read it with GET. It has no body: a PIN
// comes in the header (GET …/user_profiles/{id}/authentication_tokens, and
// …/token).
func enterByGet(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	if r.Method == http.MethodHead { // it would begin a session that nobody gets
		w.Header().Set("Allow", "GET, POST, OPTIONS")
		return profile.E(profile.MethodNotAllowed, profile.CodeMethod, "", "HEAD begins no session.")
	}
	in := &input{of: tokensKind, proofs: map[string]source{}}
	proof := in.proof(r, "pin")
	if err := in.problems.err(); err != nil {
		return err
	}
	entry, err := c.Site.EnterMember(r.Context(), c.Who, r.PathValue("user_id"), r.PathValue("id"), proof)
	if err != nil {
		return in.locate(err)
	}
	return writeOne(w, r, http.StatusOK, tokensOf(&entry), plain)
}

func tokensOf(entry *directory.Entry) resource {
	return resource{
		Type: tokensKind.spellings[0], ID: entry.Session.String(),
		Attributes: attributes{
			{"login_timestamp", timestamp(entry.Began)}, {"user_id", entry.Member.Account}, {"user_profile_id", entry.Member.ID.String()},
			{"access_token", entry.Token}, {"expires_at_timestamp", timestamp(entry.Expires)}, {"refresh_token", entry.Refresh},
		},
	}
}

func timestamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// account gives an account, and which of its profiles is the default one (GET
// /api/users/v1/users/{user_id}).
func account(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	a, err := c.Site.HouseholdAccount(r.Context(), c.Who, r.PathValue("user_id"))
	if err != nil {
		return err
	}
	id := strconv.FormatInt(a.Number, 10)
	return writeOne(w, r, http.StatusOK, resource{
		Type: userType, ID: id, Attributes: attributes{{"name", a.Name}}, Links: &links{base(c) + "users/" + id},
		Relationships: relationships{Default: &relationship{identifier{profileKind.spellings[0], a.Default.String()}}},
	}, single)
}
