package e2e_test

import (
	"fmt"
	"maps"
	"net/http"
	"strings"

	"pgregory.net/rapid"

	"facet/internal/facetest"
)

// The writes of the app-data API, and how it shows a person's documents. Only
// the demo has apps: on the second site every such write is refused, and the
// keys and users of the one are nothing on the other.

var drawDocument = rapid.SampledFrom([]string{
	`{}`, `{"theme":"dark","level":3}`, `{"n":12345678901234567890,"x":1.10}`, `{"é":[{},null,true]," a ":"b c"}`,
})

// drawApp draws a number that may be no app's.
func drawApp(d drawn) int { return rapid.IntRange(1, 3).Draw(d.rt, "app") }

func stepRegisterForApp(d drawn, s *site) {
	slug, email, name := drawSlug.Draw(d.rt, "slug"), drawEmail.Draw(d.rt, "email"), drawName.Draw(d.rt, "name")
	answer := s.send(d, facetest.Call{Method: http.MethodPost, Path: "/auth/register", Header: withAppKey, Body: map[string]any{
		"password":  operatorPassword,
		"user_info": map[string]any{"username": slug, "email": email, "first_name": name.given, "last_name": name.family},
	}})
	switch {
	case s.apps == 0:
		answer.Want(http.StatusUnauthorized)
		stepRegister(d, s) // whom else would there be to write about
		return
	case s.bySlug(slug) != nil || s.emailTaken(email, nil):
		answer.Want(http.StatusConflict)
		return
	}
	answer.Want(http.StatusCreated).Is(map[string]any{"user.username": slug, "user.first_name": name.given, "user.last_name": name.family})
	uuid, id := s.newest(d, "user")
	s.add(d, &thing{
		uuid: answer.Text("user.user_id"), id: id, slug: slug, typeName: "user", email: email, given: name.given, family: name.family,
		password: true, token: answer.Text("token"),
	})
	if x := s.things[uuid]; x == nil {
		d.Fatalf("the newest user is %s: %s", uuid, answer.Body)
	}
}

func stepOwnDocument(d drawn, s *site) {
	x := s.pick(d, isUser, isSignedIn)
	if x == nil {
		return
	}
	app, text := drawApp(d), drawDocument.Draw(d.rt, "document")
	answer := s.do(d, http.MethodPost, x.token, "/user/profiles/create", fmt.Sprintf(`{"app_id":%d,"profile_data":%s}`, app, text))
	switch {
	case app > s.apps:
		answer.Want(http.StatusUnprocessableEntity)
	case x.documents[app] != "":
		answer.Want(http.StatusConflict)
	default:
		x.documents[app] = text
		shows(d, answer.Want(http.StatusCreated), x, app, text)
	}
	s.agrees(d, x)
}

// stepBulk makes documents of some people, among them organizations and people
// of the other site: all of them, or none.
func stepBulk(d drawn, s *site) {
	from := append(s.sorted(), s.other.sorted()...)
	if len(from) == 0 {
		return
	}
	type place struct {
		x   *thing
		app int
	}
	made := map[place]string{}
	items, bad, taken := []string{}, false, false
	for range rapid.IntRange(0, 3).Draw(d.rt, "items") {
		at := place{s.pick(d, isUser), 1 + len(items)%2}
		if at.x == nil || rapid.IntRange(0, 3).Draw(d.rt, "any") == 3 {
			at = place{rapid.SampledFrom(from).Draw(d.rt, "whose"), drawApp(d)}
		}
		text := drawDocument.Draw(d.rt, "document")
		items = append(items, fmt.Sprintf(`{"user_id":%q,"app_id":%d,"profile_data":%s}`, at.x.uuid, at.app, text))
		bad = bad || s.things[at.x.uuid] == nil || !isUser(at.x) || at.app > s.apps || made[at] != ""
		taken = taken || at.x.documents[at.app] != ""
		made[at] = text
	}
	body := `{"profiles":[` + strings.Join(items, ",") + `]}`
	if x := s.pick(d, isSignedIn); x != nil {
		s.do(d, http.MethodPost, x.token, "/operator/profile/create-bulk", body).Want(http.StatusForbidden)
	}
	answer := s.do(d, http.MethodPost, s.operator, "/operator/profile/create-bulk", body)
	switch {
	case bad:
		answer.Want(http.StatusUnprocessableEntity)
	case taken:
		answer.Want(http.StatusConflict)
	default:
		answer.Want(http.StatusCreated).Is(map[string]any{"created": len(items)})
		for at, text := range made {
			at.x.documents[at.app] = text
		}
	}
	seen := map[*thing]bool{}
	for at := range maps.Keys(made) {
		if of := s; !seen[at.x] {
			if s.things[at.x.uuid] == nil {
				of = s.other
			}
			of.agrees(d, at.x)
			seen[at.x] = true
		}
	}
}

// agreesInAppData reads somebody's documents, by an operator and by themselves.
func (s *site) agreesInAppData(d drawn, x *thing) {
	d.Helper()
	for app := 1; app <= 3; app++ {
		operated := s.do(d, http.MethodGet, s.operator, fmt.Sprintf("/operator/users/profile/%s/%d", x.uuid, app), nil)
		text := x.documents[app]
		if text == "" {
			operated.Want(http.StatusNotFound)
		} else {
			shows(d, operated.Want(http.StatusOK), x, app, text)
		}
		if x.token == "" {
			continue
		}
		own := s.do(d, http.MethodGet, x.token, fmt.Sprintf("/user/profiles/%d", app), nil)
		switch {
		case app > s.apps:
			own.Want(http.StatusNotFound)
		case text == "":
			own.Want(http.StatusOK).Is(map[string]any{"profiles": []any{}})
		default:
			shows(d, own.Want(http.StatusOK), x, app, text)
		}
		s.do(d, http.MethodGet, x.token, fmt.Sprintf("/operator/users/profile/%s/%d", x.uuid, app), nil).Want(http.StatusForbidden)
	}
}

// shows checks that an answer has a document, to the letter.
func shows(d drawn, a facetest.Answer, x *thing, app int, text string) {
	d.Helper()
	for _, member := range []string{fmt.Sprintf(`"user_id":%q`, x.uuid), fmt.Sprintf(`"app_id":%d,`, app), `"profile_data":` + text + `,`} {
		if !strings.Contains(string(a.Body), member) {
			d.Fatalf("%s is not in %s", member, a.Body)
		}
	}
}
