package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/jackc/pgx/v5"

	"facet/internal/store"
)

// Backend is the name of this backend in dumps.
const Backend = "postgres"

// dumpPart is the most bytes of one part of a dump: what is kept in memory.
const dumpPart = 8 << 20

// Dump copies every table within one snapshot (PostgreSQL documentation,
// "COPY", text format; REPEATABLE READ), by a connection of its own. Parts are
// table/NAME/NUMBER: the rows of a table in the order of the numbers. Workers of
// Citus have no common snapshot: there whoever writes waits until it is done.
func (s *Store) Dump(ctx context.Context, _ string, to store.DumpWriter) error {
	c, err := s.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer c.Release()
	// What is written to may be slow; and tables are read whole.
	first := []string{`SET LOCAL idle_in_transaction_session_timeout = 0`, `SET LOCAL enable_seqscan = on`}
	if s.citus {
		lock, err := quiet(ctx, c.Conn())
		if err != nil {
			return err
		}
		first = append(first, lock)
	}
	return pgx.BeginTxFunc(ctx, c.Conn(), pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(t pgx.Tx) error {
		for _, sql := range first {
			if _, err := t.Exec(ctx, sql); err != nil {
				return err
			}
		}
		info, err := infoOf(ctx, t)
		if err != nil {
			return err
		}
		if err := to.Begin(info); err != nil {
			return err
		}
		tables, err := dumpTables(ctx, t)
		if err != nil {
			return err
		}
		for _, table := range tables {
			parts := &partWriter{to: to, table: table.name}
			if _, err := t.Conn().PgConn().CopyTo(ctx, parts, `COPY (SELECT `+table.columns+` FROM `+quoted(table.name)+`) TO STDOUT`); err != nil {
				return errors.Join(parts.err, err)
			}
			if err := parts.flush(); err != nil {
				return err
			}
		}
		return eachBlob(ctx, t, to.Blob)
	})
}

// quiet gives what keeps everybody from writing in our tables until the
// transaction ends. It is the first of its statements, as the snapshot of a
// transaction is older than the locks it takes later.
func quiet(ctx context.Context, c *pgx.Conn) (lock string, err error) {
	err = pgx.BeginTxFunc(ctx, c, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(t pgx.Tx) error {
		tables, err := dumpTables(ctx, t)
		for i, table := range tables {
			if lock += ", "; i == 0 {
				lock = "LOCK TABLE "
			}
			lock += quoted(table.name)
		}
		return err
	})
	return lock + " IN SHARE MODE", err
}

// DumpInfo tells which migrations the database has had.
func (s *Store) DumpInfo(ctx context.Context) (info store.DumpInfo, err error) {
	err = pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(t pgx.Tx) error {
		info, err = infoOf(ctx, t)
		return err
	})
	return info, err
}

func infoOf(ctx context.Context, t pgx.Tx) (info store.DumpInfo, err error) {
	info.Backend = Backend
	rows, err := t.Query(ctx, `SELECT name, checksum FROM migration ORDER BY name`)
	if err != nil {
		return info, err
	}
	info.Migrations, err = pgx.CollectRows(rows, pgx.RowToStructByPos[store.DumpMigration])
	return info, err
}

// partWriter cuts the rows of a table into parts.
type partWriter struct {
	to     store.DumpWriter
	table  string
	number int
	rows   []byte
	err    error
}

// Write takes rows: whole ones, as the server sends them.
func (p *partWriter) Write(b []byte) (int, error) {
	if len(p.rows)+len(b) > dumpPart {
		if err := p.flush(); err != nil {
			return 0, err
		}
	}
	p.rows = append(p.rows, b...)
	return len(b), nil
}

func (p *partWriter) flush() error {
	if len(p.rows) == 0 {
		return nil
	}
	p.number++
	p.err = p.to.Part(fmt.Sprintf("table/%s/%06d", p.table, p.number), int64(len(p.rows)), bytes.NewReader(p.rows))
	p.rows = p.rows[:0]
	return p.err
}

// dumpTable is a table and its columns, quoted.
type dumpTable struct{ name, columns string }

// dumpTables lists our tables, but for that of the migrations, whose rows a
// restore writes as it makes them, and what networks have spent, which is
// nobody's to keep. Partitions count as their table.
func dumpTables(ctx context.Context, t pgx.Tx) ([]dumpTable, error) {
	rows, err := t.Query(ctx, `
		SELECT c.relname, string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
		FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
		WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
			AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND c.relname NOT IN ('migration', 'spent')
		GROUP BY c.relname ORDER BY c.relname`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (d dumpTable, err error) {
		err = r.Scan(&d.name, &d.columns)
		return d, err
	})
}

func quoted(name string) string { return pgx.Identifier{name}.Sanitize() }

// EachBlob reads the rows of stored files.
func (s *Store) EachBlob(ctx context.Context, fn func(store.DumpedBlob) error) error {
	return pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(t pgx.Tx) error {
		if _, err := t.Exec(ctx, `SET LOCAL idle_in_transaction_session_timeout = 0`); err != nil {
			return err
		}
		return eachBlob(ctx, t, fn)
	})
}

func eachBlob(ctx context.Context, t pgx.Tx, fn func(store.DumpedBlob) error) error {
	rows, err := t.Query(ctx, `SELECT site, key, meta FROM blob ORDER BY site, bucket, key`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var b store.DumpedBlob
		var meta string
		if err := rows.Scan(&b.Site, &b.Key, &meta); err != nil {
			return err
		}
		b.Meta = []byte(meta)
		if err := fn(b); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Restore fills a database, which must have no tables, with a dump, and begins
// a new epoch of events in it; Open then brings it up to date, and spreads what
// was spread where there are servers for it. What is not a
// table is given to other. All of it is one transaction. Errors: ErrNewer for
// the dump of a newer version, ErrForeign for a database that has tables.
func Restore(ctx context.Context, o Options, from store.DumpReader, other func(name string, r io.Reader) error) error {
	list, err := migrations()
	if err != nil {
		return err
	}
	if list, err = known(list, from.Info()); err != nil {
		return err
	}
	s, err := dial(ctx, o)
	if err != nil {
		return err
	}
	defer s.close()
	c, err := s.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer c.Release()
	return pgx.BeginFunc(ctx, c.Conn(), func(t pgx.Tx) error {
		if err := s.build(ctx, t, list); err != nil {
			return fmt.Errorf("database: %w", err)
		}
		if err := receive(ctx, t, from, other); err != nil {
			return err
		}
		if _, err := t.Exec(ctx, `UPDATE meta SET value = value + 1 WHERE key = 'epoch'`); err != nil {
			return err
		}
		return settle(ctx, t)
	})
}

// settle leaves a dump of many servers on the one that it was restored to, where
// there are no others: else Open spreads it again.
func settle(ctx context.Context, t pgx.Tx) error {
	err := ready(ctx, t.Conn())
	if !errors.Is(err, ErrNoCitus) {
		return err
	}
	_, err = t.Exec(ctx, `DELETE FROM meta WHERE key = $1`, metaShards)
	return err
}

// receive fills the tables of a schema that was just made.
func receive(ctx context.Context, t pgx.Tx, from store.DumpReader, other func(string, io.Reader) error) error {
	tables, err := dumpTables(ctx, t)
	if err != nil {
		return err
	}
	columns := map[string]string{}
	for _, table := range tables {
		columns[table.name] = table.columns
		if _, err := t.Exec(ctx, `DELETE FROM `+quoted(table.name)); err != nil { // what migrations wrote
			return err
		}
	}
	for {
		name, r, err := from.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		table, isTable := strings.CutPrefix(name, "table/")
		if !isTable {
			if err := other(name, r); err != nil {
				return err
			}
			continue
		}
		table, _, _ = strings.Cut(table, "/")
		if columns[table] == "" {
			return fmt.Errorf("the dump has a table %q that its version does not know", table)
		}
		if _, err := t.Conn().PgConn().CopyFrom(ctx, r, `COPY `+quoted(table)+` (`+columns[table]+`) FROM STDIN`); err != nil {
			return fmt.Errorf("table %s: %w", table, err)
		}
	}
}

// known gives those of our migrations that a dump has had.
func known(list []migration, info store.DumpInfo) ([]migration, error) {
	for i, m := range info.Migrations {
		switch {
		case i == len(list) || list[i].name != m.Name:
			return nil, fmt.Errorf("%w: migration %s is unknown", ErrNewer, m.Name)
		case list[i].checksum != m.Checksum:
			return nil, fmt.Errorf("migration %s is not the one the database was made with", m.Name)
		}
	}
	return list[:len(info.Migrations)], nil
}

var _ store.Dumper = (*Store)(nil)
