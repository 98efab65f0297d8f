package djaoapp_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"facet/internal/facetest"
)

const noKey = `{"detail":"No Subscription matches the given query."}`

// gym gives xia an organization with a plan "daily" of a day: free, active, and
// opt-in both ways.
func gym(t *testing.T, s *facetest.Service) (xia string) {
	t.Helper()
	xia = s.Login(t, "xia")
	s.Post(t, xia, "/api/users/xia/profiles", `{"slug":"gym","full_name":"The Gym"}`).Want(201)
	s.Post(t, xia, "/api/profile/gym/plans", `{"title":"Daily","is_active":true,"period_type":"daily","optin_on_request":true}`).Want(201).
		Is(map[string]any{"slug": "daily", "unit": "usd", "period_length": 1})
	return xia
}

func TestW14GrantIsAcceptedByItsSubscriberAloneAndOverJSON(t *testing.T) {
	s := serve(t)
	xia := gym(t, s)
	alice, donny, bob := s.Login(t, "alice"), s.Login(t, "donny"), s.Login(t, "bob")
	key := s.Post(t, xia, "/api/profile/gym/plans/daily/subscriptions", `{"profile":{"slug":"alice"},"message":"Come and see"}`).Want(201).Text("grant_key")
	mails := s.Mails(t)
	if len(mails) != 1 || !strings.Contains(mails[0].Text, key) || !strings.Contains(mails[0].Text, "Come and see") {
		t.Fatalf("mails: %v", mails)
	}
	s.Get(t, alice, "/api/profile/alice/subscriptions").Want(200).Is(map[string]any{
		"count": 1, "results.0.grant_key": key, "results.0.accept_grant_api_url": facetest.BaseURL + "/api/profile/alice/subscriptions/accept/" + key,
	})
	path := "/api/profile/alice/subscriptions/accept/" + key
	for name, token := range map[string]string{"the provider": xia, "an operator": donny, "a stranger": bob, "nobody": ""} {
		if a := s.Post(t, token, path, nil); a.Status != 403 {
			t.Errorf("%s accepted: %d", name, a.Status)
		}
	}
	s.Post(t, bob, "/api/profile/bob/subscriptions/accept/"+key, nil).WantJSON(404, noKey)
	s.Post(t, alice, "/api/profile/alice/subscriptions/accept/"+strings.Repeat("a", 40), nil).WantJSON(404, noKey)
	s.Post(t, xia, "/api/profile/gym/subscribers/accept/"+key, nil).WantJSON(404, noKey)
	s.Get(t, xia, "/api/profile/alice").WantJSON(403, denied)

	for range 2 { // accepting again changes nothing
		s.Post(t, alice, path, nil).Want(200).Is(map[string]any{"grant_key": nil, "created_at": "2026-01-31T12:00:00Z", "ends_at": "2026-02-01T12:00:00Z"})
	}
	s.Get(t, xia, "/api/profile/alice").Want(200)
	s.Delete(t, alice, "/api/profile/alice/subscriptions/daily").Want(204)
	s.Post(t, alice, path, nil).WantJSON(404, noKey)
}

func TestW12SubscriptionThatEndedGivesNoAccess(t *testing.T) {
	end := map[string]func(*facetest.Service, string){
		"in time": func(s *facetest.Service, _ string) { s.Clock.Advance(24 * time.Hour) },
		"cancelled by the profile": func(s *facetest.Service, alice string) {
			s.Delete(t, alice, "/api/profile/alice/subscriptions/daily").Want(204)
		},
		"cancelled by the provider": func(s *facetest.Service, _ string) {
			s.Delete(t, s.Login(t, "xia"), "/api/profile/gym/plans/daily/subscriptions/alice").Want(204)
		},
		"by its date": func(s *facetest.Service, _ string) {
			s.Put(t, s.Login(t, "xia"), "/api/profile/gym/plans/daily/subscriptions/alice", `{"ends_at":"2026-01-31T12:00:00Z"}`).Want(200)
		},
		"by erasure of the provider": func(s *facetest.Service, _ string) { s.Delete(t, s.Login(t, "xia"), "/api/profile/gym").Want(204) },
	}
	for name, over := range end {
		t.Run(name, func(t *testing.T) {
			s := serve(t)
			xia := gym(t, s)
			alice := s.Login(t, "alice")
			key := s.Post(t, xia, "/api/profile/gym/plans/daily/subscriptions", `{"profile":{"slug":"alice"}}`).Want(201).Text("grant_key")
			s.Post(t, alice, "/api/profile/alice/subscriptions/accept/"+key, nil).Want(200)
			for _, path := range []string{"/api/profile/alice", "/api/profile/alice/subscriptions", "/api/profile/alice/subscriptions/daily", "/api/profile/alice/roles"} {
				s.Get(t, xia, path).Want(200)
			}
			over(s, alice)
			xia = s.Login(t, "xia")
			for _, path := range []string{"/api/profile/alice", "/api/profile/alice/subscriptions", "/api/profile/alice/subscriptions/daily", "/api/profile/alice/roles"} {
				s.Get(t, xia, path).WantJSON(403, denied)
			}
			s.Patch(t, xia, "/api/profile/alice", `{"full_name":"Mine"}`).WantJSON(403, denied)
			s.Get(t, s.Login(t, "alice"), "/api/profile/alice").Want(200)
		})
	}
}

func TestRequestIsAcceptedByTheProviderOfThePlan(t *testing.T) {
	s := serve(t)
	xia := gym(t, s)
	alice, donny, bob := s.Login(t, "alice"), s.Login(t, "donny"), s.Login(t, "bob")
	asked := s.Post(t, alice, "/api/profile/alice/subscriptions", `{"plan":"daily"}`).Want(201).Is(map[string]any{"grant_key": nil, "auto_renew": true})
	key := asked.Text("request_key")
	s.Post(t, alice, "/api/profile/alice/subscriptions", `{"plan":{"slug":"daily"}}`).Want(200).Is(map[string]any{"request_key": key})
	s.Post(t, xia, "/api/profile/alice/subscriptions", `{"plan":"daily"}`).WantJSON(403, denied)
	s.Post(t, alice, "/api/profile/alice/subscriptions", `{"plan":"nothing"}`).WantJSON(404, `{"detail":"No Plan matches the given query."}`)
	s.Post(t, alice, "/api/profile/alice/subscriptions", `{}`).WantJSON(400, `{"plan":["This field is required."]}`)

	path := "/api/profile/gym/subscribers/accept/" + key
	s.Get(t, xia, "/api/profile/gym/plans/daily/subscriptions").Want(200).Is(map[string]any{"count": 0})
	s.Get(t, xia, "/api/profile/gym/plans/daily/subscriptions/all").Want(200).Is(map[string]any{"count": 1, "results.0.accept_request_api_url": facetest.BaseURL + path})
	for _, token := range []string{alice, bob, ""} {
		s.Post(t, token, path, nil).WantJSON(403, denied)
	}
	s.Post(t, alice, "/api/profile/alice/subscriptions/accept/"+key, nil).WantJSON(404, noKey)
	s.Post(t, donny, "/api/profile/cowork/subscribers/accept/"+key, nil).WantJSON(404, noKey)
	s.Get(t, xia, "/api/profile/alice").WantJSON(403, denied)
	s.Post(t, xia, path, nil).Want(200).Is(map[string]any{"request_key": nil, "profile.slug": "alice", "accept_request_api_url": nil})
	s.Get(t, xia, "/api/profile/alice").Want(200)

	key = s.Post(t, bob, "/api/profile/bob/subscriptions", `{"plan":"daily"}`).Want(201).Text("request_key")
	s.Delete(t, xia, "/api/profile/gym/plans/daily/subscriptions/bob").Want(204)
	s.Post(t, xia, "/api/profile/gym/subscribers/accept/"+key, nil).WantJSON(404, noKey)
	s.Get(t, xia, "/api/profile/gym/plans/daily/subscriptions/churned").Want(200).Is(map[string]any{"count": 0})
}

func TestGrantAnswersARequestAndARequestAGrant(t *testing.T) {
	s := serve(t)
	xia := gym(t, s)
	alice, bob := s.Login(t, "alice"), s.Login(t, "bob")
	s.Post(t, alice, "/api/profile/alice/subscriptions", `{"plan":"daily"}`).Want(201)
	s.Post(t, xia, "/api/profile/gym/plans/daily/subscriptions", `{"organization":{"slug":"alice"}}`).Want(200).Is(map[string]any{"grant_key": nil, "request_key": nil})
	s.Post(t, xia, "/api/profile/gym/plans/daily/subscriptions", `{"profile":{"slug":"bob"}}`).Want(201)
	s.Post(t, bob, "/api/profile/bob/subscriptions", `{"plan":"daily"}`).Want(200).Is(map[string]any{"grant_key": nil, "request_key": nil})
	s.Get(t, xia, "/api/profile/gym/plans/daily/subscriptions").Want(200).Is(map[string]any{"count": 2})
}

func TestRequestForWhatIsFreeAndOpenBeginsAtOnce(t *testing.T) {
	s := serve(t)
	xia := gym(t, s)
	alice := s.Login(t, "alice")
	s.Post(t, xia, "/api/profile/gym/plans", `{"title":"Open","is_active":true}`).Want(201)
	s.Post(t, xia, "/api/profile/gym/plans", `{"title":"Closed"}`).Want(201)
	s.Post(t, alice, "/api/profile/alice/subscriptions", `{"plan":"open"}`).Want(201).Is(map[string]any{"grant_key": nil, "request_key": nil, "ends_at": "2027-01-31T12:00:00Z"})
	s.Post(t, alice, "/api/profile/alice/subscriptions", `{"plan":"closed"}`).Want(404)
	if key := s.Post(t, alice, "/api/profile/alice/subscriptions", `{"plan":"basic"}`).Want(201).Text("request_key"); len(key) != 40 { // it costs something
		t.Errorf("request_key %q", key)
	}
}

func TestProviderLearnsOfASubscriberBeforeItAgreesItsNameOnly(t *testing.T) {
	s := serve(t)
	xia := gym(t, s)
	s.Patch(t, s.Login(t, "alice"), "/api/profile/alice", `{"phone":"555","street_address":"1 Main St","extra":{"a":1}}`).Want(200)
	s.Post(t, xia, "/api/profile/gym/plans/daily/subscriptions", `{"profile":{"slug":"alice"}}`).Want(201).
		Is(map[string]any{"profile.full_name": "Alice Cooper", "profile.email": "", "profile.phone": "", "profile.street_address": "", "profile.extra": nil})
	s.Post(t, s.Login(t, "donny"), "/api/profile/cowork/plans/premium/subscriptions", `{"profile":{"slug":"alice"}}`).Want(201).
		Is(map[string]any{"profile.email": "alice@localhost.localdomain", "profile.phone": "555"})
	s.Post(t, xia, "/api/profile/gym/plans", `{"title":"Yours is mine","skip_optin_on_grant":true}`).
		WantJSON(400, `{"skip_optin_on_grant":["Only the site's owner can let a plan skip its subscribers' consent."]}`)
	s.Patch(t, xia, "/api/profile/gym/plans/daily", `{"skip_optin_on_grant":true}`).Want(400)
}

func TestEveryProfileOfAnEmailIsGrantedToAndAUserMayBecomeAPerson(t *testing.T) {
	s := serve(t)
	donny := s.Login(t, "donny")
	const path = "/api/profile/cowork/plans/basic/subscriptions"
	for _, slug := range []string{"twin-a", "twin-b"} {
		s.Post(t, donny, "/api/accounts/profiles", fmt.Sprintf(`{"slug":%q,"full_name":"Twin","email":"twin@example.com"}`, slug)).Want(201)
	}
	s.Post(t, donny, path, `{"profile":{"email":"TWIN@example.com"}}`).Want(201).Is(map[string]any{"profile.slug": "twin-a"})
	s.Get(t, donny, path).Want(200).Is(map[string]any{"count": 2})
	s.Post(t, donny, path, `{"profile":{"email":"twin@example.com"}}`).Want(200)

	eve := register(t, s, "eve", "type", "user")
	s.Post(t, donny, path, `{"profile":{"slug":"eve","full_name":"Eve"}}`).WantJSON(404, `{"detail":"Profile eve does not exist."}`)
	s.Post(t, donny, path, `{"profile":{"email":"eve@example.com","full_name":"Eve","type":"personal"}}`).Want(201).Is(map[string]any{"profile.slug": "eve", "profile.type": "personal"})
	s.Get(t, eve, "/api/profile/eve").Want(200)
	s.Post(t, donny, path+"?force=1", `{"profile":{"email":"new@example.com","full_name":"New One","type":"personal"}}`).Want(201).
		Is(map[string]any{"profile.slug": "new-one", "profile.type": "personal", "profile.credentials": false})
	s.Post(t, donny, path, `{"profile":{"slug":"xia","type":"provider"}}`).Want(400)
}

func TestOneOfManyGrantsAndRequestsAtOnceMakesTheSubscription(t *testing.T) {
	s := serve(t)
	xia := gym(t, s)
	alice := s.Login(t, "alice")
	made := make(chan int, 12)
	var all sync.WaitGroup
	for i := range cap(made) {
		all.Go(func() {
			if i%2 == 0 {
				made <- s.Post(t, xia, "/api/profile/gym/plans/daily/subscriptions", `{"profile":{"slug":"alice"}}`).Status
			} else {
				made <- s.Post(t, alice, "/api/profile/alice/subscriptions", `{"plan":"daily"}`).Status
			}
		})
	}
	all.Wait()
	close(made)
	count := map[int]int{}
	for status := range made {
		count[status]++
	}
	if count[201] != 1 || count[200] != 11 {
		t.Errorf("statuses: %v", count)
	}
	s.Get(t, alice, "/api/profile/alice/subscriptions").Want(200).Is(map[string]any{"count": 1})
}

// The five subscriptions meet the period from April to July each in another
// way, two more do not.
func TestListsOfAPeriodPartWhatMetIt(t *testing.T) {
	s := serve(t)
	at := func(text string) {
		when, err := time.Parse(time.DateOnly, text)
		if err != nil {
			t.Fatal(err)
		}
		s.Clock.Advance(when.Sub(s.Clock.Now()))
	}
	const plan = "/api/profile/cowork/plans/basic/subscriptions"
	for _, c := range []struct{ slug, from, to string }{
		{"before", "2026-02-01", "2026-03-15"}, {"before-in", "2026-02-15", "2026-05-01"}, {"before-after", "2026-02-16", "2026-10-01"},
		{"all-of-it", "2026-04-01", "2026-07-31"}, {"in-in", "2026-04-15", "2026-06-01"}, {"in-after", "2026-05-01", "2026-09-01"}, {"after", "2026-08-15", "2026-12-01"},
	} {
		at(c.from)
		donny := s.Login(t, "donny")
		s.Post(t, donny, "/api/accounts/profiles", fmt.Sprintf(`{"slug":%q,"full_name":%q,"email":"a@example.com"}`, c.slug, c.slug)).Want(201)
		s.Post(t, donny, plan, fmt.Sprintf(`{"profile":{"slug":%q}}`, c.slug)).Want(201)
		s.Put(t, donny, plan+"/"+c.slug, fmt.Sprintf(`{"ends_at":"%sT00:00:00Z"}`, c.to)).Want(200)
	}
	at("2026-09-15")
	donny := s.Login(t, "donny")
	const period = "start_at=2026-04-01T00:00:00Z&ends_at=2026-07-31T00:00:00Z"
	for path, want := range map[string][]string{
		"/all?" + period:                        {"in-after", "in-in", "all-of-it", "before-after", "before-in"},
		"?" + period:                            {"in-after", "all-of-it", "before-after"},
		"/churned?" + period:                    {"in-in", "before-in"},
		"/all?o=created_at&" + period:           {"before-in", "before-after", "all-of-it", "in-in", "in-after"},
		"":                                      {"after", "before-after"},
		"/churned":                              {"in-after", "in-in", "all-of-it", "before-in", "before"},
		"/all":                                  {"after", "in-after", "in-in", "all-of-it", "before-after", "before-in", "before"},
		"/churned?start_at=2026-08-01":          {"in-after"},
		"/all?ends_at=2026-03-01T00:00%2B02:00": {"before-after", "before-in", "before"},
	} {
		for _, base := range []string{plan, "/api/profile/cowork/subscribers/subscriptions"} {
			a := s.Get(t, donny, base+path).Want(200).Is(map[string]any{"count": len(want)})
			var got []string
			for i := range want {
				got = append(got, a.Text(fmt.Sprintf("results.%d.profile.slug", i)))
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s%s: %v, want %v", base, path, got, want)
			}
		}
	}
	s.Get(t, donny, plan+"?start_at=yesterday").Want(400)
	s.Get(t, donny, "/api/profile/before/subscriptions/expired").Want(200).Is(map[string]any{"count": 1})
}

func TestErasedSubscriberIsOnNoListAndErasedProviderLeavesNoSubscription(t *testing.T) {
	s := serve(t)
	xia := gym(t, s)
	alice, donny := s.Login(t, "alice"), s.Login(t, "donny")
	for _, token := range []string{alice, s.Login(t, "bob")} {
		name := "alice"
		if token != alice {
			name = "bob"
		}
		s.Post(t, xia, "/api/profile/gym/plans/daily/subscriptions", fmt.Sprintf(`{"profile":{"slug":%q}}`, name)).Want(201)
		s.Post(t, token, "/api/profile/"+name+"/subscriptions", `{"plan":"daily"}`).Want(200)
	}
	s.Delete(t, alice, "/api/profile/alice").Want(204)
	for _, path := range []string{"/plans/daily/subscriptions", "/plans/daily/subscriptions/all", "/subscribers", "/subscribers/all"} {
		s.Get(t, xia, "/api/profile/gym"+path).Want(200).Is(map[string]any{"count": 1})
	}
	s.Get(t, xia, "/api/profile/gym/plans/daily/subscriptions/churned").Want(200).Is(map[string]any{"count": 0})
	s.Delete(t, xia, "/api/profile/gym").Want(204)
	s.Get(t, s.Login(t, "bob"), "/api/profile/bob/subscriptions").Want(200).Is(map[string]any{"count": 0})
	s.Get(t, donny, "/api/profile/gym/plans").Want(404)
}

func TestPagesOfSubscriptionsToManyPlansAreFollowedBothWays(t *testing.T) {
	s := serve(t)
	donny := s.Login(t, "donny")
	s.Post(t, donny, "/api/profile/cowork/plans", `{"title":"Other","skip_optin_on_grant":true}`).Want(201)
	for i := range 12 { // all at one instant, to two plans each
		s.Post(t, donny, "/api/accounts/profiles", fmt.Sprintf(`{"slug":"shop-%d","full_name":"Shop"}`, i)).Want(201)
		for _, plan := range []string{"basic", "other"} {
			s.Post(t, donny, "/api/profile/cowork/plans/"+plan+"/subscriptions", fmt.Sprintf(`{"profile":{"slug":"shop-%d"}}`, i)).Want(201)
		}
	}
	for _, order := range []string{"", "&o=created_at"} {
		seen := map[string]bool{}
		path, last := "/api/profile/cowork/subscribers/subscriptions/all?page_size=5"+order, ""
		for range 5 {
			a := s.Get(t, donny, path).Want(200).Is(map[string]any{"count": 24})
			results, _ := a.At("results")
			for i := range results.([]any) {
				seen[a.Text(fmt.Sprintf("results.%d.remove_api_url", i))] = true
			}
			if next, _ := a.At("next"); next == nil {
				last = path
				break
			}
			path = strings.TrimPrefix(a.Text("next"), facetest.BaseURL)
		}
		if len(seen) != 24 || last == "" {
			t.Fatalf("%d subscriptions on 5 pages, the last is %q", len(seen), last)
		}
		for range 4 {
			last = strings.TrimPrefix(s.Get(t, donny, last).Want(200).Text("previous"), facetest.BaseURL)
		}
		s.Get(t, donny, last).Want(200).Is(map[string]any{"previous": nil})
	}
	s.Get(t, donny, "/api/profile/cowork/subscribers/subscriptions?after=nothing").WantJSON(404, `{"detail":"Invalid page."}`)
	s.Get(t, donny, "/api/profile/cowork/subscribers/subscriptions?q=shop-1&o=-full_name").Want(200).Is(map[string]any{"count": 6})
	s.Get(t, donny, "/api/profile/cowork/subscribers?q=shop-1").Want(200).Is(map[string]any{"count": 3})
}
