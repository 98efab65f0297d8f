package entity_test

import (
	"regexp"
	"testing"

	"facet/internal/directory"
	"facet/internal/profile"
)

var mailedKey = regexp.MustCompile(`/api/auth/([0-9a-f]{40})`)

func TestAnInvitationEndsWhenTheEMailItWentToIsCorrected(t *testing.T) {
	s := start(t)
	uuid := s.create(t, `{"displayName":"Ann","email":"wrong@example.com"}`)
	in, err := s.Site.Login(t.Context(), directory.Credentials{Login: "donny", Spaces: []profile.Space{profile.Slug}, Password: "yoyo"}, directory.Exchanged)
	if err != nil {
		t.Fatal(err)
	}
	operator, err := s.Site.Authenticate(t.Context(), in.Token)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Site.Activate(t.Context(), operator, "u-"+number(s.user(t, uuid), "result.id")); err != nil {
		t.Fatal(err)
	}
	mails := s.Mails(t)
	key := mailedKey.FindStringSubmatch(mails[len(mails)-1].Text)
	if key == nil {
		t.Fatalf("%+v", mails)
	}
	if _, err := s.Site.Invitation(t.Context(), key[1]); err != nil {
		t.Error(err)
	}
	s.ok(t, "entity.update", "type_name", "user", "uuid", uuid, "attributes", `{"email":"right@example.com"}`)
	if _, err := s.Site.Redeem(t.Context(), key[1], directory.NewAccount{Password: "yoyo"}, directory.Exchanged); !profile.IsKind(err, profile.NotFound) {
		t.Errorf("who reads the mail of the address before has the account: %v", err)
	}
}
