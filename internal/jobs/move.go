package jobs

import (
	"context"

	"facet/internal/directory"
	"facet/internal/profile"
	"facet/internal/store"
	"facet/internal/transfer"
)

// Move is the handler of directory.MoveJob: it imports some of a file, or makes a
// person's export; a further job does the rest.
func Move(d *directory.Directory) Handler {
	return func(ctx context.Context, job store.Job) error {
		if err := transfer.Work(ctx, d, job.Site, job.Body); err != nil {
			return &Failure{Why: "a file could not be imported, or an export not made", Permanent: profile.IsKind(err, profile.Malformed), Err: err}
		}
		return nil
	}
}
