package djaoapp_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"facet/internal/facetest"
)

// walk follows a list from its first page to its last and back, and gives the
// texts at a path of its items.
func walk(t *testing.T, s *facetest.Service, token, path, at string, size int) (forth, back []string) {
	t.Helper()
	items := func(a facetest.Answer) (out []string) {
		results, _ := a.At("results")
		for i := range results.([]any) {
			out = append(out, a.Text(fmt.Sprintf("results.%d.%s", i, at)))
		}
		return out
	}
	sep := "?"
	if strings.Contains(path, "?") {
		sep = "&"
	}
	follow := func(from, link string, add func([]string)) {
		for path := from; path != ""; {
			a := s.Get(t, token, path).Want(200)
			add(items(a))
			next, _ := a.At(link)
			path = ""
			if next != nil {
				path = strings.TrimPrefix(next.(string), facetest.BaseURL)
			}
		}
	}
	path += fmt.Sprintf("%spage_size=%d", sep, size)
	follow(path, "next", func(page []string) { forth = append(forth, page...) })
	follow(path+"&page=last", "previous", func(page []string) { back = append(page, back...) })
	return forth, back
}

func TestListsOfNotesPlansAndProfilesAreFollowedBothWays(t *testing.T) {
	s := serve(t)
	donny := s.Login(t, "donny")
	var notes, plans, profiles, dates []string
	for i := range 9 {
		s.Clock.Advance(time.Minute)
		text := fmt.Sprintf("call %d", i)
		if i%2 == 0 {
			s.Post(t, donny, "/api/activities/cowork", map[string]string{"text": text, "contact": "xia"}).Want(201)
		} else {
			s.Post(t, donny, "/api/contacts/xia/activities", map[string]string{"text": text, "account": "cowork"}).Want(201)
		}
		notes = append(notes, text)
		plan := s.Post(t, donny, "/api/profile/cowork/plans", fmt.Sprintf(`{"title":"Plan %d","is_active":%t}`, i, i%3 > 0)).Want(201)
		if plans = append(plans, plan.Text("slug")); i%3 == 0 {
			plans = plans[:len(plans)-1]
		}
		made := s.Post(t, donny, "/api/users/xia/profiles", fmt.Sprintf(`{"full_name":"Team %d"}`, i)).Want(201)
		profiles, dates = append(profiles, made.Text("slug")), append(dates, made.Text("created_at"))
	}
	down := slices.Clone(notes)
	slices.Reverse(down)
	profiles = append([]string{"xia"}, profiles...)
	active, passive := slices.Concat([]string{"premium", "basic"}, plans), []string{"plan-0", "plan-3", "plan-6"}
	backwards := slices.Clone(active)
	slices.Reverse(backwards)
	for _, c := range []struct {
		path, at string
		want     []string
	}{
		{"/api/activities/cowork", "text", down},
		{"/api/contacts/xia/activities", "text", down},
		{"/api/contacts/xia/activities?o=created_at", "text", notes},
		{"/api/contacts/xia/activities?o=-created_at", "text", down},
		{"/api/contacts/xia/activities?q=call%207,call%208", "text", []string{"call 8", "call 7"}},
		{"/api/users/xia/profiles", "slug", profiles},
		{"/api/users/xia/profiles?o=-full_name&q=team", "slug", reversed(profiles[1:])},
		{"/api/users/xia/profiles?start_at=" + dates[3] + "&ends_at=" + dates[5], "slug", profiles[4:6]},
		{"/api/profile/cowork/plans?active=1", "slug", active},
		{"/api/profile/cowork/plans?active=0", "slug", passive},
		{"/api/profile/cowork/plans?active=true&o=-created_at", "slug", backwards},
		{"/api/profile/cowork/plans?active=true&o=created_at", "slug", active},
		{"/api/profile/cowork/plans?q=plan%203", "slug", []string{"plan-3"}},
		{"/api/pricing", "slug", active},
	} {
		for _, size := range []int{1, 2, 4, 50} {
			forth, back := walk(t, s, donny, c.path, c.at, size)
			if !slices.Equal(forth, c.want) || !slices.Equal(back, c.want) {
				t.Errorf("%s by %d:\nforth %v\n back %v\n want %v", c.path, size, forth, back, c.want)
			}
		}
		s.Get(t, donny, c.path).Want(200).Is(map[string]any{"count": len(c.want)})
	}
	for _, path := range []string{"/api/activities/cowork", "/api/users/xia/profiles", "/api/profile/cowork/plans", "/api/pricing"} {
		for _, bad := range []string{"after=x", "before=x", "page=99", "page=0", "after=AAAA"} {
			s.Get(t, donny, path+"?"+bad).WantJSON(404, `{"detail":"Invalid page."}`)
		}
		if a := s.Get(t, donny, path+"?page_size=2").Text("next"); !strings.Contains(a, "after=") {
			t.Errorf("%s is not followed by place: %s", path, a)
		}
		s.Get(t, donny, path+"?start_at=yesterday").Want(400)
	}
}

func reversed(in []string) []string {
	out := slices.Clone(in)
	slices.Reverse(out)
	return out
}

// A note goes, with its place on every list, when either whom it names is
// erased.
func TestNotesLeaveAllListsWithWhomTheyName(t *testing.T) {
	s := serve(t)
	donny := s.Login(t, "donny")
	s.Post(t, donny, "/api/accounts/profiles", `{"slug":"shop","full_name":"Shop"}`).Want(201)
	for range 3 {
		s.Post(t, donny, "/api/activities/shop", `{"text":"about both","contact":"xia"}`).Want(201)
		s.Post(t, donny, "/api/contacts/alice/activities", `{"text":"about both","account":"shop"}`).Want(201)
		s.Post(t, donny, "/api/activities/xia", `{"text":"of herself","contact":"xia"}`).Want(201)
	}
	s.Get(t, donny, "/api/activities/shop").Want(200).Is(map[string]any{"count": 6})
	s.Get(t, donny, "/api/activities/xia").Want(200).Is(map[string]any{"count": 3})
	s.Get(t, donny, "/api/contacts/xia/activities").Want(200).Is(map[string]any{"count": 6})
	s.Delete(t, donny, "/api/users/xia").Want(204)
	s.Get(t, donny, "/api/activities/shop").Want(200).Is(map[string]any{"count": 3})
	s.Delete(t, donny, "/api/profile/shop").Want(204)
	s.Get(t, donny, "/api/contacts/alice/activities").Want(200).Is(map[string]any{"count": 0})
}
