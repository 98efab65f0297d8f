package backup

import (
	"archive/tar"
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"facet/internal/store"
)

// format is the number of the form of backups that this build writes, and the
// highest that it reads.
const format = 1

// The names of what is in a backup.
const (
	manifestName = "manifest.json"
	sumsName     = "SHA256SUMS"
	databasePath = "database/"
	filesPath    = "files/"
)

// maxSums bounds the list of checksums that is read: some ten million entries.
const maxSums = 1 << 30

// Manifest says what a backup is of.
type Manifest struct {
	Format  int            `json:"format"`
	Version string         `json:"version"` // of the program that wrote it
	Created time.Time      `json:"created"`
	Key     string         `json:"key"` // fingerprint of the data key
	Sites   []string       `json:"sites"`
	Store   store.DumpInfo `json:"store"`
}

// ErrDamaged is a backup that is not as it was written, or not whole.
var ErrDamaged = errors.New("the backup is damaged")

// ErrFormat is a backup in a form that this build does not read, or no backup.
var ErrFormat = errors.New("this is no backup that this version reads")

// writer writes the entries of a backup.
type writer struct {
	zip  *zstd.Encoder
	tar  *tar.Writer
	at   time.Time
	sums bytes.Buffer
}

func newWriter(w io.Writer, m Manifest) (*writer, error) {
	zip, err := zstd.NewWriter(w, zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		return nil, err
	}
	out := &writer{zip: zip, tar: tar.NewWriter(zip), at: m.Created}
	text, err := json.MarshalIndent(m, "", "  ")
	if err == nil {
		err = out.add(manifestName, int64(len(text)), bytes.NewReader(text))
	}
	// The manifest is a frame of its own, whose checksum is read before anything
	// is done by it.
	if err == nil {
		err = out.tar.Flush()
	}
	if err == nil {
		err = zip.Close()
	}
	zip.Reset(w)
	return out, err
}

// add writes an entry of exactly size bytes, and notes its checksum.
func (w *writer) add(name string, size int64, r io.Reader) error {
	sum := sha256.New()
	if err := w.entry(name, size, io.TeeReader(r, sum)); err != nil {
		return err
	}
	fmt.Fprintf(&w.sums, "%x  %s\n", sum.Sum(nil), name)
	return nil
}

func (w *writer) entry(name string, size int64, r io.Reader) error {
	if err := w.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o600, ModTime: w.at, Format: tar.FormatPAX}); err != nil {
		return fmt.Errorf("writing the backup: %w", err)
	}
	n, err := io.Copy(w.tar, io.LimitReader(r, size))
	if err == nil && n != size {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return fmt.Errorf("writing %s into the backup: %w", name, err)
	}
	return nil
}

// close writes the checksums: only then is the backup one.
func (w *writer) close() error {
	if err := w.entry(sumsName, int64(w.sums.Len()), &w.sums); err != nil {
		return err
	}
	if err := w.tar.Close(); err != nil {
		return fmt.Errorf("writing the backup: %w", err)
	}
	if err := w.zip.Close(); err != nil {
		return fmt.Errorf("writing the backup: %w", err)
	}
	return nil
}

// Reader reads a backup. It is a store.DumpReader.
type Reader struct {
	Manifest Manifest

	zip  *zstd.Decoder
	tar  *tar.Reader
	sum  hash.Hash // of the entry that is being read; nil: there is none
	name string
	sums bytes.Buffer

	ahead     string // the entry that Next gives, where it was gone to before
	aheadRead io.Reader
}

// Open begins to read a backup. Errors: ErrFormat, ErrDamaged. The caller
// closes it.
func Open(r io.Reader) (*Reader, error) {
	zip, err := zstd.NewReader(bufio.NewReaderSize(r, 1<<20), zstd.WithDecoderMaxWindow(64<<20))
	if err != nil {
		return nil, err
	}
	in := &Reader{zip: zip, tar: tar.NewReader(zip)}
	if err := in.readManifest(); err != nil {
		zip.Close()
		return nil, err
	}
	return in, nil
}

func (r *Reader) readManifest() error {
	name, content, err := r.entry()
	if err != nil || name != manifestName {
		return ErrFormat
	}
	text, err := io.ReadAll(io.LimitReader(content, 1<<20))
	if err != nil {
		return r.damaged(err)
	}
	if err := json.Unmarshal(text, &r.Manifest); err != nil || r.Manifest.Format == 0 {
		return ErrFormat
	}
	if r.Manifest.Format > format {
		return fmt.Errorf("%w: it was written by version %s", ErrFormat, r.Manifest.Version)
	}
	r.ahead, r.aheadRead, err = r.entry() // past the end of the manifest's frame
	return err
}

// Info tells what the dump is of.
func (r *Reader) Info() store.DumpInfo { return r.Manifest.Store }

// Next gives the next part of the dump, or the next stored file, whose name
// begins with "files/". At the end all that was read is compared with the
// checksums: io.EOF when it is as it was written, else ErrDamaged.
func (r *Reader) Next() (name string, content io.Reader, err error) {
	if name, content = r.ahead, r.aheadRead; content == nil {
		name, content, err = r.entry()
	}
	r.aheadRead = nil
	switch {
	case err != nil:
		return "", nil, err
	case name != sumsName:
		return strings.TrimPrefix(name, databasePath), content, nil
	}
	told := r.sums.String()
	want, err := io.ReadAll(io.LimitReader(content, maxSums))
	switch {
	case err != nil:
		return "", nil, r.damaged(err)
	case string(want) != told:
		return "", nil, fmt.Errorf("%w: checksums differ", ErrDamaged)
	}
	if _, err := io.Copy(io.Discard, r.zip); err != nil { // what the compression has to say of the rest
		return "", nil, r.damaged(err)
	}
	return "", nil, io.EOF
}

// Rest reads what is left and tells whether the backup is as it was written: what
// a store says of a damaged dump is not what is wrong. Errors: ErrDamaged.
func (r *Reader) Rest() error {
	for {
		if _, _, err := r.Next(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// entry goes to the next entry. What was not read of the one before is read
// now: it counts for the checksums.
func (r *Reader) entry() (string, io.Reader, error) {
	if err := r.finish(); err != nil {
		return "", nil, err
	}
	h, err := r.tar.Next()
	if errors.Is(err, io.EOF) {
		return "", nil, fmt.Errorf("%w: it is cut off", ErrDamaged)
	}
	if err != nil {
		return "", nil, r.damaged(err)
	}
	sum := sha256.New()
	r.sum, r.name = sum, h.Name
	return h.Name, &checked{r, io.TeeReader(r.tar, sum)}, nil
}

func (r *Reader) finish() error {
	if r.sum == nil {
		return nil
	}
	if _, err := io.Copy(r.sum, r.tar); err != nil {
		return r.damaged(err)
	}
	fmt.Fprintf(&r.sums, "%s  %s\n", hex.EncodeToString(r.sum.Sum(nil)), r.name)
	r.sum = nil
	return nil
}

func (r *Reader) damaged(err error) error { return fmt.Errorf("%w: %w", ErrDamaged, err) }

// Close ends the reading.
func (r *Reader) Close() { r.zip.Close() }

// checked tells damage from other errors of reading.
type checked struct {
	r *Reader
	io.Reader
}

// Read reads on.
func (c *checked) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = c.r.damaged(err)
	}
	return n, err
}
