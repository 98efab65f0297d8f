package filter

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"facet/internal/profile"
	"facet/internal/schema"
)

// Plan says where the records that a filter selects are to be found. Each of
// its parts holds for all of them, so a caller follows one part, the first that
// it can, and checks every candidate again with Match.
type Plan struct {
	// Exact: a record for which all parts hold is selected, and need not be
	// checked.
	Exact bool
	// Numbers are the records' numbers: disjoint ranges, ascending. One range
	// from math.MinInt64 to math.MaxInt64 when nothing is known; none at all
	// when no record can match.
	Numbers []NumberRange
	// UUIDs, unless nil, are the only ids that can match.
	UUIDs []profile.ID
	// Sources are indexes to look into, the most selective first: equality on
	// a unique attribute, equality, ranges closed on both sides, others.
	Sources []Source
}

// NumberRange is the numbers from Low to High, both included.
type NumberRange struct{ Low, High int64 }

// Source is an index in which every record that the filter selects has a row
// in one of the ranges. A record may have several, under a plural's attribute.
type Source struct {
	Path   string
	Unique bool // the attribute is unique
	Equal  bool // every range stands for one value
	Ranges []Range
}

// Range is the index values from Low to High, both included, in the form of
// schema.Attribute.IndexValue; "" is no bound.
type Range struct{ Low, High string }

// maxRanges bounds the work of intersecting ranges of numbers.
const maxRanges = 1000

var (
	nothing    = NumberRange{1, 0}
	everything = NumberRange{math.MinInt64, math.MaxInt64}
)

func (n NumberRange) intersect(o NumberRange) NumberRange {
	n.Low, n.High = max(n.Low, o.Low), min(n.High, o.High)
	if n.Low > n.High {
		return nothing
	}
	return n
}

// Values gives the index values that the source's ranges stand for, when each
// stands for one.
func (s *Source) Values() (values []string, ok bool) {
	for _, r := range s.Ranges {
		if r.Low != r.High || r.Low == "" {
			return nil, false
		}
		values = append(values, r.Low)
	}
	return values, true
}

// IsEmpty reports that no record can match.
func (p *Plan) IsEmpty() bool { return len(p.Numbers) == 0 || p.UUIDs != nil && len(p.UUIDs) == 0 }

// IsScan reports that nothing narrows the search: every record is a candidate.
func (p *Plan) IsScan() bool {
	return p.UUIDs == nil && len(p.Sources) == 0 && len(p.Numbers) == 1 && p.Numbers[0] == everything
}

// Plan finds what narrows the search; indexed tells of which attributes, by
// dotted path, index rows are complete now.
func (p *Program) Plan(indexed func(path string) bool) Plan {
	plan := narrow(p.root, indexed)
	slices.SortStableFunc(plan.Sources, func(a, b Source) int { return a.rank() - b.rank() })
	return plan
}

func (s *Source) rank() int {
	switch {
	case s.Equal && s.Unique:
		return 0
	case s.Equal:
		return 1
	case !slices.ContainsFunc(s.Ranges, func(r Range) bool { return r.Low == "" || r.High == "" }):
		return 2
	}
	return 3
}

// narrow gives what is known of the records for which a node is true.
func narrow(n node, indexed func(string) bool) Plan {
	all := Plan{Numbers: []NumberRange{everything}}
	switch n := n.(type) {
	case verdict:
		if truth(n) != yes {
			return Plan{Exact: true}
		}
		all.Exact = true
	case numberNode:
		all.Numbers, all.Exact = n.ranges(), true
	case uuidNode:
		if n.op == Equal {
			all.UUIDs, all.Exact = []profile.ID{n.id}, true
		}
	case *valueNode:
		if r, exact, ok := n.rangeOf(); ok && indexed(n.attr.Path) {
			if r.IsEmpty() {
				return Plan{Exact: true}
			}
			all.Sources = []Source{{Path: n.attr.Path, Unique: n.attr.Has(schema.Unique), Equal: n.op == Equal, Ranges: []Range{r}}}
			all.Exact = exact
		}
	case *nullNode:
		if n.negated && n.place == inAttrs && indexed(n.attr.Path) {
			all.Sources = []Source{{Path: n.attr.Path, Unique: n.attr.Has(schema.Unique), Ranges: []Range{{}}}}
			all.Exact = true
		}
	case andNode:
		single := map[string]bool{} // attributes with at most one value
		eachValue(n, func(v *valueNode) { single[v.attr.Path] = !v.attr.InPlural })
		all.Exact = true
		for _, term := range n {
			all = both(all, narrow(term, indexed), single)
		}
	case orNode:
		plans := make([]Plan, len(n))
		for i, term := range n {
			plans[i] = narrow(term, indexed)
		}
		all = either(plans)
	}
	return all
}

// eachValue visits the comparisons below and and or.
func eachValue(n node, fn func(*valueNode)) {
	switch n := n.(type) {
	case *valueNode:
		fn(n)
	case andNode:
		for _, t := range n {
			eachValue(t, fn)
		}
	case orNode:
		for _, t := range n {
			eachValue(t, fn)
		}
	}
}

func (n numberNode) ranges() []NumberRange {
	if !n.outside {
		return merge([]NumberRange{n.in})
	}
	if n.in == nothing {
		return []NumberRange{everything}
	}
	var out []NumberRange
	if n.in.Low > math.MinInt64 {
		out = append(out, NumberRange{math.MinInt64, n.in.Low - 1})
	}
	if n.in.High < math.MaxInt64 {
		out = append(out, NumberRange{n.in.High + 1, math.MaxInt64})
	}
	return out
}

// IsEmpty reports that no value lies in the range.
func (r Range) IsEmpty() bool { return r.High != "" && r.High < r.Low }

// noRange is where no value lies.
var noRange = Range{"\x02", "\x01"}

// rangeOf gives the index values of all values for which the comparison holds,
// and whether it holds for no others.
//
// Rows are cut at a character's border within the last bytes of
// schema.MaxIndexValue, which keeps a row from being greater than its value,
// but lets rows of two long values change order. So a low bound is cut so short
// that every row still has all of it, and a high one need not be cut.
func (n *valueNode) rangeOf() (r Range, exact, ok bool) {
	low, exact := n.key, len(n.key) <= schema.MaxIndexValue-utf8.UTFMax
	if most := schema.MaxIndexValue - utf8.UTFMax + 1; len(low) > most {
		for most > 0 && !utf8.RuneStart(low[most]) {
			most--
		}
		low = low[:most]
	}
	high := schema.Cut(n.key)
	if high != n.key {
		high += string(utf8.MaxRune)
	}
	if high == "" {
		high = "\x01" // "" would be no bound; nothing else lies so low
	}
	switch n.op {
	case Equal:
		if cut := schema.Cut(n.key); cut != "" {
			return Range{cut, cut}, exact, true
		}
		return Range{low, high}, false, true
	case Less:
		if !exact {
			return Range{"", high}, false, true
		}
		r, exact = Before(n.key)
		return r, exact, true
	case LessEqual:
		return Range{"", high}, exact && n.key != "", true
	case Greater:
		if exact {
			low += "\x01" // the least text after it
		}
		return Range{low, ""}, exact, true
	case GreaterEqual:
		return Range{low, ""}, exact, true
	}
	return Range{}, false, false
}

// Before gives the range of all index values that are less than a key of fewer
// than schema.MaxIndexValue bytes: up to the longest text of the greatest
// characters after the one before its last. It is not exact where no text
// bounds just the values before the key: then it has the key too.
func Before(key string) (r Range, exact bool) {
	if key == "" {
		return noRange, true
	}
	last, size := utf8.DecodeLastRuneInString(key)
	high := key[:len(key)-size]
	switch {
	case key == "\x01":
		return Range{"", key}, false
	case last <= 1:
		return Range{"", high}, true
	case last == 0xE000: // what lies before it are no characters
		last = 0xD800
	}
	return Range{"", high + string(last-1) + strings.Repeat(string(utf8.MaxRune), schema.MaxIndexValue/utf8.UTFMax)}, true
}

// both is for records of which two plans hold.
func both(a, b Plan, single map[string]bool) Plan {
	numbers, exact := a.Numbers, false
	if len(a.Numbers)*len(b.Numbers) <= maxRanges || len(b.Numbers) == 0 { // else one half of the truth will do
		numbers, exact = nil, true
		for _, x := range a.Numbers {
			for _, y := range b.Numbers {
				numbers = append(numbers, x.intersect(y))
			}
		}
	}
	out := Plan{Exact: exact && a.Exact && b.Exact, Numbers: merge(numbers), UUIDs: a.UUIDs, Sources: slices.Clone(a.Sources)}
	switch {
	case a.UUIDs == nil:
		out.UUIDs = b.UUIDs
	case b.UUIDs != nil:
		out.UUIDs = []profile.ID{}
		for _, id := range a.UUIDs {
			if slices.Contains(b.UUIDs, id) {
				out.UUIDs = append(out.UUIDs, id)
			}
		}
	}
	for _, s := range b.Sources {
		i := slices.IndexFunc(out.Sources, func(o Source) bool { return o.Path == s.Path })
		if i < 0 || !single[s.Path] {
			out.Sources = append(out.Sources, s)
			continue
		}
		if out.Sources[i] = out.Sources[i].intersect(s); len(out.Sources[i].Ranges) == 0 {
			return Plan{Exact: true}
		}
	}
	return out
}

// either is for records of which at least one of the plans holds.
func either(plans []Plan) Plan {
	plans = slices.DeleteFunc(plans, func(p Plan) bool { return p.IsEmpty() })
	switch len(plans) {
	case 0:
		return Plan{Exact: true}
	case 1:
		return plans[0]
	}
	out := Plan{Exact: alike(plans)}
	ids := true
	for _, p := range plans {
		out.Numbers = append(out.Numbers, p.Numbers...)
		out.UUIDs = append(out.UUIDs, p.UUIDs...)
		ids = ids && p.UUIDs != nil
	}
	out.Numbers = merge(out.Numbers)
	slices.SortFunc(out.UUIDs, func(x, y profile.ID) int { return bytes.Compare(x[:], y[:]) })
	if out.UUIDs = slices.Compact(out.UUIDs); !ids {
		out.UUIDs = nil
	}
	for _, s := range plans[0].Sources {
		if s, ok := union(s, plans[1:]); ok {
			out.Sources = append(out.Sources, s)
		}
	}
	return out
}

// alike reports whether exact plans look into the same one place, so that what
// is found for either is found for them together.
func alike(plans []Plan) bool {
	first := &plans[0]
	for i := range plans {
		p := &plans[i]
		unbounded := len(p.Numbers) == 1 && p.Numbers[0] == everything
		places := len(p.Sources)
		if p.UUIDs != nil {
			places++
		}
		if !unbounded {
			places++
		}
		switch {
		case !p.Exact, places > 1, (p.UUIDs == nil) != (first.UUIDs == nil), len(p.Sources) != len(first.Sources):
			return false
		case len(p.Sources) == 1 && p.Sources[0].Path != first.Sources[0].Path:
			return false
		}
	}
	return true
}

// union adds to a source what the other plans have of the same path; false if
// one has nothing.
func union(s Source, plans []Plan) (Source, bool) {
	s.Ranges = slices.Clone(s.Ranges)
	for _, p := range plans {
		i := slices.IndexFunc(p.Sources, func(o Source) bool { return o.Path == s.Path })
		if i < 0 {
			return s, false
		}
		s.Equal = s.Equal && p.Sources[i].Equal
		s.Ranges = append(s.Ranges, p.Sources[i].Ranges...)
	}
	s.Ranges = mergeRanges(s.Ranges)
	return s, true
}

// merge sorts ranges, joins those that touch and drops empty ones.
func merge(in []NumberRange) []NumberRange {
	slices.SortFunc(in, func(a, b NumberRange) int { return compareInts(a.Low, b.Low) })
	out := in[:0]
	for _, r := range in {
		if r == nothing {
			continue
		}
		if n := len(out) - 1; n >= 0 && (out[n].High == math.MaxInt64 || r.Low <= out[n].High+1) {
			out[n].High = max(out[n].High, r.High)
			continue
		}
		out = append(out, r)
	}
	return out
}

func compareInts(a, b int64) int {
	if a == b {
		return 0
	}
	return sign(a < b)
}

// intersect is for attributes of which a record has one value.
func (s Source) intersect(o Source) Source {
	out := Source{Path: s.Path, Unique: s.Unique, Equal: s.Equal || o.Equal}
	for _, a := range s.Ranges {
		for _, b := range o.Ranges {
			r := Range{max(a.Low, b.Low), a.High}
			if r.High == "" || b.High != "" && b.High < r.High {
				r.High = b.High
			}
			if r.High == "" || r.Low <= r.High {
				out.Ranges = append(out.Ranges, r)
			}
		}
	}
	out.Ranges = mergeRanges(out.Ranges)
	return out
}

// mergeRanges sorts ranges and joins those that overlap, so that no row is
// read twice.
func mergeRanges(in []Range) []Range {
	slices.SortFunc(in, func(a, b Range) int { return strings.Compare(a.Low, b.Low) })
	out := in[:0]
	for _, r := range in {
		n := len(out) - 1
		if n >= 0 && (out[n].High == "" || r.Low <= out[n].High) {
			if r.High == "" || out[n].High != "" && out[n].High < r.High {
				out[n].High = r.High
			}
			continue
		}
		out = append(out, r)
	}
	return out
}
