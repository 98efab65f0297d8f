package postgres_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"facet/internal/profile"
	"facet/internal/store"
)

// BenchmarkOperations has what callers do most, on one server or, with
// FACET_TEST_CITUS, on several.
func BenchmarkOperations(b *testing.B) {
	s, _ := benchStore(b)
	site := s.Site(1)
	var made atomic.Int64
	ids := make([]profile.ID, 2000)
	create := func(i int64) (profile.ID, error) {
		rec := benchRecord(i)
		rec.Number = i
		rec.Index = []store.Indexed{{Path: "familyName", Value: fmt.Sprintf("f%d", i%50)}, {Path: "givenName", Value: fmt.Sprintf("g%d", i)}}
		rec.Sort, rec.Search = fmt.Sprintf("name %d", i), fmt.Sprintf("name %d", i)
		return rec.ID, site.Update(b.Context(), func(tx store.Tx) error { return tx.Create(rec, store.Event{Kind: "user.created"}) })
	}
	for i := range ids {
		id, err := create(made.Add(1))
		if err != nil {
			b.Fatal(err)
		}
		ids[i] = id
	}
	pick := func(i int64) profile.ID { return ids[i*7919%int64(len(ids))] }
	var n atomic.Int64
	for _, op := range []struct {
		name string
		do   func(i int64) error
	}{
		{"create", func(int64) error { _, err := create(made.Add(1)); return err }},
		{"read by id", func(i int64) error { _, err := site.GetID(b.Context(), pick(i)); return err }},
		{"read by e-mail", func(i int64) error {
			_, err := site.Get(b.Context(), profile.Email, fmt.Sprintf("e%d@example.com", 1+i*7919%int64(len(ids))))
			return err
		}},
		{"change", func(i int64) error {
			old, err := site.GetID(b.Context(), pick(i))
			if err != nil {
				return err
			}
			next := *old
			next.Extras = fmt.Appendf(nil, `{"i":%d}`, i)
			err = site.Update(b.Context(), func(tx store.Tx) error { return tx.Save(old, &next, store.Event{Kind: "user.changed"}) })
			if profile.IsKind(err, profile.Conflict) {
				err = nil // another was faster
			}
			return err
		}},
		{"link", func(i int64) error {
			return site.Update(b.Context(), func(tx store.Tx) error {
				return tx.AddLink(&store.Link{Src: pick(i), Kind: store.FollowLink, Dst: pick(i + 1), Key: fmt.Sprint(i),
					State: store.LinkActive, Attrs: []byte(`{}`), Created: time.Now()})
			})
		}},
		{"list 25", func(i int64) error {
			return site.View(b.Context(), func(r store.Reader) error {
				got := 0
				return r.ByNumber(profile.User, i%1900, i%1900+25, false, func(*store.Record) bool { got++; return got < 25 })
			})
		}},
		{"find 25 by value", func(i int64) error {
			return site.View(b.Context(), func(r store.Reader) error {
				got := 0
				return r.Lookup(profile.User, store.Range{Path: "familyName", Low: fmt.Sprintf("f%d", i%50), High: fmt.Sprintf("f%d", i%50)},
					func(profile.ID, string) bool { got++; return got < 25 })
			})
		}},
		{"events 100", func(int64) error {
			return site.View(b.Context(), func(r store.Reader) error { _, err := r.Events(store.Position{}, 100); return err })
		}},
	} {
		run := func(b *testing.B, at int) {
			b.SetParallelism(at)
			b.RunParallel(func(p *testing.PB) {
				for p.Next() {
					if err := op.do(n.Add(1)); err != nil {
						b.Error(err)
						return
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "op/s")
		}
		b.Run(op.name, func(b *testing.B) { run(b, 4) })
	}
}
