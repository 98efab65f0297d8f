// Package djaoapp is the face of DjaoApp's accounts and profiles API: signing
// in, registering, profiles of persons and organizations, and subscriptions to
// plans, by the paths, fields and errors that DjaoApp documents ("Creating a
// profile", API reference). Where its releases differ, both vocabularies are
// read: organization and profile, password and new_password.
//
// The face decodes, calls package directory, and encodes; the rules are there.
package djaoapp
