package cloudillo_test

import (
	"bytes"
	"mime/multipart"
	"strings"
	"testing"

	"facet/internal/facetest"
)

// pictureForm is a picture as DjaoApp's clients send it.
func pictureForm(t testing.TB) (body []byte, mediaType string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	part, err := w.CreateFormFile("file", "me.png")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = part.Write(pngOf(t, 9))
	_ = w.Close()
	return b.Bytes(), w.FormDataContentType()
}

func TestWhoJoinsACommunityOpensNoAccountToThoseWhoRunIt(t *testing.T) {
	c := newClub(t).fill()
	body, mediaType := pictureForm(t)
	for _, who := range []string{"alice", "leader", "moderator", "contributor", "supporter"} {
		for _, whom := range []string{"member", "supporter", "contributor", "moderator", "leader"} {
			if who == whom {
				continue
			}
			for _, path := range []string{"", "/accessibles", "/profiles"} {
				c.Get(t, c.tokens[who], "/api/users/"+whom+path).Want(403)
			}
			c.Do(t, facetest.Call{Method: "POST", Path: "/api/users/" + whom + "/picture", Token: c.tokens[who], Body: body, Type: mediaType}).Want(403)
		}
	}
}

func TestTheEmailsOfACommunitysPeopleAreNobodysThere(t *testing.T) {
	c := newClub(t).fill()
	for _, who := range []string{"alice", "leader", "moderator", "contributor"} {
		for _, path := range []string{"/roles", "/roles/member", "/roles/member/member", "/roles?o=slug", "/roles?q=mail.example"} {
			if a := c.Get(t, c.tokens[who], "/api/profile/devs"+path).Want(200); strings.Contains(string(a.Body), "mail.example\"") {
				t.Errorf("%s %s: %s", who, path, a.Body)
			}
		}
	}
}

func TestWhoIsConnectedAgainStaysWhatTheyAre(t *testing.T) {
	c := newClub(t).fill()
	for _, who := range []string{"leader", "moderator", "contributor", "supporter"} {
		for _, move := range []string{"connect", "accept"} {
			c.as("alice", who, move).Want(200)
			c.is(who, who, "connected")
		}
	}
	c.as("alice", "alice", "connect").Want(200)
	c.admin("alice", "xia", `{"roles":["moderator"]}`).Want(200)
	c.Mails(t)
	c.as("leader", "xia", "connect").Want(200)
	c.is("xia", "moderator", "pending")
	if mails := c.Mails(t); len(mails) != 0 {
		t.Errorf("an invitation is mailed again: %+v", mails)
	}
	// who is invited and asks for more is accepted as what they are invited to
	c.Post(t, c.tokens["xia"], "/api/users/xia/accessibles/manager", `{"slug":"devs"}`).Want(200)
	c.as("leader", "xia", "connect").Want(200)
	c.is("xia", "moderator", "connected")
}

func TestWhatACommunityProvidesIsItsOwners(t *testing.T) {
	c := newClub(t).fill()
	plan := c.Post(t, c.tokens["alice"], "/api/profile/devs/plans", `{"title":"Gold","description":"x","is_active":true,"period_amount":0,"unit":"usd","period_type":"monthly"}`).Want(201).Text("slug")
	c.Post(t, c.tokens["xia"], "/api/profile/xia/subscriptions", map[string]string{"plan": plan}).Want(201)
	c.Get(t, c.tokens["leader"], "/api/profile/xia").Want(200)
	for who, status := range map[string]int{"leader": 403, "moderator": 403, "contributor": 403, "alice": 200} {
		c.Put(t, c.tokens[who], "/api/profile/xia", `{"full_name":"Renamed"}`).Want(status)
	}
}

func TestTheKeysOfWhoLeadsACommunityNoMoreStop(t *testing.T) {
	c := newClub(t).fill()
	for name, end := range map[string]func(){
		"leader":    func() { c.admin("alice", "leader", `{"roles":["moderator"]}`).Want(200) },
		"moderator": func() { c.Delete(t, c.tokens["alice"], "/api/profile/devs/roles/manager/moderator").Want(204) },
		"supporter": func() { c.Delete(t, c.tokens["supporter"], "/api/users/supporter").Want(204) },
		"member":    func() { c.admin("alice", "member", `{"status":"blocked"}`).Want(200) },
	} {
		c.admin("alice", name, `{"roles":["leader"]}`).Want(200)
		c.tokens["key"] = c.at("POST", name, "/api/auth/api-keys", `{"name":"of `+name+`"}`).Want(201).Text("data.plaintextKey")
		c.tokens["derived"] = c.at("GET", "anonymous", "/api/auth/access-token?apiKey="+c.tokens["key"], nil).Want(200).Text("data.token")
		c.tokens["alices"] = c.at("POST", "alice", "/api/auth/api-keys", `{"name":"of alice"}`).Want(201).Text("data.plaintextKey")
		c.at("GET", "key", "/api/profiles?connected=connected", nil).Want(200)
		end()
		for _, token := range []string{"key", "derived"} {
			failed(t, c.at("GET", token, "/api/profiles?connected=connected", nil), 401, "E-AUTH-UNAUTH")
		}
		c.at("GET", "alices", "/api/profiles?connected=connected", nil).Want(200)
	}
}

func TestNobodyAsksToJoinACommunityThatInvitesOnly(t *testing.T) {
	c := newClub(t).fill()
	c.settings(`{"connectionMode":"I"}`)
	c.Post(t, c.tokens["xia"], "/api/users/xia/accessibles", `{"slug":"devs"}`).Want(403)
	c.Post(t, c.tokens["xia"], "/api/users/xia/accessibles/contributor", `{"slug":"devs"}`).Want(403)
	c.is("xia", "", "disconnected")
	c.Post(t, c.tokens["member"], "/api/users/member/accessibles/contributor", `{"slug":"devs"}`).Want(200) // belongs to it, and asks for more
	c.as("alice", "xia", "connect").Want(200)
	c.Post(t, c.tokens["xia"], "/api/users/xia/accessibles", `{"slug":"devs"}`).Want(200)
	c.is("xia", "contributor", "connected")
}

func TestLabelsOfAnAccountAreNoRolesInACommunity(t *testing.T) {
	c := newClub(t).fill()
	for _, name := range []string{"member", "other"} {
		c.Patch(t, c.tokens["donny"], "/api/admin/profiles/"+under(name), `{"roles":["leader"]}`).Want(200)
		for _, who := range []string{"alice", "moderator", "contributor", "xia", name} {
			if a := c.at("GET", who, "/api/profiles/"+under(name), nil).Want(200); a.Keys("data") != nil && strings.Contains(string(a.Body), `"roles"`) {
				t.Errorf("%s sees of %s: %s", who, name, a.Body)
			}
		}
		c.Get(t, c.tokens["xia"], "/api/profiles/"+under(name)).Want(200).Is(map[string]any{"data.roles": []string{"leader"}})
	}
}

func TestASuspendedCommunityIsRunByOperatorsAlone(t *testing.T) {
	c := newClub(t).fill()
	for _, status := range []string{"suspended", "banned"} {
		c.Patch(t, c.tokens["donny"], "/api/admin/profiles/"+devs, `{"status":"`+status+`"}`).Want(200)
		for _, who := range []string{"alice", "leader", "moderator"} {
			failed(t, c.as(who, "xia", "connect"), 403, "E-AUTH-NOPERM")
			failed(t, c.admin(who, "member", `{"roles":["supporter"]}`), 403, "E-AUTH-NOPERM")
			failed(t, c.at("PATCH", who, "/api/me", `{"name":"Still here"}`), 403, "E-AUTH-NOPERM")
			failed(t, c.at("POST", who, "/api/auth/api-keys", `{}`), 403, "E-AUTH-NOPERM")
			c.Post(t, c.tokens[who], "/api/profile/devs/roles/contributor", `{"slug":"xia"}`).Want(403)
		}
		c.admin("donny", "member", `{"roles":["supporter"]}`).Want(200)
		c.admin("donny", "member", `{"roles":["user"]}`).Want(200)
		c.Patch(t, c.tokens["donny"], "/api/admin/profiles/"+devs, `{"status":"active"}`).Want(200)
		c.as("alice", "xia", "connect").Want(200)
		c.as("alice", "xia", "disconnect").Want(200)
	}
}

func TestARoleThatIsGivenUnaskedIsNoConnection(t *testing.T) {
	c := newClub(t)
	c.Put(t, c.tokens["alice"], "/api/profile/devs/roles/describe/member", `{"title":"Member","skip_optin_on_grant":true}`).Want(200)
	c.Post(t, c.tokens["alice"], "/api/profile/devs/roles/member", `{"slug":"xia"}`).Want(201)
	c.is("xia", "", "pending")
	c.Get(t, c.tokens["xia"], "/api/profiles?connected=connected").Want(200).Is(map[string]any{"data": []string{}})
	c.toward("xia", "accept").Want(200).Is(map[string]any{"data.connected": true})
	c.is("xia", "", "connected")
	c.Post(t, c.tokens["alice"], "/api/profile/devs/roles/member", `{"slug":"bob"}`).Want(201)
	c.tokens["bob"] = login(t, c.Service, "bob@example.com")
	c.toward("bob", "reject").Want(200).Is(map[string]any{"data.connected": false, "data.connection": "disconnected"})
	c.Get(t, c.tokens["alice"], "/api/profile/devs/roles/member").Want(200).Is(map[string]any{"count": 1})
}

func TestAModeratorMailsNoInvitationOfWhoIsToRankHigher(t *testing.T) {
	c := newClub(t).fill()
	c.admin("alice", "xia", `{"roles":["leader"]}`).Want(200)
	c.admin("alice", "donny", `{"roles":["contributor"]}`).Want(200)
	c.Mails(t)
	c.Post(t, c.tokens["moderator"], "/api/profile/devs/roles/manager/xia", "").Want(403)
	if mails := c.Mails(t); len(mails) != 0 {
		t.Errorf("%+v", mails)
	}
	c.Post(t, c.tokens["moderator"], "/api/profile/devs/roles/contributor/donny", "").Want(200)
	c.Post(t, c.tokens["leader"], "/api/profile/devs/roles/manager/xia", "").Want(200)
}

func TestGroupsAreTakenAsACommunitySaysToo(t *testing.T) {
	c := newClub(t)
	cowork := func(move string) facetest.Answer {
		return on(t, c.Service, "cl-o.cowork.localhost.localdomain", c.tokens["donny"], "PATCH", "/api/profiles/"+devs, `{"relationship":"`+move+`"}`)
	}
	c.settings(`{"connectionMode":"I","allowFollowers":false}`)
	failed(t, cowork("follow"), 403, "E-AUTH-NOPERM")
	failed(t, cowork("connect"), 403, "E-AUTH-NOPERM")
	c.as("alice", "cowork", "connect").Want(200)
	cowork("accept").Want(200).Is(map[string]any{"data.connected": true, "data.following": false})
	cowork("disconnect").Want(200).Is(map[string]any{"data.connected": false})
	c.settings(`{"connectionMode":"M"}`)
	cowork("connect").Want(200).Is(map[string]any{"data.connected": "R", "data.following": false})
	c.settings(`{"allowFollowers":true}`)
	cowork("follow").Want(200).Is(map[string]any{"data.following": true})
}
