package directory_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"facet/internal/access"
	"facet/internal/directory"
	"facet/internal/profile"
)

// text reads a document that is all right.
func text(t testing.TB, doc string) directory.DocumentText {
	t.Helper()
	out, err := directory.ReadDocument([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// item is one document of a batch.
type item struct {
	Index int
	User  profile.ID
	App   int64
	Text  directory.DocumentText
}

// create makes somebody's own document.
func (w *world) create(ctx context.Context, who access.Principal, app int64, text directory.DocumentText) (directory.Document, error) {
	d, _, err := w.demo.CreateDocument(ctx, who, directory.NewDocument{DocumentCall: directory.DocumentCall{DocumentPlace: directory.DocumentPlace{App: app}}, Text: text})
	return d, err
}

func (w *world) own(ctx context.Context, who access.Principal, app int64) (directory.Document, error) {
	return w.demo.Document(ctx, who, directory.DocumentCall{DocumentPlace: directory.DocumentPlace{App: app}})
}

func (w *world) anybodys(ctx context.Context, who access.Principal, user profile.ID, app int64) (directory.Document, error) {
	return w.demo.Document(ctx, who, directory.DocumentCall{DocumentPlace: directory.DocumentPlace{User: user, App: app}, Any: true})
}

// createAll makes all or none, and gives the places.
func (w *world) createAll(ctx context.Context, who access.Principal, in []item) ([]item, error) {
	items := make([]directory.DocumentItem, len(in))
	for i, d := range in {
		items[i] = directory.DocumentItem{Index: d.Index, Place: directory.DocumentPlace{User: d.User, App: d.App}, Broken: d.Text.JSON() == nil}
	}
	_, err := w.demo.WriteDocuments(ctx, who, directory.DocumentBatch{
		Items: items, Text: func(i int) (directory.DocumentText, error) { return in[i].Text, nil },
	})
	return in, err
}

// userID gives a demo user's id.
func (w *world) userID(slug string) profile.ID {
	w.t.Helper()
	rec, err := w.store.Site(1).Get(w.t.Context(), profile.Slug, slug)
	if err != nil {
		w.t.Fatal(err)
	}
	return rec.ID
}

func TestDocumentIsKeptToTheLetter(t *testing.T) {
	w := newWorld(t)
	xia := w.as("xia")
	const exact = `{"z":12345678901234567890,"a":1.10,"e":1e400,"m":-0.0,"s":"\u00e9\/ \ud83d\ude00 é","o":{"b":[],"a":{}},"":null}`
	made, err := w.create(t.Context(), xia, 1, text(t, " "+strings.ReplaceAll(exact, ",", ",\n\t")+"\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	read, err := w.own(t.Context(), xia, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, doc := range []directory.Document{made, read} {
		if string(doc.Data) != exact {
			t.Errorf("kept %s\nwant %s", doc.Data, exact)
		}
		if doc.User != xia.Subject || doc.App != 1 || doc.Version != 1 || !doc.Created.Equal(w.clock.Now()) || !doc.Updated.Equal(doc.Created) {
			t.Errorf("document %+v", doc)
		}
	}
}

func TestReadDocumentRefusesWhatCannotBeKept(t *testing.T) {
	nested := func(depth int) string {
		return strings.Repeat(`{"a":`, depth-1) + `{}` + strings.Repeat(`}`, depth-1)
	}
	sized := func(n int) string { return `{"a":"` + strings.Repeat("x", n-8) + `"}` }
	for doc, code := range map[string]profile.Code{
		``: profile.CodeSyntax, `{`: profile.CodeSyntax, `{"a":01}`: profile.CodeSyntax, `{} {}`: profile.CodeSyntax, ` `: profile.CodeSyntax,
		`{"a":1,"a":1}`: profile.CodeSyntax, `{"a":[{"b":1,"\u0062":2}]}`: profile.CodeSyntax,
		`{"a":"\u0000"}`: profile.CodeSyntax, "{\"a\":\"\x00\"}": profile.CodeSyntax, `{"\u0000":1}`: profile.CodeSyntax,
		`{"a":"\ud800"}`: profile.CodeSyntax, "{\"a\":\"\xff\"}": profile.CodeSyntax,
		nested(65): profile.CodeTooLarge, sized(directory.MaxDocument + 1): profile.CodeTooLarge,
		`null`: profile.CodeRequired, ` null `: profile.CodeRequired,
	} {
		_, err := directory.ReadDocument([]byte(doc))
		wantCode(t, err, code)
		if e := profile.AsError(err); e.Field != "profile_data" {
			t.Errorf("%.40s: field %q", doc, e.Field)
		}
	}
	for _, doc := range []string{`{}`, nested(64), sized(directory.MaxDocument), `{"a":` + strings.Repeat(" ", directory.MaxDocument) + `1}`} {
		if _, err := directory.ReadDocument([]byte(doc)); err != nil {
			t.Errorf("%.40s: %v", doc, err)
		}
	}
}

func TestDocumentsOfAUserAreTheUsersAndTheOperators(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	xia, alice, donny := w.as("xia"), w.as("alice"), w.as("donny")
	if _, err := w.create(ctx, xia, 1, text(t, `{"theme":"dark"}`)); err != nil {
		t.Fatal(err)
	}
	_, err := w.own(ctx, alice, 1)
	wantCode(t, err, profile.CodeNotFound)
	_, err = w.anybodys(ctx, xia, xia.Subject, 1)
	wantCode(t, err, profile.CodeForbidden)
	wantCode(t, w.demo.MayDocuments(ctx, xia), profile.CodeForbidden)
	wantCode(t, w.demo.MayDocuments(ctx, w.owner()), profile.CodeForbidden)
	_, err = w.createAll(ctx, xia, []item{{User: xia.Subject, App: 2, Text: text(t, `{}`)}})
	wantCode(t, err, profile.CodeForbidden)

	if doc, err := w.anybodys(ctx, donny, xia.Subject, 1); err != nil || string(doc.Data) != `{"theme":"dark"}` {
		t.Errorf("%s, %v", doc.Data, err)
	}
	for _, c := range []struct {
		user  profile.ID
		app   int64
		field string
	}{{xia.Subject, 2, ""}, {xia.Subject, 77, "app_id"}, {profile.NewID(w.clock.Now()), 1, "user_id"}, {w.userID("cowork"), 1, "user_id"}} {
		_, err := w.anybodys(ctx, donny, c.user, c.app)
		wantCode(t, err, profile.CodeNotFound)
		if e := profile.AsError(err); e.Field != c.field {
			t.Errorf("field %q, want %q", e.Field, c.field)
		}
	}
}

func TestDocumentThatIsThereIsNotOverwritten(t *testing.T) {
	w := newWorld(t)
	xia := w.as("xia")
	if _, err := w.create(t.Context(), xia, 1, text(t, `{"n":1}`)); err != nil {
		t.Fatal(err)
	}
	_, err := w.create(t.Context(), xia, 1, text(t, `{"n":2}`))
	wantCode(t, err, profile.CodeTaken)
	if v := profile.AsError(err).Detail["version"]; v != int64(1) {
		t.Errorf("version %v", v)
	}
	_, err = w.create(t.Context(), xia, 77, text(t, `{}`))
	wantCode(t, err, profile.CodeNotFound)
	_, err = w.create(t.Context(), xia, 2, directory.DocumentText{})
	wantCode(t, err, profile.CodeRequired)
	if doc, err := w.own(t.Context(), xia, 1); err != nil || string(doc.Data) != `{"n":1}` {
		t.Errorf("%s, %v", doc.Data, err)
	}
}

func TestOneDocumentPerUserAndAppOfManyAtOnce(t *testing.T) {
	w := newWorld(t)
	xia, donny := w.as("xia"), w.as("donny")
	var all sync.WaitGroup
	results := make(chan error, 12)
	for n := range cap(results) {
		doc := text(t, fmt.Sprintf(`{"n":%d}`, n))
		all.Go(func() {
			var err error
			if n%2 == 0 {
				_, err = w.create(t.Context(), xia, 1, doc)
			} else {
				_, err = w.createAll(t.Context(), donny, []item{
					{Index: 0, User: w.userID("alice"), App: int64(n%2 + 1), Text: doc}, {Index: 1, User: xia.Subject, App: 1, Text: doc},
				})
			}
			results <- err
		})
	}
	all.Wait()
	close(results)
	made := 0
	for err := range results {
		var items directory.Items
		switch {
		case err == nil:
			made++
		case errors.As(err, &items):
			for _, item := range items {
				wantCode(t, item.Err, profile.CodeTaken)
			}
		default:
			wantCode(t, err, profile.CodeTaken)
		}
	}
	if made != 1 {
		t.Errorf("%d documents of the one user and app were made", made)
	}
}

func TestManyDocumentsAreMadeAllOrNoneAndEveryBadOneIsNamed(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	donny, xia, alice := w.as("donny"), w.userID("xia"), w.userID("alice")
	if _, err := w.create(ctx, w.as("alice"), 2, text(t, `{}`)); err != nil {
		t.Fatal(err)
	}
	doc := text(t, `{}`)
	in := []item{
		{Index: 0, User: xia, App: 1, Text: doc},
		{Index: 1, User: profile.NewID(w.clock.Now()), App: 1, Text: doc},
		{Index: 3, User: xia, App: 77, Text: doc},
		{Index: 5, User: alice, App: 2, Text: doc},
		{Index: 8, User: xia, App: 1, Text: doc},
		{Index: 10, User: w.userID("cowork"), App: 1, Text: doc},
		{Index: 11, User: alice, App: 1, Text: doc},
	}
	_, err := w.createAll(ctx, donny, in)
	var bad directory.Items
	if !errors.As(err, &bad) {
		t.Fatalf("error %v", err)
	}
	var got []string
	for _, item := range bad {
		got = append(got, fmt.Sprintf("%d %s %s", item.Index, item.Err.Code, item.Err.Field))
	}
	want := "1 not_found user_id, 3 not_found app_id, 5 taken app_id, 8 duplicate user_id, 10 not_found user_id"
	if strings.Join(got, ", ") != want {
		t.Errorf("bad: %v\nwant %s", got, want)
	}
	if what := bad[3].Err.Message; !strings.Contains(what, "item 0") {
		t.Errorf("the other of two alike is not named: %s", what)
	}
	_, err = w.anybodys(ctx, donny, xia, 1)
	wantCode(t, err, profile.CodeNotFound)

	made, err := w.createAll(ctx, donny, []item{in[0], in[6]})
	if err != nil {
		t.Fatal(err)
	}
	for i, d := range made {
		read, err := w.anybodys(ctx, donny, d.User, d.App)
		if err != nil || read.Version != 1 || string(read.Data) != `{}` || d.User != []profile.ID{xia, alice}[i] {
			t.Errorf("%d: %+v, %v", i, read, err)
		}
	}
	if made, err := w.createAll(ctx, donny, nil); err != nil || len(made) != 0 {
		t.Errorf("none: %v, %v", made, err)
	}
}

func TestErasedUsersDocumentsAreGone(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	xia, donny := w.as("xia"), w.as("donny")
	for _, app := range []int64{1, 2} {
		if _, err := w.create(ctx, xia, app, text(t, `{"secret":"of xia"}`)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.demo.EraseProfile(ctx, xia, "xia"); err != nil {
		t.Fatal(err)
	}
	_, err := w.anybodys(ctx, donny, xia.Subject, 1)
	wantCode(t, err, profile.CodeNotFound)
	_, err = w.createAll(ctx, donny, []item{{User: xia.Subject, App: 1, Text: text(t, `{}`)}})
	var bad directory.Items
	if !errors.As(err, &bad) || bad[0].Err.Field != "user_id" {
		t.Errorf("error %v", err)
	}
	_, err = w.create(ctx, xia, 1, text(t, `{}`)) // who was signed in when it happened
	wantCode(t, err, profile.CodeBadToken)
}

// Whatever is in a batch, either every document is there afterwards or none
// is, and it is refused exactly when the model says so.
func TestBatchesOfDocumentsAgreeWithAModel(t *testing.T) {
	w := newWorld(t)
	donny := w.as("donny")
	users := []profile.ID{w.userID("xia"), w.userID("alice"), w.userID("bob"), w.userID("casey"), profile.NewID(w.clock.Now())}
	type place struct {
		user profile.ID
		app  int64
	}
	there := map[place]string{}
	rapid.Check(t, func(rt *rapid.T) {
		var in []item
		bad := map[int]bool{}
		batch := map[place]bool{}
		for n := range rapid.IntRange(0, 3).Draw(rt, "n") {
			p := place{rapid.SampledFrom(users).Draw(rt, "user"), rapid.Int64Range(1, 3).Draw(rt, "app")}
			doc := fmt.Sprintf(`{"n":%d}`, rapid.Int().Draw(rt, "doc"))
			in = append(in, item{Index: n, User: p.user, App: p.app, Text: text(t, doc)})
			bad[n] = p.app == 3 || p.user == users[4] || batch[p] || there[p] != ""
			batch[p] = true
		}
		_, err := w.createAll(t.Context(), donny, in)
		var items directory.Items
		if err != nil && !errors.As(err, &items) {
			rt.Fatal(err)
		}
		named := map[int]bool{}
		for _, item := range items {
			if !bad[item.Index] {
				rt.Errorf("item %d is refused: %v", item.Index, item.Err)
			}
			named[item.Index] = true
		}
		for n, is := range bad {
			if is && !named[n] {
				rt.Errorf("item %d is not named", n)
			}
		}
		for n, d := range in {
			p := place{d.User, d.App}
			if err == nil {
				there[p] = fmt.Sprintf("%d", n)
			}
			_, readErr := w.anybodys(t.Context(), donny, p.user, p.app)
			if (readErr == nil) != (there[p] != "") {
				rt.Errorf("%v: read %v, there %q", p, readErr, there[p])
			}
		}
	})
}

func TestADocumentIsHeldAgainstTheRulesOfTheMomentItIsWritten(t *testing.T) {
	w := newWorld(t)
	donny, xia := w.as("donny"), w.as("xia")
	if _, err := w.create(t.Context(), xia, 1, text(t, `{"level":1}`)); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		edit directory.AppEdit
		code profile.Code
	}{
		"sections": {directory.AppEdit{Sections: map[string]directory.Class{"level": directory.AppWrites}}, profile.CodeSection},
		"schema": {directory.AppEdit{Sections: map[string]directory.Class{}, SchemaMode: new(directory.SchemaEnforce),
			Schema: []byte(`{"properties":{"level":{"maximum":1}}}`)}, profile.CodeSchema},
		"If-Match": {directory.AppEdit{SchemaMode: new(directory.SchemaOff), RequireIfMatch: new(true)}, profile.CodeMatchNeeded},
	} {
		call := directory.DocumentCall{DocumentPlace: directory.DocumentPlace{App: 1}}
		none := directory.AppEdit{Sections: map[string]directory.Class{}, SchemaMode: new(directory.SchemaOff), RequireIfMatch: new(false)}
		if _, err := editApp(t, w.demo, donny, none); err != nil {
			t.Fatal(err)
		}
		tries := 0
		_, err := w.demo.PatchDocument(t.Context(), xia, call, func([]byte) ([]byte, error) {
			if tries++; tries == 1 {
				if _, err := editApp(t, w.demo, donny, c.edit); err != nil {
					t.Fatal(err)
				}
			}
			return []byte(`{"level":2}`), nil
		})
		if !profile.IsCode(err, c.code) || tries != 2 {
			t.Errorf("%s: %v after %d tries", name, err, tries)
		}
	}
	if d, err := w.own(t.Context(), xia, 1); err != nil || string(d.Data) != `{"level":1}` {
		t.Errorf("%s, %v", d.Data, err)
	}
}

func TestWhatIsWrongAtTheRootNamesNoPrivateSection(t *testing.T) {
	w := newWorld(t)
	donny, xia := w.as("donny"), w.as("xia")
	for schema, masked := range map[string]bool{
		`{"required":["verdict"]}`:                                               true,
		`{"required":["verdict","level"]}`:                                       true,
		`{"additionalProperties":false,"properties":{"theme":{}}}`:               true, // the document has a verdict
		`{"dependentRequired":{"theme":["verdict2","verdict"]}}`:                 true,
		`{"maxProperties":1}`:                                                    true,
		`{"const":{"verdict":"guilty"}}`:                                         true,
		`{"not":{"required":["verdict"]}}`:                                       true,
		`{"anyOf":[{"required":["verdict2"]},{"properties":{"verdict":false}}]}`: true,
		`{"required":["level"]}`:                                                 false,
		`{"properties":{"theme":{"type":"integer"}}}`:                            false,
	} {
		place := directory.DocumentPlace{User: xia.Subject, App: 1}
		edit := directory.AppEdit{Sections: map[string]directory.Class{"verdict": directory.OperatorOnly, "verdict2": directory.OperatorOnly}, SchemaMode: new(directory.SchemaOff)}
		if _, err := editApp(t, w.demo, donny, edit); err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(schema, `{"required":["verdict`) {
			if err := w.demo.DeleteDocument(t.Context(), donny, directory.DocumentCall{DocumentPlace: place, Any: true}); err != nil && !profile.IsKind(err, profile.NotFound) {
				t.Fatal(err)
			}
		} else if _, _, err := w.demo.PutDocument(t.Context(), donny, directory.DocumentCall{DocumentPlace: place, Any: true}, text(t, `{"verdict":"mild","theme":"a"}`)); err != nil {
			t.Fatal(err)
		}
		edit.Schema, edit.SchemaMode = []byte(schema), new(directory.SchemaEnforce)
		if _, err := editApp(t, w.demo, donny, edit); err != nil {
			t.Fatal(err)
		}
		_, _, err := w.demo.PutDocument(t.Context(), xia, directory.DocumentCall{DocumentPlace: place}, text(t, `{"theme":"b"}`))
		wantCode(t, err, profile.CodeSchema)
		for _, v := range profile.AsError(err).Detail["violations"].([]directory.Violation) {
			if told := v.Message + v.Pointer; strings.Contains(told, "verdict") || strings.Contains(told, "guilty") || (told == "The profile breaks the schema.") != masked {
				t.Errorf("%s: told %q", schema, told)
			}
		}
	}
}

// editApp changes the app 1 as an operator.
func editApp(t *testing.T, s *directory.Site, who access.Principal, edit directory.AppEdit) (directory.App, error) {
	t.Helper()
	apps, err := s.AdminApps(t.Context(), who)
	if err != nil {
		t.Fatal(err)
	}
	return apps.Edit(t.Context(), 1, edit, directory.Match{})
}
