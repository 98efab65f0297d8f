package directory

import (
	"context"
	"encoding/json"
	"time"

	"facet/internal/profile"
	"facet/internal/store"
)

// EraseSweepJob is the kind of job that ends the links of somebody who was
// erased, so many at a time.
const EraseSweepJob = "erasesweep"

// eraseSweep is its body: whose links, and how far it has come.
type eraseSweep struct {
	ID    profile.ID   `json:"id"`
	Plans []profile.ID `json:"plans,omitempty"` // that went with the subject, and whose subscriptions end
	At    time.Time    `json:"at"`              // of the erasure
	Actor profile.ID   `json:"actor,omitzero"`
	Stage int          `json:"stage"`          // of erasedLinks, then of Plans
	After profile.ID   `json:"after,omitzero"` // the far end of the last link that is done
	Key   string       `json:"key,omitempty"`
}

// linkSet is the links of one kind that leave a subject, or reach it.
type linkSet struct {
	kind  store.LinkKind
	reach bool
}

// erasedLinks are the links of a subject in the order in which they end: first
// those that other profiles' lists and rights hang on.
var erasedLinks = func() []linkSet {
	out := []linkSet{{store.SubscriptionLink, false}, {store.RoleLink, false}, {store.NoteLink, false}, {store.SignatureLink, false}, {store.RoleLink, true}}
	for _, kind := range relationKinds {
		out = append(out, linkSet{kind, false}, linkSet{kind, true})
	}
	return out
}()

// SweepErased does one step of an EraseSweepJob, by its body.
func (d *Directory) SweepErased(ctx context.Context, site store.SiteID, body []byte) error {
	var sweep eraseSweep
	if err := json.Unmarshal(body, &sweep); err != nil {
		return profile.E(profile.Malformed, profile.CodeSyntax, "", "the body of the job is unreadable")
	}
	t, err := d.sites(ctx)
	if err != nil {
		return err
	}
	s := t.byID[site]
	if s == nil {
		return nil
	}
	return s.data.Update(ctx, func(tx store.Tx) error { return s.sweepErased(tx, sweep) })
}

// sweepErased ends some of the links, and leaves the rest to a job.
func (s *Site) sweepErased(tx store.Tx, at eraseSweep) error {
	left := sweepSize
	for at.Stage < len(erasedLinks)+len(at.Plans) {
		if left == 0 {
			now := s.d.now()
			return tx.Enqueue(store.Job{ID: profile.NewID(now), Site: s.id, Kind: EraseSweepJob, Due: now, Created: now, Body: marshal(at)})
		}
		links, err := at.next(tx, left)
		if err != nil {
			return err
		}
		for _, l := range links {
			if err := s.endErased(tx, &at, l); err != nil {
				return err
			}
			if at.After, at.Key = l.Dst, l.Key; at.reaches() {
				at.After = l.Src
			}
		}
		if len(links) < left {
			at.Stage, at.After, at.Key = at.Stage+1, profile.ID{}, ""
		}
		left -= len(links)
	}
	return nil
}

// reaches reports whether the stage's links reach the subject, or its plan.
func (at *eraseSweep) reaches() bool {
	return at.Stage >= len(erasedLinks) || erasedLinks[at.Stage].reach
}

// next reads the next links of the stage.
func (at *eraseSweep) next(r store.Reader, limit int) ([]*store.Link, error) {
	if n := at.Stage - len(erasedLinks); n >= 0 {
		return r.To(at.Plans[n], store.SubscriptionLink, at.After, at.Key, limit)
	}
	set := erasedLinks[at.Stage]
	if set.reach {
		return r.To(at.ID, set.kind, at.After, at.Key, limit)
	}
	return r.From(at.ID, set.kind, at.After, at.Key, limit)
}

// endErased ends one link of somebody who was erased.
func (s *Site) endErased(tx store.Tx, at *eraseSweep, l *store.Link) error {
	switch {
	case l.Kind == store.NoteLink:
		return s.dropNote(tx, at.Actor, l)
	case l.Kind != store.SubscriptionLink:
		return dropLink(tx, l)
	case l.Src == at.ID:
		return s.forgetSubscription(tx, l, tagErased, at.At)
	default: // to one of its plans
		return s.forgetSubscription(tx, l, "", at.At)
	}
}

// forgetSubscription ends a subscription of, or to a plan of, somebody who was
// erased, and takes out what was said of it.
func (s *Site) forgetSubscription(tx store.Tx, l *store.Link, tag string, at time.Time) error {
	if err := s.endSubscription(tx, l, at); err != nil {
		return err
	}
	end, err := tx.Link(l.Src, l.Kind, l.Dst, l.Key)
	if err != nil {
		return err
	}
	end.Attrs = emptyObject
	if tag != "" {
		end.Tag = tag
	}
	return tx.SetLink(end)
}

func dropLink(tx store.Tx, l *store.Link) error { return tx.DropLink(l.Src, l.Kind, l.Dst, l.Key) }
