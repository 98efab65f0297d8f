package transfer

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"hash/crc64"
	"io"
	"strings"
	"unicode/utf8"

	"facet/internal/profile"
	"facet/internal/schema"
)

// Format is how rows are written down.
type Format string

// The formats.
const (
	JSONL Format = "jsonl" // one JSON object a line, in UTF-8 (jsonlines.org)
	CSV   Format = "csv"   // RFC 4180, in UTF-8, with a head
)

// MaxRow is the most bytes of one row.
const MaxRow = 4 << 20

// maxDepth bounds the nesting of a row's JSON.
const maxDepth = schema.MaxDocumentDepth

// Row is one row of an input.
type Row struct {
	Line   int64  // where it begins, from 1
	At     int64  // how many bytes of the input end with it
	Sum    uint64 // a checksum of those bytes, without a mark before them
	Fields []Field
	Raw    []byte // as it stands in a list of rejects: a JSON object; a text where it is none
	Err    error  // why it cannot be read, a *profile.Error; then there are no Fields
}

// Field is one column of a row, or one member of its object.
type Field struct {
	Name  string
	Value []byte // JSON; of CSV the text itself
}

// Source reads rows. Its rows are valid until the next one is read.
type Source interface {
	// Next gives the next row: io.EOF after the last. A row that cannot be read
	// is a Row with Err; an error is one of the input itself.
	Next() (Row, error)
	// IsText tells that the values are texts, not JSON.
	IsText() bool
}

// NewSource reads rows in a format. A byte order mark is passed over. Errors:
// Malformed for a head that names no columns or one twice.
func NewSource(r io.Reader, f Format) (Source, error) {
	in := bufio.NewReaderSize(r, 64<<10)
	skipped := int64(0)
	if mark, err := in.Peek(3); err == nil && bytes.Equal(mark, []byte("\xef\xbb\xbf")) {
		_, _ = in.Discard(3)
		skipped = 3
	}
	if f == CSV {
		return newCSV(in, skipped)
	}
	return &lines{in: in, at: skipped}, nil
}

// sums is the polynomial of the checksums.
var sums = crc64.MakeTable(crc64.ECMA)

// lines reads JSON lines.
type lines struct {
	in   *bufio.Reader
	line int64
	at   int64
	sum  uint64
	buf  []byte
	all  []Field
}

func (*lines) IsText() bool { return false }

// Next reads the next line that is not blank.
func (l *lines) Next() (Row, error) {
	for {
		long, err := l.read()
		if err != nil && (len(l.buf) == 0 && !long || !errors.Is(err, io.EOF)) {
			return Row{}, err
		}
		text := bytes.TrimSpace(l.buf)
		row := Row{Line: l.line, At: l.at, Sum: l.sum}
		switch {
		case long:
			row.Err = profile.E(profile.TooLarge, profile.CodeTooLarge, "", "the row has more than %d bytes", MaxRow)
			return row, nil
		case len(text) == 0:
			continue
		}
		row.Raw, row.Fields, row.Err = text, l.all[:0], schema.CheckJSON(text, maxDepth)
		if row.Err == nil {
			row.Fields, row.Err = members(row.Fields, text)
			l.all = row.Fields
		}
		if row.Err != nil {
			row.Fields, row.Raw = nil, quoted(string(text))
		}
		return row, nil
	}
}

// read reads a line into buf; long tells that it is over the limit, and passed
// over.
func (l *lines) read() (long bool, err error) {
	l.buf = l.buf[:0]
	l.line++
	for {
		part, err := l.in.ReadSlice('\n')
		l.at += int64(len(part))
		l.sum = crc64.Update(l.sum, sums, part)
		if long = long || len(l.buf)+len(part) > MaxRow; long {
			l.buf = l.buf[:0]
		} else {
			l.buf = append(l.buf, part...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return long, err
		}
	}
}

// members lists the members of a JSON object that was checked.
func members(dst []Field, text []byte) ([]Field, error) {
	if text[0] != '{' {
		return nil, profile.E(profile.Invalid, profile.CodeType, "", "not a JSON object")
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	if _, err := dec.Token(); err != nil {
		return nil, malformed(err)
	}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return nil, malformed(err)
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, malformed(err)
		}
		dst = append(dst, Field{name.(string), value})
	}
	return dst, nil
}

func malformed(err error) error {
	return &profile.Error{Kind: profile.Malformed, Code: profile.CodeSyntax, Message: "the JSON is not syntactically valid", Err: err}
}

func quoted(text string) []byte { return schema.AppendString(nil, text) }

// table reads CSV.
type table struct {
	in      *csv.Reader
	fed     *fed
	sum     uint64
	skipped int64
	head    []string
	all     []Field
}

// newCSV reads the head.
func newCSV(r io.Reader, skipped int64) (*table, error) {
	t := &table{fed: &fed{in: r}, skipped: skipped}
	t.in = csv.NewReader(bufio.NewReaderSize(t.fed, 64<<10))
	t.in.ReuseRecord = true
	t.in.FieldsPerRecord = -1
	head, err := t.in.Read()
	if errors.Is(err, io.EOF) {
		return nil, profile.E(profile.Malformed, profile.CodeSyntax, "", "the file is empty: a CSV file has a head")
	}
	if err != nil {
		return nil, unreadable(err)
	}
	t.took()
	seen := map[string]bool{}
	for _, name := range head {
		name = strings.TrimSpace(name)
		if name == "" || seen[name] || !utf8.ValidString(name) {
			return nil, profile.E(profile.Malformed, profile.CodeSyntax, name, "the head of the file names no column, or one twice")
		}
		seen[name] = true
		t.head = append(t.head, name)
	}
	return t, nil
}

func (*table) IsText() bool { return true }

// Next reads the next record. One with too few or too many fields, or with a
// quote in a wrong place, is refused, and reading goes on after it.
func (t *table) Next() (Row, error) {
	fields, err := t.in.Read()
	at, text := t.skipped+t.in.InputOffset(), t.took()
	var parse *csv.ParseError
	switch {
	case errors.As(err, &parse):
		return Row{Line: int64(parse.StartLine), At: at, Sum: t.sum, Raw: quoted(string(bytes.TrimRight(text, "\r\n"))), Err: unreadable(err)}, nil
	case err != nil:
		return Row{}, err
	}
	line, _ := t.in.FieldPos(0)
	row := Row{Line: int64(line), At: at, Sum: t.sum, Fields: t.all[:0]}
	size := 0
	for i, f := range fields {
		size += len(f)
		if i < len(t.head) {
			row.Fields = append(row.Fields, Field{t.head[i], []byte(f)})
		}
	}
	t.all = row.Fields
	row.Raw = asObject(row.Fields)
	switch {
	case len(fields) != len(t.head):
		row.Err = profile.E(profile.Malformed, profile.CodeSyntax, "", "the row has %d fields, and the head %d", len(fields), len(t.head))
	case size > MaxRow:
		row.Err = profile.E(profile.TooLarge, profile.CodeTooLarge, "", "the row has more than %d bytes", MaxRow)
	}
	for _, f := range row.Fields {
		if !utf8.Valid(f.Value) || bytes.IndexByte(f.Value, 0) >= 0 {
			row.Err = profile.E(profile.Malformed, profile.CodeSyntax, f.Name, "not UTF-8, or with a NUL character")
		}
	}
	if row.Err != nil {
		row.Fields = nil
	}
	return row, nil
}

// took gives the bytes of what was just read.
func (t *table) took() []byte {
	text := t.fed.take(t.in.InputOffset())
	t.sum = crc64.Update(t.sum, sums, text)
	return text
}

// fed keeps what of CSV was read ahead. A row that does not end, because of a
// quote that is left open, is given up before it fills the memory.
type fed struct {
	in   io.Reader
	held []byte
	at   int64 // where they begin
}

// Read reads on: TooLarge where too much is held already.
func (f *fed) Read(p []byte) (int, error) {
	if len(f.held) > MaxRow+128<<10 {
		return 0, profile.E(profile.TooLarge, profile.CodeTooLarge, "", "a row has more than %d bytes: a quote may be left open", MaxRow)
	}
	n, err := f.in.Read(p)
	f.held = append(f.held, p[:n]...)
	return n, err
}

// take gives what was held up to an offset, and holds it no more.
func (f *fed) take(upto int64) []byte {
	n := upto - f.at
	out := f.held[:n]
	f.held, f.at = f.held[n:], upto
	return out
}

func unreadable(err error) error {
	if known := profile.AsError(err); known.Kind != profile.Internal {
		return known
	}
	text := err.Error()
	var parse *csv.ParseError
	if errors.As(err, &parse) {
		text = parse.Err.Error()
	}
	return &profile.Error{Kind: profile.Malformed, Code: profile.CodeSyntax, Message: text, Err: err}
}

// asObject writes fields of CSV as a JSON object.
func asObject(fields []Field) []byte {
	out := []byte{'{'}
	for i, f := range fields {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(append(out, quoted(f.Name)...), ':')
		out = append(out, quoted(string(f.Value))...)
	}
	return append(out, '}')
}
