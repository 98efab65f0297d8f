package directory

import (
	"facet/internal/profile"
	"facet/internal/store"
)

// SMSJob is the kind of job that sends one text message; SMSBody is its body.
const SMSJob = "sms"

// SMSBody is one text message to be.
type SMSBody struct {
	To   string `json:"to"` // E.164
	Text string `json:"text"`
}

// smsJob makes the job that sends a text message to a subject's phone.
func (s *Site) smsJob(subject profile.ID, to, text string) store.Job {
	now := s.d.now()
	return store.Job{
		ID: profile.NewIDIn(now, subject.Bucket()), Site: s.id, Subject: subject, Kind: SMSJob, Due: now, Created: now,
		Body: marshal(SMSBody{To: to, Text: oneLine(text)}),
	}
}
