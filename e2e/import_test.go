package e2e_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// importing is an operator's import of one document for each of some people
// and apps, many transactions long.
type importing struct {
	apps  []string
	users []string
	body  string
}

const importPath = "/operator/profile/create-bulk?on_conflict=replace"

// newImport makes the people and apps of an import.
func newImport(t *testing.T, in *instance, operator string) *importing {
	t.Helper()
	const apps, people = 10, 1000
	im := &importing{}
	for n := range apps {
		made := in.Post(t, operator, "/operator/app/register", map[string]any{"app": fmt.Sprint("many ", n)}).Want(http.StatusCreated)
		im.apps = append(im.apps, number(t, made, "appid"))
	}
	made := in.client().ok(t, "entity.bulkCreate", "type_name", "user", "all_attributes", "["+strings.Repeat(`{},`, people-1)+"{}]")
	var answer struct {
		UUIDs []string `json:"uuid_results"`
	}
	if err := json.Unmarshal(made.Body, &answer); err != nil || len(answer.UUIDs) != people {
		t.Fatalf("%d people, %v", len(answer.UUIDs), err)
	}
	im.users = answer.UUIDs
	var items []string
	for _, user := range im.users {
		for _, app := range im.apps {
			items = append(items, fmt.Sprintf(`{"user_id":%q,"app_id":%s,"profile_data":{"imported":true}}`, user, app))
		}
	}
	im.body = `{"profiles":[` + strings.Join(items, ",") + `]}`
	return im
}

func (im *importing) path(user, app int) string {
	return "/operator/users/profile/" + im.users[user] + "/" + im.apps[app]
}

// imported counts the documents that the import made, in the lists of its apps.
func (im *importing) imported(t *testing.T, in *instance, operator string) (n int) {
	t.Helper()
	for _, app := range im.apps {
		for cursor := ""; ; {
			page := in.Get(t, operator, "/operator/app/"+app+"/profiles?limit=1000"+cursor).Want(http.StatusOK)
			n += strings.Count(string(page.Body), `"profile_data":{"imported":true}`)
			if next, _ := page.At("next_cursor"); next == nil {
				break
			}
			cursor = "&cursor=" + page.Text("next_cursor")
		}
	}
	return n
}

func TestImportThatTheProcessDiesInIsThereAsAWholeOrNotAtAll(t *testing.T) { // S14
	t.Parallel()
	const kept = `{"seen":12345678901234567890,"x":1.10}`
	data := folder(t)
	in := demo(t, "--data", data)
	operator := in.Login(t, "donny")
	im := newImport(t, in, operator)
	in.Put(t, operator, im.path(0, 0), kept).Want(http.StatusCreated) // the import replaces it
	beside := "/operator/users/profile/" + im.users[0] + "/1"
	in.Put(t, operator, beside, kept).Want(http.StatusCreated)

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	answered := make(chan int, 1) // 0: it was not
	go func(url string) { answered <- send(ctx, t, url+importPath, operator, im.body) }(in.URL)
	for begun := false; !begun; { // what it wrote first is its, though nobody sees it
		select {
		case status := <-answered:
			t.Fatalf("the import was over before anybody saw it: %d", status)
		default:
		}
		a := in.Put(t, operator, im.path(0, 0), kept)
		if begun = a.Status == http.StatusConflict; begun {
			a.Is(map[string]any{"code": "import_running"})
		}
	}
	in.kill(t)
	told := <-answered

	in = demo(t, "--data", data)
	operator = in.Login(t, "donny")
	unharmed := func() {
		t.Helper()
		if a := in.Get(t, operator, beside).Want(http.StatusOK); !strings.Contains(string(a.Body), `"profile_data":`+kept) {
			t.Errorf("the document beside the import is %s", a.Body)
		}
	}
	unharmed()
	all := len(im.users) * len(im.apps)
	n := im.imported(t, in, operator)
	switch {
	case n != 0 && n != all, told != 0 && n == 0:
		t.Fatalf("%d of %d documents are there, and the answer was %d", n, all, told)
	case n == 0:
		in.Get(t, operator, im.path(0, 1)).Want(http.StatusNotFound)
		in.Get(t, operator, im.path(len(im.users)-1, len(im.apps)-1)).Want(http.StatusNotFound)
		before := in.Get(t, operator, im.path(0, 0)).Want(http.StatusOK).Is(map[string]any{"version": 1})
		if !strings.Contains(string(before.Body), `"profile_data":`+kept) {
			t.Errorf("the document before the import is %s", before.Body)
		}
		// Until its lease is over nobody knows that it does not live.
		in.Post(t, operator, importPath, im.body).Want(http.StatusConflict).Is(map[string]any{"errors.0.code": "import_running"})
		in.stop(t)
		endLeases(t, data)
		in = demo(t, "--data", data)
		operator = in.Login(t, "donny")
	}
	made := all - 1 // one replaces what was before
	if n == all {
		made = 0
	}
	in.Post(t, operator, importPath, im.body).Want(http.StatusCreated).Is(map[string]any{"created": made})
	if n := im.imported(t, in, operator); n != all {
		t.Errorf("%d of %d documents are there", n, all)
	}
	unharmed()
}

// send posts a body and gives the status of the whole answer, 0 when none came.
func send(ctx context.Context, t *testing.T, url, token, body string) int {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Error(err)
		return 0
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	if _, err := io.ReadAll(resp.Body); err != nil {
		return 0
	}
	return resp.StatusCode
}

// endLeases lets the minute pass that an import lives on, in the database of a
// data folder that nobody serves.
func endLeases(t *testing.T, dir string) {
	t.Helper()
	driver, source := "sqlite", filepath.Join(dir, "facet.db")
	change := `UPDATE record SET attrs = json_set(attrs, '$.until', 1) WHERE type = '$import' AND NOT json_extract(attrs, '$.done')`
	if url := databaseOf(t, dir); url != "" {
		driver, source = "pgx", url
		change = `
			UPDATE record SET attrs = jsonb_set(attrs::jsonb, '{until}', '1')::text
			WHERE type = '$import' AND NOT coalesce((attrs::jsonb->>'done')::boolean, false)`
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	changed, err := db.Exec(change)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := changed.RowsAffected(); n != 1 || err != nil {
		t.Fatalf("%d imports live, %v", n, err)
	}
}
