package console_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"facet/internal/directory"
	"facet/internal/facetest"
)

// create makes users through the entity face.
func create(t testing.TB, s *facetest.Service, names ...string) {
	t.Helper()
	for _, name := range names {
		s.Do(t, facetest.Call{Method: "POST", Path: "/entity.create", Type: "application/x-www-form-urlencoded", Header: map[string]string{"Authorization": demoClient},
			Body: "type_name=user&attributes=" + url.QueryEscape(`{"givenName":"`+name+`"}`)}).Want(200)
	}
}

func TestTheOverviewCountsWhatThereIsAndWhenItWasCreated(t *testing.T) {
	s := service(t)
	s.Clock.Advance(24 * time.Hour)
	create(t, s, "A", "B", "C")
	s.Clock.Advance(48 * time.Hour)
	create(t, s, "D")
	s.Post(t, s.Login(t, "donny"), "/api/profile/cowork/roles/contributor", `{"slug":"alice"}`).Want(201) // a mail waits
	b := signedIn(t, s, "donny")
	page := b.get("/console").Want(200)
	for _, want := range []string{"<title>31 Jan: 6</title>", "<title>1 Feb: 3</title>", "<title>2 Feb: 0</title>", "<title>3 Feb: 1</title>"} {
		has(t, page, want)
	}
	has(t, page, `People</span><span class="tile-number">9<`, `Organizations</span><span class="tile-number">1<`)
	if waiting := regexp.MustCompile(`Jobs waiting</dt><dd>(\d+)`).FindSubmatch(page.Body); waiting == nil || string(waiting[1]) == "0" {
		t.Errorf("no job waits: %s", waiting)
	}
	if rows := regexp.MustCompile(`<th scope="row">(Entity API|DjaoApp)</th><td class="n">([1-9])`).FindAllSubmatch(page.Body, -1); len(rows) != 2 {
		t.Errorf("the requests are not counted: %s", rows)
	}
	a := b.do(facetest.Call{Method: "GET", Path: "/console/overview", Header: map[string]string{"Hx-Request": "true"}}).Want(200)
	if strings.Contains(string(a.Body), "<html") || !strings.Contains(string(a.Body), "Created per day") {
		t.Errorf("what is asked for again is %s", a.Body)
	}
}

func TestOneSiteSeesNothingOfAnother(t *testing.T) {
	s := service(t)
	id := idOf(t, s, "xia").String()
	b := signedIn(t, s, "donny")
	other := otherSite(t, s)
	for _, path := range []string{"/console", "/console/profiles/" + id, "/console/profiles", "/console/quick?q=xia", "/console/me"} {
		a := b.do(facetest.Call{Method: "GET", Path: path, Header: map[string]string{"Host": other}})
		if a.Status != 401 || strings.Contains(string(a.Body), "Xia") {
			t.Errorf("%s at another site: %d %s", path, a.Status, a.Body)
		}
	}
}

// otherSite makes a site beside the demo's, and gives its host.
func otherSite(t testing.TB, s *facetest.Service) string {
	t.Helper()
	const host = "other.example"
	if _, err := s.Directory.CreateSite(t.Context(), directory.NewSite{Name: "other", Domain: host}); err != nil {
		t.Fatal(err)
	}
	return host
}
