package djaoapp_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"facet/internal/facetest"
)

// place is what the links of long lists carry beside the number of a page.
var place = regexp.MustCompile(`(after|before)=[^&]*&`)

func TestListsArePaged(t *testing.T) {
	s := serve(t)
	xia := s.Login(t, "xia")
	for i := range 29 {
		s.Post(t, xia, "/api/users/xia/profiles", map[string]string{"full_name": fmt.Sprintf("Shop %02d", i), "slug": fmt.Sprintf("shop-%02d", i)}).Want(201)
	}
	const path = "/api/users/xia/profiles"
	const public = facetest.BaseURL + path
	for _, c := range []struct {
		query          string
		results        int
		next, previous any
	}{
		{"", 25, public + "?page=2", nil},
		{"?page=1", 25, public + "?page=2", nil},
		{"?page=2", 5, nil, public},
		{"?page=last", 5, nil, public},
		{"?page_size=10&page=2&o=-full_name", 10, public + "?o=-full_name&page=3&page_size=10", public + "?o=-full_name&page_size=10"},
		{"?page_size=100", 30, nil, nil},
		{"?page_size=1000", 30, nil, nil},
		{"?page_size=0", 25, public + "?page=2&page_size=0", nil},
		{"?page_size=x", 25, public + "?page=2&page_size=x", nil},
	} {
		a := s.Get(t, xia, path+c.query).Want(200).Is(map[string]any{"count": 30})
		for name, want := range map[string]any{"next": c.next, "previous": c.previous} {
			got, _ := a.At(name)
			if link, ok := got.(string); ok {
				got = place.ReplaceAllString(link, "")
			}
			if got != want {
				t.Errorf("%s: %s is %v, want %v", c.query, name, got, want)
			}
		}
		if results, _ := a.At("results"); len(results.([]any)) != c.results {
			t.Errorf("%s: %d results, want %d", c.query, len(results.([]any)), c.results)
		}
	}
	for _, page := range []string{"0", "3", "-1", "x", "", "9223372036854775808"} {
		s.Get(t, xia, path+"?page="+page).WantJSON(404, `{"detail":"Invalid page."}`)
	}
}

func TestListsAreSearchedAndOrdered(t *testing.T) {
	s := serve(t)
	xia := s.Login(t, "xia")
	for _, p := range []string{
		`{"slug":"b","full_name":"Bäckerei, Süd","locality":"Köln"}`,
		`{"slug":"a","full_name":"Zoo","email":"zoo@example.com"}`,
	} {
		s.Clock.Advance(time.Minute)
		s.Post(t, xia, "/api/users/xia/profiles", p).Want(201)
	}
	for query, want := range map[string][]string{
		"":                       {"xia", "b", "a"},
		"o=full_name":            {"b", "xia", "a"},
		"o=-full_name":           {"a", "xia", "b"},
		"o=-created_at":          {"a", "b", "xia"},
		"o=nothing":              {"xia", "b", "a"},
		"q=ZOO":                  {"a"},
		"q=k%C3%96ln":            {"b"},
		"q=zoo,lee":              {"xia", "a"},
		"q=%22b%C3%A4ckerei,%22": {"b"},
		"q=example.com&q_f=slug": {},
		"q=example.com&q_f=email,slug&o=-created_at": {"a"},
		"q=zoo&q_f=nothing":                          {"a"}, // a field that nothing is looked up in is passed over
		"q=zoo&q_f=":                                 {"a"},
		"q=zoo&q_f=created_at":                       {"a"},
		"q=zoo&q_f=nothing,full_name":                {"a"},
		"q=zoo&q_f=nothing&q_f=%20locality":          {},
		"q=,":                                        {"xia", "b", "a"},
		"q=%00":                                      {},
	} {
		a := s.Get(t, xia, "/api/users/xia/profiles?"+query).Want(200).Is(map[string]any{"count": len(want)})
		for i, slug := range want {
			a.Is(map[string]any{fmt.Sprintf("results.%d.slug", i): slug})
		}
	}
	donny := s.Login(t, "donny")
	for _, path := range []string{"/api/users", "/api/profile"} {
		for query, count := range map[string]int{"q=alice&q_f=zzz": 1, "q=alice&q_f=zzz,locality": 0, "q=alice&q_f=username": 1, "q=alice&q_f=": 1} {
			s.Get(t, donny, path+"?"+query).Want(200).Is(map[string]any{"count": count})
		}
	}
	for _, plan := range []string{"premium", "basic"} {
		s.Post(t, donny, "/api/profile/cowork/plans/"+plan+"/subscriptions", `{"profile":{"slug":"xia"}}`).Want(201)
		s.Clock.Advance(time.Minute)
	}
	s.Get(t, xia, "/api/profile/xia/subscriptions").Want(200).Is(map[string]any{"count": 2, "results.0.plan.slug": "basic", "next": nil})
	s.Get(t, xia, "/api/profile/xia/subscriptions?o=created_at").Want(200).Is(map[string]any{"results.0.plan.slug": "premium"})
	s.Get(t, xia, "/api/profile/xia/subscriptions?q=basic").Want(200).Is(map[string]any{"count": 1, "results.0.plan.title": "Basic"})
	first := s.Get(t, xia, "/api/profile/xia/subscriptions?page_size=1").Want(200).Is(map[string]any{"count": 2, "previous": nil, "results.0.plan.slug": "basic"})
	second := s.Get(t, xia, strings.TrimPrefix(first.Text("next"), facetest.BaseURL)).Want(200).Is(map[string]any{"count": 2, "next": nil, "results.0.plan.slug": "premium"})
	s.Get(t, xia, strings.TrimPrefix(second.Text("previous"), facetest.BaseURL)).Want(200).Is(map[string]any{"results.0.plan.slug": "basic", "previous": nil})
	s.Get(t, xia, "/api/profile/xia/subscriptions/expired?after=nothing").WantJSON(404, `{"detail":"Invalid page."}`)
}

func TestSubscriptionsThatEndedStayInTheProfile(t *testing.T) {
	s := serve(t)
	donny := s.Login(t, "donny")
	const path = "/api/profile/cowork/plans/basic/subscriptions"
	s.Post(t, donny, path, `{"profile":{"slug":"xia"}}`).Want(201).Is(map[string]any{"grant_key": nil, "auto_renew": true})
	s.Clock.Advance(29 * 24 * time.Hour)
	donny = s.Login(t, "donny")
	s.Get(t, donny, "/api/profile/xia/subscriptions").Want(200).Is(map[string]any{"count": 0})
	s.Post(t, donny, path, `{"profile":{"slug":"xia"}}`).Want(201)
	s.Get(t, donny, "/api/profile/xia/subscriptions").Want(200).Is(map[string]any{"count": 1})
	s.Get(t, donny, "/api/profile/xia").Want(200).Is(map[string]any{
		"subscriptions.0.plan.slug": "basic", "subscriptions.1.plan.title": "Basic", "subscriptions.1.ends_at": "2026-02-28T12:00:00Z",
	})
}
