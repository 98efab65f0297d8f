// Package credential proves things: passwords (argon2id and the hashes other
// systems leave behind), tokens (EdDSA JWTs and their JWKS), random keys,
// signed requests, Authorization headers, and the sealing of secrets that must
// be readable again. It is pure: no store, no HTTP; the data key file is the
// one thing it reads and writes.
//
// What is foreign and cannot be read is a *profile.Error, never a panic.
package credential

import (
	"crypto/rand"
	"io"
)

// random is where every secret comes from; tests put known bytes here.
var random io.Reader = rand.Reader

// fill fills b with random bytes. The system's source does not fail: if it
// cannot give bytes, crypto/rand ends the process.
func fill(b []byte) {
	if _, err := io.ReadFull(random, b); err != nil {
		panic("credential: no randomness: " + err.Error())
	}
}
