// Package store says what Facet keeps and how it may be read and changed:
// records, names, links, attributes, secrets, sessions, tickets, jobs, events.
// The model is that of typed objects and typed associations (TAO, USENIX ATC
// 2013). A backend implements Store; package storetest is the one suite that
// every backend passes.
//
// Tenant data is reachable only through Store.Site. Every write happens in
// Update, whose function may run more than once and must therefore have no
// effect outside the transaction and do no hashing, rendering or I/O; what it
// writes, its names, attributes, jobs and events commit together. Uniqueness
// rests on the backend's keys, never on reading first.
//
// The backend never parses, folds or compares JSON or text values: Go
// normalises them, so that all backends compare alike. Times are UTC with
// microsecond precision.
package store
