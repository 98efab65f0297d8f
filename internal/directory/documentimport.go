package directory

import (
	"context"
	"encoding/json"
	"time"

	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/store"
)

// An import is a batch of documents too large for one transaction. It is
// written step by step, and its documents bear its id: they count when its
// record says that it is done, which one transaction writes at the end, and
// until then what was there before does. One that ends early, because
// something changed under it or the process died, is undone: at once as far as
// anybody sees, and row by row by a job. Its lease says that it lives.
type importer struct {
	*batchWriter
	rec *store.Record
}

// importAttrs is what an import's record holds.
type importAttrs struct {
	Done  bool  `json:"done"`
	Until int64 `json:"until"` // microseconds since 1970: it lives while it renews this
	Items int   `json:"items"`
}

// importLease is how long an import lives without a sign of life.
const importLease = time.Minute

// importState reads whether an import is done, and else whether it lives.
func (s *Site) importState(r store.Reader, id profile.ID) (done, live bool, err error) {
	rec, err := r.Record(id)
	if profile.IsKind(err, profile.NotFound) {
		return false, false, nil
	}
	if err != nil {
		return false, false, err
	}
	var a importAttrs
	err = json.Unmarshal(rec.Attrs, &a)
	return a.Done, time.UnixMicro(a.Until).After(s.d.now()), err
}

// hidden writes a batch so that all of it counts from one moment on.
func (w *batchWriter) hidden(ctx context.Context) (err error) {
	im := &importer{batchWriter: w}
	if err := im.begin(ctx); err != nil {
		return err
	}
	w.into = im
	for from := 0; from < len(w.Items) && err == nil; {
		from, err = w.step(ctx, from, func(tx store.Tx, _ int) error { return im.live(tx) })
	}
	if err == nil {
		err = im.finish(ctx)
	}
	if err != nil {
		return joinErr(err, im.giveUp(context.WithoutCancel(ctx)))
	}
	return nil
}

// begin makes the import's record, and the job that clears up if it dies.
func (im *importer) begin(ctx context.Context) error {
	rec, err := im.draft(ctx, profile.Import, profile.ID{}, im.who.Subject)
	if err != nil {
		return err
	}
	now := im.d.now()
	until := now.Add(importLease)
	rec.Attrs = marshal(importAttrs{Until: until.UnixMicro(), Items: len(im.Items)})
	im.rec = rec
	return im.data.Update(ctx, func(tx store.Tx) error {
		if err := im.sweepDocuments(tx, documentSweep{Import: rec.ID, Actor: im.who.Subject}, until); err != nil {
			return err
		}
		return tx.Create(rec, im.event(im.who.Subject, "import.begun", rec.ID))
	})
}

// mark makes a document one that counts once the import is done.
func (im *importer) mark(rec *store.Record, st standing) {
	k, _ := keptOf(rec) // ours, just made
	k.Import = im.rec.ID
	if st.doc != nil {
		k.Was = &documentWas{Data: st.doc.Data, Version: st.doc.Version, Updated: st.doc.Updated.UnixMicro()}
	}
	rec.Extras = k.extras()
	rec.Index = documentIndex(rec)
}

// live fails when the import's lease is over: others may have what it wrote.
// It renews the lease in time.
func (im *importer) live(tx store.Tx) error {
	until, err := im.lease(tx)
	if err != nil {
		return err
	}
	now := im.d.now()
	if until.Sub(now) > importLease/2 {
		return nil
	}
	return im.set(tx, importAttrs{Until: now.Add(importLease).UnixMicro(), Items: len(im.Items)}, "import.renewed")
}

// lease reads until when the import lives, as others see it: an error when that
// is over.
func (im *importer) lease(tx store.Tx) (time.Time, error) {
	rec, err := tx.Record(im.rec.ID)
	if profile.IsKind(err, profile.NotFound) { // undone already
		return time.Time{}, leaseOver()
	}
	if err != nil {
		return time.Time{}, err
	}
	var a importAttrs
	if err := json.Unmarshal(rec.Attrs, &a); err != nil {
		return time.Time{}, err
	}
	until := time.UnixMicro(a.Until)
	if !until.After(im.d.now()) {
		return time.Time{}, leaseOver()
	}
	return until, nil
}

func leaseOver() error {
	return profile.E(profile.Busy, profile.CodeBusy, "", "The import took too long. Nothing was written.")
}

func (im *importer) set(tx store.Tx, a importAttrs, kind string) error {
	old, err := tx.Record(im.rec.ID)
	if err != nil {
		return err
	}
	next := *old
	next.Attrs, next.Updated = marshal(a), im.d.now()
	return tx.Save(old, &next, im.event(im.who.Subject, kind, old.ID))
}

// finish makes all of the import count.
func (im *importer) finish(ctx context.Context) error {
	return im.data.Update(ctx, func(tx store.Tx) error {
		if err := im.allow(tx, access.DocumentAny, im.who, nil); err != nil {
			return err
		}
		if _, err := im.lease(tx); err != nil {
			return err
		}
		if err := im.set(tx, importAttrs{Done: true, Items: len(im.Items)}, "import.done"); err != nil {
			return err
		}
		if err := im.sweepDocuments(tx, documentSweep{Import: im.rec.ID, Actor: im.who.Subject}, im.d.now()); err != nil {
			return err
		}
		return im.keepAnswer(tx)
	})
}

// giveUp ends the lease, so that the places are free at once, and has what was
// written cleared up.
func (im *importer) giveUp(ctx context.Context) error {
	return im.data.Update(ctx, func(tx store.Tx) error {
		if err := im.set(tx, importAttrs{Items: len(im.Items)}, "import.ended"); profile.IsKind(err, profile.NotFound) {
			return nil // undone already
		} else if err != nil {
			return err
		}
		return im.sweepDocuments(tx, documentSweep{Import: im.rec.ID, Actor: im.who.Subject}, im.d.now())
	})
}

// DocumentSweepJob is the kind of job that clears documents away, so many at a
// time: those of an app that was deleted, or of an import that was given up. Of
// an import that is done it clears what was before.
const DocumentSweepJob = "documentsweep"

// documentSweep is its body.
type documentSweep struct {
	App    int64      `json:"app,omitempty"`
	Import profile.ID `json:"import,omitzero"`
	Actor  profile.ID `json:"actor,omitzero"`
}

func (s *Site) sweepDocuments(tx store.Tx, what documentSweep, due time.Time) error {
	now := s.d.now()
	return tx.Enqueue(store.Job{ID: profile.NewID(now), Site: s.id, Kind: DocumentSweepJob, Due: due, Created: now, Body: marshal(what)})
}

// SweepDocuments does one step of a DocumentSweepJob, by its body.
func (d *Directory) SweepDocuments(ctx context.Context, site store.SiteID, body []byte) error {
	var what documentSweep
	if err := json.Unmarshal(body, &what); err != nil {
		return profile.E(profile.Malformed, profile.CodeSyntax, "", "the body of the job is unreadable")
	}
	t, err := d.sites(ctx)
	if err != nil {
		return err
	}
	s := t.byID[site]
	if s == nil {
		return nil
	}
	return s.data.Update(ctx, func(tx store.Tx) error {
		if what.Import.IsZero() {
			return s.sweepApp(tx, what)
		}
		return s.sweepImport(tx, what)
	})
}

// sweepApp deletes documents of an app that is gone.
func (s *Site) sweepApp(tx store.Tx, what documentSweep) error {
	if err := appExists(tx, what.App); !profile.IsKind(err, profile.NotFound) {
		return err
	}
	more, err := s.sweepStep(tx, indexApp, documentName(what.App), func(rec *store.Record) error {
		return s.removeDocument(tx, what.Actor, rec)
	})
	if err != nil || !more {
		return err
	}
	return s.sweepDocuments(tx, what, s.d.now())
}

// sweepImport undoes an import that was given up, and looks later at one that
// lives. Of one that is done it takes what was before away, and its own record.
func (s *Site) sweepImport(tx store.Tx, what documentSweep) error {
	rec, err := tx.Record(what.Import)
	if profile.IsKind(err, profile.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	done, live, err := s.importState(tx, what.Import)
	switch {
	case err != nil:
		return err
	case live && !done:
		return s.sweepDocuments(tx, what, s.d.now().Add(importLease))
	}
	clean, kind := s.undoImported, "import.undone"
	if done {
		clean, kind = s.settleImported, "import.settled"
	}
	more, err := s.sweepStep(tx, indexImport, what.Import.String(), func(rec *store.Record) error { return clean(tx, what.Actor, rec) })
	if err != nil {
		return err
	}
	if more {
		return s.sweepDocuments(tx, what, s.d.now())
	}
	return tx.Remove(rec, s.event(what.Actor, kind, rec.ID))
}

// undoImported gives a document of an import that was given up what was before.
func (s *Site) undoImported(tx store.Tx, actor profile.ID, rec *store.Record) error {
	st, err := s.stands(tx, rec)
	if err != nil {
		return err
	}
	if st.doc == nil {
		return s.removeDocument(tx, actor, rec)
	}
	p := planned{place: st.doc.DocumentPlace, st: st, rec: s.nextDocument(0, actor, st.doc.DocumentPlace, st, st.doc.Data)}
	return s.save(tx, actor, &p)
}

// settleImported makes a document of an import that is done one like any other:
// nobody sees a difference, and its version stays.
func (s *Site) settleImported(tx store.Tx, _ profile.ID, rec *store.Record) error {
	k, err := keptOf(rec)
	if err != nil {
		return err
	}
	old, next := *rec, *rec
	old.Index = documentIndex(rec)
	k.Import, k.Was = profile.ID{}, nil
	next.Extras = k.extras()
	next.Index = documentIndex(&next)
	return tx.Refresh(&old, &next)
}

// sweepStep does something with the first documents of an index value, and
// says whether there are more.
func (s *Site) sweepStep(tx store.Tx, path, value string, do func(*store.Record) error) (more bool, err error) {
	ids, err := documentsOf(tx, path, value, 0, sweepSize)
	if err != nil {
		return false, err
	}
	for _, id := range ids {
		rec, err := tx.Record(id)
		if err != nil {
			return false, err
		}
		if err := do(rec); err != nil {
			return false, err
		}
	}
	return len(ids) == sweepSize, nil
}
