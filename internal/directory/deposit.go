package directory

import (
	"context"
	"errors"
	"io"
	"strconv"
	"strings"

	"facet/internal/credential"
	"facet/internal/profile"
	"facet/internal/store"
)

// A deposit is a file that is no picture, and that nobody is shown by its id: what
// somebody uploads to be imported, and what is made for somebody to fetch. It
// lies where pictures lie, cut into pieces, each of them used by the record that
// the deposit is of, so that they go with it.

const (
	depositPrefix = "t0~"
	depositPiece  = 4 << 20 // bytes
	depositMedia  = "application/octet-stream"
)

func isDeposit(key string) bool { return strings.HasPrefix(key, depositPrefix) }

// depositWriter writes a deposit. What is written is kept by keep only: without
// it, a job finds and deletes it.
type depositWriter struct {
	s      *Site
	ctx    context.Context
	buf    []byte
	pieces []piece
	size   int64
}

type piece struct {
	Key  string `json:"key"`
	Size int64  `json:"size"`
}

func (s *Site) newDeposit(ctx context.Context) *depositWriter { return &depositWriter{s: s, ctx: ctx} }

// Write takes more of the file.
func (w *depositWriter) Write(p []byte) (n int, err error) {
	for len(p) > 0 {
		some := min(len(p), depositPiece-len(w.buf))
		w.buf = append(w.buf, p[:some]...)
		n, p = n+some, p[some:]
		if len(w.buf) == depositPiece {
			if err := w.flush(); err != nil {
				return n, err
			}
		}
	}
	return n, nil
}

// flush stores what is not yet: the job that looks after it is written first.
func (w *depositWriter) flush() error {
	if len(w.buf) == 0 {
		return nil
	}
	s := w.s
	if s.d.media == nil {
		return noMedia()
	}
	key := depositPrefix + credential.NewAlnum(40)
	now := s.d.now()
	job := store.Job{ID: profile.NewID(now), Site: s.id, Kind: store.BlobJob, Created: now, Due: now.Add(strayAfter),
		Body: marshal(store.BlobBody{Key: key, Meta: emptyObject})}
	if err := s.data.Update(w.ctx, func(tx store.Tx) error { return tx.Enqueue(job) }); err != nil {
		return err
	}
	if err := s.d.media.Put(w.ctx, int64(s.id), key, w.buf); err != nil {
		return err
	}
	w.pieces = append(w.pieces, piece{key, int64(len(w.buf))})
	w.size += int64(len(w.buf))
	w.buf = make([]byte, 0, depositPiece)
	return nil
}

// keep makes pieces those of a record, in the transaction that tells of them;
// from is how many it has already.
func (s *Site) keepPieces(tx store.Tx, rec profile.ID, slot string, from int, pieces []piece) error {
	for i, p := range pieces {
		if err := tx.PutBlob(&store.Blob{Key: p.Key, Media: depositMedia, Size: p.Size, Meta: emptyObject, Created: s.d.now()}); err != nil {
			return err
		}
		if err := tx.UseBlob(rec, slotOf(slot, from+i), p.Key); err != nil {
			return err
		}
	}
	return nil
}

func slotOf(slot string, n int) string { return slot + " " + strconv.Itoa(n) }

// depositReader reads a deposit.
type depositReader struct {
	s      *Site
	ctx    context.Context
	pieces []piece
	open   io.ReadCloser
}

// Read reads on.
func (r *depositReader) Read(p []byte) (int, error) {
	for {
		if r.open == nil {
			if len(r.pieces) == 0 {
				return 0, io.EOF
			}
			f, err := r.s.d.media.Open(r.ctx, int64(r.s.id), r.pieces[0].Key)
			if err != nil {
				return 0, err
			}
			r.open, r.pieces = f, r.pieces[1:]
		}
		n, err := r.open.Read(p)
		if !errors.Is(err, io.EOF) {
			return n, err
		}
		err = r.open.Close()
		r.open = nil
		if n > 0 || err != nil {
			return n, err
		}
	}
}

// Close ends the reading.
func (r *depositReader) Close() error {
	if r.open == nil {
		return nil
	}
	return r.open.Close()
}
