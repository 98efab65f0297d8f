package cloudillo_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"facet/internal/facetest"
)

// club is the community devs@localhost.localdomain, and who is what to it.
type club struct {
	*facetest.Service
	t      *testing.T
	tokens map[string]string // by user name; "anonymous" is nobody's
}

const devs = "devs@localhost.localdomain"

// newClub makes the community of alice. The others are, by the names of their
// roles, what they are to it; "other" is nothing, "donny" operates the site.
func newClub(t *testing.T) *club {
	t.Helper()
	c := &club{start(t), t, map[string]string{"anonymous": ""}}
	for _, name := range []string{"alice", "xia", "donny"} {
		c.tokens[name] = login(t, c.Service, under(name))
	}
	c.Put(t, c.tokens["alice"], "/api/profiles/"+devs, `{"type":"idp","name":"Devs"}`).Want(201)
	return c
}

// fill makes people of each role.
func (c *club) fill() *club {
	c.t.Helper()
	for _, name := range []string{"other", "follower", "member", "supporter", "contributor", "moderator", "leader", "blocked"} {
		c.add(name)
		switch name {
		case "other":
		case "follower":
			c.toward(name, "follow").Want(200)
		case "member":
			c.toward(name, "connect").Want(200)
		case "blocked":
			c.admin("alice", name, `{"status":"blocked"}`).Want(200)
		default:
			c.toward(name, "connect").Want(200)
			c.admin("alice", name, `{"roles":["`+name+`"]}`).Want(200)
		}
	}
	return c
}

// add registers a person, who is signed in.
func (c *club) add(name string) {
	c.t.Helper()
	c.tokens[name] = c.Post(c.t, "", "/api/auth/register", map[string]string{
		"username": name, "full_name": name, "email": name + "@mail.example", "password": "yoyo",
	}).Want(201).Text("token")
}

// at calls on the community's host.
func (c *club) at(method, who, path string, body any) facetest.Answer {
	c.t.Helper()
	return c.Do(c.t, facetest.Call{Method: method, Path: path, Token: c.tokens[who], Body: body, Header: map[string]string{"Host": "cl-o.devs.localhost.localdomain"}})
}

// admin changes what somebody is in the community.
func (c *club) admin(who, whom, body string) facetest.Answer {
	c.t.Helper()
	return c.at(http.MethodPatch, who, "/api/admin/profiles/"+under(whom), body)
}

// as moves as the community towards a person, toward as a person towards it.
func (c *club) as(who, whom, move string) facetest.Answer {
	c.t.Helper()
	return c.at(http.MethodPatch, who, "/api/profiles/"+under(whom), `{"relationship":"`+move+`"}`)
}

func (c *club) toward(who, move string) facetest.Answer {
	c.t.Helper()
	return c.Patch(c.t, c.tokens[who], "/api/profiles/"+devs, `{"relationship":"`+move+`"}`)
}

// settings changes how the community is run.
func (c *club) settings(body string) {
	c.t.Helper()
	c.at(http.MethodPatch, "alice", "/api/me", `{"settings":`+body+`}`).Want(200)
}

// is checks what somebody is in the community, as its owner sees it.
func (c *club) is(whom, role, connection string) {
	c.t.Helper()
	a := c.at(http.MethodGet, "donny", "/api/profiles/"+under(whom), nil).Want(200)
	got, want := "", role
	if v, ok := a.At("data.roles.0"); ok {
		got, _ = v.(string)
	}
	if got != want || a.Text("data.connection") != connection {
		c.t.Errorf("%s is %q, %s; want %q, %s", whom, got, a.Text("data.connection"), role, connection)
	}
}

func TestACommunityIsItsOwnersFromTheBeginning(t *testing.T) {
	c := newClub(t)
	c.at("GET", "anonymous", "/api/me", nil).Want(200).Is(map[string]any{
		"data.idTag": devs, "data.type": "community", "data.name": "Devs", "data.settings": map[string]any{"connectionMode": "A", "allowFollowers": true},
	})
	c.at("GET", "alice", "/api/profiles/"+under("alice"), nil).Want(200).Is(map[string]any{
		"data.owner": true, "data.roles": []string{"leader"}, "data.connected": true, "data.follower": true,
	})
	c.Get(t, c.tokens["alice"], "/api/profiles/"+devs).Want(200).Is(map[string]any{"data.connected": true, "data.following": true, "data.roles": []string{"leader"}})
	c.Get(t, c.tokens["alice"], "/api/profile/devs/roles/manager").Want(200).Is(map[string]any{"count": 1, "results.0.user.slug": "alice"})
	failed(t, c.toward("alice", "disconnect"), 409, "E-CORE-CONFLICT")
	failed(t, c.toward("alice", "block"), 409, "E-CORE-CONFLICT")
}

func TestWhoMayDoWhatWithACommunity(t *testing.T) {
	c := newClub(t).fill()
	cast := []string{"anonymous", "other", "blocked", "follower", "member", "supporter", "contributor", "moderator", "leader", "alice", "donny"}
	for _, row := range []struct {
		what, may string // in the order of cast: y may, n 403, u 401
		call      func(who string) facetest.Answer
	}{
		{"change its name", "unnnnnnnnyn", func(who string) facetest.Answer { return c.at("PATCH", who, "/api/me", `{"name":"Devs"}`) }},
		{"change its settings", "unnnnnnnnyn", func(who string) facetest.Answer {
			return c.at("PATCH", who, "/api/me", `{"settings":{"allowFollowers":true}}`)
		}},
		{"give it a picture", "unnnnnnnnyn", func(who string) facetest.Answer {
			return c.Do(t, facetest.Call{Method: "PUT", Path: "/api/me/image", Token: c.tokens[who], Body: pngOf(t, 3), Type: "image/png",
				Header: map[string]string{"Host": "cl-o.devs.localhost.localdomain"}})
		}},
		{"make a supporter of the member", "unnnnnnyyyy", func(who string) facetest.Answer { return c.admin(who, "member2", `{"roles":["supporter"]}`) }},
		{"make the member a member", "unnnnnnyyyy", func(who string) facetest.Answer { return c.admin(who, "member2", `{"roles":null}`) }},
		{"make a moderator", "unnnnnnnyyy", func(who string) facetest.Answer { return c.admin(who, "target", `{"roles":["moderator"]}`) }},
		{"touch a moderator", "unnnnnnnyyy", func(who string) facetest.Answer { return c.admin(who, "target", `{"roles":["contributor"]}`) }},
		{"make a leader", "unnnnnnnyyy", func(who string) facetest.Answer { return c.admin(who, "target", `{"roles":["leader"]}`) }},
		{"lower a leader", "unnnnnnnyyy", func(who string) facetest.Answer { return c.admin(who, "target", `{"roles":["user"]}`) }},
		{"mute a member", "unnnnnnnyyy", func(who string) facetest.Answer { return c.admin(who, "member2", `{"status":"M"}`) }},
		{"invite somebody", "unnnnnnyyyy", func(who string) facetest.Answer { return c.as(who, "guest", "connect") }},
		{"take the invitation back", "unnnnnnyyyy", func(who string) facetest.Answer { return c.as(who, "guest", "disconnect") }},
		{"follow as the community", "unnnnnnnyyy", func(who string) facetest.Answer { return c.as(who, "guest", "follow") }},
		{"list who belongs to it", "unnnnnnyyyy", func(who string) facetest.Answer { return c.at("GET", who, "/api/profiles?connected=connected", nil) }},
		{"give it to the owner that it has", "unnnnnnnnyy", func(who string) facetest.Answer { return c.admin(who, "alice", `{"owner":true}`) }},
	} {
		t.Run(row.what, func(t *testing.T) {
			c := *c
			c.t = t
			for i, who := range cast {
				for _, name := range []string{"member2", "target", "guest"} {
					if c.tokens[name] == "" {
						c.add(name)
						c.toward(name, "connect").Want(200)
						if name == "guest" {
							c.toward(name, "disconnect").Want(200)
						}
					}
				}
				if row.what == "touch a moderator" && row.may[i] == 'n' {
					c.admin("alice", "target", `{"roles":["moderator"]}`).Want(200)
				}
				if row.what == "lower a leader" {
					c.admin("alice", "target", `{"roles":["leader"]}`).Want(200)
				}
				want := map[byte]int{'y': 200, 'n': 403, 'u': 401}[row.may[i]]
				if got := row.call(who); got.Status != want {
					t.Errorf("%s: %d, want %d: %s", who, got.Status, want, got.Body)
				}
			}
		})
	}
}

func TestRolesOfACommunityAreWhatOtherFacesShow(t *testing.T) {
	c := newClub(t).fill()
	alice := c.tokens["alice"]
	for role, word := range map[string]string{"manager": "leader", "moderator": "moderator", "contributor": "contributor", "supporter": "supporter", "member": ""} {
		slug := word
		if role == "member" {
			slug = "member"
		}
		a := c.Get(t, alice, "/api/profile/devs/roles/"+role+"/"+slug).Want(200)
		a.Is(map[string]any{"user.slug": slug, "role_description.slug": role})
		c.is(slug, word, "connected")
	}
	// a role that another face gives is one here
	c.Post(t, alice, "/api/profile/devs/roles/manager", `{"slug":"xia"}`).Want(201)
	c.is("xia", "leader", "pending")
	c.toward("xia", "accept").Want(200).Is(map[string]any{"data.connected": true})
	c.is("xia", "leader", "connected")
	c.Delete(t, alice, "/api/profile/devs/roles/manager/xia").Want(204)
	c.is("xia", "", "disconnected")
	// and the ranks hold there
	c.Post(t, c.tokens["moderator"], "/api/profile/devs/roles/manager", `{"slug":"xia"}`).Want(403)
	c.Post(t, c.tokens["moderator"], "/api/profile/devs/roles/contributor", `{"slug":"xia"}`).Want(201)
	c.Delete(t, c.tokens["moderator"], "/api/profile/devs/roles/manager/leader").Want(403)
	c.Delete(t, c.tokens["leader"], "/api/profile/devs/roles/manager/alice").Want(403)
	c.Put(t, c.tokens["leader"], "/api/profile/devs", `{"full_name":"Taken"}`).Want(403)
	c.Delete(t, c.tokens["leader"], "/api/profile/devs").Want(403)
	c.Post(t, c.tokens["contributor"], "/api/profile/devs/roles/contributor", `{"slug":"xia"}`).Want(403)
	c.Delete(t, alice, "/api/profile/devs/roles/describe/moderator").Want(403)
}

func TestJoiningIsAsTheCommunitySays(t *testing.T) {
	c := newClub(t)
	for _, step := range []struct {
		settings, who, move string
		status              int
		role, connection    string
	}{
		{`{"connectionMode":"A"}`, "xia", "connect", 200, "", "connected"},
		{"", "xia", "disconnect", 200, "", "disconnected"},
		{`{"connectionMode":"M"}`, "xia", "connect", 200, "", "disconnected"}, // asks
		{"", "xia", "connect", 200, "", "disconnected"},
		{"", "xia", "disconnect", 200, "", "disconnected"},
		{`{"connectionMode":"I"}`, "xia", "connect", 403, "", "disconnected"},
		{`{"connectionMode":null}`, "xia", "connect", 200, "", "disconnected"},
	} {
		if step.settings != "" {
			c.settings(step.settings)
		}
		c.toward(step.who, step.move).Want(step.status)
		c.is(step.who, step.role, step.connection)
	}
	c.toward("xia", "connect").Is(map[string]any{"data.connected": "R", "data.connection": "pending", "data.following": true})
	c.at("GET", "alice", "/api/profiles?connected=asked", nil).Want(200).Is(map[string]any{"data.0.idTag": under("xia"), "data.0.asked": true})
	c.as("alice", "xia", "reject").Want(200)
	c.is("xia", "", "disconnected")
	c.toward("xia", "connect").Want(200)
	c.as("alice", "xia", "accept").Want(200).Is(map[string]any{"data.connected": true})
	c.is("xia", "", "connected")
	c.Get(t, c.tokens["xia"], "/api/profiles?connected=connected").Want(200).Is(map[string]any{"data.0.idTag": devs, "data.0.connected": true})
	c.as("alice", "xia", "disconnect").Want(200)
	c.Get(t, c.tokens["xia"], "/api/profiles?connected=connected").Want(200).Is(map[string]any{"data": []string{}})
}

func TestWhoIsInvitedAcceptsOrRefuses(t *testing.T) {
	c := newClub(t)
	c.settings(`{"connectionMode":"I"}`)
	c.as("alice", "xia", "connect").Want(200).Is(map[string]any{"data.connected": "R", "data.connection": "pending"})
	c.is("xia", "contributor", "pending")
	c.Get(t, c.tokens["xia"], "/api/profiles/"+devs).Want(200).Is(map[string]any{"data.asked": true, "data.connected": false})
	mails := c.Mails(t)
	if len(mails) != 1 || mails[0].To != under("xia") {
		t.Errorf("%+v", mails)
	}
	c.toward("xia", "reject").Want(200)
	c.is("xia", "", "disconnected")
	failed(t, c.toward("xia", "accept"), 409, "E-CORE-CONFLICT")
	c.admin("alice", "xia", `{"roles":["user","moderator"]}`).Want(200).Is(map[string]any{"data.roles": []string{"moderator"}, "data.connection": "pending"})
	failed(t, c.admin("xia", "bob", `{"roles":["supporter"]}`), 403, "E-AUTH-NOPERM") // not yet
	c.toward("xia", "connect").Want(200)
	c.is("xia", "moderator", "connected")
	c.admin("alice", "donny", `{"roles":null}`).Want(200).Is(map[string]any{"data.connection": "disconnected"}) // invites nobody
	failed(t, c.as("alice", "xia", "unknown"), 400, "E-VAL-INVALID")
	failed(t, c.admin("alice", "nobody", `{"roles":[]}`), 404, "E-CORE-NOTFOUND")
	failed(t, c.admin("alice", "cowork", `{"roles":["leader"]}`), 400, "E-VAL-INVALID")
	failed(t, c.admin("alice", "alice", `{"roles":["leader"]}`), 403, "E-AUTH-NOPERM")
	failed(t, c.admin("donny", "alice", `{"roles":["user"]}`), 409, "E-CORE-CONFLICT")
	failed(t, c.admin("alice", "xia", `{"name":"Renamed"}`), 403, "E-AUTH-NOPERM")
	for _, body := range []string{`{"roles":["boss"]}`, `{"roles":7}`, `{"status":"suspended"}`, `{"status":"boss"}`, `{"owner":false}`, `{"owner":true}`} {
		failed(t, c.admin("alice", "xia", body), 400, "E-VAL-INVALID")
	}
}

func TestACommunityIsHandedOver(t *testing.T) {
	c := newClub(t).fill()
	failed(t, c.admin("alice", "moderator", `{"owner":true}`), 400, "E-VAL-INVALID")
	c.admin("alice", "moderator", `{"roles":["leader"],"owner":true}`).Want(200).Is(map[string]any{"data.owner": true, "data.roles": []string{"leader"}})
	failed(t, c.at("PATCH", "alice", "/api/me", `{"name":"Mine"}`), 403, "E-AUTH-NOPERM")
	c.at("PATCH", "moderator", "/api/me", `{"name":"Mine"}`).Want(200)
	c.is("alice", "leader", "connected")
	failed(t, c.admin("alice", "alice", `{"owner":true}`), 403, "E-AUTH-NOPERM")
	c.toward("alice", "disconnect").Want(200)
	c.admin("donny", "leader", `{"owner":true}`).Want(200)
	c.at("PATCH", "leader", "/api/me", `{"name":"Ours"}`).Want(200)
	if !strings.Contains(string(c.Get(t, c.tokens["donny"], "/api/profile/devs/roles/manager").Want(200).Body), `"slug":"moderator"`) {
		t.Error("the owner before is no leader any more")
	}
}

func TestACommunityIsNeverWithoutAnOwner(t *testing.T) {
	c := newClub(t)
	c.Clock.Advance(1)
	for _, name := range []string{"second", "third"} {
		c.add(name)
		c.toward(name, "connect").Want(200)
		c.admin("alice", name, `{"roles":["leader"]}`).Want(200)
		c.Clock.Advance(1e9)
	}
	owner := func() string {
		t.Helper()
		a := c.at("GET", "donny", "/api/profiles?type=person&connected=connected", nil).Want(200)
		list, _ := a.At("data")
		for _, p := range list.([]any) {
			if p.(map[string]any)["owner"] == true {
				return p.(map[string]any)["name"].(string)
			}
		}
		return ""
	}
	if got := owner(); got != "Alice Cooper" {
		t.Fatal(got)
	}
	c.Patch(t, c.tokens["donny"], "/api/admin/profiles/"+under("second"), `{"status":"banned"}`).Want(200)
	c.Delete(t, c.tokens["alice"], "/api/users/alice").Want(204)
	if got := owner(); got != "third" {
		t.Errorf("after alice comes %q: not the banned one, who led it longer", got)
	}
	c.at("PATCH", "third", "/api/me", `{"name":"Third's"}`).Want(200)
	c.Delete(t, c.tokens["third"], "/api/users/third").Want(204)
	failed(t, c.at("PATCH", "xia", "/api/me", `{"name":"Nobody's"}`), 403, "E-AUTH-NOPERM")
	c.at("PATCH", "donny", "/api/me", `{"name":"The site's"}`).Want(200)
	c.Patch(t, c.tokens["donny"], "/api/admin/profiles/"+under("second"), `{"status":"active"}`).Want(200)
	c.admin("donny", "second", `{"owner":true}`).Want(200)
	if got := owner(); got != "second" {
		t.Error(got)
	}
}

func TestWhoIsBlockedByACommunity(t *testing.T) {
	c := newClub(t).fill()
	c.admin("alice", "contributor", `{"status":"B"}`).Want(200).Is(map[string]any{
		"data.status": "blocked", "data.profile.status": "B", "data.connection": "disconnected",
	})
	for _, who := range []string{"blocked", "contributor"} {
		failed(t, c.toward(who, "connect"), 404, "E-CORE-NOTFOUND")
		c.Get(t, c.tokens[who], "/api/profiles/"+devs).Want(200).Is(map[string]any{"data": nil})
		t.Run("gap 2: who is blocked cannot take it back", func(t *testing.T) {
			failed(t, c.at("PATCH", who, "/api/profiles/"+under(who), `{"status":"A"}`), 403, "E-AUTH-NOPERM")
			failed(t, c.admin(who, who, `{"status":"A","roles":["contributor"]}`), 403, "E-AUTH-NOPERM")
		})
	}
	failed(t, c.admin("alice", "contributor", `{"roles":["contributor"]}`), 409, "E-CORE-CONFLICT")
	if a := c.Post(t, c.tokens["alice"], "/api/profile/devs/roles/contributor", `{"slug":"contributor"}`); a.Status/100 != 4 {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	none := c.Post(t, c.tokens["contributor"], "/api/users/contributor/accessibles", `{"slug":"none"}`)
	c.Post(t, c.tokens["contributor"], "/api/users/contributor/accessibles", `{"slug":"devs"}`).Want(none.Status)
	failed(t, c.admin("leader", "alice", `{"status":"B"}`), 409, "E-CORE-CONFLICT")
	failed(t, c.admin("moderator", "member", `{"status":"B"}`), 403, "E-AUTH-NOPERM")
	// a relationship is no account's status
	c.Patch(t, c.tokens["donny"], "/api/admin/profiles/"+under("contributor"), `{}`).Want(200).Is(map[string]any{"data.status": "active", "data.profile.status": "A"})
	c.Get(t, c.tokens["donny"], "/api/profiles/"+under("contributor")).Want(200).Is(map[string]any{"data.status": "A"})
	c.admin("alice", "contributor", `{"status":null}`).Want(200).Is(map[string]any{"data.status": "active"})
	c.toward("contributor", "connect").Want(200)
	c.is("contributor", "", "connected")
}

func TestGap9AdminAnswersTellTheStatusInWordAndLetter(t *testing.T) {
	s := start(t)
	donny, xia := login(t, s, under("donny")), login(t, s, under("xia"))
	for _, c := range []struct{ sent, word, letter string }{
		{"S", "suspended", "S"}, {"A", "active", "A"}, {"X", "banned", "S"}, {"active", "active", "A"}, {"banned", "banned", "S"}, {"suspended", "suspended", "S"},
	} {
		s.Patch(t, donny, "/api/admin/profiles/bob@example.com", map[string]string{"status": c.sent}).Want(200).
			Is(map[string]any{"data.status": c.word, "data.profile.status": c.letter})
		shown := s.Get(t, xia, "/api/profiles/bob@example.com").Want(200)
		if v, _ := shown.At("data"); (v == nil) != (c.word == "banned") {
			t.Errorf("%s: %s", c.word, shown.Body)
		}
	}
	for _, status := range []string{"B", "M", "blocked", "muted"} {
		failed(t, s.Patch(t, donny, "/api/admin/profiles/bob@example.com", map[string]string{"status": status}), 400, "E-VAL-INVALID")
	}
	s.Patch(t, donny, "/api/admin/profiles/bob@example.com", `{"status":null}`).Want(200).Is(map[string]any{"data.status": "active"})
	failed(t, s.Patch(t, donny, "/api/admin/profiles/"+under("donny"), `{"roles":["user"]}`), 403, "E-AUTH-NOPERM")
}

func TestGap10TheSettingThatIsWrittenIsTheOneThatHolds(t *testing.T) {
	c := newClub(t)
	c.settings(`{"allowFollowers":false}`)
	failed(t, c.toward("xia", "follow"), 403, "E-AUTH-NOPERM")
	c.toward("xia", "connect").Want(200).Is(map[string]any{"data.connected": true, "data.following": false})
	c.settings(`{"allowFollowers":null}`)
	c.toward("xia", "follow").Want(200).Is(map[string]any{"data.following": true})
	for _, body := range []string{`{"settings":7}`, `{"settings":null}`, `{"settings":{"connectionMode":"X"}}`, `{"settings":{"connectionMode":7}}`, `{"settings":{"allowFollowers":"no"}}`, `{"settings":{"other":true}}`} {
		failed(t, c.at("PATCH", "alice", "/api/me", body), 400, "E-VAL-INVALID")
	}
	failed(t, c.Patch(t, c.tokens["alice"], "/api/me", `{"settings":{"allowFollowers":false}}`), 400, "E-VAL-INVALID") // a person's
}

func TestAMemberListTellsRolesOnlyToThoseWhoRunIt(t *testing.T) {
	c := newClub(t).fill()
	var list []struct{ Name string }
	raw, _ := c.at("GET", "moderator", "/api/profiles?connected=connected", nil).Want(200).At("data")
	b, _ := json.Marshal(raw)
	if err := json.Unmarshal(b, &list); err != nil || len(list) != 6 {
		t.Errorf("%v %s", err, b)
	}
	a := c.at("GET", "contributor", "/api/profiles/"+under("moderator"), nil).Want(200)
	if _, there := a.At("data.roles"); there {
		t.Errorf("%s", a.Body)
	}
}

func TestAnInvitationMakesOneCommunity(t *testing.T) {
	s := start(t)
	donny, xia := login(t, s, under("donny")), login(t, s, under("xia"))
	invite := func(kind string) string {
		t.Helper()
		return s.Post(t, donny, "/api/refs", map[string]string{"type": kind}).Want(201).Text("data.refId")
	}
	ref, other := invite("profile.invite"), invite("register")
	make := func(tag, ref string) facetest.Answer {
		return s.Put(t, xia, "/api/profiles/"+tag, map[string]string{"type": "idp", "inviteRef": ref})
	}
	failed(t, make("one@example.com", "nothing"), 404, "E-CORE-NOTFOUND")
	failed(t, make("one@example.com", other), 400, "E-VAL-INVALID")
	failed(t, make("bob@example.com", ref), 409, "E-CORE-CONFLICT") // spends nothing
	make("one@example.com", ref).Want(201)
	failed(t, make("two@example.com", ref), 400, "E-VAL-INVALID")
	s.Get(t, xia, "/api/profiles/two@example.com").Want(200).Is(map[string]any{"data": nil})
}
