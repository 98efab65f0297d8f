package e2e_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"facet/internal/facetest"
)

// operatorPassword is that of the second site's operator; real sites are strict.
const operatorPassword = "a long password"

// twoSites starts one server with the demo site and a second one, each with an
// operator and an API client.
func twoSites(t *testing.T) (in *instance, sites [2]*site) {
	t.Helper()
	data := folder(t)
	first := demo(t, "--data", data)
	first.stop(t)
	facet(t, "", "site", "add", "second", "--domain", "second.example", "--registration", "open", "--unverified-email", "--data", data)
	facet(t, operatorPassword+"\n", "operator", "add", "second", "--username", "olga", "--email", "olga@second.example", "--data", data)
	var made struct{ ID, Secret string }
	if err := json.Unmarshal([]byte(facet(t, "", "client", "add", "second", "--description", "test", "--feature", "owner", "--json", "--data", data)), &made); err != nil {
		t.Fatal(err)
	}
	in = serve(t, "--data", data)
	sites[0] = &site{client: in.client(), password: facetest.Password}
	sites[1] = &site{client: client{in.Service, "second.example", made.ID, made.Secret}, password: operatorPassword}
	sites[0].operator = sites[0].signIn(t, "donny")
	sites[1].operator = sites[1].signIn(t, "olga")
	for _, s := range sites {
		s.users, s.groups = s.total(t, "user", ""), s.total(t, "organization", "")
	}
	return in, sites
}

// site is one site and what the test has made on it.
type site struct {
	client
	password      string // long enough here
	operator      string // token
	users, groups string // before the test
	things        map[string]*thing
}

// thing is a user or an organization as both faces must show it.
type thing struct {
	uuid, id, slug, typeName, email, name string
	signsIn, personal                     bool
}

// do sends a request of the DjaoApp face to this site.
func (s *site) do(t testing.TB, method, token, path string, body any) facetest.Answer {
	t.Helper()
	c := facetest.Call{Method: method, Path: path, Token: token, Body: body}
	if s.host != "" {
		c.Header = map[string]string{"Host": s.host}
	}
	return s.Do(t, c)
}

func (s *site) signIn(t testing.TB, user string) string {
	t.Helper()
	return s.do(t, http.MethodPost, "", "/api/auth", map[string]any{"username": user, "password": s.password}).Want(http.StatusCreated).Text("token")
}

func TestTheDemoAndASecondSiteShareNothing(t *testing.T) {
	t.Parallel()
	_, sites := twoSites(t)
	one, two := sites[0], sites[1]
	// the same names on both
	for _, s := range sites {
		body := register("joe1", "joe@example.com", "Joe Card1", "personal")
		body["password"] = operatorPassword
		s.do(t, http.MethodPost, "", "/api/auth/register", body).Want(http.StatusCreated)
	}
	joe := one.ok(t, "entity", "type_name", "user", "key_attribute", "email", "key_value", `"joe@example.com"`)
	uuid := joe.Text("result.uuid")
	two.fails(t, 310, "entity", "type_name", "user", "uuid", uuid)
	two.fails(t, 310, "entity.update", "type_name", "user", "uuid", uuid, "attributes", attributes("displayName", "Not Joe"))
	two.fails(t, 310, "entity.delete", "type_name", "user", "uuid", uuid)
	two.ok(t, "entity.find", "type_name", "user", "filter", "uuid = '"+uuid+"'").Is(map[string]any{"result_count": 0})
	two.fails(t, 310, "entity", "type_name", "user", "key_attribute", "email", "key_value", `"xia@localhost.localdomain"`)

	// tokens, passwords and client secrets are nothing elsewhere
	two.do(t, http.MethodGet, one.operator, "/api/users/joe1", nil).Want(http.StatusForbidden)
	one.do(t, http.MethodGet, two.operator, "/api/users/joe1", nil).Want(http.StatusForbidden)
	two.do(t, http.MethodPost, "", "/api/auth", map[string]any{"username": "donny", "password": facetest.Password}).Want(http.StatusUnauthorized)
	foreign := client{one.Service, two.host, one.id, one.secret}
	foreign.fails(t, 402, "entity.count", "type_name", "user")
	foreign = client{two.Service, "", two.id, two.secret}
	foreign.fails(t, 402, "entity.count", "type_name", "user")
	two.do(t, http.MethodGet, two.operator, "/api/profile/cowork", nil).Want(http.StatusNotFound)
}

func TestAnyWritesThroughBothFacesShowInBothOnEitherSite(t *testing.T) {
	t.Parallel()
	_, sites := twoSites(t)
	rapid.Check(t, func(rt *rapid.T) {
		tb := drawn{t, rt}
		for _, s := range sites {
			s.things = map[string]*thing{}
		}
		defer func() {
			for _, s := range sites {
				s.clear(tb)
			}
		}()
		for range rapid.IntRange(20, 60).Draw(rt, "steps") {
			s := sites[rapid.IntRange(0, 1).Draw(rt, "site")]
			rapid.SampledFrom(steps).Draw(rt, "step").run(tb, s)
			for _, s := range sites {
				s.countsAgree(tb)
			}
		}
		for _, s := range sites {
			for _, x := range s.things {
				s.agrees(tb, x)
			}
		}
	})
}

// drawn reports failures to rapid, so that it can shrink the walk.
type drawn struct {
	testing.TB
	rt *rapid.T
}

func (d drawn) Errorf(format string, args ...any) { d.rt.Errorf(format, args...) }
func (d drawn) Fatalf(format string, args ...any) { d.rt.Fatalf(format, args...) }
func (d drawn) Error(args ...any)                 { d.rt.Error(args...) }
func (d drawn) Fatal(args ...any)                 { d.rt.Fatal(args...) }
func (d drawn) Helper()                           {}

// step is one write, through one face.
type step struct {
	name string
	run  func(drawn, *site)
}

func (s step) String() string { return s.name }

var steps = []step{
	{"register", stepRegister},
	{"entity.create", stepCreate},
	{"shadow profile", stepShadow},
	{"rename in DjaoApp", func(d drawn, s *site) { stepRename(d, s, false) }},
	{"rename in entity", func(d drawn, s *site) { stepRename(d, s, true) }},
	{"e-mail in DjaoApp", func(d drawn, s *site) { stepEmail(d, s, false) }},
	{"e-mail in entity", func(d drawn, s *site) { stepEmail(d, s, true) }},
	{"slug", stepSlug},
	{"erase in DjaoApp", func(d drawn, s *site) { stepErase(d, s, false) }},
	{"erase in entity", func(d drawn, s *site) { stepErase(d, s, true) }},
}

// Few names, so that they meet, on a site and on both.
var (
	drawSlug  = rapid.SampledFrom([]string{"walk-a", "Walk-B", "walk_c", "walk-d", "WALK-A"})
	drawEmail = rapid.SampledFrom([]string{"a@walk.example", "B@walk.example", "c+1@walk.example", "b@WALK.example"})
	drawName  = rapid.SampledFrom([]string{"Ann Walker", "Zoë de la Cruz", "李 小龍", "O'Neil", "  Bo   Bi  "})
)

// whole is a name as it is kept: single blanks within, none around it.
func whole(name string) string { return strings.Join(strings.Fields(name), " ") }

func (s *site) bySlug(slug string) *thing {
	for _, x := range s.things {
		if strings.EqualFold(x.slug, slug) {
			return x
		}
	}
	return nil
}

// emailTaken reports whether a user has the e-mail; organizations may share it.
func (s *site) emailTaken(email string, by *thing) bool {
	for _, x := range s.things {
		if x != by && x.typeName == "user" && strings.EqualFold(x.email, email) {
			return true
		}
	}
	return false
}

// pick draws one of the things, nil when there are none.
func (s *site) pick(d drawn) *thing {
	keys := slices.Sorted(maps.Keys(s.things))
	if len(keys) == 0 {
		return nil
	}
	return s.things[rapid.SampledFrom(keys).Draw(d.rt, "which")]
}

func (s *site) add(d drawn, x *thing) {
	d.Helper()
	if s.things[x.uuid] != nil {
		d.Fatalf("uuid %s came twice", x.uuid)
	}
	s.things[x.uuid] = x
	s.agrees(d, x)
}

func stepRegister(d drawn, s *site) {
	slug, email, name := drawSlug.Draw(d.rt, "slug"), drawEmail.Draw(d.rt, "email"), drawName.Draw(d.rt, "name")
	personal := rapid.Bool().Draw(d.rt, "personal")
	kind := "user"
	if personal {
		kind = "personal"
	}
	body := register(slug, email, name, kind)
	body["password"] = operatorPassword
	answer := s.do(d, http.MethodPost, "", "/api/auth/register", body)
	if s.bySlug(slug) != nil || s.emailTaken(email, nil) {
		answer.Want(http.StatusBadRequest)
		return
	}
	answer.Want(http.StatusCreated)
	found := s.ok(d, "entity", "type_name", "user", "key_attribute", "email", "key_value", quoted(email))
	s.add(d, &thing{found.Text("result.uuid"), number(d, found, "result.id"), slug, "user", email, whole(name), true, personal})
}

func stepCreate(d drawn, s *site) {
	email, name := drawEmail.Draw(d.rt, "email"), whole(drawName.Draw(d.rt, "name"))
	typeName := rapid.SampledFrom([]string{"user", "organization"}).Draw(d.rt, "type")
	answer := s.call(d, "entity.create", "type_name", typeName, "attributes", attributes("displayName", name, "email", email))
	if typeName == "user" && s.emailTaken(email, nil) {
		answer.Is(map[string]any{"code": 361})
		return
	}
	answer.Is(map[string]any{"stat": "ok"})
	id := number(d, answer, "id")
	s.add(d, &thing{answer.Text("uuid"), id, "u-" + id, typeName, email, name, false, false})
}

func stepShadow(d drawn, s *site) {
	slug, email, name := drawSlug.Draw(d.rt, "slug"), drawEmail.Draw(d.rt, "email"), drawName.Draw(d.rt, "name")
	answer := s.do(d, http.MethodPost, s.operator, "/api/accounts/profiles", map[string]any{"slug": slug, "email": email, "full_name": name})
	if s.bySlug(slug) != nil {
		answer.Want(http.StatusBadRequest)
		return
	}
	answer.Want(http.StatusCreated)
	before := slices.Collect(maps.Keys(s.things))
	all := s.ok(d, "entity.find", "type_name", "organization", "filter", "email = '"+email+"'", "sort_on", `["-id"]`)
	uuid := all.Text("results.0.uuid") // the newest
	if slices.Contains(before, uuid) {
		d.Fatalf("the new organization is not found: %s", all.Body)
	}
	s.add(d, &thing{uuid, number(d, all, "results.0.id"), slug, "organization", email, strings.TrimSpace(name), false, false})
}

func stepRename(d drawn, s *site, entity bool) {
	x := s.pick(d)
	if x == nil || !entity && !x.isProfile() {
		return
	}
	name := whole(drawName.Draw(d.rt, "name"))
	if entity {
		s.ok(d, "entity.update", "type_name", x.typeName, "uuid", x.uuid, "attributes", attributes("displayName", name))
	} else {
		s.do(d, http.MethodPut, s.operator, "/api/profile/"+x.slug, map[string]any{"full_name": name}).Want(http.StatusOK)
	}
	x.name = name
	s.agrees(d, x)
}

func stepEmail(d drawn, s *site, entity bool) {
	x := s.pick(d)
	if x == nil || !entity && !x.isProfile() {
		return
	}
	email := drawEmail.Draw(d.rt, "email")
	taken := x.typeName == "user" && s.emailTaken(email, x)
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
	s.fails(d, 310, "entity", "type_name", x.typeName, "uuid", x.uuid)
	s.fails(d, 310, "entity", "type_name", x.typeName, "id", x.id)
	s.do(d, http.MethodGet, s.operator, "/api/profile/"+x.slug, nil).Want(http.StatusNotFound)
}

// isProfile reports whether DjaoApp shows it as a profile, not as a user only.
func (x *thing) isProfile() bool { return x.typeName != "user" || !x.signsIn || x.personal }

// agrees reads a thing through both faces.
func (s *site) agrees(d drawn, x *thing) {
	d.Helper()
	record := map[string]any{"result.uuid": x.uuid, "result.id": json.Number(x.id), "result.displayName": x.name, "result.email": x.email}
	s.ok(d, "entity", "type_name", x.typeName, "uuid", x.uuid).Is(record)
	s.ok(d, "entity", "type_name", x.typeName, "id", x.id).Is(record)
	s.ok(d, "entity.find", "type_name", x.typeName, "filter", "uuid = '"+x.uuid+"' and email = '"+x.email+"'").Is(map[string]any{"result_count": 1})
	if x.typeName == "user" {
		s.ok(d, "entity", "type_name", "user", "key_attribute", "email", "key_value", quoted(x.email)).Is(record)
	}
	shown := map[string]any{"slug": x.slug, "full_name": x.name, "email": x.email, "credentials": x.signsIn}
	if x.isProfile() {
		s.do(d, http.MethodGet, s.operator, "/api/profile/"+x.slug, nil).Want(http.StatusOK).Is(shown)
	} else {
		s.do(d, http.MethodGet, s.operator, "/api/profile/"+x.slug, nil).Want(http.StatusNotFound)
	}
	if x.typeName == "user" {
		s.do(d, http.MethodGet, s.operator, "/api/users/"+x.slug, nil).Want(http.StatusOK).Is(shown)
	}
}

// countsAgree counts a site's records: what is written on the other leaves no
// trace here.
func (s *site) countsAgree(d drawn) {
	d.Helper()
	users, groups := 0, 0
	emails := map[string]int{}
	for _, x := range s.things {
		if x.typeName == "user" {
			users++
		} else {
			groups++
		}
		emails[x.typeName+" "+strings.ToLower(x.email)]++
	}
	if got := s.total(d, "user", ""); got != plus(d, s.users, users) {
		d.Fatalf("site %q: %s users, want %s and %d", s.host, got, s.users, users)
	}
	if got := s.total(d, "organization", ""); got != plus(d, s.groups, groups) {
		d.Fatalf("site %q: %s organizations, want %s and %d", s.host, got, s.groups, groups)
	}
	for _, typeName := range []string{"user", "organization"} {
		if got, want := s.total(d, typeName, "email = 'a@walk.example'"), fmt.Sprint(emails[typeName+" a@walk.example"]); got != want {
			d.Fatalf("site %q: %s of %s have the e-mail, want %s", s.host, got, typeName, want)
		}
	}
}

// clear erases what a walk made, whatever became of the walk.
func (s *site) clear(d drawn) {
	for _, x := range s.things {
		s.call(d, "entity.delete", "type_name", x.typeName, "uuid", x.uuid)
	}
}
