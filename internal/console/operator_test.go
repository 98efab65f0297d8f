package console_test

import (
	"encoding/base64"
	"fmt"
	"html"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"facet/internal/facetest"
)

// demoClient is the Basic header of the demo's API client.
var demoClient = "Basic " + base64.StdEncoding.EncodeToString([]byte("sgnyvus6pc4jm7khr2neq5gs89gbr2eq:wt4c3un9wkkcfvyknqx44ync476afs68"))

// entityOf reads a user's attributes through the entity face.
func entityOf(t testing.TB, s *facetest.Service, id string) facetest.Answer {
	t.Helper()
	return s.Do(t, facetest.Call{Method: "POST", Path: "/entity", Type: "application/x-www-form-urlencoded", Body: "type_name=user&uuid=" + id, Header: map[string]string{"Authorization": demoClient}}).Want(200)
}

var version = regexp.MustCompile(`name="version" value="(\d+)"`)

func versionOn(t testing.TB, a facetest.Answer) string {
	t.Helper()
	found := version.FindSubmatch(a.Body)
	if found == nil {
		t.Fatalf("no version is on the page:\n%s", a.Body)
	}
	return string(found[1])
}

func TestSearchFindsByEveryNameWhileTyping(t *testing.T) {
	s := service(t)
	b := signedIn(t, s, "donny")
	id := idOf(t, s, "bob").String()
	number := b.get("/console/profiles/" + id)
	no := regexp.MustCompile(`Number</dt><dd class="mono">(\d+)`).FindSubmatch(number.Body)
	for _, text := range []string{"bob", "BOB", "Bob St", "Stone", "bob@localhost.localdomain", "@bob@example.com", "bob@example.com", string(no[1]), id} {
		if a := b.get("/console/quick?q=" + url.QueryEscape(text)).Want(200); !strings.Contains(string(a.Body), "/console/profiles/"+id) {
			t.Errorf("%q does not find Bob:\n%s", text, a.Body)
		}
	}
	for _, text := range []string{"", " ", "nobody at all", "%00", strings.Repeat("x", 3000)} {
		if a := b.get("/console/quick?q=" + strings.ReplaceAll(url.QueryEscape(text), "%2500", "%00")); strings.Contains(string(a.Body), "/console/profiles/0") || a.Status >= 500 {
			t.Errorf("%q finds somebody: %d %s", text, a.Status, a.Body)
		}
	}
}

func TestListsNarrowByTypeStatusRelationAndAttribute(t *testing.T) {
	s := service(t)
	b := signedIn(t, s, "donny")
	all := []string{"donny", "xia", "alice", "bob", "casey", "cowork"}
	for query, want := range map[string]string{
		"":                       "donny xia alice bob casey cowork",
		"q=e":                    "xia alice casey bob cowork",
		"type=organization":      "cowork",
		"type=person&q=lee":      "xia",
		"state=disabled":         "",
		"related=cowork&by=role": "donny",
		"related=donny&by=managed&type=organization":                                          "cowork",
		"type=person&filter=" + url.QueryEscape("familyName = 'Cooper'"):                      "alice",
		"type=person&filter=" + url.QueryEscape("familyName = 'Cooper' or givenName = 'Xia'"): "xia alice",
		"type=person&filter=" + url.QueryEscape("familyName = 'Cooper'") + "&q=bob":           "",
	} {
		page := string(b.get("/console/profiles?" + query).Want(200).Body)
		page = page[strings.Index(page, `id="results"`):]
		for _, slug := range all {
			if shown := strings.Contains(page, "/console/profiles/"+idOf(t, s, slug).String()); shown != strings.Contains(" "+want+" ", " "+slug+" ") {
				t.Errorf("%s: %s is shown: %t", query, slug, shown)
			}
		}
	}
	for query, says := range map[string]string{
		"filter=" + url.QueryEscape("familyName = 'x'"):    "A filter needs one type of profile.",
		"type=person&filter=" + url.QueryEscape("nothing"): "",
		"related=nobody&by=role":                           "There is no profile nobody.",
		"related=cowork&by=cousin":                         "There is no such relation.",
	} {
		has(t, b.get("/console/profiles?"+query).Want(422), `class="message bad"`, says)
	}
	b.get("/console/profiles?after=nothing").Want(404)
	for _, odd := range []string{"q=%ff", "related=%ff&by=role", "q=a%00b", "type=person&filter=%ff", "%ff=1"} {
		b.get("/console/profiles?" + odd).Want(400)
		b.get("/console/quick?" + odd).Want(400)
	}
	b.post("/console/me", "full_name", "a\xff").Want(400)
	b.post("/console/me", "full_name", "a\x00").Want(400)
	b.get("/console/profiles?q=%00").Want(400)
}

func TestLongListsArePagedBothWays(t *testing.T) {
	s := service(t)
	for i := range 120 {
		s.Do(t, facetest.Call{Method: "POST", Path: "/entity.create", Type: "application/x-www-form-urlencoded", Header: map[string]string{"Authorization": demoClient},
			Body: "type_name=user&attributes=" + url.QueryEscape(fmt.Sprintf(`{"givenName":"Page","familyName":"Number%03d"}`, i))}).Want(200)
	}
	b := signedIn(t, s, "donny")
	link := regexp.MustCompile(`rel="(prev|next)" href="([^"]+)"`)
	row := regexp.MustCompile(`<span class="who-name">([^<]+)</span>`)
	for _, query := range []string{"", "q=page", "type=person&filter=" + url.QueryEscape("givenName = 'Page'"), "type=person&filter=" + url.QueryEscape("aboutMe is null and givenName = 'Page'")} {
		var forth, back []string
		path, last := "/console/profiles?"+query, ""
		walk := func(way string, into *[]string) {
			for path != "" {
				a := b.get(path).Want(200)
				last, path = path, ""
				body := string(a.Body)
				body = body[strings.Index(body, `id="results"`):]
				page := ""
				for _, m := range row.FindAllStringSubmatch(body, -1) {
					page += m[1] + "\n"
				}
				*into = append(*into, page)
				for _, m := range link.FindAllStringSubmatch(body, -1) {
					if m[1] == way {
						path = html.UnescapeString(m[2])
					}
				}
			}
		}
		walk("next", &forth)
		path = last
		walk("prev", &back)
		if len(forth) < 3 || len(forth) != len(back) {
			t.Errorf("%s: %d pages forth, %d back", query, len(forth), len(back))
			continue
		}
		seen := map[string]bool{}
		for i, page := range forth {
			if page != back[len(back)-1-i] {
				t.Errorf("%s: page %d is another on the way back:\n%s\n%s", query, i+1, page, back[len(back)-1-i])
			}
			for name := range strings.Lines(page) {
				if seen[name] {
					t.Errorf("%s: %s is there twice", query, name)
				}
				seen[name] = true
			}
		}
	}
}

func TestAttributesAreChangedFieldByField(t *testing.T) {
	s := service(t)
	b := signedIn(t, s, "donny")
	id := idOf(t, s, "xia").String()
	path := "/console/profiles/" + id
	v := versionOn(t, b.get(path).Want(200))
	b.post(path, "version", v, "a:givenName", "Xiǎ", "a:familyName", "Lee", "a:primaryAddress.city", "Basel", "a:birthday", "1990-02-03", "a:aboutMe", "one\r\ntwo",
		"a:optIn.status", "true", "a:display", `{"n":12345678901234567890,"r":1.10}`, "a:photos#new.value", "https://pictures.example/x.png", "a:photos#new.type", "other").Want(303)
	e := entityOf(t, s, id)
	e.Is(map[string]any{"result.givenName": "Xiǎ", "result.primaryAddress.city": "Basel", "result.birthday": "1990-02-03", "result.aboutMe": "one\ntwo", "result.optIn.status": true, "result.photos.0.value": "https://pictures.example/x.png"})
	if !strings.Contains(string(e.Body), `12345678901234567890`) || !strings.Contains(string(e.Body), `1.10`) {
		t.Errorf("numbers are not kept as they were written: %s", e.Body)
	}
	photo, _ := e.At("result.photos.0.id")
	page := b.get(path).Want(200)
	has(t, page, fmt.Sprintf(`name="a:photos#%v.value"`, photo), "12345678901234567890")
	v = versionOn(t, page)
	b.post(path, "version", v, "a:primaryAddress.city", "", fmt.Sprintf("a:photos#%v.type", photo), "profile").Want(303)
	entityOf(t, s, id).Is(map[string]any{"result.primaryAddress.city": nil, "result.photos.0.type": "profile"})
	v = versionOn(t, b.get(path).Want(200))
	b.post(path, "version", v, "drop", fmt.Sprintf("photos#%v", photo)).Want(303)
	entityOf(t, s, id).Is(map[string]any{"result.photos": []any{}})
	b.post(path, "version", versionOn(t, b.get(path)), "a:givenName", "Xiǎ").Want(303) // nothing differs
}

func TestErrorsStandBesideTheirFieldAndWhatWasTypedStays(t *testing.T) {
	s := service(t)
	b := signedIn(t, s, "donny")
	path := "/console/profiles/" + idOf(t, s, "xia").String()
	v := versionOn(t, b.get(path).Want(200))
	for input, c := range map[string]struct {
		value, says string
		status      int
	}{
		"a:email":               {"alice@localhost.localdomain", "Somebody else has this already.", 422},
		"a:birthday":            {"tomorrow-ish", "", 422},
		"a:display":             {`{"a":1,"a":2}`, "This is not JSON", 422},
		"a:optIn.status":        {"perhaps", "This is yes or no.", 422},
		"a:primaryAddress.city": {strings.Repeat("x", 1001), "", 422},
		"a:givenName":           {strings.Repeat("y", 1001), "", 422},
	} {
		a := b.post(path, "version", v, input, c.value, "a:middleName", "Kept").Want(c.status)
		name := strings.TrimPrefix(input, "a:")
		has(t, a, `id="e-`+name+`"`, c.says, `value="Kept"`, `aria-invalid="true"`)
	}
	b.post(path, "version", "x", "a:givenName", "Z").Want(422)
	b.post(path, "version", "99", "a:givenName", "Z").Want(403)
	b.post(path, "version", v, "a:nothing", "Z", "a:id", "7", "a:password", "x").Want(303)
	entityOf(t, s, idOf(t, s, "xia").String()).Is(map[string]any{"result.givenName": "Xia", "result.middleName": nil})
}

func TestConflictingEditsAreShownAndNeverOverwritten(t *testing.T) {
	s := service(t)
	b := signedIn(t, s, "donny")
	id := idOf(t, s, "xia").String()
	path := "/console/profiles/" + id
	v := versionOn(t, b.get(path).Want(200))
	s.Patch(t, s.Login(t, "xia"), "/api/profile/xia", `{"full_name":"Xia Chen","locality":"Bern"}`).Want(200)
	a := b.post(path, "version", v, "a:familyName", "Park", "a:givenName", "Xia", "a:aboutMe", "mine").Want(409)
	has(t, a, "Xia Chen changed this profile while you did", `<q>Chen</q>`, `value="Park"`, `value="Bern"`, "mine")
	entityOf(t, s, id).Is(map[string]any{"result.familyName": "Chen", "result.aboutMe": nil})
	b.post(path, "version", versionOn(t, a), "a:familyName", "Park", "a:aboutMe", "mine").Want(303)
	entityOf(t, s, id).Is(map[string]any{"result.familyName": "Park", "result.aboutMe": "mine", "result.primaryAddress.city": "Bern"})
	has(t, b.get(path+"/history").Want(200), "<del>Chen</del>", "<ins>Park</ins>", ">Donny<")
}

func TestDocumentsAreEditedWithExactNumbersAndConflictsShown(t *testing.T) {
	s := lived(t)
	b := signedIn(t, s, "donny")
	path := "/console/profiles/" + idOf(t, s, "xia").String() + "/documents/1"
	page := b.get(path).Want(200)
	has(t, page, "12345678901234567890", "1.10")
	v := versionOn(t, page)
	has(t, b.post(path, "version", v, "text", `{"a":`).Want(400), "was not saved")
	has(t, b.post(path, "version", v, "text", `{"a":1,"a":2}`).Want(400), "was not saved")
	b.post(path, "version", v, "text", `{"score":98765432109876543210,"ratio":2.50}`).Want(303)
	a := b.post(path, "version", v, "text", `{"mine":true}`).Want(409)
	has(t, a, "98765432109876543210", "2.50", "&#34;mine&#34;:true")
	b.get("/console/profiles/" + idOf(t, s, "xia").String() + "/documents/99").Want(404)
}

func TestDisablingStopsAPersonAndErasingTakesTheNameTyped(t *testing.T) {
	s := service(t)
	b := signedIn(t, s, "donny")
	path := "/console/profiles/" + idOf(t, s, "xia").String()
	x := signedIn(t, s, "xia")
	b.post(path+"/state", "state", "disabled").Want(303)
	x.get("/console/me").Want(401)
	has(t, b.get(path).Want(200), "Disabled", "Let it act again")
	has(t, b.get("/console/profiles?state=disabled"), idOf(t, s, "xia").String())
	b.post(path+"/state", "state", "asleep").Want(422)
	b.post(path+"/state", "state", "active").Want(303)
	signedIn(t, s, "xia")
	has(t, b.post(path+"/erase", "confirm", "alice").Want(422), "Type xia to erase this profile.")
	b.get(path).Want(200)
	b.post(path+"/erase", "confirm", "xia").Want(303)
	b.get(path).Want(404)
	has(t, b.post("/console/profiles/"+idOf(t, s, "cowork").String()+"/erase", "confirm", "cowork"), "")
}

func TestSessionsOfOthersAreEndedByOperatorsAlone(t *testing.T) {
	s := service(t)
	b, x := signedIn(t, s, "donny"), signedIn(t, s, "xia")
	path := "/console/profiles/" + idOf(t, s, "xia").String() + "/sessions"
	end := regexp.MustCompile(`action="([^"]+/end)"`).FindSubmatch(b.get(path).Want(200).Body)
	if end == nil {
		t.Fatal("no session is listed")
	}
	signedIn(t, s, "alice").post(string(end[1])).Want(403)
	x.get("/console/me").Want(200)
	b.post(string(end[1])).Want(303)
	x.get("/console/me").Want(401)
}

func TestEachAPIIsAskedAsItsClientsWould(t *testing.T) {
	s := lived(t)
	b := signedIn(t, s, "donny")
	has(t, b.get("/console/profiles/"+idOf(t, s, "xia").String()+"/apis").Want(200),
		"/api/profile/xia", "/entity", "/api/profiles/xia@localhost.localdomain", "/user_profiles", "/operator/userinfo", "&#34;printable_name&#34;", "&#34;stat&#34;: &#34;ok&#34;", "&#34;idTag&#34;", "&#34;is_child_profile&#34;", "&#34;otp_enabled&#34;")
	has(t, b.get("/console/profiles/"+idOf(t, s, "cowork").String()+"/apis").Want(200), "Only people have an account there.")
}
