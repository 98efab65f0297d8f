package row

import (
	"time"

	"facet/internal/profile"
	"facet/internal/store"
)

// Pruned says what goes of the bodies of one subject's changes: those up to
// Last, but that of Kept loses only what it replaced, and tells of the state
// that stays as the first.
type Pruned struct {
	Subject profile.ID
	Last    store.Position
	Kept    store.Position // zero: none of its changes was pruned
}

// Prunable is the beginning of a list of events that may go: those before a
// time, up to a position.
func Prunable(events []store.Event, before time.Time, last store.Position) []store.Event {
	for i, e := range events {
		if !e.At.Before(before) || e.Position.Compare(last) > 0 {
			return events[:i]
		}
	}
	return events
}

// PrunedOf works out, for each subject of events that go, what goes of its
// bodies.
func PrunedOf(events []store.Event) []Pruned {
	at := map[profile.ID]int{}
	var out []Pruned
	for _, e := range events {
		i, ok := at[e.Subject]
		if !ok {
			i = len(out)
			at[e.Subject] = i
			out = append(out, Pruned{Subject: e.Subject})
		}
		out[i].Last = e.Position
		if e.Version > 0 {
			out[i].Kept = e.Position
		}
	}
	return out
}
