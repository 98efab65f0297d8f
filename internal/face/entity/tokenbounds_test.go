package entity_test

import (
	"testing"
	"time"

	"facet/internal/access"
	"facet/internal/directory"
	"facet/internal/profile"
	"facet/internal/store"
)

func TestOfTheTokensOfARecordTheOldestEnd(t *testing.T) {
	s := startOwn(t)
	uuid := s.user(t, `{}`)
	c, other := s.client(t, access.DirectAccess), s.client(t, access.DirectAccess)
	issue := func(c directory.Client) string {
		s.Clock.Advance(time.Second)
		return wantOK(t, s.by(t, c, "access/getAccessToken", "type_name", "user", "uuid", uuid)).Text("accessToken")
	}
	kept := issue(other)
	var tokens []string
	for range 25 {
		tokens = append(tokens, issue(c))
	}
	for i, token := range tokens {
		if got := s.reads(t, token); got != (i >= 5) {
			t.Errorf("token %d of 25 reads: %v", i, got)
		}
	}
	if !s.reads(t, kept) {
		t.Error("the tokens of one client end those of another")
	}
	if n := sessions(t, s, uuid); n != 21 {
		t.Errorf("%d sessions are kept", n)
	}
	if n := s.tickets(t, uuid, "access"); n != 21 {
		t.Errorf("%d tokens are kept", n)
	}
	for range 11 {
		c := s.client(t, access.DirectAccess)
		for range 20 {
			issue(c)
		}
	}
	if n := sessions(t, s, uuid); n != 200 {
		t.Errorf("%d sessions are kept for all clients", n)
	}
	if s.reads(t, kept) {
		t.Error("the oldest of all goes on")
	}
	s.Clock.Advance(time.Hour)
	s.Mails(t)
	if n := sessions(t, s, uuid) + s.tickets(t, uuid, "access"); n != 0 {
		t.Errorf("%d sessions and tokens are left when all are over", n)
	}
}

func TestOfTheCodesOfARecordTheOldestEnd(t *testing.T) {
	s := startOwn(t)
	uuid := s.user(t, `{}`)
	for op, kind := range map[string]string{"access/getAuthorizationCode": "authcode", "access/getVerificationCode": "verification"} {
		for range 22 {
			s.Clock.Advance(time.Second)
			s.ok(t, op, "type_name", "user", "uuid", uuid, "redirect_uri", "http://x", "attribute_name", "emailVerified", "lifetime", "9000")
		}
		if n := s.tickets(t, uuid, kind); n != 20 {
			t.Errorf("%s: %d codes are kept", op, n)
		}
	}
}

func TestARefreshTokenUsedAgainAndAgainLeavesFewAccessTokens(t *testing.T) {
	s := startOwn(t)
	uuid := s.user(t, `{}`)
	code := s.ok(t, "access/getAuthorizationCode", "type_name", "user", "uuid", uuid, "redirect_uri", "http://x").Text("authorizationCode")
	first := s.call(t, "oauth/token", "grant_type", "authorization_code", "code", code, "redirect_uri", "http://x").Want(200)
	for range 10 { // a lost answer is repeated
		s.Clock.Advance(time.Second)
		token := s.call(t, "oauth/token", "grant_type", "refresh_token", "refresh_token", first.Text("refresh_token")).Want(200).Text("access_token")
		if !s.reads(t, token) {
			t.Error("the newest token does not work")
		}
	}
	if n := s.tickets(t, uuid, "access"); n != 5 {
		t.Errorf("%d tokens are kept", n)
	}
	if s.reads(t, first.Text("access_token")) {
		t.Error("the oldest token goes on")
	}
}

func TestOfTheCreationTokensOfAClientTheOldestEnd(t *testing.T) {
	s := startOwn(t)
	c := s.client(t, access.Owner)
	get := func(lifetime string) string {
		return s.by(t, c, "access/getCreationToken", "type_name", "user", "lifetime", lifetime).Text("creation_token")
	}
	makes := func(token string) bool {
		return s.post(t, "", "entity.create", "creation_token", token, "attributes", `{}`).Text("stat") == "ok"
	}
	first, second := get("9000"), get("9000")
	err := s.Store.Site(s.id(t)).Update(t.Context(), func(tx store.Tx) error {
		rec, err := tx.ByName(profile.ID{}, profile.ClientID, c.ID)
		if err != nil {
			return err
		}
		return tx.PutAttempts(store.Attempts{Subject: rec.ID, Kind: "creation", Count: 4000}) // as if so many had been made
	})
	if err != nil {
		t.Fatal(err)
	}
	third := get("9000")
	if makes(first) || !makes(second) || !makes(third) {
		t.Error("not the oldest one ended")
	}
	get("9000")
	if makes(second) || !makes(third) {
		t.Error("not the next oldest one ended")
	}
}

// tickets counts those of a kind that are kept for a record of the own site.
func (s own) tickets(t testing.TB, uuid, kind string) (n int) {
	t.Helper()
	s.stored(t, uuid, func(r store.Reader, rec *store.Record) error {
		rows, err := r.Tickets(rec.ID, kind)
		n = len(rows)
		return err
	})
	return n
}

// stored reads what is stored of a record of the own site.
func (s own) stored(t testing.TB, uuid string, fn func(store.Reader, *store.Record) error) {
	t.Helper()
	err := s.Store.Site(s.id(t)).View(t.Context(), func(r store.Reader) error {
		rec, err := r.Record(parseID(t, uuid))
		if err != nil {
			return err
		}
		return fn(r, rec)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// id is the own site's.
func (s own) id(t testing.TB) store.SiteID {
	t.Helper()
	sites, err := s.Directory.Sites(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return sites[len(sites)-1].ID
}
