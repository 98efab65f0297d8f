package postgres

import (
	"runtime"
	"sync"

	"facet/internal/profile"
	"facet/internal/store"
	"facet/internal/store/row"
)

// spare is how many idle connections a sweep leaves to others.
const spare = 2

// Sweep reads blocks of records on as many connections as there are processors
// and connections to spare, all in the snapshot of this one (PostgreSQL
// documentation, "Snapshot Synchronization Functions").
func (r *reader) Sweep(t profile.Type, low, high int64, desc bool, worker func() func(*store.Record) bool) error {
	if r.t != nil {
		return r.Brief(t, low, high, desc, worker())
	}
	w, over, err := row.NewSweep(r, t, low, high, desc)
	if err != nil || over {
		return err
	}
	beside := r.beside(runtime.GOMAXPROCS(0) - 1)
	mine, others := worker(), make([]func(*store.Record) bool, len(beside))
	for i := range others {
		others[i] = worker()
	}
	var wait sync.WaitGroup
	for i, b := range beside {
		wait.Go(func() {
			defer b.q.end()
			w.Work(b, others[i])
		})
	}
	w.Work(r, mine)
	wait.Wait()
	return w.End()
}

// beside gives up to n readers of the same snapshot; fewer where connections
// are not to be had at once.
func (r *reader) beside(n int) (list []*reader) {
	if n < 1 || r.s.spread { // the snapshots of several servers cannot be shared
		return nil
	}
	snapshot := ""
	if err := r.query(export, func(v rowOf) { snapshot = v.text(0) }); err != nil {
		return nil
	}
	for range n {
		if st := r.q.pool.Stat(); st.MaxConns()-st.AcquiredConns() <= spare {
			break
		}
		q := &session{s: r.s, pool: r.q.pool, begin: beginRead, copied: r.q.copied}
		if err := q.acquire(r.ctx, r.s.patience); err != nil {
			break
		}
		// Its name is given by the server: digits, letters and dashes.
		q.queue = append(q.queue, queued{text: "SET TRANSACTION SNAPSHOT '" + snapshot + "'"})
		b := &reader{q: q, site: r.site, ctx: r.ctx, s: r.s}
		if err := q.send(r.ctx, nil); err != nil {
			q.end()
			break
		}
		list = append(list, b)
	}
	return list
}
