package directory

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/store"
)

// Subscription is one period in which a profile has a plan. It waits while its
// grant, or its request, is not accepted.
type Subscription struct {
	Created     time.Time
	Ends        time.Time
	AutoRenew   bool // for who charges: nothing is renewed here
	Description string
	Extra       []byte // any JSON that the caller keeps with it; nil: none
	Grant       string // the key to accept it with, while the subscriber has to
	Request     string // likewise while the provider has to
	Profile     Subject
	Plan        Plan
	Private     bool // the caller may not read the profile: only its name is for them
	Editable    bool // the caller may change its dates
}

// subscriptionAttrs is what a subscription link carries. The key is no secret:
// it names what waits, and accepting takes a manager.
type subscriptionAttrs struct {
	AutoRenew   bool            `json:"auto_renew"`
	Description string          `json:"description,omitempty"`
	Key         string          `json:"key,omitempty"`
	Extra       json.RawMessage `json:"extra,omitempty"`
}

func subscriptionAttrsOf(l *store.Link) (a subscriptionAttrs, err error) {
	err = json.Unmarshal(l.Attrs, &a)
	return a, err
}

func subscriptionOf(l *store.Link, subscriber Subject, plan Plan) (Subscription, error) {
	a, err := subscriptionAttrsOf(l)
	if err != nil {
		return Subscription{}, err
	}
	sub := Subscription{
		Created: l.Created, Ends: l.EndsAt, AutoRenew: a.AutoRenew, Description: a.Description, Extra: a.Extra,
		Profile: subscriber, Plan: plan,
	}
	switch l.State {
	case store.LinkInvited:
		sub.Grant = a.Key
	case store.LinkRequested:
		sub.Request = a.Key
	}
	return sub, nil
}

// Period is a span of time: Start is in it, End is not. Without a Start it has
// no beginning; without an End it goes on to this moment.
type Period struct {
	Start, End time.Time
}

// until sets the end that was left open just after now.
func (p Period) until(now time.Time) Period {
	if p.End.IsZero() {
		p.End = now.Add(time.Microsecond)
	}
	return p
}

// meets reports whether a subscription was there within the period, runs
// whether it still was at its end, and ended whether it ended within. What
// meets a period either runs or ended.
func (p Period) meets(l *store.Link) bool {
	return l.Created.Before(p.End) && !l.EndsAt.Before(p.Start)
}
func (p Period) runs(l *store.Link) bool  { return l.Created.Before(p.End) && !l.EndsAt.Before(p.End) }
func (p Period) ended(l *store.Link) bool { return p.meets(l) && l.EndsAt.Before(p.End) }

// The tags of subscriptions.
const (
	tagUnaccepted = "unaccepted" // ended without having been accepted
	tagErased     = "erased"     // of who is no more
)

// waits reports whether a subscription is not accepted yet, accepted whether it
// ever was.
func waits(l *store.Link) bool {
	return l.State == store.LinkInvited || l.State == store.LinkRequested
}
func accepted(l *store.Link) bool { return !waits(l) && l.Tag != tagUnaccepted }

// Subscriptions lists a profile's subscriptions whose period is now, those that
// wait for acceptance among them, newest first; the Plan and List of the query
// are not looked at. Errors: NotFound, with Field "page" for a place that is
// none; Forbidden.
func (s *Site) Subscriptions(ctx context.Context, who access.Principal, slug string, q ProvidedQuery) (ProvidedList, error) {
	return s.subscriptionsIn(ctx, who, slug, q, Period.runs)
}

// ExpiredSubscriptions lists those that ended within a period, likewise.
func (s *Site) ExpiredSubscriptions(ctx context.Context, who access.Principal, slug string, q ProvidedQuery) (ProvidedList, error) {
	return s.subscriptionsIn(ctx, who, slug, q, Period.ended)
}

func (s *Site) subscriptionsIn(ctx context.Context, who access.Principal, slug string, q ProvidedQuery, wants func(Period, *store.Link) bool) (out ProvidedList, err error) {
	err = s.data.View(ctx, func(r store.Reader) error {
		rec, err := s.profileFor(r, access.SubscriptionOf, who, slug)
		if err != nil {
			return err
		}
		p := q.Period.until(s.d.now())
		of := &subscribed{s: s, r: r, rec: rec, plans: map[profile.ID]*Plan{}}
		var links []*store.Link
		if out, links, err = q.cut(of.list(q.Oldest, func(l *store.Link) bool { return wants(p, l) })); err != nil {
			return err
		}
		if out.Items, err = of.read(links); err != nil {
			return err
		}
		return s.markEditable(r, who, out.Items)
	})
	return out, err
}

// shownSubscriptions is how many subscriptions a profile is shown with.
const shownSubscriptions = 100

// newestSubscriptions gives the subscriptions that a profile is shown with, the
// newest first.
func (s *Site) newestSubscriptions(r store.Reader, rec *store.Record) ([]Subscription, error) {
	of := &subscribed{s: s, r: r, rec: rec, plans: map[profile.ID]*Plan{}}
	links, err := of.list(false, func(*store.Link) bool { return true }).window(Window{Max: shownSubscriptions})
	if err != nil {
		return nil, err
	}
	return of.read(links.Items)
}

// subscribed is what a profile is subscribed to.
type subscribed struct {
	s     *Site
	r     store.Reader
	rec   *store.Record
	plans map[profile.ID]*Plan // that were read; nil: gone with its provider, the link is history
}

// list is the list of the wanted links to plans that are there, in the order of
// time.
func (of *subscribed) list(oldest bool, want func(*store.Link) bool) *sequence[*store.Link, store.LinkMark] {
	read := func(q store.LinkQuery) ([]*store.Link, error) {
		q.Oldest = q.Oldest != oldest
		return of.r.FromByTime(of.rec.ID, q)
	}
	keep := func(l *store.Link) (bool, error) {
		if !want(l) {
			return false, nil
		}
		plan, err := of.plan(l.Dst)
		return plan != nil, err
	}
	return linkSequence(read, store.LinkQuery{Kind: store.SubscriptionLink}, keep, func(l *store.Link) profile.ID { return l.Dst })
}

func (of *subscribed) plan(id profile.ID) (*Plan, error) {
	if plan, ok := of.plans[id]; ok {
		return plan, nil
	}
	plan, err := of.s.planAt(of.r, id)
	switch {
	case err == nil:
		of.plans[id] = &plan
	case profile.IsKind(err, profile.NotFound):
		of.plans[id] = nil
	default:
		return nil, err
	}
	return of.plans[id], nil
}

// read reads the subscriptions of listed links.
func (of *subscribed) read(links []*store.Link) ([]Subscription, error) {
	subscriber, err := of.s.subject(of.r, of.rec)
	if err != nil {
		return nil, err
	}
	out := make([]Subscription, len(links))
	for i, l := range links {
		if out[i], err = subscriptionOf(l, subscriber, *of.plans[l.Dst]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (s *Site) planAt(r store.Reader, id profile.ID) (Plan, error) {
	rec, err := r.Record(id)
	if err != nil {
		return Plan{}, err
	}
	plan, err := planOf(rec)
	if err != nil {
		return Plan{}, err
	}
	org, err := r.Record(rec.Owner)
	if err != nil {
		return Plan{}, err
	}
	plan.Provider, err = s.subject(r, org)
	return plan, err
}

// markEditable notes of which subscriptions the caller manages the provider.
func (s *Site) markEditable(r store.Reader, who access.Principal, subs []Subscription) error {
	if len(subs) == 0 {
		return nil
	}
	roles, err := s.actingRoles(r, who.Subject, s.d.now())
	if err != nil {
		return err
	}
	broker := s.brokerRelation(roles).Has(access.Broker)
	for i := range subs {
		subs[i].Editable = broker || roles[subs[i].Plan.owner] == RoleManager
	}
	return nil
}

// SubscriptionAt names the subscription a profile has to a plan: by the plan
// alone where Provider is "", for who may do so with the subscriber, else for
// who may with the provider.
type SubscriptionAt struct {
	Provider, Plan, Profile string
}

// findSubscription reads the subscription that the path names: the subscriber, the plan,
// and the link of the current period, nil when there is none. perm is asked of
// the side that the path begins with.
func (s *Site) findSubscription(r store.Reader, who access.Principal, at SubscriptionAt, perm access.Permission) (*store.Record, Plan, *store.Link, error) {
	var rec *store.Record
	var plan Plan
	var err error
	if at.Provider != "" {
		if _, plan, err = s.planFor(r, perm, who, at.Provider, at.Plan); err != nil {
			return nil, plan, nil, err
		}
		if rec, err = bySlug(r, profile.Slug, at.Profile); profile.IsKind(err, profile.NotFound) {
			err = noSubscription(at)
		}
	} else {
		if rec, err = s.profileFor(r, perm, who, at.Profile); err != nil {
			return nil, plan, nil, err
		}
		var planRec *store.Record
		if planRec, err = bySlug(r, profile.PlanSlug, at.Plan); err == nil {
			plan, err = s.planAt(r, planRec.ID)
		}
		if profile.IsKind(err, profile.NotFound) {
			err = noSubscription(at)
		}
	}
	if err != nil {
		return nil, plan, nil, err
	}
	l, err := s.currentSubscription(r, rec.ID, plan.ID)
	return rec, plan, l, err
}

func noSubscription(at SubscriptionAt) error {
	return profile.E(profile.NotFound, profile.CodeNotFound, "plan", "cannot find active subscription to %s for %s", at.Plan, at.Profile)
}

// currentSubscription reads the subscription whose period is not over, nil when
// there is none.
func (s *Site) currentSubscription(r store.Reader, subscriber, plan profile.ID) (*store.Link, error) {
	links, err := s.periods(r, subscriber, plan)
	if err != nil {
		return nil, err
	}
	now := s.d.now()
	i := slices.IndexFunc(links, func(l *store.Link) bool { return l.State != store.LinkEnded && l.EndsAt.After(now) })
	if i < 0 {
		return nil, nil
	}
	return links[i], nil
}

// periods lists all subscriptions of a profile to one plan.
func (s *Site) periods(r store.Reader, subscriber, plan profile.ID) ([]*store.Link, error) {
	var out []*store.Link
	key := ""
	for {
		links, err := r.From(subscriber, store.SubscriptionLink, plan, key, linkPage)
		if err != nil {
			return nil, err
		}
		for _, l := range links {
			if l.Dst != plan {
				return out, nil
			}
			out = append(out, l)
		}
		if len(links) < linkPage {
			return out, nil
		}
		key = links[len(links)-1].Key
	}
}

// Subscription reads the subscription a profile has now. Errors: NotFound, with
// Field "plan" where the profile is there; Forbidden.
func (s *Site) Subscription(ctx context.Context, who access.Principal, at SubscriptionAt) (Subscription, error) {
	var out Subscription
	perm := access.SubscriptionOf
	if at.Provider != "" {
		perm = access.SubscriberRead
	}
	err := s.data.View(ctx, func(r store.Reader) error {
		rec, plan, l, err := s.findSubscription(r, who, at, perm)
		if err != nil {
			return err
		}
		if l == nil {
			return noSubscription(at)
		}
		out, err = s.subscriptionFor(r, who, l, rec, plan)
		return err
	})
	return out, err
}

// subscriptionFor is subscriptionOf for a caller.
func (s *Site) subscriptionFor(r store.Reader, who access.Principal, l *store.Link, rec *store.Record, plan Plan) (Subscription, error) {
	subscriber, err := s.subject(r, rec)
	if err != nil {
		return Subscription{}, err
	}
	sub, err := subscriptionOf(l, subscriber, plan)
	if err != nil {
		return sub, err
	}
	is, err := s.relationTo(r, who, rec)
	if err != nil {
		return sub, err
	}
	sub.Private = access.Allow(access.ProfileRead, who, is) != nil
	one := []Subscription{sub}
	err = s.markEditable(r, who, one)
	return one[0], err
}

// SubscriptionEdit changes a subscription; nil leaves a thing as it is.
type SubscriptionEdit struct {
	Ends        *time.Time // for who manages the provider; others' is passed over
	AutoRenew   *bool
	Description *string
	Extra       json.RawMessage // "null" clears
}

// MaySubscription says whether the caller may change a subscription, if it is
// there, for faces that have to refuse before they read what is asked.
func (s *Site) MaySubscription(ctx context.Context, who access.Principal, at SubscriptionAt) error {
	return s.data.View(ctx, func(r store.Reader) error {
		_, _, _, err := s.findToChange(r, who, at)
		if isMissing(err) {
			return nil
		}
		return err
	})
}

// isMissing reports whether the profile that a path begins with is there and
// what follows is not.
func isMissing(err error) bool {
	return profile.IsKind(err, profile.NotFound) && profile.AsError(err).Field != ""
}

// findToChange is findSubscription for who may change the subscription: a manager of the
// subscriber, of the plan's own provider, or of the broker. A manager of
// another provider of the subscriber may not.
func (s *Site) findToChange(r store.Reader, who access.Principal, at SubscriptionAt) (*store.Record, Plan, *store.Link, error) {
	if at.Provider != "" {
		return s.findSubscription(r, who, at, access.SubscriberWrite)
	}
	rec, plan, l, err := s.findSubscription(r, who, at, access.SubscriptionWrite)
	if err != nil {
		return rec, plan, l, err
	}
	is, err := s.relationTo(r, who, rec)
	if err != nil || is.Has(access.Manager|access.Broker) {
		return rec, plan, l, err
	}
	roles, err := s.actingRoles(r, who.Subject, s.d.now())
	if err == nil && roles[plan.owner] != RoleManager {
		err = profile.E(profile.Forbidden, profile.CodeForbidden, "", "not allowed")
	}
	return rec, plan, l, err
}

// EditSubscription changes the subscription a profile has now. Errors as of
// Subscription; Invalid with Field "ends_at" for an end before the beginning.
func (s *Site) EditSubscription(ctx context.Context, who access.Principal, at SubscriptionAt, in SubscriptionEdit) (Subscription, error) {
	var out Subscription
	err := s.data.Update(ctx, func(tx store.Tx) error {
		rec, plan, l, err := s.findToChange(tx, who, at)
		if err != nil {
			return err
		}
		if err := tx.Lock(rec.ID); err != nil {
			return err
		}
		if l == nil {
			return noSubscription(at)
		}
		if out, err = s.subscriptionFor(tx, who, l, rec, plan); err != nil {
			return err
		}
		a, err := subscriptionAttrsOf(l)
		if err != nil {
			return err
		}
		next := *l
		if in.Ends != nil && out.Editable {
			if in.Ends.Before(l.Created) {
				return profile.E(profile.Invalid, profile.CodeInvalid, "ends_at", "A subscription cannot end before it begins.")
			}
			next.EndsAt = *in.Ends
		}
		if in.AutoRenew != nil {
			a.AutoRenew = *in.AutoRenew
		}
		if in.Description != nil {
			a.Description = *in.Description
		}
		if in.Extra != nil {
			if a.Extra = in.Extra; string(in.Extra) == "null" {
				a.Extra = nil
			}
		}
		next.Attrs = marshal(a)
		if string(next.Attrs) == string(l.Attrs) && next.EndsAt.Equal(l.EndsAt) {
			return nil
		}
		if err := tx.SetLink(&next); err != nil {
			return err
		}
		if err := tx.Log(s.event(who.Subject, "subscription.updated", rec.ID)); err != nil {
			return err
		}
		out, err = s.subscriptionFor(tx, who, &next, rec, plan)
		return err
	})
	return out, err
}

// CancelSubscription ends the subscription a profile has now; one that waits is
// declined, denied or taken back. No error when there is none. Errors:
// NotFound without a Field for the profile, Forbidden.
func (s *Site) CancelSubscription(ctx context.Context, who access.Principal, at SubscriptionAt) error {
	return s.data.Update(ctx, func(tx store.Tx) error {
		rec, _, l, err := s.findToChange(tx, who, at)
		if isMissing(err) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := tx.Lock(rec.ID); err != nil || l == nil {
			return err
		}
		if err := s.endSubscription(tx, l, s.d.now()); err != nil {
			return err
		}
		return tx.Log(s.event(who.Subject, "subscription.ended", rec.ID))
	})
}

// endSubscription makes a subscription history. Attrs of the link need not be
// filled.
func (s *Site) endSubscription(tx store.Tx, l *store.Link, at time.Time) error {
	l, err := tx.Link(l.Src, l.Kind, l.Dst, l.Key)
	if err != nil || l.State == store.LinkEnded {
		return err
	}
	a, err := subscriptionAttrsOf(l)
	if err != nil {
		return err
	}
	if err := tx.Release(l.Src, profile.Subscribed, l.Dst.String()); err != nil {
		return err
	}
	end := *l
	if waits(l) {
		end.Tag = tagUnaccepted
		if err := dropRequest(tx, l, a); err != nil {
			return err
		}
	}
	a.AutoRenew, a.Key = false, ""
	end.State, end.Attrs = store.LinkEnded, marshal(a)
	if end.EndsAt.IsZero() || end.EndsAt.After(at) {
		end.EndsAt = at
	}
	return tx.SetLink(&end)
}
