// Package appdata is the face of Sentinel's app-data API: one JSON document
// per person and application, made and read by the person or by an operator,
// the list of applications, and signing in and registering ("Using user
// Profiles", "Endpoints", "Importing users"). What those pages leave open is
// answered with RFC 9457 problems, strict bodies and documents kept to the
// letter.
//
// The face decodes, calls package directory, and encodes; the rules are there.
package appdata
