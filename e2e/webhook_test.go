package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// endpoint receives webhooks, and hands each message to an independent
// implementation of Standard Webhooks for verification.
type endpoint struct {
	*httptest.Server
	mu    sync.Mutex
	about map[string]string // event id -> what it said
	kinds map[string]int    // of messages, repetitions included
	lines []string          // of messages, for the verifier
	bad   []string          // ids that were told of two different events
	slow  bool              // it refuses some messages the first time
	first map[string]bool   // ids that were refused once
	tries int
}

func newEndpoint(t *testing.T) *endpoint {
	t.Helper()
	e := &endpoint{about: map[string]string{}, kinds: map[string]int{}, first: map[string]bool{}}
	e.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var m struct {
			Type string
			Data struct {
				Subject struct{ ID string }
				Version int
			}
		}
		if err != nil || json.Unmarshal(body, &m) != nil {
			return // cut off by a kill
		}
		e.mu.Lock()
		defer e.mu.Unlock()
		e.tries++
		id, said := r.Header.Get("webhook-id"), fmt.Sprint(m.Type, m.Data.Subject.ID, m.Data.Version)
		if e.slow && e.tries%5 == 0 && !e.first[id] {
			e.first[id] = true
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		if was, told := e.about[id]; told && was != said {
			e.bad = append(e.bad, id)
		}
		e.about[id] = said
		e.kinds[m.Type]++
		line, _ := json.Marshal(map[string]string{"webhook-id": id, "webhook-timestamp": r.Header.Get("webhook-timestamp"),
			"webhook-signature": r.Header.Get("webhook-signature"), "body": string(body)})
		e.lines = append(e.lines, string(line))
	}))
	t.Cleanup(e.Close)
	return e
}

// verified has the published library verify every message.
func (e *endpoint) verified(t *testing.T, secret string) {
	t.Helper()
	if _, err := os.Stat(filepath.Join(clientsDir, "node_modules", "standardwebhooks")); err != nil {
		t.Fatalf("the clients are not installed: run make deps (%v)", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", "webhooks.mjs", secret)
	cmd.Dir = clientsDir
	e.mu.Lock()
	cmd.Stdin = strings.NewReader(strings.Join(e.lines, "\n"))
	e.mu.Unlock()
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestWebhooksGetEveryEventOverKills(t *testing.T) {
	t.Parallel()
	const rounds, each = 3, 40
	to, data := newEndpoint(t), folder(t)
	to.slow = true
	start := func() *instance { return demo(t, "--data", data, "--webhook-allow", "127.0.0.0/8") }
	in := start()
	donny := in.Login(t, "donny")
	hook := in.Post(t, donny, "/webhooks", map[string]any{"url": to.URL, "kinds": []string{"user.created"}}).Want(http.StatusCreated)
	made := 0
	for round := range rounds {
		for n := range each { // while messages are on their way
			in.client().ok(t, "entity.create", "type_name", "user", "attributes", attributes("email", fmt.Sprintf("r%d-%d@hook.example", round, n)))
			made++
		}
		in.kill(t)
		in = start()
	}
	want := map[string]bool{}
	donny = in.Login(t, "donny")
	for cursor, more := hook.Text("cursor"), true; more; {
		page := in.Get(t, donny, "/events?kinds=user.created&limit=500&after="+cursor).Want(http.StatusOK)
		for n := 0; ; n++ {
			id, there := page.At(fmt.Sprintf("events.%d.id", n))
			if !there {
				break
			}
			want[id.(string)] = true
		}
		rest, _ := page.At("more")
		cursor, more = page.Text("cursor"), rest == true
	}
	if len(want) != made {
		t.Fatalf("the feed has %d events of %d", len(want), made)
	}
	missing := func() (n int) {
		to.mu.Lock()
		defer to.mu.Unlock()
		for id := range want {
			if _, got := to.about[id]; !got {
				n++
			}
		}
		return n
	}
	until := time.Now().Add(2 * time.Minute) // leases of killed processes end first
	for missing() > 0 && time.Now().Before(until) {
		in.Get(t, donny, "/events?after=now&wait=1")
	}
	if n := missing(); n > 0 {
		t.Errorf("%d of %d events did not arrive\n%s", n, made, in.Get(t, donny, "/webhooks/"+hook.Text("id")).Body)
	}
	to.mu.Lock()
	if len(to.about) != made || len(to.bad) > 0 {
		t.Errorf("%d ids of %d events, %v of two", len(to.about), made, to.bad)
	}
	t.Logf("%d events, %d messages, %d tries", made, to.kinds["user.created"], to.tries)
	to.mu.Unlock()
	to.verified(t, hook.Text("secret"))
}

func TestAStreamOfEventsEndsWhenTheServerIsToldTo(t *testing.T) {
	t.Parallel()
	in := demo(t)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, in.URL+"/events?after=now", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "text/event-stream")
	req.Header.Set("Authorization", "Bearer "+in.Login(t, "donny"))
	answer, err := http.DefaultClient.Do(req)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatal(answer, err)
	}
	defer answer.Body.Close()
	if _, err := answer.Body.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	in.stop(t) // must exit with 0, and in time
	if _, err := io.ReadAll(answer.Body); err != nil {
		t.Errorf("the stream did not end as it should: %v", err)
	}
}
