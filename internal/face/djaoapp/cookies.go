package djaoapp

import (
	"crypto/subtle"
	"net/http"
	"net/url"
	"strings"

	"facet/internal/credential"
	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/profile"
)

// A browser keeps its session in a cookie, which scripts cannot read, and
// which is read on the paths of this face only. Beside it stands a token that
// scripts can read and another site's cannot: a call that changes something
// sends it back in a header (DjaoApp, "Authentication": session cookies). The
// token is made of the session's cookie, so that nobody can choose it.
const (
	sessionCookie = "sessionid"
	csrfCookie    = "csrftoken"
	csrfHeader    = "X-Csrftoken"
)

// csrfToken is the token that goes with a session's cookie.
func csrfToken(session string) string { return credential.Digest("csrf " + session)[:32] }

// checkOrigin refuses to keep a session in the browser of who signs in by a
// page of another site: that page would choose as whom (login CSRF). Callers
// that are no browsers tell of no origin.
func checkOrigin(r *http.Request, c *face.Call) error {
	protection := http.NewCrossOriginProtection()
	if base, err := url.Parse(c.Site.Policy().BaseURL); err == nil && base.Host != "" {
		if err := protection.AddTrustedOrigin(base.Scheme + "://" + base.Host); err != nil {
			return err
		}
	}
	if protection.Check(r) != nil {
		return failedCSRF("Origin checking failed.")
	}
	return nil
}

func failedCSRF(why string) error {
	return refuse(profile.Forbidden, profile.CodeForbidden, http.StatusForbidden, detail("CSRF Failed: "+why))
}

// wantsCookie reports whether a call that signs in asks for cookies.
func wantsCookie(r *http.Request) bool {
	yes, _ := isTrue(r.URL.Query().Get("cookie"))
	return yes
}

// setCookies lets a browser keep a session that has just begun.
func setCookies(w http.ResponseWriter, r *http.Request, c *face.Call, in directory.SignIn) error {
	value, until, err := c.Site.Cookie(r.Context(), in)
	if err != nil {
		return err
	}
	cookie := http.Cookie{
		Name: sessionCookie, Value: value, Path: "/", Expires: until, HttpOnly: true,
		Secure: strings.HasPrefix(c.Site.Policy().BaseURL, "https://"), SameSite: http.SameSiteLaxMode,
	}
	http.SetCookie(w, &cookie)
	cookie.Name, cookie.Value, cookie.HttpOnly = csrfCookie, csrfToken(value), false
	http.SetCookie(w, &cookie)
	return nil
}

// dropCookies makes a browser forget them, where it sent any.
func dropCookies(w http.ResponseWriter, r *http.Request) {
	for _, name := range []string{sessionCookie, csrfCookie} {
		if _, err := r.Cookie(name); err == nil {
			http.SetCookie(w, &http.Cookie{Name: name, Path: "/", MaxAge: -1, SameSite: http.SameSiteLaxMode})
		}
	}
}

// identifyCookie reads a session's cookie. One that does not work is nobody's.
func identifyCookie(r *http.Request, c *face.Call) error {
	cookie, err := r.Cookie(sessionCookie)
	if err != nil {
		return nil
	}
	who, err := c.Site.AuthenticateCookie(r.Context(), cookie.Value)
	switch {
	case err != nil && isBadToken(err):
		return nil
	case err != nil:
		return err
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
	default:
		if err := checkCSRF(r, cookie.Value); err != nil {
			return err
		}
	}
	c.Who = who
	return nil
}

// checkCSRF wants the token in the header of a call that changes something.
func checkCSRF(r *http.Request, session string) error {
	sent := r.Header[csrfHeader]
	why := ""
	switch {
	case len(sent) == 0:
		why = "CSRF token missing."
	case len(sent) > 1 || subtle.ConstantTimeCompare([]byte(sent[0]), []byte(csrfToken(session))) != 1:
		why = "CSRF token from the 'X-Csrftoken' HTTP header incorrect."
	default:
		return nil
	}
	return failedCSRF(why)
}
