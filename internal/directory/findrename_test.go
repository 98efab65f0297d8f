package directory_test

import (
	"strings"
	"testing"

	"facet/internal/directory"
	"facet/internal/profile"
)

// TestASearchThatRunsWhileARenameBeginsAnswersByOneOfTheTypes: what it was
// asked by the old name it answers as if asked after the rename.
func TestASearchThatRunsWhileARenameBeginsAnswersByOneOfTheTypes(t *testing.T) {
	for name, q := range map[string]directory.Query{
		"filtered":   {Filter: "isbn is not null"},
		"sorted":     {Sort: []string{"isbn"}},
		"only shown": {Only: []string{"isbn"}},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLibrary(t)
			l.fill(30)
			begun := false
			l.store.during(func() {
				begun = true
				l.must(l.rename("isbn", "ean"))
			})
			q.Max = 100
			_, err := l.site.FindEntities(t.Context(), l.who, "book", q)
			wantCode(t, err, profile.CodeUnknownAttribute)
			if !begun {
				t.Error("nothing was renamed")
			}
		})
	}
	for name, only := range map[string][]string{"whole records": nil, "some attributes": {"title", "print"}} {
		t.Run(name, func(t *testing.T) {
			l := newLibrary(t)
			l.fill(30)
			l.store.during(func() { l.must(l.rename("print", "edition")) })
			page, err := l.site.FindEntities(t.Context(), l.who, "book", directory.Query{Filter: "title != 'x'", Max: 100, Only: only, Total: true})
			if only != nil {
				wantCode(t, err, profile.CodeUnknownAttribute)
				return
			}
			l.must(err)
			if len(page.Entities) != 30 || page.Total != 30 {
				t.Errorf("%d of %d records", len(page.Entities), page.Total)
			}
			for i := range page.Entities {
				if got := string(page.Render(nil, i)); !strings.Contains(got, `"edition":{"city":"c`) || strings.Contains(got, `"print"`) {
					t.Errorf("shown by the type before: %s", got)
				}
			}
		})
	}
	t.Run("counted", func(t *testing.T) {
		l := newLibrary(t)
		l.fill(30)
		l.store.during(func() { l.must(l.rename("isbn", "ean")) })
		_, err := l.site.CountEntities(t.Context(), l.who, "book", "isbn is not null")
		wantCode(t, err, profile.CodeUnknownAttribute)
	})
}
