package console_test

import (
	"testing"

	"github.com/chromedp/chromedp"

	"facet/internal/facetest"
	"facet/internal/profile"
	"facet/internal/store/storetest"
)

// idOf is the id of a demo profile.
func idOf(t testing.TB, s *facetest.Service, slug string) profile.ID {
	t.Helper()
	rec, err := s.Store.Site(1).Get(t.Context(), profile.Slug, slug)
	if err != nil {
		t.Fatal(err)
	}
	return rec.ID
}

// shown is a page with the name of its picture.
type shown struct{ name, path string }

// pagesOf are all pages that a demo user is shown.
func pagesOf(t testing.TB, s *facetest.Service, user string) []shown {
	t.Helper()
	one := "/console/profiles/" + idOf(t, s, "xia").String()
	return map[string][]shown{
		"": {{"sign-in", "/console/sign-in"}},
		"donny": {
			{"overview", "/console"}, {"profiles", "/console/profiles"}, {"search", "/console/profiles?q=xia&related=cowork&by=role&type=person"}, {"nothing-found", "/console/profiles?q=nobody-is-called-so"},
			{"attributes", one}, {"names", one + "/names"}, {"roles", one + "/roles"}, {"subscriptions", one + "/subscriptions"}, {"profile-household", one + "/household"},
			{"profile-documents", one + "/documents"}, {"document-of", one + "/documents/1"}, {"profile-connections", one + "/connections"}, {"sessions", one + "/sessions"}, {"history", one + "/history"},
			{"apis", one + "/apis"}, {"erase", one + "/erase"}, {"not-found", "/console/profiles/nobody"}, {"organization", "/console/profiles/" + idOf(t, s, "cowork").String()},
		},
		"xia": {
			{"me", "/console/me"}, {"household", "/console/me/household"}, {"documents", "/console/me/documents"}, {"document", "/console/me/documents/1"},
			{"connections", "/console/me/connections?q=a"}, {"my-roles", "/console/me/roles"}, {"security", "/console/me/security"}, {"erase-me", "/console/me/erase"},
		},
	}[user]
}

// lived gives the demo site something to show on every page.
func lived(t testing.TB) *facetest.Service {
	t.Helper()
	s := service(t)
	key := map[string]string{"X-API-KEY": "demo-api-key"}
	xia, alice, donny := s.Login(t, "xia"), s.Login(t, "alice"), s.Login(t, "donny")
	s.Do(t, facetest.Call{Method: "POST", Path: "/user/profiles/create", Token: xia, Header: key,
		Body: `{"app_id":1,"profile_data":{"level":12,"score":12345678901234567890,"ratio":1.10,"unlocked":["north","harbour"],"theme":{"name":"dusk","contrast":null}}}`}).Want(201)
	s.Post(t, xia, "/api/users/v1/users/"+idOf(t, s, "xia").String()+"/user_profiles", `{"name":"Ming","is_child_profile":true,"age_limit":9}`).Want(201)
	s.Post(t, xia, "/api/users/v1/users/"+idOf(t, s, "xia").String()+"/user_profiles", `{"name":"Robin"}`).Want(201)
	s.Patch(t, alice, "/api/profiles/xia@localhost.localdomain", `{"connected":"R"}`)
	s.Patch(t, xia, "/api/profiles/bob@example.com", `{"following":true}`)
	s.Patch(t, donny, "/api/profile/xia", `{"full_name":"Xia Lee","nick_name":"Xi","locality":"Freiburg"}`).Want(200)
	s.Patch(t, xia, "/api/profile/xia", `{"full_name":"Xia Lee-Park"}`).Want(200)
	s.Patch(t, xia, "/api/profile/xia", `{"full_name":"Xia Lee"}`).Want(200)
	s.Post(t, donny, "/api/profile/cowork/roles/contributor", `{"slug":"xia"}`)
	s.Post(t, donny, "/api/profile/cowork/plans/premium/subscriptions", `{"organization":{"slug":"xia"}}`)
	return s
}

// Every page, at the smallest and a usual size, light and dark: nothing shuts
// anybody out, the browser has nothing to complain of, and nothing has to be
// moved sideways to be read.
func TestEveryPageIsAccessibleFitsTheWindowAndIsQuiet(t *testing.T) {
	s := lived(t)
	b := open(t, s)
	for _, user := range []string{"", "donny", "xia"} {
		if user != "" {
			b.signIn(user)
		}
		for i, p := range pagesOf(t, s, user) {
			if storetest.Reduced() && i%6 > 0 {
				continue
			}
			for _, size := range []struct {
				width, height int
				dark          bool
			}{{1440, 900, false}, {360, 740, true}} {
				b.wide(size.width, size.height, size.dark)
				b.at(p.path)
				at := p.name
				if size.dark {
					at += "-dark-small"
				}
				b.axe(at)
				var over int
				b.run(chromedp.Evaluate(`document.documentElement.scrollWidth - document.documentElement.clientWidth`, &over))
				if over > 0 {
					t.Errorf("%s: %d pixels wider than the window", at, over)
				}
				b.quiet(at)
				b.shot(at)
			}
		}
		if user != "" {
			b.run(chromedp.Evaluate(`document.querySelector("details.account").open = true`, nil))
			b.follow(chromedp.Click(".account-menu form button", chromedp.ByQuery))
		}
	}
}
