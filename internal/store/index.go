package store

import "facet/internal/profile"

// Index is what searches read. Attribute rows are ordered by path, value and
// the record's number, so that the records of one value are listed by number.
// A record's number is unique within its type.
type Index interface {
	// Brief is ByNumber with no more of each record than ID, Type, Number,
	// Attrs, Password, Created and Updated.
	Brief(t profile.Type, low, high int64, desc bool, fn func(*Record) bool) error
	// Sweep reads all records of a type with low <= number <= high, like Brief,
	// by several workers at once where the backend can, all in the Reader's
	// snapshot. worker is called for each before it begins, on the caller's
	// goroutine; what it gives is called from one goroutine at a time, in the
	// order of numbers, with some of the records. When that returns false it
	// gets no more; the others go on. It ends with the context.
	Sweep(t profile.Type, low, high int64, desc bool, worker func() func(*Record) bool) error
	// NumberAt gives the number of the record that skip others come before, in
	// the order of Brief: ErrNotFound when there are not so many.
	NumberAt(t profile.Type, low, high, skip int64, desc bool) (int64, error)
	// CountNumbers counts the records with low <= number <= high, by index.
	CountNumbers(t profile.Type, low, high int64) (int64, error)
	// Values lists index rows in range by value, then number, backwards when
	// desc. The value is valid only during the call.
	Values(t profile.Type, r Range, desc bool, fn func(value []byte, number int64) bool) error
	// Holders lists the records with an index row of just this value and
	// low <= number <= high, by number.
	Holders(t profile.Type, path, value string, low, high int64, desc bool, fn func(number int64) bool) error
	// CountValues counts index rows in range; it stops at max (negative:
	// without bound).
	CountValues(t profile.Type, r Range, max int64) (int64, error)
}
