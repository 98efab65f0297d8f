package djaoapp_test

import (
	"bytes"
	"image"
	"image/png"
	"mime/multipart"
	"strings"
	"testing"
	"time"

	"golang.org/x/image/webp"

	"facet/internal/facetest"
)

// subscribed gives xia an address and a subscription, as the samples show her.
func subscribed(t *testing.T) (s *facetest.Service, xia, donny string) {
	t.Helper()
	s = serve(t)
	xia, donny = s.Login(t, "xia"), s.Login(t, "donny")
	s.Patch(t, xia, "/api/profile/xia", `{"phone":"555-555-5555","street_address":"185 Berry St #550","locality":"San Francisco",
		"region":"CA","country":"US","default_timezone":"Europe/Kiev"}`).Want(200)
	s.Post(t, donny, "/api/profile/cowork/plans/premium/subscriptions", `{"profile":{"slug":"xia"}}`).Want(201)
	return s, xia, donny
}

const (
	printedProfile = `{"created_at":"2018-01-01T00:00:00Z","email":"xia@locahost.localdomain","full_name":"Xia Lee","printable_name":"Xia Lee",
		"slug":"xia","phone":"555-555-5555","street_address":"185 Berry St #550","locality":"San Francisco","region":"CA","postal_code":"",
		"country":"US","default_timezone":"Europe/Kiev","is_provider":false,"is_bulk_buyer":false,"type":"personal","picture":""`
	printedSubscriptions = `,"subscriptions":[{"created_at":"2018-01-01T00:00:00Z","ends_at":"2019-01-01T00:00:00Z",
		"plan":{"slug":"open-space","title":"Open Space"},"auto_renew":true}]}`
	printedAccounts = `{"count":1,"results":[{"slug":"xia","printable_name":"Xia Lee","picture":null,"type":"personal","credentials":true}]}`
	printedPage     = `{"count":1,"next":null,"previous":null,"results":[`
)

func TestSamplesOfProfiles(t *testing.T) {
	t.Run("C04 C26 read", func(t *testing.T) {
		s, xia, _ := subscribed(t)
		a := s.Get(t, xia, "/api/profile/xia").Want(200).Is(map[string]any{"type": "personal", "phone": "555-555-5555", "default_timezone": "Europe/Kiev"})
		like(t, a, printedProfile+printedSubscriptions)
	})
	t.Run("C05 C27 change", func(t *testing.T) {
		s, xia, _ := subscribed(t)
		a := s.Put(t, xia, "/api/profile/xia", `{"email":"xia@locahost.localdomain","full_name":"Xia Lee"}`).Want(200).
			Is(map[string]any{"email": "xia@locahost.localdomain", "full_name": "Xia Lee", "type": "personal", "slug": "xia"})
		like(t, a, printedProfile+printedSubscriptions)
	})
	t.Run("C06 C28 erase", func(t *testing.T) {
		s, xia, donny := subscribed(t)
		if a := s.Delete(t, xia, "/api/profile/xia").Want(204); len(a.Body) > 0 {
			t.Errorf("a body: %s", a.Body)
		}
		s.Get(t, donny, "/api/profile/xia").Want(404)
	})
	t.Run("C07 C30 list all", func(t *testing.T) {
		s, _, donny := subscribed(t)
		for _, path := range []string{"/api/profile?o=created_at&ot=desc", "/api/profile?o=created_at"} {
			like(t, s.Get(t, donny, path).Want(200), printedPage+printedProfile+`}]}`)
		}
	})
	t.Run("C08 C29 C106 picture", func(t *testing.T) {
		s, xia, _ := subscribed(t)
		for _, path := range []string{"/api/profile/xia/picture", "/api/users/xia/picture"} {
			like(t, sendPicture(t, s, xia, path, picture(t, 7)).Want(201), `{"location":"https://cowork.net/picture.jpg"}`)
		}
	})
	t.Run("C13 C14 C16 C17 typeaheads", func(t *testing.T) {
		s, _, _ := subscribed(t)
		alice := s.Login(t, "alice")
		for _, path := range []string{"/api/accounts?q=xi", "/api/accounts/profiles?q=xi"} {
			a := s.Get(t, alice, path).Want(200).Is(map[string]any{"count": 1, "results.0.slug": "xia", "results.0.type": "personal", "results.0.credentials": true})
			like(t, a, printedAccounts)
		}
		a := s.Get(t, alice, "/api/accounts/profiles/xia").Want(200)
		like(t, a, `{"slug":"xia","printable_name":"Xia Lee","picture":null,"type":"organization","credentials":true}`)
		a = s.Get(t, alice, "/api/accounts/users?q=ali").Want(200).Is(map[string]any{"count": 1})
		like(t, a, `{"count":1,"results":[{"slug":"alice","username":"alice","printable_name":"Alice Cooper","picture":null}]}`)
	})
	t.Run("C15 shadow profile of a person", func(t *testing.T) {
		s, xia, _ := subscribed(t)
		a := s.Post(t, xia, "/api/accounts/profiles", `{"email":"xia@locahost.localdomain","full_name":"Xia Lee","type":"personal"}`).Want(201)
		like(t, a, `{"slug":"xia","email":"xia@locahost.localdomain","full_name":"Xia Lee","printable_name":"Xia Lee","type":"personal","credentials":true,
			"default_timezone":"America/Los_Angeles","phone":"","street_address":"","locality":"","region":"","postal_code":"","country":"US",
			"is_bulk_buyer":false,"extra":null}`)
	})
	t.Run("C61 profiles of a user", func(t *testing.T) {
		s, xia, _ := subscribed(t)
		like(t, s.Get(t, xia, "/api/users/xia/profiles?o=created_at").Want(200).Is(map[string]any{"count": 1}), printedPage+printedProfile+`}]}`)
	})
	t.Run("C62 connect", func(t *testing.T) {
		s, xia, _ := subscribed(t)
		a := s.Post(t, xia, "/api/users/xia/profiles", `{"full_name":"My Project"}`).Want(201).Is(map[string]any{"slug": "my-project"})
		like(t, a, `{"slug":"myproject","full_name":"My Project"}`)
	})
	t.Run("C79 registered", func(t *testing.T) {
		s, _, donny := subscribed(t)
		a := s.Get(t, donny, "/api/metrics/registered").Want(200)
		like(t, a, printedPage+`{"slug":"alice","username":"alice","full_name":"Alice Cooper","printable_name":"Alice Cooper","picture":null}]}`)
	})
	t.Run("C95 account with notes", func(t *testing.T) {
		s, _, donny := subscribed(t)
		s.Post(t, donny, "/api/contacts/xia/activities", `{"text":"Phone call"}`).Want(201)
		s.Clock.Advance(time.Second)
		s.Post(t, donny, "/api/contacts/xia/activities", `{"text":"Follow up e-mail","account":"cowork"}`).Want(201)
		a := s.Get(t, donny, "/api/users/xia").Want(200).Is(map[string]any{"activities.0.account": "cowork", "activities.1.account": nil})
		like(t, a, `{"slug":"xia","username":"xia","email":"xia@locahost.localdomain","full_name":"Xia Lee","nick_name":"Xia","created_at":"2018-01-01T00:00:00Z",
			"activities":[{"created_at":"2018-01-01T00:00:00Z","created_by":"alice","text":"Phone call","account":null},
			{"created_at":"2018-01-02T00:00:00Z","created_by":"alice","text":"Follow up e-mail","account":"cowork"}]}`)
	})
	t.Run("C99 people", func(t *testing.T) {
		s, _, donny := subscribed(t)
		a := s.Get(t, donny, "/api/users?q=xia").Want(200).Is(map[string]any{"count": 1, "results.0.slug": "xia"})
		like(t, a, printedPage+`{"slug":"xia","username":"xia","printable_name":"Xia"}]}`)
	})
	t.Run("C100 contact", func(t *testing.T) {
		s, _, donny := subscribed(t)
		a := s.Post(t, donny, "/api/users", `{"full_name":"Xia Lee","nick_name":"Xia","email":"xia@locahost.localdomain"}`).Want(201).
			Is(map[string]any{"printable_name": "Xia", "credentials": false, "email": "xia@locahost.localdomain"})
		like(t, a, `{"slug":"xia","username":"xia","created_at":"2018-01-01T00:00:00Z","printable_name":"Xia","full_name":"Xia Lee","nick_name":"Xia",
			"email":"xia@locahost.localdomain"}`)
		if at := a.Header.Get("Location"); at != facetest.BaseURL+"/api/users/"+a.Text("slug") {
			t.Errorf("Location %q", at)
		}
	})
}

// picture is a small PNG; seeds make different ones.
func picture(t *testing.T, seed uint8) []byte {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 8, 8))
	img.Pix[0] = seed
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// seedOf reads the seed out of a picture as it is served.
func seedOf(t *testing.T, a facetest.Answer) uint32 {
	t.Helper()
	img, err := webp.Decode(bytes.NewReader(a.Body))
	if err != nil || a.Header.Get("Content-Type") != "image/webp" {
		t.Fatalf("%v: %v", a.Header, err)
	}
	r, _, _, _ := img.At(0, 0).RGBA()
	return r >> 8
}

// sendPicture sends a multipart form with a file.
func sendPicture(t *testing.T, s *facetest.Service, token, path string, data []byte) facetest.Answer {
	t.Helper()
	var b strings.Builder
	form := multipart.NewWriter(&b)
	part, err := form.CreateFormFile("file", "me.png")
	if err == nil {
		_, err = part.Write(data)
	}
	if err == nil {
		err = form.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return s.Do(t, facetest.Call{Method: "POST", Path: path, Token: token, Body: b.String(), Type: form.FormDataContentType()})
}
