package postgres

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"facet/internal/profile"
	"facet/internal/store"
	"facet/internal/store/row"
)

// commitTime bounds how long a commit, or a rollback, may take.
const commitTime = 30 * time.Second

// tx is one run of a caller's function; it is a store.Tx. What it writes waits
// until something is read or the function returns, and goes in one batch; what
// a write breaks is found then. Where that happens the function runs again, and
// each of its calls is sent at once, in a savepoint, so that it sees the error
// where it occurs and may go on. So the usual change costs one round trip, and
// the rare one tells all it must.
type tx struct {
	reader
	eager  bool
	inUnit bool
	seq    int64 // of the last event
	seen   map[profile.ID]seenRecord
	held   map[profile.ID]bool // records that stay, whatever others do
	keys   []row.HeldName      // scratch
}

// seenRecord is what this transaction has read of a record.
type seenRecord struct {
	version int64 // ownVersion: what is stored is its own
	bucket  profile.Bucket
}

const ownVersion = -1

// attempt is what an Update has learned by running before.
type attempt struct {
	eager bool
	first []profile.ID // records to be locked before all else
}

// update runs fn until it has been committed, or has failed by itself.
func (s *Store) update(ctx context.Context, site store.SiteID, fn func(*tx) error) error {
	if s.readOnly {
		return ErrReadOnly
	}
	var a attempt
	wait := firstWait
	for begun := time.Now(); ; wait = min(2*wait, maxWait) {
		err, again := s.try(ctx, site, fn, &a)
		if err == nil || !again {
			return err
		}
		if errors.Is(err, errEager) {
			wait = firstWait / 2
			continue
		}
		if isLost(err) {
			s.lost()
		}
		if time.Since(begun) > s.patience {
			return translate(ctx, busy(err))
		}
		if err := pause(ctx, wait); err != nil {
			return err
		}
	}
}

// try runs fn once, and reports whether it is to run again.
func (s *Store) try(ctx context.Context, site store.SiteID, fn func(*tx) error, a *attempt) (err error, again bool) {
	q, err := s.session(ctx, beginWrite)
	if err != nil {
		return translate(ctx, err), errors.Is(err, errNoConnection) && ctx.Err() == nil
	}
	defer q.end() // also when fn ends its goroutine
	t := &tx{reader: reader{q: q, site: site, ctx: ctx, s: s}, eager: a.eager}
	t.t = t
	defer func() { t.q = closedSession }() // whoever kept it cannot harm the next
	for _, id := range a.first {
		if err := t.Lock(id); err != nil && !profile.IsKind(err, profile.NotFound) {
			return s.judge(ctx, t, err, a)
		}
	}
	if err = t.call(fn); err != nil || q.err != nil {
		return s.judge(ctx, t, err, a)
	}
	if err = q.commit(ctx); err == nil {
		return nil, false
	}
	if isLost(err) && q.asked {
		// It may or may not have been committed: nobody is told that it has.
		s.lost()
		return busy(err), false
	}
	return s.judge(ctx, t, err, a)
}

// judge says what becomes of a run that failed: with err, or because the
// session did.
func (s *Store) judge(ctx context.Context, t *tx, err error, a *attempt) (error, bool) {
	cause := t.q.err
	if cause == nil {
		return err, false // fn's own
	}
	var old *stale
	var other *conflict
	switch {
	case ctx.Err() != nil:
		return ctx.Err(), false
	case errors.Is(cause, store.ErrAge), errors.Is(cause, errClosed):
		return cause, false
	case errors.As(cause, &other):
		a.lock(other.id)
		return cause, true
	case errors.As(cause, &old) && t.hasRead(old.rec):
		a.lock(old.rec.ID)
		return cause, true
	case codeOf(cause) == serializationFailure, codeOf(cause) == deadlockDetected, isLost(cause):
		return cause, true
	case !t.eager:
		a.eager = true
		return errEager, true
	}
	return translate(ctx, cause), false
}

// lock makes the next run begin by locking a record.
func (a *attempt) lock(id profile.ID) {
	if !slices.Contains(a.first, id) {
		a.first = append(a.first, id)
		slices.SortFunc(a.first, func(x, y profile.ID) int { return slices.Compare(x[:], y[:]) })
	}
}

// call runs the caller's function; a panic is an error.
func (t *tx) call(fn func(*tx) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			t.s.log.Error("panic in update", "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("store: panic in update: %v", p)
		}
	}()
	return fn(t)
}

// write lets a statement wait. fail is what it means when the statement breaks
// a key or misses the row that it must have.
func (t *tx) write(fail error, id statement, args ...any) error {
	values, err := encode(args)
	if err != nil {
		return err
	}
	t.q.queue = append(t.q.queue, queued{id: id, args: values, fail: fail})
	return nil
}

// unit runs what is kept whole or not at all: one call of the store.
func (t *tx) unit(fn func() error) error {
	if t.inUnit {
		return fn()
	}
	if t.q.err != nil {
		return translate(t.ctx, t.q.err)
	}
	if !t.eager {
		err := fn()
		if err != nil && t.q.err == nil {
			t.q.err = errEager // half of it may wait
		}
		return err
	}
	t.inUnit = true
	defer func() { t.inUnit = false }()
	before, waiting := t.q.sent, len(t.q.queue)
	t.q.queue = append(t.q.queue, queued{id: savepoint})
	err := fn()
	if err == nil {
		if err = t.q.send(t.ctx, nil, queued{id: release}); err == nil {
			return nil
		}
	}
	switch cause := t.q.err; {
	case cause == nil && t.q.sent == before: // nothing of it was sent
		t.q.queue = t.q.queue[:waiting]
		return err
	case cause != nil && !isTaken(cause):
		return translate(t.ctx, cause) // the transaction is over
	}
	if e := t.undo(); e != nil {
		return translate(t.ctx, e)
	}
	var old *stale
	if !errors.As(err, &old) {
		return translate(t.ctx, err)
	}
	if t.hasRead(old.rec) {
		t.q.err = old // again, from its beginning
		return store.ErrVersion
	}
	if err := t.expect(old.rec); err != nil {
		return err
	}
	return store.ErrVersion
}

// isTaken reports whether an error leaves the transaction as it was before the
// call that it belongs to.
func isTaken(err error) bool {
	var other *conflict
	return isOurs(err) && !errors.As(err, &other) || codeOf(err) == tooLong
}

// undo goes back to the savepoint of a call.
func (t *tx) undo() error {
	q := t.q
	q.queue, q.err, q.open = q.queue[:0], nil, true
	q.err = q.c.Conn().PgConn().Exec(t.ctx, "ROLLBACK TO SAVEPOINT call; RELEASE SAVEPOINT call").Close()
	return q.err
}
