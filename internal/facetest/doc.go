// Package facetest starts a whole Facet for tests: the SQLite store in a
// folder of the test's own, the directory, the demo site, and the server with
// the faces asked for, answering on a local port. Time stands still until a
// test moves it. It is imported by tests only.
package facetest
