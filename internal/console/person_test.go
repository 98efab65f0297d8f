package console_test

import (
	"bytes"
	"image"
	"image/png"
	"mime/multipart"
	"regexp"
	"strings"
	"testing"

	"facet/internal/facetest"
)

func TestPeopleChangeTheirOwnProfile(t *testing.T) {
	s := service(t)
	b := signedIn(t, s, "xia")
	form := func(pairs ...string) facetest.Answer {
		all := map[string]string{"full_name": "Xia Lee", "slug": "xia", "email": "xia@localhost.localdomain", "phone": "", "about": ""}
		for i := 0; i+1 < len(pairs); i += 2 {
			all[pairs[i]] = pairs[i+1]
		}
		var list []string
		for name, value := range all {
			list = append(list, name, value)
		}
		return b.post("/console/me", list...)
	}
	form("full_name", "Xia Lee-Park", "about", "one\r\ntwo").Want(303)
	s.Get(t, s.Login(t, "xia"), "/api/users/xia").Is(map[string]any{"full_name": "Xia Lee-Park"})
	has(t, form("full_name", "Xia Lee-Park", "about", "one\ntwo", "slug", "alice"), `id="er-slug"`, "Somebody else has this already.", `value="alice"`)
	has(t, form("email", "nobody"), `id="er-email"`, `value="nobody"`)
	has(t, form("full_name", "  "), `id="er-full_name"`)
	has(t, form("email", "alice@localhost.localdomain"), `id="er-email"`)
	form("slug", "xia-lee", "full_name", "Xia Lee-Park", "about", "one\ntwo").Want(303)
	has(t, b.get("/console/me").Want(200), "xia-lee@localhost.localdomain")
}

// upload sends a picture as a browser does.
func upload(b *tab, data []byte) facetest.Answer {
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	_ = w.WriteField("_csrf", b.csrf)
	part, _ := w.CreateFormFile("picture", "me.png")
	_, _ = part.Write(data)
	_ = w.Close()
	return b.do(facetest.Call{Method: "POST", Path: "/console/me/picture", Body: body.Bytes(), Type: w.FormDataContentType()})
}

func TestAPictureIsTakenAndWhatIsNoneIsRefused(t *testing.T) {
	s := service(t)
	b := signedIn(t, s, "xia")
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewRGBA(image.Rect(0, 0, 300, 200))); err != nil {
		t.Fatal(err)
	}
	upload(b, picture.Bytes()).Want(303)
	at := regexp.MustCompile(`src="(/api/file/[^"]+)" alt="Your picture"`).FindSubmatch(b.get("/console/me").Want(200).Body)
	if at == nil {
		t.Fatal("the picture is not shown")
	}
	s.Get(t, "", string(at[1])).Want(200)
	for _, bad := range [][]byte{nil, []byte("no picture"), picture.Bytes()[:40]} {
		if a := upload(b, bad); a.Status < 400 || a.Status >= 500 {
			t.Errorf("%.20q: %d", bad, a.Status)
		}
	}
	b.csrf = "0"
	upload(b, picture.Bytes()).Want(403)
}

func TestAHouseholdIsManagedByItsAccount(t *testing.T) {
	s := service(t)
	b := signedIn(t, s, "xia")
	add := func(pairs ...string) facetest.Answer { return b.post("/console/me/household", pairs...) }
	add("name", "Ming", "child", "1").Want(303)
	page := b.get("/console/me/household").Want(200)
	has(t, page, "Ming", "Child, up to 12")
	one := regexp.MustCompile(`href="(/console/me/household/[0-9a-f-]+)"><span class="face-picture child"`).FindSubmatch(page.Body)
	if one == nil {
		t.Fatalf("no child is shown:\n%s", page.Body)
	}
	path := string(one[1])
	has(t, add("name", "ming"), "Another profile of your household has this name.")
	has(t, add("name", "Po", "age", "young"), "The age is a number of years.")
	has(t, add("name", ""), `class="message bad"`)
	v := versionOn(t, b.get(path).Want(200))
	has(t, b.post(path, "version", v, "name", "Ming Lee", "child", "1", "age", "9", "pin", "4711"), "This takes your account&#39;s password", `name="password"`)
	b.post(path, "version", v, "name", "Ming Lee", "child", "1", "age", "9", "pin", "4711", "password", "yoyo").Want(303)
	has(t, b.get("/console/me/household"), "Ming Lee", "up to 9", "PIN")
	has(t, b.post(path, "version", v, "name", "Old", "child", "1", "age", "9"), "changed meanwhile", "Ming Lee")
	signedIn(t, s, "alice").get(path).Want(404)
	b.post(path + "/remove").Want(303)
	b.get(path).Want(404)
	own := regexp.MustCompile(`href="(/console/me/household/[0-9a-f-]+)"`).FindSubmatch(b.get("/console/me/household").Body)
	has(t, b.post(string(own[1])+"/remove").Want(409), "The default profile stays.")
}

func TestPeopleConnectWithEachOther(t *testing.T) {
	s := service(t)
	x, a := signedIn(t, s, "xia"), signedIn(t, s, "alice")
	has(t, x.get("/console/me/connections?q=alice").Want(200), "Alice Cooper", `value="connect"`)
	x.post("/console/me/connections", "tag", "alice@localhost.localdomain", "move", "connect").Want(303)
	has(t, x.get("/console/me/connections"), "You asked to connect", "Take back")
	has(t, a.get("/console/me/connections"), "Asked to connect with you", "Xia Lee", `value="accept"`)
	a.post("/console/me/connections", "tag", "xia@localhost.localdomain", "move", "accept").Want(303)
	has(t, x.get("/console/me/connections"), "Alice Cooper", `value="disconnect"`)
	x.post("/console/me/connections", "tag", "alice@localhost.localdomain", "move", "block").Want(303)
	has(t, x.get("/console/me/connections"), "Blocked or muted", "Unblock")
	if page := a.get("/console/me/connections?q=xia"); strings.Contains(string(page.Body), "Xia Lee") {
		t.Error("who was blocked finds the one who did")
	}
	for _, move := range []string{"", "marry"} {
		x.post("/console/me/connections", "tag", "bob@example.com", "move", move).Want(422)
	}
	x.post("/console/me/connections", "tag", "nobody@localhost.localdomain", "move", "follow").Want(404)
}

func TestInvitationsAreAcceptedAndRolesLeft(t *testing.T) {
	s := service(t)
	donny := s.Login(t, "donny")
	s.Post(t, donny, "/api/profile/cowork/roles/contributor", `{"slug":"alice"}`).Want(201)
	s.Post(t, donny, "/api/profile/cowork/plans/premium/subscriptions", `{"organization":{"slug":"alice"}}`).Want(201)
	b := signedIn(t, s, "alice")
	page := b.get("/console/me/roles").Want(200)
	has(t, page, "Coworking Space", "Accept", "Premium")
	keys := regexp.MustCompile(`name="key" value="([^"]+)"`).FindAllSubmatch(page.Body, -1)
	if len(keys) != 2 {
		t.Fatalf("%d invitations are shown:\n%s", len(keys), page.Body)
	}
	b.post("/console/me/roles", "do", "accept", "key", string(keys[0][1])).Want(303)
	b.post("/console/me/roles", "do", "subscribe", "key", string(keys[1][1])).Want(303)
	page = b.get("/console/me/roles").Want(200)
	if strings.Contains(string(page.Body), ">Accept<") {
		t.Errorf("something is still to be accepted:\n%s", page.Body)
	}
	b.get("/console/profiles").Want(200) // who contributes to the broker reads
	b.post("/console/me/roles", "do", "leave", "role", "contributor", "profile", "cowork").Want(303)
	b.get("/console/profiles").Want(403)
	b.post("/console/me/roles", "do", "leave", "role", "contributor", "profile", "cowork").Want(404)
	b.post("/console/me/roles", "do", "dance").Want(422)
}

func TestWhoContributesToTheBrokerReadsAndDoesNotWrite(t *testing.T) {
	s := service(t)
	s.Post(t, s.Login(t, "donny"), "/api/profile/cowork/roles/contributor", `{"slug":"alice"}`).Want(201)
	b := signedIn(t, s, "alice")
	key := regexp.MustCompile(`name="key" value="([^"]+)"`).FindSubmatch(b.get("/console/me/roles").Body)
	b.post("/console/me/roles", "do", "accept", "key", string(key[1])).Want(303)
	path := "/console/profiles/" + idOf(t, s, "xia").String()
	page := b.get(path).Want(200)
	if strings.Contains(string(page.Body), "Save changes") || strings.Contains(string(page.Body), "Erase…") {
		t.Error("who may only read is shown what writes")
	}
	b.post(path, "version", "1", "a:givenName", "Z").Want(403)
	b.post(path+"/state", "state", "disabled").Want(403)
	b.post(path+"/erase", "confirm", "xia").Want(403)
	b.get(path + "/sessions").Want(403)
	b.get(path + "/history").Want(200)
}

func TestAPasswordIsChangedAndOtherSessionsEnd(t *testing.T) {
	s := service(t)
	b, other := signedIn(t, s, "xia"), signedIn(t, s, "xia")
	has(t, b.post("/console/me/password", "current", "wrong", "new", "next one", "again", "next one").Want(422), `id="er-current"`, "The password is not right.")
	has(t, b.post("/console/me/password", "current", "yoyo", "new", "next one", "again", "another").Want(422), `id="er-again"`)
	has(t, b.post("/console/me/password", "current", "yoyo", "new", "yoyo", "again", "yoyo").Want(422), `id="er-new"`)
	b.post("/console/me/password", "current", "yoyo", "new", "next one", "again", "next one").Want(303)
	b.get("/console/me/security").Want(200)
	other.get("/console/me").Want(401)
	(&tab{t: t, s: s}).post("/console/sign-in", "login", "xia", "password", "next one").Want(303)
}

func TestOneOfManySignInsIsEnded(t *testing.T) {
	s := service(t)
	b, other := signedIn(t, s, "xia"), signedIn(t, s, "xia")
	page := b.get("/console/me/security").Want(200)
	has(t, page, "This one")
	ends := regexp.MustCompile(`action="(/console/me/sessions/[^"]+/end)"`).FindAllSubmatch(page.Body, -1)
	if len(ends) != 1 {
		t.Fatalf("%d sessions can be ended:\n%s", len(ends), page.Body)
	}
	b.post(string(ends[0][1])).Want(303)
	other.get("/console/me").Want(401)
	b.get("/console/me").Want(200)
}

func TestOwnDocumentsAreEdited(t *testing.T) {
	s := lived(t)
	b := signedIn(t, s, "xia")
	has(t, b.get("/console/me/documents").Want(200), "/console/me/documents/1")
	page := b.get("/console/me/documents/1").Want(200)
	has(t, page, "12345678901234567890")
	b.post("/console/me/documents/1", "version", versionOn(t, page), "text", `{"level":13,"score":12345678901234567891}`).Want(303)
	has(t, b.get("/console/me/documents/1"), "12345678901234567891")
	b.get("/console/me/documents/2").Want(404)
	signedIn(t, s, "alice").get("/console/me/documents/1").Want(404)
}

func TestErasingOneselfTakesTheNameTyped(t *testing.T) {
	s := service(t)
	b := signedIn(t, s, "xia")
	has(t, b.get("/console/me/erase").Want(200), "This cannot be undone.")
	has(t, b.post("/console/me/erase", "confirm", "").Want(422), "Type xia to erase your account.")
	b.post("/console/me/erase", "confirm", "xia").Want(303)
	(&tab{t: t, s: s}).post("/console/sign-in", "login", "xia", "password", "yoyo").Want(401)
	last := signedIn(t, s, "donny")
	has(t, last.post("/console/me/erase", "confirm", "donny").Want(409), "at least one manager")
}

// Whatever somebody writes into whichever field of whichever face, no page takes
// it for its own.
func TestWhatLooksLikeAScriptIsShownAsText(t *testing.T) {
	s := service(t)
	const script = `<script>alert(1)</script>`
	const breakOut = `"'><img src=x onerror=alert(2)>{{.}}`
	donny, xia := s.Login(t, "donny"), s.Login(t, "xia")
	both := strings.ReplaceAll(script+breakOut, `"`, `\"`)
	s.Patch(t, xia, "/api/profile/xia", `{"full_name":"`+both+`","nick_name":"`+both[:40]+`","street_address":"`+both+`","locality":"`+both[:25]+`","extra":{"`+both+`":"`+both+`"}}`).Want(200)
	s.Patch(t, xia, "/api/me", `{"x":{"bio":"`+both+`"}}`)
	role := s.Post(t, donny, "/api/profile/cowork/roles/describe", `{"title":"`+both[:20]+`"}`).Want(201).Text("slug")
	s.Post(t, donny, "/api/profile/cowork/roles/"+role, `{"slug":"xia"}`).Want(201)
	s.Post(t, donny, "/api/profile/cowork/plans", `{"title":"`+both+`","description":"`+both+`","is_active":true}`)
	s.Patch(t, donny, "/api/profile/cowork", `{"full_name":"`+both+`"}`).Want(200)
	s.Do(t, facetest.Call{Method: "POST", Path: "/user/profiles/create", Token: xia, Header: map[string]string{"X-API-KEY": "demo-api-key"}, Body: `{"app_id":1,"profile_data":{"a":"` + both + `","` + both + `":1}}`}).Want(201)
	s.Post(t, xia, "/api/users/v1/users/"+idOf(t, s, "xia").String()+"/user_profiles", `{"name":"`+both[:60]+`"}`)
	o, x := signedIn(t, s, "donny"), signedIn(t, s, "xia")
	path := "/console/profiles/" + idOf(t, s, "xia").String()
	v := versionOn(t, o.get(path))
	o.post(path, "version", v, "a:aboutMe", script+breakOut, "a:gender", script, "a:display", `{"`+script+`":"</textarea>`+script+`"}`, "a:photos#new.value", "javascript:alert(3)//"+script, "a:photos#new.type", "profile").Want(303)
	seen := 0
	look := func(b *tab, method, where string, form ...string) {
		t.Helper()
		a := b.get(where)
		if method == "POST" {
			a = b.post(where, form...)
		}
		page := string(a.Body)
		for _, live := range []string{"<script>alert", "<img src=x", "</textarea><script", `src="javascript:`, `href="javascript:`, "ZgotmplZ"} {
			if strings.Contains(page, live) {
				t.Errorf("%s has %s:\n%s", where, live, page)
			}
		}
		seen += strings.Count(page, "alert(")
		if a.Status >= 500 {
			t.Errorf("%s: %d", where, a.Status)
		}
	}
	for _, p := range append(pagesOf(t, s, "donny"), shown{"", "/console/quick?q=script"}, shown{"", "/console/profiles?q=%3Cscript%3Ealert(1)%3C/script%3E&related=%3Cscript%3Ealert(1)&by=role"},
		shown{"", "/console/profiles?type=person&filter=%3Cscript%3Ealert(1)%3C/script%3E"}, shown{"", "/console/quick?q=%22%3E%3Cscript%3Ealert(1)"}, shown{"", "/console/profiles/" + idOf(t, s, "cowork").String() + "/roles"}) {
		look(o, "GET", p.path)
	}
	for _, p := range append(pagesOf(t, s, "xia"), shown{"", "/console/me/connections?q=%3Cscript%3Ealert(1)"}) {
		look(x, "GET", p.path)
	}
	look(x, "POST", "/console/me", "full_name", script, "slug", breakOut, "email", breakOut)
	look(x, "POST", "/console/me/household", "name", script+strings.Repeat("x", 100), "age", breakOut)
	look(o, "POST", path, "version", versionOn(t, o.get(path)), "a:birthday", script)
	look(&tab{t: t, s: s}, "POST", "/console/sign-in", "login", breakOut+script, "password", "x", "next", "/console/profiles?q=\""+script)
	if seen < 30 {
		t.Errorf("the texts are on %d places only: the test sees too little", seen)
	}
}
