package directory

import (
	"context"
	"errors"
	"math"
	"slices"

	"facet/internal/access"
	"facet/internal/filter"
	"facet/internal/profile"
	"facet/internal/schema"
	"facet/internal/store"
)

// Query asks for records of a type.
type Query struct {
	Filter string   // in the entity grammar; "" selects all
	First  int      // how many to leave out at the beginning
	Max    int      // how many to give at most
	Sort   []string // attribute paths, "-" before one for descending; none: by id
	Total  bool     // count all that match
	Only   []string // paths of the attributes to show; nil: all
}

// Page is an answer to a Query. Total is set when asked for, View where only some
// attributes are to be shown: it is of the type by which the records were read.
type Page struct {
	Entities []Entity
	Total    int64
	View     *schema.View
}

// Render appends a record of the page as JSON.
func (p *Page) Render(dst []byte, i int) []byte {
	if p.View == nil {
		return p.Entities[i].Render(dst)
	}
	return p.Entities[i].RenderOnly(dst, p.View)
}

// FindEntities lists records of a type. Errors: Malformed and Invalid with
// Field "filter", Unknown for attributes, TooLarge with Field "max_results" for
// more than MaxAnswer, those of the context.
func (s *Site) FindEntities(ctx context.Context, who access.Principal, typeName string, q Query) (Page, error) {
	return steady(s, func() (Page, error) { return s.findEntities(ctx, who, typeName, q) })
}

func (s *Site) findEntities(ctx context.Context, who access.Principal, typeName string, q Query) (Page, error) {
	f, err := s.search(access.EntityFind, who, typeName, q.Filter)
	if err != nil {
		return Page{}, err
	}
	sorter, err := filter.ParseSort(q.Sort, f.typ)
	if err != nil {
		return Page{}, err
	}
	var page Page
	if q.Only != nil {
		if page.View, err = viewOf(f.typ, q.Only); err != nil {
			return Page{}, err
		}
	}
	records, total, err := s.pageOf(ctx, f, sorter, q)
	page.Entities, page.Total = make([]Entity, len(records)), total
	for i, rec := range records {
		page.Entities[i] = s.entityFor(who, rec)
	}
	return page, err
}

func (s *Site) pageOf(ctx context.Context, f *search, sorter *filter.Sorter, q Query) (records []*store.Record, total int64, err error) {
	err = s.look(ctx, f, func(l *look) error {
		records, total, err = l.page(sorter, q)
		return err
	})
	return records, total, err
}

// CountEntities counts the records of a type that a filter selects.
func (s *Site) CountEntities(ctx context.Context, who access.Principal, typeName, expr string) (int64, error) {
	return steady(s, func() (int64, error) { return s.countEntities(ctx, who, typeName, expr) })
}

func (s *Site) countEntities(ctx context.Context, who access.Principal, typeName, expr string) (int64, error) {
	f, err := s.search(access.EntityCount, who, typeName, expr)
	if err != nil {
		return 0, err
	}
	return s.countOf(ctx, f)
}

func (s *Site) countOf(ctx context.Context, f *search) (n int64, err error) {
	err = s.look(ctx, f, func(l *look) error {
		n, err = l.count()
		return err
	})
	return n, err
}

// search is a filter with what is known of where its records are.
type search struct {
	t       profile.Type
	typ     *schema.Type
	table   int64                  // number of the table of types that it was made by
	indexed func(path string) bool // whether an index has the values of every record
	program *filter.Program        // nil: every record
	plan    filter.Plan
	limits  limits
}

func (s *Site) search(perm access.Permission, who access.Principal, typeName, expr string) (*search, error) {
	if err := access.Admit(perm, who); err != nil {
		return nil, err
	}
	types := s.table()
	of, err := types.named(typeName)
	if err != nil {
		return nil, err
	}
	f := &search{t: of.kind, table: types.number, typ: readable(who, of.typ), indexed: of.isIndexed, limits: usual,
		plan: filter.Plan{Exact: true, Numbers: []filter.NumberRange{{Low: math.MinInt64, High: math.MaxInt64}}}}
	if expr == "" {
		return f, nil
	}
	tree, err := filter.ParseEntity(expr)
	if err != nil {
		return nil, err
	}
	if f.program, err = filter.Compile(tree, f.typ, s.d.now()); err != nil {
		return nil, err
	}
	f.plan = f.program.Plan(f.indexed)
	return f, nil
}

func (f *search) match(rec *store.Record) bool { return f.matcher()(rec) }

// matcher gives a match that uses its memory again: for one goroutine.
func (f *search) matcher() func(*store.Record) bool {
	if f.program == nil {
		return func(*store.Record) bool { return true }
	}
	var seen filter.Record
	return func(rec *store.Record) bool {
		seen = filtered(rec)
		return f.program.Match(&seen)
	}
}

// filtered is a record as filters and sorters see it.
func filtered(rec *store.Record) filter.Record {
	return filter.Record{
		ID: rec.Number, UUID: rec.ID, Created: rec.Created, Updated: rec.Updated, Password: rec.Password != "", Attrs: rec.Attrs,
	}
}

// each calls fn for every record that matches, by number, until it returns
// false. The record is a brief one, valid only during the call.
func (f *search) each(r store.Reader, desc bool, fn func(*store.Record) bool) error {
	l := &look{search: f, r: r, sweeps: true}
	return l.walk(desc, fn)
}

// A look is a run of a search. The first looks up and reads records one by one;
// when it has read many and is not done, a second one sweeps: it reads all
// records, several at a time. Sweeps are counted, so that they leave readers to
// others.
type look struct {
	*search
	r      store.Reader
	sweeps bool
	cost   int // of the first look: the index rows it has read, or what costs as much
}

// errSweep ends a first look.
var errSweep = errors.New("directory: a search must read all records")

func (l *look) spend(rows int) error {
	if l.cost += rows; l.cost > l.limits.rows && !l.sweeps {
		return errSweep
	}
	return nil
}

// look runs fn, and again when it must sweep.
func (s *Site) look(ctx context.Context, f *search, fn func(*look) error) error {
	sweeps := false
	err := s.data.Glance(ctx, nil, func(r store.Reader) error {
		err := fn(&look{search: f, r: r})
		if sweeps = err == errSweep; sweeps { // no error: a replica's would be asked of the primary, too
			err = nil
		}
		return err
	})
	if err != nil || !sweeps {
		return err
	}
	select {
	case s.d.sweeping <- struct{}{}:
		defer func() { <-s.d.sweeping }()
	case <-ctx.Done():
		return ctx.Err()
	}
	return s.data.Glance(ctx, nil, func(r store.Reader) error { return fn(&look{search: f, r: r, sweeps: true}) })
}

// walk calls fn for every record that matches, by number, until it returns
// false.
func (l *look) walk(desc bool, fn func(*store.Record) bool) error {
	if l.plan.IsEmpty() {
		return nil
	}
	c, err := l.candidates(desc, false)
	if err != nil {
		return err
	}
	if c != nil {
		return l.walkThrough(c, desc, fn)
	}
	ranges := l.plan.Numbers
	if desc {
		ranges = slices.Clone(ranges)
		slices.Reverse(ranges)
	}
	match := l.matcher()
	for more, i := true, 0; more && i < len(ranges); i++ {
		var dear error
		err := l.r.Brief(l.t, ranges[i].Low, ranges[i].High, desc, func(rec *store.Record) bool {
			dear = l.spend(recordRow)
			more = dear == nil && (!match(rec) || fn(rec))
			return more
		})
		if err == nil {
			err = dear
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// walkThrough reads the records of candidates.
func (l *look) walkThrough(c *candidates, desc bool, fn func(*store.Record) bool) error {
	match := l.matcher()
	for {
		place, ok, err := c.next()
		if err != nil || !ok {
			return err
		}
		if err := l.spend(recordRow); err != nil {
			return err
		}
		more := true
		err = l.read(placeOf(place, desc), func(rec *store.Record) {
			more = !match(rec) || fn(rec)
		})
		if err != nil || !more {
			return err
		}
	}
}

// read reads the record of a number.
func (l *look) read(number int64, fn func(*store.Record)) error {
	return l.r.Brief(l.t, number, number, false, func(rec *store.Record) bool {
		fn(rec)
		return false
	})
}

// count counts the records that match: by index alone where the plan is exact.
func (l *look) count() (n int64, err error) {
	plan := &l.plan
	switch {
	case l.program == nil:
		return l.r.Count(l.t)
	case plan.IsEmpty():
		return 0, nil
	case plan.Exact && plan.UUIDs == nil && len(plan.Sources) == 0:
		for _, r := range plan.Numbers {
			some, err := l.r.CountNumbers(l.t, r.Low, r.High)
			if err != nil {
				return 0, err
			}
			n += some
		}
		return n, nil
	case plan.Exact && plan.UUIDs == nil && len(plan.Sources) == 1 && everyNumber(plan) && !l.several(plan.Sources[0].Path):
		for _, r := range plan.Sources[0].Ranges {
			some, err := l.r.CountValues(l.t, store.Range{Path: plan.Sources[0].Path, Low: r.Low, High: r.High}, -1)
			if err != nil {
				return 0, err
			}
			n += some
		}
		return n, nil
	}
	c, err := l.candidates(false, false)
	switch {
	case err != nil:
		return 0, err
	case c != nil && c.exact:
		for {
			_, ok, err := c.next()
			if err != nil || !ok {
				return n, err
			}
			if n++; n%1024 == 0 {
				if err := l.spend(1024); err != nil {
					return 0, err
				}
			}
		}
	case c != nil && c.few:
		err := l.walkThrough(c, false, func(*store.Record) bool { n++; return true })
		return n, err
	}
	if !l.sweeps {
		err := l.walk(false, func(*store.Record) bool { n++; return true })
		return n, err
	}
	var counts []*int64
	err = l.sweep(false, func() func(*store.Record) bool {
		mine := new(int64)
		counts = append(counts, mine)
		return func(*store.Record) bool { *mine++; return true }
	})
	for _, c := range counts {
		n += *c
	}
	return n, err
}

func everyNumber(p *filter.Plan) bool {
	return len(p.Numbers) == 1 && p.Numbers[0] == filter.NumberRange{Low: math.MinInt64, High: math.MaxInt64}
}

// several reports whether a record can have more than one value at an indexed
// path.
func (f *search) several(path string) bool {
	return slices.ContainsFunc(f.typ.Indexed(), func(a *schema.Attribute) bool { return a.Path == path && a.InPlural })
}

// sweep reads all records of the plan's numbers, several at a time, and gives
// those that match to workers made for it.
func (l *look) sweep(desc bool, worker func() func(*store.Record) bool) error {
	for _, r := range l.plan.Numbers {
		err := l.r.Sweep(l.t, r.Low, r.High, desc, func() func(*store.Record) bool {
			match, fn := l.matcher(), worker()
			return func(rec *store.Record) bool { return !match(rec) || fn(rec) }
		})
		if err != nil {
			return err
		}
	}
	return nil
}
