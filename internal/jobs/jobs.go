// Package jobs does the work that changes leave behind: it leases due jobs
// from the store, runs the handler of their kind, and tries again later what
// failed. A job is done at least once: a process that dies leaves its leases
// to end, and another takes the jobs.
package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"facet/internal/store"
)

// Handler does one job. Its ctx ends before the job's lease does. Of an error
// the log gets no more than Reason tells, since texts of mail servers repeat
// addresses.
type Handler func(ctx context.Context, job store.Job) error

// Config is what a Worker works with. Zero durations and numbers have the
// defaults named.
type Config struct {
	System   store.System
	Lane     store.Lane         // whose jobs it does
	Handlers map[string]Handler // by kind of job
	Log      *slog.Logger
	Now      func() time.Time // nil: time.Now
	Poll     time.Duration    // between two looks when nothing was due; 500 ms
	Lease    time.Duration    // a job not finished by then is given out again; 2 min
	AtOnce   int              // jobs running; 4
	Tries    int64            // after which a job is dropped that is not needed; 20, which takes about twelve hours
	Backoff  time.Duration    // after the first failure, doubled by each, an hour at most; 5 s
	Grace    time.Duration    // for jobs that run when Run is told to end; 10 s
}

// Worker runs jobs.
type Worker struct{ c Config }

// New makes a Worker.
func New(c Config) *Worker {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	orElse(&c.Poll, 500*time.Millisecond)
	orElse(&c.Lease, 2*time.Minute)
	orElse(&c.AtOnce, 4)
	orElse(&c.Tries, 20)
	orElse(&c.Backoff, 5*time.Second)
	orElse(&c.Grace, 10*time.Second)
	return &Worker{c}
}

func orElse[T comparable](p *T, value T) {
	var zero T
	if *p == zero {
		*p = value
	}
}

// Run works until ctx ends; jobs that run then may finish within the grace
// time. No more jobs are leased than can start at once, so that none waits
// while its lease runs out.
func (w *Worker) Run(ctx context.Context) {
	working, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	slots := make(chan struct{}, w.c.AtOnce)
	var running sync.WaitGroup
	for ctx.Err() == nil {
		free := w.acquire(ctx, slots)
		jobs, err := w.lease(ctx, free)
		if err != nil && ctx.Err() == nil {
			w.c.Log.Error("jobs cannot be read", "error", err)
		}
		for _, job := range jobs {
			running.Go(func() {
				defer func() { <-slots }()
				w.do(working, job)
			})
		}
		for range free - len(jobs) {
			<-slots
		}
		if len(jobs) == 0 || err != nil {
			pause(ctx, w.c.Poll)
		}
	}
	ended := time.AfterFunc(w.c.Grace, stop)
	running.Wait()
	ended.Stop()
}

// acquire takes all free slots, waiting for the first; 0 when ctx ends.
func (w *Worker) acquire(ctx context.Context, slots chan struct{}) (free int) {
	select {
	case slots <- struct{}{}:
		free = 1
	case <-ctx.Done():
		return 0
	}
	for {
		select {
		case slots <- struct{}{}:
			free++
		default:
			return free
		}
	}
}

func (w *Worker) lease(ctx context.Context, limit int) ([]store.Job, error) {
	if limit == 0 {
		return nil, nil
	}
	return w.c.System.DueIn(ctx, w.c.Lane, w.c.Now(), w.c.Lease, limit)
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// do runs one job and writes down what came of it. A job of a kind without a
// handler waits for its lease to end, and for a worker that has one: mail, for
// one, until there is a mail server.
func (w *Worker) do(ctx context.Context, job store.Job) {
	if w.c.Handlers[job.Kind] == nil {
		return
	}
	limited, cancel := context.WithTimeout(ctx, w.c.Lease-w.c.Lease/4)
	err := w.handle(limited, job)
	cancel()

	log := w.c.Log.With("job", job.ID.String(), "kind", job.Kind, "site", int64(job.Site), "try", job.Tries+1)
	ctx = context.WithoutCancel(ctx)
	switch {
	case errors.Is(err, ErrSettled):
		log.Debug("job settled")
		return
	case err == nil:
		log.Debug("job done")
		err = w.c.System.FinishJob(ctx, job)
	case isPermanent(err):
		log.Error("job dropped: it cannot succeed", "reason", Reason(err))
		err = w.c.System.FinishJob(ctx, job)
	case job.Tries+1 >= w.c.Tries && !isNeeded(err):
		log.Error("job dropped: too many tries", "reason", Reason(err))
		err = w.c.System.FinishJob(ctx, job)
	default:
		wait := w.backoff(job.Tries)
		log.Warn("job failed", "reason", Reason(err), "again_in", wait.String())
		err = w.c.System.RetryJob(ctx, job, w.c.Now().Add(wait))
	}
	if err != nil {
		log.Error("job kept until its lease ends", "error", err)
	}
}

// handle turns a panic of a handler into an error.
func (w *Worker) handle(ctx context.Context, job store.Job) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &Failure{Why: fmt.Sprintf("panic: %T", p)}
		}
	}()
	return w.c.Handlers[job.Kind](ctx, job)
}

// backoff is how long to wait after a failure when tries failed before: doubled
// by each, with jitter between half and whole so that what failed together
// does not return together.
func (w *Worker) backoff(tries int64) time.Duration {
	wait := w.c.Backoff << min(tries, 20)
	if wait > time.Hour || wait <= 0 {
		wait = time.Hour
	}
	return wait/2 + rand.N(wait/2+1)
}

// ErrSettled is what a handler returns that has put the job where it belongs
// itself, or removed it.
var ErrSettled = errors.New("jobs: settled")

// Failure is an error whose Why may be logged: it has no personal data.
type Failure struct {
	Why       string
	Permanent bool // another try is useless
	Needed    bool // it is tried until it succeeds, however often
	Err       error
}

func (f *Failure) Error() string { return f.Why }
func (f *Failure) Unwrap() error { return f.Err }

func isPermanent(err error) bool {
	f := (*Failure)(nil)
	return errors.As(err, &f) && f.Permanent
}

func isNeeded(err error) bool {
	f := (*Failure)(nil)
	return errors.As(err, &f) && f.Needed
}

// Reason gives what may be logged of a handler's error.
func Reason(err error) string {
	f := (*Failure)(nil)
	switch {
	case errors.As(err, &f):
		return f.Why
	case errors.Is(err, context.DeadlineExceeded):
		return "took too long"
	case errors.Is(err, context.Canceled):
		return "interrupted"
	}
	return fmt.Sprintf("%T", err)
}
