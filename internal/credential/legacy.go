package credential

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"strings"

	"golang.org/x/crypto/blake2b"
)

// Hashes that other systems give away with their users (Sentinel, "Importing
// users"): plain digests, which are kept as $NAME$ and hex, and md5-crypt as it
// is written. They are weak: each is replaced at the first sign-in.

// digests are the plain ones by the names that the page prints.
var digests = map[string]func(password []byte) []byte{
	"md5":     func(p []byte) []byte { sum := md5.Sum(p); return sum[:] },
	"sha1":    func(p []byte) []byte { sum := sha1.Sum(p); return sum[:] },
	"sha256":  func(p []byte) []byte { sum := sha256.Sum256(p); return sum[:] },
	"sha512":  func(p []byte) []byte { sum := sha512.Sum512(p); return sum[:] },
	"blake2b": func(p []byte) []byte { sum := blake2b.Sum512(p); return sum[:] },
}

// Algorithms are the names of hashes that Import reads.
var Algorithms = []string{"bcrypt", "sha256", "md5", "sha512", "sha1", "black2b", "blake2b", "md5-crypt"}

// Import gives the encoded form, for Verify, of a hash that another system made
// with an algorithm of these names: digests in hex or base64 ("black2b", as one
// page has it, is blake2b), bcrypt and md5-crypt as they are written. known is
// false for another algorithm, ok for a hash that is none of it.
func Import(algorithm, hash string) (encoded string, known, ok bool) {
	switch algorithm {
	case "bcrypt":
		return hash, true, Kind(hash) == "password-bcrypt" && Check(hash) == nil
	case "md5-crypt":
		return hash, true, Kind(hash) == "password-md5-crypt" && Check(hash) == nil
	case "black2b":
		algorithm = "blake2b"
	}
	digest, known := digests[algorithm]
	if !known {
		return "", false, false
	}
	size := len(digest(nil))
	raw, err := hex.DecodeString(hash)
	if err != nil {
		raw, err = base64.StdEncoding.Strict().DecodeString(hash)
	}
	if err != nil || len(raw) != size {
		return "", true, false
	}
	return "$" + algorithm + "$" + hex.EncodeToString(raw), true, true
}

type digestHash struct {
	imported
	digest func([]byte) []byte
	sum    []byte
}

func parseDigest(name string) func(string) (encodedHash, bool) {
	digest := digests[name]
	return func(rest string) (encodedHash, bool) {
		sum, err := hex.DecodeString(rest)
		if err != nil || len(sum) != len(digest(nil)) {
			return nil, false
		}
		return digestHash{digest: digest, sum: sum}, true
	}
}

func (h digestHash) matches(password []byte) bool {
	return subtle.ConstantTimeCompare(h.digest(password), h.sum) == 1
}

type md5Crypt struct {
	imported
	salt, sum string
}

const (
	cryptAlphabet = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	md5CryptSum   = 22 // characters
	md5CryptSalt  = 8  // characters at most
)

// parseMD5Crypt reads salt$hash, what follows $1$ in crypt(5).
func parseMD5Crypt(rest string) (encodedHash, bool) {
	salt, sum, found := strings.Cut(rest, "$")
	if !found || len(salt) > md5CryptSalt || len(sum) != md5CryptSum || strings.Trim(sum, cryptAlphabet) != "" || strings.ContainsAny(salt, "\x00\n:") {
		return nil, false
	}
	return md5Crypt{salt: salt, sum: sum}, true
}

func (h md5Crypt) matches(password []byte) bool {
	return subtle.ConstantTimeCompare([]byte(md5CryptOf(password, h.salt)), []byte(h.sum)) == 1
}

// md5CryptOf is the scheme of $1$ (crypt(5); FreeBSD's libcrypt): a thousand
// rounds of MD5 over password, salt and the sum so far.
func md5CryptOf(password []byte, salt string) string {
	const rounds = 1000
	inner := md5.New()
	inner.Write(password)
	inner.Write([]byte(salt))
	inner.Write(password)
	mixed := inner.Sum(nil)

	h := md5.New()
	h.Write(password)
	h.Write([]byte("$1$" + salt))
	for left := len(password); left > 0; left -= md5.Size {
		h.Write(mixed[:min(left, md5.Size)])
	}
	for bits := len(password); bits > 0; bits >>= 1 {
		if bits&1 == 1 {
			h.Write([]byte{0})
		} else {
			h.Write(password[:1])
		}
	}
	sum := h.Sum(nil)
	for i := range rounds {
		h.Reset()
		first, last := sum, password
		if i%2 == 1 {
			first, last = password, sum
		}
		h.Write(first)
		if i%3 != 0 {
			h.Write([]byte(salt))
		}
		if i%7 != 0 {
			h.Write(password)
		}
		h.Write(last)
		sum = h.Sum(nil)
	}
	out := make([]byte, 0, md5CryptSum)
	write := func(v uint, n int) {
		for range n {
			out = append(out, cryptAlphabet[v&0x3f])
			v >>= 6
		}
	}
	for i := range 5 {
		third := i + 12
		if i == 4 {
			third = 5
		}
		write(uint(sum[i])<<16|uint(sum[i+6])<<8|uint(sum[third]), 4)
	}
	write(uint(sum[11]), 2)
	return string(out)
}
