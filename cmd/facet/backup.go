package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"facet/internal/backup"
)

type backupCommand struct {
	dataFlags
	File    string `arg:"" help:"File to write, or - for standard output."`
	Scratch string `placeholder:"DIR" help:"Folder with room for a copy of the database of SQLite (default: that of the file)."`
}

// Run writes the backup, also beside a running server.
func (c backupCommand) Run(ctx context.Context, std streams) error {
	data := c.config()
	in, err := data.OpenForReading(ctx, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer in.Close()
	if c.Scratch == "" && c.File != "-" {
		c.Scratch = dirOf(c.File)
	}
	return writeTo(c.File, std, func(w io.Writer) error {
		made, err := backup.Create(ctx, backup.Source{
			Store: in.Store, Files: in.Files, Key: in.Key, Version: buildVersion().Version, Scratch: c.Scratch, Now: time.Now(),
		}, w)
		if err != nil {
			return err
		}
		fmt.Fprintf(std.Err, "backed up: %d files, %d parts of the database, %d bytes; data key %s is not in it\n", made.Files, made.Parts, made.Bytes, made.Manifest.Key)
		if made.Missing > 0 {
			fmt.Fprintf(std.Err, "facet: %d files that the database tells of are missing\n", made.Missing)
		}
		return nil
	})
}

type restoreCommand struct {
	dataFlags
	File  string `arg:"" help:"Backup to read, or - for standard input."`
	Check bool   `help:"Read the backup to its end, compare checksums, and write nothing."`
}

// Run makes an installation of a backup, where there is none.
func (c restoreCommand) Run(ctx context.Context, std streams) error {
	input := io.ReadCloser(std.In)
	if c.File != "-" {
		f, err := os.Open(c.File)
		if err != nil {
			return err
		}
		input = f
	}
	defer input.Close()
	r, err := backup.Open(input)
	if err != nil {
		return err
	}
	defer r.Close()
	m := r.Manifest
	if c.Check {
		found, err := backup.Check(ctx, r)
		if err != nil {
			return err
		}
		fmt.Fprintf(std.Out, "the backup of %s is whole: %d files, %d parts of the database, %d bytes; it needs data key %s\n",
			m.Created.Format(time.RFC3339), found.Files, found.Parts, found.Bytes, m.Key)
		return nil
	}
	in, err := c.config().Restore(ctx, r, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer in.Close()
	fmt.Fprintf(std.Out, "restored the backup of %s\n", m.Created.Format(time.RFC3339))
	return nil
}

// dirOf is the folder that a file lies in.
func dirOf(file string) string { return filepath.Dir(file) }
