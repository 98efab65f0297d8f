package appdata_test

import (
	"testing"

	"facet/internal/face/appdata"
	"facet/internal/face/household"
	"facet/internal/facetest"
)

// withChild starts the demo, and gives tokens of donny, who operates the site,
// and of a child of donny's.
func withChild(t *testing.T) (s *facetest.Service, donny string, child facetest.Answer) {
	t.Helper()
	s = facetest.New(t, appdata.New(), household.New())
	donny, id := signIn(t, s, "donny")
	all := "/api/users/v1/users/" + id + "/user_profiles"
	kid := s.Post(t, donny, all, `{"name":"Kim","is_child_profile":true}`).Want(201).Text("data.0.id")
	return s, donny, s.Post(t, donny, all+"/"+kid+"/authentication_tokens", nil).Want(201)
}

func TestAChildsRenewedSessionIsNoOperators(t *testing.T) {
	s, donny, child := withChild(t)
	s.Post(t, donny, "/auth/refresh", nil).Want(200).Is(map[string]any{"user.operator": true})
	s.Post(t, child.Text("data.0.attributes.access_token"), "/auth/refresh", nil).Want(200).Is(map[string]any{"user.operator": false})
	body := map[string]string{"refresh_token": child.Text("data.0.attributes.refresh_token")}
	s.Post(t, "", "/auth/refresh", body).Want(200).Is(map[string]any{"user.operator": false})
}

func TestARepeatShowsNoDocumentThatTheCallerMayNotReach(t *testing.T) {
	s, donny, child := withChild(t)
	kim := child.Text("data.0.attributes.access_token")
	create := func(token string, header map[string]string) facetest.Answer {
		header["Idempotency-Key"] = "k"
		return s.Do(t, facetest.Call{Method: "POST", Path: "/user/profiles/create", Token: token, Body: `{"app_id":1,"profile_data":{"a":1}}`, Header: header})
	}
	create(donny, map[string]string{}).Want(201)
	create(donny, map[string]string{}).Want(201)
	s.Put(t, donny, "/user/profiles/1", `{"secret":true}`).Want(200)
	wantProblem(t, "a child", create(kim, map[string]string{}), 422, "repeat")
	s.Patch(t, donny, "/operator/app/1", `{"key_bound":true}`).Want(200)
	wantProblem(t, "without the app's key", create(donny, map[string]string{}), 403, "forbidden", "/app_id forbidden")
	create(donny, map[string]string{"X-API-KEY": appKey}).Want(201)
}
