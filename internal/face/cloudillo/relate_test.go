package cloudillo_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"facet/internal/facetest"
	"facet/internal/store"
)

// namesOf gives the names of a list.
func namesOf(t testing.TB, a facetest.Answer) string {
	t.Helper()
	data, _ := a.At("data")
	var names []string
	for _, p := range data.([]any) {
		names = append(names, p.(map[string]any)["name"].(string))
	}
	return strings.Join(names, ",")
}

// on sends a call to a host.
func on(t testing.TB, s *facetest.Service, host, token, method, path string, body any) facetest.Answer {
	t.Helper()
	return s.Do(t, facetest.Call{Method: method, Path: path, Token: token, Body: body, Header: map[string]string{"Host": host}})
}

const (
	aliceHost = "cl-o.alice.localhost.localdomain"
	bobHost   = "cl-o.bob.example.com"
)

func TestARequestIsAcceptedOrRejectedByWhomItWasMadeTo(t *testing.T) {
	s := start(t)
	alice, xia := login(t, s, under("alice")), login(t, s, under("xia"))
	relate := func(token, tag, move string) facetest.Answer {
		t.Helper()
		return s.Patch(t, token, "/api/profiles/"+under(tag), map[string]string{"relationship": move})
	}
	relate(alice, "xia", "connect").Want(200).Is(map[string]any{"data.connected": "R", "data.connection": "pending", "data.following": true})
	s.Get(t, xia, "/api/profiles/"+under("alice")).Want(200).Is(map[string]any{
		"data.asked": true, "data.connected": false, "data.connection": "disconnected", "data.follower": true})
	if got := namesOf(t, s.Get(t, xia, "/api/profiles?connected=asked")); got != "Alice Cooper" {
		t.Errorf("who asked: %s", got)
	}
	failed(t, relate(alice, "xia", "accept"), 409, "E-CORE-CONFLICT")
	failed(t, relate(alice, "xia", "reject"), 409, "E-CORE-CONFLICT")
	relate(xia, "alice", "reject").Want(200).Is(map[string]any{"data.connection": "disconnected"})
	relate(xia, "alice", "reject").Want(200)
	s.Get(t, alice, "/api/profiles/"+under("xia")).Want(200).Is(map[string]any{"data.connection": "disconnected", "data.following": true})
	failed(t, relate(xia, "alice", "accept"), 409, "E-CORE-CONFLICT")
	relate(alice, "xia", "connect").Want(200)
	relate(xia, "alice", "accept").Want(200).Is(map[string]any{"data.connected": true, "data.connection": "connected", "data.following": true, "data.follower": true})
	relate(xia, "alice", "accept").Want(200)
	failed(t, relate(xia, "alice", "reject"), 409, "E-CORE-CONFLICT")
	relate(alice, "xia", "disconnect").Want(200).Is(map[string]any{"data.connected": false, "data.following": true, "data.follower": true})
}

func TestTrustStatusAndHomeAreKept(t *testing.T) {
	s := start(t)
	alice := login(t, s, under("alice"))
	path := "/api/profiles/bob@example.com"
	for _, c := range []struct {
		body                  string
		status, trust, hidden any
	}{
		{`{"trust":"always"}`, "A", "always", nil},
		{`{"trust":"never","hiddenInHome":true}`, "A", "never", true},
		{`{"status":"M"}`, "M", "never", true},
		{`{"status":"blocked"}`, "B", "never", true},
		{`{"status":"A","trust":"always","hiddenInHome":false}`, "A", "always", nil},
		{`{"relationship":"follow","trust":null}`, "A", nil, nil},
		{`{"status":"muted","trust":"always","hiddenInHome":true}`, "M", "always", true},
		{`{"status":null,"hiddenInHome":null}`, "A", "always", nil},
		{`{"relationship":"block"}`, "B", nil, nil}, // whom one blocks one does not trust
	} {
		for _, a := range []facetest.Answer{s.Patch(t, alice, path, c.body).Want(200), s.Get(t, alice, path).Want(200)} {
			for field, want := range map[string]any{"status": c.status, "trust": c.trust, "hiddenInHome": c.hidden} {
				if got, there := a.At("data." + field); got != want || there != (want != nil) {
					t.Errorf("%s: %s is %v, want %v", c.body, field, got, want)
				}
			}
		}
	}
	failed(t, s.Patch(t, alice, path, `{"trust":"always"}`), 409, "E-CORE-CONFLICT")
	// all that is sent, or nothing
	failed(t, s.Patch(t, alice, path, `{"relationship":"follow","hiddenInHome":true}`), 409, "E-CORE-CONFLICT")
	if _, there := s.Get(t, alice, path).At("data.hiddenInHome"); there {
		t.Error("half a change was kept")
	}
	for name, tag := range map[string]string{"always": under("xia"), "never": under("casey")} {
		s.Patch(t, alice, "/api/profiles/"+tag, map[string]string{"trust": name}).Want(200)
		s.Clock.Advance(time.Second)
	}
	s.Patch(t, alice, "/api/profiles/"+under("casey"), `{"trust":"always"}`).Want(200)
	for query, want := range map[string]string{
		"trustSet=true": "Casey Jones,Xia Lee", "trustSet=true&type=community": "", "trustSet=true&sort=name&sortDir=desc": "Xia Lee,Casey Jones",
		"trustSet=false": "Coworking Space,Donny", "trustSet=false&status=blocked": "Bob Stone",
	} {
		if got := namesOf(t, s.Get(t, alice, "/api/profiles?"+query).Want(200)); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
}

func TestGap2AndGap3(t *testing.T) {
	s := start(t)
	alice, bob, xia := login(t, s, under("alice")), login(t, s, "bob@example.com"), login(t, s, under("xia"))
	s.Patch(t, bob, "/api/profiles/"+under("xia"), `{"trust":"always"}`).Want(200)
	s.Patch(t, bob, "/api/profiles/"+under("alice"), `{"status":"B"}`).Want(200)
	t.Run("gap 2: who is blocked changes nothing of it", func(t *testing.T) {
		failed(t, on(t, s, bobHost, alice, "PATCH", "/api/profiles/"+under("alice"), `{"status":"A"}`), 403, "E-AUTH-NOPERM")
		failed(t, on(t, s, bobHost, xia, "PATCH", "/api/profiles/"+under("alice"), `{"status":"A"}`), 403, "E-AUTH-NOPERM")
		for _, body := range []string{`{"status":"A"}`, `{"relationship":"unblock"}`, `{"relationship":"follow"}`, `{"trust":"always"}`, `{"hiddenInHome":true}`} {
			failed(t, s.Patch(t, alice, "/api/profiles/bob@example.com", body), 404, "E-CORE-NOTFOUND")
		}
		s.Get(t, bob, "/api/profiles/"+under("alice")).Want(200).Is(map[string]any{"data.status": "B"})
	})
	t.Run("gap 3: relationships are shown to whose they are", func(t *testing.T) {
		for _, path := range []string{"/api/profiles/" + under("alice"), "/api/profiles/" + under("xia")} {
			on(t, s, bobHost, bob, "GET", path, nil).Want(200).Is(map[string]any{"data.connected": false})
			a := on(t, s, bobHost, xia, "GET", path, nil).Want(200).Is(map[string]any{"data.status": "A"})
			for _, key := range a.Keys("data") {
				if !strings.Contains("idTag name type status profilePic roles", key) {
					t.Errorf("%s shows %s to a visitor", path, key)
				}
			}
		}
		on(t, s, bobHost, xia, "GET", "/api/profiles?q=alice", nil).Want(200).Is(map[string]any{
			"data": []any{map[string]any{"idTag": under("alice"), "name": "Alice Cooper", "type": "person", "status": "A"}}})
		for _, query := range []string{"connected=connected", "connected=disconnected", "following=false", "follower=true", "trustSet=true"} {
			failed(t, on(t, s, bobHost, xia, "GET", "/api/profiles?"+query, nil), 403, "E-AUTH-NOPERM")
			on(t, s, bobHost, bob, "GET", "/api/profiles?"+query, nil).Want(200)
		}
		if got := namesOf(t, on(t, s, bobHost, xia, "GET", "/api/profiles?status=B", nil).Want(200)); got != "" {
			t.Errorf("a visitor sees blocked: %s", got)
		}
		if got := namesOf(t, on(t, s, bobHost, bob, "GET", "/api/profiles?status=B", nil).Want(200)); got != "Alice Cooper" {
			t.Errorf("the owner sees blocked: %s", got)
		}
	})
}

func TestACommunityRelatesThroughWhoMayActForIt(t *testing.T) {
	s := start(t)
	alice, xia := login(t, s, under("alice")), login(t, s, under("xia"))
	s.Put(t, alice, "/api/profiles/devs@example.com", `{"type":"idp","name":"Developers"}`).Want(201)
	const host = "cl-o.devs.example.com"
	on(t, s, host, alice, "PATCH", "/api/profiles/bob@example.com", `{"relationship":"mute"}`).Want(200).Is(map[string]any{"data.status": "M"})
	failed(t, on(t, s, host, xia, "PATCH", "/api/profiles/bob@example.com", `{"relationship":"unmute"}`), 403, "E-AUTH-NOPERM")
	s.Get(t, alice, "/api/profiles/bob@example.com").Want(200).Is(map[string]any{"data.status": "A"})
	if got := namesOf(t, on(t, s, host, alice, "GET", "/api/profiles?status=muted", nil).Want(200)); got != "Bob Stone" {
		t.Errorf("muted by the community: %s", got)
	}
	failed(t, on(t, s, host, alice, "PATCH", "/api/profiles/devs@example.com", `{"relationship":"follow"}`), 400, "E-VAL-INVALID")
}

func TestListsOfRelationsFollowTheTimeOfTheRelation(t *testing.T) {
	s := start(t)
	alice := login(t, s, under("alice"))
	var byTime []string
	for i := range 7 {
		name := fmt.Sprint("Club ", (i*3)%7)
		tag := fmt.Sprintf("club%d@example.com", i)
		s.Put(t, login(t, s, under("donny")), "/api/profiles/"+tag, map[string]string{"type": "idp", "name": name}).Want(201)
		s.Patch(t, alice, "/api/profiles/"+tag, `{"relationship":"follow"}`).Want(200)
		if i%3 != 2 { // some at the same moment
			s.Clock.Advance(time.Second)
		}
		byTime = append([]string{name}, byTime...)
	}
	walk := func(query string, limit int) (names []string) {
		t.Helper()
		cursor := ""
		for range 20 {
			a := s.Get(t, alice, fmt.Sprintf("/api/profiles?%s&limit=%d%s", query, limit, cursor)).Want(200)
			data, _ := a.At("data")
			if len(data.([]any)) > limit {
				t.Fatalf("%d on a page of %d", len(data.([]any)), limit)
			}
			if page := namesOf(t, a); page != "" {
				names = append(names, strings.Split(page, ",")...)
			}
			if more, _ := a.At("cursorPagination.hasMore"); more == false {
				return names
			}
			cursor = "&cursor=" + a.Text("cursorPagination.nextCursor")
		}
		t.Fatal("the list does not end")
		return nil
	}
	whole := strings.Join(walk("following=true", 100), ",")
	for limit := 1; limit < 9; limit++ {
		if got := strings.Join(walk("following=true", limit), ","); got != whole {
			t.Errorf("pages of %d: %s, want %s", limit, got, whole)
		}
		if got := strings.Join(walk("following=true&sort=name", limit), ","); got != "Club 0,Club 1,Club 2,Club 3,Club 4,Club 5,Club 6" {
			t.Errorf("by name: %s", got)
		}
	}
	for query, want := range map[string]string{
		"following=true&sort=created&sortDir=desc": whole, "following=true&q=club&type=community": whole, "following=true&type=person": "",
		"following=true&sortDir=asc": reversed(whole), "q=club&sortDir=desc": "Club 6,Club 5,Club 4,Club 3,Club 2,Club 1,Club 0",
		"following=true&connected=connected": "", "following=true&follower=false": whole, "following=true&status=suspended": "",
		"idTag=club0@example.com&following=true": byTime[6], "idTag=club0@example.com&following=false": "",
	} {
		if got := strings.Join(walk(query, 3), ","); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	// what was related before comes before, but at one moment
	if first := whole[:len("Club 0")]; first != byTime[0] && first != byTime[1] || !strings.HasSuffix(whole, byTime[6]) {
		t.Errorf("%s is not the newest first: %s", whole, byTime)
	}
	// A list that changes keeps its place: what is new comes before it.
	first := s.Get(t, alice, "/api/profiles?following=true&limit=3").Want(200)
	s.Clock.Advance(time.Second)
	s.Patch(t, alice, "/api/profiles/bob@example.com", `{"relationship":"follow"}`).Want(200)
	s.Patch(t, alice, "/api/profiles/club0@example.com", `{"relationship":"unfollow"}`).Want(200)
	rest := namesOf(t, s.Get(t, alice, "/api/profiles?following=true&cursor="+first.Text("cursorPagination.nextCursor")).Want(200))
	if got, want := namesOf(t, first)+","+rest, strings.TrimSuffix(whole, ","+byTime[6]); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	// and is of this list alone
	for _, query := range []string{"follower=true", "q=club", "following=true&sort=name", "following=true&connected=pending"} {
		failed(t, s.Get(t, alice, "/api/profiles?"+query+"&cursor="+first.Text("cursorPagination.nextCursor")), 400, "E-VAL-INVALID")
	}
}

func reversed(list string) string {
	names := strings.Split(list, ",")
	for i, j := 0, len(names)-1; i < j; i, j = i+1, j-1 {
		names[i], names[j] = names[j], names[i]
	}
	return strings.Join(names, ",")
}

func TestOnesOwnRowHasNoRelationship(t *testing.T) {
	s := start(t)
	alice := login(t, s, under("alice"))
	own := map[string]any{"idTag": under("alice"), "name": "Alice Cooper", "type": "person", "status": "A"}
	s.Get(t, alice, "/api/profiles/"+under("alice")).Want(200).Is(map[string]any{"data": own})
	s.Get(t, alice, "/api/profiles?idTag="+under("alice")).Want(200).Is(map[string]any{"data": []any{own}})
	for _, query := range []string{"connected=disconnected", "following=false", "follower=false", "trustSet=false", "connected=false"} {
		if got := namesOf(t, s.Get(t, alice, "/api/profiles?q=alice&"+query).Want(200)); got != "" {
			t.Errorf("%s: %s", query, got)
		}
	}
}

func TestSeveralProfilesAtOnce(t *testing.T) {
	s := start(t)
	alice, bob := login(t, s, under("alice")), login(t, s, "bob@example.com")
	get := func(tags string) facetest.Answer {
		t.Helper()
		return s.Get(t, alice, "/api/profiles/batch"+tags).Want(200)
	}
	for _, none := range []string{"", "?idTags=", "?idTags=,", "?idTags=nobody@example.com,%00,@"} {
		get(none).Is(map[string]any{"data": []any{}})
	}
	if got := namesOf(t, get("?idTags=%20bob.example.com,"+strings.ToUpper(under("xia"))+",bob@example.com,nobody,"+under("cowork"))); got != "Bob Stone,Xia Lee,Coworking Space" {
		t.Error(got)
	}
	get("?idTags=bob@example.com").Is(map[string]any{"data": []any{map[string]any{"idTag": "bob@example.com", "name": "Bob Stone", "type": "person"}}})
	s.Patch(t, bob, "/api/profiles/"+under("alice"), `{"relationship":"block"}`).Want(200)
	if got := namesOf(t, get("?idTags=bob@example.com,"+under("xia"))); got != "Xia Lee" {
		t.Errorf("who blocked the caller is there: %s", got)
	}
	get("?idTags=" + strings.Repeat("a,", 63) + "a")
}

func TestRefresh(t *testing.T) {
	s := start(t)
	alice, bob := login(t, s, under("alice")), login(t, s, "bob@example.com")
	t.Run("gap 9: the answer has type and status, and what is first written is kept", func(t *testing.T) {
		s.Post(t, alice, "/api/profiles/bob@example.com/refresh", nil).Want(200).Is(map[string]any{
			"data": map[string]any{"idTag": "bob@example.com", "name": "Bob Stone", "type": "person", "status": "A", "createdAt": "2026-01-31T12:00:00Z"}})
		s.Patch(t, alice, "/api/profiles/bob@example.com", `{"hiddenInHome":true}`).Want(200).Is(map[string]any{"data.hiddenInHome": true})
		s.Get(t, alice, "/api/profiles/bob@example.com").Want(200).Is(map[string]any{"data.hiddenInHome": true, "data.type": "person"})
		s.Get(t, alice, "/api/profiles?limit=1").Want(200).Is(map[string]any{"cursorPagination.hasMore": true})
	})
	s.Patch(t, bob, "/api/profiles/"+under("alice"), `{"relationship":"block"}`).Want(200)
	failed(t, s.Post(t, alice, "/api/profiles/bob@example.com/refresh", nil), 404, "E-CORE-NOTFOUND")
}

func TestWhatIsBetweenTwoGoesWithEither(t *testing.T) {
	s := start(t)
	alice, xia := login(t, s, under("alice")), login(t, s, under("xia"))
	for _, body := range []string{`{"relationship":"connect","trust":"always","hiddenInHome":true}`, `{"relationship":"mute"}`} {
		s.Patch(t, alice, "/api/profiles/"+under("xia"), body).Want(200)
	}
	s.Patch(t, xia, "/api/profiles/"+under("alice"), `{"relationship":"connect"}`).Want(200)
	s.Do(t, facetest.Call{Method: http.MethodDelete, Path: "/api/profile/xia", Token: login(t, s, under("donny"))}).Want(204)
	s.Mails(t) // the jobs that end links
	for _, query := range []string{"connected=connected", "connected=asked", "following=true", "follower=true", "trustSet=true", "status=muted"} {
		if got := namesOf(t, s.Get(t, alice, "/api/profiles?"+query).Want(200)); got != "" {
			t.Errorf("%s: %s", query, got)
		}
	}
	s.Get(t, alice, "/api/me/full").Want(200).Is(map[string]any{"data.counts": map[string]int{
		"followers": 0, "following": 0, "connected": 0, "pending": 0, "asked": 0, "blocked": 0, "muted": 0}})
}

func TestCountsAreTheOwners(t *testing.T) {
	s := start(t)
	alice, xia := login(t, s, under("alice")), login(t, s, under("xia"))
	s.Patch(t, alice, "/api/profiles/"+under("xia"), `{"relationship":"connect"}`).Want(200)
	s.Patch(t, alice, "/api/profiles/"+under("casey"), `{"relationship":"mute"}`).Want(200)
	for token, want := range map[string]map[string]int{
		alice: {"followers": 0, "following": 1, "connected": 0, "pending": 1, "asked": 0, "blocked": 0, "muted": 1},
		xia:   {"followers": 1, "following": 0, "connected": 0, "pending": 0, "asked": 1, "blocked": 0, "muted": 0},
	} {
		s.Get(t, token, "/api/me/full").Want(200).Is(map[string]any{"data.counts": want})
	}
	if _, there := on(t, s, aliceHost, xia, "GET", "/api/me/full", nil).Want(200).At("data.counts"); there {
		t.Error("a visitor sees how many there are")
	}
}

func TestEventsTellOfMoves(t *testing.T) {
	s := start(t)
	alice := login(t, s, under("alice"))
	s.Patch(t, alice, "/api/profiles/bob@example.com", `{"relationship":"follow","trust":"always"}`).Want(200)
	s.Patch(t, alice, "/api/profiles/bob@example.com", `{"relationship":"follow"}`).Want(200)
	if got := kindsOf(t, s, "relationship."); got != "relationship.follow,relationship.trust" {
		t.Error(got)
	}
}

// kindsOf lists the kinds of events that begin with a prefix.
func kindsOf(t testing.TB, s *facetest.Service, prefix string) string {
	t.Helper()
	sites, err := s.Directory.Sites(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	err = s.Store.Site(sites[0].ID).View(t.Context(), func(r store.Reader) error {
		kinds = nil
		events, err := r.Events(store.Position{}, -1)
		for _, e := range events {
			if strings.HasPrefix(e.Kind, prefix) {
				kinds = append(kinds, e.Kind)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(kinds, ",")
}
