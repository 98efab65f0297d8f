package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// acknowledged is a record that a client was told is there.
type acknowledged struct{ uuid, email string }

func TestKillUnderLoadLosesNothingAcknowledged(t *testing.T) {
	t.Parallel()
	const rounds, connections, enough = 3, 8, 150
	data := folder(t)
	var all []acknowledged
	for round := range rounds {
		in := demo(t, "--data", data)
		found(t, in.client(), all)
		got := make(chan acknowledged)
		ctx, cancel := context.WithCancel(t.Context())
		var clients sync.WaitGroup
		for n := range connections {
			clients.Go(func() { createUntilDead(ctx, t, in.URL, fmt.Sprintf("r%d-c%d", round, n), got) })
		}
		go func() {
			clients.Wait()
			close(got)
		}()
		before := len(all)
		for a := range got { // what comes after the kill was acknowledged too
			if all = append(all, a); len(all)-before == enough {
				in.kill(t)
				cancel()
			}
		}
		cancel()
		if len(all)-before < enough {
			t.Fatalf("round %d: only %d were created\n%s", round, len(all)-before, in.Log)
		}
	}
	in := demo(t, "--data", data)
	found(t, in.client(), all)
	// The numbers that were drawn are not given again.
	made := in.client().ok(t, "entity.create", "attributes", "{}", "include_record", "true")
	in.client().ok(t, "entity.find", "type_name", "user", "filter", "id >= "+number(t, made, "id")).Is(map[string]any{"result_count": 1})
}

// createUntilDead creates users one after the other over one connection, until
// the server is gone.
func createUntilDead(ctx context.Context, t *testing.T, url, name string, got chan<- acknowledged) {
	connection := &http.Client{Transport: &http.Transport{MaxConnsPerHost: 1}}
	defer connection.CloseIdleConnections()
	for n := 0; ctx.Err() == nil; n++ {
		email := fmt.Sprintf("%s-%d@crash.example", name, n)
		body := form("type_name", "user", "attributes", attributes("email", email, "familyName", "Crash", "givenName", name))
		req, err := http.NewRequest(http.MethodPost, url+"/entity.create", strings.NewReader(body))
		if err != nil {
			t.Error(err)
			return
		}
		req.Header.Set("Content-Type", formType)
		req.Header.Set("Authorization", basic(clientID, clientSecret))
		resp, err := connection.Do(req)
		if err != nil {
			return
		}
		raw, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil {
			return // not acknowledged
		}
		var answer struct{ UUID, Stat string }
		if err := json.Unmarshal(raw, &answer); err != nil || answer.Stat != "ok" {
			t.Errorf("entity.create: %s", raw)
			return
		}
		got <- acknowledged{answer.UUID, email}
	}
}

// found looks every record up by uuid, by its unique e-mail, and in the pages
// of entity.find.
func found(t *testing.T, c client, all []acknowledged) {
	t.Helper()
	listed := map[string]string{}
	for last, n := "0", 1; n > 0; {
		page := c.ok(t, "entity.find", "type_name", "user", "filter", "familyName = 'Crash' and id > "+last,
			"sort_on", `["id"]`, "max_results", "200", "attributes", `["id","uuid","email"]`)
		var answer struct {
			Results []struct {
				ID          json.Number
				UUID, Email string
			}
		}
		if err := json.Unmarshal(page.Body, &answer); err != nil {
			t.Fatal(err)
		}
		n = len(answer.Results)
		for _, r := range answer.Results {
			listed[r.UUID], last = r.Email, r.ID.String()
		}
	}
	for _, a := range all {
		c.ok(t, "entity", "type_name", "user", "uuid", a.uuid).Is(map[string]any{"result.email": a.email})
		c.ok(t, "entity", "type_name", "user", "key_attribute", "email", "key_value", quoted(a.email)).Is(map[string]any{"result.uuid": a.uuid})
		if listed[a.uuid] != a.email {
			t.Errorf("%s is not among what entity.find gives", a.uuid)
		}
	}
	if n := c.total(t, "user", "familyName = 'Crash'"); n != fmt.Sprint(len(listed)) {
		t.Errorf("counted %s, found %d", n, len(listed))
	}
}
