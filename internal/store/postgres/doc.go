// Package postgres is the store on a PostgreSQL database, which several
// processes may share. A change is one pipelined batch of statements, one round
// trip where it reads nothing; what it may break (a name that is taken, a record
// that has changed) is found by the database and ends the batch.
//
// Transactions that write are READ COMMITTED: what decides rests on keys, on
// rows that are locked, and on versions, never on what was read before.
package postgres
