package server

import (
	"context"
	"log/slog"
	"net/netip"
	"time"

	"facet/internal/directory"
)

// Each process decides by itself whether an address may try, and tells the
// others in one call what was tried in a fifth of a second. So a request never
// waits for it, and processes together let through what one alone would, and what
// an address does in that time. While the store is away each process counts for
// itself.
const (
	shareEvery  = 200 * time.Millisecond
	shareAgain  = time.Second     // after a failure
	shareWithin = 2 * time.Second // one call
	shareAtOnce = 2000            // addresses in one call
)

// sharing is what this process has not told the others yet. It is guarded by
// the mutex of its addresses.
type sharing struct {
	spend func(context.Context, time.Time, []directory.Spent) ([]directory.Spent, error)
	now   func() time.Time
	log   *slog.Logger

	untold map[netip.Prefix]time.Duration // cost of the tries
	due    bool                           // tell will be called
	failed bool                           // the last call
}

// note counts a try that was let through.
func (h *sharing) note(a *addresses, from netip.Prefix) {
	if _, known := h.untold[from]; !known && len(h.untold) >= maxAddresses {
		return
	}
	h.untold[from] += a.cost
	if !h.due {
		h.due = true
		time.AfterFunc(shareEvery, func() { h.tell(a) })
	}
}

// tell tells what was tried, and takes over what was tried elsewhere.
func (h *sharing) tell(a *addresses) {
	now := h.now()
	told := map[string]netip.Prefix{}
	var list []directory.Spent
	a.mu.Lock()
	for from, cost := range h.untold {
		if len(list) == shareAtOnce {
			break
		}
		delete(h.untold, from)
		// What has come back meanwhile is nobody's affair any more.
		if cost = min(cost, a.allowance(from, now).until.Sub(now)); cost <= 0 {
			continue
		}
		name := nameOf(from)
		told[name] = from
		list = append(list, directory.Spent{Network: name, Cost: cost})
	}
	a.mu.Unlock()

	var all []directory.Spent
	var err error
	if len(list) > 0 {
		ctx, cancel := context.WithTimeout(context.Background(), shareWithin)
		all, err = h.spend(ctx, now, list)
		cancel()
	}

	a.mu.Lock()
	defer a.mu.Unlock()
	if err != nil {
		for _, v := range list {
			h.untold[told[v.Network]] += v.Cost
		}
	}
	for _, v := range all {
		from := told[v.Network]
		left := a.allowance(from, now)
		left.until = later(left.until, v.Until.Add(h.untold[from]))
	}
	if err != nil && !h.failed {
		h.log.Warn("the tries of addresses are counted by this process alone", "error", err)
	}
	if h.failed = err != nil; len(h.untold) == 0 {
		h.due = false
		return
	}
	wait := shareEvery
	if h.failed {
		wait = shareAgain
	}
	time.AfterFunc(wait, func() { h.tell(a) })
}

// nameOf is a network in one word.
func nameOf(network netip.Prefix) string {
	if !network.IsValid() {
		return "unknown"
	}
	return network.String()
}
