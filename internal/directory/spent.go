package directory

import (
	"context"
	"time"

	"facet/internal/store"
)

// Spent is what a network has spent of what it may try.
type Spent = store.Spent

// Shared reports whether other processes may serve the same sites.
func (d *Directory) Shared() bool {
	_, shared := d.store.(store.Shared)
	return shared
}

// Spend tells the other processes what networks have spent here of what each may
// try, and gives how they stand in all: see store.Shared. Without other
// processes it gives nothing.
func (d *Directory) Spend(ctx context.Context, now time.Time, spent []Spent) ([]Spent, error) {
	if shared, ok := d.store.(store.Shared); ok {
		return shared.Spend(ctx, now, spent)
	}
	return nil, nil
}
