package household

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"facet/internal/directory"
	"facet/internal/face"
	"facet/internal/profile"
)

// query is what the query of a request asks for (JSON:API 1.1, "Fetching
// Data"). Its zero value asks for all, in the list's own order.
type query struct {
	sparse bool     // fields names what is shown
	fields []string // of a profile
	sort   []order
	child  *bool // filter[is_child_profile]
	paged  bool
	number int // of the page, from 1
	size   int // profiles of a page
	rest   url.Values
}

// order is one thing that a list is sorted by.
type order struct {
	compare func(a, b *directory.Member) int
	down    bool
}

// The query parameters, by what they are used for.
const (
	sparseFields = "fields"
	sortBy       = "sort"
	filterChild  = "filter[is_child_profile]"
	pageNumber   = "page[number]"
	pageSize     = "page[size]"
)

const maxPageSize = 100

// fieldNames are what may be shown of a profile: attributes and relationships.
var fieldNames = []string{"name", "user_id", "is_child_profile", "age_limit", "is_default", "has_pin", "avatar_id", "language", "subtitle_language", "autoplay", "user"}

// orders are what a list may be sorted by. Those without an age limit come
// after all that have one.
var orders = map[string]func(a, b *directory.Member) int{
	"name":       func(a, b *directory.Member) int { return strings.Compare(profile.Fold(a.Name), profile.Fold(b.Name)) },
	"created_at": func(a, b *directory.Member) int { return a.Created.Compare(b.Created) },
	"updated_at": func(a, b *directory.Member) int { return a.Updated.Compare(b.Updated) },
	"age_limit":  func(a, b *directory.Member) int { return cmp.Compare(limitOf(a), limitOf(b)) },
}

func limitOf(m *directory.Member) int {
	if m.AgeLimit == nil {
		return 1 << 10
	}
	return *m.AgeLimit
}

// allowing lets a handler have some query parameters, and refuses all others
// and a type that cannot be answered with: JSON:API wants both. fields is a
// family, fields[TYPE].
func allowing(handle face.Handler, names ...string) face.Handler {
	return func(w http.ResponseWriter, r *http.Request, c *face.Call) error {
		if _, ok := accepted(r); !ok {
			return refuse(profile.E(profile.Malformed, "not_acceptable", "", "%s has no parameter but profile here.", jsonAPIType),
				source{Header: "Accept"}, http.StatusNotAcceptable)
		}
		if r.URL.RawQuery == "" {
			return handle(w, r, c)
		}
		values, err := url.ParseQuery(r.URL.RawQuery)
		if err != nil {
			return refuse(profile.E(profile.Malformed, profile.CodeSyntax, "", "The query cannot be read."), source{}, 0)
		}
		var out problems
		for name, given := range values {
			is := name
			if isFields(name) {
				is = sparseFields
			}
			switch {
			case !slices.Contains(names, is):
				out = append(out, parameter(name, "unknown_parameter", "There is no such query parameter."))
			case len(given) > 1:
				out = append(out, parameter(name, profile.CodeDuplicate, "The parameter stands more than once."))
			}
		}
		if err := out.sorted().err(); err != nil {
			return err
		}
		return handle(w, r, c)
	}
}

// isFields reports whether a parameter is fields[TYPE] of a profile, in any of
// the spellings of the type.
func isFields(name string) bool {
	of, ok := strings.CutPrefix(name, "fields[")
	return ok && slices.Contains(profileKind.spellings, strings.TrimSuffix(of, "]")) && strings.HasSuffix(of, "]")
}

func parameter(name string, code profile.Code, text string) located {
	name = strings.ToValidUTF8(name[:min(len(name), maxNamed)], "\uFFFD")
	return located{profile.E(profile.Malformed, code, "", "%s", text), source{Parameter: name}, 0}
}

func (p problems) sorted() problems {
	slices.SortFunc(p, func(a, b located) int { return strings.Compare(a.source.Parameter, b.source.Parameter) })
	return p[:min(len(p), maxUnknown)]
}

// readQuery reads the parameters that allowing let through.
func readQuery(r *http.Request) (*query, error) {
	q := &query{number: 1, size: maxPageSize}
	if r.URL.RawQuery == "" {
		return q, nil
	}
	q.rest = r.URL.Query()
	var out problems
	wrong := func(name, text string) { out = append(out, parameter(name, profile.CodeInvalid, text)) }
	for name, given := range q.rest {
		value := given[0]
		switch {
		case isFields(name):
			q.sparse = true
			for field := range strings.SplitSeq(value, ",") {
				if field != "" && !slices.Contains(fieldNames, field) {
					wrong(name, "The fields of a profile are "+strings.Join(fieldNames, ", ")+".")
					break
				}
				q.fields = append(q.fields, field)
			}
		case name == sortBy:
			for key := range strings.SplitSeq(value, ",") {
				by, down := strings.CutPrefix(key, "-")
				if orders[by] == nil {
					wrong(name, "Profiles are sorted by name, age_limit, created_at and updated_at, each with - the other way round.")
					break
				}
				q.sort = append(q.sort, order{orders[by], down})
			}
		case name == filterChild:
			if value != "true" && value != "false" {
				wrong(name, "It is true or false.")
			}
			q.child = new(value == "true")
		case name == pageNumber:
			if q.number = pageValue(value, 1<<30); q.number == 0 {
				wrong(name, "Pages are counted from 1.")
			}
			q.paged = true
		case name == pageSize:
			if q.size = pageValue(value, maxPageSize); q.size == 0 {
				wrong(name, "A page has 1 to 100 profiles.")
			}
			q.paged = true
		}
	}
	return q, out.sorted().err()
}

// pageValue reads an integer of 1 to max; 0 is none.
func pageValue(text string, max int) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > max || strconv.Itoa(n) != text {
		return 0
	}
	return n
}

// wants reports whether a field is to be shown.
func (q *query) wants(field string) bool {
	return q == nil || !q.sparse || slices.Contains(q.fields, field)
}

// choose filters and sorts a list.
func (q *query) choose(list []directory.Member) []directory.Member {
	if q.child != nil {
		list = slices.DeleteFunc(list, func(m directory.Member) bool { return m.Child != *q.child })
	}
	if len(q.sort) > 0 {
		slices.SortStableFunc(list, func(a, b directory.Member) int {
			for _, by := range q.sort {
				if c := by.compare(&a, &b); c != 0 && by.down {
					return -c
				} else if c != 0 {
					return c
				}
			}
			return 0
		})
	}
	return list
}

// page cuts the page out of a list; one beyond the end is empty.
func (q *query) page(list []directory.Member) []directory.Member {
	from := min(int64(q.number-1)*int64(q.size), int64(len(list)))
	return list[from:min(from+int64(q.size), int64(len(list)))]
}

// pageLinks lead to the other pages; nil where none was asked for. A link that
// leads nowhere is left out.
func (q *query) pageLinks(address string, count int) *pageLinks {
	if !q.paged {
		return nil
	}
	last := max(1, (count+q.size-1)/q.size)
	to := func(number int) string {
		if number < 1 || number > last {
			return ""
		}
		values := url.Values{}
		for name, given := range q.rest {
			values[name] = given
		}
		values.Set(pageNumber, strconv.Itoa(number))
		return address + "?" + values.Encode()
	}
	return &pageLinks{First: to(1), Last: to(last), Prev: to(min(q.number-1, last)), Next: to(q.number + 1)}
}
