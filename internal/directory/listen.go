package directory

import (
	"context"
	"sync"
	"time"

	"facet/internal/profile"
	"facet/internal/store"
)

// maxListeners is how many callers may wait for events of a site at once, in
// one process.
const maxListeners = 100

// listenPoll is how often the store is asked whether there is something new
// while somebody listens: another process, or a commit that readers see later,
// rings no bell here.
const listenPoll = 250 * time.Millisecond

// bell rings when there may be new events. While somebody listens one
// goroutine a site looks at the store; who listens only waits, and then reads.
type bell struct {
	mu        sync.Mutex
	rung      chan struct{} // closed at the next ring
	listeners int
	stop      context.CancelFunc // of the goroutine that looks
}

// ring wakes everybody who listens.
func (b *bell) ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.rung != nil {
		close(b.rung)
		b.rung = make(chan struct{})
	}
}

// Listener waits for events of a site.
type Listener struct {
	s    *Site
	once sync.Once
}

// Listen makes a Listener, which is to be closed. Errors: Busy when too many
// listen.
func (s *Site) Listen() (*Listener, error) {
	b := &s.bell
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.listeners >= maxListeners {
		return nil, &profile.Error{Kind: profile.Busy, Code: profile.CodeBusy, Message: "too many callers wait for events", Retry: 5}
	}
	b.listeners++
	if b.listeners == 1 {
		b.rung = make(chan struct{})
		ctx, stop := context.WithCancel(context.Background())
		b.stop = stop
		go s.lookForEvents(ctx)
	}
	return &Listener{s: s}, nil
}

// Next gives a channel that is closed when there may be events that were not
// there when Next was called.
func (l *Listener) Next() <-chan struct{} {
	l.s.bell.mu.Lock()
	defer l.s.bell.mu.Unlock()
	return l.s.bell.rung
}

// Close ends the listening.
func (l *Listener) Close() {
	l.once.Do(func() {
		b := &l.s.bell
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.listeners--; b.listeners == 0 {
			b.stop()
			close(b.rung)
			b.rung = nil
		}
	})
}

// lookForEvents rings when the newest event is another than before.
func (s *Site) lookForEvents(ctx context.Context) {
	tick := time.NewTicker(listenPoll)
	defer tick.Stop()
	var last store.Position
	for ctx.Err() == nil {
		var newest store.Position
		err := s.data.raw.View(ctx, func(r store.Reader) (err error) {
			newest, err = r.Newest()
			return err
		})
		if err == nil && newest != last {
			last = newest
			s.bell.ring()
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
}
