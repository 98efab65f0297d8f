package server

import (
	"math"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"facet/internal/profile"
)

// Rate is how often one address may try to sign in, to register or to have a
// code sent. The zero value is no bound.
type Rate struct {
	PerMinute int
	Burst     int // tries at once after a pause; 0: half of PerMinute, at least one
}

// maxAddresses bounds how many addresses are remembered, twice: about 20 MB.
const maxAddresses = 1 << 16

// addresses counts the tries of each address. It remembers two generations: the
// older one is forgotten when the newer is full, or so old that nobody in it
// would still be held up.
type addresses struct {
	cost  time.Duration // after which one try is there again
	all   time.Duration // after which an address that has used all has all again
	share *sharing      // with other processes; nil: there are none

	mu         sync.Mutex
	began      time.Time // of the newer generation
	newer, old map[netip.Prefix]*allowance
}

// allowance is what an address may still try.
type allowance struct {
	until time.Time // when it has all its tries again
}

// newAddresses gives nil for the zero Rate.
func newAddresses(r Rate) *addresses {
	if r.PerMinute <= 0 {
		return nil
	}
	burst := r.Burst
	if burst <= 0 {
		burst = max(1, r.PerMinute/2)
	}
	cost := time.Minute / time.Duration(r.PerMinute)
	return &addresses{cost: cost, all: cost * time.Duration(burst), newer: map[netip.Prefix]*allowance{}}
}

// take spends one try of an address. Limited/CodeAttempts, with the seconds to
// wait, when it has none left; what is refused does not count.
func (a *addresses) take(from netip.Prefix, now time.Time) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	left := a.allowance(from, now)
	until := later(left.until, now).Add(a.cost)
	if wait := until.Sub(now) - a.all; wait > 0 {
		e := profile.E(profile.Limited, profile.CodeAttempts, "", "Too many attempts. Please try again later.")
		e.Retry = max(1, int(math.Ceil(wait.Seconds())))
		return e
	}
	left.until = until
	if a.share != nil {
		a.share.note(a, from)
	}
	return nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// allowance finds that of an address; a.mu is held.
func (a *addresses) allowance(from netip.Prefix, now time.Time) *allowance {
	if len(a.newer) >= maxAddresses || now.Sub(a.began) > a.all {
		a.old, a.newer, a.began = a.newer, map[netip.Prefix]*allowance{}, now
	}
	found := a.newer[from]
	if found == nil {
		if found = a.old[from]; found == nil {
			found = &allowance{}
		}
		a.newer[from] = found
	}
	return found
}

// networkOf is the network of who asks: an IPv4 address, or the /64 that an IPv6
// address lies in, since a customer has at least that. What is no address is
// the zero Prefix, which all such clients share.
func networkOf(at netip.Addr) netip.Prefix {
	bits := 32
	if at.Is6() {
		bits = 64
	}
	network, _ := at.Prefix(bits) // both lengths fit
	return network
}

// addressOf is where a request comes from. Behind proxies that are trusted it
// is the last address that was not put into X-Forwarded-For by one of them. The
// zero Addr is none.
func addressOf(r *http.Request, proxies []netip.Prefix) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	at := peer.Addr()
	hops := strings.Join(r.Header["X-Forwarded-For"], ",")
	for hops != "" && trusted(at, proxies) {
		rest, hop := "", hops
		if i := strings.LastIndexByte(hops, ','); i >= 0 {
			rest, hop = hops[:i], hops[i+1:]
		}
		before, err := netip.ParseAddr(strings.TrimSpace(hop))
		if err != nil {
			break // the nearest proxy that we know of
		}
		at, hops = before, rest
	}
	return at.Unmap().WithZone("")
}

func trusted(at netip.Addr, proxies []netip.Prefix) bool {
	at = at.Unmap().WithZone("")
	for _, p := range proxies {
		if p.Contains(at) {
			return true
		}
	}
	return false
}
