package directory_test

import (
	"fmt"
	"slices"
	"testing"

	"facet/internal/directory"
	"facet/internal/profile"
)

func TestNoBulkCreationHoldsOtherWritersForMoreThanItsStep(t *testing.T) {
	rows := make([][]byte, directory.MaxAtOnce+100)
	for i := range rows {
		rows[i] = fmt.Appendf(nil, `{"title":"t%d"}`, i)
	}
	for how, step := range map[directory.Commit]int{directory.CommitEach: 1000, directory.CommitSmart: 1000, directory.CommitAll: 0} {
		l := newLibrary(t)
		l.store.made = nil
		made, err := l.site.CreateEntities(t.Context(), l.who, "book", rows, how)
		if how == directory.CommitAll {
			wantCode(t, err, profile.CodeTooLarge)
			if n := l.found(""); n != 0 {
				t.Errorf("%d records of a call that was refused", n)
			}
			made, err = l.site.CreateEntities(t.Context(), l.who, "book", rows[:directory.MaxAtOnce], how)
			step = directory.MaxAtOnce
		}
		l.must(err)
		for _, m := range made {
			l.must(m.Err)
		}
		if n := l.found(""); n != int64(len(made)) {
			t.Errorf("%d records of %d rows", n, len(made))
		}
		if most := slices.Max(l.store.made); most > step {
			t.Errorf("way %d: one transaction made %d records", how, most)
		}
	}
}
