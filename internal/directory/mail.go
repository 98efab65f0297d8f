package directory

import (
	"strings"
	"time"
	"unicode"

	"facet/internal/profile"
	"facet/internal/store"
)

// MailJob is the kind of job that sends one message; MailBody is its body.
const MailJob = "mail"

// MailBody is one message to be: the template, where it goes, what it says.
type MailBody struct {
	Template string   `json:"template"`
	From     string   `json:"from"`
	To       string   `json:"to"`
	Data     MailData `json:"data"`
}

// MailData is what a template can say; package mail tells which needs what.
type MailData struct {
	Site, Recipient, Inviter, What, Link, Code, Subject, Text string
	Expires                                                   time.Time
}

// ForgetMailJob is the kind of job that drops the kept messages about somebody
// who was erased; ForgetMailBody is its body.
const ForgetMailJob = "mail.forget"

// ForgetMailBody tells about whom the messages are.
type ForgetMailBody struct {
	About profile.ID `json:"about"`
}

// forgetMailJob belongs to nobody: it outlives the subject.
func (s *Site) forgetMailJob(subject profile.ID) store.Job {
	now := s.d.now()
	return store.Job{
		ID: profile.NewIDIn(now, subject.Bucket()), Site: s.id, Kind: ForgetMailJob, Due: now, Created: now,
		Body: marshal(ForgetMailBody{subject}),
	}
}

// mailJob makes the job that sends a message about a subject; it is enqueued
// in the transaction that is its reason, and goes when the subject is erased.
func (s *Site) mailJob(subject profile.ID, template, to string, data MailData) store.Job {
	now := s.d.now()
	data.Site = s.Policy().Title
	for _, field := range []*string{&data.Recipient, &data.Inviter, &data.What, &data.Subject} {
		*field = oneLine(*field)
	}
	return store.Job{
		ID: profile.NewIDIn(now, subject.Bucket()), Site: s.id, Subject: subject, Kind: MailJob, Due: now, Created: now,
		Body: marshal(MailBody{Template: template, From: s.Policy().MailFrom, To: to, Data: data}),
	}
}

// oneLine keeps what people typed within one line of a message.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }), " ")
}

// link makes an address for mails from the site's public base URL.
func (s *Site) link(path string) string { return strings.TrimSuffix(s.Policy().BaseURL, "/") + path }
