package transfer

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"time"

	"facet/internal/directory"
	"facet/internal/profile"
	"facet/internal/schema"
)

// ExportOptions say what is exported, and how it is written.
type ExportOptions struct {
	Types      []string // none: all; a table is of one
	Filter     string   // in the Entity API's grammar
	Hashes     bool     // with the hashes of passwords
	Format     Format
	Attributes []string // of a table: the paths of its attributes; none: all

	Progress func(records int64) // called now and then; nil: never
}

// Export writes records, so that Import makes the same of them in an empty
// site; it tells how many. A table of CSV has the columns of "fields", and is
// of one type. Errors: Unknown and Invalid for the options, those of the filter
// and of the writer.
func Export(ctx context.Context, site *directory.Site, w io.Writer, o ExportOptions) (n int64, err error) {
	out := bufio.NewWriterSize(w, 64<<10)
	types := o.Types
	if len(types) == 0 {
		types = site.ExportTypes()
	}
	write := func(r *directory.ImportRecord) error {
		_, err := out.Write(append(encode(recordOf(r)), '\n'))
		return err
	}
	flush := out.Flush
	if o.Format == CSV {
		if len(types) != 1 {
			return 0, profile.E(profile.Invalid, profile.CodeInvalid, "type", "a table is of one type")
		}
		t, err := newTableWriter(site, out, types[0], o)
		if err != nil {
			return 0, err
		}
		write = t.write
		flush = func() error {
			t.csv.Flush()
			if err := t.csv.Error(); err != nil {
				return err
			}
			return out.Flush()
		}
	} else if len(o.Attributes) > 0 {
		return 0, profile.E(profile.Invalid, profile.CodeInvalid, "attributes", "only a table leaves attributes out")
	}
	for _, name := range types {
		err := site.Export(ctx, directory.ExportOptions{Type: name, Filter: o.Filter, Hashes: o.Hashes}, func(r *directory.ImportRecord) error {
			if n++; o.Progress != nil && n%100 == 0 {
				o.Progress(n)
			}
			return write(r)
		})
		if err != nil {
			return n, err
		}
	}
	return n, flush()
}

// recordOf is a record as a line has it.
func recordOf(r *directory.ImportRecord) *Record {
	out := &Record{
		Type: r.Type, ID: r.ID, Number: r.Number, Owner: r.Owner, Creator: r.Creator, State: r.State,
		Created: timeOf(r.Created), Updated: timeOf(r.Updated), Login: timeOf(r.Login),
		Slug: r.Slug, IDTag: r.IDTag, Phone: r.Phone, Names: r.Names, Password: r.Hash, Personal: r.Personal, Extras: r.Extras,
	}
	if string(r.Attrs) != "{}" {
		out.Attrs = r.Attrs
	}
	return out
}

func timeOf(t time.Time) *Time {
	if t.IsZero() {
		return nil
	}
	return &Time{t}
}

// tableWriter writes a table of CSV.
type tableWriter struct {
	csv   *csv.Writer
	attrs []*schema.Attribute
	hash  bool
	cells []string
}

// ownColumns are the columns of a record beside its attributes.
var ownColumns = []string{toID, toNumber, toState, toCreated, toUpdated, toLogin, toSlug, toIDTag, toPhone, toPersonal, toExtras}

func newTableWriter(site *directory.Site, w io.Writer, typeName string, o ExportOptions) (*tableWriter, error) {
	all, err := site.ExportColumns(typeName)
	if err != nil {
		return nil, err
	}
	t := &tableWriter{csv: csv.NewWriter(w), attrs: all, hash: o.Hashes}
	if len(o.Attributes) > 0 {
		if t.attrs, err = chosen(all, o.Attributes); err != nil {
			return nil, err
		}
	}
	head := append([]string{}, ownColumns...)
	if t.hash {
		head = append(head, toHash)
	}
	for _, a := range t.attrs {
		head = append(head, a.Path)
	}
	return t, t.csv.Write(head)
}

// chosen are the attributes at some paths, and below them.
func chosen(all []*schema.Attribute, paths []string) (out []*schema.Attribute, err error) {
	for _, path := range paths {
		before := len(out)
		for _, a := range all {
			if a.Path == path || strings.HasPrefix(a.Path, path+".") {
				out = append(out, a)
			}
		}
		if len(out) == before {
			return nil, profile.E(profile.Unknown, profile.CodeUnknownAttribute, "attributes", "there is no attribute %s that a column can hold", path)
		}
	}
	return out, nil
}

func (t *tableWriter) write(r *directory.ImportRecord) error {
	personal := ""
	if r.Personal {
		personal = "true"
	}
	t.cells = append(t.cells[:0], r.ID.String(), strconv.FormatInt(r.Number, 10), string(r.State), cellOf(r.Created), cellOf(r.Updated), cellOf(r.Login),
		r.Slug, r.IDTag, r.Phone, personal, string(r.Extras))
	if t.hash {
		t.cells = append(t.cells, r.Hash)
	}
	for _, a := range t.attrs {
		cell := ""
		schema.Values(r.Attrs, a.Steps, func(raw []byte) bool {
			cell = cellOfJSON(a, raw)
			return false
		})
		t.cells = append(t.cells, cell)
	}
	return t.csv.Write(t.cells)
}

func cellOf(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(timeForm)
}

// cellOfJSON is a stored value as typed reads it again.
func cellOfJSON(a *schema.Attribute, raw []byte) string {
	if a.Type != schema.JSON && len(raw) > 0 && raw[0] == '"' {
		var text string
		if json.Unmarshal(raw, &text) == nil {
			return text
		}
	}
	return string(raw)
}
