package profile

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"time"

	"github.com/google/uuid"
)

// ID names a record. It is a UUID version 7 (RFC 9562, section 5.7) whose low
// 16 bits are the record's bucket, so that whatever belongs to one subject can
// be stored beside it. The zero ID means "none", or "the whole site" where an
// owner is asked for.
type ID [16]byte

// Bucket is the part of the key space a record lives in: 0 to 65535. Whatever
// belongs to one subject shares the subject's bucket; a record never changes it.
type Bucket uint16

// NewID mints an id in a random bucket.
func NewID(now time.Time) ID {
	var b [2]byte
	_, _ = rand.Read(b[:])
	return NewIDIn(now, Bucket(binary.BigEndian.Uint16(b[:])))
}

// NewIDIn mints an id in the given bucket.
func NewIDIn(now time.Time, bucket Bucket) ID {
	var id ID
	_, _ = rand.Read(id[6:14])
	ms := uint64(now.UnixMilli())
	binary.BigEndian.PutUint64(id[:8], ms<<16|uint64(binary.BigEndian.Uint16(id[6:8])))
	id[6] = id[6]&0x0f | 0x70 // version 7
	id[8] = id[8]&0x3f | 0x80 // RFC 9562 variant
	binary.BigEndian.PutUint16(id[14:], uint16(bucket))
	return id
}

// ParseID reads the canonical 36-character form of a UUID in either case. Any
// other form is an error of kind Malformed.
func ParseID(s string) (ID, error) {
	if len(s) != 36 {
		return ID{}, &Error{Kind: Malformed, Code: CodeInvalidID, Message: "invalid uuid"}
	}
	u, err := uuid.Parse(s)
	if err != nil {
		return ID{}, &Error{Kind: Malformed, Code: CodeInvalidID, Message: "invalid uuid", Err: err}
	}
	return ID(u), nil
}

// Bucket reports the bucket that the id itself names.
func (id ID) Bucket() Bucket { return Bucket(binary.BigEndian.Uint16(id[14:])) }

// IsZero reports whether the id is "none".
func (id ID) IsZero() bool { return id == ID{} }

// String gives the canonical lower-case form of RFC 9562, section 4.
func (id ID) String() string {
	var b [36]byte
	hex.Encode(b[:8], id[:4])
	b[8] = '-'
	hex.Encode(b[9:13], id[4:6])
	b[13] = '-'
	hex.Encode(b[14:18], id[6:8])
	b[18] = '-'
	hex.Encode(b[19:23], id[8:10])
	b[23] = '-'
	hex.Encode(b[24:], id[10:])
	return string(b[:])
}

// MarshalText writes the canonical form, so that ids in JSON are strings.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads what ParseID reads.
func (id *ID) UnmarshalText(text []byte) (err error) {
	*id, err = ParseID(string(text))
	return err
}
