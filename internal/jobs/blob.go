package jobs

import (
	"context"
	"encoding/json"

	"facet/internal/directory"
	"facet/internal/store"
)

// Blob is the handler of store.BlobJob: it deletes the file, unless somebody
// uses it again. Nothing else would ever do that, and the file may be of somebody
// who was erased: it is tried for as long as the storage does not answer.
func Blob(d *directory.Directory) Handler {
	return func(ctx context.Context, job store.Job) error {
		var body store.BlobBody
		if err := json.Unmarshal(job.Body, &body); err != nil {
			return &Failure{Why: "the body of the blob job is unreadable", Permanent: true, Err: err}
		}
		if err := d.DropFile(ctx, job.Site, body); err != nil {
			return &Failure{Why: "the file could not be deleted", Needed: true, Err: err}
		}
		return nil
	}
}
