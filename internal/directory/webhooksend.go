package directory

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"time"

	"facet/internal/profile"
	"facet/internal/store"
	"facet/internal/webhook"
)

// retries is how long after each try the next one comes (Standard Webhooks,
// "Retry schedule"): some three days in all. Each is lengthened by up to a
// tenth, so that what failed together does not return together.
var retries = []time.Duration{5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour,
	10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour}

// A webhook that cannot be reached rests, so that one try fails and not one of
// each event that waits: after each failure in a row for longer.
const (
	firstRest   = 2 * time.Second
	longestRest = 5 * time.Minute
	offRest     = time.Hour          // of what waits for a webhook that was disabled
	failingFor  = 5 * 24 * time.Hour // without one success, after which it is disabled
)

func jittered(d time.Duration) time.Duration { return d + rand.N(d/10+1) }

// ErrPutOff tells that a delivery is not to be tried now, and was put where it
// belongs.
var ErrPutOff = errors.New("directory: put off")

// Delivery makes the message of a DeliveryJob as it is to be sent now: of a
// subject who was erased meanwhile it says no more than that. ErrPutOff when
// the webhook rests or is disabled, or there is none any more.
func (d *Directory) Delivery(ctx context.Context, job store.Job) (webhook.Message, error) {
	s, err := d.siteOf(ctx, job.Site)
	if err != nil || s == nil {
		return webhook.Message{}, err
	}
	var body deliveryBody
	if err := json.Unmarshal(job.Body, &body); err != nil {
		return webhook.Message{}, profile.E(profile.Malformed, profile.CodeSyntax, "", "the body of the job is unreadable")
	}
	var out webhook.Message
	var off time.Duration
	err = s.data.View(ctx, func(r store.Reader) error {
		off = 0
		rec, err := webhookRecord(r, job.Subject)
		if err != nil {
			return err
		}
		failures, err := r.Attempts(rec.ID, webhookAttempts)
		switch now := d.now(); {
		case err != nil:
			return err
		case rec.State != profile.Active:
			off = offRest
			return nil
		case failures.Until.After(now):
			off = jittered(failures.Until.Sub(now))
			return nil
		}
		out, err = s.message(r, rec, job, body)
		return err
	})
	switch {
	case profile.IsKind(err, profile.NotFound): // the job went with it
		return out, ErrPutOff
	case err != nil || off == 0:
		return out, err
	}
	if err := s.PutOff(ctx, job, off); err != nil {
		return out, err
	}
	return out, ErrPutOff
}

// siteOf gives a site by its id, nil when there is none.
func (d *Directory) siteOf(ctx context.Context, id store.SiteID) (*Site, error) {
	t, err := d.sites(ctx)
	if err != nil {
		return nil, err
	}
	return t.byID[id], nil
}

func (s *Site) message(r store.Reader, rec *store.Record, job store.Job, body deliveryBody) (webhook.Message, error) {
	var a webhookAttrs
	if err := json.Unmarshal(rec.Attrs, &a); err != nil {
		return webhook.Message{}, err
	}
	secrets, err := s.webhookSecrets(r, rec.ID)
	if err != nil {
		return webhook.Message{}, err
	}
	subject, err := subjects{}.read(r, body.About)
	if err != nil {
		return webhook.Message{}, err
	}
	event := eventOf(body.event(), subject)
	if body.Test {
		event.ID, event.Cursor = testID(job.ID), ""
	}
	raw, err := json.Marshal(webhook.Payload{Type: event.Kind, Timestamp: event.Time, Data: event})
	return webhook.Message{ID: event.ID, URL: a.URL, Secrets: secrets, Body: raw}, err
}

func testID(job profile.ID) string { return "test_" + job.String() }

// PutOff makes a delivery due later, without counting a try.
func (s *Site) PutOff(ctx context.Context, job store.Job, by time.Duration) error {
	return s.data.Update(ctx, func(tx store.Tx) error {
		now, err := tx.Job(job.Subject, job.ID)
		if err != nil || now.Lane != store.Delivery {
			return unlessGone(err)
		}
		now.Due = s.d.now().Add(by)
		_, err = tx.PutJob(*now)
		return err
	})
}

// PutOffDelivery is Site.PutOff for a job of any site.
func (d *Directory) PutOffDelivery(ctx context.Context, job store.Job, by time.Duration) error {
	s, err := d.siteOf(ctx, job.Site)
	if err != nil || s == nil {
		return err
	}
	return s.PutOff(ctx, job, by)
}

// DeliveryOutcome is what became of a delivery.
type DeliveryOutcome string

// The outcomes.
const (
	Delivered DeliveryOutcome = "delivered"
	Retried   DeliveryOutcome = "retried" // it will be tried again
	GivenUp   DeliveryOutcome = "failed"  // it waits for somebody to decide
)

// Deliver writes down what came of a try: failure is nil when the endpoint took
// the message over.
func (d *Directory) Deliver(ctx context.Context, job store.Job, failure *webhook.Failure) (DeliveryOutcome, error) {
	s, err := d.siteOf(ctx, job.Site)
	if err != nil || s == nil {
		return "", err
	}
	out := Delivered
	err = s.data.Update(ctx, func(tx store.Tx) error {
		out = Delivered
		if err := tx.Lock(job.Subject); err != nil {
			return unlessGone(err)
		}
		now, err := tx.Job(job.Subject, job.ID)
		if err != nil {
			return unlessGone(err) // deleted meanwhile
		}
		failures, err := tx.Attempts(job.Subject, webhookAttempts)
		if err != nil {
			return err
		}
		if failure == nil {
			if failures.Count > 0 {
				if err := tx.PutAttempts(store.Attempts{Subject: job.Subject, Kind: webhookAttempts}); err != nil {
					return err
				}
			}
			return tx.DropJob(*now)
		}
		out, err = s.failed(tx, *now, failures, failure)
		return err
	})
	return out, err
}

// failed puts a job where it belongs after a try that failed, lets the webhook
// rest, and disables it where that is due.
func (s *Site) failed(tx store.Tx, job store.Job, failures store.Attempts, failure *webhook.Failure) (DeliveryOutcome, error) {
	now, out := s.d.now(), Retried
	var body deliveryBody
	if err := json.Unmarshal(job.Body, &body); err != nil {
		return "", err
	}
	body.Why, body.Status, body.Tried = failure.Why, failure.Status, now
	job.Body = marshal(body)
	if int(job.Tries) < len(retries) {
		job.Due = now.Add(max(jittered(retries[job.Tries]), failure.After))
	} else {
		job.Lane, out = store.Parked, GivenUp
	}
	job.Tries++
	if _, err := tx.PutJob(job); err != nil {
		return "", err
	}
	if failures.Count == 0 {
		failures.Since = now
	}
	failures.Count++
	if failure.Down {
		rest := min(longestRest, firstRest<<min(failures.Count-1, 10))
		failures.Until = now.Add(max(jittered(rest), failure.After))
	}
	if err := tx.PutAttempts(failures); err != nil {
		return "", err
	}
	reason := WebhookReason("")
	switch {
	case failure.Gone:
		reason = WebhookGone
	case now.Sub(failures.Since) >= failingFor:
		reason = WebhookFailing
	case out == GivenUp:
		n, err := tx.CountJobs(job.Subject, store.Parked)
		if err != nil {
			return "", err
		}
		if n >= maxUnsent {
			reason = WebhookFull
		}
	}
	if reason == "" {
		return out, nil
	}
	return out, s.disableWebhook(tx, job.Subject, reason)
}

// reasonTexts are what operators are told.
var reasonTexts = map[WebhookReason]string{
	WebhookGone:    "Its server answered that it wants no more events (410).",
	WebhookFailing: "Nothing got through to it for five days.",
	WebhookFull:    "A thousand events could not be sent to it.",
}

// disableWebhook stops a webhook, and tells the operators by mail. What waits
// stays, and so does the place in the feed.
func (s *Site) disableWebhook(tx store.Tx, id profile.ID, reason WebhookReason) error {
	old, err := webhookRecord(tx, id)
	if err != nil || old.State != profile.Active {
		return err
	}
	var a webhookAttrs
	if err := json.Unmarshal(old.Attrs, &a); err != nil {
		return err
	}
	a.Reason = reason
	next := *old
	next.State, next.Attrs, next.Updated = profile.Disabled, marshal(a), s.d.now()
	s.undress(old)
	s.dress(&next)
	if err := tx.Save(old, &next, s.event(profile.ID{}, "webhook.disabled", id, "enabled")); err != nil {
		return err
	}
	text := reasonTexts[reason] + " No events are sent to it until an operator enables it again; it then goes on where it stopped.\n\n" +
		"Webhook " + id.String() + ": " + a.URL
	return s.tellOperators(tx, id, "A webhook was disabled", text)
}

// maxTold is how many operators are told of what went wrong.
const maxTold = 20

// tellOperators mails those who manage the site. about is whose end takes the
// messages back.
func (s *Site) tellOperators(tx store.Tx, about profile.ID, subject, text string) error {
	links, err := tx.ToByTime(s.Policy().Broker, store.LinkQuery{Kind: store.RoleLink, Tag: RoleManager, State: store.LinkActive, Limit: maxTold})
	if err != nil {
		return err
	}
	for _, l := range links {
		rec, err := tx.Record(l.Src)
		if profile.IsKind(err, profile.NotFound) {
			continue
		}
		if err != nil {
			return err
		}
		email := textAt(rec.Attrs, "email")
		if email == "" {
			continue
		}
		if err := tx.Enqueue(s.mailJob(about, "notice", email, MailData{Subject: subject, Recipient: textAt(rec.Attrs, "displayName"), Text: text})); err != nil {
			return err
		}
	}
	return nil
}
