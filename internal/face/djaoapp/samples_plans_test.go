package djaoapp_test

import (
	"testing"
	"time"

	"facet/internal/facetest"
)

const (
	printedSubscriber   = `{"slug":"xia","printable_name":"Xia Lee","picture":null,"type":"personal","credentials":true}`
	printedPlanSummary  = `{"slug":"open-space","title":"Open Space"}`
	printedSubscription = `"created_at":"2016-01-14T23:16:55Z","ends_at":"2017-01-14T23:16:55Z","description":null,"auto_renew":true`
	printedPlan         = `{"slug":"managed","title":"Managed","description":"Ideal for growing businesses","is_active":true,"setup_amount":0,
		"period_amount":2900,"period_length":1,"period_type":"monthly","unit":"usd","is_not_priced":false,"renewal_type":"auto-renew",
		"created_at":"2019-01-01T00:00:00Z","profile":{},"extra":null,"skip_optin_on_grant":false,"optin_on_request":false}`
	printedPlanDetail = `{"slug":"open-space","title":"Open Space","description":"open space desk, High speed internet - Ethernet or WiFi, Unlimited printing, Unlimited scanning, Unlimited fax service (send and receive)",
		"is_active":true,"setup_amount":0,"period_amount":17999,"period_type":"monthly"}`
	printedDesk = `{"title":"Popup Desk","description":"A desk in our coworking space","is_active":false,"period_amount":12000,"period_type":"monthly"}`
)

// openSpace gives cowork the plan of the samples, and xia a subscription to it
// that she accepted.
func openSpace(t *testing.T) (s *facetest.Service, xia, donny string) {
	t.Helper()
	s = serve(t)
	xia, donny = s.Login(t, "xia"), s.Login(t, "donny")
	s.Post(t, donny, "/api/profile/cowork/plans", `{"title":"Open Space","description":"A desk in our coworking space","is_active":true,
		"period_amount":17999,"period_type":"monthly"}`).Want(201).Is(map[string]any{"slug": "open-space"})
	granted := s.Post(t, donny, "/api/profile/cowork/plans/open-space/subscriptions", `{"profile":{"slug":"xia"}}`).Want(201)
	s.Post(t, xia, "/api/profile/xia/subscriptions/accept/"+granted.Text("grant_key"), nil).Want(200)
	return s, xia, donny
}

func TestSamplesOfPlans(t *testing.T) {
	t.Run("C35 pricing", func(t *testing.T) {
		s, _, _ := openSpace(t)
		a := s.Get(t, "", "/api/pricing").Want(200).Is(map[string]any{"count": 3, "results.0.profile.slug": "cowork"})
		like(t, a, printedPage+printedPlan+`]}`)
		wantKeys(t, a, "results.0", planKeys...)
	})
	t.Run("C36 list", func(t *testing.T) {
		s, _, donny := openSpace(t)
		like(t, s.Get(t, donny, "/api/profile/cowork/plans").Want(200).Is(map[string]any{"count": 3}), printedPage+printedPlan+`]}`)
	})
	t.Run("C37 make", func(t *testing.T) {
		s, _, donny := openSpace(t)
		a := s.Post(t, donny, "/api/profile/cowork/plans", printedDesk).Want(201).Is(map[string]any{
			"slug": "popup-desk", "title": "Popup Desk", "description": "A desk in our coworking space", "is_active": false, "period_amount": 12000,
			"period_type": "monthly", "unit": "usd", "renewal_type": "auto-renew",
		})
		like(t, a, printedDesk)
	})
	t.Run("C38 read", func(t *testing.T) {
		s, _, donny := openSpace(t)
		like(t, s.Get(t, donny, "/api/profile/cowork/plans/open-space").Want(200).Is(map[string]any{"title": "Open Space"}), printedDesk)
	})
	t.Run("C39 delete", func(t *testing.T) {
		s, _, donny := openSpace(t)
		s.Delete(t, donny, "/api/profile/cowork/plans/open-space").WantJSON(403, `{"detail":"Cannot delete a plan with subscribers"}`)
		s.Post(t, donny, "/api/profile/cowork/plans", printedDesk).Want(201)
		s.Delete(t, donny, "/api/profile/cowork/plans/popup-desk").Want(204)
		s.Get(t, donny, "/api/profile/cowork/plans/popup-desk").WantJSON(404, `{"detail":"No Plan matches the given query."}`)
	})
	t.Run("C40 change", func(t *testing.T) {
		s, _, donny := openSpace(t)
		a := s.Put(t, donny, "/api/profile/cowork/plans/open-space", `{"title":"Open Space"}`).Want(200).
			Is(map[string]any{"title": "Open Space", "is_active": true, "detail": "Successfully updated plan titled 'Open Space'."})
		like(t, a, printedDesk)
	})
}

func TestSamplesOfSubscribers(t *testing.T) {
	list := printedPage + printedSubscriber + `]}`
	t.Run("C31 C32 all and active", func(t *testing.T) {
		s, _, donny := openSpace(t)
		for _, path := range []string{"/api/profile/cowork/subscribers/all?o=created_at&ot=desc", "/api/profile/cowork/subscribers?o=created_at&ot=desc"} {
			a := s.Get(t, donny, path).Want(200).Is(map[string]any{"count": 1, "results.0.slug": "xia", "results.0.type": "personal"})
			like(t, a, list)
			wantKeys(t, a, "results.0", organizationKeys...)
		}
	})
	t.Run("C33 engaged", func(t *testing.T) {
		s, _, donny := openSpace(t)
		a := s.Get(t, donny, "/api/profile/cowork/subscribers/engaged?o=created_at&ot=desc").Want(200).
			Is(map[string]any{"count": 1, "results.0.user.slug": "xia", "results.0.profile.slug": "xia", "results.0.role_description.slug": "manager"})
		like(t, a, printedPage+`{"created_at":"2022-01-01T00:00:00Z","user":{"slug":"xia23","email":"123@example.com","full_name":"","created_at":"2022-01-01T00:00:00Z",
			"last_login":"2022-01-01T00:00:00Z"},"role_description":{"created_at":"2022-01-01T00:00:00Z","slug":"manager","title":"Profile Manager",
			"skip_optin_on_grant":false,"implicit_create_on_none":false,"is_global":true,"profile":null,"extra":null},
			"accept_request_api_url":"http://127.0.0.1:8000/api/profile/xia23/roles/manager","remove_api_url":"http://127.0.0.1:8000/api/profile/xia23/roles/manager/admin",
			"profile":{"slug":"xia23","printable_name":"Xia23","picture":null,"type":"organization","credentials":false,"created_at":"2022-01-01T00:00:00Z"}}]}`)
		s.Clock.Advance(8 * 24 * time.Hour)
		s.Get(t, s.Login(t, "donny"), "/api/profile/cowork/subscribers/engaged").Want(200).Is(map[string]any{"count": 0})
	})
	t.Run("C34 unengaged", func(t *testing.T) {
		s, _, donny := openSpace(t)
		s.Put(t, donny, "/api/profile/cowork/plans/open-space/subscriptions/xia", `{"ends_at":"2027-01-31T12:00:00Z"}`).Want(200)
		const path = "/api/profile/cowork/subscribers/unengaged?o=created_at&ot=desc"
		s.Get(t, donny, path).Want(200).Is(map[string]any{"count": 0})
		s.Clock.Advance(91 * 24 * time.Hour)
		like(t, s.Get(t, s.Login(t, "donny"), path).Want(200).Is(map[string]any{"count": 1, "results.0.slug": "xia"}), list)
	})
}

func TestSamplesOfSubscriptions(t *testing.T) {
	own := `{` + printedSubscription + `,"profile":` + printedSubscriber + `,"plan":` + printedPlanSummary + `,"app_url":"https://livedemo.djaoapp.com/app/xia/open-space/"}`
	detail := `{` + printedSubscription + `,"profile":` + printedSubscriber + `,"plan":` + printedPlanSummary + `,"extra":null,"grant_key":null,"request_key":null`
	provided := `{` + printedSubscription + `,"profile":{"slug":"xia","printable_name":"Xia Lee"},"plan":` + printedPlanDetail + `}`
	t.Run("C63 current", func(t *testing.T) {
		s, xia, _ := openSpace(t)
		a := s.Get(t, xia, "/api/profile/xia/subscriptions?o=created_at&ot=desc").Want(200).Is(map[string]any{
			"count": 1, "results.0.plan.slug": "open-space", "results.0.ends_at": "2026-02-28T12:00:00Z", "results.0.app_url": facetest.BaseURL + "/app/xia/open-space/",
		})
		like(t, a, printedPage+own+`]}`)
	})
	t.Run("C64 expired", func(t *testing.T) {
		s, _, _ := openSpace(t)
		s.Clock.Advance(29 * 24 * time.Hour)
		xia := s.Login(t, "xia")
		s.Get(t, xia, "/api/profile/xia/subscriptions").Want(200).Is(map[string]any{"count": 0})
		like(t, s.Get(t, xia, "/api/profile/xia/subscriptions/expired?o=created_at&ot=desc").Want(200).Is(map[string]any{"count": 1}), printedPage+own+`]}`)
	})
	t.Run("C65 read", func(t *testing.T) {
		s, xia, donny := openSpace(t)
		a := s.Get(t, xia, "/api/profile/xia/subscriptions/open-space").Want(200).Is(map[string]any{"editable": false, "extra": nil, "grant_key": nil})
		like(t, a, detail+`,"app_url":"https://livedemo.djaoapp.com/app/xia/open-space/","editable":true}`)
		s.Get(t, donny, "/api/profile/xia/subscriptions/open-space").Want(200).Is(map[string]any{"editable": true})
		s.Get(t, xia, "/api/profile/xia/subscriptions/basic").WantJSON(404, `{"detail":"cannot find active subscription to basic for xia"}`)
	})
	t.Run("C66 change", func(t *testing.T) {
		s, xia, donny := openSpace(t)
		// The printed end is long past: it ends the subscription, for who may.
		a := s.Put(t, xia, "/api/profile/xia/subscriptions/open-space", `{"ends_at":"2020-01-01T00:00:00Z"}`).Want(200).Is(map[string]any{"ends_at": "2026-02-28T12:00:00Z"})
		like(t, a, detail+`,"editable":true}`)
		s.Put(t, donny, "/api/profile/xia/subscriptions/open-space", `{"ends_at":"2020-01-01T00:00:00Z"}`).WantJSON(400, `{"ends_at":["A subscription cannot end before it begins."]}`)
		s.Put(t, donny, "/api/profile/xia/subscriptions/open-space", `{"ends_at":"2030-01-01T00:00:00Z"}`).Want(200).Is(map[string]any{"ends_at": "2030-01-01T00:00:00Z"})
	})
	t.Run("C67 cancel", func(t *testing.T) {
		s, xia, _ := openSpace(t)
		for range 2 {
			if a := s.Delete(t, xia, "/api/profile/xia/subscriptions/open-space").Want(204); len(a.Body) > 0 {
				t.Errorf("a body: %s", a.Body)
			}
		}
		s.Get(t, xia, "/api/profile/xia/subscriptions/expired").Want(200).Is(map[string]any{"count": 1, "results.0.ends_at": "2026-01-31T12:00:00Z", "results.0.auto_renew": false})
	})
	t.Run("C68 read as provider", func(t *testing.T) {
		s, _, donny := openSpace(t)
		like(t, s.Get(t, donny, "/api/profile/cowork/plans/open-space/subscriptions/xia").Want(200), detail+`}`)
	})
	t.Run("C69 cancel as provider", func(t *testing.T) {
		s, _, donny := openSpace(t)
		s.Delete(t, donny, "/api/profile/cowork/plans/open-space/subscriptions/xia").Want(204)
		s.Get(t, donny, "/api/profile/cowork/plans/open-space/subscriptions/xia").WantJSON(404, `{"detail":"cannot find active subscription to open-space for xia"}`)
	})
	t.Run("C70 change as provider", func(t *testing.T) {
		s, _, donny := openSpace(t)
		a := s.Put(t, donny, "/api/profile/cowork/plans/open-space/subscriptions/xia", `{"ends_at":"2036-01-01T00:00:00Z","description":"extended after call with customer"}`).
			Want(200).Is(map[string]any{"ends_at": "2036-01-01T00:00:00Z", "description": "extended after call with customer"})
		like(t, a, detail+`}`)
	})
	t.Run("C71 C75 all", func(t *testing.T) {
		s, xia, donny := openSpace(t)
		s.Delete(t, xia, "/api/profile/xia/subscriptions/open-space").Want(204)
		for _, path := range []string{"/api/profile/cowork/plans/open-space/subscriptions/all", "/api/profile/cowork/subscribers/subscriptions/all?o=created_at&ot=desc"} {
			like(t, s.Get(t, donny, path).Want(200).Is(map[string]any{"count": 1}), printedPage+provided+`]}`)
		}
	})
	t.Run("C72 C76 active", func(t *testing.T) {
		s, _, donny := openSpace(t)
		for _, path := range []string{"/api/profile/cowork/plans/open-space/subscriptions?o=created_at&ot=desc", "/api/profile/cowork/subscribers/subscriptions?o=created_at&ot=desc"} {
			a := s.Get(t, donny, path).Want(200).Is(map[string]any{"count": 1})
			like(t, a, printedPage+`{`+printedSubscription+`,"profile":{"slug":"xia","printable_name":"Xia Lee","type":"personal","credentials":true},"plan":`+printedPlanSummary+`}]}`)
			wantKeys(t, a, "results.0.profile", detailKeys...)
		}
	})
	t.Run("C73 grant", func(t *testing.T) {
		s, _, donny := openSpace(t)
		a := s.Post(t, donny, "/api/profile/cowork/plans/premium/subscriptions", `{"profile":{"slug":"xia","full_name":"Xia Lee"}}`).Want(201).Is(map[string]any{"plan.slug": "premium"})
		like(t, a, provided)
	})
	t.Run("C74 C77 churned", func(t *testing.T) {
		s, xia, donny := openSpace(t)
		s.Delete(t, xia, "/api/profile/xia/subscriptions/open-space").Want(204)
		for _, path := range []string{"/api/profile/cowork/plans/open-space/subscriptions/churned?o=created_at&ot=desc", "/api/profile/cowork/subscribers/subscriptions/churned?o=created_at&ot=desc"} {
			like(t, s.Get(t, donny, path).Want(200).Is(map[string]any{"count": 1}), printedPage+provided+`]}`)
		}
	})
	t.Run("C78 accept a request", func(t *testing.T) {
		s, xia, donny := openSpace(t)
		asked := s.Post(t, xia, "/api/profile/xia/subscriptions", `{"plan":"premium"}`).Want(201)
		a := s.Post(t, donny, "/api/profile/cowork/subscribers/accept/"+asked.Text("request_key"), nil).Want(200).Is(map[string]any{"request_key": nil, "plan.slug": "premium"})
		like(t, a, detail+`}`)
		s.Post(t, donny, "/api/profile/cowork/subscribers/accept/a00000d0a0000001234567890123456789012345", nil).WantJSON(404, `{"detail":"No Subscription matches the given query."}`)
	})
}
