package row

import (
	"math"
	"sync"
	"sync/atomic"

	"facet/internal/profile"
	"facet/internal/store"
)

// SweepBlock is how many records of a sweep a worker takes at a time.
const SweepBlock = 4096

// Sweep is a reading of all records of a type by several workers. They take
// blocks in the order of numbers.
type Sweep struct {
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

// NewSweep begins a sweep of the records with low <= number <= high, by looking
// for the first block. Over tells that there is none.
func NewSweep(r store.Index, t profile.Type, low, high int64, desc bool) (w *Sweep, over bool, err error) {
	w = &Sweep{t: t, low: low, high: high, desc: desc}
	err = w.find(r)
	return w, w.over, err
}

// find looks for the block to be taken: over when nothing is left.
func (w *Sweep) find(r store.Index) error {
	if w.over || w.low > w.high {
		w.over = true
		return nil
	}
	w.from, w.to = w.low, w.high
	last, err := r.NumberAt(w.t, w.low, w.high, SweepBlock-1, w.desc)
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
func (w *Sweep) take(r store.Index) (from, to int64, ok bool, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.over || w.stop.Load() {
		return 0, 0, false, nil
	}
	from, to = w.from, w.to
	return from, to, true, w.find(r)
}

// Work takes blocks, which r reads, until there are no more, or fn has enough.
func (w *Sweep) Work(r store.Index, fn func(*store.Record) bool) {
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

func (w *Sweep) fail(err error, panicked any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil && w.panicked == nil {
		w.err, w.panicked = err, panicked
	}
	w.stop.Store(true)
}

// End gives the error of the worker that failed first, or panics as it did. The
// workers must have ended.
func (w *Sweep) End() error {
	if w.panicked != nil {
		panic(w.panicked)
	}
	return w.err
}
