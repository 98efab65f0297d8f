package sqlite

import (
	"context"
	"errors"
	"fmt"
	"strings"

	sqlite3 "modernc.org/sqlite/lib"

	"facet/internal/store"
)

// ErrMoved is a database whose rows another backend has taken over.
var ErrMoved = errors.New("its data has moved to another database")

// movedVersion marks such a database, in its user_version.
const movedVersion = "1"

// Columns lists the columns of each table.
func (s *Store) Columns(ctx context.Context) (map[string][]string, error) {
	c, err := s.reader(ctx)
	if err != nil {
		return nil, err
	}
	defer s.giveBack(c)
	tables := map[string][]string{}
	_, err = c.scriptRows(`
		SELECT t.name, c.name FROM pragma_table_list t JOIN pragma_table_info(t.name) c
		WHERE t.schema = 'main' AND t.type = 'table' AND t.name NOT LIKE 'sqlite_%' ORDER BY t.name, c.cid`,
		func(q *stmt) bool {
			tables[q.text(0)] = append(tables[q.text(0)], q.text(1))
			return true
		})
	return tables, err
}

// Rows calls fn with every row of a table, in the order of its key.
func (s *Store) Rows(ctx context.Context, table string, columns []string, fn func([]store.Cell) error) error {
	c, err := s.reader(ctx)
	if err != nil {
		return err
	}
	defer s.giveBack(c)
	cells := make([]store.Cell, len(columns))
	var failed error
	_, err = c.scriptRows(fmt.Sprintf(`SELECT "%s" FROM "%s"`, strings.Join(columns, `", "`), table), func(q *stmt) bool {
		for i := range cells {
			cells[i] = store.Cell{}
			if sqlite3.Xsqlite3_column_type(c.tls, q.p, int32(i)) == sqlite3.SQLITE_INTEGER {
				cells[i].Number = q.int(i)
			} else {
				cells[i].Bytes = q.raw(i)
			}
		}
		if failed = ctx.Err(); failed == nil {
			failed = fn(cells)
		}
		return failed == nil
	})
	return errors.Join(failed, err)
}

// MarkMoved makes every later Open of the folder fail with ErrMoved.
func (s *Store) MarkMoved() error {
	if s.w == nil {
		return ErrReadOnly
	}
	c, err := openConn(s.path, sqlite3.SQLITE_OPEN_READWRITE)
	if err != nil {
		return err
	}
	return errors.Join(c.script("PRAGMA busy_timeout = 5000; PRAGMA synchronous = FULL; PRAGMA user_version = "+movedVersion), c.close())
}

// here refuses a database that was moved.
func (c *conn) here() error {
	version, err := c.pragma("PRAGMA user_version")
	if err == nil && version == movedVersion {
		err = ErrMoved
	}
	return err
}

var _ store.RowSource = (*Store)(nil)
