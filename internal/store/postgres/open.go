package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"facet/internal/store"
)

// Options say which database is opened. Only URL is needed.
type Options struct {
	// URL is a postgres:// URL or a list of key=value, as libpq reads them
	// (PostgreSQL documentation, "Connection Strings"), with pool_max_conns for
	// the number of connections: by default 8 for each processor, 16 at least.
	URL string
	// Patience is how long a caller waits for a database that is not there, or
	// for a free connection, before it is told to come back; 0 means 10 s.
	Patience time.Duration
	// Replicas are URLs of streaming standbys of that database, to read from what
	// is only shown. One that cannot be reached now is read from when it can.
	Replicas []string
	Logger   *slog.Logger     // nil: slog.Default()
	Clock    func() time.Time // nil: time.Now
}

func (o *Options) fill() {
	if o.Patience == 0 {
		o.Patience = 10 * time.Second
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
}

// Store is an open database. It is a store.Store.
type Store struct {
	pool     *pgxpool.Pool
	side     *pgxpool.Pool // draws numbers, also for those that hold all connections of pool
	log      *slog.Logger
	clock    func() time.Time
	patience time.Duration
	readOnly bool
	spread   bool         // what is read together may lie on several servers, see spread.go
	citus    bool         // they are Citus's
	epoch    atomic.Int64 // of event positions
	course   atomic.Pointer[course]
	numbers  numbers
	closed   atomic.Bool
	resetAt  atomic.Int64 // when connections were last given up, in nanoseconds
	sweptAt  atomic.Int64 // when the table spent was last swept, in microseconds
	once     sync.Once

	replicas []*replica
	turn     atomic.Uint64 // of the replicas
	unwatch  func()        // ends what looks after them
}

// Open opens a database and brings its schema up to date. Several processes may
// have it open.
func Open(ctx context.Context, o Options) (*Store, error) {
	s, err := dial(ctx, o)
	if err != nil {
		return nil, err
	}
	if _, err = migrate(ctx, s, 0); err == nil {
		err = s.readEpoch(ctx)
	}
	if err != nil {
		s.close()
		return nil, fmt.Errorf("database: %w", err)
	}
	if err := s.openReplicas(ctx, o.Replicas); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// OpenReadOnly opens a database for reading. Updates give ErrReadOnly.
func OpenReadOnly(ctx context.Context, o Options) (*Store, error) {
	s, err := dial(ctx, o)
	if err != nil {
		return nil, err
	}
	s.readOnly = true
	if err = current(ctx, s); err == nil {
		err = s.readEpoch(ctx)
	}
	if err != nil {
		s.close()
		return nil, fmt.Errorf("database: %w", err)
	}
	return s, nil
}

// dial makes the pools and connects once.
func dial(ctx context.Context, o Options) (*Store, error) {
	o.fill()
	c, err := poolConfig(o.URL)
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	s := &Store{log: o.Logger, clock: o.Clock, patience: o.Patience}
	s.numbers.sites = map[store.SiteID]*block{}
	few := c.Copy()
	c.AfterConnect = s.follow
	if s.pool, err = pgxpool.NewWithConfig(ctx, c); err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	few.MaxConns, few.MinConns, few.MinIdleConns = 1, 0, 0
	if s.side, err = pgxpool.NewWithConfig(ctx, few); err != nil {
		s.pool.Close()
		return nil, fmt.Errorf("database: %w", err)
	}
	if err := s.pool.Ping(ctx); err != nil {
		s.close()
		return nil, fmt.Errorf("database: %w", err)
	}
	return s, nil
}

// poolConfig reads a connection string, and adds what it does not say.
func poolConfig(url string) (*pgxpool.Config, error) {
	c, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, err // pgx leaves the password out
	}
	if !poolSized(url) {
		c.MaxConns = int32(max(16, 8*runtime.GOMAXPROCS(0)))
	}
	params := c.ConnConfig.RuntimeParams
	for key, value := range map[string]string{
		"application_name":                    "facet",
		"timezone":                            "UTC",
		"idle_in_transaction_session_timeout": "60000",
		"client_encoding":                     "UTF8",
		"jit":                                 "off", // our queries are short
		// Every statement has its index. A plan that was made while tables were
		// small, and is kept, would read them whole when they have grown.
		"enable_seqscan":     "off",
		"enable_hashjoin":    "off",
		"enable_mergejoin":   "off",
		"synchronous_commit": "on",
	} {
		if _, given := params[key]; !given {
			params[key] = value
		}
	}
	return c, nil
}

// Close waits for what is running and gives the connections back.
func (s *Store) Close() error {
	s.close()
	return nil
}

func (s *Store) close() {
	s.once.Do(func() {
		s.closed.Store(true)
		s.closeReplicas()
		s.pool.Close()
		s.side.Close()
	})
}

// Ready reads once, and looks whether the server takes writes.
func (s *Store) Ready(ctx context.Context) error {
	q, err := s.session(ctx, noTransaction)
	if err != nil {
		return translate(ctx, err)
	}
	defer q.end()
	standby := int64(0)
	err = q.query(ctx, selectStandby, nil, func(r rowOf) { standby = r.int(0) })
	if err == nil && standby != 0 && !s.readOnly {
		err = busy(errors.New("postgres: the server is a standby"))
	}
	return translate(ctx, err)
}

// lost gives up the connections that are idle: when one is gone the others
// are, too. Those made since then stay.
func (s *Store) lost() {
	now := time.Now().UnixNano()
	if last := s.resetAt.Load(); now-last > int64(maxWait) && s.resetAt.CompareAndSwap(last, now) {
		s.pool.Reset()
		s.side.Reset()
	}
}

// readEpoch gives the epoch of event positions, and how the tables lie.
func (s *Store) readEpoch(ctx context.Context) error {
	c, err := s.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	err = s.settle(ctx, c.Conn())
	c.Release()
	if err != nil {
		return err
	}
	q, err := s.session(ctx, noTransaction)
	if err != nil {
		return err
	}
	defer q.end()
	if err := q.query(ctx, selectMeta, []any{metaShards}, func(r rowOf) { s.spread = r.int(0) > 0 }); err != nil {
		return err
	}
	if s.spread {
		return q.query(ctx, selectCitus, nil, func(rowOf) { s.citus = true })
	}
	return nil
}

var _ store.Store = (*Store)(nil)

// Size is how many bytes the database has, of all sites.
func (s *Store) Size(ctx context.Context) (n int64, err error) {
	q, err := s.session(ctx, noTransaction)
	if err != nil {
		return 0, translate(ctx, err)
	}
	defer q.end()
	err = q.query(ctx, selectSize, nil, func(r rowOf) { n = r.int(0) })
	return n, translate(ctx, err)
}
