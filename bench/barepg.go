package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"facet/internal/profile"
)

// barePool is the baseline on PostgreSQL: handlers over pgx as its manual shows
// it, with as many connections as ours, that check nothing.
type barePool struct {
	pool   *pgxpool.Pool
	number atomic.Int64
}

func openBarePool(ctx context.Context, database string) (*barePool, error) {
	c, err := pgxpool.ParseConfig(database)
	if err != nil {
		return nil, err
	}
	c.MaxConns = int32(max(16, 8*runtime.GOMAXPROCS(0))) // as ours by default
	pool, err := pgxpool.NewWithConfig(ctx, c)
	if err != nil {
		return nil, err
	}
	p := &barePool{pool: pool}
	p.number.Store(10_000)
	return p, nil
}

func (p *barePool) close() error {
	p.pool.Close()
	return nil
}

// The statements of entity.create, and of a read by uuid.
const (
	pgName = `INSERT INTO name (site, bucket, owner, space, value, home, id)
		VALUES ($1, $2, '00000000-0000-0000-0000-000000000000', $3, $4, $5, $6)`
	pgRecord = `INSERT INTO record (site, bucket, id, type, number, owner, creator, attrs, extras, names, sort, state, password, version, created, updated, login)
		VALUES ($1, $2, $3, $4, $5, '00000000-0000-0000-0000-000000000000', $6, $7, $8, $9, $10, $11, $12, 1, $13, $13, 0)`
	pgAttribute = `INSERT INTO attribute (site, type, path, value, number, bucket, id) VALUES ($1, $2, $3, $4, $5, $6, $7)`
	pgSearch    = `INSERT INTO search (site, type, sort, id, bucket, text) VALUES ($1, $2, $3, $4, $5, $6)`
	pgEvent     = `INSERT INTO event (site, epoch, tx, seq, bucket, at, actor, subject, kind, paths, version)
		VALUES ($1, 1, pg_current_xact_id()::text::bigint, 1, $2, $3, $4, $5, 'user.created', '[]', 1)`
	pgRead = `SELECT id, bucket, type, number, owner, creator, attrs, extras, names, sort, state, password, version, created, updated, login
		FROM record WHERE site = $1 AND bucket = $2 AND id = $3`
)

// ServeHTTP reads the form, mints the id, and sends the rows of one record as
// one pipelined batch, which is one transaction.
func (p *barePool) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	_, escaped, _ := strings.Cut(string(body), "attributes=")
	attrs, err := url.QueryUnescape(escaped)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	number := p.number.Add(1)
	rec := recordOf(attrs, number, time.Now())
	bucket, typ, at := bucketNumber(rec.ID), string(rec.Type), rec.Created.UnixMicro()
	id, by := [16]byte(rec.ID), [16]byte(actor)
	var b pgx.Batch
	names := make([]byte, 0, 128)
	for i, n := range rec.Names {
		b.Queue(pgName, site, nameBucket(n.Space, n.Value), string(n.Space), n.Value, bucket, id)
		names = append(names, ",["[1-min(i, 1):2-min(i, 1)]...)
		names = append(append(append(append(append(names, `{"s":"`...), n.Space...), `","v":"`...), n.Value...), `"}`...)
	}
	b.Queue(pgRecord, site, bucket, id, typ, number, by, string(rec.Attrs), string(rec.Extras), string(append(names, ']')),
		rec.Sort, string(rec.State), rec.Password, at)
	for _, x := range rec.Index {
		b.Queue(pgAttribute, site, typ, x.Path, x.Value, number, bucket, id)
	}
	b.Queue(pgSearch, site, typ, rec.Sort, id, bucket, rec.Search)
	b.Queue(pgEvent, site, bucket, at, by, id)
	if err := p.pool.SendBatch(r.Context(), &b).Close(); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header()["Content-Type"] = []string{"application/json"}
	answer := append(strconv.AppendInt([]byte(`{"id":`), number, 10), `,"uuid":"`...)
	answer = append(append(answer, rec.ID.String()...), `","stat":"ok"}`...)
	_, _ = w.Write(answer)
}

// reading is a handler that reads the record asked for, by the one query that
// ours sends, and then writes what same does.
func (p *barePool) reading(same http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		_, rest, _ := bytes.Cut(body, []byte("uuid="))
		id, err := profile.ParseID(string(rest[:min(36, len(rest))]))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		var found, owner, creator [16]byte
		var bucket int32
		var number, version, created, updated, login int64
		var typ, attrs, extras, names, sort, state, password string
		err = p.pool.QueryRow(r.Context(), pgRead, site, int32(id.Bucket()), [16]byte(id)).Scan(&found, &bucket, &typ, &number, &owner, &creator,
			&attrs, &extras, &names, &sort, &state, &password, &version, &created, &updated, &login)
		if err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		same(w, r)
	}
}
