package djaoapp_test

import (
	"fmt"
	"strings"
	"testing"

	"facet/internal/facetest"
)

// company makes an organization with an e-mail, which nobody manages.
func company(t *testing.T, s *facetest.Service, slug, email string, more ...string) {
	t.Helper()
	body := map[string]any{"slug": slug, "full_name": slug, "email": email}
	for i := 0; i < len(more); i += 2 {
		body[more[i]] = more[i+1]
	}
	s.Post(t, s.Login(t, "donny"), "/api/accounts/profiles", body).Want(201)
}

// implicitType makes a role type that every profile offers by itself.
func implicitType(t *testing.T, s *facetest.Service, on, title string, skip bool) {
	t.Helper()
	s.Post(t, s.Login(t, "donny"), "/api/profile/"+on+"/roles/describe",
		map[string]any{"title": title, "implicit_create_on_none": true, "skip_optin_on_grant": skip}).Want(201)
}

func TestW15RoleIsOfferedByAProvedAddressOfTheDomain(t *testing.T) {
	s := serve(t)
	implicitType(t, s, "cowork", "Employee", false)
	company(t, s, "corp", "office@corp.example")
	company(t, s, "same", "ann@corp.example")

	// who only says to have an address is offered nothing
	eve := s.Post(t, "", "/api/auth/register", `{"username":"eve","full_name":"Eve","email":"eve@corp.example","password":"yoyo"}`).Want(201).Text("token")
	s.Get(t, eve, "/api/users/eve/accessibles").Want(200).Is(map[string]any{"count": 0})

	ann := proved(t, s, "ann@corp.example")
	// nothing happens while others look
	s.Get(t, s.Login(t, "donny"), "/api/users/ann/accessibles").Want(200).Is(map[string]any{"count": 0})
	s.Get(t, ann, "/api/users/ann/accessibles").Want(200).Is(map[string]any{"count": 2, "invited_count": 2, "results.0.role_description.slug": "employee"})
	s.Get(t, ann, "/api/users/ann/accessibles").Want(200).Is(map[string]any{"count": 2}) // once
	s.Get(t, ann, "/api/users/ann/accessibles/employee/corp").Want(200)
	url := s.Get(t, ann, "/api/users/ann/accessibles/employee/corp").Text("accept_grant_api_url")
	s.Put(t, ann, strings.TrimPrefix(url, facetest.BaseURL), nil).Want(200)

	// what was turned down is not offered again
	s.Delete(t, ann, "/api/users/ann/accessibles/employee/same").Want(204)
	s.Get(t, ann, "/api/users/ann/accessibles").Want(200).Is(map[string]any{"count": 1, "invited_count": 0})
	s.Post(t, s.Login(t, "donny"), "/api/profile/same/roles/manager", `{"slug":"ann"}`).Want(201) // but somebody may
	s.Get(t, ann, "/api/users/ann/accessibles").Want(200).Is(map[string]any{"count": 2, "invited_count": 1})
}

func TestW15NothingIsOfferedForPublicMailProviders(t *testing.T) {
	s := serve(t)
	implicitType(t, s, "cowork", "Employee", true)
	for i, domain := range []string{"gmail.com", "yahoo.co.uk", "outlook.com", "proton.me", "co.uk"} {
		company(t, s, fmt.Sprintf("shop%d", i), "shop@"+domain)
	}
	for i, domain := range []string{"gmail.com", "yahoo.co.uk", "GMail.com", "proton.me"} {
		name := fmt.Sprintf("person%d", i)
		token := proved(t, s, name+"@"+domain)
		s.Get(t, token, "/api/users/"+name+"/accessibles").Want(200).Is(map[string]any{"count": 0})
	}
	// the very same address is another matter
	company(t, s, "own", "owner@gmail.com")
	token := proved(t, s, "owner@gmail.com")
	s.Get(t, token, "/api/users/owner/accessibles").Want(200).Is(map[string]any{"count": 1, "invited_count": 0, "results.0.profile.slug": "own"})
}

func TestW15DomainsAreComparedWhole(t *testing.T) {
	s := serve(t)
	implicitType(t, s, "cowork", "Employee", true)
	company(t, s, "org248", "office@endswith.localdomain")
	company(t, s, "org249", "office@strictsuffix.localdomain")
	company(t, s, "sub", "office@mail.corp.example")
	for _, email := range []string{"xia248@strictendswith.localdomain", "xia249@suffix.localdomain", "ann@corp.example", "bea@other.mail.corp.example"} {
		token := proved(t, s, email)
		name, _, _ := strings.Cut(email, "@")
		s.Get(t, token, "/api/users/"+name+"/accessibles").Want(200).Is(map[string]any{"count": 0})
	}
	token := proved(t, s, "xia250@EndsWith.localdomain")
	s.Get(t, token, "/api/users/xia250/accessibles").Want(200).Is(map[string]any{"count": 1})
}

func TestW15NothingIsOfferedWhereItIsNotClearOrNotWanted(t *testing.T) {
	s := serve(t)
	donny := s.Login(t, "donny")
	implicitType(t, s, "cowork", "Employee", true)
	company(t, s, "org252", "office@quiet.example", "no_implicit_role", "true")
	ann := proved(t, s, "ann@quiet.example")
	s.Get(t, ann, "/api/users/ann/accessibles").Want(200).Is(map[string]any{"count": 0})

	for i := range 5 {
		company(t, s, fmt.Sprintf("branch%d", i), fmt.Sprintf("b%d@chain.example", i))
	}
	bea := proved(t, s, "bea@chain.example")
	s.Get(t, bea, "/api/users/bea/accessibles").Want(200).Is(map[string]any{"count": 0}) // five: which one?
	s.Delete(t, donny, "/api/profile/branch0").Want(204)
	s.Get(t, bea, "/api/users/bea/accessibles").Want(200).Is(map[string]any{"count": 4})

	// a profile's own type goes first; two are one too many
	company(t, s, "own", "office@own.example")
	implicitType(t, s, "own", "Crew", true)
	cat := proved(t, s, "cat@own.example")
	s.Get(t, cat, "/api/users/cat/accessibles").Want(200).Is(map[string]any{"count": 1, "results.0.role_description.slug": "crew", "results.0.role_description.is_global": false})
	implicitType(t, s, "own", "Cast", true)
	dan := proved(t, s, "dan@own.example")
	s.Get(t, dan, "/api/users/dan/accessibles").Want(200).Is(map[string]any{"count": 0})
}

func TestInvitationThatNeedsNoAcceptanceAnyMoreIsAccepted(t *testing.T) {
	s := serve(t)
	xia, alice := s.Login(t, "xia"), s.Login(t, "alice")
	connect(t, s, xia, "xia", "gym")
	s.Post(t, xia, "/api/profile/gym/roles/describe", `{"title":"Guest"}`).Want(201)
	s.Post(t, xia, "/api/profile/gym/roles/guest", `{"slug":"alice"}`).Want(201)
	s.Get(t, alice, "/api/users/alice/accessibles").Want(200).Is(map[string]any{"invited_count": 1})
	s.Put(t, xia, "/api/profile/gym/roles/describe/guest", `{"title":"Guest","skip_optin_on_grant":true}`).Want(200)
	s.Get(t, s.Login(t, "donny"), "/api/users/alice/accessibles").Want(200).Is(map[string]any{"invited_count": 1})
	s.Get(t, alice, "/api/users/alice/accessibles").Want(200).Is(map[string]any{"invited_count": 0, "count": 1})
}
