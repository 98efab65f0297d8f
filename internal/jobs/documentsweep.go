package jobs

import (
	"context"

	"facet/internal/directory"
	"facet/internal/profile"
	"facet/internal/store"
)

// DocumentSweep is the handler of directory.DocumentSweepJob: it clears some
// documents away; a further job does the rest.
func DocumentSweep(d *directory.Directory) Handler {
	return func(ctx context.Context, job store.Job) error {
		if err := d.SweepDocuments(ctx, job.Site, job.Body); err != nil {
			return &Failure{Why: "documents could not be cleared away", Permanent: profile.IsKind(err, profile.Malformed), Err: err}
		}
		return nil
	}
}
