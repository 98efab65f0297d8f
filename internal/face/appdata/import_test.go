package appdata_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"facet/internal/directory"
	"facet/internal/facetest"
	"facet/internal/profile"
	"facet/internal/store"
)

// large is the body of a batch of more than one step; the first items are what
// first says.
func large(users []string, apps []int64, n int, first ...string) string {
	items := append([]string{}, first...)
	for i := len(first); i < n; i++ {
		items = append(items, fmt.Sprintf(`{"user_id":"%s","app_id":%d,"profile_data":{"n":%d}}`, users[i/100], apps[i%100], i))
	}
	return `{"profiles":[` + strings.Join(items, ",") + `]}`
}

func TestLargeBatchCountsAllAtOnce(t *testing.T) { // S2, S5
	const n = 2500
	s := serve(t)
	s.Watch = nil
	donny, _ := signIn(t, s, "donny")
	users, apps := places(t, s, n)
	at := func(i int) string { return fmt.Sprintf("/operator/users/profile/%s/%d", users[i/100], apps[i%100]) }
	send(t, s, "PUT", at(7), donny, "", `{"before":1.10}`).Want(201)

	seen := map[string]bool{}
	var watching sync.WaitGroup
	done := make(chan struct{})
	watching.Go(func() {
		for {
			first, last := s.Get(t, donny, at(1)).Status, s.Get(t, donny, at(n-1)).Status
			seen[fmt.Sprint(first, " ", last)] = true
			select {
			case <-done:
				return
			default:
			}
		}
	})
	a := s.Post(t, donny, "/operator/profile/create-bulk?on_conflict=replace", large(users, apps, n)).Want(201)
	close(done)
	watching.Wait()
	a.Is(map[string]any{"created": n - 1, "profiles.7.status": "replaced", "profiles.7.version": 2, "profiles.2499.version": 1})
	if seen["200 404"] {
		t.Errorf("a part was seen: %v", seen)
	}
	for _, i := range []int{0, 7, 999, 1000, n - 1} {
		s.Get(t, donny, at(i)).Want(200).Is(map[string]any{"profile_data": map[string]any{"n": i}})
	}
	send(t, s, "PATCH", at(5), donny, mergePatch, `{"x":1}`, "If-Match", `"1"`).Want(200).Is(map[string]any{"version": 2, "profile_data": map[string]any{"n": 5, "x": 1}})
	send(t, s, "PATCH", at(7), donny, mergePatch, `{"x":1}`, "If-Match", `"2"`).Want(200).Is(map[string]any{"version": 3})

	refused := s.Post(t, donny, "/operator/profile/create-bulk", large(users, apps, n, `{"user_id":"`+unknownID+`","app_id":1,"profile_data":{}}`)).Want(422)
	refused.Is(map[string]any{"code": "user_not_found", "errors.0.index": 0, "errors.0.code": "user_not_found"})
	if named := strings.Count(string(refused.Body), `"code":"profile_exists"`); named != n-1 { // the others are there already
		t.Errorf("%d of %d are named", named, n-1)
	}
}

func TestImportThatStopsLeavesNothingThatCounts(t *testing.T) { // S14
	const n = 2500
	s := serve(t)
	s.Watch = nil
	donny, _ := signIn(t, s, "donny")
	users, apps := places(t, s, n)
	at := func(i int) string { return fmt.Sprintf("/operator/users/profile/%s/%d", users[i/100], apps[i%100]) }
	send(t, s, "PUT", at(7), donny, "", `{"before":1.10}`).Want(201)

	items := make([]directory.DocumentItem, n)
	for i := range items {
		user, err := profile.ParseID(users[i/100])
		if err != nil {
			t.Fatal(err)
		}
		items[i] = directory.DocumentItem{Index: i, Place: directory.DocumentPlace{User: user, App: apps[i%100]}}
	}
	text, err := directory.ReadDocument([]byte(`{"imported":true}`))
	if err != nil {
		t.Fatal(err)
	}
	reads := 0
	batch := directory.DocumentBatch{Items: items, OnConflict: directory.ConflictReplace, Text: func(int) (directory.DocumentText, error) {
		if reads++; reads == n+1500 { // while the second step is worked out
			panic("the process dies")
		}
		return text, nil
	}}
	func() {
		defer func() { _ = recover() }()
		_, _ = s.Site.WriteDocuments(t.Context(), principal(t, s, donny), batch)
	}()
	s.Get(t, donny, at(0)).Want(404)
	s.Get(t, donny, at(7)).Want(200).Is(map[string]any{"version": 1})
	s.Get(t, donny, fmt.Sprintf("/operator/app/%d/profiles", apps[0])).WantJSON(200, `{"profiles":[],"next_cursor":null}`)
	busy := send(t, s, "PUT", at(7), donny, "", `{}`)
	wantProblem(t, "while it may live", busy, 409, "import_running")
	if busy.Header.Get("Retry-After") == "" {
		t.Error("nobody says when to come back")
	}

	s.Clock.Advance(2 * time.Minute)
	send(t, s, "PUT", at(7), donny, "", `{"after":1}`).Want(200)
	send(t, s, "PUT", at(8), donny, "", `{"after":2}`, "If-None-Match", "*").Want(201)
	for range 5 {
		s.Mails(t) // does the jobs
	}
	left := 0
	err = s.Store.Site(1).View(t.Context(), func(r store.Reader) error {
		return r.ByNumber(profile.Document, 0, 1<<60, false, func(*store.Record) bool { left++; return true })
	})
	if err != nil || left != 2 {
		t.Errorf("%d documents are left, %v", left, err)
	}
	s.Get(t, donny, at(8)).Want(200).Is(map[string]any{"profile_data.after": 2})
	reads = -1 << 40
	if _, err := s.Site.WriteDocuments(t.Context(), principal(t, s, donny), batch); err != nil {
		t.Fatal(err)
	}
	s.Get(t, donny, at(7)).Want(200).Is(map[string]any{"profile_data.imported": true})
}

func TestOtherWritersAreNotHeldUpByALargeBatch(t *testing.T) {
	const n = 4000
	s := serve(t)
	s.Watch = nil
	donny, _ := signIn(t, s, "donny")
	xia, _ := signIn(t, s, "xia")
	users, apps := places(t, s, n)
	send(t, s, "PUT", "/user/profiles/1", xia, "", `{"n":0}`).Want(201)
	done := make(chan facetest.Answer, 1)
	go func() { done <- s.Post(t, donny, "/operator/profile/create-bulk", large(users, apps, n)) }()
	writes := 0
	for wait := true; wait; writes++ {
		send(t, s, "PUT", "/user/profiles/1", xia, "", fmt.Sprintf(`{"n":%d}`, writes+1)).Want(http.StatusOK)
		select {
		case a := <-done:
			a.Want(201)
			wait = false
		default:
		}
	}
	if writes < 4 { // as many as the batch has steps
		t.Errorf("%d writes of another were let in between", writes)
	}
}

func TestAnImportThatIsDoneKeepsNothingOfWhatWasBefore(t *testing.T) {
	const n = 1200
	s := serve(t)
	s.Watch = nil
	donny, _ := signIn(t, s, "donny")
	users, apps := places(t, s, n)
	at := func(i int) string { return fmt.Sprintf("/operator/users/profile/%s/%d", users[i/100], apps[i%100]) }
	for _, i := range []int{3, 4, 1100} {
		send(t, s, "PUT", at(i), donny, "", `{"before":"secret"}`).Want(201)
	}
	s.Post(t, donny, "/operator/profile/create-bulk?on_conflict=replace", large(users, apps, n)).Want(201)
	s.Do(t, facetest.Call{Method: "DELETE", Path: at(4), Token: donny}).Want(204) // before the job
	count := func() (imports, marked, kept int) {
		err := s.Store.Site(1).View(t.Context(), func(r store.Reader) error {
			if err := r.ByNumber(profile.Import, 0, 1<<60, false, func(*store.Record) bool { imports++; return true }); err != nil {
				return err
			}
			return r.ByNumber(profile.Document, 0, 1<<60, false, func(rec *store.Record) bool {
				if kept++; strings.Contains(string(rec.Extras), "import") || strings.Contains(string(rec.Extras), "secret") {
					marked++
				}
				return true
			})
		})
		if err != nil {
			t.Fatal(err)
		}
		return imports, marked, kept
	}
	if imports, marked, kept := count(); imports != 1 || marked != n-1 || kept != n-1 {
		t.Fatalf("before the job: %d imports, %d of %d documents marked", imports, marked, kept)
	}
	for range 5 {
		s.Mails(t) // does the jobs
	}
	if imports, marked, kept := count(); imports != 0 || marked != 0 || kept != n-1 {
		t.Errorf("after it: %d imports, %d of %d documents marked", imports, marked, kept)
	}
	s.Get(t, donny, at(4)).Want(404)
	s.Get(t, donny, at(3)).Want(200).Is(map[string]any{"version": 2, "profile_data": map[string]any{"n": 3}})
	send(t, s, "PUT", at(3), donny, "", `{"after":1}`, "If-Match", `"2"`).Want(200).Is(map[string]any{"version": 3})
	send(t, s, "PUT", at(4), donny, "", `{"after":1}`, "If-None-Match", "*").Want(201)
	s.Get(t, donny, at(n-1)).Want(200).Is(map[string]any{"version": 1})
}
