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
	out, err := signedInOf(r, c, &signIn)
	if err != nil {
		return err
	}
	return answer(w, c, http.StatusOK, out)
}

// ownRoles are what a person is to their own identity: its leader, which
// includes the lesser roles. Who operates the site is its administrator too.
var ownRoles = []string{"public", "follower", "supporter", "contributor", "moderator", "leader"}

// signedInOf shows who is signed in.
func signedInOf(r *http.Request, c *face.Call, in *directory.SignIn) (signedIn, error) {
	operator, err := c.Site.IsOperator(r.Context(), access.Principal{Subject: in.Subject.ID})
	if err != nil {
		return signedIn{}, err
	}
	roles := ownRoles
	if operator {
		roles = append(slices.Clone(ownRoles), "SADM")
	}
	return signedIn{
		TnID: in.Subject.Number, IDTag: c.Site.IDTag(&in.Subject), Name: in.Subject.FullName(), Token: in.Token,
		Roles: roles, ProfilePic: in.Subject.Picture(), Settings: []struct{}{},
	}, nil
}

// renewed is signedInOf for a token that is had for another.
func renewed(r *http.Request, c *face.Call, in *directory.SignIn) (signedIn, error) {
	out, err := signedInOf(r, c, in)
	out.ExpiresAt = iso(in.Expires)
	return out, err
}

// loginToken gives the caller a new token (GET /api/auth/login-token): null for
// nobody, also for who has a token that is over.
func loginToken(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	if c.Who.IsNobody() {
		return answer(w, c, http.StatusOK, nil)
	}
	in, err := c.Site.Renew(r.Context(), c.Who)
	if err != nil {
		return err
	}
	out, err := renewed(r, c, &in)
	if err != nil {
		return err
	}
	return answer(w, c, http.StatusOK, out)
}

// loginInit says what a client has to do to sign in (POST
// /api/auth/login-init): nothing, where the token it has works.
func loginInit(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	if err := readNothing(w, r); err != nil {
		return err
	}
	if c.Who.IsNobody() {
		return answer(w, c, http.StatusOK, notLoggedIn{Status: "unauthenticated"})
	}
	in, err := c.Site.Renew(r.Context(), c.Who)
	if err != nil {
		return err
	}
	out, err := renewed(r, c, &in)
	if err != nil {
		return err
	}
	return answer(w, c, http.StatusOK, loggedIn{"authenticated", out})
}

// readNothing reads a body that says nothing: none, or an object.
func readNothing(w http.ResponseWriter, r *http.Request) error {
	if r.Body == nil || r.Body == http.NoBody {
		return nil
	}
	return read(w, r, &struct{}{})
}
