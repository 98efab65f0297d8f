package jobs

import (
	"context"

	"facet/internal/directory"
	"facet/internal/profile"
	"facet/internal/store"
)

// RoleSweep is the handler of directory.RoleSweepJob: it ends some of the roles
// of a type that was deleted; a further job does the rest.
func RoleSweep(d *directory.Directory) Handler {
	return func(ctx context.Context, job store.Job) error {
		if err := d.SweepRoles(ctx, job.Site, job.Body); err != nil {
			return &Failure{Why: "the roles of a deleted type could not be ended", Permanent: profile.IsKind(err, profile.Malformed), Err: err}
		}
		return nil
	}
}
