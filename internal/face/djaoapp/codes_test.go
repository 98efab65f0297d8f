package djaoapp_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"facet/internal/directory"
	"facet/internal/facetest"
)

var codeForm = regexp.MustCompile(`(?m)\b(\d{6})\b`)

// mailedCode asks for a code and reads it in the mail that was sent.
func mailedCode(t *testing.T, s *facetest.Service, login, email string) string {
	t.Helper()
	s.Post(t, "", "/api/auth/recover", map[string]string{"username": login}).Want(200)
	return codeIn(t, s, email)
}

func codeIn(t *testing.T, s *facetest.Service, email string) string {
	t.Helper()
	for _, m := range s.Mails(t) {
		if found := codeForm.FindStringSubmatch(m.Text); m.To == email && found != nil {
			return found[1]
		}
	}
	t.Fatalf("no mail to %s has a code", email)
	return ""
}

// another gives a code, or a key, of the same form that is not this one.
func another(code string) string {
	if code[0] == '9' {
		return "8" + code[1:]
	}
	return "9" + code[1:]
}

const (
	wrongEmailCode = `{"email_code":"E-mail verification code does not match."}`
	wrongOTP       = `{"otp_code":"OTP code does not match."}`
	tooMany        = `{"detail":"Too many attempts. Please try again later."}`
)

func TestW19RecoverAnswers200WhoeverIsAskedFor(t *testing.T) { // not 401 on success
	s := serve(t)
	const xia = "xia@localhost.localdomain"
	s.Post(t, "", "/api/auth/recover", `{"username":"`+xia+`"}`).WantJSON(200, `{"username":"`+xia+`"}`)
	first := codeIn(t, s, xia)
	s.Post(t, "", "/api/auth/recover", `{"email":"`+xia+`"}`).WantJSON(200, `{"email":"`+xia+`"}`)
	if again := codeIn(t, s, xia); again != first {
		t.Errorf("another code within the hour: %s, %s", first, again)
	}
	s.Post(t, "", "/api/auth/recover", `{"username":"nobody-at-all"}`).WantJSON(200, `{"username":"nobody-at-all"}`)
	s.Post(t, "", "/api/auth/recover", `{"username":"cowork"}`).WantJSON(200, `{"username":"cowork"}`)
	if mails := s.Mails(t); len(mails) > 0 {
		t.Errorf("mails: %v", mails)
	}
	for body, want := range map[string]string{
		`{}`:                    `{"username":["This field is required."]}`,
		`{"username":"a b"}`:    `{"username":["Enter a valid username, email or phone number."]}`,
		`{"email":"xia"}`:       `{"email":["Enter a valid email address."]}`,
		`{"username":["a"]}`:    `{"username":["Not a valid string."]}`,
		`{"username":" "}`:      `{"username":["This field may not be blank."]}`,
		`{"username":null}`:     `{"username":["This field may not be null."]}`,
		`{"email":"a@b@c.org"}`: `{"email":["Enter a valid email address."]}`,
	} {
		s.Post(t, "", "/api/auth/recover", body).WantJSON(400, want)
	}
}

func TestACodeIsSentFiveTimesAnHourAndThenAnotherOne(t *testing.T) {
	s := serve(t)
	const xia = "xia@localhost.localdomain"
	code := mailedCode(t, s, "xia", xia)
	for range 4 {
		if again := mailedCode(t, s, xia, xia); again != code {
			t.Fatalf("got %s, want %s", again, code)
		}
	}
	s.Post(t, "", "/api/auth/recover", `{"username":"xia"}`).Want(200)
	if mails := s.Mails(t); len(mails) > 0 {
		t.Errorf("mails: %v", mails)
	}
	s.Clock.Advance(time.Hour + time.Second)
	s.Post(t, "", "/api/auth", map[string]string{"username": "xia", "email_code": code}).WantJSON(400, wrongEmailCode)
	fresh := mailedCode(t, s, "xia", xia)
	s.Post(t, "", "/api/auth", map[string]string{"username": "xia", "email_code": fresh}).Want(201)
}

func TestSigningInByCodeAndSettingAPasswordByIt(t *testing.T) {
	s := serve(t)
	code := mailedCode(t, s, "xia", "xia@localhost.localdomain")
	s.Post(t, "", "/api/auth", `{"username":"alice","email_code":"`+code+`"}`).WantJSON(400, wrongEmailCode)
	number := strings.TrimLeft(code[:5], "0") + code[5:] // DjaoApp takes codes as numbers
	token := s.Post(t, "", "/api/auth", `{"username":"xia@localhost.localdomain","email_code":`+number+`}`).Want(201).Text("token")
	s.Post(t, "", "/api/auth", map[string]string{"username": "xia", "email_code": code}).WantJSON(400, wrongEmailCode)

	put := func(code string) facetest.Answer {
		return s.Put(t, token, "/api/users/xia/password", map[string]string{"new_password": "yeye", "email_code": code})
	}
	put(another(code)).WantJSON(401, wrongEmailCode)
	put(code).WantJSON(200, `{"detail":"Password updated successfully."}`)
	put(code).WantJSON(403, denied) // the session ended with the old password
	token = s.Post(t, "", "/api/auth", `{"username":"xia","password":"yeye"}`).Want(201).Text("token")
	put(code).WantJSON(401, wrongEmailCode)
}

func TestACodeForAnAddressThatNobodyHasSignsNobodyIn(t *testing.T) {
	s := serve(t)
	code := mailedCode(t, s, "new@example.com", "new@example.com")
	s.Post(t, "", "/api/auth", map[string]string{"username": "new@example.com", "email_code": code}).
		WantJSON(401, `{"detail":"Please enter a few information about yourself."}`)
	register(t, s, "new", "email_code", code)
	s.Clock.Advance(2 * time.Hour)
	s.Mails(t) // what was left of the code is gone with it
	s.Post(t, "", "/api/auth", map[string]string{"username": "new@example.com", "email_code": code}).WantJSON(400, wrongEmailCode)
}

func TestOneOfManySignsInByACode(t *testing.T) {
	s := serve(t)
	code := mailedCode(t, s, "xia", "xia@localhost.localdomain")
	answers := make(chan int, 6)
	var all sync.WaitGroup
	for range cap(answers) {
		all.Go(func() {
			answers <- s.Post(t, "", "/api/auth", map[string]string{"username": "xia", "email_code": code}).Status
		})
	}
	all.Wait()
	close(answers)
	in := 0
	for status := range answers {
		if status == 201 {
			in++
		} else if status != 400 && status != 429 {
			t.Errorf("status %d", status)
		}
	}
	if in != 1 {
		t.Errorf("%d signed in by one code", in)
	}
}

func TestW2TriesOfCodesAreBounded(t *testing.T) { // not unlimited for an hour
	s := serve(t)
	code := mailedCode(t, s, "xia", "xia@localhost.localdomain")
	for range 5 {
		s.Post(t, "", "/api/auth", map[string]string{"username": "xia", "email_code": another(code)}).WantJSON(400, wrongEmailCode)
	}
	a := s.Post(t, "", "/api/auth", map[string]string{"username": "xia", "email_code": code})
	a.WantJSON(429, tooMany)
	if got := a.Header.Get("Retry-After"); got != "3600" {
		t.Errorf("Retry-After %q", got)
	}
	s.Post(t, "", "/api/auth/recover", `{"username":"xia"}`).Want(200) // asking again does not refill them
	s.Post(t, "", "/api/auth", map[string]string{"username": "xia", "email_code": code}).WantJSON(429, tooMany)
	s.Login(t, "xia") // the password is another matter

	// An address that nobody has is answered likewise.
	s.Post(t, "", "/api/auth/recover", `{"username":"new@example.com"}`).Want(200)
	for range 5 {
		s.Post(t, "", "/api/auth", `{"username":"new@example.com","email_code":"0"}`).WantJSON(400, wrongEmailCode)
	}
}

func TestW3WrongPasswordsLockTheAccountWhereverTheyAreTried(t *testing.T) { // there is a lockout
	s := serve(t)
	xia := s.Login(t, "xia")
	for i := range 10 {
		if i%2 == 0 {
			s.Post(t, "", "/api/auth", `{"username":"xia","password":"nono"}`).Want(401)
		} else {
			s.Put(t, xia, "/api/users/xia/password", `{"password":"nono","new_password":"yeye"}`).WantJSON(401, `{"password":"Incorrect password"}`)
		}
	}
	s.Post(t, "", "/api/auth", `{"username":"xia","password":"yoyo"}`).WantJSON(429, tooMany)
	s.Put(t, xia, "/api/users/xia/password", `{"password":"yoyo","new_password":"yeye"}`).WantJSON(429, tooMany)
	s.Post(t, xia, "/api/users/xia/api-keys", `{"password":"yoyo"}`).WantJSON(429, tooMany)
}

// enableOTP turns one-time passwords on and gives their generator.
func enableOTP(t *testing.T, s *facetest.Service, token, user string) (next func() string) {
	t.Helper()
	const on = `{"password":"yoyo","otp_enabled":true,"email_verification_enabled":false,"phone_verification_enabled":false}`
	key := s.Put(t, token, "/api/users/"+user+"/otp", on).Want(201).Text("priv_key")
	return func() string {
		s.Clock.Advance(30 * time.Second) // each is good once
		code, err := totp.GenerateCode(key, s.Clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		return code
	}
}

func TestOneTimePasswords(t *testing.T) {
	s := serve(t)
	xia := s.Login(t, "xia")
	next := enableOTP(t, s, xia, "xia")
	s.Get(t, xia, "/api/users/xia").Want(200).Is(map[string]any{"otp_enabled": true})
	in := func(code string) facetest.Answer {
		return s.Post(t, "", "/api/auth", map[string]string{"username": "xia", "password": "yoyo", "otp_code": code})
	}
	s.Post(t, "", "/api/auth", `{"username":"xia","password":"yoyo"}`).WantJSON(401, `{"otp_code":"OTP code is required."}`)
	s.Post(t, "", "/api/auth", `{"username":"xia","password":"nono"}`).WantJSON(401, wrongPassword)
	code := next()
	in(another(code)).WantJSON(400, wrongOTP)
	s.Post(t, "", "/api/auth", map[string]string{"username": "xia", "password": "yoyo", "code": code}).Want(201) // the older name
	in(code).WantJSON(400, wrongOTP)
	in(next()).Want(201)
	byMail := mailedCode(t, s, "xia", "xia@localhost.localdomain")
	s.Post(t, "", "/api/auth", map[string]string{"username": "xia", "email_code": byMail}).WantJSON(401, `{"otp_code":"OTP code is required."}`)
	s.Post(t, "", "/api/auth", map[string]string{"username": "xia", "email_code": byMail, "otp_code": next()}).Want(201)

	// A one-time password is a proof, too; a new key takes the place of the old.
	again := s.Post(t, xia, "/api/users/xia/otp", map[string]any{"otp_code": next(), "otp_enabled": true, "email_verification_enabled": false, "phone_verification_enabled": true}).Want(200)
	if uri := again.Text("provisioning_uri"); !strings.HasPrefix(uri, "otpauth://totp/Coworking%20Space:xia?") {
		t.Errorf("URI %s", uri)
	}
	in(next()).WantJSON(400, wrongOTP)

	// Who has lost the generator asks an operator.
	donny := s.Login(t, "donny")
	const off = `{"password":"yoyo","otp_enabled":false,"email_verification_enabled":false,"phone_verification_enabled":false}`
	s.Put(t, s.Login(t, "alice"), "/api/users/xia/otp", off).WantJSON(403, denied)
	s.Put(t, donny, "/api/users/xia/otp", off).Want(204)
	s.Login(t, "xia")
	s.Put(t, donny, "/api/users/donny/otp", `{"password":"yoyo"}`).WantJSON(400, `{"otp_enabled":["This field is required."],
		"email_verification_enabled":["This field is required."],"phone_verification_enabled":["This field is required."]}`)
}

func TestW1TriesOfOneTimePasswordsAreCountedWhateverBecomesOfTheSignIn(t *testing.T) { // the counter is not rolled back
	s := serve(t)
	next := enableOTP(t, s, s.Login(t, "xia"), "xia")
	in := func(code string) facetest.Answer {
		return s.Post(t, "", "/api/auth", map[string]string{"username": "xia", "password": "yoyo", "otp_code": code})
	}
	for range 3 {
		in(another(next())).WantJSON(400, wrongOTP)
	}
	const exceeded = `{"otp_code":"You have exceeded the number of attempts to enter the OTP code. Please start again."}`
	in(next()).WantJSON(403, exceeded)
	in(next()).WantJSON(403, exceeded)
	s.Clock.Advance(15 * time.Minute)
	in(next()).Want(201)
}

func TestW4TokensOfADisabledUserStop(t *testing.T) { // is_active is looked at, and sessions can be ended
	s := serve(t)
	xia, donny := s.Login(t, "xia"), s.Login(t, "donny")
	key := s.Post(t, xia, "/api/users/xia/api-keys", `{"password":"yoyo"}`).Want(201).Text("secret")
	s.Do(t, withKey("GET", "/api/users/xia", key)).Want(200)
	user, err := s.Site.User(t.Context(), principal(t, s, donny), "xia")
	if err != nil {
		t.Fatal(err)
	}
	if err := disable(t, s, donny, user); err != nil {
		t.Fatal(err)
	}
	s.Get(t, xia, "/api/users/xia").WantJSON(403, denied)
	s.Post(t, xia, "/api/auth/tokens", map[string]string{"token": xia}).WantJSON(403, denied)
	s.Do(t, withKey("GET", "/api/users/xia", key)).WantJSON(403, denied)
	s.Post(t, "", "/api/auth", `{"username":"xia","password":"yoyo"}`).WantJSON(403, `{"detail":"User inactive or deleted."}`)
	s.Post(t, "", "/api/auth/recover", `{"username":"xia"}`).Want(200)
	if mails := s.Mails(t); len(mails) > 0 {
		t.Errorf("mails: %v", mails)
	}
}

func TestW18VerifyIsNotServedByRefresh(t *testing.T) { // patterns are anchored
	s := serve(t)
	xia := s.Login(t, "xia")
	s.Post(t, xia, "/api/auth/tokens/verify", map[string]string{"token": xia}).WantJSON(200, fmt.Sprintf(`{"token":%q}`, xia))
	s.Post(t, xia, "/api/auth/tokens/verify/more", map[string]string{"token": xia}).Want(404)
	s.Post(t, "", "/api/auth/nonsense/more", `{}`).Want(404)
}

func TestW5NamesThatNoPathCanHoldAreRefused(t *testing.T) {
	s := serve(t)
	policy := directory.DefaultPolicy()
	policy.Registration, policy.UnverifiedEmail = directory.RegistrationOpen, true
	if _, err := s.Directory.CreateSite(t.Context(), directory.NewSite{Name: "strict", Domain: "strict.example", Policy: policy}); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]int{"joe.card": 400, "joe@card": 400, "joe+card": 400, "joe/card": 400, "": 201, "joe_card-1": 201} {
		body := map[string]string{"username": name, "new_password": "yoyo", "full_name": "Joe", "email": fmt.Sprintf("joe%d@example.com", len(name))}
		s.Post(t, "", "/api/auth/register", body).Want(want)
		body["email"] = "a" + body["email"]
		a := s.Do(t, facetest.Call{Method: http.MethodPost, Path: "/api/auth/register", Body: body, Header: map[string]string{"Host": "strict.example"}}).Want(400)
		if want == 201 {
			a.WantJSON(400, `{"new_password":["This password is too short. It must contain at least 10 characters."]}`)
		}
	}
	s.Put(t, s.Login(t, "xia"), "/api/users/xia", `{"slug":"x.ia","full_name":"Xia"}`).Want(400)
}
