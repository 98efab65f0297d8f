package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"facet/internal/access"
	"facet/internal/directory"
	"facet/internal/profile"
	"facet/internal/schema"
)

// importChunk is how many records are handed over at once.
const importChunk = directory.MaxImportStep

// importing measures imports of many records, from where their input is read:
// with names and events (and the rows of two unique attributes), and of users,
// with all index and search rows. Beside them stands what is wanted.
func (b *bench) importing(ctx context.Context) error {
	for _, kind := range []struct {
		name, typ string
		goal      map[string]float64
		attrs     func(int64) string
	}{
		{"names and events", "member", map[string]float64{onSQLite: 25_000, onPostgres: 20_000}, func(n int64) string {
			return fmt.Sprintf(`{"company":"Coworking Space","email":"parker.%08d@example.com","note":"Works from the long table by the window, three days a week.","username":"parker%08d"}`, n, n)
		}},
		{"names, events, index and search rows", "user", map[string]float64{onSQLite: 10_000, onPostgres: 10_000}, numbered},
	} {
		if err := b.importOf(ctx, kind.name, kind.typ, kind.goal[b.store], kind.attrs); err != nil {
			return fmt.Errorf("%s: %w", kind.name, err)
		}
	}
	return nil
}

func (b *bench) importOf(ctx context.Context, name, typ string, goal float64, attrs func(int64) string) (err error) {
	s, err := b.serve(ctx, "import-"+typ, faces()...)
	if err != nil {
		return err
	}
	defer func() { err = closeWith(err, s.close) }()
	site, err := s.Directory.SiteNamed(ctx, "demo")
	if err != nil {
		return err
	}
	if typ == "member" {
		who := access.Principal{Subject: profile.ID{1}, Client: true, Features: []access.Feature{access.Owner}}
		if err := addMembers(ctx, site, who); err != nil {
			return err
		}
	}
	var made atomic.Int64
	im, err := site.Import(ctx, directory.ImportOptions{Key: "bench", Wrote: func(p directory.ImportProgress) bool {
		made.Store(p.Made)
		if len(p.Rejects) > 0 && err == nil {
			err = p.Rejects[0].Err
		}
		return true
	}})
	if err != nil {
		return err
	}
	profiling, err := startProfile(b.profile)
	if err != nil {
		return err
	}
	n, most := int64(max(b.records, b.fewCount)), int64(0)
	cpu, err := cpuTime()
	if err != nil {
		return err
	}
	server, err := b.databases.cpuTime(ctx)
	if err != nil {
		return err
	}
	begin, told := time.Now(), time.Now()
	for at := int64(0); at < n && err == nil; {
		chunk := make([]directory.ImportRecord, 0, importChunk)
		for ; len(chunk) < importChunk && at < n; at++ {
			chunk = append(chunk, directory.ImportRecord{At: at + 1, Type: typ, Attrs: []byte(attrs(at))})
		}
		err = im.Add(ctx, chunk)
		most = max(most, resident())
		if time.Since(told) > 20*time.Second {
			told = time.Now()
			b.note("  … %d after %.0f s", made.Load(), time.Since(begin).Seconds())
		}
	}
	if err == nil {
		err = im.Finish(ctx)
	}
	took := time.Since(begin)
	profiling()
	if e := im.Close(); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	if made.Load() != n {
		return fmt.Errorf("%d of %d were made", made.Load(), n)
	}
	after, err := cpuTime()
	if err != nil {
		return err
	}
	b.keep(figure{Name: "import with " + name, Target: 1, Baseline: "what is wanted", Memory: most,
		Ours: series{Rates: []float64{float64(n) / took.Seconds()}}, Bare: series{Rates: []float64{goal}}})
	serverAfter, err := b.databases.cpuTime(ctx)
	b.note("import with %s, %d records: %s a second (goal %s), processor time of each %.0f µs here and %.0f µs of the database's, resident memory at most %d MiB",
		name, n, short(float64(n)/took.Seconds()), short(goal), float64((after-cpu).Microseconds())/float64(n),
		float64((serverAfter-server).Microseconds())/float64(n), most>>20)
	return err
}

// addMembers adds an entity type with two unique attributes and no other index.
func addMembers(ctx context.Context, site *directory.Site, who access.Principal) error {
	unique := []string{"unique"}
	_, err := site.CreateEntityType(ctx, who, "member", []schema.AttrDef{
		{Name: "username", Type: "string", Length: new(100), Constraints: unique}, {Name: "email", Type: "string", Length: new(200), Constraints: unique},
		{Name: "company", Type: "string", Length: new(100)}, {Name: "note", Type: "string", Length: new(1000)}})
	return err
}
