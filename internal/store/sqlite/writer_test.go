package sqlite

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"testing"
	"time"

	sqlite3 "modernc.org/sqlite/lib"

	"facet/internal/profile"
	"facet/internal/store"
)

func open(t *testing.T) (*Store, site) {
	t.Helper()
	s, err := Open(t.Context(), Options{Dir: t.TempDir(), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, site{s, 1}
}

func record(slug string) *store.Record {
	now := time.Now()
	return &store.Record{ID: profile.NewID(now), Type: profile.User, Attrs: []byte(`{}`), Extras: []byte(`{}`),
		Names: []profile.Name{{Space: profile.Slug, Value: slug}, {Space: profile.Email, Value: slug + "@example.com"}}, Created: now, Updated: now}
}

// caller is one Update of a batch.
type caller struct {
	on   store.SiteID // 0: the batch's site
	fn   func(store.Tx) error
	runs int
	err  error
}

// batch runs callers in one transaction: the writer is held until all of them
// wait.
func batch(t *testing.T, s site, callers ...*caller) {
	t.Helper()
	held, goOn := make(chan struct{}), make(chan struct{})
	first := make(chan error, 1)
	go func() {
		first <- s.Update(context.Background(), func(store.Tx) error {
			select {
			case <-held:
			default:
				s.s.w.hold = time.Hour // a slow machine parts no batch
				close(held)
				<-goOn
			}
			return nil
		})
	}()
	<-held
	results := make(chan error, len(callers))
	for i, c := range callers {
		go func() {
			on := site{s.s, cmp.Or(c.on, s.id)}
			c.err = on.Update(context.Background(), func(tx store.Tx) error {
				c.runs++
				return c.fn(tx)
			})
			results <- nil
		}()
		for len(s.s.w.queue) <= i { // in this order
			runtime.Gosched()
		}
	}
	close(goOn)
	<-first
	for range callers {
		<-results
	}
}

func creates(slug string, after error) *caller {
	rec := record(slug)
	return &caller{fn: func(tx store.Tx) error {
		if err := tx.Create(rec, store.Event{Kind: "created"}); err != nil {
			return err
		}
		return after
	}}
}

func panics(slug string) *caller {
	c := creates(slug, nil)
	fn := c.fn
	c.fn = func(tx store.Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		panic(slug)
	}
	return c
}

func has(t *testing.T, s site, slug string) bool {
	t.Helper()
	_, err := s.Get(t.Context(), profile.Slug, slug)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		t.Fatal(err)
	}
	return err == nil
}

func expect(t *testing.T, s site, want map[string]bool) {
	t.Helper()
	n := 0
	for slug, there := range want {
		if has(t, s, slug) != there {
			t.Errorf("%s is there: %v", slug, !there)
		}
		if there {
			n++
		}
	}
	err := s.View(t.Context(), func(r store.Reader) error {
		events, err := r.Events(store.Position{}, -1)
		if len(events) != n {
			t.Errorf("%d events, want %d", len(events), n)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestCallersThatFailBeforeWritingCostTheOthersNothing(t *testing.T) {
	boom := errors.New("boom")
	s, st := open(t)
	all := []*caller{creates("a", nil), creates("a", nil), {fn: func(store.Tx) error { return boom }}, creates("b", nil),
		{fn: func(store.Tx) error { panic("early") }}}
	// A name taken after another was written is put back, and counts as nothing.
	late := record("c")
	late.Names[1].Value = "a@example.com"
	all = append(all, &caller{fn: func(tx store.Tx) error { return tx.Create(late, store.Event{}) }})
	batch(t, st, all...)
	for i, c := range all {
		if c.runs != 1 {
			t.Errorf("caller %d ran %d times", i, c.runs)
		}
		if (i == 0 || i == 3) != (c.err == nil) {
			t.Errorf("caller %d: %v", i, c.err)
		}
	}
	if s.w.redone != 0 {
		t.Errorf("%d batches ran again", s.w.redone)
	}
	expect(t, st, map[string]bool{"a": true, "b": true, "c": false})
}

func TestABatchRunsAgainWhenACallerFailsAfterWriting(t *testing.T) {
	boom := errors.New("boom")
	for name, bad := range map[string]*caller{"error": creates("bad", boom), "panic": panics("bad"),
		"sql": {fn: func(tx store.Tx) error {
			rec := record("bad")
			rec.Search = "\x00"
			return tx.Create(rec, store.Event{})
		}}} {
		t.Run(name, func(t *testing.T) {
			s, st := open(t)
			// The failing caller takes the name that the next one wants: run
			// again, the next one must get it.
			before, heir, after := creates("before", nil), creates("bad", nil), creates("after", nil)
			taken := creates("before", nil)
			batch(t, st, before, taken, bad, heir, after)
			if bad.err == nil || taken.err == nil {
				t.Errorf("errors are %v and %v", bad.err, taken.err)
			}
			for _, c := range []*caller{before, heir, after} {
				if c.err != nil {
					t.Error(c.err)
				}
			}
			if s.w.redone != 1 || before.runs != 2 || bad.runs != 2 {
				t.Errorf("redone %d, runs %d and %d", s.w.redone, before.runs, bad.runs)
			}
			expect(t, st, map[string]bool{"before": true, "bad": true, "after": true})
		})
	}
}

func TestALoneCallerThatFailsAfterWritingRunsOnce(t *testing.T) {
	boom := errors.New("boom")
	s, st := open(t)
	c := creates("a", boom)
	batch(t, st, c)
	if !errors.Is(c.err, boom) {
		t.Error(c.err)
	}
	runs := 0
	err := st.Update(t.Context(), func(tx store.Tx) error {
		runs++
		return errors.Join(tx.Create(record("b"), store.Event{}), boom)
	})
	if !errors.Is(err, boom) || runs != 1 || s.w.redone > 1 {
		t.Errorf("error %v, runs %d", err, runs)
	}
	expect(t, st, map[string]bool{"a": false, "b": false})
}

func TestNumbersAreNotGivenAgainWhenABatchRunsAgain(t *testing.T) {
	_, st := open(t)
	seen := map[int64]int{}
	draw := func(n int, after error) *caller {
		return &caller{fn: func(tx store.Tx) error {
			first, err := tx.Numbers(n)
			if err != nil {
				return err
			}
			for i := range n {
				seen[first+int64(i)]++
			}
			if err := tx.PutAttempts(store.Attempts{Kind: fmt.Sprint(first)}); err != nil {
				return err
			}
			return after
		}}
	}
	for range 5 {
		batch(t, st, draw(1, nil), draw(1500, errors.New("boom")), draw(700, nil), draw(3000, errors.New("boom")), draw(1, nil))
	}
	for n, times := range seen {
		if times > 1 {
			t.Fatalf("%d is given %d times", n, times)
		}
	}
	highest := int64(0)
	for n := range seen {
		highest = max(highest, n)
	}
	err := st.Update(t.Context(), func(tx store.Tx) error {
		first, err := tx.Numbers(1)
		if first <= highest {
			t.Errorf("%d follows %d", first, highest)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// failing makes one statement fail n times.
func failing(s *Store, which statement, n int, code int32) {
	s.w.c.fail = func(id statement) error {
		if id != which || n == 0 {
			return nil
		}
		n--
		return &sqliteError{code: code, msg: "injected"}
	}
}

func TestAFailedCommitReachesEveryCallerAndTheWriterGoesOn(t *testing.T) {
	for name, which := range map[string]statement{"commit": commit, "position": updateTx} {
		t.Run(name, func(t *testing.T) {
			s, st := open(t)
			a, b, c := creates("a", nil), creates("b", nil), creates("a", nil)
			held := &caller{fn: func(store.Tx) error {
				failing(s, which, 1, sqlite3.SQLITE_FULL)
				return nil
			}}
			batch(t, st, held, a, b, c)
			for _, caller := range []*caller{a, b, c} {
				if !hasCode(caller.err, sqlite3.SQLITE_FULL) {
					t.Errorf("a caller got %v", caller.err)
				}
			}
			expect(t, st, map[string]bool{"a": false, "b": false})
			again := creates("a", nil)
			batch(t, st, again)
			if again.err != nil {
				t.Error(again.err)
			}
			expect(t, st, map[string]bool{"a": true, "b": false})
		})
	}
}

func TestATransactionThatCannotBeginIsAnError(t *testing.T) {
	s, st := open(t)
	arm := &caller{fn: func(store.Tx) error { failing(s, beginWrite, 1, sqlite3.SQLITE_BUSY); return nil }}
	batch(t, st, arm)
	if err := st.Update(t.Context(), func(store.Tx) error { return nil }); !hasCode(err, sqlite3.SQLITE_BUSY) {
		t.Error(err)
	}
	if err := st.Update(t.Context(), func(store.Tx) error { return nil }); err != nil {
		t.Error(err)
	}
}

func TestAStatementThatEndsTheTransactionFailsEveryCaller(t *testing.T) {
	// SQLite may roll the whole transaction back by itself when the disk is
	// full: as if by the statement below.
	s, st := open(t)
	a, b := creates("a", nil), creates("b", nil)
	broken := &caller{fn: func(tx store.Tx) error {
		if err := tx.PutAttempts(store.Attempts{Kind: "x"}); err != nil {
			return err
		}
		_, err := s.w.c.exec(rollback)
		return errors.Join(err, &sqliteError{code: sqlite3.SQLITE_FULL, msg: "injected"})
	}}
	batch(t, st, a, broken, b)
	for _, c := range []*caller{a, broken} {
		if !hasCode(c.err, sqlite3.SQLITE_FULL) {
			t.Errorf("a caller got %v", c.err)
		}
	}
	if b.err != nil { // it was not taken into that batch any more
		t.Error(b.err)
	}
	expect(t, st, map[string]bool{"a": false, "b": true})
}

func TestASavepointThatFailsFailsEveryCaller(t *testing.T) {
	for _, which := range []statement{savepoint, rollbackTo, release} {
		s, st := open(t)
		a, bad := creates("a", nil), creates("bad", errors.New("boom"))
		failing(s, which, 1, sqlite3.SQLITE_IOERR)
		batch(t, st, a, bad)
		if !hasCode(a.err, sqlite3.SQLITE_IOERR) || !hasCode(bad.err, sqlite3.SQLITE_IOERR) {
			t.Errorf("errors are %v and %v", a.err, bad.err)
		}
		expect(t, st, map[string]bool{"a": false, "bad": false})
	}
}

func TestAnUpdateThatEndsItsGoroutineLeavesTheWriterAlive(t *testing.T) {
	_, st := open(t)
	a := creates("a", nil)
	batch(t, st, a, &caller{fn: func(store.Tx) error { runtime.Goexit(); return nil }})
	b := creates("b", nil)
	batch(t, st, b)
	if b.err != nil {
		t.Error(b.err)
	}
	if (a.err == nil) != has(t, st, "a") {
		t.Errorf("error %v, but there: %v", a.err, has(t, st, "a"))
	}
}

func TestATransactionCannotBeUsedAfterItsFunction(t *testing.T) {
	_, st := open(t)
	var kept store.Tx
	if err := st.Update(t.Context(), func(tx store.Tx) error { kept = tx; return nil }); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if recover() == nil {
			t.Error("it can")
		}
	}()
	_ = kept.PutAttempts(store.Attempts{})
}

func TestClosingAnswersThoseThatWait(t *testing.T) {
	s, st := open(t)
	held, goOn := make(chan struct{}), make(chan struct{})
	results := make(chan error, 21)
	go func() {
		results <- st.Update(context.Background(), func(store.Tx) error { close(held); <-goOn; return nil })
	}()
	<-held
	for range 20 {
		go func() {
			results <- st.Update(context.Background(), func(tx store.Tx) error {
				return tx.PutAttempts(store.Attempts{Kind: "x"})
			})
		}()
	}
	closed := make(chan error, 1)
	go func() { closed <- s.Close() }()
	<-s.w.closing
	close(goOn)
	if err := <-closed; err != nil {
		t.Error(err)
	}
	for range 21 {
		if err := <-results; err != nil && !errors.Is(err, store.ErrClosed) {
			t.Error(err)
		}
	}
}
