package pgtest

import (
	"context"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"facet/internal/store/postgres"
)

// Parts is in how many partitions the tables of a database made by InParts lie.
const Parts = 4

const templateInParts = "parts"

// InParts is Database with every table that has a bucket in Parts partitions, by
// the hash of the bucket, as Citus has them in shards. A partition is named
// after its table and its number, as record_p0.
func (c *Cluster) InParts(t testing.TB) string {
	t.Helper()
	name, err := c.Create("")
	if err == nil {
		err = c.Drop(name)
	}
	if err == nil {
		err = c.fillInParts()
	}
	if err == nil {
		name, err = c.Create(templateInParts)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Drop(name); err != nil {
			t.Log(err)
		}
	})
	return c.URL(name)
}

// fillInParts makes the template of InParts.
func (c *Cluster) fillInParts() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.inParts {
		return nil
	}
	if err := c.Exec("postgres", "CREATE DATABASE "+templateInParts+" TEMPLATE "+template); err != nil {
		return err
	}
	err := c.as(templateInParts, func(ctx context.Context, conn *pgx.Conn) error {
		tables, err := postgres.Unspread(ctx, conn)
		for _, table := range tables {
			if err == nil {
				err = part(ctx, conn, table)
			}
		}
		if err != nil {
			return err
		}
		_, err = conn.Exec(ctx, `INSERT INTO meta (key, value) VALUES ('shards', $1)`, Parts)
		return err
	})
	c.inParts = err == nil
	return err
}

// part puts a table without rows into partitions.
func part(ctx context.Context, conn *pgx.Conn, table string) error {
	script := fmt.Sprintf(`
		ALTER TABLE %[1]s RENAME TO %[1]s_whole;
		CREATE TABLE %[1]s (LIKE %[1]s_whole INCLUDING ALL) PARTITION BY HASH (bucket);
		DROP TABLE %[1]s_whole;`, table)
	for i := range Parts {
		script += fmt.Sprintf(`CREATE TABLE %[1]s_p%[2]d PARTITION OF %[1]s FOR VALUES WITH (MODULUS %[3]d, REMAINDER %[2]d);`,
			table, i, Parts)
	}
	_, err := conn.PgConn().Exec(ctx, script).ReadAll()
	return err
}
