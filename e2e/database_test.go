package e2e_test

import (
	"slices"
	"sync"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"

	"facet/internal/store/postgres/pgtest"
)

// With FACET_TEST_DATABASE=postgres in the environment every data folder has a
// database of a throw-away cluster, whose URL the commands are given.

// databases has the URL of each folder's database.
var databases sync.Map

// databaseOf gives the URL of a folder's database; "" where it lies in the
// folder.
func databaseOf(t testing.TB, dir string) string {
	t.Helper()
	c, err := pgtest.Shared()
	if err != nil {
		t.Fatal(err)
	}
	if c == nil {
		return ""
	}
	if url, ok := databases.Load(dir); ok {
		return url.(string)
	}
	name, err := c.Create("")
	if err != nil {
		t.Fatal(err)
	}
	url, _ := databases.LoadOrStore(dir, c.URL(name))
	return url.(string)
}

// databaseFor is what the environment tells a command that runs in a folder.
func databaseFor(t testing.TB, dir string, args []string) []string {
	t.Helper()
	if at := slices.Index(args, "--data"); at >= 0 {
		dir = args[at+1]
	}
	if url := databaseOf(t, dir); url != "" {
		return []string{"FACET_DATABASE=" + url}
	}
	return nil
}

// sameDatabase lets a folder be known by another name.
func sameDatabase(dir, as string) {
	if url, ok := databases.Load(as); ok {
		databases.Store(dir, url)
	}
}
