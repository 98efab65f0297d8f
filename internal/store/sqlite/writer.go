package sqlite

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"time"

	"facet/internal/profile"
	"facet/internal/store"
)

// A batch ends when it holds maxBatch callers or has lasted maxHold.
const (
	maxBatch = 256
	maxHold  = 10 * time.Millisecond
)

// tx is one caller's part of a transaction; it is a store.Tx. It is used on
// the writer's goroutine only, and only until its function returns.
type tx struct {
	reader
	w      *writer
	writes int        // rows changed that the caller's failure would leave behind
	keys   []heldName // scratch
	json   []byte     // scratch
	pack   pack       // scratch
}

// call is one caller of Update.
type call struct {
	ctx   context.Context
	site  store.SiteID
	fn    func(*tx) error
	state atomic.Int32
	err   error
	done  chan struct{}
}

// A call is waiting until the writer takes it or its caller gives up.
const (
	waiting int32 = iota
	taken
	abandoned
)

// take makes the call the writer's to answer; false when nobody waits for it
// any more.
func (c *call) take() bool {
	if !c.state.CompareAndSwap(waiting, taken) {
		return false
	}
	if err := c.ctx.Err(); err != nil {
		c.answer(err)
		return false
	}
	return true
}

func (c *call) answer(err error) {
	c.err = err
	close(c.done)
}

// writer owns the one connection that writes. Its goroutine runs the functions
// of all callers that wait in one transaction and commits once for them.
type writer struct {
	c       *conn
	log     *slog.Logger
	clock   func() time.Time
	queue   chan *call
	closing chan struct{}
	stopped chan struct{}
	commits *commits
	settle  func() // ends what would keep a checkpoint from its work

	gathered gathered // rows of this transaction that are not inserted yet

	epoch, tx int64 // of the last commit
	seq       int64 // of the last event in this transaction
	numbers   map[store.SiteID]*block
	extended  []extension // in this transaction
	batch     []*call
	hold      time.Duration // maxHold, longer in tests
	redone    int64         // batches run a second time, for tests
}

// block is the part of a site's sequence that this process may give away.
type block struct{ next, limit int64 }

// extension notes a block's limit before the transaction moved it.
type extension struct {
	b     *block
	limit int64
}

// blockSize is how many numbers are reserved at once; the first of a site is
// firstNumber, so that smaller ones can be given by hand.
const (
	blockSize   = 1000
	firstNumber = 1000
)

func newWriter(c *conn, log *slog.Logger, clock func() time.Time, commits *commits, settle func()) (*writer, error) {
	w := &writer{c: c, log: log, clock: clock, commits: commits, settle: settle, queue: make(chan *call, 4*maxBatch),
		closing: make(chan struct{}), stopped: make(chan struct{}), numbers: map[store.SiteID]*block{}, hold: maxHold}
	w.gathered.c, w.gathered.w, c.gathered = c, w, &w.gathered
	for key, v := range map[string]*int64{"epoch": &w.epoch, "tx": &w.tx} {
		s, err := c.query(selectMeta, key)
		if err != nil {
			return nil, err
		}
		if err := each(s, func() bool { *v = s.int(0); return false }); err != nil {
			return nil, err
		}
	}
	if w.epoch == 0 {
		return nil, errors.New("sqlite: table meta has no epoch")
	}
	go w.run()
	return w, nil
}

// update hands fn to the writer and waits for the commit.
func (w *writer) update(ctx context.Context, site store.SiteID, fn func(*tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c := &call{ctx: ctx, site: site, fn: fn, done: make(chan struct{})}
	select {
	case <-w.closing:
		return store.ErrClosed
	default:
	}
	select {
	case w.queue <- c:
	case <-ctx.Done():
		return ctx.Err()
	case <-w.stopped:
		return store.ErrClosed
	}
	var err error
	select {
	case <-c.done:
		return c.err
	case <-ctx.Done():
		err = ctx.Err()
	case <-w.stopped:
		err = store.ErrClosed
	}
	if c.state.CompareAndSwap(waiting, abandoned) {
		return err
	}
	<-c.done // it has begun: what it wrote is what the caller must know
	return c.err
}

// close ends the writer after the transaction it is in.
func (w *writer) close() {
	close(w.closing)
	<-w.stopped
}

func (w *writer) run() {
	ended := false
	defer func() {
		if ended {
			close(w.stopped)
			return
		}
		// A caller's function ended the goroutine (runtime.Goexit, as
		// testing's FailNow does): the others must not pay for it.
		w.undo()
		w.answer(errors.New("store: an update ended its goroutine"))
		go w.run()
	}()
	for {
		select {
		case c := <-w.queue:
			w.commit(c)
		case <-w.closing:
			ended = true
			return
		}
	}
}

// commit runs a batch that begins with first.
func (w *writer) commit(first *call) {
	w.batch = w.batch[:0]
	if !first.take() {
		return
	}
	w.batch = append(w.batch, first)
	if err := w.begin(); err != nil {
		w.answer(err)
		return
	}
	start := time.Now()
	for c := first; c != nil; c = w.next(start) {
		t := w.call(c)
		if w.gathered.err != nil {
			w.fail(w.gathered.err)
			return
		}
		if c.err != nil && (t.writes > 0 || !w.c.inTransaction()) {
			w.redo()
			return
		}
	}
	w.end()
}

// next takes another waiting call into the batch. Callers answered a moment
// ago get one chance to come back.
func (w *writer) next(start time.Time) *call {
	for yielded := false; len(w.batch) < maxBatch && time.Since(start) < w.hold; {
		select {
		case c := <-w.queue:
			if c.take() {
				w.batch = append(w.batch, c)
				return c
			}
		default:
			if yielded {
				return nil
			}
			yielded = true
			runtime.Gosched()
		}
	}
	return nil
}

// redo rolls the transaction back and runs its callers again, each in a
// savepoint, because one of them failed and left rows behind.
func (w *writer) redo() {
	w.undo()
	if len(w.batch) == 1 {
		w.answer(nil)
		return
	}
	w.redone++
	if err := w.begin(); err != nil {
		w.answer(err)
		return
	}
	for _, c := range w.batch {
		c.err = nil
		mark := len(w.extended)
		if _, err := w.c.exec(savepoint); err != nil {
			w.fail(err)
			return
		}
		t := w.call(c)
		if w.gathered.err != nil {
			w.fail(w.gathered.err)
			return
		}
		if !w.c.inTransaction() {
			w.fail(c.err)
			return
		}
		if c.err != nil && t.writes > 0 {
			if _, err := w.c.exec(rollbackTo); err != nil {
				w.fail(err)
				return
			}
			w.gathered.forget()
			w.shrink(mark)
		}
		if err := w.gathered.insert(); err != nil {
			w.fail(err)
			return
		}
		if _, err := w.c.exec(release); err != nil {
			w.fail(err)
			return
		}
	}
	w.end()
}

// call runs one caller's function and keeps its error; a panic is one.
func (w *writer) call(c *call) (t *tx) {
	t = &tx{reader: reader{c: w.c, site: c.site, ctx: context.Background()}, w: w}
	defer func() {
		if p := recover(); p != nil {
			c.err = fmt.Errorf("store: panic in update: %v", p)
			w.log.Error("panic in update", "panic", p, "stack", string(debug.Stack()))
		}
		t.c, t.w = nil, nil // whoever kept it cannot harm the next
	}()
	c.err = c.fn(t)
	return t
}

func (w *writer) begin() error {
	w.seq = 0
	w.extended = w.extended[:0]
	_, err := w.c.exec(beginWrite)
	return wrap("begin", err)
}

// end commits and answers every caller of the batch: its own error, or for all
// of them the one that kept the transaction from the disk.
func (w *writer) end() {
	if err := w.gathered.insert(); err != nil {
		w.fail(err)
		return
	}
	if w.seq > 0 {
		if _, err := w.c.exec(updateTx, w.tx+1); err != nil {
			w.fail(err)
			return
		}
	}
	w.commits.change()
	w.settle()
	_, err := w.c.exec(commit)
	w.commits.change()
	if err != nil {
		w.fail(err)
		return
	}
	if w.seq > 0 {
		w.tx++
	}
	w.answer(nil)
}

// fail undoes the transaction for everyone.
func (w *writer) fail(err error) {
	w.undo()
	w.log.Error("transaction failed", "callers", len(w.batch), "error", err)
	w.answer(wrap("commit", err))
}

// undo rolls back, unless SQLite has done so already.
func (w *writer) undo() {
	if w.c.inTransaction() {
		if _, err := w.c.exec(rollback); err != nil {
			w.log.Error("rollback failed", "error", err)
		}
	}
	w.gathered.forget()
	w.shrink(0)
}

// shrink forgets numbers whose reservation was rolled back: those given away
// stay given, the rest is reserved anew.
func (w *writer) shrink(mark int) {
	for i := len(w.extended) - 1; i >= mark; i-- {
		w.extended[i].b.limit = w.extended[i].limit
	}
	w.extended = w.extended[:mark]
}

// answer ends the batch: with err for all, or with each caller's own.
func (w *writer) answer(err error) {
	for i, c := range w.batch {
		if err != nil {
			c.err = err
		}
		close(c.done)
		w.batch[i] = nil
	}
	w.batch = w.batch[:0]
}

func wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("store: %s: %w", doing, err)
}

// Numbers draws from the site's sequence. A draw costs a write only once a
// block, and that write is not the caller's: a number may be lost, not reused.
func (t *tx) Numbers(n int) (int64, error) {
	if n < 1 {
		return 0, profile.E(profile.Internal, profile.CodeInternal, "", "%d numbers asked for", n)
	}
	b, err := t.block()
	if err != nil {
		return 0, err
	}
	first := b.next
	if err := t.advance(b, first+int64(n)); err != nil {
		return 0, err
	}
	return first, nil
}

// block gives what the process holds of the site's sequence.
func (t *tx) block() (*block, error) {
	if b := t.w.numbers[t.site]; b != nil {
		return b, nil
	}
	s, err := t.c.query(selectNumbers, t.site)
	if err != nil {
		return nil, err
	}
	next := int64(firstNumber)
	if err := each(s, func() bool { next = s.int(0); return false }); err != nil {
		return nil, err
	}
	b := &block{next: next, limit: next}
	t.w.numbers[t.site] = b
	return b, nil
}

// advance makes next the first number not yet given, reserving more on disk
// when the block ends.
func (t *tx) advance(b *block, next int64) error {
	if next > b.limit {
		limit := next + blockSize
		if _, err := t.c.exec(upsertNumbers, t.site, limit); err != nil {
			return err
		}
		t.w.extended = append(t.w.extended, extension{b, b.limit})
		b.limit = limit
	}
	b.next = next
	return nil
}

// pass keeps the sequence ahead of a number given by hand (an import's).
func (t *tx) pass(number int64) error {
	if number < firstNumber {
		return nil
	}
	b, err := t.block()
	if err != nil || number < b.next {
		return err
	}
	return t.advance(b, number+1)
}
