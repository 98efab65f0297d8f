package directory

import (
	"context"
	"slices"
	"strings"
	"time"

	"facet/internal/access"
	"facet/internal/store"
)

// How long ago somebody of an engaged subscriber signed in at most, and nobody
// of an unengaged one at least (DjaoApp API reference, Subscribers).
const (
	engagedWithin  = 7 * 24 * time.Hour
	unengagedSince = 90 * 24 * time.Hour
)

// EngagedSubscribers lists the people who act for the subscribers of a provider
// and signed in lately, with their roles, newest sign-in first.
func (s *Site) EngagedSubscribers(ctx context.Context, who access.Principal, provider string) ([]Role, error) {
	var out []Role
	err := s.data.View(ctx, func(r store.Reader) error {
		out = nil
		rs := s.rolesIn(r, who)
		since := s.d.now().Add(-engagedWithin)
		return s.eachSubscriber(r, who, provider, RunningSubscriptions, Period{}, func(rec *store.Record) error {
			return s.eachActor(r, rec, func(l *store.Link, user *store.Record) error {
				if user.LastLogin.Before(since) {
					return nil
				}
				l, err := r.Link(l.Src, l.Kind, l.Dst, l.Key) // with its attributes
				if err != nil {
					return err
				}
				role, err := rs.of(l, user, rec)
				out = append(out, role)
				return err
			})
		})
	})
	slices.SortStableFunc(out, func(a, b Role) int {
		if c := b.User.LastLogin.Compare(a.User.LastLogin); c != 0 {
			return c
		}
		return strings.Compare(a.User.Slug, b.User.Slug)
	})
	return out, err
}

// UnengagedSubscribers lists the subscribers of a provider of whom nobody
// signed in for long, or ever.
func (s *Site) UnengagedSubscribers(ctx context.Context, who access.Principal, provider string) ([]Subject, error) {
	var out []Subject
	err := s.data.View(ctx, func(r store.Reader) error {
		out = nil
		since := s.d.now().Add(-unengagedSince)
		return s.eachSubscriber(r, who, provider, RunningSubscriptions, Period{}, func(rec *store.Record) error {
			seen := false
			err := s.eachActor(r, rec, func(_ *store.Link, user *store.Record) error {
				seen = seen || !user.LastLogin.Before(since)
				return nil
			})
			if err != nil || seen {
				return err
			}
			one, err := s.subject(r, rec)
			out = append(out, one)
			return err
		})
	})
	return out, err
}

// eachActor walks the users with an active role on a profile.
func (s *Site) eachActor(r store.Reader, rec *store.Record, fn func(*store.Link, *store.Record) error) error {
	now := s.d.now()
	q := store.LinkQuery{Kind: store.RoleLink, State: store.LinkActive, Limit: linkPage}
	for {
		links, err := r.ToByTime(rec.ID, q)
		if err != nil {
			return err
		}
		for _, l := range links {
			if !isCurrent(l, now) {
				continue
			}
			user, err := r.Record(l.Src)
			if err != nil {
				return err
			}
			if err := fn(l, user); err != nil {
				return err
			}
		}
		if len(links) < linkPage {
			return nil
		}
		last := links[len(links)-1]
		q.After = store.LinkMark{Created: last.Created, Other: last.Src, Key: last.Key}
	}
}
