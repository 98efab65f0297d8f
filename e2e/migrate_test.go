package e2e_test

import (
	"strings"
	"testing"

	"facet/internal/store/postgres/pgtest"
)

// The schema is made by hand before a server is started, and a database without
// Citus is not spread.
func TestADatabaseIsMigratedByHand(t *testing.T) {
	t.Parallel()
	c, err := pgtest.Start(pgtest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	})
	url := c.Empty(t)
	const done = "the schema is up to date\n"
	if out := facet(t, "", "migrate", "--database", url); !strings.HasPrefix(out, "migrated 0001_kernel.sql\n") || !strings.HasSuffix(out, done) {
		t.Errorf("the first time it prints %q", out)
	}
	if out := facet(t, "", "migrate", "--database", url); out != done {
		t.Errorf("once more it prints %q", out)
	}
	out, err := command(t, "migrate", "--database", url, "--distribute").CombinedOutput()
	if err == nil || !strings.HasPrefix(string(out), "facet: database: the database has no extension citus") || strings.Count(string(out), "\n") != 1 {
		t.Errorf("spread without Citus: %v, %q", err, out)
	}
	in := demo(t, "--data", folder(t), "--database", url)
	in.stop(t)
}
