// Package own is the face of what is Facet's own: moving records and persons
// in and out, and whatever else no published profile API has. Its errors are
// RFC 9457 problems, its callers are known by what any face gives: the token
// of a sign-in, an API key, or an API client's id and secret.
//
// The face decodes, calls package directory, and encodes; the rules are there.
package own
