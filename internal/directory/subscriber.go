package directory

import (
	"context"
	"slices"
	"time"

	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/store"
)

// SubscriptionList says which of a provider's subscriptions a list has. What
// meets a period and does not wait is either running or churned.
type SubscriptionList string

// The lists of subscriptions.
const (
	RunningSubscriptions SubscriptionList = ""        // accepted, and there at the end of the period
	ChurnedSubscriptions SubscriptionList = "churned" // that ended within the period
	AllSubscriptions     SubscriptionList = "all"     // that were there within the period, also those that wait
)

// wants reports whether a link belongs on the list.
func (list SubscriptionList) wants(p Period, l *store.Link) bool {
	if l.Tag == tagErased {
		return false
	}
	switch list {
	case RunningSubscriptions:
		return accepted(l) && p.runs(l)
	case ChurnedSubscriptions:
		return accepted(l) && p.ended(l)
	default:
		return p.meets(l)
	}
}

// state narrows what has to be read for the list.
func (list SubscriptionList) state(p Period, now time.Time) store.LinkState {
	if list == RunningSubscriptions && p.End.After(now) {
		return store.LinkActive
	}
	return ""
}

// Provided is a subscription on a provider's list, not read whole yet.
type Provided struct {
	plan *Plan
	link *store.Link
}

// ProvidedSubscriptions lists, newest first, the subscriptions to one plan of a
// provider, or with the plan "" to any. Errors: NotFound, with Field "plan" for
// the plan; Forbidden.
func (s *Site) ProvidedSubscriptions(ctx context.Context, who access.Principal, provider, plan string, list SubscriptionList, p Period) ([]Provided, error) {
	var out []Provided
	err := s.data.View(ctx, func(r store.Reader) (err error) {
		out, err = s.provided(r, who, provider, plan, list, p)
		return err
	})
	return out, err
}

func (s *Site) provided(r store.Reader, who access.Principal, provider, plan string, list SubscriptionList, p Period) ([]Provided, error) {
	now := s.d.now()
	p = p.until(now)
	plans, err := s.plansToList(r, who, provider, plan)
	if err != nil {
		return nil, err
	}
	var out []Provided
	for i := range plans {
		q := store.LinkQuery{Kind: store.SubscriptionLink, State: list.state(p, now), Limit: linkPage}
		for {
			links, err := r.ToByTime(plans[i].ID, q)
			if err != nil {
				return nil, err
			}
			for _, l := range links {
				if list.wants(p, l) {
					out = append(out, Provided{&plans[i], l})
				}
			}
			if len(links) < linkPage {
				break
			}
			last := links[len(links)-1]
			q.After = store.LinkMark{Created: last.Created, Other: last.Src, Key: last.Key}
		}
	}
	if len(plans) > 1 { // each plan's are in order already
		slices.SortStableFunc(out, func(a, b Provided) int { return b.link.Created.Compare(a.link.Created) })
	}
	return out, nil
}

func (s *Site) plansToList(r store.Reader, who access.Principal, provider, plan string) ([]Plan, error) {
	if plan != "" {
		_, one, err := s.planFor(r, access.SubscriberRead, who, provider, plan)
		return []Plan{one}, err
	}
	org, err := s.profileFor(r, access.SubscriberRead, who, provider)
	if err != nil {
		return nil, err
	}
	return s.plansOf(r, org)
}

// ReadProvided reads subscriptions of a list whole. Those of who was erased
// meanwhile are left out.
func (s *Site) ReadProvided(ctx context.Context, who access.Principal, list []Provided) ([]Subscription, error) {
	var out []Subscription
	err := s.data.View(ctx, func(r store.Reader) error {
		out = make([]Subscription, 0, len(list))
		for _, at := range list {
			sub, err := s.readProvided(r, at)
			if profile.IsKind(err, profile.NotFound) {
				continue
			}
			if err != nil {
				return err
			}
			out = append(out, sub)
		}
		return s.markEditable(r, who, out)
	})
	return out, err
}

func (s *Site) readProvided(r store.Reader, at Provided) (Subscription, error) {
	l, err := r.Link(at.link.Src, at.link.Kind, at.link.Dst, at.link.Key)
	if err != nil {
		return Subscription{}, err
	}
	rec, err := r.Record(l.Src)
	if err != nil {
		return Subscription{}, err
	}
	subscriber, err := s.subject(r, rec)
	if err != nil {
		return Subscription{}, err
	}
	sub, err := subscriptionOf(l, subscriber, *at.plan)
	sub.Private = !isCurrent(l, s.d.now())
	return sub, err
}

// Subscribers lists the profiles that have a subscription on a list, each once,
// the one with the newest first. Errors as of ProvidedSubscriptions.
func (s *Site) Subscribers(ctx context.Context, who access.Principal, provider string, list SubscriptionList, p Period) ([]Subject, error) {
	var out []Subject
	err := s.data.View(ctx, func(r store.Reader) error {
		out = nil
		return s.eachSubscriber(r, who, provider, list, p, func(rec *store.Record) error {
			one, err := s.subject(r, rec)
			out = append(out, one)
			return err
		})
	})
	return out, err
}

func (s *Site) eachSubscriber(r store.Reader, who access.Principal, provider string, list SubscriptionList, p Period, fn func(*store.Record) error) error {
	all, err := s.provided(r, who, provider, "", list, p)
	if err != nil {
		return err
	}
	seen := map[profile.ID]bool{}
	for _, at := range all {
		if seen[at.link.Src] {
			continue
		}
		seen[at.link.Src] = true
		rec, err := r.Record(at.link.Src)
		if profile.IsKind(err, profile.NotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if err := fn(rec); err != nil {
			return err
		}
	}
	return nil
}
