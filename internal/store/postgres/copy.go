package postgres

import (
	"bytes"
	"context"
	"encoding/binary"
	"time"

	"facet/internal/profile"
	"facet/internal/store/row"
)

// copying is rows of one table in the binary form that COPY reads (PostgreSQL
// documentation, "COPY", "Binary Format").
type copying struct {
	into string // COPY … FROM STDIN BINARY
	buf  []byte
	rows int
}

var copyHeader = []byte("PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00")

func copyInto(table, columns string) copying {
	return copying{into: "COPY " + table + " (" + columns + ") FROM STDIN BINARY"}
}

// reset forgets the rows and keeps the memory.
func (c *copying) reset() { c.buf, c.rows = c.buf[:0], 0 }

// row begins a row of so many columns.
func (c *copying) row(columns int) *copying {
	if c.rows == 0 {
		c.buf = append(c.buf, copyHeader...)
	}
	c.rows++
	c.buf = binary.BigEndian.AppendUint16(c.buf, uint16(columns))
	return c
}

func (c *copying) int64(v int64) *copying {
	c.buf = binary.BigEndian.AppendUint32(c.buf, 8)
	c.buf = binary.BigEndian.AppendUint64(c.buf, uint64(v))
	return c
}

func (c *copying) time(t time.Time) *copying { return c.int64(row.Micros(t)) }

func (c *copying) bucket(b profile.Bucket) *copying {
	c.buf = binary.BigEndian.AppendUint32(c.buf, 4)
	c.buf = binary.BigEndian.AppendUint32(c.buf, uint32(b))
	return c
}

func (c *copying) id(id profile.ID) *copying {
	c.buf = binary.BigEndian.AppendUint32(c.buf, uint32(len(id)))
	c.buf = append(c.buf, id[:]...)
	return c
}

func (c *copying) text(s string) *copying {
	c.buf = binary.BigEndian.AppendUint32(c.buf, uint32(len(s)))
	c.buf = append(c.buf, s...)
	return c
}

func (c *copying) bytes(b []byte) *copying {
	c.buf = binary.BigEndian.AppendUint32(c.buf, uint32(len(b)))
	c.buf = append(c.buf, b...)
	return c
}

// copy sends the rows of a table, after what waits; an error ends the
// transaction, but for a savepoint.
func (q *session) copy(ctx context.Context, c *copying) error {
	if c.rows == 0 {
		return nil
	}
	if err := q.send(ctx, nil); err != nil {
		return err
	}
	c.buf = binary.BigEndian.AppendUint16(c.buf, 0xffff)
	q.asked = true
	if _, err := q.c.Conn().PgConn().CopyFrom(ctx, bytes.NewReader(c.buf), c.into); err != nil {
		q.err = err
		return err
	}
	q.sent++
	return nil
}

// appendArray writes a one-dimensional array (PostgreSQL's array_recv) of n
// elements of the type oid, whose bytes element appends.
func appendArray(buf []byte, oid uint32, n int, element func([]byte, int) []byte) []byte {
	for _, v := range []uint32{1, 0, oid, uint32(n), 1} {
		buf = binary.BigEndian.AppendUint32(buf, v)
	}
	for i := range n {
		at := len(buf)
		buf = element(append(buf, 0, 0, 0, 0), i)
		binary.BigEndian.PutUint32(buf[at:], uint32(len(buf)-at-4))
	}
	return buf
}
