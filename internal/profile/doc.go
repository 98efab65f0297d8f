// Package profile is the vocabulary of Facet: ids, types of record, names of
// people, folding, and the one error type. It does no I/O and imports nothing
// of ours, so that every other package can speak in its words.
package profile
