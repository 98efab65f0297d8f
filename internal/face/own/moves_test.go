package own_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"facet/internal/face/djaoapp"
	"facet/internal/face/entity"
	"facet/internal/face/own"
	"facet/internal/facetest"
	"facet/internal/profile"
)

// serveMoves starts the demo; every answer is held against api/facet.yaml.
func serveMoves(t *testing.T) *facetest.Service {
	t.Helper()
	s := facetest.New(t, own.New(), djaoapp.New(), entity.New())
	s.Watch = facetest.NewContract(t, "facet").Check
	return s
}

// ownerClient is the Authorization of an API client with the feature owner.
const ownerClient = "Basic c2dueXZ1czZwYzRqbTdraHIybmVxNWdzODlnYnIyZXE6d3Q0YzN1bjl3a2tjZnZ5a25xeDQ0eW5jNDc2YWZzNjg="

func upload(t *testing.T, s *facetest.Service, token, query, contentType, body string) facetest.Answer {
	t.Helper()
	return s.Do(t, facetest.Call{Method: "POST", Path: "/imports" + query, Token: token, Type: contentType, Body: body})
}

// wantProblem fails the test unless an answer is a problem with this status and
// code, about this field.
func wantProblem(t *testing.T, what string, a facetest.Answer, status int, code profile.Code, field string) {
	t.Helper()
	got, _ := a.At("field")
	if a.Status != status || a.Header.Get("Content-Type") != "application/problem+json" || code != "" && a.Text("code") != string(code) || field != "" && got != field {
		t.Errorf("%s: %d %s", what, a.Status, a.Body)
	}
}

func TestAnOperatorImportsAFileAndFetchesWhatWasRefused(t *testing.T) {
	s := serveMoves(t)
	donny := s.Login(t, "donny")
	const table = "email,givenName,nr\nnew1@example.com,New,9001\nxia@localhost.localdomain,Xia,9002\nno address,X,9003\nnew2@example.com,New,9001\n"
	begun := upload(t, s, donny, "?type=user&map=nr=@number", "text/csv", table).Want(http.StatusAccepted)
	begun.Is(map[string]any{"state": "running", "format": "csv", "type": "user", "made": 0, "size": len(table)})
	at := begun.Header.Get("Location")
	s.Get(t, donny, at+"/rejects").Want(http.StatusOK)
	s.Mails(t) // does the jobs
	s.Mails(t)
	if left := deposits(t, s); len(left) != 1 {
		t.Errorf("there are %q, want the list of rejects alone", left)
	}
	s.Get(t, donny, at).Want(http.StatusOK).Is(map[string]any{"state": "done", "made": 1, "rejected": 3, "read": len(table), "rejects_complete": true})
	list := s.Get(t, donny, at+"/rejects").Want(http.StatusOK)
	if want := []string{`{"line":3,"code":"taken","field":"email"`, `{"line":4,"code":"constraint","field":"email"`, `{"line":5,"code":"taken","field":"number"`}; strings.Count(string(list.Body), "\n") != 3 {
		t.Errorf("%s", list.Body)
	} else {
		for i, line := range strings.Split(strings.TrimSpace(string(list.Body)), "\n") {
			if !strings.HasPrefix(line, want[i]) || !strings.Contains(line, `"row":{"email":`) {
				t.Errorf("%s, want %s", line, want[i])
			}
		}
	}
	if _, err := s.Store.Site(1).Get(t.Context(), profile.Number, "9001"); err != nil {
		t.Error(err)
	}
	s.Get(t, donny, "/imports").Want(http.StatusOK).Is(map[string]any{"imports.0.id": begun.Text("id"), "next": nil})

	s.Delete(t, donny, at).Want(http.StatusNoContent)
	wantProblem(t, "after its end", s.Get(t, donny, at), 404, profile.CodeNotFound, "")
	s.Mails(t)
	if left := deposits(t, s); len(left) > 0 {
		t.Errorf("its files stay: %q", left)
	}
}

// deposits are the files that are no pictures, on the disk.
func deposits(t *testing.T, s *facetest.Service) (out []string) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(s.Dir, "blobs"), func(path string, e os.DirEntry, err error) error {
		if err == nil && strings.HasPrefix(e.Name(), "t0~") {
			out = append(out, e.Name())
		}
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestADryRunOverHTTPMakesNothing(t *testing.T) {
	s := serveMoves(t)
	a := s.Do(t, facetest.Call{Method: "POST", Path: "/imports?dry_run=true", Type: "application/jsonl", Body: `{"type":"user","slug":"dry1"}` + "\n" + `{"type":"user","slug":"xia"}`,
		Header: map[string]string{"Authorization": ownerClient}}).Want(http.StatusAccepted)
	s.Mails(t)
	s.Do(t, facetest.Call{Method: "GET", Path: a.Header.Get("Location"), Header: map[string]string{"Authorization": ownerClient}}).
		Want(http.StatusOK).Is(map[string]any{"state": "done", "made": 1, "rejected": 1, "dry_run": true})
	if _, err := s.Store.Site(1).Get(t.Context(), profile.Slug, "dry1"); !profile.IsKind(err, profile.NotFound) {
		t.Error(err)
	}
}

func TestAFileOfSeveralPiecesIsImportedAsOne(t *testing.T) {
	s := serveMoves(t)
	donny := s.Login(t, "donny")
	var body strings.Builder
	about := strings.Repeat("a", 20_000)
	for n := range 500 { // 10 MB
		fmt.Fprintf(&body, `{"type":"user","slug":"piece-%d","attrs":{"aboutMe":%q}}`+"\n", n, about)
	}
	a := upload(t, s, donny, "", "application/x-ndjson", body.String()).Want(http.StatusAccepted)
	for range 3 {
		s.Mails(t)
	}
	s.Get(t, donny, a.Header.Get("Location")).Want(http.StatusOK).Is(map[string]any{"state": "done", "made": 500, "rejected": 0})
}

func TestAFileThatIsNoneFailsAndSaysWhy(t *testing.T) {
	s := serveMoves(t)
	donny := s.Login(t, "donny")
	a := upload(t, s, donny, "", "text/csv", "a,a\n1,2\n").Want(http.StatusAccepted)
	s.Mails(t)
	s.Get(t, donny, a.Header.Get("Location")).Want(http.StatusOK).Is(map[string]any{"state": "failed", "made": 0})
}

func TestImportsRefuseWhatTheyDoNotKnow(t *testing.T) {
	s := serveMoves(t)
	donny := s.Login(t, "donny")
	for query, field := range map[string]string{
		"?format=xml": "format", "?nothing=1": "nothing", "?dry_run=yes": "dry_run", "?optional=1": "optional", "?map=x": "map", "?map=x=@nowhere": "map",
		"?preset=oracle&format=csv": "preset", "?preset=amino&format=csv": "format", "?type=a&type=b": "type",
	} {
		wantProblem(t, query, upload(t, s, donny, query, "application/octet-stream", "x"), 422, "", field)
	}
	wantProblem(t, "no format", upload(t, s, donny, "", "image/png", "x"), 422, profile.CodeInvalid, "format")
	wantProblem(t, "no body", s.Post(t, donny, "/imports?format=csv", nil), 422, profile.CodeBlank, "body")
	wantProblem(t, "no id", s.Get(t, donny, "/imports/x"), 404, profile.CodeNotFound, "")
	wantProblem(t, "no page", s.Get(t, donny, "/imports?before=x"), 422, profile.CodeInvalid, "before")
}

func TestOnlyOperatorsImport(t *testing.T) {
	s := serveMoves(t)
	xia := s.Login(t, "xia")
	wantProblem(t, "nobody", upload(t, s, "", "?format=csv", "", "x"), 401, profile.CodeNoAuth, "")
	wantProblem(t, "not an operator", upload(t, s, xia, "?format=csv", "", "x"), 403, profile.CodeForbidden, "")
	wantProblem(t, "a wrong token", upload(t, s, "x", "?format=csv", "", "x"), 401, profile.CodeBadToken, "")
	a := s.Do(t, facetest.Call{Method: "GET", Path: "/imports", Header: map[string]string{"X-API-KEY": "demo-api-key"}})
	wantProblem(t, "an app's key", a, 401, profile.CodeNoAuth, "")
	for _, path := range []string{"/imports", "/imports/7f9c2d7e-3b7e-4b43-8a44-6f1f0d1f0a01", "/imports/7f9c2d7e-3b7e-4b43-8a44-6f1f0d1f0a01/rejects"} {
		wantProblem(t, path, s.Get(t, xia, path), 403, profile.CodeForbidden, "")
	}
}

func TestAPersonFetchesTheirOwnArchiveAndNobodyElseDoes(t *testing.T) {
	s := serveMoves(t)
	xia, alice := s.Login(t, "xia"), s.Login(t, "alice")
	begun := s.Post(t, xia, "/exports", nil).Want(http.StatusAccepted)
	at := begun.Header.Get("Location")
	wantProblem(t, "before it is done", s.Get(t, xia, at+"/archive"), 409, profile.CodeBusy, "")
	s.Mails(t)
	s.Get(t, xia, at).Want(http.StatusOK).Is(map[string]any{"state": "done"})
	archive := s.Get(t, xia, at+"/archive").Want(http.StatusOK)
	text := ""
	in := tar.NewReader(bytes.NewReader(archive.Body))
	names := map[string]bool{}
	for {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		part, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		names[h.Name] = true
		text += string(part)
	}
	if !names["records.jsonl"] || !names["about.json"] || !strings.Contains(text, "xia@localhost.localdomain") || strings.Contains(text, "alice@") {
		t.Errorf("%v %s", names, text)
	}
	for _, path := range []string{at, at + "/archive"} {
		wantProblem(t, "another's "+path, s.Get(t, alice, path), 404, profile.CodeNotFound, "")
		wantProblem(t, "nobody's "+path, s.Get(t, "", path), 401, profile.CodeNoAuth, "")
	}
	wantProblem(t, "another deletes it", s.Delete(t, alice, at), 404, profile.CodeNotFound, "")
	s.Get(t, alice, "/exports").WantJSON(http.StatusOK, `{"exports":[],"next":null}`)
	for range 2 {
		s.Post(t, xia, "/exports", nil).Want(http.StatusAccepted)
	}
	wantProblem(t, "too many", s.Post(t, xia, "/exports", nil), 429, profile.CodeQuota, "")
	for _, key := range deposits(t, s) { // not by the way of pictures
		if _, err := s.Site.FileInfo(t.Context(), key); !profile.IsKind(err, profile.NotFound) {
			t.Errorf("anybody is told of %s: %v", key, err)
		}
	}
}

func TestExportsGoAfterSomeDaysAndWithThePerson(t *testing.T) {
	s := serveMoves(t)
	xia := s.Login(t, "xia")
	begin := func() string {
		a := s.Post(t, xia, "/exports", nil).Want(http.StatusAccepted)
		s.Mails(t)
		return a.Header.Get("Location")
	}
	at := begin()
	if len(deposits(t, s)) != 1 {
		t.Fatal("no file was made")
	}
	s.Clock.Advance(8 * 24 * time.Hour)
	xia = s.Login(t, "xia")
	for range 3 {
		s.Mails(t)
	}
	if s.Get(t, xia, at).Status != http.StatusNotFound || len(deposits(t, s)) != 0 {
		t.Errorf("it stays: %q", deposits(t, s))
	}

	at = begin()
	id, err := profile.ParseID(strings.TrimPrefix(at, "/exports/"))
	if err != nil {
		t.Fatal(err)
	}
	s.Delete(t, xia, "/api/users/xia").Want(http.StatusNoContent)
	for range 3 {
		s.Mails(t)
	}
	if _, err := s.Store.Site(1).GetID(t.Context(), id); !profile.IsKind(err, profile.NotFound) || len(deposits(t, s)) != 0 {
		t.Errorf("it outlives the person: %v %q", err, deposits(t, s))
	}
}
