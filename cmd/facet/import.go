package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"facet/internal/transfer"
)

type importCommand struct {
	onSite
	File     string            `arg:"" help:"File to read, or - for standard input."`
	Type     string            `placeholder:"TYPE" help:"Entity type of records whose rows do not say (default: user)."`
	Format   string            `placeholder:"FORMAT" help:"jsonl or csv (default: by the file's name)."`
	Preset   string            `placeholder:"NAME" help:"Whose file it is: facet, fields, entity, sentinel, djaoapp, cloudillo or amino (default: facet, of CSV fields)."`
	Map      map[string]string `mapsep:"none" placeholder:"COLUMN=TARGET" help:"Where a column or member goes: an attribute's path, @id, @number, @slug, @created …, or - for nowhere; may be repeated."`
	Mapping  string            `placeholder:"FILE" help:"JSON object of such columns and targets."`
	Rejects  string            `placeholder:"FILE" help:"List of the rows that are refused, and why, as JSON lines (default: the file's name and .rejects.jsonl)."`
	DryRun   bool              `help:"Make nothing: tell what would be refused."`
	Optional bool              `help:"Take records without attributes that their type requires."`
	Again    bool              `help:"Begin anew where the same import was cut off before."`
}

// errRejected tells of rows that were refused, by the exit code too.
type errRejected struct{ text string }

func (e errRejected) Error() string { return e.text }

// Run imports the file. A second run with the same file and flags goes on where
// one was cut off.
func (c importCommand) Run(ctx context.Context, std streams) (err error) {
	options, err := c.options()
	if err != nil {
		return usageError{err}
	}
	input, size, err := c.input(std)
	if err != nil {
		return err
	}
	defer input.Close()
	site, closing, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer closing()
	meter := transfer.NewMeter(std.Err, "records", size)
	resumed := false
	options.Progress = func(p transfer.Progress) {
		if p.Resumed && !resumed {
			resumed = true
			meter.Resume(p.Made+p.Rejected, p.At)
			fmt.Fprintf(std.Err, "facet: going on after %d records\n", p.Made+p.Rejected)
		}
		meter.Set(p.Made+p.Rejected, p.At)
	}
	result, err := transfer.Import(ctx, site, input, options)
	meter.End()
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("interrupted after %d records: the same command goes on from there", result.Made+result.Rejected)
	}
	if err != nil {
		return err
	}
	verb := "imported"
	if c.DryRun {
		verb = "fit to be imported"
	}
	fmt.Fprintf(std.Out, "%d records %s, %d rows refused\n", result.Made, verb, result.Rejected)
	if result.Rejected > 0 {
		return errRejected{fmt.Sprintf("%d rows were refused: see %s", result.Rejected, c.rejects())}
	}
	return nil
}

func (c importCommand) options() (o transfer.Options, err error) {
	o = transfer.Options{Type: c.Type, Preset: c.Preset, DryRun: c.DryRun, Optional: c.Optional, Again: c.Again, Columns: transfer.Columns{}}
	if c.Mapping != "" {
		text, err := os.ReadFile(c.Mapping)
		if err != nil {
			return o, fmt.Errorf("--mapping: %w", err)
		}
		if err := json.Unmarshal(text, &o.Columns); err != nil {
			return o, fmt.Errorf("--mapping: %s is not a JSON object of texts", c.Mapping)
		}
	}
	maps.Copy(o.Columns, c.Map)
	o.Format, err = formatOf(c.Format, c.File)
	o.Rejects = func(resumed bool) (transfer.RejectList, error) {
		return transfer.RejectFile(c.rejects(), resumed)
	}
	return o, err
}

// formatOf reads --format, or what a file's name tells.
func formatOf(flag, file string) (transfer.Format, error) {
	switch {
	case flag == "" && strings.EqualFold(filepath.Ext(file), ".csv"):
		return transfer.CSV, nil
	case flag == "":
		return transfer.JSONL, nil
	}
	f := transfer.Format(flag)
	if f != transfer.JSONL && f != transfer.CSV {
		return "", errors.New("--format: jsonl or csv")
	}
	return f, nil
}

func (c importCommand) rejects() string {
	switch {
	case c.Rejects != "":
		return c.Rejects
	case c.File == "-":
		return "facet-import.rejects.jsonl"
	}
	return c.File + ".rejects.jsonl"
}

// input opens the file; size is 0 where nobody knows it.
func (c importCommand) input(std streams) (io.ReadCloser, int64, error) {
	if c.File == "-" {
		return io.NopCloser(std.In), 0, nil
	}
	f, err := os.Open(c.File)
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return f, 0, err
	}
	return f, info.Size(), nil
}
