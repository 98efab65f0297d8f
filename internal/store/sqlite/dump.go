package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"

	"facet/internal/store"
)

// Backend is the name of this backend in dumps.
const Backend = "sqlite"

// dumpStep is how many pages are copied between two looks at the context.
const dumpStep = 2048

// Dump copies the database by SQLite's backup interface, page by page within
// one snapshot, to a file in the scratch folder, and gives that as one part
// (sqlite.org/backup.html). Who writes meanwhile is not held up; the log grows
// until the copy is made.
func (s *Store) Dump(ctx context.Context, scratch string, to store.DumpWriter) (err error) {
	dir, err := os.MkdirTemp(scratch, ".facet-dump-")
	if err != nil {
		return fmt.Errorf("the scratch folder: %w", plain(err))
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, databaseName)
	if err := copyDatabase(ctx, s.path, path); err != nil {
		return err
	}
	c, err := openConn(path, sqlite3.SQLITE_OPEN_READWRITE)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	if err := c.script("PRAGMA journal_mode = DELETE"); err != nil { // one file, without a log beside it
		return err
	}
	info, err := infoOf(c)
	if err == nil {
		err = to.Begin(info)
	}
	if err == nil {
		err = part(path, to)
	}
	if err != nil {
		return err
	}
	return eachBlob(c, to.Blob)
}

// DumpInfo tells which migrations the database has had.
func (s *Store) DumpInfo(ctx context.Context) (store.DumpInfo, error) {
	c, err := s.reader(ctx)
	if err != nil {
		return store.DumpInfo{}, err
	}
	defer s.giveBack(c)
	return infoOf(c)
}

func infoOf(c *conn) (store.DumpInfo, error) {
	info := store.DumpInfo{Backend: Backend}
	_, err := c.scriptRows(`SELECT name, checksum FROM migration ORDER BY name`, func(q *stmt) bool {
		info.Migrations = append(info.Migrations, store.DumpMigration{Name: q.text(0), Checksum: q.text(1)})
		return true
	})
	return info, err
}

func part(path string, to store.DumpWriter) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	at, err := f.Stat()
	if err != nil {
		return err
	}
	return to.Part(databaseName, at.Size(), f)
}

// EachBlob reads the rows of stored files.
func (s *Store) EachBlob(ctx context.Context, fn func(store.DumpedBlob) error) error {
	c, err := s.reader(ctx)
	if err != nil {
		return err
	}
	defer s.giveBack(c)
	return eachBlob(c, fn)
}

func eachBlob(c *conn, fn func(store.DumpedBlob) error) error {
	var failed error
	_, err := c.scriptRows(`SELECT site, key, meta FROM blob ORDER BY site, bucket, key`, func(q *stmt) bool {
		failed = fn(store.DumpedBlob{Site: store.SiteID(q.int(0)), Key: q.text(1), Meta: q.bytes(2)})
		return failed == nil
	})
	if failed != nil {
		return failed
	}
	return err
}

// copyDatabase copies a database as it is at one moment.
func copyDatabase(ctx context.Context, from, to string) error {
	src, err := openConn(from, sqlite3.SQLITE_OPEN_READONLY)
	if err != nil {
		return err
	}
	defer src.close()
	// A snapshot that is held keeps what is copied from changing.
	if err := src.script("PRAGMA busy_timeout = 5000; BEGIN; SELECT count(*) FROM meta"); err != nil {
		return err
	}
	dst, err := openConn(to, sqlite3.SQLITE_OPEN_READWRITE|sqlite3.SQLITE_OPEN_CREATE)
	if err != nil {
		return err
	}
	err = copyPages(ctx, src, dst)
	return errors.Join(err, dst.close())
}

func copyPages(ctx context.Context, src, dst *conn) error {
	name, err := libc.CString("main")
	if err != nil {
		return err
	}
	defer libc.Xfree(dst.tls, name)
	b := sqlite3.Xsqlite3_backup_init(dst.tls, dst.db, name, src.db, name)
	if b == 0 {
		return dst.error(sqlite3.Xsqlite3_errcode(dst.tls, dst.db), "")
	}
	for rc := int32(sqlite3.SQLITE_OK); rc == sqlite3.SQLITE_OK; {
		if err = ctx.Err(); err != nil {
			break
		}
		if rc = sqlite3.Xsqlite3_backup_step(dst.tls, b, dumpStep); rc != sqlite3.SQLITE_OK && rc != sqlite3.SQLITE_DONE {
			err = dst.error(rc, "")
		}
	}
	if rc := sqlite3.Xsqlite3_backup_finish(dst.tls, b); err == nil && rc != sqlite3.SQLITE_OK {
		err = dst.error(rc, "")
	}
	return err
}

// Restore makes a data folder, which must not be there or be empty, of a dump,
// and begins a new epoch of events in it; Open then brings it up to date. What
// is not a part of the database is given to what other gives for the folder that
// is being made. The folder appears whole or not at all. Errors: ErrNewer for
// the dump of a newer version.
func Restore(ctx context.Context, dir string, from store.DumpReader, other func(made string) func(name string, r io.Reader) error) (err error) {
	if err := migrationsKnown(from.Info()); err != nil {
		return err
	}
	if there, err := os.ReadDir(dir); err == nil && len(there) > 0 {
		return fmt.Errorf("data folder %s: it is not empty, and is left as it is", dir)
	}
	above := filepath.Dir(filepath.Clean(dir))
	if err := os.MkdirAll(above, 0o700); err != nil {
		return fmt.Errorf("data folder %s: %w", dir, plain(err))
	}
	made, err := os.MkdirTemp(above, ".facet-restore-")
	if err != nil {
		return fmt.Errorf("data folder %s: %w", dir, plain(err))
	}
	defer func() { err = errors.Join(err, os.RemoveAll(made)) }()
	path := filepath.Join(made, databaseName)
	if err := receive(ctx, path, from, other(made)); err != nil {
		return err
	}
	if err := renew(path); err != nil {
		return err
	}
	if err := os.Remove(dir); err != nil && !errors.Is(err, os.ErrNotExist) { // empty
		return fmt.Errorf("data folder %s: %w", dir, plain(err))
	}
	if err := os.Rename(made, dir); err != nil {
		return fmt.Errorf("data folder %s: %w", dir, err)
	}
	return syncFolder(above)
}

// receive writes the database of a dump, and reads the dump to its end.
func receive(ctx context.Context, path string, from store.DumpReader, other func(string, io.Reader) error) error {
	whole := false
	for {
		name, r, err := from.Next()
		switch {
		case errors.Is(err, io.EOF) && whole:
			return nil
		case errors.Is(err, io.EOF):
			return errors.New("the dump has no database")
		case err != nil:
			return err
		case name == databaseName:
			whole, err = true, writeFile(path, r)
		default:
			err = other(name, r)
		}
		if err = errors.Join(err, ctx.Err()); err != nil {
			return err
		}
	}
}

func writeFile(path string, r io.Reader) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// renew checks a database that was restored and begins a new epoch in it.
func renew(path string) (err error) {
	c, err := openConn(path, sqlite3.SQLITE_OPEN_READWRITE)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	id, err := c.pragma("PRAGMA application_id")
	switch {
	case err != nil:
		return foreign(err)
	case id != fmt.Sprint(applicationID):
		return ErrForeign
	}
	result, err := c.pragma("PRAGMA integrity_check")
	if err == nil && result != "ok" {
		err = fmt.Errorf("the restored database is damaged: %s", result)
	}
	if err != nil {
		return err
	}
	return c.script("PRAGMA synchronous = FULL; UPDATE meta SET value = value + 1 WHERE key = 'epoch'")
}

// migrationsKnown refuses a dump that this build has not the migrations of.
func migrationsKnown(info store.DumpInfo) error {
	list, err := migrations()
	if err != nil {
		return err
	}
	for i, m := range info.Migrations {
		switch {
		case i == len(list) || list[i].name != m.Name:
			return fmt.Errorf("%w: migration %s is unknown", ErrNewer, m.Name)
		case list[i].checksum != m.Checksum:
			return fmt.Errorf("migration %s is not the one the database was made with", m.Name)
		}
	}
	return nil
}

func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

var _ store.Dumper = (*Store)(nil)
