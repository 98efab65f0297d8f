package directory

import (
	"context"
	"encoding/json"
	"time"

	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/store"
	"facet/internal/webhook"
)

// FailedDelivery is an event that could not be sent to a webhook.
type FailedDelivery struct {
	ID     profile.ID // of the delivery
	Event  webhook.Event
	Tries  int64
	Tried  time.Time // the last time
	Why    string    // it failed then
	Status int       // of the answer; 0: there was none
}

// MaxFailedPage is how many failed deliveries are listed at once.
const MaxFailedPage = 200

// FailedDeliveries lists what could not be sent to a webhook, in the order in
// which it was taken up, after one of them. Errors: Forbidden, NotFound.
func (s *Site) FailedDeliveries(ctx context.Context, who access.Principal, id, after profile.ID, limit int) (out []FailedDelivery, err error) {
	err = s.data.View(ctx, func(r store.Reader) error {
		out = []FailedDelivery{}
		if err := s.allow(r, access.WebhookRead, who, nil); err != nil {
			return err
		}
		if _, err := webhookRecord(r, id); err != nil {
			return err
		}
		list, err := r.JobsOf(id, store.Parked, after, limit)
		if err != nil {
			return err
		}
		known := subjects{}
		for _, job := range list {
			var body deliveryBody
			if err := json.Unmarshal(job.Body, &body); err != nil {
				return err
			}
			subject, err := known.read(r, body.About)
			if err != nil {
				return err
			}
			event := eventOf(body.event(), subject)
			if body.Test {
				event.ID, event.Cursor = testID(job.ID), ""
			}
			out = append(out, FailedDelivery{job.ID, event, job.Tries, body.Tried, body.Why, body.Status})
		}
		return nil
	})
	return out, err
}

// eachFailed changes one failed delivery of a webhook, or all of them, and says
// how many there were. Errors: Forbidden; NotFound, also for a delivery that is
// not among them.
func (s *Site) eachFailed(ctx context.Context, who access.Principal, id, one profile.ID, kind string, fn func(store.Tx, store.Job) error) (n int, err error) {
	err = s.data.Update(ctx, func(tx store.Tx) error {
		if err := s.allow(tx, access.WebhookWrite, who, nil); err != nil {
			return err
		}
		if err := tx.Lock(id); err != nil {
			return err
		}
		if _, err := webhookRecord(tx, id); err != nil {
			return err
		}
		var list []store.Job
		if one.IsZero() {
			list, err = tx.JobsOf(id, store.Parked, profile.ID{}, -1) // maxUnsent, and those that were on their way
		} else if job, e := tx.Job(id, one); e != nil {
			err = e
		} else if job.Lane != store.Parked {
			err = store.ErrNotFound
		} else {
			list = []store.Job{*job}
		}
		if n = len(list); err != nil || n == 0 {
			return err
		}
		for _, job := range list {
			if err := fn(tx, job); err != nil {
				return err
			}
		}
		return tx.Log(s.event(who.Subject, kind, id))
	})
	return n, err
}

// Replay sends failed deliveries of a webhook again, as if they were new: one,
// or (one is zero) all. The events keep their ids. Errors: those of eachFailed.
func (s *Site) Replay(ctx context.Context, who access.Principal, id, one profile.ID) (int, error) {
	return s.eachFailed(ctx, who, id, one, "webhook.replayed", func(tx store.Tx, job store.Job) error {
		job.Lane, job.Tries, job.Due = store.Delivery, 0, s.d.now()
		_, err := tx.PutJob(job)
		return err
	})
}

// Discard drops failed deliveries of a webhook: one, or (one is zero) all.
// Errors: those of eachFailed.
func (s *Site) Discard(ctx context.Context, who access.Principal, id, one profile.ID) (int, error) {
	return s.eachFailed(ctx, who, id, one, "webhook.discarded", func(tx store.Tx, job store.Job) error { return tx.DropJob(job) })
}

// TestWebhook sends a webhook a message that tells of nothing but itself, of
// the kind webhook.test, and gives its id. Errors: Forbidden, NotFound; Conflict
// when the webhook is disabled; Limited when as much waits as may.
func (s *Site) TestWebhook(ctx context.Context, who access.Principal, id profile.ID) (string, error) {
	job := s.delivery(id, deliveryBody{Test: true, Time: s.d.now(), Actor: who.Subject, About: id, Kind: "webhook.test"})
	err := s.data.Update(ctx, func(tx store.Tx) error {
		if err := s.allow(tx, access.WebhookWrite, who, nil); err != nil {
			return err
		}
		if err := tx.Lock(id); err != nil {
			return err
		}
		rec, err := webhookRecord(tx, id)
		if err != nil {
			return err
		}
		if rec.State != profile.Active {
			return profile.E(profile.Conflict, profile.CodeDisabled, "", "the webhook is disabled")
		}
		waiting, err := tx.CountJobs(id, store.Delivery)
		if err != nil {
			return err
		}
		if waiting >= 2*maxWaiting {
			return &profile.Error{Kind: profile.Limited, Code: profile.CodeQuota, Message: "too much waits for the webhook", Retry: 60}
		}
		return tx.Enqueue(job)
	})
	return testID(job.ID), err
}
