package server_test

import (
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"facet/internal/facetest"
	"facet/internal/store/storetest"
)

// Several callers go through all routes of all faces at the same time, each in
// an order of its own, with bodies that many routes take. What they do to each
// other is theirs; that nothing breaks is ours.
func TestAllRoutesMayBeUsedAtTheSameTime(t *testing.T) {
	s := facetest.New(t, faces()...)
	type request struct{ method, path, face string }
	var requests []request
	for _, f := range faces() {
		for _, route := range f.Routes() {
			if route.Pattern == "/" || strings.Contains(route.Pattern, "logout") {
				continue
			}
			requests = append(requests, request{route.Method, route.Pattern, f.Name()})
		}
	}
	values := []string{"alice", "xia", "cowork", "donny", "42", "1", "premium", "user", "b1~abc123", "manager"}
	fields := `"full_name":"A B","slug":"a-b","title":"T","type":"organization","email":"a.b@localhost.localdomain",` +
		`"username":"a-b","password":"yoyo","profileName":"Child","name":"T","data":{"a":1}`
	tokens := []string{s.Login(t, "donny"), s.Login(t, "alice"), s.Login(t, "xia"), ""}
	patience := http.Client{Timeout: 2 * time.Minute}

	var group sync.WaitGroup
	for caller, token := range tokens {
		group.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(caller)))
			for n, at := range random.Perm(len(requests)) {
				if storetest.Reduced() && n%2 != caller%2 {
					continue
				}
				q := requests[at]
				path := wildcard.ReplaceAllStringFunc(q.path, func(string) string { return values[random.IntN(len(values))] })
				body, media := "{"+fields+"}", "application/json"
				if q.face == "entity" {
					body, media = "type_name=user&id=42&attributes=%7B%7D&max_results=5", "application/x-www-form-urlencoded"
				}
				r, err := http.NewRequest(q.method, s.URL+path, strings.NewReader(body))
				if err != nil {
					t.Error(err)
					return
				}
				r.Header.Set("Content-Type", media)
				r.Header.Set("X-API-KEY", "demo-api-key")
				if token != "" {
					r.Header.Set("Authorization", "Bearer "+token)
				}
				a, err := patience.Do(r)
				if err != nil {
					t.Error(err)
					return
				}
				answer, _ := io.ReadAll(a.Body)
				_ = a.Body.Close()
				if a.StatusCode >= 500 || strings.Contains(string(answer), `"code":500,`) {
					t.Errorf("%s %s: %d %s", q.method, path, a.StatusCode, answer)
				}
			}
		})
	}
	group.Wait()
	if s.Log.Has(`"panic"`) {
		t.Errorf("a handler has panicked: %s", s.Log)
	}
}
