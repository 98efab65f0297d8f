package facetest_test

import (
	"testing"
	"time"

	"facet/internal/facetest"
)

func TestServiceAnswersWithTheDemoSite(t *testing.T) {
	s := facetest.New(t)
	s.Get(t, "", "/healthz").WantJSON(200, `{"status":"ok"}`)
	s.Get(t, "", "/readyz").Want(200).Is(map[string]any{"status": "ready"})
	if got := s.Site.Name(); got != "demo" {
		t.Errorf("site %q", got)
	}
	if got := s.Mails(t); len(got) != 0 {
		t.Errorf("mails wait: %v", got)
	}
}

func TestClockStandsStillUntilMoved(t *testing.T) {
	c := facetest.NewClock()
	first := c.Now()
	c.Advance(time.Hour)
	if got := c.Now().Sub(first); got != time.Hour || first != facetest.Start {
		t.Errorf("moved by %v from %v", got, first)
	}
}
