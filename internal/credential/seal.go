package credential

import (
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"facet/internal/profile"

	"golang.org/x/crypto/chacha20poly1305"
)

// sealV1 is XChaCha20-Poly1305: its nonces are long enough to be random for as
// many secrets as there may ever be.
const sealV1 = 1

// DataKey seals the secrets that must be readable again. It lives outside the
// database. The zero DataKey is no key and must not be used; a DataKey may be
// copied and used by several goroutines, and does not print.
type DataKey struct {
	key  [chacha20poly1305.KeySize]byte
	aead cipher.AEAD
}

// NewDataKey makes a random key.
func NewDataKey() DataKey {
	var key [chacha20poly1305.KeySize]byte
	fill(key[:])
	return newDataKey(key)
}

func newDataKey(key [chacha20poly1305.KeySize]byte) DataKey {
	aead, err := chacha20poly1305.NewX(key[:])
	if err != nil {
		panic("credential: " + err.Error()) // only a wrong length, which the type excludes
	}
	return DataKey{key, aead}
}

// DataKeyFromBytes loads a key of exactly 32 bytes.
func DataKeyFromBytes(b []byte) (DataKey, error) {
	if len(b) != chacha20poly1305.KeySize {
		return DataKey{}, fmt.Errorf("a data key has %d bytes, not %d", chacha20poly1305.KeySize, len(b))
	}
	return newDataKey([chacha20poly1305.KeySize]byte(b)), nil
}

// DataKeyFromText loads a key from 43 characters of base64url, as Text gives
// and the data key file and environment hold. Blanks around it and padding do
// not matter.
func DataKeyFromText(s string) (DataKey, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(strings.TrimRight(strings.TrimSpace(s), "="))
	if err != nil {
		return DataKey{}, errors.New("a data key is 32 bytes in base64url")
	}
	return DataKeyFromBytes(b)
}

// Bytes gives the 32 bytes of the key.
func (k DataKey) Bytes() []byte { return k.key[:] }

// Text gives the key in base64url.
func (k DataKey) Text() string { return base64.RawURLEncoding.EncodeToString(k.key[:]) }

// Fingerprint is what tells the key from others and nothing about it: 16 hex
// digits, an HMAC-SHA-256 under the key.
func (k DataKey) Fingerprint() string {
	mac := hmac.New(sha256.New, k.key[:])
	mac.Write([]byte("facet data key fingerprint"))
	return hex.EncodeToString(mac.Sum(nil)[:8])
}

// Format keeps the key out of logs, whatever the verb.
func (k DataKey) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "DataKey(hidden)") }

// MarshalText refuses, so that no encoder writes the key.
func (k DataKey) MarshalText() ([]byte, error) {
	return nil, errors.New("a data key is not to be encoded")
}

// Seal encrypts and authenticates plain. The context says what the secret is
// and whose; Open needs the same one, so a sealed secret cannot be moved to
// another place. The result is a version byte, a 24-byte nonce, and plain's
// length plus 16 bytes.
func (k DataKey) Seal(plain, context []byte) []byte {
	const start = 1 + chacha20poly1305.NonceSizeX
	out := make([]byte, start, start+len(plain)+chacha20poly1305.Overhead)
	out[0] = sealV1
	fill(out[1:])
	return k.aead.Seal(out, out[1:start], plain, context)
}

// Open gives back what Seal was given. Sealed bytes that were altered, belong
// to another context or to another data key are an Internal error.
func (k DataKey) Open(sealed, context []byte) ([]byte, error) {
	const start = 1 + chacha20poly1305.NonceSizeX
	if len(sealed) < start+chacha20poly1305.Overhead || sealed[0] != sealV1 {
		return nil, profile.E(profile.Internal, profile.CodeInternal, "", "a sealed secret is in no known form")
	}
	plain, err := k.aead.Open(nil, sealed[1:start], sealed[start:], context)
	if err != nil {
		return nil, profile.E(profile.Internal, profile.CodeInternal, "", "a sealed secret does not open: wrong data key, or altered")
	}
	return plain, nil
}

// LoadOrCreateDataKey reads the data key file, or makes one, readable by its
// owner only, when there is none. The file appears whole or not at all, and is
// on disk when this returns; of several processes that make it at once, one
// wins and all load its key. A file that others may read, or that holds
// something else than a key, is an error of one line that names the file.
func LoadOrCreateDataKey(path string) (DataKey, error) {
	k, err := loadDataKey(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err = createDataKey(path); err == nil || errors.Is(err, fs.ErrExist) {
			k, err = loadDataKey(path)
		}
	}
	if err != nil {
		return DataKey{}, fmt.Errorf("data key %s: %w", path, plainCause(err))
	}
	return k, nil
}

func loadDataKey(path string) (DataKey, error) {
	f, err := os.Open(path)
	if err != nil {
		return DataKey{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return DataKey{}, err
	}
	if !info.Mode().IsRegular() {
		return DataKey{}, errors.New("is not a regular file")
	}
	// Windows has no such permission bits; there the folder must protect it.
	if mode := info.Mode().Perm(); mode&0o077 != 0 && runtime.GOOS != "windows" {
		return DataKey{}, fmt.Errorf("others may read it (mode %04o); give it mode 0600", mode)
	}
	text, err := io.ReadAll(io.LimitReader(f, 1024))
	if err != nil {
		return DataKey{}, err
	}
	return DataKeyFromText(string(text))
}

// createDataKey writes a new key to a file of another name and links it to
// path, which fails if path exists by then.
func createDataKey(path string) (err error) {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, ".data-key-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = f.WriteString(NewDataKey().Text() + "\n")
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil {
		return err
	}
	return syncDir(dir)
}

// syncDir puts a new directory entry on disk. Windows cannot sync a folder.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil && runtime.GOOS != "windows" {
		return err
	}
	return nil
}

// plainCause drops the operation and file name that the os package puts
// before a cause: our line names the file already.
func plainCause(err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &link):
		return link.Err
	}
	return err
}
