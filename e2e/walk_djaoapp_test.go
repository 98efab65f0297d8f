package e2e_test

import (
	"encoding/json"
	"net/http"
	"slices"

	"pgregory.net/rapid"
)

// The writes of the DjaoApp API and the Entity API, and how the two show a
// thing.

func stepRegister(d drawn, s *site) {
	slug, email, name := drawSlug.Draw(d.rt, "slug"), drawEmail.Draw(d.rt, "email"), drawName.Draw(d.rt, "name")
	personal := rapid.Bool().Draw(d.rt, "personal")
	kind := "user"
	if personal {
		kind = "personal"
	}
	body := register(slug, email, name.typed, kind)
	body["password"] = operatorPassword
	answer := s.do(d, http.MethodPost, "", "/api/auth/register", body)
	if s.bySlug(slug) != nil || s.emailTaken(email, nil) {
		answer.Want(http.StatusBadRequest)
		return
	}
	token := answer.Want(http.StatusCreated).Text("token")
	uuid, id := s.newest(d, "user")
	x := &thing{uuid: uuid, id: id, slug: slug, typeName: "user", email: email, password: true, personal: personal, token: token}
	s.add(d, x.called(name))
}

func stepCreate(d drawn, s *site) {
	email, name := drawEmail.Draw(d.rt, "email"), drawName.Draw(d.rt, "name").whole()
	typeName := rapid.SampledFrom([]string{"user", "organization", "community"}).Draw(d.rt, "type")
	answer := s.call(d, "entity.create", "type_name", typeName, "attributes", attributes("displayName", name, "email", email))
	if typeName == "user" && s.emailTaken(email, nil) {
		answer.Is(map[string]any{"code": 361})
		return
	}
	answer.Is(map[string]any{"stat": "ok"})
	id := number(d, answer, "id")
	s.add(d, &thing{uuid: answer.Text("uuid"), id: id, slug: "u-" + id, typeName: typeName, email: email, display: name})
}

func stepShadow(d drawn, s *site) {
	slug, email, name := drawSlug.Draw(d.rt, "slug"), drawEmail.Draw(d.rt, "email"), drawName.Draw(d.rt, "name")
	answer := s.do(d, http.MethodPost, s.operator, "/api/accounts/profiles", map[string]any{"slug": slug, "email": email, "full_name": name.typed})
	if s.bySlug(slug) != nil {
		answer.Want(http.StatusBadRequest)
		return
	}
	answer.Want(http.StatusCreated)
	uuid, id := s.newest(d, "organization")
	x := &thing{uuid: uuid, id: id, slug: slug, typeName: "organization", email: email}
	s.add(d, x.called(name))
}

func stepRename(d drawn, s *site, entity bool) {
	x := s.pick(d)
	if x == nil || !entity && !x.isProfile() {
		return
	}
	name := drawName.Draw(d.rt, "name")
	if entity { // changes just what it names
		x.display = name.whole()
		s.ok(d, "entity.update", "type_name", x.typeName, "uuid", x.uuid, "attributes", attributes("displayName", x.display))
	} else {
		x.called(name)
		s.do(d, http.MethodPut, s.operator, "/api/profile/"+x.slug, map[string]any{"full_name": name.typed}).Want(http.StatusOK)
	}
	s.agrees(d, x)
}

func stepEmail(d drawn, s *site, entity bool) {
	x := s.pick(d)
	if x == nil || !entity && !x.isProfile() {
		return
	}
	email := drawEmail.Draw(d.rt, "email")
	taken := isUser(x) && s.emailTaken(email, x)
	if entity {
		answer := s.call(d, "entity.update", "type_name", x.typeName, "id", x.id, "attributes", attributes("email", email))
		if taken {
			answer.Is(map[string]any{"code": 361})
		} else {
			answer.Is(map[string]any{"stat": "ok"})
		}
	} else {
		want := http.StatusOK
		if taken {
			want = http.StatusBadRequest
		}
		s.do(d, http.MethodPatch, s.operator, "/api/profile/"+x.slug, map[string]any{"email": email}).Want(want)
	}
	if !taken {
		x.email = email
	}
	s.agrees(d, x)
}

// stepPassword gives somebody a password, who can sign in from then on: not by
// a token from before.
func stepPassword(d drawn, s *site) {
	x := s.pick(d, isUser)
	if x == nil {
		return
	}
	s.ok(d, "entity.update", "type_name", "user", "uuid", x.uuid, "attributes", attributes("password", operatorPassword))
	x.password = true
	x.endSessions()
	s.agrees(d, x)
}

func stepSlug(d drawn, s *site) {
	x := s.pick(d)
	if x == nil || !x.isProfile() {
		return
	}
	slug := drawSlug.Draw(d.rt, "slug")
	answer := s.do(d, http.MethodPatch, s.operator, "/api/profile/"+x.slug, map[string]any{"slug": slug})
	if other := s.bySlug(slug); other != nil && other != x {
		answer.Want(http.StatusBadRequest)
	} else {
		answer.Want(http.StatusOK)
		x.slug = slug
	}
	s.agrees(d, x)
}

func stepErase(d drawn, s *site, entity bool) {
	x := s.pick(d)
	if x == nil || !entity && !x.isProfile() {
		return
	}
	if entity {
		s.ok(d, "entity.delete", "type_name", x.typeName, "uuid", x.uuid)
	} else {
		s.do(d, http.MethodDelete, s.operator, "/api/profile/"+x.slug, nil).Want(http.StatusNoContent)
	}
	delete(s.things, x.uuid)
	s.knowsNothing(d, x)
	s.fails(d, 310, "entity", "type_name", x.typeName, "id", x.id)
	s.do(d, http.MethodGet, s.operator, "/api/profile/"+x.slug, nil).Want(http.StatusNotFound)
	s.do(d, http.MethodGet, s.operator, "/api/profiles/"+s.tagOf(x), nil).Want(http.StatusOK).Is(map[string]any{"data": nil})
	if x.endSessions(); x.ended != "" {
		s.refuses(d, x, x.ended)
	}
	for _, y := range s.forget(x) {
		s.agrees(d, y)
	}
}

// isProfile reports whether DjaoApp shows it as a profile, not as a user only.
func (x *thing) isProfile() bool { return !isUser(x) || !x.password || x.personal }

func (s *site) agreesInEntity(d drawn, x *thing) {
	d.Helper()
	record := map[string]any{"result.uuid": x.uuid, "result.id": json.Number(x.id), "result.displayName": orNull(x.display), "result.email": orNull(x.email)}
	if isUser(x) {
		record["result.givenName"], record["result.middleName"], record["result.familyName"] = orNull(x.given), orNull(x.middle), orNull(x.family)
	}
	s.ok(d, "entity", "type_name", x.typeName, "uuid", x.uuid).Is(record)
	s.ok(d, "entity", "type_name", x.typeName, "id", x.id).Is(record)
	email := "email = '" + x.email + "'"
	if x.email == "" {
		email = "email is null"
	}
	s.ok(d, "entity.find", "type_name", x.typeName, "filter", "uuid = '"+x.uuid+"' and "+email).Is(map[string]any{"result_count": 1})
	if isUser(x) && x.email != "" {
		s.ok(d, "entity", "type_name", "user", "key_attribute", "email", "key_value", quoted(x.email)).Is(record)
	}
	for _, typeName := range []string{"user", "organization", "community"} {
		if typeName != x.typeName {
			s.fails(d, 310, "entity", "type_name", typeName, "uuid", x.uuid)
		}
	}
}

func (s *site) agreesInDjaoApp(d drawn, x *thing) {
	d.Helper()
	shown := map[string]any{"slug": x.slug, "full_name": x.name(), "email": x.email, "credentials": x.password}
	if x.isProfile() {
		s.do(d, http.MethodGet, s.operator, "/api/profile/"+x.slug, nil).Want(http.StatusOK).Is(shown)
	} else {
		s.do(d, http.MethodGet, s.operator, "/api/profile/"+x.slug, nil).Want(http.StatusNotFound)
	}
	if !isUser(x) {
		s.do(d, http.MethodGet, s.operator, "/api/users/"+x.slug, nil).Want(http.StatusNotFound)
		return
	}
	readers := []string{s.operator, x.token}
	for _, token := range slices.DeleteFunc(readers, func(token string) bool { return token == "" }) {
		s.do(d, http.MethodGet, token, "/api/users/"+x.slug, nil).Want(http.StatusOK).Is(shown)
	}
}

func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}
