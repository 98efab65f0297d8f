package djaoapp

import (
	"net/http"
	"net/url"
	"strings"

	"facet/internal/access"
	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/profile"
)

// listSubscriptions lists a profile's subscriptions whose time is now (GET
// /api/profile/{profile}/subscriptions).
func listSubscriptions(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	subs, err := c.Site.Subscriptions(r.Context(), c.Who, r.PathValue("profile"))
	if err != nil {
		return hide(r, c, err, "Organization")
	}
	base := publicBase(c)
	all := make([]subscription, len(subs))
	for i := range subs {
		s := &subs[i]
		all[i] = subscription{
			subscriptionBase: subscriptionBaseOf(s, organizationOf(&s.Profile), planSummary{s.Plan.Slug, s.Plan.Title}),
			AppURL:           base + "/app/" + url.PathEscape(s.Profile.Slug) + "/" + url.PathEscape(s.Plan.Slug) + "/",
		}
	}
	return writePage(w, r, c, all, subscriptionColumns)
}

// publicBase is the site's public address, without a slash at its end.
func publicBase(c *face.Call) string { return strings.TrimSuffix(c.Site.Policy().BaseURL, "/") }

// grantSubscription subscribes a profile to a plan (POST
// /api/profile/{profile}/plans/{plan}/subscriptions). The grantee is in
// "profile", or in "organization", its older name; the slug alone will do.
func grantSubscription(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	if err := c.Site.MayProfile(r.Context(), access.PlanGrant, c.Who, r.PathValue("profile")); err != nil {
		return hide(r, c, err, "Organization")
	}
	in, err := readFields(w, r)
	if err != nil {
		return err
	}
	to, field, err := in.grantee()
	if err != nil {
		return err
	}
	to.Force, _ = isTrue(r.URL.Query().Get("force"))
	sub, made, err := c.Site.GrantSubscription(r.Context(), c.Who, r.PathValue("profile"), r.PathValue("plan"), to)
	if err != nil {
		return grantError(r, c, err, field)
	}
	status := http.StatusOK
	if made {
		status = http.StatusCreated
	}
	return write(w, status, grantedSubscription(subscriptionBaseOf(&sub, organizationDetailOf(&sub.Profile), planDetailOf(&sub.Plan))))
}

// grantee reads whom a subscription is for, and the field that says it.
func (in *fields) grantee() (to directory.Grantee, field string, err error) {
	field = "profile"
	who, ok := in.nested(field)
	if !ok && !in.has(field) {
		if who, ok = in.nested("organization"); ok || in.has("organization") {
			field = "organization"
		}
	}
	if !ok && len(*in.problems) == 0 {
		in.wrong(field, textRequired)
	}
	to.Message, _ = in.note("message", 255)
	if err := in.err(); err != nil {
		return to, field, err
	}
	to.Slug, _ = who.filled("slug", directory.MaxSlug)
	to.Email, _ = who.filled("email", 254)
	to.FullName, _ = who.filled("full_name", 100)
	if to.Slug == "" && to.Email == "" && len(*who.problems) == 0 {
		who.problem("detail", []string{"One of slug or (full_name, email, type) should be present"})
	}
	if to.Email != "" && !directory.IsEmail(to.Email) {
		who.wrong("email", textEmail)
	}
	return to, field, who.err()
}

// note reads a text that may be null.
func (in *fields) note(name string, max int) (string, bool) {
	if in.values[name].Kind() == 'n' {
		return "", false
	}
	return in.text(name, max)
}

// grantError gives the error of a grant: an unknown plan, an unknown grantee,
// one that cannot be invited, and what is wrong with one that could.
func grantError(r *http.Request, c *face.Call, err error, field string) error {
	e := profile.AsError(err)
	switch {
	case e.Kind == profile.Missing && e.Field == "email":
		return refuse(e.Kind, e.Code, http.StatusBadRequest, object{{"email", e.Message}})
	case e.Field != "" && (e.Kind == profile.Invalid || e.Kind == profile.Missing):
		return refuse(e.Kind, e.Code, http.StatusBadRequest, object{{field, invalid(e)}})
	}
	return hide(r, c, err, "Organization")
}
