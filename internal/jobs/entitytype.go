package jobs

import (
	"context"

	"facet/internal/directory"
	"facet/internal/profile"
	"facet/internal/store"
)

// EntityType is the handler of directory.TypeJob: it works on a change of an
// entity type for a while; a further job does the rest.
func EntityType(d *directory.Directory) Handler {
	return func(ctx context.Context, job store.Job) error {
		if err := d.ContinueType(ctx, job.Site, job.Body); err != nil {
			return &Failure{Why: "a change of an entity type could not go on", Permanent: profile.IsKind(err, profile.Malformed), Err: err}
		}
		return nil
	}
}
