// Package entity is the entity face: the Entity API of the Akamai Identity
// Cloud (Janrain Capture). Every operation is one path; its arguments are form
// parameters, its answer is compact JSON inside HTTP 200, errors included.
//
// A request is read in form.go, its caller found in auth.go, its record named
// in select.go; one file per operation decodes, calls package directory and
// encodes. errors.go is the one place that knows the API's error codes.
//
// Source: Identity Cloud, "Entity and Entity Type API".
package entity
