package postgres

import (
	"bufio"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5"

	"facet/internal/profile"
	"facet/internal/store"
)

// Load fills a database, which must have no tables, with the rows of another
// backend, and begins a new epoch of events in it. All of it is one
// transaction. told is called with the rows of a table that are written.
// Errors: ErrForeign for a database that has tables.
func Load(ctx context.Context, o Options, from store.RowSource, told func(table string, rows int64)) error {
	list, err := migrations()
	if err != nil {
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
		tables, err := loadTables(ctx, t)
		if err != nil {
			return err
		}
		theirs, err := from.Columns(ctx)
		if err != nil {
			return err
		}
		for _, table := range tables {
			if table.keep(theirs[table.name]); len(table.columns) == 0 {
				continue // it is kept by this backend alone
			}
			rows, err := table.load(ctx, t, from)
			if err != nil {
				return fmt.Errorf("table %s: %w", table.name, err)
			}
			told(table.name, rows)
		}
		for _, sql := range []string{`UPDATE meta SET value = value + 1 WHERE key = 'epoch'`, `ANALYZE`} {
			if _, err := t.Exec(ctx, sql); err != nil {
				return err
			}
		}
		return nil
	})
}

// build makes the schema in a database that has no tables.
func (s *Store) build(ctx context.Context, t pgx.Tx, list []migration) error {
	for _, sql := range []string{`SET LOCAL idle_in_transaction_session_timeout = 0`, fmt.Sprintf(`SELECT pg_advisory_xact_lock(%d)`, migrationLock)} {
		if _, err := t.Exec(ctx, sql); err != nil {
			return err
		}
	}
	if err := encoded(ctx, t.Conn()); err != nil {
		return err
	}
	if err := empty(ctx, t.Conn()); err != nil {
		return err
	}
	if _, err := t.Exec(ctx, migrationTable); err != nil {
		return err
	}
	for _, m := range list {
		if _, err := t.Conn().PgConn().Exec(ctx, m.sql).ReadAll(); err != nil {
			return fmt.Errorf("migration %s: %w", m.name, err)
		}
		if _, err := t.Exec(ctx, `INSERT INTO migration (name, checksum, applied) VALUES ($1, $2, $3)`, m.name, m.checksum, s.clock().UnixMicro()); err != nil {
			return err
		}
	}
	return nil
}

// loadTable is a table of ours, with what its columns hold.
type loadTable struct {
	name    string
	columns []string
	types   []string // as PostgreSQL names them
}

// loadTables lists our tables, but for what each database knows of itself.
func loadTables(ctx context.Context, t pgx.Tx) ([]*loadTable, error) {
	rows, err := t.Query(ctx, `
		SELECT c.relname, array_agg(a.attname::text ORDER BY a.attnum), array_agg(format_type(a.atttypid, NULL) ORDER BY a.attnum)
		FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
		WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
			AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND c.relname <> 'migration'
		GROUP BY c.relname ORDER BY c.relname`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (*loadTable, error) {
		d := &loadTable{}
		return d, r.Scan(&d.name, &d.columns, &d.types)
	})
}

// keep leaves the columns that the other backend has, too.
func (d *loadTable) keep(theirs []string) {
	var columns, types []string
	for i, name := range d.columns {
		if slices.Contains(theirs, name) {
			columns, types = append(columns, name), append(types, d.types[i])
		}
	}
	d.columns, d.types = columns, types
}

// load copies the rows of a table (PostgreSQL documentation, "COPY", text
// format), after those that the migrations wrote are gone.
func (d *loadTable) load(ctx context.Context, t pgx.Tx, from store.RowSource) (rows int64, err error) {
	if _, err := t.Exec(ctx, `DELETE FROM `+quoted(d.name)); err != nil {
		return 0, err
	}
	read, write := io.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		out := bufio.NewWriterSize(write, 1<<20)
		var line []byte
		err := from.Rows(ctx, d.name, d.columns, func(cells []store.Cell) error {
			line = d.line(line[:0], cells)
			_, err := out.Write(line)
			return err
		})
		if err == nil {
			err = out.Flush()
		}
		_ = write.CloseWithError(err) // nil: the end
	}()
	columns := pgx.Identifier{d.columns[0]}.Sanitize()
	for _, name := range d.columns[1:] {
		columns += ", " + pgx.Identifier{name}.Sanitize()
	}
	tag, err := t.Conn().PgConn().CopyFrom(ctx, read, `COPY `+quoted(d.name)+` (`+columns+`) FROM STDIN`)
	_ = read.Close()
	<-done
	return tag.RowsAffected(), err
}

// line is a row as COPY reads it.
func (d *loadTable) line(b []byte, cells []store.Cell) []byte {
	for i, cell := range cells {
		if i > 0 {
			b = append(b, '\t')
		}
		switch d.types[i] {
		case "bigint", "integer":
			b = strconv.AppendInt(b, cell.Number, 10)
		case "boolean":
			b = strconv.AppendBool(b, cell.Number != 0)
		case "uuid":
			var id profile.ID // none: the empty blob
			copy(id[:], cell.Bytes)
			b = append(b, id.String()...)
		case "bytea":
			b = append(b, `\\x`...)
			b = hex.AppendEncode(b, cell.Bytes)
		default:
			value := cell.Bytes
			if d.name == "search" && d.columns[i] == "sort" {
				value = []byte(sortKey(string(value)))
			}
			b = appendCopied(b, value)
		}
	}
	return append(b, '\n')
}

// appendCopied escapes a text for COPY.
func appendCopied(b, value []byte) []byte {
	for _, c := range value {
		switch c {
		case '\\':
			b = append(b, `\\`...)
		case '\n':
			b = append(b, `\n`...)
		case '\r':
			b = append(b, `\r`...)
		case '\t':
			b = append(b, `\t`...)
		default:
			b = append(b, c)
		}
	}
	return b
}
