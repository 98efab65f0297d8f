package djaoapp

import (
	"net/http"

	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/profile"
)

// recoverAccount sends a one-time code to who is named, by user name, e-mail or
// phone (POST /api/auth/recover). The answer repeats what was sent, and does
// not tell whether there is such a user.
func recoverAccount(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	in, err := readFields(w, r)
	if err != nil {
		return err
	}
	field := "username"
	if in.has("email") && !in.has(field) {
		field = "email"
	}
	login := in.required(field, 254)
	if login != "" && !(isLoginName(login) && (field != "email" || directory.IsEmail(login))) {
		if field == "email" {
			in.wrong(field, textEmail)
		} else {
			in.wrong(field, textLogin)
		}
	}
	if err := in.err(); err != nil {
		return err
	}
	if err := c.Site.Recover(r.Context(), c.Who, login, []profile.Space{profile.Slug, profile.Email, profile.Phone}); err != nil {
		return err
	}
	return write(w, http.StatusOK, object{{field, login}})
}

// resetPassword sets the password of who has a mailed key (POST
// /api/auth/reset/{key}): the older form of POST /api/auth/{key}, which starts
// no session.
func resetPassword(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	if _, err := redeem(w, r, c); err != nil {
		return err
	}
	return write(w, http.StatusCreated, struct{}{})
}
