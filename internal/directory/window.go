package directory

import (
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"

	"facet/internal/profile"
	"facet/internal/store"
)

// Window is the part of a long list that is asked for. A part that begins at a
// place costs the same at any depth; to skip costs what is skipped.
type Window struct {
	After  string // a Part's Next: what follows it
	Before string // a Part's Previous: what comes before it
	Last   bool   // the end of the list
	Skip   int    // items to pass over, from the beginning
	Max    int    // items to give at most, 1 or more
}

// Part is what a Window shows of a list.
type Part[T any] struct {
	Items    []T
	Previous string // place of the first item, "" when nothing comes before it
	Next     string // place of the last item, "" when nothing follows
}

// Total is how many items a list has in all windows: of a long list at least
// that many.
type Total struct {
	Count  int64
	Capped bool // there are more
}

// countLimit is how far long lists are counted.
const countLimit = 10_000

// fit makes the end of a list as long as its last page is.
func (w Window) fit(t Total) Window {
	if rest := int(t.Count % int64(w.Max)); w.Last && !t.Capped && rest > 0 {
		w.Max = rest
	}
	return w
}

// totalOf makes a Total of a count that stopped at countLimit+1.
func totalOf(n int64) Total { return Total{Count: min(n, countLimit), Capped: n > countLimit} }

// ListQuery selects a part of a list of what one person or group has.
type ListQuery struct {
	From, Until time.Time // of creation; zero: no bound
	Reverse     bool      // the list backwards
	Window      Window
	Whole       bool // all at once, to be searched and ordered
}

// List is what a ListQuery selects.
type List[T any] struct {
	Part[T]
	Total
	Whole bool // Items are all there are, or, when Capped, as many as are given at once
}

// wholeList is up to where a list is given whole.
const wholeList = 1000

// within reports whether what was created then is asked for.
func (q *ListQuery) within(created time.Time) bool {
	return !created.Before(q.From) && (q.Until.IsZero() || created.Before(q.Until))
}

// cut reads the part that is asked for, and counts the list.
func cut[T any, M comparable](list *sequence[T, M], q ListQuery) (out List[T], err error) {
	if out.Whole = q.Whole; q.Whole {
		if out.Part, err = list.window(Window{Max: wholeList}); err == nil {
			out.Total = Total{int64(len(out.Items)), out.Next != ""}
		}
		return out, err
	}
	if w := q.Window; w == (Window{Max: w.Max}) { // the first part may be all
		if out.Part, err = list.window(w); err != nil || out.Next == "" {
			out.Total.Count = int64(len(out.Items))
			return out, err
		}
	}
	if out.Total, err = countKept(list); err != nil || out.Next != "" {
		return out, err
	}
	out.Part, err = list.window(q.Window.fit(out.Total))
	return out, err
}

// reshape gives a list of what fn makes of each item.
func reshape[S, T any](in List[S], fn func(S) (T, error)) (List[T], error) {
	out := List[T]{Part: Part[T]{Items: make([]T, len(in.Items)), Previous: in.Previous, Next: in.Next}, Total: in.Total, Whole: in.Whole}
	for i, item := range in.Items {
		var err error
		if out.Items[i], err = fn(item); err != nil {
			return out, err
		}
	}
	return out, nil
}

// sequence is a list that can be read from any place, in both directions. M is
// the place; its zero value comes before the first item, either way.
type sequence[T any, M comparable] struct {
	read  func(after M, up bool, limit int) ([]T, error)
	keep  func(T) (bool, error) // whether an item belongs to the list; nil: all do
	mark  func(T) M
	print func(M) string
	parse func(string) (M, error)
}

// batch bounds how many items are read at once.
const batch = 500

// window reads a part. Errors: NotFound with Field "page" for a place that is
// none; those of read and keep.
func (s *sequence[T, M]) window(w Window) (Part[T], error) {
	var at M
	up := w.Last || w.Before != ""
	if place := w.After + w.Before; place != "" {
		var err error
		if at, err = s.parse(place); err != nil {
			return Part[T]{}, err
		}
	}
	var items []T
	skip, more := w.Skip, false
	for full := false; !full; {
		limit := min(skip+w.Max-len(items)+1, batch)
		if s.keep != nil {
			limit = min(2*limit, batch)
		}
		found, err := s.read(at, up, limit)
		if err != nil {
			return Part[T]{}, err
		}
		for _, item := range found {
			at = s.mark(item)
			if s.keep != nil {
				if ok, err := s.keep(item); err != nil {
					return Part[T]{}, err
				} else if !ok {
					continue
				}
			}
			switch {
			case skip > 0:
				skip--
			case len(items) < w.Max:
				items = append(items, item)
			default:
				more = true
			}
			if more {
				break
			}
		}
		full = more || len(found) < limit
	}
	out := Part[T]{Items: items}
	if len(items) == 0 {
		return out, nil
	}
	before, after := w.After != "" || w.Skip > 0, more
	if up {
		slices.Reverse(items)
		before, after = more, !w.Last
	}
	if before {
		out.Previous = s.print(s.mark(items[0]))
	}
	if after {
		out.Next = s.print(s.mark(items[len(items)-1]))
	}
	return out, nil
}

// linkSequence is the list, newest first, of the links that read gives for q;
// other is their far end.
func linkSequence(read func(store.LinkQuery) ([]*store.Link, error), q store.LinkQuery, keep func(*store.Link) (bool, error), other func(*store.Link) profile.ID) *sequence[*store.Link, store.LinkMark] {
	return &sequence[*store.Link, store.LinkMark]{
		read: func(after store.LinkMark, up bool, limit int) ([]*store.Link, error) {
			q.After, q.Oldest, q.Limit = after, up, limit
			return read(q)
		},
		keep: keep,
		mark: func(l *store.Link) store.LinkMark {
			return store.LinkMark{Created: l.Created, Other: other(l), Key: l.Key}
		},
		print: func(m store.LinkMark) string {
			return printPlace(m.Other, strconv.FormatInt(m.Created.UnixMicro(), 36)+"."+m.Key)
		},
		parse: func(place string) (store.LinkMark, error) {
			id, rest, err := parsePlace(place)
			if err != nil {
				return store.LinkMark{}, err
			}
			at, key, _ := strings.Cut(rest, ".")
			micros, err := strconv.ParseInt(at, 36, 64)
			if err != nil {
				return store.LinkMark{}, badPlace()
			}
			return store.LinkMark{Created: time.UnixMicro(micros).UTC(), Other: id, Key: key}, nil
		},
	}
}

// printPlace writes a place as text that a URL carries: an id, and the rest of
// what the list is ordered by.
func printPlace(id profile.ID, rest string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(hex.EncodeToString(id[:]) + rest))
}

// parsePlace reads what printPlace wrote; callers may have written it too.
func parsePlace(place string) (id profile.ID, rest string, err error) {
	raw, err := base64.RawURLEncoding.DecodeString(place)
	if err != nil || len(raw) < 2*len(id) || len(raw) > 1000 || slices.Contains(raw, 0) {
		return id, "", badPlace()
	}
	if _, err := hex.Decode(id[:], raw[:2*len(id)]); err != nil {
		return id, "", badPlace()
	}
	return id, string(raw[2*len(id):]), nil
}

func badPlace() error {
	return profile.E(profile.NotFound, profile.CodeNotFound, "page", "Invalid page.")
}
