package directory

import (
	"testing"
	"time"

	"facet/internal/profile"
	"facet/internal/store"
)

func TestAWebhookWhoseAddressIsAllowedNoMoreCanBeTurnedOff(t *testing.T) {
	s := &Site{d: &Directory{now: time.Now}}
	old := &store.Record{Type: profile.Webhook, State: profile.Active, Attrs: marshal(webhookAttrs{URL: "http://10.0.0.1/"})}
	on, off, url, about := true, false, "http://10.0.0.1/", "was ours"
	for _, c := range []struct {
		what string
		edit WebhookEdit
		ok   bool
	}{
		{"off", WebhookEdit{Enabled: &off}, true},
		{"described", WebhookEdit{Description: &about}, true},
		{"on", WebhookEdit{Enabled: &on}, false},
		{"the same address", WebhookEdit{URL: &url}, false},
	} {
		if _, err := s.nextWebhook(old, c.edit); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.what, err)
		}
	}
}
