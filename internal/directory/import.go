package directory

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"facet/internal/profile"
	"facet/internal/store"
)

// Records that come from elsewhere, a million or so, keep what they were known
// by: id, number, times, password hash, names. They are made by the same rules
// as others; a name that is taken is reported and never overwritten. How far an
// import has come is written with the records, so that one that was cut off goes
// on where it was and makes nothing twice.

// ImportRecord is one record as it comes from elsewhere. What is zero is made
// as for a new record.
type ImportRecord struct {
	At  int64  // where the input goes on after it: greater from record to record, never 0
	Sum uint64 // a checksum of the input up to there, so that another is known; 0: none
	Err error  // a *profile.Error: it could not be read, and is a reject

	// Type is the name of an entity type ("user", "organization", the site's
	// own), or one of our types that have none, with its $.
	Type    string
	ID      profile.ID
	Number  int64 // 1 or more
	Owner   profile.ID
	Creator profile.ID
	State   profile.State
	Created time.Time
	Updated time.Time
	Login   time.Time // of the last sign-in

	Attrs  []byte // JSON object by the entity type; elements of plurals keep the ids that they bring
	Extras []byte // JSON object, one member a face

	// Of a subject; without a slug it gets the one made of its number.
	Slug  string
	IDTag string // an explicit one
	Phone string // verified, E.164; the attribute mobileNumber has it too

	// Names are those of a record of another type, as they are stored; without
	// its number.
	Names []profile.Name

	Hash     string // of the password, in a form that credential.Check takes
	Personal bool   // of a user: is a profile too
}

// ImportReject is a record that was not made, and why.
type ImportReject struct {
	At  int64
	Err error // a *profile.Error; Field is the attribute or name space
}

// ImportOptions say how records are imported.
type ImportOptions struct {
	Key   string     // by which the same import goes on after it was cut off: a digest of the input, say
	Actor profile.ID // who imports; zero: the operator, by the command line

	Optional bool // the constraint required does not hold
	DryRun   bool // nothing is made: what would be refused is

	// Wrote is called after each step, in the order of the input, by one
	// goroutine. A step that is told of is durable. kept says that all rejects so
	// far are kept elsewhere: others are told again by Progress, where the import
	// goes on.
	Wrote func(ImportProgress) (kept bool)
	// Hold has Finish remember how far the import came, so that whoever began it
	// notes its end first, and then forgets it (ForgetImport).
	Hold bool
}

// ImportProgress is how far an import has come.
type ImportProgress struct {
	At       int64 // of the last record that was made or refused; 0: none was
	Sum      uint64
	Made     int64
	Rejected int64
	Rejects  []ImportReject // of the last step, in the order of the input
}

// MaxImportStep is the most records that are written at once; importBytes is how
// much JSON ends a step before.
const (
	MaxImportStep = 2000
	importBytes   = 8 << 20
)

// Importer imports records. It is used by one goroutine at a time.
type Importer struct {
	s    *Site
	opts ImportOptions
	was  ImportProgress // when it began
	mark []byte         // as it is stored; nil: nothing was written yet
	told []ImportReject // of the steps before, that may not be kept elsewhere

	steps chan importStep
	ended chan struct{}
	err   error // valid when ended is closed
}

// importStep is some records that are worked out; its drafts and the rejects of
// the others.
type importStep struct {
	at      int64
	sum     uint64
	drafts  []store.Creation
	ats     []int64 // of the drafts
	rejects []ImportReject
	flushed chan struct{} // closed when the steps before are written; nil: it writes
}

// importSecret is the kind of secret, of the site, that tells how far an import
// has come.
const importSecret = "import"

// importMark is what it holds.
type importMark struct {
	At       int64          `json:"at"`
	Sum      uint64         `json:"sum"`
	Made     int64          `json:"made"`
	Rejected int64          `json:"rejected"`
	Rejects  []storedReject `json:"rejects,omitempty"`
}

type storedReject struct {
	At      int64        `json:"at"`
	Kind    profile.Kind `json:"kind"`
	Code    profile.Code `json:"code"`
	Field   string       `json:"field,omitempty"`
	Message string       `json:"message"`
}

func (m *importMark) progress() ImportProgress {
	p := ImportProgress{At: m.At, Sum: m.Sum, Made: m.Made, Rejected: m.Rejected}
	for _, r := range m.Rejects {
		p.Rejects = append(p.Rejects, ImportReject{r.At, &profile.Error{Kind: r.Kind, Code: r.Code, Field: r.Field, Message: r.Message}})
	}
	return p
}

func markOf(p ImportProgress) []byte {
	m := importMark{At: p.At, Sum: p.Sum, Made: p.Made, Rejected: p.Rejected}
	for _, r := range p.Rejects {
		e := profile.AsError(r.Err)
		m.Rejects = append(m.Rejects, storedReject{r.At, e.Kind, e.Code, e.Field, e.Message})
	}
	return marshal(m)
}

// Import begins an import, or goes on with the one of the same key: Progress
// tells where, and the caller goes on in the input after At. Its rejects are
// those that the caller may not have kept any more. End it by
// Close, and when all is read before by Finish.
func (s *Site) Import(ctx context.Context, o ImportOptions) (*Importer, error) {
	im := &Importer{s: s, opts: o, steps: make(chan importStep, 1), ended: make(chan struct{})}
	err := s.data.View(ctx, func(r store.Reader) (err error) {
		im.was, im.mark, err = importedSoFar(r, o.Key)
		im.told = im.was.Rejects
		return err
	})
	if err != nil {
		return nil, err
	}
	go im.write(ctx)
	return im, nil
}

// importedSoFar reads how far an import has come, and as it is stored.
func importedSoFar(r store.Reader, key string) (ImportProgress, []byte, error) {
	row, err := r.Secret(profile.ID{}, importSecret, key)
	if profile.IsKind(err, profile.NotFound) {
		return ImportProgress{}, nil, nil
	}
	if err != nil {
		return ImportProgress{}, nil, err
	}
	var m importMark
	if err := json.Unmarshal(row.Data, &m); err != nil {
		return ImportProgress{}, nil, err
	}
	return m.progress(), row.Data, nil
}

// Progress is how far the import had come when it began.
func (im *Importer) Progress() ImportProgress { return im.was }

// Add works records out, and hands them over to be written beside the next call.
// It may return before they are. Records that break a rule are rejects; an error
// ends the import, as does that of an Add before.
func (im *Importer) Add(ctx context.Context, records []ImportRecord) error {
	for len(records) > 0 {
		n, size := 0, 0
		for n < min(len(records), MaxImportStep) && size < importBytes {
			size += len(records[n].Attrs) + len(records[n].Extras)
			n++
		}
		step, err := im.draft(ctx, records[:n])
		if err != nil {
			return err
		}
		if err := im.hand(ctx, step); err != nil {
			return err
		}
		records = records[n:]
	}
	return nil
}

// Flush returns when all that was added is written.
func (im *Importer) Flush(ctx context.Context) error {
	flushed := make(chan struct{})
	if err := im.hand(ctx, importStep{flushed: flushed}); err != nil {
		return err
	}
	select {
	case <-flushed:
		return nil
	case <-im.ended:
		return im.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (im *Importer) hand(ctx context.Context, step importStep) error {
	select {
	case <-im.ended:
		return im.err
	default:
	}
	select {
	case im.steps <- step:
		return nil
	case <-im.ended:
		return im.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Finish writes what is left and, unless that is on hold, forgets how far the
// import came: one of the same key begins anew.
func (im *Importer) Finish(ctx context.Context) error {
	if err := im.Flush(ctx); err != nil || im.opts.DryRun || im.opts.Hold {
		return err
	}
	return im.s.data.Update(ctx, func(tx store.Tx) error {
		return tx.DropSecret(profile.ID{}, importSecret, im.opts.Key)
	})
}

// Close ends the import. What was added and not flushed may be written or not.
// It gives the error that ended it before.
func (im *Importer) Close() error {
	close(im.steps)
	<-im.ended
	return im.err
}

var errDryRun = errors.New("directory: nothing is kept")

// write writes steps until there are no more.
func (im *Importer) write(ctx context.Context) {
	defer close(im.ended)
	so := im.was
	for step := range im.steps {
		if step.flushed != nil {
			close(step.flushed)
			continue
		}
		next, err := im.writeStep(ctx, so, step)
		if err != nil {
			im.err = err
			return
		}
		so = next
		im.told = append(im.told, next.Rejects...)
		if im.opts.Wrote != nil && im.opts.Wrote(next) {
			im.told = nil
		}
	}
}

// writeStep makes the records of a step in one transaction, with how far the
// import has come by it.
func (im *Importer) writeStep(ctx context.Context, so ImportProgress, step importStep) (ImportProgress, error) {
	var next ImportProgress
	var mark []byte
	err := im.s.data.Update(ctx, func(tx store.Tx) error {
		if !im.opts.DryRun {
			_, is, err := importedSoFar(tx, im.opts.Key)
			if err != nil {
				return err
			}
			if !bytes.Equal(is, im.mark) {
				return profile.E(profile.Conflict, profile.CodeInvalid, "", "the same import goes on elsewhere")
			}
		}
		failed, err := im.create(tx, step)
		if err != nil {
			return err
		}
		next = ImportProgress{At: step.at, Sum: step.sum, Made: so.Made, Rejected: so.Rejected, Rejects: step.with(failed)}
		next.Rejected += int64(len(next.Rejects))
		next.Made += int64(len(step.drafts) + len(step.rejects) - len(next.Rejects))
		if im.opts.DryRun {
			return errDryRun
		}
		mark = markOf(ImportProgress{At: next.At, Sum: next.Sum, Made: next.Made, Rejected: next.Rejected, Rejects: slices.Concat(im.told, next.Rejects)})
		return tx.PutSecret(&store.Secret{Kind: importSecret, Key: im.opts.Key, Data: mark, Created: im.s.d.now()})
	})
	switch {
	case errors.Is(err, errDryRun):
		return next, nil
	case err == nil:
		im.mark = mark
	}
	return next, err
}

// create makes the records whose owners are there.
func (im *Importer) create(tx store.Tx, step importStep) ([]error, error) {
	var owners []profile.ID
	gone := map[profile.ID]bool{}
	for i := range step.drafts {
		if id := step.drafts[i].Record.Owner; !id.IsZero() && !gone[id] {
			owners, gone[id] = append(owners, id), true
		}
	}
	if len(owners) == 0 {
		return tx.CreateMany(step.drafts)
	}
	there, err := tx.LockMany(owners)
	if err != nil {
		return nil, err
	}
	for i, id := range owners {
		gone[id] = !there[i]
	}
	failed, apps := make([]error, len(step.drafts)), map[string]error{}
	var ready []store.Creation
	var places []int
	for i := range step.drafts {
		if id := step.drafts[i].Record.Owner; gone[id] {
			failed[i] = profile.E(profile.Invalid, profile.CodeNotFound, "owner", "there is no record %s", id)
			continue
		}
		if step.drafts[i].Record.Type == profile.Document {
			err := appThere(tx, step.drafts[i].Record, apps)
			if err != nil && !profile.IsKind(err, profile.Invalid) {
				return nil, err
			}
			if failed[i] = err; err != nil {
				continue
			}
		}
		ready, places = append(ready, step.drafts[i]), append(places, i)
	}
	some, err := tx.CreateMany(ready)
	for i, err := range some {
		failed[places[i]] = err
	}
	return failed, err
}

// with gives all rejects of a step in the order of the input.
func (p *importStep) with(failed []error) []ImportReject {
	if failed == nil {
		return p.rejects
	}
	out := make([]ImportReject, 0, len(p.rejects)+8)
	left := p.rejects
	for i, err := range failed {
		for len(left) > 0 && left[0].At < p.ats[i] {
			out, left = append(out, left[0]), left[1:]
		}
		if err != nil {
			out = append(out, ImportReject{p.ats[i], attributeError(err)})
		}
	}
	return append(out, left...)
}
