package sqlite

import (
	"runtime"
	"sync"

	"facet/internal/profile"
	"facet/internal/store"
	"facet/internal/store/row"
)

// spare is how many idle readers a sweep leaves to others.
const spare = 2

// Sweep reads blocks of records on as many readers as there are processors and
// idle readers to spare.
func (r *reader) Sweep(t profile.Type, low, high int64, desc bool, worker func() func(*store.Record) bool) error {
	if r.s == nil {
		return r.Brief(t, low, high, desc, worker())
	}
	w, over, err := row.NewSweep(r, t, low, high, desc) // and the snapshot has begun
	if err != nil || over {
		return err
	}
	return r.c.sharing(func(snapshot uintptr) error {
		var beside []*conn
		for range runtime.GOMAXPROCS(0) - 1 {
			c := r.s.beside(r.c, snapshot)
			if c == nil {
				break
			}
			beside = append(beside, c)
		}
		mine, others := worker(), make([]func(*store.Record) bool, len(beside))
		for i := range others {
			others[i] = worker()
		}
		var wait sync.WaitGroup
		for i, c := range beside {
			wait.Go(func() {
				defer r.s.giveBack(c)
				w.Work(&reader{c: c, site: r.site, ctx: r.ctx}, others[i])
			})
		}
		w.Work(r, mine)
		wait.Wait()
		return w.End()
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
