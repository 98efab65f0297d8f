package sqlite_test

import (
	"testing"

	"facet/internal/store"
	"facet/internal/store/sqlite"
	"facet/internal/store/storetest"
)

// open gives a store in a fresh folder.
func open(t *testing.T) (store.Store, func() store.Store) {
	dir := t.TempDir()
	var s *sqlite.Store
	reopen := func() store.Store {
		var err error
		if s != nil {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
		if s, err = sqlite.Open(t.Context(), sqlite.Options{Dir: dir, Logger: quiet}); err != nil {
			t.Fatal(err)
		}
		return s
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return reopen(), reopen
}

func TestConformance(t *testing.T) { storetest.Run(t, open) }
