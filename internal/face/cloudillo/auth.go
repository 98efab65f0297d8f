package cloudillo

import (
	"net/http"
	"slices"

	"facet/internal/access"
	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/profile"
)

// login signs in with an idtag and a password (POST /api/auth/login). The token
// is renewed by exchange.
func login(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	var in struct {
		IDTag    string `json:"idTag"`
		Password string `json:"password"`
		OTPCode  string `json:"otp_code"` // of who turned one-time passwords on
	}
	if err := read(w, r, &in); err != nil {
		return err
	}
	if in.IDTag == "" {
		return required("idTag")
	}
	signIn, err := c.Site.Login(r.Context(), directory.Credentials{
		Login: in.IDTag, Spaces: []profile.Space{profile.IDTag}, Password: in.Password, OTP: in.OTPCode,
	}, directory.Exchanged)
	if err != nil {
		return err
	}
	operator, err := c.Site.IsOperator(r.Context(), access.Principal{Subject: signIn.Subject.ID})
	if err != nil {
		return err
	}
	return writeSignIn(w, c, http.StatusOK, &signIn, operator)
}

// ownRoles are what a person is to their own identity: its leader, which
// includes the lesser roles. Who operates the site is its administrator too.
var ownRoles = []string{"public", "follower", "supporter", "contributor", "moderator", "leader"}

func writeSignIn(w http.ResponseWriter, c *face.Call, status int, in *directory.SignIn, operator bool) error {
	roles := ownRoles
	if operator {
		roles = append(slices.Clone(ownRoles), "SADM")
	}
	return answer(w, c, status, signedIn{
		TnID: in.Subject.Number, IDTag: c.Site.IDTag(&in.Subject), Name: in.Subject.FullName(), Token: in.Token,
		Roles: roles, ProfilePic: in.Subject.Picture(), Settings: []struct{}{},
	})
}
