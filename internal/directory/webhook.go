package directory

import (
	"context"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/store"
	"facet/internal/webhook"
)

// Webhook is where a site's events are sent (Standard Webhooks: an endpoint).
type Webhook struct {
	ID          profile.ID
	URL         string
	Kinds       []string // of the events that are sent; none: all
	Description string
	Enabled     bool
	Reason      WebhookReason // why it is not enabled
	Version     int64
	Created     time.Time
	Updated     time.Time

	Cursor  string    // after the last event that was taken up for it
	Waiting int64     // events taken up that are still to be sent, or sent again
	Failed  int64     // events that could not be sent, and wait for somebody to decide
	Failing time.Time // since when no try succeeded; zero: the last one did
}

// WebhookReason says why nothing is sent to a webhook.
type WebhookReason string

// The reasons.
const (
	WebhookOff     WebhookReason = "disabled" // somebody said so
	WebhookGone    WebhookReason = "gone"     // the endpoint answered 410
	WebhookFailing WebhookReason = "failing"  // nothing got through for failingFor
	WebhookFull    WebhookReason = "full"     // maxUnsent events could not be sent
)

// webhookAttrs is what a webhook's record holds.
type webhookAttrs struct {
	URL         string        `json:"url"`
	Kinds       []string      `json:"kinds"`
	Description string        `json:"description"`
	Reason      WebhookReason `json:"reason,omitempty"`
}

// The bounds of webhooks.
const (
	maxWebhooks     = 50  // of a site: they are listed whole
	maxWaiting      = 100 // events taken up for one; the rest waits in the feed
	maxUnsent       = 1000
	maxSecretHours  = 168 // that a secret that was replaced still signs
	oldWebhookKeys  = 3   // secrets before the present one that may still sign
	webhookSecret   = "webhook"
	webhookMark     = "webhook" // how far the feed was taken up
	webhookAttempts = "webhook" // tries that failed since one succeeded
)

// NewWebhook is what a webhook is made from.
type NewWebhook struct {
	URL         string
	Kinds       []string
	Description string
}

func (in NewWebhook) check(f webhook.Filter) error {
	if err := f.CheckURL(in.URL); err != nil {
		return err
	}
	return in.checkRest()
}

// checkRest is check but for the address.
func (in NewWebhook) checkRest() error {
	if err := checkKinds(in.Kinds); err != nil {
		return err
	}
	if !utf8.ValidString(in.Description) {
		return profile.E(profile.Invalid, profile.CodeInvalid, "description", "it is not UTF-8")
	}
	return checkDescription(in.Description)
}

// CreateWebhook makes a webhook that is sent what happens from now on, and gives
// its secret. Errors: Forbidden; Invalid with Field "url", "kinds" or
// "description"; TooLarge when the site has as many as it may.
func (s *Site) CreateWebhook(ctx context.Context, who access.Principal, in NewWebhook) (Webhook, webhook.Secret, error) {
	if err := s.operator(ctx, access.WebhookWrite, who); err != nil {
		return Webhook{}, nil, err
	}
	return s.addWebhook(ctx, who.Subject, in)
}

// AddWebhook is CreateWebhook for the command line.
func (s *Site) AddWebhook(ctx context.Context, in NewWebhook) (Webhook, webhook.Secret, error) {
	return s.addWebhook(ctx, profile.ID{}, in)
}

func (s *Site) addWebhook(ctx context.Context, actor profile.ID, in NewWebhook) (Webhook, webhook.Secret, error) {
	if err := in.check(s.d.reach); err != nil {
		return Webhook{}, nil, err
	}
	if !s.Policy().Webhooks { // before there is one: nobody must overlook it
		if err := s.setPolicy(ctx, func(p *Policy) { p.Webhooks = true }); err != nil {
			return Webhook{}, nil, err
		}
	}
	rec, err := s.draft(ctx, profile.Webhook, profile.ID{}, actor)
	if err != nil {
		return Webhook{}, nil, err
	}
	rec.Attrs = marshal(webhookAttrs{URL: in.URL, Kinds: append([]string{}, in.Kinds...), Description: in.Description})
	secret := webhook.NewSecret()
	sealed := s.d.dataKey.Seal(secret, []byte(webhookSecret))
	full := profile.E(profile.TooLarge, profile.CodeTooLarge, "", "a site has %d webhooks at most", maxWebhooks)
	names := rec.Names
	var out Webhook
	err = untilPlaced(func() error {
		return s.data.Update(ctx, func(tx store.Tx) error {
			n, err := tx.Count(profile.Webhook)
			if err != nil {
				return err
			}
			from, err := newest(tx)
			if err != nil {
				return err
			}
			if err := createWithin(tx, rec, names, n, maxWebhooks, full, s.event(actor, "webhook.created", rec.ID)); err != nil {
				return err
			}
			if err := tx.PutMark(rec.ID, webhookMark, from); err != nil {
				return err
			}
			if err := tx.PutSecret(&store.Secret{Subject: rec.ID, Kind: webhookSecret, Data: sealed, Created: rec.Created}); err != nil {
				return err
			}
			out, err = webhookOf(tx, rec)
			return err
		})
	})
	return out, secret, err
}

// webhookOf reads what there is to say of a webhook.
func webhookOf(r store.Reader, rec *store.Record) (Webhook, error) {
	var a webhookAttrs
	if err := json.Unmarshal(rec.Attrs, &a); err != nil {
		return Webhook{}, err
	}
	out := Webhook{ID: rec.ID, URL: a.URL, Kinds: a.Kinds, Description: a.Description, Enabled: rec.State == profile.Active, Reason: a.Reason,
		Version: rec.Version, Created: rec.Created, Updated: rec.Updated}
	at, err := r.Mark(rec.ID, webhookMark)
	if err != nil {
		return out, err
	}
	out.Cursor = at.String()
	failures, err := r.Attempts(rec.ID, webhookAttempts)
	if err != nil {
		return out, err
	}
	out.Failing = failures.Since
	if out.Waiting, err = r.CountJobs(rec.ID, store.Delivery); err != nil {
		return out, err
	}
	out.Failed, err = r.CountJobs(rec.ID, store.Parked)
	return out, err
}

// eachWebhook calls fn with the webhooks of the site in the order of their
// making.
func eachWebhook(r store.Reader, fn func(*store.Record)) error {
	return r.ByNumber(profile.Webhook, 0, math.MaxInt64, false, func(rec *store.Record) bool {
		copied := *rec
		copied.Attrs, copied.Names = slices.Clone(rec.Attrs), slices.Clone(rec.Names)
		fn(&copied)
		return true
	})
}

// Webhooks lists the webhooks in the order of their making. Errors: Forbidden.
func (s *Site) Webhooks(ctx context.Context, who access.Principal) ([]Webhook, error) {
	if err := s.operator(ctx, access.WebhookRead, who); err != nil {
		return nil, err
	}
	return s.ListWebhooks(ctx)
}

// ListWebhooks is Webhooks for the command line.
func (s *Site) ListWebhooks(ctx context.Context) (out []Webhook, err error) {
	err = s.data.View(ctx, func(r store.Reader) error {
		out = []Webhook{}
		var records []*store.Record
		if err := eachWebhook(r, func(rec *store.Record) { records = append(records, rec) }); err != nil {
			return err
		}
		for _, rec := range records {
			hook, err := webhookOf(r, rec)
			if err != nil {
				return err
			}
			out = append(out, hook)
		}
		return nil
	})
	return out, err
}

// Webhook reads one. Errors: Forbidden, NotFound.
func (s *Site) Webhook(ctx context.Context, who access.Principal, id profile.ID) (out Webhook, err error) {
	err = s.data.View(ctx, func(r store.Reader) error {
		if err := s.allow(r, access.WebhookRead, who, nil); err != nil {
			return err
		}
		rec, err := webhookRecord(r, id)
		if err == nil {
			out, err = webhookOf(r, rec)
		}
		return err
	})
	return out, err
}

// webhookRecord reads a webhook's record: NotFound for an id of anything else.
func webhookRecord(r store.Reader, id profile.ID) (*store.Record, error) {
	rec, err := r.Record(id)
	if err == nil && rec.Type != profile.Webhook {
		err = store.ErrNotFound
	}
	return rec, err
}

// WebhookEdit is what is to be changed of a webhook; nil leaves a thing as it is.
type WebhookEdit struct {
	URL         *string
	Kinds       *[]string
	Description *string
	Enabled     *bool
	Cursor      *string // where in the feed it goes on; FeedNow: after what is there by now
}

// ChangeWebhook changes a webhook. One that is enabled again goes on where it
// stopped. Errors: Forbidden, NotFound; Invalid with Field "url", "kinds" or
// "description"; those of Feed for a cursor, with Field "cursor".
func (s *Site) ChangeWebhook(ctx context.Context, who access.Principal, id profile.ID, in WebhookEdit) (Webhook, error) {
	if err := s.operator(ctx, access.WebhookWrite, who); err != nil {
		return Webhook{}, err
	}
	if in.Cursor != nil {
		if err := s.checkCursor(ctx, *in.Cursor); err != nil {
			return Webhook{}, err
		}
	}
	check := func(_ store.Tx, old *store.Record) error {
		if old.Type != profile.Webhook {
			return store.ErrNotFound
		}
		return nil
	}
	_, err := s.change(ctx, id, s.event(who.Subject, "webhook.updated", id), check, func(old *store.Record) (step, error) {
		if old.Type != profile.Webhook {
			return step{}, store.ErrNotFound
		}
		return s.nextWebhook(old, in)
	})
	if err != nil {
		return Webhook{}, err
	}
	return s.Webhook(ctx, who, id)
}

// checkCursor refuses a place in the feed that cannot be gone on from.
func (s *Site) checkCursor(ctx context.Context, cursor string) error {
	err := s.data.View(ctx, func(r store.Reader) error {
		_, err := s.feedStart(r, cursor)
		return err
	})
	if e := (*profile.Error)(nil); err != nil {
		e = profile.AsError(err)
		if e.Field == "after" {
			renamed := *e
			renamed.Field = "cursor"
			return &renamed
		}
	}
	return err
}

func (s *Site) nextWebhook(old *store.Record, in WebhookEdit) (step, error) {
	var a webhookAttrs
	if err := json.Unmarshal(old.Attrs, &a); err != nil {
		return step{}, err
	}
	next := *old
	st := step{rec: &next}
	set := func(path string, differs bool) {
		if differs {
			st.paths = append(st.paths, path)
		}
	}
	if in.URL != nil {
		set("url", a.URL != *in.URL)
		a.URL = *in.URL
	}
	if in.Kinds != nil {
		set("kinds", !slices.Equal(a.Kinds, *in.Kinds))
		a.Kinds = append([]string{}, *in.Kinds...)
	}
	if in.Description != nil {
		set("description", a.Description != *in.Description)
		a.Description = *in.Description
	}
	wanted := NewWebhook{URL: a.URL, Kinds: a.Kinds, Description: a.Description}
	if in.URL != nil || in.Enabled != nil && *in.Enabled { // what was allowed once and is not now can still be turned off
		if err := s.d.reach.CheckURL(wanted.URL); err != nil {
			return step{}, err
		}
	}
	if err := wanted.checkRest(); err != nil {
		return step{}, err
	}
	var with []func(store.Tx) error
	if in.Enabled != nil && *in.Enabled != (old.State == profile.Active) {
		set("enabled", true)
		next.State, a.Reason = profile.Disabled, WebhookOff
		if *in.Enabled {
			next.State, a.Reason = profile.Active, ""
			with = append(with, func(tx store.Tx) error { return s.resume(tx, old.ID) })
		}
	}
	if in.Cursor != nil {
		set("cursor", true)
		with = append(with, func(tx store.Tx) error {
			at, err := s.feedStart(tx, *in.Cursor)
			if err != nil {
				return err
			}
			return tx.PutMark(old.ID, webhookMark, at)
		})
	}
	st.with = func(tx store.Tx) error {
		for _, fn := range with {
			if err := fn(tx); err != nil {
				return err
			}
		}
		return nil
	}
	next.Attrs, next.Updated = marshal(a), s.d.now()
	return st, nil
}

// resume forgets that tries failed, and makes what waits due.
func (s *Site) resume(tx store.Tx, id profile.ID) error {
	if err := tx.PutAttempts(store.Attempts{Subject: id, Kind: webhookAttempts}); err != nil {
		return err
	}
	waiting, err := tx.JobsOf(id, store.Delivery, profile.ID{}, -1)
	if err != nil {
		return err
	}
	for _, job := range waiting {
		job.Due = s.d.now()
		if _, err := tx.PutJob(job); err != nil {
			return err
		}
	}
	return nil
}

// DeleteWebhook removes a webhook, its secrets and what waits for it. Errors:
// Forbidden, NotFound.
func (s *Site) DeleteWebhook(ctx context.Context, who access.Principal, id profile.ID) error {
	return s.data.Update(ctx, func(tx store.Tx) error {
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
		s.undress(rec)
		return tx.Remove(rec, s.event(who.Subject, "webhook.deleted", id))
	})
}

// ReplaceWebhookSecret gives a webhook a new secret; what is sent is signed with
// the one before too, for so many hours. Errors: Forbidden, NotFound; Invalid
// with Field "hours".
func (s *Site) ReplaceWebhookSecret(ctx context.Context, who access.Principal, id profile.ID, hours int) (webhook.Secret, error) {
	if hours < 0 || hours > maxSecretHours {
		return nil, profile.E(profile.Invalid, profile.CodeInvalid, "hours", "it is 0 to %d", maxSecretHours)
	}
	secret := webhook.NewSecret()
	sealed := s.d.dataKey.Seal(secret, []byte(webhookSecret))
	err := s.data.Update(ctx, func(tx store.Tx) error {
		if err := s.allow(tx, access.WebhookWrite, who, nil); err != nil {
			return err
		}
		if err := tx.Lock(id); err != nil {
			return err
		}
		if _, err := webhookRecord(tx, id); err != nil {
			return err
		}
		now := s.d.now()
		rows, err := tx.Secrets(id, webhookSecret)
		if err != nil {
			return err
		}
		slices.SortFunc(rows, func(a, b *store.Secret) int { return b.Created.Compare(a.Created) }) // the newest first
		for i, row := range rows {
			switch {
			case row.Key == "" && hours > 0:
				old := *row
				old.Key, old.Expires = profile.NewID(now).String(), now.Add(time.Duration(hours)*time.Hour)
				err = tx.PutSecret(&old)
			case row.Key != "" && (hours == 0 || i >= oldWebhookKeys || !row.Expires.After(now)):
				err = tx.DropSecret(id, webhookSecret, row.Key)
			}
			if err != nil {
				return err
			}
		}
		if err := tx.PutSecret(&store.Secret{Subject: id, Kind: webhookSecret, Data: sealed, Created: now}); err != nil {
			return err
		}
		return tx.Log(s.event(who.Subject, "webhook.secret.reset", id))
	})
	return secret, err
}

// webhookSecrets opens the secrets that a webhook's messages are signed with:
// the present one first.
func (s *Site) webhookSecrets(r store.Reader, id profile.ID) ([]webhook.Secret, error) {
	rows, err := r.Secrets(id, webhookSecret)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(rows, func(a, b *store.Secret) int { return strings.Compare(a.Key, b.Key) }) // the present one has none
	var out []webhook.Secret
	for _, row := range rows {
		if !row.Expires.IsZero() && !row.Expires.After(s.d.now()) {
			continue
		}
		secret, err := s.d.dataKey.Open(row.Data, []byte(webhookSecret))
		if err != nil {
			return nil, err
		}
		out = append(out, secret)
	}
	return out, nil
}
