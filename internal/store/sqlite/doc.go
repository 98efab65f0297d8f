// Package sqlite is the store on one SQLite file: one writer that commits the
// Updates of many callers in one durable transaction, and a pool of readers.
// A data folder holds facet.db (with its -wal and -shm) and lock, and is used
// by one serving process at a time.
package sqlite
