package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
)

// A database that is spread has its tables on several servers, by bucket (Citus
// documentation, "Distributed Data Modeling"). Table meta says so before the
// first table moves, in how many shards; whoever migrates moves those that have
// not moved yet. So what was begun is ended, and tables of later migrations
// follow.

// metaShards is the key in table meta of the number of shards: 0, or none, on
// one server.
const metaShards = "shards"

// local are the tables with a bucket that stay on the coordinator: no subject's
// work writes them but by their own short transactions (numbers), or they have a
// key that the bucket is no part of (hosts).
var local = []string{"host", "sequence"}

// firstTable is what all tables lie beside, bucket by bucket.
const firstTable = "record"

// MaxShards is how many shards a database can have: the values of a bucket.
const MaxShards = 1 << 16

// Errors of Migrate.
var (
	// ErrNoCitus is a database without what spreads it.
	ErrNoCitus = errors.New("the database has no extension citus 13.1 or later with a server to hold shards: " +
		"CREATE EXTENSION citus on all servers, then citus_set_coordinator_host and citus_add_node")
	// ErrInUse is a database that others are connected to, of whatever version.
	ErrInUse = errors.New("the database is in use: end all other connections to it first")
	// ErrSpread is a database that is spread over another number of shards.
	ErrSpread = errors.New("the database is spread already, over another number of shards")
)

var (
	selectCitus = sql(`SELECT 1::bigint FROM pg_extension WHERE extname = 'citus'`)

	// The coordinator's snapshot, and below it what a worker has prepared but
	// not committed though its coordinator has (Citus documentation,
	// pg_dist_transaction): that is looked at after the snapshot was taken.
	selectHorizonOfAll = sql(`
		WITH w AS MATERIALIZED (
			SELECT success, result FROM run_command_on_workers(
				'SELECT coalesce(string_agg(gid, '' ''), '''') FROM pg_prepared_xacts WHERE database = current_database()'))
		SELECT least(pg_snapshot_xmin(pg_current_snapshot())::text::bigint, (
				SELECT min(d.outer_xid::text::bigint) FROM pg_dist_transaction d
				WHERE d.gid IN (SELECT unnest(string_to_array(result, ' ')) FROM w WHERE success))),
			(SELECT min(result) FROM w WHERE NOT success)`)
)

// Migration is what Migrate has done.
type Migration struct {
	Applied []string // the migrations that were missing
	Moved   []string // the tables that were spread
	Shards  int      // over how many they lie; 0: the database is not spread
}

// Migrate brings the schema up to date. With shards it spreads the database over
// the servers of Citus, in so many parts: ErrNoCitus where there are none, ErrInUse
// where somebody else is connected, ErrSpread where that was done otherwise.
// Where it is ended halfway, it, or Open, goes on.
func Migrate(ctx context.Context, o Options, shards int) (Migration, error) {
	s, err := dial(ctx, o)
	if err != nil {
		return Migration{}, err
	}
	defer s.close()
	m, err := migrate(ctx, s, shards)
	if err != nil {
		err = fmt.Errorf("database: %w", err)
	}
	return m, err
}

// begin notes over how many shards the database is to be spread.
func begin(ctx context.Context, c *pgx.Conn, shards int) error {
	now, err := shardsOf(ctx, c)
	switch {
	case err != nil || now == shards:
		return err
	case now != 0:
		return fmt.Errorf("%w: %d", ErrSpread, now)
	}
	if err := ready(ctx, c); err != nil {
		return err
	}
	var others string
	err = c.QueryRow(ctx, `
		SELECT coalesce(string_agg(DISTINCT coalesce(nullif(application_name, ''), 'a client without name'), ', '), '')
		FROM pg_stat_activity
		WHERE datname = current_database() AND application_name NOT LIKE 'citus%'
			AND backend_type = 'client backend' AND pid <> pg_backend_pid()`).Scan(&others)
	if err == nil && others != "" {
		err = fmt.Errorf("%w: %s", ErrInUse, others)
	}
	if err == nil {
		_, err = c.Exec(ctx, `INSERT INTO meta (key, value) VALUES ($1, $2)
			ON CONFLICT (key) DO UPDATE SET value = excluded.value`, metaShards, shards)
	}
	return err
}

func shardsOf(ctx context.Context, c *pgx.Conn) (n int, err error) {
	err = c.QueryRow(ctx, `SELECT coalesce(max(value), 0) FROM meta WHERE key = $1`, metaShards).Scan(&n)
	return n, err
}

// ready reports whether the extension and a server for shards are there.
func ready(ctx context.Context, c *pgx.Conn) error {
	var version []int
	err := c.QueryRow(ctx, `
		SELECT string_to_array(substring(extversion FROM '^[0-9]+\.[0-9]+'), '.')::bigint[]
		FROM pg_extension WHERE extname = 'citus'`).Scan(&version)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && slices.Compare(version, []int{13, 1}) < 0 {
		return ErrNoCitus
	}
	servers := 0
	if err == nil {
		err = c.QueryRow(ctx, `
			SELECT count(*) FROM pg_dist_node WHERE isactive AND shouldhaveshards AND noderole = 'primary'`).Scan(&servers)
	}
	if err == nil && servers == 0 {
		err = ErrNoCitus
	}
	return err
}

// spread moves the tables that have a bucket and are still on one server, and
// gives their names. Their rows go along.
func spread(ctx context.Context, c *pgx.Conn, shards int) (moved []string, err error) {
	left, err := Unspread(ctx, c)
	if err != nil || len(left) == 0 {
		return nil, err
	}
	if err := ready(ctx, c); err != nil {
		return nil, err
	}
	for _, table := range left {
		q, args := `SELECT create_distributed_table($1, 'bucket', colocate_with => $2)`, []any{table, firstTable}
		if table == firstTable {
			q, args = `SELECT create_distributed_table($1, 'bucket', colocate_with => 'none', shard_count => $2)`, []any{table, shards}
		}
		if _, err := c.Exec(ctx, q, args...); err != nil {
			return moved, fmt.Errorf("table %s: %w", table, err)
		}
		moved = append(moved, table)
	}
	return moved, cleared(ctx, c)
}

// Unspread lists the tables with a bucket that are on one server and need not
// be, record before all. A table in partitions is one whose rows lie by bucket, too.
func Unspread(ctx context.Context, c *pgx.Conn) (left []string, err error) {
	rows, err := c.Query(ctx, `
		SELECT k.relname::text FROM pg_class k
		JOIN pg_attribute a ON a.attrelid = k.oid AND a.attname = 'bucket' AND NOT a.attisdropped
		WHERE k.relnamespace = current_schema()::regnamespace AND k.relkind = 'r' AND NOT k.relispartition
			AND k.relname <> ALL ($1)
		ORDER BY k.relname <> $2, k.relname`, local, firstTable)
	if err != nil {
		return nil, err
	}
	if left, err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil || len(left) == 0 {
		return nil, err
	}
	gone, err := distributed(ctx, c)
	return slices.DeleteFunc(left, func(table string) bool { return slices.Contains(gone, table) }), err
}

// distributed lists the tables that lie on several servers.
func distributed(ctx context.Context, c *pgx.Conn) ([]string, error) {
	var citus bool
	if err := c.QueryRow(ctx, `SELECT to_regclass('pg_dist_partition') IS NOT NULL`).Scan(&citus); err != nil || !citus {
		return nil, err
	}
	rows, err := c.Query(ctx, `
		SELECT k.relname::text FROM pg_dist_partition p JOIN pg_class k ON k.oid = p.logicalrelid
		WHERE k.relnamespace = current_schema()::regnamespace`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// cleared frees the room of the rows that were copied to their shards and lie
// hidden on the coordinator.
func cleared(ctx context.Context, c *pgx.Conn) error {
	tables, err := distributed(ctx, c)
	for _, table := range tables {
		if err == nil {
			_, err = c.Exec(ctx, `SELECT truncate_local_data_after_distributing_table($1)`, table)
		}
	}
	return err
}
