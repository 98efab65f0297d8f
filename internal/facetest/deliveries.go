package facetest

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"facet/internal/jobs"
	"facet/internal/store"
	"facet/internal/webhook"
)

// loopback lets webhooks be sent to receivers of the tests.
var loopback = webhook.Filter{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}

// Deliver takes up what is new for webhooks, does the deliveries that are due,
// and says how many were tried or put off.
func (s *Service) Deliver(t testing.TB) (n int) {
	t.Helper()
	deliverer := jobs.NewDeliverer(s.Directory, webhook.NewSender(webhook.Config{Filter: loopback, Now: s.Clock.Now, Version: "test"}), nil)
	for more := true; more; {
		var err error
		if more, _, err = s.Directory.TakeUp(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	due, err := s.Store.System().DueIn(t.Context(), store.Delivery, s.Clock.Now(), time.Minute, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, job := range due {
		if err := deliverer.Handle(t.Context(), job); !errors.Is(err, jobs.ErrSettled) {
			t.Fatalf("delivery %s: %v", job.Body, err)
		}
	}
	return len(due)
}
