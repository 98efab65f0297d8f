package jobs

import (
	"context"
	"encoding/json"
	"errors"

	"facet/internal/directory"
	"facet/internal/mail"
	"facet/internal/profile"
	"facet/internal/store"
)

// Mail is the handler of directory.MailJob: it makes the message from its
// template and sends it. A message that cannot be made, or that the server
// refuses for good, is a permanent Failure.
func Mail(sender mail.Sender) Handler {
	return func(ctx context.Context, job store.Job) error {
		var body directory.MailBody
		if err := json.Unmarshal(job.Body, &body); err != nil {
			return &Failure{Why: "the body of the mail job is unreadable", Permanent: true, Err: err}
		}
		m, err := mail.Render(body.Template, mail.Data(body.Data), body.From, body.To)
		if err != nil {
			return &Failure{Why: "message not made: " + mailReason(err), Permanent: true, Err: err}
		}
		m.ID = job.ID.String() // the same at every try: receivers can tell a repetition
		if !job.Subject.IsZero() {
			m.About = job.Subject.String()
		}
		if err := sender.Send(ctx, m); err != nil {
			return &Failure{Why: "message not sent: " + mailReason(err), Permanent: mail.Permanent(err), Err: err}
		}
		return nil
	}
}

// ForgetMail is the handler of directory.ForgetMailJob: a sender that keeps
// messages drops those about somebody who was erased. What others delivered is
// out of reach; a nil sender has none.
func ForgetMail(sender mail.Sender) Handler {
	return func(ctx context.Context, job store.Job) error {
		var body directory.ForgetMailBody
		if err := json.Unmarshal(job.Body, &body); err != nil {
			return &Failure{Why: "the body of the job is unreadable", Permanent: true, Err: err}
		}
		keeper, ok := sender.(mail.Forgetter)
		if !ok {
			return nil
		}
		if err := keeper.Forget(ctx, body.About.String()); err != nil {
			return &Failure{Why: "the messages could not be deleted", Err: err}
		}
		return nil
	}
}

// mailReason says what sort of failure it is without the texts, which repeat
// addresses.
func mailReason(err error) string {
	var e *profile.Error
	switch {
	case errors.As(err, &e):
		return string(e.Code) + " " + e.Field
	case mail.Permanent(err):
		return "refused by the mail server"
	case errors.Is(err, context.DeadlineExceeded):
		return "took too long"
	}
	return "the mail server cannot be reached, or refuses for now"
}
