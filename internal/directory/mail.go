package directory

import (
	"maps"
	"strings"

	"facet/internal/profile"
	"facet/internal/store"
)

// MailJob is the kind of job that sends one message; MailBody is its body.
const MailJob = "mail"

// MailBody is one message to be: the template, where it goes, what it says.
type MailBody struct {
	Template string         `json:"template"`
	From     string         `json:"from"`
	To       string         `json:"to"`
	Data     map[string]any `json:"data"`
}

// mailJob makes the job that sends a message about a subject; it is enqueued
// in the transaction that is its reason, and goes when the subject is erased.
func (s *Site) mailJob(subject profile.ID, template, to string, data map[string]any) store.Job {
	now := s.d.now()
	all := map[string]any{"Site": s.Policy().Title}
	maps.Copy(all, data)
	return store.Job{
		ID: profile.NewIDIn(now, subject.Bucket()), Site: s.id, Subject: subject, Kind: MailJob, Due: now, Created: now,
		Body: marshal(MailBody{Template: template, From: s.Policy().MailFrom, To: to, Data: all}),
	}
}

// link makes an address for mails from the site's public base URL.
func (s *Site) link(path string) string { return strings.TrimSuffix(s.Policy().BaseURL, "/") + path }
