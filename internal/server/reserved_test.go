package server_test

import (
	"slices"
	"strings"
	"testing"

	"facet/internal/directory"
	"facet/internal/server"
)

// A slug that equals a word of a route could never be reached under it.
func TestEveryWordOfARouteThatStandsWhereASlugCouldIsReserved(t *testing.T) {
	s := newServer(t, server.Config{Directory: newDirectory(t), Faces: faces()})
	slugs := []string{"{user}", "{profile}", "{idTag}", "{plan}"}
	var patterns [][]string
	for _, r := range s.Routes() {
		patterns = append(patterns, strings.Split(r.Pattern, "/"))
	}
	tried := 0
	for _, a := range patterns {
		for i, segment := range a {
			if !slices.Contains(slugs, segment) {
				continue
			}
			for _, b := range patterns {
				if len(b) <= i || b[i] == "" || strings.HasPrefix(b[i], "{") || !slices.Equal(a[:i], b[:i]) {
					continue
				}
				tried++
				if !directory.ReservedSlug(b[i]) {
					t.Errorf("%s hides the slug %q of %s: reserve it", strings.Join(b, "/"), b[i], strings.Join(a, "/"))
				}
			}
		}
	}
	if tried == 0 {
		t.Error("no route has a word where another has a slug: the test tries nothing")
	}
}
