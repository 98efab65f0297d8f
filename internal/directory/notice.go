package directory

import (
	"context"
	"encoding/json"
	"slices"

	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/store"
)

// The kinds of notice that a person may choose not to get (DjaoApp API
// reference, "Notifications"). What concerns how one signs in, codes, keys and
// invitations to an account are mailed always.
const (
	NoticeRoleGranted           = "role_grant_created_notice"
	NoticeRoleRequested         = "role_request_created_notice"
	NoticeSubscriptionGranted   = "subscription_grant_created_notice"
	NoticeSubscriptionRequested = "subscription_request_created_notice"
	NoticeGrantAccepted         = "subscription_grant_accepted_notice"
	NoticeRequestAccepted       = "subscription_request_accepted_notice"
)

// Where among the extras the notices stand that a user does not want: the face,
// and the name.
const (
	noticesFace = "djaoapp"
	notices     = "notifications"
)

// SetNotices says which notices a user does not want, by slug; those of other
// applications may be among them. Errors: NotFound, Forbidden.
func (s *Site) SetNotices(ctx context.Context, who access.Principal, user string, slugs []string) error {
	rec, err := s.userNamed(ctx, access.UserWrite, who, user)
	if err != nil {
		return err
	}
	edit := Edit{Face: noticesFace, Extras: map[string]json.RawMessage{notices: json.RawMessage("null")}}
	if len(slugs) > 0 {
		edit.Extras[notices] = marshal(slugs)
	}
	check := func(tx store.Tx, old *store.Record) error { return s.allowUser(tx, access.UserWrite, who, old) }
	_, err = s.change(ctx, rec.ID, s.event(who.Subject, "user.notices", rec.ID), check, func(old *store.Record) (step, error) {
		return s.edit(ctx, old, edit)
	})
	return err
}

// notice mails a person or a group, where there is an address and the person did
// not choose to get no such notice. about is whose erasure takes the message
// back.
func (s *Site) notice(tx store.Tx, kind string, to *store.Record, about profile.ID, subject, text string) error {
	email := textAt(to.Attrs, "email")
	if email == "" {
		return nil
	}
	if raw := rawAt(to.Extras, noticesFace+"."+notices); raw != nil {
		var unwanted []string
		if err := json.Unmarshal(raw, &unwanted); err != nil {
			return err
		}
		if slices.Contains(unwanted, kind) {
			return nil
		}
	}
	return tx.Enqueue(s.mailJob(about, "notice", email, MailData{Subject: subject, Recipient: textAt(to.Attrs, "displayName"), Text: text}))
}
