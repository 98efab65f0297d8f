package postgres

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"time"
	"unicode/utf8"

	"facet/internal/profile"
	"facet/internal/store"
	"facet/internal/store/row"
)

// text is bound as TEXT; a plain []byte is bound as BYTEA.
type text []byte

// rawArg is bound as it is.
type rawArg []byte

// limit is bound as NULL, without bound, when it is negative.
type limit int64

// Errors of what no text column can keep.
var (
	errNUL  = &profile.Error{Kind: profile.Malformed, Code: profile.CodeSyntax, Message: "text contains a NUL character"}
	errUTF8 = &profile.Error{Kind: profile.Malformed, Code: profile.CodeSyntax, Message: "text is not valid UTF-8"}
)

// encode gives arguments in the binary form of their columns' types
// (PostgreSQL documentation, "Formats and Format Codes").
func encode(args []any) ([][]byte, error) {
	values := make([][]byte, len(args))
	buf := make([]byte, 0, 16*len(args))
	for i, a := range args {
		start, isText := len(buf), false
		switch v := a.(type) {
		case int64:
			buf = binary.BigEndian.AppendUint64(buf, uint64(v))
		case int:
			buf = binary.BigEndian.AppendUint64(buf, uint64(v))
		case limit:
			if v < 0 {
				continue
			}
			buf = binary.BigEndian.AppendUint64(buf, uint64(v))
		case int32:
			buf = binary.BigEndian.AppendUint32(buf, uint32(v))
		case store.SiteID:
			buf = binary.BigEndian.AppendUint64(buf, uint64(v))
		case profile.Bucket:
			buf = binary.BigEndian.AppendUint32(buf, uint32(v))
		case bool:
			n := uint64(0)
			if v {
				n = 1
			}
			buf = binary.BigEndian.AppendUint64(buf, n)
		case time.Time:
			buf = binary.BigEndian.AppendUint64(buf, uint64(row.Micros(v)))
		case profile.ID:
			buf = append(buf, v[:]...)
		case []byte:
			buf = append(buf, v...)
		case rawArg:
			buf = append(buf, v...)
		default:
			if buf, isText = appendText(buf, a); !isText {
				return nil, fmt.Errorf("postgres: an argument of type %T is not bound", a)
			}
		}
		values[i] = buf[start:len(buf):len(buf)]
		if isText {
			switch {
			case bytes.IndexByte(values[i], 0) >= 0:
				return nil, errNUL
			case !utf8.Valid(values[i]):
				return nil, errUTF8
			}
		}
	}
	return values, nil
}

func appendText(buf []byte, a any) ([]byte, bool) {
	switch v := a.(type) {
	case string:
		return append(buf, v...), true
	case text:
		return append(buf, v...), true
	case profile.Type:
		return append(buf, v...), true
	case profile.Space:
		return append(buf, v...), true
	case profile.State:
		return append(buf, v...), true
	case store.LinkKind:
		return append(buf, v...), true
	case store.LinkState:
		return append(buf, v...), true
	}
	return buf, false
}

func appendInt32(buf []byte, v int32) []byte { return binary.BigEndian.AppendUint32(buf, uint32(v)) }

// rowOf is the values of one row, in binary form. They are valid until the next.
type rowOf [][]byte

// int reads a column of an integer type.
func (r rowOf) int(col int) int64 {
	switch b := r[col]; len(b) {
	case 8:
		return int64(binary.BigEndian.Uint64(b))
	case 4:
		return int64(int32(binary.BigEndian.Uint32(b)))
	}
	return 0
}

// raw is a column in place.
func (r rowOf) raw(col int) []byte { return r[col] }

func (r rowOf) text(col int) string { return string(r[col]) }

// bytes copies a column; never nil.
func (r rowOf) bytes(col int) []byte { return append([]byte{}, r[col]...) }

func (r rowOf) time(col int) time.Time { return row.FromMicros(r.int(col)) }

func (r rowOf) id(col int) (id profile.ID) {
	copy(id[:], r[col])
	return id
}
