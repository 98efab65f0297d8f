package jobs

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"facet/internal/directory"
	"facet/internal/profile"
	"facet/internal/store"
	"facet/internal/webhook"
)

// The bounds of deliveries.
const (
	DeliveriesAtOnce = 32               // of a process
	DeliveryLease    = 30 * time.Second // longer than a try may take
	atOncePerWebhook = 4                // so that a slow endpoint leaves room for others
	atOncePerSite    = 16               // so that slow endpoints of one site leave room for other sites
	crowded          = time.Second      // how long the rest of its deliveries is put off
)

// Deliverer does the deliveries to webhooks: it takes up what is new in the
// feeds, and sends it. Its Handler is that of directory.DeliveryJob.
type Deliverer struct {
	d      *directory.Directory
	sender *webhook.Sender

	mu      sync.Mutex
	sending map[profile.ID]int   // by webhook
	bySite  map[store.SiteID]int // the same, by site

	deliveries *prometheus.CounterVec
	lag        prometheus.Gauge
}

// NewDeliverer makes a Deliverer; metrics may be nil.
func NewDeliverer(d *directory.Directory, sender *webhook.Sender, metrics prometheus.Registerer) *Deliverer {
	out := &Deliverer{d: d, sender: sender, sending: map[profile.ID]int{}, bySite: map[store.SiteID]int{},
		deliveries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "facet_webhook_deliveries_total", Help: "Tries to send an event to a webhook, by result (delivered, retried, failed)."}, []string{"result"}),
		lag: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "facet_webhook_lag_seconds", Help: "How long ago the oldest event happened that was not taken up for an enabled webhook."}),
	}
	if metrics != nil {
		metrics.MustRegister(out.deliveries, out.lag)
	}
	return out
}

// Handle does one delivery.
func (w *Deliverer) Handle(ctx context.Context, job store.Job) error {
	if !w.enter(job) {
		return settled(w.d.PutOffDelivery(ctx, job, crowded))
	}
	defer w.leave(job)
	m, err := w.d.Delivery(ctx, job)
	switch {
	case err != nil && profile.IsKind(err, profile.Malformed):
		return &Failure{Why: "the body of the delivery is unreadable", Permanent: true, Err: err}
	case errors.Is(err, directory.ErrPutOff):
		return ErrSettled
	case err != nil:
		return &Failure{Why: "the delivery could not be made", Needed: true, Err: err}
	}
	var failure *webhook.Failure
	if err := w.sender.Send(ctx, m); err != nil && !errors.As(err, &failure) {
		failure = &webhook.Failure{Why: "the message could not be sent", Down: true}
	}
	if failure != nil && ctx.Err() != nil && context.Cause(ctx) == context.Canceled { // this process ends: nobody's fault
		return &Failure{Why: "interrupted", Needed: true, Err: ctx.Err()}
	}
	outcome, err := w.d.Deliver(context.WithoutCancel(ctx), job, failure)
	if outcome != "" {
		w.deliveries.WithLabelValues(string(outcome)).Inc()
	}
	return settled(err)
}

// settled says that the job is where it belongs, unless that failed.
func settled(err error) error {
	if err != nil {
		return &Failure{Why: "what came of the delivery could not be written down", Needed: true, Err: err}
	}
	return ErrSettled
}

func (w *Deliverer) enter(job store.Job) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.sending[job.Subject] >= atOncePerWebhook || w.bySite[job.Site] >= atOncePerSite {
		return false
	}
	w.sending[job.Subject]++
	w.bySite[job.Site]++
	return true
}

func (w *Deliverer) leave(job store.Job) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.sending[job.Subject]--; w.sending[job.Subject] == 0 {
		delete(w.sending, job.Subject)
	}
	if w.bySite[job.Site]--; w.bySite[job.Site] == 0 {
		delete(w.bySite, job.Site)
	}
}

// TakeUp takes up what is new until ctx ends, as often as every: at once again
// while there is more.
func (w *Deliverer) TakeUp(ctx context.Context, every time.Duration, failed func(error)) {
	for ctx.Err() == nil {
		more, lag, err := w.d.TakeUp(ctx)
		w.lag.Set(lag.Seconds())
		if err != nil && ctx.Err() == nil {
			failed(err)
		}
		if !more || err != nil {
			pause(ctx, every)
		}
	}
}

// Every calls fn until ctx ends, at once and then with a pause.
func Every(ctx context.Context, wait time.Duration, fn func(context.Context)) {
	for ctx.Err() == nil {
		fn(ctx)
		pause(ctx, wait)
	}
}
