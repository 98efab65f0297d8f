package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"facet/internal/facetest"
)

// The writes of the Cloudillo API, and how it shows a thing and what two of
// them are to each other.

// relation is one link, from the one who made it.
type relation struct{ kind, from, to string } // follow or connect; uuids

// tagOf is the idtag of a thing.
func (s *site) tagOf(x *thing) string {
	if x.idTag != "" {
		return x.idTag
	}
	return x.slug + "@" + s.domain
}

// drawTag draws an idtag, under the site's domain or another.
func (s *site) drawTag(d drawn) (local, tag string, foreign bool) {
	local = strings.ReplaceAll(strings.ToLower(drawSlug.Draw(d.rt, "idTag")), "_", "-") // as in host names
	if foreign = rapid.IntRange(0, 3).Draw(d.rt, "foreign") == 0; foreign {
		return local, local + "@of-" + s.domain, true
	}
	return local, local + "@" + s.domain, false
}

func (s *site) tagTaken(local, tag string, foreign bool) bool {
	if !foreign {
		return s.bySlug(local) != nil
	}
	for _, x := range s.things {
		if x.idTag == tag {
			return true
		}
	}
	return false
}

// tagged gives a thing its idtag: as its slug, or beside one made up from it.
func (s *site) tagged(x *thing, local, tag string, foreign bool) {
	x.slug = local
	if !foreign {
		return
	}
	x.idTag = tag
	if s.bySlug(local) != nil {
		x.slug = local + "-" + x.id
	}
}

// named is the name that an idtag makes.
func named(local string) written {
	name := strings.ToUpper(local[:1]) + local[1:]
	return written{name, name, "", ""}
}

func stepRegisterIdentity(d drawn, s *site) {
	local, tag, foreign := s.drawTag(d)
	email := drawEmail.Draw(d.rt, "email")
	answer := s.do(d, http.MethodPost, "", "/api/profiles/register", map[string]any{"type": "idp", "idTag": tag, "email": email, "token": "registration-token"})
	switch {
	case !s.tokens: // the token is of the other site
		answer.Want(http.StatusNotFound)
		stepRegister(d, s) // whom else would there be to write about
		return
	case s.tagTaken(local, tag, foreign):
		answer.Want(http.StatusConflict)
		return
	}
	token := answer.Want(http.StatusCreated).Is(map[string]any{"data.idTag": tag}).Text("data.token")
	uuid, id := s.newest(d, "user")
	x := &thing{uuid: uuid, id: id, typeName: "user", personal: true, token: token} // the e-mail is not proven
	s.tagged(x, local, tag, foreign)
	s.add(d, x.called(named(local)))
}

// stepCommunity makes a community, by the operator or by somebody.
func stepCommunity(d drawn, s *site) {
	local, tag, foreign := s.drawTag(d)
	token, operates := s.operator, true
	leader := s.pick(d, isSignedIn)
	if leader != nil && rapid.Bool().Draw(d.rt, "by somebody") {
		token, operates = leader.token, false
	}
	name := drawName.Draw(d.rt, "name")
	answer := s.do(d, http.MethodPut, token, "/api/profiles/"+tag, map[string]any{"type": "idp", "name": name.typed})
	switch {
	case !operates && !s.communities: // nor has a ref that lets one
		answer.Want(http.StatusBadRequest)
		return
	case s.tagTaken(local, tag, foreign):
		answer.Want(http.StatusConflict)
		return
	}
	answer.Want(http.StatusCreated).Is(map[string]any{"data.idTag": tag})
	uuid, id := s.newest(d, "community")
	x := &thing{uuid: uuid, id: id, typeName: "community", open: true}
	if !operates {
		x.owner = leader.uuid
		s.join(leader, x)
	}
	s.tagged(x, local, tag, foreign)
	s.add(d, x.called(name))
}

func stepRenameMe(d drawn, s *site) {
	x := s.pick(d, isSignedIn)
	if x == nil {
		return
	}
	name := drawName.Draw(d.rt, "name")
	x.called(name)
	s.do(d, http.MethodPatch, x.token, "/api/me", map[string]any{"name": name.typed}).Want(http.StatusOK).Is(map[string]any{"data.name": x.name()})
	s.agrees(d, x)
}

func stepRenameIdentity(d drawn, s *site) {
	x := s.pick(d)
	if x == nil {
		return
	}
	name := drawName.Draw(d.rt, "name")
	path := "/api/admin/profiles/" + s.tagOf(x)
	if by := s.pick(d, isSignedIn); by != nil {
		s.do(d, http.MethodPatch, by.token, path, map[string]any{"name": "Mallory"}).Want(http.StatusForbidden)
	}
	x.called(name)
	s.do(d, http.MethodPatch, s.operator, path, map[string]any{"name": name.typed}).Want(http.StatusOK).Is(map[string]any{"data.name": x.name()})
	s.agrees(d, x)
}

func stepStatus(d drawn, s *site) {
	x := s.pick(d)
	if x == nil {
		return
	}
	status := rapid.SampledFrom([]string{"suspended", "active"}).Draw(d.rt, "status")
	s.do(d, http.MethodPatch, s.operator, "/api/admin/profiles/"+s.tagOf(x), map[string]any{"status": status}).
		Want(http.StatusOK).Is(map[string]any{"data.status": status})
	if x.disabled = status == "suspended"; x.disabled {
		x.endSessions()
		s.signInFails(d, x)
	}
	s.agrees(d, x)
}

// stepSignIn signs somebody in through one face, if they can.
func stepSignIn(d drawn, s *site) {
	x := s.pick(d, isUser)
	if x == nil {
		return
	}
	if !x.password || x.disabled {
		s.signInFails(d, x)
		return
	}
	face, answer := s.trySignIn(d, x)
	if s.apps == 0 && face == "appdata" { // the key is of an app of the other site
		answer.Want(http.StatusUnauthorized)
		return
	}
	if answer.Status >= 300 {
		d.Fatalf("%s: %d %s", face, answer.Status, answer.Body)
	}
	switch face {
	case "appdata":
		answer.Is(map[string]any{"user.user_id": x.uuid, "user.username": x.slug, "user.email": x.email, "user.first_name": x.given, "user.last_name": x.family})
	case "cloudillo":
		answer.Is(map[string]any{"data.idTag": s.tagOf(x), "data.tnId": json.Number(x.id), "data.name": x.name()})
	}
	for _, in := range signIns {
		if in.face == face {
			x.token = answer.Text(in.token)
		}
	}
	s.agrees(d, x)
}

func (s *site) signInFails(d drawn, x *thing) {
	d.Helper()
	if face, a := s.trySignIn(d, x); isUser(x) && a.Status != http.StatusUnauthorized && a.Status != http.StatusForbidden {
		d.Fatalf("%s signs in %s: %d %s", face, x, a.Status, a.Body)
	}
}

// trySignIn signs in through a face that is drawn.
func (s *site) trySignIn(d drawn, x *thing) (face string, answer facetest.Answer) {
	d.Helper()
	in := signIns[rapid.IntRange(0, len(signIns)-1).Draw(d.rt, "face")]
	name := x.slug
	if in.idTag {
		name = s.tagOf(x)
	}
	return in.face, s.send(d, facetest.Call{Method: http.MethodPost, Path: in.path, Body: fmt.Sprintf(in.body, name, operatorPassword), Header: in.header})
}

func stepRelate(d drawn, s *site) {
	x := s.pick(d, isSignedIn)
	if x == nil {
		return
	}
	y := s.pick(d, isSignedIn, func(y *thing) bool { return y != x })
	if y == nil || rapid.IntRange(0, 3).Draw(d.rt, "any") == 3 {
		y = s.pick(d)
	}
	s.relate(d, x, y, rapid.SampledFrom([]string{"connect", "follow", "unfollow", "disconnect"}).Draw(d.rt, "move"))
	if isSignedIn(y) && x != y { // whose answer it is
		s.relate(d, y, x, rapid.SampledFrom([]string{"connect", "follow", "disconnect"}).Draw(d.rt, "back"))
		s.relate(d, x, y, rapid.SampledFrom([]string{"disconnect", "unfollow", "connect"}).Draw(d.rt, "last"))
	}
}

// relate is one move of the first towards the second.
func (s *site) relate(d drawn, x, y *thing, move string) {
	d.Helper()
	answer := s.do(d, http.MethodPatch, x.token, "/api/profiles/"+s.tagOf(y), map[string]any{"relationship": move})
	if x == y {
		answer.Want(http.StatusBadRequest)
		return
	}
	switch {
	case move == "disconnect" && y.owner == x.uuid: // an owner does not leave
		answer.Want(http.StatusConflict)
		return
	case move == "connect" && y.open:
		s.join(x, y)
		move = ""
	}
	switch move {
	case "follow":
		s.relations[relation{"follow", x.uuid, y.uuid}] = true
	case "connect":
		s.relations[relation{"connect", x.uuid, y.uuid}] = true
		s.relations[relation{"follow", x.uuid, y.uuid}] = true
	case "unfollow":
		delete(s.relations, relation{"follow", x.uuid, y.uuid})
	case "disconnect":
		delete(s.relations, relation{"connect", x.uuid, y.uuid})
		delete(s.relations, relation{"connect", y.uuid, x.uuid})
	}
	answer.Want(http.StatusOK).Is(s.between(x, y))
	s.agrees(d, x)
	s.agrees(d, y)
}

// join makes somebody a member of a community that takes everybody.
func (s *site) join(x, community *thing) {
	s.relations[relation{"follow", x.uuid, community.uuid}] = true
	s.relations[relation{"connect", x.uuid, community.uuid}] = true
	s.relations[relation{"connect", community.uuid, x.uuid}] = true
}

// between is what the second is to the first.
func (s *site) between(x, y *thing) map[string]any {
	asks, asked := s.relations[relation{"connect", x.uuid, y.uuid}], s.relations[relation{"connect", y.uuid, x.uuid}]
	connection, connected := "disconnected", any(false)
	switch {
	case asks && asked:
		connection, connected = "connected", true
	case asks:
		connection, connected = "pending", "R"
	}
	return map[string]any{
		"data.idTag": s.tagOf(y), "data.status": letterOf(y), "data.connection": connection, "data.connected": connected,
		"data.following": s.relations[relation{"follow", x.uuid, y.uuid}], "data.follower": s.relations[relation{"follow", y.uuid, x.uuid}],
	}
}

// forget drops what an erased thing was to others, and gives those.
func (s *site) forget(x *thing) (others []*thing) {
	for _, y := range s.sorted() {
		there := false
		for _, kind := range []string{"follow", "connect"} {
			for _, r := range []relation{{kind, x.uuid, y.uuid}, {kind, y.uuid, x.uuid}} {
				there = there || s.relations[r]
				delete(s.relations, r)
			}
		}
		if there {
			others = append(others, y)
		}
	}
	return others
}

func letterOf(x *thing) string {
	if x.disabled {
		return "S"
	}
	return "A"
}

func (s *site) agreesInCloudillo(d drawn, x *thing) {
	d.Helper()
	tag, kind := s.tagOf(x), "community"
	if isUser(x) {
		kind = "person"
	}
	get := func(token, path string) facetest.Answer {
		return s.do(d, http.MethodGet, token, path, nil).Want(http.StatusOK)
	}
	get(s.operator, "/api/profiles/"+tag).Is(map[string]any{"data.idTag": tag, "data.name": x.name(), "data.type": kind, "data.status": letterOf(x)})
	if x.idTag != "" { // nobody is known by two
		get(s.operator, "/api/profiles/"+x.slug+"@"+s.domain).Is(map[string]any{"data": nil})
	}
	listed, hidden := "active", "suspended"
	if x.disabled {
		listed, hidden = hidden, listed
	}
	get(s.operator, "/api/profiles?idTag="+tag+"&status="+listed).Is(map[string]any{"data.0.idTag": tag, "data.0.name": x.name()})
	get(s.operator, "/api/profiles?idTag="+tag+"&status="+hidden).Is(map[string]any{"data": []any{}})
	if x.token == "" {
		return
	}
	get(x.token, "/api/me").Is(map[string]any{"data.idTag": tag, "data.name": x.name(), "data.type": kind, "data.tnId": json.Number(x.id)})
	want := map[string]int{}
	for _, y := range s.sorted() {
		between := s.between(x, y)
		if between["data.following"] == true || between["data.follower"] == true || between["data.connection"] != "disconnected" {
			get(x.token, "/api/profiles/"+s.tagOf(y)).Is(between)
		}
		if y.disabled {
			continue
		}
		for query, is := range map[string]bool{
			"following=true": between["data.following"] == true, "follower=true": between["data.follower"] == true,
			"connected=pending": between["data.connection"] == "pending", "connected=connected": between["data.connection"] == "connected",
		} {
			if is {
				want[query]++
			}
		}
	}
	for _, query := range []string{"following=true", "follower=true", "connected=pending", "connected=connected"} {
		if got := s.listed(d, x.token, query); got != want[query] {
			d.Fatalf("%s lists %d by %s, want %d", x, got, query, want[query])
		}
	}
}

// listed counts a list of profiles.
func (s *site) listed(t testing.TB, token, query string) int {
	t.Helper()
	answer := s.do(t, http.MethodGet, token, "/api/profiles?"+query, nil).Want(http.StatusOK).Is(map[string]any{"cursorPagination.hasMore": false})
	data, _ := answer.At("data")
	all, ok := data.([]any)
	if !ok {
		t.Fatalf("no list by %s: %s", query, answer.Body)
	}
	return len(all)
}
