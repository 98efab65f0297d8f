package appdata

import (
	"net/http"
	"time"

	"facet/internal/credential"
	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/profile"
)

// verifyOTP signs in somebody who turned one-time passwords on (POST
// /auth/verify-otp): the body is that of login, with the code.
func verifyOTP(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	if _, err := identifyApp(r, c); err != nil {
		return err
	}
	in, err := openBody(r)
	if err != nil {
		return err
	}
	who, err := in.credentials(true)
	if err != nil {
		return err
	}
	s, err := c.Site.Login(r.Context(), who, directory.Refreshed)
	if err != nil {
		return inBody(err, map[string]string{"password": "/password"})
	}
	return signIn(w, r, c, http.StatusOK, &s)
}

// session is what a token is good for.
type session struct {
	Valid     bool   `json:"valid"` // true
	UserID    string `json:"user_id"`
	Operator  bool   `json:"operator"`
	Child     string `json:"user_profile_id,omitempty"` // of the child profile that the session acts as
	SessionID string `json:"session_id,omitempty"`      // absent for a token of another issuer
}

// verify tells that a token works (GET /auth/verify).
func verify(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	operator, err := c.Site.IsOperator(r.Context(), c.Who)
	if err != nil {
		return err
	}
	out := session{Valid: true, UserID: c.Who.Subject.String(), Operator: operator}
	if !c.Who.Session.IsZero() {
		out.SessionID = c.Who.Session.String()
	}
	if !c.Who.Restriction.Profile.IsZero() {
		out.Child = c.Who.Restriction.Profile.String()
	}
	return write(w, http.StatusOK, out)
}

// logout ends the session (POST /auth/logout).
func logout(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	if err := c.Site.Logout(r.Context(), c.Who); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// refreshDisable ends the renewing of the session (POST /auth/refresh-disable).
func refreshDisable(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	if err := c.Site.DisableRefresh(r.Context(), c.Who); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// refresh renews a session by its refresh token; or, without a body, by the
// token in the header, which gives another one of the same session and no
// refresh token (POST /auth/refresh).
func refresh(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	if r.ContentLength == 0 {
		return exchange(w, r, c)
	}
	in, err := openBody(r)
	if err != nil {
		return err
	}
	var token string
	if err := in.object(func(name string) (bool, error) { return in.into(map[string]*string{"refresh_token": &token}, "", name) }); err != nil {
		return err
	}
	if token == "" && !in.blames("", "/refresh_token") {
		in.wrong(profile.Missing, profile.CodeRequired, "/refresh_token", "refresh_token is required.")
	}
	if err := in.err(); err != nil {
		return err
	}
	s, err := c.Site.Refresh(r.Context(), token)
	if err != nil {
		return err
	}
	return signIn(w, r, c, http.StatusOK, &s)
}

func exchange(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	header := r.Header["Authorization"]
	if len(header) == 0 {
		return profile.E(profile.Unauthenticated, profile.CodeNoAuth, "", "A refresh_token in the body, or a token in the header, is required.")
	}
	token, ok := credential.ParseBearer(header[0])
	if !ok || len(header) > 1 {
		return profile.E(profile.Unauthenticated, profile.CodeBadToken, "", "not a bearer token")
	}
	who, err := c.Site.Authenticate(r.Context(), token)
	if err != nil {
		return err
	}
	s, err := c.Site.Exchange(r.Context(), who, token)
	if err != nil {
		return err
	}
	s.Refresh = ""
	return signIn(w, r, c, http.StatusOK, &s)
}

// proof reads a body with what callers prove themselves by, and further texts.
func readProof(r *http.Request, further map[string]*string) (p directory.Proof, err error) {
	in, err := openBody(r)
	if err != nil {
		return p, err
	}
	texts := map[string]*string{"password": &p.Password, "otp_code": &p.OTP}
	for name, to := range further {
		texts[name] = to
	}
	if err := in.object(func(name string) (bool, error) { return in.into(texts, "", name) }); err != nil {
		return p, err
	}
	for name, to := range further {
		if *to == "" && !in.blames("", "/"+name) {
			in.wrong(profile.Missing, profile.CodeRequired, "/"+name, "%s is required.", name)
		}
	}
	if p == (directory.Proof{}) && !in.blames("", "/password", "/otp_code") {
		in.wrong(profile.Missing, profile.CodeProofRequired, "/password", "Your own password, or an otp_code, is required.")
	}
	return p, in.err()
}

// unproven tells a signed-in caller that the proof is wrong: the token still
// works.
func unproven(err error, pointers map[string]string) error {
	e := profile.AsError(err)
	if e.Kind == profile.Unauthenticated && (e.Field == "password" || e.Field == "otp_code") {
		refused := *e
		refused.Kind = profile.Forbidden
		err = &refused
	}
	return inBody(err, pointers)
}

var proofPointers = map[string]string{"password": "/password", "otp_code": "/otp_code", "new_password": "/new_password"}

// otpKey is what an authenticator is set up with, shown once.
type otpKey struct {
	Secret string `json:"secret"` // base32
	URI    string `json:"uri"`    // otpauth://totp/…
}

// enableOTP makes the caller give a one-time password at each sign-in (POST
// /auth/enable-otp).
func enableOTP(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	p, err := readProof(r, nil)
	if err != nil {
		return err
	}
	key, err := c.Site.EnableOTP(r.Context(), c.Who, directory.UserKey{ID: c.Who.Subject}, p)
	if err != nil {
		return unproven(err, proofPointers)
	}
	return write(w, http.StatusOK, otpKey{key.Secret, key.URI})
}

// disableOTP ends that (POST /auth/disable-otp).
func disableOTP(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	p, err := readProof(r, nil)
	if err != nil {
		return err
	}
	if err := c.Site.DisableOTP(r.Context(), c.Who, directory.UserKey{ID: c.Who.Subject}, p); err != nil {
		return unproven(err, proofPointers)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// resetPassword gives the caller a new password; all sessions end, this one too
// (POST /auth/reset-password).
func resetPassword(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	var password string
	p, err := readProof(r, map[string]*string{"new_password": &password})
	if err != nil {
		return err
	}
	if err := c.Site.SetPassword(r.Context(), c.Who, directory.UserKey{ID: c.Who.Subject}, password, p); err != nil {
		return unproven(err, proofPointers)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// moment is a time as the face writes it.
func moment(t time.Time) string { return string(appendTime(nil, t)) }
