package console

import (
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/qr"

	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/profile"
)

// securityData is the page of what proves who one is.
type securityData struct {
	Sessions    []directory.SessionInfo
	HasPassword bool
	OTP         bool
	Key         string        // of one-time passwords just turned on
	QR          template.HTML // of the same
	Faults      map[string]string
	Saved       string // what was done
}

func (c *Console) security(w http.ResponseWriter, r *http.Request, call *face.Call) error {
	d := securityData{}
	if r.URL.Query().Has("password") {
		d.Saved = "Your password is changed. You were signed out everywhere else."
	}
	if r.URL.Query().Has("otp-off") {
		d.Saved = "One-time codes are turned off."
	}
	return c.showSecurity(w, r, call, http.StatusOK, d)
}

func (c *Console) showSecurity(w http.ResponseWriter, r *http.Request, call *face.Call, status int, d securityData) error {
	p, err := call.Site.Self(r.Context(), call.Who)
	if err != nil {
		return err
	}
	d.HasPassword, d.OTP = p.Password != "", p.OTP
	if d.Sessions, err = call.Site.SessionsOf(r.Context(), call.Who, directory.UserKey{ID: p.ID}); err != nil {
		return err
	}
	return c.show(w, r, call, status, page{Name: "security", Title: "Security", Section: "security", Data: d})
}

// refuseSecurity shows the page again with an error beside an input.
func (c *Console) refuseSecurity(w http.ResponseWriter, r *http.Request, call *face.Call, input string, err error) error {
	e := profile.AsError(err)
	if e.Kind == profile.Internal || e.Code == profile.CodeBadToken || e.Code == profile.CodeExpiredToken {
		return err
	}
	status := statusOf(e)
	if status == http.StatusUnauthorized { // of what was typed, not of the session
		status = http.StatusUnprocessableEntity
	}
	return c.showSecurity(w, r, call, status, securityData{Faults: map[string]string{input: saying(e)}})
}

// savePassword gives the caller a new password: the other sessions end.
func (c *Console) savePassword(w http.ResponseWriter, r *http.Request, call *face.Call) error {
	if err := parseForm(r); err != nil {
		return err
	}
	if r.PostFormValue("new") != r.PostFormValue("again") {
		return c.refuseSecurity(w, r, call, "again", profile.E(profile.Invalid, profile.CodeInvalid, "again", "The two are not the same. Type the new password twice."))
	}
	err := call.Site.ReplacePassword(r.Context(), call.Who, r.PostFormValue("current"), r.PostFormValue("new"))
	if err == nil {
		return redirect(w, r, "/console/me/security?password=1")
	}
	input := "new"
	if e := profile.AsError(err); e.Field == "password" || e.Kind == profile.Limited || e.Kind == profile.Unauthenticated {
		input = "current"
	}
	return c.refuseSecurity(w, r, call, input, err)
}

// setOTP turns one-time passwords on, and shows their key once, or off.
func (c *Console) setOTP(w http.ResponseWriter, r *http.Request, call *face.Call) error {
	if err := parseForm(r); err != nil {
		return err
	}
	me, proof := directory.UserKey{ID: call.Who.Subject}, directory.Proof{Password: r.PostFormValue("password"), OTP: strings.ReplaceAll(r.PostFormValue("otp_code"), " ", "")}
	if proof.Password == "" {
		return c.refuseSecurity(w, r, call, "otp-password", profile.E(profile.Missing, profile.CodeRequired, "password", "Type your password, to show that it is you."))
	}
	if r.PostFormValue("do") == "off" {
		if err := call.Site.DisableOTP(r.Context(), call.Who, me, proof); err != nil {
			return c.refuseSecurity(w, r, call, "otp-password", err)
		}
		return redirect(w, r, "/console/me/security?otp-off=1")
	}
	key, err := call.Site.EnableOTP(r.Context(), call.Who, me, proof)
	if err != nil {
		return c.refuseSecurity(w, r, call, "otp-password", err)
	}
	code, err := qrCode(key.URI)
	if err != nil {
		return err
	}
	return c.showSecurity(w, r, call, http.StatusOK, securityData{Key: key.Secret, QR: code})
}

// qrCode draws a text as a QR code (ISO/IEC 18004), one square of the path for
// each dark module, with the quiet zone of four.
func qrCode(text string) (template.HTML, error) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return "", err
	}
	const quiet = 4
	size := code.Bounds().Dx()
	side := strconv.Itoa(size + 2*quiet)
	var b strings.Builder
	b.WriteString(`<svg class="qr" role="img" aria-label="QR code with the key" viewBox="0 0 ` + side + " " + side + `"><path d="`)
	for y := range size {
		for x := range size {
			if isDark(code, x, y) {
				b.WriteString("M" + strconv.Itoa(x+quiet) + " " + strconv.Itoa(y+quiet) + "h1v1h-1z")
			}
		}
	}
	b.WriteString(`"/></svg>`)
	return template.HTML(b.String()), nil
}

func isDark(code barcode.Barcode, x, y int) bool {
	r, _, _, _ := code.At(x, y).RGBA()
	return r < 0x8000
}

func (c *Console) endMySession(w http.ResponseWriter, r *http.Request, call *face.Call) error {
	if err := end(r, call, call.Who.Subject); err != nil {
		return err
	}
	return redirect(w, r, "/console/me/security")
}

func (c *Console) askEraseMe(w http.ResponseWriter, r *http.Request, call *face.Call) error {
	return c.showEraseMe(w, r, call, http.StatusOK, "")
}

func (c *Console) showEraseMe(w http.ResponseWriter, r *http.Request, call *face.Call, status int, fault string) error {
	p, err := call.Site.Self(r.Context(), call.Who)
	if err != nil {
		return err
	}
	return c.show(w, r, call, status, page{Name: "eraseme", Title: "Erase my account", Section: "security",
		Crumbs: []crumb{{"Security", "/console/me/security"}}, Data: eraseForm{p, fault}})
}

// eraseMe erases the caller, whose user name was typed.
func (c *Console) eraseMe(w http.ResponseWriter, r *http.Request, call *face.Call) error {
	if err := parseForm(r); err != nil {
		return err
	}
	p, err := call.Site.Self(r.Context(), call.Who)
	if err != nil {
		return err
	}
	if strings.TrimSpace(r.PostFormValue("confirm")) != p.Slug {
		return c.showEraseMe(w, r, call, http.StatusUnprocessableEntity, "Type "+p.Slug+" to erase your account.")
	}
	err = call.Site.EraseSelf(r.Context(), call.Who)
	if profile.IsKind(err, profile.Conflict) {
		return c.showEraseMe(w, r, call, http.StatusConflict, saying(profile.AsError(err)))
	}
	if err != nil {
		return err
	}
	http.SetCookie(w, cookie(r, call, ""))
	return redirect(w, r, signInPath)
}

func escape(text string) string { return url.QueryEscape(text) }
