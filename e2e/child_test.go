package e2e_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"facet/internal/access"
	"facet/internal/facetest"
)

// childMay is all that a child profile's session is let try, whoever it is a
// child of.
var childMay = []access.Permission{
	access.SessionRead, access.SessionRenew, access.SessionRevoke, access.SelfRead,
	access.HouseholdRead, access.HouseholdEnter, access.DocumentOwn,
}

// child is an account that may do everything, and the token of its child
// profile.
type child struct {
	*badWalk
	adult, token  string
	uuid, profile string // of the account, and of the child
	all           string // path of its household
}

// newChild makes a child of donny's, who operates the site.
func newChild(t *testing.T) child {
	t.Helper()
	w := newBadWalk(t)
	c := child{badWalk: w, adult: w.donny}
	user := w.entityCall(t, "POST", "/entity", "type_name=user&key_attribute=email&key_value=%22donny@localhost.localdomain%22", basic(clientID, clientSecret))
	c.uuid = user.Text("result.uuid")
	c.all = "/api/users/v1/users/" + c.uuid + "/user_profiles"
	c.profile = w.Post(t, c.adult, c.all, `{"name":"Kim","is_child_profile":true}`).Want(http.StatusCreated).Text("data.0.id")
	c.token = w.Post(t, c.adult, c.all+"/"+c.profile+"/authentication_tokens", nil).Want(http.StatusCreated).Text("data.0.attributes.access_token")
	return c
}

// send calls a route as the child, in the way of its face.
func (c child) send(t *testing.T, faceName, method, path, body string) facetest.Answer {
	t.Helper()
	call := facetest.Call{Method: method, Path: path, Token: c.token}
	if body != "" {
		call.Body = body
	}
	if faceName == "entity" {
		call.Token, call.Type, call.Header = "", formType, map[string]string{"Authorization": "OAuth " + c.token}
	}
	return c.Do(t, call)
}

func TestAChildProfilesTokenIsRefusedOnEveryRouteOfEveryFaceThatIsNotForIt(t *testing.T) {
	t.Parallel()
	c := newChild(t)
	rows := badRoutes(c.ids)
	before := c.db.state(t)
	allowed := map[access.Permission]bool{}
	for _, route := range c.Server.Routes() {
		rule, _ := access.RuleOf(route.Permission)
		name := route.Method + " " + route.Pattern
		switch {
		case slices.Contains(rule.Restrictions, access.ChildProfile) && !rule.Anyone:
			allowed[route.Permission] = true
			continue
		case rule.Anyone: // whoever calls
			continue
		}
		row, ok := rows[name]
		if !ok {
			t.Errorf("%s has no row in badRoutes", name)
			continue
		}
		status := http.StatusForbidden
		switch {
		case route.Pattern == "/oauth/token": // the errors there are OAuth's
			status = http.StatusBadRequest
		case route.Face == "entity":
			status = http.StatusOK
		case route.Face == "console": // which takes no tokens
			status = http.StatusUnauthorized
		}
		// somebody else's things, and those of the account the child belongs to
		for _, path := range []string{row.path, strings.NewReplacer(c.ids.uuid, c.uuid, c.ids.member, c.profile, "/xia", "/donny").Replace(row.path)} {
			for _, body := range []string{row.body, strings.ReplaceAll(row.body, c.ids.uuid, c.uuid)} {
				a := c.send(t, route.Face, route.Method, path, body)
				refused(t, route.Face, name+" at "+path, a, status)
				if route.Face == "entity" {
					a.Is(map[string]any{"code": 403})
				}
			}
		}
	}
	for _, p := range childMay {
		delete(allowed, p)
	}
	if len(allowed) > 0 {
		t.Errorf("a child profile may do more than was thought of: %v", slices.Collect(maps.Keys(allowed)))
	}
	after := c.db.state(t)
	for table := range before {
		if before[table] != after[table] {
			t.Errorf("refused requests changed the table %s: %s, was %s", table, after[table], before[table])
		}
	}
}

func TestWhatAChildProfileMayDoReachesNothingButItsOwn(t *testing.T) {
	t.Parallel()
	c := newChild(t)
	c.Post(t, c.adult, "/user/profiles/create", `{"app_id":1,"profile_data":{"secret":"the account's"}}`).Want(http.StatusCreated)
	read := func() string {
		t.Helper()
		return string(c.Get(t, c.adult, "/user/profiles/1").Want(http.StatusOK).Body)
	}
	documents := read()
	others := c.Post(t, c.adult, c.all, `{"name":"Bo","is_child_profile":true,"age_limit":15}`).Want(http.StatusCreated).Text("data.0.id")

	// the account's documents are not the child's, whatever it tries
	for _, route := range c.Server.Routes() {
		if route.Permission != access.DocumentOwn {
			continue
		}
		path := strings.NewReplacer("{appid}", "1").Replace(route.Pattern)
		for _, query := range []string{"", "?profile_id=" + others, "?user_profile_id=" + others} {
			for _, body := range []string{"", `{"app_id":1,"profile_data":{"secret":"the child's"}}`, fmt.Sprintf(`{"app_id":1,"user_id":%q,"profile_data":{}}`, c.uuid)} {
				a := c.send(t, "appdata", route.Method, path+query, body)
				if strings.Contains(string(a.Body), "the account's") || a.Status >= 500 {
					t.Errorf("%s %s%s: %d %s", route.Method, path, query, a.Status, a.Body)
				}
			}
		}
	}
	if got := read(); got != documents {
		t.Errorf("the account's documents are %s, were %s", got, documents)
	}

	// renewing in any face leaves it what it is, and so does entering
	var tokens []string
	add := func(a facetest.Answer, path string) {
		t.Helper()
		tokens = append(tokens, a.Text(path))
		claimsOf(t, a, path).Is(map[string]any{"Operator": false, "r": "user", "profile_id": c.profile, "profile.is_child_profile": true})
	}
	add(c.Post(t, c.token, "/api/auth/tokens", map[string]string{"token": c.token}).Want(http.StatusCreated), "token")
	in := c.Post(t, c.token, c.all+"/"+c.profile+"/token", nil).Want(http.StatusCreated)
	add(in, "data.0.attributes.access_token")
	add(c.Post(t, "", "/api/users/v1/refresh", map[string]string{"refresh_token": in.Text("data.0.attributes.refresh_token")}).Want(http.StatusOK), "token")
	for _, path := range []string{c.all + "/" + others + "/token", strings.Replace(c.all, c.uuid, c.ids.uuid, 1) + "/" + c.ids.member + "/token"} {
		if a := c.Post(t, c.token, path, nil); a.Status != http.StatusForbidden && a.Status != http.StatusNotFound {
			t.Errorf("%s: %d %s", path, a.Status, a.Body)
		}
	}
	for _, token := range tokens {
		c.Post(t, token, c.all, `{"name":"x"}`).Want(http.StatusForbidden)
		c.Get(t, token, "/api/profile/cowork").Want(http.StatusForbidden)
		c.Get(t, token, "/operator/users/profile/"+c.ids.uuid+"/1").Want(http.StatusForbidden)
	}

	// what anyone may do, it may do as anyone: not as the operator it belongs to
	account := map[string]any{"username": "newcomer", "email": "newcomer@input.example", "full_name": "New Comer", "new_password": "yoyo"}
	c.Post(t, c.token, "/api/auth/register", account).Want(http.StatusCreated)
	if got := c.Get(t, c.token, "/api/me"); got.Status == http.StatusOK && strings.Contains(string(got.Body), "SADM") {
		t.Errorf("an operator: %s", got.Body)
	}
}
