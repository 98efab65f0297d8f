package postgres

import (
	"context"
	"errors"
	"io"

	"github.com/jackc/pgx/v5/pgconn"
)

// pipe puts a statement into a pipeline.
func (w *queued) pipe(p *pgconn.Pipeline) {
	switch {
	case w.name != "":
		p.SendQueryPrepared(w.name, w.args, binary1, binary1)
	case w.text != "":
		p.SendQueryParams(w.text, w.args, nil, binary1, binary1)
	default:
		p.SendQueryPrepared(nameOf(w.id), w.args, binary1, binary1)
	}
}

// joined sends statements as batch does, and in the same round trip what goes
// ahead of them and what comes behind them. Each of the three is a transaction
// for itself, begun when the one before has ended (PostgreSQL documentation,
// "Pipelining" of the extended query protocol): what was true ahead is true of
// the snapshot of the batch, and what is read behind comes after its commit.
func (q *session) joined(ctx context.Context, list []queued, fn func(rowOf)) (read bool, err error) {
	var groups [][]queued
	if q.ahead != nil {
		groups = append(groups, []queued{*q.ahead})
	}
	batch := len(groups)
	groups = append(groups, list)
	if q.behind != nil {
		groups = append(groups, []queued{*q.behind})
	}
	for i := range groups {
		for j := range groups[i] {
			if err := q.prepare(ctx, &groups[i][j]); err != nil {
				return false, err
			}
		}
	}
	q.asked = true
	p := q.c.Conn().PgConn().StartPipeline(ctx)
	defer p.Close() // reads what is left of the answers
	for _, group := range groups {
		for i := range group {
			group[i].pipe(p)
		}
		p.SendPipelineSync()
	}
	if err := p.Flush(); err != nil {
		return false, err
	}
	for i, group := range groups {
		var to func(rowOf)
		if i == batch {
			to = fn
		}
		given, err := answers(p, group, to)
		read = read || given
		switch {
		case err == nil:
		case i > batch:
			q.behind.rows(nil)
		default:
			return read, err
		}
	}
	q.ahead = nil
	return read, nil
}

// answers reads what became of one of the transactions.
func answers(p *pgconn.Pipeline, list []queued, fn func(rowOf)) (read bool, err error) {
	for at := 0; ; {
		result, e := p.GetResults()
		switch r := result.(type) {
		case *pgconn.PipelineSync:
			return read, err
		case *pgconn.ResultReader:
			var given bool
			given, e = rowsTo(r, list, at, fn)
			read = read || given
		default:
			if e == nil {
				e = io.ErrUnexpectedEOF
			}
		}
		var pg *pgconn.PgError
		switch {
		case e == nil:
			at++
		case !errors.As(e, &pg): // nothing comes after that
			if err == nil {
				err = e
			}
			return read, err
		case err == nil:
			err = meaning(e, list, at)
		}
	}
}
