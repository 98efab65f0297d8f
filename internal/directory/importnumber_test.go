package directory_test

import (
	"fmt"
	"testing"

	"facet/internal/directory"
	"facet/internal/profile"
)

func TestAnImportedNumberLeavesNumbersForOthers(t *testing.T) {
	w := newWorld(t)
	records := []directory.ImportRecord{
		{Type: "user", Number: 1<<53 - 1},
		{Type: "user", Attrs: fmt.Appendf(nil, `{"photos":[{"id":%d,"value":"http://example.net/a.jpg"}]}`, int64(1<<53-1))},
		{Type: "user", Number: 1 << 52},
	}
	progress, rejects := importing(t, w.demo, directory.ImportOptions{Key: "n"}, records...)
	if progress.Made != 1 || len(rejects) != 2 {
		t.Fatalf("%+v", progress)
	}
	for _, r := range rejects {
		if e := profile.AsError(r.Err); e.Kind != profile.Invalid || e.Field != "id" {
			t.Errorf("%d: %q %v", r.At, e.Field, e)
		}
	}
}
