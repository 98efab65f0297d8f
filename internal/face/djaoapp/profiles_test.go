package djaoapp_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"facet/internal/face/cloudillo"
	"facet/internal/face/djaoapp"
	"facet/internal/facetest"
)

func TestW9NobodySaysOfItselfThatItIsAProvider(t *testing.T) {
	s := serve(t)
	xia := s.Login(t, "xia")
	for _, send := range []func(testing.TB, string, string, any) facetest.Answer{s.Put, s.Patch} {
		send(t, xia, "/api/profile/xia", `{"full_name":"Xia Lee","is_provider":true}`).Want(200).Is(map[string]any{"is_provider": false})
	}
	s.Post(t, xia, "/api/users/xia/profiles", `{"full_name":"Mine","is_provider":true}`).Want(201).Is(map[string]any{"is_provider": false})
}

func TestW10RenamedPersonalProfileKeepsItsUser(t *testing.T) {
	s := serve(t)
	xia := s.Login(t, "xia")
	s.Patch(t, xia, "/api/profile/xia", `{"slug":"xia-lee"}`).Want(200).Is(map[string]any{"slug": "xia-lee", "type": "personal", "credentials": true})
	again := s.Login(t, "xia-lee")
	for _, token := range []string{xia, again} {
		s.Get(t, token, "/api/users/xia-lee").Want(200).Is(map[string]any{"username": "xia-lee", "slug": "xia-lee"})
		s.Get(t, token, "/api/users/xia-lee/profiles").Want(200).Is(map[string]any{"count": 1, "results.0.slug": "xia-lee"})
	}
	s.Patch(t, xia, "/api/profile/xia-lee", `{"slug":"alice"}`).WantJSON(400, `{"slug":"This slug is already taken."}`)
}

func TestW11ErasedProfileLeavesNothingOfThePerson(t *testing.T) {
	s := serve(t)
	xia, donny := s.Login(t, "xia"), s.Login(t, "donny")
	s.Put(t, xia, "/api/profile/xia", `{"full_name":"Trace Fullname","phone":"trace-phone","street_address":"trace-street","locality":"trace-city",
		"nick_name":"trace-nick","extra":{"a":"trace-extra"}}`).Want(200)
	sendPicture(t, s, xia, "/api/profile/xia/picture", picture(t, 9)).Want(201)
	s.Post(t, donny, "/api/contacts/xia/activities", `{"text":"trace-note","account":"cowork"}`).Want(201)
	s.Post(t, donny, "/api/activities/cowork", `{"text":"trace-mention","contact":"xia"}`).Want(201)
	s.Delete(t, xia, "/api/profile/xia").Want(204)

	s.Get(t, donny, "/api/activities/cowork").WantJSON(200, `{"count":0,"next":null,"previous":null,"results":[]}`)
	for _, path := range []string{"/api/profile", "/api/users", "/api/accounts?q=trace", "/api/accounts?q=xia", "/api/metrics/registered"} {
		a := s.Get(t, donny, path).Want(200)
		if strings.Contains(strings.ToLower(string(a.Body)), "trace") || strings.Contains(string(a.Body), `"xia"`) {
			t.Errorf("%s: %s", path, a.Body)
		}
	}
	s.Post(t, donny, "/api/users", `{"full_name":"Another Xia","slug":"xia","email":"xia@localhost.localdomain"}`).Want(201)
}

func TestW20PictureIsOneForAllFaces(t *testing.T) {
	s := facetest.New(t, djaoapp.New(), cloudillo.New())
	s.Watch = facetest.NewContract(t, "djaoapp").Check
	xia, donny := s.Login(t, "xia"), s.Login(t, "donny")
	for i, c := range []struct{ token, path string }{
		{xia, "/api/users/xia/picture"}, {xia, "/api/profile/xia/picture"}, {donny, "/api/contacts/xia/picture"}, {donny, "/api/users/xia/picture"},
	} {
		data := picture(t, uint8(i+1)*10)
		at := sendPicture(t, s, c.token, c.path, data).Want(201).Text("location")
		path, ok := strings.CutPrefix(at, facetest.BaseURL)
		if !ok {
			t.Fatalf("location %q", at)
		}
		if seed := seedOf(t, s.Get(t, "", path).Want(200)); seed != uint32(i+1)*10 {
			t.Errorf("%s: another picture, of %d", c.path, seed)
		}
		for token, shown := range map[string]string{xia: "/api/profile/xia", donny: "/api/users/xia"} {
			s.Get(t, token, shown).Want(200).Is(map[string]any{"picture": path})
		}
		s.Get(t, xia, "/api/me").Want(200).Is(map[string]any{"data.profilePic": path})
	}
}

func TestPicturesThatAreNone(t *testing.T) {
	s := serve(t)
	xia := s.Login(t, "xia")
	const path = "/api/profile/xia/picture"
	sendPicture(t, s, xia, path, []byte("GIF8")).WantJSON(400, `{"detail":"Invalid or unsupported image format"}`)
	sendPicture(t, s, xia, path, nil).WantJSON(400, `{"file":["The submitted file is empty."]}`)
	sendPicture(t, s, xia, path, append(picture(t, 1), make([]byte, 17<<20)...)).Want(413)
	s.Post(t, xia, path, `{}`).WantJSON(400, `{"detail":"no location or file specified."}`)
	s.Post(t, xia, path, `{"location":"http://169.254.169.254/"}`).WantJSON(400, `{"location":["Pictures of other places are not taken: send the file."]}`)
	sendPicture(t, s, xia, "/api/profile/alice/picture", picture(t, 1)).WantJSON(403, denied)
	sendPicture(t, s, xia, "/api/contacts/xia/picture", picture(t, 1)).WantJSON(403, denied)
	s.Get(t, xia, "/api/profile/xia").Want(200).Is(map[string]any{"picture": nil})
}

func TestW24LongValuesAndUnknownZonesAreRefused(t *testing.T) {
	s := serve(t)
	xia, donny := s.Login(t, "xia"), s.Login(t, "donny")
	limits := map[string]int{"slug": 50, "full_name": 100, "phone": 50, "street_address": 150, "locality": 50, "region": 50, "postal_code": 50, "nick_name": 150}
	for field, limit := range limits {
		body := map[string]string{"full_name": "A"}
		body[field] = strings.Repeat("a", limit+1)
		want := fmt.Sprintf(`{"%s":["Ensure this field has no more than %d characters."]}`, field, limit)
		for _, c := range []facetest.Call{
			{Method: "PUT", Path: "/api/profile/xia", Token: xia, Body: body},
			{Method: "PATCH", Path: "/api/profile/xia", Token: xia, Body: body},
			{Method: "POST", Path: "/api/users/xia/profiles", Token: xia, Body: body},
			{Method: "POST", Path: "/api/accounts/profiles", Token: xia, Body: body},
			{Method: "POST", Path: "/api/users", Token: donny, Body: body},
		} {
			if field == "phone" && c.Path == "/api/users" {
				continue // it has to be a number too
			}
			s.Do(t, c).WantJSON(400, want)
		}
	}
	for _, zone := range []string{"Mars/Olympus", "Local", "../etc/passwd"} {
		s.Patch(t, xia, "/api/profile/xia", map[string]string{"default_timezone": zone}).WantJSON(400, `{"default_timezone":["\"`+zone+`\" is not a valid choice."]}`)
	}
}

func TestPersonalProfileBecomesAnOrganization(t *testing.T) {
	s := serve(t)
	xia, alice, donny := s.Login(t, "xia"), s.Login(t, "alice"), s.Login(t, "donny")
	s.Patch(t, xia, "/api/profile/xia", `{"locality":"Lyon","nick_name":"Xi","extra":{"k":1},"default_timezone":"Europe/Paris"}`).Want(200)
	s.Post(t, donny, "/api/profile/cowork/plans/basic/subscriptions", `{"profile":{"slug":"xia"}}`).Want(201)
	addPlan(t, s, "xia", "lessons", true)
	s.Post(t, xia, "/api/profile/xia/plans/lessons/subscriptions", `{"profile":{"slug":"alice"}}`).Want(201)
	s.Post(t, xia, "/api/profile/xia/roles/contributor", `{"slug":"alice"}`).Want(201)
	sendPicture(t, s, xia, "/api/profile/xia/picture", picture(t, 3)).Want(201)

	const path = "/api/users/xia/profiles?convert_from_personal=1"
	s.Post(t, alice, path, `{"slug":"studio","full_name":"Xia's Studio"}`).WantJSON(403, denied)
	s.Post(t, xia, path, `{"slug":"alice","full_name":"Xia's Studio"}`).WantJSON(400, `{"slug":"This slug is already taken."}`)
	s.Post(t, xia, path, `{"slug":"studio","full_name":"Xia's Studio"}`).
		WantJSON(200, `{"detail":"Successfully converted personal profile to organization."}`)
	s.Post(t, xia, path, `{"slug":"studio2","full_name":"Again"}`).WantJSON(400, `{"error":"Invalid request."}`)

	s.Get(t, xia, "/api/profile/studio").Want(200).Is(map[string]any{
		"type": "organization", "full_name": "Xia's Studio", "printable_name": "Xia's Studio", "locality": "Lyon", "extra": map[string]any{"k": 1}, "default_timezone": "Europe/Paris",
		"email": "xia@localhost.localdomain", "is_provider": true, "subscriptions.0.plan.slug": "basic", "credentials": false,
	})
	s.Get(t, xia, "/api/profile/studio/plans/lessons").Want(200)
	s.Get(t, xia, "/api/profile/studio/roles").Want(200).Is(map[string]any{"count": 2})
	s.Get(t, xia, "/api/profile/xia").WantJSON(403, denied)
	s.Get(t, donny, "/api/profile/xia").Want(404)
	again := s.Login(t, "xia")
	s.Get(t, again, "/api/users/xia").Want(200).Is(map[string]any{"nick_name": "Xi", "credentials": true})
	s.Get(t, again, "/api/users/xia/profiles").Want(200).Is(map[string]any{"count": 1, "results.0.slug": "studio"})
	// what was xia's as a provider is the organization's
	s.Get(t, again, "/api/profile/alice").Want(200)
	s.Post(t, donny, "/api/profile/cowork/plans/basic/subscriptions", `{"profile":{"slug":"studio"}}`).Want(200)
	s.Get(t, donny, "/api/profile/studio/subscriptions").Want(200).Is(map[string]any{"count": 1})
	s.Delete(t, again, "/api/profile/studio").Want(204)
	s.Login(t, "xia")
}

func TestWhatWaitsWhenAProfileIsConvertedCanStillBeAccepted(t *testing.T) {
	s := serve(t)
	xia, donny := s.Login(t, "xia"), s.Login(t, "donny")
	s.Mails(t)
	s.Post(t, donny, "/api/profile/cowork/plans/premium/subscriptions", `{"profile":{"slug":"xia"}}`).Want(201)
	offer := waitingKey(t, s)
	s.Post(t, xia, "/api/profile/xia/roles/manager", `{"slug":"alice"}`).Want(201)
	role := waitingKey(t, s)
	s.Post(t, xia, "/api/profile/xia/roles/contributor?force=1", `{"email":"new@person.example","full_name":"New"}`).Want(201)
	account := waitingKey(t, s)

	s.Post(t, xia, "/api/users/xia/profiles?convert_from_personal=1", `{"slug":"studio","full_name":"Studio"}`).Want(200)
	s.Post(t, xia, "/api/profile/studio/subscriptions/accept/"+offer, nil).Want(200)
	alice := s.Login(t, "alice")
	s.Put(t, alice, "/api/users/alice/accessibles/accept/"+role, `{}`).Want(200).Is(map[string]any{"profile.slug": "studio"})
	s.Post(t, "", "/api/auth/"+account, `{"username":"newbie","new_password":"yoyo"}`).Want(201)
	newbie := s.Login(t, "newbie")
	s.Get(t, newbie, "/api/users/newbie/accessibles").Want(200).Is(map[string]any{"count": 1, "results.0.profile.slug": "studio"})
}

// waitingKey is the key in the mail that waits.
func waitingKey(t *testing.T, s *facetest.Service) string {
	t.Helper()
	for _, m := range s.Mails(t) {
		if key := fortyDigits.FindString(m.Text); key != "" {
			return key
		}
	}
	t.Fatal("no key was mailed")
	return ""
}

var fortyDigits = regexp.MustCompile(`[0-9a-f]{40}`)

func TestListsOfTheWholeSiteAreTheOperators(t *testing.T) {
	s := serve(t)
	xia, donny := s.Login(t, "xia"), s.Login(t, "donny")
	for _, path := range []string{"/api/profile", "/api/users", "/api/contacts", "/api/metrics/registered"} {
		s.Get(t, xia, path).WantJSON(403, denied)
		s.Get(t, donny, path).Want(200)
	}
	s.Post(t, xia, "/api/users", `{"full_name":`).WantJSON(403, denied)
	register(t, s, "plain", "type", "user")
	for i := range 40 {
		s.Clock.Advance(time.Second)
		s.Post(t, donny, "/api/accounts/profiles", map[string]string{"full_name": fmt.Sprintf("Shop %02d", i), "locality": fmt.Sprintf("Town %d", i%2)}).Want(201)
	}
	// followed by the links, forwards and backwards, everything comes once and in order
	for _, c := range []struct {
		query       string
		count       int
		first, last string
	}{
		{"?page_size=7&q=shop", 40, "shop-00", "shop-39"},
		{"?page_size=7&q=shop&o=-full_name", 40, "shop-39", "shop-00"},
		{"?page_size=7&q=shop&o=created_at", 40, "shop-00", "shop-39"},
		{"?page_size=7&q=shop&o=-created_at", 40, "shop-39", "shop-00"},
		{"?page_size=7&q=town+1", 20, "shop-01", "shop-39"},
		{"?page_size=7&q=%22shop+03%22,shop+04", 2, "shop-03", "shop-04"},
		{"?page_size=7&q=shop&q_f=slug", 40, "shop-00", "shop-39"},
		{"?page_size=7&q=shop&q_f=locality", 0, "", ""},
		{"?page_size=7&start_at=2026-01-31T12:00:01Z", 40, "shop-00", "shop-39"},
		{"?page_size=7&start_at=2026-01-31T12:00:01Z&ends_at=2026-01-31T12:00:03Z", 2, "shop-00", "shop-01"},
	} {
		var slugs []string
		next := "/api/profile" + c.query
		for range 20 {
			a := s.Get(t, donny, next).Want(200).Is(map[string]any{"count": c.count})
			results, _ := a.At("results")
			for i := range results.([]any) {
				slugs = append(slugs, a.Text(fmt.Sprintf("results.%d.slug", i)))
			}
			link, _ := a.At("next")
			if link == nil {
				break
			}
			next = strings.TrimPrefix(link.(string), facetest.BaseURL)
		}
		seen := map[string]bool{}
		for _, slug := range slugs {
			seen[slug] = true
		}
		if len(slugs) != c.count || len(seen) != c.count || c.count > 0 && (slugs[0] != c.first || slugs[len(slugs)-1] != c.last) {
			t.Errorf("%s: %v", c.query, slugs)
		}
	}
	s.Get(t, donny, "/api/profile?q=plain").Want(200).Is(map[string]any{"count": 0})
	s.Get(t, donny, "/api/users?q=plain").Want(200).Is(map[string]any{"count": 1})
	for _, query := range []string{"page=0", "page=99", "after=x", "before=%00"} {
		s.Get(t, donny, "/api/profile?"+query).WantJSON(404, `{"detail":"Invalid page."}`)
	}
	s.Get(t, donny, "/api/profile?start_at=soon").Want(400)
	s.Get(t, donny, "/api/profile?page=last&page_size=7&q=shop").Want(200).Is(map[string]any{"next": nil, "results.6.slug": "shop-39"})
}

func TestRegisteredUsersAreThoseWithoutASubscribedProfile(t *testing.T) {
	s := serve(t)
	donny := s.Login(t, "donny")
	s.Get(t, donny, "/api/metrics/registered?q=xia").Want(200).Is(map[string]any{"count": 1})
	s.Post(t, donny, "/api/profile/cowork/plans/basic/subscriptions", `{"profile":{"slug":"xia"}}`).Want(201)
	s.Get(t, donny, "/api/metrics/registered?q=xia").Want(200).Is(map[string]any{"count": 0})
	s.Post(t, donny, "/api/users", `{"full_name":"Xia Nobody"}`).Want(201)
	s.Get(t, donny, "/api/metrics/registered?q=xia").Want(200).Is(map[string]any{"count": 0})
}

func TestW22TypeaheadSaysWhenThereAreMore(t *testing.T) {
	s := serve(t)
	xia, donny := s.Login(t, "xia"), s.Login(t, "donny")
	for i := range 120 {
		s.Post(t, donny, "/api/accounts/profiles", map[string]string{"full_name": fmt.Sprintf("Shop %03d", i), "email": fmt.Sprintf("shop%d@corp.example", i)}).Want(201)
	}
	shown := func(a facetest.Answer, n int) {
		t.Helper()
		if results, _ := a.At("results"); len(results.([]any)) != n {
			t.Errorf("%d results, want %d: %s", len(results.([]any)), n, a.Body)
		}
	}
	shown(s.Get(t, xia, "/api/accounts/profiles?q=shop").Want(200).Is(map[string]any{"count": 100, "more": true, "results.0.slug": "shop-000"}), 5)
	shown(s.Get(t, xia, "/api/accounts/profiles?q=shop+00").Want(200).Is(map[string]any{"count": 10, "more": true}), 5)
	shown(s.Get(t, xia, "/api/accounts/profiles?q=shop+001").Want(200).Is(map[string]any{"count": 1, "more": false}), 1)
	shown(s.Get(t, xia, "/api/accounts/profiles?q=a1,a2,a3,a4,a5,shop+00,shop+01").Want(200).Is(map[string]any{"count": 20, "more": true}), 7)
	shown(s.Get(t, xia, "/api/accounts/profiles?q=nobody").Want(200).Is(map[string]any{"count": 0, "more": false}), 0)
	// by the domain of the e-mail, where no name fits, unless everybody may have one there
	shown(s.Get(t, xia, "/api/accounts/profiles?q=corp.example").Want(200).Is(map[string]any{"count": 100, "more": true}), 5)
	shown(s.Get(t, xia, "/api/accounts/profiles?q=unknown@corp.example").Want(200).Is(map[string]any{"more": true}), 5)
	s.Post(t, donny, "/api/accounts/profiles", `{"full_name":"Private","email":"private@gmail.com"}`).Want(201)
	shown(s.Get(t, xia, "/api/accounts/profiles?q=gmail.com").Want(200), 0)
	shown(s.Get(t, xia, "/api/accounts/profiles?q=somebody@gmail.com").Want(200), 0)
}

func TestTypeaheadTellsNobodysEmailLetterByLetter(t *testing.T) {
	s := serve(t)
	xia, donny := s.Login(t, "xia"), s.Login(t, "donny")
	s.Post(t, donny, "/api/users", `{"full_name":"Some Body","email":"hidden@inbox.example","phone":"+33123456789"}`).Want(201)
	for _, q := range []string{"hid", "hidden", "hidden@", "inbox", "331234"} {
		for _, path := range []string{"/api/accounts", "/api/accounts/users"} {
			s.Get(t, xia, path+"?q="+q).Want(200).Is(map[string]any{"count": 0})
			if q != "hidden@" {
				s.Get(t, donny, path+"?q="+q).Want(200).Is(map[string]any{"count": 1})
			}
		}
	}
	s.Get(t, xia, "/api/accounts?q=Hidden@Inbox.example").Want(200).Is(map[string]any{"count": 1, "results.0.type": "personal"})
	register(t, s, "plain", "type", "user")
	s.Get(t, xia, "/api/accounts?q=plain").Want(200).Is(map[string]any{"results.0.type": "user"})
	s.Get(t, xia, "/api/accounts/profiles?q=plain").Want(200).Is(map[string]any{"count": 0})
	s.Get(t, xia, "/api/accounts/profiles/plain").WantJSON(404, `{"detail":"No Organization matches the given query."}`)
}

func TestNotesAreTheProvidersAndNotTheProfiles(t *testing.T) {
	s := serve(t)
	xia, donny := s.Login(t, "xia"), s.Login(t, "donny")
	s.Post(t, donny, "/api/users/donny/profiles", `{"slug":"gym","full_name":"The Gym"}`).Want(201)
	addPlan(t, s, "gym", "daypass", true)
	trainer := register(t, s, "trainer")
	s.Post(t, donny, "/api/profile/gym/roles/contributor?force=1", `{"slug":"trainer"}`).Want(201)

	s.Post(t, donny, "/api/activities/xia", `{"text":" Phone call ","contact":"alice"}`).Want(201).
		Is(map[string]any{"text": "Phone call", "created_by": "donny", "account": "xia", "contact": "alice", "created_at": "2026-01-31T12:00:00Z"})
	s.Post(t, donny, "/api/contacts/xia/activities", `{"text":"Follow up","account":"cowork"}`).Want(201)
	s.Get(t, donny, "/api/activities/xia").Want(200).Is(map[string]any{"count": 1, "results.0.text": "Phone call"})
	s.Get(t, donny, "/api/contacts/xia/activities").Want(200).Is(map[string]any{"count": 1, "results.0.text": "Follow up", "results.0.account": "cowork"})
	s.Get(t, donny, "/api/contacts/alice/activities").Want(200).Is(map[string]any{"count": 1, "results.0.text": "Phone call"})
	s.Get(t, donny, "/api/activities/cowork").Want(200).Is(map[string]any{"count": 1, "results.0.text": "Follow up"})

	for _, path := range []string{"/api/activities/xia", "/api/contacts/xia/activities"} {
		s.Get(t, xia, path).WantJSON(403, denied)
		s.Post(t, xia, path, `{"text":"Mine"}`).WantJSON(403, denied)
		s.Get(t, trainer, path).WantJSON(403, denied)
	}
	s.Post(t, donny, "/api/activities/xia", `{}`).WantJSON(400, `{"text":["This field is required."]}`)
	s.Post(t, donny, "/api/activities/xia", `{"text":"a","contact":"nobody"}`).WantJSON(400, `{"contact":["Profile nobody does not exist."]}`)
	s.Post(t, donny, "/api/activities/nobody", `{"text":"a"}`).WantJSON(404, `{"detail":"No Organization matches the given query."}`)

	// a profile shows its notes to who may read them
	s.Get(t, donny, "/api/profile/xia").Want(200).Is(map[string]any{"activities.0.text": "Phone call"})
	s.Get(t, donny, "/api/users/xia").Want(200).Is(map[string]any{"activities.0.text": "Follow up"})
	for _, path := range []string{"/api/profile/xia", "/api/users/xia"} {
		if _, shown := s.Get(t, xia, path).Want(200).At("activities"); shown {
			t.Errorf("%s shows notes to whom they are about", path)
		}
	}
}
