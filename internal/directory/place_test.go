package directory_test

import (
	"strconv"
	"sync"
	"testing"

	"facet/internal/directory"
	"facet/internal/profile"
	"facet/internal/schema"
)

func TestASiteHasSoManyEntityTypesAndNotOneMoreHoweverManyMakeThemAtOnce(t *testing.T) {
	l := newLibrary(t)
	defs := []schema.AttrDef{{Name: "a", Type: "string"}}
	create := func(name string) error {
		_, err := l.site.CreateEntityType(t.Context(), l.who, name, defs)
		return err
	}
	most := directory.MaxTypes - 4 // three default ones and the library's
	for i := range most - 2 {
		l.must(create("t" + strconv.Itoa(i)))
	}
	var mu sync.Mutex
	made := 0
	var makers sync.WaitGroup
	for i := range 8 {
		makers.Go(func() {
			err := create("late" + strconv.Itoa(i))
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				made++
			} else {
				wantCode(t, err, profile.CodeTooLarge)
			}
		})
	}
	makers.Wait()
	if made != 2 {
		t.Errorf("%d were made where two places are left", made)
	}
	l.must(l.site.DeleteEntityType(t.Context(), l.who, "t7", true))
	l.must(create("next")) // in the place that is free now
	wantCode(t, create("more"), profile.CodeTooLarge)
}
