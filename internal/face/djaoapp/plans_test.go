package djaoapp_test

import (
	"fmt"
	"strings"
	"testing"

	"facet/internal/facetest"
)

func TestTitleOfAPlanIsUniqueAmongThoseOfItsProvider(t *testing.T) {
	s := serve(t)
	xia, donny := gym(t, s), s.Login(t, "donny")
	const taken = `{"title":"A plan with this title already exists."}`
	s.Post(t, donny, "/api/profile/cowork/plans", `{"title":"premium"}`).WantJSON(400, taken)
	s.Post(t, xia, "/api/profile/gym/plans", `{"title":"Premium"}`).Want(201) // another provider's
	s.Patch(t, xia, "/api/profile/gym/plans/daily", `{"title":"PREMIUM"}`).WantJSON(400, taken)
	s.Put(t, donny, "/api/profile/cowork/plans/premium", `{"title":"Basic"}`).WantJSON(400, taken)
}

func TestSlugOfAPlanFollowsItsTitleUntilSomebodySubscribed(t *testing.T) {
	s := serve(t)
	xia := gym(t, s)
	s.Put(t, xia, "/api/profile/gym/plans/daily", `{"title":"Day by day"}`).Want(200).Is(map[string]any{"slug": "day-by-day", "detail": "Successfully updated plan titled 'Day by day'."})
	s.Get(t, xia, "/api/profile/gym/plans/daily").WantJSON(404, `{"detail":"No Plan matches the given query."}`)
	s.Post(t, xia, "/api/profile/gym/plans/day-by-day/subscriptions", `{"profile":{"slug":"alice"}}`).Want(201)
	s.Put(t, xia, "/api/profile/gym/plans/day-by-day", `{"title":"Weekly"}`).Want(200).Is(map[string]any{"slug": "day-by-day", "title": "Weekly"})
	s.Delete(t, xia, "/api/profile/gym/plans/day-by-day").WantJSON(403, `{"detail":"Cannot delete a plan with subscribers"}`)
	s.Post(t, xia, "/api/profile/gym/plans", `{"title":"Expired"}`).Want(201).Is(map[string]any{"title": "Expired"})
}

func TestPlanKeepsWhatIsSaidOfMoneyAndChargesNobody(t *testing.T) {
	s := serve(t)
	donny := s.Login(t, "donny")
	s.Post(t, donny, "/api/profile/cowork/plans", `{"title":"Everything","setup_amount":100,"unit":"EUR","period_type":"weekly","period_length":2,"renewal_type":"repeat",
		"advance_discounts":[{"discount_type":"percentage","discount_value":1000,"length":12}],"use_charges":[{"title":"Pages","use_amount":5}],
		"unlock_event":"go","extra":{"n":1.10}}`).Want(201).Is(map[string]any{
		"unit": "eur", "advance_discounts": []any{map[string]any{"discount_type": "percentage", "discount_value": 1000, "length": 12}},
		"use_charges.0.slug": "pages", "use_charges.0.maximum_limit": nil, "unlock_event": "go",
	})
	s.Patch(t, donny, "/api/profile/cowork/plans/everything", `{"advance_discounts":[],"extra":null,"unlock_event":null}`).Want(200).
		Is(map[string]any{"advance_discounts": []any{}, "use_charges.0.title": "Pages", "extra": nil, "unlock_event": nil, "renewal_type": "repeat"})
	s.Get(t, donny, "/api/profile/cowork/plans?active=1").Want(200).Is(map[string]any{"count": 2})
	s.Get(t, donny, "/api/profile/cowork/plans?active=0").Want(200).Is(map[string]any{"count": 1, "results.0.slug": "everything"})
	s.Get(t, donny, "/api/profile/cowork/plans?o=-period_amount&q=i").Want(200).Is(map[string]any{"results.0.slug": "premium"})
}

func TestPlanErrors(t *testing.T) {
	s := serve(t)
	donny := s.Login(t, "donny")
	for field, values := range map[string][]string{
		"title":             {`""`, `null`, `[]`, `"` + strings.Repeat("x", 51) + `"`},
		"is_active":         {`"maybe"`, `null`},
		"setup_amount":      {`-1`, `1.5`, `"x"`, `null`, `99999999999999999999`},
		"period_length":     {`0`, `1001`},
		"period_type":       {`"daily "x"`, `"fortnightly"`, `7`},
		"renewal_type":      {`"never"`},
		"unit":              {`"xx"`, `"zzzz"`, `"q1q"`},
		"advance_discounts": {`{}`, `[1]`, `[{}]`, `[{"discount_type":"gift"}]`, `null`},
		"use_charges":       {`"x"`, `[{}]`, `[{"title":"a","use_amount":-1}]`, `[{"title":"a","created_at":"x"}]`},
		"unlock_event":      {`7.5e`, `"` + strings.Repeat("x", 129) + `"`},
	} {
		for _, value := range values {
			body := fmt.Sprintf(`{"title":"X","%s":%s}`, field, value)
			if field == "title" {
				body = fmt.Sprintf(`{"title":%s}`, value)
			}
			s.Post(t, donny, "/api/profile/cowork/plans", body).Want(400)
			s.Patch(t, donny, "/api/profile/cowork/plans/premium", body).Want(400)
		}
	}
	s.Get(t, donny, "/api/profile/cowork/plans").Want(200).Is(map[string]any{"count": 2})
}

// Who may, on plans and subscribers: DjaoApp's "direct" rule.
func TestPlansAndSubscribersAreTheirProvidersAndTheBrokers(t *testing.T) {
	s := serve(t)
	xia := gym(t, s)
	alice, donny := s.Login(t, "alice"), s.Login(t, "donny")
	s.Post(t, xia, "/api/profile/gym/plans/daily/subscriptions", `{"profile":{"slug":"alice"}}`).Want(201)
	s.Post(t, alice, "/api/profile/alice/subscriptions", `{"plan":"daily"}`).Want(200)
	for _, path := range []string{
		"/plans", "/plans/daily", "/plans/daily/subscriptions", "/plans/daily/subscriptions/all", "/plans/daily/subscriptions/churned", "/plans/daily/subscriptions/alice",
		"/subscribers", "/subscribers/all", "/subscribers/engaged", "/subscribers/unengaged", "/subscribers/subscriptions", "/subscribers/subscriptions/all",
		"/subscribers/subscriptions/churned",
	} {
		path = "/api/profile/gym" + path
		s.Get(t, xia, path).Want(200)
		s.Get(t, donny, path).Want(200)
		s.Get(t, alice, path).WantJSON(403, denied)
		s.Get(t, "", path).WantJSON(403, denied)
	}
	s.Post(t, alice, "/api/profile/gym/plans", `{"title":"X"}`).WantJSON(403, denied)
	s.Patch(t, alice, "/api/profile/gym/plans/daily", `{"title":"X"}`).WantJSON(403, denied)
	s.Delete(t, alice, "/api/profile/gym/plans/daily").WantJSON(403, denied)
	s.Put(t, alice, "/api/profile/gym/plans/daily/subscriptions/alice", `{"ends_at":"2030-01-01"}`).WantJSON(403, denied)
	s.Delete(t, alice, "/api/profile/gym/plans/daily/subscriptions/alice").WantJSON(403, denied)
	// another provider of the subscriber does not touch this one's
	s.Post(t, donny, "/api/profile/gym/plans", `{"title":"By the broker"}`).Want(201)
	s.Post(t, s.Login(t, "bob"), "/api/users/bob/profiles", `{"slug":"spa","full_name":"Spa"}`).Want(201)
	bob := s.Login(t, "bob")
	s.Post(t, bob, "/api/profile/spa/plans", `{"title":"Spa day","is_active":true}`).Want(201)
	s.Post(t, alice, "/api/profile/alice/subscriptions", `{"plan":"spa-day"}`).Want(201)
	s.Get(t, bob, "/api/profile/alice/subscriptions/daily").Want(200)
	s.Delete(t, bob, "/api/profile/alice/subscriptions/daily").WantJSON(403, denied)
	s.Patch(t, bob, "/api/profile/alice/subscriptions/daily", `{"description":"x"}`).WantJSON(403, denied)
	s.Patch(t, bob, "/api/profile/alice/subscriptions/spa-day", `{"description":"x","extra":[1]}`).Want(200).Is(map[string]any{"description": "x", "editable": true})
}

func TestEndOfASubscriptionIsForItsProviderAlone(t *testing.T) {
	s := serve(t)
	xia, alice, bob, donny := gym(t, s), s.Login(t, "alice"), s.Login(t, "bob"), s.Login(t, "donny")
	s.Post(t, bob, "/api/users/bob/profiles", `{"slug":"spa","full_name":"Spa"}`).Want(201)
	addPlan(t, s, "spa", "spa-day", false)
	for slug, token := range map[string]string{"daily": xia, "spa-day": bob} {
		provider := map[string]string{"daily": "gym", "spa-day": "spa"}[slug]
		s.Post(t, token, "/api/profile/"+provider+"/plans/"+slug+"/subscriptions", `{"profile":{"slug":"alice"}}`).Want(201)
		s.Post(t, alice, "/api/profile/alice/subscriptions", `{"plan":"`+slug+`"}`).Want(200)
	}
	const own, sold, end, later = "/api/profile/alice/subscriptions/daily", "/api/profile/gym/plans/daily/subscriptions/alice", "2026-02-01T12:00:00Z", "2099-01-01T00:00:00Z"
	for _, c := range []struct {
		name, token, path string
		status            int
		shown             string // and kept
	}{
		{"the subscriber", alice, own, 200, end},
		{"the subscriber as the provider", alice, sold, 403, end},
		{"the subscriber by its other provider", alice, "/api/profile/spa/plans/daily/subscriptions/alice", 403, end},
		{"another provider of the subscriber", bob, own, 403, end},
		{"another provider as its own", bob, "/api/profile/spa/plans/daily/subscriptions/alice", 404, end},
		{"nobody", "", own, 403, end},
		{"the broker", donny, own, 200, later},
		{"the provider by the subscriber", xia, own, 200, later},
		{"the provider", xia, sold, 200, later},
	} {
		for method, send := range map[string]func(testing.TB, string, string, any) facetest.Answer{"PUT": s.Put, "PATCH": s.Patch} {
			if method == "PATCH" && c.path != own {
				continue // there is no such route
			}
			a := send(t, c.token, c.path, `{"ends_at":"`+later+`","auto_renew":true}`)
			if a.Status != c.status {
				t.Errorf("%s, %s: %d, want %d", c.name, method, a.Status, c.status)
			}
			if a.Status == 200 {
				a.Is(map[string]any{"ends_at": c.shown})
			}
			s.Get(t, alice, own).Want(200).Is(map[string]any{"ends_at": c.shown})
			s.Put(t, xia, sold, `{"ends_at":"`+end+`"}`).Want(200)
		}
	}
}
