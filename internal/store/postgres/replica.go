package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"facet/internal/store"
)

// How replicas are looked after.
const (
	replicaPatience = 250 * time.Millisecond // for a connection, before the primary is asked
	replicaProbe    = time.Second            // between two looks at each
	replicaTime     = 2 * time.Second        // that a look may take: who needs longer is too slow, or hangs
	firstBehind     = 5 * time.Millisecond   // that one which was behind is left alone, twice as long each time
	maxBehind       = time.Second
)

// ErrNoReplica is a server that is no streaming standby of the database.
var ErrNoReplica = errors.New("it is no standby of the database")

// errNotYet is a standby that cannot be read from yet.
var errNotYet = errors.New("it has not replayed so far yet")

var (
	selectPrimary = sql(`
		SELECT s.system_identifier, ('x' || left(pg_walfile_name(pg_current_wal_flush_lsn()), 8))::bit(32)::bigint,
			pg_current_wal_flush_lsn(), d.oid::bigint, to_regclass('record')::oid::bigint
		FROM pg_control_system() s, pg_database d WHERE d.datname = current_database()`)
	// The time line that a standby receives is told while it receives, and to who
	// may read pg_stat_wal_receiver; the one of its last restart point, always.
	selectReplica = sql(`
		SELECT s.system_identifier, greatest(w.received_tli, p.timeline_id, e.min_recovery_end_timeline)::bigint,
			CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE '0/0' END,
			d.oid::bigint, coalesce(to_regclass('record')::oid::bigint, 0),
			coalesce(extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) * 1000000, 0)::bigint
		FROM pg_control_system() s CROSS JOIN pg_control_checkpoint() p CROSS JOIN pg_control_recovery() e
			CROSS JOIN pg_database d LEFT JOIN pg_stat_wal_receiver w ON true
		WHERE d.datname = current_database()`)
)

// replica is a standby that is read from.
type replica struct {
	name   string // its place in the list, from 1: what it is called in logs and metrics
	store  *Store
	pool   *pgxpool.Pool
	serves atomic.Bool
	known  atomic.Uint64 // it has replayed the log up to here at least
	until  atomic.Int64  // one that was behind is left alone till then, in nanoseconds
	wait   atomic.Int64  // how long it was

	lagBytes, lagMicros            atomic.Int64
	served, behind, failed, probes atomic.Uint64
	leave                          atomic.Pointer[leave]
	said                           string // what was logged last of why it does not serve
}

// leave ends the reads that are under way when a replica stops to answer.
type leave struct {
	ctx context.Context
	end context.CancelFunc
}

func newLeave() *leave {
	ctx, end := context.WithCancel(context.Background())
	return &leave{ctx, end}
}

// within gives a context that ends with the replica, too.
func (r *replica) within(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(r.leave.Load().ctx, cancel)
	return ctx, func() {
		stop()
		cancel()
	}
}

// stop makes reads pass a replica over until a look finds it again.
func (r *replica) stop() {
	r.serves.Store(false)
	r.leave.Swap(newLeave()).end()
}

// server is what a primary or a replica says of itself.
type server struct {
	system, timeline int64
	at               uint64 // in the log: flushed, or replayed; 0: it is no standby
	database, record int64  // object ids of the database and of one of our tables; a table of 0 is not there
	micros           int64  // since what was replayed last was committed
}

// openReplicas makes the pools, and looks at each replica once.
func (s *Store) openReplicas(ctx context.Context, urls []string) error {
	if len(urls) == 0 {
		return nil
	}
	if err := s.noCitus(ctx); err != nil {
		return err
	}
	for i, url := range urls {
		r := &replica{name: strconv.Itoa(i + 1), store: s}
		r.leave.Store(newLeave())
		c, err := poolConfig(url)
		if err == nil {
			c.ConnConfig.ConnectTimeout = replicaTime
			r.pool, err = pgxpool.NewWithConfig(ctx, c)
		}
		if err != nil {
			return fmt.Errorf("replica %s: %w", r.name, err)
		}
		s.replicas = append(s.replicas, r)
	}
	for i, err := range s.probeAll(ctx) {
		if errors.Is(err, ErrNoReplica) {
			return fmt.Errorf("replica %d: %w", i+1, err)
		}
	}
	watch, stop := context.WithCancel(context.WithoutCancel(ctx))
	var watching sync.WaitGroup
	watching.Go(func() {
		for pause(watch, replicaProbe) == nil {
			s.probeAll(watch)
		}
	})
	s.unwatch = func() {
		stop()
		watching.Wait()
	}
	return nil
}

// noCitus refuses replicas of a database that is spread over several servers: a
// place in the log of one says nothing of the others.
func (s *Store) noCitus(ctx context.Context) error {
	return s.view(ctx, 0, func(r *reader) error {
		found, err := r.one(selectCitus, nil)
		if err == nil && found {
			err = errors.New("replicas: a database that is distributed with Citus is not read from replicas")
		}
		return err
	})
}

func (s *Store) closeReplicas() {
	if s.unwatch != nil {
		s.unwatch()
	}
	for _, r := range s.replicas {
		r.pool.Close()
	}
}

// Replicas is how many replicas there are, whether they can be read from or not.
func (s *Store) Replicas() int { return len(s.replicas) }

// choose gives a replica that may have what is wanted, each in its turn; nil
// where none may.
func (s *Store) choose(least store.Mark) *replica {
	if least.At == store.Unknown || least.Epoch != s.epoch.Load() && least != (store.Mark{}) {
		return nil
	}
	turn := s.turn.Add(1)
	for i := range s.replicas {
		r := s.replicas[(turn+uint64(i))%uint64(len(s.replicas))]
		if r.serves.Load() && (r.known.Load() >= least.At || time.Now().UnixNano() >= r.until.Load()) {
			return r
		}
	}
	return nil
}

// note notes what became of a read.
func (r *replica) note(ctx context.Context, err error) {
	switch {
	case err == nil:
		r.served.Add(1)
		r.wait.Store(0)
	case errors.Is(err, errBehind):
		r.behind.Add(1)
		wait := min(max(2*time.Duration(r.wait.Load()), firstBehind), maxBehind)
		r.wait.Store(int64(wait))
		r.until.Store(time.Now().Add(wait).UnixNano())
	case ctx.Err() != nil: // whoever asked is gone
	default:
		r.failed.Add(1)
		if isLost(err) && !isBusy(err, r.pool) {
			r.serves.Store(false) // till the next look
			r.pool.Reset()
		}
	}
}

// isBusy reports whether all that is wrong is that every connection is in use.
func isBusy(err error, pool *pgxpool.Pool) bool {
	st := pool.Stat()
	return errors.Is(err, errNoConnection) && st.AcquiredConns() == st.MaxConns()
}

// has notes how far the log has been replayed.
func (r *replica) has(at uint64) {
	for old := r.known.Load(); at > old && !r.known.CompareAndSwap(old, at); old = r.known.Load() {
	}
}

// probeAll looks at every replica, and says why those do not serve that do not.
func (s *Store) probeAll(ctx context.Context) []error {
	ctx, cancel := context.WithTimeout(ctx, replicaTime)
	defer cancel()
	errs := make([]error, len(s.replicas))
	var looking sync.WaitGroup
	for i, r := range s.replicas {
		looking.Go(func() { errs[i] = r.probe(ctx) })
	}
	looking.Wait()
	return errs
}

// probe looks whether a replica can be read from. The replica is asked first:
// what it has replayed, the primary had then.
func (r *replica) probe(ctx context.Context) error {
	lag := int64(0)
	its, err := r.store.look(ctx, r.pool, selectReplica)
	busy := isBusy(err, r.pool)
	if err == nil {
		var primary server
		if primary, err = r.store.look(ctx, r.store.pool, selectPrimary); err == nil {
			lag = int64(primary.at - its.at)
			err = its.follows(primary)
		}
		busy = isBusy(err, r.store.pool)
	}
	if busy || r.store.closed.Load() {
		return err // nothing is known anew
	}
	r.probes.Add(1)
	if err != nil {
		r.stop()
		r.known.Store(0) // another may come in its place
		if why := err.Error(); why != r.said {
			r.said = why
			r.store.log.Warn("replica is not read from", "replica", r.name, "why", why)
		}
		return err
	}
	if lag == 0 {
		its.micros = 0 // nothing is written
	}
	r.lagBytes.Store(lag)
	r.lagMicros.Store(its.micros)
	r.has(its.at)
	if !r.serves.Swap(true) {
		r.store.log.Info("replica is read from", "replica", r.name, "behind", lag)
	}
	r.said = ""
	return nil
}

// look asks a server what it is.
func (s *Store) look(ctx context.Context, pool *pgxpool.Pool, ask statement) (it server, err error) {
	q := &session{s: s, pool: pool, begin: noTransaction, copied: true}
	if err := q.acquire(ctx, replicaTime); err != nil {
		return it, err
	}
	defer q.end()
	err = q.query(ctx, ask, nil, func(v rowOf) {
		it = server{v.int(0), v.int(1), uint64(v.int(2)), v.int(3), v.int(4), 0}
		if len(v) > 5 {
			it.micros = v.int(5)
		}
	})
	return it, err
}

// follows refuses what is no standby of a primary: of another cluster, another
// database of it, or another course of its history.
func (it server) follows(primary server) error {
	switch {
	case it.system != primary.system:
		return fmt.Errorf("%w: it is of another cluster", ErrNoReplica)
	case it.at == 0:
		return fmt.Errorf("%w: it takes writes itself", ErrNoReplica)
	case it.database != primary.database, it.record != 0 && it.record != primary.record:
		return fmt.Errorf("%w: it is another database of the cluster", ErrNoReplica)
	case it.record == 0:
		return errNotYet
	case it.timeline != primary.timeline, it.at > primary.at:
		return errors.New("it is on another time line than the database")
	}
	return nil
}

// ReplicaStatus is what is known of a replica.
type ReplicaStatus struct {
	Name                   string // its place in Options.Replicas, from 1
	Serves                 bool
	LagBytes               int64         // of the log, that it had yet to replay when it was last looked at
	Lag                    time.Duration // since what it replayed last was committed; 0 where that is all
	Served, Behind, Failed uint64        // reads: those it had the answer to, what was wanted not yet, and what went wrong
	Probes                 uint64        // how often it was looked at
}

// ReplicaStatus tells how the replicas are, in the order of Options.Replicas.
func (s *Store) ReplicaStatus() []ReplicaStatus {
	var list []ReplicaStatus
	for _, r := range s.replicas {
		list = append(list, ReplicaStatus{r.name, r.serves.Load(), r.lagBytes.Load(), time.Duration(r.lagMicros.Load()) * time.Microsecond,
			r.served.Load(), r.behind.Load(), r.failed.Load(), r.probes.Load()})
	}
	return list
}
