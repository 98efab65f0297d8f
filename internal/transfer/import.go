package transfer

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"maps"
	"slices"
	"sync"

	"facet/internal/directory"
	"facet/internal/profile"
	"facet/internal/schema"
)

// Options say how an input is imported.
type Options struct {
	Type     string // of records whose rows do not say; "" is user
	Preset   string // "": the usual one of the format
	Format   Format
	Columns  Columns    // over those of the preset
	Key      string     // by which the same import goes on after it was cut off; "": a digest of the options and of how the input begins
	Actor    profile.ID // who imports; zero: the operator, by the command line
	Optional bool       // the constraint required does not hold
	DryRun   bool       // nothing is made: what would be refused is told
	Again    bool       // it begins anew, wherever it was
	Hold     bool       // at its end it is not forgotten how far it came: the caller does that

	// Rejects gives the list that rows which are refused are added to; resumed
	// tells that the import goes on, and may tell the last of them again. nil:
	// they are only counted.
	Rejects func(resumed bool) (RejectList, error)
	// Progress is called after each step, and first of all where the import goes
	// on; by one goroutine at a time.
	Progress func(Progress)
	// Stop is asked between steps: where it says true, the import ends as if it
	// was cut off. nil: never.
	Stop func() bool
}

// Progress is how far an import has come.
type Progress struct {
	At       int64 // bytes of the input
	Made     int64 // records
	Rejected int64 // rows
	Resumed  bool  // some of it was done before this run
}

// Result is what an import came to.
type Result struct {
	Progress
	Done bool // all of the input was read; else Stop said so
}

// Input is what presets know of the input of their rows.
type Input struct {
	Type    string
	Columns Columns // of the preset and of the caller

	source      Source
	types       *typeCache
	ownerNumber int64 // of the row that was just read: whose record it is, by number; 0: by id, or nobody's
}

// as is the input with rows of another type.
func (in *Input) as(kind string) *Input {
	out := *in
	out.Type = kind
	return &out
}

// typeCache keeps the entity types that values are read by.
type typeCache struct {
	site *directory.Site
	have map[string]*schema.Type
}

func (c *typeCache) of(name string) (*schema.Type, error) {
	if t, known := c.have[name]; known {
		return t, nil
	}
	t, err := c.site.ImportType(name)
	if err == nil {
		c.have[name] = t
	}
	return t, err
}

// A batch is handed over when it has so many rows, or bytes.
const (
	batchRows  = 1000
	batchBytes = 4 << 20
)

// headBytes is how much of an input its key is made of.
const headBytes = 64 << 10

// run is one import on its way.
type run struct {
	o      Options
	site   *directory.Site
	preset Preset
	in     *Input
	im     *directory.Importer

	batch   []directory.ImportRecord
	numbers []int64 // of the owners of the batch's records; 0: none by number
	size    int
	seen    *seen // of a dry run

	mu      sync.Mutex
	waiting []waiting // rows that were handed over, in the order of the input
	rejects RejectList
	resumed bool
	failed  error // of the list of rejects

	progress Progress
}

// waiting is a row of which is not known yet what becomes of it.
type waiting struct {
	line, at int64
	raw      []byte
}

// Import reads an input and makes records of its rows. What is refused goes to
// the list of rejects, and the rest is made; names that are taken are never
// taken over. One that was cut off, however it was, goes on where it was when it
// is begun again with the same input and options. Errors: those of the options
// (Invalid, with the option as Field), of reading and of the store.
func Import(ctx context.Context, site *directory.Site, input io.Reader, o Options) (result Result, err error) {
	if o.Type == "" {
		o.Type = userType
	}
	r := &run{o: o, site: site}
	if err := o.Columns.Check(); err != nil {
		return result, err
	}
	if r.preset, err = PresetNamed(o.Preset, o.Format, len(o.Columns) > 0); err != nil {
		return result, err
	}
	if _, err := site.ImportType(o.Type); err != nil {
		return result, err
	}
	buffered := bufio.NewReaderSize(input, headBytes)
	if o.Key == "" {
		if o.Key, err = keyOf(buffered, o); err != nil {
			return result, err
		}
	}
	source, err := NewSource(buffered, o.Format)
	if err != nil {
		return result, err
	}
	r.in = &Input{Type: o.Type, Columns: r.preset.with(o.Columns), source: source, types: &typeCache{site, map[string]*schema.Type{}}}
	if o.DryRun { // it does not go on where a real one was
		r.seen, o.Key = newSeen(), "dry run "+o.Key
	}
	if o.Again && !o.DryRun {
		if err := site.ForgetImport(ctx, o.Key); err != nil {
			return result, err
		}
	}
	r.im, err = site.Import(ctx, directory.ImportOptions{Key: o.Key, Actor: o.Actor, Optional: o.Optional, DryRun: o.DryRun, Hold: o.Hold, Wrote: r.wrote})
	if err != nil {
		return result, err
	}
	done, err := r.all(ctx)
	if err == nil && done {
		err = r.im.Finish(ctx)
	}
	if e := r.im.Close(); err == nil || errors.Is(err, e) {
		err = e
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failed != nil {
		err = r.failed
	}
	if r.rejects != nil {
		err = errors.Join(err, r.rejects.Close())
	}
	return Result{Progress: r.progress, Done: done && err == nil}, err
}

// keyOf is the key of an import by what is imported how.
func keyOf(input *bufio.Reader, o Options) (string, error) {
	head, err := input.Peek(headBytes)
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	h := sha256.New()
	fmt.Fprintf(h, "%q %q %q %v\n", o.Type, o.Preset, o.Format, o.Optional)
	for _, column := range slices.Sorted(maps.Keys(o.Columns)) {
		fmt.Fprintf(h, "%q %q\n", column, o.Columns[column])
	}
	h.Write(head)
	return hex.EncodeToString(h.Sum(nil)[:16]), nil
}

// all reads the rows and hands them over; done tells that it came to the end.
func (r *run) all(ctx context.Context) (done bool, err error) {
	was := r.im.Progress()
	r.resumed = was.At > 0
	met := !r.resumed // the row that it goes on after
	r.progress = Progress{At: was.At, Made: was.Made, Rejected: was.Rejected, Resumed: r.resumed}
	if r.resumed && r.o.Progress != nil {
		r.o.Progress(r.progress)
	}
	if r.o.Rejects != nil {
		if r.rejects, err = r.o.Rejects(r.resumed); err != nil {
			return false, err
		}
	}
	again := map[int64]error{}
	for _, reject := range was.Rejects {
		again[reject.At] = reject.Err
	}
	for {
		row, err := r.in.source.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return false, err
		}
		if row.At == was.At {
			met = row.Sum == was.Sum
		}
		if !met && row.At >= was.At {
			return false, errChanged()
		}
		if row.At <= was.At {
			if err, told := again[row.At]; told {
				if err := r.reject(row.Line, row.Raw, err); err != nil {
					return false, err
				}
			}
			continue
		}
		if err := r.add(ctx, &row); err != nil {
			return false, err
		}
		if r.o.Stop != nil && len(r.batch) == 0 && r.o.Stop() {
			return false, r.im.Flush(ctx)
		}
	}
	if !met {
		return false, errChanged()
	}
	return true, r.hand(ctx)
}

func errChanged() error {
	return profile.E(profile.Conflict, profile.CodeInvalid, "", "the input has changed since its import was cut off: go on with the one of then, or begin anew")
}

// add makes a record of a row.
func (r *run) add(ctx context.Context, row *Row) error {
	r.in.ownerNumber = 0
	line, at, sum := row.Line, row.At, row.Sum
	raw := slices.Clone(row.Raw)
	rec := directory.ImportRecord{Err: row.Err}
	if row.Err == nil {
		read := r.preset.read
		if read == nil {
			read = byColumns
		}
		made, err := read(row, r.in)
		if err != nil {
			made = directory.ImportRecord{Err: known(err)}
		}
		rec = made
	}
	rec.At, rec.Sum = at, sum
	if rec.Err == nil && r.seen != nil {
		rec.Err = r.seen.twice(&rec)
	}
	if len(r.batch) > 0 && rec.Err == nil && r.batch[len(r.batch)-1].Type != rec.Type { // it may belong to one of those before
		if err := r.hand(ctx); err != nil {
			return err
		}
	}
	r.mu.Lock()
	r.waiting = append(r.waiting, waiting{line, at, raw})
	failed := r.failed
	r.mu.Unlock()
	if failed != nil {
		return failed
	}
	r.batch, r.numbers = append(r.batch, rec), append(r.numbers, r.in.ownerNumber)
	if r.size += len(raw); len(r.batch) < batchRows && r.size < batchBytes {
		return nil
	}
	return r.hand(ctx)
}

// known is an error of a row as its reject tells it.
func known(err error) error {
	if e := profile.AsError(err); e.Kind != profile.Internal {
		return e
	}
	return malformed(err)
}

// hand hands the batch over.
func (r *run) hand(ctx context.Context) error {
	if len(r.batch) == 0 {
		return nil
	}
	if err := r.owners(ctx); err != nil {
		return err
	}
	err := r.im.Add(ctx, r.batch)
	r.batch, r.numbers, r.size = nil, nil, 0
	return err
}

// owners finds whose the records are that name their owner by number. Some may
// have been handed over just before.
func (r *run) owners(ctx context.Context) error {
	if !slices.ContainsFunc(r.numbers, func(n int64) bool { return n != 0 }) {
		return nil
	}
	if err := r.im.Flush(ctx); err != nil {
		return err
	}
	wanted := slices.DeleteFunc(slices.Clone(r.numbers), func(n int64) bool { return n == 0 })
	found, err := r.site.IDsOfNumbers(ctx, wanted)
	if err != nil {
		return err
	}
	for i, n := range r.numbers {
		if n == 0 || r.batch[i].Err != nil {
			continue
		}
		if r.batch[i].Owner = found[n]; r.batch[i].Owner.IsZero() {
			r.batch[i].Err = profile.E(profile.Invalid, profile.CodeNotFound, "owner", "there is no record %d", n)
		}
	}
	return nil
}

// wrote notes what became of a step, and whether all rejects so far are kept.
func (r *run) wrote(p directory.ImportProgress) (kept bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, reject := range p.Rejects {
		i, found := slices.BinarySearchFunc(r.waiting, reject.At, func(w waiting, at int64) int { return int(w.at - at) })
		if found && r.failed == nil {
			r.failed = r.reject(r.waiting[i].line, r.waiting[i].raw, reject.Err)
		}
	}
	upto, _ := slices.BinarySearchFunc(r.waiting, p.At+1, func(w waiting, at int64) int { return int(w.at - at) })
	r.waiting = slices.Delete(r.waiting, 0, upto)
	r.progress = Progress{At: p.At, Made: p.Made, Rejected: p.Rejected, Resumed: r.resumed}
	if r.o.Progress != nil {
		r.o.Progress(r.progress)
	}
	if r.rejects != nil && r.failed == nil {
		kept, r.failed = r.rejects.Flush()
	}
	return kept && r.failed == nil
}

func (r *run) reject(line int64, raw []byte, err error) error {
	if r.rejects == nil {
		return nil
	}
	return r.rejects.Add(rejectOf(line, raw, err))
}

// seen is what the rows of a dry run would take: its steps are undone, so that
// the store does not know.
type seen struct {
	seed maphash.Seed
	have map[uint64]struct{}
}

func newSeen() *seen { return &seen{maphash.MakeSeed(), map[uint64]struct{}{}} }

// twice refuses what a row before has taken already.
func (s *seen) twice(rec *directory.ImportRecord) error {
	names := [][2]string{{"slug", profile.Fold(rec.Slug)}, {"idtag", profile.Fold(rec.IDTag)}}
	if !rec.ID.IsZero() {
		names = append(names, [2]string{"id", rec.ID.String()})
	}
	if rec.Number != 0 {
		names = append(names, [2]string{"number", fmt.Sprint(rec.Number)})
	}
	if rec.Type == userType {
		names = append(names, [2]string{"email", profile.Fold(emailOf(rec.Attrs))})
	}
	for _, n := range names {
		if n[1] == "" {
			continue
		}
		key := maphash.String(s.seed, n[0]+"\x00"+n[1])
		if _, taken := s.have[key]; taken {
			return profile.E(profile.Taken, profile.CodeTaken, n[0], "already in use by a row before")
		}
		s.have[key] = struct{}{}
	}
	return nil
}

func emailOf(attrs []byte) string {
	if len(attrs) == 0 {
		return ""
	}
	fields, err := members(nil, attrs)
	if err != nil {
		return ""
	}
	text, _ := textOf(valueOf(fields, "email"))
	return text
}
