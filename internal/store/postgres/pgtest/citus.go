package pgtest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"facet/internal/store/postgres"
)

// Shards is over how many shards the databases of an Attach are spread.
const Shards = 8

// Attach gives the databases of a coordinator of Citus that runs already: at is
// the URL of one of its databases, where the extension is and the workers are
// known. Databases are made on all of its servers, and dropped by Stop.
func Attach(at string) (*Cluster, error) {
	base, err := url.Parse(at)
	if err != nil {
		return nil, err
	}
	c := &Cluster{base: base, prefix: "facet" + strconv.Itoa(os.Getpid())}
	err = c.as(strings.TrimPrefix(base.Path, "/"), func(ctx context.Context, conn *pgx.Conn) error {
		rows, err := conn.Query(ctx, `
			SELECT nodename || ':' || nodeport FROM pg_dist_node WHERE groupid <> 0 AND noderole = 'primary' AND isactive`)
		if err != nil {
			return err
		}
		c.workers, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	if err == nil && len(c.workers) == 0 {
		err = fmt.Errorf("it has no workers")
	}
	if err != nil {
		return nil, fmt.Errorf("pgtest: %s: %w", base.Redacted(), err)
	}
	return c, nil
}

// shared is what Shared gives for FACET_TEST_DATABASE.
func shared(database string) (*Cluster, error) {
	switch database {
	case "postgres":
		return Any()
	case "citus":
		return Attach(os.Getenv("FACET_TEST_CITUS"))
	}
	return nil, nil
}

// urlOf names a database of the coordinator ("") or of a worker.
func (c *Cluster) urlOf(worker, database string) string {
	u := *c.base
	u.Path = "/" + database
	if worker != "" {
		u.Host = worker
	}
	return u.String()
}

// everywhere runs SQL in a database of each server.
func (c *Cluster) everywhere(database, sql string) error {
	for _, worker := range append([]string{""}, c.workers...) {
		err := on(c.urlOf(worker, database), func(ctx context.Context, conn *pgx.Conn) error {
			_, err := conn.PgConn().Exec(ctx, sql).ReadAll()
			return err
		})
		if err != nil {
			return fmt.Errorf("%s%s: %w", c.base.Host, worker, err)
		}
	}
	return nil
}

// copied makes a database of another one on each server. What keeps Citus going
// there has to leave it for that moment.
func (c *Cluster) copied(name, of string) error {
	const leave = `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '`
	for _, worker := range append([]string{""}, c.workers...) {
		err := on(c.urlOf(worker, "postgres"), func(ctx context.Context, conn *pgx.Conn) (err error) {
			for range 20 {
				if _, err = conn.Exec(ctx, leave+of+"'"); err != nil {
					return err
				}
				if _, err = conn.Exec(ctx, "CREATE DATABASE "+name+" TEMPLATE "+of); err == nil {
					return nil
				}
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Empty makes a database without anything, where Citus runs with its extension,
// and gives its URL; it is dropped after the test.
func (c *Cluster) Empty(t testing.TB) string {
	t.Helper()
	name := c.prefix + "empty" + strconv.FormatInt(c.made.Add(1), 10)
	var err error
	if c.base != nil {
		err = c.withCitus(name)
	} else {
		err = c.Exec("postgres", "CREATE DATABASE "+name)
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

// fillSpread makes the template: the schema, over the servers.
func (c *Cluster) fillSpread(template string) error {
	if err := c.withCitus(template); err != nil {
		return err
	}
	_, err := postgres.Migrate(context.Background(), postgres.Options{URL: c.URL(template)}, Shards)
	return err
}

// withCitus makes a database on each server, with the extension.
func (c *Cluster) withCitus(name string) error {
	if err := c.everywhere("postgres", "CREATE DATABASE "+name); err != nil {
		return err
	}
	if err := c.everywhere(name, "CREATE EXTENSION citus"); err != nil {
		return err
	}
	known := fmt.Sprintf("SELECT citus_set_coordinator_host('%s', %s);", c.base.Hostname(), c.base.Port())
	for _, worker := range c.workers {
		host, port, _ := strings.Cut(worker, ":")
		known += fmt.Sprintf("SELECT citus_add_node('%s', %s);", host, port)
	}
	return c.Exec(name, known)
}
