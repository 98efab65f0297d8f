package cloudillo_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"net/http"
	"strings"
	"testing"
	"time"

	"facet/internal/directory"
	"facet/internal/facetest"
	"facet/internal/media"
)

func TestErrorsHaveTheirCodes(t *testing.T) {
	s := start(t)
	alice := login(t, s, under("alice"))
	many := map[string]any{}
	for i := range 33 {
		many[fmt.Sprint(i)] = "x"
	}
	x := func(x any) string {
		b, err := json.Marshal(map[string]any{"x": x})
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	for _, c := range []struct {
		method, path, body string
		status             int
		code, message      string
	}{
		{"POST", "/api/profiles/verify", `{"type":"boss","idTag":"a@example.com"}`, 400, "E-VAL-INVALID", "invalid registration type"},
		{"POST", "/api/profiles/verify", `{"type":"idp"}`, 400, "E-VAL-INVALID", "idTag is required"},
		{"POST", "/api/profiles/verify", `{"type":"ref"}`, 400, "E-VAL-INVALID", "token is required"},
		{"POST", "/api/profiles/verify", `{"type":"ref","token":"nothing"}`, 404, "E-CORE-NOTFOUND", ""},
		{"POST", "/api/profiles/register", `{"type":"idp","idTag":"bob@example.com","email":"b@mail.example","token":"registration-token"}`, 409, "E-CORE-CONFLICT", "Resource conflict: used"},
		{"POST", "/api/profiles/register", `{"type":"idp","idTag":"a b","email":"b@mail.example","token":"registration-token"}`, 400, "E-VAL-INVALID", "invalid id_tag"},
		{"POST", "/api/profiles/register", `{"type":"idp","idTag":"a@example.com","email":"nobody","token":"registration-token"}`, 400, "E-VAL-INVALID", "email address"},
		{"POST", "/api/profiles/register", `{"type":"idp","idTag":"a@example.com","email":"b@mail.example","token":"x"}`, 404, "E-CORE-NOTFOUND", ""},
		{"POST", "/api/auth/login", `{"idTag":"alice@localhost.localdomain","password":"wrong"}`, 403, "E-AUTH-NOPERM", ""},
		{"POST", "/api/auth/login", `{"idTag":"alice","password":"yoyo"}`, 403, "E-AUTH-NOPERM", ""},
		{"POST", "/api/auth/login", `{"idTag":"nobody@example.com","password":"yoyo"}`, 403, "E-AUTH-NOPERM", ""},
		{"POST", "/api/auth/login", `{"idTag":"alice@localhost.localdomain"}`, 400, "E-VAL-INVALID", "Password"},
		{"POST", "/api/auth/login", `{"password":"yoyo"}`, 400, "E-VAL-INVALID", "idTag is required"},
		{"PATCH", "/api/me", `{"name":null}`, 400, "E-VAL-INVALID", "name"},
		{"PATCH", "/api/me", `{"name":" "}`, 400, "E-VAL-INVALID", "name"},
		{"PATCH", "/api/me", `{"name":7}`, 400, "E-VAL-INVALID", "name"},
		{"PATCH", "/api/me", `[]`, 400, "E-VAL-INVALID", ""},
		{"PATCH", "/api/me", `null`, 400, "E-VAL-INVALID", "object"},
		{"PATCH", "/api/me", ``, 400, "E-VAL-INVALID", ""},
		{"PATCH", "/api/me", x(many), 400, "E-VAL-INVALID", "too many x fields (max 32)"},
		{"PATCH", "/api/me", x(map[string]any{strings.Repeat("k", 257): "x"}), 400, "E-VAL-INVALID", "x key too long (max 256)"},
		{"PATCH", "/api/me", x(map[string]any{"k": strings.Repeat("é", 2049)}), 400, "E-VAL-INVALID", "x value too long (max 4096)"},
		{"PATCH", "/api/me", x(map[string]any{"k": 7}), 400, "E-VAL-INVALID", "texts or null"},
		{"PATCH", "/api/me", x("text"), 400, "E-VAL-INVALID", "object"},
		{"PUT", "/api/profiles/bob@example.com", `{"type":"idp"}`, 409, "E-CORE-CONFLICT", "used"},
		{"PUT", "/api/profiles/a%20b", `{"type":"idp"}`, 400, "E-VAL-INVALID", "invalid id_tag"},
		{"PUT", "/api/profiles/a@example.com", `{"name":"x"}`, 400, "E-VAL-INVALID", "Invalid identity type"},
		{"PUT", "/api/profiles/a@example.com", `{"type":"idp","profilePic":"b1~nothing"}`, 400, "E-VAL-INVALID", "no such file"},
		{"PUT", "/api/profiles/a@example.com", `{"type":"idp","appDomain":"cl-o.example.com"}`, 400, "E-VAL-INVALID", "app_domain"},
		{"PATCH", "/api/profiles/bob@example.com", `{}`, 400, "E-VAL-INVALID", "relationship is required"},
		{"PATCH", "/api/profiles/bob@example.com", `{"relationship":"love"}`, 400, "E-VAL-INVALID", "love"},
		{"PATCH", "/api/profiles/bob@example.com", `{"status":"S"}`, 400, "E-VAL-INVALID", "status"},
		{"PATCH", "/api/profiles/bob@example.com", `{"trust":"often"}`, 400, "E-VAL-INVALID", "trust is always, never or null"},
		{"PATCH", "/api/profiles/bob@example.com", `{"hiddenInHome":"no"}`, 400, "E-VAL-INVALID", "hiddenInHome is true, false or null"},
		{"PATCH", "/api/profiles/bob@example.com", `{"relationship":"accept"}`, 409, "E-CORE-CONFLICT", "there is no request to answer"},
		{"PATCH", "/api/profiles/bob@example.com", `{"relationship":"follow","status":"A"}`, 400, "E-VAL-INVALID", "send one"},
		{"POST", "/api/profiles/nobody@example.com/refresh", "", 404, "E-CORE-NOTFOUND", ""},
		{"PATCH", "/api/profiles/alice@localhost.localdomain", `{"relationship":"follow"}`, 400, "E-VAL-INVALID", "itself"},
		{"PATCH", "/api/profiles/nobody@example.com", `{"relationship":"follow"}`, 404, "E-CORE-NOTFOUND", ""},
		{"PATCH", "/api/admin/profiles/bob@example.com", `not even JSON`, 403, "E-AUTH-NOPERM", ""},
		{"GET", "/api/profiles?type=dog", "", 400, "E-VAL-INVALID", "type"},
		{"GET", "/api/profiles?status=Z,Y", "", 400, "E-VAL-INVALID", "unknown status codes"},
		{"GET", "/api/profiles?connected=maybe", "", 400, "E-VAL-INVALID", "connected"},
		{"GET", "/api/profiles?following=1", "", 400, "E-VAL-INVALID", "following"},
		{"GET", "/api/profiles?limit=0", "", 400, "E-VAL-INVALID", "limit"},
		{"GET", "/api/profiles?cursor=x", "", 400, "E-VAL-INVALID", "cursor"},
		{"GET", "/api/profiles?q=a&q=a", "", 400, "E-VAL-INVALID", "q is given more than once"},
		{"GET", "/api/profiles?connected=true&connected=", "", 400, "E-VAL-INVALID", "connected is given more than once"},
		{"GET", "/api/profiles?q=a&search=b", "", 400, "E-VAL-INVALID", "send one"},
		{"GET", "/api/profiles?sort=age", "", 400, "E-VAL-INVALID", "sort is name or created"},
		{"GET", "/api/profiles?sort=created", "", 400, "E-VAL-INVALID", "narrows"},
		{"GET", "/api/profiles?sortDir=up", "", 400, "E-VAL-INVALID", "sortDir is asc or desc"},
		{"GET", "/api/profiles/batch?idTags=a&idTags=b", "", 400, "E-VAL-INVALID", "idTags is given more than once"},
		{"GET", "/api/profiles/batch?idTags=" + strings.Repeat("a,", 64), "", 400, "E-VAL-INVALID", "idTags: at most 64 entries per request"},
		{"GET", "/api/profiles?q=%zz", "", 400, "E-VAL-INVALID", "query"},
		{"GET", "/api/file/b1~nothing", "", 404, "E-CORE-NOTFOUND", ""},
		{"GET", "/api/files/..%2f..%2ffacet.db", "", 404, "E-CORE-NOTFOUND", ""},
		{"DELETE", "/api/me", "", 405, "E-CORE-BADREQ", ""},
		{"GET", "/api/me/nothing", "", 404, "E-CORE-NOTFOUND", ""},
	} {
		call := facetest.Call{Method: c.method, Path: c.path, Token: alice}
		if c.body != "" || c.method == "PATCH" {
			call.Body = c.body
		}
		a := s.Do(t, call)
		if a.Status != c.status || a.Text("error.code") != c.code || !strings.Contains(a.Text("error.message"), c.message) {
			t.Errorf("%s %s %.80s: %d %s", c.method, c.path, c.body, a.Status, a.Body)
		}
		if a.Text("reqId") != a.Header.Get("X-Request-Id") || a.Text("time") == "" {
			t.Errorf("%s %s: %s", c.method, c.path, a.Body)
		}
	}
}

func TestProtectedCallsNeedAToken(t *testing.T) {
	s := start(t)
	for _, c := range []facetest.Call{
		{Method: "PATCH", Path: "/api/me", Body: `{}`}, {Method: "PUT", Path: "/api/me/image", Body: "x"}, {Method: "PUT", Path: "/api/me/cover", Body: "x"},
		{Method: "GET", Path: "/api/profiles"}, {Method: "GET", Path: "/api/profiles/bob@example.com"},
		{Method: "GET", Path: "/api/profiles/batch?idTags=bob@example.com"}, {Method: "POST", Path: "/api/profiles/bob@example.com/refresh"}, {Method: "PUT", Path: "/api/profiles/a@example.com", Body: `{}`},
		{Method: "PATCH", Path: "/api/profiles/bob@example.com", Body: `{}`}, {Method: "PATCH", Path: "/api/admin/profiles/bob@example.com", Body: `{}`},
	} {
		for _, token := range []string{"", "garbage"} {
			c.Token = token
			failed(t, s.Do(t, c), 401, "E-AUTH-UNAUTH")
		}
	}
	failed(t, s.Get(t, "garbage", "/api/me"), 401, "E-AUTH-UNAUTH")
	failed(t, s.Get(t, "garbage", "/api/me/full"), 401, "E-AUTH-UNAUTH")
	s.Do(t, facetest.Call{Method: "POST", Path: "/api/auth/login", Token: "garbage", Body: `{"idTag":"bob@example.com","password":"yoyo"}`}).Want(200)
}

func TestALockedAccountSaysHowLongToWait(t *testing.T) {
	s := start(t)
	body := map[string]string{"idTag": under("xia"), "password": "wrong"}
	for range 10 {
		failed(t, s.Post(t, "", "/api/auth/login", body), 403, "E-AUTH-NOPERM")
	}
	body["password"] = facetest.Password
	a := s.Post(t, "", "/api/auth/login", body)
	failed(t, a, 429, "E-RATE-LIMITED")
	if a.Header.Get("Retry-After") != "900" {
		t.Errorf("Retry-After %q", a.Header.Get("Retry-After"))
	}
	a.Is(map[string]any{"error.details.retryAfter": 900})
	s.Clock.Advance(16 * time.Minute)
	s.Post(t, "", "/api/auth/login", body).Want(200)
}

func TestMeIsWhomTheHostNames(t *testing.T) {
	s := start(t)
	alice := login(t, s, under("alice"))
	s.Patch(t, alice, "/api/me", `{"x":{"bio":"mine"}}`).Want(200)
	get := func(token, host string) facetest.Answer {
		t.Helper()
		return s.Do(t, facetest.Call{Method: "GET", Path: "/api/me", Token: token, Header: map[string]string{"Host": host}})
	}
	public := get("", "cl-o.alice.localhost.localdomain").Want(200).Is(map[string]any{"data": map[string]any{
		"idTag": under("alice"), "name": "Alice Cooper", "type": "person", "keys": []string{}}})
	get(login(t, s, under("xia")), "cl-o.alice.localhost.localdomain").Want(200).Is(map[string]any{"data.name": "Alice Cooper"})
	get(alice, "cl-o.alice.localhost.localdomain").Want(200).Is(map[string]any{"data.x": map[string]string{"bio": "mine"}})
	get("", "localhost").Want(200).Is(map[string]any{"data.idTag": under("cowork"), "data.type": "community"})
	failed(t, get("", "cl-o.nobody.localhost.localdomain"), 404, "E-CORE-NOTFOUND")
	failed(t, s.Do(t, facetest.Call{Method: "PATCH", Path: "/api/me", Token: login(t, s, under("xia")), Body: `{"name":"Hacked"}`,
		Header: map[string]string{"Host": "cl-o.alice.localhost.localdomain"}}), 403, "E-AUTH-NOPERM")

	if tag := public.Header.Get("ETag"); len(tag) != 13 || !strings.Contains(strings.Join(public.Header.Values("Vary"), ","), "Authorization") {
		t.Errorf("ETag %q, Vary %q", tag, public.Header.Values("Vary"))
	}
	for tag, status := range map[string]int{public.Header.Get("ETag"): 304, "W/" + public.Header.Get("ETag"): 304, `"x", ` + public.Header.Get("ETag"): 304, `"x"`: 200} {
		a := s.Do(t, facetest.Call{Method: "GET", Path: "/api/me", Header: map[string]string{"Host": "cl-o.alice.localhost.localdomain", "If-None-Match": tag}}).Want(status)
		if status == 304 && (len(a.Body) > 0 || a.Header.Get("ETag") != public.Header.Get("ETag")) {
			t.Errorf("%s: %v %s", tag, a.Header, a.Body)
		}
	}
	s.Patch(t, alice, "/api/me", `{"name":"Alice Changed"}`).Want(200)
	if get("", "cl-o.alice.localhost.localdomain").Header.Get("ETag") == public.Header.Get("ETag") {
		t.Error("the ETag stayed")
	}
}

func TestAnExplicitIDTagHasItsOwnHost(t *testing.T) {
	s := start(t)
	at := func(method, path, token, host string, body any) facetest.Answer {
		t.Helper()
		return s.Do(t, facetest.Call{Method: method, Path: path, Token: token, Body: body, Header: map[string]string{"Host": host}})
	}
	bob := login(t, s, "bob@example.com")
	at("GET", "/api/me", "", "cl-o.bob.example.com", nil).Want(200).Is(map[string]any{"data": map[string]any{
		"idTag": "bob@example.com", "name": "Bob Stone", "type": "person", "keys": []string{}}})
	at("PATCH", "/api/me", bob, "cl-o.bob.example.com", `{"x":{"bio":"mine"}}`).Want(200)
	at("GET", "/api/me", bob, "CL-O.bob.example.com:443", nil).Want(200).Is(map[string]any{"data.idTag": "bob@example.com", "data.x": map[string]string{"bio": "mine"}})
	failed(t, at("PATCH", "/api/me", login(t, s, under("xia")), "cl-o.bob.example.com", `{"name":"Hacked"}`), 403, "E-AUTH-NOPERM")
	for _, host := range []string{"cl-o.bob.localhost.localdomain", "cl-o.devs.example.com", "cl-o.example.com"} {
		failed(t, at("GET", "/api/me", bob, host, nil), 404, "E-CORE-NOTFOUND")
	}
	s.Put(t, bob, "/api/profiles/devs@example.com", `{"type":"idp","name":"Devs"}`).Want(201)
	at("GET", "/api/me", "", "cl-o.devs.example.com", nil).Want(200).Is(map[string]any{"data.idTag": "devs@example.com", "data.type": "community"})
}

func TestAnIDTagOfAnotherSiteIsUsed(t *testing.T) {
	s := start(t)
	other, err := s.Directory.CreateSite(t.Context(), directory.NewSite{Name: "acme", Domain: "acme.example", Policy: directory.DefaultPolicy()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.AddRegistrationToken(t.Context(), directory.NewRegistrationToken{Token: "acme-token", Uses: -1}); err != nil {
		t.Fatal(err)
	}
	post := func(host, path string, body any) facetest.Answer {
		t.Helper()
		return s.Do(t, facetest.Call{Method: "POST", Path: path, Body: body, Header: map[string]string{"Host": host}})
	}
	for _, tag := range []string{"bob@example.com", "new@localhost.localdomain"} {
		post("acme.example", "/api/profiles/verify", map[string]string{"type": "idp", "idTag": tag}).Want(200).
			Is(map[string]any{"data.available": false, "data.idTagError": "used"})
		failed(t, post("acme.example", "/api/profiles/register", map[string]string{"type": "idp", "idTag": tag, "email": "new@mail.example", "token": "acme-token"}),
			409, "E-CORE-CONFLICT")
	}
	post("acme.example", "/api/profiles/register", map[string]string{"type": "idp", "idTag": "ann@tags.example", "email": "ann@mail.example", "token": "acme-token"}).Want(201)
	failed(t, s.Put(t, login(t, s, under("alice")), "/api/profiles/ann@tags.example", `{"type":"idp"}`), 409, "E-CORE-CONFLICT")
}

func TestXIsAMergePatch(t *testing.T) {
	s := start(t)
	alice := login(t, s, under("alice"))
	for _, c := range []struct{ body, want string }{
		{`{"x":{"a":"1","b":"2","odd \" key":""}}`, `{"a":"1","b":"2","odd \" key":""}`},
		{`{"x":{"a":null,"c":"3","nothing":null}}`, `{"b":"2","c":"3","odd \" key":""}`},
		{`{"name":"Other Name","unknown":[1]}`, `{"b":"2","c":"3","odd \" key":""}`},
		{`{}`, `{"b":"2","c":"3","odd \" key":""}`},
		{`{"x":{}}`, `{"b":"2","c":"3","odd \" key":""}`},
		{`{"x":null}`, ``},
		{`{"x":{"d":"4"}}`, `{"d":"4"}`},
		{`{"x":{"d":null}}`, ``},
	} {
		a := s.Patch(t, alice, "/api/me", c.body).Want(200)
		got, there := a.At("data.x")
		raw, _ := json.Marshal(got)
		if there != (c.want != "") || there && string(raw) != c.want {
			t.Errorf("%s: %s", c.body, a.Body)
		}
	}
}

func TestFilesAreServedForEver(t *testing.T) {
	s := start(t)
	f := s.Get(t, "", "/api/file/b1~abc123").Want(200)
	for name, want := range map[string]string{
		"Content-Type": "image/png", "ETag": `"b1~abc123"`, "Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff",
		"Content-Security-Policy": "default-src 'none'; sandbox",
	} {
		if got := f.Header.Get(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	head := s.Do(t, facetest.Call{Method: "HEAD", Path: "/file/b1~abc123"}).Want(200)
	if len(head.Body) != 0 || head.Header.Get("Content-Length") != fmt.Sprint(len(f.Body)) {
		t.Errorf("%v", head.Header)
	}
	s.Do(t, facetest.Call{Method: "GET", Path: "/api/files/b1~abc123", Header: map[string]string{"If-None-Match": `"b1~abc123"`}}).Want(304)
	part := s.Do(t, facetest.Call{Method: "GET", Path: "/api/files/b1~abc123", Header: map[string]string{"Range": "bytes=1-3"}}).Want(206)
	if string(part.Body) != "PNG" {
		t.Errorf("%q", part.Body)
	}
	s.Do(t, facetest.Call{Method: "GET", Path: "/api/files/b1~abc123", Header: map[string]string{"Range": "bytes=999999-"}}).Want(416)
	if _, err := s.Directory.CreateSite(t.Context(), directory.NewSite{Name: "other", Domain: "other.example"}); err != nil {
		t.Fatal(err)
	}
	failed(t, s.Do(t, facetest.Call{Method: "GET", Path: "/api/file/b1~abc123", Header: map[string]string{"Host": "other.example"}}), 404, "E-CORE-NOTFOUND")
}

func TestBadPicturesAreRefused(t *testing.T) {
	s := start(t)
	alice := login(t, s, under("alice"))
	bomb := bytes.Clone(pngOf(t, 1))
	binary.BigEndian.PutUint32(bomb[16:], 16384)
	binary.BigEndian.PutUint32(bomb[20:], 16384)
	binary.BigEndian.PutUint32(bomb[29:], crc32.ChecksumIEEE(bomb[12:29]))
	large := append(pngOf(t, 1), make([]byte, media.MaxBytes)...)
	for _, path := range []string{"/api/me/image", "/api/me/cover"} {
		for name, c := range map[string]struct {
			data   []byte
			status int
			code   string
		}{
			"empty": {[]byte{}, 400, "E-VAL-INVALID"}, "text": {[]byte("hello"), 400, "E-VAL-INVALID"}, "SVG": {[]byte("<svg/>"), 400, "E-VAL-INVALID"},
			"cut off": {pngOf(t, 1)[:50], 400, "E-VAL-INVALID"}, "a bomb": {bomb, 400, "E-VAL-INVALID"}, "too large": {large, 413, "E-FILE-TOOLARGE"},
		} {
			if a := upload(t, s, alice, path, "image/png", c.data); a.Status != c.status || a.Text("error.code") != c.code {
				t.Errorf("%s: %d %s", name, a.Status, a.Body)
			}
		}
		a := upload(t, s, alice, path, "text/html", jpegOf(t, 7)).Want(200)
		if got := s.Get(t, "", "/file/"+a.Text("fileId")).Header.Get("Content-Type"); got != "image/jpeg" {
			t.Errorf("what was sent as text/html is served as %s", got)
		}
	}
	whole := append(pngOf(t, 8), make([]byte, 3<<20)...) // more than other bodies may have
	upload(t, s, alice, "/api/me/image", "image/png", whole).Want(200)
}

func TestStatusSaysWhatMovesSay(t *testing.T) {
	s := start(t)
	alice, xia := login(t, s, under("alice")), login(t, s, under("xia"))
	relate := func(token, whom, body string, want map[string]any) {
		t.Helper()
		s.Patch(t, token, "/api/profiles/"+under(whom), body).Want(200).Is(want)
	}
	relate(alice, "xia", `{"relationship":"connect"}`, map[string]any{"data.connected": "R", "data.connection": "pending", "data.following": true})
	s.Get(t, xia, "/api/profiles/"+under("alice")).Want(200).Is(map[string]any{"data.follower": true, "data.connected": false})
	relate(xia, "alice", `{"relationship":"connect"}`, map[string]any{"data.connected": true, "data.connection": "connected"})
	relate(alice, "xia", `{"status":"M"}`, map[string]any{"data.status": "M", "data.relationship": "mute", "data.connected": true})
	relate(alice, "xia", `{"status":"B"}`, map[string]any{"data.status": "B", "data.relationship": "block", "data.connected": false, "data.following": false})
	s.Get(t, xia, "/api/profiles/"+under("alice")).Want(200).Is(map[string]any{"data": nil})
	failed(t, s.Patch(t, xia, "/api/profiles/"+under("alice"), `{"relationship":"follow"}`), 404, "E-CORE-NOTFOUND")
	failed(t, s.Patch(t, alice, "/api/profiles/"+under("xia"), `{"relationship":"follow"}`), 409, "E-CORE-CONFLICT")
	relate(alice, "xia", `{"status":"A"}`, map[string]any{"data.status": "A", "data.relationship": "unblock"})
	relate(alice, "xia", `{"status":"blocked"}`, map[string]any{"data.status": "B"})
	relate(alice, "xia", `{"relationship":"unblock"}`, map[string]any{"data.status": "A"})
	relate(xia, "alice", `{"relationship":"follow"}`, map[string]any{"data.following": true})
	s.Get(t, alice, "/api/profiles/nobody@example.com").Want(200).Is(map[string]any{"data": nil})
}

func TestSuspendedPeopleAreSignedOut(t *testing.T) {
	s := start(t)
	donny, bob := login(t, s, under("donny")), login(t, s, "bob@example.com")
	suspend := func(whom, status string) facetest.Answer {
		return s.Patch(t, donny, "/api/admin/profiles/"+whom, map[string]string{"status": status})
	}
	suspend("bob@example.com", "S").Want(200).Is(map[string]any{"data.status": "suspended", "data.profile.status": "S"})
	failed(t, s.Get(t, bob, "/api/me"), 401, "E-AUTH-UNAUTH")
	failed(t, s.Post(t, "", "/api/auth/login", `{"idTag":"bob@example.com","password":"yoyo"}`), 403, "E-AUTH-NOPERM")
	s.Get(t, donny, "/api/profiles?status=suspended").Want(200).Is(map[string]any{"data.0.idTag": "bob@example.com", "data.0.status": "S"})
	suspend("bob@example.com", "active").Want(200).Is(map[string]any{"data.status": "active"})
	login(t, s, "bob@example.com")
	failed(t, suspend(under("donny"), "S"), 409, "E-CORE-CONFLICT")
	failed(t, suspend("bob@example.com", "muted"), 400, "E-VAL-INVALID")
	failed(t, suspend("nobody@example.com", "A"), 404, "E-CORE-NOTFOUND")
	for _, body := range []string{`{"roles":["boss"]}`, `{"roles":"user"}`, `{"roles":[7]}`, `{"name":7}`, `{"name":""}`} {
		failed(t, s.Patch(t, donny, "/api/admin/profiles/bob@example.com", body), 400, "E-VAL-INVALID")
	}
	s.Patch(t, donny, "/api/admin/profiles/bob@example.com", `{"roles":["leader"]}`).Want(200)
	a := s.Patch(t, donny, "/api/admin/profiles/bob@example.com", `{"roles":null}`).Want(200)
	if _, there := a.At("data.roles"); there {
		t.Errorf("%s", a.Body)
	}
}

func TestListsGoOnAtTheirCursor(t *testing.T) {
	s := start(t)
	alice := login(t, s, under("alice"))
	var names []string
	path := "/api/profiles?limit=2"
	for next := ""; ; {
		a := s.Get(t, alice, path+next).Want(200)
		list, _ := a.At("data")
		for _, p := range list.([]any) {
			names = append(names, p.(map[string]any)["name"].(string))
		}
		if more, _ := a.At("cursorPagination.hasMore"); more != true {
			break
		}
		next = "&cursor=" + a.Text("cursorPagination.nextCursor")
	}
	if got := strings.Join(names, ","); got != "Alice Cooper,Bob Stone,Casey Jones,Coworking Space,Donny,Xia Lee" {
		t.Error(got)
	}
}

func TestATokenIsNothingOnAnotherSite(t *testing.T) {
	s := start(t)
	token := login(t, s, under("alice"))
	if _, err := s.Directory.CreateSite(t.Context(), directory.NewSite{Name: "other", Domain: "other.example"}); err != nil {
		t.Fatal(err)
	}
	a := s.Do(t, facetest.Call{Method: http.MethodGet, Path: "/api/profiles", Token: token, Header: map[string]string{"Host": "other.example"}})
	failed(t, a, 401, "E-AUTH-UNAUTH")
}
