package cloudillo

import (
	"net/http"

	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/profile"
)

// replacePassword gives the caller a new password; other sessions of theirs end
// (POST /api/auth/password).
func replacePassword(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	var in struct {
		CurrentPassword string `json:"currentPassword"`
		NewPassword     string `json:"newPassword"`
	}
	if err := read(w, r, &in); err != nil {
		return err
	}
	switch {
	case in.CurrentPassword == "":
		return required("currentPassword")
	case in.NewPassword == "":
		return required("newPassword")
	}
	if err := c.Site.ReplacePassword(r.Context(), c.Who, in.CurrentPassword, in.NewPassword); err != nil {
		return err
	}
	return answer(w, c, http.StatusOK, nil)
}

// setPassword gives who has a ref the password they chose, and signs them in
// (POST /api/auth/set-password). The older pages have token and password.
func setPassword(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	var in struct {
		RefID       string `json:"refId"`
		Token       string `json:"token"`
		NewPassword string `json:"newPassword"`
		Password    string `json:"password"`
		OTPCode     string `json:"otp_code"` // of who turned one-time passwords on
	}
	if err := read(w, r, &in); err != nil {
		return err
	}
	id, ok := eitherOf(in.RefID, in.Token)
	if !ok {
		return invalid("token", "refId and token are not the same")
	}
	password, ok := eitherOf(in.NewPassword, in.Password)
	switch {
	case !ok:
		return invalid("password", "newPassword and password are not the same")
	case id == "":
		return required("refId")
	case password == "":
		return required("newPassword")
	}
	signIn, err := c.Site.SetPasswordByRef(r.Context(), id, password, in.OTPCode, directory.Exchanged)
	if err != nil {
		return err
	}
	out, err := signedInOf(r, c, &signIn)
	if err != nil {
		return err
	}
	out.Success = true
	return answer(w, c, http.StatusOK, out)
}

// eitherOf is a text that two members may have: ok is false where they differ.
func eitherOf(a, b string) (text string, ok bool) {
	if a == "" {
		return b, true
	}
	return a, b == "" || a == b
}

const mailedText = "If an account with this email exists, a password reset link has been sent."

// forgotPassword mails a person a link (POST /api/auth/forgot-password). The
// answer is the same whoever there is.
func forgotPassword(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	var in struct {
		Email string `json:"email"`
		IDTag string `json:"idTag"`
	}
	if err := read(w, r, &in); err != nil {
		return err
	}
	login, space := in.Email, profile.Email
	switch {
	case in.Email != "" && in.IDTag != "":
		return invalid("idTag", "either email or idTag")
	case in.IDTag != "":
		login, space = in.IDTag, profile.IDTag
	case in.Email == "":
		return required("email")
	case !directory.IsEmail(in.Email):
		return invalid("email", "Enter a valid email address.")
	}
	if err := c.Site.ForgotPassword(r.Context(), login, space, c.Identity); err != nil {
		return err
	}
	return answer(w, c, http.StatusOK, mailed{mailedText, true})
}

// completeOnboarding uses a welcome up (POST /api/onboarding/complete).
func completeOnboarding(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	var in struct {
		RefID string `json:"refId"`
	}
	if err := read(w, r, &in); err != nil {
		return err
	}
	if in.RefID == "" {
		return required("refId")
	}
	if err := c.Site.CompleteOnboarding(r.Context(), in.RefID); err != nil {
		return ofRef(err)
	}
	return answer(w, c, http.StatusOK, nil)
}

// ofRef names the member by which a ref came in.
func ofRef(err error) error {
	if e := profile.AsError(err); e.Field == "token" {
		named := *e
		named.Field = "refId"
		return &named
	}
	return err
}
