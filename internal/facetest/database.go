package facetest

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"facet/internal/store"
	"facet/internal/store/postgres"
	"facet/internal/store/postgres/pgtest"
	"facet/internal/store/sqlite"
)

// A Service keeps its data in a folder, or, with FACET_TEST_DATABASE=postgres in
// the environment, in a database of a throw-away cluster.

// database makes a copy of a database ("": an empty one) and gives its name and
// URL; both "" where the data is in the folder.
func database(of string) (name, url string, err error) {
	c, err := pgtest.Shared()
	if c == nil || err != nil {
		return "", "", err
	}
	if name, err = c.Create(of); err != nil {
		return "", "", err
	}
	return name, c.URL(name), nil
}

// drop removes a database that nobody needs any more; "": there is none.
func drop(t testing.TB, name string) {
	if name == "" {
		return
	}
	c, err := pgtest.Shared()
	if err == nil {
		err = c.Drop(name)
	}
	if err != nil {
		t.Errorf("dropping the database: %v", err)
	}
}

func openStore(dir, url string, log *slog.Logger, now func() time.Time, patience time.Duration) (store.Store, error) {
	if url != "" {
		return postgres.Open(context.Background(), postgres.Options{URL: url, Logger: log, Clock: now, Patience: patience})
	}
	return sqlite.Open(context.Background(), sqlite.Options{Dir: dir, PageCache: 1, Reserve: -1, Logger: log, Clock: now})
}
