package djaoapp

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/text/currency"

	"facet/internal/access"
	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/profile"
	"facet/internal/schema"
)

var planColumns = []column[planDetail]{
	{"slug", func(p *planDetail) string { return p.Slug }, true, false},
	{"title", func(p *planDetail) string { return p.Title }, true, true},
	{"profile", func(p *planDetail) string { return p.Profile.PrintableName }, true, false},
	{"period_amount", func(p *planDetail) string { return sortableNumber(p.PeriodAmount) }, false, true},
	{"is_active", func(p *planDetail) string { return strconv.FormatBool(p.IsActive) }, false, true},
	{"created_at", func(p *planDetail) string { return sortable(p.CreatedAt) }, false, true},
}

// sortableNumber is a number, not negative, in the form that orders as text.
func sortableNumber(n int64) string {
	digits := strconv.FormatInt(n, 10)
	return strings.Repeat("0", 20-len(digits)) + digits
}

// pricing lists what the organization that owns the site offers (GET
// /api/pricing).
func pricing(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	a, q, err := readListQuery(r, "created_at", "-created_at")
	if err != nil {
		return err
	}
	plans, err := c.Site.Pricing(r.Context(), q)
	if err != nil {
		return err
	}
	return writeList(w, r, c, a, &plans, planColumns, planDetailOf)
}

// listPlans lists the plans of a profile; "active" keeps those that are, or are
// not (GET /api/profile/{profile}/plans).
func listPlans(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	a, q, err := readListQuery(r, "created_at", "-created_at")
	if err != nil {
		return err
	}
	of := directory.PlanQuery{ListQuery: q}
	if active, ok := isTrue(r.URL.Query().Get("active")); ok && r.URL.Query().Get("active") != "" {
		of.Active = &active
	}
	plans, err := c.Site.Plans(r.Context(), c.Who, r.PathValue("profile"), of)
	if err != nil {
		return hide(r, c, err, "Organization")
	}
	return writeList(w, r, c, a, &plans, planColumns, planDetailOf)
}

// createPlan makes a plan of a profile (POST /api/profile/{profile}/plans).
func createPlan(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	if err := c.Site.MayProfile(r.Context(), access.PlanWrite, c.Who, r.PathValue("profile")); err != nil {
		return hide(r, c, err, "Organization")
	}
	in, err := readFields(w, r)
	if err != nil {
		return err
	}
	title := in.required("title", directory.MaxPlanTitle)
	change := in.planTerms(c.Site.Now())
	if err := in.err(); err != nil {
		return err
	}
	terms := directory.PlanTerms{PeriodType: "yearly", PeriodLength: 1, RenewalType: "auto-renew"}
	change(&terms)
	terms.Title = title
	plan, err := c.Site.CreatePlan(r.Context(), c.Who, r.PathValue("profile"), terms)
	if err != nil {
		return planError(r, c, err)
	}
	return write(w, http.StatusCreated, planDetailOf(&plan))
}

// readPlan answers with a plan (GET /api/profile/{profile}/plans/{plan}).
func readPlan(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	plan, err := c.Site.Plan(r.Context(), c.Who, r.PathValue("profile"), r.PathValue("plan"))
	if err != nil {
		return planError(r, c, err)
	}
	return write(w, http.StatusOK, planDetailOf(&plan))
}

// replacePlan changes a plan; its title has to be there (PUT
// /api/profile/{profile}/plans/{plan}). What is not named stays as it is.
func replacePlan(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	return editPlan(w, r, c, true)
}

// updatePlan changes what is named (PATCH
// /api/profile/{profile}/plans/{plan}).
func updatePlan(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	return editPlan(w, r, c, false)
}

func editPlan(w http.ResponseWriter, r *http.Request, c *face.Call, titled bool) error {
	if err := c.Site.MayProfile(r.Context(), access.PlanWrite, c.Who, r.PathValue("profile")); err != nil {
		return hide(r, c, err, "Organization")
	}
	in, err := readFields(w, r)
	if err != nil {
		return err
	}
	if titled && !in.has("title") {
		in.wrong("title", textRequired)
	}
	change := in.planTerms(c.Site.Now())
	if err := in.err(); err != nil {
		return err
	}
	plan, err := c.Site.EditPlan(r.Context(), c.Who, r.PathValue("profile"), r.PathValue("plan"), change)
	if err != nil {
		return planError(r, c, err)
	}
	out := planDetailOf(&plan)
	out.Detail = "Successfully updated plan titled '" + plan.Title + "'."
	return write(w, http.StatusOK, out)
}

// deletePlan deletes a plan that nobody ever subscribed to (DELETE
// /api/profile/{profile}/plans/{plan}).
func deletePlan(w http.ResponseWriter, r *http.Request, c *face.Call) error {
	if err := c.Site.DeletePlan(r.Context(), c.Who, r.PathValue("profile"), r.PathValue("plan")); err != nil {
		return planError(r, c, err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// planError gives the error of a plan: a title in use, one with subscribers.
func planError(r *http.Request, c *face.Call, err error) error {
	e := profile.AsError(err)
	switch {
	case e.Kind == profile.Taken && e.Field == string(profile.PlanTitle):
		return refuse(e.Kind, e.Code, http.StatusBadRequest, object{{"title", "A plan with this title already exists."}})
	case e.Code == profile.CodeSubscribed:
		return refuse(e.Kind, e.Code, http.StatusForbidden, detail(e.Message))
	}
	return hide(r, c, err, "Organization")
}

// planTerms reads what a plan says, as the change that it makes.
func (in *fields) planTerms(now time.Time) func(*directory.PlanTerms) {
	var set []func(*directory.PlanTerms)
	add := func(fn func(*directory.PlanTerms)) { set = append(set, fn) }

	if v, ok := in.filled("title", directory.MaxPlanTitle); ok {
		add(func(p *directory.PlanTerms) { p.Title = v })
	}
	if v, ok := in.note("description", 5000); ok {
		add(func(p *directory.PlanTerms) { p.Description = v })
	}
	if v, ok := in.note("unlock_event", 128); ok || in.isNull("unlock_event") {
		add(func(p *directory.PlanTerms) { p.UnlockEvent = v })
	}
	for name, at := range map[string]func(*directory.PlanTerms) *bool{
		"is_active":           func(p *directory.PlanTerms) *bool { return &p.Active },
		"skip_optin_on_grant": func(p *directory.PlanTerms) *bool { return &p.SkipOptin },
		"optin_on_request":    func(p *directory.PlanTerms) *bool { return &p.RequestOptin },
		"is_not_priced":       func(p *directory.PlanTerms) *bool { return &p.NotPriced },
	} {
		if v, ok := in.truth(name); ok {
			add(func(p *directory.PlanTerms) { *at(p) = v })
		}
	}
	if v, ok := in.integer("setup_amount", 0, maxAmount); ok {
		add(func(p *directory.PlanTerms) { p.SetupAmount = v })
	}
	if v, ok := in.integer("period_amount", 0, maxAmount); ok {
		add(func(p *directory.PlanTerms) { p.PeriodAmount = v })
	}
	if v, ok := in.integer("period_length", 1, directory.MaxPeriod); ok {
		add(func(p *directory.PlanTerms) { p.PeriodLength = int(v) })
	}
	if v, ok := in.choice("period_type", directory.PeriodTypes); ok {
		add(func(p *directory.PlanTerms) { p.PeriodType = v })
	}
	if v, ok := in.choice("renewal_type", directory.RenewalTypes); ok {
		add(func(p *directory.PlanTerms) { p.RenewalType = v })
	}
	if v, ok := in.filled("unit", 3); ok {
		if v = strings.ToLower(v); !isCurrency(v) {
			in.wrong("unit", `"%s" is not a valid choice.`, v)
		}
		add(func(p *directory.PlanTerms) { p.Unit = v })
	}
	if v, ok := in.discounts(); ok {
		add(func(p *directory.PlanTerms) { p.Discounts = v })
	}
	if v, ok := in.useCharges(now); ok {
		add(func(p *directory.PlanTerms) { p.UseCharges = v })
	}
	if raw, ok := in.values["extra"]; ok {
		v := schema.Compact(nil, raw)
		if in.isNull("extra") {
			v = nil
		}
		add(func(p *directory.PlanTerms) { p.Extra = v })
	}
	return func(p *directory.PlanTerms) {
		for _, fn := range set {
			fn(p)
		}
	}
}

// maxAmount is the most cents of an amount: a whole number that every client's
// arithmetic keeps.
const maxAmount = 1<<53 - 1

// isCurrency reports whether a text is an ISO 4217 code in lower case.
func isCurrency(text string) bool {
	unit, err := currency.ParseISO(text)
	return err == nil && strings.ToLower(unit.String()) == text
}

func (in *fields) isNull(name string) bool {
	raw, ok := in.values[name]
	return ok && raw.Kind() == 'n'
}

// integer reads a whole number from low to high.
func (in *fields) integer(name string, low, high int64) (int64, bool) {
	raw, ok := in.values[name]
	if !ok {
		return 0, false
	}
	if raw.Kind() == 'n' {
		in.wrong(name, textNull)
		return 0, false
	}
	n, err := strconv.ParseInt(strings.Trim(string(raw), `"`), 10, 64)
	switch {
	case err != nil:
		in.wrong(name, "A valid integer is required.")
	case n < low:
		in.wrong(name, "Ensure this value is greater than or equal to %d.", low)
	case n > high:
		in.wrong(name, "Ensure this value is less than or equal to %d.", high)
	default:
		return n, true
	}
	return 0, false
}

// choice reads one of some texts.
func (in *fields) choice(name string, of []string) (string, bool) {
	v, ok := in.filled(name, 50)
	if ok && !slices.Contains(of, v) {
		in.wrong(name, `"%s" is not a valid choice.`, v)
		return "", false
	}
	return v, ok
}

// maxItems is how many discounts or charges a plan may have.
const maxItems = 100

// items reads the objects of an array, each by fn, and gives what fn makes of
// them as an array. A form sends the array as its JSON.
func (in *fields) items(name string, fn func(*fields) any) (json.RawMessage, bool) {
	raw, ok := in.values[name]
	if !ok {
		return nil, false
	}
	if text, isText := schema.Text(raw); isText && schema.CheckJSON([]byte(text), face.MaxDepth) == nil {
		raw = jsontext.Value(text)
	}
	var list []jsontext.Value
	if raw.Kind() != '[' || json.Unmarshal(raw, &list) != nil {
		in.wrong(name, `Expected a list of items.`)
		return nil, false
	}
	if len(list) > maxItems {
		in.wrong(name, "Ensure this field has no more than %d elements.", maxItems)
		return nil, false
	}
	out := make([]any, 0, len(list))
	for _, item := range list {
		one := &fields{values: map[string]jsontext.Value{}, problems: &object{}}
		if item.Kind() != '{' {
			in.problem(name, object{{"detail", []string{notObject(item.Kind())}}})
			return nil, false
		}
		if json.Unmarshal(item, &one.values) != nil { // checked as a whole before
			return nil, false
		}
		made := fn(one)
		if len(*one.problems) > 0 {
			in.problem(name, *one.problems)
			return nil, false
		}
		out = append(out, made)
	}
	b, err := json.Marshal(out)
	return b, err == nil
}

// discount is what a plan takes off for periods paid ahead.
type discount struct {
	Type   string `json:"discount_type"`  // percentage, currency, period
	Value  int64  `json:"discount_value"` // hundredths of a percent, cents, or periods
	Length int64  `json:"length"`         // periods paid at once
}

func (in *fields) discounts() (json.RawMessage, bool) {
	return in.items("advance_discounts", func(one *fields) any {
		var d discount
		if !one.has("discount_type") {
			one.wrong("discount_type", textRequired)
		}
		d.Type, _ = one.choice("discount_type", []string{"percentage", "currency", "period"})
		d.Value, _ = one.integer("discount_value", 0, maxAmount)
		if d.Length, _ = one.integer("length", 1, directory.MaxPeriod); d.Length == 0 {
			d.Length = 1
		}
		return d
	})
}

// useCharge is what a plan charges for use beside its period.
type useCharge struct {
	Slug         string          `json:"slug"`
	Title        string          `json:"title"`
	Description  string          `json:"description"`
	CreatedAt    string          `json:"created_at"`
	UseAmount    int64           `json:"use_amount"` // cents a use over the quota
	Quota        int64           `json:"quota"`      // uses in the period's amount
	MaximumLimit *int64          `json:"maximum_limit"`
	Extra        json.RawMessage `json:"extra"`
}

func (in *fields) useCharges(now time.Time) (json.RawMessage, bool) {
	return in.items("use_charges", func(one *fields) any {
		u := useCharge{Title: one.required("title", directory.MaxPlanTitle), CreatedAt: iso(now), Extra: json.RawMessage("null")}
		if u.Slug, _ = one.filled("slug", maxSlug); u.Slug == "" {
			u.Slug = profile.Slugify(u.Title, maxSlug)
		} else if !directory.IsSlug(u.Slug) {
			one.wrong("slug", `Enter a valid "slug" consisting of letters, numbers, underscores or hyphens.`)
		}
		u.Description, _ = one.note("description", 5000)
		u.UseAmount, _ = one.integer("use_amount", 0, maxAmount)
		u.Quota, _ = one.integer("quota", 0, maxAmount)
		if one.has("maximum_limit") && !one.isNull("maximum_limit") {
			if n, ok := one.integer("maximum_limit", 0, maxAmount); ok {
				u.MaximumLimit = &n
			}
		}
		if text, ok := one.note("created_at", 40); ok {
			if at, ok := parseTime(text); ok { // one that was read before
				u.CreatedAt = iso(at)
			} else {
				one.wrong("created_at", textDateTime)
			}
		}
		if raw, ok := one.values["extra"]; ok {
			u.Extra = schema.Compact(nil, raw)
		}
		return u
	})
}
