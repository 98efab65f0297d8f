package directory

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"time"

	"facet/internal/profile"
	"facet/internal/store"
)

// MoveWork is a move that is worked on, by who runs a MoveJob.
type MoveWork struct {
	s    *Site
	rec  *store.Record
	held moveAttrs
}

// Work takes up the move of a MoveJob; nil when there is nothing to do: it is
// done, or gone. One whose time is over goes.
func (d *Directory) Work(ctx context.Context, site store.SiteID, body []byte) (*MoveWork, error) {
	var id profile.ID
	if err := json.Unmarshal(body, &id); err != nil {
		return nil, profile.E(profile.Malformed, profile.CodeSyntax, "", "the body of the job is unreadable")
	}
	t, err := d.sites(ctx)
	if err != nil {
		return nil, err
	}
	s := t.byID[site]
	if s == nil {
		return nil, nil
	}
	rec, err := s.data.GetID(ctx, id)
	if profile.IsKind(err, profile.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	a, err := movesOf(rec)
	switch {
	case err != nil:
		return nil, err
	case !time.UnixMicro(a.Expires).After(d.now()):
		return nil, s.data.Update(ctx, func(tx store.Tx) error {
			rec, err := tx.Record(id)
			if profile.IsKind(err, profile.NotFound) {
				return nil
			}
			if err != nil {
				return err
			}
			return s.dropMove(tx, profile.ID{}, rec)
		})
	case a.State != MoveRunning:
		return nil, nil
	}
	return &MoveWork{s, rec, a}, nil
}

// Site is where the work is done.
func (w *MoveWork) Site() *Site { return w.s }

// In says how to import; nil for an export.
func (w *MoveWork) In() *MoveIn { return w.held.In }

// Key is the key of the import.
func (w *MoveWork) Key() string { return moveKey(w.rec.ID) }

// Actor is who had it begun; zero: an API client.
func (w *MoveWork) Actor() profile.ID { return w.held.Actor }

// LastRefused is the line of the last row that is in the list of rejects.
func (w *MoveWork) LastRefused() int64 { return w.held.Last }

// Open reads the file that is imported.
func (w *MoveWork) Open(ctx context.Context) io.ReadCloser {
	return &depositReader{s: w.s, ctx: ctx, pieces: w.held.Pieces}
}

// Progress notes how far an import has come, with more of the list of rejects,
// up to a row at a line. Of a long list the rest is left out, and Cut tells so.
// It fails when the move is gone.
func (w *MoveWork) Progress(ctx context.Context, at, made, refused int64, rejects []byte, line int64) error {
	var added []piece
	cut := len(rejects) > 0 && w.held.Listed+int64(len(rejects)) > maxRejected
	if len(rejects) > 0 && !cut {
		out := w.s.newDeposit(ctx)
		if _, err := out.Write(rejects); err != nil {
			return err
		}
		if err := out.flush(); err != nil {
			return err
		}
		added = out.pieces
	}
	return w.save(ctx, "", func(tx store.Tx, a *moveAttrs) error {
		if err := w.s.keepPieces(tx, w.rec.ID, "rejects", len(a.Rejects), added); err != nil {
			return err
		}
		a.At, a.Made, a.Refused, a.Cut = at, made, refused, a.Cut || cut
		a.Rejects = append(a.Rejects, added...)
		if len(added) > 0 {
			a.Listed += int64(len(rejects))
		}
		a.Last = max(a.Last, line)
		return nil
	})
}

// Again has the work go on by a further job.
func (w *MoveWork) Again(ctx context.Context) error {
	return w.s.data.Update(ctx, func(tx store.Tx) error {
		if _, err := tx.Record(w.rec.ID); err != nil {
			return moveGone(err)
		}
		return tx.Enqueue(w.s.moveJob(w.rec, w.s.d.now()))
	})
}

// Done notes that an import came to its end, and forgets how far it came.
func (w *MoveWork) Done(ctx context.Context) error {
	return w.save(ctx, ".done", func(tx store.Tx, a *moveAttrs) error {
		if err := tx.DropSecret(profile.ID{}, importSecret, w.Key()); err != nil {
			return err
		}
		a.State = MoveDone
		a.Expires = w.s.d.now().Add(moveKept).UnixMicro()
		return w.leave(tx, a)
	})
}

// leave gives up the file of an import that ended: it holds what people may have
// erased tomorrow.
func (w *MoveWork) leave(tx store.Tx, a *moveAttrs) error {
	for i := range a.Pieces {
		if err := tx.UseBlob(w.rec.ID, slotOf("file", i), ""); err != nil {
			return err
		}
	}
	a.Pieces = nil
	return nil
}

// Fail notes that the move cannot be made, and why.
func (w *MoveWork) Fail(ctx context.Context, why string) error {
	return w.save(ctx, ".failed", func(tx store.Tx, a *moveAttrs) error {
		a.State, a.Error = MoveFailed, why
		return w.leave(tx, a)
	})
}

// Fill makes the file of an export by fn, and notes that it is done.
func (w *MoveWork) Fill(ctx context.Context, fn func(*Dossier, io.Writer) error) error {
	owner, err := w.s.data.GetID(ctx, w.rec.Owner)
	if err != nil {
		return moveGone(err)
	}
	out := w.s.newDeposit(ctx)
	if err := fn(w.s.dossier(owner, true), out); err != nil {
		return err
	}
	if err := out.flush(); err != nil {
		return err
	}
	return w.save(ctx, ".done", func(tx store.Tx, a *moveAttrs) error {
		a.State, a.Pieces, a.Size = MoveDone, out.pieces, out.size
		a.Expires = w.s.d.now().Add(moveKept).UnixMicro()
		return w.s.keepPieces(tx, w.rec.ID, "file", 0, out.pieces)
	})
}

// save changes what the move's record holds; kind ends the name of the event, ""
// for a change that nobody is told of.
func (w *MoveWork) save(ctx context.Context, kind string, change func(store.Tx, *moveAttrs) error) error {
	var next store.Record
	var held moveAttrs
	err := w.s.data.Update(ctx, func(tx store.Tx) error {
		if !w.rec.Owner.IsZero() { // not while it is erased
			if err := tx.Lock(w.rec.Owner); err != nil {
				return moveGone(err)
			}
		}
		old, err := tx.Record(w.rec.ID)
		if err != nil {
			return moveGone(err)
		}
		if held, err = movesOf(old); err != nil {
			return err
		}
		was := held.Expires
		if err := change(tx, &held); err != nil {
			return err
		}
		next = *old
		next.Attrs, next.Updated = marshal(held), w.s.d.now()
		if held.Expires != was {
			if err := tx.Enqueue(w.s.moveJob(&next, time.UnixMicro(held.Expires))); err != nil {
				return err
			}
		}
		if kind == "" {
			return tx.Refresh(old, &next)
		}
		return tx.Save(old, &next, w.s.event(held.Actor, moveKind(old)+kind, old.ID))
	})
	if err == nil {
		w.rec, w.held = &next, held
	}
	return err
}

func moveGone(err error) error {
	if profile.IsKind(err, profile.NotFound) {
		return errMoveGone
	}
	return err
}

// IsMoveGone reports that a move was ended while it was worked on.
func IsMoveGone(err error) bool { return errors.Is(err, errMoveGone) }
