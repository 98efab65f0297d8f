// Package filter selects and orders records. Every face's filter grammar is
// parsed to the one tree of this package; Compile checks the tree against an
// entity type, and the Program evaluates it over stored JSON text without
// parsing the whole of it. That evaluator is the oracle: what a backend answers
// from an index (see Plan) is only ever a superset that Match checks again.
//
// Truth has three values, as in SQL: a comparison with a null or absent value
// is unknown, unknown stays unknown under not, and a record is selected only
// by true. A path through a plural asks whether any element satisfies the
// comparison, and that is true or false, never unknown.
package filter
