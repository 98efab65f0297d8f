package postgres

import (
	"context"
	"sync"

	"facet/internal/profile"
	"facet/internal/store"
)

// blockSize is how many numbers are reserved at once; the first of a site is
// firstNumber, so that smaller ones can be given by hand.
const (
	blockSize   = 1000
	firstNumber = 1000
)

// numbers are the parts of the sites' sequences that this process may give
// away. They are reserved outside the transactions that need them: a number may
// be lost, but nobody waits for another's transaction.
type numbers struct {
	mu    sync.Mutex
	sites map[store.SiteID]*block
}

// block is from next up to limit.
type block struct {
	mu          sync.Mutex
	next, limit int64
}

func (n *numbers) of(site store.SiteID) *block {
	n.mu.Lock()
	defer n.mu.Unlock()
	b := n.sites[site]
	if b == nil {
		b = &block{}
		n.sites[site] = b
	}
	return b
}

// Numbers draws from the process's block, or else reserves another.
func (t *tx) Numbers(n int) (int64, error) {
	if n < 1 {
		return 0, profile.E(profile.Internal, profile.CodeInternal, "", "%d numbers asked for", n)
	}
	b := t.s.numbers.of(t.site)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.limit-b.next < int64(n) {
		if err := t.s.reserve(t.ctx, t.site, b, firstNumber, int64(n)+blockSize); err != nil {
			return 0, err
		}
	}
	first := b.next
	b.next += int64(n)
	return first, nil
}

// reserve takes a new block of n numbers, none of them below floor.
func (s *Store) reserve(ctx context.Context, site store.SiteID, b *block, floor, n int64) error {
	c, err := s.side.Acquire(ctx)
	if err != nil {
		return translate(ctx, errNoConnection)
	}
	q := &session{s: s, pool: s.side, c: c, begin: noTransaction, sent: 1}
	defer q.end()
	var next int64
	err = q.query(ctx, drawNumbers, []any{site, floor, n}, func(r rowOf) { next = r.int(0) })
	if err != nil {
		if isLost(err) {
			s.lost()
		}
		return translate(ctx, err)
	}
	b.next, b.limit = next-n, next
	return nil
}

// pass keeps the sequence ahead of a number given by hand (an import's).
func (t *tx) pass(number int64) error {
	if number < firstNumber {
		return nil
	}
	b := t.s.numbers.of(t.site)
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case number < b.next:
		return nil
	case number < b.limit:
		b.next = number + 1
		return nil
	}
	return t.s.reserve(t.ctx, t.site, b, number+1, blockSize)
}
