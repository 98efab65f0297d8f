package e2e_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"facet/internal/store/postgres/pgtest"
)

// The service goes on through a failure of its database: who calls meanwhile is
// told to come back, and what was acknowledged is there.
func TestKillOfTheDatabaseUnderLoadLosesNothingAcknowledged(t *testing.T) {
	t.Parallel()
	c, err := pgtest.Start(pgtest.Options{Fsync: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	})
	name, err := c.Create("")
	if err != nil {
		t.Fatal(err)
	}
	in := demo(t, "--data", folder(t), "--database", c.URL(name))

	const connections, enough = 8, 100
	var stop atomic.Bool
	var busy atomic.Int64
	got := make(chan acknowledged, connections)
	var clients sync.WaitGroup
	for n := range connections {
		clients.Go(func() {
			for i := 0; !stop.Load(); i++ {
				email := fmt.Sprintf("c%d-%d@crash.example", n, i)
				switch id, err := createUser(in.URL, email); {
				case err != nil:
					t.Error(err)
					return
				case id == "":
					busy.Add(1)
				default:
					got <- acknowledged{id, email}
				}
			}
		})
	}
	go func() {
		clients.Wait()
		close(got)
	}()
	var all []acknowledged
	more := func(n int) {
		t.Helper()
		for range n {
			a, ok := <-got
			if !ok {
				t.Fatalf("no client is left\n%s", in.Log)
			}
			all = append(all, a)
		}
	}
	more(enough)
	if err := c.Kill(); err != nil {
		t.Fatal(err)
	}
	ready := func() int {
		resp, err := http.Get(in.URL + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		return resp.StatusCode
	}
	if code := ready(); code != http.StatusServiceUnavailable {
		t.Errorf("ready without a database: %d", code)
	}
	var calls sync.WaitGroup
	for path, body := range map[string]string{
		"/api/auth":           `{"username":"xia","password":"yoyo"}`,
		"/api/auth/login":     `{"idTag":"xia.localhost.localdomain","password":"yoyo"}`,
		"/api/users/v1/login": `{"username":"casey","password":"yoyo"}`,
		"/auth/login":         `{"username":"xia","password":"yoyo"}`,
	} {
		calls.Go(func() {
			req, err := http.NewRequest(http.MethodPost, in.URL+path, strings.NewReader(body))
			if err != nil {
				t.Error(err)
				return
			}
			req.Header.Set("Content-Type", "application/json")
			req.Header.Set("X-API-KEY", "demo-api-key")
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Error(err)
				return
			}
			defer resp.Body.Close()
			raw, _ := io.ReadAll(resp.Body)
			if resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") == "" {
				t.Errorf("without a database %s answers %d, Retry-After %q: %s", path, resp.StatusCode, resp.Header.Get("Retry-After"), raw)
			}
		})
	}
	calls.Wait()
	if err := c.Restart(); err != nil {
		t.Fatal(err)
	}
	more(enough)
	if code := ready(); code != http.StatusOK {
		t.Errorf("with its database again: %d", code)
	}
	if err := c.KillBackend(name); err != nil { // the server ends all its processes, and recovers
		t.Fatal(err)
	}
	more(enough)
	stop.Store(true)
	for a := range got {
		all = append(all, a)
	}
	found(t, in.client(), all)
	t.Logf("%d acknowledged, %d told to come back", len(all), busy.Load())
}

// createUser gives the new user's id, "" where the service was busy.
func createUser(url, email string) (string, error) {
	body := form("type_name", "user", "attributes", attributes("email", email, "familyName", "Crash"))
	req, err := http.NewRequest(http.MethodPost, url+"/entity.create", strings.NewReader(body))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", formType)
	req.Header.Set("Authorization", basic(clientID, clientSecret))
	resp, err := (&http.Client{Timeout: time.Minute}).Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return "", err
	}
	var answer struct {
		UUID, Stat string
		Code       int
	}
	err = json.Unmarshal(raw, &answer)
	switch {
	case err == nil && answer.Code == 510: // the Entity API's way of saying so
		if resp.Header.Get("Retry-After") == "" {
			err = fmt.Errorf("busy, but not until when: %s", raw)
		}
		return "", err
	case err != nil || answer.Stat != "ok":
		return "", fmt.Errorf("%d: %s", resp.StatusCode, raw)
	}
	return answer.UUID, nil
}
