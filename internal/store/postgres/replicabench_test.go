package postgres_test

import (
	"sync/atomic"
	"testing"

	"facet/internal/profile"
	"facet/internal/store"
)

// What a glance costs on a replica, beside the same read on the primary; and a
// write whose place is told, beside one whose is not.
func BenchmarkReplica(b *testing.B) {
	s := replicated(b)
	rec := benchRecord(1)
	s.must(s.store.Site(1).Update(b.Context(), func(tx store.Tx) error { return tx.Create(rec, store.Event{Kind: "user.created"}) }))
	s.must(s.standby.CatchUp())
	s.until("the replica serves", func() bool { return s.store.ReplicaStatus()[0].Serves })
	read := func(r store.Reader) error {
		_, err := r.Record(rec.ID)
		return err
	}
	run := func(name string, fn func() error) {
		b.Run(name, func(b *testing.B) {
			b.SetParallelism(8)
			b.RunParallel(func(p *testing.PB) {
				for p.Next() {
					if err := fn(); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
	run("read/view", func() error { return s.store.Site(1).View(b.Context(), read) })
	run("read/glance", func() error {
		ctx := store.WithRecency(b.Context(), store.NewRecency(store.Mark{}, true))
		return s.store.Site(1).Glance(ctx, 0, nil, read)
	})
	if served(s.store) == 0 {
		b.Error("nothing came from the replica")
	}
	var n atomic.Int64
	create := func(tell bool) func() error {
		return func() error {
			ctx, rec := b.Context(), benchRecord(1000+n.Add(1))
			rec.Names = []profile.Name{{Space: profile.Slug, Value: rec.ID.String()}}
			if tell {
				ctx = store.WithRecency(ctx, store.NewRecency(store.Mark{}, false))
			}
			return s.store.Site(1).Update(ctx, func(tx store.Tx) error { return tx.Create(rec, store.Event{Kind: "user.created"}) })
		}
	}
	run("create/plain", create(false))
	run("create/told", create(true))
}
