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
	return write(w, status, grantedSubscriptionOf(&sub))
}

// grantedSubscriptionOf is a subscription with all that is said of its
// subscriber; only the name where that is not for the caller.
func grantedSubscriptionOf(s *directory.Subscription) grantedSubscription {
	who := organizationDetailOf(&s.Profile)
	if s.Private {
		who = organizationDetail{organization: who.organization, FullName: who.FullName, DefaultTimezone: "UTC"}
	}
	return subscriptionBaseOf(s, who, planDetailOf(&s.Plan))
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
	if kind, ok := who.text("type", 50); ok && kind != "" && kind != "organization" {
		if to.Personal = kind == "personal"; !to.Personal {
			who.wrong("type", "type must be one of 'personal' or 'organization'.")
		}
	}
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
	if in.isNull(name) {
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

// providedSubscriptionOf is a subscription as the provider's side sees it.
func providedSubscriptionOf(c *face.Call, s *directory.Subscription) providedSubscription {
	base := publicBase(c)
	own := base + "/api/profile/" + url.PathEscape(s.Plan.Provider.Slug)
	out := providedSubscription{
		subscriptionBase: subscriptionBaseOf(s, organizationOf(&s.Profile), planDetailOf(&s.Plan)),
		AppURL:           appURL(base, s), Editable: s.Editable,
		RemoveURL: own + "/plans/" + url.PathEscape(s.Plan.Slug) + "/subscriptions/" + url.PathEscape(s.Profile.Slug),
	}
	if s.Request != "" {
		out.AcceptURL = orNull(own + "/subscribers/accept/" + s.Request)
	}
	return out
}

// readPlanSubscription answers with the subscription of one subscriber (GET
// /api/profile/{profile}/plans/{plan}/subscriptions/{subscriber}).
func readPlanSubscription(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	sub, err := c.Site.Subscription(r.Context(), c.Who, planSubscription(r))
	if err != nil {
		return hide(r, c, err, "Organization")
	}
	return write(w, http.StatusOK, providedSubscriptionOf(c, &sub))
}

func planSubscription(r *http.Request) directory.SubscriptionAt {
	return directory.SubscriptionAt{Provider: r.PathValue("profile"), Plan: r.PathValue("plan"), Profile: r.PathValue("subscriber")}
}

// replacePlanSubscription changes the subscription of one subscriber; its end
// has to be there (PUT
// /api/profile/{profile}/plans/{plan}/subscriptions/{subscriber}).
func replacePlanSubscription(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	sub, err := editSubscription(w, r, c, planSubscription(r), true)
	if err != nil {
		return hide(r, c, err, "Organization")
	}
	return write(w, http.StatusOK, providedSubscriptionOf(c, &sub))
}

// removePlanSubscription ends the subscription of one subscriber now, denies a
// request or takes an offer back (DELETE
// /api/profile/{profile}/plans/{plan}/subscriptions/{subscriber}).
func removePlanSubscription(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	if err := c.Site.CancelSubscription(r.Context(), c.Who, planSubscription(r)); err != nil {
		return hide(r, c, err, "Organization")
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// acceptRequest begins a subscription that a profile asked for (POST
// /api/profile/{profile}/subscribers/accept/{key}).
func acceptRequest(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	sub, err := c.Site.AcceptRequest(r.Context(), c.Who, r.PathValue("profile"), r.PathValue("key"))
	if err != nil {
		return hide(r, c, err, "Organization")
	}
	return write(w, http.StatusOK, providedSubscriptionOf(c, &sub))
}

// listProvided lists the subscriptions to a plan of a profile, or to any where
// the path names none: those that run (GET
// /api/profile/{profile}/plans/{plan}/subscriptions, GET
// /api/profile/{profile}/subscribers/subscriptions), all of them (…/all), those
// that ended (…/churned).
func listProvided(list directory.SubscriptionList) face.Handler {
	return func(w http.ResponseWriter, r *http.Request, c *face.Call) error {
		a, q, err := readProvidedQuery(r, list)
		if err != nil {
			return err
		}
		found, err := c.Site.ProvidedSubscriptions(r.Context(), c.Who, r.PathValue("profile"), q)
		if err != nil {
			return hide(r, c, err, "Organization")
		}
		if list == directory.RunningSubscriptions {
			return writeProvided(w, r, c, a, &found, grantedColumns, grantedSubscriptionOf)
		}
		return writeProvided(w, r, c, a, &found, providedColumns, func(s *directory.Subscription) providedSubscription {
			return providedSubscriptionOf(c, s)
		})
	}
}

// readProvidedQuery reads what part of a list of subscriptions is asked for:
// the period, q, o and the page.
func readProvidedQuery(r *http.Request, list directory.SubscriptionList) (a asked, q directory.ProvidedQuery, err error) {
	if a, err = readWindow(r); err != nil {
		return a, q, err
	}
	query := r.URL.Query()
	q = directory.ProvidedQuery{Plan: r.PathValue("plan"), List: list, Window: a.Window, Whole: len(splitTerms(query.Get("q"))) > 0}
	switch by := strings.Join(query["o"], ","); by {
	case "", "-created_at":
	case "created_at":
		q.Oldest = true
	default:
		q.Whole = true
	}
	q.Period, err = period(r)
	return a, q, err
}

// writeProvided answers with a page of subscriptions. A list that is there
// whole is searched and ordered here, like all short ones.
func writeProvided[T any](w http.ResponseWriter, r *http.Request, c *face.Call, a asked, list *directory.ProvidedList,
	columns []column[T], wire func(*directory.Subscription) T,
) error {
	if list.Whole {
		return writeBounded(w, r, c, list.Items, list.Capped, columns, wire)
	}
	out, err := windowPage(r, c, a, list.Part, list.Total, wire)
	if err != nil {
		return err
	}
	return write(w, http.StatusOK, out)
}

var grantedColumns = []column[grantedSubscription]{
	{"slug", func(s *grantedSubscription) string { return s.Profile.Slug }, true, false},
	{"full_name", func(s *grantedSubscription) string { return s.Profile.FullName }, true, true},
	{"email", func(s *grantedSubscription) string { return s.Profile.Email }, true, false},
	{"plan", func(s *grantedSubscription) string { return s.Plan.Title }, true, true},
	{"plan_slug", func(s *grantedSubscription) string { return s.Plan.Slug }, true, false},
	{"created_at", func(s *grantedSubscription) string { return sortable(s.CreatedAt) }, false, true},
	{"ends_at", func(s *grantedSubscription) string { return sortable(s.EndsAt) }, false, true},
}

var providedColumns = []column[providedSubscription]{
	{"slug", func(s *providedSubscription) string { return s.Profile.Slug }, true, false},
	{"full_name", func(s *providedSubscription) string { return s.Profile.PrintableName }, true, true},
	{"plan", func(s *providedSubscription) string { return s.Plan.Title }, true, true},
	{"plan_slug", func(s *providedSubscription) string { return s.Plan.Slug }, true, false},
	{"created_at", func(s *providedSubscription) string { return sortable(s.CreatedAt) }, false, true},
	{"ends_at", func(s *providedSubscription) string { return sortable(s.EndsAt) }, false, true},
}

var subscriberColumns = []column[organization]{
	{"slug", func(p *organization) string { return p.Slug }, true, false},
	{"full_name", func(p *organization) string { return p.PrintableName }, true, true},
	{"created_at", func(p *organization) string { return sortable(p.CreatedAt) }, false, true},
}

// listSubscribers lists the profiles that have a subscription to a plan of a
// profile (GET /api/profile/{profile}/subscribers), or ever had one (…/all).
func listSubscribers(list directory.SubscriptionList) face.Handler {
	return func(w http.ResponseWriter, r *http.Request, c *face.Call) error {
		a, q, err := readProvidedQuery(r, list)
		if err != nil {
			return err
		}
		q.Whole = q.Whole || r.URL.Query().Has("o") // of the profiles
		found, err := c.Site.Subscribers(r.Context(), c.Who, r.PathValue("profile"), q)
		if err != nil {
			return hide(r, c, err, "Organization")
		}
		if found.Whole {
			return writeBounded(w, r, c, found.Items, found.Capped, subscriberColumns, organizationOf)
		}
		out, err := windowPage(r, c, a, found.Part, found.Total, organizationOf)
		if err != nil {
			return err
		}
		return write(w, http.StatusOK, out)
	}
}

// engagedRole is who acts for a subscriber.
type engagedRole struct {
	role
	Profile organization `json:"profile"`
}

var engagedColumns = []column[engagedRole]{
	{"username", func(r *engagedRole) string { return r.User.Username }, true, true},
	{"user_full_name", func(r *engagedRole) string { return r.User.FullName }, true, true},
	{"slug", func(r *engagedRole) string { return r.Profile.Slug }, true, true},
	{"full_name", func(r *engagedRole) string { return r.Profile.PrintableName }, true, true},
	{"created_at", func(r *engagedRole) string { return sortable(r.CreatedAt) }, false, true},
}

// listEngaged lists who acts for the subscribers of a profile and signed in
// within 7 days, last first (GET /api/profile/{profile}/subscribers/engaged).
func listEngaged(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	found, capped, err := c.Site.EngagedSubscribers(r.Context(), c.Who, r.PathValue("profile"))
	if err != nil {
		return hide(r, c, err, "Organization")
	}
	return writeBounded(w, r, c, found, capped, engagedColumns, func(one *directory.Role) engagedRole {
		return engagedRole{roleOf(c, one, ""), organizationOf(&one.Profile)}
	})
}

// listUnengaged lists the subscribers of whom nobody signed in for 90 days (GET
// /api/profile/{profile}/subscribers/unengaged).
func listUnengaged(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	found, capped, err := c.Site.UnengagedSubscribers(r.Context(), c.Who, r.PathValue("profile"))
	if err != nil {
		return hide(r, c, err, "Organization")
	}
	return writeBounded(w, r, c, found, capped, subscriberColumns, organizationOf)
}
