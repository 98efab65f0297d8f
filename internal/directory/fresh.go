package directory

import (
	"context"
	"errors"
	"sync"
	"time"
)

// What is kept of sites, policies, entity types, apps and API clients is read
// again when it is older than fresh; while one caller does that, others go on
// with what there is, but never with what is older than tooOld. So a change that
// another process makes is seen well within a second.
const (
	fresh  = 300 * time.Millisecond
	tooOld = 600 * time.Millisecond
)

// renewal lets one of many callers read again what is kept of the store.
type renewal struct {
	mu   sync.Mutex // held by who reads, or changes what is read
	ends int64      // readings that have ended; guarded by count
	err  error      // of the last of them

	count sync.Mutex
}

// renew calls read where what is kept is older than fresh; age tells how old it
// is. It gives the error of read, also of one that somebody else made while the
// caller waited for it: where the store is away, callers do not wait one after
// the other.
func (n *renewal) renew(ctx context.Context, age func() time.Duration, read func() error) error {
	old := age()
	if old < fresh {
		return nil
	}
	before, _ := n.last()
	if old < tooOld {
		if !n.mu.TryLock() {
			return nil
		}
	} else {
		n.mu.Lock()
	}
	defer n.mu.Unlock()
	if age() < fresh {
		return nil
	}
	if ends, err := n.last(); ends != before && err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	err := read()
	n.count.Lock()
	defer n.count.Unlock()
	n.ends, n.err = n.ends+1, err
	return err
}

func (n *renewal) last() (int64, error) {
	n.count.Lock()
	defer n.count.Unlock()
	return n.ends, n.err
}
