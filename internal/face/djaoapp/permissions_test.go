package djaoapp_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"facet/internal/access"
	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/face/djaoapp"
	"facet/internal/facetest"
	"facet/internal/store/storetest"
)

// Who calls, in the columns of the table below (DjaoApp, "Accounts, roles and
// subscriptions"). The profile asked for is an organization; the user asked for
// is one of its contributors.
var casting = []string{
	"anonymous",
	"stranger",
	"self",        // the user asked for, a contributor of the organization
	"contributor", // another one
	"manager",     // of the organization
	"pending",     // manages a provider whose subscription waits to be accepted
	"ended",       // manages a provider whose subscription is over
	"staff",       // contributor of a provider with an active subscription
	"provider",    // manager there
	"brokerstaff", // contributor of the organization that owns the site
	"broker",      // manager there
}

// mayDo tells for every permission of the face who has it. An ended
// subscription gives nothing (W12), nor does one that was never accepted.
var mayDo = map[access.Permission]string{
	//                              anon str self cont mgr pend end staff prov bstaff broker
	access.Open:                "yes  yes yes  yes  yes yes  yes yes   yes  yes    yes",
	access.PricingRead:         "yes  yes yes  yes  yes yes  yes yes   yes  yes    yes",
	access.SessionStart:        "yes  yes yes  yes  yes yes  yes yes   yes  yes    yes",
	access.SessionEnd:          "yes  yes yes  yes  yes yes  yes yes   yes  yes    yes",
	access.SessionRead:         "no   yes yes  yes  yes yes  yes yes   yes  yes    yes",
	access.SessionRenew:        "no   yes yes  yes  yes yes  yes yes   yes  yes    yes",
	access.SessionRevoke:       "no   yes yes  yes  yes yes  yes yes   yes  yes    yes",
	access.AgreementSign:       "no   yes yes  yes  yes yes  yes yes   yes  yes    yes",
	access.AccountSearch:       "no   yes yes  yes  yes yes  yes yes   yes  yes    yes",
	access.ProfileShadow:       "no   yes yes  yes  yes yes  yes yes   yes  yes    yes",
	access.AgreementRead:       "no   no  no   no   no  no   no  no    no   yes    yes",
	access.AgreementWrite:      "no   no  no   no   no  no   no  no    no   no     yes",
	access.ProfileList:         "no   no  no   no   no  no   no  no    no   yes    yes",
	access.ContactRead:         "no   no  no   no   no  no   no  no    no   yes    yes",
	access.ContactWrite:        "no   no  no   no   no  no   no  no    no   no     yes",
	access.ReportRead:          "no   no  no   no   no  no   no  no    no   yes    yes",
	access.UserRead:            "no   no  yes  yes  yes no   no  yes   yes  yes    yes",
	access.UserProfiles:        "no   no  yes  yes  yes no   no  yes   yes  yes    yes",
	access.AccessibleRead:      "no   no  yes  yes  yes no   no  yes   yes  yes    yes",
	access.UserActivate:        "no   no  yes  no   yes no   no  no    yes  no     yes",
	access.UserPicture:         "no   no  yes  no   yes no   no  no    yes  no     yes",
	access.UserWrite:           "no   no  yes  no   no  no   no  no    no   no     yes",
	access.UserErase:           "no   no  yes  no   no  no   no  no    no   no     yes",
	access.UserSecret:          "no   no  yes  no   no  no   no  no    no   no     yes",
	access.ProfileConnect:      "no   no  yes  no   no  no   no  no    no   no     yes",
	access.AccessibleWrite:     "no   no  yes  no   no  no   no  no    no   no     yes",
	access.AccessibleAccept:    "no   no  yes  no   no  no   no  no    no   no     no",
	access.ProfileRead:         "no   no  yes  yes  yes no   no  yes   yes  yes    yes",
	access.SubscriptionOf:      "no   no  yes  yes  yes no   no  yes   yes  yes    yes",
	access.RoleRead:            "no   no  yes  yes  yes no   no  yes   yes  yes    yes",
	access.PlanRead:            "no   no  yes  yes  yes no   no  no    no   yes    yes",
	access.SubscriberRead:      "no   no  yes  yes  yes no   no  no    no   yes    yes",
	access.RoleTypeRead:        "no   no  yes  yes  yes no   no  no    no   yes    yes",
	access.NoteRead:            "no   no  no   no   no  no   no  yes   yes  yes    yes",
	access.NoteWrite:           "no   no  no   no   no  no   no  no    yes  no     yes",
	access.ProfileWrite:        "no   no  no   no   yes no   no  no    yes  no     yes",
	access.SubscriptionWrite:   "no   no  no   no   yes no   no  no    yes  no     yes",
	access.RoleWrite:           "no   no  no   no   yes no   no  no    no   no     yes",
	access.ProfileErase:        "no   no  no   no   yes no   no  no    no   no     yes",
	access.PlanWrite:           "no   no  no   no   yes no   no  no    no   no     yes",
	access.PlanGrant:           "no   no  no   no   yes no   no  no    no   no     yes",
	access.SubscriberWrite:     "no   no  no   no   yes no   no  no    no   no     yes",
	access.RoleTypeWrite:       "no   no  no   no   yes no   no  no    no   no     yes",
	access.SubscriptionRequest: "no   no  no   no   yes no   no  no    no   no     no",
	access.SubscriptionAccept:  "no   no  no   no   yes no   no  no    no   no     no",
}

// onShadow is what differs where nobody has a role on the profile: nobody is
// its manager or contributor, providers and the broker look after it.
var onShadow = map[access.Permission]string{
	access.ProfileRead:         "no   no  no   no   no  no   no  yes   yes  yes    yes",
	access.SubscriptionOf:      "no   no  no   no   no  no   no  yes   yes  yes    yes",
	access.RoleRead:            "no   no  no   no   no  no   no  yes   yes  yes    yes",
	access.PlanRead:            "no   no  no   no   no  no   no  no    no   yes    yes",
	access.SubscriberRead:      "no   no  no   no   no  no   no  no    no   yes    yes",
	access.RoleTypeRead:        "no   no  no   no   no  no   no  no    no   yes    yes",
	access.ProfileWrite:        "no   no  no   no   no  no   no  no    yes  no     yes",
	access.SubscriptionWrite:   "no   no  no   no   no  no   no  no    yes  no     yes",
	access.RoleWrite:           "no   no  no   no   no  no   no  no    yes  no     yes",
	access.ProfileErase:        "no   no  no   no   no  no   no  no    yes  no     yes",
	access.PlanWrite:           "no   no  no   no   no  no   no  no    no   no     yes",
	access.PlanGrant:           "no   no  no   no   no  no   no  no    no   no     yes",
	access.SubscriberWrite:     "no   no  no   no   no  no   no  no    no   no     yes",
	access.RoleTypeWrite:       "no   no  no   no   no  no   no  no    no   no     yes",
	access.SubscriptionRequest: "no   no  no   no   no  no   no  no    no   no     yes",
	access.SubscriptionAccept:  "no   no  no   no   no  no   no  no    no   no     yes",
}

// onPerson is what differs where the profile is that of the user asked for:
// others may be its managers and contributors, too, but not erase the person.
var onPerson = map[access.Permission]string{
	access.ProfileRead:         "no   no  yes  yes  yes no   no  yes   yes  yes    yes",
	access.SubscriptionOf:      "no   no  yes  yes  yes no   no  yes   yes  yes    yes",
	access.RoleRead:            "no   no  yes  yes  yes no   no  yes   yes  yes    yes",
	access.PlanRead:            "no   no  yes  yes  yes no   no  no    no   yes    yes",
	access.SubscriberRead:      "no   no  yes  yes  yes no   no  no    no   yes    yes",
	access.RoleTypeRead:        "no   no  yes  yes  yes no   no  no    no   yes    yes",
	access.ProfileWrite:        "no   no  yes  no   yes no   no  no    yes  no     yes",
	access.SubscriptionWrite:   "no   no  yes  no   yes no   no  no    yes  no     yes",
	access.RoleWrite:           "no   no  yes  no   yes no   no  no    no   no     yes",
	access.ProfileErase:        "no   no  yes  no   no  no   no  no    no   no     yes",
	access.PlanWrite:           "no   no  yes  no   yes no   no  no    no   no     yes",
	access.PlanGrant:           "no   no  yes  no   yes no   no  no    no   no     yes",
	access.SubscriberWrite:     "no   no  yes  no   yes no   no  no    no   no     yes",
	access.RoleTypeWrite:       "no   no  yes  no   yes no   no  no    no   no     yes",
	access.SubscriptionRequest: "no   no  yes  no   yes no   no  no    no   no     no",
	access.SubscriptionAccept:  "no   no  yes  no   yes no   no  no    no   no     no",
}

// onBroker is what differs for the organization that owns the site: who manages
// another profile, or a provider of this one, is a stranger.
var onBroker = map[access.Permission]string{
	access.ProfileRead:         "no   no  no   no   no  no   no  no    no   yes    yes",
	access.SubscriptionOf:      "no   no  no   no   no  no   no  no    no   yes    yes",
	access.RoleRead:            "no   no  no   no   no  no   no  no    no   yes    yes",
	access.PlanRead:            "no   no  no   no   no  no   no  no    no   yes    yes",
	access.SubscriberRead:      "no   no  no   no   no  no   no  no    no   yes    yes",
	access.RoleTypeRead:        "no   no  no   no   no  no   no  no    no   yes    yes",
	access.ProfileWrite:        "no   no  no   no   no  no   no  no    no   no     yes",
	access.SubscriptionWrite:   "no   no  no   no   no  no   no  no    no   no     yes",
	access.RoleWrite:           "no   no  no   no   no  no   no  no    no   no     yes",
	access.ProfileErase:        "no   no  no   no   no  no   no  no    no   no     yes",
	access.PlanWrite:           "no   no  no   no   no  no   no  no    no   no     yes",
	access.PlanGrant:           "no   no  no   no   no  no   no  no    no   no     yes",
	access.SubscriberWrite:     "no   no  no   no   no  no   no  no    no   no     yes",
	access.RoleTypeWrite:       "no   no  no   no   no  no   no  no    no   no     yes",
	access.SubscriptionRequest: "no   no  no   no   no  no   no  no    no   no     yes",
	access.SubscriptionAccept:  "no   no  no   no   no  no   no  no    no   no     yes",
}

// targets are the profiles asked for, each with its table.
// A community is a profile as an organization is.
var targets = map[string]map[access.Permission]string{"target": mayDo, "club": mayDo, "shadow": onShadow, "self": onPerson, "cowork": onBroker}

// cast makes the people and profiles of the table: the organization "target",
// the shadow profile "shadow", the user "self", who is a personal profile. The
// organization that owns the site is "cowork". They are made once.
func cast(t *testing.T) *facetest.Service {
	t.Helper()
	castOnce.Do(func() { castSeed = makeCast(t).Keep(t) })
	s := facetest.From(t, castSeed, djaoapp.New())
	s.Watch = facetest.NewContract(t, "djaoapp").Check
	return s
}

var (
	castOnce sync.Once
	castSeed facetest.Seed
)

func makeCast(t *testing.T) *facetest.Service {
	t.Helper()
	s := serve(t)
	tokens := map[string]string{"broker": s.Login(t, "donny")}
	for _, name := range casting[1 : len(casting)-1] {
		tokens[name] = register(t, s, name, "type", "personal")
	}
	own := func(user, slug string) {
		s.Post(t, tokens[user], "/api/users/"+user+"/profiles", map[string]string{"slug": slug, "full_name": slug}).Want(201)
	}
	staff := func(user, on, manager string) {
		s.Post(t, tokens[user], "/api/users/"+user+"/accessibles", map[string]string{"slug": on}).Want(201)
		s.Post(t, tokens[manager], "/api/profile/"+on+"/roles/contributor", map[string]string{"slug": user}).Want(200)
	}
	own("manager", "target")
	leader, err := s.Site.Authenticate(t.Context(), tokens["manager"])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Site.CreateCommunity(t.Context(), leader, directory.NewCommunity{IDTag: "club@localhost.localdomain", Name: "Club"}); err != nil {
		t.Fatal(err)
	}
	s.Post(t, tokens["broker"], "/api/accounts/profiles", `{"slug":"shadow","full_name":"Shadow","email":"shadow@example.com"}`).Want(201)
	staff("self", "target", "manager")
	staff("contributor", "target", "manager")
	staff("self", "club", "manager")
	staff("contributor", "club", "manager")
	staff("contributor", "self", "self")
	s.Post(t, tokens["manager"], "/api/users/manager/accessibles/manager", `{"slug":"self"}`).Want(201)
	s.Post(t, tokens["self"], "/api/profile/self/roles/manager", `{"slug":"manager"}`).Want(200)
	staff("brokerstaff", "cowork", "broker")
	for _, name := range []string{"pending", "ended", "provider"} {
		own(name, "house-"+name)
		addPlan(t, s, "house-"+name, "plan-"+name, false)
	}
	staff("staff", "house-provider", "provider")
	subscribe := func(provider string, accept bool) {
		for slug, token := range map[string]string{"target": tokens["manager"], "club": tokens["manager"], "shadow": tokens["broker"], "self": tokens["self"], "cowork": tokens["broker"]} {
			s.Post(t, tokens[provider], "/api/profile/house-"+provider+"/plans/plan-"+provider+"/subscriptions", map[string]any{"profile": map[string]string{"slug": slug}}).Want(201)
			if accept {
				url := s.Get(t, token, "/api/profile/"+slug+"/subscriptions").Want(200).Text("results.0.accept_grant_api_url")
				s.Post(t, token, strings.TrimPrefix(url, facetest.BaseURL), nil).Want(200)
			}
		}
	}
	subscribe("ended", true)
	s.Clock.Advance(25 * time.Hour)
	for _, name := range []string{"self", "manager", "provider", "pending"} {
		tokens[name] = s.Login(t, name)
	}
	tokens["broker"] = s.Login(t, "donny")
	subscribe("provider", true)
	subscribe("pending", false)
	return s
}

// tried is a request of a route that tells by its answer whether the caller may,
// and changes nothing: a body that cannot be read, or a thing that is not there.
func tried(r face.Route, profile string) facetest.Call {
	pattern := strings.Replace(r.Pattern, "/api/profile/{profile}", "/api/profile/"+profile, 1)
	pattern = strings.Replace(pattern, "/api/activities/{profile}", "/api/activities/"+profile, 1)
	pattern = strings.Replace(pattern, "/api/users/{user}", "/api/users/self", 1)
	pattern = strings.Replace(pattern, "/api/contacts/{user}", "/api/contacts/self", 1)
	path := strings.NewReplacer("{user}", "nobody", "{profile}", "nowhere", "{plan}", "nothing", "{subscriber}", "nobody",
		"{key}", strings.Repeat("a", 40), "{agreement}", "nothing", "{role}", "manager").Replace(pattern)
	c := facetest.Call{Method: r.Method, Path: path}
	if r.Method != http.MethodGet { // manager is not the profile's own to change
		c.Path = strings.Replace(c.Path, "/describe/manager", "/describe/nothing", 1)
	}
	if r.Method != http.MethodGet && r.Method != http.MethodDelete {
		c.Body = `{"a":`
	}
	return c
}

// undoes are the routes that change something whatever is sent.
func undoes(r face.Route) bool {
	switch r.Method + " " + r.Pattern {
	case "DELETE /api/profile/{profile}", "DELETE /api/users/{user}", "DELETE /api/users/{user}/password", "DELETE /api/auth/tokens", "POST /api/auth/logout":
		return true
	}
	return false
}

func TestW12EveryCallerOnEveryRoute(t *testing.T) {
	s := cast(t)
	s.Watch = nil
	tokens := map[string]string{}
	for _, name := range casting[1:] {
		tokens[name] = s.Login(t, map[bool]string{true: "donny", false: name}[name == "broker"])
	}
	cell := 0
	for profile, table := range targets {
		for _, r := range djaoapp.New().Routes() {
			row, ok := mayDo[r.Permission]
			if !ok {
				t.Errorf("%s %s: the table does not tell who has %q", r.Method, r.Pattern, r.Permission)
				continue
			}
			if profile != "target" {
				if !strings.HasPrefix(r.Pattern, "/api/profile/{profile}") {
					continue
				}
				row = table[r.Permission]
			}
			may := strings.Fields(row)
			for i, who := range casting {
				if may[i] == "yes" && undoes(r) {
					continue // in the test after this one
				}
				if cell++; storetest.Reduced() && cell%7 > 0 {
					continue
				}
				c := tried(r, profile)
				c.Token = tokens[who]
				a := s.Do(t, c)
				what := fmt.Sprintf("%s (%s): %s, %s", r.Permission, c.Method+" "+c.Path, profile, who)
				switch {
				case a.Status >= 500:
					t.Errorf("%s: %d %s", what, a.Status, a.Body)
				case may[i] == "yes" && a.Status == http.StatusForbidden:
					t.Errorf("%s is refused: %s", what, a.Body)
				case may[i] != "yes" && (a.Status != http.StatusForbidden || string(a.Body) != denied):
					t.Errorf("%s is not refused: %d %s", what, a.Status, a.Body)
				}
			}
		}
	}
}

func TestWhoMayUndoMay(t *testing.T) {
	cell := 0
	for _, r := range djaoapp.New().Routes() {
		if !undoes(r) {
			continue
		}
		profiles := []string{"target"}
		if r.Pattern == "/api/profile/{profile}" {
			profiles = append(profiles, "club", "shadow", "self")
		}
		for _, profile := range profiles {
			row := targets[profile][r.Permission]
			if strings.HasPrefix(r.Pattern, "/api/auth/") { // one's own session: no relation tells
				row = "no   yes"
			}
			for i, may := range strings.Fields(row) {
				if may != "yes" {
					continue
				}
				if cell++; storetest.Reduced() && cell%4 > 0 {
					continue
				}
				who := casting[i]
				if who == "broker" {
					who = "donny"
				}
				s := cast(t)
				c := tried(r, profile)
				c.Body, c.Token = nil, s.Login(t, who)
				if a := s.Do(t, c); a.Status != http.StatusOK && a.Status != http.StatusNoContent {
					t.Errorf("%s: %s %s by %s: %d %s", r.Permission, c.Method, c.Path, who, a.Status, a.Body)
				}
			}
		}
	}
}

func TestThePermissionTableHasNoRowTooMany(t *testing.T) {
	used := map[access.Permission]bool{}
	for _, r := range djaoapp.New().Routes() {
		used[r.Permission] = true
	}
	for p, row := range mayDo {
		if !used[p] {
			t.Errorf("no route asks for %q", p)
		}
		if n := len(strings.Fields(row)); n != len(casting) {
			t.Errorf("%q: %d cells for %d callers", p, n, len(casting))
		}
		if rule, ok := access.RuleOf(p); ok && rule.Anyone != (strings.Fields(row)[0] == "yes") {
			t.Errorf("%q: the table and the rule differ about nobody", p)
		}
	}
}
