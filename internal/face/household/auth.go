package household

import (
	"net/http"

	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/profile"
)

// login signs in; the tokens act as the default profile (POST
// /api/users/v1/login).
func login(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	in, err := readObject(w, r)
	if err != nil {
		return err
	}
	who := directory.Credentials{
		Login:    in.required(254, "username", "email", "login"),
		Password: in.required(1<<20, "password"),
		Spaces:   []profile.Space{profile.Slug, profile.Email, profile.Phone},
	}
	if _, ok := in.values["email"]; ok {
		who.Spaces = []profile.Space{profile.Email}
	}
	if code := in.text("otp_code"); code != nil {
		who.OTP = *code
	}
	if err := in.only("username", "email", "login", "password", "otp_code"); err != nil {
		return err
	}
	signedIn, err := c.Site.Login(r.Context(), who, directory.Refreshed)
	if err != nil {
		return err
	}
	return writeSession(w, r, c, signedIn)
}

// refresh rotates a refresh token (POST /api/users/v1/refresh).
func refresh(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	in, err := readObject(w, r)
	if err != nil {
		return err
	}
	token := in.required(1<<20, "refresh_token", "refreshToken")
	if err := in.only("refresh_token", "refreshToken"); err != nil {
		return err
	}
	signedIn, err := c.Site.Refresh(r.Context(), token)
	if err != nil {
		return err
	}
	return writeSession(w, r, c, signedIn)
}

func writeSession(w http.ResponseWriter, r *http.Request, c *face.Call, in directory.SignIn) error {
	return write(w, r, http.StatusOK, session{
		UserStat: userStat{
			AccessToken:  [2]any{in.Token, in.Expires.Unix()},
			RefreshToken: [2]any{in.Refresh, in.RefreshExpires.Unix()},
		},
		AccessToken: in.Token, RefreshToken: in.Refresh, Token: in.Token, Access: in.Token, Refresh: in.Refresh,
		ExpiresIn: int64(in.Expires.Sub(c.Site.Now()).Seconds()),
	})
}
