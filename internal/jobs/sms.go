package jobs

import (
	"context"
	"encoding/json"

	"facet/internal/directory"
	"facet/internal/sms"
	"facet/internal/store"
)

// SMS is the handler of directory.SMSJob: it sends one text message.
func SMS(sender sms.Sender) Handler {
	return func(ctx context.Context, job store.Job) error {
		var body directory.SMSBody
		if err := json.Unmarshal(job.Body, &body); err != nil {
			return &Failure{Why: "the body of the sms job is unreadable", Permanent: true, Err: err}
		}
		if err := sender.Send(ctx, sms.Message{ID: job.ID.String(), To: body.To, Text: body.Text}); err != nil {
			return &Failure{Why: "message not sent", Err: err}
		}
		return nil
	}
}

// Expiry is the handler of directory.ExpiryJob: it deletes a ticket that is
// over.
func Expiry(d *directory.Directory) Handler {
	return func(ctx context.Context, job store.Job) error {
		var body directory.ExpiryBody
		if err := json.Unmarshal(job.Body, &body); err != nil {
			return &Failure{Why: "the body of the expiry job is unreadable", Permanent: true, Err: err}
		}
		if err := d.DropExpired(ctx, job.Site, body); err != nil {
			return &Failure{Why: "the ticket could not be deleted", Err: err}
		}
		return nil
	}
}
