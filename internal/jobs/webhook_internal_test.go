package jobs

import (
	"testing"
	"time"

	"facet/internal/profile"
	"facet/internal/store"
)

func TestSlowEndpointsOfOneSiteLeaveRoomForOtherSites(t *testing.T) {
	w := NewDeliverer(nil, nil, nil)
	var held []store.Job
	for range 10 {
		job := store.Job{Site: 1, Subject: profile.NewID(time.Now())}
		for w.enter(job) {
			held = append(held, job)
		}
	}
	if len(held) != atOncePerSite || len(held) >= DeliveriesAtOnce {
		t.Errorf("one site sends %d at once, of %d", len(held), DeliveriesAtOnce)
	}
	other := store.Job{Site: 2, Subject: profile.NewID(time.Now())}
	if !w.enter(other) {
		t.Error("another site waits")
	}
	for _, job := range append(held, other) {
		w.leave(job)
	}
	if len(w.sending)+len(w.bySite) > 0 {
		t.Errorf("left behind: %v, %v", w.sending, w.bySite)
	}
}
