// Package transfer moves records in and out: it reads the files of other
// products and our own, makes of each row a record for directory's importer,
// keeps what was refused, and writes records as JSON lines or CSV.
//
// A Source gives rows, with the line each stands at and where the input goes on
// after it; a Preset makes a directory.ImportRecord of a row; Import runs both.
// The rules that a record has to keep are directory's.
package transfer
