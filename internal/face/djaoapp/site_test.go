package djaoapp_test

import (
	"sync"
	"testing"

	"facet/internal/access"
	"facet/internal/directory"
	"facet/internal/facetest"
	"facet/internal/profile"
)

func TestSitesKnowNothingOfEachOther(t *testing.T) {
	s := serve(t)
	policy := directory.DefaultPolicy()
	other, err := s.Directory.CreateSite(t.Context(), directory.NewSite{Name: "strict", Domain: "strict.example", Policy: policy})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.AddOperator(t.Context(), directory.NewOperator{Username: "xia", Email: "xia@strict.example", Password: "another password"}); err != nil {
		t.Fatal(err)
	}
	at := func(c facetest.Call) facetest.Answer {
		c.Header = map[string]string{"Host": "strict.example"}
		return s.Do(t, c)
	}
	const account = `{"username":"joe1","password":"long enough","email":"joe@example.com","full_name":"Joe"}`
	at(facetest.Call{Method: "POST", Path: "/api/auth/register", Body: account}).WantJSON(403, `{"detail":"registration is disabled."}`)
	at(facetest.Call{Method: "POST", Path: "/api/auth", Body: `{"username":"xia","password":"yoyo"}`}).WantJSON(401, wrongPassword)
	at(facetest.Call{Method: "POST", Path: "/api/auth", Body: `{"username":"donny","password":"yoyo"}`}).WantJSON(401, wrongPassword)
	at(facetest.Call{Method: "GET", Path: "/api/users/xia", Token: s.Login(t, "xia")}).WantJSON(403, denied)

	token := at(facetest.Call{Method: "POST", Path: "/api/auth", Body: `{"username":"xia","password":"another password"}`}).Want(201).Text("token")
	at(facetest.Call{Method: "GET", Path: "/api/users/xia", Token: token}).Want(200).Is(map[string]any{"email": "xia@strict.example"})
	s.Get(t, token, "/api/users/xia").WantJSON(403, denied)
	at(facetest.Call{Method: "GET", Path: "/api/profile/cowork", Token: token}).Want(404)
}

func TestOneOfManyRegistrationsWithAName(t *testing.T) {
	s := serve(t)
	answers := make(chan int, 6)
	var all sync.WaitGroup
	for range cap(answers) {
		all.Go(func() {
			answers <- s.Post(t, "", "/api/auth/register",
				`{"username":"joe1","password":"yoyo","email":"joe@example.com","full_name":"Joe","type":"personal"}`).Status
		})
	}
	all.Wait()
	close(answers)
	made := 0
	for status := range answers {
		switch status {
		case 201:
			made++
		case 400:
		default:
			t.Errorf("status %d", status)
		}
	}
	if made != 1 {
		t.Errorf("%d accounts were made", made)
	}
}

// An entity client's user, whom nobody can sign in as, is shown like a shadow
// profile of a person.
func TestUnclaimedUserIsShownAsAProfile(t *testing.T) {
	s := serve(t)
	client := access.Principal{Subject: profile.NewID(facetest.Start), Client: true, Features: []access.Feature{access.DirectAccess}}
	_, err := s.Site.CreateEntity(t.Context(), client, "user", []byte(`{"givenName":"Ann","familyName":"Lee","email":"ann@example.com",
		"photos":[{"type":"normal","value":"https://example.com/ann.png"}],"primaryAddress":{"city":"Oslo"}}`))
	if err != nil {
		t.Fatal(err)
	}
	donny := s.Login(t, "donny")
	rec, err := s.Store.Site(1).Get(t.Context(), profile.Email, "ann@example.com")
	if err != nil {
		t.Fatal(err)
	}
	slug := rec.Name(profile.Slug)
	s.Get(t, donny, "/api/profile/"+slug).Want(200).Is(map[string]any{
		"type": "personal", "credentials": false, "full_name": "Ann Lee", "printable_name": "Ann Lee", "locality": "Oslo",
		"picture": "https://example.com/ann.png",
	})
	s.Get(t, donny, "/api/users/"+slug).Want(200).Is(map[string]any{"picture": "https://example.com/ann.png", "last_login": nil})
	s.Put(t, donny, "/api/profile/"+slug, `{"full_name":"Ann van Dam","nick_name":"Annie"}`).Want(200).Is(map[string]any{"printable_name": "Annie"})
	s.Get(t, s.Login(t, "xia"), "/api/profile/"+slug).WantJSON(403, denied)
}

func TestLogSaysNothingPersonal(t *testing.T) {
	s := serve(t)
	token := register(t, s, "joe1", "password", "a-secret-password", "type", "personal")
	s.Get(t, token, "/api/users/joe1/profiles?q=some-search-term").Want(200)
	s.Put(t, token, "/api/profile/joe1", `{"full_name":"Unusual Name","phone":"12345678901234"}`).Want(200)
	s.Post(t, "", "/api/auth", `{"username":"joe1","password":"a-wrong-password"}`).Want(401)
	for _, word := range []string{"joe1", "a-secret-password", "a-wrong-password", "Unusual", "12345678901234", "example.com", "some-search-term", token} {
		if s.Log.Has(word) {
			t.Errorf("the log has %q", word)
		}
	}
}
