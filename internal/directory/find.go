package directory

import (
	"context"
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
}

// Page is an answer to a Query. Total is set when asked for.
type Page struct {
	Entities []Entity
	Total    int64
}

// FindEntities lists records of a type. Errors: Malformed and Invalid with
// Field "filter", Unknown for attributes, those of the context.
func (s *Site) FindEntities(ctx context.Context, who access.Principal, typeName string, q Query) (Page, error) {
	return steady(s, func() (Page, error) { return s.findEntities(ctx, who, typeName, q) })
}

func (s *Site) findEntities(ctx context.Context, who access.Principal, typeName string, q Query) (Page, error) {
	f, err := s.search(access.EntityFind, who, typeName, q.Filter)
	if err != nil {
		return Page{}, err
	}
	order, err := newOrdering(f, q)
	if err != nil {
		return Page{}, err
	}
	var page Page
	err = s.data.View(ctx, func(r store.Reader) error {
		page = Page{}
		counted := false
		if q.Total && f.program == nil {
			if page.Total, err = r.Count(f.t); err != nil {
				return err
			}
			counted = true
		}
		order.begin()
		err := f.each(r, order.descending(), func(rec *store.Record) bool {
			if !counted {
				page.Total++
			}
			return order.add(rec) || q.Total && !counted
		})
		for _, rec := range order.take() {
			page.Entities = append(page.Entities, s.entityFor(who, rec))
		}
		return err
	})
	if !q.Total {
		page.Total = 0
	}
	return page, err
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
	err = s.data.View(ctx, func(r store.Reader) error {
		if n = 0; f.program == nil {
			n, err = r.Count(f.t)
			return err
		}
		return f.each(r, false, func(*store.Record) bool {
			n++
			return true
		})
	})
	return n, err
}

// search is a filter with what is known of where its records are.
type search struct {
	t       profile.Type
	typ     *schema.Type
	indexed func(path string) bool // whether an index has the values of every record
	program *filter.Program        // nil: every record
	plan    filter.Plan
}

func (s *Site) search(perm access.Permission, who access.Principal, typeName, expr string) (*search, error) {
	if err := access.Admit(perm, who); err != nil {
		return nil, err
	}
	of, err := s.table().named(typeName)
	if err != nil {
		return nil, err
	}
	f := &search{t: of.kind, typ: readable(who, of.typ), indexed: of.isIndexed, plan: filter.Plan{Numbers: []filter.NumberRange{{Low: math.MinInt64, High: math.MaxInt64}}}}
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

// candidates is how many ids are taken from an index; where it has more, the
// records are read in order instead.
const candidates = 20000

// each calls fn for every record that matches, by number, until it returns
// false. The record is valid only during the call.
func (f *search) each(r store.Reader, desc bool, fn func(*store.Record) bool) error {
	if f.plan.IsEmpty() {
		return nil
	}
	ids := f.plan.UUIDs
	if ids == nil && len(f.plan.Sources) > 0 {
		var err error
		if ids, err = f.lookup(r, f.plan.Sources[0]); err != nil {
			return err
		}
	}
	if ids != nil {
		return f.eachOf(r, ids, desc, fn)
	}
	more := true
	ranges := f.plan.Numbers
	if desc {
		ranges = slices.Clone(ranges)
		slices.Reverse(ranges)
	}
	for _, n := range ranges {
		err := r.ByNumber(f.t, n.Low, n.High, desc, func(rec *store.Record) bool {
			if f.match(rec) {
				more = fn(rec)
			}
			return more
		})
		if err != nil || !more {
			return err
		}
	}
	return nil
}

func (f *search) match(rec *store.Record) bool {
	if f.program == nil {
		return true
	}
	seen := filtered(rec)
	return f.program.Match(&seen)
}

// lookup takes the ids from an index; nil when there are too many.
func (f *search) lookup(r store.Reader, from filter.Source) ([]profile.ID, error) {
	ids := []profile.ID{}
	for _, rng := range from.Ranges {
		err := r.Lookup(f.t, store.Range{Path: from.Path, Low: rng.Low, High: rng.High}, func(id profile.ID, _ string) bool {
			ids = append(ids, id)
			return len(ids) <= candidates
		})
		if err != nil {
			return nil, err
		}
		if len(ids) > candidates {
			return nil, nil
		}
	}
	slices.SortFunc(ids, func(a, b profile.ID) int { return slices.Compare(a[:], b[:]) })
	return slices.Compact(ids), nil
}

func (f *search) eachOf(r store.Reader, ids []profile.ID, desc bool, fn func(*store.Record) bool) error {
	found := make([]*store.Record, 0, len(ids))
	for _, id := range ids {
		rec, err := r.Record(id)
		if profile.IsKind(err, profile.NotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if rec.Type == f.t && f.match(rec) {
			found = append(found, rec)
		}
	}
	slices.SortFunc(found, func(a, b *store.Record) int {
		if desc {
			a, b = b, a
		}
		if a.Number < b.Number {
			return -1
		}
		return 1
	})
	for _, rec := range found {
		if !fn(rec) {
			return nil
		}
	}
	return nil
}
