package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"facet/internal/transfer"
)

type exportCommand struct {
	onSite
	File       string   `arg:"" optional:"" help:"File to write, or - for standard output (default)."`
	Type       []string `placeholder:"TYPE" help:"Entity type of the records; may be repeated (default: all)."`
	Format     string   `placeholder:"FORMAT" help:"jsonl or csv, which is of one type (default: by the file's name)."`
	Filter     string   `placeholder:"EXPR" help:"Only records that this selects, in the grammar of the entity API, such as \"birthday < '2000-01-01'\"."`
	Attributes []string `placeholder:"PATH" help:"Of csv: the columns of attributes; may be repeated (default: all)."`
	Passwords  bool     `help:"With the hashes of passwords."`
	Subject    string   `placeholder:"WHO" help:"Everything that is held about one person or group, as a tar archive: by uuid, number, slug or e-mail."`
}

// Run writes the records, also beside a running server.
func (c exportCommand) Run(ctx context.Context, std streams) (err error) {
	if c.Subject != "" && (len(c.Type) > 0 || c.Format != "" || c.Filter != "" || len(c.Attributes) > 0 || c.Passwords) {
		return usageError{errors.New("--subject goes with no other choice of records")}
	}
	format, err := formatOf(c.Format, c.File)
	if err != nil {
		return usageError{err}
	}
	site, closing, err := c.read(ctx)
	if err != nil {
		return err
	}
	defer closing()
	return writeTo(c.File, std, func(w io.Writer) error {
		if c.Subject != "" {
			return transfer.Archive(ctx, site, w, c.Subject)
		}
		meter := transfer.NewMeter(std.Err, "records", 0)
		n, err := transfer.Export(ctx, site, w, transfer.ExportOptions{
			Types: c.Type, Filter: c.Filter, Hashes: c.Passwords, Format: format, Attributes: c.Attributes,
			Progress: func(n int64) { meter.Set(n, 0) },
		})
		meter.End()
		if err == nil && c.File != "" && c.File != "-" {
			fmt.Fprintf(std.Err, "%d records exported\n", n)
		}
		return err
	})
}

// writeTo gives fn what to write to: standard output, or a file that only its
// owner may read and that is there, whole and on disk, when fn has succeeded. A
// file that is there is left alone.
func writeTo(file string, std streams, fn func(io.Writer) error) error {
	if file == "" || file == "-" {
		w := bufio.NewWriterSize(std.Out, 64<<10)
		return errors.Join(fn(w), w.Flush())
	}
	if _, err := os.Lstat(file); err == nil {
		return fmt.Errorf("%s is there already, and is left as it is", file)
	}
	f, err := os.CreateTemp(dirOf(file), ".facet-new-")
	if err != nil {
		return err
	}
	err = fn(f)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Link(f.Name(), file) // unlike a rename it fails where one came meanwhile
	}
	return errors.Join(err, os.Remove(f.Name()))
}
