package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"pgregory.net/rapid"
)

// The writes of the household API, and how it shows a person's account.

// member is a household profile.
type member struct {
	id, name  string
	child     bool
	limit     any // int, or nil: none
	isDefault bool
}

// Names that meet, those of the default profiles too.
var drawMember = rapid.SampledFrom([]string{"Dad", " dad ", "Mia  Mae", "mia mae", "ANN", "Zoë", "O'Neil"})

var drawLimit = rapid.SampledFrom([]any{nil, 0, 7, 12, 16, 18, 21})

func (x *thing) householdPath() string { return "/api/users/v1/users/" + x.id + "/user_profiles" }

// firstMember is the default profile that everybody has, named by the given
// name at the time, else by the first of their names.
func (s *site) firstMember(d drawn, x *thing) {
	d.Helper()
	name := "Default"
	if words := strings.Fields(x.display); x.given != "" {
		name = x.given
	} else if len(words) > 0 {
		name = words[0]
	}
	all := s.do(d, http.MethodGet, s.operator, x.householdPath(), nil).Want(http.StatusOK).Is(map[string]any{"meta.count": 1})
	x.members = []*member{{id: all.Text("data.0.id"), name: name, isDefault: true}}
}

func sameMember(a, b string) bool {
	return strings.EqualFold(strings.Join(strings.Fields(a), " "), strings.Join(strings.Fields(b), " "))
}

// memberNamed is another household profile than m with the name, nil: none.
func (x *thing) memberNamed(name string, m *member) *member {
	for _, other := range x.members {
		if other != m && sameMember(other.name, name) {
			return other
		}
	}
	return nil
}

func (x *thing) makeDefault(m *member) {
	for _, other := range x.members {
		other.isDefault = other == m
	}
}

// years is an age limit; without one there are all of them.
func years(limit any) int {
	if n, ok := limit.(int); ok {
		return n
	}
	return 100
}

// pickMember draws one of somebody's household profiles.
func (s *site) pickMember(d drawn) (*thing, *member) {
	x := s.pick(d, isUser, isSignedIn)
	if x == nil {
		return nil, nil
	}
	return x, rapid.SampledFrom(x.members).Draw(d.rt, "profile")
}

func (m *member) GoString() string { return m.name }

func stepAddMember(d drawn, s *site) {
	x := s.pick(d, isUser, isSignedIn)
	if x == nil {
		return
	}
	m := &member{
		name: drawMember.Draw(d.rt, "name"), child: rapid.Bool().Draw(d.rt, "child"), limit: drawLimit.Draw(d.rt, "limit"),
		isDefault: rapid.IntRange(0, 3).Draw(d.rt, "default") == 0,
	}
	answer := s.do(d, http.MethodPost, x.token, x.householdPath(), map[string]any{
		"name": m.name, "is_child_profile": m.child, "age_limit": m.limit, "is_default": m.isDefault,
	})
	if m.child && m.limit == nil {
		m.limit = 12
	}
	switch {
	case m.child && years(m.limit) >= 18:
		answer.Want(http.StatusUnprocessableEntity)
	case m.child && m.isDefault, x.memberNamed(m.name, nil) != nil, len(x.members) == 10:
		answer.Want(http.StatusConflict)
	default:
		m.id, m.name = answer.Want(http.StatusCreated).Text("data.0.id"), strings.TrimSpace(m.name)
		if x.members = append(x.members, m); m.isDefault {
			x.makeDefault(m)
		}
	}
	s.agrees(d, x)
}

func stepRenameMember(d drawn, s *site) {
	x, m := s.pickMember(d)
	if x == nil {
		return
	}
	name := drawMember.Draw(d.rt, "name")
	answer := s.do(d, http.MethodPatch, x.token, x.householdPath()+"/"+m.id, map[string]any{"name": name})
	if x.memberNamed(name, m) != nil {
		answer.Want(http.StatusConflict)
	} else {
		answer.Want(http.StatusOK)
		m.name = strings.TrimSpace(name)
	}
	s.agrees(d, x)
}

func stepDefaultMember(d drawn, s *site) {
	x, m := s.pickMember(d)
	if x == nil {
		return
	}
	on := rapid.IntRange(0, 3).Draw(d.rt, "on") > 0
	answer := s.do(d, http.MethodPatch, x.token, x.householdPath()+"/"+m.id, map[string]any{"is_default": on})
	switch {
	case on && m.child, !on && m.isDefault: // there is always one
		answer.Want(http.StatusConflict)
	default:
		if answer.Want(http.StatusOK); on {
			x.makeDefault(m)
		}
	}
	s.agrees(d, x)
}

// stepLimitMember changes what a household profile may see. What is a child's
// becomes more only with the password.
func stepLimitMember(d drawn, s *site) {
	x, m := s.pickMember(d)
	if x == nil {
		return
	}
	child, limit := rapid.Bool().Draw(d.rt, "child"), drawLimit.Draw(d.rt, "limit")
	proof := x.password && rapid.Bool().Draw(d.rt, "proof")
	body := map[string]any{"is_child_profile": child, "age_limit": limit}
	if proof {
		body["password"] = operatorPassword
	}
	answer := s.do(d, http.MethodPatch, x.token, x.householdPath()+"/"+m.id, body)
	if child && limit == nil {
		limit = 12
	}
	switch {
	case child && years(limit) >= 18:
		answer.Want(http.StatusUnprocessableEntity)
	case child && m.isDefault:
		answer.Want(http.StatusConflict)
	case m.child && !proof && (!child || years(limit) > years(m.limit)):
		answer.Want(http.StatusForbidden)
	default:
		answer.Want(http.StatusOK)
		m.child, m.limit = child, limit
	}
	s.agrees(d, x)
}

func stepRemoveMember(d drawn, s *site) {
	x, m := s.pickMember(d)
	if x == nil {
		return
	}
	path := x.householdPath() + "/" + m.id
	answer := s.do(d, http.MethodDelete, x.token, path, nil)
	if m.isDefault {
		answer.Want(http.StatusConflict)
	} else {
		answer.Want(http.StatusNoContent)
		x.members = slices.DeleteFunc(x.members, func(other *member) bool { return other == m })
		s.do(d, http.MethodGet, x.token, path, nil).Want(http.StatusNotFound)
	}
	s.agrees(d, x)
}

// agreesInHousehold reads an account: the default profile first, then the
// others in the order of their making. Nobody else has it.
func (s *site) agreesInHousehold(d drawn, x *thing) {
	d.Helper()
	in := slices.Clone(x.members)
	slices.SortStableFunc(in, func(a, b *member) int {
		switch {
		case a.isDefault == b.isDefault:
			return 0
		case a.isDefault:
			return -1
		}
		return 1
	})
	want := map[string]any{"meta.count": len(in)}
	for i, m := range in {
		at := fmt.Sprintf("data.%d.", i)
		want[at+"id"], want[at+"attributes.user_id"] = m.id, json.Number(x.id)
		want[at+"attributes.name"], want[at+"attributes.is_default"] = m.name, m.isDefault
		want[at+"attributes.is_child_profile"], want[at+"attributes.age_limit"] = m.child, m.limit
	}
	s.do(d, http.MethodGet, s.operator, x.householdPath(), nil).Want(http.StatusOK).Is(want)
	s.do(d, http.MethodGet, s.operator, "/api/users/v1/users/"+x.uuid+"/user_profiles", nil).Want(http.StatusOK).Is(want)
	if x.token != "" {
		s.do(d, http.MethodGet, x.token, x.householdPath(), nil).Want(http.StatusOK).Is(want)
	}
	for _, y := range s.sorted() {
		if y != x && y.token != "" {
			s.do(d, http.MethodGet, y.token, x.householdPath(), nil).Want(http.StatusNotFound)
			return // one will do
		}
	}
}
