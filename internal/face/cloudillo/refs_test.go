package cloudillo_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"facet/internal/facetest"
)

var refForm = regexp.MustCompile(`^[0-9A-Za-z]{24}$`)

// makeRef makes a ref to register with and gives its key.
func makeRef(t *testing.T, s *facetest.Service, token, body string) string {
	t.Helper()
	id := s.Post(t, token, "/api/refs", body).Want(201).Text("data.refId")
	if !refForm.MatchString(id) {
		t.Errorf("refId %q", id)
	}
	return id
}

// registerWith registers an idtag of that name with a ref.
func registerWith(t *testing.T, s *facetest.Service, name, ref string) facetest.Answer {
	t.Helper()
	return s.Post(t, "", "/api/profiles/register", map[string]string{
		"type": "idp", "idTag": name + "@example.com", "email": name + "@mail.example", "token": ref,
	})
}

func TestOperatorsMakeRefsToRegisterWith(t *testing.T) {
	s := start(t)
	donny, alice := login(t, s, under("donny")), login(t, s, under("alice"))
	a := s.Post(t, donny, "/api/refs", `{"type":"register","description":"for the team","params":"connect=0"}`).Want(201).Is(map[string]any{
		"data.type": "register", "data.description": "for the team", "data.params": "connect=0", "data.count": 1, "data.createdAt": "2026-01-31T12:00:00Z",
	})
	if got := a.Keys("data"); strings.Join(got, ",") != "refId,type,description,createdAt,count,params" {
		t.Error(got)
	}
	once := a.Text("data.refId")
	s.Post(t, "", "/api/profiles/verify", map[string]string{"type": "ref", "idTag": "", "token": once}).Want(200).Is(map[string]any{
		"data.available": true, "data.identityProviders": []string{"localhost.localdomain"},
	})
	registerWith(t, s, "one", once).Want(201)
	failed(t, registerWith(t, s, "two", once), 400, "E-VAL-INVALID")
	s.Get(t, donny, "/api/refs/"+once).Want(200).Is(map[string]any{"data.count": 0})
	many := makeRef(t, s, donny, `{"type":"register","count":null}`)
	registerWith(t, s, "three", many).Want(201)
	if a := s.Get(t, donny, "/api/refs/"+many).Want(200); strings.Contains(string(a.Body), "count") {
		t.Errorf("a ref of any number of uses has a count: %s", a.Body)
	}
	for _, body := range []string{`{"type":"register"}`, `{"type":"profile.invite"}`, `{"type":"password"}`} {
		failed(t, s.Post(t, alice, "/api/refs", body), 403, "E-AUTH-NOPERM")
	}
	failed(t, s.Post(t, "", "/api/refs", `{"type":"register"}`), 401, "E-AUTH-UNAUTH")
	failed(t, s.Post(t, donny, "/api/refs", `{"type":"welcome"}`), 400, "E-VAL-INVALID")
}

func TestARefIsCheckedInOrder(t *testing.T) {
	s := start(t)
	donny := login(t, s, under("donny"))
	over := makeRef(t, s, donny, `{"type":"register","expiresAt":"2026-01-31T13:00:00Z"}`)
	invite := makeRef(t, s, donny, `{"type":"profile.invite","expiresAt":"2026-01-31T13:00:00Z"}`)
	used := makeRef(t, s, donny, `{"type":"register"}`)
	registerWith(t, s, "one", used).Want(201)
	s.Clock.Advance(2 * time.Hour)
	for ref, want := range map[string]string{"nothing": "Resource not found", invite: "Invalid ref type: profile.invite", over: "Ref has expired", used: "Ref has already been used"} {
		a := s.Post(t, "", "/api/profiles/verify", map[string]string{"type": "ref", "token": ref})
		if !strings.Contains(a.Text("error.message"), want) || (a.Status == http.StatusNotFound) != (ref == "nothing") {
			t.Errorf("%s: %d %s", want, a.Status, a.Body)
		}
		if b := registerWith(t, s, "late", ref); b.Status != a.Status || b.Text("error.message") != a.Text("error.message") {
			t.Errorf("register says %s", b.Body)
		}
	}
}

func TestGap4ASingleRefIsSpentOnceByWhoeverIsFaster(t *testing.T) {
	t.Run("gap 4: spending and registering are one transaction", func(t *testing.T) {
		s := start(t)
		ref := makeRef(t, s, login(t, s, under("donny")), `{"type":"register","count":2}`)
		var made atomic.Int64
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				if registerWith(t, s, fmt.Sprint("racer", i), ref).Status == 201 {
					made.Add(1)
				}
			})
		}
		wg.Wait()
		if made.Load() != 2 {
			t.Errorf("%d registered with a ref of two uses", made.Load())
		}
	})
	t.Run("gap 4: what is refused spends nothing", func(t *testing.T) {
		s := start(t)
		ref := makeRef(t, s, login(t, s, under("donny")), `{"type":"register"}`)
		failed(t, s.Post(t, "", "/api/profiles/register", map[string]string{"type": "idp", "idTag": "bob@example.com", "email": "b@mail.example", "token": ref}), 409, "E-CORE-CONFLICT")
		failed(t, s.Post(t, "", "/api/profiles/register", map[string]string{"type": "idp", "idTag": "new@example.com", "email": "b@", "token": ref}), 400, "E-VAL-INVALID")
		registerWith(t, s, "new", ref).Want(201)
	})
	t.Run("gap 4: of two who register the same idTag exactly one wins", func(t *testing.T) {
		s := start(t)
		statuses := make([]int, 6)
		var wg sync.WaitGroup
		for i := range statuses {
			wg.Go(func() {
				statuses[i] = s.Post(t, "", "/api/profiles/register", map[string]string{
					"type": "domain", "idTag": "same@example.com", "email": fmt.Sprintf("s%d@mail.example", i), "token": "registration-token",
				}).Status
			})
		}
		wg.Wait()
		won := 0
		for _, status := range statuses {
			switch status {
			case 201:
				won++
			case 409:
			default:
				t.Errorf("status %d", status)
			}
		}
		if won != 1 {
			t.Errorf("%d have the same idTag", won)
		}
	})
}

func TestGap13TheExpiryIsReadInBothSpellings(t *testing.T) {
	s := start(t)
	donny := login(t, s, under("donny"))
	for _, member := range []string{
		`"expiresAt":"2026-02-01T12:00:00Z"`, `"expires_at":"2026-02-01T12:00:00Z"`, `"expiresAt":1769947200`, `"expires_at":1769947200`,
		`"expiresAt":"2026-02-01T14:00:00+02:00"`, `"expiresAt":1769947200,"expires_at":"2026-02-01T12:00:00Z"`,
	} {
		t.Run("gap 13: "+member, func(t *testing.T) {
			s.Post(t, donny, "/api/refs", `{"type":"register",`+member+`}`).Want(201).Is(map[string]any{"data.expiresAt": "2026-02-01T12:00:00Z"})
		})
	}
	t.Run("gap 13: none is never", func(t *testing.T) {
		for _, body := range []string{`{"type":"register"}`, `{"type":"register","expiresAt":null}`} {
			if a := s.Post(t, donny, "/api/refs", body).Want(201); strings.Contains(string(a.Body), "expires") {
				t.Errorf("%s", a.Body)
			}
		}
	})
	t.Run("gap 13: two that differ are refused", func(t *testing.T) {
		failed(t, s.Post(t, donny, "/api/refs", `{"type":"register","expiresAt":1769947200,"expires_at":1769947201}`), 400, "E-VAL-INVALID")
	})
	t.Run("gap 13: availability is told in both", func(t *testing.T) {
		s.Get(t, "", "/api/idp/check-availability?idTag="+under("free")).Want(200).Is(map[string]any{
			"data.available": true, "data.idTag": under("free"), "data.id_tag": under("free"),
		})
	})
}

func TestRefsAreListedToThoseWhoMayMakeThem(t *testing.T) {
	s := start(t)
	donny, alice, xia := login(t, s, under("donny")), login(t, s, under("alice")), login(t, s, under("xia"))
	pic := upload(t, s, alice, "/api/me/image", "image/png", pngOf(t, 3)).Want(200).Text("data.fileId")
	var made []string // newest first
	for i := range 5 {
		s.Clock.Advance(time.Second)
		made = append([]string{makeRef(t, s, donny, fmt.Sprintf(`{"type":"register","description":"number %d"}`, i))}, made...)
	}
	s.Clock.Advance(time.Second)
	share := makeRef(t, s, alice, `{"type":"share.file","resourceId":"`+pic+`"}`)
	ids := func(token, query string) string {
		t.Helper()
		var out []string
		for cursor := ""; ; {
			a := s.Get(t, token, "/api/refs?limit=2&"+query+cursor).Want(200)
			list, _ := a.At("data")
			for _, v := range list.([]any) {
				out = append(out, v.(map[string]any)["refId"].(string))
			}
			more, _ := a.At("cursorPagination.hasMore")
			if more == false {
				return strings.Join(out, ",")
			}
			cursor = "&cursor=" + a.Text("cursorPagination.nextCursor")
		}
	}
	all := strings.Join(made, ",") + ","
	if got := ids(donny, "type=register"); got != all+"verification-token,registration-token" && got != all+"registration-token,verification-token" {
		t.Errorf("the site's: %s", got)
	}
	if got := ids(donny, ""); !strings.HasPrefix(got, all) || strings.Contains(got, share) {
		t.Errorf("without a type: %s", got)
	}
	for _, query := range []string{"", "type=share.file", "type=share.file&filter=active", "resourceId=" + pic} {
		if got := ids(alice, query); got != share {
			t.Errorf("%q: %s", query, got)
		}
	}
	if got := ids(alice, "type=welcome") + ids(xia, "") + ids(alice, "resourceId=other") + ids(alice, "filter=used"); got != "" {
		t.Errorf("there are none: %s", got)
	}
	failed(t, s.Get(t, alice, "/api/refs?type=register"), 403, "E-AUTH-NOPERM")
	failed(t, s.Get(t, alice, "/api/refs?type=profile.invite"), 403, "E-AUTH-NOPERM")
	failed(t, s.Get(t, "", "/api/refs"), 401, "E-AUTH-UNAUTH")
	registerWith(t, s, "one", made[1]).Want(201)
	s.Patch(t, donny, "/api/refs/"+made[2], `{"expiresAt":"2026-01-31T12:30:00Z"}`).Want(200)
	s.Clock.Advance(time.Hour)
	donny = login(t, s, under("donny"))
	for query, want := range map[string]string{
		"type=register&filter=used": made[1], "type=register&filter=expired": made[2],
	} {
		if got := ids(donny, query); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	if got := ids(donny, "type=register&filter=active"); strings.Contains(got, made[1]) || strings.Contains(got, made[2]) || !strings.Contains(got, made[0]) {
		t.Errorf("active: %s", got)
	}
	s.Get(t, alice, "/api/refs").Want(http.StatusUnauthorized)
	s.Get(t, donny, "/api/refs?type=register&filter=used").Want(200).Is(map[string]any{"pagination": map[string]int{"offset": 0, "limit": 1, "total": 1}})
	for _, query := range []string{"type=boss", "filter=x", "limit=0", "limit=x", "cursor=x", "cursor=e30", "q=%zz", "type=register&type=welcome"} {
		failed(t, s.Get(t, donny, "/api/refs?"+query), 400, "E-VAL-INVALID")
	}
}

func TestARefShowsStrangersItsTypeOnly(t *testing.T) {
	s := start(t)
	donny, alice, xia := login(t, s, under("donny")), login(t, s, under("alice")), login(t, s, under("xia"))
	pic := upload(t, s, alice, "/api/me/image", "image/png", pngOf(t, 3)).Want(200).Text("data.fileId")
	share := s.Post(t, alice, "/api/refs", `{"type":"share.file","resourceId":"`+pic+`","accessLevel":"W"}`).Want(201).Is(map[string]any{
		"data.accessLevel": "write", "data.resourceId": pic,
	}).Text("data.refId")
	for _, token := range []string{"", xia, donny, "garbage"} {
		s.Get(t, token, "/api/refs/"+share).Want(200).Is(map[string]any{"data": map[string]string{"refId": share, "type": "share.file"}})
	}
	s.Get(t, alice, "/api/refs/"+share).Want(200).Is(map[string]any{"data.accessLevel": "write", "data.count": 1})
	for _, token := range []string{xia, donny} {
		failed(t, s.Patch(t, token, "/api/refs/"+share, `{"description":"mine"}`), 404, "E-CORE-NOTFOUND")
		failed(t, s.Delete(t, token, "/api/refs/"+share), 404, "E-CORE-NOTFOUND")
	}
	failed(t, s.Post(t, xia, "/api/refs", `{"type":"share.file","resourceId":"`+pic+`"}`), 404, "E-CORE-NOTFOUND")
	failed(t, s.Post(t, alice, "/api/refs", `{"type":"share.file"}`), 400, "E-VAL-INVALID")
	failed(t, s.Get(t, "", "/api/refs/nothing"), 404, "E-CORE-NOTFOUND")
	s.Delete(t, alice, "/api/refs/"+share).Want(200).Is(map[string]any{"data": nil})
	failed(t, s.Get(t, alice, "/api/refs/"+share), 404, "E-CORE-NOTFOUND")
}

func TestARefIsChangedByWhoMadeItUntilItIsUsedUp(t *testing.T) {
	s := start(t)
	donny := login(t, s, under("donny"))
	ref := makeRef(t, s, donny, `{"type":"register","expiresAt":1769947200,"description":"d"}`)
	path := "/api/refs/" + ref
	s.Patch(t, donny, path, `{"description":"e","count":3,"expiresAt":null}`).Want(200).Is(map[string]any{"data.description": "e", "data.count": 3, "data.refId": ref})
	a := s.Patch(t, donny, path, `{"description":null,"count":null}`).Want(200)
	if got := strings.Join(a.Keys("data"), ","); got != "refId,type,createdAt" {
		t.Error(got)
	}
	for _, body := range []string{`{}`, `{"count":0}`, `{"expiresAt":"2026-01-31T12:00:00Z"}`, `{"accessLevel":"all"}`, `{"description":7}`} {
		failed(t, s.Patch(t, donny, path, body), 400, "E-VAL-INVALID")
	}
	s.Clock.Advance(40 * 24 * time.Hour) // the time that it was made for is long over
	s.Mails(t)
	donny = login(t, s, under("donny"))
	s.Patch(t, donny, path, `{"count":1,"expires_at":"2026-03-20T00:00:00Z"}`).Want(200)
	registerWith(t, s, "one", ref).Want(201)
	failed(t, s.Patch(t, donny, path, `{"count":1}`), 400, "E-VAL-INVALID")
	failed(t, s.Patch(t, donny, "/api/refs/"+makeRef(t, s, donny, `{"type":"profile.invite"}`), `{"count":2}`), 400, "E-VAL-INVALID")
	s.Clock.Advance(60 * 24 * time.Hour)
	s.Mails(t)
	donny = login(t, s, under("donny"))
	failed(t, s.Get(t, donny, path), 404, "E-CORE-NOTFOUND") // it is no longer kept
	s.Get(t, donny, "/api/refs/registration-token").Want(200)
}

func TestAnOperatorLetsOnePersonMakeACommunity(t *testing.T) {
	s := start(t)
	donny := login(t, s, under("donny"))
	a := s.Post(t, donny, "/api/admin/invite-community", `{"targetIdTag":"bob@example.com","message":"Go on."}`).Want(201).Is(map[string]any{
		"data.targetIdTag": "bob@example.com", "data.expiresAt": facetest.Start.Add(30 * 24 * time.Hour).Unix(),
	})
	ref := a.Text("data.refId")
	link := facetest.BaseURL + "/~/communities/create?invite=" + ref
	a.Is(map[string]any{"data.inviteUrl": link})
	mails := s.Mails(t)
	if len(mails) != 1 || mails[0].To != under("bob") || !strings.Contains(mails[0].Text, link) || !strings.Contains(mails[0].Text, "Go on.") {
		t.Errorf("%+v", mails)
	}
	s.Get(t, donny, "/api/refs?type=profile.invite&resourceId=bob@example.com").Want(200).Is(map[string]any{"data.0.refId": ref, "data.0.resourceId": "bob@example.com"})
	failed(t, s.Post(t, login(t, s, under("alice")), "/api/admin/invite-community", `not JSON`), 403, "E-AUTH-NOPERM")
	for body, status := range map[string]int{`{}`: 400, `{"targetIdTag":"nobody@example.com"}`: 404, `{"targetIdTag":"bob@example.com","expiresInDays":0}`: 400} {
		s.Post(t, donny, "/api/admin/invite-community", body).Want(status)
	}
	s.Delete(t, donny, "/api/profile/bob").Want(204)
	if a := s.Get(t, donny, "/api/refs/"+ref).Want(200); strings.Contains(string(a.Body), "bob") {
		t.Errorf("who was erased is still named: %s", a.Body)
	}
}
