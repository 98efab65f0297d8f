package e2e_test

import (
	"maps"
	"strings"
)

// accountRoutes are the rows of the routes about accounts, what proves them, and
// agreements; xia is the user.
func accountRoutes(ids goodIDs) map[string]badRoute {
	noCode := []any{"abc", "12 34", true, []any{}, map[string]any{}}
	nobody := func(rest string) []string {
		return []string{"/api/users/nobody" + rest, "/api/users/cowork" + rest, "/api/users/u-99999999" + rest}
	}
	secret := func(more map[string][]any) map[string][]any {
		more["password"] = noText
		more["otp_code"], more["email_code"], more["phone_code"] = noCode, noCode, noCode
		return more
	}
	user := map[string][]any{
		"full_name": append([]any{"", "   ", strings.Repeat("n", 101)}, noText...), "nick_name": noText, "lang": noText,
		"slug":  append([]any{"", "a b", "ä", "a/b", "alice", "me", strings.Repeat("s", 200)}, noText...),
		"email": append([]any{"", "nobody", "a@b@c", "alice@localhost.localdomain"}, noText...), "phone": append([]any{"twelve", "1"}, noText...),
		"email_code": append([]any{"123456"}, noCode...), "phone_code": append([]any{654321}, noCode...),
	}
	invited := without(with(wrongAccount(), "email", "other@input.example"), "organization_name")
	notices := map[string][]any{"notifications": {nil, 7, true, map[string]any{}, []any{7}, []any{"a b"}, []any{""}, []any{[]any{}}, []any{strings.Repeat("s", 51)}}}
	otp := secret(map[string][]any{"otp_enabled": noTruth, "email_verification_enabled": noTruth, "phone_verification_enabled": noTruth})
	agreement := map[string][]any{
		"title": append([]any{"", "  ", strings.Repeat("t", 151)}, noText...), "text": append([]any{strings.Repeat("t", 100_001)}, noText...),
		"updated_at": append([]any{"", "soon", "2026-01-31", "2026-13-01T00:00:00Z"}, noText...),
	}
	const otpBody = `{"password":"yoyo","otp_enabled":true,"email_verification_enabled":false,"phone_verification_enabled":false}`
	return map[string]badRoute{
		"GET /api/auth/activate/{key}": {path: "/api/auth/activate/" + ids.key, ignores: true, unknown: []string{"/api/auth/activate/" + unknownKey, "/api/auth/activate/nothing"}},
		"POST /api/auth/activate/{key}": {path: "/api/auth/activate/" + ids.key, body: `{"new_password":"yoyo","username":"badinput"}`, wrong: invited,
			unknown: []string{"/api/auth/activate/" + unknownKey, "/api/auth/activate/nothing"}},
		"POST /api/auth/reset/{key}": {path: "/api/auth/reset/" + ids.key, body: `{"new_password":"yoyo","username":"badinput"}`, wrong: invited,
			unknown: []string{"/api/auth/reset/" + unknownKey, "/api/auth/reset/nothing"}},
		"POST /api/auth/recover": {path: "/api/auth/recover", body: `{"username":"nobody"}`, wrong: map[string][]any{
			"username": append([]any{"", "a b", "a@b@c", strings.Repeat("u", 300)}, noText...),
		}},
		"GET /api/auth/tokens": {path: "/api/auth/tokens", ignores: true},

		"PUT /api/users/{user}":             {path: "/api/users/xia", body: `{"full_name":"Bad Input"}`, wrong: user, unknown: nobody("")},
		"PATCH /api/users/{user}":           {path: "/api/users/xia", body: `{"full_name":"Bad Input"}`, wrong: user, empty: 200, unknown: nobody("")},
		"DELETE /api/users/{user}":          {path: "/api/users/xia", ignores: true, unknown: nobody("")},
		"DELETE /api/users/{user}/password": {path: "/api/users/xia/password", ignores: true, unknown: nobody("/password")},
		"PUT /api/users/{user}/password": {path: "/api/users/xia/password", body: `{"password":"yoyo","new_password":"yeye"}`,
			wrong: secret(map[string][]any{"new_password": append([]any{"", strings.Repeat("p", 5000)}, noText...)}), unknown: nobody("/password")},
		"PUT /api/users/{user}/otp":      {path: "/api/users/xia/otp", body: otpBody, wrong: otp, unknown: nobody("/otp")},
		"POST /api/users/{user}/otp":     {path: "/api/users/xia/otp", body: otpBody, wrong: otp, unknown: nobody("/otp")},
		"GET /api/users/{user}/api-keys": {path: "/api/users/xia/api-keys", ignores: true, unknown: nobody("/api-keys")},
		"POST /api/users/{user}/api-keys": {path: "/api/users/xia/api-keys", body: `{"password":"yoyo"}`, empty: 401,
			wrong: secret(map[string][]any{"title": append([]any{strings.Repeat("t", 101)}, noText...)}), unknown: nobody("/api-keys")},
		"POST /api/users/{user}/api-keys/{key}":   {path: "/api/users/xia/api-keys/x", body: `{"password":"yoyo"}`, empty: 401, wrong: secret(map[string][]any{}), unknown: nobody("/api-keys/x")},
		"DELETE /api/users/{user}/api-keys/{key}": {path: "/api/users/xia/api-keys/x", body: `{"password":"yoyo"}`, empty: 401, wrong: secret(map[string][]any{}), unknown: nobody("/api-keys/x")},
		"POST /api/users/{user}/activate":         {path: "/api/users/xia/activate", ignores: true, unknown: nobody("/activate")},
		"GET /api/users/{user}/notifications":     {path: "/api/users/xia/notifications", ignores: true, unknown: nobody("/notifications")},
		"PUT /api/users/{user}/notifications":     {path: "/api/users/xia/notifications", body: `{"notifications":["a"]}`, wrong: notices, unknown: nobody("/notifications")},
		"POST /api/users/{user}/notifications":    {path: "/api/users/xia/notifications", body: `{"notifications":["a"]}`, wrong: notices, unknown: nobody("/notifications")},

		"GET /api/legal":                     {path: "/api/legal", ignores: true},
		"GET /api/legal/{agreement}":         {path: "/api/legal/terms-of-use", ignores: true, unknown: []string{"/api/legal/nothing", "/api/legal/%00", "/api/legal/" + strings.Repeat("s", 500)}},
		"POST /api/legal/{agreement}":        {path: "/api/legal/privacy", body: `{"analytics":true}`, empty: 200, wrong: map[string][]any{"analytics": noTruth}},
		"POST /api/legal/{agreement}/sign":   {path: "/api/legal/terms-of-use/sign", body: `{"read_terms":true}`, wrong: map[string][]any{"read_terms": append([]any{false}, noTruth...)}},
		"GET /api/agreements":                {path: "/api/agreements", ignores: true},
		"POST /api/agreements":               {path: "/api/agreements", body: `{"title":"Bad Input"}`, wrong: with(maps.Clone(agreement), "title", "Terms of Use", "***")},
		"GET /api/agreements/{agreement}":    {path: "/api/agreements/terms-of-use", ignores: true},
		"PUT /api/agreements/{agreement}":    {path: "/api/agreements/terms-of-use", body: `{"title":"Bad Input"}`, wrong: agreement},
		"DELETE /api/agreements/{agreement}": {path: "/api/agreements/terms-of-use", ignores: true},
	}
}
