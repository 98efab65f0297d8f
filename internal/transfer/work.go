package transfer

import (
	"bytes"
	"context"
	"errors"
	"io"
	"time"

	"facet/internal/directory"
	"facet/internal/profile"
	"facet/internal/store"
)

// workFor is how long one job works on an import: well within its lease. A
// further job does the rest.
const workFor = 30 * time.Second

// Work does one step of a directory.MoveJob: it imports some of a file, or makes
// a person's export.
func Work(ctx context.Context, d *directory.Directory, site store.SiteID, body []byte) error {
	w, err := d.Work(ctx, site, body)
	if w == nil || err != nil {
		return err
	}
	if w.In() == nil {
		err = w.Fill(ctx, func(dossier *directory.Dossier, to io.Writer) error { return writeDossier(ctx, dossier, to) })
	} else {
		err = importSome(ctx, w)
	}
	if directory.IsMoveGone(err) {
		return nil
	}
	return err
}

func importSome(ctx context.Context, w *directory.MoveWork) error {
	in := w.In()
	list := &movedRejects{last: w.LastRefused()}
	var failed error
	var at Progress
	until := time.Now().Add(workFor)
	file := w.Open(ctx)
	result, err := Import(ctx, w.Site(), file, Options{
		Type: in.Type, Preset: in.Preset, Format: Format(in.Format), Columns: in.Columns, Key: w.Key(), Actor: w.Actor(),
		Optional: in.Optional, DryRun: in.DryRun, Hold: true,
		Rejects: func(bool) (RejectList, error) { return list, nil },
		Progress: func(p Progress) {
			at = p
			if failed == nil && (list.rows.Len() > rejectsAtOnce || time.Since(list.told) > time.Second) {
				failed = list.tell(ctx, w, p)
			}
		},
		Stop: func() bool { return failed != nil || !in.DryRun && time.Now().After(until) },
	})
	err = errors.Join(err, file.Close())
	if failed != nil {
		return failed
	}
	if e := profile.AsError(err); err != nil && e.Kind != profile.Internal && e.Kind != profile.Busy && e.Kind != profile.Conflict && !errors.Is(err, context.Canceled) {
		return w.Fail(ctx, e.Message)
	}
	if err != nil {
		return err
	}
	if err := list.tell(ctx, w, at); err != nil {
		return err
	}
	if result.Done {
		return w.Done(ctx)
	}
	return w.Again(ctx)
}

// rejectsAtOnce is how many bytes of a list of rejects are noted at once.
const rejectsAtOnce = 256 << 10

// movedRejects is a list of rejects that is noted with the progress of a move.
type movedRejects struct {
	rows bytes.Buffer
	last int64
	told time.Time
}

// Add adds one, unless it is noted.
func (l *movedRejects) Add(r Reject) error {
	if r.Line > l.last {
		l.last = r.Line
		l.rows.Write(encode(r))
		l.rows.WriteByte('\n')
	}
	return nil
}

// Flush says whether all are noted: that is done now and then.
func (l *movedRejects) Flush() (kept bool, err error) { return l.rows.Len() == 0, nil }

// Close does nothing.
func (l *movedRejects) Close() error { return nil }

func (l *movedRejects) tell(ctx context.Context, w *directory.MoveWork, p Progress) error {
	l.told = time.Now()
	err := w.Progress(ctx, p.At, p.Made, p.Rejected, l.rows.Bytes(), l.last)
	l.rows.Reset()
	return err
}
