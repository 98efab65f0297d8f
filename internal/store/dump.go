package store

import (
	"context"
	"io"
)

// Dumper is a store whose whole content, all sites of it, can be copied while
// it is in use. Every backend is one, and gives a copy back by its function
// Restore.
type Dumper interface {
	// DumpInfo tells what a dump made now would be of.
	DumpInfo(ctx context.Context) (DumpInfo, error)
	// Dump writes the content as of one moment. Scratch is a folder with room
	// for as much as the database takes; backends that need none ignore it.
	Dump(ctx context.Context, scratch string, to DumpWriter) error
	// EachBlob calls fn for what is known of every stored file as of now.
	EachBlob(ctx context.Context, fn func(DumpedBlob) error) error
}

// DumpWriter takes a dump: Begin first, with what it is of, then the parts, then
// the files that were known at the moment of the dump.
type DumpWriter interface {
	Begin(DumpInfo) error
	// Part takes one part: size bytes of r. Names are paths with slashes,
	// none of them twice.
	Part(name string, size int64, r io.Reader) error
	Blob(DumpedBlob) error
}

// DumpInfo is what a dump is of.
type DumpInfo struct {
	Backend    string          `json:"backend"`    // "sqlite", "postgres"
	Migrations []DumpMigration `json:"migrations"` // that the database has had, in order
}

// DumpMigration is a migration and the SHA-256 of its text, hex.
type DumpMigration struct {
	Name     string `json:"name"`
	Checksum string `json:"checksum"`
}

// DumpedBlob is the row of a stored file.
type DumpedBlob struct {
	Site SiteID
	Key  string
	Meta []byte // JSON object
}

// DumpReader gives a dump back.
type DumpReader interface {
	Info() DumpInfo
	// Next gives the next part: io.EOF after the last, once all of the dump has
	// proved to be as it was written; another error where it is not.
	Next() (name string, r io.Reader, err error)
}
