package credential

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"time"

	"facet/internal/profile"
)

// SigningKey is one key of a Keyring. It does not print.
type SigningKey struct {
	KID     string // key id, in the header of every token it signs
	Private ed25519.PrivateKey
	Created time.Time
}

// NewSigningKey makes a key whose id is its thumbprint (RFC 7638; RFC 8037,
// appendix A.3).
func NewSigningKey(now time.Time) SigningKey {
	var seed [ed25519.SeedSize]byte
	fill(seed[:])
	k := SigningKey{Private: ed25519.NewKeyFromSeed(seed[:]), Created: now}
	k.KID = thumbprint(k.public())
	return k
}

func (k SigningKey) public() ed25519.PublicKey { return k.Private.Public().(ed25519.PublicKey) }

// Format keeps the key out of logs, whatever the verb.
func (k SigningKey) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "SigningKey("+k.KID+")") }

func thumbprint(public ed25519.PublicKey) string {
	sum := sha256.Sum256([]byte(`{"crv":"Ed25519","kty":"OKP","x":"` + base64.RawURLEncoding.EncodeToString(public) + `"}`))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// The first byte of a marshalled key, and where its id begins: after the
// version, the time in milliseconds since 1970 (8 bytes) and the seed.
const (
	signingKeyV1  = 1
	signingKeyKID = 1 + 8 + ed25519.SeedSize
)

// Bytes gives the key with its id and time, to be sealed and stored. The time
// keeps its milliseconds.
func (k SigningKey) Bytes() []byte {
	b := make([]byte, 1, signingKeyKID+len(k.KID))
	b[0] = signingKeyV1
	b = binary.BigEndian.AppendUint64(b, uint64(k.Created.UnixMilli()))
	b = append(b, k.Private.Seed()...)
	return append(b, k.KID...)
}

// SigningKeyFromBytes reads what Bytes gave; anything else is an Internal error.
func SigningKeyFromBytes(b []byte) (SigningKey, error) {
	if len(b) <= signingKeyKID || b[0] != signingKeyV1 {
		return SigningKey{}, profile.E(profile.Internal, profile.CodeInternal, "", "a stored signing key is in no known form")
	}
	return SigningKey{
		KID:     string(b[signingKeyKID:]),
		Private: ed25519.NewKeyFromSeed(b[9:signingKeyKID]),
		Created: time.UnixMilli(int64(binary.BigEndian.Uint64(b[1:9]))).UTC(),
	}, nil
}
