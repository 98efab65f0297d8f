package postgres

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/jackc/pgx/v5"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

const migrationTable = `
CREATE TABLE IF NOT EXISTS migration (
  name     TEXT COLLATE "C" PRIMARY KEY,
  checksum TEXT COLLATE "C" NOT NULL,
  applied  BIGINT NOT NULL
)`

// migrationLock is the advisory lock of who migrates: "Facet" in ASCII.
const migrationLock = 0x4661636574

type migration struct{ name, sql, checksum string }

// migrations reads the embedded files, in the order of their names.
func migrations() ([]migration, error) {
	files, err := migrationFiles.ReadDir("migrations")
	if err != nil {
		return nil, err
	}
	var list []migration
	for _, f := range files {
		b, err := migrationFiles.ReadFile(path.Join("migrations", f.Name()))
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(b)
		list = append(list, migration{f.Name(), string(b), hex.EncodeToString(sum[:])})
	}
	return list, nil
}

// migrate brings the schema up to date, each migration in one transaction, and
// spreads it where it is to be, or is with shards. Of several processes one does,
// the others wait.
func migrate(ctx context.Context, s *Store, shards int) (done Migration, err error) {
	list, err := migrations()
	if err != nil {
		return done, err
	}
	c, err := s.pool.Acquire(ctx)
	if err != nil {
		return done, err
	}
	defer c.Release()
	if _, err := c.Exec(ctx, `SELECT pg_advisory_lock($1)`, migrationLock); err != nil {
		return done, err
	}
	defer func() { _, _ = c.Exec(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock($1)`, migrationLock) }()
	if err := encoded(ctx, c.Conn()); err != nil {
		return done, err
	}
	have, err := applied(ctx, c.Conn(), list)
	if errors.Is(err, errNoTable) {
		if err = empty(ctx, c.Conn()); err == nil {
			_, err = c.Exec(ctx, migrationTable)
		}
	}
	if err != nil {
		return done, err
	}
	for _, m := range list[have:] {
		err := pgx.BeginFunc(ctx, c.Conn(), func(t pgx.Tx) error {
			if _, err := t.Conn().PgConn().Exec(ctx, m.sql).ReadAll(); err != nil {
				return err
			}
			_, err := t.Exec(ctx, `INSERT INTO migration (name, checksum, applied) VALUES ($1, $2, $3)`,
				m.name, m.checksum, s.clock().UnixMicro())
			return err
		})
		if err != nil {
			return done, fmt.Errorf("migration %s: %w", m.name, err)
		}
		done.Applied = append(done.Applied, m.name)
	}
	if shards > 0 {
		if err := begin(ctx, c.Conn(), shards); err != nil {
			return done, err
		}
	}
	if done.Shards, err = shardsOf(ctx, c.Conn()); err == nil && done.Shards > 0 {
		done.Moved, err = spread(ctx, c.Conn(), done.Shards)
	}
	return done, err
}

// current checks that the database is ours and needs no migration.
func current(ctx context.Context, s *Store) error {
	list, err := migrations()
	if err != nil {
		return err
	}
	c, err := s.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer c.Release()
	n, err := applied(ctx, c.Conn(), list)
	switch {
	case errors.Is(err, errNoTable):
		return ErrForeign
	case err == nil && n < len(list):
		return ErrOlder
	}
	return err
}

// encoded refuses a database that cannot hold every character.
func encoded(ctx context.Context, c *pgx.Conn) error {
	var encoding string
	err := c.QueryRow(ctx, `SHOW server_encoding`).Scan(&encoding)
	if err == nil && encoding != "UTF8" {
		err = fmt.Errorf("its encoding is %s: create it with ENCODING 'UTF8'", encoding)
	}
	return err
}

var errNoTable = errors.New("no migration has been made")

// empty refuses a database that has tables, none of them ours.
func empty(ctx context.Context, c *pgx.Conn) error {
	var names string
	err := c.QueryRow(ctx, `
		SELECT coalesce(string_agg(tablename, ', ' ORDER BY tablename), '') FROM (
			SELECT tablename FROM pg_tables WHERE schemaname = current_schema() LIMIT 3) AS few`).Scan(&names)
	if err == nil && names != "" {
		err = fmt.Errorf("%w: %s", ErrForeign, names)
	}
	return err
}

// applied counts the migrations that the database has, and refuses those that
// are not, or not so, in the list.
func applied(ctx context.Context, c *pgx.Conn, list []migration) (int, error) {
	var there bool
	err := c.QueryRow(ctx, `
		SELECT EXISTS (SELECT FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'migration')`).Scan(&there)
	if err != nil {
		return 0, err
	}
	if !there {
		return 0, errNoTable
	}
	rows, err := c.Query(ctx, `SELECT name, checksum FROM migration ORDER BY name`)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	n := 0
	for rows.Next() {
		var name, sum string
		if err := rows.Scan(&name, &sum); err != nil {
			return 0, err
		}
		switch {
		case n == len(list) || list[n].name != name:
			return 0, fmt.Errorf("%w: migration %s is unknown", ErrNewer, name)
		case list[n].checksum != sum:
			return 0, fmt.Errorf("migration %s is not the one the database was made with", name)
		}
		n++
	}
	return n, rows.Err()
}

// poolSized reports whether a connection string says how many connections.
func poolSized(url string) bool { return strings.Contains(url, "pool_max_conns") }
