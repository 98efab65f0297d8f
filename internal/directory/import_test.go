package directory_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"facet/internal/directory"
	"facet/internal/profile"
	"facet/internal/store"
)

// redoing is a store that runs every update twice, as one does when another
// caller's in the same transaction fails.
type redoing struct{ store.Store }

type redoingSite struct{ store.Site }

func (s redoing) Site(id store.SiteID) store.Site { return redoingSite{s.Store.Site(id)} }

func (s redoingSite) Update(ctx context.Context, fn func(store.Tx) error) error {
	undo := errors.New("undo")
	err := s.Site.Update(ctx, func(tx store.Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		return undo
	})
	if !errors.Is(err, undo) {
		return err
	}
	return s.Site.Update(ctx, fn)
}

func TestALongImportKeepsItsPlacesThoughItsUpdatesRunAgain(t *testing.T) {
	w := newWorldOver(t, func(st store.Store) store.Store { return redoing{st} })
	site := w.demo
	donny := w.as("donny")
	apps := []int64{1, 2}
	for i := range 10 {
		app, err := site.AddApp(t.Context(), directory.NewApp{App: directory.App{Name: fmt.Sprint("app ", i)}})
		if err != nil {
			t.Fatal(err)
		}
		apps = append(apps, app.ID)
	}
	var items []directory.DocumentItem
	for _, user := range []string{"donny", "xia", "alice", "bob", "casey"} {
		for _, app := range apps {
			items = append(items, directory.DocumentItem{Index: len(items), Place: directory.DocumentPlace{User: w.userID(user), App: app}})
		}
	}
	large := text(t, `{"x":"`+strings.Repeat("x", 250<<10)+`"}`)
	reads, refused := 0, 0
	_, err := site.WriteDocuments(t.Context(), donny, directory.DocumentBatch{Items: items, Text: func(int) (directory.DocumentText, error) {
		if reads++; reads > len(items)+17 && reads%17 == 0 { // once a step that is written, after the first
			w.clock.add(40 * time.Second)
			_, _, err := site.PutDocument(t.Context(), donny, directory.DocumentCall{DocumentPlace: items[0].Place, Any: true}, text(t, `{}`))
			if profile.IsCode(err, profile.CodeImporting) {
				refused++
			} else {
				t.Errorf("another wrote what is being imported: %v", err)
			}
		}
		return large, nil
	}})
	if err != nil || refused < 2 {
		t.Errorf("the import: %v, and %d writes of another were refused", err, refused)
	}
}
