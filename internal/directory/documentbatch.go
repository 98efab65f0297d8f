package directory

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/store"
)

// DocumentItem is one document of many.
type DocumentItem struct {
	Index  int           // where it stands in the request: errors name it
	Place  DocumentPlace // the zero parts of a broken item are not looked at
	Match  Match
	Broken bool // something is wrong with it already: it is not written
}

// DocumentBatch is many documents to be written.
type DocumentBatch struct {
	Items      []DocumentItem
	Text       func(i int) (DocumentText, error) // of Items[i]
	Broken     bool                              // something else is wrong with the request: unless Partial, nothing is written
	Partial    bool                              // each item by itself, instead of all or none
	OnConflict OnConflict
	Repeat     Repeat
	Answer     func(BatchResult) []byte // what a repeat is answered
}

// Outcome is what became of an item.
type Outcome uint8

// The outcomes.
const (
	Failed Outcome = iota
	Created
	Replaced
	Merged
	Skipped   // there was one, and it stays
	Unchanged // it is as it was
)

// ItemResult is an item's outcome.
type ItemResult struct {
	Outcome Outcome
	Version int64 // of the document; 0 for what failed
}

// BatchResult is what came of a batch: the results in the order of the items;
// or, of a repeat, what was answered the first time.
type BatchResult struct {
	Items  []ItemResult
	Failed Items // of a partial batch
	Answer []byte
}

// Item is one thing wrong with one of many.
type Item struct {
	Index int
	Err   *profile.Error
}

// Items is the error of a request of many, of which some are wrong: nothing of
// it was done. One item may have several.
type Items []Item

func (e Items) Error() string { return fmt.Sprintf("%d things are wrong with the items", len(e)) }

// note adds what is wrong with an item. An error that is nobody's fault is
// given back.
func (e *Items) note(index int, err error) error {
	if err == nil {
		return nil
	}
	what := profile.AsError(err)
	if what.Kind == profile.Internal || what.Kind == profile.Busy {
		return err
	}
	*e = append(*e, Item{index, what})
	return nil
}

// A step of a batch is one transaction: it ends at so many items or bytes of
// text, so that other writers are not held up for long.
const (
	stepItems = 1000
	stepBytes = 4 << 20
)

// WriteDocuments writes many documents for an operator: all of them or, with
// an Items error that names all that is wrong, none; with Partial each by
// itself. All is checked before anything is written. A batch of more than one
// step is written where nobody sees it, and counts from its last transaction
// on. Errors: those of Document and PutDocument, in Items; Forbidden;
// Invalid/CodeRepeat for a key that stands for another request.
func (s *Site) WriteDocuments(ctx context.Context, who access.Principal, b DocumentBatch) (BatchResult, error) {
	if err := s.MayDocuments(ctx, who); err != nil {
		return BatchResult{}, err
	}
	if done, err := s.answered(ctx, who, b.Repeat); err != nil || done != nil {
		return BatchResult{Answer: done}, err
	}
	w := &batchWriter{Site: s, who: who, DocumentBatch: b, result: BatchResult{Items: make([]ItemResult, len(b.Items))},
		places: make(map[DocumentPlace]int, len(b.Items)), twice: map[int]bool{}}
	draw := func() (err error) {
		w.first, err = s.numbersFor(ctx, len(b.Items))
		return err
	}
	small := len(b.Items) <= stepItems // what is checked may then be what is written
	if small {
		if err := draw(); err != nil {
			return BatchResult{}, err
		}
	}
	if err := w.check(ctx); err != nil {
		return BatchResult{}, err
	}
	if len(w.bad) > 0 && !b.Partial {
		return BatchResult{}, w.bad
	}
	if b.Broken && !b.Partial {
		return BatchResult{}, nil
	}
	if !small {
		w.ready = nil
		if err := draw(); err != nil {
			return BatchResult{}, err
		}
	}
	if w.steps > 1 && !b.Partial {
		w.ready = nil
		return w.result, w.hidden(ctx)
	}
	return w.result, w.write(ctx)
}

// answered gives what a batch was answered the first time, nil when this is the
// first.
func (s *Site) answered(ctx context.Context, who access.Principal, again Repeat) (body []byte, err error) {
	if again.Key == "" {
		return nil, nil
	}
	err = s.data.View(ctx, func(r store.Reader) error {
		a, err := r.Answer(who.Subject, again.Key)
		switch {
		case profile.IsKind(err, profile.NotFound) || err == nil && !a.Expires.After(s.d.now()):
			return nil
		case err != nil:
			return err
		case a.Request != s.sealRequest(again):
			return otherRequest()
		}
		body = a.Body
		return nil
	})
	return body, err
}

// batchWriter is a batch on its way.
type batchWriter struct {
	*Site
	DocumentBatch
	who    access.Principal
	result BatchResult
	bad    Items
	steps  int                   // as many as the batch takes
	first  int64                 // of the numbers drawn for the items
	places map[DocumentPlace]int // to the first item that is there
	twice  map[int]bool          // items whose place another one has
	apps   map[int64]*appEntry   // of one step; nil: there is none
	owners map[DocumentPlace]error
	into   *importer // nil: the documents count at once
	ready  *readyStep
}

// readyStep is the step that check worked out, where there is just one.
type readyStep struct {
	plans []planned
	next  int
	bad   Items
}

// maxBad is how much may be wrong with items before the rest is not looked at.
const maxBad = 100_000

// check looks at every item, and says what is wrong with any.
func (w *batchWriter) check(ctx context.Context) error {
	for from := 0; from < len(w.Items) && (w.Partial || len(w.bad) < maxBad); w.steps++ {
		plans, next, bad, err := w.plan(ctx, from, true)
		if err != nil {
			return err
		}
		if w.ready = nil; w.steps == 0 {
			w.ready = &readyStep{plans, next, bad}
		}
		w.bad = append(w.bad, bad...)
		from = next
	}
	return nil
}

// plan works out a step that begins at an item: what is to be written, where
// the next step begins, and what is wrong.
func (w *batchWriter) plan(ctx context.Context, from int, checking bool) (plans []planned, next int, bad Items, err error) {
	texts := make([]DocumentText, 0, min(stepItems, len(w.Items)-from))
	for size := 0; from+len(texts) < len(w.Items) && len(texts) < stepItems && size < stepBytes; {
		text, err := w.Text(from + len(texts))
		if err != nil {
			return nil, 0, nil, err
		}
		texts = append(texts, text)
		size += len(text.json)
	}
	next = from + len(texts)
	err = w.data.View(ctx, func(r store.Reader) error {
		plans, bad = plans[:0], nil
		w.apps, w.owners = map[int64]*appEntry{}, map[DocumentPlace]error{}
		for i, text := range texts {
			if err := ctx.Err(); err != nil {
				return err
			}
			p, errs := w.one(r, from+i, text, checking)
			for _, err := range errs {
				if err := bad.note(w.Items[from+i].Index, err); err != nil {
					return err
				}
			}
			if errs == nil && !w.Items[from+i].Broken {
				plans = append(plans, p)
			}
		}
		return nil
	})
	return plans, next, bad, err
}

// one works out one item, or says all that is wrong with it.
func (w *batchWriter) one(r store.Reader, i int, text DocumentText, checking bool) (p planned, errs []error) {
	item := &w.Items[i]
	fail := func(err error) bool {
		if err != nil {
			errs = append(errs, err)
		}
		return err != nil
	}
	var app *appEntry
	if item.Place.App != 0 {
		var err error
		if app, err = w.app(r, item.Place.App); err != nil {
			fail(err)
		}
	}
	if !item.Place.User.IsZero() {
		fail(w.owner(r, item.Place))
	}
	var warn error
	if app != nil && text.json != nil {
		_, warn = app.accepts(text.json, false)
	}
	if item.Place.App == 0 || item.Place.User.IsZero() || app == nil {
		fail(warn)
		return p, errs
	}
	if checking {
		if other, twice := w.places[item.Place]; twice && other != i {
			w.twice[i] = true
			fail(profile.E(profile.Invalid, profile.CodeDuplicate, "user_id", "The same user and app as item %d.", w.Items[other].Index))
		} else {
			w.places[item.Place] = i
		}
	} else if w.twice[i] {
		fail(profile.E(profile.Invalid, profile.CodeDuplicate, "user_id", "The same user and app as another item."))
	}
	if len(errs) > 0 {
		fail(warn)
		return p, errs
	}
	st, err := w.at(r, item.Place)
	if err != nil {
		return p, []error{err}
	}
	return w.decide(i, app, st, text, warn)
}

// decide says what an item does to what stands at its place.
func (w *batchWriter) decide(i int, app *appEntry, st standing, text DocumentText, broken error) (p planned, errs []error) {
	item := &w.Items[i]
	p = planned{place: item.Place, st: st, index: i, outcome: Created}
	if st.busy {
		return p, []error{importing()}
	}
	version := int64(0)
	if st.doc != nil {
		version = st.doc.Version
	}
	if err := item.Match.check(version, st.doc != nil); err != nil {
		return p, []error{err}
	}
	next := text.json
	if st.doc != nil {
		asked := w.OnConflict
		if asked == "" {
			asked = app.AppSettings.OnConflict
		}
		if asked != ConflictSkip && asked != ConflictError && asked != "" && app.RequireIfMatch && !item.Match.named() {
			return p, []error{matchNeeded()}
		}
		if (asked == "" || asked == ConflictError) && item.Match.named() { // it says which one it is for
			asked = ConflictReplace
		}
		do, err := app.onConflict(asked, st.doc, text.json)
		switch {
		case err != nil && broken != nil:
			return p, []error{err, broken}
		case err != nil:
			return p, []error{err}
		case do.skip:
			p.outcome = Skipped
			return p, nil
		}
		p.outcome, next = Replaced, do.text
		if asked == ConflictMerge {
			p.outcome = Merged
			_, broken = app.accepts(next, false)
		}
	}
	if broken != nil {
		return p, []error{broken}
	}
	if !st.changed && st.doc != nil && bytes.Equal(st.doc.Data, next) {
		p.outcome = Unchanged
		return p, nil
	}
	p.rec = w.nextDocument(w.first+int64(i), w.who.Subject, item.Place, st, next)
	if w.into != nil {
		w.into.mark(p.rec, st)
		p.hidden = true
	}
	return p, nil
}

// app reads an app once a step.
func (w *batchWriter) app(r store.Reader, id int64) (*appEntry, error) {
	e, known := w.apps[id]
	if !known {
		var err error
		if e, err = w.readApp(r, id); err != nil && !profile.IsKind(err, profile.NotFound) {
			return nil, err
		}
		w.apps[id] = e
	}
	if e == nil {
		return nil, noApp(id)
	}
	return e, nil
}

// owner looks at an owner once a step.
func (w *batchWriter) owner(r store.Reader, at DocumentPlace) error {
	at.App = 0
	err, known := w.owners[at]
	if !known {
		err = checkOwner(r, at)
		w.owners[at] = err
	}
	return err
}

// write writes the batch step by step; each counts when it is written.
func (w *batchWriter) write(ctx context.Context) error {
	for from := 0; from < len(w.Items) || from == 0; {
		last := false
		next, err := w.step(ctx, from, func(tx store.Tx, next int) error {
			if last = next >= len(w.Items); !last {
				return nil
			}
			return w.keepAnswer(tx)
		})
		if err != nil || last {
			return err
		}
		from = next
	}
	return nil
}

// step writes one step, as often as somebody else is faster; with adds to its
// transaction.
func (w *batchWriter) step(ctx context.Context, from int, with func(tx store.Tx, next int) error) (next int, err error) {
	for {
		var plans []planned
		var bad Items
		if w.ready != nil {
			plans, next, bad = w.ready.plans, w.ready.next, w.ready.bad
			w.ready = nil
		} else if plans, next, bad, err = w.plan(ctx, from, false); err != nil {
			return 0, err
		}
		if len(bad) > 0 && !w.Partial {
			return 0, bad
		}
		for _, p := range plans {
			version := int64(0)
			if p.st.doc != nil {
				version = p.st.doc.Version
			}
			if p.rec != nil {
				version = p.rec.Version
				if p.st.doc != nil {
					version = p.st.rec.Version + 1
				}
			}
			w.result.Items[p.index] = ItemResult{p.outcome, version}
		}
		failed := w.result.Failed
		w.result.Failed = append(slices.Clip(failed), bad...)
		err = w.data.Update(ctx, func(tx store.Tx) error {
			if err := w.allow(tx, access.DocumentAny, w.who, nil); err != nil {
				return err
			}
			for _, app := range w.apps {
				if app == nil {
					continue
				}
				if err := app.unchanged(tx); profile.IsKind(err, profile.NotFound) {
					return errOvertaken
				} else if err != nil {
					return err
				}
			}
			if err := w.saveAll(tx, plans); profile.IsKind(err, profile.NotFound) {
				return errOvertaken // an owner is gone
			} else if err != nil {
				return err
			}
			return with(tx, next)
		})
		if err == nil {
			return next, nil
		}
		if !overtaken(err) && !errors.Is(err, errOvertaken) {
			return 0, err
		}
		w.result.Failed = failed
	}
}

// saveAll is save of each that changes something: the new ones are made at once.
func (w *batchWriter) saveAll(tx store.Tx, plans []planned) error {
	var owners []profile.ID
	known := map[profile.ID]bool{}
	for _, p := range plans {
		if p.rec != nil && !known[p.place.User] {
			owners, known[p.place.User] = append(owners, p.place.User), true
		}
	}
	there, err := tx.LockMany(owners)
	if err != nil {
		return err
	}
	if i := slices.Index(there, false); i >= 0 {
		return noUser(owners[i])
	}
	var made []store.Creation
	for i := range plans {
		p := &plans[i]
		if p.rec == nil {
			continue
		}
		if !p.place.Member.IsZero() {
			if err := checkOwner(tx, p.place); err != nil {
				return err
			}
		}
		isNew, err := w.clearPlace(tx, w.who.Subject, p)
		switch {
		case err != nil:
			return err
		case isNew:
			made = append(made, store.Creation{Record: p.rec, Event: w.documentMade(w.who.Subject, p)})
			continue
		}
		if err := w.changeDocument(tx, w.who.Subject, p); err != nil {
			return err
		}
	}
	failed, err := tx.CreateMany(made)
	if i := slices.IndexFunc(failed, func(err error) bool { return err != nil }); err == nil && i >= 0 {
		err = failed[i]
	}
	return err
}

// errOvertaken makes a step be worked out again.
var errOvertaken = errors.New("directory: what was checked has changed")

// keepAnswer keeps what a repeat is answered.
func (w *batchWriter) keepAnswer(tx store.Tx) error {
	if w.Repeat.Key == "" {
		return nil
	}
	now := w.d.now()
	err := tx.PutAnswer(&store.Answer{
		Subject: w.who.Subject, Key: w.Repeat.Key, Request: w.sealRequest(w.Repeat), Status: statusMade, Body: w.Answer(w.result), Expires: now.Add(repeatLife),
	}, now)
	if isTaken(err, "idempotency") {
		return profile.E(profile.Conflict, profile.CodeRepeat, "", "A request under this Idempotency-Key is being answered just now.")
	}
	return err
}

// numbersFor draws as many numbers as are needed, one after the other.
func (s *Site) numbersFor(ctx context.Context, n int) (first int64, err error) {
	if n == 0 {
		return 0, nil
	}
	err = s.data.Update(ctx, func(tx store.Tx) (err error) {
		first, err = tx.Numbers(n)
		return err
	})
	return first, err
}

// Places of documents are read and deleted so many at a time.
const MaxPlaces = 1000

// DeleteDocuments deletes many documents for an operator: all or, with an Items
// error, none; with partial each by itself, and the Items say which stay.
func (s *Site) DeleteDocuments(ctx context.Context, who access.Principal, items []DocumentItem, broken, partial bool) (bad Items, err error) {
	if err := s.MayDocuments(ctx, who); err != nil {
		return nil, err
	}
	err = s.data.Update(ctx, func(tx store.Tx) error {
		if err := s.allow(tx, access.DocumentAny, who, nil); err != nil {
			return err
		}
		bad = nil
		places := map[DocumentPlace]int{}
		for _, it := range items {
			if it.Broken {
				continue
			}
			err := error(nil)
			if other, twice := places[it.Place]; twice {
				err = profile.E(profile.Invalid, profile.CodeDuplicate, "user_id", "The same user and app as item %d.", other)
			} else if app, missing := s.readApp(tx, it.Place.App); missing != nil {
				err = missing
			} else {
				places[it.Place] = it.Index
				err = s.deleteDocument(tx, who.Subject, DocumentCall{DocumentPlace: it.Place, Any: true, Match: it.Match}, app)
			}
			if err := bad.note(it.Index, err); err != nil {
				return err
			}
		}
		if !partial && (len(bad) > 0 || broken) {
			return errNothing
		}
		return nil
	})
	switch {
	case errors.Is(err, errNothing) && len(bad) > 0:
		return nil, bad
	case errors.Is(err, errNothing):
		return nil, nil
	}
	return bad, err
}

// errNothing undoes a transaction whose items are wrong.
var errNothing = errors.New("directory: nothing is done")

// DocumentsAt reads documents for an operator, at most MaxPlaces: each in the
// place of its question, without Data where there is none.
func (s *Site) DocumentsAt(ctx context.Context, who access.Principal, places []DocumentPlace) ([]Document, error) {
	if len(places) > MaxPlaces {
		return nil, profile.E(profile.TooLarge, profile.CodeTooLarge, "", "At most %d profiles are read at once.", MaxPlaces)
	}
	if err := s.MayDocuments(ctx, who); err != nil {
		return nil, err
	}
	out := make([]Document, len(places))
	err := s.data.View(ctx, func(r store.Reader) error {
		for i, p := range places {
			st, err := s.at(r, p)
			if err != nil {
				return err
			}
			out[i].DocumentPlace = p
			if st.doc != nil {
				out[i] = *st.doc
			}
		}
		return nil
	})
	return out, err
}
