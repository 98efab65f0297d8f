package cloudillo_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"facet/internal/facetest"
)

// sharedFile gives alice a picture, and a ref to it.
func sharedFile(t *testing.T, s *facetest.Service, alice, more string) (file, ref string) {
	t.Helper()
	file = upload(t, s, alice, "/api/me/image", "image/png", pngOf(t, 1)).Want(200).Text("data.fileId")
	return file, s.Post(t, alice, "/api/refs", fmt.Sprintf(`{"type":"share.file","resourceId":%q%s}`, file, more)).Want(201).Text("data.refId")
}

func TestARefToAFileIsATokenForThatFileAlone(t *testing.T) {
	s := start(t)
	alice := login(t, s, under("alice"))
	file, ref := sharedFile(t, s, alice, `,"accessLevel":"comment","params":"page=2"`)
	ask := func(token, query string) facetest.Answer {
		t.Helper()
		return s.Get(t, token, "/api/auth/access-token?refId="+query)
	}
	a := ask("", ref).Want(200).Is(map[string]any{
		"data.resourceId": file, "data.accessLevel": "comment", "data.scope": "file:" + file + ":C", "data.params": "page=2",
		"data.expiresAt": facetest.Start.Add(time.Hour).Unix(),
	})
	guest := a.Text("data.token")
	for _, path := range []string{"/api/profiles", "/api/refs", "/api/refs/" + ref, "/api/auth/api-keys", "/api/auth/proxy-token", "/api/users/alice", "/api/profile/alice", "/api/auth/tokens"} {
		got := s.Get(t, guest, path)
		if got.Status != 403 && path != "/api/refs/"+ref {
			t.Errorf("GET %s with the token of a ref: %d %s", path, got.Status, got.Body)
		}
		if _, there := got.At("data.resourceId"); there {
			t.Errorf("a guest sees all of the ref: %s", got.Body)
		}
	}
	if claims := claimsOf(t, guest); claims["email"] != nil || claims["username"] != nil {
		t.Errorf("the token says of whom it is: %v", claims)
	}
	failed(t, ask("", ref), 400, "E-VAL-INVALID") // used up
	failed(t, ask("", ref+"&refresh=true"), 400, "E-VAL-INVALID")
	failed(t, ask(alice, ref+"&refresh=true"), 400, "E-VAL-INVALID")
	s.Clock.Advance(50 * time.Minute)
	next := ask(guest, ref+"&refresh=true").Want(200).Text("data.token")
	s.Clock.Advance(20 * time.Minute)
	failed(t, ask(guest, ref+"&refresh=true"), 400, "E-VAL-INVALID") // its time is over
	ask(next, ref+"&refresh=true").Want(200)
	failed(t, s.Get(t, next, "/api/auth/access-token?scope=file:"+file+":W"), 403, "E-AUTH-NOPERM")
	s.Get(t, next, "/api/auth/access-token?scope=file:"+file+":R").Want(200)
	s.Delete(t, login(t, s, under("alice")), "/api/refs/"+ref).Want(200)
	failed(t, s.Get(t, next, "/api/auth/access-token?scope=file:"+file+":R"), 401, "E-AUTH-UNAUTH")
	failed(t, ask("", "nothing"), 404, "E-CORE-NOTFOUND")
	failed(t, ask("", "registration-token"), 400, "E-VAL-INVALID")
}

func TestTheLastUseOfARefIsOnes(t *testing.T) {
	s := start(t)
	_, ref := sharedFile(t, s, login(t, s, under("alice")), `,"count":3`)
	var wait sync.WaitGroup
	statuses := make([]int, 10)
	for i := range statuses {
		wait.Go(func() { statuses[i] = s.Get(t, "", "/api/auth/access-token?refId="+ref).Status })
	}
	wait.Wait()
	got := map[int]int{}
	for _, status := range statuses {
		got[status]++
	}
	if got[200] != 3 || got[400] != 7 {
		t.Errorf("%v", got)
	}
}

func TestATokenOfARefEndsWithItsTimeAndItsOwner(t *testing.T) {
	s := start(t)
	xia := login(t, s, under("xia"))
	file, ref := sharedFile(t, s, xia, fmt.Sprintf(`,"count":null,"expiresAt":%d`, s.Clock.Now().Add(10*time.Minute).Unix()))
	guest := s.Get(t, "", "/api/auth/access-token?refId="+ref).Want(200).Is(map[string]any{"data.expiresAt": s.Clock.Now().Add(10 * time.Minute).Unix()}).Text("data.token")
	renew := "/api/auth/access-token?scope=file:" + file + ":R"
	s.Get(t, guest, renew).Want(200)
	s.Delete(t, s.Login(t, "donny"), "/api/users/xia").Want(204)
	failed(t, s.Get(t, guest, renew), 401, "E-AUTH-UNAUTH")
	failed(t, s.Get(t, "", "/api/auth/access-token?refId="+ref), 404, "E-CORE-NOTFOUND")
}

func TestGuestsOfARefEndNoSessionButEachOthers(t *testing.T) {
	s := start(t)
	alice := login(t, s, under("alice"))
	file, ref := sharedFile(t, s, alice, `,"count":null`)
	renew := "/api/auth/access-token?scope=file:" + file + ":R"
	own := s.Get(t, alice, renew).Want(200).Text("data.token")
	var guests []string
	for range 120 {
		s.Clock.Advance(time.Second)
		guests = append(guests, s.Get(t, "", "/api/auth/access-token?refId="+ref).Want(200).Text("data.token"))
	}
	again := login(t, s, under("alice"))
	for name, token := range map[string]string{"a session": alice, "another": again} {
		if got := s.Get(t, token, "/api/refs"); got.Status != 200 {
			t.Errorf("guests ended %s of the ref's owner: %d", name, got.Status)
		}
	}
	s.Get(t, own, renew).Want(200)
	if s.Get(t, guests[0], renew).Status != 401 {
		t.Error("the first of so many guests is still there")
	}
	for range 50 {
		s.Clock.Advance(time.Second)
		s.Get(t, alice, renew).Want(200)
	}
	s.Get(t, alice, "/api/refs").Want(200)
	failed(t, s.Get(t, own, renew), 401, "E-AUTH-UNAUTH")
}
