package postgres_test

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"testing"

	"facet/internal/store"
	"facet/internal/store/postgres"
	"facet/internal/store/postgres/pgtest"
	"facet/internal/store/storetest"
)

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

var cluster *pgtest.Cluster

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	if onCitus() {
		cluster, err = pgtest.Attach(os.Getenv("FACET_TEST_CITUS"))
	} else {
		cluster, err = pgtest.Start(pgtest.Options{Memory: true})
	}
	if err != nil {
		return 1, err
	}
	code = m.Run()
	return code, cluster.Stop()
}

// turn is held by the one test that has a store: of what one writes, another's
// open transactions would hold back the events.
var turn = make(chan struct{}, 1)

// open gives a store on a fresh database.
func open(t *testing.T) (store.Store, func() store.Store) {
	return openOn(func(t testing.TB) string { return cluster.Database(t) })(t)
}

// openOn gives stores on the databases that fresh makes.
func openOn(fresh func(testing.TB) string) storetest.Open {
	return func(t *testing.T) (store.Store, func() store.Store) { return openAt(t, fresh) }
}

func openAt(t *testing.T, fresh func(testing.TB) string) (store.Store, func() store.Store) {
	turn <- struct{}{}
	t.Cleanup(func() { <-turn })
	url := fresh(t)
	var s *postgres.Store
	reopen := func() store.Store {
		if s != nil {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
		var err error
		if s, err = postgres.Open(t.Context(), postgres.Options{URL: url, Logger: quiet}); err != nil {
			t.Fatal(err)
		}
		return s
	}
	t.Cleanup(func() {
		if s != nil {
			_ = s.Close()
		}
	})
	return reopen(), reopen
}

func TestConformance(t *testing.T) {
	if onCitus() {
		storetest.RunSpread(t, open)
		return
	}
	storetest.Run(t, open)
}

// onCitus reports whether the databases lie on several servers.
func onCitus() bool { return os.Getenv("FACET_TEST_CITUS") != "" }

func TestConformanceOfOverlappingTransactions(t *testing.T) { storetest.RunOverlapping(t, open) }

// In partitions by bucket the same statements are issued as on several servers.
func TestConformanceInParts(t *testing.T) { storetest.Run(t, openOn(inParts)) }

func TestConformanceOfOverlappingTransactionsInParts(t *testing.T) {
	storetest.RunOverlapping(t, openOn(inParts))
}

func inParts(t testing.TB) string { return cluster.InParts(t) }
