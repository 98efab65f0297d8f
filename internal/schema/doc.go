// Package schema knows entity types: which attributes a record of a type has,
// what a written value must look like, how the values are stored, and how the
// full record is read back.
//
// A Type is compiled once from attribute definitions and never changes. Values
// are kept as sparse JSON text: attributes in byte order of their names, unset
// ones absent, numbers letter by letter as they came. The package does no I/O;
// whatever it needs from outside (numbers for new elements, the time) comes in
// an Env.
//
// Source: Identity Cloud Entity API and Entity Type API.
package schema
