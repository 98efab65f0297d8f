package postgres

import (
	"bytes"
	"context"
	"errors"
	"hash/fnv"
	"math"
	"strconv"
	"time"

	"facet/internal/profile"
	"facet/internal/store"
	"facet/internal/store/row"
)

// What one server does in one statement, and several in two: a name and what it
// finds lie in different buckets. Here are the second ways, by what is known of
// the first.

// Two buckets in two statements.
var (
	selectTicketRow = locking(`
		SELECT subject, kind, data, uses, created, expires FROM ticket
		WHERE site = ? AND bucket = ? AND subject = ? AND digest = ?`)
	deleteTicket = sql(`DELETE FROM ticket WHERE site = ? AND bucket = ? AND subject = ? AND digest = ?`)
	takeBack     = sql(`
		DELETE FROM name
		WHERE site = ? AND bucket = ? AND owner = ? AND space = ? AND value = ? RETURNING home, id`)

	selectDue = sql(`
		SELECT site, bucket, id, due FROM job WHERE lane = ? AND due <= ? ORDER BY due, site, id LIMIT ?`)
	leaseJob = sql(`
		UPDATE job SET due = ? WHERE site = ? AND bucket = ? AND id = ? AND due = ?
		RETURNING subject, kind, body, tries, created`)

	selectHorizon     = sql(`SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint, NULL::text`)
	selectEventsBelow = sql(`
		SELECT epoch, tx, seq, at, actor, subject, kind, paths, version FROM event
		WHERE site = ? AND (epoch, tx, seq) > (?, ?, ?) AND (epoch < ? OR tx < ?)
		ORDER BY epoch, tx, seq LIMIT ?`)
	selectNewestBelow = sql(`
		SELECT epoch, tx, seq FROM event
		WHERE site = ? AND (epoch < ? OR tx < ?) ORDER BY epoch DESC, tx DESC, seq DESC LIMIT 1`)

	// Of many keys, those that are there: each server looks up all.
	selectTakenNamesApart = sql(`
		SELECT k.i FROM unnest($2::int4[], $3::uuid[], $4::text[], $5::text[]) WITH ORDINALITY AS k (bucket, owner, space, value, i)
		JOIN name n ON n.site = $1 AND n.bucket = k.bucket AND n.owner = k.owner AND n.space = k.space AND n.value = k.value
		ORDER BY k.i`)
	selectTakenIDsApart = sql(`
		SELECT k.i FROM unnest($2::int4[], $3::uuid[]) WITH ORDINALITY AS k (bucket, id, i)
		JOIN record r ON r.site = $1 AND r.bucket = k.bucket AND r.id = k.id`)
)

// found is where a name leads.
type found struct {
	home profile.Bucket
	id   profile.ID
}

func (f *found) scan(v rowOf) { f.home, f.id = profile.Bucket(v.int(0)), v.id(1) }

// byNameApart reads a name and then the record. One that has gone meanwhile may
// have left its name to another.
func (r *reader) byNameApart(k row.HeldName) (*store.Record, error) {
	for last := (found{}); ; {
		var at found
		if err := r.must(selectName.plain, at.scan, r.site, k.Bucket, k.Owner, k.Space, k.Value); err != nil {
			return nil, err
		}
		rec, err := r.record(selectRecord, r.site, at.home, at.id)
		if err != store.ErrNotFound || at == last {
			return rec, err
		}
		last = at
	}
}

// ticket reads the row of a ticket.
func (r *reader) ticket(k row.HeldName, scan func(rowOf)) error {
	if !r.s.spread {
		return r.must(r.of(selectTicket), scan, r.site, k.Bucket, k.Space, k.Value)
	}
	var at found
	if err := r.must(r.of(selectName), at.scan, r.site, k.Bucket, k.Owner, k.Space, k.Value); err != nil {
		return err
	}
	return r.must(r.of(selectTicketRow), scan, r.site, at.home, at.id, k.Value)
}

// moveTicket deletes the row of a ticket that passes to another subject.
func (t *tx) moveTicket(k row.HeldName, to profile.ID) error {
	if !t.s.spread {
		return t.write(nil, moveTicket, t.site, k.Bucket, k.Space, k.Value, to)
	}
	var at found
	there, err := t.one(selectName.locked, at.scan, t.site, k.Bucket, k.Owner, k.Space, k.Value)
	if err != nil || !there || at.id == to {
		return err
	}
	return t.write(nil, deleteTicket, t.site, at.home, at.id, k.Value)
}

// dropTicketApart deletes the name of a ticket and then its row.
func (t *tx) dropTicketApart(k row.HeldName) error {
	var at found
	there, err := t.one(takeBack, at.scan, t.site, k.Bucket, k.Owner, k.Space, k.Value)
	if err != nil || !there {
		return err
	}
	return t.write(nil, deleteTicket, t.site, at.home, at.id, k.Value)
}

// releaseApart deletes a name and then the note of its claim.
func (t *tx) releaseApart(k row.HeldName) error {
	var at found
	there, err := t.one(takeBack, at.scan, t.site, k.Bucket, k.Owner, k.Space, k.Value)
	if err != nil || !there {
		return err
	}
	return t.write(nil, deleteClaim, t.site, at.id.Bucket(), at.id, k.Owner, k.Space, k.Value)
}

// fence takes a lock that ends when a transaction has ended on every server: the
// locks of rows end on one after the other, and who got such a lock early would
// not see yet what was written elsewhere. Where there is one server it does
// nothing.
func (t *tx) fence(id profile.ID, how statement) error {
	if !t.s.spread {
		return nil
	}
	h := fnv.New32a()
	_, _ = h.Write(strconv.AppendInt(nil, int64(t.site), 10))
	_, _ = h.Write(id[:])
	return t.write(nil, how, recordLock, int32(h.Sum32()))
}

// leaseApart leases jobs one by one, each where it is still due as it was found:
// of several workers one gets it.
func (y system) leaseApart(ctx context.Context, lane store.Lane, now time.Time, lease time.Duration, n int) ([]store.Job, error) {
	if y.s.readOnly {
		return nil, ErrReadOnly
	}
	q, err := y.s.session(ctx, noTransaction)
	if err != nil {
		return nil, translate(ctx, err)
	}
	defer q.end()
	r := &reader{q: q, ctx: ctx, s: y.s}
	type place struct {
		bucket profile.Bucket
		due    int64
		job    store.Job
	}
	var due []place
	err = r.query(selectDue, func(v rowOf) {
		due = append(due, place{profile.Bucket(v.int(1)), v.int(3),
			store.Job{Site: store.SiteID(v.int(0)), ID: v.id(2), Due: v.time(3), Lane: lane}})
	}, int64(lane), now, limit(n))
	var list []store.Job
	for _, p := range due {
		if err != nil {
			break
		}
		j := p.job
		var mine bool
		mine, err = r.one(leaseJob, func(v rowOf) {
			j.Subject, j.Kind, j.Body, j.Tries, j.Created = v.id(0), v.text(1), v.bytes(2), v.int(3), v.time(4)
		}, now.Add(lease), j.Site, p.bucket, j.ID, p.due)
		if mine {
			list = append(list, j)
		}
	}
	if len(list) > 0 {
		return list, nil // they are leased, whatever became of the next
	}
	return nil, err
}

// eventsApart reads events below a horizon that is found first: their ids are of
// the coordinator's transactions, and each server has a snapshot of its own.
func (r *reader) eventsApart(after store.Position, n int, scan func(rowOf)) error {
	return r.below(func(in *reader, horizon int64) error {
		return in.query(selectEventsBelow, scan, r.site, after.Epoch, after.Tx, after.Seq, r.s.epoch.Load(), horizon, limit(n))
	})
}

// below finds the horizon below which no event comes any more, and reads. What
// has a snapshot already is asked on another connection.
func (r *reader) below(read func(in *reader, horizon int64) error) error {
	in := r
	if r.t != nil || r.q.open {
		c, err := r.s.side.Acquire(r.ctx)
		if err != nil {
			return translate(r.ctx, errNoConnection)
		}
		in = &reader{q: &session{s: r.s, c: c, begin: noTransaction}, site: r.site, ctx: r.ctx, s: r.s}
		defer in.q.end()
	}
	id, begin := selectHorizon, in.q.begin
	if r.s.citus {
		id = selectHorizonOfAll
	}
	horizon, down := int64(0), ""
	in.q.begin = noTransaction
	err := in.query(id, func(v rowOf) { horizon, down = v.int(0), v.text(1) })
	in.q.begin = begin
	switch {
	case err != nil:
		return err
	case down != "":
		return translate(r.ctx, busy(errors.New("postgres: a worker does not answer: "+down)))
	}
	return read(in, horizon)
}

// byNumber streams a query of records by number, whose last two arguments are
// low and high. Column col of its rows is the number.
func (r *reader) byNumber(id statement, col int, low, high int64, desc bool, fn func(rowOf) bool, args ...any) error {
	if !r.s.spread {
		return r.stream(id, fn, append(args, low, high)...)
	}
	return r.pages(fn, func(v rowOf) []byte { return v.raw(col) }, func(last rowOf) (statement, []any) {
		switch {
		case last != nil && desc:
			high = last.int(col)
		case last != nil:
			low = last.int(col)
		}
		return id, append(args[:len(args):len(args)], low, high)
	})
}

// values streams the index rows of a path, by value and number.
func (r *reader) values(t profile.Type, rng store.Range, desc bool, fn func(rowOf) bool) error {
	next := func(last rowOf) (statement, []any) {
		args := []any{r.site, t, rng.Path}
		from, to, number := rng.Low, rng.High, int64(math.MinInt64)
		if desc {
			from, to, number = rng.High, rng.Low, math.MaxInt64
		}
		if last != nil {
			from, number = last.text(0), last.int(1)
		}
		switch {
		case desc && rng.High == "" && last == nil:
			return selectValuesDown.from, append(args, rng.Low)
		case desc:
			return selectValuesDown.rng, append(args, from, number, to)
		case rng.High == "":
			return selectValues.from, append(args, from, number)
		}
		return selectValues.rng, append(args, from, number, to)
	}
	if !r.s.spread {
		id, args := next(nil)
		return r.stream(id, fn, args...)
	}
	var key []byte
	return r.pages(fn, func(v rowOf) []byte {
		key = append(append(key[:0], v.raw(0)...), v.raw(1)...)
		return key
	}, next)
}

// pages runs a query of many rows page by page: a cursor would gather them all
// from their servers before it gives the first. next gives the query, and the
// arguments by which a page begins at a row, or with the first; rows with its key
// are read again.
func (r *reader) pages(fn func(rowOf) bool, key func(rowOf) []byte, next func(last rowOf) (statement, []any)) error {
	id, args := next(nil)
	for size := firstChunk; ; {
		var rows buffer
		err := r.q.page(r.ctx, id, args, size, &rows)
		if err != nil {
			return translate(r.ctx, err)
		}
		n := rows.count()
		full := n == size
		if full {
			last := bytes.Clone(key(rows.row(n - 1)))
			for n > 0 && bytes.Equal(key(rows.row(n-1)), last) {
				n--
			}
		}
		for i := range n {
			if !fn(rows.row(i)) {
				return nil
			}
		}
		if !full {
			return nil
		}
		if err := r.ctx.Err(); err != nil {
			return err
		}
		if size = chunk; n == 0 { // more rows of one key than a page holds
			size = 2 * rows.count()
		}
		id, args = next(rows.row(rows.count() - 1))
	}
}

// page reads the first n rows of a query.
func (q *session) page(ctx context.Context, id statement, args []any, n int, rows *buffer) error {
	values, err := encode(append(args, limit(n)))
	if err != nil {
		return err
	}
	return q.send(ctx, rows.add, queued{name: "p" + strconv.Itoa(int(id)),
		text: statements[id] + " LIMIT $" + strconv.Itoa(len(values)), args: values})
}
