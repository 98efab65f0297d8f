package postgres

import (
	"context"
	"errors"

	"facet/internal/store"
)

// What is read on a replica is exact: the replica is asked, before the snapshot
// is taken, whether it has replayed the log up to the place that the caller has
// seen, and in the snapshot, whether it is at the same age and epoch as this
// process. The id of a transaction would not do in place of the log's: the
// snapshot of a standby does not list those that run (pg_current_snapshot gives
// xmin and xmax alone there), and takes them for visible.

// Marks.
var (
	// Who commits without waiting for the log is ahead of what is flushed; and
	// the server may be a standby that is yet to be promoted.
	selectWritten = sql(`
		SELECT CASE
			WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()
			WHEN current_setting('synchronous_commit') = 'off' THEN pg_current_wal_insert_lsn()
			ELSE pg_current_wal_flush_lsn() END`)
	mustHave = sql(`SELECT 1 / (pg_last_wal_replay_lsn() >= ?)::int`)
	mustBeAs = sql(`
		SELECT pg_last_wal_replay_lsn(), 1 / (
			pg_is_in_recovery()
			AND coalesce((SELECT next FROM sequence WHERE site = ? AND bucket = 0 AND name = 'age'), 0) = ?
			AND (SELECT value FROM meta WHERE key = 'epoch') = ?)::int`)
)

// errBehind: a replica does not have what must be read.
var errBehind = errors.New("postgres: the replica is behind")

// glance runs decide and show: both on the primary, in one snapshot, or show on
// a replica.
func (s *Store) glance(ctx context.Context, id store.SiteID, age int64, decide, show func(store.Reader) error) error {
	recency := store.RecencyOf(ctx)
	if least, ok := recency.Copies(); ok {
		if r := s.choose(least); r != nil {
			if decide != nil {
				if err := s.view(ctx, id, func(r *reader) error { return decide(r) }); err != nil {
					return err
				}
			}
			if s.ask(ctx, r, id, age, least, show) {
				return nil
			}
		}
	}
	q, err := s.session(ctx, beginRead)
	if err != nil {
		return translate(ctx, err)
	}
	defer q.end()
	if _, ok := recency.Copies(); ok {
		q.queue = append(q.queue, queued{id: selectWritten, rows: s.noting(recency)})
	}
	r := &reader{q: q, site: id, ctx: ctx, s: s}
	defer func() { r.q = closedSession }()
	if decide != nil {
		if err := decide(r); err != nil {
			return err
		}
	}
	return show(r)
}

// ask runs show on a replica that has what is wanted, and reports whether that
// was all. Whatever goes wrong, the primary is to be asked.
func (s *Store) ask(ctx context.Context, on *replica, id store.SiteID, age int64, least store.Mark, show func(store.Reader) error) bool {
	q := &session{s: s, pool: on.pool, begin: beginRead, copied: true}
	err := q.acquire(ctx, replicaPatience)
	if err == nil {
		defer q.end()
		known := q.preparedOn() // a standby that starts anew may be behind where it was: with other connections
		if known.replayed < least.At {
			have, _ := encode([]any{int64(least.At)}) // a number: it is always bound
			q.ahead = &queued{id: mustHave, args: have, fail: errBehind}
		}
		same, _ := encode([]any{id, age, s.epoch.Load()})
		note := s.noting(store.RecencyOf(ctx))
		q.queue = append(q.queue, queued{id: mustBeAs, args: same, fail: errBehind, rows: func(v rowOf) {
			note(v)
			known.replayed = uint64(v.int(0))
			on.has(known.replayed)
		}})
		bounded, done := on.within(ctx)
		defer done()
		r := &reader{q: q, site: id, ctx: bounded, s: s}
		err = show(r)
		r.q = closedSession
		if q.err != nil {
			err = q.err // whatever show made of it
		}
	}
	on.note(ctx, err)
	return err == nil
}

// written is what is sent behind a commit, where somebody asks for its place.
func (s *Store) written(ctx context.Context) *queued {
	recency := store.RecencyOf(ctx)
	if recency == nil {
		return nil
	}
	return &queued{id: selectWritten, rows: s.noting(recency)}
}

// noting notes the place that a row begins with; that of no row is Unknown.
func (s *Store) noting(recency *store.Recency) func(rowOf) {
	return func(v rowOf) {
		m := store.Mark{Epoch: s.epoch.Load(), At: store.Unknown}
		if v != nil {
			m.At = uint64(v.int(0))
		}
		recency.Note(m)
	}
}
