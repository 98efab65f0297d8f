package djaoapp_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"facet/internal/facetest"
	"facet/internal/mail"
)

var keyForm = regexp.MustCompile(`[0-9a-f]{40}`)

// mailTo is the one message that waits for an address.
func mailTo(t *testing.T, s *facetest.Service, address string) mail.Message {
	t.Helper()
	var found []mail.Message
	for _, m := range s.Mails(t) {
		if m.To == address {
			found = append(found, m)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d messages to %s, want one", len(found), address)
	}
	return found[0]
}

func keyIn(t *testing.T, m mail.Message) string {
	t.Helper()
	key := keyForm.FindString(m.Text)
	if key == "" {
		t.Fatalf("no key in %q", m.Text)
	}
	return key
}

// connect makes a profile that a user manages.
func connect(t *testing.T, s *facetest.Service, token, user, slug string) {
	t.Helper()
	s.Post(t, token, "/api/users/"+user+"/profiles", map[string]string{"slug": slug, "full_name": strings.ToUpper(slug), "email": "office@" + slug + ".example"}).Want(201)
}

// proved makes a user who showed to have an e-mail address, by the invitation
// that was mailed there. The user name is the local part.
func proved(t *testing.T, s *facetest.Service, email string) string {
	t.Helper()
	name, _, _ := strings.Cut(email, "@")
	donny := s.Login(t, "donny")
	s.Post(t, donny, "/api/profile/cowork/roles/contributor?force=1", map[string]string{"email": email}).Want(201)
	token := s.Post(t, "", "/api/auth/"+keyIn(t, mailTo(t, s, email)), map[string]string{"new_password": facetest.Password}).Want(201).Text("token")
	s.Delete(t, token, "/api/users/"+name+"/accessibles/contributor/cowork").Want(204)
	return token
}

func TestGrantedRoleWaitsForItsUser(t *testing.T) {
	s := serve(t)
	xia, alice := s.Login(t, "xia"), s.Login(t, "alice")
	connect(t, s, xia, "xia", "gym")
	a := s.Post(t, xia, "/api/profile/gym/roles/contributor", `{"slug":"alice","message":"Join us","extra":{"n":1.10}}`).Want(201).Is(map[string]any{
		"user.slug": "alice", "user.email": "", "role_description.slug": "contributor", "role_description.is_global": true,
		"accept_request_api_url": nil, "remove_api_url": facetest.BaseURL + "/api/profile/gym/roles/contributor/alice",
	})
	wantKeys(t, a, "", "created_at", "user", "extra", "grant_key", "request_key", "role_description", "accept_request_api_url", "remove_api_url")
	if !strings.Contains(string(a.Body), `"extra":{"n":1.10}`) {
		t.Errorf("extra is not kept as written: %s", a.Body)
	}
	s.Get(t, alice, "/api/profile/gym").WantJSON(403, denied)

	m := mailTo(t, s, "alice@localhost.localdomain")
	if !strings.Contains(m.Text, "Join us") {
		t.Errorf("the message is not in the mail: %s", m.Text)
	}
	s.Put(t, alice, "/api/users/alice/accessibles/accept/"+keyIn(t, m), nil).Want(200).
		Is(map[string]any{"profile.slug": "gym", "accept_grant_api_url": nil, "request_key": nil})
	s.Get(t, alice, "/api/profile/gym").Want(200)
	s.Put(t, alice, "/api/profile/gym", `{"full_name":"Mine"}`).WantJSON(403, denied)
	s.Get(t, xia, "/api/profile/gym/roles/contributors/alice").Want(200).Is(map[string]any{"user.email": "alice@localhost.localdomain", "grant_key": nil})
	s.Put(t, alice, "/api/users/alice/accessibles/accept/"+keyIn(t, m), nil).Want(404) // it is used up
}

func TestW13KeyOfAnInvitationIsNotForWhoInvites(t *testing.T) {
	s := serve(t)
	xia, alice := s.Login(t, "xia"), s.Login(t, "alice")
	connect(t, s, xia, "xia", "gym")
	shown := s.Post(t, xia, "/api/profile/gym/roles/manager", `{"slug":"alice"}`).Want(201).Text("grant_key")
	mailed := keyIn(t, mailTo(t, s, "alice@localhost.localdomain"))
	if shown == mailed {
		t.Fatal("the granter is shown the mailed key")
	}
	bob := s.Login(t, "bob")
	for _, key := range []string{shown, mailed} {
		s.Put(t, xia, "/api/users/xia/accessibles/accept/"+key, nil).Want(404)
		s.Put(t, bob, "/api/users/bob/accessibles/accept/"+key, nil).WantJSON(404, `{"detail":"No Role matches the given query."}`)
		s.Put(t, xia, "/api/users/alice/accessibles/accept/"+key, nil).WantJSON(403, denied)
		s.Put(t, s.Login(t, "donny"), "/api/users/alice/accessibles/accept/"+key, nil).WantJSON(403, denied)
	}
	for _, bad := range []string{"x", "%00", strings.Repeat("a", 40), strings.Repeat("A", 40)} {
		s.Put(t, alice, "/api/users/alice/accessibles/accept/"+bad, nil).Want(404)
	}
	// who is invited needs no key but her own session, and finds where to accept
	url := s.Get(t, alice, "/api/users/alice/accessibles?role_status=invited").Want(200).Text("results.0.accept_grant_api_url")
	s.Put(t, alice, strings.TrimPrefix(url, facetest.BaseURL), nil).Want(200)
}

func TestW13KeyWorksForWhoProvedTheAddressItWasMailedTo(t *testing.T) {
	s := serve(t)
	donny, xia := s.Login(t, "donny"), s.Login(t, "xia")
	connect(t, s, xia, "xia", "gym")
	// kim is invited, then gives the address up; somebody else proves to have it
	kim := register(t, s, "kim")
	s.Post(t, xia, "/api/profile/gym/roles/contributor", `{"slug":"kim"}`).Want(201)
	key := keyIn(t, mailTo(t, s, "kim@example.com"))
	lee := register(t, s, "lee")
	s.Put(t, lee, "/api/users/lee/accessibles/accept/"+key, nil).Want(404)
	s.Patch(t, kim, "/api/users/kim", `{"email":"kim2@example.com"}`).Want(200)
	s.Mails(t)
	name := s.Post(t, donny, "/api/profile/cowork/roles/contributor?force=1", `{"email":"kim@example.com"}`).Want(201).Text("user.slug")
	other := s.Post(t, "", "/api/auth/"+keyIn(t, mailTo(t, s, "kim@example.com")), `{"new_password":"yoyo"}`).Want(201).Text("token")
	s.Put(t, other, "/api/users/"+name+"/accessibles/accept/"+key, nil).Want(200).Is(map[string]any{"profile.slug": "gym"})
	s.Get(t, other, "/api/profile/gym").Want(200)
	s.Get(t, xia, "/api/profile/gym/roles").Want(200).Is(map[string]any{"count": 2, "invited_count": 0})
	s.Put(t, kim, "/api/users/kim/accessibles/accept/"+key, nil).Want(404)
}

func TestResentInvitationHasANewKey(t *testing.T) {
	s := serve(t)
	xia, alice := s.Login(t, "xia"), s.Login(t, "alice")
	connect(t, s, xia, "xia", "gym")
	s.Post(t, xia, "/api/profile/gym/roles/contributor", `{"email":"ALICE@localhost.localdomain"}`).Want(201)
	first := keyIn(t, mailTo(t, s, "alice@localhost.localdomain"))
	s.Post(t, xia, "/api/profile/gym/roles/contributor/alice", nil).Want(200).Is(map[string]any{"detail": "Invite for Alice Cooper has been sent"})
	second := keyIn(t, mailTo(t, s, "alice@localhost.localdomain"))
	s.Put(t, alice, "/api/users/alice/accessibles/accept/"+first, nil).Want(404)
	s.Put(t, alice, "/api/users/alice/accessibles/accept/"+second, nil).Want(200)
	if _, sent := s.Post(t, xia, "/api/profile/gym/roles/contributor/alice", nil).Want(200).At("detail"); sent {
		t.Error("a role that waits for nobody was sent again")
	}
}

func TestInvitationOfAnUnknownAddressMakesAnAccount(t *testing.T) {
	s := serve(t)
	xia := s.Login(t, "xia")
	connect(t, s, xia, "xia", "gym")
	const path = "/api/profile/gym/roles/manager"
	s.Post(t, xia, path, `{"slug":"joe"}`).WantJSON(404, `{"detail":"Cannot find username joe"}`)
	s.Post(t, xia, path, `{"email":"joe@example.com"}`).WantJSON(404, `{"detail":"Cannot find email joe@example.com"}`)
	s.Post(t, xia, path, `{"slug":"joe","email":"joe@example.com"}`).WantJSON(404, `{"detail":"Cannot find username joe or email joe@example.com"}`)
	s.Post(t, xia, path, `{"email":"joe"}`).WantJSON(400, `{"email":["Enter a valid email address."]}`)
	s.Post(t, xia, "/api/profile/gym/roles/nothing", `{"slug":"alice"}`).WantJSON(404, `{"detail":"RoleDescription 'nothing' does not exist."}`)

	s.Post(t, xia, path+"?force=1", `{"email":"joe@example.com","full_name":"Joe Black"}`).Want(201).Is(map[string]any{"user.slug": "joe", "user.credentials": false})
	s.Post(t, "", "/api/auth/register", `{"username":"joe","email":"joe@example.com","full_name":"Joe","password":"yoyo"}`).Want(400)
	key := keyIn(t, mailTo(t, s, "joe@example.com"))
	joe := s.Post(t, "", "/api/auth/"+key, `{"new_password":"yoyo"}`).Want(201).Text("token")
	s.Get(t, joe, "/api/profile/gym").WantJSON(403, denied) // an account is not yet an acceptance
	s.Put(t, joe, "/api/users/joe/accessibles/accept/"+key, nil).Want(200)
	s.Get(t, joe, "/api/profile/gym").Want(200)
}

func TestW8ForcedGrantWithoutAnAddressIsRefused(t *testing.T) {
	s := serve(t)
	xia := s.Login(t, "xia")
	for _, body := range []string{`{"slug":"joe"}`, `{}`, `{"full_name":"Joe"}`, `{"slug":null,"email":null}`} {
		s.Post(t, xia, "/api/profile/xia/roles/manager?force=1", body).WantJSON(400, `{"email":"We cannot invite a user without an e-mail address."}`)
	}
	s.Post(t, xia, "/api/users/xia/accessibles?force=1", `{"slug":"nowhere"}`).WantJSON(400, `{"email":"We cannot invite an organization without an e-mail address."}`)
}

func TestRequestIsAcceptedByAGrantOrDenied(t *testing.T) {
	s := serve(t)
	xia, alice := s.Login(t, "xia"), s.Login(t, "alice")
	connect(t, s, xia, "xia", "gym")
	const mine = "/api/users/alice/accessibles"
	s.Post(t, alice, mine, `{"slug":"gyms"}`).WantJSON(404, `{"detail":"Profile gyms does not exist."}`)
	asked := s.Post(t, alice, mine, `{"slug":"gym","message":"Hello"}`).Want(201).Is(map[string]any{"role_description": nil, "profile.slug": "gym"})
	if m := mailTo(t, s, "office@gym.example"); !strings.Contains(m.Text, "Hello") || !strings.Contains(m.Text, "alice") {
		t.Errorf("the mail is %q", m.Text)
	}
	s.Post(t, alice, mine, `{"slug":"gym"}`).Want(200).Is(map[string]any{"request_key": asked.Text("request_key")})
	s.Post(t, alice, mine+"/manager/gym", nil).Want(200).Is(map[string]any{"detail": "Request for GYM has been sent"})
	s.Get(t, alice, "/api/profile/gym").WantJSON(403, denied)

	// whoever accepts chooses the type: requests are on the list of any
	s.Get(t, xia, "/api/profile/gym/roles/contributor").Want(200).Is(map[string]any{
		"count": 1, "requested_count": 1, "invited_count": 0, "results.0.user.slug": "alice", "results.0.user.email": "alice@localhost.localdomain",
		"results.0.accept_request_api_url": facetest.BaseURL + "/api/profile/gym/roles/manager",
	})
	s.Delete(t, xia, "/api/profile/gym/roles/manager/alice").Want(204) // denied
	s.Get(t, alice, mine).Want(200).Is(map[string]any{"count": 0, "requested_count": 0})
	s.Delete(t, xia, "/api/profile/gym/roles/manager/alice").WantJSON(404, `{"detail":"No Role matches the given query."}`)

	s.Post(t, alice, mine+"/contributors", `{"email":"office@gym.example"}`).Want(201).Is(map[string]any{"role_description.slug": "contributor"})
	s.Post(t, xia, "/api/profile/gym/roles/manager", `{"slug":"alice"}`).Want(200).Is(map[string]any{"grant_key": nil, "request_key": nil, "role_description.slug": "manager"})
	s.Put(t, alice, "/api/profile/gym", `{"full_name":"Gym"}`).Want(200)
	s.Delete(t, alice, mine+"/manager/gym").Want(204)
	s.Get(t, alice, "/api/profile/gym").WantJSON(403, denied)
}

func TestRequestOfWhoIsInvitedAccepts(t *testing.T) {
	s := serve(t)
	xia, alice := s.Login(t, "xia"), s.Login(t, "alice")
	connect(t, s, xia, "xia", "gym")
	s.Post(t, xia, "/api/profile/gym/roles/contributor", `{"slug":"alice"}`).Want(201)
	s.Post(t, s.Login(t, "donny"), "/api/users/alice/accessibles", `{"slug":"gym"}`).Want(200)
	s.Get(t, alice, "/api/profile/gym").WantJSON(403, denied) // an operator does not agree for her
	s.Post(t, alice, "/api/users/alice/accessibles/contributor", `{"slug":"gym"}`).Want(200).Is(map[string]any{"accept_grant_api_url": nil})
	s.Get(t, alice, "/api/profile/gym").Want(200)
}

func TestW16RequestForAnotherRoleKeepsTheOneHeld(t *testing.T) {
	s := serve(t)
	xia, alice := s.Login(t, "xia"), s.Login(t, "alice")
	connect(t, s, xia, "xia", "gym")
	s.Post(t, alice, "/api/users/alice/accessibles", `{"slug":"gym"}`).Want(201)
	s.Post(t, xia, "/api/profile/gym/roles/contributor", `{"slug":"alice"}`).Want(200)

	s.Post(t, alice, "/api/users/alice/accessibles/manager", `{"slug":"gym"}`).Want(200).Is(map[string]any{"role_description.slug": "manager"})
	s.Get(t, alice, "/api/profile/gym").Want(200)
	s.Get(t, alice, "/api/users/alice/accessibles").Want(200).Is(map[string]any{"count": 2, "requested_count": 1})
	s.Get(t, alice, "/api/users/alice/accessibles?role_status=active").Want(200).Is(map[string]any{"count": 1, "results.0.role_description.slug": "contributor"})
	s.Post(t, alice, "/api/users/alice/accessibles", `{"slug":"gym"}`).Want(200).Is(map[string]any{"request_key": nil})

	s.Post(t, xia, "/api/profile/gym/roles/manager", `{"slug":"alice"}`).Want(200)
	s.Put(t, alice, "/api/profile/gym", `{"full_name":"Gym"}`).Want(200)
	s.Get(t, alice, "/api/users/alice/accessibles").Want(200).Is(map[string]any{"count": 1, "requested_count": 0})
}

// W16: a request's own remove_api_url, on either side, ends the request and
// leaves the role beside it.
func TestW16TakingARequestBackKeepsTheRoleHeld(t *testing.T) {
	s := serve(t)
	xia, alice := s.Login(t, "xia"), s.Login(t, "alice")
	connect(t, s, xia, "xia", "gym")
	s.Post(t, alice, "/api/users/alice/accessibles", `{"slug":"gym"}`).Want(201)
	s.Post(t, xia, "/api/profile/gym/roles/contributor", `{"slug":"alice"}`).Want(200)
	for token, list := range map[string]string{alice: "/api/users/alice/accessibles", xia: "/api/profile/gym/roles"} {
		s.Post(t, alice, "/api/users/alice/accessibles/manager", `{"slug":"gym"}`).Want(200)
		url := s.Get(t, token, list+"?role_status=requested").Want(200).Is(map[string]any{"count": 1}).Text("results.0.remove_api_url")
		s.Delete(t, token, strings.TrimPrefix(url, facetest.BaseURL)).Want(204)
		s.Get(t, alice, "/api/users/alice/accessibles").Want(200).Is(map[string]any{"count": 1, "requested_count": 0, "results.0.role_description.slug": "contributor"})
		s.Get(t, alice, "/api/profile/gym").Want(200)
	}
	// an address that names the role that is held ends both
	s.Post(t, alice, "/api/users/alice/accessibles/manager", `{"slug":"gym"}`).Want(200)
	s.Delete(t, xia, "/api/profile/gym/roles/contributor/alice").Want(204)
	s.Get(t, alice, "/api/users/alice/accessibles").Want(200).Is(map[string]any{"count": 0})
}

func TestW17InvitationBlocksNothing(t *testing.T) {
	s := serve(t)
	xia, alice := s.Login(t, "xia"), s.Login(t, "alice")
	connect(t, s, alice, "alice", "shop")
	connect(t, s, xia, "xia", "gym")
	s.Post(t, xia, "/api/profile/gym/roles/contributor", `{"slug":"alice"}`).Want(201)
	s.Get(t, alice, "/api/profile/shop").Want(200)
	s.Get(t, alice, "/api/profile/shop/roles").Want(200)
	s.Get(t, alice, "/api/users/alice/accessibles").Want(200).Is(map[string]any{"count": 2, "invited_count": 1})

	// nor on the profile itself: who manages its provider keeps that
	addPlan(t, s, "shop", "daypass", true)
	s.Post(t, s.Login(t, "donny"), "/api/profile/shop/plans/daypass/subscriptions", `{"profile":{"slug":"gym"}}`).Want(201)
	s.Get(t, alice, "/api/profile/gym/roles").Want(200).Is(map[string]any{"count": 2})
}

func TestRoleGivenUnaskedOpensNoWayToTheUser(t *testing.T) {
	s := serve(t)
	xia, alice := s.Login(t, "xia"), s.Login(t, "alice")
	connect(t, s, xia, "xia", "gym")
	s.Post(t, xia, "/api/profile/gym/roles/describe", `{"title":"Guest","skip_optin_on_grant":true}`).Want(201)
	s.Post(t, xia, "/api/profile/gym/roles/guest", `{"slug":"alice"}`).Want(201).Is(map[string]any{"grant_key": nil, "user.email": "", "user.phone": ""})
	s.Get(t, alice, "/api/users/alice/accessibles").Want(200).Is(map[string]any{"count": 1, "results.0.role_description.slug": "guest"})
	s.Get(t, xia, "/api/users/alice").WantJSON(403, denied)
	s.Get(t, xia, "/api/users/alice/accessibles").WantJSON(403, denied)
	s.Get(t, xia, "/api/profile/gym/roles?q=alice@localhost").Want(200).Is(map[string]any{"count": 0})

	s.Post(t, xia, "/api/profile/gym/roles/contributor", `{"slug":"alice"}`).Want(200)
	s.Get(t, xia, "/api/users/alice").WantJSON(403, denied) // still unasked

	s.Post(t, alice, "/api/users/alice/accessibles/manager", `{"slug":"gym"}`).Want(200)
	s.Post(t, xia, "/api/profile/gym/roles/manager", `{"slug":"alice"}`).Want(200).Is(map[string]any{"user.email": "alice@localhost.localdomain"})
	s.Get(t, xia, "/api/users/alice").Want(200)
}

func TestOnlyContributorsReadByTheirRole(t *testing.T) {
	s := serve(t)
	xia, alice := s.Login(t, "xia"), s.Login(t, "alice")
	connect(t, s, xia, "xia", "gym")
	s.Post(t, xia, "/api/profile/gym/roles/describe", `{"title":"Visitor","skip_optin_on_grant":true}`).Want(201)
	s.Post(t, xia, "/api/profile/gym/roles/visitor", `{"slug":"alice"}`).Want(201)
	s.Get(t, alice, "/api/profile/gym").WantJSON(403, denied)
	s.Post(t, xia, "/api/profile/gym/roles/contributor", `{"slug":"alice"}`).Want(200)
	s.Get(t, alice, "/api/profile/gym").Want(200)
}

func TestLastManagerOfTheBrokerKeepsTheRole(t *testing.T) {
	s := serve(t)
	donny, xia := s.Login(t, "donny"), s.Login(t, "xia")
	const kept = `{"detail":"The last manager of the organization that owns the site keeps the role."}`
	s.Delete(t, donny, "/api/profile/cowork/roles/manager/donny").WantJSON(403, kept)
	s.Delete(t, donny, "/api/users/donny/accessibles/manager/cowork").WantJSON(403, kept)
	s.Post(t, donny, "/api/profile/cowork/roles/contributor", `{"slug":"donny"}`).WantJSON(403, kept)
	s.Post(t, donny, "/api/profile/cowork/roles/manager", `{"slug":"xia"}`).Want(201)
	s.Delete(t, donny, "/api/profile/cowork/roles/manager/donny").WantJSON(403, kept) // an invitation is no manager
	s.Post(t, xia, "/api/users/xia/accessibles", `{"slug":"cowork"}`).Want(200)
	s.Delete(t, donny, "/api/users/donny/accessibles/manager/cowork").Want(204)
	s.Get(t, xia, "/api/users/alice").Want(200) // an operator
}

func TestPersonWhoLeavesTheOwnPersonalProfileIsAUserOnly(t *testing.T) {
	s := serve(t)
	xia := s.Login(t, "xia")
	s.Delete(t, xia, "/api/profile/xia/roles/manager/xia").Want(204)
	s.Get(t, xia, "/api/profile/xia").WantJSON(403, denied)
	s.Get(t, xia, "/api/users/xia").Want(200)
	s.Post(t, xia, "/api/users/xia/profiles", `{"type":"personal","full_name":"Xia Lee"}`).Want(201)
	s.Get(t, xia, "/api/profile/xia").Want(200)
}

func TestForcedRequestMakesAnOrganizationForWhoHasTheAddress(t *testing.T) {
	s := serve(t)
	xia, alice := s.Login(t, "xia"), s.Login(t, "alice")
	s.Post(t, xia, "/api/users/xia/accessibles?force=1", `{"slug":"atelier","email":"alice@localhost.localdomain"}`)
	s.Post(t, xia, "/api/users/xia/accessibles/manager?force=1", `{"email":"new@corp.example"}`).Want(201).
		Is(map[string]any{"profile.slug": "new", "profile.full_name": "new", "role_description.slug": "manager"})
	var keys []string
	for _, m := range s.Mails(t) {
		if m.To == "new@corp.example" && strings.Contains(m.Text, "/api/auth/") {
			keys = append(keys, keyIn(t, m))
		}
	}
	if len(keys) != 1 {
		t.Fatalf("%d keys were mailed", len(keys))
	}
	kim := s.Post(t, "", "/api/auth/"+keys[0], `{"new_password":"yoyo","username":"kim","full_name":"Kim"}`).Want(201).Text("token")
	s.Post(t, kim, "/api/profile/new/roles/contributor", `{"slug":"xia"}`).Want(200)
	s.Get(t, xia, "/api/profile/new").Want(200)
	s.Get(t, alice, "/api/users/alice/accessibles").Want(200)
}

func TestErasedUserLeavesNoRoleAndNoKey(t *testing.T) {
	s := serve(t)
	xia := s.Login(t, "xia")
	connect(t, s, xia, "xia", "gym")
	joe := register(t, s, "joe")
	s.Post(t, xia, "/api/profile/gym/roles/contributor", `{"slug":"joe"}`).Want(201)
	key := keyIn(t, mailTo(t, s, "joe@example.com"))
	s.Post(t, joe, "/api/users/joe/profiles", `{"type":"personal","full_name":"Joe"}`)
	s.Delete(t, joe, "/api/profile/joe").Want(204)
	s.Get(t, xia, "/api/profile/gym/roles").Want(200).Is(map[string]any{"count": 1, "invited_count": 0})
	again := register(t, s, "joe")
	s.Put(t, again, "/api/users/joe/accessibles/accept/"+key, nil).Want(404)
}

func TestRolesAreListedNewestFirstAndByPlace(t *testing.T) {
	s := serve(t)
	xia := s.Login(t, "xia")
	connect(t, s, xia, "xia", "gym")
	for _, name := range []string{"alice", "bob", "casey", "donny"} {
		s.Clock.Advance(time.Minute)
		s.Post(t, xia, "/api/profile/gym/roles/contributor", map[string]string{"slug": name}).Want(201)
	}
	const path = "/api/profile/gym/roles"
	for query, want := range map[string][]string{
		"":                                    {"donny", "casey", "bob", "alice", "xia"},
		"?o=created_at":                       {"xia", "alice", "bob", "casey", "donny"},
		"?o=full_name":                        {"alice", "bob", "casey", "donny", "xia"},
		"?o=-username":                        {"xia", "donny", "casey", "bob", "alice"},
		"?q=CASEY,stone":                      {"casey", "bob"},
		"?q=casey&q_f=role_description":       {},
		"?role_status=active":                 {"xia"},
		"?role_status=invited,requested":      {"donny", "casey", "bob", "alice"},
		"?role_status=nothing":                {"donny", "casey", "bob", "alice", "xia"},
		"/manager":                            {"xia"},
		"/contributors?o=created_at":          {"alice", "bob", "casey", "donny"},
		"?page_size=2&page=3":                 {"xia"},
		"?page_size=2&page=last":              {"xia"},
		"?page_size=2&page=2&o=created_at":    {"bob", "casey"},
		"?page_size=3&o=full_name&page=last":  {"donny", "xia"},
		"?role_status=invited&q=bob&o=wrong":  {"bob"},
		"?role_status=requested&page_size=10": {},
	} {
		a := s.Get(t, xia, path+query).Want(200).Is(map[string]any{"invited_count": 4, "requested_count": 0})
		got := []string{}
		results, _ := a.At("results")
		for _, r := range results.([]any) {
			got = append(got, r.(map[string]any)["user"].(map[string]any)["slug"].(string))
		}
		if strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("%s: %v, want %v", query, got, want)
		}
	}
	// following the links visits everybody once, there and back
	next, seen := path+"?page_size=2", 0
	var last facetest.Answer
	for next != "" {
		last = s.Get(t, xia, next).Want(200).Is(map[string]any{"count": 5})
		results, _ := last.At("results")
		seen += len(results.([]any))
		next = ""
		if url, _ := last.At("next"); url != nil {
			next = strings.TrimPrefix(url.(string), facetest.BaseURL)
		}
	}
	if seen != 5 {
		t.Errorf("%d roles on the pages, want 5", seen)
	}
	back := s.Get(t, xia, strings.TrimPrefix(last.Text("previous"), facetest.BaseURL)).Want(200)
	back.Is(map[string]any{"results.0.user.slug": "bob", "results.1.user.slug": "alice"})
	for _, bad := range []string{"?page=0", "?page=9", "?after=x", "?before=%00", "?page=x"} {
		s.Get(t, xia, path+bad).WantJSON(404, `{"detail":"Invalid page."}`)
	}
}

func TestAccessiblesHideTheOwnPersonalProfile(t *testing.T) {
	s := serve(t)
	xia := s.Login(t, "xia")
	s.Clock.Advance(time.Minute)
	connect(t, s, xia, "xia", "gym")
	const path = "/api/users/xia/accessibles"
	s.Get(t, xia, path).Want(200).Is(map[string]any{"count": 1, "results.0.profile.slug": "gym", "next": nil, "previous": nil})
	s.Get(t, xia, path+"?include_personal_profile=1").Want(200).Is(map[string]any{"count": 2, "results.1.profile.slug": "xia"})
	s.Get(t, xia, path+"/manager?page_size=1").Want(200).Is(map[string]any{"count": 1, "next": nil})
	s.Get(t, xia, path+"/contributor").Want(200).Is(map[string]any{"count": 0})
	s.Get(t, xia, path+"/manager/xia").Want(200)
	s.Get(t, xia, path+"/manager/nowhere").WantJSON(404, `{"detail":"No Role matches the given query."}`)
}
