package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
	sqlite3 "modernc.org/sqlite/lib"

	"facet/internal/store"
)

// Errors of Open, wrapped in one line that names the folder.
var (
	ErrHeld     = errors.New("another process holds the data folder")
	ErrForeign  = errors.New("the folder holds something else than a Facet database")
	ErrAccess   = errors.New("this user may not write in the data folder")
	ErrReadOnly = errors.New("the data folder is opened for reading only")
)

const (
	databaseName = "facet.db"
	lockName     = "lock"

	// applicationID, "Fact" in ASCII, marks the database file as ours.
	applicationID = 0x46616374

	// mapped is how much of the file readers see without a system call; SQLite
	// takes no more. It saves a sixth to a third of a read's processor time.
	// The price: an unreadable disk ends the process (sqlite.org/mmap.html).
	mapped = 2147418112

	// minVersion is the first SQLite without the WAL reset bug
	// (sqlite.org/wal.html, section 11).
	minVersion = 3051003
)

// Options say how a data folder is opened. Only Dir is needed.
type Options struct {
	Dir string
	// PageCache is how many MiB of pages each reader may keep, and the writer
	// four times; 0 means 16.
	PageCache int
	// Reserve is how many pages (about 4.5 KiB each) SQLite gets as one block
	// when the process opens its first store; 0 means 8192, negative none.
	// Memory is used as the pages are.
	Reserve int
	Logger  *slog.Logger     // nil: slog.Default()
	Clock   func() time.Time // nil: time.Now
}

func (o *Options) fill() {
	if o.PageCache == 0 {
		o.PageCache = 16
	}
	if o.Reserve == 0 {
		o.Reserve = 8192
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
}

// Store is a data folder that is open. It is a store.Store.
type Store struct {
	w       *writer // nil when read-only
	lock    *os.File
	path    string // of the database file
	readers chan *conn
	count   int // of readers
	commits commits
	closed  atomic.Bool
	done    chan struct{}
	once    sync.Once
	err     error
}

var reserveOnce sync.Once

// Open opens a data folder, makes it when it does not exist, and brings its
// schema up to date. It holds the folder until Close.
func Open(ctx context.Context, o Options) (*Store, error) {
	o.fill()
	if err := supported(libraryVersion()); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("data folder %s: %w", o.Dir, plain(err))
	}
	if err := checkFolder(o.Dir); err != nil {
		return nil, fmt.Errorf("data folder %s: %w", o.Dir, err)
	}
	lock, made, err := takeLock(filepath.Join(o.Dir, lockName))
	if err != nil {
		return nil, fmt.Errorf("data folder %s: %w", o.Dir, noAccess(err))
	}
	s := &Store{lock: lock, done: make(chan struct{})}
	if err := s.open(ctx, o); err != nil {
		err = noAccess(err)
		if made && errors.Is(err, ErrForeign) { // the folder is left as it was
			_ = os.Remove(lock.Name())
		}
		lock.Close()
		return nil, fmt.Errorf("data folder %s: %w", o.Dir, err)
	}
	return s, nil
}

func (s *Store) open(ctx context.Context, o Options) error {
	reserveOnce.Do(func() {
		keepMapped()
		if o.Reserve > 0 {
			reserve(o.Reserve)
		}
	})
	path := filepath.Join(o.Dir, databaseName)
	c, err := openConn(path, sqlite3.SQLITE_OPEN_READWRITE|sqlite3.SQLITE_OPEN_CREATE)
	if err != nil {
		return err
	}
	if err := s.prepare(c, o); err != nil {
		c.close()
		return foreign(err)
	}
	if err := s.openReaders(path, o); err != nil {
		c.close()
		return err
	}
	if s.w, err = newWriter(c, o.Logger, o.Clock, &s.commits, s.settle); err != nil {
		s.closeReaders()
		c.close()
		return err
	}
	return ctx.Err()
}

// prepare makes sure that the database is ours and as new as we are. The log
// moves into the database every 4000 pages (16 MiB): pages that change again and
// again, as those of indexes do, are then copied once for many changes.
func (s *Store) prepare(c *conn, o Options) error {
	if err := c.script("PRAGMA busy_timeout = 5000"); err != nil {
		return err
	}
	id, err := c.pragma("PRAGMA application_id")
	if err != nil {
		return err
	}
	if id != fmt.Sprint(applicationID) {
		tables, err := c.pragma("SELECT count(*) FROM sqlite_master")
		if err != nil {
			return err
		}
		if id != "0" || tables != "0" {
			return ErrForeign
		}
	}
	if err := c.here(); err != nil {
		return err
	}
	err = c.script(fmt.Sprintf(`
		PRAGMA journal_mode = WAL;
		PRAGMA application_id = %d;
		PRAGMA synchronous = FULL;
		PRAGMA wal_autocheckpoint = 4000;
		PRAGMA foreign_keys = OFF;
		PRAGMA temp_store = MEMORY;
		PRAGMA secure_delete = ON;
		PRAGMA cache_size = -%d`, applicationID, 4*o.PageCache*1024))
	if err != nil {
		return err
	}
	list, err := migrations()
	if err != nil {
		return err
	}
	return migrate(c, list, o.Clock())
}

// OpenReadOnly opens a data folder for reading, also beside the server that
// holds it. Updates give ErrReadOnly.
func OpenReadOnly(ctx context.Context, o Options) (*Store, error) {
	o.fill()
	if err := supported(libraryVersion()); err != nil {
		return nil, err
	}
	s := &Store{done: make(chan struct{})}
	s.commits.change() // for ever: another process commits
	path := filepath.Join(o.Dir, databaseName)
	err := func() error {
		if _, err := os.Stat(path); err != nil {
			return plain(err)
		}
		if err := s.openReaders(path, o); err != nil {
			return foreign(err)
		}
		if err := s.current(); err != nil {
			s.closeReaders()
			return foreign(err)
		}
		return ctx.Err()
	}()
	if err != nil {
		return nil, fmt.Errorf("data folder %s: %w", o.Dir, noAccess(err))
	}
	return s, nil
}

// current checks that the database is ours and needs no migration.
func (s *Store) current() error {
	c := <-s.readers
	defer func() { s.readers <- c }()
	id, err := c.pragma("PRAGMA application_id")
	if err != nil {
		return err
	}
	if id != fmt.Sprint(applicationID) {
		return ErrForeign
	}
	if err := c.here(); err != nil {
		return err
	}
	list, err := migrations()
	if err != nil {
		return err
	}
	n, err := applied(c, list)
	if err == nil && n < len(list) {
		err = ErrOlder
	}
	return err
}

func (s *Store) openReaders(path string, o Options) error {
	s.path = path
	s.count = max(4, runtime.NumCPU())
	s.readers = make(chan *conn, s.count)
	for range s.count {
		c, err := openConn(path, sqlite3.SQLITE_OPEN_READONLY)
		if err == nil {
			err = c.script(fmt.Sprintf(`
				PRAGMA busy_timeout = 5000;
				PRAGMA query_only = ON;
				PRAGMA temp_store = MEMORY;
				PRAGMA mmap_size = %d;
				PRAGMA cache_size = -%d`, mapped, o.PageCache*1024))
			if err != nil {
				c.close()
			}
		}
		if err != nil {
			s.count = len(s.readers)
			s.closeReaders()
			return err
		}
		s.readers <- c
	}
	return nil
}

// closeReaders waits for the readers in use.
func (s *Store) closeReaders() (err error) {
	for range s.count {
		c := <-s.readers
		err = errors.Join(err, c.close())
	}
	return err
}

// Close waits for what is running, moves the log into the database and gives
// the folder back.
func (s *Store) Close() error {
	s.once.Do(func() {
		s.closed.Store(true)
		close(s.done)
		if s.w != nil {
			s.w.close()
		}
		s.err = s.closeReaders()
		if s.w != nil {
			err := s.w.c.script("PRAGMA wal_checkpoint(TRUNCATE)")
			s.err = errors.Join(s.err, err, s.w.c.close())
		}
		if s.lock != nil {
			s.err = errors.Join(s.err, s.lock.Close())
		}
	})
	return s.err
}

// Ready reads once, and looks whether the writer lives.
func (s *Store) Ready(ctx context.Context) error {
	return s.view(ctx, 0, func(r *reader) error {
		q, err := r.c.query(selectMeta, "epoch")
		if err != nil {
			return err
		}
		return one(q)
	})
}

// Replicas is 0: a folder has none.
func (s *Store) Replicas() int { return 0 }

// Check reads the whole database and compares tables with their indexes
// (PRAGMA integrity_check). It takes a reader for minutes on a large store.
func (s *Store) Check(ctx context.Context) error {
	c, err := s.reader(ctx)
	if err != nil {
		return err
	}
	defer s.giveBack(c)
	result, err := c.pragma("PRAGMA integrity_check")
	if err == nil && result != "ok" {
		err = fmt.Errorf("sqlite: integrity check: %s", result)
	}
	return err
}

// checkFolder refuses a folder that holds files but no database of ours.
func checkFolder(dir string) error {
	files, err := os.ReadDir(dir)
	if err != nil {
		return plain(err)
	}
	for _, f := range files {
		if f.Name() == databaseName {
			return nil
		}
	}
	for _, f := range files {
		if f.Name() != lockName && f.Name() != "lost+found" {
			return fmt.Errorf("%w: it has no %s, but %s", ErrForeign, databaseName, f.Name())
		}
	}
	return nil
}

// takeLock holds a file until it is closed or the process ends, however it
// ends: flock(2). made tells that the file was not there.
func takeLock(path string) (f *os.File, made bool, err error) {
	_, err = os.Stat(path)
	made = errors.Is(err, fs.ErrNotExist)
	if f, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return nil, false, plain(err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, false, ErrHeld
		}
		return nil, false, err
	}
	return f, made, nil
}

// noAccess tells that the user of the process may not do what is needed:
// SQLite writes beside the database even to read it.
func noAccess(err error) error {
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, unix.EROFS) ||
		hasCode(err, sqlite3.SQLITE_READONLY) || hasCode(err, sqlite3.SQLITE_CANTOPEN) || hasCode(err, sqlite3.SQLITE_PERM) {
		return fmt.Errorf("%w: %w", ErrAccess, err)
	}
	return err
}

// plain drops the path from a file error: the folder is named already.
func plain(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return fmt.Errorf("%s %s: %w", p.Op, filepath.Base(p.Path), p.Err)
	}
	return err
}

// foreign tells that a file is not a database at all.
func foreign(err error) error {
	if hasCode(err, sqlite3.SQLITE_NOTADB) {
		return fmt.Errorf("%w: %s", ErrForeign, strings.TrimPrefix(err.Error(), "sqlite: "))
	}
	return err
}

func supported(version int) error {
	if version < minVersion {
		return fmt.Errorf("sqlite %d is too old: %d or later is needed", version, minVersion)
	}
	return nil
}

var _ store.Store = (*Store)(nil)

// Size is how many bytes the database has, of all sites.
func (s *Store) Size(ctx context.Context) (n int64, err error) {
	err = s.view(ctx, 0, func(r *reader) error {
		q, err := r.c.query(selectSize)
		n, err = count(q, err)
		return err
	})
	return n, err
}
