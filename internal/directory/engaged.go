package directory

import (
	"context"
	"slices"
	"strings"
	"time"

	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/store"
)

// How long ago somebody of an engaged subscriber signed in at most, and nobody
// of an unengaged one at least (DjaoApp API reference, Subscribers).
const (
	engagedWithin  = 7 * 24 * time.Hour
	unengagedSince = 90 * 24 * time.Hour
)

// How far is looked for who signed in: nothing keeps subscribers by that.
const (
	engagedScan  = 10_000 // subscribers and their roles
	engagedRoles = 1000   // roles of one subscriber, the newest
)

// EngagedSubscribers lists the people who act for the subscribers of a provider
// and signed in lately, with their roles, newest sign-in first. capped tells
// that there may be more. Errors as of ProvidedSubscriptions.
func (s *Site) EngagedSubscribers(ctx context.Context, who access.Principal, provider string) (out []Role, capped bool, err error) {
	err = s.data.View(ctx, func(r store.Reader) error {
		out = nil
		rs := s.rolesIn(r, who)
		since := s.d.now().Add(-engagedWithin)
		plans, err := s.plansToList(r, who, provider, "")
		if err != nil {
			return err
		}
		capped, err = s.eachSubscriberActing(r, plans, func(rec *store.Record, actors *actors) error {
			return actors.each(func(l *store.Link, user *store.Record) (bool, error) {
				if user.LastLogin.Before(since) {
					return true, nil
				}
				l, err := r.Link(l.Src, l.Kind, l.Dst, l.Key) // with its attributes
				if err != nil {
					return false, err
				}
				role, err := rs.of(l, user, rec)
				out = append(out, role)
				return true, err
			})
		})
		return err
	})
	slices.SortStableFunc(out, func(a, b Role) int {
		if c := b.User.LastLogin.Compare(a.User.LastLogin); c != 0 {
			return c
		}
		return strings.Compare(a.User.Slug, b.User.Slug)
	})
	return out, capped, err
}

// UnengagedSubscribers lists the subscribers of a provider of whom nobody
// signed in for long, or ever. One with so many roles that they are not all
// looked at is not listed. capped tells that there may be more. Errors as of
// ProvidedSubscriptions.
func (s *Site) UnengagedSubscribers(ctx context.Context, who access.Principal, provider string) (out []Subject, capped bool, err error) {
	var plans []Plan
	may := func(r store.Reader) (err error) {
		plans, err = s.plansToList(r, who, provider, "")
		return err
	}
	err = s.data.Glance(ctx, may, func(r store.Reader) (err error) {
		out = nil
		since := s.d.now().Add(-unengagedSince)
		capped, err = s.eachSubscriberActing(r, plans, func(rec *store.Record, actors *actors) error {
			seen := false
			err := actors.each(func(_ *store.Link, user *store.Record) (bool, error) {
				seen = !user.LastLogin.Before(since)
				return !seen, nil
			})
			if err != nil || seen || actors.more {
				return err
			}
			one, err := s.subject(r, rec)
			out = append(out, one)
			return err
		})
		return err
	})
	return out, capped, err
}

// actors are the users with an active role on a profile.
type actors struct {
	r      store.Reader
	on     profile.ID
	now    time.Time
	most   int  // roles that are looked at
	looked int  // roles that were
	more   bool // there were more than that
}

// each walks them until fn returns false.
func (a *actors) each(fn func(*store.Link, *store.Record) (bool, error)) error {
	q := store.LinkQuery{Kind: store.RoleLink, State: store.LinkActive, Limit: 8} // mostly few, or the first will do
	for {
		links, err := a.r.ToByTime(a.on, q)
		if err != nil {
			return err
		}
		for _, l := range links {
			if a.looked == a.most {
				a.more = true
				return nil
			}
			a.looked++
			if !isCurrent(l, a.now) {
				continue
			}
			user, err := a.r.Record(l.Src)
			if profile.IsKind(err, profile.NotFound) { // erased, and not swept yet
				continue
			}
			if err != nil {
				return err
			}
			if on, err := fn(l, user); err != nil || !on {
				return err
			}
		}
		if len(links) < q.Limit {
			return nil
		}
		last := links[len(links)-1]
		q.After, q.Limit = store.LinkMark{Created: last.Created, Other: last.Src, Key: last.Key}, linkPage
	}
}

// eachSubscriberActing walks the subscribers of plans, the one with the
// newest subscription first, with who acts for them; capped tells that not all
// subscribers, or not all their roles, were looked at.
func (s *Site) eachSubscriberActing(r store.Reader, plans []Plan, fn func(*store.Record, *actors) error) (capped bool, err error) {
	left := engagedScan
	more, err := eachSubscriber(s.provided(r, plans, RunningSubscriptions, Period{}, false), func(id profile.ID) (bool, error) {
		if left <= 0 {
			return false, nil
		}
		rec, err := r.Record(id)
		if profile.IsKind(err, profile.NotFound) {
			return true, nil
		}
		if err != nil {
			return false, err
		}
		a := actors{r: r, on: id, now: s.d.now(), most: engagedRoles}
		err = fn(rec, &a)
		capped = capped || a.more
		left -= 1 + a.looked
		return true, err
	})
	return capped || more, err
}
