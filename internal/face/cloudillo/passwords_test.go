package cloudillo_test

import (
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"facet/internal/directory"
	"facet/internal/facetest"
)

var refLink = regexp.MustCompile(regexp.QuoteMeta(facetest.BaseURL) + `/(reset-password|onboarding)/([0-9A-Za-z]{24})\b`)

// refMailed gives the ref in the one mail that waits; "" where none does.
func refMailed(t *testing.T, s *facetest.Service, to string) string {
	t.Helper()
	ref := ""
	for _, m := range s.Mails(t) {
		if found := refLink.FindStringSubmatch(m.Text); found != nil && m.To == to {
			if ref != "" {
				t.Errorf("two links at once for %s", to)
			}
			ref = found[2]
		}
	}
	return ref
}

func forgot(t *testing.T, s *facetest.Service, body string) facetest.Answer {
	t.Helper()
	return s.Post(t, "", "/api/auth/forgot-password", body)
}

func TestAForgottenPasswordIsReplacedByMail(t *testing.T) {
	s := start(t)
	xia := login(t, s, under("xia"))
	mail := under("xia") // the demo's e-mail is the same text
	want := map[string]any{"data": map[string]any{"message": "If an account with this email exists, a password reset link has been sent.", "sent": true}}
	forgot(t, s, `{"email":"`+mail+`"}`).Want(200).Is(want)
	first := refMailed(t, s, mail)
	if first == "" {
		t.Fatal("no mail")
	}
	forgot(t, s, `{"idTag":"`+under("xia")+`"}`).Want(200).Is(want)
	second := refMailed(t, s, mail)
	failed(t, s.Post(t, "", "/api/auth/set-password", map[string]string{"refId": "x", "newPassword": "next"}), 400, "E-VAL-INVALID")
	in := s.Post(t, "", "/api/auth/set-password", map[string]string{"refId": second, "newPassword": "next"}).Want(200).Is(map[string]any{
		"data.idTag": under("xia"), "data.success": true, "data.profilePic": ""})
	s.Get(t, in.Text("data.token"), "/api/profiles").Want(200)
	failed(t, s.Get(t, xia, "/api/profiles"), 401, "E-AUTH-UNAUTH") // sessions of the old password
	for _, used := range []string{second, first} {                  // a link is used once, and a new password ends the others
		a := s.Post(t, "", "/api/auth/set-password", map[string]string{"token": used, "password": "stolen"})
		failed(t, a, 400, "E-VAL-INVALID")
		if !strings.Contains(a.Text("error.message"), "Invalid or expired reference") {
			t.Errorf("%s", a.Body)
		}
	}
	s.Post(t, "", "/api/auth/login", map[string]string{"idTag": under("xia"), "password": "next"}).Want(200)
	if s.Log.Has(second) {
		t.Error("the log holds a ref")
	}

	forgot(t, s, `{"email":"`+mail+`"}`).Want(200)
	late := refMailed(t, s, mail)
	s.Clock.Advance(24*time.Hour + time.Second)
	failed(t, s.Post(t, "", "/api/auth/set-password", map[string]string{"refId": late, "newPassword": "late"}), 400, "E-VAL-INVALID")

	t.Run("the older pages' names of the fields", func(t *testing.T) {
		forgot(t, s, `{"email":"`+mail+`"}`).Want(200)
		ref := refMailed(t, s, mail)
		for _, body := range []map[string]string{{"refId": ref}, {"newPassword": "x"}, {"refId": ref, "token": "other", "password": "x"}, {"refId": ref, "newPassword": "x", "password": "y"}} {
			failed(t, s.Post(t, "", "/api/auth/set-password", body), 400, "E-VAL-INVALID")
		}
		s.Post(t, "", "/api/auth/set-password", map[string]string{"token": ref, "password": "third"}).Want(200)
	})
	t.Run("not for an address that is another by now", func(t *testing.T) {
		forgot(t, s, `{"email":"`+mail+`"}`).Want(200)
		ref := refMailed(t, s, mail)
		in := s.Post(t, "", "/api/auth", map[string]string{"username": "xia", "password": "third"}).Want(201).Text("token")
		s.Put(t, in, "/api/users/xia", `{"full_name":"Xia Lee","email":"xia@elsewhere.example"}`).Want(200)
		failed(t, s.Post(t, "", "/api/auth/set-password", map[string]string{"refId": ref, "newPassword": "stolen"}), 400, "E-VAL-INVALID")
	})
}

func TestAOneTimePasswordIsAskedForByALinkToo(t *testing.T) {
	s := start(t)
	const on = `{"password":"yoyo","otp_enabled":true,"email_verification_enabled":false,"phone_verification_enabled":false}`
	key := s.Put(t, s.Login(t, "xia"), "/api/users/xia/otp", on).Want(201).Text("priv_key")
	forgot(t, s, `{"email":"`+under("xia")+`"}`).Want(200)
	body := map[string]string{"refId": refMailed(t, s, under("xia")), "newPassword": "next"}
	failed(t, s.Post(t, "", "/api/auth/set-password", body), 401, "E-AUTH-UNAUTH")
	s.Clock.Advance(30 * time.Second)
	code, err := totp.GenerateCode(key, s.Clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	body["otp_code"] = code
	s.Post(t, "", "/api/auth/set-password", body).Want(200)
}

func TestForgettingAPasswordTellsNothingOfWhoIsThere(t *testing.T) {
	s := start(t)
	answers := map[string]int{}
	for _, body := range []string{`{"email":"` + under("xia") + `"}`, `{"email":"nobody@example.com"}`, `{"idTag":"` + under("xia") + `"}`, `{"idTag":"nobody@example.com"}`, `{"idTag":"no tag"}`,
		`{"idTag":"` + under("cowork") + `"}`} {
		a := forgot(t, s, body).Want(200)
		answers[regexp.MustCompile(`"reqId":"[^"]*"`).ReplaceAllString(string(a.Body), "")]++
	}
	if len(answers) != 1 {
		t.Errorf("the answers differ: %v", answers)
	}
	for _, body := range []string{`{}`, `{"email":""}`, `{"email":"x"}`, `{"email":7}`, `{"email":"` + under("xia") + `","idTag":"` + under("xia") + `"}`, `[]`} {
		failed(t, forgot(t, s, body), 400, "E-VAL-INVALID")
	}
	mails := 0
	for _, m := range s.Mails(t) {
		if m.To != under("xia") {
			t.Errorf("a mail to %s", m.To)
		}
		mails++
	}
	if mails != 2 {
		t.Errorf("%d mails", mails)
	}
	t.Run("on the host of an identity for that one alone", func(t *testing.T) {
		at(t, s, aliceHost, "", "POST", "/api/auth/forgot-password", `{"email":"`+under("donny")+`"}`).Want(200)
		if got := s.Mails(t); len(got) != 0 {
			t.Errorf("%v", got)
		}
		at(t, s, aliceHost, "", "POST", "/api/auth/forgot-password", `{"email":"`+under("alice")+`"}`).Want(200)
		if refMailed(t, s, under("alice")) == "" {
			t.Error("no mail")
		}
	})
	t.Run("not to who is disabled", func(t *testing.T) {
		s.Patch(t, login(t, s, under("donny")), "/api/admin/profiles/bob@example.com", `{"status":"suspended"}`).Want(200)
		forgot(t, s, `{"idTag":"bob@example.com"}`).Want(200)
		if got := s.Mails(t); len(got) != 0 {
			t.Errorf("%v", got)
		}
	})
}

func TestThreeLinksAnHourAndFiveADayAreMailedQuietly(t *testing.T) {
	s := start(t)
	ask := func(times int) (mails int) {
		t.Helper()
		var wait sync.WaitGroup
		for range times {
			wait.Go(func() { s.Post(t, "", "/api/auth/forgot-password", `{"email":"`+under("alice")+`"}`).Want(200) })
		}
		wait.Wait()
		return len(s.Mails(t))
	}
	for i, c := range []struct {
		wait  time.Duration
		mails int
	}{{0, 3}, {59 * time.Minute, 0}, {2 * time.Minute, 2}, {2 * time.Hour, 0}, {23 * time.Hour, 3}} {
		s.Clock.Advance(c.wait)
		if got := ask(6); got != c.mails {
			t.Errorf("round %d: %d mails, want %d", i, got, c.mails)
		}
	}
}

func TestALinkChoosesOnePasswordHoweverManyUseItAtOnce(t *testing.T) {
	s := start(t)
	forgot(t, s, `{"email":"`+under("alice")+`"}`).Want(200)
	ref := refMailed(t, s, under("alice"))
	var wait sync.WaitGroup
	statuses := make([]int, 6)
	for i := range statuses {
		wait.Go(func() {
			statuses[i] = s.Post(t, "", "/api/auth/set-password", map[string]string{"refId": ref, "newPassword": "next" + string(rune('a'+i))}).Status
		})
	}
	wait.Wait()
	won := 0
	for i, status := range statuses {
		switch status {
		case 200:
			won++
			s.Post(t, "", "/api/auth/login", map[string]string{"idTag": under("alice"), "password": "next" + string(rune('a'+i))}).Want(200)
		case 400:
		default:
			t.Errorf("status %d", status)
		}
	}
	if won != 1 {
		t.Errorf("%d set a password: %v", won, statuses)
	}
}

func TestAWelcomeChoosesTheFirstPasswordAndIsCompleted(t *testing.T) {
	s := start(t)
	if _, err := s.Site.RegisterIdentity(t.Context(), directory.NewIdentity{IDTag: under("newbie"), Email: "newbie@mail.example", Token: "registration-token"}, directory.Exchanged); err != nil {
		t.Fatal(err)
	}
	ref := refMailed(t, s, "newbie@mail.example")
	if ref == "" {
		t.Fatal("no mail")
	}
	body := map[string]string{"refId": ref, "newPassword": "first"}
	in := s.Post(t, "", "/api/auth/set-password", body).Want(200).Is(map[string]any{"data.idTag": under("newbie")})
	s.Get(t, in.Text("data.token"), "/api/users/newbie").Want(200).Is(map[string]any{"email": "newbie@mail.example"})
	failed(t, s.Post(t, "", "/api/auth/set-password", body), 400, "E-VAL-INVALID") // who reads the mail later sets no other
	for range 2 {
		s.Post(t, "", "/api/onboarding/complete", map[string]string{"refId": ref}).Want(200).Is(map[string]any{"data": nil})
	}
	failed(t, s.Post(t, "", "/api/onboarding/complete", `{"refId":"nothing"}`), 404, "E-CORE-NOTFOUND")
	failed(t, s.Post(t, "", "/api/onboarding/complete", `{"refId":"registration-token"}`), 400, "E-VAL-INVALID")
	failed(t, s.Post(t, "", "/api/onboarding/complete", `{}`), 400, "E-VAL-INVALID")
	failed(t, s.Post(t, "", "/api/auth/set-password", `{"refId":"registration-token","newPassword":"x"}`), 400, "E-VAL-INVALID")
}

func TestThePresentPasswordIsNeededForANewOne(t *testing.T) {
	s := start(t)
	alice := login(t, s, under("alice"))
	for body, status := range map[string]int{
		`{}`: 400, `{"currentPassword":"yoyo"}`: 400, `{"newPassword":"x"}`: 400, `{"currentPassword":"yoyo","newPassword":""}`: 400,
		`{"currentPassword":"yoyo","newPassword":"yoyo"}`: 400, `{"currentPassword":"wrong","newPassword":"next"}`: 403, `{"currentPassword":7,"newPassword":"next"}`: 400,
	} {
		failed(t, s.Post(t, alice, "/api/auth/password", body), status, map[int]string{400: "E-VAL-INVALID", 403: "E-AUTH-NOPERM"}[status])
	}
	failed(t, s.Post(t, "", "/api/auth/password", `{"currentPassword":"yoyo","newPassword":"next"}`), 401, "E-AUTH-UNAUTH")
	s.Post(t, alice, "/api/auth/password", `{"currentPassword":"yoyo","newPassword":"next"}`).Want(200)
	notice := s.Mails(t)
	if len(notice) != 1 || notice[0].To != under("alice") || !strings.Contains(notice[0].Subject, "password was changed") {
		t.Errorf("%+v", notice)
	}
	for range 9 {
		failed(t, s.Post(t, alice, "/api/auth/password", `{"currentPassword":"wrong","newPassword":"x"}`), 403, "E-AUTH-NOPERM")
	}
	failed(t, s.Post(t, alice, "/api/auth/password", `{"currentPassword":"wrong","newPassword":"x"}`), 403, "E-AUTH-NOPERM")
	failed(t, s.Post(t, alice, "/api/auth/password", `{"currentPassword":"next","newPassword":"x"}`), 429, "E-RATE-LIMITED")
}

func TestGap7PasswordsAreReadWhole(t *testing.T) {
	s := start(t)
	t.Run("gap 7: what comes after 72 bytes counts", func(t *testing.T) {
		long := strings.Repeat("long ", 20)
		s.Post(t, login(t, s, under("alice")), "/api/auth/password", map[string]string{"currentPassword": "yoyo", "newPassword": long + "a"}).Want(200)
		failed(t, s.Post(t, "", "/api/auth/login", map[string]string{"idTag": under("alice"), "password": long + "b"}), 403, "E-AUTH-NOPERM")
		failed(t, s.Post(t, "", "/api/auth/login", map[string]string{"idTag": under("alice"), "password": long[:72]}), 403, "E-AUTH-NOPERM")
		s.Post(t, "", "/api/auth/login", map[string]string{"idTag": under("alice"), "password": long + "a"}).Want(200)
	})
	t.Run("gap 7: the least length counts characters", func(t *testing.T) {
		policy := directory.DefaultPolicy()
		policy.Registration, policy.UnverifiedEmail, policy.Frictionless = directory.RegistrationOpen, true, true
		if _, err := s.Directory.CreateSite(t.Context(), directory.NewSite{Name: "strict", Domain: "strict.example", Policy: policy}); err != nil {
			t.Fatal(err)
		}
		const good = "gänseblümchen ß"
		at(t, s, "strict.example", "", "POST", "/api/auth/register", map[string]string{"username": "anna", "full_name": "Anna", "email": "anna@strict.example", "new_password": good}).Want(201)
		token := at(t, s, "strict.example", "", "POST", "/api/auth/login", map[string]string{"idTag": "anna@strict.example", "password": good}).Want(200).Text("data.token")
		const short = "schönß öä" // 9 characters, 13 bytes
		failed(t, at(t, s, "strict.example", token, "POST", "/api/auth/password", map[string]string{"currentPassword": good, "newPassword": short}), 400, "E-VAL-INVALID")
		at(t, s, "strict.example", token, "POST", "/api/auth/password", map[string]string{"currentPassword": good, "newPassword": short + "!"}).Want(200)
	})
	t.Run("gap 7: API keys are found by SHA-256, as many as there are", func(t *testing.T) {
		donny := login(t, s, under("donny"))
		first, _ := keyOf(t, s, donny, "localhost", `{}`)
		second, _ := keyOf(t, s, donny, "localhost", `{}`)
		s.Get(t, first, "/api/profiles").Want(200)
		s.Get(t, second, "/api/profiles").Want(200)
		failed(t, s.Get(t, first[:20]+second[20:], "/api/profiles"), 401, "E-AUTH-UNAUTH")
	})
}
