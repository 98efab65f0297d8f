package credential

import (
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"hash"
	"math/bits"
	"strconv"
	"strings"

	"facet/internal/profile"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"
	"golang.org/x/crypto/scrypt"
)

// Bounds on encoded hashes: an imported one must not be a way to take the
// machine's memory or time.
const (
	maxEncoded       = 512 // bytes
	maxArgonMemory   = 1 << 20
	maxArgonTime     = 10
	maxArgonThreads  = 64
	maxBcryptCost    = 15
	maxPBKDF2Rounds  = 10_000_000
	maxScryptLog2N   = 17
	maxScryptR       = 32
	maxScryptRP      = 128
	minSalt, maxSalt = 4, 64 // bytes
	minKey, maxKey   = 16, 64
)

// encodedHash is a password hash, read and within bounds.
type encodedHash interface {
	matches(password []byte) bool
	stale() bool
}

// Check reports whether Verify can use an encoded hash: Invalid when it is of
// an unknown form, malformed, or asks for more memory or time than allowed.
// Imports call it before they store a hash.
func Check(encoded string) error {
	_, err := parseHash(encoded)
	return err
}

// Kind names the form of an encoded hash without giving it away:
// "password-argon2id", "password-bcrypt", "password-pbkdf2-sha256" (-sha1,
// -sha512), "password-scrypt", "password-md5-crypt", and the plain digests
// "password-md5", -sha1, -sha256, -sha512, -blake2b; "password-unknown" for
// what Verify cannot use.
// The entity face shows it as the type of a password.
func Kind(encoded string) string {
	for _, form := range forms {
		if strings.HasPrefix(encoded, form.prefix) {
			return "password-" + form.name
		}
	}
	return "password-unknown"
}

var forms = []struct {
	prefix, name string
	parse        func(rest string) (encodedHash, bool) // rest: what follows the prefix
}{
	{"$argon2id$", "argon2id", parseArgon},
	{"$2a$", "bcrypt", parseBcrypt("$2a$")},
	{"$2b$", "bcrypt", parseBcrypt("$2b$")},
	{"$2y$", "bcrypt", parseBcrypt("$2y$")},
	{"pbkdf2_sha256$", "pbkdf2-sha256", parsePBKDF2(sha256.New, sha256.Size)},
	{"pbkdf2_sha1$", "pbkdf2-sha1", parsePBKDF2(sha1.New, sha1.Size)},
	{"pbkdf2_sha512$", "pbkdf2-sha512", parsePBKDF2(sha512.New, sha512.Size)},
	{"$scrypt$", "scrypt", parseScrypt},
	{"$1$", "md5-crypt", parseMD5Crypt},
	{"$md5$", "md5", parseDigest("md5")},
	{"$sha1$", "sha1", parseDigest("sha1")},
	{"$sha256$", "sha256", parseDigest("sha256")},
	{"$sha512$", "sha512", parseDigest("sha512")},
	{"$blake2b$", "blake2b", parseDigest("blake2b")},
}

func parseHash(encoded string) (encodedHash, error) {
	if len(encoded) > maxEncoded {
		return nil, profile.E(profile.Invalid, profile.CodeInvalid, "password", "password hash is too long")
	}
	for _, form := range forms {
		rest, found := strings.CutPrefix(encoded, form.prefix)
		if !found {
			continue
		}
		h, ok := form.parse(rest)
		if !ok {
			return nil, profile.E(profile.Invalid, profile.CodeInvalid, "password", "%s password hash is malformed or too costly", form.name)
		}
		return h, nil
	}
	return nil, profile.E(profile.Invalid, profile.CodeInvalid, "password", "password hash is of an unknown form")
}

// argonHash is argon2id, RFC 9106, version 0x13.
type argonHash struct {
	memory, time uint32
	threads      uint8
	salt, key    []byte
}

func encodeArgon(salt, key []byte) string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonTime, argonThreads,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(key))
}

// parseArgon reads v=19$m=..,t=..,p=..$salt$hash.
func parseArgon(rest string) (encodedHash, bool) {
	f := strings.Split(rest, "$")
	if len(f) != 4 || f[0] != "v=19" {
		return nil, false
	}
	n, ok := numbers(f[1], "m=", "t=", "p=")
	if !ok {
		return nil, false
	}
	m, t, p := n[0], n[1], n[2]
	salt, key, ok := saltAndKey(f[2], f[3])
	if !ok || len(salt) < 8 || m > maxArgonMemory || m < 8*p || t < 1 || t > maxArgonTime || p < 1 || p > maxArgonThreads {
		return nil, false
	}
	return argonHash{uint32(m), uint32(t), uint8(p), salt, key}, true
}

func (h argonHash) matches(password []byte) bool {
	got := argon2.IDKey(password, h.salt, h.time, h.memory, h.threads, uint32(len(h.key)))
	return subtle.ConstantTimeCompare(got, h.key) == 1
}

func (h argonHash) stale() bool {
	return h.memory != argonMemory || h.time != argonTime || h.threads != argonThreads ||
		len(h.salt) != argonSalt || len(h.key) != argonKey
}

// imported is the part every hash has that is not of today's algorithm.
type imported struct{}

func (imported) stale() bool { return true }

type bcryptHash struct {
	imported
	encoded []byte
}

const bcryptAlphabet = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// parseBcrypt reads cost$, 22 characters of salt, 31 of hash. The old broken
// variant 2x is not read.
func parseBcrypt(prefix string) func(string) (encodedHash, bool) {
	return func(rest string) (encodedHash, bool) {
		if len(rest) != 56 || rest[2] != '$' || strings.Trim(rest[3:], bcryptAlphabet) != "" {
			return nil, false
		}
		cost, err := strconv.ParseUint(rest[:2], 10, 8)
		if err != nil || cost < uint64(bcrypt.MinCost) || cost > maxBcryptCost {
			return nil, false
		}
		return bcryptHash{encoded: []byte(prefix + rest)}, true
	}
}

// matches compares the first 72 bytes, as every bcrypt does.
func (h bcryptHash) matches(password []byte) bool {
	return bcrypt.CompareHashAndPassword(h.encoded, password) == nil
}

type pbkdf2Hash struct {
	imported
	digest    func() hash.Hash
	rounds    int
	salt, key []byte
}

// parsePBKDF2 reads iterations$salt$base64, the form of Django's password
// hashers: the salt is used as it is written.
func parsePBKDF2(digest func() hash.Hash, size int) func(string) (encodedHash, bool) {
	return func(rest string) (encodedHash, bool) {
		f := strings.Split(rest, "$")
		if len(f) != 3 || f[1] == "" {
			return nil, false
		}
		rounds, ok := number(f[0])
		key, err := base64.StdEncoding.Strict().DecodeString(f[2])
		if !ok || err != nil || len(key) != size || rounds < 1 || rounds > maxPBKDF2Rounds {
			return nil, false
		}
		return pbkdf2Hash{digest: digest, rounds: int(rounds), salt: []byte(f[1]), key: key}, true
	}
}

func (h pbkdf2Hash) matches(password []byte) bool {
	got, err := pbkdf2.Key(h.digest, string(password), h.salt, h.rounds, len(h.key))
	return err == nil && subtle.ConstantTimeCompare(got, h.key) == 1
}

type scryptHash struct {
	imported
	n, r, p   int
	salt, key []byte
}

// parseScrypt reads ln=..,r=..,p=..$salt$hash, the PHC form that Passlib
// writes for scrypt (RFC 7914).
func parseScrypt(rest string) (encodedHash, bool) {
	f := strings.Split(rest, "$")
	if len(f) != 3 {
		return nil, false
	}
	n, ok := numbers(f[0], "ln=", "r=", "p=")
	if !ok {
		return nil, false
	}
	ln, r, p := n[0], n[1], n[2]
	salt, key, ok := saltAndKey(f[1], f[2])
	if !ok || ln < 1 || ln > maxScryptLog2N || r < 1 || r > maxScryptR || p < 1 || p > maxScryptRP/r {
		return nil, false
	}
	return scryptHash{n: 1 << ln, r: int(r), p: int(p), salt: salt, key: key}, true
}

func (h scryptHash) matches(password []byte) bool {
	got, err := scrypt.Key(password, h.salt, h.n, h.r, h.p, len(h.key))
	return err == nil && subtle.ConstantTimeCompare(got, h.key) == 1
}

// saltAndKey decodes the last two fields of a PHC string. A short key is
// refused because it would be easy to match.
func saltAndKey(salt64, key64 string) (salt, key []byte, ok bool) {
	enc := base64.RawStdEncoding.Strict()
	salt, err := enc.DecodeString(salt64)
	if err != nil || len(salt) < minSalt || len(salt) > maxSalt {
		return nil, nil, false
	}
	key, err = enc.DecodeString(key64)
	return salt, key, err == nil && len(key) >= minKey && len(key) <= maxKey
}

// numbers reads "m=19456,t=2,p=1": exactly these names in this order.
func numbers(s string, names ...string) ([]uint64, bool) {
	f := strings.Split(s, ",")
	if len(f) != len(names) {
		return nil, false
	}
	out := make([]uint64, len(f))
	for i, part := range f {
		digits, found := strings.CutPrefix(part, names[i])
		n, ok := number(digits)
		if !found || !ok {
			return nil, false
		}
		out[i] = n
	}
	return out, true
}

// number reads a decimal number without sign or leading zeros.
func number(s string) (uint64, bool) {
	n, err := strconv.ParseUint(s, 10, bits.UintSize-1)
	return n, err == nil && (s[0] != '0' || s == "0")
}
