package server

import (
	"net/http"
	"net/netip"
	"time"
)

// What the tests in package server_test reach beside the exported.
var (
	OwnerOf        = ownerOf
	TidyPath       = tidyPath
	ParameterNames = parameterNames
)

// What the tests of addresses look at.
var (
	NewAddresses = newAddresses
)

// MaxAddresses is maxAddresses.
const MaxAddresses = maxAddresses

// Take is take.
func (a *addresses) Take(from netip.Prefix, now time.Time) error { return a.take(from, now) }

// Len is how many addresses are remembered.
func (a *addresses) Len() int { return len(a.newer) + len(a.old) }

// ClientOf is the network that a request counts for.
func ClientOf(r *http.Request, proxies []netip.Prefix) netip.Prefix {
	return networkOf(addressOf(r, proxies))
}
