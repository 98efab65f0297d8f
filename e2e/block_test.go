package e2e_test

import (
	"net/http"
	"strings"
	"testing"

	"facet/internal/facetest"
)

// Whom somebody blocked finds nobody there, by whichever face, and cannot turn
// to them; rights and whoever operates the site are as before.
func TestWhatWhomSomebodyBlockedSeesAndDoesInTheFiveFaces(t *testing.T) {
	t.Parallel()
	in := demo(t)
	alice, xia, donny := in.Login(t, "alice"), in.Login(t, "xia"), in.Login(t, "donny")
	const tag = "alice@localhost.localdomain"
	client := in.client()
	uuid := client.ok(t, "entity.find", "type_name", "user", "filter", "email = 'alice@localhost.localdomain'").Text("results.0.uuid")
	at := func(t testing.TB, token, method, path string, body any) facetest.Answer {
		t.Helper()
		return in.Do(t, facetest.Call{Method: method, Path: path, Token: token, Body: body})
	}
	at(t, xia, "POST", "/api/users/xia/profiles", `{"slug":"xiashop","full_name":"Xia Shop","type":"organization"}`).Want(201)
	sees := func(token string) (found []string) {
		t.Helper()
		for _, path := range []string{"/api/accounts?q=alice", "/api/accounts/profiles?q=alice", "/api/accounts/users?q=alice"} {
			if a := at(t, token, "GET", path, nil).Want(200); strings.Contains(string(a.Body), "Alice") {
				found = append(found, path)
			}
		}
		if a := at(t, token, "GET", "/api/accounts/profiles/alice", nil); a.Status == 200 {
			found = append(found, "the profile")
		} else {
			a.Want(404)
		}
		for _, path := range []string{"/api/profiles?q=alice", "/api/profiles?idTag=" + tag, "/api/profiles/batch?idTags=" + tag, "/api/profiles/" + tag} {
			if a := at(t, token, "GET", path, nil).Want(200); strings.Contains(string(a.Body), "Alice") {
				found = append(found, path)
			}
		}
		return found
	}
	if got := sees(xia); len(got) != 8 {
		t.Fatalf("before, xia sees only %q", got)
	}
	block := func(whom string) {
		t.Helper()
		at(t, alice, "PATCH", "/api/profiles/"+whom+"@localhost.localdomain", `{"relationship":"block"}`).Want(200)
	}
	block("xia")
	block("donny")
	t.Run("cloudillo and djaoapp: is not there", func(t *testing.T) {
		if got := sees(xia); len(got) != 0 {
			t.Errorf("xia sees %q", got)
		}
		for _, body := range []string{`{"relationship":"follow"}`, `{"relationship":"connect"}`, `{"status":"A"}`, `{"trust":"always"}`} {
			at(t, xia, "PATCH", "/api/profiles/"+tag, body).Want(404)
		}
		at(t, xia, "POST", "/api/profiles/"+tag+"/refresh", nil).Want(404)
		in.Do(t, facetest.Call{Method: "GET", Path: "/api/me/full", Token: xia, Header: map[string]string{"Host": "cl-o.alice.localhost.localdomain"}}).
			Want(200).Is(map[string]any{"data": map[string]any{"idTag": tag, "name": "Alice Cooper", "type": "person", "keys": []string{}}})
	})
	t.Run("djaoapp: is offered nothing, and asked for nothing", func(t *testing.T) {
		at(t, xia, "POST", "/api/profile/xiashop/roles/manager", `{"slug":"alice"}`).Want(404)
		at(t, xia, "POST", "/api/users/xia/accessibles", `{"slug":"alice"}`).Want(404)
		at(t, donny, "POST", "/api/profile/cowork/roles/contributor", `{"slug":"alice"}`).Want(http.StatusCreated)
	})
	t.Run("djaoapp: whoever operates the site sees all", func(t *testing.T) {
		at(t, donny, "GET", "/api/accounts/profiles/alice", nil).Want(200)
		at(t, donny, "GET", "/api/profile/alice", nil).Want(200)
		at(t, donny, "PATCH", "/api/admin/profiles/"+tag, `{"status":"active"}`).Want(200)
	})
	t.Run("entity: clients see all, a person's token only its own", func(t *testing.T) {
		client.ok(t, "entity", "type_name", "user", "uuid", uuid).Is(map[string]any{"result.displayName": "Alice Cooper"})
		a := in.Do(t, facetest.Call{Method: "POST", Path: "/entity", Type: formType, Body: form("type_name", "user", "uuid", uuid), Header: map[string]string{"Authorization": "OAuth " + xia}})
		if strings.Contains(string(a.Body), "Alice") {
			t.Errorf("%s", a.Body)
		}
	})
	t.Run("household and appdata: another's is not there", func(t *testing.T) {
		if a := at(t, xia, "GET", "/api/users/v1/users/"+uuid, nil); a.Status != 404 {
			t.Errorf("household: %d %s", a.Status, a.Body)
		}
		at(t, donny, "GET", "/api/users/v1/users/"+uuid, nil).Want(200)
		if a := at(t, xia, "GET", "/operator/user/profiles/1?user_id="+uuid, nil); a.Status < 400 || strings.Contains(string(a.Body), "Alice") {
			t.Errorf("appdata: %d %s", a.Status, a.Body)
		}
	})
	at(t, alice, "PATCH", "/api/profiles/xia@localhost.localdomain", `{"relationship":"unblock"}`).Want(200)
	if got := sees(xia); len(got) != 8 {
		t.Errorf("after, xia sees only %q", got)
	}
}
