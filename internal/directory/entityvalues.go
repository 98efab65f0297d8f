package directory

import (
	"bytes"
	"context"
	"math"
	"slices"

	"facet/internal/access"
	"facet/internal/profile"
	"facet/internal/schema"
	"facet/internal/store"
)

// ValueQuery asks for the distinct values of an attribute.
type ValueQuery struct {
	Path  string // of a scalar attribute
	First int    // how many to leave out at the beginning
	Max   int    // how many to give at most
}

// MaxValues is how many distinct values one can look at, those left out at the
// beginning included.
const MaxValues = 10000

// AttributeValues lists the distinct values that records of a type have at a
// path, as JSON, in the attribute's order; values that the attribute takes for
// equal are given once. Errors: Unknown; Invalid for what has no values to
// list; TooLarge, with Field "max_results" where those, with what is left out at
// the beginning, are more than MaxAnswer.
func (s *Site) AttributeValues(ctx context.Context, who access.Principal, typeName string, q ValueQuery) ([][]byte, error) {
	return steady(s, func() ([][]byte, error) { return s.attributeValues(ctx, who, typeName, q) })
}

func (s *Site) attributeValues(ctx context.Context, who access.Principal, typeName string, q ValueQuery) (list [][]byte, err error) {
	f, err := s.search(access.EntityValues, who, typeName, "")
	if err != nil {
		return nil, err
	}
	path, err := schema.ParsePath(q.Path)
	if err != nil {
		return nil, err
	}
	attr, err := f.typ.Attr(path)
	if err != nil {
		return nil, err
	}
	switch {
	case len(path) == 0, attr.Reserved, attr.Type == schema.Password, !attr.IsScalar(), slices.ContainsFunc(path, func(st schema.Step) bool { return st.ID != 0 }):
		return nil, profile.E(profile.Invalid, profile.CodeInvalid, "attribute_path", "the values of %s cannot be listed", path)
	case q.First+q.Max > MaxValues:
		return nil, profile.E(profile.TooLarge, profile.CodeTooLarge, "", "at most the first %d values can be listed", MaxValues)
	}
	err = s.data.Glance(ctx, nil, func(r store.Reader) error {
		if list = nil; f.indexed(attr.Path) {
			whole, err := f.indexedValues(r, attr, q, &list)
			if err != nil || whole {
				return err
			}
		}
		list, err = f.scannedValues(r, attr, q)
		return err
	})
	return list, err
}

// repeated is how many rows of one value are passed one by one before the index
// is asked for the next value.
const repeated = 50

// indexedValues walks the attribute's index rows, and reads one record for each
// value it gives. It reports false when rows were cut: they do not tell the
// values apart.
func (f *search) indexedValues(r store.Reader, attr *schema.Attribute, q ValueQuery, list *[][]byte) (whole bool, err error) {
	var keys []string
	var ids []profile.ID
	last, seen, same := "", 0, 0
	for low, more := "", true; more; low = last + "\x01" {
		more, whole = false, true
		err := r.Lookup(f.t, store.Range{Path: attr.Path, Low: low}, func(id profile.ID, key string) bool {
			switch {
			case len(key) > schema.MaxIndexValue-4:
				whole = false
				return false
			case seen > 0 && key == last:
				same++
				more = same > repeated
				return !more
			}
			last, same = key, 0
			if seen++; seen > q.First {
				keys, ids = append(keys, key), append(ids, id)
			}
			return seen < q.First+q.Max
		})
		if err != nil || !whole {
			return false, err
		}
	}
	for i, id := range ids {
		rec, err := r.Record(id)
		if err != nil {
			return false, err
		}
		schema.Values(rec.Attrs, attr.Steps, func(raw []byte) bool {
			key, ok := attr.AppendKey(nil, raw)
			if ok = ok && string(key) == keys[i]; ok {
				*list = append(*list, bytes.Clone(raw)) // not to hold all of the record
			}
			return !ok
		})
	}
	return true, nil
}

// scannedValues reads every record, and keeps the first values only.
func (f *search) scannedValues(r store.Reader, attr *schema.Attribute, q ValueQuery) ([][]byte, error) {
	most := q.First + q.Max
	found := map[string][]byte{}
	bound := "" // greater keys are not among the first
	held := 0   // bytes
	var sorted []string
	cut := func() error {
		sorted = sorted[:0]
		for key := range found {
			sorted = append(sorted, key)
		}
		slices.Sort(sorted)
		if len(sorted) > most {
			for _, key := range sorted[most:] {
				held -= len(key) + len(found[key])
				delete(found, key)
			}
			sorted = sorted[:most]
			bound = sorted[most-1]
		}
		if held > MaxAnswer {
			return answerTooLarge()
		}
		return nil
	}
	var buf []byte
	var failed error
	err := r.ByNumber(f.t, math.MinInt64, math.MaxInt64, false, func(rec *store.Record) bool {
		schema.Values(rec.Attrs, attr.Steps, func(raw []byte) bool {
			key, ok := attr.AppendKey(buf[:0], raw)
			buf = key
			if !ok || bound != "" && string(key) > bound {
				return true
			}
			if _, known := found[string(key)]; !known {
				found[string(key)] = bytes.Clone(raw)
				held += len(key) + len(raw)
			}
			return true
		})
		if len(found) >= 2*most+1000 || held > 2*MaxAnswer {
			failed = cut()
		}
		return failed == nil
	})
	if err == nil {
		err = failed
	}
	if err == nil {
		err = cut()
	}
	if err != nil {
		return nil, err
	}
	var list [][]byte
	for _, key := range sorted[min(q.First, len(sorted)):] {
		list = append(list, found[key])
	}
	return list, nil
}
