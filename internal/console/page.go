package console

import (
	"bytes"
	"errors"
	"html/template"
	"net/http"
	"strings"

	"facet/internal/access"
	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/profile"
)

// page is one answer: a template, and what it shows.
type page struct {
	Name    string // of the template
	Title   string
	Section string  // of the menu
	Crumbs  []crumb // above the title, the page itself left out
	Wide    bool    // it uses the whole width
	Data    any
}

// crumb is a step of the way to a page.
type crumb struct{ Text, Path string }

// frame is what the layout shows.
type frame struct {
	page
	viewer
	Site  string // what people call it
	Query string // in the search box
	Path  string // of this page, with its query
	Body  template.HTML
}

// viewer is who looks at a page.
type viewer struct {
	Me     directory.Subject
	Signed bool
	Reads  bool // every profile of the site
	Writes bool // and may change them
	CSRF   string
}

// viewerOf finds out who looks.
func viewerOf(r *http.Request, call *face.Call) (v viewer, err error) {
	if call.Who.IsNobody() || call.Site == nil || access.Admit(access.ConsoleUse, call.Who) != nil {
		return v, nil
	}
	if v.Me, err = call.Site.Self(r.Context(), call.Who); err != nil {
		return viewer{}, err
	}
	cookie, err := r.Cookie(sessionCookie)
	if err != nil {
		return viewer{}, nil
	}
	v.Signed, v.CSRF = true, csrfToken(cookie.Value)
	v.Reads = call.Site.MaySubjects(r.Context(), access.RecordRead, call.Who) == nil
	v.Writes = call.Site.MaySubjects(r.Context(), access.RecordWrite, call.Who) == nil
	return v, nil
}

// show answers with a whole page.
func (c *Console) show(w http.ResponseWriter, r *http.Request, call *face.Call, status int, p page) error {
	v, err := viewerOf(r, call)
	if err != nil && !profile.IsKind(err, profile.NotFound) { // erased just now: nobody
		return err
	}
	f := frame{page: p, viewer: v, Site: "Facet", Path: r.URL.RequestURI()}
	if strings.HasPrefix(r.URL.Path, "/console/profiles") {
		f.Query = r.URL.Query().Get("q")
	}
	if call.Site != nil && call.Site.Policy().Title != "" {
		f.Site = call.Site.Policy().Title
	}
	var body bytes.Buffer
	if err := templates().ExecuteTemplate(&body, p.Name, view{viewer: v, Data: p.Data}); err != nil {
		return err
	}
	f.Body = template.HTML(body.String()) // made by html/template
	var out bytes.Buffer
	if err := templates().ExecuteTemplate(&out, "layout", f); err != nil {
		return err
	}
	return write(w, r, call, status, out.Bytes())
}

// view is what the template of a page gets.
type view struct {
	viewer
	Data any
}

// part answers with a piece of a page, for htmx to put in its place.
func (c *Console) part(w http.ResponseWriter, r *http.Request, call *face.Call, status int, name string, data any) error {
	v, err := viewerOf(r, call)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := templates().ExecuteTemplate(&out, name, view{viewer: v, Data: data}); err != nil {
		return err
	}
	return write(w, r, call, status, out.Bytes())
}

// policy is the Content-Security-Policy of every page: nothing from elsewhere,
// no script, style or handler within the page. Pictures that are cropped before
// they are sent are blobs.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

func write(w http.ResponseWriter, r *http.Request, call *face.Call, status int, body []byte) error {
	h := w.Header()
	secure(h, r, call)
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Add("Vary", "Hx-Request")
	w.WriteHeader(status)
	_, _ = w.Write(body)
	return nil
}

// secure sets what every answer of the console says to browsers.
func secure(h http.Header, r *http.Request, call *face.Call) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
	if isSecure(r, call) {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// isPart reports whether htmx asks, for a piece of a page.
func isPart(r *http.Request) bool { return r.Header.Get("Hx-Request") == "true" }

// redirect sends a browser on, after a form too.
func redirect(w http.ResponseWriter, r *http.Request, to string) error {
	w.Header().Set("Cache-Control", "no-store")
	if isPart(r) {
		w.Header().Set("Hx-Redirect", to)
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

func asError[T error](err error, target *T) bool { return errors.As(err, target) }
