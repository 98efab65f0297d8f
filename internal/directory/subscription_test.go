package directory_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"facet/internal/access"
	"facet/internal/directory"
	"facet/internal/profile"
)

// span is one subscription in the model.
type span struct {
	who, plan  string
	from, to   time.Time
	key        string
	waits      string // "grant", "request", "" when accepted
	unaccepted bool   // it ended while it waited
}

// providers in the model: alice's club and bob's, each with a free plan of a
// week that opts in both ways, and casey who subscribes, beside xia.
type subscriptionModel struct {
	w       *world
	spans   []*span
	plans   map[string]string // plan -> provider
	manager map[string]string // provider -> user
}

func (m *subscriptionModel) as(user string) access.Principal {
	return access.Principal{Subject: m.w.userID(user), Session: profile.ID{9}}
}

func (m *subscriptionModel) current(who, plan string) *span {
	for _, s := range m.spans {
		if s.who == who && s.plan == plan && !s.unaccepted && s.to.After(m.w.clock.Now()) {
			return s
		}
	}
	return nil
}

// begin adds a span; one whose time was over while it waited is unaccepted.
func (m *subscriptionModel) begin(sub directory.Subscription, who, plan, waits string) {
	m.spans = append(m.spans, &span{who: who, plan: plan, from: sub.Created, to: sub.Ends, key: sub.Grant + sub.Request, waits: waits})
}

func TestSubscriptionsFollowAModel(t *testing.T) {
	fewer(t, 30)
	w := newWorld(t)
	m := &subscriptionModel{w: w, plans: map[string]string{}, manager: map[string]string{}}
	round := 0
	rapid.Check(t, func(rt *rapid.T) {
		round++
		m.spans, m.plans, m.manager = nil, map[string]string{}, map[string]string{}
		for _, user := range []string{"alice", "bob"} {
			club, err := w.demo.ConnectProfile(t.Context(), m.as("donny"), user, directory.NewProfile{FullName: fmt.Sprintf("Club %s %d", user, round)})
			if err != nil {
				rt.Fatal(err)
			}
			plan, err := w.demo.CreatePlan(t.Context(), m.as("donny"), club.Slug, directory.PlanTerms{
				Title: fmt.Sprintf("Plan %s %d", user, round), Active: true, PeriodType: "weekly", RequestOptin: true,
			})
			if err != nil {
				rt.Fatal(err)
			}
			m.plans[plan.Slug], m.manager[club.Slug] = club.Slug, user
		}
		plans := make([]string, 0, 2)
		for plan := range m.plans {
			plans = append(plans, plan)
		}
		slices.Sort(plans)
		who, plan := rapid.SampledFrom([]string{"xia", "casey"}), rapid.SampledFrom(plans)
		rt.Repeat(map[string]func(*rapid.T){
			"":        m.check,
			"grant":   func(rt *rapid.T) { m.grant(rt, who.Draw(rt, "who"), plan.Draw(rt, "plan")) },
			"request": func(rt *rapid.T) { m.request(rt, who.Draw(rt, "who"), plan.Draw(rt, "plan")) },
			"accept": func(rt *rapid.T) {
				m.accept(rt, who.Draw(rt, "who"), plan.Draw(rt, "plan"), rapid.Bool().Draw(rt, "by the subscriber"))
			},
			"cancel": func(rt *rapid.T) {
				m.cancel(rt, who.Draw(rt, "who"), plan.Draw(rt, "plan"), rapid.Bool().Draw(rt, "by the subscriber"))
			},
			"wait": func(rt *rapid.T) { w.clock.add(time.Duration(rapid.IntRange(1, 5).Draw(rt, "days")) * 24 * time.Hour) },
		})
		w.clock.add(8 * 24 * time.Hour) // all is over when the next round begins
	})
}

func (m *subscriptionModel) grant(rt *rapid.T, who, plan string) {
	sub, made, err := m.w.demo.GrantSubscription(rt.Context(), m.as(m.manager[m.plans[plan]]), m.plans[plan], plan, directory.Grantee{Slug: who})
	if err != nil {
		rt.Fatal(err)
	}
	if s := m.current(who, plan); s == nil {
		if !made || sub.Grant == "" {
			rt.Fatalf("a first grant: made %v, %+v", made, sub)
		}
		m.begin(sub, who, plan, "grant")
	} else {
		if s.waits == "request" {
			s.waits = ""
		}
		if made || !sub.Created.Equal(s.from) || (sub.Grant != "") != (s.waits == "grant") || sub.Request != "" {
			rt.Fatalf("a second grant: made %v, %+v", made, sub)
		}
	}
}

func (m *subscriptionModel) request(rt *rapid.T, who, plan string) {
	sub, made, err := m.w.demo.RequestSubscription(rt.Context(), m.as(who), who, plan, "")
	if err != nil {
		rt.Fatal(err)
	}
	if s := m.current(who, plan); s == nil {
		if !made || sub.Request == "" {
			rt.Fatalf("a first request: made %v, %+v", made, sub)
		}
		m.begin(sub, who, plan, "request")
	} else {
		if s.waits == "grant" {
			s.waits = ""
		}
		if made || !sub.Created.Equal(s.from) || (sub.Request != "") != (s.waits == "request") {
			rt.Fatalf("a second request: made %v, %+v", made, sub)
		}
	}
}

// accept uses the last key there was, from either side.
func (m *subscriptionModel) accept(rt *rapid.T, who, plan string, bySubscriber bool) {
	i := len(m.spans) - 1
	for ; i >= 0 && (m.spans[i].who != who || m.spans[i].plan != plan); i-- {
	}
	if i < 0 {
		return
	}
	s := m.spans[i]
	side, err := "request", error(nil)
	if bySubscriber {
		side = "grant"
		_, err = m.w.demo.AcceptGrant(rt.Context(), m.as(who), who, s.key)
	} else {
		_, err = m.w.demo.AcceptRequest(rt.Context(), m.as(m.manager[m.plans[plan]]), m.plans[plan], s.key)
	}
	lives := !s.unaccepted && s.to.After(m.w.clock.Now())
	switch {
	case lives && s.waits == side:
		if err != nil {
			rt.Fatalf("accepting: %v", err)
		}
		s.waits = ""
	case !lives || s.waits != "":
		if !profile.IsKind(err, profile.NotFound) {
			rt.Fatalf("accepted from the wrong side, or too late: %+v %v", s, err)
		}
	}
}

func (m *subscriptionModel) cancel(rt *rapid.T, who, plan string, bySubscriber bool) {
	caller, at := m.as(m.manager[m.plans[plan]]), directory.SubscriptionAt{Provider: m.plans[plan], Plan: plan, Profile: who}
	if bySubscriber {
		caller, at.Provider = m.as(who), ""
	}
	if err := m.w.demo.CancelSubscription(rt.Context(), caller, at); err != nil {
		rt.Fatal(err)
	}
	if s := m.current(who, plan); s != nil {
		s.to, s.unaccepted = m.w.clock.Now(), s.waits != ""
	}
}

// check holds every list, and what providers may, against the model.
func (m *subscriptionModel) check(rt *rapid.T) {
	now := m.w.clock.Now()
	for plan, provider := range m.plans {
		want := map[directory.SubscriptionList]int{}
		for _, s := range m.spans {
			if s.plan != plan {
				continue
			}
			want[directory.AllSubscriptions]++
			switch {
			case s.waits != "" || s.unaccepted:
			case s.to.After(now):
				want[directory.RunningSubscriptions]++
			default:
				want[directory.ChurnedSubscriptions]++
			}
		}
		for _, list := range []directory.SubscriptionList{directory.RunningSubscriptions, directory.ChurnedSubscriptions, directory.AllSubscriptions} {
			got, err := m.w.demo.ProvidedSubscriptions(rt.Context(), m.as(m.manager[provider]), provider, directory.ProvidedQuery{
				Plan: plan, List: list, Window: directory.Window{Max: 1000},
			})
			if err != nil || len(got.Items) != want[list] || int(got.Count) != want[list] {
				rt.Fatalf("%s, list %q: %d of %d, want %d (%v)", plan, list, len(got.Items), got.Count, want[list], err)
			}
		}
		for _, who := range []string{"xia", "casey"} {
			s := m.current(who, plan)
			if n := len(slices.DeleteFunc(slices.Clone(m.spans), func(o *span) bool {
				return o.who != who || o.plan != plan || o.unaccepted || !o.to.After(now)
			})); n > 1 {
				rt.Fatalf("%d current subscriptions", n)
			}
			may := m.w.demo.MayProfile(rt.Context(), access.ProfileRead, m.as(m.manager[provider]), who) == nil
			if want := s != nil && s.waits == ""; may != want {
				rt.Fatalf("%s reads %s: %v, want %v", provider, who, may, want)
			}
		}
	}
	for _, who := range []string{"xia", "casey"} {
		here, err := m.w.demo.Subscriptions(rt.Context(), m.as(who), who, directory.ProvidedQuery{Window: directory.Window{Max: 10}})
		if err != nil {
			rt.Fatal(err)
		}
		want := 0
		for plan := range m.plans {
			if m.current(who, plan) != nil {
				want++
			}
		}
		if len(here.Items) != want {
			rt.Fatalf("%s has %d subscriptions, want %d", who, len(here.Items), want)
		}
	}
}
