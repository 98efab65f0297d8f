package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"facet/internal/config"
	"facet/internal/store/postgres/pgtest"
)

// The stores that are measured.
const (
	onSQLite   = "sqlite"
	onPostgres = "postgres"
	onAll      = "all" // one after the other
)

// clusterSettings are those of the throw-away cluster: durable, as a machine of
// this size has them.
var clusterSettings = map[string]string{
	"shared_buffers": "512MB", "max_wal_size": "4GB", "checkpoint_timeout": "'15min'", "autovacuum": "on",
	"wal_buffers": "16MB", "max_connections": "200",
}

// databases makes databases, on a server that is there or on a cluster of its
// own, which ends with the process.
type databases struct {
	given   string // -database
	cluster *pgtest.Cluster
	made    []string
}

// url gives the address of a new database.
func (d *databases) url(ctx context.Context, name string) (string, error) {
	if d.given == "" && d.cluster == nil {
		c, err := pgtest.Start(pgtest.Options{Fsync: true, Settings: clusterSettings})
		if err != nil {
			return "", err
		}
		d.cluster = c
	}
	name = fmt.Sprintf("facet_bench_%d_%d_%s", os.Getpid(), len(d.made), name)
	if err := d.exec(ctx, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize()); err != nil {
		return "", err
	}
	d.made = append(d.made, name)
	if d.cluster != nil {
		return d.cluster.URL(name), nil
	}
	u, err := url.Parse(d.given)
	if err != nil {
		return "", err
	}
	u.Path = "/" + name
	return u.String(), nil
}

func (d *databases) exec(ctx context.Context, sql string) error {
	return d.as(ctx, func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, sql)
		return err
	})
}

// as runs fn on a connection that may make databases.
func (d *databases) as(ctx context.Context, fn func(*pgx.Conn) error) error {
	admin := d.given
	if d.cluster != nil {
		admin = d.cluster.URL("postgres")
	}
	conn, err := pgx.Connect(ctx, admin)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	return fn(conn)
}

// close drops what was made.
func (d *databases) close() error {
	if d.cluster != nil {
		return d.cluster.Stop()
	}
	var errs []error
	for _, name := range d.made {
		errs = append(errs, d.exec(context.Background(), "DROP DATABASE IF EXISTS "+pgx.Identifier{name}.Sanitize()+" WITH (FORCE)"))
	}
	return errors.Join(errs...)
}

// data says where the installation of a name is: each has its own folder, and
// its own database, that stay the same during a run.
func (b *bench) data(ctx context.Context, name string) (config.Data, error) {
	d := config.Data{Dir: filepath.Join(b.folder, b.store, name)}
	if b.store != onPostgres {
		return d, nil
	}
	if d.Database = b.urls[name]; d.Database != "" {
		return d, nil
	}
	var err error
	if d.Database, err = b.databases.url(ctx, name); err == nil {
		b.urls[name] = d.Database
	}
	return d, err
}

// cpuTime is the processor time of all processes of the server that this process
// can see; 0 where that is none.
func (d *databases) cpuTime(ctx context.Context) (time.Duration, error) {
	if len(d.made) == 0 {
		return 0, nil
	}
	folder := ""
	err := d.as(ctx, func(conn *pgx.Conn) error { return conn.QueryRow(ctx, "SHOW data_directory").Scan(&folder) })
	if err != nil {
		return 0, err
	}
	places, err := filepath.Glob("/proc/[0-9]*/cwd")
	if err != nil {
		return 0, err
	}
	ticks := int64(0)
	for _, place := range places {
		if at, err := os.Readlink(place); err != nil || at != folder {
			continue // another's, or gone
		}
		stat, err := os.ReadFile(filepath.Join(filepath.Dir(place), "stat"))
		if err != nil {
			continue
		}
		_, rest, _ := strings.Cut(string(stat), ") ")       // proc(5): the third field follows
		for _, field := range strings.Fields(rest)[11:15] { // utime, stime, and those of children that ended
			n, _ := strconv.ParseInt(field, 10, 64)
			ticks += n
		}
	}
	return time.Duration(ticks) * (time.Second / ticksPerSecond), nil
}

// ticksPerSecond is USER_HZ of Linux (proc(5)).
const ticksPerSecond = 100
