package djaoapp_test

import (
	"fmt"
	"testing"
	"time"

	"facet/internal/facetest"
	"facet/internal/store/storetest"
)

// roleState is a state a user can be in towards an organization, and what may be
// done from there. Each has a user and an organization of its own, whose manager
// is xia.
type roleState struct {
	name  string
	setup []string // of the words below
	lists [3]int   // active, invited, requested accessibles
	reads bool     // the user may read the organization

	grant    int  // xia grants contributor
	request  int  // the user asks for contributor
	leave    int  // the user leaves
	remove   int  // xia removes the user
	afterAsk bool // the user may read the organization then
}

var roleStates = []roleState{
	{name: "nothing", grant: 201, request: 201, leave: 404, remove: 404},
	{name: "active contributor", setup: []string{"invite contributor", "accept"}, lists: [3]int{1, 0, 0}, reads: true,
		grant: 200, request: 200, leave: 204, remove: 204, afterAsk: true},
	{name: "active manager", setup: []string{"invite manager", "accept"}, lists: [3]int{1, 0, 0}, reads: true,
		grant: 200, request: 200, leave: 204, remove: 204, afterAsk: true},
	{name: "invited contributor", setup: []string{"invite contributor"}, lists: [3]int{0, 1, 0},
		grant: 200, request: 200, leave: 204, remove: 204, afterAsk: true},
	{name: "invited manager", setup: []string{"invite manager"}, lists: [3]int{0, 1, 0},
		grant: 200, request: 200, leave: 204, remove: 204},
	{name: "requested, with a type", setup: []string{"ask contributor"}, lists: [3]int{0, 0, 1},
		grant: 200, request: 200, leave: 204, remove: 204},
	{name: "requested, without", setup: []string{"ask"}, lists: [3]int{0, 0, 1},
		grant: 200, request: 200, leave: 204, remove: 204},
	{name: "active, and asks for more", setup: []string{"invite contributor", "accept", "ask manager"}, lists: [3]int{1, 0, 1}, reads: true,
		grant: 200, request: 200, leave: 204, remove: 204, afterAsk: true},
	{name: "invited, and asks for more", setup: []string{"invite contributor", "ask manager"}, lists: [3]int{0, 1, 1},
		grant: 200, request: 200, leave: 204, remove: 204, afterAsk: true},
	{name: "removed", setup: []string{"invite contributor", "accept", "leave"}, grant: 201, request: 201, leave: 404, remove: 404},
	{name: "declined", setup: []string{"invite contributor", "leave"}, grant: 201, request: 201, leave: 404, remove: 404},
	{name: "denied", setup: []string{"ask", "remove"}, grant: 201, request: 201, leave: 404, remove: 404},
}

func TestEveryStateOfARoleTowardsEveryCall(t *testing.T) {
	for n, action := range []string{"grant", "request", "leave", "remove", "none"} {
		t.Run(action, func(t *testing.T) {
			s := serve(t)
			xia := s.Login(t, "xia")
			for i, row := range roleStates {
				if storetest.Reduced() && (i+n)%4 > 0 {
					continue
				}
				s.Clock.Advance(time.Minute) // quotas are by the minute
				row.run(t, s, xia, i, action)
			}
		})
	}
}

func (row *roleState) run(t *testing.T, s *facetest.Service, xia string, i int, action string) {
	t.Helper()
	user, org := fmt.Sprintf("user%d", i), fmt.Sprintf("org%d", i)
	token := register(t, s, user)
	connect(t, s, xia, "xia", org)
	mine, theirs := "/api/users/"+user+"/accessibles", "/api/profile/"+org+"/roles"
	grantee, profile := map[string]string{"slug": user}, map[string]string{"slug": org}
	for _, step := range row.setup {
		switch step {
		case "invite contributor":
			s.Post(t, xia, theirs+"/contributor", grantee).Want(201)
		case "invite manager":
			s.Post(t, xia, theirs+"/manager", grantee).Want(201)
		case "accept":
			s.Post(t, token, mine, profile).Want(200)
		case "ask":
			s.Post(t, token, mine, profile).Want(201)
		case "ask contributor":
			s.Post(t, token, mine+"/contributor", profile).Want(201)
		case "ask manager":
			s.Post(t, token, mine+"/manager", profile).Want(200)
		case "leave":
			s.Delete(t, token, mine+"/manager/"+org).Want(204)
		case "remove":
			s.Delete(t, xia, theirs+"/manager/"+user).Want(204)
		}
	}
	check := func(what string, got, want int) {
		if got != want {
			t.Errorf("%s: %s is %d, want %d", row.name, what, got, want)
		}
	}
	readable := func(want bool) {
		status := map[bool]int{true: 200, false: 403}[want]
		check("reading the organization", s.Get(t, token, "/api/profile/"+org).Status, status)
	}
	readable(row.reads)
	switch action {
	case "none":
		for n, state := range []string{"active", "invited", "requested"} {
			s.Get(t, token, mine+"?role_status="+state).Want(200).Is(map[string]any{"count": row.lists[n], "invited_count": row.lists[1], "requested_count": row.lists[2]})
		}
		s.Get(t, xia, theirs).Want(200).Is(map[string]any{"count": 1 + row.lists[0] + row.lists[1] + row.lists[2], "invited_count": row.lists[1], "requested_count": row.lists[2]})
	case "grant":
		check(action, s.Post(t, xia, theirs+"/contributor", grantee).Status, row.grant)
		asked := row.lists[2] > 0
		readable(row.lists[0] > 0 || asked) // an invitation waits, also a second time
		s.Get(t, token, mine).Want(200).Is(map[string]any{"count": 1, "requested_count": 0})
	case "request":
		check(action, s.Post(t, token, mine+"/contributor", profile).Status, row.request)
		readable(row.afterAsk)
	case "leave":
		check(action, s.Delete(t, token, mine+"/contributor/"+org).Status, row.leave)
	case "remove":
		check(action, s.Delete(t, xia, theirs+"/contributor/"+user).Status, row.remove)
	}
	if action == "leave" || action == "remove" {
		readable(false)
		s.Get(t, token, mine).Want(200).Is(map[string]any{"count": 0})
	}
}
