package e2e_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
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
		take := func(steps []step) {
			for _, step := range rapid.Permutation(steps).Draw(rt, "order") {
				s := sites[0]
				if rapid.Bool().Draw(rt, "second site") {
					s = sites[1]
				}
				rt.Log(step.name, s.host)
				step.run(d, s)
				for _, s := range sites {
					s.countsAgree(d)
				}
			}
		}
		take(makers) // there is to be somebody to write about
		for range rapid.IntRange(1, 3).Draw(rt, "rounds") {
			take(slices.Concat(makers, writers, writers))
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

// writers are those that write to what is there, if anything fits.
var writers = []step{
	{"rename in DjaoApp", func(d drawn, s *site) { stepRename(d, s, false) }},
	{"rename in entity", func(d drawn, s *site) { stepRename(d, s, true) }},
	{"rename oneself in Cloudillo", stepRenameMe},
	{"rename by the operator in Cloudillo", stepRenameIdentity},
	{"e-mail in DjaoApp", func(d drawn, s *site) { stepEmail(d, s, false) }},
	{"e-mail in entity", func(d drawn, s *site) { stepEmail(d, s, true) }},
	{"password in entity", stepPassword},
	{"slug", stepSlug},
	{"sign in", stepSignIn},
	{"suspend or activate", stepStatus},
	{"relate", stepRelate},
	{"household: create", stepAddMember},
	{"household: rename", stepRenameMember},
	{"household: make default", stepDefaultMember},
	{"household: limit", stepLimitMember},
	{"household: delete", stepRemoveMember},
	{"own app document", stepOwnDocument},
	{"app documents in bulk", stepBulk},
	{"erase in DjaoApp", func(d drawn, s *site) { stepErase(d, s, false) }},
	{"erase in entity", func(d drawn, s *site) { stepErase(d, s, true) }},
}

// Few names, so that they meet, on a site and on both.
var (
	drawSlug  = rapid.SampledFrom([]string{"walk-a", "Walk-B", "walk_c", "walk-d", "WALK-A", "walk-e", "Walk-F", "walk-g"})
	drawEmail = rapid.SampledFrom([]string{"a@walk.example", "B@walk.example", "c+1@walk.example", "b@WALK.example", "d@walk.example", "e@walk.example", "f@walk.example"})
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
	open                     bool   // a community that takes everybody
	owner                    string // of a community, by uuid; "": the site's
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
