package transfer

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"os"

	"facet/internal/profile"
)

// Reject is a row that was refused, as a list of rejects has it: one JSON object
// a line.
type Reject struct {
	Line  int64           `json:"line"`            // of the input, from 1
	Code  profile.Code    `json:"code"`            // for programs
	Field string          `json:"field,omitempty"` // the attribute, name space or column that it is about
	Error string          `json:"error"`           // for people
	Row   json.RawMessage `json:"row"`             // as it came: an object; a text where it is none
}

// RejectList takes rejects, in the order of the input.
type RejectList interface {
	Add(Reject) error
	// Flush is called after each step: kept says that all that were added are
	// kept, whatever happens now. Others are added again where the import goes on.
	Flush() (kept bool, err error)
	Close() error
}

func rejectOf(line int64, raw []byte, err error) Reject {
	e := profile.AsError(err)
	r := Reject{Line: line, Code: e.Code, Field: e.Field, Error: e.Message, Row: raw}
	if r.Error == "" {
		r.Error = string(e.Code)
	}
	if len(raw) == 0 {
		r.Row = json.RawMessage("null")
	}
	return r
}

// rejectFile is a RejectList in a file.
type rejectFile struct {
	f    *os.File
	w    *bufio.Writer
	last int64 // the line of the last one that is in it
	new  bool  // some are not on the disk
}

// RejectFile gives a list of rejects in a file, which only its owner may read:
// rows hold what people do not show to all. One that goes on keeps what is
// there, and adds nothing twice.
func RejectFile(path string, resumed bool) (RejectList, error) {
	flags := os.O_RDWR | os.O_CREATE
	if !resumed {
		flags |= os.O_TRUNC
	}
	f, err := os.OpenFile(path, flags, 0o600)
	if err != nil {
		return nil, err
	}
	l := &rejectFile{f: f, w: bufio.NewWriter(f)}
	if err := l.end(); err != nil {
		f.Close()
		return nil, err
	}
	return l, nil
}

// end finds where the list goes on: after the last line that is whole.
func (l *rejectFile) end() error {
	in := bufio.NewReader(l.f)
	at := int64(0)
	for {
		line, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		var r Reject
		if json.Unmarshal(line, &r) == nil {
			l.last = r.Line
		}
		at += int64(len(line))
	}
	if err := l.f.Truncate(at); err != nil {
		return err
	}
	_, err := l.f.Seek(at, io.SeekStart)
	return err
}

// Add adds one, unless it is there.
func (l *rejectFile) Add(r Reject) error {
	if r.Line <= l.last {
		return nil
	}
	l.last, l.new = r.Line, true
	_, err := l.w.Write(append(encode(r), '\n'))
	return err
}

// Flush writes what was added to the disk.
func (l *rejectFile) Flush() (kept bool, err error) {
	if !l.new {
		return true, nil
	}
	if err := l.w.Flush(); err != nil {
		return false, err
	}
	err = l.f.Sync()
	l.new = err != nil
	return err == nil, err
}

// Close ends the list.
func (l *rejectFile) Close() error { return errors.Join(l.w.Flush(), l.f.Close()) }
