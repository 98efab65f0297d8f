package backup

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strconv"
	"time"

	"facet/internal/directory"
	"facet/internal/media"
	"facet/internal/store"
)

// Source is what a backup is made of.
type Source struct {
	Store   store.Store // a store.Dumper
	Files   media.Files
	Key     string // fingerprint of the data key
	Version string // of this program
	Scratch string // a folder with room for as much as the database takes; only SQLite needs it
	Now     time.Time
}

// Made is what is in a backup.
type Made struct {
	Manifest Manifest
	Parts    int   // of the database
	Files    int   // pictures and other stored files
	Bytes    int64 // of both, before compression
	Missing  int   // files that rows tell of and that were not there
}

// Create writes a backup, also while the installation is served. The files that
// are known beforehand are copied first, then the database as it is at one
// moment, then the files that came in between: so each file that the database
// tells of is there, though it may be deleted meanwhile.
func Create(ctx context.Context, from Source, w io.Writer) (Made, error) {
	dumper, ok := from.Store.(store.Dumper)
	if !ok {
		return Made{}, errors.New("this store cannot be dumped")
	}
	info, err := dumper.DumpInfo(ctx)
	if err != nil {
		return Made{}, err
	}
	sites, err := from.Store.System().Sites(ctx)
	if err != nil {
		return Made{}, err
	}
	c := &creation{Source: from, ctx: ctx, have: map[[16]byte]bool{}}
	c.made.Manifest = Manifest{Format: format, Version: from.Version, Created: from.Now.UTC(), Key: from.Key, Store: info}
	for _, s := range sites {
		c.made.Manifest.Sites = append(c.made.Manifest.Sites, s.Name)
	}
	if c.writer, err = newWriter(w, c.made.Manifest); err != nil {
		return Made{}, err
	}
	if err := dumper.EachBlob(ctx, c.file); err != nil {
		return Made{}, err
	}
	c.final = true
	if err := dumper.Dump(ctx, from.Scratch, c); err != nil {
		return Made{}, err
	}
	return c.made, c.writer.close()
}

// creation is a backup on its way. It is a store.DumpWriter.
type creation struct {
	Source
	ctx    context.Context
	writer *writer
	have   map[[16]byte]bool // of each file that is in it already, the beginning of a digest of its place
	final  bool              // the database is in it: a file that is not there now is missing
	made   Made
}

// Begin refuses a store that was migrated after the manifest was written.
func (c *creation) Begin(info store.DumpInfo) error {
	if !slices.Equal(info.Migrations, c.made.Manifest.Store.Migrations) {
		return errors.New("the database was brought up to date while the backup was made: make it again")
	}
	return nil
}

// Part writes a part of the dump.
func (c *creation) Part(name string, size int64, r io.Reader) error {
	c.made.Parts++
	c.made.Bytes += size
	return errors.Join(c.ctx.Err(), c.writer.add(databasePath+name, size, r))
}

// Blob writes a file that the dump tells of, unless it is written already.
func (c *creation) Blob(b store.DumpedBlob) error { return c.file(b) }

func (c *creation) file(b store.DumpedBlob) error {
	place := directory.PlaceOf(b.Key, b.Meta)
	if place == "" {
		return nil
	}
	name := filesPath + strconv.FormatInt(int64(b.Site), 10) + "/" + place
	sum := sha256.Sum256([]byte(name))
	id := [16]byte(sum[:])
	if c.have[id] {
		return nil
	}
	content, err := c.read(int64(b.Site), place)
	if errors.Is(err, fs.ErrNotExist) {
		if c.final {
			c.made.Missing++
		}
		return nil
	}
	if err != nil {
		return fmt.Errorf("file %s: %w", place, err)
	}
	c.have[id] = true
	c.made.Files++
	c.made.Bytes += int64(len(content))
	return errors.Join(c.ctx.Err(), c.writer.add(name, int64(len(content)), bytes.NewReader(content)))
}

func (c *creation) read(site int64, place string) ([]byte, error) {
	f, err := c.Files.Open(c.ctx, site, place)
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(f)
	return content, errors.Join(err, f.Close())
}
