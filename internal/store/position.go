package store

import (
	"cmp"
	"encoding/base64"
	"encoding/binary"

	"facet/internal/profile"
)

// Compare orders positions as events come: -1 where p is before q.
func (p Position) Compare(q Position) int {
	return cmp.Or(cmp.Compare(p.Epoch, q.Epoch), cmp.Compare(p.Tx, q.Tx), cmp.Compare(p.Seq, q.Seq))
}

// IsZero reports whether it comes before all events.
func (p Position) IsZero() bool { return p == Position{} }

// String writes a position as the one text that stands for it, in cursors, in
// the ids of events and where a place is kept: letters, digits, "-" and "_",
// with no meaning to others. That of the zero Position is "0".
func (p Position) String() string {
	if p.IsZero() {
		return zeroPosition
	}
	var b []byte
	for _, n := range [...]int64{p.Epoch, p.Tx, p.Seq} {
		b = binary.AppendUvarint(b, uint64(n))
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

const zeroPosition = "0"

// ParsePosition reads what String wrote, and nothing else: Malformed.
func ParsePosition(text string) (Position, error) {
	var p Position
	if text == zeroPosition {
		return p, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(text)
	for _, n := range [...]*int64{&p.Epoch, &p.Tx, &p.Seq} {
		v, size := binary.Uvarint(b)
		if err != nil || size <= 0 || int64(v) < 0 {
			return Position{}, badPosition()
		}
		*n, b = int64(v), b[size:]
	}
	if len(b) > 0 || p.String() != text {
		return Position{}, badPosition()
	}
	return p, nil
}

func badPosition() error {
	return profile.E(profile.Malformed, profile.CodeInvalid, "cursor", "not a cursor")
}

// MarshalText writes a position as String does.
func (p Position) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText is ParsePosition.
func (p *Position) UnmarshalText(text []byte) (err error) {
	*p, err = ParsePosition(string(text))
	return err
}
