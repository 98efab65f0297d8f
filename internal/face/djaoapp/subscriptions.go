package djaoapp

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"facet/internal/access"
	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/profile"
	"facet/internal/schema"
)

// listSubscriptions lists a profile's subscriptions whose time is now (GET
// /api/profile/{profile}/subscriptions).
func listSubscriptions(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	return listOwn(w, r, c, c.Site.Subscriptions)
}

// listExpired lists those whose time is over (GET
// /api/profile/{profile}/subscriptions/expired).
func listExpired(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	return listOwn(w, r, c, c.Site.ExpiredSubscriptions)
}

func listOwn(w http.ResponseWriter, r *http.Request, c *face.Call,
	list func(context.Context, access.Principal, string, directory.ProvidedQuery) (directory.ProvidedList, error),
) error {
	a, q, err := readProvidedQuery(r, directory.AllSubscriptions)
	if err != nil {
		return err
	}
	found, err := list(r.Context(), c.Who, r.PathValue("profile"), q)
	if err != nil {
		return hide(r, c, err, "Organization")
	}
	return writeProvided(w, r, c, a, &found, subscriptionColumns, func(s *directory.Subscription) subscription {
		return subscriptionFor(c, s)
	})
}

// publicBase is the site's public address, without a slash at its end.
func publicBase(c *face.Call) string { return strings.TrimSuffix(c.Site.Policy().BaseURL, "/") }

// subscriptionFor is a subscription as the subscriber's side sees it.
func subscriptionFor(c *face.Call, s *directory.Subscription) subscription {
	base := publicBase(c)
	own := base + "/api/profile/" + url.PathEscape(s.Profile.Slug) + "/subscriptions/"
	out := subscription{
		subscriptionBase: subscriptionBaseOf(s, organizationOf(&s.Profile), planSummary{s.Plan.Slug, s.Plan.Title}),
		AppURL:           appURL(base, s), RemoveURL: own + url.PathEscape(s.Plan.Slug), Editable: s.Editable,
	}
	if s.Grant != "" {
		out.AcceptURL = orNull(own + "accept/" + s.Grant)
	}
	return out
}

// appURL is where the application is that the subscriber subscribed to.
func appURL(base string, s *directory.Subscription) string {
	return base + "/app/" + url.PathEscape(s.Profile.Slug) + "/" + url.PathEscape(s.Plan.Slug) + "/"
}

// readSubscription answers with the subscription that a profile has to a plan
// (GET /api/profile/{profile}/subscriptions/{plan}).
func readSubscription(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	sub, err := c.Site.Subscription(r.Context(), c.Who, ownSubscription(r))
	if err != nil {
		return hide(r, c, err, "Organization")
	}
	return write(w, http.StatusOK, subscriptionFor(c, &sub))
}

func ownSubscription(r *http.Request) directory.SubscriptionAt {
	return directory.SubscriptionAt{Profile: r.PathValue("profile"), Plan: r.PathValue("plan")}
}

// replaceSubscription changes a subscription; its end has to be there (PUT
// /api/profile/{profile}/subscriptions/{plan}). Only who manages the provider
// changes the end.
func replaceSubscription(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	return editOwn(w, r, c, true)
}

// updateSubscription changes what is named (PATCH
// /api/profile/{profile}/subscriptions/{plan}).
func updateSubscription(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	return editOwn(w, r, c, false)
}

func editOwn(w http.ResponseWriter, r *http.Request, c *face.Call, dated bool) error {
	sub, err := editSubscription(w, r, c, ownSubscription(r), dated)
	if err != nil {
		return hide(r, c, err, "Organization")
	}
	return write(w, http.StatusOK, subscriptionFor(c, &sub))
}

func editSubscription(w http.ResponseWriter, r *http.Request, c *face.Call, at directory.SubscriptionAt, dated bool) (sub directory.Subscription, err error) {
	if err := c.Site.MaySubscription(r.Context(), c.Who, at); err != nil {
		return sub, err
	}
	in, err := readFields(w, r)
	if err != nil {
		return sub, err
	}
	change := in.subscriptionEdit(dated)
	if err := in.err(); err != nil {
		return sub, err
	}
	return c.Site.EditSubscription(r.Context(), c.Who, at, change)
}

// removeSubscription ends a subscription now, or declines what was offered
// (DELETE /api/profile/{profile}/subscriptions/{plan}).
func removeSubscription(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	if err := c.Site.CancelSubscription(r.Context(), c.Who, ownSubscription(r)); err != nil {
		return hide(r, c, err, "Organization")
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// requestSubscription asks for a plan (POST
// /api/profile/{profile}/subscriptions). The plan is in "plan", by its slug or
// as an object that has it.
func requestSubscription(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	if err := c.Site.MayProfile(r.Context(), access.SubscriptionRequest, c.Who, r.PathValue("profile")); err != nil {
		return hide(r, c, err, "Organization")
	}
	in, err := readFields(w, r)
	if err != nil {
		return err
	}
	plan := in.planSlug()
	message, _ := in.note("message", 255)
	if err := in.err(); err != nil {
		return err
	}
	sub, made, err := c.Site.RequestSubscription(r.Context(), c.Who, r.PathValue("profile"), plan, message)
	if err != nil {
		return hide(r, c, err, "Organization")
	}
	status := http.StatusOK
	if made {
		status = http.StatusCreated
	}
	return write(w, status, subscriptionFor(c, &sub))
}

func (in *fields) planSlug() string {
	if in.values["plan"].Kind() != '{' && (in.has("plan") || !in.has("plan.slug")) {
		return in.required("plan", directory.MaxSlug)
	}
	plan, _ := in.nested("plan")
	slug := plan.required("slug", directory.MaxSlug)
	if len(*plan.problems) > 0 {
		in.problem("plan", *plan.problems)
	}
	return slug
}

// acceptGrant begins a subscription that was granted to a profile (POST
// /api/profile/{profile}/subscriptions/accept/{key}).
func acceptGrant(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	sub, err := c.Site.AcceptGrant(r.Context(), c.Who, r.PathValue("profile"), r.PathValue("key"))
	if err != nil {
		return hide(r, c, err, "Organization")
	}
	return write(w, http.StatusOK, subscriptionFor(c, &sub))
}

// subscriptionEdit reads what may change of a subscription.
func (in *fields) subscriptionEdit(dated bool) directory.SubscriptionEdit {
	var out directory.SubscriptionEdit
	if dated && !in.has("ends_at") {
		in.wrong("ends_at", textRequired)
	}
	if text, ok := in.filled("ends_at", 40); ok {
		at, ok := parseTime(text)
		if !ok {
			in.wrong("ends_at", textDateTime)
		}
		out.Ends = &at
	}
	if yes, ok := in.truth("auto_renew"); ok {
		out.AutoRenew = &yes
	}
	if text, ok := in.note("description", 5000); ok || in.isNull("description") {
		out.Description = &text
	}
	if raw, ok := in.values["extra"]; ok {
		out.Extra = schema.Compact(nil, raw)
	}
	return out
}

const textDateTime = "Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]."

// timeForms are the forms of a date and time; without a zone it is in UTC.
var timeForms = []string{time.RFC3339, "2006-01-02T15:04:05.999999999", "2006-01-02T15:04Z07:00", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02"}

// parseTime reads a date and time of the years 1 to 9999, to the microsecond.
func parseTime(text string) (time.Time, bool) {
	for _, form := range timeForms {
		if at, err := time.Parse(form, text); err == nil {
			at = at.UTC().Truncate(time.Microsecond)
			return at, at.Year() >= 1 && at.Year() <= 9999
		}
	}
	return time.Time{}, false
}

// period reads the span of a list from start_at and ends_at.
func period(r *http.Request) (p directory.Period, err error) {
	for _, bound := range []struct {
		name string
		to   *time.Time
	}{{"start_at", &p.Start}, {"ends_at", &p.End}} {
		text := r.URL.Query().Get(bound.name)
		if text == "" {
			continue
		}
		at, ok := parseTime(strings.ReplaceAll(text, " ", "+")) // a "+" that the query did not escape
		if !ok {
			if at, ok = parseTime(text); !ok {
				return p, refuse(profile.Invalid, profile.CodeDateTime, http.StatusBadRequest, object{{bound.name, []string{textDateTime}}})
			}
		}
		*bound.to = at
	}
	return p, nil
}
