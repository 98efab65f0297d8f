package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// noTransaction begins nothing: each batch stands for itself.
const noTransaction statement = -1

// session is a connection that somebody uses: the statements that wait to be
// sent, and the transaction. It is used by one goroutine at a time.
type session struct {
	s      *Store
	pool   *pgxpool.Pool
	c      *pgxpool.Conn
	begin  statement // goes with the first batch
	ahead  *queued   // a transaction of its own before the first batch, in the same round trip
	behind *queued   // one after the batch that commits; it does not fail the commit
	copied bool      // the server is a replica: nothing is sent twice
	open   bool      // it has
	ends   bool      // the batch that is sent commits
	asked  bool      // some of the last batch may have reached the server
	queue  []queued
	depth  int   // of streams that are being read
	sent   int   // batches
	err    error // of the transaction: nothing more can be done in it
}

// queued is a statement that waits, with its arguments.
type queued struct {
	id   statement
	text string // in place of id: sent as it is
	name string // in place of id: prepared under this name
	args [][]byte
	fail error // what it means when the statement breaks a key, or misses a row that it must have
	rows func(rowOf)
}

// prepared are the names of the statements that a connection has prepared, and
// how far the replica that it leads to has replayed the log.
type prepared struct {
	statements []bool
	named      map[string]bool
	replayed   uint64
	standby    bool // it leads to a server that is to be promoted: it is used once
}

const preparedKey = "facet"

// session takes a connection out of the pool.
func (s *Store) session(ctx context.Context, begin statement) (*session, error) {
	q := &session{s: s, pool: s.pool, begin: begin}
	return q, q.acquire(ctx, s.patience)
}

// acquire takes a connection, or gives up after a time.
func (q *session) acquire(ctx context.Context, patience time.Duration) error {
	if q.s.closed.Load() {
		return errClosed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	wait, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	c, err := q.pool.Acquire(wait)
	if err != nil {
		if err := ctx.Err(); err != nil {
			return err
		}
		return fmt.Errorf("%w: %w", errNoConnection, err)
	}
	q.c = c
	return nil
}

// preparedOn gives what the session's connection has prepared.
func (q *session) preparedOn() *prepared {
	data := q.c.Conn().PgConn().CustomData()
	p, ok := data[preparedKey].(*prepared)
	if !ok {
		p = &prepared{statements: make([]bool, len(statements)), named: map[string]bool{}}
		data[preparedKey] = p
	}
	return p
}

func nameOf(id statement) string { return "s" + strconv.Itoa(int(id)) }

// prepare makes sure that the connection knows a statement.
func (q *session) prepare(ctx context.Context, w *queued) error {
	if w.text != "" && w.name == "" {
		return nil
	}
	p, pg := q.preparedOn(), q.c.Conn().PgConn()
	switch {
	case w.name != "":
		if p.named[w.name] {
			return nil
		}
		if _, err := pg.Prepare(ctx, w.name, w.text, nil); err != nil {
			return err
		}
		p.named[w.name] = true
	case !p.statements[w.id]:
		if _, err := pg.Prepare(ctx, nameOf(w.id), statements[w.id], nil); err != nil {
			return fmt.Errorf("%w in %s", err, statements[w.id])
		}
		p.statements[w.id] = true
	}
	return nil
}

// binary is the format of all arguments and results.
var binary1 = []int16{1}

// add puts a statement into a batch.
func (w *queued) add(b *pgconn.Batch) {
	switch {
	case w.name != "":
		b.ExecPrepared(w.name, w.args, binary1, binary1)
	case w.text != "":
		b.ExecParams(w.text, w.args, nil, binary1, binary1)
	default:
		b.ExecPrepared(nameOf(w.id), w.args, binary1, binary1)
	}
}

// send sends what waits and, after it, the statements of last, in one batch. The
// rows of the very last go to fn. An error ends the transaction, but for a
// savepoint. A batch that has read nothing yet, of a session that writes
// nothing, is sent again when the connection is lost.
func (q *session) send(ctx context.Context, fn func(rowOf), last ...queued) error {
	if q.err != nil {
		return q.err
	}
	var list []queued
	if !q.open && q.begin != noTransaction {
		list = append(list, queued{id: q.begin})
	}
	list = append(append(list, q.queue...), last...)
	if len(list) == 0 {
		return nil
	}
	again := q.begin != beginWrite && q.sent == 0 && !q.copied
	for begun, wait := time.Now(), firstWait; ; wait = min(2*wait, maxWait) {
		read, err := q.batch(ctx, list, fn)
		if err == nil {
			break
		}
		if again && !read && isLost(err) && ctx.Err() == nil && time.Since(begun) < q.s.patience {
			q.s.lost()
			if q.pause(ctx, wait) == nil && q.acquire(ctx, q.s.patience) == nil {
				continue
			}
		}
		q.err = err
		return err
	}
	q.sent++
	q.queue = q.queue[:0]
	if q.begin != noTransaction {
		q.open = !q.ends
	}
	return nil
}

// pause gives the connection back and waits.
func (q *session) pause(ctx context.Context, wait time.Duration) error {
	q.c.Release()
	q.c = nil
	return pause(ctx, wait)
}

// batch sends statements in one batch, and reports whether fn was given a row.
func (q *session) batch(ctx context.Context, list []queued, fn func(rowOf)) (read bool, err error) {
	q.asked = false
	if q.c == nil || q.c.Conn().PgConn().IsClosed() {
		return false, errNoConnection
	}
	for i := range list {
		if err := q.prepare(ctx, &list[i]); err != nil {
			return false, err
		}
	}
	if q.ahead != nil || q.behind != nil {
		return q.joined(ctx, list, fn)
	}
	q.asked = true
	at := 0
	if w := &list[0]; len(list) == 1 && w.text == "" { // the usual read: no goroutine that writes meanwhile
		read, err = rowsTo(q.c.Conn().PgConn().ExecPrepared(ctx, nameOf(w.id), w.args, binary1, binary1), list, 0, fn)
	} else {
		read, at, err = q.pipeline(ctx, list, fn)
	}
	return read, meaning(err, list, at)
}

// pipeline sends several statements, and tells how many went well.
func (q *session) pipeline(ctx context.Context, list []queued, fn func(rowOf)) (read bool, at int, err error) {
	b := &pgconn.Batch{}
	for i := range list {
		list[i].add(b)
	}
	results := q.c.Conn().PgConn().ExecBatch(ctx, b)
	for err == nil && results.NextResult() {
		given, e := rowsTo(results.ResultReader(), list, at, fn)
		read = read || given
		if err = e; err == nil {
			at++
		}
	}
	if e := results.Close(); err == nil {
		err = e
	}
	return read, at, err
}

// rowsTo gives the rows of a statement of a batch to who wants them, and reports
// whether fn, which wants those of the last, was given any.
func rowsTo(r *pgconn.ResultReader, list []queued, at int, fn func(rowOf)) (read bool, err error) {
	to := list[at].rows
	if at == len(list)-1 && fn != nil {
		to = func(v rowOf) {
			read = true
			fn(v)
		}
	}
	for to != nil && r.NextRow() {
		to(r.Values())
	}
	_, err = r.Close()
	return read, err
}

// meaning is what an error of the statement at a place of a batch stands for.
func meaning(err error, list []queued, at int) error {
	var pg *pgconn.PgError
	switch {
	case !errors.As(err, &pg) || at >= len(list):
	case list[at].fail != nil && (pg.Code == uniqueViolation || pg.Code == divisionByZero):
		return list[at].fail
	case list[at].name == "" && list[at].text == "":
		return fmt.Errorf("%w in %s", err, statements[list[at].id])
	}
	return err
}

// query runs a statement whose rows are read whole; fn must not use the session.
func (q *session) query(ctx context.Context, id statement, args []any, fn func(rowOf)) error {
	values, err := encode(args)
	if err != nil {
		return err
	}
	return q.send(ctx, fn, queued{id: id, args: values})
}

// Sizes of the chunks in which a stream is fetched, in rows.
const (
	firstChunk = 64
	chunk      = 1024
)

// stream runs a query of many rows by a cursor, calling fn until it returns
// false. fn may use the session.
func (q *session) stream(ctx context.Context, id statement, args []any, fn func(rowOf) bool) error {
	values, err := encode(args)
	if err != nil {
		return err
	}
	cursor := "c" + strconv.Itoa(int(id)) + "_" + strconv.Itoa(q.depth)
	q.depth++
	defer func() { q.depth-- }()
	open := queued{name: "d" + cursor, text: "DECLARE " + cursor + " NO SCROLL CURSOR FOR " + statements[id], args: values}
	before := []queued{open}
	var rows buffer
	for size := firstChunk; ; size = chunk {
		rows.reset()
		fetch := queued{text: "FETCH " + strconv.Itoa(size) + " FROM " + cursor}
		if err := q.send(ctx, rows.add, append(before, fetch)...); err != nil {
			return err
		}
		before = nil
		more := true
		func() {
			defer func() {
				if !more || rows.count() < size {
					q.queue = append(q.queue, queued{text: "CLOSE " + cursor})
				}
			}()
			for i := 0; more && i < rows.count(); i++ {
				more = false // also when fn panics
				more = fn(rows.row(i))
			}
		}()
		if err := ctx.Err(); err != nil && rows.count() == size {
			return err
		}
		if !more || rows.count() < size {
			return nil
		}
	}
}

// buffer keeps rows.
type buffer struct {
	data  []byte
	cells [][]byte
	cols  int
}

func (b *buffer) reset() { b.data, b.cells = b.data[:0], b.cells[:0] }

func (b *buffer) add(r rowOf) {
	b.cols = len(r)
	for _, v := range r {
		start := len(b.data)
		b.data = append(b.data, v...)
		b.cells = append(b.cells, b.data[start:len(b.data):len(b.data)])
	}
}

func (b *buffer) count() int {
	if b.cols == 0 {
		return 0
	}
	return len(b.cells) / b.cols
}

func (b *buffer) row(i int) rowOf { return b.cells[i*b.cols : (i+1)*b.cols] }

// commit sends what waits and ends the transaction; where it has not begun, the
// batch is the transaction, and says so where several servers are to know.
// Nothing interrupts it.
func (q *session) commit(ctx context.Context) error {
	if q.err != nil {
		return q.err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitTime)
	defer cancel()
	var last []queued
	if q.open || q.s.spread && len(q.queue) > 0 {
		last = []queued{{id: commit}}
	}
	q.begin, q.ends = beginWrite, true
	q.behind = q.s.written(ctx)
	if len(last) == 0 {
		q.begin = noTransaction
		q.sent++ // never sent twice
	}
	return q.send(ctx, nil, last...)
}

// end gives the connection back, outside any transaction. Who has only read does
// not wait for that.
func (q *session) end() {
	c := q.c
	if c == nil {
		return
	}
	q.c = nil
	pg := c.Conn().PgConn()
	if p, ok := pg.CustomData()[preparedKey].(*prepared); ok && p.standby {
		ctx, cancel := context.WithTimeout(context.Background(), commitTime)
		_ = pg.Close(ctx)
		cancel()
	}
	switch {
	case pg.IsClosed() || pg.TxStatus() == 'I':
		c.Release()
	case q.begin == beginRead:
		go rollback(c)
	default:
		rollback(c)
	}
}

// rollback ends a transaction and gives the connection back; one that fails is
// not kept.
func rollback(c *pgxpool.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), commitTime)
	defer cancel()
	_ = c.Conn().PgConn().Exec(ctx, "ROLLBACK").Close()
	c.Release()
}
