package pgtest_test

import (
	"context"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"

	"facet/internal/store/postgres/pgtest"
)

func TestAClusterIsKilledComesBackAndLeavesNothing(t *testing.T) {
	c, err := pgtest.Start(pgtest.Options{Fsync: true})
	if err != nil {
		t.Fatal(err)
	}
	name, err := c.Create("")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Exec(name, "INSERT INTO meta (key, value) VALUES ('kept', 1)"); err != nil {
		t.Fatal(err)
	}
	if err := c.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := c.Exec(name, "SELECT 1"); err == nil {
		t.Error("a server that was killed answers")
	}
	if err := c.Restart(); err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(context.Background(), c.URL(name))
	if err != nil {
		t.Fatal(err)
	}
	var kept int64
	if err := conn.QueryRow(context.Background(), "SELECT value FROM meta WHERE key = 'kept'").Scan(&kept); err != nil || kept != 1 {
		t.Errorf("%d was kept, %v", kept, err)
	}
	if err := conn.Close(context.Background()); err != nil {
		t.Error(err)
	}
	if err := c.Stop(); err != nil {
		t.Error(err)
	}
	u, err := url.Parse(c.URL(name))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(u.Query().Get("host")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("its folder is left: %v", err)
	}
}
