package directory

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/schema"
	"facet/internal/store"
)

// Commit says how far the rows of a bulk creation stand for each other.
type Commit uint8

// The ways to commit (commit_each of entity.bulkCreate).
const (
	CommitEach  Commit = iota // every row on its own
	CommitAll                 // all rows or none
	CommitSmart               // all in one transaction; where one fails, every row on its own
)

// MaxBulk is the most rows of one bulk creation.
const MaxBulk = 5000

// MaxAtOnce is the most rows of one transaction: other writers wait for it. So it
// bounds CommitAll; CommitSmart, which comes to the same, goes on by steps.
const MaxAtOnce = 2000

// A transaction of CommitEach writes bulkStep records, fewer where they take
// longer than bulkHold, so that other writers are not held up.
const (
	bulkStep  = 1000
	bulkHold  = 150 * time.Millisecond
	bulkPart  = 64 // records after which that is looked at the first time; then after twice as many
	draftStep = 64 // rows that are worked out before the first are written
)

// Made is one row of a bulk creation: the new record's names, or why there is
// none.
type Made struct {
	ID     profile.ID
	Number int64
	Err    error
}

// RowError is the row, from 0, whose error kept all rows from being written.
type RowError struct {
	Row int
	Err error
}

func (e *RowError) Error() string { return e.Err.Error() }
func (e *RowError) Unwrap() error { return e.Err }

// CreateEntities makes records of a type, one of each row, a JSON object. A row
// that cannot be made has its error; the others are made. With CommitAll it is
// the first such error, as a *RowError, and nothing is made. When the context
// ends, the rows that were not begun have its error.
func (s *Site) CreateEntities(ctx context.Context, who access.Principal, typeName string, rows [][]byte, how Commit) ([]Made, error) {
	if err := access.Admit(access.EntityBulkCreate, who); err != nil {
		return nil, err
	}
	types := s.table()
	of, err := types.named(typeName)
	if err != nil {
		return nil, err
	}
	typ, err := s.writable(ctx, who, of.typ)
	if err == nil {
		err = writesSome(typ)
	}
	if err != nil {
		return nil, err
	}
	if len(rows) > MaxBulk {
		return nil, profile.E(profile.TooLarge, profile.CodeTooLarge, "", "there are %d rows, at most %d are taken at once", len(rows), MaxBulk)
	}
	if how == CommitAll && len(rows) > MaxAtOnce {
		return nil, profile.E(profile.TooLarge, profile.CodeTooLarge, "", "there are %d rows, at most %d are made as a whole", len(rows), MaxAtOnce)
	}
	if how == CommitSmart && len(rows) > MaxAtOnce {
		how = CommitEach
	}
	b := &bulk{s: s, who: who, types: types, of: of, typ: typ, rows: rows, drafts: make([]*newEntity, len(rows)), made: make([]Made, len(rows))}
	if how == CommitEach {
		b.each(ctx)
		return b.made, nil
	}
	b.draft(ctx, 0, len(rows))
	failed := slices.IndexFunc(b.made, func(m Made) bool { return m.Err != nil })
	if failed >= 0 {
		err = &RowError{failed, b.made[failed].Err}
	} else {
		err = b.writeAll(ctx)
	}
	if err == nil || how == CommitAll {
		return b.made, err
	}
	b.ready.Store(int64(len(rows)))
	b.write(ctx, 0)
	return b.made, nil
}

// bulk is one bulk creation on its way. Drafts and made are by row.
type bulk struct {
	s      *Site
	who    access.Principal
	types  *typeTable
	of     *entityType
	typ    *schema.Type // as the caller may write to it
	rows   [][]byte
	drafts []*newEntity // nil: the row has its error
	made   []Made

	ready atomic.Int64  // how many rows, from the first, are worked out
	more  chan struct{} // has one when that grew
}

// each works the rows out, and writes those that are ready beside it.
func (b *bulk) each(ctx context.Context) {
	b.more = make(chan struct{}, 1)
	written := make(chan struct{})
	go func() {
		defer close(written)
		for from, drafting := 0, true; ; {
			from = b.write(ctx, from)
			if !drafting {
				return
			}
			_, drafting = <-b.more
		}
	}()
	defer func() {
		close(b.more)
		<-written
	}()
	for from := 0; from < len(b.rows); from += draftStep {
		to := min(from+draftStep, len(b.rows))
		b.draft(ctx, from, to)
		b.ready.Store(int64(to))
		select {
		case b.more <- struct{}{}:
		default: // the one before is not taken yet
		}
	}
}

// draft works out the rows from..to.
func (b *bulk) draft(ctx context.Context, from, to int) {
	env := b.s.env(ctx)
	env.NextNumber = func() (int64, error) { return b.s.numberOf(ctx, max(numberBlock, len(b.rows))) }
	for i := from; i < to; i++ {
		if err := ctx.Err(); err != nil {
			b.made[i].Err = err
			continue
		}
		b.drafts[i], b.made[i].Err = b.s.draftEntity(ctx, b.who, b.types, b.of, b.typ, b.rows[i], env)
	}
}

// write makes the records of the rows that are ready, from one on, and tells
// where the rows begin that were not.
func (b *bulk) write(ctx context.Context, from int) int {
	for from < int(b.ready.Load()) {
		from += b.writeSome(ctx, from)
	}
	return from
}

// writeSome makes the first of those records in one transaction that goes on
// where a name is taken. Rows that become ready meanwhile are written with them.
// It tells how many rows it went through.
func (b *bulk) writeSome(ctx context.Context, from int) (rows int) {
	var failed []error // by row
	err := b.s.data.Update(ctx, func(tx store.Tx) error {
		failed, rows = failed[:0], 0
		begin := time.Now()
		for part := bulkPart; rows < bulkStep && (rows == 0 || time.Since(begin) < bulkHold); part *= 2 {
			n := min(int(b.ready.Load())-from, bulkStep, rows+part) - rows
			if n <= 0 {
				break
			}
			some, err := b.create(tx, from+rows, n)
			if err != nil {
				return err
			}
			failed, rows = append(failed, some...), rows+n
		}
		return nil
	})
	if err != nil {
		rows = min(int(b.ready.Load())-from, bulkStep)
	}
	for i := range rows {
		d, m := b.drafts[from+i], &b.made[from+i]
		switch {
		case d == nil:
		case err != nil:
			m.Err = err
		case failed[i] != nil:
			m.Err = attributeError(failed[i])
		default:
			m.ID, m.Number = d.rec.ID, d.rec.Number
		}
		b.drafts[from+i] = nil
	}
	return rows
}

// create makes the records of n rows from one on, and gives why some were not.
func (b *bulk) create(tx store.Tx, from, n int) ([]error, error) {
	failed := make([]error, n)
	list, rows := make([]store.Creation, 0, n), make([]int, 0, n)
	for i, d := range b.drafts[from : from+n] {
		if d != nil {
			list, rows = append(list, d.creation()), append(rows, i)
		}
	}
	some, err := tx.CreateMany(list)
	for i, err := range some {
		failed[rows[i]] = err
	}
	return failed, err
}

// writeAll makes every record, or none.
func (b *bulk) writeAll(ctx context.Context) error {
	err := b.s.data.Update(ctx, func(tx store.Tx) error {
		failed, err := b.create(tx, 0, len(b.drafts))
		if i := slices.IndexFunc(failed, func(err error) bool { return err != nil }); err == nil && i >= 0 {
			err = &RowError{i, attributeError(failed[i])}
		}
		return err
	})
	if err != nil {
		return err
	}
	for i, d := range b.drafts {
		b.made[i] = Made{ID: d.rec.ID, Number: d.rec.Number}
	}
	return nil
}
