package directory

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"facet/internal/access"
	"facet/internal/jsondoc"
	"facet/internal/profile"
	"facet/internal/schema"
	"facet/internal/store"
)

// NewDocument is a document to be made.
type NewDocument struct {
	DocumentCall
	Text       DocumentText
	OnConflict OnConflict
	Repeat     Repeat
}

// CreateDocument makes a document; where there is one, it does what OnConflict
// says, and made is false. Errors: those of Document; Taken with Field "app_id"
// and the "version" of the one that is there in Detail; Conflict/CodeRepeat;
// those of PutDocument.
func (s *Site) CreateDocument(ctx context.Context, who access.Principal, in NewDocument) (d Document, made bool, err error) {
	return s.writeDocument(ctx, who, in.DocumentCall, in.Repeat, func(app *appEntry, old *Document) (work, error) {
		if in.Text.json == nil {
			return work{}, noDocument()
		}
		if old == nil {
			return work{text: in.Text.json}, nil
		}
		return app.onConflict(in.OnConflict, old, in.Text.json)
	})
}

// onConflict works out what creating does to a document that is there.
func (e *appEntry) onConflict(asked OnConflict, old *Document, text []byte) (work, error) {
	if asked == "" {
		asked = e.OnConflict
	}
	switch asked {
	case ConflictReplace:
		return work{text: text, whole: true}, nil
	case ConflictMerge:
		return work{text: jsondoc.Merge(old.Data, text)}, nil
	case ConflictSkip:
		return work{skip: true}, nil
	}
	taken := profile.E(profile.Taken, profile.CodeTaken, "app_id", "The user has a profile for this app already.")
	taken.Detail = map[string]any{"version": old.Version}
	return work{}, taken
}

// PutDocument makes or replaces a document; parts that the caller may not
// write stay, if text leaves them out or has them as they are. Errors: those of
// Document but for a document that is not there; Forbidden/CodeSection with
// Field "profile_data" and the "pointer" in Detail; Invalid/CodeSchema with the
// "violations" in Detail; Invalid/CodeType; TooLarge;
// Conflict/CodeVersionMismatch, Missing/CodeMatchNeeded,
// Conflict/CodeImporting.
func (s *Site) PutDocument(ctx context.Context, who access.Principal, c DocumentCall, text DocumentText) (d Document, made bool, err error) {
	return s.writeDocument(ctx, who, c, Repeat{}, func(*appEntry, *Document) (work, error) {
		return work{text: text.json, whole: true}, nil
	})
}

// PatchDocument changes a document by a function of its text as the caller sees
// it. Errors: those of PutDocument, NotFound without a Field, those of patch.
func (s *Site) PatchDocument(ctx context.Context, who access.Principal, c DocumentCall, patch func(old []byte) ([]byte, error)) (Document, error) {
	d, _, err := s.writeDocument(ctx, who, c, Repeat{}, func(_ *appEntry, old *Document) (work, error) {
		if old == nil {
			return work{}, store.ErrNotFound
		}
		text, err := patch(old.Data)
		return work{text: text}, err
	})
	return d, err
}

// work is what becomes of a document.
type work struct {
	text  []byte // of all that the caller sees
	whole bool   // what it leaves out, and the caller may not write, stays
	skip  bool   // nothing
}

// writeDocument reads a document, works the next one out, and saves it if
// nobody was faster, and the app's rules are those it was held against; else it
// begins again. A change that changes nothing writes nothing.
func (s *Site) writeDocument(ctx context.Context, who access.Principal, c DocumentCall, again Repeat, next func(*appEntry, *Document) (work, error)) (d Document, made bool, err error) {
	if err := s.mayDocument(ctx, who, &c); err != nil {
		return d, false, err
	}
	again.Request += " " + c.owner().String() // the account's and a child's session share the keys
	for {
		var app *appEntry
		var st standing
		var before *store.Record
		err := s.data.View(ctx, func(r store.Reader) (err error) {
			if app, err = s.readApp(r, c.App); err != nil {
				return err
			}
			if err := joinErr(c.checkKey(app), checkOwner(r, c.DocumentPlace)); err != nil {
				return err
			}
			if before, err = s.repeated(r, who, again); err != nil {
				return err
			}
			if before != nil {
				st, err = s.stands(r, before)
				return err
			}
			st, err = s.at(r, c.DocumentPlace)
			return err
		})
		if err != nil {
			return d, false, c.erased(err)
		}
		if before != nil { // made before, under the same key
			if st.doc == nil {
				return d, false, store.ErrNotFound
			}
			if !c.Any {
				app.shows(st.doc)
			}
			return *st.doc, true, nil
		}
		w, warnings, err := s.workOut(app, c, st, next)
		if err != nil {
			return d, false, err
		}
		if w.skip {
			return *st.doc, false, nil
		}
		plan := planned{place: c.DocumentPlace, st: st}
		if !st.changed && st.doc != nil && bytes.Equal(st.doc.Data, w.text) {
			d = *st.doc
		} else {
			number := int64(0)
			if st.doc == nil {
				if number, err = s.number(ctx); err != nil {
					return d, false, err
				}
			}
			plan.rec = s.nextDocument(number, who.Subject, c.DocumentPlace, st, w.text)
			err = s.data.Update(ctx, func(tx store.Tx) error {
				if c.Any {
					if err := s.allow(tx, access.DocumentAny, who, nil); err != nil {
						return err
					}
				}
				if err := app.unchanged(tx); err != nil {
					return err
				}
				if err := s.save(tx, who.Subject, &plan); err != nil {
					return err
				}
				return s.keep(tx, who, again, plan.rec.ID)
			})
			if overtaken(err) || errors.Is(err, errOvertaken) {
				continue
			}
			if err != nil {
				return d, false, c.erased(err)
			}
			if d, err = documentOf(plan.rec, documentKept{}); err != nil {
				return d, false, err
			}
			d.DocumentPlace = c.DocumentPlace
		}
		if !c.Any {
			app.shows(&d)
		}
		d.Warnings = warnings
		return d, st.doc == nil, nil
	}
}

// erased says to somebody who was erased since the token was read that it works
// no longer.
func (c *DocumentCall) erased(err error) error {
	if profile.IsKind(err, profile.NotFound) && !c.Any && profile.AsError(err).Field == "user_id" {
		return badToken()
	}
	return err
}

// overtaken reports whether somebody else wrote the same place first.
func overtaken(err error) bool {
	return profile.IsCode(err, profile.CodeVersionMismatch) || isTaken(err, profile.DocumentApp)
}

// workOut asks for the next text of a document, as a caller sees it, and gives
// the whole one, held against the rules of the app.
func (s *Site) workOut(app *appEntry, c DocumentCall, st standing, next func(*appEntry, *Document) (work, error)) (work, []Violation, error) {
	var old *Document
	if st.doc != nil {
		seen := *st.doc
		if c.Any || app.shows(&seen) {
			old = &seen
		}
	}
	version := int64(0)
	if st.doc != nil {
		version = st.doc.Version
	}
	if err := c.Match.check(version, old != nil); err != nil {
		return work{}, nil, err
	}
	w, err := next(app, old)
	if err != nil || w.skip {
		return w, nil, err
	}
	if st.busy {
		return w, nil, importing()
	}
	if old != nil && app.RequireIfMatch && !c.Match.named() {
		return w, nil, matchNeeded()
	}
	if !c.Any {
		if w, err = app.guard(w, old, st.doc); err != nil {
			return w, nil, err
		}
	}
	warnings, err := app.accepts(w.text, !c.Any)
	return w, warnings, err
}

func importing() error {
	e := profile.E(profile.Conflict, profile.CodeImporting, "app_id", "An import is writing this profile. Try again soon.")
	e.Retry = 5
	return e
}

func matchNeeded() error {
	return profile.E(profile.Missing, profile.CodeMatchNeeded, "", "This app wants If-Match with the version that is changed.")
}

// guard keeps what a person may not write: parts that the change has otherwise
// than they are, or that it takes away on purpose, are refused.
func (e *appEntry) guard(w work, seen, all *Document) (work, error) {
	if e.isPlain() {
		return w, nil
	}
	if all != nil && all.Data[0] != '{' && (e.WriteClass == UserWrites || e.WriteClass == "") {
		seen, all = nil, nil // the whole is the person's, and has no sections
	}
	if w.text[0] != '{' || all != nil && all.Data[0] != '{' {
		if e.WriteClass == UserWrites || e.WriteClass == "" {
			return w, nil
		}
		return w, notYours("")
	}
	theirs := func(name string) bool { return e.class(name) != UserWrites }
	before := map[string][]byte{}
	if seen != nil {
		jsondoc.Members(seen.Data, func(name string, value []byte) bool {
			if theirs(name) {
				before[name] = value
			}
			return true
		})
	}
	var err error
	jsondoc.Members(w.text, func(name string, value []byte) bool {
		if !theirs(name) {
			return true
		}
		if was, ok := before[name]; !ok || !jsondoc.Equal(was, value) {
			err = notYours("/" + escapeStep.Replace(name))
		}
		delete(before, name)
		return err == nil
	})
	if err != nil {
		return w, err
	}
	if len(before) > 0 && !w.whole {
		names := make([]string, 0, len(before))
		for name := range before {
			names = append(names, name)
		}
		return w, notYours("/" + escapeStep.Replace(slices.Min(names)))
	}
	if seen == nil && e.WriteClass != "" && e.WriteClass != UserWrites && string(w.text) == "{}" {
		return w, notYours("")
	}
	if all != nil {
		w.text = jsondoc.With(w.text, all.Data, theirs)
	}
	return w, nil
}

func notYours(pointer string) error {
	e := profile.E(profile.Forbidden, profile.CodeSection, fieldData, "Only the app's operators write this part of the profile.")
	e.Detail = map[string]any{"pointer": pointer}
	return e
}

// accepts says whether an app takes a text as a document: Missing, Invalid,
// TooLarge. What only warns is given back. Of private parts people are told
// nothing.
func (e *appEntry) accepts(text []byte, person bool) ([]Violation, error) {
	switch {
	case len(text) == 0 || text[0] == 'n':
		return nil, noDocument()
	case text[0] != '{' && !e.AnyJSON:
		return nil, profile.E(profile.Invalid, profile.CodeType, fieldData, "profile_data must be a JSON object.")
	case len(text) > MaxDocument:
		return nil, documentTooLarge()
	}
	if err := schema.CheckJSON(text, schema.MaxDocumentDepth); err != nil { // patched deeper
		return nil, profile.E(profile.TooLarge, profile.CodeTooLarge, fieldData, "profile_data may have at most %d levels.", schema.MaxDocumentDepth)
	}
	if e.schema == nil || e.SchemaMode == SchemaOff || e.SchemaMode == "" {
		return nil, nil
	}
	var hide func(string) bool
	if person && e.hides() {
		hide = func(name string) bool { return e.class(name) == OperatorOnly }
	}
	found := e.schema.violations(text, hide)
	if e.SchemaMode == SchemaWarn || found == nil {
		return found, nil
	}
	broken := profile.E(profile.Invalid, profile.CodeSchema, fieldData, "profile_data breaks the schema of the app: %s", found[0].Message)
	broken.Detail = map[string]any{"violations": found}
	return nil, broken
}

// planned is a write that was worked out.
type planned struct {
	place   DocumentPlace
	st      standing
	rec     *store.Record // what is to be there; nil: nothing changes
	hidden  bool          // it counts later
	outcome Outcome
	index   int // of the item, in a batch
}

// nextDocument is a document's record with a new text.
func (s *Site) nextDocument(number int64, creator profile.ID, at DocumentPlace, st standing, text []byte) *store.Record {
	if st.doc == nil {
		return s.newDocumentRecord(number, creator, at, text)
	}
	rec := *st.rec
	rec.Attrs, rec.Updated = text, s.d.now()
	k := documentKept{}
	if !at.Member.IsZero() {
		k.Account = at.User
	}
	rec.Extras = k.extras()
	rec.Index = documentIndex(&rec)
	return &rec
}

// save writes what was planned, if the place stands as it did then: else it is
// overtaken.
func (s *Site) save(tx store.Tx, actor profile.ID, p *planned) error {
	if err := lockOwner(tx, p.place); err != nil {
		return err
	}
	isNew, err := s.clearPlace(tx, actor, p)
	switch {
	case err != nil:
		return err
	case isNew:
		return tx.Create(p.rec, s.documentMade(actor, p))
	}
	return s.changeDocument(tx, actor, p)
}

// clearPlace makes the place of what was planned free where what stands there counts
// no more, and says whether it is free.
func (s *Site) clearPlace(tx store.Tx, actor profile.ID, p *planned) (bool, error) {
	if p.st.rec == nil || p.st.doc != nil {
		return p.st.rec == nil, nil
	}
	return true, s.removeDocument(tx, actor, p.st.rec) // left by an import that was given up
}

// documentMade is the event of a document that is new.
func (s *Site) documentMade(actor profile.ID, p *planned) store.Event {
	kind := "document.created"
	if p.hidden {
		kind = "document.staged"
	}
	return s.event(actor, kind, p.rec.ID)
}

// changeDocument saves what was planned in the place of what stands there.
func (s *Site) changeDocument(tx store.Tx, actor profile.ID, p *planned) error {
	kind := "document.updated"
	if p.hidden {
		kind = "document.staged"
	}
	before := *p.st.rec
	before.Index = documentIndex(&before)
	return tx.Save(&before, p.rec, s.event(actor, kind, p.rec.ID, "data"))
}

// DeleteDocument deletes a document; a person does so where all parts are
// theirs. Errors: those of PutDocument, NotFound without a Field.
func (s *Site) DeleteDocument(ctx context.Context, who access.Principal, c DocumentCall) error {
	if err := s.mayDocument(ctx, who, &c); err != nil {
		return err
	}
	return s.data.Update(ctx, func(tx store.Tx) error {
		app, err := s.readApp(tx, c.App)
		if err != nil {
			return err
		}
		if err := c.checkKey(app); err != nil {
			return err
		}
		if c.Any {
			if err := s.allow(tx, access.DocumentAny, who, nil); err != nil {
				return err
			}
		}
		return s.deleteDocument(tx, who.Subject, c, app)
	})
}

func (s *Site) deleteDocument(tx store.Tx, actor profile.ID, c DocumentCall, app *appEntry) error {
	st, err := s.at(tx, c.DocumentPlace)
	if err != nil {
		return err
	}
	there := st.doc != nil
	version := int64(0)
	theirs := false
	if there {
		version = st.doc.Version
		if !c.Any {
			all := *st.doc
			there = app.shows(st.doc)
			theirs = app.holdsTheirs(&all)
		}
	}
	if err := c.Match.check(version, there); err != nil {
		return err
	}
	switch {
	case !there:
		return joinErr(checkOwner(tx, c.DocumentPlace), store.ErrNotFound)
	case st.busy:
		return importing()
	case app.RequireIfMatch && !c.Match.named():
		return matchNeeded()
	case theirs:
		return notYours("")
	}
	return s.removeDocument(tx, actor, st.rec)
}

// holdsTheirs reports whether a document has parts that its person may not
// write.
func (e *appEntry) holdsTheirs(d *Document) (theirs bool) {
	if e.isPlain() {
		return false
	}
	if d.Data[0] != '{' || string(d.Data) == "{}" {
		return e.class("") != UserWrites
	}
	jsondoc.Members(d.Data, func(name string, _ []byte) bool {
		theirs = e.class(name) != UserWrites
		return !theirs
	})
	return theirs
}
