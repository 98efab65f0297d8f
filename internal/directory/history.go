package directory

import (
	"context"
	"errors"
	"time"

	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/store"
)

// maxHistoryDays bounds what can be asked for: a hundred years.
const maxHistoryDays = 36500

// pruneStep is how many events one transaction removes.
const pruneStep = 500

// History is how long a site keeps what happened: events, and what changes of
// records replaced. Tombstones stay: they are all that tells that an id was
// somebody's.
type History struct {
	Days   int    // 0: for good
	Oldest string // the cursor before the oldest event that is kept
}

// History reads how long the site keeps what happened. Errors: Forbidden.
func (s *Site) History(ctx context.Context, who access.Principal) (out History, err error) {
	err = s.data.View(ctx, func(r store.Reader) error {
		if err := s.allow(r, access.EventRead, who, nil); err != nil {
			return err
		}
		at, err := r.Mark(profile.ID{}, store.PrunedMark)
		out = History{Days: s.Policy().HistoryDays, Oldest: at.String()}
		return err
	})
	return out, err
}

// KeepHistory says how long the site keeps what happened; what is older goes
// within the hour. Errors: Forbidden; Invalid with Field "days".
func (s *Site) KeepHistory(ctx context.Context, who access.Principal, days int) error {
	if err := s.operator(ctx, access.EventKeep, who); err != nil {
		return err
	}
	return s.SetHistoryDays(ctx, who.Subject, days)
}

// SetHistoryDays is KeepHistory for the command line: actor is zero.
func (s *Site) SetHistoryDays(ctx context.Context, actor profile.ID, days int) error {
	if days < 0 || days > maxHistoryDays {
		return profile.E(profile.Invalid, profile.CodeInvalid, "days", "it is 0, for good, to %d", maxHistoryDays)
	}
	if s.Policy().HistoryDays == days {
		return nil
	}
	if err := s.setPolicy(ctx, func(p *Policy) { p.HistoryDays = days }); err != nil {
		return err
	}
	about := s.Policy().Broker
	return s.data.Update(ctx, func(tx store.Tx) error { return tx.Log(s.event(actor, "site.history", about, "history_days")) })
}

// Prune drops what each site keeps no longer, in small steps, and says how many
// events went. What a webhook that is enabled has yet to be sent stays.
func (d *Directory) Prune(ctx context.Context) (pruned int, err error) {
	t, err := d.sites(ctx)
	if err != nil {
		return 0, err
	}
	for _, s := range t.byID {
		n, failed := s.prune(ctx)
		pruned, err = pruned+n, errors.Join(err, failed)
	}
	return pruned, err
}

func (s *Site) prune(ctx context.Context) (pruned int, err error) {
	days := s.Policy().HistoryDays
	if days == 0 {
		return 0, nil
	}
	before := s.d.now().Add(-time.Duration(days) * 24 * time.Hour)
	for ctx.Err() == nil {
		var last store.Position
		if err := s.data.View(ctx, func(r store.Reader) (err error) {
			last, err = s.slowest(r)
			return err
		}); err != nil {
			return pruned, err
		}
		var n int
		err := s.data.Update(ctx, func(tx store.Tx) (err error) {
			n, err = tx.Prune(before, last, pruneStep)
			return err
		})
		if pruned += n; err != nil || n < pruneStep {
			return pruned, err
		}
	}
	return pruned, ctx.Err()
}
