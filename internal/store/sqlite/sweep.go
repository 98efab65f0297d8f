package sqlite

import (
	"math"
	"runtime"
	"sync"
	"sync/atomic"

	"facet/internal/profile"
	"facet/internal/store"
)

// sweepBlock is how many records of a sweep a worker takes at a time.
const sweepBlock = 4096

// spare is how many idle readers a sweep leaves to others.
const spare = 2

// Sweep reads blocks of records on as many readers as there are processors and
// idle readers to spare.
func (r *reader) Sweep(t profile.Type, low, high int64, desc bool, worker func() func(*store.Record) bool) error {
	w := &sweep{t: t, low: low, high: high, desc: desc}
	if r.s == nil {
		return r.Brief(t, low, high, desc, worker())
	}
	if err := w.find(r); err != nil || w.over { // and the snapshot has begun
		return err
	}
	return r.c.sharing(func(snapshot uintptr) error {
		var wait sync.WaitGroup
		for range runtime.GOMAXPROCS(0) - 1 {
			c := r.s.beside(r.c, snapshot)
			if c == nil {
				break
			}
			fn := worker()
			wait.Go(func() {
				defer r.s.giveBack(c)
				w.work(&reader{c: c, site: r.site, ctx: r.ctx}, fn)
			})
		}
		w.work(r, worker())
		wait.Wait()
		if w.panicked != nil {
			panic(w.panicked)
		}
		return w.err
	})
}

// beside takes a reader for the snapshot of another one; nil where there is
// none to spare, or it cannot be had.
func (s *Store) beside(c *conn, snapshot uintptr) *conn {
	if len(s.readers) <= spare {
		return nil
	}
	var b *conn
	select {
	case b = <-s.readers:
	default:
		return nil
	}
	if s.begin(b, c, snapshot) {
		return b
	}
	s.giveBack(b)
	return nil
}

func (s *Store) begin(b, c *conn, snapshot uintptr) bool {
	if b.endRead() != nil {
		return false
	}
	if _, err := b.exec(beginRead); err != nil {
		return false
	}
	b.since = borrowed
	if snapshot != 0 {
		return b.join(snapshot) == nil
	}
	q, err := b.query(selectMeta, "epoch") // begins the snapshot
	if err != nil || one(q) != nil {
		return false
	}
	return settled(c.since) && c.since == s.commits.now() // then nothing came between
}

// sweep is one that runs. Its workers take blocks in the order of numbers.
type sweep struct {
	t    profile.Type
	desc bool

	mu        sync.Mutex
	low, high int64 // what no worker has taken
	from, to  int64 // the block to be taken
	over      bool

	stop     atomic.Bool
	err      error // of the worker that failed first
	panicked any
}

// find looks for the block to be taken: over when nothing is left.
func (w *sweep) find(r *reader) error {
	if w.over || w.low > w.high {
		w.over = true
		return nil
	}
	w.from, w.to = w.low, w.high
	last, err := r.NumberAt(w.t, w.low, w.high, sweepBlock-1, w.desc)
	switch {
	case profile.IsKind(err, profile.NotFound): // the rest
		w.low, w.high = 1, 0
	case err != nil:
		return err
	case w.desc && last > math.MinInt64:
		w.from, w.high = last, last-1
	case !w.desc && last < math.MaxInt64:
		w.to, w.low = last, last+1
	default:
		w.low, w.high = 1, 0
	}
	return nil
}

// take gives a worker its next block.
func (w *sweep) take(r *reader) (from, to int64, ok bool, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.over || w.stop.Load() {
		return 0, 0, false, nil
	}
	from, to = w.from, w.to
	return from, to, true, w.find(r)
}

// work takes blocks until there are no more, or its worker has enough.
func (w *sweep) work(r *reader, fn func(*store.Record) bool) {
	defer func() {
		if p := recover(); p != nil { // goes on in the caller's goroutine
			w.fail(nil, p)
		}
	}()
	for more := true; more; {
		from, to, ok, err := w.take(r)
		if err == nil && ok {
			err = r.Brief(w.t, from, to, w.desc, func(rec *store.Record) bool {
				more = fn(rec) && !w.stop.Load()
				return more
			})
		}
		if err != nil {
			w.fail(err, nil)
		}
		if err != nil || !ok {
			return
		}
	}
}

func (w *sweep) fail(err error, panicked any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil && w.panicked == nil {
		w.err, w.panicked = err, panicked
	}
	w.stop.Store(true)
}
