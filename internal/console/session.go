package console

import (
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"facet/internal/credential"
	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/media"
	"facet/internal/profile"
)

// A browser keeps its session in a cookie that scripts cannot read, that no
// other path gets and no other site's page can cause to be sent. A change comes
// with a token made of that cookie beside it, in a header or a field of the
// form, so that a page which can have a form sent still cannot make one.
const (
	sessionCookie = "facet_console"
	csrfHeader    = "X-Csrf-Token"
	csrfField     = "_csrf"
)

func csrfToken(session string) string { return credential.Digest("console " + session)[:32] }

// Identify reads the session's cookie: one that does not work is nobody's.
// Changes need their token, and a page of this site that they come from.
func (c *Console) Identify(r *http.Request, call *face.Call) error {
	if err := readable(r.URL.Query()); err != nil {
		return err
	}
	changes := r.Method != http.MethodGet && r.Method != http.MethodHead
	if changes {
		if err := sameOrigin(r, call); err != nil {
			return err
		}
	}
	cookie, err := r.Cookie(sessionCookie)
	if err != nil {
		return nil
	}
	who, err := call.Site.AuthenticateCookie(r.Context(), cookie.Value)
	switch {
	case profile.IsKind(err, profile.Unauthenticated) || profile.IsKind(err, profile.Expired):
		return nil
	case err != nil:
		return err
	}
	if changes {
		sent, err := sentToken(r)
		if err != nil {
			return err
		}
		if r.Pattern != "POST "+signInPath && subtle.ConstantTimeCompare([]byte(sent), []byte(csrfToken(cookie.Value))) != 1 {
			return errStale
		}
	}
	call.Who = who
	return nil
}

// errStale refuses a change without its token.
var errStale = profile.E(profile.Forbidden, profile.CodeForbidden, csrfField, "the form is out of date")

// sentToken finds the token of a change.
func sentToken(r *http.Request) (string, error) {
	if sent := r.Header.Get(csrfHeader); sent != "" {
		return sent, nil
	}
	if err := parseForm(r); err != nil {
		return "", err
	}
	return r.PostFormValue(csrfField), nil
}

// parseForm reads the body of a form, once: Malformed where it is none.
func parseForm(r *http.Request) error {
	err := r.ParseForm()
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data") {
		err = r.ParseMultipartForm(media.MaxBytes)
	}
	if err == nil {
		return readable(r.PostForm)
	}
	var over *http.MaxBytesError
	if asError(err, &over) {
		return profile.E(profile.TooLarge, profile.CodeTooLarge, "", "the form is larger than %d bytes", over.Limit)
	}
	return &profile.Error{Kind: profile.Malformed, Code: profile.CodeSyntax, Message: "the form could not be read", Err: err}
}

// readable refuses what is no text: other bytes than UTF-8, and NUL.
func readable(values url.Values) error {
	for name, list := range values {
		for _, text := range append(list, name) {
			if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
				return profile.E(profile.Malformed, profile.CodeSyntax, "", "the request has characters that are no text")
			}
		}
	}
	return nil
}

// sameOrigin refuses what a page of another site has sent.
func sameOrigin(r *http.Request, call *face.Call) error {
	protection := http.NewCrossOriginProtection()
	if base, err := url.Parse(call.Site.Policy().BaseURL); err == nil && base.Host != "" {
		if err := protection.AddTrustedOrigin(base.Scheme + "://" + base.Host); err != nil {
			return err
		}
	}
	if protection.Check(r) != nil {
		return profile.E(profile.Forbidden, profile.CodeForbidden, "", "the request came from a page of another site")
	}
	return nil
}

// signInSpaces are what people sign in by: each of their names.
var signInSpaces = []profile.Space{profile.Slug, profile.Email, profile.Phone, profile.IDTag}

const signInPath = "/console/sign-in"

// signInForm is what the page of that name shows.
type signInForm struct {
	Login   string
	Next    string // a path of the console
	OTP     bool   // it asks for a one-time password
	Error   string
	Here    bool   // within a page, whose session has ended
	Subject string // of that session; "": whoever
}

// next is where to go on: a path of the console and no other.
func next(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Host != "" || u.Scheme != "" || u.Path != "/console" && !strings.HasPrefix(u.Path, "/console/") || strings.HasPrefix(u.Path, signInPath) {
		return "/console"
	}
	return u.RequestURI()
}

func (c *Console) showSignIn(w http.ResponseWriter, r *http.Request, call *face.Call) error {
	if !call.Who.IsNobody() {
		return redirect(w, r, next(r.URL.Query().Get("next")))
	}
	return c.show(w, r, call, http.StatusOK, page{Name: "signin", Title: "Sign in", Data: signInForm{Next: next(r.URL.Query().Get("next"))}})
}

// signIn begins a session. Where it is done within a page, what was typed there
// stays, and its script goes on with it.
func (c *Console) signIn(w http.ResponseWriter, r *http.Request, call *face.Call) error {
	if err := parseForm(r); err != nil {
		return err
	}
	form := signInForm{Login: r.PostFormValue("login"), Next: next(r.PostFormValue("next")), Here: r.PostFormValue("here") != ""}
	in, err := call.Site.Login(r.Context(), directory.Credentials{
		Login: form.Login, Spaces: signInSpaces, Password: r.PostFormValue("password"), OTP: strings.ReplaceAll(r.PostFormValue("otp_code"), " ", ""),
	}, directory.Exchanged)
	if err != nil {
		return &signInRefusal{form, err}
	}
	value, _, err := call.Site.Cookie(r.Context(), in)
	if err != nil {
		return err
	}
	http.SetCookie(w, cookie(r, call, value))
	if !form.Here {
		return redirect(w, r, form.Next)
	}
	told, err := json.Marshal(map[string]any{"signed-in": map[string]string{"csrf": csrfToken(value), "subject": in.Subject.ID.String()}})
	if err != nil {
		return err
	}
	w.Header().Set("Hx-Trigger", string(told))
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// signInRefusal is an error that the form of signing in tells of.
type signInRefusal struct {
	form signInForm
	err  error
}

func (e *signInRefusal) Error() string { return e.err.Error() }
func (e *signInRefusal) Unwrap() error { return e.err }

// failSignIn shows the form again, and why.
func (c *Console) failSignIn(w http.ResponseWriter, r *http.Request, call *face.Call, refusal *signInRefusal) error {
	e, form, status := profile.AsError(refusal.err), refusal.form, http.StatusUnauthorized
	switch {
	case e.Code == profile.CodeOneTimeRequired:
		form.OTP = true
	case e.Code == profile.CodeOneTime:
		form.OTP, form.Error = true, "That code is not right. Use the newest one that your app shows."
	case e.Code == profile.CodeDisabled:
		form.Error = "This account is disabled. Ask whoever runs the site."
	case e.Kind == profile.Limited || e.Kind == profile.Busy:
		status, form.Error = statusOf(e), sayWait(e)
	default:
		form.Error = "The name or the password is not right."
	}
	if isPart(r) {
		return c.part(w, r, call, status, "signin-step", form)
	}
	return c.show(w, r, call, status, page{Name: "signin", Title: "Sign in", Data: form})
}

// cookie is a session for the browser to keep until it is closed; "" ends it.
func cookie(r *http.Request, call *face.Call, value string) *http.Cookie {
	out := &http.Cookie{Name: sessionCookie, Value: value, Path: "/console", HttpOnly: true, Secure: isSecure(r, call), SameSite: http.SameSiteStrictMode}
	if value == "" {
		out.MaxAge = -1
	}
	return out
}

// isSecure reports whether browsers reach the site by https.
func isSecure(r *http.Request, call *face.Call) bool {
	return r.TLS != nil || call.Site != nil && strings.HasPrefix(call.Site.Policy().BaseURL, "https://")
}

func (c *Console) signOut(w http.ResponseWriter, r *http.Request, call *face.Call) error {
	if err := call.Site.Logout(r.Context(), call.Who); err != nil {
		return err
	}
	http.SetCookie(w, cookie(r, call, ""))
	w.Header().Set("Clear-Site-Data", `"cache"`)
	return redirect(w, r, signInPath)
}
