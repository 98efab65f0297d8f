package directory

import (
	"context"
	"errors"
	"time"

	"facet/internal/profile"
	"facet/internal/store"
)

// DeliveryJob is the kind of job, in the lane store.Delivery, that sends one
// event to one webhook; its subject is the webhook.
const DeliveryJob = "webhook"

// deliveryBody is the JSON of a DeliveryJob: what an event says, and what came
// of the last try.
type deliveryBody struct {
	Test    bool           `json:"test,omitempty"` // no event: somebody tries whether it arrives
	At      store.Position `json:"at"`
	Time    time.Time      `json:"time"`
	Actor   profile.ID     `json:"actor,omitzero"`
	About   profile.ID     `json:"about"`
	Kind    string         `json:"kind"`
	Paths   []string       `json:"paths,omitempty"`
	Version int64          `json:"version,omitempty"`

	Why    string    `json:"why,omitempty"`
	Status int       `json:"status,omitempty"`
	Tried  time.Time `json:"tried,omitzero"`
}

func (b deliveryBody) event() store.Event {
	return store.Event{Position: b.At, At: b.Time, Actor: b.Actor, Subject: b.About, Kind: b.Kind, Paths: b.Paths, Version: b.Version}
}

// delivery makes the job that sends something to a webhook.
func (s *Site) delivery(to profile.ID, body deliveryBody) store.Job {
	now := s.d.now()
	return store.Job{ID: profile.NewIDIn(now, to.Bucket()), Site: s.id, Subject: to, Kind: DeliveryJob, Lane: store.Delivery,
		Due: now, Created: now, Body: marshal(body)}
}

// takeStep is how many events are looked at in one transaction.
const takeStep = 200

// TakeUp takes up for the webhooks of all sites what is new in their feeds, as
// far as there is room. It says whether there is more that could be taken up at
// once, and how long ago what waits longest in a feed happened.
func (d *Directory) TakeUp(ctx context.Context) (more bool, lag time.Duration, err error) {
	t, err := d.sites(ctx)
	if err != nil {
		return false, 0, err
	}
	for _, s := range t.byID {
		if !s.Policy().Webhooks {
			continue
		}
		again, behind, failed := s.takeUp(ctx)
		more, lag, err = more || again, max(lag, behind), errors.Join(err, failed)
	}
	return more, lag, err
}

func (s *Site) takeUp(ctx context.Context) (more bool, lag time.Duration, err error) {
	var behind []profile.ID
	err = s.data.View(ctx, func(r store.Reader) error {
		behind, lag = nil, 0
		var failed error
		err := eachWebhook(r, func(rec *store.Record) {
			if failed != nil || rec.State != profile.Active {
				return
			}
			var at store.Position
			var next []store.Event
			if at, failed = r.Mark(rec.ID, webhookMark); failed == nil {
				next, failed = r.Events(at, 1)
			}
			if len(next) > 0 {
				behind, lag = append(behind, rec.ID), max(lag, s.d.now().Sub(next[0].At))
			}
		})
		return joinErr(failed, err)
	})
	for _, id := range behind {
		again, failed := s.takeUpFor(ctx, id)
		more, err = more || again, errors.Join(err, failed)
	}
	return more, lag, err
}

// takeUpFor enqueues the next events for one webhook and moves its mark, in one
// transaction: whatever ends the process, each event is taken up once.
func (s *Site) takeUpFor(ctx context.Context, id profile.ID) (more bool, err error) {
	err = s.data.Update(ctx, func(tx store.Tx) error {
		more = false
		if err := tx.Lock(id); err != nil {
			return unlessGone(err)
		}
		rec, err := webhookRecord(tx, id)
		if err != nil || rec.State != profile.Active {
			return unlessGone(err)
		}
		hook, err := webhookOf(tx, rec)
		if err != nil {
			return err
		}
		at, err := tx.Mark(id, webhookMark)
		if err != nil {
			return err
		}
		events, err := tx.Events(at, takeStep)
		if err != nil || len(events) == 0 {
			return err
		}
		room := maxWaiting - hook.Waiting
		for _, e := range events {
			if isOfKind(hook.Kinds, e.Kind) {
				if room <= 0 {
					break
				}
				room--
				if err := tx.Enqueue(s.delivery(id, deliveryBody{At: e.Position, Time: e.At, Actor: e.Actor, About: e.Subject,
					Kind: e.Kind, Paths: e.Paths, Version: e.Version})); err != nil {
					return err
				}
			}
			at = e.Position
		}
		more = room > 0 && len(events) == takeStep
		return tx.PutMark(id, webhookMark, at)
	})
	return more, err
}

// unlessGone is no error where a thing is not there any more.
func unlessGone(err error) error {
	if profile.IsKind(err, profile.NotFound) {
		return nil
	}
	return err
}

// slowest is the place in the feed before which all that is to be sent was
// taken up; the newest where nobody is behind.
func (s *Site) slowest(r store.Reader) (store.Position, error) {
	at, err := r.Newest()
	if err != nil || !s.Policy().Webhooks {
		return at, err
	}
	var failed error
	err = eachWebhook(r, func(rec *store.Record) {
		if failed != nil || rec.State != profile.Active {
			return
		}
		var mark store.Position
		if mark, failed = r.Mark(rec.ID, webhookMark); mark.Compare(at) < 0 {
			at = mark
		}
	})
	return at, joinErr(failed, err)
}
