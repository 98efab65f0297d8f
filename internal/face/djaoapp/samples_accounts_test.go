package djaoapp_test

import (
	"strings"
	"testing"

	"facet/internal/facetest"
)

const (
	printedUser  = `{"slug":"xia","username":"xia","created_at":"2018-01-01T00:00:00Z","printable_name":"Xia","full_name":"Xia Lee","nick_name":"Xia","email":"xia@locahost.localdomain"}`
	printedTerms = `{"slug":"terms-of-use","title":"Terms of Use","updated_at":"2023-08-16T00:00:00Z"}`
	printedText  = `{"slug":"terms-of-use","title":"Terms of Use","updated_at":"2023-08-16T00:00:00Z","text":"..."}`
	printedToken = `{"token":"<JWT>"}`
)

// withoutPassword takes a user's password away and gives the path of the key
// that is mailed to choose another.
func withoutPassword(t *testing.T, s *facetest.Service, user string) string {
	t.Helper()
	donny := s.Login(t, "donny")
	s.Delete(t, donny, "/api/users/"+user+"/password").Want(204)
	s.Post(t, donny, "/api/users/"+user+"/activate", nil).Want(200)
	return mailedKey(t, s)
}

func TestSamplesOfSigningIn(t *testing.T) {
	s := serve(t)
	t.Run("C81 sign in", func(t *testing.T) {
		like(t, s.Post(t, "", "/api/auth", `{"username":"donny","password":"yoyo"}`).Want(201), printedToken)
	})
	donny := s.Login(t, "donny")
	t.Run("C03 C82 register", func(t *testing.T) {
		like(t, s.Post(t, "", "/api/auth/register", `{"email":"joe+1@example.com","full_name":"Joe Card1","new_password":"yoyo","username":"joe1"}`).Want(201), printedToken)
	})
	t.Run("C01 C83 C84 an invitation, and its key used", func(t *testing.T) {
		made := serve(t)
		made.Post(t, made.Login(t, "donny"), "/api/users/donny/profiles", `{"slug":"abc","full_name":"ABC Corp."}`).Want(201)
		register(t, made, "joe", "full_name", "Joe Act", "email", "joe1@locahost.localdomain")
		path := withoutPassword(t, made, "joe")
		const printed = `{"slug":"joe1","username":"joe1","email":"joe1@localhost.localdomain","full_name":"Joe Act","printable_name":"Joe Act","created_at":"2020-05-30T00:00:00Z"}`
		like(t, made.Get(t, "", path).Want(200).Is(map[string]any{"full_name": "Joe Act", "email": "joe1@locahost.localdomain"}), printed)
		like(t, made.Get(t, "", strings.Replace(path, "/auth/", "/auth/activate/", 1)).Want(200), printed)
		like(t, made.Post(t, "", path, `{"username":"joe1","email":"joe1@locahost.localdomain","new_password":"yoyo","full_name":"Joe Card1"}`).Want(201), printedToken)
		made.Get(t, made.Login(t, "joe1"), "/api/users/joe1").Want(200).Is(map[string]any{"full_name": "Joe Card1"})
	})
	t.Run("C02 the session", func(t *testing.T) {
		s.Patch(t, donny, "/api/users/donny", `{"full_name":"Donny Lee","nick_name":"Donny"}`).Want(200)
		a := s.Get(t, donny, "/api/auth/tokens").Want(200)
		like(t, a, `{"slug":"donny","username":"donny","printable_name":"Donny","full_name":"Donny Lee","nick_name":"Donny","email":"donny@locahost.localdomain",
			"created_at":"2018-01-01T00:00:00Z","last_visited":"2018-01-01T00:00:00Z","roles":[{"profile":{"slug":"cowork","printable_name":"ABC Corp.",
			"type":"organization","credentials":false},"role_description":{"slug":"manager","created_at":"2023-01-01T00:00:00Z","title":"Profile Manager",
			"is_global":true,"profile":null},"home_url":"https://cowork.net/app/","settings_url":"https://cowork.net/profile/cowork/contact/"}]}`)
		if roles, _ := a.At("roles"); len(roles.([]any)) != 1 {
			t.Errorf("roles %v: that on the personal profile is left out", roles)
		}
		a.Is(map[string]any{"roles.0.profile.slug": "cowork", "roles.0.role_description.slug": "manager"})
	})
	t.Run("C91 C92 C93 tokens", func(t *testing.T) {
		token := s.Login(t, "xia")
		body := map[string]string{"token": token}
		like(t, s.Post(t, token, "/api/auth/tokens/verify", body).Want(200).Is(map[string]any{"token": token}), printedToken)
		like(t, s.Post(t, token, "/api/auth/tokens", body).Want(201), printedToken)
		if a := s.Delete(t, token, "/api/auth/tokens").Want(204); len(a.Body) > 0 {
			t.Errorf("a body: %s", a.Body)
		}
	})
	t.Run("C85 reset by a key", func(t *testing.T) {
		path := strings.Replace(withoutPassword(t, s, "alice"), "/auth/", "/auth/reset/", 1)
		s.Post(t, "", path, `{"new_password":"yeye"}`).WantJSON(201, `{}`)
		s.Post(t, "", "/api/auth", `{"username":"alice","password":"yeye"}`).Want(201)
	})
	t.Run("C86 recover", func(t *testing.T) { // answered with 200, where DjaoApp has 401
		s.Post(t, "", "/api/auth/recover", `{"username":"xia@localhost.localdomain"}`).WantJSON(200, `{"username":"xia@localhost.localdomain"}`)
	})
}

func TestSamplesOfAgreements(t *testing.T) {
	s := serve(t)
	donny, xia := s.Login(t, "donny"), s.Login(t, "xia")
	const page = `{"count":1,"next":null,"previous":null,"results":[` + printedTerms + `]}`
	t.Run("C18 C19 C21 C23 read", func(t *testing.T) {
		like(t, s.Get(t, "", "/api/legal").Want(200).Is(map[string]any{"results.0.slug": "terms-of-use", "results.0.title": "Terms of Use"}), page)
		like(t, s.Get(t, donny, "/api/agreements").Want(200), page)
		like(t, s.Get(t, "", "/api/legal/terms-of-use").Want(200), printedText)
		like(t, s.Get(t, donny, "/api/agreements/terms-of-use").Want(200), printedText)
	})
	t.Run("C22 choose", func(t *testing.T) { // about the agreement that was asked for, not another
		like(t, s.Post(t, xia, "/api/legal/privacy", `{"analytics":false}`).Want(200).Is(map[string]any{"slug": "privacy"}), printedText)
	})
	t.Run("C80 sign", func(t *testing.T) {
		like(t, s.Post(t, xia, "/api/legal/terms-of-use/sign", `{"read_terms":true}`).Want(200).Is(map[string]any{"read_terms": true}),
			`{"read_terms":true,"last_signed":"2019-01-01T00:00:00Z"}`)
	})
	t.Run("C24 change", func(t *testing.T) {
		a := s.Put(t, donny, "/api/agreements/terms-of-use", `{"title":"Terms of Use","updated_at":"2023-08-16T00:00:00Z"}`).Want(200)
		like(t, a.Is(map[string]any{"updated_at": "2023-08-16T00:00:00Z"}), printedText)
	})
	t.Run("C25 C20 delete and make", func(t *testing.T) {
		s.Delete(t, donny, "/api/agreements/terms-of-use").Want(204)
		s.Get(t, "", "/api/legal/terms-of-use").Want(404)
		like(t, s.Post(t, donny, "/api/agreements", `{"title":"Terms of Use"}`).Want(201).Is(map[string]any{"slug": "terms-of-use"}), printedTerms)
	})
}

func TestSamplesOfUsers(t *testing.T) {
	s := serve(t)
	donny, xia := s.Login(t, "donny"), s.Login(t, "xia")
	t.Run("C10 read", func(t *testing.T) {
		like(t, s.Get(t, donny, "/api/users/donny").Want(200), `{"slug":"donny","username":"donny","created_at":"2018-01-01T00:00:00Z",
			"printable_name":"Donny","full_name":"Donny Smith","email":"donny.smith@locahost.localdomain"}`)
	})
	t.Run("C95 read with notes", func(t *testing.T) { // which are the site's, not the person's
		s.Post(t, donny, "/api/contacts/xia/activities", `{"text":"Phone call"}`).Want(201)
		s.Post(t, donny, "/api/contacts/xia/activities", `{"text":"Follow up e-mail","account":"cowork"}`).Want(201)
		like(t, s.Get(t, donny, "/api/users/xia").Want(200), `{"slug":"xia","username":"xia","email":"xia@locahost.localdomain","full_name":"Xia Lee","nick_name":"Xia",
			"created_at":"2018-01-01T00:00:00Z","activities":[{"created_at":"2018-01-01T00:00:00Z","created_by":"alice","text":"Phone call","account":null},
			{"created_at":"2018-01-02T00:00:00Z","created_by":"alice","text":"Follow up e-mail","account":"cowork"}]}`)
		if _, there := s.Get(t, xia, "/api/users/xia").Want(200).At("activities"); there {
			t.Error("the person reads the notes of the site")
		}
	})
	t.Run("C96 C97 change", func(t *testing.T) {
		const body = `{"email":"xia@locahost.localdomain","full_name":"Xia Lee","nick_name":"Xia"}`
		want := map[string]any{"slug": "xia", "printable_name": "Xia", "full_name": "Xia Lee", "email": "xia@locahost.localdomain"}
		like(t, s.Put(t, xia, "/api/users/xia", body).Want(200).Is(want), printedUser)
		like(t, s.Patch(t, xia, "/api/users/xia", body).Want(200).Is(want), printedUser)
	})
	t.Run("C11 C12 C104 C105 notifications", func(t *testing.T) {
		const body = `{"notifications":["user_registered_notice"]}`
		for user, token := range map[string]string{"donny": donny, "xia": xia} {
			s.Post(t, token, "/api/users/"+user+"/notifications", body).WantJSON(200, body)
			s.Put(t, token, "/api/users/"+user+"/notifications", body).WantJSON(200, body)
			s.Get(t, token, "/api/users/"+user+"/notifications").WantJSON(200, body)
		}
	})
	t.Run("C88 C87 C89 API keys", func(t *testing.T) {
		made := s.Post(t, xia, "/api/users/xia/api-keys", `{"password":"yoyo","title":"production"}`).Want(201)
		like(t, made, `{"secret":"tgLwDw5ErQ2pQr5TTdAzSYjvZenHC9pSy7fB3sXWERzynbG5zG6h    67pTN4dh7fpy"}`)
		like(t, s.Post(t, xia, "/api/users/xia/api-keys", `{"password":"yoyo"}`).Want(201), `{"secret":"x"}`)
		like(t, s.Get(t, xia, "/api/users/xia/api-keys?q=production").Want(200),
			`{"count":1,"next":null,"previous":null,"results":[{"api_pub_key":"k9Q9YppQMnZ7Yh5bDkx2wsQvDfL4U3TM","title":"production"}]}`)
		s.Post(t, xia, "/api/users/xia/api-keys/"+made.Text("secret")[:32], `{"password":"yoyo"}`).
			WantJSON(200, `{"detail":"API key deleted successfully."}`)
	})
	t.Run("C101 one-time passwords", func(t *testing.T) { // PUT, and POST as printed
		const body = `{"password":"yoyo","otp_enabled":true,"email_verification_enabled":false,"phone_verification_enabled":false}`
		bob := s.Login(t, "bob")
		like(t, s.Post(t, bob, "/api/users/bob/otp", body).Want(201), `{"priv_key":"**","provisioning_uri":"https://livedemo.djaoapp.com/"}`)
		like(t, s.Put(t, bob, "/api/users/bob/otp", body).Want(200), `{"priv_key":"**","provisioning_uri":"https://livedemo.djaoapp.com/"}`)
	})
	t.Run("C94 activate", func(t *testing.T) {
		s.Delete(t, donny, "/api/users/alice/password").Want(204)
		a := s.Post(t, donny, "/api/users/alice/activate", nil).Want(200)
		like(t, a, printedUser)
	})
	t.Run("C102 C103 passwords", func(t *testing.T) {
		s.Put(t, xia, "/api/users/xia/password", `{"password":"yoyo","new_password":"yeye"}`).WantJSON(200, `{"detail":"Password updated successfully."}`)
		xia = s.Post(t, "", "/api/auth", `{"username":"xia","password":"yeye"}`).Want(201).Text("token")
		if a := s.Delete(t, xia, "/api/users/xia/password").Want(204); len(a.Body) > 0 {
			t.Errorf("a body: %s", a.Body)
		}
	})
	t.Run("C98 erase", func(t *testing.T) {
		casey := s.Login(t, "casey")
		if a := s.Delete(t, casey, "/api/users/casey").Want(204); len(a.Body) > 0 {
			t.Errorf("a body: %s", a.Body)
		}
	})
}
