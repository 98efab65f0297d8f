// Package storetest is the conformance suite that every backend of the store
// passes: the same rules for values, order, uniqueness, isolation of sites,
// overlapping transactions and history. A backend runs it from one short test.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"facet/internal/profile"
	"facet/internal/store"
)

// Open gives a fresh, empty store, and reopen, which closes it and opens the
// same data again. Both are closed by the test's cleanup.
type Open func(t *testing.T) (s store.Store, reopen func() store.Store)

// Run runs the whole suite.
func Run(t *testing.T, open Open) { run(t, open, false) }

// RunSpread runs it on a backend whose buckets lie on several servers: there a
// view is one moment of each bucket, and not of all.
func RunSpread(t *testing.T, open Open) { run(t, open, true) }

func run(t *testing.T, open Open, spread bool) {
	for _, topic := range []struct {
		name string
		run  func(*fixture)
	}{
		{"records", testRecords},
		{"bulk", testBulk},
		{"refresh", testRefresh},
		{"names", testNames},
		{"idtags", testIDTags},
		{"exactjson", testExactJSON},
		{"lookup", testLookup},
		{"index", testIndex},
		{"sweep", testSweep},
		{"search", testSearch},
		{"links", testLinks},
		{"links by time", testLinksByTime},
		{"proofs", testProofs},
		{"blobs", testBlobs},
		{"numbers", testNumbers},
		{"system", testSystem},
		{"jobs", testJobs},
		{"age", testAge},
		{"glances", testGlances},
		{"transactions", testTransactions},
		{"concurrency", testConcurrency},
		{"history", testHistory},
		{"prune", testPrune},
		{"marks", testMarks},
		{"erase", testErase},
		{"isolation", testIsolation},
	} {
		t.Run(topic.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, open)
			f.spread = spread
			topic.run(f)
		})
	}
}

// Reduced reports whether the environment asks for small counts, as a run
// under the race detector does.
func Reduced() bool { return os.Getenv("FACET_TEST_REDUCED") == "1" }

// count gives n, or fewer when the run is reduced.
func count(n int) int {
	if Reduced() {
		return max(n/8, 4)
	}
	return n
}

// fixture is a store with one site, and a clock that never stands still.
type fixture struct {
	*testing.T
	s      store.Store
	reopen func() store.Store
	site   store.Site
	ctx    context.Context
	ticks  *atomic.Int64
	spread bool // over several servers
}

// near is an id whose bucket others have, too.
func (f *fixture) near(i int) profile.ID { return profile.NewIDIn(f.now(), profile.Bucket(i%4)) }

// apart reports whether no view sees two subjects at one moment.
func (f *fixture) apart(a, b profile.ID) bool { return f.spread && a.Bucket() != b.Bucket() }

func newFixture(t *testing.T, open Open) *fixture {
	f := &fixture{T: t, ctx: t.Context(), ticks: &atomic.Int64{}}
	f.s, f.reopen = open(t)
	f.site = f.newSite("first")
	return f
}

// run is a subtest on the same store.
func (f *fixture) run(name string, fn func(f *fixture)) {
	f.Helper()
	f.Run(name, func(t *testing.T) {
		g := *f
		g.T, g.ctx = t, t.Context()
		fn(&g)
	})
}

func (f *fixture) newSite(name string) store.Site {
	f.Helper()
	info, err := f.s.System().CreateSite(f.ctx, store.SiteInfo{
		Name: name, Domain: name + ".example", Policy: []byte(`{}`), Hosts: []string{name + ".example"}, Created: f.now()})
	if err != nil {
		f.Fatalf("CreateSite: %v", err)
	}
	return f.s.Site(info.ID)
}

// now is a time with microseconds, later at each call.
func (f *fixture) now() time.Time {
	return time.Date(2026, 3, 1, 12, 0, 0, 1000, time.UTC).Add(time.Duration(f.ticks.Add(1)) * 1001 * time.Microsecond)
}

func (f *fixture) id() profile.ID { return profile.NewID(f.now()) }

// user is a record that is ready to be created.
func (f *fixture) user(names ...profile.Name) *store.Record {
	at := f.now()
	return &store.Record{ID: profile.NewID(at), Type: profile.User, Attrs: []byte(`{"a":1}`), Extras: []byte(`{}`),
		Names: names, Sort: "sort", State: profile.Active, Created: at, Updated: at}
}

// owned is a record of an owner, in its bucket.
func (f *fixture) owned(owner *store.Record, t profile.Type, names ...profile.Name) *store.Record {
	rec := f.user(names...)
	rec.ID = profile.NewIDIn(rec.Created, owner.ID.Bucket())
	rec.Bucket, rec.Owner, rec.Type = owner.Bucket, owner.ID, t
	return rec
}

func (f *fixture) event(kind string) store.Event {
	return store.Event{At: f.now(), Kind: kind, Paths: []string{"a"}}
}

// create makes records in one transaction each.
func (f *fixture) create(recs ...*store.Record) {
	f.Helper()
	for _, rec := range recs {
		f.update(func(tx store.Tx) error { return tx.Create(rec, f.event("user.created")) })
	}
}

// update must succeed.
func (f *fixture) update(fn func(store.Tx) error) {
	f.Helper()
	if err := f.site.Update(f.ctx, fn); err != nil {
		f.Fatalf("Update: %v", err)
	}
}

// view must succeed.
func (f *fixture) view(fn func(store.Reader) error) {
	f.Helper()
	if err := f.site.View(f.ctx, fn); err != nil {
		f.Fatalf("View: %v", err)
	}
}

// read gives what fn reads in a view of its own.
func read[T any](f *fixture, fn func(store.Reader) (T, error)) T {
	f.Helper()
	var out T
	f.view(func(r store.Reader) (err error) {
		out, err = fn(r)
		return err
	})
	return out
}

// get reads a record that must be there.
func (f *fixture) get(id profile.ID) *store.Record {
	f.Helper()
	rec, err := f.site.GetID(f.ctx, id)
	if err != nil {
		f.Fatalf("GetID: %v", err)
	}
	return rec
}

// save changes a record as it is stored.
func (f *fixture) save(id profile.ID, change func(*store.Record)) *store.Record {
	f.Helper()
	var changed *store.Record
	f.update(func(tx store.Tx) error {
		old, err := tx.Record(id)
		if err != nil {
			return err
		}
		changed = copyOf(old)
		change(changed)
		changed.Updated = f.now()
		return tx.Save(old, changed, f.event("user.changed"))
	})
	return changed
}

func copyOf(rec *store.Record) *store.Record {
	c := *rec
	c.Attrs = append([]byte(nil), rec.Attrs...)
	c.Extras = append([]byte(nil), rec.Extras...)
	c.Names = append([]profile.Name(nil), rec.Names...)
	c.Index = append([]store.Indexed(nil), rec.Index...)
	return &c
}

// wantErr checks that err is, or wraps, want.
func (f *fixture) wantErr(err, want error) {
	f.Helper()
	if !errors.Is(err, want) {
		f.Fatalf("error is %v, want %v", err, want)
	}
}

// wantTaken checks for a TakenError of a field.
func (f *fixture) wantTaken(err error, field string) {
	f.Helper()
	var e *profile.Error
	if !errors.As(err, &e) || e.Kind != profile.Taken || e.Field != field {
		f.Fatalf("error is %v, want %q taken", err, field)
	}
}

// equal compares two values as they print.
func (f *fixture) equal(got, want any) {
	f.Helper()
	if g, w := fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want); g != w {
		f.Fatalf("got  %s\nwant %s", g, w)
	}
}

func name(space profile.Space, value string) profile.Name {
	return profile.Name{Space: space, Value: value}
}

func ownedName(space profile.Space, value string) profile.Name {
	return profile.Name{Space: space, Value: value, Owned: true}
}

var none profile.ID
