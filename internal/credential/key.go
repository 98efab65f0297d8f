package credential

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
)

// NewHexKey makes a ticket's key: 40 lower-case hex digits, 160 random bits.
func NewHexKey() string {
	var b [20]byte
	fill(b[:])
	return hex.EncodeToString(b[:])
}

const (
	alnum = "abcdefghijklmnopqrstuvwxyz0123456789"
	mixed = alnum + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

// NewAlnum makes n random lower-case letters and digits, each equally likely:
// 32 for client ids and secrets, 16 for access tokens and request ids. 16 of
// them hold 82 bits.
func NewAlnum(n int) string { return randomOf(alnum, n) }

// NewRef makes the key of a reference: 24 random letters of both cases and
// digits, 142 bits (Cloudillo, References API).
func NewRef() string { return randomOf(mixed, 24) }

// randomOf makes n characters of an alphabet, each equally likely.
func randomOf(alphabet string, n int) string {
	fair := 256 / len(alphabet) * len(alphabet) // bytes from here on would favour the first letters
	out := make([]byte, 0, n)
	var b [48]byte
	for len(out) < n {
		fill(b[:])
		for _, c := range b {
			if int(c) < fair && len(out) < n {
				out = append(out, alphabet[int(c)%len(alphabet)])
			}
		}
	}
	return string(out)
}

// NewOpaque makes a refresh token: 32 random bytes in base64url, 43 characters.
func NewOpaque() string {
	var b [32]byte
	fill(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// NewCode makes a code to be typed: six decimal digits, each code equally likely.
func NewCode() string {
	const fair = 1 << 32 / 1_000_000 * 1_000_000
	var b [4]byte
	for {
		fill(b[:])
		if n := binary.BigEndian.Uint32(b[:]); n < fair {
			return fmt.Sprintf("%06d", n%1_000_000)
		}
	}
}

// Digest is how a high-entropy key is stored and found: its SHA-256 in
// lower-case hex. It is no hash for passwords.
func Digest(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

// EqualDigest reports whether digest is the Digest of key, in constant time.
func EqualDigest(digest, key string) bool {
	return subtle.ConstantTimeCompare([]byte(digest), []byte(Digest(key))) == 1
}

// Base64 and FromBase64 write and read bytes as unpadded base64url (RFC 4648,
// section 5).
func Base64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// FromBase64 refuses what Base64 does not write.
func FromBase64(s string) ([]byte, error) { return base64.RawURLEncoding.Strict().DecodeString(s) }
