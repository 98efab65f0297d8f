// Package resolve asks the DNS for the addresses of names that strangers type:
// bounded in time, and in how many are asked for at once.
package resolve

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"facet/internal/profile"
)

// The bounds of what is asked for.
const (
	maxAliases = 8               // that lead from one to the next
	timeout    = 4 * time.Second // of one name, waiting included
	atOnce     = 32              // names
)

// Resolver asks the DNS. It may be used by several goroutines.
type Resolver struct {
	dns     *net.Resolver
	slots   chan struct{}
	timeout time.Duration
}

// System names the resolvers of this machine.
const System = "system"

// New makes a Resolver that asks a server, "HOST:PORT" with an IP address, or
// those of this machine: System. Any other text is an error.
func New(server string) (*Resolver, error) {
	r := &Resolver{dns: &net.Resolver{PreferGo: true}, slots: make(chan struct{}, atOnce), timeout: timeout}
	if server == System {
		return r, nil
	}
	at, err := netip.ParseAddrPort(server)
	if err != nil || at.Port() == 0 {
		return nil, fmt.Errorf("%q is neither %q nor the address of a DNS server, such as 192.0.2.53:53", server, System)
	}
	r.dns.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, at.String())
	}
	return r, nil
}

// Resolve gives every address of a name, of both families, and the name at the
// end of its aliases. The name is asked for as it is, never completed by a
// search list. Errors: profile.NotFound when it has no address; profile.Busy
// when that cannot be told now.
func (r *Resolver) Resolve(ctx context.Context, name string) (canonical string, addresses []netip.Addr, err error) {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	select {
	case r.slots <- struct{}{}:
		defer func() { <-r.slots }()
	case <-ctx.Done():
		return "", nil, busy(ctx.Err())
	}
	name = strings.TrimSuffix(name, ".")
	addresses, err = r.dns.LookupNetIP(ctx, "ip", name+".")
	var fault *net.DNSError
	switch {
	case errors.As(err, &fault) && fault.IsNotFound:
		return "", nil, &profile.Error{Kind: profile.NotFound, Code: profile.CodeNotFound, Message: "no such host", Err: err}
	case err != nil:
		return "", nil, busy(err)
	}
	// Of several aliases in a row the library gives the last, or the first, as
	// the answers come: they are followed to the end.
	canonical = name + "."
	for range maxAliases {
		next, err := r.dns.LookupCNAME(ctx, canonical)
		if err != nil || strings.EqualFold(next, canonical) { // it was there a moment ago
			break
		}
		canonical = next
	}
	return strings.ToLower(strings.TrimSuffix(canonical, ".")), addresses, nil
}

func busy(err error) error {
	return &profile.Error{Kind: profile.Busy, Code: profile.CodeBusy, Message: "the DNS cannot be asked now", Retry: 5, Err: err}
}
