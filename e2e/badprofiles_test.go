package e2e_test

import "strings"

// profileRoutes are the rows of typeaheads, of lists of the whole site, of
// pictures and notes.
func profileRoutes() map[string]badRoute {
	contact := alsoTexts(map[string][]any{}, "nick_name", "lang", "street_address", "locality", "region", "postal_code", "default_timezone")
	contact["full_name"] = append([]any{"", "   ", strings.Repeat("n", 101)}, noText...)
	contact["username"] = append([]any{"", "a b", "ä", "a/b", "me", strings.Repeat("s", 200)}, noText...)
	contact["email"] = append([]any{"", "nobody", "a@b@c", "alice@localhost.localdomain"}, noText...)
	contact["phone"] = append([]any{"twelve", "1"}, noText...)
	const person = `{"full_name":"Bad Input","username":"bad-input","email":"bad@input.example"}`
	note := func(other string) map[string][]any {
		return map[string][]any{
			"text": append([]any{"", "  ", strings.Repeat("t", 4001)}, noText...),
			other:  {true, []any{}, map[string]any{}, "nobody", "a b", strings.Repeat("s", 200)},
		}
	}
	const text = `{"text":"Bad input"}`
	return map[string]badRoute{
		"POST /api/profile":                    {path: "/api/profile", body: goodProfile, wrong: with(wrongProfile(), "type", "boss", 7, true, nil)},
		"GET /api/profile":                     {path: "/api/profile", ignores: true},
		"GET /api/accounts":                    {path: "/api/accounts?q=xia", ignores: true},
		"GET /api/accounts/users":              {path: "/api/accounts/users?q=xia", ignores: true},
		"GET /api/accounts/profiles":           {path: "/api/accounts/profiles?q=xia", ignores: true},
		"GET /api/accounts/profiles/{profile}": {path: "/api/accounts/profiles/xia", ignores: true},
		"GET /api/users":                       {path: "/api/users", ignores: true},
		"POST /api/users":                      {path: "/api/users", body: person, wrong: contact},
		"GET /api/contacts":                    {path: "/api/contacts", ignores: true},
		"POST /api/contacts":                   {path: "/api/contacts", body: person, wrong: contact},
		"GET /api/metrics/registered":          {path: "/api/metrics/registered", ignores: true},
		"POST /api/users/{user}/picture":       {path: "/api/users/xia/picture", ignores: true, unknown: []string{"/api/users/nobody/picture"}},
		"POST /api/contacts/{user}/picture":    {path: "/api/contacts/xia/picture", ignores: true, unknown: []string{"/api/contacts/nobody/picture"}},
		"POST /api/profile/{profile}/picture":  {path: "/api/profile/xia/picture", ignores: true, unknown: []string{"/api/profile/nobody/picture"}},
		"GET /api/activities/{profile}":        {path: "/api/activities/xia", ignores: true, unknown: []string{"/api/activities/nobody"}},
		"GET /api/contacts/{user}/activities":  {path: "/api/contacts/xia/activities", ignores: true, unknown: []string{"/api/contacts/nobody/activities"}},
		"POST /api/activities/{profile}":       {path: "/api/activities/xia", body: text, wrong: note("contact"), unknown: []string{"/api/activities/nobody"}},
		"POST /api/contacts/{user}/activities": {path: "/api/contacts/xia/activities", body: text, wrong: note("account"), unknown: []string{"/api/contacts/nobody/activities"}},
	}
}
