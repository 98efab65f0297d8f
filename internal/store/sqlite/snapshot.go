package sqlite

import (
	"context"
	"sync/atomic"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"

	"facet/internal/store"
)

// Beginning and ending a read takes SQLite some system calls (the locks of its
// shared memory, sqlite.org/walformat.html, section 2.3). The writer is in this
// process and the folder is held, so we know when nothing has been committed:
// a reader then goes on with the snapshot of the read before.
//
// A snapshot that outlives its read must not be older than the last commit
// that anybody was told of, nor keep the log from being checkpointed. So the
// writer counts: odd from just before COMMIT until just after. A snapshot is
// kept only with the even count at which it began, and used again only at the
// same; while the count is odd every read begins anew, for two readers must
// not see a commit come and go. And before COMMIT, which may checkpoint, the
// writer ends the snapshots that idle readers have kept.

// Counts of a reader that are none: outside a transaction, and in a snapshot
// that is another reader's, which is not kept.
const (
	noSnapshot = -1
	borrowed   = -2
)

// commits counts what the writer begins and ends to commit. It is odd while a
// COMMIT runs, and for ever in a store that is opened for reading only, whose
// writer is another process.
type commits struct{ n atomic.Int64 }

func (m *commits) now() int64 { return m.n.Load() }
func (m *commits) change()    { m.n.Add(1) }

func settled(count int64) bool { return count&1 == 0 }

// snapshot takes a reader out of the pool for reading within one snapshot of
// the present. giveBack returns it.
func (s *Store) snapshot(ctx context.Context) (*conn, error) {
	c, err := s.idle(ctx)
	if err != nil {
		return nil, err
	}
	now := s.commits.now()
	if c.since == now && settled(now) {
		return c, nil
	}
	if err = c.endRead(); err == nil {
		if _, err = c.exec(beginRead); err == nil {
			c.since = now
			return c, nil
		}
	}
	s.giveBack(c)
	return nil, err
}

// reading takes a reader for one statement, which needs no transaction round
// it where a snapshot could not be kept.
func (s *Store) reading(ctx context.Context) (*conn, error) {
	if settled(s.commits.now()) {
		return s.snapshot(ctx)
	}
	return s.reader(ctx)
}

// reader takes a reader that is in no transaction.
func (s *Store) reader(ctx context.Context) (*conn, error) {
	c, err := s.idle(ctx)
	if err != nil {
		return nil, err
	}
	if err := c.endRead(); err != nil {
		s.giveBack(c)
		return nil, err
	}
	return c, nil
}

// idle waits for a reader of the pool.
func (s *Store) idle(ctx context.Context) (*conn, error) {
	if s.closed.Load() {
		return nil, store.ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case c := <-s.readers:
		return c, nil
	default:
	}
	select {
	case c := <-s.readers:
		return c, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-s.done:
		return nil, store.ErrClosed
	}
}

// giveBack returns a reader to the pool, with its snapshot where that may be
// used again.
func (s *Store) giveBack(c *conn) {
	if now := s.commits.now(); c.since != now || !settled(now) || c.bad {
		_ = c.endRead() // tried again before its next use, which reports it
	}
	s.readers <- c
}

// settle ends the snapshots that idle readers have kept.
func (s *Store) settle() {
	for range cap(s.readers) {
		select {
		case c := <-s.readers:
			_ = c.endRead() // as in giveBack
			s.readers <- c
		default:
			return
		}
	}
}

// endRead ends the snapshot that the connection has, if any.
func (c *conn) endRead() error {
	if c.since != noSnapshot && c.inTransaction() {
		if _, err := c.exec(rollback); err != nil {
			return err
		}
	}
	c.since, c.bad = noSnapshot, false
	return nil
}

// sharing calls fn with what lets other connections read the snapshot of this
// one, which has one and has read in it (sqlite.org/c3ref/snapshot.html); 0
// where the log is empty, so that SQLite cannot name it.
func (c *conn) sharing(fn func(snapshot uintptr) error) error {
	main, err := libc.CString("main")
	if err != nil {
		return err
	}
	defer libc.Xfree(c.tls, main)
	out := c.malloc(8)
	defer libc.Xfree(c.tls, out)
	if sqlite3.Xsqlite3_snapshot_get(c.tls, c.db, main, out) != sqlite3.SQLITE_OK {
		return fn(0)
	}
	snapshot := *(*uintptr)(pointer(out))
	defer sqlite3.Xsqlite3_snapshot_free(c.tls, snapshot)
	return fn(snapshot)
}

// join makes the snapshot of another connection that of this one, which has
// begun a transaction and not read in it.
func (c *conn) join(snapshot uintptr) error {
	main, err := libc.CString("main")
	if err != nil {
		return err
	}
	defer libc.Xfree(c.tls, main)
	if rc := sqlite3.Xsqlite3_snapshot_open(c.tls, c.db, main, snapshot); rc != sqlite3.SQLITE_OK {
		return c.error(rc, "")
	}
	return nil
}
