package appdata_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"facet/internal/access"
	"facet/internal/directory"
	"facet/internal/facetest"
	"facet/internal/profile"
	"facet/internal/store/storetest"
)

// places gives n different pairs of user and app.
func places(t *testing.T, s *facetest.Service, n int) (users []string, apps []int64) {
	t.Helper()
	client := access.Principal{Subject: profile.NewID(facetest.Start), Client: true, Features: []access.Feature{access.DirectAccess}}
	for len(users)*100 < n {
		made, err := s.Site.CreateEntity(t.Context(), client, "user", []byte(`{}`))
		if err != nil {
			t.Fatal(err)
		}
		users = append(users, made.ID.String())
	}
	for range 100 {
		a, err := s.Site.AddApp(t.Context(), directory.NewApp{App: directory.App{Name: "one of many"}})
		if err != nil {
			t.Fatal(err)
		}
		apps = append(apps, a.ID)
	}
	return users, apps
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// The body is read as it arrives and never held whole: when its last byte is
// sent, the server has the documents in memory, and not the 50 MB round them.
func TestManyItemsAreMadeAtOnceInBoundedMemory(t *testing.T) {
	n, most := 20_000, int64(24<<20)
	if storetest.Reduced() {
		n, most = 1_000, 1<<40 // memory is another under the race detector
	}
	s := serve(t)
	s.Watch = nil // the contract is held by the smaller requests
	donny, _ := signIn(t, s, "donny")
	users, apps := places(t, s, n)

	before, during := heap(), int64(0)
	body, to := io.Pipe()
	go func() {
		blanks := strings.Repeat(" ", 2500)
		_, err := io.WriteString(to, `{"profiles":[`)
		for i := 0; i < n && err == nil; i++ {
			comma := ","
			if i == 0 {
				comma = ""
			}
			_, err = fmt.Fprintf(to, `%s{"app_id":%d,%s"user_id":"%s","profile_data":{"n":%s%d}}`, comma, apps[i%100], blanks, users[i/100], blanks[:50], i)
		}
		during = heap() - before
		if err == nil {
			_, err = io.WriteString(to, "]}")
		}
		to.CloseWithError(err)
	}()
	req, err := http.NewRequestWithContext(t.Context(), "POST", s.URL+"/operator/profile/create-bulk", body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+donny)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var made struct {
		Created  int
		Profiles []struct {
			UserID  string `json:"user_id"`
			AppID   int64  `json:"app_id"`
			Version int
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&made); err != nil || resp.StatusCode != 201 {
		t.Fatal(resp.Status, err)
	}
	if made.Created != n || len(made.Profiles) != n {
		t.Fatalf("created %d, told %d", made.Created, len(made.Profiles))
	}
	for i, p := range made.Profiles {
		if p.UserID != users[i/100] || p.AppID != apps[i%100] || p.Version != 1 {
			t.Fatalf("item %d is %+v", i, p)
		}
	}
	for i := 0; i < n; i += n / 50 {
		s.Get(t, donny, fmt.Sprintf("/operator/users/profile/%s/%d", users[i/100], apps[i%100])).Want(200).
			Is(map[string]any{"profile_data": map[string]any{"n": i}})
	}
	if during > most {
		t.Errorf("%d bytes were held when the body had been sent", during)
	}
}

func TestWhatIsWrongWithABodyIsToldUpToABound(t *testing.T) {
	s := serve(t)
	s.Watch = nil // the answers are long
	donny, _ := signIn(t, s, "donny")
	many := func(n int) string { return `{"profiles":[` + strings.Repeat(`{},`, n) + `{}]}` }
	for _, path := range []string{"/operator/profile/create-bulk", "/operator/profile/create-bulk?mode=partial"} {
		a := s.Post(t, donny, path, many(200_000)).Want(422)
		if n := bytes.Count(a.Body, []byte(`"index"`)); n < 100_000 || n > 100_100 {
			t.Errorf("%s told of %d", path, n)
		}
	}
	a := s.Post(t, "", "/auth/refresh", "{"+strings.Repeat(`"refresh_token":1,`, 20_000)+`"x":1}`).Want(422)
	if n := bytes.Count(a.Body, []byte(`"pointer"`)); n != 1000 {
		t.Errorf("told of %d", n)
	}
}
