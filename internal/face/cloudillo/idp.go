package cloudillo

import (
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"

	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/profile"
)

// readEnrolment tells how far the caller is who registered (GET
// /api/profiles/me/idp-status).
func readEnrolment(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	in, err := c.Site.Enrolment(r.Context(), c.Who)
	if err != nil {
		return err
	}
	return answer(w, c, http.StatusOK, enrolmentOf(c.Site, in))
}

// readRefEnrolment tells it whoever has the key that was mailed (GET
// /api/refs/{id}/idp-status).
func readRefEnrolment(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	in, err := c.Site.EnrolmentByRef(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return answer(w, c, http.StatusOK, enrolmentOf(c.Site, in))
}

// resendActivation mails the caller once more (POST
// /api/profiles/me/resend-activation).
func resendActivation(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	expires, err := c.Site.EnrolAgain(r.Context(), c.Who)
	if err != nil {
		return err
	}
	return answer(w, c, http.StatusOK, struct {
		ExpiresAt string `json:"expiresAt"`
	}{iso(expires)})
}

// activate ends the enrolment by the key that was mailed (POST
// /api/idp/activate).
func activate(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	var in struct {
		RefID string `json:"refId"`
	}
	if err := read(w, r, &in); err != nil {
		return err
	}
	if in.RefID == "" {
		return required("refId")
	}
	p, err := c.Site.ActivateIdentity(r.Context(), in.RefID)
	if err != nil {
		return err
	}
	return answer(w, c, http.StatusOK, hosted{
		IDTag: c.Site.IDTag(&p), Email: p.Text("email"), RegistrarIDTag: c.Site.Domain(), Status: "active", CreatedAt: iso(p.Created), UpdatedAt: iso(p.Updated),
	})
}

// readProvider tells who gives out idtags under the site's domain (GET
// /api/idp/info): nobody where nobody may register.
func readProvider(w http.ResponseWriter, _ *http.Request, c *face.Call) error {
	policy := c.Site.Policy()
	if policy.Registration == directory.RegistrationClosed {
		return profile.E(profile.NotFound, profile.CodeNotFound, "", "registration is closed")
	}
	info := "Registration is by invitation."
	if policy.Registration == directory.RegistrationOpen {
		info = "Anybody may register."
	}
	return answer(w, c, http.StatusOK, provider{Domain: c.Site.Domain(), Name: policy.Title, Info: info, URL: policy.BaseURL})
}

// checkAvailability says whether an idtag under the site's domain is free (GET
// /api/idp/check-availability).
func checkAvailability(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	query := r.URL.Query()
	tag := query.Get("idTag")
	if tag == "" {
		tag = query.Get("id_tag")
	}
	if tag == "" {
		return required("idTag")
	}
	local, domain, ok := strings.Cut(strings.Replace(strings.ToLower(strings.TrimSpace(tag)), "@", ".", 1), ".")
	switch {
	case !ok || local == "" || local == "cl-o":
		return invalid("idTag", "invalid id_tag")
	case domain != c.Site.Domain():
		return profile.E(profile.Forbidden, profile.CodeForbidden, "idTag", "another provider's domain")
	}
	fault, err := c.Site.CheckIdentity(r.Context(), tag)
	if err != nil {
		return err
	}
	return answer(w, c, http.StatusOK, availability{Available: fault == "", IDTag: tag, IDTagToo: tag})
}

// readIDTag tells the idtag that a host stands for, without envelope (GET
// /.well-known/cloudillo/id-tag).
func readIDTag(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	p, err := hostIdentity(r, c)
	if err != nil {
		return err
	}
	body, err := json.Marshal(struct {
		IDTag string `json:"idTag"`
	}{c.Site.IDTag(&p)})
	if err != nil {
		return err
	}
	face.WriteJSON(w, http.StatusOK, body)
	return nil
}

// readAppDomain tells where the app of an identity is (GET /api/me/app-domain):
// at the domain that was registered, else at the idtag's host form.
func readAppDomain(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	p, err := hostIdentity(r, c)
	if err != nil {
		return err
	}
	domain := p.ExtraText(name + "." + extraAppDomain)
	if domain == "" {
		domain = c.Site.HostForm(&p)
	}
	return answer(w, c, http.StatusOK, struct {
		AppDomain string `json:"appDomain"`
	}{domain})
}

// hostIdentity is the identity that the request's host stands for, whoever
// calls.
func hostIdentity(r *http.Request, c *face.Call) (directory.Subject, error) {
	if c.Identity != "" {
		return c.Site.PublicIdentity(r.Context(), c.Identity)
	}
	return c.Site.HostIdentity(r.Context(), r.Host)
}
