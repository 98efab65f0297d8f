package own_test

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"facet/internal/access"
	"facet/internal/facetest"
	"facet/internal/profile"
)

// receiver is an endpoint that keeps what it is sent.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	status int // that it answers; 0 is 204
	got    []received
}

type received struct {
	id, timestamp, signature string
	body                     []byte
	kind                     string
}

func receive(t *testing.T) *receiver {
	t.Helper()
	out := &receiver{}
	out.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		out.mu.Lock()
		defer out.mu.Unlock()
		var payload struct{ Type string }
		_ = json.Unmarshal(body, &payload)
		out.got = append(out.got, received{r.Header.Get("webhook-id"), r.Header.Get("webhook-timestamp"), r.Header.Get("webhook-signature"), body, payload.Type})
		w.WriteHeader(cmp.Or(out.status, http.StatusNoContent))
	}))
	t.Cleanup(out.Close)
	return out
}

// answer sets the status of what comes, and forgets what came.
func (r *receiver) answer(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status, r.got = status, nil
}

func (r *receiver) all() []received {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.got)
}

// signed reports whether a signature in the header is that of a secret.
func (m received) signed(secret string) bool {
	key, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%s.%s", m.id, m.timestamp, m.body)
	return slices.Contains(strings.Fields(m.signature), "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
}

// hooked is the demo with a webhook of an operator.
func hooked(t *testing.T, kinds ...string) (s *facetest.Service, donny string, to *receiver, hook facetest.Answer) {
	t.Helper()
	s, to = serve(t), receive(t)
	donny = s.Login(t, "donny")
	hook = s.Post(t, donny, "/webhooks", map[string]any{"url": to.URL + "/hooks", "kinds": kinds, "description": "ours"}).Want(201)
	return s, donny, to, hook
}

func TestAWebhookIsSentEachEventOnceSignedAndWithoutValues(t *testing.T) {
	s, donny, to, hook := hooked(t, "profile.updated")
	xia := s.Login(t, "xia")
	for i := range 3 {
		rename(t, s, xia, "xia", fmt.Sprintf("Xia Secretname %d", i))
	}
	s.Deliver(t)
	s.Deliver(t)
	got := to.all()
	if len(got) != 3 {
		t.Fatalf("%d messages, want 3", len(got))
	}
	feed := s.Get(t, donny, "/events?kinds=profile.updated&after="+hook.Text("cursor")).Want(200)
	told := map[string]bool{}
	for _, m := range got {
		told[m.id] = true
		if !m.signed(hook.Text("secret")) {
			t.Errorf("the signature of %s is wrong: %s", m.id, m.signature)
		}
		if strings.Contains(string(m.body), "Secretname") {
			t.Errorf("a value is told: %s", m.body)
		}
		facetest.AnswerOf(t, "message", 200, m.body).Is(map[string]any{"type": "profile.updated", "data.kind": "profile.updated", "data.subject.type": "user", "data.id": m.id})
	}
	for i := range 3 {
		if id := feed.Text(fmt.Sprintf("events.%d.id", i)); !told[id] {
			t.Errorf("%s was not sent", id)
		}
	}
	s.Get(t, donny, "/webhooks/"+hook.Text("id")).Want(200).Is(map[string]any{"waiting": 0, "failed": 0, "enabled": true})
}

func TestWebhooksAreManagedByOperatorsAndOwners(t *testing.T) {
	s, donny, _, hook := hooked(t)
	one := "/webhooks/" + hook.Text("id")
	read := s.Get(t, donny, one).Want(200)
	if _, told := read.At("secret"); told {
		t.Error("the secret is told again")
	}
	s.Get(t, donny, "/webhooks").Want(200).Is(map[string]any{"webhooks.0.id": hook.Text("id")})
	s.Patch(t, donny, one, `{"description":"theirs","kinds":["user.*"],"enabled":false}`).Want(200).
		Is(map[string]any{"description": "theirs", "kinds": []string{"user.*"}, "enabled": false, "reason": "disabled"})
	s.Patch(t, donny, one, `{"enabled":true,"cursor":"now"}`).Want(200).Is(map[string]any{"enabled": true})
	xia := s.Login(t, "xia")
	for _, c := range []struct{ method, path string }{
		{"GET", "/webhooks"}, {"POST", "/webhooks"}, {"GET", one}, {"PATCH", one}, {"DELETE", one}, {"POST", one + "/secret"}, {"POST", one + "/test"},
		{"GET", one + "/failed"}, {"DELETE", one + "/failed"}, {"POST", one + "/failed/replay"},
	} {
		var body any
		if c.method == "POST" || c.method == "PATCH" {
			body = map[string]any{}
			if c.path == "/webhooks" {
				body = map[string]string{"url": "https://receiver.example"}
			}
		}
		s.Do(t, facetest.Call{Method: c.method, Path: c.path, Token: xia, Body: body}).Want(403)
		s.Do(t, facetest.Call{Method: c.method, Path: c.path, Body: body}).Want(401)
	}
	owner := basic(t, s, access.Owner)
	s.Do(t, facetest.Call{Method: "GET", Path: one, Header: owner}).Want(200)
	s.Do(t, facetest.Call{Method: "DELETE", Path: one, Header: owner}).Want(204)
	s.Get(t, donny, one).Want(404)
	s.Delete(t, donny, one).Want(404)
	s.Get(t, donny, "/webhooks/"+profile.NewID(facetest.Start).String()).Want(404)
	s.Get(t, donny, "/webhooks/nonsense").Want(404)
	s.Patch(t, donny, "/webhooks/"+principalID(t, s), `{"enabled":false}`).Want(404) // a record of another sort
}

// principalID is the id of a user.
func principalID(t *testing.T, s *facetest.Service) string {
	t.Helper()
	return s.Get(t, s.Login(t, "donny"), "/events?types=user&limit=1").Want(200).Text("events.0.subject.id")
}

func TestBadWebhooksAreRefused(t *testing.T) {
	s, donny, _, hook := hooked(t)
	for body, status := range map[string]int{
		`{}`: 422, `{"url":null}`: 422, `{"url":1}`: 422, `{"url":"ftp://a"}`: 422, `{"url":"https://10.0.0.1/"}`: 422, `{"url":"https://x.example","what":1}`: 422,
		`{"url":"https://x.example","kinds":["a b"]}`: 422, `{"url":"https://x.example","kinds":[1]}`: 422, `{`: 400, `[]`: 422, ``: 422,
		`{"url":"https://x.example","url":"https://y.example"}`:                         400,
		`{"url":"https://x.example","description":"` + strings.Repeat("x", 1001) + `"}`: 422,
		`{"url":"https://x.example","kinds":[` + strings.Repeat(`"a",`, 50) + `"a"]}`:   422,
		`{"url":"https://user:password@x.example/"}`:                                    422,
		`{"url":"https://169.254.169.254/latest/meta-data"}`:                            422,
	} {
		if got := s.Post(t, donny, "/webhooks", body); got.Status != status {
			t.Errorf("%.80s: %d, want %d: %s", body, got.Status, status, got.Body)
		}
	}
	one := "/webhooks/" + hook.Text("id")
	s.Patch(t, donny, one, `{"url":"gopher://x"}`).Want(422)
	s.Patch(t, donny, one, `{"cursor":"no cursor"}`).Want(400).Is(map[string]any{"field": "cursor"})
	s.Post(t, donny, one+"/secret", `{"hours":169}`).Want(422)
	s.Get(t, donny, one+"/failed?after=x").Want(400)
	s.Get(t, donny, one+"/failed?limit=201").Want(422)
	s.Post(t, donny, one+"/failed/"+hook.Text("id")+"/replay", nil).Want(404)
	for n := 1; n < 50; n++ {
		s.Post(t, donny, "/webhooks", `{"url":"https://x.example"}`).Want(201)
	}
	s.Post(t, donny, "/webhooks", `{"url":"https://x.example"}`).Want(413)
}

func TestWhileASecretIsReplacedBothSign(t *testing.T) {
	s, donny, to, hook := hooked(t)
	one, old := "/webhooks/"+hook.Text("id"), hook.Text("secret")
	test := func(wantOld bool, present string) {
		t.Helper()
		to.answer(0)
		id := s.Post(t, donny, one+"/test", nil).Want(202).Text("id")
		s.Deliver(t)
		for _, m := range to.all() {
			if m.id == id {
				if m.signed(old) != wantOld || !m.signed(present) || m.kind != "webhook.test" {
					t.Errorf("%s with %s: signed by the one before %v, by the present one %v", m.kind, m.signature, m.signed(old), m.signed(present))
				}
				return
			}
		}
		t.Errorf("the test message did not arrive")
	}
	test(true, old)
	second := s.Post(t, donny, one+"/secret", `{"hours":2}`).Want(200).Text("secret")
	test(true, second)
	s.Clock.Advance(3 * time.Hour)
	donny = s.Login(t, "donny")
	test(false, second)
	third := s.Post(t, donny, one+"/secret", `{"hours":0}`).Want(200).Text("secret")
	old = second
	test(false, third)
}

func TestWhatFailsIsSentAgainThenKeptUntilItIsReplayed(t *testing.T) {
	s, _, to, hook := hooked(t, "profile.updated")
	one := "/webhooks/" + hook.Text("id")
	to.answer(400)
	rename(t, s, s.Login(t, "xia"), "xia", "Xia Once")
	ids := map[string]bool{}
	for range 100 {
		s.Deliver(t)
		s.Clock.Advance(time.Hour)
	}
	got := to.all()
	for _, m := range got {
		ids[m.id] = true
	}
	if len(got) != 10 || len(ids) != 1 { // Standard Webhooks, "Retry schedule"
		t.Fatalf("%d tries with the ids %v", len(got), ids)
	}
	donny := s.Login(t, "donny")
	list := s.Get(t, donny, one+"/failed").Want(200)
	list.Is(map[string]any{"failed.0.event.id": got[0].id, "failed.0.tries": 10, "failed.0.status": 400, "failed.0.why": "the endpoint answered 400", "more": false})
	s.Get(t, donny, one+"/failed?after="+list.Text("failed.0.id")).Want(200).Is(map[string]any{"failed": []any{}})

	to.answer(0)
	s.Post(t, donny, one+"/failed/"+list.Text("failed.0.id")+"/replay", nil).Want(202).Is(map[string]any{"count": 1})
	s.Post(t, donny, one+"/failed/"+list.Text("failed.0.id")+"/replay", nil).Want(404)
	s.Deliver(t)
	if again := to.all(); len(again) != 1 || again[0].id != got[0].id {
		t.Errorf("replayed: %v", again)
	}
	s.Get(t, donny, one).Want(200).Is(map[string]any{"failed": 0, "waiting": 0})
	s.Post(t, donny, one+"/failed/replay", nil).Want(202).Is(map[string]any{"count": 0})
	s.Delete(t, donny, one+"/failed").Want(200).Is(map[string]any{"count": 0})
}

func TestAnEndpointThatFailsForDaysIsDisabledAndOperatorsAreTold(t *testing.T) {
	s, donny, to, hook := hooked(t, "profile.updated")
	one := "/webhooks/" + hook.Text("id")
	to.answer(500)
	rename(t, s, s.Login(t, "xia"), "xia", "Xia Once")
	s.Deliver(t)
	s.Get(t, donny, one).Want(200).Is(map[string]any{"enabled": true, "waiting": 1})
	s.Mails(t)
	for range 6 {
		s.Clock.Advance(25 * time.Hour)
		s.Deliver(t)
	}
	donny = s.Login(t, "donny")
	s.Get(t, donny, one).Want(200).Is(map[string]any{"enabled": false, "reason": "failing"})
	mails := s.Mails(t)
	if len(mails) != 1 || mails[0].To != "donny@localhost.localdomain" || !strings.Contains(mails[0].Text, hook.Text("id")) {
		t.Errorf("mails: %v", mails)
	}
	to.answer(0)
	rename(t, s, s.Login(t, "xia"), "xia", "Xia Twice")
	s.Deliver(t)
	if got := to.all(); len(got) != 0 {
		t.Errorf("a disabled webhook was sent %v", got)
	}
	s.Patch(t, donny, one, `{"enabled":true}`).Want(200)
	s.Deliver(t)
	if got := to.all(); len(got) != 2 { // what waited, and what happened meanwhile
		t.Errorf("after it was enabled: %d messages", len(got))
	}
}

func TestAnEndpointThatIsGoneIsDisabledAtOnce(t *testing.T) {
	s, donny, to, hook := hooked(t, "profile.updated")
	to.answer(410)
	rename(t, s, s.Login(t, "xia"), "xia", "Xia Once")
	s.Deliver(t)
	s.Get(t, donny, "/webhooks/"+hook.Text("id")).Want(200).Is(map[string]any{"enabled": false, "reason": "gone"})
}

func TestAnEndpointThatIsDownIsTriedByOneEventAtATime(t *testing.T) {
	s, _, to, _ := hooked(t, "profile.updated")
	to.answer(503)
	xia := s.Login(t, "xia")
	for i := range 5 {
		rename(t, s, xia, "xia", fmt.Sprint("Xia ", i))
	}
	s.Deliver(t)
	if got := to.all(); len(got) != 1 {
		t.Errorf("%d tries of five events while it is down", len(got))
	}
	to.answer(0)
	s.Clock.Advance(time.Minute)
	s.Deliver(t)
	if got := to.all(); len(got) != 5 {
		t.Errorf("%d messages when it is back", len(got))
	}
}

func TestOfASubjectErasedMeanwhileAMessageTellsNoMoreThanItsTombstone(t *testing.T) {
	s, _, to, _ := hooked(t, "profile.updated", "user.erased")
	to.answer(503)
	alice := s.Login(t, "alice")
	rename(t, s, alice, "alice", "Alice Uniquename")
	s.Deliver(t)
	s.Delete(t, alice, "/api/users/alice").Want(204)
	to.answer(0)
	s.Clock.Advance(time.Hour)
	s.Deliver(t)
	got := to.all()
	if len(got) != 2 {
		t.Fatalf("%d messages", len(got))
	}
	for _, m := range got {
		facetest.AnswerOf(t, "message", 200, m.body).Is(map[string]any{"data.subject.erased": true, "data.subject.type": "user"})
		if strings.Contains(strings.ToLower(string(m.body)), "alice") {
			t.Errorf("somebody who was erased: %s", m.body)
		}
	}
}

func TestOnlySoMuchIsTakenUpForAWebhookAtOnce(t *testing.T) {
	s, donny, to, hook := hooked(t, "profile.updated")
	to.answer(503)
	xia := s.Login(t, "xia")
	const events = 130
	for i := range events {
		rename(t, s, xia, "xia", fmt.Sprint("Xia ", i))
	}
	s.Deliver(t)
	s.Get(t, donny, "/webhooks/"+hook.Text("id")).Want(200).Is(map[string]any{"waiting": 100})
	to.answer(0)
	ids := map[string]bool{}
	for range 4 {
		s.Clock.Advance(10 * time.Minute)
		s.Deliver(t)
	}
	for _, m := range to.all() {
		ids[m.id] = true
	}
	if got := len(to.all()); len(ids) != events || got != events {
		t.Errorf("%d messages of %d events, want %d", got, len(ids), events)
	}
}

func TestWhatAWebhookHasYetToBeSentIsNotPruned(t *testing.T) {
	s, donny, to, hook := hooked(t, "profile.updated")
	s.Put(t, donny, "/events/history", `{"days":1}`).Want(200)
	rename(t, s, s.Login(t, "xia"), "xia", "Xia Late")
	s.Clock.Advance(3 * 24 * time.Hour)
	if _, err := s.Directory.Prune(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.Deliver(t)
	if got := to.all(); len(got) != 1 {
		t.Errorf("%d messages", len(got))
	}
	if n, err := s.Directory.Prune(t.Context()); err != nil || n == 0 {
		t.Errorf("pruned %d: %v", n, err)
	}
	s.Get(t, s.Login(t, "donny"), "/events?after="+hook.Text("cursor")).Want(410)
}
