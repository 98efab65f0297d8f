package sqlite_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"facet/internal/profile"
	"facet/internal/store"
	"facet/internal/store/sqlite"
)

// attrs is about 650 bytes, as a person with an address has.
var attrs = []byte(`{"displayName":"Xia Lee","givenName":"Xia","familyName":"Lee","email":"xia@localhost.localdomain",` +
	`"birthday":"1990-02-03","gender":"female","primaryAddress":{"address1":"44 Montgomery St","city":"San Francisco",` +
	`"stateAbbreviation":"CA","zip":"94104","country":"US"},"aboutMe":"` + strings.Repeat("Lorem ipsum dolor. ", 18) + `"}`)

func benchStore(b *testing.B) store.Site {
	s, err := sqlite.Open(b.Context(), sqlite.Options{Dir: b.TempDir(), Logger: quiet})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	info, err := s.System().CreateSite(b.Context(), store.SiteInfo{Name: "bench", Domain: "bench.example", Policy: []byte(`{}`)})
	if err != nil {
		b.Fatal(err)
	}
	return s.Site(info.ID)
}

// person is a record with 3 names, 4 index rows and a search row.
func person(n int64) *store.Record {
	now := time.Now()
	slug := fmt.Sprintf("user-%07d", n*7919%9999991)
	return &store.Record{
		ID: profile.NewID(now), Type: profile.User, Number: n, Attrs: attrs, Extras: []byte(`{}`),
		Names: []profile.Name{{Space: profile.Slug, Value: slug}, {Space: profile.Email, Value: slug + "@example.com"},
			{Space: profile.Number, Value: fmt.Sprint(n)}},
		Sort: "lee xia " + slug, Search: "xia lee " + slug, State: profile.Active, Created: now, Updated: now,
		Index: []store.Indexed{{Path: "email", Value: slug + "@example.com"}, {Path: "familyName", Value: slug[3:]},
			{Path: "givenName", Value: slug[5:]}, {Path: "mobileNumber", Value: "+3312345" + slug[5:]}},
	}
}

func create(b *testing.B, site store.Site, n int64) {
	rec := person(n)
	err := site.Update(b.Context(), func(tx store.Tx) error {
		return tx.Create(rec, store.Event{At: rec.Created, Actor: rec.ID, Kind: "user.created", Paths: []string{"displayName", "email"}})
	})
	if err != nil {
		b.Error(err)
	}
}

func BenchmarkCreate(b *testing.B) {
	for _, callers := range []int{1, 16, 64} {
		b.Run(fmt.Sprint(callers), func(b *testing.B) {
			site := benchStore(b)
			b.ReportAllocs()
			var n atomic.Int64
			done := make(chan struct{})
			b.ResetTimer()
			defer cpu(b)()
			for range callers {
				go func() {
					for i := n.Add(1); i <= int64(b.N); i = n.Add(1) {
						create(b, site, i)
					}
					done <- struct{}{}
				}()
			}
			for range callers {
				<-done
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "creates/s")
		})
	}
}

// cpu reports the processor time of each operation, which the neighbours of a
// shared machine change less than the time that passes. Call the result at the
// end.
func cpu(b *testing.B) func() {
	used := func() time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	start := used()
	return func() { b.ReportMetric(float64(used()-start)/float64(b.N), "cpu-ns/op") }
}

// fill creates n people and gives their ids.
func fill(b *testing.B, site store.Site, n int) []profile.ID { return fillFrom(b, site, 0, n, 5000) }

// fillFrom creates people after the first ones, so many a transaction.
func fillFrom(b *testing.B, site store.Site, from, to, atOnce int) []profile.ID {
	var ids []profile.ID
	for i := from; i < to; {
		end := min(i+atOnce, to)
		err := site.Update(b.Context(), func(tx store.Tx) error {
			ids = ids[:i-from]
			for j := i; j < end; j++ {
				rec := person(int64(j + 1))
				if err := tx.Create(rec, store.Event{At: rec.Created, Kind: "user.created"}); err != nil {
					return err
				}
				ids = append(ids, rec.ID)
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
		i = end
	}
	return ids
}

// Bulk creations of 1000 records, into a store that is empty and one that is not.
func BenchmarkBulk(b *testing.B) {
	for _, had := range []int{0, 20_000} {
		b.Run(fmt.Sprint("after ", had), func(b *testing.B) {
			site := benchStore(b)
			fill(b, site, had)
			b.ReportAllocs()
			b.ResetTimer()
			defer cpu(b)()
			fillFrom(b, site, had, had+b.N, 1000)
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "creates/s")
		})
	}
}

func BenchmarkGet(b *testing.B) {
	site := benchStore(b)
	ids := fill(b, site, 20000)
	b.Run("id", func(b *testing.B) {
		b.ReportAllocs()
		defer cpu(b)()
		b.RunParallel(func(pb *testing.PB) {
			for i := 0; pb.Next(); i++ {
				if _, err := site.GetID(b.Context(), ids[i*7919%len(ids)]); err != nil {
					b.Error(err)
				}
			}
		})
	})
	b.Run("name", func(b *testing.B) {
		b.ReportAllocs()
		names := make([]string, 1000)
		for i := range names {
			names[i] = person(int64(i * 17 % 20000)).Names[1].Value
		}
		names[0] = names[1]
		defer cpu(b)()
		b.RunParallel(func(pb *testing.PB) {
			for i := 0; pb.Next(); i++ {
				if _, err := site.Get(b.Context(), profile.Email, names[i%len(names)]); err != nil {
					b.Error(err)
				}
			}
		})
	})
	b.Run("view", func(b *testing.B) {
		b.ReportAllocs()
		defer cpu(b)()
		b.RunParallel(func(pb *testing.PB) {
			for i := 0; pb.Next(); i++ {
				err := site.View(b.Context(), func(r store.Reader) error {
					_, err := r.Record(ids[i*7919%len(ids)])
					return err
				})
				if err != nil {
					b.Error(err)
				}
			}
		})
	})
}

func BenchmarkStream(b *testing.B) {
	const records = 100_000
	site := benchStore(b)
	fill(b, site, records)
	b.ReportAllocs()
	defer cpu(b)()
	for b.Loop() {
		n := 0
		err := site.View(b.Context(), func(r store.Reader) error {
			return r.ByNumber(profile.User, 0, 1<<60, false, func(rec *store.Record) bool {
				n++
				return true
			})
		})
		if err != nil || n != records {
			b.Fatal(n, err)
		}
	}
	b.ReportMetric(float64(records)*float64(b.N)/b.Elapsed().Seconds(), "records/s")
}

func BenchmarkSearch(b *testing.B) {
	site := benchStore(b)
	fill(b, site, 100_000)
	for _, term := range []string{"xia", "user-12", "-12345", "nobody"} {
		b.Run(term, func(b *testing.B) {
			for b.Loop() {
				err := site.View(b.Context(), func(r store.Reader) error {
					_, err := r.Search(store.SearchQuery{Types: []profile.Type{profile.User}, Term: term, Limit: 25})
					return err
				})
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// Changes of records that are small, and that take pages of their own, which
// the writer makes empty (secure_delete).
func BenchmarkChange(b *testing.B) {
	for _, size := range []int{0, 50_000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			site := benchStore(b)
			ids := fill(b, site, 2000)
			large := []byte(`{"x":"` + strings.Repeat("x", size) + `"}`)
			b.ResetTimer()
			defer cpu(b)()
			for i := range b.N {
				err := site.Update(b.Context(), func(tx store.Tx) error {
					rec, err := tx.Record(ids[i*7919%len(ids)])
					if err != nil {
						return err
					}
					next := *rec
					next.Extras = large
					return tx.Save(rec, &next, store.Event{At: rec.Created, Kind: "user.updated"})
				})
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
