package jobs

import (
	"context"

	"facet/internal/directory"
	"facet/internal/profile"
	"facet/internal/store"
)

// EraseSweep is the handler of directory.EraseSweepJob: it ends some of the
// links of somebody who was erased; a further job does the rest.
func EraseSweep(d *directory.Directory) Handler {
	return func(ctx context.Context, job store.Job) error {
		if err := d.SweepErased(ctx, job.Site, job.Body); err != nil {
			return &Failure{Why: "the links of somebody who was erased could not be ended", Permanent: profile.IsKind(err, profile.Malformed), Err: err}
		}
		return nil
	}
}
