package postgres_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"facet/internal/profile"
	"facet/internal/store"
	"facet/internal/store/postgres"
)

// Each figure stands beside its baseline: bare pgx with the same statement, or
// the same rows, on a pool of the same size.

var benchAttrs = []byte(`{"displayName":"` + strings.Repeat("n", 80) + `","about":"` + strings.Repeat("a", 400) + `"}`)

func benchStore(b *testing.B) (*postgres.Store, *pgxpool.Pool) {
	b.Helper()
	url := cluster.Database(b)
	s, err := postgres.Open(b.Context(), postgres.Options{URL: url, Logger: quiet})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	c, err := pgxpool.ParseConfig(url)
	if err != nil {
		b.Fatal(err)
	}
	c.MaxConns = 16
	pool, err := pgxpool.NewWithConfig(context.Background(), c)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(pool.Close)
	return s, pool
}

func benchRecord(n int64) *store.Record {
	now := time.Now()
	id := profile.NewID(now)
	return &store.Record{ID: id, Type: profile.User, Number: 0, Attrs: benchAttrs, Extras: []byte(`{}`), State: profile.Active, Created: now, Updated: now,
		Names: []profile.Name{{Space: profile.Slug, Value: fmt.Sprintf("slug-%d", n)}, {Space: profile.Email, Value: fmt.Sprintf("e%d@example.com", n)},
			{Space: profile.Number, Value: fmt.Sprint(n)}}}
}

func BenchmarkCreate(b *testing.B) {
	s, pool := benchStore(b)
	var n atomic.Int64
	b.Run("store", func(b *testing.B) {
		b.SetParallelism(8)
		b.RunParallel(func(p *testing.PB) {
			for p.Next() {
				rec := benchRecord(n.Add(1))
				if err := s.Site(1).Update(b.Context(), func(tx store.Tx) error { return tx.Create(rec, store.Event{Kind: "user.created"}) }); err != nil {
					b.Error(err)
				}
			}
		})
	})
	const names = `INSERT INTO name (site, bucket, owner, space, value, home, id) VALUES ($1, $2, $3, $4, $5, $6, $7)`
	b.Run("bare", func(b *testing.B) {
		b.SetParallelism(8)
		b.RunParallel(func(p *testing.PB) {
			for p.Next() {
				rec := benchRecord(n.Add(1))
				id, none := [16]byte(rec.ID), [16]byte{}
				var batch pgx.Batch
				for i, name := range rec.Names {
					batch.Queue(names, 1, int(rec.ID.Bucket())+i, none, string(name.Space), name.Value, int(rec.ID.Bucket()), id)
				}
				batch.Queue(`INSERT INTO record VALUES (1, $1, $2, '$user', 0, $3, $3, $4, '{}', $5, '', 'active', '', 1, $6, $6, 0)`,
					int(rec.ID.Bucket()), id, none, string(rec.Attrs), `[{"s":"slug","v":"slug-1"},{"s":"email","v":"slug-1@example.com"},{"s":"number","v":"1"}]`, rec.Created.UnixMicro())
				batch.Queue(`INSERT INTO event VALUES (1, 1, pg_current_xact_id()::text::bigint, 1, $1, $2, $3, $4, 'user.created', '[]', 1)`,
					int(rec.ID.Bucket()), rec.Created.UnixMicro(), none, id)
				if err := pool.SendBatch(b.Context(), &batch).Close(); err != nil {
					b.Error(err)
				}
			}
		})
	})
}

func BenchmarkRead(b *testing.B) {
	s, pool := benchStore(b)
	var ids []profile.ID
	for n := range int64(1000) {
		rec := benchRecord(n)
		ids = append(ids, rec.ID)
		if err := s.Site(1).Update(b.Context(), func(tx store.Tx) error { return tx.Create(rec, store.Event{Kind: "user.created"}) }); err != nil {
			b.Fatal(err)
		}
	}
	var n atomic.Int64
	run := func(name string, read func(i int64) error) {
		b.Run(name, func(b *testing.B) {
			b.SetParallelism(8)
			b.RunParallel(func(p *testing.PB) {
				for p.Next() {
					if err := read(n.Add(1) % 1000); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
	run("by id/store", func(i int64) error {
		_, err := s.Site(1).GetID(b.Context(), ids[i])
		return err
	})
	run("by id/bare", func(i int64) error {
		id := ids[i]
		return bareRead(b.Context(), pool, `SELECT id, bucket, type, number, owner, creator, attrs, extras, names, sort, state, password, version, created, updated, login
			FROM record WHERE site = 1 AND bucket = $1 AND id = $2`, int(id.Bucket()), [16]byte(id))
	})
	run("by e-mail/store", func(i int64) error {
		_, err := s.Site(1).Get(b.Context(), profile.Email, fmt.Sprintf("e%d@example.com", i))
		return err
	})
	run("view and read/store", func(i int64) error {
		return s.Site(1).View(b.Context(), func(r store.Reader) error {
			_, err := r.Record(ids[i])
			return err
		})
	})
}

func bareRead(ctx context.Context, pool *pgxpool.Pool, query string, args ...any) error {
	var id, owner, creator [16]byte
	var bucket int32
	var number, version, created, updated, login int64
	var typ, attrs, extras, names, sort, state, password string
	return pool.QueryRow(ctx, query, args...).Scan(&id, &bucket, &typ, &number, &owner, &creator, &attrs, &extras, &names, &sort, &state, &password, &version, &created, &updated, &login)
}

// BenchmarkBulk makes 2000 records in a transaction: one after the other, in one
// pipelined batch, and copied.
func BenchmarkBulk(b *testing.B) {
	s, _ := benchStore(b)
	var n atomic.Int64
	const many = 2000
	made := func(b *testing.B, fn func(tx store.Tx, list []store.Creation) error) {
		for b.Loop() {
			list := make([]store.Creation, many)
			for i := range list {
				list[i] = store.Creation{Record: benchRecord(n.Add(1)), Event: store.Event{Kind: "user.created"}}
			}
			if err := s.Site(1).Update(b.Context(), func(tx store.Tx) error { return fn(tx, list) }); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(many*float64(b.N)/b.Elapsed().Seconds(), "records/s")
	}
	b.Run("one by one", func(b *testing.B) {
		made(b, func(tx store.Tx, list []store.Creation) error {
			for _, c := range list {
				if err := tx.Create(c.Record, c.Event); err != nil {
					return err
				}
			}
			return nil
		})
	})
	b.Run("copied", func(b *testing.B) {
		made(b, func(tx store.Tx, list []store.Creation) error {
			failed, err := tx.CreateMany(list)
			if failed != nil {
				b.Error(failed)
			}
			return err
		})
	})
}
