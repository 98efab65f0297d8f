package postgres_test

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"strings"
	"testing"
	"time"

	"facet/internal/profile"
	"facet/internal/store"
	"facet/internal/store/postgres"
)

// alone is a store whose standby is its own, to be harmed.
func alone(t *testing.T) *standbys {
	t.Helper()
	turn <- struct{}{}
	t.Cleanup(func() { <-turn })
	s := &standbys{t: t, url: cluster.Database(t), log: buffer()}
	on, err := cluster.Standby()
	s.must(err)
	t.Cleanup(func() { s.must(on.Stop()) })
	s.standby = on
	s.must(on.CatchUp())
	s.store = s.open(s.replica())
	return s
}

func TestAReplicaThatFailsIsPassedOverAndTakenAgain(t *testing.T) {
	s := alone(t)
	mark := s.write("first")
	s.must(s.standby.CatchUp())
	serves := func() bool {
		found, copies, _ := s.sees(s.store, mark, "first")
		if !found {
			t.Fatal("a read failed or did not find what is there")
		}
		return copies == 1
	}
	s.until("the replica serves", serves)

	// It hangs: who reads is not held up for longer than it takes to see that.
	s.must(s.standby.Freeze())
	began := time.Now()
	if serves() {
		t.Fatal("a replica that hangs has served")
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("a replica that hangs held a read up for %v", took)
	}
	s.until("it is not asked any more", func() bool { return !s.store.ReplicaStatus()[0].Serves })
	s.must(s.standby.Thaw())
	s.until("the replica serves after it hung", serves)

	s.must(s.standby.Kill())
	for range 20 {
		if serves() {
			t.Fatal("a replica that is gone has served")
		}
	}
	if status := s.store.ReplicaStatus()[0]; status.Serves || status.Failed == 0 {
		t.Errorf("%+v", status)
	}
	s.must(s.standby.Restart())
	s.until("the replica serves again", serves)

	// It takes writes itself: what it has is no part of the database any more.
	s.must(s.standby.Promote())
	s.must(s.standby.Exec(s.database(), "UPDATE meta SET value = value WHERE key = 'epoch'"))
	for range 20 {
		if serves() {
			t.Fatal("a server that was promoted has served")
		}
	}
	s.until("it is told", func() bool { return strings.Contains(s.log.String(), "it takes writes itself") })
}

// What a standby of the former time line has is other data than the database's,
// and a place in the log says nothing of it.
func TestAStandbyThatStaysOnAFormerTimeLineIsNotReadFrom(t *testing.T) {
	s := alone(t)
	s.write("first")
	s.must(cluster.Exec(s.database(), `
		DROP ROLE IF EXISTS plain; CREATE ROLE plain LOGIN;
		GRANT ALL ON ALL TABLES IN SCHEMA public TO plain`))
	t.Cleanup(func() { s.must(cluster.Exec(s.database(), "DROP OWNED BY plain; DROP ROLE plain")) })
	former, err := cluster.Standby()
	s.must(err)
	t.Cleanup(func() { s.must(former.Stop()) })
	s.must(former.CatchUp())
	s.must(s.standby.CatchUp())
	s.must(s.standby.Promote())
	s.must(s.standby.Exec(s.database(), "CREATE TABLE more AS SELECT g FROM generate_series(1, 50000) g; DROP TABLE more")) // it is ahead
	promoted, stale := s.standby.URL(s.database()), former.URL(s.database())
	for name, user := range map[string]string{"one that is told what it receives": "postgres", "one that is not": "plain"} {
		s.url = strings.Replace(promoted, "user=postgres", "user="+user, 1)
		db := s.open(strings.Replace(stale, "user=postgres", "user="+user, 1))
		if status := db.ReplicaStatus()[0]; status.Serves || status.Probes == 0 {
			t.Errorf("%s: %+v", name, status)
		}
	}
}

// Two processes that wrote events of two epochs would hide the older one's.
func TestAProcessThatGoesOnAfterAFailoverWritesInTheNewEpoch(t *testing.T) {
	s := alone(t)
	before := s.write("first")
	s.must(s.standby.CatchUp())
	s.url = s.standby.URL(s.database())
	goesOn := s.open()
	if err := goesOn.Ready(t.Context()); err == nil {
		t.Error("a standby is no server to write to")
	}
	s.must(s.standby.Promote())
	after := s.writeOn(goesOn, "second")
	s.must(s.standby.Exec("postgres", "CHECKPOINT"))
	started := s.writeOn(s.open(), "third")
	again := s.writeOn(goesOn, "fourth")
	if after.Epoch <= before.Epoch || started.Epoch != after.Epoch || again.Epoch != after.Epoch {
		t.Errorf("epochs %d, then %d and %d of who goes on, %d of who starts", before.Epoch, after.Epoch, again.Epoch, started.Epoch)
	}
}

func TestAReadThatLosesItsReplicaOnTheWayIsMadeOnThePrimary(t *testing.T) {
	s := replicated(t)
	s.until("the replica serves", func() bool {
		_, copies, _ := s.sees(s.store, store.Mark{}, "first")
		return copies == 1
	})
	runs := 0
	err := s.store.Site(1).Glance(store.WithRecency(t.Context(), store.NewRecency(store.Mark{}, true)), 0, nil, func(r store.Reader) error {
		runs++
		if _, err := r.ByName(profile.ID{}, profile.Slug, "first"); err != nil {
			return err
		}
		if runs == 1 {
			s.must(s.standby.Exec("postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '"+s.database()+"'"))
		}
		_, _ = r.Count(profile.User) // who does not look at the error is none the wiser
		return nil
	})
	if err != nil || runs != 2 {
		t.Errorf("%d runs, %v", runs, err)
	}
}

func TestAServerThatCannotBeReachedIsNoReasonNotToStart(t *testing.T) {
	turn <- struct{}{}
	t.Cleanup(func() { <-turn })
	s := &standbys{t: t, url: cluster.Database(t), log: buffer()}
	s.store = s.open("postgres:///nowhere?host=" + url.QueryEscape(t.TempDir()))
	mark := s.write("first")
	if found, copies, _ := s.sees(s.store, mark, "first"); !found || copies != 0 {
		t.Errorf("found %t, from %d replicas", found, copies)
	}
	if !strings.Contains(s.log.String(), "replica is not read from") {
		t.Errorf("nobody is told: %s", s.log)
	}
	if status := s.store.ReplicaStatus(); len(status) != 1 || status[0].Serves || status[0].Name != "1" {
		t.Errorf("%+v", status)
	}
}

func TestAServerThatIsNoStandbyOfTheDatabaseIsRefused(t *testing.T) {
	s := replicated(t)
	for _, c := range []struct{ name, url, want string }{
		{"the database itself", s.url, "takes writes itself"},
		{"another database of the standby", s.standby.URL("postgres"), "another database"},
	} {
		db, err := postgres.Open(context.Background(), postgres.Options{URL: s.url, Replicas: []string{s.replica(), c.url}, Logger: slog.New(slog.DiscardHandler)})
		if err == nil {
			_ = db.Close()
		}
		if !errors.Is(err, postgres.ErrNoReplica) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "replica 2") {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
