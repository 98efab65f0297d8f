package directory

import (
	"context"
	"encoding/json"
	"time"

	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/store"
)

// PlanTerms is what a plan says (DjaoApp, "Plan"). Amounts are in cents of
// unit.
type PlanTerms struct {
	Title         string `json:"title"`
	Description   string `json:"description"`
	Active        bool   `json:"is_active"`
	SetupAmount   int64  `json:"setup_amount"`
	PeriodAmount  int64  `json:"period_amount"`
	PeriodType    string `json:"period_type"` // hourly, daily, weekly, monthly, yearly
	PeriodLength  int    `json:"period_length"`
	Unit          string `json:"unit"`         // ISO 4217, lower case
	RenewalType   string `json:"renewal_type"` // one-time, auto-renew, repeat
	SkipOptin     bool   `json:"skip_optin_on_grant"`
	RequestOptin  bool   `json:"optin_on_request"`
	NotPriced     bool   `json:"is_not_priced"`
	AutoRenewable bool   `json:"-"`
}

// Plan is what a provider offers subscriptions to.
type Plan struct {
	PlanTerms
	ID       profile.ID
	Slug     string
	Created  time.Time
	Provider Subject
}

func planOf(rec *store.Record) (Plan, error) {
	p := Plan{ID: rec.ID, Slug: rec.Name(profile.PlanSlug), Created: rec.Created}
	if err := json.Unmarshal(rec.Attrs, &p.PlanTerms); err != nil {
		return Plan{}, err
	}
	p.AutoRenewable = p.RenewalType == "auto-renew"
	return p, nil
}

// periodEnd is when a period that begins at from is over.
func (p *PlanTerms) periodEnd(from time.Time) time.Time {
	n := max(p.PeriodLength, 1)
	switch p.PeriodType {
	case "hourly":
		return from.Add(time.Duration(n) * time.Hour)
	case "daily":
		return from.AddDate(0, 0, n)
	case "weekly":
		return from.AddDate(0, 0, 7*n)
	case "monthly":
		return addMonths(from, n)
	default:
		return addMonths(from, 12*n)
	}
}

// addMonths keeps to the month asked for: a month after 31 January is the last
// day of February.
func addMonths(from time.Time, n int) time.Time {
	to := from.AddDate(0, n, 0)
	if to.Day() != from.Day() {
		to = to.AddDate(0, 0, -to.Day())
	}
	return to
}

// AddPlan makes a plan of a provider.
func (s *Site) AddPlan(ctx context.Context, provider profile.ID, slug string, terms PlanTerms) error {
	rec, err := s.draft(ctx, profile.Plan, provider, provider)
	if err != nil {
		return err
	}
	rec.Attrs = marshal(terms)
	rec.Sort = profile.Fold(terms.Title)
	setName(rec, profile.PlanSlug, slug)
	return s.data.Update(ctx, func(tx store.Tx) error {
		return tx.Create(rec, s.event(provider, "plan.created", rec.ID))
	})
}

// planFor reads a plan of a provider for a caller who may do perm with the
// provider.
func (s *Site) planFor(r store.Reader, perm access.Permission, who access.Principal, provider, slug string) (*store.Record, Plan, error) {
	org, err := s.profileFor(r, perm, who, provider)
	if err != nil {
		return nil, Plan{}, err
	}
	rec, err := bySlug(r, profile.PlanSlug, slug)
	if profile.IsKind(err, profile.NotFound) || err == nil && rec.Owner != org.ID {
		return nil, Plan{}, profile.E(profile.NotFound, profile.CodeNotFound, "plan", "No Plan matches the given query.")
	}
	if err != nil {
		return nil, Plan{}, err
	}
	plan, err := planOf(rec)
	if err != nil {
		return nil, Plan{}, err
	}
	plan.Provider, err = s.subject(r, org)
	return rec, plan, err
}
