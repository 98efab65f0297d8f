// Package e2e tests Facet from outside: the binary as it is built for users,
// started on a port of its own, spoken to over HTTP, read through its log and
// its data folder when it has ended. Only the walks that need to move the clock
// run a server inside the test.
package e2e
