package djaoapp_test

import (
	"strings"
	"testing"

	"facet/internal/facetest"
)

// provide makes shop, which alice manages, a provider with an active
// subscription of a profile, and gives alice's token.
func provide(t *testing.T, s *facetest.Service, profile string) string {
	t.Helper()
	alice := s.Login(t, "alice")
	s.Post(t, alice, "/api/users/alice/profiles", `{"slug":"shop","full_name":"The Shop"}`).Want(201)
	addPlan(t, s, "shop", "free", true)
	s.Post(t, alice, "/api/profile/shop/plans/free/subscriptions", map[string]any{"profile": map[string]string{"slug": profile}}).Want(201)
	return alice
}

func TestAProviderCannotTakeOverAPerson(t *testing.T) {
	s := serve(t)
	alice := provide(t, s, "xia")
	s.Patch(t, alice, "/api/profile/xia", `{"nick_name":"X"}`).Want(200) // what a provider is for
	for _, c := range []facetest.Call{
		{Method: "PATCH", Path: "/api/profile/xia", Body: `{"email":"alice@evil.example"}`},
		{Method: "PATCH", Path: "/api/profile/xia", Body: `{"email":"donny@localhost.localdomain"}`}, // nor learns who has it
		{Method: "PATCH", Path: "/api/profile/xia", Body: `{"slug":"ali"}`},
		{Method: "PATCH", Path: "/api/profile/xia", Body: `{"phone":"+14155550123"}`},
		{Method: "PUT", Path: "/api/profile/xia", Body: `{"full_name":"Xia","email":"alice@evil.example"}`},
		{Method: "POST", Path: "/api/profile/xia/roles/manager", Body: `{"slug":"alice"}`},
		{Method: "POST", Path: "/api/profile/xia/roles/contributor", Body: `{"email":"eve@evil.example","full_name":"Eve"}`},
		{Method: "DELETE", Path: "/api/profile/xia/roles/manager/xia"},
		{Method: "DELETE", Path: "/api/profile/xia"},
	} {
		c.Token = alice
		s.Do(t, c).WantJSON(403, denied)
	}
	s.Get(t, alice, "/api/profile/xia/roles").Want(200).Is(map[string]any{"count": 1})
	xia := s.Login(t, "xia")
	email := s.Get(t, xia, "/api/users/xia").Want(200).Text("email")
	s.Put(t, alice, "/api/profile/xia", map[string]string{"full_name": "Xia", "email": email, "slug": "xia"}).Want(200) // as it is
	s.Patch(t, xia, "/api/profile/xia", `{"email":"xia@example.com","phone":"415-555-0123","slug":"xia2"}`).Want(200)
	s.Patch(t, s.Login(t, "donny"), "/api/profile/xia2", `{"email":"xia2@example.com"}`).Want(200)
}

func TestAProviderCannotTakeOverAPersonWithoutAPassword(t *testing.T) {
	s := serve(t)
	eve := register(t, s, "eve", "type", "user")
	s.Delete(t, eve, "/api/users/eve/password").Want(204) // eve signs in by code from now on
	alice := provide(t, s, "eve")
	s.Patch(t, alice, "/api/profile/eve", `{"email":"alice@evil.example"}`).WantJSON(403, denied)
	s.Post(t, alice, "/api/profile/eve/roles/manager", `{"slug":"alice"}`).WantJSON(403, denied)
	s.Delete(t, alice, "/api/profile/eve").WantJSON(403, denied)
}

func TestAManagerOfAPersonalProfileIsNotThePerson(t *testing.T) {
	s := serve(t)
	xia, alice := s.Login(t, "xia"), s.Login(t, "alice")
	grant(t, s, xia, alice, "xia", "manager", "alice")
	s.Patch(t, alice, "/api/profile/xia", `{"full_name":"Xia Lee","locality":"Oakland"}`).Want(200)
	s.Post(t, alice, "/api/profile/xia/roles/contributor", `{"slug":"donny"}`).Want(201)
	for _, c := range []facetest.Call{
		{Method: "PATCH", Path: "/api/profile/xia", Body: `{"email":"alice@evil.example"}`},
		{Method: "PATCH", Path: "/api/profile/xia", Body: `{"slug":"ali"}`},
		{Method: "PATCH", Path: "/api/profile/xia", Body: `{"phone":"+14155550123"}`},
		{Method: "POST", Path: "/api/profile/xia/roles/contributor", Body: `{"slug":"xia"}`},
		{Method: "DELETE", Path: "/api/profile/xia/roles/manager/xia"},
		{Method: "DELETE", Path: "/api/profile/xia"},
	} {
		c.Token = alice
		s.Do(t, c).WantJSON(403, denied)
	}
	s.Delete(t, xia, "/api/profile/xia/roles/manager/alice").Want(204)
	s.Delete(t, xia, "/api/profile/xia").Want(204)
}

func TestAProviderCannotTakeOverAnOrganization(t *testing.T) {
	s := serve(t)
	xia := s.Login(t, "xia")
	connect(t, s, xia, "xia", "gym")
	alice := provide(t, s, "gym")
	s.Patch(t, alice, "/api/profile/gym", `{"full_name":"Gym","phone":"415-555-0123"}`).Want(200)
	for _, c := range []facetest.Call{
		{Method: "POST", Path: "/api/profile/gym/roles/manager", Body: `{"slug":"alice"}`},
		{Method: "DELETE", Path: "/api/profile/gym/roles/manager/xia"},
		{Method: "DELETE", Path: "/api/profile/gym"},
		// the site offers roles to who has an e-mail of the domain
		{Method: "PATCH", Path: "/api/profile/gym", Body: `{"email":"office@evil.example"}`},
		{Method: "PATCH", Path: "/api/profile/gym", Body: `{"no_implicit_role":true}`},
	} {
		c.Token = alice
		s.Do(t, c).WantJSON(403, denied)
	}
	s.Patch(t, xia, "/api/profile/gym", `{"email":"gym@example.com","no_implicit_role":true}`).Want(200)
}

func TestAProviderOfTheBrokerIsNoOperator(t *testing.T) {
	s := serve(t)
	alice := provide(t, s, "cowork")
	for _, c := range []facetest.Call{
		{Method: "GET", Path: "/api/profile/cowork"},
		{Method: "GET", Path: "/api/profile/cowork/roles"},
		{Method: "PATCH", Path: "/api/profile/cowork", Body: `{"full_name":"Mine"}`},
		{Method: "POST", Path: "/api/profile/cowork/roles/manager", Body: `{"slug":"alice"}`},
		{Method: "DELETE", Path: "/api/profile/cowork/roles/manager/donny"},
		{Method: "GET", Path: "/api/users/donny"}, // through the broker they would share
		{Method: "GET", Path: "/api/users"},
	} {
		c.Token = alice
		s.Do(t, c).WantJSON(403, denied)
	}
	// what the provider has to do with it is on its own side
	s.Get(t, alice, "/api/profile/shop/plans/free/subscriptions").Want(200).Is(map[string]any{"count": 1})
}

func TestAProviderOfAShadowProfileGivesRolesOnIt(t *testing.T) {
	s := serve(t)
	s.Post(t, s.Login(t, "donny"), "/api/accounts/profiles", `{"slug":"shade","full_name":"Shade","email":"shade@example.com"}`).Want(201)
	alice := provide(t, s, "shade")
	s.Patch(t, alice, "/api/profile/shade", `{"email":"shade2@example.com"}`).Want(200)
	s.Post(t, alice, "/api/profile/shade/roles/manager", `{"slug":"xia"}`).Want(201).Is(map[string]any{"accept_request_api_url": nil})
	xia := s.Login(t, "xia")
	url := s.Get(t, xia, "/api/users/xia/accessibles?role_status=invited").Want(200).Text("results.0.accept_grant_api_url")
	s.Put(t, xia, strings.TrimPrefix(url, facetest.BaseURL), `{}`).Want(200)
	s.Delete(t, alice, "/api/profile/shade/roles/manager/xia").WantJSON(403, denied) // it has people now
	s.Get(t, alice, "/api/profile/shade/roles").Want(200).Is(map[string]any{"count": 1})
}
