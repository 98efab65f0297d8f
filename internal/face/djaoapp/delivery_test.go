package djaoapp_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"facet/internal/directory"
	"facet/internal/jobs"
	"facet/internal/mail"
)

// down is a mail server that cannot be reached.
type down struct{}

func (down) Send(context.Context, mail.Message) error { return errors.New("connection refused") }

// DjaoApp posted what happened to another server while the caller waited, once,
// and unsigned. Here nothing is posted; mails are jobs that were committed with
// the change, and tried again.
func TestW21WhatOthersAreToldIsNotWaitedForAndTriedAgain(t *testing.T) {
	s := serve(t)
	donny := s.Login(t, "donny")
	s.Post(t, donny, "/api/profile/cowork/roles/contributor", `{"slug":"alice"}`).Want(201) // nobody sends yet
	system := s.Store.System()
	due, err := system.DueJobs(t.Context(), s.Clock.Now(), time.Minute, 10)
	if err != nil || len(due) != 1 || due[0].Kind != directory.MailJob {
		t.Fatalf("%v, %v", due, err)
	}
	if err := jobs.Mail(down{})(t.Context(), due[0]); err == nil {
		t.Fatal("a server that is down took the mail")
	}
	if err := system.RetryJob(t.Context(), due[0], s.Clock.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if sent := s.Mails(t); len(sent) > 0 {
		t.Errorf("sent before its time: %v", sent)
	}
	s.Clock.Advance(time.Hour)
	sent := s.Mails(t)
	if len(sent) != 1 || sent[0].To != "alice@localhost.localdomain" || sent[0].ID != due[0].ID.String() {
		t.Errorf("sent: %v", sent)
	}
	if again := s.Mails(t); len(again) > 0 {
		t.Errorf("sent twice: %v", again)
	}
}
