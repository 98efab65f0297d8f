package djaoapp_test

import (
	"testing"

	"facet/internal/facetest"
)

const (
	printedRolePage   = `{"count":1,"next":null,"previous":null,"invited_count":0,"requested_count":0,"results":[`
	printedManager    = `"role_description":{"created_at":"2023-01-01T00:00:00Z","title":"Profile Manager","slug":"manager","is_global":true}`
	printedRole       = `{"created_at":"2023-01-01T00:00:00Z",` + printedManager + `,"user":{"slug":"xia","username":"xia","printable_name":"Xia Lee","picture":null},"grant_key":null`
	printedCowork     = `"profile":{"slug":"cowork","printable_name":"ABC Corp.","type":"organization","credentials":false}`
	printedAccessible = `{"created_at":"2023-01-01T00:00:00Z",` + printedManager + `,` + printedCowork
	printedOnList     = `{"profile":{"slug":"cowork","printable_name":"ABC Corp.","type":"organization","credentials":false},
		"role_description":{"slug":"manager","created_at":"2023-01-01T00:00:00Z","title":"Profile Manager","is_global":true,"profile":null},
		"request_key":null,"accept_grant_api_url":null,"remove_api_url":"https://cowork.net/api/users/alice/accessibles/manager/cowork",
		"home_url":"https://cowork.net/app/","settings_url":"https://cowork.net/profile/cowork/contact/"}]}`
	printedAsked = `{"profile":{"slug":"cowork","full_name":"Cowork","printable_name":"Cowork","picture":null,"type":"organization","credentials":false},
		"created_at":"2020-06-06T04:55:41.766938Z","request_key":"53a1b0657c7cf738514bf791e6f20f36429e57aa","home_url":"/app/cowork/",
		"settings_url":"/profile/cowork/contact/","accept_grant_api_url":null,"remove_api_url":"/api/users/xia/accessibles/manager/cowork",`
	printedLocal = `"skip_optin_on_grant":false,"implicit_create_on_none":false,"is_global":false,
		"profile":{"slug":"xia","printable_name":"Xia","picture":null,"type":"personal","credentials":true,"created_at":"2023-01-01T00:00:00Z"}}`
)

// managed is the demo with xia a manager of cowork, as the samples suppose.
func managed(t *testing.T) (s *facetest.Service, xia, donny string) {
	t.Helper()
	s = serve(t)
	xia, donny = s.Login(t, "xia"), s.Login(t, "donny")
	s.Post(t, donny, "/api/profile/cowork/roles/manager", `{"slug":"xia"}`).Want(201)
	s.Post(t, xia, "/api/users/xia/accessibles", `{"slug":"cowork"}`).Want(200)
	return s, xia, donny
}

func TestSamplesOfRoleTypes(t *testing.T) {
	s := serve(t)
	xia := s.Login(t, "xia")
	const path = "/api/profile/xia/roles/describe"
	t.Run("C46 make", func(t *testing.T) {
		a := s.Post(t, xia, path, `{"title":"Support"}`).Want(201).Is(map[string]any{"slug": "support", "title": "Support", "profile.slug": "xia", "profile.type": "personal"})
		like(t, a, `{"created_at":"2023-01-01T00:00:00Z","title":"Support","slug":"support",`+printedLocal)
	})
	t.Run("C45 list", func(t *testing.T) {
		a := s.Get(t, xia, path).Want(200)
		like(t, a, `{"count":2,"next":null,"previous":null,"results":[
			{"created_at":"2023-01-01T00:00:00Z","slug":"manager","title":"Manager","skip_optin_on_grant":false,"implicit_create_on_none":false,"is_global":true}]}`)
		a.Is(map[string]any{"count": 3, "results.0.slug": "manager", "results.2.slug": "support", "results.2.is_global": false, "results.2.profile.slug": "xia"})
	})
	t.Run("C47 read", func(t *testing.T) {
		a := s.Get(t, xia, path+"/manager").Want(200).Is(map[string]any{"slug": "manager", "title": "Profile Manager", "is_global": true})
		like(t, a, `{"created_at":"2023-01-01T00:00:00Z","slug":"manager","title":"Profile Manager","skip_optin_on_grant":false,"implicit_create_on_none":false,"is_global":true}`)
	})
	t.Run("C49 change", func(t *testing.T) {
		a := s.Put(t, xia, path+"/support", `{"title":"Associate"}`).Want(200).Is(map[string]any{"slug": "support", "title": "Associate"})
		like(t, a, `{"created_at":"2023-01-01T00:00:00Z","slug":"support","title":"Associate",`+printedLocal)
	})
	t.Run("C48 delete", func(t *testing.T) {
		if a := s.Delete(t, xia, path+"/support").Want(204); len(a.Body) > 0 {
			t.Errorf("a body: %s", a.Body)
		}
		s.Get(t, xia, path+"/support").Want(404)
	})
}

// The lists print "name" for a role type's title, and a request_key of active
// roles; neither is what the reference says elsewhere.
func TestSamplesOfRoles(t *testing.T) {
	t.Run("C09 C51 list of a type", func(t *testing.T) {
		s, _, donny := managed(t)
		s.Delete(t, donny, "/api/profile/cowork/roles/manager/xia").Want(204)
		a := s.Get(t, donny, "/api/profile/cowork/roles/manager").Want(200).Is(map[string]any{"count": 1, "results.0.user.slug": "donny", "results.0.role_description.title": "Profile Manager"})
		like(t, a, printedRolePage+`{"created_at":"2018-01-01T00:00:00Z","role_description":{"title":"Manager","slug":"manager","profile":null},
			"user":{"slug":"alice","username":"alice","printable_name":"Alice Doe","picture":null},"grant_key":null}]}`)
	})
	t.Run("C50 list", func(t *testing.T) {
		s := serve(t)
		a := s.Get(t, s.Login(t, "xia"), "/api/profile/xia/roles").Want(200).Is(map[string]any{"count": 1, "results.0.user.slug": "xia"})
		like(t, a, printedRolePage+`{"created_at":"2022-01-01T00:00:00Z","role_description":{"title":"Manager","slug":"manager","profile":null},
			"user":{"slug":"xia","username":"xia","printable_name":"Xia Lee","picture":null},"request_key":"1","grant_key":null}]}`)
	})
	t.Run("C52 grant", func(t *testing.T) {
		s := serve(t)
		xia := s.Login(t, "xia")
		s.Delete(t, xia, "/api/profile/xia/roles/manager/xia").Want(204)
		s.Post(t, xia, "/api/users/xia/profiles", `{"type":"personal","full_name":"Xia Lee"}`).Want(201)
		a := s.Post(t, xia, "/api/profile/xia/roles/manager", `{"slug":"xia"}`).Want(200).Is(map[string]any{"user.slug": "xia", "grant_key": nil, "role_description.slug": "manager"})
		like(t, a, printedRole+`}`)
	})
	t.Run("C53 C54 C55 C56 one role", func(t *testing.T) {
		s := serve(t)
		xia := s.Login(t, "xia")
		const path = "/api/profile/xia/roles/manager/xia"
		like(t, s.Get(t, xia, path).Want(200), printedRole+`}`)
		like(t, s.Post(t, xia, path, nil).Want(200), printedRole+`}`)
		a := s.Put(t, xia, path, `{"extra":{"kinship":"self"}}`).Want(200).Is(map[string]any{"extra": map[string]any{"kinship": "self"}})
		like(t, a, printedRole+`,"extra":{"kinship":"self"}}`)
		if a := s.Delete(t, xia, path).Want(204); len(a.Body) > 0 {
			t.Errorf("a body: %s", a.Body)
		}
	})
}

func TestSamplesOfAccessibles(t *testing.T) {
	t.Run("C41 C43 list", func(t *testing.T) {
		s, xia, _ := managed(t)
		for _, path := range []string{"/api/users/xia/accessibles", "/api/users/xia/accessibles/manager"} {
			a := s.Get(t, xia, path).Want(200).Is(map[string]any{"count": 1, "results.0.profile.slug": "cowork", "results.0.role_description.slug": "manager"})
			like(t, a, printedRolePage+printedOnList)
		}
	})
	t.Run("C42 C44 request", func(t *testing.T) {
		s := serve(t)
		xia := s.Login(t, "xia")
		a := s.Post(t, xia, "/api/users/xia/accessibles", `{"slug":"cowork"}`).Want(201).Is(map[string]any{"profile.slug": "cowork", "role_description": nil})
		like(t, a, printedAsked+`"role_description":null}`)
		a = s.Post(t, xia, "/api/users/xia/accessibles/manager", `{"slug":"cowork"}`).Want(200).Is(map[string]any{"profile.slug": "cowork", "role_description.slug": "manager"})
		like(t, a, printedAsked+`"role_description":{"slug":"manager","created_at":"2023-01-01T00:00:00Z","title":"Profile manager","is_global":true,"profile":null}}`)
	})
	t.Run("C57 C58 C59 one", func(t *testing.T) {
		s, xia, _ := managed(t)
		const path = "/api/users/xia/accessibles/manager/cowork"
		like(t, s.Get(t, xia, path).Want(200), printedAccessible+`,"request_key":null}`)
		like(t, s.Post(t, xia, path, nil).Want(200), printedAccessible+`,"request_key":null}`)
		if a := s.Delete(t, xia, path).Want(204); len(a.Body) > 0 {
			t.Errorf("a body: %s", a.Body)
		}
		s.Get(t, xia, path).Want(404)
	})
	t.Run("C60 accept", func(t *testing.T) {
		s := serve(t)
		xia := s.Login(t, "xia")
		s.Post(t, s.Login(t, "donny"), "/api/profile/cowork/roles/manager", `{"slug":"xia"}`).Want(201)
		key := keyIn(t, mailTo(t, s, "xia@localhost.localdomain"))
		a := s.Put(t, xia, "/api/users/xia/accessibles/accept/"+key, nil).Want(200).Is(map[string]any{"profile.slug": "cowork", "role_description.slug": "manager"})
		like(t, a, printedAccessible+`}`)
	})
}
