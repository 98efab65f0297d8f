package cloudillo_test

import (
	"bytes"
	"image"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// The calls of "Profiles API", as they are printed, on the demo site.

func TestPrintedVerifyRegisterAndSignedIn(t *testing.T) {
	s := start(t)
	s.Post(t, "", "/api/profiles/verify", `{
"idTag": "alice@example.com",
"type": "idp"
}`).Want(200).Is(map[string]any{
		"data.available": true, "data.idTag": "alice@example.com", "time": "2026-01-31T12:00:00Z",
		"data.address": []string{}, "data.idTagError": "", "data.appDomainError": "", "data.identityProviders": []string{"localhost.localdomain"},
	})
	a := s.Post(t, "", "/api/profiles/register", `{
"type": "idp",
"idTag": "alice@example.com",
"email": "alice@gmail.com",
"token": "verification-token",
"lang": "en"
}`).Want(201).Is(map[string]any{"data.idTag": "alice@example.com", "data.name": "Alice"})
	token := a.Text("data.token")
	tnID, _ := a.At("data.tnId")
	s.Get(t, token, "/api/me").Want(200).Is(map[string]any{"data.tnId": tnID, "data.idTag": "alice@example.com", "data.name": "Alice", "data.type": "person"})
	s.Post(t, "", "/api/profiles/verify", `{"idTag":"alice@example.com","type":"idp"}`).Want(200).
		Is(map[string]any{"data.available": false, "data.idTagError": "used"})
	mails := s.Mails(t)
	if len(mails) != 1 || mails[0].To != "alice@gmail.com" {
		t.Errorf("%+v", mails)
	}
}

func TestPrintedRegistrationTokenOfTheExample(t *testing.T) {
	s := start(t)
	s.Post(t, "", "/api/profiles/register", `{"type":"idp","idTag":"alice@example.com","email":"alice@gmail.com","token":"registration-token"}`).Want(201)
}

func TestPrintedCommunity(t *testing.T) {
	s := start(t)
	alice := login(t, s, under("alice"))
	s.Put(t, alice, "/api/profiles/devs@example.com", `{
"type": "idp",
"name": "Developer Community",
"profilePic": "b1~abc123",
"appDomain": "devs.example.com"
}`).Want(201).Is(map[string]any{
		"data.idTag": "devs@example.com", "data.name": "Developer Community", "data.type": "community",
		"data.createdAt": "2026-01-31T12:00:00Z", "time": "2026-01-31T12:00:00Z", "data.profilePic": "/api/file/b1~abc123",
	})
	s.Get(t, alice, "/api/profiles/devs@example.com").Want(200).Is(map[string]any{"data.type": "community", "data.name": "Developer Community"})
	failed(t, s.Put(t, alice, "/api/profiles/devs@example.com", `{"type":"idp"}`), 409, "E-CORE-CONFLICT")
}

func TestPrintedOwnProfile(t *testing.T) {
	s := start(t)
	alice := login(t, s, under("alice"))
	s.Patch(t, alice, "/api/me", `{"name":"Alice Johnson","x":{"bio":"Software developer","location":"San Francisco"}}`).Want(200)
	a := s.Get(t, alice, "/api/me").Want(200).Is(map[string]any{
		"data.idTag": under("alice"), "data.name": "Alice Johnson", "data.x": map[string]string{"bio": "Software developer", "location": "San Francisco"},
		"data.keys": []string{},
	})
	if got := a.Keys("data"); !slices.Equal(got, []string{"tnId", "idTag", "name", "type", "x", "keys"}) {
		t.Error(got)
	}
	s.Patch(t, alice, "/api/me", `{
  "name": "Alice Smith",
  "x": {
    "bio": "Senior developer",
    "website": "https://alice.example.com"
  }
}`).Want(200).Is(map[string]any{
		"data.name": "Alice Smith", "data.profile.name": "Alice Smith", "data.profile.type": "person",
		"data.profile.x": map[string]string{"bio": "Senior developer", "location": "San Francisco", "website": "https://alice.example.com"},
	})
	s.Get(t, alice, "/api/profile/alice").Want(200).Is(map[string]any{"full_name": "Alice Smith"})
}

func TestPrintedPictures(t *testing.T) {
	s := start(t)
	alice := login(t, s, under("alice"))
	for _, c := range []struct {
		path, field, kind, media string
		data                     []byte
	}{
		{"/api/me/image", "profilePic", "profile-pic", "image/jpeg", jpegOf(t, 1)},
		{"/api/me/image", "profilePic", "profile-pic", "image/png", pngOf(t, 1)},
		{"/api/me/cover", "coverPic", "cover", "image/jpeg", jpegOf(t, 2)},
		{"/api/me/cover", "coverPic", "cover", "image/png", pngOf(t, 2)},
	} {
		a := upload(t, s, alice, c.path, c.media, c.data).Want(200)
		id := a.Text("data.fileId")
		a.Is(map[string]any{"data." + c.field: "/api/file/" + id, "fileId": id, "type": c.kind, "time": "2026-01-31T12:00:00Z"})
		if got := a.Keys("data"); !slices.Equal(got, []string{c.field, "fileId"}) {
			t.Error(got)
		}
		for _, path := range []string{a.Text("data." + c.field), "/file/" + id, "/api/files/" + id, "/api/files/variant/" + id + "?variant=vis.sd", "/api/files//api/file/" + id} {
			f := s.Get(t, "", path).Want(200)
			if img, kind, err := image.Decode(bytes.NewReader(f.Body)); err != nil || img.Bounds().Dx() != 20 || img.Bounds().Dy() != 10 || f.Header.Get("Content-Type") != "image/"+kind {
				t.Errorf("%s: %d bytes of %s: %v", path, len(f.Body), f.Header.Get("Content-Type"), err)
			}
		}
		s.Get(t, alice, "/api/me").Want(200).Is(map[string]any{"data." + c.field: "/api/file/" + id})
	}
	pic := s.Get(t, alice, "/api/me").Text("data.profilePic")
	s.Get(t, alice, "/api/profile/alice").Want(200).Is(map[string]any{"picture": pic})
}

func TestPrintedProfileAndLists(t *testing.T) {
	s := start(t)
	alice, xia := login(t, s, under("alice")), login(t, s, under("xia"))
	s.Get(t, alice, "/api/profiles/bob@example.com").Want(200).Is(map[string]any{
		"data.idTag": "bob@example.com", "data.name": "Bob Stone", "data.type": "person", "data.status": "A", "data.connected": false, "data.following": false,
	})
	s.Put(t, alice, "/api/profiles/devs@example.com", `{"type":"idp","name":"Developers"}`).Want(201)
	s.Clock.Advance(time.Second)
	relate := func(token, tag, move string) {
		t.Helper()
		s.Patch(t, token, "/api/profiles/"+tag, map[string]string{"relationship": move}).Want(200)
		s.Clock.Advance(time.Second)
	}
	relate(alice, under("xia"), "connect")
	relate(xia, under("alice"), "connect")
	relate(alice, "bob@example.com", "connect")
	relate(alice, under("casey"), "mute")
	relate(alice, under("donny"), "block")
	const all = "Alice Cooper,Bob Stone,Casey Jones,Coworking Space,Developers,Xia Lee"
	for query, want := range map[string]string{
		"":                                all,
		"type=community":                  "Coworking Space,Developers",
		"type=person":                     "Alice Cooper,Bob Stone,Casey Jones,Xia Lee",
		"connected=connected":             "Xia Lee,Developers",
		"connected=true":                  "Xia Lee,Developers",
		"connected=pending":               "Bob Stone",
		"connected=R":                     "Bob Stone",
		"connected=disconnected":          "Casey Jones,Coworking Space",
		"connected=asked":                 "",
		"following=true":                  "Bob Stone,Xia Lee,Developers",
		"following=false&type=community":  "Coworking Space",
		"follower=true":                   "Xia Lee",
		"status=muted":                    "Casey Jones",
		"status=B,M":                      "Donny,Casey Jones",
		"status=active,blocked,what":      "Alice Cooper,Bob Stone,Coworking Space,Developers,Donny,Xia Lee",
		"status=,":                        all,
		"q=alice":                         "Alice Cooper",
		"q=LEE":                           "Xia Lee",
		"q=bob@example":                   "Bob Stone",
		"q=devs":                          "Developers",
		"search=stone":                    "Bob Stone",
		"q=nobody":                        "",
		"idTag=bob@example.com":           "Bob Stone",
		"idTag=bob@localhost.localdomain": "",
		"idTag=nobody":                    "",
		"trustSet=true":                   "",
		"trustSet=false&q=bob":            "Bob Stone",
	} {
		a := s.Get(t, alice, "/api/profiles?"+query).Want(200).Is(map[string]any{"cursorPagination.hasMore": false})
		list, _ := a.At("data")
		var names []string
		for _, p := range list.([]any) {
			names = append(names, p.(map[string]any)["name"].(string))
		}
		if got := strings.Join(names, ","); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
}

func TestPrintedRelationship(t *testing.T) {
	s := start(t)
	alice := login(t, s, under("alice"))
	s.Patch(t, alice, "/api/profiles/bob@example.com", `{
"relationship": "follow"
}`).Want(200).Is(map[string]any{
		"data.idTag": "bob@example.com", "data.relationship": "follow", "data.updatedAt": "2026-01-31T12:00:00Z", "data.following": true,
	})
}

func TestPrintedAdministration(t *testing.T) {
	s := start(t)
	const body = `{
"name": "Updated Name",
"status": "active",
"roles": ["user", "moderator"]
}`
	failed(t, s.Patch(t, login(t, s, under("alice")), "/api/admin/profiles/bob@example.com", body), 403, "E-AUTH-NOPERM")
	s.Patch(t, login(t, s, under("donny")), "/api/admin/profiles/bob@example.com", body).Want(200).Is(map[string]any{
		"data.idTag": "bob@example.com", "data.name": "Updated Name", "data.status": "active", "data.roles": []string{"user", "moderator"},
		"data.profile": map[string]any{"idTag": "bob@example.com", "name": "Updated Name", "type": "person", "status": "A", "roles": []string{"user", "moderator"}},
	})
}

func TestPrintedLogin(t *testing.T) {
	s := start(t)
	a := s.Post(t, "", "/api/auth/login", `{"idTag":"bob@example.com","password":"yoyo"}`).Want(200).Is(map[string]any{
		"data.idTag": "bob@example.com", "data.name": "Bob Stone", "data.profilePic": "", "data.settings": []string{},
		"data.roles": []string{"public", "follower", "supporter", "contributor", "moderator", "leader"},
	})
	token := a.Text("data.token")
	s.Get(t, token, "/api/profile/bob").Want(200)
	s.Post(t, token, "/api/auth/logout", `{}`).WantJSON(200, `{"data":null,"time":"2026-01-31T12:00:00Z"}`)
	failed(t, s.Get(t, token, "/api/me"), 401, "E-AUTH-UNAUTH")
	if a := s.Get(t, token, "/api/profiles").Want(http.StatusUnauthorized); a.Header.Get("WWW-Authenticate") == "" {
		t.Error("no WWW-Authenticate")
	}
}
