package sqlite

import (
	"bytes"
	"errors"
	"fmt"
	"time"
	"unsafe"

	"modernc.org/libc"
	"modernc.org/libc/sys/types"
	_ "modernc.org/sqlite" // registers nothing we call, but initialises the library
	sqlite3 "modernc.org/sqlite/lib"

	"facet/internal/profile"
	"facet/internal/store"
)

// This file, with the end of snapshot.go, is the only one that touches SQLite's
// C interface (sqlite.org/c3ref).
// It stands one layer below the registered database/sql driver, because that
// driver asks for the name and declared type of every column at each query and
// allocates each bound text: here a statement is prepared once per connection,
// its arguments are copied into one buffer it keeps, and columns are read in
// place.

// text is bound as TEXT; a plain []byte is bound as BLOB.
type text []byte

// sqliteError is a result code other than OK, ROW and DONE.
type sqliteError struct {
	code int32 // extended
	msg  string
	sql  string
}

func (e *sqliteError) Error() string {
	if e.sql == "" {
		return fmt.Sprintf("sqlite: %s (%d)", e.msg, e.code)
	}
	return fmt.Sprintf("sqlite: %s (%d) in %s", e.msg, e.code, e.sql)
}

// hasCode reports whether err is an SQLite error with that primary code.
func hasCode(err error, primary int32) bool {
	var e *sqliteError
	return errors.As(err, &e) && e.code&0xff == primary
}

// conn is one connection with its prepared statements. It is used by one
// goroutine at a time.
type conn struct {
	tls   *libc.TLS
	db    uintptr
	stmts []*stmt // by statement; nil until first used
	since int64   // of a reader: the count of commits when its snapshot began, or noSnapshot
	bad   bool    // a statement failed since then

	gathered *gathered // of the writer: rows that are not inserted yet

	// fail, when set, is asked before each statement runs: tests inject the
	// errors of a full or broken disk with it.
	fail func(statement) error
}

// stmt is a prepared statement and the memory its arguments lie in.
type stmt struct {
	c    *conn
	id   statement
	p    uintptr
	args uintptr // argument buffer, kept between uses
	size int
	busy bool
	own  bool // a spare made because the kept one was busy; finalised at close
}

// openConn opens a connection: flags are SQLITE_OPEN_…; the connection's
// mutex is left out, because a connection never has two users.
func openConn(path string, flags int32) (*conn, error) {
	c := &conn{tls: libc.NewTLS(), stmts: make([]*stmt, len(statements)), since: noSnapshot}
	name, err := libc.CString(path)
	if err != nil {
		c.tls.Close()
		return nil, err
	}
	defer libc.Xfree(c.tls, name)
	out := c.malloc(8)
	defer libc.Xfree(c.tls, out)
	rc := sqlite3.Xsqlite3_open_v2(c.tls, name, out, flags|sqlite3.SQLITE_OPEN_NOMUTEX|sqlite3.SQLITE_OPEN_EXRESCODE, 0)
	c.db = *(*uintptr)(pointer(out))
	if rc == sqlite3.SQLITE_OK {
		// Plans do not depend on arguments: or a statement whose index has a
		// condition is prepared anew whenever its arguments change.
		va := c.malloc(16)
		defer libc.Xfree(c.tls, va)
		rc = sqlite3.Xsqlite3_db_config(c.tls, c.db, sqlite3.SQLITE_DBCONFIG_ENABLE_QPSG, libc.VaList(va, int32(1), uintptr(0)))
	}
	if rc != sqlite3.SQLITE_OK {
		err := c.error(rc, "")
		c.close()
		return nil, err
	}
	return c, nil
}

// close finalises the statements and closes the connection.
func (c *conn) close() error {
	for _, s := range c.stmts {
		if s != nil {
			s.finalize()
		}
	}
	var err error
	if c.db != 0 {
		if rc := sqlite3.Xsqlite3_close_v2(c.tls, c.db); rc != sqlite3.SQLITE_OK {
			err = c.error(rc, "")
		}
		c.db = 0
	}
	c.tls.Close()
	return err
}

// interrupt makes the running statement fail soon. Unlike all else it may be
// called from any goroutine.
func (c *conn) interrupt() { sqlite3.Xsqlite3_interrupt(c.tls, c.db) }

// script runs SQL text of any number of statements, without arguments.
func (c *conn) script(sql string) error {
	_, err := c.scriptRows(sql, nil)
	return err
}

// pragma gives the first column of a query's first row.
func (c *conn) pragma(sql string) (string, error) {
	var first string
	_, err := c.scriptRows(sql, func(s *stmt) bool {
		first = s.text(0)
		return false
	})
	return first, err
}

// scriptRows runs SQL text, giving each row to fn until it returns false.
func (c *conn) scriptRows(sql string, fn func(*stmt) bool) (rows int, err error) {
	start, err := libc.CString(sql)
	if err != nil {
		return 0, err
	}
	defer libc.Xfree(c.tls, start)
	tail := c.malloc(8)
	defer libc.Xfree(c.tls, tail)
	for at := start; *(*byte)(pointer(at)) != 0; at = *(*uintptr)(pointer(tail)) {
		p, err := c.prepare(at, tail, 0)
		if err != nil {
			return rows, err
		}
		if p == 0 { // a comment
			continue
		}
		s := &stmt{c: c, p: p, id: -1, own: true}
		for {
			more, err := s.step()
			if err != nil {
				s.close()
				return rows, err
			}
			if !more {
				break
			}
			rows++
			if fn != nil && !fn(s) {
				break
			}
		}
		s.close()
	}
	return rows, nil
}

func (c *conn) prepare(sql, tail uintptr, flags uint32) (uintptr, error) {
	out := c.malloc(8)
	defer libc.Xfree(c.tls, out)
	rc := sqlite3.Xsqlite3_prepare_v3(c.tls, c.db, sql, -1, flags, out, tail)
	if rc != sqlite3.SQLITE_OK {
		return 0, c.error(rc, libc.GoString(sql))
	}
	return *(*uintptr)(pointer(out)), nil
}

// stmt gives a prepared statement that is free to be used.
func (c *conn) stmt(id statement) (*stmt, error) {
	if s := c.stmts[id]; s != nil && !s.busy {
		return s, nil
	}
	sql, err := libc.CString(statements[id])
	if err != nil {
		return nil, err
	}
	defer libc.Xfree(c.tls, sql)
	p, err := c.prepare(sql, 0, sqlite3.SQLITE_PREPARE_PERSISTENT)
	if err != nil {
		return nil, err
	}
	s := &stmt{c: c, id: id, p: p, own: c.stmts[id] != nil}
	if !s.own {
		c.stmts[id] = s
	}
	return s, nil
}

// before inserts what the writer has gathered when a statement might see it.
func (c *conn) before(id statement) error {
	if c.gathered == nil || !sees[id] {
		return nil
	}
	return c.gathered.insert()
}

// exec runs a statement that gives no rows and reports how many it changed.
func (c *conn) exec(id statement, args ...any) (int, error) {
	if err := c.before(id); err != nil {
		return 0, err
	}
	s, err := c.stmt(id)
	if err != nil {
		return 0, err
	}
	if err := s.bind(args); err != nil {
		s.close()
		return 0, err
	}
	_, err = s.step()
	n := 0
	if err == nil {
		n = int(sqlite3.Xsqlite3_changes(c.tls, c.db))
	}
	s.close()
	return n, err
}

// query starts a statement that gives rows. The caller steps it and closes it,
// also when fn panics.
func (c *conn) query(id statement, args ...any) (*stmt, error) {
	if err := c.before(id); err != nil {
		return nil, err
	}
	s, err := c.stmt(id)
	if err != nil {
		return nil, err
	}
	if err := s.bind(args); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// step goes to the next row; false when there is none.
func (s *stmt) step() (bool, error) {
	if f := s.c.fail; f != nil && s.id >= 0 {
		if err := f(s.id); err != nil {
			return false, err
		}
	}
	switch rc := sqlite3.Xsqlite3_step(s.c.tls, s.p); rc {
	case sqlite3.SQLITE_ROW:
		return true, nil
	case sqlite3.SQLITE_DONE:
		return false, nil
	default:
		s.c.bad = true
		return false, s.c.error(rc, s.sql())
	}
}

func (s *stmt) sql() string {
	if s.id < 0 {
		return libc.GoString(sqlite3.Xsqlite3_sql(s.c.tls, s.p))
	}
	return statements[s.id]
}

// close makes the statement free for its next use.
func (s *stmt) close() {
	s.busy = false
	if s.own {
		s.finalize()
		return
	}
	sqlite3.Xsqlite3_reset(s.c.tls, s.p) // repeats the error of step
}

func (s *stmt) finalize() {
	if s.p != 0 {
		sqlite3.Xsqlite3_finalize(s.c.tls, s.p)
		s.p = 0
	}
	if s.args != 0 {
		libc.Xfree(s.c.tls, s.args)
		s.args = 0
	}
}

// errNUL refuses what no backend can keep as text.
var errNUL = &profile.Error{Kind: profile.Malformed, Code: profile.CodeSyntax, Message: "text contains a NUL character"}

// bind copies the arguments into the statement's buffer and points it there.
// They must not escape: then the compiler keeps them, boxed, on the stack.
func (s *stmt) bind(args []any) error {
	size := 0
	for _, a := range args {
		size += bytesOf(a)
	}
	s.room(size)
	_, err := s.fill(1, 0, args...)
	return err
}

// room begins to bind arguments that take so many bytes.
func (s *stmt) room(size int) {
	s.busy = true
	if size > s.size {
		if s.args != 0 {
			libc.Xfree(s.c.tls, s.args)
		}
		s.size = max(size, 2*s.size, 128)
		s.args = s.c.malloc(s.size)
	}
}

// fill binds arguments from a number on and copies their bytes to a place of
// the buffer, which room has made large enough. It tells where they end.
func (s *stmt) fill(first, off int, args ...any) (int, error) {
	buf := memory(s.args, s.size)
	for i, a := range args {
		col := int32(first + i)
		var rc int32
		switch v := a.(type) {
		case int64:
			rc = s.bindInt(col, v)
		case int:
			rc = s.bindInt(col, int64(v))
		case store.SiteID:
			rc = s.bindInt(col, int64(v))
		case profile.Bucket:
			rc = s.bindInt(col, int64(v))
		case bool:
			n := int64(0)
			if v {
				n = 1
			}
			rc = s.bindInt(col, n)
		case time.Time:
			rc = s.bindInt(col, micros(v))
		default:
			n, isText := 0, true
			switch v := a.(type) {
			case profile.ID:
				isText = false
				if !v.IsZero() {
					n = copy(buf[off:], v[:])
				}
			case []byte:
				isText = false
				n = copy(buf[off:], v)
			case text:
				n = copy(buf[off:], v)
			case string:
				n = copy(buf[off:], v)
			case profile.Type:
				n = copy(buf[off:], v)
			case profile.Space:
				n = copy(buf[off:], v)
			case profile.State:
				n = copy(buf[off:], v)
			case store.LinkKind:
				n = copy(buf[off:], v)
			case store.LinkState:
				n = copy(buf[off:], v)
			default:
				return off, errors.New("sqlite: an argument of a type that is not bound")
			}
			p := s.args + uintptr(off)
			if isText {
				if bytes.IndexByte(buf[off:off+n], 0) >= 0 {
					return off, errNUL
				}
				rc = sqlite3.Xsqlite3_bind_text(s.c.tls, s.p, col, p, int32(n), 0)
			} else {
				rc = sqlite3.Xsqlite3_bind_blob(s.c.tls, s.p, col, p, int32(n), 0)
			}
			off += n
		}
		if rc != sqlite3.SQLITE_OK {
			return off, s.c.error(rc, s.sql())
		}
	}
	return off, nil
}

func (s *stmt) bindInt(col int32, v int64) int32 {
	return sqlite3.Xsqlite3_bind_int64(s.c.tls, s.p, col, v)
}

// bytesOf is the room that an argument may need; an empty one still needs an
// address, so that it is not taken for NULL.
func bytesOf(a any) int {
	switch v := a.(type) {
	case profile.ID:
		return 17
	case []byte:
		return len(v) + 1
	case text:
		return len(v) + 1
	case string:
		return len(v) + 1
	case profile.Type:
		return len(v) + 1
	case profile.Space:
		return len(v) + 1
	case profile.State:
		return len(v) + 1
	case store.LinkKind:
		return len(v) + 1
	case store.LinkState:
		return len(v) + 1
	}
	return 0
}

// raw reads a TEXT or BLOB column in place: valid until the next step.
func (s *stmt) raw(col int) []byte {
	p := sqlite3.Xsqlite3_column_blob(s.c.tls, s.p, int32(col))
	if p == 0 {
		return nil
	}
	return memory(p, int(sqlite3.Xsqlite3_column_bytes(s.c.tls, s.p, int32(col))))
}

func (s *stmt) text(col int) string { return string(s.raw(col)) }

// bytes copies a column; never nil.
func (s *stmt) bytes(col int) []byte { return append([]byte{}, s.raw(col)...) }

func (s *stmt) int(col int) int64 {
	return sqlite3.Xsqlite3_column_int64(s.c.tls, s.p, int32(col))
}

func (s *stmt) time(col int) time.Time { return fromMicros(s.int(col)) }

// profileID reads an id column; the empty blob is the zero id.
func (s *stmt) profileID(col int) (id profile.ID) {
	copy(id[:], s.raw(col))
	return id
}

// error translates a result code, with the connection's words for it.
func (c *conn) error(rc int32, sql string) error {
	msg := libc.GoString(sqlite3.Xsqlite3_errstr(c.tls, rc))
	if c.db != 0 && sqlite3.Xsqlite3_errcode(c.tls, c.db)&0xff == rc&0xff {
		msg = libc.GoString(sqlite3.Xsqlite3_errmsg(c.tls, c.db))
	}
	return &sqliteError{code: rc, msg: msg, sql: sql}
}

// inTransaction reports whether BEGIN has not been ended; some errors of
// COMMIT (a full disk) end it by themselves.
func (c *conn) inTransaction() bool {
	return sqlite3.Xsqlite3_get_autocommit(c.tls, c.db) == 0
}

func (c *conn) malloc(n int) uintptr {
	p := libc.Xmalloc(c.tls, types.Size_t(n))
	if p == 0 {
		panic("sqlite: out of memory")
	}
	return p
}

// pointer gives the address of memory outside the Go heap, which the garbage
// collector neither moves nor frees.
func pointer(p uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&p)) }

func memory(p uintptr, n int) []byte {
	if n == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(pointer(p)), n)
}

// libraryVersion is SQLite's own version number, e.g. 3053003.
func libraryVersion() int { return int(sqlite3.SQLITE_VERSION_NUMBER) }

// reserve gives SQLite one block of memory for the pages of all connections,
// so that none has to be mapped and unmapped. It has an effect only before the
// first connection of the process.
func reserve(pages int) {
	const pageSize, header = 4096, 512 // more than SQLITE_CONFIG_PCACHE_HDRSZ
	tls := libc.NewTLS()
	defer tls.Close()
	block := libc.Xmalloc(tls, types.Size_t(pages*(pageSize+header)))
	if block == 0 {
		return
	}
	args := libc.Xmalloc(tls, 64)
	defer libc.Xfree(tls, args)
	rc := sqlite3.Xsqlite3_config(tls, sqlite3.SQLITE_CONFIG_PAGECACHE,
		libc.VaList(args, block, int32(pageSize+header), int32(pages)))
	if rc != sqlite3.SQLITE_OK {
		libc.Xfree(tls, block)
	}
}

// keepMapped takes one small block of each size that statements ask for and
// give back again and again, and keeps it: the library's allocator unmaps a
// group of blocks when the last of them is free.
func keepMapped() {
	const smallest, largest = 1024, 32768 // of those that the allocator groups
	tls := libc.NewTLS()
	defer tls.Close()
	for n := smallest; n <= largest; n *= 2 {
		libc.Xmalloc(tls, types.Size_t(n))
	}
}
