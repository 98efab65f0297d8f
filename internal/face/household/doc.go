// Package household is the face of Amino's "User profiles" API: the people who
// share an account, each with a profile of their own, one of them the default
// that a sign-in acts as. Its JSON is that of JSON:API (jsonapi.org) with
// Amino's habits: a body may be plain, and then "data" is always an array.
//
// The face decodes, calls package directory, and encodes; the rules are there.
package household
