package directory

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/store"
)

// MaxPlanTitle is the most characters of a plan's title, MaxPeriod the most
// periods that a plan counts as one.
const (
	MaxPlanTitle = 50
	MaxPeriod    = 1000
)

// PeriodTypes and RenewalTypes are the choices of a plan (DjaoApp API
// reference, "Plan").
var (
	PeriodTypes  = []string{"hourly", "daily", "weekly", "monthly", "yearly"}
	RenewalTypes = []string{"one-time", "auto-renew", "repeat"}
)

// PlanTerms is what a plan says (DjaoApp API reference, "Plan"). Amounts are in
// cents of unit. Facet charges nobody: what is said of money is kept and shown.
type PlanTerms struct {
	Title         string          `json:"title"`
	Description   string          `json:"description"`
	Active        bool            `json:"is_active"`
	SetupAmount   int64           `json:"setup_amount"`
	PeriodAmount  int64           `json:"period_amount"`
	PeriodType    string          `json:"period_type"` // of PeriodTypes; "" is yearly
	PeriodLength  int             `json:"period_length"`
	Unit          string          `json:"unit"`         // ISO 4217, lower case
	RenewalType   string          `json:"renewal_type"` // of RenewalTypes; "" is auto-renew
	SkipOptin     bool            `json:"skip_optin_on_grant"`
	RequestOptin  bool            `json:"optin_on_request"`
	NotPriced     bool            `json:"is_not_priced"`
	UnlockEvent   string          `json:"unlock_event,omitempty"`
	Discounts     json.RawMessage `json:"advance_discounts,omitempty"` // an array
	UseCharges    json.RawMessage `json:"use_charges,omitempty"`       // an array
	Extra         json.RawMessage `json:"extra,omitempty"`             // any JSON that the caller keeps with a plan
	AutoRenewable bool            `json:"-"`
}

// Plan is what a provider offers subscriptions to.
type Plan struct {
	PlanTerms
	ID       profile.ID
	Slug     string
	Created  time.Time
	Provider Subject

	owner  profile.ID
	number int64
}

func planOf(rec *store.Record) (Plan, error) {
	p := Plan{ID: rec.ID, Slug: rec.Name(profile.PlanSlug), Created: rec.Created, owner: rec.Owner, number: rec.Number}
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

// waits reports whether a request for the plan has to be accepted by its
// provider: where the plan says so, and where it costs something, since nothing
// is charged here.
func (p *PlanTerms) waits() bool {
	return p.RequestOptin || p.SetupAmount > 0 || p.PeriodAmount > 0
}

// dressPlan sets what follows from a plan's terms: its title is unique among
// the plans of its provider.
func dressPlan(rec *store.Record, terms *PlanTerms) {
	rec.Attrs = marshal(terms)
	rec.Sort = profile.Fold(terms.Title)
	rec.Names = slices.DeleteFunc(slices.Clone(rec.Names), func(n profile.Name) bool { return n.Space == profile.PlanTitle })
	rec.Names = append(rec.Names, profile.Name{Space: profile.PlanTitle, Value: rec.Sort, Owned: true})
}

// AddPlan makes a plan of a provider. A slug or title in use is Taken.
func (s *Site) AddPlan(ctx context.Context, provider profile.ID, slug string, terms PlanTerms) error {
	rec, err := s.draft(ctx, profile.Plan, provider, provider)
	if err != nil {
		return err
	}
	dressPlan(rec, &terms)
	setName(rec, profile.PlanSlug, slug)
	return s.data.Update(ctx, func(tx store.Tx) error {
		return tx.Create(rec, s.event(provider, "plan.created", rec.ID))
	})
}

// CreatePlan makes a plan of the provider named; its slug is made of its title,
// its unit is by default that of the provider's first plan. Errors: NotFound,
// Forbidden, Taken with Field "title", Forbidden with Field
// "skip_optin_on_grant".
func (s *Site) CreatePlan(ctx context.Context, who access.Principal, provider string, terms PlanTerms) (Plan, error) {
	seq, err := s.number(ctx)
	if err != nil {
		return Plan{}, err
	}
	var out Plan
	err = s.data.Update(ctx, func(tx store.Tx) error {
		org, err := s.profileFor(tx, access.PlanWrite, who, provider)
		if err != nil {
			return err
		}
		if err := s.mayUnconsented(tx, who, false, terms.SkipOptin); err != nil {
			return err
		}
		if err := s.spend(tx, who, planQuota); err != nil {
			return err
		}
		mine := terms
		if mine.Unit == "" {
			if mine.Unit, err = firstUnit(tx, org.ID); err != nil {
				return err
			}
		}
		rec := s.numberedRecord(seq, profile.Plan, org.ID, who.Subject)
		dressPlan(rec, &mine)
		event := s.event(who.Subject, "plan.created", rec.ID)
		for _, slug := range planSlugs(rec) {
			setName(rec, profile.PlanSlug, slug)
			if err = tx.Create(rec, event); !isTaken(err, profile.PlanSlug) {
				break
			}
		}
		if err != nil {
			return err
		}
		if out, err = planOf(rec); err == nil {
			out.Provider, err = s.subject(tx, org)
		}
		return err
	})
	return out, err
}

// mayUnconsented refuses that a plan begins to skip the opt-in on grants unless
// an operator says so: it would hand a provider whomever it names.
func (s *Site) mayUnconsented(r store.Reader, who access.Principal, before, after bool) error {
	if before || !after {
		return nil
	}
	is, err := s.relationTo(r, who, nil)
	if err != nil || is.Has(access.Broker) {
		return err
	}
	return profile.E(profile.Invalid, profile.CodeForbidden, "skip_optin_on_grant", "Only the site's owner can let a plan skip its subscribers' consent.")
}

// planSlugs are the slugs to try for a plan.
func planSlugs(rec *store.Record) []string {
	n := strconv.FormatInt(rec.Number, 10)
	if base := slugFrom(rec.Sort); base != "" {
		return []string{base, base + "-" + n, "plan-" + n}
	}
	return []string{"plan-" + n}
}

// firstUnit is the unit of a provider's first plan.
func firstUnit(r store.Reader, provider profile.ID) (string, error) {
	first, err := r.Owned(provider, profile.Plan, 0, 1)
	if err != nil || len(first) == 0 {
		return "usd", err
	}
	p, err := planOf(first[0])
	return p.Unit, err
}

// PlanQuery selects a part of the plans of a provider.
type PlanQuery struct {
	ListQuery
	Active *bool // only those that are, or are not
}

// Plans lists the plans of a provider in the order of their creation. Errors:
// NotFound, with Field "page" for a place that is none; Forbidden.
func (s *Site) Plans(ctx context.Context, who access.Principal, provider string, q PlanQuery) (out List[Plan], err error) {
	var org *store.Record
	may := func(r store.Reader) (err error) {
		org, err = s.profileFor(r, access.PlanRead, who, provider)
		return err
	}
	err = s.data.Glance(ctx, may, func(r store.Reader) (err error) {
		out, err = s.listPlans(r, org, q)
		return err
	})
	return out, err
}

// Pricing lists the active plans of the organization that owns the site.
func (s *Site) Pricing(ctx context.Context, q ListQuery) (out List[Plan], err error) {
	broker := s.Policy().Broker
	if broker.IsZero() {
		return out, nil
	}
	active := true
	err = s.data.Glance(ctx, nil, func(r store.Reader) error {
		org, err := r.Record(broker)
		if err != nil {
			return err
		}
		out, err = s.listPlans(r, org, PlanQuery{q, &active})
		return err
	})
	return out, err
}

func (s *Site) listPlans(r store.Reader, org *store.Record, q PlanQuery) (out List[Plan], err error) {
	provider, err := s.subject(r, org)
	if err != nil {
		return out, err
	}
	list := &sequence[Plan, planMark]{
		read: func(after planMark, up bool, limit int) ([]Plan, error) {
			read := r.Owned
			if up != q.Reverse {
				read = r.OwnedDown
			}
			recs, err := read(org.ID, profile.Plan, after.number, limit)
			if err != nil {
				return nil, err
			}
			return plansFrom(recs, provider)
		},
		keep: func(p Plan) (bool, error) {
			return q.within(p.Created) && (q.Active == nil || *q.Active == p.Active), nil
		},
		mark:  func(p Plan) planMark { return planMark{p.ID, p.number} },
		print: func(m planMark) string { return printPlace(m.id, strconv.FormatInt(m.number, 36)) },
		parse: func(place string) (planMark, error) {
			id, rest, err := parsePlace(place)
			if err != nil {
				return planMark{}, err
			}
			number, err := strconv.ParseInt(rest, 36, 64)
			if err != nil {
				return planMark{}, badPlace()
			}
			return planMark{id, number}, nil
		},
	}
	return cut(list, q.ListQuery)
}

// planMark is the place of a plan in a list.
type planMark struct {
	id     profile.ID
	number int64
}

func (s *Site) plansOf(r store.Reader, org *store.Record) ([]Plan, error) {
	provider, err := s.subject(r, org)
	if err != nil {
		return nil, err
	}
	records, err := r.Owned(org.ID, profile.Plan, 0, -1)
	if err != nil {
		return nil, err
	}
	return plansFrom(records, provider)
}

func plansFrom(records []*store.Record, provider Subject) ([]Plan, error) {
	out := make([]Plan, len(records))
	for i, rec := range records {
		var err error
		if out[i], err = planOf(rec); err != nil {
			return nil, err
		}
		out[i].Provider = provider
	}
	return out, nil
}

// Plan reads a plan. Errors: NotFound (Field "plan" when the provider is
// there), Forbidden.
func (s *Site) Plan(ctx context.Context, who access.Principal, provider, slug string) (Plan, error) {
	var out Plan
	err := s.data.View(ctx, func(r store.Reader) (err error) {
		_, out, err = s.planFor(r, access.PlanRead, who, provider, slug)
		return err
	})
	return out, err
}

// EditPlan changes what a plan says by fn, which may run again. A new title is
// a new slug, too, as long as nobody ever subscribed. Errors as of CreatePlan
// and Plan.
func (s *Site) EditPlan(ctx context.Context, who access.Principal, provider, slug string, fn func(*PlanTerms)) (Plan, error) {
	var out Plan
	err := s.data.Update(ctx, func(tx store.Tx) error {
		old, plan, err := s.planFor(tx, access.PlanWrite, who, provider, slug)
		if err != nil {
			return err
		}
		if err := tx.Lock(old.ID); err != nil {
			return err
		}
		terms := plan.PlanTerms
		fn(&terms)
		if err := s.mayUnconsented(tx, who, plan.SkipOptin, terms.SkipOptin); err != nil {
			return err
		}
		rec := *old
		dressPlan(&rec, &terms)
		if terms.Title != plan.Title {
			ever, err := everSubscribed(tx, old.ID)
			if err != nil {
				return err
			}
			if !ever {
				if err := renamePlan(tx, &rec); err != nil {
					return err
				}
			}
		}
		if string(rec.Attrs) == string(old.Attrs) {
			out = plan
			return nil
		}
		rec.Updated = s.d.now()
		if err := tx.Save(old, &rec, s.event(who.Subject, "plan.updated", rec.ID, "terms")); err != nil {
			return err
		}
		out, err = planOf(&rec)
		out.Provider = plan.Provider
		return err
	})
	return out, err
}

// renamePlan gives a plan the first slug of its title that no other has.
func renamePlan(r store.Reader, rec *store.Record) error {
	for _, slug := range planSlugs(rec) {
		other, err := bySlug(r, profile.PlanSlug, slug)
		if profile.IsKind(err, profile.NotFound) || err == nil && other.ID == rec.ID {
			setName(rec, profile.PlanSlug, slug)
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil // it keeps the one it has
}

// DeletePlan deletes a plan that nobody ever subscribed to. Errors as of Plan;
// Conflict when somebody did.
func (s *Site) DeletePlan(ctx context.Context, who access.Principal, provider, slug string) error {
	return s.data.Update(ctx, func(tx store.Tx) error {
		rec, _, err := s.planFor(tx, access.PlanWrite, who, provider, slug)
		if err != nil {
			return err
		}
		if err := tx.Lock(rec.ID); err != nil {
			return err
		}
		ever, err := everSubscribed(tx, rec.ID)
		if err != nil {
			return err
		}
		if ever {
			return profile.E(profile.Conflict, profile.CodeSubscribed, "plan", "Cannot delete a plan with subscribers")
		}
		return tx.Remove(rec, s.event(who.Subject, "plan.deleted", rec.ID))
	})
}

func everSubscribed(r store.Reader, plan profile.ID) (bool, error) {
	links, err := r.To(plan, store.SubscriptionLink, profile.ID{}, "", 1)
	return len(links) > 0, err
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
		return nil, Plan{}, noPlan()
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

func noPlan() error {
	return profile.E(profile.NotFound, profile.CodeNotFound, "plan", "No Plan matches the given query.")
}
