package djaoapp_test

import (
	"strings"
	"testing"

	"facet/internal/facetest"
)

// Who may do what with a user's account, cell by cell: "frictionless self
// provider" and "direct" of the broker, where secrets and the account itself
// are the user's own and the operator's only.
func TestWhoMayDoWhatWithAUser(t *testing.T) {
	s := serve(t)
	donny, xia := s.Login(t, "donny"), s.Login(t, "xia")
	s.Post(t, xia, "/api/users/xia/profiles", `{"slug":"gym","full_name":"The Gym"}`).Want(201)
	who := map[string]string{"nobody": "", "self": xia, "operator": donny}
	for name, at := range map[string]struct{ profile, role, by string }{
		"stranger":         {},
		"fellow manager":   {"gym", "manager", xia},
		"contributor":      {"gym", "contributor", xia},
		"site contributor": {"cowork", "contributor", donny},
	} {
		slug := strings.ReplaceAll(name, " ", "-")
		who[name] = register(t, s, slug)
		if at.role != "" {
			grant(t, s, at.by, who[name], at.profile, at.role, slug)
		}
	}
	const (
		reads  = "self operator fellow manager contributor site contributor"
		writes = "self operator"
	)
	for _, c := range []struct {
		call facetest.Call
		may  string
	}{
		{facetest.Call{Method: "GET", Path: "/api/users/xia"}, reads},
		{facetest.Call{Method: "GET", Path: "/api/users/xia/profiles"}, reads},
		{facetest.Call{Method: "GET", Path: "/api/users/xia/notifications"}, reads},
		{facetest.Call{Method: "PUT", Path: "/api/users/xia/notifications", Body: `{"notifications":[]}`}, writes},
		{facetest.Call{Method: "POST", Path: "/api/users/xia/notifications", Body: `{"notifications":[]}`}, writes},
		{facetest.Call{Method: "PUT", Path: "/api/users/xia", Body: `{"full_name":"Xia Lee"}`}, writes},
		{facetest.Call{Method: "PATCH", Path: "/api/users/xia", Body: `{}`}, writes},
		{facetest.Call{Method: "GET", Path: "/api/users/xia/api-keys"}, writes},
		{facetest.Call{Method: "POST", Path: "/api/users/xia/api-keys", Body: `{}`}, writes},
		{facetest.Call{Method: "POST", Path: "/api/users/xia/api-keys/x", Body: `{}`}, writes},
		{facetest.Call{Method: "DELETE", Path: "/api/users/xia/api-keys/x"}, writes},
		{facetest.Call{Method: "PUT", Path: "/api/users/xia/password", Body: `{"new_password":"x"}`}, writes},
		{facetest.Call{Method: "PUT", Path: "/api/users/xia/otp", Body: `{}`}, writes},
		{facetest.Call{Method: "POST", Path: "/api/users/xia/otp", Body: `{}`}, writes},
		{facetest.Call{Method: "POST", Path: "/api/users/xia/activate"}, "self operator fellow manager"},
		{facetest.Call{Method: "GET", Path: "/api/legal"}, "everybody"},
		{facetest.Call{Method: "GET", Path: "/api/legal/privacy"}, "everybody"},
		{facetest.Call{Method: "POST", Path: "/api/legal/privacy", Body: `{}`}, "signed in"},
		{facetest.Call{Method: "POST", Path: "/api/legal/privacy/sign", Body: `{}`}, "signed in"},
		{facetest.Call{Method: "GET", Path: "/api/agreements"}, "operator site contributor"},
		{facetest.Call{Method: "GET", Path: "/api/agreements/privacy"}, "operator site contributor"},
		{facetest.Call{Method: "POST", Path: "/api/agreements", Body: `{}`}, "operator"},
		{facetest.Call{Method: "PUT", Path: "/api/agreements/privacy", Body: `{}`}, "operator"},
		{facetest.Call{Method: "DELETE", Path: "/api/agreements/nothing"}, "operator"},
		{facetest.Call{Method: "GET", Path: "/api/auth/tokens"}, "signed in"},
	} {
		for name, token := range who {
			c.call.Token = token
			a := s.Do(t, c.call)
			may := c.may == "everybody" || c.may == "signed in" && token != "" || allowed(c.may, name)
			if got := !(a.Status == 403 && strings.Contains(string(a.Body), "Permission denied")); got != may {
				t.Errorf("%s %s by %s: %d %s, want allowed: %t", c.call.Method, c.call.Path, name, a.Status, a.Body, may)
			}
		}
	}
	for name, token := range who { // what would end the session of the others
		if name == "self" || name == "operator" {
			continue
		}
		s.Delete(t, token, "/api/users/xia/password").WantJSON(403, denied)
		s.Delete(t, token, "/api/users/xia").WantJSON(403, denied)
	}
}

// allowed reports whether a list of callers has one; "manager" alone is not a
// "fellow manager".
func allowed(list, name string) bool {
	list = strings.ReplaceAll(list, "site contributor", "site_contributor")
	list = strings.ReplaceAll(list, "fellow manager", "fellow_manager")
	for one := range strings.FieldsSeq(list) {
		if one == strings.ReplaceAll(name, " ", "_") {
			return true
		}
	}
	return false
}

// grant gives a user an active role.
func grant(t *testing.T, s *facetest.Service, by, to, profile, role, user string) {
	t.Helper()
	s.Post(t, by, "/api/profile/"+profile+"/roles/"+role, map[string]string{"slug": user}).Want(201)
	a := s.Get(t, to, "/api/users/"+user+"/accessibles").Want(200)
	if link, _ := a.At("results.0.accept_grant_api_url"); link != nil {
		path := strings.TrimPrefix(link.(string), facetest.BaseURL)
		s.Put(t, to, path, `{}`).Want(200)
	}
}
