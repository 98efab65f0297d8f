package djaoapp

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

const (
	defaultPageSize = 25
	maxPageSize     = 100
)

// page is one page of a list.
type page[T any] struct {
	Count    int     `json:"count"`                 // of all pages
	Capped   bool    `json:"count_capped,omitzero"` // there are more than count
	Next     *string `json:"next"`                  // URL
	Previous *string `json:"previous"`
	Results  []T     `json:"results"`
}

// column is a field of a list's items that q looks into or o orders by.
type column[T any] struct {
	name    string
	value   func(*T) string
	search  bool
	ordered bool
}

var profileColumns = []column[organizationDetail]{
	{"slug", func(p *organizationDetail) string { return p.Slug }, true, false},
	{"full_name", func(p *organizationDetail) string { return p.FullName }, true, true},
	{"email", func(p *organizationDetail) string { return p.Email }, true, false},
	{"phone", func(p *organizationDetail) string { return p.Phone }, true, false},
	{"street_address", func(p *organizationDetail) string { return p.StreetAddress }, true, false},
	{"locality", func(p *organizationDetail) string { return p.Locality }, true, false},
	{"region", func(p *organizationDetail) string { return p.Region }, true, false},
	{"postal_code", func(p *organizationDetail) string { return p.PostalCode }, true, false},
	{"country", func(p *organizationDetail) string { return p.Country }, true, false},
	{"created_at", func(p *organizationDetail) string { return sortable(p.CreatedAt) }, false, true},
}

var subscriptionColumns = []column[subscription]{
	{"slug", func(s *subscription) string { return s.Profile.Slug }, true, false},
	{"full_name", func(s *subscription) string { return s.Profile.PrintableName }, true, true},
	{"plan", func(s *subscription) string { return s.Plan.Title }, true, true},
	{"plan_slug", func(s *subscription) string { return s.Plan.Slug }, true, false},
	{"created_at", func(s *subscription) string { return sortable(s.CreatedAt) }, false, true},
	{"ends_at", func(s *subscription) string { return sortable(s.EndsAt) }, false, true},
}

// sortable is a time in the form that orders as text: "Z" comes after ".".
func sortable(at string) string { return strings.TrimSuffix(at, "Z") }

// writePage answers with a page of a list: searched by q (within q_f), ordered
// by o, cut by page and page_size.
func writePage[T any](w http.ResponseWriter, r *http.Request, c *face.Call, all []T, columns []column[T]) error {
	out, err := pageOf(r, c, all, columns)
	if err != nil {
		return err
	}
	return write(w, http.StatusOK, out)
}

// writeBounded answers like writePage with a list that ends where no more is
// looked at; wire gives the form of an item.
func writeBounded[S, T any](w http.ResponseWriter, r *http.Request, c *face.Call, items []S, capped bool, columns []column[T], wire func(*S) T) error {
	all := make([]T, len(items))
	for i := range items {
		all[i] = wire(&items[i])
	}
	out, err := pageOf(r, c, all, columns)
	if err != nil {
		return err
	}
	out.Capped = capped
	return write(w, http.StatusOK, out)
}

func pageOf[T any](r *http.Request, c *face.Call, all []T, columns []column[T]) (page[T], error) {
	query := r.URL.Query()
	all = search(all, columns, query)
	order(all, columns, query)

	size := pageSize(query)
	last := max(1, (len(all)+size-1)/size)
	number := 1
	switch at := query.Get("page"); {
	case at == "last":
		number = last
	case query.Has("page"):
		n, err := strconv.Atoi(at)
		if err != nil || n < 1 || n > last {
			return page[T]{}, invalidPage()
		}
		number = n
	}
	out := page[T]{Count: len(all), Results: all[min((number-1)*size, len(all)):min(number*size, len(all))]}
	if number < last {
		out.Next = pageLink(r, c, query, number+1)
	}
	if number > 1 {
		out.Previous = pageLink(r, c, query, number-1)
	}
	return out, nil
}

func pageSize(query url.Values) int {
	if n, err := strconv.Atoi(query.Get("page_size")); err == nil && n >= 1 {
		return min(n, maxPageSize)
	}
	return defaultPageSize
}

// pageLink is the address of another page; that of the first names no page.
func pageLink(r *http.Request, c *face.Call, query url.Values, number int) *string {
	return placeLink(r, c, query, number, "", "")
}

// placeLink is the address of another page, with the place that it follows
// ("after") or comes before ("before").
func placeLink(r *http.Request, c *face.Call, query url.Values, number int, param, place string) *string {
	for _, other := range []string{"page", "after", "before"} {
		query.Del(other)
	}
	if number > 1 {
		query.Set("page", strconv.Itoa(number))
		if place != "" {
			query.Set(param, place)
		}
	}
	link := publicBase(c) + r.URL.EscapedPath()
	if encoded := query.Encode(); encoded != "" {
		link += "?" + encoded
	}
	return &link
}

// asked is the part of a long list that a request asks for. Such a list is not
// read whole: the links to its pages carry a place beside the page number, so
// that a page that is followed costs the same at any depth.
type asked struct {
	directory.Window
	page int // its number; 0: the last
}

// maxPage bounds the numbers of pages, which without a place cost what comes
// before them.
const maxPage = 1_000_000

// readWindow reads what part of a long list is asked for: page and page_size,
// and in followed links after or before.
func readWindow(r *http.Request) (asked, error) {
	query := r.URL.Query()
	a := asked{Window: directory.Window{Max: pageSize(query)}, page: 1}
	if at := query.Get("page"); at == "last" {
		a.Last, a.page = true, 0
		return a, nil
	} else if query.Has("page") {
		n, err := strconv.Atoi(at)
		if err != nil || n < 1 || n > maxPage {
			return a, invalidPage()
		}
		a.page = n
	}
	a.After = query.Get("after")
	if a.After == "" {
		a.Before = query.Get("before")
	}
	if a.After == "" && a.Before == "" {
		a.Skip = (a.page - 1) * a.Max
	}
	return a, nil
}

// windowPage makes the page of a part of a long list; wire gives the form of an
// item.
func windowPage[S, T any](r *http.Request, c *face.Call, a asked, part directory.Part[S], total directory.Total, wire func(*S) T) (page[T], error) {
	if len(part.Items) == 0 && a.Skip > 0 {
		return page[T]{}, invalidPage()
	}
	if a.page == 0 {
		a.page = max(1, (int(total.Count)+a.Max-1)/a.Max)
	}
	out := page[T]{Count: int(total.Count), Capped: total.Capped, Results: make([]T, len(part.Items))}
	for i := range part.Items {
		out.Results[i] = wire(&part.Items[i])
	}
	if query := r.URL.Query(); part.Next != "" {
		out.Next = placeLink(r, c, query, a.page+1, "after", part.Next)
	}
	if query := r.URL.Query(); part.Previous != "" {
		out.Previous = placeLink(r, c, query, a.page-1, "before", part.Previous)
	}
	return out, nil
}

// readListQuery reads what part of a list is asked for: start_at and ends_at, q,
// o and the page. forth is the o that says the order it has, back the one that
// turns it round; any other takes the list whole.
func readListQuery(r *http.Request, forth, back string) (a asked, q directory.ListQuery, err error) {
	if a, err = readWindow(r); err != nil {
		return a, q, err
	}
	span, err := period(r)
	if err != nil {
		return a, q, err
	}
	query := r.URL.Query()
	by := strings.Join(query["o"], ",")
	q = directory.ListQuery{From: span.Start, Until: span.End, Window: a.Window, Reverse: by != "" && by == back}
	q.Whole = len(splitTerms(query.Get("q"))) > 0 || by != "" && by != forth && by != back
	return a, q, nil
}

// writeList answers with a page of a list. One that is there whole is searched
// and ordered here, like all short ones.
func writeList[S, T any](w http.ResponseWriter, r *http.Request, c *face.Call, a asked, list *directory.List[S], columns []column[T], wire func(*S) T) error {
	if list.Whole {
		return writeBounded(w, r, c, list.Items, list.Capped, columns, wire)
	}
	out, err := windowPage(r, c, a, list.Part, list.Total, wire)
	if err != nil {
		return err
	}
	return write(w, http.StatusOK, out)
}

func invalidPage() error {
	return refuse(profile.NotFound, profile.CodeNotFound, http.StatusNotFound, detail("Invalid page."))
}

// search keeps the items that contain one of the terms of q. Terms are parted
// by commas; quotes keep a comma in.
func search[T any](all []T, columns []column[T], query url.Values) []T {
	terms := splitTerms(query.Get("q"))
	if len(terms) == 0 {
		return all
	}
	columns = searched(columns, query["q_f"])
	return slices.DeleteFunc(all, func(item T) bool { return !contains(&item, columns, terms) })
}

// searched gives the columns that q looks into: those that q_f names, or all
// when it names none of them.
func searched[T any](columns []column[T], names []string) []column[T] {
	var all, named []column[T]
	only := splitNames(names)
	for _, c := range columns {
		if c.search {
			all = append(all, c)
			if slices.Contains(only, c.name) {
				named = append(named, c)
			}
		}
	}
	if len(named) > 0 {
		return named
	}
	return all
}

// splitNames lists the names of a parameter that takes many, by commas or again
// and again.
func splitNames(lists []string) []string {
	var out []string
	for _, list := range lists {
		for name := range strings.SplitSeq(list, ",") {
			out = append(out, strings.TrimSpace(name))
		}
	}
	return out
}

// contains reports whether one of the columns of an item has one of the terms.
func contains[T any](item *T, columns []column[T], terms []string) bool {
	return slices.ContainsFunc(columns, func(c column[T]) bool {
		value := profile.Fold(c.value(item))
		return slices.ContainsFunc(terms, func(term string) bool { return strings.Contains(value, term) })
	})
}

// splitTerms gives the folded terms of a search, without empty ones.
func splitTerms(q string) []string {
	var out []string
	quoted, start := false, 0
	for i := 0; i <= len(q); i++ {
		if i < len(q) {
			if q[i] == '"' {
				quoted = !quoted
			}
			if q[i] != ',' || quoted {
				continue
			}
		}
		if term := profile.Fold(strings.ReplaceAll(q[start:i], `"`, "")); term != "" {
			out = append(out, term)
		}
		start = i + 1
	}
	return out
}

// order sorts by the fields of o, "-" before one for descending; fields that
// nothing is ordered by are passed over.
func order[T any](all []T, columns []column[T], query url.Values) {
	type key struct {
		value func(*T) string
		sign  int
	}
	var keys []key
	for _, name := range splitNames(query["o"]) {
		name, down := strings.CutPrefix(name, "-")
		i := slices.IndexFunc(columns, func(c column[T]) bool { return c.ordered && c.name == name })
		if i < 0 {
			continue
		}
		sign := 1
		if down {
			sign = -1
		}
		keys = append(keys, key{columns[i].value, sign})
	}
	if len(keys) == 0 {
		return
	}
	slices.SortStableFunc(all, func(a, b T) int {
		for _, k := range keys {
			if c := cmp.Compare(profile.Fold(k.value(&a)), profile.Fold(k.value(&b))); c != 0 {
				return k.sign * c
			}
		}
		return 0
	})
}
