package djaoapp_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"facet/internal/face/djaoapp"
	"facet/internal/facetest"
)

// The calls of "Creating a profile" as that page prints them, and the
// examples of the API reference that belong to the face's routes.

var (
	organizationKeys = []string{"slug", "printable_name", "picture", "type", "credentials", "created_at"}
	detailKeys       = append(slices.Clone(organizationKeys), "full_name", "email", "phone", "street_address", "locality", "region", "postal_code",
		"country", "default_timezone", "no_implicit_role", "is_provider", "is_bulk_buyer", "extra")
	userKeys = []string{"slug", "username", "printable_name", "picture", "email", "phone", "full_name", "nick_name", "lang",
		"credentials", "otp_enabled", "created_at", "last_login"}
	planKeys = []string{"slug", "title", "description", "is_active", "setup_amount", "period_amount", "period_type", "advance_discounts",
		"use_charges", "unit", "profile", "extra", "period_length", "renewal_type", "is_not_priced", "unlock_event", "created_at",
		"skip_optin_on_grant", "optin_on_request", "discounted_period_amount", "is_cart_item"}
	subscriptionKeys = []string{"created_at", "ends_at", "description", "profile", "plan", "auto_renew", "extra", "grant_key", "request_key"}
)

// serve starts the demo; every answer is held against api/djaoapp.yaml.
func serve(t *testing.T) *facetest.Service {
	t.Helper()
	s := facetest.New(t, djaoapp.New())
	s.Watch = facetest.NewContract(t, "djaoapp").Check
	return s
}

func wantKeys(t *testing.T, a facetest.Answer, path string, want ...string) {
	t.Helper()
	if got := a.Keys(path); !slices.Equal(got, want) {
		t.Errorf("members of %q:\n got %v\nwant %v", path, got, want)
	}
}

func TestPrintedCallRegistersAUserWithAPersonalProfile(t *testing.T) {
	s := serve(t)
	token := s.Post(t, "", "/api/auth/register",
		`{"username": "joe1", "password": "yoyo", "email": "joe+1@example.com", "full_name": "Joe Card1", "type": "personal"}`).Want(201)
	wantKeys(t, token, "", "token")
	bearer := token.Text("token")

	user := s.Get(t, bearer, "/api/users/joe1").Want(200)
	wantKeys(t, user, "", userKeys...)
	user.Is(map[string]any{
		"slug": "joe1", "username": "joe1", "printable_name": "Joe Card1", "full_name": "Joe Card1", "email": "joe+1@example.com",
		"picture": nil, "credentials": true, "otp_enabled": false, "created_at": "2026-01-31T12:00:00Z", "last_login": "2026-01-31T12:00:00Z",
	})
	list := s.Get(t, bearer, "/api/users/joe1/profiles").Want(200)
	wantKeys(t, list, "", "count", "next", "previous", "results")
	wantKeys(t, list, "results.0", detailKeys...)
	list.Is(map[string]any{"count": 1, "next": nil, "previous": nil, "results.0.slug": "joe1", "results.0.type": "personal", "results.0.credentials": true})

	detail := s.Get(t, bearer, "/api/profile/joe1").Want(200)
	wantKeys(t, detail, "", append(slices.Clone(detailKeys), "subscriptions", "nick_name", "lang")...)
	detail.Is(map[string]any{"type": "personal", "email": "joe+1@example.com", "default_timezone": "UTC", "extra": nil, "subscriptions": []any{}})
	s.Login(t, "joe1")
}

func TestPrintedCallConnectsAProfile(t *testing.T) {
	s := serve(t)
	token := s.Post(t, "", "/api/auth", `{"username": "xia", "password": "yoyo"}`).Want(201).Text("token")
	s.Clock.Advance(time.Second)
	made := s.Post(t, token, "/api/users/xia/profiles", `{"slug": "myproject", "full_name": "My Project"}`)
	made.WantJSON(201, `{"slug":"myproject","printable_name":"My Project","picture":null,"type":"organization","credentials":false,
		"created_at":"2026-01-31T12:00:01Z","full_name":"My Project","email":"xia@localhost.localdomain","phone":"","street_address":"",
		"locality":"","region":"","postal_code":"","country":"","default_timezone":"UTC","no_implicit_role":false,"is_provider":false,
		"is_bulk_buyer":false,"extra":null}`)
	wantKeys(t, made, "", detailKeys...)
	s.Get(t, token, "/api/profile/myproject").Want(200).Is(map[string]any{"full_name": "My Project", "subscriptions": []any{}})
	s.Get(t, token, "/api/users/xia/profiles?o=created_at").Want(200).Is(map[string]any{"count": 2, "results.0.slug": "xia", "results.1.slug": "myproject"})
}

func TestPrintedCallGrantsASubscription(t *testing.T) {
	s := serve(t)
	donny := s.Post(t, "", "/api/auth", `{"username": "donny", "password": "yoyo"}`).Want(201).Text("token")
	const path = "/api/profile/cowork/plans/premium/subscriptions"
	granted := s.Post(t, donny, path, `{"organization": {"slug": "xia"}}`).Want(201)
	wantKeys(t, granted, "", subscriptionKeys...)
	wantKeys(t, granted, "profile", detailKeys...)
	wantKeys(t, granted, "plan", planKeys...)
	wantKeys(t, granted, "plan.profile", organizationKeys...)
	granted.Is(map[string]any{
		"created_at": "2026-01-31T12:00:00Z", "ends_at": "2026-02-28T12:00:00Z", "description": nil, "auto_renew": true,
		"profile.slug": "xia", "plan.slug": "premium", "plan.title": "Premium", "plan.is_active": true, "plan.setup_amount": 0,
		"plan.period_amount": 24999, "plan.period_type": "monthly", "plan.profile.slug": "cowork", "request_key": nil,
	})
	if key := granted.Text("grant_key"); len(key) != 40 {
		t.Errorf("grant_key %q has not 40 digits", key)
	}
	s.Post(t, donny, path, `{"profile": {"slug": "xia", "full_name": "Xia Lee"}}`).Want(200).Is(map[string]any{"created_at": "2026-01-31T12:00:00Z"})

	xia := s.Login(t, "xia")
	list := s.Get(t, xia, "/api/profile/xia/subscriptions?o=created_at&ot=desc").Want(200)
	wantKeys(t, list, "results.0", append(slices.Clone(subscriptionKeys), "app_url", "accept_grant_api_url", "remove_api_url", "editable")...)
	wantKeys(t, list, "results.0.profile", organizationKeys...)
	wantKeys(t, list, "results.0.plan", "slug", "title")
	list.Is(map[string]any{
		"count": 1, "results.0.plan": map[string]any{"slug": "premium", "title": "Premium"}, "results.0.profile.type": "personal",
		"results.0.app_url": facetest.BaseURL + "/app/xia/premium/",
	})
	detail := s.Get(t, xia, "/api/profile/xia").Want(200)
	wantKeys(t, detail, "subscriptions.0", "created_at", "ends_at", "plan", "auto_renew")
}

func TestPrintedCallCreatesAShadowProfile(t *testing.T) {
	s := serve(t)
	xia := s.Login(t, "xia")
	made := s.Post(t, xia, "/api/accounts/profiles", `{"email": "xia@locahost.localdomain", "full_name": "Joey Black"}`).Want(201)
	wantKeys(t, made, "", detailKeys...)
	made.Is(map[string]any{
		"slug": "joey-black", "full_name": "Joey Black", "printable_name": "Joey Black", "email": "xia@locahost.localdomain",
		"type": "organization", "credentials": false,
	})
}

func TestPrintedPathsMayEndWithASlash(t *testing.T) {
	s := serve(t)
	token := s.Post(t, "", "/api/auth/", `{"username": "xia", "password": "yoyo"}`).Want(201).Text("token")
	s.Get(t, token, "/api/profile/xia/").Want(200)
	s.Post(t, "", "/api/auth/register/", `{"username": "joe1", "password": "yoyo", "email": "joe+1@example.com", "full_name": "Joe Card1"}`).Want(201)
}

func TestReferenceExamplesHaveTheirShapes(t *testing.T) {
	s := serve(t)
	token := s.Post(t, "", "/api/auth/register", `{"email":"joe+1@example.com","full_name":"Joe Card1","new_password":"yoyo","username":"joe1"}`).Want(201).Text("token")
	if strings.Count(token, ".") != 2 {
		t.Errorf("token %q is not a JWT", token)
	}
	s.Post(t, token, "/api/auth/tokens/verify", map[string]string{"token": token}).WantJSON(200, `{"token":"`+token+`"}`)
	wantKeys(t, s.Post(t, token, "/api/auth/tokens", map[string]string{"token": token}).Want(201), "", "token")

	xia := s.Login(t, "xia")
	s.Post(t, xia, "/api/users/xia/profiles", `{"full_name":"My Project"}`).Want(201).Is(map[string]any{"slug": "my-project", "full_name": "My Project"})
	s.Post(t, xia, "/api/accounts/profiles", `{"email":"xia@locahost.localdomain","full_name":"Xia Lee","type":"personal"}`).Want(201).
		Is(map[string]any{"type": "personal", "credentials": false, "email": "xia@locahost.localdomain", "full_name": "Xia Lee", "extra": nil})
	s.Put(t, xia, "/api/profile/xia", `{"email":"xia@locahost.localdomain","full_name":"Xia Lee"}`).WantJSON(400, `{"email":"This e-mail address is already taken."}`)
	s.Put(t, xia, "/api/profile/xia", `{"email":"xia.lee@locahost.localdomain","full_name":"Xia T. Lee"}`).Want(200).
		Is(map[string]any{"email": "xia.lee@locahost.localdomain", "full_name": "Xia T. Lee", "type": "personal", "detail": "Profile was updated."})
	s.Delete(t, token, "/api/auth/tokens").Want(204)
}
