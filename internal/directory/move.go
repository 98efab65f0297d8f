package directory

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"time"

	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/store"
)

// A move is an import that an operator uploaded, or a person's own export. It is
// a record with its file, worked on by jobs for a while at a time, and it goes
// after some days, or with the person.

const (
	moveKept    = 7 * 24 * time.Hour
	maxExports  = 3  // that one person has at once
	maxMovesIn  = 20 // that wait or run on a site at once
	maxRejected = 64 << 20
	movePage    = 100
)

// MoveState is how far a move has come.
type MoveState string

// The states of a move.
const (
	MoveRunning MoveState = "running" // or waiting for its turn
	MoveDone    MoveState = "done"
	MoveFailed  MoveState = "failed" // as a whole: the input or the options
)

// MoveIn says how an uploaded file is imported; package transfer gives it
// meaning.
type MoveIn struct {
	Type     string            `json:"type,omitempty"`
	Format   string            `json:"format"`
	Preset   string            `json:"preset,omitempty"`
	Columns  map[string]string `json:"columns,omitempty"`
	DryRun   bool              `json:"dry_run,omitempty"`
	Optional bool              `json:"optional,omitempty"`
}

// Transfer is a move, as it is told of.
type Transfer struct {
	ID      profile.ID
	Number  int64 // its place in lists
	State   MoveState
	In      *MoveIn // of an import
	Size    int64   // bytes of its file
	At      int64   // of an import: how many of them are read
	Made    int64   // of an import: records
	Refused int64   // of an import: rows
	Cut     bool    // the list of rows that were refused does not hold all of them
	Error   string  // why it failed
	Created time.Time
	Expires time.Time // when it goes
}

// moveAttrs is what a move's record holds.
type moveAttrs struct {
	State   MoveState  `json:"state"`
	In      *MoveIn    `json:"in,omitempty"`
	Actor   profile.ID `json:"actor"`
	Pieces  []piece    `json:"pieces,omitempty"` // of the file
	Size    int64      `json:"size"`
	At      int64      `json:"at,omitempty"`
	Made    int64      `json:"made,omitempty"`
	Refused int64      `json:"refused,omitempty"`
	Rejects []piece    `json:"rejects,omitempty"` // of the list of what was refused
	Listed  int64      `json:"listed,omitempty"`  // bytes of that list
	Last    int64      `json:"last,omitempty"`    // line of the last row in it
	Cut     bool       `json:"cut,omitempty"`
	Error   string     `json:"error,omitempty"`
	Expires int64      `json:"expires"` // microseconds since 1970
}

func movesOf(rec *store.Record) (a moveAttrs, err error) { return a, json.Unmarshal(rec.Attrs, &a) }

func moveOf(rec *store.Record) (Transfer, error) {
	a, err := movesOf(rec)
	return Transfer{
		ID: rec.ID, Number: rec.Number, State: a.State, In: a.In, Size: a.Size, At: a.At, Made: a.Made, Refused: a.Refused, Cut: a.Cut, Error: a.Error,
		Created: rec.Created, Expires: time.UnixMicro(a.Expires).UTC(),
	}, err
}

// MayImport admits who may import files: operators, and API clients that own the
// site.
func (s *Site) MayImport(ctx context.Context, who access.Principal) error {
	return s.operator(ctx, access.RecordImport, who)
}

// StartImport takes a file to be imported by a job. The body is read to its end;
// what is read of one that breaks off is not kept. Errors: those of MayImport, of
// reading; Limited/CodeQuota where many wait already.
func (s *Site) StartImport(ctx context.Context, who access.Principal, in MoveIn, body io.Reader) (Transfer, error) {
	if err := s.MayImport(ctx, who); err != nil {
		return Transfer{}, err
	}
	w := s.newDeposit(ctx)
	if _, err := io.Copy(w, body); err != nil {
		return Transfer{}, err
	}
	if err := w.flush(); err != nil {
		return Transfer{}, err
	}
	rec, err := s.draft(ctx, profile.MoveIn, profile.ID{}, who.Subject)
	if err != nil {
		return Transfer{}, err
	}
	a := moveAttrs{State: MoveRunning, In: &in, Actor: who.Subject, Pieces: w.pieces, Size: w.size, Expires: rec.Created.Add(moveKept).UnixMicro()}
	if who.Client {
		a.Actor = profile.ID{}
	}
	rec.Attrs = marshal(a)
	err = s.data.Update(ctx, func(tx store.Tx) error {
		waiting := 0
		err := tx.ByNumber(profile.MoveIn, math.MinInt64, math.MaxInt64, true, func(one *store.Record) bool {
			if a, err := movesOf(one); err == nil && a.State == MoveRunning {
				waiting++
			}
			return waiting < maxMovesIn
		})
		if err != nil {
			return err
		}
		if waiting >= maxMovesIn {
			return profile.E(profile.Limited, profile.CodeQuota, "", "%d imports wait already", waiting)
		}
		return s.beginMove(tx, rec, a)
	})
	if err != nil {
		return Transfer{}, err
	}
	return moveOf(rec)
}

// StartExport has everything that is held about the caller put into one archive.
// Errors: Limited/CodeQuota for one too many.
func (s *Site) StartExport(ctx context.Context, who access.Principal) (Transfer, error) {
	if err := access.Allow(access.ExportOwn, who, access.Self); err != nil {
		return Transfer{}, err
	}
	rec, err := s.draft(ctx, profile.MoveOut, who.Subject, who.Subject)
	if err != nil {
		return Transfer{}, err
	}
	a := moveAttrs{State: MoveRunning, Actor: who.Subject, Expires: rec.Created.Add(moveKept).UnixMicro()}
	rec.Attrs = marshal(a)
	err = s.data.Update(ctx, func(tx store.Tx) error {
		if err := tx.Lock(who.Subject); err != nil {
			return err
		}
		have, err := tx.Owned(who.Subject, profile.MoveOut, 0, maxExports)
		if err != nil {
			return err
		}
		if len(have) >= maxExports {
			return profile.E(profile.Limited, profile.CodeQuota, "", "there are %d exports: delete one first", len(have))
		}
		return s.beginMove(tx, rec, a)
	})
	if err != nil {
		return Transfer{}, err
	}
	return moveOf(rec)
}

// beginMove writes a move's record, and the jobs that work on it and that end it.
func (s *Site) beginMove(tx store.Tx, rec *store.Record, a moveAttrs) error {
	if err := tx.Create(rec, s.event(a.Actor, moveKind(rec)+".begun", rec.ID)); err != nil {
		return err
	}
	if err := s.keepPieces(tx, rec.ID, "file", 0, a.Pieces); err != nil {
		return err
	}
	if err := tx.Enqueue(s.moveJob(rec, s.d.now())); err != nil {
		return err
	}
	return tx.Enqueue(s.moveJob(rec, time.UnixMicro(a.Expires)))
}

func moveKind(rec *store.Record) string {
	if rec.Type == profile.MoveIn {
		return "recordimport"
	}
	return "export"
}

// MoveJob is the kind of job that works on a move for a while, or ends one whose
// time is over.
const MoveJob = "move"

func (s *Site) moveJob(rec *store.Record, due time.Time) store.Job {
	now := s.d.now()
	return store.Job{ID: profile.NewID(now), Site: s.id, Subject: rec.Owner, Kind: MoveJob, Due: due, Created: now, Body: marshal(rec.ID)}
}

// moveFor reads a move of a kind that the caller may see.
func (s *Site) moveFor(r store.Reader, who access.Principal, kind profile.Type, id profile.ID) (*store.Record, error) {
	rec, err := r.Record(id)
	if err != nil {
		return nil, err
	}
	if rec.Type != kind || kind == profile.MoveOut && rec.Owner != who.Subject {
		return nil, store.ErrNotFound
	}
	return rec, nil
}

// mayMove admits a caller to the moves of a kind.
func (s *Site) mayMove(ctx context.Context, who access.Principal, kind profile.Type) error {
	if kind == profile.MoveIn {
		return s.MayImport(ctx, who)
	}
	return access.Allow(access.ExportOwn, who, access.Self)
}

// Moves lists the site's imports (profile.MoveIn) or the caller's own exports
// (profile.MoveOut), the latest first, below a number; 0: from the latest. more
// tells that there are others.
func (s *Site) Moves(ctx context.Context, who access.Principal, kind profile.Type, below int64) (out []Transfer, more bool, err error) {
	if err := s.mayMove(ctx, who, kind); err != nil {
		return nil, false, err
	}
	err = s.data.View(ctx, func(r store.Reader) error {
		var recs []*store.Record
		if kind == profile.MoveOut {
			if recs, err = r.OwnedDown(who.Subject, kind, below, movePage+1); err != nil {
				return err
			}
		} else {
			high := int64(math.MaxInt64)
			if below > 0 {
				high = below - 1
			}
			err := r.ByNumber(kind, math.MinInt64, high, true, func(rec *store.Record) bool {
				recs = append(recs, cloneRecord(rec))
				return len(recs) <= movePage
			})
			if err != nil {
				return err
			}
		}
		if more = len(recs) > movePage; more {
			recs = recs[:movePage]
		}
		out = make([]Transfer, len(recs))
		for i, rec := range recs {
			if out[i], err = moveOf(rec); err != nil {
				return err
			}
		}
		return nil
	})
	return out, more, err
}

// MoveAt reads one move. Errors: NotFound.
func (s *Site) MoveAt(ctx context.Context, who access.Principal, kind profile.Type, id profile.ID) (m Transfer, err error) {
	if err := s.mayMove(ctx, who, kind); err != nil {
		return m, err
	}
	err = s.data.View(ctx, func(r store.Reader) error {
		rec, err := s.moveFor(r, who, kind, id)
		if err == nil {
			m, err = moveOf(rec)
		}
		return err
	})
	return m, err
}

// OpenMove opens what a move has to fetch: of an import the list of the rows that
// were refused, of an export its archive. The caller closes it. Errors:
// NotFound; Conflict/CodeBusy for an export that is not done.
func (s *Site) OpenMove(ctx context.Context, who access.Principal, kind profile.Type, id profile.ID) (content io.ReadCloser, size int64, err error) {
	if err := s.mayMove(ctx, who, kind); err != nil {
		return nil, 0, err
	}
	var a moveAttrs
	err = s.data.View(ctx, func(r store.Reader) error {
		rec, err := s.moveFor(r, who, kind, id)
		if err == nil {
			a, err = movesOf(rec)
		}
		return err
	})
	switch {
	case err != nil:
		return nil, 0, err
	case kind == profile.MoveIn:
		return &depositReader{s: s, ctx: ctx, pieces: a.Rejects}, a.Listed, nil
	case a.State != MoveDone:
		return nil, 0, profile.E(profile.Conflict, profile.CodeBusy, "", "the export is not done")
	}
	return &depositReader{s: s, ctx: ctx, pieces: a.Pieces}, a.Size, nil
}

// DropMove ends a move, running or not, and deletes its files. What was imported
// stays. Errors: NotFound.
func (s *Site) DropMove(ctx context.Context, who access.Principal, kind profile.Type, id profile.ID) error {
	if err := s.mayMove(ctx, who, kind); err != nil {
		return err
	}
	return s.data.Update(ctx, func(tx store.Tx) error {
		rec, err := s.moveFor(tx, who, kind, id)
		if err != nil {
			return err
		}
		return s.dropMove(tx, who.Subject, rec)
	})
}

func (s *Site) dropMove(tx store.Tx, actor profile.ID, rec *store.Record) error {
	if err := tx.DropSecret(profile.ID{}, importSecret, moveKey(rec.ID)); err != nil {
		return err
	}
	return tx.Remove(rec, s.event(actor, moveKind(rec)+".deleted", rec.ID))
}

// moveKey is the key of the import of a move.
func moveKey(id profile.ID) string { return "move " + id.String() }

// errMoveGone tells that a move was ended while it was worked on.
var errMoveGone = errors.New("directory: the move is gone")
