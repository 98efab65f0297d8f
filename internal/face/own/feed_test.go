package own_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"facet/internal/access"
	"facet/internal/directory"
	"facet/internal/face/djaoapp"
	"facet/internal/face/own"
	"facet/internal/facetest"
)

// serve starts the demo; every answer is held against api/facet.yaml.
func serve(t *testing.T) *facetest.Service {
	t.Helper()
	s := facetest.New(t, djaoapp.New(), own.New())
	s.Watch = facetest.NewContract(t, "facet").Check
	return s
}

// rename changes something about a demo user.
func rename(t *testing.T, s *facetest.Service, token, user, name string) {
	t.Helper()
	s.Put(t, token, "/api/users/"+user, map[string]string{"full_name": name, "email": user + "@localhost.localdomain", "username": user}).Want(http.StatusOK)
}

// basic is the proof of a new API client with a feature.
func basic(t *testing.T, s *facetest.Service, feature access.Feature) map[string]string {
	t.Helper()
	c, err := s.Site.AddClient(t.Context(), directory.NewClient{Description: "test", Features: []access.Feature{feature}})
	if err != nil {
		t.Fatal(err)
	}
	r, _ := http.NewRequest("GET", "/", nil)
	r.SetBasicAuth(c.ID, c.Secret)
	return map[string]string{"Authorization": r.Header.Get("Authorization")}
}

func TestTheFeedTellsWhatHappenedInOrderAndWithoutValues(t *testing.T) {
	s := serve(t)
	donny, xia := s.Login(t, "donny"), s.Login(t, "xia")
	start := s.Get(t, donny, "/events?after=now").Want(200).Text("cursor")
	for i := range 3 {
		rename(t, s, xia, "xia", fmt.Sprintf("Xia Secretname %d", i))
	}
	page := s.Get(t, donny, "/events?after="+start+"&limit=2").Want(200)
	page.Is(map[string]any{"events.0.kind": "profile.updated", "events.0.subject.type": "user", "events.1.kind": "profile.updated", "more": true})
	if strings.Contains(string(page.Body), "Secretname") {
		t.Errorf("a value is told: %s", page.Body)
	}
	if a, b := page.Text("events.0.id"), page.Text("events.1.id"); a == b {
		t.Errorf("two events have the id %s", a)
	}
	rest := s.Get(t, donny, "/events?after="+page.Text("cursor")).Want(200)
	rest.Is(map[string]any{"events.0.kind": "profile.updated", "more": false})
	if _, more := rest.At("events.1"); more {
		t.Errorf("more than happened: %s", rest.Body)
	}
	again := s.Get(t, donny, "/events?limit=1&after="+start).Want(200)
	again.Is(map[string]any{"events.0.id": page.Text("events.0.id")})
	s.Get(t, donny, "/events?after="+rest.Text("cursor")).Want(200).Is(map[string]any{"events": []any{}, "cursor": rest.Text("cursor")})
}

func TestTheFeedIsFilteredByKindAndType(t *testing.T) {
	s := serve(t)
	donny := s.Login(t, "donny")
	for _, c := range []struct {
		query  string
		allows func(kind, of string) bool
	}{
		{"kinds=user.created", func(kind, _ string) bool { return kind == "user.created" }},
		{"kinds=user.*,site.*", func(kind, _ string) bool { return strings.HasPrefix(kind, "user.") || strings.HasPrefix(kind, "site.") }},
		{"types=user", func(_, of string) bool { return of == "user" }},
		{"types=organization&kinds=*.created,organization.created", func(kind, of string) bool { return false }},
		{"types=organization&kinds=profile.*,organization.created", func(_, of string) bool { return of == "organization" }},
	} {
		a := s.Get(t, donny, "/events?limit=500&"+c.query)
		if strings.Contains(c.query, "kinds=*") {
			a.Want(422)
			continue
		}
		a.Want(200)
		n := 0
		for ; ; n++ {
			kind, more := a.At(fmt.Sprintf("events.%d.kind", n))
			if !more {
				break
			}
			of, _ := a.At(fmt.Sprintf("events.%d.subject.type", n))
			if !c.allows(kind.(string), fmt.Sprint(of)) {
				t.Errorf("%s: %v of %v", c.query, kind, of)
			}
		}
		if n == 0 {
			t.Errorf("%s: nothing: %s", c.query, a.Body)
		}
	}
}

func TestOnlyOperatorsAndOwnersReadTheFeed(t *testing.T) {
	s := serve(t)
	get := func(header map[string]string) facetest.Answer {
		return s.Do(t, facetest.Call{Method: "GET", Path: "/events?limit=1", Header: header})
	}
	bearer := func(user string) map[string]string {
		return map[string]string{"Authorization": "Bearer " + s.Login(t, user)}
	}
	for _, c := range []struct {
		who    string
		header map[string]string
		status int
	}{
		{"an operator", bearer("donny"), 200},
		{"a client that owns the site", basic(t, s, access.Owner), 200},
		{"a client that reads", basic(t, s, access.DirectReadAccess), 403},
		{"somebody else", bearer("xia"), 403},
		{"nobody", nil, 401},
		{"an app's key", map[string]string{"X-API-KEY": "demo-api-key"}, 401},
		{"a token that is none", map[string]string{"Authorization": "Bearer nonsense"}, 401},
	} {
		if got := get(c.header); got.Status != c.status {
			t.Errorf("%s: %d, want %d: %s", c.who, got.Status, c.status, got.Body)
		}
	}
}

func TestALongPollAnswersWhenSomethingHappens(t *testing.T) {
	s := serve(t)
	donny, xia := s.Login(t, "donny"), s.Login(t, "xia")
	start := s.Get(t, donny, "/events?after=now").Want(200).Text("cursor")
	done := make(chan facetest.Answer)
	go func() { done <- s.Get(t, donny, "/events?wait=30&kinds=profile.updated&after="+start) }()
	rename(t, s, xia, "xia", "Xia Somebody")
	select {
	case a := <-done:
		a.Want(200).Is(map[string]any{"events.0.kind": "profile.updated"})
	case <-time.After(20 * time.Second):
		t.Fatal("no answer")
	}
	begun := time.Now()
	s.Get(t, donny, "/events?wait=1&after=now").Want(200).Is(map[string]any{"events": []any{}})
	if took := time.Since(begun); took < time.Second {
		t.Errorf("it waited %v", took)
	}
}

// streaming is a client of server-sent events.
type streaming struct {
	status int
	lines  chan string // "id: …", "data: …"; closed at the end
	stop   context.CancelFunc
}

func stream(t *testing.T, s *facetest.Service, path string, header map[string]string) *streaming {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, "GET", s.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "text/event-stream")
	for name, value := range header {
		r.Header.Set(name, value)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	out := &streaming{answer.StatusCode, make(chan string, 1000), stop}
	t.Cleanup(func() { stop(); _ = answer.Body.Close() })
	go func() {
		defer close(out.lines)
		for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
			if lines.Text() != "" {
				out.lines <- lines.Text()
			}
		}
	}()
	return out
}

// next gives the next line that begins so, "" at the end of the stream.
func (s *streaming) next(t *testing.T, prefix string) string {
	t.Helper()
	late := time.After(20 * time.Second)
	for {
		select {
		case line, more := <-s.lines:
			if !more || strings.HasPrefix(line, prefix) {
				return strings.TrimPrefix(line, prefix)
			}
		case <-late:
			t.Fatalf("no line %q came", prefix)
		}
	}
}

func TestAStreamTellsEventsAsTheyComeAndGoesOnWhereItEnded(t *testing.T) {
	s := serve(t)
	donny, xia := s.Login(t, "donny"), s.Login(t, "xia")
	operator := map[string]string{"Authorization": "Bearer " + donny}
	first := stream(t, s, "/events?after=now&kinds=profile.updated", operator)
	if first.next(t, "retry: ") != "3000" {
		t.Error("no time to wait before connecting again")
	}
	rename(t, s, xia, "xia", "Xia One")
	id := first.next(t, "id: ")
	data := first.next(t, "data: ")
	if !strings.Contains(data, `"cursor":"`+id+`"`) || !strings.Contains(data, `"kind":"profile.updated"`) {
		t.Errorf("id %s, data %s", id, data)
	}
	first.stop()
	rename(t, s, xia, "xia", "Xia Two")
	rename(t, s, xia, "xia", "Xia Three")
	operator["Last-Event-Id"] = id
	second := stream(t, s, "/events?after=now&kinds=profile.updated", operator)
	var cursors []string
	for range 2 {
		cursors = append(cursors, second.next(t, "id: "))
	}
	if slices.Contains(cursors, id) || cursors[0] == cursors[1] {
		t.Errorf("after %s came %v", id, cursors)
	}
}

func TestAStreamEndsWhenItsCallerMayReadItNoMore(t *testing.T) {
	s := serve(t)
	donny, xia := s.Login(t, "donny"), s.Login(t, "xia")
	begun := stream(t, s, "/events?after=now", map[string]string{"Authorization": "Bearer " + donny})
	begun.next(t, "retry: ")
	s.Post(t, donny, "/api/auth/logout", nil)
	rename(t, s, xia, "xia", "Xia Unseen")
	if got := begun.next(t, "event: "); got != "error" {
		t.Errorf("event %q", got)
	}
	if got := begun.next(t, "data: "); !strings.Contains(got, `"status":401`) {
		t.Errorf("data %q", got)
	}
	if got := begun.next(t, "data: "); got != "" {
		t.Errorf("it went on: %s", got)
	}
}

func TestListenersAreBounded(t *testing.T) {
	s := serve(t)
	var all []*directory.Listener
	for {
		l, err := s.Site.Listen()
		if err != nil {
			break
		}
		all = append(all, l)
	}
	donny := s.Login(t, "donny")
	a := s.Get(t, donny, "/events?after=now&wait=1").Want(503)
	if a.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	for _, l := range all {
		l.Close()
		l.Close()
	}
	s.Get(t, donny, "/events?after=now&wait=1").Want(200)
}

func TestOfAnErasedSubjectTheFeedTellsWhatTheTombstoneDoes(t *testing.T) {
	s := serve(t)
	donny, alice := s.Login(t, "donny"), s.Login(t, "alice")
	start := s.Get(t, donny, "/events?after=now").Want(200).Text("cursor")
	rename(t, s, alice, "alice", "Alice Uniquename")
	s.Delete(t, alice, "/api/users/alice").Want(204)
	a := s.Get(t, donny, "/events?types=user&kinds=profile.updated,user.erased&after="+start).Want(200)
	a.Is(map[string]any{"events.0.kind": "profile.updated", "events.0.subject.erased": true, "events.0.subject.type": "user", "events.1.kind": "user.erased"})
	if strings.Contains(strings.ToLower(string(a.Body)), "alice") {
		t.Errorf("somebody who was erased: %s", a.Body)
	}
}

func TestWhatIsKeptNoLongerIsToldAsGone(t *testing.T) {
	s := serve(t)
	donny, xia := s.Login(t, "donny"), s.Login(t, "xia")
	start := s.Get(t, donny, "/events?after=now").Want(200).Text("cursor")
	rename(t, s, xia, "xia", "Xia Old")
	s.Get(t, donny, "/events/history").Want(200).Is(map[string]any{"days": 0})
	s.Put(t, donny, "/events/history", `{"days":7}`).Want(200).Is(map[string]any{"days": 7})
	s.Put(t, donny, "/events/history", `{"days":-1}`).Want(422)
	s.Put(t, donny, "/events/history", `{}`).Want(422)
	s.Put(t, xia, "/events/history", `{"days":1}`).Want(403)
	s.Clock.Advance(8 * 24 * time.Hour)
	donny, xia = s.Login(t, "donny"), s.Login(t, "xia")
	rename(t, s, xia, "xia", "Xia New")
	if n, err := s.Directory.Prune(t.Context()); err != nil || n == 0 {
		t.Fatalf("pruned %d: %v", n, err)
	}
	lost := s.Get(t, donny, "/events?after="+start).Want(410)
	lost.Is(map[string]any{"code": "pruned", "field": "after"})
	left := s.Get(t, donny, "/events?kinds=profile.updated&after="+lost.Text("oldest")).Want(200)
	left.Is(map[string]any{"events.0.version": 3})
	if _, more := left.At("events.1"); more {
		t.Errorf("more is kept: %s", left.Body)
	}
	s.Get(t, donny, "/events?kinds=profile.updated").Want(200).Is(map[string]any{"events.0.id": left.Text("events.0.id")})
	if begun := stream(t, s, "/events?after="+start, map[string]string{"Authorization": "Bearer " + donny}); begun.status != 410 {
		t.Errorf("a stream from there: %d", begun.status)
	}
}

func TestNowIsAPlaceToGoOnFromAlsoWhenNothingIsKept(t *testing.T) {
	s := serve(t)
	donny := s.Login(t, "donny")
	s.Put(t, donny, "/events/history", `{"days":1}`).Want(200)
	owner := basic(t, s, access.Owner)
	s.Clock.Advance(30 * 24 * time.Hour)
	if _, err := s.Directory.Prune(t.Context()); err != nil {
		t.Fatal(err)
	}
	now := s.Do(t, facetest.Call{Path: "/events?after=now", Header: owner}).Want(200).Text("cursor")
	s.Do(t, facetest.Call{Path: "/events?after=" + now, Header: owner}).Want(200)
	hook := s.Do(t, facetest.Call{Method: "POST", Path: "/webhooks", Header: owner, Body: map[string]string{"url": "https://hooks.example.com/"}}).Want(201)
	s.Do(t, facetest.Call{Path: "/events?after=" + hook.Text("cursor"), Header: owner}).Want(200)
}

func TestBadQueriesOfTheFeedAreRefused(t *testing.T) {
	s := serve(t)
	donny := s.Login(t, "donny")
	for query, status := range map[string]int{
		"limit=0": 422, "limit=501": 422, "limit=x": 422, "wait=61": 422, "wait=-1": 422, "after=%00": 400, "after=!": 400, "after=AAAA": 400,
		"kinds=" + strings.Repeat("a,", 60): 422, "kinds=a%20b": 422, "what=1": 422, "limit=1&limit=2": 422, "after=%zz": 400,
		"types=" + strings.Repeat("a,", 60): 422,
	} {
		if got := s.Get(t, donny, "/events?"+query); got.Status != status {
			t.Errorf("%s: %d, want %d: %s", query, got.Status, status, got.Body)
		}
	}
	if begun := stream(t, s, "/events?wait=3", map[string]string{"Authorization": "Bearer " + donny}); begun.status != 422 {
		t.Errorf("a stream with a wait: %d", begun.status)
	}
}
