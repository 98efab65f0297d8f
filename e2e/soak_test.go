package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// ackedUser is what a writer knows of a user that it made.
type ackedUser struct {
	email, name string
	maybe       string // what the write that got no answer would have made the name; "" none
	writes      int    // that were acknowledged, the creation included
	unsure      int    // that got no answer
	gone        bool   // erased, as was acknowledged
	maybeGone   bool
}

// soakWriter does one write after the other until the server is gone.
type soakWriter struct {
	n     int
	users map[string]*ackedUser // by uuid
	made  int
	token string // of somebody with a household
}

// exchanged sends and reads the answer; ok is false when there was none.
func exchanged(method, url, header, kind, body string) (raw []byte, status int, ok bool) {
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		return nil, 0, false
	}
	req.Header.Set("Authorization", header)
	req.Header.Set("Content-Type", kind)
	resp, err := (&http.Client{Timeout: patience}).Do(req)
	if err != nil {
		return nil, 0, false
	}
	defer resp.Body.Close()
	raw, err = io.ReadAll(resp.Body)
	return raw, resp.StatusCode, err == nil
}

// run writes until there is no answer, and counts what was acknowledged.
func (w *soakWriter) run(t *testing.T, url string, acknowledged *atomic.Int64) {
	for w.step(t, url) {
		acknowledged.Add(1)
	}
}

func (w *soakWriter) step(t *testing.T, url string) bool {
	entity := func(operation string, pairs ...string) (stat, uuid string, ok bool) {
		raw, _, ok := exchanged(http.MethodPost, url+"/"+operation, basic(clientID, clientSecret), formType, form(append(pairs, "type_name", "user")...))
		var answer struct{ Stat, UUID string }
		if ok && json.Unmarshal(raw, &answer) != nil {
			t.Errorf("%s: %s", operation, raw)
			return "", "", false
		}
		return answer.Stat, answer.UUID, ok
	}
	w.made++
	name := fmt.Sprintf("w%d-%d", w.n, w.made)
	switch rand.N(6) {
	case 0: // a household, where one profile is the default
		path := url + "/api/users/v1/users/42/user_profiles"
		_, status, ok := exchanged(http.MethodPost, path, "Bearer "+w.token, "application/json", `{"name":"`+name+`","is_default":true}`)
		if ok && status == http.StatusConflict { // ten are enough
			raw, _, there := exchanged(http.MethodGet, path, "Bearer "+w.token, "", "")
			if ok = there; ok {
				var list struct {
					Data []struct{ ID json.RawMessage }
				}
				if json.Unmarshal(raw, &list) != nil || len(list.Data) == 0 {
					t.Errorf("household: %s", raw)
					return false
				}
				id := strings.Trim(string(list.Data[rand.N(len(list.Data))].ID), `"`)
				_, status, ok = exchanged(http.MethodDelete, path+"/"+id, "Bearer "+w.token, "", "")
			}
		}
		if ok && status >= 500 && status != http.StatusServiceUnavailable {
			t.Errorf("household: %d", status)
		}
		return ok
	case 1, 2, 3:
		for uuid, u := range w.users {
			if u.gone || u.maybeGone || u.unsure > 0 {
				continue
			}
			if rand.N(10) == 0 {
				stat, _, ok := entity("entity.delete", "uuid", uuid)
				u.gone, u.maybeGone = stat == "ok", !ok
				return ok
			}
			stat, _, ok := entity("entity.update", "uuid", uuid, "attributes", attributes("givenName", name))
			switch {
			case !ok:
				u.maybe, u.unsure = name, 1
			case stat == "ok":
				u.name, u.writes = name, u.writes+1
			default:
				t.Errorf("entity.update: %s", stat)
			}
			return ok
		}
	}
	email := name + "@soak.example"
	if rand.N(4) == 0 { // that others want, too
		email = fmt.Sprintf("shared-%d@soak.example", rand.N(200))
	}
	stat, uuid, ok := entity("entity.create", "attributes", attributes("email", email, "givenName", name, "familyName", "Soak"))
	if stat == "ok" {
		w.users[uuid] = &ackedUser{email: email, name: name, writes: 1}
	}
	return ok
}

// toldUser is what the feed tells of one subject.
type toldUser struct {
	last   int // version
	erased int
}

// usersTold reads all that was told of users: versions come one after the other, and
// no event twice.
func usersTold(t *testing.T, in *instance, token string) map[string]*toldUser {
	t.Helper()
	out, seen := map[string]*toldUser{}, map[string]bool{}
	for cursor, more := "", true; more; {
		var page struct {
			Events []struct {
				ID, Kind string
				Version  int
				Subject  struct{ ID string }
			}
			Cursor string
			More   bool
		}
		raw := in.Get(t, token, "/events?types=user&limit=500&after="+cursor).Want(http.StatusOK).Body
		if err := json.Unmarshal(raw, &page); err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Events {
			u := out[e.Subject.ID]
			if u == nil {
				u = &toldUser{}
				out[e.Subject.ID] = u
			}
			switch {
			case seen[e.ID]:
				t.Errorf("%s is told twice", e.ID)
			case e.Kind == "user.erased":
				u.erased++
			case e.Version > 0 && e.Version != u.last+1:
				t.Errorf("%s: version %d after %d", e.Subject.ID, e.Version, u.last)
			}
			if e.Version > 0 {
				u.last = e.Version
			}
			seen[e.ID] = true
		}
		cursor, more = page.Cursor, page.More
	}
	return out
}

// agreesWithAcked compares what is there with all that was acknowledged.
func agreesWithAcked(t *testing.T, in *instance, writers []*soakWriter) {
	t.Helper()
	donny := in.Login(t, "donny")
	events, c := usersTold(t, in, donny), in.client()
	emails := map[string]string{}
	for _, w := range writers {
		for uuid, u := range w.users {
			e := events[uuid]
			if e == nil {
				t.Fatalf("%s was created, and no event tells it", uuid)
			}
			a := c.call(t, "entity", "type_name", "user", "uuid", uuid)
			there := a.Text("stat") == "ok"
			if there && u.gone || !there && !u.maybeGone && !u.gone || there != (e.erased == 0) || e.erased > 1 {
				t.Errorf("%s: there: %v, told as erased %d times; acknowledged: %+v", uuid, there, e.erased, u)
			}
			if !there {
				continue
			}
			name, _ := a.At("result.givenName")
			if name != u.name && (u.maybe == "" || name != u.maybe) || a.Text("result.email") != u.email {
				t.Errorf("%s: %s, acknowledged: %+v", uuid, a.Body, u)
			}
			if e.last < u.writes || e.last > u.writes+u.unsure {
				t.Errorf("%s: version %d after %d writes, %d more unsure", uuid, e.last, u.writes, u.unsure)
			}
			if name == u.maybe {
				u.name, u.writes = u.maybe, u.writes+1
			}
			u.maybe, u.unsure, u.maybeGone = "", 0, false
			if other := emails[u.email]; other != "" {
				t.Errorf("%s and %s have one address", other, uuid)
			}
			emails[u.email] = uuid
		}
	}
	list := in.Get(t, in.Login(t, "casey"), "/api/users/v1/users/42/user_profiles").Want(http.StatusOK)
	if n := bytes.Count(bytes.ReplaceAll(list.Body, []byte(" "), nil), []byte(`"is_default":true`)); n != 1 {
		t.Errorf("%d profiles are the default: %s", n, list.Body)
	}
}

// The server is killed again and again while several faces are written: as often
// as FACET_SOAK says.
func TestKillsUnderMixedLoadLeaveWhatWasAcknowledged(t *testing.T) {
	t.Parallel()
	kills := 3
	if text := os.Getenv("FACET_SOAK"); text != "" {
		var err error
		if kills, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	data := folder(t)
	writers := make([]*soakWriter, 6)
	for n := range writers {
		writers[n] = &soakWriter{n: n, users: map[string]*ackedUser{}}
	}
	for range kills {
		in := demo(t, "--data", data)
		agreesWithAcked(t, in, writers)
		token := in.Login(t, "casey")
		var acknowledged atomic.Int64
		var running sync.WaitGroup
		for _, w := range writers {
			w.token = token
			running.Go(func() { w.run(t, in.URL, &acknowledged) })
		}
		for enough, until := int64(50+rand.N(200)), time.Now().Add(patience); acknowledged.Load() < enough; time.Sleep(time.Millisecond) {
			if time.Now().After(until) {
				t.Fatalf("only %d writes were acknowledged\n%s", acknowledged.Load(), in.Log)
			}
		}
		in.kill(t)
		running.Wait()
		if t.Failed() {
			t.Fatalf("the log:\n%s", in.Log)
		}
	}
	agreesWithAcked(t, demo(t, "--data", data), writers)
}
