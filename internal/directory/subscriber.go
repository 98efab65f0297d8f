package directory

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"strings"
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

// ProvidedQuery selects a part of the subscriptions to a provider's plans,
// newest first.
type ProvidedQuery struct {
	Plan   string // to this plan; "": to any
	List   SubscriptionList
	Period Period
	Oldest bool // the oldest first instead
	Window Window
	Whole  bool // all at once, to be searched and ordered
}

// ProvidedList is what a ProvidedQuery selects.
type ProvidedList struct {
	Part[Subscription]
	Total
	Whole bool // Items are all there are, or, when Capped, as many as are given at once
}

const (
	wholeSubscriptions = 5000            // a list is given whole up to here
	countScan          = 10 * countLimit // links that are looked at to count a list
)

// ProvidedSubscriptions lists the subscriptions to plans of a provider. Errors:
// NotFound, with Field "plan" for the plan, "page" for a place that is none;
// Forbidden.
func (s *Site) ProvidedSubscriptions(ctx context.Context, who access.Principal, provider string, q ProvidedQuery) (out ProvidedList, err error) {
	err = s.data.View(ctx, func(r store.Reader) error {
		plans, err := s.plansToList(r, who, provider, q.Plan)
		if err != nil {
			return err
		}
		list := s.provided(r, plans, q.List, q.Period, q.Oldest)
		var links []*store.Link
		if out, links, err = q.cut(list); err != nil {
			return err
		}
		out.Items, err = s.readProvided(r, who, plans, links)
		return err
	})
	return out, err
}

// cut counts a list and gives the links of the part that is asked for.
func (q *ProvidedQuery) cut(list *sequence[*store.Link, store.LinkMark]) (out ProvidedList, links []*store.Link, err error) {
	if out.Total, err = countKept(list); err != nil {
		return out, nil, err
	}
	w := q.Window.fit(out.Total)
	if out.Whole = q.Whole; q.Whole {
		w = Window{Max: wholeSubscriptions}
		out.Capped = out.Capped || out.Count > wholeSubscriptions
	}
	part, err := list.window(w)
	out.Previous, out.Next = part.Previous, part.Next
	return out, part.Items, err
}

// provided is the list of links to some plans, in the order of time.
func (s *Site) provided(r store.Reader, plans []Plan, list SubscriptionList, p Period, oldest bool) *sequence[*store.Link, store.LinkMark] {
	now := s.d.now()
	p = p.until(now)
	read := func(q store.LinkQuery) ([]*store.Link, error) {
		q.Oldest = q.Oldest != oldest
		var all []*store.Link
		for i := range plans {
			links, err := r.ToByTime(plans[i].ID, q)
			if err != nil {
				return nil, err
			}
			all = append(all, links...)
		}
		if len(plans) > 1 { // each plan's are in order already
			slices.SortFunc(all, func(a, b *store.Link) int {
				if q.Oldest {
					a, b = b, a
				}
				return cmp.Or(b.Created.Compare(a.Created), bytes.Compare(b.Src[:], a.Src[:]), strings.Compare(b.Key, a.Key))
			})
		}
		return all[:min(len(all), q.Limit)], nil
	}
	q := store.LinkQuery{Kind: store.SubscriptionLink, State: list.state(p, now)}
	keep := func(l *store.Link) (bool, error) { return list.wants(p, l), nil }
	return linkSequence(read, q, keep, func(l *store.Link) profile.ID { return l.Src })
}

// eachKept walks a list from its beginning until fn returns false, looking at
// no more than max items; more tells that it did not come to
// the end.
func eachKept[T any, M comparable](list *sequence[T, M], max int, fn func(T) bool) (more bool, err error) {
	var at M
	for looked := 0; looked < max; looked += batch {
		found, err := list.read(at, false, batch)
		if err != nil {
			return false, err
		}
		for _, item := range found {
			at = list.mark(item)
			ok, err := list.keep(item)
			if err != nil {
				return false, err
			}
			if ok && !fn(item) {
				return true, nil
			}
		}
		if len(found) < batch {
			return false, nil
		}
	}
	return true, nil
}

// countKept counts a list as far as long lists are counted.
func countKept[T any, M comparable](list *sequence[T, M]) (t Total, err error) {
	t.Capped, err = eachKept(list, countScan, func(T) bool {
		if t.Count == countLimit {
			return false
		}
		t.Count++
		return true
	})
	return t, err
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

// readProvided reads the subscriptions of links to some plans, whose attributes
// are not there.
func (s *Site) readProvided(r store.Reader, who access.Principal, plans []Plan, links []*store.Link) ([]Subscription, error) {
	now := s.d.now()
	out := make([]Subscription, 0, len(links))
	for _, l := range links {
		l, err := r.Link(l.Src, l.Kind, l.Dst, l.Key)
		if err != nil {
			return nil, err
		}
		rec, err := r.Record(l.Src)
		if profile.IsKind(err, profile.NotFound) { // erased, and not swept yet
			continue
		}
		if err != nil {
			return nil, err
		}
		subscriber, err := s.subject(r, rec)
		if err != nil {
			return nil, err
		}
		plan := plans[slices.IndexFunc(plans, func(p Plan) bool { return p.ID == l.Dst })]
		one, err := subscriptionOf(l, subscriber, plan)
		if err != nil {
			return nil, err
		}
		one.Private = !isCurrent(l, now)
		out = append(out, one)
	}
	return out, s.markEditable(r, who, out)
}

// SubscriberList is what of the subscribers on a list is asked for.
type SubscriberList struct {
	Part[Subject]
	Total
	Whole bool // Items are all there are, or, when Capped, as many as are given at once
}

// Subscribers lists the profiles that have a subscription to any plan of a
// provider on a list, each once, the one with the newest first; the Plan and
// Oldest of the query are not looked at. Errors as of ProvidedSubscriptions.
func (s *Site) Subscribers(ctx context.Context, who access.Principal, provider string, q ProvidedQuery) (out SubscriberList, err error) {
	var plans []Plan
	may := func(r store.Reader) (err error) {
		plans, err = s.plansToList(r, who, provider, "")
		return err
	}
	err = s.data.Glance(ctx, may, func(r store.Reader) (err error) {
		out = SubscriberList{Whole: q.Whole}
		list := s.provided(r, plans, q.List, q.Period, false)
		most := countLimit
		if q.Whole {
			most = wholeSubscriptions
		}
		var first []profile.ID
		out.Capped, err = eachSubscriber(list, func(id profile.ID) (bool, error) {
			if len(first) == most {
				return false, nil
			}
			first = append(first, id)
			return true, nil
		})
		if err != nil {
			return err
		}
		out.Count = int64(len(first))
		if !q.Whole {
			wants := list.keep
			list.keep = func(l *store.Link) (bool, error) {
				if ok, err := wants(l); err != nil || !ok {
					return false, err
				}
				return s.isNewest(r, plans, wants, l)
			}
			links, err := list.window(q.Window.fit(out.Total))
			if err != nil {
				return err
			}
			first = first[:0]
			for _, l := range links.Items {
				first = append(first, l.Src)
			}
			out.Previous, out.Next = links.Previous, links.Next
		}
		for _, id := range first {
			rec, err := r.Record(id)
			if profile.IsKind(err, profile.NotFound) {
				continue
			}
			if err != nil {
				return err
			}
			one, err := s.subject(r, rec)
			if err != nil {
				return err
			}
			out.Items = append(out.Items, one)
		}
		return nil
	})
	return out, err
}

// isNewest reports whether a profile has no newer subscription to one of the
// plans on the list than this.
func (s *Site) isNewest(r store.Reader, plans []Plan, wants func(*store.Link) (bool, error), l *store.Link) (bool, error) {
	for i := range plans {
		links, err := s.periods(r, l.Src, plans[i].ID)
		if err != nil {
			return false, err
		}
		for _, other := range links {
			if cmp.Or(other.Created.Compare(l.Created), strings.Compare(other.Key, l.Key)) <= 0 {
				continue
			}
			if ok, err := wants(other); err != nil || ok {
				return false, err
			}
		}
	}
	return true, nil
}

// eachSubscriber walks who has the subscriptions on a list, each once, until fn
// returns false or as many subscriptions are looked at as long lists are
// counted by; more tells that it did not come to the end.
func eachSubscriber(list *sequence[*store.Link, store.LinkMark], fn func(profile.ID) (bool, error)) (more bool, err error) {
	seen := map[profile.ID]bool{}
	var bad error
	more, err = eachKept(list, countScan, func(l *store.Link) bool {
		if seen[l.Src] {
			return true
		}
		seen[l.Src] = true
		var on bool
		on, bad = fn(l.Src)
		return on && bad == nil
	})
	return more, joinErr(err, bad)
}
