package postgres

import (
	"errors"
	"testing"
	"time"

	"facet/internal/store"
)

func TestOnlyAStandbyOnThePrimarysCourseFollowsIt(t *testing.T) {
	primary := server{system: 1, timeline: 2, at: 100, database: 5, record: 6}
	for _, c := range []struct {
		name   string
		change func(*server)
		want   error // nil: it follows; errAny: not now
	}{
		{"behind", func(s *server) { s.at = 40 }, nil},
		{"of another cluster", func(s *server) { s.system = 9 }, ErrNoReplica},
		{"promoted", func(s *server) { s.at = 0 }, ErrNoReplica},
		{"another database", func(s *server) { s.database = 9 }, ErrNoReplica},
		{"another schema", func(s *server) { s.record = 9 }, ErrNoReplica},
		{"before our tables were made", func(s *server) { s.record = 0 }, errNotYet},
		{"on a former time line", func(s *server) { s.timeline = 1 }, errAny},
		{"ahead", func(s *server) { s.at = 101 }, errAny},
	} {
		it := primary
		c.change(&it)
		err := it.follows(primary)
		if c.want == errAny && (err == nil || errors.Is(err, ErrNoReplica)) || c.want != errAny && !errors.Is(err, c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

var errAny = errors.New("any")

func TestAReplicaThatWasBehindIsLeftAloneForAWhile(t *testing.T) {
	s := &Store{replicas: []*replica{{}, {}}}
	s.epoch.Store(1)
	for _, r := range s.replicas {
		r.serves.Store(true)
		r.known.Store(10)
	}
	seen := map[*replica]bool{}
	for range 4 {
		seen[s.choose(store.Mark{Epoch: 1, At: 5})] = true
	}
	if len(seen) != 2 {
		t.Errorf("reads are spread over %d replicas", len(seen))
	}
	var waits []time.Duration
	for range 12 {
		s.replicas[0].note(t.Context(), errBehind)
		waits = append(waits, time.Duration(s.replicas[0].wait.Load()))
	}
	if waits[0] != firstBehind || waits[1] != 2*firstBehind || waits[11] != maxBehind {
		t.Errorf("it waits %v", waits)
	}
	for range 4 {
		if r := s.choose(store.Mark{Epoch: 1, At: 11}); r != s.replicas[1] {
			t.Error("one that was behind just now is asked for more")
		}
	}
	for _, r := range s.replicas {
		r.until.Store(time.Now().Add(time.Hour).UnixNano())
	}
	if s.choose(store.Mark{Epoch: 1, At: 11}) != nil {
		t.Error("both were behind just now")
	}
	if s.choose(store.Mark{Epoch: 1, At: 10}) == nil {
		t.Error("what a replica is known to have it is not asked for")
	}
	for name, m := range map[string]store.Mark{"another epoch": {Epoch: 2, At: 1}, "unknown": {Epoch: 1, At: store.Unknown}} {
		if s.choose(m) != nil {
			t.Errorf("%s: a replica is asked", name)
		}
	}
}
