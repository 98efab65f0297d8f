package e2e_test

import (
	"strings"
	"testing"

	"facet/internal/facetest"
)

// addPlan gives xia a plan "walk", and a subscription to it.
func addPlan(t *testing.T, s *facetest.Service, xia string) {
	t.Helper()
	s.Post(t, xia, "/api/profile/xia/plans", `{"title":"Walk","is_active":true}`).Want(201)
	s.Post(t, xia, "/api/profile/xia/subscriptions", `{"plan":"walk"}`).Want(201)
}

// planRoutes are the rows of plans and subscriptions; xia is provider and
// subscriber.
func planRoutes() map[string]badRoute {
	const (
		profile = "/api/profile/{profile}"
		plan    = profile + "/plans/{plan}"
		xia     = "/api/profile/xia"
		nobody  = "/api/profile/nobody"
	)
	terms := alsoTexts(map[string][]any{
		"is_active": noTruth, "skip_optin_on_grant": noTruth, "optin_on_request": noTruth, "is_not_priced": noTruth,
		"setup_amount": {-1, 1.5, "x", true, nil, []any{}, 1e300}, "period_amount": {-1, "", nil}, "period_length": {0, -1, 1001, nil, "x"},
		"advance_discounts": {nil, 7, "x", map[string]any{}, []any{7}, []any{map[string]any{}}, []any{map[string]any{"discount_type": "gift"}}},
		"use_charges":       {nil, 7, "x", map[string]any{}, []any{nil}, []any{map[string]any{}}, []any{map[string]any{"title": "a", "quota": -1}}},
		"description":       {true, []any{}, strings.Repeat("d", 5001)}, "unlock_event": {true, strings.Repeat("e", 129)},
	}, "period_type", "renewal_type", "unit")
	terms["title"] = append([]any{"", "  ", strings.Repeat("t", 51)}, noText...)
	terms["period_type"] = append([]any{"", "fortnightly"}, noText...)
	terms["unit"] = append([]any{"", "eu", "zzz1"}, noText...)
	dated := map[string][]any{
		"ends_at":    append([]any{"", "tomorrow", "2026-13-01", "10000-01-01T00:00:00Z", "2000-01-01T00:00:00Z"}, noText...),
		"auto_renew": noTruth, "description": {true, []any{}, strings.Repeat("d", 5001)},
	}
	good := `{"title":"Walk","description":"Round the park"}`
	ends := `{"ends_at":"2030-01-01T00:00:00Z"}`
	read := func(path string, unknown ...string) badRoute {
		return badRoute{path: path, ignores: true, unknown: unknown}
	}
	rows := map[string]badRoute{
		"GET /api/pricing":                            read("/api/pricing"),
		"GET " + profile + "/plans":                   read(xia+"/plans", nobody+"/plans"),
		"POST " + profile + "/plans":                  {path: xia + "/plans", body: good, wrong: terms, unknown: []string{nobody + "/plans"}},
		"GET " + plan:                                 read(xia+"/plans/walk", nobody+"/plans/walk", "/api/profile/cowork/plans/nothing", "/api/profile/cowork/plans/walk"),
		"PUT " + plan:                                 {path: xia + "/plans/walk", body: good, wrong: terms, unknown: []string{nobody + "/plans/walk", "/api/profile/cowork/plans/nothing"}},
		"PATCH " + plan:                               {path: xia + "/plans/walk", body: good, wrong: terms, empty: 200, unknown: []string{nobody + "/plans/walk"}},
		"DELETE " + plan:                              read(xia+"/plans/walk", nobody+"/plans/walk", "/api/profile/cowork/plans/nothing"),
		"GET " + plan + "/subscriptions":              read(xia+"/plans/walk/subscriptions", nobody+"/plans/walk/subscriptions", "/api/profile/cowork/plans/nothing/subscriptions"),
		"GET " + plan + "/subscriptions/{subscriber}": read(xia+"/plans/walk/subscriptions/xia", nobody+"/plans/walk/subscriptions/xia", "/api/profile/cowork/plans/premium/subscriptions/nobody"),
		"PUT " + plan + "/subscriptions/{subscriber}": {path: xia + "/plans/walk/subscriptions/xia", body: ends, wrong: dated,
			unknown: []string{nobody + "/plans/walk/subscriptions/xia", "/api/profile/cowork/plans/premium/subscriptions/nobody"}},
		"DELETE " + plan + "/subscriptions/{subscriber}": read(xia+"/plans/walk/subscriptions/xia", nobody+"/plans/walk/subscriptions/xia"),
		"POST " + profile + "/subscribers/accept/{key}":  read(xia+"/subscribers/accept/"+unknownKey, nobody+"/subscribers/accept/"+unknownKey, "/api/profile/cowork/subscribers/accept/"+unknownKey),

		"GET " + profile + "/subscriptions": read(xia+"/subscriptions", nobody+"/subscriptions"),
		"POST " + profile + "/subscriptions": {path: xia + "/subscriptions", body: `{"plan":"walk"}`, unknown: []string{nobody + "/subscriptions"},
			wrong: map[string][]any{"plan": append([]any{"", map[string]any{}, map[string]any{"slug": 7 > 8}}, noText...), "message": {true, []any{}, strings.Repeat("m", 256)}}},
		"GET " + profile + "/subscriptions/expired":       read(xia+"/subscriptions/expired", nobody+"/subscriptions/expired"),
		"POST " + profile + "/subscriptions/accept/{key}": read(xia+"/subscriptions/accept/"+unknownKey, nobody+"/subscriptions/accept/"+unknownKey),
		"GET " + profile + "/subscriptions/{plan}":        read(xia+"/subscriptions/walk", nobody+"/subscriptions/walk"),
		"PUT " + profile + "/subscriptions/{plan}":        {path: xia + "/subscriptions/walk", body: ends, wrong: dated, unknown: []string{nobody + "/subscriptions/walk"}},
		"PATCH " + profile + "/subscriptions/{plan}":      {path: xia + "/subscriptions/walk", body: ends, wrong: dated, empty: 200, unknown: []string{nobody + "/subscriptions/walk"}},
		"DELETE " + profile + "/subscriptions/{plan}":     read(xia+"/subscriptions/walk", nobody+"/subscriptions/walk"),
	}
	for _, list := range []string{"/all", "/churned"} {
		rows["GET "+plan+"/subscriptions"+list] = read(xia+"/plans/walk/subscriptions"+list, nobody+"/plans/walk/subscriptions"+list)
		rows["GET "+profile+"/subscribers/subscriptions"+list] = read(xia+"/subscribers/subscriptions"+list, nobody+"/subscribers/subscriptions"+list)
	}
	for _, list := range []string{"", "/all", "/engaged", "/unengaged", "/subscriptions"} {
		rows["GET "+profile+"/subscribers"+list] = read(xia+"/subscribers"+list, nobody+"/subscribers"+list)
	}
	return rows
}
