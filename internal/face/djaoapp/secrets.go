package djaoapp

import (
	"net/http"
	"strings"

	"facet/internal/access"
	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/profile"
)

// proof reads the secrets that prove the caller. Codes have six digits, which
// clients may send as a number without the zeros before it.
func (in *fields) proof() (p directory.Proof) {
	p.Password, _ = in.secret("password")
	for field, to := range map[string]*string{"email_code": &p.EmailCode, "phone_code": &p.PhoneCode, "otp_code": &p.OTP, "code": &p.OTP} {
		raw, there := in.values[field]
		if !there || raw.Kind() == 'n' {
			continue
		}
		text, ok := in.text(field, 20)
		switch {
		case !ok || text == "":
		case strings.Trim(text, "0123456789") != "":
			in.wrong(field, "A valid integer is required.")
		case *to == "" || field != "code":
			*to = strings.Repeat("0", max(0, 6-len(text))) + text
		}
	}
	return p
}

// unproven answers a proof that is missing or wrong.
func unproven(err error) error {
	e := profile.AsError(err)
	switch {
	case err == nil:
		return nil
	case e.Code == profile.CodeProofRequired:
		return refuse(e.Kind, e.Code, http.StatusUnauthorized, detail(e.Message))
	case e.Code == profile.CodePassword, e.Code == profile.CodeOneTime:
		return refuse(e.Kind, e.Code, http.StatusUnauthorized, object{{e.Field, e.Message}})
	}
	return err
}

// secretsOf reads the body of a call about what proves a user, after whether
// the caller may change it.
func secretsOf(w http.ResponseWriter, r *http.Request, c *face.Call) (user string, in *fields, p directory.Proof, err error) {
	user = r.PathValue("user")
	if err = c.Site.MayUser(r.Context(), access.UserSecret, c.Who, user); err != nil {
		return user, nil, p, hide(r, c, err, "User")
	}
	if in, err = readFields(w, r); err == nil {
		p = in.proof()
	}
	return user, in, p, err
}

// changePassword gives a user a new password (PUT /api/users/{user}/password).
func changePassword(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	user, in, p, err := secretsOf(w, r, c)
	if err != nil {
		return err
	}
	password, ok := in.secret("new_password")
	switch {
	case !in.has("new_password"):
		in.wrong("new_password", textRequired)
	case ok && password == "":
		in.wrong("new_password", textBlank)
	}
	if err := in.err(); err != nil {
		return err
	}
	if err := c.Site.SetPassword(r.Context(), c.Who, directory.UserKey{Username: user}, password, p); err != nil {
		return hide(r, c, unproven(err), "User")
	}
	return write(w, http.StatusOK, detail("Password updated successfully."))
}

// clearPassword takes a user's password away (DELETE
// /api/users/{user}/password).
func clearPassword(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	if err := c.Site.ClearPassword(r.Context(), c.Who, r.PathValue("user")); err != nil {
		return hide(r, c, err, "User")
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// changeOTP turns one-time passwords on, with a new key, or off (PUT and POST
// /api/users/{user}/otp). The two other switches of DjaoApp are read and have
// no effect, as there: codes are sent when they are asked for.
func changeOTP(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	user, in, p, err := secretsOf(w, r, c)
	if err != nil {
		return err
	}
	var on bool
	for _, field := range []string{"otp_enabled", "email_verification_enabled", "phone_verification_enabled"} {
		yes, _ := in.truth(field)
		if !in.has(field) {
			in.wrong(field, textRequired)
		}
		if field == "otp_enabled" {
			on = yes
		}
	}
	if err := in.err(); err != nil {
		return err
	}
	if !on {
		if err := c.Site.DisableOTP(r.Context(), c.Who, directory.UserKey{Username: user}, p); err != nil {
			return hide(r, c, unproven(err), "User")
		}
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	key, err := c.Site.EnableOTP(r.Context(), c.Who, directory.UserKey{Username: user}, p)
	if err != nil {
		return hide(r, c, unproven(err), "User")
	}
	status := http.StatusCreated
	if key.Again {
		status = http.StatusOK
	}
	return write(w, status, otpKey{key.Secret, key.URI})
}

var apiKeyColumns = []column[apiKey]{
	{"title", func(k *apiKey) string { return k.Title }, true, true},
	{"ends_at", func(k *apiKey) string { return sortable(k.EndsAt) }, false, true},
}

// listAPIKeys lists a user's API keys (GET /api/users/{user}/api-keys).
func listAPIKeys(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	keys, err := c.Site.APIKeys(r.Context(), c.Who, r.PathValue("user"))
	if err != nil {
		return hide(r, c, err, "User")
	}
	all := make([]apiKey, len(keys))
	for i, k := range keys {
		all[i] = apiKey{k.Title, k.Public, iso(k.Ends)}
	}
	return writePage(w, r, c, all, apiKeyColumns)
}

// createAPIKey makes an API key, which is told once (POST
// /api/users/{user}/api-keys).
func createAPIKey(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	user, in, p, err := secretsOf(w, r, c)
	if err != nil {
		return err
	}
	title, _ := in.text("title", 100)
	if err := in.err(); err != nil {
		return err
	}
	key, err := c.Site.AddAPIKey(r.Context(), c.Who, user, title, p)
	if err != nil {
		return hide(r, c, unproven(err), "User")
	}
	return write(w, http.StatusCreated, secretAnswer{key})
}

// deleteAPIKey deletes an API key by its public half (POST and DELETE
// /api/users/{user}/api-keys/{key}).
func deleteAPIKey(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	user, in, p, err := secretsOf(w, r, c)
	if err != nil {
		return err
	}
	if err := in.err(); err != nil {
		return err
	}
	if err := c.Site.DropAPIKey(r.Context(), c.Who, user, r.PathValue("key"), p); err != nil {
		return hide(r, c, unproven(err), "User")
	}
	return write(w, http.StatusOK, detail("API key deleted successfully."))
}
