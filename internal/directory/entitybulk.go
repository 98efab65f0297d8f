package directory

import (
	"context"
	"slices"

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

// bulkStep is how many records one transaction of CommitEach writes: other
// writers wait some tens of milliseconds.
const bulkStep = 200

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
	t, typ, err := s.entityType(typeName)
	if err != nil {
		return nil, err
	}
	if typ, err = s.writable(ctx, who, typ); err != nil {
		return nil, err
	}
	if err := writesSome(typ); err != nil {
		return nil, err
	}
	if len(rows) > MaxBulk {
		return nil, profile.E(profile.TooLarge, profile.CodeTooLarge, "", "there are %d rows, at most %d are taken at once", len(rows), MaxBulk)
	}
	b := &bulk{s: s, who: who, types: types, t: t, typ: typ, rows: rows, drafts: make([]*newEntity, len(rows)), made: make([]Made, len(rows))}
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
	for from := 0; from < len(rows); from += bulkStep {
		b.write(ctx, from, min(from+bulkStep, len(rows)))
	}
	return b.made, nil
}

// bulk is one bulk creation on its way. Drafts and made are by row.
type bulk struct {
	s      *Site
	who    access.Principal
	types  *typeTable
	t      profile.Type
	typ    *schema.Type
	rows   [][]byte
	drafts []*newEntity // nil: the row has its error
	made   []Made
}

// each works the rows out in steps; while one is written, the next is worked
// out.
func (b *bulk) each(ctx context.Context) {
	type span struct{ from, to int }
	ready, written := make(chan span, 1), make(chan struct{})
	go func() {
		defer close(written)
		for at := range ready {
			b.write(ctx, at.from, at.to)
		}
	}()
	defer func() {
		close(ready)
		<-written
	}()
	for from := 0; from < len(b.rows); from += bulkStep {
		at := span{from, min(from+bulkStep, len(b.rows))}
		b.draft(ctx, at.from, at.to)
		ready <- at
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
		b.drafts[i], b.made[i].Err = b.s.draftEntity(ctx, b.who, b.types, b.t, b.typ, b.rows[i], env)
	}
}

// write makes the records of the rows from..to that were worked out, in one
// transaction that goes on where a name is taken: Create then leaves nothing.
func (b *bulk) write(ctx context.Context, from, to int) {
	taken := make([]error, to-from)
	err := b.s.data.Update(ctx, func(tx store.Tx) error {
		clear(taken)
		for i, d := range b.drafts[from:to] {
			if d == nil {
				continue
			}
			switch err := d.create(tx); {
			case profile.IsKind(err, profile.Taken):
				taken[i] = attributeError(err)
			case err != nil:
				return err
			}
		}
		return nil
	})
	for i, d := range b.drafts[from:to] {
		if d == nil {
			continue
		}
		m := &b.made[from+i]
		switch {
		case err != nil:
			m.Err = err
		case taken[i] != nil:
			m.Err = taken[i]
		default:
			m.ID, m.Number = d.rec.ID, d.rec.Number
		}
		b.drafts[from+i] = nil
	}
}

// writeAll makes every record, or none.
func (b *bulk) writeAll(ctx context.Context) error {
	err := b.s.data.Update(ctx, func(tx store.Tx) error {
		for i, d := range b.drafts {
			if err := d.create(tx); err != nil {
				return &RowError{i, attributeError(err)}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i, d := range b.drafts {
		b.made[i] = Made{ID: d.rec.ID, Number: d.rec.Number}
	}
	return nil
}
