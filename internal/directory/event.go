package directory

import (
	"facet/internal/profile"
	"facet/internal/store"
)

// event says that actor did something of a kind to a subject, now.
func (s *Site) event(actor profile.ID, kind string, subject profile.ID, paths ...string) store.Event {
	return store.Event{At: s.d.now(), Actor: actor, Kind: kind, Subject: subject, Paths: paths}
}
