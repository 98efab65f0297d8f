package directory_test

import (
	"fmt"
	"testing"
	"time"

	"facet/internal/credential"
	"facet/internal/directory"
	"facet/internal/profile"
)

// importing runs one import to its end and gives its rejects.
func importing(t *testing.T, s *directory.Site, o directory.ImportOptions, records ...directory.ImportRecord) (last directory.ImportProgress, rejects []directory.ImportReject) {
	t.Helper()
	o.Wrote = func(p directory.ImportProgress) bool {
		last = p
		rejects = append(rejects, p.Rejects...)
		return false
	}
	im, err := s.Import(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	for i := range records {
		if records[i].At == 0 {
			records[i].At = int64(i + 1)
		}
	}
	err = im.Add(t.Context(), records)
	if err == nil {
		err = im.Flush(t.Context())
	}
	if e := im.Close(); err != nil || e != nil {
		t.Fatal(err, e)
	}
	return last, rejects
}

func TestAnImportKeepsWhatRecordsWereKnownBy(t *testing.T) {
	w := newWorld(t)
	hash, err := credential.NewHasher(credential.HasherConfig{}).Hash(t.Context(), "correct horse battery")
	if err != nil {
		t.Fatal(err)
	}
	id := profile.ID{0: 0x5a, 6: 0x40, 8: 0x80, 15: 7}
	created := time.Date(2011, 5, 6, 7, 8, 9, 123456000, time.UTC)
	progress, rejects := importing(t, w.demo, directory.ImportOptions{Key: "a"}, directory.ImportRecord{
		Type: "user", ID: id, Number: 123_456, Created: created, Hash: hash, Personal: true, Slug: "Jane", IDTag: "jane@example.net",
		Attrs:  []byte(`{"displayName":"Jane Doe","email":"Jane@example.net","photos":[{"id":987654,"value":"http://example.net/j.jpg"}]}`),
		Extras: []byte(`{"djaoapp":{"lang":"fr"}}`),
	})
	if progress.Made != 1 || len(rejects) != 0 {
		t.Fatal(progress, rejects)
	}
	who := w.who(w.login("jane", "correct horse battery", directory.Exchanged))
	if who.Subject != id {
		t.Error("another subject:", who.Subject)
	}
	rec, err := w.store.Site(1).GetID(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if rec.Number != 123_456 || !rec.Created.Equal(created) || rec.Name(profile.IDTag) != "jane@example.net" || rec.Name(profile.Slug) != "Jane" {
		t.Errorf("%+v", rec)
	}
	if got := string(rec.Attrs); got != `{"displayName":"Jane Doe","email":"Jane@example.net","photos":[{"id":987654,"value":"http://example.net/j.jpg"}]}` {
		t.Error(got)
	}
}

func TestAnImportReportsTakenNamesAndOverwritesNothing(t *testing.T) {
	w := newWorld(t)
	user := func(email, slug string) directory.ImportRecord {
		return directory.ImportRecord{Type: "user", Slug: slug, Attrs: fmt.Appendf(nil, `{"email":%q}`, email)}
	}
	records := []directory.ImportRecord{
		user("new1@example.net", "new1"),
		user("alice@localhost.localdomain", "other"), // the demo's
		user("new2@example.net", "xia"),
		user("NEW1@example.net", "new3"), // that of the first
		user("not an address", "new4"),
		user("new5@example.net", "new5"),
		{Type: "user", Number: 42},
		{Type: "nothing"},
		{Type: "user", ID: w.userID("xia")},
		{Type: "$household", Owner: profile.ID{1}, Attrs: []byte(`{"name":"Nobody"}`)},
	}
	want := map[int64]string{2: "email", 3: "slug", 4: "email", 5: "email", 7: "number", 8: "", 9: "id", 10: "owner"}
	for _, dry := range []bool{true, false} {
		progress, rejects := importing(t, w.demo, directory.ImportOptions{Key: "b", DryRun: dry}, records...)
		if progress.Made != 2 || progress.Rejected != int64(len(want)) || len(rejects) != len(want) {
			t.Errorf("dry %v: %+v", dry, progress)
		}
		for _, r := range rejects {
			e := profile.AsError(r.Err)
			if field, ok := want[r.At]; !ok || field != "" && e.Field != field {
				t.Errorf("dry %v: %d: %q %v", dry, r.At, e.Field, e)
			}
		}
		_, err := w.store.Site(1).Get(t.Context(), profile.Slug, "new5")
		if dry != profile.IsKind(err, profile.NotFound) {
			t.Errorf("dry %v: %v", dry, err)
		}
	}
	for slug := range map[string]bool{"other": true, "new3": true, "new4": true} {
		if _, err := w.store.Site(1).Get(t.Context(), profile.Slug, slug); !profile.IsKind(err, profile.NotFound) {
			t.Errorf("%s: %v", slug, err)
		}
	}
}

func TestAnImportRefusesWhatNobodyCouldRead(t *testing.T) {
	w := newWorld(t)
	owner := w.userID("cowork")
	own := func(space profile.Space) []profile.Name {
		return []profile.Name{{Space: space, Value: "odd", Owned: true}}
	}
	site := func(space profile.Space) []profile.Name { return []profile.Name{{Space: space, Value: "odd"}} }
	records := []directory.ImportRecord{
		{Type: "$plan", Owner: owner, Names: site(profile.PlanSlug), Attrs: []byte(`{"title":7}`)},
		{Type: "$plan", Owner: owner, Names: site(profile.PlanSlug), Attrs: []byte(`{"title":"Odd","period_type":"sometimes"}`)},
		{Type: "$plan", Owner: owner, Attrs: []byte(`{"title":"Odd"}`)},
		{Type: "$plan", Names: site(profile.PlanSlug), Attrs: []byte(`{"title":"Odd"}`)},
		{Type: "$role", Owner: owner, Names: own(profile.RoleSlug), Attrs: []byte(`{"title":[]}`)},
		{Type: "$app", Attrs: []byte(`{"app":{}}`)},
		{Type: "$agreement", Names: site(profile.Terms), Attrs: []byte(`{"updated_at":"yesterday"}`)},
		{Type: "$agreement", Attrs: []byte(`{"title":"Odd"}`)},
		{Type: "$note", Owner: owner, Attrs: []byte(`{"account":1}`)},
		{Type: "$document", Owner: w.userID("xia"), Attrs: []byte(`{}`), Names: []profile.Name{{Space: profile.DocumentApp, Value: "1", Owned: true}},
			Extras: []byte(`{"appdata":{"import":"01930000-0000-7000-8000-000000000000"}}`)},
	}
	progress, rejects := importing(t, w.demo, directory.ImportOptions{Key: "odd"}, records...)
	if progress.Made != 0 || len(rejects) != len(records) {
		t.Errorf("%+v", progress)
	}
	for _, r := range rejects {
		if kind := profile.AsError(r.Err).Kind; kind != profile.Invalid && kind != profile.Missing {
			t.Errorf("%d: %v", r.At, r.Err)
		}
	}
}

func TestAnImportGoesOnWhereItWas(t *testing.T) {
	w := newWorld(t)
	o := directory.ImportOptions{Key: "c"}
	user := func(n int) directory.ImportRecord {
		return directory.ImportRecord{At: int64(10 * n), Type: "user", Slug: fmt.Sprint("imported", n)}
	}
	taken := directory.ImportRecord{At: 25, Type: "user", Slug: "xia"}
	importing(t, w.demo, o, user(1), user(2), taken)
	im, err := w.demo.Import(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	was := im.Progress()
	if was.At != 25 || was.Made != 2 || was.Rejected != 1 || len(was.Rejects) != 1 || was.Rejects[0].At != 25 {
		t.Fatalf("%+v", was)
	}
	other, err := w.demo.Import(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if err := im.Add(t.Context(), []directory.ImportRecord{user(3)}); err != nil {
		t.Fatal(err)
	}
	if err := im.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err = other.Add(t.Context(), []directory.ImportRecord{user(3)}); err == nil {
		err = other.Flush(t.Context())
	}
	if !profile.IsKind(err, profile.Conflict) {
		t.Error("two at once:", err)
	}
	_ = other.Close()
	if err := im.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := im.Close(); err != nil {
		t.Fatal(err)
	}
	if im, err = w.demo.Import(t.Context(), o); err != nil || im.Progress().At != 0 {
		t.Error("after its end:", im.Progress(), err)
	}
	_ = im.Close()
}
