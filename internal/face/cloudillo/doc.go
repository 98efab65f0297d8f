// Package cloudillo is the face of Cloudillo's Profiles API: identities of
// persons and communities, their pictures, and what they are to each other, by
// the paths, fields and errors that Cloudillo documents ("Profiles API",
// "Authentication API", "Error handling").
//
// The page and the published client disagree here and there; the answers are
// the union that both read. What is not there is left out, never null. Times
// are ISO 8601.
//
// The face decodes, calls package directory, and encodes; the rules are there.
package cloudillo
