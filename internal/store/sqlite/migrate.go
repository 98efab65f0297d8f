package sqlite

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"path"
	"time"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// ErrNewer is a database that a newer version has migrated.
var ErrNewer = errors.New("the data folder was written by a newer version")

// ErrOlder is a database, opened for reading only, that a server must migrate
// first.
var ErrOlder = errors.New("the data folder needs migration: start the server on it once")

const migrationTable = `
CREATE TABLE IF NOT EXISTS migration (
  name     TEXT PRIMARY KEY,
  checksum TEXT NOT NULL,
  applied  INTEGER NOT NULL
) WITHOUT ROWID`

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

// migrate brings the schema up to date, each migration in one transaction.
func migrate(c *conn, list []migration, now time.Time) error {
	if err := c.script(migrationTable); err != nil {
		return err
	}
	done, err := applied(c, list)
	if err != nil {
		return err
	}
	for _, m := range list[done:] {
		if err := c.script("BEGIN IMMEDIATE;" + m.sql); err != nil {
			_ = c.script("ROLLBACK")
			return fmt.Errorf("migration %s: %w", m.name, err)
		}
		note := fmt.Sprintf("INSERT INTO migration (name, checksum, applied) VALUES ('%s', '%s', %d); COMMIT",
			m.name, m.checksum, now.UnixMicro())
		if err := c.script(note); err != nil {
			_ = c.script("ROLLBACK")
			return fmt.Errorf("migration %s: %w", m.name, err)
		}
	}
	return nil
}

// applied counts the migrations that the database has, and refuses those that
// are not, or not so, in the list.
func applied(c *conn, list []migration) (int, error) {
	n := 0
	var bad error
	_, err := c.scriptRows(`SELECT name, checksum FROM migration ORDER BY name`, func(s *stmt) bool {
		name, sum := s.text(0), s.text(1)
		switch {
		case n == len(list) || list[n].name != name:
			bad = fmt.Errorf("%w: migration %s is unknown", ErrNewer, name)
		case list[n].checksum != sum:
			bad = fmt.Errorf("migration %s is not the one the database was made with", name)
		}
		n++
		return bad == nil
	})
	if err == nil {
		err = bad
	}
	return n, err
}
