package e2e_test

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"facet/internal/facetest"
)

// The walk: random writes through all five faces on two sites, against a model
// of what each face has to show after each. The files walk_*_test.go have a
// face each: its writes, and how it shows a thing.

func TestAnyWritesThroughAllFiveFacesShowInAllFiveOnEitherSite(t *testing.T) {
	t.Parallel()
	_, sites := twoSites(t)
	rapid.Check(t, func(rt *rapid.T) {
		d := drawn{t, rt}
		for _, s := range sites {
			s.things, s.relations = map[string]*thing{}, map[relation]bool{}
		}
		defer func() {
			for _, s := range sites {
				s.clear(d)
			}
		}()
		for i := range rapid.IntRange(30, 70).Draw(rt, "steps") {
			s := sites[rapid.IntRange(0, 1).Draw(rt, "site")]
			from := steps
			if i < 8 { // there is to be somebody to write about
				from = makers
			}
			rapid.SampledFrom(from).Draw(rt, "step").run(d, s)
			for _, s := range sites {
				s.countsAgree(d)
			}
		}
		for _, s := range sites {
			for _, x := range s.sorted() {
				s.agrees(d, x)
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

// GoString is how a step is told where a walk fails.
func (s step) GoString() string { return s.name }

// makers are the steps that make somebody, or something.
var makers = []step{
	{"register in DjaoApp", stepRegister},
	{"register in Cloudillo", stepRegisterIdentity},
	{"register for an app", stepRegisterForApp},
	{"entity.create", stepCreate},
	{"shadow profile", stepShadow},
	{"community", stepCommunity},
}

var steps = append(slices.Clone(makers),
	step{"rename in DjaoApp", func(d drawn, s *site) { stepRename(d, s, false) }},
	step{"rename in entity", func(d drawn, s *site) { stepRename(d, s, true) }},
	step{"rename oneself in Cloudillo", stepRenameMe},
	step{"rename by the operator in Cloudillo", stepRenameIdentity},
	step{"e-mail in DjaoApp", func(d drawn, s *site) { stepEmail(d, s, false) }},
	step{"e-mail in entity", func(d drawn, s *site) { stepEmail(d, s, true) }},
	step{"password in entity", stepPassword},
	step{"slug", stepSlug},
	step{"sign in", stepSignIn},
	step{"suspend or activate", stepStatus},
	step{"relate", stepRelate},
	step{"relate", stepRelate},
	step{"household: create", stepAddMember},
	step{"household: rename", stepRenameMember},
	step{"household: make default", stepDefaultMember},
	step{"household: limit", stepLimitMember},
	step{"household: delete", stepRemoveMember},
	step{"own app document", stepOwnDocument},
	step{"app documents in bulk", stepBulk},
	step{"erase in DjaoApp", func(d drawn, s *site) { stepErase(d, s, false) }},
	step{"erase in entity", func(d drawn, s *site) { stepErase(d, s, true) }},
)

// Few names, so that they meet, on a site and on both.
var (
	drawSlug  = rapid.SampledFrom([]string{"walk-a", "Walk-B", "walk_c", "walk-d", "WALK-A"})
	drawEmail = rapid.SampledFrom([]string{"a@walk.example", "B@walk.example", "c+1@walk.example", "b@WALK.example"})
	drawName  = rapid.SampledFrom([]written{
		{"Ann Walker", "Ann", "", "Walker"},
		{"Zoë de la Cruz", "Zoë", "", "de la Cruz"},
		{"李 小龍", "李", "", "小龍"},
		{"O'Neil", "O'Neil", "", ""},
		{"  Bo   Bi  ", "Bo", "", "Bi"},
		{"Mia Maria van Berg", "Mia", "Maria", "van Berg"},
	})
)

// written is a name as somebody types it, and the parts that it has.
type written struct{ typed, given, middle, family string }

// whole is a name of one's own as it is kept: single blanks within, none around.
func (w written) whole() string { return strings.Join(strings.Fields(w.typed), " ") }

// thing is a person, organization or community as all faces must show it.
type thing struct {
	uuid, id, slug, typeName string
	idTag                    string // explicit; "": made of the slug
	email                    string // "": none
	display                  string // the whole name where one was written
	given, middle, family    string // of users
	password                 bool   // it has one: somebody can sign in with it
	personal, disabled       bool
	token, ended             string // that works, and that must not; "": none
	members                  []*member
	documents                map[int]string // by app
}

// called is a thing with a whole name written to it.
func (x *thing) called(w written) *thing {
	if x.display = w.whole(); x.typeName == "user" {
		x.given, x.middle, x.family = w.given, w.middle, w.family
	} else {
		x.display = strings.TrimSpace(w.typed)
	}
	return x
}

// name is the whole name.
func (x *thing) name() string {
	if x.display != "" {
		return x.display
	}
	return strings.Join(strings.Fields(x.given+" "+x.middle+" "+x.family), " ")
}

// endSessions is what a suspension, or a new password, does.
func (x *thing) endSessions() {
	if x.token != "" {
		x.token, x.ended = "", x.token
	}
}

func isUser(x *thing) bool     { return x.typeName == "user" }
func isSignedIn(x *thing) bool { return x.token != "" }

// sorted are the things in the order of their uuids.
func (s *site) sorted() []*thing {
	return slices.SortedFunc(maps.Values(s.things), func(a, b *thing) int { return strings.Compare(a.uuid, b.uuid) })
}

// pick draws one of the things that are such, nil when there are none.
func (s *site) pick(d drawn, such ...func(*thing) bool) *thing {
	from := s.sorted()
	for _, is := range such {
		from = slices.DeleteFunc(from, func(x *thing) bool { return !is(x) })
	}
	if len(from) == 0 {
		return nil
	}
	return rapid.SampledFrom(from).Draw(d.rt, "which")
}

func (x *thing) String() string   { return x.typeName + " " + x.slug }
func (x *thing) GoString() string { return x.String() }

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
		if x != by && isUser(x) && strings.EqualFold(x.email, email) {
			return true
		}
	}
	return false
}

// add takes something new into the model.
func (s *site) add(d drawn, x *thing) {
	d.Helper()
	if s.things[x.uuid] != nil || s.other.things[x.uuid] != nil {
		d.Fatalf("uuid %s came twice", x.uuid)
	}
	s.things[x.uuid] = x
	x.documents = map[int]string{}
	if isUser(x) {
		s.firstMember(d, x)
	}
	s.agrees(d, x)
}

// newest gives the uuid and id of what was made last of a type.
func (s *site) newest(d drawn, typeName string) (uuid, id string) {
	d.Helper()
	found := s.ok(d, "entity.find", "type_name", typeName, "sort_on", `["-id"]`, "max_results", "1")
	return found.Text("results.0.uuid"), number(d, found, "results.0.id")
}

// agrees reads a thing through all faces; the other site does not have it.
func (s *site) agrees(d drawn, x *thing) {
	d.Helper()
	s.agreesInEntity(d, x)
	s.agreesInDjaoApp(d, x)
	s.agreesInCloudillo(d, x)
	if isUser(x) {
		s.agreesInHousehold(d, x)
		s.agreesInAppData(d, x)
	}
	s.other.knowsNothing(d, x)
	if x.token != "" {
		s.other.refuses(d, x, x.token)
	}
	if x.ended != "" {
		s.refuses(d, x, x.ended)
	}
}

// knowsNothing looks for somebody who is not on this site, or no more.
func (s *site) knowsNothing(d drawn, x *thing) {
	d.Helper()
	s.fails(d, 310, "entity", "type_name", x.typeName, "uuid", x.uuid)
	s.do(d, http.MethodGet, s.operator, "/api/users/v1/users/"+x.uuid+"/user_profiles", nil).Want(http.StatusNotFound)
	s.do(d, http.MethodGet, s.operator, "/operator/users/profile/"+x.uuid+"/1", nil).Want(http.StatusNotFound)
}

// refuses sends a token that must not work to every face.
func (s *site) refuses(d drawn, x *thing, token string) {
	d.Helper()
	for path, status := range map[string]int{
		"/api/users/" + x.slug: http.StatusForbidden, "/api/me": http.StatusUnauthorized,
		"/api/users/v1/users/" + x.id + "/user_profiles": http.StatusUnauthorized, "/user/profiles/1": http.StatusUnauthorized,
	} {
		s.do(d, http.MethodGet, token, path, nil).Want(status)
	}
	s.send(d, facetest.Call{
		Method: http.MethodPost, Path: "/entity", Type: formType, Body: "type_name=user", Header: map[string]string{"Authorization": "OAuth " + token},
	}).Want(http.StatusOK).Is(map[string]any{"stat": "error", "code": 414})
}

// countsAgree counts what a site has: what is written on the other leaves no
// trace here.
func (s *site) countsAgree(d drawn) {
	d.Helper()
	want := maps.Clone(s.before)
	for _, x := range s.things {
		want[x.typeName]++
		switch {
		case x.disabled:
			want["suspended"]++
		case isUser(x):
			want["person"]++
		default:
			want["group"]++
		}
		if strings.EqualFold(x.email, "a@walk.example") {
			want[x.typeName+" with the e-mail"]++
		}
	}
	if got := s.counted(d); !maps.Equal(got, want) {
		d.Fatalf("site %q has %v, want %v", s.host, got, want)
	}
}

// counted counts in the faces that can.
func (s *site) counted(t testing.TB) map[string]int {
	t.Helper()
	out := map[string]int{}
	for _, typeName := range []string{"user", "organization", "community"} {
		out[typeName] = atoi(t, s.total(t, typeName, ""))
		out[typeName+" with the e-mail"] = atoi(t, s.total(t, typeName, "email = 'a@walk.example'"))
	}
	for what, query := range map[string]string{"person": "type=person", "group": "type=community", "suspended": "status=suspended"} {
		out[what] = s.listed(t, s.operator, query)
	}
	return out
}

func atoi(t testing.TB, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// clear erases what a walk made, whatever became of the walk.
func (s *site) clear(d drawn) {
	for _, x := range s.things {
		s.call(d, "entity.delete", "type_name", x.typeName, "uuid", x.uuid)
	}
}
