package directory

import (
	"context"
	"slices"
	"strings"

	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/store"
	"facet/internal/webhook"
)

// The feed tells everything that happened on a site, in the order in which it
// was committed: what was done to whom, never what was written. A cursor is
// the place after an event. Whoever follows the feed from one cursor to the
// next misses nothing and is told nothing twice.

// FeedQuery selects a part of the feed.
type FeedQuery struct {
	After string   // a cursor; "": from the oldest event that is kept; FeedNow: none that is there by now
	Kinds []string // "user.created", or all that begin so: "user.*"; none: all
	Types []string // of the subjects, as they are told ("user"); none: all
	Limit int      // of the events given; 1 to MaxFeed
}

// FeedNow is the cursor after the newest event.
const FeedNow = "now"

// The bounds of a part of the feed.
const (
	MaxFeed      = 500   // events given at once
	maxFilters   = 50    // kinds, or types, that are asked for
	feedStep     = 200   // events read at once
	maxFeedSweep = 10000 // events read to find those asked for
)

// FeedPage is a part of the feed.
type FeedPage struct {
	Events []webhook.Event
	Cursor string // after all that was looked at: where the next part begins
	More   bool   // there is more to look at by now
}

// CheckFeed refuses a query that cannot be answered: Malformed or Invalid with
// Field "after", "kinds", "types" or "limit".
func CheckFeed(q FeedQuery) error {
	if q.Limit < 1 || q.Limit > MaxFeed {
		return profile.E(profile.Invalid, profile.CodeInvalid, "limit", "it is 1 to %d", MaxFeed)
	}
	if _, err := cursorAt(q.After); err != nil && q.After != "" && q.After != FeedNow {
		return err
	}
	if err := checkKinds(q.Kinds); err != nil {
		return err
	}
	if len(q.Types) > maxFilters {
		return profile.E(profile.Invalid, profile.CodeTooLarge, "types", "%d at most", maxFilters)
	}
	return nil
}

// checkKinds reads patterns of kinds of event: Invalid with Field "kinds".
func checkKinds(kinds []string) error {
	if len(kinds) > maxFilters {
		return profile.E(profile.Invalid, profile.CodeTooLarge, "kinds", "%d at most", maxFilters)
	}
	for _, kind := range kinds {
		name := strings.TrimSuffix(kind, ".*")
		if name == "" || len(name) > 100 || strings.ContainsFunc(name, func(r rune) bool {
			return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '.' || r == '_' || r == '-')
		}) {
			return profile.E(profile.Invalid, profile.CodeInvalid, "kinds", "%.50q is no kind of event, such as user.created or user.*", kind)
		}
	}
	return nil
}

// isOfKind reports whether an event's kind is one of those asked for.
func isOfKind(kinds []string, kind string) bool {
	return len(kinds) == 0 || slices.ContainsFunc(kinds, func(asked string) bool {
		if prefix, all := strings.CutSuffix(asked, "*"); all {
			return strings.HasPrefix(kind, prefix)
		}
		return kind == asked
	})
}

// cursorAt reads a cursor: Malformed with Field "after".
func cursorAt(cursor string) (store.Position, error) {
	at, err := store.ParsePosition(cursor)
	if err != nil {
		e := *profile.AsError(err)
		e.Field = "after"
		return at, &e
	}
	return at, nil
}

// Feed gives a part of the feed, for operators and API clients that own the
// site. Errors: Forbidden; those of CheckFeed; Conflict/CodePruned with Detail
// "oldest" when events after the cursor are not kept any more.
func (s *Site) Feed(ctx context.Context, who access.Principal, q FeedQuery) (FeedPage, error) {
	if err := CheckFeed(q); err != nil {
		return FeedPage{}, err
	}
	var page FeedPage
	err := s.data.View(ctx, func(r store.Reader) error {
		if err := s.allow(r, access.EventRead, who, nil); err != nil {
			return err
		}
		at, err := s.feedStart(r, q.After)
		if err != nil {
			return err
		}
		page, err = s.feedPage(r, at, q)
		return err
	})
	return page, err
}

// feedStart finds the place that a part of the feed begins at.
func (s *Site) feedStart(r store.Reader, after string) (store.Position, error) {
	if after == FeedNow {
		return newest(r)
	}
	pruned, err := r.Mark(profile.ID{}, store.PrunedMark)
	if err != nil || after == "" {
		return pruned, err
	}
	at, err := cursorAt(after)
	if err == nil && at.Compare(pruned) < 0 {
		err = &profile.Error{Kind: profile.Conflict, Code: profile.CodePruned, Field: "after",
			Message: "events after this cursor are not kept any more: what they told has to be read anew", Detail: map[string]any{"oldest": pruned.String()}}
	}
	return at, err
}

// newest is the place after the newest event, also where all that there were
// are not kept any more.
func newest(r store.Reader) (store.Position, error) {
	at, err := r.Newest()
	if err != nil || !at.IsZero() {
		return at, err
	}
	return r.Mark(profile.ID{}, store.PrunedMark)
}

func (s *Site) feedPage(r store.Reader, at store.Position, q FeedQuery) (FeedPage, error) {
	page := FeedPage{Events: []webhook.Event{}, More: true}
	known := subjects{}
	for looked := 0; looked < maxFeedSweep && len(page.Events) < q.Limit; {
		step := feedStep
		if len(q.Kinds)+len(q.Types) == 0 {
			step = min(step, q.Limit-len(page.Events))
		}
		events, err := r.Events(at, step)
		if err != nil {
			return page, err
		}
		for _, e := range events {
			if len(page.Events) == q.Limit {
				break
			}
			at = e.Position
			looked++
			if !isOfKind(q.Kinds, e.Kind) {
				continue
			}
			subject, err := known.read(r, e.Subject)
			if err != nil {
				return page, err
			}
			if len(q.Types) == 0 || slices.Contains(q.Types, subject.Type) {
				page.Events = append(page.Events, eventOf(e, subject))
			}
		}
		if len(events) < step {
			page.More = len(events) > 0 && at != events[len(events)-1].Position
			break
		}
	}
	page.Cursor = at.String()
	return page, nil
}

// eventOf writes an event as it is told.
func eventOf(e store.Event, subject webhook.Subject) webhook.Event {
	at := e.Position.String()
	out := webhook.Event{
		ID: "evt_" + at, Cursor: at, Time: webhook.TimeText(e.At), Kind: e.Kind, Subject: subject, Version: e.Version, Paths: e.Paths,
	}
	if !e.Actor.IsZero() {
		out.Actor = e.Actor.String()
	}
	if out.Paths == nil {
		out.Paths = []string{}
	}
	return out
}

// subjects are those of a part of the feed, each looked up once.
type subjects map[profile.ID]webhook.Subject

// read tells what a subject is now: of who was erased, what the tombstone says.
func (k subjects) read(r store.Reader, id profile.ID) (webhook.Subject, error) {
	if out, ok := k[id]; ok {
		return out, nil
	}
	out := webhook.Subject{ID: id.String()}
	rec, err := r.Record(id)
	switch {
	case err == nil:
		out.Type, out.Number = strings.TrimPrefix(string(rec.Type), "$"), rec.Number
	case profile.IsKind(err, profile.NotFound):
		out.Erased = true
		var left store.Tombstone
		if left, err = r.Tombstone(id); err == nil {
			out.Type, out.Number = strings.TrimPrefix(string(left.Type), "$"), left.Number
		} else if profile.IsKind(err, profile.NotFound) {
			err = nil
		}
	}
	k[id] = out
	return out, err
}
