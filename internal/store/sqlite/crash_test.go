package sqlite_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"facet/internal/profile"
	"facet/internal/store"
	"facet/internal/store/sqlite"
	"facet/internal/store/storetest"
)

// crashDir makes the test binary, run again by the crash test, a child that
// writes into that folder until it is killed.
const crashDir = "FACET_TEST_CRASH_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		if err := writeUntilKilled(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// writeUntilKilled creates records from 16 goroutines and prints "id number"
// once each is acknowledged.
func writeUntilKilled(dir string) error {
	ctx := context.Background()
	s, err := sqlite.Open(ctx, sqlite.Options{Dir: dir, Logger: quiet})
	if err != nil {
		return err
	}
	var wg sync.WaitGroup
	for g := range 16 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := 0; ; i++ {
				now := time.Now()
				rec := &store.Record{ID: profile.NewID(now), Type: profile.User, Attrs: []byte(`{}`), Extras: []byte(`{}`),
					State: profile.Active, Created: now, Updated: now, Sort: "s", Search: "s"}
				err := s.Site(1).Update(ctx, func(tx store.Tx) (err error) {
					if rec.Number, err = tx.Numbers(1); err != nil {
						return err
					}
					rec.Names = []profile.Name{{Space: profile.Slug, Value: rec.ID.String()},
						{Space: profile.Number, Value: strconv.FormatInt(rec.Number, 10)}}
					if err := tx.Create(rec, store.Event{At: now, Kind: "user.created"}); err != nil {
						return err
					}
					if (g+i)%9 == 0 {
						return context.Canceled // leaves rows behind: the batch runs again
					}
					return nil
				})
				if err == nil {
					fmt.Printf("%s %d\n", rec.ID, rec.Number)
				} else if err != context.Canceled {
					fmt.Fprintln(os.Stderr, err)
					os.Exit(1)
				}
			}
		}()
	}
	wg.Wait()
	return nil
}

func TestEveryAcknowledgedWriteSurvivesAKill(t *testing.T) {
	rounds, acks := 5, 1200
	if storetest.Reduced() {
		rounds, acks = 2, 100
	}
	dir := t.TempDir()
	numbers := map[int64]profile.ID{}
	for round := range rounds {
		for id, number := range killAfter(t, dir, acks+137*round) {
			if other, ok := numbers[number]; ok {
				t.Errorf("number %d is given to %s and %s", number, other, id)
			}
			numbers[number] = id
		}
		checkSurvivors(t, dir, numbers)
	}
}

// killAfter runs the child until it has acknowledged so many writes, kills it,
// and gives all that it acknowledged.
func killAfter(t *testing.T, dir string, acks int) map[profile.ID]int64 {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), crashDir+"="+dir)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	got := map[profile.ID]int64{}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		id, number, ok := strings.Cut(lines.Text(), " ")
		parsed, err := profile.ParseID(id)
		n, err2 := strconv.ParseInt(number, 10, 64)
		if !ok || err != nil || err2 != nil {
			break // the line that the kill cut off
		}
		got[parsed] = n
		if len(got) == acks {
			if err := child.Process.Signal(syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = child.Wait()
	if len(got) < acks {
		t.Fatalf("the child ended after %d of %d", len(got), acks)
	}
	return got
}

func checkSurvivors(t *testing.T, dir string, numbers map[int64]profile.ID) {
	t.Helper()
	ctx := t.Context()
	s, err := sqlite.Open(ctx, sqlite.Options{Dir: dir, Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Check(ctx); err != nil {
		t.Error(err)
	}
	site := s.Site(1)
	created := map[profile.ID]bool{}
	err = site.View(ctx, func(r store.Reader) error {
		events, err := r.Events(store.Position{}, -1)
		last := store.Position{}
		for _, e := range events {
			if e.Position.Tx < last.Tx || e.Position.Tx == last.Tx && e.Position.Seq <= last.Seq {
				t.Errorf("%v comes after %v", e.Position, last)
			}
			last = e.Position
			created[e.Subject] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for number, id := range numbers {
		rec, err := site.GetID(ctx, id)
		if err != nil || rec.Number != number {
			t.Fatalf("%s: %v", id, err)
		}
		for _, n := range rec.Names {
			if got, err := site.Get(ctx, n.Space, n.Value); err != nil || got.ID != id {
				t.Fatalf("%s by %s %s: %v", id, n.Space, n.Value, err)
			}
		}
		if !created[id] {
			t.Fatalf("%s has no event", id)
		}
	}
	// No half of a failed or unacknowledged write: every event has its record.
	for id := range created {
		if _, err := site.GetID(ctx, id); err != nil {
			t.Fatalf("an event without its record %s: %v", id, err)
		}
	}
}
